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
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.decode import Items, Problem, bitmap, decode_items, decode_whole
from gidx.arrow.lists import is_list
from gidx.arrow.plan import BatchLayout
from gidx.errors import ColumnError, FormatError, hint, warn
from gidx.formats.text.dialect import Head, Lines, Metadata, Rules, fields_table
from gidx.formats.vcf.arrays import (
    Ok,
    flags_of,
    genotypes_of,
    keys_of,
    leaf_of,
    map_of,
    unescaped,
    unfixed,
    unfixed_type,
    without_empty,
    without_reserved,
)
from gidx.formats.vcf.columns import (
    FIRST_ALONE,
    FIXED_COLUMNS,
    FORMAT_FIELD,
    GENOTYPE,
    INFO_FIELD,
    MAPS,
    ONCE_A_ROW,
    TEXT,
    Formats,
    KeyWords,
    Said,
    Spec,
    VcfPlan,
    arrow_type,
    column_of,
    metadata_of,
    said_of,
    shown_text,
)
from gidx.formats.vcf.header import FIXED, Header, KeyLine
from gidx.formats.vcf.misfits import MapEntries, Misfits, better_type, kept_in_map, with_misfits
from gidx.kernels import vcf as kernels
from gidx.kernels.columns import Arrays, empty_maps
from gidx.options import Genotypes, Names

_SPARSE = 4  # with fewer values than one in so many rows, only they are decoded


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
    said: dict[str, Said] = {}
    for name, kind in given.items():
        place, _, key = name.partition("/")
        if place in MAPS:
            told = header.told(place).get(key)
            said[name] = (None, None) if told is None else said_of(told)
            header = header.declaring(place, _declared_as(told or KeyLine(key), kind))
    header, faults = _mended(header, head.first[:1])
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        shown = "; ".join(faults[:5])
        warn(f"{head.name}: VCF header: {shown}{more}")
    chosen = _chosen(head.name, header, samples)
    return Vcf(head.name, text, header, chosen, gt, given, said)


def _checked(types: Mapping[str, pa.DataType], header: Header, name: str) -> dict[str, pa.DataType]:
    """The types given, by canonical names; each is one that such a column can have."""
    found = {}
    for column, kind in types.items():
        place, _, key = column.partition("/")
        own = column
        if place in MAPS and key:
            if (place, key) == ("FORMAT", "GT"):
                raise TypeError(f"{name}: types: {column!r} is text, or alleles with gt='alleles'")
            one = kind.value_type if is_list(kind) else kind
            if not (pat.is_boolean(kind) and place == "INFO"):
                schema.check_scalar(column, one)
        elif column in ("qual", "QUAL"):
            own = "qual"
            schema.check_scalar(own, kind)
        else:
            keys = ["qual", *(f"INFO/{k}" for k in header.info)]
            keys += [f"FORMAT/{k}" for k in header.format]
            known = column in {canonical for canonical, *_ in FIXED_COLUMNS}
            what = f"{column!r} keeps its type" if known else schema.no_column(column, keys)
            raise ColumnError(f"{name}: types: {what}")
        found[own] = kind
    return found


