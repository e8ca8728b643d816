"""Rows of a source in the shape that a target takes: nested columns as texts, a column a sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import nested as nested_text
from gidx.arrow import schema
from gidx.arrow.batches import check_names
from gidx.arrow.lists import is_list
from gidx.arrow.nested import nested_as_text
from gidx.convert.sources import (
    Outgoing,
    with_entries,
)
from gidx.formats.table.rows import RowText
from gidx.formats.text.dialect import header_lines


def flat(rows: Outgoing) -> Outgoing:
    """Rows whose maps, structs and lists of lists are texts, which no AutoSQL says how to write."""
    if "autosql" in schema.read_metadata(rows.schema):
        return rows
    deep = [
        f.name
        for f in rows.schema
        if pat.is_nested(f.type)
        and (pat.is_map(f.type) or pat.is_struct(f.type) or pat.is_nested(f.type.value_type))
    ]
    if not deep:
        return rows
    check_names(rows.schema)
    text = pa.string()
    fields = [f.with_type(text) if f.name in deep else f for f in rows.schema]
    found = pa.schema(fields, rows.schema.metadata)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            table = nested_as_text(pa.Table.from_batches([batch]).select(deep))
            texts = {name: table.column(name).combine_chunks() for name in deep}
            arrays = [texts.get(f.name, a) for f, a in zip(found, batch.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=found)

    return replace(rows, schema=found, batches=batches())


def commented(rows: Outgoing) -> Outgoing:
    """Rows whose header ends with a bare line of names, as tables have it, as BED has it."""
    header = schema.read_metadata(rows.schema).get("header")
    lines = header_lines(header) if isinstance(header, str) else []
    if not lines or re.match(r"#|(track|browser)([ \t]|$)|\s*$", lines[-1]):
        return rows
    found = with_entries(rows.schema, {"header": "".join([*lines[:-1], "#" + lines[-1]])})
    return replace(rows, schema=found, batches=_as(found, rows.batches))


def _as(found: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (pa.RecordBatch.from_arrays(batch.columns, schema=found) for batch in batches)


def by_sample(rows: Outgoing) -> Outgoing:
    """A column of each sample for each FORMAT column, ``FORMAT/AD:s1``; others as they are."""
    samples = schema.read_metadata(rows.schema).get("samples") or []
    fields: list[pa.Field] = []
    for f in rows.schema:
        if _of_samples(f):
            inner = f.type.value_type
            fields += [pa.field(f"{f.name}:{s}", inner) for s in samples]
        else:
            fields.append(f)
    found = pa.schema(fields, rows.schema.metadata)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            arrays: list[pa.Array] = []
            for f, array in zip(batch.schema, batch.columns, strict=True):
                if _of_samples(f):
                    arrays += [pc.list_element(array, i) for i in range(len(samples))]
                else:
                    arrays.append(array)
            yield pa.RecordBatch.from_arrays(arrays, schema=found)

    return Outgoing(found, batches())


def with_lists_as_text(rows: Outgoing) -> Outgoing:
    """Lists, maps and structs as the texts that the format has for them.

    Whether these say all that the lists had is not known before they have passed, so a
    writer of VCF or GFF is told that they may not.
    """
    nested = [f.name for f in rows.schema if pat.is_nested(f.type)]
    found = nested_as_text(rows.schema.empty_table()).schema
    if nested:
        recorded = {nested_text.KEY: {"clear": [], "unclear": nested}}
        found = with_entries(found, recorded)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            table = nested_as_text(pa.Table.from_batches([batch]))
            yield from table.replace_schema_metadata(found.metadata).to_batches()

    return Outgoing(found, batches())


def with_row_texts(rows: Outgoing) -> Outgoing:
    """Nested columns as the texts that they are in TSV; where AutoSQL has lists, these stay."""
    if "autosql" in schema.read_metadata(rows.schema):
        return rows
    text = RowText(rows.schema)
    return replace(rows, schema=text.without_nested, batches=map(text.batch, rows.batches))


def _of_samples(f: pa.Field) -> bool:
    return f.name.startswith("FORMAT/") and is_list(f.type)
