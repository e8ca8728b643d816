"""bigWig files read: every kind of section and file, values by base and by bin.

The files come from ``bigwig_bytes``, which knows nothing of gidx, and from pyBigWig and
pybigtools. The oracle is the value of each base, by brute force.
"""

from __future__ import annotations

import math
import os
import pickle
import struct
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pyarrow as pa
import pybigtools
import pyBigWig
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.bigwig_bytes import (
    FIXED,
    VARIABLE,
    Signal,
    bases,
    build,
    build_parts,
    frame,
    shapes,
    signals,
    written,
)
from tests.support.tables import rows_of

import gidx
from gidx.bbi import blocks
from gidx.errors import FormatError, RegionError, UnknownChromError
from gidx.ground.tuning import tuning

CHROMS = {"chr1": 100, "chr2": 50}
ROWS = [
    ("chr1", 0, 3, 1.0),
    ("chr1", 3, 10, 2.5),
    ("chr1", 20, 21, -4.0),
    ("chr2", 5, 8, 0.5),
    ("chr2", 8, 11, 0.25),
]
NAN = float("nan")
STATS = ["mean", "min", "max", "std", "coverage", "sum"]


def places(draw: st.DrawFn, signal: Signal, *, over: int = 0) -> tuple[str, int, int]:
    chrom = draw(st.sampled_from(list(signal.chroms)))
    start = draw(st.integers(0, signal.chroms[chrom] - 1))
    return chrom, start, draw(st.integers(start + 1, signal.chroms[chrom] + over))


def statistic(found: list[float | None], stat: str) -> float:
    """Of the values that there are, as UCSC defines it."""
    some = [v for v in found if v is not None]
    if stat == "coverage":
        return len(some) / len(found) if found else 0.0
    if stat == "sum":
        return math.fsum(some)
    if not some:
        return NAN
    mean = math.fsum(some) / len(some)
    squares = math.fsum((v - mean) ** 2 for v in some)
    return {
        "mean": mean,
        "min": min(some),
        "max": max(some),
        "std": math.sqrt(squares / max(len(some) - 1, 1)),
    }[stat]


