"""The benchmarks still run, and their answers are equal; how fast they are is no test."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("name", "asked", "titles"),
    [
        (
            "bench_bigbed.py",
            ["--regions", "20"],
            ["whole file, bed6", "whole file, bed12+4", "20 regions", "writing bed6"],
        ),
        (
            "bench_bigwig.py",
            ["--regions", "20"],
            ["whole file", "20 regions x 100 bins", "one by one", "writing 2,000 rows"],
        ),
        (
            "bench_tabix.py",
            ["--regions", "20"],
            ["BED6", "7 INFO fields", "100 samples", "GFF3", "20 regions", "with its index"],
        ),
        (
            "bench_frame.py",
            ["--regions", "20"],
            ["one region", "overlap 20 regions", "counted on 1,000", "join", "nearest"],
        ),
        (
            "bench_interval_index.py",
            ["--queries", "1000"],
            ["building and writing", "queries of an open index", "and one query"],
        ),
        (
            "bench_parquet.py",
            ["--samples", "10"],
            ["bigBed (bed6) to Parquet", "VCF sites to Parquet", "VCF of 10 samples to Parquet"],
        ),
        # it has a hundred sites for each row
        (
            "bench_scale.py",
            ["--samples", "5", "--rows", "200"],
            ["300 GiB", "genotypes a second", "Dask"],
        ),
        ("bench_large.py", [], ["AutoSQL of many fields", "VCF header", "faults of every row"]),
    ],
)
def test_a_benchmark_runs_and_finds_equal_answers(name, asked, titles):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / name), "--rows", "2000", "--rounds", "1", *asked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for title in titles:
        assert title in done.stdout
