"""A pyarrow dataset of an open file, which engines ask by columns and filter.

    filter ─tiles: fragments that are never opened─▶ boxes ─▶ regions ─▶ rows, filtered exactly

An expression of Arrow cannot be read, but Arrow tells which fragments it could be true of: those
of a chrom, of a tile of starts, of a tile of ends. Tiles that remain are cut finer at their edges
until they are bounds. What Arrow cannot tell of is scanned.

The base class is one of files, of one file that cannot be opened: functions of pyarrow that pass
over the methods below, such as a union with other datasets, raise and say so. With a plain
`Dataset` as the base they ended the process.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from pyarrow import fs

from gidx.arrow.batches import sliced
from gidx.engines import bounds, rows
from gidx.errors import visible
from gidx.ground.boxes import ANY, Box, InBoxes, Range
from gidx.ground.pieces import Piece
from gidx.ground.region import MAX_END, Region
from gidx.scan import OpenFile

_FORMAT = pads.IpcFileFormat()
_TRUE = pc.scalar(True)


class _Closed(fs.FileSystemHandler):
    """Files that are read by their dataset only."""

    def __getattribute__(self, name: str) -> Any:
        if name in _VERBS:
            return _refuse
        return object.__getattribute__(self, name)

    def get_type_name(self) -> str:
        return "gidx"

    def normalize_path(self, path: str) -> str:
        return path


_VERBS = frozenset(fs.FileSystemHandler.__abstractmethods__) - {"get_type_name", "normalize_path"}
_Closed.__abstractmethods__ = frozenset()


def _refuse(*_: Any) -> Any:
    raise NotImplementedError(
        "pyarrow cannot read this dataset by itself: ask its scanner(), to_table(), to_batches() "
        "or to_reader(), or write it to Parquet with gidx.to_parquet"
    )


class IndexedDataset(pads.FileSystemDataset):
    """An open file as a pyarrow dataset: ``scanner(columns=, filter=)`` reads regions.

    ``chrom`` and all that gidx has as a dictionary is plain text. `Dataset.to_dataset` makes it.
    """

    def __init__(
        self, file: OpenFile, regions: Any = None, filter: pc.Expression | None = None, **how: Any
    ) -> None:
        self._file, self._regions, self._filter, self._how = file, regions, filter, how
        self._plain = rows.plain_schema(file)
        system = fs.PyFileSystem(_Closed())
        super().__init__([_FORMAT.make_fragment(file.path, system)], self._plain, _FORMAT, system)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self._file, self._regions, self._filter, self._how)

    def __repr__(self) -> str:
        names = visible(", ".join(self._plain.names))
        return f"<gidx dataset of {self._file.path!r}: {names}>"

    @property
    def schema(self) -> pa.Schema:
        """The schema: text where the file's own has dictionaries."""
        return self._plain

    @property
    def partition_expression(self) -> pc.Expression:
        """What is true of all rows; nothing that is known."""
        return _TRUE

    @property
    def files(self) -> list[str]:
        """The path of the file."""
        return [self._file.path]

    # ── reading ─────────────────────────────────────────────────────────────────────────────────

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,
        batch_size: int | None = None,
        use_threads: bool = True,
        **options: Any,
    ) -> Scanner:
        """A scan of these columns, of the rows that a filter lets through.

        ``batch_size`` is the most rows of a batch. Options about how files are read
        (``batch_readahead`` and the like) are left out: they are not read by pyarrow.
        """
        del options
        how = _scanning(self._how, batch_size, use_threads)
        both = _and(self._filter, filter)
        return Scanner(self._file, self._asked(both), self._plain, _names(columns), both, how)

    def _asked(self, filter: pc.Expression | None) -> Any:
        """Regions that hold the rows of a filter; those of the user where there are some."""
        # Rows have to overlap the user's regions, and be in the boxes: no region says both.
        if filter is None or self._regions is not None:
            return self._regions
        return bounds.useful(self._file, boxes(filter, self._plain, self._file.chroms))

    def get_fragments(self, filter: pc.Expression | None = None) -> Iterator[Fragment]:
        """Pieces of the file that may have rows of the filter, to be read in parallel.

        One without rows where none may: DataFusion cannot sort, or limit, the rows of no pieces.
        """
        asked = self._asked(_and(self._filter, filter))
        missing = self._how.get("missing_chroms", "error")
        pieces: list[Any] = [asked]
        if not isinstance(asked, InBoxes):
            pieces = self._file.partitions(regions=asked, missing_chroms=missing)
        for piece in pieces or [NOWHERE]:
            yield Fragment(self._file, piece, self._plain, self._filter, self._how)

    def to_batches(self, **options: Any) -> Iterator[pa.RecordBatch]:
        """Rows as record batches; as `scanner`."""
        return self.scanner(**options).to_batches()

    def to_table(self, **options: Any) -> pa.Table:
        """Rows as a Table; as `scanner`."""
        return self.scanner(**options).to_table()

    def head(self, num_rows: int, **options: Any) -> pa.Table:
        """The first rows."""
        return self.scanner(**options).head(num_rows)

    def take(self, indices: Any, **options: Any) -> pa.Table:
        """Rows by their numbers; the file is read for them."""
        return self.scanner(**options).take(indices)

    def count_rows(self, filter: pc.Expression | None = None, **options: Any) -> int:
        """How many rows there are."""
        return self.scanner(filter=filter, **options).count_rows()

    # ── other datasets ──────────────────────────────────────────────────────────────────────────

    def filter(self, expression: pc.Expression | None) -> IndexedDataset:
        """The rows that a filter lets through, and that earlier ones did."""
        both = _and(self._filter, expression)
        return IndexedDataset(self._file, self._regions, both, **self._how)

    def replace_schema(self, schema: pa.Schema) -> pads.Dataset:
        """Not possible but for its own: types are those of the file."""
        if schema.equals(self._plain):
            return self
        raise NotImplementedError(
            "columns have the types that the file declares; give others with types= of gidx.open, "
            "or cast the table"
        )

    def sort_by(self, sorting: Any, **options: Any) -> pads.Dataset:
        """The rows in another order, in memory."""
        return pads.InMemoryDataset(self.to_table(**options).sort_by(sorting))

    def join(self, right_dataset: Any, *args: Any, **options: Any) -> pads.Dataset:
        """A join with another dataset, in memory."""
        return self._in_memory().join(_in_memory(right_dataset), *args, **options)

    def join_asof(self, right_dataset: Any, *args: Any, **options: Any) -> pads.Dataset:
        """A join with the nearest rows of another dataset, in memory."""
        return self._in_memory().join_asof(_in_memory(right_dataset), *args, **options)

    def _in_memory(self) -> pads.InMemoryDataset:
        return pads.InMemoryDataset(self.to_table())


