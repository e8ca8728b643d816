"""The functions that a user calls first: `open` and `read` for each format, thin, over Dataset.

Those that write are with their formats: who reads does not wait for the code of writers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from gidx.dataset import BigBedDataset, BigWigDataset, Dataset, TabixDataset, open, open_as
from gidx.errors import FormatError, one_of
from gidx.formats.registry import TEXTS
from gidx.ground.files import are_held, listed
from gidx.ground.source import open_source
from gidx.options import FrameOptions, LazyScan, check_known
from gidx.scan import format_of

if TYPE_CHECKING:
    from typing import BinaryIO, Unpack

    import pandas as pd
    import polars as pl

    from gidx.binning.index import TabixIndex
    from gidx.formats.bigwig.merge import How
    from gidx.formats.bigwig.read import BigWig
    from gidx.options import (
        AnySource,
        DtypeBackend,
        Genotypes,
        GffOptions,
        LazyOptions,
        Lists,
        OneFile,
        Path,
        QueryOptions,
        ReadOptions,
        Regions,
        TextOptions,
        WriteBigWigOptions,
    )

__all__ = [
    "merge_bigwigs",
    "open",
    "open_bed",
    "open_bigbed",
    "open_bigwig",
    "open_gff",
    "open_tabix",
    "open_vcf",
    "read",
    "read_bed",
    "read_bigbed",
    "read_bigwig",
    "read_gff",
    "read_gtf",
    "read_tabix",
    "read_vcf",
    "scan_polars",
]


def read(path: AnySource, regions: Regions = None, **options: Unpack[ReadOptions]) -> pd.DataFrame:
    """Read a file of any format that gidx knows into a DataFrame; its content tells which.

    Parameters are those of `open`, `Dataset.scan` and `Dataset.to_pandas`; those of a
    format, such as ``samples``, too.

    Examples
    --------
    >>> gidx.read("genes.bb", columns=["chrom", "name"])
       chrom   name
    0  chr22  GENE1
    1  chr22  GENE2
    2   chrX  GENE3
    """
    rows: Any = {name: value for name, value in options.items() if name in _ROWS}
    own: Any = {name: value for name, value in options.items() if name not in _ROWS}
    return open(path, **own).to_pandas(regions, **rows)


_ROWS = FrameOptions.__annotations__


def read_bigbed(
    path: AnySource,
    regions: Regions = None,
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    encoding_errors: str | None = None,
    dtype_backend: DtypeBackend | None = "pyarrow",
    lists: Lists = "arrow",
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[QueryOptions],
) -> pd.DataFrame:
    """Read bigBed rows into a DataFrame, every column typed by the file's AutoSQL.

    Parameters
    ----------
    path : str, PathLike, bytes, binary file, or a list of them
        A local path, a URL, the bytes, or an open binary file. Several files, or a glob, are
        read as one, as `open` says.
    regions : optional
        ``"chr22:20,000,000-20,100,000"`` (1-based closed),
        ``("chr22", 19_999_999, 20_100_000)`` (0-based half-open), a list of them, or
        a frame with chrom, start, end; their union. Default: the whole file.
    columns : list of str, optional
        Columns wanted, in this order; only they are decoded. From a URL, only the
        blocks that regions need are read.
    types : dict, optional
        Types of some columns, instead of those declared: Arrow's or their names, such as
        ``{"score": "float64"}``.
    encoding, encoding_errors : str, optional
        As in pandas: ``"latin-1"``; ``"replace"``. Default: UTF-8, and a value that is not
        is missing, with a warning.
    dtype_backend : "pyarrow", "numpy_nullable" or None
        As in pandas. ``"pyarrow"`` keeps every type; None is pandas' own.
    storage_options : mapping, optional
        For fsspec.
    cache : path, optional
        A folder to keep blocks of a URL in, as `open` says.
    lists : "arrow" or "text"
        Lists as Arrow has them, or as plain texts (``1,2``), which pandas can group, sort
        and compare.
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
    dataset = _opened(
        path, _BIGBED, types=types, encoding=encoding, encoding_errors=encoding_errors,
        storage_options=storage_options, cache=cache,
    )  # fmt: skip
    return dataset.to_pandas(
        regions, columns=columns, dtype_backend=dtype_backend, lists=lists, **options
    )


