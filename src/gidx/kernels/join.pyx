"""Texts of columns joined within rows: the mirror image of `vcf` and `attributes`.

    items      1 2 | 3 | (none)           1,2   3   (empty)
    parts      AC=2   DB   (none)         AC=2;DB         what is missing is left out
    cells      0/1:14:.   1/1             GT:DP:PL, a tab between samples

As in `encode`, a column is a column of texts: text i is `data[offsets[i] : offsets[i + 1]]`
(offsets int64). Where something can be missing, `there[i]` (uint8) says whether it is not;
the text of what is missing is not looked at.

Lengths come first, so that each row's place is known; then column by column, each row with
a cursor of its own.
"""

import numpy as np

from gidx.kernels.common cimport n_digits
from gidx.kernels.letters cimport TAB, POINT, SLASH, ZERO, COLON, BAR
from gidx.kernels.types cimport i8, i32, i64, u8, u64

ctypedef fused allele:
    i8
    i32


cdef inline u64 _copy(const u8[::1] data, u64 a, u64 b, u64 to, u8[::1] out) noexcept nogil:
    """Put `data[a:b]` at `to`; returns where it ends."""
    while a < b:
        out[to] = data[a]
        to += 1
        a += 1
    return to


# ── texts ───────────────────────────────────────────────────────────────────────────────────────


cdef i64 _first_in(const i64[::1] offsets, const u8[::1] data, const u8[::1] table) noexcept nogil:
    cdef i64 k, n, i
    cdef u8 found
    n = len(offsets) - 1
    found = 0
    for k in range(offsets[0], offsets[n]):
        found |= table[data[k]]
    if found == 0:
        return -1
    for i in range(n):
        for k in range(offsets[i], offsets[i + 1]):
            if table[data[k]]:
                return i
    return -1


def first_in(const i64[::1] offsets, const u8[::1] data, const u8[::1] table):
    """The first text that has a byte which `table` (256 × uint8) marks; -1 for none."""
    cdef i64 found
    with nogil:
        found = _first_in(offsets, data, table)
    return found


def escape(
    const i64[::1] offsets, const u8[::1] data, const u8[::1] table, u8 mark, bint in_hex,
):
    """The texts with the byte `mark` before each byte that `table` marks: (offsets, data).

    With `in_hex`, the byte is two digits: `%41`.
    """
    cdef i64 k, n, marked, i
    cdef u64 to
    cdef u8 byte, high, low
    cdef i64[::1] bounds
    cdef u8[::1] out
    with nogil:
        n = len(offsets) - 1
        marked = 0
        for k in range(offsets[0], offsets[n]):
            marked += table[data[k]]
    out = np.empty(offsets[n] - offsets[0] + (1 + in_hex) * marked, np.uint8)
    bounds = np.empty(n + 1, np.int64)
    with nogil:
        bounds[0] = 0
        to = 0
        for i in range(n):
            for k in range(offsets[i], offsets[i + 1]):
                byte = data[k]
                if table[byte]:
                    out[to] = mark
                    to += 1
                    if in_hex:
                        high, low = <u8>(byte >> 4), <u8>(byte & 15)
                        out[to] = high + ZERO + (7 if high > 9 else 0)
                        to += 1
                        byte = low + ZERO + (7 if low > 9 else 0)
                out[to] = byte
                to += 1
            bounds[i + 1] = to
    return bounds.base, out.base


def fill(const i64[::1] offsets, const u8[::1] data, const u8[::1] there, u8 mark):
    """The texts, and the byte `mark` for what is missing: (offsets, data)."""
    cdef i64 n, i
    cdef u64 to
    cdef i64[::1] bounds
    cdef u8[::1] out
    n = len(offsets) - 1
    bounds = np.empty(n + 1, np.int64)
    with nogil:
        bounds[0] = 0
        for i in range(n):
            bounds[i + 1] = bounds[i] + (offsets[i + 1] - offsets[i] if there[i] else 1)
    out = np.empty(bounds[n], np.uint8)
    with nogil:
        for i in range(n):
            to = bounds[i]
            if there[i]:
                _copy(data, offsets[i], offsets[i + 1], to, out)
            else:
                out[to] = mark
    return bounds.base, out.base


