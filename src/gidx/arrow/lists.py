"""What a list is; and lists that are missing hold no items.

Arrow lets them: the lists ``[[1], null, [2]]`` may have items behind the null, which nobody
sees. Its writer of Parquet refuses such (``Lists with non-zero length null components``), so
no table of ours has them, and those of others are written without.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as pat


def is_list(kind: pa.DataType) -> bool:
    """Whether values are lists, fixed in size or not."""
    return bool(pat.is_list(kind) or pat.is_large_list(kind) or pat.is_fixed_size_list(kind))


def without_hidden(array: pa.Array) -> pa.Array:
    """The same lists or maps, without items of those that are missing.

    >>> items = pa.array([1, 8, 9, 2])
    >>> lists = pa.ListArray.from_arrays([0, 1, 3, 4], items, mask=pa.array([False, True, False]))
    >>> without_hidden(lists).offsets.to_pylist(), without_hidden(lists) == lists
    ([0, 1, 1, 2], True)
    """
    if array.null_count == 0:
        return array
    lengths = np.diff(array.offsets.to_numpy())
    if not lengths[array.is_null().to_numpy(zero_copy_only=False)].any():
        return array
    return array.take(pa.array(np.arange(len(array))))
