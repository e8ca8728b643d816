"""A small, slow bigWig builder for tests: plain structs, every part optional.

Written from Kent et al. 2010 and its supplement, not from gidx's writer. What a bigWig shares
with a bigBed is `bigbed_bytes`; here are sections and summaries of values.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from typing import Any

import pandas as pd
from hypothesis import strategies as st
from tests.support.bigbed_bytes import BigBed, Builder
from tests.support.strategies import CHROMS, SIZE

import gidx

MAGIC = 0x888FFC26
BEDGRAPH, VARIABLE, FIXED = 1, 2, 3

Row = tuple[str, int, int, float]
Bases = list[float | None]


def build(rows: Iterable[Row], chroms: Mapping[str, int], **options: Any) -> bytes:
    """The bytes of a bigWig file of rows as they come; options are the fields of `Sections`."""
    return build_parts(rows, chroms, **options).data


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The same rows as a frame."""
    return pd.DataFrame(list(rows), columns=["chrom", "start", "end", "value"])


def written(data: Any, sizes: Any = None, **options: Any) -> bytes:
    """What gidx writes of data."""
    file = io.BytesIO()
    gidx.write_bigwig(data, file, sizes, **options)
    return file.getvalue()


def build_parts(rows: Iterable[Row], chroms: Mapping[str, int], **options: Any) -> BigBed:
    return Sections(list(rows), chroms, **options).build()


@dataclass
class Sections(Builder):
    """A section is of the first of ``kinds`` that its rows allow."""

    kinds: Sequence[int] = (BEDGRAPH,)
    magic: int = MAGIC
    defined: int | None = 0
    field_count: int | None = 0

    def _encoded(self, rows: Sequence[Row]) -> Iterable[bytes]:
        starts, ends = [row[1] for row in rows], [row[2] for row in rows]
        spans = {e - s for s, e in zip(starts, ends, strict=True)}
        steps = {b - a for a, b in pairwise(starts)}
        even = len(spans) == 1
        fixed = even and len(steps) < 2 and min(steps, default=0) >= 0
        fits = {BEDGRAPH: True, VARIABLE: even, FIXED: fixed}
        kind = next(k for k in (*self.kinds, BEDGRAPH) if fits[k])
        span = 0 if kind == BEDGRAPH else ends[0] - starts[0]
        step = next(iter(steps), span) if kind == FIXED else 0
        head = self.ids[rows[0][0]], starts[0], max(ends), step, span, kind, 0, len(rows)
        yield struct.pack(self.order + "5IBBH", *head)
        for _, start, end, value in rows:
            place = {BEDGRAPH: (start, end), VARIABLE: (start,), FIXED: ()}[kind]
            yield struct.pack(f"{self.order}{len(place)}If", *place, value)

    def _summaries(self, reduction: int) -> Iterable[tuple]:
        for name in sorted(self.chroms, key=lambda name: self.ids[name]):
            found = bases(self.rows, name, 0, self.chroms[name])
            for start in range(0, len(found), reduction):
                some = [v for v in found[start : start + reduction] if v is not None]
                if some:
                    sums = len(some), min(some), max(some), sum(some), sum(v * v for v in some)
                    yield self.ids[name], start, min(start + reduction, len(found)), *sums


def bases(rows: Iterable[Row], chrom: str, start: int, end: int) -> Bases:
    """The value of each base of a region, by brute force."""
    found: Bases = [None] * (end - start)
    for name, s, e, value in rows:
        if name == chrom and not isnan(value):
            for base in range(max(s, start), min(e, end)):
                found[base - start] = value
    return found


@dataclass(frozen=True)
class Signal:
    """Disjoint rows, sorted by chrom and start, and the chroms' sizes."""

    chroms: dict[str, int]
    rows: list[Row]


# what 32 bits hold exactly, and sums of them too
VALUES = st.integers(-64, 64).map(lambda n: n / 8)


@st.composite
def signals(draw: st.DrawFn, values: st.SearchStrategy[float] = VALUES) -> Signal:
    """Rows with gaps and without, of one base or many, of one step or none."""
    names = draw(st.lists(st.sampled_from(CHROMS), min_size=1, max_size=4, unique=True))
    chroms = {name: draw(st.integers(1, SIZE)) for name in sorted(names)}
    rows: list[Row] = []
    for name, size in chroms.items():
        even = draw(st.booleans())
        span, gap = draw(st.integers(1, 3)), draw(st.integers(0, 2))
        at = draw(st.integers(0, 5))
        while at + span <= size and draw(st.integers(0, 9)):
            rows.append((name, at, at + span, draw(values)))
            at += span + gap
            if not even:
                span, gap = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    return Signal(chroms, rows)


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any]:
    """Options of ``build``: everything that says how rows are stored, and not which."""
    version = draw(st.integers(1, 4))
    return {
        "order": draw(st.sampled_from("<>")),
        "version": version,
        "compressed": version >= 3 and draw(st.booleans()),
        "items_per_slot": draw(st.integers(1, 5)),
        "fan_out": draw(st.integers(2, 4)),
        "levels": draw(st.integers(0, 2)),
        "kinds": draw(st.permutations([BEDGRAPH, VARIABLE, FIXED])),
        "zooms": draw(st.sampled_from([(), (4,), (4, 16)])),
    }
