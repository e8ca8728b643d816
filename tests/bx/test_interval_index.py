"""bx interval index files, beside bx-python: bytes, finds, damage, and what is read."""

from __future__ import annotations

import io
import pickle
import struct

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from bx.interval_index_file import Index, Indexes
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tables import rows_of

import gidx
from gidx.errors import ColumnError, FormatError, RegionError, UnknownChromError, WriteError
from gidx.ground.conventions import CANONICAL, recognise
from gidx.ground.source import MemorySource
from gidx.interval_index import to_interval_index

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # bx-python's

BIN = 2**17  # bases of the lowest bins
OLD_BINS = 586  # of versions 0 and 1, where the maximum is at most one lowest bin

# One set of two rows, whose maximum needs one bin only.
VERSION_2 = bytes.fromhex(
    "2cff800a 00000002 00000001"      #  0  magic, version, one set
    "00000004 63687231"               # 12  its name has 4 bytes: chr1
    "0000001c 00000004"               # 20  it is at byte 28; values of 4 bytes
    "00000000 000003e8"               # 28  min 0, max 1000
    "0000002c 00000002"               # 36  bin 0: at byte 44, 2 rows
    "00000005 00000009 00000007"      # 44  5-9: 7
    "00000005 0000000a 00000001"      # 56  5-10: 1
)  # fmt: skip
ROWS = [(5, 9, 7), (5, 10, 1)]


def old(version, value_size=4):
    """The same rows in version 0 or 1: the bin is the first of level 4."""
    at = 28 if version else 24
    head = bytes.fromhex(f"2cff800a {version:08x} 00000001 00000004 63687231 {at:08x}")
    if version:
        head += struct.pack(">I", value_size)
    body = at + 8 + 8 * OLD_BINS
    bins = struct.pack(">2I", body, 0) * (OLD_BINS - 1) + struct.pack(">2I", body, 2)
    rows = b"".join(struct.pack(">2I", s, e) + v.to_bytes(value_size, "big") for s, e, v in ROWS)
    return head + struct.pack(">2I", 0, 1000) + bins + rows


def read(data):
    return gidx.IntervalIndex.read(data)


def written(index, **options):
    file = io.BytesIO()
    index.write(file, **options)
    return file.getvalue()


def theirs_written(index):
    file = io.BytesIO()
    index.write(file)
    return file.getvalue()


def theirs_read(data, path):
    path.write_bytes(data)
    return Indexes(str(path))


# ── generated sets ──────────────────────────────────────────────────────────────────────────────

NAMES = ("hg18.chr1", "mm8.chr7", "a", "B")
# Near where bins of all levels begin, so that rows cross them, or end there.
EDGES = [0, BIN, 2 * BIN, 8 * BIN, 16 * BIN, 64 * BIN]
LARGEST = 65 * BIN  # few bins, for bx-python's sake: 2**29 takes it 40 ms a file
positions = st.builds(lambda at, by: at + by, st.sampled_from(EDGES), st.integers(0, 4))
spans = st.tuples(positions, positions).map(lambda pair: tuple(sorted(pair)))
values = st.one_of(
    st.integers(0, 300), st.sampled_from([2**32 - 1, 2**32, 2**63, 2**64 - 1]), st.just(2**64),
    st.integers(0, 2**130),
)  # fmt: skip
rows = st.tuples(st.sampled_from(NAMES), spans, values).map(lambda r: (r[0], *r[1], r[2]))
tables = st.lists(rows, max_size=20)
small_values = st.integers(0, 2**64 - 1)
small_tables = st.lists(
    st.tuples(st.sampled_from(NAMES), spans, small_values).map(lambda r: (r[0], *r[1], r[2])),
    max_size=20,
)


def ours(table, largest=LARGEST):
    index = gidx.IntervalIndex()
    for name, start, end, value in table:
        index.add(name, start, end, value, max=largest)
    return index


