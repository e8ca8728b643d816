"""How the columns of an interval are called, and what their numbers count from.

==============================  ==========================  ===========================
columns                         count                       who writes them so
==============================  ==========================  ===========================
chrom, start, end               0-based half-open           gidx, bioframe
chrom, chromStart, chromEnd     0-based half-open           UCSC: BED, bigBed
chrom, txStart, txEnd           0-based half-open           UCSC: genePred
genoName, genoStart, genoEnd    0-based half-open           UCSC: RepeatMasker
#chrom, start, end              0-based half-open           BED with a header line
Chromosome, Start, End          0-based half-open           PyRanges
seqid, start, end               1-based closed              GFF3
seq_id, start, end              1-based closed              gffpandas
seqname, start, end             1-based closed              GTF
seqnames, start, end            1-based closed              GRanges as a data.frame
Chromosome, Start_Position,     1-based closed              MAF (mutation annotation)
End_Position
CHROM, POS                      1-based, to REF's end, END  VCF
chrom, start, ref               0-based, ref says how long  gidx: a VCF without end
chrom, pos, and what is like it 1-based, one base           tables of positions (no end)
chr, start, end, and …          nobody knows                has to be said
==============================  ==========================  ===========================

A table of positions with ``ref`` and ``alt`` has rows as long as ``ref``, as a VCF's are. Both
reach to END (INFO/END), a number, or to where SVLEN or LEN have a symbolic allele end, if that
is farther (see `gidx.arrow.variants`).
The first row wins where it applies. Else, columns that could be read in two ways, or
of which nobody knows what they count from, are an error that says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

from gidx.errors import ColumnError, hint

ZERO_BASED, ONE_BASED = "0-based half-open", "1-based closed"


@dataclass(frozen=True)
class Roles:
    """Which columns are chrom, start and end; ``shift`` makes a start 0-based.

    Without ``end`` a row is one base, or as long as the texts of ``ref``, or to ``told``, a
    column of ends of some rows, if that is farther; or as a VCF's alleles ``alt`` are with the
    lengths in ``sizes`` (SVLEN) and ``lens`` (LEN), and what ``info`` says. LEN may be among the
    texts of ``samples``, the columns behind FORMAT. ``by`` says who calls them so.
    """

    chrom: str
    start: str
    end: str | None
    coordinates: str = ZERO_BASED
    ref: str | None = None
    by: str = "gidx"
    told: str | None = None
    alt: str | None = None
    sizes: str | None = None
    lens: str | None = None
    info: str | None = None
    samples: tuple[str, ...] = ()

    @property
    def shift(self) -> int:
        """What to subtract from a start."""
        return int(self.coordinates == ONE_BASED)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return tuple(n for n in (self.chrom, self.start, self.end) if n is not None)

    @property
    def is_computed(self) -> bool:
        """Whether ends are made of other columns."""
        return self.ref is not None or self.told is not None

    @property
    def needed(self) -> tuple[str, ...]:
        """All columns that say where rows are."""
        return tuple(dict.fromkeys((*self.names, *self._of_end)))

    @property
    def _of_end(self) -> _Names:
        """The columns of which an end is made."""
        more = (self.ref, self.told, self.alt, self.sizes, self.lens, self.info)
        return (*(n for n in more if n is not None), *self.samples)

    def __str__(self) -> str:
        told = "1 base" if self.ref is None else f"the length of {self.ref!r}"
        told += "" if self.told is None else f" or {self.told!r}"
        end = told if self.end is None else repr(self.end)
        where = f"chrom={self.chrom!r}, start={self.start!r}, end={end}"
        return f"{where}, {self.coordinates} ({self.by})"


CANONICAL = Roles("chrom", "start", "end")

_Names = tuple[str, ...]
_VCF_CHROM: _Names = ("#CHROM", "CHROM")
_VARIANTS = "gidx: a VCF without end"
_POSITIONS = "a table of positions"
_ENDS: _Names = ("end", "End", "END", "stop", "Stop", "chromEnd")

# who, names for the chrom, the start, the end, what they count from (None: not known)
_CONVENTIONS: tuple[tuple[str, _Names, _Names, _Names, str | None], ...] = (
    ("UCSC", ("chrom", "#chrom"), ("chromStart",), ("chromEnd",), ZERO_BASED),
    ("UCSC genePred", ("chrom", "#chrom"), ("txStart",), ("txEnd",), ZERO_BASED),
    ("UCSC RepeatMasker", ("genoName", "#genoName"), ("genoStart",), ("genoEnd",), ZERO_BASED),
    ("BED", ("#chrom",), ("start",), ("end",), ZERO_BASED),
    ("PyRanges", ("Chromosome",), ("Start",), ("End",), ZERO_BASED),
    ("GFF3", ("seqid", "seq_id"), ("start",), ("end",), ONE_BASED),
    ("GTF", ("seqname",), ("start",), ("end",), ONE_BASED),
    ("GRanges", ("seqnames",), ("start",), ("end",), ONE_BASED),
    ("MAF", ("Chromosome",), ("Start_Position",), ("End_Position",), ONE_BASED),
    ("VCF", _VCF_CHROM, ("POS",), (), ONE_BASED),
    (_VARIANTS, ("chrom",), ("start",), (), ZERO_BASED),
    (
        _POSITIONS,
        ("chrom", "chr", "Chr", "CHR", "chromosome"),
        ("pos", "Pos", "POS", "position", "BP", "bp", "base_pair_location"),
        (),
        ONE_BASED,
    ),
    (
        "unknown",
        ("chr", "Chr", "CHR", "#chr", "chromosome", "Chromosome", "Chrom", "CHROM"),
        ("start", "Start", "START", "chromStart"),
        _ENDS,
        None,
    ),
)


def roles_of(frame: Any, what: str = "the frame") -> Roles:
    """Which columns of a frame are chrom, start and end: as said with `df.gidx.set`, or by name.

    The frame may be of pandas, polars or Arrow. Raises ColumnError.
    """
    columns = frame.column_names if hasattr(frame, "column_names") else frame.columns
    about = getattr(frame, "attrs", {}).get("gidx")
    return _roles(tuple(columns), about if isinstance(about, str) else None, what)


@lru_cache(maxsize=64)  # a VCF header among the metadata takes ms to read
def _roles(columns: tuple[object, ...], about: str | None, what: str) -> Roles:
    told = json.loads(about).get("roles") if about and '"roles"' in about else None
    if not told:
        return recognise(columns, what)
    roles = Roles(**{"by": "set", **told, "samples": tuple(told.get("samples", ()))})
    for name in roles.needed:
        if name not in columns:
            raise ColumnError(
                f"df.gidx.set named the column {name!r}, which {what} no longer has; "
                "call df.gidx.set again"
            )
    return roles


def recognise(
    columns: Iterable[object], what: str = "the frame", coordinates: str | None = None
) -> Roles:
    """Which of these columns are chrom, start and end, by their names.

    ``coordinates``, if given, hold whatever the names say. Raises ColumnError where there
    are no such columns, where there are several, and where nobody knows what they count from.

    >>> print(recognise(["seqid", "source", "type", "start", "end"]))
    chrom='seqid', start='start', end='end', 1-based closed (GFF3)
    >>> print(recognise(["CHROM", "POS", "ID", "REF", "ALT"]))
    chrom='CHROM', start='POS', end=the length of 'REF', 1-based closed (VCF)
    """
    columns = list(columns)
    names = [c for c in columns if isinstance(c, str)]
    if all(n in names for n in CANONICAL.names):
        return replace(CANONICAL, coordinates=coordinates or ZERO_BASED)
    found = list(_fits(names))
    # a position is looked at only where there is no interval
    found = [(roles, known) for roles, known in found if roles.end] or found
    if len(found) == 1:
        _check_no_end(found[0][0], names, what)
    if len(found) == 1 and (found[0][1] or coordinates):
        return replace(found[0][0], coordinates=coordinates or found[0][0].coordinates)
    if len(found) > 1:
        listed = "; ".join(str(roles) for roles, _ in found)
        raise ColumnError(
            f"{what} has several columns that could be intervals: {listed}; "
            "choose with df.gidx.set(chrom=…, start=…, end=…, coords=…)"
        )
    if found:
        chrom, start, end = found[0][0].names
        raise ColumnError(
            f"{what} has the columns {chrom}, {start}, {end}, which some count from 0 and "
            f"others from 1; say it with df.gidx.set(chrom={chrom!r}, start={start!r}, "
            f"end={end!r}, coords='0-based') or coords='1-based'"
        )
    shown = ", ".join(map(repr, columns[:12])) + (", …" if len(columns) > 12 else "")
    missing = next(n for n in CANONICAL.names if n not in names)
    raise ColumnError(
        f"{what} has no columns that are known as chrom, start, end among {shown or 'none'}"
        f"{hint(missing, names)}; name them with "
        "df.gidx.set(chrom=…, start=…, end=…, coords='0-based' or '1-based')"
    )


def _check_no_end(roles: Roles, names: list[str], what: str) -> None:
    """Raise where rows would be of one base although a column is called as their end."""
    if roles.by != _POSITIONS or roles.end is not None or roles.is_computed:
        return
    end = next((name for name in _ENDS if name in names), None)
    if end is not None:
        known = f"df.gidx.set(chrom={roles.chrom!r}, start={roles.start!r}"
        raise ColumnError(
            f"{what} has the columns {roles.chrom}, {roles.start} and {end}, and nothing says "
            f"whether rows reach to {end} or are of one base, nor what they count from; say it "
            f"with {known}, end={end!r}, coords='0-based' or '1-based'), or without end="
        )


def chrom_column(columns: Iterable[object]) -> str | None:
    """The column of chroms, if one is called so, whatever the others are.

    >>> chrom_column(["name", "Chromosome", "Start"]), chrom_column(["name", "score"])
    ('Chromosome', None)
    """
    names = {c for c in columns if isinstance(c, str)}
    known = (CANONICAL.chrom, *(name for _, chroms, *_ in _CONVENTIONS for name in chroms))
    return next((name for name in known if name in names), None)


def _ref(by: str, names: list[str]) -> str | None:
    """The column whose texts say how long rows are, where they are variants."""
    if by == "VCF":
        return "REF" if "REF" in names else None
    if by == _VARIANTS:
        return "ref" if "ref" in names else None
    pairs = (("ref", "alt"), ("REF", "ALT"))
    return next((ref for ref, alt in pairs if ref in names and alt in names), None)


def _with_ends(roles: Roles, names: list[str]) -> Roles:
    """With the columns that say where variants end."""

    def known(*wanted: str) -> str | None:
        return next((n for n in wanted if n in names), None)

    told = known("INFO/END", "END")
    if roles.ref is None:
        return replace(roles, told=told)
    alt, info = known("ALT", "alt"), None if told else known("INFO")
    if alt is None:
        return replace(roles, told=told, info=info)
    sizes, lens = known("INFO/SVLEN", "SVLEN", "INFO"), known("FORMAT/LEN", "FORMAT")
    found = replace(roles, told=told, alt=alt, sizes=sizes, lens=lens, info=info)
    if roles.by != "VCF" or lens != "FORMAT":
        return found
    return replace(found, samples=tuple(names[names.index("FORMAT") + 1 :]))


def _fits(names: list[str]) -> Iterator[tuple[Roles, bool]]:
    seen = set()
    for by, chroms, starts, ends, coordinates in _CONVENTIONS:
        for chrom, start, end in product(chroms, starts, ends or (None,)):
            if {chrom, start, *([end] if end else [])} <= set(names):
                ref = _ref(by, names) if end is None else None
                if by == _VARIANTS and ref is None:
                    continue
                roles = Roles(chrom, start, end, coordinates or ZERO_BASED, ref, by)
                if end is None and (by == "VCF" or ref is not None):
                    roles = _with_ends(roles, names)
                if roles.names not in seen:
                    seen.add(roles.names)
                    yield roles, coordinates is not None
