"""Parquet files with interval columns, read: row groups to the rows that overlap a region.

    regions ─statistics─▶ row groups ─pyarrow─▶ columns ─exact overlap─▶ rows

gidx's own, and those of others: which columns are chrom, start and end, and what they count
from, their names tell (`gidx.ground.conventions`). A region reads the row groups whose
statistics do not exclude it; files without statistics are read whole. Rows need not be sorted.

A place in the file is the number of a row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.errors import FormatError
from gidx.formats.base import Format, Rows
from gidx.ground.conventions import ZERO_BASED, Roles, roles_of
from gidx.ground.pieces import Work, own_rows
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource, SourceFile
from gidx.kernels.records import select_items
from gidx.options import Names

Ints = npt.NDArray[np.int64]
_FAR = 1 << 62
# Text in statistics may be cut by the writer from here on, so equal bounds may be of two names.
_EXACT = 32


@dataclass(frozen=True)
class Bounds:
    """What the statistics of row groups tell: bounds of chrom, start and end; 0-based."""

    chrom: Sequence[tuple[str, str] | None]
    first: Ints  # least start
    last: Ints  # largest start
    reach: Ints  # largest end


class ParquetTable(Format):
    """One open Parquet file (a `Format`)."""

    kind = "parquet"

    def __init__(self, source: ByteSource) -> None:
        import pyarrow.parquet as pq

        self.source = source
        with self._reading():
            file = pq.ParquetFile(SourceFile(source))
            self._meta, self._own = file.metadata, file.schema_arrow
            about = {k: v for k, v in (self._own.metadata or {}).items() if k != b"ARROW:schema"}
            self._about = schema.read_metadata(self._own)
            told = about.get(schema.KEY.encode(), b"").decode()
            columns = SimpleNamespace(column_names=self._own.names, attrs={schema.KEY: told})
        self.roles: Roles = roles_of(columns, source.name)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What pyarrow says of a broken file, as a FormatError."""
        try:
            yield
        except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
            if isinstance(error, FormatError) or getattr(error, "url", None):
                raise
            what = str(error).strip().split("\n")[0]
            raise FormatError(
                f"{self.source.name}: a Parquet file that cannot be read: {what}",
                path=self.source.name,
                offset=None,
            ) from None

    def table(self, groups: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Columns of row groups, as the file has them."""
        import pyarrow.parquet as pq

        with self._reading():
            file = pq.ParquetFile(
                SourceFile(self.source), metadata=self._meta, pre_buffer=True,
                page_checksum_verification=True,
            )  # fmt: skip
            return file.read_row_groups(list(groups), columns=list(columns), use_threads=False)

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self._chroms

    @cached_property
    def _chroms(self) -> dict[str, int | None]:
        """Chroms in the order of their rows, and those that are only declared."""
        sizes = self._about.get("chromsizes") or {}
        found: dict[str, int | None] = {}
        for i, bounds in enumerate(self.bounds.chrom):
            names = self._names_in(i) if _several(bounds) else [bounds[0]]  # type: ignore[index]
            found.update((name, sizes.get(name)) for name in names if name not in found)
        return {**found, **{name: size for name, size in sizes.items() if name not in found}}

    def _names_in(self, group: int) -> list[str]:
        column = self.table([group], [self.roles.chrom]).column(0)
        found = pc.unique(_texts(column)).to_pylist()
        return [name for name in found if name is not None]

    @cached_property
    def names(self) -> pa.Array:
        """Chroms, as the dictionary of the column."""
        return pa.array(list(self._chroms), pa.string())

    @cached_property
    def bounds(self) -> Bounds:
        """What the statistics of the row groups tell."""
        roles, n = self.roles, self._meta.num_row_groups
        at = {self._meta.schema.column(i).path: i for i in range(self._meta.num_columns)}
        chrom = [_bounds(self._meta, i, at.get(roles.chrom)) for i in range(n)]
        start = [_bounds(self._meta, i, at.get(roles.start)) for i in range(n)]
        end = [_bounds(self._meta, i, at.get(roles.end or "")) for i in range(n)]
        return Bounds(
            [None if b is None else (str(b[0]), str(b[1])) for b in chrom],
            np.array([-_FAR if b is None else int(b[0]) - roles.shift for b in start], np.int64),
            np.array([_FAR if b is None else int(b[1]) - roles.shift for b in start], np.int64),
            np.array([_FAR if b is None else int(b[1]) for b in end], np.int64),
        )

    def columns_of(self, names: Names) -> list[tuple[pa.Field, str | None]]:
        """Fields, each with the file's column that it is; None for an end that is computed."""
        if names == "native":
            return [(field, field.name) for field in self._own]
        roles = self.roles
        heads = [("chrom", schema.CHROM, roles.chrom), ("start", schema.POSITION, roles.start),
                 ("end", schema.POSITION, roles.end)]  # fmt: skip
        found: list[tuple[pa.Field, str | None]] = []
        for name, kind, own in heads:
            about = None if own is None else self._own.field(own).metadata
            found.append((pa.field(name, kind, metadata=about), own))
        rest = [f for f in self._own if f.name not in (roles.chrom, roles.start, roles.end)]
        fresh = schema.unique([f.name for f in rest])
        return [*found, *((f.with_name(n), f.name) for f, n in zip(rest, fresh, strict=True))]

    def schema(self, names: Names) -> pa.Schema:
        return pa.schema([field for field, _ in self.columns_of(names)], self.metadata(names))

    def metadata(self, names: Names) -> dict[bytes, bytes]:
        """What the file says of its rows, or that it is Parquet."""
        about = {"format": self.kind, **self._about}
        about.pop("version", None)
        native = self.roles.coordinates if names == "native" else ZERO_BASED
        return schema.metadata(**{**about, "coordinates": native})

    @property
    def header(self) -> str:
        return str(self._about.get("header") or self._about.get("autosql") or "")

    @property
    def index_kind(self) -> str:
        return "inside"

    def fields(self) -> pa.Table:
        columns = self.columns_of("canonical")
        about = [
            {k.decode(): v.decode() for k, v in (f.metadata or {}).items()} for f, _ in columns
        ]
        own = [None if name is None else self._own.field(name) for _, name in columns]
        return pa.table({
            "name": pa.array([f.name for f, _ in columns], pa.string()),
            "type": pa.array([str(f.type) for f, _ in columns], pa.string()),
            "declared_name": pa.array([name for _, name in columns], pa.string()),
            "declared_type": pa.array(
                [a.get("autosql") or (f and str(f.type)) for a, f in zip(about, own, strict=True)],
                pa.string(),
            ),
            "number": pa.nulls(len(columns), pa.string()),
            "description": pa.array([a.get("description") for a in about], pa.string()),
            "indexed": pa.array([False] * len(columns), pa.bool_()),
        })  # fmt: skip

    def row_count(self) -> int | None:
        return int(self._meta.num_rows)

    def info(self) -> dict[str, Any]:
        told = self._about.get("format")
        return {
            "format": "Parquet" + (f", of {told}" if told not in (None, self.kind) else ""),
            "written by": self._meta.created_by,
            "rows": self.row_count(),
            "row groups": self._meta.num_row_groups,
            "intervals": str(self.roles),
        }

    # ── row groups ──────────────────────────────────────────────────────────────────────────────

    def settle(self, regions: RegionSet | None) -> None:  # noqa: ARG002
        """Know the chroms."""
        self.names  # noqa: B018

    def plan(self, regions: RegionSet | None) -> Ranges:
        groups = np.arange(self._meta.num_row_groups)
        if regions is not None:
            groups = groups[[self._may_have(i, regions) for i in groups.tolist()]]
        return np.column_stack([groups, groups + 1]).astype(np.uint64)

    def _may_have(self, group: int, regions: RegionSet) -> bool:
        bounds = self.bounds
        told = bounds.chrom[group]
        first, reach = bounds.first[group], bounds.reach[group]
        near = (regions.start <= reach) & (regions.end >= first)
        if told is None or not near.any():
            return bool(near.any())
        asked = self.names.take(pa.array(np.unique(regions.chrom[near]))).to_pylist()
        low, high = (text.encode() for text in told)
        high = high if len(high) < _EXACT else high + b"\xff"
        return any(low <= name.encode() <= high for name in asked)

    def work(self, parts: int) -> Work:  # noqa: ARG002 (statistics are at hand)
        sizes = [self._meta.row_group(i).total_byte_size for i in range(self._meta.num_row_groups)]
        before = np.cumsum([0, *sizes]).astype(np.float64)
        if not self._is_sorted():
            places = np.arange(len(before)).astype(np.float64)
            return Work([None], np.array([0, len(before)]), places, before)
        names = list(self._chroms)
        ids = {name: i for i, name in enumerate(names)}
        chrom = np.array([ids[told[0]] for told in self.bounds.chrom if told], np.int64)
        position = np.maximum(np.r_[self.bounds.first, self.bounds.last + 1], 0)
        return Work.of_marks(names, np.r_[chrom, chrom], position, np.r_[before[:-1], before[1:]])

    def _is_sorted(self) -> bool:
        """Whether the file says that it is sorted, chrom by chrom, a row group on one each."""
        bounds, n = self.bounds, self._meta.num_row_groups
        at = {self._meta.schema.column(i).path: i for i in range(self._meta.num_columns)}
        wanted = [at.get(self.roles.chrom), at.get(self.roles.start)]
        for i in range(n):
            said = [one.column_index for one in self._meta.row_group(i).sorting_columns or ()]
            if said[:2] != wanted or _several(bounds.chrom[i]) or bounds.last[i] == _FAR:
                return False
            if any(self._meta.row_group(i).column(c).statistics.null_count for c in said[:2]):
                return False
        chroms = [told[0] for told in bounds.chrom if told]
        new = [a != b for a, b in zip(chroms[1:], chroms[:-1], strict=True)]
        if sum(new) + 1 != len(set(chroms)):
            return False  # or a chrom comes again
        return all(far or bounds.first[i + 1] >= bounds.last[i] for i, far in enumerate(new))

    def between(self, lo: int, hi: int) -> tuple[ParquetTable, Ranges]:
        groups = np.arange(lo, min(hi, self._meta.num_row_groups))
        return self, np.column_stack([groups, groups + 1]).astype(np.uint64)

    def groups(self, ranges: Ranges, size: int | None = None) -> list[int]:  # noqa: ARG002
        return [int(group) for group, _ in ranges.tolist()]

    def fetch(self, group: int, regions: RegionSet | None = None) -> int:  # noqa: ARG002
        return group  # what is read of it, the columns decide

    def reader(self, columns: Sequence[int], names: Names) -> ParquetReader:
        return ParquetReader(self, columns, names)

    def count(self, blocks: int, regions: RegionSet | None) -> int:
        if regions is None:
            return int(self._meta.row_group(blocks).num_rows)
        return len(ParquetReader(self, (), "canonical").kept(blocks, regions)[1])


class ParquetReader:
    """Some columns of a Parquet file (a `Reader`)."""

    def __init__(self, file: ParquetTable, columns: Sequence[int], names: Names) -> None:
        self._file = file
        whole = file.columns_of(names)
        self._picked = [whole[i] for i in columns]
        self._is_native = names == "native"
        self.schema = pa.schema([field for field, _ in self._picked], file.metadata(names))

    def decode(self, blocks: int, regions: RegionSet | None) -> Rows:
        needed = [name for _, name in self._picked if name is not None]
        if regions is not None:
            table, rows = self.kept(blocks, regions, needed)
            table = table.take(pa.array(rows))
        else:
            table = self._read(blocks, needed)
        n = table.num_rows if needed or regions is not None else self._file.count(blocks, None)
        arrays = [self._array(table, field, name) for field, name in self._picked]
        return Rows(schema.batch(arrays, self.schema, n))

    def _read(self, group: int, needed: Sequence[str]) -> pa.Table:
        roles = self._file.roles
        more = [roles.start, roles.ref] if any(n is None for _, n in self._picked) else []
        columns = dict.fromkeys([*needed, *(name for name in more if name is not None)])
        return self._file.table([group], list(columns))

    def kept(
        self, group: int, regions: RegionSet, needed: Sequence[str] = ()
    ) -> tuple[pa.Table, Ints]:
        """Columns of a row group, and which rows of it overlap a region."""
        roles = self._file.roles
        heads = [n for n in (roles.chrom, roles.start, roles.end, roles.ref) if n is not None]
        table = self._file.table([group], list(dict.fromkeys([*needed, *heads])))
        chrom = pc.index_in(_texts(table.column(roles.chrom)), value_set=self._file.names)
        start, end = self._start(table), self._end(table)
        there = pc.and_(pc.and_(chrom.is_valid(), start.is_valid()), end.is_valid())
        rows = np.flatnonzero(there.to_numpy(zero_copy_only=False))
        codes, starts, ends = (
            column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)[rows]
            for column in (chrom, start, end)
        )
        ends = np.where(starts < 0, np.maximum(ends, 1), ends)  # POS 0 of a VCF
        starts = np.maximum(starts, 0)
        overlap = select_items(codes, starts, ends, regions.first, regions.start, regions.end)
        rows, starts = rows[overlap], starts[overlap]
        own = own_rows(starts, regions)
        return table, rows if own is None else rows[own]

    def _start(self, table: pa.Table) -> pa.Array:
        column = _one(table.column(self._file.roles.start)).cast(pa.int64())
        return pc.subtract(column, self._file.roles.shift) if self._file.roles.shift else column

    def _end(self, table: pa.Table) -> pa.Array:
        roles = self._file.roles
        if roles.end is not None:
            return _one(table.column(roles.end)).cast(pa.int64())
        start = self._start(table)
        if roles.ref is None:
            return pc.add(start, 1)
        return pc.add(start, pc.utf8_length(_texts(table.column(roles.ref))).cast(pa.int64()))

    def _array(self, table: pa.Table, field: pa.Field, name: str | None) -> pa.Array:
        if self._is_native:
            return _one(table.column(name))
        if field.name == "chrom":
            codes = pc.index_in(_texts(table.column(name)), value_set=self._file.names)
            return pa.DictionaryArray.from_arrays(codes, self._file.names)
        if field.name == "start":
            return self._start(table)
        return self._end(table) if field.name == "end" else _one(table.column(name))


def _bounds(meta: Any, group: int, column: int | None) -> tuple[Any, Any] | None:
    """A column's least and largest value in a row group; None where that is not told.

    Nor where values are missing: rows without a chrom are in no region, but are in a scan.
    """
    if column is None:
        return None
    found = meta.row_group(group).column(column).statistics
    return None if found is None or not found.has_min_max else (found.min, found.max)


def _several(told: tuple[str, str] | None) -> bool:
    """Whether a row group may have rows of several chroms."""
    return told is None or told[0] != told[1] or len(told[0].encode()) >= _EXACT


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _texts(column: pa.ChunkedArray) -> pa.Array:
    """Names as plain texts, also where they are a dictionary, or numbers."""
    array = _one(column)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if pat.is_dictionary(array.type):
        array = array.dictionary.take(array.indices)
    return array.cast(pa.string())
