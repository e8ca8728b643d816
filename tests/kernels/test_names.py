"""Texts as codes, against Python's own dict."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gidx.errors import ColumnError
from gidx.frames.positions import chrom_codes
from gidx.ground.tuning import tuning

# alike in their first or last 8 bytes, with NULs, empty, of several bytes a letter
NAMES = ["", "\0", "\0\0", "chr1", "chr10", "1", "chrUn_KI270302v1", "chrUn_KI270303v1",
         "12345678", "123456789", "12345678\0", "02345678", "é", "éé", "染色体一二三"]  # fmt: skip
KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]

names = st.lists(st.sampled_from([*NAMES, None]) | st.text(max_size=20), max_size=40)


def expected(texts):
    known = {text: i for i, text in enumerate(dict.fromkeys(t for t in texts if t is not None))}
    return [known.get(text, -1) for text in texts], tuple(known)


def coded(column):
    codes, found = chrom_codes(column)
    used = dict.fromkeys(codes[codes >= 0].tolist())
    assert str(codes.dtype) == "int32"
    return [-1 if c < 0 else list(used).index(c) for c in codes.tolist()], tuple(
        found[c] for c in used
    )


def in_kind(texts, kind, before=0):
    """A column of Arrow, of which the first rows are cut off."""
    if pa.types.is_dictionary(kind):
        array = pa.array(["x"] * before + texts, pa.string()).dictionary_encode()
    else:
        array = pa.array(["x"] * before + texts, kind)
    return pd.Series(array[before:], dtype=pd.ArrowDtype(array.type))


@pytest.mark.parametrize("few", [2, 4096])
@settings(max_examples=150)
@given(
    texts=names, kind=st.sampled_from(KINDS), before=st.integers(0, 9), threads=st.integers(1, 3)
)
def test_codes_are_those_of_the_names_in_their_order(few, texts, kind, before, threads):
    with tuning.set(kernel_names=few, threads_from=1, threads=threads):  # more Arrow codes
        assert coded(in_kind(texts, kind, before)) == expected(texts)
        chunks = [in_kind(texts[:3], kind), in_kind(texts[3:], kind, before)]
        assert coded(pd.concat(chunks)) == expected(texts)


@pytest.mark.parametrize("shift", range(9))
def test_bytes_may_lie_anywhere(shift):
    """Words of 8 bytes are read where they lie so, and other bytes one by one."""
    texts = NAMES[1:] * 3
    array = pa.array(texts, pa.string())
    _, offsets, data = array.buffers()
    moved = pa.py_buffer(bytes(shift) + data.to_pybytes())[shift:]
    found = pa.Array.from_buffers(pa.string(), len(texts), [None, offsets, moved])
    assert coded(pd.Series(found, dtype=pd.ArrowDtype(pa.string()))) == expected(texts)


@pytest.mark.parametrize("count", [4095, 4096, 4097, 70_000])
def test_any_number_of_names(count):
    texts = [f"contig_{i * 7919 % count}" for i in range(count)] * 2
    codes, found = chrom_codes(pd.Series(texts, dtype="str"))
    assert codes.tolist() == [*range(count)] * 2
    assert found == tuple(texts[:count])


def test_a_column_of_nothing_has_no_names():
    for kind in KINDS:
        codes, found = chrom_codes(in_kind([], kind))
        assert (codes.tolist(), found) == ([], ())
        codes, found = chrom_codes(in_kind([None, None], kind))
        assert (codes.tolist(), found) == ([-1, -1], ())


def test_what_is_no_text_is_no_name():
    with pytest.raises(ColumnError, match=r"a chrom is 1\.5, expected a text"):
        chrom_codes(pd.Series([1.5], name="chrom"))
