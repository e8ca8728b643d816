"""How Spark reads an open file, a piece a task, and writes Parquet, a file a task.

    file ─partitions─▶ pieces: Spark's partitions ─a task each─▶ batches of Spark's types
    a task's batches ─▶ _gidx-…/part-00007-….parquet ─commit─▶ part-00007-….parquet

Spark has no unsigned numbers and no dictionaries: numbers are widened, dictionaries decoded. It
asks a Python source for all columns of its schema, whatever a query needs, so that ``columns=`` or
a schema of the user's says which. What a file declares goes along as metadata of a column, since
Spark keeps that and none of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import pyarrow as pa
import pyarrow.types as pat
from pyspark import TaskContext
from pyspark.sql import datasource as ds
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
from pyspark.sql.types import StructField, StructType

from gidx.arrow import schema as canonical
from gidx.engines import bounds, rows
from gidx.engines.bounds import EVERYTHING, Boxes
from gidx.errors import ColumnError, WriteError
from gidx.formats.parquet import write as parquet
from gidx.ground.boxes import Box, InBoxes, Range
from gidx.ground.pieces import Piece, gathered
from gidx.scan import OpenFile

# ── types ───────────────────────────────────────────────────────────────────────────────────────


def spark_type(kind: pa.DataType) -> pa.DataType:
    """The type that Spark has for the values of a plain one.

    >>> spark_type(pa.list_(pa.uint32(), 2))
    ListType(list<item: int64>)
    """
    widened = {
        pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(),
        pa.uint64(): pa.decimal128(20, 0), pa.large_string(): pa.string(),
    }  # fmt: skip
    if pat.is_list(kind) or pat.is_large_list(kind) or pat.is_fixed_size_list(kind):
        return pa.list_(spark_type(kind.value_type))
    if pat.is_map(kind):
        return pa.map_(spark_type(kind.key_type), spark_type(kind.item_type))
    if pat.is_struct(kind):
        return pa.struct([f.with_type(spark_type(f.type)) for f in kind])
    return widened.get(kind, kind)


def spark_schema(file: OpenFile, columns: Sequence[str] | None) -> StructType:
    """The columns of a file as Spark has them; the first carries what the file declares."""
    whole = rows.plain_schema(file)
    wanted = [whole.field(i) for i in canonical.project(whole, columns)]
    plain = pa.schema([pa.field(f.name, spark_type(f.type)) for f in wanted])
    found = list(from_arrow_schema(plain))
    about = (whole.metadata or {}).get(canonical.KEY.encode())
    if found and about is not None:
        first = found[0]
        found[0] = StructField(first.name, first.dataType, True, {canonical.KEY: about.decode()})
    return StructType(found)


def _columns(file: OpenFile, wanted: Sequence[str]) -> list[str]:
    """The file's names of columns that Spark names, in any case, as it does."""
    names = file.schema.names
    found = []
    for name in wanted:
        same = [name] if name in names else [n for n in names if n.lower() == name.lower()]
        if len(same) != 1:
            raise ColumnError(f"{file.path}: {canonical.no_column(name, names)}")
        found += same
    return found


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


class SparkPart(ds.InputPartition):
    """A piece, or of very many several, as Spark sends it to a task."""

    value: Piece | list[tuple[str, int, int]]


