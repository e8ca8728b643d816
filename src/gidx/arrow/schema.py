"""Canonical columns: what every gidx table begins with, and its metadata.

``chrom`` (dictionary, file order), ``start``, ``end`` (int64), 0-based half-open,
whatever the file. Native names (``names="native"``) are the file's own, with
declared widths.

The metadata key ``gidx`` holds one JSON object: ``version`` 1, ``format``,
``coordinates``, ``chromsizes``, ``chroms`` where some have no size, and what the format needs
to be written again (for bigBed ``autosql``, ``defined_fields``). It is a text so that pandas,
which copies ``attrs`` deeply with every step, copies a pointer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.errors import ColumnError, hint

KEY = "gidx"
CHROM = pa.dictionary(pa.int32(), pa.string())
POSITION = pa.int64()  # a difference of two must not wrap
HEAD = ("chrom", "start", "end")


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


def sized(chroms: Mapping[str, int | None]) -> dict[str, Any]:
    """The entries of chroms that a header declares, some of them without a size."""
    sizes = {name: size for name, size in chroms.items() if size is not None}
    names = list(chroms) if len(sizes) < len(chroms) else None
    return {"chromsizes": sizes or None, "chroms": names}


def declared_chroms(about: Mapping[str, Any]) -> dict[str, int | None]:
    """Chroms that the metadata tells of, in their order, and the sizes of those that have one.

    >>> declared_chroms(sized({"chr1": None, "chr2": 80}))
    {'chr1': None, 'chr2': 80}
    """
    sizes = about.get("chromsizes") or {}
    return {name: sizes.get(name) for name in (*(about.get("chroms") or ()), *sizes)}


# where formats keep the text of a file before its rows
_HEADERS = ("vcf_header", "gff_header", "sam_header", "header", "autosql")
IMPLIED = "autosql_implied"  # an entry: the AutoSQL stands in no file


def header_of(about: Mapping[str, Any]) -> str:
    """The header, or declaration, of the file that gidx's metadata is about; empty without one."""
    keys = _HEADERS[:-1] if about.get(IMPLIED) else _HEADERS
    return str(next((about[key] for key in keys if about.get(key)), ""))


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


def types_of(given: Any) -> dict[str, pa.DataType]:
    """The types that a user gives columns: Arrow's, or their names.

    >>> types_of({"score": "float64", "id": pa.string()})
    {'score': DataType(double), 'id': DataType(string)}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(
            f"types is {type(given).__name__}, expected a dict such as {{'score': pa.float64()}}"
        )
    return {name: _type_of(name, kind) for name, kind in given.items()}


def _type_of(name: str, given: Any) -> pa.DataType:
    kind = given
    if isinstance(given, str):
        try:
            kind = pa.type_for_alias(given)
        except ValueError:
            raise ValueError(
                f"types: {name!r} is {given!r}, which is no Arrow type; expected one such as "
                "'int64', 'float64', 'string', or pa.float64()"
            ) from None
    if not isinstance(kind, pa.DataType):
        raise TypeError(f"types: {name!r} is {given!r}, expected a type such as pa.float64()")
    return kind


def of_columns(given: Any, names: Mapping[str, int], path: str = "") -> dict[int, pa.DataType]:
    """`types_of` by the places of their columns, which have to be there.

    A column may have several names: its canonical one, and behind these the file's own.
    """
    found = {}
    for name, kind in types_of(given).items():
        if name not in names:
            there = f"{path}: " if path else ""
            known = ", ".join(_first_names(names))
            raise ColumnError(
                f"{there}types: no column {name!r}{hint(name, names)}; there are {known}"
            )
        found[names[name]] = kind
    return found


def _first_names(places: Mapping[str, int]) -> list[str]:
    first = {place: name for name, place in reversed(list(places.items()))}
    return [first[place] for place in sorted(first)]


def check_scalar(name: str, kind: pa.DataType) -> None:
    """Raise TypeError for a type that the text of one field is not read as."""
    known = (pat.is_integer, pat.is_floating, pat.is_string)
    if not any(test(kind) for test in known) or pat.is_float16(kind):
        raise TypeError(
            f"types: column {name!r} cannot be {kind}; expected an integer, float32, float64 or "
            "string (cast it after reading)"
        )


def codes_of(column: pa.DictionaryArray) -> npt.NDArray[Any]:
    """Numbers of a dictionary's values, -1 where one is missing; polars' are unsigned.

    >>> kind = pa.dictionary(pa.uint8(), pa.string())
    >>> codes_of(pa.array(["a", None]).dictionary_encode().cast(kind))
    array([ 0, -1])
    """
    indices = column.indices
    if pat.is_unsigned_integer(indices.type):
        indices = indices.cast(pa.int64())
    if indices.null_count:
        indices = indices.fill_null(-1)
    found: npt.NDArray[Any] = indices.to_numpy(zero_copy_only=False)
    return found


def project(schema: pa.Schema, columns: Sequence[str] | str | None) -> list[int]:
    """Positions of the columns asked for, in the order asked; all for None."""
    if columns is None:
        return list(range(len(schema)))
    if isinstance(columns, str):
        raise TypeError(f"columns is the text {columns!r}; expected a list of names")
    if not isinstance(columns, Iterable):
        raise TypeError(f"columns is {columns!r}; expected a list of names")
    positions = []
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"columns has {name!r}; expected names of columns")
        if name not in schema.names:
            raise ColumnError(no_column(name, schema.names))
        positions.append(schema.names.index(name))
    return positions


_NATIVE = {"CHROM": "chrom", "POS": "start", "seqid": "chrom", "seqname": "chrom",
           "chromStart": "start", "chromEnd": "end"}  # fmt: skip
SHOWN = 20  # names of a VCF with thousands of annotations are no help


def no_column(name: str, names: Sequence[str]) -> str:
    """What to say of a column that is not there: what it may be called here, and what there is.

    >>> no_column("AF", ["chrom", "INFO/AF"])
    "no column 'AF'; did you mean 'INFO/AF'?; there are chrom, INFO/AF"
    """
    called = [f"INFO/{name}", f"FORMAT/{name}", _NATIVE.get(name, ""), name.lower()]
    meant = [repr(n) for n in dict.fromkeys(called) if n in names]
    way = f"; did you mean {' or '.join(meant)}?" if meant else hint(name, names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"no column {str(name)!r}{way}; there are {', '.join(names[:SHOWN])}{more}"


def batch(arrays: Sequence[pa.Array], schema: pa.Schema, rows: int) -> pa.RecordBatch:
    """A RecordBatch; one without columns still has its rows."""
    if arrays:
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
    none = pa.StructArray.from_buffers(pa.struct([]), rows, [None])
    return pa.RecordBatch.from_struct_array(none).replace_schema_metadata(schema.metadata)


def without_rows(schema: pa.Schema, chroms: Sequence[str] | pa.StringArray) -> pa.Table:
    """A table of no rows whose column ``chrom`` knows the chroms.

    >>> without_rows(pa.schema([("chrom", CHROM)]), ["chr1"])["chrom"].chunk(0).dictionary[0]
    <pyarrow.StringScalar: 'chr1'>
    """
    table = schema.empty_table()
    at = schema.get_field_index("chrom")
    if at >= 0 and schema.field(at).type == CHROM:
        words = chroms if isinstance(chroms, pa.Array) else pa.array(chroms, pa.string())
        none = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), words)
        table = table.set_column(at, schema.field(at), none)
    return table
