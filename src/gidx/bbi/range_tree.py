"""The range tree (R tree) of a bbi file: genomic ranges to data blocks.

Layout: Kent et al. 2010, supplementary tables 14-17. A range may span chroms, so
bounds are pairs of chrom id and position, compared in that order.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from gidx.errors import FormatError, format_error
from gidx.ground.layout import Order, Record, check_range, ordered, read_array, read_tagged
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource, expect
from gidx.ground.tuning import tuning
from gidx.kernels.records import select_nodes

MAGIC = 0x2468ACE0

# fmt: off
TREE = np.dtype([               # offset
    ("magic", "<u4"),           #  0
    ("block_size", "<u4"),      #  4  most items of a node
    ("item_count", "<u8"),      #  8  blocks (data), or summaries (zoom)
    ("start_chrom", "<u4"),     # 16  the range of the whole
    ("start", "<u4"),           # 20
    ("end_chrom", "<u4"),       # 24
    ("end", "<u4"),             # 28
    ("end_file_offset", "<u8"), # 32  where the data end
    ("items_per_slot", "<u4"),  # 40
    ("reserved", "<u4"),        # 44
])
NODE = np.dtype([               # offset
    ("is_leaf", "u1"),          #  0
    ("reserved", "u1"),         #  1
    ("count", "<u2"),           #  2  items that follow
])
_BOUNDS = [                     # offset
    ("start_chrom", "<u4"),     #  0
    ("start", "<u4"),           #  4
    ("end_chrom", "<u4"),       #  8
    ("end", "<u4"),             # 12
    ("offset", "<u8"),          # 16  of the child node, or of the data block
]
INDEX_ITEM = np.dtype(_BOUNDS)
LEAF_ITEM = np.dtype([*_BOUNDS,
    ("size", "<u8"),            # 24  of the data block
])
# fmt: on

FIRST = 1 << 17  # bytes of a tree that are read at once from a URL: all of most
_USUAL = 512  # items of a node that are read with it; UCSC's tools and others write 256
# Items of a level that is read to outline a larger tree: 262,144 take 75 MB on the way.
MOST = 1 << 18

Keys = npt.NDArray[np.uint64]
_MOST = np.uint64(2**64 - 1)
_STRAY = (
    "a node is not within the bounds that its parent gives, so rows below it are not found; "
    "write the file again"
)


@dataclass(frozen=True)
class TreeItems:
    """Items of a tree, sorted by ``lo``: bounds as ``chrom << 32 | position``, and ranges.

    ``reach[i]`` is the largest ``hi`` up to item i, so a binary search finds the first
    item that may overlap a region. A look at every item took 25 us of a query in a
    file of 4,000 blocks, most of it for bringing them into the cache.
    """

    lo: Keys
    hi: Keys
    reach: Keys
    ranges: Ranges

    @classmethod
    def of(cls, items: Record) -> TreeItems:
        lo = key(items["start_chrom"], items["start"])
        hi = key(items["end_chrom"], items["end"])
        begin = items["offset"].astype("u8")
        size = items["size"].astype("u8") if "size" in (items.dtype.names or ()) else np.uint64(0)
        ranges = np.column_stack([begin, begin + size])
        if np.any(lo[1:] < lo[:-1]):  # chroms in another order than their ids
            order = np.argsort(lo, kind="stable")
            lo, hi, ranges = lo[order], hi[order], ranges[order]
        return cls(lo, hi, np.maximum.accumulate(hi), ranges)

    def overlapping(self, regions: RegionSet) -> Ranges:
        """Ranges of the items that may hold rows of the regions.

        Ends count as inside, because a row of length zero overlaps where it touches.
        """
        picked = select_nodes(
            self.lo, self.hi, self.reach, regions.chrom, regions.start, regions.end
        )
        return self.ranges[picked]


def key(chrom: npt.NDArray[Any], position: npt.NDArray[Any]) -> Keys:
    """Bounds as one number, ``chrom << 32 | position``: they compare as the pair does."""
    return chrom.astype(np.uint64) << np.uint64(32) | position.astype(np.uint64)


class _Level(NamedTuple):
    """Nodes of a tree: where they are, and the bounds that their parents give."""

    at: Keys
    least: Keys
    most: Keys

    @classmethod
    def of(cls, items: Record, regions: RegionSet | None = None) -> Self:
        """The children of index items; only those that overlap where regions are given."""
        found = TreeItems.of(items)
        which: Any = slice(None)
        if regions is not None:
            where = regions.chrom, regions.start, regions.end
            which = select_nodes(found.lo, found.hi, found.reach, *where)
        return cls(found.ranges[which, 0], found.lo[which], found.hi[which])


class _Node(NamedTuple):
    is_leaf: bool
    items: Record


class _Below(NamedTuple):
    """Items of the nodes of a level, and where the first node is that is out of its bounds."""

    leaves: Record
    inner: Record
    stray: int | None


def _joined(parts: Sequence[Record]) -> Record:
    """Items one after the other; of records `np.concatenate` compares the types, field by field."""
    return np.frombuffer(b"".join(parts), parts[0].dtype) if len(parts) > 1 else parts[0]


class RangeTree:
    """A tree at ``offset``, without one empty; reads its nodes when they are first needed."""

    def __init__(self, source: ByteSource, offset: int | None, order: Order, what: str) -> None:
        self._source, self._order, self._what = source, order, what
        if offset is not None:
            expect(source, offset, offset + FIRST)
            self.tree = read_tagged(source, offset, TREE, order, MAGIC, f"range tree ({what})")
        else:
            self.tree = np.zeros(1, TREE)[0]
        self.item_count = int(self.tree["item_count"])
        self._root = (offset or 0) + TREE.itemsize
        self._all: TreeItems | None = None
        self._lock = threading.Lock()

    def ranges(self, regions: RegionSet | None = None) -> Ranges:
        """File ranges of the blocks that may hold rows of the regions, in file order."""
        leaves = self._all
        if leaves is None:
            few = regions is None or self.item_count <= tuning.whole_tree
            leaves = self._every_leaf() if few else TreeItems.of(self._read(regions))
        picked = leaves.ranges
        if regions is not None:
            where = regions.chrom, regions.start, regions.end
            picked = picked[select_nodes(leaves.lo, leaves.hi, leaves.reach, *where)]
        if len(picked) < 2:
            return picked
        begins = picked[:, 0]
        return picked if np.all(begins[1:] > begins[:-1]) else np.unique(picked, axis=0)

    def first(self) -> Ranges:
        """The file range of one block, the first in the tree; none in an empty tree."""
        if self.item_count <= tuning.whole_tree or self._all is not None:
            return self.ranges()[:1]
        at, seen = self._root, set[int]()
        while at not in seen:
            seen.add(at)
            node = self._node(at)
            if node.is_leaf:
                return TreeItems.of(node.items[:1]).ranges
            at = int(node.items["offset"][0])
        raise self._own_child(at)

    def miscount(self) -> int | None:
        """How many leaf items there are, if that is known and the header says another number."""
        if self.item_count == 0:
            return 0
        return (
            None if self._all is None or len(self._all.lo) == self.item_count else len(self._all.lo)
        )

    def leaves(self) -> TreeItems:
        """All leaf items."""
        return self._every_leaf()

    def work(self, chroms: Mapping[str, int | None], data_size: int, parts: int) -> Work:
        """Bytes of the blocks before each place, fine enough to be cut into ``parts``."""
        items = self._outline(2 * parts)
        size = (items.ranges[:, 1] - items.ranges[:, 0]).astype(np.float64)
        if not size.any():  # nodes, which are alike
            size[:] = data_size / max(len(size), 1)
        order = np.argsort(items.ranges[:, 0], kind="stable")
        lo, hi, size = items.lo[order], items.hi[order], size[order]
        before = np.cumsum(size) - size
        first, last = ((key >> np.uint64(32)).astype(np.int64) for key in (lo, hi))
        start, end = ((key & np.uint64(0xFFFFFFFF)).astype(np.int64) for key in (lo, hi))
        # an item of several chroms has an equal share of each
        many = last - first + 1
        item = np.repeat(np.arange(len(many)), many)
        share = np.arange(len(item)) - np.repeat(np.cumsum(many) - many, many)
        chrom, part = first[item] + share, size[item] / many[item]
        begins = before[item] + share * part
        names = list(chroms)
        sizes = np.array([size or 0 for size in chroms.values()], np.int64)
        ends = np.where(chrom == last[item], end[item], sizes[chrom])
        marks = np.where(share == 0, start[item], 0)
        # the last mark of a chrom is the largest end; others would lie between starts
        there, at = np.unique(chrom, return_inverse=True)
        reach, most = np.zeros(len(there), np.int64), np.zeros(len(there))
        np.maximum.at(reach, at, ends)
        np.maximum.at(most, at, begins + part)
        return Work.of_marks(names, np.r_[chrom, there], np.r_[marks, reach], np.r_[begins, most])

    def _outline(self, least: int) -> TreeItems:
        """Leaf items, or of a large tree those of a level that has ``least`` of them.

        Ranges of the latter are of nodes. A file of 300 GiB has some 30 M leaves (1 GB), and
        150,000 items above them. A level of more than `MOST` is not read, fewer or not: places
        between two items are guessed well enough.
        """
        if self.item_count <= tuning.whole_tree or self._all is not None:
            return self._every_leaf()
        level = [self._root]
        while True:
            nodes = [self._node(at) for at in level]
            if any(node.is_leaf for node in nodes):
                return self._every_leaf()
            items = _joined([node.items for node in nodes])
            below = len(items) * int(self.tree["block_size"])
            if not len(level) < len(items) < least or below > MOST:
                return TreeItems.of(items)
            level = items["offset"].tolist()

    def ends(self) -> tuple[int, int]:
        """Where the items of the last node in the file end, and where the room for more does."""
        last, level = 0, [self._root] if self.item_count else []
        while level:
            last = max(last, *level)
            below = [self._node(at) for at in level]
            level = [
                at
                for node in below
                if not node.is_leaf
                for at in node.items["offset"].tolist()
                if at not in level
            ]
        if last == 0:
            return self._root, self._root
        items = self._node(last).items
        end = last + NODE.itemsize + items.nbytes
        room = max(int(self.tree["block_size"]) - len(items), 0)
        return end, end + room * INDEX_ITEM.itemsize

    def stray(self) -> str | None:
        """The first node that is not within the bounds its parent gives; None: all are."""
        level, seen = self._top(), set[int]()
        while len(level.at):
            found = self._below(level, seen)
            if found.stray is not None:
                return f"byte {found.stray}: {self._what}: {_STRAY}"
            level = _Level.of(found.inner)
        return None

    def _every_leaf(self) -> TreeItems:
        with self._lock:
            if self._all is None:
                # a full leaf item takes 32 bytes; nodes above them are few
                room = self.item_count * (LEAF_ITEM.itemsize + 1) + 65536
                expect(self._source, self._root, self._root + room)
                self._all = TreeItems.of(self._read(None))
            return self._all

    def _read(self, regions: RegionSet | None) -> Record:
        """Leaf items, level by level; only nodes that overlap where regions are given."""
        leaves: list[Record] = []
        level, seen = self._top(), set[int]()
        while len(level.at):
            found = self._below(level, seen)
            if found.stray is not None:
                raise format_error(self._source.name, found.stray, f"{self._what}: {_STRAY}")
            leaves.append(found.leaves)
            level = _Level.of(found.inner, regions)
        return _joined(leaves) if leaves else np.empty(0, ordered(LEAF_ITEM, self._order))

    def _top(self) -> _Level:
        """The root, if there is one, whose bounds nothing gives."""
        one = slice(1 if self.item_count else 0)
        return _Level(*(np.array([n], np.uint64)[one] for n in (self._root, 0, _MOST)))

    def _below(self, level: _Level, seen: set[int]) -> _Below:
        """What the nodes of a level hold."""
        nodes = []
        for at in level.at.tolist():
            if at in seen:
                raise self._own_child(at)
            seen.add(at)
            nodes.append(self._node(at))
        kinds, stray = [], []
        for layout in (LEAF_ITEM, INDEX_ITEM):
            own = [i for i, node in enumerate(nodes) if node.is_leaf == (layout is LEAF_ITEM)]
            parts = [nodes[i].items for i in own]
            items = _joined(parts) if parts else np.empty(0, ordered(layout, self._order))
            of = np.repeat(np.array(own, np.intp), [len(part) for part in parts])
            lo = key(items["start_chrom"], items["start"])
            hi = key(items["end_chrom"], items["end"])
            stray += level.at[of[(lo < level.least[of]) | (hi > level.most[of])]].tolist()
            kinds.append(items)
        leaves, inner = kinds
        return _Below(leaves, inner, min(stray, default=None))

    def _node(self, at: int) -> _Node:
        """The node at a place, in one read if it is of a usual size."""
        room = NODE.itemsize + min(int(self.tree["block_size"]), _USUAL) * LEAF_ITEM.itemsize
        check_range(self._source, at, NODE.itemsize, self._what)
        piece = self._source.read(at, min(room, self._source.size - at))
        node = np.frombuffer(piece, ordered(NODE, self._order), 1)[0]
        count = int(node["count"])
        if count == 0:
            raise format_error(self._source.name, at, f"{self._what}: a node without items")
        layout = ordered(LEAF_ITEM if node["is_leaf"] else INDEX_ITEM, self._order)
        if NODE.itemsize + count * layout.itemsize <= len(piece):
            items = np.frombuffer(piece, layout, count, NODE.itemsize)
        else:
            items = read_array(self._source, at + NODE.itemsize, layout, count, self._what)
        return _Node(bool(node["is_leaf"]), items)

    def _own_child(self, at: int) -> FormatError:
        return format_error(self._source.name, at, f"{self._what}: a node is its own child")


def pack(
    lo: npt.NDArray[np.uint64],
    hi: npt.NDArray[np.uint64],
    offset: npt.NDArray[np.uint64],
    *,
    block_size: int,
    items_per_slot: int,
    at: int,
) -> bytes:
    """A tree over items in file order, to be written at ``at``, where their data end.

    ``lo`` and ``hi`` are bounds as ``chrom << 32 | position``. Items with the same
    offset lie in one block and become one leaf item. Little-endian; levels from
    the root down. A leaf node is filled up with slots of an index item's size, 8
    bytes short each, as UCSC's cirTree.c does (kent issue 76).
    """
    n = len(lo)
    whole = (lo.min(), hi.max()) if n else (np.uint64(0), np.uint64(0))
    head = np.array(
        [(MAGIC, block_size, n, *_split(whole[0]), *_split(whole[1]), at, items_per_slot, 0)], TREE
    )
    if n == 0:  # libBigWig (pyBigWig, deepTools) opens no file whose tree has no root to read
        return head.tobytes() + np.array([(1, 0, 0)], NODE).tobytes()
    first = np.flatnonzero(np.r_[True, offset[1:] != offset[:-1]])
    levels = [_items(LEAF_ITEM, lo, hi, first)]
    levels[0]["offset"] = offset[first]
    levels[0]["size"] = np.diff(np.r_[offset[first], np.uint64(at)])
    bounds = np.minimum.reduceat(lo, first), np.maximum.reduceat(hi, first)
    while len(levels[-1]) > block_size:
        first = np.arange(0, len(levels[-1]), block_size)
        levels.append(_items(INDEX_ITEM, *bounds, first))
        bounds = np.minimum.reduceat(bounds[0], first), np.maximum.reduceat(bounds[1], first)
    levels.reverse()
    out = [head.tobytes()]
    at += TREE.itemsize
    for i, items in enumerate(levels):
        nodes = -(-len(items) // block_size)
        at += nodes * (NODE.itemsize + block_size * INDEX_ITEM.itemsize)
        if i + 1 < len(levels):
            below = LEAF_ITEM if i + 2 == len(levels) else INDEX_ITEM
            size = NODE.itemsize + block_size * below.itemsize
            items["offset"] = at + size * np.arange(len(items))
        out.append(_nodes(items, block_size))
    return b"".join(out)


def _split(key: np.uint64) -> tuple[int, int]:
    return int(key) >> 32, int(key) & 0xFFFFFFFF


def _items(
    layout: np.dtype[Any],
    lo: npt.NDArray[np.uint64],
    hi: npt.NDArray[np.uint64],
    first: npt.NDArray[np.int64],
) -> Record:
    items = np.zeros(len(first), layout)
    least, most = np.minimum.reduceat(lo, first), np.maximum.reduceat(hi, first)
    items["start_chrom"], items["start"] = least >> np.uint64(32), least & np.uint64(0xFFFFFFFF)
    items["end_chrom"], items["end"] = most >> np.uint64(32), most & np.uint64(0xFFFFFFFF)
    return items


def _nodes(items: Record, block_size: int) -> bytes:
    is_leaf = items.dtype == LEAF_ITEM
    parts = []
    for first in range(0, len(items), block_size):
        some = items[first : first + block_size]
        parts.append(np.array([(is_leaf, 0, len(some))], NODE).tobytes())
        parts.append(some.tobytes())
        parts.append(bytes((block_size - len(some)) * INDEX_ITEM.itemsize))
    return b"".join(parts)
