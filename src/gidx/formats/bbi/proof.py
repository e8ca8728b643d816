"""Proof that a bbi file's indexes are those of its rows: what bigBed and bigWig have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.bbi import bplus_tree, range_tree, summary
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.header import HEADER, ZOOM_HEADER
from gidx.bbi.range_tree import RangeTree, TreeItems, key
from gidx.formats.bbi.read import Bbi
from gidx.ground.layout import Order, Record, ordered, read_array
from gidx.ground.ranges import Ranges
from gidx.ground.region import Region

_PIECE = 1 << 24  # bytes that are looked through at once
_HEAD = 64  # bytes that the head of a tree and of its root take at most

# of a row, behind the block that it is in
LOST = "is not found by the data index, whose bounds of its block do not hold it"


def proved(file: Bbi, rows: Callable[[Leaves], Iterator[str]]) -> list[str]:
    """What is wrong with a file's trees, and then what ``rows`` finds by its rows."""
    problems = [*stray_nodes(file), *lost_trees(file)]
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


def lost_trees(file: Bbi) -> Iterator[str]:
    """A tree that nothing leads to: of a zoom level or an extra index that the header lost.

    Whatever is not a block is looked through for the magics of trees; blocks are compressed,
    and may hold anything.
    """
    head = file.head
    known = {int(head.fixed["chromosome_tree_offset"]), int(head.fixed["index_offset"])}
    known |= {int(at) for at in head.zooms["index_offset"]}
    known |= {index.offset for index in head.extra_indexes}
    blocks = [file.data_tree.ranges(), *(file.zoom_plan(i, None) for i in range(len(head.zooms)))]
    magics = [_magic(layout, head.order) for layout in (bplus_tree, range_tree)]
    for begin, end in _between(np.concatenate(blocks), file.source.size):
        text = bytes(file.source.read(begin, end - begin))
        for found in re.finditer(b"|".join(map(re.escape, magics)), text):
            at = begin + found.start()
            if at not in known and _is_tree(
                text[found.start() : found.start() + _HEAD], head.order
            ):
                yield (
                    f"byte {at}: a tree that nothing leads to, so the header lost a zoom level or "
                    "an extra index; write the file again"
                )
                return


def _between(blocks: Ranges, size: int) -> Iterator[tuple[int, int]]:
    """Where no block is, in pieces that overlap by the head of a tree."""
    blocks = blocks[np.argsort(blocks[:, 0], kind="stable")]
    ends = np.maximum.accumulate(np.r_[np.uint64(0), blocks[:, 1]])
    for begin, end in zip(ends.tolist(), [*blocks[:, 0].tolist(), size], strict=True):
        for at in range(begin, min(end, size), _PIECE):
            yield at, min(at + _PIECE + _HEAD, end, size)


def _magic(layout: ModuleType, order: Order) -> bytes:
    return np.array(layout.MAGIC, f"{order}u4").tobytes()


def _is_tree(text: bytes, order: Order) -> bool:
    """Whether what begins with a tree's magic is one, with a node."""
    b_plus = text.startswith(_magic(bplus_tree, order))
    layout = ordered(bplus_tree.TREE if b_plus else range_tree.TREE, order)
    root = text[layout.itemsize :]
    if len(root) < range_tree.NODE.itemsize:
        return False
    tree = np.frombuffer(text, layout, 1)[0]
    count = int(np.frombuffer(root, ordered(range_tree.NODE, order), 1)[0]["count"])
    values = (bplus_tree.CHROM.itemsize, bplus_tree.BLOCK.itemsize)
    return (
        root[0] <= 1 <= count <= int(tree["block_size"])
        and int(tree["item_count"]) >= count * root[0]
        and (not b_plus or int(tree["value_size"]) in values)
    )


def too_wide(summaries: Record, reduction: int) -> str:
    """A summary of more bases than its level's reduction, in words; '' for none."""
    size = summaries["end"].astype(np.int64) - summaries["start"]
    if size.max(initial=0) <= reduction:
        return ""
    return f"a summary is of {int(size.max()):,} bases, more than the reduction of the level"


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


def past_the_end(file: Bbi, chrom: Any, start: Any, end: Any) -> str:
    """The first row that ends behind its chrom, in words; '' for none."""
    wrong = end > file.sizes[chrom]
    if not wrong.any():
        return ""
    i = int(np.argmax(wrong))
    name, size = list(file.chroms.items())[chrom[i]]
    row = Region(name, int(start[i]), int(end[i]))
    return (
        f"the row at {row} ends behind its chrom, which has {size:,} bases by the chromosome tree; "
        "write the file again"
    )


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
