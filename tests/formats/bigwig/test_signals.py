"""Signals of frames, averages over rows, and several bigWigs as one."""

from __future__ import annotations

import io
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.bigwig_bytes import CHROMS, bases, build, signals, written
from tests.support.strategies import tables
from tests.support.tables import rows_in

import gidx
from gidx.errors import FormatError
from gidx.formats.bigwig.read import BigWig
from gidx.ground.tuning import tuning

SIZES = dict.fromkeys(CHROMS, 60)


def frame(rows) -> pd.DataFrame:
    names = ["chrom", "start", "end", "value"][: len(rows[0]) if rows else 3]
    return pd.DataFrame([row[: len(names)] for row in rows], columns=names)


# ── depth ───────────────────────────────────────────────────────────────────────────────────────


@given(tables(), st.sampled_from([0, 9, 2**16]), st.sampled_from([0, 4]))
def test_a_pileup_is_the_depth_of_each_base(table, together, before):
    # rows that were widened may begin before the first base
    rows = [(chrom, start - before, end - before) for chrom, start, end, _ in table.rows]
    with tuning.set(piled_rows=together):
        found = frame(rows).gidx.pileup()
    # one that begins just before it is at it, as POS 0 of a VCF
    rows = [(c, 0, max(e, 1)) if s == -1 else (c, s, e) for c, s, e in rows]
    for chrom, size in table.chroms.items():
        places = range(-before, size)
        expected = [sum(c == chrom and s <= b < e for c, s, e in rows) for b in places]
        assert bases(mine_of(found), chrom, -before, size) == [n or None for n in expected]
    pairs = pairwise(mine_of(found))
    assert not any(a[0] == b[0] and a[2] == b[1] and a[3] == b[3] for a, b in pairs)


def mine_of(found: pd.DataFrame) -> list[tuple]:
    return list(found.itertuples(index=False, name=None))


def test_chroms_too_long_for_one_line_are_piled_up_one_by_one():
    far = 2**61
    rows = [("a", far - 9, far), ("a", far - 5, far), ("b", 0, 7), ("c", far - 3, far - 1)]
    assert mine_of(frame(rows).gidx.pileup()) == [
        ("a", far - 9, far - 5, 1), ("a", far - 5, far, 2), ("b", 0, 7, 1),
        ("c", far - 3, far - 1, 1),
    ]  # fmt: skip


def test_peaks_become_a_bigwig_in_two_lines(tmp_path):
    peaks = pd.DataFrame({"chrom": ["b", "a", "a"], "start": [3, 0, 2], "end": [5, 4, 9]})
    peaks.gidx.pileup().gidx.to_bigwig(tmp_path / "a.bw", {"a": 20, "b": 20}, sort=True)
    dataset = gidx.open(tmp_path / "a.bw")
    np.testing.assert_array_equal(dataset.values("a:1-5"), [1, 1, 2, 2, 1])
    whole = gidx.read_bigwig(tmp_path / "a.bw").gidx.pileup()
    assert whole.gidx.to_bigwig(tmp_path / "b.bw") == tmp_path / "b.bw"  # sizes went along


def test_frames_in_other_coordinates_are_piled_up_as_they_say():
    gff = pd.DataFrame({"seqid": ["1"], "start": [5], "end": [9]})
    assert mine_of(gff.gidx.pileup()) == [("1", 4, 9, 1)]


# ── averages ────────────────────────────────────────────────────────────────────────────────────


@given(signals(), st.data())
def test_averages_are_over_the_bases_of_each_row(signal, data):
    names = st.sampled_from([*signal.chroms, "elsewhere"])
    places = st.lists(st.tuples(names, st.integers(0, 30), st.integers(0, 20)), max_size=8)
    rows = [(chrom, start, start + size) for chrom, start, size in data.draw(places)]
    asked = frame(rows).set_axis([f"r{i}" for i in range(len(rows))])
    found = asked.gidx.average(build(signal.rows, signal.chroms))
    assert list(found.index) == list(asked.index)
    for row, got in zip(rows, found.itertuples(index=False), strict=True):
        values = [v for v in bases(signal.rows, *row) if v is not None]
        size = row[2] - row[1]
        assert (got.size, got.covered) == (size, len(values))
        assert got.sum == pytest.approx(math.fsum(values))
        expected = {
            "mean0": got.sum / size if size else math.nan,
            "mean": got.sum / len(values) if values else math.nan,
            "min": min(values, default=math.nan),
            "max": max(values, default=math.nan),
        }
        for name, value in expected.items():
            assert getattr(got, name) == pytest.approx(value, nan_ok=True), name


