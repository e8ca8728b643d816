"""gidx: indexed genomic interval files as typed pandas and Arrow tables, both ways.

A format is three verbs: ``plan`` a region into file ranges, ``fetch`` the ranges as
inflated blocks, ``decode`` blocks into Arrow rows. `Dataset` does everything else,
once. Writing is the mirror image::

    region ─plan─▶ ranges ─fetch─▶ inflated blocks ─decode─▶ RecordBatch ─▶ RecordBatchReader
            index          source + inflate          schema + kernels      scan.py

Tables are 0-based half-open with ``chrom, start, end`` first, whatever the file.
Region strings are 1-based closed, tuples and frames 0-based half-open.

>>> import gidx
>>> df = gidx.read_bigbed("genes.bb", "chr22:1-20,000,000")
>>> df[["chrom", "start", "end", "name"]]
   chrom   start     end   name
0  chr22   12000   45000  GENE1
1  chr22  260000  312500  GENE2
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gidx._when_pandas import register_accessor
from gidx.ground import slots

if TYPE_CHECKING:
    from gidx import autosql, bgzf, binning, errors, options, plot
    from gidx import spark as spark
    from gidx.accessors import GidxAccessor, accessor
    from gidx.api import (
        merge_bigwigs,
        open,
        open_bed,
        open_bigbed,
        open_bigwig,
        open_gff,
        open_tabix,
        open_vcf,
        read,
        read_bed,
        read_bigbed,
        read_bigwig,
        read_gff,
        read_gtf,
        read_tabix,
        read_vcf,
        scan_polars,
    )
    from gidx.binning.index import TabixIndex
    from gidx.convert.parquet import to_parquet
    from gidx.dataset import BigBedDataset, BigWigDataset, Dataset, TabixDataset
    from gidx.errors import (
        AutoSqlError,
        ColumnError,
        FormatError,
        GidxError,
        GidxWarning,
        MissingIndexError,
        RegionError,
        UnknownChromError,
        ValueTypeError,
        ValueWarning,
        WriteError,
    )
    from gidx.formats.bed.write import write_bed
    from gidx.formats.bigbed.write import write_bigbed
    from gidx.formats.bigwig.write import write_bigwig
    from gidx.formats.gff.write import write_gff, write_gtf
    from gidx.formats.table.write import write_tabix
    from gidx.formats.vcf.write import write_vcf
    from gidx.ground.limits import limits
    from gidx.ground.region import Region
    from gidx.indexing import build_index
    from gidx.interval_index import IntervalIndex
    from gidx.views.alignments import to_alignments

# Where each public name is; it is imported when it is asked for. Why: with all that writers
# and indexes need, `import gidx` took 0.18 s beyond pandas and pyarrow.
_HOMES: dict[str, tuple[str, ...]] = {
    "gidx.accessors": ("GidxAccessor", "accessor"),
    "gidx.views.alignments": ("to_alignments",),
    "gidx.api": (
        "merge_bigwigs", "open", "open_bed", "open_bigbed", "open_bigwig", "open_gff",
        "open_tabix", "open_vcf", "read", "read_bed", "read_bigbed", "read_bigwig", "read_gff",
        "read_gtf", "read_tabix", "read_vcf", "scan_polars",
    ),
    "gidx.binning.index": ("TabixIndex",),
    "gidx.dataset": ("BigBedDataset", "BigWigDataset", "Dataset", "TabixDataset",),
    "gidx.errors": (
        "AutoSqlError", "ColumnError", "FormatError", "GidxError", "GidxWarning",
        "MissingIndexError", "RegionError", "UnknownChromError", "ValueTypeError",
        "ValueWarning", "WriteError",
    ),
    "gidx.convert.parquet": ("to_parquet",),
    "gidx.formats.bed.write": ("write_bed",),
    "gidx.formats.bigbed.write": ("write_bigbed",),
    "gidx.formats.bigwig.write": ("write_bigwig",),
    "gidx.formats.gff.write": ("write_gff", "write_gtf",),
    "gidx.formats.table.write": ("write_tabix",),
    "gidx.formats.vcf.write": ("write_vcf",),
    "gidx.indexing": ("build_index",),
    "gidx.interval_index": ("IntervalIndex",),
    "gidx.ground.limits": ("limits",),
    "gidx.ground.region": ("Region",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"

__all__ = [
    "AutoSqlError",
    "BigBedDataset",
    "BigWigDataset",
    "ColumnError",
    "Dataset",
    "FormatError",
    "GidxAccessor",
    "GidxError",
    "GidxWarning",
    "IntervalIndex",
    "MissingIndexError",
    "Region",
    "RegionError",
    "TabixDataset",
    "TabixIndex",
    "UnknownChromError",
    "ValueTypeError",
    "ValueWarning",
    "WriteError",
    "accessor",
    "autosql",
    "bgzf",
    "binning",
    "build_index",
    "errors",
    "limits",
    "merge_bigwigs",
    "open",
    "open_bed",
    "open_bigbed",
    "open_bigwig",
    "open_gff",
    "open_tabix",
    "open_vcf",
    "options",
    "plot",
    "read",
    "read_bed",
    "read_bigbed",
    "read_bigwig",
    "read_gff",
    "read_gtf",
    "read_tabix",
    "read_vcf",
    "scan_polars",
    "to_alignments",
    "to_parquet",
    "write_bed",
    "write_bigbed",
    "write_bigwig",
    "write_gff",
    "write_gtf",
    "write_tabix",
    "write_vcf",
]


if not TYPE_CHECKING:  # for a type checker, names that are not here are mistakes

    def __getattr__(name: str) -> Any:
        if name in _HOME:
            found = getattr(import_module(_HOME[name]), name)
        elif name in __all__ or name == "spark":  # which not everybody has installed
            found = import_module(f"gidx.{name}")
        else:
            raise AttributeError(f"module 'gidx' has no attribute {name!r}", name=name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


def _spans_of_frame(regions: Any, most: int) -> Any:
    from gidx.frames.regions import spans_of_frame

    return spans_of_frame(regions, most)


def _table(columns: Any) -> Any:
    from gidx.arrow.tables import table

    return table(columns)


slots.spans_of_frame = _spans_of_frame
slots.table = _table
register_accessor()
