"""Arrow tables as pandas DataFrames, in the dtypes that were asked for, or that columns have.

=================  =====================  ==================  =======================
Arrow              ``"pyarrow"``          "numpy_nullable"    None
=================  =====================  ==================  =======================
integers, bool     ``ArrowDtype``         ``Int64`` …         numpy's; where values are
                                                              missing float64, object
float32, float64   ``ArrowDtype``         ``Float64`` …       numpy's, NaN
string             ``ArrowDtype``         ``string``          pandas' own
dictionary         categorical            categorical         categorical
list, struct, map  ``ArrowDtype``         ``ArrowDtype``      ``ArrowDtype``
float16, null      ``ArrowDtype``         ``ArrowDtype``      numpy's, object
=================  =====================  ==================  =======================

A categorical has the values of the file in the order of the file. Nested columns are
never objects: a cell of a list would be an array, and a column of these cannot be sliced,
compared or written without a loop over Python objects.

With None, integers beyond 2**53 in a column where some are missing would not survive
float64: such a column is ``Int64`` or ``UInt64``, the one exception to pandas' own rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import nested as nested_text
from gidx.arrow import schema
from gidx.arrow.batches import is_text
from gidx.errors import ColumnError, one_of

if TYPE_CHECKING:
    Series = pd.Series[Any]

_EXACT = 2**53  # integers up to it are exact in float64
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
    pa.large_string(): pd.StringDtype(),
}


class Categories:
    """The categories of the dictionaries that tables of one file have, made once.

    Of each table pandas makes an index of all chroms of the file: 21 ms of the query of one
    region in a file of 100,000, which takes 0.6 else, and of three chroms 50 us. Frames
    share them, as the parts of one frame do; so a lookup is prepared once, too.
    """

    MOST = 8  # dictionaries of enums may be each batch's own

    def __init__(self) -> None:
        self._known: list[tuple[pa.Array, pd.CategoricalDtype]] = []

    def __from_arrow__(self, column: pa.ChunkedArray) -> Any:
        """A column of any dictionaries, as pyarrow asks a dtype for it."""
        dictionaries = [chunk.dictionary for chunk in column.chunks]
        if not dictionaries or not all(_same(dictionaries[0], one) for one in dictionaries[1:]):
            return _categorical(column)
        codes = [schema.codes_of(chunk) for chunk in column.chunks]
        dtype = self._dtype_of(column.chunk(0))
        return pd.Categorical.from_codes(np.concatenate(codes), dtype=dtype, validate=False)

    def _dtype_of(self, chunk: pa.DictionaryArray) -> pd.CategoricalDtype:
        known = self._known  # a thread may put its own in place meanwhile
        for dictionary, dtype in known:
            if _same(dictionary, chunk.dictionary) and dtype.ordered == chunk.type.ordered:
                return dtype
        made = _categorical(pa.chunked_array([chunk[:0]])).dtype
        self._known = [(chunk.dictionary, made), *known][: self.MOST]
        return made


def _categorical(column: pa.ChunkedArray) -> pd.Categorical:
    """As pyarrow makes one; but that of no values are texts.

    It makes objects, and pandas 3 does not join them with texts.
    """
    found: pd.Categorical = _signed(column).to_pandas().array
    kind = column.type.value_type
    if len(found.categories) or not is_text(kind):
        return found
    texts = pa.array([""], kind).dictionary_encode().to_pandas().dtype.categories
    return found.set_categories(texts[:0], ordered=found.ordered)


def _signed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """With signed numbers of values: polars' are unsigned, which pyarrow 18 leaves unconverted."""
    kind = column.type
    if not pat.is_unsigned_integer(kind.index_type):
        return column
    chunks = [
        pa.DictionaryArray.from_arrays(
            c.indices.cast(pa.int64()), c.dictionary, ordered=kind.ordered
        )
        for c in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(pa.int64(), kind.value_type, kind.ordered))


def _same(one: pa.Array, other: pa.Array) -> bool:
    """Whether arrays are the same memory, without a look at it."""
    places = ([b and b.address for b in array.buffers()] for array in (one, other))
    return (one.offset, len(one), next(places)) == (other.offset, len(other), next(places))


