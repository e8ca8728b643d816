"""Accidents, on purpose: interrupts, kills, writers side by side, readers meanwhile.

Each is a function that makes its accident so often, from a seed, and returns how often what
came of it. What may not come of it raises AssertionError. `run.py` is the command.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gidx
from gidx.check import check
from gidx.ground import pool

SIZES = {"chr1": 2 * 10**8}
KINDS = ("bed", "vcf", "gff", "tsv", "bigbed", "bigwig", "parquet", "bgzf", "intervals")
TEXTS = ("bed", "vcf", "gff", "tsv")
OPENED = KINDS[:-2]  # by gidx.open


def frame(rows: int, seed: int = 1) -> pd.DataFrame:
    """Rows that all bear the name of their writer."""
    rng = np.random.default_rng(seed)
    start = np.cumsum(rng.integers(2, 18 * 10**7 // rows, rows))
    return pd.DataFrame({
        "chrom": "chr1", "start": start, "end": start + rng.integers(1, 1000, rows),
        "name": [f"w{seed}"] * rows, "score": seed % 1000,
    })  # fmt: skip


def write(kind: str, data: pd.DataFrame, folder: Path, name: str = "a") -> str:
    """Write one of all formats; its path."""
    path = str(folder / name)
    if kind == "bed":
        path += ".bed.gz"
        gidx.write_bed(data, path, level=0)  # stored blocks: another one's fit as well
    elif kind == "vcf":
        path += ".vcf.gz"
        own = data.drop(columns=["end", "score"]).rename(columns={"name": "id"})
        gidx.write_vcf(own.assign(ref="A", alt="C"), path)
    elif kind == "gff":
        path += ".gff3.gz"
        own = data.drop(columns="score").rename(columns={"name": "ID"})
        gidx.write_gff(own.assign(source="x", type="y"), path)
    elif kind == "tsv":
        path += ".tsv.gz"
        gidx.write_tabix(data, path)
    elif kind == "bigbed":
        path += ".bb"
        gidx.write_bigbed(data, path, SIZES)
    elif kind == "bigwig":
        path += ".bw"
        own = data[["chrom", "start", "end"]].assign(value=data["score"].astype("float32"))
        own["end"] = own["start"] + 1
        gidx.write_bigwig(own, path, SIZES)
    elif kind == "parquet":
        source = write("bigbed", data, folder, name)
        path += ".parquet"
        gidx.to_parquet(source, path)
    elif kind == "bgzf":
        path += ".txt.gz"
        with gidx.bgzf.open(path, "w", gzi=True, level=0) as file:
            file.write(b"".join(b"%s\n" % name.encode() for name in data["name"]))
    else:
        path += ".index"
        table = data[["chrom", "start", "end"]].assign(value=data["score"])
        gidx.IntervalIndex.from_arrow(table).write(path)
    return path


def names_in(path: str, region: str | None) -> list[str]:
    """Who wrote each row of a file."""
    if path.endswith(".index"):
        values = gidx.IntervalIndex.read(path).to_arrow()["value"]
        return [f"w{value}" for value in values.to_pylist()]
    if path.endswith(".txt.gz"):
        with gidx.bgzf.open(path) as file:
            file.seek_uncompressed(file.gzi.blocks[-1, 1].item())  # by the GZI, and then back
            file.seek(0)
            return file.read().decode().split()
    table = gidx.open(path).to_table(region)
    column = next(c for c in ("name", "id", "ID", "value") if c in table.column_names)
    found: list[Any] = table[column].to_pylist()
    return [f"w{one:.0f}" if isinstance(one, float) else str(_first(one)) for one in found]


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) else value


# ── interrupts ──────────────────────────────────────────────────────────────────────────────────


def _jobs(folder: Path, rows: int, tall: int) -> dict[str, Callable[[], object]]:
    data = frame(rows)
    there = {kind: write(kind, data, folder) for kind in KINDS}
    made = folder / "made"
    made.mkdir()
    region = "chr1:1-50,000,000"
    jobs: dict[str, Callable[[], object]] = {}
    for kind, path in there.items():
        jobs[f"{kind}, written"] = lambda k=kind: write(k, data, made)
        if kind not in OPENED:
            jobs[f"{kind}, read"] = lambda p=path: names_in(p, None)
            continue
        jobs[f"{kind}, a region"] = lambda p=path: gidx.open(p).to_table(region)
        jobs[f"{kind}, counted"] = lambda p=path: gidx.open(p).count_rows(region)
        jobs[f"{kind}, whole, two threads"] = lambda p=path: gidx.open(p).to_table(threads=2)
    jobs["index built"] = lambda: gidx.build_index(there["bed"], str(made / "x.tbi"))
    jobs["summary"] = lambda: gidx.open(there["bigbed"]).summary(region, bins=100, exact=True)
    jobs["checked"] = lambda: check(there["bed"])
    rng = np.random.default_rng(1)
    start = rng.integers(0, 10**8, tall)
    chrom = pd.Categorical.from_codes(rng.integers(0, 3, tall), ["chr1", "chr2", "chr3"])
    long = pd.DataFrame({"chrom": chrom, "start": start, "end": start + 50, "score": 1.0})
    for verb in ("sort", "validate", "pileup", "canonical"):
        jobs[f"{tall:,} rows, {verb}"] = lambda v=verb: getattr(long.gidx, v)()
    for verb in ("nearest", "join", "count", "coverage", "overlaps", "query"):
        jobs[f"{tall:,} rows, {verb}"] = lambda v=verb: getattr(long.gidx, v)(data)
    return jobs


def interrupts(
    folder: Path, tries: int, seed: int, rows: int = 60_000, tall: int = 10_000_000
) -> Counter[str]:
    """Interrupt reading and writing at random moments: KeyboardInterrupt, and nothing is left."""
    rng = random.Random(seed)
    jobs = _jobs(folder, rows, tall)
    took = {name: _seconds(job) for name, job in jobs.items()}
    found: Counter[str] = Counter()
    lates = []
    for _, name in zip(range(tries), itertools.cycle(jobs), strict=False):
        came, late = _interrupted(jobs[name], rng.uniform(0, took[name]))
        assert came in ("KeyboardInterrupt", "done"), f"{name}: {came}"
        begin = time.monotonic()
        while pool.under_way() and time.monotonic() < begin + 5:
            time.sleep(0.001)
        assert not pool.under_way(), f"{name}: a call is still under way"
        left = [f for f in os.listdir(folder / "made") if f.endswith((".part", ".lock"))]
        assert not left, f"{name}: {left}"
        found[came] += 1
        if came == "KeyboardInterrupt":
            lates.append(round(1000 * late))
            found["ms until all ended, at most"] = max(
                found["ms until all ended, at most"],
                round(1000 * (late + time.monotonic() - begin)),
            )
            if lates[-1] > 200:
                found[f"({name}: {lates[-1]} ms)"] += 1
    if lates:
        found["ms at most"], found["ms mostly"] = max(lates), round(statistics.median(lates))
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
    try:
        signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6))
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


def _processes() -> Any:
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["gidx", "pandas", "pyarrow"])  # else each takes a second
    return server


def _write_once(kind: str, folder: Path, seed: int, rows: int, ready: Any) -> None:
    warnings.simplefilter("ignore")
    data = frame(rows, seed)
    with tempfile.TemporaryDirectory() as other:  # what is imported late is there then
        write(kind, data.head(10), Path(other))
    ready.set()
    write(kind, data, folder)


def kills(
    folder: Path, tries: int, seed: int, rows: int = 60_000, kinds: Sequence[str] = KINDS
) -> Counter[str]:
    """Kill writers at random moments: the old file or the new one, whole, and no litter stays."""
    rng, processes = random.Random(seed), _processes()
    found: Counter[str] = Counter()
    for kind in kinds:
        begin = time.perf_counter()
        path = write(kind, frame(rows, 1), folder)
        took = time.perf_counter() - begin
        for number in range(2, tries + 2):
            ready = processes.Event()
            writer = processes.Process(target=_write_once, args=(kind, folder, number, rows, ready))
            writer.start()
            ready.wait()
            time.sleep(rng.uniform(0, 1.5 * took))
            writer.kill()
            writer.join()
            index = any(os.path.exists(path + s) for s in (".tbi", ".csi", ".gzi"))
            names = names_in(path, "chr1" if index or kind not in TEXTS else None)
            assert len(names) == rows, f"{kind}: {len(names)} rows of {rows}"
            assert len(set(names)) == 1, f"{kind}: mixed, {set(names)}"
            assert names[0] in (f"w{number}", "w1"), f"{kind}: {names[0]}"
            found[f"{kind}: {'new' if names[0] == f'w{number}' else 'old'}"] += 1
            if kind in (*TEXTS, "bgzf") and not index:
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
    processes = _processes()
    stop = processes.Event()
    both = []
    for own in (100 * seed, 100 * seed + 10):
        asked = kind, folder, own, rows, stop, times
        both.append(processes.Process(target=_write_often, args=asked))
    for one in both:
        one.start()
    return stop, both


def _begun(kind: str, folder: Path, seed: int, rows: int) -> tuple[Path, str]:
    """A folder for a kind of files, and the first of them in it."""
    own = folder / kind
    own.mkdir()
    return own, write(kind, frame(rows, 100 * seed), own)


def writers(
    folder: Path, tries: int, seed: int, rows: int = 3_000, kinds: Sequence[str] = KINDS
) -> Counter[str]:
    """Two write the same path at once, again and again: the file is that of one of them."""
    found: Counter[str] = Counter()
    for kind in kinds:
        own, path = _begun(kind, folder, seed, rows)
        rounds = 1 if tries < 100 else 2
        for _ in range(rounds):
            _, both = _two_writers(kind, own, seed, rows, tries // rounds)
            for one in both:
                one.join()
                assert one.exitcode == 0, f"{kind}: a writer failed"
            _whole(kind, names_in(path, "chr1"), rows)
            found[kind] += 2 * (tries // rounds)
            left = [f for f in os.listdir(own) if f.startswith(".")]
            assert not left, f"{kind}: {left}"
    return found


def readers(
    folder: Path, tries: int, seed: int, rows: int = 3_000, kinds: Sequence[str] = KINDS
) -> Counter[str]:
    """Open and ask while two writers replace data and index: rows of one writer, all of them."""
    found: Counter[str] = Counter()
    for kind in kinds:
        own, path = _begun(kind, folder, seed, rows)
        stop, both = _two_writers(kind, own, seed, rows, 10**9)
        try:
            for _ in range(tries):
                try:
                    names = names_in(path, "chr1")
                except gidx.errors.ChangedError:
                    found[f"{kind}: said to be changing"] += 1
                    continue
                _whole(kind, names, rows)
                found[f"{kind}: right"] += 1
        finally:
            stop.set()
            for one in both:
                one.join()
        assert [one.exitcode for one in both] == [0, 0], f"{kind}: a writer failed"
    return found


def _whole(kind: str, names: list[str], rows: int) -> None:
    """Raise AssertionError unless these are all rows of one of `_two_writers`."""
    assert len(set(names)) == 1, f"{kind}: mixed, {set(names)}"
    expected = rows + 100 * (int(names[0][1:]) % 10)
    assert len(names) == expected, f"{kind}: {len(names)} rows of {expected}"
