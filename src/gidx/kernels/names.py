"""Texts as codes: which of few names each of many rows has."""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

U0, U1, U3, U7, U8 = (np.uint64(i) for i in (0, 1, 3, 7, 8))
WORD = np.uint64(64)
MIX, HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


@helper
def _hash(data, a, n):
    key = U0
    for k in range(n):
        key = (key ^ np.uint64(data[a + k])) * MIX
    return key


@helper
def _same(data, a, b, n):
    for k in range(n):
        if data[a + k] != data[b + k]:
            return False
    return True


@kernel
def code_names(offsets, data, words, there, table, keys, firsts, codes):
    """The code of each text into `codes`, in the order of their first rows: into `firsts`.

    Returns how many names there are, or -1 where they are more than `firsts` has room for.
    `words` are the bytes `data` as little-endian numbers of 64 bits, as far as they make
    whole ones, or nothing. Text i is missing and has the code -1 where `there[i]` is false;
    `there` may be empty. `table` is full of -1 and twice as long as `firsts` and `keys`, a
    power of 2.
    """
    mask = np.uint64(len(table) - 1)
    within = np.uint64(max(len(words) - 1, 0))
    most = len(firsts)
    known = 0
    last_key, last_n, last_a, last_code = U0, U0, U0, np.int32(-1)
    for i in range(len(offsets) - 1):
        if len(there) and not there[i]:
            codes[i] = -1
            continue
        a = np.uint64(offsets[i])
        n = np.uint64(offsets[i + 1]) - a
        # up to 8 bytes as they are, the lowest first; of more a hash
        if n > U8:
            key = _hash(data, a, n)
        elif a >> U3 < within:  # two loads for all of them
            shift = (a & U7) << U3
            key = words[a >> U3] >> shift
            if shift:  # a shift by 64 is no shift
                key |= words[(a >> U3) + U1] << (WORD - shift)
            if n < U8:
                key &= (U1 << (n << U3)) - U1
        else:
            key = U0
            for k in range(n):
                key |= np.uint64(data[a + k]) << (k << U3)
        if key == last_key and n == last_n and last_code >= 0:
            if n <= U8 or _same(data, a, last_a, n):
                codes[i] = last_code
                continue
        at = (key ^ n) * MIX >> HALF & mask
        code = table[at]
        while code >= 0:
            if keys[code] == key:
                b = np.uint64(offsets[firsts[code]])
                if np.uint64(offsets[firsts[code] + 1]) - b == n:
                    if n <= U8 or _same(data, a, b, n):
                        break
            at = at + U1 & mask
            code = table[at]
        if code < 0:
            if known == most:
                return -1
            code = np.int32(known)
            table[at] = code
            keys[code] = key
            firsts[code] = i
            known += 1
        codes[i] = code
        last_key, last_n, last_a, last_code = key, n, a, code
    return known
