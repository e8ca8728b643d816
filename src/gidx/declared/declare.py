"""Which AutoSQL declaration a table's columns are written with.

    given      text, path or object: stored as it is; its fields must be the columns
    recorded   in the data's metadata, as it was read; adjusted where columns changed
    standard   the columns that are BED's own fields, by name and kind, in any order
    made       the other columns, by their Arrow types (`autosql.from_arrow`)

``chrom, start, end`` (or ``chrom, chromStart, chromEnd``, PyRanges' names, or the
declaration's own) may stand anywhere among the columns, and so may BED's other fields;
the rest keep their order. Names are BED's in any case and spelling (``Score``,
``thick_start``), and those of others (`field_name`). A field before the last of them that
has no column is filled as BED does, ``.`` or ``0`` (`GAPS`). A column that has a standard
name and cannot be that field ends the standard ones, with a warning: it and those behind
are further fields.

Left out: values, but for those that decide whether a column is standard: floats and texts
that are integers, a score of 0 to 1000. Whether each value is what its field is declared
as is for `encode` to see.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import autosql as sql
from gidx.arrow import colors
from gidx.arrow import schema as canonical
from gidx.arrow.batches import Batches, is_text
from gidx.arrow.encode import LONGEST
from gidx.arrow.lists import is_list
from gidx.autosql import BED_FIELDS, AutoSql, Field, standards
from gidx.declared.columns import MOST_SCORE, Implied
from gidx.errors import AutoSqlError, WriteError, hint, warn

HEADS = (
    canonical.HEAD,
    ("chrom", "chromStart", "chromEnd"),
    ("Chromosome", "Start", "End"),
)
_COLOR = ("reserved", "itemRgb")  # UCSC declares the one and means the other
_COUNT, _SIZES, _STARTS = 9, 10, 11  # blockCount, blockSizes, chromStarts
_BLOCK_SIZES = BED_FIELDS[_SIZES].name
_NAME = re.compile(r"(?!bed[0-9]+$)\w+")
_DIGITS = re.compile(r"[0-9]{1,18}")
_NAMED = {f.name.lower(): f.name for f in BED_FIELDS[3:]}
_ALIASES = {**_NAMED, "itemrgb": "reserved", "rgb": "reserved", "blockstarts": "chromStarts"}
# What stands for no value in a field that a later one needs to be there
GAPS = {"name": ".", "score": "0", "strand": ".", "thickStart": "0", "thickEnd": "0",
        "reserved": "0"}  # fmt: skip
# bedToBigBed takes an empty name for one, so a name that is missing is refused
_MISSING = {name: word for name, word in GAPS.items() if name != "name"}


def field_name(column: str) -> str | None:
    """The name of the standard field that a column is, whoever named it.

    >>> [field_name(n) for n in ("Score", "blockStarts", "thick_start", "itemRgb", "value")]
    ['score', 'chromStarts', 'thickStart', 'reserved', None]
    """
    return _ALIASES.get(column.lower().replace("_", "").replace(".", ""))


def by_field(columns: Iterable[Any]) -> dict[str, str]:
    """The columns that are standard fields, by the fields' names; of several the first.

    >>> by_field(["Score", "BlockStarts", "chromStarts", "value", 5])
    {'chromStarts': 'BlockStarts', 'score': 'Score'}
    """
    names = [c for c in columns if isinstance(c, str)]
    found = {field_name(name): name for name in reversed(names)}
    return {field: name for field, name in found.items() if field is not None}


def counted_with_blocks(
    columns: pa.Schema, about: Mapping[str, Any], autosql: Any = None
) -> list[str]:
    """The columns that are lists of an item a block: counted by what counts `blockSizes`.

    ``about`` is what the data came with, ``autosql`` what was given instead.
    """
    if autosql is not None:
        found = text_of(by_name(autosql, len(columns), "autosql"))[1]
    elif (base := _recorded_as(columns, about)) is not None:
        found = base[1]
    else:
        return []
    count = next((f.size for f in found.fields if field_name(f.name) == _BLOCK_SIZES), None)
    if not isinstance(count, str):
        return []
    sources, _, _ = match(found, columns.names)
    return [
        name
        for f, name in zip(found.fields, sources, strict=True)
        if name is not None and isinstance(f.size, str) and f.size.lower() == count.lower()
    ]


def missing_word(f: Field) -> str | None:
    """What BED has for no value of a standard field; None where it has nothing."""
    return _MISSING.get(field_name(f.name) or "")


@dataclass(frozen=True)
class TableDeclared:
    """The declaration: its text, and the column behind each field (None: a count to fill).

    The first ``defined`` fields are standard BED; of these, `gaps` have no column either.
    """

    text: bytes | None  # None: not to be written
    autosql: AutoSql
    sources: tuple[str | None, ...]
    defined: int

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of a row."""
        return self.autosql.fields

    @property
    def gaps(self) -> dict[int, str]:
        """The standard fields without a column that are no counts, and what they hold."""
        return {
            i: GAPS[BED_FIELDS[i].name]
            for i, source in enumerate(self.sources[: self.defined])
            if source is None and BED_FIELDS[i].name in GAPS
        }