class PlainReader(ds.DataSourceReader):
    """The pieces of a file, each read by a task in batches of the schema asked for."""

    def __init__(
        self,
        file: OpenFile,
        schema: StructType,
        regions: Any,
        cutting: Mapping[str, int],
        how: Mapping[str, Any],
    ) -> None:
        self._file, self._schema = file, schema
        self._regions, self._cutting, self._how = regions, cutting, how
        self._names = _columns(file, schema.fieldNames())

    def partitions(self) -> list[ds.InputPartition]:
        """A partition a piece."""
        missing = self._how.get("missing_chroms", "error")
        pieces = self._file.partitions(
            **self._cutting, regions=self._regions, missing_chroms=missing
        )
        return [SparkPart(part) for part in gathered(pieces, **self._cutting)]

    def read(self, partition: ds.InputPartition) -> Iterator[pa.RecordBatch]:
        """The rows of a piece; none of a query that has no pieces."""
        wanted = to_arrow_schema(self._schema, timezone="UTC")
        plain = rows.plain_schema(self._file)
        own = {k: v for k, v in self._how.items() if k != "missing_chroms"}
        asked = partition.value
        found: Iterable[pa.RecordBatch] = ()
        if asked is not None:
            found = rows.scan(self._file, asked, plain, self._names, None, threads=1, **own)
        for batch in found:
            arrays = map(self._cast, batch.columns, wanted)
            yield canonical.batch(list(arrays), wanted, batch.num_rows)

    def _cast(self, column: pa.Array, field: pa.Field) -> pa.Array:
        if column.type == field.type:
            return column
        try:
            return column.cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ColumnError(
                f"{self._file.path}: column {field.name} is {column.type}, and was asked for as "
                f"{field.type}: {error}; take the schema of the file for it, or a wider one"
            ) from None


class PushingReader(PlainReader):
    """The same, which reads what Spark's filters leave of chrom, start and end.

    A class of its own, since Spark refuses one that takes filters unless it is set to push them.
    """

    def pushFilters(self, filters: list[ds.Filter]) -> Iterable[ds.Filter]:  # noqa: N802
        """Take note of filters; all are applied again by Spark, to the rows of the regions."""
        found = EVERYTHING
        for filter in filters:
            found = bounds.both(found, boxes(filter, [*self._file.chroms, None]))
        # Rows have to overlap the user's regions, and be in the boxes: no region says both.
        asked = bounds.useful(self._file, found) if self._regions is None else None
        if not isinstance(asked, InBoxes):  # tables of columns, which Spark reads by itself
            self._regions = self._regions if asked is None else asked
        return filters


def boxes(filter: ds.Filter, chroms: Iterable[str | None]) -> Boxes:
    """Where the rows are that a filter lets through.

    >>> [box] = boxes(ds.LessThan(("start",), 9), ["a"])
    >>> box.start.hi
    8
    """
    column = getattr(filter, "attribute", ())
    value = getattr(filter, "value", None)
    if column == ("chrom",):
        let = _CHROMS.get(type(filter))
        return EVERYTHING if let is None else [Box(frozenset(c for c in chroms if let(c, value)))]
    bound = _RANGES.get(type(filter))
    if column not in (("start",), ("end",)) or bound is None:
        return EVERYTHING
    values = value if isinstance(filter, ds.In) else [value]
    if not values or any(type(v) is not int for v in values) or len(values) > bounds.MOST:
        return EVERYTHING
    return [Box(**{column[0]: bound(v)}) for v in values]


_CHROMS: dict[type, Any] = {
    ds.EqualTo: lambda chrom, value: chrom == value and chrom is not None,
    ds.EqualNullSafe: lambda chrom, value: chrom == value,
    ds.In: lambda chrom, values: chrom is not None and chrom in values,
    ds.IsNull: lambda chrom, _: chrom is None,
    ds.IsNotNull: lambda chrom, _: chrom is not None,
    ds.StringStartsWith: lambda chrom, value: chrom is not None and chrom.startswith(value),
    ds.StringEndsWith: lambda chrom, value: chrom is not None and chrom.endswith(value),
    ds.StringContains: lambda chrom, value: chrom is not None and value in chrom,
}
_RANGES: dict[type, Any] = {
    ds.EqualTo: lambda v: Range(v, v),
    ds.EqualNullSafe: lambda v: Range(v, v),
    ds.In: lambda v: Range(v, v),
    ds.LessThan: lambda v: Range(hi=v - 1),
    ds.LessThanOrEqual: lambda v: Range(hi=v),
    ds.GreaterThan: lambda v: Range(lo=v + 1),
    ds.GreaterThanOrEqual: lambda v: Range(lo=v),
}


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Written(ds.WriterCommitMessage):
    """The file that a task wrote; None of one that had no rows."""

    path: str | None


