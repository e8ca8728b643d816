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
from gidx.errors import FormatError
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
    """The chroms of all files, whose sizes have to agree."""
    sizes: dict[str, int] = {}
    for file in files:
        for name, size in file.chroms.items():
            if sizes.setdefault(name, size or 0) != size:
                raise FormatError(
                    f"{file.source.name}: {name} has {size} bases, in {files[0].source.name} or "
                    f"another file {sizes[name]}; signals of different assemblies do not add up"
                )
    return sizes


def _batches(
    files: Sequence[BigWig], sizes: Mapping[str, int], how: How, kind: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for chrom, size in sizes.items():
        there = [file for file in files if chrom in file.chroms]
        left: tuple[Ints, Ints, Floats] | None = None  # a last row that may go on
        for start in range(0, size, tuning.merged_bases):
            end = min(start + tuning.merged_bases, size)
            rows = _combined([_runs(file, chrom, start, end) for file in there], how)
            if left is not None:
                rows = tuple(np.concatenate(pair) for pair in zip(left, rows, strict=True))  # type: ignore[assignment]
            starts, ends, values = _joined(*rows)
            left = (starts[-1:], ends[-1:], values[-1:]) if end < size else None
            n = len(starts) - (left is not None and len(starts) > 0)
            if n:
                names = pa.array([chrom]).take(pa.array(np.zeros(n, np.int32)))
                columns = [names, pa.array(starts[:n]), pa.array(ends[:n]), pa.array(values[:n])]
                yield pa.RecordBatch.from_arrays(columns, schema=kind)


def _runs(file: BigWig, chrom: str, start: int, end: int) -> Runs:
    """A file's runs, cut to some bases."""
    i = list(file.chroms).index(chrom)
    asked = merged(np.array([i]), np.array([start]), np.array([end]), len(file.chroms))
    parts = [file.runs(file.fetch(g), asked) for g in file.groups(file.plan(asked))]
    parts.append(Runs(*(np.empty(0, kind) for kind in ("i4", "i8", "i8", "f4"))))
    chroms, starts, ends, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    some = ~np.isnan(values)
    starts, ends = np.maximum(starts[some], start), np.minimum(ends[some], end)
    return Runs(chroms[some], starts, ends, values[some])


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
