"""A frame's chrom, start and end as arrays: whatever its columns are called and typed.

`roles` says which columns they are: those named with ``df.gidx.set``, else by their names
(see conventions). `positions` makes them int64, 0-based half-open, and chroms codes; a
row in which one of the three is missing has the code -1 and never matches.
"""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import variants
from gidx.arrow.batches import in_native_order
from gidx.arrow.schema import codes_of
from gidx.errors import ColumnError
from gidx.ground.conventions import Roles, roles_of
from gidx.ground.pool import in_order, thread_count
from gidx.ground.region import before_the_first, chrom_name
from gidx.ground.tuning import tuning
from gidx.kernels.names import code_names

if TYPE_CHECKING:
    Series = pd.Series[Any]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

_ALL = np.empty(0, np.bool_)
LARGEST = 2**61  # above any position; the sum of two does not wrap


@dataclass(frozen=True)
class Positions:
    """``codes`` (-1: a value is missing) into ``names``; ``start``, ``end`` 0-based half-open."""

    codes: Codes
    names: tuple[str, ...]
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.codes)


def roles(frame: pd.DataFrame, what: str = "the frame") -> Roles:
    """Which columns are chrom, start and end; ColumnError where that cannot be told."""
    found = roles_of(frame, what)
    if not frame.columns.is_unique:
        for name in found.needed:
            if not isinstance(frame[name], pd.Series):
                raise ColumnError(f"two columns are named {name!r}; rename or drop one")
    return found


def positions(frame: pd.DataFrame, found: Roles, *, as_they_stand: bool = False) -> Positions:
    """The arrays; ColumnError for values that are no positions, with the row.

    A place before the first base counts as that base, but where they are asked for
    ``as_they_stand``.
    """
    where, missing = read(frame, found)
    start, end = where.start, where.end
    if not as_they_stand:
        start, end = before_the_first(start, end)
    codes = where.codes
    if missing is not None:
        codes = np.where(missing, np.int32(-1), codes)
    wrong = np.flatnonzero((start > end) & (codes >= 0))
    if len(wrong):
        i = int(wrong[0])
        raise ColumnError(
            f"row {i}: {found.start} {start[i] + found.shift} is after {found.end} {end[i]}, in "
            f"{len(wrong):,} rows; df.gidx.validate() lists them"
        )
    return Positions(codes, where.names, start, end)


def read(
    frame: pd.DataFrame, found: Roles, largest: int = LARGEST
) -> tuple[Positions, npt.NDArray[np.bool_] | None]:
    """The arrays as they stand, and where start or end is missing (None: nowhere).

    A start may be after its end. ColumnError for what is no number.
    """
    codes, names = chrom_codes(frame[found.chrom])
    start, missing = integers(frame[found.start], largest)
    if found.shift:
        start = start - found.shift
    if found.end is not None:
        end, also = integers(frame[found.end], largest)
        missing = _either(missing, also)
    else:
        end = _vcf_end(frame, start, found)
    return Positions(codes, names, start, end), missing


def _either(
    one: npt.NDArray[np.bool_] | None, other: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.bool_] | None:
    if one is None or other is None:
        return other if one is None else one
    both: npt.NDArray[np.bool_] = one | other
    return both


