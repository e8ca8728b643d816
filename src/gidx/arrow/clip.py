"""Rows that reach past their chrom's end, cut to it, as UCSC's tools do where they are told -clip.

Aligners and peak callers widen intervals past the ends of chroms. A row that begins behind
the end is left out. How many of both there were is said in a warning, when all have passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow.batches import flow
from gidx.errors import warn
from gidx.ground.conventions import recognise


def clipped(data: Any, chromsizes: Any) -> Iterator[pa.Table | pa.RecordBatch]:
    """The rows of ``data`` within their chroms; of a chrom without a size as they are."""
    rows = flow(data)
    sizes = sizes_of.given_or_recorded(chromsizes, rows.about)
    roles = recognise(rows.schema.names)
    yield rows.schema.empty_table()
    cut = dropped = 0
    for batch in rows.batches:
        start, size = batch.column(roles.start), _sizes(batch.column(roles.chrom), sizes)
        past = _past(start, size, 1 if roles.shift else 0)
        over = None if roles.end is None else pc.greater(batch.column(roles.end), size)
        if over is not None:  # a row of no length at the end is within
            past = pc.and_(past, over)
        kept = batch
        if over is not None and pc.any(over).as_py():
            cut += _count(pc.and_(over, pc.invert(past)))
            end = batch.column(roles.end)
            whole = pc.if_else(pc.fill_null(over, False), size.cast(end.type), end)
            at = batch.schema.get_field_index(roles.end)
            kept = batch.set_column(at, batch.schema.field(at), whole)
        if pc.any(past).as_py():
            dropped += _count(past)
            kept = kept.filter(pc.invert(pc.fill_null(past, False)))
        yield kept
    if cut or dropped:
        warn(
            f"{cut:,} rows reached past the end of their chrom and were cut to it, {dropped:,} "
            "began behind it and were left out (clip=True)"
        )


def _sizes(chrom: pa.Array, sizes: Mapping[str, int]) -> pa.Array:
    """The size of each row's chrom, so large that nothing is past it where none is known."""
    names = chrom.dictionary_encode() if not pat.is_dictionary(chrom.type) else chrom
    known = np.array([sizes.get(n, 2**53) for n in names.dictionary.to_pylist()] + [2**53])
    indices = names.indices.fill_null(len(names.dictionary)).to_numpy(zero_copy_only=False)
    return pa.array(known[indices])


def _past(start: pa.Array, size: pa.Array, shift: int) -> pa.Array:
    return pc.greater_equal(pc.subtract(start.cast(pa.int64()), shift), size)


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)