def to_frame(
    table: pa.Table,
    dtype_backend: str | None = "pyarrow",
    lists: str = "arrow",
    categories: Categories | None = None,
) -> pd.DataFrame:
    """A DataFrame; gidx's metadata is in ``attrs["gidx"]``.

    Parameters
    ----------
    table : pyarrow.Table
        Any number of rows and chunks.
    dtype_backend : "pyarrow", "numpy_nullable" or None
        As in pandas; the module's table has what becomes of which type. With
        ``"pyarrow"`` columns are the table's own memory; categoricals have codes of
        their own, since pandas keeps these as narrow as they can be.
    lists : "arrow" or "text"
        Nested columns as they are, or as the texts that their format has for them.
    categories : Categories, optional
        Shared by the tables of one file; default: made anew.

    Raises
    ------
    ValueError
        ``dtype_backend`` is none of these.

    Examples
    --------
    >>> import pyarrow as pa
    >>> table = pa.table({"score": [7, None], "blockSizes": [[10, 20], [30]]})
    >>> to_frame(table).dtypes.tolist()
    [int64[pyarrow], list<item: int64>[pyarrow]]
    >>> to_frame(table, None)
       score blockSizes
    0    7.0    [10 20]
    1    NaN       [30]
    """
    about = (table.schema.metadata or {}).get(schema.KEY.encode())
    if lists == "text":
        recorded = nested_text.told(table)
        table = nested_text.nested_as_text(table)
        if about is not None and any(recorded.values()):
            about = json.dumps({**json.loads(about), nested_text.KEY: recorded}).encode()
    one_of("dtype_backend", dtype_backend, _DTYPES)
    dtype_of = _DTYPES[dtype_backend]

    shared = categories or Categories()

    def mapped(kind: pa.DataType) -> Any:
        return shared if pat.is_dictionary(kind) else dtype_of(kind)

    frame = table.to_pandas(types_mapper=mapped)
    if dtype_backend is None:
        for i, column in enumerate(table.columns):
            if _would_lose(column):
                frame.isetitem(i, column.to_pandas(types_mapper=_NULLABLE.get).array)
    if about:
        frame.attrs[schema.KEY] = about.decode()
    return frame


def backend_of(frame: pd.DataFrame) -> str | None:
    """The backend that a frame was read with, as its columns that are not nested show.

    >>> backend_of(pd.DataFrame({"start": pd.array([1, None], "Int64")}))
    'numpy_nullable'
    """
    kinds = [d for d in frame.dtypes if not isinstance(d, pd.CategoricalDtype)]
    own = [
        d for d in kinds if not (isinstance(d, pd.ArrowDtype) and pat.is_nested(d.pyarrow_dtype))
    ]
    if any(isinstance(d, pd.ArrowDtype) for d in own) or not own:
        return "pyarrow"
    return "numpy_nullable" if any(d in _NULLABLE.values() for d in own) else None


def integers_like(
    values: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_] | None, like: Series
) -> Any:
    """Positions in the dtype of a column, which has to hold them; missing where masked."""
    mask = np.zeros(len(values), np.bool_) if mask is None else mask
    exact: Any = pd.arrays.IntegerArray(values, mask)
    found: Any = None
    with suppress(pa.ArrowException, ValueError, TypeError, OverflowError):
        found = exact.astype(like.dtype, copy=False)
        # int64, which nearly all are, holds any; to compare 10 M takes 0.2 s
        wide = str(like.dtype).lower() in ("int64", "int64[pyarrow]")
        if not wide and not (pd.Series(found).astype("Int64").array == exact).all():
            found = None
    if found is None:
        raise ColumnError(
            f"column {like.name!r} is {like.dtype}, which cannot hold the positions that are "
            f"asked of it; df[{like.name!r}].astype('int64') can"
        )
    return found


# Of each backend the dtype for an Arrow type that is no dictionary.
_DTYPES: dict[str | None, Callable[[pa.DataType], Any]] = {
    "pyarrow": pd.ArrowDtype,
    "numpy_nullable": lambda kind: _NULLABLE.get(kind) or pd.ArrowDtype(kind),
    None: lambda kind: pd.ArrowDtype(kind) if pat.is_nested(kind) else None,
}


def _would_lose(column: pa.ChunkedArray) -> bool:
    """Whether integers would not come back out of float64."""
    if not column.null_count or column.type not in (pa.int64(), pa.uint64()):
        return False
    ends = pc.min_max(column).as_py()
    return ends["min"] is not None and max(-ends["min"], ends["max"]) > _EXACT
