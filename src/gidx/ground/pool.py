"""Work on a few threads, its results in order, a bounded amount of it ahead."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

# Calls that wait beside those under way: enough to keep every thread busy while the
# caller takes a result, and a bound on memory (a call's result is some MB).
AHEAD = 2


def in_order(calls: Iterable[Callable[[], T]], threads: int) -> Generator[T]:
    """Results in the order of the calls, of which few are under way at once.

    Close it when done with it: what has not begun is dropped then, what has is
    waited for. One thread: no pool, no work ahead.

    >>> list(in_order([lambda: 1, lambda: 2], threads=2))
    [1, 2]
    """
    if threads <= 1:
        for call in calls:
            yield call()
        return
    ahead: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads, "gidx") as pool:
        try:
            for call in calls:
                ahead.append(pool.submit(call))
                if len(ahead) == threads + AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def thread_count(asked: int | None, most: int | None = None) -> int:
    """How many threads to use: as asked, or as many as this process may; ``most`` at most."""
    if asked is not None and asked < 1:
        raise ValueError(f"threads is {asked}, expected 1 or more")
    if most is not None and most <= 1:
        return 1
    if asked is None:
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
        asked = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, asked if most is None else min(asked, most))