def theirs(table, largest=LARGEST):
    index = Indexes()
    for name, start, end, value in table:
        index.add(name, start, end, value, max=largest)
    return index


def from_arrow(table, largest=LARGEST):
    return gidx.IntervalIndex.from_arrow(table, max=largest)


def overlapping(table, name, start, end):
    """Brute force, in bx-python's order."""
    return sorted(row[1:] for row in table if row[0] == name and row[1] < end and row[2] > start)


def as_arrow(table):
    name, start, end, value = zip(*table, strict=True) if table else ((), (), (), ())
    ints = pa.int64()
    return pa.table(
        {
            "name": pa.array(name, pa.string()),
            "start": pa.array(start, ints),
            "end": pa.array(end, ints),
            "value": pa.array(value, pa.uint64()),
        }
    )


# ── the format ──────────────────────────────────────────────────────────────────────────────────


def test_a_file_of_version_2_is_read_byte_by_byte():
    index = read(VERSION_2)
    assert index.names == ("chr1",)
    assert index.bounds("chr1") == (0, 1000)
    assert index.find("chr1", 9, 10) == [(5, 10, 1)]
    assert index.find("chr1") == ROWS


@pytest.mark.parametrize("version", [0, 1])
def test_older_versions_have_five_levels_of_bins_whatever_the_maximum(version):
    assert read(old(version)).find("chr1") == ROWS


@pytest.mark.parametrize("value_size", [1, 2, 3, 4, 5, 8, 9, 40])
def test_values_have_any_number_of_bytes(value_size):
    assert read(old(1, value_size)).find("chr1") == ROWS
    data = written(read(VERSION_2), version=1, value_size=value_size)
    assert data == old(1, value_size)


@pytest.mark.parametrize("version", [0, 1])
def test_each_version_is_written_as_it_is_read(version):
    assert written(read(VERSION_2), version=version) == old(version)
    assert written(read(old(version))) == VERSION_2


def test_a_set_that_is_read_keeps_its_value_size_while_its_values_fit():
    index = read(old(1, 3))
    assert written(index, version=1) == old(1, 3)
    index.add("chr1", 5, 9, 2**24)
    assert read(written(index)).find("chr1") == [*ROWS[:1], (5, 9, 2**24), *ROWS[1:]]


def test_an_index_without_sets_is_a_header():
    data = written(gidx.IntervalIndex())
    assert data == theirs_written(Indexes()) == bytes.fromhex("2cff800a 00000002 00000000")
    assert read(data).names == ()
    assert read(data).to_arrow().num_rows == 0


def test_names_are_counted_in_bytes():
    index = ours([("größe", 1, 2, 3)])
    assert read(written(index)).find("größe") == [(1, 2, 3)]


# ── beside bx-python ────────────────────────────────────────────────────────────────────────────


@settings(max_examples=40)
@given(tables)
def test_a_written_file_is_bx_pythons_byte_for_byte(table):
    index = ours(table)
    data = written(index)
    assert data == theirs_written(theirs(table))
    assert written(read(data)) == data
    assert [(n, *row) for n in index.names for row in read(data).find(n)] == sorted(table)


@pytest.mark.parametrize("largest", [None, 2**29 - 1, 2**29, 2**30 + 1, 2**31])
def test_a_set_may_be_as_large_as_bx_pythons(largest):
    rng = np.random.default_rng(largest)
    start = rng.integers(0, (largest or 2**29) - 1000, 300)
    end = start + rng.integers(0, 1000, 300) * (1 + 200 * rng.integers(0, 2, 300))
    end = np.minimum(end, largest or 2**29)
    index, other = gidx.IntervalIndex(), Indexes()
    options = {} if largest is None else {"max": largest}
    for row in zip(start.tolist(), end.tolist(), range(300), strict=True):
        index.add("a", *row, **options)
        other.add("a", *row, **options)
    data = written(index)
    assert data == theirs_written(other)
    for s, e in zip((start - 500).clip(0).tolist(), (start + 5000).tolist(), strict=True):
        assert index.find("a", s, e) == other.find("a", s, e)


