"""Any file to any: bigBed, BED, VCF, GFF, TSV, Parquet, Arrow IPC, and JSON lines to write.

    source ─ Source.rows ─▶ Rows: a schema, batches ─ write ─▶ target

=======  =======================  ================================================
kind     suffixes                 rows
=======  =======================  ================================================
bigbed   .bb .bigbed
bed      .bed                     as `write_bed` has it, ready for bedToBigBed
vcf      .vcf                     with the header that it came with, or a made one
gff3     .gff3 .gff               the same
gtf      .gtf                     the same
tsv      .tsv .txt                text under a header line of canonical names
parquet  .parquet .pq             typed, gidx's metadata in the schema
arrow    .arrow .feather .ipc     as Parquet; the IPC file format, a stream in a pipe
json     .json .jsonl .ndjson     an object a line; written only
=======  =======================  ================================================

What a source is, its content tells; what a target is, its suffix or ``to``. Text with
``.gz`` or ``.bgz`` behind its suffix is written as BGZF, with its tabix index.

From bigBed, BED and tables to text nothing is decoded: rows keep their text, also where
it is not of its declared type, as bigBedToBed does. Text that is declared goes to bigBed
the same way, and the writer sees to it that every value is what the declaration says.
All else is what `gidx.open` reads, of the same names and types, and what `gidx.write_…`
write.

All but the target's own needs (write_bigbed spools large streams) is in bounded
memory. Text without an index is read twice: its chroms have to be known first.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import chromsizes as sizes_of
from gidx import dataset, declare, nested_text, parquet, schema
from gidx.atomic import replacing
from gidx.dataset import BigBedDataset, Dataset, Errors, Lists, TabixDataset
from gidx.errors import ColumnError, FormatError, WriteError, one_of
from gidx.formats.base import Names
from gidx.formats.tabix import GUESSED
from gidx.nested_text import nested_as_text
from gidx.region import MissingChroms, RegionSet, resolve
from gidx.rowtext import RowText, json_lines
from gidx.source import ByteSource, PathSource, open_source
from gidx.stream import is_text

Kind = Literal["bigbed", "bed", "vcf", "gff3", "gtf", "tsv", "parquet", "arrow", "json"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SUFFIXES: dict[str, Kind] = {
    ".bb": "bigbed",
    ".bigbed": "bigbed",
    ".bed": "bed",
    ".vcf": "vcf",
    ".gff3": "gff3",
    ".gff": "gff3",
    ".gtf": "gtf",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
BGZF = (".gz", ".bgz", ".bgzf")
COMPRESSED = (*BGZF, ".zst", ".bz2", ".xz")
TEXT: tuple[Kind, ...] = ("bed", "tsv")
TABLES: tuple[Kind, ...] = ("tsv", "parquet", "arrow", "json")
LINES: tuple[Kind, ...] = ("bed", "vcf", "gff3", "gtf", "tsv")  # which BGZF is for

# Rows that are formatted at a time: an Arrow file may be one batch, and to format it
# whole takes as much memory again. 16 k to 256 k rows are equally fast.
STEP = 64 * 1024

Target = str | os.PathLike[str] | BinaryIO


def convert(
    source: Any,
    target: Target,
    *,
    regions: Any = None,
    columns: Sequence[str] | None = None,
    to: Kind | None = None,
    head: int | None = None,
    chromsizes: Any = None,
    bed_type: str | None = None,
    autosql: Any = None,
    extra_index: str | Sequence[str] = (),
    sort: bool = False,
    threads: int | None = None,
    names: Names = "canonical",
    errors: Errors = "warn",
    header: bool | None = None,
    progress: Callable[[int], None] | None = None,
    samples_as_columns: bool = False,
    opening: Mapping[str, Any] | None = None,
    missing_chroms: MissingChroms = "error",
    lists: Lists = "arrow",
) -> None:
    """Convert a file of any kind to a file of any kind; it appears when it is finished.

    Parameters
    ----------
    source : str, PathLike, Dataset or binary file
        A bigBed, BED, TSV, Parquet or Arrow IPC file; its content tells which. ``-`` is
        standard input.
    target : str, PathLike or binary file
        The file to write.
    regions, columns, names, errors, threads, missing_chroms
        As in `Dataset.scan`. Files without an index are read whole and filtered.
        ``errors`` is for values that are not of their columns' types; ``"raise"`` also
        looks at those of bigBed, BED and tables that go to text, where else they stay.
    to : "bigbed", "bed", "vcf", "gff3", "gtf", "tsv", "parquet", "arrow" or "json", optional
        The target's kind. Default: its suffix says.
    head : int, optional
        The first rows only.
    chromsizes, bed_type, autosql
        As in `write_bigbed`. For BED and tables, ``bed_type`` and ``autosql`` also say what its
        columns are called and of which type they are.
    extra_index
        As in `write_bigbed`, for that target.
    sort : bool
        Sort the rows of bigBed, BED, VCF, GFF and text with an index.
    header : bool, optional
        Whether text begins with a line of names. Default: TSV does; BED, as `write_bed`
        has it, where the source had one or columns have names that BED does not know.
    progress : callable, optional
        Is given the number of rows so far.
    samples_as_columns : bool
        A column for each FORMAT field of each sample of a VCF, ``FORMAT/AD:s1``, each as
        VCF writes it, in TSV, JSON, Parquet and Arrow.
    opening : mapping, optional
        Options of `gidx.open`: ``schema``, ``types``, ``encoding`` …
    lists : "arrow" or "text"
        As in `read_bed`, for Parquet, Arrow and JSON.

    Raises
    ------
    FormatError
        A source that is broken, or a suffix that names no kind.
    RegionError, ColumnError, WriteError
        For what the source does not have, or the target cannot hold.

    Examples
    --------
    >>> from gidx.convert import convert
    >>> convert("genes.bb", "genes.bed", regions="chrX")
    >>> with open("genes.bed") as file:
    ...     file.read()
    'chrX\\t5000\\t9000\\tGENE3\\t0\\t-\\n'
    """
    kind = kind_of(target, to)
    if extra_index and kind != "bigbed":
        raise WriteError(f"extra_index is for bigBed, not for {kind}")
    if sort and not can_sort(target, kind):
        raise WriteError(f"sort is for bigBed, lines and text with an index, not for {kind}")
    one_of("lists", lists, ("arrow", "text"))
    if kind not in TABLES and (samples_as_columns or lists == "text"):
        what = "samples as columns are" if samples_as_columns else "lists as text are"
        raise WriteError(f"{what} for tables, not for {kind}")
    if bed_type is not None:
        declare.BedType.parse(bed_type)
    sizes = {} if chromsizes is None else sizes_of.read(chromsizes)
    asked = Asked(
        kind, regions, columns, head, sizes, bed_type, autosql, threads, names, errors,
        missing_chroms,
    )  # fmt: skip

    def run(found: Source) -> None:
        rows = found.rows(asked)
        if samples_as_columns:
            rows = by_sample(rows)
        if lists == "text":
            rows = with_lists_as_text(rows)
        if kind != "bigbed":
            write(
                rows, target, to=kind, header=header, sort=sort, threads=threads,
                chromsizes=sizes or None, progress=progress,
            )  # fmt: skip
            return
        from gidx.formats.bigbed_write import write_bigbed

        if not isinstance(target, str | os.PathLike):
            raise WriteError("a bigBed file cannot be written to a stream; name a file")
        write_bigbed(
            rows.reader, target, sizes or None, bed_type=rows.bed_type, autosql=rows.autosql,
            extra_index=extra_index, sort=sort, threads=threads, progress=progress,
        )  # fmt: skip

    with opened(source, opening, autosql, bed_type) as found:
        try:
            if isinstance(found, IndexedSource) and isinstance(target, str | os.PathLike):
                found.dataset.whole(lambda dataset: run(IndexedSource(dataset)))
            else:  # a stream cannot be taken back where a guessed type was too narrow
                run(found)
        except WriteError as error:
            row = getattr(error, "row", None)  # of what is wrong with all, or with options, none
            if row is None:
                raise
            raise WriteError(f"{found.say_row(row, asked)}: {error}", row=row) from None


def kind_of(target: Target, to: str | None = None) -> Kind:
    """What to write: ``to``, else what the target's suffix says; raises FormatError."""
    path = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    suffix = Path(path).suffix.lower()
    if suffix in COMPRESSED:
        plain = path[: -len(suffix)]
        inner = SUFFIXES.get(Path(plain).suffix.lower()) if to is None else to
        if suffix not in BGZF or inner not in LINES:
            raise FormatError(
                f"{path}: {suffix} is for rows of text ({', '.join(LINES)}) in BGZF; name {plain}"
            )
        suffix = Path(plain).suffix.lower()
    found = SUFFIXES.get(suffix) if to is None else next((k for k in KINDS if k == to), None)
    if found is None:
        what = f"to is {to!r}" if to is not None else f"{path or 'a stream'}: its kind is not known"
        known = ", ".join(KINDS)
        raise FormatError(f"{what}; expected one of {known}, or a suffix like .bb, .bed, .parquet")
    return found


