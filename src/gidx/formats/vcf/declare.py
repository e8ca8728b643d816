"""What a table's columns are in a VCF: their declarations, the samples, and the header.

Source: the VCF specifications 4.0 to 4.5 (samtools/hts-specs); reserved keys are those of
VCF 4.3.

A header that is given is used as it is. One that the metadata remember is kept, but for
what the columns make necessary: new columns get declarations, samples are those that are
there, and one without ``##fileformat`` becomes VCF 4.2, which has no escapes either.
Contigs and filters that are used but not declared are added to a header that is made, not
to one that is kept: a file that is read and written again has the header that it had.

A new key that the specification reserves is declared as there, if its column can be that;
any other by its type: integers Integer, floats Float, texts String, bool Flag; Number is 1,
n of a fixed-size list, or ``.``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow.batches import is_text
from gidx.arrow.lists import is_list
from gidx.errors import WriteError, hint
from gidx.formats.text import parts
from gidx.formats.vcf.header import Header, KeyLine, Meta

Place = Literal["INFO", "FORMAT"]

FIXED = ("chrom", "start", "end", "id", "ref", "alt", "qual", "filter")
FILEFORMAT = "VCFv4.3"
KEPT_FILEFORMAT = "VCFv4.2"  # of a header that does not say: without escapes, as it was read

_NAME = {"INFO": parts.BLANKS + b";=", "FORMAT": parts.BLANKS + b":"}  # what no key has


@dataclass(frozen=True)
class VcfColumn:
    """A column of values, and what it is to be written as."""

    name: str
    place: Place
    declared: KeyLine


@dataclass(frozen=True)
class VcfDeclared:
    """A header, and what the columns are under it.

    ``fixed`` are the data's own names of those that are fields of their own.
    """

    header: Header
    fixed: Mapping[str, str]
    targets: tuple[VcfColumn, ...]
    samples: tuple[str, ...]


def declare(
    schema: pa.Schema,
    about: Mapping[str, Any],
    *,
    header: str | None = None,
    samples: Sequence[str] | None = None,
    contigs: Iterable[str] = (),
    filters: Iterable[str] = (),
    whole: Collection[str] = (),
    with_end: bool = False,
) -> VcfDeclared:
    """The header of a table with these columns, and what each is written as.

    ``contigs`` and ``filters`` are those that are known to be used; ``whole`` are columns
    of floats whose values are integers; ``with_end`` says that rows need INFO/END to say
    their ``end``.

    >>> schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "ref": pa.string(),
    ...                     "INFO/DP": pa.int32(), "INFO/gene": pa.string()})
    >>> for line in declare(schema, {}).header.lines:
    ...     print(line)
    ##fileformat=VCFv4.3
    ##INFO=<ID=DP,Number=1,Type=Integer,Description="Combined depth across samples">
    ##INFO=<ID=gene,Number=1,Type=String,Description="gene of the data">
    """
    fixed = fixed_columns(schema)
    names = _keyed_columns(schema, fixed, header or about.get("vcf_header"))
    chosen = _samples(schema, names, about, header, samples)
    made = _Header.of(header, about, dict.fromkeys(contigs), dict.fromkeys(filters))
    targets = made.declare(schema, names, whole)
    if with_end and header is None:
        made.add("INFO", INFO["END"])
    return VcfDeclared(made.over(chosen), fixed, tuple(targets), chosen)


def names_key(place: str, key: str) -> bool:
    """Whether a text can be a key.

    >>> names_key("INFO", "AC"), names_key("INFO", "A=C")
    (True, False)
    """
    held = set(_NAME[place]) & set(key.encode("utf-8", "surrogateescape"))
    return key != "." and not held


def can_be_key(place: str, key: str) -> bool:
    """Whether a text can be a key that a header declares, which ends its ID with a comma."""
    return "," not in key and names_key(place, key)


def scalar(kind: pa.DataType) -> pa.DataType:
    """The type of a list's items, of a dictionary's values, or itself."""
    if is_list(kind):
        kind = kind.value_type
    return kind.value_type if pat.is_dictionary(kind) else kind


def is_genotype(kind: pa.DataType) -> bool:
    """Whether values are alleles and whether they are phased."""
    return bool(
        pat.is_struct(kind)
        and {f.name for f in kind} == {"alleles", "phased"}
        and is_list(kind.field("alleles").type)
        and pat.is_integer(kind.field("alleles").type.value_type)
        and pat.is_boolean(kind.field("phased").type)
    )


# ── columns ─────────────────────────────────────────────────────────────────────────────────────


def fixed_columns(schema: pa.Schema) -> dict[str, str]:
    """The columns that are fixed fields: theirs by the canonical name, or the file's own.

    >>> fixed_columns(pa.schema({"CHROM": pa.string(), "POS": pa.int64(), "REF": pa.string()}))
    {'chrom': 'CHROM', 'pos': 'POS', 'ref': 'REF'}
    """
    found: dict[str, str] = {}
    for name in schema.names:
        key = name.lower() if name.isupper() else name
        key = key.removeprefix("#")
        if key not in (*FIXED, "pos"):
            continue
        if key in found:
            raise WriteError(f"columns {found[key]!r} and {name!r} are one; drop one", row=None)
        found[key] = name
    if "pos" in found and "start" in found:
        raise WriteError(
            f"columns {found['start']!r} (0-based) and {found['pos']!r} (1-based) both say where "
            "rows start; drop one",
            row=None,
        )
    for key in ("chrom", "start", "ref"):
        if key not in found and not (key == "start" and "pos" in found):
            known = f"{hint(key, schema.names)}; expected chrom, start (or pos), ref, alt, …"
            raise WriteError(f"no column {key!r}{known}", row=None)
    return found


def _keyed_columns(
    schema: pa.Schema, fixed: Mapping[str, str], header: Any
) -> dict[str, list[str]]:
    """The other columns by where they go: "INFO", "FORMAT"; all are of a VCF.

    A key that no row can have may be one that the header declares: its column is then empty.
    """
    found: dict[str, list[str]] = {"INFO": [], "FORMAT": []}
    for f in schema:
        place, slash, key = f.name.partition("/")
        if slash and place in found and key:
            if not can_be_key(place, key) and not (
                isinstance(header, str) and key in Header.parse(header).told(place)
            ):
                raise WriteError(
                    f"column {f.name!r}: {key!r} cannot be a key of {place}; rename the column",
                    row=None,
                )
            found[place].append(f.name)
        elif f.name in found:
            if f.name == "FORMAT" and is_text(f.type):
                behind = schema.names[schema.names.index("FORMAT") + 1 :]
                sample = repr(behind[0]) if behind else "…"
                raise WriteError(
                    f"columns 'FORMAT' and {sample} have samples as texts; gidx.read_vcf reads "
                    "them as values that can be written, or drop them",
                    row=None,
                )
            if not (parts.is_map(f.type) or pat.is_null(f.type) or is_text(f.type)):
                raise WriteError(
                    f"column {f.name} is {f.type}, expected a map of keys and texts; keys that "
                    f"are columns are named {f.name}/DP",
                    row=None,
                )
        elif f.name not in fixed.values():
            raise WriteError(
                f"column {f.name!r} is none of a VCF{hint(f.name, FIXED)}; name it "
                f"'INFO/{f.name}', or drop it",
                row=None,
            )
    found["FORMAT"].sort(key=lambda name: name != "FORMAT/GT")
    return found


# ── samples ─────────────────────────────────────────────────────────────────────────────────────


def _samples(
    schema: pa.Schema,
    names: Mapping[str, list[str]],
    about: Mapping[str, Any],
    header: str | None,
    asked: Sequence[str] | None,
) -> tuple[str, ...]:
    """The samples' names: asked for, else the columns', else the metadata's, else the header's."""
    columns = [*names["FORMAT"], *(["FORMAT"] if "FORMAT" in schema.names else [])]
    if not columns:
        if asked:
            raise WriteError("samples are named, but there is no column FORMAT/…", row=None)
        return ()
    told = [(f"column {c}", _told(schema.field(c))) for c in columns]
    told.append(("the data's metadata", _texts(about.get("samples"))))
    if header is not None:
        told.append(("the header", Header.parse(header).samples or None))
    widths = [(c, w) for c in columns if (w := _width(schema.field(c).type)) is not None]
    if asked is not None:
        if isinstance(asked, str):
            raise TypeError(f"samples is the text {asked!r}; expected a list of names")
        chosen, who = tuple(asked), "samples"
    else:
        found = [(who, s) for who, s in told if s is not None]
        if not found:
            n = widths[0][1] if widths else "…"
            raise WriteError(
                f"column {columns[0]}: nothing says whose values these are; pass samples=[…], "
                f"{n} names",
                row=None,
            )
        who, chosen = found[0]
        for other, theirs in found[1:]:
            # a header of more or fewer samples is made to fit; of as many it would mislabel
            is_column = other.startswith("column")
            if theirs != chosen and (is_column or len(theirs) == len(chosen)):
                raise WriteError(
                    f"{who} and {other} name different samples ({_few(chosen)}; "
                    f"{_few(theirs)}); pass samples=[…]",
                    row=None,
                )
    for column, width in widths:
        if width != len(chosen):
            raise WriteError(
                f"column {column} has values of {width} samples, {who} names {len(chosen)} "
                f"({_few(chosen)}); pass samples=[…]",
                row=None,
            )
    _check_samples(chosen)
    return chosen


def _check_samples(samples: Sequence[str]) -> None:
    for sample in samples:
        if not sample or any(c in sample for c in "\t\r\n\0"):
            raise WriteError(
                f"sample {sample!r}: a name is not empty and has no tab or line break", row=None
            )
    if len(set(samples)) < len(samples):
        twice = next(s for s in samples if list(samples).count(s) > 1)
        raise WriteError(f"sample {twice!r} is named twice", row=None)


def _told(f: pa.Field) -> tuple[str, ...] | None:
    """The samples that a field's metadata name."""
    found = (f.metadata or {}).get(b"samples")
    if found is None:
        return None
    try:
        return _texts(json.loads(found))
    except ValueError:
        return None


