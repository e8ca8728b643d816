"""Work on a few threads, its results in order, a bounded amount of it ahead.

Why not concurrent.futures: an interrupt (Ctrl-C) that comes while the main thread is in one
of its locks, which are Python, leaves the lock taken for ever. One in 200 interrupts of a
scan ended with the main thread waiting for workers, and these for the lock. Here all that
waits is C: `SimpleQueue` and `_thread`, which an interrupt leaves whole. And no thread waits
for more work: it makes one call after the other while there are some, and ends, so none is left
over, wherever an interrupt comes. A call takes some milliseconds. To begin a thread for each
took so long that two threads read a BED in 0.7 of the time of one; now it is 0.53.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from gidx.errors import whole
from gidx.ground.tuning import tuning

T = TypeVar("T")

# Calls that wait beside those under way: enough to keep every thread busy while the
# caller takes a result, and a bound on memory (a call's result is some MB).
AHEAD = 2
# Seconds that an interrupt waits for calls under way; what takes longer (a server that does
# not answer) ends by itself, and nobody takes its result.
PATIENCE = 0.1
_AT_EXIT = 5.0  # seconds; a thread that Python ends within Arrow's code may abort the process

_under_way: set[Job[Any]] = set()
_leaving = threading.Event()


class Job(Generic[T]):
    """One call of a `Pool`."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call: Callable[[], T] | None = call
        self._over = False
        self._thread = 0
        self._ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run(self) -> None:
        """Make the call, unless it was dropped."""
        ended: tuple[T | None, BaseException | None] = None, None
        self._thread = _thread.get_ident()
        call, self._call = self._call, None
        try:
            if call is not None:
                ended = call(), None
        except BaseException as error:  # it belongs to who asks for the result
            ended = None, error
        _under_way.discard(self)
        self._over = True
        self._ended.put(ended)

    def done(self) -> bool:
        """Whether the call has ended."""
        return self._over

    def result(self) -> T:
        """What the call gave, or its error raised; once, and not of a job that was dropped."""
        found, error = self._ended.get()
        if error is not None:
            try:
                raise error
            finally:
                del error  # else a cycle: the error has this frame
        return found  # type: ignore[return-value]  # what the call gave, None too

    def drop(self) -> None:
        """Nobody wants the result: where the call has not begun, it never does."""
        self._call = None

    def wait(self, seconds: float | None) -> None:
        """Until the call is at its end, or so long."""
        # Over: the result may have been taken. One's own thread: the garbage collector may
        # find a generator that nobody closed in any thread, also in one that works for it.
        if not self._over and self._thread != _thread.get_ident():
            with suppress(Empty):
                self._ended.get(timeout=seconds)


class Pool:
    """So many calls at the same time, begun in their order."""

    def __init__(self, threads: int) -> None:
        self._pending: deque[Job[Any]] = deque()
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(threads):
            self._free.put(None)

    def start(self, call: Callable[[], T]) -> Job[T]:
        """Begin a call, or let it wait for its turn."""
        job = Job(call)
        if _leaving.is_set():  # Python ends, and begins no thread any more
            job.run()
            return job
        _under_way.add(job)
        self._pending.append(job)
        is_free = False
        try:
            is_free = self._free.get_nowait() is None
            _thread.start_new_thread(self._work, ())
        except Empty:
            pass  # as many as may are at work: who ends first looks what waits
        except BaseException:
            job.drop()
            _under_way.discard(job)
            if is_free:
                self._free.put(None)
            raise
        return job

    def _work(self) -> None:
        while True:
            with suppress(IndexError):
                while True:
                    self._pending.popleft().run()
            # Given back before it is looked once more: a job that came in between found no
            # thread free, and nobody else would take it.
            self._free.put(None)
            if not self._pending:
                return
            try:
                self._free.get_nowait()
            except Empty:
                return

    def drop(self, jobs: Iterable[Job[Any]]) -> None:
        """End the last jobs, whose results nobody takes.

        What has not begun never does; the rest is waited for, behind an interrupt only for a
        moment.
        """
        jobs = list(jobs)
        for job in jobs:
            job.drop()
        with suppress(IndexError):
            while True:
                self._pending.popleft().run()  # to its end, which nothing else comes before
        is_interrupt = _is_interrupt(sys.exc_info()[1])
        until = time.monotonic() + PATIENCE
        for job in jobs:
            job.wait(max(until - time.monotonic(), 0) if is_interrupt else None)


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether it is an interrupt for which work ends, maybe by way of closing generators."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False


def under_way() -> int:
    """How many calls have not ended."""
    return len(_under_way)


@atexit.register
def _leave() -> None:
    """Let all that has begun come to its end; nothing begins on a thread behind this."""
    _leaving.set()
    until = time.monotonic() + _AT_EXIT
    while _under_way and time.monotonic() < until:
        time.sleep(0.001)


if hasattr(os, "register_at_fork"):  # threads stay behind in the parent
    os.register_at_fork(after_in_child=_under_way.clear)


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
    pool = Pool(threads)
    ahead: deque[Job[T]] = deque()
    try:
        for call in calls:
            ahead.append(pool.start(call))
            if len(ahead) == threads + AHEAD:
                yield first_of(ahead)
        while ahead:
            yield first_of(ahead)
    finally:
        pool.drop(ahead)


def first_of(ahead: deque[Job[T]]) -> T:
    """The first result; until it is there its job is among those to drop."""
    found = ahead[0].result()
    ahead.popleft()
    return found


_MOST = 1024  # threads that are worth having, whatever is asked: each waits in a queue


def thread_count(asked: int | None, most: int | None = None) -> int:
    """How many threads to use: as asked, or as many as this process may; ``most`` at most."""
    if asked is not None:
        asked = min(whole("threads", asked, 1), _MOST)
    if most is not None and most <= 1:
        return 1
    asked = tuning.threads if asked is None else asked
    if asked is None:
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
        asked = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, asked if most is None else min(asked, most))