class Writer(ds.DataSourceArrowWriter):
    """Rows to a folder of Parquet files, as `gidx.to_parquet` writes them; a file a task.

    Files are written into a folder within it, whose name readers pass over, and moved when all
    tasks have ended, so that a failed task, or one that was tried twice, leaves nothing.
    """

    def __init__(
        self,
        folder: str,
        schema: StructType,
        overwrite: bool,
        writing: Mapping[str, Any],
        storage_options: Mapping[str, Any] | None,
    ) -> None:
        self._folder, self._overwrite = folder.rstrip("/"), overwrite
        self._writing, self._storage = writing, storage_options
        self._staged = f"_gidx-{token_hex(8)}"
        told = (f.metadata.get(canonical.KEY) for f in schema)
        about = next((text for text in told if text is not None), None)
        plain = StructType([StructField(f.name, f.dataType, f.nullable) for f in schema])
        self._schema = to_arrow_schema(plain, timezone="UTC").with_metadata(
            None if about is None else {canonical.KEY: about}
        )
        fs, path = self._opened()
        if fs.isfile(path):
            raise WriteError(f"{folder}: a file; Spark writes a folder, name another", row=None)
        if overwrite:
            self._check_replaceable(fs, path)

    def _opened(self) -> tuple[Any, str]:
        import fsspec

        fs, path = fsspec.core.url_to_fs(self._folder, **(self._storage or {}))
        return fs, str(path)

    def _check_replaceable(self, fs: Any, path: str) -> None:
        """Only Parquet is overwritten; a folder of other files is most likely a mistake."""
        for found in fs.find(path) if fs.exists(path) else ():
            name = found.rpartition("/")[2]
            if not name.endswith((".parquet", ".crc", "_SUCCESS")):
                raise WriteError(
                    f"{self._folder}: has files that are not Parquet, such as {name}; remove "
                    "them, or name another folder",
                    row=None,
                )

    def write(self, iterator: Iterator[pa.RecordBatch]) -> Written:
        """The rows of a task."""
        first = next(iterator, None)
        while first is not None and not first.num_rows:
            first = next(iterator, None)
        if first is None:
            return Written(None)
        context = TaskContext.get()
        number = 0 if context is None else context.partitionId()
        return Written(self._write(number, _chained(first, iterator)))

    def _write(self, number: int, batches: Iterator[pa.RecordBatch]) -> str:
        fs, folder = self._opened()
        fs.makedirs(f"{folder}/{self._staged}", exist_ok=True)
        name = f"part-{number:05}-{token_hex(8)}.parquet"
        plain = (
            pa.RecordBatch.from_arrays(
                [c.cast(t) for c, t in zip(b.columns, self._schema.types, strict=True)],
                schema=self._schema,
            )
            for b in batches
        )
        with fs.open(f"{folder}/{self._staged}/{name}", "wb") as file:
            parquet.write(self._schema, plain, file, **self._writing)
        return name

    def commit(self, messages: Sequence[Any]) -> None:
        """Move what was written to where it belongs, and remove what it replaces."""
        fs, folder = self._opened()
        names = [m.path for m in messages if m is not None and m.path is not None]
        if not names:  # a table without rows still has columns
            names = [self._write(0, iter(()))]
        before = fs.find(folder) if self._overwrite else []
        for name in names:
            fs.mv(f"{folder}/{self._staged}/{name}", f"{folder}/{name}")
        fs.rm(f"{folder}/{self._staged}", recursive=True)
        for path in before:
            if f"/{self._staged}/" not in path:
                fs.rm(path)

    def abort(self, messages: Sequence[Any]) -> None:
        """Leave nothing of it."""
        del messages
        fs, folder = self._opened()
        with suppress(FileNotFoundError):
            fs.rm(f"{folder}/{self._staged}", recursive=True)


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
