"""A soak: mixed questions, writes and errors for a while, after which nothing has piled up.

``python tests/reliability/run.py soak --minutes 20``. The process may have 1 GB (RLIMIT_DATA, where
there is one: what it asks for beyond fails). Memory, handles and threads are looked at
each few seconds; behind a warm-up, the first quarter, they stay as they are.
"""

from __future__ import annotations

import io
import os
import random
import resource
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import accidents
import corruption
import numpy as np

import gidx
from gidx.check import check
from gidx.ground import pool

LIMIT = 1 << 30  # bytes of memory
GROWTH = 1.05  # of memory, from the second quarter to the last: what a heap's fragments may be
ROWS = 50_000


@dataclass(frozen=True)
class Sample:
    """What a process has at one moment."""

    seconds: float
    memory: int
    handles: int
    threads: int


def sample(begin: float) -> Sample:
    """Of this process, as Linux says it, once no call is under way."""
    until = time.monotonic() + 1
    while pool.under_way() and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.02)  # for the threads to end that made the calls
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return Sample(
        time.monotonic() - begin,
        pages * resource.getpagesize(),
        len(os.listdir("/proc/self/fd")),
        len(os.listdir("/proc/self/task")),
    )


def jobs(folder: Path, rng: random.Random, rows: int = ROWS) -> dict[str, Callable[[], object]]:
    """What is done, in any order, again and again."""
    data = accidents.frame(rows)
    there = {kind: accidents.write(kind, data, folder) for kind in accidents.KINDS}
    made = folder / "made"
    made.mkdir()
    damaged = [case.data for case in corruption.cases() if case.name in DAMAGED]

    def regions(n: int) -> list[tuple[str, int, int]]:
        at = sorted(rng.randrange(10**8) for _ in range(n))
        return [("chr1", a, a + 100_000) for a in at]

    def damage() -> None:
        whole = rng.choice(damaged)
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with suppress(gidx.GidxError):
            gidx.open(bytes(data)).to_table()

    def left_off(path: str) -> None:
        batches = gidx.open(path).to_batches(batch_size=1_000, threads=2)
        next(iter(batches))

    def side_by_side() -> None:
        ds = gidx.open(rng.choice(texts))
        threads = [
            threading.Thread(target=lambda: ds.to_table(regions(3))) for _ in range(4)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    texts = [there[kind] for kind in accidents.TEXTS]
    files = [there[kind] for kind in accidents.OPENED]
    few = data.head(5_000)
    return {
        "a region": lambda: gidx.open(rng.choice(files)).to_table(regions(1)),
        "50 regions": lambda: gidx.open(rng.choice(files)).to_pandas(regions(50)),
        "a whole file": lambda: gidx.open(rng.choice(files)).to_table(threads=2),
        "rows counted": lambda: gidx.open(rng.choice(files)).count_rows(regions(3)),
        "a scan left off": lambda: left_off(rng.choice(files)),
        "four threads": side_by_side,
        "written": lambda: accidents.write(rng.choice(accidents.KINDS), data, made),
        "index built": lambda: gidx.build_index(there["bed"], str(made / "x.tbi")),
        "checked": lambda: check(rng.choice(files)),
        "summary": lambda: gidx.open(there["bigwig"]).summary(regions(1)[0], bins=50),
        "a frame joined": lambda: few.gidx.join(few.sample(500, random_state=1)),
        "nearest": lambda: few.gidx.nearest(few.sample(500, random_state=1)),
        "damaged": damage,
        "interval index": lambda: _interval_index(rng),
        "polars": lambda: gidx.open(rng.choice(files)).to_polars(regions(2)),
    }


DAMAGED = ("bigbed", "bigwig", "bed, bgzf", "vcf, text", "gff, gzip")


def _interval_index(rng: random.Random) -> None:
    index = gidx.IntervalIndex()
    for _ in range(2_000):
        start = rng.randrange(10**6)
        index.add("chr1", start, start + rng.randrange(1, 1_000), start, max=2 * 10**6)
    out = io.BytesIO()
    index.write(out)
    gidx.IntervalIndex.read(out.getvalue()).find("chr1", 0, 10_000)


def soak(folder: Path, minutes: float, seed: int) -> list[str]:
    """Work so long; what was found, as lines. AssertionError where something piles up."""
    limit_memory(LIMIT)
    rng = random.Random(seed)
    todo = jobs(folder, rng)
    done: Counter[str] = Counter()
    for name, job in todo.items():  # each once: what is loaded late is there
        job()
        done[name] += 1
    begin, seen = time.monotonic(), []
    seconds = 60 * minutes
    while (now := time.monotonic() - begin) < seconds:
        if not seen or now - seen[-1].seconds >= seconds / 400:
            seen.append(sample(begin))
        name = rng.choice(list(todo))
        todo[name]()
        done[name] += 1
    quarter = len(seen) // 4
    early, late = seen[quarter : 2 * quarter], seen[3 * quarter :]
    lines = [f"{sum(done.values()):,} jobs: " + ", ".join(f"{k} {v:,}" for k, v in done.items())]
    for what in ("memory", "handles", "threads"):
        one, other = ([getattr(s, what) for s in part] for part in (early, late))
        unit = 1 << 20 if what == "memory" else 1
        lines.append(
            f"{what}: second quarter {statistics.median(one) / unit:.0f} "
            f"(at most {max(one) / unit:.0f}), last {statistics.median(other) / unit:.0f} "
            f"(at most {max(other) / unit:.0f}), "
            f"most of all {max(getattr(s, what) for s in seen) / unit:.0f}"
        )
    for line in lines:
        print("  " + line, flush=True)
    assert max(s.memory for s in seen) < LIMIT, "more memory than the limit"
    more = np.median([s.memory for s in late]) / np.median([s.memory for s in early])
    assert more < GROWTH, f"memory grew by {more - 1:.1%}"
    for what in ("handles", "threads"):
        one, other = (statistics.median(getattr(s, what) for s in part) for part in (early, late))
        assert other <= one, f"{what}: {other} after {one}"
    return lines


def limit_memory(limit: int) -> None:
    """Let this process have so many bytes that it may write to."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
