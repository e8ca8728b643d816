"""bigWig files written: rows, arrays, sections, zoom levels, refusals.

Oracles: what is read is what was written; pyBigWig and pybigtools read it too; and UCSC's
bedGraphToBigWig: digests of files that it wrote, and its summaries, which are added up here
as its source does, float by float.
"""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pybigtools
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.bigwig_bytes import BEDGRAPH, FIXED, VARIABLE, bases, frame, signals, written
from tests.support.tables import rows_of

import gidx
from gidx.bbi import section
from gidx.errors import WriteError

FLOATS = st.floats(-(2.0**99), 2.0**99, width=32).filter(lambda v: v == 0 or abs(v) > 1e-30)
NAN = float("nan")


@st.composite
def layouts(draw: st.DrawFn) -> dict:
    return {
        "items_per_slot": draw(st.integers(1, 6)),
        "fan_out": draw(st.integers(2, 5)),
        "compression": draw(st.sampled_from(["zlib", None])),
        "threads": draw(st.integers(1, 3)),
    }


# ── what is read is what was written ────────────────────────────────────────────────────────────


@given(signals(FLOATS), layouts())
def test_what_is_written_is_read(signal, layout):
    data = written(frame(signal.rows), signal.chroms, **layout)
    dataset = gidx.open(data)
    assert rows_of(dataset.to_table()) == signal.rows
    there = {row[0] for row in signal.rows}
    assert dataset.chroms == {c: n for c, n in signal.chroms.items() if c in there}


@settings(max_examples=40)
@given(signals(), layouts())
def test_others_read_what_is_written(tmp_path_factory, signal, layout):
    path = tmp_path_factory.mktemp("bw") / "a.bw"
    gidx.write_bigwig(frame(signal.rows), path, signal.chroms, **layout)
    one, other = pyBigWig.open(str(path)), pybigtools.open(str(path))
    for chrom in {row[0] for row in signal.rows}:
        mine = [row[1:] for row in signal.rows if row[0] == chrom]
        assert list(one.intervals(chrom)) == mine
        assert list(other.records(chrom)) == mine
        expected = np.array(bases(signal.rows, chrom, 0, signal.chroms[chrom]), float)
        np.testing.assert_array_equal(one.values(chrom, 0, signal.chroms[chrom]), expected)


@given(signals(FLOATS), st.randoms(use_true_random=False))
def test_sorting_brings_rows_into_order(signal, random):
    mixed = random.sample(signal.rows, len(signal.rows))
    if sorted(mixed[:1]) != signal.rows[:1] and len(signal.rows) > 1:
        data = written(frame(mixed), signal.chroms, sort=True)
        assert data == written(frame(signal.rows), signal.chroms)


@given(signals(FLOATS))
def test_an_array_of_each_chrom_is_the_same_signal(signal):
    arrays = {
        chrom: np.array(bases(signal.rows, chrom, 0, size), float)
        for chrom, size in signal.chroms.items()
    }
    dataset = gidx.open(written(arrays))
    for chrom in dataset.chroms:
        np.testing.assert_array_equal(dataset.values(chrom), arrays[chrom].astype(np.float32))
    table = dataset.to_table()
    joined = (table["end"].to_numpy()[:-1] == table["start"].to_numpy()[1:]) & (
        table["value"].to_numpy()[:-1] == table["value"].to_numpy()[1:]
    )
    chroms = table["chrom"].to_pylist()
    assert not any(j and a == b for j, (a, b) in zip(joined, pairwise(chroms), strict=True))


def test_runs_go_on_from_one_part_of_a_long_array_to_the_next():
    array = np.repeat([1.0, 2.0, NAN, 3.0], [300_000, 500_000, 7, 10])
    table = gidx.open(written({"c": array})).to_table()
    assert rows_of(table) == [
        ("c", 0, 300_000, 1.0), ("c", 300_000, 800_000, 2.0), ("c", 800_007, 800_017, 3.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda df: df,
        pa.Table.from_pandas,
        pl.from_pandas,
        lambda df: iter([df.iloc[:2], df.iloc[2:]]),
        lambda df: df.to_dict("list"),
        lambda df: df.rename(columns={"start": "chromStart", "end": "chromEnd"}),
        lambda df: df.assign(chrom=df["chrom"].astype("category"), value=df["value"].astype("f4")),
        lambda df: df.assign(name="x")[["name", "value", "chrom", "start", "end"]],
    ],
)
def test_rows_come_in_any_kind_of_table(make):
    df = frame([("a", 0, 2, 1.5), ("a", 3, 5, 2.5), ("b", 1, 2, 1.0)])
    assert written(make(df), {"a": 9, "b": 9}) == written(df, {"a": 9, "b": 9})


