"""What people reported of other engines, readers and servers, rebuilt small.

Names are of trackers: the first word is the repository, the number its issue.
"""

from __future__ import annotations

import gzip
import random
import re
import shutil
import subprocess
import sys
import warnings

import dask
import datafusion
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from tests import test_conformance as conformance
from tests.support import tabix_files
from tests.support.server import serving

import gidx

ROWS = conformance.ROWS
CHR2 = [row for row in ROWS if row[0] == "chr2"]


@pytest.fixture(scope="module")
def vcf(tmp_path_factory):
    return conformance.vcf(tmp_path_factory.mktemp("vcf"))


@pytest.fixture(scope="module")
def dataset(vcf):
    return gidx.open(vcf).to_dataset()


@pytest.fixture
def con(dataset):
    return duckdb.connect().register("d", dataset)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A BED of some MB that does not compress well, and its index, as a server has them."""
    folder = tmp_path_factory.mktemp("large")
    r = random.Random(1)
    rows = (f"chr1\t{i * 20}\t{i * 20 + 30}\t{r.getrandbits(160):x}\n" for i in range(60_000))
    tabix_files.write(folder / "a.bed.gz", "".join(rows))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# ── polars ──────────────────────────────────────────────────────────────────────────────────────


def test_a_lazy_frame_is_collected_again_and_again(vcf):
    """polars-bio 313: scans of one lazy frame are empty after the fourth."""
    lazy = gidx.scan_polars(vcf).filter(pl.col("chrom") == "chr2")
    assert [lazy.collect().height for _ in range(7)] == [len(CHR2)] * 7


PREDICATES = {
    "pushed": pl.col("chrom") == "chr2",
    "a column of the file": pl.col("type") == "gene",
    "both": (pl.col("chrom") == "chr2") & (pl.col("Name") == "n3"),
    "a list": pl.col("chrom").is_in(["chr1", "chrX"]) & (pl.col("start") >= 90_000),
    "either": (pl.col("chrom") == "chr1") | (pl.col("Name") == "n2"),
    "neither": ~((pl.col("chrom") == "chr1") | (pl.col("start") < 50_000)),
    "another column": pl.col("chrom") == pl.col("source"),
    "nothing": (pl.col("chrom") == "chr1") & (pl.col("chrom") == "chr2"),
}


@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_predicate_that_is_pushed_gives_what_one_that_is_not_gives(tmp_path, predicate):
    """polars-bio 396: rows are lost where a predicate is pushed down with a projection."""
    path = conformance.gff3(tmp_path)
    asked = PREDICATES[predicate]
    found = gidx.scan_polars(path).filter(asked).select("ID", "end").collect()
    whole = pl.DataFrame(
        gidx.open(path).to_table().cast(gidx.scan_polars(path).collect().to_arrow().schema)
    )
    assert found.rows() == whole.filter(asked).select("ID", "end").rows()


def test_numbers_of_rows_are_those_of_the_file(vcf):
    """polars 12186: a filter on with_row_index counts anew in each batch."""
    lazy = gidx.scan_polars(vcf, batch_size=100).with_row_index()
    assert lazy.filter(pl.col("index") == 500).collect()["start"].to_list() == [ROWS[500][1]]
    first = lazy.filter(pl.col("chrom") == "chr2").select("index").head(1).collect().item()
    assert first == ROWS.index(CHR2[0])


def test_a_filter_on_a_chrom_leaves_that_chrom(tmp_path):
    """polars 23113: a filter on a partition's category lets all through. 21706: no pruning."""
    gidx.to_parquet(conformance.bed(tmp_path), tmp_path / "by", partition_by="chrom")
    lazy = pl.scan_parquet(tmp_path / "by", hive_partitioning=True)
    for asked in (pl.col("chrom") == "chr2", pl.col("chrom").cast(pl.String).str.contains("2")):
        found = lazy.filter(asked).collect()
        assert found["chrom"].cast(pl.String).unique().to_list() == ["chr2"]
        assert found.height == len(CHR2)


# ── DuckDB, DataFusion ──────────────────────────────────────────────────────────────────────────


