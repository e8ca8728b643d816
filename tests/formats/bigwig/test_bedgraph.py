"""bigWig to bedGraph text and back: the rows, and each bit of their values.

Oracles: what was written at first; bioframe, which reads the text; bx-python, which reads the
bigWigs.
"""

from __future__ import annotations

import gzip
import io
import struct
from itertools import pairwise

import bioframe
import numpy as np
import pytest
from bx.bbi.bigwig_file import BigWigFile
from hypothesis import example as for_example
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.bigwig_bytes import Signal, frame, signals, written
from tests.support.strategies import SIZE
from tests.support.tables import rows_in, rows_of

import gidx
from gidx.cli import main
from gidx.convert import convert
from gidx.errors import GidxWarning, ValueWarning, WriteError

# subnormal, -0.0, the largest; and the one whose shortest text, read as a double, is another one
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False) | st.sampled_from(
    [float(np.float32(7.0385307e-26)), -float(np.float32(7.0385307e-26))]
)
ODD = [b"# a comment\n", b"browser position chr1:1-20\n", b"track name='x y'\n", b"\n"]
EXAMPLES = settings(max_examples=10)


def bits(rows: list[tuple]) -> list[tuple]:
    """Rows whose values tell 0.0 from -0.0."""
    return [(*row[:3], struct.pack("<f", row[3])) for row in rows]


def text_of(signal: Signal) -> bytes:
    """The lines of a signal, as gidx writes them of the bigWig."""
    target = io.BytesIO()
    gidx.write_bed(gidx.open(written(frame(signal.rows), signal.chroms)), target, header=False)
    return gzip.decompress(target.getvalue())


# ── there and back ──────────────────────────────────────────────────────────────────────────────


@EXAMPLES
@given(signals(FLOATS))
@for_example(Signal({"chr1": 9}, []))
@pytest.mark.parametrize("ending", ["bedGraph", "bdg.gz", "tsv", "bed"])
def test_a_bigwig_through_text_is_the_same_file(tmp_path_factory, ending, signal):
    folder = tmp_path_factory.mktemp("text")
    given_file, text, back = folder / "a.bw", folder / f"a.{ending}", folder / "b.bw"
    gidx.write_bigwig(frame(signal.rows), given_file, signal.chroms)
    convert(given_file, text)
    assert (folder / "a.bdg.gz.tbi").exists() == (ending == "bdg.gz")
    convert(text, back, chromsizes=signal.chroms)
    assert bits(rows_in(back)) == bits(signal.rows)
    assert back.read_bytes() == given_file.read_bytes()


@EXAMPLES
@given(signals(FLOATS), st.data())
def test_what_stands_between_lines_changes_no_row(signal, data):
    lines = text_of(signal).splitlines(keepends=True)
    for at in sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)), reverse=True):
        lines.insert(at, data.draw(st.sampled_from(ODD)))
    text = b"track type=bedGraph\n" + b"".join(lines)
    if data.draw(st.booleans()):
        text = text.replace(b"\n", b"\r\n")
    if data.draw(st.booleans()):
        text = text.replace(b"\t", b" ")
    text = data.draw(st.sampled_from([bytes, gzip.compress, bgzf]))(text)
    assert bits(rows_of(gidx.open(text).to_table())) == bits(signal.rows)
    assert written(gidx.open(text), signal.chroms) == written(frame(signal.rows), signal.chroms)


def bgzf(text: bytes) -> bytes:
    target = io.BytesIO()
    with gidx.bgzf.open(target, "w") as file:
        file.write(text)
    return target.getvalue()


@EXAMPLES
@given(signals(FLOATS), st.data())
def test_regions_of_the_text_are_those_of_the_bigwig(tmp_path_factory, signal, data):
    folder = tmp_path_factory.mktemp("regions")
    gidx.write_bigwig(frame(signal.rows), folder / "a.bw", signal.chroms)
    convert(folder / "a.bw", folder / "a.bed.gz")
    (folder / "a.bdg").write_bytes(text_of(signal))
    signal_file, indexed = gidx.open(folder / "a.bw"), gidx.open(folder / "a.bed.gz")
    names = st.sampled_from([*signal_file.chroms] or ["none"])
    places = st.lists(st.integers(0, SIZE), min_size=2, max_size=2).map(sorted)
    spans = st.tuples(names, places).map(lambda r: (r[0], *r[1]))
    asked = data.draw(st.lists(spans, max_size=6)) if signal.rows else []
    expected = bits(rows_of(signal_file.to_table(asked)))
    assert bits(rows_of(indexed.to_table(asked))) == expected
    if asked:
        convert(folder / "a.bdg", folder / "b.bw", regions=asked, chromsizes=signal.chroms,
                opening={"schema": "bedGraph"})  # fmt: skip
        assert bits(rows_in(folder / "b.bw")) == expected


