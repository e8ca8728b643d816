"""Summaries of the coverage depth over bins.

The coverage depth of a base is how many items cover it. A bin's statistics are over
its covered bases only (as bigBedSummary has them), but for ``coverage``, the part
of the bin that is covered. Bins are UCSC's: bin i of n over [start, end) ends at
``start + (end - start) * (i + 1) // n``. Of more bins than bases some have none, and no
value, as pyBigWig has it; UCSC's code gives such a bin the base behind it.

From a zoom level, a summary that a bin's edge cuts counts in proportion, so the
result is an estimate; the level is the coarsest whose summaries are at most half a
bin wide (bbiRead.c, bbiBestZoom). Left out of UCSC's code: covered bases rounded up
to whole ones, and a bin's minimum taken from a summary outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from gidx.ground.sorting import sorted_values
from gidx.ground.steps import joined as end_to_end
from gidx.ground.steps import steps

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Stat = Literal["mean", "min", "max", "std", "coverage", "sum"]
STATS = get_args(Stat)
NONE: Positions = np.empty(0, np.int64)


class TotalSummary(NamedTuple):
    """The coverage depth of a whole file, over its covered bases."""

    valid_count: int
    min: float
    max: float
    sum: float
    sum_squares: float

    @property
    def mean(self) -> float:
        return self.sum / self.valid_count if self.valid_count else float("nan")

    @property
    def std(self) -> float:
        n = np.array([float(self.valid_count)])
        return float(sample_std(n, np.array([self.sum]), np.array([self.sum_squares]))[0])


@dataclass(frozen=True)
class Spans:
    """Disjoint spans of one chrom, sorted, with sums over their covered bases."""

    start: Positions
    end: Positions
    valid: Floats
    min: Floats
    max: Floats
    sum: Floats
    sum_squares: Floats


def depth(start: Positions, end: Positions) -> Spans:
    """The coverage depth of items as spans of equal depth; items of length zero have none."""
    starts, ends, edges = (
        sorted_values(np.zeros(len(values), np.int32), values.astype(np.int64, copy=False), 1)
        for values in (start, end, end_to_end([start, end]))
    )
    parts: list[tuple[Positions, ...]] = [(NONE, NONE, NONE)]
    for lo, hi in steps(len(edges) - 1):
        begin, stop = edges[lo:hi], edges[lo + 1 : hi + 1]
        apart = np.flatnonzero(stop > begin)
        begin, stop = begin[apart], stop[apart]
        level = np.searchsorted(starts, begin, "right") - np.searchsorted(ends, begin, "right")
        parts.append(tuple(values[level > 0] for values in (begin, stop, level)))
    begin, stop, level = (np.concatenate(part) for part in zip(*parts, strict=True))
    value, size = level.astype(np.float64), (stop - begin).astype(np.float64)
    return Spans(begin, stop, size, value, value, value * size, value * value * size)


def total(parts: list[Spans]) -> TotalSummary:
    """The summary of several chroms."""
    some = [p for p in parts if len(p.start)]
    with np.errstate(invalid="ignore"):  # the sum of both infinities is no number
        return TotalSummary(
            int(sum(p.valid.sum() for p in some)),
            float(min((p.min.min() for p in some), default=0.0)),
            float(max((p.max.max() for p in some), default=0.0)),
            float(sum(p.sum.sum() for p in some)),
            float(sum(p.sum_squares.sum() for p in some)),
        )


def joined(totals: list[TotalSummary]) -> TotalSummary:
    """The summary of what several are of."""
    some = [t for t in totals if t.valid_count]
    return TotalSummary(
        sum(t.valid_count for t in some),
        min((t.min for t in some), default=0.0),
        max((t.max for t in some), default=0.0),
        sum(t.sum for t in some),
        sum(t.sum_squares for t in some),
    )


def bin_edges(start: int, end: int, bins: int) -> Positions:
    """Where bins begin and end: bins + 1 positions."""
    return start + (end - start) * np.arange(bins + 1, dtype=np.int64) // bins


def fold(spans: Spans, edges: Positions, stat: Stat) -> Floats:
    """One statistic per bin; NaN where a bin has no covered base (coverage, sum: 0)."""
    bins = len(edges) - 1
    # a writer's last summary of a chrom may have length zero
    inside = (spans.end > edges[0]) & (spans.start < edges[-1]) & (spans.end > spans.start)
    s, e = spans.start[inside], spans.end[inside]
    first = np.searchsorted(edges, s, side="right") - 1
    last = np.searchsorted(edges, e, side="left") - 1
    first, last = np.maximum(first, 0), np.minimum(last, bins - 1)
    repeats = last - first + 1
    span = np.repeat(np.arange(len(s)), repeats)
    which = first[span] + np.arange(len(span)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    overlap = np.minimum(e[span], edges[which + 1]) - np.maximum(s[span], edges[which])
    real = overlap > 0  # an infinite value of no base is no number
    span, which, overlap = span[real], which[real], overlap[real]
    width = (e - s)[span]

    def summed(values: Floats) -> Floats:
        # multiplied first: the sums of a depth then stay whole numbers, without an error
        return np.bincount(which, values[inside][span] * overlap / width, bins).astype(np.float64)

    count = summed(spans.valid)
    if stat == "coverage":
        bases = np.diff(edges)
        return np.divide(count, bases, out=np.zeros(bins), where=bases > 0)
    if stat == "sum":
        return summed(spans.sum)
    if stat in ("min", "max"):
        covered = spans.valid[inside][span] > 0
        reduce: Any = np.fmin if stat == "min" else np.fmax  # NaN where there is none
        out = np.full(bins, np.nan)
        reduce.at(out, which[covered], getattr(spans, stat)[inside][span][covered])
        return out
    with np.errstate(divide="ignore", invalid="ignore"):
        if stat == "mean":
            return summed(spans.sum) / count
        return np.where(
            count > 0, sample_std(count, summed(spans.sum), summed(spans.sum_squares)), np.nan
        )


def sample_std(count: Floats, total: Floats, squares: Floats) -> Floats:
    """The sample standard deviation from sums, as UCSC's calcStdFromSums."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = squares - total * total / count
        variance = np.where(count > 1, variance / (count - 1), variance)
        return np.where(count > 0, np.sqrt(np.maximum(variance, 0.0)), np.nan)


def best_zoom(reductions: list[int], span: int, bins: int) -> int | None:
    """Which zoom level serves bins of ``span // bins`` bases; None: the data itself."""
    wanted = span // bins // 2
    fit = [(r, i) for i, r in enumerate(reductions) if r <= wanted]
    return max(fit, key=lambda ri: (ri[0], -ri[1]))[1] if wanted > 1 and fit else None
