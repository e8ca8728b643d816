"""bx interval index files: named sets of intervals, each interval with an unsigned integer.

    header │ index table: a name, the place of its set, B │ … │ set: min, max │ bins │ rows │ …

The integers are what the intervals stand for: mostly where a block begins in the file
that is indexed (``.maf.index``). A row is in the smallest bin that holds it, sorted there
by start, end, value. Bins nest as those of tabix do (see binning.bins), the lowest of
128 kb; versions 0 and 1 have five levels, version 2 as many as the set's maximum needs.

Source: the documentation of bx.interval_index_file (bx-python), and its behaviour where
that is silent. One difference is meant: lengths of names count bytes, bx-python's count
characters, so that it cannot read its own files with names beyond ASCII.

Left out: what the integers point to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from gidx.binning.bins import bin_count, bin_span, depth_for, reg2bin
from gidx.errors import WriteError, format_error
from gidx.ground.layout import check_range, read_array, read_one, read_tagged
from gidx.ground.limits import limits
from gidx.ground.source import ByteSource
from gidx.kernels import interval_index

MAGIC = 0x2CFF800A
VERSION = 2  # what bx-python writes
MIN_SHIFT = 17
OLD_DEPTH, OLD_MAX = 4, 2**29  # of versions 0 and 1
DEFAULT_MAX = 2**29
MAX = 2**31  # bx-python reads no larger one
LARGEST_OFFSET = 2**32 - 1

HEADER = np.dtype([          # offset
    ("magic", ">u4"),        #  0
    ("version", ">u4"),      #  4  0, 1 or 2
    ("count", ">u4"),        #  8  sets; their table follows
])  # fmt: skip
# An entry of the index table: the name's length, the name, and
PLACE = np.dtype([           # offset behind the name
    ("offset", ">u4"),       #  0  of the set
    ("value_size", ">u4"),   #  4  B, not there in version 0, where it is 4
])  # fmt: skip
SET = np.dtype([             # offset
    ("min", ">u4"),          #  0  of all starts
    ("max", ">u4"),          #  4  of all ends; says how many bins follow
])  # fmt: skip
BIN = np.dtype([             # offset
    ("offset", ">u4"),       #  0  of the bin's rows in the file
    ("count", ">u4"),        #  4  of rows
])  # fmt: skip


def row_layout(value_size: int) -> np.dtype[Any]:
    """A row of a bin: 0-based half-open; the value big-endian, as all numbers are."""
    return np.dtype([                        # offset
        ("start", ">u4"),                    #  0
        ("end", ">u4"),                      #  4
        ("value", "u1", (value_size,)),      #  8
    ])  # fmt: skip


# The index table does not say how long it is: it is read in pieces, this one first.
TABLE_PIECE = 64 * 1024

U4 = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# (rows, words): a value's words of 64 bits, the most significant first; nearly always one
Words = npt.NDArray[np.uint64]


@cache
def _kernels() -> Any:
    """The kernels, once they are needed: import statements took 4 us of a query's 27."""
    return interval_index


# ── values ──────────────────────────────────────────────────────────────────────────────────────


