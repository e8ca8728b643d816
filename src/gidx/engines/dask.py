"""A Dask frame of an open file: a partition a piece, columns that a graph needs only.

A task carries how to open the file, and a piece; a worker opens it once. Nothing is read to
make the frame: its types are those of the file. Of very many contigs a partition has several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
from dask.dataframe.utils import clear_known_categories

from gidx.arrow import schema
from gidx.frames.backend import to_frame
from gidx.ground.pieces import Piece, gathered
from gidx.options import Regions
from gidx.scan import OpenFile, format_of


class Read:
    """Pieces of a file as pandas frames; Dask hands over the columns that it needs."""

    def __init__(self, file: OpenFile, options: dict[str, Any], backend: dict[str, Any]) -> None:
        self._file, self._options, self._backend = file, options, backend

    # no default: else Dask asks for all columns where it needs none
    def __call__(self, piece: Regions, columns: Sequence[str] | None) -> pd.DataFrame:
        table = self._file.to_table(piece, columns=columns, **self._options)
        return to_frame(table, **self._backend)


def frame(
    file: OpenFile,
    pieces: Sequence[Piece],
    n: int | None,
    columns: Sequence[str] | None,
    options: dict[str, Any],
    backend: dict[str, Any],
) -> dd.DataFrame:
    """A frame of these pieces, in their order; divisions are not known.

    ``n`` is how many were asked for.
    """
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
    # Types are as asked for. Dask's own conversion of texts, which would change nothing, stands
    # between a row count or head and the pieces: all columns were read for them.
    with dask.config.set({"dataframe.convert-string": False}):
        made = dd.from_map(read, gathered(pieces, n), columns=names, meta=meta, label="gidx")
    return _counted(made)


def _counted(frame: Any) -> Any:
    """The frame, whose rows are counted without a column of them."""
    if _FromMap is None:
        return frame
    (own,) = frame.expr.find_operations(_FromMap)
    return _collection(frame.expr.substitute(own, _Pieces(*own.operands)))


_FromMap: Any = None
try:
    from dask.dataframe.dask_expr import _expr, _reductions
    from dask.dataframe.dask_expr import new_collection as _collection  # type: ignore[attr-defined]
    from dask.dataframe.dask_expr.io.io import FromMapProjectable as _FromMap
except ImportError:  # a later Dask, whose parts are elsewhere: it reads columns to count
    pass
else:

    class _Pieces(_FromMap):
        """Pieces of a file, of which no columns are read where none are needed.

        Dask has that for Parquet only, as a rule of its own kind of expression.
        """

        def _simplify_up(self, parent: Any, dependents: Any) -> Any:
            if isinstance(parent, _reductions.Len):
                bare = self.substitute_parameters({"columns": []})
                return _reductions.Len(bare) if self.columns else None
            if isinstance(parent, _expr.Index):
                needed: Any = _expr.determine_column_projection(self, parent, dependents)
                kept = [name for name in self.columns if name in needed]
                less = len(kept) < len(self.columns)
                return _expr.Index(self.substitute_parameters({"columns": kept})) if less else None
            return super()._simplify_up(parent, dependents)
