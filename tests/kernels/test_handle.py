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


@pytest.mark.skipif(os.name == "nt", reason="Windows' files are looked at by Python")
def test_a_file_is_known_to_hold_what_it_did(tmp_path, number):
    handle = Handle(number)
    status = os.fstat(number)
    size, modified = status.st_size, status.st_mtime_ns
    assert handle.holds(size, modified)
    assert not handle.holds(size + 1, modified)
    assert not handle.holds(size, modified + 1)
    os.utime(tmp_path / "a", ns=(modified, modified + 1))
    assert not handle.holds(size, modified)
    assert handle.holds(size, modified + 1)
    handle.close()
    assert not handle.holds(size, modified + 1)
