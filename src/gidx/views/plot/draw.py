"""Rows as shapes: lines, boxes, pins, chevrons and labels.

Each kind of shape is one collection, with the data's own numbers for x, and points from
the top for y. Only what is too narrow to be seen is widened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.views.plot.axes import NOTE, Track
from gidx.views.plot.features import Features
from gidx.views.plot.packing import PACK, PIN, SQUISH, THIN, Extents, Style, at_least, extents_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEP = 11.0  # points between two chevrons


def draw_rows(track: Track, features: Features, styles: Sequence[Style], forced: bool) -> bool:
    """Draw in the first style that has room; False where none has. ``forced``: the last has."""
    found = len(features)
    if found == 0:
        draw_nothing(track)
        return True
    for style in styles:
        most = max(1, int((track.height - NOTE) / style.pitch))
        # before labels are measured: what cannot fit, since each feature takes a gap
        hopeless = found * style.gap > most * (track.width + style.gap)
        if style.font and (features.labels is None or hopeless):
            continue
        if style is SQUISH and not forced and _are_specks(track, features):
            continue
        extents = extents_of(track, features, style)
        row = extents.packed(style.gap, most)
        fits = row >= 0
        if fits.all() or (forced and style is styles[-1]):
            break
    else:
        return False
    if not fits.all():
        features, row = features.chosen(fits), row[fits]
        extents = extents_of(track, features, style)
    height = _draw(track, features, extents, row, style)
    shown = len(features)
    counted = f"{found:,} feature{'' if found == 1 else 's'}"
    note = counted if shown == found else f"{shown:,} of {counted} shown"
    track.finish(height, f"{note} · {style.name}")
    return True


def draw_nothing(track: Track, what: str = "no features") -> None:
    """A row's height that says what there is none of."""
    track.ax.set_ylim(1, 0)
    track.finish(NOTE + PACK.pitch, "")
    track.say(what, (0.5, 0.5), (0, 0), ha="center", va="center", fontsize=9)


def _are_specks(track: Track, features: Features) -> bool:
    """Whether low rows would be dust, of which a histogram says more."""
    width = track.points(features.end) - track.points(features.start)
    return len(features) > track.width and float(np.median(width)) < 1.5 * THIN


def _draw(
    track: Track,
    features: Features,
    extents: Extents,
    row: npt.NDArray[np.intp],
    style: Style,
) -> float:
    """All shapes, y in points from the top; returns the height that they take."""
    ax = track.ax
    rows = int(row.max()) + 1
    height = NOTE + rows * style.pitch
    ax.set_ylim(height if track.own else track.height, 0)
    middle: Floats = (NOTE + row * style.pitch + style.box / 2 + 1).astype(np.float64)
    pins = np.zeros(len(features), np.bool_)
    if features.pin and style.chevrons:
        pins = track.points(features.end) - track.points(features.start) < PIN
    of = features.of
    inside = (
        ~pins[of]
        & (features.block_start <= track.region.end)
        & (features.block_end >= track.region.start)
    )
    of, begin, stop = of[inside], features.block_start[inside], features.block_end[inside]
    thick_start = np.clip(features.thick_start[of], begin, stop)
    thick_end = np.clip(features.thick_end[of], begin, stop)
    # a block of length zero has no thick part, and is not thin for that
    thick = (thick_end > thick_start) | (
        (begin == stop) & (features.thick_end[of] >= features.thick_start[of])
    )
    thin = ~thick | (thick_start > begin) | (thick_end < stop)
    color = features.color

    _draw_lines(track, features, middle, pins)
    for part, first, last, size in (
        (thin, begin, stop, style.box * 0.55),
        (thick, thick_start, thick_end, style.box),
    ):
        _draw_boxes(track, first[part], last[part], middle[of[part]], size, color[of[part]])
    if style.chevrons:
        _draw_chevrons(track, features, pins, middle)
        _draw_pins(track, extents, pins, middle, style.box, color)
    if style.font and features.labels is not None:
        for x, y, text in zip(extents.label_left, middle, features.labels, strict=True):
            if text:
                ax.text(
                    float(track.positions(x)), y + style.box / 2 + 1.5, text, fontsize=style.font,
                    va="top", ha="left", parse_math=False, clip_on=True,
                )  # fmt: skip
    return height


