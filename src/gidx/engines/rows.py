"""Rows as engines take them: plain types, filtered, only the columns wanted, a stream.

Plain text instead of dictionaries, at every depth: DuckDB pushes no filter down on a dictionary,
and compares of Arrow, such as ``starts_with``, do not know them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gidx.arrow import schema as canonical
from gidx.arrow.batches import bare, bare_type
from gidx.scan import OpenFile, columns_of


def plain_schema(file: OpenFile) -> pa.Schema:
    """The schema of a file for engines."""
    found = file.schema
    return pa.schema([f.with_type(bare_type(f.type)) for f in found], found.metadata)


def plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch in this schema, which is its plain one."""
    return canonical.batch([bare(column) for column in batch.columns], schema, batch.num_rows)


def projected(
    schema: pa.Schema, columns: Sequence[str] | None, filter: pc.Expression | None
) -> tuple[pa.Schema, pa.Schema]:
    """The columns that are read, and those that are wanted; the filter may need others."""
    wanted = canonical.project(schema, columns)
    needed = wanted
    if filter is not None:
        needed = list(dict.fromkeys([*wanted, *columns_of(filter, schema)]))
    both = ([schema.field(i) for i in places] for places in (needed, wanted))
    read, found = (pa.schema(fields, schema.metadata) for fields in both)
    return read, found


def scan(
    file: OpenFile,
    regions: Any,
    schema: pa.Schema,
    columns: Sequence[str] | None,
    filter: pc.Expression | None,
    **options: Any,
) -> Iterator[pa.RecordBatch]:
    """The rows that a filter over the plain ``schema`` lets through; columns as in `scan`."""
    read, found = projected(schema, columns, filter)
    batches: Any = file.to_batches(regions, columns=read.names, **options)
    return _filtered(batches, read, found, filter)


def _filtered(
    batches: Generator[pa.RecordBatch],
    read: pa.Schema,
    wanted: pa.Schema,
    filter: pc.Expression | None,
) -> Iterator[pa.RecordBatch]:
    with closing(batches):  # left early, its threads end
        for batch in batches:
            found = plain(batch, read)
            if filter is None:
                yield found
                continue
            table = pa.Table.from_batches([found]).filter(filter)
            for part in table.combine_chunks().to_batches():
                arrays = [part.column(name) for name in wanted.names]
                if part.num_rows:
                    yield canonical.batch(arrays, wanted, part.num_rows)
