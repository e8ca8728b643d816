"""Arrow columns to texts: the mirror image of `columns`.

    int64 [5, 30]          5    30          list [[1, 2], []]      1,2,   (empty)
    double [1e-300, nan]   1e-300   nan     texts                  as they are

Every column becomes a column of texts (`Texts`), from which `kernels.encode` makes
rows. A column that holds texts where its field is declared a number, a list or a
color is read as that, to see that it can be, and written as it is.

Floats are written as the shortest decimal that reads back to the same float of their
own width (Arrow's cast, by Grisu and Ryu). Lists have a comma after each item.

Nothing is raised here: `Faults` keeps the first row that cannot be written, of all
columns. A column with a fault still gives texts of some kind, for the checks that
follow; nobody writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx import objects
from gidx.autosql import AutoSql, Field
from gidx.columns import Column, decode
from gidx.stream import is_text

LONGEST = 255  # bytes of a `string`: UCSC's tools count its length in a byte

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Texts:
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

    texts: Texts
    numbers: Ints | None = None
    bounds: Ints | None = None


@dataclass(frozen=True)
class Target:
    """What the column ``name`` is to be written as."""

    name: str
    field: Field
    type: pa.DataType  # of the field, as `autosql.to_arrow` has it
    autosql: AutoSql
    color: bool = False
    standard: bool = False  # one of BED's own fields

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


class Faults:
    """The first row that cannot be written, and why: ``row``, ``message``."""

    def __init__(self) -> None:
        self.row: int | None = None
        self.message = ""

    def note(self, row: int, message: str) -> None:
        """Keep a fault if its row is the first so far; row -1 is none."""
        if row >= 0 and (self.row is None or row < self.row):
            self.row, self.message = int(row), message

    def check(self, bad: npt.NDArray[np.bool_], say: Callable[[int], str]) -> None:
        """Note the first row that is bad; ``say`` words it."""
        if bad.any():
            row = int(np.argmax(bad))
            self.note(row, say(row))


def encode(array: pa.Array, target: Target, faults: Faults) -> Cells:  # noqa: PLR0911, a kind each
    """The texts of a column."""
    if pat.is_dictionary(array.type):
        array = array.dictionary.take(array.indices)
    _refuse_missing(array, target, faults)
    f, kind = target.field, array.type
    if pat.is_null(kind):  # all are missing, which was noted
        return Cells(Texts(np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8)))
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
        items, problem = _read_back(texts_of(array), column)
        if problem is not None:
            row, text = problem
            faults.note(row, f"column {name}: found {text!r}, expected an integer")
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


def texts_of(array: pa.Array) -> Texts:
    """An Arrow text array as it lies in memory; what is missing is empty."""
    wide = pat.is_large_string(array.type)
    _, offsets, data = array.buffers()
    if len(array) == 0 or offsets is None:
        return Texts(np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8))
    found = np.frombuffer(offsets, np.int64 if wide else np.int32)
    mine = found[array.offset : array.offset + len(array) + 1].astype(np.int64)
    whole = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return Texts(mine, _frozen(whole))


def numbers(values: Ints, *, comma: bool = False) -> Texts:
    """Integers as texts."""
    from gidx.kernels.encode import format_integers

    offsets, data = format_integers(_frozen(values), comma)
    return Texts(offsets, _frozen(data))


def join_rows(
    chrom: npt.NDArray[np.int32], start: Ints, end: Ints, fields: Sequence[Texts]
) -> tuple[Bytes, Ints]:
    """Records, one after the other, and their bounds (rows + 1)."""
    from gidx.kernels import encode as kernels

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


def keys(texts: Texts) -> npt.NDArray[np.bytes_]:
    """The texts as a numpy ``S`` array."""
    from gidx.kernels.encode import pad

    width = max(int(texts.lengths.max(initial=0)), 1)
    found: npt.NDArray[np.bytes_] = pad(texts.offsets, texts.data, width).view(f"S{width}")
    return found


# ── kinds of columns ────────────────────────────────────────────────────────────────────────────


def _refuse_missing(array: pa.Array, target: Target, faults: Faults) -> None:
    if array.null_count:
        faults.check(
            array.is_null().to_numpy(zero_copy_only=False),
            lambda _: (
                f"column {target.name}: the value is missing, which the format cannot say; "
                f"fill it (pandas: df.fillna({{{target.name!r}: …}})) or drop the row"
            ),
        )


def _texts(array: pa.Array, target: Target, faults: Faults) -> Texts:
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


def _check_text(texts: Texts, target: Target, faults: Faults) -> None:
    from gidx.kernels.encode import first_with

    row = first_with(texts.offsets, texts.data, False)
    if row >= 0:
        faults.note(
            row,
            f"column {target.name}: found {_short(texts[row])}, which has a tab, line break or "
            "NUL; replace it",
        )


def _floats(array: pa.Array, target: Target, faults: Faults) -> Texts:
    if pat.is_float16(array.type):
        array = array.cast(pa.float32())
    _check_float(array, target, faults)
    return texts_of(array.cast(pa.string()))


def _check_float(array: pa.Array, target: Target, faults: Faults) -> None:
    """A finite double must not become infinite in a field of floats."""
    if target.field.type == "float" and pat.is_float64(array.type):
        values = array.to_numpy(zero_copy_only=False)
        with np.errstate(over="ignore"):
            large = np.isfinite(values) & ~np.isfinite(values.astype(np.float32))
        faults.check(large, lambda i: _not_of(target, values[i]))


def _integers(array: pa.Array, target: Target, faults: Faults) -> Cells:
    values = integers(array, target.name, faults)
    if target.field.is_integer:
        _check_range(values, target.type, lambda i: _not_of(target, values[i]), faults)
    return Cells(numbers(values), values)


def _check_range(
    values: Ints, kind: pa.DataType, say: Callable[[int], str], faults: Faults
) -> None:
    info = np.iinfo(kind.to_pandas_dtype())
    if len(values) and (values.min() < info.min or values.max() > info.max):
        faults.check((values < info.min) | (values > info.max), say)


def _lists(array: pa.Array, target: Target, faults: Faults) -> Cells:
    """Items with a comma behind each; row i has the items ``bounds[i]`` to ``bounds[i + 1]``."""
    from gidx.kernels.encode import close_items

    f = target.field
    items, bounds = _items(array)
    inner = _Inner(bounds, faults)
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
        closed = numbers(values, comma=True)
        return Cells(Texts(closed.offsets[bounds], closed.data), values, bounds)
    write = _item_texts if is_text(items.type) else _floats
    texts = write(items, target, inner)
    offsets, data = close_items(texts.offsets, texts.data)
    return Cells(Texts(offsets[bounds], _frozen(data)), None, bounds)


class _Inner(Faults):
    """Faults of list items, noted as faults of their rows."""

    def __init__(self, bounds: Ints, rows: Faults) -> None:
        super().__init__()
        self._bounds, self._rows = bounds, rows

    def note(self, row: int, message: str) -> None:
        if row >= 0:
            self._rows.note(int(np.searchsorted(self._bounds, row, side="right")) - 1, message)


def _items(array: pa.Array) -> tuple[pa.Array, Ints]:
    """All items of the lists, and each list's bounds in them."""
    if pat.is_fixed_size_list(array.type):
        size = array.type.list_size
        items = array.values.slice(array.offset * size, len(array) * size)
        return items, np.arange(len(array) + 1, dtype=np.int64) * size
    offsets = array.offsets.to_numpy().astype(np.int64)
    items = array.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    return items, offsets - offsets[0]