def test_joins_push_filters_of_other_kinds_down(con):
    """duckdb-python 463: BLOOM_FILTER is not supported in scans of pyarrow."""
    con.register("small", pa.table({"chrom": ["chr2"], "id": [f"n{ROWS.index(CHR2[4])}"]}))
    for sql in (
        "select start from d join small using (chrom, id)",
        "select start from d where id in (select id from small)",
        "select start from d semi join small using (id)",
    ):
        assert con.execute(sql).fetchall() == [(CHR2[4][1],)]


def test_a_list_of_values_is_pushed_down(con, dataset, monkeypatch):
    """duckdb-python 52: IN reads all. duckdb 16130: it is not pushed to pyarrow at all."""
    seen = []
    scan = gidx.Dataset.to_batches

    def spy(self, regions=None, **options):
        seen.append(regions)
        return scan(self, regions, **options)

    monkeypatch.setattr(gidx.Dataset, "to_batches", spy)
    starts = [row[1] for row in CHR2[:3]]
    sql = f"select count(*) from d where chrom = 'chr2' and start in {tuple(starts)}"
    assert con.execute(sql).fetchone() == (sum(row[1] in starts for row in CHR2),)
    assert seen[-1]
    assert all(chrom == "chr2" and hi - lo < 1000 for chrom, lo, hi in seen[-1])


def test_the_largest_few(con):
    """duckdb-python 463, of ORDER BY and LIMIT: these push filters down while they run."""
    found = con.execute("select start from d order by start desc limit 3").fetchall()
    assert [start for (start,) in found] == sorted((r[1] for r in ROWS), reverse=True)[:3]


def test_no_column_is_a_view_or_a_dictionary(tmp_path):
    """duckdb-python 227: one column of string_view ends all pushdown."""
    for make in conformance.KINDS.values():
        schema = gidx.open(make(tmp_path)).to_dataset().schema
        assert not re.search("dictionary|view", str(schema))


def test_rows_of_views_are_written(tmp_path):
    """polars hands text over as views; duckdb-python 227 says who cannot take them."""
    table = pa.table(
        {"chrom": pa.array(["c1", "c2"], pa.string_view()), "start": [1, 2], "end": [5, 6]}
    )
    gidx.write_bed(table, tmp_path / "a.bed.gz")
    assert gidx.open(tmp_path / "a.bed.gz").to_table()["chrom"].to_pylist() == ["c1", "c2"]


def test_a_column_is_compared_with_another(con, dataset):
    """datafusion 15912: partition_col = col_from_file is never applied."""
    context = datafusion.SessionContext()
    context.register_dataset("d", dataset)
    for where, count in (("chrom = ref", 0), ("chrom <> ref", len(ROWS)), ("id = chrom", 0)):
        sql = f"select count(*) as n from d where {where}"
        assert con.execute(sql).fetchone() == (count,)
        assert context.sql(sql).to_arrow_table()["n"].to_pylist() == [count]


def test_fragments_that_cannot_match_are_none(dataset):
    """datafusion-python 703: predicates are not pushed to datasets, all files are opened."""
    context = datafusion.SessionContext()
    context.register_dataset("d", dataset)
    (none,) = dataset.get_fragments(pc.field("chrom") == "chr9")
    assert "no rows" in repr(none)
    assert none.count_rows() == 0
    some = list(dataset.get_fragments((pc.field("chrom") == "chr2") & (pc.field("start") < 900)))
    assert len(some) < len(list(dataset.get_fragments()))
    found = context.sql("select count(*) as n from d where chrom = 'chr9'").to_arrow_table()
    assert found["n"].to_pylist() == [0]


def test_rows_of_no_fragments_are_sorted_and_limited(tmp_path, dataset):
    """Seen on DataFusion 53, of any dataset: "does not satisfy distribution requirements"."""
    none = gidx.open(conformance.bed(tmp_path, [])).to_dataset()
    (tmp_path / "plain.bed").write_text("")
    plain = gidx.open_bed(tmp_path / "plain.bed").to_dataset()
    for own in (dataset, none, plain):
        context = datafusion.SessionContext()
        context.register_dataset("d", own)
        for sql in ("order by start", "limit 3", "order by start desc limit 2"):
            found = context.sql(f"select start from d where chrom = 'chr9' {sql}")
            assert found.to_arrow_table().num_rows == 0


