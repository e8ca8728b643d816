"""Files of one kind to files of another."""

import gzip
import io
import json
import os
import re
import threading
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx
from gidx.convert import convert
from gidx.demo import HG38, make_genes

BED = "chr1\t10\t20\ta\t5\t+\nchr1\t15\t30\tb\t7\t-\nchr2\t0\t9\tc\t0\t.\n"
SIZES = {"chr1": 1000, "chr2": 500}

ODD = """table odd "every kind of field" (
    string chrom; ""  uint chromStart; ""  uint chromEnd; ""
    string name; "a name"  set(a,b) flags; ""  enum(x,y) kind; ""  simple pt p; ""
    int n; ""  simple pt[n] ps; ""  double[2] d; ""  float f; ""  bigint big; ""  string[2] w; "" )
simple pt "a point" ( int x; "" string s; "" )
"""
ODD_ROWS = (
    'chr1\t1\t5\tq "u" \\ té\ta,b,\tx\t3,"u",\t2\t{1,"a",},{2,"b",},\t1.5,2,\t1e-7\t'
    "9007199254740993\tp,q,\n"
    'chr2\t1\t5\t\t\ty\t3,"u",\t0\t\t0.1,inf,\t-0.25\t-5\tp,,\n'
)


@pytest.fixture(scope="module")
def genes(tmp_path_factory):
    """A bigBed of bed12+5: lists, floats, an enum."""
    path = tmp_path_factory.mktemp("genes") / "genes.bb"
    gidx.write_bigbed(make_genes(400, seed=3), path, HG38, extra_index="geneName")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bed(folder):
    (folder / "x.bed").write_text(BED)
    return "x.bed"


@pytest.fixture
def odd(folder):
    """A bigBed with every kind of AutoSQL field."""
    (folder / "odd.bed").write_text(ODD_ROWS)
    convert("odd.bed", "odd.bb", autosql=ODD, chromsizes=SIZES)
    return "odd.bb"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows(path):
    return gidx.open(path).to_table().to_pylist()


# ── there and back ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["bed", "tsv", "parquet", "arrow"])
def test_a_bigbed_comes_back_from_every_kind(genes, folder, suffix):
    convert(genes, f"g.{suffix}")
    declared = gidx.open(genes).autosql if suffix in ("bed", "tsv") else None
    convert(f"g.{suffix}", "back.bb", autosql=declared, chromsizes=HG38)
    assert rows("back.bb") == rows(genes)
    assert gidx.open("back.bb").schema.equals(gidx.open(genes).schema)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_typed_files_carry_autosql_and_chrom_sizes(genes, folder, suffix):
    convert(genes, f"g.{suffix}")
    convert(f"g.{suffix}", "back.bb")
    assert gidx.open("back.bb").autosql == gidx.open(genes).autosql


@pytest.mark.parametrize("suffix", ["bed", "parquet", "arrow", "bb"])
def test_every_kind_of_field_comes_back(odd, suffix):
    convert(odd, f"o.{suffix}")
    told = {"autosql": ODD, "chromsizes": SIZES} if suffix == "bed" else {}
    convert(f"o.{suffix}", "back.bb", **told)
    assert rows("back.bb") == rows(odd)
    convert("back.bb", "back.bed", header=False)
    assert read("back.bed") == ODD_ROWS


def test_a_bigbed_becomes_the_text_it_was_made_of(odd):
    convert(odd, "o.bed")
    names = "#" + "\t".join(gidx.open(odd).columns) + "\n"  # which BED does not know
    assert read("o.bed") == names + ODD_ROWS


def test_typed_rows_become_the_same_text(odd):
    convert(odd, "o.parquet")
    convert("o.parquet", "o.bed", header=False)
    assert read("o.bed") == ODD_ROWS.replace("1.5,2,", "1.5,2.0,")


@pytest.mark.parametrize("target", ["y.bed", "y.bed.gz"])
def test_bed_is_what_write_bed_makes_of_what_is_read(genes, bed, target):
    written = f"expected.{target.partition('.')[2]}"
    for source in (genes, bed):
        convert(source, target, errors="raise")  # so that it is typed, as for a table
        gidx.write_bed(gidx.open(source), written)
        assert Path(target).read_bytes() == Path(written).read_bytes()


VCF = (
    "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "chr1\t0\ttelomere\tN\t<DEL>\t.\t.\t.\nchr1\t3\tlong\tACG\tA\t.\t.\t.\n"
    "chr2\t1\tsnv\tA\tC\t.\t.\t.\n"
)
SAM = "@SQ\tSN:chr1\tLN:9\n@SQ\tSN:chr2\tLN:9\n" + "".join(
    f"{name}\t0\t{place}\t0\t3M\t*\t0\t0\t*\t*\n"
    for name, place in [("a", "chr1\t3"), ("b", "chr1\t0"), ("c", "chr2\t1"), ("d", "*\t0")]
)


