r"""AutoSQL declarations: the grammar, and its Arrow schema in both directions.

A bigBed file says in AutoSQL what its columns are called and of which type they
are::

    declaration  (table | simple | object) name "comment" ( field… )
    field        type name [primary | unique | index[n]] [auto] ; "comment"
    type         int, uint, … string | enum(a, b) | set(a, b) | simple other
                 and behind each: nothing, [3], or [fieldThatCounts]

Truth: ``src/lib/asParse.c`` and ``tokenizer.c`` of ucscGenomeBrowser/kent, and
``autoSql.doc`` there; where they differ, asParse. In its tokenizer a quoted text
ends at its quote (``"`` or ``'``) or with its line, ``\"`` does not end it, words
are ``[A-Za-z0-9_]+``, and types, names and declarations are looked up without
case. Here, beyond asParse:

* ``#`` hides the rest of its line: UCSC's own .as files have such lines.
* A comment with quotes inside (``"the "best" hit"``) ends at the first quote after
  which the declaration can go on, so it is neither cut nor eats the next field.
* Backslashes before a quote are taken off when reading and put on when writing.
  asParse shows them; and ``\\"`` always ends its text, so it alone cannot read
  back a comment in which a backslash stands before a quote.

Types as Arrow, one value and then its array: int → int32 … bigint → int64, float, double,
char, ``char[n]``, string and lstring → string, enum → dictionary, set → list of
dictionary, ``T[3]`` → fixed-size list, ``T[n]`` → list, objects → struct. The
field metadata ``autosql`` (declared type and index words) and ``description``
(the comment), and the schema metadata ``autosql`` (the whole text), lead back.

Left out: files, values (see columns), canonical names (see schema), and the SQL
and C that autoSql generates.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.types as pat

from gidx.errors import AutoSqlError, hint, whole

KINDS = ("table", "simple", "object")
INTEGERS = ("int", "uint", "short", "ushort", "byte", "ubyte", "bigint")
SYMBOLIC = ("enum", "set")

_TEXT = pa.string()
_SYMBOL = pa.dictionary(pa.int32(), _TEXT)

SCALARS: dict[str, Any] = {  # AutoSQL     Arrow, of one value
    "int": pa.int32(),
    "uint": pa.uint32(),
    "short": pa.int16(),
    "ushort": pa.uint16(),
    "byte": pa.int8(),
    "ubyte": pa.uint8(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "char": _TEXT,
    "string": _TEXT,
    "lstring": _TEXT,
    "enum": _SYMBOL,
    "set": pa.list_(_SYMBOL),
}
TYPES = (*SCALARS, *KINDS)
# What one value of an Arrow type is declared as, a text of any length
WORDS: dict[Any, str] = {
    **{SCALARS[word]: word for word in (*INTEGERS, "float", "double")}, _TEXT: "lstring",
}  # fmt: skip

_POSITIONS = ("Start", "End")
_WORD = re.compile(r"\w+", re.ASCII)
_INDEX = re.compile(r"(primary|unique|index)(\[\d+\])?", re.ASCII)
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_NO_COMMENT = re.compile(r"[\r\n\0]+")
_MAX_SIZE = 2**31 - 1  # asParse keeps it in an int, Arrow in an int32

# A file of 40 lines can nest 2**40 columns; no table that people made comes near these.
_MAX_COLUMNS = 100_000
_MAX_DEPTH = 50


# ── the nouns ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Field:
    """One column: ``type[size] name index auto; "comment"``.

    ``type`` is the AutoSQL word; ``simple``, ``object`` and ``table`` need ``of``,
    the declaration they name. ``size`` is None for one value, an int for a fixed
    array, a name for an array that this field counts. ``index`` is kept as
    written: ``primary``, ``unique``, ``index`` or ``index[12]``.

    >>> Field("uint", "starts", "exon starts", size="exonCount").declared_type
    'uint[exonCount]'
    """

    type: str
    name: str
    comment: str = ""
    size: int | str | None = None
    values: tuple[str, ...] = ()
    of: str | None = None
    index: str | None = None
    auto: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            _fail(f"unknown type {self.type!r}{hint(self.type, TYPES)}")
        _check_name("field", self.name)
        _check_comment(f"field {self.name!r}", (self.comment, *self.values))
        _check_size(self)
        _check_type(self)

    @property
    def is_list(self) -> bool:
        """Whether a value is an array.

        ``char[12]`` is not, it is a text of 12 characters: asParse clears the list
        flag of a char of fixed size. It keeps that of a *counted* char, which
        UCSC reads with sqlCharDynamicArray as ``A,C,G,``: an array.
        """
        return self.size is not None and not (self.type == "char" and isinstance(self.size, int))

    @property
    def is_integer(self) -> bool:
        return self.type in INTEGERS

    @property
    def is_position(self) -> bool:
        """Whether a value is a position on a chrom: thickStart, sourceEnd and the like.

        Tables have these as int64, since a difference of two must not wrap.
        """
        return self.type == "uint" and self.size is None and self.name.endswith(_POSITIONS)

    @property
    def declared_type(self) -> str:
        """The type as AutoSQL writes it: ``uint[blockCount]``, ``enum(a, b)``, ``simple point``."""
        text = self.type if self.of is None else f"{self.type} {self.of}"
        if self.values:
            return f"{text}({', '.join(map(_format_value, self.values))})"
        return text if self.size is None else f"{text}[{self.size}]"

    @property
    def keywords(self) -> str:
        """What stands between name and ``;``: ``index[12] auto``, mostly nothing."""
        return " ".join(filter(None, (self.index, "auto" if self.auto else "")))


@dataclass(frozen=True)
class Declaration:
    """A ``table``, ``simple`` or ``object``: name, comment, fields.

    asParse knows no index words here, only behind a field's name.

    ``sources`` says for each field which Arrow column fills it, and None where
    `from_arrow` put in a count that the writer has to fill. It is no part of the
    declaration: neither compared nor formatted.
    """

    kind: str
    name: str
    comment: str = ""
    fields: tuple[Field, ...] = ()
    sources: tuple[str | None, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            _fail(f"unknown declaration {self.kind!r}, expected {_one_of(KINDS)}")
        _check_name(self.kind, self.name)
        _check_comment(f"{self.kind} {self.name!r}", (self.comment,))
        _check_columns(self.fields)
        if not self.sources:
            object.__setattr__(self, "sources", self.names)
        elif len(self.sources) != len(self.fields):
            _fail(f"{len(self.sources)} sources for {len(self.fields)} fields")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    @property
    def counts(self) -> dict[str, tuple[str, ...]]:
        """The fields that count, and the arrays that each of them counts."""
        counted: dict[str, tuple[str, ...]] = {}
        for array in self.fields:
            if isinstance(array.size, str) and (count := _find(self.fields, array.size)):
                counted[count.name] = (*counted.get(count.name, ()), array.name)
        return counted


@dataclass(frozen=True)
class AutoSql:
    """A whole AutoSQL text: one table, and the objects that it is made of.

    One that exists is valid, and ``parse(str(x)) == x``.
    """

    declarations: tuple[Declaration, ...]

    def __post_init__(self) -> None:
        if not self.declarations:
            _fail(f"no declaration found, expected {_one_of(KINDS)}")
        seen: dict[str, Declaration] = {}
        for declaration in self.declarations:
            key = declaration.name.lower()
            if key in seen:
                _fail(f"two declarations are named {declaration.name!r}", declaration=declaration)
            seen[key] = declaration
        for declaration in self.declarations:
            _check_links(declaration, seen)

    @property
    def table(self) -> Declaration:
        """What describes the rows: the first ``table``, else the first declaration.

        autoSql.doc puts the objects before the table that uses them. bedToBigBed
        takes the first declaration of any kind, so it can only have written a
        text in which that is the table.
        """
        tables = (d for d in self.declarations if d.kind == "table")
        return next(tables, self.declarations[0])

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of `table`."""
        return self.table.fields

    @property
    def names(self) -> tuple[str, ...]:
        """The names of `fields`."""
        return self.table.names

    def __str__(self) -> str:
        return format(self)

    def declaration(self, name: str) -> Declaration:
        """The declaration of that name; AutoSQL ignores its case."""
        for declaration in self.declarations:
            if declaration.name.lower() == name.lower():
                return declaration
        _fail(f"no declaration {name!r}{hint(name, (d.name for d in self.declarations))}")

    def to_arrow(self) -> pa.Schema:
        """The Arrow schema of the file's own columns: its names, its widths.

        >>> parse('table t "" ( uint n; "" uint[n] x; "" )').to_arrow().types
        [DataType(uint32), ListType(list<item: uint32>)]
        """
        known = {d.name.lower(): d for d in self.declarations}
        _check_nesting(self.table, known, {}, ())
        fields = [_arrow_field(f, known) for f in self.fields]
        return pa.schema(fields, metadata={b"autosql": _encode(str(self))})


