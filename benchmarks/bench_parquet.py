"""Files to Parquet, beside oxbow, polars-bio and vcf2parquet: CPU time, and memory at its peak.

    python benchmarks/bench_parquet.py --rows 500000 --rounds 5

Each conversion is a process of its own, in turn, so that memory is one contender's. Before the
clock runs it converts a file of few rows: what is imported at first use, by whomever, is not of
the conversion. CPU time is of all threads. The answers of the first round are compared: as many
rows, the same starts. With ``--parts`` it is told where our own time goes: reading, writing, and
what Arrow's writer takes for the same table as it is set to by default.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import texts

import gidx

# What each process runs: a function, called for a file of few rows first.
_OXBOW = """
import oxbow, pyarrow as pa, pyarrow.parquet as pq
def run(source, target):
    batches = map(pa.record_batch, {opened}.batches())
    first = next(batches)
    with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
"""
_BIO = """
import polars_bio as pb
def run(source, target):
    pb.{scan}(source{more}).sink_parquet(target, compression="zstd")
"""
_OURS = """
import gidx
def run(source, target):
    gidx.to_parquet(source, target)
"""
_THEIRS = """
import pyvcf2parquet
def run(source, target):
    pyvcf2parquet.convert_vcf(
        source, target, 8192, 100_000, pyvcf2parquet.Compression.Zstd, True
    )
"""
_CHILD = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
few, source, target = sys.argv[1:]
def peak():  # in kB; getrusage would tell that of the process that started this one
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
{body}
run(few, target)
before, begin = peak(), time.process_time()  # memory is counted from there, too
run(source, target)
cpu = time.process_time() - begin
print(json.dumps({{"before": before, "cpu": cpu, "peak": peak()}}))
"""


def convert(body: str, few: str, source: str, target: str) -> dict[str, float]:
    """Run one conversion in a process of its own."""
    words = [sys.executable, "-c", _CHILD.format(body=body), few, source, target]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().split("\n")[-1])
    return json.loads(done.stdout.splitlines()[-1])


def starts(target: str) -> int:
    """The sum of all starts, 0-based, whoever has written them."""
    table = pq.ParquetFile(target)
    name = next(n for n in ("start", "chromStart", "pos", "Start", "position")
                if n in table.schema_arrow.names)  # fmt: skip
    column = table.read(columns=[name])[name]
    return len(column), int(pc.sum(column.cast("int64")).as_py())


def parts(source: str, rounds: int) -> None:
    """Where our own time goes, in one process: rows read, written, and by Arrow alone."""
    from gidx.formats.parquet import write as ours

    taken: dict[str, list[float]] = {"reading": [], "writing": [], "Parquet alone": []}
    for _ in range(rounds + 1):
        dataset = gidx.open(source)
        begin = time.process_time()
        batches = list(dataset.to_batches())
        taken["reading"].append(time.process_time() - begin)
        begin = time.process_time()
        file = io.BytesIO()
        ours.write(dataset.schema, batches, file, is_sorted=True)
        taken["writing"].append(time.process_time() - begin)
        table = pq.read_table(file)
        begin = time.process_time()
        pq.write_table(table, io.BytesIO(), compression="zstd", row_group_size=ours.ROW_GROUP)
        taken["Parquet alone"].append(time.process_time() - begin)
    print("  " + ", ".join(f"{k} {statistics.median(v[1:]):.2f} s" for k, v in taken.items()))


def race(
    title: str,
    sources: tuple[str, str],
    contenders: dict[str, str],
    folder: Path,
    rounds: int,
    told: bool,
) -> None:
    """The contenders in turn; the first is the subject. ``sources``: one of few rows, and all."""
    few, source = sources
    taken: dict[str, list[dict[str, float]]] = {}
    sums = {}
    for name, body in list(contenders.items()):
        target = str(folder / "out.parquet")
        try:
            taken[name] = [convert(body, few, source, target)]
        except RuntimeError as error:
            print(f"  {name}: left out: {error}")
            del contenders[name]
            continue
        sums[name] = starts(target)
    rows, total = next(iter(sums.values()))
    for name, (n, found) in sums.items():
        if name == "pyvcf2parquet" and n >= rows:  # it writes a row for each ALT
            continue
        if n != rows or abs(found - total) not in (0, rows):  # or 1-based
            raise AssertionError(f"{name}: {n} rows, starts sum to {found}; {rows}, {total}")
    for _ in range(1, rounds):
        for name, body in contenders.items():
            taken[name].append(convert(body, few, source, str(folder / "out.parquet")))
    print(f"\n{title}: {rows:,} rows, {os.path.getsize(source) / 1e6:.1f} MB")
    ours = statistics.median(one["cpu"] for one in taken[next(iter(contenders))])
    for name, runs in taken.items():
        cpu = statistics.median(one["cpu"] for one in runs)
        more = statistics.median(one["peak"] - one["before"] for one in runs) / 1024
        peak = statistics.median(one["peak"] for one in runs) / 1024
        print(f"  {name:<12} {cpu:7.2f} s CPU {cpu / ours:6.2f} x  peak {peak:5.0f} MB, "
              f"{more:5.0f} MB of it for the conversion")  # fmt: skip
    if told:
        parts(source, rounds)


def main() -> None:
    """Race all conversions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--parts", action="store_true", help="where our own time goes, too")
    asked = parser.parse_args()
    there = {name for name in ("oxbow", "polars_bio", "pyvcf2parquet") if find_spec(name)}

    def field(**bodies: str) -> dict[str, str]:
        return {"gidx": _OURS, **{k: v for k, v in bodies.items() if k in there}}

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def bigbed(rows: int, target: Path) -> str:
            bed = target.with_suffix(".bed.gz")
            gidx.write_bed(texts.bed6(rows), bed)
            frame = gidx.read_bed(bed, schema="bed6")
            sizes = frame.groupby("chrom", observed=True)["end"].max().to_dict()
            gidx.write_bigbed(frame, target, sizes, bed_type="bed6")
            return str(target)

        def against(title: str, sources: tuple[str, str], contenders: dict[str, str]) -> None:
            race(title, sources, contenders, folder, asked.rounds, asked.parts)

        opened = 'oxbow.from_bigbed(source, schema="autosql")'
        scan = _BIO.format(scan="scan_bigbed", more="")
        both = bigbed(1000, folder / "few.bb"), bigbed(asked.rows, folder / "a.bb")
        against(
            "bigBed (bed6) to Parquet", both,
            field(oxbow=_OXBOW.format(opened=opened), polars_bio=scan),
        )  # fmt: skip

        # ten for a site, since 3,000 rows take 0.03 s, most of it whatever the rows
        genotypes = max(10 * asked.rows // asked.samples, 1)
        for title, few, text in (
            ("VCF sites to Parquet", texts.sites_text(1000), texts.sites_text(asked.rows)),
            (f"VCF of {asked.samples} samples to Parquet", texts.genotypes_text(50, asked.samples),
             texts.genotypes_text(genotypes, asked.samples)),
        ):  # fmt: skip
            both = (
                str(texts.write(folder / "few.vcf.gz", few, "vcf")),
                str(texts.write(folder / "a.vcf.gz", text, "vcf")),
            )
            contenders = field(
                oxbow=_OXBOW.format(opened="oxbow.from_vcf(source)"),
                polars_bio=_BIO.format(scan="scan_vcf", more=""),
                pyvcf2parquet=_THEIRS,
            )
            against(title, both, contenders)


if __name__ == "__main__":
    main()
