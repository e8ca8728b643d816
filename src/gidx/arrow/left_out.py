"""Rows that a writer is told to leave out: an error about another has its number in the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from gidx.errors import WriteError


class LeftOut:
    """The numbers of rows that were left out of a stream, as it went by.

    >>> left = LeftOut()
    >>> left.see(np.array([True, False, True, False]))
    >>> left.number(0), left.number(1), left.number(2)
    (1, 3, 4)
    """

    def __init__(self) -> None:
        self._seen = 0
        self._rows: list[npt.NDArray[np.int64]] = []

    def see(self, out: npt.NDArray[np.bool_]) -> None:
        """The next rows, and which of them are left out."""
        self._rows.append(self._seen + np.flatnonzero(out))
        self._seen += len(out)

    def number(self, row: int) -> int:
        """The number in the data of a row that was left in."""
        out = np.concatenate([*self._rows, np.empty(0, np.int64)])
        return row + int(np.searchsorted(out - np.arange(len(out)), row, "right"))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Errors about rows that were left in, with their numbers in the data."""
        try:
            yield
        except WriteError as error:
            row = getattr(error, "row", None)  # of what is wrong with all rows, none
            number = row if row is None else self.number(row)
            if number == row:
                raise
            text = re.sub(rf"\brow {row}\b", f"row {number}", str(error), count=1)
            raise WriteError(text, row=number) from None
