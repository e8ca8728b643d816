"""What `convert` reads: bigBed and text as `gidx.open` has them, Parquet, Arrow IPC.

    path, Dataset, file ─opened─▶ Source ─rows(Asked)─▶ Rows: a schema, batches

A source's content tells what it is. From bigBed, BED and tables to text nothing is decoded:
rows keep their text, also where it is not of its declared type, as bigBedToBed does. Text
that is declared goes to bigBed the same way, and the writer sees to it that every value is
what the declaration says. All else has the names and types of `gidx.open`.

Text without an index is read twice, as its chroms have to be known first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import dataset
from gidx.arrow import schema
from gidx.dataset import Dataset
from gidx.declared import declare
from gidx.errors import ColumnError, FormatError
from gidx.formats.offers import Declares, Lines, Texts
from gidx.formats.registry import Kind
from gidx.formats.streams import STEP
from gidx.formats.text.read import GUESSED
from gidx.ground.region import RegionSet, resolve
from gidx.ground.source import ByteSource, PathSource, SourceFile, open_source
from gidx.kernels.records import select_items
from gidx.options import Errors, MissingChroms, Names
from gidx.scan import format_of, read_as


@dataclass(frozen=True)
class Asked:
    """What is wanted of a source: `convert`'s parameters."""

    to: Kind
    regions: Any = None
    columns: Sequence[str] | None = None
    head: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    bed_type: str | None = None
    autosql: Any = None
    threads: int | None = None
    names: Names = "canonical"
    errors: Errors = "warn"
    missing_chroms: MissingChroms = "error"


@dataclass(frozen=True)
class Outgoing:
    """Rows on their way, and for a bigBed what they are declared as."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    autosql: Any = None
    bed_type: str | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        """As the stream that pyarrow knows."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches)


def is_of_texts(kind: Kind) -> bool:
    """Whether values of BED, bigBed and tables go to a target as the texts that they are."""
    return kind.name in GUESSED


class Source(Protocol):
    """A file that rows can be read from."""

    def rows(self, asked: Asked) -> Outgoing:
        """The rows asked for, as they are to be handed to the target."""
        ...

    def count(self) -> int | None:
        """How many rows it has, where it says so at its beginning."""
        ...

    def say_row(self, number: int, asked: Asked) -> str:
        """Where one of the rows asked for stands, for messages."""
        ...


@contextmanager
def opened(
    source: Any,
    opening: Mapping[str, Any] | None = None,
    autosql: Any = None,
    bed_type: str | None = None,
) -> Iterator[Source]:
    """The source that a path, a Dataset or a binary file is; ``-`` is standard input.

    One that is opened already is that.

    ``autosql`` and ``bed_type`` are what the columns of BED and tables are, where
    ``opening`` has no schema.
    """
    if isinstance(source, Dataset | IndexedSource | _ArrowSource):
        yield IndexedSource(source) if isinstance(source, Dataset) else source
        return
    if not isinstance(source, str | os.PathLike) and not hasattr(source, "read"):
        raise FormatError(
            f"cannot read rows from {type(source).__name__}; expected a path, a Dataset or a "
            "binary file (a DataFrame has write_bigbed)"
        )
    file = open_source(sys.stdin.buffer if source == "-" else source)
    magic = bytes(file.read(0, min(8, file.size)))
    try:
        if magic[:4] == b"PAR1":
            yield ParquetSource(file)
        elif magic[:6] == b"ARROW1" or magic[:4] == _IPC_STREAM:
            yield IpcSource(file, stream=magic[:4] == _IPC_STREAM)
        else:
            # where rows are to come and none do, there is nothing to ask what they are
            own = dict(opening or {})
            index = own.pop("index", None)
            found = dataset.open_as(file, index=index, options=own, otherwise="bed")
            said = autosql if autosql is not None or found.format != "bed" else bed_type
            if said is not None and found.format in GUESSED and "schema" not in own:
                found = dataset.open_as(
                    file, index=index, options={**own, "schema": said}, otherwise="bed"
                )
            yield IndexedSource(found)
    finally:
        if isinstance(file, PathSource):
            file.close()


_IPC_STREAM = b"\xff\xff\xff\xff"


