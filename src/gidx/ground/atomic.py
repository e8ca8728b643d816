"""Writing a file so that it is there as a whole or not at all.

The bytes go to a new file in the same folder, which takes the target's place in
one step (`os.replace`) once all is written. Left out: fsync, so a power cut may
still lose what was just written.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str] | BinaryIO) -> Iterator[BinaryIO]:
    """A file to write ``path`` anew with; after any failure ``path`` is as it was.

    Permissions become what ``open(path, "wb")`` would leave: those of the file that
    is replaced, or of a new one under the umask. A link stays and its target is
    replaced. What cannot be replaced is written to directly: an open binary file
    (left open), a device, a pipe. ``~`` is the user's folder.
    """
    if not isinstance(path, str | os.PathLike):
        yield path
        return
    target = os.path.realpath(os.path.expanduser(path))
    mode = _mode(target)
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:
            yield file
        return
    if mode is not None:
        os.close(os.open(target, os.O_WRONLY))  # a write-protected file is not replaced either
    folder, name = os.path.split(target)
    # a name is at most 255 bytes, and the target's own may have all of them
    temporary = os.path.join(folder, f".{name[:32]}.{secrets.token_hex(8)}.part")
    try:
        with _create(temporary, path) as file:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            yield file
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(path: str) -> int | None:
    """A file's mode; None where there is no file."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _create(temporary: str, path: str | os.PathLike[str]) -> BinaryIO:
    try:
        return open(temporary, "xb")
    except OSError as error:  # it is the target that the user knows
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
