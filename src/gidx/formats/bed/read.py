"""BED: rows of 3 to 12 standard fields, and any others.

Source: the BED specification (hts-specs, BEDv1) and UCSC's, which take fields parted by
tabs or runs of blanks, and know ``track`` and ``browser`` lines.

What the fields are, says a schema: ``bed6``, ``bed6+4``, ``narrowPeak`` and the like
(`gidx.autosql.standards`), AutoSQL, or Arrow's; or the file, by ``track type=narrowPeak``, or by
``#bedGraph section`` as kent's bigWigToBedGraph begins. Without one the first rows are looked
at: as many fields as are of their standard kind have the standard names; the others are typed
by what they hold and named as UCSC's bedAsDef does (``field8`` … behind bed6, one too far).
What was only looked at is wider where later rows ask for it.

BED has no word for a missing value, but tools write ``.`` where a number is missing. It
is read as missing in number columns, and as the text that it is in others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from gidx import autosql as sql
from gidx.arrow import schema
from gidx.arrow.decode import Column
from gidx.arrow.infer import Seen, look, wider
from gidx.arrow.plan import PLACES
from gidx.autosql import BED_FIELDS, AutoSql, standards
from gidx.autosql.grammar import WORDS
from gidx.declared.columns import HEAD_FIELDS, Declared
from gidx.declared.declare import BedType, standard_kind, text_of
from gidx.errors import ColumnError, FormatError, warn
from gidx.formats.text.dialect import Head, Metadata, RowColumns, Rules, fields_table
from gidx.ground.conventions import ONE_BASED, recognise
from gidx.options import Names

ITEM_RGB = "itemRgb"  # as the specification has it; UCSC's AutoSQL says reserved
_MISSING = b"."
_NAMES = {"chromStart": "start", "chromEnd": "end"}
_NAME, _SCORE, _STRAND, _THICK, _RGB, _COUNT = 3, 4, 5, 6, 8, 9
_ANY = re.compile(rb".*", re.S)
_SIGN = re.compile(rb"[-+.]")
_INT = re.compile(rb"[0-9]{1,9}|\.")
_LIST = re.compile(rb"(-?[0-9]+,)*(-?[0-9]+)?")
_COLOR = re.compile(rb"[0-9]+|[0-9]{1,3},[0-9]{1,3},[0-9]{1,3},?|\.")
_TRACK = re.compile(rb"^(?:track[ \t]([^\r\n]*)|(#bedGraph section ))", re.M)
_WORD = re.compile(rb"""(\w+)=("[^"]*"|'[^']*'|\S*)""")


def from_head(head: Head, *, schema: Any = None, types: Any = None) -> Bed:
    """The dialect of a file; ``schema`` and ``types`` are what `gidx.read_bed` takes."""
    odd = (head.meta[0], ord("t"), ord("b"))
    rows = [r for r in head.first if r[0] not in odd or not _is_comment(r, head)]
    spaces = bool(rows) and b"\t" not in rows[0]
    width = len(rows[0].split() if spaces else rows[0].split(b"\t")) if rows else 0
    parted = _parted(rows, width, spaces)
    named = _header_names(head, width)
    if schema is None and (named is None or not _is_bed(named)):
        _warn_of_ones(head, width)
    if named is not None and not rows:
        width = len(named)
        parted = [()] * width
    placed = isinstance(schema, pa.Schema) and schema.names[:3] == ["chrom", "start", "end"]
    if isinstance(schema, pa.Schema) and len(schema) < width and not placed:  # of some columns
        schema = {f.name: f.type for f in schema}
    if isinstance(schema, Mapping):
        schema, types = None, {**schema, **(types or {})}
    if schema is None:
        declared = _told(head, parted, named) or _looked(parted, named)
    else:
        declared = _given(schema, head, parted, width, named)
    declared = _typed(declared, types, head.name)
    exact = width or declared.autosql_count
    rules = Rules(0, 1, 2, one_based=False, meta=head.meta, exact=exact, tracks=True, spaces=spaces)
    return Bed(head.lines.decode("utf-8", "backslashreplace"), rules, declared)


