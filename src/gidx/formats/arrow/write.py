"""Record batches to an Arrow IPC file, or a stream where there is no file to seek in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.formats.base import Writing
from gidx.formats.streams import Sink, counted
from gidx.ground.atomic import replacing

if TYPE_CHECKING:
    from gidx.formats.registry import Target


def write_file(rows: pa.RecordBatchReader, target: Target, options: Writing) -> None:
    """Each batch as it is, flushed."""
    ipc = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    make = pa.ipc.new_file if isinstance(target, str | os.PathLike) else pa.ipc.new_stream
    growing = _Growing()
    with replacing(target) as file, make(Sink(file), rows.schema, options=ipc) as writer:
        for batch in counted(rows, options.progress):
            writer.write_batch(growing.batch(batch))
            file.flush()


@dataclass
class _Growing:
    """Dictionary columns whose dictionary only grows from batch to batch.

    An IPC file must have them so: values come in the order in which they are met.
    """

    _known: dict[str, pa.Array] = field(default_factory=dict)

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = [self._array(a, n) for a, n in zip(batch.columns, batch.schema.names, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)

    def _array(self, array: pa.Array, name: str) -> pa.Array:
        if not pat.is_dictionary(array.type):
            return array
        known = self._known.setdefault(name, array.dictionary)
        if known.equals(array.dictionary):
            return array
        new = array.dictionary.filter(pc.invert(pc.is_in(array.dictionary, known)))
        known = self._known[name] = pa.concat_arrays([known, new]) if len(new) else known
        indices = pc.index_in(array.dictionary, known).take(array.indices)
        indices = indices.cast(array.type.index_type)
        return pa.DictionaryArray.from_arrays(indices, known, ordered=array.type.ordered)