def test_a_row_that_lacks_its_place_has_no_bases_and_no_mean():
    rows = pd.DataFrame({"chrom": ["a", "a", None], "start": [None, 0, 0], "end": [5, 5, 5]})
    found = rows.gidx.average(written({"a": [1.0, 1.0, 1.0]}))
    assert found["size"].tolist() == [0, 5, 0]
    assert found["covered"].tolist() == [0, 3, 0]
    assert found["mean0"].fillna(-1).tolist() == [-1, 0.6, -1]


@settings(max_examples=25)
@given(signals(), st.data())
@pytest.mark.parametrize("texts", [False, True])
def test_averages_of_rows_with_blocks_are_over_their_bases(texts, signal, data):
    """As UCSC's bigWigAverageOverBed of a BED12: exons, not introns; without blocks the row."""
    cuts = st.lists(st.integers(0, 20), max_size=6, unique=True).map(sorted)
    asked = data.draw(st.lists(st.tuples(st.sampled_from([*signal.chroms, "zz"]), cuts)))
    parts = [[*zip(at[::2], at[1::2], strict=False)] for _, at in asked]
    rows = [
        (chrom, spans[0][0] if spans else 3, spans[-1][1] if spans else 9)
        for (chrom, _), spans in zip(asked, parts, strict=True)
    ]
    table = frame(rows).set_axis([f"r{i}" for i in range(len(rows))])
    sizes = [[e - s for s, e in spans] or None for spans in parts]
    begins = [
        [s - row[1] for s, _ in spans] or None for row, spans in zip(rows, parts, strict=True)
    ]
    for name, lists in (("blockSizes", sizes), ("chromStarts", begins)):
        column = [x and "".join(f"{i}," for i in x) for x in lists] if texts else lists
        kind = pa.string() if texts else pa.list_(pa.int32())
        table[name] = pd.arrays.ArrowExtensionArray(pa.array(column, kind))
    found = table.gidx.average(build(signal.rows, signal.chroms))
    assert list(found.index) == list(table.index)
    taken = [spans or [row[1:]] for row, spans in zip(rows, parts, strict=True)]
    for row, spans, got in zip(rows, taken, found.itertuples(index=False), strict=True):
        held = [v for span in spans for v in bases(signal.rows, row[0], *span) if v is not None]
        assert (got.size, got.covered) == (sum(e - s for s, e in spans), len(held))
        assert got.sum == pytest.approx(math.fsum(held))
        assert got.mean0 == pytest.approx(got.sum / got.size)
        assert got.min == pytest.approx(min(held, default=math.nan), nan_ok=True)
        assert got.max == pytest.approx(max(held, default=math.nan), nan_ok=True)
    whole = table.gidx.average(build(signal.rows, signal.chroms), blocks=False)
    slim = table[["chrom", "start", "end"]].gidx.average(build(signal.rows, signal.chroms))
    pd.testing.assert_frame_equal(whole, slim)


@pytest.mark.parametrize("names", [("blockSizes", "blockStarts"), ("BlockSizes", "BlockStarts"),
                                   ("block_sizes", "chrom_starts")])  # fmt: skip
def test_blocks_are_known_by_the_names_of_others(names):
    # as write_bigbed and the pictures know them; pyranges writes the second ones
    rows = frame([("a", 0, 10)]).assign(**dict(zip(names, ("2,3,", "0,7,"), strict=True)))
    found = rows.gidx.average(written({"a": np.arange(20.0)})).iloc[0]
    assert (found["size"], found["covered"], found["sum"]) == (5, 5, 0 + 1 + 7 + 8 + 9)


def test_rows_whose_blocks_were_exploded_are_averaged_each_for_itself():
    rows = frame([("a", 0, 10)]).assign(blockSizes=[[2, 3]], chromStarts=[[0, 7]])
    signal = written({"a": np.arange(20.0)})
    assert rows.gidx.explode().gidx.average(signal)["sum"].tolist() == [0 + 1, 7 + 8 + 9]
    none = rows.assign(blockSizes=np.nan, chromStarts=np.nan)
    assert none.gidx.average(signal)["size"].tolist() == [10]


def test_averages_on_a_chrom_of_another_style_are_an_error():
    signal = written({"chr1": np.ones(9)})
    with pytest.raises(
        gidx.UnknownChromError, match="the frame has the chrom '1', the signal 'chr1'"
    ):
        frame([("1", 0, 3)]).gidx.average(signal)
    known = frame([("2", 0, 3)]).astype({"chrom": pd.CategoricalDtype(["1", "2"])})
    assert known.gidx.average(signal)["covered"].tolist() == [0]  # no row is on chrom 1