@pytest.mark.parametrize(
    ("text", "column", "regions", "names"),
    [
        (VCF, "id", "chr1:1-1", ["telomere"]),
        (VCF, "id", "chr1", ["telomere", "long"]),
        (VCF, "id", ["chr2", "chr1:5-9"], ["long", "snv"]),
        (SAM, "qname", "chr1", ["a"]),
        (SAM, "qname", ["chr2", "chr1:1-2"], ["c"]),
    ],
)
def test_regions_of_plain_text_take_what_begins_at_0_and_nothing_without_a_place(
    folder, text, column, regions, names
):
    Path("x.txt").write_text(text)
    convert("x.txt", "x.tsv", regions=regions, columns=[column], header=False)
    assert read("x.tsv").split() == names


def test_plain_lines_have_their_rows_in_any_order(folder):
    text = BED + "chr1\t3\t4\td\t1\t.\n"
    (folder / "x.bed").write_text(text)
    convert("x.bed", "y.bed")
    assert read("y.bed") == text
    convert("x.bed", "z.bed", sort=True)
    assert read("z.bed").splitlines()[0] == "chr1\t3\t4\td\t1\t."
    with pytest.raises(gidx.WriteError, match="not sorted: chr1:3 after chr2:0"):
        convert("x.bed", "y.bed.gz")


def test_bed_without_autosql_gets_the_one_that_bedtobigbed_writes(folder):
    (folder / "x.bed").write_text("chr1\t1\t2\tn\t5\t+\tmore\n")
    convert("x.bed", "x.bb", bed_type="bed6+1", chromsizes=SIZES)
    assert gidx.open("x.bb").autosql == gidx.autosql.bed(6, 1)
    assert gidx.open("x.bb").schema.names[-1] == "field8"


def test_colors_stand_as_r_g_b_in_text_and_as_numbers_elsewhere(folder):
    (folder / "x.bed").write_text("chr1\t1\t2\tn\t5\t+\t1\t2\t255,0,16\n")
    convert("x.bed", "x.bb", chromsizes=SIZES)
    convert("x.bb", "x.parquet")
    assert pq.read_table("x.parquet")["reserved"].to_pylist() == [0xFF0010]
    convert("x.parquet", "y.bed")
    assert read("y.bed") == read("x.bed")


# ── values that are not of their type ───────────────────────────────────────────────────────────


@pytest.fixture
def wrong(folder):
    """A bigBed whose `uint x` has the text 1e3 in one row."""
    (folder / "x.bed").write_text("chr1\t1\t2\t1e3\nchr1\t5\t6\t7\n")
    text = 'table t "" (string chrom; "" uint chromStart; "" uint chromEnd; "" string x; "")'
    convert("x.bed", "s.bb", autosql=text, bed_type="bed3+1", chromsizes=SIZES)
    data = (folder / "s.bb").read_bytes()
    (folder / "x.bb").write_bytes(data.replace(b"string x;", b"uint   x;"))
    return "x.bb"


def test_text_keeps_a_value_that_is_not_of_its_type(wrong):
    convert(wrong, "y.tsv")
    assert read("y.tsv") == "chrom\tstart\tend\tx\nchr1\t1\t2\t1e3\nchr1\t5\t6\t7\n"


def test_typed_columns_warn_of_it_once(wrong):
    with pytest.warns(gidx.ValueWarning, match=r"1 value is not uint.*chr1:2-2: '1e3'"):
        convert(wrong, "y.parquet")
    assert pq.read_table("y.parquet")["x"].to_pylist() == [None, 7]


@pytest.mark.parametrize("target", ["y.tsv", "y.bed", "y.parquet", "y.json"])
def test_errors_raise_stops_there_and_leaves_nothing(wrong, target):
    with pytest.raises(gidx.ValueTypeError, match="1e3"):
        convert(wrong, target, errors="raise")
    assert not [name for name in os.listdir() if name.startswith((".", "y"))]


def test_bed_text_is_typed_by_its_declaration(wrong):
    text = 'table t "" (string chrom; "" uint chromStart; "" uint chromEnd; "" uint x; "")'
    with pytest.warns(gidx.ValueWarning, match=r"x\.bed, column x: 1 .*chr1:2-2: '1e3'"):
        convert("x.bed", "y.parquet", autosql=text, bed_type="bed3+1")
    assert pq.read_table("y.parquet")["x"].to_pylist() == [None, 7]
    with pytest.raises(gidx.ValueTypeError, match="1e3"):
        convert("x.bed", "z.parquet", autosql=text, bed_type="bed3+1", errors="raise")


