"""Arrow IPC files and streams, read: batch by batch, the rows that overlap a region.

Nothing in them says where rows are, so a region reads them whole, and so do the chroms:
once more, for that column alone. They are read in one pass; a group is a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from gidx.formats.base import Opening
from gidx.formats.columnar import Columnar, names_in, reading
from gidx.formats.streams import small
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges
from gidx.ground.region import RegionSet
from gidx.ground.source import ByteSource, SourceFile

_FILE = b"ARROW1"


class ArrowTable(Columnar):
    """One open Arrow file, or stream (a `Format`)."""

    kind, title = "arrow", "an Arrow"

    def __init__(self, source: ByteSource, opening: Opening) -> None:
        self._is_file = bytes(source.read(0, len(_FILE))) == _FILE
        with reading(source.name, self.title), self._opened(source) as found:
            own = found.schema
        super().__init__(source, own, opening)

    def _opened(self, source: ByteSource, columns: Sequence[int] = ()) -> Any:
        options = pa.ipc.IpcReadOptions(included_fields=list(columns))
        opened = pa.ipc.open_file if self._is_file else pa.ipc.open_stream
        return opened(SourceFile(source), options=options)

    def _batches(self, columns: Sequence[int] = ()) -> Iterator[pa.RecordBatch]:
        """Batches of these columns, of all for none."""
        with reading(self.source.name, self.title), self._opened(self.source, columns) as found:
            if self._is_file:
                yield from map(found.get_batch, range(found.num_record_batches))
            else:
                yield from found

    def table(self, blocks: pa.RecordBatch, columns: Sequence[str]) -> pa.Table:
        return pa.Table.from_batches([blocks]).select(list(columns))

    def rows_in(self, blocks: pa.RecordBatch) -> int:
        return int(blocks.num_rows)

    def chroms_met(self) -> Iterator[str]:
        at = self._own.get_field_index(self.roles.chrom)
        for batch in self._batches([at]):
            yield from names_in(pa.chunked_array([batch.column(0)]))

    def row_count(self) -> int | None:
        return None  # a batch says it, and they are not read for that

    def info(self) -> dict[str, Any]:
        told = self._about.get("format")
        return {
            "format": f"Arrow {'file' if self._is_file else 'stream'}"
            + (f", of {told}" if told not in (None, self.kind) else ""),
            "rows": None,
            "intervals": self.places,
        }

    def plan(self, regions: RegionSet | None) -> Ranges:  # noqa: ARG002
        return np.array([[0, self.source.size]], np.uint64)

    def work(self, parts: int) -> Work:  # noqa: ARG002
        return Work.uncut(self.source.size)

    def between(self, lo: int, hi: int) -> tuple[ArrowTable, Ranges]:  # noqa: ARG002
        return self, self.plan(None)  # they were not cut

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        return small(self._batches())
