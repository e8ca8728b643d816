"""A small, slow bigBed builder for tests: plain structs, every part optional.

Written from Kent et al. 2010 and its supplement, not from gidx's writer, so that
what the reader is held to does not depend on what gidx writes. It pads nothing: each
byte of a file belongs to a structure, and a cut anywhere hurts one.

    header | zoom headers | AutoSQL | total summary | extended header | chromosome tree
    | row count, data blocks, range tree | per zoom level: the same | extra indexes | magic

``build_parts`` says in ``places`` where each part begins, so that a test can break one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby
from typing import Any

MAGIC, CHROM_TREE, RANGE_TREE = 0x8789F2EB, 0x78CA8C91, 0x2468ACE0

Row = tuple  # chrom, start, end, then the fields' texts
Leaf = tuple[int, int, int, int, int, int]  # chrom, start, chrom, end, offset, size


@dataclass(frozen=True)
class BigBed:
    """The file, and where its parts are."""

    data: bytes
    places: Mapping[str, int]
    order: str

    def broken(self, part: str, offset: int, layout: str, *values: int | bytes) -> bytes:
        """The file with other values ``offset`` bytes into a part."""
        at = self.places[part] + offset
        piece = struct.pack(self.order + layout, *values)
        return self.data[:at] + piece + self.data[at + len(piece) :]


def build(rows: Iterable[Row], chroms: Mapping[str, int], **options: Any) -> bytes:
    """The bytes of a bigBed file; options are the fields of `Builder`."""
    return build_parts(rows, chroms, **options).data


def build_parts(rows: Iterable[Row], chroms: Mapping[str, int], **options: Any) -> BigBed:
    """A bigBed file of rows as they come: nothing is sorted, nothing is checked."""
    return Builder(list(rows), chroms, **options).build()


@dataclass
class File:
    """Bytes as they grow, numbers in one byte order, and where parts begin."""

    order: str
    data: bytearray = field(default_factory=bytearray)
    places: dict[str, int] = field(default_factory=dict)

    def mark(self, part: str) -> int:
        self.places[part] = len(self.data)
        return len(self.data)

    def add(self, layout: str, *values: int | float | bytes) -> None:
        self.data += struct.pack(self.order + layout, *values)

    def put(self, at: int, layout: str, *values: int | float | bytes) -> None:
        struct.pack_into(self.order + layout, self.data, at, *values)


@dataclass
class Builder:
    """What a file is made of; every part but rows and chroms optional."""

    rows: list[Row]
    chroms: Mapping[str, int]
    order: str = "<"
    version: int = 4
    compressed: bool | None = None  # default: where the version can
    autosql: str | bytes | None = None
    field_count: int | None = None  # default: of the first row
    defined: int | None = None  # default: field_count, at most 12
    items_per_slot: int = 2
    fan_out: int = 2
    levels: int = 0  # index levels that a tree has at least, though one node would do
    zooms: Sequence[int] = ()
    total_summary: bool = False
    indexes: Sequence[int] = ()  # numbers of fields, chrom is 0
    closing: bool | None = None  # default: where the version has a closing magic
    buffer_size: int | None = None  # default: of the largest block
    row_count: int | None = None
    chrom_ids: Mapping[str, int] | None = None  # default: in the order given
    magic: int = MAGIC

    def __post_init__(self) -> None:
        if self.compressed is None:
            self.compressed = self.version >= 3
        if self.closing is None:
            self.closing = self.version >= 4
        if self.field_count is None:
            self.field_count = len(self.rows[0]) if self.rows else 3
        self.ids = self.chrom_ids or {name: i for i, name in enumerate(self.chroms)}
        self.largest = 0
        # per indexed field: each row's key, and where its block is
        self.keys: dict[int, list[tuple[bytes, bytes]]] = {number: [] for number in self.indexes}
        self.file = File(self.order)

    def build(self) -> BigBed:
        f = self.file
        f.data += bytes(64 + 24 * len(self.zooms))
        self._describe()
        self._chromosome_tree()
        self._data()
        for i, reduction in enumerate(self.zooms):
            self._zoom(i, reduction)
        self._extra_indexes()
        if self.closing:
            f.mark("closing")
            f.add("I", self.magic)
        self._header()
        return BigBed(bytes(f.data), f.places, self.order)

    def _describe(self) -> None:
        f = self.file
        if self.autosql is not None:
            f.mark("autosql")
            f.data += _bytes(self.autosql) + b"\0"
        if self.total_summary:
            f.mark("total_summary")
            every = (depths(self.rows, name, size) for name, size in self.chroms.items())
            f.add("Q4d", *_sums(chain.from_iterable(every)))
        if self.indexes:
            at = f.mark("extended_header")
            f.data += bytes(64 + 20 * len(self.indexes))
            f.put(at, "HHQ", 64, len(self.indexes), at + 64)

    def _chromosome_tree(self) -> None:
        self.file.mark("chromosome_tree")
        items = [
            (_bytes(name), struct.pack(self.order + "2I", self.ids[name], size))
            for name, size in self.chroms.items()
        ]
        key_tree(self.file, items, 8, self.fan_out, self.levels)

    def _data(self) -> None:
        f = self.file
        f.mark("data")
        f.add("Q", len(self.rows) if self.row_count is None else self.row_count)
        leaves: list[Leaf] = []
        for name, group in groupby(self.rows, key=lambda row: row[0]):
            for rows in _in_nodes(list(group), self.items_per_slot):
                f.mark(f"block {len(leaves)}")
                at, size = self._block(self._encoded(rows))
                start, end = min(row[1] for row in rows), max(row[2] for row in rows)
                leaves.append((self.ids[name], start, self.ids[name], end, at, size))
                value = struct.pack(self.order + "2Q", at, size)
                for number, keys in self.keys.items():
                    keys += [(_bytes(row[number]), value) for row in rows]
        f.mark("range_tree")
        range_tree(f, leaves, self.fan_out, self.items_per_slot, self.levels)

    def _encoded(self, rows: Sequence[Row]) -> Iterable[bytes]:
        """What is in the block of these rows."""
        for row in rows:
            head = struct.pack(self.order + "3I", self.ids[row[0]], *row[1:3])
            yield head + b"\t".join(_bytes(text) for text in row[3:]) + b"\0"

    def _zoom(self, number: int, reduction: int) -> None:
        f = self.file
        f.mark(f"zoom {number} data")
        records = list(self._summaries(reduction))
        f.add("I", len(records))
        leaves: list[Leaf] = []
        for some in _in_nodes(records, self.items_per_slot):
            block = self._block(struct.pack(self.order + "4I4f", *record) for record in some)
            last = max(some, key=lambda r: (r[0], r[2]))
            leaves.append((*some[0][:2], last[0], last[2], *block))
        f.mark(f"zoom {number} tree")
        range_tree(f, leaves, self.fan_out, self.items_per_slot, self.levels)

    def _summaries(self, reduction: int) -> Iterable[tuple]:
        return zoom_records(self.rows, self.chroms, self.ids, reduction)

    def _block(self, records: Iterable[bytes]) -> tuple[int, int]:
        """Where a block of records was put, and its size there."""
        block = b"".join(records)
        self.largest = max(self.largest, len(block))
        stored = zlib.compress(block) if self.compressed else block
        at = len(self.file.data)
        self.file.data += stored
        return at, len(stored)

    def _extra_indexes(self) -> None:
        f = self.file
        for i, (number, keys) in enumerate(self.keys.items()):
            at = f.mark(f"index {number}")
            key_tree(f, keys, 16, self.fan_out, self.levels)
            # type 0, one field, offset, reserved, field number, reserved
            f.put(f.places["extended_header"] + 64 + 20 * i, "HHQIHH", 0, 1, at, 0, number, 0)

    def _header(self) -> None:
        f, places = self.file, self.file.places
        size = self.largest if self.buffer_size is None else self.buffer_size
        places["header"] = 0
        f.put(
            0, "IHHQQQHHQQIQ",
            self.magic, self.version, len(self.zooms),
            places["chromosome_tree"], places["data"], places["range_tree"],
            self.field_count, min(self.field_count, 12) if self.defined is None else self.defined,
            places.get("autosql", 0), places.get("total_summary", 0),
            size if self.compressed else 0, places.get("extended_header", 0),
        )  # fmt: skip
        for i, reduction in enumerate(self.zooms):
            data, tree = places[f"zoom {i} data"], places[f"zoom {i} tree"]
            f.put(64 + 24 * i, "IIQQ", reduction, 0, data, tree)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _in_nodes(items: Sequence, fan_out: int) -> list[Sequence]:
    return [items[i : i + fan_out] for i in range(0, len(items), fan_out)]


def key_tree(
    f: File, items: Iterable[tuple[bytes, bytes]], value_size: int, fan_out: int, levels: int
) -> None:
    """B+ tree: header, then nodes, root first; a key and its value, or its child's offset."""
    items = sorted(items)
    width = max((len(key) for key, _ in items), default=0)
    f.add("IIIIQQ", CHROM_TREE, fan_out, width, value_size, len(items), 0)

    def write(key: tuple[bytes], value: bytes | int) -> None:
        f.data += key[0].ljust(width, b"\0")
        if isinstance(value, int):
            f.add("Q", value)
        else:
            f.data += value

    leaves = [((key,), value) for key, value in items]
    _nodes(f, leaves, fan_out, levels, lambda n: n[0][0], write, (width + value_size, width + 8))


