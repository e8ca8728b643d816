"""Columns as parts of a row's text: what encoders of keyed fields share.

    column  ─part─▶ Part: texts, and which are there  ─join_parts─▶ one field a row

A list's texts are its items, joined. Nothing is raised: faults of items are noted as
faults of their rows (`faults.Owned`), and only of lists that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.encode import (
    Bytes,
    Ints,
    TextColumn,
    float_texts,
    integers,
    items_of,
    numbers,
    texts_of,
)
from gidx.arrow.faults import Faults
from gidx.arrow.lists import is_list
from gidx.kernels.join import add_parts, escape, fill, first_in, join_items, put_parts

Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """Texts, and which are there (uint8); the others' texts mean nothing."""

    texts: TextColumn
    there: Mask

    def __len__(self) -> int:
        return len(self.there)


@dataclass(frozen=True)
class Keyed:
    """A part of a row, and what stands around it."""

    part: Part
    before: bytes = b""
    behind: bytes = b""


def marks(letters: bytes) -> Mask:
    """A table of all bytes that marks these, for kernels.

    >>> int(marks(b";=").sum())
    2
    """
    table = np.zeros(256, np.uint8)
    table[list(letters)] = 1
    return table


CONTROL = bytes(range(32)) + b"\x7f"
BLANKS = b" \t\n\v\f\r\0"


def bytes_of(text: bytes) -> Bytes:
    """Bytes for a kernel."""
    return np.frombuffer(text, np.uint8)


def there(array: pa.Array) -> Mask:
    """Which values are not missing."""
    if array.null_count == 0:
        return np.ones(len(array), np.uint8)
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False)).view(np.uint8)


def texts_in(array: pa.Array) -> TextColumn:
    """An Arrow text (or large binary) array's texts, for kernels."""
    if pat.is_large_binary(array.type):
        buffers = array.buffers()
        array = pa.Array.from_buffers(
            pa.large_string(), len(array), buffers, array.null_count, array.offset
        )
    return texts_of(array)


def nothing(rows: int) -> Part:
    """A part that no row has."""
    return Part(TextColumn(np.zeros(rows + 1, np.int64), bytes_of(b"")), np.zeros(rows, np.uint8))


def is_map(kind: pa.DataType) -> bool:
    """Whether values are maps, or lists of key and value (polars has no maps)."""
    if pat.is_map(kind):
        return True
    if not is_list(kind) or not pat.is_struct(kind.value_type):
        return False
    return [f.name for f in kind.value_type] == ["key", "value"]


def map_of(array: pa.Array) -> tuple[pa.Array, pa.Array, Ints]:
    """Keys, values and bounds (rows + 1) of maps; a missing map has no entries."""
    if not pat.is_map(array.type):
        entries, bounds = items_of(array)
        return entries.field("key"), entries.field("value"), bounds
    offsets = array.offsets.to_numpy().astype(np.int64)
    if not array.null_count or not np.diff(offsets)[~array.is_valid().to_numpy(False)].any():
        size = int(offsets[-1] - offsets[0])
        first = int(offsets[0])
        return array.keys.slice(first, size), array.items.slice(first, size), offsets - first
    return map_of(pa.array(array.to_pylist(), array.type))  # entries under what is missing


def plain_values(array: pa.Array) -> pa.Array:
    """A dictionary as its values."""
    return array.dictionary.take(array.indices) if pat.is_dictionary(array.type) else array


def filled(part: Part, mark: bytes = b".") -> TextColumn:
    """The texts, ``mark`` for what is missing."""
    if part.there.all():
        return part.texts
    return TextColumn(*fill(part.texts.offsets, part.texts.data, part.there, np.uint8(mark[0])))


def joined(items: TextColumn, bounds: Ints, separator: bytes) -> TextColumn:
    """Each list's items as one text."""
    if len(bounds) == len(items) + 1 and np.array_equal(bounds, np.arange(len(bounds))):
        return items  # one each
    return TextColumn(*join_items(items.offsets, items.data, bounds, bytes_of(separator)))


