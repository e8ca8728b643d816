"""Work on a few threads: in order, bounded, and nothing of it left over."""

import gc
import threading
from contextlib import closing

import pytest

from gidx.ground import pool
from gidx.ground.pool import AHEAD, in_order


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_calls(threads):
    assert list(in_order((lambda i=i: i for i in range(50)), threads)) == list(range(50))


def test_as_many_calls_run_at_the_same_time_as_there_are_threads():
    together = threading.Barrier(3, timeout=30)
    assert sorted(in_order([together.wait] * 9, 3)) == sorted([0, 1, 2] * 3)
    running: list[int] = []
    most: list[int] = []

    def call():
        running.append(1)
        most.append(len(running))
        threading.Event().wait(0.001)
        running.pop()

    list(in_order([call] * 30, 2))
    assert max(most) <= 2


def test_few_calls_are_begun_ahead_of_the_result_that_is_taken():
    begun = []
    with closing(in_order((lambda i=i: begun.append(i) for i in range(100)), 2)) as results:
        next(results)
    assert len(begun) <= 2 + AHEAD + 1


def test_a_thread_goes_on_with_what_waits():
    waiting, here = threading.Event(), threading.local()
    is_first: dict[int, bool] = {}

    def call(i):
        is_first[i] = not hasattr(here, "before")
        here.before = True
        waiting.wait(30)

    def calls():
        for i in range(20):
            if i == 3:  # two are under way, and one waits for a thread
                while len(is_first) < 2:
                    threading.Event().wait(0.001)
                waiting.set()
            yield lambda i=i: call(i)

    list(in_order(calls(), 2))
    assert [is_first[i] for i in range(3)] == [True, True, False]


def test_a_thread_that_cannot_be_begun_is_an_error_and_nothing_waits(monkeypatch):
    def full(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(pool._thread, "start_new_thread", full)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        list(in_order([lambda: 1, lambda: 2], 2))
    assert not pool.under_way()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_comes_where_its_result_would_be(error):
    def fail():
        raise error("this one")

    found = []
    with pytest.raises(error, match="this one"):
        found += in_order([lambda: 1, lambda: 2, fail, lambda: 4], 2)
    results = in_order([lambda: 1, fail, lambda: 4], 2)
    assert next(results) == 1
    with pytest.raises(error):
        next(results)
    assert not pool.under_way()


def test_what_is_closed_waits_for_what_has_begun():
    ended = []

    def slow():
        threading.Event().wait(0.05)
        ended.append(1)

    results = in_order([lambda: 1, slow, slow, slow, slow, slow], 2)
    next(results)
    results.close()
    assert not pool.under_way()
    assert len(ended) <= 2


def test_an_interrupt_does_not_wait_for_a_call_that_takes_long():
    stop = threading.Event()

    def scan():
        with closing(in_order([lambda: 1, stop.wait, stop.wait], 2)) as results:
            next(results)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan()  # would never end
    stop.set()
    while pool.under_way():
        threading.Event().wait(0.001)


def test_a_generator_that_the_garbage_collector_finds_in_its_own_thread_ends():
    begun, collected = threading.Event(), threading.Event()

    def collect():
        begun.set()
        gone.wait(30)
        gc.collect()
        collected.set()

    gone = threading.Event()
    results = in_order([lambda: 1, collect, collect], 2)
    assert next(results) == 1
    circle = [results]
    circle.append(circle)
    begun.wait(30)
    gc.disable()
    del results, circle
    gone.set()
    assert collected.wait(30)
    gc.enable()
