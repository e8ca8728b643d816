"""What users pass, as types: for editors, which complete it, and for type checkers.

    def mine(path: str, **options: Unpack[ScanOptions]) -> pa.Table:
        return gidx.open(path).to_table(**options)

The options themselves are explained where they are taken: in `Dataset`, `read_bed`,
`write_bed`. Nothing is imported here when a program runs: aliases are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict, TypeVar

from gidx.errors import hint

if TYPE_CHECKING:
    import os
    from typing import BinaryIO, SupportsIndex

    import pandas as pd
    from matplotlib.axes import Axes

    from gidx.binning.index import TabixIndex
    from gidx.ground.pieces import Piece
    from gidx.ground.region import Region

__all__ = [
    "AnySource",
    "ChromSizes",
    "DtypeBackend",
    "Errors",
    "FrameOptions",
    "Genotypes",
    "LazyOptions",
    "LazyScan",
    "Lists",
    "MissingChroms",
    "Mode",
    "Names",
    "OneRegion",
    "OpenOptions",
    "PlotOptions",
    "QueryOptions",
    "ReadOptions",
    "Regions",
    "ScanOptions",
    "Tabular",
    "TextOptions",
    "WriteOptions",
]

# ── words ───────────────────────────────────────────────────────────────────────────────────────

DtypeBackend = Literal["pyarrow", "numpy_nullable"]
Errors = Literal["warn", "raise", "null"]
Genotypes = Literal["text", "alleles"]
Lists = Literal["arrow", "text"]
MissingChroms = Literal["error", "ignore"]
Mode = Literal["pack", "squish", "density"]
Names = Literal["canonical", "native"]

# ── kinds of objects ────────────────────────────────────────────────────────────────────────────


class ArrowStream(Protocol):
    """A table or a stream of any library that speaks Arrow: polars, duckdb, pyarrow."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


class ArrowArray(Protocol):
    """A record batch of any such library."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...


class Lazy(Protocol):
    """A query of polars, which is run as it is written."""

    def collect_schema(self) -> Any: ...


class Partitioned(Protocol):
    """A frame of Dask, whose partitions are written in their order."""

    def to_delayed(self) -> Any: ...


class Condition(Protocol):
    """A pyarrow expression: ``pc.field("score") > 500``."""

    def is_valid(self) -> Any: ...
    def isin(self, values: Any) -> Any: ...


class BinaryFile(Protocol):
    """An open binary file, or a pipe, to read from."""

    def read(self, size: int = ..., /) -> bytes: ...


Path: TypeAlias = "str | os.PathLike[str]"
Written = TypeVar("Written", bound="Path | BinaryIO")  # a path, or a file open for it

# A local path or a URL, the bytes themselves, or an open binary file.
OneFile: TypeAlias = "Path | bytes | BinaryFile"
AnySource: TypeAlias = "OneFile | Sequence[OneFile]"

# One region: "chr1:1,000-2,000" (1-based closed), ("chr1", 999, 2000) (0-based half-open).
_Chrom: TypeAlias = "str | SupportsIndex"
_Place: TypeAlias = "SupportsIndex | None"
OneRegion: TypeAlias = (
    "str | Region | tuple[_Chrom] | tuple[_Chrom, _Place] | tuple[_Chrom, _Place, _Place]"
)

# What a query takes: one, several, a frame with chrom, start, end, a piece; None is all.
Regions: TypeAlias = "OneRegion | Iterable[OneRegion] | pd.DataFrame | ArrowStream | Piece | None"

# What a writer takes: a table of any kind, or a stream of them.
_Table: TypeAlias = "pd.DataFrame | ArrowStream | ArrowArray | Mapping[str, Any]"
Tabular: TypeAlias = "_Table | Iterable[_Table] | Lazy | Partitioned"

# Sizes of chroms: a dict, a file of names and sizes, a frame with chrom and size, or pairs.
_Size: TypeAlias = "SupportsIndex | str"
_Sizes: TypeAlias = "Mapping[str, int] | Mapping[str, int | None] | pd.Series[Any]"
_Pairs: TypeAlias = "Iterable[tuple[_Chrom, _Size]]"
ChromSizes: TypeAlias = "Path | _Sizes | pd.DataFrame | ArrowStream | _Pairs"

# ── options ─────────────────────────────────────────────────────────────────────────────────────


class QueryOptions(TypedDict, total=False):
    """Options of a scan, but for its columns. `Dataset` explains them."""

    filter: Condition | None
    batch_size: int | None
    threads: int | None
    errors: Errors
    names: Names
    missing_chroms: MissingChroms


class ScanOptions(QueryOptions, total=False):
    """Options of `Dataset.scan`, and of all that scans."""

    columns: Sequence[str] | None


class FrameOptions(ScanOptions, total=False):
    """Options of `Dataset.to_pandas`."""

    dtype_backend: DtypeBackend | None
    lists: Lists


class SourceOptions(TypedDict, total=False):
    """Options of opening any file."""

    types: Mapping[str, Any] | None
    storage_options: Mapping[str, Any] | None
    cache: Path | None


class TextOptions(SourceOptions, total=False):
    """Options of opening text. `read_bed` explains them."""

    index: AnySource | TabixIndex | None
    encoding: str | None
    encoding_errors: str | None


class OpenOptions(TextOptions, total=False):
    """Options of `open`: those of all formats."""

    schema: Any
    samples: Sequence[str] | None
    gt: Genotypes | None
    attributes: Sequence[str] | None


class GffOptions(TextOptions, FrameOptions, total=False):
    """Options of `read_gff` and `read_gtf`."""

    attributes: Sequence[str] | None


class ReadOptions(FrameOptions, OpenOptions, total=False):
    """Options of `read`."""


class LazyScan(TypedDict, total=False):
    """Options of the scans that an engine's query becomes; it says itself which rows it wants."""

    batch_size: int | None
    threads: int | None
    errors: Errors
    missing_chroms: MissingChroms


