"""Any tab-separated table: its index says which columns are chrom, start and end.

Source: hts-specs, tabix.tex. Names are those of a header line (the last comment, or a
line that is skipped), else ``field1`` … by their place. Types are looked at in the first
rows (`gidx.look`). What stands for no value in a column of numbers is kept in its field's
metadata, so that a writer can say it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from gidx import schema
from gidx.columns import Column, Problem, decode
from gidx.dialects.base import Head, Lines, Names, Rules, fields_table
from gidx.look import look

_DECLARED = {pa.string(): "string", pa.int64(): "integer", pa.float64(): "number"}


def from_head(head: Head) -> Table:
    """The dialect of a file; without an index, chrom, start and end come first."""
    rows = [r.split(b"\t") for r in head.first if not r.startswith(head.meta)]
    places = head.columns or (0, 1, 2)
    width = len(rows[0]) if rows else max(places) + 1
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
        columns.append(Column(names[i], seen.type, i, declared, missing=seen.missing))
    return Table(head.lines.decode("utf-8", "replace"), rules, columns)


def _names(head: Head, width: int) -> list[str]:
    lines = [line for line in head.lines.decode("utf-8", "replace").splitlines() if line.strip()]
    meta = head.meta.decode()
    for line in reversed(lines):
        names = line.lstrip(meta).lstrip(" ").split("\t")
        if len(names) == width and len(set(names)) == width and all(names):
            return names
        if not line.startswith(meta):
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

    def _columns(self, columns: Sequence[int], names: Names) -> list[Column | str]:
        """For each, how it is decoded, or which of the head it is."""
        heads = {self.rules.chrom: "chrom"}
        every: list[Column | str] = [*schema.HEAD, *self._rest]
        if names == "native":
            every = [heads.get(c.field, c) for c in self._native]
        return [every[i] for i in columns]

    def want(self, columns: Sequence[int], names: Names) -> int:
        asked = self._columns(columns, names)
        return max((c.field + 1 for c in asked if isinstance(c, Column)), default=0)

    def decode(
        self, lines: Lines, columns: Sequence[int], names: Names
    ) -> tuple[list[pa.Array], list[Problem]]:
        asked = self._columns(columns, names)
        own = [c for c in asked if isinstance(c, Column)]
        rest, problems = decode(lines.text, lines.fields, own)
        further = iter(rest)
        heads = {
            "chrom": lines.chrom_column, "start": lines.start_column, "end": lines.end_column
        }  # fmt: skip
        return [heads[c]() if isinstance(c, str) else next(further) for c in asked], problems

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
