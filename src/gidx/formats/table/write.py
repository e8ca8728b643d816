"""Any table, written as tab-separated text with a tabix index."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from gidx.formats.table.encode import encoder
from gidx.formats.text.write import Index, write_lines


def write_tabix(
    data: Any,
    path: str | os.PathLike[str] | BinaryIO,
    *,
    header: bool | str = True,
    zero_based: bool | None = None,
    missing: str = ".",
    index: Index = "auto",
    gzi: Any = False,
    sort: bool = False,
    level: int = 6,
    threads: int | None = None,
    chromsizes: Any = None,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write any table as tab-separated text with an index; both appear when finished.

    Parameters
    ----------
    data
        A DataFrame, a pyarrow Table, anything with ``__arrow_c_stream__`` (polars,
        duckdb, a gidx Dataset), or an iterable of batches, of any total size.
        ``chrom``, ``start``, ``end`` are 0-based half-open, wherever they stand among the
        columns. A table that gidx has read keeps the order of its columns, their
        names, and what its coordinates count from. Lists are written ``1,2,``.
    path : str, PathLike or binary file
        The file. One that ends with ``.gz``, ``.bgz`` or ``.bgzf`` is BGZF, any other
        plain text; an open file without a name is BGZF.
    header : bool or str
        True: the header that the data came with, and a line ``#chrom …`` of the
        columns' names. False: none. Or a text.
    zero_based : bool, optional
        Whether starts are written 0-based. Default: as they were read, else True.
    missing : str
        What is written where there is no value; columns that gidx has read know better.
    index : "auto", "tbi", "csi", path or None
        ``"auto"`` is TBI, CSI past 2**29, and none for plain text and open files. The
        index, and the GZI, of a file that is replaced go with it.
    gzi : bool or path
        Whether to write a GZI, to seek by uncompressed offset.
    sort : bool
        Sort rows by chrom (in the order of the chromsizes, given or in the metadata,
        else chr2 before chr10) and start. Else rows out of order are an error, but plain
        text has them as they come.
    level : int
        0 (stored) to 12 (smallest).
    threads : int, optional
        Default: all processors. The file does not depend on it.
    chromsizes
        A dict, a path, a frame or pairs: the chroms there are; rows must lie on them.
    encoding : str, optional
        Of the text: ``"latin-1"`` and others in which ASCII is itself. Default: UTF-8.
    progress : callable, optional
        Is given the number of rows written so far.

    Raises
    ------
    WriteError
        Rows that the file cannot hold; ``row`` is the first one's number. No file is left
        behind, and those that were there are as they were.

    Examples
    --------
    >>> df = pd.DataFrame({"gene": ["A", "B"], "chrom": "chr1", "start": [4, 9], "end": [5, 12]})
    >>> gidx.write_tabix(df, "genes.tsv.gz", zero_based=False)
    >>> gidx.bgzf.open("genes.tsv.gz").read()
    b'#gene\\tchrom\\tstart\\tend\\nA\\tchr1\\t5\\t5\\nB\\tchr1\\t10\\t12\\n'
    >>> gidx.read_tabix("genes.tsv.gz", "chr1:10-11")
      chrom  start  end gene
    0  chr1      9   12    B
    """
    write_lines(
        data,
        path,
        partial(encoder, header=header, zero_based=zero_based, missing=missing),
        index=index,
        gzi=gzi,
        sort=sort,
        level=level,
        threads=threads,
        chromsizes=chromsizes,
        encoding=encoding,
        progress=progress,
    )