def parts(found: list[float | None], bins: int) -> list[list[float | None]]:
    edges = [len(found) * i // bins for i in range(bins + 1)]
    return [found[a:b] for a, b in pairwise(edges)]


def test_a_file_that_was_closed_or_written_anew_answers_nothing_of_before(tmp_path):
    path, region = tmp_path / "a.bw", "chr1:1-10"
    gidx.write_bigwig({"chr1": np.full(9, 1.0)}, path)
    dataset = gidx.open(path)
    before = dataset.values(region)
    path.write_bytes(build([("chr1", 0, 9, 2.0)], {"chr1": 9}))
    with suppress(FormatError):  # what is there now may be anything
        assert dataset.values(region)[0] != before[0]
    dataset.close()
    with pytest.raises(ValueError, match="read after it was closed"):
        dataset.values(region)


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


@given(signals(), shapes(), st.data())
def test_rows_are_those_of_the_file_however_they_are_stored(signal, shape, data):
    dataset = gidx.open(build(signal.rows, signal.chroms, **shape))
    assert rows_of(dataset.to_table()) == signal.rows
    assert dataset.chroms == signal.chroms
    chrom, start, end = places(data.draw, signal)
    found = rows_of(dataset.to_table((chrom, start, end)))
    assert found == [r for r in signal.rows if r[0] == chrom and r[1] < end and r[2] > start]
    assert dataset.count_rows((chrom, start, end)) == len(found)


def test_a_row_is_chrom_start_end_and_a_value_of_32_bits():
    dataset = gidx.open(build(ROWS, CHROMS))
    assert dataset.format == "bigwig"
    assert dataset.schema.names == ["chrom", "start", "end", "value"]
    assert dataset.schema.field("value").type == pa.float32()
    native = dataset.to_table(names="native").schema
    assert (native.names, native.types[1:]) == (
        ["chrom", "chromStart", "chromEnd", "value"], [pa.uint32(), pa.uint32(), pa.float32()],
    )  # fmt: skip
    assert dataset.info()["format"] == "bigWig version 4"
    assert gidx.read_bigwig(build(ROWS, CHROMS), "chr2")["value"].tolist() == [0.5, 0.25]


def test_what_is_no_bigwig_says_what_it_is():
    with pytest.raises(FormatError, match="a bigwig file, expected bigBed"):
        gidx.read_bigbed(build(ROWS, CHROMS))
    with pytest.raises(TypeError, match="a bigWig file has its index inside"):
        gidx.open(build(ROWS, CHROMS), index="a.tbi")
    with pytest.raises(TypeError, match="a bigWig file has no option 'schema'"):
        gidx.open(build(ROWS, CHROMS), schema="bed6")
    for read, what in ((gidx.read_bigwig, "bigWig"), (gidx.read_bigbed, "bigBed")):
        said = f"not a {what} file, nor text that gidx reads: <bytes>, line 1: 1 field, expected 3"
        with pytest.raises(FormatError, match=said):
            read(b"hello\n")
    with pytest.raises(FormatError, match="line 1: 1 field, expected 3 or more"):
        gidx.open(b"hello\n")


@pytest.mark.parametrize(
    ("offset", "layout", "value", "message"),
    [
        (20, "B", 4, "section at 0 of its block is of type 4, expected 1 to 3"),
        (20, "B", 0, "section at 0 of its block is of type 0, expected 1 to 3"),
        (0, "I", 2, "section at 0 of its block has chrom id 2, the file has 2 chroms"),
        (22, "H", 3, "section at 0 of its block is cut off: its block ends before its items do"),
        (22, "H", 1, "section at 36 of its block is cut off"),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_a_broken_section_is_named_with_its_place(order, offset, layout, value, message):
    parts = build_parts(ROWS, CHROMS, order=order, compressed=False)
    data = parts.broken("block 0", offset, layout, value)
    with pytest.raises(FormatError, match=message) as error:
        gidx.open(data).to_table()
    assert f"byte {parts.places['block 0']}" in str(error.value)


def read_everything(data: bytes) -> None:
    dataset = gidx.open(data)
    dataset.to_table()
    for level in dataset.zoom_levels:
        dataset.scan_zoom(level).read_all()


@settings(max_examples=20)
@given(signals(), shapes(), st.data())
def test_a_file_cut_anywhere_raises(signal, shape, data):
    whole = build(signal.rows, signal.chroms, **shape)
    size = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(FormatError):
        read_everything(whole[:size])


def test_positions_reach_to_the_end_of_32_bits():
    most = 2**32 - 1
    rows = [("c", 0, 1, 1.0), ("c", 2**31 - 1, 2**31 + 1, 2.0), ("c", most - 2, most, 3.0)]
    dataset = gidx.open(build(rows, {"c": most}))
    assert rows_of(dataset.to_table()) == rows
    assert rows_of(dataset.to_table(("c", most - 1, most))) == rows[2:]
    assert dataset.values(("c", most - 3, most)).tolist()[1:] == [3.0, 3.0]
    assert dataset.values("c", bins=3).tolist() == [1.0, 2.0, 3.0]


def test_items_of_one_step_may_be_far_apart():
    rows = [("c", i * 10_000_000, i * 10_000_000 + 5, float(i)) for i in range(8)]
    data = build(rows, {"c": 10**9}, kinds=(FIXED,), items_per_slot=8, compressed=False)
    assert rows_of(gidx.open(data).to_table()) == rows


# ── values by base and by bin ───────────────────────────────────────────────────────────────────


@given(signals(), shapes(), st.data())
def test_values_are_those_of_each_base(signal, shape, data):
    dataset = gidx.open(build(signal.rows, signal.chroms, **shape))
    region = places(data.draw, signal, over=5)
    expected = np.array(bases(signal.rows, *region), np.float32)  # None is NaN
    np.testing.assert_array_equal(dataset.values(region), expected)
    filled = dataset.values(region, fill=7)
    np.testing.assert_array_equal(filled, np.where(np.isnan(expected), 7, expected))


RUNS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12)


@given(RUNS, st.sampled_from("<>"), st.permutations([VARIABLE, FIXED]), st.data())
def test_of_rows_of_a_block_in_any_order_the_last_says_a_base_however_often_it_is_asked(
    runs, order, kinds, data
):
    """Rows that ascend are searched from the second time on; others never are."""
    if data.draw(st.booleans()):
        runs = sorted((start, 3) for start, _ in runs)  # of one span, as both kinds have them
    rows = [("chr1", 0, 3, 0.5)]  # first, so that the tree's bounds hold the rest
    rows += [("chr1", start, start + size, i + 1.0) for i, (start, size) in enumerate(runs)]
    dataset = gidx.open(build(rows, CHROMS, order=order, kinds=kinds, items_per_slot=20))
    for _ in range(4):
        start = data.draw(st.integers(0, 80))
        end = data.draw(st.integers(start + 1, 90))
        expected = [NAN if v is None else v for v in bases(rows, "chr1", start, end)]
        np.testing.assert_array_equal(dataset.values(("chr1", start, end)), expected)


@pytest.mark.parametrize("kept", [0, 1000])
def test_a_file_that_is_written_over_is_read_again_whatever_was_kept_of_it(
    tmp_path, monkeypatch, kept
):
    monkeypatch.setattr(tuning, "bbi_kept", kept)
    path = tmp_path / "a.bw"
    rows = [("chr1", 20 * i, 20 * i + 3, i / 7) for i in range(5)]
    before = build(rows, CHROMS, items_per_slot=5)
    path.write_bytes(before)
    dataset = gidx.open(path)
    for _ in range(2):
        np.testing.assert_array_equal(dataset.values("chr1:20-22"), np.float32([NAN, 1 / 7, 1 / 7]))
    # rows that do not ascend any more, in a block of the same size
    others = ([rows[i] for i in order] for order in permutations((4, 3, 2, 1, 0)))
    made = (build(some, CHROMS, items_per_slot=5) for some in others)
    now = next(data for data in made if len(data) == len(before) and data != before)
    old = path.stat()
    with path.open("r+b") as file:
        file.write(now)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns + 1))
    for _ in range(2):
        for _, start, end, value in rows:
            found = dataset.values(("chr1", start, end))
            np.testing.assert_array_equal(found, np.full(3, value, np.float32))


