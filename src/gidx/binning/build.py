"""Building an index from rows in file order, as htslib does (hts_idx_push, hts_idx_finish).

Consecutive rows of one bin make a chunk; chunks of a bin that share a block are
joined; a bin whose chunks lie within 64 kB of the file is merged into its parent, if
that has rows of its own. An index equals that of `tabix` for the same file, but for two
things. Bins are written in ascending order, not in that of a hash table. And a row of
length zero at the first base of a window counts to the window before it: htslib (1.24)
has such a row in no window, and where it is followed by a row of that window loses it
from its own queries; with an index from here it finds it.

Which kind, and how deep, is said at the end: what is kept of a row depends on
neither, so a file may turn out to need a CSI with its last row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from gidx.binning.bins import DEPTH, MAX_DEPTH, MIN_SHIFT, depth_for, max_position
from gidx.binning.index import TabixIndex
from gidx.binning.model import Integers, Kind, Layout, Offsets
from gidx.errors import WriteError, whole
from gidx.kernels.bins import (
    AGAIN,
    BACKWARD,
    FAR,
    OK,
    UNSORTED,
    Binner,
    running_ends,
)

# htslib's HTS_MIN_MARKER_DIST: a bin within so many bytes of the file is not worth a
# seek of its own.
SMALL_BIN = np.uint64(0x10000)
UNIT = np.uint64(16)  # a virtual offset shifted by it is the block's place in the file

Reason = Literal["start before the last", "chrom again", "end before start", "too far"]


class BadRow(NamedTuple):
    """A row that cannot be indexed: its number, from 0 over all batches, and why."""

    row: int
    reason: Reason


class IndexBuilder:
    """Builds an index from batches of rows; batches of any size give the same index.

    Memory grows with blocks, bins and windows, not with rows.

    >>> from gidx.binning import BED
    >>> builder = IndexBuilder()
    >>> builder.push([0, 0], [10, 20000], [20, 20010], [0, 14, 30])
    >>> builder.finish(["chr1"], BED).chunks("chr1:20,001-20,002").tolist()
    [[14, 30]]
    >>> builder.push([0], [5], [6], [30, 50])
    BadRow(row=2, reason='start before the last')
    """

    def __init__(self, min_shift: int = MIN_SHIFT) -> None:
        min_shift = whole("min_shift", min_shift)
        if not 1 <= min_shift <= 62 - 3 * (MAX_DEPTH + 1):
            raise ValueError(f"min_shift is {min_shift}")
        self.min_shift = min_shift
        self.n_rows = 0
        self._binner = Binner(min_shift)
        self._chunks: list[tuple[Integers, Offsets]] = []
        self._runs: list[tuple[Integers, Offsets]] = []
        self._refs: list[tuple[Integers, Offsets]] = []

    @property
    def max_end(self) -> int:
        """The largest end so far; past 2**29 it takes a CSI."""
        return self._binner.max_end

    def push(
        self,
        refs: npt.ArrayLike,
        starts: npt.ArrayLike,
        ends: npt.ArrayLike,
        offsets: npt.ArrayLike,
    ) -> BadRow | None:
        """The next rows of the file; the first that cannot be indexed, if there is one.

        After a bad row the builder is of no more use.

        Parameters
        ----------
        refs
            Chrom ids: positions in the names of `finish`, not negative.
        starts, ends
            0-based half-open. A negative start counts as 0, an end before 1 as 1, so
            POS 0 of a VCF is in the first bin.
        offsets
            Virtual offsets, one more than rows: row i begins at ``offsets[i]``, where
            the one before it ends. Comment lines between two rows count to the second,
            as with htslib, so ``offsets[0]`` of later batches says nothing new.
        """
        ref = np.ascontiguousarray(refs, np.int64)
        start, end = np.ascontiguousarray(starts, np.int64), np.ascontiguousarray(ends, np.int64)
        bounds = np.ascontiguousarray(offsets, np.uint64)
        n = len(ref)
        if not len(start) == len(end) == n or len(bounds) != n + 1:
            raise ValueError(
                f"{n} refs, {len(start)} starts, {len(end)} ends, {len(bounds)} offsets; "
                "expected as many of each, and one offset more"
            )
        if n == 0:
            return None
        if ref.min() < 0:
            raise ValueError("a chrom id is negative")
        status, row, found = self._binner.push(ref, start, end, bounds, int(ref.max()))
        for kept, pair in zip((self._chunks, self._runs, self._refs), found, strict=True):
            if len(pair[0]):
                kept.append(pair)
        self.n_rows += row
        if status == OK:
            return None
        reasons: dict[int, Reason] = {
            UNSORTED: "start before the last",
            AGAIN: "chrom again",
            BACKWARD: "end before start",
            FAR: "too far",
        }
        return BadRow(self.n_rows, reasons[status])

    def finish(
        self,
        names: Sequence[str],
        layout: Layout | None,
        *,
        kind: Kind | Literal["auto"] = "auto",
        depth: int | None = None,
        end: int | None = None,
    ) -> TabixIndex:
        """The index of all rows so far.

        Parameters
        ----------
        names
            Chroms by id; those without rows may be among them.
        layout
            What the index says about columns.
        kind
            ``"auto"`` is a TBI, and a CSI where a row ends past 2**29 or ``min_shift``
            or ``depth`` are not those of a TBI.
        depth
            Of a CSI; by default the least that holds all rows, 5 at least.
        end
            The virtual offset where htslib's reader stands after the last line;
            by default the last row's end.
        """
        need = max(DEPTH, depth_for(self.max_end, self.min_shift))
        if kind == "auto":
            tbi = self.min_shift == MIN_SHIFT and need == DEPTH and depth in (None, DEPTH)
            kind = "tbi" if tbi else "csi"
        if kind == "tbi" and (self.min_shift != MIN_SHIFT or depth not in (None, DEPTH)):
            raise WriteError(f"a TBI has min_shift {MIN_SHIFT} and depth {DEPTH}; write a CSI")
        depth = need if depth is None else depth
        if not 0 <= depth <= MAX_DEPTH:
            raise ValueError(f"depth is {depth}, expected 0 to {MAX_DEPTH}")
        depth = DEPTH if kind == "tbi" else depth
        if self.max_end > max_position(self.min_shift, depth):
            raise WriteError(
                f"a row ends at {self.max_end}, but {kind.upper()} with min_shift "
                f"{self.min_shift} and depth {depth} reaches {max_position(self.min_shift, depth)}"
                + ("; write a CSI" if kind == "tbi" else f"; take a depth of {need}")
            )
        chunk, chunk_range, run, run_offset, ref, extent = self._closed(end)
        if len(ref) and ref[:, 0].max() >= len(names):
            raise ValueError(f"rows have the chrom id {ref[:, 0].max()} of {len(names)} names")
        n_refs = len(names)
        pseudo = np.zeros((n_refs, 4), np.uint64)
        pseudo[ref[:, 0], :2], pseudo[ref[:, 0], 2] = extent, ref[:, 1]
        has_pseudo = np.zeros(n_refs, np.bool_)
        has_pseudo[ref[:, 0]] = True
        run, run_offset = _by_ref(run, run_offset)
        of, bottom, bins, first, ranges = _gathered(chunk, chunk_range, depth)
        ref_first = np.searchsorted(of, np.arange(n_refs + 1))
        run_first = np.searchsorted(run[:, 0], np.arange(n_refs + 1))
        loffset, linear = np.empty(0, np.uint64), np.empty(0, np.uint64)
        linear_first = np.zeros(n_refs + 1, np.int64)
        if kind == "csi":
            loffset = _offsets_at(of, bottom, run, run_offset, run_first)
        else:
            # an entry that no row sets takes the next one's value
            new = np.r_[True, run[1:, 0] != run[:-1, 0]][: len(run)]
            before = np.where(new, -1, np.r_[0, run[:-1, 2]][: len(run)])
            linear = np.repeat(run_offset, run[:, 2] - before)
            windows = np.zeros(n_refs, np.int64)
            windows[ref[:, 0]] = ref[:, 2]
            np.cumsum(windows, out=linear_first[1:])
        return TabixIndex(
            kind, tuple(names), layout, self.min_shift, depth, ref_first, bins, loffset, first,
            ranges, linear_first, linear, has_pseudo, pseudo, 0,
        )  # fmt: skip

    def _closed(self, end: int | None) -> tuple[Any, ...]:
        """All parts, with those still open closed; the builder stays as it is."""
        chunks, runs, refs = self._binner.close(end)
        return (
            *_joined([*self._chunks, chunks]),
            *_joined([*self._runs, runs]),
            *_joined([*self._refs, refs]),
        )


def _joined(parts: list[tuple[Integers, Offsets]]) -> tuple[Integers, Offsets]:
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])


def _by_ref(run: Integers, offset: Offsets) -> tuple[Integers, Offsets]:
    """Runs by reference: chroms come in the file's order, which need not be that of ids."""
    order = np.argsort(run[:, 0], kind="stable")
    return run[order], offset[order]


