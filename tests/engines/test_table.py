"""Every engine gives the same answers, of every format, and the page on engines runs."""

from __future__ import annotations

import re
from pathlib import Path

import dask
import duckdb
import polars as pl
import pyarrow.compute as pc
import pytest
from tests import test_conformance as conformance
from tests.support import spark

import gidx
from gidx.scan import format_of

KINDS = conformance.KINDS
ROWS = conformance.ROWS
LO, HI = 20_000, 60_000


def overlapping(rows):
    return [r for r in rows if r[0] == "chr2" and r[1] < HI and r[2] > LO]


# question: its answer, by brute force over the rows that were written
ANSWERS = {
    "count": len(ROWS),
    "region": [r[1] for r in overlapping(ROWS)],
    "a filter on a column that is not selected": [r[1] for r in ROWS if r[2] > 190_000],
    "rows of no columns": len(overlapping(ROWS)),
    "by group": sorted((c, sum(r[0] == c for r in ROWS)) for c in {r[0] for r in ROWS}),
    "the first": [r[1] for r in ROWS[:5]],
    "of every place": len(ROWS),  # the rows between all cuts: none twice, none lost
}


def with_gidx(ds):
    region = ("chr2", LO, HI)
    chroms = ds.to_table(columns=["chrom"])["chrom"].to_pylist()
    return {
        "count": ds.count_rows(),
        "region": ds.to_table(region, columns=["start"])["start"].to_pylist(),
        "a filter on a column that is not selected": (
            ds.to_table(filter=pc.field("end") > 190_000, columns=["start"])["start"].to_pylist()
        ),
        "rows of no columns": ds.to_table(region, columns=[]).num_rows,
        "by group": sorted((c, chroms.count(c)) for c in {*chroms}),
        "the first": ds.head(5, columns=["start"])["start"].to_pylist(),
        "of every place": sum(ds.to_table(p, columns=[]).num_rows for p in ds.partitions(40)),
    }


def with_polars(lazy, engine):
    chrom, start, end = (pl.col(n) for n in ("chrom", "start", "end"))
    region = (chrom == "chr2") & (start < HI) & (end > LO)
    cuts = [*range(0, 300_000, 60_000)]

    def got(query):
        return query.collect(engine=engine)

    parts = [
        lazy.filter(start.is_between(lo, hi, closed="left")).select(pl.len())
        for lo, hi in zip(cuts, [*cuts[1:], 10**9], strict=True)
    ]
    return {
        "count": got(lazy.select(pl.len())).item(),
        "region": got(lazy.filter(region).select("start"))["start"].to_list(),
        "a filter on a column that is not selected": (
            got(lazy.filter(end > 190_000).select("start"))["start"].to_list()
        ),
        "rows of no columns": got(lazy.filter(region).select(pl.len())).item(),
        "by group": sorted(got(lazy.group_by("chrom").agg(pl.len())).rows()),
        "the first": got(lazy.head(5).select("start"))["start"].to_list(),
        "of every place": sum(got(part).item() for part in parts),
    }


def with_sql(ask, order=""):
    where = f"where chrom = 'chr2' and start < {HI} and \"end\" > {LO}"
    cuts = [*range(0, 300_000, 60_000)]
    parts = zip(cuts, [*cuts[1:], 10**9], strict=True)
    return {
        "count": ask("select count(*) from d")[0][0],
        "region": [r[0] for r in ask(f"select start from d {where} {order}")],
        "a filter on a column that is not selected": [
            r[0] for r in ask(f'select start from d where "end" > 190000 {order}')
        ],
        "rows of no columns": ask(f"select count(*) from d {where}")[0][0],
        "by group": sorted(ask("select chrom, count(*) from d group by chrom")),
        "the first": [r[0] for r in ask(f"select start from d {order} limit 5")],
        "of every place": sum(
            ask(f"select count(*) from d where start >= {lo} and start < {hi}")[0][0]
            for lo, hi in parts
        ),
    }


def with_duckdb(ds):
    con = duckdb.connect().register("d", ds.to_dataset())
    return with_sql(lambda sql: con.execute(sql).fetchall())


def with_datafusion(ds):
    datafusion = pytest.importorskip("datafusion", reason="DataFusion is not installed")
    context = datafusion.SessionContext()
    context.register_dataset("d", ds.to_dataset())

    def ask(sql):
        columns = context.sql(sql).to_arrow_table().columns
        return [*zip(*(c.to_pylist() for c in columns), strict=True)]

    return with_sql(ask, "order by chrom, start")  # it reads pieces at once, in any order


def with_pyarrow(ds):
    d = ds.to_dataset()
    region = (pc.field("chrom") == "chr2") & (pc.field("start") < HI) & (pc.field("end") > LO)
    groups = d.to_table(columns=["chrom"]).group_by("chrom").aggregate([([], "count_all")])
    return {
        "count": d.count_rows(),
        "region": d.to_table(filter=region, columns=["start"])["start"].to_pylist(),
        "a filter on a column that is not selected": d.to_table(
            filter=pc.field("end") > 190_000, columns=["start"]
        )["start"].to_pylist(),
        "rows of no columns": d.to_table(filter=region, columns=[]).num_rows,
        "by group": sorted((r["chrom"], r["count_all"]) for r in groups.to_pylist()),
        "the first": d.head(5, columns=["start"])["start"].to_pylist(),
        "of every place": sum(f.count_rows() for f in d.get_fragments()),
    }


