"""Whether a tabix index leads to each row: what a query does, asked of every row at once.

Offsets are positions in the data of all blocks, one number for a place: virtual offsets
have several, where a block ends or is empty.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

# What `find_lost` returns as status, with the row's number.
OK, UNKNOWN, AGAIN, UNSORTED, BIN, CHUNK, FLOOR, CEILING, LINEAR = range(9)
# What it remembers between groups.
REF, START = range(2)
STATE = 2


@helper
def _after(values, lo, hi, value):
    """The first place in `values[lo:hi]`, ascending, that is larger than `value`."""
    while lo < hi:
        mid = (lo + hi) >> 1
        if values[np.uint64(mid)] > value:
            hi = mid
        else:
            lo = mid + 1
    return lo


@helper
def _bin_status(ref_first, bins, chunk_first, chunks, reach, depth, ref, leaf, height, at):
    """Whether a chunk that holds `at` is in a bin over window `leaf`, `height` or more levels
    above the smallest: OK, BIN (none of these bins is there), CHUNK (no chunk holds it)."""
    status = BIN
    for level in range(depth - height, -1, -1):
        bin = ((np.int64(1) << (3 * level)) - 1) // 7 + (leaf >> (3 * (depth - level)))
        b = _after(bins, ref_first[ref], ref_first[ref + 1], bin - 1)
        if b == ref_first[ref + 1] or bins[b] != bin:
            continue
        status = CHUNK
        c = _after(reach, chunk_first[b], chunk_first[b + 1], at)
        while c < chunk_first[b + 1] and chunks[c, 0] <= at:
            if chunks[c, 1] > at:
                return OK
            c += 1
    return status


@kernel
def holds_leads(ref_first, bins, chunk_first, chunks, reach, min_shift, depth, refs, starts, at):
    """The first range whose row is in no chunk of a bin over its start; -1 for none.

    Only over its start, not all of it: where a row of a VCF ends has changed with time.
    Refs of -1 are passed over.
    """
    last = (np.int64(1) << (3 * depth)) - 1
    for i in range(len(refs)):
        if refs[i] < 0 or refs[i] >= len(ref_first) - 1:
            continue
        leaf = min(max(starts[i], 0) >> min_shift, last)
        if _bin_status(
            ref_first, bins, chunk_first, chunks, reach, depth, refs[i], leaf, 0, at[i]
        ) != OK:  # fmt: skip
            return i
    return -1


@kernel
def find_lost(
    ref_first, bins, chunk_first, chunks, reach,
    floor_first, floor_window, floor_value, ceiling_first, ceiling_window, ceiling_value,
    sample_first, sample_window, sample_most, min_shift, depth, refs, starts, ends, at, state, seen,
):  # fmt: skip
    """(status, row): the first row that some query of its bases would not find.

    A row is found where a chunk holds it, of its own bin or of one above it, that no
    query that it overlaps passes over: its last base has the highest floor, its first
    one the lowest ceiling. `sample_most` is the largest sample of the linear index (or
    loffset) up to each window, which is what other readers take for the floor.
    """
    limit = np.int64(1) << (min_shift + 3 * depth)
    for i in range(len(refs)):
        ref = refs[i]
        if ref < 0 or ref >= len(ref_first) - 1:
            return UNKNOWN, i
        start, end = max(starts[i], 0), max(ends[i], 1)
        if ref != state[REF]:
            if seen[ref]:
                return AGAIN, i
            seen[ref] = True
            state[REF] = ref
        elif start < state[START]:
            return UNSORTED, i
        state[START] = start
        if max(start, end) > limit:
            return BIN, i
        height, shift = 0, min_shift
        while start >> shift != (end - 1) >> shift and height < depth:
            height += 1
            shift += 3
        leaf = min(start, limit - 1) >> min_shift
        status = _bin_status(
            ref_first, bins, chunk_first, chunks, reach, depth, ref, leaf, height, at[i]
        )
        if status != OK:
            return status, i
        # of all queries that overlap the row, that of the last base, and of the first
        lo = max(max(end - 1, start) - 1, 0)
        hi = min(start + 1 if end > start else start, limit - 1)
        f = _after(floor_window, floor_first[ref], floor_first[ref + 1], (lo >> min_shift) + 1)
        if f > floor_first[ref] and floor_value[f - 1] > at[i]:
            return FLOOR, i
        c = _after(ceiling_window, ceiling_first[ref], ceiling_first[ref + 1], hi >> min_shift)
        if c < ceiling_first[ref + 1] and ceiling_value[c] <= at[i]:
            return CEILING, i
        # a row of length zero at a window's first base is in no window, as htslib has it
        if end > start or start & ((np.int64(1) << min_shift) - 1):
            window = max(end - 1, start) >> min_shift
            s = _after(sample_window, sample_first[ref], sample_first[ref + 1], window)
            if s > sample_first[ref] and sample_most[s - 1] > at[i]:
                return LINEAR, i
    return OK, -1


@kernel
def running_most(first, value):
    """In place: the largest value up to each sample of its reference."""
    for r in range(len(first) - 1):
        most = np.uint64(0)
        for j in range(first[r], first[r + 1]):
            most = max(most, value[j])
            value[j] = most
