"""Two frames joined by overlap and by nearness: against brute force and bioframe."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import bioframe
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal
from tests.support.frames import (
    CHROM_DTYPES,
    NUMBERS,
    TEXTS,
    Frame,
    Row,
    as_if_large,
    build,
    frames,
    gap,
    meets,
)

from gidx.errors import ColumnError
from gidx.frames import join

TWO = [("chr2", 5, 9), ("chrX", 0, 3), ("chr2", 8, 12)]


@st.composite
def couples(draw) -> tuple[Frame, Frame]:
    """Two frames whose chroms are named alike; of any kinds otherwise."""
    numbered = draw(st.booleans())
    return draw(frames(12, numbered)), draw(frames(12, numbered))


def expected_pairs(rows: list[Row], others: list[Row], how: str) -> list[tuple[int, int]]:
    found = []
    for i, row in enumerate(rows):
        partners = [j for j, other in enumerate(others) if meets(row, other)]
        found += [(i, j) for j in partners or ([-1] if how == "left" else [])]
    return found


def numbers(column: pd.Series) -> list[int]:
    """Row numbers, -1 for what is missing."""
    return [-1 if pd.isna(v) else int(v) for v in column]


def assert_pairs(found: pd.DataFrame, frame: Frame, pairs: list[tuple[int, int]]) -> None:
    """These pairs, the left one's columns, dtypes and index as they are."""
    assert list(zip(numbers(found["n"]), numbers(found["n_other"]), strict=True)) == pairs
    left = frame.data.iloc[[i for i, _ in pairs]]
    assert_frame_equal(found.iloc[:, : left.shape[1]], left)
    assert found.attrs == frame.data.attrs


# ── join ────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60)
@given(couples(), st.sampled_from(["inner", "left"]), st.booleans())
def test_a_join_is_every_pair_that_overlaps(couple, how, large):
    frame, other = couple
    pairs = expected_pairs(frame.rows, other.rows, how)
    with as_if_large(large):
        assert_pairs(frame.data.gidx.join(other.data, how), frame, pairs)
        found = frame.data.gidx.join(other.data, how, overlap=True)
    shift = frame.data.gidx._roles.shift
    shared = [
        None
        if j < 0
        else (max(frame.rows[i][1], other.rows[j][1]), min(frame.rows[i][2], other.rows[j][2]))
        for i, j in pairs
    ]
    assert numbers(found["overlap_start"]) == [-1 if s is None else s[0] + shift for s in shared]
    assert numbers(found["overlap_end"]) == [-1 if s is None else s[1] for s in shared]
    assert numbers(found["overlap"]) == [-1 if s is None else s[1] - s[0] for s in shared]
    assert list(found.columns[-3:]) == ["overlap_start", "overlap_end", "overlap"]


@settings(max_examples=30)
@given(frames(12))
def test_each_row_overlaps_itself_and_is_overlapped_by_what_it_overlaps(frame):
    found = frame.data.gidx.join(frame.data)
    pairs = set(zip(found["n"].tolist(), found["n_other"].tolist(), strict=True))
    assert {(i, i) for i, row in enumerate(frame.rows) if None not in row} <= pairs
    assert {(j, i) for i, j in pairs} == pairs
    assert_pairs(found, frame, expected_pairs(frame.rows, frame.rows, "inner"))


def test_joining_pieces_on_threads_changes_nothing():
    rng = np.random.default_rng(2)
    rows = [("chr2", s, s + 5) for s in rng.integers(0, 99, 60).tolist()]
    frame = build(rows, position="arrow int64", index="multi").data
    alone = frame.gidx.join(frame, overlap=True)
    with as_if_large():
        assert_frame_equal(frame.copy().gidx.join(frame, overlap=True), alone)


