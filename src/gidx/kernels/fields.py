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

Why a kernel a kind, called per column, and not one for all columns of a group:
that one took 12 s to compile where all of these take 4 s, and saved 5 us a column.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

POWERS = 10.0 ** np.arange(23)
U1, ZERO, NINE, TEN = np.uint64(1), np.uint64(48), np.uint64(9), np.uint64(10)
MINUS, PLUS, POINT = np.uint8(45), np.uint8(43), np.uint8(46)
CAPITAL_E, SMALL_E = np.uint8(69), np.uint8(101)

# What `parse_decimal` says of a text.
EXACT, HARD, NOT_A_NUMBER = 0, 1, 2
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
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        status = EXACT
        short, value = _short_decimal(buf, a, b)
        if not short:
            status, value = parse_decimal(buf, a, b)
        if single and status == EXACT and not float32_is_safe(value):
            status = HARD
        values[i] = value
        ok[i] = 2 if status == HARD else status != NOT_A_NUMBER
        n_bad += status == NOT_A_NUMBER
        n_hard += status == HARD
    return values, ok, n_bad, n_hard


@helper
def _short_decimal(buf, a, b):
    """(ok, value) of digits and a point in at most 16 bytes, as most decimals are.

    Tried before `parse_decimal`: 20 ns instead of 40.
    """
    negative = a < b and buf[a] == MINUS
    i = a + U1 if negative else a
    n = b - i
    if n > np.uint64(16):
        return False, 0.0
    mantissa = np.uint64(0)
    point = b
    while i < b:
        digit = np.uint64(buf[i]) - ZERO
        if digit <= NINE:
            mantissa = mantissa * TEN + digit
        elif buf[i] == POINT and point == b:
            point = i
        else:
            return False, 0.0
        i += U1
    places = b - point - U1 if point < b else np.uint64(0)
    digits = n - U1 if point < b else n
    if digits == np.uint64(0) or digits > np.uint64(15):
        return False, 0.0
    value = np.float64(mantissa) / POWERS[places]
    return True, -value if negative else value


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
def equal(buf, begins, nexts, word):
    """(mask, how many): which texts are exactly the word."""
    n = len(begins)
    same = np.empty(n, np.bool_)
    n_same = 0
    size = np.uint64(len(word))
    for i in range(n):
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        good = b - a == size
        k = np.uint64(0)
        while good and k < size:
            good = buf[a + k] == word[k]
            k += U1
        same[i] = good
        n_same += good
    return same, n_same


@kernel
def split_lists(buf, begins, nexts, size, counts, counted, separator, closed, absent, there):
    """Split lists: (items' begins, nexts, offsets, state, bad, missing).

    Where `closed`, a separator at the end closes the last item, and an empty text is
    an empty list; else n separators part n + 1 items. state is 1 for a list; 0 for
    one that is bad: it has not `size` items (where size >= 0) or not counts[i] (where
    counted[i]); 2 for one that is missing: it is the text `absent` (where that is not
    empty), or there[i] is 0. Those not 1 have no items; in fixed-size lists, their
    room stays, as empty texts at the list's begin.
    """
    n = len(begins)
    most = np.int64(0)
    for i in range(n):
        most += max(np.int64(nexts[i]) - np.int64(begins[i]), size)
    item_begins, item_nexts = np.empty(most, np.int32), np.empty(most, np.int32)
    offsets, state = np.empty(n + 1, np.int32), np.empty(n, np.uint8)
    offsets[0] = 0
    m = n_bad = n_missing = 0
    for i in range(n):
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        first = m
        is_there = len(there) == 0 or there[i] != 0
        if is_there and len(absent) > 0 and b - a == np.uint64(len(absent)):
            same = True
            for k in range(len(absent)):
                same &= buf[a + np.uint64(k)] == absent[k]
            is_there = not same
        good = is_there
        if is_there:
            begin = a
            while a < b:
                if buf[a] == separator:
                    item_begins[m], item_nexts[m] = begin, a + U1
                    m += 1
                    begin = a + U1
                a += U1
            if begin < b or not closed:  # what no separator closes
                item_begins[m], item_nexts[m] = begin, b + U1
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
    return item_begins[:m].copy(), item_nexts[:m].copy(), offsets, state, n_bad, n_missing


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


