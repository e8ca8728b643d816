"""Regions asked of a frame in memory: rows, counts, covered bases.

Two kinds of regions: those a user names (strings, tuples), whose chroms must be known, and
frames, whose rows with missing values or on a chrom that the frame does not have match
nothing. A region of length zero overlaps what holds it, as in files (see `gidx.ground.region`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from gidx.arrow import schema
from gidx.arrow.batches import is_pandas, plain, plain_type
from gidx.errors import one_of
from gidx.frames import take
from gidx.frames.backend import to_frame
from gidx.frames.index import FrameIndex, index_of, indexes_of
from gidx.frames.intervals import Intervals, Queries, Scan
from gidx.frames.positions import LARGEST
from gidx.ground import region
from gidx.ground.steps import steps
from gidx.ground.tuning import tuning
from gidx.options import MissingChroms

if TYPE_CHECKING:
    Series = pd.Series[Any]

# A frame that is asked this many regions, by its rows, is looked at closely (see index).
_CLOSELY = 200


@dataclass(frozen=True)
class Question:
    """Regions as queries to one frame."""

    index: FrameIndex
    queries: Queries


def ask(frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms = "error") -> Question:
    """The frame's index, and the regions in its codes."""
    other = as_frame(regions)
    if other is not None:
        one_of("missing_chroms", missing_chroms, ("error", "ignore"))
        index, its = indexes_of(frame, other)
        return Question(index, queries_of(its, index, rows=False))
    single = isinstance(regions, (str, tuple, region.Region))
    if not single and not hasattr(regions, "__len__") and hasattr(regions, "__iter__"):
        regions = list(regions)
    many = not single and hasattr(regions, "__len__") and len(regions) * _CLOSELY > len(frame)
    index = index_of(frame, closely=many)
    known = _known(frame.attrs.get(schema.KEY), index.names)
    codes, start, end = region.spans(regions, known, missing_chroms)
    codes = np.where(codes < len(index.names), codes, -1)
    return Question(
        index, Queries.of_regions(codes, np.minimum(start, LARGEST), np.minimum(end, LARGEST))
    )


@lru_cache(maxsize=16)  # of one region a tenth of a ms, of a frame with hundreds of contigs
def _known(about: str | None, names: tuple[str, ...]) -> dict[str, int]:
    """Chroms that may be asked: those of the frame, and those that its metadata tell of."""
    return {name: i for i, name in enumerate(dict.fromkeys((*names, *_declared(about))))}


@lru_cache(maxsize=16)  # a VCF header among the metadata takes ms to read
def _declared(about: str | None) -> Mapping[str, int | None]:
    if not about or not ('"chromsizes"' in about or '"chroms"' in about):
        return {}
    return schema.declared_chroms(schema.read_metadata({schema.KEY: about}))


def as_frame(data: Any) -> pd.DataFrame | None:
    """A frame of regions as pandas has it; None for what is no frame."""
    if is_pandas(data):
        return data
    kind = type(data)  # a LazyFrame has columns, but warns when it is asked for them
    if isinstance(data, pa.RecordBatchReader) or (
        hasattr(data, "__arrow_c_stream__")  # and no column by itself, which may be of regions
        and (hasattr(kind, "column_names") or hasattr(kind, "columns"))
    ):
        table = data if isinstance(data, pa.Table) else pa.table(data)
        # texts of polars are views, of which pyarrow 24 cannot take rows
        columns = [
            pa.chunked_array(map(plain, c.chunks), plain_type(c.type)) for c in table.columns
        ]
        metadata = table.schema.metadata
        return to_frame(pa.table(columns, names=table.column_names, metadata=metadata))
    return None


def queries_of(its: FrameIndex, index: FrameIndex, *, rows: bool) -> Queries:
    """The rows of one frame as queries to another, in the order that its own index knows.

    ``rows``: both frames' rows are alike, so one of length zero overlaps what it touches.
    """
    queries = its.intervals.as_queries(its.codes_in(index), its.n_rows)
    return queries if rows else queries.as_regions()


# ── which rows overlap ──────────────────────────────────────────────────────────────────────────


def query(
    frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms = "error"
) -> pd.DataFrame:
    """Rows that overlap a region, each once, in their order."""
    rows = rows_of(frame, regions, missing_chroms)
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return frame.iloc[int(rows[0]) : int(rows[-1]) + 1]  # a view
    return take.rows(frame, rows)


def rows_of(
    frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms = "error"
) -> npt.NDArray[np.int64]:
    """Numbers of the rows that overlap a region, ascending."""
    asked = ask(frame, regions, missing_chroms)
    index, queries = asked.index, asked.queries
    rows = index.once(len(queries))
    if isinstance(rows, Scan) or len(queries) > tuning.regions_tried:
        return np.flatnonzero(_marked(rows, asked))
    *_, found = rows.pairs(queries)
    return found if len(queries) == 1 else np.unique(found)


def _marked(rows: Scan | Intervals, asked: Question) -> npt.NDArray[np.bool_]:
    if isinstance(rows, Scan):
        return rows.any_of(asked.queries)
    return rows.any_of(asked.queries, asked.index.n_rows)


def overlaps(
    frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms = "error"
) -> pd.Series[bool]:
    """For each row whether it overlaps a region."""
    asked = ask(frame, regions, missing_chroms)
    return pd.Series(
        _marked(asked.index.once(len(asked.queries)), asked), frame.index, name="overlaps"
    )


# ── how many regions, or how much of them, each row overlaps ────────────────────────────────────


def _sides(
    frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms
) -> tuple[Intervals, Queries]:
    """The regions as they are searched, and the frame's rows, which ask.

    It is the other way round in `query`, whose rule for those of length zero holds here too.
    """
    other = as_frame(regions)
    if other is not None:
        one_of("missing_chroms", missing_chroms, ("error", "ignore"))
        index, its = indexes_of(frame, other)
        return its.intervals.as_regions(), queries_of(index, its, rows=True)
    asked = ask(frame, regions, missing_chroms)
    index = asked.index
    found = Intervals.of_queries(asked.queries, len(index.names))
    return found, index.intervals.as_queries(
        np.arange(len(index.names), dtype=np.int32), index.n_rows
    )


def count(
    frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms = "error"
) -> pd.Series[int]:
    """For each row how many regions it overlaps."""
    found, rows = _sides(frame, regions, missing_chroms)
    return pd.Series(found.count(rows), frame.index, name="count")


def coverage(
    frame: pd.DataFrame,
    regions: Any,
    *,
    fraction: bool = False,
    missing_chroms: MissingChroms = "error",
) -> Any:
    """For each row how many of its bases some region covers, or which part of them."""
    found, rows = _sides(frame, regions, missing_chroms)
    bases = found.covered(rows)
    return pd.Series(_parts(bases, rows) if fraction else bases, frame.index, name="coverage")


def depth(
    frame: pd.DataFrame, regions: Any, missing_chroms: MissingChroms = "error"
) -> pd.Series[float]:
    """For each row how many regions cover a base of it, on average."""
    found, rows = _sides(frame, regions, missing_chroms)
    return pd.Series(_parts(found.depth_sum(rows), rows), frame.index, name="depth")


def _parts(bases: npt.NDArray[np.int64], rows: Queries) -> npt.NDArray[np.float64]:
    """Bases by the row's own; NaN for a row without any."""
    found, lengths = np.empty(len(bases)), rows.lengths()
    with np.errstate(invalid="ignore"):
        for lo, hi in steps(len(found)):
            found[lo:hi] = bases[lo:hi] / lengths[lo:hi]
    return found
