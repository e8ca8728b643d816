"""The bbi container read: header, B+ tree, range tree, blocks; byte by byte."""

from __future__ import annotations

import re
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.bigbed_bytes import File, build, build_parts
from tests.support.bigbed_bytes import key_tree as write_key_tree
from tests.support.bigbed_bytes import range_tree as write_range_tree

from gidx.bbi import bplus_tree
from gidx.bbi.blocks import LastBlocks, inflate
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.header import BIGBED_MAGIC, read_header
from gidx.bbi.range_tree import RangeTree
from gidx.errors import FormatError
from gidx.ground.region import resolve
from gidx.ground.source import MemorySource
from gidx.ground.tuning import tuning


def parts(*hexes):
    return bytes.fromhex("".join(hexes))


# ── chromosome tree ─────────────────────────────────────────────────────────────────────────────

LEAF_TREE = parts(
    "91 8c ca 78",                  # magic, little-endian
    "02000000 04000000 08000000",   # block size 2, key size 4, value size 8
    "0200000000000000",             # two items
    "0000000000000000",             # reserved
    "01 00 0200",                   # leaf, reserved, count = 2
    "63687231 00000000 40e20100",   # "chr1", id 0, 123456 bp
    "63687258 01000000 e8030000",   # "chrX", id 1, 1000 bp
)  # fmt: skip

INDEX_TREE = parts(
    "78 ca 8c 91",                          # magic, big-endian
    "00000001 00000002 00000008",           # block size 1, key size 2, value size 8
    "0000000000000002 0000000000000000",    # two items, reserved
    "00 00 0002",                           # index node at 32, count = 2
    "6100 0000000000000038",                # "a", child at 56
    "6200 0000000000000046",                # "b", child at 70
    "01 00 0001  6100 00000001 00000007",   # leaf at 56: "a", id 1, 7 bp
    "01 00 0001  6200 00000000 00000009",   # leaf at 70: "b", id 0, 9 bp
)  # fmt: skip


def chroms(data, order="<"):
    tree = BPlusTree(MemorySource(data), 0, order, bplus_tree.CHROM, "chromosome tree")
    return [(bytes(i["key"]), int(i["id"]), int(i["size"])) for i in tree.items()]


def test_a_leaf_lists_keys_in_byte_order_with_ids_and_sizes():
    assert chroms(LEAF_TREE) == [(b"chr1", 0, 123456), (b"chrX", 1, 1000)]


def test_an_index_node_leads_to_its_leaves():
    assert chroms(INDEX_TREE, ">") == [(b"a\0", 1, 7), (b"b\0", 0, 9)]


def test_a_key_is_found_in_the_leaf_that_has_it_and_nowhere_else():
    tree = BPlusTree(MemorySource(INDEX_TREE), 0, ">", bplus_tree.CHROM, "tree")
    assert tree.find([b"b"])["size"].tolist() == [9]
    assert tree.find([b"a", b"b"])["size"].tolist() == [7, 9]
    for none in (b"", b"c", b"0", b"ab", b"a long key"):
        assert len(tree.find([none])) == 0


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (0, "00", "byte 0: not a B+ tree (chromosome tree): magic is 78ca8c00, expected 78ca8c91"),
        (8, "ffffffff", "byte 8: chromosome tree: key size is 4294967295, expected at most "),
        (12, "09", "byte 12: chromosome tree: value size is 9, expected 8"),
        (16, "03", "byte 32: chromosome tree: 2 items found, its header says 3"),
        (34, "0300", "byte 36: truncated chromosome tree: needs 36 bytes, file ends at 60"),
    ],
)
def test_a_broken_tree_says_where_and_what(offset, value, message):
    piece = bytes.fromhex(value)
    with pytest.raises(FormatError) as error:
        chroms(LEAF_TREE[:offset] + piece + LEAF_TREE[offset + len(piece) :])
    assert str(error.value).startswith(f"<bytes>, {message}")


def test_a_node_that_is_its_own_child_is_an_error_and_not_a_loop():
    looped = INDEX_TREE[:38] + (32).to_bytes(8, "big") + INDEX_TREE[46:]
    with pytest.raises(FormatError, match="byte 32: chromosome tree: a node is its own child"):
        chroms(looped, ">")


