"""Any columns as rows of text, written: TSV and JSON lines.

Floats are the shortest decimals that read back to the same float, booleans are 1 and 0,
colors R,G,B, objects as AutoSQL has them, maps as VCF and GFF have them (``ODD=x;H2``,
``tag=a,b``, with GFF's escapes). What is missing is empty. A text with a tab or line break
cannot be written.

Lists: where the columns have an AutoSQL, a comma after each item (``1,2,``); else as VCF
and GFF have them (`nested_text`): ``G,T``, ``0.5,.``, a comma within an item ``%2C``, lists
of lists ``12,3;7,.``. An item that is missing is ``.``.

JSON: one object a line; numbers, lists and objects as such, what is missing and floats
that are no numbers (JSON has none) as null.

Columns are formatted whole, then put together row by row (kernels.encode, pyarrow):
2 M bed6 rows from bigBed to TSV in 0.4 s, to JSON in 1.7 s.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import autosql
from gidx.arrow import schema
from gidx.arrow.batches import is_text, plain
from gidx.arrow.encode import TextColumn, float_texts, numbers, texts_of
from gidx.arrow.lists import is_list
from gidx.arrow.nested import nested_as_text
from gidx.autosql import AutoSql, objects
from gidx.errors import WriteError
from gidx.kernels import encode as kernels
from gidx.kernels.encode import close_items, first_with

_NULL = "null"
_NEEDS_ESCAPE = r'[\x00-\x1f"\\]'


@dataclass(frozen=True)
class RowText:
    """How batches of a schema become rows of text."""

    schema: pa.Schema

    @cached_property
    def _ends_with_comma(self) -> bool:
        """Whether lists are UCSC's, of BED and bigBed."""
        return "autosql" in schema.read_metadata(self.schema)

    @property
    def header(self) -> bytes:
        """The line of names."""
        return ("\t".join(self.schema.names) + "\n").encode()

    def rows(self, batch: pa.RecordBatch) -> npt.NDArray[np.uint8]:
        """The rows, a line break behind each."""
        columns = [
            self._texts(array, field)
            for array, field in zip(batch.columns, self.schema, strict=True)
        ]
        lengths = np.full(batch.num_rows, len(columns), np.int64)
        for texts in columns:
            kernels.add_lengths(texts.offsets, lengths)
        bounds = np.zeros(batch.num_rows + 1, np.int64)
        np.cumsum(lengths, out=bounds[1:])
        out = np.empty(int(bounds[-1]), np.uint8)
        cursor = bounds[:-1].copy()
        for texts in columns:
            kernels.put_texts(texts.offsets, texts.data, True, cursor, out)
        out[bounds[1:] - 1] = ord("\n")
        return out

    @cached_property
    def without_nested(self) -> pa.Schema:
        """The schema of a `batch`."""
        fields = [f.with_type(pa.string()) if pat.is_nested(f.type) else f for f in self.schema]
        return pa.schema(fields, self.schema.metadata)

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, whose nested columns are the texts that they are in a row."""
        arrays = [
            pc.if_else(array.is_valid(), _as_arrow(self._texts(array, field)), None).cast(
                pa.string()
            )
            if pat.is_nested(field.type)
            else array
            for array, field in zip(batch.columns, self.schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.without_nested)

    def _texts(self, array: pa.Array, field: pa.Field) -> TextColumn:
        array = plain(array, top=False)
        if array.null_count and len(array):
            if not is_text(array.type):
                array = _as_arrow(self._written(array.drop_null(), field)).take(_ranks(array))
            return _checked(texts_of(array.fill_null("")), field.name)
        return self._written(array, field)

    def _written(self, array: pa.Array, field: pa.Field) -> TextColumn:
        """Texts of a column in which nothing is missing."""
        kind = array.type
        if _is_color(field):
            return texts_of(_colors(array))
        if (pat.is_integer(kind) and not pat.is_uint64(kind)) or pat.is_boolean(kind):
            return numbers(array.cast(pa.int64()).to_numpy(zero_copy_only=False))
        if pat.is_map(kind):
            return _checked(texts_of(_pairs(array)), field.name)
        if _is_nested(kind):
            return self._nested(array, field)
        if pat.is_floating(kind):
            return texts_of(float_texts(array))
        try:
            texts = array if is_text(kind) else array.cast(pa.string())
        except pa.ArrowException:  # no type of a genomic file
            texts = pa.array(map(str, array.to_pylist()), pa.string())
        return _checked(texts_of(texts), field.name)

    def _nested(self, array: pa.Array, field: pa.Field) -> TextColumn:
        kind = array.type
        if not self._ends_with_comma:
            return _checked(texts_of(_as_vcf(array, field)), field.name)
        if pat.is_struct(kind) or pat.is_struct(kind.value_type):
            return _checked(_objects(array, field, self.schema), field.name)
        return _lists(array, field.name)


def _is_nested(kind: pa.DataType) -> bool:
    return is_list(kind) or bool(pat.is_struct(kind))


def _as_vcf(array: pa.Array, field: pa.Field) -> pa.Array:
    """Lists and genotypes as VCF and GFF write them."""
    if is_list(array.type) and is_text(array.type.value_type):
        items = pc.replace_substring(array.flatten(), ",", "%2C")
        bounds = np.zeros(len(array) + 1, np.int64)
        lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
        np.cumsum(lengths, out=bounds[1:])
        array = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), items.cast(pa.string()))
    made = nested_as_text(pa.Table.from_arrays([array], names=[field.name]))
    return pa.concat_arrays([chunk.fill_null("") for chunk in made.column(0).chunks])


def _pairs(array: pa.Array) -> pa.Array:
    """Maps as VCF and GFF write them: ``ODD=x;H2``, ``tag=a,b``.

    Where values are lists, as GFF's are, what parts them is escaped as GFF does.
    """
    keys, values = array.keys, array.items
    if is_text(keys.type) and is_text(values.type):
        return _as_vcf(array, pa.field("", array.type))
    if not (pat.is_list(values.type) and is_text(values.type.value_type)):
        return _json(array)  # texts of samples, which may have any of these letters
    items = pa.ListArray.from_arrays(values.offsets, _escaped(values.values))
    made = pa.MapArray.from_arrays(array.offsets, _escaped(keys), items)
    made = pc.if_else(array.is_valid(), made, None) if array.null_count else made
    return _as_vcf(made, pa.field("", made.type))


def _escaped(texts: pa.Array) -> pa.Array:
    for letter in "%;=,&\t\n\r":
        if pc.any(pc.match_substring(texts, letter)).as_py():
            texts = pc.replace_substring(texts, letter, f"%{ord(letter):02X}")
    return texts.cast(pa.string())


def _is_color(field: pa.Field) -> bool:
    """Whether a column is BED's itemRgb, which is declared ``uint reserved``."""
    return pat.is_unsigned_integer(field.type) and field.name in ("reserved", "itemRgb")