def _parted(rows: list[bytes], width: int, spaces: bool) -> list[Sequence[bytes]]:
    """The texts of each column; rows of another width, which scans refuse, are left out."""
    found = [r.split() if spaces else r.split(b"\t") for r in rows]
    return list(zip(*(r for r in found if len(r) == width), strict=True))


def _told(
    head: Head, columns: list[Sequence[bytes]], named: list[str] | None
) -> _BedDeclared | None:
    """What a ``track`` line, or kent's bigWigToBedGraph, says that the rows are.

    Rows of another number of fields are looked at, with a warning; no more of them are BED's own
    than are of that type, so that a bedGraph's fourth is a value, whatever comes behind.
    """
    said = _track_type(head.lines)
    kind = None if said is None else standards.known(said)
    if kind is None:
        return None
    width = len(columns)
    widths, most = [], HEAD_FIELDS
    for text, defined in standards.declarations(kind):
        autosql = sql.parse(text)
        if width in (0, len(autosql.fields)):
            return _columns(Declared(autosql, text, defined))
        widths.append(str(len(autosql.fields)))
        most = max(most, defined)
    warn(
        f"{head.name}: it says that it is a {kind}, whose rows have {' or '.join(widths)} fields; "
        f"these have {width}, and are read as what they look like; schema= says what they are"
    )
    return _looked(columns, named, most)


def _track_type(lines: bytes) -> str | None:
    """The type in the last track line before the rows that has one.

    >>> _track_type(b"track name='a type=bed' type=bedGraph\\n"), _track_type(b"track name=x\\n")
    ('bedGraph', None)
    """
    found = None
    for track, section in _TRACK.findall(lines):
        words = dict(_WORD.findall(track))
        found = b"bedGraph" if section else words.get(b"type", found)
    return None if found is None else found.strip(b"\"'").decode("utf-8", "replace")


def _is_comment(row: bytes, head: Head) -> bool:
    return row.startswith(head.meta) or re.match(rb"(track|browser)([ \t]|$)", row) is not None


@dataclass(frozen=True)
class _BedDeclared:
    """A declaration, and the columns that it makes."""

    inner: Declared
    columns: tuple[Column, ...]  # from field 3 on
    fields: tuple[pa.Field, ...]  # all, canonical

    @property
    def autosql_count(self) -> int:
        return self.inner.count

    def retyped(self, at: int, seen: Seen, *, guessed: bool = False) -> _BedDeclared:
        """The same, one field of another type."""
        word = WORDS.get(seen.type, "lstring")
        told = self.inner.autosql.table
        fields = list(told.fields)
        fields[at] = replace(fields[at], type=word, size=None, values=(), of=None)
        made = AutoSql((replace(told, fields=tuple(fields)), *self.inner.autosql.declarations[1:]))
        inner = Declared(made, None, min(self.inner.defined, len(fields)))
        columns, arrow = list(self.columns), list(self.fields)
        old = columns[at - HEAD_FIELDS]
        columns[at - HEAD_FIELDS] = replace(
            old, type=seen.type, declared=word if guessed and word != "lstring" else str(seen.type),
            counted_by=None, color=False, values=(), parse=None, missing=seen.missing,
            limits=None, guessed=guessed,
        )  # fmt: skip
        metadata = {**(inner.canonical[at].metadata or {})}
        if seen.missing not in (None, _MISSING):
            metadata[b"missing"] = seen.missing
        arrow[at] = pa.field(arrow[at].name, seen.type, metadata=metadata or None)
        return _BedDeclared(inner, tuple(columns), tuple(arrow))


