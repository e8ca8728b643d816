"""Indexing what is there already: tabix's index, for real files and odd ones."""

from __future__ import annotations

import random
import shutil

import pandas as pd
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.formats.text.test_tabix_read import text_of
from tests.support import tabix_files
from tests.support.strategies import overlapping
from tests.support.tables import places

import gidx
from gidx.binning.index import TabixIndex
from gidx.convert import convert
from gidx.errors import FormatError, WriteError
from gidx.indexing import build_index


def bgzf(path, text, sizes=65280, **options):
    path.write_bytes(tabix_files.bgzip(text.encode(), sizes, **options))
    return path


def tabix(path, csi=False, **options):
    """htslib's index of a copy of the file."""
    copy = path.with_name(f"copy-{path.name}")
    shutil.copyfile(path, copy)
    pysam.tabix_index(str(copy), force=True, csi=csi, keep_original=True, **options)
    return TabixIndex.read(f"{copy}.{'csi' if csi else 'tbi'}")


# ── real files ──────────────────────────────────────────────────────────────────────────────────

FILES = {  # preset of tabix
    "CHM1_pacbio_clip2.bed.gz": "bed",
    "CNVtest.vcf.gz": "vcf",
    "CrlfOffsetTest.vcf.gz": "vcf",
    "OffsetTest.vcf.gz": "vcf",
    "YRI.low_coverage.2010_07_excerpt.genotypes.vcf.gz": "vcf",
    "YRI.trio.2010_06.novelsequences.sites.vcf.gz": "vcf",
    "bin_boundary.bed.gz": "bed",
    "end.vcf.gz": "vcf",
    "example.gtf.gz": "gff",
    "example_0v26.bed.gz": "bed",
    "gvcf.vcf.gz": "vcf",
    "large_vcf_header.vcf.gz": "vcf",
    "oxbow_sample.bed.gz": "bed",
    "oxbow_sample.sam.gz": "sam",
    "oxbow_sample.sorted.gff.gz": "gff",
    "oxbow_sample.sorted.gtf.gz": "gff",
    "oxbow_sample.vcf.gz": "vcf",
    "raw.g.vcf.gz": "vcf",
    "test.bed.gz": "bed",
    "test.gff3.gz": "gff",
    "test.vcf.gz": "vcf",
    "too_few_reads_if_chunk_merging_on.bed.gz": "bed",
    "volvox-remark.bed.gz": "bed",
    "volvox.filtered.vcf.gz": "vcf",
    "volvox.test.vcf.gz": "vcf",
}
LONG = {"test.gff3.gz", "test.vcf.gz"}  # past 2**29


def copied(corpus, name, folder):
    shutil.copyfile(corpus / "tabix" / name, folder / name)
    return folder / name


@pytest.mark.parametrize("file", FILES)
@pytest.mark.filterwarnings("ignore:.*VCF header:gidx.errors.GidxWarning")
def test_real_files_get_the_index_that_tabix_makes(corpus, tmp_path, file):
    path = copied(corpus, file, tmp_path)
    kind = "csi" if file in LONG else "tbi"
    for preset in (None, FILES[file]):
        assert build_index(path, preset=preset) == f"{path}.{kind}"
        found = TabixIndex.read(f"{path}.{kind}")
        expected = tabix(path, csi=file in LONG, preset=FILES[file])
        if file in LONG:  # of a depth that tabix chooses by other means
            assert found.row_counts == expected.row_counts
        else:
            assert found == expected


@pytest.mark.parametrize("file", FILES)
@pytest.mark.filterwarnings("ignore:.*VCF header:gidx.errors.GidxWarning")
def test_real_files_answer_by_either_kind_as_a_scan_does(corpus, tmp_path, file):
    path = copied(corpus, file, tmp_path)
    indexes = [build_index(path, tmp_path / "x.csi", kind="csi")]
    if file not in LONG:
        indexes.append(build_index(path, tmp_path / "x.tbi", kind="tbi"))
    datasets = [gidx.open(path, index=index) for index in indexes]
    columns = ["chrom", "start", "end"]
    rows = [r for r in places(datasets[0].to_table(columns=columns)) if r[1] is not None]
    r = random.Random(3)
    for chrom, s, e in r.sample(rows, min(12, len(rows))):
        region = chrom, max(0, s + r.randint(-3, 3)), e + r.randint(3, 9)
        for dataset in datasets:
            found = dataset.to_table(region, columns=columns)
            assert places(found) == overlapping(rows, [region])


def test_a_real_file_with_skipped_lines(corpus, tmp_path):
    path = copied(corpus, "skiplines_header.bed.gz", tmp_path)
    expected = TabixIndex.read(corpus / "tabix" / "skiplines_header.bed.gz.tbi")
    build_index(path)  # which knows BED
    found = TabixIndex.read(f"{path}.tbi")
    assert (found.names, found.layout.skip, found.layout.zero_based) == (expected.names, 1, True)
    build_index(path, chrom=1, start=2, end=3, skip=1)
    assert TabixIndex.read(f"{path}.tbi") == expected


