"""Files to Parquet, beside oxbow, polars-bio and vcf2parquet: CPU time, and memory at its peak.

    python benchmarks/bench_parquet.py --rows 500000 --rounds 5

Each conversion is a process of its own, in turn, so that imports count for all and memory is
one contender's. CPU time is of all threads. The answers of the first round are compared: as
many rows, the same starts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import texts
from race import peer

import gidx

# What each process runs; `source` and `target` are given, and to import is not timed.
_OXBOW = """
import oxbow, pyarrow as pa, pyarrow.parquet as pq
with clock():
    batches = map(pa.record_batch, {opened}.batches())
    first = next(batches)
    with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
"""
_BIO = """
import polars_bio as pb
with clock():
    pb.{scan}(source{more}).sink_parquet(target, compression="zstd")
"""
_OURS = """
import gidx, pyarrow.compute, pyarrow.parquet
gidx.open, gidx.to_parquet
with clock():
    gidx.to_parquet(source, target)
"""
_THEIRS = """
import pyvcf2parquet
with clock():
    pyvcf2parquet.convert_vcf(
        source, target, 8192, 100_000, pyvcf2parquet.Compression.Zstd, True
    )
"""
_CHILD = """
import contextlib, json, sys, time, warnings
warnings.simplefilter("ignore")
source, target = sys.argv[1:]
said = {{}}
def peak():  # in kB; getrusage would tell that of the process that started this one
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
@contextlib.contextmanager
def clock():
    # what imports took before is not of the conversion: memory is counted from there
    said["before"] = peak()
    begin = time.process_time()
    yield
    said["cpu"] = time.process_time() - begin
{body}
said["peak"] = peak()
print(json.dumps(said))
"""


def convert(body: str, source: str, target: str) -> dict[str, float]:
    """Run one conversion in a process of its own."""
    words = [sys.executable, "-c", _CHILD.format(body=body), source, target]
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


def race(title: str, source: str, contenders: dict[str, str], folder: Path, rounds: int) -> None:
    """The contenders in turn; the first is the subject."""
    taken: dict[str, list[dict[str, float]]] = {}
    sums = {}
    for name, body in list(contenders.items()):
        target = str(folder / "out.parquet")
        try:
            taken[name] = [convert(body, source, target)]
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
            taken[name].append(convert(body, source, str(folder / "out.parquet")))
    print(f"\n{title}: {rows:,} rows, {os.path.getsize(source) / 1e6:.1f} MB")
    ours = statistics.median(one["cpu"] for one in taken[next(iter(contenders))])
    for name, runs in taken.items():
        cpu = statistics.median(one["cpu"] for one in runs)
        more = statistics.median(one["peak"] - one["before"] for one in runs) / 1024
        peak = statistics.median(one["peak"] for one in runs) / 1024
        print(f"  {name:<12} {cpu:7.2f} s CPU {cpu / ours:6.2f} x  peak {peak:5.0f} MB, "
              f"{more:5.0f} MB of it for the conversion")  # fmt: skip


def main() -> None:
    """Race all conversions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=100)
    asked = parser.parse_args()
    there = {name for name in ("oxbow", "polars_bio", "pyvcf2parquet") if peer(name)}

    def field(**bodies: str) -> dict[str, str]:
        return {"gidx": _OURS, **{k: v for k, v in bodies.items() if k in there}}

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bed = folder / "a.bed.gz"
        gidx.write_bed(texts.bed6(asked.rows), bed)
        gidx.to_parquet(bed, folder / "a.parquet")
        frame = gidx.read_bed(bed, schema="bed6")
        sizes = frame.groupby("chrom", observed=True)["end"].max().to_dict()
        gidx.write_bigbed(frame, folder / "a.bb", sizes, bed_type="bed6")
        opened = 'oxbow.from_bigbed(source, schema="autosql")'
        scan = _BIO.format(scan="scan_bigbed", more="")
        contenders = field(oxbow=_OXBOW.format(opened=opened), polars_bio=scan)
        race("bigBed (bed6) to Parquet", str(folder / "a.bb"), contenders, folder, asked.rounds)

        for title, text in (
            ("VCF sites to Parquet", texts.sites_text(asked.rows)),
            (f"VCF of {asked.samples} samples to Parquet",
             texts.genotypes_text(max(asked.rows // asked.samples, 1), asked.samples)),
        ):  # fmt: skip
            source = texts.write(folder / "a.vcf.gz", text, "vcf")
            contenders = field(
                oxbow=_OXBOW.format(opened="oxbow.from_vcf(source)"),
                polars_bio=_BIO.format(scan="scan_vcf", more=""),
                pyvcf2parquet=_THEIRS,
            )
            race(title, source, contenders, folder, asked.rounds)


if __name__ == "__main__":
    main()
