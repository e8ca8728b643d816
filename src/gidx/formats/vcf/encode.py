"""VCF 4.0 to 4.5: columns to text lines, the mirror image of `vcf`.

Source: the VCF specifications 4.0 to 4.5 (samtools/hts-specs).

What a reader would read as something else is refused, with its row; what it reads back as
it was is written, even where the specification frowns (a space in INFO of VCF 4.2, a REF
of IUPAC letters). In the text:

* A null INFO is left out, a null in FORMAT or in a list is ``.``; so is no alt, no filter.
  Nulls at a sample's end are dropped, all but the first, as in files that are read: so a
  null and the text ``.`` stay apart in the map ``FORMAT``. A FORMAT column that is null
  for a row is not among its keys. GT comes first; what other order keys had is lost.
* Strings are percent-encoded where the header says VCF 4.3 or later: ``;`` and ``=`` in
  INFO, ``:`` in FORMAT, commas in lists, ``%``, tabs and line breaks; a code that VCF does
  not have, and readers leave as it is (``%20``), stays. A comma in a String of
  Number 1 stays: it is read so, and many files have lists there. In earlier versions,
  which have no escapes, what would end the value is refused. The values of the maps stand
  as they are. INFO cannot say an empty list, nor can FORMAT one of texts: refused.
* A column of texts may stand where numbers are declared (``"0.5,0.25"``): it is read as
  these, to see that it can be, and written as it is.
* A lone allele that is phased is ``|1`` from VCF 4.4 on, and ``1`` before, where no bar can
  lead (htslib 1.16 fails on one).

``end`` is not a field. It has to be what a reader finds in the row (REF, INFO/END, SVLEN,
LEN). Where it is not, and an allele is symbolic and the row has no END, it is written as
END; any other row is refused, because one of the two is wrong and nobody can tell which.

Left out: the header (see `vcf_declare`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import nested as nested_text
from gidx.arrow.batches import is_text
from gidx.arrow.decode import Column, Items, decode_items
from gidx.arrow.encode import (
    BREAKS,
    Ints,
    Misread,
    TextColumn,
    check_bytes,
    items_of,
    numbers,
    past_single,
    repeated,
    shown,
    unread,
)
from gidx.arrow.faults import Faults, of_items
from gidx.arrow.lists import is_list
from gidx.errors import warn
from gidx.formats.text import parts
from gidx.formats.text.dialect import EVERY, Rules
from gidx.formats.text.parts import Keyed, Part
from gidx.formats.vcf.declare import (
    Place,
    VcfDeclared,
    can_be_key,
    declare,
    is_genotype,
    names_key,
    scalar,
)
from gidx.formats.vcf.header import KeyLine
from gidx.kernels.join import first_in, format_genotypes, join_pairs

RULES = Rules(chrom=0, start=1, end=1, one_based=True, span="vcf", least=8)
LEAST, MOST = -(2**31) + 8, 2**31 - 1  # below, BCF has its marks for missing and end of list

_GENOTYPE = r"([0-9]+|\.)([/|]([0-9]+|\.))*$"
_BASES = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"
_NO_BASE = 1 - parts.marks(_BASES)
_END_OF = {"INFO": b";", "FORMAT": b":"}  # what ends a value
_ESCAPES = {"INFO": b";=%\t\r\n", "FORMAT": b":%\t\r\n"}

_SCALARS = {"Integer": pa.int32(), "Float": pa.float32()}


@dataclass(frozen=True)
class Looked:
    """What the values say of a table: chroms and filters that occur, floats that are all whole.

    ``with_end``: END is needed, since rows end elsewhere than by REF.
    """

    contigs: Sequence[str] = ()
    filters: Sequence[str] = ()
    whole: Collection[str] = ()
    with_end: bool = False


def encoder(
    frame_schema: pa.Schema,
    about: Mapping[str, Any],
    categories: Mapping[str, Sequence[str]],
    *,
    header: str | None = None,
    samples: Sequence[str] | None = None,
    chromsizes: Mapping[str, int] | None = None,
    looked: Looked | None = None,
) -> VcfEncoder:
    """The encoder of a table; its header is ``header``, else the metadata's, else made.

    ``samples`` as `declare` has them; ``chromsizes`` go before those of the metadata;
    ``looked`` is what only the values say.

    >>> schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "ref": pa.string()})
    >>> encoder(schema, {}, {}, looked=Looked(contigs=["chr1"])).header.decode().splitlines()[:2]
    ['##fileformat=VCFv4.3', '##contig=<ID=chr1>']
    """
    nested_text.refuse_unclear(frame_schema, about)
    looked = looked or Looked()
    if chromsizes is not None:
        about = {**about, "chromsizes": chromsizes}
    declared = declare(
        frame_schema,
        about,
        header=header,
        samples=samples,
        contigs=[*categories.get("chrom", ()), *looked.contigs],
        filters=looked.filters,
        whole=looked.whole,
        with_end=looked.with_end,
    )
    return VcfEncoder(frame_schema, declared, as_read=about.get("format") == "vcf")


# ── columns ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Value:
    """A column of values, what it is to be written as, and what the file's version has.

    ``escapes`` are those of VCF 4.3, ``leading`` indicators of phase those of 4.4.
    """

    name: str
    place: Place
    declared: KeyLine
    escapes: bool
    leading: bool = False

    @property
    def genotype(self) -> bool:
        """Whether it is the genotype, which has no escapes."""
        return self.place == "FORMAT" and self.declared.id == "GT"

    @property
    def said(self) -> str:
        """Its type, as in the header."""
        d = self.declared
        return d.type if d.number in ("0", "1") else f"{d.type} (Number={d.number})"

    def escaped(self, *, item: bool) -> bytes:
        """Bytes of a value that are percent-encoded."""
        if not self.escapes or self.genotype:
            return b""
        return _ESCAPES[self.place] + (b"," if item else b"")

    def refused(self, *, item: bool) -> bytes:
        """Bytes that a value cannot have."""
        if self.escapes and not self.genotype:
            return b"\0"
        return BREAKS + _END_OF[self.place] + (b"," if item else b"")


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


class VcfEncoder:
    """How the rows of one table become lines of VCF (a `LineEncoder`).

    ``as_read``: the rows come from a VCF, so what its fixed fields have against the
    specification (``q 10`` as a FILTER, ``-`` as REF) may stay, if only it can be read again.
    """

    kind = "vcf"
    rules = RULES

    def __init__(self, schema: pa.Schema, declared: VcfDeclared, *, as_read: bool = False) -> None:
        self._as_read = as_read
        header, fixed = declared.header, declared.fixed
        version = header.version or (0, 0)
        has = version >= (4, 3), version >= (4, 4)
        targets = [_Value(t.name, t.place, t.declared, *has) for t in declared.targets]
        self._info = [t for t in targets if t.place == "INFO"]
        self._format = [t for t in targets if t.place == "FORMAT"]
        self._maps = {name for name in ("INFO", "FORMAT") if name in schema.names}
        self._fixed, self._samples = fixed, declared.samples
        self.header = str(header).encode("utf-8", "surrogateescape")
        start = fixed["pos"] if "pos" in fixed else fixed["start"]
        self.heads = (fixed["chrom"], start, fixed.get("end", start))
        self.shift = -1 if "pos" in fixed else 0  # POS is 1-based, whoever says it
        self.columns: Sequence[str] = schema.names
        end = header.info.get("END")
        self._can_say_end = end is not None and end.type == "Integer"

    def fields(
        self, batch: pa.RecordBatch, starts: Ints, ends: Ints, faults: Faults
    ) -> list[TextColumn]:
        n = batch.num_rows
        columns = {name: parts.plain_values(batch.column(name)) for name in self.columns}
        fixed = {key: columns[name] for key, name in self._fixed.items()}
        lax = self._as_read
        chrom = _chrom(fixed["chrom"], faults, lax=lax)
        ref = _ref(fixed["ref"], faults, lax=lax)
        alt = _words(fixed, "alt", n, faults, lax=lax)
        info_parts, info = self._info_field(columns, n, faults)
        samples = self._format_field(columns, n, faults) if self._samples else ()
        if "end" in fixed:
            row = _Row(starts, ends, ref, alt, info, samples)
            lacking = self._check_ends(row, info_parts, faults)
            if lacking is not None:
                info = parts.join_parts([*info_parts, lacking], b";", n)
        return [
            chrom,
            numbers(starts + 1),
            _words(fixed, "id", n, faults, lax=lax),
            ref,
            alt,
            _qual(fixed, n, faults),
            _words(fixed, "filter", n, faults, lax=lax),
            info,
            *samples,
        ]

    # ── INFO ────────────────────────────────────────────────────────────────────────────────────

    def _info_field(
        self, columns: Mapping[str, pa.Array], n: int, faults: Faults
    ) -> tuple[list[Keyed], TextColumn]:
        keyed: dict[str, Keyed] = {}
        for target in self._info:
            part = _values(columns[target.name], target, faults)
            _check_named(target, part.there, faults)
            equal = b"" if target.declared.type == "Flag" else b"="
            keyed[target.declared.id] = Keyed(part, target.declared.id.encode() + equal)
        found = [*keyed.values()]
        if "INFO" in self._maps and not pat.is_null(columns["INFO"].type):
            flags = {
                t.declared.id: columns[t.name] for t in self._info if t.declared.type == "Flag"
            }
            rest = Keyed(_info_map(columns["INFO"], keyed, flags, faults))
            found = [*keyed.values(), rest]
        return found, parts.join_parts(found, b";", n)

    # ── FORMAT ──────────────────────────────────────────────────────────────────────────────────

    def _format_field(
        self, columns: Mapping[str, pa.Array], n: int, faults: Faults
    ) -> tuple[TextColumn, TextColumn]:
        """FORMAT, and all samples as one text."""
        width = len(self._samples)
        keyed: dict[str, _Cells] = {}
        for target in self._format:
            array = columns[target.name]
            if pat.is_null(array.type):
                continue
            cells, has = _by_sample(array, target.name, width, faults)
            owners = np.arange(n + 1) * width
            part = _values(cells, target, of_items(owners, faults))
            if target.genotype and not self._as_read:
                _check_genotypes(cells, target, of_items(owners, faults))
            _check_named(target, has, faults)
            keyed[target.declared.id] = _Cells(_constant(target.declared.id, has), part, has)
        keys = [*keyed.values()]
        if "FORMAT" in self._maps and not pat.is_null(columns["FORMAT"].type):
            keys = _with_map(columns["FORMAT"], keyed, width, faults)
        told = parts.join_parts([k.name for k in keys], b":", n)
        joined, empty = _join_cells(keys, n, width)
        if not self._as_read:
            of_items(np.arange(n + 1) * width, faults).check(
                empty,
                lambda cell: (
                    f"sample {self._samples[cell % width]}: its only value is an empty text "
                    "or list, which no sample of a VCF can be; make it missing (null)"
                ),
            )
        return told, joined

    # ── where rows end ──────────────────────────────────────────────────────────────────────────

    def _check_ends(self, row: _Row, info: Sequence[Keyed], faults: Faults) -> Keyed | None:
        """The END that rows lack, if any do; other rows whose end is not theirs are faults."""
        starts, ends = row.starts, row.ends
        odd = ends != starts + row.ref.lengths
        says_end = np.zeros(len(starts), np.uint8)
        for target, one in zip_longest(self._info, info):
            key = None if target is None else target.declared.id
            if key in ("END", "SVLEN", None):  # None: the map
                odd |= one.part.there == 1
            if key == "END":
                says_end = one.part.there
        long = "FORMAT" in self._maps or any(t.declared.id == "LEN" for t in self._format)
        symbolic = _has_symbolic(row.alt)
        if long:
            odd |= symbolic
        # of others, a line might be none
        rows = np.flatnonzero(odd & faults.clean(len(starts)))
        if len(rows) == 0:
            return None
        odd[:] = False
        odd[rows] = True
        fields = [row.ref, row.alt, row.info, *(row.samples if long else ())]
        found = np.zeros(len(starts), np.int64)
        found[rows] = read_ends(starts, fields, rows)
        wrong = odd & (found != ends)
        lacking = wrong & symbolic & (says_end == 0) & (ends > found)
        if not self._can_say_end:
            lacking[:] = False
        faults.check(wrong & ~lacking, lambda i: _other_end(ends[i], found[i], bool(says_end[i])))
        if not lacking.any():
            return None
        return Keyed(Part(numbers(ends), lacking.view(np.uint8)), b"END=")


@dataclass(frozen=True)
class _Row:
    """What says where rows end."""

    starts: Ints
    ends: Ints
    ref: TextColumn
    alt: TextColumn
    info: TextColumn
    samples: Sequence[TextColumn]


def _other_end(end: int, found: int, said: bool) -> str:
    who = "INFO/END says" if said else "the row ends (by its REF, SVLEN or LEN) at"
    way = "say it in a column INFO/END" if end > found and not said else "correct one of them"
    return f"column end: found {end}, but {who} {found}; {way}, or drop the column end"


def _has_symbolic(alt: TextColumn) -> npt.NDArray[np.bool_]:
    """Rows with an allele like <DEL>."""
    found = np.zeros(len(alt), np.bool_)
    begin = alt.offsets[0]  # of a slice, whose data are the whole column's
    at = begin + np.flatnonzero(alt.data[begin : alt.offsets[-1]] == ord("<"))
    found[np.searchsorted(alt.offsets, at, side="right") - 1] = True
    return found


@dataclass(frozen=True)
class _Cells:
    """A key of FORMAT: its name in each row, values (rows × samples), and which rows have it."""

    name: Keyed
    part: Part
    has: parts.Mask


def _check_named(target: _Value, there: parts.Mask, faults: Faults) -> None:
    """A key that a header declares, but that no row can have, has no values."""
    key = target.declared.id
    if not can_be_key(target.place, key):
        faults.check(
            there == 1,
            lambda _: f"column {target.name!r}: {key!r} cannot be a key of {target.place}",
        )


def _check_genotypes(cells: pa.Array, target: _Value, faults: Faults) -> None:
    """Of texts, those that no reader takes for genotypes."""
    cells = parts.plain_values(cells)
    if not is_text(cells.type):
        return
    first = "^[/|]?" if target.leading else "^"
    good = pc.match_substring_regex(cells, first + _GENOTYPE).fill_null(True)
    led = "" if target.leading else "; one before the first is of VCF 4.4"
    faults.check(
        ~good.to_numpy(zero_copy_only=False),
        lambda i: (
            f"column {target.name}: found {shown(cells[i].as_py())}, expected numbers of alleles "
            f"between / or |, as 0/1, 1|0 and ./.{led}"
        ),
    )


def _constant(key: str, has: parts.Mask) -> Keyed:
    return Keyed(Part(parts.nothing(len(has)).texts, has), key.encode())


def _join_cells(
    keys: Sequence[_Cells], rows: int, width: int
) -> tuple[TextColumn, npt.NDArray[np.bool_]]:
    """All samples of a row as one text, a tab between two; which of them have no letter.

    htslib counts one sample less where the last one has none.
    """
    from gidx.kernels import join as kernels

    first = np.full(rows, -1, np.int32)
    last = np.full(rows * width, -1, np.int32)
    lengths = np.zeros(rows * width, np.int64)
    for k, key in enumerate(keys):
        kernels.note_cells(key.part.there, key.has, width, k, first, last)
    for k, key in enumerate(keys):
        texts = key.part.texts
        kernels.add_cells(texts.offsets, key.part.there, key.has, width, k, first, last, lengths)
    begins, bounds = kernels.place_cells(lengths, first, width)
    out = np.empty(int(bounds[-1]), np.uint8)
    cursor = begins.copy()
    for k, key in enumerate(keys):
        texts = key.part.texts
        kernels.put_cells(
            texts.offsets, texts.data, key.part.there, key.has, width, k, first, last, cursor, out
        )
    kernels.part_cells(begins, first, width, out)
    return TextColumn(bounds, out), (lengths == 0) & np.repeat(first >= 0, width)


def read_ends(starts: Ints, fields: Sequence[TextColumn], rows: Ints) -> Ints:
    """Where a reader finds that rows end; fields are REF, ALT, INFO, FORMAT and samples.

    By the reader's own kernel, over lines of only that: the rule has one home.

    >>> def texts(*values): return parts.texts_in(pa.array(values))
    >>> read_ends(np.array([9]), [texts("A"), texts("<DEL>"), texts("END=20")], np.array([0]))
    array([20])
    """
    from gidx.kernels import lines as kernels

    n = len(rows)
    picked = [parts.picked(one, rows) for one in fields]
    dot = Keyed(Part(parts.nothing(n).texts, np.ones(n, np.uint8)), b".")
    position = Keyed(Part(numbers(starts[rows] + 1), np.ones(n, np.uint8)))
    ref, alt, *more = (Keyed(Part(one, np.ones(n, np.uint8))) for one in picked)
    line = parts.join_parts(
        [dot, position, dot, ref, alt, dot, dot, *more, replace(dot, before=b"", behind=b"\n")],
        b"\t",
        n,
    )
    size = int(line.offsets[-1])
    status, _, _, _, _, ends, *_ = kernels.read_lines(
        line.data, np.zeros(1, np.int64), np.array([size]), np.zeros(1, np.bool_),
        np.zeros((0, 2), np.int64), RULES.compiled([b"."]), 0, EVERY,
    )  # fmt: skip
    found: Ints = ends[:n]
    return found if status == kernels.OK else np.full(n, -2, np.int64)


# ── fixed fields ────────────────────────────────────────────────────────────────────────────────


def _chrom(array: pa.Array, faults: Faults, *, lax: bool) -> TextColumn:
    part = _text("chrom", array, faults)
    faults.check(part.there == 0, lambda _: "column chrom: the value is missing")
    _check_filled("chrom", part, faults)
    _check_blanks("chrom", part, b"", faults, lax=lax)
    texts = part.texts
    full = np.flatnonzero(texts.lengths > 0)
    comment = full[texts.data[texts.offsets[full]] == ord("#")]
    if len(comment):
        faults.note_all(
            comment,
            lambda i: f"column chrom: found {shown(texts[i])}, which would be a comment",
        )
    return texts


def _ref(array: pa.Array, faults: Faults, *, lax: bool) -> TextColumn:
    part = _text("ref", array, faults)
    faults.check(
        part.there == 0, lambda _: "column ref: the value is missing; write N where it is unknown"
    )
    _check_filled("ref", part, faults)
    if lax:
        _check_blanks("ref", part, b"", faults, lax=lax)
        return part.texts
    _check_bytes(
        part,
        _NO_BASE,
        lambda text: f"column ref: found {text}, expected bases (ACGTN, or other IUPAC letters)",
        faults,
    )
    return part.texts


def _words(
    columns: Mapping[str, pa.Array], name: str, n: int, faults: Faults, *, lax: bool
) -> TextColumn:
    """ID, ALT and FILTER: texts, or lists of words; `.` where there is none."""
    array = columns.get(name)
    if array is None or pat.is_null(array.type):
        return parts.filled(parts.nothing(n))
    mark = b"," if name == "alt" else b";"
    if not is_list(array.type):
        part = _text(name, array, faults)
        _check_filled(name, part, faults)
        _check_blanks(name, part, b"", faults, lax=lax)
        return parts.filled(part)
    items, bounds = items_of(array)
    inner = of_items(bounds, faults)
    part = _text(name, items, inner)
    _check_filled(name, part, inner)
    _check_blanks(name, part, mark, inner, lax=lax)
    texts = parts.joined(parts.filled(part), bounds, mark)
    return parts.filled(Part(texts, (np.diff(bounds) > 0).view(np.uint8)))


def _text(name: str, array: pa.Array, faults: Faults) -> Part:
    array = parts.plain_values(array)
    if not is_text(array.type):
        if not pat.is_null(array.type):
            faults.refuse(f"column {name} is {array.type}, expected texts")
        return parts.nothing(len(array))
    return Part(parts.texts_in(array), parts.there(array))


def _check_filled(name: str, part: Part, faults: Faults) -> None:
    parts.check_filled(
        part,
        lambda _: f"column {name}: found an empty text, expected a value, or none (null)",
        faults,
    )


def _check_blanks(name: str, part: Part, mark: bytes, faults: Faults, *, lax: bool) -> None:
    """No tab or line break, nor what parts words; no blank either, unless it was read so."""
    told = [] if lax else ["blank"]
    told += {b",": ["comma"], b";": ["semicolon"]}.get(mark, [])
    what = "tab or line break" if lax and not told else "line break"
    listed = f"a {', '.join(told)} or {what}" if told else f"a {what}"
    table = parts.marks((BREAKS if lax else parts.BLANKS) + mark)
    _check_bytes(part, table, _say(name, listed), faults)


def _say(name: str, what: str) -> Callable[[str], str]:
    return lambda text: f"column {name}: found {text}, which has {what}; replace it"


def _check_bytes(part: Part, table: parts.Mask, say: Callable[[str], str], faults: Faults) -> None:
    check_bytes(part.texts, table, part.there, say, faults)


_QUAL = KeyLine("QUAL", "1", "Float")


def _qual(columns: Mapping[str, pa.Array], n: int, faults: Faults) -> TextColumn:
    array = columns.get("qual")
    if array is None or pat.is_null(array.type):
        return parts.filled(parts.nothing(n))
    kind = array.type
    if not (pat.is_integer(kind) or pat.is_floating(kind) or is_text(kind)):
        faults.refuse(f"column qual is {kind}, expected numbers")
        return parts.filled(parts.nothing(n))
    return parts.filled(_values(array, _Value("qual", "INFO", _QUAL, False), faults))


# ── values ──────────────────────────────────────────────────────────────────────────────────────


def _values(array: pa.Array, target: _Value, faults: Faults) -> Part:
    """A column of one key's values, lists joined by commas."""
    array = parts.plain_values(array)
    kind, declared = array.type, target.declared
    if pat.is_null(kind):
        return parts.nothing(len(array))
    if declared.type == "Flag":
        said = array.fill_null(False).to_numpy(zero_copy_only=False)
        return Part(parts.nothing(len(array)).texts, np.asarray(said).view(np.uint8))
    if target.genotype and is_genotype(kind):
        return _genotypes(array, target, faults)
    if not is_list(kind):
        if is_text(kind) and declared.type in _SCALARS:
            return _verbatim(array, target, target.declared.number, faults)
        if declared.number.isdigit() and int(declared.number) > 1 and not is_text(kind):
            faults.check(parts.there(array) == 1, lambda _: _other_count(target, 1))
        return _scalars(array, target, faults, item=False)
    items, bounds = items_of(array)
    mask = parts.there(array)
    lengths = np.diff(bounds)
    if declared.number.isdigit():
        wrong = (lengths != int(declared.number)) & (mask == 1)
        faults.check(wrong, lambda i: _other_count(target, int(lengths[i])))
    elif target.place == "INFO" or declared.type not in _SCALARS:
        empty = (lengths == 0) & (mask == 1)
        faults.check(
            empty,
            lambda _: (
                f"column {target.name}: an empty list, which {target.place} cannot say; make it "
                "missing (null)"
            ),
        )
    part = _scalars(items, target, of_items(bounds, faults), item=True)
    return Part(parts.joined(parts.filled(part), bounds, b","), mask)