def test_a_file_that_another_replaced_is_read_on_as_it_was(tmp_path):
    path, other = tmp_path / "a.bw", tmp_path / "b.bw"
    path.write_bytes(build(ROWS, CHROMS))
    other.write_bytes(build([("chr1", 0, 3, 7.0), ("chr2", 5, 8, 9.0)], CHROMS))
    dataset = gidx.open(path)
    assert dataset.values("chr1:1-2").tolist() == [1, 1]
    os.replace(other, path)
    assert dataset.values("chr1:1-2").tolist() == [1, 1]  # kept
    assert dataset.values("chr2:6-6").tolist() == [0.5]  # and not


def test_a_file_that_was_closed_has_no_values_though_its_block_was_kept(tmp_path):
    path = tmp_path / "a.bw"
    path.write_bytes(build(ROWS, CHROMS))
    with gidx.open(path) as dataset:
        assert dataset.values("chr1:1-2").tolist() == [1, 1]
    for region in ("chr1:1-2", "chr2:6-6"):
        with pytest.raises(ValueError, match="closed"):
            dataset.values(region)


def answered(dataset: gidx.BigWigDataset, region: tuple[str, int, int]) -> object:
    """Values, or what is wrong, in words."""
    try:
        return dataset.values(region).tobytes()
    except FormatError as error:
        return str(error)


@given(signals(), shapes(), st.data())
def test_a_damaged_block_is_told_alike_however_its_values_are_looked_up(signal, shape, data):
    """`Bases` has no words of its own: it gives such blocks to those who have."""
    whole = build_parts(signal.rows, signal.chroms, **shape)
    damaged = bytearray(whole.data)
    first, behind = whole.places["data"], whole.places["range_tree"]
    assume(first < behind)
    damaged[data.draw(st.integers(first, behind - 1))] ^= data.draw(st.integers(1, 255))
    regions = [places(data.draw, signal) for _ in range(3)]
    expected: list[object] = []
    for library in (None, blocks.LIBDEFLATE):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(blocks, "LIBDEFLATE", library)
            dataset = gidx.open(bytes(damaged))
            found = [answered(dataset, region) for region in regions]
        assert found == (expected or found)
        expected = found


def test_a_block_larger_than_the_limit_is_no_answer_however_it_is_looked_up():
    dataset = gidx.open(build(ROWS, CHROMS))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gidx.limits, "block", 20)
        with pytest.raises(FormatError, match="limit"):
            dataset.values("chr1:1-9")
    assert dataset.values("chr1:1-2").tolist() == [1, 1]