def join_items(
    const i64[::1] offsets, const u8[::1] data, const i64[::1] bounds, const u8[::1] separator,
):
    """Texts `bounds[i]` to `bounds[i + 1]` as one, the separator between them: (offsets, data)."""
    cdef i64 i, n, size, a, b, k
    cdef u64 to, width
    cdef i64[::1] joined
    cdef u8[::1] out
    n = len(bounds) - 1
    size = <i64>len(separator)
    joined = np.empty(n + 1, np.int64)
    with nogil:
        joined[0] = 0
        for i in range(n):
            a, b = bounds[i], bounds[i + 1]
            joined[i + 1] = joined[i] + offsets[b] - offsets[a] + max(b - a - 1, 0) * size
    out = np.empty(joined[n], np.uint8)
    with nogil:
        width = size
        to = 0
        for i in range(n):
            for k in range(bounds[i], bounds[i + 1]):
                if k > bounds[i]:
                    to = _copy(separator, 0, width, to, out)
                to = _copy(data, offsets[k], offsets[k + 1], to, out)
    return joined.base, out.base


def join_pairs(
    const i64[::1] key_offsets, const u8[::1] keys, const i64[::1] offsets, const u8[::1] data,
    const u8[::1] there, const u8[::1] between,
):
    """Each key and its text with `between` between them, or the key alone: (offsets, data)."""
    cdef i64 n, i
    cdef u64 width, to
    cdef i64[::1] joined
    cdef u8[::1] out
    n = len(offsets) - 1
    width = <u64>len(between)
    joined = np.empty(n + 1, np.int64)
    with nogil:
        joined[0] = 0
        for i in range(n):
            joined[i + 1] = joined[i] + key_offsets[i + 1] - key_offsets[i]
            if there[i]:
                joined[i + 1] += <i64>width + offsets[i + 1] - offsets[i]
    out = np.empty(joined[n], np.uint8)
    with nogil:
        to = 0
        for i in range(n):
            to = _copy(keys, key_offsets[i], key_offsets[i + 1], to, out)
            if there[i]:
                to = _copy(between, 0, width, to, out)
                to = _copy(data, offsets[i], offsets[i + 1], to, out)
    return joined.base, out.base


# ── parts of a row that may be missing ──────────────────────────────────────────────────────────


def add_parts(
    const i64[::1] offsets, const u8[::1] there, i64 extra, i64 separator, u8[::1] begun,
    i64[::1] lengths,
):
    """Add a column's parts to the rows' lengths: `extra` and, if one came before, `separator`."""
    cdef i64 i
    with nogil:
        for i in range(len(lengths)):
            if there[i]:
                lengths[i] += offsets[i + 1] - offsets[i] + extra
                if begun[i]:
                    lengths[i] += separator
                begun[i] = 1


def put_parts(
    const i64[::1] offsets, const u8[::1] data, const u8[::1] there, const u8[::1] before,
    const u8[::1] behind, const u8[::1] separator, const i64[::1] begins, i64[::1] cursor,
    u8[::1] out,
):
    """Write a column's parts at the rows' cursors, `before` and `behind` around each.

    `begins[i]` is where row i begins: a part that does not stand there has the separator
    before it.
    """
    cdef i64 i
    cdef u64 zero, n_before, n_behind, n_separator, to
    with nogil:
        zero = 0
        n_before, n_behind = <u64>len(before), <u64>len(behind)
        n_separator = <u64>len(separator)
        for i in range(len(cursor)):
            if there[i]:
                to = cursor[i]
                if cursor[i] > begins[i]:
                    to = _copy(separator, zero, n_separator, to, out)
                to = _copy(before, zero, n_before, to, out)
                to = _copy(data, offsets[i], offsets[i + 1], to, out)
                cursor[i] = _copy(behind, zero, n_behind, to, out)


# ── samples ─────────────────────────────────────────────────────────────────────────────────────
#
# Cells are (rows, samples), row by row. FORMAT is the keys k that have `has[k, row]`; a
# cell ends with its last value that is there, but has the first in any case.


def note_cells(
    const u8[::1] there, const u8[::1] has, i64 width, i64 k, i32[::1] first, i32[::1] last,
):
    """Note which key is each row's first, and which each cell's last that is there."""
    cdef i64 c, i, _
    with nogil:
        c = 0
        for i in range(len(has)):
            if has[i]:
                if first[i] < 0:
                    first[i] = k
                for _ in range(width):
                    if there[c]:
                        last[c] = k
                    c += 1
            else:
                c += width


def add_cells(
    const i64[::1] offsets, const u8[::1] there, const u8[::1] has, i64 width, i64 k,
    const i32[::1] first, const i32[::1] last, i64[::1] lengths,
):
    """Add a key's values, `.` for a missing one, to the cells that reach as far."""
    cdef bint lead
    cdef i64 c, i, _, size
    with nogil:
        c = 0
        for i in range(len(has)):
            if has[i]:
                lead = first[i] == k
                for _ in range(width):
                    if lead or k <= last[c]:
                        size = offsets[c + 1] - offsets[c] if there[c] else 1
                        lengths[c] += size if lead else size + 1
                    c += 1
            else:
                c += width


