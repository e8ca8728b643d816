"""open() and Dataset: what a user has of a file, whatever its format.

Rows are found and read in gidx.scan; here they become what pandas, polars, notebooks and
plots take. A format that offers more (gidx.formats.offers) has a class of its own for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow.schema import project
from gidx.bbi.summary import STATS, Stat, TotalSummary
from gidx.errors import ChangedError, ColumnError, GidxWarning, RegionError, one_of, visible, whole
from gidx.formats import registry
from gidx.formats.base import Opening
from gidx.formats.offers import ZOOM_SCHEMA, AsTexts, NameIndexes, Signal, TextLines, Zooms
from gidx.formats.several import Several, samples_of
from gidx.ground.files import Files, are_held, listed
from gidx.ground.names import parted_index
from gidx.ground.pool import in_order
from gidx.ground.region import MAX_END, Region, is_plain, resolve, spans
from gidx.ground.reopen import recipe
from gidx.ground.source import ByteSource, PathSource, open_source
from gidx.ground.windows import Anchor, Windows
from gidx.options import LazyScan, MissingChroms, PlotOptions, ScanOptions, check_known
from gidx.scan import OpenFile, find

if TYPE_CHECKING:
    from typing import Unpack

    import dask.dataframe as dd
    import pandas as pd
    from matplotlib.axes import Axes

    from gidx.binning.index import TabixIndex
    from gidx.engines.dataset import IndexedDataset
    from gidx.formats.bbi.read import Bbi
    from gidx.formats.bigbed.read import BigBed
    from gidx.formats.bigwig.read import BigWig
    from gidx.formats.text.read import TabixText
    from gidx.frames.backend import Categories
    from gidx.options import (
        AnySource,
        Condition,
        DtypeBackend,
        Lists,
        OneRegion,
        OpenOptions,
        Regions,
    )


def open(path: AnySource, **options: Unpack[OpenOptions]) -> Dataset:
    """Open an indexed genomic file; what it is, its content tells.

    Parameters
    ----------
    path : str, PathLike, bytes, binary file, or a list of them
        A local path, a URL that fsspec knows (``https://``, ``s3://`` …), the bytes
        themselves, or an open binary file. Several files of one format are one Dataset: a
        list, a glob (``"calls.chr*.vcf.gz"``, chr2 before chr10), a folder of Parquet files
        (the names of its folders may tell the chroms, ``chrom=chr1``).
        Their rows come in the files' order; a column that some lack is missing there;
        samples and types of columns must be the same.
    index : str, PathLike, bytes, binary file or TabixIndex, optional
        The index of a BGZF text file. Default: the ``.tbi`` or ``.csi`` beside it.
    storage_options : mapping, optional
        For fsspec, as in pandas.
    cache : path, optional
        A folder to keep blocks of a URL in that were read, for the next process that reads
        them; ``gidx.limits.cache`` bounds it.
    **options
        Of text: ``types``, ``encoding``, ``encoding_errors``; of the format: ``schema``
        (BED, tables), ``samples``, ``gt`` (VCF), ``attributes`` (GFF, GTF), as `read_bed`,
        `read_vcf`, `read_gff` explain them.

    Returns
    -------
    Dataset
        A `BigBedDataset` for bigBed, a `BigWigDataset` for bigWig, a `TabixDataset` for BED,
        VCF, GFF, GTF, SAM text and any other table with an index, a `Dataset` for Parquet and
        Arrow files whose columns say where rows are.

    Raises
    ------
    FormatError
        The file is of no format that gidx reads, or broken.

    Examples
    --------
    >>> ds = gidx.open("genes.bb")
    >>> ds.to_pandas("chr22:1-20,000,000").head(2)[["chrom", "start", "name"]]
       chrom   start   name
    0  chr22   12000  GENE1
    1  chr22  260000  GENE2
    """
    given: dict[str, Any] = {**options}
    index, storage = given.pop("index", None), given.pop("storage_options", None)
    return open_as(path, index=index, storage_options=storage, options=given)


# How often a file is opened again whose writer was between its data and its index
_AT_ONCE = 8  # files of several that are opened at a time
_TRIES = 8
_LARGEST = float(np.finfo(np.float32).max)
_MOST_BINS = 2**31 - 1  # of which numbers of 8 bytes take 16 GiB


def open_as(
    path: Any,
    *,
    kinds: tuple[str, ...] | None = None,
    index: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    otherwise: str | None = None,
    any_table: bool = False,
) -> Dataset:
    """`open`, for those who expect something of the file, as `Opening` says it."""
    path, index = parted_index(path, index)
    own = dict(options or {})
    cache = own.pop("cache", None)
    opening = Opening(index, storage_options, kinds, otherwise, any_table, own)
    several = listed(path, storage_options)

    def source() -> ByteSource:
        if several is None:
            return open_source(path, storage_options, cache=cache)
        held = are_held(several)
        how = partial(open_source, storage_options=storage_options, cache=cache, held=held)
        tasks = (partial(how, one) for one in several)
        return Files(list(in_order(tasks, _AT_ONCE)))

    for _ in range(_TRIES):
        with suppress(ChangedError):
            return _opened(source(), opening)
    return _opened(source(), opening)


def _opened(source: ByteSource, opening: Opening) -> Dataset:
    """The Dataset that has what the file's format offers."""
    if isinstance(source, Files):
        return Dataset(_several(source, opening), opening)
    found = registry.open(source, opening)
    kinds = (made for offer, made in _DATASETS if isinstance(found, offer))
    return next(kinds, Dataset)(found, opening)


def _several(files: Files, opening: Opening) -> Several:
    """Files of one format as one."""
    indexes = opening.index
    if indexes is None:
        indexes = [None] * len(files.sources)
    if not isinstance(indexes, (list, tuple)) or len(indexes) != len(files.sources):
        raise TypeError(f"index= of {len(files.sources)} files is a list of as many")
    tasks = (
        partial(registry.open, one, replace(opening, index=index))
        for one, index in zip(files.sources, indexes, strict=True)
    )
    found = list(in_order(tasks, _AT_ONCE))
    told = next(filter(None, map(samples_of, found)), [])
    for i, file in enumerate(found):  # the same samples in another order are read in this one
        own = samples_of(file)
        if own != told and sorted(own) == sorted(told) and file.kind == "vcf":
            options = {**opening.options, "samples": told}
            again = replace(opening, index=indexes[i], options=options)
            found[i] = registry.open(files.sources[i], again)
    return Several(files, found)


class Dataset(OpenFile):
    """An open file: ask it often, from any thread. Immutable and picklable.

    Every query takes:

    regions
        None (all), or what `gidx.ground.region` describes: ``"chr1:1,000-2,000"`` (1-based
        closed), ``("chr1", 999, 2000)`` (0-based half-open), a list of them, or a
        frame with chrom, start, end. Several are a union: each row once, in file
        order. A row overlaps if ``start < region end and end > region start``; one
        of length zero where it touches.
    columns
        Names of the columns wanted, in the order wanted; only they are decoded.
    filter
        A pyarrow expression over any columns: ``pc.field("score") > 500``.
    batch_size
        Most rows of a batch.
    threads
        Threads that inflate and decode; default: as many as this process may use.
    errors
        What a value that is not of its declared type does: ``"warn"`` reads it as
        missing and gives one warning a scan, ``"raise"`` raises ValueTypeError,
        ``"null"`` is silent. Broken structure always raises FormatError. A type that
        nobody declared (of tables, and of BED without a schema) comes from the first rows
        and never makes a value missing: what reads a whole table reads again with a wider
        type, so that its schema may differ from ``schema``; a stream raises
        GuessedTypeError, and takes ``schema=`` or ``types=`` of `open`.
    names
        ``"canonical"``: chrom, start, end first. ``"native"``: the file's own names
        and widths.
    missing_chroms
        What a region on a chrom that the file does not have does: ``"error"`` raises
        UnknownChromError, ``"ignore"`` finds nothing there. A chrom that the file has in
        another style (``1``, ``chr1``) is an error either way.
    """

    _categories: Categories | None = None
    _is_texts = False

    def __reduce__(self) -> tuple[Any, ...]:
        return recipe(_reopened, self._format.source, self._opening, self._is_texts)

    def _as_texts(self) -> Self:
        texts: Any = cast(AsTexts, self._format).as_texts()
        found = self._with(texts)
        found._is_texts = True
        return found

    # ── as Python's own containers and files are used ───────────────────────────────────────────

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, if gidx opened it; reading from it afterwards raises ValueError.

        Not needed: it is closed when nobody has the dataset any more. Tables and frames stay.
        One that came out of a pickle is shared by all that come out of the same, and stays open.

        >>> with gidx.open("genes.bb") as ds:
        ...     len(ds), ds.columns[:3], len(ds["chr22:1-20,000,000"])
        (3, ['chrom', 'start', 'end'], 2)
        """
        if isinstance(self._format.source, (PathSource, Files)) and not self._is_shared:
            self._format.source.close()

    def shared(self) -> None:
        """It has several owners from now on; closing it does nothing."""
        self._is_shared = True

    def is_current(self) -> bool:
        """Whether the file is the one that was opened, as far as can be told without reading."""
        return self._format.source.is_current()

    def __len__(self) -> int:
        """How many rows: as `count_rows`, so a text file is read for it."""
        return self.count_rows()

    def __bool__(self) -> bool:
        return True  # without counting rows

    def __getitem__(self, regions: Regions) -> pa.Table:
        """Rows that overlap regions: as `to_table`."""
        return self.to_table(regions)

    __iter__ = None  # rows come by scan() and to_batches(); not by number, as [] would have it

    def __repr__(self) -> str:
        rows = self._format.row_count()
        counted = "" if rows is None else f", {rows:,} rows"
        names = visible(", ".join(self.schema.names))
        return f"<gidx.Dataset {self.format} {self.path!r}{counted}: {names}>"

    def to_pandas(
        self,
        regions: Regions = None,
        *,
        dtype_backend: DtypeBackend | None = "pyarrow",
        lists: Lists = "arrow",
        **options: Unpack[ScanOptions],
    ) -> pd.DataFrame:
        """Rows as a pandas DataFrame. Options as in `scan`.

        ``dtype_backend`` is pandas': ``"pyarrow"`` keeps every type, nested ones
        too; ``"numpy_nullable"``; None for pandas' own. ``chrom`` is categorical
        in file order. ``lists="text"`` makes lists, maps and structs the texts that the
        format has for them (``G,T``), so that pandas can group, sort and compare them.
        """
        from gidx.frames.backend import Categories, to_frame

        one_of("lists", lists, ("arrow", "text"))
        self._categories = self._categories or Categories()
        return to_frame(self.to_table(regions, **options), dtype_backend, lists, self._categories)

    def to_dask(
        self,
        regions: Regions = None,
        *,
        columns: Sequence[str] | None = None,
        filter: Condition | None = None,
        npartitions: int | None = None,
        dtype_backend: DtypeBackend | None = "pyarrow",
        lists: Lists = "arrow",
        **options: Unpack[LazyScan],
    ) -> dd.DataFrame:
        """Rows as a Dask DataFrame (extra ``dask``), cut along the index into equal work.

        Nothing is read until it is computed, and then only the columns that the graph needs.
        Workers open the file themselves, so that they have to find it at the same path. A
        partition lies within one chrom, and has the rows that start in it; of thousands of contigs
        it has several whole ones.

        Parameters
        ----------
        regions, columns, filter, **options
            As in `scan`; ``threads`` is 1 by default, since a worker runs several tasks.
        npartitions
            About how many; by default of 64 MiB of the file each.
        dtype_backend, lists
            As in `to_pandas`.

        Examples
        --------
        >>> lazy = gidx.open("genes.bb").to_dask(npartitions=2)
        >>> int(lazy[lazy.score > 100].end.max().compute(scheduler="sync"))
        312500
        """
        one_of("lists", lists, ("arrow", "text"))
        check_known(options, LazyScan.__annotations__)
        try:
            from gidx.engines.dask import frame
        except ModuleNotFoundError as error:
            if error.name not in ("dask", "distributed"):
                raise
            raise ImportError('Dask frames need dask: pip install "gidx[dask]"') from None
        missing = options.get("missing_chroms", "error")
        pieces = self.partitions(npartitions, regions=regions, missing_chroms=missing)
        scan = {**options, "filter": filter}
        backend = {"dtype_backend": dtype_backend, "lists": lists}
        return frame(self, pieces, npartitions, columns, scan, backend)

    def to_dataset(self, regions: Regions = None, **options: Unpack[LazyScan]) -> IndexedDataset:
        """This file as a pyarrow dataset, which engines ask by columns and filter.

        DuckDB, DataFusion, `polars.scan_pyarrow_dataset` and pyarrow itself hand both over:
        what they ask of ``chrom``, ``start`` and ``end`` becomes regions, and only the columns
        that they need are decoded. ``chrom`` is plain text.

        Parameters
        ----------
        regions
            Only rows that overlap them.
        **options
            ``batch_size``, ``threads``, ``errors``, ``missing_chroms`` as in `scan`.

        Examples
        --------
        >>> import duckdb
        >>> d = gidx.open("genes.bb").to_dataset()
        >>> duckdb.sql("select name from d where chrom = 'chr22' and start < 100000").fetchall()
        [('GENE1',)]
        """
        from gidx.engines.dataset import IndexedDataset

        check_known(options, LazyScan.__annotations__)
        return IndexedDataset(self, regions, **options)

    def to_polars(self, regions: Regions = None, **options: Unpack[ScanOptions]) -> Any:
        """Rows as a polars DataFrame (extra ``polars``). Options as in `scan`."""
        import polars as pl

        return pl.DataFrame(self.to_table(regions, **options))

    def plot(self, region: OneRegion, **options: Unpack[PlotOptions]) -> Axes:
        """Draw one region (extra ``plot``): rows, or where they are too many a histogram.

        A bigBed's is of the coverage depth, from its zoom levels. Reads only the region.
        Options as in `DataFrame.gidx.plot`; returns matplotlib's Axes, in 0-based half-open
        bases.

        >>> ax = gidx.open("genes.bb").plot("chr22:1-400,000")
        >>> ax.get_xlabel()
        'chr22:1-400,000'
        """
        from gidx.views.plot import plot_dataset

        check_known(options, PlotOptions.__annotations__)
        return plot_dataset(self, region, **options)

    def _repr_html_(self) -> str:
        from gidx.views.notebook import html

        return html(self)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.scan().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    if not TYPE_CHECKING:  # which would take every name for one that is there

        def __getattr__(self, name: str) -> Any:
            """Say whose an attribute is that other files have."""
            of = [] if name.startswith("_") else [t for k, t in _TITLES.items() if hasattr(k, name)]
            if not of:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            several = isinstance(self._format, Several)
            what = "these are several, read as one" if several else f"this is {self.format}"
            raise AttributeError(f"{self.path}: {name} is of one {' or '.join(of)} file; {what}")


class BbiDataset(Dataset):
    """An open bigBed or bigWig file: a Dataset with zoom levels and summaries.

    Summaries are of a bigWig's values, and of a bigBed's coverage depth.
    """

    _format: Bbi

    @property
    def zoom_levels(self) -> list[int]:
        """Each zoom level's reduction: bases that a summary spans, about; finest first."""
        return self._format.reductions

    def scan_zoom(
        self, level: int, regions: Regions = None, *, missing_chroms: MissingChroms = "error"
    ) -> pa.RecordBatchReader:
        """Summaries of a zoom level, given by its reduction or its number.

        Columns: chrom, start, end, and over the covered bases of that span their
        valid_count, and min, max, sum, sum_squares of the values.
        """
        number = self._format.zoom_level(level)
        asked = self._resolve(regions, missing_chroms)
        groups = self._format.groups(self._format.zoom_plan(number, asked))
        batches = (self._format.zoom_batch(group, asked) for group in groups)
        return pa.RecordBatchReader.from_batches(ZOOM_SCHEMA, batches)

    def summary(
        self, region: OneRegion, bins: int = 1, stat: Stat = "mean", *, exact: bool = False
    ) -> npt.NDArray[np.float64]:
        """A statistic of the values in each of ``bins`` parts of one region.

        ``stat``: ``mean``, ``min``, ``max``, ``std`` (sample) over covered bases, NaN
        where there are none; ``coverage`` the part of the bases that is covered;
        ``sum`` of the values. From the zoom level that fits, or from the rows where
        none does or ``exact`` is asked (gidx.bbi.summary says more). Zoom levels are what the
        file's writer has put there; UCSC's wigToBigWig counts some bases twice: `check` tells.
        """
        bins = _bins_of(bins, stat)
        return self._format.summarize(*self._asked(region, "summary"), bins, stat, exact)

    def _asked(self, region: OneRegion, what: str) -> tuple[str, int, int]:
        """The chrom, start and end of a question that takes one region of some bases."""
        chrom: str
        start: int
        end: int
        if is_plain(region, self._ids):  # no arrays: of the 12 us of a bigWig's region they took 3
            chrom, start, end = region
        else:
            asked = resolve(region, self._format.chroms, self._ids)
            if len(asked) != 1:
                raise RegionError(f"{what} takes one region, found {len(asked)}")
            chrom = self._format.chrom_names[int(asked.chrom[0])].as_py()
            start, end = int(asked.start[0]), int(asked.end[0])
        if start < end <= 2**32:
            return chrom, start, end
        size = int(self._format.sizes[self._ids[chrom]])
        if end > 2**32 and end != MAX_END:
            raise RegionError(
                f"{Region(chrom, start, end)}: it ends past what a bbi file can hold, "
                f"{2**32:,}; {chrom} has {size:,} bases"
            )
        if end == MAX_END and start >= size:
            raise RegionError(
                f"{Region(chrom, start, end)}: no bases to sum up, {chrom} has {size:,}"
            )
        if end != MAX_END:
            raise RegionError(
                f"{(chrom, start, end)}, 0-based half-open: no bases to sum up, of a region that "
                "ends where it starts"
            )
        return chrom, start, size

    @property
    def total_summary(self) -> TotalSummary:
        """valid_count, min, max, sum, sum_squares, mean, std of the values."""
        return self._format.total_summary()


class BigWigDataset(BbiDataset):
    """An open bigWig file: a Dataset with values by base and by bin, zoom levels, summaries."""

    _format: BigWig

    def values(
        self,
        region: OneRegion,
        bins: int | None = None,
        stat: Stat = "mean",
        *,
        fill: float = np.nan,
    ) -> npt.NDArray[np.floating[Any]]:
        """The value of each base of one region (float32), or a statistic of ``bins`` parts of it.

        ``fill`` is for what the file has no value of: bases, or bins without a base that has
        (whose ``"sum"`` and ``"coverage"`` are 0 all the same).
        A statistic is over the bases that have one, from the rows, not from zoom levels, which
        `summary` asks. ``stat`` as there; it needs ``bins``.

        >>> gidx.open("signal.bw").values("chr22:11,999-12,004")
        array([nan, 1.5, 1.5, 1.5, 0.5, 0.5], dtype=float32)
        >>> gidx.open("signal.bw").values("chr22:11,999-12,004", bins=2).tolist()
        [1.5, 0.8333333333333334]
        """
        chrom, start, end = self._asked(region, "values")
        fill = fill if type(fill) is float else _fill_of(fill)
        if bins is None:
            if stat != "mean":
                _bins_of(1, stat)
                raise ValueError(
                    f"stat={stat!r} needs bins=: bins=1 is one value of the region, without bins "
                    "each base has its own"
                )
            if abs(fill) > _LARGEST and not np.isinf(fill):
                raise ValueError(f"fill is {fill!r}, past what 32 bits hold, of which values are")
            return self._format.values(chrom, start, end, fill)
        bins = _bins_of(bins, stat)
        window = Windows(*(np.array([n]) for n in (self._ids[chrom], start, end)))
        return self._format.matrix(window, bins, stat, fill, 1)[0]

    def matrix(
        self,
        regions: Regions,
        bins: int = 100,
        stat: Stat = "mean",
        *,
        anchor: Anchor | None = None,
        flank: int | tuple[int, int] = 0,
        fill: float = np.nan,
        missing_chroms: MissingChroms = "error",
        threads: int | None = None,
    ) -> npt.NDArray[np.float64]:
        """Signal around many regions: a row a region, in their order, a column a bin.

        Parameters
        ----------
        regions
            As in `scan`, but each by itself, in the order given. Regions of a frame whose
            ``strand`` is ``-`` are turned: their first bin is the most upstream one. A strand
            that is neither ``+`` nor ``-``, nor missing or ``.``, is an error.
        bins, stat
            Into how many parts a region is cut, and of what; as in `values`.
        anchor : {"start", "center", "end"}, optional
            The bases around the regions' first base (of the strand; of genes the TSS), middle
            or end, instead of the regions themselves.
        flank : int or (int, int)
            Bases beyond the region, or on both sides of the anchor: upstream, downstream.
        fill
            For bins without a base that has a value; also past a chrom's ends. Their ``"sum"``
            and ``"coverage"`` are 0 all the same.
        missing_chroms
            ``"ignore"``: a region on a chrom that the file does not have is all ``fill``.

        >>> genes = pd.DataFrame({"chrom": "chr22", "start": [12000], "end": [12004]})
        >>> gidx.open("signal.bw").matrix(genes, bins=2).tolist()
        [[1.5, 0.5]]
        """
        bins, fill = _bins_of(bins, stat), _fill_of(fill)
        chrom, start, end = spans(regions, self._ids, missing_chroms)
        end = np.where(end == MAX_END, self._format.sizes[chrom], end)
        from gidx.frames.regions import reversed_of

        minus = reversed_of(regions)
        windows = Windows(chrom, start, end).around(minus, anchor, flank)
        found = self._format.matrix(windows, bins, stat, fill, threads)
        if minus is not None:
            found[minus] = found[minus, ::-1]
        return found


class BigBedDataset(BbiDataset):
    """An open bigBed file: a Dataset with extra indexes, zoom levels and summaries."""

    _format: BigBed

    @property
    def autosql(self) -> str:
        """The AutoSQL declaration, as stored in the file, or of the standard columns."""
        return str(self._format.declared_as[0])

    @property
    def bed_type(self) -> str:
        """``bed6+4``: standard BED columns and extra ones."""
        return self._format.declared_as[1]

    @property
    def indexes(self) -> list[str]:
        """Columns that have an extra index, for `find`."""
        return self._format.indexed_names()

    def find(
        self,
        names: str | Iterable[str],
        /,
        regions: Regions = None,
        *,
        field: str | None = None,
        query: bool = False,
        **options: Unpack[ScanOptions],
    ) -> pa.Table:
        """Rows whose ``field`` is one of ``names``, by the file's extra index.

        As UCSC's bigBedNamedItems; exact, case-sensitive. Rows come in file order,
        each once. Without ``field`` all extra indexes are asked, and a row is found by any of
        them. ``regions`` leave only rows that overlap them; with ``query=True`` a row comes
        with each region that it overlaps, by the regions' order, and a first column ``query``
        has the region's number among them, from 0 on (as in `IntervalIndex.find`). Options as
        in `scan`. Raises ColumnError where the file has no such index.

        >>> genes = gidx.open("genes.bb")
        >>> genes.find("GENE2", columns=["chrom", "start", "name"]).to_pylist()
        [{'chrom': 'chr22', 'start': 260000, 'name': 'GENE2'}]
        >>> genes.find(["GENE1", "GENE3"], ["chrX", "chr22"], query=True).select([0, 4]).to_pylist()
        [{'query': 0, 'name': 'GENE3'}, {'query': 1, 'name': 'GENE1'}]
        """
        if not query:
            return find(self, names, regions, field=field, **options)
        if regions is None:
            raise TypeError("query=True says which region a row is of, so it needs regions")
        whole = self._schema(options.get("names", "canonical"))
        wanted = project(whole, options.pop("columns", None))
        if "query" in [whole.names[i] for i in wanted]:
            raise ColumnError(
                f"{self.path}: it has a column 'query' itself; choose columns= without it"
            )
        read = list(dict.fromkeys([0, 1, 2, *wanted]))  # chrom, start and end tell the regions
        options["columns"] = [whole.names[i] for i in read]
        found = find(self, names, regions, field=field, **options)
        from gidx.frames.regions import numbered

        asked = spans(regions, self._ids, options.get("missing_chroms", "error"))
        number, rows = numbered(found, asked, list(self._ids))
        chosen = found.select([read.index(i) for i in wanted]).take(rows)
        return chosen.add_column(0, "query", pa.array(number))

    def as_texts(self) -> Self:
        """The same file, every column behind chrom, start, end as the text that it is.

        For values that are not of their declared type: ``1e3`` in a ``uint`` stays.

        >>> gidx.open("genes.bb").as_texts().head(1)["score"].to_pylist()
        ['900']
        """
        return self._as_texts()


class TabixDataset(Dataset):
    """An open text file: BED, VCF, GFF, GTF, SAM or another table, with or without an index."""

    _format: TabixText

    @property
    def index(self) -> TabixIndex | None:
        """The TBI or CSI index; None where there is none."""
        return self._format.index

    @property
    def samples(self) -> list[str]:
        """Names of a VCF's samples, those chosen; none in other formats."""
        return list(self._format.samples)

    def as_texts(self) -> Self:
        """The same file, columns of BED and tables behind chrom, start, end as texts.

        So ``1.50`` stays, and a value that is not of its declared type. Formats whose
        header types them stay typed.

        >>> gidx.open("eqtl.tsv.gz").as_texts().head(2)["pvalue"].to_pylist()
        ['0.01', 'NA']
        """
        return self._as_texts()


# What a file's format offers, and the class that has it for users; the first that fits.
_DATASETS: tuple[tuple[type, type[Dataset]], ...] = (
    (Signal, BigWigDataset),
    (NameIndexes, BigBedDataset),
    (Zooms, BbiDataset),
    (TextLines, TabixDataset),
)
_TITLES = {BigBedDataset: "bigBed", BigWigDataset: "bigWig", TabixDataset: "text"}


def _reopened(source: ByteSource, opening: Opening, is_texts: bool) -> Dataset:
    with warnings.catch_warnings():  # they were given when it was opened first
        warnings.simplefilter("ignore", GidxWarning)
        found = _opened(source, opening)
    return found._as_texts() if is_texts else found


def _fill_of(fill: Any) -> float:
    """The number that stands for no value."""
    if fill is None:
        return np.nan
    if not isinstance(fill, Real):
        raise TypeError(f"fill is {fill!r}, expected a number")
    return float(fill)


def _bins_of(bins: int, stat: str) -> int:
    """How many bins, where these and the statistic may be asked."""
    if isinstance(stat, int):  # as pyBigWig has it
        raise TypeError(f"stat is {stat}; a region is one value: ('chr1', start, end)")
    one_of("stat", stat, STATS)
    return whole("bins", bins, 1, _MOST_BINS)
