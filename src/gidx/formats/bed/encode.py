"""BED rows as lines: the mirror of `bed`.

Without a schema, BED's own fields are in their places, from columns in any order and of
any of the names that `declare` knows, and what is between them without a column is ``.``
or ``0``; then come the others in their order, each by its Arrow type
(`table_encode.texts`). Floats in fields of integers are written as integers where they are
some, and colors as R,G,B (`gidx.arrow.colors`). A BED file may hold any number as a score; the
rules of bedToBigBed are those of bigBed. With a schema, each value must be of its declared
type, so that whoever reads with that schema reads the same.

A number, list or color that is missing is ``.``, or the word that its field remembers.
So is a missing text, which a reader takes for the text ``.``: BED has no other word.

Names that a reader would not give by itself are kept in a comment line of names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import autosql as sql
from gidx.arrow import colors, encode
from gidx.arrow import schema as canonical
from gidx.arrow.batches import Batches, plain
from gidx.arrow.encode import AsField, Ints, TextColumn, fill, numbers
from gidx.arrow.faults import Faults, of_some
from gidx.autosql import BED_FIELDS, AutoSql, Field, objects
from gidx.declared import declare
from gidx.declared.columns import COLOR_FIELD, COLOR_NAMES, HEAD_FIELDS, is_color
from gidx.errors import AutoSqlError, WriteError, hint
from gidx.formats.bed.read import is_table
from gidx.formats.table.encode import MISSING, check_begin, checked, fits, make_header, texts
from gidx.formats.text.dialect import Rules, header_lines

KIND = "bed"
_HEADS = (["chrom", "start", "end"], ["chr", "start", "end"], ["chrom", "chromstart", "chromend"])


def encoder(
    frame_schema: pa.Schema,
    about: Mapping[str, Any],
    categories: Mapping[str, Sequence[str]],
    *,
    schema: Any = None,
    header: bool | str | None = None,
) -> BedEncoder:
    """The encoder of a table.

    ``schema`` is what `gidx.read_bed` takes. ``header`` None is the source's, with a line
    of names where the columns have names of their own; True such a line in any case.

    >>> arrow = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64(),
    ...                    "name": pa.string(), "level": pa.float64()})
    >>> encoder(arrow, {}, {}).header
    b'#chrom\\tstart\\tend\\tname\\tlevel\\n'
    """
    frame = Batches(frame_schema, [], {n: tuple(v) for n, v in categories.items()})
    targets: dict[str, AsField] = {}
    if schema is None:
        heads, rest = _as_they_come(frame)
    else:
        heads, rest, targets = _declared(frame, schema)
    return BedEncoder(frame_schema, about, heads, rest, targets, header)


class BedEncoder:
    """Lines of one table (a `LineEncoder`)."""

    kind = KIND

    def __init__(
        self,
        schema: pa.Schema,
        about: Mapping[str, Any],
        heads: tuple[str, str, str],
        fields: Sequence[_Source],
        targets: Mapping[str, AsField],
        header: bool | str | None,
    ) -> None:
        self.heads, self._fields, self._targets = heads, fields, targets
        own = [f for f in fields if isinstance(f, str)]
        self.columns: Sequence[str] = [*heads, *own]
        exact = len(heads) + len(fields)
        self.rules = Rules(0, 1, 2, one_based=False, exact=exact, tracks=True)
        self._words = {n: _word(schema.field(n)) for n in own}
        rest = _written_names(fields)
        self._standard = {
            f: BED_FIELDS[i]
            for i, (f, name) in enumerate(zip(fields, rest, strict=True), HEAD_FIELDS)
            if isinstance(f, str) and i < len(BED_FIELDS)
            and declare.field_name(name) == BED_FIELDS[i].name
        }  # fmt: skip
        recorded = _base(about)
        self._objects: dict[str, tuple[AutoSql, Field]] = {}
        if recorded is not None:
            self._objects = {f.name: (recorded, f) for f in recorded.fields if f.of is not None}
        for name in own:
            kind = schema.field(name).type
            if name not in targets and name not in self._objects and not fits(kind):
                raise WriteError(
                    f"column {name} is {kind}, which has no text in BED; drop it, or pass an "
                    "AutoSQL schema that declares it",
                    row=None,
                )
        told = str(about.get("header") or "") if about.get("format") == KIND else ""
        names = [*canonical.HEAD, *rest]
        told_names = _told(told, names)
        if len(told_names) == len(names) and _is_native(heads, rest, recorded):
            names = told_names
        self.header = make_header(
            header, told, names, told_names, b"#",
            always=bool(header) or not (targets or _is_usual(rest) or _is_told(about, rest)),
            split=lambda line: _split(line, names),
        )  # fmt: skip

    def fields(
        self, batch: pa.RecordBatch, starts: Ints, ends: Ints, faults: Faults
    ) -> list[TextColumn]:
        chrom = texts(batch.column(self.heads[0]), self.heads[0], MISSING, faults)
        check_begin(chrom, self.rules.meta, self.heads[0], faults)
        found = [chrom, numbers(starts), numbers(ends)]
        for field in self._fields:
            if isinstance(field, _Count):
                found.append(field.texts(batch.column(field.of), faults))
            elif isinstance(field, _Gap):
                found.append(encode.constant(field.word, len(starts)).texts)
            else:
                found.append(self._field(batch.column(field), field, faults))
        return found

    def _field(self, array: pa.Array, name: str, faults: Faults) -> TextColumn:
        word = self._words[name]
        target = self._targets.get(name)
        if target is not None:
            return _declared_texts(array, target, word, faults)
        array = plain(array, top=False)
        own = self._standard.get(name)
        is_color = own is BED_FIELDS[COLOR_FIELD] or (
            name in COLOR_NAMES and pat.is_unsigned_integer(array.type)
        )
        if is_color and colors.is_kind(array.type):
            return texts(colors.as_rgb(array), name, word, faults)
        if own is not None and own.is_integer and pat.is_floating(array.type):
            return texts(_whole(array), name, word, faults)
        if name in self._objects and not fits(array.type):
            return texts(_object_texts(array, *self._objects[name]), name, word, faults)
        return texts(array, name, word, faults)


# ── which columns ───────────────────────────────────────────────────────────────────────────────


def _base(about: Mapping[str, Any]) -> AutoSql | None:
    """The declaration that the data came with."""
    text = about.get("autosql")
    try:
        return sql.parse(text) if isinstance(text, str) else None
    except AutoSqlError:
        return None


@dataclass(frozen=True)
class _Gap:
    """A standard field that no column is behind, since a later one is there."""

    name: str
    word: str


def _as_they_come(frame: Batches) -> tuple[tuple[str, str, str], list[_Source]]:
    names = frame.schema.names
    base = _base(frame.about)
    found = declare.find_heads(names, base.names if base else ())
    if found is None:
        missing = next(n for n in canonical.HEAD if n not in names)
        shown = ", ".join(names) or "none"
        raise WriteError(
            f"no column {missing!r}{hint(missing, names)}; expected chrom, start, end "
            f"(or chrom, chromStart, chromEnd), the columns are {shown}",
            row=None,
        )
    rest = [n for n in names if n not in found]
    told = [n for n in _as_declared(names, base) if n in rest]  # any order is that of the source
    rest = told if len(told) == len(rest) else rest
    standard = declare.standard(frame, rest, base)
    fields: list[_Source] = []
    for f, name in zip(BED_FIELDS[HEAD_FIELDS:], standard, strict=False):
        if name is not None:
            fields.append(name)
        elif f.name in declare.GAPS:
            fields.append(_Gap(f.name, declare.GAPS[f.name]))
        else:
            fields.append(_Count(standard[len(fields) + 1] or "", f.name))
    fields += [n for n in rest if n not in standard]
    return (found[0], found[1], found[2]), fields


def _as_declared(names: Sequence[str], base: AutoSql | None) -> list[str]:
    """The columns in the order of the declaration that they came with, if they still are it."""
    if base is None:
        return []
    sources, missing, extra = declare.match(base, names)
    return [] if missing or extra else [n for n in sources if n is not None]


def _written_names(fields: Sequence[_Source]) -> list[str]:
    """The fields' names: standard ones as BED has them."""
    found = []
    for i, field in enumerate(fields, HEAD_FIELDS):
        name = field if isinstance(field, str) else field.name
        own = BED_FIELDS[i].name if i < len(BED_FIELDS) else ""
        is_alias = declare.field_name(name) == own and name not in COLOR_NAMES
        found.append(own if is_alias else name)
    return found


