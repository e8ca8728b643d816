"""Tables as plain Python has them, to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from tests.support.strategies import overlaps

import gidx


def rows_of(table: pa.Table) -> list[tuple]:
    """Its rows, a tuple each."""
    return [tuple(row.values()) for row in table.to_pylist()]


def rows_in(file: Any) -> list[tuple]:
    """The rows of a file, or of its bytes."""
    return rows_of(gidx.open(file).to_table())


def places(table: pa.Table) -> list[tuple[str, int, int]]:
    """chrom, start and end of each row."""
    return list(zip(*(table[n].to_pylist() for n in ("chrom", "start", "end")), strict=True))


def overlapping(rows: Iterable[tuple], regions: Sequence[tuple[str, int, int]]) -> list[tuple]:
    """Brute force: the rows that overlap one of the regions."""
    return [row for row in rows if any(overlaps(row, region) for region in regions)]
