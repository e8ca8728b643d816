"""Tabix indexes as Arrow tables: chunks, the linear index, what it tells of each chrom.

Tables begin with ``chrom, start, end``, the bin or window, so they can be queried like
all others. Offsets are int64, as all of gidx's positions; one that does not fit (all ones,
with which htslib marks what no row set) is missing. A table of 2.7 M chunks takes a second.
pyarrow is imported when a table is asked for: to read an index nobody needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gidx.binning.bins import bin_count, bin_levels, bin_spans
from gidx.binning.model import Index, Integers, Offsets

if TYPE_CHECKING:
    import pyarrow as pa

    from gidx.binning.tbk import TbkIndex

UNIT, WITHIN = np.uint64(16), np.uint64(0xFFFF)
SIGN = np.uint64(1 << 63)


def chunks(index: Index) -> pa.Table:
    """A row for each chunk; see `TabixIndex.to_table`."""
    import pyarrow as pa

    of = np.repeat(np.arange(len(index.bins)), np.diff(index.chunk_first))
    begin, end = index.chunk_ranges.T
    refs = _refs(index.ref_first)[of]
    return pa.table(
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
    import pyarrow as pa

    if index.kind == "csi":
        places = _bins(index, _refs(index.ref_first), index.bins)
        offset = index.loffset
    else:
        refs, offset = _refs(index.linear_first), index.linear
        window = np.arange(len(offset)) - index.linear_first[:-1][refs]
        places = {
            "chrom": _chrom(index.names, index.n_refs, refs),
            "start": pa.array(window << index.min_shift),
            "end": pa.array(window + 1 << index.min_shift),
        }
    return pa.table(
        {**places, "offset": _offsets(offset), "block": _block(offset), "within": _within(offset)}
    )


def stats(index: Index) -> pa.Table:
    """A row for each chrom; see `TabixIndex.stats_table`."""
    import pyarrow as pa

    refs = np.arange(index.n_refs)
    unknown = ~index.has_pseudo
    n_bins = np.diff(index.ref_first)
    # a chrom without bins has no rows, and no pseudo-bin to say so
    uncounted = unknown & (n_bins > 0)
    begin, end, mapped, unmapped = index.pseudo.T
    return pa.table(
        {
            "chrom": _chrom(index.names, index.n_refs, refs),
            "n_mapped": _offsets(mapped, uncounted),
            "n_unmapped": _offsets(unmapped, uncounted),
            "begin": _offsets(begin, unknown),
            "end": _offsets(end, unknown),
            "n_bins": pa.array(n_bins),
            "n_chunks": pa.array(np.diff(index.chunk_first[index.ref_first])),
            "n_windows": pa.array(np.diff(index.linear_first)),
        }
    )


def blocks(tbk: TbkIndex) -> pa.Table:
    """A row for each block; see `TbkIndex.to_table`."""
    import pyarrow as pa

    return pa.table(
        {
            "chrom": _chrom(tbk.chroms, len(tbk.chroms), _refs(tbk.chrom_first)),
            "first_pos": pa.array(tbk.first_pos),
            "last_pos": pa.array(tbk.last_pos),
            "n_rows": pa.array(tbk.n_rows),
            "block_start": pa.array(tbk.block_start),
        }
    )


def _refs(first: Integers) -> Integers:
    """Of each part its reference."""
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def _bins(index: Index, refs: Integers, bins: Integers) -> dict[str, pa.Array]:
    """Where bins are; a number that is no bin's, which readers pass over, is nowhere."""
    import pyarrow as pa

    start, end = bin_spans(bins, index.min_shift, index.depth)
    none = bins >= bin_count(index.depth)
    mask = none if none.any() else None
    return {
        "chrom": _chrom(index.names, index.n_refs, refs),
        "start": pa.array(start, mask=mask),
        "end": pa.array(end, mask=mask),
        "bin": pa.array(bins),
        "level": pa.array(bin_levels(bins, index.depth), mask=mask),
    }


def _chrom(names: Sequence[str], count: int, refs: Integers) -> pa.Array:
    import pyarrow as pa

    # what is no UTF-8 is so in the data's chrom, too
    known = [n.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for n in names]
    values = pa.array(known or [str(i) for i in range(count)], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(refs, pa.int32()), values)


def _offsets(values: Offsets, unknown: npt.NDArray[Any] | None = None) -> pa.Array:
    import pyarrow as pa

    none = values >= SIGN
    if unknown is not None:
        none = none | unknown
    found = values.astype(np.int64)
    return pa.array(found, mask=none) if none.any() else pa.array(found)


def _block(values: Offsets) -> pa.Array:
    return _offsets(np.where(values < SIGN, values >> UNIT, values))


def _within(values: Offsets) -> pa.Array:
    return _offsets(np.where(values < SIGN, values & WITHIN, values))
