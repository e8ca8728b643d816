"""Arrow tables as pandas DataFrames."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.types as pat

from gidx import schema

_NULLABLE: dict[Any, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.float32(): pd.Float32Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.string(): pd.StringDtype(),
}


def to_frame(table: pa.Table, dtype_backend: str | None = "pyarrow") -> pd.DataFrame:
    """A DataFrame; gidx's metadata is in ``attrs["gidx"]``.

    Dictionary columns (chrom, enums) become categorical with their values in order,
    whatever the backend.
    """
    if dtype_backend == "pyarrow":
        frame = table.to_pandas(types_mapper=_arrow_dtype)
    elif dtype_backend == "numpy_nullable":
        frame = table.to_pandas(types_mapper=_NULLABLE.get)
    elif dtype_backend is None:
        frame = table.to_pandas()
    else:
        raise ValueError(
            f"dtype_backend is {dtype_backend!r}, expected 'pyarrow', 'numpy_nullable' or None"
        )
    found = (table.schema.metadata or {}).get(schema.KEY.encode())
    if found:
        frame.attrs[schema.KEY] = found.decode()
    return frame


def _arrow_dtype(kind: pa.DataType) -> Any:
    return None if pat.is_dictionary(kind) else pd.ArrowDtype(kind)