def test_averages_ask_a_bigwig():
    bed = io.BytesIO()
    gidx.write_bigbed(frame([("a", 1, 2)]), bed, {"a": 9})
    with pytest.raises(FormatError, match="a bigbed file, expected bigWig"):
        frame([("a", 1, 2)]).gidx.average(bed.getvalue())


# ── several as one ──────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60)
@given(st.lists(signals(), min_size=1, max_size=3), st.sampled_from(["sum", "mean", "max", "min"]))
@pytest.mark.parametrize("step", [7, 2**22])
def test_a_merged_base_is_of_those_files_that_have_it(step, given_signals, how):
    # each has the chroms that it has, in its order, and one has none
    chroms = [dict.fromkeys(signal.chroms, 60) for signal in given_signals]
    files = [build(s.rows, chroms) for s, chroms in zip(given_signals, chroms, strict=True)]
    files.append(written({}))
    target = io.BytesIO()
    with tuning.set(merged_bases=step):
        gidx.merge_bigwigs(files, target, how)
    found = gidx.open(target.getvalue()).to_table()
    rows = [tuple(row.values()) for row in found.to_pylist()]
    rule = {"sum": sum, "max": max, "min": min, "mean": lambda some: sum(some) / len(some)}[how]
    for chrom, size in SIZES.items():
        columns = zip(*(bases(s.rows, chrom, 0, size) for s in given_signals), strict=True)
        some = [[v for v in column if v is not None] for column in columns]
        expected = [np.float32(rule(values)) if values else None for values in some]
        assert bases(rows, chrom, 0, size) == expected
    pairs = pairwise(rows)
    assert not any(a[0] == b[0] and a[2] == b[1] and a[3] == b[3] for a, b in pairs)


def test_many_contigs_are_merged_in_one_step(monkeypatch):
    rows = [(f"contig{i:03}", 2, 5, float(i)) for i in range(300)]
    data, plans, plan = written(frame(rows), {row[0]: 9 for row in rows}), [], BigWig.plan
    monkeypatch.setattr(BigWig, "plan", lambda *asked: plans.append(asked) or plan(*asked))
    target = io.BytesIO()
    gidx.merge_bigwigs([data, data], target)
    assert len(plans) == 2
    assert rows_in(target.getvalue()) == [(c, s, e, 2 * value) for c, s, e, value in rows]


@pytest.mark.parametrize("held", [0, 64])
def test_files_are_merged_by_a_glob_and_however_many_there_are(tmp_path, held):
    for i in range(3):
        (tmp_path / f"s{i}.bw").write_bytes(build([("a", i, i + 2, 1.0)], {"a": 10}))
    with tuning.set(held_files=held):
        gidx.merge_bigwigs(str(tmp_path / "s*.bw"), tmp_path / "sum.bw")
    found = gidx.open(tmp_path / "sum.bw").values(("a", 0, 5), fill=0)
    assert found.tolist() == [1, 2, 2, 1, 0]


def test_signals_of_different_assemblies_are_not_merged():
    one, other = build([("a", 0, 1, 1.0)], {"a": 10}), build([("a", 0, 1, 1.0)], {"a": 11})
    with pytest.raises(FormatError, match="a has 11 bases, in <bytes> or another file 10"):
        gidx.merge_bigwigs([one, other], io.BytesIO())
    with pytest.raises(ValueError, match="one file or more"):
        gidx.merge_bigwigs([], io.BytesIO())
    with pytest.raises(ValueError, match="how"):
        gidx.merge_bigwigs([one], io.BytesIO(), "median")


def test_files_whose_chroms_are_of_two_styles_are_not_merged(tmp_path):
    one, other = written({"chr1": np.ones(9)}), written({"1": np.ones(9), "2": np.ones(9)})
    with pytest.raises(FormatError, match="has the chrom '1', a file before it 'chr1'"):
        gidx.merge_bigwigs([one, other], tmp_path / "a.bw")
    assert not list(tmp_path.iterdir())
    both = written({"chr1": np.ones(9), "1": np.ones(9)})  # a file may have both
    gidx.merge_bigwigs([both, one, other], tmp_path / "a.bw")
    assert gidx.open(tmp_path / "a.bw").values("1").tolist() == [2.0] * 9
