"""Spark: pieces as partitions, its own types, options, filters, and Parquet written by tasks.

That it gives the answers of all engines, `test_table` shows.
"""

from __future__ import annotations

import pyarrow as pa
import pytest
from tests import test_conformance as conformance
from tests.support import spark as sessions
from tests.support.tables import places

import gidx

if (why := sessions.missing()) is not None:
    pytest.skip(why, allow_module_level=True)

from pyspark.errors import AnalysisException
from pyspark.errors.exceptions.base import PySparkException
from pyspark.sql import datasource

from gidx.engines.spark import PlainReader, PushingReader, spark_schema
from gidx.ground.tuning import tuning

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


@pytest.fixture(scope="module")
def spark():
    return sessions.session()


@pytest.fixture(scope="module")
def vcf(tmp_path_factory):
    return conformance.vcf(tmp_path_factory.mktemp("vcf"))


def opened(spark, path, **options):
    return spark.read.format("gidx").options(**options).load(str(path))


def test_types_are_those_of_the_file_widened_and_decoded(spark, tmp_path):
    autosql = (
        'table t "t" (string chrom; "c" uint chromStart; "s" uint chromEnd; "e" ubyte a; "a" '
        'uint b; "b" enum(x, y) k; "k" uint[2] two; "t")'
    )
    data = {
        "chrom": ["chr1"] * 2, "start": [1, 5], "end": [3, 9], "a": [255, 0],
        "b": [4_294_967_295, 0], "k": ["x", "y"], "two": [[1, 4_294_967_295], [2, 3]],
    }  # fmt: skip
    gidx.write_bigbed(data, tmp_path / "a.bb", {"chr1": 100}, autosql=autosql)
    frame = opened(spark, tmp_path / "a.bb")
    assert dict(frame.dtypes) == {
        "chrom": "string", "start": "bigint", "end": "bigint", "a": "smallint", "b": "bigint",
        "k": "string", "two": "array<bigint>",
    }  # fmt: skip
    assert [[*row] for row in frame.collect()] == [
        ["chr1", 1, 3, 255, 4_294_967_295, "x", [1, 4_294_967_295]],
        ["chr1", 5, 9, 0, 0, "y", [2, 3]],
    ]


def test_a_vcf_with_lists_and_maps_is_read_as_gidx_reads_it(spark, vcf):
    found = opened(spark, vcf, partitions=3, samples="S2").limit(40).toArrow()
    expected = gidx.open(vcf, samples=["S2"]).to_table().slice(0, 40)
    assert found.column_names == expected.column_names
    for name in found.column_names:
        assert found[name].to_pylist() == expected[name].to_pylist(), name


def test_options_name_regions_and_columns(spark, vcf):
    ds = gidx.open(vcf)
    asked = '[["chr2", 20000, 60000], "chrX:1-9,000"]'
    found = opened(spark, vcf, regions=asked, columns="start, INFO/AC", partitions=5)
    assert found.columns == ["start", "INFO/AC"]
    expected = ds.to_table([("chr2", 20_000, 60_000), "chrX:1-9,000"], columns=["start"])
    assert [row.start for row in found.collect()] == expected["start"].to_pylist()
    few = opened(spark, vcf, regions="chr1:1-9,000 chr9", missingChroms="ignore")
    assert few.count() == ds.count_rows("chr1:1-9,000")
    assert opened(spark, vcf, regions="chr9", missing_chroms="ignore").count() == 0


def test_the_schema_of_the_user_chooses_columns_and_their_types(spark, vcf):
    frame = spark.read.format("gidx").schema("QUAL double, start string").load(str(vcf))
    first = gidx.open(vcf).head(1).to_pylist()[0]
    assert [*frame.head()] == [first["qual"], str(first["start"])]
    wrong = spark.read.format("gidx").schema("id bigint").load(str(vcf))
    with pytest.raises(PySparkException, match="column id is string, and was asked for as int64"):
        wrong.collect()
    other = spark.read.format("gidx").schema("ident bigint").load(str(vcf))
    with pytest.raises(PySparkException, match="no column 'ident'"):
        other.collect()


def test_files_are_one_a_partition_is_a_piece(spark, tmp_path, vcf):
    (tmp_path / "b").mkdir()
    rows = [("chrY", s, e) for _, s, e in conformance.ROWS]
    other = conformance.vcf(tmp_path / "b", sorted(rows), chroms={"chrY": 400_000})
    frame = spark.read.format("gidx").option("partitions", 8).load([str(vcf), str(other)])
    assert frame.rdd.getNumPartitions() == len(gidx.open([vcf, other]).partitions(8))
    assert frame.count() == 2 * len(rows)