def test_what_is_missing_is_empty_in_tsv_a_dot_in_bed_and_null_in_json(folder):
    missing = {"n": pa.int32(), "t": pa.string(), "l": pa.list_(pa.int8())}
    columns = {name: pa.nulls(1, kind) for name, kind in missing.items()}
    table = pa.table({"chrom": ["chr1"], "start": [1], "end": [2], **columns})
    pq.write_table(table, "x.parquet")
    convert("x.parquet", "x.tsv", header=False)
    convert("x.parquet", "x.bed", header=False)
    convert("x.parquet", "x.json")
    assert read("x.tsv") == "chr1\t1\t2\t\t\t\n"
    assert read("x.bed") == "chr1\t1\t2\t.\t.\t.\n"
    assert json.loads(read("x.json")) == table.to_pylist()[0]


# ── BED and TSV, read ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "# made by hand\n" + BED,
        "browser position chr1\ntrack name=x\n" + BED + "#end\n",
        BED.replace("\n", "\r\n"),
        BED.replace("\n", "\n\n"),
        BED.removesuffix("\n"),
        "\ufeff" + BED,
        BED.replace("\t", " "),
        BED.replace("\t", "   ").replace("chr2", "  chr2"),
    ],
    ids=["comment", "track", "CRLF", "blank lines", "no last LF", "BOM", "spaces", "many spaces"],
)
def test_bed_is_read_however_it_is_laid_out(folder, text):
    (folder / "x.bed").write_bytes(text.encode())
    convert("x.bed", "y.bed", header=False)
    assert read("y.bed") == BED


def test_bed_keeps_its_comments_and_values_as_they_are(folder):
    text = "# made by hand\ntrack name=x\nchr1\t1\t2\tn\t1.50\t+\t1e3\t007\t.\t\n"
    (folder / "x.bed").write_text(text)
    convert("x.bed", "y.bed")
    convert("y.bed", "z.tsv")
    assert read("y.bed") == text
    assert read("z.tsv").splitlines()[1] == text.splitlines()[2]


def test_bed_is_read_through_gzip(folder):
    (folder / "x.bed.gz").write_bytes(gzip.compress(BED.encode()))
    convert("x.bed.gz", "y.bed")
    assert read("y.bed") == BED


def test_bed_columns_have_the_standard_names(bed):
    convert(bed, "y.tsv")
    assert read("y.tsv").splitlines()[0] == "chrom\tstart\tend\tname\tscore\tstrand"


@pytest.mark.parametrize("head", ["chrom\tstart\tend", "#chrom\tchromStart\tchromEnd"])
def test_a_header_line_names_the_columns(folder, head):
    (folder / "x.tsv").write_text(f"{head}\tgene\nchr1\t1\t2\tBRCA2\n")
    convert("x.tsv", "y.json")
    assert json.loads(read("y.json")) == {"chrom": "chr1", "start": 1, "end": 2, "gene": "BRCA2"}


def test_chrom_start_end_of_a_tsv_come_first(folder):
    (folder / "x.tsv").write_text("gene\tend\tchrom\tstart\nBRCA2\t2\tchr1\t1\n")
    convert("x.tsv", "y.bed")
    assert read("y.bed") == "#chrom\tstart\tend\tgene\nchr1\t1\t2\tBRCA2\n"
    (folder / "x.tsv").write_text("chrom\tstart\tend\tgene\nchr1\t1\t2\tBRCA2\n")
    convert("x.tsv", "y.bed")
    assert read("y.bed") == "#chrom\tstart\tend\tgene\nchr1\t1\t2\tBRCA2\n"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2"], pa.int64()),
        (["1", "3000000000"], pa.int64()),
        (["1", "2.5"], pa.float64()),
        (["1e3", "nan"], pa.float64()),
        (["1", "007"], pa.string()),
        (["1", "+5"], pa.string()),
        (["1", "0x10"], pa.string()),
        (["1", ""], pa.int64()),
        (["1", "NA"], pa.int64()),
        (["true", "false"], pa.string()),
    ],
)
def test_a_tsv_column_has_a_type_if_all_of_it_has(folder, values, expected):
    lines = "".join(f"chr1\t{i}\t{i + 1}\t{v}\n" for i, v in enumerate(values))
    (folder / "x.tsv").write_text(f"chrom\tstart\tend\tv\n{lines}")
    convert("x.tsv", "y.parquet")
    column = pq.read_table("y.parquet")["v"]
    assert column.type == expected
    if expected == pa.string():
        assert column.to_pylist() == values
    assert column.null_count == ("" in values or "NA" in values)


def test_a_tsv_column_is_typed_by_its_last_row_too(folder):
    lines = "".join(f"chr1\t{i}\t{i + 1}\t{i}\n" for i in range(10_001))
    (folder / "x.tsv").write_text(f"chrom\tstart\tend\tv\n{lines}chr2\t60\t61\tx\n")
    convert("x.tsv", "y.parquet")
    assert pq.read_table("y.parquet")["v"].to_pylist()[-2:] == ["10000", "x"]


