"""A pyarrow dataset whose filter reaches the index, in pyarrow and in engines."""

from __future__ import annotations

import pickle
import subprocess
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import test_conformance as conformance

import gidx
from gidx.engines import bounds
from gidx.engines.dataset import boxes
from gidx.errors import ColumnError, UnknownChromError
from gidx.ground.boxes import Box, Range

chrom, start, end = pc.field("chrom"), pc.field("start"), pc.field("end")
KINDS = conformance.KINDS
CHROMS = ["chr1", "chr2", "chrX"]


@pytest.fixture(scope="module", params=KINDS)
def file(request, tmp_path_factory):
    path = KINDS[request.param](tmp_path_factory.mktemp(request.param))
    dataset = gidx.open(path).to_dataset()
    return path, dataset, dataset.to_table()


def filters():
    names = st.sampled_from([*CHROMS, "chrY"])
    number = st.sampled_from([start, end])
    place = st.one_of(
        st.sampled_from([-1, 0, 1, 2**33, -(2**63), 2**63 - 1, float("nan"), float("inf"), 1e300]),
        st.integers(0, 400_000),
    )
    compare = st.sampled_from(["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"])
    leaf = st.one_of(
        st.builds(lambda n: chrom == n, names),
        st.builds(lambda n: chrom.isin(pa.array(n, pa.string())), st.lists(names, max_size=3)),
        st.builds(lambda n: pc.ends_with(chrom, n), st.sampled_from("12XY")),
        st.builds(lambda n: pc.if_else(chrom == n, start, end) < 90_000, names),
        st.builds(lambda n: pc.utf8_upper(pc.coalesce(chrom, pc.scalar("x"))) == n.upper(), names),
        st.builds(lambda c, op, n: getattr(c, op)(n), number, compare, place),
        st.builds(lambda c, n: c < n / 2, number, place),
        st.builds(lambda c, n: pc.scalar(n) > c, number, place),
        st.builds(
            lambda c, n: c.isin(pa.array(n, pa.int64())), number,
            st.lists(st.integers(0, 400_000), max_size=4),
        ),
        st.builds(lambda n: (end - start) > n, st.integers(0, 3000)),
        st.builds(lambda c: c.is_valid(), number),
        st.just(start.is_null()),
    )  # fmt: skip
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            st.builds(lambda a: ~a, inner),
        ),
        max_leaves=6,
    )


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))  # a format
@given(filter=filters())
def test_a_filtered_scan_is_the_scan_filtered(file, filter):
    path, dataset, whole = file
    expected = whole.filter(filter)
    assert dataset.to_table(filter=filter).equals(expected)
    by_gidx = gidx.open(path).to_table(filter=filter, columns=["end", "chrom"])
    assert by_gidx["chrom"].to_pylist() == expected["chrom"].to_pylist()
    assert by_gidx["end"].equals(expected["end"])
    assert dataset.count_rows(filter) == expected.num_rows
    pieces = [f.to_table(filter=filter) for f in dataset.get_fragments(filter)]
    assert pa.concat_tables([expected.slice(0, 0), *pieces]).equals(expected)


ASKED = {
    "a chrom": (chrom == "chr1", [("chr1", 0, bounds.MAX_END)]),
    "several chroms": (chrom.isin(["chrX", "chr9"]), [("chrX", 0, bounds.MAX_END)]),
    "no chrom of the file": (chrom == "chr9", []),
    "whatever is said of chrom": (pc.ends_with(chrom, "2"), [("chr2", 0, bounds.MAX_END)]),
    "an overlap": (
        (chrom == "chr2") & (start < 90_000) & (end > 80_000), [("chr2", 80_000, 90_000)]
    ),
    "between": ((chrom == "chr1") & (start >= 100) & (start <= 200), [("chr1", 99, 201)]),
    "a fraction, with which Arrow compares no large bound": (
        (chrom == "chr1") & (start < 10.5), [("chr1", 0, bounds.MAX_END)]
    ),
    "two chroms, each its own": (
        ((chrom == "chr1") & (start < 10)) | ((chrom == "chr2") & (end > 500) & (start <= 600)),
        [("chr1", 0, 10), ("chr2", 500, 601)],
    ),
    "places": (
        (chrom == "chr1") & start.isin([5, 70, 300_000]),
        [("chr1", 4, 6), ("chr1", 69, 71), ("chr1", 299_999, 300_001)],
    ),
    "not": ((chrom == "chr1") & ~(start >= 10), [("chr1", 0, 10)]),
    "and what Arrow cannot tell": (
        (chrom == "chr1") & (start < 10) & (end - start > 3), [("chr1", 0, 10)]
    ),
    "but not with or": ((chrom == "chr1") | (end - start > 3), None),
}  # fmt: skip


