"""Intervals in memory against brute force: the rule written out, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.frames import Row, bases, gap, matches, meets

from gidx.frames.intervals import Intervals, Queries, Scan
from gidx.ground.tuning import tuning

CHROMS = 4
FAR = 2**61  # the largest position there may be

# ── the oracle ──────────────────────────────────────────────────────────────────────────────────


def pairs(rows: Sequence[Row], asked: Sequence[Row], rule) -> list[list[int]]:
    return [[i for i, row in enumerate(rows) if rule(row, query)] for query in asked]


def neighbours(rows, query, side, k, every, overlapping, most):
    """(distance, row) by rank: overlap, distance, start (a point before what starts there)."""
    ranked = []
    for i, row in enumerate(rows):
        if None in (*row, *query) or row[0] != query[0]:
            continue
        place = 2 * row[1] - (row[1] == row[2]), i
        if meets(row, query):
            if overlapping:
                ranked.append((0, 0, place))
            continue
        is_left = row[2] <= query[1]
        if side in {1 if is_left else -1, 2}:
            continue
        if most is None or gap(row, query) <= most:
            ranked.append((1, gap(row, query), place))
    ranked.sort()
    if every and len(ranked) > k:
        ranked = [one for one in ranked if one[:2] <= ranked[k - 1][:2]]
    elif not every:
        ranked = ranked[:k]
    return [(distance, place[1]) for _, distance, place in ranked]


# ── rows as arrays ──────────────────────────────────────────────────────────────────────────────


def arrays(rows: Sequence[Row]):
    codes = np.array([-1 if row[0] is None else row[0] for row in rows], np.int32)
    start, end = (np.array([row[i] for row in rows], np.int64) for i in (1, 2))
    return codes, start, end


def build(rows: Sequence[Row], n_codes: int = CHROMS) -> Intervals:
    return Intervals.build(*arrays(rows), n_codes)


def split(counts, found) -> list[list]:
    """Per query."""
    bounds = np.cumsum(counts).tolist()
    assert len(found) == counts.sum()
    return [
        found[stop - n : stop].tolist() for n, stop in zip(counts.tolist(), bounds, strict=True)
    ]


def paired(found: Intervals, queries: Queries, threads: int | None = None) -> list[list]:
    bounds, numbers, rows = found.pairs(queries, threads)
    counts = np.diff(bounds)
    assert numbers.tolist() == np.repeat(np.arange(len(queries)), counts).tolist()
    return split(counts, rows)


KINDS = {
    "regions": (Queries.of_regions, matches),
    "rows": (Queries.of_rows, meets),
}


def check(rows, asked, n_codes=CHROMS, threads=None):
    """Every question but the nearest, both kinds of queries."""
    found, scan = build(rows, n_codes), Scan(*arrays(rows), n_codes)
    for make, rule in KINDS.values():
        queries = make(*arrays(asked))
        expected = pairs(rows, asked, rule)
        assert paired(found, queries, threads) == expected
        assert found.count(queries, threads).tolist() == [len(one) for one in expected]
        marked = {i for one in expected for i in one}
        assert np.flatnonzero(found.any_of(queries, len(rows), threads)).tolist() == sorted(marked)
        assert np.flatnonzero(scan.any_of(queries, threads)).tolist() == sorted(marked)
        within = [bases(rows, query) for query in asked]
        assert found.depth_sum(queries, threads).tolist() == [len(one) for one in within]
        assert found.covered(queries, threads).tolist() == [len({*one}) for one in within]


# ── laws ────────────────────────────────────────────────────────────────────────────────────────

shapes = st.sampled_from([(0, 0), (0, 1), (0, 3), (0, 12), (2, 40)])  # shortest, longest


@st.composite
def cases(draw: st.DrawFn, most: int = 25) -> list[Row]:
    """Rows of few chroms around any origin, in any order, some without a chrom."""
    codes = st.sampled_from([*range(draw(st.integers(1, CHROMS))), None])
    if draw(st.booleans()):
        codes = codes.filter(lambda code: code is not None)
    lengths = draw(st.lists(shapes, min_size=1, max_size=2))
    span = st.tuples(
        st.integers(0, 30), st.sampled_from(lengths).flatmap(lambda s: st.integers(*s))
    )
    return draw(
        st.lists(st.tuples(codes, span).map(lambda r: (r[0], r[1][0], sum(r[1]))), max_size=most)
    )


origins = st.sampled_from([0, 0, -15, -FAR, FAR - 80])
orders = st.sampled_from(["any", "sorted", "reversed"])


def placed(rows: list[Row], origin: int, order: str = "any") -> list[Row]:
    rows = [(code, start + origin, end + origin) for code, start, end in rows]
    if order != "any":
        rows.sort(key=lambda row: (-1 if row[0] is None else row[0], row[1]))
    return rows[::-1] if order == "reversed" else rows


@settings(max_examples=200)
@given(cases(), cases(), origins, orders, orders)
def test_every_answer_is_that_of_brute_force(rows, asked, origin, order, asked_order):
    check(placed(rows, origin, order), placed(asked, origin, asked_order))


@pytest.mark.parametrize("every", [False, True])
@settings(max_examples=150)
@given(
    rows=cases(),
    asked=cases(12),
    origin=origins,
    order=orders,
    k=st.sampled_from([1, 2, 3, 40]),
    overlapping=st.booleans(),
    most=st.sampled_from([None, 0, 1, 4]),
    data=st.data(),
)
def test_the_nearest_are_those_of_brute_force(
    every, rows, asked, origin, order, k, overlapping, most, data
):
    rows, asked = placed(rows, origin, order), placed(asked, origin)
    sides = [data.draw(st.integers(-1, 2), "side") for _ in asked]
    counts, found, distances = build(rows).nearest(
        Queries.of_rows(*arrays(asked)),
        np.array(sides, np.int8),
        k,
        every=every,
        overlapping=overlapping,
        most=most,
    )
    expected = [
        neighbours(rows, query, side, k, every, overlapping, most)
        for query, side in zip(asked, sides, strict=True)
    ]
    assert split(counts, found) == [[row for _, row in one] for one in expected]
    assert split(counts, distances) == [[distance for distance, _ in one] for one in expected]


@given(cases(), cases(), orders, orders, st.permutations(range(CHROMS)))
def test_rows_as_queries_to_others_whose_codes_are_others(rows, asked, order, other, codes):
    rows, asked = placed(rows, 0, order), placed(asked, 0, other)
    codes[0] = -1  # a chrom that the others do not have
    queries = build(asked).as_queries(np.array(codes, np.int32), len(asked))
    renamed = [(None if c is None or codes[c] < 0 else codes[c], s, e) for c, s, e in asked]
    expected = pairs(rows, renamed, meets)
    assert paired(build(rows), queries) == expected
    assert build(rows).count(queries).tolist() == [len(one) for one in expected]
    marked = {i for one in expected for i in one}
    assert np.flatnonzero(build(rows).any_of(queries, len(rows))).tolist() == sorted(marked)


# ── what searches find hard ─────────────────────────────────────────────────────────────────────


def staircase(n):
    """Each row lies within the one before it: branches alone would take n steps."""
    return [(0, i, 2 * n - i) for i in range(n)]


def stairs_of_points(n):
    return [(0, i, 2 * n - i) for i in range(n)] + [(0, n, n)] * 3


def equal_starts(n):
    return [(0, 5, 5 + i * 7 % n) for i in range(n)]


def equal_rows(n):
    return [(0, 5, 9)] * n


def long_ones_among_short(n):
    return [(0, i, 2 * n if i % 50 == 0 else i + 2) for i in range(n)]


def long_ones_first(n):
    return [(0, 0, 2 * n - i) for i in range(20)] + [(0, 2 * i, 2 * i + 1) for i in range(n - 20)]


@pytest.mark.parametrize("n", [15, 17, 300])
@pytest.mark.parametrize(
    "make",
    [staircase, stairs_of_points, equal_starts, equal_rows, long_ones_among_short, long_ones_first],
)
def test_nested_rows(make, n):
    rows = make(n)
    rng = np.random.default_rng(n)
    starts = rng.integers(0, 2 * n, 25).tolist()
    asked = [(0, s, s + int(rng.integers(0, 4))) for s in starts]
    asked += [(0, 0, 2 * n), (0, 2 * n - 1, 2 * n), (0, 2 * n, 2 * n), (0, 0, 0), (0, 0, 1)]
    check(rows, asked)
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    check(shuffled, asked)


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("make", [staircase, equal_rows, long_ones_among_short])
def test_the_nearest_of_nested_rows(make, every, overlapping):
    rows, n = make(60), 60
    asked = [(0, s, s + s % 3) for s in range(-4, 2 * n + 5, 6)]
    sides = np.arange(len(asked)) % 3 - 1
    counts, found, _ = build(rows).nearest(
        Queries.of_rows(*arrays(asked)),
        sides.astype(np.int8),
        3,
        every=every,
        overlapping=overlapping,
    )
    expected = [
        neighbours(rows, query, side, 3, every, overlapping, None)
        for query, side in zip(asked, sides.tolist(), strict=True)
    ]
    assert split(counts, found) == [[row for _, row in one] for one in expected]


# ── sorting ─────────────────────────────────────────────────────────────────────────────────────


def test_nothing_but_missing_rows_sorts_to_nothing():
    check([(None, 1, 2)] * 3, [(0, 0, 9), (None, 0, 9)])


@pytest.mark.parametrize("origin", [0, -FAR])
def test_thousands_of_chroms(origin):
    rng = np.random.default_rng(3)
    n_codes, n = 3000, 4000
    codes, start = rng.integers(-1, n_codes, n), rng.integers(0, 6, n)
    end = start + rng.integers(0, 4, n)
    start, end = start + origin, end + origin
    end[0] = FAR  # as wide as positions can be
    some = rng.integers(0, n, 150)
    asked = codes[some], start[some] + rng.integers(0, 3, 150), end[some] + 3
    found = Intervals.build(codes.astype(np.int32), start, end, n_codes)
    bounds, _, rows = found.pairs(Queries.of_regions(*asked))
    counts = np.diff(bounds)
    code, begin, stop = (values[:, None] for values in asked)
    point = (start == end) & (start >= begin) & (end <= stop)
    hits = (codes == code) & (codes >= 0) & ((start < stop) & (end > begin) | point)
    assert counts.tolist() == hits.sum(1).tolist()
    assert rows.tolist() == np.nonzero(hits)[1].tolist()
    assert found.count(Queries.of_regions(*asked)).tolist() == counts.tolist()
    assert found.any_of(Queries.of_regions(*asked), n).tolist() == hits.any(0).tolist()


# ── many queries ────────────────────────────────────────────────────────────────────────────────


def random_rows(rng, n, n_codes=CHROMS, longest=6) -> list[Row]:
    codes = rng.integers(-1, n_codes, n).tolist()
    starts = rng.integers(0, 40, n).tolist()
    lengths = rng.integers(0, longest, n).tolist()
    return [
        (None if c < 0 else c, s, s + w) for c, s, w in zip(codes, starts, lengths, strict=True)
    ]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(("piece", "sort"), [(7, 2), (7, 1000), (1000, 2)])
def test_pieces_threads_and_the_order_of_queries_change_no_answer(
    monkeypatch, piece, sort, threads
):
    monkeypatch.setattr(tuning, "queries_apart", piece)
    monkeypatch.setattr(tuning, "queries_sorted", sort)
    rng = np.random.default_rng(piece + sort)
    rows, asked = random_rows(rng, 80), random_rows(rng, 90)
    check(rows, asked, threads=threads)
    sides = rng.integers(-1, 3, len(asked)).astype(np.int8)
    for every in (False, True):
        counts, found, _ = build(rows).nearest(
            Queries.of_rows(*arrays(asked)), sides, 2, every=every, threads=threads
        )
        assert split(counts, found) == [
            [row for _, row in neighbours(rows, query, side, 2, every, True, None)]
            for query, side in zip(asked, sides.tolist(), strict=True)
        ]


def test_more_queries_than_one_thread_takes_are_answered_as_one_by_one():
    rng = np.random.default_rng(1)
    n = 2 * tuning.queries_apart + 17
    start = rng.integers(0, 10**6, 2000)
    found = Intervals.build(
        rng.integers(0, 3, 2000).astype(np.int32), start, start + rng.integers(0, 9000, 2000), 3
    )
    begin = rng.integers(0, 10**6, n)
    asked = rng.integers(-1, 3, n).astype(np.int32), begin, begin + rng.integers(0, 50, n)
    queries = Queries.of_rows(*asked)
    bounds, numbers, rows = found.pairs(queries, threads=3)
    counts = np.diff(bounds)
    assert counts.tolist() == found.count(queries, threads=2).tolist()
    assert np.array_equal(numbers, np.repeat(np.arange(n), counts))
    for i in rng.integers(0, n, 200).tolist():
        alone = Queries.of_rows(*(values[i : i + 1] for values in asked))
        assert found.pairs(alone)[-1].tolist() == rows[bounds[i] : bounds[i + 1]].tolist()
    alone = found.pairs(queries, threads=1)
    assert all(np.array_equal(*both) for both in zip(alone, (bounds, numbers, rows), strict=True))


def test_no_rows_and_no_queries():
    assert paired(build([]), Queries.of_regions(*arrays([(0, 1, 5)]))) == [[]]
    check([], [(0, 1, 5), (None, 1, 5)])
    check([(0, 1, 5)], [])
    nobody = build([]).nearest(Queries.of_rows(*arrays([(0, 1, 5)])), np.zeros(1, np.int8), 3)
    assert [part.tolist() for part in nobody] == [[0], [], []]
