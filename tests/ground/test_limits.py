"""Limits: what a file may cost, whatever it declares or inflates to."""

import gzip
import os
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import gidx
from gidx.bgzf.block import MAX_DATA, deflate_block

SMALL = 1 << 20


def bgzf(*parts: bytes) -> bytes:
    whole = b"".join(parts)
    return b"".join(
        deflate_block(whole[i : i + MAX_DATA]) for i in range(0, len(whole) + MAX_DATA, MAX_DATA)
    )


@pytest.fixture
def limit(monkeypatch):
    """Set a limit for one test."""

    def set_one(name: str, value: int) -> None:
        monkeypatch.setattr(gidx.limits, name, value)

    return set_one


def stopped_by(name: str) -> str:
    return (
        f'the limit "{name}" is .*; if that is meant, raise it: gidx.limits.{name} = ..., or GIDX'
    )


# ── the limits themselves ───────────────────────────────────────────────────────────────────────


def test_a_limit_is_a_number_of_one_or_more(limit):
    for wrong in (0, -1, 1.5, "1 GB", None, True):
        with pytest.raises((ValueError, TypeError), match=r"limit block is .*1 or more"):
            limit("block", wrong)


def test_a_limit_that_nothing_passes_is_one(limit, tmp_path):
    """It was an OverflowError of whatever was read next."""
    frame = pd.DataFrame({"chrom": ["c"], "start": [1], "end": [5]})
    gidx.write_bed(frame, tmp_path / "a.bed.gz")
    gidx.write_bigbed(frame, tmp_path / "a.bb", {"c": 9})
    for name in gidx.limits.DEFAULTS:
        limit(name, 10**30)
    for end in ("bed.gz", "bb"):
        assert len(gidx.read(tmp_path / f"a.{end}", "c")) == 1
    limit("block", 1e9)
    assert gidx.limits.block == 10**9


def test_a_limit_that_there_is_not_is_an_error():
    with pytest.raises(AttributeError, match="did you mean 'header'"):
        gidx.limits.headers = 5


def test_the_environment_sets_limits():
    said = {**os.environ, "GIDX_LIMIT_LINE": "1_000"}
    command = [sys.executable, "-c", "import gidx; print(gidx.limits.line)"]
    run = subprocess.run(command, env=said, capture_output=True, text=True, check=False)
    assert run.stdout == "1000\n"
    said["GIDX_LIMIT_LINE"] = "much"
    run = subprocess.run(command, env=said, capture_output=True, text=True, check=False)
    assert "GIDX_LIMIT_LINE is 'much', expected a number of 1 or more" in run.stderr


# ── text ────────────────────────────────────────────────────────────────────────────────────────


HEADER = b"#" + b"x" * 99 + b"\n"
ROW = b"chr1\t1\t2\n"


@pytest.mark.parametrize(
    "packed", [bytes, bgzf, gzip.compress], ids=["plain", "bgzf", "gzip"]
)  # fmt: skip
def test_a_header_of_more_than_the_limit_is_refused(packed, limit):
    data = packed(HEADER * 20_000 + ROW)
    assert gidx.open(data).count_rows() == 1
    limit("header", SMALL)
    with pytest.raises(gidx.FormatError, match=stopped_by("header")):
        gidx.open(data)


