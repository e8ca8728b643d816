"""Memory for columns and texts of some 100 kB to some MB, kept for the next ones.

Columns are made on one thread and let go on another, group after group. C's own memory then
goes back to the system and comes again, page by page: of 20 conversions of a VCF, each page
new 200,000 times on one thread and 400,000 times on two, half of their time. And each thread's
part of it grows on its own: by 44 MB from 10 batches to 240.

What is given back waits in a slot of its size, for whoever takes next. Slots are changed by one
instruction each, so that no thread waits, and a fork finds nothing half done::

    size    64 kB │ 80 │ 96 │ 112 │ 128 kB … 8 MB        four to a doubling
    slots   ▣ ▣ □ □ □ □ □ □                              more, and other sizes, are C's
"""

from gidx.kernels.types cimport i64

cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #if defined(_MSC_VER)
    #include <intrin.h>
    #define GIDX_SWAP(slot, value) _InterlockedExchangePointer((slot), (value))
    #define GIDX_FILL(slot, value) \\
        (_InterlockedCompareExchangePointer((slot), (value), NULL) == NULL)
    #define GIDX_MORE(counter, n) (_InterlockedExchangeAdd64((counter), (n)) + (n))
    #else
    #define GIDX_SWAP(slot, value) __atomic_exchange_n((slot), (value), __ATOMIC_ACQ_REL)
    static inline int gidx_fill(void** slot, void* value) {
        void* none = NULL;
        return __atomic_compare_exchange_n(
            slot, &none, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    #define GIDX_FILL gidx_fill
    #define GIDX_MORE(counter, n) __atomic_add_fetch((counter), (n), __ATOMIC_ACQ_REL)
    #endif

    enum {
        GIDX_HEAD = 64,      /* bytes before the data, which say the size */
        GIDX_SMALLEST = 16,  /* 2 to the … bytes that are kept */
        GIDX_DOUBLINGS = 7,  /* … to 8 MB */
        GIDX_SLOTS = 8,
        GIDX_KEPT = 32 << 20 /* bytes in all that wait */
    };
    static void* gidx_slots[4 * GIDX_DOUBLINGS + 1][GIDX_SLOTS];
    static int64_t gidx_kept = 0;

    static inline int64_t gidx_size_of(int kind) {
        return ((int64_t)(4 + kind % 4) << (GIDX_SMALLEST - 2)) << kind / 4;
    }

    /* The smallest size that is kept and holds so many bytes; -1: none. */
    #if defined(__SANITIZE_ADDRESS__)
    #define GIDX_KEEPS 0 /* each has its own bounds then, which are watched */
    #else
    #define GIDX_KEEPS 1
    #endif
    static inline int gidx_kind(int64_t size) {
        int kind = 0;
        if (!GIDX_KEEPS)
            return -1;
        if (size < ((int64_t)1 << GIDX_SMALLEST) || size > gidx_size_of(4 * GIDX_DOUBLINGS))
            return -1;
        while (gidx_size_of(kind) < size)
            kind++;
        return kind;
    }

    static void* gidx_take(int64_t size) {
        int kind = gidx_kind(size), k;
        char* found;
        for (k = 0; kind >= 0 && k < GIDX_SLOTS; k++) {
            if (gidx_slots[kind][k] == NULL)
                continue;
            found = (char*)GIDX_SWAP(&gidx_slots[kind][k], NULL);
            if (found != NULL) {
                GIDX_MORE(&gidx_kept, -gidx_size_of(kind));
                return found + GIDX_HEAD;
            }
        }
        found = (char*)malloc(GIDX_HEAD + (size_t)(kind < 0 ? size : gidx_size_of(kind)));
        if (found == NULL)
            return NULL;
        memcpy(found, &kind, sizeof kind);
        return found + GIDX_HEAD;
    }

    static void gidx_give(void* data) {
        int kind, k;
        char* held;
        if (data == NULL)
            return;
        held = (char*)data - GIDX_HEAD;
        memcpy(&kind, held, sizeof kind);
        if (kind >= 0) {
            int64_t size = gidx_size_of(kind);
            if (GIDX_MORE(&gidx_kept, size) <= GIDX_KEPT) {
                for (k = 0; k < GIDX_SLOTS; k++)
                    if (gidx_slots[kind][k] == NULL && GIDX_FILL(&gidx_slots[kind][k], held))
                        return;
            }
            GIDX_MORE(&gidx_kept, -size);
        }
        free(held);
    }
    """
    void* _take "gidx_take"(i64 size) noexcept nogil
    void _give "gidx_give"(void* data) noexcept nogil
    i64 _kept "gidx_kept"
    bint _keeps "GIDX_KEEPS"


cdef void* take(i64 size) noexcept nogil:
    """So many bytes, whatever is in them; NULL where there are none."""
    return _take(size)


cdef void give(void* data) noexcept nogil:
    """Give back what was taken."""
    _give(data)


def keeps():
    """Whether anything is kept: not where AddressSanitizer watches bounds."""
    return _keeps


def kept():
    """How many bytes wait to be taken."""
    return _kept
