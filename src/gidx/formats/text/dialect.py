"""What a text format has to say of its lines; `formats.text.read` does everything else.

A dialect is made from the head of a file (`Head`): the lines before the first row and
the first rows themselves. Then it is asked for a schema, and for readers of columns of `Lines`,
whose chrom, start and end have been read, and which overlap what was asked.

    head ─▶ dialect ─▶ schema
    lines of text ─kernels.lines─▶ Lines ─dialect.reader(columns).decode─▶ Arrow arrays
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.arrow.decode import Column, Items, Problem
from gidx.arrow.plan import FieldColumns, Place
from gidx.kernels.columns import Words
from gidx.kernels.lines import Asked, RowRules
from gidx.kernels.names import hash_words
from gidx.options import Names

__all__ = [
    "Dialect",
    "Guessing",
    "Head",
    "LineReader",
    "Lines",
    "Names",
    "RowColumns",
    "Rules",
    "fields_table",
    "header_lines",
]

Span = Literal["columns", "sam", "vcf"]


@dataclass(frozen=True)
class Rules:
    """Where a row's chrom, start and end are: what the line kernel has to know.

    ``chrom``, ``start``, ``end`` are fields, counted from 0; ``end`` may be that of
    ``start`` (one base). ``span`` says where the end is, if not in a field: SAM's CIGAR,
    or VCF's REF, INFO/END, INFO/SVLEN and FORMAT/LEN. Lines that begin with ``meta`` are
    no rows, nor are blank ones; with ``tracks``, nor are BED's ``track`` and ``browser``
    lines; with ``fasta``, ``##FASTA`` ends the table. A row has ``least`` fields or more;
    exactly ``exact``, where that is not 0. With ``spaces``, fields are parted by runs of
    blanks.
    """

    chrom: int
    start: int
    end: int
    one_based: bool
    span: Span = "columns"
    meta: bytes = b"#"
    least: int = 3
    exact: int = 0
    tracks: bool = False
    fasta: bool = False
    spaces: bool = False

    def compiled(self, names: Sequence[bytes]) -> RowRules:
        """The same for the line kernel, with the chroms that rows can be on."""
        data = np.frombuffer(b"".join(names), np.uint8)
        bounds = np.cumsum([0, *map(len, names)]).astype(np.int64)
        return RowRules(self, data, bounds, hash_words(data, bounds))


_NONE = np.zeros(0, np.int64)
EVERY = Asked(np.zeros(1, np.int64), _NONE, _NONE, np.zeros(0, np.uint64), True)  # all rows


@dataclass(frozen=True)
class Head:
    """The start of a file, and what is known of it.

    ``lines`` are those before the first row (comments, declarations, skipped lines), as
    they are, line breaks and all. ``rows`` are whole lines from the first row on:
    some thousand, for a look at them, comments among them. ``columns`` (0-based: chrom,
    start, end; end may be start's) and ``zero_based`` are what an index says of them, or
    None; ``skip`` is how many lines at the file's begin it says are no rows.
    """

    name: str
    lines: bytes
    rows: bytes
    columns: tuple[int, int, int] | None = None
    zero_based: bool = False
    meta: bytes = b"#"
    skip: int = 0

    @cached_property
    def first(self) -> list[bytes]:
        """The rows, without line breaks (LF, CRLF)."""
        return [line.removesuffix(b"\r") for line in self.rows.split(b"\n") if line.strip()]

    def last_lines(self) -> Iterator[bytes]:
        """The lines before the first row that are not blank, the last first, without breaks.

        One by one: all at once, lines of a few letters take 22 times their bytes.

        >>> list(Head("x", b"#one\\n\\n#two\\r\\n", b"").last_lines())
        [b'#two', b'#one']
        """
        stop = len(self.lines)
        while stop > 0:
            begin = self.lines.rfind(b"\n", 0, stop) + 1
            line = self.lines[begin:stop].removesuffix(b"\r")
            if line.strip():
                yield line
            stop = begin - 1


def header_lines(text: str) -> list[str]:
    """The lines of a header, with their ends. Only LF ends one.

    ``str.splitlines`` knows nine other ends, all of which may be within a name or a comment.

    >>> header_lines("#a\\x85b\\r\\n#c")
    ['#a\\x85b\\r\\n', '#c']
    """
    return list(io.StringIO(text, newline="\n"))


@dataclass(frozen=True)
class Lines:
    """Rows that were found: positions (0-based half-open) and the bounds of fields.

    Field f of row i is ``text[fields[f, i] : fields[f + 1, i] - 1]``, for the first
    ``len(fields) - 1`` fields; one that the row does not have is empty.
    ``text[stops[i]]`` is the line break behind row i (CR or LF). ``chrom`` are ids, ``names`` the
    dictionary that they count in; -1 is SAM's ``*``.
    """

    text: npt.NDArray[np.uint8]
    chrom: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    fields: npt.NDArray[np.int32]
    stops: npt.NDArray[np.int32]
    names: Words

    def __len__(self) -> int:
        return len(self.chrom)

    def slice(self, lo: int, hi: int) -> Lines:
        """Some of the rows."""
        fields = np.ascontiguousarray(self.fields[:, lo:hi])
        chrom, start, end = self.chrom[lo:hi], self.start[lo:hi], self.end[lo:hi]
        return Lines(self.text, chrom, start, end, fields, self.stops[lo:hi], self.names)

    def items(self, field: int) -> Items:
        """A field of each row."""
        return Items(self.text, self.fields[field], self.fields[field + 1])


class LineReader(Protocol):
    """Some columns of lines, bound once."""

    want: int  # how many fields, from a row's first on, must be split for these columns

    def decode(self, lines: Lines) -> tuple[pa.RecordBatch, list[Problem]]:
        """Their rows, with the columns in the order in which they were asked for."""
        ...


Metadata = Mapping[bytes, bytes] | None


class RowColumns:
    """Columns of which each is of one field, or of a row's place (a `LineReader`)."""

    def __init__(self, columns: Sequence[Column | Place], schema: pa.Schema) -> None:
        self._columns = FieldColumns(columns, schema)
        self.want = self._columns.want

    def decode(self, lines: Lines) -> tuple[pa.RecordBatch, list[Problem]]:
        places = lines.chrom, lines.start, lines.end
        return self._columns.decode(lines.text, lines.fields, places, lines.names)


class Dialect(Protocol):
    """One file's text format.

    A module ``formats/<name>/read.py`` offers ``from_head(head: Head, **options) -> Dialect``.
    """

    @property
    def kind(self) -> str:
        """Its name: "bed", "vcf", "gff3", "gtf", "sam", "tsv"."""
        ...

    @property
    def rules(self) -> Rules:
        """Where a row's chrom, start and end are."""
        ...

    @property
    def header(self) -> str:
        """The lines before the rows, as text."""
        ...

    @property
    def chroms(self) -> Mapping[str, int | None]:
        """Chroms that the header declares, with sizes where it tells them."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Entries for `schema.metadata`: what a writer needs to make the header again."""
        ...

    def named(self, names: Names) -> list[pa.Field]:
        """Every column: canonical (chrom, start, end first) or the file's own."""
        ...

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> LineReader:
        """Columns of ``named(names)``, each once, in that order; ``metadata`` of their schema."""
        ...

    def fields(self) -> pa.Table:
        """One row a canonical column: name, type, declared_type, number, description."""
        ...

    def info(self) -> dict[str, Any]:
        """Facts for `gidx info`."""
        ...


class Guessing(Protocol):
    """A dialect whose columns may have types that were only looked at."""

    @property
    def is_declared(self) -> bool:
        """Whether a declaration says of some columns what they are."""
        ...

    def widened(self, field: int, text: bytes) -> Dialect:
        """The same, the column of a field wide enough for this text of it."""
        ...

    def as_texts(self, *, guessed: bool = True) -> Dialect:
        """The same, each column the text that it is; without ``guessed`` only declared ones."""
        ...


def fields_table(
    fields: Sequence[pa.Field],
    declared_type: Sequence[str | None],
    number: Sequence[str | None],
    description: Sequence[str | None],
    declared_name: Sequence[str | None] | None = None,
) -> pa.Table:
    """`Dialect.fields`, from its columns."""
    names = [f.name for f in fields]
    return pa.table({
        "name": pa.array(names, pa.string()),
        "type": pa.array([str(f.type) for f in fields], pa.string()),
        "declared_name": pa.array(declared_name or names, pa.string()),
        "declared_type": pa.array(declared_type, pa.string()),
        "number": pa.array(number, pa.string()),
        "description": pa.array(description, pa.string()),
        "indexed": pa.array([i < len(schema.HEAD) for i in range(len(names))], pa.bool_()),
    })  # fmt: skip