# ── files of any kind ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sizes", [65280, 400, 57])
@pytest.mark.parametrize("last", ["", "# the end\n"])
def test_blocks_of_any_size_make_tabixs_index(tmp_path, sizes, last):
    rows = tabix_files.intervals(4, 900)
    path = bgzf(tmp_path / "a.bed.gz", "#c\n" + text_of(rows) + last, sizes)
    build_index(path)
    assert TabixIndex.read(f"{path}.tbi") == tabix(path, preset="bed")


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 3), st.sampled_from([64, 1000, 10**6]))
def test_groups_of_any_size_make_the_same_index(tmp_path_factory, seed, threads, group):
    folder = tmp_path_factory.mktemp("groups")
    text = text_of(tabix_files.intervals(seed % 7, 90))
    path = bgzf(folder / "a.bed.gz", text, random.Random(seed))
    build_index(path)
    expected = (folder / "a.bed.gz.tbi").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gidx.bgzf.lines.BgzfLines._group_size", lambda self: (group, group))
        build_index(path, threads=threads)
    assert (folder / "a.bed.gz.tbi").read_bytes() == expected


def test_a_last_line_without_a_line_break_is_indexed(tmp_path):
    path = bgzf(tmp_path / "a.bed.gz", "chr1\t1\t2\nchr1\t5\t9")
    build_index(path)
    assert gidx.open(path).count_rows("chr1:6-7") == 1


def test_files_without_rows(tmp_path):
    for text in ("", "# nothing\n"):
        path = bgzf(tmp_path / "a.bed.gz", text)
        assert build_index(path, preset="bed") == f"{path}.tbi"
        assert TabixIndex.read(f"{path}.tbi").row_counts == {}


def test_columns_of_any_table(tmp_path):
    text = "x\tc1\t9\t5\ny\tc1\t12\t7\n"
    path = bgzf(tmp_path / "a.tsv.gz", text)
    build_index(path, chrom=2, start=4, end=3)
    expected = tabix(path, seq_col=1, start_col=3, end_col=2)
    assert TabixIndex.read(f"{path}.tbi") == expected
    build_index(path, chrom=2, start=4)
    assert places(gidx.open(path).to_table("c1:7")) == [("c1", 6, 7)]


@pytest.mark.parametrize("given", [{}, {"preset": "bed"}, {"chrom": 1, "start": 2, "end": 3}])
@pytest.mark.parametrize(("text", "lines"), [
    ("c\t1\t5\nc\t2\t5\n", "2 lines"), ("c\t1\t5\nc\t2\t5", "2 lines"), ("#x\n", "1 line"),
])  # fmt: skip
def test_more_lines_than_a_file_has_are_not_skipped(tmp_path, given, text, lines):
    path = bgzf(tmp_path / "a.bed.gz", text)
    with pytest.raises(FormatError, match=rf"skip is 99,999, but it has only {lines}"):
        build_index(path, skip=99_999, **given)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bed.gz"]
    build_index(path, skip=1, **given)
    assert gidx.open(path).count_rows() == text.count("c") - (text[0] == "c")


def test_meta_and_skip(tmp_path):
    text = "skip me\n%comment\nc1\t5\t9\n%again\nc1\t7\t9\n"
    path = bgzf(tmp_path / "a.tsv.gz", text)
    build_index(path, chrom=1, start=2, end=3, meta="%", skip=1)
    found = TabixIndex.read(f"{path}.tbi")
    assert (found.layout.meta, found.layout.skip) == ("%", 1)
    assert gidx.open(path).count_rows("c1:8-9") == 2


def test_sam_rows_without_a_place_stand_at_the_end(tmp_path):
    head = "@SQ\tSN:c1\tLN:99\n"
    row = "r\t0\tc1\t5\t9\t4M2D3M\t*\t0\t0\tACGTACG\t*\n"
    none = "u\t4\t*\t0\t0\t*\t*\t0\t0\tA\t*\n"
    path = bgzf(tmp_path / "a.sam.gz", head + row + none)
    build_index(path)
    found = TabixIndex.read(f"{path}.tbi")
    assert (found.n_no_coor, found.row_counts) == (1, {"c1": 1})
    assert gidx.open(path).count_rows("c1:13-13") == 1
    path = bgzf(tmp_path / "b.sam.gz", head + none + row)
    with pytest.raises(FormatError, match=r"c1:5 after rows without a place.*samtools sort"):
        build_index(path)


def test_vcf_rows_reach_to_their_end(tmp_path):
    text = (
        "##fileformat=VCFv4.3\n##INFO=<ID=END,Number=1,Type=Integer,Description=\"\">\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "c1\t10\t.\tA\t<DEL>\t.\t.\tEND=600000000\nc1\t20\t.\tACG\tA\t.\t.\t.\n"
    )  # fmt: skip
    path = bgzf(tmp_path / "a.vcf.gz", text)
    assert build_index(path).endswith(".csi")
    assert gidx.open(path).count_rows(("c1", 599_999_999, 600_000_000)) == 1
    with pytest.raises(WriteError, match="a row ends at 600000000, but TBI"):
        build_index(path, kind="tbi")


