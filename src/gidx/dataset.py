"""open() and Dataset: regions, projection, filters, threads and batches, once for all formats.

A scan is a line downhill:

    resolve the regions ─▶ format.plan ─▶ groups of ranges ─▶ format.fetch, format.decode
    (on a thread pool, in order, a few groups ahead) ─▶ filter, slice ─▶ RecordBatchReader
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gidx.arrow import schema
from gidx.arrow.decode import Problem
from gidx.bbi.summary import STATS, Stat, TotalSummary
from gidx.binning.index import TabixIndex
from gidx.errors import (
    ColumnError,
    GidxWarning,
    GuessedTypeError,
    RegionError,
    ValueTypeError,
    ValueWarning,
    one_of,
    warn,
)
from gidx.formats import registry
from gidx.formats.base import Format, Opening, Placed, Reader
from gidx.formats.offers import ZOOM_SCHEMA, Lines, NameIndexes, Widens, Zooms
from gidx.ground.pieces import BYTES as DEFAULT_BYTES
from gidx.ground.pieces import Piece, cut
from gidx.ground.pool import in_order, thread_count
from gidx.ground.ranges import Ranges
from gidx.ground.region import MAX_END, Region, RegionSet, resolve
from gidx.ground.reopen import recipe
from gidx.ground.source import ByteSource, MemorySource, PathSource, open_source
from gidx.options import MissingChroms, Names, ScanOptions, check_known

if TYPE_CHECKING:
    from typing import Unpack

    import pandas as pd
    from matplotlib.axes import Axes

    from gidx.formats.bbi.read import Bbi
    from gidx.formats.bigbed.read import BigBed
    from gidx.formats.text.read import TabixText
    from gidx.options import (
        AnySource,
        Condition,
        DtypeBackend,
        Errors,
        Lists,
        OneRegion,
        OpenOptions,
        PlotOptions,
        Regions,
    )

_Found = TypeVar("_Found")
_Any = TypeVar("_Any", bound="Dataset")


def format_of(dataset: Dataset) -> Format:
    """The open file under a Dataset."""
    return dataset._format


def read_as(dataset: _Any, format: Format) -> _Any:
    """A Dataset of the same file, read otherwise."""
    return dataset._with(format)


def find(
    dataset: Dataset, wanted: str | Iterable[str], /, *, field: str | None = None, **options: Any
) -> pa.Table:
    """Rows by name, of any file whose format offers it; `BigBedDataset.find` says more."""
    indexes = cast(NameIndexes, dataset._format)
    keys = [wanted] if isinstance(wanted, str) else list(wanted)
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(f"cannot find {key!r}: expected a name, or several")
    column = indexes.index_of(field)
    ranges = indexes.lookup(column, keys)
    style: Names = options.get("names", "canonical")
    key = pc.field(dataset._schema(style).names[column])
    matches = key.isin(pa.array(keys, pa.string()))
    other = options.pop("filter", None)
    scan = dataset._prepare(
        None, **options, filter=matches if other is None else matches & other, ranges=ranges
    )
    return pa.Table.from_batches(scan.batches(), scan.schema)


def first_lines(dataset: _Any, size: int) -> _Any:
    """The first lines of a text file, as a file of their own."""
    text = MemorySource(cast(Lines, dataset._format).first_lines(size), dataset.path)
    opening = replace(dataset._opening, index=None)
    return type(dataset)(registry.open(text, opening), opening)


def open(path: AnySource, **options: Unpack[OpenOptions]) -> Dataset:
    """Open an indexed genomic file; what it is, its content tells.

    Parameters
    ----------
    path : str, PathLike, bytes or binary file
        A local path, a URL that fsspec knows (``https://``, ``s3://`` …), the bytes
        themselves, or an open binary file.
    index : str, PathLike, bytes, binary file or TabixIndex, optional
        The index of a BGZF text file. Default: the ``.tbi`` or ``.csi`` beside it.
    storage_options : mapping, optional
        For fsspec, as in pandas.
    **options
        Of text: ``types``, ``encoding``, ``encoding_errors``; of the format: ``schema``
        (BED, tables), ``samples``, ``gt`` (VCF), ``attributes`` (GFF, GTF), as `read_bed`,
        `read_vcf`, `read_gff` explain them.

    Returns
    -------
    Dataset
        A `BigBedDataset` for bigBed, a `TabixDataset` for BED, VCF, GFF, GTF, SAM text
        and any other table with an index.

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


def open_as(
    path: Any,
    *,
    kinds: tuple[str, ...] | None = None,
    index: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    otherwise: str | None = None,
) -> Dataset:
    """`open`, for those who expect certain kinds of text: ``bed``, ``vcf`` …

    ``otherwise`` is what text without rows is that does not say it.
    """
    source = open_source(path, storage_options)
    return _opened(source, Opening(index, storage_options, kinds, otherwise, dict(options or {})))


def _opened(source: ByteSource, opening: Opening) -> Dataset:
    """The Dataset that has what the file's format offers."""
    found = registry.open(source, opening)
    kinds = (made for offer, made in _DATASETS if isinstance(found, offer))
    return next(kinds, Dataset)(found, opening)


class Dataset:
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

    def __init__(self, format: Format, opening: Opening | None = None) -> None:
        self._format, self._opening = format, opening or Opening()
        self._is_shared = False
        self._schemas: dict[Names, pa.Schema] = {}
        self._readers: dict[tuple[tuple[int, ...], Names], Reader] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return recipe(_reopened, self._format.source, self._opening)

    def _with(self, format: Format) -> Self:
        """The same file, read otherwise."""
        return type(self)(format, self._opening)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self._format.chroms)}

    # ── what it is ──────────────────────────────────────────────────────────────────────────────

    @property
    def format(self) -> str:
        """The format's name: ``bigbed``."""
        return self._format.kind

    @property
    def path(self) -> str:
        """Where it was opened."""
        return self._format.source.name

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of all columns, canonical names."""
        return self._schema("canonical")

    @property
    def columns(self) -> list[str]:
        """Names of all columns, canonical ones, in the schema's order."""
        return list(self.schema.names)

    @property
    def chroms(self) -> dict[str, int | None]:
        """Chroms in file order and their sizes in bases."""
        return dict(self._format.chroms)

    @property
    def fields(self) -> pa.Table:
        """What the file declares: a row a column, with its description."""
        return self._format.fields()

    @property
    def header(self) -> str:
        """The file's own declaration as text; empty where it has none."""
        return self._format.header

    def info(self) -> dict[str, Any]:
        """Facts about the file, as `gidx info` prints them."""
        return self._format.info()

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
        if isinstance(self._format.source, PathSource) and not self._is_shared:
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
        names = ", ".join(self.schema.names)
        return f"<gidx.Dataset {self.format} {self.path!r}{counted}: {names}>"

    def whole(self, read: Callable[[Self], _Found]) -> _Found:
        """What ``read`` makes of this file, again where a guessed type was too narrow for it.

        For what can begin anew: the types then hold all that was read.
        """
        dataset = self
        while True:
            try:
                return read(dataset)
            except GuessedTypeError as error:
                dataset = dataset.wider(error)

    def wider(self, error: GuessedTypeError) -> Self:
        """The same file, a column that was guessed wide enough for the value that was met."""
        if not isinstance(self._format, Widens):
            raise error
        return self._with(self._format.widened(error.field, error.text))

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def scan(
        self,
        regions: Regions = None,
        *,
        columns: Sequence[str] | None = None,
        filter: Condition | None = None,
        batch_size: int | None = None,
        threads: int | None = None,
        errors: Errors = "warn",
        names: Names = "canonical",
        missing_chroms: MissingChroms = "error",
    ) -> pa.RecordBatchReader:
        """Rows as a stream of record batches, in file order, in bounded memory.

        Raises
        ------
        UnknownChromError, RegionError
            For regions that the file cannot have.
        ColumnError
            For columns that it does not have.
        FormatError
            While reading, where the file is broken.
        GuessedTypeError
            While reading, where a value is not of the type that the first rows have.
        """
        scan = self._prepare(
            regions, columns, filter, batch_size, threads, errors, names, missing_chroms
        )
        return pa.RecordBatchReader.from_batches(scan.schema, scan.batches())

    def to_table(self, regions: Regions = None, **options: Unpack[ScanOptions]) -> pa.Table:
        """Rows as a pyarrow Table. Options as in `scan`.

        Its types hold all rows, also where those of ``schema``, which come from a look at
        the first rows, do not.
        """
        return self.whole(lambda dataset: dataset._table(regions, **options))

    def _table(self, regions: Any = None, **options: Any) -> pa.Table:
        scan = self._prepare(regions, **options)
        batches = list(scan.batches())
        apart = isinstance(regions, Piece) and regions.chrom is None  # each batch its own chroms
        if not batches:  # chroms are known all the same
            return schema.without_rows(scan.schema, [] if apart else list(self._format.chroms))
        table = pa.Table.from_batches(batches, scan.schema)
        return table.unify_dictionaries() if apart else table

    def to_batches(
        self, regions: Regions = None, **options: Unpack[ScanOptions]
    ) -> Iterator[pa.RecordBatch]:
        """Rows as an iterator of record batches. Options as in `scan`."""
        return self._prepare(regions, **options).batches()

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
        from gidx.frames.backend import to_frame

        one_of("lists", lists, ("arrow", "text"))
        return to_frame(self.to_table(regions, **options), dtype_backend, lists)

    def to_polars(self, regions: Regions = None, **options: Unpack[ScanOptions]) -> Any:
        """Rows as a polars DataFrame (extra ``polars``). Options as in `scan`."""
        import polars as pl

        return pl.DataFrame(self.to_table(regions, **options))

    def head(self, n: int = 5, regions: Regions = None, **options: Unpack[ScanOptions]) -> pa.Table:
        """The first ``n`` rows; reads no more blocks than they need."""
        return self.whole(lambda dataset: dataset._head(n, regions, **options))

    def _head(self, n: int, regions: Any = None, **options: Any) -> pa.Table:
        dataset = self
        if regions is None and isinstance(self._format, Lines):
            dataset = self._with(self._format.apart())
        scan = dataset._prepare(regions, **{**options, "threads": 1}, group_size=1)
        batches, rows = [], 0
        for batch in scan.batches() if n > 0 else ():
            batches.append(batch.slice(0, n - rows))
            rows += batches[-1].num_rows
            if rows >= n:
                break
        scan.report()
        return pa.Table.from_batches(batches, scan.schema).unify_dictionaries()

    def count_rows(
        self,
        regions: Regions = None,
        *,
        threads: int | None = None,
        missing_chroms: MissingChroms = "error",
    ) -> int:
        """How many rows overlap the regions; nothing but positions is decoded."""
        known = self._format.row_count()
        if regions is None and known is not None:
            return known
        form, asked, ranges = self._aimed(regions, missing_chroms)
        groups = form.groups(ranges)
        tasks = ((lambda g=g: form.count(form.fetch(g, asked), asked)) for g in groups)
        return sum(in_order(tasks, _threads(threads, groups)))

    def partitions(
        self,
        n: int | None = None,
        *,
        bytes: int | None = None,
        regions: Regions = None,
        missing_chroms: MissingChroms = "error",
    ) -> list[Piece]:
        """The rows of a scan as pieces of about equal work, for any engine to read in parallel.

        A piece owns the rows that start in it, so that each row is in exactly one, and the
        rows of all pieces, one after the other, are those of ``scan(regions)``. It lies within
        one chrom, is small, and can be pickled. `scan`, `to_table`, `count_rows` and all else
        that takes regions reads it. Only the index is read to make pieces; a text file without
        one is cut by bytes, but plain gzip and GFF, which are one piece.

        Parameters
        ----------
        n
            About how many; each chrom with rows is one piece at least.
        bytes
            Instead of ``n``, bytes of the file in each, about: 64 MiB by default.
        regions, missing_chroms
            As in `scan`: rows that overlap one of them.

        Examples
        --------
        >>> ds = gidx.open("genes.bb")
        >>> pieces = ds.partitions(2)
        >>> [(piece.chrom, ds.count_rows(piece)) for piece in pieces]
        [('chr22', 2), ('chrX', 1)]
        """
        if n is not None and bytes is not None:
            raise TypeError("partitions takes n or bytes, not both")
        for name, value in (("n", n), ("bytes", bytes)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}, expected 1 or more")
        if isinstance(regions, Piece):
            raise RegionError(f"{regions} is a piece already; partitions takes regions")
        asked = self._resolve(regions, missing_chroms)
        if asked is not None:
            self._format.settle(asked)  # which says where regions cannot be found
        size = self._format.source.size
        parts = n if n is not None else -(-size // (bytes or DEFAULT_BYTES))
        return cut(self._format.work(parts), n, bytes, self._by_name(asked))

    def _by_name(self, asked: RegionSet | None) -> dict[str, npt.NDArray[np.int64]] | None:
        if asked is None:
            return None
        spans = np.column_stack([asked.start, asked.end])
        names = list(self._format.chroms)
        there = np.unique(asked.chrom).tolist()
        return {names[i]: spans[asked.first[i] : asked.first[i + 1]] for i in there}

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

        return plot_dataset(self, region, **options)

    def _repr_html_(self) -> str:
        from gidx.views.notebook import html

        return html(self)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.scan().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return self.schema.__arrow_c_schema__()

    def _resolve(self, regions: Any, missing_chroms: MissingChroms = "error") -> RegionSet | None:
        if regions is None:
            return None
        return resolve(regions, self._format.chroms, self._ids, missing_chroms)

    def _aimed(
        self, regions: Any, missing_chroms: MissingChroms
    ) -> tuple[Format, RegionSet | None, Ranges]:
        """What reads the regions, or the piece, and the file's ranges that may have them."""
        if isinstance(regions, Piece) and regions.chrom is None:
            form, ranges = self._format.between(regions.lo, regions.hi)
            return form, None, ranges
        if isinstance(regions, Piece):
            asked: RegionSet | None = regions.regions(self._ids)
        else:
            asked = self._resolve(regions, missing_chroms)
        self._format.settle(asked)
        return self._format, asked, self._format.plan(asked)

    def _prepare(
        self,
        regions: Any,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,
        batch_size: int | None = None,
        threads: int | None = None,
        errors: Errors = "warn",
        names: Names = "canonical",
        missing_chroms: MissingChroms = "error",
        group_size: int | None = None,
        ranges: Ranges | None = None,
        **unknown: Any,
    ) -> _Scan:
        check_known(unknown, ScanOptions.__annotations__)
        one_of("errors", errors, ("warn", "raise", "null"))
        one_of("names", names, ("canonical", "native"))
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, expected 1 or more")
        whole = self._schema(names)
        wanted = schema.project(whole, columns)
        decoded = wanted
        if filter is not None:
            decoded = list(dict.fromkeys([*wanted, *_columns_of(filter, whole)]))
        one_of("missing_chroms", missing_chroms, ("error", "ignore"))
        form, asked = self._format, None
        if ranges is None:
            form, asked, ranges = self._aimed(regions, missing_chroms)
        groups = form.groups(ranges, group_size)
        every = regions is None and filter is None
        expected = form.row_count() if every and group_size is None else None
        own = form is self._format
        reader = (self._reader if own else form.reader)(tuple(decoded), names)
        return _Scan(
            form, groups, asked, reader,
            [decoded.index(i) for i in wanted], filter, batch_size, _threads(threads, groups),
            errors, expected,
        )  # fmt: skip

    def _schema(self, names: Names) -> pa.Schema:
        """All columns; kept, as readers are: of a wide file it takes as long as a small query."""
        found = self._schemas.get(names)
        if found is None:
            found = self._schemas[names] = self._format.schema(names)
        return found

    def _reader(self, columns: tuple[int, ...], names: Names) -> Reader:
        """These columns' reader; kept, since it takes 20 us or more to make."""
        found = self._readers.get((columns, names))
        if found is None:
            found = self._readers[columns, names] = self._format.reader(columns, names)
        return found


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
        none does or ``exact`` is asked (gidx.bbi.summary says more).
        """
        one_of("stat", stat, STATS)
        if bins < 1:
            raise ValueError(f"bins is {bins}, expected 1 or more")
        asked = resolve(region, self._format.chroms)
        if len(asked) != 1:
            raise RegionError(f"summary takes one region, found {len(asked)}")
        chrom = list(self._format.chroms)[int(asked.chrom[0])]
        size = self._format.chroms[chrom]
        start, end = int(asked.start[0]), int(asked.end[0])
        end = (size or 0) if end == MAX_END else end
        if start >= end:
            raise RegionError(f"{Region(chrom, start, end)}: no bases to sum up")
        return self._format.summarize(chrom, start, end, bins, stat, exact)

    @property
    def total_summary(self) -> TotalSummary:
        """valid_count, min, max, sum, sum_squares, mean, std of the values."""
        return self._format.total_summary()


class BigBedDataset(BbiDataset):
    """An open bigBed file: a Dataset with extra indexes, zoom levels and summaries."""

    _format: BigBed

    @property
    def autosql(self) -> str:
        """The AutoSQL declaration, as stored in the file, or of the standard columns."""
        return self._format.declared_as[0]

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
        *,
        field: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> pa.Table:
        """Rows whose ``field`` is one of ``names``, by the file's extra index.

        As UCSC's bigBedNamedItems; exact, case-sensitive. Rows come in file order,
        each once. ``field`` may be left out where there is one index. Options as in
        `scan`. Raises ColumnError where the file has no such index.

        >>> gidx.open("genes.bb").find("GENE2", columns=["chrom", "start", "name"]).to_pylist()
        [{'chrom': 'chr22', 'start': 260000, 'name': 'GENE2'}]
        """
        return find(self, names, field=field, **options)


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


# What a file's format offers, and the class that has it for users; the first that fits.
_DATASETS: tuple[tuple[type, type[Dataset]], ...] = (
    (NameIndexes, BigBedDataset),
    (Zooms, BbiDataset),
    (Lines, TabixDataset),
)


class _Scan:
    """One pass over groups of ranges: its own cursor, its own count of problems."""

    def __init__(
        self,
        format: Format,
        groups: Iterable[Any],
        regions: RegionSet | None,
        reader: Reader,
        wanted: list[int],
        filter: pc.Expression | None,
        batch_size: int | None,
        threads: int,
        errors: Errors,
        expected: int | None,
    ) -> None:
        self._format, self._groups, self._regions = format, groups, regions
        self._reader, self._wanted, self._filter = reader, wanted, filter
        self._batch_size, self._threads = batch_size, threads
        self._errors, self._expected = errors, expected
        self.schema = reader.schema
        if filter is not None:  # which may need more columns, and each once
            self.schema = pa.schema([self.schema[i] for i in wanted], self.schema.metadata)
        self._problems: dict[str, tuple[int, Placed]] = {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        tasks = ((lambda g=g: self._group(g)) for g in self._groups)
        rows = 0
        with closing(in_order(tasks, self._threads)) as done:
            for batch, problems in done:
                for placed in problems:
                    self._note(placed)
                rows += batch.num_rows
                yield from self._finished(batch)
        self.report()
        if self._expected is not None and rows != self._expected:
            warn(
                f"{self._format.source.name}: {rows:,} rows found, but the file says that it has "
                f"{self._expected:,}"
            )

    def _group(self, group: Any) -> tuple[pa.RecordBatch, Sequence[Placed]]:
        blocks = self._format.fetch(group, self._regions)
        rows = self._reader.decode(blocks, self._regions)
        return rows.batch, rows.problems

    def _finished(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Filtered, only the columns wanted, at most batch_size rows, none empty."""
        parts = [batch]
        if self._filter is not None:
            table = pa.Table.from_batches([batch]).filter(self._filter)
            parts = table.select(self._wanted).combine_chunks().to_batches()
        step = self._batch_size
        if step is not None:
            parts = [p.slice(at, step) for p in parts for at in range(0, p.num_rows, step)]
        return [part for part in parts if part.num_rows]

    def _note(self, placed: Placed) -> None:
        if placed.problem.guessed is not None:
            raise self._too_narrow(placed, placed.problem.guessed)
        if self._errors == "null":
            return
        if self._errors == "raise":
            problem = placed.problem
            raise ValueTypeError(
                f"{self._format.source.name}, column {problem.column}, {Region(*placed.place)}: "
                f"{_shown(problem.text)} is not {problem.declared}{_way_out(problem)}"
            )
        count, first = self._problems.get(placed.problem.column, (0, placed))
        self._problems[placed.problem.column] = count + placed.problem.count, first

    def _too_narrow(self, placed: Placed, field: int) -> GuessedTypeError:
        problem = placed.problem
        declared = {"bigint": "integer", "double": "number"}.get(problem.declared, problem.declared)
        return GuessedTypeError(
            f"{self._format.source.name}, column {problem.column}, {Region(*placed.place)}: "
            f"{_shown(problem.text)} is not {declared}, which the first rows are; a stream "
            f"cannot begin again with a wider type: open the file with schema= or "
            f"types={{{problem.column!r}: 'string'}}, or read a table (to_table, to_pandas)",
            field=field,
            text=problem.text,
        )

    def report(self) -> None:
        """One warning for all values that were read as missing."""
        if not self._problems:
            return
        found = "; ".join(_say(count, first) for count, first in self._problems.values())
        self._problems = {}
        warn(f"{self._format.source.name}, {found}", ValueWarning)


def _say(count: int, placed: Placed) -> str:
    problem = placed.problem
    many = "1 value is" if count == 1 else f"{count:,} values are"
    return (
        f"column {problem.column}: {many} not {problem.declared}, read as {problem.read_as}; "
        f"first at {Region(*placed.place)}: {_shown(problem.text)}{_way_out(problem)}"
    )


def _way_out(problem: Problem) -> str:
    return f" ({problem.way_out})" if problem.way_out else ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _reopened(source: ByteSource, opening: Opening) -> Dataset:
    with warnings.catch_warnings():  # they were given when it was opened first
        warnings.simplefilter("ignore", GidxWarning)
        return _opened(source, opening)


def _threads(asked: int | None, groups: Iterable[Any]) -> int:
    return thread_count(asked, len(groups) if isinstance(groups, list) else None)


def _columns_of(expression: pc.Expression, whole: pa.Schema) -> list[int]:
    """Which columns an expression needs: those without which it cannot be bound.

    pyarrow does not tell an expression's fields, so it is asked column by column.
    """
    if not isinstance(expression, pc.Expression):
        raise TypeError(
            f"filter is {type(expression).__name__}, expected a pyarrow expression: "
            "pc.field('score') > 500"
        )
    if "FieldPath(" in str(expression):
        raise ValueError(f"filter {expression}: names a column by its position; use its name")
    empty = whole.empty_table()
    try:
        empty.filter(expression)
    except pa.ArrowException as error:  # no such column, or not of the type
        absent = re.search(r"No match for FieldRef\.Name\((.*?)\) in ", str(error))
        if absent is not None:  # pyarrow goes on with the whole schema, a line a column
            said = schema.no_column(absent[1], whole.names)
            raise ColumnError(f"filter {expression}: {said}") from None
        names = ", ".join(whole.names)
        raise ValueError(f"filter {expression}: {error}; there are {names}") from None
    needed = []
    for i in range(len(whole)):
        try:
            empty.remove_column(i).filter(expression)
        except pa.ArrowInvalid:
            needed.append(i)
    return needed
