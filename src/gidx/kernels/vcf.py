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

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

U1, U2, U3 = np.uint64(1), np.uint64(2), np.uint64(3)
TAB, BLANK, SEMICOLON, EQUAL, COLON, DOT = (np.uint8(c) for c in b"\t ;=:.")
SLASH, BAR, ZERO, PERCENT = (np.uint8(c) for c in b"/|0%")
NINE = np.uint8(9)
FNV_BASIS, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
HALF = np.uint64(32)

# What `find_samples` returns as status, with the row in `at`.
OK, TOO_FEW, TOO_MANY, SUBFIELDS = 0, 1, 2, 3


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


@helper
def _hash(buf, a, b):
    """FNV-1a of `buf[a:b]`, its halves folded."""
    h = FNV_BASIS
    while a < b:
        h = (h ^ np.uint64(buf[a])) * FNV_PRIME
        a += U1
    return h ^ (h >> HALF)


@helper
def _same(buf, a, b, other, c, d):
    """Whether `buf[a:b]` is `other[c:d]`."""
    if b - a != d - c:
        return False
    while a < b:
        if buf[a] != other[c]:
            return False
        a += U1
        c += U1
    return True


@helper
def _look_up(buf, a, b, words, bounds, table):
    """Which word `buf[a:b]` is; -1 for none."""
    mask = np.uint64(len(table) - 1)
    at = _hash(buf, a, b) & mask
    while table[at] >= 0:
        w = np.uint64(table[at])
        if _same(buf, a, b, words, np.uint64(bounds[w]), np.uint64(bounds[w + U1])):
            return np.int64(w)
        at = (at + U1) & mask
    return np.int64(-1)


@kernel
def key_table(words, bounds):
    """The hash table of words: word numbers, -1 where a place is free."""
    size = 4
    while size < 2 * len(bounds):
        size *= 2
    table = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    for w in range(len(bounds) - 1):
        at = _hash(words, np.uint64(bounds[w]), np.uint64(bounds[w + 1])) & mask
        while table[at] >= 0:
            at = (at + U1) & mask
        table[at] = w
    return table


# ── INFO ────────────────────────────────────────────────────────────────────────────────────────


@kernel
def find_info(buf, begins, nexts, words, bounds, table, slots, n_slots, flags, others):
    """Find keys in INFO texts.

    `slots` says where each word's items go, -1 for nowhere; where `flags[slot]`, a key
    without = is what is expected. Returns begins, nexts, there (slots, rows); how many
    items each slot has; per slot, how often its key is bare or is there again, and where
    first (rows, and bounds of the text); and, if `others`, the items whose key is no
    word, or is bare where it should not be: offsets (rows + 1), begins, where each key ends,
    nexts. Blanks in front of a key are none of it.
    """
    n = len(begins)
    item_begins = np.zeros((n_slots, n), np.int32)
    item_nexts = np.ones((n_slots, n), np.int32)
    there = np.zeros((n_slots, n), np.uint8)
    count = np.zeros(n_slots, np.int64)
    last = np.full(n_slots, -1, np.int64)  # the row that the slot's key was last in
    # faults: (bare, again) × (how many, first row, begin, next) of each slot
    faults = np.zeros((2, 4, n_slots), np.int64)
    most = np.int64(0)
    offsets = np.zeros(n + 1, np.int32)
    if others:
        for i in range(n):
            most += (np.int64(nexts[i]) - np.int64(begins[i])) // 2 + 1
    other_begins, other_ends = np.empty(most, np.int32), np.empty(most, np.int32)
    other_nexts = np.empty(most, np.int32)
    m = 0
    n_words = len(slots)
    after = np.full(n_words + 1, -1, np.int64)  # the word that followed each word
    for i in range(n):
        a, stop = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        if stop - a == U1 and buf[a] == DOT:
            a = stop
        before = np.uint64(n_words)
        while a < stop:
            while a < stop and buf[a] == BLANK:
                a += U1
            w = after[before]
            j = a
            guessed = False
            if w >= 0:
                p, q = np.uint64(bounds[w]), np.uint64(bounds[w + 1])
                if a + (q - p) <= stop:
                    while p < q and buf[j] == words[p]:
                        j += U1
                        p += U1
                    guessed = p == q and (j == stop or buf[j] == EQUAL or buf[j] == SEMICOLON)
            if not guessed:
                j = a
                while j < stop and buf[j] != EQUAL and buf[j] != SEMICOLON:
                    j += U1
                w = np.int64(-1)
                if j > a or (j < stop and buf[j] == EQUAL):
                    w = _look_up(buf, a, j, words, bounds, table)
                if w >= 0:
                    after[before] = w
            end = j  # of the key
            while j < stop and buf[j] != SEMICOLON:
                j += U1
            if w >= 0:
                before = np.uint64(w)
                k = slots[w]
                if k >= 0:
                    bare = end == j
                    again = last[k] == i
                    if again or (bare and flags[k] == 0):
                        fault = 1 if again else 0
                        if faults[fault, 0, k] == 0:
                            faults[fault, 1, k] = i
                            faults[fault, 2, k], faults[fault, 3, k] = a, j + U1
                        faults[fault, 0, k] += 1
                        if others and not again:
                            other_begins[m], other_ends[m], other_nexts[m] = a, end, j + U1
                            m += 1
                    else:
                        item_begins[k, i] = j if bare else end + U1
                        item_nexts[k, i] = j + U1
                        there[k, i] = 1
                        count[k] += 1
                    last[k] = i
            elif others and j > a:
                other_begins[m], other_ends[m], other_nexts[m] = a, end, j + U1
                m += 1
            a = j + U1
        offsets[i + 1] = m
    return (
        item_begins, item_nexts, there, count, faults,
        offsets, other_begins[:m].copy(), other_ends[:m].copy(), other_nexts[:m].copy(),
    )  # fmt: skip