def _item_texts(items: pa.Array, target: Target, faults: Faults) -> Texts:
    from gidx.kernels.encode import first_with

    texts = texts_of(items)
    row = first_with(texts.offsets, texts.data, True)
    if row >= 0:
        faults.note(
            row,
            f"column {target.name}: found {_short(texts[row])} in a list, which has a comma, tab, "
            "line break or NUL; replace it",
        )
    values = target.field.values
    if values:
        found = items.dictionary_encode()
        known = np.array([v in values for v in found.dictionary.to_pylist()], np.bool_)
        faults.check(~known[_ints(found.indices)], lambda i: _not_of(target, texts[i]))
    return texts


def _verbatim(array: pa.Array, target: Target, faults: Faults) -> Cells:
    """Texts that a reader takes for values of the declared type, as they are."""
    texts = texts_of(array)
    _check_text(texts, target, faults)
    values, problem = _read_back(texts, target.column)
    if problem is not None:
        row, text = problem
        faults.note(row, _not_of(target, text))
    if pat.is_list(values.type) or pat.is_fixed_size_list(values.type):
        items, bounds = _items(values)
        return Cells(texts, _ints(items) if pat.is_integer(items.type) else None, bounds)
    return Cells(texts, _ints(values) if pat.is_integer(values.type) else None)


def _read_back(texts: Texts, column: Column) -> tuple[pa.Array, tuple[int, str] | None]:
    """The texts as a reader decodes them; row and text of the first that it cannot."""
    begin = int(texts.offsets[0])
    bounds = (texts.offsets - begin).astype(np.int32)
    data = texts.data[begin : int(texts.offsets[-1])]
    if len(data) == 0:  # kernels want a buffer to point into
        data = _frozen(np.zeros(1, np.uint8))
    fields = np.stack([bounds[:-1], bounds[1:] + 1])
    arrays, problems = decode(data, fields, [column])
    return arrays[0], (problems[0].row, problems[0].text) if problems else None


def _objects(array: pa.Array, target: Target, faults: Faults) -> Cells:
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
            why = f"{_short(str(value))} is no {target.field.declared_type}: {error}"
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


def _not_of(target: Target, value: Any) -> str:
    f = target.field
    expected = f.declared_type + (" or R,G,B" if target.color else "")
    shown = _short(value) if isinstance(value, str) else str(value)
    return f"column {target.name}: found {shown}, expected {expected}"


def _no_integer(name: str, value: Any) -> str:
    if np.isnan(value):
        return f"column {name}: the value is missing (nan), expected an integer; fill it"
    return f"column {name}: found {value}, expected an integer"


def _short(text: str, most: int = 60) -> str:
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


def _frozen(values: Any) -> Any:
    """Read-only and contiguous, so that kernels are compiled for one kind of array."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
