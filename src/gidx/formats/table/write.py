"""Any table, written as tab-separated text with a tabix index."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from gidx.arrow.faults import Inspection
from gidx.formats.table.encode import encoder
from gidx.formats.text.write import check_lines, write_lines

if TYPE_CHECKING:
    from typing import Unpack

    from gidx.options import Path, Tabular, WriteOptions


def write_tabix(
    data: Tabular,
    path: Path | BinaryIO,
    *,
    header: bool | str = True,
    zero_based: bool | None = None,
    missing: str = ".",
    **options: Unpack[WriteOptions],
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
    **options
        As in `write_bed`: ``index``, ``gzi``, ``sort``, ``level``, ``threads``, ``chromsizes``,
        ``encoding``, ``progress``.

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
    make = partial(encoder, header=header, zero_based=zero_based, missing=missing)
    write_lines(data, path, make, **options)


def check_tabix(
    data: Any,
    most: int,
    *,
    header: bool | str = True,
    zero_based: bool | None = None,
    missing: str = ".",
    **options: Unpack[WriteOptions],
) -> Inspection:
    """All that `write_tabix` would refuse; ``most`` are listed."""
    make = partial(encoder, header=header, zero_based=zero_based, missing=missing)
    return check_lines(data, make, most, **options)
