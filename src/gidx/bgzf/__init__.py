"""BGZF: gzip in blocks, to seek in. Open, index and inspect such files.

BAM files and files with a tabix index are BGZF; any gzip program reads them. A position
in one is a virtual offset: where a block begins in the file, and the place in its data.

>>> with gidx.bgzf.open("genes.bed.gz", "w", gzi=True) as f:
...     f.write(b"chr22\\t12000\\t45000\\tGENE1\\n")
...     at = f.tell()
...     f.write(b"chr22\\t260000\\t312500\\tGENE2\\n")
24
26
>>> with gidx.bgzf.open("genes.bed.gz") as f:
...     f.seek(at)
...     f.readline()
24
b'chr22\\t260000\\t312500\\tGENE2\\n'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gidx.bgzf.block import blocks as _blocks
from gidx.bgzf.block import make_virtual_offset, split_virtual_offset
from gidx.bgzf.gzi import GziIndex
from gidx.bgzf.stream import BgzfReader, BgzfWriter, open
from gidx.ground import slots
from gidx.ground.source import ByteSource, open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from gidx.options import OneFile

__all__ = [
    "BgzfReader",
    "BgzfWriter",
    "GziIndex",
    "blocks",
    "make_virtual_offset",
    "open",
    "split_virtual_offset",
]


def blocks(
    path: OneFile | ByteSource, *, storage_options: Mapping[str, Any] | None = None
) -> pa.Table:
    """Where each block of a BGZF file is: an Arrow table, a row for each.

    The columns are ``block_start`` and ``block_size`` in the file, ``data_start`` and
    ``data_size`` in the data of all blocks. Nothing is inflated.

    Parameters
    ----------
    path : str, PathLike, bytes or binary file
        A local path, a URL, the bytes, or an open binary file.
    storage_options : mapping, optional
        For fsspec, if ``path`` is a URL.

    Examples
    --------
    >>> with gidx.bgzf.open("zeros", "w", level=0) as f:
    ...     f.write(bytes(100_000))
    100000
    >>> gidx.bgzf.blocks("zeros").to_pandas()
       block_start  block_size  data_start  data_size
    0            0       65311           0      65280
    1        65311       34751       65280      34720
    2       100062          28      100000          0
    """
    if isinstance(path, BgzfReader):
        raise TypeError(f"{path.name} is open as BGZF, which inflates it; expected the file itself")
    found = _blocks(open_source(path, storage_options))
    return slots.table({name: found[name] for name in found.dtype.names or ()})
