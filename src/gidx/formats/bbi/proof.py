"""Proof that a bbi file's indexes are those of its rows: what bigBed and bigWig have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.bbi import summary
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.header import HEADER, ZOOM_HEADER
from gidx.bbi.range_tree import RangeTree, TreeItems, key
from gidx.formats.bbi.read import Bbi
from gidx.ground.layout import Record, ordered, read_array
from gidx.ground.region import Region

# of a row, behind the block that it is in
LOST = "is not found by the data index, whose bounds of its block do not hold it"


def proved(file: Bbi, rows: Callable[[Leaves], Iterator[str]]) -> list[str]:
    """What is wrong with a file's trees, and then what ``rows`` finds by its rows."""
    problems = [*stray_nodes(file)]
    leaves = Leaves.of(file.data_tree.leaves())
    at = leaves.overlap()
    if at is None:
        problems += rows(leaves)
    else:
        problems.append(f"byte {at}: a block of the data index begins within the one before it")
    return [f"{file.source.name}: {problem}" for problem in problems]


def stray_nodes(file: Bbi) -> Iterator[str]:
    """Children that are not within their parents: a search from the root passes them by."""
    trees: list[BPlusTree | RangeTree] = [file.chrom_tree, file.data_tree]
    trees += [file.zoom_tree(level) for level in range(len(file.reductions))]
    trees += file.key_trees()
    for tree in trees:
        stray = tree.stray()
        if stray is not None:
            yield stray
    # what the header says of zoom levels: readers stop at a reduction of 0
    said = int(file.head.fixed["zoom_levels"])
    layout = ordered(ZOOM_HEADER, file.head.order)
    zooms = read_array(file.source, HEADER.itemsize, layout, said, "zoom headers")
    lost = (zooms["reduction"] == 0) & (zooms["index_offset"] != 0)
    if lost.any():
        yield f"zoom level {int(np.argmax(lost))} has a reduction of 0, so it is not found"
    elif np.any(np.diff(file.reductions) <= 0):
        yield f"zoom levels are not from the finest to the coarsest: {file.reductions}"


@dataclass(frozen=True)
class Leaves:
    """The blocks of a range tree in file order, and what bounds the tree gives to each."""

    begin: npt.NDArray[np.uint64]
    end: npt.NDArray[np.uint64]
    lo: npt.NDArray[np.uint64]
    hi: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, items: TreeItems) -> Leaves:
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


def before(spans: summary.Spans, position: Any, power: int = 0) -> npt.NDArray[np.float64]:
    """The sum of the depth to a power over all covered bases before each position."""
    if len(spans.start) == 0:
        return np.zeros(len(position))
    sums = (spans.valid, spans.sum, spans.sum_squares)[power]
    whole = np.concatenate([np.zeros(1), np.cumsum(sums)])
    i = np.searchsorted(spans.start, position, "right") - 1
    inside = (np.minimum(position, spans.end[i]) - spans.start[i]) * spans.min[i] ** power
    found: npt.NDArray[np.float64] = np.where(i >= 0, whole[np.maximum(i, 0)] + inside, 0.0)
    return found


def first_wrong(
    some: Record, wrong: Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]], name: str
) -> str:
    """The first summary of a chrom that is not that of its rows, in words; '' for none.

    ``wrong`` are, field by field, the numbers that the rows have, and which summaries differ.
    """
    for field, (exact, bad) in wrong.items():
        if bad.any():
            i = int(np.argmax(bad))
            start, end = int(some["start"][i]), int(some["end"][i])
            region = Region(name, start, max(end, start))
            return (
                f"the summary of {region} has {field} {float(some[field][i]):,g}, the rows there "
                f"have {float(exact[i]):,g}"
            )
    return ""
