"""bigBed files read: every kind of file, every type, every way to ask.

The files come from ``bigbed_bytes``, which knows nothing of gidx.
"""

from __future__ import annotations

import http.server
import io
import os
import pickle
import random
import re
import sys
import threading
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import zip_longest

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pybigtools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.bigbed_bytes import MAGIC, build, build_parts, depths, zoom_records
from tests.support.strategies import (
    BED4,
    Table,
    declare,
    field_texts,
    regions,
    shapes,
    stored,
    tables,
)
from tests.support.tables import rows_of

import gidx
from gidx.bbi.summary import Spans, fold
from gidx.errors import (
    ColumnError,
    FormatError,
    GidxError,
    GidxWarning,
    RegionError,
    UnknownChromError,
    ValueTypeError,
    ValueWarning,
)
from gidx.ground import pool
from gidx.ground.source import MemorySource
from gidx.ground.tuning import tuning

CHROMS = {"chr1": 1000, "chr2": 500}
ROWS = [
    ("chr1", 0, 0, "at the start"),
    ("chr1", 0, 10, "a"),
    ("chr1", 5, 9, "b"),
    ("chr1", 5, 5, "inside"),
    ("chr1", 990, 1000, "c"),
    ("chr1", 1000, 1000, "at the end"),
    ("chr2", 7, 20, "d"),
]


def named(data, name="genes.bb"):
    """A file of this name, in memory."""
    return MemorySource(data, name)


def table_of(*rows, fields, **options):
    """A dataset of rows of ten bases each, whose extra fields are declared."""
    placed = [("chr1", 10 * i, 10 * i + 10, *row) for i, row in enumerate(rows)]
    file = build(placed, CHROMS, autosql=declare(*fields), items_per_slot=100, **options)
    return gidx.open(named(file))


@contextmanager
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ── every kind of file ──────────────────────────────────────────────────────────────────────────

KINDS = [
    (order, version, compressed)
    for order in "<>"
    for version in (1, 2, 3, 4)
    for compressed in ([False] if version < 3 else [False, True])
]


@pytest.mark.parametrize(("order", "version", "compressed"), KINDS)
def test_every_byte_order_and_version_compressed_or_not_is_read(order, version, compressed):
    options = {"order": order, "version": version, "compressed": compressed}
    dataset = gidx.open(build(ROWS, CHROMS, autosql=BED4, **options))
    assert rows_of(dataset.to_table()) == ROWS
    assert rows_of(dataset.to_table("chr2")) == ROWS[6:]
    assert dataset.chroms == CHROMS
    info = dataset.info()
    assert info["format"] == f"bigBed version {version}"
    assert info["byte order"] == {"<": "little-endian", ">": "big-endian"}[order]
    assert info["compressed"] == ("yes" if compressed else "no")


@pytest.mark.parametrize(("order", "version", "compressed"), KINDS)
def test_an_empty_file_has_a_schema_and_no_rows(order, version, compressed):
    file = build(
        [], {}, order=order, version=version, compressed=compressed, autosql=BED4, field_count=4
    )
    dataset = gidx.open(file)
    assert dataset.to_table().num_rows == dataset.count_rows() == dataset.head().num_rows == 0
    assert dataset.schema.names == ["chrom", "start", "end", "name"]
    assert dataset.chroms == {}
    assert dataset.total_summary == (0, 0.0, 0.0, 0.0, 0.0)
    assert dataset.to_pandas().shape == (0, 4)
    assert rows_of(dataset.to_table([])) == []
    with pytest.raises(UnknownChromError, match="there are no chroms"):
        dataset.to_table("chr1")


def test_a_chrom_may_have_no_rows():
    dataset = gidx.open(build(ROWS, {"chr0": 5, **CHROMS, "chr9": 5}, autosql=BED4))
    assert rows_of(dataset.to_table()) == ROWS
    assert rows_of(dataset.to_table(["chr0", "chr9"])) == []
    assert list(dataset.chroms) == ["chr0", "chr1", "chr2", "chr9"]


@given(tables(), shapes(), st.data())
@settings(max_examples=200)
def test_a_query_is_the_scan_filtered(table, shape, data):
    dataset = gidx.open(stored(table, **shape))
    assert rows_of(dataset.to_table()) == table.rows
    asked = data.draw(st.lists(regions(table), max_size=4))
    expected = table.overlapping(*asked)
    assert rows_of(dataset.to_table(asked)) == expected
    assert dataset.count_rows(asked) == len(expected)


