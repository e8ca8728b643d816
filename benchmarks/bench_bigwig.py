"""bigWig: reading, signals by base and by bin, and writing beside the peers, in one run.

    python benchmarks/bench_bigwig.py            # needs: pip install 'gidx[bench]'
    python benchmarks/bench_bigwig.py --rows 20000 --rounds 1

Makes its own data, checks that the answers are equal, then times in turn. A peer
that is not installed is left out, and said.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from race import inflating, peer, race

import gidx

pyBigWig = peer("pyBigWig")  # noqa: N816
pybigtools = peer("pybigtools")
BINS, WIDTH = 100, 2000


def signal(rows: int) -> pd.DataFrame:
    """A signal as ChIP-seq pileups have it: runs of 1 to 60 bases, values of two decimals."""
    r = np.random.default_rng(1)
    length, gap = r.integers(1, 60, rows), r.integers(0, 5, rows)
    end = np.cumsum(length + gap)
    value = np.round(r.gamma(2, 2, rows), 2)
    return pd.DataFrame({"chrom": "chr1", "start": end - length, "end": end, "value": value})


def by_pybigwig(frame: pd.DataFrame, path: str, size: int) -> None:
    file = pyBigWig.open(path, "w")
    file.addHeader([("chr1", size)])
    start, end, value = (frame[n].to_numpy() for n in ("start", "end", "value"))
    file.addEntries(["chr1"] * len(frame), start, ends=end, values=value)
    file.close()


def by_pybigtools(rows: list[tuple[str, int, int, float]], path: str, size: int) -> None:
    pybigtools.open(path, "w").write({"chr1": size}, iter(rows))


def read_pybigwig(path: str) -> list[tuple[int, int, float]]:
    with pyBigWig.open(path) as file:
        return list(file.intervals("chr1"))


def read_pybigtools(path: str) -> list[tuple[int, int, float]]:
    with pybigtools.open(path) as file:
        return list(file.records("chr1"))


def reading(path: str, rounds: int) -> None:
    table = gidx.open(path).to_table()
    columns = [table[n].to_pylist() for n in ("start", "end", "value")]
    contenders: dict[str, Any] = {
        "gidx to Arrow": lambda: gidx.open(path).to_table(),
        "gidx to Arrow, 1 thread": lambda: gidx.open(path).to_table(threads=1),
        "inflating alone": lambda: inflating(path),
    }
    for name, module, read in (("pyBigWig intervals", pyBigWig, read_pybigwig),
                               ("pybigtools records", pybigtools, read_pybigtools)):  # fmt: skip
        if module:
            assert read(path) == list(zip(*columns, strict=True))
            contenders[name] = lambda read=read: read(path)
    race(f"{table.num_rows:,} rows, whole file", contenders, rounds)


def by_bin(path: str, size: int, count: int, rounds: int) -> None:
    r = np.random.default_rng(2)
    starts = r.integers(0, max(size - WIDTH, 1), count)
    regions = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + WIDTH})
    places = [(int(s), int(s) + WIDTH) for s in starts]
    found = gidx.open(path).matrix(regions, BINS)
    contenders: dict[str, Any] = {
        "gidx matrix": lambda: gidx.open(path).matrix(regions, BINS),
        "gidx matrix, 1 thread": lambda: gidx.open(path).matrix(regions, BINS, threads=1),
        "inflating alone": lambda: inflating(path),  # the regions are in all of its blocks
    }
    if pyBigWig:
        file = pyBigWig.open(path)

        def by_values() -> np.ndarray:
            step = WIDTH // BINS
            rows = (file.values("chr1", a, b, numpy=True).reshape(BINS, step) for a, b in places)
            return np.array([np.nanmean(row, axis=1) for row in rows])

        few = places[: max(count // 100, 1)]

        def by_stats() -> np.ndarray:
            return np.array(
                [file.stats("chr1", a, b, nBins=BINS, exact=True) for a, b in few], float
            )

        np.testing.assert_allclose(found, by_values(), rtol=1e-4)
        np.testing.assert_allclose(found[: len(few)], by_stats(), rtol=1e-4)
        contenders["pyBigWig values, nanmean"] = by_values
        contenders[f"pyBigWig stats(exact), {len(few)} regions"] = by_stats
    if pybigtools:

        def of_bigtools() -> np.ndarray:
            other = pybigtools.open(path)  # as ours is, since it keeps the blocks that it has read
            return np.array([other.values("chr1", a, b, bins=BINS, exact=True) for a, b in places])

        np.testing.assert_allclose(found, of_bigtools(), rtol=1e-4)
        contenders["pybigtools values(bins, exact)"] = of_bigtools
    race(f"{count:,} regions x {BINS} bins of {WIDTH // BINS} bases", contenders, rounds)


def one_region(path: str, size: int, rounds: int) -> None:
    """Regions all over the file: in blocks that nobody has, and in those of the time before.

    pybigtools keeps every block that it has inflated, gidx the last 8 MB, pyBigWig none.
    """
    r = np.random.default_rng(3)
    places = [(int(s), int(s) + WIDTH) for s in r.integers(0, max(size - WIDTH, 1), 300)]
    dataset = gidx.open(path)

    def by_gidx(file: Any) -> list[np.ndarray]:
        return [file.values(("chr1", a, b)) for a, b in places]

    contenders: dict[str, Any] = {
        "gidx values": lambda: by_gidx(dataset),
        "gidx values, just opened": lambda: by_gidx(gidx.open(path)),
    }
    if pyBigWig:
        file = pyBigWig.open(path)
        contenders["pyBigWig values"] = lambda: [
            file.values("chr1", a, b, numpy=True) for a, b in places
        ]
    if pybigtools:
        other = pybigtools.open(path)

        def by_bigtools(file: Any) -> list[np.ndarray]:
            return [file.values("chr1", a, b) for a, b in places]

        contenders["pybigtools values"] = lambda: by_bigtools(other)
        contenders["pybigtools values, just opened"] = lambda: by_bigtools(pybigtools.open(path))
    answers = [contender() for contender in contenders.values()]
    for answer in answers[1:]:
        np.testing.assert_array_equal(np.concatenate(answer), np.concatenate(answers[0]))
    race(f"values of {len(places)} regions of {WIDTH:,} bases, one by one", contenders, rounds)


def writing(frame: pd.DataFrame, size: int, folder: Path, rounds: int) -> None:
    target = str(folder / "out.bw")
    sizes = {"chr1": size}
    contenders: dict[str, Any] = {
        "gidx": lambda: gidx.write_bigwig(frame, target, sizes),
        "gidx, 1 thread": lambda: gidx.write_bigwig(frame, target, sizes, threads=1),
    }
    if pyBigWig:
        contenders["pyBigWig"] = lambda: by_pybigwig(frame, target, size)
    if pybigtools:
        rows = list(zip(*(frame[n].tolist() for n in frame.columns), strict=True))
        contenders["pybigtools"] = lambda: by_pybigtools(rows, target, size)
    expected = None
    for contender in contenders.values():
        contender()
        table = gidx.open(target).to_table()
        assert expected is None or table.equals(expected)
        expected = table
    race(f"writing {len(frame):,} rows", contenders, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows to read")
    parser.add_argument("--write", type=int, default=None, help="rows to write; default: as many")
    parser.add_argument("--regions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # of bins without a value, and of what fills them
    frame = signal(asked.rows)
    size = int(frame["end"].iloc[-1]) + WIDTH
    with tempfile.TemporaryDirectory() as name:
        path = str(Path(name) / "signal.bw")
        gidx.write_bigwig(frame, path, {"chr1": size})
        reading(path, asked.rounds)
        by_bin(path, size, min(asked.regions, asked.rows), asked.rounds)
        one_region(path, size, asked.rounds)
        more = frame if asked.write is None else signal(asked.write)
        writing(more, int(more["end"].iloc[-1]) + 1, Path(name), asked.rounds)


if __name__ == "__main__":
    main()
