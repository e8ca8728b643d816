"""What several kernels do: hash and compare texts, search sorted arrays.

A text is `buf[a:b]`. Indices into texts are unsigned, as they come from differences.
"""

from gidx.kernels.types cimport i32, i64, u8, u32, u64

ctypedef fused number:
    u32
    i64
    u64


cdef inline const u8* bytes_at(const u8[::1] buf) noexcept nogil:
    """Where an array begins; of an empty one, that is nowhere."""
    return &buf[0] if len(buf) else NULL


cdef inline u64 hash_text(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """FNV-1a of `buf[a:b]`, its halves folded."""
    return hash_of(bytes_at(buf) + a, b - a)


cdef inline u64 hash_of(const u8* text, u64 size) noexcept nogil:
    cdef u64 h = 0xCBF29CE484222325ULL, k
    for k in range(size):
        h = (h ^ text[k]) * 0x100000001B3ULL
    return h ^ (h >> 32)


cdef inline bint same_text(
    const u8[::1] buf, u64 a, u64 b, const u8[::1] other, u64 c, u64 d
) noexcept nogil:
    """Whether `buf[a:b]` is `other[c:d]`."""
    if b - a != d - c:
        return False
    while a < b and buf[a] == other[c]:
        a += 1
        c += 1
    return a == b


cdef inline i64 look_up(
    const u8[::1] buf, u64 a, u64 b, const u8[::1] words, const i64[::1] bounds,
    const i32[::1] table,
) noexcept nogil:
    """Which word `buf[a:b]` is, by the words' hash table (see `names.hash_words`); -1 for none."""
    return word_of(bytes_at(buf) + a, b - a, words, bounds, table)


cdef inline i64 word_of(
    const u8* text, u64 size, const u8[::1] words, const i64[::1] bounds, const i32[::1] table
) noexcept nogil:
    """As `look_up`, of a text that is in no array."""
    cdef u64 mask = len(table) - 1, k
    cdef u64 at = hash_of(text, size) & mask
    cdef i64 w
    while table[at] >= 0:
        w = table[at]
        if <u64>(bounds[w + 1] - bounds[w]) == size:
            k = 0
            while k < size and text[k] == words[bounds[w] + k]:
                k += 1
            if k == size:
                return w
        at = (at + 1) & mask
    return -1


cdef inline i64 big_or_little(const u8[::1] buf, u64 i, bint big) noexcept nogil:
    """The number of 32 bits at `i`, in either byte order."""
    cdef u32 a, b, c, d
    a, b = buf[i], buf[i + 1]
    c, d = buf[i + 2], buf[i + 3]
    if big:
        return <i64>((a << 24) | (b << 16) | (c << 8) | d)
    return <i64>((d << 24) | (c << 16) | (b << 8) | a)


cdef inline i64 number_at(const u8* at, bint big) noexcept nogil:
    """The same, in no array."""
    cdef u32 a = at[0], b = at[1], c = at[2], d = at[3]
    if big:
        return <i64>((a << 24) | (b << 16) | (c << 8) | d)
    return <i64>((d << 24) | (c << 16) | (b << 8) | a)


cdef inline i64 lower(const number[::1] values, i64 lo, i64 hi, i64 x) noexcept nogil:
    """The first of `values[lo:hi]`, ascending, that is not below `x`."""
    cdef i64 mid
    while lo < hi:
        mid = (lo + hi) >> 1
        if <i64>values[mid] < x:
            lo = mid + 1
        else:
            hi = mid
    return lo


cdef inline i64 after(const number[::1] values, i64 lo, i64 hi, number x) noexcept nogil:
    """The first of `values[lo:hi]`, ascending, that is larger than `x`."""
    cdef i64 mid
    while lo < hi:
        mid = (lo + hi) >> 1
        if values[mid] > x:
            hi = mid
        else:
            lo = mid + 1
    return lo


cdef inline bint overlaps(
    const i64[::1] first, const i64[::1] starts, const i64[::1] ends, i64 chrom, i64 start, i64 end
) noexcept nogil:
    """Whether an item overlaps one of the disjoint, sorted regions of its chrom.

    `s < end and e > start`; an item of length zero where it touches.
    """
    cdef i64 lo = first[chrom], stop = first[chrom + 1], hi = stop, mid
    cdef i64 touch = start == end
    while lo < hi:  # the first region that ends after the item's start
        mid = (lo + hi) >> 1
        if ends[mid] + touch > start:
            hi = mid
        else:
            lo = mid + 1
    return lo < stop and starts[lo] < end + touch


cdef inline u64 magnitude(i64 value) noexcept nogil:
    return 0 - <u64>value if value < 0 else <u64>value


cdef inline i64 n_digits(u64 size) noexcept nogil:
    cdef i64 n = 1
    while size >= 10:
        size //= 10
        n += 1
    return n


# What `bin_status` says; as in proof.pyx, whose OK, BIN and CHUNK these are.
cdef enum:
    HELD = 0, NO_BIN = 4, NO_CHUNK = 5


cdef inline i64 bin_status(
    const i64[::1] ref_first, const i64[::1] bins, const i64[::1] chunk_first,
    const u64[:, ::1] chunks, const u64[::1] reach, i64 depth, i64 ref, i64 leaf, i64 height,
    u64 at,
) noexcept nogil:
    """Whether a chunk that holds `at` is in a bin over window `leaf`, `height` or more levels
    above the smallest: HELD, NO_BIN (none of these bins is there), NO_CHUNK (no chunk holds it)."""
    cdef i64 bin, status, level, b, c
    status = NO_BIN
    for level in range(depth - height, -1, -1):
        bin = ((<i64>1 << (3 * level)) - 1) // 7 + (leaf >> (3 * (depth - level)))
        b = after(bins, ref_first[ref], ref_first[ref + 1], bin - 1)
        if b == ref_first[ref + 1] or bins[b] != bin:
            continue
        status = NO_CHUNK
        c = after(reach, chunk_first[b], chunk_first[b + 1], at)
        while c < chunk_first[b + 1] and chunks[c, 0] <= at:
            if chunks[c, 1] > at:
                return HELD
            c += 1
    return status