@dataclass(frozen=True)
class BedType:
    """``bed6``, ``bed6+`` (any further fields), ``bed6+4``.

    >>> BedType.parse("bed6+4")
    BedType(defined=6, extra=4)
    """

    defined: int
    extra: int | None

    @classmethod
    def parse(cls, text: str) -> BedType:
        """Read ``bedN``, ``bedN+`` or ``bedN+M``."""
        match = re.fullmatch(r"bed(\d+)(\+(\d*))?", text) if isinstance(text, str) else None
        if match is None or not 3 <= int(match[1]) <= len(BED_FIELDS):
            _fail(f"bed_type is {text!r}, expected bed3 to bed12, with + or +N for further fields")
        extra = 0 if match[2] is None else int(match[3]) if match[3] else None
        return cls(int(match[1]), extra)

    def __str__(self) -> str:
        extra = "+" if self.extra is None else f"+{self.extra}" if self.extra else ""
        return f"bed{self.defined}{extra}"

    def check(self, fields: int) -> None:
        """Raise WriteError if rows of so many fields are not of this type."""
        least = self.defined + (self.extra or 0)
        if fields < least or (self.extra is not None and fields > least):
            expected = f"{least}{' or more' if self.extra is None else ''}"
            way_out = f"; pass bed_type='bed{self.defined}+' for any" if fields > least else ""
            _fail(f"{self} has {expected} fields, the data have {fields}{way_out}")


def declare(frame: Batches, autosql: Any = None, bed_type: str | None = None) -> TableDeclared:
    """The declaration for these columns; raises WriteError or AutoSqlError."""
    wanted = None if bed_type is None else BedType.parse(bed_type)
    if autosql is not None:
        given = by_name(autosql, len(frame.schema), "autosql")
        found = _given(frame, *text_of(given), wanted)
    else:
        found = _recorded(frame, wanted) or _made(frame, wanted)
    if wanted is not None:
        wanted.check(len(found.fields))
    return found


def _fail(message: str) -> NoReturn:
    raise WriteError(message, row=None)


# ── given ───────────────────────────────────────────────────────────────────────────────────────


def standard_kind(
    given: Any, what: str, others: Iterable[str] = ()
) -> list[tuple[AutoSql, str, int]]:
    """The declarations of a standard kind given by its name: parsed, text, standard fields.

    Nothing for what is no name. ``others`` are further names that there are, and ``what`` is
    what it was given as.
    """
    if not (isinstance(given, str) and _NAME.fullmatch(given)) or os.path.exists(given):
        return []
    kind = standards.known(given)
    if kind is None:
        names = standards.unknown(given, others)
        raise AutoSqlError(f"{what} is {given!r}{names}, AutoSQL or a path", line=None)
    return [(sql.parse(text), text, n) for text, n in standards.declarations(kind)]


def by_name(given: Any, columns: int, what: str, others: Iterable[str] = ()) -> Any:
    """What was given; of a name the kind's AutoSQL, of so many fields if it has such."""
    kinds = standard_kind(given, what, others)
    fitting = [text for autosql, text, _ in kinds if len(autosql.fields) == columns]
    return [*fitting, *(text for _, text, _ in kinds), given][0]