# every dtype, with the one that a left join makes of it if it cannot hold what is missing
VALUES: dict[str, tuple[Any, Any]] = {
    "int64": (np.array([1, 2, 3]), "Int64"),
    "uint8": (np.array([1, 2, 255], "uint8"), "UInt8"),
    "bool": (np.array([True, False, True]), "boolean"),
    "float32": (np.array([1.5, 2, 3], "float32"), "float32"),
    "complex": (np.array([1.5j, 2, 3]), "complex128"),
    "Int16": (pd.array([1, None, 3], "Int16"), "Int16"),
    "boolean": (pd.array([True, None, False], "boolean"), "boolean"),
    "object": (pd.Series(["a", 5, None], dtype="object"), "object"),
    "object texts": (pd.Series(["a", "b", "c"], dtype="object"), "object"),
    "pandas' own": (pd.Series(["a", "b", None]), None),
    "string": (pd.array(["a", None, "c"], "string"), "string"),
    "string[python]": (pd.array(["a", None, "c"], "string[python]"), "string[python]"),
    "category": (pd.Categorical(["b", "a", "b"], ["z", "b", "a"], ordered=True), None),
    "number category": (pd.Categorical([7, 5, 7]), None),
    "datetime": (pd.to_datetime(["2020-01-01", "2021-05-05", None]), None),
    "zoned": (pd.to_datetime(["2020-01-01", "2021-05-05", None]).tz_localize("CET"), None),
    "timedelta": (pd.to_timedelta([1, 2, 3], "s"), None),
    "period": (pd.period_range("2020-01", periods=3, freq="M"), None),
    "interval": (pd.interval_range(0.0, 3.0), None),
    **{
        f"arrow {kind}": (pd.array(values, pd.ArrowDtype(kind)), None)
        for kind, values in [
            (pa.int8(), [1, None, 3]),
            (pa.string(), ["a", None, "c"]),
            (pa.large_string(), ["a", None, "c"]),
            (pa.bool_(), [True, None, False]),
            (pa.list_(pa.int32()), [[1, 2], [], None]),
            (pa.struct([("a", pa.int8())]), [{"a": 5}, None, {"a": None}]),
            (pa.dictionary(pa.int8(), pa.string()), ["b", None, "b"]),
            (pa.timestamp("us", "UTC"), [dt.datetime(2020, 1, 1), None, None]),
        ]
    },
}


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_a_join_keeps_dtypes_and_values(name, large):
    values, when_missing = VALUES[name]
    frame, other = build(TWO).data, build(TWO, value=values).data
    with as_if_large(large):
        whole = frame.gidx.join(other)
    assert whole["n_other"].tolist() == [0, 2, 1, 0, 2]
    assert_series_equal(
        whole["value"].reset_index(drop=True),
        other["value"].take([0, 2, 1, 0, 2]).reset_index(drop=True),
    )
    alone = pd.concat([frame, build([("chrX", 90, 91)]).data], ignore_index=True)
    found = alone.gidx.join(other, "left")["value"]
    assert found.dtype == (other["value"].dtype if when_missing is None else when_missing)
    assert found.isna().tolist()[-1]
    taken = other["value"].take([0, 2, 1, 0, 2]).tolist()
    for one, expected in zip(found.tolist(), taken, strict=False):
        assert str(one) == str(expected) or pd.isna(expected)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("chrom", list(CHROM_DTYPES))
def test_chroms_of_a_frame_in_order_are_those_of_its_rows(chrom, large):
    """They are repeated, and not looked up, where they are texts of Arrow."""
    a, b, c = (NUMBERS if "chroms" in chrom else TEXTS)[:3]
    rows = [(a, 0, 9), (a, 4, 5), (b, 2, 7), (c, 1, 2), (c, 1, 9)]
    others = [*rows[::-1], (c, 2, 3), (a, 0, 1)]
    frame, other = build(rows, chrom), build(others, chrom)
    with as_if_large(large):
        found = frame.data.gidx.join(other.data)
    assert_pairs(found, frame, expected_pairs(rows, others, "inner"))