@given(tables(min_rows=3), st.integers(2, 3), st.data())
@settings(max_examples=100)
def test_a_query_at_the_edges_of_blocks_and_nodes_is_the_scan_filtered(table, fan_out, data):
    """Regions begin and end where an item, and so a block or a node, does, or a base beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "whole_tree", data.draw(st.sampled_from([0, 10**6])))
        dataset = gidx.open(stored(table, items_per_slot=2, fan_out=fan_out))
        edges = sorted({max(0, p + d) for row in table.rows for p in row[1:3] for d in (-1, 0, 1)})
        chrom = data.draw(st.sampled_from(list(table.chroms)))
        for _ in range(10):
            start, end = sorted(data.draw(st.tuples(*[st.sampled_from(edges)] * 2)))
            region = (chrom, start, end)
            assert rows_of(dataset.to_table(region)) == table.overlapping(region)


@given(tables(), shapes())
@settings(max_examples=50)
def test_big_and_little_endian_twins_are_equal(table, shape):
    little = gidx.open(stored(table, **{**shape, "order": "<"})).to_table()
    big = gidx.open(stored(table, **{**shape, "order": ">"})).to_table()
    assert big.equals(little, check_metadata=True)


@given(tables(max_rows=60), st.integers(1, 9), st.integers(1, 4), st.integers(1, 400), st.data())
@settings(max_examples=60)
def test_results_do_not_depend_on_batch_size_threads_and_group_size(
    table, batch_size, threads, group_size, data
):
    asked = data.draw(st.none() | st.lists(regions(table), max_size=3))
    file = stored(table)
    expected = gidx.open(file).to_table(asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "bbi_group", group_size)
        dataset = gidx.open(file)
        batches = list(dataset.scan(asked, batch_size=batch_size, threads=threads))
        assert all(0 < batch.num_rows <= batch_size for batch in batches)
        assert pa.Table.from_batches(batches, dataset.schema).equals(expected)
        assert dataset.count_rows(asked, threads=threads) == len(expected)


def test_items_of_length_zero_are_found_where_they_touch():
    dataset = gidx.open(build(ROWS, CHROMS, autosql=BED4, items_per_slot=1))

    def found(start, end):
        return dataset.to_table(("chr1", start, end))["name"].to_pylist()

    assert found(0, 0) == ["at the start"]
    assert found(0, 1) == ["at the start", "a"]
    assert found(1, 5) == ["a", "inside"]
    assert found(5, 5) == ["a", "inside"]
    assert found(5, 6) == ["a", "b", "inside"]
    assert found(6, 7) == ["a", "b"]
    assert found(999, 1000) == ["c", "at the end"]
    assert found(1000, 1000) == found(1000, 2000) == ["at the end"]
    assert found(1001, 2000) == []


def test_a_block_of_only_a_0_0_item_is_found():
    dataset = gidx.open(build(ROWS[:1], CHROMS, autosql=BED4))
    for region in ("chr1", "chr1:1-1", ("chr1", 0, 0)):
        assert rows_of(dataset.to_table(region)) == ROWS[:1]


def test_chrom_ids_need_not_follow_the_names():
    """bedToBigBed takes chroms in any order; blocks keep it, ids follow the names."""
    ids = {"chr1": 1, "chr2": 0}
    dataset = gidx.open(build(ROWS, CHROMS, autosql=BED4, chrom_ids=ids))
    assert list(dataset.chroms) == ["chr2", "chr1"]
    assert rows_of(dataset.to_table()) == ROWS
    assert rows_of(dataset.to_table(["chr2", ("chr1", 6, 7)])) == [ROWS[1], ROWS[2], ROWS[6]]


def test_a_block_of_five_megabytes_is_read():
    rows = [("chr1", i, i + 1, f"name {i:>40} " * 2) for i in range(50_000)]
    dataset = gidx.open(build(rows, {"chr1": 10**6}, autosql=BED4, items_per_slot=10**6))
    assert len(dataset._format.plan(None)) == 1
    assert rows_of(dataset.to_table()) == rows
    assert rows_of(dataset.to_table("chr1:49,001-49,010")) == rows[49_000:49_010]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_row_of_three_megabytes_is_read(compressed):
    rows = [*ROWS[:2], ("chr1", 3, 9, "ACGT" * 750_000), *ROWS[4:]]
    dataset = gidx.open(build(rows, CHROMS, autosql=BED4, compressed=compressed))
    assert rows_of(dataset.to_table()) == rows
    assert rows_of(dataset.to_table("chr1:8")) == rows[1:5]


def test_blocks_larger_than_the_header_says_are_read():
    dataset = gidx.open(build(ROWS, CHROMS, autosql=BED4, buffer_size=1))
    assert rows_of(dataset.to_table()) == ROWS


# ── AutoSQL, missing or wrong ───────────────────────────────────────────────────────────────────

BED12 = ("name", "0", "+", "0", "9", "255,0,0", "2", "1,2,", "0,7,")
BED12_NAMES = ["chrom", "start", "end", "name", "score", "strand", "thickStart", "thickEnd",
               "reserved", "blockCount", "blockSizes", "chromStarts"]  # fmt: skip


def test_a_bed3_needs_no_autosql():
    with no_warning():
        dataset = gidx.open(build([("chr1", 1, 2)], CHROMS))
    assert rows_of(dataset.to_table()) == [("chr1", 1, 2)]
    assert dataset.bed_type == "bed3"
    assert dataset.header == ""


@pytest.mark.parametrize(
    ("rest", "bed_type"), [("a 5 +", "bed6"), ("a 5 0", "bed4+2"), ("a 1001 +", "bed4+2")]
)
def test_fields_are_standard_ones_only_where_they_are_as_bed_has_them(rest, bed_type):
    """A number is no strand, although it is a character; a score is no more than 1000."""
    with pytest.warns(GidxWarning, match=f"read as {re.escape(bed_type)} with the standard"):
        dataset = gidx.open(build([("chr1", 1, 5, *rest.split())], CHROMS, defined=4))
    assert dataset.bed_type == bed_type


@pytest.mark.parametrize("n", range(4, 13))
def test_without_autosql_columns_have_the_standard_names(n):
    row = ("chr1", 0, 10, *BED12[: n - 3])
    with pytest.warns(GidxWarning) as caught:
        dataset = gidx.open(named(build([row], CHROMS)))
    assert [str(w.message) for w in caught] == [
        f"genes.bb: has no AutoSQL; read as bed{n} with the standard names"
    ]
    assert dataset.schema.names == BED12_NAMES[:n]
    assert dataset.schema.types[3:] == STANDARD_TYPES[: n - 3]
    (found,) = dataset.to_table().to_pylist()
    values = ["name", 0, "+", 0, 9, 0xFF0000, 2, [1, 2], [0, 7]]
    assert list(found.values())[3:] == values[: n - 3]


STANDARD_TYPES = [pa.string(), pa.uint32(), pa.string(), pa.int64(), pa.int64(), pa.uint32(),
                  pa.int32(), pa.list_(pa.int32()), pa.list_(pa.int32())]  # fmt: skip


def test_without_autosql_the_defined_fields_are_standard_and_the_others_text():
    row = ("chr1", 0, 10, "name", "0.5", "x y")
    with pytest.warns(GidxWarning, match=re.escape("has no AutoSQL; read as bed4+2 with")):
        dataset = gidx.open(build([row], CHROMS, defined=4))
    assert rows_of(dataset.to_table()) == [row]


@pytest.mark.parametrize(
    ("autosql", "why"),
    [
        (BED4, "declares 4 fields in AutoSQL, but its rows have 5"),
        (declare("string a", "string b", "string c"),
         "declares 6 fields in AutoSQL, but its rows have 5"),
        ("", "has no AutoSQL"),
        ("table t", "has AutoSQL that cannot be read (line 1: "),
        ('table t "" (string chrom; "" object o x; "") object o "" (object o again; "")',
         "has AutoSQL that cannot be read ('"),
        (b"\xff\xfe", "has AutoSQL that cannot be read (line 1: "),
    ],
)  # fmt: skip
def test_autosql_that_contradicts_the_rows_is_said_and_standard_names_taken(autosql, why):
    row = ("chr1", 0, 10, "name", "7")
    with pytest.warns(GidxWarning) as caught:
        dataset = gidx.open(named(build([row], CHROMS, autosql=autosql)))
    (warning,) = caught
    assert str(warning.message).startswith(f"genes.bb: {why}")
    assert str(warning.message).endswith("; read as bed5 with the standard names")
    assert dataset.to_table().to_pylist() == [
        {"chrom": "chr1", "start": 0, "end": 10, "name": "name", "score": 7}
    ]


def test_a_wrong_field_count_in_the_header_does_not_matter():
    with no_warning():
        dataset = gidx.open(build(ROWS, CHROMS, autosql=BED4, field_count=9, defined=4))
        assert rows_of(dataset.to_table()) == ROWS


def test_a_bed4_may_begin_with_an_empty_name():
    rows = [("chr1", 0, 1, ""), ("chr1", 2, 3, "b"), ("chr1", 4, 5, "")]
    with no_warning():
        assert rows_of(gidx.open(build(rows, CHROMS, autosql=BED4)).to_table()) == rows


def test_a_row_with_another_number_of_fields_is_broken_structure():
    rows = [("chr1", 0, 1, "a"), ("chr1", 2, 3, "b", "c")]
    file = build_parts(rows, CHROMS, autosql=BED4, compressed=False)
    with pytest.raises(FormatError) as error:
        gidx.open(named(file.data)).to_table(errors="null")
    assert str(error.value) == (
        f"genes.bb, byte {file.places['block 0']}: record at 14 of its block has 5 fields, "
        "expected 4"
    )


# ── every AutoSQL type ──────────────────────────────────────────────────────────────────────────

POINT = declare("int n", "simple point p", "simple point[2] two", "object point[n] some") + (
    'simple point "" ( int x; "" string label; "" float[2] at; "" )'
)
ENUM = pa.dictionary(pa.int32(), pa.string())

TYPES = [
    # declared        arrow             text            value
    ("int", pa.int32(), "-2147483648", -(2**31)),
    ("uint", pa.uint32(), "4294967295", 2**32 - 1),
    ("short", pa.int16(), "-32768", -(2**15)),
    ("ushort", pa.uint16(), "65535", 2**16 - 1),
    ("byte", pa.int8(), "-128", -128),
    ("ubyte", pa.uint8(), "255", 255),
    ("bigint", pa.int64(), "-9223372036854775808", -(2**63)),
    ("float", pa.float32(), "0.5", 0.5),
    ("double", pa.float64(), "0.1", 0.1),
    ("char", pa.string(), "+", "+"),
    ("char[3]", pa.string(), "abc", "abc"),
    ("string", pa.string(), "naïve ", "naïve "),
    ("lstring", pa.string(), "", ""),
    ("enum(a, b)", ENUM, "b", "b"),
    ("set(a, b, c)", pa.list_(ENUM), "c,a,", ["c", "a"]),
    ("set(a, b, c)", pa.list_(ENUM), "", []),
    ("int[2]", pa.list_(pa.int32(), 2), "1,-2,", [1, -2]),
    ("uint[2]", pa.list_(pa.uint32(), 2), "1,2", [1, 2]),
    ("short[1]", pa.list_(pa.int16(), 1), "1", [1]),
    ("ushort[1]", pa.list_(pa.uint16(), 1), "1,", [1]),
    ("byte[3]", pa.list_(pa.int8(), 3), "-1,0,1", [-1, 0, 1]),
    ("ubyte[3]", pa.list_(pa.uint8(), 3), "1,0,1", [1, 0, 1]),
    ("bigint[2]", pa.list_(pa.int64(), 2), "1,2", [1, 2]),
    ("float[2]", pa.list_(pa.float32(), 2), "0.5,-1e3", [0.5, -1000.0]),
    ("double[2]", pa.list_(pa.float64(), 2), "0.1,1e-300", [0.1, 1e-300]),
    ("string[2]", pa.list_(pa.string(), 2), "a b,,", ["a b", ""]),
]
COUNTED = [
    ("int[n]", pa.list_(pa.int32()), "1,-2,", [1, -2]),
    ("uint[n]", pa.list_(pa.uint32()), "1,2", [1, 2]),
    ("short[n]", pa.list_(pa.int16()), "1,2", [1, 2]),
    ("ushort[n]", pa.list_(pa.uint16()), "1,2", [1, 2]),
    ("byte[n]", pa.list_(pa.int8()), "1,2", [1, 2]),
    ("ubyte[n]", pa.list_(pa.uint8()), "1,2", [1, 2]),
    ("bigint[n]", pa.list_(pa.int64()), "1,2", [1, 2]),
    ("float[n]", pa.list_(pa.float32()), "1,2", [1.0, 2.0]),
    ("double[N]", pa.list_(pa.float64()), "1,2", [1.0, 2.0]),  # names are looked up without case
    ("string[n]", pa.list_(pa.string()), "a,b b", ["a", "b b"]),
    ("lstring[n]", pa.list_(pa.string()), "a,,", ["a", ""]),
    ("char[n]", pa.list_(pa.string()), "A,C,", ["A", "C"]),
]


@pytest.mark.parametrize(("declared", "kind", "text", "value"), TYPES)
def test_every_type_has_its_arrow_type_and_value(declared, kind, text, value):
    dataset = table_of((text,), fields=[f"{declared} x"])
    table = dataset.to_table(errors="raise")
    assert table.schema.field("x").type == kind
    assert table["x"].to_pylist() == [value]


@pytest.mark.parametrize(("declared", "kind", "text", "value"), COUNTED)
def test_every_counted_array_is_a_list(declared, kind, text, value):
    dataset = table_of(("2", text), ("0", ""), fields=["int n", f"{declared} x"])
    table = dataset.to_table(errors="raise")
    assert table.schema.field("x").type == kind
    assert table["x"].to_pylist() == [value, []]


def test_objects_are_structs():
    row = ("chr1", 0, 9, "1", '3,"a,b",{0.5,1},', "{1,x,{1,2},},{2,,{3,4},},", "{7,z,{0,0},},")
    table = gidx.open(build([row], CHROMS, autosql=POINT)).to_table(errors="raise")
    assert table["p"].to_pylist() == [{"x": 3, "label": "a,b", "at": [0.5, 1.0]}]
    assert table["two"].to_pylist() == [
        [{"x": 1, "label": "x", "at": [1.0, 2.0]}, {"x": 2, "label": "", "at": [3.0, 4.0]}]
    ]
    assert table["some"].to_pylist() == [[{"x": 7, "label": "z", "at": [0.0, 0.0]}]]


@pytest.mark.parametrize("number", ["1e39", "-2.03e-78"])
def test_an_object_with_a_number_that_a_float_does_not_hold_is_missing(number):
    row = ("chr1", 0, 9, "0", f'3,"a,b",{{0.5,{number}}},', "{1,x,{0,2},},{2,,{3,4},},", "")
    with pytest.warns(ValueWarning, match=f"column p: 1 value is not .*{number}"):
        table = gidx.open(build([row], CHROMS, autosql=POINT)).to_table()
    assert table["p"].to_pylist() == [None]
    assert table["two"].null_count == 0


def test_a_column_has_its_description_and_a_table_its_declaration():
    dataset = table_of(("7",), fields=["uint score"])
    assert dataset.schema.field("score").metadata[b"description"] == b"about score"
    assert dataset.autosql == dataset.header == declare("uint score")
    assert dataset.fields.to_pylist()[3] == {
        "name": "score", "type": "uint32", "declared_name": "score", "declared_type": "uint",
        "number": None, "description": "about score", "indexed": False,
    }  # fmt: skip


@given(st.lists(st.tuples(field_texts, field_texts, field_texts), min_size=1, max_size=20))
def test_texts_are_kept_to_the_last_blank(rows):
    """Spaces, empty fields, line breaks inside a row: nothing is split there or trimmed."""
    table = table_of(*rows, fields=["string a", "lstring b", "string c"]).to_table(errors="raise")
    assert [tuple(row.values())[3:] for row in table.to_pylist()] == rows


# ── values that are not of their type ───────────────────────────────────────────────────────────

NUMBERS = [("5", "1.5"), (".", ""), ("1e3", "x"), ("-1", "2")]


def test_a_value_that_is_not_of_its_type_is_missing_with_one_warning_a_scan():
    dataset = table_of(*NUMBERS, fields=["uint score", "float f"])
    with pytest.warns(ValueWarning) as caught:
        table = dataset.to_table()
    assert [str(w.message) for w in caught] == [
        "genes.bb, column score: 3 values are not uint, read as missing; first at chr1:11-20: '.'; "
        "column f: 2 values are not float, read as missing; first at chr1:11-20: ''"
    ]
    assert table["score"].to_pylist() == [5, None, None, None]
    assert table["f"].to_pylist() == [1.5, None, None, 2.0]


def test_one_value_is_told_in_the_singular_and_its_place_in_full():
    file = build([("chr1", 1203, 1300, "1e3")], {"chr1": 2000}, autosql=declare("uint score"))
    with pytest.warns(ValueWarning) as caught:
        gidx.open(named(file)).to_table()
    assert str(caught[0].message) == (
        "genes.bb, column score: 1 value is not uint, read as missing; "
        "first at chr1:1,204-1,300: '1e3'"
    )


def test_one_warning_comes_for_all_groups_and_threads(monkeypatch):
    monkeypatch.setattr(tuning, "bbi_group", 1)
    rows = [("chr1", i, i + 1, "x" if i % 3 == 2 else "1") for i in range(90)]
    dataset = gidx.open(named(build(rows, CHROMS, autosql=declare("int n"))))
    for threads in (1, 3):
        with pytest.warns(ValueWarning) as caught:
            dataset.to_table(threads=threads)
        assert [str(w.message) for w in caught] == [
            "genes.bb, column n: 30 values are not int, read as missing; first at chr1:3-3: 'x'"
        ]


def test_errors_raise_stops_and_errors_null_is_silent():
    dataset = table_of(*NUMBERS, fields=["uint score", "float f"])
    message = "genes.bb, column score, chr1:11-20: '.' is not uint"
    with pytest.raises(ValueTypeError, match=re.escape(message)):
        dataset.to_table(errors="raise")
    with no_warning():
        assert dataset.to_table(errors="null")["score"].to_pylist() == [5, None, None, None]
    with pytest.raises(ValueError, match="errors is 'ignore', expected one of 'warn', 'raise'"):
        dataset.to_table(errors="ignore")


@pytest.mark.parametrize(
    ("field", "text", "value", "shown"),
    [
        ("enum(a, b) x", "c", None, "enum(a, b)"),
        ("enum(a, b) x", "", None, "enum(a, b)"),
        ("set(a, b) x", "a,z,", ["a", None], "set(a, b)"),
        ("uint x", ".", None, "uint"),
        ("uint x", "", None, "uint"),
        ("double x", ".", None, "double"),
        ("float x", "2.03e-78", None, "float"),
        ("float x", "-1e39", None, "float"),
        ("float[2] x", "0,1e-50", [0.0, None], "float[2]"),
        ("double x", "1e999", None, "double"),
        ("byte x", "128", None, "byte"),
        ("uint x", "255,0,0", None, "uint"),  # a colour only where colours are
        ("uint reserved", "255,0,256", None, "uint"),
        ("int[2] x", "1,2,3", None, "int[2]"),
        ("int[2] x", "1,.", [1, None], "int[2]"),
        ("string x", b"\xffx", None, "string"),
    ],
)
def test_what_does_not_fit_is_missing_and_named_by_its_declared_type(field, text, value, shown):
    column = field.split()[-1]
    dataset = table_of((text,), fields=[field])
    message = f"column {column}: 1 value is not {shown}, read as missing; first at chr1:1-10: "
    with pytest.warns(ValueWarning, match=re.escape(message)):
        assert dataset.to_table()[column].to_pylist() == [value]


def test_invalid_utf8_is_shown_escaped():
    with pytest.warns(ValueWarning, match=re.escape(r"chr1:1-10: '\\xffx'")):
        table_of((b"\xffx",), fields=["string x"]).to_table()


@pytest.mark.parametrize(("count", "text"), [("3", "1,2"), ("1", "1,2"), ("2", ""), ("0", "1")])
def test_a_list_that_its_count_contradicts_is_missing(count, text):
    dataset = table_of((count, text), fields=["int n", "int[n] xs"])
    with pytest.warns(ValueWarning, match=re.escape("column xs: 1 value is not int[n], read as")):
        assert dataset.to_table()["xs"].to_pylist() == [None]
    with pytest.warns(ValueWarning):  # also where the count is not asked for
        assert dataset.to_table(columns=["xs"])["xs"].to_pylist() == [None]


def test_objects_that_their_count_contradicts_are_missing():
    row = ("chr1", 0, 9, "2", "3,a,{0,1},", "{1,x,{1,2},},{2,,{3,4},},", "{7,z,{0,0},},")
    dataset = gidx.open(build([row], CHROMS, autosql=POINT))
    with pytest.warns(ValueWarning, match=re.escape("column some: 1 value is not object point[n]")):
        assert dataset.to_table()["some"].to_pylist() == [None]


@pytest.mark.parametrize(
    "text", ["", "x,a,{0,1},", "1,a,{0},", "1,a", "1,a,{0,1},9", "1_0,a,{0,1},"]
)
def test_an_object_that_cannot_be_read_is_missing(text):
    row = ("chr1", 0, 9, "0", text, "{1,x,{1,2},},{2,,{3,4},},", "")
    dataset = gidx.open(build([row], CHROMS, autosql=POINT))
    with pytest.warns(ValueWarning, match="column p: 1 value is not simple point"):
        assert dataset.to_table()["p"].to_pylist() == [None]


def test_a_list_whose_count_is_no_number_is_read_as_it_is():
    dataset = table_of((".", "1,2"), fields=["int n", "int[n] xs"])
    with pytest.warns(ValueWarning, match="column n: 1 value is not int"):
        assert dataset.to_table()["xs"].to_pylist() == [[1, 2]]


def test_a_header_that_counts_fewer_fields_than_the_rows_have_loses_none():
    """bigtools 48: fieldCount is 3, rows and AutoSQL have 17."""
    text = declare(*(f"string f{i}" for i in range(14)))
    row = ("chr1", 1, 5, *(f"v{i}" for i in range(14)))
    dataset = gidx.open(build([row], CHROMS, autosql=text, field_count=3, defined=3))
    assert rows_of(dataset.to_table()) == [row]
    assert dataset.bed_type == "bed3+14"


def test_fields_that_a_writer_has_not_declared_are_read(tmp_path):
    """bigtools 54: three texts behind each row, and AutoSQL of bed3."""
    rows = [("chr1", 0, 100, "foo\tbar\t3"), ("chr2", 100, 200, "xxx\tyyy\t1.0"),
            ("chr2", 200, 300, "zzz\twww\t1.0")]  # fmt: skip
    file = pybigtools.open(str(tmp_path / "a.bb"), "w")
    file.write({"chr1": 1000, "chr2": 1000}, rows)
    file.close()
    with pytest.warns(GidxWarning, match=r"declares 3 fields in AutoSQL, but its rows have 6"):
        found = gidx.read_bigbed(tmp_path / "a.bb", ["chr2:150-160", "chr1"])
    assert found.to_numpy().tolist() == [
        ["chr1", 0, 100, "foo", "bar", "3"], ["chr2", 100, 200, "xxx", "yyy", "1.0"]
    ]  # fmt: skip


def test_a_score_that_is_no_integer_is_said_and_kept_as_text():
    """big 33: `NumberFormatException: For input string: "5.30862042004096"` of ENCODE's files."""
    text = declare("string name", "uint score")
    row = ("chr1", 1, 5, "a", "5.30862042004096")
    dataset = gidx.open(named(build([row], CHROMS, autosql=text)))
    with pytest.warns(GidxWarning, match=r"column score: 1 value is not uint.*'5.30862042004096'"):
        assert dataset.to_table()["score"].to_pylist() == [None]
    assert dataset.as_texts().to_table()["score"].to_pylist() == ["5.30862042004096"]


