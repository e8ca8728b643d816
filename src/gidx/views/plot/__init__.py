"""Intervals of one region as a picture (extra ``plot``: matplotlib).

    rows of the region ─▶ extents in points ─first_fit─▶ rows of the picture ─▶ collections
                                            └─ where they do not fit ─▶ a histogram

How much there is to see, the room on paper decides, as in UCSC's full → pack → squish →
dense: features with labels, features without, low ones without strand, and what fits in
no rows is counted bin by bin. Two features share a row only where they stay apart on
paper, so neither does a row blur nor a picture need more rows than its height holds.

The x axis of the data is the table's: 0-based half-open, so that base p (1-based) is
drawn over [p - 1, p), and ``ax.axvspan(start, end)`` is just over a feature. Only its
labels are 1-based.

Each kind of shape is one collection, whatever the number of features: 10,000 bed12 rows
take 0.5 s. Labels are texts of their own, at most as many as there is room for.

    features        what a row looks like: colour, strand, blocks, label
    packing         the ways to draw rows, and which row of the picture each takes
    axes            the track: an Axes with its region, ticks and note
    draw            rows as collections of shapes
    histogram       bins, where rows do not fit
    signal          values of a bigWig

Here is what a user calls, and which rows are drawn.

Left out: sequence, alignments, colour by score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from gidx.arrow import schema
from gidx.errors import ColumnError, RegionError, hint, one_of
from gidx.formats.offers import Signal, Zooms
from gidx.frames.backend import to_frame
from gidx.frames.index import index_of
from gidx.frames.positions import positions
from gidx.frames.query import query, rows_of
from gidx.ground.conventions import CANONICAL, Roles
from gidx.ground.region import MAX_END, Region, resolve
from gidx.ground.tuning import tuning
from gidx.options import Mode
from gidx.scan import OpenFile, format_of
from gidx.views.plot.axes import Track, base_label, need_matplotlib
from gidx.views.plot.draw import draw_nothing, draw_rows
from gidx.views.plot.features import COLUMNS, base_color, features_of
from gidx.views.plot.histogram import draw_counts, draw_depth, per_bin
from gidx.views.plot.packing import STYLES, first_fit
from gidx.views.plot.signal import draw_signal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = [
    "base_label", "chroms_of", "first_fit", "last_end", "last_row", "one_region", "plot_dataset",
    "plot_frame", "plot_nothing",
]  # fmt: skip

Ints = npt.NDArray[np.int64]


# ── what a user calls ───────────────────────────────────────────────────────────────────────────


def plot_frame(
    frame: pd.DataFrame,
    roles: Roles,
    region: Any,
    *,
    ax: Axes | None = None,
    label: str | Literal[False] | None = None,
    color: Any = None,
    mode: Mode | None = None,
) -> Axes:
    """Draw the rows of a frame that overlap one region. `DataFrame.gidx.views.plot` says more."""
    _check(mode, label, frame.columns)
    place, seen = _rows(frame, roles, region)
    return _plot(frame, place, seen, ax, label, color, mode)


def plot_dataset(
    dataset: OpenFile,
    region: Any,
    *,
    ax: Axes | None = None,
    label: str | Literal[False] | None = None,
    color: Any = None,
    mode: Mode | None = None,
) -> Axes:
    """Draw one region of a file; reads only that, and of it only what is drawn.

    A bigWig is a filled line. Up to 20,000 rows are drawn as `plot_frame` does. Of more
    a bigBed shows the coverage depth from its zoom levels (as `BigBedDataset.summary`:
    ``sum`` by bases, and ``max``), a text file how many rows overlap each bin. Of 2 M rows,
    a chrom's 161,000: bigBed 0.05 s, text 0.13 s.
    """
    _check(mode, label, dataset.schema.names)
    base = base_color(dataset.schema.names, color)
    place = one_region(region, dataset.chroms, lambda chrom: last_end(dataset, chrom))
    file = format_of(dataset)
    if isinstance(file, Signal) and isinstance(file, Zooms) and mode is None:
        track = Track(ax, place, base)
        draw_signal(track, file, file)
        return track.ax
    table = None if mode == "density" else _read_few(dataset, place, label, color)
    if table is not None:
        frame = to_frame(table)
        at = positions(frame, CANONICAL)
        seen = _Seen(np.arange(len(frame)), at.start, at.end)
        return _plot(frame, place, seen, ax, label, color, mode)
    track = Track(ax, place, base)
    if isinstance(file, Zooms):
        draw_depth(track, file, lambda: dataset.count_rows(place))
    else:
        counts, found = np.zeros(track.bins, np.int64), 0
        for start, end in _spans(dataset, place):
            counts += per_bin(start, end, track.edges())
            found += len(start)
        draw_counts(track, counts, found)
    return track.ax


class _Seen(NamedTuple):
    """Rows that overlap a region: their numbers, and where they are."""

    rows: npt.NDArray[np.intp]
    start: Ints
    end: Ints


def _plot(
    frame: pd.DataFrame,
    place: Region,
    seen: _Seen,
    ax: Axes | None,
    label: Any,
    color: Any,
    mode: Mode | None,
) -> Axes:
    base = base_color(frame.columns, color)
    rows, start, end = seen
    track = Track(ax, place, base, asked=mode in ("pack", "squish"))
    if mode != "density" and len(rows) <= tuning.drawn_rows:
        features = features_of(frame, rows, start, end, label, color)
        if draw_rows(track, features, STYLES[mode], mode is not None):
            return track.ax
    draw_counts(track, per_bin(start, end, track.edges()), len(start))
    return track.ax


def _check(mode: str | None, label: Any, columns: Iterable[str]) -> None:
    need_matplotlib()
    columns = list(columns)
    if label not in (None, False) and label not in columns:
        raise ColumnError(f"no column {label!r} for labels{hint(str(label), columns)}")
    if mode is not None:
        one_of("mode", mode, get_args(Mode))


# ── which rows ──────────────────────────────────────────────────────────────────────────────────


def _rows(frame: pd.DataFrame, roles: Roles, region: Any) -> tuple[Region, _Seen]:
    """The region with both its ends, and the rows that overlap it."""
    place = one_region(region, chroms_of(frame), lambda chrom: last_row(frame, roles, chrom))
    rows = rows_of(frame, place)
    at = positions(frame.take(rows), roles)
    return place, _Seen(rows, at.start, at.end)


def chroms_of(frame: pd.DataFrame) -> dict[str, int | None]:
    """The chroms of a frame's rows and of its metadata, with their sizes where it knows them."""
    sizes = schema.read_metadata(frame.attrs).get("chromsizes") or {}
    return {name: sizes.get(name) for name in (*index_of(frame).names, *sizes)}


