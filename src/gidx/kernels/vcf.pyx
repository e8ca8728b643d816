"""VCF's keyed fields: INFO, FORMAT with its samples, and genotypes.

    INFO     AC=2;DP=14;DB          key=value or key, parted by ;
    FORMAT   GT:DP:PL               keys, parted by :
    sample   0/1:14:0,42,630        values in FORMAT's order, parted by :, a tab between samples

Everything is found in one walk over a row and told as items: text i is
`buf[begins[i] : nexts[i] - 1]`, if there[i]. What is not there is some empty text (0, 1).
Keys are words of a table: their bytes one after the other, bounds, and a hash table
with open addressing, twice as large as there are words or more. Keys mostly come in the
same order in each row, so the word that followed last time is compared before any hash
is computed: 1 M rows of 7 keys, 163 ms instead of 211 ms on a busy machine.
"""

import numpy as np

from gidx.kernels.common cimport hash_text, look_up, same_text
from gidx.kernels.letters cimport (
    TAB, BLANK, PERCENT, POINT, SLASH, ZERO, COLON, SEMICOLON, EQUAL, BAR,
)
from gidx.kernels.marks cimport Marks, following, marks_of, seek
from gidx.kernels.types cimport i8, i32, i64, u8, u64

# What `find_samples` returns as status, with the row in `at`.
cpdef enum:
    OK = 0, TOO_FEW = 1, TOO_MANY = 2, SUBFIELDS = 3


# ── INFO ────────────────────────────────────────────────────────────────────────────────────────


def find_info(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, const u8[::1] words,
    const i64[::1] bounds, const i32[::1] table, const i64[::1] slots, i64 n_slots,
    const u8[::1] flags, bint others,
):
    """Find keys in INFO texts.

    `slots` says where each word's items go, -1 for nowhere; where `flags[slot]`, a key
    without = is what is expected. Returns begins, nexts, there (slots, rows); how many
    items each slot has; per slot, how often its key is bare or is there again, and where
    first (rows, and bounds of the text); and, if `others`, the items whose key is no
    word, or is bare where it should not be: offsets (rows + 1), begins, where each key ends,
    nexts. Blanks in front of a key are none of it.
    """
    cdef bint bare, again, guessed
    cdef i64 n, most, i, m, n_words, w, k, fault, own, at
    cdef u64 a, stop, before, j, p, q, end
    cdef Marks marks = marks_of(buf)  # of semicolons
    cdef i32[::1] item_begins, item_nexts, offsets, other_begins, other_ends, other_nexts
    cdef i64[::1] faults, count, last, after
    n, n_words = len(begins), len(slots)
    own, most = n_slots * n, 0
    with nogil:
        if others:
            for i in range(n):
                most += (nexts[i] - begins[i]) // 2 + 1
    # Parts of three arrays, since each array more takes 1 us, where a dozen rows take as much
    # in all. Loops fill, since np.full and np.ones take 1 us each before they begin.
    cdef i32[::1] int32s = np.empty(2 * own + n + 1 + 3 * most, np.int32)
    cdef i64[::1] int64s = np.empty(10 * n_slots + n_words + 1, np.int64)
    cdef u8[::1] there = np.zeros(own, np.uint8)
    item_begins, item_nexts = int32s[:own], int32s[own : 2 * own]
    offsets = int32s[2 * own : 2 * own + n + 1]
    m = 2 * own + n + 1
    other_begins, other_ends = int32s[m : m + most], int32s[m + most : m + 2 * most]
    other_nexts = int32s[m + 2 * most :]
    # faults: (bare, again) × (how many, first row, begin, next) of each slot
    faults, count = int64s[: 8 * n_slots], int64s[8 * n_slots : 9 * n_slots]
    last = int64s[9 * n_slots : 10 * n_slots]  # the row that the slot's key was last in
    after = int64s[10 * n_slots :]  # the word that followed each word
    m = 0
    with nogil:
        for i in range(own):
            item_begins[i], item_nexts[i] = 0, 1
        for k in range(9 * n_slots):
            int64s[k] = 0
        for k in range(n_slots + n_words + 1):
            int64s[9 * n_slots + k] = -1
        offsets[0] = 0
        for i in range(n):
            a, stop = begins[i], nexts[i] - 1
            if stop - a == 1 and buf[a] == POINT:
                a = stop
            before = n_words
            seek(&marks, a, stop, SEMICOLON, SEMICOLON)
            while a < stop:
                while a < stop and buf[a] == BLANK:
                    a += 1
                w = after[before]
                j = a
                guessed = False
                if w >= 0:
                    p, q = bounds[w], bounds[w + 1]
                    if a + (q - p) <= stop:
                        while p < q and buf[j] == words[p]:
                            j += 1
                            p += 1
                        guessed = p == q and (j == stop or buf[j] == EQUAL or buf[j] == SEMICOLON)
                if not guessed:
                    j = a
                    while j < stop and buf[j] != EQUAL and buf[j] != SEMICOLON:
                        j += 1
                    w = -1
                    if j > a or (j < stop and buf[j] == EQUAL):
                        w = look_up(buf, a, j, words, bounds, table)
                    if w >= 0:
                        after[before] = w
                end = j  # of the key
                j = min(<u64>following(&marks, SEMICOLON, SEMICOLON), stop)
                if w >= 0:
                    before = w
                    k = slots[w]
                    if k >= 0:
                        bare = end == j
                        again = last[k] == i
                        if again or (bare and flags[k] == 0):
                            fault = 1 if again else 0
                            at = 4 * fault * n_slots + k
                            if faults[at] == 0:
                                faults[at + n_slots] = i
                                faults[at + 2 * n_slots], faults[at + 3 * n_slots] = a, j + 1
                            faults[at] += 1
                            if others and not again:
                                other_begins[m], other_ends[m], other_nexts[m] = a, end, j + 1
                                m += 1
                        else:
                            at = k * n + i
                            item_begins[at] = j if bare else end + 1
                            item_nexts[at] = j + 1
                            there[at] = 1
                            count[k] += 1
                        last[k] = i
                elif others and j > a:
                    other_begins[m], other_ends[m], other_nexts[m] = a, end, j + 1
                    m += 1
                a = j + 1
            offsets[i + 1] = m
    found, rest = int32s.base, int32s.base[2 * own + n + 1 :]
    matrix, numbers = found[: 2 * own].reshape(2, n_slots, n), int64s.base
    return (
        matrix[0], matrix[1], there.base.reshape(n_slots, n),
        numbers[8 * n_slots : 9 * n_slots], numbers[: 8 * n_slots].reshape(2, 4, n_slots),
        found[2 * own : 2 * own + n + 1], rest[:m].copy(), rest[most : most + m].copy(),
        rest[2 * most : 2 * most + m].copy(),
    )


