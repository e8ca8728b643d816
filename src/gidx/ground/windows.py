"""Windows: regions of a question that each region answers by itself, in any order.

Where regions of a scan are a union, here each has its own row in the result. They may lie
over a chrom's ends, and may be of the reverse strand, whose upstream is to the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from gidx.errors import one_of, whole
from gidx.ground.region import RegionSet, merged

Ints = npt.NDArray[np.int64]
Anchor = Literal["start", "center", "end"]


@dataclass(frozen=True)
class Windows:
    """Chrom ids, -1 for one that is not in the file, and places, 0-based half-open."""

    chrom: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.chrom)

    def within(self, n_chroms: int) -> RegionSet:
        """Their union, of what a file may have.

        Not cut to the chroms' sizes: rows of some writers reach past them, and are found there
        by every other question.
        """
        start, end = np.maximum(self.start, 0), np.minimum(self.end, 2**32)
        some = (self.chrom >= 0) & (start < end)
        return merged(self.chrom[some], start[some], end[some], n_chroms)

    def around(
        self,
        minus: npt.NDArray[np.bool_] | None,
        anchor: Anchor | None,
        flank: int | tuple[int, int],
    ) -> Windows:
        """The windows, or what lies around a place in each, with bases on both sides.

        ``minus`` are those of the reverse strand.
        """
        both = flank if isinstance(flank, (tuple, list)) else (flank, flank)
        if len(both) != 2:
            raise TypeError(f"flank is {flank!r}, expected bases, or (upstream, downstream)")
        up, down = both
        up, down = (whole("flank", bases, 0, 2**32) for bases in (up, down))
        turned = np.zeros(len(self), np.bool_) if minus is None else minus
        start, end = self.start, self.end
        if anchor is not None:
            one_of("anchor", anchor, ("start", "center", "end"))
            if up + down == 0:
                raise ValueError(f"anchor={anchor!r} needs flank=, the bases to look at around it")
            # the same on both strands, as deepTools and GenomicRanges have it
            place = (start + end) // 2
            if anchor != "center":
                place = np.where(turned == (anchor == "start"), end, start)
            start = end = place
        left, right = np.where(turned, down, up), np.where(turned, up, down)
        return Windows(self.chrom, start - left, end + right)