def key_tree(items, fan_out, levels, order="<"):
    """A tree of (key, block) over the test's own writer."""
    f = File(order)
    packed = [(key, struct.pack(order + "2Q", block, 1)) for key, block in items]
    write_key_tree(f, packed, 16, fan_out, levels)
    return BPlusTree(MemorySource(bytes(f.data)), 0, order, bplus_tree.BLOCK, "extra index")


keys = st.binary(max_size=3).map(lambda b: b.replace(b"\0", b"a"))


@given(
    st.lists(st.tuples(keys, st.integers(0, 9)), max_size=30),
    st.lists(keys, max_size=4),
    st.integers(2, 4),
    st.integers(0, 3),
    st.sampled_from("<>"),
)
def test_a_lookup_finds_every_item_of_its_keys_also_in_the_next_leaves(
    items, wanted, fan_out, levels, order
):
    tree = key_tree(items, fan_out, levels, order)
    found = {(bytes(i["key"]).rstrip(b"\0"), int(i["offset"])) for i in tree.find(wanted)}
    assert found == {(key, block) for key, block in items if key in wanted}


def test_many_keys_at_once_are_found_as_one_by_one():
    items = [(b"%d" % (n % 700), n) for n in range(1000)]
    tree = key_tree(items, 5, 0)
    wanted = [b"%d" % n for n in range(0, 1400, 2)]
    assert len(wanted) > bplus_tree.MANY
    assert sorted(tree.find(wanted)["offset"].tolist()) == [
        n for n in range(1000) if n % 700 % 2 == 0
    ]


# ── range tree ──────────────────────────────────────────────────────────────────────────────────

RANGE_TREE = parts(
    "e0 ac 68 24",                          #   0 magic, little-endian
    "02000000 0200000000000000",            #   4 block size 2, two items
    "00000000 05000000 01000000 09000000",  #  16 from chrom 0, base 5 to chrom 1, base 9
    "7000000000000000 01000000 00000000",   #  32 data end at 112, one item a slot, reserved
    "00 00 0200",                           #  48 index node, count = 2
    "00000000 05000000 00000000 08000000",  #  52 chrom 0: 5-8
    "6400000000000000",                     #     child at 100
    "00000000 06000000 01000000 09000000",  #  76 chrom 0, base 6 to chrom 1, base 9
    "8800000000000000",                     #     child at 136
    "01 00 0100",                           # 100 leaf, count = 1
    "00000000 05000000 00000000 08000000",  # 104 chrom 0: 5-8
    "b000000000000000 0a00000000000000",    #     block at 176, 10 bytes
    "01 00 0100",                           # 136 leaf, count = 1
    "00000000 06000000 01000000 09000000",  # 140 chrom 0, base 6 to chrom 1, base 9
    "c800000000000000 0500000000000000",    #     block at 200, 5 bytes
)  # fmt: skip

SIZES = {"chr1": 100, "chr2": 100, "chr3": 100}


def planned(data, regions, small, monkeypatch):
    monkeypatch.setattr(tuning, "whole_tree", small)
    asked = None if regions is None else resolve(regions, SIZES)
    return RangeTree(MemorySource(data), 0, "<", "index").ranges(asked).tolist()


@pytest.mark.parametrize("small", [0, 10], ids=["node by node", "read whole"])
@pytest.mark.parametrize(
    ("regions", "ranges"),
    [
        (None, [[176, 186], [200, 205]]),
        (("chr1", 0, 4), []),
        (("chr1", 0, 6), [[176, 186], [200, 205]]),  # an item of length zero at 6 would touch
        (("chr1", 0, 5), [[176, 186]]),
        (("chr1", 9, 50), [[200, 205]]),
        (("chr2", 0, 1), [[200, 205]]),  # a node may span chroms
        (("chr2", 9, 10), [[200, 205]]),
        (("chr2", 10, 11), []),
        ("chr3", []),
        ([("chr1", 7, 8), "chr3", ("chr2", 3, 4)], [[176, 186], [200, 205]]),
        ([], []),
    ],
)
def test_a_plan_is_the_blocks_that_may_hold_rows(regions, ranges, small, monkeypatch):
    assert planned(RANGE_TREE, regions, small, monkeypatch) == ranges


