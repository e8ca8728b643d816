"""VCF rows: what each text means under its header, and what pysam and cyvcf2 say of it.

Generated files are read by gidx and by a plain parser (`tests.vcf_text`), and must be equal
to the bit. The other readers are compared where they can read; where they differ, a test
says how, and who is right by the specification.
"""

from __future__ import annotations

import json
import math
import struct
import warnings
from itertools import islice

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.vcf_text import (
    FORMAT_KEYS,
    INFO_KEYS,
    SAMPLES,
    Key,
    declare,
    head_of,
    lines_of,
    table_of,
    vcfs,
)

import gidx
from gidx.errors import ColumnError, FormatError, GidxWarning
from gidx.formats.vcf.header import FIXED
from gidx.formats.vcf.read import GENOTYPE, from_head


def text_of(rows, info=(), formats=(), samples=(), version="VCFv4.3"):
    """A file: rows are texts with blanks for tabs, from INFO on if they have fewer fields."""
    columns = FIXED
    lines = [
        f"##fileformat={version}", *declare("INFO", info), *declare("FORMAT", formats),
        "#" + "\t".join([*columns, *(["FORMAT", *samples] if samples else [])]),
    ]  # fmt: skip
    for i, row in enumerate(rows):
        cells = row.split(" ")
        if len(cells) < 8:
            cells = ["chr1", str(i + 1), ".", "A", "C", ".", ".", *cells]
        lines.append("\t".join(cells))
    return "".join(line + "\n" for line in lines).encode()


def read(rows, info=(), formats=(), samples=(), version="VCFv4.3", chosen=None, gt="text"):
    """(table, problems by column)."""
    text = text_of(rows, info, formats, samples, version)
    return table_of(from_head(head_of(text), samples=chosen, gt=gt), text)


def info(kind, number, texts, **options):
    """The values of INFO/X for these texts; None stands for no INFO/X."""
    rows = ["." if t is None else f"X{t}" for t in texts]
    table, problems = read(rows, [Key("X", number, kind)], **options)
    assert set(problems) <= {"INFO/X"}
    return table["INFO/X"].to_pylist(), problems.get("INFO/X", 0)


def formats(kind, number, texts, **options):
    """The values of FORMAT/X of one sample."""
    rows = [f". X {t}" for t in texts]
    table, problems = read(rows, [], [Key("X", number, kind)], ["S"], **options)
    assert set(problems) <= {"FORMAT/X"}
    return [v[0] for v in table["FORMAT/X"].to_pylist()], problems.get("FORMAT/X", 0)


def genotypes(texts):
    rows = [f". GT {t}" for t in texts]
    table, problems = read(rows, [], [Key("GT", "1", "String")], ["S"], gt="alleles")
    found = [v[0] for v in table["FORMAT/GT"].to_pylist()]
    pairs = [g if g is None else (g["alleles"], g["phased"]) for g in found]
    return pairs, sum(problems.values())


