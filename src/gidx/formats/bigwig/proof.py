"""Proof that a bigWig's index and summaries are those of its rows: what `gidx check` asks.

Blocks are read once more. The range tree must lead to each block for every row in it, rows
must be disjoint and in order, and zoom levels and the total summary must be of the rows: how
many bases exactly, least and most as 32 bits have them, sums up to the rounding of each
addition to 32 bits.

bigtools 0.5 (pybigtools 0.3) leaves bases out of its summaries, and says 900 for 902; UCSC's
wigToBigWig counts a row that two summaries share in both (bbiAddToSummary in bbiWrite.c takes
all of it for the second one), so that most of its files have more bases in their zoom levels
than in their rows (530 for 500 in one of UCSC's own): that is told. Of each part, the first
thing wrong is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from gidx.bbi import summary
from gidx.bbi.blocks import Blocks
from gidx.bbi.section import Runs
from gidx.bbi.zoom import SUMMARY, read_summaries
from gidx.formats.bbi.proof import (
    LOST,
    Leaves,
    before,
    first_wrong,
    past_the_end,
    proved,
    too_wide,
)
from gidx.formats.bigwig.read import BigWig, spans_of
from gidx.ground.layout import Record
from gidx.ground.region import Region

# A sum is rounded with each addition; coarser levels add rounded sums.
_ROUNDING, _LEVELS = 2.0**-23, 16
_DOUBLE = 2.0**-48  # of a sum over all rows before, of which two are subtracted here

Floats = npt.NDArray[np.float64]


def prove(file: BigWig) -> list[str]:
    """What is wrong with a bigWig's trees and summaries. Raises FormatError for broken rows."""
    return proved(file, partial(_walk, file))


def _walk(file: BigWig, leaves: Leaves) -> Iterator[str]:
    levels = [_Level(file, level) for level in range(len(file.reductions))]
    totals: list[summary.TotalSummary] = []
    magnitude, past, names = 0.0, "", list(file.chroms)
    for chrom, runs, problem in _chroms(file, leaves):
        if problem:
            yield problem
            return
        if not past:
            past = past_the_end(file, runs.chrom, runs.start, runs.end)
            yield from [past] if past else []
        spans = spans_of(runs)
        sizes = _absolute(spans)
        for level in levels:
            level.compare(chrom, names[chrom], spans, sizes)
        totals.append(summary.total([spans]))
        magnitude += float(sizes.sum.sum())
    total = summary.joined(totals)
    for level in levels:
        if not level.problem and level.covered < total.valid_count:
            level.problem = (
                f"its summaries are over {int(level.covered):,} of {total.valid_count:,} bases "
                "that have a value"
            )
        if level.problem:
            yield (
                f"{level.name}: {level.problem}; summary(exact=True) is of the rows, or write the "
                "file again"
            )
    stored = file.head.total_summary
    if stored is not None:
        wrong = _unlike_total(stored, total, magnitude)
        if wrong:
            yield f"total summary: {wrong}; write the file again"


def _chroms(file: BigWig, leaves: Leaves) -> Iterator[tuple[int, Runs, str]]:
    """The runs of chrom after chrom; or what is wrong with them."""
    kept: list[Runs] = []
    last, reach, names = -1, 0, list(file.chroms)
    for ranges in file.groups(file.data_tree.ranges()):
        blocks = file.fetch(ranges)
        for i in range(len(ranges)):
            one = Blocks(blocks.text, blocks.bounds[i : i + 2], ranges[i : i + 1])
            runs = file.runs(one, None)
            if len(runs.chrom) == 0:
                continue
            chrom = int(runs.chrom[0])
            if chrom != last:
                if kept:
                    yield last, _joined(kept), ""
                kept, last, reach = [], chrom, 0
            of = np.zeros(len(runs.chrom), np.int64)
            lost = leaves.outside(ranges[i : i + 1, 0], of, runs.chrom, runs.start, runs.end)
            past = runs.start < np.append(reach, runs.end[:-1])
            for k, what in (
                (lost, LOST),
                (int(np.argmax(past)) if past.any() else -1, "overlaps the row before, or is "
                 "before it; a base has one value"),
            ):  # fmt: skip
                if k >= 0:
                    row = Region(names[chrom], int(runs.start[k]), int(runs.end[k]))
                    place = f"block at byte {int(ranges[i, 0])}: the row at {row} {what}"
                    yield chrom, runs, f"{place}; write the file again"
                    return
            reach = int(runs.end[-1])
            kept.append(runs)
    if kept:
        yield last, _joined(kept), ""


