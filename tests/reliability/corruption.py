"""Damage, on purpose: every file cut at each length, each byte flipped, each field set.

A case is a small file of one format, alone or with its index, and the questions that it is
asked. An answer to a damaged file must be an error of gidx, or be right. What no checksum
covers may be wrong, where the file is text, or where `gidx check` says so: such answers are
counted (`told`), and anything else fails.

A field may be anywhere: each offset of the file is taken for one of 1, 2, 4 and 8 bytes.
"""

from __future__ import annotations

import gzip
import io
import random
import resource
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gidx
from gidx.check import check

SIZES = {"chr1": 1_000_000, "chr2": 500_000}
REGIONS = ("chr1", "chr2:1-2,000", [("chr1", 100, 300), ("chr2", 0, 500_000)])
VALUES = (0, 1, 2**31 - 1, 2**32 - 1, 2**63 - 1)
WIDTHS = {2: "<H", 4: "<I", 8: "<Q"}
SECONDS = 20.0  # of a question, on a machine that does other things too
MEMORY = 2 << 30  # bytes that this process may have at most


@dataclass(frozen=True)
class Case:
    """A file, the part of it that is damaged, and what it is asked."""

    name: str
    data: bytes
    ask: Callable[[bytes], Any]
    told: Callable[[bytes], bool] = field(default=lambda data: False)

    @cached_property
    def right(self) -> Any:
        return self.ask(self.data)


def damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every damage of a file, by its name."""
    for at in range(len(data)):
        yield f"cut at {at}", data[:at]
        for bits in (0x01, 0x80, 0xFF):
            yield f"byte {at} ^ {bits:02x}", data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]
        for width, layout in WIDTHS.items():
            if at + width > len(data):
                continue
            for value in VALUES:
                if value < 1 << 8 * width:
                    put = struct.pack(layout, value)
                    yield f"byte {at}: {value} of {width}", data[:at] + put + data[at + width :]


def count(data: bytes) -> int:
    """How many damages there are."""
    return sum(
        4 + sum(sum(v < 1 << 8 * w for v in VALUES) for w in WIDTHS if at + w <= len(data))
        for at in range(len(data))
    )


def run(case: Case, part: float, seed: int) -> Counter[str]:
    """Try damages, or a part of them; AssertionError names what broke, and how.

    All are tried, and the first few that broke are told.
    """
    rng = random.Random(f"{case.name} {seed}")
    found: Counter[str] = Counter()
    broken: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        right = case.right
        for name, data in damages(case.data):
            if part < 1 and rng.random() >= part:
                continue
            begin = time.perf_counter()
            try:
                found[_outcome(case, name, data, right)] += 1
                took = time.perf_counter() - begin
                assert took < SECONDS, f"{case.name}, {name}: {took:.1f} s"
            except AssertionError as error:
                broken.append(str(error))
    assert not broken, f"{len(broken)} broke: " + "\n".join(broken[:8])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    assert peak < MEMORY, f"{case.name}: {peak >> 20} MB"
    return found


def _outcome(case: Case, name: str, data: bytes, right: Any) -> str:
    try:
        answer = case.ask(data)
    except gidx.GidxError:
        return "error"
    except Exception as error:
        raise AssertionError(f"{case.name}, {name}: {type(error).__name__}: {error}") from error
    if answer == right:
        return "right"
    assert case.told(data), f"{case.name}, {name}: other rows, in silence: {_other(answer, right)}"
    return "told"


def _other(answer: Any, right: Any) -> str:
    for one, other in zip(answer, right, strict=False):
        if one != other:
            return f"{str(one)[:80]} for {str(other)[:80]}"
    return f"{len(answer)} answers for {len(right)}"


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def _rows(ds: Any) -> list[Any]:
    found = [ds.to_table().to_pylist()]
    if ds.format not in ("bed", "vcf", "gff3", "tsv") or getattr(ds, "index", None) is not None:
        found += [ds.to_table(region).to_pylist() for region in REGIONS]
        found += [ds.count_rows(region) for region in REGIONS]
    return found


def ask_bigbed(data: bytes) -> list[Any]:
    ds = gidx.open(data)
    found = _rows(ds)
    if ds.format == "bigbed":
        found += [ds.find(f"n{i}", field="name").to_pylist() for i in (0, 7)]
    return found


def ask_summary(data: bytes) -> list[Any]:
    ds = gidx.open(data)
    return [np.nan_to_num(ds.summary("chr1:1-900,000", bins=4)).tolist()]


def ask_intervals(data: bytes) -> list[Any]:
    index = gidx.IntervalIndex.read(data)
    found = [index.find(name, 0, 2_000) for name in ("chr1", "chr2")]
    return [*found, index.to_arrow().to_pylist()]


def ask_offsets(data: bytes) -> list[Any]:
    with gidx.bgzf.open(_BLOCKS, gzi=data) as file:
        found = []
        for at in (0, 70_000, 140_000):
            file.seek_uncompressed(at)
            found.append((file.read(20), file.tell_uncompressed()))
    return found


def ask_alone(data: bytes) -> list[Any]:
    return [gidx.open(data).to_table().to_pylist()]


def _in_folder(data: bytes, index: bytes, suffix: str) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.gz")
        Path(path).write_bytes(data)
        Path(path + suffix).write_bytes(index)
        return _rows(gidx.open(path))


def not_ok(data: Any, **opening: Any) -> bool:
    """Whether `gidx check` finds something."""
    try:
        return not check(data, opening=opening).ok
    except gidx.GidxError:
        return True


def _other_columns(index: bytes, right: bytes) -> bool:
    """Whether an index says that other columns are chrom, start and end."""
    one, other = (gidx.TabixIndex.from_bytes(data).layout for data in (index, right))
    return one != other


def _declares_other(data: bytes, right: bytes) -> bool:
    """Whether a letter of the AutoSQL changed, which nothing can tell."""
    return bool(gidx.open(data).header != gidx.open(right).header)


def _intervals() -> bytes:
    index = gidx.IntervalIndex()
    for row in _frame().itertuples():
        index.add(row.chrom, row.start, row.end, row.score, max=2_000)
    out = io.BytesIO()
    index.write(out)
    return out.getvalue()


def _blocks() -> bytes:
    out = io.BytesIO()
    with gidx.bgzf.open(out, "w") as file:
        file.write(b"".join(b"line %d\n" % i for i in range(20_000)))
    return out.getvalue()


_BLOCKS = _blocks()


# ── cases ───────────────────────────────────────────────────────────────────────────────────────


def _frame() -> pd.DataFrame:
    at = [(chrom, 37 * i, 37 * i + 20 + i) for chrom, n in (("chr1", 30), ("chr2", 12))
          for i in range(n)]  # fmt: skip
    frame = pd.DataFrame(at, columns=["chrom", "start", "end"])
    return frame.assign(name=[f"n{i}" for i in range(len(frame))], score=range(len(frame)))


def _bigbed(**options: Any) -> bytes:
    out = io.BytesIO()
    gidx.write_bigbed(_frame(), out, SIZES, items_per_slot=6, fan_out=3, **options)
    return out.getvalue()


def _bigwig() -> bytes:
    out = io.BytesIO()
    frame = _frame().drop_duplicates(["chrom", "start"]).assign(value=1.5)
    frame["end"] = frame["start"] + 20
    gidx.write_bigwig(frame[["chrom", "start", "end", "value"]], out, SIZES)
    return out.getvalue()


def _texts() -> dict[str, tuple[bytes, bytes, str]]:
    """Text files, with their indexes and what these are called."""
    frame = _frame()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, suffix in (("bed", ".tbi"), ("vcf", ".csi"), ("gff", ".tbi")):
            path = str(Path(folder) / f"a.{kind}.gz")
            own: pd.DataFrame = frame
            if kind == "vcf":
                own = frame[["chrom", "start"]].assign(ref="A", alt="C", id=frame["name"])
            if kind == "gff":
                own = frame[["chrom", "start", "end"]].assign(source="x", type="y", ID="z")
            getattr(gidx, f"write_{kind}")(own, path, index=suffix[1:])
            found[kind] = Path(path).read_bytes(), Path(path + suffix).read_bytes(), suffix
    return found


def cases() -> list[Case]:
    """All cases; a file of each format and index."""
    bigbed = _bigbed(extra_index=["name"])
    plain = _bigbed(compression=None, extra_index=["name"])
    found = [
        Case("bigbed", bigbed, ask_bigbed, lambda d: not_ok(d) or _declares_other(d, bigbed)),
        Case("bigbed, plain", plain, ask_bigbed, lambda data: True),  # rows without a checksum
        Case("bigbed, summaries", bigbed, ask_summary, not_ok),
        Case("bigwig", _bigwig(), ask_bigbed, not_ok),
    ]
    gzi = io.BytesIO()
    gidx.bgzf.GziIndex.build(_BLOCKS).write(gzi)
    found += [
        Case("interval index", _intervals(), ask_intervals, lambda data: True),  # no checksum
        Case("gzi", gzi.getvalue(), ask_offsets, lambda data: True),  # nor here
    ]
    for kind, (data, index, suffix) in _texts().items():
        inflated = gzip.decompress(index)
        found += [
            Case(f"{kind}, bgzf", data, lambda d, i=index, s=suffix: _in_folder(d, i, s)),
            Case(f"{kind}, {suffix}", index, lambda i, d=data, s=suffix: _in_folder(d, i, s)),
            Case(
                f"{kind}, {suffix} not compressed", inflated,
                lambda i, d=data, s=suffix: _in_folder(d, i, s),
                lambda i, d=data, r=inflated: not_ok(d, index=i) or _other_columns(i, r),
            ),
            Case(f"{kind}, text", gzip.decompress(data), ask_alone, lambda data: True),
            Case(f"{kind}, gzip", gzip.compress(gzip.decompress(data), mtime=0), ask_alone),
        ]  # fmt: skip
    return found


def main(part: float, seed: int, names: list[str]) -> None:
    """Run all cases, or those that are named; say what came of them."""
    total: Counter[str] = Counter()
    for case in cases():
        if names and not any(name in case.name for name in names):
            continue
        begin = time.perf_counter()
        try:
            found = run(case, part, seed)
        except AssertionError as error:
            found = Counter({"FAILED": 1})
            print(f"  {error}", file=sys.stderr)
        total += found
        said = ", ".join(f"{what} {n:,}" for what, n in sorted(found.items()))
        print(f"{case.name}: {said} ({time.perf_counter() - begin:.0f} s)", flush=True)
    print("all:", ", ".join(f"{what} {n:,}" for what, n in sorted(total.items())))


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 1.0, 1, sys.argv[2:])
