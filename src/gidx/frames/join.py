"""Two frames joined by where their rows lie: those that overlap, those that are nearest.

Rows of both are alike, so one of length zero overlaps what it touches, whichever side it is
on. The result has the left frame's rows in their order, each with the right one's rows in
theirs (`nearest`: by rank). The right frame's chrom is left out, since it is the left one's.
All is counted as the left frame counts: so are the starts of the right one's intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.errors import ColumnError, hint, one_of
from gidx.frames import strands, take
from gidx.frames.backend import integers_like
from gidx.frames.index import FrameIndex, indexes_of
from gidx.frames.positions import LARGEST, integers
from gidx.frames.query import as_frame, queries_of
from gidx.ground.steps import numbered

Ints = npt.NDArray[np.int64]

HOW = ("inner", "left")
DIRECTIONS = ("both", "left", "right", "upstream", "downstream")
TIES = ("first", "all")


def join(
    frame: pd.DataFrame,
    other: Any,
    how: str = "inner",
    *,
    suffixes: tuple[str, str] = ("", "_other"),
    overlap: bool = False,
) -> pd.DataFrame:
    """Each pair of rows that overlap."""
    one_of("how", how, HOW)
    sides = _Sides.of(frame, other)
    bounds, left, right = sides.index_other.intervals.pairs(sides.queries)
    if how == "left":
        left, right = _with_lone(np.diff(bounds), left, right)
    extra = {}
    if overlap:
        extra = dict(zip(("overlap_start", "overlap_end"), sides.shared(left, right), strict=True))
        extra["overlap"] = extra["overlap_end"] - extra["overlap_start"]
        extra["overlap_start"] = extra["overlap_start"] + sides.index.roles.shift
    return sides.frame_of(left, right, suffixes, extra)


@dataclass(frozen=True)
class Neighbours:
    """Which rows are looked for; `DataFrame.gidx.nearest` says more."""

    k: int = 1
    direction: str = "both"
    ties: str = "first"
    overlapping: bool = True
    max_distance: int | None = None
    strand: str = "strand"

    def check(self, columns: pd.Index) -> None:
        """Refuse what cannot be asked of a frame with these columns."""
        one_of("direction", self.direction, DIRECTIONS)
        one_of("ties", self.ties, TIES)
        if not _is_count(self.k, 1):
            raise ValueError(f"k is {self.k!r}, expected a number of rows, 1 or more")
        most = self.max_distance
        if most is not None and not _is_count(most, 0):
            raise ValueError(f"max_distance is {most!r}, expected a number of bases, 0 or more")
        if self.strand not in ("strand", *columns):  # "same", "opposite" are other tools' words
            raise ColumnError(
                f"strand names the column of strands, and there is no column {self.strand!r}"
                f"{hint(self.strand, [str(c) for c in columns])}; direction='upstream' and "
                "'downstream' look at it; for rows of one strand select them first"
            )


def nearest(
    frame: pd.DataFrame,
    other: Any,
    wanted: Neighbours,
    *,
    how: str = "inner",
    suffixes: tuple[str, str] = ("", "_other"),
) -> pd.DataFrame:
    """Each row with the rows of another frame that are nearest to it."""
    one_of("how", how, HOW)
    wanted.check(frame.columns)
    sides = _Sides.of(frame, other)
    counts, right, distance = sides.index_other.intervals.nearest(
        sides.queries,
        _look(frame, wanted.direction, wanted.strand),
        min(int(wanted.k), max(sides.index_other.n_rows, 1)),
        every=wanted.ties == "all",
        overlapping=wanted.overlapping,
        most=None if wanted.max_distance is None else min(int(wanted.max_distance), LARGEST),
    )
    left, paired = numbered(counts), right
    if how == "left":
        left, paired = _with_lone(counts, left, right)
    if len(paired) != len(distance):  # rows without a neighbour
        spread = np.full(len(paired), -1, np.int64)
        spread[paired >= 0] = distance
        distance = spread
    return sides.frame_of(left, paired, suffixes, {"distance": distance})


def _look(frame: pd.DataFrame, direction: str, strand: str) -> npt.NDArray[np.int8]:
    """Where each row looks: -1 left, 1 right, 0 both, 2 nowhere (its strand is not known)."""
    if direction in ("both", "left", "right"):
        sides = {"both": 0, "left": -1, "right": 1}
        return np.full(len(frame), sides[direction], np.int8)
    if strand not in frame.columns:
        raise ColumnError(
            f"direction={direction!r} needs each row's strand, but there is no column {strand!r}; "
            "name it with strand=, or look to the 'left' or 'right'"
        )
    forwards = strands.signs(frame, strand)
    looks = forwards if direction == "downstream" else -forwards
    return np.where(forwards == 0, np.int8(2), looks).astype(np.int8)


def _with_lone(counts: Ints, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Row numbers left and right, with rows on the left that have none: -1 on the right."""
    lone = counts == 0
    if not lone.any():
        return left, right
    left = numbered(np.maximum(counts, 1))
    spread = np.full(len(left), -1, np.int64)
    spread[~lone[left]] = right
    return left, spread


