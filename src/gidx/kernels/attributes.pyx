"""Attributes of GFF3, GTF and SAM rows: from one field to bounds of values, by key.

GFF3 (Sequence Ontology, gff3.md, column 9)::

    ID=exon1;Parent=mRNA1,mRNA2;Note=50%25 of it;
    └tag┘└value┘     └item┘ └item┘

GTF 2.2::

    gene_id "ENSG1"; level 2; tag "basic"; tag "CCDS"; note "a; \\"b\\"";
    └key─┘  └value┘

SAM v1, section 1.5::

    NM:i:3 \\t MD:Z:10A5
    └tag┘ └value┘

One pass over a row finds all keys that were asked for: a text key's first value goes
into a matrix, everything else into pools, as (owner, begin, next), which `group` sorts
by their owners. Bounds are as in fields.pyx: text i is `buf[begins[i] : nexts[i] - 1]`.
Escapes are found here, and only undone (`unescape`) in columns that have some.

Keys mostly follow each other in the same order row after row, so the key that came
after the last one before is tried first; one that differs is looked up by its hash.

What ends GFF3's values is found by marks; GTF's quotations are short, and walked.
"""

import numpy as np

from gidx.kernels.letters cimport (
    TAB, BLANK, QUOTE, HASH, PERCENT, COMMA, POINT, COLON, SEMICOLON, EQUAL, BACKSLASH,
    UNDERSCORE,
)
from gidx.kernels.marks cimport Marks, count, following, marks_of, seek
from gidx.kernels.types cimport i32, i64, u8, u64

# What becomes of a key: nothing, a text, a list of texts, an entry of the map.
cpdef enum:
    SKIP = 0, TEXT = 1, LIST = 2, REST = 3
# What a key has: no value, a value, one whose quotes are not closed.
cdef enum:
    NONE = 0, VALUE = 1, OPEN = 2

# ── keys ────────────────────────────────────────────────────────────────────────────────────────


cdef inline u8 _digit(u8 c) noexcept nogil:
    """What a hexadecimal digit is worth; 16 for what is none."""
    cdef u64 small
    if 48 <= c <= 57:
        return <u8>(c - 48)
    small = c | 32
    if 97 <= small <= 102:
        return <u8>(small - 87)
    return 16


