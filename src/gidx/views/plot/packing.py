"""The ways to draw rows, and which row of the picture each feature takes.

A feature's extent, its label with it, is measured on paper, in points; features share a
row where their extents stay a style's gap apart. Rows fill from the top, each feature
in the first that is free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gidx.views.plot.axes import Track
from gidx.views.plot.features import Features

Floats = npt.NDArray[np.float64]

# In points.
THIN = 1.0  # no feature is drawn thinner
PIN = 5.0  # variants below this are pins with a head of this size


@dataclass(frozen=True)
class Style:
    """A way to draw rows: heights, and the gap between two features, in points."""

    name: str
    pitch: float
    box: float
    gap: float
    font: float = 0.0  # 0: no labels

    @property
    def chevrons(self) -> bool:
        return self.box > 5


PACK = Style("pack", 21, 9, 5, font=7)
BARE = Style("pack without labels", 13, 8, 2.5)
SQUISH = Style("squish", 5, 3.4, 1.5)
STYLES: dict[str | None, tuple[Style, ...]] = {
    None: (PACK, BARE, SQUISH), "pack": (PACK, BARE), "squish": (SQUISH,), "density": (),
}  # fmt: skip


def first_fit(left: Floats, right: Floats, rows: int) -> npt.NDArray[np.intp]:
    """The first of ``rows`` in which each extent does not overlap another; -1 for none.

    Extents come sorted by their left end, and may touch. Plain Python: 20,000 extents in
    60 rows take 50 ms, less than the kernels take to load.

    >>> first_fit(np.array([0.0, 2.0, 4.0]), np.array([4.0, 6.0, 5.0]), rows=9).tolist()
    [0, 1, 0]
    """
    free = np.full(rows, -np.inf)
    out = np.full(len(left), -1, np.intp)
    for i, (begin, end) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        row = (free <= begin).argmax()
        if free[row] <= begin:
            free[row], out[i] = end, row
    return out


@dataclass(frozen=True)
class Extents:
    """Where features and their labels are, in points from the region's left end."""

    left: Floats
    right: Floats
    label_left: Floats
    label_right: Floats

    def packed(self, gap: float, rows: int) -> npt.NDArray[np.intp]:
        """A row for each, or -1."""
        left = np.minimum(self.left, self.label_left)
        right = np.maximum(self.right, self.label_right) + gap
        order = np.lexsort((-right, left))
        out = np.empty(len(left), np.intp)
        out[order] = first_fit(left[order], right[order], rows)
        return out


def extents_of(track: Track, features: Features, style: Style) -> Extents:
    """What features take up on paper in a style, cut to the region and wide enough to see."""
    least = PIN if features.pin and style.chevrons else THIN
    left, right = at_least(
        track.points(features.start), track.points(features.end), least, track.width
    )
    if not style.font or features.labels is None:
        return Extents(left, right, left, right)
    # under the feature, from where that is seen, and whole within the region
    width = np.array([_text_width(text, style.font) for text in features.labels])
    label_left = np.clip(left, 0, np.maximum(track.width - width, 0))
    label_left = np.where(width > 0, label_left, left)
    return Extents(left, right, label_left, label_left + width)


def at_least(left: Floats, right: Floats, least: float, width: float) -> tuple[Floats, Floats]:
    """Cut to [0, width], then widened about their middle where they are less than ``least``."""
    left, right = np.clip(left, 0, width), np.clip(right, 0, width)
    more = np.maximum(least - (right - left), 0) / 2
    shift = np.clip(more - left, 0, None) - np.clip(right + more - width, 0, None)
    return left - more + shift, right + more + shift


def _text_width(text: str, size: float) -> float:
    if not text:
        return 0.0
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    found, _, _ = TextToPath().get_text_width_height_descent(text, FontProperties(size=size), False)
    return 1.03 * float(found) + 1  # a renderer that hints makes some a little wider
