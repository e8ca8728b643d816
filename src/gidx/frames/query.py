"""Regions asked of a frame in memory: rows, counts, covered bases.

Two kinds of regions: those a user names (strings, tuples), whose chroms must be known, and
frames, whose rows with missing values or on a chrom that the frame does not have match
nothing. A region of length zero overlaps what holds it, as in files (see `gidx.region`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from gidx import region, schema
from gidx.errors import RegionError
from gidx.frames import take
from gidx.frames.backend import to_frame
from gidx.frames.index import Index, index_of, indexes_of
from gidx.frames.positions import LARGEST
from gidx.intervals import Intervals, Queries, Scan
from gidx.stream import is_pandas, plain, plain_type

if TYPE_CHECKING:
    Series = pd.Series[Any]

# A frame that is asked this many regions, by its rows, is looked at closely (see index).
_CLOSELY = 200

# Up to so many regions are searched one by one; more pass over the sorted rows once, which
# takes 10 ms for 2 M rows whatever overlaps.
_FEW = 16


@dataclass(frozen=True)
class Asked:
    """Regions as queries to one frame; ``labels`` is their index, None for one region.

    ``chroms`` are the chroms of those that a user named.
    """

    index: Index
    queries: Queries
    labels: pd.Index | None
    chroms: Sequence[str] = ()


def ask(frame: pd.DataFrame, regions: Any) -> Asked:
    """The frame's index, and the regions in its codes."""
    other = as_frame(regions)
    if other is not None:
        index, its = indexes_of(frame, other)
        return Asked(index, queries_of(its, index, rows=False), other.index)
    single = isinstance(regions, (str, tuple, region.Region))
    labels = regions.index if isinstance(regions, pd.Series) else None
    if not single and not hasattr(regions, "__len__") and hasattr(regions, "__iter__"):
        regions = list(regions)
    many = not single and hasattr(regions, "__len__") and len(regions) * _CLOSELY > len(frame)
    index = index_of(frame, closely=many)
    known = _known(frame.attrs.get(schema.KEY), index.names)
    codes, start, end = region.spans(regions, known)
    chroms: Sequence[str] = ()
    if np.any(end > LARGEST):
        names = [*known]
        chroms = [names[code] for code in codes]
    codes = np.where(codes < len(index.names), codes, -1)
    queries = Queries.of_regions(codes, np.minimum(start, LARGEST), np.minimum(end, LARGEST))
    if labels is None and not single:
        labels = pd.RangeIndex(len(queries))
    return Asked(index, queries, labels, chroms)


@lru_cache(maxsize=16)  # of one region a tenth of a ms, of a frame with hundreds of contigs
def _known(about: str | None, names: tuple[str, ...]) -> dict[str, int]:
    """Chroms that may be asked: those of the frame, and those that its metadata tell of."""
    return {name: i for i, name in enumerate(dict.fromkeys((*names, *_sizes(about))))}


@lru_cache(maxsize=16)  # a VCF header among the metadata takes ms to read
def _sizes(about: str | None) -> Mapping[str, int]:
    if not about or '"chromsizes"' not in about:
        return {}
    return schema.read_metadata({schema.KEY: about}).get("chromsizes") or {}


def as_frame(data: Any) -> pd.DataFrame | None:
    """A frame of regions as pandas has it; None for what is no frame."""
    if is_pandas(data):
        return data
    kind = type(data)  # a LazyFrame has columns, but warns when it is asked for them
    if hasattr(data, "__arrow_c_stream__") and (
        hasattr(kind, "column_names") or hasattr(kind, "columns")
    ):
        table = data if isinstance(data, pa.Table) else pa.table(data)
        # texts of polars are views, of which pyarrow 24 cannot take rows
        columns = [
            pa.chunked_array(map(plain, c.chunks), plain_type(c.type)) for c in table.columns
        ]
        metadata = table.schema.metadata
        return to_frame(pa.table(columns, names=table.column_names, metadata=metadata))
    return None


def queries_of(its: Index, index: Index, *, rows: bool) -> Queries:
    """The rows of one frame as queries to another, in the order that its own index knows.

    ``rows``: both frames' rows are alike, so one of length zero overlaps what it touches.
    """
    queries = its.intervals.as_queries(its.codes_in(index), its.n_rows)
    return queries if rows else queries.as_regions()


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def query(frame: pd.DataFrame, regions: Any) -> pd.DataFrame:
    """Rows that overlap a region, each once, in their order."""
    rows = rows_of(frame, regions)
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return frame.iloc[int(rows[0]) : int(rows[-1]) + 1]  # a view
    return take.rows(frame, rows)


def rows_of(frame: pd.DataFrame, regions: Any) -> npt.NDArray[np.int64]:
    """Numbers of the rows that overlap a region, ascending."""
    asked = ask(frame, regions)
    index, queries = asked.index, asked.queries
    rows = index.once(len(queries))
    if isinstance(rows, Scan) or len(queries) > _FEW:
        return np.flatnonzero(_marked(rows, asked))
    *_, found = rows.pairs(queries)
    return found if len(queries) == 1 else np.unique(found)


def _marked(rows: Scan | Intervals, asked: Asked) -> npt.NDArray[np.bool_]:
    if isinstance(rows, Scan):
        return rows.any_of(asked.queries)
    return rows.any_of(asked.queries, asked.index.n_rows)


def overlaps(frame: pd.DataFrame, regions: Any) -> pd.Series[bool]:
    """For each row whether it overlaps a region."""
    asked = ask(frame, regions)
    return pd.Series(
        _marked(asked.index.once(len(asked.queries)), asked), frame.index, name="overlaps"
    )


def count(frame: pd.DataFrame, regions: Any) -> int | pd.Series[int]:
    """How many rows overlap each region."""
    asked = ask(frame, regions)
    return _each(asked, asked.index.once(len(asked.queries)).count(asked.queries), "count")


def coverage(frame: pd.DataFrame, regions: Any, *, fraction: bool = False) -> Any:
    """How many bases of each region some row covers, or which part of them."""
    asked = ask(frame, regions)
    bases = asked.index.intervals.covered(asked.queries)
    return _each(asked, _parts(frame, asked, bases) if fraction else bases, "coverage")


def depth(frame: pd.DataFrame, regions: Any) -> Any:
    """How many rows cover a base of each region, on average."""
    asked = ask(frame, regions)
    return _each(
        asked, _parts(frame, asked, asked.index.intervals.depth_sum(asked.queries)), "depth"
    )


def _parts(
    frame: pd.DataFrame, asked: Asked, bases: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Bases by the region's own; NaN for a region without any."""
    lengths = asked.queries.lengths()
    sizes = _sizes(frame.attrs.get(schema.KEY))
    for i in np.flatnonzero(asked.queries.end >= 2 * LARGEST).tolist():
        size = sizes.get(asked.chroms[i])
        if size is None:
            raise RegionError(
                f"{asked.chroms[i]} has no known size, so a region to its end no length; "
                "give an end, or ask coverage() without fraction"
            )
        lengths[i] = max(size - (int(asked.queries.start[i]) >> 1), 0)
    with np.errstate(invalid="ignore"):
        return bases / lengths


def _each(asked: Asked, values: npt.NDArray[Any], name: str) -> Any:
    if asked.labels is None:
        return values[0].item()
    return pd.Series(values, asked.labels, name=name)
