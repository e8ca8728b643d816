"""What a user hands to a writer, as one thing: a `Batches` of plain Arrow batches.

    stays in memory      pandas DataFrame (any dtypes; its index is left out, and
                         a warning says so if it has a name),
                         pyarrow Table or RecordBatch, dict of columns
    a stream, read once  anything with ``__arrow_c_stream__`` (RecordBatchReader, polars,
                         duckdb, a gidx Dataset), a pyarrow Dataset, Fragment or Scanner,
                         a LazyFrame of polars, a frame of Dask, and iterables of any of
                         all these

A writer of text takes rows as they come (`flow`). Others pass over them several times and,
to sort, in any order (`frame`). So there a stream of more than `tuning.spool_bytes` goes to an
unlinked file beside the target (the folder for temporary files is memory on many
machines), in Arrow's IPC format, which is then mapped into memory: pages come and go as
they are used, and all else is one code path.

Plain types: numbers, bool, string, large_string, dictionaries of texts, lists,
fixed-size lists, structs. Views, run-end encoding, extension types and dictionaries
inside of others are turned into these; the values that a dictionary could have are
remembered. Types that no text stands for (time, decimal) pass; the declaration says
no to them. Chroms that are whole numbers (what `pandas.read_csv` makes of 1 to 22, and of
1 to X a mixture) are texts, as they are wherever gidx asks for a chrom.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import mmap
import os
import queue
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import schema as canonical
from gidx.arrow.lists import is_list
from gidx.errors import WriteError, hint, warn
from gidx.ground.conventions import chrom_column, roles_of
from gidx.ground.pool import thread_count
from gidx.ground.region import chrom_name
from gidx.ground.tuning import tuning

# A mapped page counts as ours until it is given back; every 128 MB they are.
_RELEASE = 128 * 2**20

# The most values that make a dictionary an enum: readers look through all for each row.
MOST_VALUES = 256

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batches:
    """Batches of one schema, rows by number; ``categories`` are dictionaries' values."""

    schema: pa.Schema
    batches: list[pa.RecordBatch]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mapped: mmap.mmap | None = None
    _starts: Numbers = field(init=False, repr=False)
    _read: list[int] = field(default_factory=lambda: [0], repr=False)

    def __post_init__(self) -> None:
        starts = np.cumsum([0, *(batch.num_rows for batch in self.batches)], dtype=np.int64)
        object.__setattr__(self, "_starts", starts)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def about(self) -> dict[str, Any]:
        """gidx's own metadata."""
        return canonical.read_metadata(self.schema)

    @property
    def row_bytes(self) -> float:
        """Bytes of Arrow memory that a row takes, on average."""
        return sum(batch.nbytes for batch in self.batches) / max(len(self), 1)

    def rows(self, start: int, stop: int, columns: Sequence[str]) -> pa.RecordBatch:
        """Rows ``start`` to ``stop``, without a copy where they lie in one batch."""
        first = int(np.searchsorted(self._starts, start, side="right")) - 1
        pieces = []
        while start < stop:
            batch, at = self.batches[first], start - int(self._starts[first])
            piece = batch.select(columns).slice(at, stop - start)
            pieces.append(piece)
            start += piece.num_rows
            first += 1
        return self._one(pieces, columns)

    def take(self, rows: Numbers, columns: Sequence[str]) -> pa.RecordBatch:
        """These rows, in this order."""
        which = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(which, kind="stable")
        used, firsts = np.unique(which[order], return_index=True)
        pieces = []
        for batch, some in zip(used, np.split(order, firsts[1:]), strict=True):
            inside = pa.array(rows[some] - self._starts[batch])
            pieces.append(self.batches[batch].select(columns).take(inside))
        whole = self._one(pieces, columns)
        if len(used) < 2:
            return whole
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return whole.take(pa.array(back))

    def longest(self, column: str) -> int:
        """Bytes of the longest text in a column."""
        most = 0
        for batch in self.batches:
            array = batch.column(column)
            texts = array.dictionary if pat.is_dictionary(array.type) else array
            lengths = pc.call_function("binary_length", [texts]).fill_null(0).to_numpy()
            most = max(most, int(lengths.max(initial=0)))
        return most

    def _one(self, pieces: list[pa.RecordBatch], columns: Sequence[str]) -> pa.RecordBatch:
        self._release(pieces)
        if len(pieces) == 1:
            return pieces[0]
        whole = pa.Table.from_batches(pieces, pa.schema([self.schema.field(c) for c in columns]))
        return _batch(whole)

    def _release(self, pieces: Sequence[pa.RecordBatch]) -> None:
        """Give pages of the mapped file back, now and then; they can be read again."""
        if self.mapped is None or not hasattr(mmap, "MADV_DONTNEED"):
            return
        self._read[0] += sum(piece.nbytes for piece in pieces)
        if self._read[0] > _RELEASE:
            self._read[0] = 0
            self.mapped.madvise(mmap.MADV_DONTNEED)


