"""Building tabix indexes: what htslib builds, for the same file and byte for byte."""

from __future__ import annotations

import shutil
import struct
import zlib

import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.binning.test_binning import (
    WINDOW,
    answer,
    brute_force,
    c_reg2bin,
    files,
    htslib,
    intervals,
    pack,
    regions_of,
)
from tests.support.tabix_files import program

from gidx.binning import BED, GFF, SAM, VCF, IndexBuilder, TabixIndex, max_position
from gidx.errors import WriteError

ABC = ("a", "b", "c")


def build(rows, offsets, batch=None, min_shift=14):
    """A builder that has had all rows, in batches of a size."""
    builder = IndexBuilder(min_shift)
    batch = batch or max(len(rows), 1)
    for i in range(0, len(rows), batch):
        refs, starts, ends = zip(*rows[i : i + batch], strict=True)
        assert builder.push(refs, starts, ends, offsets[i : i + batch + 1]) is None
    return builder


# ── laws ────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60)
@given(files(zero=False), st.sampled_from(["tbi", "csi"]))
def test_an_index_is_what_htslib_builds(file, kind):
    """Against htslib's way in plain Python."""
    rows, offsets = file
    expected = TabixIndex.from_bytes(pack(kind, ABC, BED, htslib(rows, offsets)))
    assert build(rows, offsets).finish(ABC, BED, kind=kind) == expected


@settings(max_examples=30)
@given(files(6, 4, zero=False), st.integers(0, 2))
def test_a_csi_of_another_scheme_is_what_htslib_builds(file, deeper):
    rows, offsets = file
    refs = htslib(rows, offsets, "csi", 6, 4 + deeper)
    expected = TabixIndex.from_bytes(pack("csi", ABC, BED, refs, 6, 4 + deeper))
    assert build(rows, offsets, min_shift=6).finish(ABC, BED, depth=4 + deeper) == expected


@settings(max_examples=30)
@given(files(), st.integers(1, 5), st.sampled_from(["tbi", "csi"]))
def test_batches_of_any_size_build_the_same_index(file, batch, kind):
    rows, offsets = file
    whole = build(rows, offsets).finish(ABC, BED, kind=kind)
    assert build(rows, offsets, batch).finish(ABC, BED, kind=kind) == whole


@settings(max_examples=30)
@given(files(), regions_of())
def test_tbi_and_csi_find_the_rows_that_a_scan_finds(file, regions):
    rows, offsets = file
    builder = build(rows, offsets)
    expected = brute_force(rows, regions)
    for index in (
        builder.finish(ABC, BED),
        builder.finish(ABC, BED, kind="csi"),
        builder.finish(ABC, BED, kind="csi", depth=8),
        TabixIndex.from_bytes(builder.finish(ABC, BED).to_bytes("csi")),
    ):
        assert answer(index, rows, offsets, regions) == expected


@settings(max_examples=30)
@given(files(zero=False))
def test_a_tbi_made_a_csi_is_the_csi(file):
    builder = build(*file)
    csi = builder.finish(ABC, BED, kind="csi")
    assert TabixIndex.from_bytes(builder.finish(ABC, BED).to_bytes("csi")) == csi


@settings(max_examples=30)
@given(files())
def test_what_is_built_can_be_written_and_read(file):
    for kind in ("tbi", "csi"):
        index = build(*file).finish(ABC, BED, kind=kind)
        assert TabixIndex.from_bytes(index.to_bytes()) == index


@settings(max_examples=30)
@given(st.lists(intervals(14, 9, most=1 << 30), min_size=1, max_size=9), st.data())
def test_chroms_past_512_mb_are_found(places, data):
    rows = sorted((0, s, e) for s, e in places)
    offsets = [i * 100_000 << 16 for i in range(len(rows) + 1)]
    index = build(rows, offsets).finish("abc", BED)
    assert index.kind == ("csi" if max(e for _, _, e in rows) > 2**29 else "tbi")
    regions = data.draw(regions_of(14, 9))
    assert answer(index, rows, offsets, regions) == brute_force(rows, regions)


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def test_no_rows_make_an_index_without_bins():
    for kind in ("tbi", "csi"):
        index = IndexBuilder().finish(ABC, BED, kind=kind)
        assert index.to_bytes() == pack(kind, ABC, BED, {})
        assert index.row_counts == {"a": 0, "b": 0, "c": 0}