def with_dask(ds):
    frame = ds.to_dask(npartitions=40)
    region = ds.to_dask(("chr2", LO, HI), npartitions=3)
    with dask.config.set(scheduler="sync"):
        return {
            "count": len(frame),
            "region": region.start.compute().tolist(),
            "a filter on a column that is not selected": (
                frame[frame.end > 190_000].start.compute().tolist()
            ),
            "rows of no columns": len(region),
            "by group": sorted(
                frame.groupby("chrom", observed=True).size().compute().to_dict().items()
            ),
            "the first": frame.head(5, npartitions=-1).start.tolist(),
            "of every place": int(frame.map_partitions(len).compute().sum()),
        }


def with_spark(ds):
    from pyspark.sql import functions as f

    frame = (
        spark.session().read.format("gidx").option("partitions", 12)
        .schema("chrom string, start long, `end` long").load(ds.path)
    )  # fmt: skip
    region = frame.where(f"chrom = 'chr2' and start < {HI} and `end` > {LO}")
    places = frame.groupBy(f.floor(frame.start / 20_000)).count()  # a query takes a second
    return {
        "count": frame.count(),
        "region": [row.start for row in region.select("start").collect()],
        "a filter on a column that is not selected": [
            row.start for row in frame.where(frame.end > 190_000).select("start").collect()
        ],
        "rows of no columns": region.count(),
        "by group": sorted(map(tuple, frame.groupBy("chrom").count().collect())),
        "the first": [row.start for row in frame.select("start").head(5)],
        "of every place": sum(row["count"] for row in places.collect()),
    }


ENGINES = {
    "gidx": with_gidx,
    "polars": lambda ds: with_polars(gidx.scan_polars(ds), "in-memory"),
    "polars, streaming": lambda ds: with_polars(gidx.scan_polars(ds), "streaming"),
    "polars, of the dataset": (
        lambda ds: with_polars(pl.scan_pyarrow_dataset(ds.to_dataset()), "in-memory")
    ),
    "pyarrow": with_pyarrow,
    "duckdb": with_duckdb,
    "datafusion": with_datafusion,
    "dask": with_dask,
}
if spark.missing() is None:  # else test_spark says so
    ENGINES["spark"] = with_spark


@pytest.fixture(scope="module", params=KINDS)
def opened(request, tmp_path_factory):
    return gidx.open(KINDS[request.param](tmp_path_factory.mktemp(request.param)))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_gives_the_same_answers(opened, engine):
    assert ENGINES[engine](opened) == ANSWERS


# ── what a region reads ─────────────────────────────────────────────────────────────────────────

REGION = {
    "polars": lambda ds: (
        gidx.scan_polars(ds)
        .filter(pl.col("chrom") == "chr2", pl.col("start") < HI, pl.col("end") > LO)
        .select("start")
        .collect()["start"]
        .to_list()
    ),
    "duckdb": lambda ds: with_region_sql(
        duckdb.connect().register("d", ds.to_dataset()).execute
    ),
    "pyarrow": lambda ds: ds.to_dataset().to_table(
        filter=(pc.field("chrom") == "chr2") & (pc.field("start") < HI) & (pc.field("end") > LO),
        columns=["start"],
    )["start"].to_pylist(),
}  # fmt: skip


def with_region_sql(execute):
    sql = f"select start from d where chrom = 'chr2' and start < {HI} and \"end\" > {LO}"
    return [row[0] for row in execute(sql).fetchall()]


@pytest.mark.parametrize("engine", REGION)
def test_a_region_decodes_no_more_rows_than_gidx_itself_does(opened, engine, monkeypatch):
    """What is fetched to answer, counted in groups and their ranges."""
    kind = type(format_of(opened))
    fetched = []
    plain = kind.fetch

    def spy(self, group, regions=None):
        fetched.append(repr(group))
        return plain(self, group, regions)

    monkeypatch.setattr(kind, "fetch", spy)
    expected = opened.to_table(("chr2", LO, HI), columns=["start"])["start"].to_pylist()
    asked = [*fetched]
    del fetched[:]
    assert REGION[engine](opened) == expected
    assert sorted(fetched) == sorted(asked)  # threads are in no order


# ── the page ────────────────────────────────────────────────────────────────────────────────────

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
VCF = """\
##fileformat=VCFv4.3
##contig=<ID=chr1,length=248956422>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t100\trs1\tA\tG\t50\tPASS\t.
chr1\t150\t.\tC\tT\t.\tPASS\t.
chr1\t900\t.\tG\tC\t10\tPASS\t.
"""


SECTIONS = dict(part.split("\n", 1) for part in PAGE.read_text("utf-8").split("\n## ")[1:])
START = PAGE.read_text("utf-8").split("\n## ")[0]


def code(text):
    return [part.split("```", 1)[0] for part in text.split("```python\n")[1:]]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_on_engines_runs(section, tmp_path, monkeypatch):
    blocks = [*code(START), *code(SECTIONS[section])]
    assert len(blocks) > 1
    for name in re.findall(r"^(?:from|import) (\w+)", "".join(blocks), re.MULTILINE):
        if name == "pyspark":
            if spark.missing() is not None:
                pytest.skip(spark.missing())
            spark.session()  # which the page's `getOrCreate` gets
        pytest.importorskip(name, reason=f"{name} is not installed")
    monkeypatch.chdir(tmp_path)
    with gidx.bgzf.open("calls.vcf.gz", "w") as file:
        file.write(VCF.encode())
    gidx.build_index("calls.vcf.gz", preset="vcf")
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