@settings(max_examples=40)
@given(st.integers(1, 20 * BIN).flatmap(lambda largest: st.tuples(
    st.just(largest),
    st.lists(st.tuples(st.integers(0, largest - 1), st.integers(0, largest), small_values)
             .map(lambda r: ("x", min(r[:2]), max(r[:2]), r[2])), max_size=8),
)))  # fmt: skip
def test_bins_are_as_many_as_the_maximum_needs(case):
    largest, table = case
    table = [row for row in table if row[1] < largest]
    data = written(ours(table, largest))
    assert data == theirs_written(theirs(table, largest))


@settings(max_examples=40)
@given(small_tables)
def test_arrays_tables_and_single_rows_build_the_same_file(table):
    expected = written(ours(table))
    assert written(from_arrow(as_arrow(table))) == expected
    index = gidx.IntervalIndex()
    for name in {row[0] for row in table}:
        columns = zip(*(row[1:] for row in table if row[0] == name), strict=True)
        index.add(name, *(np.array(c, np.uint64) for c in columns), max=LARGEST)
    assert written(index) == expected


@settings(max_examples=25)
@given(table=tables, queries=st.lists(st.tuples(st.sampled_from(NAMES), spans), max_size=6))
def test_what_is_found_is_bx_pythons_and_brute_force(table, queries, tmp_path_factory):
    index, path = ours(table), tmp_path_factory.mktemp("bx") / "a.index"
    data = written(index)
    other, stored = theirs_read(data, path), read(data)
    queries = [(name, *span) for name, span in queries if name in index]
    for query in queries:
        expected = overlapping(table, *query)
        assert other.find(*query) == expected
        assert stored.find(*query) == index.find(*query) == expected
    frame = pd.DataFrame(queries, columns=["chrom", "start", "end"])
    found = [(q, *hit) for q, query in enumerate(queries) for hit in overlapping(table, *query)]
    for one in (index, read(data)):
        table_found = one.find(frame)
        assert table_found["query"].to_pylist() == [hit[0] for hit in found]
        assert table_found["name"].to_pylist() == [queries[hit[0]][0] for hit in found]
        values = table_found["value"].to_pylist()
        as_ints = [v if isinstance(v, int) else int.from_bytes(v, "big") for v in values]
        assert list(zip(table_found["start"].to_pylist(), table_found["end"].to_pylist(), as_ints,
                        strict=True)) == [hit[1:] for hit in found]  # fmt: skip


@settings(max_examples=25)
@given(small_tables, st.sampled_from([0, 1, 2]), st.sampled_from([None, 8, 11]))
def test_a_table_comes_back_as_it_was_written(table, version, value_size):
    table = [(n, s, e, v % 2**32) for n, s, e, v in table] if version == 0 else table
    index = from_arrow(as_arrow(table))
    data = written(index, version=version, value_size=None if version == 0 else value_size)
    back = read(data).to_arrow()
    if back.schema.field("value").type == pa.uint64():
        assert rows_of(back) == sorted(table)
    assert written(from_arrow(back), version=version) == written(index, version=version)


@settings(max_examples=15)
@given(table=small_tables, version=st.sampled_from([0, 1]))
def test_bx_python_reads_older_versions_too(table, version, tmp_path_factory):
    # of which it takes those with a maximum of 2**26 to 2**29 - 1: of others it looks for the
    # bins of version 2
    largest = 2**26
    table = [(n, s, e, v % 2**32 if version == 0 else v) for n, s, e, v in table]
    data = written(ours(table, largest), version=version)
    index = theirs_read(data, tmp_path_factory.mktemp("bx") / "a.index")
    assert sorted(index.indexes) == list(read(data).names)
    for name in index.indexes:
        assert index.find(name, 0, largest) == overlapping(table, name, 0, largest)


