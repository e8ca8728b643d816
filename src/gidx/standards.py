"""Standard kinds of BED by their names: narrowPeak, bedGraph, bedMethyl and the like.

Truth: the .as files of UCSC's kent source (``src/hg/lib``) and of ENCODE
(https://www.encodeproject.org/help/file-formats/), the formats' pages at
https://genome.ucsc.edu/FAQ/FAQformat.html, and for bedMethyl of 18 columns modkit's
documentation. A bedGraph's value is a ``double`` here, since it may be any number.

A name may mean several declarations of different numbers of fields; the file's rows tell
which. ``bed3`` … ``bed12``, with or without ``+N``, are `declare.BedType`.
"""

from __future__ import annotations

from collections.abc import Iterable

from gidx import autosql
from gidx.errors import hint

_STANDARD = autosql.bed(12).splitlines()[3:15]  # the lines of the fields
_PEAK = """
float signalValue; "Measurement of average enrichment for the region"
float pValue; "Statistical significance of signal value (-log10). Set to -1 if not used"
float qValue; "Statistical significance with multiple-test correction applied (FDR -log10). \
Set to -1 if not used"
"""
_READS = """
uint readCount; "Number of reads or coverage"
uint percentMeth; "Percentage of reads that show methylation at this position in the genome"
"""
_SEGMENT = """
string sequence; "Sequence of this read"
int score; "Indicates uniqueness or quality (preferably 1000/alignmentCount)"
char[1] strand; "Orientation of this read (+ or -)"
"""
_GENE = """
string name2; "Alternative/human readable name"
enum(none, unk, incmpl, cmpl) cdsStartStat; "Status of CDS start annotation"
enum(none, unk, incmpl, cmpl) cdsEndStat; "Status of CDS end annotation"
int[blockCount] exonFrames; "Exon frame {0,1,2}, or -1 if no frame for exon"
string type; "Transcript type"
string geneName; "Primary identifier for gene"
string geneName2; "Alternative/human readable gene name"
string geneType; "Gene type"
"""
_INTERACT = """
string name; "Name of item, for display"
uint score; "Score from 0-1000"
double value; "Strength of interaction or other data value"
string exp; "Experiment name (metadata for filtering)"
string color; "Item color"
string sourceChrom; "Chromosome of source region (directional) or lower region"
uint sourceStart; "Start position in chromosome of source or lower region"
uint sourceEnd; "End position in chromosome of source or lower region"
string sourceName; "Identifier of source or lower region"
string sourceStrand; "Orientation of source or lower region: + or -"
string targetChrom; "Chromosome of target region (directional) or upper region"
uint targetStart; "Start position in chromosome of target or upper region"
uint targetEnd; "End position in chromosome of target or upper region"
string targetName; "Identifier of target or upper region"
string targetStrand; "Orientation of target or upper region: + or -"
"""
_MODKIT = """
uint validCoverage; "Number of valid calls"
double percentModified; "Percentage of the valid calls that are modified"
uint modifiedCount; "Number of calls of this modification"
uint canonicalCount; "Number of canonical calls"
uint otherModCount; "Number of calls of other modifications"
uint deleteCount; "Number of reads with a deletion here"
uint failCount; "Number of calls below the threshold"
uint diffCount; "Number of reads with another base here"
uint noCallCount; "Number of reads without a call here"
"""
_DETAIL = """
string id; "Identifier for the item"
lstring description; "Description of the item"
"""

# name: (standard fields, further fields, what it is), one or several
_KINDS: dict[str, tuple[tuple[int, str, str], ...]] = {
    "narrowPeak": ((6, _PEAK + 'int peak; "Point-source called for this peak; 0-based offset '
                    'from chromStart. Set to -1 if no point-source called"',
                    "Narrow (or point-source) peaks of signal enrichment"),),
    "broadPeak": ((6, _PEAK, "Broad peaks (or regions) of signal enrichment"),),
    "gappedPeak": ((12, _PEAK, "Gapped peaks (or regions) of signal enrichment"),),
    "bedGraph": ((3, 'double value; "Data value"', "Data in bedGraph format"),),
    "bedMethyl": ((9, _READS, "Methylation by bisulfite sequencing"),
                  (9, _MODKIT, "Modified bases, as modkit counts them")),
    "bedRnaElements": ((6, 'float level; "Expression level such as RPKM or FPKM. Set to -1 for no '
                        'data"\nfloat signif; "Statistical significance such as IDR. Set to -1 '
                        'for no data"\nuint score2; "Additional measurement/count e.g. number of '
                        'reads. Set to 0 for no data"', "RNA elements"),),
    "tagAlign": ((3, _SEGMENT, "Tags (short reads) aligned to the genome"),),
    "pairedTagAlign": ((6, 'string seq1; "Sequence of first read"\nstring seq2; "Sequence of '
                        'second read"', "Paired tags (short reads) aligned to the genome"),),
    "bedDetail": tuple((n, _DETAIL, "BED with an identifier and a description")
                       for n in range(3, 13)),
    "bigGenePred": ((12, _GENE, "Gene predictions"),),
    "interact": ((3, _INTERACT, "Interactions between two regions"),),
}  # fmt: skip

NAMES = tuple(_KINDS)


def known(name: str) -> str | None:
    """The name as it is written, whatever its letters' case; None for no standard kind.

    >>> known("narrowpeak"), known("bed6")
    ('narrowPeak', None)
    """
    return next((kind for kind in _KINDS if kind.lower() == name.lower()), None)


def declarations(name: str) -> list[tuple[str, int]]:
    """AutoSQL of a standard kind, one a number of fields, and how many are standard BED.

    >>> [(autosql.parse(text).names[-1], defined) for text, defined in declarations("broadPeak")]
    [('qValue', 6)]
    """
    found = []
    for defined, further, comment in _KINDS[name]:
        fields = "\n".join([*_STANDARD[:defined], further.strip()])
        found.append((f'table {name}\n"{comment}"\n(\n{fields}\n)\n', defined))
    return found


def unknown(name: str, others: Iterable[str] = ("bed6+4",)) -> str:
    """What to say of a name that is none."""
    return f"{hint(name, NAMES)}; there are {', '.join((*others, *NAMES))}"
