"""The container writer: bytes, zoom levels, indexes, order and failure.

Oracles: the specification's bytes; a digest of what UCSC's bedToBigBed wrote; depth
counted base by base; the readers and writers of Biopython, pyBigWig and pybigtools.
"""

from __future__ import annotations

import hashlib
import io
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gidx.bbi import bplus_tree, zoom
from gidx.bbi.header import BIGBED_MAGIC, TOTAL_SUMMARY, BbiHeader, read_header
from gidx.bbi.range_tree import RangeTree
from gidx.bbi.write import BedFields, Chrom, Content, FileShape, RowGroup, write_bbi
from gidx.errors import WriteError
from gidx.ground import pool
from gidx.ground.source import MemorySource

Row = tuple[str, int, int, str]  # chrom, start, end, rest
Sizes = dict[str, int]

BED3 = BedFields(3, 3)


def chroms_of(rows: Sequence[Row], sizes: Sizes) -> list[Chrom]:
    return [
        Chrom(name.encode(), sizes[name], len(list(some)))
        for name, some in groupby(rows, lambda row: row[0])
    ]


def spans_of(rows: Sequence[Row], step: int = 10**9) -> Callable[[], Iterator[Any]]:
    def spans() -> Iterator[Any]:
        for chrom, (_, some) in enumerate(groupby(rows, lambda row: row[0])):
            positions = np.array([row[1:3] for row in some])
            for i in range(0, len(positions), step):
                yield chrom, positions[i : i + step, 0], positions[i : i + step, 1]

    return spans


def encode(chrom: int, blocks: Sequence[Sequence[Row]], keyed: bool) -> RowGroup:
    data, bounds = b"", [0]
    for block in blocks:
        for _, start, end, rest in block:
            data += np.array([chrom, start, end], "<u4").tobytes() + rest.encode() + b"\0"
        bounds.append(len(data))
    keys = np.array([row[3].split("\t")[0].encode() for block in blocks for row in block])
    return RowGroup(
        np.full(len(blocks), chrom, np.int32),
        data,
        np.array(bounds),
        np.array([min(row[1] for row in block) for block in blocks], np.uint32),
        np.array([max(row[2] for row in block) for block in blocks], np.uint32),
        np.array([len(block) for block in blocks]),
        (keys,) if keyed else (),
    )


def groups_of(
    rows: Sequence[Row], items_per_slot: int, blocks_a_group: int, keyed: bool
) -> Iterator[Callable[[], RowGroup]]:
    for chrom, (_, some) in enumerate(groupby(rows, lambda row: row[0])):
        mine = list(some)
        blocks = [mine[i : i + items_per_slot] for i in range(0, len(mine), items_per_slot)]
        for i in range(0, len(blocks), blocks_a_group):
            part = blocks[i : i + blocks_a_group]
            yield lambda chrom=chrom, part=part: encode(chrom, part, keyed)


def write(
    rows: Sequence[Row],
    sizes: Sizes,
    *,
    autosql: bytes = b"t",
    step: int = 10**9,
    blocks_a_group: int = 3,
    file: io.BytesIO | None = None,
    **options: Any,
) -> bytes:
    file = file or io.BytesIO()
    fields = 3 + (rows[0][3].count("\t") + 1 if rows and rows[0][3] else 0)
    extra = options.pop("extra_fields", ())
    run = {name: options.pop(name) for name in ("threads", "progress") if name in options}
    layout = FileShape(**options)
    groups = groups_of(rows, layout.items_per_slot, blocks_a_group, bool(extra))
    content = Content(chroms_of(rows, sizes), spans_of(rows, step), groups)
    declared = BedFields(fields, fields, autosql, extra)
    write_bbi(file, content, declared, layout, **run)
    return file.getvalue()


def head_of(data: bytes) -> tuple[MemorySource, BbiHeader]:
    source = MemorySource(data)
    return source, read_header(source, BIGBED_MAGIC, "bigBed")


def blocks_at(source: MemorySource, header: BbiHeader, offset: int) -> list[bytes]:
    """The inflated blocks of the range tree at ``offset``."""
    ranges = RangeTree(source, offset, header.order, "range tree").ranges()
    pieces = [bytes(piece) for piece in source.read_many(ranges)]
    return [zlib.decompress(piece) for piece in pieces] if header.compressed else pieces