class Bed:
    """One BED file's dialect."""

    kind = "bed"

    def __init__(self, header: str, rules: Rules, declared: _BedDeclared) -> None:
        self.header, self.rules, self._declared = header, rules, declared

    def widened(self, field: int, text: bytes) -> Bed:
        """The same, a column that was guessed wide enough for this text of it."""
        old = self._declared.columns[field - HEAD_FIELDS]
        seen = Seen(pa.string())
        if pat.is_integer(old.type) or pat.is_floating(old.type):
            kind = pa.float64() if pat.is_floating(old.type) else pa.int64()
            kind = old.type if pat.is_uint64(old.type) else kind
            seen = Seen(kind, old.missing)
            # of a standard field, values in the range of int64 that it has not
            narrow = kind != old.type or old.limits is not None
            seen = seen if narrow and _fits(seen, text) else wider(seen, text)
        declared = self._declared
        for column in declared.columns:
            if column.counted_by == field:  # AutoSQL counts by integers
                declared = declared.retyped(column.field, Seen(pa.string()), guessed=True)
        return Bed(self.header, self.rules, declared.retyped(field, seen, guessed=True))

    @property
    def is_declared(self) -> bool:
        """Whether somebody said of which type some columns are, under the names they have."""
        told = ["reserved" if f.name == ITEM_RGB else f.name for f in self._declared.fields]
        own = self._declared.inner.canonical
        named = ["reserved" if f.name == ITEM_RGB else f.name for f in own]
        return told == named and any(not c.guessed for c in self._declared.columns)

    def as_texts(self, *, guessed: bool = True) -> Bed:
        """The same, each column behind the head the text that it is.

        So ``1.50`` stays, and ``1e3`` in a ``uint``. Without ``guessed`` only columns
        whose type was declared.
        """
        told = self._declared
        texts = tuple(
            replace(c, type=pa.string(), counted_by=None, color=False, values=(), parse=None,
                    missing=None, limits=None, guessed=False)
            if guessed or not c.guessed else c
            for c in told.columns
        )  # fmt: skip
        fields = (
            f if c is old else pa.field(f.name, c.type)
            for f, c, old in zip(told.fields[HEAD_FIELDS:], texts, told.columns, strict=True)
        )
        declared = replace(told, columns=texts, fields=(*told.fields[:HEAD_FIELDS], *fields))
        return Bed(self.header, self.rules, declared)

    @property
    def bed_type(self) -> str:
        """``bed6+4``."""
        extra = self._declared.inner.count - self._declared.inner.defined
        return f"bed{self._declared.inner.defined}" + (f"+{extra}" if extra else "")

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return {}

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        inner = self._declared.inner
        return {
            "autosql": inner.text or str(inner.autosql),
            "defined_fields": inner.defined,
            "header": self.header or None,
        }

    def named(self, names: Names) -> list[pa.Field]:
        fields = list(self._declared.fields)
        if names == "canonical":
            return fields
        native = [f.name for f in self._declared.inner.native]
        native[_RGB : _RGB + 1] = [ITEM_RGB if n == "reserved" else n for n in native[_RGB:][:1]]
        return [f.with_name(n) for f, n in zip(fields, native, strict=True)]

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> RowColumns:
        told = self._declared.columns
        own = [PLACES[c] if c < HEAD_FIELDS else told[c - HEAD_FIELDS] for c in columns]
        named = self.named(names)  # the same columns in the same order, whatever their names
        return RowColumns(own, pa.schema([named[i] for i in columns], metadata))

    def fields(self) -> pa.Table:
        told = self._declared.inner.autosql.fields
        return fields_table(
            self._declared.fields,
            [f.declared_type for f in told],
            [None if f.size is None else str(f.size) for f in told],
            [f.comment for f in told],
            [f.name for f in told],
        )

    def info(self) -> dict[str, Any]:
        return {"bed type": self.bed_type}


# ── what the columns are ────────────────────────────────────────────────────────────────────────


