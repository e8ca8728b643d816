"""Arrow columns to texts: the mirror image of `columns`.

    int64 [5, 30]          5    30          list [[1, 2], []]      1,2,   (empty)
    double [1e-300, nan]   1e-300   nan     texts                  as they are

Every column becomes a column of texts (`TextColumn`), from which `kernels.encode` makes
rows. A column that holds texts where its field is declared a number, a list or a
color is read as that, to see that it can be, and written as it is.

Floats are written as the shortest decimal that reads back to the same float of their
own width (Arrow's cast, by Grisu and Ryu), and of 32 bits through a double too
(`float_texts`). Lists have a comma after each item.

No row raises here: rows that cannot be written are noted as `Faults`. A column with a
fault still gives texts of some kind, for the checks that follow; nobody writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import colors
from gidx.arrow.batches import is_text
from gidx.arrow.decode import Column, Items, decode_items
from gidx.arrow.faults import Faults, of_items, of_some
from gidx.autosql import AutoSql, Field, objects
from gidx.kernels import encode as kernels
from gidx.kernels.encode import close_items, first_with, format_integers, pad
from gidx.kernels.join import first_in

BREAKS = b"\t\n\r\0"  # what ends a field or a line, or a text in C
LONGEST = 255  # bytes of a `string`: UCSC's tools count its length in a byte

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TextColumn:
    """Text i is ``data[offsets[i] : offsets[i + 1]]``."""

    offsets: Ints
    data: Bytes

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> str:
        return self.data[self.offsets[i] : self.offsets[i + 1]].tobytes().decode(errors="replace")

    @property
    def lengths(self) -> Ints:
        """Bytes of each text."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Cells:
    """A column to be written, and what it means.

    ``numbers`` are the values of an integer column, or the items of an integer
    list; ``bounds`` (rows + 1) those of each row's items in a list.
    """

    texts: TextColumn
    numbers: Ints | None = None
    bounds: Ints | None = None


@dataclass(frozen=True)
class AsField:
    """What the column ``name`` is to be written as."""

    name: str
    field: Field
    type: pa.DataType  # of the field, as `autosql.to_arrow` has it
    autosql: AutoSql
    color: bool = False
    standard: bool = False  # one of BED's own fields
    missing: str | None = None  # what is written for no value; None: it is refused
    missing_item: str | None = None  # the same, within a list

    @property
    def longest(self) -> int | None:
        """The most bytes that a text may have."""
        return LONGEST if self.field.type == "string" and not self.field.is_list else None

    @property
    def column(self) -> Column:
        """How a reader decodes it."""
        f = self.field
        parse = objects.reader(self.autosql, f) if f.of is not None else None
        return Column(
            self.name, self.type, 0, f.declared_type, color=self.color, values=f.values, parse=parse
        )


def encode(array: pa.Array, target: AsField, faults: Faults) -> Cells:  # noqa: PLR0911, a kind each
    """The texts of a column."""
    if pat.is_dictionary(array.type):
        array = array.dictionary.take(array.indices)
    if target.color and not pat.is_integer(array.type) and colors.is_kind(array.type):
        array = colors.as_rgb(array)
    array = _filled(array, target)
    _refuse_missing(array, target, faults)
    f, kind = target.field, array.type
    if pat.is_null(kind):  # all are missing, which was noted
        return Cells(TextColumn(np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8)))
    if f.of is not None:
        return _objects(array, target, faults)
    if is_text(kind):
        plain = f.type in ("char", "string", "lstring") or (f.type == "enum" and not f.values)
        if plain and not f.is_list:
            return Cells(_texts(array, target, faults))
        return _verbatim(array, target, faults)
    if f.is_list or f.type == "set":
        return _lists(array, target, faults)
    if pat.is_floating(kind) and not f.is_integer:
        return Cells(_floats(array, target, faults))
    return _integers(array, target, faults)