def read_bigwig(
    path: AnySource,
    regions: Regions = None,
    *,
    columns: Sequence[str] | None = None,
    dtype_backend: DtypeBackend | None = "pyarrow",
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[QueryOptions],
) -> pd.DataFrame:
    """Read bigWig rows into a DataFrame: chrom, start, end, value (float32).

    A row is a run of bases of one value, as the file has it; bases that no row holds have
    none. For a value a base, a bin, or around many regions see `BigWigDataset.values` and
    `BigWigDataset.matrix`. Parameters are those of `read_bigbed`.

    Source: Kent et al. 2010, Bioinformatics 26(17), supplement.

    Examples
    --------
    >>> gidx.read_bigwig("signal.bw", "chr22:12,001-12,004")
       chrom  start    end  value
    0  chr22  11999  12002    1.5
    1  chr22  12002  12050    0.5
    """
    dataset = _opened(path, _BIGWIG, storage_options=storage_options, cache=cache)
    return dataset.to_pandas(regions, columns=columns, dtype_backend=dtype_backend, **options)


def read_bed(
    path: AnySource,
    regions: Regions = None,
    *,
    columns: Sequence[str] | None = None,
    schema: Any = None,
    types: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    encoding_errors: str | None = None,
    lists: Lists = "arrow",
    index: AnySource | TabixIndex | None = None,
    dtype_backend: DtypeBackend | None = "pyarrow",
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[QueryOptions],
) -> pd.DataFrame:
    """Read BED rows into a DataFrame: BGZF with a tabix index, or plain text as a whole.

    Parameters
    ----------
    path, regions, columns, dtype_backend, storage_options, cache
        As in `read_bigbed`. Regions need an index.
    schema : str, PathLike, pyarrow.Schema, optional
        What the fields are: ``"bed6"``, ``"bed6+4"``, ``"narrowPeak"``, ``"broadPeak"``,
        ``"gappedPeak"``, ``"bedGraph"``, ``"bedMethyl"`` and others by name, AutoSQL as
        text or the path of an .as file, or a schema. Default: what a ``track type=`` line
        says, else a look at the first 10,000 rows. As many fields as are of their standard
        kind have the standard names, the others are typed by what they hold, and wider
        where later rows ask for it.
    types : dict, optional
        Types of some columns, instead of those declared or looked at: Arrow's or their
        names, such as ``{"score": "float64"}``.
    encoding, encoding_errors : str, optional
        As in pandas: ``"latin-1"``; ``"replace"``. Default: UTF-8, and a value that is not
        is missing, with a warning.
    lists : "arrow" or "text"
        Lists as Arrow has them, or as plain texts (``1,2``), which pandas can group, sort
        and compare.
    index : str, PathLike, bytes or TabixIndex, optional
        Default: the ``.tbi`` or ``.csi`` beside the file.
    **options
        As in `Dataset.scan`.

    Returns
    -------
    DataFrame
        ``chrom`` (categorical, file order), ``start``, ``end`` (0-based half-open), then
        ``name``, ``score``, ``strand`` … and, as UCSC numbers further fields of bed6,
        ``field8`` …. ``.`` in a column of numbers is missing.

    Raises
    ------
    FormatError
        The file is not BED, or broken, or the index not its own.
    MissingIndexError
        Regions were asked of a file without an index.

    Source: the BED specification 1.0 (hts-specs), tabix (hts-specs, tabix.tex).

    Examples
    --------
    >>> gidx.read_bed("peaks.bed.gz", "chr1:1-1,000", columns=["start", "end", "name"])
       start  end name
    0    100  200    a
    1    950  990    b
    """
    dataset = _opened(
        path, _BED, schema=schema, types=types, encoding=encoding, encoding_errors=encoding_errors,
        index=index, storage_options=storage_options, cache=cache,
    )  # fmt: skip
    return dataset.to_pandas(
        regions, columns=columns, dtype_backend=dtype_backend, lists=lists, **options
    )