def exact(value):
    """A value that equals only itself: floats by their bits."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("d", value)
    if isinstance(value, (list, tuple)):
        return [exact(v) for v in value]
    if isinstance(value, dict):
        return {k: exact(v) for k, v in value.items()}
    return value


def assert_reads_as_the_plain_parser_does(drawn, chosen=None, gt="text"):
    dialect = from_head(head_of(drawn.text), samples=chosen, gt=gt)
    table, problems = table_of(dialect, drawn.text)
    told = drawn.read(chosen, gt)
    assert set(table.column_names) - {"end"} == set(told.columns)
    for name, expected in told.columns.items():
        assert exact(table[name].to_pylist()) == exact(expected), name
    assert problems == told.problems


# ── against the plain parser ────────────────────────────────────────────────────────────────────


@settings(max_examples=60)
@given(vcfs())
def test_any_text_reads_as_the_plain_parser_reads_it(drawn):
    assert_reads_as_the_plain_parser_does(drawn)


@settings(max_examples=30)
@given(vcfs(), st.data())
def test_chosen_samples_are_those_of_the_plain_parser_in_the_order_asked(drawn, data):
    chosen = data.draw(st.lists(st.sampled_from(drawn.samples or ["x"]), unique=True))
    chosen = [s for s in chosen if s in drawn.samples]
    undeclared = "GT" not in [k.id for k in drawn.formats]
    gt = "text" if undeclared else data.draw(st.sampled_from(["text", "alleles"]))
    assert_reads_as_the_plain_parser_does(drawn, chosen, gt)


@settings(max_examples=30)
@given(vcfs(), st.data())
def test_columns_do_not_depend_on_which_others_are_asked_for(drawn, data):
    dialect = from_head(head_of(drawn.text))
    whole, _ = table_of(dialect, drawn.text)
    every = range(len(whole.column_names))
    asked = data.draw(st.lists(st.sampled_from(every), max_size=6, unique=True))
    some, _ = table_of(dialect, drawn.text, columns=asked)
    for i, column in zip(asked, some.columns, strict=True):
        assert exact(column.to_pylist()) == exact(whole.column(i).to_pylist())


@settings(max_examples=15)
@given(vcfs())
def test_native_columns_are_the_canonical_ones_but_for_pos(drawn):
    dialect = from_head(head_of(drawn.text))
    canonical, native = (
        table_of(dialect, drawn.text, names)[0] for names in ("canonical", "native")
    )
    assert native["POS"].to_pylist() == [s + 1 for s in canonical["start"].to_pylist()]
    expected = ["CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", *canonical.column_names[8:]]
    assert native.column_names == expected
    for name in expected[2:]:
        other = canonical[name if "/" in name or name in canonical.column_names else name.lower()]
        assert exact(native[name].to_pylist()) == exact(other.to_pylist())


def test_many_keys_of_which_rows_have_few_are_read_as_such():
    keys = [Key(f"K{i}", "1", "Integer") for i in range(200)]
    rows = [";".join(f"K{j}={i}" for j in range(i, 200, 61)) for i in range(61)]
    table, problems = read(rows, keys)
    assert not problems
    for j in range(200):
        assert table[f"INFO/K{j}"].to_pylist() == [
            j % 61 if i == j % 61 else None for i in range(61)
        ]


def test_no_rows_have_all_columns():
    table, _ = read([], INFO_KEYS, FORMAT_KEYS, SAMPLES)
    assert len(table) == 0
    assert len(table.column_names) == 8 + len(INFO_KEYS) + 1 + len(FORMAT_KEYS) + 1


# ── types ───────────────────────────────────────────────────────────────────────────────────────


def test_number_says_scalar_fixed_list_or_list():
    numbers = ["1", "3", "A", "R", "G", "P", "M", "LA", "LR", "LG", "."]
    keys = [Key(f"K{i}", n, "Integer") for i, n in enumerate(numbers)]
    table, _ = read([], keys)
    found = [table[f"INFO/{key.id}"].type for key in keys]
    assert found == [pa.int32(), pa.list_(pa.int32(), 3), *[pa.list_(pa.int32())] * 9]


def test_type_says_what_a_value_is():
    kinds = {"Integer": pa.int32(), "Float": pa.float32(), "Character": pa.string(),
             "String": pa.string()}  # fmt: skip
    for kind, arrow in kinds.items():
        table, _ = read([], [Key("X", "1", kind)])
        assert table["INFO/X"].type == arrow
    assert read([], [Key("X", "0", "Flag")])[0]["INFO/X"].type == pa.bool_()


def test_format_columns_are_lists_over_the_samples():
    table, _ = read([], [], [Key("DP", "1", "Integer"), Key("PL", "G", "Integer")], ["a", "b"])
    assert table["FORMAT/DP"].type == pa.list_(pa.int32(), 2)
    assert table["FORMAT/PL"].type == pa.list_(pa.list_(pa.int32()), 2)
    assert table["FORMAT"].type == pa.map_(pa.string(), pa.list_(pa.string(), 2))


def test_a_format_column_reshapes_to_rows_by_samples_without_a_copy():
    rows = [". DP 1 2", ". DP 3 4", ". GQ 5 6"]
    table, _ = read(rows, [], [Key("DP", "1", "Integer")], ["a", "b"])
    values = table["FORMAT/DP"].chunk(0).values
    assert values.slice(0, 4).to_numpy().reshape(2, 2).tolist() == [[1, 2], [3, 4]]
    assert len(values) == 6


def test_columns_know_where_they_came_from():
    text = text_of([], [Key("AF", "A", "Float")], [Key("DP", "1", "Integer")], ["x"])
    dialect = from_head(head_of(text))
    told = {f.name: f.metadata for f in dialect.named("canonical")}
    assert told["INFO/AF"] == {
        b"vcf": b"INFO", b"id": b"AF", b"number": b"A", b"type": b"Float",
        b"description": b"About AF",
    }  # fmt: skip
    assert told["FORMAT/DP"][b"samples"] == b'["x"]'
    fields = dialect.fields().to_pylist()
    assert {f["name"]: f["declared_type"] for f in fields}["INFO/AF"] == "Float"
    assert {f["name"]: f["number"] for f in fields}["INFO/AF"] == "A"
    assert {f["name"]: f["description"] for f in fields}["FORMAT/DP"] == "About DP"
    assert {f["name"]: f["declared_name"] for f in fields}["start"] == "POS"
    assert dialect.metadata["samples"] == ["x"]
    assert dialect.metadata["vcf_header"].encode() == text


def test_only_the_fields_that_columns_are_in_are_wanted():
    text = text_of([], [Key("AF", "A", "Float")], [Key("DP", "1", "Integer")], ["x"])
    dialect = from_head(head_of(text))
    names = [f.name for f in dialect.named("canonical")]
    want = {n: dialect.reader([i], "canonical").want for i, n in enumerate(names)}
    assert want == {
        "chrom": 0, "start": 0, "end": 0, "id": 3, "ref": 4, "alt": 5, "qual": 6, "filter": 7,
        "INFO/AF": 8, "INFO": 8, "FORMAT/DP": 8, "FORMAT": 8,
    }  # fmt: skip


# ── fixed fields ────────────────────────────────────────────────────────────────────────────────


def test_a_dot_is_no_value():
    table, problems = read(["chr1 5 . A . . . ."])
    (row,) = table.to_pylist()
    assert {k: v for k, v in row.items() if v is not None} == {
        "chrom": "chr1", "start": 4, "end": 5, "ref": "A"
    }  # fmt: skip
    assert not problems


def test_alleles_and_filters_are_lists():
    table, _ = read(["chr1 5 rs1;rs2 A <DEL>,*,G]17:1] 3712.77 q10;s50 .", "chr1 6 . A C . PASS ."])
    assert table["alt"].to_pylist() == [["<DEL>", "*", "G]17:1]"], ["C"]]
    assert table["filter"].to_pylist() == [["q10", "s50"], ["PASS"]]
    assert table["id"].to_pylist() == ["rs1;rs2", None]
    assert np.float32(table["qual"][0].as_py()) == np.float32("3712.77")
    assert str(table["qual"].to_numpy()[0]) == "3712.77"  # shortest text, as written


# ── INFO ────────────────────────────────────────────────────────────────────────────────────────


def test_an_integer_has_32_bits_but_for_what_bcf_keeps():
    texts = ["=5", "=-2147483640", "=2147483647", "=.", None]
    assert info("Integer", "1", texts) == ([5, -2147483640, 2147483647, None, None], 0)
    wrong = ["=-2147483641", "=-2147483648", "=2147483648", "=1.0", "=", "=a", "=1,2"]
    assert info("Integer", "1", wrong) == ([None] * 7, 7)


def test_a_float_is_also_nan_and_inf_in_any_case():
    found, bad = info("Float", "1", ["=nan", "=NaN", "=INF", "=-infinity", "=+1.5", "=1e-3", "=."])
    assert bad == 0
    assert exact(found[:2]) == ["nan", "nan"]
    assert found[2:] == [math.inf, -math.inf, 1.5, float(np.float32(0.001)), None]


def test_a_list_has_missing_items_and_is_missing_itself():
    texts = ["=1,.,3", "=.", "=.,.", None, "=7"]
    assert info("Integer", "A", texts) == ([[1, None, 3], None, [None, None], None, [7]], 0)


def test_a_list_with_an_item_that_is_no_number_is_missing():
    assert info("Integer", ".", ["=1,x,3", "=,2", "=4,."]) == ([None, None, [4, None]], 2)


def test_a_fixed_number_needs_as_many_values():
    texts = ["=1,2", "=1", "=1,2,3", "=.", "=.,2", None, "="]
    assert info("Integer", "2", texts) == ([[1, 2], None, None, None, [None, 2], None, None], 3)


def test_a_flag_is_there_or_not_whatever_its_value_which_is_said():
    assert info("Flag", "0", ["", "=1", None, "="]) == ([True, True, False, True], 2)


def test_a_bare_key_is_only_right_for_flags():
    assert info("Integer", "1", ["", "=5"]) == ([None, 5], 1)
    assert info("String", ".", ["", "=a"]) == ([None, ["a"]], 1)


def test_an_empty_text_is_a_string_and_no_number():
    assert info("String", "1", ["="]) == ([""], 0)
    assert info("String", ".", ["=", "=a,"]) == ([[""], ["a", ""]], 0)
    assert info("Float", "1", ["="]) == ([None], 1)


def test_of_a_repeated_key_the_first_counts():
    assert info("Integer", "1", ["=1;X=2", "=3;X", ";X=4"]) == ([1, 3, None], 4)
    assert info("Flag", "0", [";X"]) == ([True], 1)


def test_a_string_of_number_1_keeps_its_commas():
    assert info("String", "1", ["=a,b"]) == (["a,b"], 0)


def test_keys_are_whole_words():
    table, problems = read(["XY=1;X=2", "X=3;Y=4", "Y=5"], [Key("X", "1", "Integer")])
    assert table["INFO/X"].to_pylist() == [2, 3, None]
    assert table["INFO"].to_pylist() == [[("XY", "1")], [("Y", "4")], [("Y", "5")]]
    assert not problems


def test_undeclared_keys_are_kept_as_text():
    table, problems = read(["B=1,2;A;C=;D=.;E=%3A", ".", "A=1;A=2"])
    assert table["INFO"].to_pylist() == [
        [("B", "1,2"), ("A", None), ("C", ""), ("D", "."), ("E", "%3A")], None, [("A", "1")]
    ]  # fmt: skip
    assert problems == {"INFO": 1}


def test_percent_encoding_begins_with_vcf_4_3():
    texts = ["=%3A%3B%3D%25%2C%0D%0A%09", "=%253A", "=%3a", "=%41", "=5%", "=%2"]
    decoded = [":;=%,\r\n\t", "%3A", "%3a", "%41", "5%", "%2"]
    for version in ("VCFv4.3", "VCFv4.4", "VCFv4.5"):
        assert info("String", "1", texts, version=version) == (decoded, 0)
        assert formats("String", "1", [t[1:] for t in texts], version=version) == (decoded, 0)
    for version in ("VCFv4.0", "VCFv4.1", "VCFv4.2"):
        assert info("String", "1", texts, version=version) == ([t[1:] for t in texts], 0)


def test_an_escaped_comma_parts_no_items():
    assert info("String", ".", ["=a%2Cb,c", None, "=."]) == ([["a,b", "c"], None, None], 0)
    assert info("String", "2", ["=a%2Cb,c", None]) == ([["a,b", "c"], None], 0)


def test_a_text_that_is_no_utf8_is_missing():
    text = text_of(["X=a;Y=b"], [Key("X", "1", "String")]).replace(b"X=a;Y=b", b"X=\xff;Y=\xff")
    table, problems = table_of(from_head(head_of(text)), text)
    assert table["INFO/X"].to_pylist() == [None]
    assert table["INFO"].to_pylist() == [[("Y", None)]]
    assert problems == {"INFO/X": 1, "INFO": 1}


def test_an_undeclared_key_that_is_no_utf8_is_shown():
    text = text_of(["YY=1;Z=2"]).replace(b"YY=", b"\xff\xfe=")
    table, _ = table_of(from_head(head_of(text)), text)
    assert table["INFO"].to_pylist() == [[("\\xff\\xfe", "1"), ("Z", "2")]]


def test_a_problem_says_its_first_row_and_text():
    text = text_of(["X=1", "X=a", "X=b", "X"], [Key("X", "1", "Integer")])
    _, problems = from_head(head_of(text)).reader([8], "canonical").decode(lines_of(text))
    found = [(p.column, p.declared, p.count, p.row, p.text) for p in problems]
    assert found == [("INFO/X", "Integer", 2, 1, "a"), ("INFO/X", "Integer", 1, 3, "X")]


# ── FORMAT and samples ──────────────────────────────────────────────────────────────────────────


def test_a_dropped_field_is_missing_and_so_is_a_dot():
    rows = [". DP:GQ 1:2 3", ". DP:GQ . .:4"]
    keys = [Key("DP", "1", "Integer"), Key("GQ", "1", "Integer")]
    table, problems = read(rows, [], keys, ["a", "b"])
    assert table["FORMAT/DP"].to_pylist() == [[1, 3], [None, None]]
    assert table["FORMAT/GQ"].to_pylist() == [[2, None], [None, 4]]
    assert not problems


def test_a_row_whose_format_has_not_the_key_is_null_as_a_whole():
    keys = [Key("DP", "1", "Integer"), Key("GT", "1", "String")]
    table, _ = read([". GT:DP 0/1:5", ". GT 0/0", ". DP .", ". . .", "."], [], keys, ["a"])
    assert table["FORMAT/DP"].to_pylist() == [[5], None, [None], None, None]
    assert table["FORMAT/GT"].to_pylist() == [["0/1"], ["0/0"], None, None, None]


def test_keys_of_format_may_come_in_any_order():
    keys = [Key("GT", "1", "String"), Key("DP", "1", "Integer")]
    table, _ = read([". DP:GT 5:0|1", ". GT:DP 1|1:6"], [], keys, ["a"])
    assert table["FORMAT/DP"].to_pylist() == [[5], [6]]
    assert table["FORMAT/GT"].to_pylist() == [["0|1"], ["1|1"]]


def test_lists_within_samples():
    texts = ["1,2", ".", "", "1,.", "x"]
    assert formats("Integer", "G", texts) == ([[1, 2], None, [], [1, None], None], 1)
    assert formats("Float", "2", ["1,2", ".", "", "1"]) == ([[1.0, 2.0], None, None, None], 2)
    assert formats("String", ".", ["a,.", "", "."]) == ([["a", None], [""], None], 0)


def test_an_empty_list_of_local_alleles_is_no_missing_one():
    """VCF 4.5's own example: 0/0::30:0."""
    keys = [Key("GT", "1", "String"), Key("LAA", ".", "Integer"), Key("LAD", "LR", "Integer")]
    table, problems = read([". GT:LAA:LAD 0/0::30 2/4:2,4:20,30,10 0/0:.:1"], [], keys, list("abc"))
    assert table["FORMAT/LAA"].to_pylist() == [[[], [2, 4], None]]
    assert not problems


