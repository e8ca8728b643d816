"""Any tab-separated table: its index says which columns are chrom, start and end.

Source: hts-specs, tabix.tex. Names are those of a header line (the last comment, or a
line that is skipped), else ``field1`` … by their place. Types are looked at in the first
rows (`gidx.arrow.infer`), and are wider where later rows ask for it; a schema or types that are
given are declared, and stay. What stands for no value in a column of numbers is kept in
its field's metadata, so that a writer can say it again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.decode import Column
from gidx.arrow.infer import Seen, look, wider
from gidx.arrow.plan import PLACES, Place
from gidx.autosql import AutoSql, standards
from gidx.declared.declare import text_of
from gidx.errors import FormatError
from gidx.formats.text.dialect import Head, Metadata, RowColumns, Rules, fields_table
from gidx.options import Names

_DECLARED = {
    pa.string(): "string", pa.int64(): "integer", pa.uint64(): "integer", pa.float64(): "number",
}  # fmt: skip
_BED = re.compile(r"bed[0-9]+(\+[0-9]*)?")


def from_head(head: Head, *, schema: Any = None, types: Any = None) -> Table:
    """The dialect of a file; without an index, chrom, start and end come first, or where a
    line of names has them (`tabix_open`).

    ``schema`` names and types all columns in the file's order: a pyarrow.Schema or AutoSQL;
    or types some by their names: a schema of fewer, or a dict. ``types`` is such a dict.
    """
    rows = [r.split(b"\t") for r in head.first if not r.startswith(head.meta)]
    places = head.columns or (0, 1, 2)
    width = len(rows[0]) if rows else max(places) + 1
    if places[2] >= width > max(places[:2]):
        # `tabix -s 1 -b 2` writes into its index that ends are in field 5, whatever rows have;
        # where they end before, each is of one base (htslib, tbx.c, tbx_parse1)
        places = (places[0], places[1], places[1])
    names = _names(head, width)
    rules = Rules(
        *places,
        one_based=not head.zero_based,
        meta=head.meta,
        least=max(places) + 1,
        exact=width if rows else 0,
    )
    columns = []
    texts = list(zip(*(row for row in rows if len(row) == width), strict=True))
    for i in range(width):
        seen = look(texts[i] if texts else ())
        declared = _DECLARED[seen.type]
        columns.append(Column(names[i], seen.type, i, declared, missing=seen.missing, guessed=True))
    if schema is not None:
        columns = _given(schema, columns, rules, head.name)
    columns = _typed(types, columns, rules, head.name)
    return Table(head.lines.decode("utf-8", "backslashreplace"), rules, columns)


def _given(given: Any, columns: list[Column], rules: Rules, name: str) -> list[Column]:
    """Columns as a schema has them."""
    if isinstance(given, Mapping):
        return _typed(given, columns, rules, name)
    if isinstance(given, str) and (_BED.fullmatch(given) or standards.known(given)):
        raise TypeError(f"{name}: schema {given!r} is of BED; use gidx.read_bed")
    if isinstance(given, pa.Schema):
        found = {f.name: _plain(f.type) for f in given}
    elif isinstance(given, str | os.PathLike | AutoSql):
        found = {f.name: _plain(f.type) for f in text_of(given)[1].to_arrow()}
    else:
        raise TypeError(
            f"schema is {type(given).__name__}, expected a pyarrow.Schema, AutoSQL as text or "
            "path, or a dict of types"
        )
    if set(found) <= set(_places(columns, rules)):
        return _typed(found, columns, rules, name)
    if len(found) != len(columns):
        raise FormatError(
            f"{name}: its rows have {len(columns)} fields, the schema has {len(found)}, of other "
            f"names; there are {', '.join(_places(columns, rules))}",
            path=name,
            offset=None,
        )
    columns = [replace(c, name=n) for c, n in zip(columns, found, strict=True)]
    return _typed(found, columns, rules, name)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pat.is_dictionary(kind) else kind


def _places(columns: Sequence[Column], rules: Rules) -> dict[str, int]:
    """Names, the file's own and the canonical ones, and where their columns are."""
    heads = (rules.chrom, rules.start, rules.end)
    found = dict(zip(schema.HEAD, heads, strict=True))
    rest = [c for c in columns if c.field not in heads]
    found.update(
        (name, c.field) for c, name in zip(rest, schema.unique(c.name for c in rest), strict=True)
    )
    for c in columns:
        found.setdefault(c.name, c.field)
    return found


