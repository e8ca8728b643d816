"""Damage, on purpose: every file cut at each length, each byte flipped, each field set.

A case is a small file of one format, alone or with its index, and the questions that it is
asked, each by itself. An answer to a damaged file must be an error of gidx, or be right.
What no checksum covers may be wrong, where the file is text, or where `gidx check` says
so: such answers are counted (`told`), and anything else fails.

A field may be anywhere: each offset of the file is taken for one of 2, 4 and 8 bytes.
"""

from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import random
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import gidx
from gidx.check import check

SIZES = {"chr1": 1_000_000, "chr2": 500_000}
REGIONS = ("chr1", "chr2:1-2,000", [("chr1", 100, 300), ("chr2", 0, 500_000)])
VALUES = (0, 1, 2**31 - 1, 2**32 - 1, 2**63 - 1)
WIDTHS = {2: "<H", 4: "<I", 8: "<Q"}
SECONDS = 20.0  # of a processor, for all questions to a file
MEMORY = 1 << 30  # bytes that they may take at most, above what the process had
ERROR = "an error of gidx"

Question = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """A file, how it is opened, what it is asked, and whether wrong answers can be told."""

    name: str
    data: bytes
    open: Callable[[bytes], Any]
    questions: Sequence[Question]
    told: Callable[[bytes], bool] = field(default=lambda data: False)

    @cached_property
    def right(self) -> list[Any]:
        """The answers of the whole file."""
        return self.ask(self.data)

    def ask(self, data: bytes) -> list[Any]:
        """The answer to each question; `ERROR` where there is an error of gidx."""
        try:
            found = self.open(data)
        except gidx.GidxError:
            return [ERROR] * len(self.questions)
        return [self._answer(question, found) for question in self.questions]

    def _answer(self, question: Question, found: Any) -> Any:
        try:
            return question(found)
        except gidx.GidxError:
            return ERROR


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
        assert ERROR not in right, f"{case.name}: an error of what is not damaged"
        for name, data in damages(case.data):
            if part < 1 and rng.random() >= part:
                continue
            begin, before = time.process_time(), memory()
            try:
                found[_outcome(case, name, data, right)] += 1
                took = time.process_time() - begin
                assert took < SECONDS, f"{case.name}, {name}: {took:.1f} s"
                grown = memory_at_most() - before
                assert grown < MEMORY, f"{case.name}, {name}: {grown >> 20} MB"
            except AssertionError as error:
                broken.append(str(error))
    assert not broken, f"{len(broken)} broke: " + "\n".join(broken[:8])
    return found


def memory() -> int:
    """Bytes that this process has now; from here on, `memory_at_most` counts anew.

    By the kernel's own count, which holds in a build with checks as well, whose memory is not
    given back.
    """
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def memory_at_most() -> int:
    """The most that this process had since `memory`."""
    return _status("VmHWM")


def _status(name: str) -> int:
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith(name))
    except OSError:  # no Linux
        return 0


def _outcome(case: Case, name: str, data: bytes, right: list[Any]) -> str:
    try:
        answers = case.ask(data)
    except Exception as error:
        raise AssertionError(f"{case.name}, {name}: {type(error).__name__}: {error}") from error
    other = [i for i, one in enumerate(answers) if one is not ERROR and not _same(one, right[i])]
    if other:
        i = other[0]
        said = f"question {i}: {_first_other(answers[i], right[i])}"
        assert case.told(data), f"{case.name}, {name}: other rows, in silence: {said}"
        return "told"
    return "error" if any(answer is ERROR for answer in answers) else "right"


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, pa.Table):
        return bool(one == other)
    return one.equals(other) or one.to_pylist() == other.to_pylist()


def _first_other(one: Any, other: Any) -> str:
    if not isinstance(one, pa.Table):
        return f"{one} for {other}"
    pairs = zip(one.to_pylist(), other.to_pylist(), strict=False)
    found = next((pair for pair in pairs if pair[0] != pair[1]), None)
    return f"{one.num_rows} rows of {other.num_rows}; " + (
        "" if found is None else f"{found[0]} for {found[1]}"
    )


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def _whole(ds: Any) -> Any:
    return ds.to_table()