def is_bgzf(target: Target) -> bool:
    """Whether text is to be compressed, and indexed, as the target's suffix says."""
    path = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    return Path(path).suffix.lower() in BGZF


def can_sort(target: Target, kind: Kind) -> bool:
    """Whether the target's writer brings rows into order."""
    return kind == "bigbed" or _is_lines(target, kind)


def _is_lines(target: Target, kind: Kind) -> bool:
    """Whether the target is one of the text formats that gidx.write_… write.

    Not TSV without an index, which may be any columns.
    """
    return kind in LINES and (kind != "tsv" or is_bgzf(target))


def _write_lines(
    rows: Rows,
    target: Target,
    kind: Kind,
    *,
    sort: bool = False,
    header: bool | None = None,
    threads: int | None = None,
    chromsizes: Any = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write rows as lines of BED, VCF or GFF, or of any text in BGZF with its index."""
    from gidx.formats import bed_write, gff_write, table_write, vcf_write

    options: dict[str, Any] = {"sort": sort, "threads": threads, "progress": progress}
    if not isinstance(target, str | os.PathLike) and not isinstance(
        getattr(target, "name", None), str
    ):
        target = cast(BinaryIO, _PlainSink(target))
    if kind == "vcf":
        about = schema.read_metadata(rows.schema)
        info = rows.schema.field("INFO").type if "INFO" in rows.schema.names else pa.null()
        if about.get("format") in GUESSED and is_text(info):
            raise WriteError(
                "a table of the texts of a VCF does not say of which types they are, nor of which "
                "samples; convert the VCF itself, or Parquet that was made of it",
                row=None,
            )
        vcf_write.write_vcf(rows.reader, target, **options)
    elif kind in ("gff3", "gtf"):
        gff_write.write_gff(rows.reader, target, format=kind, **options)
    elif kind == "bed":
        from gidx import as_bed

        foreign = schema.read_metadata(rows.schema).get("format") in as_bed.FORMATS
        reader = as_bed.as_bed(rows.reader) if foreign else _commented(rows).reader
        options["header"] = header
        bed_write.write_bed(reader, target, chromsizes=chromsizes, **options)
    else:
        table_write.write_tabix(rows.reader, target, header=header is not False, **options)


def _commented(rows: Rows) -> Rows:
    """Rows whose header ends with a bare line of names, as tables have it, as BED has it."""
    header = schema.read_metadata(rows.schema).get("header")
    lines = header.splitlines(keepends=True) if isinstance(header, str) else []
    if not lines or re.match(r"#|(track|browser)([ \t]|$)|\s*$", lines[-1]):
        return rows
    found = _with_entries(rows.schema, {"header": "".join([*lines[:-1], "#" + lines[-1]])})
    return replace(rows, schema=found, batches=_as(found, rows.batches))


def _as(found: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (pa.RecordBatch.from_arrays(batch.columns, schema=found) for batch in batches)


def by_sample(rows: Rows) -> Rows:
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

    return Rows(found, batches())


def with_lists_as_text(rows: Rows) -> Rows:
    """Lists, maps and structs as the texts that the format has for them.

    Whether these say all that the lists had is not known before they have passed, so a
    writer of VCF or GFF is told that they may not.
    """
    nested = [f.name for f in rows.schema if pat.is_nested(f.type)]
    found = nested_as_text(rows.schema.empty_table()).schema
    if nested:
        recorded = {nested_text.KEY: {"clear": [], "unclear": nested}}
        found = _with_entries(found, recorded)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            table = nested_as_text(pa.Table.from_batches([batch]))
            yield from table.replace_schema_metadata(found.metadata).to_batches()

    return Rows(found, batches())


def _of_samples(f: pa.Field) -> bool:
    kind = f.type
    lists = pat.is_list(kind) or pat.is_large_list(kind) or pat.is_fixed_size_list(kind)
    return f.name.startswith("FORMAT/") and lists


# ── sources ─────────────────────────────────────────────────────────────────────────────────────


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
class Rows:
    """Rows on their way, and for a bigBed what they are declared as."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    autosql: Any = None
    bed_type: str | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        """As the stream that pyarrow knows."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches)


class Source(Protocol):
    """A file that rows can be read from."""

    def rows(self, asked: Asked) -> Rows:
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
            if isinstance(found, TabixDataset) and "schema" not in own:
                if found.format in GUESSED and autosql is not None:
                    found = found.with_schema(autosql)
                elif found.format == "bed" and bed_type is not None:
                    found = found.with_schema(bed_type)
            yield IndexedSource(found)
    finally:
        if isinstance(file, PathSource):
            file.close()


_IPC_STREAM = b"\xff\xff\xff\xff"


@dataclass(frozen=True)
class IndexedSource:
    """What gidx.open opens: its own regions, its own columns."""

    dataset: Dataset

    def rows(self, asked: Asked) -> Rows:
        """Texts for text; for a bigBed too, where a declaration says what they are.

        Unless its columns are not all wanted.
        """
        found, told = self._as_asked(asked)
        options: dict[str, Any] = {
            "columns": asked.columns,
            "threads": asked.threads,
            "errors": asked.errors,
            "names": "canonical" if asked.to == "bigbed" else asked.names,
        }
        if isinstance(found, TabixDataset) and found.index is None and asked.regions is not None:
            return self._filtered(found, asked, options, told)
        options["missing_chroms"] = asked.missing_chroms
        if asked.head is None:
            reader = found.scan(asked.regions, **options)
            return Rows(_about(reader.schema, asked), iter(reader), **told)
        table = found.head(asked.head, asked.regions, **{**options, "threads": 1})
        return Rows(_about(table.schema, asked), iter(table.to_batches()), **told)

    def _as_asked(self, asked: Asked) -> tuple[Dataset, dict[str, Any]]:
        """The dataset with its columns as the target takes them, and what they are declared."""
        found = self.dataset
        whole = asked.columns is None and asked.names == "canonical"
        told: dict[str, Any] = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        if asked.errors == "raise":
            return found, told
        if isinstance(found, BigBedDataset):
            if asked.to == "bigbed" and whole and asked.autosql is None:
                told = {"autosql": found.autosql, "bed_type": asked.bed_type or found.bed_type}
            texts = asked.to in TEXT or (asked.to == "bigbed" and whole)
            return (found.as_texts() if texts else found), told
        if isinstance(found, TabixDataset):
            if asked.to in TEXT:
                return found.as_texts(), told
            if asked.to == "bigbed" and whole and found.is_declared:
                if asked.autosql is None:
                    own = schema.read_metadata(found.schema)
                    bed_type = asked.bed_type or f"bed{own['defined_fields']}+"
                    told = {"autosql": own["autosql"], "bed_type": bed_type}
                return found.as_texts(guessed=False), told
        return found, told

    def _filtered(
        self, found: Dataset, asked: Asked, options: dict[str, Any], told: dict[str, Any]
    ) -> Rows:
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
        if isinstance(self.dataset, TabixDataset):
            return None  # which only a scan would tell
        return self.dataset.count_rows()

    def say_row(self, number: int, asked: Asked) -> str:
        place = None
        if isinstance(self.dataset, TabixDataset) and asked.regions is None:
            place = self.dataset.say_row(number)
        return place or self.dataset.path


def _about(found: pa.Schema, asked: Asked) -> pa.Schema:
    """The schema, with the chroms' sizes where they were given."""
    if not asked.sizes:
        return found
    return _with_entries(found, {"chromsizes": dict(asked.sizes)})


def _with_entries(found: pa.Schema, entries: Mapping[str, Any]) -> pa.Schema:
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
        return cast(BinaryIO, _SourceFile(self.source))

    def _schema(self) -> pa.Schema:
        raise NotImplementedError

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def rows(self, asked: Asked) -> Rows:
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

        return pq.ParquetFile(self.file)

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


class _SourceFile(io.RawIOBase):
    """A source as the file that pyarrow reads."""

    def __init__(self, source: ByteSource) -> None:
        self._source, self._at = source, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._source.size - self._at)
        size = left if size is None or size < 0 else min(size, left)
        data = bytes(self._source.read(self._at, size))
        self._at += size
        return data


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
    from gidx.kernels.records import select_items

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
) -> Rows:
    """Only the columns asked for, only the first rows."""
    if list(columns) != found.names:
        found = pa.schema([found.field(n) for n in columns], found.metadata)
        batches = (batch.select(list(columns)) for batch in batches)
    return Rows(found, batches if head is None else _first(batches, head), **told)


