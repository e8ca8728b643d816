"""Types that nobody declared, types that a user gives, and schemas by name."""

from __future__ import annotations

import itertools
import math
import pickle

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx
from gidx import autosql
from gidx.autosql import standards
from gidx.errors import ColumnError, FormatError, GuessedTypeError, ValueTypeError, ValueWarning
from gidx.formats.text.open import ROWS

HEADER = "#chrom\tstart\tend\t{}\n"


def table(*columns, names=None):
    """A table whose further columns have these texts."""
    names = names or [f"v{i}" for i in range(len(columns))]
    rows = zip(*columns, strict=True)
    lines = (f"1\t{i}\t{i + 1}\t" + "\t".join(row) for i, row in enumerate(rows))
    return (HEADER.format("\t".join(names)) + "\n".join(lines) + "\n").encode()


def later(first, *rest):
    """So many texts as are looked at, and others behind them."""
    return [*itertools.islice(itertools.cycle(first), ROWS), *rest]


def said(text, value):
    """Whether a value says what the text does."""
    if isinstance(value, str):
        return value == text
    if value is None:
        return text in (".", "NA", "", "N/A", "null", "NULL", "None", "-")
    if isinstance(value, int):
        return str(value) == text
    number = float(text)
    if math.isnan(number):
        return math.isnan(value)
    exact = text.lstrip("-").isdigit() and int(text) == int(value)
    return value == number and (exact or not text.lstrip("-").isdigit())


texts = st.one_of(
    st.sampled_from(["", ".", "NA", "007", "+5", "-0", "rs7", "1e400", "1e-400", "nan", "-inf"]),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-5, 5).map(str),
    st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 2**64]).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@pytest.mark.parametrize("read", [gidx.read_tabix, gidx.read_bed])
@settings(max_examples=30)  # each is a file of 10,000 rows
@given(first=st.lists(texts, min_size=1, max_size=3), rest=st.lists(texts, max_size=4))
def test_what_is_written_in_a_column_that_nobody_declared_is_what_is_read(read, first, rest):
    column = later(first, *rest)
    shown = column[: len(first)] + column[ROWS:]
    found = read(table(column), columns=["v0"])["v0"].array._pa_array.to_pylist()
    values = found[: len(first)] + found[ROWS:]
    assert [v for t, v in zip(shown, values, strict=True) if not said(t, v)] == []
    absent = {t for t, v in zip(shown, values, strict=True) if v is None}
    assert len(absent) <= 1  # `.` and an empty text stay apart


@pytest.mark.parametrize(
    ("first", "rest", "kind"),
    [
        (["0"], ["0.5"], pa.float64()),
        (["0"], ["0.5", "rs7"], pa.string()),
        (["1"], ["9223372036854775808"], pa.uint64()),
        (["-1"], ["9223372036854775808"], pa.string()),
        (["9007199254740993"], ["0.5"], pa.string()),
        (["1"], ["."], pa.int64()),
        (["1", "."], ["NA"], pa.string()),
        (["1"], ["007"], pa.string()),
        (["0.5"], ["1e400"], pa.string()),
        (["9223372036854775807"], [], pa.int64()),
        (["18446744073709551615"], [], pa.uint64()),
        (["18446744073709551616"], [], pa.string()),
    ],
)
def test_a_guessed_type_is_as_wide_as_its_values(first, rest, kind):
    dataset = gidx.open(table(later(first, *rest)))
    for errors in ("raise", "warn", "null"):
        found = dataset.to_table(errors=errors)
        assert found.schema.field("v0").type == kind
        assert found["v0"].null_count == rest.count(".")
    if rest:
        with pytest.raises(GuessedTypeError, match=r"column v0, 1:10,001.* schema= or types="):
            list(dataset.to_batches(errors="null"))


