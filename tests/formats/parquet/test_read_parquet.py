"""Parquet files opened as any other: others' columns, what is read, what is refused."""

from __future__ import annotations

import io
import os
import pickle
import threading

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import test_conformance as conformance
from tests.support.server import serving
from tests.support.tables import places

import gidx
from gidx.check import check
from gidx.cli import main
from gidx.errors import ColumnError, FormatError, UnknownChromError
from gidx.ground.source import MemorySource, SourceFile
from gidx.scan import format_of

PYARROW = int(pa.__version__.partition(".")[0])
ROWS = [("1", 9, 20), ("1", 10, 11), ("2", 0, 5), ("X", 99, 200)]


def written(folder, columns, **options):
    path = folder / "a.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


OTHERS = {
    "PyRanges": {"Chromosome": list("112X"), "Start": [9, 10, 0, 99], "End": [20, 11, 5, 200]},
    "GFF": {"seqid": list("112X"), "start": [10, 11, 1, 100], "end": [20, 11, 5, 200]},
    "numbers": {"chrom": [1, 1, 2, 23], "start": [9, 10, 0, 99], "end": [20, 11, 5, 200]},
    "VCF": {"CHROM": list("112X"), "POS": [10, 11, 1, 100], "ID": list("abcd"),
            "REF": ["A" * 11, "C", "ACGTA", "T" * 101]},
    "MAF": {"Hugo_Symbol": list("abcd"), "Chromosome": list("112X"),
            "Start_Position": [10, 11, 1, 100], "End_Position": [20, 11, 5, 200]},
    "a dictionary": {"chrom": pa.array(list("112X")).dictionary_encode(),
                     "start": pa.array([9, 10, 0, 99], pa.uint32()),
                     "end": pa.array([20, 11, 5, 200], pa.int32()), "end_2": [1, 2, 3, 4]},
}  # fmt: skip


TYPES_OF_NAMES = {
    "int8": pa.int8(), "int64": pa.int64(), "bytes": pa.binary(), "views": pa.string_view(),
    "categories": pa.dictionary(pa.uint32(), pa.string()),
    "categories of views": pa.dictionary(pa.uint8(), pa.string_view()), "runs": pa.string(),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "arrow"),
    [(kind, True) for kind in TYPES_OF_NAMES]
    # no other types are written as Parquet, and views from pyarrow 19 on
    + [(k, False) for k in [*TYPES_OF_NAMES][:5] if k != "views" or PYARROW > 18],
)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from([1, 2, 5, 10, 23]), st.integers(0, 50), st.integers(1, 9)),
        min_size=1, max_size=12,
    ),
    size=st.sampled_from([1, 3, 100]), ordered=st.booleans(),
)  # fmt: skip
@settings(max_examples=8)
def test_a_region_finds_its_rows_whatever_type_the_names_have(kind, arrow, rows, size, ordered):
    """Statistics of numbers and of bytes are not those of names: 5 is not between "2" and "10"."""
    rows = sorted(rows) if ordered else rows
    names = pa.array([str(chrom) for chrom, _, _ in rows])
    if kind == "runs":
        names = pc.run_end_encode(names)
    elif pat.is_dictionary(told := TYPES_OF_NAMES[kind]):
        values = names.dictionary_encode()
        indices, words = values.indices.cast(told.index_type), values.dictionary
        names = pa.DictionaryArray.from_arrays(indices, words.cast(told.value_type))
    else:
        names = names.cast(told)
    starts = [start for _, start, _ in rows]
    ends = [start + width for _, start, width in rows]
    table = pa.table({"chrom": names, "start": starts, "end": ends, "text": names})
    out = io.BytesIO()
    if arrow:
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=size)
    else:
        pq.write_table(table, out, row_group_size=size)
    dataset = gidx.open(out.getvalue())
    every = [(str(chrom), start, start + width) for chrom, start, width in rows]
    assert places(dataset.to_table()) == every
    assert len(dataset.to_pandas()) == len(gidx.read(out.getvalue()).gidx.query(every)) == len(rows)
    for name in dataset.chroms:
        asked = [(name, 0, 20), (name, 30, 35)]
        found = [row for row in every if row[0] == name]
        within = [r for r in found if any(r[1] < end and r[2] > begin for _, begin, end in asked)]
        assert places(dataset.to_table(name)) == found
        assert places(dataset.to_table(asked)) == within
        assert dataset.count_rows(asked) == len(within)
        assert places(dataset.to_dataset().to_table(filter=pc.field("chrom") == name)) == found