def test_bed_names_stay_text_though_they_look_like_numbers(folder):
    (folder / "x.tsv").write_text("chrom\tstart\tend\tname\tscore\nchr1\t1\t2\t17\t5\n")
    convert("x.tsv", "x.bb", chromsizes=SIZES)
    assert gidx.open("x.bb").bed_type == "bed5"
    assert rows("x.bb")[0]["name"] == "17"


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0\x0b\x0c"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**40),
            st.integers(-(2**31), 2**31 - 1),
            st.floats(allow_nan=False),
            TEXTS,
        ),
        min_size=1,
    )
)
def test_a_table_comes_back_from_tsv(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("law")
    start, number, decimal, text = map(list, zip(*values, strict=True))
    table = pa.table({
        "chrom": ["chr1"] * len(start), "start": start, "end": start,
        "n": pa.array(number, pa.int32()), "x": pa.array([*decimal], pa.float64()),
        "t": ["." + t for t in text],
    })  # fmt: skip
    pq.write_table(table, folder / "x.parquet")
    convert(folder / "x.parquet", folder / "x.tsv")
    convert(folder / "x.tsv", folder / "y.parquet")
    back = pq.read_table(folder / "y.parquet").cast(table.schema)
    assert back.replace_schema_metadata(None).to_pylist() == table.to_pylist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BED + "chr2\tx\t9\tc\t0\t.\n", "x.bed, line 4: field 2 is 'x', expected a position"),
        (BED + "chr2\t0x1\t9\tc\t0\t.\n", "x.bed, line 4: field 2 is '0x1'"),
        ("#a\n" + BED + "chr2\t5\n", "x.bed, line 5: 2 fields, expected 3 or more: 'chr2\\t5'"),
        ("chr1 1\n", "x.bed, line 1: 2 fields, expected 3 or more"),
        ("name\tchrom\n", "x.bed, line 1: 2 fields, expected 3 or more: 'name\\tchrom'"),
        ("\0\1\2", "x.bed, byte 0: no format that gidx reads"),
    ],
)
def test_broken_text_is_an_error_that_names_the_line(folder, text, message):
    (folder / "x.bed").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(gidx.FormatError, match=re.escape(message)):
        convert("x.bed", "y.tsv")
    assert os.listdir() == ["x.bed"]


def test_a_cut_gzip_is_an_error(folder):
    (folder / "x.bed.gz").write_bytes(gzip.compress(BED.encode())[:-12])
    with pytest.raises(gidx.FormatError, match="truncated gzip"):
        convert("x.bed.gz", "y.bed")


def test_a_bed_without_rows_becomes_any_file_without_rows(folder):
    (folder / "x.bed").write_text("# nothing\n")
    for suffix in ("bed", "tsv", "json", "parquet", "arrow", "bb"):
        convert("x.bed", f"y.{suffix}", chromsizes=SIZES if suffix == "bb" else None)
    assert (read("y.bed"), read("y.json")) == ("# nothing\n", "")
    assert read("y.tsv") == "chrom\tstart\tend\n"
    assert pq.read_table("y.parquet").num_rows == rows("y.bb").__len__() == 0


@pytest.mark.parametrize("heads", ["chrom\tstart\tend\tgene", "gene\tchrom\tstart\tend"])
def test_a_table_without_rows_has_its_columns(folder, heads):
    (folder / "x.tsv").write_text(heads + "\n")
    convert("x.tsv", "y.parquet")
    assert pq.read_table("y.parquet").schema.names == ["chrom", "start", "end", "gene"]


def test_a_pipe_without_rows_is_bed_without_rows(folder):
    convert(io.BytesIO(b""), "y.bed")
    assert read("y.bed") == ""


def test_an_autosql_is_of_columns_by_name_where_a_line_names_them(folder):
    (folder / "x.tsv").write_text("chrom\tstart\tend\tn\tt\nchr1\t1\t2\t7\tseven\n")
    text = (
        'table t "" (string chrom; "" uint chromStart; "" uint chromEnd; "" string t; "" int n; "")'
    )
    convert("x.tsv", "y.bb", autosql=text, chromsizes=SIZES)
    assert rows("y.bb") == [{"chrom": "chr1", "start": 1, "end": 2, "t": "seven", "n": 7}]


# ── regions, columns, the first rows ────────────────────────────────────────────────────────────

REGIONS = ["chr17:40,000,000-50,000,000", ("chr1", 0, 30_000_000), "chrY"]


@pytest.mark.parametrize("suffix", ["bed", "tsv", "parquet", "arrow"])
def test_regions_of_any_file_are_those_of_the_bigbed(genes, folder, suffix):
    convert(genes, f"g.{suffix}")
    convert(f"g.{suffix}", "part.bed", regions=REGIONS)
    convert(genes, "expected.bed", regions=REGIONS)
    found, expected = (read(f).lstrip("#").replace("itemRgb", "reserved").replace(".0,", ",")
                       for f in ("part.bed", "expected.bed"))  # fmt: skip
    assert found == expected != ""


