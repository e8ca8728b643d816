"""What people report of other libraries, rebuilt: a call that is meant for one is told ours."""

from __future__ import annotations

import os

import pandas as pd
import pytest

import gidx
from gidx.convert import convert
from gidx.errors import WriteError

SIZES = {"chr1": 1000, "chr2": 1000}
ROWS = pd.DataFrame({
    "chrom": ["chr1", "chr1", "chr2"], "start": [5, 50, 7], "end": [9, 60, 8], "name": list("abc"),
})  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gidx.write_bed(ROWS, "x.bed.gz")
    gidx.write_bigbed(ROWS, "x.bb", SIZES)
    gidx.write_bigwig(ROWS[["chrom", "start", "end"]].assign(value=1.0), "x.bw", SIZES)
    return tmp_path


# ── keywords: none is swallowed (pysamstats#61: chromosome= loaded the whole genome) ────────────


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"chromosome": "chr1"}, "no option 'chromosome'; did you mean 'regions'?"),
        ({"region": "chr1"}, "no option 'region'; did you mean 'regions'?"),
        ({"usecols": ["name"]}, "no option 'usecols'; did you mean 'columns'?"),
        ({"dtype": {"name": "string"}}, "no option 'dtype'; did you mean 'types'?"),
        ({"nrows": 3}, "no option 'nrows'; did you mean gidx.open(…).head(n)?"),
        ({"index_filename": "x.tbi"}, "no option 'index_filename'; did you mean 'index'?"),
        ({"use_zero_based": True}, "did you mean names='native'?"),
        ({"n_threads": 2}, "did you mean 'threads'?"),
    ],
)
@pytest.mark.parametrize("read", [gidx.read_bed, gidx.read_tabix, gidx.read])
def test_a_keyword_of_another_library_is_refused_with_ours(folder, read, given, said):
    with pytest.raises(TypeError) as error:
        read("x.bed.gz", **given)
    assert said.removeprefix("no option ") in str(error.value)
    assert len(read("x.bed.gz")) == 3


def test_a_keyword_is_refused_for_binary_files_too(folder):
    with pytest.raises(TypeError, match="has no option 'region'; did you mean 'regions'"):
        gidx.read("x.bb", region="chr1")
    with pytest.raises(TypeError, match="no option 'chrom_sizes'; did you mean 'chromsizes'"):
        gidx.write_bed(ROWS, "y.bed.gz", chrom_sizes=SIZES)


def test_a_region_in_three_arguments_is_refused_and_says_how(folder):
    """As pyBigWig, pysam and bioframe take it."""
    with pytest.raises(TypeError, match=r"a region is one value: \('chr1', start, end\)"):
        gidx.open("x.bw").values("chr1", 0, 10)
    with pytest.raises(TypeError, match=r"n is 'chr1', expected a whole number, .*rows; regions"):
        gidx.open("x.bb").head("chr1")
    with pytest.raises(TypeError, match="positional"):
        gidx.read_bed("x.bed.gz", "chr1", 5, 9)


def test_columns_by_their_places_are_refused(folder):
    with pytest.raises(TypeError, match="columns has 0; expected names"):
        gidx.read_bed("x.bed.gz", columns=[0])


# ── names of files: WiggleTools#6, #71, genomation#66, bigtools#66, ASCIIGenome#62 ──────────────


@pytest.mark.parametrize("name", ["X.BED.GZ", "x.bed.Gz", "x.bed.bgz", "X.BED.BGZF"])
def test_a_writer_heeds_the_case_of_no_ending(folder, name):
    gidx.write_bed(ROWS, name)
    assert gidx.open(name).count_rows("chr1") == 2
    convert("x.bb", f"again.{name}")
    assert gidx.open(f"again.{name}").count_rows("chr1") == 2


@pytest.mark.parametrize("name", ["x.bigBed", "X.BB", "x.BigBed"])
def test_a_target_of_any_case_is_of_its_kind(folder, name):
    convert("x.bed.gz", name, chromsizes=SIZES)
    assert gidx.open(name).format == "bigbed"


def test_a_readers_file_may_be_called_anything(folder):
    for name, kind in {"x.bb": "bigbed", "x.bw": "bigwig", "x.bed.gz": "bed"}.items():
        os.replace(name, "dataset_7.dat")
        assert gidx.open("dataset_7.dat").format == kind