def test_the_column_of_values_is_named_or_the_only_one():
    df = pd.DataFrame({"chrom": "a", "start": [0], "end": [2], "depth": [3]})
    assert rows_of(gidx.open(written(df, {"a": 9})).to_table()) == [("a", 0, 2, 3.0)]
    two = df.assign(score=5)
    assert rows_of(gidx.open(written(two, {"a": 9}, value="score")).to_table())[0][3] == 5
    with pytest.raises(WriteError, match="there are depth, score; name it with value="):
        written(two, {"a": 9})
    with pytest.raises(WriteError, match="expected one of numbers, there is none"):
        written(df.drop(columns="depth"), {"a": 9})
    with pytest.raises(WriteError, match="value: no column 'dept'; did you mean 'depth'"):
        written(df, {"a": 9}, value="dept")
    with pytest.raises(WriteError, match=r"column chrom is (large_)?string, expected numbers"):
        written(df, {"a": 9}, value="chrom")


def test_sizes_of_chroms_are_kept_from_one_file_to_the_next(tmp_path):
    data = written(frame([("a", 0, 2, 1.5)]), {"a": 77})
    assert written(gidx.open(data)) == data
    assert written(gidx.read_bigwig(data)) == data


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_are_a_file_too(rows):
    data = written(frame([("a", 3, 4, 2.0)][:rows]), {"a": 9})
    assert gidx.open(data).to_table().num_rows == rows
    assert gidx.open(data).total_summary.valid_count == rows


def test_a_hundred_thousand_contigs():
    n = 100_000
    names = [f"contig{i:06}" for i in range(n)]
    df = pd.DataFrame({"chrom": names, "start": 5, "end": 9, "value": np.arange(n) % 7})
    dataset = gidx.open(written(df, dict.fromkeys(names, 20)))
    assert dataset.count_rows() == n
    assert rows_of(dataset.to_table("contig054321")) == [("contig054321", 5, 9, 54321 % 7)]
    assert dataset.matrix([(names[7], 0, 20), (names[3], 5, 6)], 1).tolist() == [[0.0], [3.0]]


def test_positions_reach_to_the_end_of_32_bits():
    most = 2**32 - 1
    rows = [("c", 0, 1, 1.0), ("c", 2**31 - 1, 2**31 + 1, 2.0), ("c", most - 2, most, 3.0)]
    data = written(frame(rows), {"c": most})
    assert rows_of(gidx.open(data).to_table()) == rows
    assert gidx.open(data).total_summary.sum == 1 + 4 + 6


# ── sections ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("places", "kind", "size"),
    [
        ([(0, 1), (1, 2), (2, 3)], FIXED, 4),
        ([(0, 5), (10, 15), (20, 25)], FIXED, 4),
        ([(7, 9)], FIXED, 4),
        ([(0, 5), (10, 15), (21, 26)], VARIABLE, 8),
        ([(0, 5), (10, 16), (20, 25)], BEDGRAPH, 12),
    ],
)
def test_a_section_is_of_the_type_that_takes_the_fewest_bytes(places, kind, size):
    data = written(frame([("a", s, e, 1.5) for s, e in places]), {"a": 99}, compression=None)
    at = int.from_bytes(data[16:24], "little") + 8
    head = np.frombuffer(data, section.HEAD, 1, at)[0]
    assert (head["type"], head["count"]) == (kind, len(places))
    assert (head["start"], head["end"]) == (places[0][0], places[-1][1])
    items = data[at + section.HEAD.itemsize :][: size * len(places)]
    layout = {BEDGRAPH: section.BEDGRAPH, VARIABLE: section.VARIABLE, FIXED: section.FIXED}[kind]
    found = np.frombuffer(items, layout)
    assert found["value"].tolist() == [1.5] * len(places)
    assert gidx.open(data).info()["blocks"] == 1


