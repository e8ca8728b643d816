"""Proof that a bigBed's indexes and summaries are those of its rows: what `gidx check` asks.

Blocks are read once more. The range tree must lead to each block for every row in it,
every extra index to the block of each row's key, and the zoom levels and the total summary
must be the coverage depth of the rows. Of each part, the first thing wrong is said.

A summary is what its writer makes of the rows, up to the rounding of each sum to float32. Three
writers differ, in what all real files at hand have, and no more than this is let pass:

    bedToBigBed  until 2012 or so counted a row that ends within the depth of others to the end
                 of theirs (`coverage.older_depth`; its bases and all else are exact)
    bigtools     has a least depth of 1 in summaries, and in the total summary leaves out what
                 a row has behind the end of those before it (`coverage.clip_to_first`)
    all          a row of length zero is a base, or none

The one file at hand of a version before 4 (version 1, of 2009) has estimates: sums up to 1.7 times
those of the rows, and bases of their neighbours. So levels of such files, and their total summary
where they have one, are held against the rows as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.bbi import summary
from gidx.bbi.blocks import Blocks
from gidx.bbi.record import HEAD
from gidx.bbi.zoom import SUMMARY, Positions, positions, read_summaries
from gidx.declared.columns import HEAD_FIELDS
from gidx.formats.bbi.proof import (
    LOST,
    Leaves,
    before,
    first_wrong,
    past_the_end,
    proved,
    too_wide,
)
from gidx.formats.bigbed.read import BigBed
from gidx.ground.layout import Record
from gidx.ground.region import Region
from gidx.kernels.coverage import clip_to_first, older_depth

# How many times more or less than that of the rows a sum may be where it is an estimate.
_FACTOR = 2.0
_EXACT = 4  # the version from which on no file is known whose summaries are estimates
# Float32 rounds a sum with each addition, and its parts where they are float32 too; coarser
# levels round again.
_ROUNDING, _LEVELS = 2.0**-23, 16


def prove(file: BigBed) -> list[str]:
    """What is wrong with a bigBed's trees and summaries. Raises FormatError for broken rows."""
    return proved(file, partial(_walk, file))


# ── rows against trees ──────────────────────────────────────────────────────────────────────────


def _walk(file: BigBed, leaves: Leaves) -> Iterator[str]:
    """One pass over all blocks."""
    extras = []
    for index in file.head.extra_indexes:
        extras.append(_Extra(file, index.field, index.offset, leaves))
        yield from extras[-1].misled()
    last = max((extra.field for extra in extras), default=HEAD_FIELDS - 1)
    want = max(last + 1 - HEAD_FIELDS, 0)
    lost, past, names = False, "", [name.encode() for name in file.chroms]
    for ranges in file.groups(file.data_tree.ranges()):
        blocks = file.fetch(ranges)
        chrom, start, end, fields = file.records(blocks, want)
        of = np.searchsorted(blocks.bounds, fields[0] - HEAD.itemsize, side="right") - 1
        found = leaves.outside(ranges[:, 0], of, chrom, start, end)
        if found >= 0 and not lost:
            lost = True
            row = Region(list(file.chroms)[chrom[found]], int(start[found]), int(end[found]))
            yield (
                f"block at byte {int(ranges[of[found], 0])}: the row at {row} {LOST}; "
                "write the file again"
            )
        if not past:
            past = past_the_end(file, chrom, start, end)
            yield from [past] if past else []
        for extra in extras:
            if extra.field >= HEAD_FIELDS:
                keys = _texts(blocks, fields, extra.field - HEAD_FIELDS)
            elif extra.field == 0:
                keys = [names[i] for i in chrom.tolist()]
            else:
                keys = [b"%d" % at for at in (start, end)[extra.field - 1].tolist()]
            yield from extra.compare(blocks, of, keys)
    yield from _summaries(file)


class _Extra:
    """An extra index, held against the keys of each block."""

    def __init__(self, file: BigBed, field: int, offset: int, leaves: Leaves) -> None:
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

    def compare(self, blocks: Blocks, of: Any, keys: Sequence[bytes]) -> Iterator[str]:
        """Keys of the rows of some blocks without an item, and items without a row."""
        if self._told:
            return
        begins = blocks.ranges[:, 0]
        first, last = np.searchsorted(self._items["offset"], [begins[0], begins[-1] + 1])
        items = self._items[first:last]
        to = np.searchsorted(begins, items["offset"].astype(np.uint64)).tolist()
        told = set(zip(to, (bytes(k).rstrip(b"\0") for k in items["key"]), strict=True))
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