@contextmanager
def frame(
    data: Any, beside: str | os.PathLike[str] | None = None, *, no_nan: bool = False
) -> Iterator[Batches]:
    """The rows of ``data``; a large stream is spooled to a file beside this path.

    `Batches` are passed on, so that one may look at data before they are written. ``no_nan``
    says that NaN in numpy's columns of pandas, which has no other word there, is missing.
    """
    if isinstance(data, Batches):
        yield data
        return
    table = _table(data, no_nan)
    if table is not None:
        yield _in_memory(table)
        return
    with ExitStack() as stack:
        source = _Stream()
        batches, mapped = _collect(source.plain(_items(data, no_nan)), beside, stack)
        if source.schema is None:
            raise WriteError("the data have no rows and no columns", row=None)
        found = Batches(source.schema, batches, source.categories, mapped)
        try:
            yield found
        finally:
            found.batches.clear()  # they hold the map


@dataclass(frozen=True)
class Flow:
    """Rows that pass once, in batches; ``categories`` are what is known before they do."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    categories: Mapping[str, tuple[str, ...]]

    @property
    def about(self) -> dict[str, Any]:
        """gidx's own metadata."""
        return canonical.read_metadata(self.schema)


def flow(data: Any, *, no_nan: bool = False) -> Flow:
    """The rows of ``data`` as they come: nothing is kept of a stream; otherwise as `frame`."""
    if isinstance(data, Flow):
        return data
    if isinstance(data, Batches):
        return Flow(data.schema, iter(data.batches), data.categories)
    table = _table(data, no_nan)
    if table is not None:
        whole = _in_memory(table)
        return Flow(whole.schema, iter(whole.batches), whole.categories)
    source = _Stream()
    batches = source.plain(_items(data, no_nan))
    first = next(batches, None)  # until it comes, columns may have no type
    if source.schema is None:
        raise WriteError("the data have no rows and no columns", row=None)
    found = batches if first is None else itertools.chain([first], batches)
    return Flow(source.schema, found, source.categories)


# ── kinds of data ───────────────────────────────────────────────────────────────────────────────


def in_memory(data: Any) -> bool:
    """Whether all rows are there, rather than to come."""
    return is_pandas(data) or isinstance(data, (Batches, pa.Table, pa.RecordBatch, Mapping))


def _table(data: Any, no_nan: bool) -> pa.Table | None:
    """What lies in memory already, as a Table."""
    if is_pandas(data):
        return _from_pandas(as_told(data), no_nan)
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, Mapping):
        lone = next((n for n, v in data.items() if isinstance(v, (str, bytes, Real))), None)
        if lone is not None:
            raise WriteError(
                f"the data are a dict whose {lone!r} is {data[lone]!r}, expected a column; of rows "
                "that are dicts make a frame: pd.DataFrame(rows)",
                row=None,
            )
        return _converted("the data", lambda: pa.table(data))
    return None


