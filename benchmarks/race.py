"""Contenders timed in turn, in one process: A B C, A B C, …

Machines are noisy, so figures are medians over rounds in which every contender ran
once, and ratios are taken round by round against the subject.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import gidx
from gidx.ground.pool import in_order, thread_count
from gidx.scan import format_of

Contender = Callable[[], Any]


def peer(name: str) -> ModuleType | None:
    """A module; None, and a word about it, where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out")
        return None


def race(title: str, contenders: Mapping[str, Contender], rounds: int = 5) -> dict[str, float]:
    """Time the contenders and print a table; the first one is the subject.

    Returns the median ratio of each to the subject. Every contender runs once
    before, untimed.
    """
    for contender in contenders.values():
        contender()
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            gc.collect()
            begin = time.perf_counter()
            contender()
            times[name].append(time.perf_counter() - begin)
    subject = next(iter(contenders))
    print(f"\n{title}")
    ratios = {}
    for name, taken in times.items():
        ratio = statistics.median(t / s for t, s in zip(taken, times[subject], strict=True))
        ratios[name] = ratio
        print(
            f"  {name:<34} {_seconds(statistics.median(taken)):>10}  "
            f"({_seconds(min(taken))} to {_seconds(max(taken))})   {ratio:6.2f} x"
        )
    return ratios


def inflating(path: str) -> None:
    """Read and inflate a whole file, and nothing more, on as many threads as a scan has.

    What a reader of these files that inflates with libdeflate cannot be below.
    """
    file = format_of(gidx.open(path))
    groups = file.groups(file.plan(None))
    tasks = ((lambda group=group: file.fetch(group)) for group in groups)
    for _ in in_order(tasks, thread_count(None)):
        pass


def _seconds(value: float) -> str:
    if value >= 0.1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} us"