def test_typed_rows_of_a_region_are_those_of_the_bigbed(genes, folder):
    convert(genes, "g.bed")
    convert("g.bed", "part.parquet", regions=REGIONS, autosql=gidx.open(genes).autosql)
    expected = gidx.open(genes).to_table(REGIONS)
    found = pq.read_table("part.parquet").rename_columns({"itemRgb": "reserved"})
    assert found.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize("suffix", ["bb", "bed", "parquet", "arrow"])
def test_an_unknown_chrom_is_an_error_with_a_hint(genes, folder, suffix):
    convert(genes, f"g.{suffix}")
    with pytest.raises(gidx.UnknownChromError, match="did you mean 'chr17'"):
        convert(f"g.{suffix}", "part.bed", regions="17:1-10")
    assert not os.path.exists("part.bed")


@pytest.mark.parametrize("suffix", ["bb", "bed", "parquet", "arrow"])
def test_columns_and_head_are_the_same_for_any_file(genes, folder, suffix):
    convert(genes, f"g.{suffix}")
    convert(f"g.{suffix}", "part.tsv", columns=["name", "end"], head=3, regions="chr1")
    frame = make_genes(400, seed=3).head(3)
    expected = "".join(f"{n}\t{e}\n" for n, e in zip(frame["name"], frame["end"], strict=True))
    assert read("part.tsv") == "name\tend\n" + expected


def test_some_columns_of_a_bigbed_make_a_smaller_bigbed(genes, folder):
    convert(genes, "part.bb", columns=["chrom", "start", "end", "name", "geneName"])
    found = gidx.open("part.bb")
    assert found.schema.names == ["chrom", "start", "end", "name", "geneName"]
    assert found.count_rows() == 400


def test_some_columns_of_a_bed_make_a_smaller_bigbed(bed):
    convert(bed, "x.bb", columns=["chrom", "start", "end", "score"], chromsizes=SIZES)
    assert gidx.open("x.bb").bed_type == "bed5"  # a gap before a standard field is filled
    assert [row["name"] for row in rows("x.bb")] == [".", ".", "."]
    assert [row["score"] for row in rows("x.bb")] == [5, 7, 0]


def test_bed_needs_chrom_start_end_in_any_order(bed):
    convert(bed, "y.bed", columns=["name", "end", "chrom", "start"])
    assert read("y.bed").splitlines()[0] == "chr1\t10\t20\ta"
    with pytest.raises(gidx.WriteError, match=r"no column 'start'.*the columns are name, chrom"):
        convert(bed, "y.bed", columns=["name", "chrom"])
    with pytest.raises(gidx.ColumnError, match="no column 'nam'; did you mean 'name'"):
        convert(bed, "y.tsv", columns=["nam"])


# ── Parquet, Arrow, JSON ────────────────────────────────────────────────────────────────────────


def test_json_lines_are_the_rows(odd):
    convert(odd, "o.json")
    expected = rows(odd)
    expected[1]["d"][1] = None  # JSON has no infinity
    assert [json.loads(line) for line in read("o.json").splitlines()] == [
        {**row, "f": pytest.approx(row["f"])} for row in expected
    ]


