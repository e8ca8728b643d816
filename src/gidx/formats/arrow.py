"""Record batches to an Arrow IPC file, or a stream where there is no file to seek in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa

from gidx.formats.base import Writing
from gidx.formats.streams import Sink, counted
from gidx.ground.atomic import replacing

if TYPE_CHECKING:
    from gidx.formats.registry import Target


def write_file(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """Each batch as it is, flushed."""
    ipc = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    make = pa.ipc.new_file if isinstance(target, str | os.PathLike) else pa.ipc.new_stream
    with replacing(target) as file, make(Sink(file), rows.schema, options=ipc) as writer:
        for batch in counted(rows, options.progress):
            writer.write_batch(batch)
            file.flush()
