"""Coordinate systems of frames: whatever a frame counts from, its answers are the same places.

The law: what a 1-based frame answers is what the 0-based one does, told in the left
frame's system; the other frame's system does not matter.
"""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal
from tests.support.frames import Frame, build, rows

import gidx
from gidx.errors import ColumnError, GidxWarning

ZERO, ONE = "0-based", "1-based"


def in_system(frame: Frame, system: str, how: str) -> pd.DataFrame:
    """The frame counted from 0 or 1; ``how`` it is said: by the names, or with `set`."""
    data = frame.data.copy()
    if system == ONE:
        data["start"] += 1
        if how == "names":
            return data.rename(columns={"chrom": "seqid"})
        with pytest.warns(GidxWarning, match="canonical"):
            data.gidx.set(coords=ONE)
    return data


def counted_from_1(found: pd.DataFrame, starts: list[str]) -> pd.DataFrame:
    return found.assign(**{name: found[name] + 1 for name in starts if name in found})


@settings(max_examples=60)
@given(
    rows(most=8), rows(most=8), st.sampled_from([ZERO, ONE]), st.sampled_from([ZERO, ONE]),
    st.sampled_from(["names", "set"]),
)  # fmt: skip
def test_answers_are_in_the_left_frames_system(mine, theirs, left, right, how):
    one, two = build(mine), build(theirs)
    frame, other = in_system(one, left, how), in_system(two, right, how)

    def told(found: pd.DataFrame) -> pd.DataFrame:
        if left == ONE:
            found = counted_from_1(found, ["start", "start_other", "overlap_start"])
        return found

    def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
        found = found.rename(columns={"seqid": "chrom"})
        assert_frame_equal(found, told(expected), check_flags=False)

    for ask in (
        lambda a, b: a.gidx.query(b),
        lambda a, b: a.gidx.join(b, overlap=True),
        lambda a, b: a.gidx.join(b, how="left"),
        lambda a, b: a.gidx.nearest(b, k=2, how="left"),
        lambda a, b: a.gidx.sort(),
    ):
        same(ask(frame, other), ask(one.data, two.data))
    for ask in (
        lambda a, b: a.gidx.overlaps(b),
        lambda a, b: a.gidx.count(b),
        lambda a, b: a.gidx.coverage(b),
        lambda a, b: a.gidx.coverage(b, fraction=True),
        lambda a, b: a.gidx.depth(b),
    ):
        assert_series_equal(ask(frame, other), ask(one.data, two.data))
    assert frame.gidx.is_sorted == one.data.gidx.is_sorted
    faults = frame.gidx.validate()[["row", "column"]].replace("seqid", "chrom")
    assert_frame_equal(faults, one.data.gidx.validate()[["row", "column"]])
    canonical = frame.gidx.canonical()
    assert_frame_equal(canonical, one.data)
    assert_frame_equal(pd.concat([canonical]).gidx.query(other), one.data.gidx.query(two.data))


# ── canonical ───────────────────────────────────────────────────────────────────────────────────

FRAMES = {
    "PyRanges": pd.DataFrame({"Name": "a", "Chromosome": ["1"], "Start": 9, "End": 13}),
    "GFF3": pd.DataFrame({"seqid": ["1"], "Name": "a", "start": 10, "end": 13}),
    "VCF": pd.DataFrame({"CHROM": ["1"], "POS": 10, "REF": "ACGT", "Name": "a"}),
    "VCF, END": pd.DataFrame({"CHROM": ["1"], "POS": 10, "INFO": "DP=1;END=13", "REF": "A"}),
    "variants": pd.DataFrame({"chrom": ["1"], "start": 9, "ref": "ACGT", "alt": "A"}),
    "positions": pd.DataFrame({"chrom": ["1"], "pos": 10, "ref": "ACGT", "alt": "A"}),
    "integer chroms": pd.DataFrame({"chrom": [1], "start": 9, "end": 13}),
    "float chroms": pd.DataFrame({"chrom": [1.0], "start": 9, "end": 13}),
    "object chroms": pd.DataFrame({"chrom": pd.Series([1], dtype="object"), "start": 9, "end": 13}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_canonical_columns_are_chrom_start_end_0_based(frame):
    frame = frame.set_axis(["x"])
    found = frame.gidx.canonical()
    assert found.columns.tolist()[:3] == ["chrom", "start", "end"]
    assert found.iloc[0, :3].tolist() == ["1", 9, 13]
    assert found.index.tolist() == ["x"]
    assert len(found.columns) == len(frame.columns) + ("end" not in map(str.lower, frame.columns))
    found.attrs.clear()
    assert found.gidx.overlaps([("1", 12, 13)]).tolist() == [True]
    assert found.gidx.overlaps([("1", 13, 14), ("1", 8, 9)]).tolist() == [False]


def test_canonical_is_a_frame_of_its_own_and_refuses_a_name_that_is_taken():
    frame = build([("chr2", 5, 9)]).data
    found = frame.gidx.canonical()
    found.loc[0, "start"] = 0
    assert frame["start"].tolist() == [5]
    with pytest.raises(ColumnError, match="another column has this name"):
        pd.DataFrame({"Chromosome": ["1"], "Start": 1, "End": 5, "chrom": "x"}).gidx.canonical()


def test_set_warns_where_the_names_alone_mean_something_else():
    frame = build([("chr2", 5, 9)]).data
    with pytest.warns(GidxWarning, match="alone mean 0-based half-open .*canonical"):
        frame.gidx.set(coords=ONE)
    assert frame.gidx.canonical()["start"].tolist() == [4]
    assert "roles" not in frame.gidx.canonical().attrs["gidx"]
    frame.gidx.set(coords=ZERO)  # what they mean: no warning
    frame.rename(columns={"chrom": "seqid"}).gidx.set("seqid", "start", "end")
    pd.DataFrame({"chr": ["1"], "start": 1, "end": 2}).gidx.set(coords=ONE)  # nobody would know


# ── variants without an end ─────────────────────────────────────────────────────────────────────


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(["A", "AC", "ACGT"]), st.integers(-1, 40)),
        max_size=8,
    )
)
def test_ends_of_a_vcf_that_pandas_has_read_are_those_of_the_file(tmp_path_factory, rows):
    """Also before the first base, where POS is 0."""
    path = tmp_path_factory.mktemp("vcf") / "a.vcf"
    columns = "#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"
    lines = [
        ("1", pos, ".", ref, "<X>", ".", ".", "DB" if end < 1 else f"DB;END={end}")
        for pos, ref, end in sorted(rows)
    ]
    head = '##fileformat=VCFv4.3\n##INFO=<ID=END,Number=1,Type=Integer,Description="E">\n'
    text = "".join("\t".join(map(str, line)) + "\n" for line in [columns, *lines])
    path.write_text(head + text)
    frame = pd.DataFrame(lines, columns=columns)
    found = frame.astype({"#CHROM": "str", "POS": "int64"}).gidx.canonical()
    told = gidx.read_vcf(path, columns=["start", "end"])
    assert found[["start", "end"]].to_numpy().tolist() == told.to_numpy().tolist()


