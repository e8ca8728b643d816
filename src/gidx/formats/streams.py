"""Batches on their way into a file of a table: counted, in small pieces, flushed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa

# Rows that are formatted at a time: an Arrow file may be one batch, and to format it
# whole takes as much memory again. 16 k to 256 k rows are equally fast.
STEP = 64 * 1024


def counted(
    batches: Iterable[pa.RecordBatch], progress: Callable[[int], None] | None
) -> Iterator[pa.RecordBatch]:
    """The same, telling how many rows have gone by."""
    rows = 0
    for batch in batches:
        yield batch
        rows += batch.num_rows
        if progress is not None:
            progress(rows)


def small(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows, at most `STEP` in a batch."""
    for batch in batches:
        for at in range(0, batch.num_rows, STEP):
            yield batch.slice(at, STEP)


def write_pieces(file: BinaryIO, pieces: Iterable[Any]) -> None:
    """Write each, so that who reads the other end of a pipe has it."""
    for piece in pieces:
        file.write(piece)
        file.flush()


class Sink(io.RawIOBase):
    """A file that counts its bytes, as pyarrow asks where it is; a pipe does not know."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(data)
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at
