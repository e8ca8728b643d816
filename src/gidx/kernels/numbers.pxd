"""Numbers and characters in text: what kernels of fields and of columns share.

A text is `buf[a:b]`; its bounds are unsigned, as they come from differences.
"""

from libc.math cimport INFINITY, NAN, isfinite

from gidx.kernels.letters cimport PLUS, COMMA, MINUS, POINT, ZERO, CAPITAL_E, SMALL_E
from gidx.kernels.types cimport i64, u8, u64

cdef extern from *:
    """
    #include <string.h>

    /* The last n of the 8 bytes before `end`, 1 to 8, as digits; GIDX_NO_DIGITS where one is none.
     * All at once: pairs of digits, then pairs of these, then both halves. */
    #define GIDX_NO_DIGITS (~(uint64_t)0)
    static inline uint64_t gidx_digits(const uint8_t* end, int64_t n) {
        const uint64_t zeros = 0x3030303030303030ULL, high = 0xF0F0F0F0F0F0F0F0ULL;
        const uint64_t before = ((uint64_t)1 << (64 - 8 * n) % 64) - 1; /* what is not meant */
        uint64_t word;
        memcpy(&word, end - 8, 8);
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        word = (word & ~before) | (zeros & before);
        if (((word & high) | (((word + 0x0606060606060606ULL) & high) >> 4))
            != 0x3333333333333333ULL)
            return GIDX_NO_DIGITS;
        word -= zeros;
        word = word * 10 + (word >> 8);
        return ((word & 0x000000FF000000FFULL) * 0x000F424000000064ULL
            + ((word >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >> 32;
    }

    static const double GIDX_POWERS[23] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };
    """
    const double[23] POWERS "GIDX_POWERS"
    u64 NO_DIGITS "GIDX_NO_DIGITS"
    u64 last_digits "gidx_digits"(const u8* end, i64 n) noexcept nogil

# What `parse_decimal` says of a text.
cdef enum:
    EXACT = 0, HARD = 1, NOT_A_NUMBER = 2


cdef inline u64 parse_digits(const u8* buf, u64 a, u64 b) noexcept nogil:
    """The number of `buf[a:b]`, 1 to 16 digits; NO_DIGITS for anything else.

    Eight at a time, where `buf` has so many bytes before b: positions take 3 ns instead of 10.
    """
    cdef u64 n = b - a, low, high = 0, digit
    if n - 1 >= 16:
        return NO_DIGITS
    if b >= 8 and n <= 8:
        return last_digits(buf + b, n)
    if b >= 16:
        low, high = last_digits(buf + b, 8), last_digits(buf + b - 8, n - 8)
        return NO_DIGITS if low == NO_DIGITS or high == NO_DIGITS else high * 100000000 + low
    while a < b:
        digit = <u64>buf[a] - ZERO  # wraps far above nine for what is no digit
        if digit > 9:
            return NO_DIGITS
        high = high * 10 + digit
        a += 1
    return high


cdef inline (bint, i64) parse_int(const u8* buf, u64 a, u64 b) noexcept nogil:
    """(ok, int64) of `buf[a:b]`; not ok outside int64."""
    cdef bint negative
    cdef u64 i, value, digit, limit
    negative = a < b and buf[a] == MINUS
    i = a + 1 if negative else a
    if i >= b:
        return False, 0
    if b - i <= 16:
        value = parse_digits(buf, i, b)
        if value == NO_DIGITS:
            return False, 0
        return True, <i64>(0 - value) if negative else <i64>value
    while i + 1 < b and buf[i] == ZERO:  # leading zeros are fine
        i += 1
    if b - i > 19:
        return False, 0
    value = 0
    while i < b:
        digit = <u64>buf[i] - ZERO
        if digit > 9:
            return False, 0
        value = value * 10 + digit
        i += 1
    limit = <u64>1 << 63
    if value >= limit and not (negative and value == limit):
        return False, 0
    return True, <i64>(0 - value) if negative else <i64>value


cdef inline (bint, i64) parse_color(const u8* buf, u64 a, u64 b) noexcept nogil:
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


cdef inline bint is_written(const u8* buf, u64 a, u64 b, bint integers) noexcept nogil:
    """Whether a number's text is one that a number is written as.

    Such have no zeros in front and no plus; of integers, no minus before 0.
    """
    cdef bint minus
    if a >= b:
        return True
    if buf[a] == PLUS:
        return False
    minus = buf[a] == MINUS
    a += minus
    if a < b and buf[a] == ZERO:
        if integers and minus:
            return False
        return not (a + 1 < b and ZERO <= buf[a + 1] <= ZERO + 9)
    return True


cdef inline (bint, double) short_decimal(const u8* buf, u64 a, u64 b) noexcept nogil:
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


cdef inline (i64, double) parse_decimal(const u8* buf, u64 a, u64 b) noexcept nogil:
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
        return special_number(buf, begin, b, negative)
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


cdef inline (i64, double) special_number(
    const u8* buf, u64 a, u64 b, bint negative
) noexcept nogil:
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


cdef inline bint is_utf8(const u8* buf, i64 a, i64 b) noexcept nogil:
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
