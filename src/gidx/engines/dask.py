"""A Dask frame of an open file: a partition a piece, columns that a graph needs only.

A task carries how to open the file, and a piece; a worker opens it once. Nothing is read to
make the frame: its types are those of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
from dask.dataframe.utils import clear_known_categories

from gidx.arrow import schema
from gidx.frames.backend import to_frame
from gidx.ground.pieces import Piece
from gidx.scan import OpenFile, format_of


class Read:
    """Pieces of a file as pandas frames; Dask hands over the columns that it needs."""

    def __init__(self, file: OpenFile, options: dict[str, Any], backend: dict[str, Any]) -> None:
        self._file, self._options, self._backend = file, options, backend

    def __call__(self, piece: Piece, columns: Sequence[str] | None = None) -> pd.DataFrame:
        table = self._file.to_table(piece, columns=columns, **self._options)
        return to_frame(table, **self._backend)


def frame(
    file: OpenFile,
    pieces: Sequence[Piece],
    columns: Sequence[str] | None,
    options: dict[str, Any],
    backend: dict[str, Any],
) -> dd.DataFrame:
    """A frame of these pieces, in their order; divisions are not known."""
    whole = file.schema
    wanted = [whole.field(i) for i in schema.project(whole, columns)]
    shape = pa.schema(wanted, whole.metadata)
    meta = to_frame(schema.without_rows(shape, list(file.chroms)), **backend)
    # Values of other dictionaries, and of chroms where no index has them, are met in the rows.
    known = [] if format_of(file).index_kind is None else ["chrom"]
    unknown = [n for n in meta.select_dtypes("category").columns if n not in known]
    meta = clear_known_categories(meta, cols=unknown)
    if not pieces:
        return dd.from_pandas(meta, npartitions=1)
    # a worker runs a task on each of its threads
    read = Read(file, {"threads": 1, **options}, backend)
    names = None if columns is None else list(columns)
    return dd.from_map(read, list(pieces), columns=names, meta=meta, label="gidx")
