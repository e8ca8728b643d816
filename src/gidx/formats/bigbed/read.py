"""bigBed files, read: header, trees and blocks to typed Arrow rows.

Source: Kent et al. 2010 with its supplement; versions 1 to 4, both byte orders,
compressed or not. Rows are typed by the file's AutoSQL. Where that is missing or
does not have as many fields as the rows, this is said in a warning and the columns
take the standard BED names. Writing is in `bigbed_write`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx import autosql
from gidx.arrow import schema
from gidx.arrow.decode import decode
from gidx.autosql import AutoSql, Field
from gidx.autosql.columns import HEAD_FIELDS, Declared
from gidx.autosql.grammar import WORDS
from gidx.bbi import bplus_tree, summary
from gidx.bbi.blocks import inflate
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.header import BIGBED_MAGIC, read_header
from gidx.bbi.range_tree import RangeTree
from gidx.bbi.zoom import read_summaries
from gidx.errors import (
    AutoSqlError,
    ColumnError,
    FormatError,
    UnknownChromError,
    format_error,
    hint,
    warn,
)
from gidx.formats.base import Names, Placed, Rows
from gidx.ground.layout import check_range, ordered, read_cstring, read_one
from gidx.ground.limits import limits
from gidx.ground.ranges import Ranges, partition
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource
from gidx.kernels import records
from gidx.kernels.records import select_items

ZOOM_SCHEMA = pa.schema([
    ("chrom", schema.CHROM),
    ("start", schema.POSITION),
    ("end", schema.POSITION),
    ("valid_count", pa.uint32()),
    ("min", pa.float32()),
    ("max", pa.float32()),
    ("sum", pa.float32()),
    ("sum_squares", pa.float32()),
])  # fmt: skip


@dataclass(frozen=True)
class Blocks:
    """Inflated blocks, one after the other, and where in the file each was."""

    text: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]
    ranges: Ranges


class BigBed:
    """One open bigBed file (a `Format`)."""

    kind = "bigbed"
    # File bytes to inflate and decode at a time: large enough that the calls do not count,
    # small enough that a group's text stays in the cache.
    group_size = 512 * 1024

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.head = read_header(source, BIGBED_MAGIC, "bigBed")
        fixed = self.head.fixed
        self.buffer_size = int(fixed["uncompress_buffer_size"])
        self._chroms = self._read_chroms()
        self.data_tree = RangeTree(
            source, int(fixed["index_offset"]), self.head.order, "data index"
        )
        self._zoom_indexes: dict[int, RangeTree] = {}
        if not self.head.closed:
            self._check_whole()
        self.declared = self._declare()

    def _check_whole(self) -> None:
        """Of a file without its closing magic: FormatError where it is cut, else a warning.

        Its trees stand last, so it is whole if they are, and the blocks that they name.
        """
        ranges = [self.data_tree.ranges()]
        ranges += [self.zoom_plan(level, None) for level in range(len(self.head.zooms))]
        end = max(int(r[:, 1].max(initial=0)) for r in ranges)
        trees: list[BPlusTree | RangeTree] = [self.data_tree, *self._zoom_indexes.values()]
        trees += [self.extra_tree(index.offset) for index in self.head.extra_indexes]
        items, room = max(tree.ends() for tree in trees)
        size = self.source.size
        rest = bytes(self.source.read(size - 3, 3))
        magic = BIGBED_MAGIC.to_bytes(4, "little" if self.head.order == "<" else "big")
        if (
            end > size
            or items < size < room  # writers fill the last node up, or do not
            or any(rest.endswith(magic[:n]) for n in (1, 2, 3))
        ):
            raise format_error(
                self.source.name, size,
                f"truncated: a version 4 bigBed ends with its magic {BIGBED_MAGIC:08x}, and this "
                "one before; fetch or write the file again",
            )  # fmt: skip
        warn(
            f"{self.source.name}, byte {self.source.size - 4}: a version 4 bigBed ends with its "
            f"magic {BIGBED_MAGIC:08x}, which is not there; what the file says that it has is, but "
            "it may be unfinished"
        )

    def extra_tree(self, at: int) -> BPlusTree:
        """The tree of an extra index: keys to blocks."""
        return BPlusTree(self.source, at, self.head.order, bplus_tree.BLOCK, "extra index")

    def as_texts(self) -> BigBed:
        """The same file, every field behind the head as the text that it is.

        So ``1e3`` in a ``uint`` stays, and so do ``255,0,0`` and ``1.50``.
        """
        told = self.declared
        fields = (
            f if i < HEAD_FIELDS else Field("lstring", f.name, f.comment)
            for i, f in enumerate(told.autosql.fields)
        )
        table = replace(told.autosql.table, fields=tuple(fields), sources=())
        other = copy.copy(self)
        text = told.text or str(told.autosql)
        other._declare_as(Declared(AutoSql((table,)), text, told.defined))
        return other

    def with_types(self, types: Any) -> BigBed:
        """The same file, some columns of other types than it declares."""
        told = self.declared
        names = {f.name: i for i, f in enumerate(told.canonical)}
        for i, f in enumerate(told.native):
            names.setdefault(f.name, i)
        fields = list(told.autosql.fields)
        for i, kind in schema.of_columns(types, names, self.source.name).items():
            if i < HEAD_FIELDS:
                continue
            schema.check_scalar(told.canonical[i].name, kind)
            word = WORDS.get(kind)
            if word is None:
                raise TypeError(
                    f"types: column {told.canonical[i].name!r} cannot be {kind}, which AutoSQL "
                    "does not have; 'string' can hold it"
                )
            fields[i] = Field(word, fields[i].name, fields[i].comment)
        table = replace(told.autosql.table, fields=tuple(fields), sources=())
        other = copy.copy(self)
        rest = told.autosql.declarations[1:]
        other._declare_as(Declared(AutoSql((table, *rest)), None, told.defined))
        return other

    def _declare_as(self, declared: Declared) -> None:
        """Take another declaration, and forget what was made of the one before."""
        self.declared = declared
        self.__dict__.pop("metadata", None)

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self._chroms

    @property
    def chrom_tree(self) -> BPlusTree:
        """Names of chroms to their ids and sizes."""
        at = int(self.head.fixed["chromosome_tree_offset"])
        return BPlusTree(self.source, at, self.head.order, bplus_tree.CHROM, "chromosome tree")

    def _read_chroms(self) -> dict[str, int | None]:
        at = int(self.head.fixed["chromosome_tree_offset"])
        items = self.chrom_tree.items()
        items = items[np.argsort(items["id"])]
        if not np.array_equal(items["id"], np.arange(len(items))):
            raise format_error(
                self.source.name, at, f"chrom ids are not 0 to {len(items) - 1}, each once"
            )
        names = [
            bytes(key).rstrip(b"\0").decode("utf-8", "backslashreplace") for key in items["key"]
        ]
        chroms: dict[str, int | None] = dict(zip(names, items["size"].tolist(), strict=True))
        if len(chroms) != len(items):
            raise format_error(self.source.name, at, "a chrom name stands twice in the tree")
        return chroms

    def row_count(self) -> int | None:
        """How many rows the data section says it has."""
        at = int(self.head.fixed["data_offset"])
        return int(
            read_one(self.source, at, ordered(np.dtype("<u8"), self.head.order), "row count")
        )

    @cached_property
    def autosql_text(self) -> str | None:
        at = int(self.head.fixed["autosql_offset"])
        if at == 0:
            return None
        return read_cstring(self.source, at, "AutoSQL").decode("utf-8", "backslashreplace")

    def _declare(self) -> Declared:
        """The declaration that the rows have; warns where it is not the file's own."""
        said = int(self.head.fixed["field_count"])
        defined = int(self.head.fixed["defined_field_count"])
        found = self._first_row_fields()
        count = found if found is not None else said
        text, why = self.autosql_text, ""
        if text is None or not text.strip("\0 \n"):
            why = "has no AutoSQL"
        else:
            try:
                parsed = autosql.parse(text)
                parsed.to_arrow()
            except AutoSqlError as error:
                why = f"has AutoSQL that cannot be read ({error})"
            else:
                if len(parsed.fields) == count:
                    self._check_arrays(parsed)
                    return Declared(parsed, text, min(defined, count))
                where = "its rows have" if found is not None else "its header says"
                why = f"declares {len(parsed.fields)} fields in AutoSQL, but {where} {count}"
        declared = self._standard(count, defined)
        if count > HEAD_FIELDS or why != "has no AutoSQL":  # bed3 needs none
            extra = count - declared.defined
            name = f"bed{declared.defined}" + (f"+{extra}" if extra else "")
            warn(f"{self.source.name}: {why}; read as {name} with the standard names")
        return declared

    def _check_arrays(self, declared: AutoSql) -> None:
        """Raise where an array of fixed size is so large that rows without it cost too much."""
        for field in declared.fields:
            if isinstance(field.size, int) and field.size > limits.array:
                at = int(self.head.fixed["autosql_offset"])
                what = f"AutoSQL declares {field.declared_type} {field.name}"
                raise limits.passed("array", self.source.name, at, what)

    def _standard(self, count: int, defined: int) -> Declared:
        """Standard BED columns, as many as the first block's rows bear out."""
        if count < HEAD_FIELDS:
            raise format_error(self.source.name, 32, f"{count} fields, expected 3 or more")
        sure = min(max(defined, HEAD_FIELDS), count, 12)
        for n in sorted({min(count, 12), sure}, reverse=True):
            declared = Declared(autosql.parse(autosql.bed(n, count - n)), None, n)
            if n == sure or self._fits(declared):
                break
        return declared

    def _fits(self, declared: Declared) -> bool:
        blocks = self.fetch(self.data_tree.ranges()[:1])
        columns = [c for c in declared.columns[: declared.defined] if c is not None]
        try:
            *_, fields = self._records(blocks, len(columns), None, declared.count)
        except FormatError:
            return False
        return not decode(blocks.text, fields, columns)[1]

    def _first_row_fields(self) -> int | None:
        """How many fields the first row has; None in a file without rows."""
        ranges = self.data_tree.first()
        if len(ranges) == 0:
            return None
        blocks = self.fetch(ranges)
        text = blocks.text[12:].tobytes()
        end = text.find(0)
        if len(blocks.text) < 13 or end < 0:
            raise format_error(self.source.name, int(ranges[0, 0]), "truncated record")
        if end == 0:  # a bed3, or a bed4 whose fourth field is empty
            return HEAD_FIELDS + int(self.head.fixed["field_count"] == HEAD_FIELDS + 1)
        return HEAD_FIELDS + text.count(b"\t", 0, end) + 1

    def schema(self, names: Names) -> pa.Schema:
        return pa.schema(self.declared.named(names), self.metadata)

    @cached_property
    def metadata(self) -> dict[bytes, bytes]:
        """The schema's entries."""
        return schema.metadata(
            format=self.kind,
            coordinates="0-based half-open",
            chromsizes=self._chroms,
            autosql=self.declared.text or str(self.declared.autosql),
            defined_fields=self.declared.defined,
        )

    def fields(self) -> pa.Table:
        indexed = {index.field for index in self.head.extra_indexes}
        fields = self.declared.autosql.fields
        canonical = self.schema("canonical")
        sizes = [None if f.size is None else str(f.size) for f in fields]
        return pa.table({
            "name": pa.array(canonical.names, pa.string()),
            "type": pa.array([str(t) for t in canonical.types], pa.string()),
            "declared_name": pa.array([f.name for f in fields], pa.string()),
            "declared_type": pa.array([f.declared_type for f in fields], pa.string()),
            "number": pa.array(sizes, pa.string()),
            "description": pa.array([f.comment for f in fields], pa.string()),
            "indexed": pa.array([i in indexed for i in range(len(fields))], pa.bool_()),
        })  # fmt: skip

    def info(self) -> dict[str, Any]:
        fixed = self.head.fixed
        extra = self.declared.count - self.declared.defined
        return {
            "format": f"bigBed version {int(fixed['version'])}",
            "byte order": "little-endian" if self.head.order == "<" else "big-endian",
            "compressed": "yes" if self.head.compressed else "no",
            "bed type": f"bed{self.declared.defined}" + (f"+{extra}" if extra else ""),
            "rows": self.row_count(),
            "blocks": self.data_tree.item_count,
            "zoom levels": ", ".join(map(str, self.reductions)) or "none",
            "extra indexes": ", ".join(self.indexed_names()) or "none",
        }

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def plan(self, regions: RegionSet | None) -> Ranges:
        return self.data_tree.ranges(regions)

    def groups(self, ranges: Ranges, size: int | None = None) -> list[Ranges]:
        # a few blocks of a file whose blocks are large, as multiple alignments are
        most = max(1, limits.block // 4 // max(self.buffer_size, 1))
        return partition(ranges, size or self.group_size, most)

    def fetch(self, ranges: Ranges, regions: RegionSet | None = None) -> Blocks:  # noqa: ARG002
        text, bounds = inflate(self.source, ranges, self.buffer_size)
        return Blocks(text, bounds, ranges)

    def reader(self, columns: Sequence[int], names: Names) -> BigBedReader:
        return BigBedReader(self, columns, names)

    def count(self, blocks: Blocks, regions: RegionSet | None) -> int:
        return len(self.records(blocks, 0, regions)[0])

    @cached_property
    def chrom_names(self) -> pa.Array:
        """Chroms in the order of their ids: the dictionary of column chrom."""
        return pa.array(list(self._chroms), pa.string())

    def records(
        self, blocks: Blocks, want: int, regions: RegionSet | None = None
    ) -> tuple[Any, Any, Any, npt.NDArray[np.int32]]:
        """Chrom ids, starts, ends of rows, and bounds of ``want`` fields behind them."""
        return self._records(blocks, want, regions, self.declared.count)

    def _records(
        self, blocks: Blocks, want: int, regions: RegionSet | None, count: int
    ) -> tuple[
        npt.NDArray[np.int32],
        npt.NDArray[np.int64],
        npt.NDArray[np.int64],
        npt.NDArray[np.int32],
    ]:
        every = regions is None
        asked = regions or _NO_REGIONS
        expected = count - HEAD_FIELDS
        status, at, found, chrom, start, end, fields = records.read_records(
            blocks.text,
            blocks.bounds,
            self.head.order == ">",
            len(self._chroms),
            expected,
            want,
            asked.first,
            asked.start,
            asked.end,
            every,
        )
        if status == records.OK:
            return chrom, start, end, fields
        block = int(np.searchsorted(blocks.bounds, at, side="right")) - 1
        where = f"record at {int(at) - int(blocks.bounds[block])} of its block"
        what = {
            records.TRUNCATED: "is cut off: no closing NUL before the block's end",
            records.CHROM: f"has chrom id {found}, the file has {len(self._chroms)} chroms",
            records.FIELDS: (
                f"has {found + HEAD_FIELDS} fields, expected {expected + HEAD_FIELDS}"
            ),
        }[status]
        raise format_error(self.source.name, int(blocks.ranges[block, 0]), f"{where} {what}")

    # ── extra indexes ───────────────────────────────────────────────────────────────────────────

    def indexed_names(self) -> list[str]:
        """Canonical names of the fields that have an extra index."""
        names = self.schema("canonical").names
        return [names[i.field] for i in self.head.extra_indexes if i.field < len(names)]

    def index_of(self, field: str | None) -> int:
        """Which column's extra index to use; the only one where none is named."""
        indexed = self.indexed_names()
        known = ", ".join(indexed)
        if not indexed:
            raise ColumnError(
                f"{self.source.name}: no extra index; write one with "
                "write_bigbed(..., extra_index=['name']), or filter a scan"
            )
        if field is None:
            if len(indexed) > 1:
                raise ColumnError(
                    f"{self.source.name}: several extra indexes, pass field=: {known}"
                )
            field = indexed[0]
        for names in (self.schema("canonical").names, self.schema("native").names):
            if field in names and self.schema("canonical").names[names.index(field)] in indexed:
                return names.index(field)
        raise ColumnError(
            f"{self.source.name}: no extra index on {field!r}{hint(field, indexed)}; "
            f"there is {known}"
        )

    def lookup(self, column: int, keys: Sequence[str]) -> Ranges:
        """File ranges of the blocks that hold rows with one of the keys."""
        index = next(i for i in self.head.extra_indexes if i.field == column)
        tree = self.extra_tree(index.offset)
        items = tree.find([key.encode("utf-8", "surrogateescape") for key in keys])
        ranges = np.column_stack([items["offset"], items["offset"] + items["size"]]).astype("u8")
        for begin, end in ranges[-1:].tolist():
            check_range(self.source, begin, end - begin, "block of an extra index")
        return np.unique(ranges, axis=0)

    # ── zoom levels and summaries ───────────────────────────────────────────────────────────────

    @property
    def reductions(self) -> list[int]:
        """Bases a summary of each zoom level, about, finest first."""
        return [int(r) for r in self.head.zooms["reduction"]]

    def zoom_level(self, level: int) -> int:
        """Which level has this reduction, or this number."""
        if level in self.reductions:
            return self.reductions.index(level)
        if 0 <= level < len(self.reductions):
            return level
        known = ", ".join(map(str, self.reductions)) or "none"
        raise ColumnError(f"{self.source.name}: no zoom level {level}; there are {known}")

    def zoom_plan(self, level: int, regions: RegionSet | None) -> Ranges:
        return self.zoom_tree(level).ranges(regions)

    def zoom_tree(self, level: int) -> RangeTree:
        """A zoom level's index."""
        tree = self._zoom_indexes.get(level)
        if tree is None:
            at = int(self.head.zooms[level]["index_offset"])
            tree = RangeTree(self.source, at, self.head.order, f"index of zoom level {level}")
            self._zoom_indexes[level] = tree
        return tree

    def zoom_batch(self, ranges: Ranges, regions: RegionSet | None) -> pa.RecordBatch:
        """Zoom summaries that overlap a region."""
        found = read_summaries(self.source, ranges, self.buffer_size, self.head.order)
        bad = np.flatnonzero(found["chrom"] >= len(self._chroms))
        if len(bad):
            raise format_error(
                self.source.name,
                int(ranges[0, 0]),
                f"zoom summary has chrom id {int(found['chrom'][bad[0]])}, "
                f"the file has {len(self._chroms)} chroms",
            )
        if regions is not None:
            chrom, start, end = (found[n].astype("i8") for n in schema.HEAD)
            asked = regions.first, regions.start, regions.end
            found = found[select_items(chrom, start, end, *asked)]
        arrays = [
            pa.DictionaryArray.from_arrays(found["chrom"].astype("i4"), self.chrom_names),
            *(
                pa.array(np.ascontiguousarray(found[f.name]).astype(f.type.to_pandas_dtype()))
                for f in list(ZOOM_SCHEMA)[1:]
            ),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=ZOOM_SCHEMA)

    def summarize(
        self, chrom: str, start: int, end: int, bins: int, stat: summary.Stat, exact: bool
    ) -> npt.NDArray[np.float64]:
        """A statistic of the coverage depth per bin of [start, end)."""
        edges = summary.bin_edges(start, end, bins)
        level = None if exact else summary.best_zoom(self.reductions, end - start, bins)
        regions = self._one_region(chrom, start, end)
        if level is None:
            return summary.fold(self._depth(regions), edges, stat)
        batch = self.zoom_batch(self.zoom_plan(level, regions), regions)
        columns = {n: batch.column(n).to_numpy() for n in batch.schema.names[1:]}
        valid = columns["valid_count"].astype(np.float64)
        floats = [columns[n].astype(np.float64) for n in ("min", "max", "sum", "sum_squares")]
        spans = summary.Spans(columns["start"], columns["end"], valid, *floats)
        return summary.fold(spans, edges, stat)

    def total_summary(self) -> summary.TotalSummary:
        """Of the whole file: as stored, or computed where the file has none (version 1)."""
        stored = self.head.total_summary
        if stored is not None:
            return summary.TotalSummary(
                int(stored["valid_count"]),
                *(float(stored[n]) for n in ("min", "max", "sum", "sum_squares")),
            )
        return summary.total(
            [self._depth(self._one_region(c, 0, size or 2**32)) for c, size in self._chroms.items()]
        )

    def _one_region(self, chrom: str, start: int, end: int) -> RegionSet:
        names = list(self._chroms)
        if chrom not in self._chroms:
            raise UnknownChromError(f"unknown chrom {chrom!r}{hint(chrom, names)}", chrom=chrom)
        i = names.index(chrom)
        first = (np.arange(len(names) + 1) > i).astype(np.int64)
        return RegionSet(first, np.array([start]), np.array([end]), np.array([i]))

    def _depth(self, regions: RegionSet) -> summary.Spans:
        starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for ranges in np.array_split(self.plan(regions), 1 + len(self.plan(regions)) // 64):
            if len(ranges):
                _, start, end, _ = self.records(self.fetch(ranges), 0, regions)
                starts.append(start.copy())
                ends.append(end.copy())
        return summary.depth(np.concatenate(starts), np.concatenate(ends))


class BigBedReader:
    """Some columns of a bigBed file (a `Reader`): which fields they need, and of what type."""

    def __init__(self, file: BigBed, columns: Sequence[int], names: Names) -> None:
        self._file, self._columns = file, tuple(columns)
        declared = file.declared
        own = declared.native_columns if names == "native" else declared.columns
        named = declared.named(names)
        self._specs = [own[i] for i in columns]
        self._texts = [s for s in self._specs if s is not None]
        self._want = max([max(s.field, s.counted_by or 0) + 1 for s in self._texts], default=0)
        self.schema = pa.schema([named[i] for i in columns], file.metadata)

    def decode(self, blocks: Blocks, regions: RegionSet | None) -> Rows:
        file = self._file
        chrom, start, end, fields = file.records(blocks, self._want, regions)
        decoded, problems = decode(blocks.text, fields, self._texts)
        rest = iter(decoded)
        arrays = []
        for i, spec, field in zip(self._columns, self._specs, self.schema, strict=True):
            if spec is not None:
                arrays.append(next(rest))
            elif i == 0:
                arrays.append(_chrom_column(chrom, file.chrom_names))
            else:
                arrays.append(_position_column(start if i == 1 else end, field.type))
        batch = schema.batch(arrays, self.schema, len(chrom))
        if not problems:
            return Rows(batch)
        chroms = list(file.chroms)
        placed = [
            Placed(p, (chroms[chrom[p.row]], int(start[p.row]), int(end[p.row]))) for p in problems
        ]
        return Rows(batch, placed)


def _chrom_column(chrom: npt.NDArray[np.int32], names: pa.Array) -> pa.Array:
    # a copy: the kernel's array is as long as there could be rows
    indices = pa.Array.from_buffers(pa.int32(), len(chrom), [None, pa.py_buffer(chrom.copy())])
    return pa.DictionaryArray.from_arrays(indices, names, safe=False)


def _position_column(values: npt.NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    values = values.astype(kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


_NO_REGIONS = RegionSet(*(np.zeros(n, np.int64) for n in (1, 0, 0, 0)))