def _other_count(target: _Value, found: int) -> str:
    n = target.declared.number
    values = "value" if found == 1 else "values"
    return f"column {target.name}: {found} {values}, expected {n} (Number={n})"


def _scalars(array: pa.Array, target: _Value, faults: Faults, *, item: bool) -> Part:
    """Values that are no lists; ``item`` says that they stand in one."""
    array = parts.plain_values(array)
    kind, declared = array.type, target.declared
    if pat.is_null(kind):
        return parts.nothing(len(array))
    if is_text(kind):
        if declared.type in _SCALARS:
            return _verbatim(array, target, "1", faults)
        part = Part(parts.texts_in(array), parts.there(array))
        refused = parts.marks(target.refused(item=item))
        ways = "" if target.escapes else "; replace it, or write VCF 4.3, which can escape it"
        _check_bytes(
            part,
            refused,
            lambda text: (
                f"column {target.name}: found {text}, which has a character that would end the "
                f"value{ways}"
            ),
            faults,
        )
        return _escaped(part, target.escaped(item=item))
    if declared.type == "Integer":
        why = f" (the header declares {target.place}/{declared.id} as Integer)"
        return parts.whole_numbers(array, target.name, LEAST, MOST, why, faults)
    if (
        declared.type == "Float"
        and pat.is_float64(kind)
        and past_single(array.fill_null(0).to_numpy(zero_copy_only=False)).any()
    ):
        key = declared.id if declared is _QUAL else f"{target.place}/{declared.id}"
        warn(
            f"column {target.name}: a value is past what floats of 32 bits hold, which {key} is: "
            f"others read it as zero or infinity, gidx with types={{{target.name!r}: 'double'}}"
        )
    return parts.decimals(array)


