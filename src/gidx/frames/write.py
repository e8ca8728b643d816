"""Frames to files: the writers behind ``df.gidx.to_bigbed`` and its kin.

Each brings the frame into canonical form (`canonical`), hands it to the writer of the
format and returns the path that it was given, so that writing and reading are mirrors::

    gidx.read_bed(df.gidx.to_bed("peaks.bed.gz"))

Left out: what the formats can hold, which their writers say, and the index, which no
format has a place for; one that has a name is warned of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.batches import in_native_order, is_text, warn_of_index
from gidx.declared.declare import match
from gidx.errors import ColumnError, WriteError
from gidx.formats.bed.write import write_bed
from gidx.formats.bigbed.write import write_bigbed
from gidx.formats.bigwig.write import write_bigwig
from gidx.formats.gff.write import write_gff, write_gtf
from gidx.formats.parquet import write as parquet
from gidx.formats.table.write import write_tabix
from gidx.formats.vcf.write import write_vcf
from gidx.frames.backend import integers_like
from gidx.frames.nested import declaration
from gidx.frames.positions import chrom_codes, integers, positions
from gidx.ground.atomic import replacing
from gidx.ground.conventions import CANONICAL, ZERO_BASED, Roles
from gidx.options import Written

if TYPE_CHECKING:
    Series = pd.Series[Any]

# ── canonical form ──────────────────────────────────────────────────────────────────────────────


def canonical(frame: pd.DataFrame, roles: Roles, *, end: bool = True) -> pd.DataFrame:
    """The frame with chrom, start, end as its first columns, 0-based half-open.

    One that is so already is returned itself. Else columns are renamed, starts are made
    0-based in the dtype that they have, an end that no column says is added (unless
    ``end`` is False), and the metadata follow. Chroms that are numbers become texts.

    Raises ColumnError where a name is taken by another column.

    >>> from gidx.ground.conventions import recognise
    >>> df = pd.DataFrame({"type": "gene", "seqid": ["1"], "start": [10], "end": [20]})
    >>> canonical(df, recognise(df.columns))
      chrom  start  end  type
    0     1      9   20  gene
    """
    names = roles.names
    about = schema.read_metadata(frame.attrs)
    told = "roles" in about  # by df.gidx.set
    number = _has_numbers(frame[roles.chrom])
    first = [str(name) for name in frame.columns[: len(schema.HEAD)]]
    if roles.shift == 0 and first == list(schema.HEAD) == list(names) and not (told or number):
        return frame
    heads = dict(zip(names, schema.HEAD, strict=False))
    fresh: dict[str, Any] = {}
    if number:
        codes, labels = chrom_codes(frame[roles.chrom])
        fresh["chrom"] = pd.Categorical.from_codes(codes, pd.Index(labels))
    if roles.shift or (roles.end is None and end):
        start, missing = integers(frame[roles.start])
    if roles.shift:
        fresh["start"] = integers_like(start - roles.shift, missing, frame[roles.start])
    if roles.end is None and end:
        ends = positions(frame, roles, as_they_stand=True).end
        fresh["end"] = integers_like(ends, missing, frame[roles.start])
    _check_free(frame, heads, {*heads.values(), *fresh})
    found = frame.rename(columns=heads)
    for name, values in fresh.items():
        found[name] = values
    leading = [name for name in schema.HEAD if name in heads.values() or name in fresh]
    found = found[[*leading, *(c for c in found.columns if c not in leading)]]
    if told:
        del about["roles"]
    found.attrs = {**frame.attrs, schema.KEY: _text({**about, "coordinates": ZERO_BASED})}
    return found


def _has_numbers(chrom: Series) -> bool:
    dtype = chrom.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if pd.api.types.is_object_dtype(dtype):
        labels = chrom.cat.categories if isinstance(chrom.dtype, pd.CategoricalDtype) else chrom
        kind = pd.api.types.infer_dtype(labels, skipna=True)
        return kind in ("integer", "floating", "mixed-integer", "mixed-integer-float", "decimal")
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _check_free(frame: pd.DataFrame, heads: dict[str, str], taken: set[str]) -> None:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnError(f"two columns are named {twice!r}; rename or drop one")
    own = {new: old for old, new in heads.items()}
    for name in schema.HEAD:
        if name in taken and name in frame.columns and name not in heads:
            raise ColumnError(
                f"column {own.get(name, 'of positions')!r} is to be written as {name!r}, but "
                f"another column has this name; drop or rename {name!r}"
            )


def _text(about: dict[str, Any]) -> str:
    return schema.metadata(**{k: v for k, v in about.items() if k != "version"})[
        schema.KEY.encode()
    ].decode()


# ── writers ─────────────────────────────────────────────────────────────────────────────────────


def written(
    kind: str, frame: pd.DataFrame, roles: Roles, path: Written, *given: Any, **options: Any
) -> Written:
    """Write rows by the writer of a format, and return the path: `DataFrame.gidx.to_bed` …"""
    _WRITERS[kind](FORMS[kind](frame, roles), path, *given, **options)
    return path


def to_parquet(
    frame: pd.DataFrame,
    roles: Roles,
    path: Written,
    *,
    compression: str = "zstd",
    row_group_size: int = parquet.ROW_GROUP,
    bloom_filter: Sequence[str] = (),
) -> Written:
    """Write rows as Parquet and return the path; the file appears only when it is finished.

    `DataFrame.gidx.to_parquet` says more.
    """
    warn_of_index(frame)
    table = _as_pandas_has_it(canonical(frame, roles))
    with replacing(path) as file:
        parquet.write(
            table.schema,
            table.to_batches(),
            file,
            compression=compression,
            row_group_size=row_group_size,
            bloom_filter=bloom_filter,
        )
    return path


def to_arrow(frame: pd.DataFrame, roles: Roles) -> pa.Table:
    """The rows as a Table with canonical columns and gidx's metadata.

    `DataFrame.gidx.to_arrow` says more.
    """
    found = canonical(frame, roles)
    codes, labels = chrom_codes(found["chrom"])
    indices = pa.array(codes, mask=codes < 0)
    heads = [pa.DictionaryArray.from_arrays(indices, pa.array(labels, pa.string()))]
    for name in schema.HEAD[1:]:
        values, missing = integers(found[name])
        heads.append(pa.array(values, schema.POSITION, mask=missing))
    table = _table(found)
    for i, (name, column) in enumerate(zip(schema.HEAD, heads, strict=True)):
        table = table.set_column(i, name, column)
    about = _text({"coordinates": ZERO_BASED, **schema.read_metadata(found.attrs)})
    return table.replace_schema_metadata({schema.KEY: about})


# ── what pandas, or others, made of columns ─────────────────────────────────────────────────────


def _as_declared(frame: pd.DataFrame) -> pd.DataFrame:
    """Integers that pandas made floats, since some are missing, as integers again.

    Else a score of 960 would be written as 960.0, which UCSC's programs do not read.
    """
    declared = declaration(frame)
    if declared is None:
        return frame
    sources = match(declared, [str(c) for c in frame.columns])[0]
    whole: dict[str, Any] = {}
    for f, name in zip(declared.fields, sources, strict=True):
        if name is None or name not in frame.columns:
            continue
        if f.is_integer and frame[name].dtype == np.float64:
            with suppress(TypeError, ValueError):  # they are no integers any more
                whole[name] = frame[name].astype("Int64")
    return frame.assign(**whole) if whole else frame


def _features(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Canonical; but what nobody said the numbers of goes as it is, to be asked for them."""
    if roles == CANONICAL and schema.KEY not in frame.attrs:
        return frame
    return canonical(frame, roles)


