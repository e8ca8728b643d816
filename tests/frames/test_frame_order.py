"""Sorting frames, and telling whether they are sorted: laws, against Python and the writers."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx
from gidx.errors import UnknownChromError, WriteError
from gidx.frames import order
from gidx.ground.conventions import CANONICAL, recognise

CHROMS = ["chr1", "chr2", "chr10", "chrX", "b", "a"]
NATURAL = ["a", "b", "chr1", "chr2", "chr10", "chrX"]

DTYPES = {
    "object": lambda v: pd.Series(v, dtype="object"),
    "string": lambda v: pd.Series(v, dtype="string"),
    "category": lambda v: pd.Series(v, dtype="category"),
    "arrow": lambda v: pd.Series(v, dtype=pd.ArrowDtype(pa.string())),
}


def frame(chroms, starts, **columns):
    chroms = DTYPES["object"](chroms)
    starts = pd.array(starts, dtype="Int64")
    return pd.DataFrame({"chrom": chroms, "start": starts, "end": starts + 5, **columns})


def with_sizes(df, names):
    df.attrs["gidx"] = json.dumps({"version": 1, "chromsizes": dict.fromkeys(names, 1000)})
    return df


def sort(df, chroms=None):
    return order.sort(df, CANONICAL, chroms)


def sorted_chroms(names, chroms=None, dtype="object"):
    df = frame(names, range(len(names)))
    df["chrom"] = DTYPES[dtype](names)
    return sort(df, chroms)["chrom"].tolist()


# ── sort ────────────────────────────────────────────────────────────────────────────────────────

rows = st.lists(
    st.tuples(st.sampled_from([*CHROMS, *CHROMS, None]), st.one_of(st.integers(0, 9), st.none())),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=30)
@given(rows=rows)
def test_rows_are_sorted_by_chrom_and_start_stably_with_missing_ones_last(dtype, rows):
    df = frame([c for c, _ in rows], [s for _, s in rows], n=np.arange(len(rows)))
    df["chrom"] = DTYPES[dtype]([c for c, _ in rows])
    df.index = [f"row{i}" for i in range(len(rows))]
    found = order.sort(df, CANONICAL, CHROMS)
    placed = [i for i, row in enumerate(rows) if None not in row]
    missing = [i for i, row in enumerate(rows) if None in row]
    placed.sort(key=lambda i: (CHROMS.index(rows[i][0]), rows[i][1]))
    assert found["n"].tolist() == placed + missing
    pd.testing.assert_frame_equal(found, df.iloc[placed + missing], check_categorical=False)


def test_chroms_go_naturally_where_no_order_is_known():
    assert sorted_chroms(["chr10", "chrX", "a", "chr2", "chr1", "b"]) == NATURAL


def test_lexical_order_is_that_of_bytes():
    names = ["chr2", "b", "chr10", "B", "é", "z"]
    assert sorted_chroms(names, "lexical") == ["B", "b", "chr10", "chr2", "z", "é"]


def test_natural_order_can_be_asked_of_frames_that_know_another():
    df = with_sizes(frame(["chr10", "chr2"], [1, 2]), ["chr10", "chr2"])
    assert sort(df)["chrom"].tolist() == ["chr10", "chr2"]
    assert sort(df, "natural")["chrom"].tolist() == ["chr2", "chr10"]


def test_the_genomes_order_goes_before_that_of_categories_and_these_before_the_rest():
    df = with_sizes(frame(["a", "b", "chr1", "chr2"], [1, 2, 3, 4]), ["chr2", "b"])
    kind = pd.CategoricalDtype(["chr1", "a", "b", "chr2"])
    assert sort(df.astype({"chrom": kind}))["chrom"].tolist() == ["chr2", "b", "chr1", "a"]
    assert sort(df)["chrom"].tolist() == ["chr2", "b", "a", "chr1"]


@pytest.mark.parametrize(
    "given",
    [["b", "chr1", "a"], {"b": 10, "chr1": 20, "a": 5}, pd.Series({"b": 10, "chr1": 20, "a": 5}),
     pd.DataFrame({"chrom": ["b", "chr1", "a"], "size": [9, 8, 7]}), pd.Index(["b", "chr1", "a"]),
     pd.Series(["b", "chr1", "a"])],
)  # fmt: skip
def test_an_order_is_a_list_of_names_or_chromsizes(given):
    assert sorted_chroms(["a", "chr1", "b"], given) == ["b", "chr1", "a"]


def test_chroms_that_are_not_in_the_list_are_named():
    with pytest.raises(UnknownChromError, match="do not list 'chr2', 'chr10', which") as error:
        sorted_chroms(["chr10", "chr1", "chr2"], ["chr1"])
    assert error.value.chrom == "chr2"
    assert sorted_chroms(["chr1", None], ["chr1"]) == ["chr1", None]  # no chrom is none of them


def test_categories_without_rows_need_not_be_in_the_list():
    df = frame(["b", "a"], [1, 2]).astype({"chrom": pd.CategoricalDtype(["c", "a", "b"])})
    found = sort(df, ["b", "a"])["chrom"]
    assert found.cat.categories.tolist() == ["b", "a", "c"]


def test_pandas_agrees_on_the_order_of_a_categorical_that_was_sorted():
    df = frame(["chr10", "chr2", "chr2"], [1, 9, 2]).astype({"chrom": "category"})
    found = sort(df, "natural")
    assert found.sort_values(["chrom", "start"]).index.tolist() == found.index.tolist()
    assert found["chrom"].dtype == pd.CategoricalDtype(["chr2", "chr10"])
    assert df["chrom"].cat.categories.tolist() == ["chr10", "chr2"]  # the old one's stay


@pytest.mark.parametrize("chroms", ["Natural", "chr1"])
def test_another_word_is_no_order(chroms):
    with pytest.raises(ValueError, match="expected 'natural', 'lexical', a list"):
        sorted_chroms(["chr1"], chroms)


def test_names_are_texts():
    with pytest.raises(TypeError, match="chroms has 1, expected names"):
        sorted_chroms(["chr1"], [1])


def test_a_sorted_frame_is_a_new_frame_all_the_same():
    df = with_sizes(frame(["a", "b"], [1, 2]), ["a"])
    found = sort(df)
    assert found is not df
    assert found.attrs == df.attrs
    found.loc[0, "start"] = 0
    assert df["start"].tolist() == [1, 2]


def test_starts_of_any_size_and_sign_are_sorted():
    starts = [2**60, -5, 0, 2**60 - 1, -(2**60)]
    assert sort(frame(["a"] * 5, starts))["start"].tolist() == sorted(starts)


def test_what_others_call_their_columns_is_sorted_too():
    df = pd.DataFrame({"seqid": ["2", "1", "1"], "start": [1, 9, 3], "end": 20})
    assert order.sort(df, recognise(df.columns)).index.tolist() == [2, 1, 0]
    df = pd.DataFrame({"CHROM": [10, 2, 2], "POS": [1, 9, 3], "REF": "A"})
    assert order.sort(df, recognise(df.columns))["POS"].tolist() == [3, 9, 1]


def test_a_frame_without_rows_is_sorted():
    for dtype in ("int64", "object", "float64", "Int64", "int64[pyarrow]"):
        df = frame([], []).astype({"start": dtype, "end": dtype})
        assert sort(df).empty
        assert order.is_sorted(df, CANONICAL)


# ── is_sorted ───────────────────────────────────────────────────────────────────────────────────


def is_taken(df):
    try:
        gidx.write_bed(df, io.BytesIO(), level=0, threads=1)
    except WriteError:
        return False
    return True


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=30)
@given(rows=rows)
def test_a_frame_is_sorted_where_a_writer_takes_it(dtype, rows):
    df = frame([c for c, _ in rows], [s for _, s in rows])
    df["chrom"] = DTYPES[dtype]([c for c, _ in rows])
    assert order.is_sorted(df, CANONICAL) == is_taken(df)
    df = df.dropna()
    if len(df):
        assert order.is_sorted(sort(df), CANONICAL)
        assert is_taken(sort(df))


@pytest.mark.parametrize(
    ("chroms", "starts", "sorted_"),
    [
        (["chr2", "chr2", "chr1"], [1, 9, 5], True),  # chroms in any order
        (["chr1", "chr2", "chr1"], [1, 2, 3], False),  # a chrom that comes back
        (["chr1", "chr1"], [5, 4], False),
        (["chr1", "chr1"], [5, 5], True),
        (["chr1", None], [5, 6], False),
        (["chr1", "chr1"], [5, None], False),
    ],
)
def test_sorted_is_by_start_within_chroms_that_stand_together(chroms, starts, sorted_):
    assert order.is_sorted(frame(chroms, starts), CANONICAL) is sorted_