TYPES_OF_POSITIONS = {
    "text": pa.string(), "bytes": pa.binary(), "decimals": pa.decimal128(20, 0),
    "floats": pa.float64(), "uint16": pa.uint16(), "numbered": pa.dictionary(pa.int8(), pa.int64()),
    "categories": pa.dictionary(pa.int8(), pa.string()),
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES_OF_POSITIONS)
@pytest.mark.parametrize("make", ["parquet", "arrow"])
@given(
    rows=st.lists(st.tuples(st.integers(0, 1200), st.integers(1, 90)), min_size=1, max_size=9),
    size=st.sampled_from([1, 3, 100]), asked=st.integers(0, 1200),
)  # fmt: skip
@settings(max_examples=15)
def test_a_region_finds_its_rows_whatever_type_positions_have(kind, make, rows, size, asked):
    """Statistics of texts are not those of numbers: "40" is not between "100" and "9"."""
    told = TYPES_OF_POSITIONS[kind]

    def column(values):
        plain = told.value_type if pat.is_dictionary(told) else told
        texts = pat.is_string(plain) or pat.is_binary(plain)
        found = pa.array(
            map(str, values) if texts else values, pa.string() if texts else pa.int64()
        )
        return found.cast(plain).dictionary_encode() if plain != told else found.cast(plain)

    every = [("a", start, start + width) for start, width in rows]
    table = pa.table({"chrom": ["a"] * len(rows), "start": column([r[1] for r in every]),
                      "end": column([r[2] for r in every])})  # fmt: skip
    out = io.BytesIO()
    if make == "arrow":
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=size)
    else:
        pq.write_table(table, out, row_group_size=size)
    dataset = gidx.open(out.getvalue())
    assert places(dataset.to_table()) == every
    for region in (("a", asked, asked + 60), ("a", 0, 99), "a"):
        lo, hi = region[1:] if isinstance(region, tuple) else (0, 10_000)
        within = [row for row in every if row[1] < hi and row[2] > lo]
        assert places(dataset.to_table(region)) == within
        assert dataset.count_rows(region) == len(within)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"start": [1.0, 2.5]}, "column start, expected whole numbers: .*2.5"),
        ({"end": [3.0, float("inf")]}, "column end, expected whole numbers: .*inf"),
        ({"start": ["1", "1e1"]}, "column start, expected whole numbers: .*1e1"),
        ({"end": pa.array([3, 2**64 - 1], pa.uint64())}, "column end, expected whole numbers"),
        ({"end": [3, 2**63 - 1]}, r"column end: a position past 2\^62"),
    ],
)
@pytest.mark.parametrize("make", ["parquet", "arrow"])
def test_positions_that_are_none_are_an_error(columns, said, make):
    table, out = (
        pa.table({"chrom": ["a", "a"], "start": [1, 2], "end": [3, 4], **columns}),
        io.BytesIO(),
    )
    if make == "arrow":
        with pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
    else:
        pq.write_table(table, out)
    for regions in (None, "a"):
        with pytest.raises(FormatError, match=said):
            gidx.open(out.getvalue()).to_table(regions)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([["chr1"], None], "column chrom is list<.*>, expected names of chroms"),
        ([b"\xffa", b"c"], "cannot be read: .*(UTF|utf).?8"),
    ],
)
def test_chroms_that_are_no_names_are_an_error(tmp_path, names, said):
    path = written(tmp_path, {"chrom": names, "start": [1, 2], "end": [3, 4]})
    for ask in (lambda f: f.chroms, lambda f: f.to_table("c"), gidx.Dataset.to_pandas):
        with pytest.raises(FormatError, match=said):
            ask(gidx.open(path))