def chrom_codes(column: Series) -> tuple[Codes, tuple[str, ...]]:
    """Codes of a column of chroms, -1 for what is missing, and their names, in file order.

    Names that a categorical knows but does not use are among them. Whole numbers are names
    too: 1.0 is the chrom 1, since pandas has integers as floats where one is missing.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, labels = column.array.codes, column.dtype.categories.tolist()  # type: ignore[attr-defined]
    elif column.dtype == object or isinstance(column.dtype, np.dtype):
        try:
            codes, found = pd.factorize(column)
        except TypeError as error:  # lists and the like
            raise ColumnError(f"column {column.name!r}: a chrom is no text: {error}") from None
        labels = found.tolist()
    else:
        array = as_arrow(column)
        if pat.is_nested(array.type):
            raise ColumnError(f"column {column.name!r} is {column.dtype}, expected texts")
        if pat.is_dictionary(array.type):
            codes, labels = _indices(array.unify_dictionaries())
        else:
            codes, labels = _encoded(array)
        if pat.is_floating(array.type):
            labels = [None if label is None or math.isnan(label) else label for label in labels]
        if None in labels:  # a dictionary may have missing among its values
            kept = [label for label in labels if label is not None]
            places = {label: i for i, label in enumerate(kept)}
            codes = np.array([*(places.get(label, -1) for label in labels), -1])[codes]
            labels = kept
    names = []
    for label in labels:
        name = chrom_name(label)
        if name is None:
            raise ColumnError(
                f"column {column.name!r}: a chrom is {label!r}, expected a text (or a whole number)"
            )
        names.append(name)
    codes = np.ascontiguousarray(codes, np.int32)
    if len(set(names)) < len(names):  # 1 and '1'
        known = {name: i for i, name in enumerate(dict.fromkeys(names))}
        codes = np.array([*(known[name] for name in names), -1], np.int32)[codes]
        names = list(known)
    return codes, tuple(names)


def _encoded(texts: pa.ChunkedArray) -> tuple[npt.NDArray[Any], list[Any]]:
    """Codes of texts, in pieces on all threads."""
    if not (pat.is_string(texts.type) or pat.is_large_string(texts.type)):
        return _indices(pc.call_function("dictionary_encode", [texts]))
    threads = thread_count(None) if len(texts) >= tuning.threads_from else 1
    size = max(-(-len(texts) // threads), 1)
    pieces = [texts.slice(at, size) for at in range(0, len(texts), size)]
    known: dict[Any, int] = {}
    found = [np.empty(0, np.int32)]
    for codes, labels in in_order([partial(_piece_encoded, piece) for piece in pieces], threads):
        place = [known.setdefault(label, len(known)) for label in labels]
        same = place == [*range(len(place))]
        found.append(codes if same else np.array([*place, -1], np.int32)[codes])
    return np.concatenate(found[-len(pieces) :]), list(known)


def _piece_encoded(texts: pa.ChunkedArray) -> tuple[npt.NDArray[Any], list[Any]]:
    """Codes of texts. 2 M of 24 names, in order and in no order: 6 and 11 ms; Arrow's
    dictionary_encode, which takes many names, 24 and 25."""
    whole = texts.combine_chunks() if texts.num_chunks > 1 else texts.chunk(0)
    _, offsets, data = whole.buffers()
    bounds: Any = np.frombuffer(offsets, np.int64 if pat.is_large_string(whole.type) else np.int32)
    there = whole.is_valid().to_numpy(zero_copy_only=False) if whole.null_count else _ALL
    most = tuning.kernel_names
    table, firsts = np.full(2 * most, -1, np.int32), np.empty(most, np.int64)
    codes = np.empty(len(whole), np.int32)
    n = code_names(
        bounds[whole.offset : whole.offset + len(whole) + 1], *_bytes_of(data),
        there, table, np.empty(most, np.uint64), firsts, codes,
    )  # fmt: skip
    if n < 0:
        return _indices(pa.chunked_array([whole.dictionary_encode()]))
    return codes, whole.take(pa.array(firsts[:n])).to_pylist()


def _bytes_of(data: pa.Buffer | None) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """A buffer's bytes, and its words of 8, if they lie so."""
    if data is None or not data.size:
        data = pa.py_buffer(bytes(8))
    lie_so = data.address % 8 == 0 and sys.byteorder == "little"
    words = np.frombuffer(data, np.uint64, data.size // 8 if lie_so else 0)
    return np.frombuffer(data, np.uint8), words


def _indices(array: pa.ChunkedArray) -> tuple[npt.NDArray[Any], list[Any]]:
    if array.num_chunks == 0:
        return np.empty(0, np.int32), []
    whole = array.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    return codes_of(whole), whole.dictionary.to_pylist()


def integers(column: Series, largest: int = LARGEST) -> tuple[Ints, npt.NDArray[np.bool_] | None]:
    """int64 values, and which are missing (None: none is); no copy where they lie so."""
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else ""
    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_] | None = None
    if kind in ("i", "u", "f"):
        values = column.to_numpy()
    else:
        array = as_arrow(column)
        if pat.is_null(array.type):
            absent = np.ones(len(column), np.bool_) if len(column) else None
            return np.zeros(len(column), np.int64), absent
        if pat.is_decimal(array.type):
            array = _whole(column, array)
        if not (pat.is_integer(array.type) or pat.is_floating(array.type)):
            raise ColumnError(
                f"column {column.name!r} is {column.dtype}, expected integers; "
                f"df[{column.name!r}].astype('int64') if it holds them as texts"
            )
        if array.null_count:
            missing = array.is_null().to_numpy()
            array = array.fill_null(0)
        values = array.to_numpy()
    if values.dtype.kind == "f":
        nan = np.isnan(values)  # of Arrow's floats, too, which may have it beside what is null
        missing = _either(missing, nan)
        values = np.where(nan, 0, values).astype(np.float64, copy=False)
        odd = np.flatnonzero(values != np.floor(values))
        if len(odd):
            i = int(odd[0])
            raise ColumnError(f"column {column.name!r}, row {i}: {values[i]} is not an integer")
    if missing is not None and not missing.any():
        missing = None
    wide = len(values) and values.dtype.itemsize == 8
    if wide and (values.min() < -largest or values.max() > largest):
        i = int(np.flatnonzero((values < -largest) | (values > largest))[0])
        raise ColumnError(f"column {column.name!r}, row {i}: {values[i]} is no position")
    return np.ascontiguousarray(values, np.int64), missing  # every second row of a frame is not