@kernel
def first_of_keys(buf, offsets, begins, ends):
    """Which items are the first of their key in their row (uint8)."""
    n = len(offsets) - 1
    most = 0
    for i in range(n):
        most = max(most, offsets[i + 1] - offsets[i])
    size = 4
    while size < 2 * most:
        size *= 2
    mask = np.uint64(size - 1)
    held = np.empty(size, np.int32)  # an item, if row[at] is this one
    row = np.full(size, -1, np.int64)
    first = np.ones(len(begins), np.uint8)
    for i in range(n):
        for m in range(offsets[i], offsets[i + 1]):
            a, b = np.uint64(begins[m]), np.uint64(ends[m])
            at = _hash(buf, a, b) & mask
            while row[at] == i:
                o = held[at]
                if _same(buf, a, b, buf, np.uint64(begins[o]), np.uint64(ends[o])):
                    first[m] = 0
                    break
                at = (at + U1) & mask
            if first[m] == 1:
                held[at], row[at] = m, i
    return first


# ── FORMAT and samples ──────────────────────────────────────────────────────────────────────────


@kernel
def find_formats(buf, begins, stops):
    """Which rows have the same FORMAT.

    `begins` are where a FORMAT would begin: past its row's stop where there is none.
    Returns each row's number of its FORMAT (-1 for none), where its samples begin (past
    its stop for none), and the bounds of each different FORMAT.
    """
    n = len(begins)
    which = np.empty(n, np.int32)
    samples = np.empty(n, np.int32)
    format_begins, format_ends = np.empty(n, np.int32), np.empty(n, np.int32)
    size = 4
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    m = 0
    before = -1
    for i in range(n):
        a, stop = np.uint64(begins[i]), np.uint64(stops[i])
        if a > stop:
            which[i] = -1
            samples[i] = stops[i] + 1
            continue
        b = a
        while b < stop and buf[b] != TAB:
            b += U1
        f = before
        if f < 0 or not _same(
            buf, a, b, buf, np.uint64(format_begins[f]), np.uint64(format_ends[f])
        ):
            f = -1
            at = _hash(buf, a, b) & mask
            while table[at] >= 0 and f < 0:
                o = table[at]
                if _same(buf, a, b, buf, np.uint64(format_begins[o]), np.uint64(format_ends[o])):
                    f = o
                at = (at + U1) & mask
            if f < 0:
                f = m
                format_begins[m], format_ends[m] = a, b
                table[at] = m
                m += 1
        which[i] = f
        samples[i] = b + U1
        before = f
    return which, samples, format_begins[:m].copy(), format_ends[:m].copy()


@kernel
def find_samples(
    buf, begins, stops, which, bounds, slots, target, n_chosen, n_slots, other_rows, n_others
):
    """Walk the samples of rows and find their values.

    FORMAT f has the keys `slots[bounds[f] : bounds[f + 1]]`: a slot; -1 for a key that is
    not asked for; -2 - u for one whose items go to the row's other row u, counted from
    `other_rows[i]`. Sample j of the file is number `target[j]` of those chosen (-1: it is
    not). Returns status, at, sample, found, and begins, nexts, there of
    (n_slots * rows + n_others) * n_chosen items: slot by slot, in each row by row, in each
    sample by sample; then the other rows.
    """
    n = len(begins)
    total = (n_slots * n + n_others) * n_chosen
    item_begins = np.zeros(total, np.int32)
    item_nexts = np.ones(total, np.int32)
    there = np.zeros(total, np.uint8)
    most = 1
    for f in range(len(bounds) - 1):
        most = max(most, bounds[f + 1] - bounds[f])
    base = np.empty(most, np.int64)  # where the row's items of each key begin
    status, at, sample, found = OK, 0, 0, 0
    for i in range(n):
        f = which[i]
        if f < 0:
            continue
        first = bounds[f]
        n_keys = np.uint64(bounds[f + 1] - first)
        for k in range(bounds[f + 1] - first):
            slot = slots[first + k]
            if slot >= 0:
                base[k] = (slot * n + i) * n_chosen
            elif slot == -1:
                base[k] = -1
            else:
                base[k] = (n_slots * n + other_rows[i] - 2 - slot) * n_chosen
        a, stop = np.uint64(begins[i]), np.uint64(stops[i])
        j = 0
        while a <= stop:
            if j == len(target):
                status, found = TOO_MANY, j + 1
                while a < stop:
                    found += buf[a] == TAB
                    a += U1
                break
            to = target[j]
            j += 1
            if to < 0:
                while a < stop and buf[a] != TAB:
                    a += U1
                a += U1
                continue
            k = np.uint64(0)
            begin = a
            while True:
                closed = a >= stop or buf[a] == TAB
                if closed or buf[a] == COLON:
                    if k < n_keys and base[k] >= 0:
                        place = np.uint64(base[k] + to)
                        item_begins[place], item_nexts[place] = begin, a + U1
                        there[place] = 1
                    k += U1
                    begin = a + U1
                    if closed:
                        break
                a += U1
            if k > n_keys and k > U1:
                status, sample, found = SUBFIELDS, j - 1, np.int64(k)
                break
            a += U1
        if status == OK and j < len(target):
            status, found = TOO_FEW, j
        if status != OK:
            at = i
            break
    return status, at, sample, found, item_begins, item_nexts, there


