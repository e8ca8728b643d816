"""Where rows of a VCF end, of columns in memory of which none says it.

As in lines (see `_vcf_end` in `gidx.kernels.lines`): the farthest of REF's length; INFO/END; of
<DEL>, <DUP>, <CNV> and <INV> the base at POS and SVLEN, the allele's own, behind it; of <*> and
<NON_REF> the largest LEN of the samples.

Columns are as `gidx.read_vcf` has them, lists and maps, or the texts of the file, as pandas has
read them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow.batches import is_text
from gidx.ground.conventions import Roles

Ints = npt.NDArray[np.int64]
Values = Callable[[], pa.ChunkedArray | None]

_SIZED = "^<(DEL|DUP|CNV|INV)[:>]"
_BLOCKS = r"^<(\*|NON_REF)>$"


def ends(start: Ints, end: Ints, roles: Roles, column: Callable[[str], pa.ChunkedArray]) -> Ints:
    """Ends by REF or a column of ends, farther where other columns of a VCF say so."""
    if roles.info is not None and roles.told is None:
        told = value_of(column(roles.info), "END")
        if told is not None:
            end = np.maximum(end, _integers(told.combine_chunks()))
    if roles.alt is None:
        return end

    def values(name: str | None, key: str) -> pa.ChunkedArray | None:
        if name is None:
            return None
        found = column(name)
        return value_of(found, key) if name in ("INFO", "FORMAT") else found

    def lens() -> pa.ChunkedArray | None:
        texts = column("FORMAT") if roles.samples else None
        if texts is None or not is_text(_plain(texts).type):
            return values(roles.lens, "LEN")
        return _of_samples(_plain(texts), [_plain(column(name)) for name in roles.samples])

    sizes = partial(values, roles.sizes, "SVLEN")
    return stretched(start, end, column(roles.alt), sizes, lens)


def stretched(start: Ints, end: Ints, alt: pa.ChunkedArray, sizes: Values, lens: Values) -> Ints:
    """Ends, of rows with symbolic alleles farther where SVLEN or LEN say so.

    ``sizes`` and ``lens`` give SVLEN and LEN, if there are any, of all rows; they are asked only
    where an allele needs them.

    >>> alt = pa.chunked_array([["A,<DEL>", "C"]])
    >>> one = np.array([9, 9])
    >>> stretched(one, one + 1, alt, lambda: pa.chunked_array([["1,-20", "7"]]), lambda: None)
    array([30, 10])
    """
    offsets, alleles = _lists(alt)
    alleles = alleles.cast(pa.large_string())
    for pattern, values, each in ((_SIZED, sizes, True), (_BLOCKS, lens, False)):
        found = pc.match_substring_regex(alleles, pattern).fill_null(False)
        places = np.flatnonzero(found.to_numpy(zero_copy_only=False))
        told = values() if len(places) else None
        if told is None:
            continue
        rows = np.searchsorted(offsets, places, side="right") - 1
        begins, numbers = _lists(told)
        lengths = np.abs(_integers(numbers))
        end = end.copy()
        if each:  # a value for each allele
            at = begins[rows] + places - offsets[rows]
            there = at < begins[rows + 1]
            rows, at = rows[there], at[there]
            np.maximum.at(end, rows, start[rows] + 1 + lengths[at])
        else:
            longest = np.zeros(len(end), np.int64)
            np.maximum.at(longest, np.repeat(np.arange(len(end)), np.diff(begins)), lengths)
            end[rows] = np.maximum(end[rows], start[rows] + longest[rows])
    return end


def value_of(column: pa.ChunkedArray, key: str) -> pa.ChunkedArray | None:
    """The values of a key in a column of INFO or FORMAT: a map, or the texts of the file."""
    if pat.is_map(column.type):
        found: pa.ChunkedArray = pc.map_lookup(column, pa.scalar(key), "first")
        return found
    column = _plain(column)
    if not is_text(column.type):
        return None
    texts = column.cast(pa.large_string())
    return pc.struct_field(pc.extract_regex(texts, f"(?:^|;){key}=(?P<value>[^;]*)"), 0)


def _of_samples(formats: pa.ChunkedArray, samples: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The largest LEN of the samples of each row, whose texts have what FORMAT says; 0: none.

    >>> formats = pa.chunked_array([["GT:LEN", "LEN", "GT"]])
    >>> _of_samples(formats, [pa.chunked_array([["0/0:7", "8", "9"]])]).to_pylist()
    [7, 8, 0]
    """
    words = formats.combine_chunks().dictionary_encode()
    codes = words.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found = np.zeros(len(codes), np.int64)
    for code, word in enumerate(words.dictionary.to_pylist()):
        keys = word.split(":")
        if "LEN" not in keys:
            continue
        rows = np.flatnonzero(codes == code)
        pattern = f"^(?:[^:]*:){{{keys.index('LEN')}}}(?P<value>[0-9]+)"
        for sample in samples:
            if is_text(sample.type) or pat.is_integer(sample.type):  # pandas reads LEN alone so
                texts = sample.take(pa.array(rows)).cast(pa.large_string())
                value = pc.struct_field(pc.extract_regex(texts, pattern), 0).combine_chunks()
                found[rows] = np.maximum(found[rows], _integers(value))
    return pa.chunked_array([found])


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without a dictionary."""
    kind: Any = column.type
    return column.cast(kind.value_type) if pat.is_dictionary(kind) else column


def _lists(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Where the values of each row begin, and all values: of lists, of texts at their commas."""
    column = _plain(column)
    if is_text(column.type):
        column = pc.split_pattern(column.cast(pa.large_string()), ",")
    if pat.is_nested(column.type):
        sizes = pc.list_value_length(column).fill_null(0).to_numpy()
        values: Any = pc.call_function("list_flatten", [column])
    else:
        sizes, values = np.ones(len(column), np.int64), column
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return offsets, values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _integers(values: pa.Array) -> Ints:
    """Integers, 0 for what is none."""
    if pat.is_dictionary(values.type):
        values = values.dictionary_decode()
    if is_text(values.type):
        digits = pc.extract_regex(values.cast(pa.large_string()), "^(?P<value>[+-]?[0-9]{1,18})")
        values = pc.struct_field(digits, 0).cast(pa.int64())
    if not (pat.is_integer(values.type) or pat.is_floating(values.type)):
        return np.zeros(len(values), np.int64)
    if pat.is_floating(values.type):  # as which pandas has integers where some are missing
        values = pc.if_else(pc.is_finite(values), values, None)
    found: Ints = values.cast(pa.int64(), safe=False).fill_null(0).to_numpy()
    return found
