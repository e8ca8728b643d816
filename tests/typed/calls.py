"""Calls as users write them, for type checkers; nothing here runs.

A wrong line says with which error: of mypy, of pyright. All other lines are right.
"""

from pathlib import Path
from typing import Unpack

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

import gidx
from gidx.options import FrameOptions, Regions, ScanOptions

df = pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [2]})
table = pa.table({"chrom": ["chr1"], "start": [1], "end": [2]})

# ── reading ─────────────────────────────────────────────────────────────────────────────────────

found: pd.DataFrame = gidx.read("a.bb", "chr1", columns=["name"], types={"score": "float64"})
gidx.read(Path("a.vcf.gz"), samples=["NA1"], gt="alleles", errors="raise", threads=2)
gidx.read("a.bb", batchsize=5)  # wrong: call-arg, reportCallIssue
gidx.read("a.bb", errors="wrn")  # wrong: arg-type, reportArgumentType
gidx.read("a.bb", 3.5)  # wrong: arg-type, reportArgumentType
gidx.read(42)  # wrong: arg-type, reportArgumentType

gidx.read_bigbed("a.bb", ("chr1", 0, 10), dtype_backend=None, lists="text")
gidx.read_bigbed("a.bb", ["chr1", ("chr2", 5), gidx.Region("chr3")], batch_size=10)
gidx.read_bigbed("a.bb", df)
gidx.read_bigbed("a.bb", filter=pc.field("score") > 500)
gidx.read_bigbed("a.bb", filter="score > 500")  # wrong: arg-type, reportArgumentType
gidx.read_bigbed("a.bb", ("chr1", 0.5, 10))  # wrong: arg-type, reportArgumentType
gidx.read_bigbed("a.bb", dtype_backend="numpy")  # wrong: arg-type, reportArgumentType
gidx.read_bigbed("a.bb", schema="bed6")  # wrong: call-arg, reportCallIssue

gidx.read_bed("a.bed.gz", None, schema="bed6+4", index="a.csi", encoding="latin-1")
gidx.read_bed("a.bed.gz", missing_chroms="ignore", names="native")
gidx.read_bed("a.bed.gz", missing_chroms=True)  # wrong: arg-type, reportArgumentType
gidx.read_bed("a.bed.gz", columns="name", lists="json")  # wrong: arg-type, reportArgumentType

gidx.read_vcf(b"##fileformat=VCFv4.3\n", samples=[], gt="text")
gidx.read_vcf("a.vcf.gz", gt="alels")  # wrong: arg-type, reportArgumentType
gidx.read_vcf("a.vcf.gz", sample=["NA1"])  # wrong: call-arg, reportCallIssue

with open("a.gff3", "rb") as file, open("a.gff3") as letters:
    gidx.read_gff(file, attributes=["gene_id"])
    gidx.read_gff(letters)  # wrong: arg-type, reportArgumentType
gidx.read_gtf("a.gtf", columns=["gene_id"], attributes=["gene_id"], dtype_backend="numpy_nullable")
gidx.read_gtf("a.gtf", attribute=["gene_id"])  # wrong: call-arg, reportCallIssue
gidx.read_tabix("a.tsv.gz", "1:1-10", schema={"p": "float64"}, storage_options={"anon": True})

# ── open ────────────────────────────────────────────────────────────────────────────────────────

with gidx.open("a.bb", types={"score": "float64"}) as ds:
    columns: list[str] = ds.columns
    for batch in ds.scan("chr1", columns=["name"], threads=1):
        batch.num_rows
    ds.to_table(["chr1"], filter=pc.field("score") > 500)
    ds.to_pandas("chr1", lists="text", columns=columns)
    ds.head(3, "chr1", columns=["name"])
    ds["chr1:1-10"]
    gidx.to_parquet(ds, "a.parquet", "chr1", columns=columns)
    ds.to_table(ds.partitions(4)[0])
    ds.to_table("chr1", colums=["name"])  # wrong: call-arg, reportCallIssue
    ds.scan(regoins="chr1")  # wrong: call-arg, reportCallIssue
    ds.count_rows(3.5)  # wrong: arg-type, reportArgumentType
    ds.plot(None)  # wrong: arg-type, reportArgumentType
    ds.find("BRCA2")  # wrong: attr-defined, reportAttributeAccessIssue
    ds.to_pandas(dtype_backend="polars")  # wrong: arg-type, reportArgumentType

bw = gidx.open_bigwig("a.bw")
bw.values("chr1:1-100", bins=10, stat="max").sum()
bw.values("chr1", stat="median")  # wrong: arg-type, reportArgumentType
bw.matrix(df, bins=10, anchor="start", flank=(2_000, 500)).mean()
bw.matrix(df, anchor="tss", flank=5)  # wrong: arg-type, reportArgumentType
gidx.write_bigwig(df, "a.bw", {"chr1": 5}, value="score", invalid="drop")
gidx.write_bigwig(df, "a.bw", invalid="ignore")  # wrong: arg-type, reportArgumentType
gidx.write_bigwig({"chr1": [0.5, 1.5]}, "a.bw", [("chr1", 5)])
gidx.write_bigwig(42, "a.bw")  # wrong: arg-type, reportArgumentType
gidx.write_bigwig(df, "a.bw", 5)  # wrong: arg-type, reportArgumentType
gidx.write_bigwig(df, "a.bw", compression="gzip")  # wrong: arg-type, reportArgumentType
gidx.merge_bigwigs(["a.bw", bw], "b.bw", how="mean")
gidx.merge_bigwigs("sample*.bw", "b.bw")

