"""Record batches to a Parquet file, in bounded memory, so that every reader of it can prune.

    batches ─cut at each chrom─▶ row groups ─▶ file

What a filter on a region reads, in row groups of a file of 1 M rows on 24 chroms: 11 of 11
with ``chrom`` as a dictionary and groups of 128 k rows (statistics of dictionaries are not
looked at by pyarrow and polars), 3 as plain text, 1 with a group's rows all of one chrom. So
``chrom`` is text in the file, and a chrom begins a new group. To Arrow's writer it goes as a
dictionary of the names that a group has: of 300,000 rows text took 4.8 ms, this 2.5.

Parquet has no lists of a fixed size; Arrow's writer stores them as lists, but none that
is missing, as VCF's often are. So VCF's and other text's are made lists before, and are
lists when they are read again; bigBed's, which are there, keep their size.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow.lists import without_hidden
from gidx.arrow.schema import CHROM, KEY, no_column, read_metadata
from gidx.errors import ColumnError, whole
from gidx.formats.base import Writing
from gidx.formats.streams import Sink, counted
from gidx.ground.atomic import replacing

if TYPE_CHECKING:
    from gidx.formats.registry import Target

# Rows of a group. A region reads one group at least; 1 M rows of a bed9 take 2 % more bytes
# than in groups of 128 k.
ROW_GROUP = 32 * 1024
# … but no more than so many bytes in memory: genotypes of 2,504 samples have 17 kB a row.
GROUP_BYTES = 32 << 20
# A chrom begins a new group up to so many groups; of an assembly of 100,000 contigs those of
# fewer rows than `FEW` share one, since each group takes some kB of the file's footer.
MANY, FEW = 1024, 1024
# pandas gives what is under this key back as ``DataFrame.attrs``.
_ATTRS = b"PANDAS_ATTRS"


BLOOM = 24  # the version of pyarrow that writes Bloom filters
_LOOK = 4096  # rows that tell whether a column's values repeat


class UnsortedError(Exception):
    """Rows are not in the order that they were said to be in."""


def write(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    file: Any,
    *,
    compression: str = "zstd",
    row_group_size: int = ROW_GROUP,
    bloom_filter: Sequence[str] = (),
    is_sorted: bool = False,
) -> None:
    """Write batches of any size as row groups of at most ``row_group_size`` rows.

    ``is_sorted`` says that the rows of each group are sorted by chrom and start, which is
    written down for readers; UnsortedError where it turns out wrong.
    """
    import pyarrow.parquet as pq

    row_group_size = whole("row_group_size", row_group_size, 1)
    if read_metadata(schema).get("format") != "bigbed":
        schema = pa.schema([f.with_type(_stored_type(f.type)) for f in schema], schema.metadata)
        batches = (_stored_batch(batch, schema) for batch in batches)
    chrom, start = (schema.get_field_index(name) for name in ("chrom", "start"))
    if chrom >= 0 and pat.is_dictionary(schema.field(chrom).type):
        schema = schema.set(chrom, schema.field(chrom).with_type(pa.string()))
    schema = _for_pandas(schema)
    options: dict[str, Any] = {}
    if bloom_filter:
        options["bloom_filter_options"] = _bloom(bloom_filter, schema)
    if is_sorted and [chrom, start] == [0, 1]:
        options["sorting_columns"] = [pq.SortingColumn(0), pq.SortingColumn(1)]
    tables = _groups(batches, _with_indices(schema, chrom), chrom, row_group_size)
    first = next(tables, _with_indices(schema, chrom).empty_table())
    with pq.ParquetWriter(
        file, first.schema, compression=compression, write_page_index=True, store_schema=False,
        write_page_checksum=True, **_encodings(first), **options,
    ) as writer:  # fmt: skip
        said = {b"ARROW:schema": b64encode(schema.serialize())}
        writer.add_key_value_metadata({**(schema.metadata or {}), **said})
        table: pa.Table | None = first if first.num_rows else None
        del first  # of groups one at a time is in memory
        while table is not None:
            if "sorting_columns" in options and not _is_sorted(table):
                raise UnsortedError
            writer.write_table(table, row_group_size)
            table = None
            table = next(tables, None)


def write_file(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """Write rows as `convert` does."""
    with replacing(target) as file:
        write(rows.schema, counted(rows, options.progress), Sink(file))


def _for_pandas(schema: pa.Schema) -> pa.Schema:
    """The schema, gidx's metadata also where pandas keeps it."""
    about = dict(schema.metadata or {})
    own = about.get(KEY.encode())
    if own is None or _ATTRS in about:
        return schema
    attrs = json.dumps({KEY: own.decode()}, ensure_ascii=False)
    return schema.with_metadata({**about, _ATTRS: attrs.encode()})


