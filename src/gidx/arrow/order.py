"""The order of rows: where each chrom's rows are, and how to bring them into file order.

A bigBed holds its chroms in byte order of their names, text in any; within a chrom, rows
are by their starts. Data may have their chroms in any order, since natural order (chr2
before chr10) is what frames have; but each chrom's rows must stand together and
ascend. Otherwise the rows are not sorted, and only `sort` may change that: by chrom,
then start, and rows of one start stay in the order they had.

`survey` passes over chrom, start and end once, in pieces, and checks them; whoever writes
rows as they come has a `Surveyor` look at each piece, and whoever wants to know all that
is wrong has it inspect them. It keeps a few numbers for each run
of a chrom; only sorting takes memory for every row (about 30 bytes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.batches import Batches, is_text
from gidx.arrow.encode import integers, texts_of
from gidx.arrow.faults import Faults, Inspection, of_some
from gidx.arrow.schema import codes_of
from gidx.errors import WriteError, hint
from gidx.ground.region import Region
from gidx.ground.sorting import sorted_rows
from gidx.ground.steps import steps
from gidx.ground.tuning import tuning
from gidx.kernels.encode import changes

LARGEST = 2**32 - 1  # positions in the file are of 32 bits
_LONGEST = 254  # bytes of a chrom's name: UCSC's tools have room for 255 with the NUL

Ints = npt.NDArray[np.int64]


# POS 0; programs that take it for any place write BED of 18446744073709551615
_TELOMERE = "; the place before the first base is only a VCF's, leave such rows out"

Ranked = Callable[[Iterable[str]], list[str]]


@dataclass(frozen=True)
class Allowed:
    """Where rows may be: on any chrom if ``sizes`` is None; ``shift`` is added to each start.

    Not ``ordered``: they may come in any order.
    """

    sizes: Mapping[str, int] | None
    least: int = 0
    most: int = LARGEST
    longest: int | None = _LONGEST
    shift: int = 0
    ordered: bool = True


def by_bytes(names: Iterable[str]) -> list[str]:
    """Names in byte order."""
    return sorted(names, key=lambda n: n.encode("utf-8", "surrogateescape"))


def naturally(names: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Names in the order that is known, then the others, chr2 before chr10.

    >>> naturally(["chr10", "chrX", "chr2", "b", "a"], ["b", "c", "a"])
    ['b', 'a', 'chr2', 'chr10', 'chrX']
    """
    rank = {name: i for i, name in enumerate(known)}

    def key(name: str) -> tuple[int, list[tuple[int, str]]]:
        parts = re.findall(r"[0-9]+|[^0-9]+", name)
        # numbers before letters; names that differ in zeros alone by these
        told = [(int(p), "") if p.isdecimal() and p.isascii() else (_TEXT, p) for p in parts]
        return rank.get(name, len(rank)), [*told, (-1, name)]

    return sorted(names, key=key)


_TEXT = 10**100  # behind every number