def missing_in(column: Series) -> npt.NDArray[np.bool_]:
    """Which values are missing, as `integers` has it: NaN is, which pandas sees only elsewhere."""
    found: npt.NDArray[np.bool_] = column.isna().to_numpy(np.bool_)
    if isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "f":
        return found | np.isnan(column.to_numpy(np.float64, na_value=np.nan))
    return found


def _whole(column: Series, decimals: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as int64; ColumnError for one that is not whole."""
    try:
        return decimals.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise ColumnError(f"column {column.name!r}: {error}; expected integers") from None


def as_arrow(column: Series) -> pa.ChunkedArray:
    """A column of any dtype as Arrow has it; not copied where it is ArrowDtype."""
    if isinstance(column.dtype, pd.SparseDtype):  # of which Arrow knows nothing
        dense: Any = column.sparse  # whose stubs know no method
        column = dense.to_dense()
    try:
        array = pa.array(in_native_order(column), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise ColumnError(
            f"column {column.name!r} is {column.dtype} with values of several types, expected "
            "those of one"
        ) from None
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _vcf_end(frame: pd.DataFrame, start: Ints, found: Roles) -> Ints:
    """Where rows without an end end: those of a VCF by the farthest of REF, END, SVLEN, LEN."""
    end = start + 1
    if found.ref is not None:
        lengths, _ = integers(frame[found.ref].astype("object").str.len())  # 0 for what is missing
        end = start + np.maximum(lengths, 1)
    if found.told is not None:
        farther, missing = integers(frame[found.told])
        end = np.maximum(end, farther if missing is None else np.where(missing, 0, farther))
    return variants.ends(start, end, found, partial(_of_variants, frame))


def _of_variants(frame: pd.DataFrame, name: str) -> pa.ChunkedArray:
    """A column of a VCF; one of which Arrow can make nothing as texts, which say no length."""
    column = frame[name]
    if column.dtype == object and name in _MAPS:  # a map is lists of pairs as Python has it
        with suppress(pa.ArrowException, TypeError, ValueError):
            return pa.chunked_array([pa.array(column, _MAPS[name], from_pandas=True)])
    try:
        return as_arrow(column)
    except ColumnError:
        return as_arrow(column.astype("str"))


_MAPS = {
    "INFO": pa.map_(pa.string(), pa.string()),
    "FORMAT": pa.map_(pa.string(), pa.list_(pa.string())),
}
