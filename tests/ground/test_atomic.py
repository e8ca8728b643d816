"""A file is there as a whole or not at all."""

from __future__ import annotations

import gc
import io
import os
import re
import stat
import threading
from pathlib import Path

import pandas as pd
import pytest

import gidx
from gidx.ground import atomic
from gidx.ground.atomic import replacing


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_target_is_untouched_until_all_is_written(tmp_path):
    path = tmp_path / "a.bb"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.bb"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("there", [True, False])
def test_after_a_failure_the_folder_is_as_it_was(tmp_path, error, there):
    path = tmp_path / "a.bb"
    if there:
        path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as file:  # noqa: PT012
        file.write(b"new")
        raise error
    assert os.listdir(tmp_path) == (["a.bb"] if there else [])
    assert not there or path.read_bytes() == b"old"


def test_a_closed_file_can_be_handed_back(tmp_path):
    with replacing(tmp_path / "a") as file:
        file.write(b"new")
        file.close()
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_file_can_be_sought(tmp_path):
    with replacing(tmp_path / "a") as file:
        file.write(b"..cd")
        file.seek(0)
        file.write(b"ab")
    assert (tmp_path / "a").read_bytes() == b"abcd"


def test_a_new_file_gets_the_permissions_that_open_gives(tmp_path):
    with open(tmp_path / "b", "wb"):
        pass
    with replacing(tmp_path / "a"):
        pass
    assert mode(tmp_path / "a") == mode(tmp_path / "b")


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with replacing(path) as file:
        file.write(b"new")
    assert mode(path) == 0o640


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_write_protected_file_is_not_replaced(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o440)
    with pytest.raises(PermissionError), replacing(path):
        raise AssertionError
    assert path.read_bytes() == b"old"


def test_a_link_stays_a_link(tmp_path):
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_bytes(b"old")
    link.symlink_to(path)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_name_of_full_length_has_room_for_the_temporary_file(tmp_path):
    path = tmp_path / ("a" * 255)
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_an_error_names_the_target(tmp_path):
    path = tmp_path / "nowhere" / "a.bb"
    with pytest.raises(FileNotFoundError) as error, replacing(path):
        raise AssertionError
    assert error.value.filename == str(path)
    with pytest.raises(IsADirectoryError), replacing(tmp_path):
        raise AssertionError


def test_an_open_file_is_used_as_it_is_and_left_open():
    file = io.BytesIO()
    with replacing(file) as same:
        assert same is file
    assert not file.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_written_to_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    with replacing(path) as file:
        file.write(b"new")
    reader.join()
    assert read == [b"new"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def litter(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.startswith("."))


@pytest.mark.skipif(os.name != "posix", reason="flock is POSIX")
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path):
    left = tmp_path / f".a.bb.{'0' * 16}.part"
    other = tmp_path / f".b.bb.{'0' * 16}.part"
    for path in (left, other):
        path.write_bytes(b"half")
    with replacing(tmp_path / "a.bb"):
        assert not left.exists()
    assert litter(tmp_path) == [other.name]


@pytest.mark.skipif(os.name != "posix", reason="flock is POSIX")
def test_what_is_being_written_stays(tmp_path):
    path = tmp_path / "a.bb"
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="flock is POSIX")
def test_files_take_their_places_one_writer_after_the_other(tmp_path):
    path = str(tmp_path / "a")
    order = []

    def other():
        with atomic.alone(path):
            order.append("other")

    thread = threading.Thread(target=other)
    with atomic.alone(path), atomic.alone(path):  # who has the lock has it
        thread.start()
        thread.join(0.05)
        order.append("own")
    thread.join()
    assert order == ["own", "other"]
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_a_new_file_may_be_given_its_permissions(tmp_path):
    with replacing(tmp_path / "a", 0o600):
        pass
    assert mode(tmp_path / "a") == 0o600


LONG = pd.DataFrame({"chrom": "c1", "start": range(9000), "end": range(1, 9001),
                     "name": [f"{i * 7919 % 100003}" for i in range(9000)]})  # fmt: skip
WRITERS = {
    "x.bed": gidx.write_bed,
    "x.bed.gz": gidx.write_bed,
    "x.tsv.gz": gidx.write_tabix,
    "x.bb": lambda rows, path: gidx.write_bigbed(rows, path, {"c1": 9000}),
    "x.bw": lambda rows, path: gidx.write_bigwig(rows.assign(value=rows["start"] % 97).drop(
        columns="name"), path, {"c1": 9000}),
    "x.parquet": gidx.to_parquet,
}  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX")
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_says_for_which_file_and_leaves_all_as_it_was(tmp_path, name):
    import resource

    path = tmp_path / name
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
    try:
        with pytest.raises(OSError, match=f"File too large: '{re.escape(str(path))}'"):
            WRITERS[name](LONG, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [name]


def test_what_was_written_reaches_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    seen = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (seen.append("sync"), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (seen.append("replace"), replace(a, b)))
    with replacing(tmp_path / "a") as file:
        file.write(b"new")
    assert seen[:2] == ["sync", "replace"]
    assert os.name != "posix" or seen == ["sync", "replace", "sync"]


@pytest.mark.parametrize("length", [10, 31, 32, 33, 200])
def test_a_file_and_its_index_are_written_whatever_their_names_are(tmp_path, length):
    """A lock's name has the begin of a file's, so that a long one shares it with its index."""
    path = tmp_path / f"{'n' * length}.bed.gz"
    gidx.write_bed({"chrom": ["a"], "start": [1], "end": [2]}, path)
    gidx.build_index(path)
    assert gidx.open(path).count_rows("a") == 1
    assert {p.name for p in tmp_path.iterdir()} == {path.name, f"{path.name}.tbi"}


@pytest.mark.skipif(os.name != "posix", reason="flock is POSIX")
@pytest.mark.parametrize("at", ["before it is locked", "after"])
def test_a_new_file_that_another_writer_takes_for_left_over_is_made_again(
    tmp_path, monkeypatch, at
):
    """Between its making and its lock it looks like one; what was open of it is closed."""
    held, taken = atomic.held, []

    def other(name, **how):
        if taken:
            return held(name, **how)
        taken.append(name)
        if at == "after":
            lock = held(name)
        os.unlink(name)
        return lock if at == "after" else held(name, **how)

    monkeypatch.setattr(atomic, "held", other)
    with replacing(tmp_path / "a") as file:
        file.write(b"whole")
    gc.collect()  # a file that nobody closed warns then, which is an error
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="flock is POSIX")
def test_a_new_file_is_not_lost_to_who_is_about_to_remove_it(tmp_path, monkeypatch):
    """Once it was written on without a lock, and was gone when it should take its place."""
    import fcntl

    held, taken = atomic.held, []

    def other(name, **how):
        if not taken:
            handle = os.open(name, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)

            def remove():
                os.unlink(name)
                os.close(handle)

            taken.append(threading.Timer(0.05, remove))
            taken[0].start()
        return held(name, **how)

    monkeypatch.setattr(atomic, "held", other)
    with replacing(tmp_path / "a") as file:
        taken[0].join()
        file.write(b"whole")
    gc.collect()
    assert (tmp_path / "a").read_bytes() == b"whole"
    assert litter(tmp_path) == []