@kernel
def genotypes(buf, begins, nexts, there):
    """Parse genotypes: (offsets, alleles int8, called, phased, state, bad, missing).

        genotype   [/|] allele ([/|] allele)*
        allele     0 … 127 | .

    `called` (uint8) is 0 for the allele `.`. `phased` says that there is a bar and no
    slash. state is 1 for a genotype, 0 for what is none or has an allele above 127 (`bad`
    of them), 2 where there is no text; those not 1 have no alleles.
    """
    n = len(begins)
    most = np.int64(0)
    for i in range(n):
        most += np.int64(nexts[i]) - np.int64(begins[i])
    alleles, called = np.empty(most, np.int8), np.empty(most, np.uint8)
    offsets = np.empty(n + 1, np.int32)
    phased, state = np.empty(n, np.uint8), np.empty(n, np.uint8)
    offsets[0] = 0
    m = n_bad = n_missing = 0
    for i in range(n):
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        if there[i] == 0:
            phased[i], state[i], offsets[i + 1] = 0, 2, m
            n_missing += 1
            continue
        # Why a shortcut for d/d: 5 M genotypes, 115 ms instead of 182 ms, as above.
        if b - a == U3 and (buf[a + U1] == SLASH or buf[a + U1] == BAR):
            one, two = buf[a] - ZERO, buf[a + U2] - ZERO
            if one <= NINE and two <= NINE:
                alleles[m], alleles[m + 1] = one, two
                called[m], called[m + 1] = 1, 1
                m += 2
                phased[i], state[i], offsets[i + 1] = buf[a + U1] == BAR, 1, m
                continue
        first = m
        bars = slashes = 0
        good = a < b
        if good and (buf[a] == SLASH or buf[a] == BAR):
            bars += buf[a] == BAR
            slashes += buf[a] == SLASH
            a += U1
            good = a < b
        while good:
            value, digits = np.int64(0), 0
            if a < b and buf[a] == DOT:
                alleles[m], called[m] = 0, 0
                a += U1
                digits = 1
            else:
                while a < b and np.uint8(buf[a] - ZERO) <= NINE:
                    value = min(value * 10 + np.int64(buf[a] - ZERO), 1000)
                    a += U1
                    digits += 1
                alleles[m], called[m] = min(value, 127), 1
            m += 1
            good = digits > 0 and value <= 127
            if not good or a == b:
                break
            good = buf[a] == SLASH or buf[a] == BAR
            bars += buf[a] == BAR
            slashes += buf[a] == SLASH
            a += U1
        if not good:
            m = first
            n_bad += 1
        phased[i] = good and bars > 0 and slashes == 0
        state[i], offsets[i + 1] = good, m
    return offsets, alleles[:m].copy(), called[:m].copy(), phased, state, n_bad, n_missing


# ── percent encoding ────────────────────────────────────────────────────────────────────────────


@kernel
def unescape(offsets, data):
    """Decode %3A %3B %3D %25 %2C %0D %0A %09 in texts: (offsets, bytes).

    These eight, in capitals, are what VCF 4.3 knows; any other % is itself.
    """
    out = np.empty(len(data), np.uint8)
    bounds = np.empty(len(offsets), np.int32)
    bounds[0] = 0
    m = np.uint64(0)
    for i in range(len(offsets) - 1):
        a, b = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
        while a < b:
            byte = data[a]
            if byte == PERCENT and b - a >= U3:
                code = _escaped(data[a + U1], data[a + U2])
                if code > 0:
                    byte = np.uint8(code)
                    a += U2
            out[m] = byte
            m += U1
            a += U1
        bounds[i + 1] = m
    return bounds, out[: np.int64(m)].copy()


@helper
def _escaped(high, low):
    """The character of an escape; 0 for none that VCF knows."""
    if high == 48:  # 0
        return 9 if low == 57 else 10 if low == 65 else 13 if low == 68 else 0
    if high == 50:  # 2
        return 37 if low == 53 else 44 if low == 67 else 0
    if high == 51:  # 3
        return 58 if low == 65 else 59 if low == 66 else 61 if low == 68 else 0
    return 0