def _texts(found: Any) -> tuple[str, ...] | None:
    good = isinstance(found, list) and all(isinstance(s, str) for s in found)
    return tuple(found) if good else None


def _width(kind: pa.DataType) -> int | None:
    """How many samples a column's type has values of; None where each row says it."""
    if pat.is_map(kind):
        kind = kind.item_type
    elif parts.is_map(kind):
        kind = kind.value_type.field("value").type
    return kind.list_size if pat.is_fixed_size_list(kind) else None


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


# ── the header ──────────────────────────────────────────────────────────────────────────────────


class _Header:
    """A header that grows declarations."""

    def __init__(self, header: Header, *, given: bool) -> None:
        self._header, self._given = header, given

    @classmethod
    def of(
        cls,
        given: str | None,
        about: Mapping[str, Any],
        contigs: Iterable[str],
        filters: Iterable[str],
    ) -> _Header:
        kept = about.get("vcf_header")
        if given is not None:
            return cls(_parsed(given), given=True)
        if isinstance(kept, str):
            header = Header.parse(kept)
            if header.fileformat is None:
                said = Meta("fileformat", KEPT_FILEFORMAT)
                header = replace(header, lines=(said, *header.lines))
            return cls(header, given=False)
        sizes: dict[str, int | None] = {}
        if isinstance(about.get("chromsizes"), Mapping):
            sizes.update(about["chromsizes"])
        sizes.update({name: None for name in contigs if name not in sizes})
        used = {name: "Not described" for name in filters if name != "PASS"}
        return cls(Header.build(FILEFORMAT, contigs=sizes, filters=used), given=False)

    def add(self, place: Place, declared: KeyLine) -> None:
        """Declare a key, if it is not, behind the others of its place."""
        told = self._header.told(place)
        if declared.id in told:
            return
        if self._given:
            raise WriteError(
                f"{place}/{declared.id}: the header does not declare it; add the line "
                f"{declared.meta(place)} or drop the column",
                row=None,
            )
        self._header = self._header.declaring(place, declared)

    def declare(
        self, schema: pa.Schema, names: Mapping[str, list[str]], whole: Collection[str]
    ) -> list[VcfColumn]:
        """What each keyed column is written as; those that are not declared become so."""
        found: list[tuple[str, Place, KeyLine]] = []
        places: tuple[Place, ...] = ("INFO", "FORMAT")
        for place in places:
            for name in names[place]:
                key = name.partition("/")[2]
                told = self._header.told(place)
                kind = schema.field(name).type
                if place == "FORMAT":
                    kind = _of_sample(name, kind)
                declared = told.get(key)
                if declared is None:
                    declared = _declaration(schema.field(name), place, kind, name in whole)
                    self.add(place, declared)
                if not _fits(kind, declared):
                    raise WriteError(
                        f"column {name} is {kind}, but the header declares {place}/{key} as "
                        f"Number={declared.number}, Type={declared.type}; convert the column, or "
                        "pass a header that declares it otherwise",
                        row=None,
                    )
                found.append((name, place, declared))
        return [VcfColumn(*one) for one in found]

    def over(self, samples: tuple[str, ...]) -> Header:
        """The header over these samples."""
        if samples == self._header.samples:
            return self._header
        if samples or (self._header.has_format and not self._header.samples):
            return self._header.with_samples(samples)
        return replace(self._header, samples=(), has_format=False)


