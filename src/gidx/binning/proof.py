"""Whether an index leads to every row of its file: proved row by row, in file order.

What a query does with bins, chunks and floors is done here for each row (the kernel says
how), with places as they are in the data of all blocks: the end of a block, an empty one
behind it and the start of the next are one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from gidx.binning.bins import reg2bin
from gidx.binning.model import Index, Integers, Offsets
from gidx.kernels.bins import running_ends
from gidx.kernels.proof import OK, Prover, running_most

Reason = Literal[
    "unknown", "again", "unsorted", "bin", "chunk", "floor", "ceiling", "linear", "lead"
]  # fmt: skip
_REASONS: tuple[Reason, ...] = (
    "unknown", "again", "unsorted", "bin", "chunk", "floor", "ceiling", "linear",
)  # fmt: skip
_LAST = np.iinfo(np.uint64).max


class Lost(NamedTuple):
    """A row that is not found: its number in the batch, why, and the bin that it is of.

    ``lead``: a chunk of the bin, which is of another chrom, begins with the row.
    """

    row: int
    reason: Reason
    bin: int


class Proof:
    """Takes all rows of a file, in order, and says which is the first not to be found.

    Parameters
    ----------
    index
        FormatError where it holds bins that its scheme does not have.
    blocks
        All blocks of the file, as `gidx.bgzf.block.blocks` has them.
    """

    def __init__(self, index: Index, blocks: npt.NDArray[Any]) -> None:
        self._index, self._blocks = index, blocks
        # of each block, the first from it on that has data; itself if there is none
        n = len(blocks)
        full = np.where(blocks["data_size"] > 0, np.arange(n), n)
        full = np.minimum.accumulate(full[::-1])[::-1]
        self._filled = np.where(full < n, full, np.arange(n))
        *scheme, first, window, floor, c_first, c_window, ceiling = index.plan
        ref_first, bins, chunk_first, chunks, _ = scheme
        self.bad = _first_bad(self, chunks, floor)
        self.twice = self._named_twice(np.concatenate([chunks.ravel(), floor]))
        placed = self.positions(chunks)
        samples = index.samples
        samples = samples[0], samples[1], self.positions(samples[2])
        running_most(samples[0], samples[2])
        floors = self.positions(floor)
        tables = (
            ref_first, bins, chunk_first, placed, _reach(chunk_first, placed),
            first, window, floors, c_first, c_window, self.positions(ceiling), *samples,
        )  # fmt: skip
        self._prover = Prover(tables, index.min_shift, index.depth)
        # places where ranges begin or end; the last line may lack its break
        bounds = np.unique(np.concatenate([placed.ravel(), floors]))
        self.bounds = bounds[bounds < blocks["data_start"][-1] + blocks["data_size"][-1]]
        self._leads = _Leads.of(ref_first, bins, chunk_first, placed)

    def places(self, offsets: Any) -> npt.NDArray[np.bool_]:
        """Which virtual offsets are in a block, or at its end."""
        block, within, i = self._parts(offsets)
        end = int(self._blocks["block_start"][-1] + self._blocks["block_size"][-1])
        there = np.isin(block, self._blocks["block_start"])
        inside = there & (within <= self._blocks["data_size"][i])
        return inside | ((block == end) & (within == 0))

    def positions(self, offsets: Any) -> Offsets:
        """Where virtual offsets are in the data; what is in no block counts to the one before.

        Those at the largest number, which mean none, stay there.
        """
        _, within, i = self._parts(offsets)
        found = self._blocks["data_start"][i] + np.minimum(within, self._blocks["data_size"][i])
        end = self._blocks["block_start"][-1] + self._blocks["block_size"][-1]
        behind = np.asarray(offsets, np.uint64) >> np.uint64(16) >= end
        whole = self._blocks["data_start"][-1] + self._blocks["data_size"][-1]
        found = np.where(behind, whole, found)
        return np.where(np.asarray(offsets) >= _LAST - np.uint64(1), _LAST, found).astype("u8")

    def _parts(self, offsets: Any) -> tuple[Any, Any, Any]:
        offsets = np.asarray(offsets, np.uint64)
        block, within = offsets >> np.uint64(16), offsets & np.uint64(0xFFFF)
        i = np.searchsorted(self._blocks["block_start"], block, side="right") - 1
        # a place in an empty block is that in the next one with data
        exact = self._blocks["block_start"][i] == block
        i = np.where(exact & (within > 0), self._filled[i], i)
        return block, within, i

    def _named_twice(self, offsets: Offsets) -> tuple[int, int] | None:
        """Two blocks by which offsets name one: itself, and an empty one before it.

        Offsets that go by the empty one alone are in the order of their places; of both, they
        are not, and who compares them passes rows over.
        """
        block, within, i = self._parts(offsets[offsets < _LAST - np.uint64(1)])
        inside = within > 0
        pairs = np.unique(np.column_stack([i[inside].astype(np.uint64), block[inside]]), axis=0)
        again = np.flatnonzero(pairs[1:, 0] == pairs[:-1, 0])
        return None if len(again) == 0 else (int(pairs[again[0], 1]), int(pairs[again[0] + 1, 1]))

    def push(
        self, refs: Integers, starts: Integers, ends: Integers, places: Offsets
    ) -> Lost | None:
        """The next rows: chrom ids (-1: not in the index), positions, places in the data."""
        refs, starts, ends = (np.ascontiguousarray(v, np.int64) for v in (refs, starts, ends))
        places = np.ascontiguousarray(places, np.uint64)
        status, row = self._prover.find_lost(refs, starts, ends, places)
        strange = self._leads.first_strange(refs, places)
        if strange is not None and (status == OK or strange.row < row):
            return strange
        if status == OK:
            return None
        index, row = self._index, int(row)
        start, end = max(int(starts[row]), 0), max(int(ends[row]), 1)
        return Lost(
            row, _REASONS[status - 1], int(reg2bin(start, end, index.min_shift, index.depth))
        )


@dataclass
class _Leads:
    """Where chunks begin, in order, and the chrom and bin that each is of.

    A chunk is of rows of one bin, so it begins with one, or with comments before it: the
    first row from its begin on is of its chrom. A reader that is asked for that chrom alone
    finds a stranger there otherwise; one that is asked for several looks for the chrom's
    rows too early, and no more when they come. No writer of indexes makes such chunks:
    htslib begins a chunk where the row before ends, htsjdk where its first row begins.
    """

    begin: Offsets
    ref: Integers
    bin: Integers
    done: int = 0  # those that a row was there for

    @classmethod
    def of(
        cls, ref_first: Integers, bins: Integers, chunk_first: Integers, chunks: Offsets
    ) -> _Leads:
        of = np.repeat(np.arange(len(bins)), np.diff(chunk_first))
        full = chunks[:, 0] < chunks[:, 1]  # once places, not offsets, are compared
        begin, of = chunks[full, 0], of[full]
        order = np.argsort(begin, kind="stable")
        of = of[order]
        refs = np.searchsorted(ref_first, of, side="right") - 1
        return cls(begin[order], refs.astype(np.int64), np.asarray(bins)[of])

    def first_strange(self, refs: Integers, places: Offsets) -> Lost | None:
        """The first of the next rows that is at the start of a chunk of another chrom."""
        if len(places) == 0:
            return None
        stop = int(np.searchsorted(self.begin, places[-1], side="right"))
        some = slice(self.done, stop)
        rows = np.searchsorted(places, self.begin[some])
        wrong = np.flatnonzero(refs[rows] != self.ref[some])
        if len(wrong):
            i = int(wrong[0])
            return Lost(int(rows[i]), "lead", int(self.bin[self.done + i]))
        self.done = stop
        return None


def _first_bad(proof: Proof, chunks: Offsets, floor: Offsets) -> int | None:
    """The first virtual offset that is in no block."""
    for offsets in (chunks.ravel(), floor[floor < _LAST - np.uint64(1)]):
        bad = np.flatnonzero(~proof.places(offsets))
        if len(bad):
            return int(offsets[bad[0]])
    return None


def _reach(chunk_first: Integers, chunks: Offsets) -> Offsets:
    reach: Offsets = running_ends(chunk_first, np.ascontiguousarray(chunks))
    return reach
