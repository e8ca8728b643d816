"""Field bounds to column values: one tight loop a kind.

Every kernel takes items: text i is `buf[begins[i] : nexts[i] - 1]`, the byte at
`nexts[i] - 1` being whatever closes it. Scalars take a column of field bounds as
it is; lists are first split into items, and take the same kernels then.

Integers are strict: an optional minus and digits, nothing else. A decimal is
computed here only where the result is exactly the correctly rounded one (at most
15 significant digits and |exponent| <= 22: W. D. Clinger, How to read floating
point numbers accurately, 1990); everything else is handed back to the caller, who
has a full parser.

Every kernel says per item whether it was `ok` (uint8) and how many were not, so
that a column without faults costs no bitmap.
"""

import numpy as np

from gidx.kernels.common cimport bytes_at
from gidx.kernels.numbers cimport (
    EXACT, HARD, NOT_A_NUMBER, float32_is_safe, is_utf8, is_written, parse_color, parse_decimal,
    parse_int, short_decimal,
)
from gidx.kernels.types cimport i32, i64, u8, u64

cdef enum:
    HIGH = 128


def integers(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, i64 low, i64 high, bint color,
):
    """(values int64, ok, bad). Where `color`, `R,G,B` is read as 0xRRGGBB."""
    cdef const u8* text = bytes_at(buf)
    cdef bint good
    cdef i64 n, n_bad, i, value
    cdef u64 a, b
    cdef i64[::1] values
    cdef u8[::1] ok
    n = len(begins)
    values, ok = np.empty(n, np.int64), np.empty(n, np.uint8)
    with nogil:
        n_bad = 0
        for i in range(n):
            a, b = begins[i], nexts[i] - 1
            good, value = parse_int(text, a, b)
            good = good and low <= value <= high
            if not good and color:
                good, value = parse_color(text, a, b)
            values[i] = value if good else 0
            ok[i] = good
            n_bad += not good
    return values.base, ok.base, n_bad


def unwritten(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, bint integers, u8[::1] ok,
):
    """Mark numbers (`ok` becomes 0) whose text is none that a number is written as; how many.

    Those have zeros in front or a plus; of integers, also a minus before 0.
    """
    cdef const u8* text = bytes_at(buf)
    cdef i64 i, found = 0
    with nogil:
        for i in range(len(begins)):
            if ok[i] == 1 and not is_written(text, begins[i], nexts[i] - 1, integers):
                ok[i] = 0
                found += 1
    return found


def decimals(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, bint single):
    """(values, ok, bad, hard); values are float32 where `single`, else float64.

    ok is 2 for a decimal that needs a full parser (`hard` of them): it cannot be
    computed exactly here, or (`single`) not be rounded to float32 a second time.
    """
    cdef const u8* text = bytes_at(buf)
    cdef bint short
    cdef double value
    cdef i64 n, n_bad, n_hard, i, status
    cdef u64 a, b
    cdef double[::1] values
    cdef float[::1] singles
    cdef u8[::1] ok
    n = len(begins)
    made = np.empty(n, np.float32 if single else np.float64)
    if single:
        singles = made
    else:
        values = made
    ok = np.empty(n, np.uint8)
    with nogil:
        n_bad = n_hard = 0
        for i in range(n):
            a, b = begins[i], nexts[i] - 1
            status = EXACT
            short, value = short_decimal(text, a, b)
            if not short:
                status, value = parse_decimal(text, a, b)
            if single and status == EXACT and not float32_is_safe(value):
                status = HARD
            if status == HARD:
                value = 0
            if single:
                singles[i] = <float>value
            else:
                values[i] = value
            ok[i] = 2 if status == HARD else status != NOT_A_NUMBER
            n_bad += status == NOT_A_NUMBER
            n_hard += status == HARD
    return made, ok.base, n_bad, n_hard


def texts(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts):
    """(offsets int32, bytes, ok, bad): what is not UTF-8 is bad."""
    cdef const u8* text = bytes_at(buf)
    cdef bint good
    cdef i64 n, total, i, n_bad
    cdef u64 to, a, b, high, put
    cdef u8 byte
    cdef i32[::1] offsets
    cdef u8[::1] ok, data
    n = len(begins)
    offsets, ok = np.empty(n + 1, np.int32), np.empty(n, np.uint8)
    with nogil:
        total = 0
        for i in range(n):
            total += nexts[i] - 1 - begins[i]
    data = np.empty(total, np.uint8)
    with nogil:
        n_bad = 0
        to = 0
        offsets[0] = 0
        for i in range(n):
            a, b = begins[i], nexts[i] - 1
            high = 0
            put = to
            while a < b:
                byte = buf[a]
                high |= byte
                data[put] = byte
                put += 1
                a += 1
            good = high < HIGH or is_utf8(text, begins[i], nexts[i] - 1)
            ok[i] = good
            n_bad += not good
            if good:
                to = put
            offsets[i + 1] = to
    return offsets.base, data.base[:to], ok.base, n_bad


