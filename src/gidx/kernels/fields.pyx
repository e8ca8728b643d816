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

from libc.math cimport INFINITY, NAN, isfinite

import numpy as np

from gidx.kernels.letters cimport PLUS, COMMA, MINUS, POINT, ZERO, CAPITAL_E, SMALL_E
from gidx.kernels.types cimport i32, i64, u8, u64

cdef double[23] POWERS
POWERS[:] = [float(10**k) for k in range(23)]

# What `parse_decimal` says of a text.
cdef enum:
    EXACT = 0, HARD = 1, NOT_A_NUMBER = 2
cdef enum:
    HIGH = 128


def integers(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, i64 low, i64 high, bint color,
):
    """(values int64, ok, bad). Where `color`, `R,G,B` is read as 0xRRGGBB."""
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
            good, value = parse_int(buf, a, b)
            good = good and low <= value <= high
            if not good and color:
                good, value = _color(buf, a, b)
            values[i] = value if good else 0
            ok[i] = good
            n_bad += not good
    return values.base, ok.base, n_bad


cdef inline (bint, i64) _color(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """(ok, 0xRRGGBB) of `R,G,B`, each 0 to 255; a comma at the end is let be."""
    cdef bint ok
    cdef i64 value, parts, part
    cdef u64 j
    value = 0
    parts = 0
    while a < b:
        j = a
        while j < b and buf[j] != COMMA:
            j += 1
        ok, part = parse_int(buf, a, j)
        if not ok or part < 0 or part > 255:
            return False, value
        value = value * 256 + part
        parts += 1
        a = j + 1
    return parts == 3, value


def unwritten(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, bint integers, u8[::1] ok,
):
    """Mark numbers (`ok` becomes 0) whose text is none that a number is written as; how many.

    Those have zeros in front or a plus; of integers, also a minus before 0.
    """
    cdef bint minus, odd
    cdef i64 i, found = 0
    cdef u64 a, b
    with nogil:
        for i in range(len(begins)):
            if ok[i] != 1:
                continue
            a, b = begins[i], nexts[i] - 1
            if a >= b:
                continue
            minus = buf[a] == MINUS
            odd = buf[a] == PLUS
            a += minus
            if a < b and buf[a] == ZERO:
                odd = odd or (integers and minus)
                odd = odd or (a + 1 < b and ZERO <= buf[a + 1] <= ZERO + 9)
            if odd:
                ok[i] = 0
                found += 1
    return found


def decimals(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, bint single):
    """(values, ok, bad, hard); values are float32 where `single`, else float64.

    ok is 2 for a decimal that needs a full parser (`hard` of them): it cannot be
    computed exactly here, or (`single`) not be rounded to float32 a second time.
    """
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
            short, value = _short_decimal(buf, a, b)
            if not short:
                status, value = parse_decimal(buf, a, b)
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


cdef inline (bint, double) _short_decimal(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """(ok, value) of digits and a point in at most 16 bytes, as most decimals are.

    Tried before `parse_decimal`: 20 ns instead of 40.
    """
    cdef bint negative
    cdef double value
    cdef u64 digits, point, i, n, mantissa, digit, places
    negative = a < b and buf[a] == MINUS
    i = a + 1 if negative else a
    n = b - i
    if n > 16:
        return False, 0.0
    mantissa = 0
    point = b
    while i < b:
        digit = <u64>buf[i] - ZERO
        if digit <= 9:
            mantissa = mantissa * 10 + digit
        elif buf[i] == POINT and point == b:
            point = i
        else:
            return False, 0.0
        i += 1
    places = b - point - 1 if point < b else 0
    digits = n - 1 if point < b else n
    if digits == 0 or digits > 15:
        return False, 0.0
    value = <double>mantissa / POWERS[places]
    return True, -value if negative else value


def texts(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts):
    """(offsets int32, bytes, ok, bad): what is not UTF-8 is bad."""
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
            good = high < HIGH or _valid_utf8(buf, begins[i], nexts[i] - 1)
            ok[i] = good
            n_bad += not good
            if good:
                to = put
            offsets[i + 1] = to
    return offsets.base, data.base[:to], ok.base, n_bad


cdef inline bint _valid_utf8(const u8[::1] buf, i64 a, i64 b) noexcept nogil:
    """RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF."""
    cdef i64 i, more, low, high, k
    cdef u8 c
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


# ── numbers in text ─────────────────────────────────────────────────────────────────────────────


cdef inline (bint, i64) parse_int(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """(ok, int64) of `buf[a:b]` (uint64 bounds); not ok outside int64."""
    cdef bint negative
    cdef u64 i, value, digit, limit
    negative = a < b and buf[a] == MINUS
    i = a + 1 if negative else a
    if i >= b:
        return False, 0
    while i + 1 < b and buf[i] == 48:  # leading zeros are fine
        i += 1
    if b - i > 19:
        return False, 0
    value = 0
    while i < b:
        digit = <u64>buf[i] - ZERO  # wraps far above nine for what is no digit
        if digit > 9:
            return False, 0
        value = value * 10 + digit
        i += 1
    limit = <u64>1 << 63
    if value >= limit and not (negative and value == limit):
        return False, 0
    return True, <i64>(0 - value) if negative else <i64>value


cdef inline (i64, double) parse_decimal(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """(status, value) of `buf[a:b]`: EXACT has the value, HARD needs a full parser."""
    cdef bint negative, seen, point, minus
    cdef double value
    cdef i64 n_digits, exponent, power
    cdef u64 i, begin, mantissa, digit
    negative = a < b and buf[a] == MINUS
    i = a + 1 if negative or (a < b and buf[a] == PLUS) else a
    begin = i
    mantissa = 0
    n_digits = 0  # significant ones
    exponent = 0
    seen = point = False
    while i < b:
        digit = <u64>buf[i] - ZERO
        if digit <= 9:
            seen = True
            if n_digits < 18:
                mantissa = mantissa * 10 + digit
                if mantissa > 0:
                    n_digits += 1
                if point:
                    exponent -= 1
            else:
                n_digits += 1
        elif buf[i] == POINT and not point:
            point = True
        else:
            break
        i += 1
    if not seen:
        return _special(buf, begin, b, negative)
    if i < b:
        if buf[i] != CAPITAL_E and buf[i] != SMALL_E:
            return NOT_A_NUMBER, 0.0
        i += 1
        minus = i < b and buf[i] == MINUS
        if minus or (i < b and buf[i] == PLUS):
            i += 1
        if i >= b:
            return NOT_A_NUMBER, 0.0
        power = 0
        while i < b:
            digit = <u64>buf[i] - ZERO
            if digit > 9:
                return NOT_A_NUMBER, 0.0
            if power < 100000:
                power = power * 10 + <i64>digit
            i += 1
        exponent += -power if minus else power
    if n_digits == 0:
        return EXACT, -0.0 if negative else 0.0
    if n_digits > 15 or exponent > 22 or exponent < -22:
        return HARD, 0.0
    value = <double>mantissa
    value = value / POWERS[-exponent] if exponent < 0 else value * POWERS[exponent]
    return EXACT, -value if negative else value


cdef inline (i64, double) _special(const u8[::1] buf, u64 a, u64 b, bint negative) noexcept nogil:
    """nan, inf and infinity in any case."""
    cdef u64 n, letters, k
    n = b - a
    letters = 0  # as one number, first letter highest; eight fit
    if n == 3 or n == 8:
        for k in range(n):
            letters = (letters << 8) | <u64>(buf[a + k] | 32)
    if letters == 0x6E616E:
        return EXACT, NAN
    if letters == 0x696E66 or letters == 0x696E66696E697479ULL:
        return EXACT, -INFINITY if negative else INFINITY
    return NOT_A_NUMBER, 0.0


cdef inline bint float32_is_safe(double value) noexcept nogil:
    """Whether a correctly rounded double may be rounded again to float32.

    Only a double that lies exactly half-way between two floats can come from a
    decimal that belongs to the other side; numbers outside float32's normal
    range have other half-way points, so they are not safe either.
    """
    cdef double size, rest, mirror
    if value == 0.0 or not isfinite(value):
        return True
    size = abs(value)
    if size < 1.1754943508222875e-38 or size > 3.4028234663852886e38:
        return False
    rest = value - <double>(<float>value)
    if rest == 0.0:
        return True
    # half-way: as far on the other side of the double lies a float again
    mirror = value + rest
    return <double>(<float>mirror) != mirror
