"""Tabix indexes: walking their bytes, choosing chunks, and building.

One reference (hts-specs tabix.pdf, CSIv1.pdf), little-endian; ``loffset`` in a CSI
only, the linear index in a TBI only::

    n_bin i4 │ bin u4 │ loffset u8 │ n_chunk i4 │ begin u8 │ end u8 │ … │ n_intv i4 │ ioff u8 │ …
             │        └─── CSI ────┘            └─── n_chunk times ─┘   └──────── TBI ────────┘
             └───────────────────── n_bin times ────────────────────┘
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

# What `count_parts` returns as status, with the place in `at`.
OK, TRUNCATED, NEGATIVE = 0, 1, 2

UNSET = np.uint64(0xFFFFFFFFFFFFFFFF)  # no linear entry; later than any offset
U0, U1 = np.uint64(0), np.uint64(1)


@helper
def _u4(buf, i):
    j = np.uint64(i)
    return (
        np.int64(buf[j])
        | (np.int64(buf[j + U1]) << 8)
        | (np.int64(buf[j + np.uint64(2)]) << 16)
        | (np.int64(buf[j + np.uint64(3)]) << 24)
    )


@helper
def _i4(buf, i):
    return np.int64(np.int32(_u4(buf, i)))


@helper
def _u8(buf, i):
    return np.uint64(_u4(buf, i)) | (np.uint64(_u4(buf, i + 4)) << np.uint64(32))


@helper
def _put4(buf, i, value):
    for k in range(4):
        buf[np.uint64(i + k)] = np.uint8((value >> (8 * k)) & 0xFF)


@helper
def _put8(buf, i, value):
    for k in range(8):
        buf[np.uint64(i + k)] = np.uint8((value >> np.uint64(8 * k)) & np.uint64(0xFF))


@kernel
def count_parts(buf, at, n_refs, csi):
    """How much there is, before anything is allocated: status, at, bins, chunks, linear.

    `at` is where the references end, or the count that does not fit.
    """
    size = len(buf)
    bins, chunks, linear = 0, 0, 0
    head = 16 if csi else 8  # bin, (loffset,) n_chunk
    for _ in range(n_refs):
        if at + 4 > size:
            return TRUNCATED, at, bins, chunks, linear
        n_bin = _i4(buf, at)
        if n_bin < 0:
            return NEGATIVE, at, bins, chunks, linear
        at += 4
        for _ in range(n_bin):
            if at + head > size:
                return TRUNCATED, at, bins, chunks, linear
            n_chunk = _i4(buf, at + head - 4)
            if n_chunk < 0:
                return NEGATIVE, at + head - 4, bins, chunks, linear
            if at + head + 16 * n_chunk > size:
                return TRUNCATED, at + head - 4, bins, chunks, linear
            at += head + 16 * n_chunk
            chunks += n_chunk
        bins += n_bin
        if not csi:
            if at + 4 > size:
                return TRUNCATED, at, bins, chunks, linear
            n_intv = _i4(buf, at)
            if n_intv < 0:
                return NEGATIVE, at, bins, chunks, linear
            if at + 4 + 8 * n_intv > size:
                return TRUNCATED, at, bins, chunks, linear
            at += 4 + 8 * n_intv
            linear += n_intv
    return OK, at, bins, chunks, linear


@kernel
def read_parts(buf, at, csi, ref_first, bins, loffset, chunk_first, chunks, linear_first, linear):
    """Fill the arrays, in file order; `count_parts` has said that all of it is there."""
    b, c, w = 0, 0, 0
    ref_first[0], chunk_first[0], linear_first[0] = 0, 0, 0
    for r in range(len(ref_first) - 1):
        n_bin = _i4(buf, at)
        at += 4
        for _ in range(n_bin):
            bins[b] = _u4(buf, at)
            at += 4
            if csi:
                loffset[b] = _u8(buf, at)
                at += 8
            n_chunk = _i4(buf, at)
            at += 4
            for _ in range(n_chunk):
                chunks[c, 0], chunks[c, 1] = _u8(buf, at), _u8(buf, at + 8)
                at += 16
                c += 1
            b += 1
            chunk_first[b] = c
        ref_first[r + 1] = b
        if not csi:
            n_intv = _i4(buf, at)
            at += 4
            for _ in range(n_intv):
                linear[w] = _u8(buf, at)
                at += 8
                w += 1
        linear_first[r + 1] = w


@kernel
def write_parts(
    buf, csi, ref_first, bins, loffset, chunk_first, chunks, linear_first, linear, pseudo_bin,
    has_pseudo, pseudo,
):  # fmt: skip
    """The mirror image of `read_parts`; a pseudo-bin comes last in its reference."""
    at = 0
    for r in range(len(ref_first) - 1):
        _put4(buf, at, ref_first[r + 1] - ref_first[r] + (1 if has_pseudo[r] else 0))
        at += 4
        for b in range(ref_first[r], ref_first[r + 1]):
            _put4(buf, at, bins[b])
            at += 4
            if csi:
                _put8(buf, at, loffset[b])
                at += 8
            _put4(buf, at, chunk_first[b + 1] - chunk_first[b])
            at += 4
            for c in range(chunk_first[b], chunk_first[b + 1]):
                _put8(buf, at, chunks[c, 0])
                _put8(buf, at + 8, chunks[c, 1])
                at += 16
        if has_pseudo[r]:
            _put4(buf, at, pseudo_bin)
            at += 4
            if csi:
                _put8(buf, at, U0)
                at += 8
            _put4(buf, at, np.int64(2))
            at += 4
            for k in range(4):
                _put8(buf, at, pseudo[r, k])
                at += 8
        if not csi:
            _put4(buf, at, linear_first[r + 1] - linear_first[r])
            at += 4
            for w in range(linear_first[r], linear_first[r + 1]):
                _put8(buf, at, linear[w])
                at += 8
    return at


@kernel
def floor_samples(first, value):
    """In place: what each sample of a linear index proves, instead of what it says.

    Samples of reference r are `value[first[r] : first[r + 1]]`, by window. Sample j
    becomes the largest value below its own, or 0.
    """
    for r in range(len(first) - 1):
        lo, hi = first[r], first[r + 1]
        least = UNSET
        for j in range(hi - 1, lo - 1, -1):  # no later window begins earlier
            least = min(least, value[j])
            value[j] = least
        below, last = U0, U0
        for j in range(lo, hi):
            if value[j] > last:
                below, last = last, value[j]
            value[j] = below


@kernel
def ceiling_samples(first, value):
    """In place: the least value of a sample and all after it in its reference."""
    for r in range(len(first) - 1):
        least = UNSET
        for j in range(first[r + 1] - 1, first[r] - 1, -1):
            least = min(least, value[j])
            value[j] = least


@kernel
def running_ends(chunk_first, chunks):
    """The largest end up to each chunk of its bin: a binary search finds the first in reach."""
    reach = np.empty(len(chunks), np.uint64)
    for b in range(len(chunk_first) - 1):
        most = U0
        for c in range(chunk_first[b], chunk_first[b + 1]):
            most = max(most, chunks[c, 1])
            reach[c] = most
    return reach


@helper
def _after(values, lo, hi, value):
    """The first place in `values[lo:hi]`, ascending, that is larger than `value`."""
    while lo < hi:
        mid = (lo + hi) >> 1
        if values[np.uint64(mid)] > value:
            hi = mid
        else:
            lo = mid + 1
    return lo


@kernel
def select_chunks(
    ref_first, bins, chunk_first, chunks, reach,
    floor_first, floor_window, floor_value, ceiling_first, ceiling_window, ceiling_value,
    min_shift, depth, chrom, start, end, out,
):  # fmt: skip
    """Chunks that may hold rows of the regions, cut to floor and ceiling, as found.

    Returns how many there are; where that is more than `out` has room for, the caller
    calls again with more.
    """
    n, room = 0, len(out)
    limit = np.int64(1) << (min_shift + 3 * depth)
    for r in range(len(chrom)):
        ref = chrom[r]
        # A row of length zero overlaps where it touches, so the bases beside count too.
        lo, hi = max(start[r] - 1, 0), min(end[r], limit - 1)
        if ref >= len(ref_first) - 1 or ref < 0 or lo >= limit:
            continue
        # rows that may overlap window `lo >> min_shift`, or begin later
        at = _after(floor_window, floor_first[ref], floor_first[ref + 1], (lo >> min_shift) + 1)
        floor = floor_value[at - 1] if at > floor_first[ref] else U0
        # … but not after the window of `hi`
        at = _after(ceiling_window, ceiling_first[ref], ceiling_first[ref + 1], hi >> min_shift)
        ceiling = ceiling_value[at] if at < ceiling_first[ref + 1] else UNSET
        stop = ref_first[ref + 1]
        b = ref_first[ref]
        for level in range(depth + 1):  # bins ascend with the level
            shift = min_shift + 3 * (depth - level)
            first = ((np.int64(1) << (3 * level)) - 1) // 7
            b = _after(bins, b, stop, first + (lo >> shift) - 1)
            last = first + (hi >> shift)
            while b < stop and bins[b] <= last:
                c = _after(reach, chunk_first[b], chunk_first[b + 1], floor)
                while c < chunk_first[b + 1] and chunks[c, 0] < ceiling:
                    if chunks[c, 1] > floor:
                        if n < room:
                            out[n, 0] = max(chunks[c, 0], floor)
                            out[n, 1] = min(chunks[c, 1], ceiling)
                        n += 1
                    c += 1
                b += 1
    return n


@kernel
def find_floors(
    floor_first, floor_window, floor_value, ceiling_first, ceiling_value, min_shift, chrom, start
):
    """For each region an offset before which none of its rows begin, as in `select_chunks`.

    At least where the rows of its chrom begin, at least that of the region before it in
    its chrom; `UNSET` where the chrom has no rows. Regions are by chrom and start.
    """
    found = np.empty(len(chrom), np.uint64)
    for r in range(len(chrom)):
        ref = chrom[r]
        found[r] = UNSET
        if 0 <= ref < len(floor_first) - 1 and ceiling_first[ref] < ceiling_first[ref + 1]:
            found[r] = ceiling_value[ceiling_first[ref]]
            lo = max(start[r] - 1, 0)
            at = _after(floor_window, floor_first[ref], floor_first[ref + 1], (lo >> min_shift) + 1)
            if at > floor_first[ref]:
                found[r] = max(found[r], floor_value[at - 1])
    return found


@kernel
def join_few(ranges, gap):
    """Sort ranges by insertion and join those with at most `gap` between them, in place.

    Returns how many are left. What gidx.ranges.coalesce does, in 1 us instead of 30 where
    there are a few; of many, sort otherwise.
    """
    n = len(ranges)
    for i in range(1, n):
        begin, end = ranges[i, 0], ranges[i, 1]
        j = i
        while j > 0 and ranges[j - 1, 0] > begin:
            ranges[j, 0], ranges[j, 1] = ranges[j - 1, 0], ranges[j - 1, 1]
            j -= 1
        ranges[j, 0], ranges[j, 1] = begin, end
    left = min(n, 1)
    for i in range(1, n):
        if ranges[i, 0] > ranges[left - 1, 1] + gap:
            ranges[left, 0], ranges[left, 1] = ranges[i, 0], ranges[i, 1]
            left += 1
        else:
            ranges[left - 1, 1] = max(ranges[left - 1, 1], ranges[i, 1])
    return left


# ── building ────────────────────────────────────────────────────────────────────────────────────
#
# Rows come sorted, so no bin is ever left and met again: of each height (0 for the
# smallest bins, one more for eight times the size) one is open, and a table of all
# bins is not needed. Heights, not levels, because they do not depend on the depth,
# which is known only with the last row.

# What `push_rows` returns as status, with the row's place in the batch.
UNSORTED, AGAIN, BACKWARD, FAR = 1, 2, 3, 4
# What it remembers between batches (int64 each; uint64 each).
REF, START, HEIGHT, INDEX, ROWS, REACH, MAX_END = range(7)
STATE = 7
SAVED, LAST, REF_BEGIN = range(3)
OFFSETS = 3
HEIGHTS = 12  # a depth of 10, and one for a row of length zero at its very end


@helper
def _add_chunk(state, height, index, begin, end, open_index, open_range, chunk, chunk_range, n):
    """A run of rows in one bin: more of its last chunk where they share a block, or a new one."""
    if open_index[height] == index:
        if open_range[height, 1] >> np.uint64(16) >= begin >> np.uint64(16):
            open_range[height, 1] = end
            return n
    if open_index[height] >= 0:
        chunk[n, 0], chunk[n, 1], chunk[n, 2] = state[REF], height, open_index[height]
        chunk_range[n, 0], chunk_range[n, 1] = open_range[height, 0], open_range[height, 1]
        n += 1
    open_index[height] = index
    open_range[height, 0], open_range[height, 1] = begin, end
    return n


@helper
def _close_ref(
    state, offsets, end, open_index, open_range, chunk, chunk_range, n, ref, ref_range, m
):
    """The end of a reference: its last run, its open chunks, its extent."""
    n = _add_chunk(
        state, state[HEIGHT], state[INDEX], offsets[SAVED], end, open_index, open_range, chunk,
        chunk_range, n,
    )  # fmt: skip
    for h in range(HEIGHTS):
        if open_index[h] >= 0:
            chunk[n, 0], chunk[n, 1], chunk[n, 2] = state[REF], h, open_index[h]
            chunk_range[n, 0], chunk_range[n, 1] = open_range[h, 0], open_range[h, 1]
            n += 1
            open_index[h] = -1
    ref[m, 0], ref[m, 1], ref[m, 2] = state[REF], state[ROWS], state[REACH]
    ref_range[m, 0], ref_range[m, 1] = offsets[REF_BEGIN], end
    return n, m + 1


@kernel
def push_rows(
    refs, starts, ends, bounds, min_shift, state, offsets, open_index, open_range, seen,
    chunk, chunk_range, run, run_offset, ref, ref_range,
):  # fmt: skip
    """Rows in file order into chunks, runs of windows, and references.

    `bounds` (rows + 1) are the rows' bounds, virtual offsets. Out: `chunk` (reference,
    height, index in its height) with its range; `run` (reference, first and last
    window), all of whose windows a row is the first to overlap, with its offset; `ref`
    (reference, rows, windows) with its extent. Room: rows + HEIGHTS + 1 chunks, rows
    runs, rows references. Returns status, row, chunks, runs, references.
    """
    n, w, m = 0, 0, 0
    limit = np.int64(1) << (min_shift + 3 * (HEIGHTS - 2))
    for i in range(len(refs)):
        start, end = starts[i], ends[i]
        if end < start:
            return BACKWARD, i, n, w, m
        start, end = max(start, 0), max(end, 1)  # POS 0 of a VCF: into the first bin
        if end > limit:
            return FAR, i, n, w, m
        new = refs[i] != state[REF]
        if new:
            if seen[refs[i]]:
                return AGAIN, i, n, w, m
            if state[REF] >= 0:
                n, m = _close_ref(
                    state, offsets, offsets[LAST], open_index, open_range, chunk, chunk_range, n,
                    ref, ref_range, m,
                )  # fmt: skip
                offsets[REF_BEGIN] = offsets[LAST]
            seen[refs[i]] = True
            state[REF], state[ROWS], state[REACH] = refs[i], 0, 0
        elif start < state[START]:
            return UNSORTED, i, n, w, m
        # A row of length zero has its last base before its first: at the first base
        # of a window it counts to the one before, as in `reg2bin`. htslib has it in no
        # window, and then does not find it where a row after it sets that entry.
        last = end - 1
        to = last >> min_shift
        from_ = max(min(start >> min_shift, to), state[REACH])
        if from_ <= to:
            run[w, 0], run[w, 1], run[w, 2] = refs[i], from_, to
            run_offset[w] = offsets[LAST]
            w += 1
            state[REACH] = to + 1
        height = 0
        shift = min_shift
        while start >> shift != last >> shift:
            height += 1
            shift += 3
        index = start >> shift
        if new or height != state[HEIGHT] or index != state[INDEX]:
            if not new:
                n = _add_chunk(
                    state, state[HEIGHT], state[INDEX], offsets[SAVED], offsets[LAST],
                    open_index, open_range, chunk, chunk_range, n,
                )  # fmt: skip
            offsets[SAVED] = offsets[LAST]
            state[HEIGHT], state[INDEX] = height, index
        state[ROWS] += 1
        state[START] = start
        state[MAX_END] = max(state[MAX_END], end, start)
        offsets[LAST] = bounds[i + 1]
    return OK, len(refs), n, w, m


@kernel
def close_rows(end, state, offsets, open_index, open_range, chunk, chunk_range, ref, ref_range):
    """The last reference's end, at `end`: chunks, references."""
    if state[REF] < 0:
        return 0, 0
    return _close_ref(
        state, offsets, end, open_index, open_range, chunk, chunk_range, 0, ref, ref_range, 0
    )
