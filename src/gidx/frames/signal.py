"""Signals and frames: the depth of rows as a signal, and a signal's averages over rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.arrow import schema
from gidx.bbi.summary import Spans, depth
from gidx.declared.declare import by_field
from gidx.errors import UnknownChromError, by_style, restyled
from gidx.formats.offers import Signal
from gidx.frames.nested import explode
from gidx.frames.positions import Positions, positions
from gidx.ground.conventions import ZERO_BASED, Roles
from gidx.ground.sorting import sorted_rows
from gidx.ground.steps import joined, picked, steps
from gidx.ground.tuning import tuning
from gidx.ground.windows import Windows

Ints = npt.NDArray[np.int64]

_Runs = tuple[npt.NDArray[np.int32], Ints, Ints, Ints]  # chroms, starts, ends, depths

_LONGEST = 2**62  # of a line


def pileup(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """How many rows cover each base: rows of bases of one depth, without those of none."""
    where = positions(frame, roles)
    parts = list(_depths(where))
    codes = joined([part[0] for part in parts])
    starts, ends, values = (joined([part[i] for part in parts]) for i in range(1, 4))
    chrom = pd.Categorical.from_codes(codes, pd.Index(where.names), validate=False)
    columns = {"chrom": chrom, "start": starts, "end": ends, "value": values}
    found = pd.DataFrame(columns, copy=False)
    sizes = schema.read_metadata(frame.attrs).get("chromsizes")
    about = schema.metadata(coordinates=ZERO_BASED, chromsizes=sizes)
    found.attrs[schema.KEY] = about[schema.KEY.encode()].decode()
    return found


def _depths(where: Positions) -> Iterator[_Runs]:
    """Chroms, starts, ends, depths, in the order of the categories.

    Chroms of few rows go together, on one line, a chrom behind the other: one by one, those of
    10,000 contigs took 0.8 s.
    """
    missing = int(np.count_nonzero(where.codes < 0))
    order = sorted_rows(where.codes, where.start, len(where.names), missing)
    counts = np.zeros(len(where.names) + 1, np.int64)  # the first: of rows without a chrom
    for lo, hi in steps(len(where.codes)):
        counts += np.bincount(where.codes[lo:hi] + 1, minlength=len(counts))
    firsts = np.r_[0, np.cumsum(counts[1:])]
    # a row before the first base, as rows that were widened have it, is at home on its line too
    low = min(int(where.start.min(initial=0)), 0)
    code = 0
    while code < len(where.names):
        last = int(np.searchsorted(firsts, firsts[code] + tuning.piled_rows, "right")) - 1
        rows = order[firsts[code] : firsts[max(last, code + 1)]]
        starts, ends = picked(where.start, rows), picked(where.end, rows)
        if low:
            starts, ends = starts - low, ends - low
        width = _LONGEST
        if last > code + 1:
            width = int(ends.max(initial=0)) + 1  # so that no row touches the next chrom's
            if width * (last - code) > _LONGEST:
                width, last = _LONGEST, code + 1
                n = firsts[last] - firsts[code]
                starts, ends = starts[:n], ends[:n]
            else:
                place = (where.codes[rows].astype(np.int64) - code) * width
                starts, ends = starts + place, ends + place
        yield _runs(depth(starts, ends), code, width, low)
        code = max(last, code + 1)


def _runs(spans: Spans, code: int, width: int, low: int) -> _Runs:
    """Spans of one depth that touch as one, where one row ends and another begins; each in its
    chrom, of which ``code`` is the first and each is so wide on the line, from ``low`` on."""
    same = (spans.start[1:] == spans.end[:-1]) & (spans.min[1:] == spans.min[:-1])
    first = np.flatnonzero(np.r_[True, ~same])[: len(spans.start)]
    last = np.r_[first[1:] - 1, len(spans.start) - 1][: len(first)]
    start, end = spans.start[first], spans.end[last]
    chrom = start // width
    start += low - chrom * width
    end += low - chrom * width
    depths = spans.min[first].astype(np.int64)
    return (chrom + code).astype(np.int32), start, end, depths


def average(
    frame: pd.DataFrame,
    roles: Roles,
    file: Signal,
    chroms: dict[str, int],
    *,
    blocks: bool,
    threads: int | None,
) -> pd.DataFrame:
    """What a signal is over each row, or its blocks, as UCSC's bigWigAverageOverBed has it."""
    n = len(frame)
    where, row = positions(frame, roles), np.arange(n)
    ids = np.array([*_ids(where, chroms), -1], np.int64)
    found = _blocks_of(frame) if blocks and roles.end else None
    if found is not None:
        where, row = _of_blocks(frame, roles, where, *found)
    # a row that lacks a start has no bases, and no mean of them
    bases = np.where(where.codes < 0, 0, where.end - where.start)
    size = np.bincount(row, bases, n).astype(np.int64)
    windows = Windows(ids[where.codes], where.start, where.end)
    of_each, totals, lowest, highest = file.over(windows, threads)
    covered, total = np.bincount(row, of_each, n), np.bincount(row, totals, n)
    least, most = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(least, row[of_each > 0], lowest[of_each > 0])
    np.maximum.at(most, row[of_each > 0], highest[of_each > 0])
    some = covered > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame({
            "size": size,
            "covered": covered.astype(np.int64),
            "sum": total,
            "mean0": np.where(size > 0, total / size, np.nan),
            "mean": np.where(some, total / covered, np.nan),
            "min": np.where(some, least, np.nan),
            "max": np.where(some, most, np.nan),
        }, index=frame.index)  # fmt: skip


def _blocks_of(frame: pd.DataFrame) -> tuple[str, str] | None:
    """The columns of sizes and starts of blocks; numbers are those of rows that were exploded."""
    names = by_field(frame.columns)
    found = names.get("blockSizes"), names.get("chromStarts")
    kinds = dict(zip(frame.columns, frame.dtypes, strict=True))
    if any(c is None or pd.api.types.is_numeric_dtype(kinds[c]) for c in found):
        return None
    return found  # type: ignore[return-value]


def _ids(where: Positions, chroms: dict[str, int]) -> list[int]:
    """The signal's number of each chrom, -1 for none; one in another style is an error."""
    used = np.bincount(where.codes + 1, minlength=len(where.names) + 1)[1:] > 0
    named = (name for name, has_rows in zip(where.names, used, strict=True) if has_rows)
    other_style = restyled(named, chroms, by_style(chroms))
    if other_style is not None:
        name, meant = other_style
        raise UnknownChromError(
            f"the frame has the chrom {name!r}, the signal {meant!r}; rename the frame's",
            chrom=name,
            hint=meant,
        )
    return [chroms.get(name, -1) for name in where.names]


def _of_blocks(
    frame: pd.DataFrame, roles: Roles, rows: Positions, sizes: str, starts: str
) -> tuple[Positions, Ints]:
    """Blocks instead of the rows that have some, and which row each is of."""
    slim = frame[[roles.chrom, roles.start, roles.end, sizes, starts]].reset_index(drop=True)
    exploded = explode(slim, roles, sizes, starts)
    of = exploded.index.to_numpy(np.int64)
    lone = np.setdiff1d(np.arange(len(frame)), of)
    found = positions(exploded, roles)
    codes = {name: i for i, name in enumerate(rows.names)}
    known = np.array([*(codes[name] for name in found.names), -1], np.int32)
    return replace(
        rows,
        codes=np.r_[known[found.codes], rows.codes[lone]],
        start=np.r_[found.start, rows.start[lone]],
        end=np.r_[found.end, rows.end[lone]],
    ), np.r_[of, lone]
