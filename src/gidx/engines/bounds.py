"""Where the rows can be that a predicate lets through: boxes, and the regions that hold them.

A `Box` bounds chrom, start and end. A predicate is at most a list of boxes, one of them for each
side of an OR; what is not understood bounds nothing. So regions may hold too many rows, never
too few, and the predicate is applied to each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gidx.ground.boxes import Box, InBoxes
from gidx.ground.region import MAX_END
from gidx.scan import OpenFile, format_of

# Of a chain of ANDs of ORs; where there would be more, one side of the AND bounds alone.
MOST = 1000


Boxes = Sequence[Box]
EVERYTHING: Boxes = (Box(),)


def both(some: Boxes, other: Boxes) -> Boxes:
    """Rows that are in one of each."""
    if len(some) * len(other) > MOST:
        return min(some, other, key=len)
    found = (a & b for a in some for b in other)
    return [box for box in found if not box.is_empty]


def either(some: Boxes, other: Boxes) -> Boxes:
    """Rows that are in one of any."""
    return EVERYTHING if len(some) + len(other) > MOST else [*some, *other]


def regions(boxes: Boxes, chroms: Collection[str]) -> list[tuple[str, int, int]] | None:
    """Regions which all rows in the boxes overlap; None where only a scan of all finds them.

    A row of no bases overlaps where it touches, so that a region reaches a base further.

    >>> from gidx.ground.boxes import Range
    >>> box = Box(frozenset(["chr1", "chr7"]), Range(hi=99), Range(lo=51))
    >>> regions([box], ["chr1", "chr2"])
    [('chr1', 50, 100)]
    >>> regions([Box(frozenset(["chr1"]), Range(hi=20), Range(lo=51))], ["chr1"])
    [('chr1', 20, 21)]
    """
    found = []
    for box in boxes:
        bounded = box.start.is_bounded or box.end.is_bounded
        # Rows on no chrom have no position, so that bounds of positions leave them out.
        if None in (box.chroms or ()) or (box.chroms is None and not bounded):
            return None
        lo = max(box.start.lo, box.end.lo, 1) - 1
        hi = max(min(box.start.hi, box.end.hi, MAX_END - 1) + 1, 1)
        if lo > hi and box.start.lo <= box.end.hi:
            lo = hi - 1  # rows begin before hi and end behind lo: all of them hold this base
        if lo <= hi:
            named = chroms if box.chroms is None else [c for c in chroms if c in box.chroms]
            found += [(name, lo, hi) for name in named]
    return found


def useful(file: OpenFile, boxes: Boxes) -> list[tuple[str, int, int]] | InBoxes | None:
    """What to read of a file for the rows in the boxes: regions; None where only all will do.

    Of a file whose rows may lack a position, or end before they start, those pieces of it that
    may have such rows: no region finds them.
    """
    form = format_of(file)
    if form.index_kind is None or any(box == Box() for box in boxes):
        return None
    return regions(boxes, file.chroms) if form.is_placed else InBoxes(boxes)
