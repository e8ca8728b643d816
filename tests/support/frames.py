"""Generated frames: rows in every dtype, order, index and way to count, and the plain rules.

A row is (chrom, start, end), 0-based half-open, with None for what is missing. Chroms are
such that neither the order of texts nor that of numbers is the one they are met in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st
from tests.support.strategies import SIZE, overlaps

from gidx.ground.tuning import tuning

Row = tuple[Any, Any, Any]

TEXTS = ("chrX", "chr10", "chr2", "scaffold.7")
NUMBERS = ("23", "10", "2", "7")  # the same ones where chroms are numbers

# ── the rules, written out ──────────────────────────────────────────────────────────────────────


def matches(row: Row, region: Row) -> bool:
    """A row and a region; what is missing matches nothing."""
    return None not in (*row, *region) and overlaps(row, region)


def meets(row: Row, other: Row) -> bool:
    """Two rows: one of length zero overlaps where it touches, whichever it is."""
    if None in (*row, *other) or row[0] != other[0]:
        return False
    (_, s, e), (_, start, end) = row, other
    if s == e or start == end:
        return s <= end and e >= start
    return s < end and e > start


def gap(row: Row, other: Row) -> int:
    """Bases between two rows of a chrom that do not overlap."""
    return max(other[1] - row[2], row[1] - other[2])


def bases(rows: Sequence[Row], region: Row) -> list[int]:
    """The bases of rows within a region, those under several rows several times."""
    return [
        x
        for row in rows
        if None not in (*row, *region) and row[0] == region[0]
        for x in range(max(row[1], region[1]), min(row[2], region[2]))
    ]


# ── columns ─────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def as_if_large(large: bool = True) -> Iterator[None]:
    """Few rows are worked on as many are: in pieces, on threads."""
    few = {"threads": 3, "threads_from": 1, "queries_apart": 3, "indexes_apart": 0}
    with tuning.set(**few if large else {}):
        yield


def series(dtype: Any) -> Callable[[list[Any]], pd.Series]:
    return lambda values: pd.Series(values, dtype=dtype)


def arrow(kind: pa.DataType, chunks: int = 1) -> Callable[[list[Any]], pd.Series]:
    def make(values: list[Any]) -> pd.Series:
        cut = len(values) // 2 if chunks > 1 else 0
        parts = [pa.array(values[:cut], kind), pa.array(values[cut:], kind)]
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array(parts, kind)))

    return make


def categorical(values: list[Any]) -> pd.Series:
    return pd.Series(pd.Categorical(values, ["chrM", "chr2", "scaffold.7", "chrX", "chr10"]))


def doubles(values: list[Any]) -> pd.Series:
    """As Arrow has floats whose missing ones came as NaN: of numpy, polars, a Parquet file."""
    return arrow(pa.float64())([np.nan if v is None else float(v) for v in values])


def numbers(make: Callable[[list[Any]], pd.Series]) -> Callable[[list[Any]], pd.Series]:
    return lambda values: make([None if v is None else int(v) for v in values])


TEXT = pa.string()
CHROM_DTYPES: dict[str, Callable[[list[Any]], pd.Series]] = {
    "categorical": categorical,
    "object": series("object"),
    "pandas' own": lambda values: pd.Series(values, dtype=None if values else "object"),
    "string": series("string"),
    "string[python]": series("string[python]"),
    "arrow string": arrow(TEXT),
    "arrow large_string": arrow(pa.large_string(), chunks=2),
    "arrow dictionary": arrow(pa.dictionary(pa.int8(), TEXT)),
    "int64 chroms": numbers(series("int64")),
    "Int64 chroms": numbers(series("Int64")),
    "arrow int chroms": numbers(arrow(pa.int32())),
    "object int chroms": numbers(series("object")),
    "arrow double chroms": doubles,
    "categorical float chroms": lambda values: pd.Series(
        pd.Categorical(np.array([np.nan if v is None else float(v) for v in values], float))
    ),
}
POSITION_DTYPES: dict[str, Callable[[list[Any]], pd.Series]] = {
    "int64": series("int64"),
    "int32": series("int32"),
    "uint32": series("uint32"),
    "float64": series("float64"),
    "Int64": series("Int64"),
    "UInt32": series("UInt32"),
    "arrow int64": arrow(pa.int64(), chunks=2),
    "arrow uint32": arrow(pa.uint32()),
    "arrow double": doubles,
    "object": series("object"),
}
_WITHOUT_MISSING = {"int64 chroms", "int64", "int32", "uint32"}


def _index(n: int) -> dict[str, Any]:
    return {
        "range": pd.RangeIndex(n),
        "strings": pd.Index([f"row {n - i}" for i in range(n)], dtype="object"),
        "duplicates": pd.Index([i // 3 for i in range(n)]),
        "multi": pd.MultiIndex.from_arrays([[i % 2 for i in range(n)], list(range(n))[::-1]]),
        "times": pd.date_range("2020-01-01", periods=n, freq="D"),
    }


INDEXES = tuple(_index(0))

# columns of chrom, start, end, and what to add to a start
CONVENTIONS: dict[str, tuple[tuple[str, str, str], int]] = {
    "gidx": (("chrom", "start", "end"), 0),
    "UCSC": (("chrom", "chromStart", "chromEnd"), 0),
    "PyRanges": (("Chromosome", "Start", "End"), 0),
    "GFF3": (("seqid", "start", "end"), 1),
    "MAF": (("Chromosome", "Start_Position", "End_Position"), 1),
}


# ── frames ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Frame:
    """A DataFrame, and its rows as Python has them, in its order."""

    data: pd.DataFrame
    rows: list[Row]

    def __repr__(self) -> str:
        return f"{self.data.dtypes.to_dict()} {self.rows} {self.data.index.tolist()[:3]}"


def build(
    rows: Sequence[Row],
    chrom: str = "pandas' own",
    position: str = "int64",
    index: str = "range",
    convention: str = "gidx",
    **columns: Any,
) -> Frame:
    """The frame of these rows; ``n`` numbers them."""
    names, shift = CONVENTIONS[convention]
    values = (
        CHROM_DTYPES[chrom]([row[0] for row in rows]),
        POSITION_DTYPES[position]([None if row[1] is None else row[1] + shift for row in rows]),
        POSITION_DTYPES[position]([row[2] for row in rows]),
    )
    data = pd.DataFrame(dict(zip(names, values, strict=True)))
    data["n"] = np.arange(len(rows))
    for name, column in columns.items():
        data[name] = column
    data.index = _index(len(rows))[index]
    data.attrs["gidx"] = json.dumps({"version": 1, "coordinates": "whatever"})
    return Frame(data, list(rows))


spans = st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(sorted)
short = st.tuples(st.integers(0, SIZE), st.integers(0, 3)).map(lambda p: [p[0], p[0] + p[1]])


def rows(
    chroms: Sequence[str] = TEXTS, most: int = 25, missing: bool = False
) -> st.SearchStrategy[list[Row]]:
    """Rows in any order; zero-length ones are frequent."""
    row = st.tuples(st.sampled_from(chroms), st.one_of(spans, short)).map(lambda r: (r[0], *r[1]))
    if missing:
        holes = st.sampled_from([0, 0, 0, 0, 1, 2, 4])
        row = st.tuples(row, holes).map(
            lambda r: tuple(None if r[1] >> i & 1 else v for i, v in enumerate(r[0]))
        )
    return st.lists(row, max_size=most)


@st.composite
def frames(draw: st.DrawFn, most: int = 25, numbered: bool | None = None) -> Frame:
    """Of any dtypes, order, index and convention; ``numbered``: chroms are numbers."""
    known = [name for name in CHROM_DTYPES if numbered in (None, "chroms" in name)]
    chrom, position = draw(st.sampled_from(known)), draw(st.sampled_from(list(POSITION_DTYPES)))
    names = NUMBERS if "chroms" in chrom else TEXTS
    names = names[: draw(st.integers(1, len(names)))]
    missing = not {chrom, position} & _WITHOUT_MISSING
    found = draw(rows(names, most, missing))
    order = draw(st.sampled_from(["any", "sorted", "reversed"]))
    if order != "any":
        found.sort(key=lambda r: (str(r[0]), -1 if r[1] is None else r[1]))
    if order == "reversed":
        found.reverse()
    index, convention = draw(st.sampled_from(INDEXES)), draw(st.sampled_from(list(CONVENTIONS)))
    return build(found, chrom, position, index, convention)


def regions_of(frame: Frame) -> st.SearchStrategy[Row]:
    """Tuples of the frame's chroms; also empty ones, and ones past its rows."""
    known = sorted({row[0] for row in frame.rows} - {None}) or ["chr2"]
    positions = st.integers(0, SIZE + 3)
    return st.tuples(st.sampled_from(known), st.tuples(positions, positions).map(sorted)).map(
        lambda r: (r[0], *r[1])
    )