def test_an_arrow_file_may_have_a_dictionary_a_batch(folder):
    kind = pa.dictionary(pa.int32(), pa.string())
    field = [("chrom", kind), ("start", pa.int64()), ("end", pa.int64()), ("k", kind)]
    batches = [
        pa.record_batch([pa.array(c, kind), [1], [2], pa.array(k, kind)], schema=pa.schema(field))
        for c, k in [(["chr2"], ["b"]), (["chr1"], ["a"])]
    ]
    with pa.ipc.new_stream("x.ipc", pa.schema(field)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    convert("x.ipc", "y.arrow")
    convert("y.arrow", "z.parquet")
    expected = [("chr2", 1, 2, "b"), ("chr1", 1, 2, "a")]
    assert [
        tuple(r.values()) for r in pa.ipc.open_file("y.arrow").read_all().to_pylist()
    ] == expected
    assert [tuple(r.values()) for r in pq.read_table("z.parquet").to_pylist()] == expected


def test_a_parquet_chrom_column_has_the_chroms_in_file_order(genes, folder):
    convert(genes, "g.parquet")
    convert("g.parquet", "g.arrow")
    chrom = pa.ipc.open_file("g.arrow").read_all()["chrom"]
    assert chrom.chunk(0).dictionary.to_pylist() == list(gidx.open(genes).chroms)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_cut_file_is_an_error(genes, folder, suffix):
    convert(genes, f"g.{suffix}")
    data = (folder / f"g.{suffix}").read_bytes()
    (folder / f"cut.{suffix}").write_bytes(data[: len(data) // 2])
    with pytest.raises(gidx.FormatError, match=rf"cut\.{suffix}: "):
        convert(f"cut.{suffix}", "y.tsv")
    assert not os.path.exists("y.tsv")


def test_text_that_would_break_a_row_is_refused(folder):
    pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [2], "t": ["a\tb"]}).to_parquet(
        "x.parquet"
    )
    with pytest.raises(gidx.WriteError, match=r"column t: found 'a\\tb', which has a tab"):
        convert("x.parquet", "y.tsv")
    convert("x.parquet", "y.json")
    assert json.loads(read("y.json"))["t"] == "a\tb"


# ── sources and targets ─────────────────────────────────────────────────────────────────────────


def test_a_pipe_is_a_source(folder):
    reading, writing = os.pipe()
    with open(reading, "rb") as source, open(writing, "wb") as sink:
        feeder = threading.Thread(target=lambda: (sink.write(BED.encode()), sink.close()))
        feeder.start()
        convert(source, "y.bed")
        feeder.join()
    assert read("y.bed") == BED


def test_a_dataset_is_a_source_and_a_stream_a_target(genes):
    out = io.BytesIO()
    convert(gidx.open(genes), out, to="arrow", columns=["chrom", "start"])
    out.seek(0)
    assert pa.ipc.open_stream(out).read_all().num_rows == 400


def test_progress_hears_the_rows_so_far(genes, folder):
    heard = []
    convert(genes, "g.tsv", progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 400


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("y.xyz", {}, "y.xyz: its kind is not known; expected one of bigbed"),
        ("y.bed.zst", {}, "y.bed.zst: .zst is for rows of text"),
        ("y.parquet.gz", {}, "name y.parquet"),
        ("y.tsv", {"to": "nope"}, "to is 'nope'"),
        ("y.tsv", {"sort": True}, "sort is for bigBed, lines and text with an index, not for tsv"),
        ("y.bb", {}, "no chromsizes"),
        ("y.tsv", {"names": "native", "regions": "chr1"}, "native names of regions need an index"),
        ("y.tsv", {"bed_type": "bed4"}, "x.bed: its rows have 6 fields, bed4 has 4"),
        ("y.tsv", {"bed_type": "nope"}, "bed_type is 'nope', expected bed3 to bed12"),
        ("y.bed", {"lists": "text"}, "lists as text are for tables, not for bed"),
        ("y.bb", {"chromsizes": {"chr1": 100}}, "chr2"),
    ],
)
def test_what_cannot_be_is_an_error_and_leaves_no_file(bed, target, options, message):
    with pytest.raises(gidx.GidxError, match=re.escape(message)):
        convert(bed, target, **options)
    assert os.listdir() == [bed]


def test_a_failure_leaves_the_old_file_as_it_was(bed, folder):
    (folder / "y.tsv").write_text("precious")
    (folder / "x.bed").write_text(BED + "chr2\tx\n")
    with pytest.raises(gidx.FormatError):
        convert(bed, "y.tsv")
    assert read("y.tsv") == "precious"


VCF = """\
##fileformat=VCFv4.3
##INFO=<ID=DP4,Number=4,Type=Integer,Description="Counts">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=HQ,Number=2,Type=Integer,Description="Qualities">
##contig=<ID=chr1,length=1000>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2
chr1\t5\t.\tA\tG\t.\tPASS\tDP4=1,2,3,4;ODD=x\tGT:HQ\t0/1:5,6\t1/1
chr1\t9\trs1\tC\t<DEL>\t7\tq10\tODD=y\tGT\t./.\t0/0
chr1\t12\t.\tC\tT\t7.5\t.\t.\tGT:XX\t0|0:1\t0|1:2
"""


def test_a_vcf_goes_through_parquet_and_arrow_and_stays_itself(folder):
    """Also where lists of a fixed size are missing, for which Parquet has no place."""
    Path("a.vcf").write_text(VCF)
    convert("a.vcf", "a.vcf.gz")
    for between in ("b.parquet", "b.arrow"):
        convert("a.vcf.gz", between)
        convert(between, "c.vcf")
        assert read("c.vcf") == read("a.vcf"), between
    convert("a.vcf.gz", "a.json", columns=["start", "INFO", "INFO/DP4"])
    assert read("a.json").splitlines()[1] == '{"start":8,"INFO":{"ODD":"y"},"INFO/DP4":null}'
    convert("a.vcf.gz", "a.tsv", columns=["start", "INFO"])
    assert read("a.tsv") == "start\tINFO\n4\tODD=x\n8\tODD=y\n11\t\n"


@pytest.mark.parametrize("target", ["b.parquet", "b.arrow"])
def test_a_gff_goes_through_parquet_and_arrow_and_stays_itself(folder, target):
    text = "##gff-version 3\nchr1\tx\tgene\t5\t9\t.\t+\t.\tID=g;tag=a,b\n"
    Path("a.gff3").write_text(text)
    convert("a.gff3", target)
    convert(target, "c.gff3.gz")
    convert("c.gff3.gz", "d.gff3")
    assert read("d.gff3") == text