def test_an_index_may_be_called_anything(folder):
    """pysam#586, and Galaxy, whose files have no endings."""
    os.replace("x.bed.gz.tbi", "dataset_8.dat")
    assert gidx.open("x.bed.gz", index="dataset_8.dat").count_rows("chr1") == 2


@pytest.mark.parametrize("kind", ["tbi", "csi"])
def test_the_kind_of_index_asked_for_is_made(folder, kind):
    """pysam#641: csi=False made a CSI."""
    os.remove("x.bed.gz.tbi")
    assert gidx.build_index("x.bed.gz", kind=kind) == f"x.bed.gz.{kind}"
    assert sorted(p.name for p in folder.glob("x.bed.gz.*")) == [f"x.bed.gz.{kind}"]


# ── schemas that do not fit: bioframe#105, pybedtools#179 ───────────────────────────────────────


@pytest.mark.parametrize("schema", ["bed3", "bed6"])
def test_a_schema_of_more_or_fewer_columns_is_an_error(folder, schema):
    with pytest.raises(
        gidx.FormatError, match=rf"its rows have 4 fields, {schema} has {schema[3]}"
    ):
        gidx.read_bed("x.bed.gz", schema=schema)


# ── closing, state ──────────────────────────────────────────────────────────────────────────────


def test_what_is_closed_is_an_error_and_no_crash(folder):
    """pyBigWig#34: it was a segmentation fault."""
    with gidx.open("x.bb") as ds:
        pass
    with pytest.raises(ValueError, match="read after it was closed"):
        ds.to_table()


def test_what_is_said_of_one_frame_is_said_of_no_other(folder):
    """polars-bio#259: coordinates are an option of the whole session."""
    one, other = ROWS.copy(), ROWS.copy()
    one = one.rename(columns={"chrom": "chr"})
    said = one.gidx.set(chrom="chr", start="start", end="end", coords="1-based")
    assert said.gidx.query(("chr1", 4, 5))["name"].tolist() == ["a"]
    assert other.gidx.query(("chr1", 4, 5)).empty
    assert gidx.read_bed("x.bed.gz")["start"].tolist() == [5, 50, 7]


# ── POS 0 of a VCF: bedops#237 wrote a BED that begins at 18446744073709551615, bedtools2#177
#    left the row out, manta#127 wrote -1 ──────────────────────────────────────────────────────────


def test_a_row_before_the_first_base_stays_in_a_vcf_and_is_refused_elsewhere(tmp_path):
    text = (
        b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        b"MT\t5\ta\tN\t.\t.\t.\t.\nMT\t0\tb\tN\t.\t.\t.\t.\n"
    )
    frame = gidx.read_vcf(text).gidx.sort()
    gidx.write_vcf(frame, tmp_path / "a.vcf.gz")
    assert gidx.read_vcf(tmp_path / "a.vcf.gz", "MT:1-1")["id"].tolist() == ["b"]
    plain = frame[["chrom", "start", "end"]]
    with pytest.raises(WriteError, match=r"found -1, .* before the first base is only a VCF's"):
        gidx.write_bed(plain, tmp_path / "a.bed")
    assert not (tmp_path / "a.bed").exists()
    gidx.write_bed(plain[plain["start"] >= 0], tmp_path / "a.bed")
    assert (tmp_path / "a.bed").read_text() == "MT\t4\t5\n"


# ── frames of one file go together (annbatch#193: categories compared frame by frame) ───────────


def test_frames_of_regions_are_concatenated_with_the_chroms_of_their_file(folder):
    with gidx.open("x.bed.gz") as ds:
        whole = ds.to_pandas()
        parts = [ds.to_pandas(name) for name in ds.chroms]
    found = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(found, whole, check_names=False)
    assert found["chrom"].dtype == gidx.read_bed("x.bed.gz", "chr1")["chrom"].dtype


# ── chroms that pandas read as numbers in one piece of a file and as texts in the next
#    (ABC-Enhancer-Gene-Prediction#268 counted 0 there, pyranges0#375 had more chroms) ─────────────


def test_a_chrom_is_one_whether_it_came_as_a_number_or_as_text():
    rows = pd.DataFrame({"chrom": [9, 9, "9", "X"], "start": [1, 5, 7, 5], "end": [9, 9, 9, 9]})
    assert len(rows.gidx.query("9")) == 3
    assert rows.gidx.count(pd.DataFrame({"chrom": [9], "start": [6], "end": [7]})).tolist() == [
        1, 1, 0, 0,
    ]  # fmt: skip
