"""Standard kinds of BED by their names: narrowPeak, bedGraph, bedMethyl and the like.

Truth: the .as files of UCSC's kent source (``src/hg/lib``, ``src/hg/lib/encode``), whose names,
types and comments these are; for bedDetail, which has none, its page at
https://genome.ucsc.edu/FAQ/FAQformat.html; for bedMethyl of 18 columns, the .as that goes with
modkit's. Of BED's own fields the comments are `autosql.bed`'s. Types differ where those of the
.as do not hold what is written:

    narrowPeak     peak       int     ENCODE's; kent's ``uint`` has no -1, "no point-source"
    bedGraph       dataValue  double  not ``float``: "any number" to UCSC's page
    bedMethyl, 18  all        uint, percMod double; texts in the .as, which would not compare

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
float pValue; "Statistical significance of signal value (-log10). Set to -1 if not used."
float qValue; "Statistical significance with multiple-test correction applied (FDR -log10). \
Set to -1 if not used."
"""
_SUMMIT = """
int peak; "Point-source called for this peak; 0-based offset from chromStart. \
Set to -1 if no point-source called."
"""
_READS = """
uint readCount; "Number of reads or coverage"
uint percentMeth; "Percentage of reads that show methylation at this position in the genome"
"""
_SEGMENT = """
string sequence; "Sequence of this read"
int score; "Indicates mismatches, quality, or other measurement (0-1000)"
char strand; "Orientation of this read (+ or -)"
"""
_PAIR = """
string seq1; "Sequence of first read"
string seq2; "Sequence of second read"
"""
_RNA = """
float level; "Expression level such as RPKM or FPKM. Set to -1 for no data."
float signif; "Statistical significance such as IDR. Set to -1 for no data."
uint score2; "Additional measurement/count e.g. number of reads. Set to 0 for no data."
"""
_GENE = """
string name2; "Alternative/human readable name"
string cdsStartStat; "Status of CDS start annotation (none, unknown, incomplete, or complete)"
string cdsEndStat; "Status of CDS end annotation (none, unknown, incomplete, or complete)"
int[blockCount] exonFrames; "Reading frame of the start of the CDS region of the exon, in the \
direction of transcription (0,1,2), or -1 if there is no CDS region."
string type; "Transcript type"
string geneName; "Primary identifier for gene"
string geneName2; "Alternative/human readable gene name"
string geneType; "Gene type"
"""
_INTERACT = """
string name; "Name of item, for display.  Usually 'name1/name2' or empty"
uint score; "Score from 0-1000."
double value; "Strength of interaction or other data value. Typically basis for score"
string exp; "Experiment name (metadata for filtering). Use . if not applicable"
string color; "Item color.  Specified as r,g,b or hexadecimal #RRGGBB or html color name"
string sourceChrom; "Chromosome of source region (directional) or lower region. \
For non-directional interchromosomal, chrom of this region."
uint sourceStart; "Start position in chromosome of source/lower/this region"
uint sourceEnd; "End position in chromosome of source/lower/this region"
string sourceName; "Identifier of source/lower/this region. Can be used as link to related table"
string sourceStrand; "Orientation of source/lower/this region: + or -.  Use . if not applicable"
string targetChrom; "Chromosome of target region (directional) or upper region. \
For non-directional interchromosomal, chrom of other region"
uint targetStart; "Start position in chromosome of target/upper/this region"
uint targetEnd; "End position in chromosome of target/upper/this region"
string targetName; "Identifier of target/upper/this region. Can be used as link to related table"
string targetStrand; "Orientation of target/upper/this region: + or -.  Use . if not applicable"
"""
_MODKIT = """
uint nValidCov; "Valid Coverage|N_mod + N_otherMod + N_canonical"
double percMod; "Percent Modified"
uint nMod; "N_mod|Number of calls with a modified base"
uint nCanon; "N_canonical|Number of calls with a canonical base"
uint nOther; "N_otherMod|Number of calls with a modified base, other modification"
uint nDelete; "N_delete|Number of reads with a deletion at this reference position"
uint nFail; "N_fail|Number of calls where the probability of the call was below the threshold."
uint nDiff; "N_diff|Number of reads with a base other than the canonical base for this \
modification."
uint nNoCall; "N_nocall|Number of reads aligned to this reference position, with the correct \
canonical base, but without a base modification call."
"""
_DETAIL = """
string id; "Identifier for the item"
lstring description; "Description of the item"
"""
_GAPPED = (
    "This format is used to provide called regions of signal enrichment based on pooled, "
    "normalized (interpreted) data where the regions may be spliced or incorporate gaps in the "
    "genomic sequence. It is a BED12+3 format."
)
_PEAKS = "Peaks of signal enrichment based on pooled, normalized (interpreted) data."

# name: (standard fields, further fields, what it is), one or several
_KINDS: dict[str, tuple[tuple[int, str, str], ...]] = {
    "narrowPeak": ((6, _PEAK + _SUMMIT, f"BED6+4 {_PEAKS}"),),
    "broadPeak": ((6, _PEAK, f"BED6+3 {_PEAKS}"),),
    "gappedPeak": ((12, _PEAK.replace("(FDR -log10)", "(FDR)"), _GAPPED),),
    "bedGraph": ((3, 'double dataValue; "data value for this range"', "bed-like graphing data"),),
    "bedMethyl": ((9, _READS, "BED9+2  Number of reads + percent methylation"),
                  (9, _MODKIT, "Browser extensible data for bedmethyl files (bed9+9)")),
    "bedRnaElements": ((6, _RNA, "BED6 + 3 scores for RNA Elements data"),),
    "tagAlign": ((3, _SEGMENT, "Tag Alignment format (BED 3+)"),),
    "pairedTagAlign": ((6, _PAIR, "Peaks format (BED 6+)"),),
    "bedDetail": tuple((n, _DETAIL, "BED with an identifier and a description")
                       for n in range(3, 13)),
    "bigGenePred": ((12, _GENE, "bigGenePred gene models"),),
    "interact": ((3, _INTERACT, "Interaction between two regions"),),
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


def unknown(name: str, others: Iterable[str]) -> str:
    """What to say of a name that is none."""
    return f"{hint(name, NAMES)}; there are {', '.join((*others, *NAMES))}"