def first_of_keys(
    const u8[::1] buf, const i32[::1] offsets, const i32[::1] begins, const i32[::1] ends,
):
    """Which items are the first of their key in their row (uint8)."""
    cdef i32 m, o
    cdef i64 n, most, i, size
    cdef u64 mask, at, a, b
    cdef i32[::1] held
    cdef i64[::1] row
    cdef u8[::1] first
    with nogil:
        n = len(offsets) - 1
        most = 0
        for i in range(n):
            most = max(most, offsets[i + 1] - offsets[i])
        size = 4
        while size < 2 * most:
            size *= 2
        mask = <u64>(size - 1)
    held = np.empty(size, np.int32)  # an item, if row[at] is this one
    row = np.full(size, -1, np.int64)
    first = np.ones(len(begins), np.uint8)
    with nogil:
        for i in range(n):
            for m in range(offsets[i], offsets[i + 1]):
                a, b = begins[m], ends[m]
                at = hash_text(buf, a, b) & mask
                while row[at] == i:
                    o = held[at]
                    if same_text(buf, a, b, buf, begins[o], ends[o]):
                        first[m] = 0
                        break
                    at = (at + 1) & mask
                if first[m] == 1:
                    held[at], row[at] = m, i
    return first.base


# ── FORMAT and samples ──────────────────────────────────────────────────────────────────────────