def test_the_first_block_is_found_without_the_other_leaves(monkeypatch):
    monkeypatch.setattr(tuning, "whole_tree", 1)
    cut = RANGE_TREE[:136]  # the second leaf is not there
    tree = RangeTree(MemorySource(cut), 0, "<", "index")
    assert tree.first().tolist() == [[176, 186]]
    with pytest.raises(FormatError, match="byte 136: truncated index"):
        tree.ranges()


def test_a_plan_is_in_file_order_each_block_once_whatever_the_tree():
    """bedToBigBed keeps chroms in the order that they come, and numbers them by name."""
    f = File("<")
    blocks = (0, 5, 0, 9, 300, 10), (0, 20, 0, 30, 200, 10), (1, 0, 1, 9, 100, 10)
    write_range_tree(f, [*blocks, blocks[1]], 2, 1, 0)
    tree = RangeTree(MemorySource(bytes(f.data)), 0, "<", "index")
    assert tree.ranges().tolist() == [[100, 110], [200, 210], [300, 310]]
    asked = resolve(["chr2", "chr1:21-25"], SIZES)
    assert tree.ranges(asked).tolist() == [[100, 110], [200, 210]]


@pytest.mark.parametrize("small", [0, 10])
def test_a_range_tree_that_leads_back_is_an_error_and_not_a_loop(small, monkeypatch):
    looped = RANGE_TREE[:68] + (48).to_bytes(8, "little") + RANGE_TREE[76:]
    with pytest.raises(FormatError, match="byte 48: index: a node is its own child"):
        planned(looped, None, small, monkeypatch)
    monkeypatch.setattr(tuning, "whole_tree", small)
    with pytest.raises(FormatError, match="byte 48: index: a node is its own child"):
        RangeTree(MemorySource(looped), 0, "<", "index").first()


def test_a_range_tree_has_its_magic():
    with pytest.raises(FormatError, match=re.escape("not a range tree (index): magic is 2468ac00")):
        RangeTree(MemorySource(b"\0" + RANGE_TREE[1:]), 0, "<", "index")


@st.composite
def leaves(draw):
    """Leaf items as a writer has them: sorted bounds, blocks one after the other."""
    place = st.tuples(st.integers(0, 2), st.integers(0, 30))
    spans = draw(st.lists(st.tuples(place, place).map(sorted), max_size=20))
    spans.sort()
    return [(*lo, *hi, 1000 + 10 * i, 10) for i, (lo, hi) in enumerate(spans)]


span = st.tuples(st.integers(0, 32), st.integers(0, 32)).map(sorted)
some_regions = st.lists(
    st.tuples(st.sampled_from(list(SIZES)), span).map(lambda r: (r[0], *r[1])), max_size=4
)


@given(leaves(), some_regions, st.integers(2, 3), st.integers(0, 2), st.booleans())
def test_a_plan_is_every_block_that_touches_a_region_and_no_other(
    items, regions, fan_out, levels, whole
):
    f = File(">")
    write_range_tree(f, items, fan_out, 1, levels)
    tree = RangeTree(MemorySource(bytes(f.data)), 0, ">", "index")
    if whole:
        tree.ranges()
    names = list(SIZES)
    touching = [
        [offset, offset + size]
        for c, s, d, e, offset, size in items
        if any((names.index(r[0]), r[2]) >= (c, s) and (names.index(r[0]), r[1]) <= (d, e)
               for r in regions)
    ]  # fmt: skip
    found = tree.ranges(resolve(regions, SIZES)).tolist()
    assert found == touching


# ── header ──────────────────────────────────────────────────────────────────────────────────────

ROWS = [("chr1", 1, 5, "a"), ("chr1", 4, 9, "b"), ("chr2", 0, 3, "c")]
FILE = build_parts(
    ROWS, {"chr1": 10, "chr2": 5}, zooms=[4, 8], total_summary=True, indexes=[3], autosql="x"
)


