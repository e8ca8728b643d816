"""Tabix indexes: walking their bytes, choosing chunks, and building.

One reference (hts-specs tabix.pdf, CSIv1.pdf), little-endian; ``loffset`` in a CSI
only, the linear index in a TBI only::

    n_bin i4 │ bin u4 │ loffset u8 │ n_chunk i4 │ begin u8 │ end u8 │ … │ n_intv i4 │ ioff u8 │ …
             │        └─── CSI ────┘            └─── n_chunk times ─┘   └──────── TBI ────────┘
             └───────────────────── n_bin times ────────────────────┘
"""

import numpy as np

from gidx.kernels.common cimport HELD, after, bin_status
from gidx.kernels.types cimport UNSET, i32, i64, u8, u64

# What `count_parts` returns as status, with the place in `at`.
cpdef enum:
    OK = 0, TRUNCATED = 1, NEGATIVE = 2


cdef inline i64 _u4(const u8[::1] buf, i64 i) noexcept nogil:
    cdef u64 j
    j = i
    return (
        <i64>buf[j]
        | (<i64>buf[j + 1] << 8)
        | (<i64>buf[j + 2] << 16)
        | (<i64>buf[j + 3] << 24)
    )


cdef inline i64 _i4(const u8[::1] buf, i64 i) noexcept nogil:
    return <i64>(<i32>_u4(buf, i))


cdef inline u64 _u8(const u8[::1] buf, i64 i) noexcept nogil:
    return <u64>_u4(buf, i) | (<u64>_u4(buf, i + 4) << 32)


cdef inline void _put4(u8[::1] buf, i64 i, i64 value) noexcept nogil:
    cdef i64 k
    for k in range(4):
        buf[i + k] = <u8>((value >> (8 * k)) & 0xFF)


cdef inline void _put8(u8[::1] buf, i64 i, u64 value) noexcept nogil:
    cdef i64 k
    for k in range(8):
        buf[i + k] = <u8>((value >> <u64>(8 * k)) & 0xFF)


cdef (i64, i64, i64, i64, i64) _count_parts(
    const u8[::1] buf, i64 at, i64 n_refs, bint csi,
) noexcept nogil:
    cdef i64 bins, chunks, linear, size, head, n_chunk, _, n_bin, n_intv
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


def count_parts(const u8[::1] buf, i64 at, i64 n_refs, bint csi):
    """How much there is, before anything is allocated: status, at, bins, chunks, linear.

    `at` is where the references end, or the count that does not fit.
    """
    cdef (i64, i64, i64, i64, i64) found
    with nogil:
        found = _count_parts(buf, at, n_refs, csi)
    return found


def read_parts(
    const u8[::1] buf, i64 at, bint csi, i64[::1] ref_first, i64[::1] bins, u64[::1] loffset,
    i64[::1] chunk_first, u64[:, ::1] chunks, i64[::1] linear_first, u64[::1] linear,
):
    """Fill the arrays, in file order; `count_parts` has said that all of it is there."""
    cdef i64 b, c, w, r, n_bin, _, n_chunk, n_intv
    with nogil:
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


def write_parts(
    u8[::1] buf, bint csi, const i64[::1] ref_first, const i64[::1] bins, const u64[::1] loffset,
    const i64[::1] chunk_first, const u64[:, ::1] chunks, const i64[::1] linear_first,
    const u64[::1] linear, i64 pseudo_bin, const u8[::1] has_pseudo, const u64[:, ::1] pseudo,
):
    """The mirror image of `read_parts`; a pseudo-bin comes last in its reference."""
    cdef i64 at, r, b, c, k, w
    with nogil:
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
                    _put8(buf, at, 0)
                    at += 8
                _put4(buf, at, 2)
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


