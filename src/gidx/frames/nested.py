"""What nested columns make awkward: blocks as rows, genotypes as a matrix.

`explode` gives every block of BED12 and its kin (``blockSizes``, ``chromStarts``) a row of
its own; `genotypes` counts alternate alleles. Both work on the memory of the lists, chunk
by chunk, without a Python object for a row.

Left out: genePred's exonStarts and exonEnds, which are positions and not relative.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import autosql as sql
from gidx.arrow import schema
from gidx.arrow.batches import is_text, plain
from gidx.arrow.encode import texts_of
from gidx.arrow.lists import is_list
from gidx.declared.declare import match
from gidx.errors import AutoSqlError, ColumnError, ValueTypeError, hint
from gidx.frames.backend import backend_of, integers_like, to_frame
from gidx.frames.positions import Ints, as_arrow, integers
from gidx.ground.conventions import Roles
from gidx.kernels import genotypes as kernels

if TYPE_CHECKING:
    Series = pd.Series[Any]

Counts = npt.NDArray[np.int8]

# Rows whose genotypes are counted at a time: their offsets are widened to int64, which
# for 1 M × 100 genotypes at once would be 800 MB.
_ROWS = 65536
_BED6 = 6  # fields that a block shares with its row; those behind are about all blocks


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────


def explode(
    frame: pd.DataFrame,
    roles: Roles,
    sizes: str = "blockSizes",
    starts: str = "chromStarts",
    along: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per block, in genome coordinates. `DataFrame.gidx.explode` says more."""
    if isinstance(along, str):
        raise TypeError(f"along is the text {along!r}; expected a list of names")
    if roles.end is None:
        raise ColumnError(f"rows have no column of ends ({roles}), so they have no blocks")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnError(f"two columns are named {twice!r}; rename or drop one")
    named = list(dict.fromkeys([sizes, starts, *along]))
    names = list(dict.fromkeys([*named, *_counted_alike(frame, named)]))
    items = {name: _items(_column(frame, name), number=name in (sizes, starts)) for name in names}
    lengths = items[sizes][1]
    for name in names:
        _check_same(sizes, lengths, name, items[name][1])
    rows = np.repeat(np.arange(len(frame)), lengths)
    size, relative = (_block_integers(name, items[name][0], rows) for name in (sizes, starts))
    negative = np.flatnonzero(size < 0)
    if len(negative):
        i = int(negative[0])
        raise ColumnError(f"column {sizes!r}, row {rows[i]}: {size[i]} is no size")
    begin, missing = integers(frame[roles.start])
    mask = np.zeros(len(rows), np.bool_) if missing is None else missing[rows]
    first = begin[rows] + relative
    fresh: dict[str, Any] = {
        roles.start: integers_like(first, mask, frame[roles.start]),
        roles.end: integers_like(first - roles.shift + size, mask, frame[roles.end]),
        **{name: _as_dtype_of(frame[name], items[name][0]) for name in names},
    }
    counts = _counts(frame, names)
    found = frame.drop(columns=[*fresh, *counts]).take(rows)
    for name, values in fresh.items():
        found[name] = values
    found = found[[c for c in frame.columns if c not in counts]]
    _forget_lists(found, names, counts)
    return found


def _column(frame: pd.DataFrame, name: str) -> Series:
    if name not in frame.columns:
        known = [c for c in frame.columns if isinstance(c, str)]
        raise ColumnError(f"no column {name!r}{hint(name, known)}; there are {', '.join(known)}")
    return frame[name]


def _of_samples(frame: pd.DataFrame, name: str) -> Series:
    """A FORMAT column; what the header does not declare is in the map FORMAT, as text."""
    place, _, key = name.partition("/")
    if place == "FORMAT" and name not in frame.columns and place in frame.columns:
        maps = as_arrow(frame[place])
        if pat.is_map(maps.type) and is_list(maps.type.item_type):
            chunks = [_values_of(chunk, key) for chunk in maps.chunks]
            if any(chunk.null_count < len(chunk) for chunk in chunks):
                found = pa.chunked_array(chunks, pa.list_(pa.string()))
                return pd.Series(pd.arrays.ArrowExtensionArray(found), frame.index, name=name)
    return _column(frame, name)


