"""Lines of text: from inflated blocks to positions and field bounds.

One row (hts-specs tabix.tex: any columns may be chrom, start and end)::

    chr1 \\t 999 \\t 2000 \\t name \\t … \\n
    └───── head ────────┘   └─ rest ─┘

Rows are kept or dropped on their heads; only the rest of kept rows is split. The
text is in segments, which begin with a row or somewhere within a line, and ends
with a line break, so that no loop below has to look for its end.
"""

from libc.string cimport strlen

import numpy as np

from gidx.kernels.common cimport bytes_at, look_up, overlaps, same_text
from gidx.kernels.letters cimport (
    TAB, LF, CR, BLANK, STAR, COMMA, MINUS, POINT, ZERO, COLON, SEMICOLON, LESS, EQUAL, MORE, PLUS,
)
from gidx.kernels.marks cimport Marks, following, marks_of, seek
from gidx.kernels.numbers cimport NO_DIGITS, parse_digits
from gidx.kernels.types cimport LOWEST, i32, i64, u8, u64

# What `read_lines` returns as status, with the row's begin in `at`.
cpdef enum:
    OK = 0, FIELDS = 1, CHROM = 2, NUMBER = 3, ORDER = 4, FLOOR = 5, UNSORTED = 6
cpdef enum:
    COLUMNS = 0, SAM = 1, VCF = 2

# ── small things ────────────────────────────────────────────────────────────────────────────────


