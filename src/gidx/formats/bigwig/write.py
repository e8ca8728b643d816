"""bigWig files, written: rows of chrom, start, end, value, or arrays of a value a base.

    data ─frame─▶ rows in file order ─checked─▶ sections ─bbi.write─▶ file

The truth is UCSC's bedGraphToBigWig (2.8, built from its source): order of rows, zoom levels
and total summary are its own. It writes sections of type bedGraph only; here each is of the
type that takes the fewest bytes. Where that is bedGraph for all of a file, so are all bytes
of ``-unc``, which tests hold to digests of its files. Where sections are smaller, the finest
zoom level, which the size of the data chooses, may be another one.

A value is stored in 32 bits. One that these turn into zero or infinity, and one that is not
a number, is refused with its row, as are rows that overlap or are empty.

Left out: the container (see bbi.write).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, Protocol, TypeGuard

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow import encode
from gidx.arrow.batches import Batches, flow, frame
from gidx.arrow.faults import Faults
from gidx.arrow.left_out import LeftOut
from gidx.arrow.order import Allowed, Order, by_bytes, survey, unfit
from gidx.bbi.section import MOST
from gidx.bbi.write import (
    Batch,
    Chrom,
    Content,
    FileShape,
    RowGroup,
    batches,
    blocks_of,
    level_of,
    write_bbi,
)
from gidx.declared.clip import clipped
from gidx.errors import WriteError, asked_of, hint, warn
from gidx.ground.atomic import check_target, replacing
from gidx.ground.conventions import Roles, chrom_column, recognise
from gidx.ground.pool import thread_count
from gidx.ground.region import Region, chrom_name
from gidx.ground.tuning import tuning
from gidx.kernels.signal import encode_sections, runs_of

if TYPE_CHECKING:
    from gidx.options import ChromSizes, Path, Tabular

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Invalid = Literal["raise", "drop"]

_NO_NUMBERS = (
    "there is none; a bedGraph that no track line calls so is read as one with schema='bedGraph'"
)
_STEP = 2**18  # bases of an array that are looked at at a time


def write_bigwig(
    data: Tabular,
    path: Path | BinaryIO,
    chromsizes: ChromSizes | None = None,
    *,
    value: str | None = None,
    invalid: Invalid = "raise",
    sort: bool = False,
    clip: bool = False,
    compression: Literal["zlib"] | None = "zlib",
    level: int = 6,
    items_per_slot: int = 1024,
    fan_out: int = 256,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a bigWig file; it appears only when it is finished.

    Parameters
    ----------
    data
        Rows, as `gidx.write_bed` takes them, with a column of numbers. Rows of a chrom do not
        overlap. Or a signal: a dict of chrom to an array with a value for each base from the
        first on; neighbours of one value become a row, and NaN, or what is masked, is no value.
    path : str, PathLike or binary file
        The file; what it holds stays untouched until the new one is complete.
    chromsizes
        As `gidx.write_bigbed` takes them. Default: those in the data's metadata, or the
        lengths of the arrays.
    value : str, optional
        The column of values. Default: ``value``, or the only column of numbers that is
        left.
    invalid : {"raise", "drop"}
        What a row does that has no bases, or whose value is missing, not a number, or past
        what 32 bits hold.
    clip : bool
        Cut rows, and arrays, that reach past their chrom's end to it, and leave out rows that
        begin behind it, with a warning, as wigToBigWig's ``-clip``. Without it, they are refused.
    sort, compression, level, items_per_slot, fan_out, threads, progress
        As `gidx.write_bigbed` explains them.

    Raises
    ------
    WriteError
        Rows that a bigWig cannot hold; ``row`` is the first one's number. No file is
        left behind.

    Examples
    --------
    >>> depth = pd.DataFrame({"chrom": "chr1", "start": [0, 10], "end": [10, 30], "value": [1, 2]})
    >>> gidx.write_bigwig(depth, "depth.bw", {"chr1": 1000})
    >>> gidx.write_bigwig({"chr1": np.repeat([1.0, 2.0], [10, 20])}, "same.bw", {"chr1": 1000})
    >>> gidx.open("depth.bw").to_table().equals(gidx.open("same.bw").to_table())
    True
    """
    layout = FileShape(items_per_slot, fan_out, level_of(compression, level))
    layout.check()
    check_target(path)
    asked_of("progress", progress)
    if items_per_slot > MOST:
        raise WriteError(f"items_per_slot is {items_per_slot}, expected 1 to {MOST}", row=None)
    if invalid not in ("raise", "drop"):
        raise ValueError(f"invalid is {invalid!r}, expected 'raise' or 'drop'")
    if _is_signal(data):
        _write(_Arrays(data, chromsizes, invalid, clip), path, layout, threads, progress)
        return
    past, unfit_rows = LeftOut(), LeftOut()
    if isinstance(data, np.ndarray) and data.dtype.names is None:
        raise WriteError(
            "an array alone does not say of which chrom it is: pass {'chr1': array}", row=None
        )
    data = clipped(data, chromsizes, past) if clip else data
    data = _valid(data, value, unfit_rows) if invalid == "drop" else data
    beside = path if isinstance(path, str | os.PathLike) else None
    with past.told(), unfit_rows.told(), frame(data, beside=beside) as rows:
        sizes = sizes_of.given_or_recorded(chromsizes, rows.about)
        columns = _columns(rows.schema, value, empty=not len(rows))
        shift = columns.roles.shift
        order = survey(rows, columns.heads, Allowed(sizes, shift=-shift), sort=sort)
        source = _Table(rows, columns, order)
        source.check()
        _write(source, path, layout, threads, progress)