@pytest.mark.parametrize(("defined", "read"), [(9, [0xFF0001, 7]), (8, [None, 7]), (0, [None, 7])])
def test_the_ninth_field_is_a_color_where_it_is_a_standard_one(defined, read):
    """bedToBigBed takes R,G,B under any name there, and refuses it where it is a further field."""
    thick = "uint score", "char[1] strand", "uint thickStart", "uint thickEnd"
    text = declare("string name", *thick, "uint hits")
    rows = [("chr1", 0, 9, "a", "0", "+", "0", "9", hits) for hits in ("255,0,1", "7")]
    dataset = gidx.open(build(rows, CHROMS, autosql=text, defined=defined))
    assert dataset.to_table(errors="null")["hits"].to_pylist() == read


@pytest.mark.parametrize("field", ["uint reserved", "uint itemRgb"])
def test_r_g_b_in_uint_reserved_is_a_colour_and_not_missing(field):
    dataset = table_of(("255,128,0",), ("0",), ("16711680",), ("0,0,255,",), fields=[field])
    found = dataset.to_table(errors="raise")[field.split()[1]].to_pylist()
    assert found == [0xFF8000, 0, 0xFF0000, 255]


# ── columns ─────────────────────────────────────────────────────────────────────────────────────

WIDE = [("a", "1", "x"), ("b", ".", "y"), ("c", "3", "z")]
WIDE_FIELDS = ["string name", "int bad", "string last"]


