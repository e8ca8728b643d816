"""Rows of others' tables that lack a place, or end before they start, are found by every engine."""

from __future__ import annotations

from itertools import chain

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather
from tests.engines.test_dataset import filters
from tests.engines.test_polars import predicates

import gidx

ROW = st.tuples(
    st.sampled_from(["chr1", "chr2", "chrX", None]),
    *[st.one_of(st.integers(0, 40), st.integers(0, 400_000), st.none())] * 2,
)
SCHEMA = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()})


def by_parquet(table, path, size):
    """Sorted, and said to be so, where that is true: pieces are then cut by chrom and start."""
    keys = ["chrom", "start"]
    ascends = table.take(pc.sort_indices(table, [(k, "ascending") for k in keys])).equals(table)
    said = [pq.SortingColumn(0), pq.SortingColumn(1)] if ascends else None
    pq.write_table(table, path, row_group_size=size, sorting_columns=said)


def by_arrow(table, path, size):
    feather.write_feather(table, path, compression="uncompressed", chunksize=size)


@st.composite
def tables(draw):
    rows = draw(st.lists(ROW, max_size=12))
    if draw(st.booleans()):
        rows = sorted(rows, key=lambda r: (r[0] is None, r[0] or "", r[1] is None, r[1] or 0))
    columns = zip(*rows, strict=True) if rows else [[], [], []]
    found = pa.table([pa.array(c, t) for c, t in zip(columns, SCHEMA.types, strict=True)], SCHEMA)
    return found.append_column("row", pa.array(range(len(rows)), pa.int64()))


@pytest.mark.parametrize("write", [by_parquet, by_arrow])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    table=tables(), size=st.integers(1, 5), parts=st.integers(1, 4), filter=filters(),
    predicate=predicates(),
)  # fmt: skip
def test_a_query_is_the_table_filtered(
    tmp_path_factory, write, table, size, parts, filter, predicate
):
    path = tmp_path_factory.mktemp("odd") / "a.table"
    write(table, path, size)
    file = gidx.open([path, path]) if parts == 2 else gidx.open(path)
    table = pa.concat_tables([table] * parts) if parts == 2 else table
    dataset, rows = file.to_dataset(), table["row"].to_pylist()
    pieces = [file.to_table(piece)["row"].to_pylist() for piece in file.partitions(parts)]
    assert [*chain(*pieces)] == rows

    expected = table.filter(filter)["row"].to_pylist()
    assert dataset.to_table(filter=filter)["row"].to_pylist() == expected
    fragments = [
        f.to_table(filter=filter)["row"].to_pylist() for f in dataset.get_fragments(filter)
    ]
    assert [*chain(*fragments)] == expected

    lazy, whole = gidx.scan_polars(file), pl.from_arrow(table)
    found = lazy.filter(predicate).select("row").collect()["row"]
    assert found.equals(whole.filter(predicate)["row"])


WHERE = (
    "chrom = 'chr1'", "chrom <> 'chr1'", "chrom is null", "chrom in ('chr1', 'chr2')",
    "start < 10", '"end" < 10', "start >= 90 and \"end\" <= 60", "start is null",
    "chrom = 'chr2' and \"end\" >= 20", "chrom = 'chr1' and start is null", "start is not null",
)  # fmt: skip


@pytest.mark.parametrize("write", [by_parquet, by_arrow])
def test_of_sql_too(tmp_path, write):
    chroms = ["chr1", "chr1", "chr1", None, "chr2", "chr2", "chr1"]
    places = [1, None, 100, 5, 7, None, None], [5, 5, 50, 9, None, 20, None]
    table = pa.table([pa.array(chroms), *places, range(7)], [*SCHEMA.names, "row"])
    write(table, tmp_path / "a.table", 2)
    con = duckdb.connect().register("d", gidx.open(tmp_path / "a.table").to_dataset())
    con.execute("create table own as select * from d")
    for where in WHERE:
        found, own = (
            con.execute(f"select row from {name} where {where} order by row").fetchall()
            for name in ("d", "own")
        )
        assert found == own, where


def test_is_infinite_is_no_is_in(tmp_path):
    by_parquet(SCHEMA.empty_table(), tmp_path / "a.parquet", 1)
    assert (
        gidx.scan_polars(tmp_path / "a.parquet")
        .filter(pl.col("start").is_infinite())
        .collect()
        .height
        == 0
    )


@pytest.mark.parametrize("write", [by_parquet, by_arrow])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables(), size=st.integers(1, 5))
def test_a_folder_for_each_chrom_has_all_rows_there(tmp_path_factory, write, table, size):
    """Rows of files that nobody had sorted were all in the folder of those on no chrom."""
    folder = tmp_path_factory.mktemp("odd")
    write(table, folder / "a.table", size)
    gidx.to_parquet(folder / "a.table", folder / "by", partition_by="chrom")
    rows = sorted((r["row"], r["chrom"]) for r in table.to_pylist())
    paths = (folder / "by").rglob("*.parquet")
    assert {p.parent.name.partition("=")[2] for p in paths} == {
        chrom or "__HIVE_DEFAULT_PARTITION__" for _, chrom in rows
    }
    if not rows:
        return
    by_gidx = gidx.open(folder / "by").to_table(columns=["row", "chrom"])
    readers = [
        by_gidx.set_column(1, "chrom", by_gidx["chrom"].cast(pa.string())),
        pl.read_parquet(folder / "by", hive_schema={"chrom": pl.String}).to_arrow(),
        duckdb.sql(f"from '{folder}/by/*/*.parquet'").to_arrow_table(),
    ]
    if all(chrom for _, chrom in rows):  # pyarrow 26 does not make categories with missing ones
        readers.append(pa.Table.from_pandas(pd.read_parquet(folder / "by")))
    for found in readers:
        assert sorted((r["row"], r["chrom"]) for r in found.to_pylist()) == rows
    dask = gidx.open(folder / "by").to_dask(npartitions=3).compute(scheduler="sync")
    assert sorted(dask["row"]) == [row for row, _ in rows]


CONDITIONS = (
    "x != 1", "x > 1", "x <= 1", "x < 2", "x >= 1", "x = 'nan'::double", "x not in (1)",
    "not x > 0", "x is null", "x is distinct from 1",
)  # fmt: skip


def test_duckdb_finds_nan_in_parquet_of_ours(tmp_path):
    """duckdb 25521: bounds of floats are without NaN, which to DuckDB is the largest number."""
    table = pa.table({"chrom": ["a"] * 4, "start": range(4), "end": range(1, 5),
                      "x": pa.array([1.0, float("nan"), None, -3.0], pa.float32())})  # fmt: skip
    gidx.to_parquet(table, tmp_path / "a.parquet")
    con = duckdb.connect().register("arrow", table)
    con.execute("create table own as select * from arrow")
    for where in CONDITIONS:
        found, expected = (
            con.execute(f"select start from {source} where {where} order by start").fetchall()
            for source in (f"'{tmp_path}/a.parquet'", "own")
        )
        assert found == expected, where
