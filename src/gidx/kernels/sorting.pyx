"""Rows sorted by chrom and position, as numbers: code, value and row packed into one.

Numbers of 64 bits are spread over 256 buckets by their highest bits, then each bucket, which
the processor's caches hold, over 256 more; what is left are some numbers to put in their
places. Numbers that mostly follow each other already are only put in their places.
"""

import numpy as np

from gidx.kernels.types cimport i32, i64, u64

cpdef enum:
    BUCKETS = 256
cdef enum:  # numbers that are put in their places one by one
    FEW = 48


def pack_keys(
    const i32[::1] codes, const i64[:] values, i64 low, i64 value_bits, i64 row_bits,
    i64 n_missing,
):
    """Code, value and row as one number, the code highest; codes below 0 are left out.

    With no ``row_bits`` the row is left out.
    """
    cdef i64 k, i
    cdef u64 by, above, key
    cdef u64[::1] keys
    keys = np.empty(len(codes) - n_missing, np.uint64)
    with nogil:
        by = row_bits
        above = <u64>(row_bits + value_bits)
        k = 0
        for i in range(len(codes)):
            if codes[i] >= 0:
                key = <u64>(values[i] - low) << by
                if row_bits:
                    key |= <u64>i
                if codes[i]:  # a shift by 64 is no shift
                    key |= <u64>codes[i] << above
                keys[k] = key
                k += 1
    return keys.base


cdef bint _settle(u64[::1] keys, i64 steps) noexcept nogil:
    cdef i64 i, j
    cdef u64 key
    for i in range(1, len(keys)):
        key = keys[i]
        j = i - 1
        while j >= 0 and keys[j] > key:
            keys[j + 1] = keys[j]
            j -= 1
        keys[j + 1] = key
        steps -= i - 1 - j
        if steps < 0:
            return False
    return True


def settle(u64[::1] keys, i64 steps):
    """Put each number in its place, in this many steps at most: whether that was enough."""
    cdef bint found
    with nogil:
        found = _settle(keys, steps)
    return found


def spread(const u64[::1] keys, i64 shift):
    """Numbers by what is left of them behind `shift`, below 256: (numbers, bounds of buckets)."""
    cdef i64 i, b
    cdef u64 by
    cdef i64[::1] at
    cdef u64[::1] out
    by = shift
    at = np.zeros(BUCKETS + 2, np.int64)
    with nogil:
        for i in range(len(keys)):
            at[<i64>(keys[i] >> by) + 2] += 1
        for b in range(2, BUCKETS + 2):
            at[b] += at[b - 1]
    out = np.empty(len(keys), np.uint64)
    with nogil:
        for i in range(len(keys)):
            b = <i64>(keys[i] >> by) + 1
            out[at[b]] = keys[i]
            at[b] += 1
    return out.base, at.base[: BUCKETS + 1].copy()


cdef inline void _place(u64[::1] keys, i64 lo, i64 hi) noexcept nogil:
    cdef i64 i, j
    cdef u64 key
    for i in range(lo + 1, hi):
        key = keys[i]
        j = i - 1
        while j >= lo and keys[j] > key:
            keys[j + 1] = keys[j]
            j -= 1
        keys[j + 1] = key


def sort_buckets(
    u64[::1] keys, const i64[::1] bounds, i64 from_, i64 to, i64 shift, i64 mask, i64[:, ::1] left,
):
    """Sort the buckets `from_:to` in place, by the bits behind `shift` under `mask`, below 256.

    Where more than a few numbers have these bits alike, they are left as they are, and
    their bounds go into `left`: returns of how many.
    """
    cdef i64 most, b, n, lo, hi, i, k, first, stop
    cdef u64 by, low
    cdef i64[::1] at
    cdef u64[::1] spare
    with nogil:
        by, low = shift, mask
        most = 0
        for b in range(from_, to):
            most = max(most, bounds[b + 1] - bounds[b])
    spare = np.empty(most, np.uint64)
    at = np.empty(BUCKETS + 2, np.int64)
    with nogil:
        n = 0
        for b in range(from_, to):
            lo, hi = bounds[b], bounds[b + 1]
            if hi - lo <= FEW:
                _place(keys, lo, hi)
                continue
            for k in range(BUCKETS + 2):
                at[k] = 0
            for i in range(lo, hi):
                at[<i64>(keys[i] >> by & low) + 2] += 1
            for k in range(2, BUCKETS + 2):
                at[k] += at[k - 1]
            for i in range(lo, hi):
                k = <i64>(keys[i] >> by & low) + 1
                spare[at[k]] = keys[i]
                at[k] += 1
            for i in range(lo, hi):
                keys[i] = spare[i - lo]
            for k in range(BUCKETS):
                first, stop = lo + at[k], lo + at[k + 1]
                if stop - first <= FEW:
                    _place(keys, first, stop)
                else:
                    left[n, 0], left[n, 1] = first, stop
                    n += 1
    return n