def test_undeclared_format_keys_are_kept_as_text_over_the_samples():
    rows = [". Y:DP:X a:1:b c", ". DP 1 2", ". X .:. ."]
    with pytest.raises(FormatError, match="sample a has 2 values, its row's FORMAT has fewer keys"):
        read(rows, [], [Key("DP", "1", "Integer")], ["a", "b"])
    rows[2] = ". X . ."
    table, problems = read(rows, [], [Key("DP", "1", "Integer")], ["a", "b"])
    assert table["FORMAT"].to_pylist() == [
        [("Y", ["a", "c"]), ("X", ["b", None])], None, [("X", [".", "."])]
    ]  # fmt: skip
    assert not problems


def test_of_a_repeated_format_key_the_first_counts():
    table, problems = read([". DP:X:DP:X 1:a:2:b"], [], [Key("DP", "1", "Integer")], ["a"])
    assert table["FORMAT/DP"].to_pylist() == [[1]]
    assert table["FORMAT"].to_pylist() == [[("X", ["a"])]]
    assert problems == {"FORMAT/DP": 1, "FORMAT": 1}


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (". DP 1", "1 samples, the header names 2"),
        (". DP", "0 samples, the header names 2"),
        (". DP 1 2 3", "3 or more samples, the header names 2"),
        (". DP 1 2:3", "sample b has 2 values, its row's FORMAT has fewer keys"),
        (". . . 3", "sample b has 1 value, its row's FORMAT has fewer keys"),  # htslib#1778
    ],
)
def test_rows_that_do_not_fit_the_header_are_broken(row, found):
    with pytest.raises(FormatError, match=r"^x\.vcf: " + found) as caught:
        read([". DP 1 2", row], [], [Key("DP", "1", "Integer")], ["a", "b"])
    assert "chr1\\t2\\t" in str(caught.value)


