"""Strands of rows: which way each of them is read."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
import pandas as pd

from gidx.errors import ColumnError

_SIGNS = {"+": 1, "-": -1, ".": 0, "*": 0, "?": 0}


def signs(frame: pd.DataFrame, name: Hashable) -> npt.NDArray[np.int8]:
    """1 for ``+``, -1 for ``-``, 0 where a row's strand is not known."""
    if not isinstance(frame[name], pd.Series):
        raise ColumnError(f"two columns are named {name!r}; rename or drop one")
    told = frame[name].astype("object")
    found = told.map(_SIGNS)
    odd = told[found.isna() & told.notna()]
    if len(odd):
        raise ColumnError(
            f"column {name!r}: a strand is {odd.iloc[0]!r}, expected '+' or '-' "
            "('.', '*', '?' or missing where it is not known); for numbers "
            f"df[{name!r}].map({{1: '+', -1: '-'}})"
        )
    known = found.to_numpy(np.int8, na_value=0).astype(np.int8)
    return known
