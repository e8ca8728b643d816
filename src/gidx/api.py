"""The functions that a user calls first: thin, over Dataset and the writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gidx import parquet
from gidx.atomic import replacing
from gidx.dataset import Dataset, open
from gidx.errors import FormatError
from gidx.formats.bigbed_write import write_bigbed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["open", "read", "read_bigbed", "to_parquet", "write_bigbed"]


def read(
    path: Any,
    regions: Any = None,
    *,
    index: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    dtype_backend: str | None = "pyarrow",
    **options: Any,
) -> pd.DataFrame:
    """Read a file of any format that gidx knows into a DataFrame; its content tells which.

    Parameters are those of `open`, `Dataset.scan` and `Dataset.to_pandas`.

    Examples
    --------
    >>> gidx.read("genes.bb", columns=["chrom", "name"])
       chrom   name
    0  chr22  GENE1
    1  chr22  GENE2
    2   chrX  GENE3
    """
    dataset = open(path, index=index, storage_options=storage_options)
    return dataset.to_pandas(regions, dtype_backend=dtype_backend, **options)


def read_bigbed(
    path: Any,
    regions: Any = None,
    *,
    columns: Sequence[str] | None = None,
    dtype_backend: str | None = "pyarrow",
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Read bigBed rows into a DataFrame, every column typed by the file's AutoSQL.

    Parameters
    ----------
    path : str, PathLike, bytes or binary file
        A local path, a URL, the bytes, or an open binary file.
    regions : optional
        ``"chr22:20,000,000-20,100,000"`` (1-based closed),
        ``("chr22", 19_999_999, 20_100_000)`` (0-based half-open), a list of them, or
        a frame with chrom, start, end; their union. Default: the whole file.
    columns : list of str, optional
        Columns wanted, in this order; only they are decoded. From a URL, only the
        blocks that regions need are read.
    dtype_backend : "pyarrow", "numpy_nullable" or None
        As in pandas. ``"pyarrow"`` keeps every type; None is pandas' own.
    storage_options : mapping, optional
        For fsspec.
    **options
        ``filter``, ``batch_size``, ``threads``, ``errors``, ``names`` as in
        `Dataset.scan`.

    Returns
    -------
    DataFrame
        ``chrom`` (categorical, file order), ``start``, ``end`` (0-based half-open),
        then the file's other columns under their own names.

    Raises
    ------
    FormatError
        The file is not a bigBed, or broken.
    UnknownChromError, RegionError, ColumnError
        For what the file does not have.

    Source: Kent et al. 2010, Bioinformatics 26(17), supplement.

    Examples
    --------
    >>> gidx.read_bigbed("genes.bb", "chrX", columns=["start", "end", "strand"])
       start   end strand
    0   5000  9000      -
    """
    dataset = open(path, storage_options=storage_options)
    if dataset.format != "bigbed":
        raise FormatError(
            f"{dataset.path}: a {dataset.format} file, expected bigBed; use gidx.read"
        )
    return dataset.to_pandas(regions, columns=columns, dtype_backend=dtype_backend, **options)


def to_parquet(
    source: Any,
    path: Any,
    regions: Any = None,
    *,
    compression: str = "zstd",
    row_group_size: int = parquet.ROW_GROUP,
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Convert a file, or a Dataset, to Parquet, in bounded memory.

    Types, descriptions and metadata stay, so the Parquet file can be written back
    with `write_bigbed`. The file appears only when it is finished.

    Parameters
    ----------
    source
        What `open` takes, or a Dataset.
    path : str, PathLike or binary file
        The Parquet file.
    regions, **options
        As in `Dataset.scan`.
    compression, row_group_size
        As in `pyarrow.parquet.write_table`.

    Examples
    --------
    >>> gidx.to_parquet("genes.bb", "genes.parquet", "chr22")
    >>> pd.read_parquet("genes.parquet")["name"].tolist()
    ['GENE1', 'GENE2']
    """
    dataset = (
        source if isinstance(source, Dataset) else open(source, storage_options=storage_options)
    )
    reader = dataset.scan(regions, **options)
    with replacing(path) as file:
        parquet.write(
            reader.schema, reader, file, compression=compression, row_group_size=row_group_size
        )
