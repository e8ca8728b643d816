"""Texts to Arrow columns: many columns in one call, straight into the buffers that Arrow takes.

A `Plan` is an array of steps, one a column: from which bounds, and how. What a call makes are
structs of Arrow's C data interface (arrow.apache.org/docs/format/CDataInterface.html), which
pyarrow imports in 0.6 us each, where an array from three numpy buffers took 5 to 8. Each struct
owns its buffers, and frees them, without Python, when Arrow has no more use for them::

    ArrowArray ─private_data─▶ buffers[3] │ children[1]      one allocation
        buffers[0] bitmap, or none │ [1] values or offsets │ [2] bytes
        dictionary: buffers of `Words`, which count who holds them

A column is made here only where each value is of its type, or is missing. Where one is not
(or is a decimal that takes a full parser), there is no array for it, and the caller, who has
the words for it, makes that column again with the kernels of `fields`. So what is here is what
almost all columns take, and what is odd stands in one place, above.

Bounds are as in `fields`: text i is `buf[begins[i] : nexts[i] - 1]`, if `there[i]`.
"""

from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memchr, memcmp, memcpy, memset

from gidx.kernels.common cimport bytes_at
from gidx.kernels.letters cimport EQUAL, PERCENT
from gidx.kernels.memory cimport give, take
from gidx.kernels.numbers cimport (
    EXACT, float32_is_safe, is_utf8, is_written, parse_color, parse_decimal, parse_int,
    short_decimal,
)
from gidx.kernels.types cimport i32, i64, u8, u16, u64

cdef extern from *:
    """
    typedef struct gidx_array {
        int64_t length, null_count, offset, n_buffers, n_children;
        void** buffers;
        struct gidx_array** children;
        struct gidx_array* dictionary;
        void (*release)(struct gidx_array*);
        void* private_data;
    } gidx_array;
    #if defined(_MSC_VER)
    #include <intrin.h>
    #define GIDX_ADD(counter, n) (_InterlockedExchangeAdd64((counter), (n)) + (n))
    #else
    #define GIDX_ADD(counter, n) __atomic_add_fetch((counter), (n), __ATOMIC_ACQ_REL)
    #endif
    """
    ctypedef struct ArrowArray "gidx_array":
        i64 length, null_count, offset, n_buffers, n_children
        void** buffers
        ArrowArray** children
        ArrowArray* dictionary
        void (*release)(ArrowArray*) noexcept nogil
        void* private_data
    i64 atomic_add "GIDX_ADD"(i64* counter, i64 n) nogil

# What a column is made of: places, which rows have already, or what texts are read as.
cpdef enum:
    CHROM = 0, START = 1, END = 2, TEXT = 3, INTEGER = 4, FLOAT = 5, WORD = 6, FLAG = 7, LIST = 8
    OTHER = 9  # not here
cpdef enum:
    STEP = 64  # bytes of a `Step`
cdef enum:
    MADE = 0, ODD = 1, NO_MEMORY = 2
cdef enum:
    SLACK = 16  # bytes behind texts, since they are copied by as many
    DOUBTFUL = 5  # bytes of a text that is zero, which many a number is rounded to
cdef extern from *:
    """
    #define GIDX_HIGH 0x8080808080808080ULL
    #define GIDX_EXACT 9007199254740992.0
    """
    const u64 HIGH "GIDX_HIGH"
    const double MOST_EXACT "GIDX_EXACT"

# One column, as `gidx.arrow.plan` lays it out.
cdef struct Step:
    i64 low, high  # integers' limits; of START, `low` is added
    i64 size  # how many items lists have; -1: as many as they have
    i32 kind, item  # of lists, what their items are
    i32 field, counted  # of a row; `counted` says how many items a list has, if it is not -1
    i32 width  # bytes of a number
    i32 missing, missing_size  # where in the plan's texts; no size: -1
    i32 words  # which of the plan's `Words`
    u8 guessed, color, closed, empties, ragged, percent, separator, spare

# ── arrays ──────────────────────────────────────────────────────────────────────────────────────