def test_only_the_columns_asked_for_are_decoded():
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    with no_warning():
        assert dataset.to_table(columns=["last", "name"]).to_pydict() == {
            "last": ["x", "y", "z"], "name": ["a", "b", "c"]
        }  # fmt: skip
        assert dataset.head(2, columns=["end"]).to_pydict() == {"end": [10, 20]}
    with pytest.warns(ValueWarning, match="column bad"):
        dataset.to_table(columns=["bad"])


@given(st.lists(st.sampled_from(["chrom", "start", "end", "name", "bad", "last"]), unique=True))
def test_columns_come_in_the_order_asked(columns):
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    table = dataset.to_table(columns=columns, errors="null")
    assert table.column_names == columns
    assert table.num_rows == 3
    assert table.equals(dataset.to_table(errors="null").select(columns))


def test_no_columns_still_have_their_rows():
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    assert dataset.to_table(columns=[]).num_rows == 3
    assert dataset.to_table("chr1:15-25", columns=[]).num_rows == 2
    assert dataset.to_table(columns=[], filter=pc.field("name") == "b").num_rows == 1
    assert sum(b.num_rows for b in dataset.scan(columns=[], batch_size=2)) == 3


def test_a_column_may_be_asked_for_twice():
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    table = dataset.to_table(columns=["name", "name"], filter=pc.field("name") > "a")
    assert [column.to_pylist() for column in table.columns] == [["b", "c"]] * 2


def test_an_unknown_column_raises_with_a_hint():
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    with pytest.raises(ColumnError) as error:
        dataset.scan(columns=["nmae"])
    assert str(error.value) == (
        "no column 'nmae'; did you mean 'name'?; there are chrom, start, end, name, bad, last"
    )
    with pytest.raises(TypeError, match="columns is the text 'name'; expected a list"):
        dataset.scan(columns="name")


def test_a_filter_may_use_columns_that_are_not_in_the_result():
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    with no_warning():  # and the bad column is decoded for neither
        found = dataset.to_table(columns=["last"], filter=pc.field("name") == "c")
    assert found.to_pydict() == {"last": ["z"]}
    both = (pc.field("start") >= 10) & (pc.field("chrom") == "chr1")
    assert dataset.to_table("chr1:1-20", columns=["name"], filter=both).to_pydict() == {
        "name": ["b"]
    }
    assert dataset.to_table(filter=pc.field("name") == "none", errors="null").num_rows == 0


@pytest.mark.parametrize(
    ("expression", "error", "message"),
    [
        (pc.field("nmae") == "a", ColumnError, "no column 'nmae'; did you mean 'name'?"),
        (pc.field("name") > 5, ValueError, "there are chrom, start"),
        (pc.field("start"), ValueError, "must evaluate to bool"),
        (pc.field(3) == "a", ValueError, "names a column by its position; use its name"),
        ("start > 5", TypeError, "filter is str, expected a pyarrow expression"),
    ],
)
def test_a_filter_that_cannot_be_used_says_why(expression, error, message):
    dataset = table_of(*WIDE, fields=WIDE_FIELDS)
    with pytest.raises(error, match=re.escape(message)):
        dataset.to_table(filter=expression)


def test_native_names_are_the_files_own_with_declared_widths():
    dataset = table_of(("1",), fields=["string end"])
    assert dataset.schema.names == ["chrom", "start", "end", "end_2"]
    assert dataset.schema.types[:3] == [ENUM, pa.int64(), pa.int64()]
    table = dataset.to_table(names="native", filter=pc.field("chromStart") == 0)
    assert table.schema.names == ["chrom", "chromStart", "chromEnd", "end"]
    assert table.schema.types == [ENUM, pa.uint32(), pa.uint32(), pa.string()]
    assert dataset.to_table(names="native", columns=["chromEnd"]).to_pydict() == {"chromEnd": [10]}
    with pytest.raises(ValueError, match="names is 'ucsc', expected one of"):
        dataset.scan(names="ucsc")


def test_positions_up_to_the_last_of_32_bits_are_positive():
    top = 2**32 - 1
    file = build([("chr1", top - 5, top, "x")], {"chr1": top}, autosql=BED4)
    dataset = gidx.open(file)
    assert rows_of(dataset.to_table(("chr1", top - 1, top))) == [("chr1", top - 5, top, "x")]
    assert dataset.to_table(names="native")["chromEnd"].to_pylist() == [top]


# ── streams ─────────────────────────────────────────────────────────────────────────────────────

MANY = [("chr1", i, i + 3, f"name{i}") for i in range(900)] + [
    ("chr2", i, i + 3, f"name{i}") for i in range(400)
]
MANY_FILE = build(MANY, CHROMS, autosql=BED4, items_per_slot=10, zooms=[10, 40])


