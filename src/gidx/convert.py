"""Any file to any: bigBed, BED, VCF, GFF, TSV, Parquet, Arrow IPC, and JSON lines to write.

    source ─ Source.rows ─▶ Rows: a schema, batches ─ write ─▶ target

=======  =======================  ================================================
kind     suffixes                 rows
=======  =======================  ================================================
bigbed   .bb .bigbed
bed      .bed                     text without a header, ready for bedToBigBed
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

From bigBed to text nothing is decoded: rows keep their text, also where it is not of
its declared type, as bigBedToBed does. Text goes to bigBed the same way, and the
writer sees to it that every value is what the declaration says.

All but the target's own needs (write_bigbed spools large streams) is in bounded
memory. Text whose types or chroms must be known first is read twice.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import chromsizes as sizes_of
from gidx import dataset, declare, parquet, schema
from gidx.atomic import replacing
from gidx.bbi.header import BIGBED_MAGIC, BIGWIG_MAGIC
from gidx.bgzf import block
from gidx.bgzf.block import is_gzip
from gidx.dataset import BigBedDataset, Dataset, Errors, TabixDataset
from gidx.errors import ColumnError, FormatError, WriteError
from gidx.formats.base import Names
from gidx.formats.tabix_open import looks_like
from gidx.nested_text import nested_as_text
from gidx.region import RegionSet, resolve
from gidx.rowtext import RowText, json_lines
from gidx.source import open_source
from gidx.text import TextTable, Typed

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
) -> None:
    """Convert a file of any kind to a file of any kind; it appears when it is finished.

    Parameters
    ----------
    source : str, PathLike, Dataset or binary file
        A bigBed, BED, TSV, Parquet or Arrow IPC file; its content tells which. ``-`` is
        standard input.
    target : str, PathLike or binary file
        The file to write.
    regions, columns, names, errors, threads
        As in `Dataset.scan`. Files without an index are read whole and filtered.
        ``errors`` is for values that text to typed columns, or a bigBed's to typed
        ones, cannot read; ``"raise"`` also looks at what goes from bigBed to text.
    to : "bigbed", "bed", "vcf", "gff3", "gtf", "tsv", "parquet", "arrow" or "json", optional
        The target's kind. Default: its suffix says.
    head : int, optional
        The first rows only.
    chromsizes, bed_type, autosql
        As in `write_bigbed`. For text, ``bed_type`` and ``autosql`` also say what its
        columns are called and of which type they are.
    extra_index
        As in `write_bigbed`, for that target.
    sort : bool
        Sort the rows, where the target has an index.
    header : bool, optional
        Whether text begins with a line of names. Default: TSV does, BED does not.
    progress : callable, optional
        Is given the number of rows so far.
    samples_as_columns : bool
        A column for each FORMAT field of each sample of a VCF, ``FORMAT/AD:s1``, each as
        VCF writes it, in TSV, JSON, Parquet and Arrow.
    opening : mapping, optional
        Options of `gidx.open`: ``schema``, ``types``, ``encoding`` …

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
    lines = kind in LINES and (kind not in TEXT or is_bgzf(target))
    if extra_index and kind != "bigbed":
        raise WriteError(f"extra_index is for bigBed, not for {kind}")
    if sort and kind != "bigbed" and not is_bgzf(target):
        raise WriteError(f"sort is for bigBed and text with an index, not for {kind}")
    asked = Asked(
        kind, regions, columns, head, chromsizes, bed_type, autosql, threads, names, errors
    )  # fmt: skip
    if samples_as_columns and kind in ("bigbed", "bed", "vcf", "gff3", "gtf"):
        raise WriteError(f"samples as columns are for tables, not for {kind}")

    def run(found: Source) -> None:
        rows = found.rows(asked)
        if samples_as_columns:
            rows = by_sample(rows)
        if lines or (kind == "bed" and _foreign(rows)):
            write_lines(
                rows, target, kind, sort=sort, header=header, threads=threads,
                chromsizes=chromsizes, progress=progress,
            )  # fmt: skip
            return
        if kind != "bigbed":
            write(rows, target, to=kind, header=header, progress=progress)
            return
        from gidx.formats.bigbed_write import write_bigbed

        if not isinstance(target, str | os.PathLike):
            raise WriteError("a bigBed file cannot be written to a stream; name a file")
        write_bigbed(
            rows.reader, target, chromsizes, bed_type=rows.bed_type, autosql=rows.autosql,
            extra_index=extra_index, sort=sort, threads=threads, progress=progress,
        )  # fmt: skip

    with opened(source, opening) as found:
        if isinstance(found, IndexedSource) and isinstance(target, str | os.PathLike):
            found.dataset.whole(lambda dataset: run(IndexedSource(dataset)))
        else:  # a stream cannot be taken back where a guessed type was too narrow
            run(found)


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


