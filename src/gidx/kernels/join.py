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

from __future__ import annotations

import numpy as np

from gidx.kernels.jit import helper, kernel

U1, U2, U3 = np.uint64(1), np.uint64(2), np.uint64(3)
PERCENT, TAB, COLON, DOT = (np.uint8(c) for c in b"%\t:.")
SLASH, BAR, ZERO = (np.uint8(c) for c in b"/|0")


@helper
def _copy(data, a, b, to, out):
    """Put `data[a:b]` at `to`; returns where it ends."""
    while a < b:
        out[to] = data[a]
        to += U1
        a += U1
    return to


# ── texts ───────────────────────────────────────────────────────────────────────────────────────


@kernel
def first_in(offsets, data, table):
    """The first text that has a byte which `table` (256 × uint8) marks; -1 for none."""
    n = len(offsets) - 1
    found = np.uint8(0)
    for k in range(np.uint64(offsets[0]), np.uint64(offsets[n])):
        found |= table[data[k]]
    if found == 0:
        return -1
    for i in range(n):
        for k in range(np.uint64(offsets[i]), np.uint64(offsets[i + 1])):
            if table[data[k]]:
                return i
    return -1


@kernel
def escape(offsets, data, table):
    """The texts with `%41` for each byte that `table` marks: (offsets, data)."""
    n = len(offsets) - 1
    marked = 0
    for k in range(np.uint64(offsets[0]), np.uint64(offsets[n])):
        marked += table[data[k]]
    out = np.empty(offsets[n] - offsets[0] + 2 * marked, np.uint8)
    bounds = np.empty(n + 1, np.int64)
    bounds[0] = 0
    to = np.uint64(0)
    for i in range(n):
        for k in range(np.uint64(offsets[i]), np.uint64(offsets[i + 1])):
            byte = data[k]
            if table[byte]:
                high, low = np.uint8(byte >> 4), np.uint8(byte & 15)
                out[to] = PERCENT
                out[to + U1] = high + ZERO + (np.uint8(7) if high > 9 else np.uint8(0))
                out[to + U2] = low + ZERO + (np.uint8(7) if low > 9 else np.uint8(0))
                to += U3
            else:
                out[to] = byte
                to += U1
        bounds[i + 1] = np.int64(to)
    return bounds, out


@kernel
def put_before(offsets, data, table, mark):
    """The texts with the byte `mark` before each byte that `table` marks: (offsets, data)."""
    n = len(offsets) - 1
    marked = 0
    for k in range(np.uint64(offsets[0]), np.uint64(offsets[n])):
        marked += table[data[k]]
    out = np.empty(offsets[n] - offsets[0] + marked, np.uint8)
    bounds = np.empty(n + 1, np.int64)
    bounds[0] = 0
    to = np.uint64(0)
    for i in range(n):
        for k in range(np.uint64(offsets[i]), np.uint64(offsets[i + 1])):
            if table[data[k]]:
                out[to] = mark
                to += U1
            out[to] = data[k]
            to += U1
        bounds[i + 1] = np.int64(to)
    return bounds, out


@kernel
def fill(offsets, data, there, mark):
    """The texts, and the byte `mark` for what is missing: (offsets, data)."""
    n = len(offsets) - 1
    bounds = np.empty(n + 1, np.int64)
    bounds[0] = 0
    for i in range(n):
        bounds[i + 1] = bounds[i] + (offsets[i + 1] - offsets[i] if there[i] else 1)
    out = np.empty(bounds[n], np.uint8)
    for i in range(n):
        to = np.uint64(bounds[i])
        if there[i]:
            _copy(data, np.uint64(offsets[i]), np.uint64(offsets[i + 1]), to, out)
        else:
            out[to] = mark
    return bounds, out


@kernel
def join_items(offsets, data, bounds, separator):
    """Texts `bounds[i]` to `bounds[i + 1]` as one, the separator between them: (offsets, data)."""
    n = len(bounds) - 1
    size = np.int64(len(separator))
    joined = np.empty(n + 1, np.int64)
    joined[0] = 0
    for i in range(n):
        a, b = bounds[i], bounds[i + 1]
        joined[i + 1] = joined[i] + offsets[b] - offsets[a] + max(b - a - 1, 0) * size
    out = np.empty(joined[n], np.uint8)
    width = np.uint64(size)
    to = np.uint64(0)
    for i in range(n):
        for k in range(bounds[i], bounds[i + 1]):
            if k > bounds[i]:
                to = _copy(separator, np.uint64(0), width, to, out)
            to = _copy(data, np.uint64(offsets[k]), np.uint64(offsets[k + 1]), to, out)
    return joined, out


@kernel
def join_pairs(key_offsets, keys, offsets, data, there, between):
    """Each key and its text with `between` between them, or the key alone: (offsets, data)."""
    n = len(offsets) - 1
    width = np.uint64(len(between))
    joined = np.empty(n + 1, np.int64)
    joined[0] = 0
    for i in range(n):
        joined[i + 1] = joined[i] + key_offsets[i + 1] - key_offsets[i]
        if there[i]:
            joined[i + 1] += np.int64(width) + offsets[i + 1] - offsets[i]
    out = np.empty(joined[n], np.uint8)
    to = np.uint64(0)
    for i in range(n):
        to = _copy(keys, np.uint64(key_offsets[i]), np.uint64(key_offsets[i + 1]), to, out)
        if there[i]:
            to = _copy(between, np.uint64(0), width, to, out)
            to = _copy(data, np.uint64(offsets[i]), np.uint64(offsets[i + 1]), to, out)
    return joined, out