@pytest.mark.parametrize("name", VALUES)
def test_a_left_join_with_nobody_has_the_same_dtypes(name):
    values, when_missing = VALUES[name]
    frame, other = build(TWO).data, build(TWO, value=values).data.iloc[:0]
    found = frame.gidx.join(other, "left", overlap=True)
    assert len(found) == 3
    assert found["value"].isna().all()
    assert found["value"].dtype == (other["value"].dtype if when_missing is None else when_missing)
    assert found["overlap"].isna().all()
    assert str(found["start_other"].dtype) == str(found["overlap"].dtype) == "Int64"
    near = frame.gidx.nearest(other, how="left")
    assert near["distance"].isna().all()
    assert frame.gidx.join(other, overlap=True).dtypes["start_other"] == "int64"


def test_integers_stay_integers_where_all_have_a_partner():
    found = build(TWO).data.gidx.join(build(TWO).data, "left", overlap=True)
    assert {str(found[c].dtype) for c in ("start_other", "overlap", "n_other")} == {"int64"}


@pytest.mark.parametrize("how", ["inner", "left"])
def test_an_empty_frame_joined_is_an_empty_frame(how):
    frame = build(TWO).data
    found = frame.iloc[:0].gidx.join(frame, how, overlap=True)
    assert len(found) == 0
    assert_frame_equal(found, frame.gidx.join(frame, how, overlap=True).iloc[:0])
    assert len(frame.iloc[:0].gidx.nearest(frame, how=how)) == 0


@pytest.mark.parametrize(
    "convert", [pa.Table.from_pandas, pa.RecordBatch.from_pandas, pl.from_pandas]
)
def test_the_other_may_be_of_polars_or_arrow(convert):
    frame = build(TWO).data
    other = build(TWO, name=["a", "b", "c"], blocks=pd.Series([[1], [2, 3], []])).data
    found = frame.gidx.join(convert(other))
    assert found["name"].tolist() == ["a", "c", "b", "a", "c"]
    assert [list(blocks) for blocks in found["blocks"]] == [[1], [], [2, 3], [1], []]
    assert found["start_other"].tolist() == [5, 8, 0, 5, 8]
    assert frame.gidx.nearest(convert(other))["name"].tolist() == ["a", "b", "a"]
    stream = pa.RecordBatchReader.from_stream(pa.table(convert(other)))
    assert_frame_equal(frame.gidx.join(stream), found)
    # what is made can be asked again
    assert len(found.drop(columns="blocks").gidx.query("chr2:1-6")) == 2


def test_what_an_arrow_table_says_of_its_columns_holds():
    other = pd.DataFrame({"a": ["chr2"], "b": [9], "c": [9]})
    table = other.gidx.set("a", "b", "c", coords="1-based").gidx.to_arrow()
    assert build(TWO).data.gidx.join(table, overlap=True)["overlap_start"].tolist() == [8, 8]
    twice = pa.table([["chr2"], [5], [9], [1], [2]], ["chrom", "start", "end", "x", "x"])
    with pytest.raises(ColumnError, match="would be named 'x'"):
        build(TWO).data.gidx.join(twice)


def test_labels_of_the_left_frame_stand_with_each_of_its_pairs():
    frame = build(TWO, index="strings").data
    found = frame.gidx.join(frame)
    assert found.index.tolist() == ["row 3", "row 3", "row 2", "row 1", "row 1"]
    assert found.index.name == frame.index.name
    frame.index.name = "label"
    assert frame.gidx.join(frame).index.name == "label"


def test_the_others_chrom_is_left_out_whatever_it_is_called():
    frame, other = build(TWO).data, build(TWO, convention="PyRanges").data
    assert list(frame.gidx.join(other).columns) == [
        "chrom",
        "start",
        "end",
        "n",
        "Start",
        "End",
        "n_other",
    ]


def test_names_that_both_have_get_the_suffixes():
    frame = build(TWO).data
    found = frame.gidx.join(frame, suffixes=("_a", "_b"))
    assert list(found.columns) == [
        "chrom",
        *("start_a", "end_a", "n_a"),
        *("start_b", "end_b", "n_b"),
    ]