def _first(batches: Iterator[pa.RecordBatch], n: int) -> Iterator[pa.RecordBatch]:
    while n > 0 and (batch := next(batches, None)) is not None:
        yield batch.slice(0, n)
        n -= batch.num_rows


# ── targets ─────────────────────────────────────────────────────────────────────────────────────


def write(
    rows: Rows,
    target: Target,
    *,
    to: Kind,
    header: bool | None = None,
    sort: bool = False,
    threads: int | None = None,
    chromsizes: Any = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write rows as anything but bigBed. A stream of a table is flushed with every batch."""
    if _is_lines(target, to):
        _write_lines(
            rows, target, to, sort=sort, header=header, threads=threads, chromsizes=chromsizes,
            progress=progress,
        )  # fmt: skip
        return
    batches = rows.batches if progress is None else _counted(rows.batches, progress)
    with replacing(target) as file:
        if to == "parquet":
            parquet.write(rows.schema, batches, _Sink(file))
        elif to == "arrow":
            stream = not isinstance(target, str | os.PathLike)
            _write_ipc(rows.schema, batches, file, stream=stream)
        elif to == "json":
            _write_pieces(file, (json_lines(b) for b in _small(batches)))
        else:
            text = RowText(rows.schema)
            if header is not False:
                file.write(text.header)
            _write_pieces(file, (text.rows(b) for b in _small(batches)))


def _counted(
    batches: Iterator[pa.RecordBatch], progress: Callable[[int], None]
) -> Iterator[pa.RecordBatch]:
    rows = 0
    for batch in batches:
        yield batch
        rows += batch.num_rows
        progress(rows)


def _small(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for at in range(0, batch.num_rows, STEP):
            yield batch.slice(at, STEP)


def _write_pieces(file: BinaryIO, pieces: Iterable[Any]) -> None:
    for piece in pieces:
        file.write(piece)
        file.flush()


def _write_ipc(
    found: pa.Schema, batches: Iterator[pa.RecordBatch], file: BinaryIO, *, stream: bool
) -> None:
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(_Sink(file), found, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
            file.flush()


class _PlainSink:
    """A stream without a name for writers, which take such for BGZF: here it is plain text."""

    name = "<stream>"

    def __init__(self, file: BinaryIO) -> None:
        self.write, self.flush = file.write, file.flush


class _Sink(io.RawIOBase):
    """A file that counts its bytes, as pyarrow asks where it is; a pipe does not know."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(data)
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at