def _values_of(maps: pa.MapArray, key: str) -> pa.ListArray:
    """One key's lists of texts; ``.`` is none."""
    lists = pc.map_lookup(maps, pa.scalar(key, maps.type.key_type), "first")
    lists = lists.cast(pa.list_(pa.string()))
    items = lists.flatten()
    items = pc.if_else(pc.equal(items, "."), pa.scalar(None, pa.string()), items)
    lengths = pc.call_function("list_value_length", [lists]).fill_null(0).to_numpy()
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    missing = lists.is_null().to_numpy(zero_copy_only=False)
    return pa.ListArray.from_arrays(pa.array(bounds, mask=np.append(missing, False)), items)


def _items(column: Series, *, number: bool) -> tuple[pa.ChunkedArray, Ints]:
    """All items of a column of lists, and how many each row has."""
    array = as_arrow(column)
    kind = array.type
    if is_text(kind):
        array = _split(array)
        if number:
            array = _numbers(column, array)
    elif pat.is_null(kind):  # no row has any
        array = array.cast(pa.list_(pa.int64()))
    elif not is_list(kind):
        raise ColumnError(f"column {column.name!r} is {column.dtype}, expected lists")
    lengths = pc.call_function("list_value_length", [array]).fill_null(0)
    return pc.call_function("list_flatten", [array]), lengths.to_numpy().astype(np.int64)


