"""GFF3 and GTF files, written: a table of features to lines.

What a line is, `formats.gff.encode` says; `formats.text.write` does everything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow.faults import Inspection
from gidx.formats.gff.encode import Kind, encoder
from gidx.formats.text.encoding import LineEncoder
from gidx.formats.text.write import MakeEncoder, check_lines, header_text, write_lines

if TYPE_CHECKING:
    from typing import Unpack

    from gidx.options import Path, Tabular, WriteOptions


def write_gff(
    data: Tabular,
    path: Path | BinaryIO,
    *,
    format: Kind | None = None,
    header: str | os.PathLike[str] | None = None,
    **options: Unpack[WriteOptions],
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
    **options
        As in `write_bed`: ``index``, ``gzi``, ``sort``, ``level``, ``threads``, ``chromsizes``,
        ``encoding``, ``progress``.

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
    make = _making(_named(path, format), header, options)
    write_lines(data, path, make, **options)


def check_gff(
    data: Any,
    most: int,
    *,
    format: Kind | None = None,
    header: str | os.PathLike[str] | None = None,
    **options: Unpack[WriteOptions],
) -> Inspection:
    """All that `write_gff` would refuse; ``most`` are listed."""
    make = _making(format, header, options)
    return check_lines(data, make, most, **options)


def write_gtf(
    data: Tabular,
    path: Path | BinaryIO,
    *,
    header: str | os.PathLike[str] | None = None,
    **options: Unpack[WriteOptions],
) -> None:
    """Write a GTF file with its index: `write_gff` with ``format="gtf"``.

    Examples
    --------
    >>> df = pd.DataFrame({"chrom": ["chr1"], "start": [10], "end": [90], "type": "gene",
    ...                    "gene_id": "G1", "tag": [["basic", "CCDS"]]})
    >>> write_gtf(df, "genes.gtf")
    >>> gidx.read_gff("genes.gtf")["tag"].tolist()
    [['basic', 'CCDS']]
    """
    write_gff(data, path, format="gtf", header=header, **options)


def _named(path: Any, format: Kind | None) -> Kind | None:
    """What was asked, or what the file's name says."""
    if format is not None:
        return format
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else getattr(path, "name", "")
    found = re.search(r"\.(gff3|gtf)(\.(gz|bgz|bgzf))?$", str(name).lower())
    if found is None:
        return None
    return "gtf" if found[1] == "gtf" else "gff3"


def _making(
    kind: Kind | None, header: str | os.PathLike[str] | None, options: WriteOptions
) -> MakeEncoder:
    """What makes the encoder; chroms whose sizes are given are those of the header."""
    text, given_sizes = header_text(header), options.get("chromsizes")
    sizes = None if given_sizes is None else sizes_of.read(given_sizes)

    def make(
        schema: pa.Schema, about: Mapping[str, Any], categories: Mapping[str, tuple[str, ...]]
    ) -> LineEncoder:
        told = about if sizes is None else {**about, "chromsizes": sizes}
        return encoder(schema, told, categories, format=kind, header=text)

    return make
