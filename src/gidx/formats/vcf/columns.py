"""Which columns a VCF has, and where each comes from: fields, keys of INFO and of FORMAT.

A `Spec` is one column; a `VcfPlan` are those that are asked for, as kernels take them, worked
out once; `Formats` are what the FORMATs of some rows say of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.decode import Column, Problem
from gidx.arrow.lists import is_list
from gidx.arrow.plan import PLACES, Flag, Place, Plan, Texts
from gidx.formats.vcf.header import KeyLine
from gidx.kernels.names import hash_words

ARROW = {
    "Integer": pa.int32(),
    "Float": pa.float32(),
    "Flag": pa.bool_(),
    "Character": pa.string(),
    "String": pa.string(),
}
GENOTYPE = pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())])
LEAST_INTEGER = -(2**31) + 8  # what is below stands for missing and ends of lists in BCF
ONCE_A_ROW = ", once a row"  # what a repeated key is not
FIRST_ALONE = "the first one alone"

INFO_FIELD, FORMAT_FIELD = 7, 8  # fields
TEXT = pa.string()
FIXED_COLUMNS = (  # canonical name, declared name, field, type, declared type, number, description
    ("chrom", "CHROM", 0, schema.CHROM, "String", "1", "Chromosome or contig"),
    ("start", "POS", 1, schema.POSITION, "Integer", "1", "Position, 0-based"),
    ("end", None, 1, schema.POSITION, None, None, "Where REF, END, SVLEN or LEN end"),
    ("id", "ID", 2, TEXT, "String", "1", "Identifiers"),
    ("ref", "REF", 3, TEXT, "String", "1", "Reference bases"),
    ("alt", "ALT", 4, pa.list_(TEXT), "String", ".", "Alternate alleles"),
    ("qual", "QUAL", 5, pa.float32(), "Float", "1", "Phred-scaled quality"),
    ("filter", "FILTER", 6, pa.list_(TEXT), "String", ".", "Filters not passed, or PASS"),
)
MAPS = {
    "INFO": "INFO that the header does not declare, or that does not fit, as text",
    "FORMAT": "FORMAT that the header does not declare, or that does not fit, as text",
}
Said = tuple[str | None, str | None]  # the header's own Number and Type


def said_of(declared: KeyLine) -> Said:
    """What the header itself says of a key."""
    return declared.said or (declared.number, declared.type)


def _item_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if is_list(kind) else kind


@dataclass(frozen=True)
class Spec:
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
        return self.declared is not None and said_of(self.declared)[1] == "Flag"

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


def arrow_type(declared: KeyLine) -> pa.DataType:
    """The type of a key's values, of one sample in FORMAT."""
    one = ARROW[declared.type]
    if declared.type == "Flag" or declared.number == "1":
        return one
    return pa.list_(one, int(declared.number)) if declared.number.isdigit() else pa.list_(one)


def metadata_of(key: str, declared: KeyLine) -> dict[bytes, bytes]:
    """Where a column came from."""
    found = {
        b"vcf": key.encode(), b"id": declared.id.encode(), b"number": declared.number.encode(),
        b"type": declared.type.encode(),
    }  # fmt: skip
    if declared.description:
        found[b"description"] = declared.description.encode()
    return found


def column_of(name: str, kind: pa.DataType, declared: str, at: int, **options: Any) -> Column:
    """A column as VCF has them: ``.`` is missing, and a comma parts items."""
    missing = options.pop("missing", b".")
    return Column(name, kind, at, declared, missing=missing, closed=False, **options)


@dataclass(frozen=True)
class KeyWords:
    """Keys for the kernel that finds them."""

    number: dict[bytes, int]
    text: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]
    table: npt.NDArray[np.int32]

    @classmethod
    def of(cls, keys: Sequence[bytes]) -> KeyWords:
        text = np.frombuffer(b"".join(keys), np.uint8)
        bounds = np.cumsum([0, *map(len, keys)]).astype(np.int64)
        return cls({key: i for i, key in enumerate(keys)}, text, bounds, hash_words(text, bounds))


_Placed = tuple[int, Spec]  # where among those asked for; -1: only its misfits, for the map


@dataclass(frozen=True)
class VcfPlan:
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
        cls, specs: Sequence[Spec], known: Sequence[Spec], words: KeyWords, escapes: bool
    ) -> VcfPlan:
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
                # the map's entries come in this order, whatever is asked for
                order = {spec.key: i for i, spec in enumerate(known)}
                every = [*by_kind.get(one, []), *others]
                by_kind[one] = sorted(every, key=lambda placed: order[placed[1].key])
        info = by_kind.get("info", [])
        slots = np.full(len(words.number), -1, np.int64)
        for k, (_, spec) in enumerate(info):
            slots[words.number[spec.key]] = k
        at = [s.column.field for s in specs]
        return cls(
            min(max((f + 1 for f in at if f > 1), default=0), FORMAT_FIELD),
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


def shown_text(text: Any) -> str:
    """Bytes of a file as a person sees them."""
    return bytes(text).decode("utf-8", "backslashreplace")


def both_problems(one: Problem | None, other: Problem) -> Problem:
    """Two problems of one column as one: the first row's text."""
    if one is None:
        return other
    first = one if one.row <= other.row else other
    return replace(first, count=one.count + other.count)


@dataclass(frozen=True)
class Formats:
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
    def of(cls, texts: list[bytes], plan: VcfPlan, declared: Collection[bytes]) -> Formats:
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
                    others.append(shown_text(key))
                seen.add(key)
                slots.append(slot)
            counts[f] = len(others) - starts[f]
            bounds.append(len(slots))
        return cls(
            texts, np.array(bounds, np.int32), np.array(slots, np.int32), has, counts, starts,
            others, doubled,
        )  # fmt: skip

    def repeated(
        self, which: npt.NDArray[np.int32], plan: VcfPlan, declared: Collection[bytes]
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
                name, said = spec.column.name, f"{spec.column.declared}{ONCE_A_ROW}"
                row, text = int(rows[0]), shown_text(self.texts[f])
                one = Problem(name, said, len(rows), row, text, read_as=FIRST_ALONE)
                found[name] = both_problems(found.get(name), one)
        return list(found.values())