@pytest.fixture
def small_groups(monkeypatch):
    """Many groups, so that threads have work and readers can stop between two."""
    monkeypatch.setattr(tuning, "bbi_group", 500)


def test_two_scans_of_one_dataset_may_be_read_in_turns(small_groups):
    dataset = gidx.open(MANY_FILE)
    first, second = dataset.scan(batch_size=7), dataset.scan("chr2", columns=["name"])
    found = [], []
    for one, other in zip_longest(first, second):
        found[0].append(one)
        if other is not None:
            found[1].append(other)
    assert rows_of(pa.Table.from_batches(found[0])) == MANY
    assert rows_of(pa.Table.from_batches(found[1])) == [row[3:] for row in MANY[900:]]


def test_one_dataset_may_be_scanned_from_many_threads(small_groups):
    dataset = gidx.open(MANY_FILE)
    asked = [("chr1", i, i + 40) for i in range(0, 800, 20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda r: rows_of(dataset.to_table(r, threads=2)), asked))
    assert found == [Table(CHROMS, MANY).overlapping(r) for r in asked]


def test_a_reader_dropped_half_way_leaves_no_threads(small_groups):
    dataset = gidx.open(MANY_FILE)
    reader = dataset.scan(threads=3)
    reader.read_next_batch()
    del reader
    assert not pool.under_way()
    batches = dataset.to_batches(threads=3)
    next(batches)
    batches.close()
    assert not pool.under_way()


def test_a_scan_that_fails_half_way_leaves_no_threads(small_groups):
    file = build_parts(MANY, CHROMS, autosql=BED4, items_per_slot=10)
    data = file.broken("block 70", 0, "4s", b"oops")
    with pytest.raises(FormatError, match=f"byte {file.places['block 70']}: damaged block"):
        gidx.open(data).to_table(threads=3)
    assert not pool.under_way()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_scan_reads_only_a_few_groups_ahead(small_groups, threads):
    source = Recording(MANY_FILE)
    reader = gidx.open(source).scan(threads=threads)
    reader.read_next_batch()
    del reader
    assert len(source.blocks()) < 130 / 2


def test_a_region_parses_only_the_rows_that_it_returns():
    """One block holds all: rows are dropped on their heads, whatever their text is."""
    rows = [("chr1", 0, 5, "x"), ("chr1", 10, 15, "7"), ("chr1", 20, 25, "1", "2", "3")]
    dataset = gidx.open(build(rows, CHROMS, autosql=declare("int n"), items_per_slot=3))
    with no_warning():
        assert dataset.to_table("chr1:11-20")["n"].to_pylist() == [7]
        assert dataset.count_rows("chr1:1-15") == 2


def test_memory_of_a_scan_does_not_grow_with_the_file(monkeypatch):
    monkeypatch.setattr(tuning, "bbi_group", 5_000)
    rows = [("chr1", i, i + 3, f"{i * 7919 % 10007:>30}") for i in range(40_000)]
    dataset = gidx.open(build(rows, {"chr1": 10**6}, autosql=BED4, items_per_slot=100))

    def peak(regions):
        for _ in dataset.scan(regions, threads=2):  # the first time, kernels and trees are loaded
            pass
        tracemalloc.start()
        try:
            for _ in dataset.scan(regions, threads=2):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # five times the rows; how many groups are under way at once is the threads' luck
    assert peak(None) < 2.5 * peak(("chr1", 0, 8_000))


def test_head_reads_no_more_blocks_than_it_needs():
    source = Recording(MANY_FILE)
    dataset = gidx.open(source)
    source.reads.clear()
    assert rows_of(dataset.head(25)) == MANY[:25]
    assert len(source.reads) == 2  # and the block that opening has looked at
    assert rows_of(dataset.head(2, "chr2")) == MANY[900:902]
    assert rows_of(dataset.head(0)) == []
    with pytest.raises(ValueError, match="n is -1, expected 0 or more"):
        dataset.head(-1)
    assert rows_of(dataset.head(10**6)) == MANY


def test_counting_all_rows_reads_the_files_own_count():
    source = Recording(MANY_FILE)
    dataset = gidx.open(source)
    source.reads.clear()
    assert dataset.count_rows() == len(MANY)
    assert sum(size for _, size in source.reads) == 8


def test_rows_that_the_files_own_count_contradicts_are_told():
    dataset = gidx.open(named(build(ROWS, CHROMS, autosql=BED4, row_count=9)))
    with pytest.warns(GidxWarning, match="genes.bb: 7 rows found, but the file says that it has 9"):
        assert rows_of(dataset.to_table()) == ROWS


def test_other_libraries_take_a_dataset_as_it_is():
    import duckdb
    import polars as pl

    ds = gidx.open(MANY_FILE)
    assert rows_of(pa.table(ds)) == MANY
    assert pl.DataFrame(ds).rows() == MANY
    assert duckdb.sql("select * from ds").fetchall() == MANY
    assert duckdb.sql("select count(*) from ds where chrom = 'chr2'").fetchall() == [(400,)]
    assert pa.schema(ds).equals(ds.schema)
    assert ds.to_polars("chr2")["name"].to_list() == [row[3] for row in MANY[900:]]


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable", None])
def test_a_frame_has_categorical_chroms_in_file_order_for_every_backend(backend):
    frame = gidx.open(MANY_FILE).to_pandas(["chr2", "chr1:1-10"], dtype_backend=backend)
    assert list(frame["chrom"].cat.categories) == ["chr1", "chr2"]
    assert list(frame.itertuples(index=False, name=None)) == MANY[:10] + MANY[900:]
    assert frame["start"].to_numpy().dtype == np.int64
    with pytest.raises(ValueError, match="dtype_backend is 'numpy'"):
        gidx.open(MANY_FILE).to_pandas(dtype_backend="numpy")


def test_read_bigbed_is_open_and_to_pandas():
    frame = gidx.read_bigbed(MANY_FILE, "chr2:1-5", columns=["name", "end"])
    assert frame.to_dict("list") == {
        "name": [r[3] for r in MANY[900:905]], "end": [3, 4, 5, 6, 7]
    }  # fmt: skip
    pd.testing.assert_frame_equal(gidx.read(MANY_FILE), gidx.open(MANY_FILE).to_pandas())


@pytest.mark.parametrize("kind", ["bytes", "path", "url"])
def test_a_dataset_can_be_pickled(kind, tmp_path):
    (tmp_path / "a.bb").write_bytes(MANY_FILE)
    fsspec.filesystem("memory").pipe("/gidx/a.bb", MANY_FILE)
    where = {"bytes": MANY_FILE, "path": tmp_path / "a.bb", "url": "memory://gidx/a.bb"}[kind]
    dataset = gidx.open(where)
    again = pickle.loads(pickle.dumps(dataset))
    assert type(again) is type(dataset)
    assert again.path == dataset.path
    assert again.to_table().equals(dataset.to_table())


def test_a_dataset_over_an_open_file_reads_and_cannot_be_pickled(tmp_path):
    (tmp_path / "a.bb").write_bytes(MANY_FILE)
    with (tmp_path / "a.bb").open("rb") as file:
        dataset = gidx.open(file)
        assert rows_of(dataset.to_table()) == MANY
        with pytest.raises(TypeError):
            pickle.dumps(dataset)
    assert rows_of(gidx.open(io.BytesIO(MANY_FILE)).to_table()) == MANY


def test_errors_can_be_pickled_with_their_place():
    with pytest.raises(FormatError) as error:
        gidx.open(named(b"PK\3\4"))
    again = pickle.loads(pickle.dumps(error.value))
    assert (type(again), str(again)) == (FormatError, str(error.value))
    assert (again.path, again.offset) == ("genes.bb", 0)


@pytest.mark.parametrize(("option", "value"), [("batch_size", 0), ("threads", 0), ("threads", -1)])
def test_a_number_below_one_is_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} is {value}, expected 1 or more"):
        gidx.open(MANY_FILE).scan(**{option: value})


def test_frames_of_regions_are_a_union_in_file_order_each_row_once():
    dataset = gidx.open(MANY_FILE)
    asked = [("chr2", 10, 12), ("chr1", 100, 102), ("chr1", 101, 105), ("chr2", 10, 12)]
    expected = Table(CHROMS, MANY).overlapping(*asked)
    frame = pd.DataFrame(asked, columns=["chrom", "start", "end"])
    for what in (asked, frame, pa.Table.from_pandas(frame), dataset.to_table(asked[:1] + asked)):
        wanted = expected if what is not None else None
        if isinstance(what, pa.Table) and "name" in what.column_names:
            wanted = Table(CHROMS, MANY).overlapping(*(r[:3] for r in expected))
        assert rows_of(dataset.to_table(what)) == wanted
    with pytest.raises(
        UnknownChromError, match=re.escape("unknown chrom '2'; did you mean 'chr2'?")
    ):
        dataset.scan("2:1-5")


