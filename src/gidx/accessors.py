"""`DataFrame.gidx`: thin, over gidx.frames."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast

import pandas as pd

from gidx import frames
from gidx.arrow import schema
from gidx.errors import ColumnError, FormatError, hint, one_of, warn
from gidx.frames.positions import chrom_codes, roles
from gidx.ground.conventions import ONE_BASED, ZERO_BASED, Roles, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    import pyarrow as pa
    from matplotlib.axes import Axes

    from gidx.dataset import BigWigDataset
    from gidx.formats.offers import Signal
    from gidx.options import (
        ArrowStream,
        ChromSizes,
        MissingChroms,
        Mode,
        OneFile,
        OneRegion,
        ParquetOptions,
        WriteBedOptions,
        WriteBigBedOptions,
        WriteBigWigOptions,
        WriteGffOptions,
        WriteGtfOptions,
        WriteTabixOptions,
        WriteVcfOptions,
        Written,
    )  # fmt: skip

    _Order = (
        Literal["natural", "lexical"]
        | list[str]
        | tuple[str, ...]
        | pd.Index[Any]
        | Mapping[str, Any]
        | pd.Series[Any]
        | pd.DataFrame
        | PathLike[str]
    )
    _Others = OneRegion | Iterable[OneRegion] | pd.DataFrame | ArrowStream

_COORDS = {"0-based": ZERO_BASED, "1-based": ONE_BASED}


@pd.api.extensions.register_dataframe_accessor("gidx")
class GidxAccessor:
    """Interval questions to a DataFrame, whatever its columns are called.

    They are ``chrom, start, end``, or what other tools call them (`gidx.ground.conventions` has
    the table), or what `set` says; the accessor's repr tells. Region strings are 1-based
    closed, tuples and frames 0-based half-open unless their columns say otherwise.

    A row overlaps a region if ``start < region end and end > region start``; a row of
    length zero where it touches. Rows in which chrom, start or end is missing never match.
    Results keep the order of rows, the index and the dtypes. The frame is indexed when it
    is first asked, and again when it has changed.

    >>> genes.gidx
    <gidx: chrom='chrom', start='start', end='end', 0-based half-open (gidx); 3 rows, 2 chroms>
    >>> genes.gidx["chr22:1-20,000", "chrX"]["name"].tolist()
    ['GENE1', 'GENE3']
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @property
    def _roles(self) -> Roles:
        return roles(self._frame)

    def __repr__(self) -> str:
        try:
            found = self._roles
            codes, _ = chrom_codes(self._frame[found.chrom].drop_duplicates())
        except ColumnError as error:
            return f"<gidx: {error}>"
        rows = "1 row" if len(self._frame) == 1 else f"{len(self._frame):,} rows"
        chroms = len({*codes.tolist()} - {-1})
        return f"<gidx: {found}; {rows}, {chroms} chrom{'s' * (chroms != 1)}>"

    def set(
        self,
        chrom: str | None = None,
        start: str | None = None,
        end: str | None = None,
        *,
        coords: Literal["0-based", "1-based"] | None = None,
    ) -> pd.DataFrame:
        """Say which columns are chrom, start and end, and what they count from.

        It is noted in the frame's ``attrs``, so it holds for all that is made from it, but
        for what pandas makes without ``attrs`` (`merge`, `concat` of frames that differ):
        there names alone tell. `canonical` gives columns that need no note.

        Parameters
        ----------
        chrom, start, end : str, optional
            Names of columns. Default: all three as they are recognised. Without
            ``end`` a row is one base.
        coords : "0-based" or "1-based"
            0-based half-open or 1-based closed. Default: what such names mean, if they tell.

        Returns
        -------
        DataFrame
            The frame itself.

        Raises
        ------
        ColumnError
            The frame has no such column, or it cannot be told what the names do not say.

        Warns
        -----
        GidxWarning
            The names alone mean something else, so that the note would be missed in silence.

        Examples
        --------
        >>> df = pd.DataFrame({"chr": ["chr1"], "from": [101], "to": [200]})
        >>> df.gidx.set("chr", "from", "to", coords="1-based").gidx.query(("chr1", 100, 101))
            chr  from   to
        0  chr1   101  200
        """
        if coords is not None:
            one_of("coords", coords, _COORDS)
        frame, coordinates = self._frame, None if coords is None else _COORDS[coords]
        named = [name for name in (chrom, start, end) if name is not None]
        for name in named:
            if not isinstance(name, (str, int)):  # what the metadata can hold
                raise ColumnError(f"a column is named {name!r}, expected a text or a number")
            if name not in frame.columns:
                known = ", ".join(map(repr, frame.columns[:12]))
                meant = hint(str(name), map(str, frame.columns))
                raise ColumnError(f"no column {name!r}{meant}; there are {known}")
        if not named:
            found = recognise(frame.columns, coordinates=coordinates)
        elif chrom is None or start is None:
            raise ColumnError(f"name the chrom and the start, not just {', '.join(named)}")
        elif coordinates is None:
            found = recognise(named, "what was named")
        else:
            found = Roles(chrom, start, end, coordinates)
        about = schema.read_metadata(frame.attrs)
        about["roles"] = {k: v for k, v in asdict(found).items() if k != "by"}
        frame.attrs[schema.KEY] = json.dumps({"version": 1, **about}, ensure_ascii=False)
        _warn_of_names(frame, found)
        return frame

    @property
    def chromsizes(self) -> dict[str, int]:
        """Sizes of chroms, as the file says them that the rows are of; none where it does not.

        As `samples` and `header` these are noted in ``attrs``, also of what `pandas.read_parquet`
        reads of a file that gidx wrote.

        >>> gidx.to_parquet("genes.bb", "genes.parquet")
        >>> pd.read_parquet("genes.parquet").gidx.chromsizes
        {'chr22': 50818468, 'chrX': 156040895}
        """
        return dict(schema.read_metadata(self._frame.attrs).get("chromsizes") or {})

    @property
    def samples(self) -> list[str]:
        """Names of a VCF's samples, in the order of the lists under ``FORMAT/…``.

        >>> gidx.read_vcf("calls.vcf.gz").gidx.samples
        []
        """
        return list(schema.read_metadata(self._frame.attrs).get("samples") or [])

    @property
    def header(self) -> str:
        """The text before the rows of the file that they are of, or its declaration.

        >>> gidx.read_vcf("calls.vcf.gz").gidx.header.splitlines()[0]
        '##fileformat=VCFv4.3'
        """
        return schema.header_of(schema.read_metadata(self._frame.attrs))

    def canonical(self) -> pd.DataFrame:
        """The same rows with real columns chrom, start, end, 0-based half-open, as the first.

        They need no note in ``attrs``, so they mean the same after every merge and concat.

        Returns
        -------
        DataFrame
            A new frame: the interval's columns renamed, starts made 0-based in their own
            dtype, an end added where no column says it (of a VCF's rows by REF, END, SVLEN or
            LEN), numbers of chroms made texts. Other columns, the order of rows and the index
            are kept; ``attrs`` say 0-based.

        Raises
        ------
        ColumnError
            Another column has one of the names.

        Examples
        --------
        >>> df = pd.DataFrame({"CHROM": ["1"], "POS": [7], "REF": ["ACG"], "ALT": ["A"]})
        >>> df.gidx.canonical()
          chrom  start  end  REF ALT
        0     1      6    9  ACG   A
        """
        found = frames.write.canonical(self._frame, self._roles)
        return frames.order.copied(found) if found is self._frame else found

    # ── regions ─────────────────────────────────────────────────────────────────────────────────

    def query(self, regions: _Others, *, missing_chroms: MissingChroms = "error") -> pd.DataFrame:
        """Rows that overlap a region, each once, in their order.

        Parameters
        ----------
        regions
            ``"chr1:1,000-2,000"`` (1-based closed), ``("chr1", 999, 2000)`` (0-based
            half-open), a list of these, or a frame; their union. Chroms named must be
            those of the frame or of its metadata; a frame's rows on other chroms, or
            with missing values, match nothing.
        missing_chroms : "error" or "ignore"
            What a region that names another chrom does; ``"ignore"``: it matches nothing.

        Raises
        ------
        UnknownChromError
            A chrom that the frame does not have, or has in another style (``1``, ``chr1``;
            this is not ignored).
        RegionError, ColumnError
            Regions, or columns of intervals, that cannot be understood.

        Examples
        --------
        >>> genes.gidx.query("chr22:40,000-300,000")[["chrom", "start", "end", "name"]]
           chrom   start     end   name
        0  chr22   12000   45000  GENE1
        1  chr22  260000  312500  GENE2
        """
        return frames.query.query(self._frame, regions, missing_chroms)

    def __getitem__(self, regions: _Others | tuple[OneRegion, ...]) -> pd.DataFrame:
        if isinstance(regions, tuple) and not _is_span(regions):
            regions = list(regions)  # df.gidx["chr1", "chr2"]
        return self.query(regions)

    def overlaps(
        self, regions: _Others, *, missing_chroms: MissingChroms = "error"
    ) -> pd.Series[bool]:
        """For each row whether it overlaps a region: a mask for ``df[…]``, or for ``df[~…]``.

        Parameters and errors as in `query`.

        >>> genes[~genes.gidx.overlaps("chr22:1-20,000")]["name"].tolist()
        ['GENE2', 'GENE3']
        """
        return frames.query.overlaps(self._frame, regions, missing_chroms)

    def count(self, regions: _Others, *, missing_chroms: MissingChroms = "error") -> pd.Series[int]:
        """For each row how many regions, or rows of another frame, it overlaps.

        A Series on this frame's index, so ``peaks["genes"] = peaks.gidx.count(genes)``; 0
        for a row in which chrom, start or end is missing. It is more than 0 where `overlaps`
        is True. Parameters and errors as in `query`.

        >>> genes.gidx.count(["chr22", "chr22:1-20,000", "chrX:1-100"]).tolist()
        [2, 1, 0]
        """
        return frames.query.count(self._frame, regions, missing_chroms)

    def coverage(
        self,
        regions: _Others,
        *,
        fraction: bool = False,
        missing_chroms: MissingChroms = "error",
    ) -> pd.Series[Any]:
        """For each row how many of its bases some region covers; with ``fraction`` which part.

        Bases under several regions count once. A Series on this frame's index: int64, or
        float64 with NaN for a row without bases. Parameters and errors as in `query`.

        >>> genes.gidx.coverage("chr22:1-20,000").tolist()
        [8000, 0, 0]
        """
        return frames.query.coverage(
            self._frame, regions, fraction=fraction, missing_chroms=missing_chroms
        )

    def depth(
        self, regions: _Others, *, missing_chroms: MissingChroms = "error"
    ) -> pd.Series[float]:
        """For each row how many regions cover a base of it, on average.

        A Series on this frame's index, NaN for a row without bases. Parameters and errors
        as in `query`.

        >>> genes.gidx.depth(["chr22", ("chr22", 12_000, 28_500)]).tolist()
        [1.5, 1.0, 0.0]
        """
        return frames.query.depth(self._frame, regions, missing_chroms)

    # ── two frames ──────────────────────────────────────────────────────────────────────────────

    def pileup(self) -> pd.DataFrame:
        """How many rows cover each base, as a signal: chrom, start, end, value.

        A row is a run of bases of one depth; bases that no row covers are left out. Chroms
        are in the order of this frame's, and their sizes go along, so that `to_bigwig` knows
        them.

        >>> reads = pd.DataFrame({"chrom": "chr1", "start": [0, 5, 30], "end": [10, 20, 40]})
        >>> reads.gidx.pileup()
          chrom  start  end  value
        0  chr1      0    5      1
        1  chr1      5   10      2
        2  chr1     10   20      1
        3  chr1     30   40      1
        """
        return frames.signal.pileup(self._frame, self._roles)

    def average(
        self,
        signal: OneFile | BigWigDataset,
        *,
        blocks: bool = True,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """What a bigWig's signal is over each row, as UCSC's bigWigAverageOverBed has it.

        A frame on this one's index: ``size`` of the row in bases, how many are ``covered``,
        i.e. have a value, their ``sum``, ``mean0`` with bases without a value as 0, ``mean``,
        ``min`` and ``max`` of those that have one, NaN where none has. Of rows with blocks
        (BED12: ``blockSizes``, ``chromStarts`` or ``blockStarts``, in any case) the blocks count,
        as there: exons, not introns; ``blocks=False`` takes such rows whole. Rows on a chrom
        that the bigWig does not have are not covered; one that it has in another style (``1``,
        ``chr1``) is an error.

        >>> genes.gidx.average("signal.bw")[["size", "covered", "sum", "mean"]]
            size  covered   sum  mean
        0  33000       50  27.0  0.54
        1  52500        0   0.0   NaN
        2   4000        0   0.0   NaN
        """
        from gidx.dataset import BigWigDataset, open
        from gidx.scan import format_of

        opened = signal if isinstance(signal, BigWigDataset) else open(signal)
        if not isinstance(opened, BigWigDataset):
            raise FormatError(f"{opened.path}: a {opened.format} file, expected bigWig")
        ids = {name: i for i, name in enumerate(opened.chroms)}
        file = cast("Signal", format_of(opened))
        return frames.signal.average(
            self._frame, self._roles, file, ids, blocks=blocks, threads=threads
        )

    def join(
        self,
        other: pd.DataFrame | ArrowStream,
        how: Literal["inner", "left"] = "inner",
        *,
        suffixes: tuple[str, str] = ("", "_other"),
        overlap: bool = False,
    ) -> pd.DataFrame:
        """Each pair of rows that overlap.

        Parameters
        ----------
        other : DataFrame
            Or a frame of polars or Arrow. Both frames' rows are alike: one of length zero
            overlaps what it touches.
        how : "inner" or "left"
            ``"left"`` keeps rows without a partner, the other's columns missing; integers
            stay integers (of pandas' nullable dtypes where they were numpy's).
        suffixes : tuple of str
            For names that both have.
        overlap : bool
            Add ``overlap_start``, ``overlap_end`` (counted as this frame's are) and
            ``overlap``, in bases.

        Returns
        -------
        DataFrame
            Rows in the order of this frame, under its index labels, each with the other's
            rows in their order; the other's chrom is left out, since it is the same. The
            other's starts are counted as this frame's are, whatever their column is called.

        Examples
        --------
        >>> snps = pd.DataFrame({"chrom": "chr22", "start": [44_999, 45_000], "end": 45_001})
        >>> genes.gidx.join(snps, overlap=True)[["name", "start_other", "overlap"]]
            name  start_other  overlap
        0  GENE1        44999        1
        """
        return frames.join.join(self._frame, other, how, suffixes=suffixes, overlap=overlap)

    def nearest(
        self,
        other: pd.DataFrame | ArrowStream,
        k: int = 1,
        *,
        direction: Literal["both", "left", "right", "upstream", "downstream"] = "both",
        ties: Literal["first", "all"] = "first",
        overlapping: bool = True,
        max_distance: int | None = None,
        how: Literal["inner", "left"] = "inner",
        suffixes: tuple[str, str] = ("", "_other"),
        strand: str = "strand",
    ) -> pd.DataFrame:
        """Each row with the k rows of another frame that are nearest to it.

        Parameters
        ----------
        other, how, suffixes
            As in `join`.
        k : int
            How many rows.
        direction : str
            ``"left"``: towards the chrom's start. ``"upstream"`` is left of a row on the
            strand ``+``, right of one on ``-``; a row of no strand has none.
        ties : "first" or "all"
            Of rows that are equally near the one that starts first (then the first in
            order), or all that are as near as the k-th.
        overlapping : bool
            Whether rows that overlap count (they are nearest) or are passed over.
        max_distance : int, optional
            The farthest, in bases.
        strand : str
            The column of strands, for ``direction="upstream"`` and ``"downstream"``.

        Returns
        -------
        DataFrame
            As that of `join`, each row's partners by rank, and ``distance``: the bases
            between the two, 0 where they overlap or abut.

        Examples
        --------
        >>> snps = pd.DataFrame({"chrom": "chr22", "start": [100, 50_000], "end": 50_001})
        >>> snps.gidx.nearest(genes, overlapping=False)[["start", "name", "distance"]]
           start   name  distance
        0    100  GENE2    209999
        1  50000  GENE1      5000
        """
        wanted = frames.join.Neighbours(k, direction, ties, overlapping, max_distance, strand)
        return frames.join.nearest(self._frame, other, wanted, how=how, suffixes=suffixes)

    # ── order and health ────────────────────────────────────────────────────────────────────────

    def sort(self, chroms: _Order | None = None) -> pd.DataFrame:
        """A new frame, by chrom and start; rows of one start keep their order.

        Index labels, dtypes and ``attrs`` stay. A categorical chrom gets its categories in the
        order of the chroms, so that pandas' own sorting agrees from then on. Rows without
        chrom, start or end go last, in their order.

        Parameters
        ----------
        chroms : "natural", "lexical", list of str, or chromsizes, optional
            The order of the chroms: chr2 before chr10; by the bytes of their names, as
            bedToBigBed and ``sort -k1,1`` want; or as they are listed. Default: the order
            that is known, of the chromsizes in the metadata, then of the categories, and
            chr2 before chr10 for the rest. Chromsizes go first since they are the genome's own
            order, and what ``write_*(sort=True)`` takes; categories may be no more than what
            ``astype("category")`` made, which is lexical.

        Raises
        ------
        UnknownChromError
            The frame has chroms that are not in the list.

        Examples
        --------
        >>> df = pd.DataFrame({"chrom": ["chr10", "chr2", "chr2"], "start": [5, 9, 1], "end": 20})
        >>> df.gidx.sort()
           chrom  start  end
        2   chr2      1   20
        1   chr2      9   20
        0  chr10      5   20
        >>> df.gidx.sort("lexical")["chrom"].tolist()
        ['chr10', 'chr2', 'chr2']
        """
        return frames.order.sort(self._frame, self._roles, chroms)

    @property
    def is_sorted(self) -> bool:
        """Whether every writer takes the rows in their order, without ``sort=True``.

        Each chrom's rows stand together, and their starts ascend; where chrom, start or end is
        missing, they do not. 2 M rows take 18 ms with a categorical chrom, 50 ms with texts,
        most of which is to tell these apart.

        Examples
        --------
        >>> df = pd.DataFrame({"chrom": ["chr2", "chr2", "chr1"], "start": [1, 9, 5], "end": 20})
        >>> df.gidx.is_sorted, df.iloc[[0, 2, 1]].gidx.is_sorted
        (True, False)
        """
        return frames.order.is_sorted(self._frame, self._roles)

    def validate(
        self,
        chromsizes: ChromSizes | None = None,
        *,
        format: str | None = None,
        most: int = 1000,
        **options: Any,
    ) -> pd.DataFrame:
        """Every row that a writer would refuse, with the reason; empty if it takes them all.

        Parameters
        ----------
        chromsizes
            What writers take: a dict, a path, a frame or pairs; rows must lie on these chroms.
            Default: what the writer does without: for bigBed, and for the rules that all
            have, the metadata's; the writers of texts take any chrom.
        format : "bigbed", "bed", "vcf", "gff", "gff3", "gtf" or "tabix", optional
            Whose rules. Default: the format that the frame was read from, else the rules that
            all have: chrom, start and end are there, on a known chrom, start is 0 or more and
            not after end, and rows are sorted.
        most : int
            How many lines to list, the first ones by row. More are counted, and warned of.
        **options
            Those of the writer that change what it takes: ``bed_type``, ``autosql``, ``schema``,
            ``header``, ``samples`` …

        Returns
        -------
        DataFrame
            A line for each row and reason, by row. ``row`` is the position in the frame, from
            0 (Int64; missing: no row can be written), ``label`` the index label, ``chrom``,
            ``start`` and ``end`` are the frame's own values, ``column`` is where the fault is, and
            ``reason`` the writer's words, in which columns have the names and numbers that it
            gives them (chrom, start, end, 0-based). ``attrs["faults"]`` is the number of all
            faults.

            A column has one fault a row: the first that was found. A row that is not sorted
            is lower than the row before it, or of a chrom that came before; rows with faults
            in chrom, start or end are passed over for this.

        Warns
        -----
        GidxWarning
            There are more faults than are listed.

        Examples
        --------
        >>> df = pd.DataFrame({"chrom": ["chr1", "1"], "start": [5, 7], "end": [4, 9]})
        >>> found = df.gidx.validate({"chr1": 1000})
        >>> found[["row", "column", "reason"]]
           row column                                   reason
        0    0  start                   start 5 is after end 4
        1    1  chrom  unknown chrom '1'; did you mean 'chr1'?
        >>> df.drop(df.index[found["row"]]).gidx.validate({"chr1": 1000}).empty
        True
        """
        return frames.validate.validate(
            self._frame, self._roles, chromsizes, format=format, most=most, **options
        )

    # ── nested columns ──────────────────────────────────────────────────────────────────────────

    def explode(
        self,
        sizes: str = "blockSizes",
        starts: str = "chromStarts",
        along: Sequence[str] = (),
    ) -> pd.DataFrame:
        """One row per block, in genome coordinates: of BED12, bigGenePred and their like.

        Parameters
        ----------
        sizes, starts : str
            The columns of the blocks' sizes in bases, and of their starts relative to the
            row's start: lists of any kind, or texts as UCSC writes them (``10,20,``).
        along : list of str
            Further columns with a value for each block, such as ``exonFrames``.

        Returns
        -------
        DataFrame
            Blocks in the order of rows and lists, so sorted only where rows do not overlap.
            Start and end are the block's, counted as the frame counts them and of the same
            dtype; the columns of lists have the block's own value; all others, and the index
            label, are repeated. A row without blocks (an empty or a missing list) has no row.
            The column that counted the blocks (``blockCount``) is left out, and what the
            metadata said of lists is no longer said.

        Raises
        ------
        ColumnError
            There is no such column; it has no lists; lists of a row differ in length; a size
            or start is missing or no integer.

        Examples
        --------
        >>> df = pd.DataFrame({"chrom": "chr1", "start": [100, 500], "end": [200, 530],
        ...                    "name": ["A", "B"], "blockSizes": [[10, 20], [30]],
        ...                    "chromStarts": [[0, 80], [0]]})
        >>> df.gidx.explode("blockSizes", "chromStarts")
          chrom  start  end name  blockSizes  chromStarts
        0  chr1    100  110    A          10            0
        0  chr1    180  200    A          20           80
        1  chr1    500  530    B          30            0
        """
        return frames.nested.explode(self._frame, self._roles, sizes, starts, along)

    def genotypes(self, field: str = "GT") -> pd.DataFrame:
        """Counts of alternate alleles: variants × samples, int8, -1 where a call is missing.

        Genotypes are texts, or alleles (``read_vcf(…, gt="alleles")``).

        Parameters
        ----------
        field : str
            ``"GT"``, or the whole name of a column of genotypes that is called otherwise.
            `samples_matrix` is for other fields.

        Returns
        -------
        DataFrame
            As many rows as the frame, under its index; a column for each sample, under its
            name (a number, where the metadata name none). An allele other than 0 counts
            one: ``0/0`` is 0, ``1|2`` is 2, ``1`` is 1, ``0/1/1/1`` is 3. With one missing
            allele (``./1``), or no call at all, -1. ``.to_numpy()`` is the array itself.

        Raises
        ------
        ColumnError
            There is no such column, it is another field than GT, or rows have values of more
            or fewer samples than there are names.
        ValueTypeError
            A text is no genotype; with its row and sample.

        Source: the VCF specifications 4.0 to 4.5, GT.

        Examples
        --------
        >>> df = pd.DataFrame({"FORMAT/GT": [["0|1", "1/1"], ["./.", "0/2"]]}, index=["rs1", "rs2"])
        >>> df.attrs["gidx"] = '{"version": 1, "samples": ["NA1", "NA2"]}'
        >>> df.gidx.genotypes("GT")
             NA1  NA2
        rs1    1    2
        rs2   -1    1
        """
        return frames.nested.genotypes(self._frame, field)

    def samples_matrix(self, field: str) -> pd.DataFrame:
        """The values of one FORMAT field: variants × samples.

        Parameters
        ----------
        field : str
            ``"DP"``, ``"FORMAT/DP"``, or the whole name of another column of lists over the
            samples.

        Returns
        -------
        DataFrame
            As many rows as the frame, under its index; a column for each sample, under its
            name (a number, where the metadata name none), of the field's own type. A value is
            missing where the sample has none, or the row has not the field. Fields of several
            values (``AD``, ``PL``) stay lists.

        Raises
        ------
        ColumnError
            There is no such column, it is no list over samples, or rows have values of more
            or fewer samples than there are names.

        Source: the VCF specifications 4.0 to 4.5, section "Genotype fields".

        Examples
        --------
        >>> df = pd.DataFrame({"FORMAT/DP": [[12, 9], [None, 7]]}, index=["rs1", "rs2"])
        >>> df.attrs["gidx"] = '{"version": 1, "samples": ["NA1", "NA2"]}'
        >>> df.gidx.samples_matrix("DP").mean().to_dict()
        {'NA1': 12.0, 'NA2': 8.0}
        """
        return frames.nested.samples_matrix(self._frame, field)

    # ── pictures ────────────────────────────────────────────────────────────────────────────────

    def plot(
        self,
        region: OneRegion,
        *,
        ax: Axes | None = None,
        label: str | Literal[False] | None = None,
        color: Any = None,
        mode: Mode | None = None,
    ) -> Axes:
        """Draw the rows that overlap one region (extra ``plot``: matplotlib).

        A column ``strand`` gives arrows; ``thickStart, thickEnd`` and ``blockSizes,
        chromStarts`` (or ``blockStarts``) the exons of bed12, as UCSC draws them. Rows with
        ``ref`` and ``alt`` are variants.

        Parameters
        ----------
        region : str, tuple or Region
            One region; ``"chr1"`` reaches to the chrom's size in the frame's metadata, or to
            its last row. Strings are 1-based closed, tuples 0-based half-open.
        ax : matplotlib Axes, optional
            Where to draw. Default: a new figure, as high as its rows.
        label : str or False, optional
            A column of labels; False for none. Default: the first of ``geneName``,
            ``gene_name``, ``name``, ``Name``, ``gene``, ``ID``, ``id`` … that a row has;
            variants without are ``A>G``.
        color : optional
            Any colour of matplotlib's, or a column of colours. Default: ``itemRgb``,
            ``reserved`` or ``color``, as 0xRRGGBB or ``r,g,b``. There 0 is what a file
            writes for "none", which UCSC draws as all else, black; here it is the style's
            first colour too.
        mode : {"pack", "squish", "density"}, optional
            Rows with labels while there is room; low rows; how many features overlap each
            bin. Default: the first in which all features have room. Features for which a
            mode that is asked has no room are left out, and the note in the picture says so;
            of more than 20,000 only the density is drawn.

        Returns
        -------
        Axes
            Its x axis is in bases, 0-based half-open as the table, labelled 1-based; its
            limits are the region.

        Raises
        ------
        RegionError
            For several regions, or none.
        ColumnError
            For columns that are not there, or hold no blocks.
        ImportError
            Without matplotlib.

        Examples
        --------
        >>> ax = genes.gidx.plot("chr22:1-400,000")
        >>> [text.get_text() for text in ax.texts]
        ['GENE1', 'GENE2', '2 features · pack']
        """
        from gidx.views.plot import plot_frame

        return plot_frame(
            self._frame, self._roles, region, ax=ax, label=label, color=color, mode=mode
        )

    # ── writers, each the mirror of its reader ──────────────────────────────────────────────────

    def to_bigbed(
        self,
        path: Written,
        chromsizes: ChromSizes | None = None,
        **options: Unpack[WriteBigBedOptions],
    ) -> Written:
        """Write rows as a bigBed file and return its path; options as in `gidx.write_bigbed`.

        Examples
        --------
        >>> df = gidx.read_bigbed("genes.bb")
        >>> gidx.read_bigbed(df.gidx.to_bigbed("copy.bb")).equals(df)
        True
        """
        return frames.write.written("bigbed", self._frame, self._roles, path, chromsizes, **options)

    def to_bigwig(
        self,
        path: Written,
        chromsizes: ChromSizes | None = None,
        **options: Unpack[WriteBigWigOptions],
    ) -> Written:
        """Write rows as a bigWig file and return its path; options as in `gidx.write_bigwig`.

        The column ``value`` is written, or the one that ``value=`` names.

        Examples
        --------
        >>> genes.gidx.pileup().gidx.to_bigwig("depth.bw", {"chr22": 50_818_468, "chrX": 156_040_895})
        'depth.bw'
        >>> gidx.open("depth.bw").values("chr22:12,000-12,001").tolist()
        [nan, 1.0]
        """  # noqa: E501
        return frames.write.written("bigwig", self._frame, self._roles, path, chromsizes, **options)

    def to_bed(self, path: Written, **options: Unpack[WriteBedOptions]) -> Written:
        """Write rows as BED and return the path; options as in `gidx.write_bed`.

        Examples
        --------
        >>> df = pd.DataFrame({"seqid": ["chr1"], "start": [101], "end": [200], "name": ["a"]})
        >>> gidx.read_bed(df.gidx.to_bed("a.bed.gz"))
          chrom  start  end name
        0  chr1    100  200    a
        """
        return frames.write.written("bed", self._frame, self._roles, path, **options)

    def to_vcf(self, path: Written, **options: Unpack[WriteVcfOptions]) -> Written:
        """Write rows as VCF and return the path; options as in `gidx.write_vcf`.

        A VCF that pandas has read as text, without its samples, can be written too: INFO as it
        stands becomes keys and values.

        Examples
        --------
        >>> df = pd.DataFrame({"CHROM": ["chr1"], "POS": [7], "ID": ["rs1"], "REF": ["A"],
        ...                    "ALT": ["C,G"], "INFO": ["DP=8;DB"]})
        >>> gidx.read_vcf(df.gidx.to_vcf("a.vcf")).loc[0, ["start", "ref", "INFO"]].tolist()
        [6, 'A', [('DP', '8'), ('DB', None)]]
        """
        return frames.write.written("vcf", self._frame, self._roles, path, **options)

    def to_gff(self, path: Written, **options: Unpack[WriteGffOptions]) -> Written:
        """Write rows as GFF3 (or GTF) and return the path; options as in `gidx.write_gff`.

        Examples
        --------
        >>> df = pd.DataFrame({"seqid": ["chr1"], "source": ".", "type": ["gene"], "start": [101],
        ...                    "end": [200], "score": ".", "strand": "+", "phase": ".", "ID": "g1"})
        >>> gidx.read_gff(df.gidx.to_gff("a.gff3"))[["chrom", "start", "end", "type", "ID"]]
          chrom  start  end  type  ID
        0  chr1    100  200  gene  g1
        """
        return frames.write.written("gff", self._frame, self._roles, path, **options)

    def to_gtf(self, path: Written, **options: Unpack[WriteGtfOptions]) -> Written:
        """Write rows as GTF and return the path; options as in `gidx.write_gtf`.

        Examples
        --------
        >>> df = pd.DataFrame({"chrom": ["chr1"], "start": [100], "end": [200], "type": ["gene"],
        ...                    "gene_id": ["G1"]})
        >>> gidx.read_gtf(df.gidx.to_gtf("a.gtf"))[["chrom", "start", "end", "type", "gene_id"]]
          chrom  start  end  type gene_id
        0  chr1    100  200  gene      G1
        """
        return frames.write.written("gtf", self._frame, self._roles, path, **options)

    def to_tabix(self, path: Written, **options: Unpack[WriteTabixOptions]) -> Written:
        """Write rows as a table with a tabix index; options as in `gidx.write_tabix`.

        Examples
        --------
        >>> df = gidx.read_tabix("eqtl.tsv.gz")
        >>> gidx.read_tabix(df.gidx.to_tabix("copy.tsv.gz"), "1:150-150")
          chrom  start  end gene  pvalue
        0     1    149  150   A2    <NA>
        """
        return frames.write.written("tabix", self._frame, self._roles, path, **options)

    def to_parquet(self, path: Written, **options: Unpack[ParquetOptions]) -> Written:
        """Write rows as Parquet and return the path; the file appears only when it is finished.

        ``pd.read_parquet`` gives the dtypes back (``ArrowDtype`` of texts as ``string``), the
        categories and the metadata in ``attrs``. Nested columns, whose dtypes pandas cannot
        find by name, are objects unless it is asked for ``dtype_backend="pyarrow"``. Lists of a
        fixed size are lists, but in what comes from a bigBed (gidx.formats.parquet says why).

        Parameters
        ----------
        path : str, PathLike or binary file
            The Parquet file.
        compression, row_group_size
            As in `pyarrow.parquet.write_table`.

        Raises
        ------
        WriteError
            A column has values of several types, or of one that Parquet cannot hold.

        Examples
        --------
        >>> df = gidx.read_bigbed("genes.bb")
        >>> pd.read_parquet(df.gidx.to_parquet("genes.parquet"))[["chrom", "start", "name"]]
           chrom   start   name
        0  chr22   12000  GENE1
        1  chr22  260000  GENE2
        2   chrX    5000  GENE3
        """
        return frames.write.to_parquet(self._frame, self._roles, path, **options)

    def to_interval_index(
        self,
        path: Written,
        value: str = "value",
        *,
        max: int | None = None,
        version: int = 2,
        value_size: int | None = None,
    ) -> Written:
        """Write rows as a bx interval index file and return the path.

        Parameters
        ----------
        value : str
            The column of values: integers, 0 or more.
        max : int, optional
            The largest coordinate of any set. Default: 2**29, as bx has it.
        version, value_size
            As in `IntervalIndex.write`.

        Examples
        --------
        >>> df = pd.DataFrame({"chrom": "chr1", "start": [100, 500], "end": 900, "offset": [7, 9]})
        >>> path = df.gidx.to_interval_index("a.index", value="offset")
        >>> gidx.IntervalIndex.read(path).find("chr1", 100, 200)
        [(100, 900, 7)]
        """
        from gidx.interval_index import to_interval_index

        return to_interval_index(
            self._frame, self._roles, path, value, max=max, version=version, value_size=value_size
        )

    def to_arrow(self) -> pa.Table:
        """The rows as a Table with canonical columns and gidx's metadata.

        ``chrom`` is a dictionary, ``start`` and ``end`` are int64, as in every table of gidx;
        the index is left out.

        Examples
        --------
        >>> df = pd.DataFrame({"Chromosome": ["chr1"], "Start": [100], "End": [200], "x": [1.5]})
        >>> df.gidx.to_arrow().schema.names
        ['chrom', 'start', 'end', 'x']
        """
        return frames.write.to_arrow(self._frame, self._roles)


def accessor(frame: pd.DataFrame) -> GidxAccessor:
    """``frame.gidx`` for editors and type checkers, to which pandas cannot tell of it.

    >>> gidx.accessor(genes).count("chr22").tolist()
    [1, 1, 0]
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"cannot take {type(frame).__name__}, expected a DataFrame of pandas")
    found: Any = frame.gidx
    return cast(GidxAccessor, found)


def _warn_of_names(frame: pd.DataFrame, found: Roles) -> None:
    """Warn where the names alone would be taken for other intervals than was said."""
    try:
        alone = recognise(frame.columns)
    except ColumnError:  # without the note there is no answer, and so no wrong one
        return
    if (alone.names, alone.coordinates) != (found.names, found.coordinates):
        names = ", ".join(map(repr, alone.names))
        warn(
            f"the names {names} alone mean {alone.coordinates} intervals, and pandas drops what "
            "was set where it merges or concatenates frames; df.gidx.canonical() gives columns "
            "chrom, start, end that are 0-based half-open"
        )


def _is_span(regions: tuple[Any, ...]) -> bool:
    """Whether a tuple is one region, ("chr1", 999, 2000), not several."""
    return len(regions) <= 3 and all(not isinstance(r, (str, tuple, slice)) for r in regions[1:])