# ── where rows come from ────────────────────────────────────────────────────────────────────────


class _Source(Protocol):
    """Rows in file order, by their numbers; ``counts`` are those of each chrom."""

    names: Sequence[str]
    sizes: Sequence[int]
    counts: Ints

    def rows(self, start: int, stop: int) -> tuple[Ints, Ints, Floats]:
        """Starts, ends, values of rows ``start`` to ``stop``."""
        ...


class _Columns(NamedTuple):
    roles: Roles
    value: str

    @property
    def heads(self) -> list[str]:
        return [self.roles.chrom, self.roles.start, *([self.roles.end] if self.roles.end else [])]


def _columns(schema: pa.Schema, value: str | None, *, empty: bool = False) -> _Columns:
    """Which columns are what; of a table without rows, values may be of any type.

    A text without rows has its columns' names and not their types: a bigWig without rows
    comes back from it.
    """
    roles = recognise(schema.names)
    if value is not None and value not in schema.names:
        raise WriteError(f"value: no column {value!r}{hint(value, schema.names)}", row=None)
    if value is None:
        left = [f.name for f in schema if f.name not in roles.names and _is_number(f.type)]
        if "value" in schema.names:
            value = "value"
        elif len(left) == 1:
            value = left[0]
        else:
            shown = f"there are {', '.join(left)}; name it with value=" if left else _NO_NUMBERS
            raise WriteError(f"which column has the values? expected one of numbers, {shown}",
                             row=None)  # fmt: skip
    kind = schema.field(value).type
    if not (_is_number(kind) or empty):
        raise WriteError(f"column {value} is {kind}, expected numbers", row=None)
    return _Columns(roles, value)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pat.is_integer(kind) or pat.is_floating(kind) or pat.is_null(kind))


class _Table:
    """Rows of batches, by number."""

    def __init__(self, rows: Batches, columns: _Columns, order: Order) -> None:
        self._rows, self._columns, self._order = rows, columns, order
        self.names: Sequence[str] = order.names
        self.sizes: Sequence[int] = order.sizes
        self.counts = order.counts
        self._wanted = list(dict.fromkeys((*columns.heads[1:], columns.value)))

    def rows(self, start: int, stop: int) -> tuple[Ints, Ints, Floats]:
        starts, ends, _, values = self._read(start, stop)
        return starts, ends, values

    def _read(self, start: int, stop: int) -> tuple[Ints, Ints, npt.NDArray[Any], Floats]:
        rows = self._order.rows(start, stop)
        if isinstance(rows, int):
            batch = self._rows.rows(rows, rows + stop - start, self._wanted)
        else:
            batch = self._rows.take(rows, self._wanted)
        heads = self._columns.heads
        starts = encode.integers(batch.column(heads[1]), heads[1], Faults())
        starts = starts - self._columns.roles.shift if self._columns.roles.shift else starts
        end = heads[2] if len(heads) > 2 else None
        ends = starts + 1 if end is None else encode.integers(batch.column(end), end, Faults())
        given, values = _values(batch.column(self._columns.value))
        return starts, ends, given, values

    def check(self) -> None:
        """WriteError for the first row that no bigWig holds, though it has a place."""
        last, reach = -1, 0
        for start in range(0, len(self._rows), tuning.write_rows):
            stop = min(start + tuning.write_rows, len(self._rows))
            starts, ends, given, values = self._read(start, stop)
            chrom = self._order.chroms(start, stop)
            before = np.concatenate([[reach if chrom[0] == last else 0], ends[:-1]])
            before[1:][chrom[1:] != chrom[:-1]] = 0
            faults = Faults()
            faults.check(ends == starts, lambda _: "it is empty, so there is no base of the value")
            faults.check(
                starts < before,
                lambda i, before=before: (  # type: ignore[misc]
                    f"it overlaps the row before, which ends at {before[i]}; in a bigWig a base "
                    "has one value (df.gidx.pileup() makes the depth of rows that overlap)"
                ),
            )
            faults.check(
                _unfit(given, values),
                lambda i, given=given: f"{_say(given[i], self._columns.value)}",  # type: ignore[misc]
            )
            if faults.row is not None:
                i = faults.row
                place = Region(self.names[chrom[i]], int(starts[i]), int(ends[i]))
                rows = self._order.rows(start, stop)
                number = rows + i if isinstance(rows, int) else int(rows[i])
                raise unfit(faults.message, number, place)
            last, reach = int(chrom[-1]), int(ends[-1])


