"""Field bounds to Arrow arrays, and what went wrong on the way.

A `Column` says which field of a row an Arrow array is made of, and how. Formats
make columns; this module neither knows files nor formats.

Values that are not of their type become missing and are counted (a `Problem` a
column). Numbers are never approximated: what the kernels cannot compute exactly
goes through Arrow's own parser (fast_float, correctly rounded).
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

Bytes = npt.NDArray[np.uint8]
Bounds = npt.NDArray[np.int32]
Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]  # values, and which are integers


@dataclass(frozen=True)
class Column:
    """How one field becomes an Arrow array of ``type``.

    ``declared`` is the type as the file's declaration has it, for messages.
    ``counted_by`` is the field that counts a list. ``color`` lets an unsigned
    integer be written ``R,G,B``. ``values`` are an enum's or set's. ``parse``
    turns a text into a Python value, for types that have no kernel; it raises
    ValueError.
    """

    name: str
    type: pa.DataType
    field: int
    declared: str
    counted_by: int | None = None
    color: bool = False
    values: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None

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
    def item(self) -> Column:
        """The column of a list's items."""
        return Column(
            self.name, self.type.value_type, self.field, self.declared,
            color=self.color, values=self.values, parse=self.parse,
        )  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Values that are not of their type: how many, and the first one."""

    column: str
    declared: str
    count: int
    row: int
    text: str


@dataclass(slots=True)  # not frozen: that takes 1 us, in each column of each query
class Items:
    """Texts in a buffer: item i is ``text[begins[i] : nexts[i] - 1]``."""

    text: Bytes
    begins: Bounds
    nexts: Bounds

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
        if pat.is_list(column.type) or pat.is_fixed_size_list(column.type):
            array, bad = _lists(items, column, fields)
        else:
            array, wrong = _scalars(items, column)
            bad = _first(items, wrong)
        arrays.append(array)
        if bad is not None:
            count, row, value = bad
            shown = value.decode("utf-8", "backslashreplace")
            problems.append(Problem(column.name, column.declared, count, row, shown))
    return arrays, problems


_Bad = tuple[int, int, bytes] | None  # how many, the first one's row and text
_Ok = npt.NDArray[np.uint8] | None  # None: all are


def _first(items: Items, ok: _Ok) -> _Bad:
    if ok is None:
        return None
    wrong = np.flatnonzero(ok == 0)
    return len(wrong), int(wrong[0]), items[int(wrong[0])]


def _scalars(items: Items, column: Column) -> tuple[pa.Array, _Ok]:
    """The array, and which items are of their type (None: all)."""
    from gidx.kernels import fields as kernels

    kind = column.type
    text, begins, nexts = items.text, items.begins, items.nexts
    if column.parse is not None:
        return _parsed(items, column)
    if pat.is_string(kind):
        offsets, data, ok, bad = kernels.texts(text, begins, nexts)
        return _array(kind, ok, bad, [_buffer(offsets), _buffer(data)])
    if pat.is_dictionary(kind):
        values, ok, bad = kernels.words(text, begins, nexts, *column.known)
        indices, wrong = _array(pa.int32(), ok, bad, [_buffer(values)])
        return pa.DictionaryArray.from_arrays(indices, column.dictionary), wrong
    if pat.is_floating(kind):
        single = kind.bit_width == 32
        values, ok, bad, hard = kernels.decimals(text, begins, nexts, single)
        if single:
            with np.errstate(over="ignore"):  # what overflows is among the hard ones
                values = values.astype(np.float32)
        if hard:
            which = np.flatnonzero(ok == 2)
            values[which] = _decimals(items, which, kind)
            ok[which] = 1
        return _array(kind, ok, bad, [_buffer(values)])
    low, high = _limits(kind)
    values, ok, bad = kernels.integers(text, begins, nexts, low, high, column.color)
    return _array(kind, ok, bad, [_buffer(values.astype(kind.to_pandas_dtype(), copy=False))])


@cache
def _limits(kind: pa.DataType) -> tuple[int, int]:
    info = np.iinfo(kind.to_pandas_dtype())
    return int(info.min), min(int(info.max), 2**63 - 1)


def _decimals(items: Items, which: npt.NDArray[np.int64], kind: pa.DataType) -> Any:
    """Decimals by Arrow's parser, which does not take a plus."""
    from gidx.kernels import fields as kernels

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


def _lists(items: Items, column: Column, fields: npt.NDArray[np.int32]) -> tuple[pa.Array, _Bad]:
    from gidx.kernels import fields as kernels

    counts, counted = _NOTHING
    if column.counted_by is not None:
        at = column.counted_by
        counts, counted, _ = kernels.integers(
            items.text, fields[at], fields[at + 1], -(2**63), 2**63 - 1, False
        )
    if column.parse is not None:  # a list of objects
        array, ok = _parsed(items, column, (counts, counted) if len(counts) else None)
        return array, _first(items, ok)
    size = column.type.list_size if pat.is_fixed_size_list(column.type) else -1
    begins, nexts, offsets, row_ok, bad_rows = kernels.split_lists(
        items.text, items.begins, items.nexts, size, counts, counted
    )
    inner = Items(items.text, begins, nexts)
    if bad_rows and size > 0:  # a list of the wrong length: its items are no problem of theirs
        inner_column = column.item
        kept = np.repeat(row_ok, size)
        children, child_ok = _scalars(inner, inner_column)
        if child_ok is not None:
            child_ok = np.where(kept == 0, np.uint8(1), child_ok)
            child_ok = None if child_ok.all() else child_ok
    else:
        children, child_ok = _scalars(inner, column.item)
    bad = None
    if child_ok is not None:
        count, first, text = _first(inner, child_ok) or (0, 0, b"")
        bad = count, int(np.searchsorted(offsets, first, side="right")) - 1, text
    if bad_rows:
        row = int(np.flatnonzero(row_ok == 0)[0])
        if bad is None:
            bad = bad_rows, row, items[row]
        else:
            first_row, text = (row, items[row]) if row <= bad[1] else bad[1:]
            bad = bad[0] + bad_rows, first_row, text
    validity = _bitmap(row_ok) if bad_rows else None
    buffers = [validity] if size >= 0 else [validity, _buffer(offsets)]
    array = pa.Array.from_buffers(
        column.type, len(items), buffers, null_count=bad_rows, children=[children]
    )
    return array, bad


_NOTHING = np.empty(0, np.int64), np.empty(0, np.uint8)


def _array(
    kind: pa.DataType, ok: npt.NDArray[np.uint8], bad: int, buffers: list[pa.Buffer]
) -> tuple[pa.Array, _Ok]:
    validity = _bitmap(ok) if bad else None
    array = pa.Array.from_buffers(kind, len(ok), [validity, *buffers], null_count=bad)
    return array, ok if bad else None


def _bitmap(ok: npt.NDArray[np.uint8]) -> pa.Buffer:
    return _buffer(np.packbits(ok, bitorder="little"))


def _buffer(values: npt.NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(values)
