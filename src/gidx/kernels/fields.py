"""Field bounds to column values: one tight loop a kind.

Every kernel takes items: text i is `buf[begins[i] : nexts[i] - 1]`, the byte at
`nexts[i] - 1` being whatever closes it. Scalars take a column of field bounds as
it is; lists are first split into items, and take the same kernels then.

Every kernel says per item whether it was `ok` (uint8) and how many were not, so
that a column without faults costs no bitmap.

Why a kernel a kind, called per column, and not one for all columns of a group:
that one took 12 s to compile where all of these take 4 s, and saved 5 us a column.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel
from gidx.kernels.numbers import (
    EXACT,
    HARD,
    NOT_A_NUMBER,
    U1,
    float32_is_safe,
    parse_decimal,
    parse_int,
)

COMMA, HIGH = np.uint8(44), np.uint8(0x80)


@kernel
def integers(buf, begins, nexts, low, high, color):
    """(values int64, ok, bad). Where `color`, `R,G,B` is read as 0xRRGGBB."""
    n = len(begins)
    values, ok = np.empty(n, np.int64), np.empty(n, np.uint8)
    n_bad = 0
    for i in range(n):
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        good, value = parse_int(buf, a, b)
        good = good and low <= value <= high
        if not good and color:
            good, value = _color(buf, a, b)
        values[i] = value if good else 0
        ok[i] = good
        n_bad += not good
    return values, ok, n_bad


@helper
def _color(buf, a, b):
    """(ok, 0xRRGGBB) of `R,G,B`, each 0 to 255; a comma at the end is let be."""
    value = np.int64(0)
    parts = 0
    while a < b:
        j = a
        while j < b and buf[j] != COMMA:
            j += U1
        ok, part = parse_int(buf, a, j)
        if not ok or part < 0 or part > 255:
            return False, value
        value = value * 256 + part
        parts += 1
        a = j + U1
    return parts == 3, value


@kernel
def decimals(buf, begins, nexts, single):
    """(values float64, ok, bad, hard).

    ok is 2 for a decimal that needs a full parser (`hard` of them): it cannot be
    computed exactly here, or (`single`) not be rounded to float32 a second time.
    """
    n = len(begins)
    values, ok = np.empty(n, np.float64), np.empty(n, np.uint8)
    n_bad = n_hard = 0
    for i in range(n):
        status, value = parse_decimal(buf, np.uint64(begins[i]), np.uint64(nexts[i]) - U1)
        if single and status == EXACT and not float32_is_safe(value):
            status = HARD
        values[i] = value
        ok[i] = 2 if status == HARD else status != NOT_A_NUMBER
        n_bad += status == NOT_A_NUMBER
        n_hard += status == HARD
    return values, ok, n_bad, n_hard


@kernel
def texts(buf, begins, nexts):
    """(offsets int32, bytes, ok, bad): what is not UTF-8 is bad."""
    n = len(begins)
    offsets, ok = np.empty(n + 1, np.int32), np.empty(n, np.uint8)
    total = np.int64(0)
    for i in range(n):
        total += np.int64(nexts[i]) - 1 - np.int64(begins[i])
    data = np.empty(total, np.uint8)
    n_bad = 0
    to = np.uint64(0)
    offsets[0] = 0
    for i in range(n):
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        high = np.uint8(0)
        put = to
        while a < b:
            byte = buf[a]
            high |= byte
            data[put] = byte
            put += U1
            a += U1
        good = high < HIGH or _valid_utf8(buf, np.int64(begins[i]), np.int64(nexts[i]) - 1)
        ok[i] = good
        n_bad += not good
        if good:
            to = put
        offsets[i + 1] = to
    return offsets, data[: np.int64(to)], ok, n_bad


@helper
def _valid_utf8(buf, a, b):
    """RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF."""
    i = a
    while i < b:
        c = buf[i]
        if c < 0x80:
            i += 1
            continue
        if 0xC2 <= c <= 0xDF:
            more, low, high = 1, 0x80, 0xBF
        elif 0xE0 <= c <= 0xEF:
            more = 2
            low = 0xA0 if c == 0xE0 else 0x80
            high = 0x9F if c == 0xED else 0xBF
        elif 0xF0 <= c <= 0xF4:
            more = 3
            low = 0x90 if c == 0xF0 else 0x80
            high = 0x8F if c == 0xF4 else 0xBF
        else:
            return False
        if i + more >= b or buf[i + 1] < low or buf[i + 1] > high:
            return False
        for k in range(2, more + 1):
            if buf[i + k] < 0x80 or buf[i + k] > 0xBF:
                return False
        i += more + 1
    return True


@kernel
def words(buf, begins, nexts, known, known_bounds):
    """(indices int32 into the known words, ok, bad): an enum's values."""
    n = len(begins)
    values, ok = np.empty(n, np.int32), np.empty(n, np.uint8)
    n_bad = 0
    for i in range(n):
        a, size = np.int64(begins[i]), np.int64(nexts[i]) - 1 - np.int64(begins[i])
        which = -1
        for w in range(len(known_bounds) - 1):
            p = known_bounds[w]
            if known_bounds[w + 1] - p == size:
                k = 0
                while k < size and known[p + k] == buf[a + k]:
                    k += 1
                if k == size:
                    which = w
                    break
        values[i] = max(which, 0)
        ok[i] = which >= 0
        n_bad += which < 0
    return values, ok, n_bad


@kernel
def split_lists(buf, begins, nexts, size, counts, counted):
    """Split comma-separated lists: (items' begins, nexts, offsets, ok, bad).

    A comma at the end closes the last item. A list is bad that has not `size`
    items (where size >= 0) or not counts[i] (where counted[i]). Its items are left
    out; of a fixed-size list, their room stays, as empty texts at the list's begin.
    """
    n = len(begins)
    most = np.int64(0)
    for i in range(n):
        most += max(np.int64(nexts[i]) - np.int64(begins[i]), size)
    item_begins, item_nexts = np.empty(most, np.int32), np.empty(most, np.int32)
    offsets, ok = np.empty(n + 1, np.int32), np.empty(n, np.uint8)
    offsets[0] = 0
    m = n_bad = 0
    for i in range(n):
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        first = m
        begin = a
        while a < b:
            if buf[a] == COMMA:
                item_begins[m], item_nexts[m] = begin, a + U1
                m += 1
                begin = a + U1
            a += U1
        if begin < b:  # what no comma closes
            item_begins[m], item_nexts[m] = begin, b + U1
            m += 1
        good = True
        if size >= 0:
            good = m - first == size
        elif len(counts) > 0:
            good = counted[i] == 0 or counts[i] == m - first
        ok[i] = good
        if not good:
            n_bad += 1
            m = first
            for _ in range(size):
                item_begins[m], item_nexts[m] = begins[i], begins[i] + 1
                m += 1
        offsets[i + 1] = m
    return item_begins[:m].copy(), item_nexts[:m].copy(), offsets, ok, n_bad


@kernel
def gather(buf, begins, nexts):
    """Copy texts together: (int32 offsets, bytes)."""
    offsets = np.empty(len(begins) + 1, np.int32)
    offsets[0] = 0
    for i in range(len(begins)):
        offsets[i + 1] = offsets[i] + nexts[i] - 1 - begins[i]
    data = np.empty(offsets[-1], np.uint8)
    for i in range(len(begins)):
        at = offsets[i]
        for k in range(nexts[i] - 1 - begins[i]):
            data[at + k] = buf[begins[i] + k]
    return offsets, data
