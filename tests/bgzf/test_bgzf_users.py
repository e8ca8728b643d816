"""For who comes from Bio.bgzf or BGZFLib.jl: their calls, ours, and that both say the same.

`BIO` and `JULIA` are tables of calls as the two document them. Those of Bio.bgzf are made in
both, one after the other, and compared; of BGZFLib.jl there are the results that its
documentation prints, for the file that it prints.

The tables of blocks in Bio.bgzf's documentation are in test_bgzf.py.
"""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from Bio import SeqIO
from Bio import bgzf as bio
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bgzf.test_bgzf import JULIA_FILE, JULIA_GZI

import gidx
from gidx.bgzf import GziIndex
from gidx.errors import FormatError

# ── Bio.bgzf: functions ─────────────────────────────────────────────────────────────────────────

OFFSETS = [  # as documented: block start, place in the block, virtual offset
    (0, 0, 0),
    (0, 1, 1),
    (0, 2**16 - 1, 65535),
    (1, 0, 65536),
    (1, 1, 65537),
    (1, 2**16 - 1, 131071),
    (100000, 0, 6553600000),
    (100000, 1, 6553600001),
    (100000, 10, 6553600010),
    (55074, 126, 3609329790),
    (18239, 4, 1195311108),
    (2**48 - 1, 2**16 - 1, 2**64 - 1),
]


@pytest.mark.parametrize(("start", "within", "offset"), OFFSETS)
def test_virtual_offsets_are_made_and_split_as_in_bio_bgzf(start, within, offset):
    assert gidx.bgzf.make_virtual_offset(start, within) == offset
    assert bio.make_virtual_offset(start, within) == offset
    assert gidx.bgzf.split_virtual_offset(offset) == (start, within)
    assert bio.split_virtual_offset(offset) == (start, within)


@pytest.mark.parametrize("place", [(0, 2**16), (0, -1), (2**48, 0), (-1, 0)])
def test_a_place_out_of_reach_is_refused_in_the_words_of_bio_bgzf(place):
    with pytest.raises(ValueError, match="Require 0 <=") as theirs:
        bio.make_virtual_offset(*place)
    with pytest.raises(ValueError, match="Require 0 <=") as ours:
        gidx.bgzf.make_virtual_offset(*place)
    assert str(ours.value) == str(theirs.value)


def test_blocks_are_those_of_bgzf_blocks(corpus):
    for path in (corpus / "bgzf").iterdir():
        if path.suffix not in (".bam", ".bgz", ".gz"):
            continue
        with open(path, "rb") as handle:
            theirs = list(bio.BgzfBlocks(handle))
            table = gidx.bgzf.blocks(path)
            assert [tuple(row.values()) for row in table.to_pylist()] == theirs
            assert gidx.bgzf.blocks(handle) == table


def test_blocks_of_what_is_open_as_bgzf_are_refused_as_by_bgzf_blocks(corpus):
    path = corpus / "bgzf" / "ex1.bam"
    with bio.BgzfReader(str(path), "rb") as handle, pytest.raises(TypeError):
        next(bio.BgzfBlocks(handle))
    with gidx.bgzf.open(path) as f, pytest.raises(TypeError, match=r"ex1\.bam is open as BGZF"):
        gidx.bgzf.blocks(f)


# ── Bio.bgzf: reading ───────────────────────────────────────────────────────────────────────────

# A call of Bio.bgzf, and ours. ``handle`` is bio.open(path, "rb"), ``f`` is gidx.bgzf.open(path).
BIO = [
    ("handle.tell()", "f.tell()"),
    ("handle.readline()", "f.readline()"),
    ("handle.read(70000)", "f.read(70000)"),
    ("next(handle)", "next(f)"),
    ("handle.seekable()", "f.seekable()"),
    ("handle.isatty()", "f.isatty()"),
    (
        "handle.seek(bio.make_virtual_offset(55074, 126))",
        "f.seek(gidx.bgzf.make_virtual_offset(55074, 126))",
    ),
    ("handle.readline()", "f.readline()"),
    ("handle.read(65536)", "f.read(65536)"),
    ("handle.seek(2)", "f.seek(2)"),
    ("handle.read(4)", "f.read(4)"),
    ("handle.read(0)", "f.read(0)"),
    ("bio.split_virtual_offset(handle.tell())", "gidx.bgzf.split_virtual_offset(f.tell())"),
    ("list(handle)", "list(f)"),
    ("handle.read(4)", "f.read(4)"),
    ("handle.readline()", "f.readline()"),
    ("handle.close()", "f.close()"),
]