def read_vcf(
    path: AnySource,
    regions: Regions = None,
    *,
    columns: Sequence[str] | None = None,
    samples: Sequence[str] | None = None,
    gt: Genotypes = "text",
    types: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    encoding_errors: str | None = None,
    lists: Lists = "arrow",
    index: AnySource | TabixIndex | None = None,
    dtype_backend: DtypeBackend | None = "pyarrow",
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[QueryOptions],
) -> pd.DataFrame:
    """Read VCF rows into a DataFrame, every column typed by the file's header.

    Parameters
    ----------
    path, regions, columns, encoding, index, dtype_backend, storage_options, cache, **options
        As in `read_bed`. Columns are named ``ref``, ``INFO/AF``, ``FORMAT/GT`` …;
        ``gidx.open(path).fields`` lists them.
    types : dict, optional
        Types of ``qual`` and of keys that the header declares wrongly, too narrowly or not at
        all: ``{"INFO/FR": pa.float64(), "FORMAT/GQ": "float32", "INFO/N": pa.list_(pa.int32())}``;
        for FORMAT, of one sample's value. What is then written has a header that says so.
    lists : "arrow" or "text"
        ``alt``, ``filter``, ``INFO/…`` of several values, the maps and ``FORMAT/…`` as Arrow
        has them, or as plain texts (``G,T``), which pandas can group, sort and compare.
    samples : list of str, optional
        The samples wanted, in this order; ``[]`` for none. Default: all.
    gt : "text" or "alleles"
        Genotypes as they stand (``0|1``), or as alleles (int8, missing ones null) and
        whether they are phased.

    Returns
    -------
    DataFrame
        ``chrom``, ``start``, ``end`` (0-based half-open), ``id``, ``ref``, ``alt``,
        ``qual``, ``filter``, then ``INFO/…`` as the header declares them, ``INFO`` (a map
        of what it does not), and ``FORMAT/…``, each a list over the samples. A value that
        does not fit its declaration is missing, with a warning, and stays as text in the map
        ``INFO`` or ``FORMAT``, from which `write_vcf` has it; a flag with a value is True,
        too. A row ends where htslib since 1.22 has it: by REF, END, SVLEN or LEN, whichever
        is farthest.

    Raises
    ------
    FormatError, MissingIndexError
        As in `read_bed`.
    ColumnError
        A sample or column that the file does not have.

    Source: the VCF specification, 4.0 to 4.5 (hts-specs).

    Examples
    --------
    >>> gidx.read_vcf("calls.vcf.gz", "chr1:1-200", columns=["start", "ref", "alt", "INFO/AF"])
       start ref        alt INFO/AF
    0     99   A      ['G']   [0.5]
    1    149   C  ['T' 'A']    <NA>
    """
    dataset = _opened(
        path, _VCF, samples=samples, gt=gt, types=types, encoding=encoding,
        encoding_errors=encoding_errors, index=index, storage_options=storage_options, cache=cache,
    )  # fmt: skip
    return dataset.to_pandas(
        regions, columns=columns, dtype_backend=dtype_backend, lists=lists, **options
    )