def _escaped(part: Part, letters: bytes) -> Part:
    """Percent-encoded, but for codes that readers leave as they are: ``%20`` stays."""
    found = parts.escaped(part, parts.marks(letters))
    if b"%" not in letters or first_in(part.texts.offsets, part.texts.data, _PERCENT) < 0:
        return found
    texts = pc.replace_substring_regex(parts.as_binary(found.texts), _FOREIGN, r"%\1")
    return Part(parts.texts_in(texts), found.there)


_PERCENT = parts.marks(b"%")
# two hexadecimal digits behind an escaped %, other than the eight codes that VCF has
_FOREIGN = "%25(0[0-8BCEFa-f]|2[0-46-9ABD-Fa-f]|3[0-9CEFa-f]|[14-9A-Fa-f][0-9A-Fa-f])"


def _verbatim(array: pa.Array, target: _Value, number: str, faults: Faults) -> Part:
    """Texts that a reader takes for (lists of) the numbers that are declared, as they are."""
    part = Part(parts.texts_in(array), parts.there(array))
    kind = _SCALARS[target.declared.type]
    if number != "1":
        kind = pa.list_(kind, int(number)) if number.isdigit() else pa.list_(kind)
    column = Column(target.name, kind, 0, target.said, missing=b".", closed=False)
    begin = int(part.texts.offsets[0])
    bounds = (part.texts.offsets - begin).astype(np.int32)
    data = part.texts.data[begin : int(part.texts.offsets[-1])]
    mask = part.there if array.null_count else None
    items = Items(data, bounds[:-1], bounds[1:] + np.int32(1), mask)
    values, problem = decode_items(items, column)
    if problem is not None:
        Misread(items, column, unread(array, column)).note(
            faults,
            lambda text: f"column {target.name}: found {shown(text)}, expected {target.said}",
        )
    elif target.declared.type == "Integer":
        _check_reserved(values, target, faults)
    return part


