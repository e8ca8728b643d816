"""The benchmarks still run, and their answers are equal; how fast they are is no test."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_the_bigbed_benchmark_runs_and_finds_equal_answers():
    few = ["--rows", "2000", "--rounds", "1", "--regions", "20"]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "bench_bigbed.py"), *few],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for title in ("whole file, bed6", "whole file, bed12+4", "20 regions", "writing bed6"):
        assert title in done.stdout


def test_the_tabix_benchmark_runs_and_finds_equal_answers():
    few = ["--rows", "2000", "--rounds", "1", "--regions", "20"]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "bench_tabix.py"), *few],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for title in ("BED6", "7 INFO fields", "100 samples", "GFF3", "20 regions", "with its index"):
        assert title in done.stdout