def test_a_filter_over_files_of_other_columns(tmp_path):
    """duckdb 12578: filters and union_by_name lose rows, since columns are taken by place."""
    head = '##fileformat=VCFv4.3\n##INFO=<ID={},Number=1,Type=Integer,Description="x">\n'
    names = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    paths = []
    for chrom, key in (("c1", "A"), ("c2", "B")):
        rows = "".join(f"{chrom}\t{i + 1}\t.\tA\tC\t.\t.\t{key}={i}\n" for i in range(50))
        text = head.format(key) + names + rows
        paths.append(tabix_files.write(tmp_path / f"{chrom}.vcf.gz", text, "vcf"))
    for order in (paths, paths[::-1]):
        con = duckdb.connect().register("d", gidx.open(order).to_dataset())
        sql = 'select count(*), count("INFO/A"), max("INFO/B") from d where '
        assert con.execute(f"{sql} chrom = 'c2'").fetchone() == (50, 0, 49)
        assert con.execute(f'{sql} "INFO/A" > 9').fetchone() == (40, 40, None)


# ── missing values ──────────────────────────────────────────────────────────────────────────────

SPARSE = """\
##fileformat=VCFv4.3
##contig=<ID=chr1,length=1000>
##contig=<ID=chr9,length=1000>
##INFO=<ID=DB,Number=0,Type=Flag,Description="Known">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t10\t.\tA\tG\t5\tPASS\tDB;AF=0.5;DP=3
chr1\t20\tx\tA\tG,T\t.\t.\tAF=.,0.1
chr1\t30\t.\tAC\tG\tnan\tq\tAF=1;DP=9
chr1\t40\ty\tA\tG\t50\tPASS\tDP=1;DB
"""


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    path = tmp_path_factory.mktemp("sparse") / "a.vcf.gz"
    return tabix_files.write(path, SPARSE, "vcf")


CONDITIONS = (
    "qual <= 'nan'::float", "qual >= 'nan'::float", "qual < 'nan'::float", "qual is null",
    "qual is not null", "not (qual > 7)", 'qual > 7 or "INFO/DP" > 2', "qual != 5",
    'qual > 7 and "INFO/DP" > 0', "qual in (5, null)", "qual not in (5)", "id is null",
    "id in ('x', null)", "id not in ('x')", '"INFO/DB" != true', 'not "INFO/DB"',
    "chrom = 'chr1' and id is null", "start > 18.5", "start = 9.0", "start > 30000000000",
    "start < -1", "chrom > 'chr1'", "chrom >= 'chr1' and chrom < 'chr2'", "chrom like 'chr%'",
    "start::varchar = '9'", "coalesce(id, 'z') = 'z'", '"INFO/AF"[1] > 0.4',
)  # fmt: skip


@pytest.mark.parametrize("engine", ["duckdb", "datafusion"])
def test_sql_of_missing_values_is_that_of_a_table_of_the_engine_s_own(sparse, engine):
    """duckdb-python 615: NULL passes a comparison with NaN; 335: IN with NULL.
    datafusion-python 735: IS NULL is left out of what is pushed."""
    dataset = gidx.open(sparse).to_dataset()
    if engine == "duckdb":
        con = duckdb.connect().register("d", dataset)
        con.execute("create table own as select * from d")
        ask = lambda sql: con.execute(sql).fetchall()  # noqa: E731
    else:
        context = datafusion.SessionContext()
        context.register_dataset("d", dataset)
        context.register_record_batches("own", [dataset.to_table().to_batches()])
        ask = lambda sql: context.sql(sql).to_arrow_table().to_pylist()  # noqa: E731
    for where in CONDITIONS:
        if engine == "datafusion":
            # To it NaN is the largest number, to Arrow, which it hands the filter to, none.
            if "nan" in where:
                continue
            where = where.replace("qual", '"INFO/DP"')  # noqa: PLW2901
        found, expected = (
            ask(f"select start from {name} where {where} order by start") for name in ("d", "own")
        )
        assert found == expected, where


def past_ten(start):
    return bool(start) and divmod(start, 10)[0] > 0


