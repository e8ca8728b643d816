"""Rows that reach past their chrom's end, cut to it, as UCSC's tools do where they are told -clip.

Aligners and peak callers widen intervals past the ends of chroms. A row that begins behind
the end is left out. How many of both there were is said in a warning, when all have passed.

What BED says of a row's parts is cut with it: thick parts to the row, the block that the
chrom ends in to the chrom, and blocks behind it go, and with them their items of all lists that
the declaration counts by the same field (bigGenePred's exonFrames). A row whose last block left
ends before the chrom does ends with it, since BED's last block ends with the row. Parts that do
not fit their row as it was are left as they are, for the writer to refuse.

A reading frame (exonFrames) is counted from the block's coding end that is read first. Where a cut
takes bases there, on the strand ``-``, it moves by them, and a block that keeps no coding base
has the frame -1.

Left out: places in further fields, such as narrowPeak's peak or interact's targetEnd.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow.batches import flow, is_text
from gidx.arrow.left_out import LeftOut
from gidx.declared.declare import by_field, counted_with_blocks
from gidx.errors import warn
from gidx.ground.conventions import Roles, recognise

_THICK = ("thickStart", "thickEnd")
_COUNT, _SIZES, _STARTS = "blockCount", "blockSizes", "chromStarts"
_FRAMES = "exonFrames"
_NO_END = 2**53  # of a chrom whose size nobody gave


def clipped(
    data: Any, chromsizes: Any, left: LeftOut, *, autosql: Any = None, lap: int = 0
) -> Iterator[pa.Table | pa.RecordBatch]:
    """The rows of ``data`` within their chroms; of a chrom without a size as they are.

    ``left`` is told which were left out. ``autosql`` is what `write_bigbed` takes, and ``lap`` how
    many bases neighbouring blocks may have in common.
    """
    rows = flow(data)
    sizes = sizes_of.given_or_recorded(chromsizes, rows.about)
    roles = recognise(rows.schema.names)
    lists = counted_with_blocks(rows.schema, rows.about, autosql)
    yield rows.schema.empty_table()
    cut = dropped = 0
    for batch in rows.batches:
        kept = batch
        over, past = _beyond(batch, roles, sizes)
        left.see(past)
        if roles.end is not None and over.any():
            cut += int(over.sum())
            cutter = _Cutter(batch, roles, roles.end, lists, lap)
            kept = cutter.cut(np.flatnonzero(over), sizes)
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


class _Cutter:
    """Rows of a batch, cut, and with them what is said of their parts.

    Row by row, in Python: there are few of them.
    """

    def __init__(
        self, batch: pa.RecordBatch, roles: Roles, end: str, lists: Sequence[str], lap: int
    ) -> None:
        self.batch, self.roles, self.end, self.lap = batch, roles, end, lap
        self.names = by_field(batch.schema.names)
        own = {self.names.get(f) for f in (_SIZES, _STARTS)}
        self.lists = [name for name in lists if name not in own]

    def cut(self, rows: npt.NDArray[np.intp], sizes: Mapping[str, int]) -> pa.RecordBatch:
        """The batch with these rows cut."""
        some = self.batch.take(pa.array(rows))
        ends = _sizes(some.column(self.roles.chrom), sizes).to_pylist()
        fields = (*_THICK, _COUNT, _SIZES, _STARTS, "strand")
        known = {self.names[f] for f in fields if f in self.names}
        names = [self.roles.start, self.end, *sorted(known), *self.lists]
        found = [
            self._row(dict(zip(names, values, strict=True)), end)
            for *values, end in zip(*(some.column(n).to_pylist() for n in names), ends, strict=True)
        ]
        batch = self.batch
        chosen = np.arange(len(batch))
        chosen[rows] = len(batch) + np.arange(len(rows))
        for name in names[1:]:
            at = batch.schema.get_field_index(name)
            column = batch.column(at)
            both = pa.concat_arrays([column, pa.array([row[name] for row in found], column.type)])
            batch = batch.set_column(at, batch.schema.field(at), both.take(pa.array(chosen)))
        return batch

    def _row(self, row: dict[str, Any], end: int) -> dict[str, Any]:
        """A row, by its columns, cut to an end."""
        given = {f: row[n] for f, n in self.names.items() if n in row}
        start, old = int(row[self.roles.start]) - bool(self.roles.shift), int(row[self.end])
        cut: dict[str, Any] = {}
        if _SIZES in given and _STARTS in given:
            lengths, begins = _numbers(given[_SIZES]), _numbers(given[_STARTS])
            left = _blocks_within(lengths, begins, old - start, end - start, self.lap)
            items = {name: _items(row[name], len(lengths or ())) for name in self.lists}
            counted = _COUNT not in given or _numbers(given[_COUNT]) == [len(lengths or ())]
            if left is not None and counted and None not in items.values():
                end = start + left[0][-1] + left[1][-1]
                n = len(left[0])
                for name, values in items.items():
                    cut[name] = _like(row[name], (values or [])[:n])
                if _FRAMES in items and lengths is not None:
                    last = (start + left[1][-1], start + left[1][-1] + lengths[n - 1])
                    cut[_FRAMES] = _framed(cut[_FRAMES], given, last, end)
                for f, value in ((_COUNT, n), (_SIZES, left[0]), (_STARTS, left[1])):
                    if f in given:
                        cut[self.names[f]] = _like(given[f], value)
        thick = [(_numbers(given.get(f)) or [-1])[0] for f in _THICK]
        if _THICK[1] not in given or thick[0] <= thick[1]:
            for f, place in zip(_THICK, thick, strict=True):
                if end < place <= old:
                    cut[self.names[f]] = _like(given[f], end)
        cut[self.end] = _like(row[self.end], end)
        return {**row, **cut}


def _blocks_within(
    sizes: list[int] | None, begins: list[int] | None, old: int, end: int, lap: int = 0
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
    if min(sizes) < 0 or any(b >= old for b in begins[1:]):
        return None
    if any(a + size - lap > b for a, size, b in zip(begins, sizes, begins[1:], strict=False)):
        return None
    n = bisect_left(begins, end)
    while n > 1 and sizes[n - 1] == 0:  # it would begin at the row's end, where none may
        n -= 1
    cut = [min(size, end - begin) for size, begin in zip(sizes[:n], begins[:n], strict=True)]
    return cut, begins[:n]


def _framed(frames: Any, row: Mapping[str, Any], block: tuple[int, int], end: int) -> Any:
    """Reading frames whose last is that of a block which ends at ``end`` now.

    >>> row = {"strand": "-", "thickStart": 100, "thickEnd": 190}
    >>> _framed([0, 1], row, (150, 200), 180), _framed("0,1,", row, (185, 200), 180)
    ([0, 2], '0,-1,')
    """
    numbers = _numbers(frames)
    thick = [(_numbers(row.get(f)) or [-1])[0] for f in _THICK]
    before = min(block[1], thick[1]) - max(block[0], thick[0])  # bases that code
    if not numbers or numbers[-1] < 0 or min(thick) < 0 or before <= 0:
        return frames
    now = min(end, block[1], thick[1]) - max(block[0], thick[0])
    if now <= 0:
        numbers[-1] = -1
    elif row.get("strand") == "-":
        numbers[-1] = (numbers[-1] + before - now) % 3
    return _like(frames, numbers)


def _items(value: Any, n: int) -> list[Any] | None:
    """The items of a list, or of a text such as ``a,b,``; None if there are not ``n``."""
    if isinstance(value, str):
        value = value.split(",")
        if len(value) == n + 1 and not value[-1].strip():
            value.pop()
    return value if isinstance(value, list) and len(value) == n else None


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
