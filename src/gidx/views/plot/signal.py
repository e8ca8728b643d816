"""A signal as a filled line, with an axis of its values.

Base by base where there is room, else the mean of each bin, a point wide, from the zoom level
that fits. What has no value, or none that is finite, is left open.
"""

from __future__ import annotations

import numpy as np

from gidx.formats.offers import Signal, Zooms
from gidx.views.plot.axes import NOTE, VALUES, Track
from gidx.views.plot.draw import draw_nothing

HEIGHT = 80.0  # points, in a figure of our own
_LABEL = 8.0  # points, of a label of the y axis
_STEPS = 4  # bases a bin up to which each has its own step


def draw_signal(track: Track, file: Signal, zooms: Zooms) -> None:
    """The values of the track's region."""
    place = track.region
    if track.bases <= _STEPS * track.bins:
        values = file.values(place.chrom, place.start, place.end, np.nan).astype(np.float64)
        edges, note = np.arange(place.start, place.end + 1), "value of each base"
    else:
        bins = zooms.summarize(place.chrom, place.start, place.end, track.bins, "mean", exact=False)
        values, edges, note = bins, track.edges(), f"mean of {track.bases / track.bins:,.0f} bp"
    infinite = int(np.count_nonzero(np.isinf(values)))
    values = np.where(np.isfinite(values), values, np.nan)
    if infinite:  # what is left open is not all without a value
        note += f" · {infinite:,} infinite, not drawn"
    if np.isnan(values).all():
        draw_nothing(track, f"no finite values, {infinite:,} infinite" if infinite else "no values")
        return
    steps = np.append(values, values[-1])
    ax = track.ax
    # not fill_between, which leaves the last step before each gap unfilled
    ax.stairs(values, edges, fill=True, alpha=0.5, linewidth=0, color=track.color)
    ax.plot(edges, steps, drawstyle="steps-post", linewidth=0.8, color=track.color)
    low, high = min(np.nanmin(values), 0.0), max(np.nanmax(values), 0.0)
    height = HEIGHT if track.own else track.height
    room = (high - low or 1.0) / max(1 - NOTE / height, 0.5)  # the note is above the highest
    track.finish(height, note, VALUES)
    ax.set_ylim(low, low + room)
    # one so near to 0 that their labels would be on each other has none
    near = room * _LABEL / height
    ax.set_yticks(sorted({0.0, *(v for v in (low, high) if abs(v) > near)}))
    ax.yaxis.set_major_formatter("{x:.3g}")
    ax.tick_params(axis="y", labelsize=7)
    ax.spines["left"].set_visible(True)
