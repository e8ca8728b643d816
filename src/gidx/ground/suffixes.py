"""What files are called that are BGZF: writers go by it, readers by what is in them."""

from __future__ import annotations

BGZF = (".gz", ".bgz", ".bgzf")


def says_bgzf(name: str) -> bool:
    """Whether a file of this name is to be BGZF, whatever the case of its letters.

    >>> says_bgzf("PEAKS.BED.GZ"), says_bgzf("peaks.bed")
    (True, False)
    """
    return name.lower().endswith(BGZF)