def test_each_call_of_a_reader_does_what_it_does_in_bio_bgzf(corpus):
    path = corpus / "bgzf" / "NC_000932.gb.bgz"
    with bio.open(str(path), "rb") as handle, gidx.bgzf.open(path, "rb") as f:
        names = {"bio": bio, "gidx": gidx, "handle": handle, "f": f}
        for number, (theirs, ours) in enumerate(BIO):
            assert eval(ours, names) == eval(theirs, names), (number, ours)
            if ours == "list(f)":  # at the end; Bio.bgzf is behind the EOF marker, we before it
                break
            assert f.tell() == handle.tell()
        assert (f.tell() >> 16, handle.tell() >> 16) == (92243, 92271)
        for theirs, ours in BIO[number + 1 :]:
            assert eval(ours, names) == eval(theirs, names), ours


def test_the_genbank_example_of_bio_bgzf(corpus):
    """Its text mode is binary here: decode, or wrap in `io.TextIOWrapper`."""
    path = corpus / "bgzf" / "NC_000932.gb.bgz"
    with gzip.open(path, "r") as handle:
        lines = [handle.readline(), handle.readline()]
        assert handle.tell() == 143
    with gidx.bgzf.open(path, "r") as f:
        assert f.tell() == 0
        line = f.readline().decode().rstrip()
        assert line == (
            "LOCUS       NC_000932             154478 bp    DNA     circular PLN 15-APR-2009"
        )
        assert f.tell() == 80
        assert [line, f.readline().decode().rstrip()] == [x.decode().rstrip() for x in lines]
        assert f.tell() == 143
        f.read(70000)
        assert f.tell() == 987828735
        assert f.readline().decode().rstrip() == 'f="GeneID:844718"'
        assert f.readline().decode().rstrip() == (
            "     CDS             complement(join(84337..84771,85454..85843))"
        )
        assert f.seek(gidx.bgzf.make_virtual_offset(55074, 126)) == 3609329790
        assert f.readline().decode().rstrip() == (
            "    68521 tatgtcattc gaaattgtat aaagacaact cctatttaat agagctattt gtgcaagtat"
        )
        # the decompressed position 196734, for which Bio.bgzf needs a sum by hand
        assert f.seek_uncompressed(196734) == 196734
        assert f.tell() == 3609329790


def test_seqio_reads_a_genbank_file_as_in_the_documentation(corpus):
    with io.TextIOWrapper(gidx.bgzf.open(corpus / "bgzf" / "NC_000932.gb.bgz"), "latin-1") as f:
        assert SeqIO.read(f, "genbank").id == "NC_000932.1"


def test_seqio_index_offsets_lead_to_the_same_records(corpus):
    """`Bio.SeqIO.index` keeps virtual offsets, so they are ours too."""
    path = corpus / "bgzf" / "sample.fastq.bgz"
    index = SeqIO.index(str(path), "fastq")
    with gidx.bgzf.open(path) as f:
        for name, offset in index._offsets.items():
            f.seek(offset[0] if isinstance(offset, tuple) else offset)
            assert f.readline().split()[0] == b"@" + name.encode()
    index.close()


def test_the_bam_example_of_bio_bgzf(corpus):
    with gidx.bgzf.open(corpus / "bgzf" / "ex1.bam", "rb") as f:
        assert f.tell() == 0
        assert f.read(4) == b"BAM\1"
        assert f.tell() == 4
        assert len(f.read(65536)) == 65536
        assert f.tell() == 1195311108
        assert gidx.bgzf.split_virtual_offset(1195311108) == (18239, 4)
        assert f.seek(2) == 2


