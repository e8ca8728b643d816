"""Sorting rows by chrom and position, stably: the numbers of the rows, or the positions.

Code, value and row are packed into one number of 64 bits, and these are sorted
(`gidx.kernels.sorting`); where they do not fit, numpy's lexsort does it. ms for 2 M rows
in no order on 24 chroms, medians, two threads; numpy's sort depends on the processor
(with AVX-512 kernels of its own it took 54 on another machine):

=====================  ====
buckets (here)           46
one thread               50
numpy, packed           147
argsort(kind="stable")  330
np.lexsort              790
=====================  ====
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gidx.ground.pool import in_order, thread_count
from gidx.ground.steps import picked, steps
from gidx.ground.tuning import tuning
from gidx.kernels.sorting import (
    BUCKETS,
    count_keys,
    pack_keys,
    settle,
    sort_buckets,
    spread,
)

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

_STEPS = 8  # a number's, on average, where numbers mostly follow each other


def sorted_rows(codes: Codes, values: Ints, n_codes: int, n_missing: int = 0) -> Ints:
    """Row numbers by code and value, stable; those with a code below 0 are left out."""
    packed = _packed(codes, values, n_codes, n_missing, rows=True)
    if packed is None:
        return _sorted_twice(codes, values)
    return _rows(packed[0], packed[3])


def sorted_pairs(codes: Codes, values: Ints, n_codes: int, n_missing: int = 0) -> tuple[Ints, Ints]:
    """The rows as `sorted_rows` has them, and their values."""
    packed = _packed(codes, values, n_codes, n_missing, rows=True)
    if packed is None:
        rows = sorted_rows(codes, values, n_codes, n_missing)
        return rows, values[rows]
    keys, low, value_bits, row_bits = packed
    sorted_values = _values(keys >> np.uint64(row_bits), low, value_bits)
    return _rows(keys, row_bits), sorted_values


def sorted_values(codes: Codes, values: Ints, n_codes: int) -> Ints:
    """Values by code and value; codes below 0 there are none."""
    packed = _packed(codes, values, n_codes, 0, rows=False)
    if packed is None:
        return picked(values, _sorted_twice(codes, values))
    keys, low, value_bits, _ = packed
    return _values(keys, low, value_bits)


def _sorted_twice(codes: Codes, values: Ints) -> Ints:
    """Row numbers by value, then by code, where both and the row do not fit one number."""
    rows = np.flatnonzero(codes >= 0)
    every = np.zeros(len(rows), np.int32)
    for keys in (values, codes):
        packed = _packed(every, keys[rows].astype(np.int64), 1, 0, rows=True)
        if packed is None:  # values beyond 2**40, of a million rows
            return rows[np.lexsort((values[rows], codes[rows]))]
        rows = picked(rows, _rows(packed[0], packed[3]))
    return rows


def _rows(keys: Keys, row_bits: int) -> Ints:
    keys &= np.uint64((1 << row_bits) - 1)
    found: Ints = keys.view(np.int64)
    return found


def _values(keys: Keys, low: int, value_bits: int) -> Ints:
    keys &= np.uint64((1 << value_bits) - 1)
    found: Ints = keys.view(np.int64)
    found += low
    return found


def _packed(
    codes: Codes, values: Ints, n_codes: int, n_missing: int, *, rows: bool
) -> tuple[Keys, int, int, int] | None:
    """Sorted keys, the lowest value, and the bits of a value and a row; None: they do not fit."""
    if n_missing == len(codes):
        return np.empty(0, np.uint64), 0, 0, 0
    used = values if n_missing == 0 else values[codes >= 0]
    low = int(used.min())
    value_bits = (int(used.max()) - low).bit_length()
    row_bits = len(codes).bit_length() if rows else 0
    bits = value_bits + row_bits + int(max(n_codes - 1, 0)).bit_length()
    if bits > 64:
        return None
    keys, n = np.empty(len(codes) - n_missing, np.uint64), 0
    for lo, hi in steps(len(codes)):
        n = pack_keys(codes, values, low, value_bits, row_bits, keys, n, lo, hi)
    return _sorted(keys, bits), low, value_bits, row_bits


def _sorted(keys: Keys, bits: int) -> Keys:
    """The keys, of so many bits, in ascending order; the array given is not kept as it was."""
    if len(keys) < tuning.buckets_from:
        keys.sort()
        return keys
    if _mostly_follow(keys) and _settled(keys):
        return keys
    shift = max(bits - 8, 0)
    keys, bounds = _spread(keys, shift)
    further = max(shift - 8, 0)

    def sort(lo: int, hi: int) -> None:
        left = np.empty((len(keys) // 32, 2), np.int64)
        n = sort_buckets(keys, bounds, lo, hi, further, (1 << (shift - further)) - 1, left)
        for first, stop in left[:n].tolist():
            keys[first:stop].sort()

    threads = thread_count(None) if len(keys) >= tuning.sort_threads_from else 1
    shares = [len(keys) * i // (4 * threads) for i in range(1, 4 * threads if threads > 1 else 1)]
    parts = sorted({0, *np.searchsorted(bounds, shares).tolist(), BUCKETS})
    for _ in in_order([partial(sort, lo, hi) for lo, hi in pairwise(parts)], threads):
        pass
    return keys


def _mostly_follow(keys: Keys) -> bool:
    """Whether samples take few steps to be sorted."""
    firsts = (len(keys) * i // 4 for i in range(4))
    samples = (keys[i : i + tuning.sorted_sample].copy() for i in firsts)
    return all(settle(one, 0, len(one), _STEPS * tuning.sorted_sample) >= 0 for one in samples)


def _settled(keys: Keys) -> bool:
    """Whether few steps sort the keys; they are sorted then."""
    left = _STEPS * len(keys)
    for lo, hi in steps(len(keys)):
        left = settle(keys, lo, hi, left)
        if left < 0:
            return False
    return True


def _spread(keys: Keys, shift: int) -> tuple[Keys, Ints]:
    """Keys by what is left of them behind ``shift``, and the bounds of each such bucket."""
    bounds, found = np.zeros(BUCKETS + 1, np.int64), np.empty(len(keys), np.uint64)
    for lo, hi in steps(len(keys)):
        count_keys(keys, shift, lo, hi, bounds[1:])
    bounds = np.cumsum(bounds)
    at = bounds[:-1].copy()
    for lo, hi in steps(len(keys)):
        spread(keys, shift, lo, hi, at, found)
    return found, bounds