def put_cells(
    const i64[::1] offsets, const u8[::1] data, const u8[::1] there, const u8[::1] has, i64 width,
    i64 k, const i32[::1] first, const i32[::1] last, i64[::1] cursor, u8[::1] out,
):
    """Write what `add_cells` added, at the cells' cursors."""
    cdef bint lead
    cdef i64 c, i, _
    cdef u64 to
    with nogil:
        c = 0
        for i in range(len(has)):
            if has[i]:
                lead = first[i] == k
                for _ in range(width):
                    if lead or k <= last[c]:
                        to = cursor[c]
                        if not lead:
                            out[to] = COLON
                            to += 1
                        if there[c]:
                            to = _copy(data, offsets[c], offsets[c + 1], to, out)
                        else:
                            out[to] = POINT
                            to += 1
                        cursor[c] = to
                    c += 1
            else:
                c += width


def place_cells(const i64[::1] lengths, const i32[::1] first, i64 width):
    """Where cells begin, a tab between those of a row, and where rows do (rows + 1).

    A row without keys has a `.` in each cell, which is to be written.
    """
    cdef i64 n, at, c, i, j
    cdef i64[::1] rows, begins
    n = len(first)
    begins = np.empty(n * width, np.int64)
    rows = np.empty(n + 1, np.int64)
    with nogil:
        rows[0] = 0
        at = 0
        c = 0
        for i in range(n):
            for j in range(width):
                at += j > 0
                begins[c] = at
                at += lengths[c] if first[i] >= 0 else 1
                c += 1
            rows[i + 1] = at
    return begins.base, rows.base


def part_cells(const i64[::1] begins, const i32[::1] first, i64 width, u8[::1] out):
    """Write the tabs between cells, and the `.` of rows without keys."""
    cdef i64 c, i, j
    with nogil:
        c = 0
        for i in range(len(first)):
            for j in range(width):
                if j > 0:
                    out[<u64>begins[c] - 1] = TAB
                if first[i] < 0:
                    out[<u64>begins[c]] = POINT
                c += 1


cdef i64 _genotypes_room(
    const i64[::1] offsets, const allele[::1] alleles, const u8[::1] there
) noexcept nogil:
    """The most bytes that genotypes need as texts."""
    cdef i64 i, k, size, most = 3 * (len(offsets) - 1)
    for i in range(len(offsets) - 1):
        if there[i]:
            most += (offsets[i + 1] - offsets[i]) * 2
    for k in range(offsets[0], offsets[len(offsets) - 1]):
        size = alleles[k]
        while size >= 10:
            most += 1
            size //= 10
    return most


cdef u64 _put_genotypes(
    const i64[::1] offsets, const allele[::1] alleles, const u8[::1] called,
    const u8[::1] phased, const u8[::1] there, bint leading, i64[::1] bounds, u8[::1] out,
) noexcept nogil:
    cdef i64 i, size
    cdef u64 to = 0, k, a, b, at
    cdef u8 mark
    bounds[0] = 0
    for i in range(len(offsets) - 1):
        if there[i]:
            a, b = offsets[i], offsets[i + 1]
            mark = BAR if phased[i] else SLASH
            if a == b:
                out[to] = POINT
                to += 1
            elif leading and b - a == 1 and phased[i]:
                out[to] = BAR
                to += 1
            for k in range(a, b):
                if k > a:
                    out[to] = mark
                    to += 1
                if called[k] == 0:
                    out[to] = POINT
                    to += 1
                elif alleles[k] < 10:
                    out[to] = <u8>alleles[k] + ZERO
                    to += 1
                else:
                    size = alleles[k]
                    at = to = to + n_digits(size)
                    while size > 0:
                        at -= 1
                        out[at] = <u8>(ZERO + size % 10)
                        size //= 10
        bounds[i + 1] = to
    return to


def format_genotypes(
    const i64[::1] offsets, const allele[::1] alleles, const u8[::1] called,
    const u8[::1] phased, const u8[::1] there, bint leading,
):
    """Genotypes as texts: (offsets, data). The mirror image of `vcf.genotypes`.

    Alleles are parted by | where `phased`, else by /. A lone allele has nothing to be
    parted from: where `leading`, its bar stands before it. One without alleles is `.`.
    They are int8 or int32.
    """
    cdef i64 room
    cdef u64 to
    cdef i64[::1] bounds = np.empty(len(offsets), np.int64)
    cdef u8[::1] out
    with nogil:
        room = _genotypes_room(offsets, alleles, there)
    out = np.empty(room, np.uint8)
    with nogil:
        to = _put_genotypes(offsets, alleles, called, phased, there, leading, bounds, out)
    return bounds.base, out.base[:to].copy()
