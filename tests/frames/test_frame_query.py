"""Regions asked of frames: against brute force, against files, against bioframe."""

from __future__ import annotations

import json

import bioframe
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal
from tests.support import strategies
from tests.support.frames import (
    CHROM_DTYPES,
    POSITION_DTYPES,
    Frame,
    Row,
    as_if_large,
    bases,
    build,
    frames,
    matches,
    regions_of,
)

import gidx
from gidx.errors import ColumnError, RegionError, UnknownChromError
from gidx.ground.region import Region
from gidx.ground.tuning import tuning

FORMS = {
    "text": lambda r: f"{r[0]}:{r[1] + 1:,}-{r[2]:,}",
    "tuple": lambda r: r,
    "numpy tuple": lambda r: (r[0], np.int64(r[1]), np.int32(r[2])),
    "Region": lambda r: Region(*r),
}


def hits(frame: Frame, asked: list[Row]) -> list[int]:
    return [i for i, row in enumerate(frame.rows) if any(matches(row, r) for r in asked)]


def assert_rows(found: pd.DataFrame, frame: Frame, rows: list[int]) -> None:
    """The same rows, order, index, dtypes and metadata."""
    assert_frame_equal(found, frame.data.iloc[rows])
    assert found.attrs == frame.data.attrs


def of_frame(rows: list[Row], columns=("chrom", "start", "end"), shift: int = 0) -> pd.DataFrame:
    data = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    found = pd.DataFrame(data).astype({columns[1]: "Int64", columns[2]: "Int64"})
    found[columns[1]] += shift
    return found


@st.composite
def cases(draw, most: int = 5):
    frame = draw(frames())
    asked = draw(st.lists(regions_of(frame), max_size=most))
    known = {row[0] for row in frame.rows}
    return frame, [region for region in asked if region[0] in known]


# ── laws ────────────────────────────────────────────────────────────────────────────────────────


@given(cases(), st.data(), st.booleans())
def test_a_query_is_the_rows_that_overlap_in_their_order(case, data, large):
    frame, asked = case
    forms = [data.draw(st.sampled_from(list(FORMS))) for _ in asked]
    regions = [FORMS[form](region) for form, region in zip(forms, asked, strict=True)]
    with as_if_large(large):
        assert_rows(frame.data.gidx.query(regions), frame, hits(frame, asked))
        marked = frame.data.gidx.overlaps(regions)
    assert_series_equal(
        marked,
        pd.Series(
            [i in hits(frame, asked) for i in range(len(frame.rows))],
            frame.data.index,
            dtype=bool,
            name="overlaps",
        ),
    )
    assert_frame_equal(frame.data[marked], frame.data.gidx[regions])
    for region, one in zip(regions, asked, strict=True):
        assert_rows(frame.data.gidx[region], frame, hits(frame, [one]))


def assert_own_rows(frame: Frame, asked: object, regions: list[Row]) -> None:
    """count, coverage and depth: a value for each own row, on the frame's index, brute force."""
    face, rows, index = frame.data.gidx, frame.rows, frame.data.index
    counts = [sum(matches(row, one) for one in regions) for row in rows]
    within = [bases(regions, row) for row in rows]
    covered = [len({*one}) for one in within]
    lengths = np.array([0 if None in row else row[2] - row[1] for row in rows], float)
    with np.errstate(invalid="ignore"):
        parts = np.array(covered, float) / lengths
        depths = np.array([len(one) for one in within], float) / lengths
    assert_series_equal(face.count(asked), pd.Series(counts, index, dtype="int64", name="count"))
    assert_series_equal(face.count(asked) > 0, face.overlaps(asked), check_names=False)
    expected = pd.Series(covered, index, dtype="int64", name="coverage")
    assert_series_equal(face.coverage(asked), expected)
    expected = pd.Series(parts, index, name="coverage")
    assert_series_equal(face.coverage(asked, fraction=True), expected)
    assert_series_equal(face.depth(asked), pd.Series(depths, index, name="depth"))


@given(cases(), st.data())
def test_counts_coverage_and_depth_are_those_of_brute_force(case, data):
    frame, asked = case
    forms = [data.draw(st.sampled_from(list(FORMS))) for _ in asked]
    regions = [FORMS[form](region) for form, region in zip(forms, asked, strict=True)]
    assert_own_rows(frame, regions, asked)
    for region, one in zip(regions, asked, strict=True):
        assert_own_rows(frame, region, [one])


