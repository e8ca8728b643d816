"""What grows: declarations, headers and faults, of a size and of twice that.

    python benchmarks/bench_large.py --rows 100000

Each takes about twice as long when it is twice as large; hostile texts too.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

import gidx
from gidx.formats.vcf.header import Header

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def declaration(text: str) -> None:
    try:
        gidx.autosql.parse(text)
    except gidx.AutoSqlError:
        return
    raise AssertionError("a broken declaration was taken")


def fields(n: int) -> str:
    return 'table t "x" (' + "".join(f'int a{i}; ""' for i in range(n))


def prose(n: int) -> str:
    return 'table t "x" (int a; "' + "a " * n + '" b'


def escapes(n: int) -> str:
    return 'table t "x" (int a; "' + '\\"' * n


def contigs(n: int) -> str:
    lines = "".join(f"##contig=<ID=contig_{i},length={i + 1}>\n" for i in range(n))
    return "##fileformat=VCFv4.2\n" + lines + COLUMNS


def header(text: str) -> None:
    assert len(Header.parse(text).contigs) == text.count("##contig")


def bad_rows(n: int) -> pd.DataFrame:
    starts = np.arange(n)[::-1]
    return pd.DataFrame({"chrom": "chr1", "start": starts, "end": n, "name": "a\tb"})


def validated(frame: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.GidxWarning)
        report = frame.gidx.validate({"chr1": len(frame)}, format="bigbed")
    assert report.attrs["faults"] == 2 * len(frame) - 1


CASES: dict[str, tuple[Callable[[int], object], Callable[..., None]]] = {
    "AutoSQL of many fields, cut": (fields, declaration),
    "AutoSQL of long prose, broken": (prose, declaration),
    "AutoSQL of escapes, cut": (escapes, declaration),
    "VCF header of contigs": (contigs, header),
    "faults of every row": (bad_rows, validated),
}


def taken(call: Callable[[], None], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        call()
        found.append(time.process_time() - begin)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for title, (make, run) in CASES.items():
        run(make(10))  # imports, and what is kept
        one, two = (
            taken(partial(run, make(n)), asked.rounds) for n in (asked.rows, 2 * asked.rows)
        )
        print(f"{title:32} {asked.rows:>9,}  {one:7.3f} s   twice as many: {two / one:4.1f} x")


if __name__ == "__main__":
    main()
