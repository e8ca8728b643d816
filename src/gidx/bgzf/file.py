"""What a BGZF file to read and one to write have in common as Python's files."""

from __future__ import annotations

import io
from typing import NoReturn


class BgzfFile(io.BufferedIOBase):
    """An open BGZF file that says which it is."""

    name: str

    def __repr__(self) -> str:
        """Which file, and whether it is closed."""
        state = "closed " if self.closed else ""
        return f"<{state}{type(self).__name__} {self.name!r}>"

    def __getstate__(self) -> NoReturn:
        """A place in an open file is no data."""
        raise TypeError(f"cannot pickle {self!r}, an open file; open its path where it is needed")
