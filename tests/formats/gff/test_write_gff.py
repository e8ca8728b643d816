"""GFF3 and GTF, written: what is read comes back, and what they cannot hold is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import gff_text
from tests.support.tabix_files import program
from tests.support.written import Plain, Written

import gidx
from gidx.arrow import schema
from gidx.errors import GidxWarning, WriteError
from gidx.formats.gff import read as gff
from gidx.formats.gff.write import write_gff, write_gtf
from gidx.formats.text.dialect import Head

HEADS = {"gff3": b"##gff-version 3.1.26\n# x\n", "gtf": b"#!genome-build x\n##format: gtf\n"}
VERSION = "##gff-version 3"


WRITTEN = Written(write_gff)
text_of, rows_of, refused = WRITTEN.text_of, WRITTEN.rows_of, WRITTEN.refused


def table(rows=1, **columns) -> dict:
    """A table of rows at chr1:11-20, with other columns."""
    head = {"chrom": ["chr1"] * rows, "start": [10] * rows, "end": [20] * rows}
    return head | columns


def attributes(value, kind=None, **options) -> str:
    """The ninth field of a row with this attribute k."""
    data = pa.table(table(k=pa.array([value], kind)))
    return rows_of(data, **options)[0][8]


# ── what is read comes back ─────────────────────────────────────────────────────────────────────


def read(text: bytes, kind: str, **options) -> tuple[pa.Table, list]:
    head = b"".join(line for line in text.splitlines(keepends=True) if line.startswith(b"#"))
    dialect = gff.from_head(Head(f"x.{kind}", head, text[len(head) :]), **options)
    assert dialect.kind == kind
    named = dialect.named("canonical")
    lines = gff_text.lines_of(text, dialect.rules, 9)
    rows, problems = dialect.reader(list(range(len(named))), "canonical").decode(lines)
    arrays = rows.columns
    about = schema.metadata(format=kind, **dialect.metadata)
    return pa.Table.from_arrays(arrays, schema=pa.schema(named, about)), problems


FIXED = ({}, {"source": "."}, {"score": "1.5", "strand": "?", "phase": "2"}, {"type": "a%25b"},
         {"source": "%2E"}, {"score": "1e-300", "strand": "-"})  # fmt: skip


@pytest.mark.parametrize("kind", ["gff3", "gtf"])
@settings(max_examples=80)
@given(st.data())
def test_a_table_that_was_read_is_the_same_when_it_is_written_and_read(kind, data):
    fields = gff_text.gff3_fields() if kind == "gff3" else gff_text.gtf_fields()
    rows = data.draw(st.lists(st.tuples(fields, st.sampled_from(FIXED)), min_size=1, max_size=6))
    options = data.draw(st.sampled_from([{}, {"attributes": []}, {"attributes": ["ID", "x"]}]))
    text = HEADS[kind] + b"".join(
        gff_text.gff_row(field, start=i + 1, end=2 * i + 1, **other)
        for i, (field, other) in enumerate(rows)
    )
    first, _ = read(text, kind, **options)
    file = Plain()
    try:
        write_gff(first, file)
    except WriteError as error:  # keys that the format does not know, however they came
        assert "key of an attribute" in str(error)  # noqa: PT017
        return
    again, problems = read(file.getvalue(), kind, **options)
    assert problems == []
    assert again.schema.equals(first.schema, check_metadata=True)
    for name in first.column_names:
        one, other = again[name].to_pylist(), first[name].to_pylist()
        if name == "attributes":  # `;` is no attributes, as `.` is
            one, other = ([value or None for value in values] for values in (one, other))
        assert one == other, name


@settings(max_examples=60)
@given(st.lists(st.tuples(gff_text.gff3_fields()), min_size=1, max_size=6))
def test_a_plain_parser_reads_the_same_attributes(rows):
    text = HEADS["gff3"] + b"".join(gff_text.gff_row(field) for (field,) in rows)
    first, _ = read(text, "gff3", attributes=[])
    file = Plain()
    try:
        write_gff(first, file)
    except WriteError:
        return
    found = [line.split("\t")[8] for line in file.getvalue().decode().splitlines()[2:]]
    for field, (original,) in zip(found, rows, strict=True):
        told = gff_text.as_map(gff_text.gff3_attributes(field))
        assert (told or None) == (gff_text.as_map(gff_text.gff3_attributes(original)) or None)


FILES = ["example.gtf.gz", "gff_file.gff", "oxbow_sample.sorted.gff.gz", "test.gff3.gz",
         "oxbow_sample.sorted.gtf.gz"]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_real_files_come_back(name, corpus, tmp_path):
    source = corpus / "tabix" / name
    if not source.exists():
        pytest.skip(f"no {name}")
    path = tmp_path / ("x.gtf.gz" if "gtf" in name else "x.gff3.gz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.errors.GidxWarning)
        first = gidx.open(source).to_table()
    write_gff(first, path)
    again = gidx.open(path).to_table()
    assert again.schema.equals(first.schema)
    for column in first.column_names:
        assert again[column].to_pylist() == first[column].to_pylist()
    header = schema.read_metadata(first.schema)["gff_header"]
    lines = [line for line in header.splitlines() if line != VERSION]
    if "gtf" not in name and not header.startswith("##gff-version"):
        lines.insert(0, VERSION)
        assert schema.read_metadata(again.schema)["gff_header"].splitlines() == lines
    else:
        assert schema.read_metadata(again.schema)["gff_header"] == header


# ── others read it ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def genes() -> pa.Table:
    r = np.random.default_rng(1)
    n = 500
    start = np.sort(r.integers(0, 10**6, n))
    return pa.table({
        "chrom": ["chr1"] * n,
        "start": start,
        "end": start + r.integers(1, 10**5, n),
        "source": [None if i % 7 == 0 else "me" for i in range(n)],
        "type": ["exon"] * n,
        "score": [None if i % 3 else i / 8 for i in range(n)],
        "strand": [str(x) for x in r.choice(list("+-.?"), n)],
        "phase": pa.array([None if i % 2 else i % 3 for i in range(n)], pa.uint8()),
        "ID": [f"exon:{i};=&,%" for i in range(n)],
        "Parent": [[f"t{i}", f"t{i + 1}"] if i % 5 else None for i in range(n)],
    })  # fmt: skip


def test_tabix_and_pysam_find_the_rows(genes, tmp_path):
    path = tmp_path / "x.gff3.gz"
    write_gff(genes, path)
    lines = program("tabix", path, "chr1:400,001-500,000").splitlines()
    found = gidx.open(path).to_table("chr1:400,001-500,000")
    assert [int(line.split("\t")[3]) - 1 for line in lines] == found["start"].to_pylist()
    with pysam.TabixFile(str(path), parser=pysam.asGFF3()) as file:
        for line, row in zip(file.fetch("chr1"), genes.to_pylist(), strict=True):
            assert (line.contig, line.start, line.end) == ("chr1", row["start"], row["end"])
            assert line.feature == "exon"
            assert (line.source or None) in (row["source"], ".")


def test_gidx_reads_the_same_values(genes, tmp_path):
    for path in (tmp_path / "x.gff3.gz", tmp_path / "x.gtf.gz"):
        write_gff(genes, path)
        found = gidx.open(path).to_table(columns=genes.column_names)
        assert gidx.open(path).info()["format"].startswith(path.suffixes[0][1:])
        for name in genes.column_names:
            assert found[name].to_pylist() == genes[name].to_pylist(), name


# ── attributes ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("value", "kind", "gff3", "gtf"), [
    ("a", None, "k=a", 'k "a";'),
    ("", None, "k=", 'k "";'),
    (None, pa.string(), ".", "."),
    ("a,b;c=d&e%", None, "k=a%2Cb%3Bc%3Dd%26e%25", 'k "a,b;c=d&e%";'),
    ('say "a\\b"', None, 'k=say "a\\b"', 'k "say \\"a\\\\b\\"";'),
    ("é 1|2", None, "k=é 1|2", 'k "é 1|2";'),
    (["a", "b,c"], None, "k=a,b%2Cc", 'k "a"; k "b,c";'),
    (["a"], None, "k=a", 'k "a";'),
    ([""], None, "k=", 'k "";'),
    ([], pa.list_(pa.string()), "k", "k;"),
    (None, pa.list_(pa.string()), ".", "."),
    (5, None, "k=5", 'k "5";'),
    (0.1, pa.float32(), "k=0.1", 'k "0.1";'),
    (True, None, "k=true", 'k "true";'),
    ([1, 2], pa.list_(pa.int8()), "k=1,2", 'k "1"; k "2";'),
    ("a", pa.dictionary(pa.int8(), pa.string()), "k=a", 'k "a";'),
])  # fmt: skip
def test_attributes_in_text(value, kind, gff3, gtf):
    assert attributes(value, kind) == gff3
    assert attributes(value, kind, format="gtf") == gtf


def test_gff3_escapes_what_gtf_refuses():
    assert attributes("a\tb\nc\x7f") == "k=a%09b%0Ac%7F"
    refused(table(k=["a\tb"]), "tab, line break.*or write GFF3", format="gtf")
    data = table(**{"a b;": ["x"], "c,": ["y"]})
    assert rows_of(data)[0][8] == "a%20b%3B=x;c%2C=y"
    refused(data, "cannot be the key of an attribute of GTF; rename", row=None, format="gtf")


def test_attributes_are_in_the_order_of_columns_then_of_the_map():
    kind = pa.map_(pa.string(), pa.list_(pa.string()))
    rest = pa.array([[("z", ["1", "2"]), ("y", []), ("x", [""])], [], None], kind)
    data = pa.table(table(3, b=["1", None, None], attributes=rest, a=["2", "3", None]))
    assert [row[8] for row in rows_of(data)] == ["b=1;a=2;z=1,2;y;x=", "a=3", "."]
    assert [row[8] for row in rows_of(data, format="gtf")] == [
        'b "1"; a "2"; z "1"; z "2"; y; x "";', 'a "3";', ".",
    ]  # fmt: skip


def test_the_map_may_have_one_text_a_key():
    data = pa.table(table(attributes=pa.array([{"a": "1,2"}], pa.map_(pa.string(), pa.string()))))
    assert rows_of(data)[0][8] == "a=1%2C2"
    assert rows_of(data, format="gtf")[0][8] == 'a "1,2";'


@pytest.mark.parametrize(("entries", "match"), [
    ([("k", ["1"])], "the key 'k' is that of a column"),
    ([("a", ["1"]), ("a", ["2"])], "the key 'a' is there twice"),
    ([("", [])], "the key of an attribute is empty"),
    ([("a", [None])], "a value in a list is missing"),
])  # fmt: skip
def test_what_the_map_cannot_hold_is_refused(entries, match):
    rest = pa.array([None, entries], pa.map_(pa.string(), pa.list_(pa.string())))
    refused(pa.table(table(2, k=["1", "2"], attributes=rest)), match, row=1)


def test_renamed_columns_are_written_by_their_keys():
    text = HEADS["gff3"] + gff_text.gff_row("source=a;end=b")
    first, _ = read(text, "gff3")
    assert first.column_names[-3:] == ["source_2", "end_2", "attributes"]
    assert text_of(first).encode() == text
    plain = first.replace_schema_metadata(first.schema.metadata).cast(
        pa.schema([pa.field(f.name, f.type) for f in first.schema], first.schema.metadata)
    )
    assert text_of(plain).encode() == text  # the metadata say it too
    with pytest.warns(GidxWarning, match="^source_2, end_2 are written as keys") as said:
        assert text_of(pl.DataFrame(first)).split("\t")[-1] == "source_2=a;end_2=b\n"
    assert len(said) == 1
    back = pl.DataFrame(first).to_arrow().replace_schema_metadata(first.schema.metadata)
    assert text_of(back).encode() == text  # the warning's way out


# ── fixed fields ────────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_a_point():
    row = ["chr1", ".", ".", "11", "20", ".", ".", ".", "."]
    assert rows_of(table()) == [row]
    names = ("source", "type", "score", "strand", "phase")
    assert rows_of(table(**{name: [None] for name in names})) == [row]
    assert rows_of(pa.table(table(score=pa.array([None], pa.float64()),
                                  phase=pa.array([None], pa.uint8()))))[0] == row  # fmt: skip
    assert rows_of(pd.DataFrame(table(score=[np.nan], phase=[np.nan]))) == [row]


def test_a_source_that_is_a_point_is_not_a_missing_one():
    data = table(3, source=[".", "a%\t", None], type=["x%y", "b", "c"])
    assert [row[1:3] for row in rows_of(data)] == [
        ["%2E", "x%25y"], ["a%25%09", "b"], [".", "c"],
    ]  # fmt: skip


@pytest.mark.parametrize(("columns", "match"), [
    ({"strand": ["x"]}, r"column strand: found 'x', expected '\+', '-', '.' or '\?'"),
    ({"phase": [3]}, "column phase: found 3, expected 0 to 2"),
    ({"phase": ["x"]}, "column phase: found 'x', expected 0, 1, 2 or '.'"),
    ({"score": ["x"]}, "column score: found 'x', expected a number"),
    ({"score": [[1]]}, "column score is list"),
    ({"source": [1]}, "column source is int64, expected texts"),
    ({"chrom": ["chr 1"]}, "column chrom: found 'chr 1', which has a blank"),
    ({"chrom": [">chr1"]}, "begin a FASTA part"),
    ({"end": [10]}, "a row of length zero"),
    ({"start": [-1]}, "column start: found -1"),
    ({"k": [["a", None]]}, "column k: a value in the list is missing"),
])  # fmt: skip
def test_what_a_row_cannot_hold_is_refused(columns, match):
    refused({**table(), **columns}, match)


@pytest.mark.parametrize(("data", "match"), [
    ({"contig": ["a"], "start": [1], "end": [2]}, "no column 'chrom'"),
    (table(k=[{"a": 1}]), "column k is struct.*which no attribute can be"),
    ({**table(), "": ["x"]}, "the key of an attribute is empty"),
])  # fmt: skip
def test_columns_that_gff_cannot_hold_are_refused(data, match):
    refused(data, match, row=None)


def test_texts_of_numbers_stay_as_they_are():
    data = table(score=["1.50"], phase=["1"], strand=["?"])
    assert rows_of(data)[0][5:8] == ["1.50", "?", "1"]


# ── headers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_gff3_begins_with_its_version():
    assert text_of(table()).splitlines()[0] == VERSION
    given_header = "#!genome-build x\n##species y"
    found = text_of(table(), header=given_header).splitlines()
    assert found[:3] == [VERSION, "#!genome-build x", "##species y"]
    found = text_of(table(), header="# a\n##gff-version 3.1.26\n").splitlines()
    assert found[:2] == ["##gff-version 3.1.26", "# a"]


def test_known_sizes_are_sequence_regions():
    found = text_of(table(), chromsizes={"chr1": 1000}).splitlines()
    assert found[:2] == [VERSION, "##sequence-region chr1 1 1000"]
    assert not text_of(table(), chromsizes={"chr1": 1000}, format="gtf").startswith("#")


def test_from_one_format_to_the_other_the_version_goes():
    first, _ = read(HEADS["gff3"] + gff_text.gff_row("ID=a"), "gff3")
    assert text_of(first, format="gtf").splitlines()[0] == "# x"
    first, _ = read(HEADS["gtf"] + gff_text.gff_row('gene_id "a";'), "gtf")
    found = text_of(first, format="gff3").splitlines()
    assert found[:2] == [VERSION, "#!genome-build x"]
    assert found[2].endswith("gene_id=a")


@pytest.mark.parametrize(("header", "match"), [
    ("##x\nchr1\n", "the line 'chr1' does not begin with #"),
    ("##gff-version 2\n", "but GFF3 is written"),
    ("##FASTA\n", "##FASTA ends a table"),
])  # fmt: skip
def test_a_given_header_must_be_one(header, match):
    refused(table(), match, row=None, header=header)


def test_a_header_may_be_in_a_file(tmp_path):
    (tmp_path / "h").write_text("# hello\n")
    assert text_of(table(), header=tmp_path / "h").splitlines()[:2] == [VERSION, "# hello"]


def test_the_format_is_the_names_then_the_datas(tmp_path):
    gtf, _ = read(HEADS["gtf"] + gff_text.gff_row('gene_id "a";'), "gtf")
    for name, kind in (("x.gff3", "gff3"), ("x.gff", "gtf"), ("x.gtf.gz", "gtf")):
        write_gff(gtf, tmp_path / name)
        assert gidx.open(tmp_path / name).info()["format"].startswith(kind)
    write_gtf(table(gene_id=["a"]), tmp_path / "y")
    assert (tmp_path / "y").read_text().endswith('gene_id "a";\n')
    refused(table(), "format is 'gff2'", row=None, format="gff2")


# ── data of all kinds, and failures ─────────────────────────────────────────────────────────────


def test_data_may_be_anything_with_rows():
    df = pd.DataFrame(table(3, ID=["a", None, "c"], tag=[["x"], ["y", "z"], None]))
    arrow = pa.table(df)
    expected = text_of(df)
    assert "tag=y,z" in expected
    for data in (arrow, pl.from_arrow(arrow), arrow.to_reader(), [df], arrow.to_batches(1)):
        assert text_of(data) == expected


def test_maps_survive_polars():
    kind = pa.map_(pa.string(), pa.list_(pa.string()))
    data = pa.table(table(2, attributes=pa.array([[("a", ["1", "2"]), ("b", [])], None], kind)))
    assert text_of(pl.from_arrow(data)) == text_of(data)
    assert "a=1,2;b" in text_of(data)


def test_maps_of_views_are_maps():
    """As polars hands them over, since its version 2."""
    view = pa.map_(pa.string_view(), pa.list_(pa.string_view()))
    plain = pa.map_(pa.string(), pa.list_(pa.string()))
    values = [[("x", ["0"])], [("a", ["1", "2"]), ("b", [])], None, [("c", ["3"])]]
    found = []
    for kind in (view, plain):
        data = pa.table(table(3, attributes=pa.array(values, kind).slice(1)))
        found.append(text_of(data))
    assert found[0] == found[1]
    assert "a=1,2;b" in found[0]


def test_what_fails_leaves_nothing_behind(tmp_path):
    path = tmp_path / "x.gff3.gz"
    write_gff(table(3), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for bad in (table(2, strand=["+", "x"]), {**table(2), "start": [5, 4]}):
        with pytest.raises(WriteError):
            write_gff(bad, path)
        with pytest.raises(WriteError):
            write_gff(bad, tmp_path / "y.gff3.gz")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
