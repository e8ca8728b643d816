"""Lines of text: from inflated blocks to positions and field bounds.

One row (hts-specs tabix.tex: any columns may be chrom, start and end)::

    chr1 \\t 999 \\t 2000 \\t name \\t … \\n
    └───── head ────────┘   └─ rest ─┘

Rows are kept or dropped on their heads; only the rest of kept rows is split. The
text is in segments, which begin with a row or somewhere within a line, and ends
with a line break, so that no loop below has to look for its end.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

# What `read_lines` returns as status, with the row's begin in `at`.
OK, FIELDS, CHROM, NUMBER, ORDER, FLOOR, UNSORTED = 0, 1, 2, 3, 4, 5, 6
COLUMNS, SAM, VCF = 0, 1, 2

# Unsigned indices: see records.py.
U0, U1, U2 = np.uint64(0), np.uint64(1), np.uint64(2)
ZERO, NINE, TEN = np.uint64(48), np.uint64(9), np.uint64(10)
TAB, LF, CR, BLANK = np.uint8(9), np.uint8(10), np.uint8(13), np.uint8(32)
MINUS, STAR, POINT, LESS = np.uint8(45), np.uint8(42), np.uint8(46), np.uint8(60)
COMMA, COLON, SEMICOLON, EQUAL = np.uint8(44), np.uint8(58), np.uint8(59), np.uint8(61)
MORE = np.uint8(62)
LOWEST = np.int64(-(2**62))


# ── names ───────────────────────────────────────────────────────────────────────────────────────


@helper
def _hash(buf, a, b):
    """FNV-1a."""
    h = np.uint64(0xCBF29CE484222325)
    while a < b:
        h = (h ^ np.uint64(buf[a])) * np.uint64(0x100000001B3)
        a += U1
    return h ^ (h >> np.uint64(32))


@helper
def _same(buf, a, b, other, c):
    """Whether `buf[a:b]` stands in `other` from c on (which is long enough)."""
    while a < b and buf[a] == other[c]:
        a += U1
        c += U1
    return a == b


@kernel
def hash_names(data, bounds):
    """A table to look names up in: slots with the names' numbers, -1 where free."""
    n = len(bounds) - 1
    size = 4
    while size < 2 * n:
        size *= 2
    slots = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    for i in range(n):
        at = _hash(data, np.uint64(bounds[i]), np.uint64(bounds[i + 1])) & mask
        while slots[at] >= 0:
            at = (at + U1) & mask
        slots[at] = i
    return slots


@helper
def _lookup(buf, a, b, data, bounds, slots):
    """The number of a name, or -1."""
    mask = np.uint64(len(slots) - 1)
    at = _hash(buf, a, b) & mask
    while slots[at] >= 0:
        i = slots[at]
        c, d = np.uint64(bounds[i]), np.uint64(bounds[i + 1])
        if d - c == b - a and _same(buf, a, b, data, c):
            return np.int64(i)
        at = (at + U1) & mask
    return np.int64(-1)


# ── small things ────────────────────────────────────────────────────────────────────────────────


@helper
def _number(buf, a, b):
    """(ok, int64) of `buf[a:b]`: an optional minus, at most 18 digits."""
    negative = a < b and buf[a] == MINUS
    if negative:
        a += U1
    if a >= b or b - a > np.uint64(18):
        return False, np.int64(0)
    value = U0
    while a < b:
        digit = np.uint64(buf[a]) - ZERO
        if digit > NINE:
            return False, np.int64(0)
        value = value * TEN + digit
        a += U1
    return True, -np.int64(value) if negative else np.int64(value)


@helper
def _leading(buf, a, b):
    """The number at the begin of `buf[a:b]`, as strtoll reads it; 0 for none."""
    negative = a < b and buf[a] == MINUS
    if negative:
        a += U1
    value = np.int64(0)
    while a < b and np.uint64(buf[a]) - ZERO <= NINE and value < 10**17:
        value = value * 10 + np.int64(buf[a] - np.uint8(48))
        a += U1
    return -value if negative else value


