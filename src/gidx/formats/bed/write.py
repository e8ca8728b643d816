"""BED, written as text with a tabix index."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from gidx.arrow.faults import Inspection
from gidx.formats.bed.encode import encoder
from gidx.formats.text.write import check_lines, write_lines

if TYPE_CHECKING:
    from typing import Unpack

    from gidx.options import Path, Tabular, WriteOptions


def write_bed(
    data: Tabular,
    path: Path | BinaryIO,
    *,
    schema: Any = None,
    header: bool | str | None = None,
    **options: Unpack[WriteOptions],
) -> None:
    """Write a BED file and its index; both appear only when they are finished.

    Parameters
    ----------
    data
        A DataFrame, a pyarrow Table, anything with ``__arrow_c_stream__`` (polars,
        duckdb, a gidx Dataset), or an iterable of batches, of any total size.
        ``chrom``, ``start``, ``end`` (or ``chromStart``, ``chromEnd``), 0-based
        half-open. BED's other fields (``name``, ``score``, …, as BED, UCSC, PyRanges or
        bioframe call them) are found in any order, and ``.`` or ``0`` fills what is
        missing before them; other columns come behind, in order. A frame's index is not
        written; one with a name warns. Each chrom's rows stand
        together, by ascending start; the chroms may be in any order.
    path : str, PathLike or binary file
        The file. One that ends with ``.gz``, ``.bgz`` or ``.bgzf`` is BGZF, any other
        plain text; an open file without a name is BGZF.
    schema : str, PathLike, pyarrow.Schema, optional
        What the fields are, as for `read_bed`; values that are not of these types are
        refused. Default: any values, each column as its type has it.
    header : bool or str, optional
        The lines before the rows. Default: those that the data came with, and a line
        ``#chrom start …`` where columns have names that BED does not know. True: such a
        line in any case. False: none.
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

    Source: the BED specification 1.0 (hts-specs); tabix (hts-specs, tabix.pdf).

    Examples
    --------
    >>> df = pd.DataFrame({"chrom": ["chr2", "chr1"], "start": [7, 5], "end": 9, "name": "a"})
    >>> gidx.write_bed(df, "a.bed.gz", sort=True)
    >>> gidx.read_bed("a.bed.gz", "chr1:1-6")
      chrom  start  end name
    0  chr1      5    9    a
    """
    make = partial(encoder, schema=schema, header=header)
    write_lines(data, path, make, **options)


def check_bed(
    data: Any,
    most: int,
    *,
    schema: Any = None,
    header: bool | str | None = None,
    **options: Unpack[WriteOptions],
) -> Inspection:
    """All that `write_bed` would refuse; ``most`` are listed."""
    make = partial(encoder, schema=schema, header=header)
    return check_lines(data, make, most, **options)
