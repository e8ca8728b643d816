"""The section of a bigWig: the runs of a value in a data block.

Layout: Kent et al. 2010, supplementary table 13. A head of fixed size says of which type the
items are that follow, and what they have in common; a section lies in one block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gidx.bbi.blocks import Blocks
from gidx.errors import FormatError, format_error
from gidx.ground.layout import Order
from gidx.ground.pieces import own_rows
from gidx.ground.region import NO_REGIONS, RegionSet
from gidx.kernels import signal

# fmt: off
HEAD = np.dtype([              # offset
    ("chrom", "<u4"),          #  0  id
    ("start", "<u4"),          #  4  of the first run
    ("end", "<u4"),            #  8  of the last run
    ("step", "<u4"),           # 12  from a run's start to the next one's; fixed step only
    ("span", "<u4"),           # 16  bases of a run; not of bedGraph
    ("type", "u1"),            # 20  1 bedGraph, 2 variable step, 3 fixed step
    ("reserved", "u1"),        # 21
    ("count", "<u2"),          # 22  items that follow
])
BEDGRAPH = np.dtype([          # offset
    ("start", "<u4"),          #  0
    ("end", "<u4"),            #  4
    ("value", "<f4"),          #  8
])
VARIABLE = np.dtype([          # offset
    ("start", "<u4"),          #  0
    ("value", "<f4"),          #  4
])
FIXED = np.dtype([             # offset
    ("value", "<f4"),          #  0
])
# fmt: on

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST = 65535  # items of a section


class Runs(NamedTuple):
    """Chrom ids, places, values; of each chrom disjoint and in order, if the file is sound."""

    chrom: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    value: npt.NDArray[np.float32]


def read(name: str, order: Order, blocks: Blocks, n_chroms: int, regions: RegionSet | None) -> Runs:
    """The runs that overlap a region (all: None); ``name`` is the file's, for errors."""
    asked = NO_REGIONS if regions is None else regions
    status, at, found, chrom, start, end, value = signal.read_sections(
        blocks.text, blocks.bounds, order == ">", n_chroms,
        asked.first, asked.start, asked.end, regions is None,
    )  # fmt: skip
    if status == signal.OK:
        own = own_rows(start, regions)
        if own is None:
            return Runs(chrom, start, end, value)
        return Runs(chrom[own], start[own], end[own], value[own])
    raise _broken(name, blocks, n_chroms, status, int(at), found)


def fill(
    name: str, order: Order, blocks: Blocks, n_chroms: int, chrom: int, begin: int,
    out: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    """Write the values of a chrom's runs to their bases, of which ``out`` has those from
    ``begin`` on."""
    status, at, found = signal.fill_bases(
        blocks.text, blocks.bounds, order == ">", n_chroms, chrom, begin, out
    )
    if status != signal.OK:
        raise _broken(name, blocks, n_chroms, status, int(at), found)


def fold(
    name: str, order: Order, blocks: Blocks,
    windows: tuple[Ints, Ints, Ints, Ints, Ints], bins: int,
    sums: tuple[Floats, Floats, Floats, Floats, Floats],
) -> None:  # fmt: skip
    """Add runs to the bins of the windows that they overlap (`signal.fold_sections`)."""
    status, at, found = signal.fold_sections(
        blocks.text, blocks.bounds, order == ">", *windows, bins, *sums
    )
    if status != signal.OK:
        raise _broken(name, blocks, len(windows[0]) - 1, status, int(at), found)


def _broken(
    name: str, blocks: Blocks, n_chroms: int, status: int, at: int, found: int
) -> FormatError:
    what = {
        signal.TRUNCATED: "is cut off: its block ends before its items do",
        signal.TYPE: f"is of type {found}, expected 1 to 3",
        signal.CHROM: f"has chrom id {found}, the file has {n_chroms} chroms",
    }[status]
    block = int(np.searchsorted(blocks.bounds, at, side="right")) - 1
    where = f"section at {at - int(blocks.bounds[block])} of its block"
    return format_error(name, int(blocks.ranges[block, 0]), f"{where} {what}")