CONDITIONS_OF_POLARS = {
    "a flag is not": pl.col("INFO/DB") != True,  # noqa: E712
    "missing": pl.col("qual").is_null(),
    "NaN": pl.col("qual").is_nan(),
    "not equal, or missing": pl.col("id").ne_missing("x"),
    "either": (pl.col("qual") > 7) | (pl.col("INFO/DP") > 2),
    "among, of floats": pl.col("qual").is_in([5.0]),
    "not among": ~pl.col("id").is_in(["x"]),
    "by Python": pl.col("start").map_elements(past_ten, return_dtype=pl.Boolean),
    "pushed, and by Python": (pl.col("chrom") == "chr1")
    & pl.col("start").map_elements(past_ten, return_dtype=pl.Boolean),
    "of a list": pl.col("INFO/AF").list.get(0) > 0.4,
    "of all rows": pl.col("start") == pl.col("start").max(),
    "of the row before": pl.col("start").shift(1) == 9,
    "a chrom without rows": pl.col("chrom") == "chr9",
    "a float": pl.col("start") > 18.5,
}


@pytest.mark.parametrize("name", CONDITIONS_OF_POLARS)
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_conditions_on_missing_values_give_what_polars_gives(sparse, name, engine):
    """polars 8516: null is false where a filter is pushed to a dataset. 21665: one condition that
    is not pushed ends all. 21130: some give wrong rows."""
    lazy = gidx.scan_polars(sparse)
    expected = lazy.collect().filter(CONDITIONS_OF_POLARS[name])["start"].to_list()
    query = lazy.filter(CONDITIONS_OF_POLARS[name]).select("start")
    assert query.collect(engine=engine)["start"].to_list() == expected


def test_slices_and_heads_are_taken_before_filters(sparse):
    """polars 20485: rows of a slice are numbered from 0. 26824: a filter goes below a head."""
    lazy = gidx.scan_polars(sparse)
    assert lazy.with_row_index().slice(2, 5).collect()["index"].to_list() == [2, 3]
    assert lazy.slice(-3, 2).collect()["start"].to_list() == [19, 29]
    both = pl.concat([lazy, lazy]).head(3).filter(pl.col("start") > 9)
    assert both.select("start").collect()["start"].to_list() == [19, 29]


def test_filters_of_arrow_keep_and_leave_missing_values_alike(sparse, tmp_path):
    """arrow 34162: is_null(nan_is_null=True) finds no NaN. cudf 18291, kartothek 484: rows with
    missing values are all dropped, or none."""
    gidx.to_parquet(sparse, tmp_path / "a.parquet")
    files = gidx.open(sparse), gidx.open(tmp_path / "a.parquet")
    whole = files[0].to_dataset().to_table()
    qual, depth, name = pc.field("qual"), pc.field("INFO/DP"), pc.field("id")
    for filter, count in (
        (qual.is_null(nan_is_null=True), 2), (~qual.is_null(nan_is_null=True), 2),
        ((qual >= 6) | (depth <= 5), 2), (~(qual > 7), 2), (name != "x", 1), (name.is_null(), 2),
        (name.isin(["x", None]), 3),
    ):  # fmt: skip
        expected = whole.filter(filter)["start"].to_pylist()
        assert len(expected) == count
        for file in files:
            assert file.to_table(filter=filter)["start"].to_pylist() == expected
            assert file.to_dataset().to_table(filter=filter)["start"].to_pylist() == expected


def test_a_contig_of_the_header_without_rows_has_none(sparse):
    """polars-bio 329: a region of a contig that the header has, and the index has not, fails."""
    assert gidx.open(sparse).count_rows("chr9") == 0
    assert gidx.scan_polars(sparse).filter(pl.col("chrom") == "chr9").collect().height == 0


def test_a_bound_on_starts_does_not_cut_values(tmp_path):
    """polars-bio 393: of a bigWig, start < n makes the ends of rows n."""
    runs = {"chrom": ["c1", "c1"], "start": [0, 50], "end": [50, 90], "value": [1.0, 2.0]}
    gidx.write_bigwig(runs, tmp_path / "a.bw", {"c1": 100})
    lazy = gidx.scan_polars(tmp_path / "a.bw")
    assert lazy.filter(pl.col("start") < 10).collect().rows() == [("c1", 0, 50, 1.0)]
    assert lazy.filter(pl.col("end") > 60).collect().rows() == [("c1", 50, 90, 2.0)]


def test_beds_of_three_columns_have_rows(tmp_path):
    """polars-bio 456: such a file is read as no rows, and nothing raises."""
    (tmp_path / "a.bed").write_text("chr1\t0\t5\nchr1\t4\t8\n")
    assert gidx.scan_polars(tmp_path / "a.bed").collect().height == 2