def test_many_threads_look_up_bases_of_one_file():
    r = np.random.default_rng(1)
    values = r.integers(0, 9, 200_000).astype(np.float32)
    dataset = gidx.open(written({"c": values}, {"c": len(values)}))
    starts = r.integers(0, len(values) - 2000, 400).tolist()
    with tuning.set(bbi_kept=100_000), ThreadPoolExecutor(8) as pool:  # few are at hand
        found = pool.map(lambda start: dataset.values(("c", start, start + 2000)), starts)
        for start, one in zip(starts, found, strict=True):
            np.testing.assert_array_equal(one, values[start : start + 2000])


@given(
    signals(),
    shapes(),
    st.data(),
    st.sampled_from(["mean", "min", "max", "std", "coverage", "sum"]),
)
def test_a_bin_is_the_statistic_of_its_bases(signal, shape, data, stat):
    dataset = gidx.open(build(signal.rows, signal.chroms, **shape))
    region = places(data.draw, signal, over=5)
    bins = data.draw(st.integers(1, 12))
    found = dataset.values(region, bins, stat)
    expected = [statistic(part, stat) for part in parts(bases(signal.rows, *region), bins)]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    if region[2] <= signal.chroms[region[0]]:
        exact = dataset.summary(region, bins, stat, exact=True)
        np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-7)


@settings(max_examples=30)
@given(signals(), shapes(), st.data(), st.sampled_from(STATS))
def test_rows_behind_a_chroms_end_are_in_every_answer_alike(signal, shape, data, stat):
    """Writers that do not look at sizes make them (a span that goes over the end)."""
    chroms = {name: size // 2 + 1 for name, size in signal.chroms.items()}
    dataset = gidx.open(build(signal.rows, chroms, **shape))
    regions = [places(data.draw, signal) for _ in range(data.draw(st.integers(1, 4)))]
    bins = data.draw(st.integers(1, 6))
    found = dataset.matrix(regions, bins, stat)
    asked = pd.DataFrame(regions, columns=["chrom", "start", "end"])
    covered = asked.gidx.average(dataset)["covered"]
    for region, row, count in zip(regions, found, covered, strict=True):
        values = bases(signal.rows, *region)
        expected = [statistic(part, stat) for part in parts(values, bins)]
        np.testing.assert_allclose(row, expected, rtol=1e-6, atol=1e-7)
        exact = dataset.summary(region, bins, stat, exact=True)
        np.testing.assert_allclose(exact, expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(
            dataset.values(region), [NAN if v is None else v for v in values]
        )
        assert count == sum(v is not None for v in values)


INFINITE = st.sampled_from([-math.inf, math.inf, 1.0])


@given(signals(INFINITE), shapes(), st.data())
def test_an_infinite_value_of_another_writer_is_a_value_of_its_own_bins(signal, shape, data):
    dataset = gidx.open(build(signal.rows, signal.chroms, **shape))
    region = places(data.draw, signal)
    bins = data.draw(st.integers(1, 12))
    some = [[v for v in part if v is not None] for part in parts(bases(signal.rows, *region), bins)]
    # sums of both infinities are no number
    totals = [math.nan if {-math.inf, math.inf} <= {*part} else sum(part) for part in some]
    for stat, expected in (
        ("min", [min(part, default=NAN) for part in some]),
        ("max", [max(part, default=NAN) for part in some]),
        ("sum", totals),
        ("mean", [t / len(p) if p else NAN for t, p in zip(totals, some, strict=True)]),
    ):
        np.testing.assert_array_equal(dataset.values(region, bins, stat), expected)
        np.testing.assert_array_equal(dataset.summary(region, bins, stat, exact=True), expected)
    assert dataset.total_summary.valid_count == sum(end - start for _, start, end, _ in signal.rows)


def test_what_is_not_a_number_is_no_value():
    rows = [("chr1", 0, 5, NAN), ("chr1", 5, 7, 2.0)]
    dataset = gidx.open(build(rows, CHROMS, kinds=(VARIABLE,)))
    assert np.isnan(dataset.to_table()["value"].to_pylist()[0])
    np.testing.assert_array_equal(dataset.values("chr1:5-8"), [NAN, 2, 2, NAN])
    assert dataset.values("chr1:1-10", bins=1).tolist() == [2.0]
    assert dataset.values("chr1:1-10", bins=1, stat="coverage").tolist() == [0.2]
    assert dataset.summary("chr1:1-10", exact=True).tolist() == [2.0]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (["chr1:1-5", "chr2:1-5"], "values takes one region, found 2"),
        (("chr1", 5, 5), r"\('chr1', 5, 5\), 0-based half-open: no bases to sum up"),
        ("chr1:200-", "chr1:200-: no bases to sum up, chr1 has 100"),
        (("chr1", 0, 2**40), "it ends past what a bbi file can hold, .*; chr1 has 100 bases"),
    ],
)
def test_values_take_one_region_of_some_bases(region, message):
    with pytest.raises(RegionError, match=message):
        gidx.open(build(ROWS, CHROMS)).values(region)