def read_gff(
    path: AnySource,
    regions: Regions = None,
    *,
    columns: Sequence[str] | None = None,
    attributes: Sequence[str] | None = None,
    types: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    encoding_errors: str | None = None,
    lists: Lists = "arrow",
    index: AnySource | TabixIndex | None = None,
    dtype_backend: DtypeBackend | None = "pyarrow",
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[QueryOptions],
) -> pd.DataFrame:
    """Read GFF3 or GTF rows into a DataFrame.

    Parameters
    ----------
    path, regions, columns, types, encoding, encoding_errors, lists, index, dtype_backend,
    storage_options, cache, **options
        As in `read_bed`.
    attributes : list of str, optional
        The attributes that become columns. Default: every key met in the first 10,000
        rows. All others are in the map ``attributes``, so that nothing is lost.

    Returns
    -------
    DataFrame
        ``chrom``, ``start``, ``end`` (0-based half-open), ``source``, ``type``,
        ``score``, ``strand``, ``phase``, then the attributes: texts, or lists where a
        key has several values (``Parent``, ``tag``), and ``attributes``.

    Raises
    ------
    FormatError, MissingIndexError
        As in `read_bed`.

    Source: GFF3 1.26 (Sequence Ontology), GTF 2.2.

    Examples
    --------
    >>> gidx.read_gff("genes.gff3.gz", "chr1", columns=["type", "start", "end", "ID"])
       type  start  end  ID
    0  gene     99  900  g1
    1  exon     99  300  e1
    """
    dataset = _opened(
        path, _GFF, attributes=attributes, types=types, encoding=encoding,
        encoding_errors=encoding_errors, index=index, storage_options=storage_options, cache=cache,
    )  # fmt: skip
    return dataset.to_pandas(
        regions, columns=columns, dtype_backend=dtype_backend, lists=lists, **options
    )


def read_gtf(
    path: AnySource, regions: Regions = None, **options: Unpack[GffOptions]
) -> pd.DataFrame:
    """Read GTF rows into a DataFrame; as `read_gff`, for which the file's content decides.

    Examples
    --------
    >>> gidx.read_gtf("genes.gtf.gz", columns=["type", "start", "gene_id"])
       type  start gene_id
    0  gene     99      g1
    """
    return read_gff(path, regions, **options)


def read_tabix(
    path: AnySource,
    regions: Regions = None,
    *,
    columns: Sequence[str] | None = None,
    schema: Any = None,
    types: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    encoding_errors: str | None = None,
    lists: Lists = "arrow",
    index: AnySource | TabixIndex | None = None,
    dtype_backend: DtypeBackend | None = "pyarrow",
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
    **options: Unpack[QueryOptions],
) -> pd.DataFrame:
    """Read any table that has a tabix index into a DataFrame.

    The index says which columns are chrom, start and end, and how they count. Their
    names come from a header line (the last comment, or a line that is skipped), types
    from a look at the first 10,000 rows; one word (``NA``, ``.``, or nothing) may stand
    for missing numbers. What the content tells to be BED, VCF, GFF or SAM is read as that.

    Parameters
    ----------
    path, regions, columns, types, encoding, encoding_errors, lists, index, dtype_backend,
    storage_options, cache, **options
        As in `read_bed`.
    schema : pyarrow.Schema, str, PathLike or dict, optional
        Names and types of all columns in the file's order, as a schema or as AutoSQL; or
        types of some by their names, as a schema or a dict. What is not given is guessed,
        and wider where later rows ask for it. Of what is read as BED: as in `read_bed`.

    Source: tabix (hts-specs, tabix.tex).

    Examples
    --------
    >>> gidx.read_tabix("eqtl.tsv.gz", "1:1-200")
      chrom  start  end gene  pvalue
    0     1     99  100   A1    0.01
    1     1    149  150   A2    <NA>
    """
    dataset = _opened(
        path, _TEXT, schema=schema, types=types, encoding=encoding, encoding_errors=encoding_errors,
        index=index, storage_options=storage_options, cache=cache,
    )  # fmt: skip
    return dataset.to_pandas(
        regions, columns=columns, dtype_backend=dtype_backend, lists=lists, **options
    )


# ── open: once, to ask often ────────────────────────────────────────────────────────────────────


