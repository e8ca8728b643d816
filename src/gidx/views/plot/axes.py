"""The track: an Axes, the region that it shows, its ticks and its note.

Positions are 0-based, as the data's; only labels are 1-based, so a tick is in the middle
of its base. Lengths on paper are in points (1/72 inch). A figure made here has the
height of what is drawn; of an Axes that is given, size and place are the caller's.

matplotlib is imported only when something is drawn, and pyplot only for a figure of our
own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gidx.bbi.summary import bin_edges
from gidx.errors import visible
from gidx.ground.region import Region

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# In points.
WIDTH, TALLEST, TALLEST_ASKED = 720.0, 330.0, 900.0  # of a figure made here
MARGIN, FOOT = 30.0, 40.0
VALUES = 50.0  # the margin beside an axis of values, -4.99e+05 at most
NOTE = 12.0  # the line at the top that says what is shown


class Track:
    """An Axes, the region that it shows, and its size in points."""

    def __init__(self, ax: Any, region: Region, color: Any, asked: bool = False) -> None:
        from matplotlib.axes import Axes

        self.own = ax is None
        if not isinstance(ax, Axes | None):
            raise TypeError(f"ax is {type(ax).__name__}, expected matplotlib's Axes, one of them")
        if self.own:
            ax = _new_axes(TALLEST_ASKED if asked else TALLEST)
        self.ax, self.region, self.color = ax, region, color
        box, dpi = ax.get_window_extent(), ax.figure.dpi
        self.width, self.height = (max(float(s) * 72 / dpi, 1.0) for s in (box.width, box.height))
        self.bases = region.end - region.start
        # a bin a point, which is two pixels or so
        self.bins = max(1, min(int(self.width), self.bases))

    def points(self, position: npt.NDArray[Any]) -> Floats:
        """Positions in points from the left end."""
        found: Floats = (position - self.region.start) * (self.width / self.bases)
        return found

    def positions(self, points: Floats) -> Floats:
        """The other way round."""
        found: Floats = points * (self.bases / self.width) + self.region.start
        return found

    def edges(self) -> Ints:
        return bin_edges(self.region.start, self.region.end, self.bins)

    def finish(self, height: float, note: str, left: float = MARGIN) -> None:
        """Limits, ticks and the note; a figure of our own gets its height and left margin."""
        ax = self.ax
        if self.own:
            _resize(ax, height, left)
        ax.set_xlim(self.region.start, self.region.end)
        if ax.xaxis.get_tick_params().get("labelbottom", True):  # not above one that shares it
            ax.set_xlabel(visible(str(self.region)), parse_math=False)
        locator, formatter = _ticker()
        ax.xaxis.set_major_locator(locator(nbins=max(2, int(self.width // 90))))
        ax.xaxis.set_major_formatter(formatter())
        ax.set_yticks([])
        ax.spines[["left", "right", "top"]].set_visible(False)
        self.say(note, (1, 1), (0, -1), ha="right", va="top", fontsize=7)

    def say(self, text: str, place: tuple[float, float], offset: Any, **options: Any) -> None:
        self.ax.annotate(
            visible(text), place, offset, xycoords="axes fraction", textcoords="offset points",
            alpha=0.7, annotation_clip=False, parse_math=False, **options,
        )  # fmt: skip


def _new_axes(height: float) -> Any:
    import matplotlib.pyplot as plt

    ax = plt.figure(figsize=(1, 1)).add_axes((0, 0, 1, 1))
    _resize(ax, height)
    return ax


def _resize(ax: Any, height: float, left: float = MARGIN) -> None:
    whole = height + FOOT + MARGIN / 2
    ax.figure.set_size_inches(WIDTH / 72, whole / 72)
    ax.set_position((left / WIDTH, FOOT / whole, 1 - (left + MARGIN) / WIDTH, height / whole))


def need_matplotlib() -> None:
    """Say how to install it before anything is read."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError('plots need matplotlib: pip install "gidx[plot]"') from None


@cache
def _ticker() -> tuple[Any, Any]:
    """Locator and formatter for bases; matplotlib's classes are there only now."""
    from matplotlib.ticker import Formatter, MaxNLocator

    class Locator(MaxNLocator):  # type: ignore[misc, unused-ignore]
        """Ticks in the middle of round bases: base p is drawn over [p - 1, p)."""

        def __init__(self, nbins: int = 8) -> None:
            super().__init__(nbins=nbins, integer=True, steps=[1, 2, 5, 10])

        def tick_values(self, vmin: float, vmax: float) -> Any:
            found = np.asarray(super().tick_values(vmin + 0.5, vmax + 0.5))
            whole = np.rint(found)
            return whole[np.abs(found - whole) < 0.01] - 0.5  # of a base there are parts, too

        def __reduce__(self) -> Any:  # a class in a function has no name to be pickled by
            return _unpickled, (0, self.__dict__)

    class Bases(Formatter):  # type: ignore[misc, unused-ignore]
        """1-based positions in the unit of the step between ticks."""

        step = 1

        def format_ticks(self, values: Any) -> list[str]:
            steps = np.diff(np.asarray(values))
            self.step = round(float(steps.min())) if len(steps) else 1
            return [self(x) for x in values]

        def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
            return base_label(int(np.floor(x)) + 1, self.step)

        def __reduce__(self) -> Any:
            return _unpickled, (1, self.__dict__)

    return Locator, Bases


def _unpickled(which: int, state: dict[str, Any]) -> Any:
    found = _ticker()[which]()
    found.__dict__.update(state)
    return found


def base_label(position: int, step: int) -> str:
    """A 1-based position in the unit that steps are made of.

    >>> base_label(20_100_000, 50_000), base_label(20_100_000, 500_000), base_label(1234, 2)
    ('20,100 kb', '20.1 Mb', '1,234')
    """
    if step >= 100_000:
        digits = 1 if step % 1_000_000 else 0
        return f"{position / 1e6:,.{digits}f} Mb"
    if step >= 1_000:
        return f"{position / 1e3:,.0f} kb"
    return f"{position:,}"