def floor_samples(const i64[::1] first, u64[::1] value):
    """In place: what each sample of a linear index proves, instead of what it says.

    Samples of reference r are `value[first[r] : first[r + 1]]`, by window. Sample j
    becomes the largest value below its own, or 0.
    """
    cdef i64 r, j, lo, hi
    cdef u64 below, least, last
    with nogil:
        for r in range(len(first) - 1):
            lo, hi = first[r], first[r + 1]
            least = UNSET
            for j in range(hi - 1, lo - 1, -1):  # no later window begins earlier
                least = min(least, value[j])
                value[j] = least
            below, last = 0, 0
            for j in range(lo, hi):
                if value[j] > last:
                    below, last = last, value[j]
                value[j] = below


def ceiling_samples(const i64[::1] first, u64[::1] value):
    """In place: the least value of a sample and all after it in its reference."""
    cdef i64 r, j
    cdef u64 least
    with nogil:
        for r in range(len(first) - 1):
            least = UNSET
            for j in range(first[r + 1] - 1, first[r] - 1, -1):
                least = min(least, value[j])
                value[j] = least


def running_ends(const i64[::1] chunk_first, const u64[:, ::1] chunks):
    """The largest end up to each chunk of its bin: a binary search finds the first in reach."""
    cdef i64 b, c
    cdef u64 most
    cdef u64[::1] reach
    reach = np.empty(len(chunks), np.uint64)
    with nogil:
        for b in range(len(chunk_first) - 1):
            most = 0
            for c in range(chunk_first[b], chunk_first[b + 1]):
                most = max(most, chunks[c, 1])
                reach[c] = most
    return reach.base


