"""A BGZF file and its GZI: of one moment, and not trusted further than they agree."""

import os
import struct

import numpy as np
import pytest

import gidx
from gidx.bgzf import GziIndex
from gidx.errors import ChangedError, FormatError

DATA = b"".join(b"line %d\n" % i for i in range(30_000))


def write(path, data=DATA, **options):
    with gidx.bgzf.open(path, "w", **options) as file:
        file.write(data)


def with_size(path, block, size):
    """The file, a block of which says that its data has another size."""
    table = gidx.bgzf.blocks(path)
    end = table["block_start"][block].as_py() + table["block_size"][block].as_py()
    whole = path.read_bytes()
    return whole[: end - 4] + struct.pack("<I", size) + whole[end:]


def test_a_block_that_lies_about_its_size_is_found_by_who_seeks_past_it(tmp_path):
    path = tmp_path / "a.gz"
    write(path)
    damaged = with_size(path, 1, 60_000)
    with pytest.raises(FormatError, match="incorrect length check"):
        GziIndex.build(damaged)
    with (
        gidx.bgzf.open(damaged) as file,
        pytest.raises(FormatError, match="incorrect length check"),
    ):
        file.seek_uncompressed(200_000)


def test_by_a_gzi_of_few_blocks_sizes_are_not_trusted_either(tmp_path):
    path = tmp_path / "a.gz"
    write(path)
    few = GziIndex(np.empty(0, "u8"), np.empty(0, "u8"))
    with gidx.bgzf.open(path, gzi=few) as file:
        file.seek_uncompressed(200_000)
        assert file.read(20) == DATA[200_000:200_020]
    with (
        gidx.bgzf.open(with_size(path, 1, 60_000), gzi=few) as file,
        pytest.raises(FormatError, match="incorrect length check"),
    ):
        file.seek_uncompressed(200_000)


def test_a_gzi_that_disagrees_with_a_block_is_an_error(tmp_path):
    path = tmp_path / "a.gz"
    write(path)
    right = GziIndex.build(path)
    wrong = right.uncompressed.copy()
    wrong[1] += 1
    with (
        gidx.bgzf.open(path, gzi=GziIndex(right.compressed, wrong)) as file,
        pytest.raises(FormatError, match="the GZI is of another file, or damaged"),
    ):
        file.seek_uncompressed(70_000)


def test_past_the_end_by_a_damaged_gzi_is_damage(tmp_path):
    """A last entry that is too small has the data end before they do."""
    path = tmp_path / "a.gz"
    write(path)
    right = GziIndex.build(path)
    wrong = right.uncompressed.copy()
    wrong[-1] -= 5000
    for gzi, found in (
        (GziIndex(right.compressed, wrong), pytest.raises(FormatError, match="or damaged")),
        (right, pytest.raises(ValueError, match=f"past the end of the data, {len(DATA)}$")),
    ):
        with gidx.bgzf.open(path, gzi=gzi) as file, found:
            file.seek_uncompressed(len(DATA) + 1)


def test_at_no_moment_is_a_gzi_beside_other_data(tmp_path, monkeypatch):
    path, gzi = tmp_path / "a.gz", tmp_path / "a.gz.gzi"
    write(path, gzi=True)
    real = {name: getattr(os, name) for name in ("rename", "replace", "unlink")}
    found = []

    def watched(name):
        def call(*paths):
            real[name](*paths)
            if gzi.exists():
                assert GziIndex.read(gzi) == GziIndex.build(path)
            found.append(gzi.exists())

        return call

    for name in real:
        monkeypatch.setattr(os, name, watched(name))
    write(path, DATA[::-1], level=0, gzi=True)
    assert len(set(found)) == 2
    assert GziIndex.read(gzi) == GziIndex.build(path)
    write(path)  # without one: the old one goes
    assert not gzi.exists()


@pytest.mark.parametrize("step", range(1, 4))
def test_whatever_step_fails_data_and_gzi_are_as_they_were(tmp_path, monkeypatch, step):
    path = tmp_path / "a.gz"
    write(path, gzi=True)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    real, count = os.replace, 0

    def failing(*paths):
        nonlocal count
        count += 1
        if count == step:
            raise OSError("no more")
        real(*paths)

    monkeypatch.setattr(os, "replace", failing)
    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no more"):
        write(path, DATA[::-1], gzi=True)
    monkeypatch.undo()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_file_that_is_written_anew_while_it_is_read_says_so(tmp_path):
    path = tmp_path / "a.gz"
    write(path, gzi=True)
    with gidx.bgzf.open(path) as file:
        assert file.read(6) == b"line 0"
        write(path, DATA[::-1], gzi=True)
        with pytest.raises(ChangedError, match="written anew while they were opened"):
            file.seek_uncompressed(70_000)


def test_a_gzi_may_be_an_open_file(tmp_path):
    with open(tmp_path / "x", "wb") as gzi:
        write(tmp_path / "a.gz", gzi=gzi)
    assert GziIndex.read(tmp_path / "x") == GziIndex.build(tmp_path / "a.gz")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_gzi_may_be_read_by_whom_its_file_may(tmp_path):
    path = tmp_path / "a.gz"
    write(path)
    path.chmod(0o600)
    write(path, gzi=True)
    assert (tmp_path / "a.gz.gzi").stat().st_mode & 0o777 == 0o600