# ── what makes them valid ───────────────────────────────────────────────────────────────────────


def _fail(message: str, **place: Any) -> NoReturn:
    raise AutoSqlError(message, **{"line": None, **place})


def _one_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _check_name(what: str, name: str) -> None:
    if not _WORD.fullmatch(name):
        _fail(f"{what} name {name!r} is not a word of letters, digits and _")


def _check_comment(place: str, texts: Iterable[str]) -> None:
    for text in texts:
        if _NO_COMMENT.search(text):
            _fail(f"{place}: {text!r} has a line break or NUL, which AutoSQL cannot quote")


def _check_size(f: Field) -> None:
    if isinstance(f.size, int) and not 1 <= f.size <= _MAX_SIZE:
        _fail(f"field {f.name!r}: array size {f.size}, expected 1 to {_MAX_SIZE}")
    if isinstance(f.size, str) and not (_WORD.fullmatch(f.size) and f.size[0].isalpha()):
        _fail(
            f"field {f.name!r}: array size {f.size!r} is neither a number of 10 digits nor a name"
        )


def _check_type(f: Field) -> None:
    if (f.of is not None) != (f.type in KINDS):
        _fail(f"field {f.name!r}: {_one_of(KINDS)} needs the name of a declaration, others none")
    if f.of is not None:
        _check_name(f.type, f.of)
    if f.values and f.type not in SYMBOLIC:
        _fail(f"field {f.name!r}: {f.type} has no list of values; enum and set do")
    if f.type == "set" and f.size is not None:
        _fail(f"field {f.name!r}: a set is an array already, it has no array size")
    if f.values and f.size is not None:
        _fail(f"field {f.name!r}: {f.type} has values and an array size, expected one of them")
    if f.index is not None and not _INDEX.fullmatch(f.index):
        _fail(f"field {f.name!r}: {f.index!r} is not primary, unique or index, with or without [n]")
    if f.auto and not f.is_integer:
        _fail(f"field {f.name!r}: auto needs an integer type, found {f.type}")


