"""VCF values that do not fit their declaration: nothing of them is lost, and `types` say better."""

from __future__ import annotations

import gzip
import io
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from tests.support import vcf_text

import gidx
from gidx.arrow import schema
from gidx.errors import ColumnError, FormatError, GidxWarning, ValueTypeError, ValueWarning
from gidx.formats.vcf import read as vcf

HEADER = """##fileformat=VCFv4.2
##contig=<ID=1,length=1000000>
"""
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def written(path, declared, rows, samples=(), qual=".", version="4.2"):
    """A VCF of one position after the other, each with its INFO (and FORMAT, and samples)."""
    lines = [HEADER.replace("4.2", version) + "".join(f"##{d}\n" for d in declared)]
    lines.append("\t".join([NAMES, *(["FORMAT", *samples] if samples else [])]))
    text = "".join(lines[:1]) + lines[1] + "\n"
    for i, row in enumerate(rows):
        text += f"1\t{i + 5}\t.\tA\tG\t{qual}\t.\t" + "\t".join(row.split(" | ")) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def info(key, number, type_):
    return f'INFO=<ID={key},Number={number},Type={type_},Description="d">'


def form(key, number, type_):
    return info(key, number, type_).replace("INFO", "FORMAT")


def fields_of(path, at=7):
    """A field of each row."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t")[at] for line in file if not line.startswith("#")]


def read(path, match=None, **options):
    """The table, with the warning that says what did not fit."""
    with pytest.warns(ValueWarning, match=match):
        return gidx.open(path, **options).to_table()


def back(table, path):
    gidx.write_vcf(table, path)
    return path


@pytest.fixture
def x(tmp_path):
    return tmp_path / "x.vcf"


# ── INFO ────────────────────────────────────────────────────────────────────────────────────────


def test_a_flag_with_a_value_is_true_and_keeps_its_text(x, tmp_path):
    texts = ["DB", "DB=0", "DB=false", "DB=", "."]
    written(x, [info("DB", 0, "Flag")], texts)
    table = read(x, "INFO/DB: 3 values are not Flag, read as True; first at 1:6-6: '0'")
    assert table["INFO/DB"].to_pylist() == [True, True, True, True, False]
    kept = [None, [("DB", "0")], [("DB", "false")], [("DB", "")], None]
    assert table["INFO"].to_pylist() == kept
    assert fields_of(back(table, tmp_path / "o.vcf")) == texts


@pytest.mark.filterwarnings("ignore:.*read as a flag:gidx.errors.GidxWarning")
def test_a_value_under_another_types_number_0_is_missing_and_keeps_its_text(x, tmp_path):
    texts = ["FR=0.25;S=bp_7", "FR", "."]
    written(x, [info("FR", 0, "Float"), info("S", 0, "String")], texts)
    table = read(x, "INFO/FR: 1 value is not Number=0, read as missing")
    assert table["INFO/FR"].to_pylist() == [None, True, False]
    assert table["INFO"].to_pylist() == [[("FR", "0.25"), ("S", "bp_7")], None, None]
    assert fields_of(back(table, tmp_path / "o.vcf")) == texts
    fields = gidx.open(x).fields.to_pandas().set_index("name")
    assert fields.loc["INFO/FR", ["declared_type", "number"]].tolist() == ["Float", "0"]


MISFITS = {  # declared, texts, values, which of the texts stay
    "a list where one is declared": ("1 Integer", ["3,4", "3"], [None, 3], [1, 0]),
    "one where two are declared": ("2 Integer", ["7", "7,8", "."], [None, [7, 8], None], [1, 0, 0]),
    "a decimal under Integer": ("1 Integer", ["0.05", "2"], [None, 2], [1, 0]),
    "an item that is no number": ("A Float", ["0.5,x,.", "0.5,."], [None, [0.5, None]], [1, 0]),
    "too small for 32 bits": ("1 Float", ["2.03e-78", "0", "0e9"], [None, 0.0, 0.0], [1, 0, 0]),
    "too large for 32 bits": (". Float", ["1,1e39", "1,inf"], [None, [1.0, float("inf")]], [1, 0]),
    "more than 32 bits": ("1 Integer", ["2147483648", "-2147483648"], [None, None], [1, 1]),
    "one that BCF keeps": ("A Integer", ["-2147483647,4", "4"], [None, [4]], [1, 0]),
    "no text at all": ("1 Float", ["", "1"], [None, 1.0], [1, 0]),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_missing_and_stays_in_the_map(x, tmp_path, case):
    declared, texts, values, stay = MISFITS[case]
    rows = [f"X={t}" for t in texts]
    written(x, [info("X", *declared.split())], rows)
    n = sum(stay)
    table = read(x, f"column INFO/X: {n} value.*the map INFO keeps the text")
    assert table["INFO/X"].to_pylist() == values
    kept = [[("X", t)] if s else None for t, s in zip(texts, stay, strict=True)]
    assert table["INFO"].to_pylist() == kept
    written_rows = fields_of(back(table, tmp_path / "o.vcf"))
    assert [r for r, s in zip(written_rows, stay, strict=True) if s] == [
        r for r, s in zip(rows, stay, strict=True) if s
    ]
    with pytest.raises(ValueTypeError, match=r"column INFO/X, 1:\d+-\d+: .* is not"):
        gidx.open(x).to_table(errors="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gidx.open(x).to_table(errors="null").equals(table)


def test_a_bare_key_that_is_no_flag_stays_bare(x, tmp_path):
    written(x, [info("DP", 1, "Integer"), info("S", 1, "String")], ["DP;S", "DP=3;S=a"])
    table = read(x, "INFO/DP: 1 value is not Integer")
    assert table["INFO"].to_pylist() == [[("DP", None), ("S", None)], None]
    assert fields_of(back(table, tmp_path / "o.vcf")) == ["DP;S", "DP=3;S=a"]


def test_a_text_that_is_no_utf8_is_not_kept_but_read_by_its_encoding(x):
    written(x, [info("S", 1, "String"), info("I", 1, "Integer")], ["S=é;I=é"])
    x.write_bytes(x.read_bytes().replace("é".encode(), b"\xe9"))
    table = read(x, "encoding")
    assert (table["INFO/S"].to_pylist(), table["INFO"].to_pylist()) == ([None], [None])
    table = read(x, "INFO/I", encoding="latin-1")
    assert table["INFO/S"].to_pylist() == ["é"]
    assert table["INFO"].to_pylist() == [[("I", "é")]]


def test_blanks_before_a_key_are_none_of_it(x, tmp_path):
    declared = [info("AF", "A", "Float"), info("DP", 1, "Integer")]
    written(x, declared, ["DP=3; AF=0.5", " DP=4;  X=1; ", "DP=5 ;AF=1"])
    table = read(x, "INFO/DP: 1 value is not Integer, .*'5 '")
    assert table["INFO/AF"].to_pylist() == [[0.5], None, [1.0]]
    assert table["INFO/DP"].to_pylist() == [3, 4, None]
    assert table["INFO"].to_pylist() == [None, [("X", "1")], [("DP", "5 ")]]
    assert fields_of(back(table, tmp_path / "o.vcf")) == ["AF=0.5;DP=3", "DP=4;X=1", "AF=1;DP=5 "]


def test_the_map_does_not_depend_on_the_columns_asked_for(x):
    declared = [info("I", 1, "Integer"), info("DB", 0, "Flag"), info("S", 1, "String")]
    declared += [form("PS", 1, "Integer"), form("AD", "R", "Integer"), form("GT", 1, "String")]
    rows = ["I=0.5;DB=1;S=a;Z=2 | GT:PS:AD:ZZ | 0/1:a_b:1,x:u | 1/1:3:1,2:v", "I | GT | 0/1 | 1/1"]
    written(x, declared, rows, ["s", "t"])
    ds = gidx.open(x)
    whole = ds.to_table(errors="null")
    for columns in (
        ["INFO"], ["FORMAT"], ["INFO", "INFO/I"], ["FORMAT/PS", "FORMAT", "INFO/S"],
        ["FORMAT/AD", "FORMAT"],
    ):  # fmt: skip
        assert ds.to_table(columns=columns, errors="null").equals(whole.select(columns))
    assert whole["FORMAT"].to_pylist()[0] == [
        ("ZZ", ["u", "v"]), ("PS", ["a_b", None]), ("AD", ["1,x", None])
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing that was asked for is missing
        ds.to_table(columns=["INFO", "FORMAT"])


# ── FORMAT ──────────────────────────────────────────────────────────────────────────────────────


def test_of_a_sample_only_the_value_that_does_not_fit_is_missing(x, tmp_path):
    declared = [form("GT", 1, "String"), form("PS", 1, "Integer"), form("HQ", 2, "Integer")]
    rows = [
        ". | GT:PS:HQ | 0|1:10_A_C:1,2 | 1|1:7:3",
        ". | GT:PS:HQ | 0/1 | ./.:.:.",
        ". | PS:U | 4:u | x:v",
    ]
    written(x, declared, rows, ["s", "t"])
    table = read(x, "FORMAT/PS: 2 values are not Integer.*'10_A_C' .the map FORMAT keeps the text")
    assert table["FORMAT/PS"].to_pylist() == [[None, 7], [None, None], [4, None]]
    assert table["FORMAT/HQ"].to_pylist() == [[[1, 2], None], [None, None], None]
    assert table["FORMAT"].to_pylist() == [
        [("PS", ["10_A_C", None]), ("HQ", [None, "3"])],
        None,
        [("U", ["u", "v"]), ("PS", [None, "x"])],
    ]
    path = back(table, tmp_path / "o.vcf")
    cells = [fields_of(path, at) for at in (8, 9, 10)]
    assert [list(row) for row in zip(*cells, strict=True)][0::2] == [
        ["GT:PS:HQ", "0|1:10_A_C:1,2", "1|1:7:3"], ["PS:U", "4:u", "x:v"]
    ]  # fmt: skip
    assert gidx.open(path).to_table(errors="null").equals(table)


def test_a_genotype_that_is_none_stays_as_text(x, tmp_path):
    rows = [". | GT | 0/1 | het", ". | GT | 200/1 | 1"]
    written(x, [form("GT", 1, "String")], rows, ["s", "t"])
    table = read(x, "FORMAT/GT", gt="alleles")
    assert table["FORMAT"].to_pylist() == [[("GT", [None, "het"])], [("GT", ["200/1", None])]]
    path = back(table, tmp_path / "o.vcf")
    assert [fields_of(path, 9), fields_of(path, 10)] == [["0/1", "200/1"], ["het", "1"]]


def test_samples_that_are_chosen_keep_their_own_texts(x):
    written(x, [form("DP", 1, "Integer")], [". | DP | a | 1 | b"], ["s", "t", "u"])
    table = read(x, "1 value", samples=["u", "t"])
    assert table["FORMAT"].to_pylist() == [[("DP", ["b", None])]]


# ── types ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("error")
def test_types_say_better_than_the_header(x, tmp_path):
    declared = [info("FR", 0, "Float"), info("P", 1, "Float"), info("N", 2, "Integer")]
    declared += [info("DB", 0, "Flag"), form("GQ", 1, "Integer"), form("PS", 1, "Integer")]
    rows = ["FR=0.25;P=2.03e-78;N=7;DB=0;NEW=5 | GQ:PS | 9.5:10_A_C", "P=1e39 | GQ | 3"]
    written(x, declared, rows, ["s"], qual="1e-50")
    types = {
        "INFO/FR": pa.float64(), "INFO/P": "double", "INFO/N": pa.list_(pa.int32()),
        "INFO/DB": "string", "INFO/NEW": pa.int64(), "FORMAT/GQ": pa.float32(),
        "FORMAT/PS": pa.string(), "qual": pa.float64(),
    }  # fmt: skip
    ds = gidx.open(x, types=types)
    table = ds.to_table(errors="raise")
    assert table["INFO/FR"].to_pylist() == [0.25, None]
    assert table["INFO/P"].to_pylist() == [2.03e-78, 1e39]
    assert table["INFO/N"].to_pylist() == [[7], None]
    assert table["INFO/DB"].to_pylist() == ["0", None]
    assert table["INFO/NEW"].to_pylist() == [5, None]
    assert table["FORMAT/GQ"].to_pylist() == [[9.5], [3.0]]
    assert table["FORMAT/PS"].to_pylist() == [["10_A_C"], None]
    assert table["qual"].to_pylist() == [1e-50, 1e-50]
    assert table["INFO"].null_count == 2
    fields = ds.fields.to_pandas().set_index("name")
    said = fields.loc[["INFO/FR", "INFO/N", "INFO/NEW"], ["type", "declared_type", "number"]]
    assert said.fillna("none").to_numpy().tolist() == [
        ["double", "Float", "0"], ["list<item: int32>", "Integer", "2"], ["int64", "none", "none"]
    ]  # fmt: skip
    with pytest.warns(GidxWarning, match="others read it as zero or infinity"):
        back(table, tmp_path / "o.vcf")
    again = gidx.open(tmp_path / "o.vcf", types={k: types[k] for k in ("INFO/P", "qual")})
    assert again.to_table(errors="raise").to_pylist() == table.to_pylist()
    assert "##INFO=<ID=FR,Number=1,Type=Float" in again.header
    assert "##FORMAT=<ID=PS,Number=1,Type=String" in again.header


def test_read_vcf_and_the_command_line_take_types(x, capsys):
    from gidx.cli import main

    written(x, [info("P", 1, "Float")], ["P=2e-78", "P=1"])
    df = gidx.read_vcf(x, types={"INFO/P": pa.float64()})
    assert df["INFO/P"].tolist() == [2e-78, 1.0]
    assert gidx.read(x, types={"INFO/P": "double"})["INFO/P"].tolist() == [2e-78, 1.0]
    assert main(["query", str(x), "--types", "INFO/P=double", "--columns", "INFO/P"]) in (0, None)
    assert capsys.readouterr().out.split() == ["INFO/P", "2e-78", "1"]


def test_a_flag_can_be_declared_by_types(x):
    written(x, [], ["X;Y=1", "Y=2"])
    table = gidx.open(x, types={"INFO/X": pa.bool_()}).to_table()
    assert table["INFO/X"].to_pylist() == [True, False]
    assert table["INFO"].to_pylist() == [[("Y", "1")], [("Y", "2")]]


def test_types_that_no_column_can_have_are_refused(x):
    written(x, [info("AF", "A", "Float"), form("GT", 1, "String")], [". | GT | 0/1"], ["s"])
    wrong = {
        "AF": (ColumnError, "types: no column 'AF'; did you mean 'INFO/AF'"),
        "chrom": (ColumnError, "types: 'chrom' keeps its type"),
        "FORMAT/GT": (TypeError, "alleles with gt='alleles'"),
        "FORMAT/X": (TypeError, "cannot be bool"),
    }
    for name, (error, match) in wrong.items():
        with pytest.raises(error, match=match):
            gidx.open(x, types={name: pa.bool_()})


# ── the way to Parquet and back ─────────────────────────────────────────────────────────────────


@pytest.mark.filterwarnings("ignore::gidx.errors.GidxWarning")
def test_parquet_keeps_what_does_not_fit(x, tmp_path):
    declared = [info("DB", 0, "Flag"), info("I", 1, "Integer"), form("PS", 1, "Integer")]
    rows = ["DB=0;I=0.5 | PS | 1_a | 4", "DB;I=3 | PS | 1 | ."]
    written(x, declared, rows, ["s", "t"])
    gidx.to_parquet(x, tmp_path / "x.parquet")
    gidx.write_vcf(pq.read_table(tmp_path / "x.parquet"), tmp_path / "o.vcf")
    gidx.read_vcf(x).gidx.to_vcf(tmp_path / "p.vcf")
    for name in ("o.vcf", "p.vcf"):
        found = [fields_of(tmp_path / name, at) for at in (7, 8, 9, 10)]
        assert [" | ".join(row) for row in zip(*found, strict=True)] == rows


@settings(max_examples=60)
@given(vcf_text.vcfs(odd=True))
def test_no_value_of_a_text_is_lost_on_its_way_through_a_table(drawn):
    """A plain parser reads the same values, and the same texts, in what is written again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dialect = vcf.from_head(vcf_text.head_of(drawn.text))
        table, _ = vcf_text.table_of(dialect, drawn.text)
    order = np.argsort(table["chrom"].to_pylist(), kind="stable")
    about = schema.metadata(format="vcf", **dialect.metadata)
    file = io.BytesIO()
    gidx.write_vcf(table.take(order).replace_schema_metadata(about), file)
    text = gzip.decompress(file.getvalue())
    first, again = drawn.read().columns, replace(drawn, text=text).read().columns
    for name, values in first.items():
        expected = [told(values[i], name) for i in order]
        assert repr([told(value, name) for value in again[name]]) == repr(expected), name