def test_two_columns_of_one_name_are_refused(tmp_path):
    columns = [pa.array(["a"]), *(pa.array([i]) for i in range(3))]
    table = pa.Table.from_arrays(columns, names=["chrom", "start", "end", "end"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=r"a.parquet: two columns are named 'end'; rename one"):
        gidx.open(tmp_path / "a.parquet")


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_what_polars_writes_is_read(tmp_path, suffix):
    """Texts as views, categories of unsigned numbers."""
    frame = pl.DataFrame(
        {"chrom": ["b", "a"], "start": [1, 2], "end": [5, 6], "texts": [["x"], []]}
    )
    frame = frame.with_columns(
        kind=pl.Series(["u", None], dtype=pl.Categorical),
        enum=pl.Series(["u", "v"], dtype=pl.Enum(["v", "u"])),
    )
    path = tmp_path / f"a.{suffix}"
    (frame.write_parquet if suffix == "parquet" else frame.write_ipc)(path)
    found = gidx.read(path, "b:1-9")
    assert found[["chrom", "start", "kind", "enum"]].values.tolist() == [["b", 1, "u", "u"]]
    assert gidx.read(path)["kind"].isna().tolist() == [False, True]
    assert gidx.open(path).to_table(columns=["texts"]).to_pydict() == {"texts": [["x"], []]}


@pytest.mark.parametrize("by", OTHERS)
class TestFilesOfOthers:
    def test_rows_are_0_based_half_open_under_canonical_names(self, tmp_path, by):
        dataset = gidx.open(written(tmp_path, OTHERS[by], row_group_size=2))
        rows = [(("23" if by == "numbers" and c == "X" else c), s, e) for c, s, e in ROWS]
        assert dataset.columns[:3] == ["chrom", "start", "end"]
        assert places(dataset.to_table()) == rows
        assert places(dataset.to_table(("1", 10, 12))) == rows[:2]
        assert dataset.count_rows(["2", ("1", 11, 12)]) == 2
        assert list(dataset.chroms) == list(dict.fromkeys(c for c, _, _ in rows))
        assert dataset.to_pandas("2")["chrom"].cat.categories.tolist() == list(dataset.chroms)

    def test_native_names_are_the_files_own(self, tmp_path, by):
        path = written(tmp_path, OTHERS[by])
        native = gidx.open(path).to_table(names="native")
        assert native.schema.names == list(OTHERS[by])
        own = pq.read_table(path)
        assert all(native[name].to_pylist() == own[name].to_pylist() for name in own.schema.names)
        columns = [native.schema.names[-1]]
        some = gidx.open(path).to_table("1", names="native", columns=columns)
        assert some.num_rows == 2

    def test_pieces_are_the_scan(self, tmp_path, by):
        dataset = gidx.open(written(tmp_path, OTHERS[by], row_group_size=1))
        for n in (1, 2, 9):
            pieces = [pickle.loads(pickle.dumps(piece)) for piece in dataset.partitions(n)]
            found = [row for piece in pieces for row in places(dataset.to_table(piece))]
            assert found == places(dataset.to_table())
            asked = dataset.partitions(n, regions=["1", ("2", 1, 2)])
            found = [row for piece in asked for row in places(dataset.to_table(piece))]
            assert found == places(dataset.to_table(["1", ("2", 1, 2)]))


def test_rows_that_lack_a_place_are_in_the_scan_and_in_no_region(tmp_path):
    path = written(tmp_path, {
        "chrom": ["1", None, "1", "1"], "start": [5, 6, None, 8], "end": [6, 7, 8, None],
        "name": list("abcd"),
    })  # fmt: skip
    dataset = gidx.open(path)
    assert dataset.to_table()["name"].to_pylist() == list("abcd")
    assert dataset.to_table("1")["name"].to_pylist() == ["a"]
    assert dataset.count_rows() == 4
    pieces = dataset.partitions(3)
    assert [n for p in pieces for n in dataset.to_table(p)["name"].to_pylist()] == list("abcd")


def by_pyarrow(table, folder):
    pq.write_to_dataset(table, folder, partition_cols=["chrom"])


def by_duckdb(table, folder):
    con = duckdb.connect().register("t", table)
    con.execute(f"copy t to '{folder}' (format parquet, partition_by (chrom))")


@pytest.mark.parametrize("write", [by_pyarrow, by_duckdb])
def test_a_chrom_that_only_the_folder_of_a_file_tells(tmp_path, write):
    """As Hive, and so Spark, Dask, pyarrow and DuckDB, part a table."""
    rows = [("1", 5, 9), ("1", 20, 30), ("HLA-A*01:01", 7, 8), ("X/Y", 1, 4), (None, 2, 3)]
    chrom, start, end = zip(*rows, strict=True)
    write(pa.table({"chrom": chrom, "start": start, "end": end}), tmp_path / "parts")
    dataset = gidx.open(tmp_path / "parts")
    assert dataset.schema.names == ["chrom", "start", "end"]
    assert sorted(places(dataset.to_table()), key=str) == sorted(rows, key=str)
    for name in ("1", "HLA-A*01:01", "X/Y"):
        found = [row for row in rows if row[0] == name]
        assert places(dataset.to_table(name)) == found
        assert dataset.count_rows(name) == len(found)
        filter = pc.field("chrom") == name
        assert places(dataset.to_dataset().to_table(filter=filter)) == found
    assert dataset.count_rows(("1", 10, 25)) == 1
    assert dataset.to_table(columns=["end"]).num_rows == dataset.count_rows() == len(rows)
    for path in (tmp_path / "parts").rglob("*.parquet"):
        assert not check(path).problems


def test_the_folder_tells_also_who_stands_in_it(tmp_path, monkeypatch):
    by_pyarrow(pa.table({"chrom": ["a"], "start": [5], "end": [9]}), tmp_path)
    monkeypatch.chdir(tmp_path / "chrom=a")
    (name,) = os.listdir()
    assert places(gidx.open(name).to_table()) == [("a", 5, 9)]


def test_folders_tell_nothing_of_files_that_have_the_column(tmp_path):
    (tmp_path / "chrom=2").mkdir()
    path = written(tmp_path / "chrom=2", {"chrom": ["1"], "start": [5], "end": [9]})
    assert places(gidx.open(path).to_table()) == [("1", 5, 9)]
    path = written(tmp_path / "chrom=2", {"a": [1]})
    with pytest.raises(ColumnError, match="among 'a'"):
        gidx.open(path)


def test_columns_of_different_types_say_a_way_out_that_there_is(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, value in zip(paths, (1, 1.5), strict=True):
        pq.write_table(pa.table({"chrom": ["1"], "start": [5], "end": [9], "n": [value]}), path)
    with pytest.raises(FormatError, match=r"is double, in .* it is int64.*: cast the column"):
        gidx.open(paths)


def test_nan_is_a_position_that_lacks(tmp_path):
    starts = pa.array([5.0, float("nan"), 7.0])
    path = written(tmp_path, {"chrom": ["1"] * 3, "start": starts, "end": [6, 7, 8]})
    dataset = gidx.open(path)
    assert dataset.to_table()["start"].to_pylist() == [5, None, 7]
    assert dataset.to_table("1")["start"].to_pylist() == [5, 7]


def test_a_table_without_intervals_says_what_it_has(tmp_path):
    with pytest.raises(ColumnError, match=r"a\.parquet has no columns that are known as chrom"):
        gidx.open(written(tmp_path, {"a": [1], "b": [2]}))
    with pytest.raises(ColumnError, match="some count from 0 and others from 1"):
        gidx.open(written(tmp_path, {"chr": ["1"], "start": [2], "end": [5]}))


def test_what_is_broken_is_a_format_error(tmp_path):
    data = conformance.parquet(tmp_path).read_bytes()
    with pytest.raises(FormatError, match="a Parquet file that cannot be read"):
        gidx.open(data[: len(data) // 2])
    with pytest.raises(TypeError, match="has its index inside"):
        gidx.open(data, index=b"")
    with pytest.raises(UnknownChromError, match="did you mean 'chr1'"):
        gidx.open(data).to_table("1")


class Counting(MemorySource):
    taken = 0

    def read(self, offset, size):
        Counting.taken += size
        return super().read(offset, size)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """300,000 rows on three chroms."""
    folder = tmp_path_factory.mktemp("large")
    n = 300_000
    frame = pd.DataFrame({"chrom": np.repeat(["chr1", "chr2", "chr3"], n // 3)})
    frame["start"] = np.tile(np.arange(n // 3) * 10, 3)
    frame["end"] = frame["start"] + 15
    frame["name"] = np.random.default_rng(1).integers(0, 2**60, n).astype(str)
    gidx.write_bed(frame, folder / "a.bed.gz")
    gidx.to_parquet(folder / "a.bed.gz", folder / "a.parquet")
    return (folder / "a.parquet").read_bytes()


class TestOnlyWhatIsNeeded:
    def test_a_region_reads_a_row_group_or_two(self, data):
        dataset = gidx.open(Counting(data, "a.parquet"))
        region = ("chr2", 500_000, 500_100)
        assert len(format_of(dataset).plan(dataset._resolve(region))) == 1
        Counting.taken = 0
        found = dataset.to_table(region, columns=["start", "end"])
        assert found["start"].to_pylist() == list(range(499_990, 500_100, 10))
        assert Counting.taken < len(data) / 15  # of one group of twelve, and without its names

    def test_columns_asked_for_are_the_only_ones_read(self, data):
        dataset = gidx.open(Counting(data, "a.parquet"))
        Counting.taken = 0
        assert pc.sum(dataset.to_table(columns=["start"])["start"]).as_py() > 0
        assert Counting.taken < len(data) / 4

    def test_over_http_too(self, data):
        pytest.importorskip("aiohttp", reason="https needs aiohttp: pip install 'gidx[http]'")
        with serving({"a.parquet": data}) as server:
            dataset = gidx.open(server.url + "a.parquet")
            assert len(server.requests) <= 3
            server.forget()
            assert dataset.count_rows(("chr2", 500_000, 500_100)) == 11
            assert len(server.requests) <= 2
            assert sum(server.sent) < len(data) / 2

    def test_pieces_are_cut_at_chroms(self, data):
        dataset = gidx.open(data)
        pieces = dataset.partitions(9)
        assert [piece.chrom for piece in pieces] == ["chr1"] * 3 + ["chr2"] * 3 + ["chr3"] * 3
        assert sum(dataset.count_rows(piece) for piece in pieces) == 300_000


def test_filters_and_the_command_line_know_it(tmp_path, capfd):
    path = conformance.parquet(tmp_path)
    dataset = gidx.open(path)
    some = dataset.to_table("chr1", columns=["name"], filter=pc.field("score") == 3)
    whole = gidx.open(tmp_path / "a.bed.gz").to_table("chr1", filter=pc.field("score") == 3)
    assert some["name"].equals(whole["name"])
    assert main(["query", str(path), "chr2", "--count"]) == 0
    assert int(capfd.readouterr().out) == dataset.count_rows("chr2")
    assert main(["info", str(path)]) == 0
    assert "Parquet, of bed" in capfd.readouterr().out
    assert (
        gidx.read(path, "chr2")["start"].tolist() == dataset.to_table("chr2")["start"].to_pylist()
    )
    fields = dataset.fields.to_pylist()
    assert [f["declared_type"] for f in fields][:3] == ["string", "uint", "uint"]


def test_a_changed_value_is_an_error_for_the_pages_have_checksums(tmp_path):
    path = tmp_path / "a.parquet"
    names = [f"name-{i:06}" for i in range(500)]
    gidx.write_bed(
        pd.DataFrame({"chrom": "chr1", "start": range(500), "end": range(1, 501), "name": names}),
        tmp_path / "a.bed",
    )
    gidx.to_parquet(str(tmp_path / "a.bed"), str(path), compression="none")
    data = path.read_bytes()
    assert b"name-000321" in data
    path.write_bytes(data.replace(b"name-000321", b"name-000322"))
    with pytest.raises(gidx.FormatError, match="a Parquet file that cannot be read"):
        gidx.open(str(path)).to_table()


def test_the_file_is_read_by_the_threads_that_ask_alone(tmp_path, monkeypatch):
    """Others may still hold it when Python ends, which then aborts."""
    path = conformance.parquet(tmp_path)
    seen, read = set(), SourceFile.read

    def spy(self, size=-1):
        seen.add(threading.get_ident())
        return read(self, size)

    monkeypatch.setattr(SourceFile, "read", spy)
    assert gidx.open(path).to_table("chr1", threads=1).num_rows
    assert seen == {threading.get_ident()}


def test_columns_have_any_names_also_with_dots_and_are_read_ahead(tmp_path):
    """Of each column the bytes are known before pyarrow asks for them."""
    table = {"chrom": ["1"], "start": [5], "end": [6], "a.b": ["x"], "a": [{"b": 1, "c": [2, 3]}]}
    dataset = gidx.open(written(tmp_path, table))
    assert dataset.to_table().select(["a.b", "a"]).to_pylist() == [
        {"a.b": "x", "a": {"b": 1, "c": [2, 3]}}
    ]
    assert dataset.to_table("1", columns=["a"])["a"].to_pylist() == [{"b": 1, "c": [2, 3]}]


# ── damage that no checksum covers ──────────────────────────────────────────────────────────────


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "a.parquet"
    start = np.arange(1000, 2000)
    gidx.to_parquet(pd.DataFrame({"chrom": "chr1", "start": start, "end": start + 5}), path)
    return path.read_bytes()


def test_bounds_that_became_narrower_are_told_by_check(parquet):
    damaged = parquet.replace(np.int64(2004).tobytes(), np.int64(1500).tobytes())
    assert damaged != parquet
    assert gidx.open(damaged).to_table("chr1:1,901-1,910").num_rows == 0
    (problem,) = check(damaged).problems
    assert "row group 0 ends at 1,005 to 2,004, the footer says up to 1,500" in problem
    assert check(parquet).ok


def test_a_chrom_that_the_statistics_do_not_have_is_an_error(parquet):
    damaged = parquet.replace(b"\x04chr1\x18\x04chr1", b"\x04chr7\x18\x04chr7")
    assert damaged != parquet
    for region in (None, "chr7"):
        with pytest.raises(FormatError, match="a row of chrom 'chr1', which the file"):
            gidx.open(damaged).to_table(region)


def test_a_column_of_another_type_than_the_schemas_is_an_error(parquet):
    """Pyarrow 24 aborts the process when it is asked for that column's statistics."""
    damaged = parquet.replace(b"\x15\x04\x19%", b"\x15\x10\x19%")  # type, then encodings
    assert damaged != parquet
    with pytest.raises(FormatError, match="cannot be read"):
        gidx.open(damaged).to_table("chr1")


def test_a_column_that_is_called_otherwise_is_told_by_check(tmp_path):
    gidx.to_parquet(pd.DataFrame({"chrom": ["a"], "start": 1, "end": 2, "x": 5}), tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    damaged = data.replace(b"\x18\x01x\x00", b"\x18\x01y\x00")
    assert damaged != data
    assert any("'y' is int64, written was 'x', int64" in what for what in check(damaged).problems)


@pytest.mark.skipif(PYARROW < 20, reason="this pyarrow writes no histograms")
def test_histograms_of_levels_that_no_column_has_are_an_error(tmp_path):
    """Pyarrow 24 aborts the process when it is asked for the chunk that has them."""
    gidx.to_parquet(pd.DataFrame({"chrom": ["a"], "start": 1, "end": 2}), tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    found = []
    for at in range(data.rindex(b"\x18\x05chrom"), len(data) - 8):
        if b"ARROW:schema" not in data[:at]:
            try:
                gidx.open(data[:at] + b"\1\0" + data[at + 2 :]).to_table()
            except FormatError as error:
                found.append(str(error))
    assert any("istogram" in message for message in found)


@pytest.mark.parametrize("name", ["END", "INFO/END"])
@pytest.mark.parametrize("with_ref", [True, False])
def test_rows_reach_to_end_where_a_vcf_s_table_has_it(tmp_path, name, with_ref):
    """As `bcftools query` and VariantsToTable write it: CHROM, POS, END, all from 1."""
    table = pa.table({
        "CHROM": ["c1", "c1", "c1"], "POS": [10, 20, 30], "REF": ["ACG", "A", "A"],
        name: pa.array([None, 500, -1], pa.int64()),
    })  # fmt: skip
    if not with_ref:
        table = table.drop_columns("REF")
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    expected = [("c1", 9, 12 if with_ref else 10), ("c1", 19, 500), ("c1", 29, 30)]
    for file in ("a.parquet", "a.arrow"):
        dataset = gidx.open(tmp_path / file)
        assert places(dataset.to_table()) == expected
        assert places(dataset.to_table(("c1", 400, 401))) == expected[1:2]
        assert dataset.count_rows(("c1", 30, 31)) == 1
    for frame in (table.to_pandas(), table.to_pandas(types_mapper=pd.ArrowDtype)):
        assert frame.gidx.query(("c1", 400, 401)).index.tolist() == [1]
        assert frame.gidx.canonical()["end"].tolist() == [end for *_, end in expected]
