"""What a user hands to a writer of text, as that takes it: missing numbers, headers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow.batches import Batches, dask_parts, frame, is_dask, is_pandas
from gidx.errors import WriteError


def without_nan(data: Any) -> Any:
    """The same rows, NaN in numpy's float columns of pandas missing.

    pandas has no other word for it in these. Everywhere else NaN is a number.

    >>> import pandas as pd
    >>> without_nan(pd.DataFrame({"qual": [1.5, None]})).column("qual").null_count
    1
    """
    if is_pandas(data):
        floats = [str(n) for n, t in data.dtypes.items() if isinstance(t, np.dtype)]
        with frame(data) as rows:
            table = pa.Table.from_batches(rows.batches, rows.schema)
        for i, f in enumerate(table.schema):
            if f.name in floats and pat.is_floating(f.type):
                column = table.column(i)
                missing = pa.scalar(None, f.type)
                table = table.set_column(i, f, pc.if_else(pc.is_nan(column), missing, column))
        return table
    lone = (str, bytes, Mapping, pa.Table, pa.RecordBatch, pa.RecordBatchReader, Batches)
    if isinstance(data, lone) or hasattr(data, "__arrow_c_stream__"):
        return data
    if is_dask(data):
        return map(without_nan, dask_parts(data))
    return map(without_nan, data) if isinstance(data, Iterable) else data


def in_memory(data: Any) -> bool:
    """Whether all rows are there, rather than to come."""
    return is_pandas(data) or isinstance(data, (Batches, pa.Table, pa.RecordBatch, Mapping))


def header_text(given: str | os.PathLike[str] | None) -> str | None:
    """A header that is a text (it begins with ``#``) or in a file.

    >>> header_text("##gff-version 3")
    '##gff-version 3'
    """
    if given is None or (isinstance(given, str) and (given.startswith("#") or "\n" in given)):
        return given
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"header is {type(given).__name__}, expected its text, or a path")
    if not os.fspath(given):
        raise WriteError("header is an empty text; leave it out to have one made", row=None)
    return Path(given).expanduser().read_text("utf-8", "surrogateescape")