# ── extra indexes ───────────────────────────────────────────────────────────────────────────────

GENES = [("chr1", i, i + 5, f"tx{i}", f"GENE{i // 7}" if i % 5 else "", "x") for i in range(60)] + [
    ("chr2", 3, 9, "tx7", "GENE3", "x")
]
GENE_FIELDS = ["string name", "string geneName", "string other"]


def genes(**options):
    options = {"indexes": [3, 4], "items_per_slot": 3, **options}
    return gidx.open(build(GENES, CHROMS, autosql=declare(*GENE_FIELDS), **options))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("fan_out", [2, 3, 256])
@pytest.mark.parametrize("levels", [0, 4])
def test_find_is_a_filter_on_the_indexed_field(order, fan_out, levels):
    dataset = genes(order=order, fan_out=fan_out, levels=levels)
    assert dataset.indexes == ["name", "geneName"]
    for number, field in ((3, "name"), (4, "geneName")):
        for name in [*{row[number] for row in GENES}, "GENE", "tx", "zzz", "GENE33333333"]:
            expected = [row for row in GENES if row[number] == name]
            assert rows_of(dataset.find(name, field=field)) == expected


def test_without_a_field_all_indexes_are_asked():
    for names in (["tx7"], [GENES[5][4]], ["tx3", GENES[8][4]], ["none"]):
        expected = [row for row in GENES if row[3] in names or row[4] in names]
        assert rows_of(genes().find(names)) == expected


def test_rows_by_name_within_regions():
    name = GENES[5][4]
    for region in (("chr1", 0, 200), ("chr2", 0, 9999), [("chr1", 0, 50), ("chr2", 0, 50)]):
        expected = [row for row in rows_of(genes().to_table(region)) if row[4] == name]
        assert rows_of(genes().find(name, region)) == expected


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(CHROMS)), st.integers(0, 250), st.integers(0, 60)),
        min_size=1, max_size=6,
    ),
    st.sampled_from(["name", "geneName", None]),
    st.lists(st.sampled_from([4, 0, 1, 2, 3]), max_size=3, unique=True),
)  # fmt: skip
def test_found_rows_say_which_of_the_regions_each_is_of(asked, field, columns):
    """A row of two regions comes twice; each region's rows are those that it finds alone."""
    dataset, names = genes(), [row[3 + i % 2] for i, row in enumerate(GENES) if i % 3]
    regions = [(chrom, start, start + width) for chrom, start, width in asked]
    wanted = [dataset.columns[i] for i in columns] or None
    found = dataset.find(names, regions, field=field, query=True, columns=wanted)
    assert rows_of(found) == [
        (i, *row)
        for i, region in enumerate(regions)
        for row in rows_of(dataset.find(names, region, field=field, columns=wanted))
    ]
    whole = dataset.find(names, [regions[0][0], regions[0]], query=True, names="native")
    assert whole.schema.names == ["query", *dataset.to_table(names="native").schema.names]
    assert whole["query"].type == pa.int64()


def test_which_region_is_asked_of_regions():
    with pytest.raises(TypeError, match=r"query=True says which region .* needs regions"):
        genes().find("tx7", query=True)
    fields = ["string query", "string geneName", "string other"]
    other = gidx.open(build(GENES, CHROMS, autosql=declare(*fields), indexes=[3]))
    with pytest.raises(ColumnError, match="has a column 'query' itself; choose columns="):
        other.find("tx7", "chr1", query=True)
    there = {"missing_chroms": "ignore"}
    found = genes().find(GENES[0][3], ["zz", GENES[0][0]], query=True, columns=["end"], **there)
    assert rows_of(found) == [(1, GENES[0][2])]


def test_many_names_are_found_at_once_each_row_once_in_file_order():
    dataset = genes()
    wanted = ["tx7", "tx3", "tx7", "none", "tx59"]
    expected = [row for row in GENES if row[3] in wanted]
    assert len(expected) == 4
    assert rows_of(dataset.find(wanted, field="name")) == expected
    assert rows_of(dataset.find(pd.Series(wanted), field="name")) == expected
    every = [row[3] for row in GENES]
    assert rows_of(dataset.find(every * 5, field="name")) == GENES
    assert rows_of(dataset.find([], field="name")) == []


@pytest.mark.parametrize("declared", ["uint", "int", "bigint", "string", "char[2]"])
def test_a_field_of_numbers_may_have_an_index_of_their_texts(declared):
    """UCSC's writer makes none, others may."""
    rows = [("chr1", i, i + 1, str(i % 12)) for i in range(40)]
    data = build(rows, CHROMS, autosql=declare(f"{declared} n"), indexes=[3], items_per_slot=3)
    dataset = gidx.open(data)
    for wanted in (["7"], ["11", "3"], ["12", "x", ""]):
        expected = [i for i, row in enumerate(rows) if row[3] in wanted]
        assert dataset.find(wanted)["start"].to_pylist() == expected


def test_find_takes_the_options_of_a_scan():
    dataset = genes()
    assert rows_of(dataset.find("GENE3", field="geneName", columns=["start"])) == [
        (row[1],) for row in GENES if row[4] == "GENE3"
    ]
    found = dataset.find("tx7", field="name", filter=pc.field("chromStart") < 5, names="native")
    assert found.to_pydict()["chromStart"] == [3]


def test_find_reads_only_the_blocks_that_have_the_name():
    source = Recording(build(GENES, CHROMS, autosql=declare(*GENE_FIELDS), indexes=[3],
                             items_per_slot=3))  # fmt: skip
    dataset = gidx.open(source)
    source.reads.clear()
    dataset.find("tx20")
    assert len(source.blocks()) == 1


def test_find_without_an_index_or_the_wrong_field_says_so():
    with pytest.raises(ColumnError, match="no extra index; write one with"):
        gidx.open(MANY_FILE).find("name3")
    with pytest.raises(ColumnError, match="no extra index on 'gene'; did you mean 'geneName'"):
        genes().find("tx1", field="gene")
    with pytest.raises(ColumnError, match=r"no extra index on 'other'.*; there is name, geneName"):
        genes().find("tx1", field="other")
    with pytest.raises(TypeError, match="cannot find None: expected a name"):
        genes().find(["tx1", None], field="name")
    with pytest.raises(TypeError, match="cannot find 3: expected a name, or several"):
        genes().find(3)
    with pytest.raises(ValueError, match=r"cannot find 'caf\\udce9': .*the encoding="):
        genes().find(["tx1", "caf\udce9"])
    assert rows_of(genes(indexes=[4]).find("GENE8")) == [r for r in GENES if r[4] == "GENE8"]


# ── zoom levels and summaries ───────────────────────────────────────────────────────────────────

STATS = ("mean", "min", "max", "std", "coverage", "sum")


def brute(depth, start, end, bins):
    """Every statistic, base by base: {stat: a value a bin}."""
    out = {stat: [] for stat in STATS}
    for i in range(bins):
        lo = start + (end - start) * i // bins
        hi = start + (end - start) * (i + 1) // bins
        some = [d for d in depth[lo:hi] if d]
        nan = float("nan")
        n = len(some)
        out["mean"].append(sum(some) / n if n else nan)
        out["min"].append(min(some, default=nan))
        out["max"].append(max(some, default=nan))
        out["sum"].append(sum(some))
        out["coverage"].append(n / (hi - lo) if hi > lo else 0)
        squares = sum(d * d for d in some) - sum(some) ** 2 / n if n else nan
        out["std"].append((squares / max(n - 1, 1)) ** 0.5 if n else nan)
    return out


@given(tables(), shapes(), st.integers(1, 12), st.data())
@settings(max_examples=60)
def test_an_exact_summary_is_that_of_every_base(table, shape, bins, data):
    dataset = gidx.open(stored(table, **shape))
    chrom = data.draw(st.sampled_from(list(table.chroms)))
    size = table.chroms[chrom]
    start, end = sorted(data.draw(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))))
    expected = brute(depths(table.rows, chrom, size), start, end + 1, bins)
    for stat in STATS:
        found = dataset.summary((chrom, start, end + 1), bins, stat, exact=True)
        np.testing.assert_allclose(found, expected[stat], rtol=1e-9, err_msg=stat)


COVERED = Table(
    {"chr1": 256, "chr2": 64},
    [("chr1", i, min(256, i + i % 23), "x") for i in range(0, 240, 3)] + [("chr2", 5, 60, "y")],
)
ZOOMED = {"zooms": [4, 16], "total_summary": True}


