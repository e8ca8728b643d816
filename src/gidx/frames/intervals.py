"""Intervals in memory, sorted once, asked often: overlaps, counts, sums, the nearest.

`Intervals` are rows of a frame by chrom and start (numpy only; frames know pandas).
Queries are arrays, too: one region, or a million.

What decided the search (2 M rows on one chrom, 200,000 queries, 1 thread, medians; every
figure is ms for all queries, in order / at random):

=========================  ================  ====================  ==============
                           uniform, short    30 chromosome-long    build
=========================  ================  ====================  ==============
branches (here)            28 / 95           36 / 140              18
maxima of blocks           36 / 146          516 / 655             10
superintervals 1.0         240 / 404         296 / 768
NCLS 0.0.71                201 / 341         365 / 576             578, 1,013
two searches (counts)      34 / 132          36 / 146              20 (ends)
=========================  ================  ====================  ==============

superintervals has the same branches. They alone take as many steps as there are rows where
each row lies within the one before it (rows 0-2n, 1-2n-1, …) and the query is at their
end: 59 s for 200,000 queries would be hours. So after 16 steps the maxima are asked, which
takes a step for each 16th of the rows left, and no adversary can do worse than O(log n) a
hit. Counts and sums need neither: they are differences of two searches, whatever overlaps.
Queries are taken in sorted order, each search beginning where the last one ended: that is
the difference between the columns "in order" and "at random".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.ground.pool import in_order, thread_count
from gidx.ground.sorting import sorted_pairs, sorted_values
from gidx.ground.steps import picked, steps
from gidx.ground.tuning import tuning
from gidx.kernels import intervals as kernels
from gidx.kernels.intervals import (
    count,
    double,
    find_branches,
    find_maxima,
    look,
    mark,
    mark_rows,
    merge,
    nearest,
    overlap_sum,
    running_sums,
    search,
)

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
NONE: Ints = np.empty(0, np.int64)

_MOST = 250_000  # an interrupt waits for a piece: up to 0.1 s
_INT32 = 2**31 - 1


def _undoubled(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Coordinates as they are, of doubled ones (see `gidx.kernels.intervals`)."""
    start, end = np.empty_like(starts), np.empty_like(ends)
    for lo, hi in steps(len(starts)):
        start[lo:hi] = (starts[lo:hi] + 1) >> 1
        np.right_shift(ends[lo:hi], 1, out=end[lo:hi])
    return start, end