def test_a_set_with_a_least_position_and_a_value_size_is_bx_pythons_too():
    index = Indexes()
    index.indexes["x"] = Index(min=1000, max=5000, value_size=8)
    index.add("x", 1500, 1600, 7)
    data = theirs_written(index)
    mine = gidx.IntervalIndex()
    mine.add("x", 1500, 1600, 7, min=1000, max=5000)
    assert written(mine, value_size=8) == data
    assert read(data).bounds("x") == (1000, 5000)
    assert written(read(data)) == data


def test_the_index_of_a_real_alignment_is_read_and_written(corpus):
    path = corpus / "interval_index" / "mm8_chr7_tiny.maf.index"
    index, other = gidx.IntervalIndex.read(path), Indexes(str(path))
    assert list(index.names) == sorted(other.indexes)
    for name in index.names:
        assert index.find(name) == sorted(other.get(name).iterate())
    assert written(index) == path.read_bytes()


# ── tables ──────────────────────────────────────────────────────────────────────────────────────

TABLE = [("a", 5, 9, 2**63), ("a", 5, 9, 2**64 - 1), ("b", 0, 3, 0)]


def test_a_table_has_name_start_end_and_value():
    table = ours(TABLE).to_arrow()
    assert rows_of(table) == TABLE
    assert table.schema.names == ["name", "start", "end", "value"]
    assert table.schema.types[1:] == [pa.int64(), pa.int64(), pa.uint64()]


def test_a_frame_has_the_same():
    frame = ours(TABLE).to_pandas()
    assert frame.values.tolist() == [list(row) for row in TABLE]
    assert ours(TABLE).to_pandas("numpy_nullable")["value"].dtype == "UInt64"


def test_values_beyond_64_bits_are_integers_or_big_endian_bytes():
    index = ours([("a", 5, 9, 2**64), ("b", 0, 3, 1)])
    assert index.find("a", 0, 9) == [(5, 9, 2**64)]
    assert index.to_arrow()["value"].to_pylist() == [(2**64).to_bytes(16, "big"),
                                                     (1).to_bytes(16, "big")]  # fmt: skip
    again = from_arrow(index.to_arrow())
    assert written(again) == written(index)
    loose = index.to_arrow().cast(index.to_arrow().schema.set(3, pa.field("value", pa.binary())))
    assert written(from_arrow(loose)) == written(index)


def test_any_kind_of_table_is_taken():
    table = as_arrow(TABLE)
    for data in (table.to_pandas(), pl.DataFrame(table), table.to_reader(), table.slice(0, 3)):
        assert rows_of(gidx.IntervalIndex.from_arrow(data).to_arrow()) == TABLE


def test_of_a_bed_table_the_chrom_is_the_name_and_the_column_of_values_is_asked():
    bed = pd.DataFrame({"chrom": ["c"], "start": [5], "end": [9], "name": ["x"], "score": [7]})
    assert gidx.IntervalIndex.from_arrow(bed, value="score").find("c", 8, 9) == [(5, 9, 7)]


def test_a_frame_of_any_convention_becomes_an_index(tmp_path):
    gff = pd.DataFrame({"seqid": ["c", "d"], "start": [6, 1], "end": [9, 2], "at": [7, 8]})
    path = tmp_path / "a.index"
    assert to_interval_index(gff, recognise(gff.columns), path, "at", max={"c": 9, "d": 5}) == path
    index = gidx.IntervalIndex.read(path)
    assert rows_of(index.to_arrow()) == [("c", 5, 9, 7), ("d", 0, 2, 8)]
    assert [index.bounds(name) for name in "cd"] == [(0, 9), (0, 5)]


def test_queries_keep_their_row_numbers_whatever_the_order_and_the_index():
    index = ours([("a", 5, 9, 1), ("b", 5, 9, 2), ("b", 6, 7, 3)])
    asked = {"name": ["b", "a", "b", "b"], "start": [6, 0, 0, 5], "end": [9, 5, 6, 6]}
    queries = pd.DataFrame(asked, index=[7, 7, 1, 0])
    expected = [(0, "b", 5, 9, 2), (0, "b", 6, 7, 3), (2, "b", 5, 9, 2), (3, "b", 5, 9, 2)]
    for data in (queries, pl.DataFrame(queries), pa.Table.from_pandas(queries)):
        assert rows_of(index.find(data)) == expected