def test_a_statistic_without_bins_is_not_passed_over():
    dataset = gidx.open(build(ROWS, CHROMS))
    for stat in ("max", "coverage"):
        with pytest.raises(ValueError, match=f"stat='{stat}' needs bins=: bins=1 is one value"):
            dataset.values("chr1", stat=stat)
    with pytest.raises(ValueError, match="stat is 'avg', expected one of 'mean', 'min'"):
        dataset.values("chr1", stat="avg")


def test_what_stands_for_no_value_is_one_of_32_bits():
    dataset = gidx.open(build(ROWS, CHROMS))
    assert dataset.values("chr1:30-31", fill=math.inf).tolist() == [math.inf] * 2
    assert dataset.values("chr1:30-31", 1, fill=1e300).tolist() == [1e300]
    with pytest.raises(ValueError, match=r"fill is 1e\+300, past what 32 bits hold"):
        dataset.values("chr1:30-31", fill=1e300)


def test_a_summary_takes_no_more_memory_where_there_are_many_chroms():
    def peak(count):
        rows = [(f"c{i:04}", 0, 5, float(i)) for i in range(count)]
        dataset = gidx.open(written(frame(rows), {row[0]: 9 for row in rows}))
        dataset.summary("c0001", 2, exact=True)  # the first time, trees are read
        tracemalloc.start()
        try:
            dataset.summary("c0001", 2, exact=True)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # room for the numbers of all blocks, of which each chrom has one; no page of it is touched
    assert peak(5000) < peak(2) + 5000 * 8 + 1000


# ── signals around regions ──────────────────────────────────────────────────────────────────────


@given(
    signals(),
    shapes(),
    st.data(),
    st.sampled_from(["mean", "min", "max", "std", "coverage", "sum"]),
)
def test_a_matrix_has_the_bins_of_each_region_in_the_order_given(signal, shape, data, stat):
    dataset = gidx.open(build(signal.rows, signal.chroms, **shape))
    regions = [places(data.draw, signal, over=5) for _ in range(data.draw(st.integers(0, 8)))]
    bins = data.draw(st.integers(1, 6))
    threads = data.draw(st.integers(1, 3))
    found = dataset.matrix(regions, bins, stat, threads=threads, fill=-9)
    assert found.shape == (len(regions), bins)
    for row, region in zip(found, regions, strict=True):
        np.testing.assert_array_equal(row, dataset.values(region, bins, stat, fill=-9))


@pytest.mark.parametrize("dtype", [object, "str", "category", pd.ArrowDtype(pa.string())], ids=str)
def test_a_matrix_turns_regions_of_the_reverse_strand(dtype):
    dataset = gidx.open(written({"a": np.arange(9.0)}))
    frame = pd.DataFrame({"chrom": "a", "start": [0, 2, 4, 6], "end": [2, 4, 6, 8]})
    told = pd.Series(["+", "-", ".", None], dtype=dtype)
    for name in ("strand", "Strand"):
        found = dataset.matrix(frame.assign(**{name: told}), bins=2)
        assert found.tolist() == [[0, 1], [3, 2], [4, 5], [6, 7]]
    both = frame.assign(Strand="+", strand="-")
    assert dataset.matrix(both, bins=2).tolist() == [[1, 0], [3, 2], [5, 4], [7, 6]]


