"""Files of typed columns that come in pieces: Parquet's row groups, batches of Arrow.

    regions ─plan─▶ pieces ─`table`─▶ columns ─exact overlap─▶ rows

gidx's own, and those of others: which columns are chrom, start and end, and what they count
from, their names tell (`gidx.ground.conventions`). Rows need not be sorted.

A table without such columns has rows all the same, for who only passes them on
(``Opening.any_table``): all of its columns, as they are, and no regions.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import schema, variants
from gidx.errors import ColumnError, FormatError, format_error
from gidx.formats.base import Format, Opening, Rows
from gidx.ground.conventions import ZERO_BASED, Roles, roles_of
from gidx.ground.pieces import own_rows
from gidx.ground.region import MAX_END, RegionSet
from gidx.ground.source import ByteSource
from gidx.kernels.records import select_items
from gidx.options import Names

Ints = npt.NDArray[np.int64]


class Columnar(Format):
    """One open file of typed columns (a `Format`); what `fetch` gives is a piece of it."""

    is_placed = False  # whoever wrote it may have left out positions, or turned them round

    title: str
    retyped = "cast the column of one of them, and write it anew"

    def __init__(self, source: ByteSource, own: pa.Schema, opening: Opening) -> None:
        twice = next((name for name in own.names if own.names.count(name) > 1), None)
        if twice is not None:
            raise format_error(source.name, None, f"two columns are named {twice!r}; rename one")
        self.source, self._own = source, _usual(own)
        self._about = schema.read_metadata(own)
        self._roles: Roles | str
        try:
            self._roles = roles = _roles_in(own, source.name)
            if roles.told is not None and not pat.is_integer(own.field(roles.told).type):
                self._roles = replace(roles, told=None)
        except ColumnError as error:
            if not opening.any_table:
                raise
            self._roles = str(error)

    @abstractmethod
    def stored(self, blocks: Any, columns: Sequence[str]) -> pa.Table:
        """Columns of a piece, as the file has them."""

    def table(self, blocks: Any, columns: Sequence[str]) -> pa.Table:
        """Columns of a piece, of their usual types."""
        found = self.stored(blocks, columns)
        for i, stored in enumerate(found.schema):
            kind = self._own.field(stored.name).type
            if stored.type != kind:
                found = found.set_column(i, stored.with_type(kind), _as_usual(found[i], kind))
        return found

    @abstractmethod
    def rows_in(self, blocks: Any) -> int:
        """How many rows a piece has."""

    @property
    def has_places(self) -> bool:
        """Whether it is known which columns are chrom, start and end."""
        return isinstance(self._roles, Roles)

    @property
    def places(self) -> str:
        """Which columns they are, for `info`."""
        return str(self._roles) if self.has_places else "none"

    @property
    def roles(self) -> Roles:
        """Which columns are chrom, start and end; raises ColumnError where none are known."""
        if isinstance(self._roles, Roles):
            return self._roles
        raise ColumnError(self._roles)

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self._chroms

    @cached_property
    def _chroms(self) -> dict[str, int | None]:
        """Chroms in the order of their rows, and those that are only declared."""
        declared = schema.declared_chroms(self._about)
        met: Iterable[str] = ()
        if self.has_places:
            kind = self._own.field(self.roles.chrom).type
            if pat.is_nested(kind):
                what = f"column {self.roles.chrom} is {kind}, expected names of chroms"
                raise format_error(self.source.name, None, what)
            with reading(self.source.name, self.title):  # names may not be UTF-8
                met = pa.array(self.chroms_met(), pa.string()).to_pylist()
        return {name: declared.get(name) for name in (*met, *declared)}

    @abstractmethod
    def chroms_met(self) -> Iterator[str]:
        """Chroms as rows have them, in their order."""

    @cached_property
    def names(self) -> pa.Array:
        """Chroms, as the dictionary of the column."""
        return pa.array(list(self._chroms), pa.string())

    def columns_of(self, names: Names) -> list[tuple[pa.Field, str | None]]:
        """Fields, each with the file's column that it is; None for an end that is computed."""
        if names == "native" or not self.has_places:
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
        """What the file says of its rows, or of which format it is."""
        about = {"format": self.kind, **self._about}
        about.pop("version", None)
        if not self.has_places:
            return schema.metadata(**about)
        native = self.roles.coordinates if names == "native" else ZERO_BASED
        return schema.metadata(**{**about, "coordinates": native})

    @property
    def header(self) -> str:
        return schema.header_of(self._about)

    @property
    def index_kind(self) -> str | None:
        return "inside" if self.has_places else None

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

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def settle(self, regions: RegionSet | None) -> None:
        """Know the chroms."""
        if regions is not None:
            self.roles  # noqa: B018 (or say that there are none)
        self.names  # noqa: B018

    def fetch(self, group: Any, regions: RegionSet | None = None) -> Any:  # noqa: ARG002
        return group  # what is read of it, the columns decide

    def reader(self, columns: Sequence[int], names: Names) -> ColumnarReader:
        return ColumnarReader(self, columns, names)

    def heads(self, blocks: Any) -> tuple[list[str], pa.Array, pa.Array]:
        """Names of chroms, starts and ends of a piece."""
        roles, reader = self.roles, ColumnarReader(self, (), "canonical")
        table = self.table(blocks, roles.needed)
        return names_in(table.column(roles.chrom)), reader.start(table), reader.end(table)

    def count(self, blocks: Any, regions: RegionSet | None) -> int:
        if regions is None:
            return self.rows_in(blocks)
        return len(ColumnarReader(self, (), "canonical").kept(blocks, regions)[1])