def test_a_frame_without_queries_finds_a_table_without_rows():
    found = ours(TABLE).find(pd.DataFrame({"chrom": [], "start": [], "end": []}))
    assert found.num_rows == 0
    assert found.schema.names == ["query", "name", "start", "end", "value"]


def test_an_index_that_is_read_can_be_added_to():
    index = read(VERSION_2)
    index.add("chr1", 0, 3, 4)
    index.add("new", 0, 3, 4)
    assert index.find("chr1") == [(0, 3, 4), *ROWS]
    assert index.bounds("chr1") == (0, 1000)
    assert read(written(index)).names == ("chr1", "new")


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_set_without_intervals_is_written_read_and_asked(version, tmp_path):
    index = gidx.IntervalIndex()
    index.add("a", 5, 9, 1)
    index.add("empty", [], [], [])
    data = written(index, version=version)
    found = read(data)
    assert found.names == ("a", "empty")
    assert found.find("empty") == found.find("empty", 0, 100) == []
    assert found.to_arrow()["name"].to_pylist() == ["a"]
    asked = pd.DataFrame({"chrom": ["empty", "a"], "start": 0, "end": 100})
    assert found.find(asked)["query"].to_pylist() == [1]
    assert written(found, version=version) == data
    if version == 2:  # of others, bx-python does not read the least maxima
        assert theirs_read(data, tmp_path / "a.index").find("empty", 0, 100) == []
    found.add("empty", 1, 2, 3)
    assert found.find("empty") == [(1, 2, 3)]


def test_an_index_is_pickled_without_what_was_read_of_it(tmp_path):
    path = tmp_path / "a.index"
    ours([("a", i, i + 5, i) for i in range(1000)]).write(path)
    index = gidx.IntervalIndex.read(path)
    index.find("a")
    data = pickle.dumps(index)
    assert len(data) < 1000
    assert pickle.loads(data).find("a", 3, 4) == index.find("a", 3, 4)


# ── errors of the asker ─────────────────────────────────────────────────────────────────────────


def test_an_unknown_name_is_an_error_with_a_hint_and_a_known_one_may_have_no_hits():
    index = read(VERSION_2)
    assert index.find("chr1", 500, 600) == []
    with pytest.raises(UnknownChromError, match=r"unknown name '1'; did you mean 'chr1'\?"):
        index.find("1", 0, 5)
    with pytest.raises(KeyError, match="unknown name 'q'; the index has chr1"):
        index.find(pd.DataFrame({"chrom": ["q"], "start": [0], "end": [5]}))
    assert "chr1" in index
    assert "q" not in index


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (6, 5)])
def test_a_query_is_within_what_there_can_be(start, end):
    with pytest.raises(RegionError, match="expected 0 <= start <= end"):
        read(VERSION_2).find("chr1", start, end)


def test_queries_of_a_frame_are_checked_with_their_row():
    queries = pd.DataFrame({"chrom": ["chr1", "chr1"], "start": [0, -1], "end": [5, 5]})
    with pytest.raises(RegionError, match="query in row 1: start is negative"):
        read(VERSION_2).find(queries)
    with pytest.raises(RegionError, match="query in row 0: name, start or end is missing"):
        read(VERSION_2).find(queries.assign(chrom=[None, "chr1"]))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((9, 5, 1), "start 9 is after end 5"),
        ((-1, 5, 1), "start -1 is before the least that the set may have, 0"),
        ((5, 2**29 + 1, 1), "not within the largest position that the set may have, 536870912"),
        ((2**29, 2**29, 1), "not within the largest"),  # it would be in the bin behind the last
        ((5, 9, -1), "value.* negative"),
    ],
)
def test_what_a_set_cannot_hold_is_not_added(row, why):
    index = ours([("a", 1, 2, 3)], 2**29)
    with pytest.raises(WriteError, match=why):
        index.add("a", *row)
    with pytest.raises(WriteError, match=f"row 1: .*{why}"):
        index.add("a", *([good, bad] for good, bad in zip((1, 2, 3), row, strict=True)))
    table = pa.table(dict(zip(("name", "start", "end", "value"), (["a"], *([v] for v in row)),
                              strict=True)))  # fmt: skip
    with pytest.raises((WriteError, ColumnError), match=r"row 0: .*(is|not) "):
        gidx.IntervalIndex.from_arrow(table)
    assert index.find("a") == [(1, 2, 3)]