def test_a_strand_in_the_index_is_not_passed_over():
    rows = pd.DataFrame({"chrom": "a", "start": [0, 2], "end": [2, 4], "strand": ["+", "-"]})
    with pytest.raises(RegionError, match=r"the strand in its index; df.reset_index\(\) first"):
        gidx.open(written({"a": np.arange(9.0)})).matrix(rows.set_index("strand"), bins=2)


@pytest.mark.parametrize("told", [[1, -1], ["plus", "minus"], [" +", " -"], ["+", "\u2212"]])
def test_a_matrix_refuses_strands_that_it_does_not_know(told):
    """They were taken for the forward strand: Ensembl's and Biopython's -1 among them."""
    dataset = gidx.open(written({"a": np.arange(9.0)}))
    frame = pd.DataFrame({"chrom": "a", "start": [0, 2], "end": [2, 4], "strand": told})
    with pytest.raises(RegionError, match=r"column 'strand': a strand is .*expected '\+' or '-'"):
        dataset.matrix(frame, bins=2)


@given(signals(), st.data(), st.sampled_from([None, "start", "center", "end"]))
def test_a_mirrored_signal_on_the_other_strand_has_the_same_matrix(signal, data, anchor):
    """The reverse strand is read as the forward one, to the base.

    But for the middle of an odd number of bases, which is that of the forward strand, as in
    deepTools and GenomicRanges.
    """
    sizes = signal.chroms
    mirrored = [(c, sizes[c] - end, sizes[c] - start, v) for c, start, end, v in signal.rows]
    order = {c: i for i, c in enumerate(sizes)}
    mirrored.sort(key=lambda row: (order[row[0]], row[1]))
    regions = [places(data.draw, signal) for _ in range(3)]
    if anchor == "center":
        regions = [(c, start, end) for c, start, end in regions if (end - start) % 2 == 0]
    other = [(c, sizes[c] - end, sizes[c] - start) for c, start, end in regions]
    up, down = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 9))

    def matrix(rows, regions, strand):
        frame = pd.DataFrame(regions, columns=["chrom", "start", "end"]).assign(strand=strand)
        bins = 1 if anchor is None else up + down  # that divide all windows
        return gidx.open(build(rows, sizes)).matrix(frame, bins, anchor=anchor, flank=(up, down))

    np.testing.assert_allclose(
        matrix(signal.rows, regions, "+"), matrix(mirrored, other, "-"), rtol=1e-6
    )