def _parsed(given: str) -> Header:
    header = Header.parse(given)
    if header.fileformat is None or header.lines[0].key != "fileformat":
        raise WriteError(
            "header: its first line is not ##fileformat=VCFv4.3, or another version", row=None
        )
    if header.text_faults:
        raise WriteError(f"header: {header.text_faults[0]}", row=None)
    return header


def _of_sample(name: str, kind: pa.DataType) -> pa.DataType:
    """The type of one sample's value."""
    if pat.is_null(kind):
        return kind
    if not is_list(kind):
        raise WriteError(
            f"column {name} is {kind}, expected lists: a value for each sample", row=None
        )
    return kind.value_type


def _fits(kind: pa.DataType, declared: KeyLine) -> bool:
    """Whether a column's values can be those of a declaration, by their types."""
    if pat.is_null(kind):
        return True
    one = scalar(kind)
    if pat.is_null(one):
        return True
    if declared.type == "Flag":
        return pat.is_boolean(kind)
    if declared.id == "GT" and is_genotype(kind):
        return True
    number = pat.is_integer(one) or pat.is_floating(one)
    return is_text(one) or number


def _declaration(f: pa.Field, place: Place, kind: pa.DataType, whole: bool) -> KeyLine:
    """A key's declaration: as the specification or the field's metadata have it, or by its type."""
    key = f.name.partition("/")[2]
    own = _by_type(f.name, key, place, kind, whole)
    told = {k.decode(): v.decode() for k, v in (f.metadata or {}).items() if k != b"samples"}
    if told.get("vcf") == place and told.get("id") == key and {"number", "type"} <= told.keys():
        kept = KeyLine(key, told["number"], told["type"], told.get("description", ""))
        if _fits(kind, kept):
            return kept
    known = RESERVED[place].get(key)
    if known is None or not _fits(kind, known):
        return own
    if own.type != known.type and not is_text(scalar(kind)):
        known = replace(known, type=own.type)  # GQ of floats, say
    return known


