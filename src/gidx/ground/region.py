"""Regions: what a user may ask for, and the sorted, disjoint set it becomes.

Inside gidx a region is 0-based half-open, everywhere. The tuple
``("chr1", 999, 2000)`` is that too; the string ``"chr1:1,000-2,000"`` is 1-based
closed as in samtools and UCSC. Both name the same bases.

=====================  ==========================================
``"chr1"``             the whole chrom; ``"chr1:"`` too, as in tabix
``"chr1:1,000-2,000"`` bases 1000 to 2000, both included
``"chr1:1000-"``       base 1000 to the end; ``"chr1:1000"`` too, as in samtools
``"chr1:-2000"``       up to base 2000
``"chr1:1e6-1.5M"``    base 1,000,000 to 1,500,000: exponents, k, M, G as in htslib
``"HLA-A*01:01:"``     a closing colon: what stands before it is the name
``"{HLA:01}:1-10"``    braces around a name that holds a colon
``("chr1", 999, 2000)``, ``("chr1", 999)``, ``("chr1",)``   0-based half-open
a frame or table       its columns chrom, start, end, however called (see conventions)
a list of any          their union
=====================  ==========================================

Numbers may be of any type that holds integers: ``(1, 0.0, Decimal(10))`` is
``("1", 0, 10)``, since tools write whole numbers as floats where a column has a
missing value, and pandas reads chroms 1 to 22 as integers.

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
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from gidx.errors import RegionError, UnknownChromError, hint, integer, one_of, without_style
from gidx.ground import slots
from gidx.options import MissingChroms

Ints = npt.NDArray[np.int64]

MAX_END = 2**62  # "to the end": above any position, and a sum of two cannot overflow
# A number as htslib takes it (hts_parse_decimal): commas before the point, and e or a suffix
_POSITION = r"\+?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2}|[kKmMgG])?|,*"
_SPAN = re.compile(rf"({_POSITION})(?:-({_POSITION}))?")
_UNITS = {"k": 1000, "m": 10**6, "g": 10**9}


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


@dataclass(slots=True, eq=False)
class RegionSet:
    """Disjoint regions, sorted by chrom id and start.

    ``first[c]:first[c + 1]`` are the rows of chrom ``c`` in ``start`` and
    ``end`` (int64, 0-based half-open). With ``owned`` only rows that start there are
    meant, as of a piece (`gidx.ground.pieces`).
    """

    first: Ints
    start: Ints
    end: Ints
    chrom: Ints
    owned: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.start)


_NONE = np.zeros(0, np.int64)
NO_REGIONS = RegionSet(np.zeros(1, np.int64), _NONE, _NONE, _NONE)


def parse(text: str, chroms: Iterable[str] | None = None) -> Region:
    """A region string, 1-based closed, as 0-based half-open.

    The longest known name is tried first, so names that hold colons work.

    >>> parse("chr1:1,000-2,000")
    Region(chrom='chr1', start=999, end=2000)
    >>> parse("HLA-A*01:01", chroms=["HLA-A*01:01"]).chrom
    'HLA-A*01:01'
    >>> parse("HLA-A*01:01:")
    Region(chrom='HLA-A*01:01', start=0, end=4611686018427387904)
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
    if not match:
        if chroms is not None and name not in chroms:
            raise _unknown(text, chroms)
        raise RegionError(
            f"region {text!r}: cannot read {span!r}; expected chrom:start-end, 1-based closed"
        )
    first, last = match.groups(default="")
    start, end = _position(first, 1, text), _position(last, MAX_END, text)
    if start < 1:
        raise RegionError(
            f"region {text!r}: starts at {start}, but region strings are 1-based; "
            f"for 0-based half-open use the tuple ({name!r}, {start}, {end})"
        )
    return _checked(name, start - 1, end, repr(text))


def _position(written: str, default: int, text: str) -> int:
    """A position as htslib takes it, but that a part of a base is an error, not left out.

    >>> [_position(w, 0, "") for w in ("1,000", "1e6", "1.5M", "20k", "")]
    [1000, 1000000, 1500000, 20000, 0]
    """
    number = written.replace(",", "").lower()
    if not number:
        return default
    unit = _UNITS.get(number[-1], 1)
    value = Decimal(number.rstrip("kmg")) * unit
    if value != int(value):
        raise RegionError(f"region {text!r}: {written!r} is no whole number of bases")
    return min(int(value), MAX_END)


