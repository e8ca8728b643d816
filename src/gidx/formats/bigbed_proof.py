"""Proof that a bigBed's indexes and summaries are those of its rows: what `gidx check` asks.

Blocks are read once more. The range tree must lead to each block for every row in it,
every extra index to the block of each row's key, and the zoom levels and the total summary
must be the coverage depth of the rows. Of each part, the first thing wrong is said.

Summaries are estimates in real files: of UCSC's own, older ones have up to 1.7 times the sum
of the depth, and a summary may have bases of its neighbours. So a level is held against its
rows as a whole, and each summary against what is possible. The total summary, likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.autosql_columns import HEAD_FIELDS
from gidx.bbi import summary
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.range_tree import Items, RangeTree, key
from gidx.bbi.zoom import SUMMARY, read_summaries
from gidx.formats.bigbed import BigBed, Blocks
from gidx.region import Region

# How many times more or less than that of the rows a sum over all summaries may be.
_FACTOR = 2.0


def prove(file: BigBed) -> list[str]:
    """What is wrong with a bigBed's trees and summaries. Raises FormatError for broken rows."""
    problems = [
        *_trees(file),
        *_walk(file),
    ]
    return [f"{file.source.name}: {problem}" for problem in problems]


# ── the trees themselves ────────────────────────────────────────────────────────────────────────


def _trees(file: BigBed) -> Iterator[str]:
    """Children that are not within their parents: a search from the root passes them by."""
    trees: list[BPlusTree | RangeTree] = [file.chrom_tree, file.data_tree]
    trees += [file.zoom_tree(level) for level in range(len(file.reductions))]
    trees += [file.extra_tree(index.offset) for index in file.head.extra_indexes]
    for tree in trees:
        stray = tree.stray()
        if stray is not None:
            yield stray


@dataclass(frozen=True)
class _Leaves:
    """The blocks of a range tree in file order, and what bounds the tree gives to each."""

    begin: npt.NDArray[np.uint64]
    end: npt.NDArray[np.uint64]
    lo: npt.NDArray[np.uint64]
    hi: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, items: Items) -> _Leaves:
        order = np.lexsort((items.ranges[:, 1], items.ranges[:, 0]))
        ranges, lo, hi = items.ranges[order], items.lo[order], items.hi[order]
        new = np.flatnonzero(np.r_[True, (ranges[1:] != ranges[:-1]).any(axis=1)])[: len(ranges)]
        if len(new) == 0:
            return cls(ranges[:, 0], ranges[:, 1], lo, hi)
        least, most = np.minimum.reduceat(lo, new), np.maximum.reduceat(hi, new)
        return cls(ranges[new, 0], ranges[new, 1], least, most)

    def overlap(self) -> int | None:
        """Where a block begins within the one before it."""
        wrong = np.flatnonzero(self.begin[1:] < self.end[:-1])
        return int(self.begin[wrong[0] + 1]) if len(wrong) else None

    def outside(
        self, begins: npt.NDArray[np.uint64], of: Any, chrom: Any, start: Any, end: Any
    ) -> int:
        """The first item that the bounds of its block (``begins[of]``) do not hold; -1: none."""
        block = np.searchsorted(self.begin, begins)[of]
        wrong = (key(chrom, start) < self.lo[block]) | (key(chrom, end) > self.hi[block])
        return int(np.argmax(wrong)) if wrong.any() else -1


# ── rows against trees ──────────────────────────────────────────────────────────────────────────


def _walk(file: BigBed) -> Iterator[str]:
    """One pass over all blocks."""
    leaves = _Leaves.of(file.data_tree.leaves())
    at = leaves.overlap()
    if at is not None:
        yield f"byte {at}: a block of the data index begins within the one before it"
        return
    extras = []
    for index in file.head.extra_indexes:
        if index.field >= HEAD_FIELDS:
            extras.append(_Extra(file, index.field, index.offset, leaves))
            yield from extras[-1].misled()
    want = max((extra.field for extra in extras), default=HEAD_FIELDS - 1) + 1 - HEAD_FIELDS
    depths = _Depths(file)
    lost = False
    for ranges in file.groups(file.data_tree.ranges()):
        blocks = file.fetch(ranges)
        chrom, start, end, fields = file.records(blocks, want)
        of = np.searchsorted(blocks.bounds, fields[0] - 12, side="right") - 1
        found = leaves.outside(ranges[:, 0], of, chrom, start, end)
        if found >= 0 and not lost:
            lost = True
            row = Region(list(file.chroms)[chrom[found]], int(start[found]), int(end[found]))
            yield (
                f"block at byte {int(ranges[of[found], 0])}: the row at {row} is not found by the "
                "data index, whose bounds of its block do not hold it; write the file again"
            )
        for extra in extras:
            yield from extra.compare(blocks, of, fields)
        depths.add(chrom, start, end)
    yield from depths.finish()