def test_empty_batches_change_nothing():
    builder = IndexBuilder()
    assert builder.push([], [], [], [77]) is None
    assert builder.push([0], [5], [6], [3, 9]) is None
    assert builder.push([], [], [], [9]) is None
    assert builder.finish(["a"], BED).pseudo.tolist() == [[3, 9, 1, 0]]


def test_the_kind_is_told_by_the_last_end():
    builder = build([(0, 5, 2**29)], [0, 1])
    assert (builder.max_end, builder.finish("a", BED).kind) == (2**29, "tbi")
    assert builder.push([0], [6], [2**29 + 1], [1, 2]) is None
    index = builder.finish("a", BED)
    assert (builder.max_end, index.kind, index.depth) == (2**29 + 1, "csi", 6)
    with pytest.raises(WriteError, match="a row ends at 536870913, but TBI "):
        builder.finish("a", BED, kind="tbi")
    with pytest.raises(WriteError, match="take a depth of 6"):
        builder.finish("a", BED, kind="csi", depth=5)


def test_another_min_shift_or_depth_makes_a_csi():
    assert build([(0, 5, 6)], [0, 1], min_shift=12).finish("a", BED).kind == "csi"
    assert build([(0, 5, 6)], [0, 1]).finish("a", BED, depth=7).kind == "csi"
    with pytest.raises(WriteError, match="a TBI has min_shift 14 and depth 5; write a CSI"):
        build([(0, 5, 6)], [0, 1]).finish("a", BED, kind="tbi", depth=7)
    with pytest.raises(ValueError, match="depth is 11"):
        build([(0, 5, 6)], [0, 1]).finish("a", BED, depth=11)
    with pytest.raises(ValueError, match="min_shift is 0"):
        IndexBuilder(0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((1, 99, 200), "start before the last"),
        ((0, 500, 600), "chrom again"),
        ((1, 100, 99), "end before start"),
        ((1, 100, 2**44 + 1), "too far"),
    ],
)
def test_a_row_that_cannot_be_indexed_is_told_by_its_number(row, reason):
    rows = [(0, 100, 200), (1, 100, 200), row, (1, 300, 400)]
    for batch in (1, 2, 3):
        builder = IndexBuilder()
        found = [
            builder.push(
                *zip(*rows[i : i + batch], strict=True), range(len(rows[i : i + batch]) + 1)
            )
            for i in range(0, 3, batch)
        ]
        assert [f for f in found if f] == [(2, reason)]


def test_what_does_not_go_together_is_a_value_error():
    builder = IndexBuilder()
    with pytest.raises(ValueError, match="2 refs, 1 starts, 2 ends, 3 offsets"):
        builder.push([0, 0], [1], [2, 3], [0, 1, 2])
    with pytest.raises(ValueError, match="a chrom id is negative"):
        builder.push([-1], [1], [2], [0, 1])
    with pytest.raises(ValueError, match="rows have the chrom id 7 of 1 names"):
        build([(7, 1, 2)], [0, 1]).finish("a", BED)


def test_a_start_below_zero_counts_as_zero():
    """POS 0 of a VCF: [-1, 0)."""
    index = build([(0, -1, 0), (0, 0, 1)], [0, 9, 20]).finish("a", VCF)
    assert index.bins.tolist() == [4681]
    assert index.chunks(("a", 0, 1)).tolist() == [[0, 20]]


def test_chroms_in_another_order_than_their_ids():
    builder = build([(2, 5, 6), (0, 5, 20_000), (0, 30_000, 30_001)], [0, 10, 20, 30])
    for kind in ("tbi", "csi"):
        index = builder.finish(ABC, BED, kind=kind)
        assert index.chunks(("c", 5, 6)).tolist() == [[0, 10]]
        assert index.chunks(("a", 5, 6)).tolist() == [[10, 30]]
        assert index.row_counts == {"a": 2, "b": 0, "c": 1}