bb = gidx.open_bigbed("a.bb")
bb.find("BRCA2", field="geneName", columns=["chrom"])
bb.find(["BRCA2"], column=["chrom"])  # wrong: call-arg, reportCallIssue
bb.summary("chr1", bins=10, stat="mean").sum()
bb.summary("chr1", stat="median")  # wrong: arg-type, reportArgumentType
samples: list[str] = gidx.open_vcf("a.vcf.gz", gt="alleles").samples
header: str = gidx.open_gff("a.gff3.gz", attributes=["ID"], index="a.tbi").header
gidx.open_bed("a.bed", schema="bed6").count_rows()
gidx.open_bed(["a.bed", "b.bed"])  # wrong: arg-type, reportArgumentType
gidx.read_bed(["a.bed", "b.bed"], "chr1")
gidx.read_bigbed("a.bb", encoding="latin-1", encoding_errors="replace")
gidx.open_tabix("a.tsv.gz", samples=["NA1"])  # wrong: call-arg, reportCallIssue


def mine(path: str, regions: Regions = None, **options: Unpack[ScanOptions]) -> pa.Table:
    return gidx.open(path).to_table(regions, **options)


def framed(path: str, **options: Unpack[FrameOptions]) -> pd.DataFrame:
    return gidx.read(path, **options)


mine("a.bb", "chr1", columns=["name"])
mine("a.bb", "chr1", column=["name"])  # wrong: call-arg, reportCallIssue

# ── frames ──────────────────────────────────────────────────────────────────────────────────────

its = gidx.accessor(df)
gidx.accessor(its.query("chr1")).count("chr2").sum()
its["chr1", "chr2"]
mask: "pd.Series[bool]" = its.overlaps(df)
its.count(table)
its.join(df, how="left", overlap=True)
its.sort().head()
its.sort(["chr2", "chr1"]).head()
its.qeury("chr1")  # wrong: attr-defined, reportAttributeAccessIssue
its.query(3.5)  # wrong: arg-type, reportArgumentType
its.join(df, how="outer")  # wrong: arg-type, reportArgumentType
its.join("chr1")  # wrong: arg-type, reportArgumentType
its.nearest(df, direction="up")  # wrong: arg-type, reportArgumentType
its.plot("chr1", mode="dense")  # wrong: arg-type, reportArgumentType
its.set("a", "b", "c", coords="1-base")  # wrong: arg-type, reportArgumentType

# ── writing ─────────────────────────────────────────────────────────────────────────────────────

gidx.write_bed(df, "a.bed.gz", index="tbi", gzi=True, chromsizes={"chr1": 5}, schema="bed6")
gidx.write_bed([table, df], Path("a.bed"), chromsizes=[("chr1", 5)], progress=print)
gidx.write_bed({"chrom": ["chr1"], "start": [1], "end": [2]}, "a.bed.gz", chromsizes="hg38.sizes")
gidx.write_bed(ds, "a.bed.gz", encoding="latin-1", sort=True, level=9, threads=2)
gidx.write_bed(42, "a.bed")  # wrong: arg-type, reportArgumentType
gidx.write_bed("a.bb", "a.bed")  # wrong: arg-type, reportArgumentType
gidx.write_bed(df, "a.bed", chromsize={})  # wrong: call-arg, reportCallIssue
gidx.write_bed(df, "a.bed", sort="yes")  # wrong: arg-type, reportArgumentType
gidx.write_bed(df, "a.bed.gz", index=True)  # wrong: arg-type, reportArgumentType
gidx.write_bigbed(df, "a.bb", {"chr1": 5}, bed_type="bed6+4", extra_index=["name"])
gidx.write_bigbed(df, "a.bb", 5)  # wrong: arg-type, reportArgumentType
gidx.write_bigbed(df, "a.bb", compression="gzip")  # wrong: arg-type, reportArgumentType
gidx.write_vcf(df, "a.vcf.gz", samples=["NA1"], header="##fileformat=VCFv4.3\n", index=None)
gidx.write_vcf(df, "a.vcf.gz", missing=".")  # wrong: call-arg, reportCallIssue
gidx.write_gff(df, "a.gff3.gz", format="gtf")
gidx.write_gff(df, "a.gff3.gz", format="gff2")  # wrong: arg-type, reportArgumentType
gidx.write_gtf(df, "a.gtf", header="#mine")
gidx.write_tabix(df, "a.tsv.gz", zero_based=False, missing="NA")
index: str = gidx.build_index("a.vcf.gz", preset="vcf", kind="csi")
gidx.build_index(5)  # wrong: arg-type, reportArgumentType
gidx.bgzf.blocks(b"").num_rows
gidx.bgzf.blocks(5)  # wrong: arg-type, reportArgumentType
gidx.bgzf.GziIndex.build(Path("a.bed.gz")).blocks
gidx.bgzf.GziIndex.build(5)  # wrong: arg-type, reportArgumentType
gidx.build_index("a.vcf.gz", kind="bai")  # wrong: arg-type, reportArgumentType
gidx.to_parquet("a.bb", "a.parquet", columns=["name"])
gidx.to_parquet("a.bb", "a.parquet", cols=["name"])  # wrong: call-arg, reportCallIssue
written: Path = its.to_bed(Path("a.bed.gz"), index="csi")
its.to_bigbed("a.bb", {"chr1": 5}, sort=True)
its.to_bed("a.bed", indx=None)  # wrong: call-arg, reportCallIssue
its.to_vcf("a.vcf", header=5)  # wrong: arg-type, reportArgumentType