# ── numbers in text ─────────────────────────────────────────────────────────────────────────────


@helper
def parse_int(buf, a, b):
    """(ok, int64) of `buf[a:b]` (uint64 bounds); not ok outside int64."""
    negative = a < b and buf[a] == MINUS
    i = a + U1 if negative else a
    if i >= b:
        return False, np.int64(0)
    while i + U1 < b and buf[i] == np.uint8(48):  # leading zeros are fine
        i += U1
    if b - i > np.uint64(19):
        return False, np.int64(0)
    value = np.uint64(0)
    while i < b:
        digit = np.uint64(buf[i]) - ZERO  # wraps far above nine for what is no digit
        if digit > NINE:
            return False, np.int64(0)
        value = value * TEN + digit
        i += U1
    limit = np.uint64(1) << np.uint64(63)
    if value >= limit and not (negative and value == limit):
        return False, np.int64(0)
    return True, -np.int64(value) if negative else np.int64(value)


@helper
def parse_decimal(buf, a, b):
    """(status, value) of `buf[a:b]`: EXACT has the value, HARD needs a full parser."""
    negative = a < b and buf[a] == MINUS
    i = a + U1 if negative or (a < b and buf[a] == PLUS) else a
    begin = i
    mantissa = np.uint64(0)
    n_digits = 0  # significant ones
    exponent = 0
    seen = point = False
    while i < b:
        digit = np.uint64(buf[i]) - ZERO
        if digit <= NINE:
            seen = True
            if n_digits < 18:
                mantissa = mantissa * TEN + digit
                if mantissa > np.uint64(0):
                    n_digits += 1
                if point:
                    exponent -= 1
            else:
                n_digits += 1
        elif buf[i] == POINT and not point:
            point = True
        else:
            break
        i += U1
    if not seen:
        return _special(buf, begin, b, negative)
    if i < b:
        if buf[i] != CAPITAL_E and buf[i] != SMALL_E:
            return NOT_A_NUMBER, 0.0
        i += U1
        minus = i < b and buf[i] == MINUS
        if minus or (i < b and buf[i] == PLUS):
            i += U1
        if i >= b:
            return NOT_A_NUMBER, 0.0
        power = 0
        while i < b:
            digit = np.uint64(buf[i]) - ZERO
            if digit > NINE:
                return NOT_A_NUMBER, 0.0
            if power < 100000:
                power = power * 10 + np.int64(digit)
            i += U1
        exponent += -power if minus else power
    if n_digits == 0:
        return EXACT, -0.0 if negative else 0.0
    if n_digits > 15 or exponent > 22 or exponent < -22:
        return HARD, 0.0
    value = np.float64(mantissa)
    value = value / POWERS[-exponent] if exponent < 0 else value * POWERS[exponent]
    return EXACT, -value if negative else value


@helper
def _special(buf, a, b, negative):
    """nan, inf and infinity in any case."""
    n = b - a
    letters = np.uint64(0)  # as one number, first letter highest; eight fit
    if n == np.uint64(3) or n == np.uint64(8):
        for k in range(n):
            letters = (letters << np.uint64(8)) | np.uint64(buf[a + np.uint64(k)] | np.uint8(32))
    if letters == np.uint64(0x6E616E):
        return EXACT, np.nan
    if letters == np.uint64(0x696E66) or letters == np.uint64(0x696E66696E697479):
        return EXACT, -np.inf if negative else np.inf
    return NOT_A_NUMBER, 0.0


@helper
def float32_is_safe(value):
    """Whether a correctly rounded double may be rounded again to float32.

    Only a double that lies exactly half-way between two floats can come from a
    decimal that belongs to the other side; numbers outside float32's normal
    range have other half-way points, so they are not safe either.
    """
    if value == 0.0 or not np.isfinite(value):
        return True
    size = abs(value)
    if size < 1.1754943508222875e-38 or size > 3.4028234663852886e38:
        return False
    rest = value - np.float64(np.float32(value))
    if rest == 0.0:
        return True
    # half-way: as far on the other side of the double lies a float again
    mirror = value + rest
    return np.float64(np.float32(mirror)) != mirror