@pytest.mark.parametrize(
    ("left", "right", "options"),
    [
        ({}, {}, {"suffixes": ("", "")}),
        ({"start_other": 1}, {}, {}),
        ({}, {"n_x": 1}, {"suffixes": ("", "_x")}),
        ({"overlap": 1}, {}, {"overlap": True}),
    ],
)
def test_two_columns_of_one_name_are_an_error(left, right, options):
    frame, other = build(TWO, **left).data, build(TWO, **right).data
    with pytest.raises(ColumnError, match=r"two columns of the result would be named .*suffixes"):
        frame.gidx.join(other, **options)


def test_a_second_join_needs_other_suffixes():
    frame = build(TWO).data
    once = frame.gidx.join(frame)
    with pytest.raises(ColumnError, match="choose other suffixes"):
        once.gidx.join(frame)
    assert len(once.gidx.join(frame, suffixes=("", "_third"))) == 9


# ── nearest ─────────────────────────────────────────────────────────────────────────────────────

STRANDS = ["+", "-", ".", None]


def expected_nearest(frame, other, k, direction, ties, overlapping, most, how, strands):
    """(row, partner, distance), -1 for none."""
    found: list[tuple[int, int, int]] = []
    for i, row in enumerate(frame.rows):
        side = {"both": "either", "left": "left", "right": "right"}.get(direction)
        if side is None:
            forward = direction == "downstream"
            side = {"+": ["left", "right"][forward], "-": ["right", "left"][forward]}.get(
                strands[i]
            )
        ranked = []
        for j, partner in enumerate(other.rows):
            if None in (*row, *partner) or row[0] != partner[0]:
                continue
            place = (partner[1], partner[1] != partner[2], j)
            if meets(row, partner):
                if overlapping:
                    ranked.append((0, 0, *place))
                continue
            where = "left" if partner[2] <= row[1] else "right"
            if side in ("either", where) and (most is None or gap(row, partner) <= most):
                ranked.append((1, gap(row, partner), *place))
        ranked.sort()
        last = ranked[min(k, len(ranked)) - 1][:2] if ranked else ()
        ranked = [r for r in ranked if r[:2] <= last] if ties == "all" else ranked[:k]
        found += [(i, r[-1], r[1]) for r in ranked]
        if not ranked and how == "left":
            found.append((i, -1, -1))
    return found


@given(
    couples(),
    st.sampled_from([1, 2, 30]),
    st.sampled_from(join.DIRECTIONS),
    st.sampled_from(join.TIES),
    st.booleans(),
    st.sampled_from([None, 0, 1, 6]),
    st.sampled_from(join.HOW),
    st.lists(st.sampled_from(STRANDS), min_size=12, max_size=12),
)
def test_the_nearest_are_those_of_brute_force(
    couple, k, direction, ties, overlapping, most, how, strands
):
    frame, other = couple
    data = frame.data.assign(strand=pd.Categorical(strands[: len(frame.rows)], ["-", "+", "."]))
    found = data.gidx.nearest(
        other.data,
        k,
        direction=direction,
        ties=ties,
        overlapping=overlapping,
        max_distance=most,
        how=how,
    )
    expected = expected_nearest(frame, other, k, direction, ties, overlapping, most, how, strands)
    assert_pairs(found, Frame(data, frame.rows), [(i, j) for i, j, _ in expected])
    assert numbers(found["distance"]) == [distance for *_, distance in expected]


@pytest.mark.parametrize("values", [["+", "-", "."], ["+", "-", None], ["+", "-", "*"]])
@pytest.mark.parametrize("dtype", ["object", "string", "category", pd.ArrowDtype(pa.string())])
def test_upstream_is_left_of_plus_and_right_of_minus(dtype, values):
    frame = build([("chr2", 50, 60)] * 3).data
    frame["strand"] = pd.Series(values, dtype=dtype)
    other = build([("chr2", 0, 10), ("chr2", 90, 95)]).data
    up = frame.gidx.nearest(other, direction="upstream", how="left")
    assert numbers(up["n_other"]) == [0, 1, -1]
    down = frame.rename(columns={"strand": "s"}).gidx.nearest(
        other, direction="downstream", how="left", strand="s"
    )
    assert numbers(down["n_other"]) == [1, 0, -1]
    assert numbers(down["distance"]) == [30, 40, -1]