def test_an_end_may_be_the_maximum():
    index = ours([("a", 2**29 - 1, 2**29, 1)], 2**29)
    assert read(written(index)).find("a", 2**29 - 1, 2**29) == [(2**29 - 1, 2**29, 1)]


def test_a_set_keeps_the_maximum_that_it_was_begun_with():
    index = gidx.IntervalIndex()
    index.add("a", 0, 2**30, 1, max=2**31)
    with pytest.raises(ValueError, match="positions of 0 to 2147483648, which stay"):
        index.add("a", 0, 5, 1, max=2**30)
    with pytest.raises(WriteError, match="expected 0 <= min <= max <= 2147483648"):
        index.add("b", 0, 5, 1, max=2**31 + 1)
    assert index.names == ("a",)


def test_values_of_arrays_may_be_of_any_size_too():
    index = gidx.IntervalIndex()
    index.add("a", [1, 2], [2, 3], [2**64 - 1, 2**70])
    index.add("a", pd.Series([3]), pd.Series([4]), pa.chunked_array([[7]]))
    assert index.find("a") == [(1, 2, 2**64 - 1), (2, 3, 2**70), (3, 4, 7)]
    with pytest.raises(ValueError, match="of 2, 1 and 1 rows, expected as many of each"):
        index.add("a", [1, 2], [2], [3])


@pytest.mark.parametrize("column", ["start", "end", "value"])
def test_what_is_no_integer_is_not_added(column):
    row = {"start": 1, "end": 2, "value": 3}
    index = gidx.IntervalIndex()
    with pytest.raises((TypeError, WriteError), match=r"expected .*integer"):
        index.add("a", **{**row, column: "x"})
    with pytest.raises((TypeError, WriteError), match=r"expected .*integer"):
        index.add("a", **{**{k: [v] for k, v in row.items()}, column: [1.5]})
    with pytest.raises(TypeError, match="expected an integer, or arrays for all three"):
        index.add("a", **{**row, column: [1]})
    assert index.names == ()


def test_a_table_lacks_a_column_or_a_value():
    table = as_arrow(TABLE)
    with pytest.raises(ColumnError, match="no column 'valeu'; did you mean 'value'"):
        gidx.IntervalIndex.from_arrow(table, value="valeu")
    with pytest.raises(ColumnError, match="no columns that are known"):
        gidx.IntervalIndex.from_arrow(table.drop_columns("end"))
    missing = table.set_column(3, "value", pa.array([1, None, 2]))
    with pytest.raises(WriteError, match="row 1: column 'value' is missing"):
        gidx.IntervalIndex.from_arrow(missing)
    with pytest.raises(WriteError, match="column 'value' is string, expected non-negative"):
        gidx.IntervalIndex.from_arrow(table.set_column(3, "value", pa.array(["1", "2", "3"])))
    with pytest.raises(WriteError, match="max has no size of 'b'"):
        gidx.IntervalIndex.from_arrow(table, max={"a": 100})


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"value_size": 4}, "values of set 'a' need 8 bytes and do not fit 4; give value_size=8"),
        ({"version": 0}, "do not fit 4; write version 1 or 2"),
        ({"version": 3}, "version is 3, expected 0, 1 or 2"),
        ({"value_size": 0}, "value_size is 0, expected 1 or more"),
        ({"version": 0, "value_size": 8}, "values of version 0 have 4 bytes"),
    ],
)
def test_what_a_version_cannot_hold_leaves_no_file(tmp_path, options, why):
    with pytest.raises(WriteError, match=why):
        ours(TABLE).write(tmp_path / "a.index", **options)
    assert list(tmp_path.iterdir()) == []