@pytest.mark.parametrize("mode", ["r", "rb", "br"])
def test_a_file_is_opened_to_read_in_any_binary_mode(corpus, mode):
    with gidx.bgzf.open(corpus / "bgzf" / "bgziptest.txt.gz", mode) as f:
        assert f.mode == "rb"
        assert f.read() == (corpus / "bgzf" / "bgziptest.txt").read_bytes()


def test_text_mode_is_a_wrapper(tmp_path):
    path = tmp_path / "a.gz"
    with bio.open(str(path), "w") as handle:
        handle.write("caf\xe9\r\nb\n")
    with pytest.raises(
        ValueError, match=r"mode is 'rt', .*; wrap a binary one in io.TextIOWrapper"
    ):
        gidx.bgzf.open(path, "rt")
    with (
        bio.open(str(path), "r") as handle,
        io.TextIOWrapper(gidx.bgzf.open(path), "latin-1", newline="\n") as f,
    ):
        assert f.readline() == handle.readline() == "caf\xe9\r\n"
        assert list(f) == list(handle) == ["b\n"]


# ── Bio.bgzf: writing ───────────────────────────────────────────────────────────────────────────

chunks = st.lists(
    st.tuples(st.sampled_from([b"chr1\t5\t9\n", b"N" * 700, b""]), st.integers(1, 120)), max_size=8
).map(lambda found: [piece * times for piece, times in found])
OPENERS = {"gidx": gidx.bgzf.open, "bio": lambda path, mode: bio.open(str(path), mode)}


@pytest.mark.parametrize(("writer", "reader"), [("bio", "gidx"), ("gidx", "bio")])
@settings(max_examples=25)
@given(chunks=chunks, more=chunks)
def test_what_one_writes_the_other_reads_at_the_writers_positions(
    tmp_path_factory, writer, reader, chunks, more
):
    """Also what is appended, and what is flushed."""
    path = tmp_path_factory.mktemp("users") / "a.gz"
    places = []
    for mode, pieces in (("wb", chunks), ("ab", more)):
        with OPENERS[writer](path, mode) as f:
            for number, piece in enumerate(pieces):
                if piece:
                    places.append((f.tell(), piece))
                f.write(piece)
                if number % 3 == 2:
                    f.flush()
    whole = b"".join(chunks + more)
    assert gzip.decompress(path.read_bytes()) == whole
    with OPENERS[reader](path, "rb") as f:
        assert f.read(len(whole) + 1) == whole
        for place, piece in reversed(places):
            assert f.seek(place) == place
            assert f.read(len(piece)) == piece


def test_a_writer_takes_an_open_file_and_a_level_as_bio_bgzf_does():
    theirs, ours = io.BytesIO(), io.BytesIO()
    handle = bio.BgzfWriter(fileobj=theirs, compresslevel=0)
    handle.write(b"abc\n")
    handle.flush()
    with gidx.bgzf.open(ours, "bw", level=0) as f:
        assert f.write(b"abc\n") == 4
        assert not f.seekable()
        assert f.tell() == 4
    assert gzip.decompress(ours.getvalue()) == gzip.decompress(theirs.getvalue()) == b"abc\n"
    assert ours.getvalue().endswith(bio._bgzf_eof)  # which flush does not write, but close
    with gidx.bgzf.open(io.BytesIO(), "w") as f, pytest.raises(TypeError, match="bytes-like"):
        f.write("text, which Bio.bgzf writes as Latin-1")


