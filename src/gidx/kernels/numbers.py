"""Numbers in text: parsing bytes, never approximately.

Integers are strict: an optional minus and digits, nothing else. A decimal is
computed here only where the result is exactly the correctly rounded one (at most
15 significant digits and |exponent| <= 22: W. D. Clinger, How to read floating
point numbers accurately, 1990); everything else is handed back to the caller,
who has a full parser.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper

POWERS = 10.0 ** np.arange(23)
U1, ZERO, NINE, TEN = np.uint64(1), np.uint64(48), np.uint64(9), np.uint64(10)
MINUS, PLUS, POINT = np.uint8(45), np.uint8(43), np.uint8(46)
CAPITAL_E, SMALL_E = np.uint8(69), np.uint8(101)

# What `parse_decimal` says of a text.
EXACT, HARD, NOT_A_NUMBER = 0, 1, 2


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
