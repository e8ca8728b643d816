"""Parquet as gidx writes it: what other readers of it can skip, and what comes back."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import test_conformance as conformance
from tests.support import tabix_files
from tests.support.tables import places

import gidx
from gidx.arrow.schema import read_metadata
from gidx.cli import main
from gidx.formats.parquet.write import BLOOM, FEW, MANY, ROW_GROUP, write

WITH_BLOOM = int(pa.__version__.partition(".")[0]) >= BLOOM
CHROMS = [f"chr{i}" for i in range(1, 23)] + ["chrX", "chrY"]
REGION = (ds.field("chrom") == "chr7") & (ds.field("start") < 510_000) & (ds.field("end") > 500_000)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """400,000 rows on 24 chroms, as BED and as Parquet."""
    folder = tmp_path_factory.mktemp("many")
    rows = 400_000 // len(CHROMS)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({
        "chrom": np.repeat(CHROMS, rows),
        "start": np.concatenate([np.sort(rng.integers(0, 10**6, rows)) for _ in CHROMS]),
    })  # fmt: skip
    frame["end"] = frame["start"] + 100
    frame["name"] = [f"n{i}" for i in range(len(frame))]
    gidx.write_bed(frame, folder / "a.bed.gz")
    bloom = ["name"] if WITH_BLOOM else []
    gidx.to_parquet(folder / "a.bed.gz", folder / "a.parquet", bloom_filter=bloom)
    return folder, frame


class TestPruning:
    """A region is in one row group of 24, and in all the readers only that is read."""

    def test_a_group_is_of_one_chrom_and_has_its_bounds(self, many):
        file = pq.ParquetFile(many[0] / "a.parquet")
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        assert len(groups) == len(CHROMS)
        spans = [group.column(0).statistics for group in groups]
        assert [(s.min, s.max) for s in spans] == [(c, c) for c in CHROMS]
        assert all(group.column(i).statistics.has_min_max for group in groups for i in (1, 2))
        assert all(group.column(i).has_offset_index for group in groups for i in range(4))
        sorting = [[s.column_index for s in group.sorting_columns] for group in groups]
        assert sorting == [[0, 1]] * len(groups)
        assert file.schema_arrow.field("chrom").type == pa.string()

    def test_pyarrow_keeps_one_group(self, many):
        dataset = ds.dataset(many[0] / "a.parquet")
        (fragment,) = dataset.get_fragments()
        assert len(fragment.split_by_row_group(REGION)) == 1
        assert dataset.to_table(filter=REGION).num_rows == self.rows(many[1])

    @pytest.mark.parametrize("reader", ["pyarrow", "polars", "duckdb"])
    def test_all_other_groups_may_be_broken(self, many, tmp_path, reader):
        """So none of them is read; where no filter is, they are."""
        path = tmp_path / "a.parquet"
        data = bytearray((many[0] / "a.parquet").read_bytes())
        meta = pq.read_metadata(many[0] / "a.parquet")
        for i in range(meta.num_row_groups):
            group = meta.row_group(i)
            for chunk in (group.column(j) for j in range(group.num_columns)):
                begin = chunk.dictionary_page_offset or chunk.data_page_offset
                if group.column(0).statistics.min != "chr7":
                    data[begin : begin + chunk.total_compressed_size] = bytes(
                        chunk.total_compressed_size
                    )
        path.write_bytes(data)
        near = (pl.col("chrom") == "chr7") & (pl.col("start") < 510_000) & (pl.col("end") > 500_000)
        where = "where chrom = 'chr7' and start < 510000 and \"end\" > 500000"
        asked, all_ = {
            "pyarrow": (
                lambda: ds.dataset(path).to_table(filter=REGION),
                lambda: ds.dataset(path).to_table(),
            ),
            "polars": (
                lambda: pl.scan_parquet(path).filter(near).collect(),
                lambda: pl.scan_parquet(path).collect(),
            ),
            "duckdb": (
                lambda: duckdb.sql(f"select * from '{path}' {where}").to_arrow_table(),
                lambda: duckdb.sql(f"select * from '{path}'").to_arrow_table(),
            ),
        }[reader]
        assert len(asked()) == self.rows(many[1])
        with pytest.raises(Exception, match=r"."):
            all_()

    @staticmethod
    def rows(frame):
        here = frame[frame["chrom"] == "chr7"]
        return int(((here["start"] < 510_000) & (here["end"] > 500_000)).sum())

    @pytest.mark.skipif(not WITH_BLOOM, reason="pyarrow 24 or later writes Bloom filters")
    def test_a_name_is_looked_up_by_a_bloom_filter(self, many):
        path = many[0] / "a.parquet"
        asked = duckdb.sql(
            f"select bloom_filter_excludes from parquet_bloom_probe('{path}', 'name', 'n77777')"
        ).fetchall()
        assert sum(not excluded for (excluded,) in asked) < 4
        with pytest.raises(gidx.errors.ColumnError, match="did you mean 'name'"):
            gidx.to_parquet(many[0] / "a.bed.gz", many[0] / "b.parquet", bloom_filter=["nam"])

    def test_a_pyarrow_that_writes_none_is_told(self, many, tmp_path, monkeypatch):
        monkeypatch.setattr(pa, "__version__", "18.0.0")
        with pytest.raises(
            ValueError, match="pyarrow 24 or later writes Bloom filters, this is 18"
        ):
            gidx.to_parquet(many[0] / "a.bed.gz", tmp_path / "b.parquet", bloom_filter=["name"])
        assert not [*tmp_path.iterdir()]

    def test_groups_have_bounded_rows(self, tmp_path):
        frame = pd.DataFrame({"chrom": "chr1", "start": np.arange(3 * ROW_GROUP + 5)})
        frame["end"] = frame["start"] + 1
        frame.gidx.to_parquet(tmp_path / "a.parquet")
        file = pq.ParquetFile(tmp_path / "a.parquet").metadata
        sizes = [file.row_group(i).num_rows for i in range(file.num_row_groups)]
        assert sizes == [ROW_GROUP, ROW_GROUP, ROW_GROUP, 5]
        frame.gidx.to_parquet(tmp_path / "a.parquet", row_group_size=40_000)
        assert pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).num_rows == 40_000

    def test_many_small_contigs_share_groups(self, tmp_path):
        frame = pd.DataFrame({"chrom": [f"c{i:05}" for i in range(5000)], "start": 1, "end": 5})
        frame.gidx.to_parquet(tmp_path / "a.parquet")
        groups = pq.ParquetFile(tmp_path / "a.parquet").metadata.num_row_groups
        assert MANY < groups <= MANY + (5000 - MANY) // FEW + 1

    @given(
        chroms=st.lists(st.sampled_from(["chr1", "chr2", "c" * 40, "", None]), min_size=1),
        dictionary=st.booleans(),
        size=st.integers(1, 7),
        most=st.integers(1, 9),
    )
    def test_chroms_in_any_order_are_the_file_s_text(self, chroms, dictionary, size, most):
        """Read by pyarrow, and what the statistics say is so, whatever a group has."""
        column = pa.array(chroms, pa.string())
        column = column.dictionary_encode() if dictionary else column
        table = pa.table({"chrom": column, "start": pa.array(range(len(chroms)), pa.int64())})
        file = io.BytesIO()
        write(table.schema, table.to_batches(size), file, row_group_size=most)
        found = pq.ParquetFile(file)
        assert found.schema_arrow.field("chrom").type == pa.string()
        assert found.read()["chrom"].to_pylist() == chroms
        for i in range(found.num_row_groups):
            there = [c for c in found.read_row_group(i)["chrom"].to_pylist() if c is not None]
            told = found.metadata.row_group(i).column(0).statistics
            assert told.null_count == found.metadata.row_group(i).num_rows - len(there)
            if there:
                assert (told.min, told.max) == (min(there), max(there))

    def test_a_group_has_the_names_of_its_own_chroms_only(self, tmp_path):
        names = [f"contig{i:05}" for i in range(3000)]
        frame = pd.DataFrame({"chrom": pd.Categorical(names, names), "start": 1, "end": 5})
        frame.gidx.to_parquet(tmp_path / "a.parquet")
        meta = pq.read_metadata(tmp_path / "a.parquet")
        chunks = [meta.row_group(i).column(0) for i in range(meta.num_row_groups)]
        assert sum(chunk.total_uncompressed_size for chunk in chunks) < 200 * len(names)

    def test_items_of_lists_have_no_statistics(self, tmp_path):
        gidx.to_parquet(conformance.vcf(tmp_path), tmp_path / "a.parquet")
        group = pq.read_metadata(tmp_path / "a.parquet").row_group(0)
        told = [group.column(i) for i in range(group.num_columns)]
        assert {c.path_in_schema for c in told if c.is_stats_set} >= {
            "chrom",
            "start",
            "end",
            "ref",
        }
        assert not [c for c in told if c.is_stats_set and ".list." in c.path_in_schema]

    def test_sorting_is_said_only_where_it_is_true(self, tmp_path):
        rows = [("chr1", s, s + 5) for s in (50, 10, 70)]
        text = "".join(f"{c}\t{s}\t{e}\n" for c, s, e in rows)
        gidx.to_parquet(text.encode(), tmp_path / "a.parquet")
        file = pq.ParquetFile(tmp_path / "a.parquet")
        assert not file.metadata.row_group(0).sorting_columns
        assert file.read()["start"].to_pylist() == [50, 10, 70]
        assert list(tmp_path.iterdir()) == [tmp_path / "a.parquet"]


@st.composite
def lists_with_hidden_items(draw):
    """Lists, some missing, behind which there are items all the same."""
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=6))
    missing = draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths)))
    offsets = pa.array(np.cumsum([0, *lengths]), pa.int32())
    items, mask = pa.array(range(sum(lengths)), pa.int32()), pa.array(missing)
    if draw(st.booleans()):
        items = items.cast(pa.string())
        kind = pa.map_(pa.string(), pa.string())
        pairs = pa.StructArray.from_arrays([items] * 2, fields=[kind.key_field, kind.item_field])
        buffers = [pc.invert(mask).buffers()[1], offsets.buffers()[1]]
        return pa.Array.from_buffers(kind, len(lengths), buffers, children=[pairs])
    lists = pa.ListArray.from_arrays(offsets, items, mask=mask)
    if draw(st.booleans()):
        return pa.StructArray.from_arrays([lists], ["inner"])
    if draw(st.booleans()):
        return pa.FixedSizeListArray.from_arrays(lists, 1)
    return lists


@given(lists_with_hidden_items())
def test_lists_that_are_missing_may_have_items_that_nobody_sees(lists):
    """Arrow's writer refuses such: 'Lists with non-zero length null components'."""
    starts = range(len(lists))
    table = pa.table({"chrom": ["chr1"] * len(lists), "start": starts, "end": starts, "x": lists})
    file = io.BytesIO()
    gidx.to_parquet(table, file)
    assert gidx.open(file.getvalue()).to_table()["x"].to_pylist() == lists.to_pylist()


