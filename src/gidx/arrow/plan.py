"""Many columns in one call: what the kernel of columns does for each group of rows.

A `Plan` is compiled once, from columns (`gidx.arrow.decode.Column`) and places, and then makes
the arrays of group after group. 17 columns of a dozen rows take 25 us where one by one they
took 140. A column in which some value is not of its type, or takes a full parser, is none of
the kernel's: it comes as None, and `gidx.arrow.decode` makes it, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.decode import Bytes, Column, Items, Problem, decode_items, integer_limits
from gidx.arrow.schema import CHROM, POSITION
from gidx.kernels import columns as kernels
from gidx.kernels.columns import Words

STEP = np.dtype([            # how the kernel makes one column
    ("low", "i8"),           # an integer's limits; what is added to a start
    ("high", "i8"),
    ("size", "i8"),          # how many items lists have; -1: as many as they have
    ("kind", "i4"),          # kernels.TEXT and so on
    ("item", "i4"),          # of lists, the kind of their items
    ("field", "i4"),         # of a row
    ("counted", "i4"),       # the field that says how many items lists have; -1: none
    ("width", "i4"),         # bytes of a number
    ("missing", "i4"),       # where in the plan's texts the word for no value is
    ("missing_size", "i4"),  # -1: there is no such word
    ("words", "i4"),         # which of the plan's dictionaries; -1: none
    ("guessed", "u1"),       # only numbers as they are written
    ("color", "u1"),         # R,G,B is an integer
    ("closed", "u1"),        # a separator may close the last item
    ("empties", "u1"),       # an empty text is an empty list
    ("ragged", "u1"),        # lists of a size as lists of any
    ("percent", "u1"),       # texts with % are not made here
    ("separator", "u1"),
    ("spare", "u1"),
])  # fmt: skip

_import = pa.Array._import_from_c

Arrays = list[pa.Array | None]
Ints = npt.NDArray[np.int32]
Found = tuple[Ints, Ints, Bytes]
Places = tuple[Ints, npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Place:
    """A column of a row's place: CHROM, START or END; ``shift`` is added to a start."""

    kind: int
    shift: int = 0

    @property
    def type(self) -> pa.DataType:
        return CHROM if self.kind == kernels.CHROM else POSITION


PLACES = Place(kernels.CHROM), Place(kernels.START), Place(kernels.END)


@dataclass(frozen=True)
class Flag:
    """A column that says whether a text is there."""

    type = pa.bool_()


@dataclass(frozen=True)
class Texts:
    """A column, and what its format asks of its texts.

    ``low`` is the least integer, if that is not the type's. See `STEP`.
    """

    column: Column
    low: int | None = None
    empties: bool = False
    ragged: bool = False
    percent: bool = False

    @property
    def type(self) -> pa.DataType:
        kind = self.column.type
        return pa.list_(kind.value_type) if self.ragged and pat.is_fixed_size_list(kind) else kind


class Plan:
    """Columns, in order, each a `Column`, `Texts`, `Place`, `Flag`; None is not made."""

    def __init__(self, columns: Sequence[Column | Texts | Place | Flag | None]) -> None:
        steps = np.zeros(len(columns), STEP)
        steps["size"] = steps["counted"] = steps["missing_size"] = steps["words"] = -1
        self._types: list[pa.DataType] = []
        words: list[Words] = []
        texts = bytearray()
        for step, column in zip(steps, columns, strict=True):
            if column is None:
                step["kind"] = kernels.OTHER
            elif isinstance(column, Place):
                step["kind"], step["low"] = column.kind, column.shift
            elif isinstance(column, Flag):
                step["kind"] = kernels.FLAG
            else:
                asked = column if isinstance(column, Texts) else Texts(column)
                _fill(step, asked, texts, words)
            self._types.append(pa.null() if column is None else column.type)
        self._plan = kernels.Plan(steps.view(np.uint8), bytes(texts), words)
        self._none = np.zeros(len(columns), np.uint8)  # none to skip

    def __len__(self) -> int:
        return len(self._types)

    def of_rows(
        self,
        text: Bytes,
        fields: npt.NDArray[np.int32],
        places: Places,
        chroms: Words,
    ) -> Arrays:
        """Arrays of rows; ``places`` are their chroms, starts and ends."""
        made = self._plan.of_rows(text, fields, *places, chroms)
        found = zip(made.addresses(), self._types, strict=True)
        return [_import(at, kind) if at else None for at, kind in found]

    def of_items(self, text: Bytes, found: Found, skip: Bytes | None = None) -> Arrays:
        """Arrays of texts that were found: their begins, nexts, and which are there.

        Each is (columns, rows); columns to ``skip`` are not made.
        """
        return self._imported(
            self._plan.of_items(text, *found, self._none if skip is None else skip)
        )

    def of_groups(
        self, text: Bytes, items: tuple[Ints, Ints, Ints], there: Bytes, skip: Bytes
    ) -> Arrays:
        """Arrays of lists: their offsets, column by column, and their items' begins and nexts."""
        return self._imported(self._plan.of_groups(text, *items, there, skip))

    def _imported(self, made: kernels.Arrays) -> Arrays:
        found = zip(made.addresses(), self._types, strict=True)
        return [_import(at, kind) if at else None for at, kind in found]