def level_of(source: MemorySource, header: BbiHeader, i: int) -> Any:
    data = b"".join(blocks_at(source, header, int(header.zooms[i]["index_offset"])))
    return np.frombuffer(data, zoom.SUMMARY)


def many_rows(n: int, size: int, zero: bool = True) -> list[Row]:
    """Rows of three chroms from a fixed generator (Knuth's MMIX), as ``sort`` leaves them."""
    state, rows = 1, []
    for i in range(n):
        numbers = []
        for _ in range(4):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            numbers.append(state >> 33)
        start = numbers[1] % (size - 30)
        length = numbers[2] % 29 + 1 if numbers[3] % 8 or not zero else 0
        name = f"item{numbers[3] % 97}"
        rows.append((f"chr{'ABX'[numbers[0] % 3]}", start, start + length, name, i))
    rows.sort(key=lambda row: (row[0], row[1], row[4]))
    return [row[:4] for row in rows]


# --- bytes --------------------------------------------------------------------------


ONE_ROW = bytes.fromhex(
    "ebf28987 0400 0100"                    #   0  magic, version 4, 1 zoom level
    "ae01000000000000"                      #   8  chromosome tree at 430
    "de01000000000000 f401000000000000"     #  16  data at 478, range tree at 500
    "0400 0400 3001000000000000"            #  32  4 fields, 4 of them BED's, AutoSQL at 304
    "3201000000000000 00000000"             #  44  total summary at 306, not compressed
    "5a01000000000000"                      #  56  extended header at 346
    "0a000000 00000000"                     #  64  zoom of 10 bases a summary
    "6002000000000000 8402000000000000"     #  72  its data at 608, its range tree at 644
    + 9 * 24 * "00" +                       #  88  room for nine more
    "74 00"                                 # 304  AutoSQL: "t"
    "0300000000000000"                      # 306  3 bases covered
    "000000000000f03f 000000000000f03f"     # 314  depth at least 1, at most 1
    "0000000000000840 0000000000000840"     # 330  sum 3, sum of squares 3
    "4000 0100 9a01000000000000"            # 346  64 bytes, 1 extra index, listed at 410
    + 52 * "00" +
    "0000 0100 f002000000000000 00000000"   # 410  a B+ tree over 1 field, at 752
    "0300 0000"                             # 426  field 3
    "918cca78 01000000 04000000 08000000"   # 430  B+ tree: 1 a node, keys of 4, values of 8
    "0100000000000000 0000000000000000"     # 446  1 item
    "01 00 0100 63687231 00000000 14000000" # 462  leaf: "chr1", id 0, 20 bp
    "0100000000000000"                      # 478  1 row
    "00000000 02000000 05000000 61 00"      # 486  chr1 2 5 a
    "e0ac6824 02000000 0100000000000000"    # 500  range tree: 2 a node, 1 block
    "00000000 02000000 00000000 05000000"   # 516  chr1:2 to chr1:5
    "f401000000000000 01000000 00000000"    # 532  data end at 500
    "01 00 0100"                            # 548  leaf of 1
    "00000000 02000000 00000000 05000000"   # 552  chr1:2 to chr1:5
    "e601000000000000 0e00000000000000"     # 568  block at 486, 14 bytes
    + 24 * "00" +                           # 584  padding, 8 bytes short of a leaf slot
    "01000000"                              # 608  1 summary
    "00000000 02000000 0c000000 03000000"   # 612  chr1:2 to 12, 3 bases covered
    "0000803f 0000803f 00004040 00004040"   # 628  depth 1 to 1, sum 3, sum of squares 3
    "e0ac6824 02000000 0100000000000000"    # 644  range tree: 2 a node, 1 summary
    "00000000 02000000 00000000 0c000000"   # 660  chr1:2 to chr1:12
    "8402000000000000 00020000 00000000"    # 676  data end at 644, 512 a slot
    "01 00 0100"                            # 692  leaf of 1
    "00000000 02000000 00000000 0c000000"   # 696
    "6402000000000000 2000000000000000"     # 712  block at 612, 32 bytes
    + 24 * "00" +                           # 728
    "918cca78 02000000 01000000 10000000"   # 752  B+ tree: 2 a node, keys of 1, values of 16
    "0100000000000000 0000000000000000"     # 768  1 item
    "01 00 0100"                            # 784  leaf of 1
    "61 e601000000000000 0e00000000000000"  # 788  "a": block at 486, 14 bytes
    + 17 * "00" +                           # 805  room for one more
    "ebf28987"                              # 822  magic
)  # fmt: skip


