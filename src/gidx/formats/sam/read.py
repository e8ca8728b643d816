r"""SAM text: alignments, eleven columns and tags.

SAM v1, sections 1.3 to 1.5. Binary alignments (BAM, CRAM) are not text.

``*`` means that there is no value and is null in every column, so a one-base read whose
only quality is ``*`` (Phred 9) has none either: the format cannot tell them apart, and
htslib reads it that way too. Numbers that stand for "not available" stay numbers: a
mapping quality of 255, a template length of 0.

| | canonical | native |
|---|---|---|
| place | chrom, start, end: 0-based; end is what the CIGAR spans, one base at least | RNAME, POS |
| no place (RNAME ``*`` or POS 0) | start and end null; chrom null for ``*`` | POS as it is |
| mate | rnext, pnext 0-based, null for 0; ``=`` stays | RNEXT, PNEXT |
| tags | map of ``NM`` to ``i:3``: type and value | the same |

An unmapped read (bit 4 of FLAG) spans one base whatever its CIGAR says: it tells nothing
then, and samtools indexes it so. tabix takes the CIGAR, which finds it, too.

A map has each key once, as SAM has each tag once a row. Where a row has a tag again, its
second value is that of ``NM:2``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gidx.arrow import schema
from gidx.arrow.decode import Column, Items, Problem, bitmap, decode_items
from gidx.arrow.plan import PLACES, Place
from gidx.formats.text.dialect import Head, Lines, Metadata, RowColumns, Rules, fields_table
from gidx.kernels import attributes as kernels
from gidx.kernels.vcf import first_of_keys
from gidx.options import Names

TAGS_FIELD = 11  # the first optional field
MAP = pa.map_(pa.string(), pa.string())
INT = pa.int32()  # POS, PNEXT, TLEN: -2^31+1 to 2^31-1


@dataclass(frozen=True)
class Mandatory:
    """One of the eleven columns, or ``end``, which has no field."""

    name: str | None
    native: str | None
    type: pa.DataType
    field: int
    declared: str
    missing: bytes | None
    description: str

    @cached_property
    def column(self) -> Column:
        return Column(self.name or "", self.type, self.field, self.declared, missing=self.missing)


# In the file's order, but for `end`, which only canonical tables have.
COLUMNS = (
    Mandatory("qname", "QNAME", pa.string(), 0, "String", b"*", "name of the template"),
    Mandatory("flag", "FLAG", pa.uint16(), 1, "Int", None, "bits that say what kind of row it is"),
    Mandatory("chrom", "RNAME", schema.CHROM, 2, "String", b"*", "reference sequence"),
    Mandatory("start", "POS", INT, 3, "Int", None, "leftmost base that is mapped"),
    Mandatory("mapq", "MAPQ", pa.uint8(), 4, "Int", None, "mapping quality; 255: not available"),
    Mandatory("cigar", "CIGAR", pa.string(), 5, "String", b"*", "how the read is aligned"),
    Mandatory("rnext", "RNEXT", pa.string(), 6, "String", b"*",
              "reference sequence of the next read; =: the same"),
    Mandatory("pnext", "PNEXT", INT, 7, "Int", None, "start of the next read"),
    Mandatory("tlen", "TLEN", INT, 8, "Int", None, "length of the template, with its sign"),
    Mandatory("seq", "SEQ", pa.string(), 9, "String", b"*", "bases"),
    Mandatory("qual", "QUAL", pa.string(), 10, "String", b"*", "base qualities, Phred + 33"),
    Mandatory("tags", "tags", MAP, TAGS_FIELD, "TAG:TYPE:VALUE", None, "optional fields"),
)  # fmt: skip
END = Mandatory("end", None, schema.POSITION, 5, "Int", None, "behind the last base that is mapped")
CANONICAL = (COLUMNS[2], COLUMNS[3], END, *COLUMNS[:2], *COLUMNS[4:])

NATIVE_FIELDS = [pa.field(c.native or "", c.type) for c in COLUMNS]
CANONICAL_FIELDS = [
    pa.field(c.name or "", schema.POSITION if c.name in ("start", "pnext") else c.type)
    for c in CANONICAL
]


def from_head(head: Head, *, types: Any = None) -> Sam:
    """The dialect of a SAM file; ``types`` are given to columns that are no positions.

    >>> sam = from_head(Head("x.sam", b"@SQ\\tSN:chr1\\tLN:45\\n", b""))
    >>> dict(sam.chroms)
    {'chr1': 45}
    """
    names = {c.name: c.field for c in COLUMNS if c.name}
    for c in COLUMNS:
        names.setdefault(c.native or "", c.field)
    given = schema.of_columns(types, names, head.name)
    for c in COLUMNS:
        if c.field in given:
            schema.check_scalar(c.name or "", given[c.field])
            if c.field == TAGS_FIELD or c.name in (*schema.HEAD, "pnext"):
                raise TypeError(f"types: column {c.name!r} of a SAM file keeps its type")
    return Sam(head.lines.decode("utf-8", "backslashreplace"), types=given)


@dataclass(frozen=True)
class Sam:
    """One file's SAM (a `Dialect`)."""

    header: str
    kind: Literal["sam"] = "sam"
    types: Mapping[int, pa.DataType] = field(default_factory=dict)  # given, by field

    @cached_property
    def rules(self) -> Rules:
        return Rules(2, 3, 3, True, span="sam", meta=b"@", least=TAGS_FIELD)

    @cached_property
    def chroms(self) -> Mapping[str, int | None]:
        """Those of ``@SQ`` lines: SN, and LN."""
        sizes: dict[str, int | None] = {}
        for line in re.findall(r"^@SQ\t(.*?)\r?$", self.header, re.M):
            tags = dict(tag.split(":", 1) for tag in line.split("\t") if ":" in tag)
            if "SN" in tags:
                length = tags.get("LN", "")
                sizes[tags["SN"]] = int(length) if length.isdecimal() else None
        return sizes

    @property
    def metadata(self) -> Mapping[str, Any]:
        return {"sam_header": self.header}

    def named(self, names: Names) -> list[pa.Field]:
        columns, fields = (
            (CANONICAL, CANONICAL_FIELDS) if names == "canonical" else (COLUMNS, NATIVE_FIELDS)
        )
        return [
            f.with_type(self.types.get(c.field, f.type)) if c is not END else f
            for c, f in zip(columns, fields, strict=True)
        ]

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> _Reader:
        canonical = names == "canonical"
        every = CANONICAL if canonical else COLUMNS
        named = self.named(names)
        fields = pa.schema([named[i] for i in columns], metadata)
        return _Reader([every[i] for i in columns], self.types, fields, canonical=canonical)

    def fields(self) -> pa.Table:
        return fields_table(
            self.named("canonical"),
            [c.declared for c in CANONICAL],
            ["." if c.field == TAGS_FIELD else "1" for c in CANONICAL],
            [c.description for c in CANONICAL],
            [c.native or "end" for c in CANONICAL],
        )

    def info(self) -> dict[str, Any]:
        said = re.search(r"^@HD\t(?:.*\t)?VN:(\S+)", self.header, re.M)
        order = re.search(r"^@HD\t(?:.*\t)?SO:(\S+)", self.header, re.M)
        return {
            "version": said[1] if said else "not said",
            "sort order": order[1] if order else "not said",
            "reference sequences": len(self.chroms),
        }


