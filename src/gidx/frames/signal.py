"""Signals and frames: the depth of rows as a signal, and a signal's averages over rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.arrow import schema
from gidx.bbi.summary import depth
from gidx.formats.offers import Signal
from gidx.frames.nested import explode
from gidx.frames.positions import Positions, positions
from gidx.ground.conventions import ZERO_BASED, Roles
from gidx.ground.sorting import sorted_rows
from gidx.ground.steps import joined, picked, steps
from gidx.ground.windows import Windows

Ints = npt.NDArray[np.int64]


def pileup(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """How many rows cover each base: rows of bases of one depth, without those of none."""
    where = positions(frame, roles)
    parts = list(_depths(where))
    chroms = np.array([code for code, *_ in parts], np.int32)
    codes = np.repeat(chroms, [len(start) for _, start, *_ in parts])
    starts, ends, values = (joined([part[1:][i] for part in parts]) for i in range(3))
    found = pd.DataFrame({
        "chrom": pd.Categorical.from_codes(codes, pd.Index(where.names)),
        "start": starts, "end": ends, "value": values,
    }, copy=False)  # fmt: skip
    sizes = schema.read_metadata(frame.attrs).get("chromsizes")
    about = schema.metadata(coordinates=ZERO_BASED, chromsizes=sizes)
    found.attrs[schema.KEY] = about[schema.KEY.encode()].decode()
    return found


def _depths(where: Positions) -> Iterator[tuple[int, Ints, Ints, Ints]]:
    """Chrom, starts, ends, depths: chrom by chrom, in the order of the categories."""
    missing = int(np.count_nonzero(where.codes < 0))
    order = sorted_rows(where.codes, where.start, len(where.names), missing)
    counts = np.zeros(len(where.names) + 1, np.int64)  # the first: of rows without a chrom
    for lo, hi in steps(len(where.codes)):
        counts += np.bincount(where.codes[lo:hi] + 1, minlength=len(counts))
    firsts = np.r_[0, np.cumsum(counts[1:])]
    for code in range(len(where.names)):
        rows = order[firsts[code] : firsts[code + 1]]
        spans = depth(picked(where.start, rows), picked(where.end, rows))
        if len(spans.start) == 0:
            continue
        # one row ends where another begins
        same = (spans.start[1:] == spans.end[:-1]) & (spans.min[1:] == spans.min[:-1])
        first = np.flatnonzero(np.r_[True, ~same])
        last = np.r_[first[1:], len(spans.start)] - 1
        yield code, spans.start[first], spans.end[last], spans.min[first].astype(np.int64)


_BLOCKS = ("blockSizes", "chromStarts")


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
    if blocks and roles.end and all(name in frame.columns for name in _BLOCKS):
        where, row = _of_blocks(frame, roles, where)
    ids = np.array([*(chroms.get(name, -1) for name in where.names), -1], np.int64)
    size = np.bincount(row, where.end - where.start, n).astype(np.int64)
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


def _of_blocks(frame: pd.DataFrame, roles: Roles, rows: Positions) -> tuple[Positions, Ints]:
    """Blocks instead of the rows that have some, and which row each is of."""
    slim = frame[[roles.chrom, roles.start, roles.end, *_BLOCKS]].reset_index(drop=True)
    exploded = explode(slim, roles, *_BLOCKS)
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