def test_a_file_of_one_row_byte_by_byte():
    rows = [("chr1", 2, 5, "a")]
    assert write(rows, {"chr1": 20}, level=0, fan_out=2, extra_fields=(3,)) == ONE_ROW


NO_ROWS = bytes.fromhex(
    "ebf28987 0400 0000"                    #   0  magic, version 4, no zoom level
    "9a01000000000000"                      #   8  chromosome tree at 410
    "ba01000000000000 c201000000000000"     #  16  data at 442, range tree at 450
    "0300 0300 3001000000000000"            #  32  3 fields, all BED's, AutoSQL at 304
    "3201000000000000 00400000"             #  44  summary at 306, blocks up to 512 * 32
    "5a01000000000000"                      #  56  extended header at 346
    + 240 * "00" +                          #  64  zoom headers
    "74 00"                                 # 304  AutoSQL: "t"
    + 40 * "00" +                           # 306  total summary
    "4000 0000 0000000000000000"            # 346  64 bytes, no extra index
    + 52 * "00" +
    "918cca78 00000000 00000000 08000000"   # 410  B+ tree: 0 a node, keys of 0, values of 8
    "0000000000000000 0000000000000000"     # 426  no item, no node
    "0000000000000000"                      # 442  no rows
    "e0ac6824 00010000 0000000000000000"    # 450  range tree: 256 a node, no block
    "00000000 00000000 00000000 00000000"   # 466
    "c201000000000000 01000000 00000000"    # 482  data end at 450
    "01 00 0000"                            # 498  leaf of none
    "ebf28987"                              # 502  magic
)  # fmt: skip


def test_a_file_without_rows_byte_by_byte():
    assert write([], {}) == NO_ROWS


@pytest.mark.parametrize(
    ("items_per_slot", "fan_out", "digest"),
    [
        (512, 256, "9bff086c030c0c9cd778fca2b7532db481bf398d52c6b2726e271decb3b0291c"),
        (16, 5, "22bc7e72bb9e1ee95dfb61db67a2a7b755d5a94f4829415a3aeb6634fa0146b3"),
        (1, 2, "87b357952ca81e8c7d68ea58a702b030f129a95c34cf98dd041864c9fab5f447"),
    ],
)
def test_bytes_are_those_of_ucsc_bedtobigbed(items_per_slot, fan_out, digest):
    # bedToBigBed 2.10 -unc -type=bed4 -as=t.as -extraIndex=name, SHA-256 of its file
    autosql = (
        b'table t\n"t"\n(\nstring chrom; "c"\nuint chromStart; "s"\nuint chromEnd; "e"\n'
        b'string name; "n"\n)\n'
    )
    sizes = {"chrA": 20_000, "chrB": 20_000, "chrX": 20_000}
    data = write(
        many_rows(5000, 20_000),
        sizes,
        autosql=autosql,
        level=0,
        items_per_slot=items_per_slot,
        fan_out=fan_out,
        extra_fields=(3,),
        blocks_a_group=7,
    )
    assert hashlib.sha256(data).hexdigest() == digest


def test_bytes_are_those_of_biopython(tmp_path):
    bigbed = pytest.importorskip("Bio.Align.bigbed")
    from Bio import Align

    autosql = str(bigbed.AutoSQLTable.default[:4]).encode()
    sizes = {"chrA": 50_000, "chrB": 50_000, "chrX": 50_000}
    data = write(
        many_rows(3000, 50_000), sizes, autosql=autosql, level=0,
        items_per_slot=64, extra_fields=(3,),
    )  # fmt: skip
    ours, theirs = tmp_path / "ours.bb", tmp_path / "theirs.bb"
    ours.write_bytes(data)
    with Align.parse(str(ours), "bigbed") as alignments:
        Align.write(
            alignments, str(theirs), "bigbed", bedN=4, compress=False, itemsPerSlot=64,
            extraIndex=["name"],
        )  # fmt: skip
    assert theirs.read_bytes() == data


# --- zoom levels --------------------------------------------------------------------