@st.composite
def couples(draw) -> tuple[Frame, Frame]:
    """Two frames whose chroms are named alike, or not at all; of any kinds."""
    numbered = draw(st.booleans())
    return draw(frames(numbered=numbered)), draw(frames(most=8, numbered=numbered))


@given(couples(), st.booleans())
def test_a_frame_of_regions_is_asked_by_its_rows_whatever_either_is(couple, large):
    frame, other = couple
    with as_if_large(large):
        assert_rows(frame.data.gidx.query(other.data), frame, hits(frame, other.rows))
        assert_own_rows(frame, other.data, other.rows)


@pytest.mark.parametrize("few", [0, 1000])
@settings(max_examples=50)
@given(couple=couples())
def test_many_regions_find_what_few_do(few, couple):
    frame, other = couple
    with tuning.set(regions_tried=few):
        assert_rows(frame.data.gidx.query(other.data), frame, hits(frame, other.rows))


FRAMES = {
    "polars": lambda rows: pl.DataFrame(rows, ["chrom", "start", "end"], orient="row"),
    "polars categorical": lambda rows: FRAMES["polars"](rows).cast({"chrom": pl.Categorical}),
    "arrow table": lambda rows: FRAMES["polars"](rows).to_arrow(),
    "arrow batch": lambda rows: pa.RecordBatch.from_pandas(of_frame(rows)),
    "1-based": lambda rows: of_frame(rows, ("seqid", "start", "end"), 1),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_regions_of_polars_and_arrow(kind):
    frame = build([("chr2", 5, 9), ("chrX", 5, 9), ("chr2", 9, 9), ("chr2", 7, 30)])
    asked = [("chr2", 9, 12), ("nowhere", 0, 50), ("chrX", 9, 10), (None, 1, 5), ("chrX", None, 7)]
    assert_rows(frame.data.gidx.query(FRAMES[kind](asked)), frame, [2, 3])
    assert frame.data.gidx.count(FRAMES[kind](asked)).tolist() == [0, 0, 1, 1]
    assert_rows(frame.data.gidx[FRAMES[kind](asked[1:])], frame, [])


@pytest.mark.parametrize("position", POSITION_DTYPES)
@pytest.mark.parametrize("chrom", CHROM_DTYPES)
def test_every_dtype_with_every_other(chrom, position):
    two = "2" if "chroms" in chrom else "chr2"
    ten = "10" if "chroms" in chrom else "chr10"
    frame = build([(ten, 5, 9), (two, 5, 9), (ten, 9, 9), (two, 0, 30)], chrom, position)
    assert_rows(frame.data.gidx.query(f"{two}:9-12"), frame, [1, 3])
    assert_rows(frame.data.gidx.query((ten, 9, 12)), frame, [2])
    assert frame.data.gidx.count([two, ten, two]).tolist() == [1, 2, 1, 2]


def test_positions_of_a_sparse_frame_are_positions():
    frame = build([("chr2", 5, 9), ("chrX", 0, 3), ("chr2", 8, None)], position="float64")
    sparse = frame.data.astype({"start": "Sparse[int]", "end": "Sparse[float]"})
    assert sparse.gidx.overlaps("chr2").tolist() == [True, False, False]
    assert sparse.gidx.sort()["start"].tolist() == [5, 0, 8]


VERBS = {
    "query": lambda one, other: one.gidx.query(other),
    "count": lambda one, other: one.gidx.count(other),
    "coverage": lambda one, other: one.gidx.coverage(other),
    "overlaps": lambda one, other: one.gidx.overlaps(other),
    "join": lambda one, other: one.gidx.join(other),
    "nearest": lambda one, other: one.gidx.nearest(other),
    "sort": lambda one, _: one.gidx.sort(),
    "pileup": lambda one, _: one.gidx.pileup(),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("step", [2, -1, -3])
@pytest.mark.parametrize("chrom", ["str", "category"])
def test_every_other_row_of_a_frame_answers_as_its_copy_does(verb, step, chrom):
    """Its columns do not lie one value behind the other, and kernels refused them."""
    rng = np.random.default_rng(5)
    start = rng.integers(0, 900, 400)
    columns = {"chrom": rng.choice(["a", "b", "c"], 400), "start": start, "end": start + 50}
    frame = pd.DataFrame(columns).astype({"chrom": chrom})
    some = frame.iloc[::step]
    assert not some["start"].to_numpy().flags.c_contiguous
    lists = pd.DataFrame({column: some[column].to_list() for column in some}, some.index)
    made = lists.astype({"chrom": some["chrom"].dtype})
    expected = VERBS[verb](made, made.iloc[list(range(0, len(made), 2))])
    assert VERBS[verb](some, some.iloc[::2]).equals(expected)


def test_a_thousand_regions_of_each_form():
    rng = np.random.default_rng(5)
    rows = [("chr2", s, s + s % 7) for s in rng.integers(0, 9000, 100).tolist()]
    rows += [("chrX", s, s + s % 50) for s in rng.integers(0, 9000, 50).tolist()]
    frame = build([rows[i] for i in rng.permutation(150)], index="duplicates")
    asked = [("chr2", s, s + s % 3) for s in rng.integers(0, 9000, 1000).tolist()]
    expected = hits(frame, asked)
    assert 0 < len(expected) < 100
    for form in FORMS.values():
        assert_rows(frame.data.gidx.query([form(region) for region in asked]), frame, expected)
    assert_rows(frame.data.gidx.query(of_frame(asked)), frame, expected)
    counts = [sum(matches(row, one) for one in asked) for row in frame.rows]
    assert frame.data.gidx.count(asked).tolist() == counts
    assert frame.data.gidx.count(of_frame(asked)).tolist() == counts


# ── files and frames say the same ───────────────────────────────────────────────────────────────


@st.composite
def tables_and_regions(draw):
    table = draw(strategies.tables(max_rows=12))
    return table, draw(st.lists(strategies.regions(table), min_size=1, max_size=4))


@settings(max_examples=40)
@given(tables_and_regions())
def test_a_frame_of_a_bigbed_answers_as_the_file_does(case):
    table, asked = case
    ds = gidx.open(strategies.stored(table))
    frame = ds.to_pandas()
    found = frame.gidx.query(asked)
    assert_frame_equal(found.reset_index(drop=True), ds.to_pandas(asked))
    for region in asked:
        assert frame.gidx.count(region).sum() == ds.count_rows(region)


@settings(max_examples=20)
@given(case=tables_and_regions())
def test_a_frame_of_a_bed_answers_as_the_file_does(case, tmp_path_factory):
    table, asked = case
    path = tmp_path_factory.mktemp("bed") / "x.bed.gz"
    data = pd.DataFrame(table.rows, columns=["chrom", "start", "end", "name"])
    if not len(data):
        return
    gidx.write_bed(data, path)
    ds = gidx.open(path)
    asked = [region for region in asked if region[0] in ds.chroms]
    frame = ds.to_pandas()
    assert_frame_equal(
        frame.gidx.query(asked).reset_index(drop=True), ds.to_pandas(asked), check_categorical=False
    )


# ── bioframe ────────────────────────────────────────────────────────────────────────────────────


def random_frame(rng, n: int, shortest: int = 1) -> pd.DataFrame:
    start = rng.integers(0, 500, n)
    return pd.DataFrame(
        {
            "chrom": rng.choice(["chr1", "chr2", "chr10"], n),
            "start": start,
            "end": start + rng.integers(shortest, 40, n),
        },
        index=rng.permutation(n),
    )


# bioframe 0.8 calls what pandas 3.1 deprecates
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", range(4))
def test_bioframe_selects_counts_and_covers_the_same(seed):
    rng = np.random.default_rng(seed)
    frame, asked = random_frame(rng, 300), random_frame(rng, 40)
    for region in asked.head(10).itertuples(index=False, name=None):
        assert_frame_equal(frame.gidx.query(region), bioframe.select(frame, region))
    counts = bioframe.count_overlaps(asked, frame)["count"]
    assert asked.gidx.count(frame).tolist() == counts.tolist()
    covered = bioframe.coverage(asked, frame)["coverage"]
    assert asked.gidx.coverage(frame).tolist() == covered.tolist()


def test_bioframe_holds_a_point_at_the_end_of_a_region_to_be_outside():
    # bioframe: a point lies in [start, end) as a base would. Here it touches both.
    frame = build([("chr2", 0, 5), ("chr2", 5, 5), ("chr2", 10, 10), ("chr2", 20, 30)]).data
    for region, theirs, ours in [
        (("chr2", 0, 5), [0], [0, 1]),
        (("chr2", 5, 10), [1], [1, 2]),
        (("chr2", 5, 5), [1], [1]),
        (("chr2", 2, 2), [0], [0]),
        (("chr2", 10, 11), [2], [2]),
    ]:
        assert bioframe.select(frame, region).index.tolist() == theirs
        assert frame.gidx.query(region).index.tolist() == ours


# ── chroms ──────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_chrom_is_an_error_that_says_which_one_was_meant():
    frame = build([("chr2", 5, 9), ("chr10", 5, 9)]).data
    with pytest.raises(UnknownChromError, match="unknown chrom '2'; did you mean 'chr2'") as caught:
        frame.gidx.query("2:1-5")
    assert caught.value.chrom == "2"
    assert "chr2" in caught.value.hint
    with pytest.raises(KeyError, match="unknown chrom 'chr3'"):
        frame.gidx.count([("chr2", 0, 5), ("chr3", 0, 5)])


def test_a_chrom_of_the_metadata_is_known_though_no_row_has_it():
    frame = build([("chr2", 5, 9)]).data
    frame.attrs["gidx"] = json.dumps({"version": 1, "chromsizes": {"chr3": 100, "chr2": 50}})
    assert len(frame.gidx.query("chr3:1-50")) == 0
    assert frame.gidx.count(["chr3", "chr2", "chr3:1-9"]).tolist() == [1]
    assert frame.gidx.query([("chr3", 0, 9), ("chr2", 0, 9)]).index.tolist() == [0]
    with pytest.raises(UnknownChromError, match="'chr3'"):
        frame.gidx.query("3")
    frame.attrs.clear()
    with pytest.raises(UnknownChromError, match="'chr3'"):
        frame.gidx.query("chr3:1-50")


def test_an_unused_category_is_a_known_chrom():
    frame = build([("chr2", 5, 9)], "categorical").data
    assert len(frame.gidx.query("chrM")) == 0
    assert len(frame.gidx["chrM", "chr2"]) == 1


@pytest.mark.parametrize("method", ["query", "overlaps", "count", "coverage", "join", "nearest"])
def test_frames_that_name_chroms_in_other_styles_are_an_error(method):
    frame = build([("chr2", 5, 9), ("chrX", 0, 5)]).data
    other = build([("chrX", 5, 9), ("2", 5, 9)]).data
    for one, two in ((frame, other), (other, frame)):
        with pytest.raises(
            UnknownChromError, match=r"one frame has the chrom .*rename one"
        ) as caught:
            getattr(one.gidx, method)(two)
        assert {caught.value.chrom, caught.value.hint} == {"2", "chr2"}


def test_chroms_that_only_regions_have_match_nothing():
    frame = build([("chr2", 5, 9)]).data
    other = build([("chrZ", 5, 9), ("chr2", 5, 9)]).data
    assert frame.gidx.count(other).tolist() == [1]
    assert other.gidx.count(frame).tolist() == [0, 1]


@pytest.mark.parametrize("method", ["query", "overlaps", "count", "coverage", "depth"])
def test_regions_on_chroms_that_the_frame_lacks_are_an_error_or_ignored(method):
    frame = build([("chr2", 5, 9), ("chrX", 0, 5)]).data
    ask = getattr(frame.gidx, method)
    with pytest.raises(UnknownChromError, match="unknown chrom 'chrY'"):
        ask(["chr2:1-7", "chrY"])
    found, expected = ask(["chr2:1-7", "chrY"], missing_chroms="ignore"), ask("chr2:1-7")
    assert found.equals(expected)
    with pytest.raises(UnknownChromError, match="did you mean 'chr2'"):
        ask("2", missing_chroms="ignore")
    with pytest.raises(ValueError, match="missing_chroms is 'drop'"):
        ask(frame, missing_chroms="drop")


def test_whole_chroms_several_times_do_not_wrap():
    frame = build([("chr2", 5, 9), ("chr2", 9, 9), ("chrX", 0, 5)]).data
    assert frame.gidx.count(["chr2"] * 5).tolist() == [5, 5, 0]
    assert frame.gidx.depth(["chr2"] * 5 + ["chr2:8-"]).tolist()[::2] == [5.5, 0]
    assert frame.gidx.coverage(["chr2", "chr2"]).tolist() == [4, 0, 0]


def test_numbers_and_their_texts_are_one_chrom():
    data = {"chrom": pd.Series([1, "1", 2], dtype="object"), "start": 0, "end": 5}
    assert pd.DataFrame(data).gidx.query("1").index.tolist() == [0, 1]
    ints = pd.DataFrame({"chrom": [1, 2], "start": 0, "end": 5})
    assert ints.gidx.count(pd.DataFrame({"chrom": ["2", "1"], "start": 0, "end": 5})).tolist() == [
        1,
        1,
    ]


# ── what there is little of ─────────────────────────────────────────────────────────────────────


def test_an_empty_frame_has_no_rows_for_anybody():
    frame = pd.DataFrame({"chrom": [], "start": [], "end": []})
    other = build([("chr2", 5, 9)]).data
    assert_frame_equal(frame.gidx.query(other), frame)
    assert other.gidx.count(frame).tolist() == [0]
    assert frame.gidx.count(other).tolist() == []
    assert other.gidx.query(frame).equals(other.iloc[:0])
    assert other.gidx.overlaps(frame).tolist() == [False]
    with pytest.raises(UnknownChromError, match="'chr2'"):
        frame.gidx.query("chr2")


def test_no_region_finds_no_row():
    frame = build([("chr2", 5, 9)]).data
    assert_frame_equal(frame.gidx.query([]), frame.iloc[:0])
    assert frame.gidx.overlaps([]).tolist() == [False]
    assert frame.gidx.count([]).tolist() == [0]
    assert frame.gidx.depth([]).tolist() == [0.0]


def test_rows_of_which_nothing_is_known_never_match():
    nothing = pd.DataFrame({"chrom": [None, None], "start": [None, 1], "end": [None, 5]})
    frame = build([("chr2", 0, 9)]).data
    assert frame.gidx.count(nothing).tolist() == [0]
    assert nothing.gidx.count(frame).tolist() == [0, 0]
    assert nothing.gidx.depth(frame).isna().all()


def test_negative_positions_and_the_farthest():
    frame = build([("chr2", -20, -10), ("chr2", -10, -10), ("chr2", 2**61 - 1, 2**61)]).data
    asked = build([("chr2", -12, -10), ("chr2", -10, -10), ("chr2", 0, 2**61)]).data
    assert asked.gidx.count(frame).tolist() == [1, 2, 1]
    assert frame.gidx.count("chr2").tolist() == [0, 0, 1]
    assert frame.gidx.count(("chr2", 0, 2**70)).tolist() == [0, 0, 1]


def test_a_query_gives_rows_that_can_be_changed_without_the_frame():
    frame = build([("chr2", 5, 9), ("chr2", 7, 12)]).data
    if int(pd.__version__.partition(".")[0]) < 3:
        pytest.skip("pandas copies on write since 3.0")
    found = frame.gidx.query("chr2")
    found.loc[0, "start"] = 0
    assert frame["start"].tolist() == [5, 7]


# ── mistakes ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ("chr2:9-5", "start 8 is after end 5"),
        ("chr2:0-5", "1-based; for 0-based half-open use the tuple"),
        ("chr2:five-9", "expected chrom:start-end, 1-based closed"),
        (("chr2", 9, 5), "start 9 is after end 5"),
        (("chr2", -1, 5), "start -1 is negative"),
        (("chr2", "5", "9"), "cannot read the region"),
        (("chr2", 5.0, 9.5), "cannot read the region"),
        (("chr2", 1, 2, 3), "cannot read the region"),
        ((), "cannot read the region"),
        (("chr2", "chrX"), "a list of them"),
        ((None, 1, 2), "cannot read the region"),
        (["chr2", 5, 9], "cannot read the region 5"),
        (None, "cannot read a region from NoneType"),
        (5, "cannot read a region from int"),
        (b"chr2", "cannot read a region from bytes"),
        ({"chrom": ["chr2"]}, "cannot read a region from dict"),
        (np.nan, "cannot read a region from float"),
        (slice(1, 2), "cannot read a region from slice"),
        (np.array([[1, 2]]), "cannot read the region"),
    ],
)
@pytest.mark.parametrize("method", ["query", "overlaps", "count", "coverage", "depth"])
def test_a_region_that_cannot_be_read_says_what_can(method, regions, message):
    frame = build([("chr2", 5, 9), ("chrX", 0, 5)]).data
    with pytest.raises(RegionError, match=message):
        getattr(frame.gidx, method)(regions)


