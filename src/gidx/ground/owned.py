"""Open files that are closed with the last who holds them, by C alone.

Where Python runs to close one (`weakref.finalize`, ``__del__``), an interrupt that comes
meanwhile is ignored; and a file that Python closes by itself warns of it. Here the number belongs
to a `Handle`, which the file's buffer holds: it writes out what it has, and then the number goes.
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import BinaryIO, cast

from gidx.kernels.handle import Handle


class _Reader(io.BufferedReader):
    handle: Handle


class _Random(io.BufferedRandom):
    handle: Handle


def temporary() -> BinaryIO:
    """A temporary file without a name, to write and to read.

    >>> file = temporary()
    >>> _ = file.write(b"abc"), file.seek(0)
    >>> file.read()
    b'abc'
    """
    with tempfile.TemporaryFile(buffering=0) as file:
        handle = Handle(os.dup(file.fileno()))
    made = _Random(io.FileIO(handle.number, "r+b", closefd=False))
    made.handle = handle
    return cast(BinaryIO, made)


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """A file to read."""
    handle = Handle(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
    made = _Reader(io.FileIO(handle.number, "rb", closefd=False))
    made.handle = handle
    return cast(BinaryIO, made)