def test_a_fasta_section_ends_the_table(tmp_path):
    gff = "##gff-version 3\nc1\t.\tgene\t5\t9\t.\t+\t.\tID=a\n##FASTA\n>c1\n" + "ACGT\n" * 9
    path = bgzf(tmp_path / "a.gff3.gz", gff, 50)
    build_index(path)
    assert TabixIndex.read(f"{path}.tbi").row_counts == {"c1": 1}


# ── what is refused ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c1\t5\t9\nc2\t1\t2\nc1\t9\t9\n", r"not sorted: c1:9 after c2:1 \(row 2\); sort it: gidx"),
        ("c1\t5\t9\nc1\t1\t2\n", r"block at byte 0, 7 into its data: .*c1:1 after c1:5 \(row 1\)"),
        ("c1\t5\t9\nc1\tx\t2\n", "field 2 is 'x', expected a position"),
        ("c1\t5\t9\nc1\t5\n", "2 fields, expected 3 or more: 'c1"),
        ("c1\t5\t9\nc1\t9\t5\n", "ends before it starts"),
    ],
)
def test_rows_that_have_no_place_are_refused_and_nothing_is_left(tmp_path, text, message):
    path = bgzf(tmp_path / "a.bed.gz", text)
    with pytest.raises(FormatError, match=message):
        build_index(path, preset="bed")
    assert [p.name for p in tmp_path.iterdir()] == ["a.bed.gz"]


def test_rows_of_other_widths_are_indexed(tmp_path):
    path = bgzf(tmp_path / "a.bed.gz", "c1\t1\t2\nc1\t3\t4\tmore\n")
    build_index(path)
    assert TabixIndex.read(f"{path}.tbi") == tabix(path, preset="bed")


def test_what_no_index_can_seek_in_is_refused_with_the_way_out(tmp_path):
    import gzip

    plain, zipped = tmp_path / "a.bed", tmp_path / "b.bed.gz"
    plain.write_text("c1\t1\t2\n")
    zipped.write_bytes(gzip.compress(b"c1\t1\t2\n"))
    for path in (plain, zipped):
        with pytest.raises(FormatError, match="gidx bgzip"):
            build_index(path)
    with pytest.raises(FormatError, match="parted by blanks"):
        build_index(bgzf(tmp_path / "c.bed.gz", "c1 1 2\n"))
    with pytest.raises(FormatError, match=r"cannot tell which columns|text of no format"):
        build_index(bgzf(tmp_path / "d.tsv.gz", "a\tb\tc\n"))


ENDINGS = {"bigBed": "bb", "bigWig": "bw", "Parquet": "parquet", "Arrow": "arrow"}


@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize("options", [{}, {"preset": "bed"}])
def test_what_needs_no_index_says_so(tmp_path, kind, options):
    rows = pd.DataFrame({"chrom": ["c1"], "start": [1], "end": [2], "score": [1]})
    gidx.write_bed(rows, tmp_path / "a.bed")
    path = tmp_path / f"a.{ENDINGS[kind]}"
    if kind == "bigBed":
        gidx.write_bigbed(rows.iloc[:, :3], path, {"c1": 9})
    elif kind == "bigWig":
        gidx.write_bigwig(rows, path, {"c1": 9})
    else:
        convert(tmp_path / "a.bed", path)
    with pytest.raises(FormatError, match=f"a {kind} file, which is read without an index beside"):
        build_index(path, **options)


def test_an_index_of_the_other_kind_must_be_of_the_same_rows(tmp_path):
    path = bgzf(tmp_path / "a.bed.gz", "c1\t1\t2\n")
    build_index(path)
    build_index(path, kind="csi")
    bgzf(path, "c0\t1\t2\nc1\t1\t2\n")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for kind, other in (("csi", "tbi"), ("tbi", "csi")):
        with pytest.raises(WriteError, match=rf"a\.bed\.gz\.{other} is an index of other data"):
            build_index(path, kind=kind)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_options_that_mean_nothing_are_refused(tmp_path):
    path = bgzf(tmp_path / "a.bed.gz", "c1\t1\t2\n")
    for options in (
        {"kind": "bai"}, {"preset": "bam"}, {"chrom": 0}, {"meta": "##"}, {"skip": -1},
        {"min_shift": 0},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"expected|columns count from 1|min_shift is 0"):
            build_index(path, **options)
    for options in ({"preset": "bed", "chrom": 1}, {"zero_based": True}):
        with pytest.raises(TypeError, match="columns"):
            build_index(path, **options)
    with pytest.raises(ValueError, match="say index_path"):
        build_index(path.read_bytes())
    assert build_index(path.read_bytes(), tmp_path / "x.tbi") == str(tmp_path / "x.tbi")
