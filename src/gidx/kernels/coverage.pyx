"""Summaries of runs of equal value; and the coverage depth of sorted items, as such runs.

Items of one chrom come sorted by start, in chunks of any size::

    items        0 ├───────────────┤ 8                    stretches   [0, 3) 1
                       3 ├────┤ 6         ─ sweep ─▶                  [3, 6) 2
                              6 ├─────┤ 9                             [6, 8) 2
                                                                      [8, 9) 1

A stretch ends wherever an item starts or ends, even where the depth stays: sums
are float32, so they depend on how they are cut. The truth is UCSC's bedToBigBed
2.10 (kent `rangeTreeAddToCoverageDepth`, `bedWriteReducedOnceReturnReducedTwice`,
`writeBlocks`, `bbiSummarySimpleReduce`), here without its tree of all stretches:
because items are sorted, the ends of the open ones, in a heap, are all that one
needs to know. 2 M items of mean depth 0.8: sweep 40 ms, summarize 35 ms, count 65 ms;
of mean depth 1000: sweep 170 ms, for the heap.

`summarize` takes any runs: a bigWig's have values of 32 bits, whose products UCSC's
bedGraphToBigWig rounds to 32 bits too; so here, but where that makes them infinite.

Left out: checks. Unsorted items, `start > end` or `end > size` never come here.
"""

import numpy as np

from libc.math cimport isinf

from gidx.kernels.types cimport FAR, i64, u32, u64

# What `sweep` remembers between chunks (int64 each).
cpdef enum:
    POSITION = 0, OPEN = 1, EDGE = 2, EMPTY = 3, EMPTY_DEPTH = 4
cpdef enum:
    STATE = 5
# What `summarize` remembers between chunks (int64 each).
cpdef enum:
    FOUND = 0, GROWING = 1


ctypedef fused value:  # a depth, exact; a signal
    i64
    float


cdef inline double _times(value v, i64 bases) noexcept nogil:
    """The sum of a value over some bases, as precise as the value is."""
    cdef float rounded
    if value is float:
        rounded = v * <float>bases
        return <double>v * bases if isinf(rounded) else rounded
    else:
        return <double>v * bases


cdef inline double _squares(value v, i64 bases) noexcept nogil:
    cdef float rounded
    if value is float:
        rounded = v * v
        rounded = rounded * <float>bases
        return <double>v * v * bases if isinf(rounded) else rounded
    else:
        return <double>v * <double>v * bases


cdef inline void _push(i64[::1] heap, i64 n, i64 end) noexcept nogil:
    """Add to the binary heap of `n` ends, smallest first."""
    cdef u64 i, parent
    i = n
    while i > 0:
        parent = (i - 1) >> 1
        if heap[parent] <= end:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = end


cdef inline void _pop(i64[::1] heap, i64 n) noexcept nogil:
    """Drop the smallest of `n` ends."""
    cdef i64 end
    cdef u64 last, i, child
    last = <u64>(n - 1)
    end = heap[last]
    i = 0
    child = 1
    while child < last:
        if child + 1 < last and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= end:
            break
        heap[i] = heap[child]
        i = child
        child = (i << 1) + 1
    heap[i] = end


def sweep(
    const i64[::1] starts, const i64[::1] ends, i64 first, bint finish, i64[::1] heap,
    i64[::1] state, i64[:, ::1] out,
):
    """Items from `first` on into stretches: (next item, stretches).

    `out` (3, room) int64 gets start, end, depth. Comes back early where `heap` or
    `out` has no room for the next item: drain, or enlarge, and call again. `finish`
    closes the chrom: one more step, after which next item is `len(starts) + 1`.
    A chrom begins with `state` 0 and POSITION -1.

    Items of length zero are stretches of their own, and come first where they
    are. Only the first one at a position can lie inside a stretch, which it
    splits; its depth counts it and what covers it. All others have depth 1, and
    each comes before those that came before it.
    """
    cdef i64 room, start, end, position, n, edge, empty, empty_depth, rows, m, i, stop, k
    with nogil:
        position, n, edge = state[POSITION], state[OPEN], state[EDGE]
        empty, empty_depth = state[EMPTY], state[EMPTY_DEPTH]
        rows = len(starts)
        room = out.shape[1]
        m = 0
        i = first
        stop = rows + finish
        while i < stop:
            # one step adds at most: the empty ones, one a distinct end, one up to start
            if n == len(heap) or m + empty + n + 1 > room:
                break
            start = starts[i] if i < rows else FAR
            if start > position:
                for k in range(empty):
                    out[0, m], out[1, m] = position, position
                    out[2, m] = empty_depth if k == empty - 1 else 1
                    m += 1
                empty = 0
                while n > 0 and heap[0] <= start:
                    end = heap[0]
                    if end > position:
                        out[0, m], out[1, m], out[2, m] = position, end, n
                        m += 1
                        position = end
                    _pop(heap, n)
                    n -= 1
                edge = 1 if position == start else 0  # something ends here
                if n > 0 and position < start:
                    out[0, m], out[1, m], out[2, m] = position, start, n
                    m += 1
                position = start
            if i < rows:
                end = ends[i]
                if end > start:
                    _push(heap, n, end)
                    n += 1
                else:
                    if empty == 0:
                        empty_depth = 1 if edge else n + 1
                    empty += 1
                edge = 1
            i += 1
        state[POSITION], state[OPEN], state[EDGE] = position, n, edge
        state[EMPTY], state[EMPTY_DEPTH] = empty, empty_depth
    return i, m


