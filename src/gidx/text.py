"""Rows of tab-separated text, read: BED, and TSV with a header line.

==========  ==============================================================================
BED         no header line; columns by their place: chrom, start, end, then the standard
            names or those of an AutoSQL
TSV         a header line that names chrom, start, end (or chromStart, chromEnd) among others;
            ``#chrom`` in front of BED rows is one too, where it names all columns
passed over ``#`` comments, ``track`` and ``browser`` lines, blank lines
between     tabs; runs of spaces or tabs where the first row has no tab
line ends   LF or CRLF; compressed input (gzip, BGZF) is inflated
==========  ==============================================================================

start and end are int64 and all else is text as it stands in the file: no quotes, no
word that means missing. Types come in a second step (`Typed`): an AutoSQL's, or for
TSV by looking at whole columns. There an integer is what int64 writes the same way
(``007`` and ``+5`` stay text), a float any other decimal, and a column with one value
of another kind, ``NA`` and an empty one included, stays text; so do name and strand.

The mirror image is `rowtext`.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import autosql, schema
from gidx.autosql import AutoSql
from gidx.autosql_columns import Declared
from gidx.columns import Column, decode
from gidx.encode import texts_of
from gidx.errors import FormatError, ValueTypeError, ValueWarning, hint, warn
from gidx.region import Region

# Text to parse at a time. 2 M bed6 rows (78 MB): 0.8 s in blocks of 1 or 4 MB, 1.2 s in 64 MB.
BLOCK = 4 * 2**20
LONGEST_LINE = 64 * 2**20

_ALIASES = {"chromStart": "start", "chromEnd": "end"}
_SKIPPED = re.compile(rb"^(?:#[^\n]*|(?:track|browser)(?:[ \t][^\n]*)?|[ \t]*)\n", re.M)
_SKIPPED_LETTERS = set(b"#tb \t\n")  # what such lines begin with
_BLANKS = re.compile(rb"[ \t]+")
_EDGES = re.compile(rb"^[ \t]+|[ \t]+$", re.M)
_DIGITS = re.compile(r"[0-9]+")
_NO_DECIMAL = r"^(?:\+|-?0[0-9])"
_TEXTS = ("name", "strand")  # of BED, whatever they look like
_INT32 = pa.scalar(2**31 - 1, pa.int64())


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


class TextTable:
    """A BED or TSV file: looked at once, read as often as asked.

    ``names`` are its columns in the file's order, canonical. ``declared`` (where
    given, or for BED) is what they are said to be.
    """

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        declaration: AutoSql | None = None,
        defined: int | None = None,
    ) -> None:
        self.name = name
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        self._file: Any = gzip.GzipFile(fileobj=file) if packed else file
        self._header = 0  # line number of the header line, 0 for none
        self._spaces = False
        self._width = 3
        self.names = list(schema.HEAD)
        self.declared: Declared | None = None
        header, first = self._look()
        if header is None:
            fields = 3 if declaration is None else len(declaration.fields)
            self._width = len(first) or max(fields, defined or 3)  # a file without rows fits all
            self.declared = self._declare(declaration, defined)
            self.names = [f.name for f in self.declared.canonical]
        else:
            self.names = self._header_names(header)
            if declaration is not None:
                self.declared = self._declare(declaration, defined)
                self._check_names(self.declared)

    @property
    def schema(self) -> pa.Schema:
        """start and end int64, all else text; chrom, start, end first."""
        rest = [n for n in self.names if n not in schema.HEAD]
        text, position = pa.string(), schema.POSITION
        head = zip(schema.HEAD, (text, position, position), strict=True)
        return pa.schema([*head, *((n, text) for n in rest)], self.metadata())

    def metadata(self, **entries: Any) -> dict[bytes, bytes]:
        """gidx's metadata: the AutoSQL where there is one."""
        about: dict[str, Any] = {"format": "tsv" if self._header else "bed"}
        if self.declared is not None:
            about["autosql"] = self.declared.text or str(self.declared.autosql)
            about["defined_fields"] = self.declared.defined
        return schema.metadata(**about, coordinates="0-based half-open", **entries)

    @property
    def bed_type(self) -> str | None:
        """``bed6+4``, where that is known."""
        if self.declared is None:
            return None
        extra = self.declared.count - self.declared.defined
        return f"bed{self.declared.defined}" + (f"+{extra}" if extra else "")

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """All rows, these columns."""
        wanted = self.schema
        if columns is not None:
            wanted = pa.schema([wanted.field(n) for n in columns], wanted.metadata)
        for number, block in _blocks(self._file, self.name):
            text = self._clean(block, number)
            if not text:
                continue
            table = self._parse(text, block, number, wanted)
            yield from table.replace_schema_metadata(wanted.metadata).to_batches()

    def chroms(self) -> list[str]:
        """Names of the chroms in the order in which they come."""
        seen: dict[str, None] = {}
        for batch in self.batches(["chrom"]):
            seen.update(dict.fromkeys(pc.unique(batch.column(0)).to_pylist()))
        return list(seen)

    def fail(self, line: int, message: str) -> NoReturn:
        """Raise FormatError, with the line's number."""
        raise FormatError(f"{self.name}, line {line}: {message}", path=self.name, line=line)

    # ── the first lines ─────────────────────────────────────────────────────────────────────────

    def _look(self) -> tuple[list[str] | None, list[str]]:
        """The header's names, if there is a header, and the first row's fields."""
        comment: tuple[int, str] | None = None
        for number, block in _blocks(self._file, self.name):
            if b"\0" in block[:4096]:
                raise FormatError(
                    f"{self.name}, byte 0: not a file that gidx converts: neither bigBed, Parquet, "
                    "Arrow IPC nor text",
                    path=self.name,
                    offset=0,
                )
            for line, raw in enumerate(block.splitlines(), number):
                text = raw.decode("utf-8-sig" if line == 1 else "utf-8", "backslashreplace")
                if text.startswith("#"):
                    comment = line, text
                elif not _SKIPPED.match(raw + b"\n"):
                    return self._first_line(line, text, comment)
        if comment is not None and (names := _names_in(comment[1])):
            self._header = comment[0]
            return names, []
        return None, []

    def _first_line(
        self, line: int, text: str, comment: tuple[int, str] | None
    ) -> tuple[list[str] | None, list[str]]:
        self._spaces = "\t" not in text
        fields = text.split() if self._spaces else text.split("\t")
        if all(map(_DIGITS.fullmatch, fields[1:3])) and len(fields) >= 3:
            names = _names_in(comment[1]) if comment else None
            if comment and names and len(names) == len(fields):
                self._header = comment[0]
                return names, fields
            return None, fields
        known = [_ALIASES.get(f, f) for f in fields]
        if any(_DIGITS.fullmatch(f) for f in fields[1:3]) or not set(known) & set(schema.HEAD):
            self._check_line(line, fields, max(len(fields), 3))
        missing = [n for n in schema.HEAD if n not in known]
        if missing:
            self.fail(
                line,
                f"the header has no column {missing[0]!r}{hint(missing[0], known)}; "
                "expected chrom, start, end and others",
            )
        self._header = line
        return fields, []

    def _header_names(self, header: Sequence[str]) -> list[str]:
        names = [_ALIASES.get(n, n) for n in header]
        for name in names:
            if names.count(name) > 1 or not name:
                what = f"two columns are named {name!r}" if name else "a column has no name"
                self.fail(self._header, f"{what}; rename it")
        self._width = len(names)
        return names

    def _check_names(self, declared: Declared) -> None:
        known = [f.name for f in declared.canonical]
        for name in self.names:
            if name not in known:
                self.fail(
                    self._header, f"column {name!r} is no field of the AutoSQL{hint(name, known)}"
                )

    def _declare(self, declaration: AutoSql | None, defined: int | None) -> Declared:
        if defined is None:
            defined = min(self._width, 12)
        if declaration is None:
            if not 3 <= defined <= min(12, self._width):
                raise FormatError(
                    f"{self.name}: bed{defined} was asked for, its rows have {self._width} fields",
                    path=self.name,
                )
            text = autosql.bed(defined, self._width - defined)
            return Declared(autosql.parse(text), text, defined)
        if len(declaration.fields) != self._width:
            raise FormatError(
                f"{self.name}: {self._width} columns, but the AutoSQL has "
                f"{len(declaration.fields)} fields",
                path=self.name,
            )
        return Declared(declaration, None, min(defined, self._width))

    # ── blocks ──────────────────────────────────────────────────────────────────────────────────

    def _clean(self, block: bytes, number: int) -> bytes:
        """A block's rows, one tab between fields, LF behind each."""
        if number == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        if number <= self._header < number + block.count(b"\n"):
            lines = block.split(b"\n")
            lines[self._header - number] = b""
            block = b"\n".join(lines)
        if _first_letters(block) & _SKIPPED_LETTERS:
            block = _SKIPPED.sub(b"", block)
        if self._spaces:
            block = _BLANKS.sub(b"\t", _EDGES.sub(b"", block))
        return block

    def _parse(self, text: bytes, block: bytes, number: int, wanted: pa.Schema) -> pa.Table:
        from pyarrow import csv

        types = {f.name: f.type for f in self.schema}
        try:
            table = csv.read_csv(
                pa.BufferReader(text),
                csv.ReadOptions(column_names=self.names, block_size=len(text) + 1),
                csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False),
                csv.ConvertOptions(
                    column_types=types, include_columns=wanted.names, null_values=[],
                    strings_can_be_null=False,
                ),
            )  # fmt: skip
        except pa.ArrowInvalid as error:
            self._check_lines(block, number)
            self.fail(number, str(error))  # pragma: no cover
        # Arrow reads 0x10 as 16 and a lone CR as the end of a line
        if b"0x" in text or b"0X" in text or b"\r" in text:
            self._check_lines(block, number)
        return table

    def _check_lines(self, block: bytes, number: int) -> None:
        """Raise for the first line that is no row, if there is one."""
        for line, raw in enumerate(block.removesuffix(b"\n").split(b"\n"), number):
            row = raw.removesuffix(b"\r")
            if line == self._header or _SKIPPED.match(row + b"\n"):
                continue
            try:
                text = row.decode()
            except UnicodeDecodeError as error:
                self.fail(line, f"byte {error.start} is not UTF-8: {row[error.start]:02x}")
            fields = text.split() if self._spaces else text.split("\t")
            self._check_line(line, fields, self._width)

    def _check_line(self, line: int, fields: Sequence[str], width: int) -> None:
        if len(fields) != width:
            shown = "\t".join(fields)
            shown = repr(shown if len(shown) <= 60 else shown[:57] + "...")
            self.fail(line, f"found {len(fields)} fields, expected {width}: {shown}")
        for name in schema.HEAD[1:]:
            found = fields[self.names.index(name)]
            if not _DIGITS.fullmatch(found) or int(found) >= 2**63:
                self.fail(line, f"{name} is {found!r}, expected a whole number, 0-based")
        if "\r" in fields[-1]:
            self.fail(line, "a carriage return inside of a line")


