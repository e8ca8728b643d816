"""`check` proves a bigBed: range tree, extra indexes and summaries are those of its rows."""

import io
import random

import numpy as np
import pandas as pd
import pytest

import gidx
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.range_tree import INDEX_ITEM, LEAF_ITEM, NODE
from gidx.bbi.range_tree import TREE as RANGE_TREE
from gidx.check import check
from gidx.errors import FormatError
from gidx.formats.bigbed import BigBed
from gidx.source import MemorySource

SIZES = {"chr1": 1_000_000, "chr2": 500_000}


def made(seed: int, rows: int = 120) -> tuple[bytes, pd.DataFrame]:
    """A bigBed of small blocks and nodes with an index of names, and its rows."""
    r = random.Random(seed)
    places = sorted((r.choice(["chr1", "chr2"]), r.randrange(400_000)) for _ in range(rows))
    frame = pd.DataFrame(places, columns=["chrom", "start"])
    frame["end"] = frame["start"] + [r.choice([1, 5, 3000, 60_000]) for _ in places]
    frame["name"] = [f"n{r.randrange(rows)}" for _ in places]
    out = io.BytesIO()
    gidx.write_bigbed(
        frame, out, chromsizes=SIZES, extra_index=["name"], items_per_slot=8, fan_out=4
    )
    return out.getvalue(), frame


def lost(data: bytes, frame: pd.DataFrame) -> bool:
    """Brute force: whether a row is not found by its place, or not by its name; or an error."""
    try:
        ds = gidx.open(data)
        for row in frame.itertuples():
            for a, b in ((row.start, row.start + 1), (row.end - 1, row.end)):
                found = ds.to_table((row.chrom, a, b), columns=["start", "end", "name"])
                if (row.start, row.end, row.name) not in set(
                    zip(*found.to_pydict().values(), strict=True)
                ):
                    return True
        for name, rows in frame.groupby("name"):
            found = ds.find(name).select(["start", "end"]).to_pydict()
            pairs = sorted(zip(rows["start"], rows["end"], strict=True))
            if sorted(zip(*found.values(), strict=True)) != pairs:
                return True
    except FormatError:
        return True
    return False


def is_ok(data: bytes) -> bool:
    try:
        return check(data).ok
    except FormatError:
        return False


def nodes(data: bytes, at: int):
    """(place of its items, layout, how many) of each node of a range tree."""
    todo = [at + RANGE_TREE.itemsize]
    while todo:
        at = todo.pop()
        node = np.frombuffer(data, NODE, 1, at)[0]
        layout = LEAF_ITEM if node["is_leaf"] else INDEX_ITEM
        items = np.frombuffer(data, layout, int(node["count"]), at + NODE.itemsize)
        yield at + NODE.itemsize, layout, len(items)
        if not node["is_leaf"]:
            todo += items["offset"].tolist()


def tree_damaged(data: bytes, r: random.Random) -> bytes:
    """One bound of a node or leaf of the data index, changed."""
    at = int(BigBed(MemorySource(data)).head.fixed["index_offset"])
    place, layout, count = r.choice(list(nodes(data, at)))
    name = r.choice(["start", "end", "start_chrom", "end_chrom", "offset"])
    out = bytearray(data)
    field = layout.fields[name][1] + place + layout.itemsize * r.randrange(count)
    size = layout[name].itemsize
    old = int.from_bytes(out[field : field + size], "little")
    new = max(0, old + r.choice([-70_000, -500, -1, 1, 500, 70_000]))
    out[field : field + size] = new.to_bytes(size, "little")
    return bytes(out)


def extra_damaged(data: bytes, r: random.Random) -> bytes:
    """A key, a place or a size of the index of names, changed."""
    file = BigBed(MemorySource(data))
    (index,) = file.head.extra_indexes
    tree: BPlusTree = file.extra_tree(index.offset)
    item = tree.items()[r.randrange(tree.item_count)]
    at = data.rindex(item.tobytes())
    at += r.choice([r.randrange(tree.key_size), tree.key_size, tree.key_size + 8])
    out = bytearray(data)
    out[at] ^= r.choice([1, 2, 4])
    return bytes(out)


@pytest.mark.parametrize("damage", [tree_damaged, extra_damaged])
@pytest.mark.parametrize("seed", range(4))
def test_check_is_not_ok_where_a_row_is_lost(seed, damage):
    data, frame = made(seed)
    assert check(data).problems == ()
    assert not lost(data, frame)
    r = random.Random(seed)
    losing = 0
    for _ in range(10):
        broken = damage(data, r)
        if lost(broken, frame):
            losing += 1
            assert not is_ok(broken)
    assert losing


def test_a_row_outside_of_its_blocks_bounds_is_named():
    data, _ = made(1)
    file = BigBed(MemorySource(data))
    leaves = [n for n in nodes(data, int(file.head.fixed["index_offset"])) if n[1] == LEAF_ITEM]
    place = min(place for place, _, _ in leaves)
    items = np.frombuffer(data, LEAF_ITEM, 1, place).copy()
    items["end_chrom"], items["end"] = items["start_chrom"], items["start"]
    broken = data[:place] + items.tobytes() + data[place + items.nbytes :]
    assert "is not found by the data index, whose bounds of its block" in check(broken).problems[0]


def test_summaries_of_other_rows_are_said():
    data, _ = made(2)
    file = BigBed(MemorySource(data))
    at = int(file.head.fixed["total_summary_offset"])
    broken = data[:at] + (10**9).to_bytes(8, "little") + data[at + 8 :]
    (problem,) = check(broken).problems
    assert "total summary: valid_count is 1e+09, that of the rows is" in problem


@pytest.mark.parametrize("zero", [False, True])
def test_what_gidx_writes_is_ok(zero):
    rows = [("chr1", i * 50, i * 50 + (0 if zero and i % 3 else 30)) for i in range(3000)]
    out = io.BytesIO()
    gidx.write_bigbed(pd.DataFrame(rows, columns=["chrom", "start", "end"]), out, chromsizes=SIZES)
    assert check(out.getvalue()).problems == ()
