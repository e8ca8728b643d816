"""The B+ tree of a bbi file: keys of a fixed size to values of a fixed size.

Maps chromosome names to ids and sizes. Extra indexes share the layout, with
data-block offsets and sizes as values.

Layout: Kent et al. 2010, supplementary tables 8-11. Keys compare as raw bytes,
not by locale. Equal keys may continue in the next leaf, so a lookup visits
every child whose key range contains the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.errors import format_error
from gidx.ground.layout import Order, Record, ordered, read_array, read_one, read_tagged
from gidx.ground.source import ByteSource

MAGIC = 0x78CA8C91

# fmt: off
TREE = np.dtype([              # offset
    ("magic", "<u4"),          #  0
    ("block_size", "<u4"),     #  4  most items of a node
    ("key_size", "<u4"),       #  8  bytes; shorter keys are filled up with NULs
    ("value_size", "<u4"),     # 12
    ("item_count", "<u8"),     # 16  in all leaves
    ("reserved", "<u8"),       # 24
])
NODE = np.dtype([              # offset
    ("is_leaf", "u1"),         #  0  1 leaf, 0 index node
    ("reserved", "u1"),        #  1
    ("count", "<u2"),          #  2  items that follow
])
CHROM = np.dtype([             # offset  the value in a chromosome tree
    ("id", "<u4"),             #  0
    ("size", "<u4"),           #  4
])
BLOCK = np.dtype([             # offset  the value in an extra index
    ("offset", "<u8"),         #  0  of the data block
    ("size", "<u8"),           #  8
])
# fmt: on

# So many keys are looked up in one pass over all leaves: a lookup from the root
# takes about 60 us, a pass over 100,000 items 8 ms.
MANY = 200

# UCSC's names have at most 255 bytes; numpy cannot have items of 2 GB.
_LONGEST_KEY = 2**20
_LAST_KEY = b"\xff" * (_LONGEST_KEY + 1)  # above all


def _leaf_item(key_size: int, value: np.dtype[Any]) -> np.dtype[Any]:
    # void, not bytes: numpy drops NULs at the end of bytes
    return np.dtype([("key", f"V{key_size}"), *((n, value[n]) for n in value.names or ())])


def _index_item(key_size: int) -> np.dtype[Any]:
    return np.dtype([("key", f"V{key_size}"), ("child", "<u8")])


class BPlusTree:
    """A tree at ``offset`` whose values are records of ``value``."""

    def __init__(
        self, source: ByteSource, offset: int, order: Order, value: np.dtype[Any], what: str
    ) -> None:
        self._source, self._order, self._what = source, order, what
        self.tree = read_tagged(source, offset, TREE, order, MAGIC, f"B+ tree ({what})")
        self.key_size = int(self.tree["key_size"])
        if self.tree["value_size"] != value.itemsize:
            raise format_error(
                source.name,
                offset + 12,
                f"{what}: value size is {int(self.tree['value_size'])}, expected {value.itemsize}",
            )
        self.item_count = int(self.tree["item_count"])
        if self.key_size > _LONGEST_KEY:
            raise format_error(
                source.name,
                offset + 8,
                f"{what}: key size is {self.key_size}, expected at most {_LONGEST_KEY}",
            )
        self._leaf = ordered(_leaf_item(self.key_size, value), order)
        self._index = ordered(_index_item(self.key_size), order)
        self._root = offset + TREE.itemsize

    def items(self) -> Record:
        """All leaf items, in the tree's order."""
        leaves = list(self._walk(None))
        found = np.concatenate(leaves) if leaves else np.empty(0, self._leaf)
        if len(found) != self.item_count:
            raise format_error(
                self._source.name,
                self._root,
                f"{self._what}: {len(found)} items found, its header says {self.item_count}",
            )
        return found

    def find(self, keys: Sequence[bytes]) -> Record:
        """The leaf items that have one of the keys."""
        wanted = np.array([k for k in keys if len(k) <= self.key_size], f"S{self.key_size or 1}")
        if len(wanted) > MANY:
            items = self.items()
            return items[np.isin(_bytes(items["key"]), wanted)]
        found = [
            items[_bytes(items["key"]) == key]
            for key in np.unique(wanted)
            for items in self._walk(bytes(key))
        ]
        return np.concatenate(found) if found else np.empty(0, self._leaf)

    def ends(self) -> tuple[int, int]:
        """Where the items of the last node in the file end, and where the room for more does."""
        last, seen, stack = self._root, set[int](), [self._root] if self.item_count else []
        end = room = self._root
        while stack:
            at = stack.pop()
            node, items = self._node(at, seen)
            if at >= last:
                last, end = at, at + NODE.itemsize + items.nbytes
                more = max(int(self.tree["block_size"]) - int(node["count"]), 0)
                room = end + more * items.dtype.itemsize
            if not node["is_leaf"]:
                stack += items["child"].tolist()
        return end, room

    def stray(self) -> str | None:
        """The first leaf with a key that a search from the root would not find there."""
        stack = [(self._root, b"", _LAST_KEY)] if self.item_count else []
        seen: set[int] = set()
        while stack:
            at, least, most = stack.pop()
            node, items = self._node(at, seen)
            keys = [bytes(k) for k in items["key"]]
            if node["is_leaf"]:
                wrong = next((k for k in keys if not least <= k <= most), None)
                if wrong is not None:
                    shown = wrong.rstrip(b"\0")[:60].decode("utf-8", "backslashreplace")
                    return (
                        f"byte {at}: {self._what}: {shown!r} is not in the part of the tree "
                        "where it is looked for; write the file again"
                    )
                continue
            children = items["child"].tolist()
            lower = [least, *keys[1:]]
            upper = [*keys[1:], most]
            stack.extend(zip(children, lower, upper, strict=True) if keys else ())
        return None

    def _node(self, at: int, seen: set[int]) -> tuple[Record, Record]:
        """A node and its items."""
        if at in seen:
            raise format_error(self._source.name, at, f"{self._what}: a node is its own child")
        seen.add(at)
        node = read_one(self._source, at, ordered(NODE, self._order), self._what)
        if node["count"] == 0:
            raise format_error(self._source.name, at, f"{self._what}: a node without items")
        layout = self._leaf if node["is_leaf"] else self._index
        at += NODE.itemsize
        return node, read_array(self._source, at, layout, int(node["count"]), self._what)

    def _walk(self, key: bytes | None) -> Iterator[Record]:
        """The leaves that may hold ``key`` (all: None), left to right."""
        if self.item_count == 0:
            return
        stack, seen = [(self._root, b"", _LAST_KEY)], set[int]()
        while stack:
            at, least, most = stack.pop()
            node, items = self._node(at, seen)
            if key is not None:
                first, last = (bytes(items["key"][i]) for i in (0, -1))
                if first < least or last > most:
                    what = "a node is not within the keys that its parent gives: it is damaged"
                    raise format_error(self._source.name, at, f"{self._what}: {what}")
            if node["is_leaf"]:
                yield items
                continue
            children = items["child"].tolist()
            below = [(child, b"", _LAST_KEY) for child in children]
            if key is not None:
                key = key.ljust(self.key_size, b"\0")
                # a child holds keys from its own first to the next child's first, both
                # included; the first child may hold smaller ones in an odd tree
                keys = [bytes(k) for k in items["key"]]
                lower, upper = [least, *keys[1:]], [*keys[1:], most]
                below = [
                    one
                    for one in zip(children, lower, upper, strict=True)
                    if (one[1] <= key or one[0] == children[0]) and key <= one[2]
                ]
            stack.extend(reversed(below))


