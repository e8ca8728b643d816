"""Parquet files with interval columns, read: row groups to the rows that overlap a region.

A region reads the row groups whose statistics do not exclude it; files without statistics
are read whole. A place in the file is the number of a row group.
"""

from __future__ import annotations

import mmap
import os
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa

from gidx.formats.base import Opening
from gidx.formats.columnar import Columnar, Ints, has_roles, names_in, reading
from gidx.ground.boxes import Box
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource, SourceFile

_FAR = 1 << 62
# Text in statistics may be cut by the writer from here on, so equal bounds may be of two names.
_EXACT = 32


@dataclass(frozen=True)
class Bounds:
    """What the statistics of row groups tell: bounds of chrom, start and end; 0-based."""

    chrom: Sequence[tuple[str, str] | None]
    first: Ints  # least start
    last: Ints  # largest start
    least: Ints  # least end
    reach: Ints  # largest end


class ParquetTable(Columnar):
    """One open Parquet file (a `Format`)."""

    kind, title = "parquet", "a Parquet"

    def __init__(self, source: ByteSource, opening: Opening) -> None:
        import pyarrow.parquet as pq

        with reading(source.name, self.title):
            file = pq.ParquetFile(SourceFile(source))
            self._meta, own = file.metadata, file.schema_arrow
        self.of_path: dict[str, str | None] = {}  # columns that the file's path tells
        path = os.path.abspath(source.name) if os.path.exists(source.name) else source.name
        told = {k: v for k, v in _partition(path).items() if k not in own.names}
        whole = pa.schema([*own, *(pa.field(name, pa.string()) for name in told)], own.metadata)
        if told and has_roles(whole) and not has_roles(own):
            self.of_path, own = told, whole
        super().__init__(source, own, opening)

    def _prove(self, groups: Sequence[int], columns: Sequence[str]) -> None:
        """Raise what is wrong with the metadata of columns' chunks.

        Asked for them one by one, pyarrow 24 ends the process where they are damaged; where it
        reads, it raises. So it reads from zeros, as many as the file has bytes: memory that
        is never touched. Metadata are sound where it comes to miss a page.
        """
        import pyarrow.parquet as pq

        size = max(self.source.size, 1)
        # Not on Windows, where it would be touched; pyarrow 18 cannot read none of the groups.
        if not groups or not hasattr(mmap, "MAP_ANONYMOUS"):
            return
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        zeros = pa.py_buffer(mmap.mmap(-1, size, flags=flags, prot=mmap.PROT_READ))
        file = pq.ParquetFile(pa.BufferReader(zeros), metadata=self._meta, pre_buffer=True)
        with reading(self.source.name, self.title):
            try:
                file.read_row_groups(list(groups), columns=list(columns), use_threads=False)
            except OSError as error:
                if "page header" not in str(error):
                    raise

    @property
    def pieces(self) -> list[int]:
        """Rows of each row group, as the footer says."""
        return [self.rows_in(i) for i in range(self._meta.num_row_groups)]

    def arrow_schema(self) -> pa.Schema | None:
        """What Arrow's writer says that the columns were; None where there was another."""
        told = (self._meta.metadata or {}).get(b"ARROW:schema")
        if told is None:
            return None
        try:
            data = b64decode(told, validate=True)
        except ValueError:
            return pa.schema([])
        with reading(self.source.name, self.title):
            return pa.ipc.read_schema(pa.py_buffer(data))

    def stored(self, blocks: int, columns: Sequence[str]) -> pa.Table:
        import pyarrow.parquet as pq

        inside = [name for name in columns if name not in self.of_path]
        with reading(self.source.name, self.title):
            file = pq.ParquetFile(
                SourceFile(self.source, self._chunks(blocks, inside)), metadata=self._meta,
                pre_buffer=False, page_checksum_verification=True,
            )  # fmt: skip
            found = file.read_row_groups([blocks], columns=inside, use_threads=False)
        for name in columns:
            if name in self.of_path:
                value = pa.scalar(self.of_path[name], pa.string())
                found = found.append_column(name, pa.repeat(value, self.rows_in(blocks)))
        return found.select(list(columns)) if self.of_path else found

    def _chunks(self, group: int, columns: Sequence[str]) -> Ranges:
        """Where columns of a row group are in the file."""
        self._prove([group], columns)
        row_group = self._meta.row_group(group)
        found = []
        for name in columns:
            for i in self._leaves.get(name, ()):
                chunk = row_group.column(i)
                offsets = (chunk.dictionary_page_offset, chunk.data_page_offset)
                begin = min(offset for offset in offsets if offset is not None)
                found.append((begin, begin + chunk.total_compressed_size))
        there = [(a, b) for a, b in found if 0 <= a < b <= self.source.size]  # or it is broken
        return np.array(sorted(there), np.uint64).reshape(-1, 2)

    @cached_property
    def _leaves(self) -> dict[str, list[int]]:
        """The file's columns that each column is made of."""
        names, found = set(self._own.names), dict[str, list[int]]()
        for i in range(self._meta.num_columns):
            parts = self._meta.schema.column(i).path.split(".")
            tops = (".".join(parts[: n + 1]) for n in range(len(parts)))  # names may have dots
            found.setdefault(next((top for top in tops if top in names), ""), []).append(i)
        return found

    def rows_in(self, blocks: int) -> int:
        return int(self._meta.row_group(blocks).num_rows)

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    def chroms_met(self) -> Iterator[str]:
        for i, bounds in enumerate(self.bounds.chrom):
            if _several(bounds):
                yield from names_in(self.table(i, [self.roles.chrom]).column(0))
            else:
                yield bounds[0]  # type: ignore[index]

    @cached_property
    def bounds(self) -> Bounds:
        """What the statistics of the row groups tell."""
        roles, n = self.roles, self._meta.num_row_groups
        at = {self._meta.schema.column(i).path: i for i in range(self._meta.num_columns)}
        heads = [name for name in roles.names if name in at]
        self._prove(range(n), heads)
        with reading(self.source.name, self.title):
            chrom, start, end = (
                [_bounds(self._meta, i, at.get(name or "")) for i in range(n)]
                for name in (roles.chrom, roles.start, roles.end)
            )
        name = self.of_path.get(roles.chrom)
        chrom = chrom if name is None else [(name, name)] * n
        starts, ends = ([_positions(b) for b in found] for found in (start, end))
        return Bounds(
            [_names(b) for b in chrom],
            np.array([lo - roles.shift for lo, _ in starts], np.int64),
            np.array([hi - roles.shift for _, hi in starts], np.int64),
            np.array([lo for lo, _ in ends], np.int64),
            np.array([hi for _, hi in ends], np.int64),
        )

    def row_count(self) -> int | None:
        return int(self._meta.num_rows)

    def info(self) -> dict[str, Any]:
        told = self._about.get("format")
        return {
            "format": "Parquet" + (f", of {told}" if told not in (None, self.kind) else ""),
            "written by": self._meta.created_by,
            "rows": self.row_count(),
            "row groups": self._meta.num_row_groups,
            "intervals": self.places,
        }

    # ── row groups ──────────────────────────────────────────────────────────────────────────────

    def plan(self, regions: RegionSet | None) -> Ranges:
        groups = np.arange(self._meta.num_row_groups)
        if regions is not None:
            groups = groups[[self._may_have(i, regions) for i in groups.tolist()]]
        return np.column_stack([groups, groups + 1]).astype(np.uint64)

    def _may_have(self, group: int, regions: RegionSet) -> bool:
        bounds = self.bounds
        told = bounds.chrom[group]
        first, reach = bounds.first[group], bounds.reach[group]
        if regions.owned is not None:  # rows of a piece, which may end before they start
            reach = max(reach, bounds.last[group])
        near = (regions.start <= reach) & (regions.end >= first)
        if told is None or not near.any():
            return bool(near.any())
        asked = self.names.take(pa.array(np.unique(regions.chrom[near]))).to_pylist()
        return any(is_within(name, told) for name in asked)

    def among(self, boxes: Sequence[Box]) -> Ranges:
        there: set[int] = set()
        b = self.bounds
        for box in boxes:
            # None of the names, of which a row group may lack some, tells nothing
            names = None if box.chroms is None or None in box.chroms else _Names(box.chroms)
            near = box.start.meets(b.first, b.last) & box.end.meets(b.least, b.reach)
            for i in set(np.flatnonzero(near).tolist()) - there:
                if names is None or names.may_be_within(b.chrom[i]):
                    there.add(i)
        return np.array([(i, i + 1) for i in sorted(there)], np.uint64).reshape(-1, 2)

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
        # A row that lacks one of them, or REF that tells its end, is in no piece of a chrom.
        heads = [*self.roles.names, *filter(None, [self.roles.ref])]
        for i in range(n):
            said = [one.column_index for one in self._meta.row_group(i).sorting_columns or ()]
            if said[:2] != wanted or _several(bounds.chrom[i]) or bounds.last[i] == _FAR:
                return False
            if any(self._lacks(i, at[name]) for name in heads if name in at):
                return False
        chroms = [told[0] for told in bounds.chrom if told]
        new = [a != b for a, b in zip(chroms[1:], chroms[:-1], strict=True)]
        if sum(new) + 1 != len(set(chroms)):
            return False  # or a chrom comes again
        return all(far or bounds.first[i + 1] >= bounds.last[i] for i, far in enumerate(new))

    def _lacks(self, group: int, column: int) -> bool:
        """Whether values of a row group's column may be missing."""
        told = self._meta.row_group(group).column(column).statistics
        return told is None or not told.has_null_count or told.null_count > 0

    def between(self, lo: int, hi: int) -> tuple[ParquetTable, Ranges]:
        groups = np.arange(lo, min(hi, self._meta.num_row_groups))
        return self, np.column_stack([groups, groups + 1]).astype(np.uint64)

    def groups(self, ranges: Ranges, size: int | None = None) -> list[int]:  # noqa: ARG002
        return [int(group) for group, _ in ranges.tolist()]