def test_variants_without_an_end_are_as_long_as_ref(tmp_path):
    frame = pd.DataFrame(
        {"chrom": ["1", "1", "2"], "start": [9, 19, 4], "ref": ["ACGT", None, "AC"], "alt": "T"}
    )
    assert frame.gidx.overlaps(("1", 12, 20)).tolist() == [True, True, False]
    assert frame.gidx.overlaps(("1", 20, 90)).tolist() == [False, False, False]
    assert frame.gidx.is_sorted
    assert frame.gidx.validate().empty
    genes = build([("2", 5, 9), ("1", 13, 19)]).data
    assert genes.gidx.count(frame).tolist() == [1, 0]
    assert frame.gidx.join(genes)["n"].tolist() == [0]
    whole = frame.dropna()
    gidx.write_vcf(whole, tmp_path / "a.vcf.gz")
    whole.gidx.to_vcf(tmp_path / "b.vcf.gz")
    found = gidx.read_vcf(tmp_path / "a.vcf.gz")
    assert found["end"].tolist() == whole.gidx.canonical()["end"].tolist() == [13, 6]
    assert found.equals(gidx.read_vcf(tmp_path / "b.vcf.gz"))
    ds = gidx.open(tmp_path / "a.vcf.gz")
    assert ds.count_rows(whole.head(1)) == 1


# ── writers called directly ─────────────────────────────────────────────────────────────────────

VARIANTS = {"ref": ["A", "CT", "G"], "alt": ["C", "C", "<DEL>"], "INFO/SVLEN": [None, None, [-40]]}
WRITERS = {
    "bed": (gidx.write_bed, "x.bed", {}),
    "bigbed": (gidx.write_bigbed, "x.bb", {"chromsizes": {"chr1": 5000, "7": 5000}}),
    "gff": (gidx.write_gff, "x.gff3", {}),
    "gtf": (gidx.write_gtf, "x.gtf", {}),
    "tabix": (gidx.write_tabix, "x.tsv", {}),
    "vcf": (gidx.write_vcf, "x.vcf", {}),
}
TOLD = {
    "its own names": {"chrom": "chr1", "start": [10, 20, 90], "end": [12, 30, 95]},
    "other names": {"c": "chr1", "from": [10, 20, 90], "to": [12, 30, 95]},
    "no end": {"chrom": "chr1", "at": [10, 20, 90]},
    "a chrom that is a number": {"c": 7, "start": [10, 20, 90], "end": [12, 30, 95]},
    "numpy floats": {"chrom": "chr1", "start": [10.0, 20, 90], "end": [12.0, 30, 95]},
}


@pytest.mark.filterwarnings("ignore:the columns")
@pytest.mark.parametrize("coords", [ONE, ZERO])
@pytest.mark.parametrize("names", TOLD)
@pytest.mark.parametrize("kind", WRITERS)
def test_what_was_said_holds_for_writers_called_directly(tmp_path, kind, names, coords):
    write, name, options = WRITERS[kind]
    columns = TOLD[names]
    more = VARIANTS if kind == "vcf" else {"name": ["a", "b", "c"]}
    if kind == "vcf":  # whose rows are as long as REF
        columns = {k: v for k, v in columns.items() if k not in ("end", "to")}
    frame = pd.DataFrame({**columns, **more})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        frame.gidx.set(*columns, coords=coords)
    before = frame.copy()
    write(frame, tmp_path / f"direct-{name}", **options)
    getattr(frame.gidx, f"to_{kind}")(tmp_path / name, **options)
    assert (tmp_path / f"direct-{name}").read_bytes() == (tmp_path / name).read_bytes()
    pd.testing.assert_frame_equal(frame, before)
    found = gidx.read(tmp_path / f"direct-{name}")
    assert found["start"].tolist() == [9, 19, 89] if coords == ONE else [10, 20, 90]