cdef inline (u8, u64) _percent(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """(byte, width) at i of `buf[:b]`: `%41` is one byte, a lone `%` is itself."""
    cdef u8 high, low
    if buf[i] == PERCENT and i + 2 < b:
        high, low = _digit(buf[i + 1]), _digit(buf[i + 2])
        if high < 16 and low < 16:
            return <u8>(high * 16 + low), 3
    return buf[i], 1


cdef inline u64 _hash(const u8[::1] buf, u64 a, u64 b, bint coded) noexcept nogil:
    """FNV-1a, of the decoded text where `coded`."""
    cdef u64 h, width
    cdef u8 byte
    h = 0xCBF29CE484222325ULL
    while a < b:
        byte, width = buf[a], 1
        if coded:
            byte, width = _percent(buf, a, b)
        h = (h ^ byte) * 0x100000001B3ULL
        a += width
    return h ^ (h >> 32)


cdef inline bint _is_key(
    const u8[::1] buf, u64 a, u64 b, bint coded, const u8[::1] keys, u64 p, u64 q,
) noexcept nogil:
    """Whether `buf[a:b]`, decoded where `coded`, is `keys[p:q]`."""
    cdef u64 width
    cdef u8 byte
    if not coded and b - a != q - p:
        return False
    while a < b and p < q:
        byte, width = buf[a], 1
        if coded:
            byte, width = _percent(buf, a, b)
        if byte != keys[p]:
            return False
        a += width
        p += 1
    return a == b and p == q


cdef inline bint _are_same(
    const u8[::1] buf, u64 a, u64 b, u64 c, u64 d, bint coded,
) noexcept nogil:
    """Whether `buf[a:b]` is `buf[c:d]`, both decoded where `coded`."""
    cdef u64 width, other
    cdef u8 one, two
    while a < b and c < d:
        one, two, width, other = buf[a], buf[c], 1, 1
        if coded:
            one, width = _percent(buf, a, b)
            two, other = _percent(buf, c, d)
        if one != two:
            return False
        a += width
        c += other
    return a == b and c == d


# ── values ──────────────────────────────────────────────────────────────────────────────────────


cdef inline (i64, u64, u64, u64, bint) _gff3_value(
    const u8[::1] buf, u64 i, u64 b, Marks* marks,
) noexcept nogil:
    """(status, value, end, stop, coded): i is behind the key; marks are of `;` and `%`."""
    cdef bint coded
    cdef u64 value, at
    if i >= b or buf[i] != EQUAL:
        return NONE, i, i, i, False
    value = i + 1
    coded = False
    while True:
        at = following(marks, SEMICOLON, PERCENT)
        if at >= b or (at >= value and buf[at] == SEMICOLON):
            break
        coded |= at >= value
    at = min(at, b)
    return VALUE, value, at, at, coded


cdef inline (u64, bint) _quotation(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """(closing quote or b, coded): i is behind the quote that opens."""
    cdef bint coded
    coded = False
    while i < b and buf[i] != QUOTE:
        if buf[i] == BACKSLASH and i + 1 < b:
            coded = True
            i += 1
        i += 1
    return min(i, b), coded


cdef inline u64 _past_blanks(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    while i < b and buf[i] == BLANK:
        i += 1
    return i


cdef inline u64 _past_word(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """Behind what has no blank, semicolon or quote."""
    while i < b and buf[i] != BLANK and buf[i] != SEMICOLON and buf[i] != QUOTE:
        i += 1
    return i


cdef inline bint _is_pair(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """Whether i is at a key (which no digit or sign begins) and a quote behind blanks."""
    cdef u64 small, end
    if i >= b:
        return False
    small = buf[i] | 32
    if not (
        97 <= small <= 122 or buf[i] == UNDERSCORE or buf[i] >= 128
    ):
        return False
    end = _past_word(buf, i, b)
    i = _past_blanks(buf, end, b)
    return i > end and i < b and buf[i] == QUOTE


cdef inline bint _is_closed(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """Whether the quote before i ends a value: the field ends, a `;` follows, or a pair."""
    cdef u64 there
    there = _past_blanks(buf, i, b)
    if there >= b or buf[there] == SEMICOLON:
        return True
    return there > i and _is_pair(buf, there, b)


cdef inline bint _is_parted(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """Whether the `;` before i ends a value: what follows is an attribute, or nothing."""
    cdef u64 there
    i = _past_blanks(buf, i, b)
    if i < b and buf[i] == HASH:
        return True
    there = i
    while there < b and buf[there] != SEMICOLON and buf[there] != QUOTE:
        there += 1
    return there >= b or buf[there] == SEMICOLON or _is_pair(buf, i, b)


cdef inline (i64, u64, bint) _quotations(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """(their number, end, coded) of quotations and words that blanks part; i is at a quote.

    The number is 0 where a value is not that, as `"the "best" one"` is not.
    """
    cdef bint coded, more, closed
    cdef i64 parts
    cdef u64 begin, there
    parts, coded = 0, False
    while True:
        if buf[i] == QUOTE:
            i, more = _quotation(buf, i + 1, b)
            coded |= more
            if i >= b:
                return 0, i, coded
            i += 1
            closed = _is_closed(buf, i, b)
        else:
            begin, i = i, _past_word(buf, i, b)
            while begin < i:
                coded |= buf[begin] == BACKSLASH
                begin += 1
            there = _past_blanks(buf, i, b)
            closed = there >= b or buf[there] == SEMICOLON
        parts += 1
        if closed:
            return parts, i, coded
        if buf[i] != BLANK:
            return 0, i, coded
        i = _past_blanks(buf, i, b)


cdef inline (i64, u64, u64, u64, bint) _with_quotes(
    const u8[::1] buf, u64 value, u64 b,
) noexcept nogil:
    """As `_gtf_value`, of a value with quotes in it that nothing escapes.

    It ends at the first quote that closes it, or where a `;` outside of quotes parts it
    from the next attribute: it is then no quotation, but text as it is. Where an inner
    quote follows a `;` and a key, more likely the value's own quote was forgotten.
    """
    cdef bint forgotten, inside, coded
    cdef u64 i, end
    i = value + 1
    inside, coded, forgotten = True, False, False
    while i < b:
        if buf[i] == BACKSLASH and i + 1 < b:
            coded = True
            i += 1
        elif buf[i] == QUOTE:
            if _is_closed(buf, i + 1, b):
                if forgotten:
                    return OPEN, value, b, b, False
                return VALUE, value + 1, i, i + 1, coded
            inside = not inside
        elif buf[i] == SEMICOLON:
            if inside:
                forgotten |= _is_pair(buf, _past_blanks(buf, i + 1, b), b)
            elif _is_parted(buf, i + 1, b):
                break
        i += 1
    if inside:
        return OPEN, value, b, b, False
    end = i = min(i, b)
    while end > value and buf[end - 1] == BLANK:
        end -= 1
    return VALUE, value, end, i, coded


cdef inline (i64, u64, u64, u64, bint) _gtf_value(const u8[::1] buf, u64 i, u64 b) noexcept nogil:
    """As `_gff3_value`. A value is what it quotes, if it is one quotation; else as it is.

    A quotation may lack the semicolon behind it, and the backslashes before its quotes.
    """
    cdef bint coded
    cdef i64 parts
    cdef u64 value, end
    i = _past_blanks(buf, i, b)
    if i >= b or buf[i] == SEMICOLON:
        return NONE, i, i, i, False
    value = i
    if buf[i] == QUOTE:
        parts, end, coded = _quotations(buf, i, b)
        if parts == 0:
            return _with_quotes(buf, value, b)
        if parts == 1:
            return VALUE, value + 1, end - 1, end, coded
        return VALUE, value, end, end, coded
    coded = False
    while i < b and buf[i] != SEMICOLON:
        coded |= buf[i] == BACKSLASH
        i += 1
    end = i
    while end > value and buf[end - 1] == BLANK:
        end -= 1
    return VALUE, value, end, i, coded


cdef inline i64 _put_items(
    const u8[::1] buf, u64 value, u64 end, bint split, i64 owner, i64[::1] owners, i32[::1] begins,
    i32[::1] nexts, i64 m,
) noexcept nogil:
    """Append a value to a pool, or where `split`, what commas part it in."""
    cdef u64 begin
    begin = value
    if split:
        while value < end:
            if buf[value] == COMMA:
                owners[m], begins[m], nexts[m] = owner, begin, value + 1
                m += 1
                begin = value + 1
            value += 1
    owners[m], begins[m], nexts[m] = owner, begin, end + 1
    return m + 1


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


def split_attributes(
    const u8[::1] buf, const i32[::1] field_begins, const i32[::1] field_nexts, bint quoted,
    const u8[::1] keys, const i64[::1] bounds, const i32[::1] table, const u8[::1] kinds,
    const i32[::1] slots, i64 n_texts, i64 n_lists, bint rest,
):
    """Find keys in the attributes of rows: GTF's where `quoted`, else GFF3's.

    Key k is `keys[bounds[k] : bounds[k + 1]]`; `kinds[k]` says what becomes of it and
    `slots[k]` which text column or list column it is. Other keys are entries of the map
    where `rest`. Returns

    * texts: begins, nexts (int32), there (uint8), each (n_texts, rows), the first value
      of a key in a row, and a pool of those that repeat it, owned by `slot * rows + row`;
    * lists: there (n_lists, rows), and their items as `group` gives them, owned likewise;
    * the map: there (uint8 a row: 0 where the field is `.` or empty), offsets (rows + 1),
      the keys' begins and nexts, and a pool of items, owned by entries;
    * coded (uint8): which text columns, then list columns, then the map's keys, then its
      items, hold what `unescape` has to undo;
    * how many rows have open quotes (what follows is not read), the first one, and where.
    """
    cdef bint code, escaped
    cdef i64 k, many, n, size, longest, r, length, more, left, room, n_keys, n_more, n_list, n_item
    cdef i64 n_entry, n_open, open_row, open_at, status, kind, owner, entry, own
    cdef u64 s, value, key, room_mask, mask, i, b, last, p, q, h, at, key_end, end
    cdef u8 closing
    cdef Marks marks = marks_of(buf)
    cdef i32[::1] text_begins, text_nexts, entries, more_begins, more_nexts, list_begins, list_nexts, map_offsets
    cdef i32[::1] key_begins, key_nexts, item_begins, item_nexts, stamps, follow
    cdef i64[::1] more_owners, list_owners, item_owners
    cdef u8[::1] text_there, list_there, coded, map_there
    closing = QUOTE if quoted else COMMA
    with nogil:
        # The most items that there can be: one a row, and one behind each of these. So many as
        # there are bytes were 90 MB a group, fresh from the system each time: 0.3 ms of 2.
        n = len(field_begins)
        size = n
        longest = 0
        for r in range(n):
            length = count(buf, field_begins[r], field_nexts[r] - 1, SEMICOLON, closing)
            size += length
            longest = max(longest, length + 1)
    # Parts of three arrays, since each array more takes 1 us, where a dozen rows take as much
    # in all.
    more = size if n_texts > 0 else 0
    many = size if n_lists > 0 else 0
    left = size if rest else 0
    with nogil:
        # Entries of one row, by key: a slot holds for the row that it is stamped with.
        room = 4
        while rest and room < 2 * longest:
            room *= 2
    room_mask = <u64>(room - 1)
    n_keys = len(bounds) - 1
    own = n_texts * n
    cdef i32[::1] int32s = np.empty(
        2 * (own + more + many + left + left + room) + n_keys + 1, np.int32
    )
    cdef i64[::1] int64s = np.empty(more + many + left, np.int64)
    cdef u8[::1] flags = np.zeros(own + n_lists * n + n + n_texts + n_lists + 2, np.uint8)
    at = 0
    text_begins, at = int32s[at : at + own], at + own
    text_nexts, at = int32s[at : at + own], at + own
    more_begins, at = int32s[at : at + more], at + more
    more_nexts, at = int32s[at : at + more], at + more
    list_begins, at = int32s[at : at + many], at + many
    list_nexts, at = int32s[at : at + many], at + many
    key_begins, at = int32s[at : at + left], at + left
    key_nexts, at = int32s[at : at + left], at + left
    item_begins, at = int32s[at : at + left], at + left
    item_nexts, at = int32s[at : at + left], at + left
    stamps, at = int32s[at : at + room], at + room
    entries, at = int32s[at : at + room], at + room
    follow = int32s[at:]
    more_owners, list_owners = int64s[:more], int64s[more : more + many]
    item_owners = int64s[more + many :]
    text_there, list_there = flags[:own], flags[own : own + n_lists * n]
    at = own + n_lists * n
    map_there, coded = flags[at : at + n], flags[at + n :]
    map_offsets = np.zeros(n + 1, np.int32)
    # loops fill, since np.full and np.ones take 1 us each before they begin
    with nogil:
        for k in range(own):
            text_begins[k], text_nexts[k] = 0, 1
        for k in range(room):
            stamps[k] = -1
        for k in range(n_keys + 1):
            follow[k] = -1
        mask = <u64>(len(table) - 1)
        closing = BLANK if quoted else EQUAL
        n_more = n_list = n_item = n_entry = 0
        n_open = 0
        open_row, open_at = -1, -1
        for r in range(n):
            map_offsets[r + 1] = n_entry
            if field_nexts[r] - 1 <= field_begins[r]:
                continue
            i, b = field_begins[r], field_nexts[r] - 1
            if b - i == 1 and buf[i] == POINT:
                continue
            map_there[r] = 1
            last = n_keys
            if not quoted:
                seek(&marks, i, b, SEMICOLON, PERCENT)
            while True:
                while i < b and (buf[i] == BLANK or buf[i] == SEMICOLON):
                    i += 1
                if i >= b or (quoted and buf[i] == HASH):
                    break
                # the key
                key = i
                k = follow[last]
                if k >= 0:
                    p, q = bounds[k], bounds[k + 1]
                    while i < b and p < q and buf[i] == keys[p]:
                        i += 1
                        p += 1
                    if p < q or i >= b or buf[i] != closing:
                        k = -1
                code = False
                if k < 0:
                    i = key
                    while i < b and buf[i] != closing and buf[i] != SEMICOLON:
                        code |= buf[i] == PERCENT
                        i += 1
                    code &= not quoted
                    h = _hash(buf, key, i, code)
                    at = h & mask
                    while table[at] >= 0:
                        k = table[at]
                        if _is_key(buf, key, i, code, keys, bounds[k], bounds[k + 1]):
                            break
                        k = -1
                        at = (at + 1) & mask
                    if k >= 0 and not code:
                        follow[last] = k
                if k >= 0:
                    last = k
                key_end = i
                # its value
                if quoted:
                    status, value, end, i, escaped = _gtf_value(buf, i, b)
                else:
                    status, value, end, i, escaped = _gff3_value(buf, i, b, &marks)
                if status == OPEN:
                    if n_open == 0:
                        open_row, open_at = r, key
                    n_open += 1
                    break
                kind = <i64>kinds[k] if k >= 0 else REST
                if kind == TEXT:
                    s = slots[k]
                    at = s * <u64>n + <u64>r
                    if text_there[at] == 0:
                        text_there[at] = 1
                        text_begins[at] = value
                        text_nexts[at] = end + 1
                    else:
                        owner = <i64>slots[k] * n + r
                        n_more = _put_items(
                            buf, value, end, False, owner, more_owners, more_begins, more_nexts, n_more
                        )
                    coded[s] |= escaped
                elif kind == LIST:
                    s = slots[k]
                    list_there[s * <u64>n + <u64>r] = 1
                    coded[n_texts + s] |= escaped
                    if status == VALUE:
                        owner = <i64>slots[k] * n + r
                        n_list = _put_items(
                            buf, value, end, not quoted, owner, list_owners, list_begins, list_nexts,
                            n_list,
                        )
                elif kind == REST and rest:
                    at = _hash(buf, key, key_end, code) & room_mask
                    entry = -1
                    while stamps[at] == r:
                        entry = entries[at]
                        if _are_same(
                            buf, key, key_end, <u64>key_begins[entry],
                            <u64>key_nexts[entry] - 1, not quoted,
                        ):
                            break
                        entry = -1
                        at = (at + 1) & room_mask
                    if entry < 0:
                        entry = n_entry
                        stamps[at], entries[at] = r, entry
                        key_begins[n_entry], key_nexts[n_entry] = key, key_end + 1
                        n_entry += 1
                    coded[n_texts + n_lists] |= code
                    coded[n_texts + n_lists + 1] |= escaped
                    if status == VALUE:
                        n_item = _put_items(
                            buf, value, end, not quoted, entry, item_owners, item_begins, item_nexts,
                            n_item,
                        )
            map_offsets[r + 1] = n_entry
    small, large, bytes_ = int32s.base, int64s.base, flags.base
    at = 2 * own
    matrix = small[:at].reshape(2, n_texts, n)
    more_found = large[:n_more], small[at : at + n_more], small[at + more : at + more + n_more]
    at += 2 * more
    listed = _grouped(list_owners[:n_list], list_begins, list_nexts, n_lists * n)
    at += 2 * many
    keys_found = small[at : at + n_entry].copy(), small[at + left : at + left + n_entry].copy()
    at += 2 * left
    items = (
        large[more + many : more + many + n_item], small[at : at + n_item],
        small[at + left : at + left + n_item],
    )
    there = bytes_[: own + n_lists * n].reshape(n_texts + n_lists, n)
    at = own + n_lists * n
    return (
        (matrix[0], matrix[1], there[:n_texts]), more_found, there[n_texts:], listed,
        (bytes_[at : at + n], map_offsets.base, *keys_found), items, bytes_[at + n :],
        (n_open, open_row, open_at),
    )


def group(const i64[::1] owners, const i32[::1] begins, const i32[::1] nexts, i64 n_owners):
    """Sort items by owner, those of one in their order: (offsets int32, begins, nexts)."""
    return _grouped(owners, begins, nexts, n_owners)


cdef _grouped(
    const i64[::1] owners, const i32[::1] begins, const i32[::1] nexts, i64 n_owners
):
    cdef i64 m, j
    cdef u64 o, at
    cdef i32[::1] offsets, place, new_begins, new_nexts
    m = len(owners)
    offsets = np.zeros(n_owners + 1, np.int32)
    with nogil:
        for j in range(m):
            offsets[<u64>owners[j] + 1] += 1
        for j in range(n_owners):
            offsets[j + 1] += offsets[j]
    place = offsets.base.copy()
    new_begins, new_nexts = np.empty(m, np.int32), np.empty(m, np.int32)
    with nogil:
        for j in range(m):
            o = owners[j]
            at = place[o]
            new_begins[at], new_nexts[at] = begins[j], nexts[j]
            place[o] += 1
    return offsets.base, new_begins.base, new_nexts.base


def join(
    const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, const i32[::1] offsets,
    const i32[::1] more_begins, const i32[::1] more_nexts,
):
    """Texts with what repeats them behind, parted by commas: (text, begins, nexts).

    Text i is followed by items `offsets[i]` to `offsets[i + 1]`.
    """
    cdef i64 i, n, size, j
    cdef u64 to, a, b
    cdef i32[::1] new_begins, new_nexts
    cdef u8[::1] out
    with nogil:
        n = len(begins)
        size = n
        for i in range(n):
            size += nexts[i] - 1 - begins[i]
        for j in range(offsets[0], offsets[n]):
            size += more_nexts[j] - more_begins[j]
    out = np.empty(size, np.uint8)
    new_begins, new_nexts = np.empty(n, np.int32), np.empty(n, np.int32)
    with nogil:
        to = 0
        for i in range(n):
            new_begins[i] = to
            a, b = begins[i], nexts[i] - 1
            while a < b:
                out[to] = buf[a]
                a += 1
                to += 1
            for j in range(offsets[i], offsets[i + 1]):
                out[to] = COMMA
                to += 1
                a, b = more_begins[j], more_nexts[j] - 1
                while a < b:
                    out[to] = buf[a]
                    a += 1
                    to += 1
            out[to] = 0
            to += 1
            new_nexts[i] = to
    return out.base, new_begins.base, new_nexts.base


def unescape(const u8[::1] buf, const i32[::1] begins, const i32[::1] nexts, bint quoted):
    r"""Texts without escapes: (text, begins, nexts).

    GTF's (`quoted`) are `\"` and `\\`, GFF3's are `%41`; other backslashes and percent
    signs stay as they are.
    """
    cdef i64 n, size, i
    cdef u64 to, a, b, width
    cdef u8 byte
    cdef i32[::1] new_begins, new_nexts
    cdef u8[::1] out
    with nogil:
        n = len(begins)
        size = n
        for i in range(n):
            size += nexts[i] - 1 - begins[i]
    out = np.empty(size, np.uint8)
    new_begins, new_nexts = np.empty(n, np.int32), np.empty(n, np.int32)
    with nogil:
        to = 0
        for i in range(n):
            new_begins[i] = to
            a, b = begins[i], nexts[i] - 1
            while a < b:
                byte, width = buf[a], 1
                if quoted:
                    if byte == BACKSLASH and a + 1 < b:
                        if buf[a + 1] == QUOTE or buf[a + 1] == BACKSLASH:
                            byte, width = buf[a + 1], 2
                else:
                    byte, width = _percent(buf, a, b)
                out[to] = byte
                a += width
                to += 1
            out[to] = 0
            to += 1
            new_nexts[i] = to
    return out.base[:to].copy(), new_begins.base, new_nexts.base


# ── SAM ─────────────────────────────────────────────────────────────────────────────────────────


def split_tags(const u8[::1] buf, const i32[::1] field_begins, const i32[::1] field_nexts):
    """SAM's optional fields, `TAG:TYPE:VALUE` with tabs between them.

    Returns offsets (rows + 1), the tags' begins and nexts, the values' (`TYPE:VALUE`),
    and how many are of another form (they are left out), the first one's row, begin, end.
    """
    cdef i64 n, size, r, room, m, n_bad, bad_row, bad_begin, bad_end
    cdef u64 a, i, b
    cdef i32[::1] offsets, begins, nexts, key_begins, key_nexts
    with nogil:
        n = len(field_begins)
        size = n
        for r in range(n):
            size += max(field_nexts[r] - field_begins[r], 0)
        room = size // 6 + n  # the shortest is NM:Z: and a tab
    offsets = np.zeros(n + 1, np.int32)
    key_begins, key_nexts = np.empty(room, np.int32), np.empty(room, np.int32)
    begins, nexts = np.empty(room, np.int32), np.empty(room, np.int32)
    with nogil:
        m = n_bad = 0
        bad_row, bad_begin, bad_end = -1, -1, -1
        for r in range(n):
            if field_nexts[r] - 1 > field_begins[r]:
                i, b = field_begins[r], field_nexts[r] - 1
                while i <= b:
                    a = i
                    while i < b and buf[i] != TAB:
                        i += 1
                    if (
                        i - a >= 5
                        and buf[a + 2] == COLON
                        and buf[a + 4] == COLON
                    ):
                        key_begins[m], key_nexts[m] = a, a + 3
                        begins[m], nexts[m] = a + 3, i + 1
                        m += 1
                    else:
                        if n_bad == 0:
                            bad_row, bad_begin, bad_end = r, a, i
                        n_bad += 1
                    i += 1
            offsets[r + 1] = m
    return (
        offsets.base, key_begins.base[:m].copy(), key_nexts.base[:m].copy(), begins.base[:m].copy(),
        nexts.base[:m].copy(), (n_bad, bad_row, bad_begin, bad_end),
    )