# ── pyarrow ─────────────────────────────────────────────────────────────────────────────────────


def test_a_scan_that_is_left_early_lets_the_process_end(vcf):
    """arrow 45214, datasets 7467, huggingface_hub 4178: it hangs, or aborts, at the exit."""
    code = f"""
import gidx
batches = gidx.open({str(vcf)!r}).to_dataset().to_batches(batch_size=10, batch_readahead=0)
def take():
    for batch in batches:
        yield batch
rows = take()
print(next(rows).num_rows)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout == b"10\n"


def test_no_readahead_is_no_hang(dataset):
    """arrow 48111: scanner(fragment_readahead=0).to_table() never returns."""
    assert dataset.scanner(fragment_readahead=0, batch_readahead=0).to_table().num_rows == len(ROWS)


def test_batches_are_as_large_as_was_asked(dataset):
    """arrow 43213: a batch a row, whatever batch_size says."""
    sizes = [batch.num_rows for batch in dataset.to_batches(columns=["start"], batch_size=4000)]
    assert sizes == [len(ROWS)]


# ── pandas, Dask, Spark ─────────────────────────────────────────────────────────────────────────


def test_what_a_frame_knows_goes_through_pandas_own_parquet(tmp_path, vcf):
    """pandas 54321, fastparquet 900: attrs are lost between to_parquet and read_parquet."""
    frame = gidx.read_vcf(vcf)
    frame.to_parquet(tmp_path / "a.parquet")
    again = pd.read_parquet(tmp_path / "a.parquet", dtype_backend="pyarrow")
    assert again.gidx.samples == ["S1", "S2"]
    assert again.gidx.chromsizes == conformance.SIZES
    again.gidx.to_vcf(tmp_path / "a.vcf.gz")
    assert gidx.open(tmp_path / "a.vcf.gz").header == gidx.open(vcf).header


def test_partitions_are_mapped_each(vcf):
    """dask 1541, 3834: map_partitions(len) gives one partition's. 9078: columns with metadata."""
    frame = gidx.open(vcf).to_dask(npartitions=6)
    with dask.config.set(scheduler="sync"):
        sizes = frame.map_partitions(len, meta=("n", "i8")).compute()
        assert len(sizes) == frame.npartitions >= 3
        assert sizes.sum() == len(frame) == len(ROWS)
        assert frame[["end", "start"]].compute().columns.tolist() == ["end", "start"]


def test_indexes_beside_files_of_a_glob_are_not_read_as_files(tmp_path):
    """glow 186: a folder of VCFs breaks where their indexes are in it."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = conformance.vcf(tmp_path / name)
        for path in (made, made.with_name(made.name + ".tbi")):
            shutil.copy(path, tmp_path / path.name.replace("a.vcf", f"{name}.vcf"))
    assert gidx.open(str(tmp_path / "*.vcf.gz*")).count_rows() == 2 * len(ROWS)


# ── servers ─────────────────────────────────────────────────────────────────────────────────────

REGION, FOUND = ("chr1", 500_000, 501_000), 51


def test_a_signed_url_and_its_index(large):
    """pysam 946, htslib 784, gene.iobio 617: the index of a signed URL is not found."""
    with serving(large) as server:
        query = "?X-Amz-Credential=a%2Fb&X-Amz-Signature=abc%3D"
        found = gidx.open(f"{server.url}a.bed.gz{query}").count_rows(REGION)
        assert found == FOUND
        assert {path for path, _ in server.requests} == {
            f"/a.bed.gz{query}",
            f"/a.bed.gz.tbi{query}",
        }


def test_a_name_that_ends_in_bgz(large):
    """pysam 1249: gnomAD's .vcf.bgz at a URL is not found."""
    files = {name.replace(".gz", ".bgz", 1): data for name, data in large.items()}
    with serving(files) as server:
        assert gidx.open(server.url + "a.bed.bgz").count_rows(REGION) == FOUND


def test_nothing_past_the_end_is_asked_for(large):
    """igv.js 254, 1785: a chunk's last block is asked for past the file's end, 416."""
    with serving(large) as server:
        dataset = gidx.open(server.url + "a.bed.gz")
        server.forget()
        assert dataset.count_rows(("chr1", 1_190_000, 1_300_000)) == 501
        assert server.requests
        for _, span in server.requests:
            first, last = map(int, re.findall(r"\d+", span))
            assert first <= last < len(large["a.bed.gz"])


