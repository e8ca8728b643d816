"""Regions: what a user may ask for, and the sorted, disjoint set it becomes.

Inside gidx a region is 0-based half-open, everywhere. The tuple
``("chr1", 999, 2000)`` is that too; the string ``"chr1:1,000-2,000"`` is 1-based
closed as in samtools and UCSC. Both name the same bases.

=====================  ==========================================
``"chr1"``             the whole chrom
``"chr1:1,000-2,000"`` bases 1000 to 2000, both included
``"chr1:1000-"``       base 1000 to the end; ``"chr1:1000"`` too, as in samtools
``"chr1:-2000"``       up to base 2000
``"{HLA:01}:1-10"``    braces around a name that holds a colon
``("chr1", 999, 2000)``, ``("chr1", 999)``, ``("chr1",)``   0-based half-open
a frame or table       its columns chrom, start, end, however called (see conventions)
a list of any          their union
=====================  ==========================================

Overlap: ``s < end and e > start``; an item of length zero overlaps where it
touches (as UCSC's bedToBigBed tools and Biopython have it). Abutting items do
not overlap.

Before the first base there is one place, POS 0 of a VCF: the telomere, by its
specification. Such a row is kept as it is, with start -1 and the end that REF or END
gives, in files, in frames and by the VCF writer; to regions it counts from the first
base on, and holds that base at least, as in htslib. SAM's POS 0 says that there is no
place. Start -1 of a BED and start 0 of a GFF (or any other table) are broken rows: a
FormatError when they are read, checked or indexed, a WriteError when they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.conventions import roles_of
from gidx.errors import ColumnError, RegionError, UnknownChromError, hint

MAX_END = 2**62  # "to the end": above any position, and a sum of two cannot overflow
_SPAN = re.compile(r"([0-9,]*)(-?)([0-9,]*)")


@dataclass(frozen=True)
class Region:
    """``chrom``, ``start``, ``end``: 0-based half-open.

    >>> str(Region("chr1", 999, 2000))
    'chr1:1,000-2,000'
    """

    chrom: str
    start: int = 0
    end: int = MAX_END

    def __str__(self) -> str:
        if self.end >= MAX_END:
            return self.chrom if self.start == 0 else f"{self.chrom}:{self.start + 1:,}-"
        return f"{self.chrom}:{self.start + 1:,}-{self.end:,}"


@dataclass(frozen=True)
class RegionSet:
    """Disjoint regions, sorted by chrom id and start.

    ``first[c]:first[c + 1]`` are the rows of chrom ``c`` in ``start`` and
    ``end`` (int64, 0-based half-open).
    """

    first: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    chrom: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)


def parse(text: str, chroms: Iterable[str] | None = None) -> Region:
    """A region string, 1-based closed, as 0-based half-open.

    The longest known name is tried first, so names that hold colons work.

    >>> parse("chr1:1,000-2,000")
    Region(chrom='chr1', start=999, end=2000)
    >>> parse("HLA-A*01:01", chroms=["HLA-A*01:01"]).chrom
    'HLA-A*01:01'
    """
    if chroms is not None and text in chroms:
        return Region(text)
    braced = re.fullmatch(r"\{(.*)\}(?::(.*))?", text)
    if braced:
        name, span = braced[1], braced[2]
    else:
        name, colon, span = text.rpartition(":")
        if not colon:
            name, span = text, None
    if span is None:
        return Region(name)
    match = _SPAN.fullmatch(span)
    if not match or not any(c.isdigit() for c in span):
        if chroms is not None and name not in chroms:
            raise _unknown(text, chroms)
        raise RegionError(
            f"region {text!r}: cannot read {span!r}; expected chrom:start-end, 1-based closed"
        )
    first, _, last = match.groups()
    first, last = first.replace(",", ""), last.replace(",", "")
    start = int(first) if first else 1
    end = int(last) if last else MAX_END
    if start < 1:
        raise RegionError(
            f"region {text!r}: starts at {start}, but region strings are 1-based; "
            f"for 0-based half-open use the tuple ({name!r}, {start}, {end})"
        )
    return _checked(name, start - 1, end, repr(text))


def resolve(
    regions: Any, chroms: Mapping[str, Any], ids: Mapping[str, int] | None = None
) -> RegionSet:
    """What a user asked for, as a RegionSet over chrom ids (positions in ``chroms``).

    ``ids`` are these positions by name, if the caller keeps them: making them took
    a third of a query's time in a file of 600 contigs.

    Raises UnknownChromError with a hint for a chrom that ``chroms`` has not, and
    RegionError for what cannot be understood.
    """
    if ids is None:
        ids = {name: i for i, name in enumerate(chroms)}
    return merged(*spans(regions, ids), len(ids))


def spans(
    regions: Any, ids: Mapping[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(chrom id, start, end) of each region, in the order asked; errors as `resolve`."""
    columns = _frame_columns(regions)
    if columns is not None:
        names, start, end = columns
        chrom = np.fromiter((_chrom_id(n, ids) for n in names), np.int64, len(names))
        bad = np.flatnonzero((start < 0) | (start > end))
        if len(bad):
            i = int(bad[0])
            _checked(str(names[i]), int(start[i]), int(end[i]), f"in row {i}")
        return chrom, start, end
    listed = _listed(regions)
    plain = _plain(listed, ids) if len(listed) > 1 else None
    if plain is not None:
        return plain
    asked = [_one(r, ids) for r in listed]
    return (
        np.array([_chrom_id(r.chrom, ids) for r in asked], np.int64),
        np.array([min(r.start, MAX_END) for r in asked], np.int64),
        np.array([min(r.end, MAX_END) for r in asked], np.int64),
    )