# Why words are arrays and not compared letter by letter: each such helper took LLVM as
# long as the rest of the kernel, 5 s of 10 in all.
_TRACK = np.frombuffer(b"track", np.uint8)
_BROWSER = np.frombuffer(b"browser", np.uint8)
_FASTA = np.frombuffer(b"##FASTA", np.uint8)
_NON_REF = np.frombuffer(b"<NON_REF>", np.uint8)
_ANY_REF = np.frombuffer(b"<*>", np.uint8)
_SIZED = np.frombuffer(b"<DEL<DUP<CNV<INV", np.uint8)  # four letters each
_END, _SVLEN = np.frombuffer(b"END=", np.uint8), np.frombuffer(b"SVLEN=", np.uint8)
_LEN = np.frombuffer(b"LEN", np.uint8)


@helper
def _begins_with(buf, a, b, word):
    """Whether `buf[a:b]` begins with the word."""
    if b - a < np.uint64(len(word)):
        return False
    k = U0
    while k < np.uint64(len(word)) and buf[a + k] == word[k]:
        k += U1
    return k == np.uint64(len(word))


@helper
def _is_track(buf, a):
    """Whether BED's `track` or `browser` begins here, as a word."""
    b = a  # a line's break is in no word, so none is looked for behind it
    while buf[b] > BLANK:
        b += U1
    if b - a == np.uint64(5):
        return _begins_with(buf, a, b, _TRACK)
    return b - a == np.uint64(7) and _begins_with(buf, a, b, _BROWSER)


@helper
def _is_fasta(buf, a):
    """Whether the line is `##FASTA`, or a FASTA record's first."""
    b = a
    while buf[b] > BLANK:
        b += U1
    return buf[a] == MORE or (b - a == np.uint64(7) and _begins_with(buf, a, b, _FASTA))


@helper
def _overlaps(first, starts, ends, chrom, start, end):
    """As in records.py (which has the reason why it stands here again: kernels/jit.py)."""
    lo, stop = first[chrom], first[chrom + 1]
    hi = stop
    touch = 1 if start == end else 0
    while lo < hi:
        mid = (lo + hi) >> 1
        if ends[mid] + touch > start:
            hi = mid
        else:
            lo = mid + 1
    return lo < stop and starts[lo] < end + touch


# ── where a row ends ────────────────────────────────────────────────────────────────────────────


@helper
def _cigar_length(buf, a, b):
    """Bases of the reference that a CIGAR spans (M, D, N, =, X); 1 for none, as in htslib."""
    total = np.int64(0)
    value = np.int64(0)
    while a < b:
        digit = np.uint64(buf[a]) - ZERO
        if digit <= NINE:
            value = value * 10 + np.int64(digit)
        else:
            c = buf[a]
            if (
                c == np.uint8(77)
                or c == np.uint8(68)
                or c == np.uint8(78)
                or c == EQUAL
                or (c == np.uint8(88))
            ):
                total += value
            value = np.int64(0)
        a += U1
    return max(total, np.int64(1))


@helper
def _spans_reference(buf, a, b):
    """Whether SVLEN counts reference bases of this allele: <DEL>, <DUP>, <CNV>, <INV>, <DEL:…>."""
    if b - a < np.uint64(5) or (buf[a + np.uint64(4)] != MORE and buf[a + np.uint64(4)] != COLON):
        return False
    for w in range(np.uint64(0), np.uint64(16), np.uint64(4)):
        k = U0
        while k < np.uint64(4) and buf[a + k] == _SIZED[w + k]:
            k += U1
        if k == np.uint64(4):
            return True
    return False


@helper
def _is_block_allele(buf, a, b):
    """Whether an allele is `<*>` or `<NON_REF>`: of a gVCF's block."""
    if b - a == np.uint64(3):
        return _begins_with(buf, a, b, _ANY_REF)
    return b - a == np.uint64(9) and _begins_with(buf, a, b, _NON_REF)


@helper
def _info_value(buf, a, b, key):
    """(found, begin) of the value of `key` (with its =) in an INFO field; the first counts."""
    while a < b:
        if _begins_with(buf, a, b, key):
            return True, a + np.uint64(len(key))
        while a < b and buf[a] != SEMICOLON:
            a += U1
        a += U1
    return False, a


@helper
def _part_end(buf, a):
    """Where a part of a sample ends: at a colon, a tab or the line's end."""
    while buf[a] > LF and buf[a] != COLON:
        a += U1
    return a


