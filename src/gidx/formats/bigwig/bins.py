"""Values of a bigWig by base and by bin: signals as numpy arrays.

Bins are UCSC's: bin i of n over [start, end) ends at ``start + (end - start) * (i + 1) // n``.
A statistic is over the bases of a bin that have a value, each counted once. All of it comes
from the rows; estimates from zoom levels are `Bbi.summarize`'s.

Many regions are one pass over the file: their blocks are planned together and read once,
and each run is added to the bins of all regions that it overlaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gidx.bbi import section
from gidx.bbi.blocks import Blocks
from gidx.bbi.summary import Stat, sample_std
from gidx.ground.pool import in_order, thread_count
from gidx.ground.region import RegionSet
from gidx.ground.windows import Windows

if TYPE_CHECKING:
    from gidx.formats.bigwig.read import BigWig

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NEEDS = {
    "mean": ("valid", "total"),
    "sum": ("total",),
    "coverage": ("valid",),
    "min": ("least",),
    "max": ("most",),
    "std": ("valid", "total", "squares"),
}


@dataclass
class Bins:
    """Sums over the bases with a value in each bin (windows, bins); without rows: not asked."""

    shape: tuple[int, int]
    needs: tuple[str, ...]
    valid: Floats = field(init=False)
    total: Floats = field(init=False)
    squares: Floats = field(init=False)
    least: Floats = field(init=False)
    most: Floats = field(init=False)

    def __post_init__(self) -> None:
        empty = {"least": np.nan, "most": np.nan}
        for name in ("valid", "total", "squares", "least", "most"):
            shape = self.shape if name in self.needs else (0, self.shape[1])
            setattr(self, name, np.full(shape, empty[name]) if name in empty else np.zeros(shape))


def values(file: BigWig, asked: RegionSet, fill: float) -> npt.NDArray[np.float32]:
    """The value of each base of one region; ``fill`` where there is none."""
    chrom, begin = int(asked.chrom[0]), int(asked.start[0])
    out = np.empty(int(asked.end[0]) - begin, np.float32)
    out.fill(fill)
    name, order, n_chroms = file.source.name, file.head.order, len(file.chroms)
    for group in file.groups(file.plan(asked)):
        section.fill(name, order, file.fetch(group), n_chroms, chrom, begin, out)
    return out


def matrix(
    file: BigWig, windows: Windows, bins: int, stat: Stat, fill: float, threads: int | None
) -> Floats:
    """A statistic of each bin (windows, bins); ``fill`` where a bin has no value."""
    sums = fold(file, windows, bins, _NEEDS[stat], threads)
    with np.errstate(divide="ignore", invalid="ignore"):
        if stat == "coverage":
            size = np.diff(_edges(windows, bins))
            return np.divide(sums.valid, size, out=np.zeros(sums.shape), where=size > 0)
        if stat == "sum":
            return sums.total
        if stat in ("min", "max"):
            found = sums.least if stat == "min" else sums.most
            return np.where(np.isnan(found), fill, found)
        if stat == "mean":
            mean = np.divide(sums.total, sums.valid, out=sums.total)
            if not np.isnan(fill):  # which 0 / 0 is already
                mean[sums.valid == 0] = fill
            return mean
        exact = sample_std(sums.valid, sums.total, sums.squares)
        return np.where(sums.valid > 0, exact, fill)


def fold(
    file: BigWig, windows: Windows, bins: int, needs: tuple[str, ...], threads: int | None = None
) -> Bins:
    """Sums over each bin of each window."""
    found = Bins((len(windows), bins), needs)
    n_chroms = len(file.chroms)
    order = np.lexsort((windows.start, windows.chrom))
    order = order[windows.chrom[order] >= 0]
    chrom, start, end = windows.chrom[order], windows.start[order], windows.end[order]
    first = np.append(0, np.cumsum(np.bincount(chrom, minlength=n_chroms)))
    reach = end.copy()
    for c in np.unique(chrom).tolist():
        np.maximum.accumulate(end[first[c] : first[c + 1]], out=reach[first[c] : first[c + 1]])
    asked = (first, start, end, reach, order)
    sums = (found.valid, found.total, found.squares, found.least, found.most)
    for blocks in _blocks(file, windows.within(n_chroms), threads):
        section.fold(file.source.name, file.head.order, blocks, asked, bins, sums)
    return found


def _edges(windows: Windows, bins: int) -> Ints:
    size = (windows.end - windows.start)[:, None]
    return windows.start[:, None] + size * np.arange(bins + 1, dtype=np.int64) // bins


def _blocks(file: BigWig, asked: RegionSet, threads: int | None) -> Iterator[Blocks]:
    """The blocks that may overlap the regions, a group at a time."""
    groups = file.groups(file.plan(asked)) if len(asked) else []
    return in_order((partial(file.fetch, g) for g in groups), thread_count(threads, len(groups)))
