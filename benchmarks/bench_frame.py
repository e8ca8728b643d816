"""``DataFrame.gidx`` beside the peers, in one run: frames in memory, nothing is read.

    python benchmarks/bench_frame.py            # needs: pip install 'gidx[bench]'
    python benchmarks/bench_frame.py --rows 20000 --rounds 1

Makes its own data, checks that the answers are equal, then times in turn. ``--rows`` is
that of the frame asked; the genome shrinks with it, so that a region finds as many rows at
every size. Each question goes from DataFrame to DataFrame:

* gidx, first call: frames without an index, so it is built within the clock.
* gidx, indexed: the same frames asked again.
* gidx on rows in no order (peers have them sorted), and on columns as gidx reads them.
* ncls and superintervals know no chroms and return ids: rows are split by chrom here, and
  no frame is made of what they find. Their trees are built within the clock, or kept.

A peer that is not installed is left out, and said. The last table is what it comes to: how
many times as long as gidx the fastest peer takes that returns a DataFrame.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import data
import numpy as np
import numpy.typing as npt
import pandas as pd
from race import peer, race

import gidx

Ints = npt.NDArray[np.int64]
Answer = tuple[int, ...]
Calls = dict[str, tuple[Callable[[], Any], Callable[[Any], Answer]]]  # what to time, what it found

FULL = 2_000_000
SIZES = {**data.CHROMSIZES, "chrX": 156_000_000, "chrY": 57_000_000}
SUFFIXES = ("", "_b")  # as pyranges1 has them


bioframe = peer("bioframe")
ncls = peer("ncls")
polars = peer("polars")
polars_bio = peer("polars_bio")
pyranges = peer("pyranges1")
superintervals = peer("superintervals")


# ── data ────────────────────────────────────────────────────────────────────────────────────────


def genome(rows: int) -> dict[str, int]:
    """Sizes of 24 chroms on which so many rows lie as densely as all of them on the whole."""
    return {name: max(size * rows // FULL, 50_000) for name, size in SIZES.items()}


def _places(sizes: dict[str, int], count: int, seed: int) -> tuple[Any, Ints, Ints]:
    """Chroms by their size, each one's size, and a number from 0 to 2**32 for each."""
    rng = np.random.default_rng(seed)
    each = np.array(list(sizes.values()))
    chrom = rng.choice(len(each), count, p=each / each.sum())
    return np.array(list(sizes))[chrom], each[chrom], rng.integers(0, 2**32, count)


def short(sizes: dict[str, int], rows: int) -> pd.DataFrame:
    """Rows of 20 to 2,000 bases, all over the genome."""
    chrom, size, at = _places(sizes, rows, 1)
    start = at * (size - 2_000) >> 32
    width = np.random.default_rng(2).integers(20, 2_001, rows)
    return pd.DataFrame({"chrom": chrom, "start": start, "end": start + width})


def long(sizes: dict[str, int], rows: int) -> pd.DataFrame:
    """The same, and three as long as their chrom on each."""
    whole = pd.DataFrame({"chrom": list(sizes), "start": 0, "end": list(sizes.values())})
    return pd.concat([short(sizes, rows - 3 * len(whole)), whole, whole, whole])


def nested(sizes: dict[str, int], rows: int) -> pd.DataFrame:
    """Rows that all hold the middle of their chrom."""
    chrom, size, at = _places(sizes, rows, 3)
    more = np.random.default_rng(4).integers(0, 2**32, rows)
    half = size // 2
    return pd.DataFrame(
        {"chrom": chrom, "start": at * half >> 32, "end": size - (more * half >> 32)}
    )


def described(places: pd.DataFrame) -> pd.DataFrame:
    """Sorted, with a name and a score."""
    rank = places["chrom"].map({name: i for i, name in enumerate(SIZES)})
    frame = places.iloc[np.lexsort((places["end"], places["start"], rank))].reset_index(drop=True)
    frame["chrom"] = frame["chrom"].astype("str")
    frame["name"] = [f"peak_{i}" for i in range(len(frame))]
    frame["score"] = np.arange(len(frame)) % 1001
    return frame


