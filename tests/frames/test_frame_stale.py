"""The index of a frame: reused while nothing has changed, never when something has."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.frames import CHROM_DTYPES, POSITION_DTYPES, Row, build, matches, meets

from gidx.errors import ColumnError, GidxWarning, UnknownChromError
from gidx.frames import index
from gidx.frames.index import index_of
from gidx.ground.tuning import tuning

# ── the oracle reads the frame anew each time ───────────────────────────────────────────────────


def read(df: pd.DataFrame) -> list[Row]:
    shift = df.gidx._roles.shift
    columns = [
        [None if pd.isna(v) else v for v in df[name].tolist()] for name in ("chrom", "start", "end")
    ]
    return [
        (c, None if s is None else int(s) - shift, None if e is None else int(e))
        for c, s, e in zip(*columns, strict=True)
    ]


REGIONS: list[Row] = [("chr2", 8, 14), ("chrX", 0, 5), ("chr10", 20, 20), ("chr2", 30, 90)]
ASKED = build(REGIONS).data


def check(df: pd.DataFrame) -> None:
    rows = read(df)
    if any(None not in row and row[1] > row[2] for row in rows):
        for ask in (lambda: df.gidx.query(REGIONS[0]), lambda: df.gidx.count(ASKED)):
            with pytest.raises(ColumnError, match="is after"):
                ask()
        return
    known = {row[0] for row in rows}
    for region in REGIONS:
        if region[0] in known:
            expected = [i for i, row in enumerate(rows) if matches(row, region)]
            assert df.gidx.query(region).equals(df.iloc[expected])
            assert df.gidx.count(region).sum() == len(expected)
    expected = [sum(matches(region, row) for row in rows) for region in REGIONS]
    assert ASKED.gidx.count(df).tolist() == expected
    expected = [sum(matches(row, region) for region in REGIONS) for row in rows]
    assert df.gidx.count(ASKED).tolist() == expected
    pairs = sum(meets(row, region) for row in rows for region in REGIONS)
    assert len(df.gidx.join(ASKED, suffixes=("", "_asked"))) == pairs


# ── what can be done to a frame ─────────────────────────────────────────────────────────────────

Step = Callable[[pd.DataFrame, int, int], Any]


def label(df: pd.DataFrame, i: int) -> Any:
    return df.index[i % len(df)]


def set_row(df, i, v):
    df.loc[label(df, i), ["start", "end"]] = [v, v + 5]


def set_by_mask(df, i, v):
    df.loc[(df["n"] % 3 == i % 3).to_numpy(bool), "end"] = 40 + v


def set_by_number(df, i, v):
    df.iloc[i % len(df), df.columns.get_loc("start")] = v


def set_at(df, i, v):
    df.iat[i % len(df), df.columns.get_loc("end")] = 45 + v


def set_chrom(df, i, v):
    df.iloc[i % len(df), df.columns.get_loc("chrom")] = ["chr2", "chrX", "chr10"][v % 3]


def set_missing(df, i, v):
    df["start"] = df["start"].astype("Int64")
    df.loc[label(df, i), "start"] = pd.NA


def set_column(df, i, v):
    df["start"] = df["start"].to_numpy("float64", na_value=0) - v % 3


def set_column_in_place(df, i, v):
    df.iloc[:, df.columns.get_loc("start")] = [(i + j * v) % 40 for j in range(len(df))]


def add(df, i, v):
    df["end"] += v % 4


def add_beside(df, i, v):
    df.eval("end = end + 1", inplace=True)


def update(df, i, v):
    if df.index.is_unique:
        df.update(pd.DataFrame({"end": [50 + v]}, index=[label(df, i)]))


def drop(df, i, v):
    df.drop(index=label(df, i), inplace=True)


def drop_missing(df, i, v):
    df.dropna(subset=["start"], inplace=True)


def append(df, i, v):
    df.loc[1000 + v + len(df)] = ["chr2", v, v + 4, 0]


def sort(df, i, v):
    df.sort_values(["start", "n", "chrom"][i % 3], inplace=True, ascending=v % 2 == 0)


def shuffle_values(df, i, v):
    for name in ("chrom", "start", "end"):
        df[name] = df[name].array[::-1]


def reset(df, i, v):
    df.reset_index(drop=True, inplace=True)


def relabel(df, i, v):
    df.index = [f"label {i % 3}" for i in range(len(df))]


def rename_away_and_back(df, i, v):
    df.rename(columns={"start": "x"}, inplace=True)
    with pytest.raises(ColumnError):
        df.gidx.query("chr2")
    df.rename(columns={"x": "start"}, inplace=True)


def swap_names(df, i, v):
    df.columns = [{"start": "end", "end": "start"}.get(name, name) for name in df.columns]


def replace_column(df, i, v):
    column = df.pop("end")
    df.insert(0, "end", column + v % 3)


def add_and_drop_a_column(df, i, v):
    df.insert(0, "more", v)
    del df["more"]


def count_from_one(df, i, v):
    with warnings.catch_warnings():  # that names alone tell otherwise
        warnings.simplefilter("ignore", GidxWarning)
        df.gidx.set(coords="1-based" if v % 2 else "0-based")


def forget_what_was_set(df, i, v):
    df.attrs.clear()


def change_a_view(df, i, v):
    view = df[:]
    view.gidx.count(ASKED)
    set_by_number(view, i, v)
    set_chrom(view, i, v)
    shallow = df.copy(deep=False)
    shallow.gidx.count(ASKED)
    set_at(shallow, i, v)


def change_a_column_that_was_taken(df, i, v):
    column = df["start"]
    column.iloc[i % len(df)] = v  # copies, as all that pandas does on write


def rename_categories(df, i, v):
    if isinstance(df["chrom"].dtype, pd.CategoricalDtype):
        names = df["chrom"].cat.categories
        df["chrom"] = df["chrom"].cat.rename_categories(dict(zip(names, names[::-1], strict=True)))


def retype(df, i, v):
    kind = ["int64", "Int64", "float64", "int64[pyarrow]"][v % 4]
    if not df["end"].isna().any():
        df["end"] = df["end"].astype(kind)


BY_PANDAS: list[Step] = [
    set_row, set_by_mask, set_by_number, set_at, set_chrom, set_missing, set_column,
    set_column_in_place, add, add_beside, update, drop, drop_missing, append, sort,
    shuffle_values, reset, relabel, rename_away_and_back, swap_names, replace_column,
    add_and_drop_a_column, count_from_one, forget_what_was_set, change_a_view,
    change_a_column_that_was_taken, rename_categories, retype,
]  # fmt: skip


def write_beneath(df, i, v):
    df["start"].array[i % len(df)] = v


def write_chroms_beneath(df, i, v):
    df["chrom"].array[i % len(df)] = "chrX" if v % 2 else "chr10"


def write_an_array_beneath(df, i, v):
    values = getattr(df["end"].array, "_data", None)  # of a masked array
    if isinstance(values, np.ndarray):
        values[i % len(df)] = 44 + v


BENEATH: list[Step] = [write_beneath, write_chroms_beneath, write_an_array_beneath]


def apply(step: Step, df: pd.DataFrame, i: int, v: int) -> None:
    if not len(df):
        return
    with warnings.catch_warnings():
        # in place, which pandas 3.1 deprecates; an int in a column of other numbers
        warnings.simplefilter("ignore")
        step(df, i, v)


def steps(of: list[Step]) -> st.SearchStrategy[list[tuple[Step, int, int]]]:
    return st.lists(
        st.tuples(st.sampled_from(of), st.integers(0, 30), st.integers(0, 8)), max_size=5
    )


KINDS = st.tuples(
    st.sampled_from([name for name in CHROM_DTYPES if "chroms" not in name]),
    st.sampled_from(list(POSITION_DTYPES)),
    st.sampled_from(["range", "strings"]),
)


def frame_of(kind: tuple[str, str, str], n: int = 12) -> pd.DataFrame:
    rows = [
        (["chr2", "chr10", "chrX"][i * i % 3], i * 5 % 23, i * 5 % 23 + i % 7) for i in range(n)
    ]
    return build(rows, *kind).data


# ── laws ────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=50)
@given(KINDS, steps(BY_PANDAS + BENEATH))
def test_no_answer_is_stale_whatever_was_done_to_the_frame(kind, done):
    df = frame_of(kind)
    check(df)
    for step, i, v in done:
        with suppress(
            TypeError, ValueError, NotImplementedError
        ):  # not every dtype can hold every value
            apply(step, df, i, v)
        check(df)


@settings(max_examples=30)
@given(KINDS, steps(BY_PANDAS))
def test_of_large_frames_what_pandas_changes_is_seen_without_reading_their_values(kind, done):
    with tuning.set(digested=0, digested_texts=0):
        df = frame_of(kind)
        check(df)
        for step, i, v in done:
            with suppress(TypeError, ValueError, NotImplementedError):
                apply(step, df, i, v)
            check(df)


@pytest.mark.parametrize("step", BY_PANDAS + BENEATH, ids=lambda step: step.__name__)
@pytest.mark.parametrize(
    ("chrom", "position"),
    [
        ("categorical", "int64"),
        ("pandas' own", "Int64"),
        ("object", "float64"),
        ("arrow string", "arrow int64"),
    ],
)
def test_each_change_is_seen(step, chrom, position):
    df = frame_of((chrom, position, "range"))
    check(df)
    apply(step, df, 4, 7)
    check(df)


def test_memory_that_the_frame_does_not_own_is_watched_too():
    start = np.array([0, 10, 20])
    df = pd.DataFrame({"chrom": ["chr2"] * 3, "start": start, "end": start + 5}, copy=False)
    assert np.shares_memory(df["start"].to_numpy(), start)
    assert df.gidx.count(("chr2", 0, 3)).sum() == 1
    start[0] = 4
    assert df.gidx.count(("chr2", 0, 3)).sum() == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda df: df.gidx.count(ASKED).tolist(),
        lambda df: df.gidx.count(REGIONS[:3]).tolist(),
        lambda df: len(df.gidx.join(ASKED)),
        lambda df: ASKED.gidx.count(df).tolist(),
        lambda df: df.gidx.nearest(ASKED)["distance"].tolist(),
    ],
)
def test_of_large_frames_memory_beneath_pandas_is_watched_where_more_than_a_region_is_asked(
    monkeypatch, ask
):
    monkeypatch.setattr(tuning, "digested", 0)
    monkeypatch.setattr(tuning, "digested_texts", 0)
    df = frame_of(("categorical", "int64", "range"))
    before = ask(df)
    values = df["start"].array.to_numpy().copy()
    df["start"].array[:] = 0
    assert ask(df) == ask(df.copy()) != before
    df["start"].array[:] = values
    assert ask(df) == before


# ── reuse ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chrom", "position"),
    [(chrom, "int64") for chrom in CHROM_DTYPES]
    + [("categorical", position) for position in POSITION_DTYPES],
)
def test_an_index_is_built_once_while_nothing_changes(chrom, position):
    name = "2" if "chroms" in chrom else "chr2"
    df = build([(name, 5, 9), (name, 7, 8)], chrom, position).data
    first = index_of(df)
    df.gidx.query(name)
    df.gidx.join(df)
    df["more"] = 1
    df.loc[0, "n"] = 7
    df.index = ["a", "b"]
    assert index_of(df) is first
    assert index_of(df, closely=False) is first


def test_a_large_frame_is_asked_again_without_a_look_at_its_values(monkeypatch):
    if int(pd.__version__.partition(".")[0]) < 3:
        pytest.skip("pandas copies on write since 3.0")
    n = tuning.digested + 1
    start = np.arange(n) * 3
    df = pd.DataFrame({"chrom": "chr2", "start": start, "end": start + 2})
    assert df.gidx.count(("chr2", 0, 9)).sum() == 3
    first = index_of(df)
    with monkeypatch.context() as patch:
        patch.setattr(index, "_digest_of", None)
        assert df.gidx.count(("chr2", 0, 12)).sum() == 4
        assert len(df.gidx["chr2:10-20"]) == 4
    df.loc[1, "end"] = 100
    assert df.gidx.query(("chr2", 90, 91)).index.tolist() == [1, 30]
    assert index_of(df) is not first


@pytest.mark.parametrize("kind", [list, pd.Series, iter])
def test_a_large_frame_that_is_asked_many_regions_is_looked_at(kind):
    start = np.arange(tuning.digested + 1) * 3
    df = pd.DataFrame({"chrom": "chr2", "start": start, "end": start + 2})
    regions = [("chr2", 10**6, 10**6 + 1)] * 1000
    assert df.gidx.query(kind(regions)).empty
    df["start"].array[0], df["end"].array[0] = 10**6, 10**6 + 5
    assert df.gidx.query(kind(regions)).index.tolist() == [0]


def test_an_index_dies_with_its_frame():
    df = frame_of(("categorical", "int64", "range"))
    alive = weakref.ref(index_of(df))
    assert alive() is not None
    del df
    gc.collect()
    assert alive() is None


def test_an_index_that_is_no_longer_true_is_let_go():
    df = frame_of(("categorical", "int64", "range"))
    alive = weakref.ref(index_of(df))
    df["start"] = 0
    df.gidx.count("chr2")
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(
    "derive",
    [
        lambda df: df[:],
        lambda df: df.copy(),
        lambda df: df.copy(deep=False),
        copy.copy,
        copy.deepcopy,
        lambda df: pickle.loads(pickle.dumps(df)),
        lambda df: df.iloc[2:5],
        lambda df: df[["end", "start", "chrom", "n"]],
        lambda df: df.assign(start=0),
        lambda df: df.rename(columns=str.lower),
        lambda df: df.gidx.query(("chr2", 0, 50)),
        lambda df: pd.concat([df, df]),
        lambda df: df.astype({"start": "float64"}),
    ],
)
def test_frames_made_from_an_indexed_one_have_their_own(derive):
    df = frame_of(("categorical", "int64", "range"))
    check(df)
    kept = index_of(df)
    derived = derive(df)
    assert "_gidx_index" not in vars(derived)
    check(derived)
    assert index_of(derived) is not kept
    before = df["start"].copy()
    derived.iloc[0, derived.columns.get_loc("start")] = 0
    check(derived)
    check(df)
    shared = not df["start"].equals(before)  # as pandas 2 does: both have changed
    assert (index_of(df) is kept) != shared


def test_an_index_is_not_pickled():
    df = frame_of(("categorical", "int64", "range"))
    before = len(pickle.dumps(df))
    df.gidx.count("chr2")
    assert len(pickle.dumps(df)) == before


def test_what_the_metadata_know_may_change_without_a_new_index():
    df = frame_of(("categorical", "int64", "range"))
    kept = index_of(df)
    with pytest.raises(UnknownChromError):
        df.gidx.count("chr99")
    df.attrs["gidx"] = '{"version": 1, "chromsizes": {"chr99": 5}}'
    assert df.gidx.count("chr99").sum() == 0
    df.attrs["gidx"] = '{"version": 1, "chromsizes": {"chr98": 5}}'
    assert df.gidx.count("chr98").sum() == 0
    with pytest.raises(UnknownChromError):
        df.gidx.count("chr99")
    assert index_of(df) is kept


VARIANTS = {
    "REF": ["A", "ACGTACGT"],
    "ALT": ["C", "<DEL>", "<DUP>,C"],
    "INFO": [".", "END=30", "SVLEN=12"],
    "POS": [10, 25],
}
TEXT_DTYPES = ["object", "str", "string[python]", pd.ArrowDtype(pa.string()), "category"]


@settings(max_examples=30)
@given(
    st.sampled_from(TEXT_DTYPES),
    st.booleans(),
    st.lists(
        st.sampled_from(list(VARIANTS)).flatmap(
            lambda name: st.tuples(
                st.just(name), st.integers(0, 2), st.sampled_from(VARIANTS[name]), st.booleans()
            )
        ),
        max_size=5,
    ),
)
def test_what_says_where_variants_end_is_watched(dtype, large, changes):
    """Whatever is changed of it, and however large the frame: as a frame that nobody has asked."""
    df = pd.DataFrame({"CHROM": "1", "POS": [10, 20, 25]})
    for name in ("REF", "ALT", "INFO"):
        column = pd.Series([VARIANTS[name][0]] * 3, dtype="object")
        kind = pd.CategoricalDtype(VARIANTS[name]) if dtype == "category" else dtype
        df[name] = column.astype(kind)
    asked = [("1", 11, 12), ("1", 22, 23), ("1", 28, 29), ("1", 33, 34)]
    with tuning.set(**{"digested": 0, "digested_texts": 0} if large else {}):
        for name, row, value, whole in [("POS", 0, 10, False), *changes]:
            if whole:
                df[name] = df[name].mask([i == row for i in range(3)], value)
            else:
                df.loc[row, name] = value
            for region in asked:
                assert df.gidx.overlaps(region).equals(df.copy().gidx.overlaps(region))


def test_a_large_vcf_is_asked_again_without_a_look_at_its_values(monkeypatch):
    monkeypatch.setattr(tuning, "digested", 0)
    monkeypatch.setattr(tuning, "digested_texts", 0)
    monkeypatch.setattr(index, "ALWAYS_COPIES_ON_WRITE", True)  # else pandas 2 writes in place
    df = pd.DataFrame({"CHROM": "1", "POS": [10, 20], "REF": ["A", "C"], "INFO": ["END=30", "."]})
    kept = index_of(df)
    monkeypatch.setattr(index, "positions", None)
    assert index_of(df, closely=False) is kept


def test_rows_of_a_vcf_are_watched_with_their_ref_and_end():
    df = pd.DataFrame({"CHROM": ["1", "1"], "POS": [10, 20], "REF": ["A", "A"], "INFO": [".", "."]})
    assert df.gidx.count(("1", 11, 12)).sum() == 0
    df.loc[0, "REF"] = "ACGT"
    assert df.gidx.count(("1", 11, 12)).sum() == 1
    assert df.gidx.count(("1", 25, 26)).sum() == 0
    df.loc[1, "INFO"] = "END=30"
    assert df.gidx.count(("1", 25, 26)).sum() == 1
