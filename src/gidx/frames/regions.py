"""A frame whose rows are regions, for those who ask files by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gidx.errors import ColumnError, RegionError
from gidx.frames import strands
from gidx.frames.intervals import Intervals, Queries
from gidx.frames.positions import read, roles
from gidx.frames.query import as_frame
from gidx.ground.region import Region, before_the_first
from gidx.ground.slots import FrameSpans

Ints = npt.NDArray[np.int64]

_WHOLE = "a frame of regions needs integer start and end without missing values"


def spans_of_frame(regions: Any, most: int) -> FrameSpans | None:
    """The rows of a frame or table, in none of which a value may be missing; None: no frame."""
    frame = as_frame(regions)
    if frame is None:
        return None
    try:
        found = roles(frame, "the frame of regions")
    except ColumnError as error:
        raise RegionError(str(error)) from None
    try:
        where, missing = read(frame, found, most)
    except ColumnError as error:
        raise RegionError(f"{_WHOLE}: {error}") from None
    if missing is not None and missing.any():
        raise RegionError(f"{_WHOLE}: row {int(np.argmax(missing))} lacks one")
    if len(where) and where.codes.min() < 0:
        raise RegionError(f"a region has no chrom (missing value), row {np.argmin(where.codes)}")
    start, end = where.start, where.end
    if found.shift:
        start, end = before_the_first(start, end)
    return FrameSpans(where.names, where.codes, start, end)


def reversed_of(regions: Any) -> npt.NDArray[np.bool_] | None:
    """Which regions of a frame are of the reverse strand; None where nothing says so."""
    frame = None if isinstance(regions, (str, tuple, list, Region)) else as_frame(regions)
    if frame is None:
        return None
    names = sorted((c for c in frame if str(c).lower() == "strand"), key=lambda c: c != "strand")
    if not names and any(str(name).lower() == "strand" for name in frame.index.names):
        raise RegionError(
            "the frame of regions has the strand in its index; df.reset_index() first"
        )
    try:
        return strands.signs(frame, names[0]) < 0 if names else None
    except ColumnError as error:
        raise RegionError(f"the frame of regions: {error}") from None


def numbered(
    rows: pa.Table, regions: tuple[Ints, Ints, Ints], chroms: Sequence[str]
) -> tuple[Ints, Ints]:
    """Numbers of regions and of the rows that overlap each, region by region.

    ``rows`` begin with chrom, start and end; ``regions`` are chrom ids, starts and ends.
    """
    known = pc.index_in(rows.column(0).cast(pa.string()), pa.array(chroms, pa.string()))
    codes = known.to_numpy().astype(np.int32)
    start, end = (rows.column(i).to_numpy().astype(np.int64) for i in (1, 2))
    chrom, begins, ends = regions
    ends = np.minimum(ends, max(int(end.max(initial=0)), 0) + 1)  # which are doubled
    asked = Queries.of_regions(chrom, np.minimum(begins, ends), ends)
    _, number, found = Intervals.build(codes, start, end, len(chroms)).pairs(asked)
    return number, found
