"""bigBed records: from inflated data blocks to positions and field bounds.

One record, in the file's byte order (Kent et al. 2010, supplementary table 12)::

    chromId u4 | chromStart u4 | chromEnd u4 | field \\t field \\t … field NUL
    └─────────────── head ────────────────┘   └──────── rest ────────────┘

Rows are kept or dropped on their heads; only the rest of kept rows is split.
"""

import numpy as np

from gidx.kernels.common cimport big_or_little, overlaps
from gidx.kernels.letters cimport NUL, TAB
from gidx.kernels.marks cimport Marks, following, marks_of, seek, skip
from gidx.kernels.types cimport i32, i64, u8, u64

# What `read_records` returns as status, with the place in `at`.
cpdef enum:
    OK = 0, TRUNCATED = 1, FIELDS = 2, CHROM = 3


def read_records(
    const u8[::1] buf, const i64[::1] bounds, bint big, i64 n_chroms, i64 n_fields, i64 want,
    const i64[::1] first, const i64[::1] starts, const i64[::1] ends, bint every,
):
    """Walk the records of consecutive blocks and split the rest of those kept.

    `bounds` (blocks + 1) are the blocks' bounds in `buf`; a record never crosses
    one. All rows are kept where `every`. Returns status, at, found, chrom (int32),
    start, end (int64) and `fields` (want + 1, rows) int32: field f of row i is
    `buf[fields[f, i] : fields[f + 1, i] - 1]`.
    """
    cdef bint closed
    cdef i64 status, found, f, capacity, n, block, s, c, e
    cdef u64 rest, at, i, stop
    cdef Marks marks = marks_of(buf)
    cdef i32[:, ::1] fields
    cdef i32[::1] chrom
    cdef i64[::1] start, end
    # The most rows there can be: pages that are not written cost nothing.
    capacity = len(buf) // (13 + max(n_fields - 1, 0)) + 1
    chrom = np.empty(capacity, np.int32)
    start = np.empty(capacity, np.int64)
    end = np.empty(capacity, np.int64)
    fields = np.empty((want + 1, capacity), np.int32)
    with nogil:
        n = 0
        at = 0
        found = 0
        status = OK
        seek(&marks, 0, marks.size, TAB, NUL)
        for block in range(len(bounds) - 1):
            i, stop = bounds[block], bounds[block + 1]
            # With a NUL at the block's end no loop below can leave the block, and none has
            # to look for it: 17 MB of rows that are not kept, 9 ms instead of 12.
            closed = i == stop or buf[stop - 1] == NUL
            while i < stop:
                at = i
                if stop - i <= 12 or not closed:
                    status = TRUNCATED
                    break
                c, s, e = big_or_little(buf, i, big), big_or_little(buf, i + 4, big), big_or_little(buf, i + 8, big)
                if c >= n_chroms:
                    status, found = CHROM, c
                    break
                i += 12
                if every or overlaps(first, starts, ends, c, s, e):
                    chrom[n], start[n], end[n] = c, s, e
                    rest = i
                    fields[0, n] = i
                    f = 0
                    skip(&marks, i, TAB, NUL)
                    while True:
                        i = following(&marks, TAB, NUL)
                        if buf[i] == NUL:
                            break
                        f += 1
                        if f <= want:
                            fields[f, n] = i + 1
                    # bed3 has an empty rest and no field in it
                    found = f + 1 if n_fields > 0 or i > rest else 0
                    if found != n_fields:
                        status = FIELDS
                        break
                    if want == n_fields:
                        fields[want, n] = i + 1
                    n += 1
                else:
                    while buf[i] != NUL:
                        i += 1
                i += 1
            if status != OK:
                break
    return status, at, found, chrom.base[:n], start.base[:n], end.base[:n], fields.base[:, :n]


def select_nodes(
    const u64[::1] lo, const u64[::1] hi, const u64[::1] reach, const i64[::1] chroms,
    const i64[::1] starts, const i64[::1] ends,
):
    """Which tree items may hold rows that overlap a region: their positions, each once.

    Items are sorted by `lo`; bounds are `chrom << 32 | position`; `reach` is the
    running maximum of `hi`. Regions are sorted and disjoint. Ends count as inside,
    because a row of length zero overlaps where it touches.
    """
    cdef i64 a, n, behind, last, r, b, mid
    cdef u64 chrom, from_, to
    cdef i64[::1] picked
    picked = np.empty(len(lo), np.int64)
    with nogil:
        n = 0
        behind = 0  # items before it were looked at
        last = 0xFFFFFFFFULL
        for r in range(len(chroms)):
            chrom = <u64>chroms[r] << 32
            from_ = chrom | <u64>min(starts[r], last)
            to = chrom | <u64>min(ends[r], last)
            a, b = behind, len(lo)
            while a < b:  # the first item that something up to it reaches
                mid = (a + b) >> 1
                if reach[mid] >= from_:
                    b = mid
                else:
                    a = mid + 1
            while a < len(lo) and lo[a] <= to:
                if hi[a] >= from_:
                    picked[n] = a
                    n += 1
                a += 1
            behind = a
    return picked.base[:n]


def select_items(
    const i64[::1] chrom, const i64[::1] start, const i64[::1] end, const i64[::1] first,
    const i64[::1] starts, const i64[::1] ends,
):
    """Which items overlap a region: their positions."""
    cdef i64 n, i
    cdef i64[::1] picked
    picked = np.empty(len(chrom), np.int64)
    with nogil:
        n = 0
        for i in range(len(chrom)):
            if overlaps(first, starts, ends, chrom[i], start[i], end[i]):
                picked[n] = i
                n += 1
    return picked.base[:n]
