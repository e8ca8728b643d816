"""Rows of a frame by their numbers, column by column on all threads.

pandas' own ``take`` does the same on one thread, in fresh memory: of the 15 ms that 5 M
numbers took, 8 were the system's, handing out 40 MB to be touched for the first time. So
numbers go to memory of Arrow's pool, as texts do, which keeps what it gets back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.types as pat

from gidx.ground.pool import in_order, thread_count
from gidx.ground.tuning import tuning

if TYPE_CHECKING:
    Series = pd.Series[Any]

Ints = npt.NDArray[np.int64]

_RUNS = 1_000  # texts that are repeated one by one at most


def rows(frame: pd.DataFrame, numbers: Ints) -> pd.DataFrame:
    """``frame.take(numbers)``."""
    if len(numbers) < tuning.threads_from or type(frame) is not pd.DataFrame:
        return frame.take(numbers)
    tasks = [partial(column, frame.iloc[:, i], numbers) for i in range(frame.shape[1])]
    return made(tasks, index(frame.index, numbers), frame.columns, like=frame)


def made(
    tasks: Iterable[Callable[[], Any]], labels: pd.Index, names: pd.Index, like: pd.DataFrame
) -> pd.DataFrame:
    """A frame of the columns that the tasks give, with the attrs of another."""
    threads = thread_count(None) if len(labels) >= tuning.threads_from else 1
    columns = {i: _as_object(taken, labels) for i, taken in enumerate(in_order(tasks, threads))}
    found = pd.DataFrame(columns, index=labels, copy=False)
    found.columns = names
    found.attrs = deepcopy(like.attrs)
    return found


def index(labels: pd.Index, numbers: Ints) -> pd.Index:
    """``labels.take(numbers)``; the numbers themselves where they are the labels."""
    if isinstance(labels, pd.RangeIndex) and labels.start == 0 and labels.step == 1:
        return pd.Index(numbers, name=labels.name, copy=False)
    return labels.take(numbers)


def column(series: Series, numbers: Ints, lone: bool = False) -> Any:
    """Values of these rows, in an array of the column's dtype.

    ``lone``: there may be row -1, for which it is missing; integers stay integers.
    """
    array = series.array
    if isinstance(array, pd.arrays.ArrowExtensionArray):
        found = _one_chunk(array).take(pa.array(numbers, mask=numbers < 0 if lone else None))
        return _as_pandas(found, array)
    if type(array) is not pd.arrays.NumpyExtensionArray:  # StringArray inherits from it
        return array.take(numbers, allow_fill=lone)
    values = array.to_numpy()
    if not lone:
        return _taken(values, numbers)
    if values.dtype.kind in "iu" or values.dtype == bool:
        kind: Any = pd.arrays.BooleanArray if values.dtype == bool else pd.arrays.IntegerArray
        padded = values if len(values) else np.zeros(1, values.dtype)
        return kind(padded.take(np.maximum(numbers, 0)), numbers < 0)
    return pd.api.extensions.take(values, numbers, allow_fill=True)


def _taken(values: npt.NDArray[Any], numbers: Ints) -> npt.NDArray[Any]:
    if len(numbers) < tuning.threads_from or values.dtype.hasobject:
        return values.take(numbers)
    out = np.frombuffer(pa.allocate_buffer(len(numbers) * values.itemsize), values.dtype)
    return np.take(values, numbers, out=out, mode="clip")  # else numpy makes another copy


def repeated(texts: Sequence[str], counts: Ints, like: Series) -> Any:
    """Each text so many times, as a column of texts of Arrow; None where it is of others.

    5 M names of chroms in 24 runs: 8 ms; Arrow's take 32.
    """
    array = like.array
    if not isinstance(array, pd.arrays.ArrowExtensionArray) or len(texts) > _RUNS:
        return None
    kind = array.__arrow_array__().type
    names = [text.encode() for text in texts]
    sizes = np.array([len(name) for name in names], np.int64)
    total = int((sizes * counts).sum())
    if not (pat.is_large_string(kind) or (pat.is_string(kind) and total < 2**31)):
        return None
    rows = int(counts.sum())
    offsets: Ints = np.zeros(rows + 1, np.int64 if pat.is_large_string(kind) else np.int32)
    row = at = 0
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        some = offsets[row + 1 : row + 1 + count]
        some[:] = np.arange(1, count + 1)
        some *= size
        some += at
        row, at = row + count, at + size * count
    data = b"".join(name * count for name, count in zip(names, counts.tolist(), strict=True))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return _as_pandas(pa.Array.from_buffers(kind, rows, buffers), array)


def _one_chunk(array: pd.arrays.ArrowExtensionArray) -> pa.Array:
    chunks = array.__arrow_array__()
    return chunks.combine_chunks() if chunks.num_chunks != 1 else chunks.chunk(0)


def _as_pandas(found: pa.Array, like: pd.arrays.ArrowExtensionArray) -> Any:
    dtype: Any = like.dtype  # texts are of several, which share the type of array
    return dtype.__from_arrow__(pa.chunked_array([found]))


def _as_object(values: Any, labels: pd.Index) -> Any:
    """Objects as a Series that says so: of an array pandas 3 would make texts."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        return pd.Series(values, labels, dtype="object", copy=False)
    return values
