"""What text of each format looks like: its header, its rows, its name. No format is read here.

Left out: what an index says, but for the columns it names (gidx.formats.text.open).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gidx.formats.text.dialect import Dialect, Head

Columns = tuple[int, int, int]  # chrom, start, end, from 0; end may be start's

SAM_HEADER = re.compile(rb"@(HD|SQ|RG|PG|CO)\t")
NUMBER = re.compile(rb"-?[0-9]+")
# A line of `track` or `browser` is a row where its fields are: such a chrom may be in GFF or VCF
NOT_A_ROW = (
    rb"[ \t\r]*\n|(?:track|browser)(?:[ \r\n]"
    rb"|\t(?!-?[0-9]+[\t\r\n]|[^\t\n]*\t[^\t\n]*\t[0-9]+\t[0-9]+\t))"
)
_BASES = re.compile(rb"[ACGTNacgtn]+")


def _never(*_: object) -> bool:
    return False


@dataclass(frozen=True)
class Look:
    """How one format is told."""

    header: Callable[[Head], bool] = _never  # whether the lines before the rows say it
    row: Callable[[bytes, Head], bool] = _never  # whether a row looks like one of it
    # what an index has for it: columns, whether they count from 0; and whether rows fit then
    columns: tuple[Columns, bool] | None = None
    fits: Callable[[list[bytes], Head], bool] = lambda _rows, _head: True
    # a file without rows whose name ends so is one without rows of it
    endings: tuple[str, ...] = ()
    is_any_table: bool = False  # whatever has columns for chrom, start and end


@dataclass(frozen=True)
class TextKind:
    """One format of text: what makes its dialect of a file's head, and how it is told."""

    make: Callable[..., Dialect]
    look: Look
    options: tuple[str, ...] = ()  # of `gidx.open`, beside those of all text


# ── lines and fields ────────────────────────────────────────────────────────────────────────────


def split(line: bytes) -> list[bytes]:
    """Fields, parted by tabs; by blanks where there are none."""
    line = line.rstrip(b"\r\n")
    return line.split(b"\t") if b"\t" in line else line.split()


def has_numbers(line: bytes, places: tuple[int, ...]) -> bool:
    """Whether the fields at some places are there, and numbers."""
    fields = split(line)
    return all(p < len(fields) and NUMBER.fullmatch(fields[p]) for p in places)


def is_no_row(line: bytes, head: Head) -> bool:
    """Whether a line is a comment, a track line or blank."""
    return line.startswith(head.meta) or re.match(NOT_A_ROW, line + b"\n") is not None


# ── formats ─────────────────────────────────────────────────────────────────────────────────────


def _is_bed(row: bytes, head: Head) -> bool:
    del head
    return len(split(row)) >= 3 and has_numbers(row, (1, 2))


def _says_vcf(head: Head) -> bool:
    first, columns = b"##fileformat=VCF", rb"^#CHROM\tPOS\tID\t"
    return head.lines.startswith(first) or re.search(columns, head.lines, re.M) is not None


def _is_vcf(row: bytes, head: Head) -> bool:
    del head
    fields = split(row)
    return (
        len(fields) >= 8
        and NUMBER.fullmatch(fields[1]) is not None
        and _BASES.fullmatch(fields[3]) is not None
    )


def _says_sam(head: Head) -> bool:
    return SAM_HEADER.match(head.lines) is not None


def _is_sam(row: bytes, head: Head) -> bool:
    del head
    return len(split(row)) >= 11 and has_numbers(row, (1, 3, 4))


def _says_gff(head: Head) -> bool:
    return head.lines.startswith((b"##gff-version", b"##gff_version"))


def _is_gff(row: bytes) -> bool:
    fields = row.rstrip(b"\r").split(b"\t")
    return (
        len(fields) in (8, 9)
        and all(map(NUMBER.fullmatch, fields[3:5]))
        and fields[6] in (b"+", b"-", b".", b"?")
    )


def attributes_tell(cells: Iterable[bytes]) -> bool | None:
    """Whether attributes are GFF3's, ``key=value``, or GTF's, ``key "value"``; None: not told.

    The first that tell do. They come before what a header says: much that calls itself version
    2 (Artemis, GeneMark) is ``key=value``, and would have columns of the name ``color=10``.
    """
    told = (_ATTRIBUTE.match(cell) for cell in islice(cells, 1000))
    found = next(filter(None, told), None)
    return None if found is None else found[1] is not None


# ``a= "x"`` and ``a=b "x"`` may be either's
_ATTRIBUTE = re.compile(rb'[\s;]*[^\s;="]+(?:(=)(?![^;"]*\s")|\s+")')


def _is_gff3(head: Head) -> bool:
    """Whether GFF is its version 3, else GTF: by attributes, by the header, by the first ones."""
    rows = (r.split(b"\t") for r in head.first if not r.startswith(b"#"))
    cells = [r[8] for r in rows if len(r) > 8]
    told = attributes_tell(cells)
    if told is not None:
        return told
    version = re.search(rb"^##gff[-_]version\s+([0-9])", head.lines, re.M)
    if version is not None:
        return version[1] == b"3"
    first = next((cell for cell in map(bytes.strip, cells) if cell != b"."), b"")
    return re.match(rb"[^=;\s]+\s+[^=;]*;", first) is None


def _gff_look(endings: tuple[str, ...], version: Callable[[Head], bool]) -> Look:
    return Look(
        header=lambda head: _says_gff(head) and version(head),
        row=lambda row, head: _is_gff(row) and version(head),
        columns=((0, 3, 4), False),
        fits=lambda rows, head: (not rows or _is_gff(rows[0])) and version(head),
        endings=endings,
    )


_PEAKS = (".narrowpeak", ".broadpeak", ".gappedpeak", ".bedgraph", ".bdg")
BED = Look(row=_is_bed, columns=((0, 1, 2), True), endings=(".bed", *_PEAKS))
GFF3 = _gff_look((".gff3", ".gff"), _is_gff3)
GTF = _gff_look((".gtf",), lambda head: not _is_gff3(head))
VCF = Look(header=_says_vcf, row=_is_vcf)
SAM = Look(header=_says_sam, row=_is_sam)
TABLE = Look(is_any_table=True)