def _partition(path: str) -> dict[str, str | None]:
    """What the folders of a path are of, as Hive names them; Spark, Dask and pyarrow leave
    these columns out of the files.

    >>> _partition("calls/chrom=HLA%3AA/year=2024/0.parquet")
    {'chrom': 'HLA:A', 'year': '2024'}
    """
    folders = [part.partition("=") for part in path.replace("\\", "/").split("/")[:-1]]
    return {
        name: None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
        for name, equals, value in folders
        if name and equals
    }


def _bounds(meta: Any, group: int, column: int | None) -> tuple[Any, Any] | None:
    """A column's least and largest value in a row group; None where that is not told.

    Nor where values are missing: rows without a chrom are in no region, but are in a scan.
    """
    if column is None:
        return None
    chunk, kind = meta.row_group(group).column(column), meta.schema.column(column).physical_type
    if chunk.physical_type != kind:  # pyarrow 24 aborts the process when asked for statistics
        raise pa.ArrowInvalid(f"a column of {kind} is {chunk.physical_type} in row group {group}")
    found = chunk.statistics
    return None if found is None or not found.has_min_max else (found.min, found.max)


def _positions(bounds: tuple[Any, Any] | None) -> tuple[int, int]:
    """Bounds of a column of positions; as far as can be where they tell nothing of numbers.

    Positions may be texts, whose order is another: between "100" and "9" lies "40".
    """
    if bounds is None or not all(isinstance(bound, int | float | Decimal) for bound in bounds):
        return -_FAR, _FAR
    lo, hi = bounds
    if not (lo >= -_FAR and hi <= _FAR):  # NaN, too, of a file that is damaged
        return -_FAR, _FAR
    return int(lo), int(hi)