def _roles_in(own: pa.Schema, path: str) -> Roles:
    told = (own.metadata or {}).get(schema.KEY.encode(), b"").decode()
    return roles_of(SimpleNamespace(column_names=own.names, attrs={schema.KEY: told}), path)


def has_roles(own: pa.Schema) -> bool:
    """Whether it is known which of these columns are chrom, start and end."""
    try:
        _roles_in(own, "")
    except ColumnError:
        return False
    return True


class ColumnarReader:
    """Some columns of such a file (a `Reader`)."""

    def __init__(self, file: Columnar, columns: Sequence[int], names: Names) -> None:
        self._file = file
        whole = file.columns_of(names)
        self._picked = [whole[i] for i in columns]
        self._as_they_are = names == "native" or not file.has_places
        self.schema = pa.schema([field for field, _ in self._picked], file.metadata(names))

    def decode(self, blocks: Any, regions: RegionSet | None) -> Rows:
        needed = [name for _, name in self._picked if name is not None]
        if regions is not None:
            table, rows = self.kept(blocks, regions, needed)
            table = table.take(pa.array(rows))
        else:
            table = self._read(blocks, needed)
        n = table.num_rows if needed or regions is not None else self._file.rows_in(blocks)
        arrays = [self._array(table, field, name) for field, name in self._picked]
        return Rows(schema.batch(arrays, self.schema, n))

    def _read(self, blocks: Any, needed: Sequence[str]) -> pa.Table:
        more: Sequence[str] = ()
        if any(name is None for _, name in self._picked):  # an end that is computed
            more = [name for name in self._file.roles.needed if name != self._file.roles.chrom]
        return self._file.table(blocks, list(dict.fromkeys([*needed, *more])))

    def kept(
        self, blocks: Any, regions: RegionSet, needed: Sequence[str] = ()
    ) -> tuple[pa.Table, Ints]:
        """Columns of a row group, and which rows of it overlap a region."""
        table = self._file.table(blocks, list(dict.fromkeys([*needed, *self._file.roles.needed])))
        chrom = self._codes(table)
        start, end = self.start(table), self.end(table)
        there = pc.and_(pc.and_(chrom.is_valid(), start.is_valid()), end.is_valid())
        rows = np.flatnonzero(there.to_numpy(zero_copy_only=False))
        codes, starts, ends = (
            column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)[rows]
            for column in (chrom, start, end)
        )
        if regions.owned == (*regions.start.tolist(), *regions.end.tolist()):
            ends = np.maximum(ends, starts)  # a piece has its rows by where they start
        ends = np.where(starts < 0, np.maximum(ends, 1), ends)  # POS 0 of a VCF
        starts = np.maximum(starts, 0)
        overlap = select_items(codes, starts, ends, regions.first, regions.start, regions.end)
        rows, starts = rows[overlap], starts[overlap]
        own = own_rows(starts, regions)
        return table, rows if own is None else rows[own]

    def _codes(self, table: pa.Table) -> pa.Array:
        """Chroms by their numbers among the file's."""
        array, names = _one(table.column(self._file.roles.chrom)), self._file.names
        if pat.is_dictionary(array.type):
            codes = pc.index_in(array.dictionary.cast(pa.string()), names).take(array.indices)
        else:
            codes = pc.index_in(array.cast(pa.string()), value_set=names)
        if codes.null_count != array.null_count:  # statistics that are damaged
            strangers = set(names_in(table.column(self._file.roles.chrom))) - set(names.to_pylist())
            if strangers:
                raise format_error(
                    self._file.source.name,
                    None,
                    f"a row of chrom {min(strangers)!r}, which the file's statistics do not have",
                )
        return codes

    def start(self, table: pa.Table) -> pa.Array:
        """Starts of rows, 0-based."""
        column = self._whole(table, self._file.roles.start)
        return pc.subtract(column, self._file.roles.shift) if self._file.roles.shift else column

    def end(self, table: pa.Table) -> pa.Array:
        """Ends of rows; where there are none, by the farthest of REF, END, SVLEN and LEN."""
        roles = self._file.roles
        if roles.end is not None:
            return self._whole(table, roles.end)
        start = self.start(table)
        size: Any = 1
        if roles.ref is not None:
            size = pc.utf8_length(_texts(_one(table.column(roles.ref)))).cast(pa.int64())
            size = pc.max_element_wise(size, 1)  # one base where REF is missing, as in frames
        end = pc.add(start, size)
        if roles.told is not None:  # of which some are missing
            end = pc.max_element_wise(end, _one(table.column(roles.told)).cast(pa.int64()))
        if roles.info is None and roles.alt is None:
            return end
        starts, ends = (column.fill_null(0).to_numpy() for column in (start, end))
        lacks = end.is_null().to_numpy(zero_copy_only=False)
        return pa.array(variants.ends(starts, ends, roles, table.column), mask=lacks)

    def _whole(self, table: pa.Table, name: str) -> pa.Array:
        """A column of positions, whatever type it has."""
        array = _one(table.column(name))
        if pat.is_dictionary(array.type):
            array = array.dictionary.take(array.indices)
        if pat.is_floating(array.type):  # as which pandas and polars have numbers that lack
            array = pc.if_else(pc.is_nan(array), None, array)
        try:
            found = array.cast(pa.int64())
        except pa.ArrowException as error:
            raise format_error(
                self._file.source.name, None, f"column {name}, expected whole numbers: {error}"
            ) from None
        if (pc.max(found).as_py() or 0) > MAX_END:
            what = f"column {name}: a position past 2^62, where no region is"
            raise format_error(self._file.source.name, None, what)
        return found

    def _array(self, table: pa.Table, field: pa.Field, name: str | None) -> pa.Array:
        if self._as_they_are:
            return _one(table.column(name))
        if field.name == "chrom":
            return pa.DictionaryArray.from_arrays(self._codes(table), self._file.names)
        if field.name == "start":
            return self.start(table)
        return self.end(table) if field.name == "end" else _one(table.column(name))


