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
by their owners. Bounds are as in fields.py: text i is `buf[begins[i] : nexts[i] - 1]`.
Escapes are found here, and only undone (`unescape`) in columns that have some.

Keys mostly follow each other in the same order row after row, so the key that came
after the last one before is tried first; one that differs is looked up by its hash.

Byte by byte, because eight at a time (unaligned words, and the place of the first zero
byte) took no less: 540 ns a row of 9 attributes, with them 700 ns.
"""

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

# What becomes of a key: nothing, a text, a list of texts, an entry of the map.
SKIP, TEXT, LIST, REST = 0, 1, 2, 3
# What a key has: no value, a value, one whose quotes are not closed.
NONE, VALUE, OPEN = 0, 1, 2

# Unsigned indices: see records.py.
U0, U1, U2, U3 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
BLANK, QUOTE, HASH, PERCENT = np.uint8(32), np.uint8(34), np.uint8(35), np.uint8(37)
COMMA, POINT, SEMICOLON, EQUAL = np.uint8(44), np.uint8(46), np.uint8(59), np.uint8(61)
BACKSLASH, TAB, COLON, UNDERSCORE = np.uint8(92), np.uint8(9), np.uint8(58), np.uint8(95)


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


@helper
def _digit(c):
    """What a hexadecimal digit is worth; 16 for what is none."""
    if np.uint8(48) <= c <= np.uint8(57):
        return np.uint8(c - np.uint8(48))
    small = c | np.uint8(32)
    if np.uint8(97) <= small <= np.uint8(102):
        return np.uint8(small - np.uint8(87))
    return np.uint8(16)


@helper
def _percent(buf, i, b):
    """(byte, width) at i of `buf[:b]`: `%41` is one byte, a lone `%` is itself."""
    if buf[i] == PERCENT and i + U2 < b:
        high, low = _digit(buf[i + U1]), _digit(buf[i + U2])
        if high < 16 and low < 16:
            return np.uint8(high * np.uint8(16) + low), U3
    return buf[i], U1


@helper
def _hash(buf, a, b, coded):
    """FNV-1a, of the decoded text where `coded`."""
    h = np.uint64(0xCBF29CE484222325)
    while a < b:
        byte, width = buf[a], U1
        if coded:
            byte, width = _percent(buf, a, b)
        h = (h ^ np.uint64(byte)) * np.uint64(0x100000001B3)
        a += width
    return h ^ (h >> np.uint64(32))


@helper
def _is_key(buf, a, b, coded, keys, p, q):
    """Whether `buf[a:b]`, decoded where `coded`, is `keys[p:q]`."""
    if not coded and b - a != q - p:
        return False
    while a < b and p < q:
        byte, width = buf[a], U1
        if coded:
            byte, width = _percent(buf, a, b)
        if byte != keys[p]:
            return False
        a += width
        p += U1
    return a == b and p == q


@helper
def _are_same(buf, a, b, c, d, coded):
    """Whether `buf[a:b]` is `buf[c:d]`, both decoded where `coded`."""
    while a < b and c < d:
        one, two, width, other = buf[a], buf[c], U1, U1
        if coded:
            one, width = _percent(buf, a, b)
            two, other = _percent(buf, c, d)
        if one != two:
            return False
        a += width
        c += other
    return a == b and c == d


@kernel
def hash_keys(keys, bounds):
    """A table to look keys up in: their numbers, -1 where it is free."""
    n = len(bounds) - 1
    size = 4
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    for k in range(n):
        at = _hash(keys, bounds[k], bounds[k + 1], False) & mask
        while table[at] >= 0:
            at = (at + U1) & mask
        table[at] = k
    return table


# ── values ──────────────────────────────────────────────────────────────────────────────────────


@helper
def _gff3_value(buf, i, b):
    """(status, value, end, stop, coded): i is behind the key."""
    if i >= b or buf[i] != EQUAL:
        return NONE, i, i, i, False
    i += U1
    value = i
    coded = False
    while i < b and buf[i] != SEMICOLON:
        coded |= buf[i] == PERCENT
        i += U1
    return VALUE, value, i, i, coded


@helper
def _quotation(buf, i, b):
    """(closing quote or b, coded): i is behind the quote that opens."""
    coded = False
    while i < b and buf[i] != QUOTE:
        if buf[i] == BACKSLASH and i + U1 < b:
            coded = True
            i += U1
        i += U1
    return min(i, b), coded


@helper
def _past_blanks(buf, i, b):
    while i < b and buf[i] == BLANK:
        i += U1
    return i


@helper
def _past_word(buf, i, b):
    """Behind what has no blank, semicolon or quote."""
    while i < b and buf[i] != BLANK and buf[i] != SEMICOLON and buf[i] != QUOTE:
        i += U1
    return i


@helper
def _is_pair(buf, i, b):
    """Whether i is at a key (which no digit or sign begins) and a quote behind blanks."""
    if i >= b:
        return False
    small = buf[i] | np.uint8(32)
    if not (
        np.uint8(97) <= small <= np.uint8(122) or buf[i] == UNDERSCORE or buf[i] >= np.uint8(128)
    ):
        return False
    end = _past_word(buf, i, b)
    i = _past_blanks(buf, end, b)
    return i > end and i < b and buf[i] == QUOTE


@helper
def _is_closed(buf, i, b):
    """Whether the quote before i ends a value: the field ends, a `;` follows, or a pair."""
    there = _past_blanks(buf, i, b)
    if there >= b or buf[there] == SEMICOLON:
        return True
    return there > i and _is_pair(buf, there, b)


@helper
def _is_parted(buf, i, b):
    """Whether the `;` before i ends a value: what follows is an attribute, or nothing."""
    i = _past_blanks(buf, i, b)
    if i < b and buf[i] == HASH:
        return True
    there = i
    while there < b and buf[there] != SEMICOLON and buf[there] != QUOTE:
        there += U1
    return there >= b or buf[there] == SEMICOLON or _is_pair(buf, i, b)


@helper
def _quotations(buf, i, b):
    """(their number, end, coded) of quotations and words that blanks part; i is at a quote.

    The number is 0 where a value is not that, as `"the "best" one"` is not.
    """
    parts, coded = 0, False
    while True:
        if buf[i] == QUOTE:
            i, more = _quotation(buf, i + U1, b)
            coded |= more
            if i >= b:
                return 0, i, coded
            i += U1
            closed = _is_closed(buf, i, b)
        else:
            begin, i = i, _past_word(buf, i, b)
            while begin < i:
                coded |= buf[begin] == BACKSLASH
                begin += U1
            there = _past_blanks(buf, i, b)
            closed = there >= b or buf[there] == SEMICOLON
        parts += 1
        if closed:
            return parts, i, coded
        if buf[i] != BLANK:
            return 0, i, coded
        i = _past_blanks(buf, i, b)


@helper
def _with_quotes(buf, value, b):
    """As `_gtf_value`, of a value with quotes in it that nothing escapes.

    It ends at the first quote that closes it, or where a `;` outside of quotes parts it
    from the next attribute: it is then no quotation, but text as it is. Where an inner
    quote follows a `;` and a key, more likely the value's own quote was forgotten.
    """
    i = value + U1
    inside, coded, forgotten = True, False, False
    while i < b:
        if buf[i] == BACKSLASH and i + U1 < b:
            coded = True
            i += U1
        elif buf[i] == QUOTE:
            if _is_closed(buf, i + U1, b):
                if forgotten:
                    return OPEN, value, b, b, False
                return VALUE, value + U1, i, i + U1, coded
            inside = not inside
        elif buf[i] == SEMICOLON:
            if inside:
                forgotten |= _is_pair(buf, _past_blanks(buf, i + U1, b), b)
            elif _is_parted(buf, i + U1, b):
                break
        i += U1
    if inside:
        return OPEN, value, b, b, False
    end = i = min(i, b)
    while end > value and buf[end - U1] == BLANK:
        end -= U1
    return VALUE, value, end, i, coded


@helper
def _gtf_value(buf, i, b):
    """As `_gff3_value`. A value is what it quotes, if it is one quotation; else as it is.

    A quotation may lack the semicolon behind it, and the backslashes before its quotes.
    """
    i = _past_blanks(buf, i, b)
    if i >= b or buf[i] == SEMICOLON:
        return NONE, i, i, i, False
    value = i
    if buf[i] == QUOTE:
        parts, end, coded = _quotations(buf, i, b)
        if parts == 0:
            return _with_quotes(buf, value, b)
        if parts == 1:
            return VALUE, value + U1, end - U1, end, coded
        return VALUE, value, end, end, coded
    coded = False
    while i < b and buf[i] != SEMICOLON:
        coded |= buf[i] == BACKSLASH
        i += U1
    end = i
    while end > value and buf[end - U1] == BLANK:
        end -= U1
    return VALUE, value, end, i, coded


@helper
def _put_items(buf, value, end, split, owner, owners, begins, nexts, m):
    """Append a value to a pool, or where `split`, what commas part it in."""
    begin = value
    if split:
        while value < end:
            if buf[value] == COMMA:
                owners[m], begins[m], nexts[m] = owner, begin, value + U1
                m += 1
                begin = value + U1
            value += U1
    owners[m], begins[m], nexts[m] = owner, begin, end + U1
    return m + 1


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


@kernel
def split_attributes(
    buf, field_begins, field_nexts, quoted, keys, bounds, table, kinds, slots, n_texts, n_lists,
    rest,
):  # fmt: skip
    """Find keys in the attributes of rows: GTF's where `quoted`, else GFF3's.

    Key k is `keys[bounds[k] : bounds[k + 1]]`; `kinds[k]` says what becomes of it and
    `slots[k]` which text column or list column it is. Other keys are entries of the map
    where `rest`. Returns

    * texts: begins, nexts (int32), there (uint8), each (n_texts, rows), the first value
      of a key in a row, and a pool of those that repeat it, owned by `slot * rows + row`;
    * lists: there (n_lists, rows), and a pool of items, owned likewise;
    * the map: there (uint8 a row: 0 where the field is `.` or empty), offsets (rows + 1),
      the keys' begins and nexts, and a pool of items, owned by entries;
    * coded (uint8): which text columns, then list columns, then the map's keys, then its
      items, hold what `unescape` has to undo;
    * how many rows have open quotes (what follows is not read), the first one, and where.
    """
    n = len(field_begins)
    size = np.int64(n)
    longest = np.int64(0)
    for r in range(n):
        length = max(np.int64(field_nexts[r]) - 1 - np.int64(field_begins[r]), 0)
        size += length
        longest = max(longest, length)
    # The most there can be: pages that are not written cost nothing.
    text_begins = np.zeros((n_texts, n), np.int32)
    text_nexts = np.ones((n_texts, n), np.int32)
    text_there = np.zeros((n_texts, n), np.uint8)
    more = size if n_texts > 0 else 0
    more_owners, more_begins = np.empty(more, np.int64), np.empty(more, np.int32)
    more_nexts = np.empty(more, np.int32)
    list_there = np.zeros((n_lists, n), np.uint8)
    many = size if n_lists > 0 else 0
    list_owners, list_begins = np.empty(many, np.int64), np.empty(many, np.int32)
    list_nexts = np.empty(many, np.int32)
    left = size if rest else 0
    map_there = np.zeros(n, np.uint8)
    map_offsets = np.zeros(n + 1, np.int32)
    key_begins, key_nexts = np.empty(left, np.int32), np.empty(left, np.int32)
    item_owners, item_begins = np.empty(left, np.int64), np.empty(left, np.int32)
    item_nexts = np.empty(left, np.int32)
    coded = np.zeros(n_texts + n_lists + 2, np.uint8)
    # Entries of one row, by key: a slot holds for the row that it is stamped with.
    room = 4
    while rest and room < longest:
        room *= 2
    stamps, entries = np.full(room, -1, np.int32), np.empty(room, np.int32)
    room_mask = np.uint64(room - 1)

    n_keys = len(bounds) - 1
    follow = np.full(n_keys + 1, -1, np.int32)
    mask = np.uint64(len(table) - 1)
    closing = BLANK if quoted else EQUAL
    n_more = n_list = n_item = n_entry = 0
    n_open = 0
    open_row, open_at = np.int64(-1), np.int64(-1)
    for r in range(n):
        map_offsets[r + 1] = n_entry
        if field_nexts[r] - 1 <= field_begins[r]:
            continue
        i, b = np.uint64(field_begins[r]), np.uint64(field_nexts[r]) - U1
        if b - i == U1 and buf[i] == POINT:
            continue
        map_there[r] = 1
        last = np.uint64(n_keys)
        while True:
            while i < b and (buf[i] == BLANK or buf[i] == SEMICOLON):
                i += U1
            if i >= b or (quoted and buf[i] == HASH):
                break
            # the key
            key = i
            k = np.int64(follow[last])
            if k >= 0:
                p, q = bounds[k], bounds[k + 1]
                while i < b and p < q and buf[i] == keys[p]:
                    i += U1
                    p += U1
                if p < q or i >= b or buf[i] != closing:
                    k = np.int64(-1)
            code = False
            if k < 0:
                i = key
                while i < b and buf[i] != closing and buf[i] != SEMICOLON:
                    code |= buf[i] == PERCENT
                    i += U1
                code &= not quoted
                h = _hash(buf, key, i, code)
                at = h & mask
                while table[at] >= 0:
                    k = np.int64(table[at])
                    if _is_key(buf, key, i, code, keys, bounds[k], bounds[k + 1]):
                        break
                    k = np.int64(-1)
                    at = (at + U1) & mask
                if k >= 0 and not code:
                    follow[last] = k
            if k >= 0:
                last = np.uint64(k)
            key_end = i
            # its value
            if quoted:
                status, value, end, i, escaped = _gtf_value(buf, i, b)
            else:
                status, value, end, i, escaped = _gff3_value(buf, i, b)
            if status == OPEN:
                if n_open == 0:
                    open_row, open_at = np.int64(r), np.int64(key)
                n_open += 1
                break
            kind = np.int64(kinds[k]) if k >= 0 else REST
            if kind == TEXT:
                s = np.uint64(slots[k])
                if text_there[s, np.uint64(r)] == 0:
                    text_there[s, np.uint64(r)] = 1
                    text_begins[s, np.uint64(r)] = value
                    text_nexts[s, np.uint64(r)] = end + U1
                else:
                    owner = np.int64(slots[k]) * n + r
                    n_more = _put_items(
                        buf, value, end, False, owner, more_owners, more_begins, more_nexts, n_more
                    )
                coded[s] |= escaped
            elif kind == LIST:
                s = np.uint64(slots[k])
                list_there[s, np.uint64(r)] = 1
                coded[np.uint64(n_texts) + s] |= escaped
                if status == VALUE:
                    owner = np.int64(slots[k]) * n + r
                    n_list = _put_items(
                        buf, value, end, not quoted, owner, list_owners, list_begins, list_nexts,
                        n_list,
                    )  # fmt: skip
            elif kind == REST and rest:
                at = _hash(buf, key, key_end, code) & room_mask
                entry = np.int64(-1)
                while stamps[at] == r:
                    entry = np.int64(entries[at])
                    if _are_same(
                        buf, key, key_end, np.uint64(key_begins[entry]),
                        np.uint64(key_nexts[entry]) - U1, not quoted,
                    ):  # fmt: skip
                        break
                    entry = np.int64(-1)
                    at = (at + U1) & room_mask
                if entry < 0:
                    entry = np.int64(n_entry)
                    stamps[at], entries[at] = r, entry
                    key_begins[n_entry], key_nexts[n_entry] = key, key_end + U1
                    n_entry += 1
                coded[n_texts + n_lists] |= code
                coded[n_texts + n_lists + 1] |= escaped
                if status == VALUE:
                    n_item = _put_items(
                        buf, value, end, not quoted, entry, item_owners, item_begins, item_nexts,
                        n_item,
                    )  # fmt: skip
        map_offsets[r + 1] = n_entry
    return (
        (text_begins, text_nexts, text_there),
        (more_owners[:n_more], more_begins[:n_more], more_nexts[:n_more]),
        list_there,
        (list_owners[:n_list], list_begins[:n_list], list_nexts[:n_list]),
        (map_there, map_offsets, key_begins[:n_entry].copy(), key_nexts[:n_entry].copy()),
        (item_owners[:n_item], item_begins[:n_item], item_nexts[:n_item]),
        coded,
        (n_open, open_row, open_at),
    )


@kernel
def group(owners, begins, nexts, n_owners):
    """Sort items by owner, those of one in their order: (offsets int32, begins, nexts)."""
    m = len(owners)
    offsets = np.zeros(n_owners + 1, np.int32)
    for j in range(m):
        offsets[np.uint64(owners[j]) + U1] += 1
    for o in range(n_owners):
        offsets[np.uint64(o) + U1] += offsets[np.uint64(o)]
    place = offsets.copy()
    new_begins, new_nexts = np.empty(m, np.int32), np.empty(m, np.int32)
    for j in range(m):
        o = np.uint64(owners[j])
        at = np.uint64(place[o])
        new_begins[at], new_nexts[at] = begins[j], nexts[j]
        place[o] += 1
    return offsets, new_begins, new_nexts


@kernel
def join(buf, begins, nexts, offsets, more_begins, more_nexts):
    """Texts with what repeats them behind, parted by commas: (text, begins, nexts).

    Text i is followed by items `offsets[i]` to `offsets[i + 1]`.
    """
    n = len(begins)
    size = np.int64(n)
    for i in range(n):
        size += np.int64(nexts[i]) - 1 - np.int64(begins[i])
    for j in range(np.int64(offsets[0]), np.int64(offsets[n])):
        size += np.int64(more_nexts[j]) - np.int64(more_begins[j])
    out = np.empty(size, np.uint8)
    new_begins, new_nexts = np.empty(n, np.int32), np.empty(n, np.int32)
    to = U0
    for i in range(n):
        new_begins[i] = to
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        while a < b:
            out[to] = buf[a]
            a += U1
            to += U1
        for j in range(np.int64(offsets[i]), np.int64(offsets[i + 1])):
            out[to] = COMMA
            to += U1
            a, b = np.uint64(more_begins[j]), np.uint64(more_nexts[j]) - U1
            while a < b:
                out[to] = buf[a]
                a += U1
                to += U1
        out[to] = 0
        to += U1
        new_nexts[i] = to
    return out, new_begins, new_nexts


@kernel
def unescape(buf, begins, nexts, quoted):
    r"""Texts without escapes: (text, begins, nexts).

    GTF's (`quoted`) are `\"` and `\\`, GFF3's are `%41`; other backslashes and percent
    signs stay as they are.
    """
    n = len(begins)
    size = np.int64(n)
    for i in range(n):
        size += np.int64(nexts[i]) - 1 - np.int64(begins[i])
    out = np.empty(size, np.uint8)
    new_begins, new_nexts = np.empty(n, np.int32), np.empty(n, np.int32)
    to = U0
    for i in range(n):
        new_begins[i] = to
        a, b = np.uint64(begins[i]), np.uint64(nexts[i]) - U1
        while a < b:
            byte, width = buf[a], U1
            if quoted:
                if byte == BACKSLASH and a + U1 < b:
                    if buf[a + U1] == QUOTE or buf[a + U1] == BACKSLASH:
                        byte, width = buf[a + U1], U2
            else:
                byte, width = _percent(buf, a, b)
            out[to] = byte
            a += width
            to += U1
        out[to] = 0
        to += U1
        new_nexts[i] = to
    return out[: np.int64(to)].copy(), new_begins, new_nexts


# ── SAM ─────────────────────────────────────────────────────────────────────────────────────────


@kernel
def split_tags(buf, field_begins, field_nexts):
    """SAM's optional fields, `TAG:TYPE:VALUE` with tabs between them.

    Returns offsets (rows + 1), the tags' begins and nexts, the values' (`TYPE:VALUE`),
    and how many are of another form (they are left out), the first one's row, begin, end.
    """
    n = len(field_begins)
    size = np.int64(n)
    for r in range(n):
        size += max(np.int64(field_nexts[r]) - np.int64(field_begins[r]), 0)
    room = size // 6 + n  # the shortest is NM:Z: and a tab
    offsets = np.zeros(n + 1, np.int32)
    key_begins, key_nexts = np.empty(room, np.int32), np.empty(room, np.int32)
    begins, nexts = np.empty(room, np.int32), np.empty(room, np.int32)
    m = n_bad = 0
    bad_row, bad_begin, bad_end = np.int64(-1), np.int64(-1), np.int64(-1)
    for r in range(n):
        if field_nexts[r] - 1 > field_begins[r]:
            i, b = np.uint64(field_begins[r]), np.uint64(field_nexts[r]) - U1
            while i <= b:
                a = i
                while i < b and buf[i] != TAB:
                    i += U1
                if (
                    i - a >= np.uint64(5)
                    and buf[a + U2] == COLON
                    and buf[a + np.uint64(4)] == COLON
                ):
                    key_begins[m], key_nexts[m] = a, a + U3
                    begins[m], nexts[m] = a + U3, i + U1
                    m += 1
                else:
                    if n_bad == 0:
                        bad_row, bad_begin, bad_end = np.int64(r), np.int64(a), np.int64(i)
                    n_bad += 1
                i += U1
        offsets[r + 1] = m
    return (
        offsets, key_begins[:m].copy(), key_nexts[:m].copy(), begins[:m].copy(),
        nexts[:m].copy(), (n_bad, bad_row, bad_begin, bad_end),
    )  # fmt: skip