def merged(
    chrom: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    n_chroms: int,
) -> RegionSet:
    """Sort; join what touches or overlaps (an item over the seam overlaps both)."""
    if len(chrom) > 1:
        order = np.lexsort((start, chrom))
        chrom, start, end = chrom[order], start[order], end[order]
        # one running maximum over all chroms: chrom in the high part of the key
        span = int(end.max()) + 1 if int(end.max()) < MAX_END else 0
        if span and span < 2**40:
            reach = np.maximum.accumulate(chrom * span + end) - chrom * span
        else:
            reach = end.copy()
            for c in np.unique(chrom):
                rows = slice(*np.searchsorted(chrom, [c, c + 1]))
                reach[rows] = np.maximum.accumulate(end[rows])
        new = np.r_[True, (chrom[1:] != chrom[:-1]) | (start[1:] > reach[:-1])]
        keep = np.flatnonzero(new)
        end = reach[np.r_[keep[1:] - 1, len(reach) - 1]]
        chrom, start = chrom[keep], start[keep]
    # how many regions lie in chroms before each; a count, cheaper than a search
    first = np.zeros(n_chroms + 1, np.int64)
    if len(chrom) == 1:
        first[int(chrom[0]) + 1 :] = 1
    else:
        np.cumsum(np.bincount(chrom, minlength=n_chroms), out=first[1:])
    return RegionSet(first, start, end, chrom)


def _plain(
    listed: Sequence[Any], ids: Mapping[str, int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """(chrom, start, end) of tuples with known chroms and sound integers; else None.

    1,000 at once take 0.4 ms, one by one 3.7.
    """
    if not all(type(r) is tuple and len(r) == 3 for r in listed):
        return None
    names, starts, ends = zip(*listed, strict=True)
    try:
        chrom = np.array([ids[name] for name in names], np.int64)
        start, end = np.array(starts), np.array(ends)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if start.dtype != np.int64 or end.dtype != np.int64:
        return None
    sound = np.all(start >= 0) and np.all(start <= end) and np.all(end <= MAX_END)
    return (chrom, start, end) if sound else None


def _listed(regions: Any) -> Sequence[Any]:
    if isinstance(regions, (str, tuple, Region)):
        return [regions]
    if isinstance(regions, Iterable) and not isinstance(regions, (bytes, Mapping)):
        return list(regions)
    raise RegionError(f"cannot read a region from {type(regions).__name__}: {_EXPECTED}")


_EXPECTED = (
    "expected 'chrom:start-end' (1-based closed), (chrom, start, end) (0-based half-open), "
    "a list of them, or a frame with chrom, start, end"
)


def _one(region: Any, ids: Mapping[str, int]) -> Region:
    if isinstance(region, Region):
        return _checked(region.chrom, region.start, region.end, repr(str(region)))
    if isinstance(region, str):
        return parse(region, ids)
    if isinstance(region, tuple) and 1 <= len(region) <= 3 and isinstance(region[0], str):
        chrom, start, end = (*region, None, None)[:3]
        try:
            return _checked(
                chrom,
                0 if start is None else _integer(start),
                MAX_END if end is None else _integer(end),
                repr(region),
            )
        except TypeError:
            pass
    raise RegionError(f"cannot read the region {region!r}: {_EXPECTED}")


def _integer(value: Any) -> int:
    number = value.__index__() if hasattr(value, "__index__") else None
    if number is None or isinstance(value, bool):
        raise TypeError(value)
    return int(number)


def _checked(chrom: str, start: int, end: int, text: str) -> Region:
    if start < 0:
        raise RegionError(f"region {text}: start {start} is negative")
    if start > end:
        raise RegionError(f"region {text}: start {start} is after end {end} (0-based half-open)")
    return Region(chrom, start, end)


def _chrom_id(name: Any, ids: Mapping[str, int]) -> int:
    found = ids.get(name)
    if found is None:
        if not isinstance(name, str):
            raise RegionError("a region has no chrom (missing value)")
        raise _unknown(str(name), ids)
    return found


def _unknown(name: str, chroms: Iterable[str]) -> UnknownChromError:
    text = hint(name, chroms)
    if not text:
        known = list(chroms)
        shown = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
        text = f"; known are {shown}" if known else "; there are no chroms"
    return UnknownChromError(f"unknown chrom {name!r}{text}", chrom=name, hint=text or None)


def _frame_columns(
    regions: Any,
) -> tuple[Sequence[Any], npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """chrom, start, end of a pandas, polars or Arrow frame; None where it is no frame."""
    names = getattr(regions, "column_names", None)  # pyarrow
    if names is None:
        names = getattr(regions, "columns", None)  # pandas, polars
    if names is None or not hasattr(regions, "__getitem__"):
        return None
    try:
        roles = roles_of(regions, "the frame of regions")
    except ColumnError as error:
        raise RegionError(str(error)) from None
    if roles.ref is not None:
        raise RegionError(f"a frame of regions needs an end; found {roles}")
    column = [regions[n] for n in roles.names]
    values = [
        c.to_pylist() if hasattr(c, "to_pylist") else c.to_numpy() if hasattr(c, "to_numpy") else c
        for c in column
    ]
    if len(values[0]) == 0:  # whose types say nothing
        return [], np.empty(0, np.int64), np.empty(0, np.int64)
    try:
        starts, *told = (np.asarray(v).astype(np.int64, casting="same_kind") for v in values[1:])
    except (TypeError, ValueError) as error:
        raise RegionError(
            f"a frame of regions needs integer start and end without missing values: {error}"
        ) from None
    starts = starts - roles.shift
    return list(values[0]), starts, told[0] if told else starts + 1