def _usual(schema: pa.Schema) -> pa.Schema:
    """With the types that all of Arrow's functions know, instead of views and runs of them.

    polars writes texts as views, of which `take` has no idea.
    """
    return pa.schema([f.with_type(_usual_type(f.type)) for f in schema], schema.metadata)


def _usual_type(kind: pa.DataType) -> pa.DataType:
    if pat.is_dictionary(kind):
        return pa.dictionary(kind.index_type, _usual_type(kind.value_type), kind.ordered)
    if pat.is_struct(kind):
        return pa.struct([f.with_type(_usual_type(f.type)) for f in kind])
    if pat.is_list(kind) or pat.is_large_list(kind):
        make = pa.list_ if pat.is_list(kind) else pa.large_list
        return make(kind.value_field.with_type(_usual_type(kind.value_type)))
    if pat.is_run_end_encoded(kind):
        return _usual_type(kind.value_type)
    return {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}.get(kind, kind)


def _as_usual(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pat.is_run_end_encoded(column.type):
        column = pa.chunked_array(map(pc.run_end_decode, column.chunks), column.type.value_type)
    return column.cast(kind)


def _one(column: pa.ChunkedArray) -> pa.Array:
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def names_in(column: pa.ChunkedArray) -> list[str]:
    """The names that a column has, each once, in its order; some are a dictionary, or numbers."""
    found = pc.unique(column)
    return [name for name in _texts(found).to_pylist() if name is not None]


def _texts(array: pa.Array) -> pa.Array:
    if pat.is_dictionary(array.type):
        array = array.dictionary.take(array.indices)
    return array.cast(pa.string())


@contextmanager
def reading(path: str, title: str) -> Iterator[None]:
    """What pyarrow says of a broken file, as a FormatError."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
        if isinstance(error, FormatError) or getattr(error, "url", None):
            raise
        what = str(error).strip().split("\n")[0]
        raise FormatError(
            f"{path}: {title} file that cannot be read: {what}", path=path, offset=None
        ) from None
