"""Arrow IPC files and streams, read: batch by batch, the rows that overlap a region.

Nothing in them says where rows are, so chrom, start and end are read whole, once, before the
first region; then a region reads the batches that have some near it. A place in a file is the
number of a batch; a stream is one place, read in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gidx.formats.base import Opening
from gidx.formats.columnar import Columnar, Ints, reading
from gidx.formats.streams import small
from gidx.ground.boxes import Box, Range
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges
from gidx.ground.region import MAX_END, RegionSet
from gidx.ground.source import ByteSource, SourceFile
from gidx.kernels.records import select_items

_FILE = b"ARROW1"


class ArrowTable(Columnar):
    """One open Arrow file, or stream (a `Format`)."""

    kind, title = "arrow", "an Arrow"

    def __init__(self, source: ByteSource, opening: Opening) -> None:
        self._is_file = bytes(source.read(0, len(_FILE))) == _FILE
        with reading(source.name, self.title), self._opened(source) as found:
            own = found.schema
            self._n = found.num_record_batches if self._is_file else 1
        super().__init__(source, own, opening)

    def _opened(self, source: ByteSource, columns: Sequence[int] = ()) -> Any:
        options = pa.ipc.IpcReadOptions(included_fields=list(columns))
        opened = pa.ipc.open_file if self._is_file else pa.ipc.open_stream
        return opened(SourceFile(source), options=options)

    def _batches(self, ranges: Ranges, columns: Sequence[int] = ()) -> Iterator[pa.RecordBatch]:
        """Batches of these columns, of all for none."""
        with reading(self.source.name, self.title), self._opened(self.source, columns) as found:
            for lo, hi in ranges.tolist():
                yield from map(found.get_batch, range(lo, hi)) if self._is_file else found

    def stored(self, blocks: pa.RecordBatch, columns: Sequence[str]) -> pa.Table:
        return pa.Table.from_batches([blocks]).select(list(columns))

    def rows_in(self, blocks: pa.RecordBatch) -> int:
        return int(blocks.num_rows)

    def chroms_met(self) -> Iterator[str]:
        return (name for names, _, _ in self._looks for name in names)

    @cached_property
    def _looks(self) -> list[tuple[list[str], Range, Range]]:
        """Of each batch its chroms, and between what its starts and its ends are."""
        heads = self.roles.needed
        found = []
        for batch in self._batches(self.plan(None), [self._own.get_field_index(n) for n in heads]):
            names, start, end = self.heads(batch)
            found.append((names, _range(start), _range(end)))
        return found

    @cached_property
    def _spans(self) -> tuple[Ints, Ints, Ints, Ints]:
        """A row for each chrom of a batch: the batch, the chrom's number, start and end."""
        ids = {name: i for i, name in enumerate(self._chroms)}
        rows = [
            (i, ids[name], max(start.lo - 1, 0), max(end.hi + 1, 1))
            for i, (names, start, end) in enumerate(self._looks)
            for name in names
            if start.lo - 1 < end.hi + 1
        ]
        columns = np.array(rows, np.int64).reshape(-1, 4).T
        batch, chrom, start, end = (np.ascontiguousarray(column) for column in columns)
        return batch, chrom, start, end

    def row_count(self) -> int | None:
        return None  # a batch says it, and they are not read for that

    def info(self) -> dict[str, Any]:
        told = self._about.get("format")
        return {
            "format": f"Arrow {'file' if self._is_file else 'stream'}"
            + (f", of {told}" if told not in (None, self.kind) else ""),
            "rows": self.row_count(),
            "batches": self._n if self._is_file else None,
            "intervals": self.places,
        }

    def plan(self, regions: RegionSet | None) -> Ranges:
        if regions is None or not self._is_file:
            return np.array([[0, self._n]], np.uint64)
        batch, chrom, start, end = self._spans
        near = select_items(chrom, start, end, regions.first, regions.start, regions.end)
        there = np.unique(batch[near])
        return np.column_stack([there, there + 1]).astype(np.uint64)

    def among(self, boxes: Sequence[Box]) -> Ranges:
        if not self._is_file:
            return self.plan(None)
        bounds = [(start.lo, start.hi, end.lo, end.hi) for _, start, end in self._looks]
        first, last, least, reach = np.array(bounds, np.int64).reshape(-1, 4).T
        there: set[int] = set()
        for box in boxes:
            near = box.start.meets(first, last) & box.end.meets(least, reach)
            there.update(i for i in np.flatnonzero(near).tolist() if box.is_on(self._looks[i][0]))
        return np.array([(i, i + 1) for i in sorted(there)], np.uint64).reshape(-1, 2)

    def work(self, parts: int) -> Work:  # noqa: ARG002
        if not self._is_file:
            return Work.uncut(self.source.size)
        places = np.arange(self._n + 1).astype(np.float64)
        before = places * (self.source.size / max(self._n, 1))
        return Work([None], np.array([0, len(places)]), places, before)

    def between(self, lo: int, hi: int) -> tuple[ArrowTable, Ranges]:
        if not self._is_file:
            return self, self.plan(None)  # it was not cut
        return self, np.array([[lo, max(lo, min(hi, self._n))]], np.uint64)

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterator[pa.RecordBatch]:  # noqa: ARG002
        return small(self._batches(ranges))


def _range(positions: pa.Array) -> Range:
    """Between what they are; of none that holds nothing."""
    lo, hi = pc.min(positions).as_py(), pc.max(positions).as_py()
    return Range(MAX_END, -MAX_END) if lo is None else Range(lo, hi)