class LazyOptions(OpenOptions, LazyScan, total=False):
    """Options of `scan_polars`."""


class PlotOptions(TypedDict, total=False):
    """How a picture is drawn. `DataFrame.gidx.plot` explains them."""

    ax: Axes | None
    label: str | Literal[False] | None
    color: Any
    mode: Mode | None


class WriteOptions(TypedDict, total=False):
    """Options of writing any text format. `write_bed` explains them."""

    index: Literal["auto", "tbi", "csi"] | Path | None
    gzi: bool | Path
    sort: bool
    level: int
    threads: int | None
    chromsizes: ChromSizes | None
    encoding: str | None
    progress: Callable[[int], None] | None


class WriteBedOptions(WriteOptions, total=False):
    """Options of `write_bed`."""

    schema: Any
    header: bool | str | None


class WriteTabixOptions(WriteOptions, total=False):
    """Options of `write_tabix`."""

    header: bool | str
    zero_based: bool | None
    missing: str


class WriteVcfOptions(WriteOptions, total=False):
    """Options of `write_vcf`."""

    header: Path | None
    samples: Sequence[str] | None


class WriteGtfOptions(WriteOptions, total=False):
    """Options of `write_gtf`."""

    header: Path | None


class WriteGffOptions(WriteGtfOptions, total=False):
    """Options of `write_gff`."""

    format: Literal["gff3", "gtf"] | None


class WriteBbiOptions(TypedDict, total=False):
    """Options of `write_bigbed` and `write_bigwig`."""

    sort: bool
    clip: bool
    compression: Literal["zlib"] | None
    level: int
    items_per_slot: int
    fan_out: int
    threads: int | None
    progress: Callable[[int], None] | None


class WriteBigBedRest(WriteBbiOptions, total=False):
    """Options of `write_bigbed`, but for what the rows are declared to be."""

    extra_index: str | Sequence[str] | None
    allow_1bp_overlap: bool


class WriteBigBedOptions(WriteBigBedRest, total=False):
    """Options of `write_bigbed`, which explains them."""

    bed_type: str | None
    autosql: Any


class WriteBigWigOptions(WriteBbiOptions, total=False):
    """Options of `write_bigwig`, which explains them."""

    value: str | None
    invalid: Literal["raise", "drop"]


class ParquetOptions(TypedDict, total=False):
    """Options of writing Parquet. `to_parquet` explains them."""

    compression: str
    row_group_size: int
    bloom_filter: Sequence[str]


def check_known(options: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for the name of an option that is none of the known.

    >>> check_known(["colums"], ScanOptions.__annotations__)
    Traceback (most recent call last):
    TypeError: no option 'colums'; did you mean 'columns'?; there are filter, batch_size, threads, errors, names, missing_chroms, columns
    """  # noqa: E501
    known = list(known)
    for name in options:
        if name not in known:
            raise TypeError(f"no option {name!r}{meant(name, known)}; there are {', '.join(known)}")


# What pandas, polars, pysam, bioframe and others call it.
_ELSEWHERE = {
    **dict.fromkeys(("region", "chrom", "chromosome", "contig", "reference"), "regions"),
    **dict.fromkeys(("usecols", "fields"), "columns"),
    **dict.fromkeys(("dtype", "dtypes", "schema_overrides"), "types"),
    **dict.fromkeys(("nrows", "n_rows"), "gidx.open(…).head(n)"),
    **dict.fromkeys(("chunksize", "chunk_size"), "gidx.open(…).to_batches(batch_size=…)"),
    **dict.fromkeys(("index_filename", "index_file", "tbi", "csi"), "index"),
    **dict.fromkeys(("zero_based", "one_based", "use_zero_based"), "names='native'"),
    **dict.fromkeys(("chrom_sizes", "chromosome_sizes", "genome"), "chromsizes"),
    **dict.fromkeys(("n_threads", "num_threads", "nthreads", "n_jobs"), "threads"),
}


def meant(name: str, known: Iterable[str]) -> str:
    """What somebody meant who named an option that there is not, to end a message with.

    >>> meant("usecols", ["errors"]), meant("error", ["errors"]), meant("x", ["errors"])
    ("; did you mean 'columns'?", "; did you mean 'errors'?", '')
    """
    word = _ELSEWHERE.get(name)
    if word is None:
        return hint(name, known)
    return f"; did you mean {word!r}?" if word.isidentifier() else f"; did you mean {word}?"
