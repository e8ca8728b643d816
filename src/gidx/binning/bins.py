"""Bins: the nested intervals that group rows, by number.

Bin 0 spans everything; each bin has eight children, numbered level by level, left
to right, down to bins of ``1 << min_shift`` bases at level ``depth``::

    level 0   0 ─────────────────────────────────────── 512 Mb  (14, 5)
    level 1   1 ──── 2 ──── 3 ──── …                     64 Mb
      …
    level 5   4681 4682 4683 …                           16 kb

A row is in the smallest bin that holds it whole. TBI has min_shift 14 and depth 5;
CSI says its own. Positions are 0-based half-open.

Source: hts-specs CSIv1.pdf (reg2bin, reg2bins), tabix.pdf for 14 and 5.
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import numpy.typing as npt

from gidx.ground.limits import limits

MIN_SHIFT, DEPTH = 14, 5  # of every TBI
# Bin numbers are int32 on disk; ten levels below the first make 1,227,133,513 bins.
MAX_DEPTH = 10

Integers = npt.NDArray[np.int64]


@overload
def reg2bin(start: int, end: int, min_shift: int = ..., depth: int = ...) -> int: ...
@overload
def reg2bin(
    start: npt.NDArray[Any], end: npt.NDArray[Any], min_shift: int = ..., depth: int = ...
) -> Integers: ...
def reg2bin(start: Any, end: Any, min_shift: int = MIN_SHIFT, depth: int = DEPTH) -> Any:
    """The smallest bin that holds ``[start, end)``; arrays give an array.

    An interval of length zero takes the base before it too, as in the
    specification, so at the first base of a bin it is in that bin's parent, or above.

    >>> reg2bin(0, 16384), reg2bin(16383, 16385)
    (4681, 585)
    >>> reg2bin(np.array([0, 20000]), np.array([10, 20010])).tolist()
    [4681, 4682]
    """
    first, last = np.asarray(start, np.int64), np.asarray(end, np.int64) - 1
    found = np.zeros(np.broadcast_shapes(first.shape, last.shape), np.int64)
    for level in range(1, depth + 1):  # deeper ones overwrite
        shift = min_shift + 3 * (depth - level)
        same = first >> shift == last >> shift
        found = np.where(same, _first_bin(level) + (first >> shift), found)
    return found if found.ndim else int(found)


def reg2bins(start: int, end: int, min_shift: int = MIN_SHIFT, depth: int = DEPTH) -> Integers:
    """Every bin that may hold a row overlapping ``[start, end)``, ascending.

    An end past the scheme is clipped; an empty interval has no bins.

    >>> reg2bins(0, 16385).tolist()
    [0, 1, 9, 73, 585, 4681, 4682]
    """
    start, end = max(start, 0), min(end, max_position(min_shift, depth))
    if start >= end:
        return np.empty(0, np.int64)
    parts = []
    if (end - 1 >> min_shift) - (start >> min_shift) >= limits.bins:
        what = f"{start:,}-{end:,} is in {(end - start >> min_shift) + 1:,} bins"
        raise limits.passed("bins", "reg2bins", None, what)
    for level in range(depth + 1):
        shift, first = min_shift + 3 * (depth - level), _first_bin(level)
        parts.append(np.arange(first + (start >> shift), first + (end - 1 >> shift) + 1))
    return np.concatenate(parts)


def bin_level(bin: int) -> int:
    """The level of a bin, 0 for the one that spans everything.

    >>> bin_level(0), bin_level(8), bin_level(4681)
    (0, 1, 5)
    """
    return ((7 * bin + 1).bit_length() - 1) // 3


def bin_span(bin: int, min_shift: int = MIN_SHIFT, depth: int = DEPTH) -> tuple[int, int]:
    """What a bin spans, ``(start, end)``.

    >>> bin_span(4682)
    (16384, 32768)
    """
    if not 0 <= bin < bin_count(depth):
        raise ValueError(f"bin {bin} is not among the {bin_count(depth)} of depth {depth}")
    level = bin_level(bin)
    shift = min_shift + 3 * (depth - level)
    place = bin - _first_bin(level)
    return place << shift, place + 1 << shift


def bin_levels(bins: Integers, depth: int = DEPTH) -> Integers:
    """`bin_level` of many bins; the deepest for numbers that are no bin's.

    >>> bin_levels(np.array([0, 8, 4681])).tolist()
    [0, 1, 5]
    """
    firsts = np.array([_first_bin(level) for level in range(1, depth + 1)], np.int64)
    return np.searchsorted(firsts, bins, side="right")


def bin_spans(
    bins: Integers, min_shift: int = MIN_SHIFT, depth: int = DEPTH
) -> tuple[Integers, Integers]:
    """`bin_span` of many bins: their starts and ends.

    >>> starts, ends = bin_spans(np.array([8, 4682]))
    >>> starts.tolist(), ends.tolist()
    ([469762048, 16384], [536870912, 32768])
    """
    level = bin_levels(bins, depth)
    first = ((1 << 3 * level) - 1) // 7
    shift = min_shift + 3 * (depth - level)
    return (bins - first) << shift, (bins - first + 1) << shift


def bin_count(depth: int = DEPTH) -> int:
    """How many bins a scheme has: one more than the largest bin number.

    >>> bin_count()
    37449
    """
    return _first_bin(depth + 1)


def pseudo_bin(depth: int = DEPTH) -> int:
    """The number that htslib keeps a reference's extent and counts under.

    >>> pseudo_bin()
    37450
    """
    return bin_count(depth) + 1


def max_position(min_shift: int = MIN_SHIFT, depth: int = DEPTH) -> int:
    """The largest end that a scheme can hold.

    >>> max_position() == 2**29
    True
    """
    return 1 << min_shift + 3 * depth


def depth_for(size: int, min_shift: int = MIN_SHIFT) -> int:
    """The least depth that holds rows up to an end of ``size``.

    >>> depth_for(2**29), depth_for(2**29 + 1)
    (5, 6)
    """
    return max(0, -(-(max(size - 1, 0).bit_length() - min_shift) // 3))


def _first_bin(level: int) -> int:
    return ((1 << 3 * level) - 1) // 7