def test_a_format_of_no_keys_has_samples_of_no_values():
    table, problems = read([". . . ."], [], [Key("DP", "1", "Integer")], ["a", "b"])
    assert (table["FORMAT/DP"].to_pylist(), problems) == ([None], {})


def test_samples_that_are_not_chosen_are_counted_still():
    with pytest.raises(FormatError):
        read([". DP 1"], [], [Key("DP", "1", "Integer")], ["a", "b"], chosen=["a"])


def test_without_samples_there_are_no_format_columns():
    table, _ = read([". DP 1 2"], [], [Key("DP", "1", "Integer")], ["a", "b"], chosen=[])
    assert table.column_names[-1] == "INFO"


def test_an_unknown_sample_hints_at_a_known_one():
    with pytest.raises(ColumnError, match=r"x\.vcf: no sample 'na1'; did you mean 'NA1'\?"):
        read([], samples=["NA1", "NA2"], chosen=["NA1", "na1"])
    with pytest.raises(ColumnError, match=r"no sample 'x'; it has 2"):
        read([], samples=["NA1", "NA2"], chosen=["x"])


def test_a_sample_is_asked_for_once():
    head = head_of(text_of([], [], [], ["a", "b"]))
    with pytest.raises(ColumnError, match="'a' is asked for twice"):
        from_head(head, samples=["a", "b", "a"])
    with pytest.raises(TypeError, match="expected a list"):
        from_head(head, samples="a")
    with pytest.raises(ValueError, match="expected 'text' or 'alleles'"):
        from_head(head, gt="numbers")