def _check_reserved(values: pa.Array, target: _Value, faults: Faults) -> None:
    """Whether there are integers that BCF keeps for itself."""
    inner: Faults = faults
    if is_list(values.type):
        values, bounds = items_of(values)
        inner = of_items(bounds, faults)
    found = values.fill_null(0).to_numpy(zero_copy_only=False)
    inner.check(
        found < LEAST,
        lambda i: f"column {target.name}: found {found[i]}, expected {LEAST} to {MOST}",
    )


def _genotypes(array: pa.StructArray, target: _Value, faults: Faults) -> Part:
    """Structs of alleles and whether they are phased, as texts."""
    alleles, phased = array.field("alleles"), array.field("phased")
    mask = parts.there(array) & parts.there(alleles)
    if alleles.null_count:  # as it is within a missing struct
        alleles = alleles.fill_null([])
    calls, bounds = items_of(alleles)
    called = parts.there(calls)
    if calls.null_count:
        calls = calls.fill_null(0)
    values = calls.to_numpy(zero_copy_only=False)
    if values.dtype != np.int8:
        if len(values) and (values.min() < 0 or values.max() >= 2**31):
            values = values.astype(np.int64)
        else:
            values = values.astype(np.int32)
    if len(values) and values.min() < 0:
        of_items(bounds, faults).check(
            values < 0,
            lambda i: (
                f"column {target.name}: found allele {values[i]}, expected 0 or more, or none"
            ),
        )
        values = np.maximum(values, 0)
    bars = np.asarray(phased.fill_null(False).to_numpy(zero_copy_only=False)).view(np.uint8)
    offsets, data = format_genotypes(
        bounds,
        np.ascontiguousarray(values),
        called,
        np.ascontiguousarray(bars),
        mask,
        target.leading,
    )
    return Part(TextColumn(offsets, data), mask)


