"""Pieces of a file, of about equal work, for engines that read in parallel.

    index ─format.work─▶ Work: bytes before each place ─cut─▶ Pieces ─Dataset.scan─▶ rows

A piece owns the rows that start in it. By overlap alone a row over a cut would be in both
pieces: 1,000,000 rows cut into 12 pieces became 1,000,010. A piece lies within one chrom.

Of regions, a row belongs to the piece that has the first of them that it overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gidx.errors import UnknownChromError, hint
from gidx.ground.region import MAX_END, RegionSet
from gidx.ground.tuning import tuning

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# What a piece is where nobody says how many or how large: some seconds of work.
BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of ``chrom`` that start in [lo, hi); of about ``bytes`` bytes of the file.

    What starts before the chrom's first base (POS 0 of a VCF) counts as starting there.
    With ``spans``, (start, end) each, only rows that overlap one of them.

    In a file without an index ``chrom`` is None, and ``lo`` and ``hi`` are bytes of the file:
    the piece owns the lines that begin there. So they are for rows that are on no chrom.

    >>> Piece("chr1", 0, 5000, 1200)
    Piece(chrom='chr1', lo=0, hi=5000, bytes=1200, spans=())
    """

    chrom: str | None
    lo: int
    hi: int
    bytes: int = 0
    spans: tuple[tuple[int, int], ...] = ()

    def regions(self, ids: Mapping[str, int]) -> RegionSet:
        """Where its rows are, and which of them are its own; ``ids`` are those of chroms."""
        chrom = ids.get(self.chrom or "", -1)
        if chrom < 0:
            said = f"unknown chrom {self.chrom!r}{hint(str(self.chrom), ids)}; a piece is read "
            raise UnknownChromError(f"{said}from the file that it was cut of", chrom=self.chrom)
        spans = self.spans or [(self.lo, self.hi)]
        start, end = (np.array(side, np.int64) for side in zip(*spans, strict=True))
        first = np.zeros(len(ids) + 1, np.int64)
        first[chrom + 1 :] = len(start)
        return RegionSet(first, start, end, np.full(len(start), chrom), (self.lo, self.hi))