@pytest.mark.parametrize(
    ("line", "first", "row"),
    [
        (b"##\n", b"##fileformat=VCFv4.3\n", b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"),
        (b"##a=b\n", b"##fileformat=VCFv4.3\n", b""),
        (b"##\n", b"##gff-version 3\n", b"chr1\tx\tgene\t1\t2\t.\t+\t.\tID=a\n"),
        (b"#\n", b"", ROW),
    ],
    ids=["vcf", "vcf keys", "gff", "bed"],
)
def test_lines_of_a_header_count_for_what_they_become_however_short(line, first, row, limit):
    """Of 3 bytes each became 250: 8 MB took 655 MB."""
    data = first + line * 10_000 + row
    limit("header", 650_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.errors.GidxWarning)
        gidx.open(data)  # 640,000 for the lines
        limit("header", 600_000)
        with pytest.raises(gidx.FormatError, match=r"10,00. lines, each .* 64 bytes, where the"):
            gidx.open(data)


LONG = b"##note=<x y z, some text of a header that goes on for a while, as they do>\n"


@pytest.mark.parametrize(
    ("first", "line", "rows"),
    [
        (b"##fileformat=VCFv4.3\n", LONG, b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"),
        (b"", b"#a\n", ROW),
        (b"", b"#a\n", b"#name\tchrom\tstart\tend\na\tchr1\t1\t2\n"),
        (b"##gff-version 3\n", b"##\n", b"chr1\tx\tgene\t1\t2\t.\t+\t.\tID=a\n"),
    ],
    ids=["vcf", "bed", "tsv", "gff"],
)
def test_a_header_takes_few_times_its_bytes_while_it_is_opened(first, line, rows):
    """Lines of a BED's were once all parted at once: 22 bytes for one of them."""
    data = first + line * (1_600_000 // len(line)) + rows
    gidx.open(first + rows)
    tracemalloc.start()
    try:
        gidx.open(data)
        assert tracemalloc.get_traced_memory()[1] < 6 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "packed", [bytes, bgzf, gzip.compress], ids=["plain", "bgzf", "gzip"]
)  # fmt: skip
@pytest.mark.parametrize("before", [0, 20_000], ids=["first", "later"])
def test_a_line_of_more_than_the_limit_is_refused(packed, before, limit):
    row = ROW[:-1] + b"\tn\n"
    long = np.random.default_rng(1).bytes(10 * SMALL).hex().encode()
    data = packed(row * before + ROW[:-1] + b"\t" + long + b"\n" + row * 7)
    assert gidx.open(data).count_rows() == before + 8
    limit("line", SMALL)
    with pytest.raises(gidx.FormatError, match=stopped_by("line")):
        gidx.read_bed(data)


@pytest.mark.parametrize(
    "packed", [bytes, bgzf, gzip.compress], ids=["plain", "bgzf", "gzip"]
)  # fmt: skip
def test_rows_longer_than_many_groups_are_read_once_each(packed):
    long = ROW[:-1] + b"\t" + b"y" * 12 * SMALL + b"\n"
    data = packed(ROW[:-1] + b"\tx\n" + long + ROW[:-1] + b"\tz\n" + long + ROW[:-1] + b"\tw\n")
    names = gidx.open(data).to_table()["name"].to_pylist()
    assert [name[:1] for name in names] == ["x", "y", "z", "y", "w"]
    assert [len(name) for name in names] == [1, 12 * SMALL, 1, 12 * SMALL, 1]


def test_a_row_longer_than_what_is_looked_at_tells_the_columns():
    data = ROW[:-1] + b"\t" + b"y" * 9 * SMALL + b"\t7\n"
    assert gidx.open(data).columns == ["chrom", "start", "end", "name", "score"]


def test_blocks_that_inflate_to_more_than_the_first_ones_are_read_in_more_groups():
    noise = np.random.default_rng(1).bytes(3 * SMALL).hex()
    rows = [f"chr1\t{i}\t{i + 1}\t{noise[64 * i : 64 * i + 64]}\n" for i in range(90_000)]
    rows += [f"chr1\t{i}\t{i + 1}\tn\n" for i in range(100)] * 20_000
    batches = list(gidx.open(bgzf("".join(rows).encode())).to_batches(threads=1))
    assert sum(b.num_rows for b in batches) == 2_090_000
    assert max(b.num_rows for b in batches) < 1_000_000


def test_blocks_of_a_query_that_inflate_to_more_than_the_limit_are_refused(tmp_path, limit):
    path = str(tmp_path / "a.bed.gz")
    rows = {"chrom": "chr1", "start": np.arange(300_000), "end": np.arange(300_000) + 1}
    gidx.write_bed(pd.DataFrame(rows), path)
    assert gidx.open(path).count_rows("chr1:1-1,000,000") == 300_000
    limit("block", SMALL)
    with pytest.raises(gidx.FormatError, match=stopped_by("block")):
        gidx.open(path).count_rows("chr1:1-1,000,000")


def test_a_table_of_more_columns_than_the_limit_is_refused(limit):
    limit("fields", 100)
    with pytest.raises(gidx.FormatError, match="line 1: 104 fields, where the limit"):
        gidx.open(ROW[:-1] + b"\tx" * 101 + b"\n")


def test_attributes_past_the_limit_stay_in_the_map(limit):
    cell = ";".join(f"k{i}={i}" for i in range(12))
    data = b"##gff-version 3\nchr1\t.\tgene\t1\t2\t.\t+\t.\t" + cell.encode() + b"\n"
    limit("columns", 10)
    with pytest.warns(gidx.errors.GidxWarning, match="12 keys of attributes .* first 10 are"):
        ds = gidx.open(data)
    row = ds.to_table().to_pylist()[0]
    assert [row[f"k{i}"] for i in range(10)] == [str(i) for i in range(10)]
    assert dict(row["attributes"]) == {"k10": ["10"], "k11": ["11"]}
    named = gidx.open(data, attributes=[f"k{i}" for i in range(12)])
    assert named.to_table(columns=["k11"]).to_pylist() == [{"k11": "11"}]


# ── indexes ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("packed", [bgzf, gzip.compress], ids=["bgzf", "gzip"])
def test_an_index_that_inflates_to_more_than_the_limit_is_refused(packed, limit):
    limit("index", SMALL)
    with pytest.raises(gidx.FormatError, match=stopped_by("index")):
        gidx.TabixIndex.from_bytes(packed(b"TBI\1" + bytes(2 * SMALL)))


def test_an_index_of_a_column_past_the_limit_is_refused():
    header = struct.pack("<4sii", b"TBI\1", 1, 0)
    columns = struct.pack("<6i", 1, 2**31 - 1, 3, 35, 0, 5)
    with pytest.raises(gidx.FormatError, match="column 2,147,483,647, where the limit"):
        gidx.TabixIndex.from_bytes(header + columns + b"chr1\0" + bytes(8))


def test_more_bins_than_the_limit_are_refused():
    with pytest.raises(gidx.FormatError, match=stopped_by("bins")):
        gidx.binning.reg2bins(0, 2**44, 14, 10)
    assert len(gidx.binning.reg2bins(0, 2**29)) == 37449


def test_an_interval_index_of_larger_values_than_the_limit_is_refused():
    data = struct.pack(">IIII", 0x2CFF800A, 2, 1, 4) + b"chr1" + struct.pack(">II", 24, 2**31 - 1)
    with pytest.raises(gidx.FormatError, match=stopped_by("array")):
        gidx.IntervalIndex.read(data + bytes(1000))


# ── bigBed ──────────────────────────────────────────────────────────────────────────────────────


def bigbed(name_size: int = 10, *, said: int | None = None) -> bytes:
    """A bigBed of one block, made anew with a name so long; ``said`` is its buffer size."""
    import io

    out = io.BytesIO()
    rows = {"chrom": ["chr1"], "start": [1], "end": [2], "name": ["n"]}
    gidx.write_bigbed(pd.DataFrame(rows), out, {"chr1": 1000})
    data = bytearray(out.getvalue())
    begin, end = gidx.open(bytes(data))._format.plan(None)[0].tolist()
    block = zlib.compress(struct.pack("<III", 0, 1, 2) + b"n" * name_size + b"\0")
    at = data.index(struct.pack("<QQ", begin, end - begin))
    data[at : at + 16] = struct.pack("<QQ", len(data), len(block))
    if said is not None:
        data[52:56] = struct.pack("<I", said)
    return bytes(data + block + data[-4:])


@pytest.mark.parametrize("said", [None, 2**32 - 1], ids=["understated", "overstated"])
def test_a_block_that_inflates_to_more_than_the_limit_is_refused(said, limit):
    data = bigbed(2 * SMALL, said=said)
    assert len(gidx.open(data).to_table()["name"][0].as_py()) == 2 * SMALL
    limit("block", SMALL)
    with pytest.raises(gidx.FormatError, match=stopped_by("block")):
        gidx.open(data)


def test_an_array_of_more_items_than_the_limit_is_refused(limit):
    import io

    out = io.BytesIO()
    rows = {"chrom": ["chr1"], "start": [1], "end": [2], "xs": ["1,2"]}
    text = 'table t "" ( string chrom; "" uint chromStart; "" uint chromEnd; "" string xs; "" )'
    gidx.write_bigbed(pd.DataFrame(rows), out, {"chr1": 1000}, autosql=text)
    data = bytearray(out.getvalue())
    declared = text.replace("string xs", "int[1000000000] xs").encode()
    data[36:44] = struct.pack("<Q", len(data))
    with pytest.raises(gidx.FormatError, match=r"int\[1000000000\] xs, where the limit"):
        gidx.open(bytes(data + declared + b"\0" + data[-4:]))


def test_autosql_of_more_bytes_than_the_limit_is_refused(limit):
    data = bytearray(bigbed())
    data[36:44] = struct.pack("<Q", len(data))
    limit("header", SMALL)
    with pytest.raises(gidx.FormatError, match=stopped_by("header")):
        gidx.open(bytes(data + b"x" * 2 * SMALL + b"\0" + data[-4:]))


def test_a_batch_of_many_declared_columns_has_few_rows():
    """2,000 of them, in rows of 20 bytes, were 527 MB a batch."""
    columns, rows = 1_000, 12_000
    info = [f'##INFO=<ID=I{i},Number=1,Type=Integer,Description="x">' for i in range(columns)]
    head = ["##fileformat=VCFv4.3", *info, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
    lines = [f"1\t{i}\t.\tA\tC\t.\t.\tI7={i}\n" for i in range(1, rows)]
    text = "\n".join(head) + "".join(lines) + f"1\t{rows}\t.\tA\tC\t.\t.\tI7=x\n"
    opened = gidx.open(text.encode())
    with pytest.warns(gidx.errors.ValueWarning, match=f"first at 1:{rows:,}-{rows:,}: 'x'"):
        batches = list(opened.to_batches())
    assert max(batch.nbytes for batch in batches) < 2**26
    assert max(batch.num_rows for batch in batches) < rows
    found = pa.Table.from_batches(batches)
    assert found["INFO/I7"].to_pylist() == [*range(1, rows), None]
    assert found["start"].to_pylist() == list(range(rows))