def test_older_versions_have_no_positions_beyond_2_to_the_29():
    index = gidx.IntervalIndex()
    index.add("a", 0, 5, 1, max=2**29 + 1)
    with pytest.raises(WriteError, match="versions 0 and 1 hold up to 536870912; write version 2"):
        written(index, version=1)


# ── damage ──────────────────────────────────────────────────────────────────────────────────────


def everything(data):
    return read(data).to_arrow()


@pytest.mark.parametrize("data", [
    VERSION_2,
    written(ours([("a", 1, 5, 2), ("b", 3, 9, 2**40), ("b", 3, BIN + 1, 1)], 2 * BIN)),
])  # fmt: skip
def test_a_file_cut_at_any_byte_raises_at_once(data):
    for size in range(len(data)):
        with pytest.raises(FormatError):
            read(data[:size])
    everything(data)


def test_an_older_file_cut_at_any_byte_raises_at_once():
    for data in (old(0), old(1, 3)):
        for size in (*range(0, 60), *range(60, len(data), 97), *range(len(data) - 30, len(data))):
            with pytest.raises(FormatError):
                read(data[:size])


def patched(*patches):
    data = bytearray(VERSION_2)
    for at, number in patches:
        data[at : at + 4] = struct.pack(">I", number)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (patched((0, 7)), "byte 0: not a bx interval index: magic is 00000007, expected 2cff800a"),
        (patched((4, 3)), "byte 4: version of the interval index is 3, expected 0, 1 or 2"),
        (patched((8, 2))[:28], "byte 28: truncated index table: 1 of 2 sets"),
        (patched((12, 500)), "byte 68: truncated index table: 0 of 1 sets"),
        (patched((16, 0xFFFFFFFF)), "byte 12: name of a set is not UTF-8"),
        (patched((20, 66)), "byte 66: truncated set 'chr1': needs 8 bytes, file ends at 68"),
        (patched((24, 0)), "byte 12: values of set 'chr1' have 0 bytes, expected 1 or more"),
        (patched((28, 2000)), "byte 28: set 'chr1' has positions of 2000 to 1000, expected"),
        (patched((32, 2**31 + 1)), "byte 28: .* expected within 0 to 2147483648 in version 2"),
        (patched((32, BIN)), "byte 44: bin 1 of set 'chr1' has 9 intervals at bytes 5 to 113"),
        (patched((36, 45)), "byte 36: bin 0 of set 'chr1' has 2 .* 45 to 69, the file ends at 68"),
        (patched((36, 8)), "byte 36: bin 0 of set 'chr1' has 2 intervals at bytes 8 to 32"),
        (patched((40, 3)), "byte 36: bin 0 of set 'chr1' has 3 intervals at bytes 44 to 80"),
        (patched((44, 10)), "byte 44: interval 10-9 of set 'chr1' starts after its end"),
        (patched((60, BIN + 1)), "byte 56: interval 5-131073 .* is not in its bin 0, 0-131072"),
        (patched((60, 8)), "byte 56: bin 0 of set 'chr1' is not sorted: 5-8 after 5-9"),
        (patched((48, 10)), "byte 56: bin 0 of set 'chr1' is not sorted: 5-10 after 5-10"),
    ],
)
def test_damage_is_told_with_its_place(data, why):
    with pytest.raises(FormatError, match=why):
        everything(data)


