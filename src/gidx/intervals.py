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

from gidx.pool import in_order, thread_count

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
NONE: Ints = np.empty(0, np.int64)

_PIECE = 50_000  # fewer queries are not worth a second thread
_SORT = 64  # fewer are not worth sorting
_INT32 = 2**31 - 1


def sorted_rows(codes: Codes, values: Ints, n_codes: int, n_missing: int = 0) -> Ints:
    """Row numbers by code and value, stable; those with a code below 0 are left out.

    numpy sorts plain numbers by the processor's vectors, so code, value and row are packed
    into one: 2 M random rows take 54 ms; a radix sort of ours 190, np.lexsort 420.
    """
    from gidx.kernels.intervals import pack_keys

    if n_missing == len(codes):
        return NONE
    used = values if n_missing == 0 else values[codes >= 0]
    low = int(used.min())
    value_bits = (int(used.max()) - low).bit_length()
    row_bits = len(codes).bit_length()
    if value_bits + row_bits + int(n_codes).bit_length() > 64:
        rows = np.flatnonzero(codes >= 0)
        return rows[np.lexsort((values[rows], codes[rows]))]
    keys = pack_keys(codes, values, low, value_bits, row_bits, n_missing)
    keys.sort()
    keys &= np.uint64((1 << row_bits) - 1)
    found: Ints = keys.view(np.int64)
    return found


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
        from gidx.kernels.intervals import double

        starts, ends = double(start, end)
        return cls(np.asarray(codes, np.int32), starts, ends, NONE, len(start))

    def as_regions(self) -> Queries:
        """The same, rows of length zero as regions of length zero."""
        # (2p - 1, 2p + 1) to (2p, 2p)
        return replace(self, start=self.start + (self.start & 1), end=self.end & -2)

    def lengths(self) -> Ints:
        """Bases of each."""
        lengths: Ints = (self.end >> 1) - ((self.start + 1) >> 1)
        if len(lengths) == self.total and not len(self.place):
            return lengths
        found = np.zeros(self.total, np.int64)
        found[self.place] = lengths
        return found

    def by_code(self, n_codes: int) -> Queries:
        """By code and start, without those that find nothing."""
        asked = self.by_start(n_codes, strictly=True)
        order = np.flatnonzero(asked.codes >= 0)
        order = order[np.argsort(asked.codes[order], kind="stable")]
        place = asked.place[order] if len(asked.place) else order
        return Queries(
            asked.codes[order],
            asked.start[order],
            asked.end[order],
            place,
            self.total,
            ordered=True,
        )

    def by_start(self, n_codes: int, *, strictly: bool = False) -> Queries:
        """By chrom and start; few are left as they are, if it is not asked strictly."""
        from gidx.kernels import intervals as kernels

        if self.ordered or (len(self.codes) < _SORT and not strictly):
            return self
        _, missing, in_order, _ = kernels.look(self.codes, self.start, n_codes)
        if in_order:
            return replace(self, ordered=True)
        rows = sorted_rows(self.codes, self.start, n_codes, missing)
        place = self.place[rows] if len(self.place) else rows
        return Queries(
            self.codes[rows], self.start[rows], self.end[rows], place, self.total, ordered=True
        )


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
        from gidx.kernels import intervals as kernels

        starts, ends = kernels.double(start, end)
        counts, missing, in_order, seen = kernels.look(codes, starts, n_codes)
        row = None
        if not in_order or missing:
            seen = np.flatnonzero(counts)
            row = sorted_rows(codes, starts, n_codes, missing)
            starts, ends = starts[row], ends[row]
        rank = np.full(n_codes + 1, -1, np.int32)  # the last is that of -1
        rank[seen] = np.arange(len(seen))
        first = np.concatenate([[0], np.cumsum(counts[seen])])
        return cls(first, starts, ends, row, rank)

    def __len__(self) -> int:
        return len(self.start)

    # ── what is made when it is needed ──────────────────────────────────────────────────────────

    @cached_property
    def _branch(self) -> npt.NDArray[Any]:
        from gidx.kernels.intervals import find_branches

        branch = np.empty(len(self), np.int32 if len(self) <= _INT32 else np.int64)
        find_branches(self.first, self.end, branch)
        return branch

    @cached_property
    def _maxima(self) -> tuple[Ints, Ints]:
        from gidx.kernels.intervals import find_maxima

        values, offsets = find_maxima(self.end)
        return values, offsets

    @cached_property
    def _by_end(self) -> tuple[Ints, Ints]:
        """Rows of each chrom by end, and their ends."""
        chroms = np.repeat(np.arange(len(self.first) - 1, dtype=np.int32), np.diff(self.first))
        rows = sorted_rows(chroms, self.end, len(self.first) - 1)
        return rows, self.end[rows]

    @cached_property
    def _ends(self) -> Ints:
        """The ends of each chrom, sorted."""
        if "_by_end" in self.__dict__:
            return self._by_end[1]
        ends = self.end.copy()
        for a, b in pairwise(self.first.tolist()):
            ends[a:b].sort()
        return ends

    @cached_property
    def _plain(self) -> tuple[Ints, Ints]:
        """Coordinates as they are, not doubled."""
        return (self.start + 1) >> 1, self.end >> 1

    @cached_property
    def _sums(self) -> tuple[Ints, Ints, Ints, Ints]:
        from gidx.kernels.intervals import running_sums

        start, end = self._plain[0], self._ends >> 1
        return start, running_sums(start), end, running_sums(end)

    @cached_property
    def _merged(self) -> tuple[Ints, Ints, Ints]:
        from gidx.kernels.intervals import merge

        first, start, end = merge(self.first, *self._plain)
        return first, start, end

    @cached_property
    def _merged_sums(self) -> tuple[Ints, Ints, Ints, Ints]:
        from gidx.kernels.intervals import running_sums

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

    def pairs(self, queries: Queries, threads: int | None = None) -> tuple[Ints, Ints]:
        """For each query how many rows overlap it, and their numbers, query by query.

        Rows of a query ascend.
        """
        from gidx.kernels.intervals import search

        asked = queries.by_start(len(self.rank))
        codes = self.rank[asked.codes]
        tree = self.first, self.start, self.end, self._branch, *self._maxima
        counts = np.zeros(len(queries) + 1, np.int64)
        found = NONE

        def run(lo: int, hi: int) -> None:
            search(*tree, codes, asked.start, asked.end, asked.place, lo, hi, counts, found)

        _each(run, len(codes), threads)
        counts = np.concatenate([[0], np.cumsum(counts[:-1])])
        found = np.empty(int(counts[-1]), np.int64)
        if len(found):
            _each(run, len(codes), threads)
        return np.diff(counts), self._rows(found, counts)

    def _rows(self, found: Ints, bounds: Ints) -> Ints:
        """Numbers in the frame, ascending within each query."""
        if self.row is None:
            return found
        from gidx.kernels.intervals import sort_within

        rows: Ints = self.row[found]
        sort_within(rows, bounds)
        return rows

    def any_of(self, queries: Queries, n_rows: int) -> npt.NDArray[np.bool_]:
        """Whether each of the frame's ``n_rows`` overlaps one of the queries."""
        from gidx.kernels import intervals as kernels

        marked = np.zeros(n_rows, np.bool_)
        asked = replace(queries, codes=self.rank[queries.codes]).by_code(len(self.rank))
        counts = np.bincount(asked.codes, minlength=len(self.first) - 1)
        first = np.concatenate([[0], np.cumsum(counts)])
        regions = kernels.merge(first, asked.start, asked.end)
        row = NONE if self.row is None else self.row
        kernels.mark(self.first, self.start, self.end, regions, row, marked)
        return marked

    def count(self, queries: Queries, threads: int | None = None) -> Ints:
        """How many rows overlap each query."""
        from gidx.kernels.intervals import count

        asked = queries.by_start(len(self.rank))
        codes, ends = self.rank[asked.codes], self._ends
        out = np.zeros(len(queries), np.int64)

        def run(lo: int, hi: int) -> None:
            count(
                self.first, self.start, ends,
                codes, asked.start, asked.end, asked.place, lo, hi, out,
            )  # fmt: skip

        _each(run, len(codes), threads)
        return out

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
        from gidx.kernels.intervals import overlap_sum

        asked = queries.by_start(len(self.rank))
        codes = self.rank[asked.codes]
        start, end = (asked.start + 1) >> 1, asked.end >> 1
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
        from gidx.kernels.intervals import nearest

        asked = queries.by_start(len(self.rank))
        codes = self.rank[asked.codes]
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
            there = (np.arange(k) < counts[:, None]).ravel()
            found, distances = found[there], distances[there]
        return counts, found if self.row is None else self.row[found], distances


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
    def _near(self) -> bool:
        """Whether rows mostly follow each other."""
        codes, start = self.codes[:1000], self.start[:1000]
        follows = (codes[1:] == codes[:-1]) & (start[1:] >= start[:-1])
        return bool(follows.mean() > 0.9) if len(follows) else True

    def _firsts(self, codes: Codes) -> Ints:
        counts = np.bincount(codes, minlength=self.n_codes)
        return np.concatenate([[0], np.cumsum(counts)])

    def any_of(self, queries: Queries, threads: int | None = None) -> npt.NDArray[np.bool_]:
        """Whether each row overlaps one of the queries."""
        from gidx.kernels.intervals import mark_rows, merge

        asked = queries.by_code(self.n_codes)
        regions = merge(self._firsts(asked.codes), asked.start, asked.end)
        marked = np.zeros(len(self.codes), np.bool_)

        def run(lo: int, hi: int) -> None:
            mark_rows(self.codes, self.start, self.end, regions, self._near, lo, hi, marked)

        _each(run, len(self.codes), threads)
        return marked

    def count(self, queries: Queries, threads: int | None = None) -> Ints:
        """How many rows overlap each query: those that begin before its end, less those that
        end before its start."""
        from gidx.kernels.intervals import count_rows

        asked = queries.by_code(self.n_codes)
        m, first = len(asked.codes), self._firsts(asked.codes)
        out = np.zeros(len(queries), np.int64)
        if m == 0:
            return out
        by_end = sorted_rows(asked.codes, asked.end, self.n_codes)
        ends = asked.end[by_end]
        shift = np.arange(m) + asked.codes  # where a region's counts are
        totals: list[tuple[Ints, Ints]] = []

        def run(lo: int, hi: int) -> None:
            after, before = np.zeros((2, m + self.n_codes + 1), np.int64)
            count_rows(
                self.codes, self.start, self.end, first, asked.start, ends, self._near, lo, hi,
                after, before,
            )  # fmt: skip
            totals.append((after, before))

        _each(run, len(self.codes), threads)
        begun, ended = (np.cumsum(sum(parts)) for parts in zip(*totals, strict=True))
        # less what was counted on chroms before
        base = np.concatenate([[0], begun])[first[asked.codes] + asked.codes]
        found = np.zeros(m, np.int64)
        found[by_end] = (begun[shift] - base)[np.arange(m)]
        base = np.concatenate([[0], ended])[first[asked.codes] + asked.codes]
        found -= ended[shift] - base
        out[asked.place] = found
        return out


def _each(run: Callable[[int, int], None], n: int, threads: int | None) -> None:
    """Run over all n queries, in pieces on several threads where that pays."""
    pieces = min(n // _PIECE, 4 * thread_count(threads, None))
    bounds = [n * i // max(pieces, 1) for i in range(max(pieces, 1) + 1)]
    calls = [partial(run, lo, hi) for lo, hi in pairwise(bounds)]
    deque(in_order(calls, thread_count(threads, len(calls))), 0)