# ── maps, and values by sample ──────────────────────────────────────────────────────────────────


def _info_map(
    array: pa.Array, own: dict[str, Keyed], flags: Mapping[str, pa.Array], faults: Faults
) -> Part:
    """What has no column, or did not fit it: key=value, or a key alone.

    ``own`` are the columns' values, ``flags`` those that are flags. A flag's text stands for
    the flag, which then is no more of ``own``, unless it is False.
    """
    if is_text(array.type):
        array = _maps_of_texts(array.cast(pa.string()))
    keys, values, bounds = parts.map_of(array)
    inner = of_items(bounds, faults)
    codes, known, names = _map_keys(keys, "INFO", bounds, inner)
    values = parts.plain_values(values)
    if not is_text(values.type):
        faults.refuse(f"column INFO is {array.type}, expected a map of texts")
        return parts.nothing(len(array))
    part = Part(parts.texts_in(values), parts.there(values))
    ends = parts.marks(BREAKS + b";")
    _check_bytes(part, ends, _say("INFO", "a semicolon, tab or line break"), inner)
    inner.check((names.lengths == 0) & (part.there == 0), lambda _: "column INFO: a key is empty")
    written = np.ones(len(codes), np.bool_)
    for code, name in enumerate(known):
        if name not in own:
            continue
        at = np.flatnonzero(codes == code)
        rows = np.searchsorted(bounds, at, side="right") - 1
        if name in flags:
            said = flags[name].cast(pa.bool_()).take(pa.array(rows)).fill_null(True)
            written[at] = said.to_numpy(zero_copy_only=False)
            there = own[name].part.there.copy()
            there[rows] = 0
            own[name] = replace(own[name], part=replace(own[name].part, there=there))
        else:
            _check_lone(own[name].part.there[rows] == 1, at, name, "INFO", inner)
    if not written.all():
        at = np.flatnonzero(written)
        names, part = parts.picked(names, at), Part(parts.picked(part.texts, at), part.there[at])
        bounds = np.concatenate([[0], np.cumsum(written)])[bounds]
    pairs = join_pairs(
        names.offsets, names.data, part.texts.offsets, part.texts.data, part.there,
        parts.bytes_of(b"="),
    )  # fmt: skip
    joined = parts.joined(TextColumn(*pairs), bounds, b";")
    return Part(joined, (np.diff(bounds) > 0).view(np.uint8))