class _Reader:
    """Some columns of SAM lines (a `LineReader`)."""

    def __init__(
        self,
        columns: Sequence[Mandatory],
        types: Mapping[int, pa.DataType],
        fields: pa.Schema,
        *,
        canonical: bool,
    ) -> None:
        self._columns, self._canonical, self._schema = columns, canonical, fields
        own = [_made_of(c, types, canonical) for c in columns if c.field != TAGS_FIELD]
        fields = [pa.field(str(i), column.type) for i, column in enumerate(own)]
        self._plain = RowColumns(own, pa.schema(fields))
        self.want = self._plain.want
        if any(c.field == TAGS_FIELD for c in columns):
            self.want = TAGS_FIELD + 1

    def decode(self, lines: Lines) -> tuple[pa.RecordBatch, list[Problem]]:
        plain, problems = self._plain.decode(lines)
        further = iter(plain.columns)
        arrays = []
        for column in self._columns:
            if column.field == TAGS_FIELD:
                array, problem = _tags(lines)
                problems += [problem] if problem else []
            else:
                array = next(further)
                if self._canonical:
                    array = _canonical(lines, column, array)
            arrays.append(array)
        return schema.batch(arrays, self._schema, len(lines)), problems


def _made_of(
    column: Mandatory, types: Mapping[int, pa.DataType], canonical: bool
) -> Column | Place:
    if column.name == "chrom":
        return PLACES[0]
    if canonical and column.name in schema.HEAD:
        return PLACES[schema.HEAD.index(column.name)]
    own = column.column if canonical else replace(column.column, name=column.native or "")
    kind = types.get(column.field)
    return own if kind is None else replace(own, type=kind, declared=str(kind))


