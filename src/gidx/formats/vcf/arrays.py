"""Arrow arrays of VCF's values: flags, genotypes, maps; without escapes, and what BCF reserves."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.decode import Column, Items, Problem, bitmap, decode_items
from gidx.arrow.lists import without_hidden
from gidx.formats.vcf.columns import GENOTYPE, LEAST_INTEGER, TEXT, Spec, both_problems, shown_text
from gidx.kernels import vcf as kernels

PERCENT, EQUAL = b"%", ord("=")

Ok = npt.NDArray[np.uint8] | None  # which values are of their type; None: all


def leaf_of(array: pa.Array) -> pa.Array:
    """A list's items; anything else as it is."""
    nested = pat.is_list(array.type) or pat.is_fixed_size_list(array.type)
    return array.values if nested else array


def _with_leaf(array: pa.Array, leaf: pa.Array) -> pa.Array:
    """The same lists of other items."""
    if leaf_of(array) is array:
        return leaf
    own = array.buffers()[: 2 if pat.is_list(array.type) else 1]
    return pa.Array.from_buffers(
        array.type, len(array), own, null_count=array.null_count, children=[leaf]
    )


def unfixed_type(kind: pa.DataType) -> pa.DataType:
    """The type that `unfixed` gives."""
    return pa.list_(kind.value_type) if pat.is_fixed_size_list(kind) else kind


def unfixed(array: pa.Array) -> pa.Array:
    """Lists of a fixed size (Number=2) as lists, to stand in those over the samples.

    Arrow (17 to 26) takes wrong rows from a slice of lists of a fixed size in lists of a
    fixed size, or crashes, when it filters them: ``df.iloc[5:9][mask]`` is enough.
    """
    kind = unfixed_type(array.type)
    if kind == array.type:
        return array
    offsets = np.arange(len(array) + 1, dtype=np.int32) * array.type.list_size
    buffers = [array.buffers()[0], pa.py_buffer(offsets)]
    return without_hidden(
        pa.Array.from_buffers(
            kind, len(array), buffers, null_count=array.null_count, children=[array.values]
        )
    )