@dataclass(frozen=True)
class Work:
    """How many bytes of a file are read before its rows at a place, about.

    Of chrom ``chroms[i]`` the marks ``first[i]:first[i + 1]``: ``before[k]`` bytes before
    the rows that start at ``position[k]``; both ascend. Chroms come in the order of their
    rows, those without rows not at all. A chrom None counts in bytes of the file.
    """

    chroms: Sequence[str | None]
    first: Ints
    position: Floats
    before: Floats

    @classmethod
    def of_bytes(cls, begin: int, end: int) -> Work:
        """Of lines that may be cut anywhere."""
        marks = np.array([begin, end], np.float64)
        return cls([None], np.array([0, 2]), marks, marks)

    @classmethod
    def uncut(cls, size: int) -> Work:
        """Of what can only be read as a whole."""
        return cls([None], np.array([0, 2]), np.zeros(2), np.array([0.0, size]))

    def by_chrom(self, chroms: Sequence[str]) -> Work:
        """This; of a file that nobody has sorted, a guess: all chroms alike.

        Of one that is read as a whole for each piece a chrom is one.
        """
        if any(name is not None for name in self.chroms) or not chroms:
            return self
        n, size = len(chroms), float(self.before[-1])
        ends = np.arange(n + 1) * size / n
        far = float(1 << 28) if self.position[0] < self.position[-1] else 0.0
        return Work(
            list(chroms),
            np.arange(n + 1) * 2,
            np.tile([0.0, far], n),
            np.column_stack([ends[:-1], ends[1:]]).ravel(),
        )

    def without(self, chrom: str) -> Work:
        """This but for one chrom."""
        kept = [i for i, name in enumerate(self.chroms) if name != chrom]
        marks = [slice(self.first[i], self.first[i + 1]) for i in kept]
        none = [np.empty(0)]
        return Work(
            [self.chroms[i] for i in kept],
            np.cumsum([0, *(mark.stop - mark.start for mark in marks)]),
            np.concatenate([*(self.position[mark] for mark in marks), *none]),
            np.concatenate([*(self.before[mark] for mark in marks), *none]),
        )

    def each_chrom_once(self) -> Work:
        """This, what is told of a chrom in several places together."""
        names = list(dict.fromkeys(name for name in self.chroms if name is not None))
        if len(names) == len(self.chroms):
            return self
        ids = {name: i for i, name in enumerate(names)}
        of = [ids[name] for name in self.chroms if name is not None]
        chrom = np.repeat(np.array(of, np.int64), np.diff(self.first))
        return Work.of_marks(names, chrom, self.position.astype(np.int64), self.before)

    def then(self, other: Work) -> Work:
        """This, and other rows behind it."""
        return Work(
            [*self.chroms, *other.chroms],
            np.r_[self.first, self.first[-1] + other.first[1:]],
            np.r_[self.position, other.position],
            np.r_[self.before, other.before],
        )

    @classmethod
    def of_marks(cls, chroms: Sequence[str], chrom: Ints, position: Ints, before: Floats) -> Work:
        """Of marks in any order, by chrom id; chroms in the order of what lies before them."""
        least = np.full(len(chroms), np.inf)
        np.minimum.at(least, chrom, before)
        order = np.lexsort((before, position, chrom, least[chrom]))
        chrom, before = chrom[order], before[order]
        new = np.flatnonzero(np.r_[True, chrom[1:] != chrom[:-1]]) if len(chrom) else order
        first = np.r_[new, len(chrom)]
        for i in range(len(new)):
            marks = slice(first[i], first[i + 1])
            before[marks] = np.maximum.accumulate(before[marks])
        names = [chroms[i] for i in chrom[new].tolist()]
        return cls(names, first, position[order].astype(np.float64), before)

    def at(self, i: int, position: Floats) -> Floats:
        """Bytes before places of a chrom."""
        marks = slice(self.first[i], self.first[i + 1])
        return np.interp(position, self.position[marks], self.before[marks])

    def cost(self, i: int, spans: Ints) -> Floats:
        """Bytes of each (start, end) of a chrom."""
        return self.at(i, spans[:, 1].astype(float)) - self.at(i, spans[:, 0].astype(float))

    def place(self, i: int, before: Floats) -> Floats:
        """Where on a chrom so many bytes are before."""
        marks = slice(self.first[i], self.first[i + 1])
        return np.interp(before, self.before[marks], self.position[marks])


def cut(
    work: Work, n: int | None, size: int | None, regions: Mapping[str, Ints] | None
) -> list[Piece]:
    """About ``n`` pieces, or pieces of about ``size`` bytes; one a chrom at least.

    ``regions`` are each chrom's, as rows of start and end, sorted and disjoint.

    >>> work = Work(["a", "b"], np.array([0, 2, 4]), np.array([0., 100, 0, 10]),
    ...             np.array([0., 1000, 1000, 1300]))
    >>> for piece in cut(work, 4, None, None):
    ...     print(piece.chrom, piece.lo, piece.hi if piece.hi < MAX_END else "", piece.bytes)
    a 0 33 330
    a 33 67 340
    a 67  330
    b 0  300
    >>> cut(work, 2, None, {"a": np.array([[10, 20], [90, 100]])})[1]
    Piece(chrom='a', lo=20, hi=101, bytes=100, spans=((90, 100),))
    """
    whole = np.array([[0, MAX_END]])
    asked = [whole if regions is None else regions.get(name or "") for name in work.chroms]
    there = [(i, spans) for i, spans in enumerate(asked) if spans is not None and len(spans)]
    costs = [work.cost(i, spans) for i, spans in there]
    total = sum(float(cost.sum()) for cost in costs)
    target = total / n if n is not None else float(size or BYTES)
    found: list[Piece] = []
    for (i, spans), cost in zip(there, costs, strict=True):
        parts = max(1, round(float(cost.sum()) / target)) if target else 1
        if parts == 1 and spans is whole:  # 100,000 contigs: 3.6 s, by the other way 27
            found.append(Piece(work.chroms[i], 0, MAX_END, round(float(cost[0]))))
        else:
            found += _cut_chrom(work, i, spans, cost, parts)
    return found


