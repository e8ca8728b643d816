"""Which formats there are: what tells each, and what opens, proves and writes it. One table.

    first bytes, of text the first lines ─▶ Kind ─▶ open, prove
    a target's ending, or its name       ─▶ Kind ─▶ write

To add a format is to add a line to `KINDS`. What a line names is imported when it is
needed, so that a file of one format does not wait for the code of all others, and the
command line can tell what there is without any.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from gidx.errors import FormatError, format_error
from gidx.formats.text import looks
from gidx.formats.text.looks import TextKind
from gidx.ground import suffixes
from gidx.options import meant

if TYPE_CHECKING:
    import pyarrow as pa

    from gidx.formats.base import Format, Opening, Writing
    from gidx.formats.text.dialect import Dialect, Head
    from gidx.formats.text.read import TabixText
    from gidx.ground.source import ByteSource

Name = Literal[
    "bigbed", "bigwig", "bed", "vcf", "gff3", "gtf", "sam", "tsv", "parquet", "arrow", "json"
]
Target = str | os.PathLike[str] | BinaryIO

COMPRESSED = (*suffixes.BGZF, ".zst", ".bz2", ".xz")


@dataclass(frozen=True)
class Kind:
    """One format. What it cannot do is None."""

    name: Name
    title: str  # as messages call it
    endings: tuple[str, ...] = ()  # of a target that is to be of it
    options: tuple[str, ...] = ()  # of `gidx.open`
    begins: Callable[[bytes], bool] | None = None  # whether a file's first bytes are its own
    open: Callable[[ByteSource, Opening], Format] | None = None
    text: TextKind | None = None  # of text: what lines tell; instead of begins, open and prove
    # What is wrong with an open file's index, in words; is given how many rows of each chrom
    # there are, and threads.
    prove: Callable[[Any, Mapping[str | None, int], int | None], list[str]] | None = None
    write: Callable[[pa.RecordBatchReader, Target, Writing], None] | None = None
    takes: tuple[str, ...] = ()  # options of `gidx.convert` that only some targets have
    is_table: bool = False  # any columns, with the reader's own names
    is_binary: bool = False  # nothing for a terminal

    @property
    def is_lines(self) -> bool:
        """Whether it is text that can be written as BGZF with a tabix index."""
        return self.text is not None and self.write is not None


# ── what opens, proves and writes ───────────────────────────────────────────────────────────────


def _open_bigbed(source: ByteSource, opening: Opening) -> Format:
    from gidx.formats.bigbed.read import BigBed
    from gidx.ground.charset import encoding_of

    own = opening.options
    types = own.get("types")
    found = BigBed(source, encoding_of(own.get("encoding"), own.get("encoding_errors")))
    return found if types is None else found.with_types(types)


def _prove_bigbed(file: Any, counts: Mapping[str | None, int], threads: int | None) -> list[str]:
    from gidx.formats.bigbed.proof import prove

    del counts, threads
    return prove(file)


def _write_bigbed(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.errors import WriteError
    from gidx.formats.bigbed.write import write_bigbed

    if not isinstance(target, str | os.PathLike):
        raise WriteError("a bigBed file cannot be written to a stream; name a file")
    write_bigbed(
        rows, target, options.chromsizes, bed_type=options.bed_type, autosql=options.autosql,
        extra_index=options.extra_index, clip=options.clip,
        allow_1bp_overlap=options.allow_1bp_overlap, **options.of_all,
    )  # fmt: skip


def _open_bigwig(source: ByteSource, opening: Opening) -> Format:
    from gidx.formats.bigwig.read import BigWig

    del opening
    return BigWig(source)


def _prove_bigwig(file: Any, counts: Mapping[str | None, int], threads: int | None) -> list[str]:
    from gidx.formats.bigwig.proof import prove

    del counts, threads
    return prove(file)


def _write_bigwig(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.errors import WriteError
    from gidx.formats.bigwig.write import write_bigwig

    if not isinstance(target, str | os.PathLike):
        raise WriteError("a bigWig file cannot be written to a stream; name a file")
    write_bigwig(
        rows, target, options.chromsizes, value=options.value, invalid=options.invalid or "raise",
        clip=options.clip, **options.of_all,
    )  # fmt: skip


def _prove_text(file: Any, counts: Mapping[str | None, int], threads: int | None) -> list[str]:
    from gidx.formats.text.proof import problems

    return problems(file, counts, threads)


def _bed(head: Head, **options: Any) -> Dialect:
    from gidx.formats.bed.read import from_head

    return from_head(head, **options)


def _write_bed(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.bed.write import write_bed

    header, sizes = options.header, options.chromsizes
    write_bed(rows, target, header=header, chromsizes=sizes, **options.of_all)


def _gff(head: Head, **options: Any) -> Dialect:
    from gidx.formats.gff.read import from_head

    return from_head(head, **options)


def _write_gff3(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.gff.write import write_gff

    write_gff(rows, target, format="gff3", **options.of_all)


def _write_gtf(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.gff.write import write_gff

    write_gff(rows, target, format="gtf", **options.of_all)


def _vcf(head: Head, **options: Any) -> Dialect:
    from gidx.formats.vcf.read import from_head

    return from_head(head, **options)


def _write_vcf(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.vcf.write import write_vcf

    write_vcf(rows, target, **options.of_all)


def _sam(head: Head, **options: Any) -> Dialect:
    from gidx.formats.sam.read import from_head

    return from_head(head, **options)


def _table(head: Head, **options: Any) -> Dialect:
    from gidx.formats.table.read import from_head

    return from_head(head, **options)


def _write_table(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """With a tabix index as `write_tabix` does; without, any columns."""
    if is_bgzf(target):
        from gidx.formats.table.write import write_tabix

        write_tabix(rows, target, header=options.header is not False, **options.of_all)
    else:
        from gidx.formats.table.plain import write_tsv

        write_tsv(rows, target, options)


def _write_json(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.table.plain import write_json

    write_json(rows, target, options)


def _open_parquet(source: ByteSource, opening: Opening) -> Format:
    from gidx.formats.parquet.read import ParquetTable

    return ParquetTable(source, opening)


def _prove_parquet(file: Any, counts: Mapping[str | None, int], threads: int | None) -> list[str]:
    from gidx.formats.parquet.proof import prove

    del counts, threads
    return prove(file)


def _write_parquet(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.parquet.write import write_file

    write_file(rows, target, options)


def _open_arrow(source: ByteSource, opening: Opening) -> Format:
    from gidx.formats.arrow.read import ArrowTable

    return ArrowTable(source, opening)


def _write_arrow(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    from gidx.formats.arrow.write import write_file

    write_file(rows, target, options)


# ── the table ───────────────────────────────────────────────────────────────────────────────────

_BIGBED = (b"\xeb\xf2\x89\x87", b"\x87\x89\xf2\xeb")
_BIGWIG = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")
_ARROW = (b"ARROW1", b"\xff\xff\xff\xff")  # a file; a stream

# Where rows look like several, the first is it.
KINDS: dict[str, Kind] = {kind.name: kind for kind in (
    Kind("bigbed", "bigBed", (".bb", ".bigbed"), ("types", "encoding", "encoding_errors"),
         begins=lambda head: head.startswith(_BIGBED), open=_open_bigbed, prove=_prove_bigbed,
         write=_write_bigbed, takes=("extra_index", "allow_1bp_overlap", "clip")),
    Kind("bigwig", "bigWig", (".bw", ".bigwig"), begins=lambda head: head.startswith(_BIGWIG),
         open=_open_bigwig, prove=_prove_bigwig, write=_write_bigwig,
         takes=("clip", "value", "invalid")),
    Kind("bed", "BED", (".bed", ".bedgraph", ".bdg"),
         text=TextKind(_bed, looks.BED, ("schema",)), write=_write_bed),
    Kind("gff3", "GFF3", (".gff3", ".gff"), text=TextKind(_gff, looks.GFF3, ("attributes",)),
         write=_write_gff3),
    Kind("gtf", "GTF", (".gtf",), text=TextKind(_gff, looks.GTF, ("attributes",)),
         write=_write_gtf),
    Kind("vcf", "VCF", (".vcf",), text=TextKind(_vcf, looks.VCF, ("samples", "gt")),
         write=_write_vcf),
    Kind("sam", "SAM", text=TextKind(_sam, looks.SAM)),
    Kind("tsv", "TSV", (".tsv", ".txt"), text=TextKind(_table, looks.TABLE, ("schema",)),
         write=_write_table, is_table=True),
    Kind("parquet", "Parquet", (".parquet", ".pq"),
         begins=lambda head: head.startswith(b"PAR1"), open=_open_parquet, prove=_prove_parquet,
         write=_write_parquet,
         is_table=True, is_binary=True),
    Kind("arrow", "Arrow", (".arrow", ".feather", ".ipc"),
         begins=lambda head: head.startswith(_ARROW), open=_open_arrow, write=_write_arrow,
         is_table=True, is_binary=True),
    Kind("json", "JSON", (".json", ".jsonl", ".ndjson"), write=_write_json, is_table=True),
)}  # fmt: skip
TEXTS: dict[str, TextKind] = {
    kind.name: kind.text for kind in KINDS.values() if kind.text is not None
}
LINES = tuple(kind.name for kind in KINDS.values() if kind.is_lines)  # which BGZF is for
# of each option that only some targets have, which have it
TAKERS = {
    option: " and ".join(kind.title for kind in KINDS.values() if option in kind.takes)
    for option in dict.fromkeys(option for kind in KINDS.values() for option in kind.takes)
}
_ENDINGS = {ending: kind for kind in KINDS.values() for ending in kind.endings}
_SHOWN = 16  # bytes that tell a format


# ── asking it ───────────────────────────────────────────────────────────────────────────────────


def open(source: ByteSource, opening: Opening) -> Format:
    """The open file that a source is; raises FormatError for what gidx does not read."""
    kind = _begun(source)
    expected = opening.kinds
    if kind is None or kind.open is None:
        if source.size == 0 and expected is None and opening.otherwise is None:
            raise format_error(source.name, 0, "no format that gidx reads: the file is empty")
        return _text(source, opening)
    if expected is not None and kind.name not in expected:
        what = f"a {kind.title}, expected {expected[0]}; use gidx.read"
        raise format_error(source.name, 0, what)
    if opening.index is not None:
        raise TypeError(f"{source.name}: a {kind.title} file has its index inside; drop index=")
    for option, value in opening.options.items():
        if value is not None and option not in kind.options:
            known = ", ".join(kind.options) or "none"
            there = f"there {'are' if len(kind.options) > 1 else 'is'} {known}"
            raise TypeError(
                f"a {kind.title} file has no option {option!r}"
                f"{meant(option, kind.options)}; {there}"
            )
    return kind.open(source, opening)


def _begun(source: ByteSource) -> Kind | None:
    """Which format's first bytes these are; None of text, and of what nobody knows."""
    head = bytes(source.read(0, min(_SHOWN, source.size)))
    return next((k for k in KINDS.values() if k.begins is not None and k.begins(head)), None)


