"""The interval index of a frame: built once, reused while the frame is unchanged.

It is kept on the frame itself, so it lives as long, and other frames have their own. No
answer may come from an index whose frame has changed since. What tells a change:

* A column of Arrow is immutable: another array stands where the old one stood.
* Of any other the index holds a view. So pandas, which copies on write (always, since 3.0),
  leaves the memory under the view alone, and the frame gets other memory.
* Memory written beneath pandas (``df["start"].array[0] = 5``, or a numpy array that the
  frame was made of without a copy) is found by a digest of the values. That takes 3 ms for
  1 M rows: nothing beside a join, ten times as long as a query for one region. So one
  region, or a list of fewer than a 200th of the rows, is answered without it on more than
  `tuning.digested` rows. Without copy on write (pandas 2) the digest is always asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.errors import UnknownChromError, by_style, restyled
from gidx.frames.intervals import Intervals, Scan
from gidx.frames.positions import Codes, Positions, positions, roles
from gidx.ground.conventions import Roles
from gidx.ground.pool import in_order, thread_count
from gidx.ground.tuning import tuning

if TYPE_CHECKING:
    Series = pd.Series[Any]

_SCANNED = 100  # rows a query from which on a scan is worth it
_KEPT = "_gidx_index"

ALWAYS_COPIES_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3


@dataclass(eq=False)
class FrameIndex:
    """A frame's rows as Intervals; ``names`` are the chroms that its codes stand for.

    Rows in no order are sorted when they are asked a second time: the first question to a
    frame is often its last, and of few regions a scan answers that in half the time (1,000
    on 2 M rows; of 1 M regions it would take three times as long). Rows in order need no
    sorting, and are asked in half the time that a scan takes.
    """

    roles: Roles
    names: tuple[str, ...]
    n_rows: int
    _where: Positions | None = field(repr=False)
    _memory: tuple[tuple[Any, ...], ...] = field(repr=False)
    _held: tuple[Series, ...] = field(repr=False)
    _digest: tuple[int, ...] | None
    _asked: bool = False

    @cached_property
    def intervals(self) -> Intervals:
        """The rows, sorted."""
        where = self._where
        if where is None:  # another thread was quicker
            return self.intervals
        found = Intervals.build(where.codes, where.start, where.end, len(self.names))
        self.__dict__["intervals"] = found
        self._where = None
        return found

    def once(self, queries: int) -> Scan | Intervals:
        """What answers `any_of` and `count`: at first, few queries, the rows as they stand."""
        where = self._where
        few = queries * _SCANNED <= self.n_rows
        if where is None or "intervals" in self.__dict__ or self._asked or not few:
            return self.intervals
        self._asked = True
        scan = Scan(where.codes, where.start, where.end, len(self.names))
        return self.intervals if scan.rows_mostly_follow else scan

    @cached_property
    def runs(self) -> tuple[list[str], npt.NDArray[np.int64]] | None:
        """Where rows are in order, each chrom with rows and its first row, and the end."""
        if self.intervals.row is not None:
            return None
        codes = np.flatnonzero(self.intervals.rank[:-1] >= 0)
        codes = codes[np.argsort(self.intervals.rank[codes])]
        return [self.names[code] for code in codes], self.intervals.first

    @cached_property
    def ids(self) -> dict[str, int]:
        """The code of each chrom."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def used(self) -> list[str]:
        """Chroms that have rows."""
        where = self._where
        if where is None or "intervals" in self.__dict__:
            there = self.intervals.rank[:-1] >= 0
        else:
            there = np.bincount(where.codes + 1, minlength=len(self.names) + 1)[1:] > 0
        return [self.names[i] for i in np.flatnonzero(there)]

    @cached_property
    def _styled(self) -> dict[str, str]:
        return by_style(self.used)

    def codes_in(self, other: FrameIndex) -> Codes:
        """For each chrom here its code in the other frame, -1 for none.

        A chrom that the other frame has under a name of another style is an error: no
        rows would match, and nothing would say so.
        """
        other_style = restyled(self.used, other.ids, other._styled)
        if other_style is not None:
            name, meant = other_style
            raise UnknownChromError(
                f"one frame has the chrom {name!r}, the other {meant!r}; rename one of them",
                chrom=name,
                hint=meant,
            )
        return np.array([*(other.ids.get(name, -1) for name in self.names)], np.int32)

    def is_current(self, frame: pd.DataFrame, *, closely: bool) -> bool:
        """Whether the frame's intervals are still these."""
        if len(frame) != self.n_rows:
            return False
        for name, memory in zip(self.roles.needed, self._memory, strict=True):
            now = _memory_of(frame[name])
            if not all(map(_same, now, memory)):
                return False
        read = closely or self._is_small or not _copies_on_write()
        if self._digest is None or not read:
            return True
        return _digest_of(frame, self.roles) == self._digest

    @property
    def _is_small(self) -> bool:
        texts = any(column.dtype == object for column in self._held)
        return self.n_rows <= (tuning.digested_texts if texts else tuning.digested)


