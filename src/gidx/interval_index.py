"""`IntervalIndex`: bx interval index files as tables, and as bx-python's users know them.

    bx.interval_index_file           here
    Indexes(path)                    IntervalIndex.read(path)
    indexes.add(name, s, e, v)       ii.add(name, s, e, v), or arrays of these
    indexes.find(name, s, e)         ii.find(name, s, e), or ii.find(frame) for many
    indexes.write(file)              ii.write(path)

The bytes are for gidx.bx.file. Overlap is bx-python's, ``s < end and e > start``,
also for intervals of length zero.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import batches as stream
from gidx.arrow import chromsizes
from gidx.bx.file import (
    DEFAULT_MAX,
    VERSION,
    BuiltSet,
    IntervalSet,
    Words,
    integers_of,
    joined,
    read_sets,
    words_of,
    words_of_bytes,
    write_sets,
)
from gidx.errors import ColumnError, RegionError, UnknownChromError, WriteError, hint
from gidx.frames.backend import to_frame
from gidx.frames.positions import LARGEST, Positions, as_arrow, positions, roles
from gidx.ground.atomic import replacing
from gidx.ground.conventions import Roles
from gidx.ground.source import ByteSource, PathLike, open_source
from gidx.options import Written

Ints = npt.NDArray[np.int64]

# As `to_arrow` has them; a table of gidx has a chrom for the name.
_OWN = Roles("name", "start", "end", by="interval index")

# The start of a query for all rows: one of length zero at 0 does not end behind 0.
EVERY = -1


@dataclass(frozen=True, eq=False)
class Hits:
    """Rows that were found: starts, ends, and the words of their values."""

    start: Ints
    end: Ints
    value: Words


_NONE = np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty((0, 1), np.uint64)


class IntervalIndex:
    """Named sets of intervals, each interval with a non-negative integer; bx-python's format.

    Positions are 0-based half-open. A file's bins are read when a query needs them.

    Examples
    --------
    >>> ii = gidx.IntervalIndex()
    >>> ii.add("hg18.chr1", 100, 200, 4096)
    >>> ii.add("hg18.chr1", [150, 300_000], [180, 400_000], [7000, 9000])
    >>> ii.find("hg18.chr1", 100, 200)
    [(100, 200, 4096), (150, 180, 7000)]
    >>> ii.write("maf.index")
    >>> gidx.IntervalIndex.read("maf.index").to_pandas()
            name   start     end  value
    0  hg18.chr1     100     200   4096
    1  hg18.chr1     150     180   7000
    2  hg18.chr1  300000  400000   9000
    """

    def __init__(self) -> None:
        self._sets: dict[str, IntervalSet] = {}

    @classmethod
    def read(
        cls,
        what: PathLike | bytes | BinaryIO | ByteSource,
        storage_options: Mapping[str, Any] | None = None,
    ) -> IntervalIndex:
        """The index in a path, URL, bytes, open binary file or ByteSource.

        Versions 0, 1 and 2, values of any number of bytes. Only the names are read now.

        Raises
        ------
        FormatError
            The file is no interval index, or is cut short. What is wrong in a bin raises
            when the bin is read.
        """
        found = cls()
        found._sets = read_sets(open_source(what, storage_options))
        return found

    @classmethod
    def from_arrow(cls, data: Any, *, value: str = "value", max: Any = None) -> IntervalIndex:
        """An index of the rows of a table: name, start, end, value.

        Parameters
        ----------
        data : pyarrow.Table, DataFrame or anything with ``__arrow_c_stream__``
            Names are in the column ``chrom``, or however the columns of intervals are
            called; where there are none, in ``name``.
        value : str
            The column of values: non-negative integers, or binary, big-endian, for those
            beyond 64 bits.
        max : int, or anything that gives chrom sizes, optional
            The largest end that a set may have, of all or by name; up to 2**31, by default
            2**29. It says how many bins a set has.

        Raises
        ------
        ColumnError
            The table has not these columns.
        WriteError
            A value is missing, negative or no integer; a row is not within ``max``.

        Examples
        --------
        >>> import pyarrow as pa
        >>> table = pa.table({"name": ["a"], "start": [5], "end": [9], "value": [4096]})
        >>> gidx.IntervalIndex.from_arrow(table).find("a", 0, 10)
        [(5, 9, 4096)]
        """
        return _of_frame(_frame(data), None, value, max)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sets, sorted as in the file."""
        return tuple(sorted(self._sets))

    def __contains__(self, name: object) -> bool:
        return name in self._sets

    def bounds(self, name: str) -> tuple[int, int]:
        """``(min, max)`` of a set: what its starts and ends have to be within.

        Raises UnknownChromError.
        """
        one = self._set(name)
        return one.min, one.max

    def add(
        self,
        name: str,
        start: Any,
        end: Any,
        value: Any,
        *,
        min: int | None = None,
        max: int | None = None,
    ) -> None:
        """Add an interval with its value, or arrays of them, to the set of this name.

        Parameters
        ----------
        name : str
            The set; it is begun where there is none of this name.
        start, end, value : int or arrays of int
            0-based half-open; values of any size from 0 on. Arrays are the quick way: a
            million intervals and their file take 0.5 s, one by one 2 s.
        min, max : int, optional
            What positions of a set that is begun have to be within: 0 and 2**29, as in
            bx-python; ``max`` is at most 2**31. One that is there has its own.

        Raises
        ------
        WriteError
            The set cannot hold the interval or value: nothing is added.
        ValueError
            Arrays of different lengths, or ``min`` or ``max`` not those of the set.
        """
        built = self._begun(name, min, max)
        try:
            row = operator.index(start), operator.index(end), operator.index(value)
        except TypeError:
            built.extend(*_arrays(start, end, value))
        else:
            built.add(*row)
        self._sets[name] = built

    def _begun(self, name: str, min: int | None, max: int | None) -> BuiltSet:
        """The set to add to."""
        one = self._sets.get(name)
        if one is None:
            if not isinstance(name, str):
                raise TypeError(f"name is {name!r}, expected a text")
            return BuiltSet(min or 0, DEFAULT_MAX if max is None else max)
        if min not in (None, one.min) or max not in (None, one.max):
            raise ValueError(
                f"set {name!r} has positions of {one.min} to {one.max}, which stay as they are"
            )
        return one if isinstance(one, BuiltSet) else BuiltSet.of(one)

    @overload
    def find(self, what: str, start: int = ..., end: int | None = ...) -> list[tuple[int, ...]]: ...
    @overload
    def find(self, what: Any, start: None = ..., end: None = ...) -> pa.Table: ...
    def find(self, what: Any, start: int | None = None, end: int | None = None) -> Any:
        """Intervals that overlap a query, by start, end, value; or those of many queries.

        Parameters
        ----------
        what : str, or DataFrame, pyarrow.Table, anything with ``__arrow_c_stream__``
            The name of a set, or queries: a column of names (``chrom`` or what is known as
            one; else ``name``) with start and end.
        start, end : int, optional
            0-based half-open, for one query; by default the whole set.

        Returns
        -------
        list of (start, end, value)
            For one query, as in bx-python.
        pyarrow.Table
            For many: ``query``, the number of the row of ``what`` (int64, ascending), and
            columns as in `to_arrow`.

        Raises
        ------
        UnknownChromError
            There is no set of the name (bx-python finds nothing); ``name in ii`` tells.
        RegionError
            A start is negative or after the end.
        FormatError
            A bin that is needed is damaged.

        Examples
        --------
        >>> ii = gidx.IntervalIndex()
        >>> ii.add("chr1", [100, 150], [200, 180], [1, 2])
        >>> queries = pd.DataFrame({"chrom": "chr1", "start": [0, 100], "end": [50, 160]})
        >>> ii.find(queries).to_pandas()
           query  name  start  end  value
        0      1  chr1    100  200      1
        1      1  chr1    150  180      2
        """
        if isinstance(what, str):
            return self._find_one(what, start, end)
        if start is not None or end is not None:
            raise TypeError("a frame of queries has its own start and end")
        frame = _frame(what)
        asked = positions(frame, _roles(frame), as_they_stand=True)
        wrong = (asked.codes < 0) | (asked.start < 0)
        if wrong.any():
            i = int(wrong.argmax())
            why = "name, start or end is missing" if asked.codes[i] < 0 else "start is negative"
            raise RegionError(f"query in row {i}: {why}")
        query, hits = self._find_many(asked)
        return _table(asked.codes[query], asked.names, hits, query)

    def to_arrow(self) -> pa.Table:
        """All intervals: name (dictionary), start, end (int64, 0-based half-open), value.

        Sorted by name, start, end, value. Values are uint64; where a set's are of more than 8
        bytes, binary, big-endian, of the next multiple of 8. Raises FormatError.
        """
        names = self.names
        n = len(names)
        whole = Positions(
            np.arange(n, dtype=np.int32), names, np.full(n, EVERY), np.full(n, LARGEST)
        )
        query, hits = self._find_many(whole)
        return _table(whole.codes[query], names, hits)

    def to_pandas(self, dtype_backend: str | None = "pyarrow") -> pd.DataFrame:
        """`to_arrow` as a DataFrame; ``dtype_backend`` as in pandas."""
        return to_frame(self.to_arrow(), dtype_backend)

    def write(
        self, path: PathLike | BinaryIO, *, version: int = VERSION, value_size: int | None = None
    ) -> None:
        """Write the index; byte for byte what bx-python writes, by default.

        The file is there as a whole or not at all.

        Parameters
        ----------
        path : str, PathLike or binary file
            The index, by custom ``.index`` behind the name of what it points into.
        version : 0, 1 or 2
            Versions 0 and 1 hold positions up to 2**29, version 0 values of 4 bytes. Of
            these, bx-python reads sets whose maximum is at least 2**26 and below 2**29.
        value_size : int, optional
            Bytes of each value. Default: those that a set of a file has, else the multiple
            of 4 that its values need. Other numbers than these bx-python does not read.

        Raises
        ------
        WriteError
            Values do not fit, or positions are beyond what the version holds, or the file
            would pass 4 GB, the format's limit.
        """
        write_sets(self._sets, version, value_size, lambda: replacing(path))

    def __repr__(self) -> str:
        names = self.names
        shown = ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
        return f"IntervalIndex({len(names):,} set{'' if len(names) == 1 else 's'}: {shown or '-'})"

    # ── finding ─────────────────────────────────────────────────────────────────────────────────

    def _set(self, name: str) -> IntervalSet:
        one = self._sets.get(name)
        if one is None:
            text = hint(name, self._sets)
            if not text:
                known = self.names
                shown = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
                text = f"; the index has {shown or 'no sets'}"
            raise UnknownChromError(f"unknown name {name!r}{text}", chrom=name, hint=text)
        return one

    def _find_one(
        self, name: str, start: int | None, end: int | None
    ) -> list[tuple[int, int, int]]:
        one = self._set(name)
        low = EVERY if start is None else operator.index(start)
        high = LARGEST if end is None else min(operator.index(end), LARGEST)
        if start is not None and not 0 <= low <= high:
            raise RegionError(f"query {name!r}, {start}, {end}: expected 0 <= start <= end")
        starts, ends = np.array([low]), np.array([high])
        rows = one.rows(starts, ends)
        _, which = rows.find(starts, ends)
        found = rows.start[which].tolist(), rows.end[which].tolist(), integers_of(rows.value[which])
        return list(zip(*found, strict=True))

    def _find_many(self, asked: Positions) -> tuple[Ints, Hits]:
        """(number of the query, hit) of each hit, by query."""
        from gidx.ground.sorting import sorted_rows

        # By name and start: 100,000 queries of 1 M intervals take 23 ms, by name alone 45; to
        # sort them takes 10, or 5.
        order = sorted_rows(asked.codes, asked.start, max(len(asked.names), 1), 0)
        codes, starts, ends = asked.codes[order], asked.start[order], asked.end[order]
        counts, parts = np.zeros(len(order), np.int64), []
        for code, some in _by_code(codes):
            rows = self._set(asked.names[code]).rows(starts[some], ends[some])
            counts[some], which = rows.find(starts[some], ends[some])
            parts.append((rows.start[which], rows.end[which], rows.value[which]))
        # … and back: where the hits of each query begin, and each hit behind the one before
        by_query = np.zeros(len(order) + 1, np.int64)
        by_query[order + 1] = counts
        query = np.repeat(np.arange(len(order)), by_query[1:])
        np.cumsum(by_query, out=by_query)
        behind = by_query[order] - (np.cumsum(counts) - counts)
        place = np.empty(len(query), np.int64)
        place[np.repeat(behind, counts) + np.arange(len(query))] = np.arange(len(query))
        start, end, value = zip(*(parts or [_NONE]), strict=True)
        starts, ends = (np.concatenate(p).astype(np.int64) for p in (start, end))
        return query, Hits(starts[place], ends[place], joined(value)[place])