def _canonical(lines: Lines, column: Mandatory, array: pa.Array) -> pa.Array:
    """A place, missing where the row has none; the next read's, counted from 0."""
    if column.name in ("start", "end"):
        return _null_where(array, (lines.chrom < 0) | (lines.start < 0))
    if column.name == "pnext":
        here = pc.if_else(pc.equal(array, 0), pa.scalar(None, INT), array)
        return pc.subtract(here.cast(schema.POSITION), 1)
    return array


def _null_where(array: pa.Array, absent: Any) -> pa.Array:
    if not absent.any():
        return array
    validity = bitmap(~absent)
    return pa.Array.from_buffers(array.type, len(array), [validity, array.buffers()[1]])


def _tags(lines: Lines) -> tuple[pa.Array, Problem | None]:
    """All behind the eleventh field, as a map; a row without has an empty one."""
    begins = lines.fields[TAGS_FIELD]
    nexts = np.maximum(lines.stops, begins) + np.int32(1)
    offsets, key_begins, key_nexts, value_begins, value_nexts, bad = kernels.split_tags(
        lines.text, begins, nexts
    )
    string = Column("tags", pa.string(), TAGS_FIELD, "TAG:TYPE:VALUE")
    keys, wrong = decode_items(Items(lines.text, key_begins, key_nexts), string)
    values, worse = decode_items(Items(lines.text, value_begins, value_nexts), string)
    if wrong is not None:  # a map's key cannot be missing
        keys = keys.fill_null("")
    keys = _distinct(lines.text, offsets, key_begins, key_nexts, keys)
    pairs = pa.StructArray.from_arrays([keys, values], fields=[MAP.key_field, MAP.item_field])
    array = pa.Array.from_buffers(
        MAP, len(lines), [None, pa.py_buffer(offsets)], 0, children=[pairs]
    )
    problems = []
    for found in (wrong, worse):
        if found is not None:
            row = int(np.searchsorted(offsets, found.row, side="right")) - 1
            problems.append((found.count, row, found.text))
    count, row, begin, end = bad
    if count:
        shown = lines.text[begin:end].tobytes().decode("utf-8", "backslashreplace")
        problems.append((int(count), int(row), shown))
    if not problems:
        return array, None
    _, row, text = min(problems, key=lambda p: p[1])
    return array, Problem("tags", "TAG:TYPE:VALUE", sum(p[0] for p in problems), int(row), text)


def _distinct(text: Any, offsets: Any, begins: Any, nexts: Any, keys: pa.Array) -> pa.Array:
    """Keys, each once a row: ``NM``, ``NM:2`` …"""
    first = first_of_keys(text, offsets, begins, nexts - np.int32(1))
    if first.all():
        return keys
    names = keys.to_pylist()
    for m in np.flatnonzero(first == 0).tolist():
        row = int(np.searchsorted(offsets, m, side="right")) - 1
        before = keys.slice(int(offsets[row]), m - int(offsets[row]))
        names[m] += f":{before.to_pylist().count(names[m]) + 1}"
    return pa.array(names, pa.string())