def test_errors_of_bio_bgzf_are_format_errors():
    file = io.BytesIO()
    with gidx.bgzf.open(file, "w") as f:
        f.write(b"abc\n")
    data = file.getvalue()
    handle, f = bio.BgzfReader(fileobj=io.BytesIO(data), mode="rb"), gidx.bgzf.open(data)
    place = gidx.bgzf.make_virtual_offset(0, 5)
    with pytest.raises(ValueError, match="Within offset 5 but block size only 4"):
        handle.seek(place)
    with pytest.raises(FormatError, match="byte 0: offset 5 in the block is past its data, 4 byt"):
        f.seek(place)
    with pytest.raises(ValueError, match="A BGZF block should start with"):
        handle.seek(1 << 16)
    f.seek(1 << 16)  # nothing is read yet
    with pytest.raises(FormatError, match="byte 1: no block begins here: magic is 8b080400"):
        f.read(1)
    with pytest.raises(ValueError, match="A BGZF block should start with"):
        bio.BgzfReader(fileobj=io.BytesIO(b"plain text"), mode="rb")
    with pytest.raises(FormatError, match="byte 0: not a BGZF file: begins with 706c6169"):
        gidx.bgzf.open(b"plain text")
    wrong = data[:-36] + bytes(4) + data[-32:]  # the CRC32
    with pytest.raises(RuntimeError, match="CRC is"):
        bio.BgzfReader(fileobj=io.BytesIO(wrong), mode="rb")
    with pytest.raises(FormatError, match="byte 0: damaged block of 35 bytes: "):
        gidx.bgzf.open(wrong).read()


# ── BGZFLib.jl ──────────────────────────────────────────────────────────────────────────────────

# A documented call; ours; what the documentation prints. ``f`` is gidx.bgzf.open(bgzf_data),
# ``gzi`` is GziIndex.read(gzi_data), ``V`` is gidx.bgzf.make_virtual_offset.
JULIA = [
    ("virtual_position(reader)", "gidx.bgzf.split_virtual_offset(f.tell())", (0, 0)),
    ("vo = VirtualOffset(178, 5)", "V(178, 5)", 178 << 16 | 5),
    ("vo.file_offset, vo.block_offset", "gidx.bgzf.split_virtual_offset(V(178, 5))", (178, 5)),
    ("virtual_seek(reader, vo)", "f.seek(V(178, 5))", 178 << 16 | 5),
    ("String(read(reader, 9))", "f.read(9)", b"some more"),
    ("virtual_seek(reader, VirtualOffset(0, 7))", "f.seek(V(0, 7))", 7),
    ("String(read(reader, 6))", "f.read(6)", b"world!"),
    ("virtual_seek(reader, VirtualOffset(0, 0))", "f.seek(V(0, 0))", 0),
    ("read(reader, 18)", "f.read(18)", b"Hello, world!more "),
    ("virtual_position(reader)", "gidx.bgzf.split_virtual_offset(f.tell())", (44, 5)),
    ("virtual_seek(reader, VirtualOffset(178, 14))", "f.seek(V(178, 14))", 178 << 16 | 14),
    ("String(read(reader))", "f.read()", b"more content herethis is another block"),
    ("seek(reader, 0)", "f.seek(0)", 0),
    ("String(read(reader, 13))", "f.read(13)", b"Hello, world!"),
    ("seek(reader, 44)", "f.seek(V(44, 0))", 44 << 16),
    (
        "read(reader, String)",
        "f.read()",
        b"more dataxthen some moremore content herethis is another block",
    ),
    ("get_virtual_offset(gzi, 45)", "gzi.virtual_offset(45)", 223 << 16 | 8),
    ("virtual_seek(reader, vo)", "f.seek(gzi.virtual_offset(45))", 223 << 16 | 8),
    ("read(reader) |> String", "f.read()", b"tent herethis is another block"),
    ("the two in one", "f.seek_uncompressed(45)", 45),
    ("read(reader) |> String", "f.read()", b"tent herethis is another block"),
    ("get_virtual_offset(gzi, 500)", "gzi.virtual_offset(500)", 323 << 16 | 425),
    ("gzi isa GZIndex", "isinstance(gzi, gidx.bgzf.GziIndex)", True),
    ("gzi.blocks[5]", "gzi.blocks[4].tolist()", [0x93, 0x17]),
    ("seek(reader, Int(compressed_offset))", "f.seek(V(gzi.blocks[4, 0].item(), 0))", 0x93 << 16),
    ("read(reader, 15) |> String", "f.read(15)", b"then some morem"),
    ("write_gzi(io, gzi)", "len(gzi.to_bytes())", 152),
    ("GZIndex(blocks)", "gidx.bgzf.GziIndex(*gzi.blocks.T) == gzi", True),
    ("load_gzi(io).blocks == gzi.blocks", "gidx.bgzf.GziIndex.read(gzi.to_bytes()) == gzi", True),
    ("close(reader)", "f.close()", None),
]


