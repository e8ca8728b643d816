"""Whether a tabix index leads to each row: what a query does, asked of every row at once.

Offsets are positions in the data of all blocks, one number for a place: virtual offsets
have several, where a block ends or is empty.
"""

import numpy as np

from gidx.kernels.common cimport after, bin_status
from gidx.kernels.types cimport i64, u8, u64

# What `find_lost` returns as status, with the row's number.
cpdef enum:
    OK = 0, UNKNOWN = 1, AGAIN = 2, UNSORTED = 3, BIN = 4, CHUNK = 5, FLOOR = 6, CEILING = 7
cpdef enum:
    LINEAR = 8


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


cdef class Prover:
    """Of all rows, in order, the first that some query of its bases would not find.

    A row is found where a chunk holds it, of its own bin or of one above it, that no
    query that it overlaps passes over: its last base has the highest floor, its first
    one the lowest ceiling. `sample_most` is the largest sample of the linear index (or
    loffset) up to each window, which is what other readers take for the floor.
    """

    cdef const i64[::1] ref_first, bins, chunk_first, floor_first, floor_window
    cdef const i64[::1] ceiling_first, ceiling_window, sample_first, sample_window
    cdef const u64[:, ::1] chunks
    cdef const u64[::1] reach, floor_value, ceiling_value, sample_most
    cdef i64 min_shift, depth, ref, start
    cdef u8[::1] seen

    def __init__(self, tables, i64 min_shift, i64 depth):
        (
            self.ref_first, self.bins, self.chunk_first, self.chunks, self.reach,
            self.floor_first, self.floor_window, self.floor_value,
            self.ceiling_first, self.ceiling_window, self.ceiling_value,
            self.sample_first, self.sample_window, self.sample_most,
        ) = tables
        self.min_shift, self.depth, self.ref, self.start = min_shift, depth, -1, 0
        self.seen = np.zeros(len(self.ref_first), np.uint8)

    def find_lost(
        self, const i64[::1] refs, const i64[::1] starts, const i64[::1] ends, const u64[::1] at
    ):
        """(status, row) of the next rows."""
        cdef (i64, i64) found
        with nogil:
            found = self.lost(refs, starts, ends, at)
        return found

    cdef (i64, i64) lost(
        self, const i64[::1] refs, const i64[::1] starts, const i64[::1] ends, const u64[::1] at
    ) noexcept nogil:
        cdef i64 status, window, limit, i, ref, start, end, height, shift, leaf, lo, hi, f, c, s
        limit = <i64>1 << (self.min_shift + 3 * self.depth)
        for i in range(len(refs)):
            ref = refs[i]
            if ref < 0 or ref >= len(self.ref_first) - 1:
                return UNKNOWN, i
            start, end = max(starts[i], 0), max(ends[i], 1)
            if ref != self.ref:
                if self.seen[ref]:
                    return AGAIN, i
                self.seen[ref] = True
                self.ref = ref
            elif start < self.start:
                return UNSORTED, i
            self.start = start
            if max(start, end) > limit:
                return BIN, i
            # every query that touches a row of length zero looks at the base behind it, so the
            # bin of that base does, though htslib takes one that has the base before, too
            height, shift = 0, self.min_shift
            while end > start and start >> shift != (end - 1) >> shift and height < self.depth:
                height += 1
                shift += 3
            leaf = min(start, limit - 1) >> self.min_shift
            status = bin_status(
                self.ref_first, self.bins, self.chunk_first, self.chunks, self.reach, self.depth,
                ref, leaf, height, at[i],
            )
            if status != OK:
                return status, i
            # of all queries that overlap the row, that of the last base, and of the first
            lo = max(max(end - 1, start) - 1, 0)
            hi = min(start + 1 if end > start else start, limit - 1)
            f = after(
                self.floor_window, self.floor_first[ref], self.floor_first[ref + 1],
                (lo >> self.min_shift) + 1,
            )
            if f > self.floor_first[ref] and self.floor_value[f - 1] > at[i]:
                return FLOOR, i
            c = after(
                self.ceiling_window, self.ceiling_first[ref], self.ceiling_first[ref + 1],
                hi >> self.min_shift,
            )
            if c < self.ceiling_first[ref + 1] and self.ceiling_value[c] <= at[i]:
                return CEILING, i
            # a row of length zero at a window's first base is in no window, as htslib has it
            if end > start or start & ((<i64>1 << self.min_shift) - 1):
                window = max(end - 1, start) >> self.min_shift
                s = after(
                    self.sample_window, self.sample_first[ref], self.sample_first[ref + 1], window,
                )
                if s > self.sample_first[ref] and self.sample_most[s - 1] > at[i]:
                    return LINEAR, i
        return OK, -1


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
