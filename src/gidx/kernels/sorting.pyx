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
    u64[::1] keys, i64 k, i64 from_, i64 to,
):
    """Code, value and row of the rows `from_:to` as one number, the code highest.

    They go into `keys` from the k-th on; codes below 0 are left out. Returns where they end.
    With no ``row_bits`` the row is left out.
    """
    cdef i64 i
    cdef u64 by, above, key
    with nogil:
        by = row_bits
        above = <u64>(row_bits + value_bits)
        for i in range(from_, to):
            if codes[i] >= 0:
                key = <u64>(values[i] - low) << by
                if row_bits:
                    key |= <u64>i
                if codes[i]:  # a shift by 64 is no shift
                    key |= <u64>codes[i] << above
                keys[k] = key
                k += 1
    return k


cdef i64 _settle(u64[::1] keys, i64 from_, i64 to, i64 steps) noexcept nogil:
    cdef i64 i, j
    cdef u64 key
    for i in range(max(from_, 1), to):
        key = keys[i]
        j = i - 1
        while j >= 0 and keys[j] > key:
            keys[j + 1] = keys[j]
            j -= 1
        keys[j + 1] = key
        steps -= i - 1 - j
        if steps < 0:
            break
    return steps


def settle(u64[::1] keys, i64 from_, i64 to, i64 steps):
    """Put the numbers `from_:to` in their places, those before being so: the steps that are left.

    Below 0: it takes more.
    """
    cdef i64 left
    with nogil:
        left = _settle(keys, from_, to, steps)
    return left


def count_keys(const u64[::1] keys, i64 shift, i64 from_, i64 to, i64[::1] counts):
    """Add to `counts[b]` how many of the numbers `from_:to` are b, below 256, behind `shift`."""
    cdef i64 i
    cdef u64 by
    with nogil:
        by = shift
        for i in range(from_, to):
            counts[<i64>(keys[i] >> by)] += 1


def spread(const u64[::1] keys, i64 shift, i64 from_, i64 to, i64[::1] at, u64[::1] out):
    """The numbers `from_:to` into their buckets, of which `at` says where each goes on."""
    cdef i64 i, b
    cdef u64 by
    with nogil:
        by = shift
        for i in range(from_, to):
            b = <i64>(keys[i] >> by)
            out[at[b]] = keys[i]
            at[b] += 1


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