def header(data):
    return read_header(MemorySource(data, "x.bb"), BIGBED_MAGIC, "bigBed")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_the_header_says_everything_in_either_byte_order(order, version):
    indexes = [3] if version == 4 else []
    file = build_parts(
        ROWS, {"chr1": 10, "chr2": 5}, order=order, version=version, zooms=[4, 8],
        total_summary=version > 1, indexes=indexes,
    )  # fmt: skip
    head = header(file.data)
    assert head.order == order
    assert head.compressed == (version >= 3)
    assert int(head.fixed["version"]) == version
    assert int(head.fixed["data_offset"]) == file.places["data"]
    assert int(head.fixed["field_count"]) == 4
    assert head.zooms["reduction"].tolist() == [4, 8]
    assert head.zooms["index_offset"].tolist() == [
        file.places["zoom 0 tree"], file.places["zoom 1 tree"]
    ]  # fmt: skip
    assert (head.total_summary is None) == (version == 1)
    if version > 1:
        assert head.total_summary.tolist() == (11, 1.0, 2.0, 12.0, 14.0)
    assert [i.field for i in head.extra_indexes] == indexes
    assert all(i.offset == file.places["index 3"] for i in head.extra_indexes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.bb, byte 0: not a bigBed file: magic is missing, expected ebf28987 or 8789f2eb"),
        (b"\xeb", "x.bb, byte 0: not a bigBed file: magic is eb, expected"),
        (b"PK\3\4" + bytes(80), "x.bb, byte 0: not a bigBed file: magic is 504b0304, expected"),
        (parts("26fc8f88") + bytes(80), "x.bb, byte 0: not a bigBed file (it is a bigWig): magic"),
        (FILE.broken("header", 4, "H", 5), "x.bb, byte 4: bigBed version is 5, expected 1 to 4"),
        (FILE.broken("header", 4, "H", 0), "x.bb, byte 4: bigBed version is 0, expected 1 to 4"),
        (FILE.broken("header", 6, "H", 9999), "x.bb, byte 64: truncated zoom headers: needs 2399"),
        (FILE.broken("header", 8, "Q", 0), "x.bb: truncated or broken: chromosome tree offset is"),
        (FILE.broken("header", 24, "Q", 2**63), "x.bb: truncated or broken: index offset is 92233"),
        (FILE.broken("header", 36, "Q", 10**6), "x.bb: truncated or broken: autosql offset is 100"),
        (FILE.broken("extended_header", 2, "H", 999), "x.bb, byte "),
    ],
)  # fmt: skip
def test_a_broken_header_says_where_and_what(data, message):
    with pytest.raises(FormatError) as error:
        header(data)
    assert str(error.value).startswith(message)


def test_a_closing_magic_that_is_not_there_is_said():
    assert header(FILE.data).closed
    assert not header(FILE.data[:-1]).closed


def test_a_zoom_level_without_a_reduction_ends_the_list():
    """Writers leave room for ten levels and fill what they need."""
    data = FILE.broken("header", 64 + 24, "I", 0)
    assert header(data).zooms["reduction"].tolist() == [4]


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────


def stored(*blocks):
    pieces = [zlib.compress(block) for block in blocks]
    ends = np.cumsum([len(p) for p in pieces]).tolist()
    ranges = np.array([[e - len(p), e] for e, p in zip(ends, pieces, strict=True)], "u8")
    return MemorySource(b"".join(pieces), "x.bb"), ranges


@pytest.mark.parametrize("size", [1, 5, 8, 100, 2**31, 2**32 - 1])
def test_blocks_inflate_whatever_the_header_says_of_their_size(size):
    source, ranges = stored(b"eight by", b"", b"five.")
    text, bounds = inflate(source, ranges, size)
    assert text.tobytes() == b"eight byfive."
    assert bounds.tolist() == [0, 8, 8, 13]


def test_plain_blocks_are_read_as_they_are():
    source = MemorySource(b"0123456789")
    text, bounds = inflate(source, np.array([[2, 4], [7, 8]], "u8"), 0)
    assert text.tobytes() == b"237"
    assert bounds.tolist() == [0, 2, 3]