@pytest.mark.parametrize("order", "<>")
def test_a_summary_whose_bins_zoom_bins_fill_is_exact_from_the_zoom_level(order):
    source = Recording(stored(COVERED, order=order, **ZOOMED))
    dataset = gidx.open(source)
    source.reads.clear()
    depth = depths(COVERED.rows, "chr1", 256)
    for bins in (1, 2, 4, 8, 16, 32):
        expected = brute(depth, 0, 256, bins)
        for stat in STATS:
            found = dataset.summary("chr1", bins, stat)
            np.testing.assert_allclose(found, expected[stat], rtol=1e-5, err_msg=f"{stat} {bins}")
    assert source.blocks() == []  # no row was read


def test_a_zoom_bin_that_an_edge_cuts_counts_in_proportion():
    table = Table({"chr1": 64}, [("chr1", 0, 8, "x")])
    dataset = gidx.open(stored(table, zooms=[16]))
    # a bin of 0-32 takes the summary 0-16 whole; one of 8-40 takes half of it
    assert dataset.summary(("chr1", 0, 32), stat="sum").tolist() == [8.0]
    assert dataset.summary(("chr1", 8, 40), stat="sum").tolist() == [4.0]
    assert dataset.summary(("chr1", 8, 40), stat="sum", exact=True).tolist() == [0.0]


def test_a_zoom_level_serves_bins_of_twice_its_reduction_and_more():
    dataset = gidx.open(stored(Table({"chr1": 64}, [("chr1", 0, 8, "x")]), zooms=[16]))
    assert dataset.summary(("chr1", 8, 39), stat="sum").tolist() == [0.0]  # from the rows
    assert dataset.summary(("chr1", 8, 72), bins=2, stat="sum").tolist() == [4.0, 0.0]
    assert dataset.summary(("chr1", 8, 70), bins=2, stat="sum").tolist() == [0.0, 0.0]


def test_bins_too_small_for_any_zoom_level_are_computed_from_rows():
    dataset = gidx.open(stored(COVERED, **ZOOMED))
    expected = brute(depths(COVERED.rows, "chr1", 256), 3, 50, 40)["mean"]
    np.testing.assert_allclose(dataset.summary(("chr1", 3, 50), 40), expected)


def test_more_bins_than_bases_leave_some_without_any():
    dataset = gidx.open(stored(COVERED, **ZOOMED))
    found = dataset.summary(("chr1", 30, 33), 6, "coverage")
    assert len(found) == 6
    assert np.isfinite(found).all()


def test_a_region_past_the_end_of_its_chrom_has_nothing_there():
    dataset = gidx.open(stored(COVERED, **ZOOMED))
    for exact in (False, True):
        found = dataset.summary(("chr2", 0, 128), 2, "coverage", exact=exact)
        assert found.tolist() == [55 / 64, 0.0]


@pytest.mark.parametrize("stat", STATS)
def test_a_summary_of_length_zero_weighs_nothing(stat):
    """A writer may put one at a chrom's end, for an item of length zero there."""
    one = np.array([0]), np.array([8]), *np.array([[8.0], [1.0], [1.0], [8.0], [8.0]])
    last = (64, 64, 1, 9, 9, 9, 9)
    two = [np.append(column, value) for column, value in zip(one, last, strict=True)]
    edges = np.array([0, 60, 128])
    np.testing.assert_array_equal(fold(Spans(*two), edges, stat), fold(Spans(*one), edges, stat))


def test_equal_depth_has_no_deviation():
    rows = [("chr1", 0, 1108, "x")] * 2
    dataset = gidx.open(stored(Table({"chr1": 1108}, rows)))
    assert dataset.summary("chr1", 10, "std", exact=True).tolist() == [0.0] * 10


@pytest.mark.parametrize(
    ("region", "options", "error", "message"),
    [
        (["chr1", "chr2"], {}, RegionError, "summary takes one region, found 2"),
        (("chr1", 5, 5), {}, RegionError, "no bases to sum up"),
        ("chr1", {"stat": "median"}, ValueError, "stat is 'median', expected one of 'mean'"),
        ("chr1", {"bins": 0}, ValueError, "bins is 0, expected 1 to"),
        ("chr3", {}, UnknownChromError, "unknown chrom 'chr3'"),
    ],
)
def test_a_summary_that_cannot_be_says_why(region, options, error, message):
    with pytest.raises(error, match=message):
        gidx.open(stored(COVERED, **ZOOMED)).summary(region, **options)


@given(tables(), shapes(), st.lists(st.integers(10, 30), max_size=3, unique=True), st.data())
@settings(max_examples=60)
def test_a_zoom_level_scanned_is_its_summaries_that_overlap(table, shape, reductions, data):
    levels = sorted(reductions)
    dataset = gidx.open(stored(table, **shape, zooms=levels))
    assert dataset.zoom_levels == levels
    names = list(table.chroms)
    ids = {name: i for i, name in enumerate(names)}
    for number, reduction in enumerate(levels):
        records = zoom_records(table.rows, table.chroms, ids, reduction)
        expected = [(names[r[0]], *r[1:]) for r in records]
        assert rows_of(dataset.scan_zoom(number).read_all()) == expected
        region = data.draw(regions(table))
        found = rows_of(dataset.scan_zoom(reduction, region).read_all())
        assert found == Table(table.chroms, expected).overlapping(region)


def test_an_unknown_zoom_level_raises():
    with pytest.raises(ColumnError, match="no zoom level 5; there are 4, 16, by number 0 to 1"):
        gidx.open(stored(COVERED, **ZOOMED)).scan_zoom(5)
    with pytest.raises(ColumnError, match="no zoom level 0; there are none"):
        gidx.open(stored(COVERED)).scan_zoom(0)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_the_total_summary_is_stored_or_computed(version):
    """Version 1 has none."""
    depth = [d for c, n in COVERED.chroms.items() for d in depths(COVERED.rows, c, n) if d]
    file = stored(COVERED, version=version, total_summary=version > 1)
    found = gidx.open(file).total_summary
    assert found == (
        len(depth), min(depth), max(depth), sum(depth), sum(d * d for d in depth)
    )  # fmt: skip
    assert found.mean == pytest.approx(np.mean(depth))
    assert found.std == pytest.approx(np.std(depth, ddof=1))


# ── broken files ────────────────────────────────────────────────────────────────────────────────

SMALL_ROWS = [
    (
        c,
        i * 7,
        i * 7 + i % 4 * 3,
        f"n{i}",
        str(i * 10),
        str(i % 3),
        "1,2,3"[: i % 3 * 2],
        "ab"[i % 2],
    )
    for c in ("chr1", "chrM")
    for i in range(5)
]
SMALL_SCHEMA = declare("string name", "uint score", "int n", "float[n] xs", "enum(a, b) k")


def small(**options):
    return build_parts(SMALL_ROWS, {"chr1": 100, "chrM": 60}, autosql=SMALL_SCHEMA, **options)