def open_bigbed(
    path: OneFile,
    *,
    types: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    encoding_errors: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
) -> BigBedDataset:
    """`open`, for a bigBed: what else is in the file is an error. Options as in `read_bigbed`.

    >>> gidx.open_bigbed("genes.bb").find("GENE2").num_rows
    1
    """
    found = _opened(
        path, _BIGBED, types=types, encoding=encoding, encoding_errors=encoding_errors,
        storage_options=storage_options, cache=cache,
    )  # fmt: skip
    return _one(found, BigBedDataset)


def open_bigwig(
    path: OneFile,
    *,
    storage_options: Mapping[str, Any] | None = None,
    cache: Path | None = None,
) -> BigWigDataset:
    """`open`, for a bigWig: what else is in the file is an error. Options as in `read_bigwig`.

    >>> gidx.open_bigwig("signal.bw").values("chr22:12,002-12,003").tolist()
    [1.5, 0.5]
    """
    found = _opened(path, _BIGWIG, storage_options=storage_options, cache=cache)
    return _one(found, BigWigDataset)


def merge_bigwigs(
    sources: Sequence[OneFile | BigWigDataset] | Path,
    path: Path | BinaryIO,
    how: How = "sum",
    **options: Unpack[WriteBigWigOptions],
) -> None:
    """Write several bigWigs as one: at each base the sum, mean, max or min of what they have.

    ``sources`` are files, or a glob: ``"sample*.bw"``.
    Bases that no file has a value of have none in the result; ``mean`` is over the files that
    have one. The files are read once, side by side, in bounded memory; their chroms may
    differ, but not a chrom's size. Options as in `write_bigwig`.

    >>> gidx.merge_bigwigs(["signal.bw", "signal.bw"], "twice.bw")
    >>> gidx.open("twice.bw").values("chr22:12,002-12,003").tolist()
    [3.0, 1.0]
    """
    from gidx.formats.bigwig.merge import merge
    from gidx.formats.bigwig.write import write_bigwig

    one_of("how", how, ("sum", "mean", "max", "min"))
    if not isinstance(sources, Iterable | os.PathLike):
        raise TypeError(f"cannot merge {type(sources).__name__}, expected files, or a glob")
    given = sources if isinstance(sources, str | os.PathLike) else [*sources]
    if not given:
        raise ValueError("merge_bigwigs needs one file or more")
    several = listed(given) or [given]
    held = are_held(several)
    datasets = [
        s if isinstance(s, BigWigDataset) else open_bigwig(cast(Any, open_source(s, held=held)))
        for s in several
    ]
    files = [cast("BigWig", format_of(dataset)) for dataset in datasets]
    write_bigwig(merge(files, how), path, **options)


def open_bed(path: OneFile, *, schema: Any = None, **options: Unpack[TextOptions]) -> TabixDataset:
    """`open`, for BED: what else is in the file is an error. Options as in `read_bed`.

    >>> gidx.open_bed("peaks.bed.gz").count_rows("chr1")
    2
    """
    return _one(_opened(path, _BED, schema=schema, **options), TabixDataset)


def open_vcf(
    path: OneFile,
    *,
    samples: Sequence[str] | None = None,
    gt: Genotypes = "text",
    **options: Unpack[TextOptions],
) -> TabixDataset:
    """`open`, for VCF: what else is in the file is an error. Options as in `read_vcf`.

    >>> gidx.open_vcf("calls.vcf.gz").columns[3:6]
    ['id', 'ref', 'alt']
    """
    return _one(_opened(path, _VCF, samples=samples, gt=gt, **options), TabixDataset)


def open_gff(
    path: OneFile, *, attributes: Sequence[str] | None = None, **options: Unpack[TextOptions]
) -> TabixDataset:
    """`open`, for GFF3 or GTF: what else is in the file is an error. Options as in `read_gff`.

    >>> gidx.open_gff("genes.gff3.gz").format
    'gff3'
    """
    return _one(_opened(path, _GFF, attributes=attributes, **options), TabixDataset)


