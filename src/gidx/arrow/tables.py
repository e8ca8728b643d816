"""Tables of arrays: what containers list of themselves, as users have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.ground.slots import Coded


def table(columns: Mapping[str, npt.NDArray[Any] | Coded]) -> pa.Table:
    """Columns by name; what a masked array masks is missing.

    >>> table({"n": np.ma.array([1, 2], mask=[False, True])})["n"].to_pylist()
    [1, None]
    """
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: npt.NDArray[Any] | Coded) -> pa.Array:
    if isinstance(values, Coded):
        names = pa.array(values.names, pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(values.codes, pa.int32()), names)
    mask = np.ma.getmaskarray(values)
    return pa.array(np.ma.getdata(values), mask=mask if mask.any() else None)