@pytest.mark.parametrize(("options", "said"), [
    ({"colums": "start"}, "no option 'colums'; did you mean 'columns'?"),
    ({"columns": "strat"}, "no column 'strat'; did you mean 'start'?"),
    ({"regions": "chr7"}, "unknown chrom 'chr7'"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_our_words(spark, vcf, options, said):
    with pytest.raises(AnalysisException) as caught:
        opened(spark, vcf, **options).count()
    assert said in str(caught.value)


# ── filters ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pushing(spark):
    key = "spark.sql.python.filterPushdown.enabled"
    spark.conf.set(key, "true")
    yield
    spark.conf.set(key, "false")


# a filter: how many of the twelve pieces hold what it bounds, at most
FILTERS = {
    "chrom = 'chr2' and start < 60000 and `end` > 20000": 2,
    "chrom in ('chr1', 'chrX') and start between 100 and 5000": 2,
    "chrom like 'chrX%' and id is not null": 4,
    "chrom <=> 'chr2' and start in (5, 7) and qual > 3": 4,
    "chrom = 'chr7'": 0,
    "chrom is null": 12,
    "start = 300 or `end` < 50": 12,
    "not chrom = 'chr1'": 12,
}


@pytest.mark.parametrize("filter", FILTERS)
def test_filters_become_regions_where_asked_and_are_exact(spark, pushing, vcf, filter):
    columns = "chrom,start,end,id,qual"
    plain = opened(spark, vcf, partitions=12, columns=columns)
    pushed = opened(spark, vcf, partitions=12, columns=columns, pushdown="true").where(filter)
    assert pushed.collect() == plain.where(filter).collect()


def test_boxes_of_filters_leave_pieces_out(vcf):
    file = gidx.open(vcf)
    filters = [datasource.EqualTo(("chrom",), "chr2"), datasource.LessThan(("start",), 60_000)]
    reader = PushingReader(file, spark_schema(file, ["start"]), None, {"n": 12}, {})
    assert reader.pushFilters(filters) == filters  # Spark applies them to rows, all of them
    pieces = [part.value for part in reader.partitions()]
    assert pieces == file.partitions(12, regions=("chr2", 0, 60_000))
    rows = sum(batch.num_rows for part in reader.partitions() for batch in reader.read(part))
    assert rows == file.count_rows(("chr2", 0, 60_000))


def test_of_very_many_chroms_a_partition_has_several_whole_ones(vcf):
    file = gidx.open(vcf)
    reader = PlainReader(file, spark_schema(file, ["start"]), None, {"n": 1}, {})
    with tuning.set(tasks=1):
        (part,) = reader.partitions()
    assert [chrom for chrom, _, _ in part.value] == [p.chrom for p in file.partitions(1)]
    assert sum(batch.num_rows for batch in reader.read(part)) == file.count_rows()


def test_spark_says_how_to_allow_filters(spark, vcf):
    with pytest.raises(AnalysisException, match="filterPushdown"):
        opened(spark, vcf, pushdown="true").where("start < 9").count()


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def saved(frame, folder, mode="append", **options):
    frame.write.format("gidx").options(**options).mode(mode).save(str(folder))


def test_tasks_write_parquet_that_is_opened_as_one_with_what_the_file_declared(
    spark, tmp_path, vcf
):
    folder = tmp_path / "calls.parquet"
    saved(opened(spark, vcf, partitions=6), folder)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(gidx.open(vcf).partitions(6))
    assert all(name.startswith("part-0") for name in names)
    found, expected = gidx.open(folder), gidx.open(vcf)
    assert places(found.to_table()) == places(expected.to_table())
    gidx.write_vcf(found, tmp_path / "again.vcf.gz")
    again = gidx.open(tmp_path / "again.vcf.gz")
    assert again.header == expected.header
    assert again.to_table() == expected.to_table()


def test_overwriting_replaces_parquet_only_and_appending_adds(spark, tmp_path, vcf):
    folder = tmp_path / "calls.parquet"
    frame = opened(spark, vcf, columns="chrom,start,end")
    for mode, expected in (("append", 1), ("append", 2), ("overwrite", 1)):
        saved(frame, folder, mode, compression="snappy")
        assert gidx.open(folder).count_rows() == expected * len(conformance.ROWS)
    saved(frame.where("start < 0"), folder, "overwrite")
    found = gidx.open(folder)
    assert (found.count_rows(), found.columns) == (0, ["chrom", "start", "end"])
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(PySparkException, match="not Parquet, such as notes"):
        saved(frame, folder, "overwrite")
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_task_that_fails_leaves_nothing(spark, tmp_path, vcf):
    frame = opened(spark, vcf, partitions=6, columns="chrom,start,end")
    start = "if(chrom = 'chrX', raise_error('no'), start) start"
    broken = frame.selectExpr("chrom", start, "`end`")
    with pytest.raises(PySparkException):
        saved(broken, tmp_path / "calls.parquet")
    assert not [*(tmp_path / "calls.parquet").glob("*")]


def test_a_frame_of_spark_is_rows_for_every_writer(spark, tmp_path, vcf):
    frame = opened(spark, vcf, partitions=4, columns="chrom,start,end,id")
    if not hasattr(frame, "__arrow_c_stream__"):
        pytest.skip("this PySpark has no Arrow stream of a frame; 4.1 and later have")
    gidx.write_bed(frame, tmp_path / "a.bed.gz", schema="bed4")
    assert gidx.open(tmp_path / "a.bed.gz").count_rows() == len(conformance.ROWS)
    assert pa.table(frame).num_rows == len(conformance.ROWS)