def _items(data: Any, no_nan: bool) -> Iterator[pa.Table | pa.RecordBatch]:
    """The pieces of a stream; a piece without rows still has columns."""
    if isinstance(data, Flow):
        yield data.schema.empty_table()
        yield from data.batches
    elif (reader := _reader(data)) is not None:
        fields = [f.with_type(bare_type(f.type)) for f in reader.schema]
        yield pa.schema(fields, reader.schema.metadata).empty_table()
        yield from reader
    elif hasattr(data, "__arrow_c_array__"):
        yield _converted(type(data).__name__, lambda: pa.record_batch(data))
    elif _is_lazy(data):
        yield data.head(0).collect().to_arrow()  # a query without rows still has columns
        for part in _lazy_parts(data):
            yield part.to_arrow()
    elif is_dask(data):
        for part in dask_parts(data):
            yield _from_pandas(part, no_nan)
    elif isinstance(data, Iterable) and not isinstance(data, (str, bytes)):
        for item in data:
            table = _table(item, no_nan)
            if table is not None:
                yield table
            else:
                yield from _items(item, no_nan)
    else:
        raise WriteError(
            f"cannot read rows from {type(data).__name__}; expected a DataFrame, a pyarrow Table "
            "or Dataset, anything with __arrow_c_stream__, or an iterable of them",
            row=None,
        )


def _reader(data: Any) -> pa.RecordBatchReader | None:
    """What reads a stream of batches; None for what is no such stream."""
    if isinstance(data, pa.RecordBatchReader):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        if hasattr(data, "scan"):  # a Dataset, whose errors lose their words in a C stream
            return data.scan()
        what = type(data).__name__
        return _converted(what, lambda: pa.RecordBatchReader.from_stream(data))
    kinds = sys.modules.get("pyarrow.dataset")  # who has one has imported it
    if kinds is not None and isinstance(data, (kinds.Dataset, kinds.Fragment)):
        data = data.scanner()
    return data.to_reader() if kinds is not None and isinstance(data, kinds.Scanner) else None


def _is_lazy(data: Any) -> bool:
    """Whether it is a query of polars, without importing polars to ask."""
    kind = type(data)
    return kind.__name__ == "LazyFrame" and kind.__module__.partition(".")[0] == "polars"


def is_dask(data: Any) -> bool:
    """Whether it is a frame of Dask, without importing Dask to ask."""
    return type(data).__module__.partition(".")[0] == "dask" and hasattr(data, "to_delayed")


def dask_parts(data: Any) -> Iterator[Any]:
    """The partitions of a frame, in order; a few are computed at once, and no more kept."""
    import dask.base

    yield data._meta  # a frame without rows still has columns
    parts = data.to_delayed()
    ahead = thread_count(None)
    for i in range(0, len(parts), ahead):
        yield from dask.base.compute(*parts[i : i + ahead])


def _lazy_parts(query: Any) -> Iterator[Any]:
    """The frames that a query gives, in order, as they come where polars can (since 1.34).

    By a callback and a thread of ours, which has ended when this has. `collect_batches` leaves
    one of polars' behind: where a writer raised, one process in six was aborted at its exit.
    """
    if not hasattr(query, "sink_batches"):
        yield query.collect()
        return
    parts: queue.Queue[Any] = queue.Queue(2)
    left = threading.Event()

    def take(part: Any) -> bool:
        parts.put(part)
        return left.is_set()  # no more is needed

    def run() -> None:
        last = None
        try:
            query.sink_batches(
                take, chunk_size=tuning.write_rows, maintain_order=True, engine="streaming"
            )
        except BaseException as error:
            last = error
        parts.put(_Last(last))

    def leave() -> None:
        left.set()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                parts.get(timeout=0.01)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    atexit.register(leave)  # an error that nobody caught keeps this generator to the end
    try:
        while not isinstance(part := parts.get(), _Last):
            yield part
        if part.error is not None:
            raise part.error
    finally:
        leave()
        atexit.unregister(leave)


@dataclass(frozen=True)
class _Last:
    """The end of a query, or what ended it."""

    error: BaseException | None


def is_pandas(data: Any) -> bool:
    """Whether it is a pandas DataFrame, without importing pandas to ask."""
    return any(
        cls.__name__ == "DataFrame" and cls.__module__.partition(".")[0] == "pandas"
        for cls in type(data).__mro__
    )