def text_of(given: Any) -> tuple[bytes | None, AutoSql]:
    """The text to store, and what it says. A str is a path if it is that of a file."""
    if isinstance(given, Implied):
        return None, sql.parse(given)
    if isinstance(given, str) and re.fullmatch(r"bed[0-9]+(\+[0-9]*)?", given):
        raise AutoSqlError(f"autosql is {given!r}; pass bed_type={given!r}", line=None)
    if isinstance(given, AutoSql):
        return str(given).encode("utf-8", "surrogateescape"), given
    if not isinstance(given, (str, os.PathLike)):
        found = type(given).__name__
        raise AutoSqlError(f"autosql is {found}, expected text, a path or AutoSql", line=None)
    path = isinstance(given, os.PathLike) or given.strip().endswith(".as")
    if path or ("(" not in str(given) and os.path.exists(given)):
        text = Path(given).expanduser().read_bytes()
        try:
            return text, sql.parse(text.decode("utf-8", "surrogateescape"))
        except AutoSqlError as error:
            raise AutoSqlError(f"{given}, {error}", line=error.line) from None
    return str(given).encode("utf-8", "surrogateescape"), sql.parse(str(given))


def _given(
    frame: Batches, text: bytes | None, autosql: AutoSql, wanted: BedType | None
) -> TableDeclared:
    if text is not None and b"\0" in text:
        _fail("the AutoSQL text has a NUL, which would end it in the file")
    if len(autosql.fields) < len(canonical.HEAD):
        _fail(f"the AutoSQL declares {len(autosql.fields)} fields, expected 3 or more")
    sources, missing, extra = match(autosql, frame.schema.names)
    if missing or extra:
        known = frame.schema.names
        parts = [f"field {n!r} is no column{hint(n, known)}" for n in missing]
        parts += [f"column {n!r} is no field" for n in extra]
        _fail(f"the AutoSQL and the columns differ: {', '.join(parts)}")
    for f, name in zip(autosql.fields[3:], sources[3:], strict=True):
        if name is not None and not fits(f, frame.schema.field(name).type, lenient=True):
            kind = frame.schema.field(name).type
            _fail(f"column {name!r} is {kind}, its field {f.name!r} is {f.declared_type}")
    if wanted is not None:
        defined = min(wanted.defined, len(autosql.fields))
    else:
        defined = _defined(autosql.fields)
    return TableDeclared(text, autosql, sources, defined)


def match(
    autosql: AutoSql, columns: Sequence[str]
) -> tuple[tuple[str | None, ...], list[str], list[str]]:
    """The column of each field; fields without a column; columns without a field.

    A count that is no column is None among the first, and no fault.
    """
    names = autosql.names
    heads = find_heads(columns, names) or names[:3]
    native = heads == names[:3] and heads != canonical.HEAD
    spoken = names[3:] if native else tuple(canonical.unique(names[3:]))
    free = {c for c in columns if c not in heads}
    sources: list[str | None] = list(heads)
    missing = [h for h in heads if h not in columns]
    alike = {field_name(c): c for c in reversed(columns) if c in free and c not in spoken}
    for i, (name, own) in enumerate(zip(spoken, names[3:], strict=True), 3):
        found = next((n for n in (name, own) if n in free), None)
        if found is None and i < len(BED_FIELDS) and field_name(own) == BED_FIELDS[i].name:
            found = alike.get(BED_FIELDS[i].name)
        if found is None and own not in autosql.table.counts:
            missing.append(own)
        free.discard(found or "")
        sources.append(found)
    return tuple(sources), missing, [c for c in columns if c in free]


def find_heads(columns: Sequence[str], native: Sequence[str] = ()) -> tuple[str, ...] | None:
    """The names of chrom, start and end among the columns."""
    for names in (tuple(native[:3]), *HEADS):
        if len(names) == 3 and all(n in columns for n in names):
            return names
    return None


def _defined(fields: Sequence[Field]) -> int:
    """How many fields at the start are standard BED, by name and kind."""
    n = 3
    for f, standard in zip(fields[3:], BED_FIELDS[3:], strict=False):
        alike = f.name == standard.name or {f.name, standard.name} <= {*_COLOR}
        if not (alike and is_like(f, standard)):
            break
        n += 1
    return n


def is_like(f: Field, standard: Field) -> bool:
    """Whether a field can stand for a standard one: integers of any width, texts of any kind."""
    if standard.is_list:
        return f.is_integer and f.is_list
    if standard.is_integer:
        return (f.is_integer or (standard.name == "reserved" and _is_text(f))) and not f.is_list
    return _is_text(f)


def _is_text(f: Field) -> bool:
    return f.type in ("string", "lstring", "char") and not f.is_list