def _draw_lines(
    track: Track, features: Features, middle: Floats, skip: npt.NDArray[np.bool_]
) -> None:
    """From the first to the last base of features that have blocks."""
    from matplotlib.collections import LineCollection

    several = np.flatnonzero((np.bincount(features.of, minlength=len(features)) > 1) & ~skip)
    first = np.maximum(features.start[several], track.region.start)
    last = np.minimum(features.end[several], track.region.end)
    y = middle[several]
    lines: Any = np.stack([np.column_stack([first, y]), np.column_stack([last, y])], axis=1)
    _add(track, LineCollection(lines, colors=features.color[several], linewidths=0.8), len(lines))


def _draw_boxes(
    track: Track, begin: Ints, stop: Ints, middle: Floats, height: float, color: Floats
) -> None:
    from matplotlib.collections import PolyCollection

    left, right = at_least(track.points(begin), track.points(stop), THIN, track.width)
    # the data's own numbers, but where a box is widened to be seen
    wide = right - left > THIN * 1.001
    edges = track.region.start, track.region.end
    left = np.where(wide, np.clip(begin, *edges), track.positions(left))
    right = np.where(wide, np.clip(stop, *edges), track.positions(right))
    top, bottom = middle - height / 2, middle + height / 2
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    boxes: Any = np.stack([np.column_stack(c) for c in corners], axis=1)
    _add(track, PolyCollection(boxes, facecolors=color, linewidths=0), len(boxes))


def _draw_pins(
    track: Track,
    extents: Extents,
    pins: npt.NDArray[np.bool_],
    middle: Floats,
    height: float,
    color: Floats,
) -> None:
    """Short variants: a head on a stem."""
    from matplotlib.collections import LineCollection

    x = track.positions((extents.left + extents.right)[pins] / 2)
    y, color = middle[pins], color[pins]
    ends = [(x, y - height / 2 + PIN / 2), (x, y + height / 2)]
    stems: Any = np.stack([np.column_stack(c) for c in ends], axis=1)
    _add(track, LineCollection(stems, colors=color, linewidths=0.9), len(stems))
    if len(x):
        track.ax.scatter(
            x, y - height / 2 + PIN / 2, s=PIN**2, c=color, linewidths=0, zorder=3, clip_on=False
        )


def _draw_chevrons(
    track: Track, features: Features, skip: npt.NDArray[np.bool_], middle: Floats
) -> None:
    """Arrows along the lines between blocks, and inside blocks that have room."""
    of, begin, stop = features.of, features.block_start, features.block_end
    color, strand = features.color, features.strand
    luminance = color @ np.array([0.299, 0.587, 0.114])
    contrast = np.where(luminance[:, None] > 0.6, 0.15, 1.0) * np.ones(3)
    follows = np.flatnonzero(of[1:] == of[:-1])
    gaps = of[follows], stop[follows], begin[follows + 1], color, 3.6
    for which, first, last, colors, least in (gaps, (of, begin, stop, contrast, 6.5)):
        left = np.clip(track.points(first), 0, track.width)
        right = np.clip(track.points(last), 0, track.width)
        at, x = _spread(left, right, least)
        owner = which[at]
        keep = (strand[owner] != 0) & ~skip[owner]
        _add_chevrons(track, x[keep], middle[owner[keep]], strand[owner[keep]], colors[owner[keep]])


def _spread(left: Floats, right: Floats, least: float) -> tuple[npt.NDArray[np.intp], Floats]:
    """Places STEP apart in the middle of each span of ``least`` points: (span, place)."""
    room = right - left
    counts = np.where(room >= least, np.maximum(room // STEP, 1), 0).astype(np.int64)
    span = np.repeat(np.arange(len(left)), counts)
    number = np.arange(len(span)) - np.repeat(np.cumsum(counts) - counts, counts)
    return span, ((left + right) / 2)[span] + (number - (counts[span] - 1) / 2) * STEP


def _add_chevrons(
    track: Track, x: Floats, y: Floats, strand: npt.NDArray[np.int8], color: Floats
) -> None:
    from matplotlib.collections import LineCollection

    back = x - strand * 1.2
    tip = x + strand * 1.2
    corners = [(back, y - 1.9), (tip, y), (back, y + 1.9)]
    lines: Any = np.stack([np.column_stack([track.positions(a), b]) for a, b in corners], axis=1)
    shapes = LineCollection(lines, colors=color, linewidths=0.8, capstyle="round")
    _add(track, shapes, len(lines))


def _add(track: Track, shapes: Any, count: int) -> None:
    if count:
        track.ax.add_collection(shapes, autolim=False)
