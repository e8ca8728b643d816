"""`gidx check` of bigWigs: indexes and summaries are those of the rows, or it says where not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pybigtools
import pyBigWig
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.bigwig_bytes import Signal, build, build_parts, frame, shapes, signals, written

from gidx.bbi.zoom import SUMMARY
from gidx.check import check

EVERY = st.floats(width=32, allow_nan=False, allow_infinity=False)
CHROMS = {"a": 100, "b": 50}
ROWS = [("a", i * 7, i * 7 + 5, i / 4 - 1) for i in range(13)] + [("b", 3, 9, 2.0)]


@given(signals(), shapes())
def test_files_that_are_as_they_say_are_fine(signal, shape):
    assert check(build(signal.rows, signal.chroms, **shape)).problems == ()


@given(signals(EVERY), st.integers(1, 5), st.booleans())
@example(Signal(CHROMS, [("a", i, i + 1, 3e38 - 6e38 * (i % 4 > 1)) for i in range(100)]), 5, False)
@example(Signal({"a": 15}, [
    ("a", i, i + 1, {8: 1.7507117105738668e27, 14: 2.0**64}.get(i, 0.0)) for i in range(0, 16, 2)
]), 1, False)  # fmt: skip
def test_files_that_gidx_writes_are_fine(signal, items, plain):
    compression = None if plain else "zlib"
    data = written(frame(signal.rows), signal.chroms, items_per_slot=items, compression=compression)
    assert check(data).problems == ()


def test_values_of_very_different_sizes_are_fine():
    """A sum over all rows before loses the small ones."""
    rows = [("a", 0, 5, 2.0**60), ("a", 20, 30, 1.0), ("b", 0, 5, -(2.0**60)), ("b", 20, 30, 1.0)]
    assert check(written(frame(rows), CHROMS, items_per_slot=1)).problems == ()


@pytest.mark.parametrize("field", SUMMARY.names[3:])
def test_a_summary_that_is_not_of_the_rows_is_named(field):
    parts = build_parts(ROWS, CHROMS, zooms=(20,), compressed=False, items_per_slot=64)
    at = SUMMARY.fields[field][1] + 4 + SUMMARY.itemsize  # of the second summary
    value = 3 if field == "valid_count" else 99.0
    data = parts.broken("zoom 0 data", at, "I" if field == "valid_count" else "f", value)
    (problem,) = check(data).problems
    assert f"zoom level 20: the summary of a:21-40 has {field} {value:g}, the rows" in problem
    assert "; summary(exact=True) is of the rows, or write the file again" in problem


@pytest.mark.parametrize(("k", "field"), [*enumerate(["min", "max", "sum", "sum_squares"])])
def test_a_total_that_is_not_of_the_rows_is_named(k, field):
    data = bytearray(written(frame(ROWS), CHROMS))
    at = int.from_bytes(data[44:52], "little") + 8 + 8 * k
    data[at : at + 8] = np.float64(99).tobytes()
    (problem,) = check(bytes(data)).problems
    assert f"total summary: {field} is 99, that of the rows is" in problem


def test_a_count_of_bases_that_is_two_less_is_told():
    data = bytearray(written(frame(ROWS), CHROMS))
    at = int.from_bytes(data[44:52], "little")
    count = int.from_bytes(data[at : at + 8], "little")
    data[at : at + 8] = (count - 2).to_bytes(8, "little")
    (problem,) = check(bytes(data)).problems
    assert "total summary: valid_count is 69, that of the rows is 71" in problem


def test_rows_that_overlap_are_told():
    (problem,) = check(build([("a", 0, 9, 1.0), ("a", 5, 12, 2.0)], CHROMS)).problems
    assert "the row at a:6-12 overlaps the row before" in problem


def test_a_block_that_the_index_does_not_lead_to_is_told():
    parts = build_parts(ROWS, CHROMS, items_per_slot=64, fan_out=8)
    end = 48 + 4 + 12  # of the first leaf item in the tree
    problems = check(parts.broken("range_tree", end, "I", 30)).problems
    assert any("the row at a:29-33 is not found by the data index" in p for p in problems)


def test_summaries_of_other_writers_that_are_wrong_are_told(tmp_path):
    """libBigWig 0.4.8 has sum 0 in the last summary of each of its blocks of zooms; bigtools
    0.5 has the least of a neighbour."""
    r = np.random.default_rng(0)
    rows = [("chr1", i * 10, i * 10 + int(r.integers(1, 11)), float(np.round(r.normal(), 3)))
            for i in range(60_000)]  # fmt: skip
    file = pyBigWig.open(str(tmp_path / "p.bw"), "w")
    file.addHeader([("chr1", 600_000)])
    chroms, starts, ends, values = (list(column) for column in zip(*rows, strict=True))
    file.addEntries(chroms, starts, ends=ends, values=values)
    file.close()
    assert "has sum 0, the rows there have" in check(tmp_path / "p.bw").problems[0]
    pybigtools.open(str(tmp_path / "b.bw"), "w").write({"chr1": 600_000}, iter(rows))
    assert "has min" in check(tmp_path / "b.bw").problems[0]
    frame = pd.DataFrame(rows, columns=["chrom", "start", "end", "value"])
    frame.gidx.to_bigwig(tmp_path / "g.bw", {"chr1": 600_000})
    assert check(tmp_path / "g.bw").ok
