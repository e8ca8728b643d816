"""What a format has to offer; `Dataset` does everything else, once.

    region ─settle, plan─▶ ranges ─fetch─▶ inflated blocks ─decode─▶ rows

Which columns are wanted is bound once, in a `Reader`; `plan`, `fetch` and `count` do not
depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import pyarrow as pa

from gidx.arrow.decode import Problem
from gidx.ground.boxes import Box
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource
from gidx.options import Names

__all__ = ["Format", "Opening", "Placed", "Reader", "Rows", "Writing"]


@dataclass(frozen=True)
class Placed:
    """A Problem and the row it is in: chrom, start, end (0-based half-open)."""

    problem: Problem
    place: tuple[str, int, int]


class Rows(NamedTuple):
    """Decoded rows, and values among them that were not of their type.

    ``rest`` decodes those that follow, where all of a piece at once would take much memory.
    """

    batch: pa.RecordBatch
    problems: Sequence[Placed] = ()
    rest: Callable[[], Rows] | None = None


@dataclass(frozen=True)
class Opening:
    """How a file is to be opened: options of `gidx.open`, and what the caller expects.

    ``kinds`` are formats that it may be, None any; ``otherwise`` is what text without rows
    is that does not say it; ``any_table`` is for who passes rows on, and takes tables without
    intervals too. ``options`` are those of formats: ``types``, ``schema`` …
    """

    index: Any = None
    storage_options: Mapping[str, Any] | None = None
    kinds: tuple[str, ...] | None = None
    otherwise: str | None = None
    any_table: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Writing:
    """How rows are to be written: what `convert` was given. A format takes what it knows."""

    header: bool | None = None
    chromsizes: Mapping[str, int] | None = None
    bed_type: str | None = None
    autosql: Any = None
    extra_index: str | Sequence[str] = ()
    clip: bool = False
    allow_1bp_overlap: bool = False
    sort: bool = False
    threads: int | None = None
    progress: Callable[[int], None] | None = None
    value: str | None = None
    invalid: Literal["raise", "drop"] | None = None

    @property
    def of_all(self) -> dict[str, Any]:
        """What every writer of rows in order takes."""
        return {"sort": self.sort, "threads": self.threads, "progress": self.progress}


class Reader(Protocol):
    """Some columns of an open file, in the order given."""

    @property
    def schema(self) -> pa.Schema:
        """The schema of these columns."""
        ...

    def decode(self, blocks: Any, regions: RegionSet | None) -> Rows:
        """The rows of fetched blocks that overlap a region (all: None)."""
        ...


class Format(Protocol):
    """One open file."""

    kind: str
    source: ByteSource
    retyped: str = "say it with types= or schema="  # how a column gets another type
    # Whether each row that is on a chrom has a start, and an end not before it: regions find it.
    is_placed: bool = True

    @property
    def chroms(self) -> Mapping[str, int | None]:
        """Chroms in file order, with their sizes where the file has them."""
        ...

    def schema(self, names: Names) -> pa.Schema:
        """Every column that rows can have."""
        ...

    def reader(self, columns: Sequence[int], names: Names) -> Reader:
        """Some columns of ``schema(names)``, bound once for all blocks that are decoded."""
        ...

    @property
    def header(self) -> str:
        """The file's own declaration as text; empty where it has none."""
        ...

    @property
    def index_kind(self) -> str | None:
        """What regions are found by: ``inside``, ``tbi`` …; None where none can be."""
        ...

    def fields(self) -> pa.Table:
        """One row a column: what the file declares."""
        ...

    def settle(self, regions: RegionSet | None) -> None:
        """Read what must be known of the file before its rows; raise where they cannot be read.

        Such as the chroms of text without an index, or whether an index is this file's.
        """
        ...

    def plan(self, regions: RegionSet | None) -> Ranges:
        """File ranges whose rows may overlap; may over-include, never under-include."""
        ...

    def among(self, boxes: Sequence[Box]) -> Ranges:
        """File ranges that hold at least all rows in one of the boxes, and whole rows.

        Of a format whose rows are not all placed; of others regions find them.
        """
        del boxes
        return self.plan(None)

    def work(self, parts: int) -> Work:
        """What lies before each place, by its index, fine enough for so many pieces."""
        ...

    def between(self, lo: int, hi: int) -> tuple[Format, Ranges]:
        """What reads rows of a piece without a chrom, and where in the file they are."""
        ...

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterable[Any]:
        """What to fetch and decode at a time, of about ``size`` bytes of the file.

        By default large enough that the calls do not count, and small enough that a
        group's text stays in the cache. A list where that costs nothing.
        """
        ...

    def fetch(self, group: Any, regions: RegionSet | None = None) -> Any:
        """The inflated blocks of a group; those that can have no row of a region may lack."""
        ...

    def count(self, blocks: Any, regions: RegionSet | None) -> int:
        """How many rows overlap a region, without decoding them."""
        ...

    def row_count(self) -> int | None:
        """How many rows the file says it has, if it says."""
        ...

    def info(self) -> dict[str, Any]:
        """Facts for `gidx info`: what the file is made of."""
        ...