def open_tabix(
    path: OneFile, *, schema: Any = None, **options: Unpack[TextOptions]
) -> TabixDataset:
    """`open`, for text of any kind. Options as in `read_tabix`.

    >>> gidx.open_tabix("eqtl.tsv.gz").columns
    ['chrom', 'start', 'end', 'gene', 'pvalue']
    """
    return _one(_opened(path, _TEXT, schema=schema, **options), TabixDataset)


@dataclass(frozen=True)
class _Expected:
    """What a function reads, of a file or of several as one."""

    what: str
    formats: tuple[str, ...]
    is_told: bool = False  # text is read as it, where its look does not say what it is


_BIGBED = _Expected("bigBed", ("bigbed",))
_BIGWIG = _Expected("bigWig", ("bigwig",))
_BED = _Expected("BED", ("bed",), True)
_VCF = _Expected("VCF", ("vcf",), True)
_GFF = _Expected("GFF3 or GTF", ("gff3", "gtf"), True)
_TEXT = _Expected("text", tuple(TEXTS))


def _opened(path: AnySource, expected: _Expected, **options: Any) -> Dataset:
    """`open`, where a file of another format is an error."""
    index, storage = options.pop("index", None), options.pop("storage_options", None)
    kinds = expected.formats if expected.is_told else None
    try:
        found = open_as(path, kinds=kinds, index=index, storage_options=storage, options=options)
    except FormatError as error:
        # of no binary format, and no text: what its first line lacks is not what was asked
        if getattr(error, "offset", 0) is None and not {*expected.formats} & {*TEXTS}:
            said = f"not a {expected.what} file, nor text that gidx reads: {error}"
            raise FormatError(said, path=getattr(error, "path", ""), offset=None) from error
        raise
    if found.format not in expected.formats:
        raise FormatError(
            f"{found.path}: a {found.format} file, expected {expected.what}; use gidx.open"
        )
    return found


_Kind = TypeVar("_Kind", bound=Dataset)


def _one(found: Dataset, kind: type[_Kind]) -> _Kind:
    """The Dataset of one file, which offers more than that of several."""
    if not isinstance(found, kind):
        raise FormatError(
            f"{found.path}: several files, expected one; gidx.open and gidx.read have them as one"
        )
    return found


# ── lazily ──────────────────────────────────────────────────────────────────────────────────────


def scan_polars(
    path: AnySource | Dataset, regions: Regions = None, **options: Unpack[LazyOptions]
) -> pl.LazyFrame:
    """A polars LazyFrame of an indexed file (extra ``polars``).

    What a query asks of ``chrom``, ``start`` and ``end`` becomes regions, and only the
    columns that it needs are decoded. ``chrom`` is plain text.

    Parameters
    ----------
    path
        What `open` takes, or a Dataset.
    regions
        As in `Dataset.scan`: only rows that overlap them. For those that a predicate would be
        too long for, such as the rows of a BED.
    **options
        Of `open`: ``index``, ``storage_options``, ``samples`` …; of `Dataset.scan`:
        ``batch_size``, ``threads``, ``errors``, ``missing_chroms``.

    Examples
    --------
    >>> import polars as pl
    >>> lazy = gidx.scan_polars("genes.bb").filter(pl.col("chrom") == "chr22")
    >>> lazy.select("start", "name").collect().rows()
    [(12000, 'GENE1'), (260000, 'GENE2')]
    """
    try:
        from gidx.engines.polars import lazy
    except ModuleNotFoundError as error:
        if error.name != "polars":
            raise
        raise ImportError('lazy frames need polars: pip install "gidx[polars]"') from None
    scans = LazyScan.__annotations__
    how: Any = {name: value for name, value in options.items() if name in scans}
    own: Any = {name: value for name, value in options.items() if name not in scans}
    if isinstance(path, Dataset):
        check_known(own, scans)
    return lazy(path if isinstance(path, Dataset) else open(path, **own), regions, how)