# ── recorded in the metadata ────────────────────────────────────────────────────────────────────


def _base(frame: Batches) -> tuple[str, AutoSql] | None:
    """The declaration that the data came with."""
    return _recorded_as(frame.schema, frame.about)


def _recorded_as(columns: pa.Schema, about: Mapping[str, Any]) -> tuple[str, AutoSql] | None:
    text = about.get("autosql")
    if text is None:
        found = (columns.metadata or {}).get(b"autosql")
        text = found.decode("utf-8", "surrogateescape") if found else None
    try:
        return None if not isinstance(text, str) else (text, sql.parse(text))
    except AutoSqlError:
        return None


def _recorded(frame: Batches, wanted: BedType | None) -> TableDeclared | None:
    """The recorded declaration as it is, if it still agrees with the columns."""
    base = _base(frame)
    if base is None or len(base[1].fields) < 3:
        return None
    text, autosql = base
    sources, missing, extra = match(autosql, frame.schema.names)
    if missing or extra or not all(
        name is None or _still_fits(frame, name, f)
        for f, name in zip(autosql.fields[3:], sources[3:], strict=True)
    ):  # fmt: skip
        return None
    recorded = frame.about.get("defined_fields")
    if wanted is not None:
        if len(autosql.fields) < wanted.defined:
            return None
        defined = wanted.defined
    elif isinstance(recorded, int):
        defined = min(max(recorded, 3), len(autosql.fields), len(BED_FIELDS))
    else:
        defined = _defined(autosql.fields)
    stored = None if frame.about.get(canonical.IMPLIED) else text.encode("utf-8", "surrogateescape")
    return TableDeclared(stored, autosql, sources, defined)


def _still_fits(frame: Batches, name: str, f: Field) -> bool:
    kind = frame.schema.field(name).type
    if not fits(f, kind):
        return False
    if f.type == "string" and not f.is_list and _is_texts(kind):
        return frame.longest(name) <= LONGEST
    return not f.values or set(frame.categories.get(name, ())) <= set(f.values)


# ── standard and made ───────────────────────────────────────────────────────────────────────────


def _made(frame: Batches, wanted: BedType | None) -> TableDeclared:
    base = _base(frame)
    heads, rest = _ordered(frame, base, wanted)
    standard = list(_standard(frame, rest, wanted, base))
    defined = 3 + len(standard)
    extra = [name for name in rest if name not in standard]
    sources: tuple[str | None, ...] = (*heads, *standard)
    if not extra and base is None:
        text = sql.bed(defined)
        return TableDeclared(text.encode(), sql.parse(text), sources, defined)
    told = {} if base is None else _told(base[1], frame.schema.names)
    further = {name: _field(frame, name, told.get(name)) for name in extra}
    values, lstring = {}, []
    for name, f in further.items():
        if name in frame.categories and b"autosql" not in (f.metadata or {}):
            values[f.name] = frame.categories[name]
        elif _is_texts(frame.schema.field(name).type) and _too_long(frame, name, told.get(name)):
            lstring.append(f.name)
    fields = [*map(_standing, BED_FIELDS[:defined]), *further.values()]
    recorded = None if base is None else {b"autosql": _encode(base[0])}
    made = sql.from_arrow(pa.schema(fields, recorded), values=values, lstring=lstring)
    columns: Iterator[str | None] = iter((*sources, *extra))
    sources = tuple(None if s is None else next(columns) for s in made.table.sources)
    return TableDeclared(str(made).encode("utf-8", "surrogateescape"), made, sources, defined)


def _ordered(
    frame: Batches, base: tuple[str, AutoSql] | None, wanted: BedType | None
) -> tuple[tuple[str, ...], list[str]]:
    """The names of chrom, start, end; the other columns in their order."""
    names = frame.schema.names
    heads = find_heads(names, () if base is None else base[1].names)
    if heads is None and wanted is not None and len(names) >= 3:
        heads = tuple(names[:3])  # the first N columns are what bed_type says
    if heads is None:
        missing = next(n for n in canonical.HEAD if n not in names)
        shown = ", ".join(names) or "none"
        _fail(
            f"no column {missing!r}{hint(missing, names)}; expected chrom, start, end "
            f"(or chrom, chromStart, chromEnd), the columns are {shown}"
        )
    return heads, [n for n in names if n not in heads]