def _zooms(ds: Any) -> Any:
    """Of each summary: chrom, bases that have a value, and how many of its range have by the rows.

    One whose range became shorter by bases without a value is true still. Without floats, as
    those of ``BIGWIG`` below.
    """
    covered: dict[str, list[tuple[int, int]]] = {}
    for row in ds.to_table().to_pylist():  # in order, and may overlap
        spans = covered.setdefault(row["chrom"], [(0, 0)])
        spans.append((max(row["start"], spans[-1][1]), max(row["end"], spans[-1][1])))
    return [
        (s["chrom"], s["valid_count"], sum(max(min(s["end"], e) - max(s["start"], b), 0)
                                           for b, e in covered.get(s["chrom"], ())))
        for level in range(len(ds.zoom_levels))
        for s in ds.scan_zoom(level).read_all().to_pylist()
    ]  # fmt: skip


WHOLE: tuple[Question, ...] = (_whole,)
INDEXED: tuple[Question, ...] = (
    _whole,
    *(partial(lambda region, ds: ds.to_table(region), region) for region in REGIONS),
    lambda ds: ds.count_rows(REGIONS[-1]),
)
BIGWIG: tuple[Question, ...] = (
    *INDEXED,
    # of floats of 32 bits, whose last digits `check` does not look at
    lambda ds: np.nan_to_num(ds.summary("chr1:1-900,000", bins=4)).round(5).tolist(),
    _zooms,
    lambda ds: np.nan_to_num(ds.values("chr2:1-300")).tolist(),
)
BIGBED: tuple[Question, ...] = (
    *BIGWIG[:-1],
    lambda ds: ds.indexes,
    lambda ds: ds.find(["n0", "n7"], field="name"),
)
INTERVALS: tuple[Question, ...] = (
    lambda index: index.find("chr1", 0, 2_000),
    lambda index: index.find("chr2", 0, 2_000),
    lambda index: index.to_arrow(),
)


def _sought(at: int, gzi: Any) -> Any:
    with gidx.bgzf.open(_BLOCKS, gzi=gzi) as file:
        file.seek_uncompressed(at)
        return file.read(20), file.tell_uncompressed()


OFFSETS: tuple[Question, ...] = tuple(partial(_sought, at) for at in (0, 70_000, 140_000))


class _Beside:
    """Opens a file with its index, of which one is damaged, in a folder of this process."""

    folders: dict[int, tempfile.TemporaryDirectory[str]] = {}  # noqa: RUF012 (of all)

    def __init__(self, suffix: str, data: bytes | None = None, index: bytes | None = None) -> None:
        self.suffix, self.data, self.index = suffix, data, index

    def __call__(self, damaged: bytes) -> Any:
        folder = self.folders.setdefault(os.getpid(), tempfile.TemporaryDirectory())
        path = Path(folder.name) / "a.gz"
        for old in path.parent.iterdir():
            old.unlink()
        path.write_bytes(damaged if self.data is None else self.data)
        beside = path.with_name(path.name + self.suffix)
        beside.write_bytes(damaged if self.index is None else self.index)
        return gidx.open(path)


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
    """Whether a letter of the AutoSQL, or a chrom, has another name, which nothing can tell."""
    one, other = gidx.open(data), gidx.open(right)
    return bool(one.header != other.header or list(one.chroms) != list(other.chroms))


def _parquet() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        gidx.to_parquet(_frame()[["chrom", "start", "end"]], path)
        return path.read_bytes()


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


def _frame(first: int = 9, second: int = 4) -> pd.DataFrame:
    """So many rows on two chroms: enough for trees of two levels, few to be damaged soon."""
    at = [(chrom, 37 * i, 37 * i + 20 + i) for chrom, n in (("chr1", first), ("chr2", second))
          for i in range(n)]  # fmt: skip
    frame = pd.DataFrame(at, columns=["chrom", "start", "end"])
    return frame.assign(name=[f"n{i}" for i in range(len(frame))], score=range(len(frame)))


def _bigbed(frame: pd.DataFrame, **options: Any) -> bytes:
    out = io.BytesIO()
    gidx.write_bigbed(
        frame.drop(columns="score"), out, SIZES, items_per_slot=3, fan_out=3, **options
    )
    return out.getvalue()