def _find(fields: Iterable[Field], name: str) -> Field | None:
    return next((f for f in fields if f.name.lower() == name.lower()), None)


def _check_columns(fields: Sequence[Field]) -> None:
    """Names are different, and what counts an array is an integer declared before it."""
    everything = {f.name.lower(): f for f in fields}
    earlier: dict[str, Field] = {}
    for f in fields:
        if twin := earlier.get(f.name.lower()):
            names = f"{twin.name!r} and {f.name!r}"
            _fail(f"two fields are named {names}, case does not count; rename one", field=f)
        if isinstance(f.size, str):
            _check_count(f, earlier, everything)
        earlier[f.name.lower()] = f


def _check_count(f: Field, earlier: Mapping[str, Field], everything: Mapping[str, Field]) -> None:
    name = str(f.size)
    what, count = f"field {f.name!r} is counted by {name!r}", earlier.get(name.lower())
    if count is None and name.lower() in everything:
        _fail(f"{what}, which is not declared before it; move it up", field=f)
    if count is None:
        known = [e.name for e in earlier.values() if e.is_integer]
        _fail(f"{what}, which is not a field{hint(name, known)}", field=f)
    if not count.is_integer or count.is_list:
        _fail(f"{what}, which is {count.declared_type}, expected an integer", field=f)


def _check_links(declaration: Declaration, known: Mapping[str, Declaration]) -> None:
    for f in declaration.fields:
        if f.of is None:
            continue
        what = f"{declaration.kind} {declaration.name!r}, field {f.name!r}"
        place = {"declaration": declaration, "field": f}
        other = known.get(f.of.lower())
        if other is None:
            names = (d.name for d in known.values())
            _fail(f"{what}: {f.type} {f.of!r} is not declared{hint(f.of, names)}", **place)
        if declaration.kind == "simple" and other.kind != "simple":
            _fail(f"{what}: a simple holds only simple, {f.of!r} is {other.kind}", **place)


def _check_nesting(
    declaration: Declaration,
    known: Mapping[str, Declaration],
    totals: dict[str, int],
    path: tuple[str, ...],
) -> int:
    """How many columns a declaration comes to: not itself, not too deep, not too many."""
    name = declaration.name
    if name in path or len(path) > _MAX_DEPTH:
        _fail(f"{path[0]!r} contains itself or nests deeper than {_MAX_DEPTH}: no Arrow type")
    if name not in totals:
        inner = [known[f.of.lower()] for f in declaration.fields if f.of is not None]
        nested = sum(_check_nesting(d, known, totals, (*path, name)) for d in inner)
        totals[name] = nested + len(declaration.fields)
    if totals[name] > _MAX_COLUMNS:
        _fail(f"{name!r} nests {totals[name]} columns, expected at most {_MAX_COLUMNS}")
    return totals[name]


# ── text → declarations ─────────────────────────────────────────────────────────────────────────


def parse(text: str) -> AutoSql:
    """Read AutoSQL text; what follows a NUL byte is ignored, as in C.

    Raises AutoSqlError with ``line``, from 1.

    >>> parse('table t "rows" ( string name; "a name" )').fields[0].comment
    'a name'
    """
    reader, lines = _Reader(text), _Lines({})
    declarations = []
    while reader.more():
        declarations.append(_parse_declaration(reader, lines))
    try:
        return AutoSql(tuple(declarations))
    except AutoSqlError as error:
        reader.fail(error.message, lines.of(error))


class _Lines(NamedTuple):
    """Where a declaration, or a field of one, is: by their names in lower case."""

    at: dict[tuple[str, str], int]

    def of(self, error: AutoSqlError, declaration: str = "") -> int:
        """The line of the declaration and field that an error is about."""
        f, inside = getattr(error, "field", None), getattr(error, "declaration", None)
        name = inside.name if inside else declaration
        return self.at.get((name.lower(), f.name.lower() if f else ""), 1)


def _parse_declaration(reader: _Reader, lines: _Lines) -> Declaration:
    token = reader.next("a declaration")
    kind = token.text.lower()
    if token.quoted or kind not in KINDS:
        expected = f"expected {_one_of(KINDS)}"
        reader.fail(f"found {token.shown}, {expected}{hint(token.text, KINDS)}", token.line)
    name = reader.word(f"the name of the {kind}")
    lines.at[name.lower(), ""] = token.line
    comment = reader.comment(f"{kind} {name!r}", _AFTER_TITLE)
    reader.expect("(", f"before the fields of {kind} {name!r}")
    fields = []
    while not reader.take(")"):
        line = reader.line
        fields.append(_parse_field(reader))
        lines.at[name.lower(), fields[-1].name.lower()] = line
    try:
        return Declaration(kind, name, comment, tuple(fields))
    except AutoSqlError as error:
        reader.fail(error.message, lines.of(error, name))


