"""Parquet in several files: a piece in each, written in parallel, opened as one.

    folder/part-00000.parquet               partitions=: rows in the pieces' order
    folder/chrom=chr1/part-00000.parquet    partition_by="chrom": as Hive names them

Each reader of folders of Parquet takes them: `gidx.open`, pandas, pyarrow, polars, DuckDB, Dask,
Spark. Where the folder's name tells the chrom it is not in the files: pyarrow 24, and so
`pandas.read_parquet`, refuses a column of texts that is of categories by its folder. The folder is
there when all is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce
from operator import and_
from secrets import token_hex
from typing import Any, NamedTuple
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from gidx.dataset import Dataset
from gidx.errors import WriteError
from gidx.formats.parquet import write as parquet
from gidx.ground.boxes import Box, InBoxes
from gidx.ground.names import local
from gidx.ground.pool import in_order, thread_count
from gidx.scan import format_of

_NO_CHROM = "__HIVE_DEFAULT_PARTITION__"


def write_parts(
    dataset: Dataset,
    folder: str | os.PathLike[str],
    regions: Any,
    partitions: int | None,
    by_chrom: bool,
    writing: Mapping[str, Any],
    scanning: Mapping[str, Any],
) -> None:
    """Write pieces of a dataset into a new folder."""
    target = os.path.abspath(local(folder))
    if os.path.exists(target):
        raise WriteError(f"{target}: is there already; remove it, or name another folder", row=None)
    if by_chrom and format_of(dataset).index_kind is None:
        raise WriteError(
            f"{dataset.path}: has no index, so its chroms cannot be read one by one; index it "
            "first: gidx index",
            row=None,
        )
    made = f"{target}.{token_hex(8)}.part"
    try:
        n = partitions or 1
        dataset.whole(lambda d: _write_all(d, made, regions, n, by_chrom, writing, scanning))
        os.replace(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_all(
    dataset: Dataset,
    folder: str,
    regions: Any,
    n: int,
    by_chrom: bool,
    writing: Mapping[str, Any],
    scanning: Mapping[str, Any],
) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # of a try with narrower types
    os.makedirs(folder)
    own = {k: v for k, v in scanning.items() if k not in ("threads", "missing_chroms")}
    chrom = _chrom(dataset, own)
    if by_chrom:
        columns = own.get("columns")
        every = dataset.scan([], **own).schema.names if columns is None else columns
        own["columns"] = [name for name in every if name != chrom]
    if by_chrom and regions is None and not format_of(dataset).is_placed:
        parts = list(_by_chrom(dataset, chrom, own))
    else:
        missing = scanning.get("missing_chroms", "error")
        pieces = dataset.partitions(n, regions=regions, missing_chroms=missing)
        parts = [_Part(piece.chrom, piece) for piece in pieces]
    tasks = (
        partial(_write, dataset, part, path, writing, own)
        for part, path in zip(parts, _paths(parts, folder, by_chrom), strict=True)
    )
    for _ in in_order(tasks, thread_count(scanning.get("threads"), len(parts))):
        pass


class _Part(NamedTuple):
    """Rows of a file; of chrom None those of any, or of none."""

    chrom: str | None
    place: Any
    filter: pc.Expression | None = None


def _chrom(dataset: Dataset, scanning: Mapping[str, Any]) -> str:
    """What the column of chroms is called in a scan."""
    if scanning.get("names") != "native":
        return "chrom"
    told = dataset.fields.select(["name", "declared_name"]).to_pylist()
    return next(str(row["declared_name"]) for row in told if row["name"] == "chrom")


def _by_chrom(dataset: Dataset, chrom: str, scanning: Mapping[str, Any]) -> Iterator[_Part]:
    """Rows of tables that nobody has sorted, a chrom each, and those on none.

    Not by regions, in which rows that lack a position are not.
    """
    field = pc.field(chrom)
    for name in dataset.chroms:
        yield _Part(name, InBoxes([Box(frozenset([name]))]), field.cast("string") == name)
    on_none = _Part(None, InBoxes([Box(frozenset([None]))]), field.is_null())
    if next(_scan(dataset, on_none, scanning), None) is not None:
        yield on_none


def _paths(parts: Sequence[_Part], folder: str, by_chrom: bool) -> list[str]:
    found = []
    numbers: dict[str, int] = {}
    for part in parts:
        within = ""
        if by_chrom:
            within = f"chrom={_NO_CHROM if part.chrom is None else quote(part.chrom, safe='')}"
            os.makedirs(os.path.join(folder, within), exist_ok=True)
        number = numbers[within] = numbers.get(within, -1) + 1
        found.append(os.path.join(folder, within, f"part-{number:05}.parquet"))
    return found


def _write(
    dataset: Dataset, part: _Part, path: str, writing: Mapping[str, Any], own: Mapping[str, Any]
) -> None:
    """One file; again, if its rows turn out not to be sorted."""
    for is_sorted in (True, False):
        rows = _scan(dataset, part, own)
        try:
            with open(path, "wb") as file:
                parquet.write(rows.schema, rows, file, is_sorted=is_sorted, **writing)
        except parquet.UnsortedError:
            continue
        return


def _scan(dataset: Dataset, part: _Part, scanning: Mapping[str, Any]) -> pa.RecordBatchReader:
    filters = [f for f in (scanning.get("filter"), part.filter) if f is not None]
    how = {**scanning, "filter": reduce(and_, filters) if filters else None}
    return dataset.scan(part.place, threads=1, **how)