# ── zoom levels and the total summary ───────────────────────────────────────────────────────────


# SHA-256 of what UCSC's bedGraphToBigWig 2.8 makes of `uneven`:
# -unc -itemsPerSlot -blockSize
DIGESTS = {
    (16, 8): "0954bc2e79590b9d4a2b384949afd4a8d0e468f68455957ed5377c50872c6647",
    (4, 2): "3113bf8deabc15335606c089aa0bac0c10f43f1d48771595793e047959909b7b",
    (512, 256): "4e5873794d5aef78bdd6bf19d4ff6e79c19c10dc807c9f3b7e6bce129cb6ad35",
}


def uneven() -> pd.DataFrame:
    """Rows whose sections are all of type bedGraph: lengths and gaps change from row to row."""
    parts = []
    for chrom, n, shift in [("chr1", 400, 0), ("chr2", 90, 0), ("chrX", 40, 2**31 - 5000)]:
        i = np.arange(n)
        size = 1 + i * 7 % 50
        end = np.cumsum(size + i * 5 % 3) + shift
        value = ((i * 37 % 101 - 50) / 4).astype(np.float32)
        parts.append(
            pd.DataFrame({"chrom": chrom, "start": end - size, "end": end, "value": value})
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("layout", DIGESTS, ids=str)
def test_bytes_are_those_of_ucsc_where_every_section_is_a_bedgraph(layout):
    items, fan_out = layout
    data = written(uneven(), {"chr1": 20_000, "chr2": 2400, "chrX": 2**32 - 1}, compression=None,
                   items_per_slot=items, fan_out=fan_out)  # fmt: skip
    assert hashlib.sha256(data).hexdigest() == DIGESTS[layout]


def ucsc(rows: list[tuple], sizes: dict[str, int], reduction: int) -> tuple[list, list[float]]:
    """The finest level and the total summary, as bedGraphToBigWig adds them up.

    A value times a count of bases is a product of floats in its C; sums of the level are
    floats, those of the total doubles.
    """
    f = np.float32
    total: list[float] = []
    found: list[list] = []
    now: list | None = None
    for chrom, begin, end, told in rows:
        start, value, size = begin, f(told), end - begin
        sums = [float(value * f(size)), float(f(value * value) * f(size))]
        if not total:
            total = [size, told, told, *sums]
        else:
            total = [total[0] + size, min(total[1], told), max(total[2], told),
                     total[3] + sums[0], total[4] + sums[1]]  # fmt: skip
        if now is not None and (now[0] != chrom or now[2] <= start):
            found.append(now)
            now = None
        if now is None:
            now = [chrom, start, min(start + reduction, sizes[chrom]), 0, value, value, f(0), f(0)]
        while True:
            part = min(end, now[2]) - start
            now[3] += part
            now[4], now[5] = min(now[4], value), max(now[5], value)
            now[6] += value * f(part)
            now[7] += f(value * value) * f(part)
            if end <= now[2]:
                break
            found.append(now)
            start = now[2]
            now = [chrom, start, min(start + reduction, sizes[chrom]), 0, value, value, f(0), f(0)]
    return [*found, *([now] if now else [])], total


@given(signals(st.floats(-(2.0**30), 2.0**30, width=32)), layouts())
def test_summaries_are_those_of_ucsc(signal, layout):
    if not signal.rows:
        return
    dataset = gidx.open(written(frame(signal.rows), signal.chroms, **layout))
    level = dataset.scan_zoom(0).read_all()
    expected, total = ucsc(signal.rows, signal.chroms, dataset.zoom_levels[0])
    assert rows_of(level) == [tuple(map(_plain, row)) for row in expected]
    assert list(dataset.total_summary) == total


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def test_a_square_that_32_bits_do_not_hold_is_summed_up_in_64():
    """bedGraphToBigWig has infinity in the total summary, which is of 64 bits."""
    total = gidx.open(written(frame([("a", 0, 2, 1e30)]), {"a": 9})).total_summary
    assert total.sum_squares == pytest.approx(2e60)


@pytest.mark.parametrize("large", [2.0**64, 2.0**127])
def test_summaries_past_what_32_bits_hold_are_made_of_the_rows(large):
    values = np.tile([large, large, -large, -large, 1.0], 2400)
    dataset = gidx.open(written({"c": values}))
    assert dataset.zoom_levels[0] < 2000  # one that serves for three bins
    assert not np.isfinite(dataset.scan_zoom(0).read_all()["sum_squares"].to_numpy()).any()
    for stat in ("sum", "mean", "std", "min", "max", "coverage"):
        exact = dataset.summary("c", 3, stat, exact=True)
        assert dataset.summary("c", 3, stat).tolist() == exact.tolist()
        assert np.isfinite(exact).all()


def test_coarser_levels_are_four_times_the_finer_ones():
    rows = [("a", i * 3, i * 3 + 2, float(i % 11)) for i in range(20_000)]
    dataset = gidx.open(written(frame(rows), {"a": 60_000}))
    levels = dataset.zoom_levels
    assert len(levels) > 3
    assert all(b == 4 * a for a, b in pairwise(levels))
    exact = dataset.summary("a", bins=7, exact=True)
    np.testing.assert_allclose(dataset.summary("a", bins=7), exact, rtol=0.01)
    sums = dataset.scan_zoom(levels[-1]).read_all()["sum"].to_pylist()
    assert math.fsum(sums) == pytest.approx(sum(r[3] * 2 for r in rows), rel=1e-5)


# ── refusals ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "message", "row"),
    [
        ([("a", 0, 5, 1), ("a", 4, 6, 1)], r"row 1 \(a:5-6\): it overlaps the row before", 1),
        ([("a", 3, 5, 1), ("a", 0, 2, 1)], "rows are not sorted: a:0 after a:3", 1),
        ([("a", 0, 1, 1), ("b", 0, 1, 1), ("a", 2, 3, 1)], "rows are not sorted", 2),
        ([("a", 0, 1, 1), ("a", 2, 2, 1)], "it is empty, so there is no base of the value", 1),
        ([("a", 0, 1, 1), ("a", 2, 3, NAN)], "row 1 .*column value: the value is missing", 1),
        ([("a", 0, 1, 1e39)], r"the value 1e\+39 is past what 32 bits hold", 0),
        ([("a", 0, 1, 1e-60)], "the value 1e-60 is past what 32 bits hold", 0),
        ([("a", 0, 1, math.inf)], "the value inf is past what 32 bits hold", 0),
        ([("a", 0, 101, 1)], "end 101 is past the size of a, 100", 0),
        ([("c", 0, 1, 1)], "unknown chrom 'c'", 0),
    ],
)  # fmt: skip
def test_rows_that_a_bigwig_cannot_hold_are_refused(tmp_path, rows, message, row):
    with pytest.raises(WriteError, match=message) as error:
        gidx.write_bigwig(frame(rows), tmp_path / "a.bw", {"a": 100, "b": 100})
    assert error.value.row == row
    assert list(tmp_path.iterdir()) == []