def _parse_field(reader: _Reader) -> Field:
    reader.more()
    line = reader.line
    spec = _parse_type(reader)
    name = reader.word(f"the name of the {spec['type']} field")
    words = _parse_keywords(reader)
    reader.expect(";", f"after field {name!r}; a name is letters, digits and _")
    comment = reader.comment(f"field {name!r}", _AFTER_FIELD)
    try:
        return Field(name=name, comment=comment, **spec, **words)
    except AutoSqlError as error:
        reader.fail(error.message, line)


def _parse_type(reader: _Reader) -> dict[str, Any]:
    token = reader.next("a type, or ) after the last field")
    kind = token.text.lower()
    if token.quoted or kind not in TYPES:
        reader.fail(f"unknown type {token.shown}{hint(token.text, TYPES)}", token.line)
    spec: dict[str, Any] = {"type": kind}
    if kind in KINDS:
        spec["of"] = reader.word(f"the name of the {kind} that the field holds")
    if reader.take("["):
        spec["size"] = _parse_size(reader)
    elif reader.take("("):
        spec["values"] = tuple(_parse_values(reader))
    return spec


def _parse_size(reader: _Reader) -> int | str:
    size = reader.word("a number or field name in []")
    reader.expect("]", f"after array size {size!r}")
    return _number(size) if size[0].isdigit() else size


def _number(digits: str) -> int | str:
    """As int when it is one and can be a size, else the text, for the error to show."""
    return int(digits) if digits.isdigit() and len(digits) <= 10 else digits


def _parse_values(reader: _Reader) -> Iterator[str]:
    """Words, quoted texts or single characters, a comma between them or after each."""
    while not reader.take(")"):
        token = reader.next("a value, or ) after the last")
        if not token.quoted and token.text in ",;([]":
            reader.fail(f"found {token.shown}, expected a value or )", token.line)
        yield token.text
        if not reader.take(","):
            reader.expect(")", f"or , after value {token.text!r}")
            return


def _parse_keywords(reader: _Reader) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for word in ("primary", "unique", "index"):
        if "index" not in words and reader.take(word):
            length = ""
            if reader.take("["):
                length = f"[{_number(reader.word('a number in []'))}]"
                reader.expect("]", f"after {word}{length[:-1]}")
            words["index"] = word + length
    words["auto"] = reader.take("auto")
    return words


class _Token(NamedTuple):
    text: str
    line: int
    quoted: bool

    @property
    def shown(self) -> str:
        return f'"{self.text}"' if self.quoted else repr(self.text)


# What may follow a comment on its line: nothing, a # comment, or the declaration going on.
# Possessive (++, *+), because a comment may be long and must not be searched twice.
_END = r'\s*+$|\s++\#[^"]*+$'
_NEXT_FIELD = (
    rf"\s++(?:{'|'.join(TYPES)})\b(?:\s*+\[\w++\])?+\s*+\w++\s*+[\"']|"  # its ; forgotten
    r"""\s*+\w++[\w\s\[\]]*+(?:\([^();]*+\)[\w\s\[\]]*+)?+;\s*+["']"""
)
_AFTER_TITLE = re.compile(
    rf"{_END}|\s*+\((?:{_END}|\s*+\)|{_NEXT_FIELD})", re.ASCII | re.IGNORECASE
)
_AFTER_FIELD = re.compile(
    rf"{_END}|\s*+\)(?:{_END}|\s*+(?:{'|'.join(KINDS)})\s)|{_NEXT_FIELD}", re.ASCII | re.IGNORECASE
)
# What stands before the first quote of the next field: beyond it, a comment must not go.
_BEFORE_QUOTE = re.compile(r"(?:;|\b(?:enum|set)\s*+\()\Z", re.ASCII | re.IGNORECASE)