@helper
def _format_length(buf, a):
    """The largest FORMAT/LEN of a row's samples; `a` is where FORMAT begins."""
    place = k = 0
    found = False
    longest = np.int64(0)
    samples = False
    while True:
        end = _part_end(buf, a)
        if not samples:
            if end - a == np.uint64(3) and _begins_with(buf, a, end, _LEN):
                found, place = True, k
        elif k == place:
            longest = max(longest, _leading(buf, a, end))
        if buf[end] == COLON:
            k += 1
        elif buf[end] == TAB and (found or samples):
            samples = True
            k = 0
        else:
            return longest
        a = end + U1


@helper
def _vcf_end(buf, fields, n, start):
    """Where a VCF row ends, as htslib since 1.22 has it (get_rlen in vcf.c): the farthest of

    REF's length; INFO/END, if that is behind POS; the base at POS and INFO/SVLEN behind it,
    of <DEL>, <DUP>, <CNV>, <INV>; FORMAT/LEN of <*>, <NON_REF>. VCF 4.5, section 1.6.1, at
    END: "POS + SVLEN". (htslib's tabix, in tbx.c, has a base less for SVLEN.)
    """
    a, b = np.uint64(fields[4, n]), np.uint64(fields[5, n]) - U1
    length = np.int64(fields[4, n]) - 1 - np.int64(fields[3, n])
    sized = block = False
    if a < b:
        i = a
        while i < b:
            begin = i
            while i < b and buf[i] != COMMA:
                i += U1
            if buf[begin] == LESS:
                sized |= _spans_reference(buf, begin, i)
                block |= _is_block_allele(buf, begin, i)
            i += U1
    info, stop = np.uint64(fields[7, n]), np.uint64(fields[8, n]) - U1
    found, at = _info_value(buf, info, stop, _END)
    end = start + length
    if found and buf[at] != POINT:
        value = _leading(buf, at, stop)
        if value > start:
            end = max(end, value)
    if sized:
        found, at = _info_value(buf, info, stop, _SVLEN)
        i = a
        while found and i < b:  # an SVLEN for each allele
            begin = i
            while i < b and buf[i] != COMMA:
                i += U1
            if _spans_reference(buf, begin, i):
                end = max(end, start + 1 + abs(_leading(buf, at, stop)))
            while at < stop and buf[at] != COMMA and buf[at] != SEMICOLON:
                at += U1
            found = at < stop and buf[at] == COMMA
            at += U1
            i += U1
    if block and buf[stop] == TAB:
        end = max(end, start + _format_length(buf, stop + U1))
    return end


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