def _texts(blocks: Blocks, fields: npt.NDArray[np.int32], f: int) -> list[bytes]:
    """What stands in a field, row by row."""
    bounds = zip(fields[f].tolist(), (fields[f + 1] - 1).tolist(), strict=True)
    return [bytes(blocks.text.data[a:b]) for a, b in bounds]


def _shown(name: bytes) -> str:
    return repr(name.rstrip(b"\0")[:60].decode("utf-8", "backslashreplace"))


# ── summaries ───────────────────────────────────────────────────────────────────────────────────


class _Level:
    """A zoom level: its summaries, and how much of the rows' bases they are over."""

    def __init__(self, file: BigBed, level: int) -> None:
        self.name, self.problem, self.covered = f"zoom level {file.reductions[level]}", "", 0.0
        tree = file.zoom_tree(level)
        leaves, ranges = Leaves.of(tree.leaves()), tree.ranges()
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
        self.problem = self.problem or too_wide(self.summaries, file.reductions[level])

    def compare(
        self, chrom: int, name: str, depths: Callable[[], Iterator[summary.Spans]], zero: Positions
    ) -> None:
        """The summaries of a chrom with what writers make of its depth; ``zero``: where rows of
        length zero are."""
        some = self.summaries[self.summaries["chrom"] == chrom]
        found = ""
        for i, spans in enumerate(depths()):
            problem = _unlike(some, spans, zero, name)
            if i == 0:
                found = problem
                start, end = (some[n].astype(np.int64) for n in ("start", "end"))
                self.covered += before(spans, end).sum() - before(spans, start).sum()
            if not problem:
                return
        self.problem = self.problem or found

    def estimate(self, chrom: int, name: str, spans: summary.Spans, zero: Positions) -> None:
        """The same, of summaries that are estimates."""
        some = self.summaries[self.summaries["chrom"] == chrom]
        start, end = some["start"].astype(np.int64), some["end"].astype(np.int64)
        valid, size = some["valid_count"].astype(np.int64), end - start
        self.covered += _between(spans, start, end).sum()
        near = _between(spans, start - size, end + size)
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

    def finish(self, total: summary.TotalSummary, zeros: int, *, estimated: bool) -> str:
        """What is wrong with the level, if something is."""
        factor = _FACTOR if estimated else 1.0
        if not self.problem and self.covered * factor < total.valid_count:
            self.problem = (
                f"its summaries are over {int(self.covered):,} of {total.valid_count:,} bases "
                "that rows cover"
            )
        if self.problem or not estimated:
            return self.problem
        names = "valid_count", "sum"
        sums = {name: float(self.summaries[name].sum(dtype=np.float64)) for name in names}
        return _far(sums, total, zeros)


def _far(found: Mapping[str, float], total: summary.TotalSummary, zeros: int) -> str:
    """Which of some estimates is far from the sum of the rows, if one is."""
    for name, value in found.items():
        exact = getattr(total, name)
        # a row of length zero weighs as much as a base of its depth, or nothing
        if not exact / _FACTOR <= value <= _FACTOR * exact + zeros * (total.max + zeros):
            return f"{name} is {value:g}, that of the rows is {exact:g}"
    return ""


def _unlike(some: Record, spans: summary.Spans, zero: Positions, name: str) -> str:
    """Which of a chrom's summaries is not of these spans; '' for none."""
    start, end = (some[n].astype(np.int64) for n in ("start", "end"))
    first = np.searchsorted(spans.end, start, "right")
    last = np.maximum(np.searchsorted(spans.start, end, "left"), first)
    there = (last > first) & (end > start)
    pairs = np.column_stack([first, last]).ravel()
    least = np.minimum.reduceat(np.append(spans.min, np.inf), pairs)[::2]
    most = np.where(there, np.maximum.reduceat(np.append(spans.max, -np.inf), pairs)[::2], 0)
    more = np.searchsorted(zero, end, "right") - np.searchsorted(zero, start, "left")
    rounding = (last - first + more + _LEVELS) * _ROUNDING
    wrong = {}
    for k, field in enumerate(("valid_count", "sum", "sum_squares")):
        exact = before(spans, end, k) - before(spans, start, k)
        value = some[field].astype(np.float64)
        low, high = exact, exact + more * (most + more) ** k
        if k:
            low, high = low * (1 - rounding), high * (1 + rounding)
        wrong[field] = exact, ~((low <= value) & (value <= high))  # NaN is neither
    value = some["min"].astype(np.float64)
    wrong["min"] = least, there & (more == 0) & (value != least) & (value != 1)
    value = some["max"].astype(np.float64)
    wrong["max"] = most, ~((most <= value) & (value <= most + more))
    wrong["start"] = np.append(0, end[:-1]), start < np.append(0, end[:-1])  # in order, disjoint
    wrong["end"] = start, end < start
    return first_wrong(some, wrong, name)