def as_told(data: Any, *, end: bool = True) -> Any:
    """A frame of pandas with the columns that `df.gidx.set` named as chrom, start, end, 0-based.

    So what was said there holds for `gidx.write_bed(df, …)` as it does for `df.gidx.to_bed(…)`.
    ``end`` False: without one that no column says. Other data, and frames of which nothing
    was said, are returned themselves.
    """
    about = data.attrs.get(canonical.KEY) if is_pandas(data) else None
    if not isinstance(about, str) or '"roles"' not in about:
        return data
    roles = roles_of(data)
    found = data.gidx.canonical()  # of the accessor, whose note it is
    return found if end or roles.end is not None else found.drop(columns="end")


def warn_of_index(data: Any) -> None:
    """Say that a frame's index is not written, if it has a name that no column has.

    pandas writes it (`to_csv`, `to_parquet`), so who has called ``set_index("name")`` may
    expect a column. Of an index without a name, such as that of chosen rows, nobody does.
    """
    known = {None, *data.columns}
    names = [str(name) for name in data.index.names if name not in known]
    if names:
        shown = ", ".join(map(repr, names))
        warn(
            f"the index {shown} is not written; df.reset_index() makes it a column, "
            "df.reset_index(drop=True) drops it"
        )


def _from_pandas(data: Any, no_nan: bool) -> pa.Table:
    warn_of_index(data)
    names = [str(c) for c in data.columns]
    chrom = chrom_column(names)
    at = None if chrom is None else names.index(chrom)
    # pandas has floats for columns without a value, such as those of DataFrame({"chrom": []})
    bare = at is not None and len(data) == 0 and data.dtypes.iloc[at] == np.float64
    columns = [
        _from_series(data.iloc[:, i], is_chrom=i == at, bare=bare, no_nan=no_nan)
        for i in range(data.shape[1])
    ]
    about = data.attrs.get(canonical.KEY)
    metadata = {canonical.KEY: about} if isinstance(about, str) else None
    return pa.Table.from_arrays(columns, names, metadata=metadata)


def _from_series(
    series: Any, *, is_chrom: bool, bare: bool, no_nan: bool
) -> pa.Array | pa.ChunkedArray:
    """A column; NaN in a numpy float column stays a number where a format can write it."""
    if hasattr(series, "sparse"):  # of which Arrow knows nothing
        series = series.sparse.to_dense()
    kind, name = getattr(series.dtype, "kind", "O"), str(series.name)
    if bare and series.dtype == np.float64:
        return pa.nulls(0)
    series = in_native_order(series)
    if isinstance(series.dtype, np.dtype) and kind in "biuf":
        values = series.to_numpy()
        return _converted(f"column {name!r}", lambda: pa.array(values, from_pandas=no_nan))
    if is_chrom and series.dtype == object:
        try:  # a name for each value of 10 M rows would take 3 s
            return pa.array(series, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            series = series.map(lambda value: chrom_name(value) or value)
    return _converted(f"column {name!r}", lambda: pa.array(series, from_pandas=True))


def in_native_order(series: Any) -> Any:
    """A column in this machine's byte order: Arrow takes no other, FITS and HDF files have one."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and not dtype.isnative:
        return series.astype(dtype.newbyteorder("="))
    return series


def _converted(what: str, convert: Any) -> Any:
    try:
        return convert()
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise WriteError(
            f"{what}: {str(error).strip() or type(error).__name__}; "
            "expected values of one type in a column",
            row=None,
        ) from None


# ── in memory ───────────────────────────────────────────────────────────────────────────────────


def _in_memory(table: pa.Table) -> Batches:
    check_names(table.schema)
    seen = _Categories()
    columns, fields = [], []
    chrom = chrom_column(table.schema.names)
    for f, given in zip(table.schema, table.columns, strict=True):
        column = _chroms(given) if f.name == chrom else given
        kind = plain_type(column.type)
        chunks = [plain(chunk) for chunk in column.chunks]
        for chunk in column.chunks:
            seen.add(f.name, chunk)
        columns.append(pa.chunked_array(chunks, kind))
        fields.append(f.with_type(kind))
    whole = pa.schema(fields, table.schema.metadata)
    found = pa.Table.from_arrays(columns, schema=whole).unify_dictionaries()
    return Batches(whole, found.to_batches(), seen.values)


def check_names(schema: pa.Schema) -> None:
    """Raise where two columns have one name, by which they would be found."""
    twice = [name for name in schema.names if schema.names.count(name) > 1]
    if twice:
        raise WriteError(f"two columns are named {twice[0]!r}; rename or drop one", row=None)


def _batch(table: pa.Table) -> pa.RecordBatch:
    """A table as one batch."""
    batches = table.combine_chunks().to_batches()
    if len(batches) == 1:
        return batches[0]
    return pa.RecordBatch.from_arrays([_empty(t) for t in table.schema.types], schema=table.schema)


def _empty(kind: pa.DataType) -> pa.Array:
    return pa.array([], kind) if not pat.is_dictionary(kind) else pa.nulls(0, kind)


def _chroms(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of chroms, whole numbers as texts; as it is where there are others."""
    if _chrom_type(column.type) == column.type:
        return column
    if pat.is_dictionary(column.type):
        return pa.chunked_array([_chroms_of(chunk) for chunk in column.chunks], _CATEGORIES)
    numbers = column
    if pat.is_floating(column.type):  # as pandas has integers where one is missing
        lacks = pa.scalar(None, column.type)
        numbers = pc.if_else(pc.is_nan(column), lacks, column)
        try:
            numbers = numbers.cast(pa.int64())
        except pa.ArrowInvalid:
            return column
    return numbers.cast(pa.string())


def _chroms_of(chunk: pa.DictionaryArray) -> pa.DictionaryArray:
    names = chunk.dictionary.cast(pa.string())
    return pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), names)