@dataclass(frozen=True)
class _Sides:
    frame: pd.DataFrame
    other: pd.DataFrame
    index: FrameIndex
    index_other: FrameIndex
    queries: Any

    @classmethod
    def of(cls, frame: pd.DataFrame, other: Any) -> _Sides:
        right = as_frame(other)
        if right is None:
            raise TypeError(
                f"other is {type(other).__name__}, expected a frame; for regions there are "
                "query, overlaps and count"
            )
        mine, theirs = indexes_of(frame, right)
        return cls(frame, right, mine, theirs, queries_of(mine, theirs, rows=True))

    def shared(self, left: Ints, right: Ints) -> tuple[Ints, Ints]:
        """Where pairs overlap, 0-based half-open; for a pair without a right row -1."""
        from gidx.frames.positions import positions

        mine, theirs = (
            positions(self.frame, self.index.roles),
            positions(self.other, self.index_other.roles),
        )
        if not len(theirs):  # which has no row -1 either
            return np.full(len(left), -1), np.full(len(left), -1)
        start = np.maximum(mine.start[left], theirs.start[right])
        end = np.minimum(mine.end[left], theirs.end[right])
        lone = right < 0
        start[lone] = end[lone] = -1
        return start, end

    def frame_of(
        self, left: Ints, right: Ints, suffixes: tuple[str, str], extra: dict[str, Ints]
    ) -> pd.DataFrame:
        """The columns of both, and further ones, -1 there where right is."""
        mine, theirs = self.frame.columns, self.other.columns
        kept = [i for i, c in enumerate(theirs) if c != self.index_other.roles.chrom]
        names = _names(list(mine), [theirs[i] for i in kept], list(extra), suffixes)
        lone = bool(len(right)) and bool((right < 0).any())
        tasks: list[Callable[[], Any]] = [
            *(partial(self._mine, i, left) for i in range(len(mine))),
            *(partial(take.column, self._theirs(i), right, lone) for i in kept),
            *(partial(_numbers, values, right, lone) for values in extra.values()),
        ]
        return take.made(tasks, take.index(self.frame.index, left), pd.Index(names), self.frame)

    def _theirs(self, i: int) -> Any:
        """Column i of the other frame, its starts counted as this frame's are."""
        column, its = self.other.iloc[:, i], self.index_other.roles
        shift = self.index.roles.shift - its.shift
        if not shift or self.other.columns[i] != its.start:
            return column
        start, missing = integers(column)
        shifted = integers_like(start + shift, missing, column)
        return pd.Series(shifted, column.index, name=column.name)

    def _mine(self, i: int, left: Ints) -> Any:
        """Column i of the rows ``left``, which ascend."""
        column, runs = self.frame.iloc[:, i], self.index.runs
        if runs is not None and self.frame.columns[i] == self.index.roles.chrom:
            names, first = runs
            found = take.repeated(names, np.diff(np.searchsorted(left, first)), column)
            if found is not None:
                return found
        return take.column(column, left)


def _names(
    mine: Sequence[Any], theirs: Sequence[Any], extra: Sequence[str], suffixes: tuple[str, str]
) -> list[Any]:
    """As pandas' merge: a name that both frames have gets the suffix of each."""
    if not isinstance(suffixes, (tuple, list)) or len(suffixes) != 2:
        raise ValueError(f"suffixes is {suffixes!r}, expected two texts: ('', '_other')")
    both = {*mine} & {*theirs}
    names = [
        f"{name}{suffix}" if name in both and suffix else name
        for columns, suffix in zip((mine, theirs), suffixes, strict=True)
        for name in columns
    ]
    names += extra
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ColumnError(
            f"two columns of the result would be named {twice!r}; choose other suffixes "
            f"(now {suffixes!r}), or rename one"
        )
    return names


def _numbers(values: Ints, right: Ints, lone: bool) -> Any:
    return pd.arrays.IntegerArray(values, right < 0) if lone else values


def _is_count(value: object, least: int) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and int(value) >= least  # type: ignore[call-overload]