@given(st.lists(st.integers(-1, 9), min_size=4, max_size=4), st.integers(0, 10))
def test_all_rows_of_a_box_overlap_its_regions(edges, open_sides):
    """Those that hold a span, too: "starts before 4, ends behind 7" once asked for no region."""
    sides = [Range(*sorted(pair)) for pair in (edges[:2], edges[2:])]
    for i, side in enumerate(sides):
        lo, hi = (open_sides >> 2 * i & bit for bit in (1, 2))
        sides[i] = Range(-bounds.MAX_END if lo else side.lo, bounds.MAX_END if hi else side.hi)
    box = Box(frozenset(["a"]), *sides)
    found = bounds.regions([box], ["a"])
    for low in range(-1, 12):
        for high in range(max(low, 0), 12):
            if box.start.lo <= low <= box.start.hi and box.end.lo <= high <= box.end.hi:
                lo, hi = max(low, 0), max(high, 1 if low < 0 else 0)  # POS 0 of a VCF
                assert any(
                    lo < end and (hi > start or lo == hi >= start) for _, start, end in found
                )


def test_rows_that_hold_a_span_are_found(tmp_path):
    rows = [("chr1", 5, 9), ("chr1", 10, 5_000), ("chr1", 20, 100), ("chr1", 4_000, 9_000)]
    dataset = gidx.open(conformance.bed(tmp_path, rows))
    for lo, hi in ((15, 4_500), (30, 50), (4_500, 4_600)):
        filter = (start <= lo) & (end >= hi)
        found = [
            (r["start"], r["end"]) for r in dataset.to_dataset().to_table(filter=filter).to_pylist()
        ]
        assert found == [(s, e) for _, s, e in rows if s <= lo and e >= hi]
        lazy = gidx.scan_polars(dataset.path).filter(pl.col("start") <= lo, pl.col("end") >= hi)
        assert lazy.select("start", "end").collect().rows() == found
        sql = f'select start, "end" from d where start <= {lo} and "end" >= {hi}'
        assert duckdb.connect().register("d", dataset.to_dataset()).execute(sql).fetchall() == found


@pytest.mark.parametrize("name", ASKED)
def test_what_a_filter_asks_of_the_index(name):
    filter, regions = ASKED[name]
    schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()})
    assert bounds.regions(boxes(filter, schema, CHROMS), CHROMS) == regions


def test_of_many_chroms_a_filter_is_bounded_as_well():
    schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()})
    names = [f"c{i}" for i in range(600)]
    found = bounds.regions(boxes((chrom != "c7") & (start < 10), schema, names), names)
    assert found == [(name, 0, 10) for name in names if name != "c7"]


def test_a_filter_that_was_asked_before_is_bounded_by_the_table_it_is_asked_of():
    filter = (chrom != "c1") & (start < 10)
    plain = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()})
    floats = plain.set(1, pa.field("start", pa.float64()))
    asked = [(plain, ["c1", "c2"]), (plain, ["c2", "c3"]), (floats, ["c1", "c2"])] * 2
    found = [bounds.regions(boxes(filter, *one), one[1]) for one in asked]
    assert found[:2] == [[("c2", 0, 10)], [("c2", 0, 10), ("c3", 0, 10)]]
    assert found[3:] == found[:3]


QUERIES = {
    "select count(*) from d": None,
    'select start, "end" from d where chrom = \'chr2\' and start < 90000 and "end" > 80000': (
        [("chr2", 80_000, 90_000)]
    ),
    "select chrom from d where chrom in ('chr1', 'chrX') and start between 5 and 9000": (
        [("chr1", 4, 9001), ("chrX", 4, 9001)]
    ),
    'select chrom, count(*), sum("end" - start) from d group by chrom order by chrom': None,
    "select start from d where chrom = 'chrX' order by start desc, \"end\" limit 3": (
        [("chrX", 0, bounds.MAX_END)]
    ),
    "select start from d where chrom = 'chr9'": [],
    "select d.start from d join (select 'chr2' as chrom) r using (chrom) order by 1 limit 5": ...,
}


@pytest.mark.parametrize("sql", QUERIES)
def test_duckdb_hands_columns_and_filter_over(file, asked, sql):
    _, dataset, whole = file
    regions = QUERIES[sql]
    ours = duckdb.connect().register("d", dataset).execute(sql).fetchall()
    got = [*asked]
    assert ours == duckdb.connect().register("d", whole).execute(sql).fetchall()
    assert len(got[-1][1]) <= 3
    if regions is not ...:
        assert got[-1][0] == regions