cdef void _release(ArrowArray* array) noexcept nogil:
    cdef i64 i
    for i in range(array.n_buffers):
        give(array.buffers[i])
    for i in range(array.n_children):
        _drop(array.children[i])
    _drop(array.dictionary)
    free(array.private_data)
    array.release = NULL


cdef void _drop(ArrowArray* array) noexcept nogil:
    """Free a struct, and what it holds, if it was not moved."""
    if array != NULL:
        if array.release != NULL:
            array.release(array)
        free(array)


cdef int _open(ArrowArray* array, i64 length, i64 n_buffers, bint child) noexcept nogil:
    """An array with room for its buffers; from here on it can be released."""
    cdef void** room
    memset(array, 0, sizeof(ArrowArray))
    room = <void**>calloc(4, sizeof(void*))
    if room == NULL:
        return NO_MEMORY
    array.length, array.n_buffers = length, n_buffers
    array.buffers, array.private_data, array.release = room, room, _release
    if child:
        array.children = <ArrowArray**>(room + 3)
        array.children[0] = <ArrowArray*>calloc(1, sizeof(ArrowArray))
        if array.children[0] == NULL:
            return NO_MEMORY
        array.n_children = 1
    return MADE


cdef inline void* _buffer(ArrowArray* array, i64 i, i64 size) noexcept nogil:
    array.buffers[i] = take(size + SLACK)
    return array.buffers[i]


cdef int _set_null(ArrowArray* array, i64 i) noexcept nogil:
    """Value i is missing; the first one brings the bitmap."""
    cdef i64 size
    cdef u8* bits = <u8*>array.buffers[0]
    if bits == NULL:
        size = (array.length + 7) // 8
        bits = <u8*>_buffer(array, 0, size)
        if bits == NULL:
            return NO_MEMORY
        memset(bits, 0xFF, size)
        if array.length & 7:
            bits[size - 1] = <u8>((1 << (array.length & 7)) - 1)
    bits[i >> 3] &= <u8>~(1 << (i & 7))
    array.null_count += 1
    return MADE


cdef struct Shared:
    i64 holders
    i64 count
    void* buffers[3]


cdef void _let_go(Shared* shared) noexcept nogil:
    if shared != NULL and atomic_add(&shared.holders, -1) == 0:
        free(shared.buffers[1])
        free(shared.buffers[2])
        free(shared)


cdef void _release_words(ArrowArray* array) noexcept nogil:
    _let_go(<Shared*>array.private_data)
    array.release = NULL


cdef class Words:
    """The texts of a dictionary, which many arrays share."""

    cdef Shared* shared

    def __cinit__(self, const u8[::1] data, const i64[::1] bounds):
        """Text i is `data[bounds[i] : bounds[i + 1]]`, which has to be UTF-8."""
        cdef i64 i, n = len(bounds) - 1
        cdef i32* offsets
        self.shared = <Shared*>calloc(1, sizeof(Shared))
        if self.shared == NULL:
            raise MemoryError()
        self.shared.holders, self.shared.count = 1, n
        self.shared.buffers[1] = malloc((n + 1) * 4)
        self.shared.buffers[2] = malloc(len(data) + SLACK)
        if self.shared.buffers[1] == NULL or self.shared.buffers[2] == NULL:
            raise MemoryError()
        offsets = <i32*>self.shared.buffers[1]
        for i in range(n + 1):
            offsets[i] = bounds[i]
        if len(data):
            memcpy(self.shared.buffers[2], &data[0], len(data))

    def __dealloc__(self):
        _let_go(self.shared)


cdef int _with_words(ArrowArray* array, Shared* shared) noexcept nogil:
    """A dictionary for an array of indices."""
    cdef ArrowArray* words = <ArrowArray*>calloc(1, sizeof(ArrowArray))
    if words == NULL:
        return NO_MEMORY
    atomic_add(&shared.holders, 1)
    words.length, words.n_buffers, words.buffers = shared.count, 3, shared.buffers
    words.release, words.private_data = _release_words, shared
    array.dictionary = words
    return MADE


