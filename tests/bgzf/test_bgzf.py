"""One BGZF block, the walk from block to block, virtual offsets and GZI."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import zlib

import numpy as np
import pytest
from Bio import bgzf as bio
from hypothesis import given
from hypothesis import strategies as st

import gidx.bgzf
from gidx.bgzf import GziIndex, block, make_virtual_offset, split_virtual_offset
from gidx.bgzf.block import (
    EOF,
    MAX_BLOCK,
    MAX_DATA,
    check_bgzf,
    deflate_block,
    has_eof,
    inflate,
    inflate_all,
    is_bgzf,
    is_gzip,
    pieces,
    walk,
)
from gidx.errors import FormatError, GidxWarning
from gidx.ground.source import FileSource, MemorySource

# No time in it: it is in names of tests, which must be the same in all of pytest's processes.
GZIP = gzip.compress(b"abc", mtime=0)


def parts(*hexes):
    return bytes.fromhex("".join(hexes))


def stored(data):
    """A block as BGZFLib writes it: its data as they are, also where there are none."""
    return b"".join([
        EOF[:16],
        (30 + len(data)).to_bytes(2, "little"),
        b"\1" + len(data).to_bytes(2, "little") + (0xFFFF - len(data)).to_bytes(2, "little"),
        data,
        zlib.crc32(data).to_bytes(4, "little"),
        len(data).to_bytes(4, "little"),
    ])  # fmt: skip


def noise(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8).tobytes()


BLOCK = parts(
    "1f8b 08 04",          #  0 gzip, deflate, extra subfields
    "00000000 00 ff",      #  4 mtime, xfl, os unknown
    "0600",                # 10 6 bytes of subfields
    "4243 0200 2100",      # 12 "BC", 2 bytes: the block has 34
    "01 0300 fcff 616263", # 18 the last deflate block, stored, 3 bytes: "abc"
    "c2412435 03000000",   # 26 CRC32, 3 bytes
)  # fmt: skip

ODD = parts(
    "1f8b 08 04  00000000 00 ff",
    "1300",                # 10 19 bytes of subfields
    "5858 0300 010203",    # 12 "XX", 3 bytes
    "4243 0100 00",        #    "BC", but of 1 byte: not it
    "4243 0200 2b00",      #    "BC", 2 bytes: the block has 44
    "00",                  #    too few for one more
    "4b4c4a06 00",         #    a deflate stream: "abc"
    "c2412435 03000000",
)  # fmt: skip


# ── a block ─────────────────────────────────────────────────────────────────────────────────────


def test_a_block_knows_its_size_and_its_data():
    assert walk(BLOCK, 0, "x", final=True) == ([34], 34)
    assert inflate(BLOCK, 0, "x") == b"abc"
    assert deflate_block(b"abc", level=0) == BLOCK


def test_the_size_is_found_among_other_subfields():
    assert is_bgzf(ODD)
    assert walk(ODD + BLOCK, 0, "x", final=True) == ([44, 34], 78)
    assert inflate(ODD, 0, "x") == b"abc" == gzip.decompress(ODD)


def test_the_eof_marker_is_a_block_of_nothing():
    assert len(EOF) == 28
    assert inflate(EOF, 0, "x") == b""
    assert deflate_block(b"") == EOF == bio._bgzf_eof
    assert inflate(stored(b""), 0, "x") == b""


@given(st.binary(max_size=300), st.integers(0, 12))
def test_inflate_undoes_deflate_at_every_level(data, level):
    piece = deflate_block(data, level)
    assert walk(piece, 0, "x", final=True) == ([len(piece)], len(piece))
    assert inflate(piece, 0, "x") == data == gzip.decompress(piece)


@pytest.mark.parametrize("level", [0, 1, 6, 12])
@pytest.mark.parametrize("data", [noise(MAX_DATA), bytes(MAX_DATA)], ids=["noise", "zeros"])
def test_a_block_of_any_data_fits_into_64_kb(data, level):
    piece = deflate_block(memoryview(data), level)
    assert len(piece) <= MAX_BLOCK
    assert inflate(memoryview(piece), 0, "x") == data


def test_more_data_than_a_block_holds_and_levels_that_are_none_are_refused():
    with pytest.raises(ValueError, match="65281 bytes, expected at most 65280"):
        deflate_block(bytes(MAX_DATA + 1))
    for level in (-1, 13):
        with pytest.raises(ValueError, match=f"level is {level}, expected 0 to 12"):
            deflate_block(b"abc", level)


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (BLOCK[:26] + b"\0" + BLOCK[27:], "incorrect data check"),
        (BLOCK[:-4] + b"\2\0\0\0", "incorrect length check"),
        (BLOCK[:-4] + b"\4\0\0\0", "incorrect length check"),
        (BLOCK[:-4] + b"\1\0\1\0", "its data is 65537 bytes, expected at most 65536"),
        (BLOCK[:18] + b"\7" + BLOCK[19:], "invalid block type"),
        (BLOCK[:-8] + b"x" + BLOCK[-8:], "incorrect data check"),
        (BLOCK + BLOCK[-4:], "4 bytes follow its data"),
        (BLOCK + BLOCK[-8:], "8 bytes follow its data"),
        (BLOCK + BLOCK, "34 bytes follow its data"),
        (BLOCK + EOF, "28 bytes follow its data"),
        (EOF + BLOCK, "34 bytes follow its data"),
        (BLOCK[:26] + BLOCK[30:], "incorrect data check|is cut"),
        (b"", "is cut"),
    ],
)
def test_a_damaged_block_says_where_and_why(piece, message):
    with pytest.raises(FormatError, match=message) as error:
        inflate(piece, 81920, "calls.vcf.gz")
    assert str(error.value).startswith("calls.vcf.gz, byte 81920: damaged block")
    assert (error.value.path, error.value.offset) == ("calls.vcf.gz", 81920)


def test_blocks_in_a_row_inflate_as_one_and_the_damaged_one_is_named():
    row = BLOCK + ODD + EOF
    assert inflate_all(row, [34, 44, 28], 100, "x") == b"abcabc"
    bad = row[:-10] + b"\xff" + row[-9:]
    with pytest.raises(FormatError, match=r"x, byte 178: damaged block of 28 bytes"):
        inflate_all(bad, [34, 44, 28], 100, "x")


# ── from block to block ─────────────────────────────────────────────────────────────────────────


def test_a_last_block_that_is_not_whole_waits_for_more_bytes():
    for cut in range(len(ODD)):
        assert walk(BLOCK + ODD[:cut], 7, "x", final=False) == ([34], 34)


def test_at_the_files_end_a_block_that_is_not_whole_is_an_error():
    for cut in range(1, len(ODD)):
        with pytest.raises(FormatError, match=r"^x, byte 41: truncated block") as error:
            walk(BLOCK + ODD[:cut], 7, "x", final=True)
        assert error.value.offset == 41
    with pytest.raises(FormatError, match="header says 34 bytes, file has 20"):
        walk(BLOCK[:20], 0, "x", final=True)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (b"##fileformat=VCFv4.3", "no block begins here: magic is 23236669, expected 1f8b0804"),
        (GZIP, "magic is 1f8b0800, expected 1f8b0804; plain gzip follows the BGZF blocks, so "),
        (BLOCK[:12] + b"XX" + BLOCK[14:], "a gzip member without a block size"),
        (BLOCK[:16] + b"\x1a\0" + BLOCK[18:], "header says 27 bytes, expected at least 28"),
        (ODD[:28] + b"\x20\0" + ODD[30:], "header says 33 bytes, expected at least 41"),
    ],
)
@pytest.mark.parametrize("final", [True, False])
def test_what_is_no_block_says_what_it_is(what, message, final):
    with pytest.raises(FormatError, match=f"^x, byte 134: .*{message}"):
        walk(BLOCK + what, 100, "x", final=final)


def test_walking_stops_after_as_many_blocks_as_asked():
    assert walk(BLOCK + EOF + b"junk, surely no block", 0, "x", final=True, most=2) == (
        [34, 28],
        62,
    )


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 100))
def test_pieces_of_a_file_are_all_its_blocks(datas, step):
    file = b"".join([*map(deflate_block, datas), EOF])
    found = [
        (at, bytes(buf), sizes)
        for at, buf, sizes in pieces(MemorySource(file), step=step)
    ]  # fmt: skip
    assert b"".join(buf for _, buf, _ in found) == file
    sizes = [size for _, _, sizes in found for size in sizes]
    assert sizes == [len(deflate_block(data)) for data in [*datas, b""]]
    assert all(sum(sizes) == len(buf) for _, buf, sizes in found)


# ── is it BGZF? ─────────────────────────────────────────────────────────────────────────────────


def test_bgzf_gzip_and_other_files_are_told_apart():
    assert is_bgzf(BLOCK[:18])
    assert is_gzip(GZIP)
    assert not is_bgzf(GZIP)
    assert not is_gzip(b"##fileformat")
    assert not is_bgzf(b"")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (GZIP, r"plain gzip, without blocks .*gidx bgzip <bytes>$"),
        (
            b"##fileformat",
            r"not a BGZF file: begins with 23236669, expected 1f8b0804; .*gidx bgzip",
        ),
        (b"", "not a BGZF file: it is empty"),
        (BLOCK[:10], "truncated block header: needs 18 bytes, file has 10"),
    ],
)
def test_a_file_that_is_not_bgzf_says_what_to_do(data, message):
    with pytest.raises(FormatError, match=f"^<bytes>, byte 0: {message}"):
        check_bgzf(MemorySource(data))
    for use in (gidx.bgzf.open, gidx.bgzf.blocks, GziIndex.build):
        with pytest.raises(FormatError, match=message):
            use(data)


def test_the_eof_marker_is_looked_for_at_the_end():
    assert has_eof(MemorySource(BLOCK + EOF))
    assert not has_eof(MemorySource(BLOCK))
    assert not has_eof(MemorySource(EOF[1:]))


# ── virtual offsets ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("start", "within", "message"),
    [
        (0, 2**16, r"Require 0 <= within_block_offset < 2\*\*16, got 65536"),
        (0, -1, r"Require 0 <= within_block_offset < 2\*\*16, got -1"),
        (2**48, 0, r"Require 0 <= block_start_offset < 2\*\*48, got 281474976710656"),
        (-1, 0, r"Require 0 <= block_start_offset < 2\*\*48, got -1"),
    ],
)
def test_a_place_out_of_reach_is_refused(start, within, message):
    with pytest.raises(ValueError, match=message):
        make_virtual_offset(start, within)


@pytest.mark.parametrize("offset", [-1, 2**64])
def test_no_virtual_offset_is_negative_or_over_64_bits(offset):
    with pytest.raises(ValueError, match="Require 0 <= virtual_offset"):
        split_virtual_offset(offset)


# ── tables of blocks ────────────────────────────────────────────────────────────────────────────

# As printed in Bio.bgzf's documentation: raw start, raw length, data start, data length.
DOCUMENTED = {
    "ex1.bam": """
        0 18239 0 65536
        18239 18223 65536 65536
        36462 18017 131072 65536
        54479 17342 196608 65536
        71821 17715 262144 65536
        89536 17728 327680 65536
        107264 17292 393216 63398
        124556 28 456614 0""",
    "ex1_refresh.bam": """
        0 53 0 38
        53 18195 38 65434
        18248 18190 65472 65409
        36438 18004 130881 65483
        54442 17353 196364 65519
        71795 17708 261883 65411
        89503 17709 327294 65466
        107212 17390 392760 63854
        124602 28 456614 0""",
    "ex1_header.bam": """
        0 104 0 103
        104 18195 103 65434
        18299 18190 65537 65409
        36489 18004 130946 65483
        54493 17353 196429 65519
        71846 17708 261948 65411
        89554 17709 327359 65466
        107263 17390 392825 63854
        124653 28 456679 0""",
    "NC_000932.gb.bgz": """
        0 15073 0 65536
        15073 17857 65536 65536
        32930 22144 131072 65536
        55074 22230 196608 65536
        77304 14939 262144 43478
        92243 28 305622 0""",
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_blocks_of_real_files_are_those_that_biopython_documents(corpus, name):
    path = corpus / "bgzf" / name
    expected = [tuple(map(int, line.split())) for line in DOCUMENTED[name].split("\n")[1:]]
    table = gidx.bgzf.blocks(path)
    assert table.column_names == ["block_start", "block_size", "data_start", "data_size"]
    assert list(zip(*table.to_pydict().values(), strict=True)) == expected
    with open(path, "rb") as file:
        assert list(bio.BgzfBlocks(file)) == expected
        assert gidx.bgzf.blocks(file) == table == gidx.bgzf.blocks(path.read_bytes())


def test_blocks_are_found_across_reads_and_no_data_are_inflated(monkeypatch):
    file = b"".join(deflate_block(noise(size, size), 0) for size in range(0, 65281, 960)) + EOF
    monkeypatch.setattr(block, "inflate_block", None)
    found = block.blocks(MemorySource(file))
    assert found["data_size"].tolist() == [*range(0, 65281, 960), 0]
    assert found["block_start"][-1] == len(file) - 28
    assert len(file) > 2 * block._STEP


# ── GZI ─────────────────────────────────────────────────────────────────────────────────────────

TINY_GZI = parts(
    "0200000000000000",                     #  0 two entries, the first block's not counted
    "4100000000000000 2000000000000000",    #  8 a block at 65, its data from 32 on
    "8200000000000000 4000000000000000",    # 24 a block at 130, its data from 64 on
)  # fmt: skip


def test_a_gzi_lists_all_blocks_but_the_first():
    index = GziIndex.from_bytes(TINY_GZI)
    assert index.compressed.tolist() == [65, 130]
    assert index.blocks.tolist() == [[0, 0], [65, 32], [130, 64]]
    assert index.to_bytes() == TINY_GZI
    assert index.blocks.dtype == np.uint64


def test_a_gzi_maps_offsets_to_virtual_offsets():
    index = GziIndex.from_bytes(TINY_GZI)
    offsets = np.array([0, 31, 32, 63, 64, 65599])
    expected = [0, 31, 65 << 16, 65 << 16 | 31, 130 << 16, 130 << 16 | 65535]
    assert [index.virtual_offset(n) for n in offsets.tolist()] == expected
    assert index.virtual_offset(offsets).tolist() == expected
    assert index.virtual_offset(offsets).dtype == np.uint64


@pytest.mark.parametrize(
    ("offset", "message"),
    [(-1, "is -1, expected 0 or more"), (65600, "65600 is in no block: .* begins at 64")],
)
def test_a_gzi_has_no_place_for_offsets_that_no_block_can_hold(offset, message):
    index = GziIndex.from_bytes(TINY_GZI)
    with pytest.raises(ValueError, match=message):
        index.virtual_offset(offset)
    with pytest.raises(ValueError, match=message):
        index.virtual_offset(np.array([0, offset]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *[(TINY_GZI[:n], f"byte 0: truncated GZI: .* 8 bytes, file has {n}") for n in range(8)],
        *[
            (TINY_GZI[:n], f"byte {n}: truncated GZI: 2 entries need 40 bytes, file has {n}")
            for n in range(8, 40)
        ],
        (TINY_GZI + b"\0", "byte 40: 1 bytes follow"),
        (TINY_GZI[:24] + TINY_GZI[8:24], "byte 24: GZI is not sorted: entry 1 is .65, 32., after"),
        (TINY_GZI[:32] + TINY_GZI[:8], "byte 24: GZI is not sorted: entry 1 is .130, 2., after"),
        (TINY_GZI[:8] + bytes(8) + TINY_GZI[16:], "byte 8: GZI is not sorted: entry 0 is .0, 32."),
        (TINY_GZI[:24] + b"\xff" * 8 + TINY_GZI[32:], "byte 24: GZI is not sorted"),
    ],
)  # fmt: skip
def test_a_broken_gzi_says_where(data, message):
    with pytest.raises(FormatError, match=f"^a.gzi, {message}"):
        GziIndex.from_bytes(data, "a.gzi")


def test_a_gzi_made_by_hand_is_sorted_too():
    with pytest.raises(ValueError, match="not sorted: entry 1"):
        GziIndex(np.array([5, 4]), np.array([1, 2]))
    with pytest.raises(ValueError, match="2 compressed and 1 uncompressed"):
        GziIndex(np.array([5, 4]), np.array([1]))
    with pytest.raises(ValueError, match="has -5, expected 0 or more"):
        GziIndex(np.array([-5]), np.array([1]))
    assert GziIndex(np.array([]), np.array([])).blocks.tolist() == [[0, 0]]


def test_a_gzi_is_read_and_written_wherever_files_are(tmp_path):
    index = GziIndex.from_bytes(TINY_GZI)
    path = tmp_path / "a.gzi"
    index.write(path)
    assert path.read_bytes() == TINY_GZI
    file = io.BytesIO()
    index.write(file)
    assert file.getvalue() == TINY_GZI
    for what in (path, str(path), TINY_GZI, io.BytesIO(TINY_GZI)):
        assert GziIndex.read(what) == index
    assert index != GziIndex.from_bytes(TINY_GZI[:8].replace(b"\2", b"\0"))
    assert index != TINY_GZI


def test_the_first_block_may_be_written_too():
    said = parts("0300000000000000", "00" * 16) + TINY_GZI[8:]
    index = GziIndex.from_bytes(said)
    assert index == GziIndex.from_bytes(TINY_GZI)
    assert index.to_bytes() == said


bgzip = pytest.mark.skipif(shutil.which("bgzip") is None, reason="bgzip is not installed")

SHAPES = {
    "nothing": EOF,
    "one block": BLOCK + EOF,
    "no EOF marker": BLOCK + BLOCK,
    "many blocks": b"".join(deflate_block(noise(n, n)) for n in range(1, 400, 7)) + EOF,
    "joined files": BLOCK + EOF + BLOCK + BLOCK + EOF,
    "two EOF markers": BLOCK + EOF + EOF,
}


@bgzip
@pytest.mark.parametrize("shape", SHAPES)
def test_a_gzi_is_that_of_bgzip(tmp_path, shape):
    path = tmp_path / "a.gz"
    path.write_bytes(SHAPES[shape])
    subprocess.run(["bgzip", "-r", path], check=True, capture_output=True)
    theirs = (tmp_path / "a.gz.gzi").read_bytes()
    index = GziIndex.build(path)
    assert index == GziIndex.read(theirs)
    # of nothing it writes the count -1
    assert index.to_bytes() == (bytes(8) if shape == "nothing" else theirs)


def test_a_file_that_begins_with_an_empty_block_is_indexed_where_its_data_are():
    """Bgzip leaves out the first block with data, wherever it is; its index is wrong then."""
    index = GziIndex.build(EOF + BLOCK + EOF)
    assert index.virtual_offset(1) == make_virtual_offset(28, 1)


@pytest.mark.parametrize("name", ["bgziptest.txt.gz", "sample.fastq.bgz"])
def test_gzis_of_others_lead_to_the_same_data(corpus, name):
    path = corpus / "bgzf" / name
    theirs = GziIndex.read(f"{path}.gzi")
    data = gzip.decompress(path.read_bytes())
    assert theirs.to_bytes() == (corpus / "bgzf" / f"{name}.gzi").read_bytes()
    for index in (theirs, GziIndex.build(path)):
        with gidx.bgzf.open(path) as f:
            for offset in range(0, len(data), 7):
                f.seek(index.virtual_offset(offset))
                assert f.read(9) == data[offset : offset + 9]


# The file of BGZFLib's documentation, made anew from what is printed there: blocks whose
# data are stored, two of them empty.
JULIA = [
    b"Hello, world!", b"more data", b"", b"x", b"", b"then some more", b"more content here",
    b"this is another block",
]  # fmt: skip
JULIA_FILE = b"".join(map(stored, JULIA)) + EOF
JULIA_BLOCKS = [
    [0, 0], [44, 13], [84, 22], [115, 22], [147, 23], [178, 23], [223, 37], [271, 54], [323, 75],
]  # fmt: skip
JULIA_GZI = b"".join(
    n.to_bytes(8, "little") for n in [9, *(n for pair in JULIA_BLOCKS for n in pair)]
)


def test_the_documented_gzi_of_bgzflib_is_read(corpus):
    data = (corpus / "bgzf" / "1.gzi").read_bytes()
    assert data == JULIA_GZI
    index = GziIndex.read(corpus / "bgzf" / "1.gzi")
    assert index.blocks.tolist() == JULIA_BLOCKS
    assert len(index.to_bytes()) == 152
    assert GziIndex.from_bytes(index.to_bytes()) == index


def test_bgzflibs_virtual_offsets_are_ours():
    gzi = GziIndex.from_bytes(JULIA_GZI)
    assert split_virtual_offset(gzi.virtual_offset(45)) == (223, 8)
    assert split_virtual_offset(gzi.virtual_offset(500)) == (323, 425)
    with pytest.raises(ValueError, match="uncompressed offset 100000 is in no block"):
        gzi.virtual_offset(100_000)
    built = GziIndex.build(JULIA_FILE)
    everywhere = np.arange(75)
    assert built.virtual_offset(everywhere).tolist() == gzi.virtual_offset(everywhere).tolist()


def test_bgzflibs_examples_read_the_same():
    f = gidx.bgzf.open(JULIA_FILE)
    f.seek(make_virtual_offset(178, 5))
    assert f.read(9) == b"some more"
    f.seek(make_virtual_offset(0, 7))
    assert f.read(6) == b"world!"

    f = gidx.bgzf.open(JULIA_FILE)
    assert f.tell() == 0
    f.read(18)
    assert split_virtual_offset(f.tell()) == (44, 5)

    f.seek(make_virtual_offset(178, 14))
    assert f.read() == b"more content herethis is another block"
    f.seek(0)
    assert f.read(13) == b"Hello, world!"
    f.seek(make_virtual_offset(44, 0))
    assert f.read() == b"more dataxthen some moremore content herethis is another block"
    f.seek(make_virtual_offset(147, 0))
    assert f.read(15) == b"then some morem"

    f = gidx.bgzf.open(JULIA_FILE, gzi=JULIA_GZI)
    f.seek_uncompressed(45)
    assert f.read() == b"tent herethis is another block"


def test_bgzflibs_errors_are_ours():
    f = gidx.bgzf.open(JULIA_FILE)
    f.seek(make_virtual_offset(45, 0))  # not the start of a block
    with pytest.raises(FormatError, match="byte 45: no block begins here: magic is 8b080400"):
        f.read(1)
    with pytest.raises(FormatError, match="byte 323: offset 425 in the block is past its data, 0"):
        f.seek(make_virtual_offset(323, 425))
    with pytest.raises(FormatError, match="byte 44: offset 10 in the block is past its data, 9"):
        f.seek(make_virtual_offset(44, 10))


# ── nothing is lost in silence ──────────────────────────────────────────────────────────────────

SMALL = [b"chr1\t100\t200\n", b"", b"chr1\t300\t400\nchr1\t5", b"00\t600\n"]
FILES = {
    "text": b"".join(map(deflate_block, SMALL)) + EOF,
    "one block again and again": deflate_block(bytes(9)) * 3 + EOF,
    "other subfields": ODD + ODD + EOF,
    "stored": b"".join(map(stored, SMALL)) + EOF,
}


def ends(file):
    """Where blocks end."""
    sizes, _ = walk(file, 0, "x", final=True)
    return np.cumsum(sizes).tolist()


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_file_cut_anywhere_raises_or_says_that_it_may_be_cut(file):
    whole = gzip.decompress(file)
    for size in range(len(file)):
        if size in ends(file):
            read = gidx.bgzf.open(file[:size])
            if file[:size].endswith(EOF):  # joined files, cut where they were joined
                assert read.read() == gzip.decompress(file[:size])
                continue
            with pytest.warns(GidxWarning, match=f"EOF marker is missing.* after byte {size}"):
                found = read.read()
            assert found == gzip.decompress(file[:size])
            assert whole.startswith(found)
            assert read.read() == b""  # and it is said once
        else:
            with pytest.raises(FormatError, match=r"truncated|it is empty"):
                gidx.bgzf.open(file[:size]).read()


@pytest.mark.filterwarnings("ignore::gidx.errors.GidxWarning")  # about the EOF marker
@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
@pytest.mark.parametrize("bits", [0x01, 0x80, 0xFF, 0x24])
def test_a_changed_byte_is_an_error_or_changes_no_data(file, bits):
    whole = gzip.decompress(file)
    for at in range(len(file)):
        changed = bytearray(file)
        changed[at] ^= bits
        try:
            found = gidx.bgzf.open(bytes(changed)).read()
        except FormatError as error:
            assert error.offset is not None  # noqa: PT017
        else:
            assert found == whole, at


def test_a_header_that_hides_the_next_block_is_found_out():
    """Both have the same data, so the same tail: a program that trusts the header loses one."""
    one = deflate_block(bytes(MAX_DATA))
    file = bytearray(one * 2 + EOF)
    file[16:18] = (2 * len(one) - 1).to_bytes(2, "little")
    with pytest.raises(FormatError, match=f"byte 0: damaged block .* {len(one)} bytes follow"):
        gidx.bgzf.open(bytes(file)).read()


def test_files_that_are_open_are_read_at_any_place():
    file = io.BytesIO(JULIA_FILE)
    file.seek(100)
    assert GziIndex.build(file) == GziIndex.build(FileSource(file))
    assert not file.closed