Point = tuple[int, int]  # position, depth: a covered base, or an item of length zero


def points_of(rows: Sequence[Row]) -> list[Point]:
    """What a chrom's summaries are made of, counted base by base."""
    points = []
    for position in range(max(row[2] for row in rows) + 1):
        inside = sum(start < position < end for _, start, end, _ in rows)
        known = False  # an earlier row begins or ends here
        for _, start, end, _ in rows:
            if start == end == position:
                points.append((position, 1 if known else inside + 1))
            known = known or position in (start, end)
        depth = sum(start <= position < end for _, start, end, _ in rows)
        if depth:
            points.append((position, depth))
    return points


def finest_of(chrom: int, points: Iterable[Point], size: int, reduction: int) -> list[list[Any]]:
    """Summaries: each begins at the first point that the one before does not hold."""
    found: list[list[Any]] = []
    for position, depth in points:
        if not found or (position >= found[-1][2] and found[-1][2] < size):
            end = min(position + reduction, size)
            found.append([chrom, position, end, 0, depth, depth, 0, 0])
        last = found[-1]
        last[3] += 1
        last[4], last[5] = min(last[4], depth), max(last[5], depth)
        last[6], last[7] = last[6] + depth, last[7] + depth**2
    return found


def coarser_of(summaries: list[list[Any]], reduction: int) -> list[list[Any]]:
    found: list[list[Any]] = []
    for chrom, start, end, *values in summaries:
        if found and found[-1][0] == chrom and end <= found[-1][1] + reduction:
            last = found[-1]
            last[2], last[3] = end, last[3] + values[0]
            last[4], last[5] = min(last[4], values[1]), max(last[5], values[2])
            last[6], last[7] = last[6] + values[3], last[7] + values[4]
        else:
            found.append([chrom, start, end, *values])
    return found


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Row], Sizes]:
    """Sorted rows of a few short chroms; ends, and rows of length zero, as they come."""
    rows: list[Row] = []
    sizes: Sizes = {}
    for name in ("chr1", "chr2", "chrX")[: draw(st.integers(1, 3))]:
        size = sizes[name] = draw(st.integers(1, 400))
        starts = draw(st.lists(st.integers(0, size), min_size=1, max_size=30))
        lengths = st.one_of(st.just(0), st.integers(1, 6), st.integers(0, size))
        rows += [(name, s, min(s + draw(lengths), size), "") for s in sorted(starts)]
    return rows, sizes


