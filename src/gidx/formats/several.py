"""Several files of one format as one: their rows one after the other, in the files' order.

    regions ─by file─▶ each file's plan ─▶ its groups ─▶ its rows ─▶ columns and chroms of all

Such as a file a chrom, as gnomAD and the 1000 Genomes have them. What may differ: chroms,
headers, columns that some files lack, which are missing there. What may not: the format,
the type of a column, samples. The header and the metadata are the first file's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.errors import FormatError
from gidx.formats.base import Format, Reader, Rows
from gidx.ground.boxes import Box
from gidx.ground.files import Files
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet, merged
from gidx.options import Names

_Planned = list[tuple[int, Ranges]]  # ranges by file


def samples_of(file: Format) -> list[str]:
    """The samples that each list under ``FORMAT/…`` is over, in its order; none of other files."""
    return list(schema.read_metadata(file.schema("canonical")).get("samples") or [])


class Several(Format):
    """Open files of one format, as one (a `Format`)."""

    def __init__(self, source: Files, files: Sequence[Format]) -> None:
        self.source, self.files = source, tuple(files)
        self.kind = files[0].kind
        for file in files[1:]:
            if file.kind != self.kind:
                raise FormatError(
                    f"{file.source.name}: a {file.kind} file, where {files[0].source.name} is "
                    f"{self.kind}; files that are opened as one are of one format",
                    path=file.source.name,
                    offset=None,
                )
        told = next(filter(None, map(samples_of, files)), [])
        for file in files:
            own = samples_of(file)
            if own and own != told:
                other = [f"{sample!r} is another" for sample in own if sample not in told]
                other += [f"{sample!r} is none of them" for sample in told if sample not in own]
                what = next(iter(other), "they stand in another order")
                raise FormatError(
                    f"{file.source.name}: its samples are not those of the files before, {what}; "
                    "take files of the same samples, or choose some with samples=[...]",
                    path=file.source.name,
                    offset=None,
                )
        self.is_apart = False  # a piece, whose texts know only their own chroms
        self.schema("canonical")  # raises where they do not fit
        self._asked: dict[int, tuple[RegionSet, RegionSet | None]] = {}

    # ── what they say of themselves ─────────────────────────────────────────────────────────────

    @cached_property
    def _chroms(self) -> dict[str, int | None]:
        found: dict[str, int | None] = {}
        by: dict[str, str] = {}
        for file in self.files:
            for name, size in file.chroms.items():
                known = found.setdefault(name, size)
                if None not in (known, size) and known != size:
                    raise FormatError(
                        f"{file.source.name}: {name} has {size:,} bases, in {by[name]} "
                        f"{known:,}; files that are opened as one are of one assembly",
                        path=file.source.name,
                        offset=None,
                    )
                if size is not None:
                    found[name] = size
                    by.setdefault(name, file.source.name)
        return found

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self._chroms

    @cached_property
    def names(self) -> pa.Array:
        """Chroms of all files, as the dictionary of the column."""
        return pa.array(list(self._chroms), pa.string())

    @cached_property
    def ids(self) -> list[npt.NDArray[np.int64]]:
        """For each file, which of all chroms its own are."""
        place = {name: i for i, name in enumerate(self._chroms)}
        return [np.array([place[name] for name in file.chroms], np.int64) for file in self.files]

    def schema(self, names: Names) -> pa.Schema:
        """Columns of the first file, then those that only later ones have."""
        first = self.files[0].schema(names)
        fields = {field.name: (field, self.files[0]) for field in first}
        for file in self.files[1:]:
            for field in file.schema(names):
                known, by = fields.setdefault(field.name, (field, file))
                if known.type != field.type:
                    raise FormatError(
                        f"{file.source.name}: column {field.name} is {field.type}, in "
                        f"{by.source.name} it is {known.type}; files that are opened as one have "
                        f"one type for a column: {file.retyped}",
                        path=file.source.name,
                        offset=None,
                    )
        return pa.schema([field for field, _ in fields.values()], first.metadata)

    @property
    def header(self) -> str:
        return self.files[0].header

    @property
    def index_kind(self) -> str | None:
        kinds = [file.index_kind for file in self.files]
        return None if None in kinds else kinds[0]

    def fields(self) -> pa.Table:
        tables = [file.fields() for file in self.files]
        rows = {row["name"]: row for table in reversed(tables) for row in table.to_pylist()}
        names = self.schema("canonical").names
        return pa.Table.from_pylist([rows[name] for name in names], tables[0].schema)

    def row_count(self) -> int | None:
        counts = [file.row_count() for file in self.files]
        return None if None in counts else sum(cast(list[int], counts))

    def info(self) -> dict[str, Any]:
        return {"files": len(self.files), **self.files[0].info(), "rows": self.row_count()}

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def of_file(self, i: int, regions: RegionSet | None) -> RegionSet | None:
        """Regions of one file, by its own numbers of chroms; kept, since groups ask again."""
        if regions is None:
            return None
        known = self._asked.get(i)
        if known is not None and known[0] is regions:
            return known[1]
        own = np.full(len(self._chroms), -1, np.int64)
        own[self.ids[i]] = np.arange(len(self.ids[i]))
        chrom = own[regions.chrom]
        there = chrom >= 0
        found = merged(chrom[there], regions.start[there], regions.end[there], len(self.ids[i]))
        found = RegionSet(found.first, found.start, found.end, found.chrom, regions.owned)
        self._asked[i] = regions, found
        return found

    def settle(self, regions: RegionSet | None) -> None:
        for i, file in enumerate(self.files):
            own = None if regions is None or not len(regions) else self.of_file(i, regions)
            if regions is None or own is None or len(own):
                file.settle(own if own is not None else regions)

    def plan(self, regions: RegionSet | None) -> Ranges:
        planned: _Planned = []
        for i, file in enumerate(self.files):
            own = self.of_file(i, regions)
            if own is None or len(own):
                planned.append((i, file.plan(own)))
        return cast(Ranges, planned)

    @property
    def is_placed(self) -> bool:  # type: ignore[override]
        return all(file.is_placed for file in self.files)

    def among(self, boxes: Sequence[Box]) -> Ranges:
        return cast(Ranges, [(i, file.among(boxes)) for i, file in enumerate(self.files)])

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterator[tuple[int, Any]]:
        planned = cast(_Planned, ranges)
        return chain.from_iterable(self._groups(i, some, size) for i, some in planned)

    def _groups(self, i: int, ranges: Ranges, size: int | None) -> Iterator[tuple[int, Any]]:
        return ((i, group) for group in self.files[i].groups(ranges, size))

    def fetch(self, group: tuple[int, Any], regions: RegionSet | None = None) -> tuple[int, Any]:
        i, own = group
        return i, self.files[i].fetch(own, self.of_file(i, regions))

    def count(self, blocks: tuple[int, Any], regions: RegionSet | None) -> int:
        i, own = blocks
        return self.files[i].count(own, self.of_file(i, regions))

    def reader(self, columns: Sequence[int], names: Names) -> SeveralReader:
        return SeveralReader(self, columns, names)

    # ── pieces ──────────────────────────────────────────────────────────────────────────────────

    def work(self, parts: int) -> Work:
        """Of each file, one behind the other; a chrom that is in several is read of each."""
        works = [file.work(parts) for file in self.files]
        if any(None in work.chroms for work in works):
            return self._by_bytes(works)
        found, done = works[0], float(works[0].before[-1]) if len(works[0].before) else 0.0
        for work in works[1:]:
            least = float(work.before[0]) if len(work.before) else 0.0
            moved = Work(work.chroms, work.first, work.position, work.before - least + done)
            done = float(moved.before[-1]) if len(moved.before) else done
            found = found.then(moved)
        return found.each_chrom_once()

    def _by_bytes(self, works: Sequence[Work]) -> Work:
        """Of files of which one has no index at least: in bytes of all of them."""
        position, before = [], []
        for file, work, at in zip(self.files, works, self._offsets, strict=True):
            cut = _is_cut(work)
            position += ((work.position if cut else np.zeros(2)) + at).tolist()
            before += ((work.before if cut else np.array([0, file.source.size])) + at).tolist()
        marks = np.array(position, np.float64), np.array(before, np.float64)
        return Work([None], np.array([0, len(position)]), *marks)

    @cached_property
    def _offsets(self) -> list[int]:
        """The bytes of all files before each."""
        return list(accumulate((file.source.size for file in self.files[:-1]), initial=0))

    def between(self, lo: int, hi: int) -> tuple[Several, Ranges]:
        """Rows that begin in these bytes of all files; of a file that cannot be cut, all."""
        made = copy.copy(self)
        made.is_apart = True
        planned: _Planned = []
        files = list(self.files)
        for i, (file, at) in enumerate(zip(self.files, self._offsets, strict=True)):
            size = file.source.size
            if _is_cut(file.work(1)):
                if lo < at + size and hi > at:
                    files[i], ranges = file.between(max(lo - at, 0), min(hi - at, size))
                    planned.append((i, ranges))
            elif lo <= at < hi:
                file.settle(None)
                planned.append((i, file.plan(None)))
        made.files = tuple(files)
        return made, cast(Ranges, planned)


def _is_cut(work: Work) -> bool:
    """Whether it counts in bytes, and may be cut between any two."""
    return list(work.chroms) == [None] and work.position[0] < work.position[-1]


class SeveralReader:
    """Some columns of several files (a `Reader`)."""

    def __init__(self, files: Several, columns: Sequence[int], names: Names) -> None:
        whole = files.schema(names)
        self._files = files
        self.schema = pa.schema([whole.field(i) for i in columns], whole.metadata)
        self._readers: list[Reader] = []
        self._places: list[list[int]] = []  # of each file's columns; -1 for what it lacks
        for file in files.files:
            own = file.schema(names).names
            wanted = [name for name in dict.fromkeys(self.schema.names) if name in own]
            self._readers.append(file.reader([own.index(name) for name in wanted], names))
            place = {name: at for at, name in enumerate(wanted)}
            self._places.append([place.get(name, -1) for name in self.schema.names])

    def decode(self, blocks: tuple[int, Any], regions: RegionSet | None) -> Rows:
        i, own = blocks
        return self._rows(i, self._readers[i].decode(own, self._files.of_file(i, regions)))

    def _rows(self, i: int, rows: Rows) -> Rows:
        placed = zip(self._places[i], self.schema, strict=True)
        arrays = [self._column(i, rows.batch, at, field) for at, field in placed]
        batch = schema.batch(arrays, self.schema, rows.batch.num_rows)
        rest = rows.rest
        return Rows(batch, rows.problems, None if rest is None else lambda: self._rows(i, rest()))

    def _column(self, i: int, batch: pa.RecordBatch, at: int, field: pa.Field) -> pa.Array:
        if at < 0:
            return pa.nulls(batch.num_rows, field.type)
        column = batch.column(at)
        if self._files.is_apart:
            return column  # with the chroms of this text alone
        if field.type != schema.CHROM or len(column.dictionary) != len(self._files.ids[i]):
            return column
        ids = pa.array(self._files.ids[i], pa.int32())
        if not column.dictionary.equals(self._files.names.take(ids)):
            return column  # not of chroms
        return pa.DictionaryArray.from_arrays(ids.take(column.indices), self._files.names)
