"""What grows with a cluster: planning of large files, tasks, genotypes a second; docs/scale.md.

    python benchmarks/bench_scale.py --samples 2504 --rows 2000
    python benchmarks/bench_scale.py --spark --rounds 2  # with the extra spark and Java 17

Times are of the processor, of this process but for Dask's and Spark's, which are by the clock.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import texts

import gidx
from gidx.binning import BED
from gidx.ground.pieces import cut

LARGE = 300 << 30
GENOME = {f"chr{i}": (250 - 9 * i) * 10**6 for i in range(1, 23)} | {"chrX": 156_000_000}


def taken(call: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> Any:
    """What a call gives, and the seconds that it took."""
    begin = clock()
    found = call()
    return found, clock() - begin


def large_index() -> gidx.TabixIndex:
    """A TBI of 300 GiB: a chunk for each 16 kb of a genome."""
    windows = np.array([-(-size // 16384) for size in GENOME.values()])
    first = np.cumsum([0, *windows])
    n = int(first[-1])
    offsets = np.linspace(0, LARGE, n + 1).astype(np.uint64) << np.uint64(16)
    bins = np.concatenate([4681 + np.arange(k) for k in windows])
    none = np.empty(0, np.uint64)
    return gidx.TabixIndex(
        "tbi", tuple(GENOME), BED, 14, 5, first, bins, none, np.arange(n + 1),
        np.column_stack([offsets[:-1], offsets[1:]]), first, offsets[:-1],
        np.zeros(len(GENOME), bool), np.zeros((len(GENOME), 4), np.uint64), None,
    )  # fmt: skip


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2504)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1, help="of Spark's, whose first is slow")
    parser.add_argument("--spark", action="store_true")
    asked = parser.parse_args()

    index = large_index()
    pieces, seconds = taken(lambda: cut(index.work(list(GENOME)), 10_000, None, None))
    size = len(pickle.dumps(pieces[5000]))
    print(f"300 GiB by its TBI: {len(pieces):,} pieces in {seconds:.2f} s, {size} bytes each")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = texts.genotypes_text(asked.rows, asked.samples)
        source = texts.write(folder / "a.vcf.gz", text, "vcf")
        _, seconds = taken(lambda: gidx.to_parquet(source, folder / "w.parquet", "chr1:1-100"))
        _, seconds = taken(lambda: gidx.to_parquet(source, folder / "a.parquet", threads=1))
        calls = asked.rows * asked.samples
        rows = pq.read_metadata(folder / "a.parquet").num_rows
        if rows != asked.rows:
            raise AssertionError(f"{rows} rows, expected {asked.rows}")
        print(
            f"{asked.samples} samples to Parquet, one thread: {seconds:.2f} s for {rows:,} rows, "
            f"{calls / seconds / 1e6:.1f} M genotypes a second"
        )
        sites = texts.write(folder / "s.vcf.gz", texts.sites_text(100 * asked.rows), "vcf")
        dataset = gidx.open(sites)
        for n in (1, asked.tasks):
            frame = dataset.to_dask(columns=["start"], npartitions=n)
            _, seconds = taken(lambda f=frame: f.start.sum().compute(scheduler="sync"))
            print(f"Dask, {frame.npartitions} tasks one after the other: {seconds:.2f} s")
        if asked.spark:
            spark(sites, asked.tasks, asked.rounds, folder)


def spark(sites: Path, tasks: int, rounds: int, folder: Path) -> None:
    """The same by Spark on two threads, and its own writer of Parquet beside ours."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[2]").getOrCreate()
    session.dataSource.register(gidx.spark.GidxDataSource)
    for n in (1, tasks) * rounds:  # the first start its workers
        options = {"columns": "start", "partitions": n}
        frame = session.read.format("gidx").options(**options).load(str(sites))
        _, seconds = taken(frame.count, time.perf_counter)
        print(f"Spark, {frame.rdd.getNumPartitions()} tasks on two threads: {seconds:.2f} s")
    frame = session.read.format("gidx").option("partitions", 8).load(str(sites))
    for kind in ("gidx", "parquet") * rounds:
        out = str(folder / f"{kind}.parquet")
        write = frame.write.format(kind).mode("overwrite")
        _, seconds = taken(lambda w=write, o=out: w.save(o), time.perf_counter)
        print(f"Spark, rows to Parquet by {kind}'s writer: {seconds:.2f} s")


if __name__ == "__main__":
    main()
