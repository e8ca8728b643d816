"""BGZF files as file objects, read and written, and whole files compressed."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pysam
import pytest
from Bio import bgzf as bio
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx.bgzf
from gidx.bgzf import BgzfReader, BgzfWriter, GziIndex, make_virtual_offset, read
from gidx.bgzf.block import EOF, MAX_DATA, deflate_block
from gidx.bgzf.compress import compress, decompress
from gidx.bgzf.stream import BlockWriter
from gidx.errors import FormatError, GidxWarning
from gidx.ground import pool


def bed(rows, seed=0):
    """Lines of a BED file."""
    starts = np.random.default_rng(seed).integers(0, 2**28, rows)
    starts.sort()
    return b"".join(b"chr1\t%d\t%d\tgene%d\n" % (s, s + 99, i) for i, s in enumerate(starts))


def packed(data, **options):
    file = io.BytesIO()
    with gidx.bgzf.open(file, "w", **options) as f:
        f.write(data)
    return file.getvalue()


TEXT = bed(60_000)  # 1.9 MB, 29 blocks
PACKED = packed(TEXT)
SHORT = TEXT[:200_000]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.bed.gz"
    path.write_bytes(PACKED)
    return path


# ── read and written ────────────────────────────────────────────────────────────────────────────


sizes = st.one_of(st.integers(0, 300), st.integers(60_000, 140_000), st.just(MAX_DATA))


@settings(max_examples=25)
@given(st.lists(sizes, max_size=6), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_what_is_written_is_read_however_it_is_cut(chunks, threads, reading, flushed):
    file = io.BytesIO()
    expected = TEXT[: sum(chunks)]
    at = 0
    with gidx.bgzf.open(file, "w", threads=threads, level=1) as f:
        for size in chunks:
            assert f.write(memoryview(TEXT)[at : at + size]) == size
            at += size
            if flushed:
                f.flush()
    assert not file.closed
    assert gzip.decompress(file.getvalue()) == expected
    assert gidx.bgzf.open(file.getvalue(), threads=reading).read() == expected


def test_the_file_is_the_same_for_any_threads_and_chunks():
    for threads, step in ((1, 10_007), (2, len(TEXT)), (2, 65_280), (5, 300_000)):
        file = io.BytesIO()
        with gidx.bgzf.open(file, "w", threads=threads) as f:
            for at in range(0, len(TEXT), step):
                f.write(TEXT[at : at + step])
        assert file.getvalue() == PACKED


def test_blocks_are_cut_as_bgzip_cuts_them(path, tmp_path):
    (tmp_path / "b.bed").write_bytes(TEXT)
    pysam.tabix_compress(str(tmp_path / "b.bed"), str(tmp_path / "b.bed.gz"))
    ours, theirs = gidx.bgzf.blocks(path), gidx.bgzf.blocks(tmp_path / "b.bed.gz")
    assert ours["data_size"] == theirs["data_size"]


@pytest.mark.parametrize(
    "data", [bytearray(b"abc"), memoryview(b"abc"), np.frombuffer(b"abc", "u1"),
             np.array([[1, 2], [3, 4]], "<u2"), np.empty((0, 3)), b""]
)  # fmt: skip
def test_anything_with_bytes_is_written(data):
    file = io.BytesIO()
    with gidx.bgzf.open(file, "w") as f:
        assert f.write(data) == memoryview(data).nbytes
    assert gidx.bgzf.open(file.getvalue()).read() == bytes(data)


def test_text_is_not_written():
    with gidx.bgzf.open(io.BytesIO(), "w") as f, pytest.raises(TypeError, match="bytes-like"):
        f.write("abc")


def test_what_was_written_does_not_change_with_its_buffer():
    file, data = io.BytesIO(), bytearray(b"a" * 3_000_000)
    with gidx.bgzf.open(file, "w", threads=2) as f:
        f.write(data)
        data[:] = b"b" * len(data)
    assert set(gzip.decompress(file.getvalue())) == {ord("a")}


# ── others read what we write, we read what they write ──────────────────────────────────────────


def test_others_read_what_we_write(path):
    assert gzip.decompress(path.read_bytes()) == TEXT
    with bio.BgzfReader(str(path), "rb") as f:
        assert f.read(len(TEXT) + 1) == TEXT
    with pysam.BGZFile(str(path)) as f:
        assert f.read(len(TEXT) + 1) == TEXT


@pytest.mark.parametrize("program", ["bgzip", "gunzip"])
def test_programs_find_it_whole(path, program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, "-t", path], capture_output=True, check=True)
    assert done.stderr == b""


def test_we_read_what_others_write(tmp_path):
    path = tmp_path / "a.gz"
    with pysam.BGZFile(str(path), "wb") as f:
        f.write(TEXT)
    assert gidx.bgzf.open(path).read() == TEXT
    with bio.BgzfWriter(str(path), "wb") as f:
        f.write(TEXT)
    assert gidx.bgzf.open(path).read() == TEXT


def test_positions_are_those_of_biopython_and_pysam(path):
    with bio.BgzfReader(str(path), "rb") as a, pysam.BGZFile(str(path)) as b, BgzfReader(path) as f:
        for _ in range(9000):
            line = f.readline()
            assert line == a.readline() == b.readline() + b"\n"
            assert f.tell() == a.tell() == b.tell()


def test_the_example_of_biopythons_documentation(corpus):
    with gidx.bgzf.open(corpus / "bgzf" / "NC_000932.gb.bgz", "r") as f:
        assert f.tell() == 0
        assert f.readline().startswith(b"LOCUS       NC_000932             154478 bp")
        assert f.tell() == 80
        assert f.readline() == b"DEFINITION  Arabidopsis thaliana chloroplast, complete genome.\n"
        assert f.tell() == 143
        f.read(70000)
        assert f.tell() == 987828735
        assert f.readline().rstrip() == b'f="GeneID:844718"'
        assert (
            f.readline().strip() == b"CDS             complement(join(84337..84771,85454..85843))"
        )
        f.seek(make_virtual_offset(55074, 126))
        assert f.readline().split()[:2] == [b"68521", b"tatgtcattc"]
        assert f.seek_uncompressed(196734) == 196734
        assert f.tell() == 3609329790
        # the end of a block of 65536 bytes, which no virtual offset within it can name
        f.seek(make_virtual_offset(55074, 0))
        f.read(65536)
        assert f.tell() == make_virtual_offset(77304, 0)


# ── a reader is a file ──────────────────────────────────────────────────────────────────────────


datas = st.lists(
    st.one_of(st.binary(max_size=3), st.sampled_from([b"", b"abc\nd", b"e\n"])), max_size=60
)
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["read", "read1", "peek", "readinto", "readline", "seek", "seek_uncompressed"]
        ),
        st.integers(0, 70),
    ),
    max_size=30,
)


@pytest.mark.parametrize("threads", [1, 2])
@given(data=datas, todo=steps)
def test_a_reader_does_what_a_plain_file_does(threads, data, todo):
    """Any blocks, also empty ones in the middle; any order of reading and seeking."""
    plain = io.BufferedReader(io.BytesIO(b"".join(data)))
    f = gidx.bgzf.open(b"".join(map(deflate_block, data)) + EOF, threads=threads)
    places = {0: 0}  # virtual offset: offset
    for verb, n in todo:
        if verb == "seek":
            virtual = list(places)[n % len(places)]
            assert f.seek(virtual) == virtual
            plain.seek(places[virtual])
        elif verb == "seek_uncompressed":
            offset = min(n, len(b"".join(data)))
            assert f.seek_uncompressed(offset) == plain.seek(offset)
        elif verb == "readinto":
            ours, theirs = bytearray(n), bytearray(n)
            assert f.readinto(ours) == plain.readinto(theirs)
            assert ours == theirs
        elif verb == "read1":
            part = f.read1(n)
            assert len(part) <= n
            assert part == plain.read(len(part))
            assert part or n == 0 or plain.read() == b""
        elif verb == "peek":
            part = f.peek()
            at = plain.tell()
            assert part == plain.read(len(part))
            assert part or plain.read() == b""
            plain.seek(at)
        else:
            assert getattr(f, verb)(n or -1) == getattr(plain, verb)(n or -1)
        assert f.tell_uncompressed() == plain.tell()
        places[f.tell()] = plain.tell()
    assert f.read() == plain.read()


def test_lines_are_those_of_a_plain_file(path):
    with gidx.bgzf.open(path) as f:
        assert list(f) == TEXT.splitlines(keepends=True)
    with gidx.bgzf.open(path) as f:
        assert f.readlines() == TEXT.splitlines(keepends=True)


def test_one_may_read_and_seek_while_iterating(path):
    plain = io.BytesIO(TEXT)
    with gidx.bgzf.open(path) as f:
        for i, line in enumerate(f):
            assert line == plain.readline()
            if i % 3 == 0:
                assert f.readline() == plain.readline()
            if i % 1000 == 0:
                assert f.read(70_000) == plain.read(70_000)
            if i % 1500 == 0:
                plain.seek(f.seek_uncompressed(plain.tell() - 100_000 if i else 0))
            if i % 100 == 0:
                assert f.tell_uncompressed() == plain.tell()
                assert next(f) == next(plain)
        assert f.read() == plain.read() == b""


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_positions_lead_back_to_the_same_bytes(path, threads):
    with gidx.bgzf.open(path, threads=threads) as f:
        places = []
        while part := f.read(9973):
            places.append((f.tell(), part))
        begins = [0, *(place for place, _ in places)]
        for begin, (_, part) in reversed(list(zip(begins[:-1], places, strict=True))):
            f.seek(begin)
            assert f.read(len(part)) == part


def test_a_writers_positions_are_a_readers(tmp_path):
    path = tmp_path / "a.gz"
    lines = TEXT.splitlines(keepends=True)[:20_000]
    with gidx.bgzf.open(path, "w", threads=2) as f:
        told = []
        for i, line in enumerate(lines):
            f.write(line)
            if i % 97 == 0:
                told.append((i, f.tell()))
    with gidx.bgzf.open(path) as f:
        place = {i: (f.readline(), f.tell()) for i in range(len(lines))}
    assert [(i, place[i][1]) for i, _ in told] == told


def test_a_seek_inflates_one_block_until_something_is_read(path, monkeypatch):
    inflated = []
    whole = read.inflate_all

    def recording(buf, sizes, at, name):
        inflated.extend(sizes)
        return whole(buf, sizes, at, name)

    monkeypatch.setattr(read, "inflate_all", recording)
    starts = gidx.bgzf.blocks(path)["block_start"].to_pylist()
    f = gidx.bgzf.open(path, threads=2)
    for start in (starts[9], starts[2], starts[20]):
        inflated.clear()
        f.seek(make_virtual_offset(start, 0))
        assert inflated == []
        f.read(1)
        assert len(inflated) == 1
        f.seek(make_virtual_offset(start, 5000))  # at hand
        f.readline()
        assert len(inflated) == 1
    inflated.clear()
    f.seek(make_virtual_offset(starts[2], 7))
    f.read(9)
    assert inflated == []  # kept


def test_whole_files_are_read_in_few_reads(path):
    class Recording(io.BytesIO):
        reads = 0

        def read(self, size=-1):
            self.reads += 1
            return super().read(size)

    file = Recording(path.read_bytes())
    assert gidx.bgzf.open(file, threads=2).read() == TEXT
    assert file.reads < 8  # 12 kB a block, 29 blocks


def test_threads_end_with_their_reader(path):
    f = gidx.bgzf.open(path, threads=3)
    f.read(len(TEXT) // 2)
    f.seek(0)
    assert not pool.under_way()
    f.read(len(TEXT) // 2)
    f.close()
    assert not pool.under_way()


def test_seek_is_by_virtual_offset_only(path):
    f = gidx.bgzf.open(path)
    for whence in (1, 2):
        with pytest.raises(io.UnsupportedOperation, match="virtual offsets cannot be added to"):
            f.seek(0, whence)
    with pytest.raises(ValueError, match="Require 0 <= virtual_offset"):
        f.seek(-1)
    with pytest.raises(TypeError):
        f.seek(1.5)


def test_a_seek_that_fails_stays(path):
    f = gidx.bgzf.open(path)
    f.read(100)
    size = os.path.getsize(path)
    for offset in (65281, make_virtual_offset(5, 5), make_virtual_offset(size + 5, 5)):
        with pytest.raises(FormatError):
            f.seek(offset)
        assert f.tell() == 100
    assert f.read(9) == TEXT[100:109]


def test_past_the_files_end_there_is_no_block(path):
    f, size = gidx.bgzf.open(path), os.path.getsize(path)
    f.seek(make_virtual_offset(size, 0))
    assert f.read() == b""
    f.seek(make_virtual_offset(size + 5, 0))
    with pytest.raises(FormatError, match=f"byte {size + 5}: no block begins here: file ends at"):
        f.read(1)


def test_data_before_a_damaged_block_are_read_and_the_error_says_where(path):
    data = bytearray(path.read_bytes())
    start = gidx.bgzf.blocks(path)["block_start"][13].as_py()
    for at, message in ((start + 1000, "damaged block"), (start, "no block begins here")):
        data[at] ^= 0xFF
        f = gidx.bgzf.open(bytes(data), threads=2)
        assert f.read(13 * MAX_DATA) == TEXT[: 13 * MAX_DATA]
        for _ in range(2):
            with pytest.raises(FormatError, match=f"byte {start}: {message}"):
                f.read(1)
        assert f.tell() == make_virtual_offset(start, 0)


def test_a_cut_file_is_read_up_to_the_cut(path):
    data = path.read_bytes()
    start = gidx.bgzf.blocks(path)["block_start"][20].as_py()
    f = gidx.bgzf.open(data[: start + 4096], threads=2)
    assert f.read(20 * MAX_DATA) == TEXT[: 20 * MAX_DATA]
    with pytest.raises(FormatError, match=f"byte {start}: truncated block: .* file has 4096"):
        f.read()


def test_a_missing_eof_marker_is_said_when_the_end_is_reached():
    f = gidx.bgzf.open(deflate_block(b"abc"))
    assert f.read(3) == b"abc"
    with pytest.warns(GidxWarning, match="the EOF marker is missing") as said:
        assert f.read(1) == b""
    assert said[0].filename == __file__


def test_after_closing_nothing_works(path):
    f = gidx.bgzf.open(path)
    f.readline()
    f.close()
    f.close()
    assert f.closed
    for use in (
        f.read, f.read1, f.readline, f.peek, f.tell, f.readable, f.seekable, f.tell_uncompressed,
        lambda: f.seek(0), lambda: f.seek_uncompressed(0), lambda: f.readinto(bytearray(1)),
        lambda: next(f), f.__enter__, lambda: f.gzi,
    ):  # fmt: skip
        with pytest.raises(ValueError, match="closed file"):
            use()
    w = gidx.bgzf.open(io.BytesIO(), "w")
    w.close()
    for use in (lambda: w.write(b""), w.tell, w.writable, w.__enter__):
        with pytest.raises(ValueError, match="closed file"):
            use()


def test_readers_do_not_write_and_writers_do_not_read(path):
    with gidx.bgzf.open(path) as f:
        assert f.readable()
        assert f.seekable()
        assert not f.writable()
        with pytest.raises(io.UnsupportedOperation):
            f.write(b"abc")
        with pytest.raises(io.UnsupportedOperation):
            f.fileno()
    with gidx.bgzf.open(io.BytesIO(), "w") as f:
        assert f.writable()
        assert not f.readable()
        assert not f.seekable()
        with pytest.raises(io.UnsupportedOperation):
            f.read()


# ── where files are expected ────────────────────────────────────────────────────────────────────


def test_it_works_where_files_are_expected(path, tmp_path):
    lines = TEXT.decode().splitlines()
    with gidx.bgzf.open(path) as f:
        frame = pd.read_csv(f, sep="\t", header=None)
    assert len(frame) == len(lines)
    assert frame[3].iloc[-1] == "gene59999"
    with io.TextIOWrapper(gidx.bgzf.open(path)) as f:
        assert list(csv.reader(f, delimiter="\t")) == [line.split("\t") for line in lines]
    with gidx.bgzf.open(path) as f, open(tmp_path / "b", "wb") as out:
        shutil.copyfileobj(f, out)
    assert (tmp_path / "b").read_bytes() == TEXT
    with io.BufferedReader(gidx.bgzf.open(path)) as f:
        assert f.read() == TEXT
    with io.TextIOWrapper(gidx.bgzf.open(path, "w"), newline="") as f:
        frame.to_csv(f, sep="\t", header=False, index=False)
    assert gidx.bgzf.open(path).read() == TEXT


def test_paths_bytes_urls_and_open_files_are_read(path):
    fsspec = pytest.importorskip("fsspec")
    data = path.read_bytes()
    fsspec.filesystem("memory").pipe("/gidx-bgzf/a.gz", data)
    with open(path, "rb") as file:
        for what in (path, str(path), data, memoryview(data), file, "memory://gidx-bgzf/a.gz"):
            with gidx.bgzf.open(what) as f:
                assert f.read() == TEXT
                assert f.seek_uncompressed(70_000) == 70_000
                assert f.readline() == TEXT[70_000:].partition(b"\n")[0] + b"\n"
        assert not file.closed


# ── uncompressed offsets ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["beside", "given", "path", "bytes", "built"])
def test_uncompressed_offsets_are_those_of_the_data(path, tmp_path, how, monkeypatch):
    gzi = GziIndex.build(path)
    if how in ("beside", "path"):
        gzi.write(f"{path}.gzi")
    if how == "path":
        os.rename(f"{path}.gzi", tmp_path / "i")
    index = {"given": gzi, "path": tmp_path / "i", "bytes": gzi.to_bytes()}.get(how)
    if how != "built":
        monkeypatch.setattr(GziIndex, "build", None)
    with gidx.bgzf.open(path, gzi=index) as f:
        assert f.gzi == gzi
        for offset in (0, 1, 65_279, 65_280, 65_281, 1_000_000, 999_999, len(TEXT) - 1, len(TEXT)):
            assert f.seek_uncompressed(offset) == offset
            assert f.tell_uncompressed() == offset
            place = f.tell()
            assert f.read(70_000) == TEXT[offset : offset + 70_000]
            assert f.tell_uncompressed() == min(offset + 70_000, len(TEXT))
            f.seek(place)
            assert f.tell_uncompressed() == offset


def test_uncompressed_offsets_past_the_end_are_refused(path):
    with gidx.bgzf.open(path) as f:
        for offset in (-1, len(TEXT) + 1, len(TEXT) + 10**6):
            with pytest.raises(ValueError, match="uncompressed offset"):
                f.seek_uncompressed(offset)
        assert f.tell_uncompressed() == 0


def test_the_place_after_a_full_block_of_64_kb_is_told():
    import zlib

    def member(data):  # deflate_block writes no more than 65280 bytes
        c = zlib.compressobj(6, zlib.DEFLATED, -15)
        stream = c.compress(data) + c.flush()
        tail = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
        return EOF[:16] + (len(stream) + 25).to_bytes(2, "little") + stream + tail

    file = member(TEXT[:65536]) + EOF
    f = gidx.bgzf.open(file)
    assert f.read() == TEXT[:65536]
    assert f.tell() == make_virtual_offset(len(file) - 28, 0)
    f.seek(0)
    f.seek_uncompressed(65536)
    assert f.tell() == make_virtual_offset(len(file) - 28, 0)
    assert f.read() == b""


def test_an_index_of_another_file_is_refused(path, tmp_path):
    short = tmp_path / "b.gz"
    with gidx.bgzf.open(short, "w") as f:
        f.write(TEXT[:100_000])
    GziIndex.build(path).write(f"{short}.gzi")
    with gidx.bgzf.open(short) as f, pytest.raises(FormatError, match="GZI is of another file"):
        f.seek_uncompressed(70_000)


def test_an_index_older_than_its_file_warns(path):
    GziIndex.build(path).write(f"{path}.gzi")
    os.utime(f"{path}.gzi", (1, 1))
    with gidx.bgzf.open(path) as f, pytest.warns(GidxWarning, match="older than its file") as said:
        f.seek_uncompressed(70_000)
    assert said[0].filename == __file__


# ── a writer's file ─────────────────────────────────────────────────────────────────────────────


def test_a_path_is_there_as_a_whole_or_as_it_was(tmp_path):
    path = tmp_path / "a.gz"
    for before in (None, b"old"):
        if before:
            path.write_bytes(before)
        with pytest.raises(KeyError), gidx.bgzf.open(path, "w", threads=2, gzi=True) as f:  # noqa: PT012
            f.write(TEXT)
            f.write(TEXT)
            raise KeyError
        assert f.closed
        assert os.listdir(tmp_path) == (["a.gz"] if before else [])
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("options", "error"),
    [({"level": 13}, ValueError), ({"threads": 0}, ValueError), ({"mode": "rt"}, ValueError)],
)
def test_what_cannot_be_opened_leaves_nothing(tmp_path, options, error):
    with pytest.raises(error):
        gidx.bgzf.open(tmp_path / "a.gz", **({"mode": "w"} | options))
    gc.collect()
    assert os.listdir(tmp_path) == []


def test_modes_are_those_of_binary_files(tmp_path):
    path = tmp_path / "a.gz"
    with gidx.bgzf.open(path, "x") as f:
        f.write(b"abc")
    with pytest.raises(FileExistsError):
        gidx.bgzf.open(path, "xb")
    with pytest.raises(ValueError, match=r"mode is 'wt', expected .*TextIOWrapper"):
        gidx.bgzf.open(path, "wt")
    with pytest.raises(ValueError, match="cannot write to a URL"):
        gidx.bgzf.open("memory://a.gz", "w")
    with pytest.raises(ValueError, match="gzi=True writes beside a path"):
        gidx.bgzf.open(io.BytesIO(), "w", gzi=True)
    with pytest.raises(TypeError, match="open as text"):
        gidx.bgzf.open(io.StringIO(), "w")
    assert gidx.bgzf.open(path, "r").read() == b"abc"


@pytest.mark.parametrize("size", [0, 1, MAX_DATA, MAX_DATA + 1, 500_000])
def test_the_gzi_is_written_with_the_file(tmp_path, size):
    path = tmp_path / "a.gz"
    with gidx.bgzf.open(path, "w", gzi=True) as f:
        f.write(TEXT[:size])
    assert sorted(os.listdir(tmp_path)) == ["a.gz", "a.gz.gzi"]
    written = (tmp_path / "a.gz.gzi").read_bytes()
    assert written == GziIndex.build(path).to_bytes()
    if size and shutil.which("bgzip"):
        command = ["bgzip", "-r", "-I", tmp_path / "theirs", path]
        subprocess.run(command, check=True)
        assert written == (tmp_path / "theirs").read_bytes()
    with gidx.bgzf.open(path) as f:  # and is not older than it
        f.seek_uncompressed(size // 2)
        assert f.read() == TEXT[size // 2 : size]


def test_appended_blocks_follow_the_old_eof_marker(tmp_path):
    path = tmp_path / "a.gz"
    with gidx.bgzf.open(path, "a") as f:
        f.write(b"abc")
    with gidx.bgzf.open(path, "a", gzi=True) as f:
        assert f.tell() == make_virtual_offset(path.stat().st_size, 0)
        f.write(b"def")
        place = f.tell()
    assert gzip.decompress(path.read_bytes()) == b"abcdef" == gidx.bgzf.open(path).read()
    assert gidx.bgzf.blocks(path)["data_size"].to_pylist() == [3, 0, 3, 0]
    assert GziIndex.read(f"{path}.gzi") == GziIndex.build(path)
    with gidx.bgzf.open(path) as f:
        f.seek(place - 1)
        assert f.read() == b"f"


def test_a_failed_append_takes_back_what_it_wrote(tmp_path):
    path = tmp_path / "a.gz"
    with gidx.bgzf.open(path, "w") as f:
        f.write(b"abc")
    before = path.read_bytes()
    with pytest.raises(KeyError), gidx.bgzf.open(path, "a") as f:  # noqa: PT012
        f.write(TEXT)
        f.flush()
        assert path.stat().st_size > len(before)
        raise KeyError
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("before", "message"),
    [(deflate_block(b"abc"), "no EOF marker: file may be cut"), (b"text", "not a BGZF file")],
)
def test_nothing_is_appended_to_what_is_no_whole_bgzf_file(tmp_path, before, message):
    path = tmp_path / "a.gz"
    path.write_bytes(before)
    with pytest.raises(FormatError, match=message):
        gidx.bgzf.open(path, "a")
    gc.collect()
    assert path.read_bytes() == before


def test_a_file_that_is_full_fails_and_leaves_nothing(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    f = gidx.bgzf.open(Full(), "w", threads=2)
    f.write(b"abc")
    with pytest.raises(OSError, match="No space"):
        f.close()
    assert f.closed


def test_a_file_that_takes_bytes_one_by_one_gets_all():
    class Slow(io.RawIOBase):
        got = b""

        def writable(self):
            return True

        def write(self, data):
            self.got += bytes(data[:100])
            return min(100, len(data))

    file = Slow()
    with BgzfWriter(file) as f:
        f.write(TEXT[:9999])
    assert gzip.decompress(file.got) == TEXT[:9999]


def test_flush_ends_the_block_and_all_is_in_the_file():
    file = io.BytesIO()
    with gidx.bgzf.open(file, "w") as f:
        f.write(b"abc")
        f.flush()
        assert gzip.decompress(file.getvalue()) == b"abc"
        f.flush()  # and no empty block
        f.writelines([b"d", b"ef"])
    assert gidx.bgzf.blocks(file.getvalue())["data_size"].to_pylist() == [3, 3, 0]


# ── positions of what is written ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("threads", [1, 2])
def test_a_block_writer_knows_where_everything_went(threads):
    file = io.BytesIO()
    data = TEXT * 3
    ends = np.flatnonzero(np.frombuffer(data, "u1") == 10) + 1
    early, settled = [], []
    with BlockWriter(file, threads=threads) as writer:
        for at in range(0, len(data), 300_000):
            writer.write(data[at : at + 300_000])
            assert writer.settled <= at + 300_000
            settled.append(writer.settled)
            known = ends[ends <= writer.settled]
            early.append((known, writer.virtual_offsets(known)))
        layout = writer.finish()
    assert 0 < settled[-1] < len(data)
    assert len(data) - settled[-1] < 8 * 2**20
    found = layout.virtual_offsets(ends)
    for known, offsets in early:
        assert offsets.tolist() == found[: len(known)].tolist()
    table = gidx.bgzf.blocks(file.getvalue())
    assert layout.block_starts.tolist() == table["block_start"].to_pylist()
    assert layout.data_starts.tolist() == table["data_start"].to_pylist()
    assert writer.block_starts.tolist() == layout.block_starts.tolist()
    assert writer.data_starts.tolist() == layout.data_starts.tolist()
    f = gidx.bgzf.open(file.getvalue())
    for offset in found[:: len(found) // 5000].tolist():
        f.seek(offset)
        assert f.tell() == offset
    f.seek(0)
    for offset in found[:5000].tolist():
        f.readline()
        assert f.tell() == offset


def test_positions_not_settled_yet_are_refused():
    writer = BlockWriter(io.BytesIO())
    writer.write(b"abc")
    assert writer.settled == 0
    assert writer.virtual_offsets(np.array([0])).tolist() == [0]
    with pytest.raises(ValueError, match="uncompressed offset is 1, expected at most 0"):
        writer.virtual_offsets(np.array([1]))
    assert writer.tell() == 3
    layout = writer.finish()
    assert writer.settled == 3
    assert layout.virtual_offsets(np.array([3])).tolist() == [int(layout.block_starts[-1]) << 16]
    assert writer.finish().block_starts.tolist() == layout.block_starts.tolist()
    with pytest.raises(ValueError, match="finished"):
        writer.write(b"abc")


def test_a_block_writer_may_begin_anywhere_in_its_file():
    file = io.BytesIO()
    file.write(b"12345")
    writer = BlockWriter(file, start=5)
    writer.write(b"abc")
    assert writer.finish().block_starts.tolist() == [5, len(file.getvalue()) - 28]


# ── whole files ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["plain", "gzip", "bgzf"])
def test_a_file_is_compressed_and_back(tmp_path, kind):
    source, target = tmp_path / "a.bed", tmp_path / "b.bed.gz"
    data = {"plain": SHORT, "gzip": gzip.compress(SHORT[:9]) + gzip.compress(SHORT[9:])}.get(kind)
    source.write_bytes(data or packed(SHORT))
    assert compress(source, target, gzi=True) == str(target)
    assert gidx.bgzf.open(target).read() == SHORT
    assert GziIndex.read(f"{target}.gzi") == GziIndex.build(target)
    assert decompress(target) == str(tmp_path / "b.bed")
    assert (tmp_path / "b.bed").read_bytes() == SHORT


def test_targets_are_named_after_their_sources(tmp_path):
    source = tmp_path / "a.vcf"
    source.write_bytes(SHORT)
    assert compress(source) == f"{source}.gz"
    packed = tmp_path / "b.vcf.gz"
    packed.write_bytes(gzip.compress(SHORT))
    assert compress(packed) == str(tmp_path / "b.vcf.bgz")
    assert decompress(tmp_path / "b.vcf.bgz") == str(tmp_path / "b.vcf")
    with pytest.raises(ValueError, match="BGZF already; name a target"):
        compress(tmp_path / "a.vcf.gz")
    os.rename(tmp_path / "b.vcf.bgz", tmp_path / "c")
    with pytest.raises(ValueError, match=r"does not end with .gz, .bgz, .bgzf; name a target"):
        decompress(tmp_path / "c")


@pytest.mark.parametrize("use", [compress, decompress])
def test_a_file_is_not_written_over_itself(path, use):
    before = path.read_bytes()
    os.link(path, path.with_name("same"))
    for target in (path, path.with_name("same")):
        with pytest.raises(ValueError, match="source and target are the same file"):
            use(path, target)
    assert path.read_bytes() == before


def damaged(data, how):
    return data[:-9] if how == "cut" else data[:-6] + b"\xff" + data[-5:]


@pytest.mark.parametrize("how", ["cut", "changed"])
@pytest.mark.parametrize("kind", ["gzip", "bgzf"])
@pytest.mark.parametrize("use", [compress, decompress])
def test_a_damaged_source_leaves_no_target(path, kind, how, use):
    # without the EOF marker, so that it is the data that are damaged
    data = gzip.compress(SHORT) if kind == "gzip" else packed(SHORT)[:-28]
    path.write_bytes(damaged(data, how))
    with pytest.raises(FormatError, match=r"truncated|damaged"):
        use(path, path.with_name("target"))
    assert os.listdir(path.parent) == [path.name]


def test_plain_text_is_not_decompressed(tmp_path):
    (tmp_path / "a.gz").write_bytes(SHORT)
    with pytest.raises(FormatError, match="not gzip: begins with 636872, expected 1f8b08"):
        decompress(tmp_path / "a.gz")


def test_what_is_not_closed_is_written_at_the_end_as_files_are(tmp_path):
    code = f"""
