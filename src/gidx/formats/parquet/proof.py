"""Proof that what a Parquet file says of its row groups is true: what `gidx check` asks.

Pages have checksums, the footer has none. By its statistics row groups are passed over, so
bounds that became narrower would hide rows from regions. Of each part, the first thing wrong
is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.formats.parquet.read import ParquetTable, is_within


def prove(file: ParquetTable) -> list[str]:
    """What is wrong with a file's footer. Raises FormatError for broken pages."""
    found = [*_columns(file)]
    for group, rows in enumerate(file.pieces if file.has_places else ()):
        found += _bounds(file, group, rows)
    return [f"{file.source.name}: {problem}" for problem in found]


def _columns(file: ParquetTable) -> Iterator[str]:
    """Columns are what Arrow's own schema, which is beside, says that they are."""
    said = file.arrow_schema()
    own = [f for f, _ in file.columns_of("native") if f.name not in file.of_path]
    if said is None:
        return
    if len(said) != len(own):
        yield f"there are {len(own)} columns, of {len(said)} that were written"
    for one, other in zip(own, said, strict=False):
        if one.name != other.name or _kind(one.type) != _kind(other.type):
            yield f"column {one.name!r} is {one.type}, written was {other.name!r}, {other.type}"
            return


def _kind(type: pa.DataType) -> str:
    """Of what a column is, whatever its width."""
    if pat.is_dictionary(type):
        type = type.value_type
    for kind, is_kind in _KINDS.items():
        if is_kind(type):
            return kind
    return "other"


_KINDS: dict[str, Callable[[pa.DataType], bool]] = {
    "text": lambda t: pat.is_string(t) or pat.is_large_string(t) or pat.is_string_view(t),
    "bytes": lambda t: pat.is_binary(t) or pat.is_large_binary(t) or pat.is_binary_view(t),
    "integer": pat.is_integer,
    "number": pat.is_floating,
    "list": pat.is_nested,
}


def _bounds(file: ParquetTable, group: int, rows: int) -> list[str]:
    names, starts, ends = file.heads(group)
    told = file.bounds
    if len(starts) != rows:
        return [f"row group {group} has {len(starts):,} rows, the footer says {rows:,}"]
    chroms = told.chrom[group]
    strangers = [n for n in names if chroms is not None and not is_within(n, chroms)]
    if strangers:
        return [f"row group {group} has rows of {strangers[0]!r}, the footer says {chroms}"]
    for what, found, low, high in (
        ("starts", pc.min_max(starts).as_py(), int(told.first[group]), int(told.last[group])),
        ("ends", pc.min_max(ends).as_py(), None, int(told.reach[group])),
    ):
        least, most = found["min"], found["max"]
        if least is not None and (most > high or (low is not None and least < low)):
            bounds = f"{least:,} to {most:,}"
            said = f"{low:,} to {high:,}" if low is not None else f"up to {high:,}"
            return [f"row group {group} {what} at {bounds}, the footer says {said}"]
    return []