def integers(array: pa.Array, name: str, faults: Faults) -> Ints:
    """A column as int64: integers of any width, bool, floats without fractions, digits."""
    if is_text(array.type):
        column = Column(name, pa.int64(), 0, "integer")
        items, misread = _read_back(texts_of(array), column)
        if misread is not None:
            misread.note(faults, lambda text: f"column {name}: found {text!r}, expected an integer")
        return _ints(items)
    if pat.is_floating(array.type):
        values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        whole = np.abs(values) < 2**63
        whole &= np.where(whole, values, 0.5) % 1 == 0
        faults.check(~whole, lambda i: _no_integer(name, values[i]))
        return np.where(whole, values, 0).astype(np.int64)
    if pat.is_uint64(array.type):
        unsigned = _numpy(array).view(np.uint64)
        large = unsigned >= 2**63
        faults.check(large, lambda i: _no_integer(name, unsigned[i]))
        return unsigned.view(np.int64)
    return _ints(array)


def texts_of(array: pa.Array) -> TextColumn:
    """An Arrow text array as it lies in memory; what is missing is empty."""
    wide = pat.is_large_string(array.type)
    _, offsets, data = array.buffers()
    if len(array) == 0 or offsets is None:
        return TextColumn(np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8))
    found = np.frombuffer(offsets, np.int64 if wide else np.int32)
    mine = found[array.offset : array.offset + len(array) + 1].astype(np.int64)
    whole = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return TextColumn(mine, whole)


def items_of(array: pa.Array) -> tuple[pa.Array, Ints]:
    """All items of the lists, and each list's bounds in them; a missing list has none."""
    if array.null_count:
        lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
        bounds = np.zeros(len(array) + 1, np.int64)
        np.cumsum(lengths, out=bounds[1:])
        return array.flatten(), bounds
    if pat.is_fixed_size_list(array.type):
        size = array.type.list_size
        items = array.values.slice(array.offset * size, len(array) * size)
        return items, np.arange(len(array) + 1, dtype=np.int64) * size
    offsets = array.offsets.to_numpy().astype(np.int64)
    items = array.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    return items, offsets - offsets[0]


def numbers(values: Ints, *, comma: bool = False) -> TextColumn:
    """Integers as texts."""
    offsets, data = format_integers(np.ascontiguousarray(values), comma)
    return TextColumn(offsets, data)


def fill(found: TextColumn, there: Any, word: bytes) -> TextColumn:
    """The texts, in order, where there are some, and the word where there are none.

    >>> found = fill(texts_of(pa.array(["a", "b"])), np.array([True, False, True]), b".")
    >>> [found[i] for i in range(3)]
    ['a', '.', 'b']
    """
    ranks = pa.array(np.cumsum(there) - 1, mask=~there)
    return texts_of(as_arrow(found).take(ranks).fill_null(word.decode("utf-8", "surrogateescape")))


def as_arrow(found: TextColumn) -> pa.Array:
    """Texts as an Arrow array, not copied."""
    buffers = [None, pa.py_buffer(found.offsets), pa.py_buffer(found.data)]
    return pa.Array.from_buffers(pa.large_string(), len(found), buffers)


def constant(word: str, rows: int) -> Cells:
    """Cells of a field that no column is behind, the same in all rows."""
    data = np.frombuffer(word.encode() * rows, np.uint8)
    texts = TextColumn(np.arange(rows + 1, dtype=np.int64) * len(word), data)
    return Cells(texts, np.full(rows, int(word), np.int64) if word.isdigit() else None)


