"""The rows of one BGZF block, as tabixpy counts them: where the first and the last lie.

A block is text cut anywhere, so its first and last line may be parts of lines::

    r1 100 A \\n │ chr1 150 G \\n │ … │ chr1 900 T \\n │ chr1 91
    part of one    the second line says how many       part of one
                   fields a row has

Rows are lines of as many fields as the second one has, comments aside. What else it
takes to be the first row, the last one, or to be counted is tabixpy's (parseBlock): a
block of fewer than three rows tells nothing; the last is the last that lies behind the
first, on its chrom; rows behind it are not counted, where they are of other chroms.
"""

from gidx.kernels.letters cimport TAB, LF, MINUS
from gidx.kernels.types cimport i64, u8

cdef enum:  # a position, a count, a place that the block does not tell
    UNKNOWN = -1


cdef inline i64 _line_end(const u8[::1] text, i64 a) noexcept nogil:
    while a < len(text) and text[a] != LF:
        a += 1
    return a


cdef inline i64 _n_fields(const u8[::1] text, i64 a, i64 b) noexcept nogil:
    cdef i64 n, i
    n = 1
    for i in range(a, b):
        n += text[i] == TAB
    return n


cdef inline (i64, i64) _field(const u8[::1] text, i64 a, i64 b, i64 column) noexcept nogil:
    """Where a field is, from 1, which the line has."""
    cdef i64 _, end
    for _ in range(column - 1):
        while text[a] != TAB:
            a += 1
        a += 1
    end = a
    while end < b and text[end] != TAB:
        end += 1
    return a, end


cdef inline (bint, i64) _position(const u8[::1] text, i64 a, i64 b) noexcept nogil:
    """The number in `text[a:b]`; (False, …) for none, or one of more than 18 digits."""
    cdef bint negative
    cdef i64 value, i, digit
    negative = a < b and text[a] == MINUS
    if negative:
        a += 1
    if a >= b or b - a > 18:
        return False, <i64>UNKNOWN
    value = 0
    for i in range(a, b):
        digit = <i64>text[i] - 48
        if digit < 0 or digit > 9:
            return False, <i64>UNKNOWN
        value = value * 10 + digit
    return True, -value if negative else value


cdef inline bint _same(
    const u8[::1] text, i64 a, i64 b, const u8[::1] other, i64 c, i64 d,
) noexcept nogil:
    cdef i64 i
    if b - a != d - c:
        return False
    for i in range(b - a):
        if text[a + i] != other[c + i]:
            return False
    return True


cdef (i64, i64, i64, i64, i64, i64) _read_block(
    const u8[::1] text, i64 meta, i64 c_chrom, i64 c_start, const u8[::1] chrom,
    const i64[::1] within, i64[::1] positions,
) noexcept nogil:
    cdef bint found, top_ok, ok
    cdef i64 a, first, last, position, rows, at, size, lines, n_fields, b, uncounted, behind
    cdef i64 first_a, first_b, before, top_a, top_b, line, ca, cb, pa, pb, i
    for i in range(len(positions)):
        positions[i] = UNKNOWN
    size = len(text)
    lines, n_fields, a = 0, 0, 0
    while a < size and lines < 3:
        b = _line_end(text, a)
        if b > a and text[a] != meta:
            lines += 1
            if lines == 2:
                n_fields = _n_fields(text, a, b)
        a = b + 1
    if lines < 3 or n_fields < max(c_chrom, c_start):
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    rows, uncounted, behind, a = 0, 0, 0, 0
    first_a, first_b = 0, 0  # the chrom of the first row
    first, last, before, found = UNKNOWN, UNKNOWN, UNKNOWN, False
    top_a, top_b, top_ok = 0, 0, False  # of the very first, which may be part of a row
    while a < size:
        b = _line_end(text, a)
        line, a = a, b + 1
        if b == line or text[line] == meta or _n_fields(text, line, b) != n_fields:
            continue
        ca, cb = _field(text, line, b, c_chrom)
        if len(chrom) > 0 and not _same(text, ca, cb, chrom, 0, len(chrom)):
            continue
        pa, pb = _field(text, line, b, c_start)
        ok, position = _position(text, pa, pb)
        rows += 1
        if rows == 1:
            top_a, top_b, top_ok, before = ca, cb, ok, position
            continue
        if rows == 2:
            if _same(text, top_a, top_b, text, ca, cb):
                first_a, first_b, first = top_a, top_b, before
                if not top_ok:
                    return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
            else:
                first_a, first_b, first = ca, cb, position
                uncounted = 1
                behind = 1
                if not ok:
                    return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
        if not _same(text, ca, cb, text, first_a, first_b) or pa == pb:
            behind += 1
        elif ok and position > first:
            last, found, behind = position, True, 0
    if rows < 3:
        return UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN
    if not found:
        last = before
    for i in range(len(within)):
        at = within[i]
        if at < size:
            b = _line_end(text, at)
            if _n_fields(text, at, b) == n_fields:
                pa, pb = _field(text, at, b, c_start)
                positions[i] = _position(text, pa, pb)[1]
    return n_fields, first_a, first_b, first, last, rows - uncounted - behind


def read_block(
    const u8[::1] text, i64 meta, i64 c_chrom, i64 c_start, const u8[::1] chrom,
    const i64[::1] within, i64[::1] positions,
):
    """What a block tells: fields, chrom's begin and end, first and last position, rows.

    All are -1 where it tells nothing. Only rows of `chrom` count, unless that is empty.
    `positions` get the start of the row that begins at each of `within`.
    """
    cdef (i64, i64, i64, i64, i64, i64) found
    with nogil:
        found = _read_block(text, meta, c_chrom, c_start, chrom, within, positions)
    return found