def open_text(source: ByteSource, opening: Opening) -> TabixText:
    """The text file that a source is; raises FormatError where it is none."""
    kind = _begun(source)
    if kind is not None and kind.open is not None:
        raise format_error(
            source.name, 0, f"a {kind.title} file, which is read without an index beside it; "
            "indexes are for rows of text",
        )  # fmt: skip
    return _text(source, opening)


def _text(source: ByteSource, opening: Opening) -> TabixText:
    from gidx.formats.text.open import open_text

    return open_text(source, TEXTS, opening)


def prove(file: Format, counts: Mapping[str | None, int], threads: int | None) -> list[str]:
    """What is wrong with a file's index, in words.

    ``counts`` are how many rows of each chrom a scan has found.
    """
    kind = KINDS[file.kind]
    check = _prove_text if kind.text is not None else kind.prove
    return [] if check is None else check(file, counts, threads)


def target_kind(target: Target, to: str | None = None) -> Kind:
    """What to write: ``to``, else what the target's ending says; raises FormatError."""
    path = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    ending = Path(path).suffix.lower()
    if ending in COMPRESSED:
        plain = path[: -len(ending)]
        inner = _ENDINGS.get(Path(plain).suffix.lower()) if to is None else KINDS.get(to)
        if ending not in suffixes.BGZF or inner is None or not inner.is_lines:
            raise FormatError(
                f"{path}: {ending} is for rows of text ({', '.join(LINES)}) in BGZF; name {plain}"
            )
        return inner
    found = _ENDINGS.get(ending) if to is None else KINDS.get(to)
    if found is None or found.write is None:
        what = f"to is {to!r}" if to is not None else f"{path or 'a stream'}: its kind is not known"
        known = ", ".join(kind.name for kind in KINDS.values() if kind.write is not None)
        raise FormatError(f"{what}; expected one of {known}, or a suffix like .bb, .bed, .parquet")
    return found


def is_bgzf(target: Target) -> bool:
    """Whether text is to be compressed, and indexed, as the target's ending says."""
    path = os.fspath(target) if isinstance(target, str | os.PathLike) else ""
    return suffixes.says_bgzf(path)