def _joined(parts: list[Runs]) -> Runs:
    return Runs(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _absolute(spans: summary.Spans) -> summary.Spans:
    """The same of the values without their signs: what rounding is in proportion to."""
    value = np.abs(spans.min)
    return replace(spans, min=value, max=value, sum=value * spans.valid)


class _Level:
    """A zoom level: its summaries, and how many bases of the rows they are over."""

    def __init__(self, file: BigWig, level: int) -> None:
        self.name, self.problem, self.covered = f"zoom level {file.reductions[level]}", "", 0.0
        tree = file.zoom_tree(level)
        leaves = Leaves.of(tree.leaves())
        parts = [np.empty(0, SUMMARY)]
        for ranges in file.groups(tree.ranges()):
            for i in range(len(ranges)):
                found = read_summaries(
                    file.source, ranges[i : i + 1], file.buffer_size, file.head.order
                )
                of = np.zeros(len(found), np.int64)
                places = found["chrom"], found["start"], found["end"]
                if leaves.outside(ranges[i : i + 1, 0], of, *places) >= 0:
                    self.problem = (
                        f"the bounds of the block at byte {int(ranges[i, 0])} do not hold its "
                        "summaries"
                    )
                parts.append(found)
        found = np.concatenate(parts)
        self.problem = self.problem or too_wide(found, file.reductions[level])
        self._summaries = found[np.argsort(found["chrom"], kind="stable")]
        self._chrom = self._summaries["chrom"].astype(np.int64)

    def compare(self, chrom: int, name: str, spans: summary.Spans, sizes: summary.Spans) -> None:
        """Hold the summaries of a chrom against its rows."""
        first, last = np.searchsorted(self._chrom, [chrom, chrom + 1])
        some = self._summaries[first:last]
        start, end = (some[n].astype(np.int64) for n in ("start", "end"))
        self.covered += float((before(spans, end) - before(spans, start)).sum())
        self.problem = self.problem or _unlike(some, start, end, spans, sizes, name)


def _unlike(
    some: Record,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    spans: summary.Spans,
    sizes: summary.Spans,
    name: str,
) -> str:
    """Which of a chrom's summaries is not of these rows; '' for none."""
    first = np.searchsorted(spans.end, start, "right")
    last = np.maximum(np.searchsorted(spans.start, end, "left"), first)
    pairs = np.column_stack([first, last]).ravel()
    there = last > first
    rounding = (last - first + _LEVELS) * _ROUNDING
    tiny = (last - first + _LEVELS) * float(np.finfo(np.float32).tiny)  # and what is less is 0
    least = np.minimum.reduceat(np.append(spans.min, np.inf), pairs)[::2]
    most = np.maximum.reduceat(np.append(spans.max, -np.inf), pairs)[::2]
    magnitude = before(sizes, end, 1) - before(sizes, start, 1)
    squares = before(spans, end, 2) - before(spans, start, 2)
    previous = np.append(0, end[:-1])
    wrong: dict[str, tuple[Floats, npt.NDArray[np.bool_]]] = {
        "start": (previous.astype(np.float64), start < previous),
        "end": (start.astype(np.float64), end < start),
    }
    # what a sum is at most on its way: one that 32 bits do not hold is infinite, or of such
    for field, exact, most_of, room in (
        ("valid_count", before(spans, end) - before(spans, start), 0.0, 0.0),
        ("min", least, 0.0, 0.0),
        ("max", most, 0.0, 0.0),
        (
            "sum",
            before(spans, end, 1) - before(spans, start, 1),
            magnitude,
            rounding * magnitude + tiny + _DOUBLE * before(sizes, end, 1),
        ),
        (
            "sum_squares",
            squares,
            squares,
            rounding * squares + tiny + _DOUBLE * before(spans, end, 2),
        ),
    ):
        value = some[field].astype(np.float64)
        finite = most_of + room < np.finfo(np.float32).max
        wrong[field] = exact, there & finite & ~(np.abs(value - exact) <= room)
    wrong["valid_count"][1][:] |= ~there & (some["valid_count"] > 0)
    return first_wrong(some, wrong, name)


def _unlike_total(stored: Record, total: summary.TotalSummary, magnitude: float) -> str:
    """Which number of the total summary is not that of the rows, if one is."""
    tiny = total.valid_count * float(np.finfo(np.float32).tiny)
    room = {
        "sum": 4 * _ROUNDING * magnitude + tiny,
        "sum_squares": 4 * _ROUNDING * total.sum_squares + tiny,
    }
    for name in ("valid_count", "min", "max", "sum", "sum_squares"):
        value, exact = float(stored[name]), float(getattr(total, name))
        if total.valid_count == 0 and name in ("min", "max"):
            continue  # of nothing; writers have what they began with
        if not abs(value - exact) <= room.get(name, 0.0):
            return f"{name} is {value:,g}, that of the rows is {exact:,g}"
    return ""