@kernel
def read_lines(
    buf, begins, stops, cut, meta, tracks, fasta, least, exact, head, want, c_chrom, c_start,
    c_end, one_based, span, names, name_bounds, slots, first, starts, ends, every, floors,
    goals,
):  # fmt: skip
    """Find the rows of some segments, keep those that overlap, split the fields of these.

    Rows are lines that begin in `begins[s]` to `stops[s]`; where `cut[s]`, the segment
    begins within a line, which belongs to what is before it, and so does a line that
    begins exactly there. `head` is how many fields are looked at to place a row.

    `floors` (as many as regions, or none) say where in the text the first row of each
    region may begin, at a line's start; those of one chrom ascend, and none is before the
    first row of its chrom. `goals` are the same, sorted. Rows of a chrom are sorted and
    stand together. So a region of another chrom whose floor is behind us has no rows
    ahead, and behind a row that begins past all regions of its own chrom whose floor is
    behind us, all up to the next floor can be passed over: 1,000 regions in 2 M rows,
    20 ms instead of 90.

    Returns status, at (where the row of the failure begins), found, chrom (int32; -1 for
    SAM's `*`), start, end (int64), `fields` (want + 1, rows) int32, `line_stops` (int32)
    and `leads`, `lead_starts`: chrom and start of each segment's first row, -1 for none.
    Field f of row i is `buf[fields[f, i] : fields[f + 1, i] - 1]`.
    """
    # The most rows there can be: pages that are not written cost nothing.
    capacity = len(buf) // (least + 2) + 1
    chrom = np.empty(capacity, np.int32)
    start = np.empty(capacity, np.int64)
    end = np.empty(capacity, np.int64)
    line_stops = np.empty(capacity, np.int32)
    splits = max(want, head)
    fields = np.empty((splits + 1, capacity), np.int32)
    leads = np.full(len(begins), -1, np.int32)
    lead_starts = np.full(len(begins), -1, np.int64)
    n = 0
    status = OK
    found = 0
    line = U0
    last, last_begin, last_size = np.int64(-2), U0, U0
    meta_byte = np.uint8(meta)
    placed, from_before = np.int64(-2), LOWEST  # chrom and start of the row before
    active = np.int64(0)  # behind the last region of this chrom whose floor is behind us
    upcoming = 0  # the first goal that is ahead
    for s in range(len(begins)):
        i, stop = np.uint64(begins[s]), np.uint64(stops[s])
        if cut[s]:
            while buf[i] != LF:
                i += U1
            i += U1
        fresh = True
        while i < stop:
            line = i
            c = buf[i]
            if (
                c == meta_byte
                or c == LF
                or (c == CR and buf[i + U1] == LF)
                or (tracks and (c == np.uint8(116) or c == np.uint8(98)) and _is_track(buf, i))
                or (fasta and c == MORE)
            ):
                if fasta and _is_fasta(buf, i):
                    i = stop
                    break
                while buf[i] != LF:
                    i += U1
                i += U1
                continue
            # the head
            fields[0, n] = i
            f = 0
            while f < head:
                while buf[i] > LF:
                    i += U1
                if buf[i] == LF:
                    break
                if buf[i] == TAB:
                    f += 1
                    fields[f, n] = i + U1
                i += U1
            if f < head:  # the line is at its end
                stop_at = i - U1 if i > line and buf[i - U1] == CR else i
                f += 1
                found = f
                if f < least:
                    status = FIELDS
                    break
                fields[f, n] = stop_at + U1
                for more in range(f + 1, splits + 1):  # fields that the row has not are empty
                    fields[more, n] = fields[more - 1, n] + 1
                closed = True
            else:
                stop_at = i
                closed = False
            # where it is
            a, b = np.uint64(fields[c_chrom, n]), np.uint64(fields[c_chrom + 1, n]) - U1
            if last >= -1 and b - a == last_size and _same(buf, a, b, buf, last_begin):
                which = last
            else:
                if span == SAM and b - a == U1 and buf[a] == STAR:
                    which = np.int64(-1)
                else:
                    which = _lookup(buf, a, b, names, name_bounds, slots)
                    if which < 0:
                        status = CHROM
                        break
                last, last_begin, last_size = which, a, b - a
            good, from_ = _number(
                buf, np.uint64(fields[c_start, n]), np.uint64(fields[c_start + 1, n]) - U1
            )
            if one_based:
                from_ -= 1
            to = from_ + 1
            if good:
                if span == VCF:
                    to = _vcf_end(buf, fields, n, from_)
                elif span == SAM:
                    a, b = np.uint64(fields[5, n]), np.uint64(fields[6, n]) - U1
                    to = from_ + _cigar_length(buf, a, b)
                elif c_end != c_start:
                    good, to = _number(
                        buf, np.uint64(fields[c_end, n]), np.uint64(fields[c_end + 1, n]) - U1
                    )
            if not good:
                status = NUMBER
                break
            # only in a VCF, and in SAM, is there a place before the first base: POS 0
            if to < from_ or from_ < (0 if span == COLUMNS else -1):
                status = ORDER
                break
            if fresh:
                leads[s], lead_starts[s] = which, from_
                fresh = False
            if which != placed:
                placed, active = which, first[which] if not every and which >= 0 else 0
            elif from_ < from_before and not every:
                status = UNSORTED
                break
            from_before = from_
            keep = every
            if not keep and which >= 0:
                # what begins at POS 0 counts from the first base on, and has one at least
                low, high = from_, to
                if from_ < 0:
                    low, high = np.int64(0), max(to, np.int64(1))
                keep = _overlaps(first, starts, ends, which, low, high)
            # the rest
            if keep:
                chrom[n], start[n], end[n] = which, from_, to
                if not closed:
                    while True:
                        while buf[i] > LF:
                            i += U1
                        if buf[i] == TAB:
                            f += 1
                            if f <= want:
                                fields[f, n] = i + U1
                        elif buf[i] == LF:
                            break
                        i += U1
                    stop_at = i - U1 if buf[i - U1] == CR else i
                    f += 1
                    found = f
                    if f <= splits:
                        fields[f, n] = stop_at + U1
                        for more in range(f + 1, splits + 1):
                            fields[more, n] = fields[more - 1, n] + 1
                    if f < least:
                        status = FIELDS
                        break
                if exact > 0 and found != exact:
                    status = FIELDS
                    break
                line_stops[n] = stop_at
                n += 1
            else:
                if len(floors) > 0 and which >= 0:
                    while active < first[which + 1] and floors[active] <= np.int64(line):
                        active += 1
                    if active == first[which] or from_ > ends[active - 1]:
                        while upcoming < len(goals) and goals[upcoming] <= np.int64(line):
                            upcoming += 1
                        goal = stop
                        if upcoming < len(goals):
                            goal = min(np.uint64(goals[upcoming]), stop)
                        if goal > i:
                            if goal < stop and buf[goal - U1] != LF:
                                status = FLOOR
                                break
                            i = goal
                            continue
                if not closed:
                    while buf[i] != LF:
                        i += U1
            i += U1
        if status != OK:
            break
    return (
        status, line, found, chrom[:n], start[:n], end[:n], fields[: want + 1, :n],
        line_stops[:n], leads, lead_starts,
    )  # fmt: skip