def words_of(values: Sequence[int]) -> Words:
    """Non-negative integers of any size as words.

    >>> words_of([1, 2**64 + 5]).tolist()
    [[0, 1], [1, 5]]
    """
    try:
        return np.array(values, np.uint64).reshape(-1, 1)
    except OverflowError:
        size = 8 * -(-max(v.bit_length() for v in values) // 64)
        data = b"".join(v.to_bytes(size, "big") for v in values)
        return np.frombuffer(data, ">u8").astype(np.uint64).reshape(len(values), -1)


def integers_of(words: Words) -> list[int]:
    """The integers that words are."""
    found: list[int] = words[:, 0].tolist()
    for w in range(1, words.shape[1]):
        found = [v << 64 | low for v, low in zip(found, words[:, w].tolist(), strict=True)]
    return found


def words_of_bytes(data: npt.NDArray[np.uint8]) -> Words:
    """Words of (rows, B) big-endian bytes."""
    rows, size = data.shape
    wide = np.zeros((rows, 8 * -(-size // 8)), np.uint8)
    wide[:, wide.shape[1] - size :] = data
    return wide.view(">u8").astype(np.uint64)


def bytes_of(words: Words, size: int) -> npt.NDArray[np.uint8]:
    """(rows, size) big-endian bytes of values that fit them."""
    data = words.astype(">u8").view(np.uint8).reshape(len(words), 8 * words.shape[1])
    short = size - data.shape[1]
    return np.pad(data, ((0, 0), (short, 0))) if short > 0 else data[:, -short:]


def size_needed(words: Words) -> int:
    """The bytes that the largest value takes, at least one.

    >>> size_needed(words_of([3, 256])), size_needed(words_of([2**64]))
    (2, 9)
    """
    for w in range(words.shape[1]):
        largest = int(words[:, w].max(initial=0))
        if largest:
            return 8 * (words.shape[1] - 1 - w) + -(-largest.bit_length() // 8)
    return 1


def joined(parts: Sequence[Words]) -> Words:
    """Words of several sets of values, as many a value as the widest has."""
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [p if p.shape[1] == width else np.pad(p, ((0, 0), (width - p.shape[1], 0))) for p in parts]
    )


# ── bins ────────────────────────────────────────────────────────────────────────────────────────


def scheme(largest: int, version: int = VERSION) -> tuple[int, int]:
    """(depth, bins) of a set whose largest end may be this.

    >>> scheme(2**29), scheme(2**29 - 1), scheme(1000), scheme(1000, version=1)
    ((5, 8777), (4, 4681), (0, 1), (4, 586))
    """
    depth = depth_for(largest + 1, MIN_SHIFT) if version >= 2 else OLD_DEPTH
    return depth, bin_count(depth - 1) + (largest - 1 >> MIN_SHIFT) + 1


@dataclass(frozen=True, eq=False)
class Entries:
    """Rows of a set by bin, ``first[b]:first[b + 1]``; in a bin by start, end, value.

    ``reach`` is the largest end so far in the bin.
    """

    depth: int
    first: Ints
    start: U4
    end: U4
    value: Words
    reach: U4

    @classmethod
    def empty(cls, depth: int, first: Ints, words: int) -> Entries:
        """Room for rows, which takes memory only where it is filled."""
        n = int(first[-1])
        start, end, reach = (np.empty(n, np.uint32) for _ in range(3))
        return cls(depth, first, start, end, np.empty((n, words), np.uint64), reach)

    @classmethod
    def sort(cls, start: U4, end: U4, value: Words, depth: int, n_bins: int) -> Entries:
        """Rows in any order, each put into the smallest bin that holds it."""
        # bx-python has a row of length zero in the bin of the base behind it
        low = start.astype(np.int64)
        bins = reg2bin(low, np.maximum(end, low + 1), MIN_SHIFT, depth)
        order = np.lexsort((*value.T[::-1], end, start, bins))
        first = np.zeros(n_bins + 1, np.int64)
        np.cumsum(np.bincount(bins, minlength=n_bins), out=first[1:])
        start, end, value = start[order], end[order], value[order]
        found = cls(depth, first, start, end, value, np.empty_like(end))
        _kernels().settle(first, 0, n_bins, depth, start, end, value, found.reach)
        return found

    def with_scheme(self, depth: int, n_bins: int) -> Entries:
        """The same rows in the bins of another scheme, or of this one."""
        if depth == self.depth:
            return self
        return Entries.sort(self.start, self.end, self.value, depth, n_bins)

    def find(self, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """(how many rows overlap each query, these rows by start, end, value)."""
        find_rows = _kernels().find_rows
        counts, out = np.empty(len(starts), np.int64), np.empty(2 * len(starts) + 62, np.int64)
        own = self.first, self.start, self.end, self.value, self.reach, self.depth
        n = find_rows(*own, starts, ends, counts, out)
        if n > len(out):
            out = np.empty(n, np.int64)
            find_rows(*own, starts, ends, counts, out)
        return counts, out[:n]


# ── sets ────────────────────────────────────────────────────────────────────────────────────────


class IntervalSet(Protocol):
    """Rows under one name: of a file (`StoredSet`), or as they are added (`BuiltSet`)."""

    @property
    def min(self) -> int: ...
    @property
    def max(self) -> int: ...
    @property
    def value_size(self) -> int | None:
        """Bytes of a value in the file; None: what the values need."""
        ...

    @property
    def words(self) -> int:
        """How many words of 64 bits a value takes."""
        ...

    def rows(self, starts: Ints | None = None, ends: Ints | None = None) -> Entries:
        """All rows; given queries, all that overlap them are sure to be there."""
        ...


class BuiltSet:
    """Rows as they are added, in any order; they are sorted when they are asked for."""

    def __init__(self, min: int = 0, max: int = DEFAULT_MAX, value_size: int | None = None) -> None:
        if not 0 <= min <= max <= MAX:
            raise WriteError(
                f"min is {min} and max is {max}, expected 0 <= min <= max <= {MAX}", row=None
            )
        self.min, self.max, self.value_size = min, max, value_size
        # behind the last base that has a bin: a row of length zero could stand at `max`
        self.room = -(-max >> MIN_SHIFT) << MIN_SHIFT
        # starts, ends, values: no tuples, which the garbage collector looks at ever again
        self._one_by_one: tuple[list[int], list[int], list[int]] = ([], [], [])
        self._parts: list[tuple[U4, U4, Words]] = []
        self._rows: Entries | None = None

    @classmethod
    def of(cls, other: IntervalSet) -> BuiltSet:
        """The rows of another set, to add to."""
        found = cls(other.min, other.max, other.value_size)
        rows = other.rows()
        found._parts.append((rows.start, rows.end, rows.value))
        return found

    def add(self, start: int, end: int, value: int) -> None:
        """Add a row; WriteError where the set cannot hold it."""
        if not self.min <= start <= end <= self.max or start >= self.room or value < 0:
            raise WriteError(self._why_not(start, end, value), row=None)
        starts, ends, values = self._one_by_one
        starts.append(start)
        ends.append(end)
        values.append(value)
        self._rows = None

    def extend(self, start: Ints, end: Ints, value: Words, numbers: Ints | None = None) -> None:
        """Add rows; WriteError names the first that the set cannot hold.

        ``numbers`` are those of the rows in what the user gave.
        """
        wrong = (start < self.min) | (start > end) | (end > self.max) | (start >= self.room)
        if wrong.any():
            i = int(wrong.argmax())
            row = i if numbers is None else int(numbers[i])
            why = self._why_not(int(start[i]), int(end[i]), 0)
            raise WriteError(f"row {row}: {why}", row=row)
        self._parts.append((start.astype(np.uint32), end.astype(np.uint32), value))
        self._rows = None

    def _why_not(self, start: int, end: int, value: int) -> str:
        if value < 0:
            return f"value {value} is negative"
        if start > end:
            return f"start {start} is after end {end}"
        if start < self.min:
            return f"start {start} is before the least that the set may have, {self.min}"
        return (
            f"{start}-{end} is not within the largest position that the set may have, {self.max}; "
            f"give it max, of up to {MAX}, when it is begun"
        )

    @property
    def words(self) -> int:
        return self.rows().value.shape[1]

    def rows(self, starts: Ints | None = None, ends: Ints | None = None) -> Entries:  # noqa: ARG002
        if self._rows is None:
            begins, nexts, values = self._one_by_one
            last = np.array(begins, np.uint32), np.array(nexts, np.uint32), words_of(values)
            start, end, value = zip(*self._parts, last, strict=True)
            whole = np.concatenate(start), np.concatenate(end), joined(value)
            self._rows = Entries.sort(*whole, *scheme(self.max))
            self._one_by_one = ([], [], [])
            self._parts = [(self._rows.start, self._rows.end, self._rows.value)]
        return self._rows


@dataclass(eq=False)
class StoredSet:
    """A set in a file; its bins are read when a query needs them."""

    source: ByteSource
    name: str
    offset: int
    version: int
    value_size: int
    _complete: bool = field(default=False, init=False)

    @property
    def min(self) -> int:
        return self._header[0]

    @property
    def max(self) -> int:
        return self._header[1]

    @property
    def words(self) -> int:
        return -(-self.value_size // 8)

    def rows(self, starts: Ints | None = None, ends: Ints | None = None) -> Entries:
        rows, missing = self._rows, self._missing
        if not self._complete:
            if starts is None or ends is None:
                wanted = np.flatnonzero(missing)
            else:
                wanted = _kernels().missing_bins(missing, rows.depth, starts, ends)
            if len(wanted):
                self._load(wanted)
            self._complete = not missing.any()
        return rows

    @cached_property
    def _row(self) -> np.dtype[Any]:
        return row_layout(self.value_size)

    @cached_property
    def _header(self) -> tuple[int, int]:
        found = read_one(self.source, self.offset, SET, f"set {self.name!r}")
        low, high = int(found["min"]), int(found["max"])
        most = MAX if self.version >= 2 else OLD_MAX
        if not low <= high <= most:
            raise format_error(
                self.source.name,
                self.offset,
                f"set {self.name!r} has positions of {low} to {high}, expected within 0 to {most} "
                f"in version {self.version}",
            )
        return low, high

    @cached_property
    def _bins(self) -> npt.NDArray[Any]:
        """The place of each bin, all in the file."""
        _, n_bins = scheme(self.max, self.version)
        at = self.offset + SET.itemsize
        bins = read_array(self.source, at, BIN, n_bins, f"bins of set {self.name!r}")
        begin, sizes = bins["offset"].astype(np.int64), self._sizes(bins)
        outside = (sizes > 0) & ((begin < HEADER.itemsize) | (begin + sizes > self.source.size))
        if outside.any():
            b = int(outside.argmax())
            raise format_error(
                self.source.name,
                at + b * BIN.itemsize,
                f"bin {b} of set {self.name!r} has {bins['count'][b]} intervals at bytes "
                f"{begin[b]} to {begin[b] + sizes[b]}, the file ends at {self.source.size}",
            )
        filled = np.flatnonzero(sizes)
        order = filled[np.argsort(begin[filled], kind="stable")]
        shared = begin[order[1:]] < (begin + sizes)[order[:-1]]
        if shared.any():
            k = int(shared.argmax())
            raise format_error(
                self.source.name,
                at + int(order[k + 1]) * BIN.itemsize,
                f"bins {order[k]} and {order[k + 1]} of set {self.name!r} share bytes",
            )
        return bins

    def _sizes(self, bins: npt.NDArray[Any]) -> Ints:
        return bins["count"].astype(np.int64) * self._row.itemsize

    def check(self) -> None:
        """Raise FormatError where a bin is not in the file as a whole; no bin is read."""
        _ = self._bins

    @cached_property
    def _rows(self) -> Entries:
        first = np.zeros(len(self._bins) + 1, np.int64)
        np.cumsum(self._bins["count"], out=first[1:])
        depth, _ = scheme(self.max, self.version)
        return Entries.empty(depth, first, self.words)

    @cached_property
    def _missing(self) -> Bools:
        """Bins whose rows are still to be read."""
        return self._bins["count"] > 0

    def _load(self, bins: Ints) -> None:
        """Read bins, which have rows; those that lie one behind the other as one piece."""
        rows, sizes = self._rows, self._sizes(self._bins)[bins]
        begin = self._bins["offset"][bins].astype(np.int64)
        ends = begin + sizes
        follows = (begin[1:] == ends[:-1]) & (rows.first[bins[1:]] == rows.first[bins[:-1] + 1])
        heads = np.flatnonzero(np.r_[True, ~follows])
        tails = np.r_[heads[1:], len(bins)] - 1
        ranges = np.column_stack([begin[heads], ends[tails]]).astype(np.uint64)
        pieces = self.source.read_many(ranges)
        for piece, one, other in zip(pieces, bins[heads], bins[tails], strict=True):
            self._decode(piece, int(one), int(other) + 1)
        self._missing[bins] = False

    def _decode(self, piece: Any, bin_from: int, bin_to: int) -> None:
        kernels, rows = _kernels(), self._rows
        found = np.frombuffer(piece, self._row)
        inside = slice(int(rows.first[bin_from]), int(rows.first[bin_to]))
        rows.start[inside], rows.end[inside] = found["start"], found["end"]
        rows.value[inside] = words_of_bytes(found["value"])
        status, b, i = kernels.settle(
            rows.first, bin_from, bin_to, rows.depth, rows.start, rows.end, rows.value, rows.reach
        )
        if status == kernels.OK:
            return
        shown = f"{rows.start[i]}-{rows.end[i]}"
        if status == kernels.REVERSED:
            why = f"interval {shown} of set {self.name!r} starts after its end"
        elif status == kernels.OUTSIDE:
            low, high = bin_span(b, MIN_SHIFT, rows.depth)
            why = f"interval {shown} of set {self.name!r} is not in its bin {b}, {low}-{high}"
        else:
            last = f"{rows.start[i - 1]}-{rows.end[i - 1]}"
            why = f"bin {b} of set {self.name!r} is not sorted: {shown} after {last}"
        at = int(self._bins["offset"][b]) + (i - int(rows.first[b])) * self._row.itemsize
        raise format_error(self.source.name, at, why)

    def __reduce__(self) -> tuple[Any, ...]:  # what was read is read again
        return StoredSet, (self.source, self.name, self.offset, self.version, self.value_size)


# ── files ───────────────────────────────────────────────────────────────────────────────────────


def read_sets(source: ByteSource) -> dict[str, IntervalSet]:
    """The sets of a file by name, in its order; only their table is read.

    Of the set that comes last in the file the places of its bins are looked at too, since
    what is missing at the end of a file that was cut short is mostly theirs.
    """
    header = read_tagged(source, 0, HEADER, ">", MAGIC, "bx interval index")
    version = int(header["version"])
    if version > VERSION:
        raise format_error(
            source.name, 4, f"version of the interval index is {version}, expected 0, 1 or 2"
        )
    sets: dict[str, StoredSet] = {}
    for at, name, offset, value_size in _read_table(source, version, int(header["count"])):
        if name in sets:
            raise format_error(source.name, at, f"a second set is named {name!r}")
        check_range(source, offset, SET.itemsize, f"set {name!r}")
        sets[name] = StoredSet(source, name, offset, version, value_size)
    if sets:
        max(sets.values(), key=lambda one: one.offset).check()
    return dict(sets)


Entry = tuple[int, str, int, int]  # where it is, name, offset, value size


def _read_table(source: ByteSource, version: int, count: int) -> list[Entry]:
    begin, size = HEADER.itemsize, TABLE_PIECE
    while True:
        data = bytes(source.read(begin, min(size, source.size - begin)))
        entries = list(_entries(data, version, count, source.name))
        if len(entries) == count:
            return entries
        if begin + len(data) == source.size:
            raise format_error(
                source.name,
                source.size,
                f"truncated index table: {len(entries)} of {count} sets before the file's end",
            )
        size *= 8


def _entries(data: bytes, version: int, count: int, path: str) -> Iterator[Entry]:
    """Entries of the index table, as many as are whole in ``data``."""
    tail = PLACE.itemsize if version else 4
    at = 0
    for _ in range(count):
        name_end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        if name_end + tail > len(data):
            return
        place = HEADER.itemsize + at
        try:
            name = data[at + 4 : name_end].decode()
        except UnicodeDecodeError as error:
            raise format_error(path, place, f"name of a set is not UTF-8: {error.reason}") from None
        offset = int.from_bytes(data[name_end : name_end + 4], "big")
        value_size = int.from_bytes(data[name_end + 4 : name_end + tail], "big") if version else 4
        if not 1 <= value_size < 2**31:
            raise format_error(
                path, place, f"values of set {name!r} have {value_size} bytes, expected 1 or more"
            )
        if value_size > limits.array:
            what = f"values of set {name!r} have {value_size:,} bytes"
            raise limits.passed("array", path, place, what)
        yield place, name, offset, value_size
        at = name_end + tail


def write_sets(
    sets: Mapping[str, IntervalSet],
    version: int,
    value_size: int | None,
    open_file: Callable[[], Any],
) -> None:
    """Write sets as bx-python does, sorted by name; WriteError before a file is opened.

    ``open_file`` gives a context manager with the binary file. ``value_size`` is for all
    sets; None leaves a set the one it has, else as many times 4 bytes as its values need.
    """
    if version not in range(VERSION + 1):
        raise WriteError(f"version is {version!r}, expected 0, 1 or 2", row=None)
    names = sorted(sets)
    sizes = [_value_size(name, sets[name], version, value_size) for name in names]
    tail = PLACE.itemsize if version else 4
    at = HEADER.itemsize + sum(4 + len(name.encode()) + tail for name in names)
    table = [np.array((MAGIC, version, len(names)), HEADER).tobytes()]
    bodies = []
    for name, size in zip(names, sizes, strict=True):
        encoded = name.encode()
        place = np.array((at, size), PLACE).tobytes()[:tail]
        table += [len(encoded).to_bytes(4, "big"), encoded, place]
        bodies.append((sets[name], size, at))
        _, n_bins = scheme(sets[name].max, version)
        n_rows = len(sets[name].rows().start)
        at += SET.itemsize + n_bins * BIN.itemsize + n_rows * row_layout(size).itemsize
        if at > LARGEST_OFFSET:
            raise WriteError(
                f"the file would be larger than {LARGEST_OFFSET} bytes, the largest offset that "
                "an interval index has room for; write several files",
                row=None,
            )
    with open_file() as file:
        _write_all(file, table, (_pack_set(*body, version) for body in bodies))


def _write_all(file: BinaryIO, table: Iterable[bytes], bodies: Iterable[bytes]) -> None:
    file.write(b"".join(table))
    for body in bodies:
        file.write(body)


def _value_size(name: str, one: IntervalSet, version: int, asked: int | None) -> int:
    """Bytes of a set's values in the file; WriteError where they do not fit or cannot be."""
    if one.max > OLD_MAX and version < 2:
        raise WriteError(
            f"set {name!r} has positions up to {one.max}, versions 0 and 1 hold up to {OLD_MAX}; "
            "write version 2",
            row=None,
        )
    if version == 0 and asked not in (None, 4):
        raise WriteError(f"value_size is {asked}, but values of version 0 have 4 bytes", row=None)
    if asked is not None and not 1 <= asked < 2**31:
        raise WriteError(f"value_size is {asked}, expected 1 or more bytes", row=None)
    needed = size_needed(one.rows().value)
    fixed = 4 if version == 0 else asked
    if fixed is not None and needed > fixed:
        way = "write version 1 or 2" if version == 0 else f"give value_size={needed} or more"
        raise WriteError(
            f"values of set {name!r} need {needed} bytes and do not fit {fixed}; {way}", row=None
        )
    if fixed is not None:
        return fixed
    if one.value_size is not None and one.value_size >= needed:
        return one.value_size
    return 4 * -(-needed // 4)


def _pack_set(one: IntervalSet, value_size: int, at: int, version: int) -> bytes:
    """A set that is to stand at byte ``at``: its range, its bins, their rows."""
    depth, n_bins = scheme(one.max, version)
    rows = one.rows().with_scheme(depth, n_bins)
    found = np.empty(len(rows.start), row_layout(value_size))
    found["start"], found["end"] = rows.start, rows.end
    found["value"] = bytes_of(rows.value, value_size)
    bins = np.empty(n_bins, BIN)
    begin = at + SET.itemsize + bins.nbytes
    bins["offset"] = begin + rows.first[:-1] * found.itemsize
    bins["count"] = np.diff(rows.first)
    return b"".join([np.array((one.min, one.max), SET).tobytes(), bins.tobytes(), found.tobytes()])