def test_a_server_that_ignores_ranges_gives_no_wrong_bytes(large):
    """filesystem_spec 1140: the first bytes are taken for those that were asked for."""
    with serving(large, ranges=False) as server:
        with pytest.warns(gidx.errors.GidxWarning, match="does not send ranges"):
            dataset = gidx.open(server.url + "a.bed.gz")
        assert dataset.count_rows(REGION) == FOUND


def test_a_server_that_sends_ranges_no_longer(large):
    """sql.js-httpvfs 52: a proxy sends ranges of what it has in its cache, and else all of it."""

    def later(path, asked):
        return (200, {}, large["a.bed.gz"]) if asked > 4 and path == "/a.bed.gz" else None

    with serving(large, answers=later) as server:
        dataset = gidx.open(server.url + "a.bed.gz")
        with pytest.warns(gidx.errors.GidxWarning, match="does not send ranges"):
            assert dataset.count_rows(REGION) == FOUND
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            asked = len(server.requests)
            assert dataset.to_table().num_rows == 60_000
            assert len(server.requests) == asked  # downloaded once
        assert sum(server.sent) < 3 * len(large["a.bed.gz"])


def test_one_that_then_sends_another_file_is_told(large):
    """As above, of a file that was replaced meanwhile."""
    more = large["a.bed.gz"] + large["a.bed.gz"]

    def later(path, asked):
        return (200, {}, more) if asked > 4 and path == "/a.bed.gz" else None

    with serving(large, answers=later) as server:
        dataset = gidx.open(server.url + "a.bed.gz")
        with pytest.raises(gidx.errors.RemoteError, match="has changed since it was opened"):
            dataset.count_rows(REGION)


def test_a_region_of_remote_parquet_is_less_than_the_file(large, tmp_path):
    """duckdb 10219: WHERE on a remote Parquet file loads more than twice its size."""
    gidx.to_parquet(large["a.bed.gz"], tmp_path / "a.parquet", row_group_size=4096)
    data = (tmp_path / "a.parquet").read_bytes()
    with serving({"a.parquet": data}) as server:
        assert gidx.open(server.url + "a.parquet").count_rows(REGION) == FOUND
        assert sum(server.sent) < len(data) / 2


# ── Parquet of others: statistics, types, folders ───────────────────────────────────────────────

CODES = [300_964, 300_972, 500_000, 26]


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    """Rows in groups of two, with statistics; a name that lacks in one group of them."""
    path = tmp_path_factory.mktemp("codes") / "a.parquet"
    table = pa.table({
        "chrom": ["c"] * 4, "start": CODES, "end": [n + 5 for n in CODES],
        "name": ["x", None, "y", "y"], "half": [2.0, 3.1, 4.0, 5.0],
        "when": pa.array([1, 2, 3, 4], pa.timestamp("ns")), "blob": [b"\1", b"\2", b"\1", b"\2"],
        "price": pa.array([1, 2, 3, 4]).cast(pa.decimal128(21, 2)),
        "view": pa.array(["u", "v", "u", "v"], pa.string_view()),
    })  # fmt: skip
    pq.write_table(table, path, row_group_size=2)
    return path


@pytest.mark.parametrize(("asked", "expected"), [
    (pl.col("half") / 2.0 <= 1.9, CODES[:2]),
    (pl.col("start") / 2.0 <= 150_484, [300_964, 26]),
    (pl.col("start").floordiv(100_000).is_in([0, 3]), [300_964, 300_972, 26]),
    (pl.col("name").is_null(), [300_972]),
    ((pl.col("half") > 4.5) | (pl.col("name") == "x"), [300_964, 26]),
])  # fmt: skip
def test_statistics_do_not_lose_rows_of_formulas_and_of_values_that_lack(codes, asked, expected):
    """polars 5855: a formula with statistics. 9925: floordiv and is_in. 11069: is_null finds none.
    trino 21754: bounds of floats beside an OR."""
    assert gidx.scan_polars(codes).filter(asked).collect()["start"].to_list() == expected