def _with_indices(schema: pa.Schema, chrom: int) -> pa.Schema:
    """The schema of what Arrow's writer is given; what the file says of itself is ``schema``."""
    if chrom < 0 or not pat.is_string(schema.field(chrom).type):
        return schema
    return schema.set(chrom, schema.field(chrom).with_type(CHROM))


def _bloom(columns: Sequence[str], schema: pa.Schema) -> dict[str, bool]:
    if int(pa.__version__.partition(".")[0]) < BLOOM:
        raise ValueError(
            f"bloom_filter: pyarrow {BLOOM} or later writes Bloom filters, this is "
            f"{pa.__version__}; leave them out, or upgrade it"
        )
    for name in columns:
        if name not in schema.names:
            raise ColumnError(f"bloom_filter: {no_column(name, schema.names)}")
    return dict.fromkeys(columns, True)


def _encodings(table: pa.Table) -> dict[str, Any]:
    """How columns are encoded, as the first rows tell: a dictionary only where values repeat.

    Arrow's writer tries one for every column. Of 300,000 rows of a bed6 that takes 82 ms of
    CPU and 3.4 MB, this 40 and 1.9; of a VCF's sites 188 ms and 9.9 MB, this 130 and 8.1.
    Items of lists have no statistics: no reader looks at them, and of 3 million genotypes they
    took 20 ms of 80. Nor have floats: NaN is in no bounds, so that DuckDB (2.0), to which it is
    the largest number, leaves out its rows for ``qual > 5`` where bounds say that none is.
    """
    import pyarrow.parquet as pq

    out = pa.BufferOutputStream()
    pq.write_table(table.slice(0, 0), out)
    leaves = pq.read_metadata(pa.BufferReader(out.getvalue())).schema
    paths = [leaves.column(i).path for i in range(len(leaves))]
    told = [leaves.column(i).path for i in range(len(leaves))
            if not leaves.column(i).max_repetition_level
            and leaves.column(i).physical_type not in ("FLOAT", "DOUBLE")]  # fmt: skip
    repeated: list[str] = []
    for name, column in zip(table.schema.names, table.columns, strict=True):
        if _repeats(column.slice(0, _LOOK)):
            repeated += [path for path in paths if path == name or path.startswith(f"{name}.")]
    deltas = {
        f.name: "DELTA_BINARY_PACKED" for f in table.schema
        if f.name in ("start", "end") and pat.is_integer(f.type) and f.name not in repeated
    }  # fmt: skip
    return {
        "use_dictionary": repeated or False,
        "column_encoding": deltas or None,
        "write_statistics": told or False,
    }


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether a column's values, or those in its lists, come four times each or more."""
    array = pa.concat_arrays(list(column.chunks)) if column.num_chunks else pa.nulls(0)
    while pat.is_list(array.type) or pat.is_fixed_size_list(array.type):
        array = array.flatten()
    if pat.is_nested(array.type) or pat.is_dictionary(array.type) or pat.is_null(array.type):
        return True
    return bool(4 * pc.count_distinct(array).as_py() <= len(array))


# ── row groups ──────────────────────────────────────────────────────────────────────────────────