def resolve(
    regions: Any,
    chroms: Mapping[str, Any],
    ids: Mapping[str, int] | None = None,
    missing_chroms: MissingChroms = "error",
) -> RegionSet:
    """What a user asked for, as a RegionSet over chrom ids (positions in ``chroms``).

    ``ids`` are these positions by name, if the caller keeps them: making them took
    a third of a query's time in a file of 600 contigs. ``missing_chroms`` as in `spans`.

    Raises UnknownChromError with a hint for a chrom that ``chroms`` has not, and
    RegionError for what cannot be understood.
    """
    if ids is None:
        ids = {name: i for i, name in enumerate(chroms)}
    # Why a shortcut for one span: 9 us of the 60 that a small query of a bigBed takes.
    if is_plain(regions, ids):
        known, n = ids[regions[0]], len(ids)
        one: Ints = np.array([[known], [regions[1]], [regions[2]]])
        return RegionSet(_steps(n)[n - known : 2 * n + 1 - known], one[1], one[2], one[0])
    chrom, start, end = spans(regions, ids, missing_chroms)
    if missing_chroms == "ignore":
        there = chrom >= 0
        chrom, start, end = chrom[there], start[there], end[there]
    return merged(chrom, start, end, len(ids))


def is_plain(region: Any, chroms: Container[str]) -> TypeGuard[tuple[str, int, int]]:
    """Whether it is (chrom, start, end) as it should be: a known chrom, Python's integers."""
    return (
        type(region) is tuple
        and len(region) == 3
        and type(region[0]) is str
        and region[0] in chroms
        and type(region[1]) is int is type(region[2])
        and 0 <= region[1] <= region[2] <= MAX_END
    )


def spans(
    regions: Any, ids: Mapping[str, int], missing_chroms: MissingChroms = "error"
) -> tuple[Ints, Ints, Ints]:
    """(chrom id, start, end) of each region, in the order asked; errors as `resolve`.

    With ``missing_chroms="ignore"`` a chrom that is not there has the id -1. One that is
    there in another style (``1``, ``chr1``) is an error all the same: all regions would
    find nothing, and nothing would say so.
    """
    one_of("missing_chroms", missing_chroms, ("error", "ignore"))
    ignore = missing_chroms == "ignore"
    if not isinstance(regions, (str, tuple, list, Region)):
        frame = slots.spans_of_frame(regions, MAX_END)
        if frame is not None:
            return _frame_spans(frame, ids, ignore)
    listed = _listed(regions)
    several = len(listed) > 1
    plain = _plain(listed, ids) if several else None
    if plain is not None:
        return plain
    asked = [_one(r, ids) for r in listed]
    return (
        np.array([_chrom_id(r.chrom, ids, ignore, several) for r in asked], np.int64),
        np.array([min(r.start, MAX_END) for r in asked], np.int64),
        np.array([min(r.end, MAX_END) for r in asked], np.int64),
    )


def _frame_spans(
    frame: slots.FrameSpans, ids: Mapping[str, int], ignore: bool
) -> tuple[Ints, Ints, Ints]:
    """(chrom id, start, end) of a frame's rows."""
    start, end = frame.start, frame.end
    bad = np.flatnonzero((start < 0) | (start > end))
    if len(bad):
        i = int(bad[0])
        _checked(frame.names[frame.codes[i]], int(start[i]), int(end[i]), f"in row {i}")
    chrom = np.full(len(frame.names), -1, np.int64)
    for code in np.unique(frame.codes).tolist():  # a categorical may know more names
        chrom[code] = _chrom_id(frame.names[code], ids, ignore, several=True)
    return chrom[frame.codes], start, end