@pytest.mark.parametrize("kind", conformance.KINDS)
def test_parquet_has_the_rows_and_the_metadata(kind, tmp_path):
    path = conformance.KINDS[kind](tmp_path)
    dataset = gidx.open(path)
    gidx.to_parquet(path, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    whole = dataset.to_table()
    chrom = whole["chrom"].cast(pa.string())
    assert table["chrom"].equals(chrom)
    assert table.select(["start", "end"]).equals(
        whole.select(["start", "end"]), check_metadata=False
    )
    assert read_metadata(table.schema) == read_metadata(dataset.schema)
    # pandas drops a schema's metadata, but keeps attrs
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert json.loads(frame.attrs["gidx"]) == read_metadata(dataset.schema)
    assert frame.gidx.query("chr2")["start"].tolist() == [
        s for c, s, _ in conformance.ROWS if c == "chr2"
    ]
    typed = pd.read_parquet(tmp_path / "a.parquet", dtype_backend="pyarrow")
    assert typed.gidx.query("chr2").shape[0] == sum(c == "chr2" for c, *_ in conformance.ROWS)


def test_a_bigbed_comes_back_with_its_declaration(tmp_path):
    path = conformance.bigbed(tmp_path)
    gidx.to_parquet(path, tmp_path / "a.parquet")
    assert main(["convert", str(tmp_path / "a.parquet"), str(tmp_path / "b.bb")]) == 0
    before, after = gidx.open(path), gidx.open(tmp_path / "b.bb")
    assert after.autosql == before.autosql
    assert after.chroms == before.chroms
    assert after.to_table().equals(before.to_table())
    frame = pd.read_parquet(tmp_path / "a.parquet")
    frame.gidx.to_bigbed(tmp_path / "c.bb")
    assert gidx.open(tmp_path / "c.bb").to_table().equals(before.to_table())


def test_a_vcf_comes_back_with_its_header(tmp_path):
    path = conformance.vcf(tmp_path)
    gidx.to_parquet(path, tmp_path / "a.parquet")
    assert main(["convert", str(tmp_path / "a.parquet"), str(tmp_path / "b.vcf.gz")]) == 0
    before, after = gidx.open(path), gidx.open(tmp_path / "b.vcf.gz")
    assert after.header == before.header
    assert after.to_table().equals(before.to_table())
    frame = pd.read_parquet(tmp_path / "a.parquet", dtype_backend="pyarrow")
    assert json.loads(frame.attrs["gidx"])["samples"] == before.samples
    frame.gidx.to_vcf(tmp_path / "c.vcf.gz")
    assert gidx.open(tmp_path / "c.vcf.gz").to_table().equals(before.to_table())


@pytest.mark.parametrize("through", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", ["bed", "gff3", "gtf"])
def test_text_comes_back_with_its_header(tmp_path, kind, through):
    before = gidx.open(conformance.KINDS[kind](tmp_path))
    between, target = tmp_path / f"b.{through}", tmp_path / f"c.{kind}.gz"
    assert main(["convert", str(before.path), str(between)]) == 0
    assert main(["convert", str(between), str(target)]) == 0
    after = gidx.open(target)
    assert after.header == before.header
    assert after.to_table().equals(before.to_table())


def test_a_bigwig_comes_back_with_its_chroms(tmp_path):
    runs = {
        "chrom": ["chr1", "chr1", "chr2"], "start": [0, 5, 7], "end": [5, 9, 8],
        "value": [1.5, 0.25, -2],
    }  # fmt: skip
    gidx.write_bigwig(runs, tmp_path / "a.bw", conformance.SIZES)
    gidx.to_parquet(tmp_path / "a.bw", tmp_path / "a.parquet")
    assert main(["convert", str(tmp_path / "a.parquet"), str(tmp_path / "b.bw")]) == 0
    before, after = gidx.open(tmp_path / "a.bw"), gidx.open(tmp_path / "b.bw")
    assert after.chroms == before.chroms
    assert after.to_table().equals(before.to_table())


CORPUS = os.environ.get("GIDX_CORPUS")
BIGBEDS = sorted(Path(CORPUS, "bigbed").glob("*.bb")) if CORPUS else []
BIGBEDS = [file for file in BIGBEDS if file.name != "malformed.bb"]


@pytest.mark.skipif(not BIGBEDS, reason="GIDX_CORPUS is not set: no real files")
def test_real_bigbeds_come_back_with_their_declaration(tmp_path):
    for file in BIGBEDS:
        gidx.to_parquet(file, tmp_path / "a.parquet", errors="raise")
        assert main(["convert", str(tmp_path / "a.parquet"), str(tmp_path / "b.bb")]) == 0, file
        before, after = gidx.open_bigbed(file), gidx.open_bigbed(tmp_path / "b.bb")
        assert (after.header, after.autosql) == (before.header, before.autosql), file
        assert after.chroms == before.chroms, file
        assert after.to_table().equals(before.to_table()), file


def test_rows_without_chrom_are_written_too(tmp_path):
    head = "@SQ\tSN:c1\tLN:100000\n"
    rows = ["r1\t0\tc1\t5\t60\t20M\t*\t0\t0\t*\t*\n", "u1\t4\t*\t0\t0\t*\t*\t0\t0\t*\t*\n"]
    path = tabix_files.write(tmp_path / "a.sam.gz", head + "".join(rows), "sam")
    gidx.to_parquet(path, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    expected = gidx.open(path).to_table()["chrom"].cast(pa.string()).to_pylist()
    assert table["chrom"].to_pylist() == expected
    assert table["start"].to_pylist() == [4, None]


class TestSeveralFiles:
    """A folder with a file a piece: written in parallel, read as one by everybody."""

    @pytest.mark.parametrize("kind", ["bigbed", "vcf", "sam", "parquet"])
    @pytest.mark.parametrize("how", [{"partitions": 7}, {"partition_by": "chrom"},
                                     {"partitions": 7, "partition_by": "chrom"}])  # fmt: skip
    def test_the_rows_are_those_of_the_file(self, tmp_path, kind, how):
        path = conformance.KINDS[kind](tmp_path)
        folder = tmp_path / "parts"
        gidx.to_parquet(path, folder, **how)
        files = sorted(folder.rglob("*.parquet"))
        assert len(files) >= (3 if "partition_by" in how else 6)
        dataset = gidx.open(folder)
        assert places(dataset.to_table()) == conformance.ROWS
        assert dataset.count_rows("chr2") == sum(c == "chr2" for c, *_ in conformance.ROWS)
        assert (
            read_metadata(dataset.schema)["format"] == gidx.open(path).format or kind == "parquet"
        )
        gidx.to_parquet(folder, tmp_path / "one.parquet")
        again = gidx.open(tmp_path / "one.parquet").to_table()
        assert places(again) == conformance.ROWS

    def test_other_readers_take_the_folder(self, tmp_path):
        path = conformance.bigbed(tmp_path)
        gidx.to_parquet(path, tmp_path / "chroms", partition_by="chrom", partitions=6)
        expected = sum(c == "chr2" for c, *_ in conformance.ROWS)
        folder = str(tmp_path / "chroms")
        theirs = ds.dataset(folder, partitioning="hive")
        assert theirs.to_table(filter=ds.field("chrom") == "chr2").num_rows == expected
        scanned = pl.scan_parquet(folder, hive_partitioning=True).filter(pl.col("chrom") == "chr2")
        assert scanned.collect().height == expected
        assert pq.read_table(folder, filters=[("chrom", "==", "chr2")]).num_rows == expected
        assert (pd.read_parquet(folder)["chrom"] == "chr2").sum() == expected
        asked = f"from read_parquet('{folder}/*/*.parquet', hive_partitioning=true)"
        assert duckdb.sql(f"select count(*) {asked} where chrom = 'chr2'").fetchall() == [
            (expected,)
        ]

    def test_regions_columns_and_types_that_were_too_narrow(self, tmp_path):
        lines = "".join(f"c1\t{i * 100}\t{i * 100 + 10}\t{i if i < 15_000 else 'x'}\n"
                        for i in range(16_000))  # fmt: skip
        path = tabix_files.write(tmp_path / "a.bed.gz", lines)
        gidx.to_parquet(path, tmp_path / "p", ["c1:1-1,000,000", "c1:1,500,001-1,600,000"],
                        columns=["chrom", "start", "end", "name"], partitions=4)  # fmt: skip
        found = gidx.open(tmp_path / "p").to_table()
        assert found["start"].to_pylist() == [*range(0, 1_000_000, 100),
                                              *range(1_500_000, 1_600_000, 100)]  # fmt: skip
        assert found["name"].type == pa.string()

    def test_a_folder_is_there_as_a_whole_or_not_at_all(self, tmp_path):
        path = conformance.bigbed(tmp_path)
        gidx.to_parquet(path, tmp_path / "p", partitions=3)
        with pytest.raises(gidx.errors.WriteError, match="is there already"):
            gidx.to_parquet(path, tmp_path / "p", partitions=3)
        with pytest.raises(gidx.errors.ColumnError):
            gidx.to_parquet(path, tmp_path / "q", partitions=3, columns=["nothing"])
        (tmp_path / "plain.bed").write_text("c1\t1\t2\n")
        with pytest.raises(gidx.errors.WriteError, match="has no index"):
            gidx.to_parquet(tmp_path / "plain.bed", tmp_path / "q", partition_by="chrom")
        with pytest.raises(ValueError, match="partition_by"):
            gidx.to_parquet(path, tmp_path / "q", partition_by="name")
        left = {"a.bb", "a.bed.gz", "a.bed.gz.tbi", "p", "plain.bed"}
        assert {path.name for path in tmp_path.iterdir()} == left


@pytest.mark.parametrize("backend", [None, "pyarrow"])
@pytest.mark.parametrize("kind", conformance.KINDS)
def test_pandas_own_reader_knows_chroms_samples_and_header(tmp_path, kind, backend):
    dataset = gidx.open(conformance.KINDS[kind](tmp_path))
    gidx.to_parquet(dataset, tmp_path / "b.parquet")
    options = {} if backend is None else {"dtype_backend": backend}
    found = pd.read_parquet(tmp_path / "b.parquet", **options).gidx
    for frame in (dataset.to_pandas().gidx, found):
        sizes = {name: size for name, size in dataset.chroms.items() if size is not None}
        if kind in ("bigbed", "bigwig", "vcf", "sam"):
            assert frame.chromsizes == sizes == conformance.SIZES
        assert frame.samples == list(getattr(dataset, "samples", []))
        if kind in ("vcf", "gff3", "gtf", "sam", "bigbed"):
            assert frame.header == dataset.header
    assert gidx.open(tmp_path / "b.parquet").header == found.header
    assert pd.DataFrame({"chrom": ["a"], "start": [1], "end": [2]}).gidx.samples == []


@pytest.mark.parametrize("rows", [0, 2])
@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_columns_without_a_value_and_frames_without_rows(tmp_path, kind, rows):
    chroms = pa.array(["a", "b"]) if rows else pa.nulls(0)
    numbers = pa.array([1, 2]) if rows else pa.nulls(0)
    table = pa.table({"chrom": chroms, "start": numbers, "end": numbers, "n": pa.nulls(rows)})
    frame = {"pandas": table.to_pandas, "polars": lambda: pl.from_arrow(table)}
    gidx.to_parquet(frame.get(kind, lambda: table)(), tmp_path / "a.parquet")
    dataset = gidx.open(tmp_path / "a.parquet")
    assert dataset.to_table(columns=["chrom", "start", "end", "n"]).to_pylist() == table.to_pylist()
    assert list(dataset.chroms) == ["a", "b"][:rows]