def _last_words(head: Head) -> list[str]:
    """The words of the last comment or skipped line, which may be columns' names."""
    last = next(head.last_lines(), None)
    if last is None:
        return []
    text = last.lstrip(b"#").strip().decode("utf-8", "backslashreplace")
    return text.split("\t") if "\t" in text else text.split()


def _warn_of_ones(head: Head, width: int) -> None:
    """Say so where a line of names calls the columns as tables do that count from 1."""
    names = _last_words(head)
    if len(names) != width:
        return
    try:
        roles = recognise(names)
    except ColumnError:
        return
    if roles.coordinates == ONE_BASED:
        shown = ", ".join(names[:3])
        warn(
            f"{head.name}: its columns are called {shown}, which count from 1 ({roles.by}), and "
            "it is read as a BED, from 0; pd.read_csv(path, sep='\\t').gidx counts as they do, so "
            "does a tabix index of the table; schema= says that it is a BED"
        )


def _header_names(head: Head, width: int) -> list[str] | None:
    """The columns' names, if the last comment or skipped line has one for each."""
    names = _last_words(head)
    if not names or len(names) != (width or len(names)):
        return None
    return names if _is_bed(names) or (width and _is_tabbed(head) and is_table(names)) else None


def _is_bed(names: Sequence[str]) -> bool:
    """Whether names are those that BED has."""
    heads = [_NAMES.get(n, n).lower() for n in names[:3]]
    return heads in (
        ["chrom", "start", "end"],
        ["chr", "start", "end"],
        ["chrom", "chromstart", "chromend"],
    )


def _is_tabbed(head: Head) -> bool:
    return b"\t" in next(head.last_lines(), b"")


def is_table(names: Sequence[str]) -> bool:
    """Whether these may be names of columns in a line between tabs, of a table that is no BED."""
    return (
        len(names) > HEAD_FIELDS
        and not any(re.fullmatch(r"[-+.0-9eE]*", n) for n in names)
        and len({"chrom", "start", "end", *names[HEAD_FIELDS:]}) == len(names)
    )


def _fits(seen: Seen, text: bytes) -> bool:
    return look([text]) == Seen(seen.type) or text == seen.missing


def _typed(declared: _BedDeclared, types: Any, name: str) -> _BedDeclared:
    """The declaration, some columns of types that are given."""
    names = {f.name: i for i, f in enumerate(declared.fields)}
    for i, f in enumerate(declared.inner.native):
        names.setdefault(f.name, i)
    for i, kind in schema.of_columns(types, names, name).items():
        if i < HEAD_FIELDS:
            continue
        schema.check_scalar(declared.fields[i].name, kind)
        old = declared.columns[i - HEAD_FIELDS]
        missing = None if pat.is_string(kind) else old.missing or _MISSING
        declared = declared.retyped(i, Seen(kind, missing))
    return declared


def _columns(inner: Declared, missing: Mapping[int, bytes | None] | None = None) -> _BedDeclared:
    """Columns whose fields are counted in the line, with `.` for no number."""
    fields, columns = list(inner.canonical[:HEAD_FIELDS]), []
    for i in range(HEAD_FIELDS, inner.count):
        made = inner.columns[i]
        if made is None:  # not behind the head
            continue
        counted = None if made.counted_by is None else made.counted_by + HEAD_FIELDS
        is_text = pat.is_string(made.type) or pat.is_dictionary(made.type)
        word = None if is_text else (missing or {}).get(i, _MISSING)
        name = ITEM_RGB if i == _RGB and made.name == "reserved" else made.name
        columns.append(replace(made, name=name, field=i, counted_by=counted, missing=word))
        field = inner.canonical[i].with_name(name)
        if word not in (None, _MISSING):
            told = {**(field.metadata or {}), b"missing": word}
            field = field.with_metadata(told)
        fields.append(field)
    return _BedDeclared(inner, tuple(columns), tuple(fields))


