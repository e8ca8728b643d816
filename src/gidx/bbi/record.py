"""The record of a bigBed: a row in a data block.

Layout: Kent et al. 2010, supplementary table 12. A head of fixed size is followed by the
row's other fields as text, with tabs between and a NUL behind; a record lies in one block.
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
from gidx.kernels import records

# fmt: off
HEAD = np.dtype([              # offset
    ("chrom", "<u4"),          #  0  id
    ("start", "<u4"),          #  4
    ("end", "<u4"),            #  8
])                             # 12  field \t field \t … field NUL
# fmt: on

_HEAD_FIELDS = len(HEAD.fields or ())


class Records(NamedTuple):
    """Rows: chrom ids, places, and where their fields are.

    Field f of row i is ``text[fields[f, i] : fields[f + 1, i] - 1]`` of the blocks.
    """

    chrom: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    fields: npt.NDArray[np.int32]


def read(
    name: str,
    order: Order,
    blocks: Blocks,
    n_chroms: int,
    n_fields: int,
    want: int,
    regions: RegionSet | None,
) -> Records:
    """The records that overlap a region (all: None), split into their first ``want`` fields.

    ``n_fields`` are those behind the head, which every record must have. ``name`` is the
    file's, for errors.
    """
    asked = NO_REGIONS if regions is None else regions
    status, at, found, chrom, start, end, fields = records.read_records(
        blocks.text, blocks.bounds, order == ">", n_chroms, n_fields, want,
        asked.first, asked.start, asked.end, regions is None,
    )  # fmt: skip
    if status == records.OK:
        own = None if asked.owned is None else own_rows(start, regions)
        if own is None:
            return Records(chrom, start, end, fields)
        fields = np.ascontiguousarray(fields[:, own])
        return Records(chrom[own], start[own], end[own], fields)
    raise _broken(name, blocks, status, int(at), {
        records.TRUNCATED: "is cut off: no closing NUL before the block's end",
        records.CHROM: f"has chrom id {found}, the file has {n_chroms} chroms",
        records.FIELDS: f"has {found + _HEAD_FIELDS} fields, expected {n_fields + _HEAD_FIELDS}",
    })  # fmt: skip


def _broken(name: str, blocks: Blocks, status: int, at: int, what: dict[int, str]) -> FormatError:
    block = int(np.searchsorted(blocks.bounds, at, side="right")) - 1
    where = f"record at {at - int(blocks.bounds[block])} of its block"
    return format_error(name, int(blocks.ranges[block, 0]), f"{where} {what[status]}")
