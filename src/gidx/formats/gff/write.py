"""GFF3 and GTF files, written: a table of features to lines.

What a line is, `formats.gff.encode` says; `formats.text.write` does everything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow.batches import is_pandas
from gidx.formats.gff.encode import HEADS, Kind, encoder
from gidx.formats.text import given
from gidx.formats.text.encoding import LineEncoder
from gidx.formats.text.write import Index, write_lines


def write_gff(
    data: Any,
    path: str | os.PathLike[str] | BinaryIO,
    *,
    format: Kind | None = None,
    header: str | os.PathLike[str] | None = None,
    index: Index = "auto",
    gzi: Any = False,
    sort: bool = False,
    level: int = 6,
    threads: int | None = None,
    chromsizes: Any = None,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a GFF3 or GTF file with its index; both appear when finished.

    Parameters
    ----------
    data
        A DataFrame, a pyarrow Table, anything with ``__arrow_c_stream__`` (polars,
        duckdb, a gidx Dataset), or an iterable of batches, of any total size. Columns:
        ``chrom``, ``start``, ``end`` (0-based half-open); ``source``, ``type``,
        ``score``, ``strand``, ``phase``; every other one is an attribute, a list one
        with several values; ``attributes``, a map, has those without a column. The
        columns of GTF (``seqname … feature … frame``), GFF3 (``seqid``), both 1-based,
        and PyRanges are taken too, and ``attribute`` or ``attributes`` as text.
    path : str, PathLike or binary file
        The file. One that ends with ``.gz``, ``.bgz`` or ``.bgzf`` is BGZF, any other
        plain text; an open file without a name is BGZF.
    format : "gff3" or "gtf", optional
        Default: as the file's name says (``.gff3``, ``.gtf``), else as the data were read,
        else GFF3.
    header : str or PathLike, optional
        The lines before the rows, as text, or a path to it; ``##gff-version 3`` is put
        before a GFF3's. Default: those of the file that the data come from.
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
        Rows or columns that the format cannot hold; ``row`` is the first one's number.
        No file is left behind, and those that were there are as they were.

    Source: Sequence Ontology, gff3.md 1.26; GTF 2.2 (Brent lab).

    Examples
    --------
    >>> df = pd.DataFrame({"chrom": "chr1", "start": [10, 10], "end": [90, 40], "strand": "+",
    ...                    "type": ["gene", "exon"], "ID": ["g1", None], "Parent": [None, "g1"]})
    >>> write_gff(df, "genes.gff3")
    >>> gidx.read_gff("genes.gff3")[["type", "start", "ID", "Parent"]]
       type  start    ID  Parent
    0  gene     10    g1    <NA>
    1  exon     10  <NA>  ['g1']
    """
    write_lines(
        _named_chroms(data),
        path,
        partial(_encoder, named=_named(path, format), header=given.header_text(header),
                chromsizes=chromsizes),
        index=index,
        gzi=gzi,
        sort=sort,
        level=level,
        threads=threads,
        chromsizes=chromsizes,
        encoding=encoding,
        progress=progress,
    )  # fmt: skip


def write_gtf(data: Any, path: str | os.PathLike[str] | BinaryIO, **options: Any) -> None:
    """Write a GTF file with its index: `write_gff` with ``format="gtf"``.

    Examples
    --------
    >>> df = pd.DataFrame({"chrom": ["chr1"], "start": [10], "end": [90], "type": "gene",
    ...                    "gene_id": "G1", "tag": [["basic", "CCDS"]]})
    >>> write_gtf(df, "genes.gtf")
    >>> gidx.read_gff("genes.gtf")["tag"].tolist()
    [['basic', 'CCDS']]
    """
    write_gff(data, path, **{"format": "gtf", **options})


def _named_chroms(data: Any) -> Any:
    """A frame of pandas whose chroms are numbers, as `read_csv` has them, with their names."""
    if not is_pandas(data):
        return data
    names = [h[0] for h in HEADS if h[0] in data.columns and data[h[0]].dtype.kind in "iu"]
    return data.assign(**{n: data[n].astype("string") for n in names[:1]}) if names else data


def _named(path: Any, format: Kind | None) -> Kind | None:
    """What was asked, or what the file's name says."""
    if format is not None:
        return format
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else getattr(path, "name", "")
    found = re.search(r"\.(gff3|gtf)(\.(gz|bgz|bgzf))?$", str(name).lower())
    if found is None:
        return None
    return "gtf" if found[1] == "gtf" else "gff3"


def _encoder(
    schema: pa.Schema,
    about: Mapping[str, Any],
    categories: Mapping[str, tuple[str, ...]],
    *,
    named: Kind | None,
    header: str | None,
    chromsizes: Any,
) -> LineEncoder:
    if chromsizes is not None:
        about = {**about, "chromsizes": sizes_of.read(chromsizes)}
    return encoder(schema, about, categories, format=named, header=header)
