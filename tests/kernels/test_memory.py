"""Memory that is kept for the next columns: never two owners, never more than is said."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa

import gidx
from gidx.kernels.memory import keeps, kept

MOST = 32 << 20
ROWS = 20_000


def test_columns_that_live_are_nobody_elses():
    texts = ["".join(f"c\t{s}\t{s + k + 1}\tn{s}x{k}\n" for s in range(ROWS)) for k in range(3)]
    files = [gidx.open(text.encode()) for text in texts]
    expected = [file.to_table().to_pydict() for file in files]
    alive: list[tuple[int, pa.Table]] = []
    wrong: list[int] = []

    def read(seed: int) -> None:
        r = np.random.default_rng(seed)
        for _ in range(8):
            k = int(r.integers(3))
            alive.append((k, files[k].to_table(threads=1)))
            if len(alive) > 4:  # let go on whichever thread comes here
                old, table = alive.pop(0)
                if table.to_pydict() != expected[old]:
                    wrong.append(old)

    workers = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert all(table.to_pydict() == expected[k] for k, table in alive)
    alive.clear()
    assert kept() <= MOST


def test_no_more_is_kept_than_is_said():
    text = "".join(f"c\t{s}\t{s + 1}\t{'n' * 90}\n" for s in range(ROWS)).encode()
    tables = [gidx.open(text).to_table() for _ in range(36)]  # 2 MB of names each, and the rest
    assert sum(table.nbytes for table in tables) > 2 * MOST
    tables.clear()
    assert kept() <= MOST
    assert (kept() > 0) == keeps()
