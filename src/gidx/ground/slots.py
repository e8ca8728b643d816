"""What rooms above give to those below; the package fills it in when it is imported.

Regions may be a frame, and frames are read in one place, which stands above files, since
frames ask each other as they ask files. What a container lists (blocks, bins, chunks) users
have as an Arrow table, and containers know arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


@dataclass(frozen=True)
class FrameSpans:
    """Rows of a frame as regions: ``codes`` into ``names``, 0-based half-open positions."""

    names: tuple[str, ...]
    codes: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


def _no_frame(regions: Any, most: int) -> FrameSpans | None:
    del regions, most
    return None


# The rows of a frame or table; None for what is none. Raises RegionError for one that has no
# regions. The second argument is the farthest position there is.
spans_of_frame: Callable[[Any, int], FrameSpans | None] = _no_frame


@dataclass(frozen=True)
class Coded:
    """A column of texts: ``codes`` into ``names``."""

    names: Sequence[str]
    codes: npt.NDArray[np.int32]


def _no_table(columns: Mapping[str, npt.NDArray[Any] | Coded]) -> pa.Table:
    raise NotImplementedError(f"a table of {', '.join(columns)}: the package fills this in")


# An Arrow table of columns by name; what a masked array masks is missing.
table: Callable[[Mapping[str, npt.NDArray[Any] | Coded]], pa.Table] = _no_table
