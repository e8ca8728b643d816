"""Coordinate systems of frames: whatever a frame counts from, its answers are the same places.

The law: what a 1-based frame answers is what the 0-based one does, told in the left
frame's system; the other frame's system does not matter.
"""

from __future__ import annotations

import warnings

import pandas as pd
import pyarrow as pa
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


_COLUMNS = "#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "A", "B"
_DECLARED = """##fileformat=VCFv4.5
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Length">
##FORMAT=<ID=LEN,Number=1,Type=Integer,Description="Length">
"""
_UNDECLARED = "##fileformat=VCFv4.5\n"


@st.composite
def _variants(draw: st.DrawFn) -> tuple[str, ...]:
    """A line of a VCF."""
    ref = draw(st.sampled_from(["A", "AC", "ACGT"]))
    kinds = ["C", "<DEL>", "<DUP:TANDEM>", "<CNV>", "<INV>", "<INS>", "<*>", "<NON_REF>", "<DELX>"]
    alleles = draw(st.lists(st.sampled_from(kinds), max_size=3))
    size = st.integers(-40, 40).map(str) | st.just(".")
    info = {
        "DB": None,
        "END": draw(st.none() | st.integers(1, 60).map(str)),
        "CIEND": "70",
        "SVLEN": draw(st.none() | st.lists(size, min_size=1, max_size=3).map(",".join)),
    }
    said = ["DB" if key == "DB" else f"{key}={v}" for key, v in info.items() if v or key == "DB"]
    keys = draw(st.sampled_from([".", "LEN", "GT:LEN", "LEN:GT", "GT"]))
    value = {
        "GT": st.just("0/1"),
        "LEN": size.map(lambda text: text.lstrip("-")),
        ".": st.just("."),
    }
    samples = [":".join(draw(value[key]) for key in keys.split(":")) for _ in "AB"]
    alt = ",".join(alleles) or "."
    return "1", draw(st.integers(0, 30)), ".", ref, alt, ".", ".", ";".join(said), keys, *samples


def _as_pandas_has_it(lines: list[tuple[str, ...]]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=_COLUMNS, dtype="str").astype({"POS": "int64"})


@pytest.mark.filterwarnings("ignore:.*not declare:gidx.errors.GidxWarning")
@settings(max_examples=40)
@given(
    st.lists(_variants(), max_size=8),
    st.sampled_from([_DECLARED, _UNDECLARED]),
    st.sampled_from(["pyarrow", "numpy_nullable", None]),
    st.sampled_from(["arrow", "text"]),
)
def test_rows_of_a_vcf_end_where_the_file_says_whoever_has_read_them(
    tmp_path_factory, lines, header, backend, lists
):
    """By REF, END, SVLEN or LEN, where no column says it; before the first base too (POS 0)."""
    path = tmp_path_factory.mktemp("vcf") / "a.vcf"
    lines.sort(key=lambda line: line[1])
    text = "".join("\t".join(map(str, line)) + "\n" for line in [_COLUMNS, *lines])
    path.write_text(header + text)
    options = {"dtype_backend": backend, "lists": lists}
    told = gidx.read_vcf(path, **options)
    ends = told[["start", "end"]].to_numpy().tolist()
    own = told.drop(columns="end")
    native = gidx.read_vcf(path, names="native", **options)
    assert own.gidx.canonical()[["start", "end"]].to_numpy().tolist() == ends
    assert native.gidx.canonical()[["start", "end"]].to_numpy().tolist() == ends
    plain = pa.table(native).replace_schema_metadata()
    objects = plain.to_pandas()  # lists and maps as Python has them
    assert objects.gidx.canonical()[["start", "end"]].to_numpy().tolist() == ends
    gidx.to_parquet(path, path.with_suffix(".parquet"), names="native")
    kept = gidx.read(path.with_suffix(".parquet"), columns=["start", "end"])
    assert kept.to_numpy().tolist() == ends
    read = _as_pandas_has_it(lines)
    texts = read.astype({"ALT": "string[pyarrow]", "INFO": pd.ArrowDtype(pa.string())})
    words = read.astype({"FORMAT": "category", "A": "category"})
    for frame in (read, texts, words):
        assert frame.gidx.canonical()[["start", "end"]].to_numpy().tolist() == ends


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
