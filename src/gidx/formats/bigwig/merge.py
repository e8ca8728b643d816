"""Several bigWigs as one signal: the sum, mean or largest of what they have at each base.

The files are passed once, side by side, in steps of some bases; what has one value goes out
as a row. Memory does not grow with the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.bbi.section import Runs
from gidx.errors import FormatError, without_style
from gidx.formats.bigwig.read import BigWig
from gidx.ground.region import merged
from gidx.ground.tuning import tuning

How = Literal["sum", "mean", "max", "min"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def merge(files: Sequence[BigWig], how: How) -> pa.RecordBatchReader:
    """The rows of all files as one: chrom, start, end, value."""
    sizes = _chroms(files)
    about = schema.metadata(chromsizes=sizes)
    kind = pa.schema([("chrom", pa.string()), ("start", pa.int64()), ("end", pa.int64()),
                      ("value", pa.float64())], about)  # fmt: skip
    return pa.RecordBatchReader.from_batches(kind, _batches(files, sizes, how, kind))


def _chroms(files: Sequence[BigWig]) -> dict[str, int]:
    """The chroms of all files, whose sizes have to agree, and names be of one style."""
    sizes: dict[str, int] = {}
    plain: dict[str, str] = {}
    for file in files:
        for name, size in file.chroms.items():
            meant = plain.setdefault(without_style(name), name)
            if meant != name and name not in sizes and meant not in file.chroms:
                raise FormatError(
                    f"{file.source.name} has the chrom {name!r}, a file before it {meant!r}; "
                    "values of one chrom under two names do not add up"
                )
            if sizes.setdefault(name, size or 0) != size:
                raise FormatError(
                    f"{file.source.name}: {name} has {size} bases, in {files[0].source.name} or "
                    f"another file {sizes[name]}; signals of different assemblies do not add up"
                )
    return sizes


def _batches(
    files: Sequence[BigWig], sizes: Mapping[str, int], how: How, kind: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Rows of all chroms, which lie on one line, a base apart, so that no row joins two.

    A step may hold thousands of chroms. One by one, the 100,000 contigs of two files took more
    than eight minutes, most of it to plan.
    """
    names = pa.array(list(sizes), pa.string())
    lengths = np.fromiter(sizes.values(), np.int64, len(sizes)) + 1
    ends = np.cumsum(lengths)
    begins = ends - lengths
    place = dict(zip(sizes, begins.tolist(), strict=True))
    lines = [_Line(file, [place[name] for name in file.chroms]) for file in files]
    left: tuple[Ints, Ints, Floats] | None = None  # a last row that may go on
    for start in range(0, int(ends[-1]) if len(ends) else 0, tuning.merged_bases):
        end = min(start + tuning.merged_bases, int(ends[-1]))
        rows = _combined([line.runs(start, end) for line in lines], how)
        if left is not None:
            rows = tuple(np.concatenate(pair) for pair in zip(left, rows, strict=True))  # type: ignore[assignment]
        starts, stops, values = _joined(*rows)
        left = (starts[-1:], stops[-1:], values[-1:]) if end < ends[-1] else None
        n = len(starts) - (left is not None and len(starts) > 0)
        if n:
            chrom = np.searchsorted(begins, starts[:n], "right") - 1
            places = (pa.array(some[:n] - begins[chrom]) for some in (starts, stops))
            columns = [names.take(pa.array(chrom)), *places, pa.array(values[:n])]
            yield pa.RecordBatch.from_arrays(columns, schema=kind)


class _Line:
    """A file's chroms on a line, each from its place on."""

    def __init__(self, file: BigWig, begins: Sequence[int]) -> None:
        self._file = file
        self._begins = np.array(begins, np.int64)
        self._order = np.argsort(self._begins)  # places are all different

    def runs(self, start: int, end: int) -> Runs:
        """Runs in the order of the line, cut to a part of it."""
        begins = self._begins[self._order]
        lo = max(int(np.searchsorted(begins, start, "right")) - 1, 0)
        there = self._order[lo : int(np.searchsorted(begins, end))]
        first = np.maximum(start - self._begins[there], 0)
        last = np.minimum(end - self._begins[there], self._file.sizes[there])
        some = first < last
        asked = merged(there[some], first[some], last[some], len(self._begins))
        file = self._file
        parts = [file.runs(file.fetch(g), asked) for g in file.groups(file.plan(asked))]
        parts.append(Runs(*(np.empty(0, kind) for kind in ("i4", "i8", "i8", "f4"))))
        chroms, starts, stops, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        starts = np.maximum(starts + self._begins[chroms], start)
        stops = np.minimum(stops + self._begins[chroms], end)
        some = ~np.isnan(values)
        order = np.argsort(starts[some], kind="stable")
        return Runs(*(column[some][order] for column in (chroms, starts, stops, values)))


def _combined(parts: Sequence[Runs], how: How) -> tuple[Ints, Ints, Floats]:
    """What the runs of all files are together, between any two of their ends."""
    edges = np.unique(np.concatenate([part[i] for part in parts for i in (1, 2)]))
    starts, ends = edges[:-1], edges[1:]
    count = np.zeros(len(starts))
    empty = {"max": -np.inf, "min": np.inf}.get(how, 0.0)
    total = np.full(len(starts), empty)
    for part in parts:
        if len(part.start) == 0:
            continue
        at = np.searchsorted(part.start, starts, "right") - 1
        there = (at >= 0) & (starts < part.end[at])
        values = part.value[at].astype(np.float64)
        count += there
        if how in ("max", "min"):
            pick = np.maximum if how == "max" else np.minimum
            total = np.where(there, pick(total, values), total)
        else:
            total += np.where(there, values, 0.0)
    some = count > 0
    if how == "mean":
        total = total / np.maximum(count, 1)
    return starts[some], ends[some], total[some]


def _joined(starts: Ints, ends: Ints, values: Floats) -> tuple[Ints, Ints, Floats]:
    """Neighbours of one value, as 32 bits have it, as one row."""
    if len(starts) == 0:
        return starts, ends, values
    with np.errstate(over="ignore"):  # which the writer says of a row
        stored = values.astype(np.float32)
    new = np.r_[True, (starts[1:] != ends[:-1]) | (stored[1:] != stored[:-1])]
    first = np.flatnonzero(new)
    return starts[first], ends[np.r_[first[1:], len(starts)] - 1], values[first]
