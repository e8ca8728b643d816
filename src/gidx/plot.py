"""Several tracks under each other, over one region (extra ``plot``: matplotlib).

>>> axes = gidx.plot.tracks({"signal": "signal.bw", "genes": genes}, "chr22:1-400,000")
>>> [ax.get_ylabel() for ax in axes]
['signal', 'genes']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gidx.dataset import Dataset, open
from gidx.frames.positions import roles
from gidx.frames.query import as_frame
from gidx.views.plot import plot_dataset, plot_frame
from gidx.views.plot.axes import need_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gidx.options import OneRegion

__all__ = ["tracks"]

_TRACK = 1.1  # inches


def tracks(
    sources: Mapping[str, Any] | Iterable[Any],
    region: OneRegion,
    *,
    heights: Iterable[float] | None = None,
    width: float = 10.0,
) -> list[Axes]:
    """Draw one region of each source, under each other, on one axis of bases.

    Parameters
    ----------
    sources : dict or list
        Datasets, frames, or what `gidx.open` takes: bigWig, bigBed, VCF, BED …, each drawn as
        its own ``plot`` does. The names of a dict are written beside the tracks.
    region
        One region, as in `Dataset.plot`.
    heights : list of float, optional
        How high each track is, in inches.
    width : float
        Of the figure, in inches.

    Returns
    -------
    list of matplotlib.axes.Axes
        From top to bottom; their figure is ``axes[0].figure``.
    """
    need_matplotlib()
    import matplotlib.pyplot as plt

    named = sources if isinstance(sources, Mapping) else dict(enumerate(sources))
    if not named:
        raise ValueError("tracks needs one source or more")
    high = [_TRACK] * len(named) if heights is None else list(heights)
    if len(high) != len(named):
        raise ValueError(f"heights are {len(high)}, expected one for each of {len(named)} tracks")
    figure, grid = plt.subplots(
        len(named), 1, sharex=True, squeeze=False, figsize=(width, sum(high) + 0.6),
        gridspec_kw={"height_ratios": high}, layout="constrained",
    )  # fmt: skip
    axes = list(grid[:, 0])
    try:
        for ax, (name, source) in zip(axes, named.items(), strict=True):
            _draw(source, region, ax)
            if isinstance(name, str):
                ax.set_ylabel(name, rotation=0, ha="right", va="center")
    except BaseException:
        plt.close(figure)
        raise
    for ax in axes[:-1]:
        ax.set_xlabel("")
    return axes


def _draw(source: Any, region: Any, ax: Axes) -> None:
    frame = None if isinstance(source, Dataset) else as_frame(source)
    if frame is not None:
        plot_frame(frame, roles(frame), region, ax=ax)
    else:
        plot_dataset(source if isinstance(source, Dataset) else open(source), region, ax=ax)
