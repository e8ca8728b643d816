"""bx interval indexes: checking the rows of bins, and finding what overlaps.

Bins nest as those of a tabix index do, but the lowest span 128 kb; rows lie bin by bin::

    first    0     1       3   3         a query [s, e) looks, level by level, at bins
    start    12  │ 7   9 │   │ 140000    s >> shift to e - 1 >> shift; their rows ascend,
    end   150000 │ 50 80 │   │ 140080    since a row lies within its bin: a search of
    reach 150000 │ 50 80 │   │ 140080    `start` finds the last, `reach` where to stop

`reach` is the largest end so far in a bin. A value is one or more words of 64 bits, the
most significant first.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

MIN_SHIFT = 17

# What `settle` returns as status, with the row.
OK, REVERSED, OUTSIDE, UNSORTED = 0, 1, 2, 3


@helper
def _lower(values, lo, hi, x):
    """The first of `values[lo:hi]` that is not below `x`."""
    while lo < hi:
        mid = (lo + hi) >> 1
        if values[mid] < x:
            lo = mid + 1
        else:
            hi = mid
    return lo


@helper
def _level_first(level):
    return ((np.int64(1) << (3 * level)) - 1) // 7


@helper
def _bins(level, depth, n_bins, s, e):
    """The bins (from, to) of a level that may hold rows overlapping [s, e); to is included."""
    shift = MIN_SHIFT + 3 * (depth - level)
    before = _level_first(level)
    last = min((e - 1) >> shift, (np.int64(1) << (3 * level)) - 1)
    return before + (max(s, 0) >> shift), min(before + last, n_bins - 1)


@helper
def _before(start, end, value, i, j):
    """Whether row i comes before row j: by start, then end, then value."""
    if start[i] != start[j]:
        return start[i] < start[j]
    if end[i] != end[j]:
        return end[i] < end[j]
    for w in range(value.shape[1]):
        if value[i, w] != value[j, w]:
            return value[i, w] < value[j, w]
    return False


@kernel
def settle(first, bin_from, bin_to, depth, start, end, value, reach):
    """Fill `reach` for rows of some bins; (status, bin, row) of the first that is wrong."""
    level = 0
    for b in range(bin_from, bin_to):
        if first[b] == first[b + 1]:
            continue
        while _level_first(level + 1) <= b:
            level += 1
        shift = MIN_SHIFT + 3 * (depth - level)
        low = (b - _level_first(level)) << shift
        high = low + (np.int64(1) << shift)
        furthest = np.int64(0)
        for i in range(first[b], first[b + 1]):
            s, e = np.int64(start[i]), np.int64(end[i])
            if s > e:
                return REVERSED, b, i
            if s < low or max(e, s + 1) > high:
                return OUTSIDE, b, i
            if i > first[b] and _before(start, end, value, i, i - 1):
                return UNSORTED, b, i
            furthest = max(furthest, e)
            reach[i] = furthest
    return OK, 0, 0


@helper
def _is_missing(missing, depth, s, e):
    for level in range(depth + 1):
        a, b = _bins(level, depth, len(missing), s, e)
        for i in range(a, b + 1):
            if missing[i]:
                return True
    return False


@kernel
def missing_bins(missing, depth, starts, ends):
    """Those of the missing bins that may hold rows overlapping any of the queries."""
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
    return out[:n].copy()


@kernel
def find_rows(first, start, end, value, reach, depth, starts, ends, counts, out):
    """Rows that overlap each query, by start, end, value; how many there are.

    Those of query q are `counts[q]`. Where `out` is too short, only the counts are whole.
    """
    heads = np.empty(depth + 1, np.int64)
    tails = np.empty(depth + 1, np.int64)
    n_bins = len(first) - 1
    n = 0
    for q in range(len(starts)):
        s, e = starts[q], ends[q]
        found, levels = 0, 0
        for level in range(depth + 1):
            a, b = _bins(level, depth, n_bins, s, e)
            if a > b or first[a] == first[b + 1]:
                continue
            stop = _lower(start, first[a], first[b + 1], e)
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


@helper
def _merge(start, end, value, s, heads, tails, levels, at, last, out):
    """Rows that end after `s` of each level, which are sorted there, sorted."""
    while at < last:
        best, best_level = np.int64(-1), 0
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