def _declared(
    frame: Batches, schema: Any
) -> tuple[tuple[str, str, str], list[_Source], dict[str, AsField]]:
    """By a declaration: its fields' columns, and how each is written."""
    if isinstance(schema, str) and re.fullmatch(r"bed[0-9]+(\+[0-9]*)?", schema):
        declared = declare.declare(frame, None, schema)
        strict = declared.defined
    else:
        schema = declare.by_name(schema, len(frame.schema), "schema", ["bed6+4"])
        if isinstance(schema, pa.Schema):
            schema = sql.from_arrow(_without_dictionaries(schema))
        declared = declare.declare(frame, schema)
        strict = len(declared.fields)
    counts = {n.lower(): arrays[0] for n, arrays in declared.autosql.table.counts.items()}
    gaps = declared.gaps
    sources: list[_Source] = []
    for i, (f, source) in enumerate(zip(declared.fields, declared.sources, strict=True)):
        if i in gaps:
            sources.append(_Gap(f.name, gaps[i]))
        elif source is None:  # the count of a list
            array = declared.autosql.names.index(counts[f.name.lower()])
            sources.append(_Count(declared.sources[array] or "", f.name))
        else:
            sources.append(source)
    types = declared.autosql.to_arrow().types
    targets = {}
    for i in range(HEAD_FIELDS, strict):
        f, source = declared.fields[i], declared.sources[i]
        if source is None:
            continue
        # texts are of any length here: it is bigBed that counts them in a byte
        f = Field("lstring", f.name) if f.type == "string" and not f.is_list else f
        color = is_color(f, i, declared.defined)
        targets[source] = AsField(
            source, f, types[i], declared.autosql, color=color, missing_item=MISSING.decode()
        )
    heads = str(sources[0]), str(sources[1]), str(sources[2])
    return heads, sources[HEAD_FIELDS:], targets


