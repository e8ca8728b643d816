"""Blocks inflated in one call are those that zlib inflates one by one, or there are none."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx.bbi import blocks as bbi_blocks
from gidx.bgzf import block
from gidx.bgzf.block import EOF, deflate_block, inflate_each
from gidx.errors import FormatError
from gidx.ground.libdeflate import LIBDEFLATE
from gidx.ground.source import MemorySource

MOST = 1 << 16
texts = st.lists(
    st.binary(max_size=200) | st.builds(bytes.__mul__, st.binary(max_size=4), st.integers(0, 9000)),
    max_size=6,
)

if LIBDEFLATE is None:
    pytest.skip("the binding shows none of libdeflate's functions", allow_module_level=True)


@given(texts, st.integers(0, 9), st.booleans())
def test_blocks_are_what_zlib_says(datas, level, ends):
    blocks = [deflate_block(data, level) for data in datas] + [EOF] * ends
    found = LIBDEFLATE.gzip_blocks(b"".join(blocks), [*map(len, blocks)], MOST)
    assert found == [*datas, *[b""] * ends]
    assert all(type(data) is bytearray for data in found)
    streams = [zlib.compress(data, level) for data in datas]
    text, sizes = LIBDEFLATE.zlib_text([*map(memoryview, streams)], MOST)
    assert (text, sizes) == (b"".join(datas), [*map(len, datas)])


@given(st.binary(min_size=1, max_size=300), st.data())
def test_what_is_damaged_or_not_alone_has_no_answer(data, draw):
    whole = bytearray(deflate_block(data))
    sizes = [len(whole)]
    at = draw.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= draw.draw(st.integers(1, 255))
    found = LIBDEFLATE.gzip_blocks(bytes(whole), sizes, MOST)
    if found is not None:  # a byte of the header that says nothing of the data: gzip agrees
        assert found == [gzip.decompress(bytes(whole))] == [data]
    good = deflate_block(data)
    for wrong in ([len(good) + 1], [len(good) - 1], [17], [-1], [len(good), 28]):
        assert LIBDEFLATE.gzip_blocks(good + b"\0", wrong, MOST) is None
    # a size that hides the next block, where both are the same
    assert LIBDEFLATE.gzip_blocks(good + good, [2 * len(good)], MOST) is None
    assert LIBDEFLATE.gzip_blocks(good, [len(good)], len(data) - 1) is None
    stream = zlib.compress(data)
    assert LIBDEFLATE.zlib_text([stream + b"\0"], MOST) is None
    assert LIBDEFLATE.zlib_text([stream[:-1]], MOST) is None
    assert LIBDEFLATE.zlib_text([stream], len(data) - 1) is None


@contextmanager
def block_by_block():
    """Without the library's functions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "LIBDEFLATE", None)
        patch.setattr(bbi_blocks, "LIBDEFLATE", None)
        yield


def outcome(call):
    try:
        return call()
    except FormatError as error:
        return str(error)


@given(texts.filter(len), st.data())
def test_answers_and_errors_are_those_of_the_binding(datas, data):
    blocks = [deflate_block(one) for one in datas]
    sizes = [*map(len, blocks)]
    whole = bytearray(b"".join(blocks))
    if data.draw(st.booleans()):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    streams = [zlib.compress(one) for one in datas]
    joined = bytearray(b"".join(streams))
    if data.draw(st.booleans()):
        joined[data.draw(st.integers(0, len(joined) - 1))] ^= data.draw(st.integers(1, 255))
    ends, spans = 0, []
    for stream in streams:
        spans.append((ends, ends + len(stream)))
        ends += len(stream)
    ranges = np.array(spans, np.uint64)

    def both():
        text = outcome(lambda: inflate_each(bytes(whole), sizes, 7, "a.gz"))
        source = MemorySource(bytes(joined), "a.bb")
        found = outcome(lambda: bbi_blocks.inflate(source, ranges, 40_000))
        return text, found if isinstance(found, str) else [part.tobytes() for part in found]

    quick = both()
    with block_by_block():
        assert both() == quick
