"""Record batches to a Parquet file, in bounded memory.

Parquet has no lists of a fixed size; Arrow's writer stores them as lists, but none that
is missing, as VCF's often are. So VCF's and other text's are made lists before, and are
lists when they are read again; bigBed's, which are there, keep their size.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.schema import read_metadata
from gidx.formats.base import Writing
from gidx.formats.streams import Sink, counted
from gidx.ground.atomic import replacing

if TYPE_CHECKING:
    from gidx.formats.registry import Target

# Rows of a row group: pyarrow's own default is 1 Mi; an eighth of it keeps a region
# query on the file (row groups are skipped by their statistics) from reading a whole
# chromosome, at 1 % more bytes.
ROW_GROUP = 128 * 1024


def write(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    file: Any,
    *,
    compression: str = "zstd",
    row_group_size: int = ROW_GROUP,
) -> None:
    """Write batches of any size as row groups of ``row_group_size`` rows."""
    import pyarrow.parquet as pq

    if read_metadata(schema).get("format") != "bigbed":
        schema = pa.schema([f.with_type(_stored_type(f.type)) for f in schema], schema.metadata)
        batches = (_stored_batch(batch, schema) for batch in batches)
    with pq.ParquetWriter(file, schema, compression=compression) as writer:
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in batches:
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= row_group_size:
                writer.write_table(_table(waiting), row_group_size)
                waiting, rows = [], 0
        if waiting:
            writer.write_table(_table(waiting), row_group_size)


def write_file(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """Write rows as `convert` does."""
    with replacing(target) as file:
        write(rows.schema, counted(rows, options.progress), Sink(file))


def _table(batches: list[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches).unify_dictionaries()


# ── lists of a fixed size ───────────────────────────────────────────────────────────────────────


def _stored_type(kind: pa.DataType) -> pa.DataType:
    """The type with lists for lists of a fixed size, wherever they are in it.

    >>> _stored_type(pa.list_(pa.list_(pa.int8(), 2), 3))
    ListType(list<item: list<item: int8>>)
    """
    if pat.is_list(kind) or pat.is_fixed_size_list(kind):
        return pa.list_(_stored_type(kind.value_type))
    if pat.is_map(kind):
        return pa.map_(kind.key_type, _stored_type(kind.item_type))
    if pat.is_struct(kind):
        return pa.struct([f.with_type(_stored_type(f.type)) for f in kind])
    return kind


def _stored_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_stored(a) for a in batch.columns], schema=schema)


def _stored(array: pa.Array) -> pa.Array:
    """The values as their stored type has them."""
    kind, wanted = array.type, _stored_type(array.type)
    if kind == wanted:
        return array
    if pat.is_struct(kind):
        members = [_stored(array.field(i)) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(members, fields=list(wanted), mask=array.is_null())
    missing = array.is_null()
    if pat.is_fixed_size_list(kind):
        lengths = np.where(missing.to_numpy(zero_copy_only=False), 0, kind.list_size)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        items = _stored(array.flatten())  # those of lists that are there
        return pa.ListArray.from_arrays(offsets, items, type=wanted, mask=missing)
    own = array.buffers()[:2]
    if pat.is_map(kind):
        pairs = [array.keys, _stored(array.items)]
        items = pa.StructArray.from_arrays(pairs, fields=[wanted.key_field, wanted.item_field])
    else:
        items = _stored(array.values)
    return pa.Array.from_buffers(wanted, len(array), own, offset=array.offset, children=[items])
