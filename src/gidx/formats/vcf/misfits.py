"""Values of a VCF that do not fit their declaration: their text stays in the maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gidx.arrow.decode import Column, Items, Problem, decode_items
from gidx.arrow.lists import is_list
from gidx.formats.vcf.columns import GENOTYPE, TEXT, Spec, shown_text


def kept_in_map(problem: Problem, spec: Spec) -> Problem:
    """The problem of a value whose text stays in its map, and how to read it better."""
    if problem.way_out:  # it is no text
        return problem
    place = "INFO" if spec.kind == "info" else "FORMAT"
    way_out = f"the map {place} keeps the text"
    if spec.column.type != GENOTYPE:
        better = "string" if is_list(spec.column.type) else better_type(problem.text)
        way_out += f"; types={{'{spec.column.name}': '{better}'}} reads it"
    return replace(problem, way_out=way_out)


def better_type(text: str) -> str:
    """The name of a type that takes the text."""
    try:
        float(text)
    except ValueError:
        return "string"
    return "double"


def _is_text(items: Items) -> npt.NDArray[np.bool_]:
    """Which items are UTF-8, and can stay as text."""
    array, problem = decode_items(items, Column("", TEXT, 0, ""))
    return np.ones(len(items), np.bool_) if problem is None else np.asarray(array.is_valid())


@dataclass(frozen=True)
class MapEntries:
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
    ) -> MapEntries:
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        return cls(rows, begins, ends, nexts)

    @classmethod
    def of_misfits(cls, items: Items, rows: npt.NDArray[np.int64], key_size: int) -> MapEntries:
        """Of values behind their keys, in these rows."""
        found = Items(items.text, items.begins[rows], items.nexts[rows])
        rows = rows[_is_text(found)]
        begins, nexts = items.begins[rows], items.nexts[rows]
        return cls(rows, begins - np.int32(key_size + 1), begins - np.int32(1), nexts)

    def with_others(self, others: Sequence[MapEntries]) -> MapEntries:
        """All of them, in the order in which they stand in the text."""
        if not others:
            return self
        every = [self, *others]
        rows, begins, ends, nexts = (
            np.concatenate([getattr(e, name) for e in every])
            for name in ("rows", "begins", "ends", "nexts")
        )
        return MapEntries(rows, begins, ends, nexts).take(np.lexsort((begins, rows)))

    def take(self, at: npt.NDArray[np.int64]) -> MapEntries:
        return MapEntries(self.rows[at], self.begins[at], self.ends[at], self.nexts[at])

    def offsets(self, n: int) -> npt.NDArray[np.int32]:
        """Where each of n rows begins."""
        counts = np.bincount(self.rows, minlength=n)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


@dataclass(frozen=True)
class Misfits:
    """Values of one FORMAT key that stay as text: of some rows, those of all samples.

    Those that fit are not there.
    """

    key: str
    rows: npt.NDArray[np.int64]
    items: Items

    @classmethod
    def of(cls, items: Items, ok: npt.NDArray[np.uint8], key: bytes, width: int) -> list[Misfits]:
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
        return [cls(shown_text(key), rows, Items(items.text, begins, nexts, there))]


def with_misfits(
    items: Items,
    rows: npt.NDArray[np.int64],
    names: npt.NDArray[np.int64],
    keys: list[str],
    kept: Sequence[Misfits],
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