def _say(value: Any, column: str) -> str:
    why = "is missing" if np.isnan(value) else f"{value} is past what 32 bits hold"
    return f"column {column}: the value {why}; invalid='drop' leaves such rows out"


def _values(array: pa.Array) -> tuple[npt.NDArray[Any], Floats]:
    """A column as it is given, NaN for what is missing, and in 32 bits."""
    if pat.is_null(array.type):
        array = array.cast(pa.float32())
    given = array.to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(given, np.float32)
    return given, values


def _unfit(given: npt.NDArray[Any], values: Floats) -> npt.NDArray[np.bool_]:
    """Which values 32 bits do not hold."""
    bad: npt.NDArray[np.bool_] = ~np.isfinite(values)
    if given.dtype != np.float32:
        bad |= (values == 0) & (given != 0)
    return bad


def _valid(data: Any, value: str | None, left: LeftOut) -> Iterator[pa.Table | pa.RecordBatch]:
    """The rows that have bases, and a value that a bigWig holds; ``left`` is told of others."""
    rows = flow(data)
    columns = _columns(rows.schema, value)
    start, end, shift = columns.roles.start, columns.roles.end, columns.roles.shift
    yield rows.schema.empty_table()
    for batch in rows.batches:
        bad = _unfit(*_values(batch.column(columns.value)))
        if end is not None:
            places = (encode.integers(batch.column(n), n, Faults()) for n in (start, end))
            first, last = places
            bad |= first - shift == last
        left.see(bad)
        yield batch.filter(pa.array(~bad)) if bad.any() else batch


