"""bigBed records: from inflated data blocks to positions and field bounds.

One record, in the file's byte order (Kent et al. 2010, supplementary table 12)::

    chromId u4 | chromStart u4 | chromEnd u4 | field \\t field \\t … field NUL
    └─────────────── head ────────────────┘   └──────── rest ────────────┘

Rows are kept or dropped on their heads; only the rest of kept rows is split.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

# What `read_records` returns as status, with the place in `at`.
OK, TRUNCATED, FIELDS, CHROM = 0, 1, 2, 3


# Why unsigned indices, here and in the other kernels: a signed one may count from
# the end, so each access first looks at its sign. 60 MB of records: 43 ms with
# signed indices, 23 ms with unsigned ones. No scratch array grows in the loop for
# the same reason: 360 ms.
U1, U4, U8, U12 = np.uint64(1), np.uint64(4), np.uint64(8), np.uint64(12)
TAB, NUL = np.uint8(9), np.uint8(0)


@helper
def _u4(buf, i, big):
    a, b = np.uint32(buf[i]), np.uint32(buf[i + U1])
    c, d = np.uint32(buf[i + np.uint64(2)]), np.uint32(buf[i + np.uint64(3)])
    if big:
        return np.int64((a << 24) | (b << 16) | (c << 8) | d)
    return np.int64((d << 24) | (c << 16) | (b << 8) | a)


@helper
def overlaps(first, starts, ends, chrom, start, end):
    """Whether an item overlaps one of the disjoint, sorted regions of its chrom.

    `s < end and e > start`; an item of length zero where it touches.
    """
    lo, stop = first[chrom], first[chrom + 1]
    hi = stop
    touch = 1 if start == end else 0
    while lo < hi:  # the first region that ends after the item's start
        mid = (lo + hi) >> 1
        if ends[mid] + touch > start:
            hi = mid
        else:
            lo = mid + 1
    return lo < stop and starts[lo] < end + touch


@kernel
def read_records(buf, bounds, big, n_chroms, n_fields, want, first, starts, ends, every):
    """Walk the records of consecutive blocks and split the rest of those kept.

    `bounds` (blocks + 1) are the blocks' bounds in `buf`; a record never crosses
    one. All rows are kept where `every`. Returns status, at, found, chrom (int32),
    start, end (int64) and `fields` (want + 1, rows) int32: field f of row i is
    `buf[fields[f, i] : fields[f + 1, i] - 1]`.
    """
    # The most rows there can be: pages that are not written cost nothing.
    capacity = len(buf) // (13 + max(n_fields - 1, 0)) + 1
    chrom = np.empty(capacity, np.int32)
    start = np.empty(capacity, np.int64)
    end = np.empty(capacity, np.int64)
    fields = np.empty((want + 1, capacity), np.int32)
    n = 0
    at = np.uint64(0)
    found = 0
    status = OK
    for block in range(len(bounds) - 1):
        i, stop = np.uint64(bounds[block]), np.uint64(bounds[block + 1])
        # With a NUL at the block's end no loop below can leave the block, and none has
        # to look for it: 17 MB of rows that are not kept, 9 ms instead of 12.
        closed = i == stop or buf[stop - U1] == NUL
        while i < stop:
            at = i
            if stop - i <= U12 or not closed:
                status = TRUNCATED
                break
            c, s, e = _u4(buf, i, big), _u4(buf, i + U4, big), _u4(buf, i + U8, big)
            if c >= n_chroms:
                status, found = CHROM, c
                break
            i += U12
            if every or overlaps(first, starts, ends, c, s, e):
                chrom[n], start[n], end[n] = c, s, e
                rest = i
                fields[0, n] = i
                f = 0
                while True:
                    b = buf[i]
                    if b <= TAB:
                        if b == TAB:
                            f += 1
                            if f <= want:
                                fields[f, n] = i + U1
                        elif b == NUL:
                            break
                    i += U1
                # bed3 has an empty rest and no field in it
                found = f + 1 if n_fields > 0 or i > rest else 0
                if found != n_fields:
                    status = FIELDS
                    break
                if want == n_fields:
                    fields[want, n] = i + U1
                n += 1
            else:
                while buf[i] != NUL:
                    i += U1
            i += U1
        if status != OK:
            break
    return status, at, found, chrom[:n], start[:n], end[:n], fields[:, :n]


@kernel
def select_nodes(lo, hi, reach, chroms, starts, ends):
    """Which tree items may hold rows that overlap a region: their positions, each once.

    Items are sorted by `lo`; bounds are `chrom << 32 | position`; `reach` is the
    running maximum of `hi`. Regions are sorted and disjoint. Ends count as inside,
    because a row of length zero overlaps where it touches.
    """
    picked = np.empty(len(lo), np.int64)
    n = 0
    behind = 0  # items before it were looked at
    last = np.int64(0xFFFFFFFF)
    for r in range(len(chroms)):
        chrom = np.uint64(chroms[r]) << np.uint64(32)
        from_ = chrom | np.uint64(min(starts[r], last))
        to = chrom | np.uint64(min(ends[r], last))
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
    return picked[:n]


@kernel
def select_items(chrom, start, end, first, starts, ends):
    """Which items overlap a region: their positions."""
    picked = np.empty(len(chrom), np.int64)
    n = 0
    for i in range(len(chrom)):
        if overlaps(first, starts, ends, chrom[i], start[i], end[i]):
            picked[n] = i
            n += 1
    return picked[:n]