cdef inline (bint, i64) _number(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """(ok, int64) of `buf[a:b]`: an optional minus, at most 18 digits."""
    cdef bint negative
    cdef u64 value, digit
    negative = a < b and buf[a] == MINUS
    if negative:
        a += 1
    if a >= b or b - a > 18:
        return False, 0
    if b - a <= 16:
        value = parse_digits(bytes_at(buf), a, b)
        return value != NO_DIGITS, -<i64>value if negative else <i64>value
    value = 0
    while a < b:
        digit = <u64>buf[a] - ZERO
        if digit > 9:
            return False, 0
        value = value * 10 + digit
        a += 1
    return True, -<i64>value if negative else <i64>value


cdef inline i64 _leading(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """The number at the begin of `buf[a:b]`, as strtoll reads it; 0 for none."""
    cdef bint negative
    cdef i64 value
    negative = a < b and buf[a] == MINUS
    if negative or (a < b and buf[a] == PLUS):
        a += 1
    value = 0
    while a < b and <u64>buf[a] - ZERO <= 9 and value < 100000000000000000LL:
        value = value * 10 + <i64>(buf[a] - 48)
        a += 1
    return -value if negative else value


cdef inline bint _begins_with(const u8[::1] buf, u64 a, u64 b, const char* word) noexcept nogil:
    """Whether `buf[a:b]` begins with the word."""
    while a < b and word[0] != 0 and buf[a] == <u8>word[0]:
        a += 1
        word += 1
    return word[0] == 0


cdef inline bint _is_track(const u8[::1] buf, u64 a) noexcept nogil:
    """Whether BED's `track` or `browser` begins here, as a word."""
    cdef u64 b
    b = a  # a line's break is in no word, so none is looked for behind it
    while buf[b] > BLANK:
        b += 1
    if b - a == 5:
        return _begins_with(buf, a, b, b"track")
    return b - a == 7 and _begins_with(buf, a, b, b"browser")


cdef inline bint _is_blank(const u8[::1] buf, u64 a) noexcept nogil:
    """Whether the line has nothing but blanks (BED 1.0, section 1.1: such are ignored)."""
    while buf[a] == BLANK or buf[a] == TAB or buf[a] == CR:
        a += 1
    return buf[a] == LF


cdef inline bint _is_fasta(const u8[::1] buf, u64 a) noexcept nogil:
    """Whether the line is `##FASTA`, or a FASTA record's first."""
    cdef u64 b
    b = a
    while buf[b] > BLANK:
        b += 1
    return buf[a] == MORE or (b - a == 7 and _begins_with(buf, a, b, b"##FASTA"))


# ── where a row ends ────────────────────────────────────────────────────────────────────────────


cdef inline i64 _cigar_length(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """Bases of the reference that a CIGAR spans (M, D, N, =, X); 1 for none, as in htslib."""
    cdef i64 total, value
    cdef u64 digit
    cdef u8 c
    total = 0
    value = 0
    while a < b:
        digit = <u64>buf[a] - ZERO
        if digit <= 9:
            value = value * 10 + <i64>digit
        else:
            c = buf[a]
            if (
                c == 77
                or c == 68
                or c == 78
                or c == EQUAL
                or (c == 88)
            ):
                total += value
            value = 0
        a += 1
    return max(total, 1)


cdef inline bint _spans_reference(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """Whether SVLEN counts reference bases of this allele: <DEL>, <DUP>, <CNV>, <INV>, <DEL:…>."""
    if b - a < 5 or (buf[a + 4] != MORE and buf[a + 4] != COLON):
        return False
    return (
        _begins_with(buf, a, b, b"<DEL")
        or _begins_with(buf, a, b, b"<DUP")
        or _begins_with(buf, a, b, b"<CNV")
        or _begins_with(buf, a, b, b"<INV")
    )


cdef inline bint _is_block_allele(const u8[::1] buf, u64 a, u64 b) noexcept nogil:
    """Whether an allele is `<*>` or `<NON_REF>`: of a gVCF's block."""
    if b - a == 3:
        return _begins_with(buf, a, b, b"<*>")
    return b - a == 9 and _begins_with(buf, a, b, b"<NON_REF>")


cdef inline (bint, u64) _info_value(
    const u8[::1] buf, u64 a, u64 b, const char* key,
) noexcept nogil:
    """(found, begin) of the value of `key` (with its =) in an INFO field; the first counts."""
    cdef Marks marks = marks_of(buf)
    seek(&marks, a, b, SEMICOLON, SEMICOLON)
    while a < b:
        if _begins_with(buf, a, b, key):
            return True, a + strlen(key)
        a = following(&marks, SEMICOLON, SEMICOLON) + 1
    return False, a


cdef inline u64 _part_end(const u8[::1] buf, u64 a) noexcept nogil:
    """Where a part of a sample ends: at a colon, a tab or the line's end."""
    while buf[a] > LF and buf[a] != COLON:
        a += 1
    return a


cdef inline i64 _format_length(const u8[::1] buf, u64 a) noexcept nogil:
    """The largest FORMAT/LEN of a row's samples; `a` is where FORMAT begins."""
    cdef bint samples, found
    cdef i64 place, k, longest
    cdef u64 end
    place = k = 0
    found = False
    longest = 0
    samples = False
    while True:
        end = _part_end(buf, a)
        if not samples:
            if end - a == 3 and _begins_with(buf, a, end, b"LEN"):
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
        a = end + 1


cdef inline i64 _vcf_end(
    const u8[::1] buf, const i32[:, ::1] fields, i64 n, i64 start,
) noexcept nogil:
    """Where a VCF row ends, as htslib since 1.22 has it (get_rlen in vcf.c): the farthest of

    REF's length; INFO/END, if that is behind POS; the base at POS and INFO/SVLEN behind it,
    of <DEL>, <DUP>, <CNV>, <INV>; FORMAT/LEN of <*>, <NON_REF>. VCF 4.5, section 1.6.1, at
    END: "POS + SVLEN". (htslib's tabix, in tbx.c, has a base less for SVLEN.)
    """
    cdef bint sized, block, found
    cdef i64 length, end, value
    cdef u64 a, at, b, i, begin, info, stop
    a, b = fields[4, n], fields[5, n] - 1
    length = <i64>fields[4, n] - 1 - <i64>fields[3, n]
    sized = block = False
    if a < b:
        i = a
        while i < b:
            begin = i
            while i < b and buf[i] != COMMA:
                i += 1
            if buf[begin] == LESS:
                sized |= _spans_reference(buf, begin, i)
                block |= _is_block_allele(buf, begin, i)
            i += 1
    info, stop = fields[7, n], fields[8, n] - 1
    found, at = _info_value(buf, info, stop, b"END=")
    end = start + length
    if found and buf[at] != POINT:
        value = _leading(buf, at, stop)
        if value > start:
            end = max(end, value)
    if sized:
        found, at = _info_value(buf, info, stop, b"SVLEN=")
        i = a
        while found and i < b:  # an SVLEN for each allele
            begin = i
            while i < b and buf[i] != COMMA:
                i += 1
            if _spans_reference(buf, begin, i):
                value = _leading(buf, at, stop)
                end = max(end, start + 1 + max(value, -value))
            while at < stop and buf[at] != COMMA and buf[at] != SEMICOLON:
                at += 1
            found = at < stop and buf[at] == COMMA
            at += 1
            i += 1
    if block and buf[stop] == TAB:
        end = max(end, start + _format_length(buf, stop + 1))
    return end


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


cdef inline u64 _line_end(const u8[::1] buf, Marks* marks) noexcept nogil:
    """Where the line ends that marks of tabs and line breaks are in."""
    cdef u64 i = following(marks, TAB, LF)
    while buf[i] != LF:
        i = following(marks, TAB, LF)
    return i


cdef class RowRules:
    """What rows are and where their place is in them, and the chroms that they can be on.

    Made of `gidx.formats.text.dialect.Rules`, of names, and of their hash table.
    """

    def __init__(self, rules, const u8[::1] names, const i64[::1] bounds, const i32[::1] slots):
        self.meta, self.tracks, self.fasta = rules.meta[0], rules.tracks, rules.fasta
        self.least, self.exact, self.one_based = rules.least, rules.exact, rules.one_based
        self.chrom, self.start, self.end = rules.chrom, rules.start, rules.end
        self.span = {"columns": COLUMNS, "sam": SAM, "vcf": VCF}[rules.span]
        # how many fields are looked at to place a row
        self.head = {COLUMNS: max(self.chrom, self.start, self.end) + 1, SAM: 6, VCF: 8}[self.span]
        self.names, self.bounds, self.slots = names, bounds, slots


cdef class Asked:
    """Regions asked for: those of chrom c are `first[c]` to `first[c + 1]`, ascending.

    `floors` are virtual offsets before which none of a region's rows begin; none where an
    index does not say. Where `every`, there are no regions, and all rows are wanted.
    """

    def __init__(
        self, const i64[::1] first, const i64[::1] starts, const i64[::1] ends,
        const u64[::1] floors, bint every=False,
    ):
        self.first, self.starts, self.ends, self.floors = first, starts, ends, floors
        self.every = every


cdef void _places(
    const i64[:, ::1] blocks, const i64[::1] begins, i64 size, const u64[::1] offsets,
    i64[::1] least, i64[::1] out,
) noexcept nogil:
    """Where in a text is what begins at virtual offsets, or first after them.

    As `Text.places_from` has it: of a block that is not here, that is the next one that is,
    and the first block of a segment counts from where the segment begins.
    """
    cdef i64 j, s, lo, hi, mid, block, n = len(blocks)
    for j in range(n):
        least[j] = blocks[j, 0]
    for s in range(len(begins)):
        lo, hi = 0, n  # the last block that begins there or before
        while lo < hi:
            mid = (lo + hi) >> 1
            if blocks[mid, 0] <= begins[s]:
                lo = mid + 1
            else:
                hi = mid
        least[lo - 1] = begins[s]
    for j in range(len(offsets)):
        block = <i64>(offsets[j] >> 16)
        lo, hi = 0, n
        while lo < hi:
            mid = (lo + hi) >> 1
            if blocks[mid, 1] < block:
                lo = mid + 1
            else:
                hi = mid
        if lo == n:
            out[j] = size
        elif blocks[lo, 1] == block:
            out[j] = max(blocks[lo, 0] + <i64>(offsets[j] & 0xFFFF), least[lo])
        else:
            out[j] = least[lo]


def read_lines(
    const u8[::1] buf, const i64[::1] begins, const i64[::1] stops, const u8[::1] cut,
    const i64[:, ::1] blocks, RowRules rules, i64 want, Asked asked,
):
    """Find the rows of some segments, keep those that overlap, split the fields of these.

    Rows are lines that begin in `begins[s]` to `stops[s]`; where `cut[s]`, the segment
    begins within a line, which belongs to what is before it, and so does a line that
    begins exactly there. `blocks` says where in the text each block begins, and where in
    the file; none where the text is not as it is there.

    The floors of regions, as places in the text (`floors` below), are at a line's start;
    those of one chrom ascend, and none is before the first row of its chrom. `goals` are
    the same, sorted. Rows of a chrom are sorted and stand together. So a region of another
    chrom whose floor is behind us has no rows ahead, and behind a row that begins past all
    regions of its own chrom whose floor is behind us, all up to the next floor can be passed
    over: 1,000 regions in 2 M rows, 20 ms instead of 90.

    Returns status, at (where the row of the failure begins), found, chrom (int32; -1 for
    SAM's `*`), start, end (int64), `fields` (want + 1, rows) int32, `line_stops` (int32)
    and `leads`, `lead_starts`: chrom and start of each segment's first row, -1 for none.
    Field f of row i is `buf[fields[f, i] : fields[f + 1, i] - 1]`.
    """
    cdef i64[::1] floors, goals
    cdef i64 n_floors = len(asked.floors) if len(blocks) else 0
    made = np.empty(n_floors, np.int64)
    floors = made
    if n_floors:
        _places(
            blocks, begins, len(buf), asked.floors, np.empty(len(blocks), np.int64), floors
        )
    goals = np.sort(made) if n_floors > 1 else floors
    return _read_lines(buf, begins, stops, cut, rules, want, asked, floors, goals)


cdef _read_lines(
    const u8[::1] buf, const i64[::1] begins, const i64[::1] stops, const u8[::1] cut,
    RowRules rules, i64 want, Asked asked, const i64[::1] floors, const i64[::1] goals,
):
    cdef bint keep, fresh, closed, good, told
    cdef i64 flag, s, to, which, status, found, f, capacity, splits, n, last, placed, from_before, active
    cdef i64 upcoming, more, from_, low, high, n_segments = len(begins)
    cdef u64 a, line, i, last_begin, last_size, goal, stop, stop_at, b
    cdef u8 c
    cdef Marks marks = marks_of(buf)  # of tabs and line breaks: 1 M rows of BED6 in 26 ms, a byte at a time in 34
    cdef i32[:, ::1] fields
    cdef i32[::1] chrom, line_stops, leads
    cdef i64[::1] start, end, lead_starts
    cdef u8 meta_byte = rules.meta
    cdef bint tracks = rules.tracks, fasta = rules.fasta, one_based = rules.one_based
    cdef i64 least = rules.least, exact = rules.exact, head = rules.head, span = rules.span
    cdef i64 c_chrom = rules.chrom, c_start = rules.start, c_end = rules.end
    cdef const u8[::1] names = rules.names
    cdef const i64[::1] name_bounds = rules.bounds
    cdef const i32[::1] slots = rules.slots
    cdef const i64[::1] first = asked.first, starts = asked.starts, ends = asked.ends
    cdef bint every = asked.every
    # The most rows there can be: pages that are not written cost nothing, but those of 2 MB,
    # which Linux may give, do: a table of 1,100 fields took 2 GB where its width did not count.
    # A row has its separators, its line break, and a digit: a chrom's name may be empty.
    capacity = len(buf) // max(least + 1, exact) + 1
    # Two arrays hold all: each more takes 1 us to make and to look into, of the 10 in all that
    # a dozen rows may take.
    splits = max(want, head)
    small = np.empty((splits + 3) * capacity + n_segments, np.int32)
    large = np.empty(2 * capacity + n_segments, np.int64)
    cdef i32[::1] int32s = small
    cdef i64[::1] int64s = large
    fields = <i32[: splits + 1, :capacity]>&int32s[0]
    chrom = int32s[(splits + 1) * capacity : (splits + 2) * capacity]
    line_stops = int32s[(splits + 2) * capacity : (splits + 3) * capacity]
    leads = int32s[(splits + 3) * capacity :]
    start, end = int64s[:capacity], int64s[capacity : 2 * capacity]
    lead_starts = int64s[2 * capacity :]
    with nogil:
        for s in range(len(begins)):
            leads[s] = lead_starts[s] = -1
        n = 0
        status = OK
        found = 0
        line = 0
        last, last_begin, last_size = -2, 0, 0
        placed, from_before = -2, LOWEST  # chrom and start of the row before
        active = 0  # behind the last region of this chrom whose floor is behind us
        upcoming = 0  # the first goal that is ahead
        for s in range(len(begins)):
            i, stop = begins[s], stops[s]
            seek(&marks, i, marks.size, TAB, LF)
            if cut[s]:
                i = _line_end(buf, &marks) + 1
            fresh = True
            while i < stop:
                line = i
                c = buf[i]
                if (
                    c == meta_byte
                    or (c <= BLANK and _is_blank(buf, i))
                    or (tracks and (c == 116 or c == 98) and _is_track(buf, i))
                    or (fasta and c == MORE)
                ):
                    if fasta and _is_fasta(buf, i):
                        i = stop
                        break
                    i = _line_end(buf, &marks) + 1
                    continue
                # the head
                fields[0, n] = i
                f = 0
                while f < head:
                    i = following(&marks, TAB, LF)
                    if buf[i] == LF:
                        break
                    f += 1
                    fields[f, n] = i + 1
                if f < head:  # the line is at its end
                    stop_at = i - 1 if i > line and buf[i - 1] == CR else i
                    f += 1
                    found = f
                    if f < least:
                        status = FIELDS
                        break
                    fields[f, n] = stop_at + 1
                    for more in range(f + 1, splits + 1):  # fields that the row has not are empty
                        fields[more, n] = fields[more - 1, n] + 1
                    closed = True
                else:
                    stop_at = i
                    closed = False
                # where it is
                a, b = fields[c_chrom, n], fields[c_chrom + 1, n] - 1
                if last >= -1 and same_text(buf, a, b, buf, last_begin, last_begin + last_size):
                    which = last
                else:
                    if span == SAM and b - a == 1 and buf[a] == STAR:
                        which = -1
                    else:
                        which = look_up(buf, a, b, names, name_bounds, slots)
                        if which < 0:
                            status = CHROM
                            break
                    last, last_begin, last_size = which, a, b - a
                good, from_ = _number(
                    buf, <u64>fields[c_start, n], <u64>fields[c_start + 1, n] - 1
                )
                if one_based:
                    from_ -= 1
                to = from_ + 1
                if good:
                    if span == VCF:
                        to = _vcf_end(buf, fields, n, from_)
                    elif span == SAM:
                        told, flag = _number(
                            buf, <u64>fields[1, n], <u64>fields[2, n] - 1
                        )
                        # of an unmapped read (bit 4) the CIGAR tells nothing
                        if not (told and flag & 4):
                            a, b = fields[5, n], fields[6, n] - 1
                            to = from_ + _cigar_length(buf, a, b)
                    elif c_end != c_start:
                        good, to = _number(
                            buf, <u64>fields[c_end, n], <u64>fields[c_end + 1, n] - 1
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
                        low, high = 0, max(to, 1)
                    keep = overlaps(first, starts, ends, which, low, high)
                # the rest
                if keep:
                    chrom[n], start[n], end[n] = which, from_, to
                    if not closed:
                        while True:
                            i = following(&marks, TAB, LF)
                            if buf[i] == LF:
                                break
                            f += 1
                            if f <= want:
                                fields[f, n] = i + 1
                        stop_at = i - 1 if buf[i - 1] == CR else i
                        f += 1
                        found = f
                        if f <= splits:
                            fields[f, n] = stop_at + 1
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
                        while active < first[which + 1] and floors[active] <= <i64>line:
                            active += 1
                        if active == first[which] or from_ > ends[active - 1]:
                            while upcoming < len(goals) and goals[upcoming] <= <i64>line:
                                upcoming += 1
                            goal = stop
                            if upcoming < len(goals):
                                goal = min(<u64>goals[upcoming], stop)
                            if goal > i:
                                if goal < stop and buf[goal - 1] != LF:
                                    status = FLOOR
                                    break
                                i = goal
                                seek(&marks, i, marks.size, TAB, LF)
                                continue
                    if not closed:
                        i = _line_end(buf, &marks)
                i += 1
            if status != OK:
                break
    rows = small[: (splits + 3) * capacity].reshape(splits + 3, capacity)
    return (
        status, line, found, rows[splits + 1, :n], large[:n], large[capacity : capacity + n],
        rows[: want + 1, :n], rows[splits + 2, :n], small[(splits + 3) * capacity :],
        large[2 * capacity :],
    )


def read_chroms(
    const u8[::1] buf, const i64[::1] begins, const i64[::1] stops, const u8[::1] cut, i64 meta,
    bint tracks, bint fasta, i64 c_chrom,
):
    """(bounds, ended): the chroms of rows whose chrom differs from the row before, (n, 2).

    `ended` is where a `##FASTA` line begins, -1 for none.
    """
    cdef bint skip
    cdef i64 ended, n, s, f
    cdef u64 a, last_begin, last_size, i, stop
    cdef u8 meta_byte, c
    cdef i32[:, ::1] found
    # a line has a letter and its end at least, also one that is no row
    found = np.empty((len(buf) // 2 + 1, 2), np.int32)
    n = 0
    ended = -1
    last_begin, last_size = 0, <u64>1 << 63
    meta_byte = meta
    with nogil:
        for s in range(len(begins)):
            i, stop = begins[s], stops[s]
            if cut[s]:
                while buf[i] != LF:
                    i += 1
                i += 1
            while i < stop:
                c = buf[i]
                skip = c == meta_byte or (c <= BLANK and _is_blank(buf, i))
                if fasta and (skip or c == MORE) and _is_fasta(buf, i):
                    ended = i
                    break
                if not (skip or (tracks and _is_track(buf, i))):
                    f = 0
                    a = i
                    while f < c_chrom:
                        while buf[i] > LF:
                            i += 1
                        if buf[i] == LF:
                            break
                        if buf[i] == TAB:
                            f += 1
                            a = i + 1
                        i += 1
                    # other control bytes belong to a name, as they do in `read_lines`
                    while buf[i] > LF or buf[i] < TAB:
                        i += 1
                    if f == c_chrom and not same_text(
                        buf, a, i, buf, last_begin, last_begin + last_size
                    ):
                        found[n, 0], found[n, 1] = a, i
                        n += 1
                        last_begin, last_size = a, i - a
                while buf[i] != LF:
                    i += 1
                i += 1
            if ended >= 0:
                break
    return found.base[:n].copy(), ended


def part_by_tabs(const u8[::1] buf, const i64[::1] begins, const i64[::1] stops):
    """The text with one tab for each run of blanks, none at a line's ends.

    Returns it, and where `begins` and `stops` are in it (both ascend; a stop keeps
    its distance from the byte before it, so that a line's first byte stays before it).
    """
    cdef bint pending, begun
    cdef i64 b, e, last, k
    cdef u64 to
    cdef u8 c
    cdef i64[::1] new_begins, new_stops
    cdef u8[::1] out
    out = np.empty(len(buf), np.uint8)
    new_begins, new_stops = np.empty(len(begins), np.int64), np.empty(len(stops), np.int64)
    with nogil:
        to = 0
        pending = begun = False
        b = e = 0
        last = 0
        for k in range(len(buf)):
            while b < len(begins) and begins[b] == k:
                new_begins[b] = to
                b += 1
            while e < len(stops) and stops[e] <= k:
                new_stops[e] = to if k == 0 else last + 1
                e += 1
            last = to
            c = buf[k]
            if c == BLANK or c == TAB:
                pending = begun
            elif c == LF:
                pending = begun = False
                out[to] = c
                to += 1
            else:
                if pending and c != CR:
                    out[to] = TAB
                    to += 1
                    pending = False
                begun = True
                out[to] = c
                to += 1
        while b < len(begins):
            new_begins[b] = to
            b += 1
        while e < len(stops):
            new_stops[e] = to
            e += 1
    return out.base[:to].copy(), new_begins.base, new_stops.base
