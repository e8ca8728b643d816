"""Rows that reach past their chrom's end, cut to it, as UCSC's tools do where they are told -clip.

Aligners and peak callers widen intervals past the ends of chroms. A row that begins behind
the end is left out. How many of both there were is said in a warning, when all have passed.

What BED says of a row's parts is cut with it: thick parts to the row, the block that the
chrom ends in to the chrom, and blocks behind it go. A row whose last block left ends before
the chrom does ends with it, since BED's last block ends with the row. Parts that do not fit
their row as it was are left as they are, for the writer to refuse.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow.batches import flow, is_text
from gidx.arrow.left_out import LeftOut
from gidx.declared.declare import by_field
from gidx.errors import warn
from gidx.ground.conventions import Roles, recognise

_THICK = ("thickStart", "thickEnd")
_BLOCKS = ("blockCount", "blockSizes", "chromStarts")
_NO_END = 2**53  # of a chrom whose size nobody gave


def clipped(data: Any, chromsizes: Any, left: LeftOut) -> Iterator[pa.Table | pa.RecordBatch]:
    """The rows of ``data`` within their chroms; of a chrom without a size as they are.

    ``left`` is told which were left out.
    """
    rows = flow(data)
    sizes = sizes_of.given_or_recorded(chromsizes, rows.about)
    roles = recognise(rows.schema.names)
    yield rows.schema.empty_table()
    cut = dropped = 0
    for batch in rows.batches:
        kept = batch
        over, past = _beyond(batch, roles, sizes)
        left.see(past)
        if roles.end is not None and over.any():
            cut += int(over.sum())
            kept = _cut(batch, roles, roles.end, np.flatnonzero(over), sizes)
        if past.any():
            dropped += int(past.sum())
            kept = kept.filter(pa.array(~past))
        yield kept
    if cut or dropped:
        some = f"{cut:,} row{'' if cut == 1 else 's'}"
        warn(
            f"clip=True cut {some} to the end of their chrom, past which they reached, and left "
            f"out {dropped:,} that began behind it"
        )


def _beyond(
    batch: pa.RecordBatch, roles: Roles, sizes: Mapping[str, int]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows reach past their chrom's end, and which begin behind it.

    A row of no length at the end is within. Positions that are no numbers are for the writer
    to refuse.
    """
    none = np.zeros(len(batch), np.bool_)
    start = _wide(batch.column(roles.start))
    end = start if roles.end is None else _wide(batch.column(roles.end))
    if start is None or end is None:
        return none, none
    size = _sizes(batch.column(roles.chrom), sizes)
    behind = _true(pc.greater_equal(start, pc.add(size, 1 if roles.shift else 0).cast(start.type)))
    if roles.end is None:
        return none, behind
    over = _true(pc.greater(end, size.cast(end.type)))
    return over & ~behind, over & behind


def _wide(column: pa.Array) -> pa.Array | None:
    """Integers or floats of 64 bits, of texts too; None for what are no numbers."""
    for is_kind, wide in (
        (pat.is_unsigned_integer, pa.uint64()),
        (pat.is_signed_integer, pa.int64()),
        (pat.is_floating, pa.float64()),
    ):
        if is_kind(column.type):
            return column.cast(wide)
    if not is_text(column.type):
        return None
    try:
        return column.cast(pa.string()).cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _true(mask: pa.Array) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return found


def _sizes(chrom: pa.Array, sizes: Mapping[str, int]) -> pa.Array:
    """The size of each row's chrom, so large that nothing is past it where none is known."""
    names = chrom.dictionary_encode() if not pat.is_dictionary(chrom.type) else chrom
    known = np.array([sizes.get(n, _NO_END) for n in names.dictionary.to_pylist()] + [_NO_END])
    indices = names.indices.fill_null(len(names.dictionary)).to_numpy(zero_copy_only=False)
    return pa.array(known[indices])


def _cut(
    batch: pa.RecordBatch,
    roles: Roles,
    end_name: str,
    rows: npt.NDArray[np.intp],
    sizes: Mapping[str, int],
) -> pa.RecordBatch:
    """The batch with these rows cut, and with them what BED says of their parts.

    Row by row, in Python: there are few of them.
    """
    some = batch.take(pa.array(rows))
    shift = 1 if roles.shift else 0
    starts = [int(start) - shift for start in some.column(roles.start).to_pylist()]
    given_ends = some.column(end_name).to_pylist()
    olds = [int(end) for end in given_ends]
    ends = _sizes(some.column(roles.chrom), sizes).to_pylist()
    names = by_field(some.schema.names)
    parts = {f: some.column(names[f]).to_pylist() for f in (*_THICK, *_BLOCKS) if f in names}
    if "blockSizes" in parts and "chromStarts" in parts:
        of_blocks = [parts[f] for f in _BLOCKS if f in parts]
        for i, (start, old, end) in enumerate(zip(starts, olds, ends, strict=True)):
            lengths, begins = (_numbers(parts[f][i]) for f in _BLOCKS[1:])
            left = _blocks_within(lengths, begins, old - start, end - start)
            if left is None:
                continue
            ends[i] = start + left[0][-1] + left[1][-1]
            new = (len(left[0]), *left)[-len(of_blocks) :]
            for values, value in zip(of_blocks, new, strict=True):
                values[i] = _like(values[i], value)
    for f in _THICK:
        for i, value in enumerate(parts.get(f, ())):
            number = _numbers(value)
            if number is not None and ends[i] < number[0] <= olds[i]:
                parts[f][i] = _like(value, ends[i])
    cut = {names[f]: values for f, values in parts.items()}
    cut[end_name] = [_like(end, new) for end, new in zip(given_ends, ends, strict=True)]
    for name, values in cut.items():
        at = batch.schema.get_field_index(name)
        column = batch.column(at)
        chosen = np.arange(len(batch))
        chosen[rows] = len(batch) + np.arange(len(rows))
        both = pa.concat_arrays([column, pa.array(values, column.type)])
        batch = batch.set_column(at, batch.schema.field(at), both.take(pa.array(chosen)))
    return batch


def _blocks_within(
    sizes: list[int] | None, begins: list[int] | None, old: int, end: int
) -> tuple[list[int], list[int]] | None:
    """Sizes and starts of the blocks of a row of ``old`` bases that begin before ``end``.

    None for blocks that are none of BED's.

    >>> _blocks_within([10, 10, 5], [0, 20, 40], 45, 25), _blocks_within([10], [0], 45, 25)
    (([10, 5], [0, 20]), None)
    """
    if sizes is None or begins is None or len(sizes) != len(begins) or not sizes:
        return None
    if begins[0] != 0 or begins[-1] + sizes[-1] != old or begins != sorted(begins):
        return None
    n = bisect_left(begins, end)
    while n > 1 and sizes[n - 1] == 0:  # it would begin at the row's end, where none may
        n -= 1
    cut = [min(size, end - begin) for size, begin in zip(sizes[:n], begins[:n], strict=True)]
    return cut, begins[:n]


def _numbers(value: Any) -> list[int] | None:
    """The numbers of a list, of a text such as ``1,2,``, or one number; None for others."""
    if isinstance(value, str):
        value = value.rstrip(", ").split(",")
    try:
        return [int(v) for v in (value if isinstance(value, list) else [value])]
    except (TypeError, ValueError, OverflowError):
        return None


def _like(given: Any, value: Any) -> Any:
    """A value as the one that it stands for is written: as a text, where that is one."""
    if not isinstance(given, str):
        return value
    return "".join(f"{v}," for v in value) if isinstance(value, list) else str(value)