def to_interval_index(
    frame: pd.DataFrame,
    found: Roles,
    path: Written,
    value: str,
    *,
    max: Any = None,
    version: int = VERSION,
    value_size: int | None = None,
) -> Written:
    """Write a frame's intervals as a bx interval index, a set for each chrom, and return the path.

    Parameters
    ----------
    path : str, PathLike or binary file
        The index.
    value : str
        The column of values: non-negative integers, such as where a row begins in a file.
    max
        As in `IntervalIndex.from_arrow`: the largest end, of all or by chrom.
    version, value_size
        As in `IntervalIndex.write`.

    Raises
    ------
    ColumnError
        There is no such column.
    WriteError
        A value is missing, negative or no integer, or the format cannot hold it or a row.

    Examples
    --------
    >>> from gidx.frames.positions import roles
    >>> df = pd.DataFrame({"chrom": ["chr1", "chr2"], "start": [5, 7], "end": [9, 8], "at": 64})
    >>> gidx.IntervalIndex.read(to_interval_index(df, roles(df), "a.index", "at")).find("chr2")
    [(7, 8, 64)]
    """
    _of_frame(frame, found, value, max).write(path, version=version, value_size=value_size)
    return path


# ── frames ──────────────────────────────────────────────────────────────────────────────────────


def _frame(data: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    with stream.frame(data) as found:
        return to_frame(pa.Table.from_batches(found.batches, found.schema))


def _roles(frame: pd.DataFrame) -> Roles:
    try:
        return roles(frame)
    except ColumnError:
        if frame.columns.is_unique and set(_OWN.names) <= set(frame.columns):
            return _OWN
        raise


def _of_frame(frame: pd.DataFrame, found: Roles | None, value: str, max: Any) -> IntervalIndex:
    found = found or _roles(frame)
    if value not in frame.columns:
        known = ", ".join(map(repr, frame.columns[:12]))
        raise ColumnError(f"no column {value!r}{hint(value, frame.columns)}; there are {known}")
    asked = positions(frame, found, as_they_stand=True)
    missing = asked.codes < 0
    if missing.any():
        row = int(missing.argmax())
        raise WriteError(f"row {row}: {', '.join(found.names)}: one is missing", row=row)
    values = _values(as_arrow(frame[value]), f"column {value!r}")
    index = IntervalIndex()
    sizes = {} if max is None or hasattr(max, "__index__") else chromsizes.read(max)
    order = np.argsort(asked.codes, kind="stable")
    for code, some in _by_code(asked.codes[order]):
        rows = order[some]
        name = asked.names[code]
        if sizes and name not in sizes:
            raise WriteError(f"max has no size of {name!r}{hint(name, sizes)}", row=int(rows[0]))
        largest = sizes.get(name, DEFAULT_MAX if max is None or sizes else max)
        built = BuiltSet(0, largest)
        built.extend(asked.start[rows], asked.end[rows], values[rows], rows)
        index._sets[name] = built
    return index


def _by_code(codes: npt.NDArray[np.int32]) -> Iterator[tuple[int, slice]]:
    """Each of ascending codes with its rows."""
    bounds = np.flatnonzero(np.diff(codes, prepend=-1, append=np.iinfo(np.int32).max)).tolist()
    for begin, stop in pairwise(bounds):
        yield int(codes[begin]), slice(begin, stop)


# ── values ──────────────────────────────────────────────────────────────────────────────────────


def _arrays(start: Any, end: Any, value: Any) -> tuple[Ints, Ints, Words]:
    for what, given in (("start", start), ("end", end), ("value", value)):
        if np.ndim(given) != 1:
            raise TypeError(f"{what} is {given!r}, expected an integer, or arrays for all three")
    places = []
    for what, given in (("start", start), ("end", end)):
        found = np.asarray(given)
        if found.dtype.kind not in "iu" and len(found):
            raise TypeError(f"{what} is an array of {found.dtype}, expected one of integers")
        places.append(np.minimum(found, LARGEST).astype(np.int64))
    try:
        arrow = isinstance(value, pa.Array | pa.ChunkedArray)
        values = _values(value if arrow else pa.array(value), "value")
    except (OverflowError, pa.ArrowInvalid):  # beyond 64 bits: Arrow has no such integers
        values = _wide([operator.index(v) for v in value])
    if not len(places[0]) == len(places[1]) == len(values):
        lengths = f"{len(places[0])}, {len(places[1])} and {len(values)}"
        raise ValueError(f"start, end and value are of {lengths} rows, expected as many of each")
    return places[0], places[1], values


def _wide(values: list[int]) -> Words:
    least = min(values)
    if least < 0:
        row = values.index(least)
        raise WriteError(f"row {row}: value {least} is negative", row=row)
    return words_of(values)


def _values(column: pa.ChunkedArray | pa.Array, what: str) -> Words:
    """Words of a column of values; WriteError for what is no value, with its row."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if len(array) == 0:
        return np.empty((0, 1), np.uint64)
    if array.null_count:
        row = int(np.argmax(array.is_null().to_numpy(zero_copy_only=False)))
        raise WriteError(f"row {row}: {what} is missing, expected an integer", row=row)
    if pat.is_fixed_size_binary(array.type):
        width = array.type.byte_width
        data = np.frombuffer(array.buffers()[1], np.uint8)
        data = data[array.offset * width : (array.offset + len(array)) * width]
        return words_of_bytes(data.reshape(-1, width))
    if pat.is_binary(array.type) or pat.is_large_binary(array.type):
        return words_of([int.from_bytes(v, "big") for v in array.to_pylist()])
    if not pat.is_integer(array.type):
        raise WriteError(f"{what} is {array.type}, expected non-negative integers", row=None)
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "i" and values.min() < 0:
        row = int(np.argmax(values < 0))
        raise WriteError(f"row {row}: {what} is {values[row]}, which is negative", row=row)
    return values.astype(np.uint64).reshape(-1, 1)


def _table(
    codes: npt.NDArray[np.int32], names: tuple[str, ...], hits: Hits, query: Ints | None = None
) -> pa.Table:
    label = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
    if hits.value.shape[1] == 1:
        value = pa.array(hits.value[:, 0])
    else:
        width = 8 * hits.value.shape[1]
        data = pa.py_buffer(hits.value.astype(">u8").tobytes())
        value = pa.Array.from_buffers(pa.binary(width), len(hits.value), [None, data])
    columns = {"name": label, "start": hits.start, "end": hits.end, "value": value}
    return pa.table(columns if query is None else {"query": query, **columns})