@pytest.mark.parametrize(("asked", "expected"), [
    ("\"view\" = 'u' and start > 26", [300_964, 500_000]),
    ("start > 300970 and price > 1.5", [300_972, 500_000]),
    ("blob = '\\x01'::blob", [300_964, 500_000]),
    ("\"when\" >= '1970-01-01 00:00:00.000000003'::timestamp_ns", [500_000, 26]),
    ("\"when\" > '1960-01-01'::timestamp and name like 'y%'", [500_000, 26]),
])  # fmt: skip
def test_filters_on_columns_of_any_type_are_answered(codes, asked, expected):
    """duckdb-python 187: views; duckdb 7138: bytes, 11608 and 3753: timestamps, 2261: decimals,
    which a filter that is pushed down cannot have."""
    con = duckdb.connect().register("d", gidx.open(codes).to_dataset())
    assert con.execute(f"select start from d where {asked}").fetchall() == [(n,) for n in expected]


def test_names_of_folders_are_texts_and_stay_as_they_are(tmp_path):
    """arrow 39660, 43303: "01" becomes 1. polars 13177: so does "1" beside "2A". arrow 47592:
    forced into a dictionary. 47177: large_string. polars 23005: a filter keeps those that lack."""
    names = ["01", "1", "2A", None, "1e3"]
    kind = pa.large_string()
    table = pa.table({"chrom": pa.array(names, kind), "start": range(5), "end": range(5, 10)})
    pq.write_to_dataset(table, tmp_path / "parts", partition_cols=["chrom"])
    dataset = gidx.open(tmp_path / "parts")
    found = dataset.to_table().to_pylist()
    assert sorted(found, key=str) == sorted(table.to_pylist(), key=str)
    lazy = gidx.scan_polars(tmp_path / "parts")
    for i, name in enumerate(names):
        if name is not None:
            assert dataset.to_table(name)["start"].to_pylist() == [i]
            assert lazy.filter(pl.col("chrom") == name).collect()["start"].to_list() == [i]
    assert lazy.filter(pl.col("chrom") != "1").collect().height == 3


def test_partitions_without_rows_and_without_columns(vcf):
    """dask 2477, 4100: where a filter leaves no partition, a list, or an error. 11824: of no
    columns one partition has all rows."""
    frame = gidx.open(vcf).to_dask(("chrX", 390_000_000, 400_000_000), columns=["start", "ref"])
    whole = gidx.open(vcf).to_dask(npartitions=6)
    with dask.config.set(scheduler="sync"):
        assert frame.compute().columns.tolist() == ["start", "ref"]
        assert len(frame.compute()) == len(frame) == 0
        each = whole.map_partitions(len, meta=("n", "i8")).compute().tolist()
        none = whole[[]].map_partitions(len, meta=("n", "i8")).compute().tolist()
        assert none == each


def test_ranges_anywhere_in_a_remote_file_are_those_bytes(large):
    """s3fs 220: after a seek, a read gives less than was asked for."""
    with serving(large) as server:
        remote, local = gidx.open(server.url + "a.bed.gz"), gidx.open(large["a.bed.gz"])
        r = random.Random(220)
        every = local.to_table()["start"].to_pylist()
        for _ in range(8):
            begin = r.randrange(1_200_000)
            end = begin + r.choice([1, 500, 300_000])
            expected = [s for s in every if s < end and s + 30 > begin]
            found = remote.to_table(("chr1", begin, end), columns=["start"])["start"].to_pylist()
            assert found == expected


# ── tables in folders, and of structs ───────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def hive(tmp_path_factory):
    """A folder for each chrom, and for none, as pyarrow writes them."""
    folder = tmp_path_factory.mktemp("hive") / "t"
    table = pa.table({"chrom": ["chr1", "chr1", None], "start": [1, 50, 7], "end": [10, 60, 9],
                      "other": ["chr1", "x", "y"]})  # fmt: skip
    by = pads.partitioning(pa.schema([("chrom", pa.string())]), flavor="hive")
    pads.write_dataset(table, folder, format="parquet", partitioning=by)
    return gidx.open(folder)


