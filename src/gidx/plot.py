"""Several tracks under each other, over one region (extra ``plot``: matplotlib).

>>> axes = gidx.plot.tracks({"signal": "signal.bw", "genes": genes}, "chr22:1-400,000")
>>> [ax.get_ylabel() for ax in axes]
['signal', 'genes']
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gidx.dataset import Dataset, open
from gidx.errors import UnknownChromError, one_of
from gidx.frames.positions import roles
from gidx.frames.query import as_frame
from gidx.ground.region import Region, resolve
from gidx.views.plot import (
    chroms_of,
    last_end,
    last_row,
    one_region,
    plot_dataset,
    plot_frame,
    plot_nothing,
)
from gidx.views.plot.axes import need_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from gidx.options import MissingChroms, OneFile, OneRegion

__all__ = ["tracks"]

_TRACK = 1.1  # inches


def tracks(
    sources: Mapping[str, Any] | Iterable[Any] | OneFile | Dataset,
    region: OneRegion,
    *,
    heights: Iterable[float] | None = None,
    width: float = 10.0,
    missing_chroms: MissingChroms | None = None,
) -> list[Axes]:
    """Draw one region of each source, under each other, on one axis of bases.

    A whole chrom is drawn to its size, where a source knows that, else to the last row of any.

    Parameters
    ----------
    sources : dict or list, or one source
        Datasets, frames, or what `gidx.open` takes: bigWig, bigBed, VCF, BED …, each drawn as
        its own ``plot`` does. The names of a dict are written beside the tracks.
    region
        One region, as in `Dataset.plot`.
    heights : list of float, optional
        How high each track is, in inches.
    width : float
        Of the figure, in inches.
    missing_chroms : {"error", "ignore"}, optional
        What a source does that does not have the chrom. By default, and with ``"ignore"``, its
        track is empty and says so; but a chrom that none of them has is by default an error,
        which ``"error"`` is of each. A chrom in another style (``1``, ``chr1``) always is.

    Returns
    -------
    list of matplotlib.axes.Axes
        From top to bottom; their figure is ``axes[0].figure``.
    """
    need_matplotlib()
    import matplotlib.pyplot as plt

    given: Any = [sources] if _is_one(sources) else sources
    named = given if isinstance(given, Mapping) else dict(enumerate(given))
    if not named:
        raise ValueError("tracks needs one source or more")
    width = _inches("width", width)
    if heights is not None and (isinstance(heights, str) or not isinstance(heights, Iterable)):
        raise TypeError(f"heights is {heights!r}, expected a list of inches, one for each track")
    high = [_inches("a height", h) for h in ([_TRACK] * len(named) if heights is None else heights)]
    if len(high) != len(named):
        raise ValueError(f"heights are {len(high)}, expected one for each of {len(named)} tracks")
    if missing_chroms is not None:
        one_of("missing_chroms", missing_chroms, ("error", "ignore"))
    opened = [_Source.of(source) for source in named.values()]
    place = _place(opened, region, missing_chroms)
    missing = missing_chroms or "ignore"
    there = [_has(name, s, place, missing) for name, s in zip(named, opened, strict=True)]
    figure, grid = plt.subplots(
        len(named), 1, sharex=True, squeeze=False, figsize=(width, sum(high) + 0.6),
        gridspec_kw={"height_ratios": high}, layout="constrained",
    )  # fmt: skip
    axes = list(grid[:, 0])
    try:
        for ax, name, source, has in zip(axes, named, opened, there, strict=True):
            if has:
                source.draw(place, ax)
            else:
                plot_nothing(place, ax, f"no {place.chrom} here")
            if isinstance(name, str):
                ax.set_ylabel(name, rotation=0, ha="right", va="center")
    except BaseException:
        plt.close(figure)
        raise
    for ax in axes[:-1]:
        ax.set_xlabel("")
    return axes


def _is_one(sources: Any) -> bool:
    """Whether it is one source, and no list of some."""
    if isinstance(sources, (str, bytes, os.PathLike, Dataset)) or hasattr(sources, "read"):
        return True
    return not isinstance(sources, Mapping) and as_frame(sources) is not None


def _inches(what: str, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{what} is {value!r}, expected a number of inches") from None
    if not 0 < found < math.inf:
        raise ValueError(f"{what} is {value!r}, expected inches, more than 0")
    return found


class _Source(NamedTuple):
    """What one track is drawn from: a frame, or an open file."""

    data: Any
    chroms: dict[str, int | None]

    @classmethod
    def of(cls, source: Any) -> _Source:
        if not isinstance(source, Dataset):
            frame = as_frame(source)
            if frame is not None:
                return cls(frame, chroms_of(frame))
            source = open(source)
        return cls(source, dict(source.chroms))

    def last(self, chrom: str) -> int:
        """Where the rows of a chrom end."""
        if chrom not in self.chroms:
            return 0
        if isinstance(self.data, Dataset):
            return last_end(self.data, chrom)
        return last_row(self.data, roles(self.data), chrom)

    def draw(self, place: Region, ax: Axes) -> None:
        if isinstance(self.data, Dataset):
            plot_dataset(self.data, place, ax=ax)
        else:
            plot_frame(self.data, roles(self.data), place, ax=ax)


def _has(name: Any, source: _Source, place: Region, missing: MissingChroms) -> bool:
    """Whether a track's source has the chrom; an error says which track's has not."""
    try:
        return len(resolve(place, source.chroms, None, missing)) > 0
    except UnknownChromError as error:
        where = f"track {name!r}" if isinstance(name, str) else f"track {name + 1}"
        text = f"{where}: {error}"
        raise UnknownChromError(text, chrom=error.chrom, hint=error.hint) from None


def _place(sources: list[_Source], region: Any, missing: MissingChroms | None) -> Region:
    """The region that all tracks show, with both its ends."""
    chroms: dict[str, int | None] = {}
    for source in sources:
        for name, size in source.chroms.items():
            known = chroms.get(name)
            chroms[name] = size if known is None else max(known, size or 0)
    try:
        return one_region(region, chroms, lambda name: max(s.last(name) for s in sources))
    except UnknownChromError as error:
        if missing != "ignore" or error.chrom is None:
            raise
        resolve(region, chroms, None, missing)  # of another style it is an error still
        return one_region(region, {**chroms, error.chrom: None}, lambda _: 0)