def test_memory_grows_with_blocks_not_with_rows():
    """Rows that alternate between two bins: chunks of a block are one at once."""
    n = 40_000
    starts = np.repeat(np.arange(n // 2) % 2 + WINDOW - 2, 2)
    starts.sort()
    ends = starts + np.tile([1, 10], n // 2)
    offsets = np.arange(n + 1) * 40
    offsets = (offsets // 65280 * 18_000) << 16 | offsets % 65280
    builder = IndexBuilder()
    assert builder.push(np.zeros(n, int), starts, ends, offsets) is None
    assert sum(len(chunk) for chunk, _ in builder._chunks) < 100
    assert len(builder.finish("a", BED).chunk_ranges) < 100


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def place_bed(f):
    start, end = int(f[1]), int(f[2])
    return f[0], start, end


def place_gff(f):
    return f[0], int(f[3]) - 1, int(f[4])


def place_vcf(f):
    start = int(f[1]) - 1
    end = start + len(f[3])
    for item in f[7].split(b";"):
        if item.startswith(b"END="):
            end = int(item[4:])
    return f[0], start, end


def place_sam(f):
    start, length, number = int(f[3]) - 1, 0, b""
    for c in f[5].decode():
        if c.isdigit():
            number += c.encode()
        else:
            length += int(number) if c in "MDN=X" and number else 0
            number = b""
    return f[2], start, start + max(length, 1)


PLACES = {BED: place_bed, GFF: place_gff, VCF: place_vcf, SAM: place_sam}


def scan(path, layout):
    """A BGZF file's names, rows, offsets, and where its last line ends."""
    data = path.read_bytes()
    at, begins, sizes, texts = 0, [], [], []
    while at < len(data):
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        texts.append(zlib.decompress(data[at + 18 : at + size - 8], -15))
        begins.append(at)
        sizes.append(len(texts[-1]))
        at += size
    first = np.r_[0, np.cumsum(sizes)]

    def tell(place):  # as bgzf_tell: at a block's end it is at the next one's begin
        i = int(np.searchsorted(first, place))
        i -= 1 if i == len(first) or first[i] != place else 0
        return (begins[i] if i < len(begins) else at) << 16 | int(place - first[i])

    names, rows, offsets, place = {}, [], [], 0
    for number, line in enumerate(b"".join(texts).splitlines(keepends=True)):
        begin, place = place, place + len(line)
        if number >= layout.skip and not line.startswith(layout.meta.encode()):
            name, start, end = PLACES[layout](line.rstrip(b"\r\n").split(b"\t"))
            rows.append((names.setdefault(name.decode(), len(names)), start, end))
            offsets = offsets or [tell(begin)]
            offsets.append(tell(place))
    return list(names), rows, offsets or [0], tell(place)


def indexed(path, layout, kind="tbi", depth=None):
    """The index from here of a file."""
    names, rows, offsets, end = scan(path, layout)
    return build(rows, offsets).finish(names, layout, kind=kind, depth=depth, end=end)


def tabix(path, *args):
    """The index that the program tabix makes."""
    program("tabix", "-f", *args, path)
    suffix = ".csi" if "-C" in args else ".tbi"
    return TabixIndex.read(path.with_name(path.name + suffix))


def by_pysam(path, preset, csi=False):
    made = path.with_name("by_pysam")
    pysam.tabix_index(str(path), preset=preset, force=True, index=str(made), csi=csi)
    return TabixIndex.read(made)


def bgzipped(path, text):
    path.write_bytes(text)
    program("bgzip", "-f", path)
    return path.with_name(path.name + ".gz")


def bed_rows(n, span, longest, seed):
    """Rows of three chroms, most short, some long; a comment between two of them."""
    rng = np.random.default_rng(seed)
    for chrom in ("chr1", "chr2", "chrX"):
        starts = np.sort(rng.integers(0, span, n))
        lengths = rng.choice([1, 10, 1000, longest], n) * rng.random(n)
        for i, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
            yield chrom, start, min(start + max(int(length), 1), span), rng.bytes(12).hex()
            if i == n // 2:
                yield ("# a comment",)


CASES = {  # rows a chrom, chrom size, longest row
    "one bin": (300, 5_000, 100),
    "dense": (9_000, 2**22, 200_000),
    "sparse": (2_500, 2**29, 30_000),
    "long rows": (1_200, 2**29, 2**28),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bed_files_index_is_that_of_tabix_and_of_pysam(case, tmp_path):
    rows = bed_rows(*CASES[case], seed=len(case))
    text = "#header\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path = bgzipped(tmp_path / "a.bed", text.encode())
    tbi = indexed(path, BED)
    for theirs in (tabix(path, "-p", "bed"), by_pysam(path, "bed")):
        assert tbi == theirs
        assert tbi.to_bytes() == theirs.to_bytes()
    # tabix 1.16 makes a CSI 6 deep, htslib 1.24 one of 8: chosen, not found
    for theirs, depth in (
        (tabix(path, "-C", "-p", "bed"), 6),
        (by_pysam(path, "bed", csi=True), 8),
    ):
        assert theirs.depth == depth
        assert indexed(path, BED, "csi", depth) == theirs


def test_a_gff_files_index_is_that_of_tabix(tmp_path):
    rows = [r for r in bed_rows(900, 2**27, 10**6, seed=3) if len(r) > 1]
    text = "".join(f"{c}\t.\tgene\t{s + 1}\t{e}\t.\t+\t.\tID={n}\n" for c, s, e, n in rows)
    path = bgzipped(tmp_path / "a.gff3", b"##gff-version 3\n" + text.encode() + b"###\n")
    assert indexed(path, GFF) == tabix(path, "-p", "gff") == by_pysam(path, "gff")


def test_a_vcf_files_index_is_that_of_tabix(tmp_path):
    rows = [r for r in bed_rows(900, 2**27, 10**5, seed=4) if len(r) > 1]
    text = "".join(
        f"{c}\t{s + 1}\t.\t{'ACGT'[: 1 + s % 4]}\tA\t.\t.\t"
        + (f"AC=1;END={e + 5};AN=2" if s % 5 == 0 else "AC=2")
        + "\n"
        for c, s, e, n in rows
    )
    head = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path = bgzipped(tmp_path / "a.vcf", head + text.encode())
    assert indexed(path, VCF) == tabix(path, "-p", "vcf") == by_pysam(path, "vcf")


def test_a_sam_files_index_is_that_of_tabix(tmp_path):
    text = "@SQ\tSN:chr1\tLN:100000\n" + "".join(
        f"r{i}\t0\tchr1\t{i * 40 + 1}\t9\t10M{i % 7 * 5000}N5M2I\t*\t0\t0\t*\t*\n"
        for i in range(2000)
    )
    path = bgzipped(tmp_path / "a.sam", text.encode())
    assert indexed(path, SAM) == tabix(path, "-p", "sam")


def test_an_empty_files_index_is_that_of_tabix(tmp_path):
    path = bgzipped(tmp_path / "a.bed", b"#nothing\n")
    assert indexed(path, BED) == tabix(path, "-p", "bed")


@pytest.mark.parametrize("kind", ["tbi", "csi"])
def test_tabix_and_pysam_answer_with_our_index_as_with_theirs(kind, tmp_path):
    # without the comment, which tabix 1.16 takes for a row that it cannot read
    rows = [row for row in bed_rows(3_000, 2**27, 10**7, seed=9) if len(row) > 1]
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path = bgzipped(tmp_path / "a.bed", text.encode())
    tabix(path, "-p", "bed", *(["-C"] if kind == "csi" else []))
    regions = [f"chr{c}:{i * 2**21 + 1}-{i * 2**21 + 40_000}" for c in "12X" for i in range(64)]
    expected = program("tabix", path, *regions)
    assert expected.count("\n") > 100
    index = path.with_name(f"{path.name}.{kind}")
    index.unlink()
    indexed(path, BED, kind).write(index)
    assert program("tabix", path, *regions) == expected
    with pysam.TabixFile(str(path), index=str(index)) as file:
        found = [line for region in regions for line in file.fetch(region=region)]
    assert "\n".join([*found, ""]) == expected


def test_htslib_loses_a_row_of_length_zero_that_our_index_lets_it_find(tmp_path):
    """At a window's first base, with a row of that window after it."""
    text = f"chr1\t{WINDOW}\t{WINDOW}\tzero\nchr1\t{WINDOW}\t{WINDOW + 6}\tsix\n"
    path = bgzipped(tmp_path / "a.bed", text.encode())
    region = f"chr1:{WINDOW - 9}-{WINDOW + 9}"
    theirs = tabix(path, "-p", "bed")
    assert program("tabix", path, region).count("\n") == 1
    assert by_pysam(path, "bed") == theirs
    with pysam.TabixFile(str(path)) as file:  # htslib 1.24
        assert len(list(file.fetch(region=region))) == 1
    assert len(theirs.chunks(("chr1", WINDOW - 9, WINDOW + 9))) == 1
    assert theirs.chunks(("chr1", WINDOW - 9, WINDOW + 9))[0, 0] == 0  # but here it is found
    ours = indexed(path, BED)
    assert (theirs.linear.tolist(), ours.linear.tolist()) == ([22, 22], [0, 22])
    ours.write(path.with_name("a.bed.gz.tbi"))
    assert program("tabix", path, region) == text


CORPUS = {
    "CHM1_pacbio_clip2.bed.gz": BED,
    "CNVtest.vcf.gz": VCF,
    "OffsetTest.vcf.gz": VCF,
    "YRI.low_coverage.2010_07_excerpt.genotypes.vcf.gz": VCF,
    "YRI.trio.2010_06.novelsequences.sites.vcf.gz": VCF,
    "bin_boundary.bed.gz": BED,
    "end.vcf.gz": VCF,
    "example.gtf.gz": GFF,
    "example_0v26.bed.gz": BED,
    "gvcf.vcf.gz": VCF,
    "large_vcf_header.vcf.gz": VCF,
    "oxbow_sample.bed.gz": BED,
    "oxbow_sample.sam.gz": SAM,
    "oxbow_sample.sorted.gff.gz": GFF,
    "oxbow_sample.vcf.gz": VCF,
    "raw.g.vcf.gz": VCF,
    "test.gff3.gz": GFF,
    "test.vcf.gz": VCF,
    "too_few_reads_if_chunk_merging_on.bed.gz": BED,
    "volvox-remark.bed.gz": BED,
    "volvox.filtered.vcf.gz": VCF,
    "volvox.test.vcf.gz": VCF,
}
FAR = {"test.gff3.gz", "test.vcf.gz"}  # with rows past 2**29: no TBI
PRESETS = {BED: "bed", GFF: "gff", VCF: "vcf", SAM: "sam"}


@pytest.mark.parametrize("file", CORPUS)
def test_a_real_files_index_is_that_of_tabix(corpus, file, tmp_path):
    layout = CORPUS[file]
    path = tmp_path / file
    shutil.copy(corpus / "tabix" / file, path)
    theirs = tabix(path, "-C", "-p", PRESETS[layout])
    assert indexed(path, layout, "csi", theirs.depth) == theirs
    if file not in FAR:
        assert indexed(path, layout) == tabix(path, "-p", PRESETS[layout])


def test_a_real_file_past_512_mb_has_the_index_that_lies_beside_it(corpus):
    path = corpus / "tabix" / "fake_large_chromosome" / "test.gff3.gz"
    theirs = TabixIndex.read(path.with_name("test.gff3.gz.csi"))
    assert indexed(path, GFF, "auto", depth=theirs.depth) == theirs


def test_the_last_position_of_a_scheme_can_be_indexed():
    top = max_position()
    rows = [(0, top - 1, top), (0, top, top)]
    assert c_reg2bin(top, top, 14, 5) == 0
    index = build(rows, [0, 10, 20]).finish("a", BED)
    assert index.kind == "tbi"
    assert index.chunks(("a", top - 1, top)).tolist() == [[0, 20]]