# ── other readers ───────────────────────────────────────────────────────────────────────────────


@EXAMPLES
@given(signals(FLOATS))
def test_bioframe_reads_the_text(signal):
    text = io.BytesIO(text_of(signal))
    if signal.rows:
        found = bioframe.read_table(text, schema="bedGraph")
        assert bits([*found.astype({"value": "f4"}).itertuples(index=False)]) == bits(signal.rows)


def steps_over(rows: list[tuple], items: int) -> bool:
    """Whether a section of so many rows is of rows of one length, as far apart, with gaps.

    bx-python 0.15.1 counts these by the rows' length: it has (0, 1), (1, 2) for (0, 1), (2, 3).
    UCSC's wiggle has `step` from one row's start to the next, as pyBigWig and pybigtools read.
    """
    for at in range(0, len(rows), items):
        part = rows[at : at + items]
        steps = {b[1] - a[1] for a, b in pairwise(part)}
        lengths = {row[2] - row[1] for row in part}
        if len(steps) == len(lengths) == 1 and steps != lengths:
            return True
    return False


@EXAMPLES
@given(signals(), st.data())
def test_bx_reads_the_bigwig(signal, data):
    made = written(frame(signal.rows), signal.chroms, items_per_slot=3)
    theirs, mine = BigWigFile(io.BytesIO(made)), gidx.open(made)
    for chrom, size in mine.chroms.items():
        start, bins = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, 4))
        end = (
            start + (size - start) // bins * bins
        )  # bx leaves the bases of a last, shorter bin out
        if start == end or steps_over([row for row in signal.rows if row[0] == chrom], 3):
            continue
        region = (chrom, start, end)
        cut = [(max(s, start), min(e, end), v) for _, s, e, v in rows_of(mine.to_table(region))]
        assert theirs.get(chrom.encode(), start, end) == cut
        array = theirs.get_as_array(chrom.encode(), start, end)
        np.testing.assert_array_equal(array, mine.values(region))
        of = theirs.summarize_from_full(chrom.encode(), start, end, bins)
        coverage = mine.values(region, bins, "coverage") * ((end - start) // bins)
        np.testing.assert_array_equal(of.valid_count, coverage)
        np.testing.assert_array_equal(of.sum_data, mine.values(region, bins, "sum"))
        for stat, expected in (("min", of.min_val), ("max", of.max_val)):
            there = np.where(of.valid_count > 0, expected, np.nan)  # else bx has infinity
            np.testing.assert_array_equal(mine.values(region, bins, stat), there)


def test_bx_sums_up_zoom_levels_alike():
    rows = [("c", i, i + 1 + i % 3 // 2, float(i % 61)) for i in range(0, 64_000, 2)]
    made = written(frame(rows), {"c": 64_000})
    theirs, mine = BigWigFile(io.BytesIO(made)), gidx.open(made)
    assert 640 % mine.zoom_levels[0] == 0  # bins of 640 bases: whole summaries of the first level
    of = theirs.summarize("c", 0, 64_000, 100)
    np.testing.assert_allclose(of.valid_count, mine.summary("c", 100, "coverage") * 640)
    for stat, expected in (("sum", of.sum_data), ("min", of.min_val), ("max", of.max_val)):
        np.testing.assert_array_equal(mine.summary("c", 100, stat), expected)


# ── values that are none, and lines that are no bedGraph ────────────────────────────────────────


@pytest.mark.parametrize("word", ["nan", "NaN", ".", "NA", "inf", "-inf", "1e39", "1e-60"])
@pytest.mark.filterwarnings("ignore::gidx.ValueWarning")
def test_a_value_that_32_bits_do_not_hold_is_refused_or_left_out(word):
    text = f"c\t0\t3\t1\nc\t5\t7\t{word}\nc\t8\t9\t2\n".encode()
    rows = gidx.open(text, schema="bedGraph")
    with pytest.raises(WriteError, match=r"row 1 \(c:6-7\), column dataValue: the value"):
        written(rows, {"c": 9})
    assert rows_in(written(rows, {"c": 9}, invalid="drop")) == [("c", 0, 3, 1.0), ("c", 8, 9, 2.0)]


def test_a_word_where_a_value_is_asked_for_is_told():
    with pytest.warns(ValueWarning, match="1 value is not double, read as missing; first at c:1-3"):
        gidx.read_bed(b"track type=bedGraph\nc\t0\t3\tx\n")


@pytest.mark.parametrize("way", ["path", "file", "gzip", "several", "command line"])
def test_the_fourth_of_four_fields_is_the_value_on_the_way_to_a_bigwig(tmp_path, monkeypatch, way):
    """bedGraphToBigWig takes rows without a track line, and so do most who write them."""
    monkeypatch.chdir(tmp_path)
    text = b"c\t0\t3\t1\nd\t2\t3\t-2.5\n"
    source = {
        "path": "a.txt", "file": io.BytesIO(text), "gzip": "a.gz", "several": ["a.txt", "b.txt"],
        "command line": "a.txt",
    }[way]  # fmt: skip
    (tmp_path / "a.txt").write_bytes(text)
    (tmp_path / "b.txt").write_bytes(b"e\t0\t3\t1\n")
    (tmp_path / "a.gz").write_bytes(gzip.compress(text))
    (tmp_path / "sizes").write_text("c\t9\nd\t9\ne\t9\n")
    if way == "command line":
        assert main(["convert", "a.txt", "a.bw", "--chromsizes", "sizes"]) == 0
    else:
        convert(source, "a.bw", chromsizes="sizes")
    last = [("e", 0, 3, 1.0)] if way == "several" else []
    assert rows_of(gidx.open("a.bw").to_table()) == [("c", 0, 3, 1.0), ("d", 2, 3, -2.5), *last]


def test_names_are_no_values_on_the_way_to_a_bigwig():
    with (
        pytest.raises(WriteError, match=r"row 1 \(c:6-9\), column dataValue: the value is missing"),
        pytest.warns(ValueWarning, match="1 value is not double"),
    ):
        convert(io.BytesIO(b"c\t0\t3\t1\nc\t5\t9\tBRCA2\n"), "a.bw", chromsizes={"c": 9})


def test_what_kent_writes_of_a_bigwig_says_what_it_is():
    # bigWigToBedGraph has such a line before the rows of each section
    text = b"#bedGraph section c:0-9\nc\t0\t3\t1\n#bedGraph section d:0-9\nd\t2\t3\t-2.5\n"
    assert rows_of(gidx.open(text).to_table()) == [("c", 0, 3, 1.0), ("d", 2, 3, -2.5)]
    with pytest.raises(gidx.FormatError, match="'variableStep chrom=d span=2'"):  # bigWigToWig
        gidx.open(text + b"variableStep chrom=d span=2\n6\t1\n").to_table()


@pytest.mark.parametrize("row", ["c\t0\t3\t1\t7\n", "c\t0\t3\t1\t\n", "c\t0\t3\n"])
def test_a_track_line_that_is_not_of_its_rows_is_told(row):
    with pytest.warns(
        GidxWarning, match=f"a bedGraph, whose rows have 4 .* have {row.count(chr(9)) + 1}"
    ):
        found = gidx.open(b"track type=bedGraph\n" + row.encode())
    if row.endswith("7\n"):  # read as BED, a bigWig has the fifth column's values
        with pytest.raises(WriteError, match="there are field5, field6; name it with value="):
            written(found, {"c": 9})
    elif row.endswith("\t\n"):
        assert rows_in(written(found, {"c": 9})) == [("c", 0, 3, 1.0)]


TRACKS = [
    "type=bedGraph name=x",
    "name='a type=bed b' type='bedGraph'",
    "type=narrowPeak\ntrack type=bedgraph\ntrack name=y",
]


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("row", ["c\t0\t3\t1\n", ""])
def test_the_last_type_of_the_track_lines_before_the_rows_holds(track, row):
    found = gidx.open(f"track {track}\n{row}".encode())
    assert [found.schema.names[3], len(found)] == ["dataValue", len(row) > 0]
    assert len(rows_in(written(found, {"c": 9}))) == len(found)
