"""Tables as plain Python has them, to compare with."""

from __future__ import annotations

import pyarrow as pa


def rows_of(table: pa.Table) -> list[tuple]:
    """Its rows, a tuple each."""
    return [tuple(row.values()) for row in table.to_pylist()]