def _blocks(file: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Whole lines, some MB at a time, and the number of the first of them, from 1."""
    file.seek(0)
    number, rest = 1, b""
    try:
        while piece := file.read(BLOCK):
            whole = rest + piece
            cut = whole.rfind(b"\n") + 1
            if cut:
                yield number, whole[:cut]
                number += whole.count(b"\n", 0, cut)
            rest = whole[cut:]
            if len(rest) > LONGEST_LINE:
                raise FormatError(
                    f"{name}, line {number}: longer than 64 MB; not a text", path=name
                )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FormatError(f"{name}, line {number}: broken gzip: {error}", path=name) from None
    if rest:
        yield number, rest + b"\n"


def _first_letters(block: bytes) -> set[int]:
    """What lines begin with. Six searches in the block took ten times as long."""
    letters = np.frombuffer(block, np.uint8)
    after = np.flatnonzero(letters[:-1] == ord("\n")) + 1
    return {block[0], *np.flatnonzero(np.bincount(letters[after])).tolist()}


def _names_in(comment: str) -> list[str] | None:
    """The columns that a comment names, if it begins with chrom, start, end."""
    body = comment.lstrip("#").strip("\r\n")
    names = body.split("\t") if "\t" in body else body.split()
    head = tuple(_ALIASES.get(n, n) for n in names[:3])
    return names if head == schema.HEAD else None


# ── types ───────────────────────────────────────────────────────────────────────────────────────


class Typed:
    """Text batches as typed ones: by an AutoSQL, or by looking."""

    def __init__(self, table: TextTable, errors: str = "warn") -> None:
        self._table, self._errors = table, errors
        self._problems: dict[str, tuple[int, str]] = {}
        self._columns: dict[str, Column] = {}
        if table.declared is None:
            self.chroms, types = look(table)
            fields = [f.with_type(types.get(f.name, f.type)) for f in table.schema]
        else:
            self.chroms = table.chroms()
            self._columns = {
                c.name: replace(c, field=0, counted_by=None)
                for c in table.declared.columns
                if c is not None
            }
            fields = list(pa.schema(table.declared.canonical))
        fields[0] = fields[0].with_type(schema.CHROM)
        self._dictionary = pa.array(self.chroms, pa.string())
        self.schema = pa.schema(fields)

    def batches(
        self, columns: Sequence[str], about: dict[bytes, bytes]
    ) -> Iterator[pa.RecordBatch]:
        """All rows, these columns."""
        fields = [self.schema.field(n) for n in columns]
        read = list(dict.fromkeys((*schema.HEAD, *columns)))  # the head says where a problem is
        for batch in self._table.batches(read):
            arrays = [self._column(f, batch) for f in fields]
            yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, about))
        self._report()

    def _column(self, field: pa.Field, batch: pa.RecordBatch) -> pa.Array:
        texts = batch.column(field.name)
        if field.name == "chrom":
            indices = pc.index_in(texts, self._dictionary)
            return pa.DictionaryArray.from_arrays(indices, self._dictionary)
        column = self._columns.get(field.name)
        if column is None:
            return texts.cast(field.type)
        values, problem = _decode(texts, column)
        if problem is not None:
            place = Region(*(batch.column(n)[problem.row].as_py() for n in schema.HEAD))
            first = f"first at {place}: {problem.text!r}"
            self._note(column, problem.count, first)
        return values

    def _note(self, column: Column, count: int, first: str) -> None:
        if self._errors == "raise":
            raise ValueTypeError(
                f"{self._table.name}, column {column.name}: not {column.declared}; {first}"
            )
        before, first = self._problems.get(column.name, (0, first))
        self._problems[column.name] = before + count, first

    def _report(self) -> None:
        if self._problems and self._errors == "warn":
            found = "; ".join(
                f"column {name}: {count:,} values are not {self._columns[name].declared}, "
                f"read as missing; {first}"
                for name, (count, first) in self._problems.items()
            )
            warn(f"{self._table.name}, {found}", ValueWarning)
        self._problems = {}


def _decode(texts: pa.Array, column: Column) -> tuple[pa.Array, Any]:
    if pat.is_string(column.type):
        return texts, None
    found = texts_of(texts)
    begin = int(found.offsets[0])
    bounds = (found.offsets - begin).astype(np.int32)
    data = found.data[begin : int(found.offsets[-1])]
    data = np.ascontiguousarray(data if len(data) else np.zeros(1, np.uint8)).view()
    data.flags.writeable = False
    arrays, problems = decode(data, np.stack([bounds[:-1], bounds[1:] + 1]), [column])
    return arrays[0], problems[0] if problems else None


def look(table: TextTable) -> tuple[list[str], dict[str, pa.DataType]]:
    """The chroms in order, and a type for each further column, from all rows.

    int32 where every integer fits, else int64; float64; else text.
    """
    chroms: dict[str, None] = {}
    types: dict[str, pa.DataType] = {}
    for batch in table.batches():
        chroms.update(dict.fromkeys(pc.unique(batch.column("chrom")).to_pylist()))
        for name in batch.schema.names:
            if name in (*schema.HEAD, *_TEXTS) or types.get(name) == pa.string():
                continue
            before, found = types.get(name), _kind(batch.column(name))
            types[name] = found if before is None else _wider(before, found)
    return list(chroms), types


def _kind(texts: pa.Array) -> pa.DataType:
    try:
        values = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        pass
    else:
        if texts.equals(values.cast(pa.string())):
            large = pc.any(pc.greater(pc.abs(values), _INT32)).as_py()
            return pa.int64() if large else pa.int32()
    try:
        texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return pa.string()
    odd = pc.any(pc.match_substring_regex(texts, _NO_DECIMAL)).as_py()
    return pa.string() if odd else pa.float64()


_WIDTH = [pa.int32(), pa.int64(), pa.float64(), pa.string()]


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    return _WIDTH[max(_WIDTH.index(one), _WIDTH.index(other))]