@settings(derandomize=True, max_examples=150, deadline=None)
@given(tables(), st.integers(1, 40), st.integers(0, 1), st.integers(1, 50))
@example(([("chr1", 990, 1000, ""), ("chr1", 1000, 1000, "")], {"chr1": 1000}), 512, 0, 1)
@example(([("chr1", 0, 9, ""), ("chr1", 5, 5, ""), ("chr1", 5, 5, "")], {"chr1": 9}), 1, 1, 1)
def test_every_summary_is_the_depth_counted_base_by_base(table, items_per_slot, level, step):
    rows, sizes = table
    data = write(rows, sizes, items_per_slot=items_per_slot, level=level, step=step)
    source, header = head_of(data)
    chroms = [(sizes[name], points_of(list(some)))
              for name, some in groupby(rows, lambda row: row[0])]  # fmt: skip
    depths = [depth for _, points in chroms for _, depth in points]
    total = (len(depths), min(depths), max(depths), sum(depths), sum(d * d for d in depths))
    assert header.total_summary == np.array([total], TOTAL_SUMMARY)[0]

    def finest(reduction: int) -> list[list[Any]]:
        return [summary for chrom, (size, points) in enumerate(chroms)
                for summary in finest_of(chrom, points, size, reduction)]  # fmt: skip

    # the first reduction whose summaries take half the data's bytes; else the mean length
    mean = max(10, sum(end - start for _, start, end, _ in rows) // len(rows))
    room = int(header.fixed["index_offset"] - header.fixed["data_offset"]) // 2
    fit = (mean * 4**i for i in range(10))
    cost = 16 if level else 32
    reduction = next((r for r in fit if len(finest(r)) * cost <= room), mean)
    summaries, before = finest(reduction), []
    for i, head in enumerate(header.zooms):
        assert int(head["reduction"]) == reduction
        assert level_of(source, header, i).tolist() == [tuple(s) for s in summaries]
        reduction *= 4
        before, summaries = summaries, coarser_of(summaries, reduction)
    assert len(summaries) == len(before)  # no level is left out


def stretches_of(chunks: zoom.Chunks) -> list[list[int]]:
    runs = zoom.coverage_runs(chunks)
    return [list(row) for _, *run in runs for row in zip(*map(np.ndarray.tolist, run), strict=True)]


def test_a_stretch_ends_wherever_a_row_starts_or_ends():
    chunks = [(0, zoom.positions([0, 3, 6]), zoom.positions([8, 6, 9]))]
    assert stretches_of(chunks) == [[0, 3, 1], [3, 6, 2], [6, 8, 2], [8, 9, 1]]


def test_of_rows_of_length_zero_only_the_first_splits_a_stretch():
    chunks = [(0, zoom.positions([0, 0, 5, 5, 5]), zoom.positions([9, 9, 5, 5, 7]))]
    assert stretches_of(chunks) == [[0, 5, 2], [5, 5, 1], [5, 5, 3], [5, 7, 3], [7, 9, 2]]


def test_sums_are_rounded_to_float32_at_each_stretch():
    # 2**24 + 1 is no float32: added one by one, single bases are lost
    n = 2**24
    starts, ends = [0, *range(n, n + 8)], [n, *range(n + 1, n + 9)]
    chunks = [(0, zoom.positions(starts), zoom.positions(ends))]
    (summary,), total = zoom.summarize(zoom.coverage_runs(chunks), [2 * n], 2 * n, 1)
    assert (summary["valid_count"], summary["sum"]) == (n + 8, n)
    assert total["sum"] == n + 8


def test_a_pileup_takes_memory_by_its_depth():
    n = 5000  # more than the heap begins with
    starts, ends = np.zeros(n, int), np.arange(1, n + 1)[::-1]
    chunks = [(0, zoom.positions(starts), zoom.positions(ends))]
    _, total = zoom.summarize(zoom.coverage_runs(chunks), [n], n, 1)
    assert total.tolist() == (n, 1, n, n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6)


def test_pybigtools_reads_the_same_summaries(tmp_path):
    pybigtools = pytest.importorskip("pybigtools")
    path = tmp_path / "a.bb"
    sizes = dict.fromkeys(["chrA", "chrB", "chrX"], 20_000)
    path.write_bytes(write(many_rows(5000, 20_000), sizes))
    source, header = head_of(path.read_bytes())
    assert len(header.zooms) > 2
    with pybigtools.open(str(path)) as theirs:
        for i, head in enumerate(header.zooms):
            for chrom, name in enumerate(sizes):
                ours = level_of(source, header, i)
                ours = ours[ours["chrom"] == chrom]
                found = list(theirs.zoom_records(int(head["reduction"]), name))
                assert [r[:2] for r in found] == ours[["start", "end"]].tolist()
                for key, column in (
                    ("bases_covered", "valid_count"), ("min_val", "min"), ("max_val", "max"),
                    ("sum", "sum"), ("sum_squares", "sum_squares"),
                ):  # fmt: skip
                    assert [r[2][key] for r in found] == ours[column].tolist()


# --- indexes ------------------------------------------------------------------------


def test_range_trees_of_many_levels_find_the_blocks_of_every_query(tmp_path):
    pybigwig = pytest.importorskip("pyBigWig")
    pybigtools = pytest.importorskip("pybigtools")
    rows = many_rows(600, 5000, zero=False)
    names = ["chrA", "chrB", "chrX"]
    path = tmp_path / "deep.bb"
    path.write_bytes(write(rows, dict.fromkeys(names, 5000), fan_out=3, items_per_slot=2))
    with pybigtools.open(str(path)) as second:
        first = pybigwig.open(str(path))
        for name in names:
            for start in range(0, 5000, 617):
                end = min(start + 300, 5000)
                expected = [(s, e, rest) for chrom, s, e, rest in rows
                            if chrom == name and s < end and e > start]  # fmt: skip
                assert (first.entries(name, start, end) or []) == expected
                # pybigtools also gives rows that only touch the query
                found = [r for r in second.records(name, start, end) if r[0] < end and r[1] > start]
                assert found == expected
        first.close()


def test_a_range_tree_is_read_back_in_file_order():
    rows = many_rows(600, 5000)
    data = write(rows, dict.fromkeys(["chrA", "chrB", "chrX"], 5000), fan_out=2, items_per_slot=3)
    source, header = head_of(data)
    blocks = blocks_at(source, header, int(header.fixed["index_offset"]))
    records = [r for block in blocks for r in records_of(block)]
    names = ["chrA", "chrB", "chrX"]
    assert [(names[c], s, e, rest) for c, s, e, rest in records] == rows


def records_of(block: bytes) -> list[tuple[int, int, int, str]]:
    found, at = [], 0
    while at < len(block):
        end = block.index(b"\0", at + 12)
        head = np.frombuffer(block[at : at + 12], "<u4").tolist()
        found.append((*head, block[at + 12 : end].decode()))
        at = end + 1
    return found


def test_an_extra_index_holds_each_row_and_equal_keys_in_file_order():
    rows = many_rows(600, 5000)
    rows[5] = (*rows[5][:3], "\xff last of all")  # compared as bytes, not as text or signed
    sizes = dict.fromkeys(["chrA", "chrB", "chrX"], 5000)
    data = write(rows, sizes, fan_out=2, items_per_slot=4, extra_fields=(3,), blocks_a_group=1)
    source, header = head_of(data)
    (index,) = header.extra_indexes
    assert index.field == 3
    tree = bplus_tree.BPlusTree(source, index.offset, header.order, bplus_tree.BLOCK, "names")
    items = tree.items()
    keys = [bytes(key).rstrip(b"\0") for key in items["key"]]
    assert keys == sorted(row[3].encode() for row in rows)
    assert tree.key_size == len("\xff last of all".encode())
    found = tree.find([b"item7"])
    assert len(found) == sum(row[3] == "item7" for row in rows) > 1
    assert np.all(np.diff(found["offset"].astype(int)) >= 0)
    for offset, size in zip(found["offset"].tolist(), found["size"].tolist(), strict=True):
        block = zlib.decompress(data[offset : offset + size])
        assert "item7" in [rest for *_, rest in records_of(block)]


def test_the_chromosome_tree_is_sorted_by_name_whatever_the_file_order():
    rows = [("chr2", 1, 2, ""), ("chr10", 1, 2, ""), ("chr1", 1, 2, "")]
    source, header = head_of(write(rows, {"chr1": 10, "chr2": 20, "chr10": 100}))
    at = int(header.fixed["chromosome_tree_offset"])
    items = bplus_tree.BPlusTree(source, at, header.order, bplus_tree.CHROM, "chroms").items()
    found = [(bytes(key).rstrip(b"\0"), *rest) for key, *rest in items.tolist()]
    assert found == [(b"chr1", 2, 10), (b"chr10", 1, 100), (b"chr2", 0, 20)]


# --- one file, whatever the way -----------------------------------------------------

SIZES = dict.fromkeys(["chrA", "chrB", "chrX"], 9000)


@pytest.mark.parametrize("threads", [2, 5])
@pytest.mark.parametrize("level", [0, 6])
def test_threads_groups_and_chunks_do_not_show_in_the_file(threads, level):
    rows = many_rows(2000, 9000)
    options = {"level": level, "items_per_slot": 7, "extra_fields": (3,)}
    one = write(rows, SIZES, blocks_a_group=1000, **options)
    assert write(rows, SIZES, threads=threads, step=13, blocks_a_group=2, **options) == one


def test_blocks_inflate_to_what_an_uncompressed_file_holds():
    rows = many_rows(2000, 9000)
    plain, packed = (write(rows, SIZES, level=level) for level in (0, 6))
    found = []
    for data in (plain, packed):
        source, header = head_of(data)
        found.append(blocks_at(source, header, int(header.fixed["index_offset"])))
        if header.compressed:
            assert header.fixed["uncompress_buffer_size"] == max(512 * 32, *map(len, found[-1]))
    assert found[0] == found[1]
    assert len(packed) < len(plain)


def test_a_file_may_begin_inside_another():
    rows = many_rows(50, 9000)
    file = io.BytesIO(b"before")
    file.seek(6)
    assert write(rows, SIZES, file=file) == b"before" + write(rows, SIZES)
    assert file.tell() == len(file.getvalue())


def test_progress_counts_the_rows_written():
    seen: list[int] = []
    rows = many_rows(100, 9000)
    write(rows, SIZES, items_per_slot=10, blocks_a_group=1, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 100


@pytest.mark.parametrize("threads", [1, 3])
def test_few_groups_are_ahead_of_the_file(threads):
    rows = [("chr1", i, i + 1, "") for i in range(60)]
    begun, written, ahead = [0], [0], []
    lock = threading.Lock()

    def counted(call: Callable[[], RowGroup]) -> Callable[[], RowGroup]:
        def run() -> RowGroup:
            with lock:
                begun[0] += 1
                ahead.append(begun[0] - written[0])
            return call()

        return run

    def progress(rows_written: int) -> None:
        written[0] = rows_written

    groups = map(counted, groups_of(rows, 1, 1, False))
    content = Content(chroms_of(rows, {"chr1": 99}), spans_of(rows), groups)
    write_bbi(io.BytesIO(), content, BED3, FileShape(1), threads=threads, progress=progress)
    assert written == [60]
    assert max(ahead) <= (threads + 2 if threads > 1 else 1)


# --- refusals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message", "row"),
    [
        (
            [("chr1", 9, 10, ""), ("chr2", 9, 10, ""), ("chr2", 5, 7, "")],
            "rows are not sorted: chr2:5 after chr2:9 (row 2)",
            2,
        ),
        ([("chr1", 9, 8, "")], "chr1:9-8 (row 0) ends before it starts", 0),
        ([("chr1", -1, 8, "")], "chr1:-1-8 (row 0) starts before 0", 0),
        ([("chr1", 9, 101, "")], "chr1:9-101 (row 0) ends after chr1, of size 100", 0),
    ],
)
def test_rows_that_do_not_fit_are_refused_before_the_first_byte(rows, message, row):
    file = io.BytesIO()
    with pytest.raises(WriteError) as error:
        write(rows, {"chr1": 100, "chr2": 100}, file=file, step=1)
    assert (str(error.value), error.value.row) == (message, row)
    assert file.getvalue() == b""


def test_a_chrom_that_comes_twice_is_not_sorted():
    rows = [("chr1", 0, 1, ""), ("chr2", 0, 1, ""), ("chr1", 5, 6, "")]
    with pytest.raises(WriteError, match="rows are not sorted: chr1 comes twice"):
        write(rows, {"chr1": 100, "chr2": 100})


@pytest.mark.parametrize(
    "option", [{"fan_out": 1}, {"fan_out": 65536}, {"items_per_slot": 0}, {"items_per_slot": 65536},
               {"level": -1}, {"level": 13}],
)  # fmt: skip
def test_parameters_that_a_file_cannot_hold_are_refused(option):
    rows = [("chr1", 0, 1, "")]
    (name,) = option
    with pytest.raises(WriteError, match=f"{name} is {option[name]}, expected [0-9]+ to [0-9]+"):
        write(rows, {"chr1": 9}, **option)


def test_rows_that_do_not_come_a_second_time_are_noticed():
    rows = [("chr1", 0, 1, "")]
    once = iter(list(spans_of(rows)()))
    content = Content(chroms_of(rows, {"chr1": 9}), lambda: once, groups_of(rows, 512, 1, False))
    with pytest.raises(
        WriteError, match="rows changed while they were written: 0 rows, expected 1"
    ):
        write_bbi(io.BytesIO(), content, BED3, FileShape())


@pytest.mark.parametrize("threads", [1, 3])
def test_a_group_that_fails_ends_the_work(threads):
    rows = [("chr1", i, i + 1, "") for i in range(60)]
    begun = []

    def failing() -> Iterator[Callable[[], RowGroup]]:
        for i, call in enumerate(groups_of(rows, 1, 1, False)):

            def run(i: int = i, call: Callable[[], RowGroup] = call) -> RowGroup:
                begun.append(i)
                if i == 5:
                    raise RuntimeError("row 5")
                return call()

            yield run

    content = Content(chroms_of(rows, {"chr1": 99}), spans_of(rows), failing())
    with pytest.raises(RuntimeError, match="row 5"):
        write_bbi(io.BytesIO(), content, BED3, FileShape(1), threads=threads)
    assert len(begun) <= 5 + 1 + threads + 2
    assert not pool.under_way()