_CATEGORIES = pa.dictionary(pa.int32(), pa.string())


def _chrom_type(kind: pa.DataType) -> pa.DataType:
    """The type of a column of chroms: texts where it may be of whole numbers."""
    if pat.is_dictionary(kind) and pat.is_integer(kind.value_type):
        return _CATEGORIES
    return pa.string() if pat.is_integer(kind) or pat.is_floating(kind) else kind


# ── streams ─────────────────────────────────────────────────────────────────────────────────────


class _Stream:
    """The first piece's columns are those of all; notes the schema and the categories."""

    def __init__(self) -> None:
        self.schema: pa.Schema | None = None
        self._seen = _Categories()
        self._rows = 0

    @property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """The values that dictionaries have had."""
        return self._seen.values

    def plain(self, items: Iterable[pa.Table | pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches of one schema, of a good size."""
        waiting: list[pa.RecordBatch] = []
        rows = size = 0
        for number, item in enumerate(items):
            for batch in self._conform(item, number):
                waiting.append(batch)
                rows, size = rows + batch.num_rows, size + batch.nbytes
                if rows >= tuning.write_rows or size >= tuning.write_bytes:
                    yield _batch(pa.Table.from_batches(waiting))
                    waiting, rows, size = [], 0, 0
        if waiting:
            yield _batch(pa.Table.from_batches(waiting))

    def _conform(self, item: pa.Table | pa.RecordBatch, number: int) -> list[pa.RecordBatch]:
        """With the types of the first piece; dictionaries as texts, since each has its own."""
        table = item if isinstance(item, pa.Table) else pa.Table.from_batches([item])
        if self.schema is None or (self._rows == 0 and table.num_rows):
            # columns of a piece without rows may have no type yet
            check_names(table.schema)
            chrom = chrom_column(table.schema.names)
            fields = [
                f.with_type(bare_type(_chrom_type(f.type) if f.name == chrom else f.type))
                for f in table.schema
            ]
            self.schema = pa.schema(fields, table.schema.metadata)
        if table.num_rows == 0:
            return []
        self._rows += table.num_rows
        names = table.schema.names
        for one, other, what in (
            (self.schema.names, names, "has no column"),
            (names, self.schema.names, "has another column,"),
        ):
            odd = next((name for name in one if name not in other), None)
            if odd is not None:
                raise WriteError(f"batch {number} {what} {odd!r}{hint(odd, other)}", row=None)
        _check_alike(self.schema, table.schema, number)
        columns = []
        chrom = chrom_column(self.schema.names)
        for f in self.schema:
            column = table.column(f.name)
            chunks = (_chroms(column) if f.name == chrom else column).chunks
            for chunk in chunks:
                self._seen.add(f.name, chunk)
            values = [bare(chunk) for chunk in chunks]
            columns.append(self._cast(pa.chunked_array(values, values[0].type), f, number))
        return pa.Table.from_arrays(columns, schema=self.schema).to_batches()

    @staticmethod
    def _cast(column: pa.ChunkedArray, f: pa.Field, number: int) -> pa.ChunkedArray:
        if column.type == f.type:
            return column
        try:
            return column.cast(f.type)
        except pa.ArrowException as error:
            raise WriteError(
                f"batch {number}, column {f.name!r}: {column.type} where the first batch has "
                f"{f.type}: {str(error).strip()}",
                row=None,
            ) from None


_ALIKE = {
    "samples": "read all files with the same samples=[...], in one order",
    "coordinates": "make them alike: df.gidx.canonical(), or names= as in the first",
}


def _check_alike(first: pa.Schema, schema: pa.Schema, number: int) -> None:
    """Raise where a piece says otherwise than the first what its positions or lists are of."""
    key = canonical.KEY.encode()
    one, other = ((told.metadata or {}).get(key) for told in (first, schema))
    if one == other:
        return
    mine, its = canonical.read_metadata(first), canonical.read_metadata(schema)
    for name, way in _ALIKE.items():
        if name in mine and name in its and mine[name] != its[name]:
            raise WriteError(
                f"batch {number}: its {name} are {_shown(its[name])}, of those before they are "
                f"{_shown(mine[name])}; {way}",
                row=None,
            )


def _shown(value: Any) -> str:
    return ", ".join(map(str, value[:5])) if isinstance(value, list) else str(value)


def _collect(
    batches: Iterable[pa.RecordBatch], beside: str | os.PathLike[str] | None, stack: ExitStack
) -> tuple[list[pa.RecordBatch], mmap.mmap | None]:
    """All batches: in memory while they are small, else in a mapped file."""
    kept: list[pa.RecordBatch] = []
    size = 0
    source = iter(batches)
    for batch in source:
        kept.append(batch)
        size += batch.nbytes
        if size > tuning.spool_bytes:
            return _spool(kept, source, beside, stack)
    return kept, None


def _spool(
    kept: list[pa.RecordBatch],
    source: Iterator[pa.RecordBatch],
    beside: str | os.PathLike[str] | None,
    stack: ExitStack,
) -> tuple[list[pa.RecordBatch], mmap.mmap]:
    folder = None if beside is None else Path(beside).absolute().parent
    file = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115, `stack` closes it
    with pa.ipc.new_file(pa.PythonFile(file, "w"), kept[0].schema) as writer:
        while kept:
            writer.write_batch(kept.pop(0))
        for batch in source:
            writer.write_batch(batch)
    file.flush()
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped)))
    return [reader.get_batch(i) for i in range(reader.num_record_batches)], mapped


class _Categories:
    """The values of dictionaries, by column, while they are few."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, None] | None] = {}

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(values) for name, values in self._values.items() if values}

    def add(self, name: str, array: pa.Array) -> None:
        if is_list(array.type):
            array = array.values
        if not (pat.is_dictionary(array.type) and is_text(array.type.value_type)):
            return
        known = self._values.setdefault(name, {})
        if known is None:
            return
        if len(array.dictionary) <= MOST_VALUES:
            known.update(dict.fromkeys(v for v in array.dictionary.to_pylist() if v is not None))
        if max(len(known), len(array.dictionary)) > MOST_VALUES:
            self._values[name] = None


# ── plain types ─────────────────────────────────────────────────────────────────────────────────


def is_text(kind: pa.DataType) -> bool:
    """Whether values are texts, each stored by itself."""
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind))


