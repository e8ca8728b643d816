"""Start-up: what `import gidx` costs, and the first result of a process.

    python benchmarks/bench_start.py

Each figure is a process of its own.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import data
import texts

import gidx

IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
FIRST = """
import time
import pandas, pyarrow, gidx
begin = time.perf_counter()
rows = gidx.read_bigbed({path!r}, ("chr3", 1_000_000, 3_000_000))
print(time.perf_counter() - begin)
"""
WRITE = """
import time
import pandas, pyarrow, gidx
frame = gidx.read_bigbed({path!r}, columns=["chrom", "start", "end", "name", "score", "strand"])
begin = time.perf_counter()
gidx.write_bigbed(frame, {path!r} + ".out")
print(time.perf_counter() - begin)
"""
TEXT = """
import time
import pandas, pyarrow, gidx
begin = time.perf_counter()
rows = gidx.read({path!r}, ("chr3", 1_000_000, 3_000_000))
print(time.perf_counter() - begin)
"""
WRITE_BED = """
import time
import pandas, pyarrow, gidx
frame = gidx.read_bed({path!r})
begin = time.perf_counter()
gidx.write_bed(frame, {path!r} + ".out.bed.gz")
print(time.perf_counter() - begin)
"""


def run(code: str, times: int) -> float:
    taken = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
        )
        taken.append(float(done.stdout))
    return statistics.median(taken)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = str(Path(name) / "peaks.bb")
        gidx.write_bigbed(data.bed6(20_000), path, data.CHROMSIZES)
        for what in ("pandas, pyarrow", "pandas, pyarrow, gidx"):
            print(f"import {what:<32} {run(IMPORT.format(what), 7):.2f} s")
        folder = Path(name)
        bed = texts.write(folder / "peaks.bed.gz", texts.bed6_text(20_000), "bed")
        vcf = texts.write(folder / "sites.vcf.gz", texts.sites_text(20_000), "vcf")
        gff = texts.write(folder / "exons.gff3.gz", texts.gff_text(20_000), "gff")
        for title, code, file in (
            ("bigBed query", FIRST, path),
            ("bigBed write", WRITE, path),
            ("BED query", TEXT, bed),
            ("VCF query", TEXT, vcf),
            ("GFF query", TEXT, gff),
            ("BED write", WRITE_BED, bed),
        ):
            print(f"first {title:<14} {run(code.format(path=file), 7):.3f} s after the imports")


if __name__ == "__main__":
    main()