@dataclass(frozen=True)
class IndexedSource:
    """What gidx.open opens: its own regions, its own columns."""

    dataset: Dataset

    def rows(self, asked: Asked) -> Outgoing:
        """Texts for text; for a bigBed too, where a declaration says what they are.

        Unless its columns are not all wanted.
        """
        found, told = self._as_asked(asked)
        options: dict[str, Any] = {
            "columns": asked.columns,
            "threads": asked.threads,
            "errors": asked.errors,
            # a writer of rows has its own names, and its own base
            "names": asked.names if asked.to.is_table else "canonical",
        }
        if asked.regions is not None and format_of(found).index_kind is None:
            return self._filtered(found, asked, options, told)
        options["missing_chroms"] = asked.missing_chroms
        if asked.head is None:
            reader = found.scan(asked.regions, **options)
            return Outgoing(_about(reader.schema, asked), iter(reader), **told)
        table = found.head(asked.head, asked.regions, **{**options, "threads": 1})
        return Outgoing(_about(table.schema, asked), iter(table.to_batches()), **told)

    def _as_asked(self, asked: Asked) -> tuple[Dataset, dict[str, Any]]:
        """The dataset with its columns as the target takes them, and what they are declared."""
        found = self.dataset
        whole = asked.columns is None and asked.names == "canonical"
        told: dict[str, Any] = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        if asked.errors == "raise":
            return found, told
        file = format_of(found)
        if is_of_texts(asked.to) and isinstance(file, Texts):
            return read_as(found, file.as_texts()), told
        if asked.to.name != "bigbed" or not whole or not isinstance(file, Declares):
            return found, told
        declared = file.declared_as
        if declared is None:
            return found, told
        if asked.autosql is None:
            told = {"autosql": declared[0], "bed_type": asked.bed_type or declared[1]}
        return read_as(found, file.as_declared()), told

    def _filtered(
        self, found: Dataset, asked: Asked, options: dict[str, Any], told: dict[str, Any]
    ) -> Outgoing:
        """Read whole, since there is no index."""
        if asked.names != "canonical":
            raise ColumnError(
                f"{found.path}: native names of regions need an index; leave them out, or take "
                "the whole file"
            )
        whole = found.schema
        columns = [whole.names[i] for i in schema.project(whole, asked.columns)]
        wanted = list(dict.fromkeys((*columns, *schema.HEAD)))
        reader = found.scan(**{**options, "columns": wanted})
        chroms = [*asked.sizes, *found.chroms]
        batches = _filtered(iter(reader), asked, chroms)
        return _finished(_about(reader.schema, asked), batches, columns, asked.head, told)

    def count(self) -> int | None:
        return format_of(self.dataset).row_count()

    def say_row(self, number: int, asked: Asked) -> str:
        file, place = format_of(self.dataset), None
        if asked.regions is None and isinstance(file, Lines):
            place = file.say_row(number)
        return place or self.dataset.path


def _about(found: pa.Schema, asked: Asked) -> pa.Schema:
    """The schema, with the chroms' sizes where they were given."""
    if not asked.sizes:
        return found
    return with_entries(found, {"chromsizes": dict(asked.sizes)})


def with_entries(found: pa.Schema, entries: Mapping[str, Any]) -> pa.Schema:
    """The schema, with more entries of gidx's metadata."""
    known = {k: v for k, v in schema.read_metadata(found).items() if k != "version"}
    return found.with_metadata(
        {**(found.metadata or {}), **schema.metadata(**{**known, **entries})}
    )


@dataclass
class _ArrowSource:
    """Tables in a file: any columns, but BED and bigBed need chrom, start, end."""

    source: ByteSource

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def file(self) -> BinaryIO:
        return cast(BinaryIO, SourceFile(self.source))

    def _schema(self) -> pa.Schema:
        raise NotImplementedError

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def rows(self, asked: Asked) -> Outgoing:
        """As they are; chrom, start, end first, chrom in the order of the metadata's chroms."""
        if asked.names != "canonical":
            raise ColumnError(f"{self.name}: its columns have no native names, but their own")
        with _wrapped(self.name):
            whole = self._schema()
        heads = declare.find_heads(whole.names)
        if heads is not None:
            order = [*heads, *(n for n in whole.names if n not in heads)]
            whole = pa.schema([whole.field(n) for n in order], whole.metadata)
        columns = [whole.names[i] for i in schema.project(whole, asked.columns)]
        wanted = columns
        sizes = schema.read_metadata(whole).get("chromsizes") or {}
        chroms = list(sizes)
        if asked.regions is not None:
            if heads is None:
                raise ColumnError(f"{self.name}: no columns chrom, start, end to find regions by")
            wanted = list(dict.fromkeys((*columns, *heads)))
            seen = (pc.unique(b.column(0)).to_pylist() for b in self._guarded([heads[0]]))
            chroms = list(dict.fromkeys([*chroms, *(c for some in seen for c in some)]))
        fields = [whole.field(n) for n in wanted]
        ordered = _Ordered(chroms, heads[0] if heads is not None else "")
        found = pa.schema(map(ordered.field, fields), whole.metadata)
        batches: Iterator[pa.RecordBatch] = (
            ordered.batch(batch.select(wanted), found) for batch in self._guarded(wanted)
        )
        batches = _filtered(batches, asked, chroms, heads or schema.HEAD)
        told = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        return _finished(found, batches, columns, asked.head, told)

    def count(self) -> int | None:
        return None

    def say_row(self, number: int, asked: Asked) -> str:
        del number, asked
        return self.name

    def _guarded(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _wrapped(self.name):
            yield from self._batches(columns)


class ParquetSource(_ArrowSource):
    """A Parquet file."""

    def _file(self) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.file, page_checksum_verification=True)

    def _schema(self) -> pa.Schema:
        found = self._file().schema_arrow
        about = {k: v for k, v in (found.metadata or {}).items() if k != b"ARROW:schema"}
        return found.with_metadata(about or None)

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self._file().iter_batches(batch_size=STEP, columns=list(columns))

    def count(self) -> int | None:
        with _wrapped(self.name):
            return int(self._file().metadata.num_rows)