def _groups(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, chrom: int, most: int
) -> Iterator[pa.Table]:
    """The rows of each group."""
    waiting: list[pa.RecordBatch] = []
    rows = size = done = 0
    last = None  # chrom of the last row that waits
    for batch in batches:
        for run in _runs(batch, chrom):
            name = run.column(chrom)[0].as_py() if chrom >= 0 else None
            if waiting and name != last and (done < MANY or rows >= FEW):
                yield _table(waiting, schema, chrom)
                waiting, rows, size, done = [], 0, 0, done + 1
            last = name
            step = max(1, min(most, run.num_rows * GROUP_BYTES // max(run.nbytes, 1)))
            at = 0
            while at < run.num_rows:
                part = run.slice(at, min(step, most - rows))
                waiting.append(part)
                rows, size, at = rows + part.num_rows, size + part.nbytes, at + part.num_rows
                if rows >= most or size >= GROUP_BYTES:
                    yield _table(waiting, schema, chrom)
                    waiting, rows, size, done = [], 0, 0, done + 1
    if waiting:
        yield _table(waiting, schema, chrom)


def _runs(batch: pa.RecordBatch, chrom: int) -> Iterator[pa.RecordBatch]:
    """Rows that follow one another on one chrom."""
    if not batch.num_rows:
        return
    bounds = [0, batch.num_rows]
    if chrom >= 0:
        column = batch.column(chrom)
        if pat.is_dictionary(column.type):
            column = column.indices
        changes = pc.not_equal(column.slice(1), column.slice(0, len(column) - 1))
        missing = pc.not_equal(
            column.slice(1).is_null(), column.slice(0, len(column) - 1).is_null()
        )
        new = pc.or_(changes.fill_null(False), missing)
        bounds[1:1] = (np.flatnonzero(new.to_numpy(zero_copy_only=False)) + 1).tolist()
    for begin, end in pairwise(bounds):
        yield batch.slice(begin, end - begin)


def _table(runs: list[pa.RecordBatch], schema: pa.Schema, chrom: int) -> pa.Table:
    """The rows of runs, each of which is on one chrom."""
    if chrom < 0 or schema.field(chrom).type != CHROM:
        table = pa.Table.from_batches(runs).unify_dictionaries()
        return table.replace_schema_metadata(schema.metadata)
    names = pa.array([run.column(chrom)[0].as_py() for run in runs], pa.string())
    each = names.dictionary_encode()
    column = each.take(pa.array(np.repeat(np.arange(len(runs)), [run.num_rows for run in runs])))
    others = pa.Table.from_batches([run.remove_column(chrom) for run in runs])
    table = others.unify_dictionaries().add_column(chrom, schema.field(chrom), column)
    return table.replace_schema_metadata(schema.metadata)


def _is_sorted(table: pa.Table) -> bool:
    """Whether the rows of a group are sorted by chrom and start, none missing."""
    if table.column(0).null_count or table.column(1).null_count:
        return False
    starts = table.column(1).to_numpy()
    ascend = starts[1:] >= starts[:-1]
    if ascend.all() and table.column(0)[0] == table.column(0)[-1]:
        return True
    names = table.column(0).combine_chunks().cast(pa.string())
    before, behind = names.slice(0, len(names) - 1), names.slice(1)
    same = pc.equal(before, behind).to_numpy(zero_copy_only=False)
    less = pc.less(before, behind).to_numpy(zero_copy_only=False)
    return bool((less | (same & ascend)).all())


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


def _holds_lists(kind: pa.DataType) -> bool:
    """Whether there are lists within."""
    if pat.is_struct(kind):
        return any(pat.is_nested(f.type) for f in kind)
    if pat.is_map(kind):
        return bool(pat.is_nested(kind.item_type))
    return bool(pat.is_list(kind) and pat.is_nested(kind.value_type))


def _stored_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_stored(a) for a in batch.columns], schema=schema)


def _stored(array: pa.Array) -> pa.Array:
    """The values as their stored type has them; lists that are missing have no items."""
    kind, wanted = array.type, _stored_type(array.type)
    if pat.is_list(kind) or pat.is_large_list(kind) or pat.is_map(kind):
        array = without_hidden(array)
    if kind == wanted and not _holds_lists(kind):
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
