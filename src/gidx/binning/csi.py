"""The CSI codec: an index of any window size and depth, for chroms past 512 Mb.

Header, an auxiliary block, the number of references, then their bins as in a TBI but
with ``loffset`` in place of the linear index. What the auxiliary block holds the
specification leaves open; tabix puts there what a TBI's header has from ``format`` to
the names. That of a BCF is empty, and four bytes also occur: then there are neither
columns nor names.

Source: hts-specs CSIv1.pdf; htslib tbx.c for the auxiliary block.
"""

from __future__ import annotations

import numpy as np

from gidx.binning.bins import MAX_DEPTH
from gidx.binning.model import Index, Layout
from gidx.binning.tbi import (
    COLUMNS,
    fail,
    pack_columns,
    pack_references,
    take,
    unpack_columns,
    unpack_references,
)

MAGIC = b"CSI\x01"

# fmt: off
HEADER = np.dtype([             # offset
    ("magic", "<u4"),           #  0
    ("min_shift", "<i4"),       #  4  a window is 1 << min_shift bases
    ("depth", "<i4"),           #  8  levels of bins below the first
    ("l_aux", "<i4"),           # 12  bytes of the auxiliary block, which follows
])
COUNT = np.dtype([              # offset, behind the auxiliary block
    ("n_ref", "<i4"),           #  0  references
])
# fmt: on


def unpack(data: bytes, name: str) -> Index:
    """The index in inflated bytes; FormatError says at which of them it breaks."""
    header = take(data, 0, HEADER, name)
    min_shift, depth, l_aux = (int(header[n]) for n in ("min_shift", "depth", "l_aux"))
    if not 0 <= depth <= MAX_DEPTH:
        raise fail(name, 8, f"depth is {depth}, expected 0 to {MAX_DEPTH}")
    if not 0 <= min_shift <= 62 - 3 * depth:
        raise fail(name, 4, f"min_shift is {min_shift}, expected 0 to {62 - 3 * depth}")
    at = HEADER.itemsize
    if not 0 <= l_aux <= len(data) - at:
        raise fail(name, 12, f"auxiliary block of {l_aux} bytes, {len(data) - at} are left")
    layout: Layout | None = None
    names: tuple[str, ...] = ()
    if l_aux >= COLUMNS.itemsize:
        layout, names, _ = unpack_columns(data[: at + l_aux], at, name)
    at += l_aux
    n_ref = int(take(data, at, COUNT, name)["n_ref"])
    if n_ref < 0 or (layout is not None and n_ref != len(names)):
        raise fail(name, at, f"{n_ref} references, but {len(names)} names")
    return unpack_references(
        data, at + COUNT.itemsize, n_ref, "csi", names, layout, (min_shift, depth), name
    )


def pack(index: Index) -> bytes:
    """The mirror image of `unpack`; without a layout the auxiliary block is empty."""
    aux = b"" if index.layout is None else pack_columns(index.layout, index.names)
    magic = int.from_bytes(MAGIC, "little")
    header = np.array((magic, index.min_shift, index.depth, len(aux)), HEADER)
    count = np.array((index.n_refs,), COUNT)
    return b"".join([header.tobytes(), aux, count.tobytes(), pack_references(index)])