def test_duckdbs_plan_has_the_filter_in_the_scan(file):
    sql = "explain select start from d where chrom = 'chr2' and start < 90000"
    con = duckdb.connect().register("d", file[1])
    plan = "".join(c for c in con.execute(sql).fetchall()[0][1] if c.isalnum() or c in "<=_'")
    assert "ARROW_SCAN" in plan
    assert "start<90000" in plan
    assert "FILTER" not in plan  # as an operator of its own


def test_polars_hands_columns_and_filter_over(file, asked):
    _, dataset, whole = file
    lazy = pl.scan_pyarrow_dataset(dataset)
    query = lazy.filter(pl.col("chrom") == "chr2", pl.col("start") < 90_000).select("end")
    expected = whole.filter((chrom == "chr2") & (start < 90_000)).column("end").to_pylist()
    assert query.collect()["end"].to_list() == expected
    assert asked[-1][0] == [("chr2", 0, 90_000)]
    assert lazy.select(pl.len()).collect().item() == whole.num_rows
    assert lazy.head(3).collect().height == 3


def test_datafusion_hands_columns_and_filter_over(file, asked):
    datafusion = pytest.importorskip("datafusion", reason="DataFusion is not installed")
    _, dataset, whole = file
    context = datafusion.SessionContext()
    context.register_dataset("d", dataset)
    found = context.sql(
        "select start from d where chrom = 'chr2' and start < 90000 and \"end\" > 80000"
    ).to_arrow_table()
    both = (chrom == "chr2") & (start < 90_000) & (end > 80_000)
    expected = whole.filter(both)["start"].to_pylist()
    assert sorted(found["start"].to_pylist()) == sorted(expected)
    [(place, _)] = asked
    region = [("chr2", 80_000, 90_000)]  # which a piece has as its spans
    assert place == region or place.spans == tuple((lo, hi) for _, lo, hi in region)
    counted = context.sql("select chrom, count(*) n from d group by chrom order by chrom")
    assert counted.to_arrow_table()["n"].to_pylist() == [
        whole.filter(chrom == name).num_rows for name in CHROMS
    ]