def count_summaries(
    const i64[::1] starts, const i64[::1] ends, i64 size, const i64[::1] reductions, i64[::1] reach,
    i64[::1] counts,
):
    """Add to `counts` how many summaries items need, a reduction at a time.

    `reach` is where the last summary of each reduction ends; 0 begins a chrom.
    """
    cdef i64 r, step, end, n, i
    with nogil:
        for r in range(len(reductions)):
            step, end, n = reductions[r], reach[r], counts[r]
            for i in range(len(starts)):
                if starts[i] >= end and end < size:
                    n += 1
                    end = starts[i] + step
                while ends[i] > end:
                    n += 1
                    end += step
            reach[r], counts[r] = end, n


cdef bint _summarize(
    const i64[::1] starts, const i64[::1] ends, const value[::1] values, i64 chrom, i64 size,
    i64 reduction, i64[::1] state, double[::1] whole, u32[:, ::1] integers, float[:, ::1] floats,
) noexcept nogil:
    cdef value depth
    cdef float squares, total, least, most
    cdef i64 start, end, valid, a, n, growing, k, b, rest, weight
    n, growing = state[FOUND], state[GROWING]
    start = end = valid = 0
    least = most = total = squares = 0
    if growing:
        start, end = integers[n - 1, 1], integers[n - 1, 2]
        valid = integers[n - 1, 3]
        least, most = floats[n - 1, 4], floats[n - 1, 5]
        total, squares = floats[n - 1, 6], floats[n - 1, 7]
    for k in range(len(starts)):
        a, b, depth = starts[k], ends[k], values[k]
        rest = max(b - a, 1)
        whole[0] += rest
        whole[1] = min(whole[1], <double>depth)
        whole[2] = max(whole[2], <double>depth)
        whole[3] += _times(depth, rest)
        whole[4] += _squares(depth, rest)
        if growing and end <= a and end < size:
            _store(integers, floats, n - 1, chrom, start, end, valid, least, most, total, squares)
            growing = 0
        while True:
            if not growing:
                if n == len(integers):
                    return False
                n += 1
                growing = 1
                start, end = a, min(a + reduction, size)
                least = most = <float>depth
                valid = 0
                total = squares = 0
            weight = end - a if b > end else rest
            valid += weight
            least, most = min(least, <float>depth), max(most, <float>depth)
            total = <float>(<double>total + _times(depth, weight))
            squares = <float>(<double>squares + _squares(depth, weight))
            if b <= end:
                break
            _store(integers, floats, n - 1, chrom, start, end, valid, least, most, total, squares)
            growing = 0
            rest -= weight
            a = end
    if growing:
        _store(integers, floats, n - 1, chrom, start, end, valid, least, most, total, squares)
    state[FOUND], state[GROWING] = n, growing
    return True


def summarize(
    const i64[::1] starts, const i64[::1] ends, const value[::1] values, i64 chrom, i64 size,
    i64 reduction, i64[::1] state, double[::1] whole, u32[:, ::1] integers, float[:, ::1] floats,
):
    """Fold runs into the summaries of the finest level and into `whole`.

    `integers` and `floats` are two views of the summaries (zoom.SUMMARY as rows of
    8 words): chrom, start, end, valid count | min, max, sum, sum of squares, the
    latter rounded to float32 after each addition. `whole` (float64) is the total
    summary: valid count, min, max, sum, sum of squares. A run of length zero
    weighs as much as one base.

    A summary begins where the first run after its predecessor does, and ends
    `reduction` later, or with the chrom; a new chrom begins with GROWING 0. False
    where there is no room for a summary that is needed.
    """
    cdef bint found
    with nogil:
        found = _summarize(
            starts, ends, values, chrom, size, reduction, state, whole, integers, floats
        )
    return found