def _standard(
    frame: Batches, rest: Sequence[str], wanted: BedType | None, base: tuple[str, AutoSql] | None
) -> Iterator[str | None]:
    """The columns behind the standard fields from `name` on; None for a count to fill."""
    if wanted is not None:
        yield from _as_asked(frame, list(rest), wanted)
        return
    yield from standard(frame, rest, None if base is None else base[1])


def standard(frame: Batches, rest: Sequence[str], base: AutoSql | None) -> list[str | None]:
    """The columns behind the standard fields from `name` on; None for what is to be filled.

    Where the data came with a declaration, only what it has as standard can be so, unless
    it has nothing else. Values are looked at only in so far as the frame has its rows.
    """
    most = len(BED_FIELDS)
    if base is not None:
        defined = frame.about.get("defined_fields")
        defined = max(defined, 3) if isinstance(defined, int) else _defined(base.fields)
        most = defined if defined < len(base.fields) else most
    columns: dict[str, str] = {}
    for own in sorted(rest, key=lambda n: n not in _NAMED.values() and n not in _COLOR):
        columns.setdefault(field_name(own) or "", own)
    found: list[str | None] = []
    last = 0
    for i, f in enumerate(BED_FIELDS[3:most], 3):
        name = columns.get(f.name)
        if name is not None:
            why = _unfit(frame, name, f)
            if i >= _COUNT and None in found and not _has_blocks(columns):
                why = "blockSizes and blockStarts are not both there"
            if why is not None and i >= _COUNT and _is_block(frame, columns):
                break
            if why is not None:
                behind = [columns[g.name] for g in BED_FIELDS[i + 1 : most] if g.name in columns]
                also = f"; so {', '.join(behind)}, behind it, cannot be either" if behind else ""
                warn(
                    f"column {name}: {why}, so it is no standard field of BED but a further one, "
                    f"of bed{3 + last}+{also}"
                )
                break
            last = i - 2
        found.append(name)
    return found[:last]


def _is_block(frame: Batches, columns: Mapping[str, str]) -> bool:
    """Whether rows are single blocks, as `explode` makes them: its numbers are no lists."""
    names = [columns.get(BED_FIELDS[i].name) for i in (_SIZES, _STARTS)]
    kinds = [frame.schema.field(name).type for name in names if name is not None]
    return BED_FIELDS[_COUNT].name not in columns and all(map(pat.is_integer, kinds))


def _has_blocks(columns: Mapping[str, str]) -> bool:
    return BED_FIELDS[_SIZES].name in columns and BED_FIELDS[_STARTS].name in columns


def _unfit(frame: Batches, name: str, f: Field) -> str | None:
    """Why a column cannot be a standard field, if so."""
    kind = frame.schema.field(name).type
    if f.name == "reserved" and colors.is_kind(kind):
        return None
    if _is_kind(f, kind) or (f.name == "name" and pat.is_integer(kind)):
        return None
    if f.is_list or not f.is_integer:
        return f"{kind} cannot be {f.declared_type}"
    if not (pat.is_floating(kind) or _is_texts(kind)):
        return f"{kind} cannot be {f.declared_type}"
    high = MOST_SCORE if f.name == "score" else 2**32 - 1
    odd = next((v for b in frame.batches if (v := _odd(b.column(name), high)) is not None), None)
    return None if odd is None else f"found {odd}, expected an integer of 0 to {high}"


def _odd(array: pa.Array, high: int) -> str | None:
    """The first float or text that is no integer up to ``high``; what is missing passes."""
    if pat.is_dictionary(array.type):
        array = array.dictionary
    array = array.drop_null()
    if pat.is_floating(array.type):
        values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        bad = ~(np.isnan(values) | ((values >= 0) & (values <= high) & (values == np.rint(values))))
        return str(values[bad][0]) if bad.any() else None
    texts = pc.unique(array).to_pylist()
    found = (t for t in texts if not (_DIGITS.fullmatch(t) and int(t) <= high))
    return next((repr(t) for t in found), None)