# ── VCF and GFF as BED ──────────────────────────────────────────────────────────────────────────


def test_a_vcf_is_bed_with_its_further_fields_as_they_stand(folder):
    (folder / "a.vcf").write_text(VCF)
    convert("a.vcf", "a.bed")
    assert read("a.bed").splitlines() == [
        "#chrom\tstart\tend\tname\tscore\tstrand\tref\talt\tfilter\tinfo\tformat\tS1\tS2",
        "chr1\t4\t5\t.\t.\t.\tA\tG\tPASS\tDP4=1,2,3,4;ODD=x\tGT:HQ\t0/1:5,6\t1/1",
        "chr1\t8\t9\trs1\t7\t.\tC\t<DEL>\tq10\tODD=y\tGT\t./.\t0/0",
        "chr1\t11\t12\t.\t7.5\t.\tC\tT\t.\t.\tGT:XX\t0|0:1\t0|1:2",
    ]
    assert gidx.read_bed("a.bed").columns.tolist()[3:9] == [
        "name", "score", "strand", "ref", "alt", "filter"
    ]  # fmt: skip


GFF3 = """\
##gff-version 3
chr1\tx\tgene\t5\t9\t0.5\t+\t.\tID=g;tag=a,b%2Cc;Note=n%3Bm
chr1\tx\tCDS\t6\t9\t.\t-\t0\tParent=g
"""


def test_a_gff_is_bed_with_its_further_fields_as_they_stand(folder):
    (folder / "a.gff3").write_text(GFF3)
    convert("a.gff3", "a.bed")
    assert read("a.bed").splitlines() == [
        "#chrom\tstart\tend\tname\tscore\tstrand\tsource\ttype\tphase\tattributes",
        "chr1\t4\t9\tg\t0.5\t+\tx\tgene\t.\tID=g;tag=a,b%2Cc;Note=n%3Bm",
        "chr1\t5\t9\t.\t.\t-\tx\tCDS\t0\tParent=g",
    ]
    convert("a.gff3", "b.bed", columns=["chrom", "start", "end", "type", "strand"], header=False)
    assert read("b.bed") == "chr1\t4\t9\t.\t.\t+\tgene\nchr1\t5\t9\t.\t.\t-\tCDS\n"
    convert("a.gff3", "a.parquet")
    convert("a.parquet", "c.bed")
    assert read("c.bed") == read("a.bed")


def test_without_rows_they_are_bed_with_the_same_fields(folder):
    for name, text in {"vcf": VCF, "gff3": GFF3}.items():
        (folder / f"all.{name}").write_text(text)
        head = [line for line in text.splitlines(True) if line.startswith("#")]
        (folder / f"none.{name}").write_text("".join(head))
        for one in ("all", "none"):
            convert(f"{one}.{name}", f"{one}.bed")
        assert read("none.bed") == read("all.bed").splitlines(True)[0]


def test_a_position_that_bed_does_not_have_is_an_error_with_its_line(folder):
    (folder / "a.vcf").write_text(VCF.replace("chr1\t5\t", "chr1\t0\t"))
    with pytest.raises(gidx.WriteError, match=r"a\.vcf, line 7: row 0, column start: found -1"):
        convert("a.vcf", "a.bed")


def test_attributes_come_back_from_tsv_and_a_vcfs_text_says_why_not(folder):
    (folder / "a.gff3").write_text(GFF3.replace("tag=a,b%2Cc;", ""))
    convert("a.gff3", "a.tsv", opening={"attributes": []})
    convert("a.tsv", "b.gff3")
    assert read("b.gff3") == read("a.gff3")
    (folder / "a.vcf").write_text(VCF)
    convert("a.vcf", "v.tsv")
    with pytest.raises(gidx.WriteError, match="does not say of which types they are"):
        convert("v.tsv", "b.vcf")
    (folder / "sites.tsv").write_text("chrom\tstart\tend\tref\talt\tINFO\nc\t4\t5\tA\tC\tX=1;Y\n")
    convert("sites.tsv", "sites.vcf")
    assert read("sites.vcf").splitlines()[-1] == "c\t5\t.\tA\tC\t.\t.\tX=1;Y"


def test_sam_is_bed_with_name_score_and_strand(folder):
    (folder / "a.sam").write_text(
        "@SQ\tSN:c\tLN:1000\n"
        "r1\t16\tc\t5\t9\t4M\t*\t0\t0\tACGT\tIIII\tNM:i:0\tMD:Z:4\n"
        "r2\t0\tc\t7\t0\t4M\t*\t0\t0\tACGT\tIIII\n"
    )
    convert("a.sam", "a.bed")
    assert read("a.bed").splitlines() == [
        "#chrom\tstart\tend\tname\tscore\tstrand\tflag\tcigar\trnext\tpnext\ttlen\tseq\tqual\ttags",
        "c\t4\t8\tr1\t9\t-\t16\t4M\t.\t.\t0\tACGT\tIIII\tNM=i:0;MD=Z:4",
        "c\t6\t10\tr2\t0\t+\t0\t4M\t.\t.\t0\tACGT\tIIII\t.",
    ]