def last_row(frame: pd.DataFrame, roles: Roles, chrom: str) -> int:
    """Where a chrom's rows end."""
    return int(positions(query(frame, (chrom,)), roles).end.max(initial=0))


def one_region(region: Any, chroms: dict[str, int | None], last: Callable[[str], int]) -> Region:
    """One region that ends; ``last`` is where a chrom's rows do."""
    asked = resolve(region, chroms)
    if len(asked) != 1:
        raise RegionError(f"plot takes one region, found {len(asked)}; plot each on its own ax=")
    chrom = list(chroms)[int(asked.chrom[0])]
    start, end = int(asked.start[0]), int(asked.end[0])
    if end >= MAX_END:
        end = chroms[chrom] or max(last(chrom), start + 1)
    if start >= end:
        raise RegionError(f"{Region(chrom, start, end)}: no bases to draw")
    return Region(chrom, start, end)


def plot_nothing(place: Region, ax: Axes, what: str) -> None:
    """A track of this region that says what there is none of."""
    draw_nothing(Track(ax, place, base_color((), None)), what)


def _read_few(dataset: OpenFile, place: Region, label: Any, color: Any) -> pa.Table | None:
    """The rows of a region with the columns that are drawn; None for too many."""
    chosen = [c for c in (label, color) if isinstance(c, str)]
    known = (*schema.HEAD, *COLUMNS, *chosen)
    columns = [name for name in dataset.schema.names if name in known]
    reader = dataset.scan(place, columns=columns)
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows > tuning.drawn_rows:
            return None
    return pa.Table.from_batches(batches, reader.schema)


def _spans(dataset: OpenFile, region: Any) -> Iterator[tuple[Ints, Ints]]:
    for batch in dataset.to_batches(region, columns=["start", "end"]):
        start, end = (column.to_numpy() for column in batch.columns)
        yield start, end


def last_end(dataset: OpenFile, chrom: str) -> int:
    """Where a chrom's rows end, read from the file."""
    return max((int(end.max()) for _, end in _spans(dataset, (chrom,))), default=0)