# ── genotypes ───────────────────────────────────────────────────────────────────────────────────


def test_a_genotype_as_text_stays_as_it_is():
    texts = ["0/1", "./.", ".", "|1", "0|1/2", ".|."]
    rows = [f". GT {t}" for t in texts]
    table, _ = read(rows, [], [Key("GT", "1", "String")], ["S"])
    assert [v[0] for v in table["FORMAT/GT"].to_pylist()] == [
        "0/1", "./.", None, "|1", "0|1/2", ".|."
    ]  # fmt: skip


def test_a_genotype_as_alleles():
    found = genotypes(["0|1", "0/1", "./.", ".", "1", "0/1/2", "127|0", ".|1", "10/11"])
    assert found == (
        [([0, 1], True), ([0, 1], False), ([None, None], False), ([None], False), ([1], False),
         ([0, 1, 2], False), ([127, 0], True), ([None, 1], True), ([10, 11], False)],
        0,
    )  # fmt: skip


def test_leading_phasing_of_vcf_4_4_counts():
    found = genotypes(["/1", "|1", "|0|1", "/0|1", "|0/1", "0|1/2", "|."])
    assert found == (
        [([1], False), ([1], True), ([0, 1], True), ([0, 1], False), ([0, 1], False),
         ([0, 1, 2], False), ([None], True)],
        0,
    )  # fmt: skip


def test_what_is_no_genotype_is_missing():
    wrong = [
        "",
        "/",
        "0/",
        "0//1",
        "a",
        "0/a",
        "-1",
        "128",
        "0/128",
        "0/99999999999999999999",
        "1.",
    ]
    assert genotypes(wrong) == ([None] * len(wrong), len(wrong))


