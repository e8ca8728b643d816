"""bigBed: reading and writing beside the peers, in one run.

    python benchmarks/bench_bigbed.py            # needs: pip install 'gidx[bench]'
    python benchmarks/bench_bigbed.py --rows 20000 --rounds 1

Makes its own data, checks that the answers are equal, then times in turn. A peer
that is not installed is left out, and said.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import data
import numpy as np
import pandas as pd
import pyarrow as pa
from race import inflating, peer, race

import gidx
from gidx.ground.tuning import tuning

pyBigWig = peer("pyBigWig")  # noqa: N816
pybigtools = peer("pybigtools")
oxbow = peer("oxbow")
polars_bio = peer("polars_bio")


def rest_rows(frame: pd.DataFrame) -> list[tuple[str, int, int, str]]:
    """bed6 rows as pybigtools takes them, chroms in byte order as it wants them."""
    ordered = frame.sort_values("chrom", kind="stable")
    rest = (
        ordered["name"].astype(str)
        + "\t"
        + ordered["score"].astype(str)
        + "\t"
        + ordered["strand"].astype(str)
    )
    columns = (ordered["chrom"], ordered["start"], ordered["end"], rest)
    return list(zip(*(c.tolist() for c in columns), strict=True))


def check_same(path: str, rows: int) -> None:
    """All readers see the same rows."""
    table = gidx.open(path).to_table()
    assert table.num_rows == rows, table.num_rows
    starts = np.sort(table["start"].to_numpy())
    if pyBigWig:
        with pyBigWig.open(path) as file:
            found = [e[0] for c, n in file.chroms().items() for e in file.entries(c, 0, n)]
        assert np.array_equal(np.sort(found), starts)
    if oxbow:
        found = oxbow.from_bigbed(path, schema="autosql").pl()
        assert found.height == rows
        for ours, theirs in (("end", "chromEnd"), ("name", "name")):
            column = theirs if theirs in found.columns else ours
            assert sorted(table[ours].to_pylist()) == sorted(found[column].to_list())
    if polars_bio and reads(path):
        assert read_polars_bio(path).height == rows


def read_pybigwig(path: str) -> int:
    with pyBigWig.open(path) as file:
        return sum(len(file.entries(c, 0, n)) for c, n in file.chroms().items())


def read_pybigtools(path: str) -> int:
    with pybigtools.open(path) as file:
        return sum(1 for c in file.chroms() for _ in file.records(c))


def read_polars_bio(path: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return polars_bio.read_bigbed(path)


def reads(path: str) -> bool:
    """Whether polars-bio can; it takes no R,G,B, which is what colours are in files."""
    try:
        read_polars_bio(path)
    except Exception as error:
        print(f"polars-bio left out: {str(error).rsplit('error: ', 1)[-1]}")
        return False
    return True


def whole_file(path: str, title: str, rounds: int) -> None:
    contenders = {
        "gidx, Arrow, typed": lambda: gidx.open(path).to_table(),
        "gidx, one thread": lambda: gidx.open(path).to_table(threads=1),
        "inflating alone": lambda: inflating(path),
    }
    if oxbow:
        contenders["oxbow, Arrow, typed"] = lambda: list(
            oxbow.from_bigbed(path, schema="autosql").batches()
        )
    if polars_bio and reads(path):
        contenders["polars-bio"] = lambda: read_polars_bio(path)
    if pyBigWig:
        contenders["pyBigWig, rest as text"] = lambda: read_pybigwig(path)
    if pybigtools:
        contenders["pybigtools, rest as text"] = lambda: read_pybigtools(path)
    race(f"whole file, {title}", contenders, rounds)


def some_regions(path: str, title: str, rounds: int, count: int) -> None:
    asked = data.regions(count)
    file = gidx.open(path)
    contenders = {"gidx, one call, typed": lambda: file.to_table(asked)}
    if pyBigWig:
        theirs = pyBigWig.open(path)
        known = theirs.chroms()
        asked = [r for r in asked if r[0] in known]
        rows = sum(len(theirs.entries(*r) or ()) for r in asked)
        merged = {tuple(e) for r in asked for e in (theirs.entries(*r) or ())}
        ours = file.to_table(asked)
        keys = zip(*(ours[c].to_pylist() for c in ("start", "end", "name")), strict=True)
        assert {(s, e, n) for s, e, n, *_ in keys} == {
            (s, e, rest.split("\t")[0]) for s, e, rest in merged
        }, rows
        contenders["pyBigWig, a loop, text"] = lambda: [theirs.entries(*r) for r in asked]
    race(f"{count:,} regions, {title}", contenders, rounds)
    few = asked[:: max(len(asked) // 200, 1)]

    def anew() -> list[pa.Table]:
        with tuning.set(bbi_kept=0):  # else blocks of the round before are at hand
            return [file.to_table(one) for one in few]

    contenders = {
        "gidx, Arrow, typed": anew,
        "gidx, blocks at hand": lambda: [file.to_table(one) for one in few],
    }
    if pyBigWig:
        contenders["pyBigWig, text"] = lambda: [theirs.entries(*one) for one in few]
    race(f"{len(few)} regions of an open file, a call each, {title}", contenders, rounds)


def writing(frame: pd.DataFrame, folder: Path, rounds: int) -> None:
    ours, theirs = str(folder / "ours.bb"), str(folder / "theirs.bb")
    contenders = {
        "gidx, from a DataFrame": lambda: gidx.write_bigbed(frame, ours, data.CHROMSIZES),
    }
    if pybigtools:
        rows = rest_rows(frame)
        contenders["pybigtools, from rows at hand"] = lambda: pybigtools.open(theirs, "w").write(
            data.CHROMSIZES, iter(rows)
        )
        contenders["pybigtools, from a DataFrame"] = lambda: pybigtools.open(theirs, "w").write(
            data.CHROMSIZES, iter(rest_rows(frame))
        )
    race(f"writing bed6, {len(frame):,} rows, level 6", contenders, rounds)
    if pybigtools:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its AutoSQL says bed3
            a = gidx.open(ours).to_table(columns=["chrom", "start", "end", "name"])
            b = gidx.open(theirs).to_table(columns=["chrom", "start", "end", "name"])
        assert a.to_pydict() == b.to_pydict()
        for path in (ours, theirs):
            print(f"  {Path(path).name}: {os.path.getsize(path):,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--rows", type=int, default=2_000_000, help="bed6 rows; bed12 has a quarter"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--regions", type=int, default=1_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bed6, bed12 = data.bed6(asked.rows), data.bed12_plus(max(asked.rows // 4, 1))
        paths = {}
        for title, frame, declared in (("bed6", bed6, None), ("bed12+4", bed12, data.BED12_PLUS)):
            path = str(folder / f"{title}.bb")
            gidx.write_bigbed(frame, path, data.CHROMSIZES, autosql=declared)
            check_same(path, len(frame))
            paths[f"{title}, {len(frame):,} rows"] = path
        for title, path in paths.items():
            whole_file(path, title, asked.rounds)
        for title, path in paths.items():
            some_regions(path, title, asked.rounds, asked.regions)
        writing(bed6, folder, max(1, asked.rounds // 2))


if __name__ == "__main__":
    main()
