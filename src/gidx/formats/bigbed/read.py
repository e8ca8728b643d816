"""bigBed files, read: header, trees and blocks to typed Arrow rows.

Source: Kent et al. 2010 with its supplement; versions 1 to 4, both byte orders,
compressed or not. Rows are typed by the file's AutoSQL. Where that is missing or
does not have as many fields as the rows, this is said in a warning and the columns
take the standard BED names.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gidx import autosql
from gidx.arrow import schema
from gidx.arrow.decode import decode
from gidx.arrow.plan import PLACES, FieldColumns, words_of
from gidx.autosql import AutoSql, Field
from gidx.autosql.grammar import WORDS, bed_declared
from gidx.bbi import bplus_tree, record, summary
from gidx.bbi.blocks import Blocks
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.header import BIGBED_MAGIC
from gidx.bbi.record import Records
from gidx.declared.columns import HEAD_FIELDS, MOST_SCORE, STRANDS, Declared, Implied
from gidx.errors import (
    AutoSqlError,
    ColumnError,
    FormatError,
    format_error,
    hint,
    warn,
)
from gidx.formats.base import Placed, Rows
from gidx.formats.bbi.read import Bbi
from gidx.formats.offers import AsTexts, Declares, NameIndexes
from gidx.ground.charset import Encoding
from gidx.ground.layout import check_range, ordered, read_cstring, read_one
from gidx.ground.limits import limits
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource
from gidx.options import Names


class BigBed(Bbi, NameIndexes, AsTexts, Declares):
    """One open bigBed file (a `Format`)."""

    _counted = False  # whether the blocks of the data index were
    kind = "bigbed"
    magic, title = BIGBED_MAGIC, "bigBed"

    def __init__(self, source: ByteSource, encoding: Encoding | None = None) -> None:
        super().__init__(source)
        self.encoding = encoding  # of its texts; None: UTF-8
        self.declared = self._declare()

    def key_trees(self) -> Sequence[BPlusTree]:
        return [self.extra_tree(index.offset) for index in self.head.extra_indexes]

    def extra_tree(self, at: int) -> BPlusTree:
        """The tree of an extra index: keys to blocks."""
        return BPlusTree(self.source, at, self.head.order, bplus_tree.BLOCK, "extra index")

    def as_texts(self) -> Self:
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

    def as_declared(self) -> Self:
        """As texts: everything is declared."""
        return self.as_texts()

    def with_types(self, types: Any) -> Self:
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

    def row_count(self) -> int | None:
        """How many rows the data section says it has."""
        at = int(self.head.fixed["data_offset"])
        found = int(
            read_one(self.source, at, ordered(np.dtype("<u8"), self.head.order), "row count")
        )
        # a row has 13 bytes or more, of which deflate may make a 1032th: else it is damaged
        return found if found <= self.source.size * 80 else None

    def plan(self, regions: RegionSet | None) -> Ranges:
        found = self.data_tree.ranges(regions)
        if not self._counted:
            self._check_count()
        return found

    def _check_count(self) -> None:
        """Raise where the data index has another number of blocks than it says."""
        self._counted = True
        count, said = self.data_tree.miscount(), self.data_tree.item_count
        # UCSC's older writers counted rows there
        if count is not None and self.row_count() not in (0, said or None):
            raise format_error(
                self.source.name,
                int(self.head.fixed["index_offset"]),
                f"the data index has {count:,} blocks, its header says {said:,}: it is damaged; "
                "write the file again",
            )

    @cached_property
    def autosql_text(self) -> str | None:
        at = int(self.head.fixed["autosql_offset"])
        if at == 0:
            return None
        text = read_cstring(self.source, at, "AutoSQL")
        text = text if self.encoding is None else self.encoding.decode(text)
        return text.decode("utf-8", "backslashreplace")

    @property
    def header(self) -> str:
        return self.autosql_text or ""

    @property
    def declared_as(self) -> tuple[str, str]:
        """The AutoSQL as stored, or that of the standard columns; and ``bed6+4``."""
        told = self.declared
        extra = told.count - told.defined
        return told.text or str(told.autosql), f"bed{told.defined}" + (f"+{extra}" if extra else "")

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
        if why == "has no AutoSQL":
            declared = replace(declared, text=Implied(declared.autosql))
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
            declared = Declared(bed_declared(n, count - n), None, n)
            if n == sure or self._fits(declared):
                break
        return declared

    def _fits(self, declared: Declared) -> bool:
        blocks = self.fetch(self.data_tree.ranges()[:1])
        columns = [c for c in declared.columns[: declared.defined] if c is not None]
        try:
            fields = self.records(blocks, len(columns), None, declared.count).fields
        except FormatError:
            return False
        arrays, problems = decode(blocks.text, fields, columns)
        found = {c.name: array for c, array in zip(columns, arrays, strict=True)}
        score, strand = found.get("score"), found.get("strand")
        if problems or (score is not None and (pc.max(score).as_py() or 0) > MOST_SCORE):
            return False
        return strand is None or bool(pc.all(pc.is_in(strand, pa.array(STRANDS))).as_py())

    def _first_row_fields(self) -> int | None:
        """How many fields the first row has; None in a file without rows."""
        ranges = self.data_tree.first()
        if len(ranges) == 0:
            return None
        blocks = self.fetch(ranges)
        text = blocks.text[record.HEAD.itemsize :].tobytes()
        end = text.find(0)
        if len(blocks.text) <= record.HEAD.itemsize or end < 0:
            raise format_error(self.source.name, int(ranges[0, 0]), "truncated record")
        if end == 0:  # a bed3, or a bed4 whose fourth field is empty
            return HEAD_FIELDS + int(self.head.fixed["field_count"] == HEAD_FIELDS + 1)
        return HEAD_FIELDS + text.count(b"\t", 0, end) + 1

    def schema(self, names: Names) -> pa.Schema:
        return pa.schema(self.declared.named(names), self.metadata)

    @cached_property
    def metadata(self) -> dict[bytes, bytes]:
        """The schema's entries."""
        text = self.declared.text or str(self.declared.autosql)
        return schema.metadata(
            format=self.kind,
            coordinates="0-based half-open",
            chromsizes=self._chroms,
            autosql=text,
            defined_fields=self.declared.defined,
            **({schema.IMPLIED: True} if isinstance(text, Implied) else {}),
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
        extra = self.declared.count - self.declared.defined
        return {
            **self.container,
            "bed type": f"bed{self.declared.defined}" + (f"+{extra}" if extra else ""),
            "rows": self.row_count(),
            "extra indexes": ", ".join(self.indexed_names()) or "none",
        }

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def reader(self, columns: Sequence[int], names: Names) -> BigBedReader:
        return BigBedReader(self, columns, names)

    def count(self, blocks: Blocks, regions: RegionSet | None) -> int:
        return len(self.records(blocks, 0, regions)[0])

    def records(
        self, blocks: Blocks, want: int, regions: RegionSet | None = None, count: int | None = None
    ) -> Records:
        """The rows that overlap a region (all: None), and where ``want`` fields of them are.

        Of ``count`` fields, where that is another number than is declared.
        """
        fields = (self.declared.count if count is None else count) - HEAD_FIELDS
        return record.read(
            self.source.name, self.head.order, blocks, len(self._chroms), fields, want, regions
        )

    # ── extra indexes ───────────────────────────────────────────────────────────────────────────

    def indexed_names(self) -> list[str]:
        """Canonical names of the fields that have an extra index."""
        names = self.schema("canonical").names
        return [names[i.field] for i in self.head.extra_indexes if i.field < len(names)]

    def indexes_of(self, field: str | None) -> list[int]:
        """Which columns' extra indexes to use: all where none is named."""
        indexed, names = self.indexed_names(), self.schema("canonical").names
        if not indexed:
            raise ColumnError(
                f"{self.source.name}: no extra index; write one with "
                "write_bigbed(..., extra_index=['name']), or filter a scan"
            )
        if field is None:
            return [names.index(name) for name in indexed]
        for known in (names, self.schema("native").names):
            if isinstance(field, str) and field in known and names[known.index(field)] in indexed:
                return [known.index(field)]
        raise ColumnError(
            f"{self.source.name}: no extra index on {field!r}{hint(field, indexed)}; "
            f"there is {', '.join(indexed)}"
        )

    def lookup(self, column: int, keys: Sequence[str]) -> Ranges:
        """File ranges of the blocks that hold rows with one of the keys."""
        index = next(i for i in self.head.extra_indexes if i.field == column)
        tree = self.extra_tree(index.offset)
        if tree.item_count == 0 and self.row_count():
            what = "the extra index has no items, but the file has rows: it is damaged"
            raise format_error(self.source.name, index.offset, what)
        items = tree.find([self._key(key) for key in keys])
        ranges = np.column_stack([items["offset"], items["offset"] + items["size"]]).astype("u8")
        for begin, end in ranges[-1:].tolist():
            check_range(self.source, begin, end - begin, "block of an extra index")
        return np.unique(ranges, axis=0)

    def _key(self, name: str) -> bytes:
        """A name as the file has it."""
        key = name.encode("utf-8", "surrogateescape")
        with suppress(UnicodeEncodeError):  # one with letters that the file cannot have
            return key if self.encoding is None else self.encoding.encode(key)
        return key

    # ── summaries ───────────────────────────────────────────────────────────────────────────────

    def spans(self, regions: RegionSet) -> summary.Spans:
        """The coverage depth of the rows."""
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
        self._file, self._declared = file, file.declared.count - HEAD_FIELDS
        declared = file.declared
        own = declared.native_columns if names == "native" else declared.columns
        named = declared.named(names)
        self.schema = pa.schema([named[i] for i in columns], file.metadata)
        specs = [own[i] or PLACES[i] for i in columns]
        self._columns = FieldColumns(specs, self.schema)
        self._chroms = list(file.chroms)
        self._words = words_of(self._chroms)

    def decode(self, blocks: Blocks, regions: RegionSet | None) -> Rows:
        file = self._file
        chrom, start, end, fields = record.read(
            file.source.name, file.head.order, blocks, len(self._chroms), self._declared,
            self._columns.want, regions,
        )  # fmt: skip
        places = chrom, start, end
        text = blocks.text
        if file.encoding is not None:
            text, fields = _in_utf8(text, fields, file.encoding)
        batch, problems = self._columns.decode(text, fields, places, self._words)
        if not problems:
            return Rows(batch)
        placed = [
            Placed(p, (self._chroms[chrom[p.row]], int(start[p.row]), int(end[p.row])))
            for p in problems
        ]
        return Rows(batch, placed)


def _in_utf8(
    text: npt.NDArray[np.uint8], fields: npt.NDArray[np.int32], encoding: Encoding
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """The rows' texts as UTF-8, and where their fields are then."""
    plain = text.copy()
    # heads are numbers: their bytes, as those of rows between, are no letters of a text's run
    for back in range(1, record.HEAD.itemsize + 1):
        plain[fields[0] - back] = 0
    moved = encoding.moved(plain)
    return (text, fields) if moved is None else (moved[0], moved[1].take(fields))
