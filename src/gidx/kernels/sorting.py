"""Rows sorted by chrom and position, as numbers: code, value and row packed into one.

Numbers of 64 bits are spread over 256 buckets by their highest bits, then each bucket, which
the processor's caches hold, over 256 more; what is left are some numbers to put in their
places. Numbers that mostly follow each other already are only put in their places.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

BUCKETS = 256
FEW = 48  # numbers that are put in their places one by one


@kernel
def pack_keys(codes, values, low, value_bits, row_bits, n_missing):
    """Code, value and row as one number, the code highest; codes below 0 are left out.

    With no ``row_bits`` the row is left out.
    """
    keys = np.empty(len(codes) - n_missing, np.uint64)
    by = np.uint64(row_bits)
    above = np.uint64(row_bits + value_bits)
    k = 0
    for i in range(len(codes)):
        if codes[i] >= 0:
            key = np.uint64(values[i] - low) << by
            if row_bits:
                key |= np.uint64(i)
            if codes[i]:  # a shift by 64 is no shift
                key |= np.uint64(codes[i]) << above
            keys[k] = key
            k += 1
    return keys


@kernel
def settle(keys, steps):
    """Put each number in its place, in this many steps at most: whether that was enough."""
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


@kernel
def spread(keys, shift):
    """Numbers by what is left of them behind `shift`, below 256: (numbers, bounds of buckets)."""
    by = np.uint64(shift)
    at = np.zeros(BUCKETS + 2, np.int64)
    for i in range(len(keys)):
        at[np.int64(keys[i] >> by) + 2] += 1
    for b in range(2, BUCKETS + 2):
        at[b] += at[b - 1]
    out = np.empty(len(keys), np.uint64)
    for i in range(len(keys)):
        b = np.int64(keys[i] >> by) + 1
        out[at[b]] = keys[i]
        at[b] += 1
    return out, at[: BUCKETS + 1].copy()


@helper
def _place(keys, lo, hi):
    for i in range(lo + 1, hi):
        key = keys[i]
        j = i - 1
        while j >= lo and keys[j] > key:
            keys[j + 1] = keys[j]
            j -= 1
        keys[j + 1] = key


@kernel
def sort_buckets(keys, bounds, from_, to, shift, mask, left):
    """Sort the buckets `from_:to` in place, by the bits behind `shift` under `mask`, below 256.

    Where more than a few numbers have these bits alike, they are left as they are, and
    their bounds go into `left`: returns of how many.
    """
    by, mask = np.uint64(shift), np.uint64(mask)
    most = np.int64(0)
    for b in range(from_, to):
        most = max(most, bounds[b + 1] - bounds[b])
    spare = np.empty(most, np.uint64)
    at = np.empty(BUCKETS + 2, np.int64)
    n = 0
    for b in range(from_, to):
        lo, hi = bounds[b], bounds[b + 1]
        if hi - lo <= FEW:
            _place(keys, lo, hi)
            continue
        at[:] = 0
        for i in range(lo, hi):
            at[np.int64(keys[i] >> by & mask) + 2] += 1
        for k in range(2, BUCKETS + 2):
            at[k] += at[k - 1]
        for i in range(lo, hi):
            k = np.int64(keys[i] >> by & mask) + 1
            spare[at[k]] = keys[i]
            at[k] += 1
        keys[lo:hi] = spare[: hi - lo]
        for k in range(BUCKETS):
            first, stop = lo + at[k], lo + at[k + 1]
            if stop - first <= FEW:
                _place(keys, first, stop)
            else:
                left[n, 0], left[n, 1] = first, stop
                n += 1
    return n
