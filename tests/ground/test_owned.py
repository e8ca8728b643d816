"""Files that are closed with the last who holds them, by C alone."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable

import pytest

from gidx.ground.block_cache import KeptBlocks
from gidx.ground.owned import opened, temporary
from gidx.ground.source import FileSource


class Pipe(io.RawIOBase):
    """A stream that cannot be sought in."""

    def __init__(self) -> None:
        self._left = io.BytesIO(b"abc" * 100)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer):
        return self._left.readinto(buffer)


def kept_blocks(path):
    blocks = KeptBlocks(1 << 20)
    blocks.write(3, b"x" * 1000)
    return blocks, blocks._file.fileno()


def stream(path):
    source = FileSource(Pipe())
    return source, source._file.fileno()


def unwritten(path):
    file = temporary()
    file.write(b"abc")
    return file, file.fileno()


def read(path):
    path.write_bytes(b"abc")
    file = opened(path)
    assert file.read() == b"abc"
    return file, file.fileno()


@pytest.mark.parametrize("made", [kept_blocks, stream, unwritten, read])
def test_no_python_runs_to_close_a_file(tmp_path, made: Callable):
    """While it did, an interrupt was ignored."""
    held, number = made(tmp_path / "a")
    assert os.fstat(number)
    called: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        sys.setprofile(lambda frame, event, _: called.append(f"{event} {frame.f_code.co_name}"))
        try:
            del held
        finally:
            sys.setprofile(None)
    assert not warned
    assert not [call for call in called if call.startswith("call ")]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_what_was_written_is_there_before_the_number_goes(tmp_path):
    file = temporary()
    other = os.dup(file.fileno())
    try:
        file.write(b"abc")
        del file
        assert os.pread(other, 10, 0) == b"abc"
    finally:
        os.close(other)