def test_two_columns_of_strands_are_an_error():
    frame = build(TWO, strand="+").data
    twice = pd.concat([frame, frame["strand"]], axis=1)
    with pytest.raises(ColumnError, match="two columns are named 'strand'"):
        twice.gidx.nearest(frame, direction="upstream")


def test_distance_is_the_number_of_bases_between():
    frame = build([("chr2", 10, 20)]).data
    for row, distance in [
        (("chr2", 20, 25), 0),
        (("chr2", 21, 25), 1),
        (("chr2", 0, 9), 1),
        (("chr2", 20, 20), 0),
        (("chr2", 22, 22), 2),
        (("chr2", 0, 50), 0),
    ]:
        assert frame.gidx.nearest(build([row]).data)["distance"].tolist() == [distance]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"k": 0}, ValueError, "k is 0, expected a number of rows, 1 or more"),
        ({"k": 1.5}, ValueError, "k is 1.5"),
        ({"k": True}, ValueError, "k is True"),
        ({"k": None}, ValueError, "k is None"),
        ({"direction": "up"}, ValueError, "direction is 'up', expected one of 'both', 'left'"),
        ({"ties": "some"}, ValueError, "ties is 'some', expected one of 'first', 'all'"),
        ({"how": "outer"}, ValueError, "how is 'outer', expected one of 'inner', 'left'"),
        ({"how": ["left"]}, ValueError, "how is ['left']"),
        ({"max_distance": -1}, ValueError, "max_distance is -1, expected a number of bases"),
        ({"max_distance": 1.5}, ValueError, "max_distance is 1.5"),
        ({"max_distance": "5"}, ValueError, "max_distance is '5'"),
        ({"max_distance": float("inf")}, ValueError, "max_distance is inf"),
        ({"suffixes": "ab"}, ValueError, "suffixes is 'ab', expected two texts"),
        ({"suffixes": ("_a",)}, ValueError, "suffixes is ('_a',), expected two texts"),
        ({"suffixes": None}, ValueError, "suffixes is None, expected two texts"),
        ({"direction": "upstream"}, ColumnError, "there is no column 'strand'; name it with"),
        (
            {"direction": "upstream", "strand": "n"},
            ColumnError,
            "a strand is 0, expected '+' or '-'",
        ),
    ],
)
def test_an_option_that_cannot_be_used_says_what_can(options, kind, message):
    frame = build(TWO).data
    with pytest.raises(kind, match=re.escape(message)):
        frame.gidx.nearest(frame, **options)
    if {*options} <= {"how", "suffixes"}:
        with pytest.raises(kind, match=re.escape(message)):
            frame.gidx.join(frame, **options)


@pytest.mark.parametrize("huge", [2**61, 2**63 - 1, 2**70])
def test_numbers_beyond_any_are_as_good_as_none(huge):
    frame = build([("chr2", 0, 5), ("chr2", 50, 60)]).data
    assert len(frame.gidx.nearest(frame, k=huge, max_distance=huge)) == 4


@pytest.mark.parametrize("other", [None, 5, "chr2:1-5", ["chr2"], pd.Series([1]), {"chrom": []}])
@pytest.mark.parametrize("method", ["join", "nearest"])
def test_what_is_no_frame_cannot_be_joined(method, other):
    with pytest.raises(TypeError, match="expected a frame; for regions there are query"):
        getattr(build(TWO).data.gidx, method)(other)


# ── bioframe ────────────────────────────────────────────────────────────────────────────────────


