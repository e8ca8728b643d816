"""Where certain bytes are in a text, found 64 at a time.

    text    chr1 \t 999 \t 2000 \n chr1 …
    mask    0000   1  000  1  0000   1  0000       a bit a byte: is it a tab or a line break?

What parts texts is found by its bit, and the next one by the next bit, however long it is to
there. A byte at a time is twice as long on its way: to compare takes no less, and where a
field ends no processor can foretell. Nothing is read behind a text's end.
"""

from gidx.kernels.common cimport bytes_at
from gidx.kernels.types cimport i64, u8, u64

cdef extern from *:
    """
    #include <string.h>
    #if defined(__SSE2__) || defined(_M_X64)
    #include <emmintrin.h>
    #elif defined(__aarch64__) && defined(__ARM_NEON)
    #include <arm_neon.h>
    #endif
    #if defined(_MSC_VER)
    #include <intrin.h>
    static __forceinline int gidx_first_bit(uint64_t mask) {
        unsigned long place;
        _BitScanForward64(&place, mask);
        return (int)place;
    }
    #else
    #define gidx_first_bit(mask) __builtin_ctzll(mask)
    #endif
    /* Without the processor's own instruction, which not all have. */
    static inline int gidx_bits(uint64_t mask) {
        mask -= mask >> 1 & 0x5555555555555555ULL;
        mask = (mask & 0x3333333333333333ULL) + (mask >> 2 & 0x3333333333333333ULL);
        mask = (mask + (mask >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
        return (int)(mask * 0x0101010101010101ULL >> 56);
    }

    /* Which of 64 bytes are `one` or `other`: bit k is that of byte k. */
    static inline uint64_t gidx_mask_64(const uint8_t* p, uint8_t one, uint8_t other) {
        uint64_t mask = 0;
        int k;
    #if defined(__SSE2__) || defined(_M_X64)
        const __m128i a = _mm_set1_epi8((char)one), b = _mm_set1_epi8((char)other);
        for (k = 0; k < 4; k++) {
            __m128i bytes = _mm_loadu_si128((const __m128i*)(p + 16 * k));
            __m128i same = _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
            mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(same) << (16 * k);
        }
    #elif defined(__aarch64__) && defined(__ARM_NEON)
        static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
        const uint8x16_t a = vdupq_n_u8(one), b = vdupq_n_u8(other), bits = vld1q_u8(places);
        uint8x16_t same[4];
        for (k = 0; k < 4; k++) {
            uint8x16_t bytes = vld1q_u8(p + 16 * k);
            same[k] = vandq_u8(vorrq_u8(vceqq_u8(bytes, a), vceqq_u8(bytes, b)), bits);
        }
        same[0] = vpaddq_u8(vpaddq_u8(same[0], same[1]), vpaddq_u8(same[2], same[3]));
        mask = vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(same[0], same[0])), 0);
    #else
        for (k = 0; k < 64; k++)
            mask |= (uint64_t)(p[k] == one || p[k] == other) << k;
    #endif
        return mask;
    }

    /* The same of a text's last bytes, of which `left` are there. */
    static uint64_t gidx_mask_end(const uint8_t* p, int64_t left, uint8_t one, uint8_t other) {
        uint8_t last[64];
        if (left <= 0)
            return 0;
        memset(last, 0, sizeof last);
        memcpy(last, p, (size_t)left);
        return gidx_mask_64(last, one, other) & (((uint64_t)1 << left) - 1);
    }

    #define gidx_mask(p, left, one, other) \\
        ((left) >= 64 ? gidx_mask_64(p, one, other) : gidx_mask_end(p, left, one, other))
    """
    u64 mask_of "gidx_mask"(const u8* p, i64 left, u8 one, u8 other) noexcept nogil
    int first_bit "gidx_first_bit"(u64 mask) noexcept nogil
    int bits "gidx_bits"(u64 mask) noexcept nogil

# A walk from one such byte to the next.
cdef struct Marks:
    const u8* text
    i64 size
    i64 stop  # behind which none is looked for: it may be far to the next one
    i64 base  # what the mask's first bit is of
    u64 mask  # of those that are ahead


cdef inline Marks marks_of(const u8[::1] buf) noexcept nogil:
    """A walk that begins nowhere yet."""
    cdef Marks marks
    marks.text, marks.size = bytes_at(buf), len(buf)
    marks.stop = marks.base = 0
    marks.mask = 0
    return marks


cdef inline void seek(Marks* marks, i64 at, i64 stop, u8 one, u8 other) noexcept nogil:
    """Go on from a place, to another."""
    marks.base, marks.stop = at, stop
    marks.mask = mask_of(marks.text + at, marks.size - at, one, other)


cdef inline void skip(Marks* marks, i64 at, u8 one, u8 other) noexcept nogil:
    """Go on from a place that is ahead, and mostly near."""
    cdef i64 passed = at - marks.base
    if passed < 64:
        marks.mask &= ~<u64>0 << passed
    else:
        seek(marks, at, marks.stop, one, other)


cdef inline i64 following(Marks* marks, u8 one, u8 other) noexcept nogil:
    """The place of the next one, which is passed; where the walk stops, or behind it, for none."""
    cdef i64 at
    while marks.mask == 0:
        marks.base += 64
        if marks.base >= marks.stop:
            return marks.stop
        marks.mask = mask_of(marks.text + marks.base, marks.size - marks.base, one, other)
    at = marks.base + first_bit(marks.mask)
    marks.mask &= marks.mask - 1
    return at


cdef inline i64 count(const u8[::1] buf, i64 at, i64 stop, u8 one, u8 other) noexcept nogil:
    """How many of them are in `buf[at:stop]`."""
    cdef u64 mask
    cdef i64 n = 0
    while at < stop:
        mask = mask_of(bytes_at(buf) + at, len(buf) - at, one, other)
        if stop - at < 64:
            mask &= (<u64>1 << (stop - at)) - 1
        n += bits(mask)
        at += 64
    return n
