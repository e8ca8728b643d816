"""The order of a frame's rows: by chrom and start, and whether they are in it.

Sorted is what every writer takes (see gidx.arrow.order): each chrom's rows stand together, in
any order of the chroms, and their starts ascend.

Left out: ends. Rows of one start keep the order they had, which may mean something (a
gene before its exons).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.arrow import chromsizes, schema
from gidx.arrow import order as chrom_order
from gidx.errors import UnknownChromError, did_you_mean, hint
from gidx.frames import take
from gidx.frames.index import ALWAYS_COPIES_ON_WRITE
from gidx.frames.positions import Codes, Ints, chrom_codes, integers, missing_in
from gidx.ground.conventions import Roles
from gidx.ground.region import chrom_name
from gidx.ground.sorting import sorted_rows
from gidx.ground.steps import picked, steps


def sort(frame: pd.DataFrame, roles: Roles, chroms: Any = None) -> pd.DataFrame:
    """A new frame, by chrom and start; rows of one start keep their order.

    `DataFrame.gidx.sort` says more.
    """
    codes, names = chrom_codes(frame[roles.chrom])
    starts, missing = _starts(frame, roles)
    ranked = _ranked(frame, roles, names, _used(codes, names), chroms)
    place = {name: i for i, name in enumerate(ranked)}
    rank = np.array([*(place[name] for name in names), len(names)], np.int32)  # the last: none
    ranks = picked(rank, codes)
    if missing is not None:
        ranks[missing] = len(names)
    rows = _argsort(ranks, _placed(starts, ranks, len(names)), len(names) + 1)
    found = copied(frame) if rows is None else take.rows(frame, rows)
    kind = found[roles.chrom].dtype
    if isinstance(kind, pd.CategoricalDtype):
        order = sorted(kind.categories, key=lambda label: place[str(chrom_name(label))])
        if order != kind.categories.tolist():
            found[roles.chrom] = found[roles.chrom].cat.reorder_categories(order)
    return found


def copied(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of its own; where pandas copies on write, its memory is shared until then."""
    return frame.copy(deep=not ALWAYS_COPIES_ON_WRITE)


def is_sorted(frame: pd.DataFrame, roles: Roles) -> bool:
    """Whether every writer takes the rows in their order, without ``sort=True``.

    `DataFrame.gidx.is_sorted` says more.
    """
    codes, _ = chrom_codes(frame[roles.chrom])
    starts, missing = _starts(frame, roles)
    if len(codes) and (missing is not None or codes.min() < 0):
        return False
    new = codes[1:] != codes[:-1]
    if np.any((starts[1:] < starts[:-1]) & ~new):
        return False
    runs = codes[np.append(0, np.flatnonzero(new) + 1)] if len(codes) else codes
    return len(np.unique(runs)) == len(runs)


def _starts(frame: pd.DataFrame, roles: Roles) -> tuple[Ints, npt.NDArray[np.bool_] | None]:
    """Starts, and the rows without start or end (None: there are none)."""
    starts, missing = integers(frame[roles.start])
    if roles.end is not None:
        also = missing_in(frame[roles.end])
        if also.any():
            missing = also if missing is None else missing | also
    return starts, missing


def _used(codes: npt.NDArray[np.int32], names: Sequence[str]) -> list[str]:
    """The chroms that rows have."""
    there = np.zeros(len(names) + 1, np.bool_)  # the last: of none
    for lo, hi in steps(len(codes)):
        there[codes[lo:hi]] = True
    return [name for name, some in zip(names, there[:-1].tolist(), strict=True) if some]


def _ranked(
    frame: pd.DataFrame, roles: Roles, names: Sequence[str], used: Sequence[str], chroms: Any
) -> list[str]:
    """All names in the order that was asked."""
    if chroms is None:
        known = [*schema.declared_chroms(schema.read_metadata(frame.attrs))]
        if isinstance(frame[roles.chrom].dtype, pd.CategoricalDtype):
            known += names
        return chrom_order.naturally(names, dict.fromkeys(known))
    if isinstance(chroms, str):
        if chroms not in ("natural", "lexical"):
            raise ValueError(
                f"chroms is {chroms!r}, expected 'natural', 'lexical', a list of names, "
                "or chromsizes"
            )
        by = chrom_order.naturally if chroms == "natural" else chrom_order.by_bytes
        return by(names)
    given = dict.fromkeys(_listed(chroms))
    lacking = chrom_order.naturally(name for name in used if name not in given)
    if lacking:
        shown = ", ".join(map(repr, lacking[:5])) + (", …" if len(lacking) > 5 else "")
        raise UnknownChromError(
            f"chroms do not list {shown}, which the frame has{hint(lacking[0], given)}; "
            "add what is lacking, or drop its rows",
            chrom=lacking[0],
            hint=did_you_mean(lacking[0], given),
        )
    return chrom_order.naturally(names, given)


def _listed(chroms: Any) -> list[str]:
    """Names out of a list, or out of chromsizes of any kind."""
    sizes = isinstance(chroms, (Mapping, pd.Series, pd.DataFrame, os.PathLike))
    if isinstance(chroms, pd.Series) and not pd.api.types.is_numeric_dtype(chroms.dtype):
        sizes = False
    if not sizes and not isinstance(chroms, Iterable):
        raise TypeError(f"chroms is {chroms!r}, expected names of chroms, or chromsizes")
    found = list(chromsizes.read(chroms) if sizes else chroms)
    odd = next((name for name in found if not isinstance(name, str)), None)
    if odd is not None:
        raise TypeError(f"chroms has {odd!r}, expected names of chroms, or chromsizes")
    return found


def _placed(starts: Ints, ranks: Codes, nowhere: int) -> Ints:
    """Starts, but 0 of the rows that are nowhere."""
    found = np.empty_like(starts)
    for lo, hi in steps(len(starts)):
        found[lo:hi] = np.where(ranks[lo:hi] == nowhere, 0, starts[lo:hi])
    return found


def _argsort(ranks: Codes, starts: Ints, n_ranks: int) -> Ints | None:
    """The rows by rank, then start, stable; None where they are so already."""
    for lo, hi in steps(len(ranks) - 1):
        rank, start = ranks[lo : hi + 1], starts[lo : hi + 1]
        up = rank[1:] > rank[:-1]
        if not np.all(up | ((rank[1:] == rank[:-1]) & (start[1:] >= start[:-1]))):
            return sorted_rows(ranks, starts, n_ranks)
    return None
