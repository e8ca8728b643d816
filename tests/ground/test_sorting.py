"""Rows sorted by code and value, against Python's own sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gidx.ground.sorting import sorted_pairs, sorted_rows, sorted_values


def check(codes, values, n_codes):
    codes, values = np.asarray(codes, np.int32), np.asarray(values, np.int64)
    given = codes.copy(), values.copy()
    keyed = sorted(
        (c, v, i) for i, (c, v) in enumerate(zip(codes.tolist(), values.tolist(), strict=True))
    )
    there = [(v, i) for c, v, i in keyed if c >= 0]
    missing = len(codes) - len(there)
    assert sorted_rows(codes, values, n_codes, missing).tolist() == [i for _, i in there]
    rows, found = sorted_pairs(codes, values, n_codes, missing)
    assert rows.tolist() == [i for _, i in there]
    assert found.tolist() == [v for v, _ in there]
    if not missing:
        assert sorted_values(codes, values, n_codes).tolist() == [v for v, _ in there]
    assert np.array_equal(codes, given[0])
    assert np.array_equal(values, given[1])


RANGES = [
    (1, 0, 0),
    (1, 0, 3),  # more rows than values
    (3, 0, 10),
    (5000, 0, 1000),  # two digits of codes
    (5000, -(2**40), 2**40),  # four and more
    (2, -(2**62) - 1, 2**62 + 1),  # all 64 bits are the values'
    (5000, -(2**62) - 1, 2**62 + 1),  # codes do not fit beside them
    (200_000, 0, 2**60),
]


@pytest.mark.parametrize(("n_codes", "low", "high"), RANGES)
@pytest.mark.parametrize("lowest", [-1, 0])
def test_rows_are_sorted_by_code_and_value_stably(n_codes, low, high, lowest):
    rng = np.random.default_rng(7)
    codes = rng.integers(lowest, n_codes, 3000)
    values = rng.integers(low, high, 3000, endpoint=True)
    values[:4] = low, high, low, high
    values[rng.integers(0, 3000, 500)] = values[5]
    check(codes, values, n_codes)
    check(np.sort(codes), np.sort(values), n_codes)
    check(np.sort(codes)[::-1], np.sort(values)[::-1], n_codes)
    steps = np.sort(values)
    steps[1::2], steps[:-1:2] = steps[:-1:2].copy(), steps[1::2].copy()
    check(np.sort(codes), steps, n_codes)


@pytest.mark.parametrize("far", [0, 10**6, 2**50])
@pytest.mark.parametrize("lone", [0, 1500, 2999])
def test_one_number_far_from_the_others(far, lone):
    """All others are near each other; or follow each other."""
    for values in (np.random.default_rng(1).integers(0, 4000, 3000), np.arange(3000)):
        values[lone] = far
        check(np.zeros(3000), values, 1)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(-5, 5) | st.integers(-(2**62), 2**62))),
    st.sampled_from(["any", "sorted"]),
)
def test_any_rows(rows, order):
    if order == "sorted":
        rows = sorted(rows)
    check([code for code, _ in rows], [value for _, value in rows], 4)


def test_nothing_sorts_to_nothing():
    check([], [], 0)
    check([], [], 3)
    check([-1, -1], [5, 3], 3)


@pytest.mark.parametrize("lowest", [-1, 0])
def test_more_rows_than_are_packed_at_a_time(lowest):
    rng = np.random.default_rng(2)
    codes, values = rng.integers(lowest, 24, 30_000), rng.integers(0, 2**28, 30_000)
    values[:9_000] = values[0]
    check(codes, values, 24)