def _maps_of_texts(texts: pa.Array) -> pa.Array:
    """INFO as it stands (``DP=8;DB``) as maps of keys and texts; a flag has no text."""
    texts = pc.call_function("utf8_trim", [texts], pc.TrimOptions(";"))
    texts = pc.replace_substring_regex(texts, ";;+", ";")
    there = pc.invert(pc.is_in(texts, pa.array(["", ".", None], pa.string())))
    fields = pc.split_pattern(pc.if_else(there, texts, pa.scalar(None, pa.string())), ";")
    lengths = pc.call_function("list_value_length", [fields]).fill_null(0).to_numpy()
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    mask = np.append(lengths == 0, False)  # an offset that is missing makes its map so
    pairs = pc.split_pattern(fields.flatten(), "=", max_splits=1)
    parted = pairs.flatten()
    first = pairs.offsets.to_numpy()[:-1] - pairs.offsets[0].as_py()
    has = np.diff(pairs.offsets.to_numpy()) == 2
    keys = parted.take(pa.array(first))
    values = parted.take(pa.array(first + 1, mask=~has))
    return pa.MapArray.from_arrays(pa.array(bounds, mask=mask), keys, values)


def _check_lone(
    both: npt.NDArray[np.bool_], at: Ints, name: str, place: Place, faults: Faults
) -> None:
    """Note the map's entries (``at``) whose column has a value, too."""
    if both.any():
        faults.note_all(
            at[both],
            lambda _: (
                f"column {place}: found the key {shown(name)}, of which the column "
                f"{place}/{name} has a value, too; make one of the two missing"
            ),
        )


