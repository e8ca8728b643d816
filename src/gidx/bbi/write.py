"""A bbi file, put together from encoded rows.

    header | zoom headers | AutoSQL | total summary | extended header | extra index list
    chromosome B+ tree
    count | data blocks | range tree
    for each zoom level: summary count | blocks | range tree
    for each extra index: B+ tree
    magic

The truth is UCSC's bedToBigBed 2.10 and bedGraphToBigWig 2.8: with ``level=0`` the bytes are
those of their ``-unc``, and with zlib in place of libdeflate compressed files are the same too.
Where it differs:

* libdeflate's blocks are a little smaller than zlib's, and the finest zoom level is
  chosen by the data's size, so a compressed file may zoom a step earlier or later.
* ids of chroms are their places in the file; 2.10 renumbers them by name where the
  chroms are not sorted by name.
* past 2 GiB, 2.10 writes a wrong end into the finest zoom level's range tree (an
  ``int``), and past 4 GiB it gives up on extra indexes.

AutoSQL, extended header and extra indexes are a bigBed's, whose count is of rows; a bigWig's
is of blocks. Containers know bytes: what a row's bytes mean is for the format to say, which
encodes them. Rows must come sorted by start within a chrom; this is checked, along
with the chroms' sizes, before the first byte is written.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from numbers import Integral
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gidx.bbi import bplus_tree, range_tree, zoom
from gidx.bbi.blocks import LEVEL, deflate_block
from gidx.bbi.header import (
    BIGBED_MAGIC,
    BIGWIG_MAGIC,
    EXTENDED_HEADER,
    EXTRA_INDEX,
    EXTRA_INDEX_FIELD,
    HEADER,
    MAX_ZOOM_LEVELS,
    TOTAL_SUMMARY,
    VERSION,
    ZOOM_HEADER,
)
from gidx.errors import WriteError
from gidx.ground.layout import Record
from gidx.ground.pool import in_order

Spans = Callable[[], Iterable[tuple[int, npt.NDArray[Any], npt.NDArray[Any]]]]

# An entry of the extra index list: one field makes the key.
_EXTRA = np.dtype([("index", EXTRA_INDEX), ("key", EXTRA_INDEX_FIELD)])
LEVELS = range(1, 13)  # libdeflate's
_MOST = 65535  # a node counts its items in 16 bits
# Rows a kernel call: 1 MB of positions, which stay in cache from one loop to the next.
_CHUNK = 65536
# Summaries a task: 2 MB, about as much as a group of rows.
_SUMMARIES = 65536


@dataclass(frozen=True)
class Chrom:
    """A chrom that has ``count`` rows. Chroms are in file order; the place is the id."""

    name: bytes
    size: int
    count: int


@dataclass(frozen=True)
class RowGroup:
    """Encoded rows in whole blocks: ``data[bounds[i] : bounds[i + 1]]``.

    Per block its chrom, its smallest start, its largest end, its rows; per extra index the
    key of each row (numpy ``S``).
    """

    chrom: npt.NDArray[np.int32]
    data: Any
    bounds: npt.NDArray[np.int64]
    start: npt.NDArray[np.uint32]
    end: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]
    keys: tuple[npt.NDArray[np.bytes_], ...]


Batch = list[tuple[int, int, int]]  # chrom, first row, row behind the last


def batches(firsts: npt.NDArray[np.int64], size: int) -> Iterator[Batch]:
    """Rows that are encoded together, at most ``size``; chrom c begins at row ``firsts[c]``.

    Why together: a genome of 100,000 scaffolds has as many chroms, of a few rows.
    """
    batch: Batch = []
    room = size
    for chrom, (first, last) in enumerate(pairwise(firsts.tolist())):
        for start in range(first, last, size):
            stop = min(start + size, last)
            if stop - start > room:
                yield batch
                batch, room = [], size
            batch.append((chrom, start, stop))
            room -= stop - start
    if batch:
        yield batch


def blocks_of(
    batch: Batch, items_per_slot: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Where the blocks of a batch begin, in its rows, and the end; the chrom of each.

    >>> [a.tolist() for a in blocks_of([(0, 10, 13), (1, 13, 14)], 2)]
    [[0, 2, 3, 4], [0, 0, 1]]
    """
    parts = np.array(batch, np.int64)
    rows = np.append(parts[:, 1], parts[-1, 2]) - parts[0, 1]
    counts = -(-np.diff(rows) // items_per_slot)
    before = np.cumsum(counts) - counts
    inside = np.arange(counts.sum()) - np.repeat(before, counts)
    firsts = np.repeat(rows[:-1], counts) + inside * items_per_slot
    return np.append(firsts, rows[-1]), np.repeat(parts[:, 0], counts).astype(np.int32)


def level_of(compression: str | None, level: int) -> int:
    """The layout's level, from a writer's options."""
    if compression is None:
        return 0
    if not isinstance(compression, str) or compression != "zlib":
        raise WriteError(f"compression is {compression!r}, expected 'zlib' or None", row=None)
    if not isinstance(level, Integral) or level not in LEVELS:
        raise WriteError(
            f"level is {level!r}, expected 1 to {LEVELS[-1]}; compression=None writes plain",
            row=None,
        )
    return level


@dataclass(frozen=True)
class Content:
    """The rows of a file, in its order.

    ``spans()`` gives (chrom, starts, ends) of all, in chunks of any size, and is called
    three times; of a bigWig ``runs()``, called once, the values too. ``groups`` are the
    same rows, encoded.
    """

    chroms: Sequence[Chrom]
    spans: Spans
    groups: Iterable[Callable[[], RowGroup]]
    runs: Callable[[], zoom.Runs] | None = None  # None: it is their coverage that is summed up


@dataclass(frozen=True)
class BedFields:
    """What a bigBed says of its rows; ``extra_fields`` are those that groups have keys of."""

    field_count: int
    defined_field_count: int
    autosql: bytes | None = None
    extra_fields: Sequence[int] = ()


@dataclass(frozen=True)
class FileShape:
    """How a file is cut; ``level`` 0 writes plain blocks."""

    items_per_slot: int = 512
    fan_out: int = 256
    level: int = LEVEL

    def check(self) -> None:
        _check_parameter("fan_out", self.fan_out, 2, _MOST)
        _check_parameter("items_per_slot", self.items_per_slot, 1, _MOST)
        _check_parameter("level", self.level, 0, 12)


def write_bbi(
    file: BinaryIO,
    content: Content,
    declaration: BedFields | None,
    layout: FileShape,
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a bigBed, or without a declaration a bigWig, from where ``file`` stands.

    The file must be able to seek. Groups are called and deflated in
    ``threads`` threads, at most two more than that ahead of the file, and written
    in order; then ``progress`` gets the number of rows written so far.
    """
    layout.check()
    chroms = content.chroms
    rows, bases = _measure(content.spans, chroms)
    out = _Output(file, layout.level, threads)
    head = np.zeros(1, HEADER)[0]
    head["magic"], head["version"] = BIGWIG_MAGIC if declaration is None else BIGBED_MAGIC, VERSION

    extra_fields = _leave_room(out, head, declaration)
    head["chromosome_tree_offset"] = out.at
    out.write(_chromosome_tree(chroms, layout.fan_out, out.at))

    head["data_offset"] = out.at
    out.write(bytes(8))
    data = _Data(len(extra_fields))
    with closing(out.blocks(content.groups)) as written:
        for group, offsets, stored in written:
            data.add(group, offsets, stored)
            if progress is not None:
                progress(data.rows)
    if data.rows != rows:
        raise zoom.rows_changed(data.rows, rows)
    head["index_offset"] = out.at
    out.write(data.range_tree(layout.fan_out, out.at))

    summaries, total, reduction = _finest(
        content,
        rows=rows,
        bases=bases,
        data_size=int(head["index_offset"] - head["data_offset"]),
        compressed=layout.level > 0,
    )
    zooms = _write_zooms(out, summaries, reduction, layout)
    head["zoom_levels"] = np.count_nonzero(zooms["reduction"])

    extra = np.zeros(len(extra_fields), _EXTRA)
    extra["index"]["field_count"], extra["key"]["field"] = 1, extra_fields
    for i in range(len(extra_fields)):
        extra["index"]["offset"][i] = out.at
        out.write(data.extra_index(i, layout.fan_out, out.at))
    out.write(head["magic"].tobytes())

    if layout.level > 0:
        summed = layout.items_per_slot * zoom.SUMMARY.itemsize
        head["uncompress_buffer_size"] = max(data.largest, summed)
    out.rewrite(0, head.tobytes() + zooms.tobytes())
    out.rewrite(int(head["total_summary_offset"]), total.tobytes())
    if declaration is not None:
        at = int(head["extended_header_offset"])
        out.rewrite(at, _extended_header(at, len(extra_fields)) + extra.tobytes())
    count = data.blocks if declaration is None else rows
    out.rewrite(int(head["data_offset"]), np.uint64(count).tobytes())


def _leave_room(out: _Output, head: Record, declaration: BedFields | None) -> Sequence[int]:
    """Write what stands before the trees, still open but for AutoSQL: the fields to index."""
    out.write(bytes(HEADER.itemsize + MAX_ZOOM_LEVELS * ZOOM_HEADER.itemsize))
    extra_fields: Sequence[int] = ()
    if declaration is not None:
        extra_fields = declaration.extra_fields
        head["field_count"] = declaration.field_count
        head["defined_field_count"] = declaration.defined_field_count
        if declaration.autosql is not None:
            head["autosql_offset"] = out.at
            out.write(declaration.autosql + b"\0")
    head["total_summary_offset"] = out.at
    out.write(bytes(TOTAL_SUMMARY.itemsize))
    if declaration is not None:
        head["extended_header_offset"] = out.at
        out.write(bytes(EXTENDED_HEADER.itemsize + _EXTRA.itemsize * len(extra_fields)))
    return extra_fields


def _check_parameter(name: str, value: Any, least: int, most: int) -> None:
    if not isinstance(value, Integral) or not least <= int(value) <= most:
        raise WriteError(f"{name} is {value!r}, expected {least} to {most}")


def _extended_header(at: int, n_extra: int) -> bytes:
    header = np.zeros(1, EXTENDED_HEADER)
    header["size"], header["index_count"] = EXTENDED_HEADER.itemsize, n_extra
    header["index_list_offset"] = at + EXTENDED_HEADER.itemsize if n_extra else 0
    return header.tobytes()


# --- rows ---------------------------------------------------------------------------


def _chunks(spans: Spans) -> zoom.Chunks:
    """The spans in short chunks, as the kernels take them."""
    for chrom, starts, ends in spans():
        for i in range(0, len(starts), _CHUNK):
            some = slice(i, i + _CHUNK)
            yield chrom, zoom.positions(starts[some]), zoom.positions(ends[some])


def _measure(spans: Spans, chroms: Sequence[Chrom]) -> tuple[int, int]:
    """Number of rows and sum of their lengths, once all rows are found fit to be written."""
    seen = set[bytes]()
    for chrom in chroms:
        if chrom.name in seen:
            raise WriteError(f"rows are not sorted: {_name(chrom)} comes twice")
        seen.add(chrom.name)
        _check_parameter(f"size of {_name(chrom)}", chrom.size, 1, 2**32 - 1)
    rows = np.zeros(len(chroms), np.int64)
    bases = first = 0
    last, before = -1, 0
    for i, starts, ends in _chunks(spans):
        chrom = chroms[i]
        if i != last:
            if i < last:
                raise WriteError(f"rows are not sorted: {_name(chrom)} comes twice")
            last, before = i, 0
        previous = np.concatenate([[before], starts[:-1]])
        bad = (starts < previous) | (ends < starts) | (ends > chrom.size)
        if bad.any():
            k = int(np.argmax(bad))
            raise _unfit(chrom, previous[k], starts[k], ends[k], first + k)
        before = int(starts[-1])
        bases += int((ends - starts).sum())
        rows[i] += len(starts)
        first += len(starts)
    for chrom, count in zip(chroms, rows.tolist(), strict=True):
        if count != chrom.count:
            raise zoom.rows_changed(count, chrom.count)
    return first, bases


def _name(chrom: Chrom) -> str:
    return chrom.name.decode(errors="replace")


def _unfit(chrom: Chrom, previous: int, start: int, end: int, row: int) -> WriteError:
    name = _name(chrom)
    if start < 0:
        message = f"{name}:{start}-{end} (row {row}) starts before 0"
    elif start < previous:
        message = f"rows are not sorted: {name}:{start} after {name}:{previous} (row {row})"
    elif end < start:
        message = f"{name}:{start}-{end} (row {row}) ends before it starts"
    else:
        message = f"{name}:{start}-{end} (row {row}) ends after {name}, of size {chrom.size}"
    return WriteError(message, row=row)


class _Data:
    """What is remembered of the data blocks that are written."""

    def __init__(self, n_keys: int) -> None:
        self.rows = self.blocks = 0
        self.largest = 0  # block, in bytes before compression
        self._low: list[npt.NDArray[np.uint64]] = []
        self._high: list[npt.NDArray[np.uint64]] = []
        self._counts: list[npt.NDArray[np.int64]] = []
        self._offsets: list[npt.NDArray[np.uint64]] = []
        self._stored: list[npt.NDArray[np.int64]] = []
        self._keys: list[list[npt.NDArray[np.bytes_]]] = [[] for _ in range(n_keys)]

    def add(
        self, group: RowGroup, offsets: npt.NDArray[np.uint64], stored: npt.NDArray[np.int64]
    ) -> None:
        """Blocks at ``offsets``, of ``stored`` bytes each."""
        self.rows += int(group.counts.sum())
        self.blocks += len(group.counts)
        self.largest = max(self.largest, int(np.diff(group.bounds).max(initial=0)))
        self._low.append(range_tree.key(group.chrom, group.start))
        self._high.append(range_tree.key(group.chrom, group.end))
        self._counts.append(group.counts)
        self._offsets.append(offsets)
        self._stored.append(stored)
        for kept, keys in zip(self._keys, group.keys, strict=True):
            kept.append(keys)

    def range_tree(self, fan_out: int, at: int) -> bytes:
        low, high, offsets = (
            _joined(parts, np.uint64) for parts in (self._low, self._high, self._offsets)
        )
        return range_tree.pack(low, high, offsets, block_size=fan_out, items_per_slot=1, at=at)

    def extra_index(self, i: int, fan_out: int, at: int) -> bytes:
        """A row each, sorted by key as bytes; rows of one key stay in file order."""
        keys = np.concatenate([np.empty(0, "S1"), *self._keys[i]])
        self._keys[i] = []
        if len(keys) != self.rows:
            raise zoom.rows_changed(len(keys), self.rows)
        order = np.argsort(keys, kind="stable")
        counts = _joined(self._counts, np.int64)
        values = np.empty(len(keys), bplus_tree.BLOCK)
        values["offset"] = np.repeat(_joined(self._offsets, np.uint64), counts)[order]
        values["size"] = np.repeat(_joined(self._stored, np.int64), counts)[order]
        return bplus_tree.pack(keys[order], values, fan_out, at)


def _joined(parts: list[npt.NDArray[Any]], dtype: type) -> npt.NDArray[Any]:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.empty(0, dtype)


def _chromosome_tree(chroms: Sequence[Chrom], fan_out: int, at: int) -> bytes:
    names = np.array([chrom.name for chrom in chroms], np.bytes_)
    values = np.zeros(len(chroms), bplus_tree.CHROM)
    values["id"] = np.arange(len(chroms))
    values["size"] = [chrom.size for chrom in chroms]
    order = np.argsort(names, kind="stable")
    return bplus_tree.pack(names[order], values[order], min(fan_out, len(chroms)), at)


# --- zoom levels --------------------------------------------------------------------


def _finest(
    content: Content, *, rows: int, bases: int, data_size: int, compressed: bool
) -> tuple[Record, Record, int]:
    """The finest level, the total summary, and the level's reduction."""
    sizes = [chrom.size for chrom in content.chroms]
    tried = zoom.reductions(bases, rows)
    counts = zoom.count_summaries(_chunks(content.spans), sizes, tried)
    if rows and not counts.any():
        raise zoom.rows_changed(0, rows)
    i = zoom.choose(counts, data_size, compressed=compressed)
    runs = content.runs() if content.runs else zoom.coverage_runs(_chunks(content.spans))
    return *zoom.summarize(runs, sizes, tried[i], int(counts[i])), tried[i]


def _write_zooms(out: _Output, summaries: Record, reduction: int, layout: FileShape) -> Record:
    """Write the finest level, and those above it while they get shorter: their headers."""
    zooms = np.zeros(MAX_ZOOM_LEVELS, ZOOM_HEADER)
    before = 0
    for level, head in enumerate(zooms):
        if len(summaries) == before:
            break
        # UCSC's quirk: plain blocks above the finest level hold one summary each
        each = layout.items_per_slot if out.level > 0 or level == 0 else 1
        head["reduction"] = reduction % 2**32
        head["data_offset"] = out.at
        offsets = _write_summaries(out, summaries, each)
        head["index_offset"] = out.at
        low = range_tree.key(summaries["chrom"], summaries["start"])
        high = range_tree.key(summaries["chrom"], summaries["end"])
        tree = range_tree.pack(
            low, high, offsets, block_size=layout.fan_out,
            items_per_slot=layout.items_per_slot, at=out.at,
        )  # fmt: skip
        out.write(tree)
        before = len(summaries)
        reduction *= zoom.STEP
        summaries = zoom.coarsen(summaries, reduction)
    return zooms


def _write_summaries(out: _Output, summaries: Record, each: int) -> npt.NDArray[np.uint64]:
    """Write in blocks of ``each``: the offset of each summary's block."""
    out.write(np.uint32(len(summaries)).tobytes())
    step = each * max(1, _SUMMARIES // each)
    calls = (partial(_summary_group, summaries[i : i + step], each)
             for i in range(0, len(summaries), step))  # fmt: skip
    with closing(out.blocks(calls)) as written:
        parts = [np.repeat(offsets, group.counts) for group, offsets, _ in written]
    return np.concatenate(parts)


def _summary_group(summaries: Record, each: int) -> RowGroup:
    first = np.arange(0, len(summaries), each)
    bounds = np.append(first, len(summaries))
    nothing = np.zeros(0, np.uint32)
    return RowGroup(
        nothing.astype(np.int32),
        summaries.view(np.uint8),
        bounds * zoom.SUMMARY.itemsize,
        nothing,
        nothing,
        np.diff(bounds),
        (),
    )


# --- the file -----------------------------------------------------------------------


class _Output:
    """A file that knows where it is, and deflates ahead in a few threads."""

    def __init__(self, file: BinaryIO, level: int, threads: int) -> None:
        self._file, self._begin = file, file.tell()
        self.at = 0
        self.level, self._threads = level, threads

    def write(self, data: Any) -> None:
        self._file.write(data)
        self.at += len(data)

    def rewrite(self, at: int, data: bytes) -> None:
        """Fill in what was left open at ``at``; then stand at the end again."""
        self._file.seek(self._begin + at)
        self._file.write(data)
        self._file.seek(self._begin + self.at)

    def blocks(
        self, calls: Iterable[Callable[[], RowGroup]]
    ) -> Generator[tuple[RowGroup, npt.NDArray[np.uint64], npt.NDArray[np.int64]]]:
        """Write the groups' blocks: (group without data, offsets, sizes in the file)."""
        jobs = (partial(_deflated, call, self.level) for call in calls)
        with closing(in_order(jobs, self._threads)) as done:
            for group, pieces, sizes in done:
                offsets = self.at + np.cumsum(sizes) - sizes
                for piece in pieces:
                    self.write(piece)
                yield group, offsets.astype(np.uint64), sizes


def _deflated(
    call: Callable[[], RowGroup], level: int
) -> tuple[RowGroup, list[Any], npt.NDArray[np.int64]]:
    """Encode a group and deflate its blocks: (group without data, pieces, block sizes)."""
    group = call()
    data = memoryview(group.data).cast("B")
    bounds = group.bounds.tolist()
    group = replace(group, data=b"")
    if level == 0:
        return group, [data[bounds[0] : bounds[-1]]], np.diff(group.bounds)
    pieces = [deflate_block(data[a:b], level) for a, b in pairwise(bounds)]
    return group, pieces, np.array([len(piece) for piece in pieces], np.int64)
