"""Sets of file ranges: pure functions on (n, 2) uint64 arrays.

A range is half-open, ``[begin, end)``, in the file's own address space. Virtual
offsets work too: they are only compared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ranges = npt.NDArray[np.uint64]  # (n, 2)


def merge(ranges: Ranges) -> Ranges:
    """Sort ranges and join those that touch or overlap.

    The result is disjoint, so no row can be read twice.

    >>> merge(np.array([[5, 8], [2, 3], [7, 13]], "u8")).tolist()
    [[2, 3], [5, 13]]
    """
    return coalesce(ranges, 0)


def coalesce(ranges: Ranges, gap: int) -> Ranges:
    """Sort ranges and join those with at most ``gap`` bytes between them.

    >>> coalesce(np.array([[0, 10], [12, 20], [90, 95]], "u8"), 2).tolist()
    [[0, 20], [90, 95]]
    """
    if len(ranges) < 2:
        return ranges.copy()
    ordered = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    first = np.flatnonzero(np.r_[True, ordered[1:, 0] > reach[:-1] + np.uint64(gap)])
    return np.column_stack([ordered[first, 0], reach[np.r_[first[1:] - 1, len(reach) - 1]]])


def partition(ranges: Ranges, size: int, most: int | None = None) -> list[Ranges]:
    """Cut a list of ranges into runs of about ``size`` bytes; no range is split.

    ``most`` is how many ranges a run may have.

    >>> three = np.array([[0, 6], [6, 12], [12, 13]], "u8")
    >>> [len(p) for p in partition(three, 10)], [len(p) for p in partition(three, 99, 1)]
    ([2, 1], [1, 1, 1])
    """
    if len(ranges) < 2:
        return [ranges] if len(ranges) else []
    sizes = ranges[:, 1] - ranges[:, 0]
    run = (np.cumsum(sizes) - sizes) // np.uint64(max(size, 1))
    first = np.flatnonzero(run[1:] != run[:-1]) + 1
    parts = np.split(ranges, first)
    if most is None or most >= len(ranges):
        return parts
    return [part[i : i + most] for part in parts for i in range(0, len(part), most)]