class _Extra:
    """An extra index, held against the keys of each block."""

    def __init__(self, file: BigBed, field: int, offset: int, leaves: _Leaves) -> None:
        names = file.schema("canonical").names
        self.field = field
        self._name = names[field] if field < len(names) else f"field {field + 1}"
        tree = file.extra_tree(offset)
        items = tree.items()
        self._items = items[np.argsort(items["offset"], kind="stable")]
        self._size, self._leaves, self._told = tree.key_size, leaves, False

    def misled(self) -> Iterator[str]:
        """Items that lead to no block."""
        begin = self._items["offset"].astype(np.uint64)
        end = begin + self._items["size"].astype(np.uint64)
        if len(begin) == 0:
            return
        i = np.searchsorted(self._leaves.begin, begin)
        known = np.append(self._leaves.begin, 0)[i] == begin
        wrong = np.flatnonzero(~known | (np.append(self._leaves.end, 0)[i] != end))
        if len(wrong):
            self._told = True
            item = self._items[wrong[0]]
            yield (
                f"extra index of {self._name}: {_shown(bytes(item['key']))} leads to bytes "
                f"{int(begin[wrong[0]])} to {int(end[wrong[0]])}, which are no block"
            )

    def compare(self, blocks: Blocks, of: Any, fields: npt.NDArray[np.int32]) -> Iterator[str]:
        """Keys of the rows of some blocks without an item, and items without a row."""
        if self._told:
            return
        begins = blocks.ranges[:, 0]
        first, last = np.searchsorted(self._items["offset"], [begins[0], begins[-1] + 1])
        items = self._items[first:last]
        to = np.searchsorted(begins, items["offset"].astype(np.uint64)).tolist()
        told = set(zip(to, (bytes(k).rstrip(b"\0") for k in items["key"]), strict=True))
        text, f = blocks.text.data, self.field - HEAD_FIELDS
        bounds = zip(fields[f].tolist(), (fields[f + 1] - 1).tolist(), strict=True)
        keys = (bytes(text[a:b]) for a, b in bounds)
        there = set(zip(of.tolist(), keys, strict=True))
        if told == there:
            return
        self._told = True
        for block, name in sorted(there - told)[:1]:
            yield (
                f"extra index of {self._name}: it does not lead to the row of {_shown(name)} in "
                f"the block at byte {int(begins[block])}; write the file again"
            )
        for block, name in sorted(told - there)[:1]:
            yield (
                f"extra index of {self._name}: {_shown(name)} leads to the block at byte "
                f"{int(begins[block])}, which has no such row; write the file again"
            )


def _shown(name: bytes) -> str:
    return repr(name.rstrip(b"\0")[:60].decode("utf-8", "backslashreplace"))


# ── summaries ───────────────────────────────────────────────────────────────────────────────────


class _Level:
    """A zoom level: its summaries, and how much of the rows' bases they are over."""

    def __init__(self, file: BigBed, level: int) -> None:
        self.name, self.problem, self.covered = f"zoom level {file.reductions[level]}", "", 0.0
        tree = file.zoom_tree(level)
        leaves, ranges = _Leaves.of(tree.leaves()), tree.ranges()
        parts = [np.empty(0, SUMMARY)]
        for i in range(len(ranges)):
            found = read_summaries(
                file.source, ranges[i : i + 1], file.buffer_size, file.head.order
            )
            of = np.full(len(found), i)
            if leaves.outside(ranges[:, 0], of, found["chrom"], found["start"], found["end"]) >= 0:
                self.problem = (
                    f"the bounds of the block at byte {int(ranges[i, 0])} do not hold its summaries"
                )
            parts.append(found)
        self.summaries = np.concatenate(parts)

    def compare(self, chrom: int, name: str, spans: summary.Spans, rows: Any) -> None:
        """The summaries of a chrom with its depth; ``rows`` are its starts and ends."""
        some = self.summaries[self.summaries["chrom"] == chrom]
        start, end = some["start"].astype(np.int64), some["end"].astype(np.int64)
        valid, size = some["valid_count"].astype(np.int64), end - start
        self.covered += _between(spans, start, end).sum()
        near = _between(spans, start - size, end + size)
        zero = np.sort(rows[0][rows[0] == rows[1]])  # which may count as a base, or not
        near += np.searchsorted(zero, end, "right") - np.searchsorted(zero, start, "left")
        wrong = (size < 0) | (valid > _FACTOR * np.maximum(size, 1)) | ((valid > 0) & (near == 0))
        wrong |= ~(some["min"] <= some["max"])
        if wrong.any() and not self.problem:
            i = int(np.argmax(wrong))
            region = Region(name, int(start[i]), int(end[i]))
            self.problem = (
                f"the summary of {region} is of {int(valid[i]):,} bases, the rows there and beside "
                f"cover {int(near[i]):,}"
            )

    def finish(self, total: summary.TotalSummary, zeros: int) -> str:
        """What is wrong with the level, if something is."""
        sums = {
            "valid_count": float(self.summaries["valid_count"].sum(dtype=np.float64)),
            "sum": float(self.summaries["sum"].sum(dtype=np.float64)),
        }
        if not self.problem and self.covered * _FACTOR < total.valid_count:
            self.problem = (
                f"its summaries are over {int(self.covered):,} of {total.valid_count:,} bases "
                "that rows cover"
            )
        return self.problem or _far(sums, total, zeros)