@kernel
def read_chroms(buf, begins, stops, cut, meta, tracks, fasta, c_chrom):
    """(bounds, ended): the chroms of rows whose chrom differs from the row before, (n, 2).

    `ended` is where a `##FASTA` line begins, -1 for none.
    """
    found = np.empty((len(buf) // 4 + 1, 2), np.int32)
    n = 0
    ended = np.int64(-1)
    last_begin, last_size = U0, np.uint64(2**63)
    meta_byte = np.uint8(meta)
    for s in range(len(begins)):
        i, stop = np.uint64(begins[s]), np.uint64(stops[s])
        if cut[s]:
            while buf[i] != LF:
                i += U1
            i += U1
        while i < stop:
            c = buf[i]
            skip = c == meta_byte or c == LF or (c == CR and buf[i + U1] == LF)
            if fasta and (skip or c == MORE) and _is_fasta(buf, i):
                ended = np.int64(i)
                return found[:n].copy(), ended
            if not (skip or (tracks and _is_track(buf, i))):
                f = 0
                a = i
                while f < c_chrom:
                    while buf[i] > LF:
                        i += U1
                    if buf[i] == LF:
                        break
                    if buf[i] == TAB:
                        f += 1
                        a = i + U1
                    i += U1
                while buf[i] > LF:
                    i += U1
                if f == c_chrom and not (i - a == last_size and _same(buf, a, i, buf, last_begin)):
                    found[n, 0], found[n, 1] = a, i
                    n += 1
                    last_begin, last_size = a, i - a
            while buf[i] != LF:
                i += U1
            i += U1
    return found[:n].copy(), ended


@kernel
def part_by_tabs(buf, begins, stops):
    """The text with one tab for each run of blanks, none at a line's ends.

    Returns it, and where `begins` and `stops` are in it (both ascend; a stop keeps
    its distance from the byte before it, so that a line's first byte stays before it).
    """
    out = np.empty(len(buf), np.uint8)
    new_begins, new_stops = np.empty(len(begins), np.int64), np.empty(len(stops), np.int64)
    to = U0
    pending = begun = False
    b = e = 0
    last = np.int64(0)
    for k in range(len(buf)):
        while b < len(begins) and begins[b] == k:
            new_begins[b] = to
            b += 1
        while e < len(stops) and stops[e] <= k:
            new_stops[e] = to if k == 0 else last + 1
            e += 1
        last = np.int64(to)
        c = buf[np.uint64(k)]
        if c == BLANK or c == TAB:
            pending = begun
        elif c == LF:
            pending = begun = False
            out[to] = c
            to += U1
        else:
            if pending and c != CR:
                out[to] = TAB
                to += U1
                pending = False
            begun = True
            out[to] = c
            to += U1
    while b < len(begins):
        new_begins[b] = to
        b += 1
    while e < len(stops):
        new_stops[e] = to
        e += 1
    return out[: np.int64(to)].copy(), new_begins, new_stops