import gidx.bgzf
f = gidx.bgzf.open({str(tmp_path / "a.gz")!r}, "w", threads=2)
f.write(b"abc" * 1_000_000)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert gidx.bgzf.open(tmp_path / "a.gz").read() == b"abc" * 1_000_000


@pytest.mark.parametrize("left", [slice(0, 0), slice(0, 2), slice(1, None, 3)])
def test_a_gzi_that_lacks_blocks_leads_to_those_behind(tmp_path, left):
    """Some writers leave out the last ones; what is behind an entry is found by sizes."""
    path = tmp_path / "a.txt.gz"
    data = b"".join(b"line %d\n" % i for i in range(60_000))
    with gidx.bgzf.open(path, "w") as out:
        out.write(data)
    whole = gidx.bgzf.GziIndex.build(path)
    assert len(whole.compressed) > 6
    gzi = gidx.bgzf.GziIndex(whole.compressed[left], whole.uncompressed[left])
    with gidx.bgzf.open(path, gzi=gzi) as file:
        for at in (len(data) - 9, 0, 300_000, len(data), 65_280, 65_281):
            assert file.seek_uncompressed(at) == at == file.tell_uncompressed()
            assert file.read(20) == data[at : at + 20]
        with pytest.raises(ValueError, match=f"past the end of the data, {len(data)}"):
            file.seek_uncompressed(len(data) + 1)