def sliced(batch: pa.RecordBatch, at: int, rows: int) -> pa.RecordBatch:
    """``batch.slice(at, rows)``, lists of a fixed size copied.

    polars (1.44) refuses a slice of these that has missing ones: "validity mask length".
    """
    found = batch.slice(at, rows)
    fixed = [i for i, f in enumerate(batch.schema) if pat.is_fixed_size_list(f.type)]
    if not fixed or found.num_rows == batch.num_rows:
        return found
    columns = found.columns
    for i in fixed:
        columns[i] = columns[i].take(pa.array(range(found.num_rows), pa.int64()))
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _is_list_view(kind: pa.DataType) -> bool:
    return bool(pat.is_list_view(kind) or pat.is_large_list_view(kind))


def plain_type(kind: pa.DataType, *, top: bool = True) -> pa.DataType:  # noqa: PLR0911, a kind each
    """The plain type that holds the values of any other."""
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type, top=top)
    if pat.is_run_end_encoded(kind):
        return plain_type(kind.value_type, top=top)
    if pat.is_string_view(kind):
        return pa.large_string()
    if pat.is_dictionary(kind):
        values = plain_type(kind.value_type, top=False)
        return pa.dictionary(pa.int32(), values) if top and is_text(values) else values
    if pat.is_large_list(kind) or _is_list_view(kind):
        return pa.large_list(plain_type(kind.value_type, top=False))
    if pat.is_list(kind):
        return pa.list_(plain_type(kind.value_type, top=False))
    if pat.is_fixed_size_list(kind):
        return pa.list_(plain_type(kind.value_type, top=False), kind.list_size)
    if pat.is_struct(kind):
        return pa.struct([f.with_type(plain_type(f.type, top=False)) for f in kind])
    if pat.is_map(kind):
        key, item = kind.key_field, kind.item_field
        return pa.map_(
            key.with_type(plain_type(key.type, top=False)),
            item.with_type(plain_type(item.type, top=False)),
        )
    return kind