def _bigwig() -> bytes:
    out = io.BytesIO()
    frame = _frame().drop_duplicates(["chrom", "start"]).assign(value=1.5)
    frame["end"] = frame["start"] + 20
    own = frame[["chrom", "start", "end", "value"]]
    gidx.write_bigwig(own, out, SIZES, items_per_slot=6, fan_out=3)
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


def _within(data: bytes, right: bytes, start: int, stop: int) -> bool:
    """Whether files of one length differ there alone."""
    same = data[:start] == right[:start] and data[stop:] == right[stop:]
    return same and len(data) == len(right)


def _bbi_cases() -> list[Case]:
    bigbed = _bigbed(_frame(), extra_index=["name"])
    plain, bigwig = _bigbed(_frame(4, 2), compression=None), _bigwig()
    rows, tree = struct.unpack_from("<QQ", plain, 16)

    def told(right: bytes, data: bytes) -> bool:
        return not_ok(data) or _declares_other(data, right)

    return [
        Case("bigbed", bigbed, gidx.open, BIGBED, partial(told, bigbed)),
        Case(
            "bigbed, plain", plain, gidx.open, BIGBED[:-1],  # rows have no checksum there
            lambda data: _within(data, plain, rows, tree) or told(plain, data),
        ),
        Case("bigwig", bigwig, gidx.open, BIGWIG, partial(told, bigwig)),
    ]  # fmt: skip


def _table_cases() -> list[Case]:
    gzi, intervals, parquet = io.BytesIO(), _intervals(), _parquet()
    gidx.bgzf.GziIndex.build(_BLOCKS).write(gzi)
    entries = gzi.getvalue()
    return [
        # neither has a checksum: numbers that became others
        Case(
            "interval index", intervals, gidx.IntervalIndex.read, INTERVALS,
            lambda data: len(data) == len(intervals),
        ),
        Case(
            "gzi", entries, gidx.bgzf.GziIndex.read, OFFSETS,
            lambda data: len(data) == len(entries),
        ),
        Case("parquet", parquet, gidx.open, INDEXED, not_ok),  # its footer has no checksum
    ]  # fmt: skip


def _text_cases() -> list[Case]:
    found = []
    for kind, (data, index, suffix) in _texts().items():
        inflated = gzip.decompress(index)

        def told(changed: bytes, data: bytes = data, right: bytes = inflated) -> bool:
            return not_ok(data, index=changed) or _other_columns(changed, right)

        beside = _Beside(suffix, data=data)
        text = gzip.decompress(data)
        found += [
            Case(f"{kind}, bgzf", data, _Beside(suffix, index=index), INDEXED),
            Case(f"{kind}, {suffix}", index, beside, INDEXED),
            Case(f"{kind}, {suffix} not compressed", inflated, beside, INDEXED, told),
            Case(f"{kind}, text", text, gidx.open, WHOLE, lambda data: True),
            Case(f"{kind}, gzip", gzip.compress(text, mtime=0), gidx.open, WHOLE),
        ]
    return found


def cases() -> list[Case]:
    """All cases; a file of each format and index."""
    return [*_bbi_cases(), *_table_cases(), *_text_cases()]


def _run_named(name: str, part: float, seed: int) -> tuple[Counter[str], str, float]:
    case = next(case for case in cases() if case.name == name)
    begin = time.perf_counter()
    try:
        found, broken = run(case, part, seed), ""
    except AssertionError as error:
        found, broken = Counter({"FAILED": 1}), str(error)
    return found, broken, time.perf_counter() - begin


def main(part: float, seed: int, names: Sequence[str], processes: int = 1) -> None:
    """Run all cases, or those that are named; say what came of them."""
    total: Counter[str] = Counter()
    wanted = [c for c in cases() if not names or any(name in c.name for name in names)]
    wanted.sort(key=lambda case: -len(case.data))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn) as pool:
        tried = {
            case.name: pool.submit(_run_named, case.name, part, seed) for case in wanted
        }  # fmt: skip
        for name, done in tried.items():
            found, broken, took = done.result()
            total += found
            said = ", ".join(f"{what} {n:,}" for what, n in sorted(found.items()))
            print(f"{name}: {said} ({took:.0f} s)", flush=True)
            if broken:
                print(f"  {broken}", file=sys.stderr)
    print(
        f"all {sum(total.values()):,}:", ", ".join(f"{w} {n:,}" for w, n in sorted(total.items()))
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 1.0, 1, sys.argv[2:])