Model = Callable[[Positions, Positions], summary.Spans]


def _older(start: Positions, end: Positions) -> summary.Spans:
    """The depth as bedToBigBed once had it."""
    begin, stop, value = older_depth(start, end)
    size, depth = (stop - begin).astype(np.float64), value.astype(np.float64)
    return summary.Spans(begin, stop, size, depth, depth, depth * size, depth * depth * size)


def _clipped(start: Positions, end: Positions) -> summary.Spans:
    """The depth of which bigtools makes its total summary."""
    return summary.depth(start, clip_to_first(start, end))


def _chroms(file: BigBed) -> Iterator[tuple[int, Positions, Positions]]:
    """Chrom, starts and ends of all rows, chrom by chrom."""
    rows: list[tuple[Positions, Positions]] = []
    last = -1
    for ranges in file.groups(file.data_tree.ranges()):
        chrom, start, end, _ = file.records(file.fetch(ranges), 0)
        edges = [0, *(np.flatnonzero(np.diff(chrom)) + 1).tolist(), len(chrom)]
        for a, b in pairwise(edges):
            if a < b and chrom[a] != last:
                if rows:
                    yield last, *_joined(rows)
                last, rows = int(chrom[a]), []
            rows.append((start[a:b].copy(), end[a:b].copy()))
    if rows:
        yield last, *_joined(rows)


def _joined(rows: list[tuple[Positions, Positions]]) -> tuple[Positions, Positions]:
    start, end = (positions(np.concatenate(part)) for part in zip(*rows, strict=True))
    return start, end


def _summaries(file: BigBed) -> Iterator[str]:
    """What is wrong with zoom levels and the total summary: they are not of the rows."""
    levels = [_Level(file, level) for level in range(len(file.reductions))]
    stored = file.head.total_summary
    names, zeros, totals = list(file.chroms), 0, list[summary.TotalSummary]()
    estimated = int(file.head.fixed["version"]) < _EXACT
    for chrom, start, end in _chroms(file):
        zero = np.sort(start[start == end])
        zeros += len(zero)
        exact = summary.depth(start, end)
        totals.append(summary.total([exact]))
        older: list[summary.Spans] = []

        def depths() -> Iterator[summary.Spans]:
            yield exact  # noqa: B023, used at once
            if not older:  # noqa: B023
                older.append(_older(start, end))  # noqa: B023
            yield older[0]  # noqa: B023

        for level in levels:
            if estimated:
                level.estimate(chrom, names[chrom], exact, zero)
            else:
                level.compare(chrom, names[chrom], depths, zero)
    total = summary.joined(totals)
    for level in levels:
        problem = level.finish(total, zeros, estimated=estimated)
        if problem:
            yield f"{level.name}: {problem}; write the file again"
    if stored is not None:
        if estimated:
            problem = _far({n: float(stored[n]) for n in ("valid_count", "sum")}, total, zeros)
        else:
            problem = _unlike_total(stored, total, zeros)
        for model in (_older, _clipped) if problem and not estimated else ():
            parts = [summary.total([model(start, end)]) for _, start, end in _chroms(file)]
            if not _unlike_total(stored, summary.joined(parts), zeros):
                return
        if problem:
            yield f"total summary: {problem}; write the file again"


def _unlike_total(stored: Record, total: summary.TotalSummary, zeros: int) -> str:
    """Which number of the total summary is not that of the rows, if one is."""
    for k, name in enumerate(("valid_count", "sum", "sum_squares")):
        value, exact = float(stored[name]), float(getattr(total, name))
        most = exact + zeros * (total.max + zeros) ** k
        if not exact <= value <= most:  # whole numbers, which doubles hold
            return f"{name} is {value:g}, that of the rows is {exact:g}"
    for name, more in (("min", 0), ("max", zeros)):
        value, exact = float(stored[name]), float(getattr(total, name))
        if not (exact <= value <= exact + more or (name == "min" and (zeros or value == 1))):
            return f"{name} is {value:g}, that of the rows is {exact:g}"
    return ""


def _between(spans: summary.Spans, start: Any, end: Any) -> npt.NDArray[np.float64]:
    """How many bases of each region are covered."""
    return before(spans, end) - before(spans, start)