# ── parts of a row that may be missing ──────────────────────────────────────────────────────────


@kernel
def add_parts(offsets, there, extra, separator, begun, lengths):
    """Add a column's parts to the rows' lengths: `extra` and, if one came before, `separator`."""
    for i in range(len(lengths)):
        if there[i]:
            lengths[i] += offsets[i + 1] - offsets[i] + extra
            if begun[i]:
                lengths[i] += separator
            begun[i] = 1


@kernel
def put_parts(offsets, data, there, before, behind, separator, begins, cursor, out):
    """Write a column's parts at the rows' cursors, `before` and `behind` around each.

    `begins[i]` is where row i begins: a part that does not stand there has the separator
    before it.
    """
    zero = np.uint64(0)
    n_before, n_behind = np.uint64(len(before)), np.uint64(len(behind))
    n_separator = np.uint64(len(separator))
    for i in range(len(cursor)):
        if there[i]:
            to = np.uint64(cursor[i])
            if cursor[i] > begins[i]:
                to = _copy(separator, zero, n_separator, to, out)
            to = _copy(before, zero, n_before, to, out)
            to = _copy(data, np.uint64(offsets[i]), np.uint64(offsets[i + 1]), to, out)
            cursor[i] = _copy(behind, zero, n_behind, to, out)


# ── samples ─────────────────────────────────────────────────────────────────────────────────────
#
# Cells are (rows, samples), row by row. FORMAT is the keys k that have `has[k, row]`; a
# cell ends with its last value that is there, but has the first in any case.


@kernel
def note_cells(there, has, width, k, first, last):
    """Note which key is each row's first, and which each cell's last that is there."""
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


@kernel
def add_cells(offsets, there, has, width, k, first, last, lengths):
    """Add a key's values, `.` for a missing one, to the cells that reach as far."""
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


@kernel
def put_cells(offsets, data, there, has, width, k, first, last, cursor, out):
    """Write what `add_cells` added, at the cells' cursors."""
    c = 0
    for i in range(len(has)):
        if has[i]:
            lead = first[i] == k
            for _ in range(width):
                if lead or k <= last[c]:
                    to = np.uint64(cursor[c])
                    if not lead:
                        out[to] = COLON
                        to += U1
                    if there[c]:
                        to = _copy(data, np.uint64(offsets[c]), np.uint64(offsets[c + 1]), to, out)
                    else:
                        out[to] = DOT
                        to += U1
                    cursor[c] = to
                c += 1
        else:
            c += width


@kernel
def place_cells(lengths, first, width):
    """Where cells begin, a tab between those of a row, and where rows do (rows + 1).

    A row without keys has a `.` in each cell, which is to be written.
    """
    n = len(first)
    begins = np.empty(n * width, np.int64)
    rows = np.empty(n + 1, np.int64)
    rows[0] = 0
    at = np.int64(0)
    c = 0
    for i in range(n):
        for j in range(width):
            at += j > 0
            begins[c] = at
            at += lengths[c] if first[i] >= 0 else 1
            c += 1
        rows[i + 1] = at
    return begins, rows


@kernel
def part_cells(begins, first, width, out):
    """Write the tabs between cells, and the `.` of rows without keys."""
    c = 0
    for i in range(len(first)):
        for j in range(width):
            if j > 0:
                out[np.uint64(begins[c]) - U1] = TAB
            if first[i] < 0:
                out[np.uint64(begins[c])] = DOT
            c += 1


@kernel
def format_genotypes(offsets, alleles, called, phased, there, leading):
    """Genotypes as texts: (offsets, data). The mirror image of `vcf.genotypes`.

    Alleles are parted by | where `phased`, else by /. A lone allele has nothing to be
    parted from: where `leading`, its bar stands before it. One without alleles is `.`.
    """
    n = len(offsets) - 1
    most = np.int64(n)
    for i in range(n):
        if there[i]:
            most += (offsets[i + 1] - offsets[i]) * 2
    for k in range(offsets[0], offsets[n]):
        size = np.int64(alleles[k])
        while size >= 10:
            most += 1
            size //= 10
    out = np.empty(most + 2 * n, np.uint8)
    bounds = np.empty(n + 1, np.int64)
    bounds[0] = 0
    to = np.uint64(0)
    for i in range(n):
        if there[i]:
            a, b = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
            mark = BAR if phased[i] else SLASH
            if a == b:
                out[to] = DOT
                to += U1
            elif leading and b - a == U1 and phased[i]:
                out[to] = BAR
                to += U1
            for k in range(a, b):
                if k > a:
                    out[to] = mark
                    to += U1
                if called[k] == 0:
                    out[to] = DOT
                    to += U1
                elif alleles[k] < 10:
                    out[to] = np.uint8(alleles[k]) + ZERO
                    to += U1
                else:
                    size = np.int64(alleles[k])
                    digits = U1
                    while size >= 10:
                        size //= 10
                        digits += U1
                    size = np.int64(alleles[k])
                    at = to + digits
                    to = at
                    while size > 0:
                        at -= U1
                        out[at] = np.uint8(size % 10) + ZERO
                        size //= 10
        bounds[i + 1] = np.int64(to)
    return bounds, out[: np.int64(to)].copy()
