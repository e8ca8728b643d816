"""Nested columns as plain text: what pandas can group, sort, count and compare.

=================  ==========================  =====================================
Arrow              text                        for example
=================  ==========================  =====================================
list               items and commas            ALT ``G,T``; FILTER ``q10;s50``
list of lists      ``;`` between the lists     AD of two samples ``12,3;7,.``
map                ``key=value`` and ``;``     ``NS=3;DB``
genotype alleles   as VCF writes them          ``0|1``
other structs      JSON                        ``{"x": 3}``
=================  ==========================  =====================================

An item that is missing is ``.``; a missing list, map or struct is missing. What a text does
not tell any more (a comma in an item: one item, or two?) is recorded (`told`), so that no
writer guesses it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow.lists import is_list
from gidx.errors import WriteError

KEY = "nested_as_text"  # among gidx's metadata
_MISSING = pa.scalar(".", pa.string())
_FILTERS = ("filter", "FILTER")  # what VCF parts by semicolons


def nested_as_text(table: pa.Table) -> pa.Table:
    """The same table, nested columns as texts.

    >>> table = pa.table({"alt": [["G", "T"], None], "INFO/AF": [[0.5, None], []]})
    >>> nested_as_text(table).to_pylist()
    [{'alt': 'G,T', 'INFO/AF': '0.5,.'}, {'alt': None, 'INFO/AF': ''}]
    """
    for i, field in enumerate(table.schema):
        if not pat.is_nested(field.type):
            continue
        between = ";" if field.name in _FILTERS else ","
        chunks = [_text(chunk, between) for chunk in table.column(i).chunks]
        column = pa.chunked_array(chunks, pa.string())
        table = table.set_column(i, field.with_type(pa.string()), column)
    return table


def told(table: pa.Table) -> dict[str, list[str]]:
    """The names of nested columns: whose texts have all that they had, and whose have not.

    >>> told(pa.table({"Parent": [["p", "q"]], "Note": [["a, b"]]}))
    {'clear': ['Parent'], 'unclear': ['Note']}
    """
    found = zip(table.schema, table.columns, strict=True)  # by place: a name may be there twice
    columns = {f.name: column for f, column in found if pat.is_nested(f.type)}
    nested, unclear = list(columns), []
    for name, column in columns.items():
        marks = ";" if name in _FILTERS else ","
        if not all(_is_clear(chunk, marks) for chunk in column.chunks):
            unclear.append(name)
    return {"clear": [n for n in nested if n not in unclear], "unclear": unclear}


def _is_clear(array: pa.Array, marks: str) -> bool:
    """Whether no text in it has one of the marks, which part items, lists and pairs."""
    kind = array.type
    if pat.is_map(kind):  # whose lists are GFF's, and read again with its escapes
        inside = ",;%" if is_list(array.items.type) else ";"
        return _is_clear(array.keys, ",;=%") and _is_clear(array.items, inside)
    if is_list(kind):
        items = array.flatten()
        return _is_clear(items, ",;" if is_list(items.type) else marks)
    if not (pat.is_string(kind) or pat.is_large_string(kind)):
        return True
    return not pc.any(pc.match_substring_regex(array, f"[{marks}]")).as_py()


def refuse_unclear(schema: pa.Schema, about: Mapping[str, Any]) -> None:
    """Raise where the texts of lists that were read do not say any more what the items are."""
    recorded = about.get(KEY)
    for name in recorded.get("unclear", ()) if isinstance(recorded, Mapping) else ():
        if name in schema.names and not pat.is_nested(schema.field(name).type):
            raise WriteError(
                f"column {name!r} has the texts of lists (lists='text'), and items with a comma "
                "or semicolon, so it does not say which they are; read them as lists, which is "
                "the default, or drop the column",
                row=None,
            )


def _text(array: pa.Array, between: str) -> pa.Array:
    kind = array.type
    if pat.is_map(kind):
        return _map(array)
    if pat.is_struct(kind):
        return pa.array([_struct(value) for value in array.to_pylist()], pa.string())
    if pat.is_fixed_size_list(kind) or pat.is_large_list(kind):
        array = array.cast(pa.list_(kind.value_type))
    if pat.is_list(array.type):
        inner = array.type.value_type
        deep = is_list(inner)
        return _joined(array, _text(array.values, ","), ";" if deep else between)
    if pat.is_boolean(kind):
        array = array.cast(pa.uint8())
    return array.cast(pa.string())


def _joined(lists: pa.Array, texts: pa.Array, between: str) -> pa.Array:
    """The lists' texts, one a list."""
    made = pa.ListArray.from_arrays(lists.offsets, texts.fill_null(_MISSING))
    found = pc.binary_join(made, between)
    return pc.if_else(lists.is_valid(), found, pa.scalar(None, pa.string()))


def _map(array: pa.Array) -> pa.Array:
    keys, values = array.keys, array.items
    said = pc.binary_join_element_wise(keys, _text(values, ","), "=")
    return _joined(array, pc.coalesce(said, keys), ";")


def _struct(value: dict[str, object] | None) -> str | None:
    if value is None:
        return None
    alleles = value.get("alleles")
    if list(value) == ["alleles", "phased"] and isinstance(alleles, list):
        numbers = ["." if a is None else str(a) for a in alleles]
        return ("|" if value["phased"] else "/").join(numbers)
    return json.dumps(value, ensure_ascii=False)
