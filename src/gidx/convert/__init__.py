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

What is read is what `gidx.open` reads, of the same names and types (`gidx.convert.sources`), and
what is written is what `gidx.write_…` write. All but the target's own needs (write_bigbed
spools large streams) is in bounded memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Literal, cast

import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow import schema
from gidx.convert import as_bed
from gidx.convert.shape import (
    by_sample,
    commented,
    flat,
    with_lists_as_text,
    with_row_texts,
)
from gidx.convert.sources import (
    Outgoing,
    Request,
    Source,
    opened,
)
from gidx.declared import declare
from gidx.errors import WriteError, one_of
from gidx.formats.base import Format, Writing
from gidx.formats.registry import TAKERS, Kind, Name, Target, is_bgzf, target_kind
from gidx.formats.text.read import GUESSED
from gidx.ground.names import expanded
from gidx.options import Errors, Lists, MissingChroms, Names
from gidx.scan import format_of


def convert(
    source: Any,
    target: Target,
    *,
    regions: Any = None,
    columns: Sequence[str] | None = None,
    to: Name | None = None,
    head: int | None = None,
    chromsizes: Any = None,
    bed_type: str | None = None,
    autosql: Any = None,
    extra_index: str | Sequence[str] = (),
    clip: bool = False,
    allow_1bp_overlap: bool = False,
    value: str | None = None,
    invalid: Literal["raise", "drop"] | None = None,
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
    extra_index, clip, allow_1bp_overlap
        As in `write_bigbed`, for that target; clip for bigWig too.
    value, invalid
        As in `write_bigwig`, for that target, on whose way text of four columns is a bedGraph.
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
    kind = target_kind(target, to)
    given = {
        "extra_index": extra_index, "allow_1bp_overlap": allow_1bp_overlap, "clip": clip,
        "value": value, "invalid": invalid,
    }  # fmt: skip
    for name, takers in TAKERS.items():
        if given[name] and name not in kind.takes:
            raise WriteError(f"{name} is for {takers}, not for {kind.name}")
    if sort and not can_sort(target, kind):
        raise WriteError(f"sort is for bigBed, lines and text with an index, not for {kind.name}")
    one_of("lists", lists, ("arrow", "text"))
    if not kind.is_table and (samples_as_columns or lists == "text"):
        what = "samples as columns are" if samples_as_columns else "lists as text are"
        raise WriteError(f"{what} for tables, not for {kind.name}")
    if header is False and kind.name in ("vcf", "gff3", "gtf"):
        what = f"header=False is for tables and BED, not for {kind.name}, which has one"
        raise WriteError(what)
    if bed_type is not None:
        declare.BedType.parse(bed_type)
    sizes = {} if chromsizes is None else sizes_of.read(chromsizes)
    asked = Request(
        kind, regions, columns, head, sizes, bed_type, autosql, threads, names, errors,
        missing_chroms,
    )  # fmt: skip

    def run(found: Source) -> None:
        rows = found.rows(asked)
        if samples_as_columns:
            rows = by_sample(rows)
        if lists == "text":
            rows = with_lists_as_text(rows)
        options = Writing(
            header, sizes or None, rows.bed_type, rows.autosql, extra_index, clip,
            allow_1bp_overlap, sort, threads, progress, value, invalid,
        )  # fmt: skip
        write(rows, target, kind, options)

    with opened(source, opening, autosql, bed_type, kind) as found:
        try:
            if isinstance(target, str | os.PathLike):
                _check_apart(format_of(found.dataset), target)
                found.dataset.whole(lambda dataset: run(Source(dataset)))
            else:  # a stream cannot be taken back where a guessed type was too narrow
                run(found)
        except WriteError as error:
            row = getattr(error, "row", None)  # of what is wrong with all, or with options, none
            if row is None:
                raise
            raise WriteError(f"{found.say_row(row, asked)}: {error}", row=row) from None


def _check_apart(file: Format, target: str | os.PathLike[str]) -> None:
    """Refuse to write over what is read: what the target does not hold would be lost."""
    for one in getattr(file, "files", [file]):
        with suppress(OSError):  # one of them is no file, or not there yet
            if os.path.samefile(expanded(one.source.name), expanded(target)):
                raise WriteError(
                    f"{os.fspath(target)}: it is read here, so it is not written over; write "
                    "another file, and move that",
                    row=None,
                )


def can_sort(target: Target, kind: Kind) -> bool:
    """Whether the target's writer brings rows into order.

    Not that of TSV without an index, which may be any columns.
    """
    return not kind.is_table or (kind.is_lines and is_bgzf(target))


# ── targets ─────────────────────────────────────────────────────────────────────────────────────


def write(rows: Outgoing, target: Target, kind: Kind, options: Writing) -> None:
    """Write rows as one of the kinds that there are. A table's stream is flushed batch by batch."""
    if kind.write is None:
        raise WriteError(f"{kind.title} is not written")
    kind.write(_prepared(rows, target, kind).reader, _plain(target, kind), options)


def _prepared(rows: Outgoing, target: Target, kind: Kind) -> Outgoing:
    """Rows as the kind's writer takes them, whatever they have been."""
    found = schema.read_metadata(rows.schema).get("format")
    if kind.name == "vcf":
        parted = any(n.startswith(("INFO/", "FORMAT/")) for n in rows.schema.names)
        if found in GUESSED and parted:
            raise WriteError(
                "a table of the texts of a VCF does not say of which types they are, nor of which "
                "samples; convert the VCF itself, or Parquet that was made of it",
                row=None,
            )
    elif kind.name == "bed":
        if found in as_bed.FORMATS:
            made = as_bed.as_bed(rows.reader)
            return Outgoing(made.schema, iter(made))
        return commented(flat(rows))
    elif kind.name == "bigbed" and found in as_bed.FORMATS:
        _check_plain(rows, found)
    elif kind.name == "tsv" and is_bgzf(target):
        return with_row_texts(rows)
    return rows


def _check_plain(rows: Outgoing, found: str) -> None:
    """Refuse what a bigBed cannot hold of a VCF, GFF or SAM, with both ways out."""
    if not any(pat.is_map(f.type) for f in rows.schema):
        return
    names = [*schema.HEAD, {"vcf": "ref", "sam": "flag"}.get(found, "type")]
    raise WriteError(
        f"a bigBed has no place for the maps and missing values of {found.upper()} rows; make a "
        f"BED of them, and of that a bigBed; or take plain columns alone: columns={names!r}",
        row=None,
    )


def _plain(target: Target, kind: Kind) -> Target:
    """The target; a stream without a name, which writers of lines take for BGZF, as plain text."""
    if isinstance(target, str | os.PathLike) or not kind.is_lines:
        return target
    named = isinstance(getattr(target, "name", None), str)
    return target if named else cast(BinaryIO, _PlainSink(target))


class _PlainSink:
    """A stream that calls itself plain text."""

    name = "<stream>"

    def __init__(self, file: BinaryIO) -> None:
        self.write, self.flush = file.write, file.flush
