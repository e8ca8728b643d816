"""Texts as codes: which of few names each of many rows has."""

import numpy as np

from gidx.kernels.common cimport hash_text
from gidx.kernels.types cimport i32, i64, u8, u64

cdef extern from *:
    """
    #define GIDX_MIX 0x9E3779B97F4A7C15ULL
    """
    const u64 MIX "GIDX_MIX"

ctypedef fused offset:
    i32
    i64


def hash_words(const u8[::1] words, const i64[::1] bounds):
    """The hash table of words (see `look_up` in common.pxd): their numbers, -1 where it is free."""
    cdef i64 size = 4, w
    cdef u64 mask, at
    cdef i32[::1] table
    while size < 2 * len(bounds):
        size *= 2
    table = np.full(size, -1, np.int32)
    mask = size - 1
    for w in range(len(bounds) - 1):
        at = hash_text(words, bounds[w], bounds[w + 1]) & mask
        while table[at] >= 0:
            at = (at + 1) & mask
        table[at] = w
    return table.base


cdef inline u64 _hash(const u8[::1] data, u64 a, u64 n) noexcept nogil:
    cdef u64 key, k
    key = 0
    for k in range(n):
        key = (key ^ data[a + k]) * MIX
    return key


cdef inline bint _same(const u8[::1] data, u64 a, u64 b, u64 n) noexcept nogil:
    cdef u64 k
    for k in range(n):
        if data[a + k] != data[b + k]:
            return False
    return True


cdef i64 _code_names(
    const offset[::1] offsets, const u8[::1] data, const u64[::1] words, const u8[::1] there,
    i32[::1] table, u64[::1] keys, i64[::1] firsts, i32[::1] codes,
) noexcept nogil:
    cdef i32 code, last_code
    cdef i64 i, most, known
    cdef u64 a, mask, within, last_key, last_n, last_a, n, key, shift, k, at, b
    mask = <u64>(len(table) - 1)
    within = <u64>(max(len(words) - 1, 0))
    most = len(firsts)
    known = 0
    last_key, last_n, last_a, last_code = 0, 0, 0, -1
    for i in range(len(offsets) - 1):
        if len(there) and not there[i]:
            codes[i] = -1
            continue
        a = offsets[i]
        n = <u64>offsets[i + 1] - a
        # up to 8 bytes as they are, the lowest first; of more a hash
        if n > 8:
            key = _hash(data, a, n)
        elif a >> 3 < within:  # two loads for all of them
            shift = (a & 7) << 3
            key = words[a >> 3] >> shift
            if shift:  # a shift by 64 is no shift
                key |= words[(a >> 3) + 1] << (64 - shift)
            if n < 8:
                key &= (<u64>1 << (n << 3)) - 1
        else:
            key = 0
            for k in range(n):
                key |= <u64>data[a + k] << (k << 3)
        if key == last_key and n == last_n and last_code >= 0:
            if n <= 8 or _same(data, a, last_a, n):
                codes[i] = last_code
                continue
        at = (key ^ n) * MIX >> 32 & mask
        code = table[at]
        while code >= 0:
            if keys[code] == key:
                b = <u64>(offsets[firsts[code]])
                if <u64>(offsets[firsts[code] + 1]) - b == n:
                    if n <= 8 or _same(data, a, b, n):
                        break
            at = at + 1 & mask
            code = table[at]
        if code < 0:
            if known == most:
                return -1
            code = known
            table[at] = code
            keys[code] = key
            firsts[code] = i
            known += 1
        codes[i] = code
        last_key, last_n, last_a, last_code = key, n, a, code
    return known


def code_names(
    const offset[::1] offsets, const u8[::1] data, const u64[::1] words, const u8[::1] there,
    i32[::1] table, u64[::1] keys, i64[::1] firsts, i32[::1] codes,
):
    """The code of each text into `codes`, in the order of their first rows: into `firsts`.

    Returns how many names there are, or -1 where they are more than `firsts` has room for.
    `words` are the bytes `data` as little-endian numbers of 64 bits, as far as they make
    whole ones, or nothing. Text i is missing and has the code -1 where `there[i]` is false;
    `there` may be empty. Offsets are int32 or int64. `table` is full of -1 and twice as long as
    `firsts` and `keys`, a power of 2.
    """
    cdef i64 found
    with nogil:
        found = _code_names(offsets, data, words, there, table, keys, firsts, codes)
    return found