@pytest.mark.parametrize("target", ["y.bed", "y.bed.gz", "y.tsv.gz"])
def test_nested_columns_of_other_tables_are_texts(folder, target):
    table = pa.table({
        "chrom": ["a"], "start": [1], "end": [2], "s": [{"x": 1}], "ll": [[[1, 2], [3]]],
        "m": pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
    })  # fmt: skip
    pq.write_table(table, "x.parquet")
    convert("x.parquet", target)
    row = gidx.open(target).to_table().to_pylist()[0]
    assert (row["s"], row["ll"], row["m"]) == ('{"x": 1}', "1,2;3", "k=v")


@pytest.mark.parametrize("source", ["a.vcf", "a.gff3"])
def test_lists_are_the_same_texts_in_a_tsv_with_and_without_an_index(folder, source):
    """With one a list was written as AutoSQL has it, "A,", and an item with a comma refused."""
    (folder / source).write_text(VCF if source == "a.vcf" else GFF3)
    convert(source, "a.tsv")
    convert(source, "a.tsv.gz")

    def cells(text: str) -> list[list[str]]:
        """Without what else differs: how what is missing is said, and whole numbers of floats."""
        rows = (line.lstrip("#").split("\t") for line in text.splitlines())
        return [[cell.removesuffix(".0") or "." for cell in row] for row in rows]

    with gidx.bgzf.open("a.tsv.gz") as file:
        assert cells(file.read().decode()) == cells(read("a.tsv"))


@pytest.mark.parametrize("target", ["y.bed", "y.vcf", "y.gff3", "y.bb"])
def test_native_names_are_for_tables(folder, target):
    """What is written as rows of a format has the names, and the base, of that."""
    text = {"y.vcf": VCF, "y.gff3": GFF3}.get(target, BED)
    (folder / "x").write_text(text)
    convert("x", target, names="native", chromsizes=SIZES)
    expected = f"expected{Path(target).suffix}"
    convert("x", expected, chromsizes=SIZES)
    assert Path(target).read_bytes() == Path(expected).read_bytes()


@pytest.mark.parametrize("between", ["native.parquet", "native.arrow"])
def test_a_table_under_native_names_is_read_under_canonical_ones(folder, between):
    """As `gidx.open` reads it: what POS counts from, its name tells."""
    (folder / "a.vcf").write_text(VCF)
    convert("a.vcf", between, names="native")
    convert(between, "b.vcf")
    assert read("b.vcf") == VCF
    convert(between, "b.bed", regions="chr1:9", header=False)
    assert read("b.bed").startswith("chr1\t8\t9\trs1\t")
    convert(between, "c.json", names="native", columns=["POS"])
    assert [json.loads(line)["POS"] for line in read("c.json").splitlines()] == [5, 9, 12]


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_table_without_intervals_is_passed_on_and_has_no_regions(folder, suffix):
    pq.write_table(pa.table({"a": [1, None], "b": ["x", "y"]}), "x.parquet")
    convert("x.parquet", f"y.{suffix}")
    convert(f"y.{suffix}", "z.tsv", columns=["b", "a"])
    assert read("z.tsv") == "b\ta\nx\t1\ny\t\n"
    with pytest.raises(gidx.ColumnError, match=rf"y\.{suffix} has no columns that are known as"):
        convert(f"y.{suffix}", "w.tsv", regions="chr1")
    with pytest.raises(gidx.ColumnError, match=rf"y\.{suffix} has no columns that are known as"):
        gidx.open(f"y.{suffix}")


@pytest.mark.parametrize("name", ["genes.bb", "genes.bed", "genes.parquet"])
def test_what_is_read_is_not_written_over(tmp_path, name):
    """bcftools 2140, hap.py 60: a file that is its own target is destroyed."""
    path = tmp_path / name
    rows = pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [5], "name": ["a"]})
    gidx.write_bigbed(rows, tmp_path / "genes.bb", {"chr1": 9}, extra_index=["name"])
    if name != "genes.bb":
        convert(tmp_path / "genes.bb", path)
    before = path.read_bytes()
    (tmp_path / f"other{path.suffix}").symlink_to(path)
    for source in (path, [path, path], gidx.open(path), path.as_uri()):
        for target in (path, tmp_path / f"other{path.suffix}", path.as_uri()):
            with pytest.raises(gidx.WriteError, match="it is read here, so it is not written over"):
                convert(source, target)
    assert path.read_bytes() == before