def _bytes(keys: Record) -> npt.NDArray[np.bytes_]:
    """Keys as numpy bytes, which compare without the NULs that fill them up."""
    if keys.dtype.itemsize == 0:
        return np.zeros(len(keys), "S1")
    return np.ascontiguousarray(keys).view(f"S{keys.dtype.itemsize}")


def pack(keys: npt.NDArray[np.bytes_], values: Record, block_size: int, at: int) -> bytes:
    """A tree over sorted keys, to be written at file offset ``at``.

    Little-endian, index levels from the root down, leaves last, every node filled
    up to ``block_size`` items (as UCSC's bPlusTree.c lays it out).
    """
    n = len(keys)
    key_size = int(np.char.str_len(keys).max(initial=0))  # 0 where all keys are empty
    value = values.dtype
    leaf, index = _leaf_item(key_size, value), _index_item(key_size)
    out = [_record(TREE, MAGIC, block_size, key_size, value.itemsize, n, 0)]
    if n == 0:  # no node, and a chromosome tree's block size is 0 then
        return out[0]
    at += TREE.itemsize
    levels = 0  # index levels above the leaves
    while block_size ** (levels + 1) < n:
        levels += 1
    index_bytes = NODE.itemsize + block_size * index.itemsize
    leaf_bytes = NODE.itemsize + block_size * leaf.itemsize
    for level in range(levels, 0, -1):
        step = block_size**level  # items below one entry of this level
        entries = np.zeros(len(range(0, n, step)), index)
        _set_keys(entries, keys[::step])
        nodes = -(-len(entries) // block_size)
        below = leaf_bytes if level == 1 else index_bytes
        entries["child"] = at + nodes * index_bytes + below * np.arange(len(entries))
        out.append(_nodes(entries, block_size, is_leaf=False))
        at += nodes * index_bytes
    items = np.zeros(n, leaf)
    _set_keys(items, keys)
    for name in value.names or ():
        items[name] = values[name]
    out.append(_nodes(items, block_size, is_leaf=True))
    return b"".join(out)


def _set_keys(items: Record, keys: npt.NDArray[np.bytes_]) -> None:
    size = items.dtype["key"].itemsize
    if size:  # numpy has no bytes of size 0
        items["key"] = keys.astype(f"S{size}").view(f"V{size}")


def _record(layout: np.dtype[Any], *values: Any) -> bytes:
    return np.array([values], layout).tobytes()


def _nodes(items: Record, block_size: int, *, is_leaf: bool) -> bytes:
    parts = []
    for first in range(0, len(items), block_size):
        some = items[first : first + block_size]
        parts.append(_record(NODE, is_leaf, 0, len(some)))
        parts.append(some.tobytes())
        parts.append(bytes((block_size - len(some)) * items.dtype.itemsize))
    return b"".join(parts)
