"""Tabix indexes, TBI and CSI: where in a BGZF file the rows of a region are.

    bins        the numbers of bins, for any min_shift and depth
    model       one for both kinds: columns, names, bins, chunks; planning
    tbi, csi    the two codecs: bytes to the model and back
    build       an index from rows in file order
    tbj         an index as JSON, as the package tabixpy has it
    tbk         tabixpy's other index: blocks, and the rows in each
    index       what a user has: read, written, as tables

Containers know bytes; how a line becomes chrom, start and end is the format's to say.

Source: H. Li, Tabix: fast retrieval of sequence features from generic TAB-delimited
files, Bioinformatics 27(5), 2011; hts-specs tabix.pdf and CSIv1.pdf; and, where they
are silent, what htslib does (hts.c, tbx.c).
"""

from gidx.binning.bins import (
    bin_count,
    bin_level,
    bin_span,
    depth_for,
    max_position,
    reg2bin,
    reg2bins,
)
from gidx.binning.build import IndexBuilder
from gidx.binning.index import TabixIndex
from gidx.binning.model import BED, GFF, PSLTBL, SAM, VCF, Layout
from gidx.binning.tbk import TbkIndex

__all__ = [
    "BED",
    "GFF",
    "PSLTBL",
    "SAM",
    "VCF",
    "IndexBuilder",
    "Layout",
    "TabixIndex",
    "TbkIndex",
    "bin_count",
    "bin_level",
    "bin_span",
    "depth_for",
    "max_position",
    "reg2bin",
    "reg2bins",
]
