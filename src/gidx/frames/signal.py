"""Signals and frames: the depth of rows as a signal, and a signal's averages over rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.arrow import schema
from gidx.bbi.summary import depth
from gidx.formats.offers import Signal
from gidx.frames.positions import Positions, positions
from gidx.ground.conventions import ZERO_BASED, Roles
from gidx.ground.sorting import sorted_rows
from gidx.ground.windows import Windows

Ints = npt.NDArray[np.int64]


def pileup(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """How many rows cover each base: rows of bases of one depth, without those of none."""
    where = positions(frame, roles)
    parts = list(_depths(where))
    codes = np.repeat([code for code, *_ in parts], [len(start) for _, start, *_ in parts])
    nothing = np.zeros(0, np.int64)
    starts, ends, values = (
        np.concatenate([nothing, *(part[i] for part in parts)]) for i in (1, 2, 3)
    )
    found = pd.DataFrame({
        "chrom": pd.Categorical.from_codes(codes.astype(np.int32), pd.Index(where.names)),
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
    firsts = np.searchsorted(where.codes[order], np.arange(len(where.names) + 1))
    for code in range(len(where.names)):
        rows = order[firsts[code] : firsts[code + 1]]
        spans = depth(where.start[rows], where.end[rows])
        if len(spans.start) == 0:
            continue
        # one row ends where another begins
        same = (spans.start[1:] == spans.end[:-1]) & (spans.min[1:] == spans.min[:-1])
        first = np.flatnonzero(np.r_[True, ~same])
        last = np.r_[first[1:], len(spans.start)] - 1
        yield code, spans.start[first], spans.end[last], spans.min[first].astype(np.int64)


def average(
    frame: pd.DataFrame, roles: Roles, file: Signal, chroms: dict[str, int], threads: int | None
) -> pd.DataFrame:
    """What a signal is over each row, as UCSC's bigWigAverageOverBed has it."""
    where = positions(frame, roles)
    ids = np.array([*(chroms.get(name, -1) for name in where.names), -1], np.int64)
    windows = Windows(ids[where.codes], where.start, where.end)
    size = where.end - where.start
    covered, total, least, most = file.over(windows, threads)
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