def _split(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """``10,20,`` and ``10,20`` as lists of texts; none in an empty one."""
    trimmed = pc.call_function("utf8_rtrim", [texts], pc.TrimOptions(","))
    empty = pc.equal(trimmed, "")
    none = pa.scalar(None, trimmed.type)
    return pc.split_pattern(pc.if_else(empty, none, trimmed), ",")


def _numbers(column: Series, lists: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return lists.cast(pa.list_(pa.int64()))
    except pa.ArrowInvalid as error:
        raise ColumnError(f"column {column.name!r}: {error}; expected integers") from None


def _check_same(one: str, lengths: Ints, other: str, others: Ints) -> None:
    odd = np.flatnonzero(lengths != others)
    if len(odd):
        i = int(odd[0])
        raise ColumnError(
            f"row {i}: {lengths[i]} values in {one!r}, {others[i]} in {other!r}, in "
            f"{len(odd):,} rows; blocks need one in each"
        )


def _block_integers(name: str, items: pa.ChunkedArray, rows: Ints) -> Ints:
    values, missing = integers(pd.Series(pd.arrays.ArrowExtensionArray(items), name=name))
    if missing is not None:
        row = int(rows[np.argmax(missing)])
        raise ColumnError(f"column {name!r}, row {row}: a value in the list is missing")
    return values


def _as_dtype_of(column: Series, items: pa.ChunkedArray) -> Any:
    """Items as the backend of their column has them: ArrowDtype, or pandas' own."""
    if isinstance(column.dtype, pd.ArrowDtype) and not pat.is_dictionary(items.type):
        return pd.arrays.ArrowExtensionArray(items)
    return items.to_pandas().array


# ── what is no longer true ──────────────────────────────────────────────────────────────────────


def _counted_alike(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Columns that are declared to have as many items as these: bigGenePred's exonFrames.

    They go along, since their declaration names the count, which goes.
    """
    declared = declaration(frame)
    if declared is None:
        return []
    sources = match(declared, [str(c) for c in frame.columns])[0]
    column = dict(zip(declared.names, sources, strict=True))
    groups = ([column[a] for a in arrays] for arrays in declared.table.counts.values())
    alike = [found for group in groups if {*group} & {*names} for found in group]
    return [name for name in alike if name is not None and name in frame.columns]


def _counts(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The columns that say how many items these lists have."""
    declared = declaration(frame)
    if declared is None:
        found = ["blockCount"] if "blockSizes" in names else []
    else:
        sources = match(declared, [str(c) for c in frame.columns])[0]
        column = dict(zip(declared.names, sources, strict=True))
        counted = declared.table.counts.items()
        found = [column[n] or "" for n, arrays in counted if {column[a] for a in arrays} & {*names}]
    return [name for name in found if name in frame.columns]


def declaration(frame: pd.DataFrame) -> sql.AutoSql | None:
    """The AutoSQL that a frame came with, if it did with any."""
    text = schema.read_metadata(frame.attrs).get("autosql")
    try:
        return sql.parse(text) if isinstance(text, str) else None
    except AutoSqlError:
        return None


def _forget_lists(frame: pd.DataFrame, names: Sequence[str], counts: Sequence[str]) -> None:
    """Let the metadata declare single values, and no field behind strand as standard BED.

    thickStart is within its row and not within each block. A BED file cannot say this, so
    there the declaration goes, and a line of names is written.
    """
    about = schema.read_metadata(frame.attrs)
    declared = declaration(frame)
    if declared is None:
        return
    if about.get("format") == "bed":
        del about["autosql"]
        about.pop("defined_fields", None)
    else:
        columns = [*(str(c) for c in frame.columns), *counts]
        sources = match(declared, columns)[0]
        column = dict(zip(declared.names, sources, strict=True))
        # arrays that have no column any more are counted by what goes
        alike = {
            a for n, arrays in declared.table.counts.items() if column[n] in counts for a in arrays
        }
        fields = [
            replace(f, size=None) if source in names else f
            for f, source in zip(declared.fields, sources, strict=True)
            if source not in counts and (source is not None or f.name not in alike)
        ]
        table = replace(declared.table, fields=tuple(fields), sources=())
        others = (d for d in declared.declarations if d is not declared.table)
        about["autosql"] = str(sql.AutoSql((*others, table)))
        about["defined_fields"] = min(about.get("defined_fields", _BED6), _BED6)
    frame.attrs = {**frame.attrs, schema.KEY: json.dumps(about, ensure_ascii=False)}


# ── genotypes ───────────────────────────────────────────────────────────────────────────────────


def genotypes(frame: pd.DataFrame, field: str = "GT") -> pd.DataFrame:
    """Counts of alternate alleles: variants × samples, int8, -1 where a call is missing.

    `DataFrame.gidx.genotypes` says more.
    """
    name = _of_format(frame, field)
    if name.startswith("FORMAT/") and name != "FORMAT/GT":
        raise ColumnError(
            f"column {name!r} is no genotype; for its values by sample: "
            f"df.gidx.samples_matrix({name.removeprefix('FORMAT/')!r})"
        )
    series = _of_samples(frame, name)
    column = as_arrow(series)
    if not (is_list(column.type) or pat.is_null(column.type)):
        raise ColumnError(f"column {name!r} is {series.dtype}, expected a list over samples")
    samples = _samples(frame, column)
    width = len(samples)
    out: Counts = np.full((len(frame), width), -1, np.int8)
    for at, array in _pieces(column):
        rows = at + np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
        _check_width(name, array, rows, width)
        items = array.flatten()
        bad = _count_into(out, items, rows, name)
        if bad >= 0:
            row, sample = int(rows[bad // width]), samples[bad % width]
            raise ValueTypeError(
                f"column {name!r}, row {row}, sample {sample!r}: {_shown(items[bad].as_py())} is "
                "no genotype; expected 0|1, 0/0, 1, ./. …",
                row=row,
                sample=sample,
            )
    return pd.DataFrame(out, index=frame.index, columns=pd.Index(samples), copy=False)


def _of_format(frame: pd.DataFrame, field: str) -> str:
    """The column of a FORMAT key, or of that name."""
    if not isinstance(field, str):
        raise ColumnError(f"field is {field!r}, expected a key of FORMAT")
    return field if field in frame.columns or "/" in field else f"FORMAT/{field}"


def _samples(frame: pd.DataFrame, column: pa.ChunkedArray) -> Sequence[Any]:
    """The samples' names, or numbers where the metadata name none."""
    told = schema.read_metadata(frame.attrs).get("samples")
    return told if isinstance(told, list) else list(range(_width(column)))


def _width(column: pa.ChunkedArray) -> int:
    """How many samples there are by the first row that has any."""
    if pat.is_fixed_size_list(column.type):
        return int(column.type.list_size)
    if pat.is_null(column.type):
        return 0
    lengths = pc.call_function("list_value_length", [column]).drop_null()
    return int(lengths[0].as_py()) if len(lengths) else 0


def _pieces(column: pa.ChunkedArray) -> Iterator[tuple[int, pa.Array]]:
    """Some rows at a time, and the number of their first; none of a column without type."""
    at = 0
    for chunk in column.chunks if is_list(column.type) else ():
        for begin in range(0, len(chunk), _ROWS):
            yield at + begin, chunk.slice(begin, _ROWS)
        at += len(chunk)


def _check_width(name: str, array: pa.Array, rows: Ints, width: int) -> None:
    lengths = pc.call_function("list_value_length", [array]).drop_null().to_numpy()
    odd = np.flatnonzero(lengths != width)
    if len(odd):
        i = int(odd[0])
        raise ColumnError(
            f"column {name!r}, row {rows[i]}: values of {lengths[i]} samples, expected {width}"
        )


def _count_into(out: Counts, items: pa.Array, rows: Ints, name: str) -> int:
    """Count what some rows have; the first item that is no genotype, else -1."""
    items = plain(items, top=False)
    if is_text(items.type):
        texts = texts_of(items)
        there = np.zeros(0, np.bool_)
        if items.null_count:
            there = np.array(items.is_valid().to_numpy(zero_copy_only=False))
        return int(kernels.count_texts(texts.offsets, texts.data, there, rows, out))
    kind = items.type
    has_alleles = pat.is_struct(kind) and "alleles" in (f.name for f in kind)
    if has_alleles:
        items = pc.call_function("struct_field", [items], pc.StructFieldOptions("alleles"))
        kind = items.type
    if has_alleles and pat.is_list(kind) and pat.is_integer(kind.value_type):
        lengths = pc.call_function("list_value_length", [items]).fill_null(0).to_numpy()
        offsets = np.zeros(len(items) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        alleles = items.flatten().cast(pa.int8()).fill_null(-1).to_numpy(zero_copy_only=False)
        return int(kernels.count_alleles(offsets, np.array(alleles), rows, out))
    if pat.is_null(kind):
        return -1
    raise ColumnError(f"column {name!r} has values of {items.type}, expected genotypes")


# ── values by sample ────────────────────────────────────────────────────────────────────────────


def samples_matrix(frame: pd.DataFrame, field: str) -> pd.DataFrame:
    """One FORMAT field: variants × samples. `DataFrame.gidx.samples_matrix` says more."""
    name = _of_format(frame, field)
    series = _of_samples(frame, name)
    column = as_arrow(series)
    if not (is_list(column.type) or pat.is_null(column.type)):
        way_out = "; read the file with lists='arrow'" if is_text(column.type) else ""
        raise ColumnError(
            f"column {name!r} is {series.dtype}, expected a list over samples{way_out}"
        )
    samples = _samples(frame, column)
    width = len(samples)
    cells = [_cells(name, at, array, width) for at, array in _pieces(column)]
    kind = column.type.value_type if is_list(column.type) else pa.null()
    whole = pa.chunked_array(cells, kind)
    if pat.is_null(column.type):
        whole = pa.chunked_array([pa.nulls(len(frame) * width)])
    first = np.arange(len(frame)) * width
    columns = [whole.take(pa.array(first + i)) for i in range(width)]
    found = to_frame(pa.table(columns, [str(i) for i in range(width)]), backend_of(frame))
    found.columns, found.index = pd.Index(samples), frame.index
    return found


def _cells(name: str, at: int, array: pa.Array, width: int) -> pa.Array:
    """All values of some rows, one after the other; a row that is missing has missing ones."""
    there = array.is_valid().to_numpy(zero_copy_only=False)
    _check_width(name, array, at + np.flatnonzero(there), width)
    items = array.flatten()
    if there.all():
        return items
    begins = (np.cumsum(there) - 1) * width
    index = begins[:, None] + np.arange(width)
    missing = np.repeat(~there, width)
    return items.take(pa.array(np.where(missing, 0, index.ravel()), mask=missing))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
