"""The model of a tabix index, TBI or CSI: columns, names, bins, chunks; and planning.

It knows no file: how an index is stored is in a module for each kind.

Flat arrays, in this order and whatever order the file has: references as in
``names``, in each its bins ascending, in each its chunks by begin::

    reference r   bins    ref_first[r] : ref_first[r + 1]        linear_first[r] : …
    bin b         chunks  chunk_first[b] : chunk_first[b + 1]

A TBI has a linear index, the offset of the first row that overlaps each window; a
CSI has of it one sample a bin, ``loffset``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from gidx.binning.bins import bin_count, bin_levels, bin_spans, max_position
from gidx.errors import format_error
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges, coalesce
from gidx.ground.region import RegionSet, resolve
from gidx.kernels.bins import Scheme, ceiling_samples, floor_samples, running_ends
from gidx.kernels.proof import holds_leads

Kind = Literal["tbi", "csi"]
Offsets = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]

# Chunks are joined where they share a block, which is then inflated once: virtual
# offsets less than 2**16 apart, since no block is smaller than 28 bytes. Not over a
# whole block between them: to inflate and scan one (64 kB of text) takes about 150 us,
# a range of its own 10; and what is near in a remote file is one request anyway
# (gidx.ground.source.REQUEST_GAP).
BLOCK = 0xFFFF
# … up to so many by insertion, which is quickest for a query's usual two or three
FEW = 64
_UNSET = np.uint64(0xFFFFFFFFFFFFFFFF)  # no entry in the linear index; later than any offset


@dataclass(frozen=True)
class Layout:
    """Which columns of a line are its place; what htslib calls tbx_conf.

    Columns count from 1; ``end`` 0 means that there is none. ``preset`` says where
    the end comes from: GENERIC from the column, SAM from the CIGAR, VCF from REF and
    INFO. ``zero_based``: starts are 0-based and ends excluded, as in BED. Lines
    that begin with ``meta`` are not rows, nor are the first ``skip``.
    """

    preset: int = 0
    zero_based: bool = False
    chrom: int = 1
    start: int = 2
    end: int = 3
    meta: str = "#"
    skip: int = 0


GENERIC_PRESET, SAM_PRESET, VCF_PRESET, GAF_PRESET = 0, 1, 2, 3

# htslib's tbx_conf_*
BED = Layout(GENERIC_PRESET, True, 1, 2, 3)
GFF = Layout(GENERIC_PRESET, False, 1, 4, 5)
SAM = Layout(SAM_PRESET, False, 3, 4, 0, "@")
VCF = Layout(VCF_PRESET, False, 1, 2, 0)
PSLTBL = Layout(GENERIC_PRESET, True, 15, 17, 18)


@dataclass(frozen=True, eq=False, repr=False)
class Index:
    """Where in a file the rows of a region are: what all kinds of index tell.

    ``names`` are the chroms, by the id that the index knows them by. A CSI may lack
    them and the ``layout``, since both are in its auxiliary block (that of a BCF is
    empty): see `named`.
    """

    kind: Kind
    names: tuple[str, ...]
    layout: Layout | None
    min_shift: int
    depth: int
    ref_first: Integers
    bins: Integers
    loffset: Offsets  # per bin; empty in a TBI
    chunk_first: Integers
    chunk_ranges: Ranges  # of virtual offsets
    linear_first: Integers
    linear: Offsets  # empty in a CSI
    has_pseudo: npt.NDArray[np.bool_]  # per reference
    pseudo: Offsets  # (references, 4): offsets begin and end, rows mapped and unmapped
    n_no_coor: int | None  # None: the file ends before it, as those of old tabix do

    def named(self, names: Sequence[str], layout: Layout | None = None) -> Self:
        """This index with names, and a layout, for one that has none.

        ``names`` are all chroms in the order of their ids, as a BCF's header has
        them; those after the index's last have no rows.
        """
        names = tuple(names)
        more = len(names) - self.n_refs
        if more < 0:
            raise ValueError(f"the index has {self.n_refs} references, but names only {len(names)}")
        return replace(
            self,
            names=names,
            layout=layout or self.layout,
            ref_first=np.pad(self.ref_first, (0, more), mode="edge"),
            linear_first=np.pad(self.linear_first, (0, more), mode="edge"),
            has_pseudo=np.pad(self.has_pseudo, (0, more)),
            pseudo=np.pad(self.pseudo, ((0, more), (0, 0))),
        )

    @property
    def n_refs(self) -> int:
        """References, each a chrom; as many as names, where there are names."""
        return len(self.ref_first) - 1

    @property
    def row_counts(self) -> dict[str, int | None]:
        """Rows of each chrom; None where the index does not tell, as older ones do not."""
        if not self.names:
            return {}
        counts = self.pseudo[:, 2:].sum(axis=1).tolist()
        known = self.has_pseudo.tolist()
        return {
            name: count if has or empty else None
            for name, count, has, empty in zip(
                self.names, counts, known, (np.diff(self.ref_first) == 0).tolist(), strict=True
            )
        }

    def chunks(self, region: Any) -> Ranges:
        """Virtual offsets that may hold rows of the region or regions, disjoint, in order.

        ``region`` is whatever gidx takes for one. Rows beside it lie in these ranges
        too, but none of it lies elsewhere.
        """
        return self.ranges(resolve(region, self._ids, self._ids))

    def ranges(self, regions: RegionSet) -> Ranges:
        """`chunks` for regions whose chrom ids are positions in ``names``.

        Larger ids are of chroms that are known elsewhere and have no rows here.
        """
        found, n = self.scheme.ranges(regions.chrom, regions.start, regions.end, BLOCK, FEW)
        return found if n <= FEW else coalesce(found, BLOCK)

    def bounds(self) -> tuple[Offsets, Offsets]:
        """Where each reference's rows begin and end; all ones and 0 for one without."""
        bins = np.repeat(np.arange(self.n_refs), np.diff(self.ref_first))
        of = np.repeat(bins, np.diff(self.chunk_first))
        begin, end = np.full(self.n_refs, _UNSET), np.zeros(self.n_refs, np.uint64)
        np.minimum.at(begin, of, self.chunk_ranges[:, 0])
        np.maximum.at(end, of, self.chunk_ranges[:, 1])
        return begin, end

    def work(self, chroms: Sequence[str]) -> Work:
        """Bytes of the file before each window; ``chroms`` are its names in order."""
        ref, window, value = self._sampled_windows()
        begin, end = self.bounds()
        bins = np.repeat(np.arange(self.n_refs), np.diff(self.ref_first))
        last = np.zeros(self.n_refs, np.int64)
        np.maximum.at(last, bins, self._bottom_windows() + 1)
        np.maximum.at(last, ref, window + 1)
        there = np.flatnonzero(end)
        offsets = np.r_[begin[there], value, end[there]]
        return Work.of_marks(
            chroms,
            np.r_[there, ref, there],
            np.r_[np.zeros(len(there), np.int64), window, last[there]] << self.min_shift,
            _bytes_before(offsets),
        )

    @cached_property
    def scheme(self) -> Scheme:
        """The same as `plan`, for kernels."""
        return Scheme(self.plan, self.min_shift, self.depth)

    def first_stranger(
        self,
        refs: Integers,
        starts: Integers,
        places: Offsets,
        place_of: Callable[[Offsets], npt.NDArray[Any]],
    ) -> int:
        """Which is the first row of a range that no chunk of its place holds; -1: none is.

        Rows by chrom id (-1: not looked at), start, and the range's begin, which is what
        ``place_of`` makes of virtual offsets.
        """
        ref_first, bins, first, chunks, *_ = self.plan
        chunks = place_of(chunks.ravel()).astype(np.uint64).reshape(-1, 2)
        scheme = ref_first, bins, first, chunks, running_ends(first, chunks)
        return int(holds_leads(*scheme, self.min_shift, self.depth, refs, starts, places))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def plan(self) -> tuple[Any, ...]:
        """Bins, chunks and samples, as queries take them.

        The floor of a region is an offset before which none of its rows begin, from
        samples of the linear index: a window and the offset of the first row that
        overlaps it, or that htslib has copied from the next window that has one. An
        entry of 0 or all ones says nothing.

        What the entry of window w says is not enough, because a row of length zero
        at the first base of window w + 1 is in no window, as htslib builds it, but
        overlaps regions that begin in w, or there; and the entry may be a copy of
        that of w + 1, whose first row may come after it. What is sure: of two samples
        with different offsets, the first is of a row that begins before the second's
        window. So the floor for w is the largest sampled offset below that at w + 1.

        The ceiling is the least begin of any bin that lies after the region whole.

        Raises FormatError where the index has what its scheme has no room for.
        """
        beyond = self.beyond_scheme()
        if beyond is not None:
            raise format_error("TabixIndex", None, beyond)
        refs = np.repeat(np.arange(self.n_refs), np.diff(self.ref_first))
        window = self._bottom_windows()
        floor_first, floor_window, floor = self.samples
        floor = floor.copy()
        floor_samples(floor_first, floor)
        chunk_first, chunks = self._chunks_in_order()
        filled = np.diff(chunk_first) > 0
        begins = chunks[chunk_first[:-1][filled], 0]
        ceiling = self._by_window(refs[filled], window[filled], begins)
        ceiling_samples(ceiling[0], ceiling[2])
        reach = running_ends(chunk_first, chunks)
        return (
            self.ref_first, self.bins, chunk_first, chunks, reach,
            floor_first, floor_window, floor, *ceiling,
        )  # fmt: skip

    def _chunks_in_order(self) -> tuple[Integers, Ranges]:
        """Where each bin's chunks begin, and the chunks: those of no bytes left out, by begin.

        What has no bytes would only say that rows begin where none need to. All indexers
        write chunks in order, but no specification says so.
        """
        first, chunks = self.chunk_first, self.chunk_ranges
        full = chunks[:, 0] < chunks[:, 1]
        if not full.all():
            first = np.concatenate([[0], np.cumsum(full)]).astype(first.dtype)[first]
            chunks = chunks[full]
        later = chunks[1:, 0] >= chunks[:-1, 0]
        later[first[(first > 0) & (first < len(chunks))] - 1] = True  # another bin's
        if not later.all():
            of = np.repeat(np.arange(len(first) - 1), np.diff(first))
            chunks = chunks[np.lexsort((chunks[:, 0], of))]
        return first, np.ascontiguousarray(chunks)

    @cached_property
    def samples(self) -> tuple[Integers, Integers, Offsets]:
        """What the linear index (or loffset) tells: where each reference's samples begin,
        their windows, ascending in each, and offsets."""
        refs, window, value = self._sampled_windows()
        if self.kind == "tbi":
            # after the last window no row begins: one more sample says so
            counts = np.diff(self.linear_first)
            ends = np.flatnonzero(counts)
            refs, window = np.r_[refs, ends], np.r_[window, counts[ends]]
            value = np.r_[value, np.full(len(ends), _UNSET - np.uint64(1))]
        return self._by_window(refs, window, value)

    def _sampled_windows(self) -> tuple[Integers, Integers, Offsets]:
        """References, windows and offsets of the linear index (or loffset), where they tell."""
        if self.kind == "csi":
            refs = np.repeat(np.arange(self.n_refs), np.diff(self.ref_first))
            window, value = self._bottom_windows(), self.loffset
        else:
            counts = np.diff(self.linear_first)
            refs = np.repeat(np.arange(self.n_refs), counts)
            window = np.arange(len(self.linear)) - np.repeat(self.linear_first[:-1], counts)
            value = self.linear
        told = (value != 0) & (value != _UNSET)
        return refs[told], window[told], value[told]

    @property
    def is_of_one_level(self) -> bool:
        """Whether it has bins of the lowest level only: of rows that are in one window each."""
        return len(self.bins) > 0 and bool((bin_levels(self.bins, self.depth) == self.depth).all())

    def beyond_scheme(self) -> str | None:
        """What bins or windows there are past the scheme's end; None as it should be.

        tabix before 1.3 wrote such for rows past 2^29, and no query looks there.
        """
        last = bin_count(self.depth) - 1
        most = 1 << 3 * self.depth
        wrong = np.flatnonzero(self.bins > last)
        windows = np.diff(self.linear_first)
        ref = int(np.argmax(windows)) if len(windows) else 0
        if len(wrong):
            found = f"bin {int(self.bins[wrong[0]])}, where the last is {last}"
            ref = int(np.searchsorted(self.ref_first, wrong[0], side="right")) - 1
        elif windows.max(initial=0) > most:
            found = f"{int(windows[ref]):,} windows, where there are {most:,}"
        else:
            return None
        what = "a TBI" if self.kind == "tbi" else f"a CSI of depth {self.depth}"
        return (
            f"the index has for {self.names[ref] if self.names else f'chrom {ref}'} {found}: "
            f"{what} holds rows up to {max_position(self.min_shift, self.depth):,}, and would lose "
            "those behind; make a CSI: gidx index --kind csi FILE"
        )

    def _by_window(
        self, ref: Integers, window: Integers, value: Offsets
    ) -> tuple[Integers, Integers, Offsets]:
        """Where each reference's samples begin; windows, ascending in each; values."""
        order = np.lexsort((window, ref))
        first = np.searchsorted(ref[order], np.arange(self.n_refs + 1))
        return first, window[order], value[order]

    def _bottom_windows(self) -> Integers:
        """The first window of each bin."""
        return bin_spans(self.bins, 0, self.depth)[0]

    def sampled(self) -> Self:
        """A TBI as a CSI: of the linear index each bin takes its first window's entry."""
        window = self._bottom_windows()
        refs = np.repeat(np.arange(self.n_refs), np.diff(self.ref_first))
        inside = window < np.diff(self.linear_first)[refs]
        loffset = np.zeros(len(self.bins), np.uint64)
        loffset[inside] = self.linear[(self.linear_first[refs] + window)[inside]]
        none = np.zeros_like(self.linear_first)
        return replace(
            self, kind="csi", loffset=loffset, linear_first=none, linear=np.empty(0, np.uint64)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Index):
            return NotImplemented
        return all(
            np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
            for a, b in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )

    __hash__ = None  # type: ignore[assignment]  # arrays compare, but do not hash

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __repr__(self) -> str:
        counts = list(self.row_counts.values()) if self.names else [None]
        rows = "" if None in counts else f", {sum(c or 0 for c in counts):,} rows"
        parts = (
            counted(self.n_refs, "chrom"),
            counted(len(self.bins), "bin"),
            counted(len(self.chunk_ranges), "chunk"),
        )
        scheme = "" if self.kind == "tbi" else f", min_shift {self.min_shift}, depth {self.depth}"
        return f"{type(self).__name__}({self.kind!r}, {', '.join(parts)}{rows}{scheme})"


def counted(n: int, what: str) -> str:
    """A number with its noun.

    >>> counted(1, "chunk"), counted(2000, "chunk")
    ('1 chunk', '2,000 chunks')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _bytes_before(offsets: Offsets) -> npt.NDArray[np.float64]:
    """How many bytes of the file are before virtual offsets, about.

    Where in its block a row is, is guessed: the data are four times as large as the block. Where
    they are larger, the next block that is known holds the guess back, so that offsets keep
    their order: past it, the last chrom of a block was taken for the first.
    """
    blocks, within = offsets >> np.uint64(16), offsets & np.uint64(BLOCK)
    known, block = np.unique(blocks, return_inverse=True)
    size = np.diff(known.astype(np.float64), append=np.inf)
    most = np.ones(len(known))
    np.maximum.at(most, block, within + 1.0)
    return known[block] + within * np.minimum(size / most, 0.25)[block]