def read_everything(what):
    """How many rows, after every structure of the file was read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        dataset = gidx.open(what)
        chroms = list(dataset.chroms)
        rows = dataset.to_table(threads=1).num_rows
        dataset.to_table([(c, 10, 30) for c in chroms], threads=1)
        for level in range(len(dataset.zoom_levels)):
            dataset.scan_zoom(level).read_all()
        for field in dataset.indexes:
            dataset.find(["n3", "n5"], field=field)
        if chroms:
            dataset.summary(chroms[0], 3)
        repr(dataset), dataset.info(), dataset.fields, dataset.total_summary, dataset.head(1)
        return rows


FULL = {"zooms": [4, 16], "total_summary": True}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("version", "options"),
    [
        (1, {}),
        (2, {**FULL}),
        (3, {**FULL}),
        (4, {**FULL, "indexes": [3]}),
        (4, {"compressed": False, "indexes": [3]}),
    ],
    ids=["1", "2", "3", "4", "4 not compressed"],
)
def test_a_file_cut_anywhere_raises_and_never_has_fewer_rows(order, version, options):
    """A cut is found by what it hurts; where that is only a whole closing magic, it warns.

    The builder pads nothing, so each byte belongs to a structure.
    """
    data = small(order=order, version=version, **options).data
    assert read_everything(data) == len(SMALL_ROWS)
    for length in range(len(data)):
        if version == 4 and length == len(data) - 4:
            with pytest.warns(GidxWarning, match="ends with its magic 8789f2eb, which is not"):
                assert gidx.open(data[:length]).to_table().num_rows == len(SMALL_ROWS)
            continue
        with pytest.raises(FormatError):
            read_everything(data[:length])


def test_a_cut_file_on_disk_or_behind_a_url_raises_too(tmp_path):
    data = small(version=3).data
    for length in range(0, len(data), 53):
        (tmp_path / "a.bb").write_bytes(data[:length])
        fsspec.filesystem("memory").pipe("/gidx/cut.bb", data[:length])
        for what in (tmp_path / "a.bb", io.BytesIO(data[:length]), "memory://gidx/cut.bb"):
            with pytest.raises(FormatError):
                read_everything(what)


@pytest.mark.parametrize("where", ["memory", "path"])
def test_a_changed_byte_anywhere_reads_or_raises_and_nothing_else(where, tmp_path):
    """No hang, no crash, no other exception: seeded, so each run tries the same bytes."""
    rng = random.Random(20100717)
    outcomes = {"read": 0, "raised": 0}
    files = [
        small(order=order, compressed=compressed, **FULL, indexes=[3]).data
        for order in "<>"
        for compressed in (False, True)
    ]
    for n in range(800 if where == "memory" else 120):
        data = bytearray(files[n % len(files)])
        at = rng.randrange(len(data))
        data[at] ^= 1 << rng.randrange(8) if n % 2 else rng.randrange(1, 256)
        what = bytes(data)
        if where == "path":
            what = tmp_path / "changed.bb"
            what.write_bytes(data)
        try:
            read_everything(what)
            outcomes["read"] += 1
        except GidxError:
            outcomes["raised"] += 1
    assert min(outcomes.values()) > 20


@pytest.mark.parametrize(
    ("part", "offset", "layout", "value", "message"),
    [
        ("block 0", 0, "I", 9, "record at 0 of its block has chrom id 9, the file has 2 chroms"),
        ("chromosome_tree", 36 + 4, "I", 7, "chrom ids are not 0 to 1, each once"),
        ("range_tree", 0, "I", 1, "not a range tree (data index): magic is 00000001"),
        ("zoom 0 tree", 0, "I", 1, "not a range tree (index of zoom level 0)"),
        ("index 3", 12, "I", 8, "extra index: value size is 8, expected 16"),
    ],
)  # fmt: skip
def test_a_broken_part_is_told_by_name(part, offset, layout, value, message):
    file = small(compressed=False, zooms=[4], indexes=[3], fan_out=4)
    with pytest.raises(FormatError, match=re.escape(message)) as error:
        read_everything(named(file.broken(part, offset, layout, value)))
    assert str(error.value).startswith("genes.bb, byte ")


def test_a_chrom_name_that_is_no_utf8_is_shown_escaped():
    data = stored(Table({"chr1": 9}, [("chr1", 1, 2, "x")]), compressed=False)
    dataset = gidx.open(data.replace(b"chr1", b"ch\xff1"))
    assert rows_of(dataset.to_table("ch\\xff1")) == [("ch\\xff1", 1, 2, "x")]


def test_what_is_no_bigbed_says_what_it_found():
    with pytest.raises(FormatError, match=r"genes.bb, byte 0: a ZIP archive"):
        gidx.open(named(b"PK\3\4" + bytes(100)))
    with pytest.raises(FormatError, match="the file is empty"):
        gidx.open(b"")
    with pytest.raises(TypeError, match="has its index inside; drop index="):
        gidx.open(MANY_FILE, index="a.bai")


# ── budgets ─────────────────────────────────────────────────────────────────────────────────────


class Recording(MemorySource):
    """Bytes that remember what was read of them: ``reads`` are (offset, size)."""

    def __init__(self, data):
        super().__init__(data, "recorded.bb")
        self.reads = []
        self._bounds = self._data_bounds(data)

    @staticmethod
    def _data_bounds(data):
        little = int.from_bytes(data[:4], "little") == MAGIC
        order = "little" if little else "big"
        return int.from_bytes(data[16:24], order) + 8, int.from_bytes(data[24:32], order)

    def read(self, offset, size):
        self.reads.append((offset, size))
        return super().read(offset, size)

    def blocks(self):
        """The reads that were of data blocks."""
        begin, end = self._bounds
        return [read for read in self.reads if begin <= read[0] < end]


def test_opening_reads_the_head_and_one_block_and_little_more():
    source = Recording(MANY_FILE)
    gidx.open(source)
    assert len(source.blocks()) == 1


def test_a_region_query_reads_the_blocks_that_touch_it_and_nothing_else():
    source = Recording(MANY_FILE)
    dataset = gidx.open(source)
    dataset.to_table("chr1:1-1")  # the tree is read with the first query
    source.reads.clear()
    found = dataset.to_table(("chr1", 300, 312))
    assert rows_of(found) == Table(CHROMS, MANY).overlapping(("chr1", 300, 312))
    assert len(source.reads) == len(source.blocks()) == 3
    source.reads.clear()
    assert dataset.to_table("chr1:950-960").num_rows == 0
    assert source.reads == []


def test_a_large_tree_is_read_along_the_way_and_not_whole(monkeypatch):
    monkeypatch.setattr(tuning, "whole_tree", 0)
    source = Recording(MANY_FILE)  # 130 blocks, two a node: a tree of 7 levels
    dataset = gidx.open(source)
    assert len(source.reads) < 45
    source.reads.clear()
    assert rows_of(dataset.to_table(("chr1", 300, 301))) == MANY[298:301]
    nodes = len(source.reads) - len(source.blocks())
    assert len(source.blocks()) <= 2
    assert nodes <= 2 * 2 * 8  # head and items of at most two nodes a level


# ── over http ───────────────────────────────────────────────────────────────────────────────────


class Server(http.server.BaseHTTPRequestHandler):
    """One file, with or without ranges."""

    data, ranges, requests = b"", True, []

    def _answer(self, body):
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        data = self.data
        if asked and self.ranges:
            first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
            data = data[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(self.data)}")
        else:
            self.send_response(200)
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.requests.append(len(data))
            self.wfile.write(data)

    def do_GET(self):
        self._answer(body=True)

    def do_HEAD(self):
        self._answer(body=False)

    def log_message(self, *args):
        pass


@contextmanager
def served(data, ranges=True):
    handler = type("Handler", (Server,), {"data": data, "ranges": ranges, "requests": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/genes.bb", handler.requests
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def large():
    """A file of some MB, that does not compress well."""
    rng = np.random.default_rng(7)
    names = rng.integers(0, 2**63, (60_000, 3)).tolist()
    rows = [("chr1", i * 10, i * 10 + 5, "-".join(map(str, n))) for i, n in enumerate(names)]
    file = build(rows, {"chr1": 10**6}, autosql=BED4, items_per_slot=256, fan_out=64)
    return rows, file


def test_a_region_over_http_reads_few_bytes_in_few_requests(large):
    pytest.importorskip("aiohttp")
    rows, file = large
    assert len(file) > 1_500_000
    with served(file) as (url, requests):
        dataset = gidx.open(url)
        assert rows_of(dataset.to_table(("chr1", 300_000, 300_100))) == rows[30_000:30_010]
        assert len(requests) <= 5
        assert sum(requests) < 500_000
        requests.clear()
        assert rows_of(dataset.to_table()) == rows
        assert sum(requests) < len(file) * 1.1
        again = pickle.loads(pickle.dumps(dataset))
        assert rows_of(again.head(3)) == rows[:3]


def test_a_server_that_ignores_ranges_is_read_all_the_same():
    pytest.importorskip("aiohttp")
    with served(MANY_FILE, ranges=False) as (url, _):
        assert rows_of(gidx.open(url).to_table(("chr1", 300, 301))) == MANY[298:301]


def test_a_url_that_is_not_there_is_a_file_not_found_error():
    with pytest.raises(FileNotFoundError):
        gidx.open("memory://gidx/not-there.bb")


def test_one_region_takes_few_calls(tmp_path):
    """Each costs 0.1 to 0.3 us, and more with what is done for its arguments; a query 55."""
    n = 3000
    rows = pd.DataFrame({
        "chrom": "chr1", "start": np.arange(n) * 10, "end": np.arange(n) * 10 + 25,
        "name": [f"n{i}" for i in range(n)], "score": np.arange(n) % 1000, "strand": "+",
    })  # fmt: skip
    gidx.write_bigbed(rows, tmp_path / "a.bb", {"chr1": 10 * n + 50})
    dataset = gidx.open(tmp_path / "a.bb")
    dataset.to_table(("chr1", 5, 9))  # what is kept from one query to the next
    calls = []

    def note(frame, event, _):
        name = frame.f_code.co_name  # from Python 3.12 on a list is made without a call
        own = f"{os.sep}gidx{os.sep}" in frame.f_code.co_filename and name != "<listcomp>"
        if event == "call" and own:
            calls.append(name)

    sys.setprofile(note)
    try:
        found = dataset.to_table(("chr1", 12_000, 12_500))
    finally:
        sys.setprofile(None)
    assert found.num_rows == 52
    assert len(calls) < 40, calls
