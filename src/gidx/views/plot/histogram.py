"""Where rows do not fit: how many overlap each bin, or how deep they lie.

A bin is a point wide or wider, so that none is lost on paper. Rows that have been read
are counted here; the depth is a bigBed's own, from its zoom levels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from gidx.bbi.summary import Stat
from gidx.formats.offers import Zooms
from gidx.views.plot.axes import NOTE, Track
from gidx.views.plot.draw import draw_nothing

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

HEIGHT = 80.0  # points, in a figure of our own


def per_bin(start: Ints, end: Ints, edges: Ints) -> Ints:
    """How many features overlap each bin; one of length zero is in one bin.

    >>> per_bin(np.array([0, 9, 5]), np.array([10, 11, 5]), np.array([0, 5, 10, 15])).tolist()
    [1, 3, 1]
    """
    bins = len(edges) - 1
    first = np.clip(np.searchsorted(edges, start, side="right") - 1, 0, bins - 1)
    last = np.searchsorted(edges, end, side="left") - 1
    last = np.clip(np.maximum(last, first), 0, bins - 1)
    steps = np.bincount(first, minlength=bins + 1) - np.bincount(last + 1, minlength=bins + 1)
    return np.cumsum(steps)[:bins].astype(np.int64)


def draw_counts(track: Track, counts: Ints, found: int) -> None:
    """How many of the ``found`` features overlap each bin."""
    if found == 0:
        draw_nothing(track)
        return
    top = _draw_histogram(track, [(counts.astype(np.float64), 1.0)])
    size = _bases(track.bases / track.bins)
    note = f"{found:,} feature{'' if found == 1 else 's'} · density, up to {top:,.0f} in {size}"
    track.finish(_histogram_height(track), note)


def draw_depth(track: Track, zooms: Zooms, count_rows: Callable[[], int]) -> None:
    """The mean depth of each bin, and lighter the most.

    Over all bases of a bin: over its covered ones, a chrom of a few features here and
    many there is 1 all along. The most is left out where it would press the mean into
    a fifth of the height.
    """
    stats: tuple[Stat, ...] = ("sum", "max")
    place = track.region
    total, most = (
        np.nan_to_num(
            zooms.summarize(place.chrom, place.start, place.end, track.bins, stat, exact=False)
        )
        for stat in stats
    )
    if not most.any() and count_rows() == 0:
        draw_nothing(track)
        return
    mean = total / np.diff(track.edges())
    note = f"coverage depth, bins of {_bases(track.bases / track.bins)}"
    layers = [(mean, 1.0)]
    if mean.max() >= most.max() / 5:
        layers = [(most, 0.35), (mean, 1.0)]
        note = f"{note}: mean, and lighter the most"
    top = _draw_histogram(track, layers)
    track.finish(_histogram_height(track), f"{note}, up to {top:,.3g}")


def _draw_histogram(track: Track, layers: Sequence[tuple[Floats, float]]) -> float:
    """Heights of the bins, layer over layer: (values, opacity); the largest value."""
    top = max(float(values.max()) for values, _ in layers)
    edges = track.edges()
    for values, alpha in layers:
        track.ax.fill_between(
            edges, np.append(values, values[-1]), step="post", alpha=alpha, linewidth=0,
            color=track.color,
        )  # fmt: skip
    # the note is above the highest
    track.ax.set_ylim(0, (top or 1) / max(1 - NOTE / _histogram_height(track), 0.5))
    return top


def _histogram_height(track: Track) -> float:
    return HEIGHT if track.own else track.height


def _bases(count: float) -> str:
    """A number of bases in its unit.

    >>> _bases(12), _bases(2500), _bases(357_660)
    ('12 bp', '2.5 kb', '358 kb')
    """
    for unit, size in (("Mb", 1e6), ("kb", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.3g} bp"
