"""polars: a query's predicate becomes regions, and every query gives what the whole file gives."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import test_conformance as conformance
from tests.support import tabix_files

import gidx
from gidx.engines import bounds
from gidx.engines.polars import boxes
from gidx.errors import ColumnError, UnknownChromError, ValueTypeError
from gidx.scan import format_of

chrom, start, end = pl.col("chrom"), pl.col("start"), pl.col("end")
KINDS = conformance.KINDS
ENGINES = ("in-memory", "streaming")


@pytest.fixture(scope="module", params=KINDS)
def file(request, tmp_path_factory):
    path = KINDS[request.param](tmp_path_factory.mktemp(request.param))
    lazy = gidx.scan_polars(path)
    return path, lazy, lazy.collect()


def positions():
    return st.one_of(
        st.sampled_from([-1, 0, 1, 2**31, 399_990, -(2**63), 2**63 - 1, 2**64]),
        st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e300, -0.5]),
        st.integers(0, 400_000),
        st.integers(0, 800_000).map(lambda n: n / 2),
    )


def leaves():
    names = st.sampled_from(["chr1", "chr2", "chrX", "chrY"])
    number = st.sampled_from([start, end])
    compare = st.sampled_from(["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"])
    return st.one_of(
        st.builds(lambda n: chrom == n, names),
        st.builds(lambda n: chrom != n, names),
        st.builds(chrom.is_in, st.lists(names, max_size=3)),
        st.builds(chrom.str.ends_with, st.sampled_from("12XY")),
        st.builds(lambda c, op, n: getattr(c, op)(n), number, compare, positions()),
        st.builds(lambda c, n: pl.lit(n) > c, number, positions()),
        st.builds(
            lambda c, a, b, how: c.is_between(min(a, b), max(a, b), closed=how),
            number, positions(), positions(), st.sampled_from(["both", "left", "right", "none"]),
        ),
        st.builds(lambda c, n: c.is_in(n), number, st.lists(st.integers(0, 400_000), max_size=4)),
        st.builds(lambda n: (end - start) > n, st.integers(0, 3000)),
        st.just(start.is_null()),
    )  # fmt: skip


def predicates():
    return st.recursive(
        leaves(),
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            st.builds(lambda a: ~a, inner),
        ),
        max_leaves=6,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(predicate=predicates())
def test_a_query_is_the_whole_file_filtered(file, predicate):
    _, lazy, whole = file
    expected = whole.filter(predicate)
    for engine in ENGINES:
        assert lazy.filter(predicate).collect(engine=engine).equals(expected)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))  # a format
@given(predicate=predicates())
def test_regions_hold_all_rows_of_a_predicate(file, predicate):
    """Also of predicates that polars would not hand over as they stand."""
    path, _, whole = file
    asked = bounds.regions(boxes(predicate, ["chr1", "chr2", "chrX"]), ["chr1", "chr2", "chrX"])
    found = gidx.scan_polars(path, asked).filter(predicate).collect()
    assert found.equals(whole.filter(predicate))


def test_a_predicate_becomes_regions_and_only_its_columns_are_decoded(file, asked):
    _, lazy, whole = file
    query = lazy.filter(chrom == "chr2", start < 90_000, end > 80_000).select("end")
    assert query.collect().rows() == whole.filter(
        chrom == "chr2", start < 90_000, end > 80_000
    ).select("end").rows()  # fmt: skip
    assert asked == [([("chr2", 80_000, 90_000)], ["chrom", "start", "end"])]
    del asked[:]
    lazy.select(pl.len()).collect()
    assert len(asked[0][1]) == 1


PUSHED = {
    "a chrom": (chrom == "chr1", [("chr1", 0, bounds.MAX_END)]),
    "several chroms": (chrom.is_in(["chrX", "chr9"]), [("chrX", 0, bounds.MAX_END)]),
    "no chrom of the file": (chrom == "chr9", []),
    "whatever is said of chrom": (
        chrom.str.replace("chr", "") == "2", [("chr2", 0, bounds.MAX_END)]
    ),
    "between": (
        (chrom == "chr1") & start.is_between(100, 200), [("chr1", 99, 201)]
    ),
    "a fraction": ((chrom == "chr1") & (start < 10.5), [("chr1", 0, 11)]),
    "either": (
        ((chrom == "chr1") & (start < 10)) | ((chrom == "chr2") & (end > 500) & (start <= 600)),
        [("chr1", 0, 10), ("chr2", 500, 601)],
    ),
    "places": ((chrom == "chr1") & start.is_in([5, 70]), [("chr1", 4, 6), ("chr1", 69, 71)]),
    "and what is not understood": (
        (chrom == "chr1") & (start < 10) & (end - start > 3), [("chr1", 0, 10)]
    ),
    "but not with or": ((chrom == "chr1") | (end - start > 3), None),
    "nor of other columns": (end - start > 3, None),
}  # fmt: skip


@pytest.mark.parametrize("name", PUSHED)
def test_what_a_predicate_asks_of_the_index(file, asked, name):
    predicate, regions = PUSHED[name]
    _, lazy, whole = file
    assert lazy.filter(predicate).collect().equals(whole.filter(predicate))
    got = asked[0][0]
    assert (got if got is None else sorted(got)) == regions


def test_a_query_reads_what_the_region_reads(file, monkeypatch):
    dataset = gidx.open(file[0])
    source = type(format_of(dataset).source)
    read, plain = [], source.read
    monkeypatch.setattr(source, "read", lambda s, at, n: read.append((at, n)) or plain(s, at, n))
    for _ in range(2):  # at first, the end of the file as well
        del read[:]
        dataset.to_table([("chr2", 20_000, 30_000)])
    asked = [*read]
    del read[:]
    query = gidx.scan_polars(dataset).filter(chrom == "chr2", end > 20_000, start < 30_000)
    assert query.collect().height > 0
    assert read == asked


def test_some_rows_of_genotypes_that_some_lack():
    """polars (1.44) refuses slices of lists of a fixed size with missing ones."""
    head = '##fileformat=VCFv4.3\n##FORMAT=<ID=AD,Number=R,Type=Integer,Description="">\n'
    names = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n"
    cells = ("AD\t1,7\t." if i % 3 else ".\t.\t." for i in range(9))
    rows = "".join(f"1\t{i + 1}\t.\tA\tC\t.\t.\t.\t{told}\n" for i, told in enumerate(cells))
    data = (head + names + rows).encode()
    dataset, lazy = gidx.open(data), gidx.scan_polars(data)
    whole = pl.DataFrame(dataset)
    for n in range(1, 10):
        assert pl.DataFrame(dataset.head(n)).equals(whole.head(n))
        assert pl.DataFrame(dataset.scan(batch_size=n)).equals(whole)
        assert lazy.head(n).collect().equals(whole.head(n))
        assert pl.DataFrame(dataset.to_dataset().head(n)).equals(whole.head(n))


def test_head_then_filter_and_filter_then_head_are_two_questions(file):
    """Of the first, polars hands over both at once, and means the rows first."""
    _, lazy, whole = file
    for n in (0, 1, 50, 500, 20_000):
        for engine in ENGINES:
            first = lazy.head(n).filter(chrom == "chr2").collect(engine=engine)
            assert first.equals(whole.head(n).filter(chrom == "chr2"))
            last = lazy.filter(chrom == "chr2").head(n).collect(engine=engine)
            assert last.equals(whole.filter(chrom == "chr2").head(n))
            assert lazy.slice(3, n).collect(engine=engine).equals(whole.slice(3, n))


def test_what_optimizers_of_polars_make_of_a_query(file):
    """Each was reported of some source: top-k, parts that cannot be pushed, computed columns."""
    _, lazy, whole = file
    width = (end - start).alias("width")
    for ask in (
        lambda t: t.sort("start", "chrom", "end").head(7).select("chrom", "start", "end"),
        lambda t: t.filter(start < start.max()),
        lambda t: t.filter(chrom == "chr1", start == start.min().over("chrom")),
        lambda t: t.with_columns(width).filter(pl.col("width") > 500, chrom == "chr1"),
        lambda t: t.filter(chrom.cast(pl.Categorical) == "chr1"),
        lambda t: t.filter(
            start.map_elements(lambda s: len(str(s)) < 4, pl.Boolean), chrom == "chr1"
        ),
        lambda t: t.rename({"start": "end", "end": "start"}).filter(start < 900, chrom == "chr1"),
        lambda t: t.select(start=end, chrom=pl.lit("chr1")).filter(chrom == "chr1", start < 900),
        lambda t: t.group_by("chrom").agg(start.sum()).sort("chrom"),
        lambda t: t.unique(["chrom"], keep="first", maintain_order=True),
        lambda t: t.tail(3),
        lambda t: t.with_row_index().filter(chrom == "chr2").head(2),
    ):
        for engine in ENGINES:
            assert ask(lazy).collect(engine=engine).equals(ask(whole.lazy()).collect())


def test_two_branches_of_a_query_and_joins(file):
    _, lazy, whole = file
    one, two = (lazy.filter(chrom == name) for name in ("chr1", "chr2"))
    assert (
        pl.concat([two, one])
        .collect()
        .equals(pl.concat([whole.filter(chrom == "chr2"), whole.filter(chrom == "chr1")]))
    )
    few = pl.LazyFrame({"chrom": ["chrX"], "n": [1]})
    joined = lazy.join(few, on="chrom").select("start").collect()["start"]  # in any order
    assert sorted(joined) == sorted(whole.filter(chrom == "chrX")["start"])


def test_text_without_an_index_is_read_as_a_whole(tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr2\t5\t9\tb\nchr1\t1\t4\ta\n")
    lazy = gidx.scan_polars(path)
    assert lazy.filter(chrom == "chr1", start < 3).select("name").collect().rows() == [("a",)]


def test_reads_of_sam_that_have_no_place_are_found_where_a_predicate_lets_them_through(tmp_path):
    text = "@SQ\tSN:c1\tLN:9000\n" + "".join(
        f"r{i}\t{flag}\t{name}\t{pos}\t60\t{cigar}\t*\t0\t0\t*\t*\n"
        for i, (flag, name, pos, cigar) in enumerate(
            [(0, "c1", 1, "5M"), (0, "c1", 800, "5M"), (4, "*", 0, "*")]
        )
    )
    lazy = gidx.scan_polars(tabix_files.write(tmp_path / "a.sam.gz", text, "sam"))
    name = pl.col("qname")
    for predicate, names in (
        (chrom.is_null(), ["r2"]),
        (chrom == "c1", ["r0", "r1"]),
        (start < 100, ["r0"]),
        (start.is_null(), ["r2"]),
        ((start < 100).fill_null(True), ["r0", "r2"]),
        (chrom.is_null() | (start > 5), ["r1", "r2"]),
        (start.eq_missing(None), ["r2"]),
    ):
        assert lazy.filter(predicate).select(name).collect()["qname"].to_list() == names


def test_a_row_before_the_first_base(tmp_path):
    head = "##fileformat=VCFv4.3\n##contig=<ID=c1,length=9000>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    lines = [f"c1\t{pos}\t.\tA\tC\t.\t.\t.\n" for pos in (0, 1, 500)]
    path = tabix_files.write(tmp_path / "a.vcf.gz", head + "".join(lines), "vcf")
    lazy = gidx.scan_polars(path).select("chrom", "start")
    assert lazy.filter(chrom == "c1", start < 0).collect()["start"].to_list() == [-1]
    assert lazy.filter(start.is_in([-1, 499])).collect()["start"].to_list() == [-1, 499]


def test_regions_options_and_an_open_file(file):
    path, _, _ = file
    dataset = gidx.open(path)
    lazy = gidx.scan_polars(dataset, ["chr1:1-9,000", "chrX"], threads=1, batch_size=7)
    expected = dataset.to_table(["chr1:1-9,000", "chrX"], columns=["start"])["start"].to_pylist()
    assert lazy.select("start").collect()["start"].to_list() == expected
    some = lazy.filter(chrom == "chr1").select("start").collect()
    assert some["start"].to_list() == dataset.to_table("chr1:1-9,000")["start"].to_pylist()
    with pytest.raises(TypeError, match="no option 'schema'"):
        gidx.scan_polars(dataset, schema="bed6")
    with pytest.raises(TypeError, match="no option 'colums'"):
        gidx.scan_polars(path, colums=[])


def test_errors_keep_their_words(tmp_path):
    path = tabix_files.write(tmp_path / "a.bed.gz", "c1\t1\t5\tn\tx\nc1\t2\t5\tn\t3\n")
    lazy = gidx.scan_polars(path, schema="bed5", errors="raise")
    with pytest.raises((ValueTypeError, pl.exceptions.ComputeError), match="column score"):
        lazy.collect()
    with pytest.raises((UnknownChromError, pl.exceptions.ComputeError), match="unknown chrom 'c9'"):
        gidx.scan_polars(path, "c9").collect()
    with pytest.raises((ColumnError, pl.exceptions.ColumnNotFoundError)):
        gidx.scan_polars(path).filter(pl.col("nme") == "n").collect()


def test_a_lazy_frame_can_be_sent_elsewhere(file):
    _, lazy, whole = file
    import pickle

    again = pickle.loads(pickle.dumps(lazy.filter(chrom == "chr2")))
    assert again.collect().equals(whole.filter(chrom == "chr2"))


@pytest.mark.parametrize("name", ["a.bed.gz", "a.bb"])
def test_queries_are_written(tmp_path, name):
    source = conformance.bed(tmp_path)
    lazy = gidx.scan_polars(source).filter(chrom != "chr1", start > 9000)
    expected = lazy.collect()
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / name
    write = gidx.write_bed if name == "a.bed.gz" else gidx.write_bigbed
    more = {"chromsizes": conformance.SIZES} if name == "a.bb" else {}
    write(lazy, target, **more)
    found = gidx.scan_polars(target).collect()
    assert found.rows() == expected.rows()
    assert expected.height > 0
    write(lazy.filter(start < 0), target, **more)
    assert gidx.open(target).count_rows() == 0


def test_queries_are_written_as_parquet(tmp_path):
    lazy = gidx.scan_polars(conformance.bed(tmp_path)).filter(chrom != "chr1", start > 9000)
    for rows in (lazy, lazy.collect(), lazy.collect().to_arrow(), lazy.collect().to_pandas()):
        gidx.to_parquet(rows, tmp_path / "a.parquet")
        assert gidx.scan_polars(tmp_path / "a.parquet").select("chrom", "start", "end").collect(
        ).rows() == lazy.select("chrom", "start", "end").collect().rows()  # fmt: skip
    with pytest.raises(TypeError, match="rows have no option 'regions'"):
        gidx.to_parquet(lazy, tmp_path / "a.parquet", "chr1")
    with pytest.raises(TypeError, match="rows have no option 'partitions'"):
        gidx.to_parquet(lazy, tmp_path / "a.parquet", partitions=3)


LEAVES = """
import gidx, polars as pl, sys
lazy = gidx.scan_polars(sys.argv[1], batch_size=10)
for engine in ("in-memory", "streaming"):
    assert lazy.head(3).collect(engine=engine).height == 3
    assert lazy.filter(pl.col("start") > 5).head(3).collect(engine=engine).height == 3
print("left")
gidx.write_bed(lazy.select("chrom", start=-pl.col("start"), end="end"), sys.argv[1] + ".bed.gz")
"""


@pytest.mark.parametrize("file", ["bigbed", "vcf", "parquet"], indirect=True)
def test_a_process_that_leaves_early_exits_well(file):
    done = subprocess.run(
        [sys.executable, "-c", LEAVES, str(file[0])],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "left\n")  # by an error of the writer
    assert "WriteError: row 0, column start" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_the_plan_has_columns_and_predicate_in_the_scan(tmp_path, engine):
    lazy = gidx.scan_polars(conformance.bed(tmp_path))
    query = lazy.filter(pl.col("chrom") == "chr2", pl.col("start") < 90_000).select("start")
    scan = query.explain(engine=engine).partition("PYTHON SCAN")[2]
    assert "PROJECT 2/6 COLUMNS" in scan
    assert 'SELECTION: (col("chrom") == "chr2") & (col("start") < 90000)' in scan
    assert "FILTER" not in query.explain(engine=engine)  # as a step of its own
    assert "SLICE: Positive { offset: 0, len: 5 }" in lazy.head(5).explain(engine=engine)