@dataclass
class IpcSource(_ArrowSource):
    """An Arrow IPC file or stream."""

    stream: bool = False

    def _reader(self) -> Any:
        return pa.ipc.open_stream(self.file) if self.stream else pa.ipc.open_file(self.file)

    def _schema(self) -> pa.Schema:
        return self._reader().schema

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        reader = self._reader()
        if self.stream:
            found = iter(reader)
        else:
            found = (reader.get_batch(i) for i in range(reader.num_record_batches))
        for batch in found:
            yield batch.select(list(columns))


@contextmanager
def _wrapped(name: str) -> Iterator[None]:
    """pyarrow's errors as ours, with the file's name."""
    try:
        yield
    except pa.ArrowException as error:
        raise FormatError(f"{name}: {' '.join(str(error).split())}", path=name) from None


@dataclass
class _Ordered:
    """Dictionary columns with one dictionary in all batches, as an IPC file must have them.

    chrom has the file's chroms, others the values in the order in which they come.
    """

    chroms: Sequence[str]
    chrom: str
    _known: dict[str, pa.Array] = field(default_factory=dict)

    def field(self, f: pa.Field) -> pa.Field:
        if f.name == self.chrom and self.chroms:
            return f.with_type(schema.CHROM)
        return f

    def batch(self, batch: pa.RecordBatch, found: pa.Schema) -> pa.RecordBatch:
        arrays = [self._array(a, f) for a, f in zip(batch.columns, found, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=found)

    def _array(self, array: pa.Array, f: pa.Field) -> pa.Array:
        if not pat.is_dictionary(f.type):
            return array
        if not pat.is_dictionary(array.type):
            array = array.dictionary_encode()
        before = self._known.get(f.name)
        if before is None and f.name == self.chrom and self.chroms:
            before = pa.array(self.chroms, f.type.value_type)
        values = array.dictionary.cast(f.type.value_type)
        if before is not None:
            new = values.filter(pc.invert(pc.is_in(values, before)))
            values = pa.concat_arrays([before, new]) if len(new) else before
        self._known[f.name] = values
        places = pc.index_in(array.dictionary.cast(f.type.value_type), values)
        indices = places.take(array.indices).cast(f.type.index_type)
        return pa.DictionaryArray.from_arrays(indices, values, ordered=f.type.ordered)


def _filtered(
    batches: Iterator[pa.RecordBatch],
    asked: Asked,
    chroms: Sequence[str],
    heads: Sequence[str] = schema.HEAD,
) -> Iterator[pa.RecordBatch]:
    """Rows that overlap the regions; ``chroms`` are all that there are."""
    if asked.regions is None:
        return batches
    names = dict.fromkeys(chroms)
    regions = resolve(asked.regions, names, missing_chroms=asked.missing_chroms)
    return _overlapping(batches, regions, pa.array(names, pa.string()), heads)


def _overlapping(
    batches: Iterator[pa.RecordBatch], regions: RegionSet, names: pa.Array, heads: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        chrom, start, end = (batch.column(n) for n in heads)
        if pat.is_dictionary(chrom.type):
            chrom = chrom.dictionary.take(chrom.indices)
        ids = pc.index_in(chrom.cast(pa.string()), names)
        which, starts, ends = (
            a.cast(pa.int64()).to_numpy(zero_copy_only=False) for a in (ids, start, end)
        )
        rows = select_items(which, starts, ends, regions.first, regions.start, regions.end)
        if len(rows):
            yield batch.take(pa.array(rows))


def _finished(
    found: pa.Schema,
    batches: Iterator[pa.RecordBatch],
    columns: Sequence[str],
    head: int | None,
    told: dict[str, Any],
) -> Outgoing:
    """Only the columns asked for, only the first rows."""
    if list(columns) != found.names:
        found = pa.schema([found.field(n) for n in columns], found.metadata)
        batches = (batch.select(list(columns)) for batch in batches)
    return Outgoing(found, batches if head is None else _first(batches, head), **told)


def _first(batches: Iterator[pa.RecordBatch], n: int) -> Iterator[pa.RecordBatch]:
    while n > 0 and (batch := next(batches, None)) is not None:
        yield batch.slice(0, n)
        n -= batch.num_rows