def _names(bounds: tuple[Any, Any] | None) -> tuple[str, str] | None:
    """Bounds of a column of chroms, as names; None where they tell nothing of names.

    Between the numbers 2 and 10 lies 5, but not so between their texts.
    """
    if bounds is None:
        return None
    if all(isinstance(bound, bytes) for bound in bounds):  # a writer that does not say UTF-8
        low, high = (bound.decode("utf-8", "surrogateescape") for bound in bounds)
        return low, high
    if all(isinstance(bound, str) for bound in bounds):
        return bounds
    if bounds[0] == bounds[1] and type(bounds[0]) is int:
        return str(bounds[0]), str(bounds[0])
    return None


def is_within(name: str, told: tuple[str, str]) -> bool:
    """Whether rows of a chrom may be in a row group, as its statistics tell."""
    return _Names([name]).may_be_within(told)


class _Names:
    """Names, of which it is asked whether there is one between two."""

    def __init__(self, names: Iterable[str | None]) -> None:
        self._sorted = sorted(_bytes(name) for name in names if name is not None)

    def may_be_within(self, told: tuple[str, str] | None) -> bool:
        """Whether rows of one of them may be in a row group, as its statistics tell."""
        if told is None:
            return True
        low, high = _bytes(told[0]), _bytes(told[1])
        i = bisect_left(self._sorted, low)
        most = high if len(high) < _EXACT else high + b"\xff"
        return i < len(self._sorted) and self._sorted[i] <= most


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _several(told: tuple[str, str] | None) -> bool:
    """Whether a row group may have rows of several chroms."""
    return told is None or told[0] != told[1] or len(_bytes(told[0])) >= _EXACT
