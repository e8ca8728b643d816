"""VCF 4.0 to 4.5: text lines to columns that are typed by the header.

Source: the VCF specifications 4.0 to 4.5 (samtools/hts-specs). Columns: chrom, start, end,
id, ref, alt, qual, filter; ``INFO/<ID>`` for each declared INFO, and the map ``INFO`` of
what is not declared; if there are samples, ``FORMAT/<ID>`` for each declared FORMAT, a
fixed-size list over the samples, and the map ``FORMAT``.

Number 1 is a scalar, n > 1 a fixed-size list, 0 a bool; A, R, G, P, M, LA, LR, LG and ``.``
are lists. What is not there is null: ``.``, a key that is absent, a trailing field of a
sample that was dropped. A row whose FORMAT has not the key is null as a whole, one whose
FORMAT has it a list over the samples: so both are written again as they were. The values
of ``INFO`` and ``FORMAT`` (maps) are texts as they stand, ``.`` too; a key without = is
null.

What does not fit its declaration is missing and a `Problem`, and its text stays in the map
``INFO`` or ``FORMAT`` under its key: no number of the type, or one that float32 would make
zero or infinite; an Integer below -2147483640, which the specification keeps for BCF; a
wrong count for a fixed Number; a list with such an item, as a whole; a bare key that is no
flag; an empty text in INFO. A Flag with a value (``DB=0``) is True all the same, as for
htslib, and keeps its text; a value under another type's Number=0 is missing. Only text that
is no UTF-8 is not kept, which an encoding reads. So that the map does not depend on what
columns are asked for, all keys are looked at where it is asked for. All but the first of a
repeated key are lost, and a `Problem`. A String or Character of Number 1 keeps its commas:
many files declare lists so. In FORMAT, an empty text is an empty list of numbers (the local
alleles of VCF 4.5 are written so).

``types`` say better than the header what keys are: the declarations are changed by them
before anything is read, so that what is written has the better ones.

Percent encoding is that of VCF 4.3 and later (``%3A %3B %3D %25 %2C %0D %0A %09``), in
Strings and Characters of files that say so; earlier versions have none.

Genotypes as alleles: ``0|1`` is ([0, 1], phased), ``.`` is ([null], not phased), null one
that was dropped. ``phased`` says that a genotype has a bar and no slash, VCF 4.4's leading
indicators included: ``/0|1`` and ``0|1/2`` are not phased. An indicator that is not
written says nothing, so ``1`` is not phased and ``|1`` is (VCF 4.4 lets the first be
implied; a lone allele has nothing to be phased with, unless told).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.decode import Column, Items, Problem, decode_items, decode_whole
from gidx.arrow.plan import PLACES, BatchLayout, Flag, Place, Plan, Texts
from gidx.errors import ColumnError, FormatError, hint, warn
from gidx.formats.text.dialect import Head, Lines, Metadata, Rules, fields_table
from gidx.formats.vcf.header import FIXED, Header, KeyLine
from gidx.kernels import vcf as kernels
from gidx.kernels.columns import Arrays, empty_maps
from gidx.kernels.names import hash_words
from gidx.options import Genotypes, Names

ARROW = {
    "Integer": pa.int32(),
    "Float": pa.float32(),
    "Flag": pa.bool_(),
    "Character": pa.string(),
    "String": pa.string(),
}
GENOTYPE = pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())])
LEAST_INTEGER = -(2**31) + 8  # what is below stands for missing and ends of lists in BCF
PERCENT, EQUAL = b"%", ord("=")
_ONCE = ", once a row"  # what a repeated key is not
_FIRST = "the first one alone"
_SPARSE = 4  # with fewer values than one in so many rows, only they are decoded

_INFO, _FORMAT = 7, 8  # fields
_TEXT = pa.string()
_FIXED = (  # canonical name, declared name, field, type, declared type, number, description
    ("chrom", "CHROM", 0, schema.CHROM, "String", "1", "Chromosome or contig"),
    ("start", "POS", 1, schema.POSITION, "Integer", "1", "Position, 0-based"),
    ("end", None, 1, schema.POSITION, None, None, "Where REF, END, SVLEN or LEN end"),
    ("id", "ID", 2, _TEXT, "String", "1", "Identifiers"),
    ("ref", "REF", 3, _TEXT, "String", "1", "Reference bases"),
    ("alt", "ALT", 4, pa.list_(_TEXT), "String", ".", "Alternate alleles"),
    ("qual", "QUAL", 5, pa.float32(), "Float", "1", "Phred-scaled quality"),
    ("filter", "FILTER", 6, pa.list_(_TEXT), "String", ".", "Filters not passed, or PASS"),
)
_MAPS = {
    "INFO": "INFO that the header does not declare, or that does not fit, as text",
    "FORMAT": "FORMAT that the header does not declare, or that does not fit, as text",
}


def from_head(
    head: Head, *, samples: Sequence[str] | None = None, gt: Genotypes = "text", types: Any = None
) -> Vcf:
    """The dialect of one file; warns of what is wrong with its header.

    ``samples`` are those to read, in that order (default: all; none: no FORMAT columns).
    ``gt``: FORMAT/GT as ``"text"`` or as ``"alleles"``. ``types``: of ``qual``, and of keys
    (``INFO/FR``, ``FORMAT/GQ``; there, of one sample's value), declared or not.

    >>> head = Head("x.vcf", b"##fileformat=VCFv4.3\\n#CHROM\\tPOS\\tID\\tREF\\tALT\\tQUAL\\t"
    ...             b"FILTER\\tINFO\\n", b"")
    >>> [field.name for field in from_head(head).named("native")]
    ['CHROM', 'POS', 'ID', 'REF', 'ALT', 'QUAL', 'FILTER', 'INFO']
    >>> from_head(head, types={"INFO/FR": pa.float64()}).named("canonical")[-2]
    pyarrow.Field<INFO/FR: double>
    """
    if gt not in ("text", "alleles"):
        raise ValueError(f"gt is {gt!r}; expected 'text' or 'alleles'")
    text = head.lines.decode("utf-8", "backslashreplace")
    header = Header.parse(text)
    given = _checked(schema.types_of(types), header, head.name)
    said: dict[str, _Said] = {}
    for name, kind in given.items():
        place, _, key = name.partition("/")
        if place in _MAPS:
            told = header.told(place).get(key)
            said[name] = (None, None) if told is None else _said(told)
            header = header.declaring(place, _declared_as(told or KeyLine(key), kind))
    header, faults = _mended(header, head.first[:1])
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        shown = "; ".join(faults[:5])
        warn(f"{head.name}: VCF header: {shown}{more}")
    chosen = _chosen(head.name, header, samples)
    return Vcf(head.name, text, header, chosen, gt, given, said)


_Said = tuple[str | None, str | None]  # the header's own Number and Type


def _said(declared: KeyLine) -> _Said:
    return declared.said or (declared.number, declared.type)


def _checked(types: Mapping[str, pa.DataType], header: Header, name: str) -> dict[str, pa.DataType]:
    """The types given, by canonical names; each is one that such a column can have."""
    found = {}
    for column, kind in types.items():
        place, _, key = column.partition("/")
        own = column
        if place in _MAPS and key:
            if (place, key) == ("FORMAT", "GT"):
                raise TypeError(f"{name}: types: {column!r} is text, or alleles with gt='alleles'")
            one = kind.value_type if _is_list(kind) else kind
            if not (pat.is_boolean(kind) and place == "INFO"):
                schema.check_scalar(column, one)
        elif column in ("qual", "QUAL"):
            own = "qual"
            schema.check_scalar(own, kind)
        else:
            keys = ["qual", *(f"INFO/{k}" for k in header.info)]
            keys += [f"FORMAT/{k}" for k in header.format]
            known = column in {canonical for canonical, *_ in _FIXED}
            what = f"{column!r} keeps its type" if known else schema.no_column(column, keys)
            raise ColumnError(f"{name}: types: {what}")
        found[own] = kind
    return found


def _declared_as(told: KeyLine, kind: pa.DataType) -> KeyLine:
    """The declaration, its Number and Type as a column of this type has them."""
    if pat.is_boolean(kind):
        number, type_ = "0", "Flag"
    else:
        one = kind.value_type if _is_list(kind) else kind
        number = "1"
        if pat.is_fixed_size_list(kind) and kind.list_size > 1:
            number = str(kind.list_size)
        elif _is_list(kind):
            number = "." if told.number.isdigit() else told.number
        type_ = "String"
        if pat.is_integer(one) or pat.is_floating(one):
            type_ = "Integer" if pat.is_integer(one) else "Float"
        elif told.type == "Character":
            type_ = told.type
    return replace(told, number=number, type=type_, said=None)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pat.is_list(kind) or pat.is_fixed_size_list(kind))


def _mended(header: Header, rows: Sequence[bytes]) -> tuple[Header, list[str]]:
    """The header with the samples that the first row has, if it says nothing of any."""
    faults = list(header.faults)
    if not header.lines and header.has_columns:
        faults = [*header.text_faults, "has no ## lines; all keys are undeclared"]
    fields = rows[0].count(b"\t") + 1 if rows else 0
    extra = max(fields - len(FIXED) - 1, 0)
    if not header.has_columns:
        faults.append(f"has no #CHROM line; the first row has {extra} samples")
    elif extra and not header.samples:
        faults.append(f"names no sample, but the first row has {extra}")
    if extra and not header.samples:
        faults[-1] += f", called sample1 to sample{extra}" if extra > 1 else ", called sample1"
        header = header.with_samples(f"sample{i + 1}" for i in range(extra))
    return header, faults


def _chosen(name: str, header: Header, samples: Sequence[str] | None) -> tuple[str, ...]:
    if samples is None:
        return header.samples
    if isinstance(samples, str):
        raise TypeError(f"samples is the text {samples!r}; expected a list of names")
    known = set(header.samples)
    for sample in samples:
        if sample not in known:
            meant = hint(sample, header.samples) or f"; it has {len(known)}"
            raise ColumnError(f"{name}: no sample {sample!r}{meant}")
    if len(set(samples)) < len(samples):
        doubled = next(s for s in samples if list(samples).count(s) > 1)
        raise ColumnError(f"{name}: sample {doubled!r} is asked for twice")
    return tuple(samples)


# ── columns ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Spec:
    """One column: where it comes from, and how it is made."""

    kind: Literal["fixed", "info", "infos", "format", "formats"]
    field: pa.Field
    column: Column  # of one value: for FORMAT, of one sample's
    declared: KeyLine | None = None
    key: bytes = b""

    @cached_property
    def is_flag(self) -> bool:
        return self.declared is not None and self.declared.type == "Flag"

    @property
    def takes_values(self) -> bool:
        """Whether a flag with a value is one all the same, and not a wrong Number=0."""
        return self.declared is not None and _said(self.declared)[1] == "Flag"

    @property
    def place(self) -> Place | None:
        """Which part of a row's place it is, if it is one."""
        if self.kind != "fixed" or self.column.field > 1:
            return None
        chrom, start, end = PLACES
        if self.column.field == 0:
            return chrom
        if self.field.name == "end":
            return end
        return replace(start, shift=1) if self.field.name == "POS" else start

    def texts(self, escapes: bool) -> Texts | Flag | None:
        """What is made of its values in one call; None where that cannot be."""
        kind = self.column.type
        if self.is_flag or kind == GENOTYPE:
            return Flag() if self.is_flag and self.kind == "info" else None
        format_list = self.kind == "format" and pat.is_list(kind) and self.declared is not None
        return Texts(
            self.column,
            low=LEAST_INTEGER if pat.is_int32(_item_type(kind)) else None,
            empties=format_list and self.declared.type in ("Integer", "Float"),  # type: ignore[union-attr]
            ragged=self.kind == "format",
            percent=escapes and self.column.name != "FORMAT/GT",
        )

    @cached_property
    def can_misfit(self) -> bool:
        """Whether there are texts, but such that are no UTF-8, that are none of its values."""
        kind = self.column.type
        return pat.is_fixed_size_list(kind) or not pat.is_string(_item_type(kind))


def _arrow_type(declared: KeyLine) -> pa.DataType:
    one = ARROW[declared.type]
    if declared.type == "Flag" or declared.number == "1":
        return one
    return pa.list_(one, int(declared.number)) if declared.number.isdigit() else pa.list_(one)


def _metadata(key: str, declared: KeyLine) -> dict[bytes, bytes]:
    """Where a column came from."""
    found = {
        b"vcf": key.encode(), b"id": declared.id.encode(), b"number": declared.number.encode(),
        b"type": declared.type.encode(),
    }  # fmt: skip
    if declared.description:
        found[b"description"] = declared.description.encode()
    return found


def _column(name: str, kind: pa.DataType, declared: str, at: int, **options: Any) -> Column:
    missing = options.pop("missing", b".")
    return Column(name, kind, at, declared, missing=missing, closed=False, **options)


class Vcf:
    """One VCF file's lines (a `Dialect`)."""

    kind = "vcf"
    rules = Rules(chrom=0, start=1, end=1, one_based=True, span="vcf", least=len(FIXED))

    def __init__(
        self,
        name: str,
        text: str,
        header: Header,
        samples: tuple[str, ...],
        gt: Genotypes,
        types: Mapping[str, pa.DataType],
        said: Mapping[str, _Said],
    ) -> None:
        self.name, self.header, self.gt = name, text, gt
        self._types, self._said = types, said  # given, and what the header says of these
        self.declared, self.samples = header, samples
        # where each of the file's samples goes among those chosen
        number = {sample: i for i, sample in enumerate(samples)}
        self._target = np.array([number.get(s, -1) for s in header.samples], np.int32)
        self._escapes = (header.version or (0, 0)) >= (4, 3)
        self._specs: dict[Names, list[_Spec]] = {}

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self.declared.contigs

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """``vcf_header``: the header, mended, over the chosen samples; ``samples``: these."""
        header = self.declared.with_samples(self.samples)
        return {"vcf_header": str(header), "samples": list(self.samples)}

    def named(self, names: Names) -> list[pa.Field]:
        return [spec.field for spec in self.specs(names)]

    def fields(self) -> pa.Table:
        specs = self.specs("canonical")
        said = [self._said.get(s.field.name, s.declared and _said(s.declared)) for s in specs]
        natives = [native for _, native, *_ in _FIXED]
        return fields_table(
            [spec.field for spec in specs],
            [pair[1] if pair else None for pair in said],
            [pair[0] if pair else None for pair in said],
            [(spec.field.metadata or {}).get(b"description", b"").decode() for spec in specs],
            [*natives, *(spec.field.name for spec in specs[len(natives) :])],
        )

    def info(self) -> dict[str, Any]:
        header = self.declared
        return {
            "VCF version": header.fileformat or "not said",
            "samples": len(header.samples),
            "contigs declared": len(header.contigs),
            "INFO declared": len(header.info),
            "FORMAT declared": len(header.format),
            "FILTER declared": len(header.filters),
        }

    def specs(self, names: Names) -> list[_Spec]:
        """How each column is made."""
        found = self._specs.get(names)
        if found is None:
            found = [
                *self._fixed(names),
                *self._infos(),
                *(self._formats() if self.samples else ()),
            ]
            self._specs[names] = found
        return found

    def _fixed(self, names: Names) -> list[_Spec]:
        specs = []
        for canonical, native, at, own, declared_type, number, description in _FIXED:
            name = native if names == "native" else canonical
            if name is None:
                continue
            kind = self._types.get(canonical, own)
            separator = b";" if native == "FILTER" else b","
            missing = b"" if native == "REF" else b"."
            column = _column(
                name, kind, declared_type or "", at, separator=separator, missing=missing or None
            )
            declared = None
            metadata = {b"description": description.encode()}
            if native is not None and declared_type is not None and number is not None:
                declared = KeyLine(native, number, declared_type, description)
                metadata = _metadata("FIXED", declared)
            specs.append(_Spec("fixed", pa.field(name, kind, metadata=metadata), column, declared))
        return specs

    def _infos(self) -> list[_Spec]:
        specs = [self._keyed("info", "INFO", d) for d in self.declared.info.values()]
        kind = pa.map_(_TEXT, _TEXT)
        metadata = {b"vcf": b"INFO", b"description": _MAPS["INFO"].encode()}
        column = _column("INFO", _TEXT, "String", _INFO, missing=None)
        return [*specs, _Spec("infos", pa.field("INFO", kind, metadata=metadata), column)]

    def _formats(self) -> list[_Spec]:
        told = list(self.declared.format.values())
        if self.gt == "alleles" and "GT" not in self.declared.format:
            told.insert(0, KeyLine("GT", "1", "String", "Genotype"))
        specs = [self._keyed("format", "FORMAT", d) for d in told]
        kind = pa.map_(_TEXT, pa.list_(_TEXT, len(self.samples)))
        metadata = {
            b"vcf": b"FORMAT", b"description": _MAPS["FORMAT"].encode(),
            b"samples": self._sample_names,
        }  # fmt: skip
        column = _column("FORMAT", _TEXT, "String", _FORMAT, missing=None)
        return [*specs, _Spec("formats", pa.field("FORMAT", kind, metadata=metadata), column)]

    @cached_property
    def _sample_names(self) -> bytes:
        return json.dumps(self.samples, ensure_ascii=False).encode()

    def _keyed(self, spec: Literal["info", "format"], key: str, declared: KeyLine) -> _Spec:
        name = f"{key}/{declared.id}"
        kind = self._types.get(name) or _arrow_type(declared)
        metadata = _metadata(key, declared)
        if spec == "format":
            metadata[b"samples"] = self._sample_names
            if declared.id == "GT" and self.gt == "alleles":
                kind = GENOTYPE
        said = declared.type
        if declared.number not in ("0", "1"):
            said += f" (Number={declared.number})"
        at = _INFO if spec == "info" else _FORMAT
        column = _column(name, kind, said, at)
        outer = kind if spec == "info" else pa.list_(_unfixed_type(kind), len(self.samples))
        field = pa.field(name, outer, metadata=metadata)
        return _Spec(spec, field, column, declared, declared.id.encode())

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> _Reader:
        named = self.named(names)
        return _Reader(self, columns, names, pa.schema([named[i] for i in columns], metadata))

    def plan(self, columns: Sequence[int], names: Names) -> _Plan:
        """How these columns, each once, are made."""
        specs = self.specs(names)
        return _Plan.of([specs[i] for i in columns], specs, self._words, self._escapes)

    @cached_property
    def _declared_formats(self) -> set[bytes]:
        return {spec.key for spec in self.specs("canonical") if spec.kind == "format"}

    @cached_property
    def _words(self) -> _Words:
        return _Words.of([key.encode() for key in self.declared.info])

    def decode_odd(self, lines: Lines, spec: _Spec, problems: list[Problem]) -> pa.Array:
        """A fixed column with values that are not of its type."""
        name = spec.field.name
        array, problem = decode_items(lines.items(spec.column.field), spec.column)
        if problem is not None:
            if name.lower() == "qual" and not problem.way_out:
                way_out = f"types={{'qual': '{_better(problem.text)}'}} reads it"
                problem = replace(problem, way_out=way_out)
            problems.append(problem)
        return array

    # ── INFO ────────────────────────────────────────────────────────────────────────────────────

    def decode_info(
        self, lines: Lines, plan: _Plan, arrays: dict[int, pa.Array], problems: list[Problem]
    ) -> list[Arrays]:
        words, mapped = self._words, plan.infos is not None
        begins, nexts, there, count, faults, *others = kernels.find_info(
            lines.text, lines.fields[_INFO], lines.fields[_INFO + 1], words.text, words.bounds,
            words.table, plan.slots, len(plan.info), plan.flags, mapped,
        )  # fmt: skip
        made = plan.of_info.of_items(lines.text, begins, nexts, there, plan.of_info.none)
        odd = made.odd()
        kept: list[_Entries] = []
        if odd or faults.any():
            kept = self._odd_info(
                lines, plan, (begins, nexts, there, count, faults), odd, arrays, problems
            )
        parts = [made]
        if plan.infos is not None:
            i, spec = plan.infos
            if len(others[1]) or any(len(e.rows) for e in kept):
                arrays[i] = self._info_map(lines, spec, others, kept, problems)
            else:
                parts.append(empty_maps(np.zeros(len(lines.chrom), np.uint8), listed=False))
        return parts

    def _odd_info(
        self,
        lines: Lines,
        plan: _Plan,
        found: Any,
        odd: list[int],
        arrays: dict[int, pa.Array],
        problems: list[Problem],
    ) -> list[_Entries]:
        """Columns that are ``odd``, and what is wrong; values that stay in the map."""
        begins, nexts, there, count, faults = found
        kept: list[_Entries] = []
        faulty = (faults[0, 0] + faults[1, 0]).nonzero()[0].tolist()
        for k in sorted({*odd, *faulty}):
            i, spec = plan.info[k]
            if i < 0 and not spec.can_misfit:
                continue
            ok, problem = None, None
            if k in odd:
                items = Items(lines.text, begins[k], nexts[k], there[k])
                if spec.is_flag:
                    array, ok, problem = _flags(items, there[k], spec)
                else:
                    array, ok, problem = self._values(items, spec, int(count[k]))
            if plan.infos is not None and ok is not None:
                kept.append(_Entries.of_misfits(items, np.flatnonzero(ok == 0), len(spec.key)))
            if i < 0:  # nobody asked for the column, only for the map
                continue
            if k in odd:
                arrays[i] = array
            problems += [_in_map(problem, spec)] if problem else []
            for what, (n, row, a, b) in zip(("", _ONCE), faults[:, :, k], strict=True):
                if n:
                    text = _shown(lines.text[a : b - 1])
                    said = spec.column.declared + what
                    one = Problem(spec.column.name, said, int(n), int(row), text)
                    problems.append(replace(one, read_as=_FIRST) if what else one)
        return kept

    def _info_map(
        self,
        lines: Lines,
        spec: _Spec,
        others: Sequence[Any],
        kept: Sequence[_Entries],
        problems: list[Problem],
    ) -> pa.Array:
        """Keys that are not declared, and ``kept`` ones, which do not fit."""
        n = len(lines)
        entries = _Entries.of_rows(*others).with_others(kept)
        first = kernels.first_of_keys(lines.text, entries.offsets(n), entries.begins, entries.ends)
        if not first.all():
            again = np.flatnonzero(first == 0)
            m = int(again[0])
            text = _shown(lines.text[entries.begins[m] : entries.nexts[m] - 1])
            said = f"String{_ONCE}"
            row = int(entries.rows[m])
            problems.append(Problem(spec.column.name, said, len(again), row, text, read_as=_FIRST))
            entries = entries.take(np.flatnonzero(first == 1))
        begins, ends, nexts = entries.begins, entries.ends, entries.nexts
        keys = _keys(Items(lines.text, begins, ends + np.int32(1)))
        bare = ends + 1 == nexts
        items = Items(
            lines.text,
            np.where(bare, 0, ends + 1).astype(np.int32),
            np.where(bare, 1, nexts).astype(np.int32),
            (~bare).astype(np.uint8),
        )
        values, problem = decode_items(items, spec.column)
        if problem is not None:
            problems.append(replace(problem, row=int(entries.rows[problem.row])))
        return _map(spec.field.type, entries.offsets(n), keys, values)

    # ── FORMAT ──────────────────────────────────────────────────────────────────────────────────

    def decode_format(
        self, lines: Lines, plan: _Plan, arrays: dict[int, pa.Array], problems: list[Problem]
    ) -> None:
        n, width, slots = len(lines), len(self.samples), len(plan.format)
        which, begins, format_begins, format_ends = kernels.find_formats(
            lines.text, lines.fields[_FORMAT], lines.stops
        )
        told = _Formats.of(
            [lines.text[a:b].tobytes() for a, b in zip(format_begins, format_ends, strict=True)],
            plan,
            self._declared_formats,
        )
        problems += told.repeated(which, plan, self._declared_formats)
        kept: list[_Misfits] = []
        rows = told.other_counts[which]
        other_rows = np.concatenate([[0], np.cumsum(rows)])
        all_items: list[Any]
        status, at, sample, found, *all_items = kernels.find_samples(
            lines.text, begins, lines.stops, which, told.bounds, told.slots, self._target, width,
            slots, other_rows, int(other_rows[-1]),
        )  # fmt: skip
        if status != kernels.OK:
            raise self._broken(lines, status, at, sample, found)
        own = [one[: slots * n * width].reshape(slots, n * width) for one in all_items]
        begins, nexts, there = own
        made = plan.of_format.imported(
            plan.of_format.of_items(lines.text, begins, nexts, there, plan.of_format.none)
        )
        for k, (i, spec) in enumerate(plan.format):
            flat, ok, problem = made[k], None, None
            if flat is None:
                items = Items(lines.text, begins[k], nexts[k], there[k])
                if spec.column.type == GENOTYPE:
                    flat, ok, problem = _genotypes(items, spec)
                else:
                    flat, ok, problem = self._values(items, spec, int(np.count_nonzero(there[k])))
            if ok is not None and plan.formats is not None:
                kept += _Misfits.of(items, ok, spec.key, width)
            if i < 0:  # nobody asked for the column, only for the map
                continue
            if problem is not None:
                problems.append(_in_map(replace(problem, row=problem.row // width), spec))
            has = told.has[which, k]
            validity = None if has.all() else _bitmap(has)
            arrays[i] = pa.Array.from_buffers(
                spec.field.type, n, [validity], children=[_unfixed(flat)]
            )
        if plan.formats is not None:
            i, spec = plan.formats
            if other_rows[-1] == 0 and not kept:
                arrays[i] = pa.nulls(n, spec.field.type)
                return
            items = Items(lines.text, *(one[slots * n * width :] for one in all_items))
            within = np.arange(other_rows[-1]) - np.repeat(other_rows[:-1], rows)
            names = np.repeat(told.other_starts[which], rows) + within
            owners, keys = np.repeat(np.arange(n), rows), told.other_names
            if kept:
                items, owners, names, keys = _with_misfits(items, owners, names, keys, kept, width)
            flat, problem = decode_items(items, spec.column)
            if problem is not None:
                problems.append(replace(problem, row=int(owners[problem.row // width])))
            values = pa.Array.from_buffers(
                spec.field.type.item_type, len(owners), [None], children=[flat]
            )
            offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))])
            named = pa.array(keys, _TEXT).take(pa.array(names))
            arrays[i] = _map(spec.field.type, offsets.astype(np.int32), named, values)

    def _broken(self, lines: Lines, status: int, at: int, sample: int, found: int) -> FormatError:
        begin, stop = int(lines.fields[0, at]), int(lines.stops[at])
        line = _shown(lines.text[begin : min(stop, begin + 60)])
        if status == kernels.SUBFIELDS:
            name = self.declared.samples[sample]
            what = f"sample {name} has {found} values, its row's FORMAT has fewer keys"
        else:
            more = " or more" if status == kernels.TOO_MANY else ""
            what = f"{found}{more} samples, the header names {len(self._target)}"
        return FormatError(f"{self.name}: {what}: {line!r}", path=self.name, offset=None)

    # ── values ──────────────────────────────────────────────────────────────────────────────────

    def _values(
        self, items: Items, spec: _Spec, count: int
    ) -> tuple[pa.Array, _Ok, Problem | None]:
        """Items, `count` of which are there, as an array of the column's type.

        And which of them are, or are not there (None: all), and what is wrong.
        """
        column, n = spec.column, len(items)
        if count == 0:
            return pa.nulls(n, column.type), None, None
        if count * _SPARSE > n or items.there is None:
            if count == n:
                items = Items(items.text, items.begins, items.nexts)
            return self._dense(items, spec)
        at = np.flatnonzero(items.there)
        few, few_ok, problem = self._dense(
            Items(items.text, items.begins[at], items.nexts[at]), spec
        )
        index = np.zeros(n, np.int32)
        index[at] = np.arange(len(at), dtype=np.int32)
        taken = few.take(pa.array(index, mask=items.there == 0))
        ok = None
        if few_ok is not None:
            ok = np.ones(n, np.uint8)
            ok[at] = few_ok
        return taken, ok, None if problem is None else replace(problem, row=int(at[problem.row]))

    def _dense(self, items: Items, spec: _Spec) -> tuple[pa.Array, _Ok, Problem | None]:
        column = spec.column
        empty = None
        if spec.kind == "format" and pat.is_list(column.type) and spec.declared is not None and (
            spec.declared.type in ("Integer", "Float")
        ):  # fmt: skip
            items, empty = _without_empty(items)
        array, ok, problem = decode_whole(items, column)
        if empty is not None:
            valid = np.asarray(array.is_valid()) | empty
            array = pa.Array.from_buffers(
                array.type, len(array), [_bitmap(valid), array.buffers()[1]],
                children=[array.values],
            )  # fmt: skip
        leaf = _leaf(array)
        if pat.is_int32(leaf.type):
            return _without_reserved(array, leaf, items, column, ok, problem)
        if self._escapes and pat.is_string(leaf.type) and column.name != "FORMAT/GT":
            array = _unescaped(array, leaf)
        return array, ok, problem


# ── what is worked out once ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Words:
    """Keys for the kernel that finds them."""

    number: dict[bytes, int]
    text: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]
    table: npt.NDArray[np.int32]

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> _Words:
        text = np.frombuffer(b"".join(keys), np.uint8)
        bounds = np.cumsum([0, *map(len, keys)]).astype(np.int64)
        return cls({key: i for i, key in enumerate(keys)}, text, bounds, hash_words(text, bounds))


_Placed = tuple[int, _Spec]  # where among those asked for; -1: only its misfits, for the map
_Ok = npt.NDArray[np.uint8] | None  # which values are of their type; None: all


@dataclass(frozen=True)
class _Plan:
    """Columns that are asked for, each once, by where they come from."""

    want: int
    fixed: list[_Placed]
    info: list[_Placed]
    infos: _Placed | None
    format: list[_Placed]
    formats: _Placed | None
    slots: npt.NDArray[np.int64]  # of each declared INFO: its number in `info`, or -1
    flags: npt.NDArray[np.uint8]
    of_fixed: Plan
    of_info: Plan
    of_format: Plan  # of all samples' values, one after the other

    @classmethod
    def of(
        cls, specs: Sequence[_Spec], known: Sequence[_Spec], words: _Words, escapes: bool
    ) -> _Plan:
        """Of these columns of those that are ``known``."""
        by_kind: dict[str, list[_Placed]] = {}
        for i, spec in enumerate(specs):
            by_kind.setdefault(spec.kind, []).append((i, spec))
        for one, whole in (("info", "infos"), ("format", "formats")):
            if whole in by_kind:
                asked = {spec.key for _, spec in by_kind.get(one, [])}
                others = [(-1, s) for s in known if s.kind == one and s.key not in asked]
                if one == "format":
                    others = [(i, s) for i, s in others if s.can_misfit]
                by_kind[one] = [*by_kind.get(one, []), *others]
        info = by_kind.get("info", [])
        slots = np.full(len(words.number), -1, np.int64)
        for k, (_, spec) in enumerate(info):
            slots[words.number[spec.key]] = k
        at = [s.column.field for s in specs]
        return cls(
            min(max((f + 1 for f in at if f > 1), default=0), _FORMAT),
            by_kind.get("fixed", []),
            info,
            next(iter(by_kind.get("infos", [])), None),
            by_kind.get("format", []),
            next(iter(by_kind.get("formats", [])), None),
            slots,
            np.array([spec.is_flag for _, spec in info], np.uint8),
            Plan([spec.place or spec.column for _, spec in by_kind.get("fixed", [])]),
            Plan([spec.texts(escapes) if i >= 0 or spec.can_misfit else None for i, spec in info]),
            Plan([spec.texts(escapes) for _, spec in by_kind.get("format", [])]),
        )


class _Reader:
    """Some columns of VCF lines (a `LineReader`)."""

    def __init__(self, vcf: Vcf, columns: Sequence[int], names: Names, fields: pa.Schema) -> None:
        self._vcf, self._plan = vcf, vcf.plan(columns, names)
        plan, where = self._plan, dict.fromkeys(range(len(columns)), (-1, -1))
        for part, placed in enumerate((plan.fixed, plan.info)):
            where |= {i: (part, k) for k, (i, _) in enumerate(placed) if i >= 0}
        if plan.infos is not None:
            where[plan.infos[0]] = 2, 0
        self._layout = BatchLayout(list(where.values()), fields, [plan.of_fixed, plan.of_info])
        self.want = self._plan.want  # chrom, start and end are placed already

    def decode(self, lines: Lines) -> tuple[pa.RecordBatch, list[Problem]]:
        vcf, plan = self._vcf, self._plan
        others: dict[int, pa.Array] = {}
        problems: list[Problem] = []
        made = plan.of_fixed.of_rows(
            lines.text, lines.fields, lines.chrom, lines.start, lines.end, lines.names
        )
        for k in made.odd():
            i, spec = plan.fixed[k]
            others[i] = vcf.decode_odd(lines, spec, problems)
        parts = [made]
        if plan.info or plan.infos is not None:
            parts += vcf.decode_info(lines, plan, others, problems)
        if plan.format or plan.formats is not None:
            vcf.decode_format(lines, plan, others, problems)
        return self._layout.batch(parts, len(lines.chrom), others), problems


@dataclass(frozen=True)
class _Formats:
    """The different FORMATs of some rows, each with a last one more: that of no FORMAT."""

    texts: list[bytes]
    bounds: npt.NDArray[np.int32]
    slots: npt.NDArray[np.int32]  # see kernels.vcf.find_samples
    has: npt.NDArray[np.bool_]  # (FORMATs + 1, columns asked for)
    other_counts: npt.NDArray[np.int64]
    other_starts: npt.NDArray[np.int64]
    other_names: list[str]
    doubled: list[tuple[int, bytes]]  # FORMAT, key

    @classmethod
    def of(cls, texts: list[bytes], plan: _Plan, declared: Collection[bytes]) -> _Formats:
        number = {spec.key: k for k, (_, spec) in enumerate(plan.format)}
        bounds, slots, doubled = [0], [], []
        others: list[str] = []
        has = np.zeros((len(texts) + 1, len(number)), np.bool_)
        counts, starts = np.zeros((2, len(texts) + 1), np.int64)
        for f, text in enumerate(texts):
            starts[f] = len(others)
            seen: set[bytes] = set()
            for key in text.split(b":") if text != b"." else ():
                slot = -1
                if key in seen:
                    doubled.append((f, key))
                elif key in number:
                    slot = number[key]
                    has[f, slot] = True
                elif plan.formats is not None and key not in declared:
                    slot = -2 - (len(others) - int(starts[f]))
                    others.append(_shown(key))
                seen.add(key)
                slots.append(slot)
            counts[f] = len(others) - starts[f]
            bounds.append(len(slots))
        return cls(
            texts, np.array(bounds, np.int32), np.array(slots, np.int32), has, counts, starts,
            others, doubled,
        )  # fmt: skip

    def repeated(
        self, which: npt.NDArray[np.int32], plan: _Plan, declared: Collection[bytes]
    ) -> list[Problem]:
        """A Problem for each column whose key a FORMAT has more than once."""
        specs = {spec.key: spec for i, spec in plan.format if i >= 0}
        found: dict[str, Problem] = {}
        for f, key in self.doubled:
            spec = specs.get(key)
            if spec is None and plan.formats is not None and key not in declared:
                spec = plan.formats[1]
            if spec is not None:
                rows = np.flatnonzero(which == f)
                name, said = spec.column.name, f"{spec.column.declared}{_ONCE}"
                row, text = int(rows[0]), _shown(self.texts[f])
                one = Problem(name, said, len(rows), row, text, read_as=_FIRST)
                found[name] = _both(found.get(name), one)
        return list(found.values())


# ── what stays as text ──────────────────────────────────────────────────────────────────────────


def _in_map(problem: Problem, spec: _Spec) -> Problem:
    """The problem of a value whose text stays in its map, and how to read it better."""
    if problem.way_out:  # it is no text
        return problem
    place = "INFO" if spec.kind == "info" else "FORMAT"
    way_out = f"the map {place} keeps the text"
    if spec.column.type != GENOTYPE:
        better = "string" if _is_list(spec.column.type) else _better(problem.text)
        way_out += f"; types={{'{spec.column.name}': '{better}'}} reads it"
    return replace(problem, way_out=way_out)


def _better(text: str) -> str:
    """The name of a type that takes the text."""
    try:
        float(text)
    except ValueError:
        return "string"
    return "double"


def _is_text(items: Items) -> npt.NDArray[np.bool_]:
    """Which items are UTF-8, and can stay as text."""
    array, problem = decode_items(items, Column("", _TEXT, 0, ""))
    return np.ones(len(items), np.bool_) if problem is None else np.asarray(array.is_valid())


@dataclass(frozen=True)
class _Entries:
    """Entries of the map INFO, row by row: `text[begins:ends]` is a key, behind its = a value."""

    rows: npt.NDArray[np.int64]
    begins: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    nexts: npt.NDArray[np.int32]

    @classmethod
    def of_rows(
        cls,
        offsets: npt.NDArray[np.int32],
        begins: npt.NDArray[np.int32],
        ends: npt.NDArray[np.int32],
        nexts: npt.NDArray[np.int32],
    ) -> _Entries:
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        return cls(rows, begins, ends, nexts)

    @classmethod
    def of_misfits(cls, items: Items, rows: npt.NDArray[np.int64], key_size: int) -> _Entries:
        """Of values behind their keys, in these rows."""
        found = Items(items.text, items.begins[rows], items.nexts[rows])
        rows = rows[_is_text(found)]
        begins, nexts = items.begins[rows], items.nexts[rows]
        return cls(rows, begins - np.int32(key_size + 1), begins - np.int32(1), nexts)

    def with_others(self, others: Sequence[_Entries]) -> _Entries:
        """All of them, in the order in which they stand in the text."""
        if not others:
            return self
        every = [self, *others]
        rows, begins, ends, nexts = (
            np.concatenate([getattr(e, name) for e in every])
            for name in ("rows", "begins", "ends", "nexts")
        )
        return _Entries(rows, begins, ends, nexts).take(np.lexsort((begins, rows)))

    def take(self, at: npt.NDArray[np.int64]) -> _Entries:
        return _Entries(self.rows[at], self.begins[at], self.ends[at], self.nexts[at])

    def offsets(self, n: int) -> npt.NDArray[np.int32]:
        """Where each of n rows begins."""
        counts = np.bincount(self.rows, minlength=n)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


@dataclass(frozen=True)
class _Misfits:
    """Values of one FORMAT key that stay as text: of some rows, those of all samples.

    Those that fit are not there.
    """

    key: str
    rows: npt.NDArray[np.int64]
    items: Items

    @classmethod
    def of(cls, items: Items, ok: npt.NDArray[np.uint8], key: bytes, width: int) -> list[_Misfits]:
        at = np.flatnonzero(ok == 0)
        at = at[_is_text(Items(items.text, items.begins[at], items.nexts[at]))]
        if len(at) == 0:
            return []
        bad = np.zeros(len(ok), np.uint8)
        bad[at] = 1
        rows = np.unique(at // width)
        cells = (rows[:, None] * width + np.arange(width)).ravel()
        there = bad[cells]
        begins = np.where(there == 1, items.begins[cells], 0).astype(np.int32)
        nexts = np.where(there == 1, items.nexts[cells], 1).astype(np.int32)
        return [cls(_shown(key), rows, Items(items.text, begins, nexts, there))]


def _with_misfits(
    items: Items,
    rows: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    keys: list[str],
    kept: Sequence[_Misfits],
    width: int,
) -> tuple[Items, npt.NDArray[np.int64], npt.NDArray[np.int64], list[str]]:
    """A map's entries with those that stay as text, row by row: values, rows, names, the names."""
    added = [np.full(len(m.rows), len(keys) + j) for j, m in enumerate(kept)]
    all_rows = np.concatenate([rows, *(m.rows for m in kept)])
    order = np.argsort(all_rows, kind="stable")
    cells = (order[:, None] * width + np.arange(width)).ravel()
    begins, nexts, there = (
        np.concatenate([getattr(one, part) for one in (items, *(m.items for m in kept))])[cells]
        for part in ("begins", "nexts", "there")
    )
    fresh = Items(items.text, begins, nexts, there)
    every = np.concatenate([names, *added])[order]
    return fresh, all_rows[order], every, [*keys, *(m.key for m in kept)]


# ── arrays ──────────────────────────────────────────────────────────────────────────────────────


def _shown(text: Any) -> str:
    return bytes(text).decode("utf-8", "backslashreplace")


def _both(one: Problem | None, other: Problem) -> Problem:
    """Two problems of one column as one: the first row's text."""
    if one is None:
        return other
    first = one if one.row <= other.row else other
    return replace(first, count=one.count + other.count)


def _bitmap(valid: npt.NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _leaf(array: pa.Array) -> pa.Array:
    """A list's items; anything else as it is."""
    nested = pat.is_list(array.type) or pat.is_fixed_size_list(array.type)
    return array.values if nested else array


def _with_leaf(array: pa.Array, leaf: pa.Array) -> pa.Array:
    """The same lists of other items."""
    if _leaf(array) is array:
        return leaf
    own = array.buffers()[: 2 if pat.is_list(array.type) else 1]
    return pa.Array.from_buffers(
        array.type, len(array), own, null_count=array.null_count, children=[leaf]
    )


def _item_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if _is_list(kind) else kind


def _unfixed_type(kind: pa.DataType) -> pa.DataType:
    return pa.list_(kind.value_type) if pat.is_fixed_size_list(kind) else kind


def _unfixed(array: pa.Array) -> pa.Array:
    """Lists of a fixed size (Number=2) as lists, to stand in those over the samples.

    Arrow (17 to 26) takes wrong rows from a slice of lists of a fixed size in lists of a
    fixed size, or crashes, when it filters them: ``df.iloc[5:9][mask]`` is enough.
    """
    kind = _unfixed_type(array.type)
    if kind == array.type:
        return array
    offsets = np.arange(len(array) + 1, dtype=np.int32) * array.type.list_size
    buffers = [array.buffers()[0], pa.py_buffer(offsets)]
    return pa.Array.from_buffers(
        kind, len(array), buffers, null_count=array.null_count, children=[array.values]
    )


def _row_of(array: pa.Array, item: int) -> int:
    """The row that an item of its lists is in."""
    if pat.is_fixed_size_list(array.type):
        return int(item // array.type.list_size)
    if pat.is_list(array.type):
        return int(np.searchsorted(array.offsets.to_numpy(), item, side="right")) - 1
    return item


def _without_reserved(
    array: pa.Array, leaf: pa.Array, items: Items, column: Column, ok: _Ok, problem: Problem | None
) -> tuple[pa.Array, _Ok, Problem | None]:
    """Without values that are, or have, the integers that BCF keeps for itself."""
    if len(leaf) == 0:
        return array, ok, problem
    values = np.frombuffer(leaf.buffers()[1], np.int32)[: len(leaf)]
    if values.min() >= LEAST_INTEGER:
        return array, ok, problem
    bad = (values < LEAST_INTEGER) & np.asarray(leaf.is_valid())
    rows = np.unique([_row_of(array, int(i)) for i in np.flatnonzero(bad)])
    rows = rows[np.asarray(array.is_valid())[rows]]
    if len(rows) == 0:
        return array, ok, problem
    valid = np.array(array.is_valid())
    valid[rows] = False
    nested = _leaf(array) is not array
    own = array.buffers()[1 : 2 if pat.is_list(array.type) or not nested else 1]
    children = [leaf] if nested else []
    array = pa.Array.from_buffers(array.type, len(array), [_bitmap(valid), *own], children=children)
    ok = np.ones(len(array), np.uint8) if ok is None else ok
    ok[rows] = 0
    row = int(rows[0])
    own_problem = Problem(column.name, column.declared, len(rows), row, _shown(items[row]))
    return array, ok, _both(problem, own_problem)


def _unescaped(array: pa.Array, leaf: pa.Array) -> pa.Array:
    """Strings with their percent escapes decoded."""
    validity, offsets, data = leaf.buffers()
    if data is None or PERCENT not in memoryview(data).cast("B").tobytes():
        return array
    old = np.frombuffer(offsets, np.int32)[: len(leaf) + 1]
    text = np.frombuffer(data, np.uint8)
    bounds, fresh = kernels.unescape(old, text)
    buffers = [validity, pa.py_buffer(bounds), pa.py_buffer(fresh)]
    return _with_leaf(array, pa.Array.from_buffers(leaf.type, len(leaf), buffers))


def _without_empty(items: Items) -> tuple[Items, npt.NDArray[np.bool_] | None]:
    """Items without those that are an empty text, and which these are; None: none."""
    empty = items.nexts - items.begins == 1
    if items.there is not None:
        empty &= items.there == 1
    if not empty.any():
        return items, None
    there = (~empty if items.there is None else (items.there == 1) & ~empty).astype(np.uint8)
    return Items(items.text, items.begins, items.nexts, there), empty


def _flags(
    items: Items, there: npt.NDArray[np.uint8], spec: _Spec
) -> tuple[pa.Array, _Ok, Problem | None]:
    """Flags, True where their key is there; which of them have no value, or are not there."""
    bits = _bitmap(there)
    at = np.flatnonzero(there)
    valued = at[items.text[items.begins[at] - 1] == EQUAL]
    if len(valued) == 0:
        return pa.Array.from_buffers(pa.bool_(), len(there), [None, bits]), None, None
    ok = np.ones(len(there), np.uint8)
    ok[valued] = 0
    row = int(valued[0])
    is_true = spec.takes_values
    problem = Problem(
        spec.column.name, "Flag" if is_true else "Number=0", len(valued), row,
        _shown(items[row]), read_as="True" if is_true else "missing",
    )  # fmt: skip
    validity = None if is_true else _bitmap(ok)
    return pa.Array.from_buffers(pa.bool_(), len(there), [validity, bits]), ok, problem


def _genotypes(items: Items, spec: _Spec) -> tuple[pa.Array, _Ok, Problem | None]:
    """Structs of alleles and whether they are phased."""
    offsets, alleles, called, phased, state, n_bad, n_missing = kernels.genotypes(
        items.text, items.begins, items.nexts, cast(Any, items.there)
    )
    n = len(items)
    calls = pa.Array.from_buffers(
        pa.int8(), len(alleles),
        [None if called.all() else _bitmap(called), pa.py_buffer(alleles)],
    )  # fmt: skip
    lists = pa.Array.from_buffers(
        GENOTYPE.field("alleles").type, n, [None, pa.py_buffer(offsets)], children=[calls]
    )
    bars = pa.Array.from_buffers(pa.bool_(), n, [None, _bitmap(phased)])
    valid = _bitmap(state == 1) if n_bad + n_missing else None
    array = pa.Array.from_buffers(
        GENOTYPE, n, [valid], null_count=n_bad + n_missing, children=[lists, bars]
    )
    if not n_bad:
        return array, None, None
    ok = (state != 0).astype(np.uint8)
    row = int(np.flatnonzero(state == 0)[0])
    text = _shown(items[row])
    return array, ok, Problem(spec.column.name, "a genotype of alleles to 127", n_bad, row, text)


def _keys(items: Items) -> pa.Array:
    """Keys as they stand; bytes that are no UTF-8 are shown, since a key cannot be null."""
    keys, _ = decode_items(items, Column("", _TEXT, 0, ""))
    if keys.null_count == 0:
        return keys
    return pa.array([_shown(items[i]) for i in range(len(items))], _TEXT)


def _map(
    kind: pa.MapType, offsets: npt.NDArray[np.int32], keys: pa.Array, values: pa.Array
) -> pa.Array:
    """A map of each row's entries; null where it has none."""
    entries = pa.StructArray.from_arrays([keys, values], fields=[kind.key_field, kind.item_field])
    valid = _bitmap(np.diff(offsets) > 0)
    return pa.Array.from_buffers(
        kind, len(offsets) - 1, [valid, pa.py_buffer(offsets)], children=[entries]
    )