def merged(
    chrom: Ints,
    start: Ints,
    end: Ints,
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
    if len(chrom) == 1:
        i, n = int(chrom[0]), n_chroms
        return RegionSet(_steps(n)[n - i : 2 * n + 1 - i], start, end, chrom)
    first = np.zeros(n_chroms + 1, np.int64)
    np.cumsum(np.bincount(chrom, minlength=n_chroms), out=first[1:])
    return RegionSet(first, start, end, chrom)


def before_the_first(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Starts and ends, of a place before the first base those of that base."""
    if len(start) and start.min() < 0:  # POS 0 of a VCF
        before = start == -1
        start = np.where(before, 0, start)
        end = np.where(before, np.maximum(end, 1), end)
    return start, end


@lru_cache(maxsize=16)
def _steps(n: int) -> Ints:
    """`RegionSet.first` of one region in any of n chroms is a part of this.

    So a query of one region takes as long in a file of 100,000 contigs as in one of 3.
    """
    steps = np.zeros(2 * n + 1, np.int64)
    steps[n + 1 :] = 1
    steps.flags.writeable = False
    return steps


def _plain(listed: Sequence[Any], ids: Mapping[str, int]) -> tuple[Ints, Ints, Ints] | None:
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
    sound = start.min() >= 0 and (start <= end).all() and end.max() <= MAX_END
    return (chrom, start, end) if sound else None


def _listed(regions: Any) -> Sequence[Any]:
    if isinstance(regions, (str, tuple, Region)):
        return [regions]
    if hasattr(regions, "to_pylist"):  # an array of Arrow
        regions = regions.to_pylist()
    if isinstance(regions, Iterable) and not isinstance(regions, (bytes, Mapping)):
        return list(regions)
    raise RegionError(f"cannot read a region from {type(regions).__name__}: {_EXPECTED}")


_EXPECTED = (
    "expected 'chrom:start-end' (1-based closed), (chrom, start, end) (0-based half-open), "
    "a list of them, or a frame with chrom, start, end"
)


def _one(region: Any, ids: Mapping[str, int]) -> Region:
    if isinstance(region, str):
        try:
            return parse(region, ids)
        except UnknownChromError:
            return Region(region)  # a name with colons, which nobody knows
    parts = (region.chrom, region.start, region.end) if isinstance(region, Region) else region
    chrom = chrom_name(parts[0]) if isinstance(parts, tuple) and 1 <= len(parts) <= 3 else None
    if chrom is None:
        raise RegionError(f"cannot read the region {region!r}: {_EXPECTED}")
    start, end = (*parts[1:], None, None)[:2]
    try:
        first = 0 if start is None else integer(start)
        last = MAX_END if end is None else integer(end)
    except TypeError:
        raise RegionError(f"cannot read the region {region!r}: {_EXPECTED}") from None
    return _checked(chrom, first, last, repr(region if parts is region else str(region)))


def chrom_name(value: object) -> str | None:
    """A chrom's name, of a text or a whole number; None for what is neither.

    >>> chrom_name("chr1"), chrom_name(1), chrom_name(1.0), chrom_name(1.5), chrom_name(None)
    ('chr1', '1', '1', None, None)
    """
    if isinstance(value, str):
        return str(value)
    try:
        return str(integer(value))
    except TypeError:
        return None


def _checked(chrom: str, start: int, end: int, text: str) -> Region:
    if start < 0:
        raise RegionError(f"region {text}: start {start} is negative")
    if start > end:
        raise RegionError(f"region {text}: start {start} is after end {end} (0-based half-open)")
    return Region(chrom, start, end)


def _chrom_id(name: str, ids: Mapping[str, int], ignore: bool, several: bool) -> int:
    found = ids.get(name)
    if found is None:
        plain = without_style(name)
        styled = any(without_style(known) == plain for known in ids)
        if styled or not ignore:
            raise _unknown(name, ids, several and not styled)
        return -1
    return found


def _unknown(name: str, chroms: Iterable[str], several: bool = False) -> UnknownChromError:
    """One of ``several`` may be passed over, where it is not only of another style."""
    text = hint(name, chroms)
    if not text:
        known = list(chroms)
        shown = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
        text = f"; known are {shown}" if known else "; there are no chroms"
    if several:
        text += "; missing_chroms='ignore' passes over it"
    return UnknownChromError(f"unknown chrom {name!r}{text}", chrom=name, hint=text or None)