def regions(sizes: dict[str, int], count: int, width: int, seed: int = 5) -> pd.DataFrame:
    """Regions all over the genome, in no order."""
    chrom, size, at = _places(sizes, count, seed)
    start = at * (size - width) >> 32
    frame = pd.DataFrame({"chrom": chrom, "start": start, "end": start + width})
    frame["chrom"] = frame["chrom"].astype("str")
    frame["id"] = np.arange(count)
    return frame


def at_the_tail(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """Regions where the first ten rows of a chrom start, so that `nested` ones find few."""
    tails = frame.groupby("chrom", sort=False)["start"].agg(lambda start: start.iloc[:10].max())
    return regions({str(name): int(tail) + 11 for name, tail in tails.items()}, count, 10, seed=6)


class Frames:
    """The rows as each contender has them."""

    def __init__(self, frame: pd.DataFrame, folder: Path) -> None:
        shuffled = frame.sample(frac=1, random_state=7, ignore_index=True)
        read = gidx.read_bed(frame.gidx.to_bed(folder / "rows.bed", index=None), schema="bed5")
        self.ours = {"": frame, ", unsorted": shuffled, ", as read by gidx": read}
        self.plain = _zero_based(frame.copy())  # bioframe.count_overlaps resets its index
        self.ranges = _ranges(frame)
        self.polars = _polars(frame)


class Regions:
    def __init__(self, frame: pd.DataFrame) -> None:
        self.ours = frame
        self.plain = _zero_based(frame.copy())
        self.ranges = _ranges(frame)
        self.polars = _polars(frame)


def _zero_based(frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs["coordinate_system_zero_based"] = True  # polars-bio asks for it
    return frame


def _ranges(frame: pd.DataFrame) -> Any:
    names = {"chrom": "Chromosome", "start": "Start", "end": "End"}
    return pyranges and pyranges.PyRanges(frame.rename(columns=names))


def _polars(frame: pd.DataFrame) -> Any:
    if not (polars and polars_bio):
        return None
    made = polars.from_pandas(frame)
    made.config_meta.set(coordinate_system_zero_based=True)
    return made


# ── what was found ──────────────────────────────────────────────────────────────────────────────


def sums(*columns: str) -> Callable[[Any], Answer]:
    """How many rows a result has, and the sums of these columns."""
    return lambda found: (len(found), *(int(np.asarray(found[name]).sum()) for name in columns))


def counted(found: Any, count: str = "count", start: str = "start") -> Answer:
    """Regions, rows that overlap them, and the same by where the regions start."""
    counts = np.asarray(found[count]).astype(np.int64)
    return len(counts), int(counts.sum()), int((counts * np.asarray(found[start])).sum())


class Checked:
    """A call whose first result, that of the untimed run, must be the answer."""

    def __init__(self, name: str, call: Callable[[], Any], answer: Callable[[Any], Answer]) -> None:
        self.name, self.call, self.answer = name, call, answer
        self.expected: Answer | None = None

    def __call__(self) -> Any:
        found = self.call()
        if self.expected is not None:
            answer, expected = self.answer(found), self.expected
            assert answer == expected, (self.name, answer, expected)
            self.expected = None
        return found


def race_equals(title: str, calls: Calls, rounds: int) -> dict[str, float]:
    """Time the calls, whose answers must be those of the first one."""
    contenders = {name: Checked(f"{title}, {name}", *call) for name, call in calls.items()}
    subject = next(iter(contenders.values()))
    expected = subject.answer(subject.call())
    for contender in contenders.values():
        contender.expected = expected
    return race(f"{title}: {expected[0]:,} rows", contenders, rounds)


# ── contenders ──────────────────────────────────────────────────────────────────────────────────

Ask = Callable[[pd.DataFrame, pd.DataFrame], Any]


def fresh(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without its index; takes 20 us, so it may be timed."""
    return frame.copy(deep=False)


def ours(frames: Frames, asked: Regions, ask: Ask, answer: Callable[[Any], Answer]) -> Calls:
    calls: Calls = {}
    for kind, frame in frames.ours.items():
        kept, others = fresh(frame), fresh(asked.ours)
        calls[f"gidx, first call{kind}"] = (
            lambda frame=frame: ask(fresh(frame), fresh(asked.ours)),
            answer,
        )
        calls[f"gidx, indexed{kind}"] = (lambda kept=kept, others=others: ask(kept, others), answer)
    return calls


def by_chrom(frame: pd.DataFrame) -> Iterator[tuple[str, Ints, Ints, Ints]]:
    """Of each chrom the numbers of its rows, starts, and ends."""
    start, end = frame["start"].to_numpy(), frame["end"].to_numpy()
    for chrom, rows in frame.groupby("chrom", sort=False).indices.items():
        yield str(chrom), rows, start[rows], end[rows]


class Ncls:
    def __init__(self, frame: pd.DataFrame) -> None:
        self.trees = {c: ncls.NCLS(start, end, rows) for c, rows, start, end in by_chrom(frame)}

    def pairs(self, asked: pd.DataFrame) -> tuple[Ints, Ints]:
        """Numbers of regions, and of rows that overlap them."""
        found = [
            self.trees[c].all_overlaps_both(start, end, rows)
            for c, rows, start, end in by_chrom(asked)
            if c in self.trees
        ]
        one, other = map(np.concatenate, zip(*found, strict=True))
        return one, other

    def ids(self, asked: pd.DataFrame) -> Ints:
        return np.unique(self.pairs(asked)[1])

    def counts(self, asked: pd.DataFrame) -> Ints:
        return np.bincount(self.pairs(asked)[0], minlength=len(asked))


class Superintervals:
    """Its intervals are closed and int32; its numbers are those by start, the longest first."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.trees = {}
        for c, rows, start, end in by_chrom(frame):
            order = np.lexsort((-end, start))
            starts, ends = start[order].astype(np.int32), (end[order] - 1).astype(np.int32)
            made = superintervals.IntervalMap.from_arrays(starts, ends)
            self.trees[c] = made, rows[order]

    def _asked(self, asked: pd.DataFrame) -> Iterator[tuple[Any, Ints, Ints, Any, Any]]:
        for c, rows, start, end in by_chrom(asked):
            if c in self.trees:
                yield *self.trees[c], rows, start.astype(np.int32), (end - 1).astype(np.int32)

    def ids(self, asked: pd.DataFrame) -> Ints:
        found = []
        for tree, numbers, _, start, end in self._asked(asked):
            hits = chain.from_iterable(tree.search_idxs_batch(start, end))
            found.append(numbers[np.fromiter(hits, np.int64)])
        return np.unique(np.concatenate(found))

    def counts(self, asked: pd.DataFrame) -> Ints:
        out = np.zeros(len(asked), np.int64)
        for tree, _, rows, start, end in self._asked(asked):
            out[rows] = tree.count_batch(start, end)
        return out


def trees(
    frames: Frames,
    asked: Regions,
    ask: Callable[[Any, pd.DataFrame], Ints],
    answer: Callable[[Ints], Answer],
) -> Calls:
    """Those that return ids."""
    calls: Calls = {}
    for made, name in ((Ncls, "ncls"), (Superintervals, "superintervals")):
        if globals()[name]:
            kept = made(frames.plain)
            calls[f"({name}, ids, first call)"] = (
                lambda made=made: ask(made(frames.plain), asked.plain),
                answer,
            )
            calls[f"({name}, ids, tree kept)"] = (lambda kept=kept: ask(kept, asked.plain), answer)
    return calls


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def one_region(frames: Frames, asked: Regions, rounds: int) -> dict[str, float]:
    """Ten calls, so a tenth of each figure is that of one."""
    spans = list(zip(*(asked.ours[n].tolist() for n in ("chrom", "start", "end")), strict=True))
    total = sums("start", "end")
    calls: Calls = {}

    def add(name: str, one: Callable[[Any], Any], answer: Callable[[Any], Answer] = total) -> None:
        calls[name] = (
            lambda: [one(span) for span in spans],
            lambda found: tuple(np.sum([answer(each) for each in found], axis=0).tolist()),
        )

    for kind, frame in frames.ours.items():
        kept = fresh(frame)
        add(f"gidx, indexed{kind}", lambda span, kept=kept: kept.gidx.query(span))
    add("gidx, first call", lambda span, frame=frames.ours[""]: fresh(frame).gidx.query(span))
    if bioframe:
        add("bioframe.select", lambda span: bioframe.select(frames.plain, span))
    if pyranges:
        add(
            "pyranges1, loci[…]",
            lambda span: frames.ranges.loci[span[0], span[1] : span[2]],
            sums("Start", "End"),
        )
    if polars and polars_bio:

        def filtered(span: Any) -> Any:
            c = polars.col
            chrom, start, end = span
            return frames.polars.filter(
                (c("chrom") == chrom) & (c("start") < end) & (c("end") > start)
            )

        add("three masks, polars", filtered)
        add(
            "polars-bio, overlap, polars",
            lambda span: polars_bio.overlap(
                frames.polars,
                _polars(pd.DataFrame([span], columns=["chrom", "start", "end"])),
                overlap_output="left",
                output_type="polars.DataFrame",
            ),
        )

    def masked(span: Any) -> pd.DataFrame:
        df, (chrom, start, end) = frames.plain, span
        return df[(df["chrom"] == chrom) & (df["start"] < end) & (df["end"] > start)]

    add("three masks, pandas", masked)
    return race_equals(f"one region, {len(spans)} times", calls, rounds)


def rows_that_overlap(title: str, frames: Frames, asked: Regions, rounds: int) -> dict[str, float]:
    total = sums("start", "end")
    calls = ours(frames, asked, lambda frame, other: frame.gidx.query(other), total)
    if bioframe:

        def distinct() -> pd.DataFrame:  # it has no such question, but the pairs' numbers
            found = bioframe.overlap(
                frames.plain, asked.plain, "inner", return_input=False, return_index=True
            )
            return frames.plain.loc[np.sort(found["index"].unique())]

        calls["bioframe.overlap, unique ids, loc"] = distinct, total
    if pyranges:
        calls["pyranges1, overlap"] = (
            lambda: frames.ranges.overlap(asked.ranges),
            sums("Start", "End"),
        )
    if polars_bio:
        options = {"overlap_output": "left", "distinct_output": True}
        calls["polars-bio, overlap, pandas"] = (
            lambda: polars_bio.overlap(
                frames.plain, asked.plain, output_type="pandas.DataFrame", **options
            ),
            total,
        )
        if polars:
            calls["polars-bio, overlap, polars"] = (
                lambda: polars_bio.overlap(
                    frames.polars, asked.polars, output_type="polars.DataFrame", **options
                ),
                total,
            )
    start, end = frames.plain["start"].to_numpy(), frames.plain["end"].to_numpy()
    calls |= trees(
        frames,
        asked,
        lambda tree, other: tree.ids(other),
        lambda ids: (len(ids), int(start[ids].sum()), int(end[ids].sum())),
    )
    return race_equals(f"rows that overlap {title}", calls, rounds)


def counts(
    title: str, frames: Frames, asked: Regions, rounds: int, *, with_pyranges: bool = True
) -> dict[str, float]:
    calls = ours(
        frames, asked, lambda frame, other: other.assign(count=other.gidx.count(frame)), counted
    )
    if bioframe:
        calls["bioframe.count_overlaps"] = (
            lambda: bioframe.count_overlaps(asked.plain, frames.plain),
            counted,
        )
    if pyranges and with_pyranges:
        calls["pyranges1, count_overlaps"] = (
            lambda: asked.ranges.count_overlaps(frames.ranges),
            lambda found: counted(found, "Count", "Start"),
        )
    if polars_bio:
        calls["polars-bio, count_overlaps, pandas"] = (
            lambda: polars_bio.count_overlaps(
                asked.plain, frames.plain, output_type="pandas.DataFrame"
            ),
            counted,
        )
        if polars:
            calls["polars-bio, count_overlaps, polars"] = (
                lambda: polars_bio.count_overlaps(
                    asked.polars, frames.polars, output_type="polars.DataFrame"
                ),
                counted,
            )
    start = asked.plain["start"].to_numpy()
    calls |= trees(
        frames,
        asked,
        lambda tree, other: tree.counts(other),
        lambda found: (len(found), int(found.sum()), int((found * start).sum())),
    )
    return race_equals(f"rows counted on {title}", calls, rounds)


def pairs(frames: Frames, asked: Regions, rounds: int) -> dict[str, float]:
    total = sums("start", "end", "start_b", "end_b", "id")
    calls = ours(
        frames, asked, lambda frame, other: frame.gidx.join(other, suffixes=SUFFIXES), total
    )
    theirs = sums("start", "end", "start_b", "end_b", "id_b")
    if bioframe:
        calls["bioframe.overlap"] = (
            lambda: bioframe.overlap(frames.plain, asked.plain, "inner", suffixes=SUFFIXES),
            theirs,
        )
    if pyranges:
        calls["pyranges1, join_overlaps"] = (
            lambda: frames.ranges.join_overlaps(asked.ranges),
            sums("Start", "End", "Start_b", "End_b", "id"),
        )
    if polars_bio:
        calls["polars-bio, overlap, pandas"] = (
            lambda: polars_bio.overlap(
                frames.plain, asked.plain, SUFFIXES, output_type="pandas.DataFrame"
            ),
            theirs,
        )
        if polars:
            calls["polars-bio, overlap, polars"] = (
                lambda: polars_bio.overlap(
                    frames.polars, asked.polars, SUFFIXES, output_type="polars.DataFrame"
                ),
                theirs,
            )
    return race_equals("join", calls, rounds)


def nearest(title: str, frames: Frames, asked: Regions, rounds: int) -> dict[str, float]:
    """Of rows that are equally near each takes another, so distances are compared, not rows.

    bioframe and polars-bio keep regions on a chrom without rows, of which there are none
    here; pyranges1 counts rows that abut as one base apart.
    """
    total = sums("start", "end", "id", "distance")
    calls = ours(frames, asked, lambda frame, other: other.gidx.nearest(frame), total)
    if bioframe:
        calls["bioframe.closest"] = (
            lambda: bioframe.closest(asked.plain, frames.plain, suffixes=SUFFIXES),
            total,
        )
    if pyranges:

        def apart(found: Any) -> Answer:
            distance = np.maximum(np.asarray(found["Distance"]) - 1, 0)
            return *sums("Start", "End", "id")(found), int(distance.sum())

        calls["pyranges1, nearest_ranges"] = (
            lambda: asked.ranges.nearest_ranges(frames.ranges, ties="first"),
            apart,
        )
    if polars_bio:
        theirs = sums("start", "end", "id", "distance")
        calls["polars-bio, nearest, pandas"] = (
            lambda: polars_bio.nearest(
                asked.plain, frames.plain, SUFFIXES, output_type="pandas.DataFrame"
            ),
            theirs,
        )
        if polars:
            calls["polars-bio, nearest, polars"] = (
                lambda: polars_bio.nearest(
                    asked.polars, frames.polars, SUFFIXES, output_type="polars.DataFrame"
                ),
                theirs,
            )
    return race_equals(f"nearest to {title}", calls, rounds)


# ── the whole ───────────────────────────────────────────────────────────────────────────────────


def comes_to(ratios: dict[str, dict[str, float]]) -> None:
    """For each question what the fastest peer takes, by gidx's own time.

    Of those that return a DataFrame of pandas, and of those with one of polars.
    """
    print(f"\n{'fastest peer / gidx':<48} {'pandas: first, kept':>20} {'polars: first, kept':>20}")
    for title, each in ratios.items():
        peers = [name for name in each if not name.startswith(("gidx", "("))]
        groups = [
            [name for name in peers if name.endswith(", polars") is is_polars]
            for is_polars in (False, True)
        ]
        best = [min(group, key=each.__getitem__) for group in groups if group]
        for kind in ("", ", unsorted", ", as read by gidx"):
            own = each.get(f"gidx, first call{kind}", np.nan), each[f"gidx, indexed{kind}"]
            figures = "".join(
                f" {each[name] / own[0]:>9.1f} x {each[name] / own[1]:>6.1f} x" for name in best
            )
            said = f"   {' | '.join(best)}" if not kind else ""
            print(f"{f'  {kind[2:]}' if kind else title:<48}{figures}{said}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=FULL, help="rows of the frame that is asked")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--regions", type=int, default=1_000, help="few regions; many: rows / 2")
    given = parser.parse_args()
    rows, rounds, few, many = given.rows, given.rounds, given.regions, max(given.rows // 2, 1)
    sizes = genome(rows)
    found = {}
    gc.freeze()  # what the imports made: else gc.collect() before each call takes 0.12 s
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = Frames(described(short(sizes, rows)), folder)
        some, million = Regions(regions(sizes, few, 20_000)), Regions(regions(sizes, many, 500))
        # 10 rows each: 500,000 regions of 17,400 bases find 5 M of the 2 M rows
        wide = Regions(regions(sizes, max(rows // 4, 1), 17_400))
        one = Regions(regions(sizes, 10, 20_000))
        print(f"\n{rows:,} rows of 20 to 2,000 bases on {len(sizes)} chroms")
        found["one region"] = one_region(frames, one, rounds)
        for label, asked in ((f"{few:,} regions", some), (f"{many:,} regions", million)):
            found[f"rows that overlap {label}"] = rows_that_overlap(label, frames, asked, rounds)
            found[f"rows counted on {label}"] = counts(label, frames, asked, rounds)
        found["join"] = pairs(frames, wide, rounds)
        half = Regions(regions(sizes, max(many // 2, 1), 500))
        label = f"{len(half.ours):,} regions"
        found[f"nearest to {label}"] = nearest(label, frames, half, rounds)

        print(f"\n{rows:,} rows, three as long as their chrom on each")
        frames = Frames(described(long(sizes, rows)), folder)
        label = f"{few:,} regions, some long"
        found[f"rows that overlap {label}"] = rows_that_overlap(label, frames, some, rounds)
        label = f"{many:,} regions, some long"
        # pyranges1 1.5 takes 8.8 s for 250,000 regions on 500,000 rows, 50 times as long as gidx,
        # and that grows with the square of the rows
        found[f"rows counted on {label}"] = counts(
            label, frames, million, rounds, with_pyranges=rows <= 100_000
        )

        print(f"\n{rows:,} rows, all over the middle of their chrom")
        frames = Frames(described(nested(sizes, rows)), folder)
        spread = Regions(regions(sizes, max(few // 40, 1), 20_000))  # each finds 40,000 rows
        label = f"{len(spread.ours):,} regions, nested"
        found[f"rows that overlap {label}"] = rows_that_overlap(label, frames, spread, rounds)
        label = f"{many:,} regions, nested"
        tail = Regions(at_the_tail(frames.plain, many))
        found[f"rows counted on {label}"] = counts(label, frames, tail, rounds)
    comes_to(found)


if __name__ == "__main__":
    main()