def _row_of(array: pa.Array, item: int) -> int:
    """The row that an item of its lists is in."""
    if pat.is_fixed_size_list(array.type):
        return int(item // array.type.list_size)
    if pat.is_list(array.type):
        return int(np.searchsorted(array.offsets.to_numpy(), item, side="right")) - 1
    return item


def without_reserved(
    array: pa.Array, leaf: pa.Array, items: Items, column: Column, ok: Ok, problem: Problem | None
) -> tuple[pa.Array, Ok, Problem | None]:
    """Without values that are, or have, the integers that BCF keeps for itself."""
    if len(leaf) == 0:
        return array, ok, problem
    values = np.frombuffer(leaf.buffers()[1], np.int32)[: len(leaf)]
    if values.min() >= LEAST_INTEGER:
        return array, ok, problem
    bad = (values < LEAST_INTEGER) & np.asarray(leaf.is_valid())
    rows = np.unique([_row_of(array, int(i)) for i in np.flatnonzero(bad)])
    rows = rows[np.asarray(array.is_valid())[rows]]
    if len(rows) == 0:
        return array, ok, problem
    valid = np.array(array.is_valid())
    valid[rows] = False
    nested = leaf_of(array) is not array
    own = array.buffers()[1 : 2 if pat.is_list(array.type) or not nested else 1]
    children = [leaf] if nested else []
    array = pa.Array.from_buffers(array.type, len(array), [bitmap(valid), *own], children=children)
    if pat.is_list(array.type):
        array = without_hidden(array)
    ok = np.ones(len(array), np.uint8) if ok is None else ok
    ok[rows] = 0
    row = int(rows[0])
    own_problem = Problem(column.name, column.declared, len(rows), row, shown_text(items[row]))
    return array, ok, both_problems(problem, own_problem)


def unescaped(array: pa.Array, leaf: pa.Array) -> pa.Array:
    """Strings with their percent escapes decoded."""
    validity, offsets, data = leaf.buffers()
    if data is None or PERCENT not in memoryview(data).cast("B").tobytes():
        return array
    old = np.frombuffer(offsets, np.int32)[: len(leaf) + 1]
    text = np.frombuffer(data, np.uint8)
    bounds, fresh = kernels.unescape(old, text)
    buffers = [validity, pa.py_buffer(bounds), pa.py_buffer(fresh)]
    return _with_leaf(array, pa.Array.from_buffers(leaf.type, len(leaf), buffers))


def without_empty(items: Items) -> tuple[Items, npt.NDArray[np.bool_] | None]:
    """Items without those that are an empty text, and which these are; None: none."""
    empty = items.nexts - items.begins == 1
    if items.there is not None:
        empty &= items.there == 1
    if not empty.any():
        return items, None
    there = (~empty if items.there is None else (items.there == 1) & ~empty).astype(np.uint8)
    return Items(items.text, items.begins, items.nexts, there), empty


def flags_of(
    items: Items, there: npt.NDArray[np.uint8], spec: Spec
) -> tuple[pa.Array, Ok, Problem | None]:
    """Flags, True where their key is there; which of them have no value, or are not there."""
    bits = bitmap(there)
    at = np.flatnonzero(there)
    valued = at[items.text[items.begins[at] - 1] == EQUAL]
    if len(valued) == 0:
        return pa.Array.from_buffers(pa.bool_(), len(there), [None, bits]), None, None
    ok = np.ones(len(there), np.uint8)
    ok[valued] = 0
    row = int(valued[0])
    is_true = spec.takes_values
    problem = Problem(
        spec.column.name, "Flag" if is_true else "Number=0", len(valued), row,
        shown_text(items[row]), read_as="True" if is_true else "missing",
    )  # fmt: skip
    validity = None if is_true else bitmap(ok)
    return pa.Array.from_buffers(pa.bool_(), len(there), [validity, bits]), ok, problem


def genotypes_of(items: Items, spec: Spec) -> tuple[pa.Array, Ok, Problem | None]:
    """Structs of alleles and whether they are phased."""
    offsets, alleles, called, phased, state, n_bad, n_missing = kernels.genotypes(
        items.text, items.begins, items.nexts, cast(Any, items.there)
    )
    n = len(items)
    calls = pa.Array.from_buffers(
        pa.int8(), len(alleles),
        [None if called.all() else bitmap(called), pa.py_buffer(alleles)],
    )  # fmt: skip
    lists = pa.Array.from_buffers(
        GENOTYPE.field("alleles").type, n, [None, pa.py_buffer(offsets)], children=[calls]
    )
    bars = pa.Array.from_buffers(pa.bool_(), n, [None, bitmap(phased)])
    valid = bitmap(state == 1) if n_bad + n_missing else None
    array = pa.Array.from_buffers(
        GENOTYPE, n, [valid], null_count=n_bad + n_missing, children=[lists, bars]
    )
    if not n_bad:
        return array, None, None
    ok = (state != 0).astype(np.uint8)
    row = int(np.flatnonzero(state == 0)[0])
    text = shown_text(items[row])
    return array, ok, Problem(spec.column.name, "a genotype of alleles to 127", n_bad, row, text)


def keys_of(items: Items) -> pa.Array:
    """Keys as they stand; bytes that are no UTF-8 are shown, since a key cannot be null."""
    keys, _ = decode_items(items, Column("", TEXT, 0, ""))
    if keys.null_count == 0:
        return keys
    return pa.array([shown_text(items[i]) for i in range(len(items))], TEXT)


def map_of(
    kind: pa.MapType, offsets: npt.NDArray[np.int32], keys: pa.Array, values: pa.Array
) -> pa.Array:
    """A map of each row's entries; null where it has none."""
    entries = pa.StructArray.from_arrays([keys, values], fields=[kind.key_field, kind.item_field])
    valid = bitmap(np.diff(offsets) > 0)
    return pa.Array.from_buffers(
        kind, len(offsets) - 1, [valid, pa.py_buffer(offsets)], children=[entries]
    )
