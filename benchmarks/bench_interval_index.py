"""bx interval indexes: building, writing and finding beside bx-python, in one run.

    python benchmarks/bench_interval_index.py            # needs: pip install 'gidx[bench]'
    python benchmarks/bench_interval_index.py --rows 20000 --rounds 1

Makes its own data, checks that the answers are equal, then times in turn.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import data
import numpy as np
import pandas as pd
import pyarrow as pa
from bx.interval_index_file import Indexes
from race import race

import gidx

Rows = list[tuple[str, int, int, int]]


def intervals(count: int, seed: int = 5) -> pd.DataFrame:
    """Alignment blocks over 22 chroms, in the order of the file that they point into."""
    rng = np.random.default_rng(seed)
    chroms = rng.integers(0, len(data.CHROMSIZES), count)
    sizes = np.array(list(data.CHROMSIZES.values()))[chroms]
    start = rng.integers(0, sizes - 50_000)
    length = np.minimum(rng.exponential(300, count).astype(np.int64) + 1, 50_000)
    names = pd.Categorical.from_codes(chroms, list(data.CHROMSIZES))
    offset = np.cumsum(rng.integers(50, 5_000, count))
    return pd.DataFrame({"chrom": names, "start": start, "end": start + length, "value": offset})


def rows_of(frame: pd.DataFrame) -> Rows:
    return list(zip(*(frame[c].tolist() for c in frame.columns), strict=True))


def build_theirs(rows: Rows, path: Path) -> None:
    index = Indexes()
    for row in rows:
        index.add(*row)
    with path.open("wb") as file:
        index.write(file)


def build_one_by_one(rows: Rows, path: Path) -> None:
    index = gidx.IntervalIndex()
    for row in rows:
        index.add(*row)
    index.write(path)


def building(frame: pd.DataFrame, folder: Path, rounds: int) -> Path:
    rows, table = rows_of(frame), pa.Table.from_pandas(frame, preserve_index=False)
    ours, theirs = folder / "ours.index", folder / "theirs.index"
    build_theirs(rows, theirs)
    for build in (
        lambda: gidx.IntervalIndex.from_arrow(table).write(ours),
        lambda: build_one_by_one(rows, ours),
    ):
        build()
        assert ours.read_bytes() == theirs.read_bytes()
    contenders = {
        "gidx, from an Arrow Table": lambda: gidx.IntervalIndex.from_arrow(table).write(ours),
        "gidx, from a DataFrame": lambda: gidx.IntervalIndex.from_arrow(frame).write(ours),
        "gidx, added one by one": lambda: build_one_by_one(rows, ours),
        "bx-python, added one by one": lambda: build_theirs(rows, theirs),
    }
    race(f"building and writing, {len(rows):,} intervals", contenders, rounds)
    return theirs


def finding(path: Path, count: int, rounds: int) -> None:
    asked = data.regions(count, width=1_000)
    frame = pd.DataFrame(asked, columns=["chrom", "start", "end"])
    table = pa.Table.from_pandas(frame)
    ours, theirs = gidx.IntervalIndex.read(path), Indexes(str(path))
    found = ours.find(frame)
    expected = [(i, *hit) for i, query in enumerate(asked) for hit in theirs.find(*query)]
    columns = (found[c].to_pylist() for c in ("query", "start", "end", "value"))
    assert list(zip(*columns, strict=True)) == expected
    assert [ours.find(*query) for query in asked[:1000]] == [theirs.find(*q) for q in asked[:1000]]
    contenders = {
        "gidx, a DataFrame of queries": lambda: ours.find(frame),
        "gidx, an Arrow Table of queries": lambda: ours.find(table),
        "gidx, a loop": lambda: [ours.find(*query) for query in asked],
        "bx-python, a loop": lambda: [theirs.find(*query) for query in asked],
    }
    race(f"{count:,} queries of an open index, {len(expected):,} hits", contenders, rounds)
    contenders = {
        "gidx, a DataFrame of queries": lambda: gidx.IntervalIndex.read(path).find(frame),
        "bx-python, a loop": lambda: list(map(Indexes(str(path)).find, *zip(*asked, strict=True))),
    }
    race(f"opening it, and {count:,} queries", contenders, max(1, rounds // 2))
    one = asked[0]
    contenders = {
        "gidx": lambda: gidx.IntervalIndex.read(path).find(*one),
        "bx-python": lambda: Indexes(str(path)).find(*one),
    }
    race(f"opening {path.stat().st_size / 1e6:.0f} MB, and one query", contenders, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="intervals")
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = building(intervals(asked.rows), Path(name), asked.rounds)
        finding(path, asked.queries, asked.rounds)


if __name__ == "__main__":
    main()