class _Reader:
    """A cursor over lines of text that yields tokens, and knows its line for errors."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            _fail(f"the declaration is {type(text).__name__}, expected AutoSQL as text")
        text = text.removeprefix("\ufeff").partition("\0")[0]
        self.lines = _LINE_BREAK.split(text)
        self.row = self.column = 0

    @property
    def line(self) -> int:
        return min(self.row, len(self.lines) - 1) + 1

    def fail(self, message: str, line: int) -> NoReturn:
        raise AutoSqlError(f"line {line}: {message}", line=line) from None

    def more(self) -> bool:
        """Go to the next token, over white space and # comments; False at the end."""
        while self.row < len(self.lines):
            rest = self.lines[self.row]
            while self.column < len(rest) and rest[self.column] in " \t\v\f":
                self.column += 1
            if self.column < len(rest) and rest[self.column] != "#":
                return True
            self.row, self.column = self.row + 1, 0
        return False

    def next(self, expected: str) -> _Token:
        if not self.more():
            self.fail(f"text ends, expected {expected}", self.line)
        text, line = self.lines[self.row], self.line
        quote = text[self.column]
        if quote in "\"'":
            return _Token(self._quoted(quote, None), line, True)
        word = _WORD.match(text, self.column)
        found = word.group() if word else quote
        self.column += len(found)
        return _Token(found, line, False)

    def take(self, text: str) -> bool:
        """Step over this token if it is the next one."""
        if not self.more():
            return False
        place = self.row, self.column
        token = self.next(text)
        if token.text == text and not token.quoted:
            return True
        self.row, self.column = place
        return False

    def expect(self, text: str, where: str) -> None:
        token = self.next(f"{text} {where}")
        if token.text != text or token.quoted:
            self.fail(f"found {token.shown}, expected {text} {where}", token.line)

    def word(self, what: str) -> str:
        token = self.next(what)
        if token.quoted or not _WORD.fullmatch(token.text):
            self.fail(f"found {token.shown}, expected {what}", token.line)
        return token.text

    def comment(self, owner: str, after: re.Pattern[str]) -> str:
        line = self.line
        found = self.lines[self.row][self.column] if self.more() else "the end"
        if found not in "\"'":
            shown = found if found == "the end" else repr(self.next("").text)
            expected = 'expected text in double quotes, or "" for none'
            self.fail(f"{owner} has no comment: found {shown}, {expected}", line)
        return self._quoted(found, after)

    def _quoted(self, quote: str, after: re.Pattern[str] | None) -> str:
        """The text from here to the quote that ends it, or to the end of the line."""
        text, start = self.lines[self.row], self.column + 1
        end = _comment_end(text, start, quote, after) if after else None
        if end is None:
            end = next(_unescaped(text, start, quote), len(text))
        self.column = end + 1
        return _unescape(text[start:end], quote)


def _comment_end(text: str, start: int, quote: str, after: re.Pattern[str]) -> int | None:
    """The first quote after which the declaration can go on; None if that is unclear."""
    previous = None
    for end in _unescaped(text, start, quote):
        if after.match(text, end + 1):
            return end
        if previous is not None and _BEFORE_QUOTE.search(text[previous:end].rstrip()):
            return None
        previous = end
    return None


def _unescaped(text: str, start: int, quote: str) -> Iterator[int]:
    for match in re.compile(rf"(?<!\\)(\\*+){quote}").finditer(text, start):
        if len(match[1]) % 2 == 0:
            yield match.end() - 1


