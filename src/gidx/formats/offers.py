"""What a format may offer beyond rows: each capability a class of its own.

A format that has one is of its class; who needs it asks for that (`gidx.scan.offered`),
whatever the format is. None of them is needed for a `Format`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.bbi.summary import Stat, TotalSummary
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.windows import Windows

if TYPE_CHECKING:
    from gidx.binning.index import TabixIndex


ZOOM_SCHEMA = pa.schema([
    ("chrom", schema.CHROM),
    ("start", schema.POSITION),
    ("end", schema.POSITION),
    ("valid_count", pa.uint32()),
    ("min", pa.float32()),
    ("max", pa.float32()),
    ("sum", pa.float32()),
    ("sum_squares", pa.float32()),
])  # fmt: skip


class Zooms(ABC):
    """Summaries of values, by zoom levels."""

    @property
    @abstractmethod
    def reductions(self) -> list[int]:
        """Bases that a summary of each zoom level spans, about, finest first."""

    @abstractmethod
    def zoom_level(self, level: int) -> int:
        """Which level has this reduction, or this number."""

    @abstractmethod
    def zoom_plan(self, level: int, regions: RegionSet | None) -> Ranges:
        """File ranges of a level's summaries."""

    @abstractmethod
    def zoom_batch(self, ranges: Ranges, regions: RegionSet | None) -> pa.RecordBatch:
        """Summaries that overlap a region."""

    @abstractmethod
    def summarize(
        self, chrom: str, start: int, end: int, bins: int, stat: Stat, exact: bool
    ) -> npt.NDArray[np.float64]:
        """A statistic of each of ``bins`` parts of [start, end)."""

    @abstractmethod
    def total_summary(self) -> TotalSummary:
        """Of the whole file."""


class Signal(ABC):
    """Each base has a value, or none."""

    @abstractmethod
    def values(self, chrom: str, start: int, end: int, fill: float) -> npt.NDArray[np.float32]:
        """The value of each base of [start, end); ``fill`` where there is none."""

    @abstractmethod
    def matrix(
        self, windows: Windows, bins: int, stat: Stat, fill: float, threads: int | None
    ) -> npt.NDArray[np.float64]:
        """A statistic of each bin (windows, bins), from the rows."""

    @abstractmethod
    def over(self, windows: Windows, threads: int | None) -> tuple[npt.NDArray[np.float64], ...]:
        """Of each window, over its bases that have a value: how many, sum, least, most."""


class NameIndexes(ABC):
    """Extra indexes, which lead from a name to its rows."""

    @abstractmethod
    def indexed_names(self) -> list[str]:
        """Canonical names of the columns that have one."""

    @abstractmethod
    def indexes_of(self, field: str | None) -> list[int]:
        """Which columns' indexes to use: all where none is named."""

    @abstractmethod
    def lookup(self, column: int, keys: Sequence[str]) -> Ranges:
        """File ranges of the blocks that hold rows with one of the keys."""


class AsTexts(ABC):
    """Columns can be read as the texts that they are."""

    @abstractmethod
    def as_texts(self) -> Self:
        """The same file, columns behind chrom, start, end as texts, where they are not typed
        by a header.

        So ``1.50`` stays, and a value that is not of its declared type.
        """


class Declares(ABC):
    """The file, or who opened it, may say what its columns are, in AutoSQL."""

    @property
    @abstractmethod
    def declared_as(self) -> tuple[str, str] | None:
        """The AutoSQL, and the BED type (``bed6+4``); None where nobody has said it."""

    @abstractmethod
    def as_declared(self) -> Self:
        """The same file, the columns whose type was declared as texts, others as they are.

        For a writer that sees to it that every value is what the declaration says.
        """


class Widens(ABC):
    """Types of columns may be guessed, and turn out too narrow."""

    @abstractmethod
    def widened(self, field: int, text: str) -> Self:
        """The same file, a column that was guessed wide enough for this text of it."""


class TextLines(ABC):
    """Lines of text, with or without an index."""

    index: TabixIndex | None

    @property
    @abstractmethod
    def samples(self) -> Sequence[str]:
        """Names of samples, those chosen; none in most formats."""

    @abstractmethod
    def apart(self) -> Self:
        """The same file, read in pieces that know only their own chroms.

        So its first rows can be read without a look at all the others, which a file without an
        index takes to know its chroms. Dictionaries of chroms differ from piece to piece.
        """

    @abstractmethod
    def say_row(self, number: int) -> str | None:
        """Where a row stands, counted from 0, in words: ``x.bed, line 7``."""

    @abstractmethod
    def first_lines(self, size: int) -> bytes:
        """The header, and whole lines behind it, of about ``size`` bytes."""