def _again(
    file: OpenFile, regions: Any, filter: pc.Expression | None, how: dict[str, Any]
) -> IndexedDataset:
    return IndexedDataset(file, regions, filter, **how)


def _in_memory(other: Any) -> Any:
    return other._in_memory() if isinstance(other, IndexedDataset) else other


def _and(one: pc.Expression | None, other: pc.Expression | None) -> pc.Expression | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _scanning(own: Mapping[str, Any], batch_size: int | None, use_threads: bool) -> dict[str, Any]:
    """How rows are read: as the dataset was told to, in no larger batches than are asked for."""
    how = dict(own)
    if batch_size is not None:
        how["batch_size"] = min(batch_size, how.get("batch_size") or batch_size)
    if not use_threads:
        how["threads"] = 1
    return how


def _names(columns: Any) -> list[str] | None:
    if columns is None:
        return None
    if isinstance(columns, (str, dict)):
        raise TypeError(
            f"columns is a {type(columns).__name__}, expected a list of names; compute others "
            "from the table"
        )
    return list(columns)


class Scanner:
    """One scan of a file: what `IndexedDataset.scanner` returns.

    Not one of pyarrow's, which reads a Python generator on threads of its own: left early, it
    hung, or aborted the process at its exit.
    """

    def __init__(
        self,
        file: OpenFile,
        asked: Any,
        schema: pa.Schema,
        columns: list[str] | None,
        filter: pc.Expression | None,
        how: dict[str, Any],
    ) -> None:
        self._file, self._asked, self._schema, self._filter = file, asked, schema, filter
        self._columns, self._how = columns, how
        _, self.projected_schema = rows.projected(schema, columns, filter)
        self.dataset_schema = schema

    def _scan(self, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
        return rows.scan(self._file, self._asked, self._schema, columns, self._filter, **self._how)

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """Rows as record batches."""
        return self._scan(self._columns)

    def to_reader(self) -> pa.RecordBatchReader:
        """Rows as a stream."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self.to_batches())

    def to_table(self) -> pa.Table:
        """Rows as a Table."""
        return pa.Table.from_batches(self.to_batches(), self.projected_schema)

    def scan_batches(self) -> Iterator[Any]:
        """Not possible: batches are of no fragment of pyarrow's."""
        raise NotImplementedError("batches have no fragments here; use to_batches()")

    def head(self, num_rows: int) -> pa.Table:
        """The first rows."""
        found, left = [], num_rows
        batches: Any = self.to_batches()
        with closing(batches):
            for batch in batches if left > 0 else ():
                found.append(sliced(batch, 0, left))
                left -= found[-1].num_rows
                if left <= 0:
                    break
        return pa.Table.from_batches(found, self.projected_schema)

    def take(self, indices: Any) -> pa.Table:
        """Rows by their numbers."""
        rows = (
            indices
            if isinstance(indices, pa.Array | pa.ChunkedArray)
            else pa.array(indices, pa.int64())
        )
        return self.to_table().take(rows)

    def count_rows(self) -> int:
        """How many rows there are."""
        if self._filter is None:
            missing = self._how.get("missing_chroms", "error")
            return self._file.count_rows(self._asked, missing_chroms=missing)
        return sum(batch.num_rows for batch in self._scan([]))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.to_reader().__arrow_c_stream__(requested_schema)


NOWHERE: list[Any] = []  # regions that no row is in


class Fragment:
    """A piece of a file, which owns the rows that start in it."""

    def __init__(
        self,
        file: OpenFile,
        piece: Any,
        schema: pa.Schema,
        filter: pc.Expression | None,
        how: dict[str, Any],
    ) -> None:
        self._file, self._piece, self._filter, self._how = file, piece, filter, how
        self.physical_schema = schema

    def __repr__(self) -> str:
        p = self._piece
        if p == NOWHERE:
            return f"<gidx fragment of {self._file.path!r}: no rows>"
        if isinstance(p, InBoxes):
            return f"<gidx fragment of {self._file.path!r}: rows in {len(p.boxes)} boxes>"
        place = f"bytes {p.lo}-{p.hi}" if p.chrom is None else str(Region(p.chrom, p.lo, p.hi))
        return f"<gidx fragment of {self._file.path!r}: {visible(place)}>"

    @property
    def partition_expression(self) -> pc.Expression:
        """What is true of all its rows."""
        chrom = self._piece.chrom if isinstance(self._piece, Piece) else None
        return _TRUE if chrom is None else pc.field("chrom") == chrom

    def scanner(
        self,
        schema: pa.Schema | None = None,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,
        batch_size: int | None = None,
        use_threads: bool = True,
        **options: Any,
    ) -> Scanner:
        """A scan of this piece; as that of the dataset."""
        del schema, options
        how = _scanning(self._how, batch_size, use_threads)
        both = _and(self._filter, filter)
        plain = self.physical_schema
        return Scanner(self._file, self._piece, plain, _names(columns), both, how)

    def to_batches(self, **options: Any) -> Iterator[pa.RecordBatch]:
        """Rows as record batches."""
        return self.scanner(**options).to_batches()

    def to_table(self, **options: Any) -> pa.Table:
        """Rows as a Table."""
        return self.scanner(**options).to_table()

    def head(self, num_rows: int, **options: Any) -> pa.Table:
        """The first rows."""
        return self.scanner(**options).head(num_rows)

    def count_rows(self, **options: Any) -> int:
        """How many rows it has."""
        return self.scanner(**options).count_rows()


# ── what a filter may be true of ────────────────────────────────────────────────────────────────

# Chroms that are looked at one by one. More are looked at as one: 26 us a tile.
_APART = 8
_LEVELS = tuple(16**n for n in range(8, -1, -1))  # widths of tiles; the widest is past any chrom
_RUNS = 16  # of tiles, between gaps
_KEPT = 1 << 16  # bytes of a filter whose boxes are kept; one may name a million values


def boxes(filter: pc.Expression, schema: pa.Schema, chroms: Collection[str]) -> list[Box]:
    """Where the rows are that a filter lets through.

    >>> schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()})
    >>> start, chrom = pc.field("start"), pc.field("chrom")
    >>> (box,) = boxes((chrom == "a") & (start < 90) & (start > 7), schema, ["a", "b"])
    >>> box.chroms, box.start, box.end.is_bounded
    (frozenset({'a'}), Range(lo=8, hi=89), False)
    """
    told, names = pickle.dumps(filter), tuple(chroms)
    ask = _boxes if len(told) <= _KEPT else _boxes.__wrapped__
    return list(ask(told, schema.remove_metadata().serialize().to_pybytes(), names))


@lru_cache(64)  # engines ask each of their tasks the same: 10 ms, again 0.1 ms
def _boxes(told: bytes, plain: bytes, chroms: Sequence[str]) -> Sequence[Box]:
    """`boxes` of what can be a key: an expression of Arrow has no hash."""
    filter, schema = pickle.loads(told), pa.ipc.read_schema(pa.py_buffer(plain))
    chrom, names = pc.field("chrom"), [*chroms, None]
    known = [chrom.is_null() if name is None else chrom == name for name in names]
    there = [names[i] for i in _possible(filter, schema, known)]
    if len(there) > _APART:
        return _bounded(filter, schema, _TRUE, None if len(there) == len(names) else there)
    found = []
    for name in there:
        found += _bounded(filter, schema, known[names.index(name)], [name])
    return found


def _possible(
    filter: pc.Expression, schema: pa.Schema, known: Sequence[pc.Expression]
) -> list[int]:
    """Which of what is known leaves it open that the filter is true."""
    system = fs.LocalFileSystem()
    tiles = [_FORMAT.make_fragment(str(i), system, e) for i, e in enumerate(known)]
    dataset = pads.FileSystemDataset(tiles, schema, _FORMAT, system)
    try:
        return [int(tile.path) for tile in dataset.get_fragments(filter=filter)]
    except pa.ArrowInvalid:  # a float of the filter that a bound of a tile does not fit
        return list(range(len(known)))


def _bounded(
    filter: pc.Expression, schema: pa.Schema, known: pc.Expression, names: list[str | None] | None
) -> list[Box]:
    chroms = None if names is None else frozenset(names)
    starts = _runs(filter, schema, known, "start")
    ends = _runs(filter, schema, known, "end")
    if not starts or not ends:
        return []
    # Of what start and end say together, Arrow tells nothing: each start may go with any end.
    end = Range(ends[0].lo, ends[-1].hi)
    return [Box(chroms, start, end) for start in starts]


def _runs(
    filter: pc.Expression, schema: pa.Schema, known: pc.Expression, column: str
) -> list[Range]:
    """Between which values of a column the filter may be true; [ANY] where nothing is told."""
    field = pc.field(column)
    top = _LEVELS[0]
    outer = [field.is_null(), field < 0, field >= top, (field >= 0) & (field < top)]
    there = _possible(filter, schema, [known & tile for tile in outer])
    if 0 in there or there == [1, 2, 3]:  # a row without a position may be anywhere
        return [ANY]
    found = [(0, top)] if 3 in there else []
    for wide, width in pairwise(_LEVELS):
        # only at the edges of a run; what lies between them is in it
        edges = sorted({at for lo, hi in found for at in (lo, hi - wide)})
        tiles = [at for edge in edges for at in range(edge, edge + wide, width)]
        if width == 1:  # Arrow does not know that numbers between 7 and 8 are 7
            tests = [known & (field == at) for at in tiles]
        else:
            tests = [known & (field >= at) & (field < at + width) for at in tiles]
        kept = [tiles[i] for i in _possible(filter, schema, tests)]
        inner = [(lo + wide, hi - wide) for lo, hi in found if hi - lo > 2 * wide]
        found = _joined(sorted([*((at, at + width) for at in kept), *inner]))
        if len(found) > _RUNS:
            found = [(found[0][0], found[-1][1])]
    before = [(-MAX_END, 0)] if 1 in there else []
    behind = [(top, MAX_END + 1)] if 2 in there else []
    return [Range(lo, hi - 1) for lo, hi in _joined([*before, *found, *behind])]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without those that touch."""
    found: list[tuple[int, int]] = []
    for lo, hi in spans:
        if found and found[-1][1] >= lo:
            found[-1] = (found[-1][0], max(hi, found[-1][1]))
        else:
            found.append((lo, hi))
    return found
