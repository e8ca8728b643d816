"""Many columns in one call: what the kernel of columns does for each group of rows.

A `Plan` is compiled once, from columns (`gidx.arrow.decode.Column`) and places, and then makes
the arrays of group after group. 17 columns of a dozen rows take 25 us where one by one they
took 140. A column in which some value is not of its type, or takes a full parser, is none of
the kernel's: it is not made, and `gidx.arrow.decode` makes it, and says what is wrong.

A `BatchLayout` puts what plans made, and what was made otherwise, into one batch. One of few rows
pyarrow imports as a whole: 17 columns in 6 us, where 17 arrays and a batch of them take 12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.decode import Bytes, Column, Items, Problem, decode_items, integer_limits
from gidx.arrow.schema import CHROM, POSITION
from gidx.ground.tuning import tuning
from gidx.kernels import columns as kernels
from gidx.kernels.columns import Arrays, Words

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
_import_batch = pa.RecordBatch._import_from_c

Ints = npt.NDArray[np.int32]
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
        made = kernels.Plan(steps.view(np.uint8), bytes(texts), words)
        # Columns of rows, from the bounds of their fields, and their chroms, starts and ends
        self.of_rows = made.of_rows
        # Columns of texts that were found: their begins, nexts, and which are there
        self.of_items = made.of_items
        # Columns of lists: their offsets, column by column, and their items' begins and nexts
        self.of_groups = made.of_groups
        self.none = np.zeros(len(columns), np.uint8)  # none to skip

    @property
    def types(self) -> list[pa.DataType]:
        """The types of its columns; null for what is not made."""
        return self._types

    def imported(self, made: Arrays) -> list[pa.Array | None]:
        """What it made as arrays, for who builds on them."""
        return [
            _import(made.address(k), kind) if made.is_made(k) else None
            for k, kind in enumerate(self._types)
        ]


class BatchLayout:
    """Where the columns of a batch come from: for each, which part, and which array of it.

    Part -1 is none: such columns are made otherwise each time. ``plans`` are those of the
    first parts: what a schema says is what is imported, so their types are compared, once.
    """

    def __init__(
        self,
        places: Sequence[tuple[int, int]],
        schema: pa.Schema,
        plans: Sequence[Plan] = (),
    ) -> None:
        self.schema = schema
        self._places = np.array(places, np.int64).reshape(-1, 2)
        for (part, k), field in zip(places, schema, strict=True):
            if 0 <= part < len(plans) and plans[part].types[k] not in (field.type, pa.null()):
                raise TypeError(f"{field.name} is {plans[part].types[k]}, expected {field.type}")

    def batch(
        self, parts: Sequence[Arrays], rows: int, others: Mapping[int, pa.Array] | None = None
    ) -> pa.RecordBatch:
        """Rows of what was made; ``others`` are columns, by number, that were made otherwise."""
        if rows > tuning.batch_whole and len(self._places):
            return self._of_arrays(parts, others or {})
        places = self._places
        if others:
            extra, places = Arrays(len(others)), places.copy()
            for k, (i, array) in enumerate(others.items()):
                kind = self.schema.field(i).type
                if array.type != kind:
                    raise TypeError(f"column {i} is {array.type}, expected {kind}")
                array._export_to_c(extra.address(k))
                places[i] = len(parts), k
            parts = [*parts, extra]
        made = kernels.batch(parts, places, rows)
        return _import_batch(made.address(0), self.schema)

    def _of_arrays(self, parts: Sequence[Arrays], others: Mapping[int, pa.Array]) -> pa.RecordBatch:
        """The same, each column in memory of its own."""
        arrays = [
            others[i] if i in others else _import(parts[part].address(k), self.schema.field(i).type)
            for i, (part, k) in enumerate(self._places.tolist())
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


class FieldColumns:
    """Columns of which each is of one field, or of a row's place, made of group after group."""

    def __init__(self, columns: Sequence[Column | Place], schema: pa.Schema) -> None:
        self._columns = list(columns)
        self._plan = Plan(columns)
        self._layout = BatchLayout([(0, i) for i in range(len(columns))], schema)
        kinds = zip(self._plan.types, schema.types, strict=True)
        self._other = [i for i, (made, wanted) in enumerate(kinds) if made != wanted]
        own = [c for c in columns if isinstance(c, Column)]
        counts = [c.counted_by for c in own if c.counted_by is not None]
        self.want = max((f + 1 for f in [*(c.field for c in own), *counts]), default=0)

    def decode(
        self, text: Bytes, fields: npt.NDArray[np.int32], places: Places, chroms: Words
    ) -> tuple[pa.RecordBatch, list[Problem]]:
        """Rows as `Plan.of_rows` takes them, and what was not of its type."""
        made = self._plan.of_rows(text, fields, *places, chroms)
        others: dict[int, pa.Array] = {}
        problems = []
        for i in self._other:  # positions of another width than the plan's
            array = _import(made.address(i), self._plan.types[i])
            others[i] = array.cast(self._layout.schema.field(i).type)
        for i in made.odd():
            if i in others:
                continue
            column = cast(Column, self._columns[i])
            items = Items(text, fields[column.field], fields[column.field + 1])
            others[i], problem = decode_items(items, column, fields)
            if problem is not None:
                problems.append(problem)
        return self._layout.batch([made], len(places[0]), others), problems


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