def _far(found: dict[str, float], total: summary.TotalSummary, zeros: int) -> str:
    """Which of some sums is far from that of the rows, if one is."""
    for name, value in found.items():
        exact = float(getattr(total, name))
        # a row of length zero weighs as much as a base of its depth, or nothing
        most = _FACTOR * exact + zeros * (total.max + zeros)
        if not exact / _FACTOR <= value <= most:
            return f"{name} is {value:g}, that of the rows is {exact:g}"
    return ""


class _Depths:
    """The coverage depth of the rows, one chrom after the other, against all summaries."""

    def __init__(self, file: BigBed) -> None:
        self._file = file
        self._levels = [_Level(file, level) for level in range(len(file.reductions))]
        self._totals: list[summary.TotalSummary] = []
        self._chrom, self._zeros, self._parts = -1, 0, list[Any]()

    def add(self, chrom: Any, start: Any, end: Any) -> None:
        """The next rows."""
        edges = [0, *(np.flatnonzero(np.diff(chrom)) + 1).tolist(), len(chrom)]
        for a, b in pairwise(edges):
            if a < b and chrom[a] != self._chrom:
                self._close()
                self._chrom = int(chrom[a])
            self._parts.append((start[a:b].copy(), end[a:b].copy()))

    def _close(self) -> None:
        """All rows of a chrom are there."""
        if self._chrom < 0:
            return
        starts, ends = (np.concatenate(p) for p in zip(*self._parts, strict=True))
        self._parts = []
        spans = summary.depth(starts, ends)
        self._zeros += int((starts == ends).sum())
        self._totals.append(summary.total([spans]))
        name = list(self._file.chroms)[self._chrom]
        for level in self._levels:
            level.compare(self._chrom, name, spans, (starts, ends))

    def finish(self) -> Iterator[str]:
        """What is wrong, when all rows are there."""
        self._close()
        some = [t for t in self._totals if t.valid_count]
        total = summary.TotalSummary(
            sum(t.valid_count for t in some),
            min((t.min for t in some), default=0.0),
            max((t.max for t in some), default=0.0),
            sum(t.sum for t in some),
            sum(t.sum_squares for t in some),
        )
        for level in self._levels:
            problem = level.finish(total, self._zeros)
            if problem:
                yield f"{level.name}: {problem}; write the file again"
        stored = self._file.head.total_summary
        if stored is not None:
            names = ("valid_count", "sum")
            problem = _far({name: float(stored[name]) for name in names}, total, self._zeros)
            if problem:
                yield f"total summary: {problem}; write the file again"


def _between(spans: summary.Spans, start: Any, end: Any) -> npt.NDArray[np.float64]:
    """How many bases of each region are covered."""
    if len(spans.start) == 0:
        return np.zeros(len(start))
    sums = np.concatenate([np.zeros(1), np.cumsum(spans.valid)])

    def before(position: Any) -> Any:
        i = np.searchsorted(spans.start, position, "right") - 1
        inside = np.minimum(position, spans.end[i]) - spans.start[i]
        return np.where(i >= 0, sums[np.maximum(i, 0)] + inside, 0.0)

    found: npt.NDArray[np.float64] = before(end) - before(start)
    return found