def find_formats(const u8[::1] buf, const i32[::1] begins, const i32[::1] stops):
    """Which rows have the same FORMAT.

    `begins` are where a FORMAT would begin: past its row's stop where there is none.
    Returns each row's number of its FORMAT (-1 for none), where its samples begin (past
    its stop for none), and the bounds of each different FORMAT.
    """
    cdef i32 o
    cdef i64 n, size, m, before, i, f
    cdef u64 a, stop, mask, b, at
    cdef i32[::1] samples, which, format_begins, format_ends, table
    n = len(begins)
    which = np.empty(n, np.int32)
    samples = np.empty(n, np.int32)
    format_begins, format_ends = np.empty(n, np.int32), np.empty(n, np.int32)
    size = 4
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, np.int32)
    with nogil:
        mask = <u64>(size - 1)
        m = 0
        before = -1
        for i in range(n):
            a, stop = begins[i], stops[i]
            if a > stop:
                which[i] = -1
                samples[i] = stops[i] + 1
                continue
            b = a
            while b < stop and buf[b] != TAB:
                b += 1
            f = before
            if f < 0 or not same_text(
                buf, a, b, buf, <u64>format_begins[f], <u64>format_ends[f]
            ):
                f = -1
                at = hash_text(buf, a, b) & mask
                while table[at] >= 0 and f < 0:
                    o = table[at]
                    if same_text(buf, a, b, buf, format_begins[o], format_ends[o]):
                        f = o
                    at = (at + 1) & mask
                if f < 0:
                    f = m
                    format_begins[m], format_ends[m] = a, b
                    table[at] = m
                    m += 1
            which[i] = f
            samples[i] = b + 1
            before = f
    return which.base, samples.base, format_begins.base[:m].copy(), format_ends.base[:m].copy()


def find_samples(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] stops, const i32[::1] which,
    const i32[::1] bounds, const i32[::1] slots, const i32[::1] target, i64 n_chosen, i64 n_slots,
    const i64[::1] other_rows, i64 n_others,
):
    """Walk the samples of rows and find their values.

    FORMAT f has the keys `slots[bounds[f] : bounds[f + 1]]`: a slot; -1 for a key that is
    not asked for; -2 - u for one whose items go to the row's other row u, counted from
    `other_rows[i]`. Sample j of the file is number `target[j]` of those chosen (-1: it is
    not). Returns status, at, sample, found, and begins, nexts, there of
    (n_slots * rows + n_others) * n_chosen items: slot by slot, in each row by row, in each
    sample by sample; then the other rows.
    """
    cdef bint closed
    cdef i32 slot, to, first
    cdef i64 place
    cdef i64 f, i, j, status, at, sample, found, n, total, most
    cdef u64 a, begin, cell, n_keys, k, stop
    cdef i32[::1] item_begins, item_nexts
    cdef i64[::1] base
    cdef u8[::1] there
    n = len(begins)
    total = (n_slots * n + n_others) * n_chosen
    item_begins = np.zeros(total, np.int32)
    item_nexts = np.ones(total, np.int32)
    there = np.zeros(total, np.uint8)
    with nogil:
        most = 1
        for f in range(len(bounds) - 1):
            most = max(most, bounds[f + 1] - bounds[f])
    base = np.empty(most, np.int64)  # where the row's items of each key begin
    with nogil:
        status, at, sample, found = OK, 0, 0, 0
        for i in range(n):
            f = which[i]
            if f < 0:
                continue
            first = bounds[f]
            n_keys = <u64>(bounds[f + 1] - first)
            for place in range(bounds[f + 1] - first):
                slot = slots[first + place]
                if slot >= 0:
                    base[place] = (slot * n + i) * n_chosen
                elif slot == -1:
                    base[place] = -1
                else:
                    base[place] = (n_slots * n + other_rows[i] - 2 - slot) * n_chosen
            a, stop = begins[i], stops[i]
            j = 0
            while a <= stop:
                if j == len(target):
                    status, found = TOO_MANY, j + 1
                    while a < stop:
                        found += buf[a] == TAB
                        a += 1
                    break
                to = target[j]
                j += 1
                if to < 0:
                    while a < stop and buf[a] != TAB:
                        a += 1
                    a += 1
                    continue
                k = 0
                begin = cell = a
                while True:
                    closed = a >= stop or buf[a] == TAB
                    if closed or buf[a] == COLON:
                        if k < n_keys and base[k] >= 0:
                            place = base[k] + to
                            item_begins[place], item_nexts[place] = begin, a + 1
                            there[place] = 1
                        k += 1
                        begin = a + 1
                        if closed:
                            break
                    a += 1
                # a sample of nothing is `.`, and some leave it empty
                if k > n_keys and not (k == 1 and (a == cell or (a - cell == 1 and buf[cell] == POINT))):
                    status, sample, found = SUBFIELDS, j - 1, k
                    break
                a += 1
            if status == OK and j < len(target):
                status, found = TOO_FEW, j
            if status != OK:
                at = i
                break
    return status, at, sample, found, item_begins.base, item_nexts.base, there.base