def write_lines(
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
    """Write rows as lines of VCF or GFF, or of any text in BGZF with its index."""
    from gidx.formats import bed_write, gff_write, table_write, vcf_write

    options: dict[str, Any] = {"sort": sort, "threads": threads, "progress": progress}
    if not isinstance(target, str | os.PathLike) and not isinstance(
        getattr(target, "name", None), str
    ):
        target = cast(BinaryIO, _PlainSink(target))
    if kind == "vcf":
        vcf_write.write_vcf(rows.reader, target, **options)
    elif kind in ("gff3", "gtf"):
        gff_write.write_gff(rows.reader, target, format=kind, **options)
    elif kind == "bed":
        rows = as_bed(rows) if _foreign(rows) else rows
        sizes = None if chromsizes is None else sizes_of.read(chromsizes)
        bed_write.write_bed(rows.reader, target, chromsizes=sizes, **options)
    else:
        table_write.write_tabix(rows.reader, target, header=header is not False, **options)


def _foreign(rows: Rows) -> bool:
    """Whether rows are of VCF or GFF, whose columns are not BED's."""
    return schema.read_metadata(rows.schema).get("format") in ("vcf", "gff3", "gtf")


def as_bed(rows: Rows) -> Rows:
    """Rows of VCF or GFF as BED6: chrom, start, end, name, score, strand.

    As bedops' gff2bed and vcf2bed fill them: the name is GFF's attribute ID (GTF's
    gene_id), VCF's ID; the score GFF's score, VCF's QUAL; a VCF has no strand. Their further
    columns (source, type, REF, INFO …) have no place in BED6; TSV and Parquet keep them.
    Scores are as they are: BED's range of 0 to 1000 is not forced on them.
    """
    names = rows.schema.names
    picked = {"name": ("ID", "gene_id", "id"), "score": ("score", "qual"), "strand": ("strand",)}
    sources = [next((n for n in known if n in names), None) for known in picked.values()]
    about = schema.metadata(format="bed", coordinates="0-based half-open")
    kinds = [pa.string(), pa.string(), pa.string()]
    head = [rows.schema.field(n) for n in schema.HEAD]
    found = pa.schema([*head, *zip(picked, kinds, strict=True)], about)

    def text(batch: pa.RecordBatch, name: str | None) -> pa.Array:
        if name is None:
            return pa.nulls(batch.num_rows, pa.string()).fill_null(".")
        table = nested_as_text(pa.table({name: batch.column(name)}))
        array = table.column(0).combine_chunks()
        if pat.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        return array.cast(pa.string()).fill_null(".")

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            arrays = [*(batch.column(n) for n in schema.HEAD), *(text(batch, n) for n in sources)]
            yield pa.RecordBatch.from_arrays(arrays, schema=found)

    return Rows(found, batches())


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
    chromsizes: Any = None
    bed_type: str | None = None
    autosql: Any = None
    threads: int | None = None
    names: Names = "canonical"
    errors: Errors = "warn"

    def check_names(self, name: str) -> None:
        if self.names != "canonical":
            raise ColumnError(f"{name}: only a bigBed has native names; its columns keep theirs")


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


@contextmanager
def opened(source: Any, opening: Mapping[str, Any] | None = None) -> Iterator[Source]:
    """The source that a path, a Dataset or a binary file is."""
    if isinstance(source, Dataset):
        yield IndexedSource(source)
        return
    with ExitStack() as stack:
        file, name = _open(source, stack)
        magic = file.read(8)
        file.seek(0)
        number = magic[:4]
        if number in (m.to_bytes(4, order) for m in _BBI for order in _ORDERS):
            path = isinstance(source, str | os.PathLike) and source != "-"
            yield IndexedSource(dataset.open(source if path else file, **(opening or {})))
        elif number == b"PAR1":
            yield ParquetSource(file, name)
        elif magic[:6] == b"ARROW1" or number == b"\xff\xff\xff\xff":
            yield IpcSource(file, name, stream=number == b"\xff\xff\xff\xff")
        else:
            path = isinstance(source, str | os.PathLike) and source != "-"
            found = _opened_lines(source if path else file, opening or {})
            yield TextSource(file, name) if found is None else IndexedSource(found)


def _opened_lines(source: Any, opening: Mapping[str, Any]) -> Dataset | None:
    """A text file as a Dataset: one that has an index, or a header that says what it is.

    BED and tables without are for `TextSource`, which takes plain gzip too and looks at
    all rows before it types a column.
    """
    lines = open_source(source)
    head = bytes(lines.read(0, min(lines.size, 1 << 16)))
    if is_gzip(head) and not block.is_bgzf(head):
        plain = zlib.decompressobj(31).decompress(head, 4096)
        if not plain.startswith((b"##fileformat=VCF", b"##gff-version")):
            return None
    elif not opening and looks_like(lines) is None:
        return None
    return dataset.open(source, **opening)


_BBI = (BIGBED_MAGIC, BIGWIG_MAGIC)
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")


def _open(source: Any, stack: ExitStack) -> tuple[BinaryIO, str]:
    """A binary file that can seek, and its name; ``-`` is standard input."""
    file: BinaryIO
    if isinstance(source, str | os.PathLike) and source != "-":
        name = os.fspath(source)
        if "://" in name:
            import fsspec

            file = stack.enter_context(fsspec.open(name, "rb"))
        else:
            file = stack.enter_context(open(name, "rb"))  # noqa: SIM115 (the stack closes it)
    elif source == "-":
        name, file = "<stdin>", sys.stdin.buffer
    elif hasattr(source, "read"):
        name, file = str(getattr(source, "name", f"<{type(source).__name__}>")), source
    else:
        raise FormatError(
            f"cannot read rows from {type(source).__name__}; expected a path, a Dataset or a "
            "binary file (a DataFrame has write_bigbed)"
        )
    if not file.seekable():  # a pipe; Parquet is read from its end, text to be typed twice
        spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        shutil.copyfileobj(file, spool)
        spool.seek(0)
        file = spool
    return file, name


@dataclass(frozen=True)
class IndexedSource:
    """What gidx.open opens: its own regions, its own columns."""

    dataset: Dataset

    def rows(self, asked: Asked) -> Rows:
        """Texts for text; for a bigBed too, unless its columns are not all wanted."""
        found = self.dataset
        whole = asked.columns is None and asked.names == "canonical"
        texts = asked.to in TEXT and asked.errors != "raise"
        told: dict[str, Any] = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        if isinstance(found, BigBedDataset):
            if asked.to == "bigbed" and whole and asked.errors != "raise":
                texts = True
                if asked.autosql is None:
                    told = {"autosql": found.autosql, "bed_type": asked.bed_type or found.bed_type}
            found = found.as_texts() if texts else found
        options: dict[str, Any] = {
            "columns": asked.columns,
            "threads": asked.threads,
            "errors": asked.errors,
            "names": "canonical" if asked.to == "bigbed" else asked.names,
        }
        if isinstance(found, TabixDataset) and found.index is None and asked.regions is not None:
            return self._filtered(asked, options, told)
        if asked.head is None:
            reader = found.scan(asked.regions, **options)
            return Rows(reader.schema, iter(reader), **told)
        table = found.head(asked.head, asked.regions, **{**options, "threads": 1})
        return Rows(table.schema, iter(table.to_batches()), **told)

    def _filtered(self, asked: Asked, options: dict[str, Any], told: dict[str, Any]) -> Rows:
        """Read whole, since there is no index."""
        asked.check_names(self.dataset.path)
        whole = self.dataset.schema
        columns = [whole.names[i] for i in schema.project(whole, asked.columns)]
        wanted = list(dict.fromkeys((*columns, *schema.HEAD)))
        reader = self.dataset.scan(**{**options, "columns": wanted})
        batches = _filtered(iter(reader), asked.regions, list(self.dataset.chroms))
        return _finished(reader.schema, batches, columns, asked.head, told)

    def count(self) -> int | None:
        if isinstance(self.dataset, TabixDataset):
            return None  # which only a scan would tell
        return self.dataset.count_rows()


@dataclass
class TextSource:
    """BED or TSV."""

    file: BinaryIO
    name: str

    def rows(self, asked: Asked) -> Rows:
        """Text for text and bigBed, else typed by the AutoSQL, by BED, or by looking."""
        asked.check_names(self.name)
        given = None if asked.autosql is None else declare.text_of(asked.autosql)
        bed = None if asked.bed_type is None else declare.BedType.parse(asked.bed_type)
        table = TextTable(
            self.file,
            self.name,
            None if given is None else given[1],
            None if bed is None else bed.defined,
        )
        if bed is not None:
            bed.check(len(table.names))
        sizes = None if asked.chromsizes is None else sizes_of.read(asked.chromsizes)
        about = table.metadata(chromsizes=sizes)
        named = list(table.schema.names)
        columns = [named[i] for i in schema.project(table.schema, asked.columns)]
        wanted = columns
        if asked.regions is not None:
            wanted = list(dict.fromkeys((*columns, *schema.HEAD)))
        told = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        chroms: Iterable[str] = ()
        declared = table.declared is not None and columns == named
        if asked.to in TEXT or (asked.to == "bigbed" and declared):
            found = pa.schema([table.schema.field(n) for n in wanted], about)
            batches = table.batches(wanted)
            if asked.regions is not None:
                chroms = table.chroms()
            if table.declared is not None and asked.autosql is None:
                told = {"autosql": table.declared.text, "bed_type": table.bed_type}
        else:
            typed = Typed(table, asked.errors)
            found = pa.schema([typed.schema.field(n) for n in wanted], about)
            batches = typed.batches(wanted, about)
            chroms = typed.chroms
        batches = _filtered(batches, asked.regions, [*(sizes or ()), *chroms])
        return _finished(found, batches, columns, asked.head, told)

    def count(self) -> int | None:
        return None


@dataclass
class _ArrowSource:
    """Tables in a file: any columns, but BED and bigBed need chrom, start, end."""

    file: BinaryIO
    name: str

    def _schema(self) -> pa.Schema:
        raise NotImplementedError

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def rows(self, asked: Asked) -> Rows:
        """As they are; chrom, start, end first, chrom in the order of the metadata's chroms."""
        asked.check_names(self.name)
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
        batches = _filtered(batches, asked.regions, chroms, heads or schema.HEAD)
        told = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        return _finished(found, batches, columns, asked.head, told)

    def count(self) -> int | None:
        return None

    def _guarded(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with _wrapped(self.name):
            yield from self._batches(columns)


class ParquetSource(_ArrowSource):
    """A Parquet file."""

    def _file(self) -> Any:
        import pyarrow.parquet as pq

        self.file.seek(0)
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
        self.file.seek(0)
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
    regions: Any,
    chroms: Sequence[str],
    heads: Sequence[str] = schema.HEAD,
) -> Iterator[pa.RecordBatch]:
    """Rows that overlap the regions; ``chroms`` are all that there are."""
    if regions is None:
        return batches
    names = dict.fromkeys(chroms)
    return _overlapping(batches, resolve(regions, names), pa.array(names, pa.string()), heads)


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
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write rows as anything but bigBed. A stream is flushed with every batch."""
    if to == "bed":
        heads = declare.find_heads(rows.schema.names[:3])
        if heads is None or list(heads) != rows.schema.names[:3]:
            shown = ", ".join(rows.schema.names[:3]) or "none"
            raise ColumnError(
                f"BED rows begin with chrom, start, end, found {shown}; choose these columns "
                "first, or write TSV"
            )
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
            text = RowText(rows.schema, missing="." if to == "bed" else "")
            if header or (header is None and to == "tsv"):
                file.write((b"#" if to == "bed" else b"") + text.header)
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