def _map_keys(
    keys: pa.Array, place: Place, bounds: Ints, faults: Faults
) -> tuple[Ints, list[str], TextColumn]:
    """A map's keys: which each is, of these, and their texts; each is there once a row."""
    encoded = parts.plain_values(keys).cast(pa.string()).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    names = encoded.dictionary.to_pylist()
    for code, name in enumerate(names):
        if not names_key(place, name) or (name == "" and place == "FORMAT"):
            faults.check(
                codes == code,
                lambda _, name=name: (  # type: ignore[misc]
                    f"column {place}: found the key {shown(name)}, which no key can be"
                ),
            )
    again = repeated(codes, bounds)
    if len(again):
        faults.note_all(
            again, lambda i: f"column {place}: the key {names[codes[i]]!r} is there twice in a row"
        )
    return codes, names, parts.texts_in(parts.plain_values(encoded))


def _by_sample(
    array: pa.Array, name: str, width: int, faults: Faults
) -> tuple[pa.Array, parts.Mask]:
    """Values of all rows and samples, one after the other; which rows have any."""
    has = parts.there(array)
    lengths = np.full(len(array), width)
    if not pat.is_fixed_size_list(array.type):
        items, bounds = items_of(array)
        lengths = np.where(has == 1, np.diff(bounds), width)
        begins = bounds[:-1]
    elif array.null_count == 0:
        return items_of(array)[0], has
    else:
        items = array.values.slice(array.offset * width, len(array) * width)
        begins = np.arange(len(array)) * width
    faults.check(
        lengths != width,
        lambda i: f"column {name}: values of {lengths[i]} samples, expected {width}",
    )
    good = (has == 1) & (lengths == width)
    if good.all():
        return items, has
    at = begins[:, None] + np.arange(width)
    missing = np.repeat(~good, width)
    index = pa.array(np.where(missing, 0, at.ravel()), pa.int64(), mask=missing)
    return items.take(index), has


