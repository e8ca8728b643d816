"""Long arrays in steps: an interrupt (Ctrl-C) comes between two calls, not within one.

Python looks for signals behind calls and at the end of loops. One call of numpy over 10 M
rows takes up to 0.5 s, an expression of several operators as long as all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_Number = TypeVar("_Number", bound=np.generic)

STEP = 1 << 20  # rows: some 10 ms of work


def steps(n: int, size: int = STEP) -> Iterator[tuple[int, int]]:
    """Bounds of steps through n rows.

    >>> list(steps(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for at in range(0, n, size):
        yield at, min(at + size, n)


def numbered(counts: Ints) -> Ints:
    """The number of each count, so many times: ``np.repeat(np.arange(len(counts)), counts)``.

    >>> numbered(np.array([2, 0, 1])).tolist()
    [0, 0, 2]
    """
    ends = np.cumsum(counts)
    found = np.empty(int(ends[-1]) if len(ends) else 0, np.int64)
    at = 0
    for lo, hi in steps(len(counts)):
        stop = int(ends[hi - 1])
        found[at:stop] = np.repeat(np.arange(lo, hi), counts[lo:hi])
        at = stop
    return found


def picked(values: npt.NDArray[_Number], rows: npt.NDArray[Any]) -> npt.NDArray[_Number]:
    """``values[rows]``."""
    found = np.empty(len(rows), values.dtype)
    for lo, hi in steps(len(rows)):
        found[lo:hi] = values[rows[lo:hi]]
    return found


def joined(parts: Sequence[npt.NDArray[_Number]]) -> npt.NDArray[_Number]:
    """``np.concatenate(parts)``, of none too, which are numbers of 64 bits."""
    found = np.empty(sum(map(len, parts)), parts[0].dtype if parts else np.int64)
    at = 0
    for part in parts:
        for lo, hi in steps(len(part)):
            found[at + lo : at + hi] = part[lo:hi]
        at += len(part)
    return found