@pytest.mark.parametrize(
    ("where", "starts"),
    [("chrom is null", [7]), ("chrom is not null", [1, 50]), ("chrom <> other", [50]),
     ("chrom = other", [1]), ("coalesce(chrom, 'y') = other", [1, 7]), ("chrom = 'chr1'", [1, 50])],
)  # fmt: skip
def test_a_column_that_folders_tell_is_filtered_as_any_other(hive, where, starts):
    """duckdb 12921: a folder of NULL has no rows for IS NULL. datafusion 15912: a condition on a
    folder's column and a file's is not applied. delta-rs 1496: IS NULL leaves out rows beside
    others. deephaven-core PR 8425: a row group's missing values are invisible to its bounds."""
    con = duckdb.connect().register("d", hive.to_dataset())
    context = datafusion.SessionContext()
    context.register_dataset("d", hive.to_dataset())
    sql = f"select start from d where {where} order by start"
    assert [row[0] for row in con.execute(sql).fetchall()] == starts
    assert context.sql(sql).to_arrow_table()["start"].to_pylist() == starts
    lazy = gidx.scan_polars(hive).filter(pl.sql_expr(where)).sort("start").collect()
    assert lazy["start"].to_list() == starts


def test_a_row_far_behind_is_found_by_a_filter_with_a_limit(tmp_path):
    """datafusion 13745: with a limit and a filter that is pushed, none is found."""
    table = pa.table({"chrom": ["c"] * 5000, "start": range(5000), "end": range(1, 5001),
                      "a": ["x"] * 4999 + ["y"]})  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=100)
    file = gidx.open(tmp_path / "a.parquet")
    context = datafusion.SessionContext()
    context.register_dataset("d", file.to_dataset())
    con = duckdb.connect().register("d", file.to_dataset())
    sql = "select start from d where a = 'y' limit 1"
    assert context.sql(sql).to_arrow_table()["start"].to_pylist() == [4999]
    assert con.execute(sql).fetchall() == [(4999,)]
    found = gidx.scan_polars(file).filter(pl.col("a") == "y").head(1).collect()
    assert found["start"].to_list() == [4999]
    assert file.to_dataset().head(1, filter=pc.field("a") == "y")["start"].to_pylist() == [4999]


def test_a_field_of_a_struct_is_filtered(tmp_path):
    """datafusion 24109: a condition on a struct's field is dropped where files differ."""
    base = {"chrom": ["c"] * 3, "start": [1, 2, 3], "end": [2, 3, 4]}
    structs = pa.array([{"x": 100, "y": "f"}, {"x": 200, "y": "g"}, None])
    pq.write_table(pa.table({**base, "s": structs}), tmp_path / "a.parquet")
    pq.write_table(pa.table({**base, "t": [1, 2, 3]}), tmp_path / "b.parquet")
    file = gidx.open([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    asked = pc.field("s", "x") == 200
    assert file.to_table(filter=asked, columns=["start"])["start"].to_pylist() == [2]
    assert file.to_dataset().to_table(filter=asked)["start"].to_pylist() == [2]
    con = duckdb.connect().register("d", file.to_dataset())
    assert con.execute("select start from d where s.x = 200").fetchall() == [(2,)]
    lazy = gidx.scan_polars(file).filter(pl.col("s").struct.field("x") == 200)
    assert lazy.collect()["start"].to_list() == [2]


# ── answers of servers ──────────────────────────────────────────────────────────────────────────


def test_a_text_that_the_server_packs_is_read_whole(large):
    """fsspec 1319, 1748, mediabunny 512: the size is of the packed bytes, and what is unpacked is
    cut there. Here both are of the packed file."""
    text = gzip.decompress(large["a.bed.gz"])
    with serving({"a.bed": gzip.compress(text)}, headers={"Content-Encoding": "gzip"}) as server:
        assert gidx.open(server.url + "a.bed").count_rows() == 60_000


def test_more_bytes_than_were_said_are_no_answer(large):
    """whatwg/fetch 1295: the server sends more than its range. gdal PR 14576: it does not say
    which range."""
    data = gzip.decompress(large["a.bed.gz"])
    for told, end, said in (
        (f"bytes 0-131071/{len(data)}", 131_080, "131080 bytes of 131072 came"),
        ("", 131_072, "bytes that it does not name"),
    ):
        answer = 206, {"Content-Range": told} if told else {}, data[:end]
        with serving({}, answers=lambda *_, answer=answer: answer) as server:  # noqa: SIM117
            with pytest.raises(gidx.errors.RemoteError, match=said):
                gidx.open(server.url + "a.bed")