def _given(
    given: Any,
    head: Head,
    columns: list[Sequence[bytes]],
    width: int,
    named: list[str] | None,
) -> _BedDeclared:
    if isinstance(given, str) and re.fullmatch(r"bed[0-9]+(\+[0-9]*)?", given):
        bed = BedType.parse(given)
        least = bed.defined + (bed.extra or 0)
        if width and (width < least or (bed.extra is not None and width > least)):
            raise FormatError(
                f"{head.name}: its rows have {width} fields, {given} has {least}"
                f"{' or more' if bed.extra is None else ''}; pass another schema, or none to look",
                path=head.name,
                offset=None,
            )
        return _made(columns, bed.defined, width or least, None, {}, declared=bed.defined)
    if kinds := standard_kind(given, "schema", ["bed6+4"]):
        return _standard(given, kinds, head, width)
    if isinstance(given, pa.Schema):
        autosql: AutoSql = sql.from_arrow(_canonical(given))
        text = None
    elif isinstance(given, str | os.PathLike | AutoSql):
        stored, autosql = text_of(given)
        text = None if stored is None else stored.decode("utf-8", "surrogateescape")
    else:
        raise TypeError(
            f"schema is {type(given).__name__}, expected 'bed6+4', 'narrowPeak' and the like, "
            "AutoSQL as text or path, or a pyarrow.Schema"
        )
    if width and len(autosql.fields) != width:
        raise FormatError(
            f"{head.name}: its rows have {width} fields, the schema has {len(autosql.fields)}",
            path=head.name,
            offset=None,
        )
    if len(autosql.fields) < HEAD_FIELDS:
        raise ColumnError("the schema needs chrom, start and end first")
    if named is not None:
        text, autosql = _in_order(named, text, autosql)
    defined = HEAD_FIELDS
    for f, standard in zip(autosql.fields[3:], BED_FIELDS[3:], strict=False):
        if f.name != standard.name and {f.name, standard.name} != {"reserved", ITEM_RGB}:
            break
        defined += 1
    return _columns(Declared(autosql, text, defined))


def _in_order(named: list[str], text: str | None, autosql: AutoSql) -> tuple[str | None, AutoSql]:
    """A declaration of the columns that a line of names has in another order, in that order."""
    rest, names = autosql.fields[HEAD_FIELDS:], named[HEAD_FIELDS:]
    places = {f.name: i for i, f in enumerate(rest)}
    if list(places) == names or set(places) != set(names) or len(places) != len(names):
        return text, autosql
    fields = (*autosql.fields[:HEAD_FIELDS], *(rest[places[n]] for n in names))
    table = replace(autosql.table, fields=fields, sources=())
    return None, AutoSql((table, *autosql.declarations[1:]))


def _standard(
    given: str, kinds: list[tuple[AutoSql, str, int]], head: Head, width: int
) -> _BedDeclared:
    """A standard kind by its name."""
    for autosql, text, defined in kinds:
        if width in (0, len(autosql.fields)):
            return _columns(Declared(autosql, text, defined))
    widths = " or ".join(str(len(autosql.fields)) for autosql, *_ in kinds)
    raise FormatError(
        f"{head.name}: its rows have {width} fields, {standards.known(given)} has {widths}; pass "
        "another schema, or none to look",
        path=head.name,
        offset=None,
    )


def _canonical(given: pa.Schema) -> pa.Schema:
    """Dictionary columns as text, which a file's values may be more than."""
    fields = [f.with_type(f.type.value_type) if pat.is_dictionary(f.type) else f for f in given]
    return pa.schema(fields, given.metadata)


