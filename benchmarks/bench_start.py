"""Start-up: what `import gidx` costs, and the first result, cold and warm.

    python benchmarks/bench_start.py

Each figure is a process of its own. Cold: no kernel has been compiled (an empty
cache folder). Warm: they are on disk.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import data

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


def run(code: str, cache: str, times: int) -> float:
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    taken = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
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
        cache = str(Path(name) / "cache")
        for what in ("pandas, pyarrow", "pandas, pyarrow, gidx", "pandas, pyarrow, gidx, numba"):
            print(f"import {what:<32} {run(IMPORT.format(what), cache, 7):.2f} s")
        for title, code in (("query", FIRST), ("write", WRITE)):
            process = code.format(path=path)
            print(f"first {title}, cold{'':<21} {run(process, cache, 1):.2f} s after the imports")
            print(f"first {title}, warm{'':<21} {run(process, cache, 7):.2f} s after the imports")


if __name__ == "__main__":
    main()