def plain(array: pa.Array, *, top: bool = True) -> pa.Array:  # noqa: PLR0911, a kind each
    """The same values in their plain type."""
    kind, wanted = array.type, plain_type(array.type, top=top)
    if kind == wanted:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return plain(array.storage, top=top)
    if pat.is_run_end_encoded(kind):
        return plain(pc.call_function("run_end_decode", [array]), top=top)
    if pat.is_dictionary(kind):
        return _plain_dictionary(array, top)
    if _is_list_view(kind):
        return _plain_list_view(array)
    if is_list(kind):
        own = array.buffers()[: 1 if pat.is_fixed_size_list(kind) else 2]
        items = plain(array.values, top=False)
        return pa.Array.from_buffers(wanted, len(array), own, offset=array.offset, children=[items])
    if pat.is_map(kind):
        pairs = [plain(array.keys, top=False), plain(array.items, top=False)]
        entries = pa.StructArray.from_arrays(pairs, fields=[wanted.key_field, wanted.item_field])
        own = array.buffers()[:2]
        return pa.Array.from_buffers(
            wanted, len(array), own, offset=array.offset, children=[entries]
        )
    if pat.is_struct(kind):
        members = [plain(array.field(i), top=False) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(members, fields=list(wanted), mask=array.is_null())
    return array.cast(wanted)


def _plain_list_view(array: pa.Array) -> pa.Array:
    """Not by Arrow's cast: that of pyarrow 24 makes a list without its last offset."""
    missing = array.is_null()
    sizes = np.where(missing.to_numpy(zero_copy_only=False), 0, array.sizes.to_numpy())
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())
    items = plain(array.flatten(), top=False)
    return pa.LargeListArray.from_arrays(offsets, items, mask=missing)


def _plain_dictionary(array: pa.DictionaryArray, top: bool) -> pa.Array:
    values = plain(array.dictionary, top=False)
    if top and is_text(values.type):
        return pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), values)
    return values.take(array.indices)


def bare(array: pa.Array) -> pa.Array:
    """The same values in their plain type, dictionaries as their values."""
    found = plain(array)
    return found.dictionary.take(found.indices) if pat.is_dictionary(found.type) else found


def bare_type(kind: pa.DataType) -> pa.DataType:
    """The type of `bare`: nothing that an engine may not know."""
    found = plain_type(kind)
    return found.value_type if pat.is_dictionary(found) else found