def _with_map(array: pa.Array, own: dict[str, _Cells], width: int, faults: Faults) -> list[_Cells]:
    """The columns' cells, where they have none those of the map; then what has no column.

    Of the latter, the first key of each row, the second …
    """
    keys, values, bounds = parts.map_of(array)
    inner = of_items(bounds, faults)
    codes, known, names = _map_keys(keys, "FORMAT", bounds, inner)
    if not is_list(values.type) or not is_text(scalar(values.type)):
        faults.refuse(f"column FORMAT is {array.type}, expected a map of lists of texts")
        return [*own.values()]
    cells, _ = _by_sample(values, "FORMAT", width, inner)
    cells = parts.plain_values(cells)
    whole = Part(parts.texts_in(cells), parts.there(cells))
    ends = parts.marks(BREAKS + b":")
    within = of_items(np.arange(len(values) + 1) * width, inner)
    _check_bytes(whole, ends, _say("FORMAT", "a colon, tab or line break"), within)
    if "GT" in known and "GT" not in own:  # the specification has it first
        nowhere = np.zeros(len(array), np.uint8)
        no_cells = parts.nothing(len(array) * width)
        own = {"GT": _Cells(_constant("GT", nowhere), no_cells, nowhere), **own}
    other = np.ones(len(codes), np.bool_)
    for code, name in enumerate(known):
        if name in own:
            at = np.flatnonzero(codes == code)
            rows = np.searchsorted(bounds, at, side="right") - 1
            own[name] = _filled(own[name], name, rows, at, whole, width, inner)
            other[at] = False
    left = np.flatnonzero(other)
    bounds = np.concatenate([[0], np.cumsum(other)])[bounds]
    counts = np.diff(bounds)
    found = [*own.values()]
    for k in range(int(counts.max(initial=0))):
        has = counts > k
        entries = left[np.where(has, bounds[:-1] + k, 0)]
        name_part = Keyed(Part(parts.picked(names, entries), has.view(np.uint8)))
        at = _cells_of(entries, width)
        part = Part(parts.picked(whole.texts, at), whole.there[at])
        found.append(_Cells(name_part, part, has.view(np.uint8)))
    return found


def _cells_of(rows: Ints, width: int) -> Ints:
    found: Ints = (rows[:, None] * width + np.arange(width)).ravel()
    return found


def _filled(
    cells: _Cells, name: str, rows: Ints, at: Ints, whole: Part, width: int, faults: Faults
) -> _Cells:
    """A column's cells with those of the map's entries ``at``, which are in these rows."""
    mine, theirs = _cells_of(rows, width), _cells_of(at, width)
    both = cells.part.there[mine] & whole.there[theirs]
    _check_lone(
        np.bitwise_or.reduce(both.reshape(-1, width), axis=1) == 1, at, name, "FORMAT", faults
    )
    full = whole.there[theirs] == 1
    pick, there, has = np.arange(len(cells.part)), cells.part.there.copy(), cells.has.copy()
    pick[mine[full]] = len(cells.part) + theirs[full]
    there[mine[full]] = 1
    has[rows] = 1
    texts = parts.picked(parts.one_after_other(cells.part.texts, whole.texts), pick)
    return _Cells(_constant(name, has), Part(texts, there), has)