def test_several_regions_in_brackets_are_several():
    frame = build([("chr2", 5, 9), ("chrX", 0, 5), ("chr10", 0, 3)]).data
    assert frame.gidx["chr2", "chrX"].index.tolist() == [0, 1]
    assert frame.gidx["chr2", 0, 7].index.tolist() == [0]
    assert frame.gidx["chr2:1-7", ("chr10", 0, 1)].index.tolist() == [0, 2]
    assert frame.gidx[("chr2", 7)].index.tolist() == [0]


def test_a_series_of_regions_is_several():
    frame = build([("chr2", 5, 9), ("chr2", 0, 2)]).data
    asked = pd.Series(["chr2:1-5", "chr2:1-6"], index=["a", "b"])
    assert frame.gidx.count(asked).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("start", ["5", "7"], "expected integers; df\\['start'\\].astype\\('int64'\\)"),
        ("start", [5.5, 7], "row 0: 5.5 is not an integer"),
        ("end", [np.inf, 9], "row 0: inf is no position"),
        ("end", pd.array([1e30, 9], dtype="float32"), "row 0: 1.*e\\+30 is no position"),
        ("end", [9, 2**62], "row 1: 4611686018427387904 is no position"),
        ("end", [9, 2**64 - 1], "row 1: 18446744073709551615 is no position"),
        ("end", [9, 2**70], "column 'end'"),
        ("end", [9, 1], "row 1: start 7 is after end 1, in 1 rows; df.gidx.validate"),
        ("start", [True, False], "column 'start' is bool"),
        ("start", pd.to_datetime(["2020", "2021"]), "column 'start' is datetime64"),
        ("start", [{}, 5], "column 'start'"),
        ("chrom", [1.5, 2.5], "column 'chrom': a chrom is 1.5"),
        ("chrom", [True, False], "column 'chrom': a chrom is True"),
        ("chrom", [("a",), ("b",)], "column 'chrom': a chrom is \\('a',\\)"),
        ("chrom", [b"a", b"b"], "column 'chrom': a chrom is b'a'"),
        ("chrom", [["a"], ["b"]], "column 'chrom'"),
        ("chrom", pd.array([["a"], []], pd.ArrowDtype(pa.list_(pa.string()))), "column 'chrom' is"),
    ],
)
def test_a_column_that_is_none_of_intervals_says_so(column, values, message):
    frame = build([("chr2", 5, 9), ("chr2", 7, 12)]).data
    frame[column] = values
    for ask in (frame.gidx.count, frame.gidx.query):
        with pytest.raises(ColumnError, match=message):
            ask("chr2")
    asked = build([("chr2", 5, 9)]).data
    with pytest.raises(ColumnError, match=message):
        asked.gidx.query(frame)


def test_frames_of_regions_without_intervals_say_what_they_lack():
    frame = build([("chr2", 5, 9)]).data
    with pytest.raises(ColumnError, match="no columns that are known as chrom, start, end"):
        frame.gidx.query(frame[["chrom"]])
    with pytest.raises(ColumnError, match="two columns are named 'start'"):
        pd.concat([frame, frame["start"]], axis=1).gidx.query("chr2")


def test_missing_among_the_values_of_a_dictionary_is_missing():
    names = pa.array(["b", None, "a", None]).dictionary_encode("encode")
    assert names.null_count == 0
    chrom = pd.Series(names, dtype=pd.ArrowDtype(names.type))
    frame = pd.DataFrame({"chrom": chrom, "start": [1, 2, 3, 4], "end": 9})
    assert frame.gidx.query(["a", "b"])["start"].tolist() == [1, 3]
    assert frame.gidx.count(frame).tolist() == [1, 0, 1, 0]
    assert frame.gidx.sort()["start"].tolist() == [3, 1, 2, 4]
    nothing = pd.Series(pa.nulls(4), dtype=pd.ArrowDtype(pa.null()))
    assert frame.assign(chrom=nothing).gidx.overlaps(frame).tolist() == [False] * 4