def _cut_chrom(work: Work, i: int, spans: Ints, cost: Floats, parts: int) -> list[Piece]:
    """Pieces of one chrom."""
    spent = np.r_[0.0, np.cumsum(cost)]
    aims = spent[-1] * np.arange(1, parts) / parts
    of = np.clip(np.searchsorted(spent, aims, side="right") - 1, 0, len(spans) - 1)
    begins = work.at(i, spans[:, 0].astype(np.float64))
    cuts = np.round(work.place(i, begins[of] + aims - spent[of])).astype(np.int64)
    wide = spans[of, 0] < spans[of, 1]  # nothing is to be cut in a region of no bases
    cuts = np.clip(cuts, spans[of, 0], spans[of, 1])[wide]
    cuts = np.unique(cuts[(cuts > spans[0, 0]) & (cuts < spans[-1, 1])])
    name = work.chroms[i]
    if len(spans) == 1 and spans[0, 0] == 0 and spans[0, 1] == MAX_END:
        edges = np.r_[0, cuts, MAX_END]
        sizes = np.diff(work.at(i, edges.astype(np.float64))).round().astype(np.int64)
        bounds = zip(edges[:-1].tolist(), edges[1:].tolist(), sizes.tolist(), strict=True)
        return [Piece(name, lo, hi, size) for lo, hi, size in bounds]
    found = []
    lo = 0
    for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), MAX_END], strict=True):
        a, b = np.searchsorted(spans[:, 1], begin, "right"), np.searchsorted(spans[:, 0], end)
        if a == b:  # between two regions
            continue
        own = np.clip(spans[a:b], begin, end)
        last = int(own[-1, 1])
        # a row of length zero that lies where the last region ends overlaps it
        hi = end if b and spans[b - 1, 1] > end else min(last + 1, MAX_END)
        size = round(float(work.cost(i, own).sum()))
        found.append(Piece(name, lo, hi, size, tuple(map(tuple, own.tolist()))))
        lo = last
    return found


def gathered(
    pieces: Sequence[Piece], n: int | None = None, bytes: int | None = None
) -> list[Piece | list[tuple[str, int, int]]]:
    """What an engine's tasks read: the pieces, or of very many the regions of several whole chroms.

    So many, or of so many bytes, as were asked for.

    >>> many = [Piece(f"c{i}", 0, MAX_END, 10) for i in range(3000)]
    >>> found = gathered(many, 1000)
    >>> len(found), [chrom for chrom, _, _ in found[0]]
    (1000, ['c0', 'c1', 'c2'])
    """
    if len(pieces) <= tuning.tasks:
        return list(pieces)
    total = sum(piece.bytes for piece in pieces)
    most = float(bytes or BYTES) if n is None else max(total / n, 1)
    found: list[Piece | list[tuple[str, int, int]]] = []
    held: list[tuple[str, int, int]] = []
    size = 0
    for piece in pieces:
        is_whole = piece.chrom is not None and (piece.lo, piece.hi, piece.spans) == (0, MAX_END, ())
        if held and (size + piece.bytes > most or not is_whole):
            found.append(held)
            held, size = [], 0
        if piece.chrom is not None and is_whole:
            held.append((piece.chrom, 0, MAX_END))
            size += piece.bytes
        else:
            found.append(piece)
    return [*found, held] if held else found


def own_rows(start: Ints, regions: RegionSet | None) -> slice | npt.NDArray[np.bool_] | None:
    """Which rows, that overlap the regions, are a piece's own; None where all are."""
    if regions is None or regions.owned is None or not len(start):
        return None
    lo, hi = regions.owned
    own = (np.maximum(start, 0) >= lo) & (start < hi)
    n = int(np.count_nonzero(own))
    if n == len(own):
        return None
    first = int(np.argmax(own)) if n else 0
    # rows are sorted, so they are neighbours, but where a file has them in another order
    return slice(first, first + n) if own[first : first + n].all() else own