def index_of(frame: pd.DataFrame, *, closely: bool = True, what: str = "the frame") -> FrameIndex:
    """The frame's index: the one it has, if that is still true, or a new one.

    ``closely``: look for memory written beneath pandas, whatever it takes. ``what`` it is
    called in errors.
    """
    found = roles(frame, what)
    kept = frame.__dict__.get(_KEPT)
    if (
        isinstance(kept, FrameIndex)
        and kept.roles == found
        and kept.is_current(frame, closely=closely)
    ):
        return kept
    return _rebuilt(frame, found)


def indexes_of(frame: pd.DataFrame, other: pd.DataFrame) -> tuple[FrameIndex, FrameIndex]:
    """The indexes of both frames, made side by side where both are large."""
    calls = [partial(index_of, frame), partial(index_of, other, what="the other frame")]
    if min(len(frame), len(other)) < tuning.indexes_apart:
        one, two = (call() for call in calls)
    else:
        ready = [partial(_sorted, call) for call in calls]
        one, two = in_order(ready, thread_count(None, len(ready)))
    return one, two


def _sorted(call: Callable[[], FrameIndex]) -> FrameIndex:
    made = call()
    _ = made.intervals
    return made


def _rebuilt(frame: pd.DataFrame, found: Roles) -> FrameIndex:
    """A new index, kept on the frame."""
    held = tuple(frame[name] for name in found.needed)
    where = positions(frame, found)
    memory = tuple(map(_memory_of, held))
    digest = _digest_of(frame, found, where)
    made = FrameIndex(found, where.names, len(frame), where, memory, held, digest)
    object.__setattr__(frame, _KEPT, made)
    return made


def _memory_of(column: Series) -> tuple[Any, ...]:
    """Where a column's values lie: something else as soon as they lie elsewhere.

    Objects are the same or not, addresses (tuples) are equal or not.
    """
    array = column.array
    if isinstance(array, pd.arrays.ArrowExtensionArray):
        return (array.__arrow_array__(),)
    if isinstance(array, pd.Categorical):
        return _address(array.codes), array.dtype.categories
    if isinstance(array, pd.arrays.NumpyExtensionArray):
        return (_address(array.to_numpy()),)
    parts = [getattr(array, name, None) for name in ("_data", "_mask")]
    return tuple(_address(part) if isinstance(part, np.ndarray) else object() for part in parts)


def _address(values: Any) -> tuple[Any, ...]:
    about = values.__array_interface__
    return about["data"][0], about["strides"], about["typestr"]


def _same(one: Any, other: Any) -> bool:
    return one == other if isinstance(one, tuple) else one is other


def _digest_of(
    frame: pd.DataFrame, found: Roles, where: Positions | None = None
) -> tuple[int, ...] | None:
    """What tells of a change of values in place; None where there can be none.

    Of a VCF's rows (their ends are found in other columns) it is that of their positions.
    """
    if found.is_computed:
        where = where or positions(frame, found)
        values = (where.codes, where.start, where.end)
        return *(_digest(v) for v in values), hash(where.names)
    parts = [part for name in found.names for part in _mutable(frame[name])]
    return tuple(parts) or None


def _digest(values: npt.NDArray[Any]) -> int:
    from gidx.kernels.intervals import digest

    return int(digest(np.ascontiguousarray(values).view(f"u{values.itemsize}")))


def _mutable(column: Series) -> list[int]:
    array = column.array
    if isinstance(array, pd.arrays.ArrowExtensionArray):
        return []
    parts: list[Any]
    if isinstance(array, pd.Categorical):
        parts = [array.codes]
    elif isinstance(array, pd.arrays.NumpyExtensionArray):
        parts = [array.to_numpy()]
    else:
        parts = [getattr(array, "_data", None), getattr(array, "_mask", None)]
    return [
        _digest(part)
        if isinstance(part, np.ndarray) and part.dtype.kind in "iufb" and part.dtype.itemsize <= 8
        else hash(tuple(column.tolist()))
        for part in parts
    ]


def _copies_on_write() -> bool:
    return ALWAYS_COPIES_ON_WRITE or pd.options.mode.copy_on_write is True