@settings(max_examples=20)
@given(vcf_text.vcfs(odd=True))
def test_of_lists_that_do_not_fit_no_items_stay_behind(drawn):
    """Arrow's writer of Parquet refuses such, and so do users' own calls of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table, _ = vcf_text.table_of(vcf.from_head(vcf_text.head_of(drawn.text)), drawn.text)
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks:
            array = chunk.values if pa.types.is_fixed_size_list(chunk.type) else chunk
            if pa.types.is_list(array.type):
                lengths = np.diff(array.offsets.to_numpy())
                assert not lengths[array.is_null().to_numpy(zero_copy_only=False)].any(), name


def told(value, name):
    """A value as VCF tells it: a list of one missing value is none; a map has no order."""
    if isinstance(value, list) and name in ("INFO", "FORMAT"):
        return sorted((key, v) for key, v in value)
    if isinstance(value, list):
        value = [told(one, "") for one in value]
        return None if value == [None] and name != "FORMAT" else value
    return value


# ── what is written ─────────────────────────────────────────────────────────────────────────────

MAP = pa.map_(pa.string(), pa.string())


def test_a_flag_that_is_taken_back_is_not_written(x, tmp_path):
    written(x, [info("DB", 0, "Flag")], ["DB=0", "DB=1"])
    table = read(x)
    at = table.schema.get_field_index("INFO/DB")
    table = table.set_column(at, table.schema.field(at), pa.array([False, True]))
    assert fields_of(back(table, tmp_path / "o.vcf")) == [".", "DB=1"]


def test_a_value_and_a_text_of_one_key_are_refused(x, tmp_path):
    written(x, [info("I", 1, "Integer"), form("D", 1, "Integer")], ["I=a | D | b"], ["s"])
    table = read(x)
    for name, value in (("INFO/I", 5), ("FORMAT/D", [5])):
        at = table.schema.get_field_index(name)
        both = table.set_column(at, table.schema.field(at), pa.array([value], table[name].type))
        place, key = name.split("/")
        with pytest.raises(
            gidx.errors.WriteError, match=f"column {place}: found the key '{key}', of which"
        ):
            gidx.write_vcf(both, tmp_path / "o.vcf")
    assert not (tmp_path / "o.vcf").exists()


def test_keys_that_a_header_declares_but_no_row_can_have_do_not_stop_a_writer(x, tmp_path):
    declared = [form("GT:GL:GQ:NR", 1, "String"), form("GT", 1, "String"), info("A B", 1, "String")]
    written(x, declared, [". | GT | 0/1"], ["s"])
    table = gidx.open(x).to_table()
    assert "FORMAT/GT:GL:GQ:NR" in table.column_names
    path = back(table, tmp_path / "o.vcf")
    assert gidx.open(path).header == gidx.open(x).header
    at = table.schema.get_field_index("INFO/A B")
    table = table.set_column(at, table.schema.field(at), pa.array(["x"]))
    with pytest.raises(gidx.errors.WriteError, match="'A B' cannot be a key of INFO"):
        gidx.write_vcf(table, tmp_path / "o.vcf")


def test_pandas_frames_bring_their_maps_back(x, tmp_path):
    written(x, [info("I", 1, "Integer")], ["I=0.5;Z=1", "I=3"])
    with pytest.warns(ValueWarning):
        df = gidx.read_vcf(x)
    assert isinstance(df, pd.DataFrame)
    df.gidx.to_vcf(tmp_path / "o.vcf")
    assert fields_of(tmp_path / "o.vcf") == ["I=0.5;Z=1", "I=3"]


def test_structure_that_is_broken_still_raises(x):
    written(x, [form("GT", 1, "String")], [". | GT | 0/1:7"], ["s"])
    with pytest.raises(FormatError, match="sample s has 2 values"):
        gidx.open(x).to_table()
