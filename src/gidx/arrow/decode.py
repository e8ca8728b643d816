"""Field bounds to Arrow arrays, and what went wrong on the way.

A `Column` says which field of a row an Arrow array is made of, and how. Formats
make columns; this module neither knows files nor formats.

Values that are not of their type become missing and are counted (a `Problem` a
column). Numbers are rounded correctly, once: what the kernels cannot compute exactly
goes through Arrow's own parser (fast_float). A number that a float would turn into zero
or infinity (``2e-78`` or ``1e39`` in 32 bits, ``1e999`` in 64) is not of its type:
p-values would vanish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.infer import EXACT, NOT_FINITE, holds
from gidx.arrow.lists import without_hidden
from gidx.ground.charset import WAY_OUT
from gidx.ground.limits import limits
from gidx.kernels import fields as kernels
from gidx.kernels.fields import unwritten

Bytes = npt.NDArray[np.uint8]
Bounds = npt.NDArray[np.int32]
Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]  # values, and which are integers


@dataclass(frozen=True)
class Column:
    """How one field becomes an Arrow array of ``type``.

    ``declared`` is the type as the file's declaration has it, for messages.
    ``counted_by`` is the field that counts a list. ``color`` lets an unsigned
    integer be written ``R,G,B``. ``values`` are an enum's or set's. ``missing`` is the
    text that stands for no value (``.`` in VCF); in a list, of an item too. Lists are
    split at ``separator``; where ``closed``, one behind the last item is let be (BED's
    ``1,2,``). ``parse`` turns a text into a Python value, for types that have no
    kernel; it raises ValueError. ``limits`` is the integer type that values must fit, where
    ``type`` is wider. A type that was only ``guessed`` takes what it would write itself
    (`gidx.arrow.infer`), nothing else, so that texts such as ``007`` are not lost.
    """

    name: str
    type: pa.DataType
    field: int
    declared: str
    counted_by: int | None = None
    color: bool = False
    values: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None
    missing: bytes | None = None
    separator: bytes = b","
    closed: bool = True
    limits: pa.DataType | None = None
    guessed: bool = False

    @cached_property
    def absent(self) -> Bytes:
        """The text that stands for no value, for kernels."""
        return np.frombuffer(self.missing or b"", np.uint8)

    @cached_property
    def known(self) -> tuple[Bytes, npt.NDArray[np.int64]]:
        """The values one after the other, and their bounds."""
        words = [value.encode() for value in self.values]
        bounds = np.cumsum([0, *map(len, words)]).astype(np.int64)
        return np.frombuffer(b"".join(words), np.uint8), bounds

    @cached_property
    def dictionary(self) -> pa.Array:
        return pa.array(self.values, pa.string())

    @cached_property
    def is_list(self) -> bool:
        return bool(pat.is_list(self.type) or pat.is_fixed_size_list(self.type))

    @cached_property
    def size(self) -> int:
        """How many items each list has; -1: as many as it has."""
        return int(self.type.list_size) if pat.is_fixed_size_list(self.type) else -1

    @cached_property
    def scalars(self) -> Callable[[Items, Column], tuple[pa.Array, _Ok]]:
        """What makes an array of items, where they are no lists; chosen once."""
        kind = self.type
        if self.parse is not None:
            return _parsed
        if pat.is_string(kind):
            return _texts
        if pat.is_dictionary(kind):
            return _words
        return _floats if pat.is_floating(kind) else _integers

    @cached_property
    def item(self) -> Column:
        """The column of a list's items."""
        return Column(
            self.name, self.type.value_type, self.field, self.declared,
            color=self.color, values=self.values, parse=self.parse, missing=self.missing,
        )  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Values that are not of their type: how many, and the first one.

    ``guessed`` is the field whose type was only guessed. ``way_out`` and ``read_as`` are for
    messages.
    """

    column: str
    declared: str
    count: int
    row: int
    text: str
    guessed: int | None = None
    way_out: str = ""
    read_as: str = "missing"


@dataclass(slots=True)  # not frozen: that takes 1 us, in each column of each query
class Items:
    """Texts in a buffer: item i is ``text[begins[i] : nexts[i] - 1]``.

    Where ``there`` (uint8) is 0, there is no text at all; its bounds are those of some
    empty one.
    """

    text: Bytes
    begins: Bounds
    nexts: Bounds
    there: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.begins)

    def __getitem__(self, i: int) -> bytes:
        return self.text[self.begins[i] : self.nexts[i] - 1].tobytes()


def decode(
    text: Bytes, fields: npt.NDArray[np.int32], columns: Sequence[Column]
) -> tuple[list[pa.Array], list[Problem]]:
    """An Arrow array a column over rows whose field bounds are ``fields``.

    ``fields`` (fields + 1, rows): field f of row i is
    ``text[fields[f, i] : fields[f + 1, i] - 1]``.
    """
    arrays, problems = [], []
    for column in columns:
        items = Items(text, fields[column.field], fields[column.field + 1])
        array, problem = decode_items(items, column, fields)
        arrays.append(array)
        if problem is not None:
            problems.append(problem)
    return arrays, problems


def decode_items(
    items: Items, column: Column, fields: npt.NDArray[np.int32] | None = None
) -> tuple[pa.Array, Problem | None]:
    """One array of ``column.type``, an item a value, and what was not of its type.

    ``fields`` are those that ``counted_by`` looks at.
    """
    if column.is_list:
        array, bad, _ = _lists(items, column, fields)
    else:
        array, wrong = column.scalars(items, column)
        if wrong is None:
            return array, None
        bad = _first(items, wrong)
    return array, _problem(column, bad)


def decode_whole(
    items: Items, column: Column
) -> tuple[pa.Array, npt.NDArray[np.uint8] | None, Problem | None]:
    """`decode_items` by values: a list with an item that is not of its type is missing.

    For formats that keep the text of such values elsewhere. Says, too, which values were of
    their type (None: all).
    """
    if column.is_list:
        array, bad, ok = _lists(items, column, None, whole=True)
    else:
        array, ok = column.scalars(items, column)
        bad = _first(items, ok)
    return array, ok, _problem(column, bad)


def _problem(column: Column, bad: _Bad) -> Problem | None:
    if bad is None:
        return None
    count, row, value = bad
    guessed = column.field if column.guessed else None
    way_out = ""
    try:
        shown = value.decode()
    except UnicodeDecodeError:
        shown, way_out = value.decode("utf-8", "backslashreplace"), WAY_OUT
        # no wider type takes it
        guessed = None if pat.is_string(column.type) else guessed
    return Problem(column.name, column.declared, count, row, shown, guessed, way_out)


_Bad = tuple[int, int, bytes] | None  # how many, the first one's row and text
_Ok = npt.NDArray[np.uint8] | None  # None: all are


def _first(items: Items, ok: _Ok) -> _Bad:
    if ok is None:
        return None
    wrong = np.flatnonzero(ok == 0)
    return len(wrong), int(wrong[0]), items[int(wrong[0])]


# Each makes an array, and says which items are of its type (None: all).


def _texts(items: Items, column: Column) -> tuple[pa.Array, _Ok]:
    offsets, data, ok, bad = kernels.texts(items.text, items.begins, items.nexts)
    return _array(column.type, items, column, ok, bad, [_buffer(offsets), _buffer(data)])


def _words(items: Items, column: Column) -> tuple[pa.Array, _Ok]:
    values, ok, bad = kernels.words(items.text, items.begins, items.nexts, *column.known)
    indices, wrong = _array(pa.int32(), items, column, ok, bad, [_buffer(values)])
    return pa.DictionaryArray.from_arrays(indices, column.dictionary), wrong


def _floats(items: Items, column: Column) -> tuple[pa.Array, _Ok]:
    kind = column.type
    single = kind.bit_width == 32
    values, ok, bad, hard = kernels.decimals(items.text, items.begins, items.nexts, single)
    if hard:
        which = np.flatnonzero(ok == 2)
        found = _decimals(items, which, kind)
        # None of them is written as zero or infinity: what became one does not fit.
        fits = (found != 0) & np.isfinite(found)
        values[which], ok[which] = found, fits
        bad += len(which) - int(np.count_nonzero(fits))
    if column.guessed:
        bad += _not_written(items, values, ok)
    return _array(kind, items, column, ok, bad, [_buffer(values)])


def _integers(items: Items, column: Column) -> tuple[pa.Array, _Ok]:
    values: npt.NDArray[Any]
    kind = column.type
    low, high = integer_limits(column.limits or kind)
    values, ok, bad = kernels.integers(
        items.text, items.begins, items.nexts, low, high, column.color
    )
    values = values.astype(kind.to_pandas_dtype(), copy=False)
    if bad and pat.is_uint64(kind):
        bad -= _past_int64(items, values, ok)
    if column.guessed:
        bad += _not_written(items, values, ok)
    return _array(kind, items, column, ok, bad, [_buffer(values)])


@cache
def integer_limits(kind: pa.DataType) -> tuple[int, int]:
    """The least and the largest integer that kernels read for a type."""
    info = np.iinfo(kind.to_pandas_dtype())
    return int(info.min), min(int(info.max), 2**63 - 1)


def _past_int64(items: Items, values: npt.NDArray[Any], ok: npt.NDArray[np.uint8]) -> int:
    """Fill in the integers from 2**63 to 2**64 - 1, which the kernel does not read; how many."""
    found = 0
    for i in np.flatnonzero(ok == 0).tolist():
        text = items[i]
        if text.isdigit() and len(text.lstrip(b"0")) <= 20 and int(text) < 2**64:
            values[i], ok[i] = int(text), 1
            found += 1
    return found


def _not_written(items: Items, values: npt.NDArray[Any], ok: npt.NDArray[np.uint8]) -> int:
    """Mark numbers that were read from other texts than the type would write; how many.

    Those are zeros in front, a plus, an integer's minus before 0, and what a double rounds
    to an integer, to zero or to infinity.
    """
    floats = values.dtype.kind == "f"
    count: int = unwritten(items.text, items.begins, items.nexts, not floats, ok)
    if floats:
        size = np.abs(values)
        # NaN is neither; short texts of zeros are what most zeros are
        doubtful = (size >= EXACT) | ((values == 0) & (items.nexts - items.begins > 5))
        for i in np.flatnonzero(doubtful & (ok == 1)).tolist():
            if not (holds(items[i]) or NOT_FINITE.fullmatch(items[i])):
                ok[i] = 0
                count += 1
    return count


def _decimals(items: Items, which: npt.NDArray[np.int64], kind: pa.DataType) -> Any:
    """Decimals by Arrow's parser, which does not take a plus."""
    begins = items.begins[which].copy()
    begins += items.text[begins] == ord("+")
    offsets, data = kernels.gather(items.text, begins, items.nexts[which])
    texts = pa.StringArray.from_buffers(len(which), _buffer(offsets), _buffer(data))
    return texts.cast(kind).to_numpy()