cdef class Scheme:
    """An index's bins, chunks and samples, as `gidx.binning.index.TabixIndex.plan` makes them."""

    cdef const i64[::1] ref_first, bins, chunk_first, floor_first, floor_window
    cdef const i64[::1] ceiling_first, ceiling_window
    cdef const u64[:, ::1] chunks
    cdef const u64[::1] reach, floor_value, ceiling_value
    cdef i64 min_shift, depth

    def __init__(self, plan, i64 min_shift, i64 depth):
        (
            self.ref_first, self.bins, self.chunk_first, self.chunks, self.reach,
            self.floor_first, self.floor_window, self.floor_value,
            self.ceiling_first, self.ceiling_window, self.ceiling_value,
        ) = plan
        self.min_shift, self.depth = min_shift, depth

    def ranges(
        self, const i64[::1] chrom, const i64[::1] start, const i64[::1] end, u64 gap, i64 few
    ):
        """Chunks that may hold rows of the regions, cut to floor and ceiling, and how many.

        Up to `few` of them are joined where at most `gap` is between them; more are as found.
        """
        cdef i64 n
        cdef u64[:, ::1] out
        made = np.empty((64 + 8 * len(chrom), 2), np.uint64)
        while True:
            out = made
            with nogil:
                n = self.select(chrom, start, end, out)
            if n <= len(out):
                break
            made = np.empty((n, 2), np.uint64)
        if n <= few:
            return made[: _join_few(out[:n], gap)].copy(), n
        return made[:n], n

    cdef i64 select(
        self, const i64[::1] chrom, const i64[::1] start, const i64[::1] end, u64[:, ::1] out
    ) noexcept nogil:
        """How many chunks there are; those that `out` has room for are put there."""
        cdef i64 room, n, limit, r, ref, lo, hi, at, stop, b, level, shift, first, last, c
        cdef u64 floor, ceiling
        cdef i64 min_shift = self.min_shift, depth = self.depth
        n, room = 0, len(out)
        limit = <i64>1 << (min_shift + 3 * depth)
        for r in range(len(chrom)):
            ref = chrom[r]
            # A row of length zero overlaps where it touches, so the bases beside count too.
            lo, hi = max(start[r] - 1, 0), min(end[r], limit - 1)
            if ref >= len(self.ref_first) - 1 or ref < 0 or lo >= limit:
                continue
            # rows that may overlap window `lo >> min_shift`, or begin later
            at = after(
                self.floor_window, self.floor_first[ref], self.floor_first[ref + 1],
                (lo >> min_shift) + 1,
            )
            floor = self.floor_value[at - 1] if at > self.floor_first[ref] else 0
            # … but not after the window of `hi`
            at = after(
                self.ceiling_window, self.ceiling_first[ref], self.ceiling_first[ref + 1],
                hi >> min_shift,
            )
            ceiling = self.ceiling_value[at] if at < self.ceiling_first[ref + 1] else UNSET
            stop = self.ref_first[ref + 1]
            b = self.ref_first[ref]
            for level in range(depth + 1):  # bins ascend with the level
                shift = min_shift + 3 * (depth - level)
                first = ((<i64>1 << (3 * level)) - 1) // 7
                b = after(self.bins, b, stop, first + (lo >> shift) - 1)
                last = first + (hi >> shift)
                while b < stop and self.bins[b] <= last:
                    c = after(self.reach, self.chunk_first[b], self.chunk_first[b + 1], floor)
                    while c < self.chunk_first[b + 1] and self.chunks[c, 0] < ceiling:
                        if self.chunks[c, 1] > floor:
                            if n < room:
                                out[n, 0] = max(self.chunks[c, 0], floor)
                                out[n, 1] = min(self.chunks[c, 1], ceiling)
                            n += 1
                        c += 1
                    b += 1
        return n

    def floors(self, const i64[::1] chrom, const i64[::1] start):
        """For each region an offset before which none of its rows begin, as in `ranges`.

        At least where the rows of its chrom begin, at least that of the region before it in
        its chrom; `UNSET` where the chrom has no rows. Regions are by chrom and start.
        """
        cdef i64 at, r, ref, lo
        cdef u64[::1] found
        made = np.empty(len(chrom), np.uint64)
        found = made
        with nogil:
            for r in range(len(chrom)):
                ref = chrom[r]
                found[r] = UNSET
                if ref < 0 or ref >= len(self.floor_first) - 1:
                    continue
                if self.ceiling_first[ref] < self.ceiling_first[ref + 1]:
                    found[r] = self.ceiling_value[self.ceiling_first[ref]]
                    lo = max(start[r] - 1, 0)
                    at = after(
                        self.floor_window, self.floor_first[ref], self.floor_first[ref + 1],
                        (lo >> self.min_shift) + 1,
                    )
                    if at > self.floor_first[ref]:
                        found[r] = max(found[r], self.floor_value[at - 1])
        return made

    def odd_lead(
        self, const i32[::1] refs, const i64[::1] starts, const u8[::1] cut,
        const i64[::1] begins, const i64[:, ::1] blocks, const i64[::1] first,
    ):
        """The first segment whose first row should not begin it, -1 for none, and why.

        Why is 1 for a row of a chrom of which no region is asked for (`first`, of each chrom's
        regions), 2 for one that no chunk over its start holds, 0 for none. Segments that are
        cut, or without rows, begin anywhere. `begins` and `blocks` are those of the text.
        """
        cdef i64 s, lo, hi, mid, leaf, last, found = -1, why = 0
        cdef u64 at
        last = (<i64>1 << (3 * self.depth)) - 1
        with nogil:
            for s in range(len(refs)):
                if refs[s] >= 0 and not cut[s] and first[refs[s] + 1] == first[refs[s]]:
                    found, why = s, 1
                    break
            for s in range(len(refs)):
                if why or refs[s] < 0 or cut[s] or refs[s] >= len(self.ref_first) - 1:
                    continue
                lo, hi = 0, len(blocks)  # the last block that begins there or before
                while lo < hi:
                    mid = (lo + hi) >> 1
                    if blocks[mid, 0] <= begins[s]:
                        lo = mid + 1
                    else:
                        hi = mid
                at = <u64>(blocks[lo - 1, 1] << 16 | (begins[s] - blocks[lo - 1, 0]))
                leaf = min(max(starts[s], 0) >> self.min_shift, last)
                if bin_status(
                    self.ref_first, self.bins, self.chunk_first, self.chunks, self.reach,
                    self.depth, refs[s], leaf, 0, at,
                ) != HELD:
                    found, why = s, 2
        return found, why