def random_frame(rng, n: int) -> pd.DataFrame:
    start = rng.integers(0, 2000, n)
    chrom = rng.choice(["chr1", "chr2", "chr10"], n)
    data = {"chrom": chrom, "start": start, "end": start + rng.integers(1, 30, n)}
    return pd.DataFrame(data).assign(n=np.arange(n))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("how", ["inner", "left"])
@pytest.mark.parametrize("seed", range(2))
def test_bioframe_finds_the_same_pairs(seed, how):
    rng = np.random.default_rng(seed)
    frame, other = random_frame(rng, 200), random_frame(rng, 200)
    theirs = bioframe.overlap(frame, other, how=how, return_overlap=True)
    found = frame.gidx.join(other, how, overlap=True)

    def pairs(data, *names):
        return sorted(zip(*(numbers(data[name]) for name in names), strict=True))

    assert pairs(found, "n", "n_other", "overlap_start", "overlap_end") == pairs(
        theirs, "n", "n_", "overlap_start", "overlap_end"
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("overlapping", [True, False])
@pytest.mark.parametrize("direction", ["both", "left", "right"])
def test_bioframe_finds_neighbours_as_near(direction, overlapping, k):
    # which of several that are equally near it takes, it does not say: distances are unique
    rng = np.random.default_rng(k)
    frame, other = random_frame(rng, 150), random_frame(rng, 150)
    theirs = bioframe.closest(
        frame,
        other,
        k=k,
        ignore_overlaps=not overlapping,
        ignore_upstream=direction == "right",
        ignore_downstream=direction == "left",
        return_distance=True,
    ).dropna()
    found = frame.gidx.nearest(other, k, direction=direction, overlapping=overlapping)

    def distances(data):
        return sorted(zip(numbers(data["n"]), numbers(data["distance"]), strict=True))

    assert distances(found) == distances(theirs)


def test_variants_and_genes_that_count_from_one_and_from_zero():
    genes = build([("chr2", 0, 10), ("chr2", 50, 60)], name=["A", "B"]).data
    calls = pd.DataFrame({"CHROM": ["chr2", "chr2"], "POS": [10, 61], "REF": ["ACGT", "A"]})
    assert calls.gidx.join(genes)["name"].tolist() == ["A"]
    assert calls.gidx.nearest(genes)["distance"].tolist() == [0, 0]
    assert genes.gidx.join(calls, overlap=True)["overlap"].tolist() == [1]
    assert calls.gidx.join(genes, overlap=True)["overlap_start"].tolist() == [10]


def test_strand_names_a_column_that_must_be_there():
    frame = build([("chr2", 10, 20)], strand="+").data
    for word in ("same", "opposite", "Strand"):  # some tools choose by it
        with pytest.raises(ColumnError, match=f"no column '{word}'.*direction='upstream'"):
            frame.gidx.nearest(frame, strand=word)


def test_sites_without_bases_have_neighbours_that_are_not_themselves():
    """pyranges0 140: k_nearest(overlap=False) of sites with start = end finds the site itself."""
    sites = pd.DataFrame({"Chromosome": "chr1", "Start": [3, 8, 5], "End": [3, 8, 5]})
    start = [3, 8, 5, 9, 15]
    others = pd.DataFrame({"Chromosome": "chr1", "Start": start, "End": start, "Extra": range(5)})
    found = sites.gidx.nearest(others, overlapping=False)
    assert found[["Extra", "distance"]].to_numpy().tolist() == [[2, 2], [3, 1], [0, 2]]


def test_strands_and_a_chrom_alone_do_not_matter_to_counts():
    """pyranges0 199: `IndexError: index 3 is out of bounds` of rows with strands on one chrom."""
    windows = pd.DataFrame({"Chromosome": "chr1", "Start": [0, 10, 20, 30],
                            "End": [10, 20, 30, 40], "Strand": ["+", "+", "+", "-"]})  # fmt: skip
    rows = pd.DataFrame({"Chromosome": "chr1", "Start": [6, 10, 22, 24], "End": [12, 20, 27, 30]})
    assert windows.gidx.count(rows).tolist() == [1, 2, 2, 0]