cdef class Arrays:
    """Structs that wait to be imported; those that are not are freed with this."""

    cdef ArrowArray* items
    cdef i64 count

    def __cinit__(self, i64 count):
        self.items = <ArrowArray*>calloc(max(count, 1), sizeof(ArrowArray))
        if self.items == NULL:
            raise MemoryError()
        self.count = count

    def __dealloc__(self):
        cdef i64 i
        for i in range(self.count):
            if self.items[i].release != NULL:
                self.items[i].release(&self.items[i])
        free(self.items)

    def __len__(self):
        return self.count

    def address(self, i64 i):
        """Where an array is, or may be put; it is imported, or exported to there, once."""
        if i < 0 or i >= self.count:
            raise IndexError(i)
        return <u64>&self.items[i]

    def is_made(self, i64 i):
        """Whether there is an array, which was not taken."""
        return 0 <= i < self.count and self.items[i].release != NULL

    def odd(self):
        """Which columns are not made."""
        cdef i64 i
        cdef list found = []
        for i in range(self.count):
            if self.items[i].release == NULL:
                found.append(i)
        return found


def batch(parts, const i64[:, ::1] places, i64 rows):
    """One struct of columns, which are taken: column i is array `places[i, 1]` of a part.

    `places[i, 0]` says of which of `parts`, each `Arrays`; there has to be an array.
    """
    cdef i64 i, k, n = len(places)
    cdef Arrays part, made = Arrays(1)
    cdef ArrowArray* out = made.items
    cdef char* room = <char*>calloc(
        1, sizeof(void*) * (1 + n) + sizeof(ArrowArray) * max(n, 1)
    )
    if room == NULL:
        raise MemoryError()
    # one allocation: the buffers, of which there is none, the children's places, the children
    out.length, out.n_buffers, out.n_children = rows, 1, n
    out.buffers, out.children = <void**>room, <ArrowArray**>(room + sizeof(void*))
    out.private_data, out.release = room, _release_batch
    for i in range(n):
        out.children[i] = <ArrowArray*>(room + sizeof(void*) * (1 + n)) + i
    for i in range(n):
        part, k = parts[places[i, 0]], places[i, 1]
        if not 0 <= k < part.count or part.items[k].release == NULL:
            raise ValueError(f"column {i} is not made")
        out.children[i][0] = part.items[k]
        part.items[k].release = NULL
    return made


cdef void _release_batch(ArrowArray* array) noexcept nogil:
    cdef i64 i
    for i in range(array.n_children):
        if array.children[i].release != NULL:
            array.children[i].release(array.children[i])
    free(array.private_data)
    array.release = NULL


def empty_maps(const u8[::1] there, bint listed):
    """Maps of no entries, of texts, or where `listed` of lists of texts; missing where not `there`.
    """
    cdef i64 i, n = len(there)
    cdef Arrays made = Arrays(1)
    cdef ArrowArray* maps = made.items
    cdef ArrowArray* pairs
    cdef int status = _open(maps, n, 2, True)
    if status == MADE:
        status = _offsets_of_none(maps, n)
    if status == MADE:
        for i in range(n):
            if there[i] == 0 and _set_null(maps, i) != MADE:
                status = NO_MEMORY
        # a struct of keys and values
        pairs = maps.children[0]
        status = max(status, _open_pairs(pairs, listed))
    if status != MADE:
        raise MemoryError()
    return made


cdef int _offsets_of_none(ArrowArray* array, i64 n) noexcept nogil:
    cdef void* offsets = _buffer(array, 1, 4 * (n + 1))
    if offsets == NULL:
        return NO_MEMORY
    memset(offsets, 0, 4 * (n + 1))
    return MADE