def _parsed(items: Items, column: Column, counts: Counts | None = None) -> tuple[pa.Array, _Ok]:
    values: list[Any] = []
    ok = np.ones(len(items), np.uint8)
    for i in range(len(items)):
        try:
            value = column.parse(items[i].decode())  # type: ignore[misc]
            if counts is not None and counts[1][i] and counts[0][i] != len(value):
                raise ValueError(f"{len(value)} items, expected {counts[0][i]}")
            values.append(value)
        except ValueError:  # of which UnicodeDecodeError is one
            values.append(None)
            ok[i] = 0
    return pa.array(values, column.type), None if ok.all() else ok


def _lists(
    items: Items,
    column: Column,
    fields: npt.NDArray[np.int32] | None,
    *,
    whole: bool = False,
) -> tuple[pa.Array, _Bad, _Ok]:
    """The array, what is bad, and which lists are not (None: none is).

    Where ``whole``, a list with a bad item is bad itself; else only its item is missing.
    """
    counts, counted = _NOTHING
    if column.counted_by is not None and fields is not None:
        at = column.counted_by
        counts, counted, _ = kernels.integers(
            items.text, fields[at], fields[at + 1], -(2**63), 2**63 - 1, False
        )
    if column.parse is not None:  # a list of objects
        array, ok = _parsed(items, column, (counts, counted) if len(counts) else None)
        return array, _first(items, ok), ok
    size = column.size
    if size > 0 and len(items) * size > max(limits.block, len(items.text)):
        # lists that are missing have room all the same, whatever their text is
        what = f"{len(items):,} rows with {size:,} items each"
        raise limits.passed("block", f"column {column.name}", None, what)
    begins, nexts, offsets, state, bad_rows, nulls = kernels.split_lists(
        items.text, items.begins, items.nexts, size, counts, counted,
        ord(column.separator), column.closed, column.absent,
        _EVERY if items.there is None else items.there,
    )  # fmt: skip
    inner = Items(items.text, begins, nexts)
    children, child_ok = column.item.scalars(inner, column.item)
    if child_ok is None and bad_rows + nulls == 0:
        buffers = [None] if size >= 0 else [None, _buffer(offsets)]
        n = len(items)
        array = pa.Array.from_buffers(column.type, n, buffers, null_count=0, children=[children])
        return array, None, None
    if child_ok is not None and bad_rows + nulls and size > 0:
        # what stands in for the items of a list that is not there is no problem of theirs
        child_ok = np.where(np.repeat(state != 1, size), np.uint8(1), child_ok)
        child_ok = None if child_ok.all() else child_ok
    if whole and child_ok is not None:
        state[np.searchsorted(offsets, np.flatnonzero(child_ok == 0), side="right") - 1] = 0
        bad_rows, child_ok = int(np.count_nonzero(state == 0)), None
    bad = None
    if child_ok is not None:
        count, first, text = _first(inner, child_ok) or (0, 0, b"")
        bad = count, int(np.searchsorted(offsets, first, side="right")) - 1, text
    if bad_rows:
        row = int(np.flatnonzero(state == 0)[0])
        if bad is None:
            bad = bad_rows, row, items[row]
        else:
            first_row, text = (row, items[row]) if row <= bad[1] else bad[1:]
            bad = bad[0] + bad_rows, first_row, text
    validity = bitmap(state == 1) if bad_rows + nulls else None
    buffers = [validity] if size >= 0 else [validity, _buffer(offsets)]
    array = pa.Array.from_buffers(
        column.type, len(items), buffers, null_count=bad_rows + nulls, children=[children]
    )
    if bad_rows and size < 0:
        array = without_hidden(array)
    return array, bad, (state != 0).astype(np.uint8) if bad_rows else None


_NOTHING = np.empty(0, np.int64), np.empty(0, np.uint8)
_EVERY = np.empty(0, np.uint8)


def _array(
    kind: pa.DataType,
    items: Items,
    column: Column,
    ok: npt.NDArray[np.uint8],
    bad: int,
    buffers: list[pa.Buffer],
) -> tuple[pa.Array, _Ok]:
    word = column.missing is not None and (bad > 0 or pat.is_string(kind))
    if not (bad or word) and items.there is None:
        return pa.Array.from_buffers(kind, len(ok), [None, *buffers], null_count=0), None
    there = _EVERY if items.there is None else items.there
    bits, nulls, wrong = kernels.settle(
        items.text, items.begins, items.nexts, there, column.absent, word, ok
    )
    validity = None if bits is None else _buffer(bits)
    array = pa.Array.from_buffers(kind, len(ok), [validity, *buffers], null_count=nulls)
    return array, ok if wrong else None


def bitmap(ok: npt.NDArray[Any]) -> pa.Buffer:
    """Which values there are, as Arrow has it."""
    return _buffer(np.packbits(ok, bitorder="little"))


def _buffer(values: npt.NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(values)