@pytest.mark.parametrize("damage", ["cut", "garbage", "checksum"])
def test_a_damaged_block_names_its_place(damage):
    source, ranges = stored(b"first", b"second" * 100)
    data = bytearray(source.read(0, source.size))
    begin, end = ranges[1].tolist()
    if damage == "cut":
        ranges[1, 1] -= 5
    elif damage == "garbage":
        data[begin : begin + 2] = b"no"
    else:
        data[end - 1] ^= 1
    with pytest.raises(FormatError, match=f"^x.bb, byte {begin}: damaged block of"):
        inflate(MemorySource(bytes(data), "x.bb"), ranges, 600)


@pytest.mark.parametrize("bad", [[5, 2**40], [2**63, 2**63 + 5], [2**64 - 9, 3], [9, 8]])
@pytest.mark.parametrize("size", [0, 100])
def test_a_block_outside_the_file_is_an_error(bad, size):
    source, ranges = stored(b"first")
    with pytest.raises(FormatError, match=f"byte {bad[0]}: truncated block"):
        inflate(source, np.array([*ranges.tolist(), bad], "u8"), size)


class Asked(MemorySource):
    """Bytes that may be closed, and the places of the blocks that were read."""

    def __init__(self, data):
        super().__init__(data)
        self.begins, self.current = [], True

    def read_many(self, ranges):
        self.begins += ranges[:, 0].tolist()
        if not self.current:
            raise ValueError("read after it was closed")
        return super().read_many(ranges)

    def is_current(self):
        return self.current


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 7), max_size=6, unique=True), max_size=12),
    st.integers(0, 150),
)
def test_blocks_are_those_of_the_file_whatever_was_asked_before(blocks, questions, kept):
    source, ranges = stored(*blocks)
    source = Asked(source.read(0, source.size))
    last, used = LastBlocks(source, 100), []
    with tuning.set(bbi_kept=kept):
        for question in questions:
            which = sorted({i % len(blocks) for i in question})
            source.begins = []
            found = last.get(ranges[which])
            assert found.text.tobytes() == b"".join(blocks[i] for i in which)
            assert np.diff(found.bounds).tolist() == [len(blocks[i]) for i in which]
            # a model of it: the last used that have room, one after the other
            few = 0 < len(which) <= LastBlocks.FEW
            assert (source.begins == []) == (len(which) == 0 or (few and set(which) <= set(used)))
            used = [i for i in used if i not in which] + which if few else used
            while sum(len(blocks[i]) for i in used) > kept:
                used.pop(0)


def test_what_is_kept_is_bounded_however_many_files_there_are():
    """A thousand files as one would have kept a thousand times as much."""
    sources = [stored(bytes([i]) * 30, bytes([i]) * 20) for i in range(9)]
    sources = [(Asked(source.read(0, source.size)), ranges) for source, ranges in sources]
    files = [(LastBlocks(source, 100), source, ranges) for source, ranges in sources]
    with tuning.set(bbi_kept=100):
        for _ in range(2):
            for i, (last, source, ranges) in enumerate(files):
                source.begins = []
                assert last.get(ranges).text.tobytes() == bytes([i]) * 50
                assert len(source.begins) == 2  # by now others' are kept
        for last, source, ranges in files[-2:]:
            source.begins = []
            last.get(ranges)
            assert source.begins == []


def test_blocks_of_a_file_that_was_closed_are_not_given():
    source, ranges = stored(b"first", b"second")
    source = Asked(source.read(0, source.size))
    last = LastBlocks(source, 100)
    last.get(ranges)
    assert (last.get(ranges).text.tobytes(), len(source.begins)) == (b"firstsecond", 2)
    source.current = False
    with pytest.raises(ValueError, match="closed"):
        last.get(ranges)


def test_the_builder_is_read_back_so_that_other_tests_can_trust_it():
    import gidx

    assert gidx.open(build(ROWS, {"chr1": 10, "chr2": 5}, autosql=FOUR)).to_table().to_pylist() == [
        dict(zip(["chrom", "start", "end", "name"], row, strict=True)) for row in ROWS
    ]


FOUR = 'table t "" (string chrom; "" uint chromStart; "" uint chromEnd; "" string name; "")'