def _is_signal(data: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Whether it is a dict of arrays by chrom, not of columns by name."""
    return isinstance(data, Mapping) and chrom_column(data) is None


class _Arrays:
    """Runs of equal values of arrays; what is kept is how many begin in each part of one."""

    def __init__(
        self, data: Mapping[Any, Any], chromsizes: Any, invalid: Invalid, clip: bool
    ) -> None:
        given: dict[str, Any] = {}
        for key, array in data.items():
            name = chrom_name(key) or str(key)
            if name in given:
                raise WriteError(
                    f"the arrays have two chroms {name!r}, as text and number", row=None
                )
            given[name] = array
        for name, array in given.items():
            is_one = isinstance(array, (str, bytes)) or not hasattr(array, "__len__")
            if is_one or getattr(array, "shape", None) == ():  # numpy's own have a __len__
                found = f"{name!r} is {type(array).__name__}"
                raise WriteError(f"{found}, expected an array of the chrom's values", row=None)
        lengths = {name: len(array) for name, array in given.items()}
        sizes = lengths if chromsizes is None else sizes_of.read(chromsizes)
        self._arrays: list[Floats] = []
        names = []
        for name in by_bytes(given):
            if name not in sizes:
                raise WriteError(f"unknown chrom {name!r}{hint(name, sizes)}", row=None)
            if lengths[name] > sizes[name] and not clip:
                raise WriteError(
                    f"{name}: {lengths[name]} values, but its size is {sizes[name]}", row=None
                )
            array = _signal(name, given[name], sizes[name], invalid)
            if not np.isnan(array).all():
                names.append(name)
                self._arrays.append(array)
        cut = sum(lengths[name] > sizes[name] for name in given)
        if cut:
            arrays = f"{cut:,} array{'' if cut == 1 else 's'}"
            warn(f"clip=True cut {arrays} to the end of their chrom, past which they reached")
        self.names: Sequence[str] = names
        self.sizes: Sequence[int] = [sizes[name] for name in names]
        self._parts: list[tuple[int, int]] = []  # number of an array, where in it
        rows, counts = [0], []
        for i, array in enumerate(self._arrays):
            before = rows[-1]
            for begin in range(0, len(array), _STEP):
                starts, *_ = self._runs(i, begin)
                self._parts.append((i, begin))
                rows.append(rows[-1] + len(starts))
            counts.append(rows[-1] - before)
        self._firsts, self.counts = np.array(rows), np.array(counts, np.int64)

    def _runs(self, i: int, begin: int) -> tuple[Ints, Ints, Floats]:
        array = self._arrays[i]
        return runs_of(array, begin, min(begin + _STEP, len(array)))

    def rows(self, start: int, stop: int) -> tuple[Ints, Ints, Floats]:
        a = int(np.searchsorted(self._firsts, start, "right")) - 1
        b = int(np.searchsorted(self._firsts, stop, "left"))
        parts = [self._runs(*part) for part in self._parts[a:b]]
        mine = slice(start - int(self._firsts[a]), stop - int(self._firsts[a]))
        starts, ends, values = (np.concatenate(part)[mine] for part in zip(*parts, strict=True))
        return starts, ends, values


def _signal(name: str, given: Any, size: int, invalid: Invalid) -> Floats:
    array = np.asarray(given)
    if isinstance(given, np.ma.MaskedArray) and array.dtype.kind in "biuf":
        array = np.where(np.ma.getmaskarray(given), np.nan, array)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise WriteError(
            f"{name}: found {array.dtype} of shape {array.shape}, expected an array of numbers, "
            "one a base; rows have columns chrom, start, end, value",
            row=None,
        )
    array = array[:size]
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, np.float32)
    bad = _unfit(array, values) & ~np.isnan(values)
    if bad.any():
        if invalid == "raise":
            i = int(np.argmax(bad))
            raise unfit(_say(array[i], "value"), i, Region(name, i, i + 1))
        values = np.where(bad, np.float32(np.nan), values)
    return values


# ── rows to groups ──────────────────────────────────────────────────────────────────────────────


def _write(
    source: _Source,
    path: str | os.PathLike[str] | BinaryIO,
    layout: FileShape,
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> None:
    chroms = [
        Chrom(name.encode("utf-8", "surrogateescape"), size, count)
        for name, size, count in zip(
            source.names, source.sizes, source.counts.tolist(), strict=True
        )
    ]
    encoder = _Encoder(source, layout.items_per_slot)
    content = Content(chroms, encoder.spans, encoder.groups(), encoder.runs)
    with replacing(path) as file:
        write_bbi(file, content, None, layout, threads=thread_count(threads), progress=progress)


class _Encoder:
    """Makes the groups of a file; keeps no rows."""

    def __init__(self, source: _Source, items: int) -> None:
        self._source, self._items = source, items
        self._firsts = np.concatenate([[0], np.cumsum(source.counts)]).astype(np.int64)
        self._size = max(tuning.write_rows // items, 1) * items

    def spans(self) -> Iterator[tuple[int, Ints, Ints]]:
        """(chrom, starts, ends) of all rows."""
        for chrom, starts, ends, _ in self.runs():
            yield chrom, starts, ends

    def runs(self) -> Iterator[tuple[int, Ints, Ints, Floats]]:
        """(chrom, starts, ends, values) of all rows."""
        for batch in batches(self._firsts, self._size):
            starts, ends, values = self._source.rows(batch[0][1], batch[-1][2])
            cuts = [first - batch[0][1] for _, first, _ in batch] + [len(starts)]
            for (chrom, _, _), (a, b) in zip(batch, pairwise(cuts), strict=True):
                yield chrom, starts[a:b], ends[a:b], values[a:b]

    def groups(self) -> Iterator[Callable[[], RowGroup]]:
        """What makes each group of the file, in order."""
        for batch in batches(self._firsts, self._size):
            yield partial(self._group, batch)

    def _group(self, batch: Batch) -> RowGroup:
        starts, ends, values = self._source.rows(batch[0][1], batch[-1][2])
        bounds, chrom = blocks_of(batch, self._items)
        data, places = encode_sections(starts, ends, values, bounds, chrom)
        first, last = starts[bounds[:-1]], ends[bounds[1:] - 1]
        counts = np.diff(bounds)
        return RowGroup(
            chrom, data, places, first.astype(np.uint32), last.astype(np.uint32), counts, ()
        )
