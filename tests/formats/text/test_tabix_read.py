"""Tab-separated text with a tabix index, read: rows, regions, trust. BED and any table.

What is of VCF, GFF and SAM alone is in tests of their own.
"""

from __future__ import annotations

import http.server
import itertools
import os
import pickle
import random
import shutil
import tempfile
import threading
import tracemalloc
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import tabix_files
from tests.support.strategies import overlapping, tables
from tests.support.tables import places, rows_of

import gidx
from gidx.bgzf.lines import BgzfLines, PlainLines, Segment
from gidx.check import check
from gidx.errors import (
    ColumnError,
    FormatError,
    GidxWarning,
    GuessedTypeError,
    MissingIndexError,
    UnknownChromError,
    ValueTypeError,
    ValueWarning,
)
from gidx.ground.source import MemorySource


def text_of(rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """3,000 rows, in a file with a TBI, one with a CSI, and one in many small blocks."""
    folder = tmp_path_factory.mktemp("many")
    rows = tabix_files.intervals(1)
    named = [(*row, f"r{i}") for i, row in enumerate(rows)]
    text = text_of(named)
    tbi = tabix_files.write(folder / "tbi.bed.gz", text)
    csi = tabix_files.write(folder / "csi.bed.gz", text, csi=True)
    small = tabix_files.write(folder / "small.bed.gz", text, sizes=random.Random(3))
    return rows, tbi, csi, small


# ── regions ─────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_file_has_all_rows_in_order(many):
    rows, *paths = many
    for path in paths:
        assert places(gidx.open(path).to_table()) == rows


def test_tbi_and_csi_and_the_filtered_scan_agree_with_tabix(many):
    rows, *paths = many
    datasets = [gidx.open(path) for path in paths]
    oracle = pysam.TabixFile(str(paths[0]))
    for i, (chrom, start, end) in enumerate(tabix_files.regions(7, 250_000, 2000)):
        expected = overlapping(rows, [(chrom, start, end)])
        names = [row.split("\t")[3] for row in oracle.fetch(chrom, start, end)]
        for dataset in datasets if i % 4 == 0 else datasets[:1]:
            found = dataset.to_table((chrom, start, end))
            assert places(found) == expected, (chrom, start, end)
            assert found.column("name").to_pylist() == names


def test_rows_of_length_zero_are_found_where_they_touch(tmp_path):
    rows = tabix_files.intervals(2, 600, zero=True)
    for csi in (False, True):
        path = tabix_files.write(tmp_path / f"{csi}.bed.gz", text_of(rows), csi=csi)
        dataset = gidx.open(path)
        for chrom, start, end in tabix_files.regions(9, 250_000, 500):
            expected = overlapping(rows, [(chrom, start, end)])
            assert places(dataset.to_table((chrom, start, end))) == expected


def test_abutting_rows_are_not_returned(tmp_path):
    path = tabix_files.write(
        tmp_path / "a.bed.gz", "chr1\t0\t100\nchr1\t100\t200\nchr1\t200\t300\n"
    )
    assert places(gidx.open(path).to_table(("chr1", 100, 200))) == [("chr1", 100, 200)]


def test_several_regions_are_a_union_each_row_once_in_file_order(many):
    rows, path, *_ = many
    asked = [("chr2", 5, 90_000), ("chr1", 10, 50_000), ("chr1", 40_000, 60_000), "chrX:1-10"]
    plain = [*asked[:3], ("chrX", 0, 10)]
    expected = overlapping(rows, plain)
    assert places(gidx.open(path).to_table(asked)) == expected


def test_a_thousand_regions_at_once_are_the_scan_filtered(many):
    rows, path, _, small = many
    asked = list(tabix_files.regions(11, 250_000, 1000))
    asked = [r for r in asked if r[2] - r[1] < 200]
    expected = overlapping(rows, asked)
    for one in (path, small):
        assert places(gidx.open(one).to_table(asked)) == expected


def test_results_do_not_depend_on_threads_batches_or_groups(many):
    rows, *paths = many
    for path in paths:
        dataset = gidx.open(path)
        for threads in (1, 2, 5):
            assert places(dataset.to_table(threads=threads)) == rows
        batches = list(dataset.to_batches(batch_size=7))
        assert max(b.num_rows for b in batches) == 7
        assert places(pa.Table.from_batches(batches)) == rows
        assert dataset.count_rows() == len(rows)
        assert dataset.count_rows("chr2") == sum(r[0] == "chr2" for r in rows)
        assert places(dataset.head(3)) == rows[:3]


LINES = st.lists(st.integers(0, 90), max_size=40)


@given(LINES, st.integers(0, 2**32), st.integers(1, 400), st.booleans())
def test_a_line_belongs_to_one_group_wherever_files_are_cut(sizes, seed, group, closed):
    """Groups between any blocks: rows are there once, also where lines begin at a cut."""
    text = "".join(f"chr1\t{i}\t{i + 1}\t{'x' * size}\n" for i, size in enumerate(sizes)).encode()
    text = text if closed else text[:-1]
    source = MemorySource(tabix_files.bgzip(text, random.Random(seed)))
    plain = PlainLines(MemorySource(text))
    for lines in (BgzfLines(source), plain):
        found = []
        for segments in lines.groups(lines.whole(0), group):
            piece = lines.fetch(segments)
            for begin, stop, cut in zip(piece.begins, piece.stops, piece.cut, strict=True):
                data = piece.text.tobytes()
                at = data.index(b"\n", begin) + 1 if cut else int(begin)
                while at < stop:
                    found.append(data[at : data.index(b"\n", at)])
                    at = data.index(b"\n", at) + 1
        # blank lines, which may stand behind a cut at the end, are no rows
        assert [line for line in found if line] == text.splitlines()


# ── trust ───────────────────────────────────────────────────────────────────────────────────────


def test_an_index_that_misses_rows_at_the_end_is_an_error(tmp_path):
    first, more = "chr1\t0\t100\n", "chr1\t200\t300\n"
    path = tabix_files.write(tmp_path / "a.bed.gz", first)
    stale = (tmp_path / "a.bed.gz.tbi").read_bytes()
    block = tabix_files.block
    path.write_bytes(block(first.encode()) + block(more.encode()) + tabix_files.EOF)
    with pytest.raises(FormatError, match="a row that the index does not know: 'chr1") as error:
        gidx.open(path, index=stale).to_table("chr1:250-260")
    assert "gidx index" in str(error.value)
    tabix_files.write(path, first + more)
    with pytest.raises(FormatError, match="where no block begins: it is that of another file"):
        gidx.open(path, index=stale).to_table("chr1:250-260")


@pytest.mark.parametrize("seed", range(4))
def test_an_index_of_another_file_is_an_error_or_answers_right(tmp_path, seed):
    rows, other = tabix_files.intervals(seed, 900), tabix_files.intervals(seed + 50, 1200)
    tabix_files.write(tmp_path / "b.bed.gz", text_of(other))
    foreign = (tmp_path / "b.bed.gz.tbi").read_bytes()
    path = tabix_files.write(tmp_path / "a.bed.gz", text_of(rows))
    dataset = gidx.open(path, index=foreign)
    for region in tabix_files.regions(seed, 250_000, 40):
        with pytest.raises(FormatError, match="another file"):
            dataset.to_table(region)


def test_an_index_that_does_not_know_a_chrom_is_an_error_for_scans_too(tmp_path):
    tabix_files.write(tmp_path / "b.bed.gz", "chr1\t0\t100\n")
    foreign = (tmp_path / "b.bed.gz.tbi").read_bytes()
    path = tabix_files.write(tmp_path / "a.bed.gz", "chr1\t0\t100\nchr2\t0\t9\n", None)
    with pytest.raises(FormatError, match="a row of chrom 'chr2', which the index has not"):
        gidx.open(path, index=foreign).to_table()


def test_an_index_older_than_its_file_warns(tmp_path):
    path = tabix_files.write(tmp_path / "a.bed.gz", "chr1\t0\t100\n")
    os.utime(tmp_path / "a.bed.gz.tbi", (1, 1))
    with pytest.warns(GidxWarning, match="the index is older"):
        gidx.open(path)


def test_regions_without_an_index_raise_and_say_the_way_out(tmp_path):
    path = tabix_files.write(tmp_path / "a.bed.gz", "chr1\t0\t100\n", None)
    with pytest.raises(MissingIndexError, match=r"gidx\.build_index"):
        gidx.open(path).to_table("chr1")
    plain = tmp_path / "a.bed"
    plain.write_text("chr1\t0\t100\n")
    with pytest.raises(MissingIndexError, match="gidx bgzip"):
        gidx.open(plain).to_table("chr1")
    assert gidx.open(path).chroms == {"chr1": None}


def test_a_missing_eof_block_warns(tmp_path):
    path = tmp_path / "a.bed.gz"
    path.write_bytes(tabix_files.bgzip(b"chr1\t0\t100\n", eof=False))
    with pytest.warns(GidxWarning, match="no EOF marker"):
        assert gidx.open(path).to_table().num_rows == 1


def test_a_file_cut_anywhere_is_an_error_or_a_warning(tmp_path):
    """Only a cut between blocks leaves a sound file, and that warns."""
    rows = [(f"chr{1 + i // 20}", 10 * i, 10 * i + 5) for i in range(40)]
    data = tabix_files.bgzip(text_of(rows).encode(), 200)
    path = tmp_path / "a.bed.gz"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                gidx.open(path).to_table()
            except FormatError:
                continue
        assert any("no EOF marker" in str(w.message) for w in told), size


def test_an_unknown_chrom_raises_with_a_hint(many):
    _, path, *_ = many
    with pytest.raises(UnknownChromError, match="did you mean 'chr1'"):
        gidx.open(path).to_table("1:1-100")


def test_broken_rows_say_file_place_found_and_expected(tmp_path):
    for text, found in (
        ("chr1\t0\t100\nchr1\tx\t200\n", "field 2 is 'x', expected a position"),
        ("chr1\t0\t100\nchr1\t5\n", "2 fields, expected 3"),
        ("chr1\t0\t100\nchr1\t5\t9\textra\n", "4 fields, expected 3"),
        ("chr1\t0\t100\nchr1\t9\t5\n", "ends before it starts"),
    ):
        path = tmp_path / "a.bed"
        path.write_text(text)
        with pytest.raises(FormatError, match=found) as error:
            gidx.open(path).to_table()
        assert "a.bed, line 2" in str(error.value)


def test_a_range_that_stops_within_a_line_of_the_last_block_is_an_error():
    lines = BgzfLines(MemorySource(tabix_files.bgzip(b"chr1\t1\t2\nchr1\t5\t9")))
    whole = lines.fetch([Segment(0, 17)])  # the last line has no break, and needs none
    assert whole.text.tobytes().startswith(b"chr1\t1\t2\nchr1\t5\t9\n")
    with pytest.raises(FormatError, match="12 bytes into its data, which is within a line"):
        lines.fetch([Segment(0, 12)])


@given(tables(max_rows=4), st.integers(0, 2**32), st.integers(1, 3), st.booleans())
def test_empty_blocks_are_nothing_wherever_they_are(table, seed, at_the_end, closed):
    """Joined files have EOF markers within; the last line needs no break, however many follow."""
    text = text_of(table.rows).encode()
    r, blocks = random.Random(seed), []
    left = text if closed else text[:-1]
    while left:
        size = r.randint(1, 30)
        blocks += [tabix_files.block(left[:size]), *[tabix_files.EOF] * r.choice([0, 0, 1, 2])]
        left = left[size:]
    data = b"".join(blocks) + tabix_files.EOF * at_the_end
    if not table.rows:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.bed.gz")
        path.write_bytes(data)
        pysam.tabix_index(str(path), preset="bed", keep_original=True)
        dataset = gidx.open(path)
        assert rows_of(dataset.to_table()) == table.rows
        chrom, start, end, _ = table.rows[-1]
        for asked in ((chrom, start, end), (chrom, end, 1 << 29)):
            assert rows_of(dataset.to_table(asked)) == table.overlapping(asked)


# ── what a query reads ──────────────────────────────────────────────────────────────────────────


class Recording(MemorySource):
    """Bytes that note what is read of them."""

    def __init__(self, data, name):
        super().__init__(data, name)
        self.reads = []

    def read(self, offset, size):
        self.reads.append((offset, size))
        return super().read(offset, size)


def test_a_query_reads_only_its_blocks(tmp_path):
    rows = [("chr1", 100 * i, 100 * i + 50, f"name{i * 7919 % 100003}") for i in range(100_000)]
    path = tabix_files.write(tmp_path / "a.bed.gz", text_of(rows))
    source = Recording(path.read_bytes(), str(path))
    dataset = gidx.open(source, index=str(path) + ".tbi")
    dataset.to_table("chr1:1-10")  # which looks at the index's end
    source.reads.clear()
    found = dataset.to_table(("chr1", 5_000_000, 5_000_100))
    assert found.num_rows == 1
    assert len(source.reads) == 1
    assert sum(size for _, size in source.reads) < 3 * 65536 < source.size


def test_a_file_behind_a_url_finds_its_index_there(many):
    import fsspec

    rows, path, *_ = many
    memory = fsspec.filesystem("memory")
    for suffix in ("", ".tbi"):
        with memory.open(f"/t/many.bed.gz{suffix}", "wb") as file:
            file.write((path.parent / f"{path.name}{suffix}").read_bytes())
    dataset = gidx.open("memory://t/many.bed.gz")
    assert places(dataset.to_table("chr2:1-1000")) == overlapping(rows, [("chr2", 0, 1000)])
    assert places(dataset.to_table()) == rows


def test_a_url_with_a_query_has_its_index_before_the_query(many):
    rows, path, *_ = many
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def send_head(self):
            asked.append(self.path)
            return super().send_head()

        def log_message(self, *args):
            pass

    handler = partial(Handler, directory=str(path.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            at = f"http://127.0.0.1:{server.server_port}/{path.name}?download=1"
            found = gidx.open(at).to_table("chr2:1-1000")
            shutil.copy(path, path.parent / "none")
            alone = gidx.open(f"{at.rpartition('/')[0]}/none?x=1")
            with pytest.raises(MissingIndexError, match=r"none\.csi\?…\)"):
                alone.to_table("chr2:1-1000")
        finally:
            server.shutdown()
            thread.join()
    assert places(found) == overlapping(rows, [("chr2", 0, 1000)])
    assert f"/{path.name}.tbi?download=1" in asked


# ── BED ─────────────────────────────────────────────────────────────────────────────────────────


def read(text, **options):
    return gidx.open(text.encode(), **options)


def test_bed_columns_have_their_standard_names_and_types():
    row = "chr1\t5\t90\tn\t7\t+\t6\t80\t255,0,1\t2\t10,20,\t0,65,\n"
    table = read(row).to_table()
    assert table.schema.names[3:] == [
        "name", "score", "strand", "thickStart", "thickEnd", "itemRgb", "blockCount",
        "blockSizes", "chromStarts",
    ]  # fmt: skip
    assert table.to_pylist()[0] == {
        "chrom": "chr1", "start": 5, "end": 90, "name": "n", "score": 7, "strand": "+",
        "thickStart": 6, "thickEnd": 80, "itemRgb": 0xFF0001, "blockCount": 2,
        "blockSizes": [10, 20], "chromStarts": [0, 65],
    }  # fmt: skip
    assert table.schema.field("start").type == pa.int64()
    assert table.schema.field("score").type == pa.uint32()


def test_what_is_not_standard_is_typed_by_what_it_holds():
    table = read("chr1\t1\t2\ta\t0.5\t+\t3\tx\nchr1\t4\t5\tb\t.\t-\t.\ty\n").to_table()
    assert table.schema.names[3:] == ["name", "score", "strand", "field8", "field9"]
    assert table.column("score").to_pylist() == [0.5, None]
    assert table.schema.types[4:] == [pa.float64(), pa.string(), pa.int64(), pa.string()]
    assert table.column("field8").to_pylist() == [3, None]


def test_a_point_is_missing_in_numbers_and_itself_in_texts():
    table = read("chr1\t1\t2\t.\t.\t.\n").to_table()
    assert table.to_pylist()[0] == {
        "chrom": "chr1", "start": 1, "end": 2, "name": ".", "score": None, "strand": ".",
    }  # fmt: skip


def test_track_browser_comment_and_blank_lines_are_no_rows():
    text = (
        "browser position chr1:1-10\ntrack name=x\n# comment\n\nchr1\t1\t2\n#more\ntrack x\n\n"
        "track1\t5\t6\n \t \n\t\r\nbrowser\t7\t8\n"
    )
    dataset = read(text)
    # a chrom may be called track1; a line whose first word is browser is none
    assert places(dataset.to_table()) == [("chr1", 1, 2), ("track1", 5, 6)]
    assert dataset.header == "browser position chr1:1-10\ntrack name=x\n# comment\n\n"


def test_windows_line_ends_are_no_part_of_values():
    assert read("chr1\t1\t2\ta\r\nchr1\t3\t4\tb\r\n\r\n").to_table().column("name").to_pylist() == [
        "a", "b",
    ]  # fmt: skip


def test_fields_may_be_parted_by_blanks():
    text = "chr1 1   2 a\nchr1\t3 4 b  \n" + "".join(
        f"chr2  {i} {i + 1} n{i}\n" for i in range(500)
    )
    for data in (text.encode(), tabix_files.bgzip(text.encode(), random.Random(1))):
        table = gidx.open(data).to_table()
        assert table.num_rows == 502
        assert table.slice(0, 3).to_pylist()[1:] == [
            {"chrom": "chr1", "start": 3, "end": 4, "name": "b"},
            {"chrom": "chr2", "start": 0, "end": 1, "name": "n0"},
        ]
        assert table.column("name").to_pylist()[2:] == [f"n{i}" for i in range(500)]


def test_a_last_line_without_a_line_break_is_a_row():
    assert places(read("chr1\t1\t2\nchr1\t3\t4").to_table())[-1] == ("chr1", 3, 4)


def test_a_header_line_names_columns_with_or_without_a_sign():
    for head in ("#chrom\tstart\tend\tgene\tlevel\n", "chrom\tstart\tend\tgene\tlevel\n"):
        table = read(head + "chr1\t1\t2\tabc\t5\n").to_table()
        assert table.schema.names == ["chrom", "start", "end", "gene", "level"]
        assert table.num_rows == 1


@pytest.mark.parametrize(
    ("schema", "names", "types"),
    [
        ("bed4", None, None),
        ("bed3+2", ["field5", "field6"], [pa.string(), pa.int64()]),
        ("bed5", ["name", "score"], [pa.string(), pa.uint32()]),
        (
            'table t "x" (string chrom; "" uint chromStart; "" uint chromEnd; "" string id; "" '
            'float level; "")',
            ["id", "level"],
            [pa.string(), pa.float32()],
        ),
        (
            pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64(),
                       "a": pa.string(), "b": pa.int16()}),
            ["a", "b"],
            [pa.string(), pa.int16()],
        ),
    ],
)  # fmt: skip
def test_a_schema_says_what_the_fields_are(tmp_path, schema, names, types):
    path = tabix_files.write(tmp_path / "a.bed.gz", "chr1\t1\t2\tx\t7\n")
    if names is None:
        with pytest.raises(FormatError, match="its rows have 5 fields, bed4 has 4"):
            gidx.open(path, schema=schema)
        return
    found = gidx.open(path, schema=schema).schema
    assert found.names[3:] == names
    assert found.types[3:] == types


def test_values_not_of_the_schema_are_missing_with_one_warning():
    text = "chr1\t1\t2\tx\t7\nchr1\t3\t4\ty\tbad\nchr1\t5\t6\tz\t-1\n"
    dataset = read(text, schema="bed5")
    with pytest.warns(ValueWarning, match=r"score: 2 values are not uint.*chr1:4-4: 'bad'"):
        assert dataset.to_table().column("score").to_pylist() == [7, None, None]
    with pytest.raises(ValueTypeError):
        dataset.to_table(errors="raise")
    assert dataset.to_table(errors="null").column("score").null_count == 2


def test_a_guessed_type_makes_no_value_missing():
    text = "".join(f"chr1\t{i}\t{i + 1}\tn\t5\t+\t{i}\n" for i in range(10_100)) + (
        "chr1\t20000\t20001\tn\t5\t+\tlate\n"
    )
    texts = [*map(str, range(10_100)), "late"]
    assert read(text).to_table().column("field8").to_pylist() == texts
    with pytest.raises(GuessedTypeError, match=r"field8, chr1:20,001-20,001: 'late'.*schema="):
        read(text).scan().read_all()


def test_native_names_are_the_files_own():
    dataset = read("chr1\t5\t9\tn\t1\t+\t5\t9\t0\n")
    names = dataset.to_table(names="native").schema.names
    assert names == [
        "chrom", "chromStart", "chromEnd", "name", "score", "strand", "thickStart", "thickEnd",
        "itemRgb",
    ]  # fmt: skip


def test_a_filter_that_a_value_breaks_is_named():
    data = b"chr1\t1\t16777219\n"
    with pytest.raises(ValueError, match=r"<bytes>: filter \(end <= 5.5\): Integer value 16777219"):
        gidx.open(data).to_table(filter=pc.field("end") <= 5.5)


def test_columns_and_filters():
    dataset = read("chr1\t1\t2\ta\t7\nchr1\t3\t4\tb\t9\n")
    table = dataset.to_table(columns=["name"], filter=pc.field("score") > 8)
    assert table.to_pylist() == [{"name": "b"}]
    assert dataset.to_table(columns=[]).num_rows == 2
    with pytest.raises(ColumnError, match="did you mean 'score'"):
        dataset.to_table(columns=["scroe"])


def test_other_libraries_take_a_dataset(many):
    rows, path, *_ = many
    dataset = gidx.open(path)
    assert pl.DataFrame(dataset).height == len(rows)
    frame = gidx.read_bed(path, "chr2")
    assert isinstance(frame["chrom"].dtype, pd.CategoricalDtype)
    assert list(frame["chrom"].cat.categories) == ["chr1", "chr2", "chrX"]
    assert pickle.loads(pickle.dumps(dataset)).to_table("chr1") == dataset.to_table("chr1")
    assert dataset.index is not None
    assert dataset.index.names == ("chr1", "chr2", "chrX")


def test_files_without_rows_have_none():
    assert gidx.read_bed(b"# nothing\n").shape == (0, 3)
    with pytest.raises(FormatError, match="it has no rows"):
        gidx.open(b"# nothing\n")


def test_what_is_no_text_is_refused():
    for data in (b"\x00\x01\x02\x03", tabix_files.bgzip(b"BAM\1\0\0\0\0"), b"hello\n", b""):
        with pytest.raises(FormatError):
            gidx.open(data)


# ── any table ───────────────────────────────────────────────────────────────────────────────────

EQTL = """#gene\tchr\tpos\tpval\tnote
g1\t1\t100\t0.01\tx
g2\t1\t200\tNA\t
g3\t2\t50\t1e-300\ty
"""


def test_a_table_is_read_as_its_index_says(tmp_path):
    path = tabix_files.write(tmp_path / "a.tsv.gz", EQTL, None, seq_col=1, start_col=2, end_col=2)
    table = gidx.open(path).to_table()
    assert table.schema.names == ["chrom", "start", "end", "gene", "pval", "note"]
    assert places(table) == [("1", 99, 100), ("1", 199, 200), ("2", 49, 50)]
    assert table.column("pval").to_pylist() == [0.01, None, 1e-300]
    assert table.column("note").to_pylist() == ["x", "", "y"]
    assert table.schema.field("pval").metadata[b"missing"] == b"NA"
    assert places(gidx.open(path).to_table("1:200-200")) == [("1", 199, 200)]
    native = gidx.open(path).to_table(names="native")
    assert native.schema.names == ["gene", "chr", "pos", "pval", "note"]
    assert native.column("pos").to_pylist() == [100, 200, 50]


@pytest.mark.parametrize("zero_based", [False, True])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_ends_that_an_index_sees_behind_the_rows_are_of_one_base(tmp_path, width, zero_based):
    """`tabix -s 1 -b 2` writes that ends are in field 5; of rows without, htslib takes one base."""
    places = [("a", 5), ("a", 5), ("a", 16_384), ("a", 16_385), ("b", 1), ("b", 40_000)]
    lines = ["\t".join([chrom, str(at), "x", "9"][:width]) for chrom, at in places]
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(tabix_files.bgzip("".join(f"{line}\n" for line in lines).encode(), 20))
    tabix_files.program("tabix", *(["-0"] if zero_based else []), "-s", 1, "-b", 2, path)
    found = gidx.open(path)
    assert not check(path).problems
    starts = [at - (not zero_based) for _, at in places]
    table = found.to_table()
    assert table["start"].to_pylist() == starts
    assert table["end"].to_pylist() == [at + 1 for at in starts]
    with pysam.TabixFile(str(path)) as peer:
        for chrom, at in itertools.product("ab", [0, 3, 4, 5, 6, 16_383, 16_384, 16_385, 39_999]):
            rows = found.to_table((chrom, at, at + 2)).num_rows
            assert rows == len(list(peer.fetch(chrom, at, at + 2))), (chrom, at)


def test_lines_that_the_index_skips_are_no_rows(tmp_path):
    text = "who\twhat\tfrom\tto\nignored\nx\tchr1\t10\t20\n"
    path = tabix_files.write(
        tmp_path / "a.tsv.gz", text, None, seq_col=1, start_col=2, end_col=3, line_skip=2,
        zerobased=True,
    )  # fmt: skip
    table = gidx.open(path).to_table()
    assert places(table) == [("chr1", 10, 20)]
    assert gidx.open(path).header == "who\twhat\tfrom\tto\nignored\n"


def test_leading_zeros_and_plus_signs_stay_texts(tmp_path):
    text = "chr1\t1\t2\t007\t+5\t1\nchr1\t3\t4\t008\t+6\t-2\n"
    path = tabix_files.write(tmp_path / "a.tsv.gz", text, None, seq_col=0, start_col=1, end_col=2)
    table = gidx.open(path).to_table()
    assert table.schema.types[3:] == [pa.string(), pa.string(), pa.int64()]


def test_positions_of_many_chroms_and_long_names(tmp_path):
    names = [f"scaffold_{i:05d}" for i in range(3000)]
    path = tabix_files.write(tmp_path / "a.bed.gz", text_of((n, 5, 9) for n in names))
    dataset = gidx.open(path)
    assert list(dataset.chroms) == names
    assert places(dataset.to_table([names[17], names[2999]])) == [
        (names[17], 5, 9),
        (names[2999], 5, 9),
    ]
    unindexed = tabix_files.write(tmp_path / "b.bed.gz", text_of((n, 5, 9) for n in names), None)
    assert list(gidx.open(unindexed).chroms) == names
    assert np.array_equal(gidx.open(unindexed).to_table().column("start"), [5] * 3000)


# ── FASTA behind GFF ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["plain", "unindexed", "indexed"])
def test_a_fasta_section_ends_the_table(tmp_path, how):
    """Also where it is longer than a group, so that some groups hold nothing else."""
    r = random.Random(4)
    rows = "".join(f"chr1\t.\tgene\t{i}\t{i + 50}\t.\t+\t.\tID=g{i}\n" for i in range(1, 400))
    sequence = "".join("".join(r.choices("ACGT", k=60)) + "\n" for _ in range(3000))
    text = f"##gff-version 3\n{rows}##FASTA\n>chr1 the first\n{sequence}>chr2\n{sequence}"
    if how == "plain":
        path = tmp_path / "a.gff3"
        path.write_text(text)
    else:
        path = tabix_files.write(tmp_path / "a.gff3.gz", text, None, sizes=2000)
    if how == "indexed":
        gidx.build_index(path)
    dataset = gidx.open(path)
    assert list(dataset.chroms) == ["chr1"]
    assert dataset.to_table().num_rows == 399
    assert dataset.to_table(threads=3).column("ID").to_pylist()[-1] == "g399"
    if how == "indexed":
        assert dataset.count_rows("chr1:1-10") == 10


# ── indexes without names ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [0, 4])
def test_an_index_without_names_counts_chroms_as_they_come(many, size):
    """A CSI whose auxiliary block is empty, or too short for tabix's columns and names."""
    import gzip
    import struct

    rows, _, path, _ = many
    data = gzip.decompress((path.parent / f"{path.name}.csi").read_bytes())
    (length,) = struct.unpack_from("<i", data, 12)
    index = data[:12] + struct.pack("<i", size) + bytes(size) + data[16 + length :]
    dataset = gidx.open(path, index=index)
    assert list(dataset.chroms) == ["chr1", "chr2", "chrX"]
    for region in tabix_files.regions(13, 250_000, 50):
        assert places(dataset.to_table(region)) == overlapping(rows, [region])


def test_an_index_without_names_of_another_file_is_an_error(many, tmp_path):
    import gzip
    import struct

    _, _, path, _ = many
    data = gzip.decompress((path.parent / f"{path.name}.csi").read_bytes())
    (length,) = struct.unpack_from("<i", data, 12)
    index = data[:12] + struct.pack("<i", 0) + data[16 + length :]
    other = tabix_files.write(tmp_path / "a.bed.gz", "chr1\t1\t2\n", None)
    with pytest.raises(FormatError, match="an index of 3 chroms without names"):
        gidx.open(other, index=index)


def test_a_wide_table_takes_the_memory_of_its_rows():
    row = b"chr1\t5\t9" + b"\tx" * 1000 + b"\n"
    text = row * 200
    dataset = gidx.open(text)
    tracemalloc.start()
    try:
        table = dataset.to_table()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert table.shape == (200, 1003)
    assert peak < 40 * len(text)