def test_a_genotype_that_was_dropped_is_null():
    keys = [Key("DP", "1", "Integer"), Key("GT", "1", "String")]
    table, _ = read([". DP:GT 5 6:0|1", ". DP 5 6"], [], keys, ["a", "b"], gt="alleles")
    assert table["FORMAT/GT"].type == pa.list_(GENOTYPE, 2)
    phased = {"alleles": [0, 1], "phased": True}
    assert table["FORMAT/GT"].to_pylist() == [[None, phased], None]


def test_alleles_are_read_where_gt_is_not_declared_too():
    table, _ = read([". GT:DP 0|1:5"], [], [Key("DP", "1", "Integer")], ["a"], gt="alleles")
    assert table["FORMAT/GT"].to_pylist() == [[{"alleles": [0, 1], "phased": True}]]
    assert table["FORMAT"].to_pylist() == [None]
    table, _ = read([". GT:DP 0|1:5"], [], [Key("DP", "1", "Integer")], ["a"])
    assert table["FORMAT"].to_pylist() == [[("GT", ["0|1"])]]


# ── headers that are not as they should be ──────────────────────────────────────────────────────


def opened(text, match, **options):
    with pytest.warns(GidxWarning, match=match) as caught:
        dialect = from_head(head_of(text), **options)
    assert len(caught) == 1
    return dialect


COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
ROW = b"chr1\t5\t.\tA\tC\t.\t.\tDP=5;DB\tGT:DP\t0/1:3\t1/1:4\n"


def test_without_declarations_everything_is_in_the_maps():
    text = COLUMNS + b"\tFORMAT\ta\tb\n" + ROW
    dialect = opened(text, r"x\.vcf: VCF header: has no ## lines; all keys are undeclared")
    table, _ = table_of(dialect, text)
    assert table.column_names[8:] == ["INFO", "FORMAT"]
    assert table["INFO"].to_pylist() == [[("DP", "5"), ("DB", None)]]
    assert table["FORMAT"].to_pylist() == [[("GT", ["0/1", "1/1"]), ("DP", ["3", "4"])]]


def test_without_a_columns_line_samples_are_counted_in_the_first_row():
    text = b"##fileformat=VCFv4.2\n" + ROW
    dialect = opened(text, "no #CHROM line; the first row has 2 samples, called sample1 to sample2")
    table, _ = table_of(dialect, text)
    assert dialect.samples == ("sample1", "sample2")
    assert table["FORMAT"].to_pylist() == [[("GT", ["0/1", "1/1"]), ("DP", ["3", "4"])]]


def test_without_any_header_rows_are_read_still():
    dialect = opened(ROW, "has no ##fileformat line; has no #CHROM line")
    assert table_of(dialect, ROW)[0]["alt"].to_pylist() == [["C"]]


def test_samples_that_the_columns_line_does_not_name_get_names():
    text = b"##fileformat=VCFv4.2\n" + COLUMNS + b"\n" + ROW
    dialect = opened(text, "names no sample, but the first row has 2, called sample1 to sample2")
    assert dialect.samples == ("sample1", "sample2")


def test_a_columns_line_may_name_format_where_no_row_has_any():
    text = b"##fileformat=VCFv4.2\n" + COLUMNS + b"\tFORMAT\nchr1\t5\t.\tA\tC\t.\t.\t.\n"
    table, _ = table_of(from_head(head_of(text)), text)
    assert table.column_names[-1] == "INFO"


def test_many_faults_are_one_warning():
    lines = [f"##INFO=<ID=K{i},Number=1,Type=Sting>\n" for i in range(20)]
    text = b"##fileformat=VCFv4.2\n" + "".join(lines).encode() + COLUMNS + b"\n"
    opened(text, "declares INFO K0 with Type=Sting; read as String; .*; and 15 more$")


def test_a_wrong_declaration_of_a_reserved_key_is_trusted_but_for_gt():
    text = text_of(
        ["END=x GT 0/1"], [Key("END", "1", "String")], [Key("GT", "1", "Integer")], ["a"]
    )
    dialect = opened(text, "declares FORMAT GT with Number=1, Type=Integer; read as Number=1")
    table, problems = table_of(dialect, text)
    assert table["INFO/END"].to_pylist() == ["x"]
    assert table["FORMAT/GT"].to_pylist() == [["0/1"]]
    assert not problems