class FieldColumns:
    """Columns of which each is of one field, or of a row's place, made of group after group."""

    def __init__(self, columns: Sequence[Column | Place]) -> None:
        self._columns = list(columns)
        self._plan = Plan(columns)
        own = [c for c in columns if isinstance(c, Column)]
        counts = [c.counted_by for c in own if c.counted_by is not None]
        self.want = max((f + 1 for f in [*(c.field for c in own), *counts]), default=0)

    def decode(
        self, text: Bytes, fields: npt.NDArray[np.int32], places: Places, chroms: Words
    ) -> tuple[list[pa.Array], list[Problem]]:
        """Arrays of rows as `Plan.of_rows` takes them, and what was not of its type."""
        arrays = self._plan.of_rows(text, fields, places, chroms)
        problems = []
        if None in arrays:
            for i, column in enumerate(self._columns):
                if arrays[i] is None and isinstance(column, Column):
                    items = Items(text, fields[column.field], fields[column.field + 1])
                    arrays[i], problem = decode_items(items, column, fields)
                    if problem is not None:
                        problems.append(problem)
        return cast("list[pa.Array]", arrays), problems


def words_of(names: Sequence[str]) -> Words:
    """Texts for a dictionary."""
    encoded = [name.encode() for name in names]
    bounds = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    return Words(np.frombuffer(b"".join(encoded), np.uint8), bounds)


def _fill(step: Any, asked: Texts, texts: bytearray, words: list[Words]) -> None:
    column = asked.column
    one = column.item if column.is_list and column.parse is None else column
    step["kind"] = step["item"] = _kind(one)
    if column.is_list:
        step["kind"] = kernels.LIST
    if step["item"] == kernels.OTHER or not _word_is_none(one):
        step["kind"] = kernels.OTHER
    if column.is_list and column.missing == b"":  # which is no word for a list, but for its items
        step["kind"] = kernels.OTHER
    step["size"] = column.size
    step["field"] = column.field
    step["counted"] = -1 if column.counted_by is None else column.counted_by
    if pat.is_integer(one.type):
        least, step["high"] = integer_limits(one.limits or one.type)
        step["low"] = least if asked.low is None else asked.low
    if pat.is_integer(one.type) or pat.is_floating(one.type):
        step["width"] = one.type.bit_width // 8
    if column.missing is not None:
        step["missing"], step["missing_size"] = len(texts), len(column.missing)
        texts += column.missing
    if step["item"] == kernels.WORD:
        step["words"] = len(words)
        words.append(words_of(one.values))
    step["separator"] = ord(column.separator)
    for name in ("guessed", "color", "closed"):
        step[name] = getattr(column, name)
    for name in ("empties", "ragged", "percent"):
        step[name] = getattr(asked, name)


def _kind(column: Column) -> int:
    kind = column.type
    if column.parse is not None:
        return kernels.OTHER
    if pat.is_string(kind):
        return kernels.TEXT
    if pat.is_dictionary(kind):
        return kernels.WORD
    if pat.is_floating(kind):
        return kernels.FLOAT if kind.bit_width > 16 else kernels.OTHER
    return kernels.INTEGER if pat.is_integer(kind) else kernels.OTHER


def _word_is_none(column: Column) -> bool:
    """Whether the word for no value is no value."""
    word = column.missing
    if word is None or pat.is_string(column.type):
        return True
    if pat.is_dictionary(column.type):
        return word.decode("utf-8", "replace") not in column.values
    try:
        float(word)
    except ValueError:
        return True
    return False
