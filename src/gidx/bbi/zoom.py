"""Zoom levels of a bbi file: runs of equal value, summed up over bins.

A bigWig's rows are such runs; of a bigBed's the `coverage` depth is.

Layout: Kent et al. 2010, supplementary table 19. The file's coarser levels are
sums over finer ones; each has a range tree of its own.

Which levels a file gets, and every number in them, is as UCSC's bedToBigBed 2.10 and
bedGraphToBigWig 2.8 have it. Reductions are counted in 32 bits there, and so they are
here: an item of 500 Mb makes one overflow, which only ever ends the list of levels early.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from gidx.bbi.blocks import inflate
from gidx.bbi.header import MAX_ZOOM_LEVELS, TOTAL_SUMMARY
from gidx.errors import WriteError, format_error
from gidx.ground.layout import Order, Record, ordered
from gidx.ground.ranges import Ranges
from gidx.ground.source import ByteSource
from gidx.kernels import coverage

# fmt: off
SUMMARY = np.dtype([           # offset
    ("chrom", "<u4"),          #  0
    ("start", "<u4"),          #  4
    ("end", "<u4"),            #  8
    ("valid_count", "<u4"),    # 12  bases covered
    ("min", "<f4"),            # 16  of the values over covered bases
    ("max", "<f4"),            # 20
    ("sum", "<f4"),            # 24
    ("sum_squares", "<f4"),    # 28
])
# fmt: on

Positions = npt.NDArray[np.int64]
Chunks = Iterable[tuple[int, Positions, Positions]]  # chrom, starts, ends; all of one layout
Values = npt.NDArray[np.int64] | npt.NDArray[np.float32]
Runs = Iterable[tuple[int, Positions, Positions, Values]]  # the same, and a value each; disjoint

STEP = 4  # from one level's reduction to the next one's
_LEAST = 10  # bases a summary of the finest level
_LARGEST = (2**31 - 1) // STEP
_HEAP = 1024  # open items that `coverage_runs` begins with; it grows


def read_summaries(source: ByteSource, ranges: Ranges, size: int, order: Order) -> Record:
    """All summaries of the blocks at ``ranges``, in their order (native byte order)."""
    data, bounds = inflate(source, ranges, size)
    broken = np.flatnonzero(np.diff(bounds) % SUMMARY.itemsize)
    if len(broken):
        i = int(broken[0])
        raise format_error(
            source.name,
            int(ranges[i, 0]),
            f"zoom block of {int(bounds[i + 1] - bounds[i])} bytes: "
            f"no multiple of {SUMMARY.itemsize}",
        )
    return data.view(ordered(SUMMARY, order)).astype(SUMMARY)


def positions(values: npt.ArrayLike) -> Positions:
    """Positions as the kernels take them."""
    return np.ascontiguousarray(values, np.int64)


def reductions(bases: int, rows: int) -> list[int]:
    """The reductions to try for the finest level: the mean length of a row, and up.

    >>> reductions(bases=1_000_000_000, rows=4)
    [250000000, 1000000000]
    """
    tried = [max(_LEAST, int(float(bases) / max(rows, 1)))]
    while len(tried) < MAX_ZOOM_LEVELS and tried[-1] <= _LARGEST:
        tried.append(tried[-1] * STEP)
    return tried


def count_summaries(
    chunks: Chunks, sizes: Sequence[int], tried: Sequence[int]
) -> npt.NDArray[np.int64]:
    """How many summaries the finest level would have, for each reduction tried."""
    steps, reach, counts = (np.array(tried), np.zeros(len(tried), "i8"), np.zeros(len(tried), "i8"))
    last = -1
    for chrom, starts, ends in chunks:
        if chrom != last:
            last = chrom
            reach[:] = 0
        coverage.count_summaries(starts, ends, sizes[chrom], steps, reach, counts)
    return counts


def choose(counts: npt.NDArray[np.int64], data_size: int, *, compressed: bool) -> int:
    """Which of the reductions tried becomes the finest level.

    The first that takes at most half as many bytes as the data do; compression is
    guessed to halve them. The first of all where none is small enough.

    >>> choose(np.array([100, 10, 1]), data_size=640, compressed=False)
    1
    """
    for i, count in enumerate(counts.tolist()):
        if count * SUMMARY.itemsize // (2 if compressed else 1) <= data_size // 2:
            return i
    return 0


def summarize(
    runs: Runs, sizes: Sequence[int], reduction: int, count: int
) -> tuple[Record, Record]:
    """The finest level, of ``count`` summaries, and the total summary."""
    found = np.zeros(count, SUMMARY)
    state = np.zeros(2, np.int64)
    whole = np.array([0.0, np.inf, -np.inf, 0.0, 0.0])
    last, fits = -1, True
    for chrom, starts, ends, values in runs:
        if chrom != last:
            last = chrom
            state[coverage.GROWING] = 0
        fits = coverage.summarize(
            starts, ends, values, chrom, sizes[chrom], reduction, state, whole, *_words(found)
        )
        if not fits:
            break
    if not fits or state[coverage.FOUND] != count:
        raise rows_changed(int(state[coverage.FOUND]), count, "summaries")
    if count == 0:
        whole[:] = 0
    return found, np.array([tuple(whole)], TOTAL_SUMMARY)[0]


def coverage_runs(chunks: Chunks) -> Runs:
    """Stretches of equal depth, in order; their arrays are used again."""
    heap = np.empty(_HEAP, np.int64)
    state = np.zeros(coverage.STATE, np.int64)
    out = np.empty((3, 0), np.int64)
    last = -1
    for chrom, starts, ends, finish in _with_ends(chunks):
        if chrom != last:
            last = chrom
            state[:] = 0
            state[coverage.POSITION] = -1
        i, steps = 0, len(starts) + finish
        while i < steps:
            open_items = int(state[coverage.OPEN])
            # an item adds at most a stretch up to its start and one up to its end
            room = 2 * len(starts) + open_items + int(state[coverage.EMPTY]) + 1
            if out.shape[1] < room:
                out = np.empty((3, room), np.int64)
            if open_items == len(heap):
                heap = np.concatenate([heap, np.empty_like(heap)])
            i, n = coverage.sweep(starts, ends, i, finish, heap, state, out)
            yield chrom, out[0, :n], out[1, :n], out[2, :n]


def _with_ends(chunks: Chunks) -> Iterator[tuple[int, Positions, Positions, bool]]:
    """The chunks, and an empty one that finishes each chrom."""
    last, nothing = -1, positions([])
    for chrom, starts, ends in chunks:
        if chrom != last and last >= 0:
            yield last, nothing, nothing, True
        last = chrom
        yield chrom, starts, ends, False
    if last >= 0:
        yield last, nothing, nothing, True


def coarsen(summaries: Record, reduction: int) -> Record:
    """The next level, of ``reduction`` bases a summary; takes the level's own memory."""
    return summaries[: coverage.coarsen(*_words(summaries), np.uint32(reduction % 2**32))]


def _words(summaries: Record) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32]]:
    """The same memory twice: rows of eight integers, and of eight floats."""
    return summaries.view("<u4").reshape(-1, 8), summaries.view("<f4").reshape(-1, 8)


def rows_changed(found: int, expected: int, what: str = "rows") -> WriteError:
    """What can go wrong between two passes over the same rows."""
    return WriteError(
        f"rows changed while they were written: {found} {what}, expected {expected}; "
        "they must come the same each time"
    )