def join_rows(
    chrom: npt.NDArray[np.int32], start: Ints, end: Ints, fields: Sequence[TextColumn]
) -> tuple[Bytes, Ints]:
    """Records, one after the other, and their bounds (rows + 1)."""
    lengths = np.full(len(chrom), 13 + max(len(fields) - 1, 0), np.int64)
    for texts in fields:
        kernels.add_lengths(texts.offsets, lengths)
    bounds = np.zeros(len(chrom) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    out = np.empty(int(bounds[-1]), np.uint8)
    cursor = kernels.put_heads(chrom, start, end, bounds, out)
    for i, texts in enumerate(fields):
        kernels.put_texts(texts.offsets, texts.data, i + 1 < len(fields), cursor, out)
    return out, bounds


def having(texts: TextColumn, letters: bytes) -> npt.NDArray[np.bool_]:
    """Which texts have one of these bytes.

    >>> having(texts_of(pa.array(["a", "b;", ";;"])), b";").tolist()
    [False, True, True]
    """
    table = np.zeros(256, np.bool_)
    table[list(letters)] = True
    return marked(texts, table)


def marked(texts: TextColumn, table: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which texts have a byte that the table (256) marks."""
    begin = int(texts.offsets[0])
    found = np.zeros(len(texts), np.bool_)
    at = np.flatnonzero(table[texts.data[begin : int(texts.offsets[-1])]]) + begin
    found[np.searchsorted(texts.offsets, at, side="right") - 1] = True
    return found


def check_bytes(
    texts: TextColumn,
    table: npt.NDArray[np.uint8],
    there: npt.NDArray[np.uint8],
    say: Callable[[str], str],
    faults: Faults,
) -> None:
    """Note the texts that are there and have a byte which the table marks; ``say`` words it."""
    if first_in(texts.offsets, texts.data, table) >= 0:
        bad = marked(texts, table.view(np.bool_)) & (there == 1)
        faults.check(bad, lambda i: say(shown(texts[i])))


def unlike(texts: TextColumn, letters: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which texts are not exactly one of these bytes.

    >>> unlike(texts_of(pa.array(["+", "", "+-"])), np.frombuffer(b"+-", np.uint8)).tolist()
    [False, True, True]
    """
    found = texts.lengths != 1
    one = np.flatnonzero(~found)
    found[one] = ~np.isin(texts.data[texts.offsets[one]], letters)
    return found


def keys(texts: TextColumn) -> npt.NDArray[np.bytes_]:
    """The texts as a numpy ``S`` array."""
    width = max(int(texts.lengths.max(initial=0)), 1)
    found: npt.NDArray[np.bytes_] = pad(texts.offsets, texts.data, width).view(f"S{width}")
    return found


# ── kinds of columns ────────────────────────────────────────────────────────────────────────────


def _refuse_missing(array: pa.Array, target: AsField, faults: Faults) -> None:
    if array.null_count:
        faults.check(
            array.is_null().to_numpy(zero_copy_only=False),
            lambda _: (
                f"column {target.name}: the value is missing, which the format cannot say; "
                f"fill it (pandas: df.fillna({{{target.name!r}: …}})) or drop the row"
            ),
        )


def _texts(array: pa.Array, target: AsField, faults: Faults) -> TextColumn:
    texts = texts_of(array)
    _check_text(texts, target, faults)
    longest = target.longest
    if longest is not None:
        faults.check(
            texts.lengths > longest,
            lambda i: (
                f"column {target.name}: a text of {texts.lengths[i]} bytes, expected at most "
                f"{longest}; shorten it"
                + ("" if target.standard else f", or declare {target.field.name} as lstring")
            ),
        )
    return texts


def _check_text(texts: TextColumn, target: AsField, faults: Faults) -> None:
    if first_with(texts.offsets, texts.data, False) >= 0:
        faults.check(
            having(texts, BREAKS),
            lambda i: (
                f"column {target.name}: found {shown(texts[i])}, which has a tab, line break or "
                "NUL; replace it"
            ),
        )


def _floats(array: pa.Array, target: AsField, faults: Faults) -> TextColumn:
    _check_float(array, target, faults)
    return texts_of(float_texts(array))


# The only float whose shortest decimal, 7.038531e-26, is another one where it is read as a double
# that is rounded again: as pandas and bedGraphToBigWig do, and gidx where nobody declared a column
# `float`. Found among all 8-digit decimals within 2**-53 of a half-way point; 9 digits are nearer
# to their float than to any.
_TWICE_ROUNDED = pa.scalar(float.fromhex("0x1.5c87fap-84"), pa.float32())


def float_texts(array: pa.Array) -> pa.Array:
    """Floats as the shortest decimals that read back to the same, through doubles too.

    >>> float_texts(pa.array([0.1, 7.0385307e-26], pa.float32())).to_pylist()
    ['0.1', '7.0385307e-26']
    """
    if pat.is_float16(array.type):
        array = array.cast(pa.float32())
    found = array.cast(pa.large_string())
    if pat.is_float32(array.type):
        twice = pc.equal(pc.abs(array), _TWICE_ROUNDED)
        if pc.any(twice).as_py():
            longer = pc.replace_substring(found, "7.038531e", "7.0385307e")
            found = pc.if_else(twice, longer, found)
    return found


def _check_float(array: pa.Array, target: AsField, faults: Faults) -> None:
    """A double must become neither zero nor infinite in a field of floats."""
    if target.field.type == "float" and pat.is_float64(array.type):
        values = array.to_numpy(zero_copy_only=False)
        lost = past_single(values)
        faults.check(lost, lambda i: _not_of(target, values[i]) + "; declare it double")


def past_single(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Of which doubles a float of 32 bits makes zero or infinity, which they are not.

    >>> past_single(np.array([1e39, 2e-78, 0.1, 0, np.inf, np.nan])).tolist()
    [True, True, False, False, False, False]
    """
    with np.errstate(over="ignore", under="ignore"):
        single = values.astype(np.float32)
    lost: npt.NDArray[np.bool_] = np.isfinite(values) & ~np.isfinite(single)
    return lost | ((single == 0) & (values != 0))


def _filled(array: pa.Array, target: AsField) -> pa.Array:
    """With BED's word for what is missing in one of its own fields, NaN too."""
    if target.missing is None or pat.is_null(array.type):
        return array if target.missing is None else pa.array([target.missing] * len(array))
    if pat.is_floating(array.type) and target.field.is_integer:
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
    if not array.null_count or target.field.is_list:
        return array
    word: Any = target.missing if is_text(array.type) else 0
    return array.fill_null(word)


def _integers(array: pa.Array, target: AsField, faults: Faults) -> Cells:
    values = integers(array, target.name, faults)
    if target.field.is_integer:
        _check_range(values, target.type, lambda i: _not_of(target, values[i]), faults)
    if target.color:
        return Cells(texts_of(colors.as_rgb(pa.array(values))), values)
    return Cells(numbers(values), values)


def _check_range(
    values: Ints, kind: pa.DataType, say: Callable[[int], str], faults: Faults
) -> None:
    info = np.iinfo(kind.to_pandas_dtype())
    if len(values) and (values.min() < info.min or values.max() > info.max):
        faults.check((values < info.min) | (values > info.max), say)


def _lists(array: pa.Array, target: AsField, faults: Faults) -> Cells:
    """Items with a comma behind each; row i has the items ``bounds[i]`` to ``bounds[i + 1]``."""
    f = target.field
    items, bounds = items_of(array)
    inner = of_items(bounds, faults)
    there = None
    if items.null_count and target.missing_item is not None:
        there = items.is_valid().to_numpy(zero_copy_only=False)
        items, inner = items.drop_null(), of_some(np.flatnonzero(there), inner)
    if items.null_count:
        inner.check(
            items.is_null().to_numpy(zero_copy_only=False),
            lambda _: f"column {target.name}: a value in the list is missing; fill or drop it",
        )
    if isinstance(f.size, int):
        lengths = np.diff(bounds)
        faults.check(
            lengths != f.size,
            lambda i: f"column {target.name}: {lengths[i]} values, expected {f.size}",
        )
    one = target.type.value_type
    if pat.is_integer(one):
        values = integers(items, target.name, inner)
        _check_range(values, one, lambda i: _not_of(target, values[i]), inner)
        if there is None:
            closed = numbers(values, comma=True)
            return Cells(TextColumn(closed.offsets[bounds], closed.data), values, bounds)
        texts = numbers(values)
    else:
        write = _item_texts if is_text(items.type) else _floats
        texts = write(items, target, inner)
    if there is not None:
        texts = fill(texts, there, str(target.missing_item).encode())
    offsets, data = close_items(texts.offsets, texts.data)
    return Cells(TextColumn(offsets[bounds], data), None, bounds)


def _item_texts(items: pa.Array, target: AsField, faults: Faults) -> TextColumn:
    texts = texts_of(items)
    if first_with(texts.offsets, texts.data, True) >= 0:
        faults.check(
            having(texts, BREAKS + b","),
            lambda i: (
                f"column {target.name}: found {shown(texts[i])} in a list, which has a comma, "
                "tab, line break or NUL; replace it"
            ),
        )
    values = target.field.values
    if values:
        found = items.dictionary_encode()
        known = np.array([v in values for v in found.dictionary.to_pylist()], np.bool_)
        faults.check(~known[_ints(found.indices)], lambda i: _not_of(target, texts[i]))
    return texts


def _verbatim(array: pa.Array, target: AsField, faults: Faults) -> Cells:
    """Texts that a reader takes for values of the declared type, as they are."""
    texts = texts_of(array)
    _check_text(texts, target, faults)
    values, misread = _read_back(texts, target.column)
    if misread is not None:
        misread.note(faults, lambda text: _not_of(target, text))
    if pat.is_list(values.type) or pat.is_fixed_size_list(values.type):
        items, bounds = items_of(values)
        return Cells(texts, _ints(items) if pat.is_integer(items.type) else None, bounds)
    return Cells(texts, _ints(values) if pat.is_integer(values.type) else None)


def _read_back(texts: TextColumn, column: Column) -> tuple[pa.Array, Misread | None]:
    """The texts as a reader decodes them, and which it cannot."""
    begin = int(texts.offsets[0])
    bounds = (texts.offsets - begin).astype(np.int32)
    data = texts.data[begin : int(texts.offsets[-1])]
    if len(data) == 0:  # kernels want a buffer to point into
        data = np.zeros(1, np.uint8)
    items = Items(data, bounds[:-1], bounds[1:] + np.int32(1))
    array, problem = decode_items(items, column)
    return array, None if problem is None else Misread(items, column, with_nulls(array))


@dataclass(frozen=True)
class Misread:
    """Texts that a reader does not take for what they are declared: ``bad``."""

    items: Items
    column: Column
    bad: npt.NDArray[np.bool_]

    def note(self, faults: Faults, say: Callable[[str], str]) -> None:
        """Note their rows; ``say`` words what was found, which may be a list's item."""
        faults.check(self.bad, lambda i: say(self._found(i)))

    def _found(self, i: int) -> str:
        items, one = self.items, slice(i, i + 1)
        there = None if items.there is None else items.there[one]
        alone = Items(items.text, items.begins[one], items.nexts[one], there)
        problem = decode_items(alone, self.column)[1]
        return items[i].decode(errors="replace") if problem is None else problem.text


def unread(array: pa.Array, column: Column) -> npt.NDArray[np.bool_]:
    """Which texts that are there are not of the column's type, nor its word for no value.

    The word is replaced by a number among a list's items, so that what then is null was
    not understood. Of numbers only, scalars or lists.
    """
    word = (column.missing or b"").decode()
    there = np.array(array.is_valid())
    if word:
        there &= ~np.array(pc.equal(array, word).fill_null(False))
    if word and (pat.is_list(column.type) or pat.is_fixed_size_list(column.type)):
        comma = column.separator.decode()
        pattern = f"(^|{comma}){re.escape(word)}({comma}|$)"
        for _ in range(2):  # matches that share a comma
            array = pc.replace_substring_regex(array, pattern, r"\1" + "0" + r"\2")
    texts = texts_of(array.fill_null(""))
    values, _ = _read_back(texts, replace(column, missing=None))
    return with_nulls(values) & there


def repeated(codes: Ints, bounds: Ints) -> Ints:
    """The items that their row has had before; ``bounds`` (rows + 1) are the rows'.

    >>> repeated(np.array([4, 7, 7, 4, 7]), np.array([0, 2, 5])).tolist()
    [4]
    """
    rows = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    pairs = rows * (int(codes.max(initial=0)) + 1) + codes
    order = np.argsort(pairs, kind="stable")
    return np.sort(order[1:][np.diff(pairs[order]) == 0])


def with_nulls(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values are missing, or have an item that is."""
    found: npt.NDArray[np.bool_] = np.array(array.is_null())
    if pat.is_list(array.type) or pat.is_fixed_size_list(array.type):
        items, bounds = items_of(array)
        at = np.flatnonzero(items.is_null())
        found[np.searchsorted(bounds, at, side="right") - 1] = True
    return found


def _objects(array: pa.Array, target: AsField, faults: Faults) -> Cells:
    """Objects and lists of them, row by row; texts are read as such, to see that they can be."""
    read = objects.reader(target.autosql, target.field)
    texts: list[str] = []
    lengths = []
    for row, value in enumerate(array.to_pylist()):
        text = value if isinstance(value, str) else ""
        try:
            if value is not None and not isinstance(value, str):
                named = _named(target.autosql, target.field, value)
                text = objects.format_value(target.autosql, target.field, named)
            found = read(text) if value is not None else []
        except (ValueError, KeyError, TypeError) as error:
            found = []
            why = f"{shown(str(value))} is no {target.field.declared_type}: {error}"
            faults.note(row, f"column {target.name}: {why}")
        texts.append(text)
        lengths.append(len(found))
    cells = texts_of(pa.array(texts, pa.large_string()))
    _check_text(cells, target, faults)
    bounds = np.cumsum([0, *lengths], dtype=np.int64) if target.field.is_list else None
    return Cells(cells, None, bounds)


def _named(autosql: AutoSql, field: Field, value: Any) -> Any:
    """A struct's values under their declared names, with the counts that it leaves out."""
    if field.is_list:
        single = Field(field.type, field.name, of=field.of)
        return [_named(autosql, single, item) for item in value]
    if field.of is None or value is None:
        return value
    declaration = autosql.declaration(field.of)
    named: dict[str, Any] = {}
    for member, source in zip(declaration.fields, declaration.sources, strict=True):
        if source is not None and source in value:
            inner = value[source]
            named[member.name] = _named(autosql, member, inner) if member.of else inner
    for count, arrays in declaration.counts.items():
        named.setdefault(count, len(named[arrays[0]]))
    return named


# ── small things ────────────────────────────────────────────────────────────────────────────────


def _not_of(target: AsField, value: Any) -> str:
    f = target.field
    expected = f.declared_type + (" or R,G,B" if target.color else "")
    found = shown(value) if isinstance(value, str) else str(value)
    return f"column {target.name}: found {found}, expected {expected}"


def _no_integer(name: str, value: Any) -> str:
    if np.isnan(value):
        return f"column {name}: the value is missing (nan), expected an integer; fill it"
    return f"column {name}: found {value}, expected an integer"


def shown(text: str, most: int = 60) -> str:
    """A value for a message: quoted, not too long."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")


def _numpy(array: pa.Array) -> npt.NDArray[Any]:
    """The values as they lie in memory; what is missing is 0."""
    if array.null_count:
        array = array.fill_null(0)
    found: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return found


def _ints(array: pa.Array) -> Ints:
    if pat.is_boolean(array.type) and array.null_count:
        array = array.fill_null(False)
    if not pat.is_integer(array.type) and not pat.is_boolean(array.type):
        array = array.cast(pa.int64())
    return np.ascontiguousarray(_numpy(array), np.int64)
