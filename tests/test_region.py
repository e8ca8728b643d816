"""Regions: strings are 1-based closed, tuples and frames 0-based half-open, all one thing."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx.errors import GidxError, RegionError, UnknownChromError
from gidx.region import MAX_END, Region, parse, resolve

CHROMS = {"chr1": 1000, "chr10": 500, "chrM": 16, "HLA-A*01:01": 9, "HLA-A*01:01:02": 9}


def spans(regions, chroms=CHROMS):
    """What regions resolve to, as (chrom, start, end)."""
    found = resolve(regions, chroms)
    names = list(chroms)
    return [
        (names[c], int(s), int(e))
        for c, s, e in zip(found.chrom, found.start, found.end, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("chr1", 0, MAX_END),
        ("chr1:1-1", 0, 1),
        ("chr1:1,000-2,000", 999, 2000),
        ("chr1:1000-2000", 999, 2000),
        ("chr1:1000-", 999, MAX_END),
        ("chr1:1000", 999, MAX_END),  # as samtools has it
        ("chr1:-2000", 0, 2000),
        ("chr1:,-5", 0, 5),
        ("{chr1}", 0, MAX_END),
        ("{chr1}:3-4", 2, 4),
        ("chr1:5-4", 4, 4),  # the place between bases 4 and 5
    ],
)
def test_a_region_string_is_1_based_and_closed(text, start, end):
    assert parse(text) == Region("chr1", start, end)


def test_a_string_and_a_tuple_name_the_same_bases():
    assert spans("chr1:1,000-2,000") == spans(("chr1", 999, 2000)) == [("chr1", 999, 2000)]


def test_the_longest_known_name_wins_over_a_span():
    assert parse("HLA-A*01:01:02", CHROMS) == Region("HLA-A*01:01:02")
    assert parse("HLA-A*01:01:02-3", CHROMS) == Region("HLA-A*01:01", 1, 3)
    assert parse("{HLA-A*01:01}:02-3", CHROMS) == Region("HLA-A*01:01", 1, 3)
    assert parse("{HLA-A*01:01:02}", CHROMS) == Region("HLA-A*01:01:02")


@given(st.integers(0, 10**12), st.integers(1, 10**12) | st.none())
def test_a_region_reads_back_from_its_own_text(start, length):
    region = Region("chr1", start, MAX_END if length is None else start + length)
    assert parse(str(region)) == region


@given(st.text(max_size=12))
def test_any_text_is_a_region_or_a_region_error(text):
    with suppress(RegionError):
        resolve(text, CHROMS)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ("chr1:0-10", "region 'chr1:0-10': starts at 0, but region strings are 1-based; "
                      "for 0-based half-open use the tuple ('chr1', 0, 10)"),
        ("chr1:10-5", "region 'chr1:10-5': start 9 is after end 5 (0-based half-open)"),
        ("chr1:a-b", "region 'chr1:a-b': cannot read 'a-b'; expected chrom:start-end, "
                     "1-based closed"),
        (("chr1", -1, 5), "region ('chr1', -1, 5): start -1 is negative"),
        (("chr1", 5, 2), "region ('chr1', 5, 2): start 5 is after end 2 (0-based half-open)"),
        (("chr1", 1.5, 2), "cannot read the region ('chr1', 1.5, 2)"),
        (("chr1", True), "cannot read the region ('chr1', True)"),
        ((1, 2, 3), "cannot read the region (1, 2, 3)"),
        (7, "cannot read a region from int"),
        ({"chr1": 5}, "cannot read a region from dict"),
        (b"chr1", "cannot read a region from bytes"),
        ([["chr1", 1, 2]], "cannot read the region ['chr1', 1, 2]"),
    ],
)  # fmt: skip
def test_what_is_no_region_says_so(regions, message):
    with pytest.raises(RegionError) as error:
        resolve(regions, CHROMS)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("1", "; did you mean 'chr1'?"),
        ("MT", "; did you mean 'chrM'?"),
        ("CHR10", "; did you mean 'chr10'?"),
        ("zzz", "; known are chr1, chr10, chrM, HLA-A*01:01, HLA-A*01:01:02"),
    ],
)
@pytest.mark.parametrize("shape", ["{}", "{}:1-5"])
def test_an_unknown_chrom_raises_with_a_hint(name, rest, shape):
    with pytest.raises(UnknownChromError) as error:
        resolve(shape.format(name), CHROMS)
    assert str(error.value) == f"unknown chrom {name!r}{rest}"
    assert isinstance(error.value, KeyError)
    assert error.value.chrom == name


def test_no_regions_are_no_rows_and_not_all():
    assert spans([]) == []
    assert spans(pd.DataFrame({"chrom": [], "start": [], "end": []})) == []
    assert spans(pa.table({"chrom": [], "start": [], "end": []})) == []


def test_a_position_past_any_number_is_past_the_end():
    assert spans(("chr1", 10**30, 10**31)) == [("chr1", MAX_END, MAX_END)]
    assert spans(("chr1", 5, 10**31)) == [("chr1", 5, MAX_END)]


ROWS = {"chrom": ["chr10", "chr1"], "start": [5, 7], "end": [8, 9]}
FRAMES = {
    "pandas": pd.DataFrame(ROWS),
    "pandas, arrow types": pd.DataFrame(ROWS).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, nullable": pd.DataFrame(ROWS).convert_dtypes(),
    "pandas, categorical": pd.DataFrame(ROWS).astype({"chrom": "category", "start": "u8"}),
    "pandas, an index of its own": pd.DataFrame(ROWS, index=["x", "y"]),
    "pandas, more columns": pd.DataFrame({"score": [1.0, None], **ROWS}),
    "polars": pl.DataFrame(ROWS),
    "arrow": pa.table(ROWS),
    "arrow batch": pa.record_batch(ROWS),
    "native names": pd.DataFrame(ROWS).rename(columns={"start": "chromStart", "end": "chromEnd"}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_frame_of_regions_is_0_based_half_open(frame):
    assert spans(frame) == [("chr1", 7, 9), ("chr10", 5, 8)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"chrom": ["chr1"], "begin": [1]}), "the frame of regions has no columns "
         "that are known as chrom, start, end among 'chrom', 'begin'"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [1.5], "end": [2]}), "a frame of regions needs "
         "integer start and end without missing values"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [None], "end": [2]}), "a frame of regions needs "
         "integer start and end without missing values"),
        (pd.DataFrame({"chrom": [None], "start": [1], "end": [2]}), "a region has no chrom"),
        (pd.DataFrame({"chrom": ["chr1"] * 2, "start": [1, 9], "end": [2, 3]}),
         "region in row 1: start 9 is after end 3"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [-1], "end": [2]}),
         "region in row 0: start -1 is negative"),
    ],
)  # fmt: skip
def test_a_frame_that_has_no_regions_says_so(frame, message):
    with pytest.raises(RegionError) as error:
        resolve(frame, CHROMS)
    assert str(error.value).startswith(message)


asked = st.lists(
    st.tuples(
        st.sampled_from(list(CHROMS)),
        st.tuples(st.integers(0, 30), st.integers(0, 30) | st.just(MAX_END)).map(sorted),
    ).map(lambda r: (r[0], *r[1])),
    max_size=12,
)


@given(asked)
def test_regions_become_sorted_and_disjoint_and_keep_every_base(regions):
    found = spans(regions)
    order = list(CHROMS)
    keys = [(order.index(c), s, e) for c, s, e in found]
    for (c, _, end), (d, start, _) in pairwise(keys):
        assert c < d or end < start  # a base between them at least
    for chrom in CHROMS:
        wanted = [(s, e) for c, s, e in regions if c == chrom]
        merged = [(s, e) for c, s, e in found if c == chrom]
        for base in [*range(32), MAX_END - 1]:
            assert any(s <= base < e for s, e in wanted) == any(s <= base < e for s, e in merged)


@given(asked)
def test_first_says_where_each_chroms_regions_are(regions):
    found = resolve(regions, CHROMS)
    for chrom in range(len(CHROMS)):
        rows = slice(found.first[chrom], found.first[chrom + 1])
        assert np.all(found.chrom[rows] == chrom)
    assert found.first[-1] == len(found)


@given(asked)
def test_a_frame_and_a_list_mean_the_same(regions):
    frame = pd.DataFrame(regions, columns=["chrom", "start", "end"])
    assert spans(frame) == spans(regions)


def test_region_errors_are_gidx_errors_and_value_errors():
    assert issubclass(RegionError, GidxError)
    assert issubclass(RegionError, ValueError)
