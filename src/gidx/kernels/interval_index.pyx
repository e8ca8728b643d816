"""bx interval indexes: checking the rows of bins, and finding what overlaps.

Bins nest as those of a tabix index do, but the lowest span 128 kb; rows lie bin by bin::

    first    0     1       3   3         a query [s, e) looks, level by level, at bins
    start    12  │ 7   9 │   │ 140000    s >> shift to e - 1 >> shift; their rows ascend,
    end   150000 │ 50 80 │   │ 140080    since a row lies within its bin: a search of
    reach 150000 │ 50 80 │   │ 140080    `start` finds the last, `reach` where to stop

`reach` is the largest end so far in a bin. A value is one or more words of 64 bits, the
most significant first.
"""

import numpy as np

from gidx.kernels.common cimport lower
from gidx.kernels.types cimport i32, i64, u8, u32, u64

cdef enum:
    MIN_SHIFT = 17

# What `settle` returns as status, with the row.
cpdef enum:
    OK = 0, REVERSED = 1, OUTSIDE = 2, UNSORTED = 3


cdef inline i64 _level_first(i64 level) noexcept nogil:
    return ((<i64>1 << (3 * level)) - 1) // 7


cdef inline (i64, i64) _bins(i64 level, i64 depth, i64 n_bins, i64 s, i64 e) noexcept nogil:
    """The bins (from, to) of a level that may hold rows overlapping [s, e); to is included."""
    cdef i64 shift, before, last
    shift = MIN_SHIFT + 3 * (depth - level)
    before = _level_first(level)
    last = min((e - 1) >> shift, (<i64>1 << (3 * level)) - 1)
    return before + (max(s, 0) >> shift), min(before + last, n_bins - 1)


cdef inline bint _before(
    const u32[::1] start, const u32[::1] end, const u64[:, ::1] value, i64 i, i64 j,
) noexcept nogil:
    """Whether row i comes before row j: by start, then end, then value."""
    cdef i64 w
    if start[i] != start[j]:
        return start[i] < start[j]
    if end[i] != end[j]:
        return end[i] < end[j]
    for w in range(value.shape[1]):
        if value[i, w] != value[j, w]:
            return value[i, w] < value[j, w]
    return False


cdef (i64, i64, i64) _settle(
    const i64[::1] first, i64 bin_from, i64 bin_to, i64 depth, const u32[::1] start,
    const u32[::1] end, const u64[:, ::1] value, u32[::1] reach,
) noexcept nogil:
    cdef i64 level, b, shift, low, high, furthest, i, s, e
    level = 0
    for b in range(bin_from, bin_to):
        if first[b] == first[b + 1]:
            continue
        while _level_first(level + 1) <= b:
            level += 1
        shift = MIN_SHIFT + 3 * (depth - level)
        low = (b - _level_first(level)) << shift
        high = low + (<i64>1 << shift)
        furthest = 0
        for i in range(first[b], first[b + 1]):
            s, e = start[i], end[i]
            if s > e:
                return REVERSED, b, i
            if s < low or max(e, s + 1) > high:
                return OUTSIDE, b, i
            if i > first[b] and _before(start, end, value, i, i - 1):
                return UNSORTED, b, i
            furthest = max(furthest, e)
            reach[i] = furthest
    return OK, 0, 0


def settle(
    const i64[::1] first, i64 bin_from, i64 bin_to, i64 depth, const u32[::1] start,
    const u32[::1] end, const u64[:, ::1] value, u32[::1] reach,
):
    """Fill `reach` for rows of some bins; (status, bin, row) of the first that is wrong."""
    cdef (i64, i64, i64) found
    with nogil:
        found = _settle(first, bin_from, bin_to, depth, start, end, value, reach)
    return found


cdef inline bint _is_missing(const u8[::1] missing, i64 depth, i64 s, i64 e) noexcept nogil:
    cdef i64 level, a, b, i
    for level in range(depth + 1):
        a, b = _bins(level, depth, len(missing), s, e)
        for i in range(a, b + 1):
            if missing[i]:
                return True
    return False


def missing_bins(const u8[::1] missing, i64 depth, const i64[::1] starts, const i64[::1] ends):
    """Those of the missing bins that may hold rows overlapping any of the queries."""
    cdef i64 a, n_bins, q, level, b, n, open_ranges
    cdef i32[::1] change
    cdef i64[::1] out
    # +1 where a range of bins begins, -1 behind its end: a wide query costs what a narrow
    # one does
    n_bins = len(missing)
    if len(starts) == 1 and not _is_missing(missing, depth, starts[0], ends[0]):
        return np.empty(0, np.int64)
    change = np.zeros(n_bins + 1, np.int32)
    for q in range(len(starts)):
        for level in range(depth + 1):
            a, b = _bins(level, depth, n_bins, starts[q], ends[q])
            if a <= b:
                change[a] += 1
                change[b + 1] -= 1
    out = np.empty(n_bins, np.int64)
    n, open_ranges = 0, 0
    for b in range(n_bins):
        open_ranges += change[b]
        if open_ranges > 0 and missing[b]:
            out[n] = b
            n += 1
    return out.base[:n].copy()


def find_rows(
    const i64[::1] first, const u32[::1] start, const u32[::1] end, const u64[:, ::1] value,
    const u32[::1] reach, i64 depth, const i64[::1] starts, const i64[::1] ends, i64[::1] counts,
    i64[::1] out,
):
    """Rows that overlap each query, by start, end, value; how many there are.

    Those of query q are `counts[q]`. Where `out` is too short, only the counts are whole.
    """
    cdef i64 q, n_bins, n, s, e, found, levels, level, a, b, stop, i, hits, head
    cdef i64[::1] heads, tails
    heads = np.empty(depth + 1, np.int64)
    tails = np.empty(depth + 1, np.int64)
    with nogil:
        n_bins = len(first) - 1
        n = 0
        for q in range(len(starts)):
            s, e = starts[q], ends[q]
            found, levels = 0, 0
            for level in range(depth + 1):
                a, b = _bins(level, depth, n_bins, s, e)
                if a > b or first[a] == first[b + 1]:
                    continue
                stop = lower(start, first[a], first[b + 1], e)
                i = stop
                hits = 0
                # rows of later bins overlap; in the first bin, none does where reach ends before
                if i > first[a + 1]:
                    hits = i - first[a + 1]
                    i = first[a + 1]
                head = i
                while i > first[a] and reach[i - 1] > s:
                    i -= 1
                    if end[i] > s:
                        hits += 1
                        head = i
                if hits:
                    heads[levels], tails[levels] = head, stop
                    levels += 1
                    found += hits
            counts[q] = found
            if n + found <= len(out):
                _merge(start, end, value, s, heads, tails, levels, n, n + found, out)
            n += found
    return n


cdef inline void _merge(
    const u32[::1] start, const u32[::1] end, const u64[:, ::1] value, i64 s, i64[::1] heads,
    const i64[::1] tails, i64 levels, i64 at, i64 last, i64[::1] out,
) noexcept nogil:
    """Rows that end after `s` of each level, which are sorted there, sorted."""
    cdef i64 level, best, best_level, i
    while at < last:
        best, best_level = -1, 0
        for level in range(levels):
            i = heads[level]
            while i < tails[level] and end[i] <= s:
                i += 1
            heads[level] = i
            if i < tails[level] and (best < 0 or _before(start, end, value, i, best)):
                best, best_level = i, level
        out[at] = best
        heads[best_level] += 1
        at += 1