@dataclass(frozen=True)
class Order:
    """Chroms in file order, and for each row of the file its number in the data.

    ``runs`` (first row, rows) and ``places`` (first file row) say where the data's
    rows go; ``sorted_rows`` says it row by row where they had to be sorted.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    counts: Ints
    runs: Ints
    sorted_rows: Ints | None = None

    @cached_property
    def firsts(self) -> Ints:
        """The first file row of each chrom, and the end."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    @cached_property
    def _places(self) -> Ints:
        """The first file row of each run, and the end."""
        return np.concatenate([[0], np.cumsum(self.runs[:, 1])])

    def rows(self, start: int, stop: int) -> Ints | int:
        """The data's rows that are file rows ``start`` to ``stop``; an int where they follow it."""
        if self.sorted_rows is not None:
            return self.sorted_rows[start:stop]
        first = int(np.searchsorted(self._places, start, side="right")) - 1
        last = int(np.searchsorted(self._places, stop, side="left"))
        places = self._places[first : last + 1]
        shift = self.runs[first:last, 0] - places[:-1]
        if last - first == 1 or np.all(shift == shift[0]):
            return start + int(shift[0])
        lengths = np.minimum(places[1:], stop) - np.maximum(places[:-1], start)
        return np.repeat(shift, lengths) + np.arange(start, stop)

    def chroms(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """The chrom ids of file rows ``start`` to ``stop``."""
        firsts = self.firsts
        lo = int(np.searchsorted(firsts, start, side="right")) - 1
        hi = int(np.searchsorted(firsts, stop, side="left"))
        counts = np.minimum(firsts[lo + 1 : hi + 1], stop) - np.maximum(firsts[lo:hi], start)
        return np.repeat(np.arange(lo, hi, dtype=np.int32), counts)


def survey(
    frame: Batches,
    heads: Sequence[str],
    limits: Mapping[str, int] | Allowed,
    *,
    sort: bool = False,
    ranked: Ranked = by_bytes,
) -> Order:
    """Check every row's chrom, start and end, and find the order of the file.

    ``limits`` may be just the chroms' sizes; ``ranked`` brings chroms into the file's
    order. Raises WriteError for the first row that does not fit, or that is out of order
    and ``sort`` is not asked.
    """
    surveyor = Surveyor(
        frame.schema, heads, limits if isinstance(limits, Allowed) else Allowed(limits), sort=sort
    )
    for start in range(0, len(frame), tuning.survey_rows):
        stop = min(start + tuning.survey_rows, len(frame))
        surveyor.look(start, *frame.rows(start, stop, list(dict.fromkeys(heads))).columns)
    return surveyor.order(ranked)


class Surveyor:
    """What is known after the pieces so far; chroms have codes, in order of appearance."""

    def __init__(
        self, schema: pa.Schema, heads: Sequence[str], limits: Allowed, *, sort: bool = False
    ) -> None:
        _check_types(schema, heads)
        self._limits, self._all_sizes, self._heads, self._sort = limits, limits.sizes, heads, sort
        self._position = np.uint32 if limits.least >= 0 and limits.most <= LARGEST else np.int64
        self._codes: dict[str, int] = {}
        self._names: list[str] = []
        self._wrong: list[str] = []  # what is wrong with each chrom, '' for nothing
        self._any_wrong = False
        self._sizes: list[int] = []
        self._runs: list[tuple[int, int]] = []  # code, first row
        self._seen: set[int] = set()
        self._last = -1, -1  # code, start of the row before
        self._counts: Ints = np.zeros(0, np.int64)  # rows, by code
        self._unsorted = False
        self._kept: list[tuple[npt.NDArray[np.int32], npt.NDArray[Any]]] = []

    def look(
        self, first: int, chrom: pa.Array, start: pa.Array, end: pa.Array | None = None
    ) -> tuple[Ints, Ints]:
        """The next piece of the data, from row ``first``; its starts and ends.

        Without ``end`` a row is one base.
        """
        faults = Faults()
        codes, starts, ends = self._read(chrom, start, end, faults)
        if faults.row is not None:
            self._fail(faults, first, codes, starts, ends)
        self._note_order(first, codes, starts)
        self._counts = np.bincount(codes, minlength=len(self._codes)) + np.pad(
            self._counts, (0, len(self._codes) - len(self._counts))
        )
        if self._sort:
            self._kept.append((codes.astype(np.int32), starts.astype(self._position)))
        return starts, ends

    def inspect(
        self, batches: Iterable[pa.RecordBatch], found: Inspection, *, sort: bool = False
    ) -> Iterator[tuple[pa.RecordBatch, Ints, Ints, Faults]]:
        """The rows that have a place, piece by piece, with starts, ends, and what notes faults.

        All faults of places are noted, and every row among those with a place that is out
        of order: lower than the one before, or of a chrom that was left; not where the writer
        is to ``sort``.
        """
        heads = list(dict.fromkeys(self._heads))
        first = 0
        for whole in batches:
            for lo, hi in steps(whole.num_rows, tuning.write_rows):
                batch = whole.slice(lo, hi - lo)
                faults, disorder = (found.piece(first + lo, hi - lo) for _ in range(2))
                disorder = Faults() if sort else disorder
                fit, starts, ends = self._placed(faults, disorder, *batch.select(heads).columns)
                if len(fit) == len(batch):
                    yield batch, starts, ends, faults
                elif len(fit):
                    yield batch.take(pa.array(fit)), starts, ends, of_some(fit, faults)
            first += whole.num_rows

    def _placed(
        self,
        faults: Faults,
        disorder: Faults,
        chrom: pa.Array,
        start: pa.Array,
        end: pa.Array | None = None,
    ) -> tuple[Ints, Ints, Ints]:
        """Which rows have a place, and their starts and ends."""
        codes, starts, ends = self._read(chrom, start, end, faults)
        fit = np.flatnonzero(faults.clean(len(codes)))
        if len(fit):
            some, placed = codes[fit], starts[fit]
            wrong, _ = self._misplaced(some, placed)
            last = self._last
            of_some(fit, disorder).check(wrong, lambda i: self._disorder(i, some, placed, last))
            self._seen.update(np.unique(some).tolist())
            self._last = int(some[-1]), int(placed[-1])
        return fit, starts[fit], ends[fit]

    def _read(
        self, chrom: pa.Array, start: pa.Array, end: pa.Array | None, faults: Faults
    ) -> tuple[Ints, Ints, Ints]:
        """Codes, starts and ends, checked each by itself."""
        codes = self._encode(chrom)
        positions = [start] if end is None else [start, end]
        for array, name in zip((chrom, *positions), self._heads, strict=False):
            _check_missing(array, name, faults)
        faults.check(codes < 0, lambda _: f"column {self._heads[0]}: the value is missing")
        if self._any_wrong:
            wrong = np.array([bool(w) for w in self._wrong], np.bool_)
            faults.check(wrong[codes] & (codes >= 0), lambda i: self._wrong[codes[i]])
        starts, *told = (
            integers(array, name, faults)
            for array, name in zip(positions, self._heads[1:], strict=False)
        )
        if self._limits.shift:
            starts = starts + self._limits.shift
        ends = told[0] if told else starts + 1
        self._check_positions(codes, starts, ends, faults)
        return codes, starts, ends

    def order(self, ranked: Ranked = by_bytes) -> Order:
        """The rows' order, chroms in that of ``ranked``."""
        names = ranked(self._codes)
        codes = [self._codes[n] for n in names]
        rank = np.empty(len(names), np.int32)
        rank[codes] = np.arange(len(names))
        sizes = tuple(self._sizes[c] for c in codes)
        counts = self._counts[codes] if codes else self._counts
        if self._unsorted:
            rows = self._sorted(rank)
            return Order(tuple(names), sizes, counts, np.empty((0, 2), np.int64), rows)
        firsts = np.zeros(len(names), np.int64)  # each chrom is one run
        for code, row in self._runs:
            firsts[rank[code]] = row
        return Order(tuple(names), sizes, counts, np.stack([firsts, counts], axis=1))

    def _sorted(self, rank: npt.NDArray[np.int32]) -> Ints:
        """Row numbers by chrom and start, stable."""
        ranks = np.concatenate([rank[codes] for codes, _ in self._kept])
        starts = np.concatenate([starts for _, starts in self._kept], dtype=np.int64)
        self._kept.clear()
        return sorted_rows(ranks, starts, len(rank))

    def _encode(self, chrom: pa.Array) -> Ints:
        """Codes of the chroms; -1 for what is missing."""
        if pat.is_null(chrom.type):
            return np.full(len(chrom), -1, np.int64)
        first = run_starts(chrom)
        encoded = chrom.take(pa.array(first))
        if not pat.is_dictionary(chrom.type):
            encoded = encoded.dictionary_encode()
        names = encoded.dictionary
        codes = np.full(len(names) + 1, -1, np.int64)
        used = encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
        for i in np.unique(used[used < len(names)]).tolist():
            codes[i] = self._code(names[i].as_py())
        found: Ints = np.repeat(codes[used], np.diff(np.append(first, len(chrom))))
        return found

    def _code(self, name: str | None) -> int:
        if name is None:
            return -1
        if name not in self._codes:
            self._codes[name] = len(self._codes)
            self._names.append(name)
            self._sizes.append((self._all_sizes or {}).get(name, 0))
            self._wrong.append(self._judge(name))
            self._any_wrong |= bool(self._wrong[-1])
        return self._codes[name]

    def _judge(self, name: str) -> str:
        sizes = self._all_sizes
        if sizes is not None and name not in sizes:
            known = list(sizes)
            text = hint(name, known)
            if not text:
                shown = ", ".join(known[:5]) + (", …" if len(known) > 5 else "")
                text = f"; chromsizes have {shown or 'none'}"
            return f"unknown chrom {name!r}{text}"
        size = len(name.encode("utf-8", "surrogateescape"))
        longest = self._limits.longest
        if longest is not None and size > longest:
            return f"chrom {name[:20]!r}… has a name of {size} bytes, expected at most {longest}"
        if not name or any(c in name for c in "\t\n\r\0"):
            return f"chrom {name!r}: a name is not empty and has no tab, line break or NUL"
        if sizes is not None and sizes[name] < 1:
            return f"chrom {name!r} has the size 0, so it has no place for rows"
        return ""

    def _check_positions(self, codes: Ints, starts: Ints, ends: Ints, faults: Faults) -> None:
        _, start, end = (*self._heads, *self._heads[-1:])[:3]
        least, most, shift = self._limits.least, self._limits.most, self._limits.shift
        # a column's own numbers, whatever its base
        for name, values, moved, low in ((start, starts, shift, least), (end, ends, 0, 0)):
            if len(values) and (values.min() < low or values.max() > most):
                faults.check(
                    (values < low) | (values > most),
                    lambda i, name=name, values=values, moved=moved, low=low: (  # type: ignore[misc]
                        f"column {name}: found {values[i] - moved}, "
                        f"expected {low - moved} to {most - moved}"
                        + (_TELOMERE if values is starts and values[i] - moved == -1 else "")
                    ),
                )
        clean = faults.clean(len(codes))  # of others, numbers may mean nothing
        faults.check(
            clean & (starts > ends),
            lambda i: f"{start} {starts[i] - shift} is after {end} {ends[i]}",
        )
        if self._all_sizes is None:
            return
        sizes = np.array([*self._sizes, LARGEST], np.int64)[codes]
        faults.check(
            clean & (ends > sizes),
            lambda i: f"{end} {ends[i]} is past the size of {self._names[codes[i]]}, {sizes[i]}",
        )

    def _note_order(self, first: int, codes: Ints, starts: Ints) -> None:
        """Find runs of one chrom, up to the first row that is out of order."""
        if self._unsorted or len(codes) == 0 or not self._limits.ordered:
            return
        wrong, runs = self._misplaced(codes, starts)
        self._unsorted = bool(wrong.any())
        at = int(np.argmax(wrong)) if self._unsorted else len(codes)
        for i in runs[runs < at].tolist():
            self._seen.add(int(codes[i]))
            self._runs.append((int(codes[i]), first + i))
        if self._unsorted and not self._sort:
            raise WriteError(
                f"rows are {self._disorder(at, codes, starts, self._last)} (row {first + at}); "
                "pass sort=True, or call df.gidx.sort() first",
                row=first + at,
            )
        self._last = int(codes[-1]), int(starts[-1])

    def _misplaced(self, codes: Ints, starts: Ints) -> tuple[npt.NDArray[np.bool_], Ints]:
        """Which rows are out of order; where runs of a chrom begin."""
        before = np.concatenate([[self._last[0]], codes[:-1]])
        start_before = np.concatenate([[self._last[1]], starts[:-1]])
        new = before != codes
        wrong = ~new & (starts < start_before)
        runs = np.flatnonzero(new)
        chroms, firsts = np.unique(codes[runs], return_index=True)
        known = np.array([c in self._seen for c in chroms.tolist()], np.bool_)
        wrong[runs] = True
        wrong[runs[firsts[~known]]] = False
        return wrong, runs

    def _disorder(self, i: int, codes: Ints, starts: Ints, last: tuple[int, int]) -> str:
        shift = self._limits.shift
        code, start = (codes[i - 1], starts[i - 1]) if i else last
        here = f"{self._names[codes[i]]}:{starts[i] - shift}"
        return f"not sorted: {here} after {self._names[code]}:{start - shift}"

    def _fail(self, faults: Faults, first: int, codes: Ints, starts: Ints, ends: Ints) -> NoReturn:
        """The first fault of a piece, unless a row before it is out of order."""
        row = faults.row or 0
        self._note_order(first, codes[:row], starts[:row])
        place = None
        if codes[row] >= 0 and 0 <= starts[row] <= ends[row]:
            place = Region(self._names[codes[row]], int(starts[row]), int(ends[row]))
        raise unfit(faults.message, first + row, place)


def run_starts(chrom: pa.Array) -> Ints:
    """Where each run of one value begins.

    Only there a name has to be looked at: hashing each of 2 M names took 40 ms, comparing
    each with the one before takes 8.

    >>> run_starts(pa.array(["chr1", "chr1", "chr2", None])).tolist()
    [0, 2, 3]
    """
    if pat.is_dictionary(chrom.type):
        indices = codes_of(chrom)
        return np.flatnonzero(np.concatenate([[True], indices[1:] != indices[:-1]]))
    texts = texts_of(chrom)
    first = changes(texts.offsets, texts.data)
    if chrom.null_count:  # which is empty among the texts, and no name
        missing = chrom.is_null().to_numpy(zero_copy_only=False)
        first = np.union1d(first, np.flatnonzero(np.diff(missing)) + 1)
    return first


def _check_types(schema: pa.Schema, heads: Sequence[str]) -> None:
    for i, name in enumerate(heads):
        kind = schema.field(name).type
        text = is_text(kind.value_type if pat.is_dictionary(kind) else kind)
        number = pat.is_integer(kind) or pat.is_floating(kind) or is_text(kind)
        if not (pat.is_null(kind) or (number if i else text)):
            expected = "integers" if i else "texts"
            raise WriteError(f"column {name} is {kind}, expected {expected}", row=None)


def _check_missing(array: pa.Array, name: str, faults: Faults) -> None:
    if array.null_count:
        missing = array.is_null().to_numpy(zero_copy_only=False)
        faults.check(missing, lambda _: f"column {name}: the value is missing")


def unfit(message: str, row: int, place: Region | None) -> WriteError:
    """The error for a row that the format cannot hold."""
    where = f"row {row}" if place is None else f"row {row} ({place})"
    comma = "," if message.startswith("column") else ":"
    return WriteError(f"{where}{comma} {message}", row=row)