def _of_regions(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Doubled coordinates of rows as those of regions: (2p - 1, 2p + 1) becomes (2p, 2p)."""
    start, end = np.empty_like(starts), np.empty_like(ends)
    for lo, hi in steps(len(starts)):
        np.add(starts[lo:hi], starts[lo:hi] & 1, out=start[lo:hi])
        np.bitwise_and(ends[lo:hi], -2, out=end[lo:hi])
    return start, end


@dataclass(frozen=True)
class Queries:
    """Chrom codes (those of the Intervals asked; -1 finds nothing) and doubled coordinates.

    Query k is number ``place[k]`` of ``total``; numbers that no query has find nothing.
    ``place`` is empty where it is k. ``ordered``: by chrom (in any order) and start.
    """

    codes: Codes
    start: Ints
    end: Ints
    place: Ints
    total: int
    ordered: bool = False

    def __len__(self) -> int:
        return self.total

    @classmethod
    def of_regions(cls, codes: npt.ArrayLike, start: Ints, end: Ints) -> Queries:
        """Regions: one of length zero overlaps what holds it, and the rows of length zero there."""
        return cls(np.asarray(codes, np.int32), 2 * start, 2 * end, NONE, len(start))

    @classmethod
    def of_rows(cls, codes: npt.ArrayLike, start: Ints, end: Ints) -> Queries:
        """Rows: one of length zero overlaps what it touches."""
        starts, ends = double(start, end)
        return cls(np.asarray(codes, np.int32), starts, ends, NONE, len(start))

    def as_regions(self) -> Queries:
        """The same, rows of length zero as regions of length zero."""
        start, end = _of_regions(self.start, self.end)
        return replace(self, start=start, end=end)

    def lengths(self) -> Ints:
        """Bases of each."""
        start, lengths = _undoubled(self.start, self.end)
        for lo, hi in steps(len(lengths)):
            lengths[lo:hi] -= start[lo:hi]
        if len(lengths) == self.total and not len(self.place):
            return lengths
        found = np.zeros(self.total, np.int64)
        for lo, hi in steps(len(lengths)):
            found[self.place[lo:hi]] = lengths[lo:hi]
        return found

    def by_start(self, n_codes: int, *, strictly: bool = False) -> Queries:
        """By chrom and start; few are left as they are, if it is not asked strictly."""
        if self.ordered or (len(self.codes) < tuning.queries_sorted and not strictly):
            return self
        _, missing, in_order, _ = look(self.codes, self.start, n_codes)
        if in_order:
            return replace(self, ordered=True)
        return self._taken(*sorted_pairs(self.codes, self.start, n_codes, missing))

    def _taken(self, rows: Ints, start: Ints) -> Queries:
        """Some of these, in order, and where they start."""
        place = rows
        if len(self.place):
            codes, end, place = _gathered(rows, self.codes, self.end, self.place)
        else:
            codes, end = _gathered(rows, self.codes, self.end)
        return Queries(codes, start, end, place, self.total, ordered=True)

    def merged(self, n_codes: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Those that overlap or touch as one, by code (see `gidx.kernels.intervals.merge`)."""
        asked = self.by_start(n_codes, strictly=True)
        begin, stop, start, end = merge(asked.codes, asked.start, asked.end, n_codes)
        return begin, stop, start, end


@dataclass(frozen=True)
class Intervals:
    """Rows by chrom and start, in doubled coordinates (see kernels.intervals).

    ``first[c]:first[c + 1]`` are those of chrom ``c``. ``row`` are their numbers in the
    frame; None where it is sorted (each chrom's rows together, by start) and they are
    ``i`` itself. ``rank`` says which chrom a code is, -1 for one without rows.
    """

    first: Ints
    start: Ints
    end: Ints
    row: Ints | None
    rank: Codes

    @classmethod
    def build(cls, codes: Codes, start: Ints, end: Ints, n_codes: int) -> Intervals:
        """Of rows 0-based half-open; those with the code -1 are left out."""
        starts, ends = kernels.double(start, end)
        return cls._sorted(codes, starts, ends, n_codes)

    @classmethod
    def of_queries(cls, queries: Queries, n_codes: int) -> Intervals:
        """Regions that are to be searched, each query's own kind of overlap kept."""
        return cls._sorted(queries.codes, queries.start, queries.end, n_codes)

    @classmethod
    def _sorted(cls, codes: Codes, starts: Ints, ends: Ints, n_codes: int) -> Intervals:
        """Of doubled coordinates."""
        counts, missing, in_order, seen = kernels.look(codes, starts, n_codes)
        row = None
        if not in_order or missing:
            seen = np.flatnonzero(counts)
            row, starts = sorted_pairs(codes, starts, n_codes, missing)
            (ends,) = _gathered(row, ends)
        rank = np.full(n_codes + 1, -1, np.int32)  # the last is that of -1
        rank[seen] = np.arange(len(seen))
        first = np.concatenate([[0], np.cumsum(counts[seen])])
        return cls(first, starts, ends, row, rank)

    def __len__(self) -> int:
        return len(self.start)

    # ── what is made when it is needed ──────────────────────────────────────────────────────────

    @cached_property
    def _branch(self) -> npt.NDArray[Any]:
        branch: npt.NDArray[Any] = np.empty(
            len(self), np.int32 if len(self) <= _INT32 else np.int64
        )
        find_branches(self.first, self.end, branch)
        return branch

    @cached_property
    def _maxima(self) -> tuple[Ints, Ints]:
        values, offsets = find_maxima(self.end)
        return values, offsets

    @property
    def _chroms(self) -> Codes:
        return np.repeat(np.arange(len(self.first) - 1, dtype=np.int32), np.diff(self.first))

    @cached_property
    def _by_end(self) -> tuple[Ints, Ints]:
        """Rows of each chrom by end, and their ends."""
        return sorted_pairs(self._chroms, self.end, len(self.first) - 1)

    @cached_property
    def _ends(self) -> Ints:
        """The ends of each chrom, sorted."""
        if "_by_end" in self.__dict__:
            return self._by_end[1]
        return sorted_values(self._chroms, self.end, len(self.first) - 1)

    @cached_property
    def _plain(self) -> tuple[Ints, Ints]:
        """Coordinates as they are, not doubled."""
        return _undoubled(self.start, self.end)

    @cached_property
    def _sums(self) -> tuple[Ints, Ints, Ints, Ints]:
        start, end = self._plain[0], self._ends >> 1
        return start, running_sums(start), end, running_sums(end)

    @cached_property
    def _merged(self) -> tuple[Ints, Ints, Ints]:
        begin, _, start, end = merge(self._chroms, *self._plain, len(self.first) - 1)
        return np.append(begin, len(start)), start, end

    @cached_property
    def _merged_sums(self) -> tuple[Ints, Ints, Ints, Ints]:
        _, start, end = self._merged
        return start, running_sums(start), end, running_sums(end)

    # ── questions ───────────────────────────────────────────────────────────────────────────────

    def as_queries(self, codes: Sequence[int] | Codes, n_rows: int) -> Queries:
        """These rows as queries, by their numbers in the frame of ``n_rows``.

        ``codes`` are, for each code here, the code in the Intervals to be asked.
        """
        place = np.full(len(self.rank), -1, np.int32)
        place[: len(codes)] = codes
        mine = np.empty(len(self.first) - 1, np.int32)
        used = self.rank >= 0
        mine[self.rank[used]] = place[used]
        chroms = np.repeat(mine, np.diff(self.first))
        row = NONE if self.row is None else self.row
        return Queries(chroms, self.start, self.end, row, n_rows, ordered=True)

    def as_regions(self) -> Intervals:
        """The same, rows of length zero as regions of length zero (see `Queries.as_regions`)."""
        if not any((self.start[lo:hi] & 1).any() for lo, hi in steps(len(self.start))):
            return self
        start, end = _of_regions(self.start, self.end)
        return replace(self, start=start, end=end)

    def pairs(self, queries: Queries, threads: int | None = None) -> tuple[Ints, Ints, Ints]:
        """(bounds, numbers of queries, of rows): each row with each query that it overlaps.

        Query by query, those of query q are ``bounds[q]:bounds[q + 1]``; its rows ascend.
        """
        asked = queries.by_start(len(self.rank))
        bounds = np.zeros(len(queries) + 1, np.int64)
        self._count(asked, bounds[1:], threads)
        np.cumsum(bounds, out=bounds)
        codes = picked(self.rank, asked.codes)
        tree = self.first, self.start, self.end, self._branch, *self._maxima
        row = NONE if self.row is None else self.row
        numbers, found = (np.empty(bounds[-1], np.int64) for _ in range(2))

        def run(lo: int, hi: int) -> None:
            search(
                *tree, codes, asked.start, asked.end, asked.place, row, bounds, lo, hi,
                numbers, found,
            )  # fmt: skip

        if len(found):
            _each(run, len(codes), threads)
        return bounds, numbers, found

    def any_of(
        self, queries: Queries, n_rows: int, threads: int | None = None
    ) -> npt.NDArray[np.bool_]:
        """Whether each of the frame's ``n_rows`` overlaps one of the queries."""
        marked = np.zeros(n_rows, np.bool_)
        asked = replace(queries, codes=picked(self.rank, queries.codes))
        regions = asked.merged(len(self.first) - 1)
        row = NONE if self.row is None else self.row

        def run(lo: int, hi: int) -> None:
            mark(self.first, self.start, self.end, regions, row, lo, hi, marked)

        _each(run, len(self), threads)
        return marked

    def count(self, queries: Queries, threads: int | None = None) -> Ints:
        """How many rows overlap each query."""
        out = np.zeros(len(queries), np.int64)
        self._count(queries.by_start(len(self.rank)), out, threads)
        return out

    def _count(self, asked: Queries, out: Ints, threads: int | None) -> None:
        codes, ends = picked(self.rank, asked.codes), self._ends

        def run(lo: int, hi: int) -> None:
            count(
                self.first, self.start, ends,
                codes, asked.start, asked.end, asked.place, lo, hi, out,
            )  # fmt: skip

        _each(run, len(codes), threads)

    def depth_sum(self, queries: Queries, threads: int | None = None) -> Ints:
        """Bases of all rows within each query, those under several rows several times."""
        return self._sum(self.first, self._sums, queries, threads)

    def covered(self, queries: Queries, threads: int | None = None) -> Ints:
        """Bases within each query that some row covers."""
        return self._sum(self._merged[0], self._merged_sums, queries, threads)

    def _sum(
        self,
        first: Ints,
        sums: tuple[Ints, Ints, Ints, Ints],
        queries: Queries,
        threads: int | None,
    ) -> Ints:
        asked = queries.by_start(len(self.rank))
        codes = picked(self.rank, asked.codes)
        start, end = _undoubled(asked.start, asked.end)
        out = np.zeros(len(queries), np.int64)

        def run(lo: int, hi: int) -> None:
            overlap_sum(first, *sums, codes, start, end, asked.place, lo, hi, out)

        _each(run, len(codes), threads)
        return out

    def nearest(
        self,
        queries: Queries,
        sides: npt.NDArray[np.int8],
        k: int,
        *,
        every: bool = False,
        overlapping: bool = True,
        most: int | None = None,
        threads: int | None = None,
    ) -> tuple[Ints, Ints, Ints]:
        """For each query how many rows were found, their numbers, and their distances in bases.

        ``sides``: -1 left of the query, 1 right of it, 0 both, 2 none. Rows that overlap
        come first, then by distance, then by start and row.
        """
        asked = queries.by_start(len(self.rank))
        codes = picked(self.rank, asked.codes)
        counts = np.zeros(len(queries) + 1, np.int64)
        found, distances = np.empty((2, 0 if every else k * len(queries)), np.int64)
        reach = np.int64(2**61 if most is None else most)

        def run(lo: int, hi: int) -> None:
            nearest(
                self.first, self.start, self.end, *self._maxima, *self._by_end,
                codes, asked.start, asked.end, asked.place, sides, k, every, overlapping, reach,
                lo, hi, counts, found, distances,
            )  # fmt: skip

        _each(run, len(codes), threads)
        if every:
            counts = np.concatenate([[0], np.cumsum(counts[:-1])])
            found, distances = np.empty((2, int(counts[-1])), np.int64)
            if len(found):
                _each(run, len(codes), threads)
            counts = np.diff(counts)
        else:
            counts = counts[:-1]
            found, distances = _found(counts, k, found, distances)
        return counts, found if self.row is None else picked(self.row, found), distances


@dataclass(frozen=True)
class Scan:
    """Rows as they stand, for the first question: each is looked up among the regions.

    2 M rows in no order and 1,000 regions: 25 ms, an index of the rows 180.
    """

    codes: Codes
    start: Ints
    end: Ints
    n_codes: int

    @property
    def rows_mostly_follow(self) -> bool:
        """Whether rows mostly are in order, by the first thousand."""
        codes, start = self.codes[:1000], self.start[:1000]
        follows = (codes[1:] == codes[:-1]) & (start[1:] >= start[:-1])
        return bool(follows.mean() > 0.9) if len(follows) else True

    def any_of(self, queries: Queries, threads: int | None = None) -> npt.NDArray[np.bool_]:
        """Whether each row overlaps one of the queries."""
        regions = queries.merged(self.n_codes)
        marked = np.zeros(len(self.codes), np.bool_)

        def run(lo: int, hi: int) -> None:
            mark_rows(self.codes, self.start, self.end, regions, lo, hi, marked)

        _each(run, len(self.codes), threads)
        return marked


def _gathered(rows: Ints, *arrays: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """These rows of each array."""
    threads = 1 if len(rows) < tuning.threads_from else thread_count(None, len(arrays))
    return [*in_order([partial(values.take, rows) for values in arrays], threads)]


def _found(counts: Ints, k: int, *arrays: Ints) -> list[Ints]:
    """Of each query's ``k`` places in arrays those that are taken."""
    if len(counts) and counts.min() == k:
        return list(arrays)
    parts: list[list[Ints]] = [[NONE] for _ in arrays]
    for lo, hi in steps(len(counts)):
        there = (np.arange(k) < counts[lo:hi, None]).ravel()
        for part, array in zip(parts, arrays, strict=True):
            part.append(array[lo * k : hi * k][there])
    return [np.concatenate(part) for part in parts]


def _each(run: Callable[[int, int], None], n: int, threads: int | None) -> None:
    """Run over all n queries, in pieces on several threads where that pays."""
    pieces = max(min(n // tuning.queries_apart, 4 * thread_count(threads, None)), n // _MOST)
    bounds = [n * i // max(pieces, 1) for i in range(max(pieces, 1) + 1)]
    calls = [partial(run, lo, hi) for lo, hi in pairwise(bounds)]
    deque(in_order(calls, thread_count(threads, len(calls))), 0)
