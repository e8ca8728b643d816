"""Canonical columns: what every gidx table begins with, and its metadata.

``chrom`` (dictionary, file order), ``start``, ``end`` (int64), 0-based half-open,
whatever the file. Native names (``names="native"``) are the file's own, with
declared widths.

The metadata key ``gidx`` holds one JSON object: ``version`` 1, ``format``,
``coordinates``, ``chromsizes``, and what the format needs to be written again (for
bigBed ``autosql``, ``defined_fields``). It is a text so that pandas, which copies
``attrs`` deeply with every step, copies a pointer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa

from gidx.errors import ColumnError, hint

KEY = "gidx"
CHROM = pa.dictionary(pa.int32(), pa.string())
POSITION = pa.int64()  # a difference of two must not wrap
HEAD = ("chrom", "start", "end")

Names = Literal["canonical", "native"]


def metadata(**entries: Any) -> dict[bytes, bytes]:
    """Schema metadata with gidx's own key."""
    body = {"version": 1, **{k: v for k, v in entries.items() if v is not None}}
    return {KEY.encode(): json.dumps(body, ensure_ascii=False).encode()}


def read_metadata(found: Any) -> dict[str, Any]:
    """gidx's metadata out of a schema, ``DataFrame.attrs`` or text; {} where there is none."""
    if isinstance(found, pa.Schema):
        found = (found.metadata or {}).get(KEY.encode())
    elif isinstance(found, Mapping):
        found = found.get(KEY)
    if not found:
        return {}
    try:
        body = json.loads(found)
    except (TypeError, ValueError):
        return {}
    return body if isinstance(body, dict) and body.get("version") == 1 else {}


def unique(names: Iterable[str], taken: Sequence[str] = HEAD) -> list[str]:
    """Names without a clash with the canonical ones: ``end`` becomes ``end_2``.

    >>> unique(["name", "end", "end_2"])
    ['name', 'end_3', 'end_2']
    """
    names = list(names)
    known = {*taken, *names}
    used = set(taken)
    out = []
    for name in names:
        fresh, n = name, 2
        while fresh in used or (fresh != name and fresh in known):
            fresh, n = f"{name}_{n}", n + 1
        used.add(fresh)
        out.append(fresh)
    return out


def project(schema: pa.Schema, columns: Sequence[str] | str | None) -> list[int]:
    """Positions of the columns asked for, in the order asked; all for None."""
    if columns is None:
        return list(range(len(schema)))
    if isinstance(columns, str):
        raise TypeError(f"columns is the text {columns!r}; expected a list of names")
    positions = []
    for name in columns:
        if name not in schema.names:
            known = ", ".join(schema.names)
            raise ColumnError(f"no column {name!r}{hint(name, schema.names)}; there are {known}")
        positions.append(schema.names.index(name))
    return positions


def batch(arrays: Sequence[pa.Array], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    """A RecordBatch; one without columns still has its rows."""
    if arrays:
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    none = pa.StructArray.from_buffers(pa.struct([]), rows, [None])
    return pa.RecordBatch.from_struct_array(none).replace_schema_metadata(schema.metadata)


def without_rows(schema: pa.Schema, chroms: Sequence[str]) -> pa.Table:
    """A table of no rows whose column ``chrom`` knows the chroms.

    >>> without_rows(pa.schema([("chrom", CHROM)]), ["chr1"])["chrom"].chunk(0).dictionary[0]
    <pyarrow.StringScalar: 'chr1'>
    """
    table = schema.empty_table()
    at = schema.get_field_index("chrom")
    if at >= 0 and schema.field(at).type == CHROM:
        none = pa.DictionaryArray.from_arrays(
            pa.array([], pa.int32()), pa.array(chroms, pa.string())
        )
        table = table.set_column(at, schema.field(at), none)
    return table