def _colors(array: pa.Array) -> pa.Array:
    """0xRRGGBB as R,G,B; 0, which most rows have, as it is, and so what is no color."""
    values = array.cast(pa.uint32())
    parts = [
        pc.bit_wise_and(
            pc.shift_right(values, pa.scalar(n, pa.uint32())), pa.scalar(255, pa.uint32())
        )
        for n in (16, 8, 0)
    ]
    joined = pc.binary_join_element_wise(*(p.cast(pa.string()) for p in parts), ",")
    is_color = pc.and_(pc.greater(values, 0), pc.less(values, 2**24))
    return pc.if_else(is_color, joined, values.cast(pa.string()))


def _ranks(array: pa.Array) -> pa.Array:
    """For each value its place among those that are there; missing for the others."""
    there = array.is_valid().to_numpy(zero_copy_only=False)
    return pa.array(np.cumsum(there) - 1, mask=~there)


def _as_arrow(texts: TextColumn) -> pa.Array:
    buffers = [None, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)]
    return pa.Array.from_buffers(pa.large_string(), len(texts), buffers)


def _lists(array: pa.Array, name: str) -> TextColumn:
    items = array.flatten()
    lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
    bounds = np.zeros(len(array) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    if not items.null_count and pat.is_integer(items.type) and not pat.is_uint64(items.type):
        closed = numbers(items.cast(pa.int64()).to_numpy(zero_copy_only=False), comma=True)
        return TextColumn(closed.offsets[bounds], closed.data)
    if is_list(items.type):
        return texts_of(_json(array))
    items = plain(items, top=False)
    items = float_texts(items) if pat.is_floating(items.type) else items.cast(pa.string())
    texts = texts_of(items.fill_null("."))
    _check(texts, name, comma=True)
    offsets, data = close_items(texts.offsets, texts.data)
    return TextColumn(offsets[bounds], data)


def _objects(array: pa.Array, field: pa.Field, whole: pa.Schema) -> TextColumn:
    """Objects as their AutoSQL has it, structs of other origin as JSON."""
    write: Callable[[Any], str] = json.dumps
    about = schema.read_metadata(whole)
    if isinstance(about.get("autosql"), str):
        declared = autosql.parse(about["autosql"])
        found = next((f for f in declared.fields if f.name == field.name and f.of), None)
        if found is not None:
            write = _object_writer(declared, found)
    return texts_of(pa.array(map(write, array.to_pylist()), pa.string()))


def _object_writer(declared: AutoSql, field: autosql.Field) -> Callable[[Any], str]:
    return lambda value: objects.format_value(declared, field, value)


def _checked(texts: TextColumn, name: str) -> TextColumn:
    _check(texts, name, comma=False)
    return texts


def _check(texts: TextColumn, name: str, *, comma: bool) -> None:
    row = first_with(texts.offsets, texts.data, comma)
    if row >= 0:
        what = "comma, tab" if comma else "tab"
        raise WriteError(
            f"column {name}: found {texts[row]!r}, which has a {what}, line break or NUL, "
            "so it cannot stand in a row of text; write JSON, Parquet or Arrow, or replace it",
            row=None,
        )


# ── JSON lines ──────────────────────────────────────────────────────────────────────────────────


def json_lines(batch: pa.RecordBatch) -> pa.Buffer:
    """The rows as JSON objects, a line break behind each."""
    if batch.num_columns == 0:
        return pa.py_buffer(b"{}\n" * batch.num_rows)
    parts: list[Any] = []
    for i, name in enumerate(batch.schema.names):
        parts.append(("{" if i == 0 else ",") + json.dumps(name, ensure_ascii=False) + ":")
        parts.append(_json(plain(batch.column(i), top=False)))
    parts.append("}\n")
    wide = [p if isinstance(p, pa.Array) else pa.scalar(p, pa.large_string()) for p in parts]
    lines = pc.binary_join_element_wise(*wide, pa.scalar("", pa.large_string()))
    if len(lines) == 0:
        return pa.py_buffer(b"")
    texts = texts_of(lines)
    return pa.py_buffer(texts.data[texts.offsets[0] : texts.offsets[-1]])


def _json(array: pa.Array) -> pa.Array:
    """A column's values as JSON texts (large_string)."""
    kind = array.type
    wide = pa.large_string()
    if pat.is_boolean(kind) or pat.is_integer(kind):
        texts = array.cast(wide)
    elif pat.is_floating(kind):
        texts = pc.if_else(pc.is_finite(array), array.cast(wide), pa.scalar(None, wide))
    elif is_text(kind):
        texts = _quoted(array.cast(wide))
    elif is_list(kind):
        texts = _json_lists(array)
    elif pat.is_null(kind):
        texts = array.cast(wide)
    elif pat.is_map(kind):  # INFO keys and attributes that are no columns: mostly none
        values = (None if v is None else _dumps(dict(v)) for v in array.to_pylist())
        texts = pa.array(values, wide)
    else:  # objects, times, decimals …: what few files have
        values = (None if v is None else _dumps(v) for v in array.to_pylist())
        texts = pa.array(values, wide)
    return texts.fill_null(_NULL)


def _json_lists(array: pa.Array) -> pa.Array:
    items = _json(plain(array.flatten(), top=False))
    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    bounds = np.zeros(len(array) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    lists = pa.LargeListArray.from_arrays(pa.array(bounds), items)
    comma, left, right, none = (pa.scalar(t, pa.large_string()) for t in (",", "[", "]", ""))
    joined = pc.binary_join_element_wise(left, pc.binary_join(lists, comma), right, none)
    return pc.if_else(array.is_valid(), joined, pa.scalar(None, pa.large_string()))


def _quoted(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(texts, _NEEDS_ESCAPE)).as_py():
        values = (None if v is None else _dumps(v) for v in texts.to_pylist())
        return pa.array(values, pa.large_string())
    quote, none = pa.scalar('"', pa.large_string()), pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(quote, texts, quote, none)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