@given(signals(), st.data(), st.sampled_from([None, "start", "center", "end"]))
def test_a_matrix_around_anchors_turns_with_the_strand(signal, data, anchor):
    dataset = gidx.open(build(signal.rows, signal.chroms))
    regions = [places(data.draw, signal) for _ in range(5)]
    strands = data.draw(st.lists(st.sampled_from("+-."), min_size=5, max_size=5))
    up, down = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 9))
    frame = pd.DataFrame(regions, columns=["chrom", "start", "end"]).assign(strand=strands)
    expected = []
    for (chrom, start, end), strand in zip(regions, strands, strict=True):
        minus = strand == "-"
        first, last = (end, start) if minus else (start, end)
        place = {"start": first, "end": last, "center": (start + end) // 2}.get(anchor)
        left, right = (down, up) if minus else (up, down)
        begin, stop = (start, end) if place is None else (place, place)
        found = bases(signal.rows, chrom, begin - left, stop + right)
        expected.append([statistic(p, "mean") for p in parts(found, 3)][:: -1 if minus else 1])
    found = dataset.matrix(frame, 3, anchor=anchor, flank=(up, down))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(
        dataset.matrix(pa.table(frame), 3, anchor=anchor, flank=(up, down)), found
    )


def test_regions_that_the_file_cannot_have():
    dataset = gidx.open(build(ROWS, CHROMS))
    with pytest.raises(UnknownChromError, match="missing_chroms='ignore' passes over it"):
        dataset.matrix([("chr1", 0, 10), ("scaffold", 0, 10)], 1)
    found = dataset.matrix([("scaffold", 0, 10), ("chr1", 0, 3)], 1, missing_chroms="ignore")
    np.testing.assert_array_equal(found, [[NAN], [1.0]])
    with pytest.raises(ValueError, match="anchor='start' needs flank="):
        dataset.matrix(["chr1"], anchor="start")
    with pytest.raises(ValueError, match="flank is -1, expected 0 to 4294967296"):
        dataset.matrix(["chr1"], flank=-1)
    with pytest.raises(ValueError, match="stat"):
        dataset.matrix(["chr1"], stat="median")


def test_a_row_that_overlaps_others_counts_in_each_bin_of_its_own():
    """No writer makes such a file; a base then counts once a row."""
    rows = [("chr1", 0, 10, 1.0), ("chr1", 5, 20, 3.0), ("chr1", 6, 8, 5.0)]
    dataset = gidx.open(build(rows, CHROMS))
    assert dataset.values("chr1:1-20", bins=1, stat="sum").tolist() == [10 + 45 + 10]


def test_a_dataset_is_pickled_by_what_it_opened(tmp_path):
    (tmp_path / "a.bw").write_bytes(build(ROWS, CHROMS))
    again = pickle.loads(pickle.dumps(gidx.open(tmp_path / "a.bw")))
    assert again.values("chr1:1-3").tolist() == [1, 1, 1]


# ── zoom levels ─────────────────────────────────────────────────────────────────────────────────


def test_a_wide_region_is_summed_up_from_a_zoom_level():
    rows = [("c", i * 10, i * 10 + 5, float(i % 7)) for i in range(1000)]
    data = build(rows, {"c": 10_000}, zooms=(40, 160), items_per_slot=64)
    dataset = gidx.open(data)
    assert dataset.zoom_levels == [40, 160]
    estimate = dataset.summary("c", bins=10)
    np.testing.assert_allclose(estimate, dataset.summary("c", bins=10, exact=True), rtol=0.05)
    level = dataset.scan_zoom(160).read_all()
    assert level["valid_count"].to_pylist() == [80] * 62 + [40]
    assert dataset.total_summary.valid_count == 5000  # of no stored one
    assert dataset.total_summary.max == 6


# ── other writers' files ────────────────────────────────────────────────────────────────────────


def by_pybigwig(path, signal: Signal) -> bytes:
    file = pyBigWig.open(str(path), "w")
    file.addHeader(list(signal.chroms.items()))
    for row in signal.rows:
        file.addEntries([row[0]], [row[1]], ends=[row[2]], values=[row[3]])
    file.close()
    return path.read_bytes()


@settings(max_examples=30)
@given(signals())
def test_files_of_pybigwig_are_read(tmp_path_factory, signal):
    path = tmp_path_factory.mktemp("bw") / "a.bw"
    dataset = gidx.open(by_pybigwig(path, signal))
    assert rows_of(dataset.to_table()) == signal.rows
    if signal.rows:
        theirs = pyBigWig.open(str(path))
        for chrom in {row[0] for row in signal.rows}:
            expected = theirs.values(chrom, 0, signal.chroms[chrom], numpy=True)
            np.testing.assert_array_equal(dataset.values(chrom), expected)
        total = theirs.header()
        assert total["nBasesCovered"] == dataset.total_summary.valid_count


@settings(max_examples=30)
@given(signals())
def test_files_of_pybigtools_are_read(tmp_path_factory, signal):
    path = tmp_path_factory.mktemp("bw") / "a.bw"
    if not signal.rows:
        return
    pybigtools.open(str(path), "w").write(signal.chroms, iter(signal.rows))
    assert rows_of(gidx.open(path).to_table()) == signal.rows


def test_fixed_and_variable_steps_of_pybigwig(tmp_path):
    path = tmp_path / "a.bw"
    file = pyBigWig.open(str(path), "w")
    file.addHeader([("chr1", 1000)])
    file.addEntries("chr1", [1, 10, 50], values=[1.0, 2.0, 3.0], span=3)
    file.addEntries("chr1", 100, values=[4.0, 5.0], span=3, step=20)
    file.close()
    assert rows_of(gidx.open(path).to_table()) == [
        ("chr1", 1, 4, 1.0), ("chr1", 10, 13, 2.0), ("chr1", 50, 53, 3.0),
        ("chr1", 100, 103, 4.0), ("chr1", 120, 123, 5.0),
    ]  # fmt: skip


def test_a_section_is_as_the_specification_has_it():
    parts = build_parts(ROWS[:2], CHROMS, compressed=False)
    at = parts.places["block 0"]
    assert struct.unpack_from("<5IBBH", parts.data, at) == (0, 0, 10, 0, 0, 1, 0, 2)
    assert gidx.open(parts.data).to_table().num_rows == 2