def test_two_sets_of_one_name_are_an_error():
    entry = VERSION_2[12:20] + struct.pack(">2I", 44, 4)
    data = VERSION_2[:8] + struct.pack(">I", 2) + entry * 2 + VERSION_2[28:36]
    with pytest.raises(FormatError, match="byte 28: a second set is named 'chr1'"):
        read(data + VERSION_2[36:])


def test_bins_that_share_their_rows_are_an_error():
    data = bytearray(written(ours([("a", 1, 5, 2), ("a", 7, 9, 3)], 2 * BIN)))
    first = 12 + 4 + 1 + 8 + 8  # three bins follow
    rows = struct.pack(">2I", len(data) - 24, 2)
    data[first : first + 24] = rows * 3
    with pytest.raises(FormatError, match="byte 41: bins 0 and 1 of set 'a' share bytes"):
        read(bytes(data))


@settings(max_examples=150)
@given(st.data())
def test_a_byte_of_another_value_raises_or_reads_as_rows(data):
    whole = bytearray(VERSION_2)
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = everything(bytes(whole))
    except FormatError:
        return
    assert found.num_rows <= 2


# ── what is read ────────────────────────────────────────────────────────────────────────────────


class Recording(MemorySource):
    """Bytes that note what is read of them."""

    def __init__(self, data):
        super().__init__(data)
        self.reads = []

    def read(self, offset, size):
        self.reads.append(size)
        return super().read(offset, size)


@pytest.fixture(scope="module")
def large():
    index = gidx.IntervalIndex()
    start = np.random.default_rng(3).integers(0, 2**29 - 500, 40_000)
    for k in range(8):
        index.add(f"set{k}", start, start + 300, np.arange(len(start)))
    return written(index)


def test_to_open_an_index_reads_its_names_and_where_the_last_bins_are(large):
    source = Recording(large)
    read(source)
    assert len(source.reads) <= 4
    assert sum(source.reads) < 64 * 1024 + 8777 * 8 + 40 < len(large) / 20


def test_a_query_reads_only_its_bins_and_reads_them_once(large):
    source = Recording(large)
    index = read(source)
    source.reads.clear()
    found = index.find("set3", 10**8, 10**8 + 50_000)
    assert found
    assert sum(source.reads) < 8 + 8777 * 8 + 2_000
    source.reads.clear()
    assert index.find("set3", 10**8, 10**8 + 50_000) == found
    assert source.reads == []


def test_all_bins_of_a_set_are_one_read(large):
    source = Recording(large)
    index = read(source)
    source.reads.clear()
    assert len(index.find("set7")) == 40_000
    assert source.reads == [40_000 * 12]  # its bins were looked at when it was opened


def test_an_index_behind_a_url_is_read_in_parts(large):
    import fsspec

    with fsspec.filesystem("memory").open("/ii/a.index", "wb") as file:
        file.write(large)
    index = gidx.IntervalIndex.read("memory://ii/a.index")
    assert index.find("set1", 10**8, 10**8 + 50_000) == read(large).find(
        "set1", 10**8, 10**8 + 50_000
    )


def test_a_long_index_table_is_read_in_pieces():
    table = [(f"{'x' * 100}{i}", 1, 2, i) for i in range(800)]
    index = read(Recording(written(ours(table, 100))))
    assert rows_of(index.to_arrow()) == sorted(table)


def test_the_file_that_is_read_may_be_replaced(tmp_path):
    path = tmp_path / "a.index"
    ours(TABLE).write(path)
    index = gidx.IntervalIndex.read(path)
    index.add("c", 1, 2, 3)
    index.write(path)
    assert gidx.IntervalIndex.read(path).names == ("a", "b", "c")
    assert [p.name for p in tmp_path.iterdir()] == ["a.index"]


def test_to_interval_index_takes_canonical_frames(tmp_path):
    frame = pd.DataFrame({"chrom": ["a"], "start": [1], "end": [2], "v": [3]})
    with pytest.raises(ColumnError, match="no column 'x'"):
        to_interval_index(frame, CANONICAL, tmp_path / "a.index", "x")
    assert list(tmp_path.iterdir()) == []
