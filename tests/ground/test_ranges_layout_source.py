"""Ranges of a file, fixed layouts in it, and where the bytes come from."""

from __future__ import annotations

import io
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx.errors import FormatError
from gidx.ground.layout import ordered, read_array, read_cstring, read_one
from gidx.ground.ranges import coalesce, merge, partition
from gidx.ground.source import (
    PAGE,
    REQUEST_GAP,
    FileSource,
    MemorySource,
    PathSource,
    RemoteSource,
    open_source,
)

# ── ranges ──────────────────────────────────────────────────────────────────────────────────────

pairs = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)
some_ranges = st.lists(pairs, max_size=15).map(lambda r: np.array(r, "u8").reshape(-1, 2))


def covered(ranges):
    return {n for begin, end in ranges.tolist() for n in range(begin, end)}


@given(some_ranges)
def test_merged_ranges_are_the_same_bytes_sorted_and_apart(ranges):
    merged = merge(ranges)
    assert covered(merged) == covered(ranges)
    assert np.all(merged[1:, 0] > merged[:-1, 1])


@given(some_ranges, st.integers(0, 10))
def test_coalesced_ranges_hold_all_others_and_are_more_than_a_gap_apart(ranges, gap):
    joined = coalesce(ranges, gap)
    assert covered(joined) >= covered(ranges)
    assert np.all(joined[1:, 0] > joined[:-1, 1] + gap)
    # a byte is added only where a gap of at most `gap` bytes was closed
    inside = covered(joined) - covered(ranges)
    for n in inside:
        assert any(e <= n < e + gap for e in ranges[:, 1].tolist())


def test_virtual_offsets_of_more_than_63_bits_are_ranges_too():
    high = 2**64 - 10
    assert merge(np.array([[high, high + 5], [3, 4]], "u8")).tolist() == [[3, 4], [high, high + 5]]


@given(some_ranges, st.integers(0, 40))
def test_parts_of_a_partition_joined_are_the_whole(ranges, size):
    parts = partition(ranges, size)
    assert np.array_equal(np.concatenate([np.empty((0, 2), "u8"), *parts]), ranges)
    assert all(len(part) for part in parts)
    widest = int((ranges[:, 1] - ranges[:, 0]).max(initial=0))
    for part in parts:
        assert int((part[:, 1] - part[:, 0]).sum()) < max(size, 1) + widest + 1


# ── layouts ─────────────────────────────────────────────────────────────────────────────────────

PAIR = np.dtype([("number", "<u2"), ("letter", "S1")])
BYTES = bytes.fromhex(
    "0102 61"  # 513 in little-endian, 258 in big-endian; "a"
    "0300 62"  # 3 or 768; "b"
)


def test_a_layout_is_read_in_the_files_byte_order():
    source = MemorySource(BYTES)
    assert read_one(source, 0, ordered(PAIR, "<"), "pair").tolist() == (513, b"a")
    assert read_one(source, 0, ordered(PAIR, ">"), "pair").tolist() == (258, b"a")
    assert read_array(source, 0, ordered(PAIR, "<"), 2, "pairs")["number"].tolist() == [513, 3]


@pytest.mark.parametrize("offset", [-1, 4, 6, 2**63, 2**64 - 1])
def test_what_lies_outside_the_bytes_is_a_format_error_with_its_offset(offset):
    with pytest.raises(FormatError) as error:
        read_one(MemorySource(BYTES, "x.bb"), offset, PAIR, "pair")
    assert str(error.value) == (
        f"x.bb, byte {offset}: truncated pair: needs 3 bytes, file ends at 6"
    )
    assert error.value.offset == offset


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 100])
def test_a_text_ends_at_its_nul_wherever_that_is(length):
    source = MemorySource(b"##" + b"t" * length + b"\0rest")
    assert read_cstring(source, 2, "text", step=4) == b"t" * length


def test_a_text_without_a_nul_is_truncated():
    with pytest.raises(FormatError, match="byte 1: truncated AutoSQL: no closing NUL"):
        read_cstring(MemorySource(b"table"), 1, "AutoSQL")


# ── sources ─────────────────────────────────────────────────────────────────────────────────────

DATA = bytes(np.random.default_rng(1).integers(0, 256, 3 * PAGE + 100, np.uint8))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "data.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture(params=["bytes", "path", "file", "url"])
def source(request, path):
    if request.param == "file":
        with path.open("rb") as file:
            yield open_source(file)
        return
    fsspec.filesystem("memory").pipe("/gidx/data.bin", DATA)
    yield open_source({"bytes": DATA, "path": path, "url": "memory://gidx/data.bin"}[request.param])


