"""Accidents, on purpose: interrupts, kills, writers side by side, readers meanwhile.

Each is a function that makes its accident so often, from a seed, and returns how often what
came of it. What may not come of it raises AssertionError. `run.py` is the command.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import gidx
from gidx.ground import pool

SIZES = {"chr1": 2 * 10**8}
KINDS = ("bed", "vcf", "gff", "bigbed", "parquet")
INDEXED = ("bed", "vcf", "gff")


def frame(rows: int, seed: int = 1) -> pd.DataFrame:
    """Rows that all bear the name of their writer."""
    rng = np.random.default_rng(seed)
    start = np.sort(rng.integers(0, 10**8, rows))
    return pd.DataFrame({
        "chrom": "chr1", "start": start, "end": start + rng.integers(1, 1000, rows),
        "name": [f"w{seed}"] * rows,
    })  # fmt: skip


def write(kind: str, data: pd.DataFrame, folder: Path, name: str = "a") -> str:
    """Write one of all formats; its path."""
    path = str(folder / name)
    if kind == "bed":
        path += ".bed.gz"
        gidx.write_bed(data, path, level=0)  # stored blocks: another one's fit as well
    elif kind == "vcf":
        path += ".vcf.gz"
        own = data.drop(columns="end").rename(columns={"name": "id"})
        gidx.write_vcf(own.assign(ref="A", alt="C"), path)
    elif kind == "gff":
        path += ".gff3.gz"
        gidx.write_gff(data.rename(columns={"name": "ID"}).assign(source="x", type="y"), path)
    elif kind == "bigbed":
        path += ".bb"
        gidx.write_bigbed(data, path, SIZES)
    else:
        source = write("bigbed", data, folder, name)
        path += ".parquet"
        gidx.to_parquet(source, path)
    return path


def names_in(path: str, region: str | None) -> list[str]:
    """What rows of a file are called."""
    parquet = path.endswith(".parquet")
    table = pq.read_table(path) if parquet else gidx.open(path).to_table(region)
    column = next(c for c in ("name", "id", "ID") if c in table.column_names)
    found: list[str] = table[column].to_pylist()
    return [name[0] if isinstance(name, list) else name for name in found]


# ── interrupts ──────────────────────────────────────────────────────────────────────────────────


def _jobs(folder: Path, rows: int) -> dict[str, Callable[[], object]]:
    data = frame(rows)
    there = {kind: write(kind, data, folder) for kind in KINDS}
    made = folder / "made"
    made.mkdir()
    region = "chr1:1-50,000,000"
    jobs: dict[str, Callable[[], object]] = {}
    for kind, path in there.items():
        jobs[f"{kind}, written"] = lambda k=kind: write(k, data, made)
        if kind == "parquet":
            continue
        jobs[f"{kind}, a region"] = lambda p=path: gidx.open(p).to_table(region)
        jobs[f"{kind}, counted"] = lambda p=path: gidx.open(p).count_rows(region)
        jobs[f"{kind}, whole, two threads"] = lambda p=path: gidx.open(p).to_table(threads=2)
    jobs["index built"] = lambda: gidx.build_index(there["bed"], str(made / "x.tbi"))
    jobs["summary"] = lambda: gidx.open(there["bigbed"]).summary(region, bins=100, exact=True)
    return jobs


def interrupts(folder: Path, tries: int, seed: int, rows: int = 60_000) -> Counter[str]:
    """Interrupt reading and writing at random moments: KeyboardInterrupt, and nothing is left."""
    rng = random.Random(seed)
    jobs = _jobs(folder, rows)
    took = {name: _seconds(job) for name, job in jobs.items()}
    found: Counter[str] = Counter()
    for _ in range(tries):
        name = rng.choice(list(jobs))
        came, late = _interrupted(jobs[name], rng.uniform(0, took[name]))
        assert came in ("KeyboardInterrupt", "done"), f"{name}: {came}"
        until = time.monotonic() + 5
        while pool.under_way() and time.monotonic() < until:
            time.sleep(0.001)
        assert not pool.under_way(), f"{name}: a call is still under way"
        left = [f for f in os.listdir(folder / "made") if f.endswith((".part", ".lock"))]
        assert not left, f"{name}: {left}"
        found[came] += 1
        if came == "KeyboardInterrupt":
            found["worst ms"] = max(found["worst ms"], round(1000 * late))
    return found


def _seconds(job: Callable[[], object]) -> float:
    job()
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def _interrupted(job: Callable[[], object], delay: float) -> tuple[str, float]:
    """What came of a job that is interrupted, and how long after the interrupt."""
    came, begin = "done", time.perf_counter()
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)  # as for Ctrl-C
    signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6))
    try:
        job()
        while signal.getitimer(signal.ITIMER_REAL)[0]:  # it may come behind the job's end
            time.sleep(0.001)
    except KeyboardInterrupt:
        came = "KeyboardInterrupt"
    except BaseException as error:
        came = f"{type(error).__name__}: {error}"
    signal.signal(signal.SIGALRM, before)
    return came, time.perf_counter() - begin - delay


# ── kills ───────────────────────────────────────────────────────────────────────────────────────


_WRITER = """
import sys, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
import accidents
kind, folder, seed, rows = sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
data = accidents.frame(rows, seed)
print("ready", flush=True)
accidents.write(kind, data, folder)
print("done", flush=True)
"""


def _writer(kind: str, folder: Path, seed: int, rows: int) -> subprocess.Popen[bytes]:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", _WRITER, here, kind, str(folder), str(seed), str(rows)]
    found = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert found.stdout is not None
    assert found.stdout.readline() == b"ready\n"
    return found


def kills(folder: Path, tries: int, seed: int, rows: int = 60_000) -> Counter[str]:
    """Kill writers at random moments: the old file or the new one, whole, and no litter stays."""
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    for kind in KINDS:
        begin = time.perf_counter()
        path = write(kind, frame(rows, 1), folder)
        took = time.perf_counter() - begin
        for number in range(2, tries + 2):
            with _writer(kind, folder, number, rows) as writer:
                time.sleep(rng.uniform(0, 3 * took))
                writer.kill()
            index = any(os.path.exists(path + s) for s in (".tbi", ".csi"))
            names = names_in(path, "chr1" if index else None)
            assert len(names) == rows, f"{kind}: {len(names)} rows of {rows}"
            assert len(set(names)) == 1, f"{kind}: mixed, {set(names)}"
            assert names[0] in (f"w{number}", "w1"), f"{kind}: {names[0]}"
            found[f"{kind}: {'new' if names[0] == f'w{number}' else 'old'}"] += 1
            if kind in INDEXED and not index:
                found[f"{kind}: without its index"] += 1
            write(kind, frame(rows, 1), folder)
            left = [f for f in os.listdir(folder) if f.startswith(".")]
            assert not left, f"{kind}: {left}"
    return found


# ── writers side by side, readers meanwhile ─────────────────────────────────────────────────────


def _write_often(kind: str, folder: Path, seed: int, rows: int, stop: Any, times: int) -> None:
    warnings.simplefilter("ignore")
    data = [frame(rows + 100 * i, seed + i) for i in range(2)]
    for i in range(times):
        if stop.is_set():
            return
        write(kind, data[i % 2], folder)


def _two_writers(kind: str, folder: Path, seed: int, rows: int, times: int) -> tuple[Any, Any]:
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    seeds = 100 * seed, 100 * seed + 10
    both = [
        spawn.Process(target=_write_often, args=(kind, folder, s, rows, stop, times)) for s in seeds
    ]
    for one in both:
        one.start()
    return stop, both


def writers(folder: Path, tries: int, seed: int, rows: int = 3_000) -> Counter[str]:
    """Two write the same path at once, again and again: the file is that of one of them."""
    found: Counter[str] = Counter()
    for kind in KINDS[:4]:
        own = folder / kind
        own.mkdir()
        rounds = 1 if tries < 100 else 2
        for _ in range(rounds):
            _, both = _two_writers(kind, own, seed, rows, tries // rounds)
            for one in both:
                one.join()
                assert one.exitcode == 0, f"{kind}: a writer failed"
            path = str(next(f for f in own.iterdir() if f.suffix in (".gz", ".bb")))
            names = names_in(path, "chr1")
            assert len(set(names)) == 1, f"{kind}: mixed, {set(names)}"
            assert len(names) == rows + 100 * (int(names[0][1:]) % 10), f"{kind}: {len(names)} rows"
            found[kind] += 2 * (tries // rounds)
            left = [f for f in os.listdir(own) if f.startswith(".")]
            assert not left, f"{kind}: {left}"
    return found


def readers(folder: Path, tries: int, seed: int, rows: int = 3_000) -> Counter[str]:
    """Open and ask while two writers replace data and index: rows of one writer, all of them."""
    found: Counter[str] = Counter()
    for kind in KINDS[:4]:
        own = folder / kind
        own.mkdir()
        path = write(kind, frame(rows, 100 * seed), own)
        stop, both = _two_writers(kind, own, seed, rows, 10**9)
        try:
            for _ in range(tries):
                try:
                    names = names_in(path, "chr1")
                except gidx.errors.ChangedError:
                    found[f"{kind}: said to be changing"] += 1
                    continue
                assert len(set(names)) == 1, f"{kind}: mixed, {set(names)}"
                expected = rows + 100 * (int(names[0][1:]) % 10)
                assert len(names) == expected, f"{kind}: {len(names)} rows of {expected}"
                found[f"{kind}: right"] += 1
        finally:
            stop.set()
            for one in both:
                one.join()
    return found