def test_each_call_of_bgzflib_has_its_documented_result():
    names = {
        "gidx": gidx,
        "f": gidx.bgzf.open(JULIA_FILE),
        "gzi": GziIndex.read(JULIA_GZI),
        "V": gidx.bgzf.make_virtual_offset,
    }
    for number, (_, ours, expected) in enumerate(JULIA):
        assert eval(ours, names) == expected, (number, ours)


def test_the_gzi_of_bgzflibs_tests_is_the_documented_one(corpus, tmp_path):
    gzi = GziIndex.read(corpus / "bgzf" / "1.gzi")
    assert gzi == GziIndex.read(JULIA_GZI)
    gzi.write(tmp_path / "a.gzi")
    assert (tmp_path / "a.gzi").read_bytes() == JULIA_GZI


@pytest.mark.parametrize("name", ["bgziptest.txt.gz", "sample.fastq.bgz"])
def test_an_index_built_is_the_one_beside_the_file(corpus, name):
    """`idx1.blocks == idx2.blocks`, where bgzip wrote it; blocks without data are in none."""
    path = corpus / "bgzf" / name
    beside = GziIndex.read(f"{path}.gzi")
    built = GziIndex.build(path)
    data_sizes = gidx.bgzf.blocks(path)["data_size"].to_numpy()
    with_data = [list(row) for row in beside.blocks.tolist() if row[1] < data_sizes.sum()]
    assert built.blocks.tolist() == with_data


def test_a_place_that_no_block_can_hold_is_an_error_where_bgzflib_says_nothing():
    gzi = GziIndex.read(JULIA_GZI)
    for offset in (-1, 100_000):
        with pytest.raises(ValueError, match=f"uncompressed offset (is )?{offset}"):
            gzi.virtual_offset(offset)


def test_errors_of_bgzflib_are_format_errors():
    f = gidx.bgzf.open(JULIA_FILE)
    gzi = GziIndex.read(JULIA_GZI)
    # "Seek to block offset larger than block size"
    with pytest.raises(FormatError, match="byte 323: offset 425 in the block is past its data"):
        f.seek(gzi.virtual_offset(500))
    # "gzip_bad_magic_bytes", when something is read there
    f.seek(gidx.bgzf.make_virtual_offset(45, 0))
    with pytest.raises(FormatError, match="byte 45: no block begins here") as caught:
        f.read(1)
    assert caught.value.offset == 45
    # `BGZFErrors.unsorted_index`, of a file and of offsets
    backwards = JULIA_GZI[:8] + JULIA_GZI[-16:] + JULIA_GZI[8:-16]
    with pytest.raises(FormatError, match="byte 24: GZI is not sorted: entry 1"):
        GziIndex.read(backwards)
    for compressed, uncompressed in (([44, 10], [13, 22]), ([44, 84], [22, 13])):
        with pytest.raises(FormatError, match="GZI is not sorted: entry 1"):
            GziIndex(np.array(compressed), np.array(uncompressed))
    # `IOErrorKinds.EOF`
    for length in range(len(JULIA_GZI)):
        with pytest.raises(FormatError, match=f"truncated GZI: .*, file has {length}"):
            GziIndex.read(JULIA_GZI[:length])
    # index_bgzf of what is no BGZF file, or only its beginning
    with pytest.raises(FormatError, match="byte 323: truncated block"):
        GziIndex.build(JULIA_FILE[:-1])
    with pytest.raises(FormatError, match="plain gzip, without blocks to seek to"):
        GziIndex.build(gzip.compress(b"abc"))