_WRITERS: dict[str, Callable[..., None]] = {
    "bigbed": write_bigbed,
    "bigwig": write_bigwig,
    "bed": write_bed,
    "vcf": write_vcf,
    "gff": write_gff,
    "gtf": write_gtf,
    "tabix": write_tabix,
}
# What each takes
FORMS: dict[str, Callable[[pd.DataFrame, Roles], pd.DataFrame]] = {
    "bigbed": canonical,
    "bigwig": canonical,
    "bed": lambda frame, roles: _as_declared(canonical(frame, roles)),
    "vcf": partial(canonical, end=False),
    "gff": _features,
    "gtf": _features,
    "tabix": canonical,
}


# ── tables ──────────────────────────────────────────────────────────────────────────────────────


def _table(frame: pd.DataFrame) -> pa.Table:
    """The columns without the index; ArrowDtype ones are not copied."""
    kept = {k: v for k, v in frame.attrs.items() if _is_json(v)}
    if len(kept) < len(frame.attrs):  # Arrow would drop them all
        frame = frame.copy(deep=False)
        frame.attrs = kept
    swapped = [i for i, t in enumerate(frame.dtypes) if not getattr(t, "isnative", True)]
    if swapped:
        frame = frame.copy(deep=False)
        for i in swapped:
            frame.isetitem(i, in_native_order(frame.iloc[:, i]))
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        why = ": ".join(map(str, reversed(error.args)))  # the column is the last of them
        raise WriteError(f"{why}; expected values of one type in a column", row=None) from None


def _as_pandas_has_it(frame: pd.DataFrame) -> pa.Table:
    """A table that says, for pandas, which dtypes its columns have, and with gidx's metadata."""
    table = _table(frame)
    said = json.loads(table.schema.metadata[b"pandas"])
    for i, (column, f) in enumerate(zip(said["columns"], table.schema, strict=True)):
        if pat.is_nested(f.type):  # pandas raises where it does not know a dtype's name
            column["numpy_type"] = "object"
        if pat.is_fixed_size_list(f.type) and table.column(i).null_count:
            # Arrow writes a missing one so that it cannot read the column again
            table = table.set_column(i, f.name, _lists(table.column(i)))
    chrom = table.column("chrom")
    if pat.is_dictionary(chrom.type) and is_text(chrom.type.value_type):  # codes may be int8
        table = table.set_column(0, "chrom", chrom.cast(schema.CHROM))
    about = {b"pandas": json.dumps(said)}
    kept = {k: v for k, v in frame.attrs.items() if _is_json(v)}
    if kept:
        about[b"PANDAS_ATTRS"] = json.dumps(kept)  # where pandas 2 looks for them
    if schema.KEY in frame.attrs:
        about[schema.KEY.encode()] = frame.attrs[schema.KEY]
    return table.replace_schema_metadata(about)


def _lists(column: pa.ChunkedArray) -> pa.Array:
    """Lists of a fixed size as lists of any; by Arrow's cast only where none is missing."""
    missing = column.is_null().to_numpy()
    bounds = np.concatenate([[0], np.cumsum(~missing)]) * column.type.list_size
    offsets = pa.array(bounds.astype(np.int32), mask=np.append(missing, False))
    items = pc.call_function("list_flatten", [column]).combine_chunks()
    return pa.ListArray.from_arrays(offsets, items)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