def _by_type(name: str, key: str, place: Place, kind: pa.DataType, whole: bool) -> KeyLine:
    one = scalar(kind)
    if pat.is_boolean(kind) and place == "INFO":
        return KeyLine(key, "0", "Flag", f"{key} of the data")
    if pat.is_integer(one) or (pat.is_floating(one) and whole):
        type_ = "Integer"
    elif pat.is_floating(one):
        type_ = "Float"
    elif is_text(one) or pat.is_null(one) or (key == "GT" and is_genotype(kind)):
        type_ = "String"
    else:
        what = "booleans cannot be values of VCF" if pat.is_boolean(one) else "VCF has no such type"
        raise WriteError(f"column {name} is {kind}: {what}; convert it to text", row=None)
    number = "1"
    if pat.is_fixed_size_list(kind) and kind.list_size > 1:
        number = str(kind.list_size)
    elif is_list(kind):
        number = "."
    return KeyLine(key, number, type_, f"{key} of the data")


# ── reserved keys ───────────────────────────────────────────────────────────────────────────────


def _reserved(lines: str) -> dict[str, KeyLine]:
    rows = (line.split(None, 3) for line in lines.strip().splitlines())
    return {name: KeyLine(name, number, kind, text) for name, number, kind, text in rows}


# VCF 4.3, tables 1 and 2, and sections 3 and 4.
INFO = _reserved("""
AA 1 String Ancestral allele
AC A Integer Allele count in genotypes, for each ALT allele, in the same order as listed
AD R Integer Total read depth for each allele
ADF R Integer Read depth for each allele on the forward strand
ADR R Integer Read depth for each allele on the reverse strand
AF A Float Allele frequency for each ALT allele in the same order as listed
AN 1 Integer Total number of alleles in called genotypes
BQ 1 Float RMS base quality
CIGAR A String Cigar string describing how to align an alternate allele to the reference allele
DB 0 Flag dbSNP membership
DP 1 Integer Combined depth across samples
END 1 Integer End position on CHROM
H2 0 Flag HapMap2 membership
H3 0 Flag HapMap3 membership
MQ 1 Float RMS mapping quality
MQ0 1 Integer Number of MAPQ == 0 reads
NS 1 Integer Number of samples with data
SB 4 Integer Strand bias
SOMATIC 0 Flag Somatic mutation
VALIDATED 0 Flag Validated by follow-up experiment
1000G 0 Flag 1000 Genomes membership
IMPRECISE 0 Flag Imprecise structural variation
NOVEL 0 Flag Indicates a novel structural variation
SVTYPE 1 String Type of structural variant
SVLEN . Integer Difference in length between REF and ALT alleles
CIPOS 2 Integer Confidence interval around POS for imprecise variants
CIEND 2 Integer Confidence interval around END for imprecise variants
HOMLEN . Integer Length of base pair identical micro-homology at event breakpoints
HOMSEQ . String Sequence of base pair identical micro-homology at event breakpoints
BKPTID . String ID of the assembled alternate allele in the assembly file
MEINFO 4 String Mobile element info of the form NAME,START,END,POLARITY
METRANS 4 String Mobile element transduction info of the form CHR,START,END,POLARITY
DGVID 1 String ID of this element in Database of Genomic Variation
DBVARID 1 String ID of this element in DBVAR
DBRIPID 1 String ID of this element in DBRIP
MATEID . String ID of mate breakends
PARID 1 String ID of partner breakend
EVENT 1 String ID of event associated to breakend
CN 1 Integer Copy number of segment containing breakend
""")
FORMAT = _reserved("""
AD R Integer Read depth for each allele
ADF R Integer Read depth for each allele on the forward strand
ADR R Integer Read depth for each allele on the reverse strand
DP 1 Integer Read depth
EC A Integer Expected alternate allele counts
FT 1 String Filter indicating if this genotype was called
GL G Float Genotype likelihoods
GP G Float Genotype posterior probabilities
GQ 1 Integer Conditional genotype quality
GT 1 String Genotype
HQ 2 Integer Haplotype quality
MQ 1 Integer RMS mapping quality
PL G Integer Phred-scaled genotype likelihoods rounded to the closest integer
PP G Integer Phred-scaled genotype posterior probabilities rounded to the closest integer
PQ 1 Integer Phasing quality
PS 1 Integer Phase set
CN 1 Integer Copy number genotype for imprecise events
CNQ 1 Float Copy number genotype quality for imprecise events
CNL G Float Copy number genotype likelihood for imprecise events
NQ 1 Integer Phred style probability score that the variant is novel
""")
RESERVED: Mapping[str, Mapping[str, KeyLine]] = {"INFO": INFO, "FORMAT": FORMAT}