def test_values_that_are_none_are_dropped_where_that_is_asked():
    rows = [("a", 0, 1, 1.0), ("a", 2, 3, NAN), ("a", 4, 5, 1e39), ("a", 6, 7, 2.0)]
    for data in (frame(rows), iter([frame(rows[:2]), frame(rows[2:])])):
        dataset = gidx.open(written(data, {"a": 9}, invalid="drop"))
        assert rows_of(dataset.to_table()) == [rows[0], rows[3]]
    dataset = gidx.open(written({"a": [1.0, NAN, 1e39, 2.0]}, invalid="drop"))
    assert rows_of(dataset.to_table()) == [("a", 0, 1, 1.0), ("a", 3, 4, 2.0)]
    with pytest.raises(ValueError, match="invalid is 'ignore', expected 'raise' or 'drop'"):
        written(frame(rows), {"a": 9}, invalid="ignore")


@pytest.mark.parametrize(
    ("arrays", "sizes", "message"),
    [
        ({"a": [1.0, 1e39]}, None, r"row 1 \(a:2-2\), column value: the value 1e\+39 is past"),
        ({"a": [1.0, 2.0]}, {"a": 1}, "a: 2 values, but its size is 1"),
        ({"a": [1.0]}, {"b": 1}, "unknown chrom 'a'"),
        ({"a": [[1.0]]}, None, r"a: found float64 of shape \(1, 1\), expected an array of numbers"),
        ({"a": ["x"]}, None, "a: found <U1 of shape"),
    ],
)
def test_arrays_that_are_no_signal_are_refused(arrays, sizes, message):
    with pytest.raises(WriteError, match=message):
        written(arrays, sizes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"items_per_slot": 70_000}, "items_per_slot is 70000, expected 1 to 65535"),
        ({"level": 0}, "level is 0, expected 1 to 12"),
        ({"compression": "gzip"}, "compression is 'gzip'"),
        ({"fan_out": 1}, "fan_out is 1"),
    ],
)
def test_options_that_a_file_cannot_have(options, message):
    with pytest.raises(WriteError, match=message):
        written(frame([("a", 0, 1, 1.0)]), {"a": 9}, **options)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=9),
       st.sampled_from(["f4", "f8", "i1", "u8", "bool", ">i4"]))  # fmt: skip