def _declared_as(told: KeyLine, kind: pa.DataType) -> KeyLine:
    """The declaration, its Number and Type as a column of this type has them."""
    if pat.is_boolean(kind):
        number, type_ = "0", "Flag"
    else:
        one = kind.value_type if is_list(kind) else kind
        number = "1"
        if pat.is_fixed_size_list(kind) and kind.list_size > 1:
            number = str(kind.list_size)
        elif is_list(kind):
            number = "." if told.number.isdigit() else told.number
        type_ = "String"
        if pat.is_integer(one) or pat.is_floating(one):
            type_ = "Integer" if pat.is_integer(one) else "Float"
        elif told.type == "Character":
            type_ = told.type
    return replace(told, number=number, type=type_, said=None)


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
        said: Mapping[str, Said],
    ) -> None:
        self.name, self.header, self.gt = name, text, gt
        self._types, self._said = types, said  # given, and what the header says of these
        self.declared, self.samples = header, samples
        # where each of the file's samples goes among those chosen
        number = {sample: i for i, sample in enumerate(samples)}
        self._target = np.array([number.get(s, -1) for s in header.samples], np.int32)
        self._escapes = (header.version or (0, 0)) >= (4, 3)
        self._specs: dict[Names, list[Spec]] = {}

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
        said = [self._said.get(s.field.name, s.declared and said_of(s.declared)) for s in specs]
        natives = [native for _, native, *_ in FIXED_COLUMNS]
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

    def specs(self, names: Names) -> list[Spec]:
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

    def _fixed(self, names: Names) -> list[Spec]:
        specs = []
        for canonical, native, at, own, declared_type, number, description in FIXED_COLUMNS:
            name = native if names == "native" else canonical
            if name is None:
                continue
            kind = self._types.get(canonical, own)
            separator = b";" if native == "FILTER" else b","
            missing = b"" if native == "REF" else b"."
            column = column_of(
                name, kind, declared_type or "", at, separator=separator, missing=missing or None
            )
            declared = None
            metadata = {b"description": description.encode()}
            if native is not None and declared_type is not None and number is not None:
                declared = KeyLine(native, number, declared_type, description)
                metadata = metadata_of("FIXED", declared)
            specs.append(Spec("fixed", pa.field(name, kind, metadata=metadata), column, declared))
        return specs

    def _infos(self) -> list[Spec]:
        specs = [self._keyed("info", "INFO", d) for d in self.declared.info.values()]
        kind = pa.map_(TEXT, TEXT)
        metadata = {b"vcf": b"INFO", b"description": MAPS["INFO"].encode()}
        column = column_of("INFO", TEXT, "String", INFO_FIELD, missing=None)
        return [*specs, Spec("infos", pa.field("INFO", kind, metadata=metadata), column)]

    def _formats(self) -> list[Spec]:
        told = list(self.declared.format.values())
        if self.gt == "alleles" and "GT" not in self.declared.format:
            told.insert(0, KeyLine("GT", "1", "String", "Genotype"))
        specs = [self._keyed("format", "FORMAT", d) for d in told]
        kind = pa.map_(TEXT, pa.list_(TEXT, len(self.samples)))
        metadata = {
            b"vcf": b"FORMAT", b"description": MAPS["FORMAT"].encode(),
            b"samples": self._sample_names,
        }  # fmt: skip
        column = column_of("FORMAT", TEXT, "String", FORMAT_FIELD, missing=None)
        return [*specs, Spec("formats", pa.field("FORMAT", kind, metadata=metadata), column)]

    @cached_property
    def _sample_names(self) -> bytes:
        return json.dumps(self.samples, ensure_ascii=False).encode()

    def _keyed(self, spec: Literal["info", "format"], key: str, declared: KeyLine) -> Spec:
        name = f"{key}/{declared.id}"
        kind = self._types.get(name) or arrow_type(declared)
        metadata = metadata_of(key, declared)
        if spec == "format":
            metadata[b"samples"] = self._sample_names
            if declared.id == "GT" and self.gt == "alleles":
                kind = GENOTYPE
        said = declared.type
        if declared.number not in ("0", "1"):
            said += f" (Number={declared.number})"
        at = INFO_FIELD if spec == "info" else FORMAT_FIELD
        column = column_of(name, kind, said, at)
        outer = kind if spec == "info" else pa.list_(unfixed_type(kind), len(self.samples))
        field = pa.field(name, outer, metadata=metadata)
        return Spec(spec, field, column, declared, declared.id.encode())

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> _Reader:
        named = self.named(names)
        return _Reader(self, columns, names, pa.schema([named[i] for i in columns], metadata))

    def plan(self, columns: Sequence[int], names: Names) -> VcfPlan:
        """How these columns, each once, are made."""
        specs = self.specs(names)
        return VcfPlan.of([specs[i] for i in columns], specs, self._words, self._escapes)

    @cached_property
    def _declared_formats(self) -> set[bytes]:
        return {spec.key for spec in self.specs("canonical") if spec.kind == "format"}

    @cached_property
    def _words(self) -> KeyWords:
        return KeyWords.of([key.encode() for key in self.declared.info])

    def decode_odd(self, lines: Lines, spec: Spec, problems: list[Problem]) -> pa.Array:
        """A fixed column with values that are not of its type."""
        name = spec.field.name
        array, problem = decode_items(lines.items(spec.column.field), spec.column)
        if problem is not None:
            if name.lower() == "qual" and not problem.way_out:
                way_out = f"types={{'qual': '{better_type(problem.text)}'}} reads it"
                problem = replace(problem, way_out=way_out)
            problems.append(problem)
        return array

    # ── INFO ────────────────────────────────────────────────────────────────────────────────────

    def decode_info(
        self, lines: Lines, plan: VcfPlan, arrays: dict[int, pa.Array], problems: list[Problem]
    ) -> list[Arrays]:
        words, mapped = self._words, plan.infos is not None
        begins, nexts, there, count, faults, *others = kernels.find_info(
            lines.text, lines.fields[INFO_FIELD], lines.fields[INFO_FIELD + 1],
            words.text, words.bounds, words.table, plan.slots, len(plan.info), plan.flags, mapped,
        )  # fmt: skip
        made = plan.of_info.of_items(lines.text, begins, nexts, there, plan.of_info.none)
        odd = made.odd()
        kept: list[MapEntries] = []
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
        plan: VcfPlan,
        found: Any,
        odd: list[int],
        arrays: dict[int, pa.Array],
        problems: list[Problem],
    ) -> list[MapEntries]:
        """Columns that are ``odd``, and what is wrong; values that stay in the map."""
        begins, nexts, there, count, faults = found
        kept: list[MapEntries] = []
        faulty = (faults[0, 0] + faults[1, 0]).nonzero()[0].tolist()
        for k in sorted({*odd, *faulty}):
            i, spec = plan.info[k]
            if i < 0 and not spec.can_misfit:
                continue
            ok, problem = None, None
            if k in odd:
                items = Items(lines.text, begins[k], nexts[k], there[k])
                if spec.is_flag:
                    array, ok, problem = flags_of(items, there[k], spec)
                else:
                    array, ok, problem = self._values(items, spec, int(count[k]))
            if plan.infos is not None and ok is not None:
                kept.append(MapEntries.of_misfits(items, np.flatnonzero(ok == 0), len(spec.key)))
            if i < 0:  # nobody asked for the column, only for the map
                continue
            if k in odd:
                arrays[i] = array
            problems += [kept_in_map(problem, spec)] if problem else []
            for what, (n, row, a, b) in zip(("", ONCE_A_ROW), faults[:, :, k], strict=True):
                if n:
                    text = shown_text(lines.text[a : b - 1])
                    said = spec.column.declared + what
                    one = Problem(spec.column.name, said, int(n), int(row), text)
                    problems.append(replace(one, read_as=FIRST_ALONE) if what else one)
        return kept

    def _info_map(
        self,
        lines: Lines,
        spec: Spec,
        others: Sequence[Any],
        kept: Sequence[MapEntries],
        problems: list[Problem],
    ) -> pa.Array:
        """Keys that are not declared, and ``kept`` ones, which do not fit."""
        n = len(lines)
        entries = MapEntries.of_rows(*others).with_others(kept)
        first = kernels.first_of_keys(lines.text, entries.offsets(n), entries.begins, entries.ends)
        if not first.all():
            again = np.flatnonzero(first == 0)
            m = int(again[0])
            text = shown_text(lines.text[entries.begins[m] : entries.nexts[m] - 1])
            said = f"String{ONCE_A_ROW}"
            row = int(entries.rows[m])
            problems.append(
                Problem(spec.column.name, said, len(again), row, text, read_as=FIRST_ALONE)
            )
            entries = entries.take(np.flatnonzero(first == 1))
        begins, ends, nexts = entries.begins, entries.ends, entries.nexts
        keys = keys_of(Items(lines.text, begins, ends + np.int32(1)))
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
        return map_of(spec.field.type, entries.offsets(n), keys, values)

    # ── FORMAT ──────────────────────────────────────────────────────────────────────────────────

    def decode_format(
        self, lines: Lines, plan: VcfPlan, arrays: dict[int, pa.Array], problems: list[Problem]
    ) -> None:
        n, width, slots = len(lines), len(self.samples), len(plan.format)
        which, begins, format_begins, format_ends = kernels.find_formats(
            lines.text, lines.fields[FORMAT_FIELD], lines.stops
        )
        told = Formats.of(
            [lines.text[a:b].tobytes() for a, b in zip(format_begins, format_ends, strict=True)],
            plan,
            self._declared_formats,
        )
        problems += told.repeated(which, plan, self._declared_formats)
        kept: list[Misfits] = []
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
                    flat, ok, problem = genotypes_of(items, spec)
                else:
                    flat, ok, problem = self._values(items, spec, int(np.count_nonzero(there[k])))
            if ok is not None and plan.formats is not None:
                kept += Misfits.of(items, ok, spec.key, width)
            if i < 0:  # nobody asked for the column, only for the map
                continue
            if problem is not None:
                problems.append(kept_in_map(replace(problem, row=problem.row // width), spec))
            has = told.has[which, k]
            validity = None if has.all() else bitmap(has)
            arrays[i] = pa.Array.from_buffers(
                spec.field.type, n, [validity], children=[unfixed(flat)]
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
                items, owners, names, keys = with_misfits(items, owners, names, keys, kept, width)
            flat, problem = decode_items(items, spec.column)
            if problem is not None:
                problems.append(replace(problem, row=int(owners[problem.row // width])))
            values = pa.Array.from_buffers(
                spec.field.type.item_type, len(owners), [None], children=[flat]
            )
            offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))])
            named = pa.array(keys, TEXT).take(pa.array(names))
            arrays[i] = map_of(spec.field.type, offsets.astype(np.int32), named, values)

    def _broken(self, lines: Lines, status: int, at: int, sample: int, found: int) -> FormatError:
        begin, stop = int(lines.fields[0, at]), int(lines.stops[at])
        line = shown_text(lines.text[begin : min(stop, begin + 60)])
        if status == kernels.SUBFIELDS:
            name = self.declared.samples[sample]
            values = "value" if found == 1 else "values"
            what = f"sample {name} has {found} {values}, its row's FORMAT has fewer keys"
        else:
            more = " or more" if status == kernels.TOO_MANY else ""
            what = f"{found}{more} samples, the header names {len(self._target)}"
        return FormatError(f"{self.name}: {what}: {line!r}", path=self.name, offset=None)

    # ── values ──────────────────────────────────────────────────────────────────────────────────

    def _values(self, items: Items, spec: Spec, count: int) -> tuple[pa.Array, Ok, Problem | None]:
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

    def _dense(self, items: Items, spec: Spec) -> tuple[pa.Array, Ok, Problem | None]:
        column = spec.column
        empty = None
        if spec.kind == "format" and pat.is_list(column.type) and spec.declared is not None and (
            spec.declared.type in ("Integer", "Float")
        ):  # fmt: skip
            items, empty = without_empty(items)
        array, ok, problem = decode_whole(items, column)
        if empty is not None:
            valid = np.asarray(array.is_valid()) | empty
            array = pa.Array.from_buffers(
                array.type, len(array), [bitmap(valid), array.buffers()[1]],
                children=[array.values],
            )  # fmt: skip
        leaf = leaf_of(array)
        if pat.is_int32(leaf.type):
            return without_reserved(array, leaf, items, column, ok, problem)
        if self._escapes and pat.is_string(leaf.type) and column.name != "FORMAT/GT":
            array = unescaped(array, leaf)
        return array, ok, problem


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
