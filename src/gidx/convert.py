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

What is read is what `gidx.open` reads, of the same names and types (`convert_sources`), and
what is written is what `gidx.write_…` write. All but the target's own needs (write_bigbed
spools large streams) is in bounded memory.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow import nested as nested_text
from gidx.arrow import schema
from gidx.arrow.batches import is_list
from gidx.arrow.nested import nested_as_text
from gidx.arrow.rows import RowText, json_lines
from gidx.autosql import declare
from gidx.convert_sources import (
    STEP,
    TABLES,
    Asked,
    IndexedSource,
    Kind,
    Rows,
    Source,
    opened,
    with_entries,
)
from gidx.errors import FormatError, WriteError, one_of
from gidx.formats import parquet
from gidx.formats.text.read import GUESSED
from gidx.ground.atomic import replacing
from gidx.options import Errors, Lists, MissingChroms, Names

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
LINES: tuple[Kind, ...] = ("bed", "vcf", "gff3", "gtf", "tsv")  # which BGZF is for

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
    if header is False and kind in ("vcf", "gff3", "gtf"):
        raise WriteError(f"header=False is for tables and BED, not for {kind}, which has one")
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
        from gidx.formats.bigbed.write import write_bigbed

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
    from gidx.formats.bed import write as bed_write
    from gidx.formats.gff import write as gff_write
    from gidx.formats.table import write as table_write
    from gidx.formats.vcf import write as vcf_write

    options: dict[str, Any] = {"sort": sort, "threads": threads, "progress": progress}
    if not isinstance(target, str | os.PathLike) and not isinstance(
        getattr(target, "name", None), str
    ):
        target = cast(BinaryIO, _PlainSink(target))
    if kind == "vcf":
        about = schema.read_metadata(rows.schema)
        parted = any(n.startswith(("INFO/", "FORMAT/")) for n in rows.schema.names)
        if about.get("format") in GUESSED and parted:
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
        reader = as_bed.as_bed(rows.reader) if foreign else _commented(_flat(rows)).reader
        options["header"] = header
        bed_write.write_bed(reader, target, chromsizes=chromsizes, **options)
    else:
        table_write.write_tabix(_flat(rows).reader, target, header=header is not False, **options)


def _flat(rows: Rows) -> Rows:
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


def _commented(rows: Rows) -> Rows:
    """Rows whose header ends with a bare line of names, as tables have it, as BED has it."""
    header = schema.read_metadata(rows.schema).get("header")
    lines = header.splitlines(keepends=True) if isinstance(header, str) else []
    if not lines or re.match(r"#|(track|browser)([ \t]|$)|\s*$", lines[-1]):
        return rows
    found = with_entries(rows.schema, {"header": "".join([*lines[:-1], "#" + lines[-1]])})
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
        found = with_entries(found, recorded)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            table = nested_as_text(pa.Table.from_batches([batch]))
            yield from table.replace_schema_metadata(found.metadata).to_batches()

    return Rows(found, batches())


def _of_samples(f: pa.Field) -> bool:
    return f.name.startswith("FORMAT/") and is_list(f.type)


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