def words(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, const u8[::1] known,
    const i64[::1] known_bounds,
):
    """(indices int32 into the known words, ok, bad): an enum's values."""
    cdef i64 n, n_bad, i, a, size, which, w, p, k
    cdef i32[::1] values
    cdef u8[::1] ok
    n = len(begins)
    values, ok = np.empty(n, np.int32), np.empty(n, np.uint8)
    with nogil:
        n_bad = 0
        for i in range(n):
            a, size = begins[i], nexts[i] - 1 - begins[i]
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
    return values.base, ok.base, n_bad


def settle(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, const u8[::1] there,
    const u8[::1] word, bint has_word, u8[::1] ok,
):
    """Which values are missing: (validity bits or None, how many, how many are wrong).

    Missing are those that are not `ok`, not `there` (none said: all are), and, where
    `has_word`, those whose text is exactly the word. Wrong are only the first: of the
    others `ok` becomes 1.
    """
    cdef bint absent, every
    cdef i64 n, n_null, n_wrong, i
    cdef u64 size, a, b, k
    cdef u8[::1] bits
    n = len(begins)
    bits = np.zeros((n + 7) // 8, np.uint8)
    with nogil:
        n_null = n_wrong = 0
        every = len(there) == 0
        size = <u64>len(word)
        for i in range(n):
            absent = not every and there[i] == 0
            if not absent and has_word:
                a, b = begins[i], nexts[i] - 1
                if b - a == size:
                    k = 0
                    while k < size and buf[a + k] == word[k]:
                        k += 1
                    absent = k == size
            if absent:
                n_null += 1
                ok[i] = 1
            elif ok[i] == 0:
                n_null += 1
                n_wrong += 1
            else:
                bits[i >> 3] |= <u8>(1 << (i & 7))
    return (bits.base if n_null else None), n_null, n_wrong


def split_lists(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, i64 size, const i64[::1] counts,
    const u8[::1] counted, i64 separator, bint closed, const u8[::1] absent, const u8[::1] there,
):
    """Split lists: (items' begins, nexts, offsets, state, bad, missing).

    Where `closed`, a separator at the end closes the last item, and an empty text is
    an empty list; else n separators part n + 1 items. state is 1 for a list; 0 for
    one that is bad: it has not `size` items (where size >= 0) or not counts[i] (where
    counted[i]); 2 for one that is missing: it is the text `absent` (where that is not
    empty), or there[i] is 0. Those not 1 have no items; in fixed-size lists, their
    room stays, as empty texts at the list's begin.
    """
    cdef bint is_there, same, good
    cdef i64 n, i, most, m, n_bad, n_missing, first, k, _
    cdef u64 a, begin, b
    cdef i32[::1] offsets, item_begins, item_nexts
    cdef u8[::1] state
    with nogil:
        n = len(begins)
        most = 0
        for i in range(n):
            most += max(nexts[i] - begins[i], size)
    item_begins, item_nexts = np.empty(most, np.int32), np.empty(most, np.int32)
    offsets, state = np.empty(n + 1, np.int32), np.empty(n, np.uint8)
    with nogil:
        offsets[0] = 0
        m = n_bad = n_missing = 0
        for i in range(n):
            a, b = begins[i], nexts[i] - 1
            first = m
            is_there = len(there) == 0 or there[i] != 0
            if is_there and len(absent) > 0 and b - a == <u64>len(absent):
                same = True
                for k in range(len(absent)):
                    same &= buf[a + k] == absent[k]
                is_there = not same
            good = is_there
            if is_there:
                begin = a
                while a < b:
                    if buf[a] == separator:
                        item_begins[m], item_nexts[m] = begin, a + 1
                        m += 1
                        begin = a + 1
                    a += 1
                if begin < b or not closed:  # what no separator closes
                    item_begins[m], item_nexts[m] = begin, b + 1
                    m += 1
                if size >= 0:
                    good = m - first == size
                elif len(counts) > 0:
                    good = counted[i] == 0 or counts[i] == m - first
            state[i] = 1 if good else 0 if is_there else 2
            if not good:
                n_bad += is_there
                n_missing += not is_there
                m = first
                for _ in range(size):
                    item_begins[m], item_nexts[m] = begins[i], begins[i] + 1
                    m += 1
            offsets[i + 1] = m
    return item_begins.base[:m].copy(), item_nexts.base[:m].copy(), offsets.base, state.base, n_bad, n_missing


def gather(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts):
    """Copy texts together: (int32 offsets, bytes)."""
    cdef i32 at
    cdef i64 i, k
    cdef i32[::1] offsets
    cdef u8[::1] data
    offsets = np.empty(len(begins) + 1, np.int32)
    with nogil:
        offsets[0] = 0
        for i in range(len(begins)):
            offsets[i + 1] = offsets[i] + nexts[i] - 1 - begins[i]
    data = np.empty(offsets[len(begins)], np.uint8)
    with nogil:
        for i in range(len(begins)):
            at = offsets[i]
            for k in range(nexts[i] - 1 - begins[i]):
                data[at + k] = buf[begins[i] + k]
    return offsets.base, data.base