def test_every_source_reads_the_same_bytes(source):
    rng = np.random.default_rng(2)
    assert source.size == len(DATA)
    for begin, end in np.sort(rng.integers(0, len(DATA) + 1, (50, 2))).tolist():
        assert bytes(source.read(begin, end - begin)) == DATA[begin:end]
        near = min(begin + 20, len(DATA))
        assert bytes(source.read(begin, near - begin)) == DATA[begin:near]


def test_read_many_gives_each_range_in_the_order_asked(source):
    ranges = np.array([[90_000, 90_010], [5, 9], [5, 9], [7, 300_000], [0, 0]], "u8")
    found = [bytes(piece) for piece in source.read_many(ranges)]
    assert found == [DATA[begin:end] for begin, end in ranges.tolist()]
    assert list(source.read_many(np.empty((0, 2), "u8"))) == []


@pytest.mark.parametrize("offset", [len(DATA) - 5, len(DATA), len(DATA) + 10, 2**62])
def test_a_short_read_raises_and_never_returns_short_bytes(source, offset):
    with pytest.raises(FormatError, match="truncated: 10 bytes expected"):
        source.read(offset, 10)
    with pytest.raises(FormatError, match="truncated: 10 bytes expected"):
        source.read_many(np.array([[0, 3], [offset, offset + 10]], "u8"))


def test_threads_may_read_one_source_at_the_same_time(source):
    begins = np.random.default_rng(3).integers(0, len(DATA) - 50, 400).tolist()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda begin: bytes(source.read(begin, 50)), begins))
    assert found == [DATA[begin : begin + 50] for begin in begins]


def test_every_source_but_an_open_file_can_be_pickled(source):
    if isinstance(source, FileSource):
        with pytest.raises(TypeError):
            pickle.dumps(source)
        return
    again = pickle.loads(pickle.dumps(source))
    assert type(again) is type(source)
    assert (again.name, again.size) == (source.name, source.size)
    assert bytes(again.read(70_000, 9)) == DATA[70_000:70_009]


def test_what_is_given_decides_the_source(path):
    assert type(open_source(b"abc")) is MemorySource
    assert type(open_source(memoryview(b"abc"))) is MemorySource
    assert type(open_source(path)) is type(open_source(str(path))) is PathSource
    assert type(open_source(io.BytesIO(b"abc"))) is FileSource
    assert type(open_source("memory://gidx/data.bin")) is RemoteSource
    ready = MemorySource(b"abc")
    assert open_source(ready) is ready
    with pytest.raises(TypeError, match="cannot read from int"):
        open_source(7)
    with path.open() as text, pytest.raises(TypeError, match="is open as text; open it with mode"):
        open_source(text)


def test_a_path_that_does_not_exist_is_the_builtins_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none.bb")


def test_an_empty_file_is_a_source_of_no_bytes(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    for what in (tmp_path / "empty", b"", io.BytesIO()):
        source = open_source(what)
        assert source.size == 0
        assert bytes(source.read(0, 0)) == b""


class Dribble(io.BytesIO):
    """A file that gives at most 3 bytes at a time, as sockets may."""

    def read(self, size=-1):
        return super().read(min(size, 3))


def test_a_file_may_give_less_than_was_asked_for():
    assert open_source(Dribble(DATA[:100])).read(10, 50) == DATA[10:60]


class Counting:
    """A filesystem that counts the requests of a RemoteSource."""

    def __init__(self, fs):
        self._fs, self.requests, self._lock = fs, [], threading.Lock()

    def cat_ranges(self, paths, begins, ends, **options):
        with self._lock:
            self.requests += list(zip(begins, ends, strict=True))
        return self._fs.cat_ranges(paths, begins, ends, **options)


@pytest.fixture
def remote():
    fsspec.filesystem("memory").pipe("/gidx/data.bin", DATA)
    source = RemoteSource("memory://gidx/data.bin")
    counting = Counting(source._transport._fs)
    source._transport._fs = counting
    return source, counting


def test_near_ranges_of_a_remote_file_are_one_request_and_far_ones_two(remote):
    source, counting = remote
    first = PAGE  # what came with the first request is there
    far = first + 100 + REQUEST_GAP + 1
    spans = [[0, 50], [first, first + 50], [first + 90, first + 100], [far, far + 5]]
    source.read_many(np.array(spans, "u8"))
    assert counting.requests == [(first, first + 100), (far, far + 5)]


def test_small_reads_of_a_remote_file_come_from_pages_kept(remote):
    source, counting = remote
    for offset in range(0, 2 * PAGE, 1000):
        source.read(offset, 8)
    assert counting.requests == [(PAGE, 2 * PAGE)]
    source.read(3 * PAGE + 50, 50)  # the last page is as long as the file
    assert counting.requests[1:] == [(3 * PAGE, len(DATA))]