cdef int _open_pairs(ArrowArray* pairs, bint listed) noexcept nogil:
    """A struct of no keys and no values: texts, or lists of texts."""
    cdef int i, status = MADE
    cdef ArrowArray* value
    cdef void** room = <void**>calloc(4, sizeof(void*))
    memset(pairs, 0, sizeof(ArrowArray))
    if room == NULL:
        return NO_MEMORY
    pairs.n_buffers, pairs.buffers, pairs.private_data, pairs.release = 1, room, room, _release
    pairs.children = <ArrowArray**>(room + 1)
    for i in range(2):
        value = <ArrowArray*>calloc(1, sizeof(ArrowArray))
        if value == NULL:
            return NO_MEMORY
        pairs.children[i] = value
        pairs.n_children = i + 1
        if i == 1 and listed:
            status = max(status, _open(value, 0, 2, True))
            if status == MADE:
                status = max(_offsets_of_none(value, 0), _open_text(value.children[0]))
        else:
            status = max(status, _open_text(value))
    return status


cdef int _open_text(ArrowArray* array) noexcept nogil:
    """An array of no texts."""
    if _open(array, 0, 3, False) != MADE or _buffer(array, 2, 0) == NULL:
        return NO_MEMORY
    return _offsets_of_none(array, 0)


# ── one column ──────────────────────────────────────────────────────────────────────────────────

# Texts of one column, and what its step refers to.
cdef struct Items:
    const u8* buf
    u64 size  # bytes that may be read
    const i32* begins
    const i32* nexts
    const u8* there  # NULL: all are
    i64 n
    const u8* missing
    Shared* words


cdef inline bint _is_same(const u8* one, const u8* other, u64 size) noexcept nogil:
    """Whether texts of a size are the same; mostly a byte tells: a call took 9 % of all columns."""
    if size == 0:
        return True
    return one[0] == other[0] and (size == 1 or memcmp(one, other, size) == 0)


cdef inline bint _is_missing(const Step* step, const Items* items, u64 a, u64 b) noexcept nogil:
    return b - a == <u64>step.missing_size and _is_same(items.buf + a, items.missing, b - a)