def _typed(types: Any, columns: list[Column], rules: Rules, name: str) -> list[Column]:
    """Columns of which some have types that are given; chrom, start and end keep theirs."""
    made = list(columns)
    for i, kind in schema.of_columns(types, _places(columns, rules), name).items():
        if i in (rules.chrom, rules.start, rules.end):
            continue
        old = columns[i]
        schema.check_scalar(old.name, kind)
        missing = None if pat.is_string(kind) else old.missing or b"."
        made[i] = replace(old, type=kind, declared=str(kind), missing=missing, guessed=False)
    return made


def _names(head: Head, width: int) -> list[str]:
    for line in head.last_lines():
        words = line.lstrip(head.meta).lstrip(b" ")
        names = words.decode("utf-8", "backslashreplace").split("\t")
        if len(names) == width and len(set(names)) == width and all(names):
            return names
        if not line.startswith(head.meta):
            break
    return [f"field{i + 1}" for i in range(width)]


class Table:
    """One table's dialect."""

    kind = "tsv"

    def __init__(self, header: str, rules: Rules, columns: Sequence[Column]) -> None:
        self.header, self.rules = header, rules
        self._native = list(columns)
        heads = (rules.chrom, rules.start, rules.end)
        self._rest = [c for c in columns if c.field not in heads]
        names = schema.unique(c.name for c in self._rest)
        self._canonical = [
            pa.field("chrom", schema.CHROM),
            pa.field("start", schema.POSITION),
            pa.field("end", schema.POSITION),
            *(_field(c, name) for c, name in zip(self._rest, names, strict=True)),
        ]

    def widened(self, field: int, text: bytes) -> Table:
        """The same, a column that was guessed wide enough for this text of it."""
        old = self._native[field]
        seen = wider(Seen(old.type, old.missing), text)
        columns = list(self._native)
        columns[field] = replace(
            old, type=seen.type, declared=_DECLARED[seen.type], missing=seen.missing
        )
        return Table(self.header, self.rules, columns)

    @property
    def is_declared(self) -> bool:
        """A table has only types, no declaration."""
        return False

    def as_texts(self, *, guessed: bool = True) -> Table:
        """The same, each column the text that it is; without ``guessed`` only declared ones."""
        columns = [
            replace(c, type=pa.string(), missing=None, guessed=False)
            if guessed or not c.guessed else c
            for c in self._native
        ]  # fmt: skip
        return Table(self.header, self.rules, columns)

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return {}

    @property
    def metadata(self) -> Mapping[str, Any]:
        rules = self.rules
        return {
            "header": self.header or None,
            "columns": [c.name for c in self._native],
            "tabix": {
                "chrom": rules.chrom, "start": rules.start, "end": rules.end,
                "zero_based": not rules.one_based, "meta": rules.meta.decode(),
            },
        }  # fmt: skip

    def named(self, names: Names) -> list[pa.Field]:
        if names == "canonical":
            return self._canonical
        found = [_field(c, c.name) for c in self._native]
        found[self.rules.chrom] = found[self.rules.chrom].with_type(schema.CHROM)
        return found

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> RowColumns:
        every: list[Column | Place] = [*PLACES, *self._rest]
        if names == "native":
            every = [PLACES[0] if c.field == self.rules.chrom else c for c in self._native]
        named = self.named(names)
        fields = pa.schema([named[i] for i in columns], metadata)
        return RowColumns([every[i] for i in columns], fields)

    def fields(self) -> pa.Table:
        heads = [self._native[i] for i in (self.rules.chrom, self.rules.start, self.rules.end)]
        every = [*heads, *self._rest]
        none: list[str | None] = [None] * len(every)
        return fields_table(
            self._canonical, [c.declared for c in every], none, none, [c.name for c in every]
        )

    def info(self) -> dict[str, Any]:
        rules = self.rules
        base = "1-based" if rules.one_based else "0-based"
        places = f"{rules.chrom + 1}, {rules.start + 1}, {rules.end + 1}"
        return {"chrom, start, end": f"columns {places}, {base}"}


def _field(column: Column, name: str) -> pa.Field:
    told = {} if column.missing is None else {b"missing": column.missing}
    return pa.field(name, column.type, metadata=told or None)
