"""Tabix indexes as Arrow tables: chunks, the linear index, what it tells of each chrom.

Tables begin with ``chrom, start, end``, the bin or window, so they can be queried like
all others. Offsets are int64, as all of gidx's positions; one that does not fit (all ones,
with which htslib marks what no row set) is missing. A table of 2.7 M chunks takes a second.
Here are its columns, as arrays; the table is made above (`gidx.ground.slots`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gidx.binning.bins import bin_count, bin_levels, bin_spans
from gidx.binning.model import Index, Integers, Offsets
from gidx.ground import slots
from gidx.ground.slots import Coded

if TYPE_CHECKING:
    import pyarrow as pa

    from gidx.binning.tbk import TbkIndex

Column = npt.NDArray[Any] | Coded

UNIT, WITHIN = np.uint64(16), np.uint64(0xFFFF)
SIGN = np.uint64(1 << 63)


def chunks(index: Index) -> pa.Table:
    """A row for each chunk; see `TabixIndex.to_table`."""
    of = np.repeat(np.arange(len(index.bins)), np.diff(index.chunk_first))
    begin, end = index.chunk_ranges.T
    refs = _refs(index.ref_first)[of]
    return slots.table(
        {
            **_bins(index, refs, index.bins[of]),
            "chunk_begin": _offsets(begin),
            "chunk_end": _offsets(end),
            "begin_block": _block(begin),
            "begin_within": _within(begin),
            "end_block": _block(end),
            "end_within": _within(end),
        }
    )


def linear(index: Index) -> pa.Table:
    """A row for each window, or bin of a CSI; see `TabixIndex.linear_table`."""
    if index.kind == "csi":
        places = _bins(index, _refs(index.ref_first), index.bins)
        offset = index.loffset
    else:
        refs, offset = _refs(index.linear_first), index.linear
        window = np.arange(len(offset)) - index.linear_first[:-1][refs]
        places = {
            "chrom": _chrom(index.names, index.n_refs, refs),
            "start": window << index.min_shift,
            "end": window + 1 << index.min_shift,
        }
    return slots.table(
        {**places, "offset": _offsets(offset), "block": _block(offset), "within": _within(offset)}
    )


def stats(index: Index) -> pa.Table:
    """A row for each chrom; see `TabixIndex.stats_table`."""
    refs = np.arange(index.n_refs)
    unknown = ~index.has_pseudo
    n_bins = np.diff(index.ref_first)
    # a chrom without bins has no rows, and no pseudo-bin to say so
    uncounted = unknown & (n_bins > 0)
    begin, end, mapped, unmapped = index.pseudo.T
    return slots.table(
        {
            "chrom": _chrom(index.names, index.n_refs, refs),
            "n_mapped": _offsets(mapped, uncounted),
            "n_unmapped": _offsets(unmapped, uncounted),
            "begin": _offsets(begin, unknown),
            "end": _offsets(end, unknown),
            "n_bins": n_bins,
            "n_chunks": np.diff(index.chunk_first[index.ref_first]),
            "n_windows": np.diff(index.linear_first),
        }
    )


def blocks(tbk: TbkIndex) -> pa.Table:
    """A row for each block; see `TbkIndex.to_table`."""
    return slots.table(
        {
            "chrom": _chrom(tbk.chroms, len(tbk.chroms), _refs(tbk.chrom_first)),
            "first_pos": tbk.first_pos,
            "last_pos": tbk.last_pos,
            "n_rows": tbk.n_rows,
            "block_start": tbk.block_start,
        }
    )


def _refs(first: Integers) -> Integers:
    """Of each part its reference."""
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def _bins(index: Index, refs: Integers, bins: Integers) -> dict[str, Column]:
    """Where bins are; a number that is no bin's, which readers pass over, is nowhere."""
    start, end = bin_spans(bins, index.min_shift, index.depth)
    none = bins >= bin_count(index.depth)
    return {
        "chrom": _chrom(index.names, index.n_refs, refs),
        "start": np.ma.array(start, mask=none),
        "end": np.ma.array(end, mask=none),
        "bin": bins,
        "level": np.ma.array(bin_levels(bins, index.depth), mask=none),
    }


def _chrom(names: Sequence[str], count: int, refs: Integers) -> Coded:
    # what is no UTF-8 is so in the data's chrom, too
    known = [
        n.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") for n in names
    ]
    return Coded(known or [str(i) for i in range(count)], refs.astype(np.int32))


def _offsets(values: Offsets, unknown: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    none = values >= SIGN
    return np.ma.array(values.astype(np.int64), mask=none if unknown is None else none | unknown)


def _block(values: Offsets) -> npt.NDArray[Any]:
    return _offsets(np.where(values < SIGN, values >> UNIT, values))


def _within(values: Offsets) -> npt.NDArray[Any]:
    return _offsets(np.where(values < SIGN, values & WITHIN, values))
