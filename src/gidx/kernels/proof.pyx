"""Whether a tabix index leads to each row: what a query does, asked of every row at once.

Offsets are positions in the data of all blocks, one number for a place: virtual offsets
have several, where a block ends or is empty.
"""

from gidx.kernels.common cimport after, bin_status
from gidx.kernels.types cimport i64, u8, u64

# What `find_lost` returns as status, with the row's number.
cpdef enum:
    OK = 0, UNKNOWN = 1, AGAIN = 2, UNSORTED = 3, BIN = 4, CHUNK = 5, FLOOR = 6, CEILING = 7, LINEAR = 8
# What it remembers between groups.
cpdef enum:
    REF = 0, START = 1
cpdef enum:
    STATE = 2


def holds_leads(
    const i64[::1] ref_first, const i64[::1] bins, const i64[::1] chunk_first,
    const u64[:, ::1] chunks, const u64[::1] reach, i64 min_shift, i64 depth, const i64[::1] refs,
    const i64[::1] starts, const u64[::1] at,
):
    """The first range whose row is in no chunk of a bin over its start; -1 for none.

    Only over its start, not all of it: where a row of a VCF ends has changed with time.
    Refs of -1 are passed over.
    """
    cdef i64 last = (<i64>1 << (3 * depth)) - 1, i, leaf, found = -1
    with nogil:
        for i in range(len(refs)):
            if refs[i] < 0 or refs[i] >= len(ref_first) - 1:
                continue
            leaf = min(max(starts[i], 0) >> min_shift, last)
            if bin_status(
                ref_first, bins, chunk_first, chunks, reach, depth, refs[i], leaf, 0, at[i]
            ) != OK:
                found = i
                break
    return found


cdef (i64, i64) _find_lost(
    const i64[::1] ref_first, const i64[::1] bins, const i64[::1] chunk_first,
    const u64[:, ::1] chunks, const u64[::1] reach, const i64[::1] floor_first,
    const i64[::1] floor_window, const u64[::1] floor_value, const i64[::1] ceiling_first,
    const i64[::1] ceiling_window, const u64[::1] ceiling_value, const i64[::1] sample_first,
    const i64[::1] sample_window, const u64[::1] sample_most, i64 min_shift, i64 depth,
    const i64[::1] refs, const i64[::1] starts, const i64[::1] ends, const u64[::1] at,
    i64[::1] state, u8[::1] seen,
) noexcept nogil:
    cdef i64 status, window, limit, i, ref, start, end, height, shift, leaf, lo, hi, f, c, s
    limit = <i64>1 << (min_shift + 3 * depth)
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
        status = bin_status(
            ref_first, bins, chunk_first, chunks, reach, depth, ref, leaf, height, at[i]
        )
        if status != OK:
            return status, i
        # of all queries that overlap the row, that of the last base, and of the first
        lo = max(max(end - 1, start) - 1, 0)
        hi = min(start + 1 if end > start else start, limit - 1)
        f = after(floor_window, floor_first[ref], floor_first[ref + 1], (lo >> min_shift) + 1)
        if f > floor_first[ref] and floor_value[f - 1] > at[i]:
            return FLOOR, i
        c = after(ceiling_window, ceiling_first[ref], ceiling_first[ref + 1], hi >> min_shift)
        if c < ceiling_first[ref + 1] and ceiling_value[c] <= at[i]:
            return CEILING, i
        # a row of length zero at a window's first base is in no window, as htslib has it
        if end > start or start & ((<i64>1 << min_shift) - 1):
            window = max(end - 1, start) >> min_shift
            s = after(sample_window, sample_first[ref], sample_first[ref + 1], window)
            if s > sample_first[ref] and sample_most[s - 1] > at[i]:
                return LINEAR, i
    return OK, -1


def find_lost(
    const i64[::1] ref_first, const i64[::1] bins, const i64[::1] chunk_first,
    const u64[:, ::1] chunks, const u64[::1] reach, const i64[::1] floor_first,
    const i64[::1] floor_window, const u64[::1] floor_value, const i64[::1] ceiling_first,
    const i64[::1] ceiling_window, const u64[::1] ceiling_value, const i64[::1] sample_first,
    const i64[::1] sample_window, const u64[::1] sample_most, i64 min_shift, i64 depth,
    const i64[::1] refs, const i64[::1] starts, const i64[::1] ends, const u64[::1] at,
    i64[::1] state, u8[::1] seen,
):
    """(status, row): the first row that some query of its bases would not find.

    A row is found where a chunk holds it, of its own bin or of one above it, that no
    query that it overlaps passes over: its last base has the highest floor, its first
    one the lowest ceiling. `sample_most` is the largest sample of the linear index (or
    loffset) up to each window, which is what other readers take for the floor.
    """
    cdef (i64, i64) found
    with nogil:
        found = _find_lost(ref_first, bins, chunk_first, chunks, reach, floor_first, floor_window, floor_value, ceiling_first, ceiling_window, ceiling_value, sample_first, sample_window, sample_most, min_shift, depth, refs, starts, ends, at, state, seen)
    return found


def running_most(const i64[::1] first, u64[::1] value):
    """In place: the largest value up to each sample of its reference."""
    cdef i64 r, j
    cdef u64 most
    with nogil:
        for r in range(len(first) - 1):
            most = 0
            for j in range(first[r], first[r + 1]):
                most = max(most, value[j])
                value[j] = most