cdef inline void _store(
    u32[:, ::1] integers, float[:, ::1] floats, i64 i, i64 chrom, i64 start, i64 end, i64 valid,
    float least, float most, float total, float squares,
) noexcept nogil:
    integers[i, 0], integers[i, 1], integers[i, 2], integers[i, 3] = chrom, start, end, valid
    floats[i, 4], floats[i, 5], floats[i, 6], floats[i, 7] = least, most, total, squares


def coarsen(u32[:, ::1] integers, float[:, ::1] floats, u32 reduction):
    """Join neighbouring summaries that fit into `reduction` bases, in place: how many.

    A joined summary ends where its last part does.
    """
    cdef i64 n, i, k, w
    cdef u32 reach
    with nogil:
        n = 0
        for i in range(len(integers)):
            if n > 0 and integers[n - 1, 0] == integers[i, 0]:
                # 32 bits, as UCSC adds: an item of 500 Mb makes reductions that overflow
                reach = <u32>(integers[n - 1, 1] + reduction)
                if integers[i, 2] <= reach:
                    k = n - 1
                    integers[k, 2] = integers[i, 2]
                    integers[k, 3] = <u32>(integers[k, 3] + integers[i, 3])
                    floats[k, 4] = min(floats[k, 4], floats[i, 4])
                    floats[k, 5] = max(floats[k, 5], floats[i, 5])
                    floats[k, 6] = <float>(floats[k, 6] + floats[i, 6])
                    floats[k, 7] = <float>(floats[k, 7] + floats[i, 7])
                    continue
            for w in range(4):
                integers[n, w] = integers[i, w]
                floats[n, 4 + w] = floats[i, 4 + w]
            n += 1
    return n


# ── what other writers make of the depth ────────────────────────────────────────────────────────


def older_depth(const i64[::1] starts, const i64[::1] ends):
    """(starts, ends, depths) of stretches, as bedToBigBed had the depth until 2012 or so.

    Of a row that ends within a stretch, all of that stretch counted::

        rows      ├─────────┤               stretches   [0, 4) 1
                      ├─────────────┤                   [4, 10) 2
                      ├──┤ 7              ─▶            [4, 10) 3, not [4, 7) 3, [7, 10) 2

    where it began before the stretch, or at the begin of one that it ran over.
    Rows come sorted by start.
    """
    cdef i64 room = 2 * len(starts) + 1, n = 0, m, k, i, j, a, b, s, lo, hi, depth
    cdef bint within
    cdef i64[::1] begin = np.empty(room, np.int64)
    cdef i64[::1] stop = np.empty(room, np.int64)
    cdef i64[::1] value = np.empty(room, np.int64)
    cdef i64[:, ::1] rest = np.empty((3, room), np.int64)
    with nogil:
        for i in range(len(starts)):
            a, b = starts[i], ends[i]
            if a == b:
                continue
            k = n  # the first stretch that ends behind the row's begin
            while k > 0 and stop[k - 1] > a:
                k -= 1
            m = n - k
            for j in range(m):
                rest[0, j], rest[1, j], rest[2, j] = begin[k + j], stop[k + j], value[k + j]
            n = k
            within = False
            for j in range(m):
                within |= rest[0, j] <= a and rest[1, j] >= b
            s = a
            for j in range(m):
                lo, hi, depth = rest[0, j], rest[1, j], rest[2, j]
                if lo >= b or (within and not (lo <= a and hi >= b)):
                    if not within and s < b:
                        begin[n], stop[n], value[n] = s, b, 1
                        n += 1
                        s = b
                    begin[n], stop[n], value[n] = lo, hi, depth
                    n += 1
                    continue
                if s < lo:
                    begin[n], stop[n], value[n] = s, lo, 1
                    n += 1
                elif s > lo:
                    begin[n], stop[n], value[n] = lo, s, depth
                    n += 1
                    lo = s
                if within and hi > b:
                    begin[n], stop[n], value[n] = lo, b, depth + 1
                    begin[n + 1], stop[n + 1], value[n + 1] = b, hi, depth
                    n += 2
                else:
                    begin[n], stop[n], value[n] = lo, hi, depth + 1
                    n += 1
                s = hi
            if not within and s < b:
                begin[n], stop[n], value[n] = s, b, 1
                n += 1
    return begin.base[:n].copy(), stop.base[:n].copy(), value.base[:n].copy()


def clip_to_first(const i64[::1] starts, const i64[::1] ends):
    """The rows' ends, none behind that of the first row of those that overlap one another."""
    cdef i64[::1] clipped = np.empty(len(starts), np.int64)
    cdef i64 i, reach = -1
    with nogil:
        for i in range(len(starts)):
            if starts[i] >= reach:
                reach = ends[i]
            clipped[i] = min(ends[i], reach)
    return clipped.base