cdef i64 _join_few(u64[:, ::1] ranges, u64 gap) noexcept nogil:
    """Sort ranges by insertion and join those with at most `gap` between them, in place.

    Returns how many are left. What gidx.ranges.coalesce does, in 1 us instead of 30 where
    there are a few; of many, sort otherwise.
    """
    cdef i64 left, n, i, j
    cdef u64 begin, end
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

# What `Binner.push` returns as status, with the row's place in the batch.
cpdef enum:
    UNSORTED = 1, AGAIN = 2, BACKWARD = 3, FAR = 4
cpdef enum:  # a depth of 10, and one for a row of length zero at its very end
    HEIGHTS = 12


cdef class Parts:
    """Chunks (reference, height, index in its height), runs of windows (reference, first and
    last), all of whose windows a row is the first to overlap, and references (number, rows,
    windows), each with its offsets: room for those of ``rows`` rows."""

    cdef i64[:, ::1] chunk, run, ref
    cdef u64[:, ::1] chunk_range, ref_range
    cdef u64[::1] run_offset
    cdef i64 chunks, runs, refs

    def __init__(self, i64 rows):
        # pages that are not written cost nothing
        self.chunk = np.empty((rows + HEIGHTS + 1, 3), np.int64)
        self.chunk_range = np.empty((rows + HEIGHTS + 1, 2), np.uint64)
        self.run, self.run_offset = np.empty((rows, 3), np.int64), np.empty(rows, np.uint64)
        self.ref = np.empty((rows + 1, 3), np.int64)
        self.ref_range = np.empty((rows + 1, 2), np.uint64)
        self.chunks = self.runs = self.refs = 0

    def pairs(self):
        """What was found: chunks, runs, references, and their offsets, each."""
        return (
            (self.chunk.base[: self.chunks].copy(), self.chunk_range.base[: self.chunks].copy()),
            (self.run.base[: self.runs].copy(), self.run_offset.base[: self.runs].copy()),
            (self.ref.base[: self.refs].copy(), self.ref_range.base[: self.refs].copy()),
        )