@dataclass(frozen=True)
class _Count:
    """A field that counts the items of a column."""

    of: str
    name: str

    def texts(self, array: pa.Array, faults: Faults) -> TextColumn:
        if pat.is_null(array.type):
            return numbers(np.zeros(len(array), np.int64))
        if not hasattr(array.type, "value_type"):
            faults.refuse(f"column {self.of} is {array.type}, whose items cannot be counted")
            return numbers(np.zeros(len(array), np.int64))
        lengths = pc.list_value_length(array).fill_null(0)
        return numbers(lengths.cast(pa.int64()).to_numpy(zero_copy_only=False))


_Source = str | _Count | _Gap  # what a field is made from; a text is a column's name


def _without_dictionaries(schema: pa.Schema) -> pa.Schema:
    fields = [f.with_type(f.type.value_type) if pat.is_dictionary(f.type) else f for f in schema]
    return pa.schema(fields, schema.metadata)


def _word(field: pa.Field) -> bytes:
    found: bytes = (field.metadata or {}).get(b"missing", MISSING)
    return found


# ── names ───────────────────────────────────────────────────────────────────────────────────────


def _is_usual(rest: Sequence[str]) -> bool:
    """Whether a reader gives these names by itself: standard ones first, then ``field8`` …."""
    standard = [f.name for f in BED_FIELDS[HEAD_FIELDS:]]
    defined = 0
    for name, own in zip(rest, standard, strict=False):
        if name != own and not {name, own} <= {*COLOR_NAMES}:
            break
        defined += 1
    known = sql.parse(sql.bed(HEAD_FIELDS + defined, len(rest) - defined)).names
    return list(rest[defined:]) == list(known[HEAD_FIELDS + defined :])


def _is_told(about: Mapping[str, Any], rest: Sequence[str]) -> bool:
    """Whether a BED file without a line of names was read with a schema that has these."""
    base = _base(about) if about.get("format") == KIND else None
    names = [] if base is None else canonical.unique(base.names[HEAD_FIELDS:])
    return [_named(n) for n in rest] == [_named(n) for n in names]


def _named(name: str) -> str:
    return "reserved" if name == "itemRgb" else name


def _is_native(heads: Sequence[str], rest: Sequence[str], base: AutoSql | None) -> bool:
    """Whether all columns have the names that the source's declaration gives them."""
    if base is None or tuple(heads) == canonical.HEAD:
        return False
    return [_named(n) for n in rest] == [_named(n) for n in base.names[HEAD_FIELDS:]]


def _split(line: str, names: Sequence[str]) -> list[str]:
    """The names in a header line, as a reader calls them; [] for another line."""
    text = line.lstrip("#").strip()
    found = text.split("\t") if "\t" in text else text.split()
    heads = [n.lower() for n in found[:HEAD_FIELDS]]
    # another table's line of names, not a comment between tabs
    shared = {*found[HEAD_FIELDS:]} & {*names[HEAD_FIELDS:]}
    same = len(found) == len(names) or not line.startswith("#") or shared
    if heads not in _HEADS and not ("\t" in text and same and is_table(found)):
        return []
    rest = canonical.unique(found[HEAD_FIELDS:])
    return [*names[:HEAD_FIELDS], *rest]


def _told(header: str, names: Sequence[str]) -> list[str]:
    """The names that the last line of a header tells."""
    lines = [line for line in header_lines(header) if line.strip()]
    return _split(lines[-1], names) if lines else []


# ── values ──────────────────────────────────────────────────────────────────────────────────────


def _whole(array: pa.Array) -> pa.Array:
    """Floats as texts, whole ones without a point, whatever else is in their batch."""
    values = array.cast(pa.float64())
    whole = pc.and_(pc.equal(values, pc.round(values)), pc.less(pc.abs(values), 2**53))
    integers = pc.if_else(whole, values, pa.scalar(None, pa.float64())).cast(pa.int64())
    return pc.coalesce(integers.cast(pa.large_string()), array.cast(pa.large_string()))


def _object_texts(array: pa.Array, autosql: AutoSql, field: Field) -> pa.Array:
    found = [
        None if value is None else objects.format_value(autosql, field, value)
        for value in array.to_pylist()
    ]
    return pa.array(found, pa.large_string())


def _declared_texts(array: pa.Array, target: AsField, word: bytes, faults: Faults) -> TextColumn:
    """The texts of a column whose values must be of their declared type."""
    array = plain(array, top=False)
    there = array.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(there)
    inner = of_some(rows, faults)
    some = array.drop_null() if array.null_count else array
    cells = encode.encode(some, target, inner)
    found = cells.texts
    found = checked(found, target.name, inner)
    return fill(found, there, word) if array.null_count else found