def test_what_is_made_of_a_file_may_be_read_by_whom_it_may(tmp_path):
    """Compressed, decompressed, its GZI and its index; a file that is replaced keeps its own."""
    source = tmp_path / "a.bed"
    source.write_bytes(b"c\t1\t5\n")
    source.chmod(0o600)
    made = compress(source, gzi=True)
    gidx.build_index(made)
    gidx.TabixIndex.read(f"{made}.tbi").write(f"{made}.csi", kind="csi")
    gidx.bgzf.GziIndex.build(made).write(f"{made}.gzi")
    decompress(made, tmp_path / "b.bed")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    names = ["a.bed", "a.bed.gz", "a.bed.gz.csi", "a.bed.gz.gzi", "a.bed.gz.tbi", "b.bed"]
    assert modes == dict.fromkeys(names, 0o600)
    (tmp_path / "b.bed").chmod(0o640)
    decompress(made, tmp_path / "b.bed")
    assert (tmp_path / "b.bed").stat().st_mode & 0o777 == 0o640


def test_an_open_file_says_which_it_is_and_is_not_pickled(tmp_path):
    path = str(tmp_path / "a.gz")
    with gidx.bgzf.open(path, "wb") as file:
        assert repr(file) == f"<BgzfWriter {path!r}>"
    with gidx.bgzf.open(path) as file, pytest.raises(TypeError, match="open its path"):
        pickle.dumps(file)
    assert repr(file) == f"<closed BgzfReader {path!r}>"
