"""The rules of BED: what the standard fields may hold, beyond their types.

The truth is `loadAndValidateBedExt` in kent/src/lib/basicBed.c, which bedToBigBed asks
of each row:

===================  =====================================================================
name                 at most 255 bytes
score                0 to 1000
strand               ``+``, ``-`` or ``.``
thickStart, -End     inside the row, or 0; in order
blockCount           1 or more
blockSizes, -Starts  as many as blockCount, not negative; blocks ascend without overlap, or
                     with that of a base (`-allow1bpOverlap`, where kent lets one behind a
                     block of no length begin a base before it, too: refused here), the
                     first begins with the row, the last ends with it
===================  =====================================================================

Left out: fields 13 to 15 (microarrays).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gidx.arrow.encode import LONGEST, Cells, Ints, unlike
from gidx.arrow.faults import Faults
from gidx.declared.columns import MOST_SCORE, STRANDS
from gidx.kernels import encode as kernels
from gidx.kernels.encode import first_unlike

NAME, SCORE, STRAND, THICK_START, THICK_END, COLOR = range(3, 9)
BLOCK_COUNT, BLOCK_SIZES, BLOCK_STARTS = range(9, 12)
_STRANDS = np.frombuffer("".join(STRANDS).encode(), np.uint8)


@dataclass(frozen=True)
class BedRows:
    """Positions, and the cells of the standard fields from `NAME` on, by field.

    ``names`` are those of the columns, for messages.
    """

    start: Ints
    end: Ints
    cells: Mapping[int, Cells]
    names: Sequence[str]
    lap: int = 0  # bases that neighbouring blocks may have in common

    def numbers(self, field: int) -> Ints | None:
        """A field's integers; None if there are none, or none that could be read."""
        return self.cells[field].numbers if field in self.cells else None


def check(rows: BedRows, faults: Faults) -> None:
    """Note the rows that break a rule."""
    _check_name(rows, faults)
    _check_score(rows, faults)
    _check_strand(rows, faults)
    _check_thick(rows, faults)
    _check_blocks(rows, faults)


def _check_name(rows: BedRows, faults: Faults) -> None:
    if NAME in rows.cells:
        lengths = rows.cells[NAME].texts.lengths
        faults.check(
            lengths > LONGEST,
            lambda i: (
                f"column {rows.names[NAME]}: a name of {lengths[i]} bytes, "
                f"expected at most {LONGEST}; shorten it"
            ),
        )


def _check_score(rows: BedRows, faults: Faults) -> None:
    score = rows.numbers(SCORE)
    if score is not None:
        faults.check(
            (score < 0) | (score > MOST_SCORE),
            lambda i: (
                f"column {rows.names[SCORE]}: found {score[i]}, expected 0 to {MOST_SCORE}; "
                "pass bed_type='bed4+' to write it as a further field"
            ),
        )


def _check_strand(rows: BedRows, faults: Faults) -> None:
    if STRAND in rows.cells:
        texts = rows.cells[STRAND].texts
        if first_unlike(texts.offsets, texts.data, _STRANDS) >= 0:
            faults.check(
                unlike(texts, _STRANDS),
                lambda i: (
                    f"column {rows.names[STRAND]}: found {texts[i]!r}, expected '+', '-' or '.'"
                ),
            )


def _check_thick(rows: BedRows, faults: Faults) -> None:
    thick_start, thick_end = rows.numbers(THICK_START), rows.numbers(THICK_END)
    if thick_start is None or thick_end is None:  # bed7 has a thickStart that nobody looks at
        return
    a, b = rows.names[THICK_START], rows.names[THICK_END]
    faults.check(
        (thick_end < thick_start) & faults.clean(len(rows.start)),
        lambda i: f"column {b}: {a} {thick_start[i]} is after {b} {thick_end[i]}",
    )
    _check_inside(thick_start, a, rows, faults)
    _check_inside(thick_end, b, rows, faults)


def _check_inside(values: Ints, name: str, rows: BedRows, faults: Faults) -> None:
    faults.check(
        (values != 0) & ((values < rows.start) | (values > rows.end)),
        lambda i: (
            f"column {name}: found {values[i]}, expected {rows.start[i]} to {rows.end[i]}, or 0"
        ),
    )


def _check_blocks(rows: BedRows, faults: Faults) -> None:
    count = rows.numbers(BLOCK_COUNT)
    if count is None:
        return
    n, a, b = (rows.names[i] if i < len(rows.names) else "" for i in range(BLOCK_COUNT, 12))
    faults.check(count < 1, lambda i: f"column {n}: found {count[i]}, expected 1 or more")
    sizes, begins = rows.cells.get(BLOCK_SIZES), rows.cells.get(BLOCK_STARTS)
    if sizes is None or begins is None or sizes.numbers is None or begins.numbers is None:
        return  # not bed12, or of another type, which was noted
    if sizes.bounds is None or begins.bounds is None:
        return
    begin_bounds, places = begins.bounds, begins.numbers
    found: dict[int, tuple[int, int]] = {}  # what is wrong with a row, in which block
    clean = faults.clean(len(count))  # of other rows, blocks may be none that were read
    first = 0
    while first < len(count):
        row, wrong, block = kernels.misplaced_block(
            rows.start[first:], rows.end[first:], count[first:], sizes.bounds[first:],
            sizes.numbers, begin_bounds[first:], places, rows.lap,
        )  # fmt: skip
        if row < 0:
            break
        first += row + 1
        if clean[first - 1]:
            found[first - 1] = wrong, block
        if not faults.all_wanted:
            break
    if not found:
        return

    def say(row: int) -> str:
        wrong, block = found[row]
        begin = int(places[begin_bounds[row] + block]) if wrong != kernels.COUNT else 0
        relative = (
            f"; {b} count from the row's start, subtract it" if begin >= rows.start[row] > 0 else ""
        )
        what = {
            kernels.COUNT: f"not as many {a} and {b} as {n} says, 1 or more",
            kernels.NEGATIVE: f"block {block} has a negative size or start",
            kernels.FIRST: f"the first block begins at {begin}, expected 0{relative}",
            kernels.OUTSIDE: (
                f"block {block} begins at {begin}, at or behind the row's end{relative}"
            ),
            kernels.OVERLAP: f"blocks {block - 1} and {block} overlap, or do not ascend",
            kernels.SPAN: "the last block does not end at the row's end",
        }[wrong]
        return f"column {b}: {what}"

    faults.note_all(np.array(list(found), np.int64), say)