def range_tree(
    f: File, leaves: Sequence[Leaf], fan_out: int, items_per_slot: int, levels: int
) -> None:
    """R tree: header, then nodes, root first; bounds, and a block or a child's offset."""
    end = len(f.data)
    whole = _hull([leaf[:4] for leaf in leaves])
    f.add("IIQ4IQII", RANGE_TREE, fan_out, len(leaves), *whole, end, items_per_slot, 0)

    def write(bounds: tuple, value: int | tuple[int, int]) -> None:
        places = (value,) if isinstance(value, int) else value
        f.add(f"4I{len(places)}Q", *bounds, *places)

    items = [(leaf[:4], leaf[4:]) for leaf in leaves]
    _nodes(f, items, fan_out, levels, lambda n: _hull([b for b, _ in n]), write, (32, 24))


def _nodes(
    f: File,
    items: Sequence[tuple],
    fan_out: int,
    levels: int,
    label: Callable[[Sequence], tuple],  # of a node, for the item that leads to it
    write: Callable[[Any, Any], None],
    sizes: tuple[int, int],  # of a leaf's item, of another node's
) -> None:
    """Nodes of (label, value), level by level, the root first."""
    tiers = [_in_nodes(items, fan_out)]
    while items and (len(tiers[-1]) > 1 or len(tiers) <= levels):
        tiers.append(_in_nodes([(label(node), i) for i, node in enumerate(tiers[-1])], fan_out))
    for depth in range(len(tiers) - 1, -1, -1):
        below = len(f.data) + sum(4 + sizes[depth > 0] * len(node) for node in tiers[depth])
        children = list(
            accumulate(
                (4 + sizes[depth > 1] * len(node) for node in tiers[depth - 1]), initial=below
            )
        )
        for node in tiers[depth]:
            f.add("BBH", depth == 0, 0, len(node))
            for name, value in node:
                write(name, children[value] if depth else value)