def test_all_that_reads_whole_tables_looks_again(tmp_path):
    column = later(["0"], "0.5", "rs7")
    dataset = gidx.open(table(column))
    assert dataset.to_pandas()["v0"].tolist() == column
    assert dataset.to_polars()["v0"].to_list() == column
    assert dataset.head(ROWS + 2)["v0"].to_pylist() == column
    assert gidx.read(table(column))["v0"].tolist() == column
    assert dataset.count_rows() == len(column)
    gidx.to_parquet(dataset, tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["v0"].tolist() == column
    assert dataset.head(3).schema.field("v0").type == pa.int64()
    assert dataset.schema.field("v0").type == pa.int64()  # a Dataset does not change


def test_a_stream_takes_the_types_that_its_error_asks_for():
    column = later(["0"], "0.5", "rs7")
    for said in ({"types": {"v0": "string"}}, {"schema": pa.schema([("v0", pa.string())])}):
        dataset = gidx.open(table(column), **said)
        assert dataset.scan().read_all()["v0"].to_pylist() == column
        assert pickle.loads(pickle.dumps(dataset)).schema == dataset.schema


def test_standard_columns_that_were_only_looked_at_are_widened_too():
    rows = [f"c\t{i}\t{i + 9}\tn\t5\t+\t{i}\t{i + 9}\t0\t1\t9,\t0," for i in range(ROWS)]
    last = "c\t20000\t20009\tn\t0.5\tx\tNA\t-7\tred\ttwo\ta,\tb,"
    text = ("\n".join([*rows, last]) + "\n").encode()
    found = gidx.open(text).to_table().slice(ROWS).to_pylist()[0]
    assert found == {
        "chrom": "c", "start": 20000, "end": 20009, "name": "n", "score": 0.5, "strand": "x",
        "thickStart": "NA", "thickEnd": -7, "itemRgb": "red", "blockCount": "two",
        "blockSizes": "a,", "chromStarts": "b,",
    }  # fmt: skip
    with pytest.warns(ValueWarning, match="column score: 1 value is not uint"):  # declared
        assert gidx.read_bed(text, schema="bed12")["score"].isna().sum() == 1


# ── given ───────────────────────────────────────────────────────────────────────────────────────


def test_a_schema_names_the_columns_of_a_table_in_its_order():
    text = table(["1"], ["2"]).replace(b"#chrom\tstart\tend\tv0\tv1\n", b"")
    index = {"schema": pa.schema([(n, pa.string()) for n in ("c", "s", "e", "x", "y")])}
    found = gidx.read_bed(text, **index)
    assert list(found)[3:] == ["x", "y"]
    assert found["y"].tolist() == ["2"]


@pytest.mark.parametrize(
    ("types", "error", "match"),
    [
        ({"v1": "int64"}, ColumnError, "no column 'v1'; there are chrom, start, end, v0$"),
        ({"v0": "number"}, ValueError, "'number', which is no Arrow type"),
        ({"v0": 7}, TypeError, "expected a type such as"),
        ({"v0": pa.list_(pa.int8())}, TypeError, "cannot be list"),
        ("int64", TypeError, "expected a dict"),
    ],
)
def test_types_that_cannot_be_are_refused(types, error, match):
    with pytest.raises(error, match=match):
        gidx.read_tabix(table(["1"]), types=types)


def test_types_are_declarations():
    with pytest.warns(ValueWarning, match="column v0: 1 value is not int64.*'x'"):
        assert gidx.read_tabix(table(["1", "x"]), types={"v0": "int64"})["v0"].isna().sum() == 1
    with pytest.raises(ValueTypeError):
        gidx.read_tabix(table(["1", "x"]), types={"v0": "int64"}, errors="raise")


GFF = b"##gff-version 3\n1\t.\tgene\t5\t9\t3\t+\t.\tID=a;n=5\n"
SAM = b"@SQ\tSN:1\tLN:100\nr\t0\t1\t5\t9\t3M\t*\t0\t0\tACG\t*\tNM:i:3\tNM:i:4\tXX:Z:a\tNM:i:5\n"


def test_every_format_takes_types():
    found = gidx.read_gff(GFF, types={"n": "int64", "score": "string"})
    assert found[["n", "score"]].iloc[0].tolist() == [5, "3"]
    assert str(gidx.read(SAM, types={"mapq": "int64"})["mapq"].dtype) == "int64[pyarrow]"
    with pytest.raises(TypeError, match="'Parent' is a list"):
        gidx.read_gff(GFF.replace(b"n=5", b"Parent=x"), types={"Parent": "int64"})


def test_a_bigbed_takes_types(tmp_path):
    frame = pd.DataFrame({"chrom": "c", "start": [1], "end": [9], "name": "n", "score": [7]})
    gidx.write_bigbed(frame, tmp_path / "x.bb", {"c": 100})
    dataset = gidx.open(tmp_path / "x.bb", types={"score": "string"})
    assert dataset.to_table()["score"].to_pylist() == ["7"]
    assert pickle.loads(pickle.dumps(dataset)).schema == dataset.schema
    with pytest.raises(TypeError, match="has no option 'schema'"):
        gidx.open(tmp_path / "x.bb", schema="bed6")


# ── numbers that a float cannot hold ────────────────────────────────────────────────────────────
#
# Floats of 32 bits make 2.03e-78 zero and 1e39 infinite, those of 64 bits 1e-400 and 1e999. A
# p-value that vanishes is a value that does not fit.

PAST = {pa.float32(): ["2.03e-78", "-1e39", "1e-400"], pa.float64(): ["1e-400", "-1e999"]}
HELD = ["0", "-0.0", "0e999", "inf", "-Infinity", "1e-40", "3.4e38"]
MIXED = {kind: [*HELD, *past] for kind, past in PAST.items()}
NARROW = b"c\t%d\t100\tp\t10\t.\t%s\t2\t3\t1\n"
FEATURE = b"1\t.\tgene\t%d\t100\t%s\t+\t.\tID=a;n=%s\n"


def lines(row, texts, before=b""):
    """Rows that each have one of the texts wherever they have any."""
    several = row.count(b"%s")
    made = (row % (i + 1, *[t.encode()] * several) for i, t in enumerate(texts))
    return before + b"".join(made)


TABLE_SCHEMA = pa.schema([*((n, pa.string()) for n in "cse"), ("p", pa.float32())])
FLOATS = {
    "BED, schema= by name": (
        pa.float32(), "signalValue", NARROW, b"", {"schema": "narrowPeak"}),
    "BED, schema=": (
        pa.float32(), "p", b"c\t%d\t100\t%s\n", b"", {"schema": autosql.from_arrow(TABLE_SCHEMA)}),
    "BED, track line": (pa.float32(), "pValue", NARROW.replace(b"%s\t2", b"2\t%s"),
                        b"track type=narrowPeak\n", {}),
    "table, schema=": (pa.float32(), "p", b"c\t%d\t100\t%s\n", b"", {"schema": TABLE_SCHEMA}),
    "table, types=": (pa.float64(), "p", b"c\t%d\t100\t%s\n", b"#chrom\tstart\tend\tp\n",
                      {"types": {"p": "float64"}}),
    "GFF, score": (pa.float64(), "score", FEATURE, b"##gff-version 3\n", {}),
    "GFF, types=": (pa.float32(), "n", FEATURE, b"##gff-version 3\n",
                    {"types": {"n": "float32", "score": "string"}}),
}  # fmt: skip


@pytest.mark.parametrize("case", FLOATS)
def test_what_a_float_makes_zero_or_infinite_is_missing_and_says_so(case):
    kind, name, row, before, options = FLOATS[case]
    texts = MIXED[kind]
    dataset = gidx.open(lines(row, texts, before), **options)
    with pytest.warns(ValueWarning, match=rf"column {name}: {len(PAST[kind])} values are not"):
        found = dataset.to_table()[name]
    assert found.type == kind
    expected = [None if t in PAST[kind] else float(t) for t in texts]
    assert found.cast(kind).to_pylist() == pa.array(expected, kind).to_pylist()
    for text in PAST[kind]:
        with pytest.raises(ValueTypeError, match=f"'{text}' is not"):
            gidx.open(lines(row, [text], before), **options).to_table(errors="raise")
    held = gidx.open(lines(row, HELD, before), **options).to_table(errors="raise")
    assert held[name].null_count == 0


# ── by name ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", standards.NAMES)
def test_a_standard_kind_is_declared_as_it_says(name):
    for text, defined in standards.declarations(name):
        fields = autosql.parse(text).fields
        standard = autosql.BED_FIELDS[:defined]
        assert [f.name for f in fields[:defined]] == [f.name for f in standard]
        assert not {f.name for f in fields[defined:]} & {"thickStart", "blockCount"}


@pytest.mark.parametrize(("name", "fields"), [
    ("narrowPeak", ["float signalValue", "float pValue", "float qValue", "int peak"]),
    ("broadPeak", ["float signalValue", "float pValue", "float qValue"]),
    ("gappedPeak", ["float signalValue", "float pValue", "float qValue"]),
    ("bedGraph", ["double dataValue"]),
    ("bedMethyl", ["uint readCount", "uint percentMeth"]),
    ("tagAlign", ["string sequence", "int score", "char strand"]),
    ("pairedTagAlign", ["string seq1", "string seq2"]),
    ("bedRnaElements", ["float level", "float signif", "uint score2"]),
    ("bigGenePred", ["string name2", "string cdsStartStat", "string cdsEndStat",
                     "int[blockCount] exonFrames", "string type", "string geneName",
                     "string geneName2", "string geneType"]),
])  # fmt: skip
def test_a_standard_kind_has_the_fields_of_its_as_file(name, fields):
    text, defined = standards.declarations(name)[0]
    found = autosql.parse(text).fields[defined:]
    assert [f"{f.declared_type} {f.name}" for f in found] == fields


@pytest.mark.parametrize("how", ["schema", "track"])
def test_a_schema_has_a_name(how):
    row = b"c\t1\t5\tp\t10\t.\t1.5\t2\t3\t1\n"
    if how == "schema":
        found = gidx.open(row, schema="narrowpeak")
    else:
        found = gidx.open(b'track name="a" type=narrowPeak\n' + row)
    assert found.schema.names[6:] == ["signalValue", "pValue", "qValue", "peak"]
    assert found.schema.types[6:] == [*[pa.float32()] * 3, pa.int32()]


ROW = {"chrom": "c", "chromStart": "1", "chromEnd": "5", "thickEnd": "5", "strand": "+",
       "itemRgb": "0,0,1", "reserved": "0,0,1", "blockSizes": "4,", "chromStarts": "0,",
       "exonFrames": "0,"}  # fmt: skip


@pytest.mark.parametrize("name", standards.NAMES)
def test_a_standard_kind_is_written_by_the_name_that_it_is_read_by(name, tmp_path):
    for text, _ in standards.declarations(name):
        fields = autosql.parse(text).fields
        row = "\t".join(ROW.get(f.name, "a" if "char" in f.type else "1") for f in fields) + "\n"
        found = gidx.read_bed(row.encode(), schema=name)
        gidx.write_bed(found, tmp_path / "a.bed", schema=name.upper())
        assert gidx.read_bed(tmp_path / "a.bed", schema=name).equals(found)
        assert row in (tmp_path / "a.bed").read_text()
    with pytest.raises(ValueError, match="did you mean 'narrowPeak'"):
        gidx.write_bed(found, tmp_path / "b.bed", schema="narrowPaek")


def test_a_track_line_that_is_not_of_its_rows_is_passed_over_with_a_warning():
    with pytest.warns(
        gidx.GidxWarning, match="narrowPeak, whose rows have 10 fields; these have 4"
    ):
        found = gidx.read_bed(b"track type=narrowPeak\nc\t1\t5\tp\n")
    assert list(found) == ["chrom", "start", "end", "name"]
    found = gidx.read_bed(b"track type=bedGraph\nc\t1\t5\t7\n")
    assert found["dataValue"].tolist() == [7.0]


def test_a_name_that_is_none_is_hinted_at():
    with pytest.raises(ValueError, match="did you mean 'narrowPeak'"):
        gidx.read_bed(b"c\t1\t5\n", schema="narrowPaek")
    with pytest.raises(FormatError, match="3 fields, narrowPeak has 10"):
        gidx.read_bed(b"c\t1\t5\n", schema="narrowPeak")


# ── positions ───────────────────────────────────────────────────────────────────────────────────


def test_positions_in_standard_columns_do_not_wrap(tmp_path):
    row = b"c\t1\t90\tn\t5\t+\t10\t20\t0\n"
    text = next(text for text, _ in standards.declarations("interact"))
    sources = pd.DataFrame({f.name: ["1"] for f in autosql.parse(text).fields})
    sources = sources.assign(chrom="c", chromStart=[1], chromEnd=[90])
    gidx.write_bigbed(sources, tmp_path / "i.bb", {"c": 100}, autosql=text)
    for dtypes in ("pyarrow", "numpy_nullable", None):
        found = gidx.read_bed(row, dtype_backend=dtypes)
        assert (found["thickStart"] - found["thickEnd"]).tolist() == [-10]
        found = gidx.read_bigbed(tmp_path / "i.bb", dtype_backend=dtypes)
        assert (found["sourceStart"] - found["end"]).tolist() == [-89]
    native = gidx.open(tmp_path / "i.bb").to_table(names="native").schema
    assert native.field("sourceStart").type == pa.uint32()


def test_positions_are_declared_as_they_were(tmp_path):
    row = b"c\t1\t90\tn\t5\t+\t10\t20\t0\n"
    first, second = tmp_path / "1.bb", tmp_path / "2.bb"
    gidx.write_bigbed(gidx.read_bed(row), first, {"c": 100})
    assert gidx.open(first).autosql == autosql.bed(9)
    extra = gidx.read_bigbed(first).assign(more=1.5)
    gidx.write_bigbed(extra, second, {"c": 100})
    fields = autosql.parse(gidx.open(second).autosql).fields
    assert [f.type for f in fields[6:]] == ["uint", "uint", "uint", "double"]
    again = autosql.from_arrow(gidx.open(first).schema)
    assert [f.type for f in again.fields[6:8]] == ["uint", "uint"]
    with pytest.warns(ValueWarning, match="thickStart: 1 value is not uint"):
        gidx.read_bed(row.replace(b"\t10\t", b"\t-1\t"), schema="bed9")


def test_a_tag_that_a_row_has_twice_is_there_twice():
    assert gidx.read(SAM)["tags"].tolist() == [
        [("NM", "i:3"), ("NM:2", "i:4"), ("XX", "Z:a"), ("NM:3", "i:5")]
    ]