def test_a_file_with_windows_line_breaks_reads_the_same():
    text = text_of(["X=1"], [Key("X", "1", "Integer")])
    dos = text.replace(b"\n", b"\r\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = [table_of(from_head(head_of(t)), t)[0] for t in (text, dos)]
    assert tables[0].equals(tables[1])


# ── other readers ───────────────────────────────────────────────────────────────────────────────
#
# What `as_others` takes for the same, because the readers do not keep it apart:
# * `.`, a list of one `.` and a key that is not there: htslib makes one missing value of them
#   in lists, and pysam gives `.` as a text in Strings. The specification has `.` as missing.
# * Strings of Number 1 with commas: pysam splits them. The specification has one value there.
# * Strings with percent encoding: htslib leaves it. The specification (4.3) has it decoded.
# * Genotypes that are not the first key: pysam has no alleles of them. Alleles that ALT does not
#   have: pysam takes them for missing. gidx reads what is written.
# * A field that all samples of a row drop: htslib ends the process over it.
# * An empty text in a sample's list of numbers: htslib reads it as missing; in VCF 4.5 it is
#   an empty list.
# And what is left out:
# * Flags with a value, bare keys, repeated keys, wrong counts: htslib lets them be or takes
#   them for missing without a count of them.
# * Whether genotypes of one allele are phased: pysam calls them so always. Nothing tells,
#   and the specification lets readers imply it (see gidx.formats.vcf.read).

ESCAPED = {"%3A": ":", "%3B": ";", "%3D": "=", "%25": "%", "%2C": ",", "%0D": "\r", "%0A": "\n",
           "%09": "\t"}  # fmt: skip


def as_others(value, escapes=False):
    """A value so that readers which keep less apart can be compared."""
    if isinstance(value, (list, tuple)) and all(v is None or isinstance(v, str) for v in value):
        value = ",".join("." if v is None else v for v in value)
    if isinstance(value, str):
        if escapes:
            for code, character in sorted(ESCAPED.items(), key=lambda e: e[0] == "%25"):
                value = value.replace(code, character)
        return None if value in (".", "") else value
    if isinstance(value, (list, tuple)):
        return [as_others(v) for v in value]
    return "nan" if isinstance(value, float) and math.isnan(value) else value


@pytest.fixture(scope="module")
def quiet():
    pysam = pytest.importorskip("pysam")
    before = pysam.set_verbosity(0)
    yield pysam
    pysam.set_verbosity(before)


def assert_pysam_says_the_same(pysam, path, table, samples, escapes, most=None):
    rows = table.slice(0, most).to_pylist()
    with pysam.VariantFile(str(path)) as file:
        records = [record.copy() for record in islice(file, most)]
    assert len(records) == len(rows)
    for record, row in zip(records, rows, strict=True):
        assert (record.chrom, record.start, record.ref) == (row["chrom"], row["start"], row["ref"])
        assert record.id == row["id"]
        assert list(record.alts or []) == (row["alt"] or [])
        if row["qual"] is not None or record.qual not in (0, np.inf):  # 1e-50 and such
            assert exact(record.qual) == exact(row["qual"])
        assert list(record.filter) == (row["filter"] or [])
        known = {k: v for k, v in row.items() if k.startswith("INFO/")}
        for name, value in known.items():
            key = name.removeprefix("INFO/")
            if key == "END":  # pysam keeps it as record.stop
                continue
            if value is None and key in dict(row["INFO"] or ()):
                continue  # does not fit, as gidx.formats.vcf.read says, and stays as text
            said = record.info.get(key, False if value is False else None)
            assert as_others(said, escapes) == as_others(value), (name, said, value)
        for key, value in row["INFO"] or ():
            if f"INFO/{key}" in row:
                continue
            assert as_others(record.info[key]) == as_others(value)
        assert_pysam_says_the_same_of_samples(record, row, samples, escapes)


def assert_pysam_says_the_same_of_samples(record, row, samples, escapes):
    for name in (n for n in row if n.startswith("FORMAT/")):
        key = name.removeprefix("FORMAT/")
        unfit = dict(row["FORMAT"] or ()).get(key) or [None] * len(samples)
        for i, sample in enumerate(samples):
            # of a row without FORMAT, pysam has no samples
            said = record.samples[sample].get(key) if len(record.samples) else None
            value = None if row[name] is None else row[name][i]
            if key != "GT":
                if unfit[i] is None:
                    assert as_others(said, escapes) == as_others(value), (name, said, value)
                continue
            if max((a or 0 for a in said or ()), default=0) > 127:
                assert value is None  # as gidx.formats.vcf.read says
                continue
            alleles = None if value is None else value["alleles"]
            assert as_others(said) == as_others(alleles), (said, value)
            if alleles is not None and len(alleles) > 1:
                assert record.samples[sample].phased == value["phased"]


@settings(max_examples=40)
@given(vcfs(odd=False))
def test_pysam_reads_the_same_values(quiet, tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("vcf") / "x.vcf"
    path.write_bytes(drawn.text)
    gt = "alleles" if "GT" in [k.id for k in drawn.formats] else "text"
    table, _ = table_of(from_head(head_of(drawn.text), gt=gt), drawn.text)
    assert_pysam_says_the_same(quiet, path, table, drawn.samples, drawn.escapes)


# ── real files ──────────────────────────────────────────────────────────────────────────────────

FILES = {  # name: rows, samples
    "CNVtest.vcf.gz": (5, 0),
    "CrlfOffsetTest.vcf.gz": (2, 0),
    "OffsetTest.vcf.gz": (2, 0),
    "YRI.low_coverage.2010_07_excerpt.genotypes.vcf.gz": (906, 59),
    "YRI.trio.2010_06.novelsequences.sites.vcf.gz": (17, 0),
    "end.vcf.gz": (2, 1),
    "gvcf.vcf.gz": (7, 1),
    "large_vcf_header.vcf.gz": (9, 324),
    "oxbow_sample.vcf.gz": (25, 3),
    "raw.g.vcf.gz": (29884, 1),
    "test.vcf.gz": (37, 1),
    "vcf_file.vcf": (15, 2),
    "volvox.filtered.vcf.gz": (45, 1),
    "volvox.test.vcf.gz": (109, 1094),
}
BARE = ("end.vcf.gz", "gvcf.vcf.gz")  # without declarations: htslib takes all for Strings
UNREAD = (*BARE, "CNVtest.vcf.gz")  # htslib refuses a #CHROM line that ends with FORMAT
MOST = 1000  # rows that are compared with other readers
FEW = 20  # samples


def opened_file(corpus, file, **options):
    """The file, and its first rows: of a header without declarations it warns."""
    with warnings.catch_warnings():
        if file in BARE:
            warnings.filterwarnings("ignore", ".*has no ## lines", GidxWarning)
        return gidx.open(str(corpus / "tabix" / file), **options)


@pytest.mark.parametrize("file", FILES)
def test_a_real_file_reads_whole(corpus, file):
    dataset = opened_file(corpus, file)
    table = dataset.to_table(errors="raise")
    table.validate(full=True)
    names = json.loads(table.schema.metadata[b"gidx"])["samples"]
    assert (len(table), len(names)) == FILES[file]


@pytest.mark.parametrize("file", [f for f in FILES if f not in UNREAD])
def test_pysam_says_the_same_of_a_real_file(corpus, quiet, tmp_path, file):
    with quiet.VariantFile(str(corpus / "tabix" / file)) as f:
        samples = list(f.header.samples)[:FEW]
        has_gt = "GT" in f.header.formats
    gt = "alleles" if has_gt and samples else "text"
    dataset = opened_file(corpus, file, samples=samples, gt=gt)
    table = dataset.to_table(errors="null")
    assert_pysam_says_the_same(
        quiet, corpus / "tabix" / file, table, samples, dataset.header[:64].find("VCFv4.3") >= 0,
        MOST,
    )  # fmt: skip


@pytest.mark.parametrize("file", [f for f in FILES if f not in UNREAD])
def test_cyvcf2_says_the_same_of_a_real_file(corpus, file):
    """cyvcf2 gives INFO values, and genotypes as alleles and a flag."""
    cyvcf2 = pytest.importorskip("cyvcf2")
    reader = cyvcf2.VCF(str(corpus / "tabix" / file), lazy=True)
    samples = reader.samples[:FEW]
    with_gt = bool(samples) and any(
        h["HeaderType"] == "FORMAT" and h["ID"] == "GT" for h in reader.header_iter()
    )
    gt = "alleles" if with_gt else "text"
    table = opened_file(corpus, file, samples=samples, gt=gt).to_table(errors="null").slice(0, MOST)
    for variant, row in zip(reader, table.to_pylist(), strict=False):
        assert (variant.CHROM, variant.start) == (row["chrom"], row["start"])
        assert as_others(variant.QUAL) == as_others(row["qual"])
        found = dict(variant.INFO)
        for name, value in row.items():
            key = name.removeprefix("INFO/")
            if key == name:
                continue
            said = found.get(key, False if value is False else None)
            # one value is no list there
            assert as_others(np.ravel(said).tolist()) == as_others(np.ravel(value).tolist()), name
        if with_gt:
            for said, value in zip(variant.genotypes, row["FORMAT/GT"] or (), strict=False):
                if max(said[:-1]) > 127:
                    assert value is None
                elif value is not None:
                    calls = [-1 if a is None else a for a in value["alleles"]]
                    # padded with -2 to the row's largest ploidy
                    assert [a for a in said[:-1] if a != -2] == calls
                    if len(calls) > 1:
                        assert said[-1] == value["phased"]
    reader.close()


def test_slices_of_values_of_several_samples_can_be_filtered():
    """Arrow takes wrong rows of lists of a fixed size in such lists; so none are in ours."""
    header = (
        "##fileformat=VCFv4.3\n##contig=<ID=1>\n"
        '##FORMAT=<ID=AP,Number=2,Type=Float,Description="">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"
    )
    rows = "".join(f"1\t{i + 1}\t.\tA\tC\t.\t.\t.\tAP\t{i},1\t{i},2\t{i},3\n" for i in range(50))
    frame = gidx.open((header + rows).encode()).to_pandas()
    found = frame.iloc[30:40][frame["start"].iloc[30:40] > 34]["FORMAT/AP"]
    assert found.tolist() == [[[i, 1], [i, 2], [i, 3]] for i in range(35, 40)]