def _hull(bounds: Sequence[tuple]) -> tuple[int, int, int, int]:
    lo = min((b[:2] for b in bounds), default=(0, 0))
    hi = max((b[2:] for b in bounds), default=(0, 0))
    return *lo, *hi


# ── coverage depth, base by base ────────────────────────────────────────────────────────────────


def depths(rows: Iterable[Row], chrom: str, size: int) -> list[int]:
    """How many rows cover each base of a chrom."""
    found = [0] * size
    for row in rows:
        if row[0] == chrom:
            for base in range(row[1], row[2]):
                found[base] += 1
    return found


def _sums(found: Iterable[int]) -> tuple[int, int, int, int, int]:
    """valid count, min, max, sum, sum of squares, over covered bases."""
    covered = [d for d in found if d]
    if not covered:
        return 0, 0, 0, 0, 0
    return len(covered), min(covered), max(covered), sum(covered), sum(d * d for d in covered)


def zoom_records(
    rows: Sequence[Row], chroms: Mapping[str, int], ids: Mapping[str, int], reduction: int
) -> Iterable[tuple]:
    """chrom, start, end, valid count, min, max, sum, sum of squares: a bin of the chrom each."""
    for name in sorted(chroms, key=lambda name: ids[name]):
        found = depths(rows, name, chroms[name])
        for start in range(0, chroms[name], reduction):
            end = min(start + reduction, chroms[name])
            sums = _sums(found[start:end])
            if sums[0]:
                yield ids[name], start, end, *sums