def _gathered(
    chunk: Integers, ranges: Offsets, depth: int
) -> tuple[Integers, Integers, Integers, Integers, Offsets]:
    """Chunks into bins: reference, first window and number of each bin; its chunks.

    Small bins are merged into their parents, from the smallest size up, and chunks of a
    bin that share a block are joined.
    """
    ref, height, index = chunk[:, 0], chunk[:, 1].copy(), chunk[:, 2].copy()
    beyond = height > depth  # a row of length zero at the very end
    height[beyond], index[beyond] = depth, 0
    begin, end = ranges[:, 0], ranges[:, 1]
    for h in range(depth):
        at = np.flatnonzero(height == h)
        if len(at) == 0:
            continue
        at = at[np.lexsort((begin[at], index[at], ref[at]))]
        key = _key(ref[at], index[at])
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        most = np.maximum.reduceat(end[at], first)
        small = (most >> UNIT) - (begin[at[first]] >> UNIT) < SMALL_BIN
        above = height == h + 1
        parents = _key(ref[at[first]], index[at[first]] >> 3)
        small &= np.isin(parents, _key(ref[above], index[above]))
        moved = at[np.repeat(small, np.diff(np.r_[first, len(at)]))]
        height[moved] += 1
        index[moved] >>= 3
    bins = ((1 << 3 * (depth - height)) - 1) // 7 + index
    order = np.lexsort((begin, bins, ref))
    ref, height, index, bins = ref[order], height[order], index[order], bins[order]
    found = ranges[order]
    other = np.r_[True, (bins[1:] != bins[:-1]) | (ref[1:] != ref[:-1])][: len(bins)]
    bin_at = np.flatnonzero(other)
    bin_first = np.append(bin_at, len(bins))
    # what was joined already may reach over chunks of bins merged into it
    reach = running_ends(bin_first, found)
    new = other.copy()
    new[1:] |= reach[:-1] >> UNIT < found[1:, 0] >> UNIT
    kept = np.flatnonzero(new)
    last = np.append(kept, len(bins))[1:] - 1
    joined = np.column_stack([found[kept, 0], reach[last]])
    chunk_first = np.searchsorted(kept, bin_first)
    bottom = index << 3 * height
    return ref[bin_at], bottom[bin_at], bins[bin_at], chunk_first, joined


def _key(ref: Integers, index: Integers) -> Integers:
    return ref << 31 | index


def _offsets_at(
    of: Integers, window: Integers, run: Integers, offset: Offsets, run_first: Integers
) -> Offsets:
    """The linear index at one window of each bin: the first run that reaches so far, or 0."""
    # one ascending key over all references; windows are fewer than 2**31 (depth 10)
    at = np.searchsorted(_key(run[:, 0], run[:, 2]), _key(of, window))
    inside = at < run_first[of + 1]
    found = np.zeros(len(of), np.uint64)
    found[inside] = offset[at[inside]]
    return found