cdef int _texts(const Step* step, const Items* items, ArrowArray* out) noexcept nogil:
    cdef i64 i, total, n = items.n
    cdef u64 a, size, high, word
    cdef i64 put
    cdef i32* offsets
    cdef u8* data
    cdef bint has_word = step.missing_size >= 0
    if _open(out, n, 3, False) != MADE:
        return NO_MEMORY
    total = 0
    for i in range(n):
        total += items.nexts[i] - items.begins[i] - 1
    offsets, data = <i32*>_buffer(out, 1, 4 * (n + 1)), <u8*>_buffer(out, 2, total)
    if offsets == NULL or data == NULL:
        return NO_MEMORY
    put = 0
    offsets[0] = 0
    for i in range(n):
        a = items.begins[i]
        size = <u64>items.nexts[i] - 1 - a
        if (items.there != NULL and items.there[i] == 0) or (
            has_word and _is_missing(step, items, a, a + size)
        ):
            if _set_null(out, i) != MADE:
                return NO_MEMORY
        else:
            if a + SLACK <= items.size:  # most are shorter, and a call would take longer
                memcpy(data + put, items.buf + a, SLACK)
                if size > SLACK:
                    memcpy(data + put + SLACK, items.buf + a + SLACK, size - SLACK)
            else:
                memcpy(data + put, items.buf + a, size)
            put += size
        offsets[i + 1] = put
    high = 0
    for i in range(put // 8):
        memcpy(&word, data + 8 * i, 8)
        high |= word
    for i in range(put & ~<i64>7, put):
        high |= data[i]
    if high & HIGH:
        for i in range(n):
            if not is_utf8(data, offsets[i], offsets[i + 1]):
                return ODD
    if step.percent and put and memchr(data, PERCENT, put) != NULL:
        return ODD
    return MADE


cdef inline void _put(u8* values, i64 i, i32 width, i64 value) noexcept nogil:
    """An integer in so many bytes; that it fits is known."""
    if width == 8:
        (<i64*>values)[i] = value
    elif width == 4:
        (<i32*>values)[i] = <i32>value
    elif width == 2:
        (<u16*>values)[i] = <u16>value
    else:
        values[i] = <u8>value


cdef int _integers(const Step* step, const Items* items, ArrowArray* out) noexcept nogil:
    cdef bint good
    cdef i64 i, value, n = items.n
    cdef u64 a, b
    cdef u8* values
    if _open(out, n, 2, False) != MADE:
        return NO_MEMORY
    values = <u8*>_buffer(out, 1, n * step.width)
    if values == NULL:
        return NO_MEMORY
    for i in range(n):
        good = False
        value = 0
        if items.there == NULL or items.there[i]:
            a, b = items.begins[i], items.nexts[i] - 1
            good, value = parse_int(items.buf, a, b)
            good = good and step.low <= value <= step.high
            if good and step.guessed and not is_written(items.buf, a, b, True):
                return ODD
            if not good and step.color:
                good, value = parse_color(items.buf, a, b)
            if not good and not _is_missing(step, items, a, b):
                return ODD
        if not good and _set_null(out, i) != MADE:
            return NO_MEMORY
        _put(values, i, step.width, value if good else 0)
    return MADE


cdef int _floats(const Step* step, const Items* items, ArrowArray* out) noexcept nogil:
    cdef bint good
    cdef double value
    cdef i64 i, status, n = items.n
    cdef u64 a, b
    cdef u8* values
    if _open(out, n, 2, False) != MADE:
        return NO_MEMORY
    values = <u8*>_buffer(out, 1, n * step.width)
    if values == NULL:
        return NO_MEMORY
    for i in range(n):
        value = 0
        if items.there == NULL or items.there[i]:
            a, b = items.begins[i], items.nexts[i] - 1
            good, value = short_decimal(items.buf, a, b)
            if not good:
                if _is_missing(step, items, a, b):
                    if _set_null(out, i) != MADE:
                        return NO_MEMORY
                    value, good = 0, True
                else:
                    status, value = parse_decimal(items.buf, a, b)
                    good = status == EXACT
            if not good or (step.width == 4 and not float32_is_safe(value)):
                return ODD
            if step.guessed:
                if not is_written(items.buf, a, b, False) or value >= MOST_EXACT:
                    return ODD
                if value <= -MOST_EXACT or (value == 0 and b + 1 - a > DOUBTFUL):
                    return ODD
        elif _set_null(out, i) != MADE:
            return NO_MEMORY
        if step.width == 4:
            (<float*>values)[i] = <float>value
        else:
            (<double*>values)[i] = value
    return MADE


cdef int _indices(const Step* step, const Items* items, ArrowArray* out) noexcept nogil:
    """Which of the words each text is."""
    cdef i64 i, w, last, count, n = items.n
    cdef u64 a, size
    cdef i32* values
    cdef const i32* offsets = <const i32*>items.words.buffers[1]
    cdef const u8* data = <const u8*>items.words.buffers[2]
    if _open(out, n, 2, False) != MADE:
        return NO_MEMORY
    values = <i32*>_buffer(out, 1, n * 4)
    if values == NULL or _with_words(out, items.words) != MADE:
        return NO_MEMORY
    count, last = items.words.count, 0
    for i in range(n):
        values[i] = 0
        if items.there != NULL and items.there[i] == 0:
            if _set_null(out, i) != MADE:
                return NO_MEMORY
            continue
        a = items.begins[i]
        size = <u64>items.nexts[i] - 1 - a
        w = last
        if last >= count or not _is_word(items.buf + a, size, data, offsets, last):
            w = 0
            while w < count and not _is_word(items.buf + a, size, data, offsets, w):
                w += 1
        if w < count:
            values[i] = w
            last = w
        elif not _is_missing(step, items, a, a + size):
            return ODD
        elif _set_null(out, i) != MADE:
            return NO_MEMORY
    return MADE


cdef inline bint _is_word(
    const u8* text, u64 size, const u8* data, const i32* offsets, i64 w
) noexcept nogil:
    return (
        <u64>(offsets[w + 1] - offsets[w]) == size
        and _is_same(text, data + offsets[w], size)
    )


cdef int _flags(const Items* items, ArrowArray* out) noexcept nogil:
    """Whether a key is there; one with a value is odd."""
    cdef i64 i, size, n = items.n
    cdef u8* bits
    if _open(out, n, 2, False) != MADE:
        return NO_MEMORY
    size = (n + 7) // 8
    bits = <u8*>_buffer(out, 1, size)
    if bits == NULL:
        return NO_MEMORY
    memset(bits, 0, size)
    for i in range(n):
        if items.there[i]:
            if items.buf[items.begins[i] - 1] == EQUAL:
                return ODD
            bits[i >> 3] |= <u8>(1 << (i & 7))
    return MADE


cdef int _scalars(const Step* step, i32 kind, const Items* items, ArrowArray* out) noexcept nogil:
    if kind == TEXT:
        return _texts(step, items, out)
    if kind == INTEGER:
        return _integers(step, items, out)
    if kind == FLOAT:
        return _floats(step, items, out)
    if kind == WORD:
        return _indices(step, items, out)
    return _flags(items, out) if kind == FLAG else ODD


cdef int _lists(
    const Step* step, const Items* items, const i32* count_begins, const i32* count_nexts,
    ArrowArray* out,
) noexcept nogil:
    """Lists of scalars, split at separators."""
    cdef int status
    cdef i64 i, most
    cdef Items inner
    cdef i32* room
    cdef u8* there
    most = 0
    # more room than there is text: the caller says how much is too much
    if step.size > 0 and items.n * step.size > <i64>items.size:
        return ODD
    for i in range(items.n):
        most += max(items.nexts[i] - items.begins[i], step.size)
    room = <i32*>take(8 * most + 8)
    there = <u8*>take(most + 1)
    inner.buf, inner.size, inner.missing, inner.words = (
        items.buf, items.size, items.missing, items.words
    )
    inner.begins, inner.nexts, inner.there = room, room + most, there
    status = NO_MEMORY
    if room != NULL and there != NULL:
        status = _split(step, items, count_begins, count_nexts, room, room + most, there, &inner, out)
    if status == MADE:
        status = _scalars(step, step.item, &inner, out.children[0])
    give(room)
    give(there)
    return status


cdef int _split(
    const Step* step, const Items* items, const i32* count_begins, const i32* count_nexts,
    i32* begins, i32* nexts, u8* there, Items* inner, ArrowArray* out,
) noexcept nogil:
    """The items of lists, into `inner`, and the lists' offsets; see `fields.split_lists`."""
    cdef bint counted, lacking = False, fixed = step.size >= 0 and not step.ragged
    cdef i64 i, k, m, first, count
    cdef u64 a, b, begin
    cdef i32* offsets = NULL
    if _open(out, items.n, 1 if fixed else 2, True) != MADE:
        return NO_MEMORY
    if not fixed:
        offsets = <i32*>_buffer(out, 1, 4 * (items.n + 1))
        if offsets == NULL:
            return NO_MEMORY
        offsets[0] = 0
    m = 0
    for i in range(items.n):
        a, b = items.begins[i], items.nexts[i] - 1
        first = m
        if (items.there != NULL and items.there[i] == 0) or _is_missing(step, items, a, b):
            if _set_null(out, i) != MADE:
                return NO_MEMORY
            for k in range(step.size if fixed else 0):
                begins[m], nexts[m], there[m] = a, a + 1, 0
                m += 1
            lacking = lacking or fixed
        elif a < b or not step.empties:
            begin = a
            while a < b:
                if items.buf[a] == step.separator:
                    begins[m], nexts[m], there[m] = begin, a + 1, 1
                    m += 1
                    begin = a + 1
                a += 1
            if begin < b or not step.closed:  # what no separator closes
                begins[m], nexts[m], there[m] = begin, b + 1, 1
                m += 1
            if step.size >= 0 and m - first != step.size:
                return ODD
            if step.size < 0 and count_begins != NULL:
                counted, count = parse_int(items.buf, count_begins[i], count_nexts[i] - 1)
                if counted and count != m - first:
                    return ODD
        if not fixed:
            offsets[i + 1] = m
    inner.n = m
    if not lacking:
        inner.there = NULL
    return MADE


cdef int _column(
    const Step* step, const Items* items, const i32* count_begins, const i32* count_nexts,
    ArrowArray* out,
) noexcept nogil:
    """A column; what is not made holds nothing."""
    cdef int status
    if step.kind == LIST:
        status = _lists(step, items, count_begins, count_nexts, out)
    else:
        status = _scalars(step, step.kind, items, out)
    if status != MADE and out.release != NULL:
        out.release(out)
    return status


cdef int _places(const Step* step, const i64* values, i64 n, ArrowArray* out) noexcept nogil:
    """Positions."""
    cdef i64 i
    cdef i64* own
    if _open(out, n, 2, False) != MADE:
        return NO_MEMORY
    own = <i64*>_buffer(out, 1, 8 * n)
    if own == NULL:
        return NO_MEMORY
    for i in range(n):
        own[i] = values[i] + step.low
    return MADE


cdef int _chroms(const i32* values, i64 n, Shared* words, ArrowArray* out) noexcept nogil:
    """Chroms by number; -1 is none, as SAM's `*`."""
    cdef i64 i
    cdef i32* own
    if _open(out, n, 2, False) != MADE:
        return NO_MEMORY
    own = <i32*>_buffer(out, 1, 4 * n)
    if own == NULL or _with_words(out, words) != MADE:
        return NO_MEMORY
    for i in range(n):
        own[i] = max(values[i], 0)
        if values[i] < 0 and _set_null(out, i) != MADE:
            return NO_MEMORY
    return MADE


# ── all columns ─────────────────────────────────────────────────────────────────────────────────


cdef class Plan:
    """Columns, as they are made of each group of rows; see `gidx.arrow.plan`."""

    cdef Step* steps
    cdef Shared** words
    cdef u8* texts
    cdef readonly i64 count
    cdef object held

    def __cinit__(self, const u8[::1] steps, bytes texts, words):
        """`steps` as `STEP` lays them out, their missing words' texts, and their `Words`."""
        cdef i64 i
        cdef Words one
        cdef const u8* own = texts
        self.held = texts, tuple(words)
        if sizeof(Step) != STEP:
            raise AssertionError(sizeof(Step))
        self.count = len(steps) // STEP
        self.steps = <Step*>calloc(max(self.count, 1), sizeof(Step))
        self.words = <Shared**>calloc(len(self.held[1]) + 1, sizeof(Shared*))
        if self.steps == NULL or self.words == NULL:
            raise MemoryError()
        if len(steps):
            memcpy(self.steps, &steps[0], len(steps))
        self.texts = <u8*>own
        for i in range(len(self.held[1])):
            one = self.held[1][i]
            self.words[i] = one.shared

    def __dealloc__(self):
        free(self.steps)
        free(self.words)

    cdef void fill(self, const Step* step, Items* items) noexcept nogil:
        items.missing = self.texts + step.missing if step.missing_size >= 0 else NULL
        items.words = self.words[step.words] if step.words >= 0 else NULL

    def of_rows(
        self, const u8[::1] buf, const i32[:, :] fields, const i32[::1] chrom,
        const i64[::1] start, const i64[::1] end, Words chroms,
    ):
        """Arrays of rows, whose places are known, and the bounds of whose fields.

        Field f of row i is `buf[fields[f, i] : fields[f + 1, i] - 1]`.
        """
        cdef int status = MADE
        cdef i64 k, n = len(chrom)
        cdef Items items
        cdef const Step* step
        cdef Arrays made = Arrays(self.count)
        cdef const i32* bounds = &fields[0, 0] if n and fields.shape[0] else NULL
        cdef i64 row = fields.strides[0] // 4
        cdef const i32* chrom_of = &chrom[0] if n else NULL
        cdef const i64* start_of = &start[0] if n else NULL
        cdef const i64* end_of = &end[0] if n else NULL
        cdef const i32* counts
        items.buf, items.size, items.there, items.n = bytes_at(buf), len(buf), NULL, n
        with nogil:
            for k in range(self.count):
                step = &self.steps[k]
                if step.kind == CHROM:
                    status = _chroms(chrom_of, n, chroms.shared, &made.items[k])
                elif step.kind == START:
                    status = _places(step, start_of, n, &made.items[k])
                elif step.kind == END:
                    status = _places(step, end_of, n, &made.items[k])
                elif step.kind != OTHER:
                    self.fill(step, &items)
                    items.begins, items.nexts = bounds, bounds
                    counts = NULL
                    if n:
                        items.begins = bounds + step.field * row
                        items.nexts = items.begins + row
                        counts = bounds + step.counted * row if step.counted >= 0 else NULL
                    status = _column(
                        step, &items, counts, counts + row if counts != NULL else NULL,
                        &made.items[k],
                    )
                if status == NO_MEMORY:
                    break
        if status == NO_MEMORY:
            raise MemoryError()
        return made

    def of_items(
        self, const u8[::1] buf, const i32[:, ::1] begins, const i32[:, ::1] nexts,
        const u8[:, ::1] there, const u8[::1] skip,
    ):
        """Arrays of texts that were found: those of column k are `begins[k]` and so on.

        Not of those to `skip`.
        """
        cdef int status = MADE
        cdef i64 k, n = begins.shape[1]
        cdef Items items
        cdef const Step* step
        cdef Arrays made = Arrays(self.count)
        items.buf, items.size, items.n = bytes_at(buf), len(buf), n
        with nogil:
            for k in range(self.count):
                step = &self.steps[k]
                if step.kind == OTHER or skip[k]:
                    continue
                self.fill(step, &items)
                items.begins = items.nexts = NULL
                items.there = NULL
                if n:
                    items.begins, items.nexts = &begins[k, 0], &nexts[k, 0]
                    items.there = &there[k, 0]
                status = _column(step, &items, NULL, NULL, &made.items[k])
                if status == NO_MEMORY:
                    break
        if status == NO_MEMORY:
            raise MemoryError()
        return made

    def of_groups(
        self, const u8[::1] buf, const i32[::1] offsets, const i32[::1] begins,
        const i32[::1] nexts, const u8[:, ::1] there, const u8[::1] skip,
    ):
        """Arrays of lists, whose items are split already.

        Those of list i of column k of n are from `offsets[k * n + i]` to the next, and there
        are none where `there[k, i]` is 0. Not of those to `skip`.
        """
        cdef int status = MADE
        cdef i64 k, i, n = there.shape[1]
        cdef i32 low
        cdef i32* own
        cdef Items items
        cdef ArrowArray* out
        cdef Arrays made = Arrays(self.count)
        items.buf, items.size, items.there = bytes_at(buf), len(buf), NULL
        with nogil:
            for k in range(self.count):
                if skip[k]:
                    continue
                out = &made.items[k]
                status = _open(out, n, 2, True)
                own = NULL
                if status == MADE:
                    own = <i32*>_buffer(out, 1, 4 * (n + 1))
                if own == NULL:
                    status = NO_MEMORY
                    break
                low = offsets[k * n]
                for i in range(n + 1):
                    own[i] = offsets[k * n + i] - low
                for i in range(n):
                    if there[k, i] == 0 and _set_null(out, i) != MADE:
                        status = NO_MEMORY
                        break
                items.n = own[n]
                items.begins = items.nexts = NULL
                if items.n:
                    items.begins, items.nexts = &begins[low], &nexts[low]
                self.fill(&self.steps[k], &items)
                if status == MADE:
                    status = _scalars(&self.steps[k], self.steps[k].item, &items, out.children[0])
                if status == ODD:
                    out.release(out)
                elif status == NO_MEMORY:
                    break
        if status == NO_MEMORY:
            raise MemoryError()
        return made