def _as_asked(frame: Batches, columns: list[str], wanted: BedType) -> Iterator[str | None]:
    """Every standard field has the column of its name, else the first that is left."""
    fields = BED_FIELDS[3 : wanted.defined]
    names = {f.name for f in fields}
    own = {c: c if c in names else field_name(c) for c in columns}
    for i, f in enumerate(fields, 3):
        there = {own[c] for c in columns}
        if i == _COUNT and f.name not in there and BED_FIELDS[i + 1].name in there:
            yield None
            continue
        free = [c for c in columns if c == f.name] or [c for c in columns if own[c] == f.name]
        free = free or [c for c in columns if own[c] not in names]
        if not free and f.name in GAPS and any(g.name in there for g in fields[i - 2 :]):
            yield None
            continue
        if not free:
            _fail(f"{wanted} has {f.name} as field {i + 1}, the data have no column for it")
        name = free[0]
        kind = frame.schema.field(name).type
        color = f.name == "reserved" and colors.is_kind(kind)
        if not (color or fits(f, kind, lenient=True)):
            _fail(
                f"{wanted}: column {name!r} is {kind}, field {i + 1} is {f.declared_type} "
                f"{f.name}; pass bed_type='bed{i}+' to write it as a further field"
            )
        columns.remove(name)
        yield name


def _is_kind(f: Field, kind: pa.DataType) -> bool:
    """Whether a column's type is of a standard field's kind: nothing is read into it."""
    as_text = f.name == "reserved" or f.is_list
    return fits(f, kind) or (as_text and _is_texts(kind))


def _told(base: AutoSql, columns: Sequence[str]) -> dict[str, Field]:
    """What the recorded declaration says of each column that is still there."""
    sources, _, _ = match(base, columns)
    return {n: f for n, f in zip(sources, base.fields, strict=True) if n is not None}


def _standing(f: Field) -> pa.Field:
    kind = AutoSql((sql.Declaration("table", "t", "", _with_count(f)),)).to_arrow().types[-1]
    return pa.field(f.name, kind, metadata=_metadata(f))


def _field(frame: Batches, name: str, told: Field | None) -> pa.Field:
    """A column as `from_arrow` is to see it: under its declaration while that holds."""
    column = frame.schema.field(name)
    if told is None:
        return column
    if not _still_fits(frame, name, told):
        return pa.field(name, column.type, metadata={b"description": _encode(told.comment)})
    if told.of is not None:
        return column.with_metadata(_metadata(told))
    kind = AutoSql((sql.Declaration("table", "t", "", _with_count(told)),)).to_arrow().types[-1]
    return pa.field(told.name, kind, metadata=_metadata(told))


def _with_count(f: Field) -> tuple[Field, ...]:
    count = (Field("int", f.size),) if isinstance(f.size, str) else ()
    return (*count, replace(f, index=None, auto=False))


def _metadata(f: Field) -> dict[bytes, bytes]:
    declared = " ".join(filter(None, (f.declared_type, f.keywords)))
    return {b"autosql": _encode(declared), b"description": _encode(f.comment)}


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _too_long(frame: Batches, name: str, told: Field | None) -> bool:
    return (told is None or told.type != "lstring") and frame.longest(name) > LONGEST


# ── kinds ───────────────────────────────────────────────────────────────────────────────────────


def fits(f: Field, kind: pa.DataType, *, lenient: bool = False) -> bool:
    """Whether a column of this type can be written as the field.

    ``lenient``: the user said so, and each value is looked at: texts pass for
    anything, floats for integers, integers for texts.
    """
    if pat.is_null(kind) or (lenient and _is_texts(kind)):
        return True
    if f.is_list or f.type == "set":
        return is_list(kind) and _fits_list(f, kind, lenient=lenient)
    if f.of is not None:
        return bool(pat.is_struct(kind))
    if f.is_integer:
        whole = pat.is_integer(kind) or pat.is_boolean(kind)
        return bool(whole or (lenient and pat.is_floating(kind)))
    if f.type in ("float", "double"):
        return bool(pat.is_floating(kind) or pat.is_integer(kind))
    return _is_texts(kind) or (lenient and f.type != "enum" and pat.is_integer(kind))


def _fits_list(f: Field, kind: pa.DataType, *, lenient: bool) -> bool:
    if isinstance(f.size, int) and pat.is_fixed_size_list(kind) and kind.list_size != f.size:
        return False
    kind_of_one = "string" if f.type == "set" else f.type
    one = replace(f, type=kind_of_one, size=None, values=(), index=None, auto=False)
    return fits(one, kind.value_type, lenient=lenient and not _is_text(one))


def _is_texts(kind: pa.DataType) -> bool:
    return is_text(kind.value_type if pat.is_dictionary(kind) else kind)