def genotypes(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, const u8[::1] there):
    """Parse genotypes: (offsets, alleles int8, called, phased, state, bad, missing).

        genotype   [/|] allele ([/|] allele)*
        allele     0 … 127 | .

    `called` (uint8) is 0 for the allele `.`. `phased` says that there is a bar and no
    slash. state is 1 for a genotype, 0 for what is none or has an allele above 127 (`bad`
    of them), 2 where there is no text; those not 1 have no alleles.
    """
    cdef bint good
    cdef i64 n, most, i, m, n_bad, n_missing, first, bars, slashes, value, digits
    cdef u64 a, b, one, two
    cdef i32[::1] offsets
    cdef i8[::1] alleles
    cdef u8[::1] called, phased, state
    with nogil:
        n = len(begins)
        most = 0
        for i in range(n):
            most += nexts[i] - begins[i]
    alleles, called = np.empty(most, np.int8), np.empty(most, np.uint8)
    offsets = np.empty(n + 1, np.int32)
    phased, state = np.empty(n, np.uint8), np.empty(n, np.uint8)
    with nogil:
        offsets[0] = 0
        m = n_bad = n_missing = 0
        for i in range(n):
            a, b = begins[i], nexts[i] - 1
            if there[i] == 0:
                phased[i], state[i], offsets[i + 1] = 0, 2, m
                n_missing += 1
                continue
            # Why a shortcut for d/d: 5 M genotypes, 115 ms instead of 182 ms, as above.
            if b - a == 3 and (buf[a + 1] == SLASH or buf[a + 1] == BAR):
                one, two = buf[a] - ZERO, buf[a + 2] - ZERO
                if one <= 9 and two <= 9:
                    alleles[m], alleles[m + 1] = one, two
                    called[m], called[m + 1] = 1, 1
                    m += 2
                    phased[i], state[i], offsets[i + 1] = buf[a + 1] == BAR, 1, m
                    continue
            first = m
            bars = slashes = 0
            good = a < b
            if good and (buf[a] == SLASH or buf[a] == BAR):
                bars += buf[a] == BAR
                slashes += buf[a] == SLASH
                a += 1
                good = a < b
            while good:
                value, digits = 0, 0
                if a < b and buf[a] == POINT:
                    alleles[m], called[m] = 0, 0
                    a += 1
                    digits = 1
                else:
                    while a < b and <u8>(buf[a] - ZERO) <= 9:
                        value = min(value * 10 + <i64>(buf[a] - ZERO), 1000)
                        a += 1
                        digits += 1
                    alleles[m], called[m] = min(value, 127), 1
                m += 1
                good = digits > 0 and value <= 127
                if not good or a == b:
                    break
                good = buf[a] == SLASH or buf[a] == BAR
                bars += buf[a] == BAR
                slashes += buf[a] == SLASH
                a += 1
            if not good:
                m = first
                n_bad += 1
            phased[i] = good and bars > 0 and slashes == 0
            state[i], offsets[i + 1] = good, m
    return offsets.base, alleles.base[:m].copy(), called.base[:m].copy(), phased.base, state.base, n_bad, n_missing


# ── percent encoding ────────────────────────────────────────────────────────────────────────────


def unescape(const i32[::1] offsets, const u8[::1] data):
    """Decode %3A %3B %3D %25 %2C %0D %0A %09 in texts: (offsets, bytes).

    These eight, in capitals, are what VCF 4.3 knows; any other % is itself.
    """
    cdef i64 i, code
    cdef u64 m, a, b
    cdef u8 byte
    cdef i32[::1] bounds
    cdef u8[::1] out
    out = np.empty(len(data), np.uint8)
    bounds = np.empty(len(offsets), np.int32)
    with nogil:
        bounds[0] = 0
        m = 0
        for i in range(len(offsets) - 1):
            a, b = offsets[i], offsets[i + 1]
            while a < b:
                byte = data[a]
                if byte == PERCENT and b - a >= 3:
                    code = _escaped(data[a + 1], data[a + 2])
                    if code > 0:
                        byte = code
                        a += 2
                out[m] = byte
                m += 1
                a += 1
            bounds[i + 1] = m
    return bounds.base, out.base[: <i64>m].copy()


cdef inline i64 _escaped(u8 high, u8 low) noexcept nogil:
    """The character of an escape; 0 for none that VCF knows."""
    if high == 48:  # 0
        return 9 if low == 57 else 10 if low == 65 else 13 if low == 68 else 0
    if high == 50:  # 2
        return 37 if low == 53 else 44 if low == 67 else 0
    if high == 51:  # 3
        return 58 if low == 65 else 59 if low == 66 else 61 if low == 68 else 0
    return 0
