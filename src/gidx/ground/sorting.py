"""Sorting rows by chrom and position, stably: the numbers of the rows, or the positions.

Code, value and row are packed into one number of 64 bits, and numpy sorts these; where they
do not fit, by value, then by code. ms for 2 M rows on 24 chroms, on one thread (numpy 2.4):

======================  ===============  =============================
numbers                 in no order      ends of reads sorted by start
======================  ===============  =============================
numpy, AVX-512          11               2
numpy, AVX2             21               2
numpy, neither          111              2
buckets, a kernel       30               2
argsort(kind="stable")  199              7
np.lexsort              371              108
pyarrow.sort_indices    328              41
======================  ===============  =============================

Neither is a processor of before 2013, or numpy 1.26 without AVX-512.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from gidx.ground.pool import in_order
from gidx.ground.steps import picked, steps
from gidx.ground.tuning import tuning

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]

_STEP = 1 << 13  # rows packed at a time: larger arrays are new pages of memory, which cost more
_SAMPLE = 256


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
    for lo, hi in steps(len(codes), _STEP):
        piece = (values[lo:hi] - low).view(np.uint64)
        if rows:
            piece <<= np.uint64(row_bits)
            piece |= np.arange(lo, hi, dtype=np.uint64)
        if n_codes > 1:  # else they may have all 64 bits
            piece |= codes[lo:hi].astype(np.uint64) << np.uint64(value_bits + row_bits)
        if n_missing:
            piece = piece[codes[lo:hi] >= 0]
        keys[n : n + len(piece)] = piece
        n += len(piece)
    _sort(keys)
    return keys, low, value_bits, row_bits


def _sort(keys: Keys) -> None:
    """Sort in place; many on another thread, so that an interrupt need not wait for it.

    10 M keys in no order take 0.18 s, in which Python does not look at signals.
    """
    sort = partial(keys.sort, kind="stable" if _mostly_follow(keys) else None)
    for _ in in_order([sort], 2 if len(keys) >= tuning.threads_from else 1):
        pass


def _mostly_follow(keys: Keys) -> bool:
    """Whether few numbers of four samples are less than the one before: runs, to be merged."""
    firsts = (len(keys) * i // 4 for i in range(4))
    samples = (keys[i : i + _SAMPLE] for i in firsts)
    return all((one[1:] < one[:-1]).sum() * 16 <= len(one) for one in samples)