def escaped(part: Part, table: Mask) -> Part:
    """With ``%41`` for the bytes that the table marks."""
    if first_in(part.texts.offsets, part.texts.data, table) < 0:
        return part
    return Part(
        TextColumn(*escape(part.texts.offsets, part.texts.data, table, ord("%"), True)), part.there
    )


def check_filled(part: Part, say: Callable[[int], str], faults: Faults) -> None:
    """Note the first text that is there and empty."""
    faults.check((part.texts.lengths == 0) & (part.there == 1), say)


def whole_numbers(
    array: pa.Array, name: str, least: int, most: int, why: str, faults: Faults
) -> Part:
    """Integers of any type as texts; those out of range are faults."""
    mask = there(array)
    if array.null_count:
        array = array.fill_null(0)
    values = integers(array, name, faults)
    if len(values) and (values.min() < least or values.max() > most):
        faults.check(
            (values < least) | (values > most),
            lambda i: f"column {name}: found {values[i]}, expected {least} to {most}{why}",
        )
    return Part(numbers(values), mask)


def decimals(array: pa.Array) -> Part:
    """Floats as the shortest decimals that read back to the same; integers as they are."""
    found = float_texts(array) if pat.is_floating(array.type) else array.cast(pa.large_string())
    return Part(texts_in(found), there(array))


def join_parts(
    parts: Sequence[Keyed], separator: bytes, rows: int, empty: bytes = b"."
) -> TextColumn:
    """All parts of a row that are there, as one text; ``empty`` where there is none.

    >>> def part(*values):
    ...     array = pa.array(values, pa.string())
    ...     return Part(texts_of(array), there(array))
    >>> found = join_parts([Keyed(part("2", None, None), b"AC="), Keyed(part("", "", None), b"DB")],
    ...                    b";", 3)
    >>> [found[i] for i in range(3)]
    ['AC=2;DB', 'DB', '.']
    """
    begun = np.zeros(rows, np.uint8)
    lengths = np.zeros(rows, np.int64)
    none = bytes_of(b"")
    for one in parts:
        extra = len(one.before) + len(one.behind)
        part = one.part
        add_parts(part.texts.offsets, part.there, extra, len(separator), begun, lengths)
    if begun.all():
        last = None
    else:
        last = np.asarray(begun == 0).view(np.uint8)
        lengths[begun == 0] = len(empty)
    bounds = np.zeros(rows + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    out = np.empty(int(bounds[-1]), np.uint8)
    cursor = bounds[:-1].copy()
    for one in parts:
        put_parts(
            one.part.texts.offsets, one.part.texts.data, one.part.there, bytes_of(one.before),
            bytes_of(one.behind), bytes_of(separator), bounds, cursor, out,
        )  # fmt: skip
    if last is not None:
        unsaid = TextColumn(np.zeros(rows + 1, np.int64), none)
        put_parts(
            unsaid.offsets, unsaid.data, last, bytes_of(empty), none, none, bounds, cursor, out
        )
    return TextColumn(bounds, out)


def picked(texts_there: TextColumn, rows: Ints) -> TextColumn:
    """Some of the texts.

    >>> picked(texts_in(pa.array(["a", "b", "c"])), np.array([2, 0]))[0]
    'c'
    """
    return texts_in(as_binary(texts_there).take(pa.array(rows)))


def as_binary(found: TextColumn) -> pa.Array:
    """Texts as an Arrow array, not copied: of bytes, since they may be no UTF-8."""
    buffers = [None, pa.py_buffer(found.offsets), pa.py_buffer(found.data)]
    return pa.Array.from_buffers(pa.large_binary(), len(found), buffers)


def one_after_other(one: TextColumn, other: TextColumn) -> TextColumn:
    """The texts of both.

    >>> both = one_after_other(texts_in(pa.array(["a"])), texts_in(pa.array(["b", "c"])))
    >>> [both[i] for i in range(3)]
    ['a', 'b', 'c']
    """
    data = [t.data[t.offsets[0] : t.offsets[-1]] for t in (one, other)]
    behind = other.offsets[1:] - other.offsets[0] + len(data[0])
    offsets = np.concatenate([one.offsets - one.offsets[0], behind])
    return TextColumn(offsets, np.concatenate(data))
