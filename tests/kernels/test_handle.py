"""An open file's number has one owner, which closes it without Python."""

from __future__ import annotations

import gc
import os

import pytest

from gidx.kernels.handle import Handle


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@pytest.fixture
def number(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    return os.open(tmp_path / "a", os.O_RDONLY)


def test_a_file_is_closed_once(number):
    handle = Handle(number)
    assert (handle.number, is_open(number)) == (number, True)
    handle.close()
    assert (handle.number, is_open(number)) == (-1, False)
    other = os.dup(2)  # which has the number of the file that was closed
    try:
        handle.close()
        del handle
        gc.collect()
        assert is_open(other)
    finally:
        os.close(other)


def test_a_file_is_closed_with_the_last_who_holds_it(number):
    handle = Handle(number)
    same = handle
    del handle
    assert is_open(number)
    del same
    gc.collect()
    assert not is_open(number)