def _unescape(raw: str, quote: str) -> str:
    r"""Halve the backslashes that stand before a quote or the end: ``\"`` is ``"``."""
    if "\\" not in raw:
        return raw

    def halve(match: re.Match[str]) -> str:
        slashes = len(match[1]) + (not match[2])  # an odd run at the end of an unclosed text stays
        return "\\" * (slashes // 2) + match[2]

    return re.sub(rf"(?<!\\)(\\++)({quote}|\Z)", halve, raw)


def _escape(text: str, quote: str = '"') -> str:
    return re.sub(
        rf"(?<!\\)(\\*+)({quote}|\Z)",
        lambda match: match[1] * 2 + (f"\\{quote}" if match[2] else ""),
        text,
    )


# ── declarations → text ─────────────────────────────────────────────────────────────────────────


def format(autosql: AutoSql) -> str:
    """Canonical text: a field a line, comments in one column, as UCSC writes it."""
    return "\n".join(map(_format_declaration, autosql.declarations))


def _format_declaration(declaration: Declaration) -> str:
    heads = [_format_head(f) for f in declaration.fields]
    width = max((len(h) for h in heads if len(h) <= 40), default=0)
    rows = [
        f'    {head:<{width}} "{_escape(f.comment)}"\n'
        for head, f in zip(heads, declaration.fields, strict=True)
    ]
    title = f'{declaration.kind} {declaration.name}\n"{_escape(declaration.comment)}"\n'
    return f"{title}    (\n{''.join(rows)}    )\n"


def _format_head(f: Field) -> str:
    return " ".join(filter(None, (f.declared_type, f.name, f.keywords))) + ";"


def _format_value(value: str) -> str:
    if _WORD.fullmatch(value):
        return value
    quote = '"' if "'" in value else "'"
    return f"{quote}{_escape(value, quote)}{quote}"


# ── declarations → Arrow ────────────────────────────────────────────────────────────────────────


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _arrow_field(f: Field, known: Mapping[str, Declaration]) -> pa.Field:
    declared = " ".join(filter(None, (f.declared_type, f.keywords)))
    metadata = {b"autosql": _encode(declared)}
    if f.comment:
        metadata[b"description"] = _encode(f.comment)
    return pa.field(f.name, _arrow_type(f, known), metadata=metadata)


def _arrow_type(f: Field, known: Mapping[str, Declaration]) -> pa.DataType:
    if f.of is None:
        one = SCALARS[f.type]
        if f.type in SYMBOLIC and not f.values:  # asParse lets them be; any text is right then
            one = _TEXT if f.type == "enum" else pa.list_(_TEXT)
    else:
        one = pa.struct([_arrow_field(c, known) for c in known[f.of.lower()].fields])
    if not f.is_list:
        return one
    return pa.list_(one, f.size) if isinstance(f.size, int) else pa.list_(one)


# ── Arrow → declarations ────────────────────────────────────────────────────────────────────────


_NAMES: dict[Any, str] = {  # Arrow, of one value     AutoSQL
    **{arrow: name for name, arrow in SCALARS.items() if name in (*INTEGERS, "float", "double")},
    pa.bool_(): "ubyte",  # 0 and 1; AutoSQL has no boolean, UCSC's own tables do the same
    pa.float16(): "float",
    pa.null(): "string",
}

# Commas and parentheses end a value where it is read, white space ends it in a .bed file.
_VALUE = re.compile(r"""[^\s,;()"'\\]+""")


def from_arrow(
    schema: pa.Schema,
    name: str | None = None,
    *,
    comment: str | None = None,
    values: Mapping[str, Sequence[str]] | None = None,
    lstring: Collection[str] = (),
) -> AutoSql:
    """Declare the columns of an Arrow schema, in its order.

    A column that still has the type of its ``autosql`` metadata is declared as it
    was; the others by their Arrow type: bool as ubyte, text as ``string`` (as
    ``lstring`` if named there: bedToBigBed stops at a string over 255 bytes), a
    struct as a new ``simple``. A dictionary becomes an enum, and a list of them a
    set, if ``values`` gives the column's values and all can stand there, else text.

    A list is counted by the field that its metadata names, else by a new one before
    it, ``<name>Count``. A name that is no AutoSQL word is made one (``INFO/AF``:
    ``INFO_AF``) and, without a description, stands in the comment. ``table.sources``
    tells the column behind each field, and None for a new count.

    ``name`` and ``comment`` default to those in the metadata, then to UCSC's own
    ``bed`` and ``Browser Extensible Data``. Raises AutoSqlError for a type that
    AutoSQL does not have, and says what to cast it to.

    >>> print(from_arrow(pa.schema({"chrom": pa.string(), "hits": pa.list_(pa.int32())})))
    table bed
    "Browser Extensible Data"
        (
        string chrom;        ""
        int hitsCount;       "Number of hits"
        int[hitsCount] hits; ""
        )
    <BLANKLINE>
    """
    if not isinstance(schema, pa.Schema):
        _fail(f"the schema is {type(schema).__name__}, expected a pyarrow.Schema")
    for asked in (*(values or ()), *lstring):
        if asked not in schema.names:
            _fail(f"no column {asked!r}{hint(asked, schema.names)}")
    base = _recorded(schema.metadata)
    old = base.table if base else Declaration("table", "bed", "Browser Extensible Data")
    title = old.name if name is None else name
    maker = _Maker(base, title)
    table = maker.declaration(
        replace(old, name=title, comment=old.comment if comment is None else comment),
        list(schema),
        _Wanted(dict(values or {}), frozenset(lstring)),
    )
    return maker.assemble(table)


class _Wanted(NamedTuple):
    """What the caller asked for, by column."""

    values: Mapping[str, Sequence[str]] = {}
    lstring: Collection[str] = ()

    def symbols(self, name: str) -> tuple[str, ...]:
        """The values that the column's enum would have; none if one cannot stand there."""
        values = tuple(self.values.get(name, ()))
        legal = all(isinstance(v, str) and _VALUE.fullmatch(v) for v in values)
        return values if legal and len(set(values)) == len(values) else ()


class _Counting(NamedTuple):
    """The fields declared so far, and names that no new one may take, in lower case."""

    fields: list[Field]
    taken: set[str]


class _Maker:
    """Makes declarations of Arrow fields and keeps the nested ones, by lower-case name."""

    def __init__(self, base: AutoSql | None, table: str) -> None:
        self.base = base
        self.old = {d.name.lower(): d for d in base.declarations} if base else {}
        self.taken = {*self.old, table.lower()}
        self.made: dict[str, Declaration] = {}

    def assemble(self, table: Declaration) -> AutoSql:
        """All declarations: those of the metadata in their order, new ones behind."""
        if self.base is None:
            return AutoSql((table, *self.made.values()))
        known = {**self.old, **self.made, self.base.table.name.lower(): table}
        return AutoSql(tuple(known.values()))

    def declaration(
        self, title: Declaration, columns: Sequence[pa.Field], wanted: _Wanted
    ) -> Declaration:
        """A declaration of ``title``'s kind, name and comment for these columns."""
        names = _legal_names([c.name for c in columns])
        so_far = _Counting([], {n.lower() for n in names})
        sources: list[str | None] = []
        for column, name in zip(columns, names, strict=True):
            f = self.field(column, name, wanted, so_far)
            sources += [None] * (len(so_far.fields) - len(sources))
            so_far.fields.append(f)
            sources.append(column.name)
        return replace(title, fields=tuple(so_far.fields), sources=tuple(sources))

    def field(self, column: pa.Field, name: str, wanted: _Wanted, so_far: _Counting) -> Field:
        """Declare a column; puts the field that counts it into ``so_far`` if it is new."""
        told = _declared(column, name)
        asked = column.name in wanted.lstring or column.name in wanted.values
        if told is None or asked or not _agrees(told, column.type):
            return self.new_field(column, name, wanted, so_far)
        if isinstance(told.size, str):
            told = replace(told, size=_count(told.size, name, so_far))
        if told.of is not None:
            inner = column.type.value_type if told.is_list else column.type
            told = replace(told, of=self.struct(told.of, inner, "", known=True))
        return told

    def new_field(self, column: pa.Field, name: str, wanted: _Wanted, so_far: _Counting) -> Field:
        arrow = one = _stored(column.type)
        size: int | str | None = None
        comment, symbols = _comment(column, name), wanted.symbols(column.name)
        if _is_list(arrow):
            one = _stored(arrow.value_type)
            if symbols and _is_text(one) and not pat.is_fixed_size_list(arrow):
                return Field("set", name, comment, values=symbols)
            size = _new_size(column, name, so_far)
        elif symbols and _is_text(one):
            return Field("enum", name, comment, values=symbols)
        if pat.is_struct(one):
            return Field("simple", name, comment, size, of=self.struct(name, one, comment))
        if _is_text(one):
            kind = "lstring" if column.name in wanted.lstring else "string"
            return Field(kind, name, comment, size)
        return Field(_scalar(column, one), name, comment, size)

    def struct(self, name: str, arrow: pa.DataType, comment: str, *, known: bool = False) -> str:
        """Declare a struct and return its name, another one if it is taken."""
        key = name.lower()
        old = self.old.get(key) if known else None
        title = replace(old, fields=(), sources=()) if old else Declaration("simple", name, comment)
        made = self.declaration(title, list(arrow), _Wanted())
        if self.made.get(key) == made:
            return name
        if key in self.made or (key in self.taken and old is None):
            name = _unique(name, self.taken)
            made = replace(made, name=name)
        self.taken.add(name.lower())
        self.made[name.lower()] = made
        return name


def _recorded(metadata: Mapping[bytes, bytes] | None) -> AutoSql | None:
    """The text in a schema's metadata; None if there is none or another wrote it."""
    text = (metadata or {}).get(b"autosql")
    try:
        return None if text is None else parse(_decode(text))
    except AutoSqlError:
        return None


def _declared(column: pa.Field, name: str) -> Field | None:
    """The field in a column's metadata; None if there is none or another wrote it."""
    text = (column.metadata or {}).get(b"autosql")
    if text is None:
        return None
    try:
        reader = _Reader(_decode(text))
        spec = {**_parse_type(reader), **_parse_keywords(reader)}
        return None if reader.more() else Field(name=name, comment=_comment(column, name), **spec)
    except AutoSqlError:
        return None


def _comment(column: pa.Field, name: str) -> str:
    description = (column.metadata or {}).get(b"description")
    if description is None:
        description = b"" if name == column.name else _encode(column.name)
    return _NO_COMMENT.sub(" ", _decode(description))


def _agrees(told: Field, arrow: pa.DataType) -> bool:
    """Whether a column still is what it was declared as; text may be a dictionary or not."""
    if told.is_list:
        fixed = pat.is_fixed_size_list(arrow)
        if not _is_list(arrow) or fixed != isinstance(told.size, int):
            return False
        if fixed and arrow.list_size != told.size:
            return False
        arrow = arrow.value_type
    if told.of is not None:
        return bool(pat.is_struct(arrow))
    if told.type == "set":
        return _is_list(arrow) and _is_text(arrow.value_type)
    expected = SCALARS[told.type]
    if told.is_position and pat.is_int64(arrow):
        return True
    return bool(pat.is_null(arrow) or arrow == expected or (_is_text(expected) and _is_text(arrow)))


def _stored(arrow: pa.DataType) -> pa.DataType:
    """The type of the values, without the ways to store them that AutoSQL does not have."""
    while True:
        if isinstance(arrow, pa.BaseExtensionType):
            arrow = arrow.storage_type
        elif pat.is_run_end_encoded(arrow) or (pat.is_dictionary(arrow) and not _is_text(arrow)):
            arrow = arrow.value_type
        else:
            return arrow


def _is_text(arrow: pa.DataType) -> bool:
    if pat.is_dictionary(arrow):
        arrow = arrow.value_type
    return bool(pat.is_string(arrow) or pat.is_large_string(arrow) or pat.is_string_view(arrow))


def _is_list(arrow: pa.DataType) -> bool:
    lists = (pat.is_list, pat.is_large_list, pat.is_fixed_size_list, pat.is_list_view)
    return any(test(arrow) for test in (*lists, pat.is_large_list_view))


def _new_size(column: pa.Field, name: str, so_far: _Counting) -> int | str:
    arrow = _stored(column.type)
    if _is_list(_stored(arrow.value_type)):
        _refuse(column, "AutoSQL has no array of arrays; flatten it, or join it to text")
    if not pat.is_fixed_size_list(arrow):
        return _count(None, name, so_far)
    if arrow.list_size < 1:
        _refuse(column, "an AutoSQL array holds at least one value; drop the column")
    return int(arrow.list_size)


def _count(wanted: str | None, name: str, so_far: _Counting) -> str:
    """The name of the field that counts; one is put in if no earlier integer has it.

    asParse wants a letter at its start.
    """
    if wanted is not None:
        count = _find(so_far.fields, wanted)
        if count is not None and count.is_integer and not count.is_list:
            return wanted
    if wanted is None or wanted.lower() in so_far.taken:
        wanted = _unique((name.lstrip("_0123456789") or "item") + "Count", so_far.taken)
    so_far.taken.add(wanted.lower())
    so_far.fields.append(Field("int", wanted, f"Number of {name}"))
    return wanted


def _legal_names(names: Sequence[str]) -> list[str]:
    """AutoSQL words for these names, different without case; those that are words stay.

    >>> _legal_names(["INFO/AF", "info_af", "Name", "name", "5mC", "%"])
    ['INFO_AF_2', 'info_af', 'Name', 'name_2', '5mC', 'X_']
    """
    words = [_legal_name(n) for n in names]
    taken = {w.lower() for n, w in zip(names, words, strict=True) if n == w}
    seen: set[str] = set()
    legal = []
    for name, word in zip(names, words, strict=True):
        clash = word.lower() in (seen if word == name else seen | taken)
        legal.append(_unique(word, seen | taken) if clash else word)
        seen.add(legal[-1].lower())
    return legal


def _legal_name(name: str) -> str:
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    hidden = word[:1] in ("", "_") and name[:1] != "_"  # UCSC does not show fields named _…
    return f"X{word}" if hidden else word


def _unique(name: str, taken: Collection[str]) -> str:
    number, unique = 2, name
    while unique.lower() in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _scalar(column: pa.Field, arrow: pa.DataType) -> str:
    if arrow in _NAMES:
        return _NAMES[arrow]
    if pat.is_uint64(arrow):
        _refuse(column, "cast it to int64 (bigint) or string")
    if pat.is_decimal(arrow):
        _refuse(column, "cast it to float64 (double) or string")
    if pat.is_temporal(arrow):
        _refuse(column, "cast it to string or int64 (bigint)")
    if pat.is_map(arrow) or pat.is_union(arrow):
        _refuse(column, "turn it into a list, a struct or text")
    _refuse(column, "cast it to string")


def _refuse(column: pa.Field, way_out: str) -> NoReturn:
    what = f"column {column.name!r}: no AutoSQL type for {column.type}"
    _fail(f"{what}; {way_out}", column=column.name)


# ── standard BED ────────────────────────────────────────────────────────────────────────────────

_BED_TITLE = 'table bed\n"Browser Extensible Data"\n   (\n'
_BED_LINES = (  # bedAsDef in kent/src/lib/basicBed.c, its spacing kept
    '   string chrom;       "Reference sequence chromosome or scaffold"\n',
    '   uint   chromStart;  "Start position in chromosome"\n',
    '   uint   chromEnd;    "End position in chromosome"\n',
    '   string name;        "Name of item."\n',
    '   uint score;          "Score (0-1000)"\n',
    '   char[1] strand;     "+ or - for strand"\n',
    '   uint thickStart;   "Start of where display should be thick (start codon)"\n',
    '   uint thickEnd;     "End of where display should be thick (stop codon)"\n',
    '   uint reserved;     "Used as itemRgb as of 2004-11-22"\n',
    '   int blockCount;    "Number of blocks"\n',
    '   int[blockCount] blockSizes; "Comma separated list of block sizes"\n',
    '   int[blockCount] chromStarts; "Start positions relative to chromStart"\n',
)


def bed(defined: int, extra: int = 0) -> str:
    """The text that bedToBigBed puts into a bed3 … bed12 file without one, byte for byte.

    ``extra`` fields follow, numbered as bedAsDef numbers them: the first field
    after bed3, the fourth, is ``field5``.

    >>> parse(bed(3, extra=1)).names
    ('chrom', 'chromStart', 'chromEnd', 'field5')
    """
    defined, extra = whole("defined", defined), whole("extra", extra)
    if not 3 <= defined <= len(_BED_LINES):
        _fail(f"bed{defined}: expected 3 to {len(_BED_LINES)} defined fields")
    if extra < 0:
        _fail(f"bed{defined}+{extra}: expected no or more extra fields")
    numbers = range(defined + 2, defined + 2 + extra)
    rows = (f'lstring field{n};\t"Undocumented field"\n' for n in numbers)
    return f"{_BED_TITLE}{''.join(_BED_LINES[:defined])}{''.join(rows)}   )\n"


BED_FIELDS: tuple[Field, ...] = parse(bed(12)).fields


def bed_declared(defined: int, extra: int = 0) -> AutoSql:
    """What ``parse(bed(defined, extra))`` is, of which extra fields need not be parsed.

    A header without AutoSQL may say 65,535 fields, whose text took 3 s to parse.
    """
    told = parse(bed(defined))
    rest = (Field("lstring", f"field{defined + 2 + i}", "Undocumented field") for i in range(extra))
    return AutoSql((replace(told.table, fields=(*told.fields, *rest), sources=()),))