class TestWhatADatasetOfPyarrowDoes:
    def test_its_schema_has_no_dictionaries(self, file):
        path, dataset, whole = file
        assert isinstance(dataset, pads.Dataset)
        assert dataset.schema.field("chrom").type == pa.string()
        assert dataset.schema.names == gidx.open(path).columns
        assert dataset.schema.equals(whole.schema)
        assert "dictionary" not in str(dataset.schema)
        assert dataset.partition_expression.equals(pc.scalar(True))
        assert dataset.files == [str(path)]
        assert str(path) in repr(dataset)

    def test_rows_by_number_and_the_first(self, file):
        _, dataset, whole = file
        assert dataset.head(3).equals(whole.slice(0, 3))
        assert dataset.head(0).num_rows == 0
        assert dataset.take([5, 2, 5]).equals(whole.take([5, 2, 5]))
        assert dataset.take([]).equals(whole.slice(0, 0))
        assert dataset.scanner(columns=["end"]).take([1]).equals(whole.select(["end"]).take([1]))
        assert dataset.count_rows() == whole.num_rows

    def test_no_batch_is_larger_than_whoever_asked_for_less(self, file):
        for own, asked in ((7, 9), (9, 7), (None, 7), (7, None)):
            dataset = gidx.open(file[0]).to_dataset(batch_size=own)
            for one in (dataset, *dataset.get_fragments()):
                sizes = [b.num_rows for b in one.to_batches(columns=["start"], batch_size=asked)]
                assert max(sizes, default=7) == 7  # a piece without rows

    def test_no_columns_and_batches_of_a_size(self, file):
        _, dataset, whole = file
        assert dataset.to_table(columns=[]).num_rows == whole.num_rows
        assert dataset.to_table(columns=[], filter=chrom == "chr2").num_rows > 0
        sizes = [b.num_rows for b in dataset.to_batches(columns=["start"], batch_size=7)]
        assert max(sizes) == 7
        assert sum(sizes) == whole.num_rows
        one = dataset.scanner(columns=["start"], use_threads=False, batch_readahead=3)
        assert pa.table(one).equals(whole.select(["start"]))
        assert one.to_reader().read_all().equals(whole.select(["start"]))
        assert one.projected_schema.names == ["start"]

    def test_filters_are_of_both(self, file):
        _, dataset, whole = file
        some = dataset.filter(chrom != "chr1").filter(start < 9000)
        both = (chrom != "chr1") & (start < 9000)
        assert some.to_table(filter=end > 50).equals(whole.filter(both & (end > 50)))
        assert some.count_rows() == whole.filter(both).num_rows
        assert sum(f.count_rows() for f in some.get_fragments()) == some.count_rows()

    def test_sorted_and_joined_in_memory(self, file):
        _, dataset, whole = file
        order = [("start", "descending"), ("end", "ascending"), ("chrom", "ascending")]
        keys = ["chrom", "start", "end"]
        assert (
            dataset.sort_by(order).to_table().select(keys).equals(whole.sort_by(order).select(keys))
        )
        few = pads.InMemoryDataset(pa.table({"chrom": ["chr2"], "n": [1]}))
        left = dataset.filter(start < 900)
        if any(pa.types.is_map(t) for t in dataset.schema.types):
            with pytest.raises(pa.ArrowInvalid, match="not supported in join"):
                left.join(few, "chrom").to_table()
            return
        assert left.join(few, "chrom").to_table().num_rows == left.count_rows()
        assert few.to_table().num_rows == 1
        own = gidx.open(file[0]).to_dataset("chr1:1-500")
        assert left.join(own, keys, right_suffix="_2").to_table().num_rows == left.count_rows()

    def test_it_can_be_sent_elsewhere(self, file):
        _, dataset, whole = file
        again = pickle.loads(pickle.dumps(dataset.filter(chrom == "chr2")))
        assert again.to_table().equals(whole.filter(chrom == "chr2"))

    def test_what_pyarrow_would_read_itself_says_so(self, file):
        _, dataset, whole = file
        with pytest.raises(NotImplementedError, match=r"types= of gidx\.open"):
            dataset.replace_schema(dataset.schema.remove(0))
        assert dataset.replace_schema(dataset.schema) is dataset
        with pytest.raises(NotImplementedError, match="ask its scanner"):
            pads.Scanner.from_dataset(dataset).to_table()
        with pytest.raises(NotImplementedError, match="ask its scanner"):
            pads.dataset([dataset, pads.InMemoryDataset(whole)]).to_table()
        with pytest.raises(TypeError, match="expected a list of names"):
            dataset.scanner(columns={"x": start + 1})
        with pytest.raises(ColumnError, match="no column 'nme'"):
            dataset.scanner(columns=["nme"])
        with pytest.raises(ColumnError, match="no column 'nme'"):
            dataset.to_table(filter=pc.field("nme") == "a")

    def test_of_regions_and_with_options(self, file):
        path, _, whole = file
        dataset = gidx.open(path)
        some = dataset.to_dataset(["chr1:1-9,000"], threads=1)
        within = (chrom == "chr1") & (start < 9000)
        assert some.to_table().equals(whole.filter(within))
        assert some.to_table(filter=start > 700).equals(whole.filter(within & (start > 700)))
        assert some.count_rows() == whole.filter(within).num_rows
        with pytest.raises(UnknownChromError):
            dataset.to_dataset("chr9").to_table()
        assert dataset.to_dataset(["chr9", "chr1"], missing_chroms="ignore").count_rows() == (
            whole.filter(chrom == "chr1").num_rows
        )
        with pytest.raises(TypeError, match="no option 'colums'"):
            dataset.to_dataset(colums=[])


def test_text_without_an_index_is_scanned(tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr2\t5\t9\tb\nchr1\t1\t4\ta\n")
    d = gidx.open(path).to_dataset()
    assert duckdb.sql("select name from d where chrom = 'chr1'").fetchall() == [("a",)]
    assert d.to_table(filter=chrom == "chr1").num_rows == d.count_rows(chrom == "chr1") == 1
    assert [f.count_rows() for f in d.get_fragments()] == [2]


LEAVES = """
import sys, duckdb, gidx, pyarrow.compute as pc
d = gidx.open(sys.argv[1]).to_dataset(batch_size=10)
assert len(duckdb.sql("select start from d limit 3").fetchall()) == 3
open_query = duckdb.connect().execute("select start from d where start > 1")
open_query.fetchone()
reader = d.scanner(filter=pc.field("start") > 1).to_reader()
reader.read_next_batch()
batches = d.to_batches()
next(batches)
print("left")
"""


@pytest.mark.parametrize("file", ["bigbed", "vcf", "parquet"], indirect=True)
def test_a_process_that_leaves_early_exits_well(file):
    done = subprocess.run(
        [sys.executable, "-c", LEAVES, str(file[0])], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")
