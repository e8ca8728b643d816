"""`to_parquet`: a file, a Dataset, or rows that are at hand, to Parquet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from gidx.arrow.batches import flow
from gidx.convert.parts import write_parts
from gidx.dataset import Dataset, open
from gidx.errors import one_of
from gidx.formats.offers import TextLines
from gidx.formats.parquet import write as parquet
from gidx.ground.atomic import replacing
from gidx.scan import format_of, in_steps

if TYPE_CHECKING:
    from typing import BinaryIO, Unpack

    from gidx.options import AnySource, Path, Regions, ScanOptions, Tabular

# Bytes of a text file that are read at a time. With those of a scan, 1 MB, a VCF of sites took
# 224 MB at its peak, and more the longer it was; with these 188, for 5 % more CPU time.
STEP = 256 * 1024


def to_parquet(
    source: AnySource | Dataset | Tabular,
    path: Path | BinaryIO,
    regions: Regions = None,
    *,
    compression: str = "zstd",
    row_group_size: int = parquet.ROW_GROUP,
    bloom_filter: Sequence[str] = (),
    partitions: int | None = None,
    partition_by: Literal["chrom"] | None = None,
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[ScanOptions],
) -> None:
    """Convert a file, or a Dataset, to Parquet, in bounded memory.

    Types, descriptions and metadata stay, so the Parquet file can be written back
    with `write_bigbed`. The file appears only when it is finished.

    Parameters
    ----------
    source
        What `open` takes, or a Dataset; or rows, as writers take them: a frame, a LazyFrame of
        polars, a frame of Dask, a stream of Arrow, of which regions cannot be asked.
    path : str, PathLike or binary file
        The Parquet file; with ``partitions`` or ``partition_by`` a folder, which is new.
    regions, **options
        As in `Dataset.scan`.
    compression, row_group_size
        As in `pyarrow.parquet.write_table`. A chrom begins a new row group, so that readers
        skip all others where they look for a region.
    bloom_filter : list of str, optional
        Columns to write a Bloom filter of, by which readers skip row groups where they look
        for a name (pyarrow 24 or later writes them; DuckDB uses them).
    partitions : int, optional
        About how many files to write, in parallel, of equal work each (`Dataset.partitions`).
    partition_by : "chrom", optional
        A folder ``chrom=chr1`` for each chrom, as Hive names them, whose files have no column
        of it. Both kinds of folders are opened as one by `open`, pandas, pyarrow, polars, DuckDB,
        Dask and Spark.

    Examples
    --------
    >>> gidx.to_parquet("genes.bb", "genes.parquet", "chr22")
    >>> pd.read_parquet("genes.parquet")["name"].tolist()
    ['GENE1', 'GENE2']
    """
    if partition_by is not None:
        one_of("partition_by", partition_by, ("chrom",))
    writing: dict[str, Any] = {
        "compression": compression, "row_group_size": row_group_size, "bloom_filter": bloom_filter,
    }  # fmt: skip
    given: Any = source
    if not isinstance(given, Dataset) and not _is_of_files(given):
        asked = {"regions": regions, "partitions": partitions, "partition_by": partition_by}
        for name, value in {**asked, **options}.items():
            if value is not None:
                raise TypeError(f"rows have no option {name!r}; choose them before, or open a file")
        _rows_to_parquet(given, path, writing)
        return
    dataset = given
    if not isinstance(dataset, Dataset):
        dataset = open(dataset, storage_options=storage_options, cache=cache)

    if partitions is not None or partition_by is not None:
        if not isinstance(path, str | os.PathLike):
            raise TypeError("partitions and partition_by write a folder; name one")
        by_chrom = partition_by is not None
        write_parts(dataset, path, regions, partitions, by_chrom, writing, options)
        return

    def write(rows: Dataset, is_sorted: bool) -> None:
        if isinstance(format_of(rows), TextLines):
            schema, batches = in_steps(rows, regions, STEP, **options)
        else:
            reader = rows.scan(regions, **options)
            schema, batches = reader.schema, reader
        with replacing(path) as file:
            parquet.write(schema, batches, file, is_sorted=is_sorted, **writing)

    can_rewrite = isinstance(path, str | os.PathLike)
    try:
        dataset.whole(lambda rows: write(rows, can_rewrite))
    except parquet.UnsortedError:  # rows of a file that nobody has sorted
        dataset.whole(lambda rows: write(rows, False))


def _is_of_files(source: Any) -> bool:
    """Whether it is what `open` takes, and not rows."""
    if isinstance(source, (list, tuple)) and source:
        return all(map(_is_of_files, source))
    kinds = (str, bytes, bytearray, memoryview, os.PathLike)
    return isinstance(source, kinds) or hasattr(source, "read")


def _rows_to_parquet(rows: Any, path: Path | BinaryIO, writing: dict[str, Any]) -> None:
    """Rows that are not of a file, in any order; as they come."""
    found = flow(rows)
    with replacing(path) as file:
        parquet.write(found.schema, found.batches, file, is_sorted=False, **writing)