def test_what_is_masked_is_no_value(bases, kind):
    values = np.array([value for value, _ in bases]).astype(kind)
    mask = [masked for _, masked in bases]
    found = gidx.open(written({"a": np.ma.MaskedArray(values, mask)}))
    expected = [np.nan if m else float(v) for v, m in zip(values, mask, strict=True)]
    if "a" in found.chroms:
        np.testing.assert_array_equal(found.values(("a", 0, len(bases))), expected)
    else:
        assert all(mask)


@pytest.mark.parametrize(("data", "said"), [
    ({"1": [1.0], 1: [2.0]}, "two chroms '1'"),
    ({"a": np.array(5.0)}, "'a' is ndarray, expected an array"),
])  # fmt: skip
def test_arrays_that_are_none_or_two_are_refused(data, said):
    with pytest.raises(WriteError, match=said):
        written(data)


@given(signals(), st.integers(0, 9), st.booleans())
def test_what_reaches_past_its_chrom_is_cut_to_it_where_that_is_asked(signal, less, as_arrays):
    """FREEC#65, igv#425, telomeric-identifier#18: the last window is as long as all others."""
    sizes = {name: max(size - less, 1) for name, size in signal.chroms.items()}
    data = frame(signal.rows)
    longer = any(end > sizes[chrom] for chrom, _, end, _ in signal.rows)
    if as_arrays:
        places = {name: bases(signal.rows, name, 0, size) for name, size in signal.chroms.items()}
        data = {name: np.array(values, float) for name, values in places.items()}
        longer = any(len(values) > sizes[name] for name, values in data.items())
    if longer:
        with pytest.raises(WriteError):
            written(data, sizes)
        with pytest.warns(gidx.GidxWarning, match="clip=True cut"):
            found = gidx.open(written(data, sizes, clip=True))
    else:
        found = gidx.open(written(data, sizes, clip=True))
    for name, size in sizes.items():
        expected = [np.nan if v is None else v for v in bases(signal.rows, name, 0, size)]
        if name in found.chroms:
            np.testing.assert_array_equal(found.values((name, 0, size)), expected)
        else:
            assert np.isnan(expected).all()


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["good", "past", "nan"]), max_size=8), st.booleans())
def test_a_row_has_its_number_whatever_was_left_out_before_it(kinds, is_bigbed):
    rows = [("a", i + 90 * (kind == "past"), i + 1 + 90 * (kind == "past"),
             np.nan if kind == "nan" else 1.0) for i, kind in enumerate(kinds)]  # fmt: skip
    data = frame([*rows, ("a", 20, 12, 1.0)])
    if is_bigbed:
        data, write, options = data.drop(columns="value"), gidx.write_bigbed, {}
    else:
        write, options = gidx.write_bigwig, {"invalid": "drop"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.GidxWarning)
        with pytest.raises(WriteError, match=f"^row {len(rows)}: start 20 is after") as error:
            write(data, io.BytesIO(), {"a": 50}, clip=True, **options)
    assert error.value.row == len(rows)