def _looked(
    columns: list[Sequence[bytes]], named: list[str] | None, most: int = len(BED_FIELDS)
) -> _BedDeclared:
    """Standard fields as far as the rows bear them out, ``most`` at most."""
    width = len(columns)
    if not width:
        return _columns(Declared(sql.parse(sql.bed(3)), sql.bed(3), 3))
    own: dict[int, str] = {}
    defined = HEAD_FIELDS
    while defined < min(width, most):
        kind = _standard_kind(defined, set(columns[defined]))
        if kind is None or (defined == _THICK and not _are_thick(columns)):
            break
        if kind:
            own[defined] = kind
        defined += 1
    if named is not None:  # whoever names columns means what he says
        standard = [f.name for f in BED_FIELDS]
        for i, name in enumerate(named[HEAD_FIELDS:defined], HEAD_FIELDS):
            if name not in (standard[i], {"reserved": ITEM_RGB}.get(standard[i])):
                defined = i
                break
    return _made(columns, defined, width, named, {i: k for i, k in own.items() if i < defined})


def _standard_kind(field: int, texts: set[bytes]) -> str | None:
    """'' if the texts are of a standard field's kind, a wider kind, or None for another."""
    pattern = _INT
    if field == _NAME:
        pattern = _ANY
    elif field == _STRAND:
        pattern = _SIGN
    elif field == _RGB:
        pattern = _COLOR
    elif field > _COUNT:
        pattern = _LIST
    if all(map(pattern.fullmatch, texts)):
        return ""
    if field == _SCORE and pat.is_floating(look(texts).type):
        return "double"  # what many peak callers write
    return None


def _are_thick(columns: list[Sequence[bytes]]) -> bool:
    """Whether the fields 7 and 8 lie within their rows: else they are numbers of another kind."""
    if len(columns) <= _THICK + 1 or _standard_kind(_THICK + 1, set(columns[_THICK + 1])) is None:
        return False
    for row in zip(*(columns[i] for i in (1, 2, _THICK, _THICK + 1)), strict=False):
        if not (row[0].isdigit() and row[1].isdigit()):
            return False
        start, end = int(row[0]), int(row[1])
        for thick in row[2:]:
            if thick not in (b".", b"0") and not start <= int(thick) <= end:
                return False
    return True


def _made(
    columns: list[Sequence[bytes]],
    defined: int,
    width: int,
    named: list[str] | None,
    own: Mapping[int, str],
    declared: int = HEAD_FIELDS,
) -> _BedDeclared:
    """The standard fields, and others typed by what they hold.

    So many fields as are ``declared`` are of their types; all others' are guessed.
    """
    text = sql.bed(defined, width - defined)
    base = sql.parse(text)
    missing: dict[int, bytes | None] = {}
    large: dict[int, Seen] = {}  # of a type that AutoSQL does not have
    fields = list(base.fields)
    for i, kind in own.items():
        fields[i] = replace(fields[i], type=kind)
    for i in range(defined, width):
        seen = look(columns[i] if columns else ())
        missing[i] = seen.missing
        fields[i] = replace(fields[i], type=WORDS.get(seen.type, "lstring"))
        if pat.is_uint64(seen.type):
            large[i] = seen
    autosql = AutoSql((replace(base.table, fields=tuple(fields), sources=()),))
    changed = bool(own) or any(
        new.type != old.type for new, old in zip(fields, base.fields, strict=True)
    )
    made = _columns(Declared(autosql, None if changed else text, defined), missing)
    for i, seen in large.items():
        made = made.retyped(i, seen)
    guessed = (replace(c, guessed=c.guessed or c.field >= declared) for c in made.columns)
    made = replace(made, columns=tuple(guessed))
    if named is None or defined == width:
        return made
    names = schema.unique(named[HEAD_FIELDS:])
    head = made.fields[:HEAD_FIELDS]
    return _BedDeclared(
        made.inner,
        tuple(replace(c, name=n) for c, n in zip(made.columns, names, strict=True)),
        (*head, *(f.with_name(n) for f, n in zip(made.fields[HEAD_FIELDS:], names, strict=True))),
    )
