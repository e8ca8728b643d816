"""An AutoSQL declaration as columns: names, types, and how each field is decoded.

The first three fields are chrom, start and end, which bigBed has in a record's head and
BED in its text. Those behind are counted from 0 on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

from gidx.arrow import schema
from gidx.arrow.decode import Column
from gidx.autosql import AutoSql, Field
from gidx.autosql.objects import reader
from gidx.options import Names

HEAD_FIELDS = 3  # chrom, chromStart, chromEnd
COLOR_FIELD = 8  # itemRgb, which AutoSQL calls reserved
COLOR_NAMES = ("reserved", "itemRgb")
MOST_SCORE, STRANDS = 1000, ("+", "-", ".")  # what BED has there
_HEAD_TYPES = (schema.CHROM, schema.POSITION, schema.POSITION)


def is_color(f: Field, i: int, defined: int) -> bool:
    """Whether a field is BED's itemRgb, which is R,G,B in files: by its name, or by its place.

    Its place is among the standard fields only: there, bedToBigBed takes R,G,B under any name,
    and behind them it refuses it (bedRnaElements and others have a number there).
    """
    return f.type == "uint" and (i == COLOR_FIELD < defined or f.name in COLOR_NAMES)


class Implied(str):
    """The AutoSQL that rows of a bigBed without one are read by; written, it has none again."""


@dataclass(frozen=True)
class Declared:
    """What the rows are said to be: fields, and how many are standard BED."""

    autosql: AutoSql
    text: str | None  # as stored in the file
    defined: int

    @cached_property
    def count(self) -> int:
        return len(self.autosql.fields)

    @cached_property
    def native(self) -> list[pa.Field]:
        """The file's own names and widths; chrom as a dictionary of the file's chroms."""
        fields = list(self.autosql.to_arrow())
        return [fields[0].with_type(schema.CHROM), *(f.with_type(pa.uint32()) for f in fields[1:3]),
                *fields[HEAD_FIELDS:]]  # fmt: skip

    @cached_property
    def canonical(self) -> list[pa.Field]:
        head = zip(self.native, schema.HEAD, _HEAD_TYPES, strict=False)
        told = self.autosql.fields[HEAD_FIELDS:]
        rest = [
            arrow.with_type(schema.POSITION) if f.is_position else arrow
            for f, arrow in zip(told, self.native[HEAD_FIELDS:], strict=True)
        ]
        names = schema.unique(f.name for f in rest)
        return [
            *(f.with_name(n).with_type(t) for f, n, t in head),
            *(f.with_name(n) for f, n in zip(rest, names, strict=True)),
        ]

    def named(self, names: Names) -> list[pa.Field]:
        return self.native if names == "native" else self.canonical

    @cached_property
    def columns(self) -> list[Column | None]:
        """How each field is decoded, under its canonical name; None for those of the head."""
        # AutoSQL looks names up without case
        number = {f.name.lower(): i for i, f in enumerate(self.autosql.fields)}
        found: list[Column | None] = [None] * HEAD_FIELDS
        for i in range(HEAD_FIELDS, self.count):
            f, arrow = self.autosql.fields[i], self.canonical[i]
            counted_by = None
            if isinstance(f.size, str) and number[f.size.lower()] >= HEAD_FIELDS:
                counted_by = number[f.size.lower()] - HEAD_FIELDS
            found.append(
                Column(
                    arrow.name,
                    arrow.type,
                    i - HEAD_FIELDS,
                    f.declared_type,
                    counted_by,
                    color=is_color(f, i, self.defined),
                    values=f.values,
                    parse=reader(self.autosql, f) if f.of is not None else None,
                    limits=pa.uint32() if f.is_position else None,
                )
            )
        return found

    @cached_property
    def native_columns(self) -> list[Column | None]:
        """The same under their native types."""
        return [
            c if c is None or c.limits is None else replace(c, type=c.limits, limits=None)
            for c in self.columns
        ]