cdef class Binner:
    """Rows in file order into `Parts`: what is open between batches of them."""

    cdef i64 min_shift, ref, start, height, index, rows, reach
    cdef readonly i64 max_end
    cdef u64 saved, last, ref_begin
    cdef i64 open_index[HEIGHTS]
    cdef u64 open_begin[HEIGHTS]
    cdef u64 open_end[HEIGHTS]
    cdef u8[::1] seen

    def __init__(self, i64 min_shift):
        cdef i64 h
        self.min_shift, self.max_end, self.ref, self.start = min_shift, 0, -1, -1
        self.height = self.index = self.rows = self.reach = 0
        self.saved = self.last = self.ref_begin = 0
        self.seen = np.zeros(64, np.uint8)
        for h in range(HEIGHTS):
            self.open_index[h] = -1

    def push(
        self, const i64[::1] refs, const i64[::1] starts, const i64[::1] ends,
        const u64[::1] bounds, i64 most,
    ):
        """Rows of references up to `most`: status, row, and what `Parts.pairs` has of them.

        `bounds` (rows + 1) are the rows' bounds, virtual offsets.
        """
        cdef i64 status, row
        cdef Parts parts = Parts(len(refs))
        if most >= len(self.seen):
            self.seen = np.pad(self.seen.base, (0, most + 1))
        if self.ref < 0:
            self.saved = self.last = self.ref_begin = bounds[0]
        with nogil:
            status, row = self.push_rows(refs, starts, ends, bounds, parts)
        return status, row, parts.pairs()

    def close(self, end=None):
        """The open parts, closed at the offset `end`, else where the last row ends; they stay open."""
        cdef i64 h
        cdef u64 at = self.last if end is None else end
        cdef Parts parts = Parts(0)
        cdef Binner copy = Binner(self.min_shift)
        copy.ref, copy.height, copy.index, copy.rows = self.ref, self.height, self.index, self.rows
        copy.reach, copy.saved, copy.ref_begin = self.reach, self.saved, self.ref_begin
        for h in range(HEIGHTS):
            copy.open_index[h] = self.open_index[h]
            copy.open_begin[h], copy.open_end[h] = self.open_begin[h], self.open_end[h]
        if self.ref >= 0:
            copy.close_ref(at, parts)
        return parts.pairs()

    cdef void add_open(self, i64 height, Parts parts) noexcept nogil:
        """The chunk that is open at a height, if one is."""
        cdef i64 n = parts.chunks
        if self.open_index[height] >= 0:
            parts.chunk[n, 0], parts.chunk[n, 1] = self.ref, height
            parts.chunk[n, 2] = self.open_index[height]
            parts.chunk_range[n, 0] = self.open_begin[height]
            parts.chunk_range[n, 1] = self.open_end[height]
            parts.chunks = n + 1

    cdef void add_chunk(self, u64 end, Parts parts) noexcept nogil:
        """A run of rows in one bin: more of its last chunk where they share a block, or a new."""
        cdef i64 height = self.height
        if self.open_index[height] == self.index:
            if self.open_end[height] >> 16 >= self.saved >> 16:
                self.open_end[height] = end
                return
        self.add_open(height, parts)
        self.open_index[height] = self.index
        self.open_begin[height], self.open_end[height] = self.saved, end

    cdef void close_ref(self, u64 end, Parts parts) noexcept nogil:
        """The end of a reference: its last run, its open chunks, its extent."""
        cdef i64 h, m = parts.refs
        self.add_chunk(end, parts)
        for h in range(HEIGHTS):
            self.add_open(h, parts)
            self.open_index[h] = -1
        parts.ref[m, 0], parts.ref[m, 1], parts.ref[m, 2] = self.ref, self.rows, self.reach
        parts.ref_range[m, 0], parts.ref_range[m, 1] = self.ref_begin, end
        parts.refs = m + 1

    cdef (i64, i64) push_rows(
        self, const i64[::1] refs, const i64[::1] starts, const i64[::1] ends,
        const u64[::1] bounds, Parts parts,
    ) noexcept nogil:
        cdef bint new
        cdef i64 height, index, last, to, w, limit, i, start, end, from_, shift
        limit = <i64>1 << (self.min_shift + 3 * (HEIGHTS - 2))
        for i in range(len(refs)):
            start, end = starts[i], ends[i]
            if end < start:
                return BACKWARD, i
            start, end = max(start, 0), max(end, 1)  # POS 0 of a VCF: into the first bin
            if end > limit:
                return FAR, i
            new = refs[i] != self.ref
            if new:
                if self.seen[refs[i]]:
                    return AGAIN, i
                if self.ref >= 0:
                    self.close_ref(self.last, parts)
                    self.ref_begin = self.last
                self.seen[refs[i]] = True
                self.ref, self.rows, self.reach = refs[i], 0, 0
            elif start < self.start:
                return UNSORTED, i
            # A row of length zero has its last base before its first: at the first base
            # of a window it counts to the one before, as in `reg2bin`. htslib has it in no
            # window, and then does not find it where a row after it sets that entry.
            last = end - 1
            to = last >> self.min_shift
            from_ = max(min(start >> self.min_shift, to), self.reach)
            if from_ <= to:
                w = parts.runs
                parts.run[w, 0], parts.run[w, 1], parts.run[w, 2] = refs[i], from_, to
                parts.run_offset[w] = self.last
                parts.runs = w + 1
                self.reach = to + 1
            height = 0
            shift = self.min_shift
            while start >> shift != last >> shift:
                height += 1
                shift += 3
            index = start >> shift
            if new or height != self.height or index != self.index:
                if not new:
                    self.add_chunk(self.last, parts)
                self.saved = self.last
                self.height, self.index = height, index
            self.rows += 1
            self.start = start
            self.max_end = max(self.max_end, end, start)
            self.last = bounds[i + 1]
        return OK, len(refs)
