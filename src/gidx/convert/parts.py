"""Parquet in several files: a piece in each, written in parallel, opened as one.

    folder/part-00000.parquet               partitions=: rows in the pieces' order
    folder/chrom=chr1/part-00000.parquet    partition_by="chrom": as Hive names them

Each reader of folders of Parquet takes them: `gidx.open`, pyarrow, polars, DuckDB, Spark. The
column chrom is in the files all the same. The folder is there when all is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from gidx.dataset import Dataset
from gidx.errors import WriteError
from gidx.formats.parquet import write as parquet
from gidx.ground.pieces import Piece
from gidx.ground.pool import in_order, thread_count
from gidx.ground.source import expanded
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
    target = os.path.abspath(expanded(folder))
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
    missing = scanning.get("missing_chroms", "error")
    pieces = dataset.partitions(n, regions=regions, missing_chroms=missing)
    own = {k: v for k, v in scanning.items() if k not in ("threads", "missing_chroms")}
    tasks = (
        partial(_write, dataset, piece, path, writing, own)
        for piece, path in zip(pieces, _paths(pieces, folder, by_chrom), strict=True)
    )
    for _ in in_order(tasks, thread_count(scanning.get("threads"), len(pieces))):
        pass


def _paths(pieces: Sequence[Piece], folder: str, by_chrom: bool) -> list[str]:
    found = []
    numbers: dict[str, int] = {}
    for piece in pieces:
        within = ""
        if by_chrom:
            within = f"chrom={_NO_CHROM if piece.chrom is None else quote(piece.chrom, safe='')}"
            os.makedirs(os.path.join(folder, within), exist_ok=True)
        number = numbers[within] = numbers.get(within, -1) + 1
        found.append(os.path.join(folder, within, f"part-{number:05}.parquet"))
    return found


def _write(
    dataset: Dataset, piece: Piece, path: str, writing: Mapping[str, Any], own: Mapping[str, Any]
) -> None:
    """One file; again, if its rows turn out not to be sorted."""
    for is_sorted in (True, False):
        rows = dataset.scan(piece, threads=1, **own)
        try:
            with open(path, "wb") as file:
                parquet.write(rows.schema, rows, file, is_sorted=is_sorted, **writing)
        except parquet.UnsortedError:
            continue
        return
