"""Writing bigBed: what a user may hand in, what is stored, and what is refused.

Oracles: bedToBigBed's own texts; pyBigWig, pybigtools, oxbow and Biopython, which
read what is written; digests of files that UCSC's bedToBigBed 2.10 wrote.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import warnings
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import oxbow
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pybigtools
import pyBigWig
import pytest
from Bio import Align
from hypothesis import given
from hypothesis import strategies as st

import gidx
from gidx.autosql import standards
from gidx.errors import AutoSqlError, WriteError
from gidx.ground.tuning import tuning

SIZES = {"chr1": 1000, "chr2": 500, "chr10": 300}


def bed(**columns: Any) -> pd.DataFrame:
    """Two rows on chr1, and these columns."""
    rows = {"chrom": ["chr1", "chr1"], "start": [10, 20], "end": [15, 30]}
    return pd.DataFrame({**rows, **columns})


def bed12(**columns: Any) -> pd.DataFrame:
    """A row of two blocks, and these columns in place of its own."""
    rows = {
        "chrom": ["chr1"], "start": [100], "end": [200], "name": ["a"], "score": [0],
        "strand": ["+"], "thickStart": [100], "thickEnd": [200], "itemRgb": ["255,0,0"],
        "blockCount": [2], "blockSizes": [[10, 20]], "chromStarts": [[0, 80]],
    }  # fmt: skip
    return pd.DataFrame({**rows, **columns})


def write(data: Any, folder: Path, chromsizes: Any = SIZES, **options: Any) -> Path:
    path = folder / "out.bb"
    gidx.write_bigbed(data, path, chromsizes, **options)
    return path


def texts(path: Path) -> list[str]:
    """All rows as BED text, by pyBigWig."""
    with pyBigWig.open(str(path)) as file:
        more = len(gidx.autosql.parse(file.SQL().decode()).fields) > 3
        return [
            "\t".join((chrom, str(start), str(end), *([rest] if more else [])))
            for chrom, size in file.chroms().items()
            for start, end, rest in file.entries(chrom, 0, size) or ()
        ]


def rests(path: Path) -> list[str]:
    """What stands behind chromEnd in each row."""
    return [row.split("\t", 3)[3] for row in texts(path)]


def back(path: Path) -> pa.Table:
    return gidx.open(path).to_table()


def refused(data: Any, folder: Path, chromsizes: Any = SIZES, **options: Any) -> WriteError:
    """The error of a write; a file that was there is untouched, and none is left beside it."""
    target = folder / "out.bb"
    target.write_bytes(b"precious")
    with pytest.raises(WriteError) as caught:
        gidx.write_bigbed(data, target, chromsizes, **options)
    assert target.read_bytes() == b"precious"
    assert os.listdir(folder) == ["out.bb"]
    return caught.value


# ── kinds of data ───────────────────────────────────────────────────────────────────────────────

TABLE = pa.table({
    "chrom": ["chr1", "chr1", "chr2"],
    "start": [10, 20, 5],
    "end": [15, 30, 9],
    "name": ["a", "", "ü"],
    "score": [0, 500, 1000],
})  # fmt: skip
TEXTS = ["chr1\t10\t15\ta\t0", "chr1\t20\t30\t\t500", "chr2\t5\t9\tü\t1000"]


def pandas_of(**options: Any) -> pd.DataFrame:
    return TABLE.to_pandas(**options)


def categorical() -> pd.DataFrame:
    return pandas_of().astype({"chrom": "category", "name": "category"})


def indexed() -> pd.DataFrame:
    return pandas_of().set_axis([7, 7, 9])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pandas_of, id="pandas"),
        pytest.param(lambda: pandas_of(types_mapper=pd.ArrowDtype), id="ArrowDtype"),
        pytest.param(lambda: pandas_of().convert_dtypes(), id="nullable"),
        pytest.param(lambda: pandas_of().astype(object), id="object"),
        pytest.param(categorical, id="categorical"),
        pytest.param(indexed, id="any index"),
        pytest.param(lambda: TABLE, id="Table"),
        pytest.param(lambda: TABLE.to_batches()[0], id="RecordBatch"),
        pytest.param(TABLE.to_pydict, id="dict"),
        pytest.param(lambda: TABLE.to_reader(max_chunksize=1), id="RecordBatchReader"),
        pytest.param(lambda: ds.dataset(TABLE), id="pyarrow Dataset"),
        pytest.param(lambda: ds.dataset(TABLE).scanner(), id="pyarrow Scanner"),
        pytest.param(lambda: [*ds.dataset(TABLE).get_fragments()], id="list of Fragments"),
        pytest.param(lambda: pl.DataFrame(TABLE), id="polars"),
        pytest.param(
            lambda: pl.DataFrame(TABLE, schema_overrides={"chrom": pl.Categorical()}),
            id="polars categorical",
        ),
        pytest.param(lambda: duckdb.from_arrow(TABLE), id="duckdb"),
        pytest.param(lambda: (TABLE.slice(i, 1) for i in range(3)), id="generator of tables"),
        pytest.param(lambda: iter(TABLE.to_batches(max_chunksize=2)), id="iterator of batches"),
        pytest.param(lambda: [pandas_of()[:1], pandas_of()[1:]], id="list of frames"),
    ],
)
def test_every_kind_of_table_is_written_alike(data: Any, tmp_path: Path) -> None:
    assert texts(write(data(), tmp_path)) == TEXTS


def test_a_dataset_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    gidx.write_bigbed(TABLE, tmp_path / "first.bb", SIZES)
    again = write(gidx.open(tmp_path / "first.bb"), tmp_path, None)
    assert again.read_bytes() == (tmp_path / "first.bb").read_bytes()


@pytest.mark.parametrize("sort", [False, True])
def test_a_stream_that_was_spooled_gives_the_same_file(
    sort: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    n = 5000
    start = rng.integers(0, 900, n)
    chrom = np.array(["chr1", "chr2"])[rng.integers(0, 2, n)] if sort else np.repeat("chr1", n)
    table = pa.table({
        "chrom": pa.array(chrom).dictionary_encode(),
        "start": start if sort else np.sort(start),
        "end": (start if sort else np.sort(start)) + 1,
        "name": [f"item {i}" for i in range(n)],
        "of": [list(range(i % 4)) for i in range(n)],
    })  # fmt: skip
    sizes = {"chr1": 1000, "chr2": 1000}
    gidx.write_bigbed(table, tmp_path / "memory.bb", sizes, sort=sort)
    monkeypatch.setattr(tuning, "spool_bytes", 0)
    monkeypatch.setattr(tuning, "write_rows", 700)
    spooled = write(table.to_reader(max_chunksize=300), tmp_path, sizes, sort=sort)
    assert spooled.read_bytes() == (tmp_path / "memory.bb").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["memory.bb", "out.bb"]


def test_a_frame_may_have_its_columns_in_any_order_and_under_native_names(tmp_path: Path) -> None:
    frame = bed(name=["a", "b"])[["name", "end", "chrom", "start"]]
    native = frame.rename(columns={"start": "chromStart", "end": "chromEnd"})
    for data in (frame, native):
        assert texts(write(data, tmp_path)) == ["chr1\t10\t15\ta", "chr1\t20\t30\tb"]


def test_a_table_without_rows_is_a_file_without_rows(tmp_path: Path) -> None:
    path = write(bed(name=["a", "b"])[:0].astype({"name": str}), tmp_path)
    assert back(path).num_rows == 0
    assert gidx.open(path).bed_type == "bed4"


def test_an_open_file_can_be_written_to(tmp_path: Path) -> None:
    file = io.BytesIO()
    gidx.write_bigbed(TABLE, file, SIZES)
    assert file.getvalue() == write(TABLE, tmp_path).read_bytes()


@pytest.mark.parametrize("data", [5, "chr1", [1, 2], None])
def test_what_is_no_table_is_refused(data: Any, tmp_path: Path) -> None:
    assert "expected a DataFrame" in str(refused(data, tmp_path))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = pd.concat([bed(x=[1, 2]), bed(x=[1, 2])["x"]], axis=1)
    assert "two columns are named 'x'" in str(refused(twice, tmp_path))


def test_batches_must_have_the_columns_of_the_first(tmp_path: Path) -> None:
    error = refused(iter([bed(name=["a", "b"]), bed(nme=["a", "b"])]), tmp_path)
    assert str(error) == "batch 1 has no column 'name'; did you mean 'nme'?"


def test_a_column_of_mixed_types_is_refused(tmp_path: Path) -> None:
    assert "column 'name'" in str(refused(bed(name=["a", 5]), tmp_path))


# ── chromsizes ──────────────────────────────────────────────────────────────────────────────────

PAIRS = list(SIZES.items())


@pytest.mark.parametrize(
    "chromsizes",
    [
        PAIRS,
        pd.DataFrame(PAIRS, columns=["chrom", "size"]),
        pd.DataFrame(PAIRS, columns=["chrom", "length"]).set_index("chrom"),
        pd.Series(SIZES),
        pa.table({"chrom": list(SIZES), "size": list(SIZES.values())}),
        {name: np.uint32(size) for name, size in PAIRS},
    ],
    ids=["pairs", "frame", "indexed frame", "Series", "Table", "numpy integers"],
)
def test_chromsizes_come_in_many_forms(chromsizes: Any, tmp_path: Path) -> None:
    assert gidx.open(write(TABLE, tmp_path, chromsizes)).chroms == {"chr1": 1000, "chr2": 500}


@pytest.mark.parametrize("text", ["chr1\t1000\nchr2\t500\n", "# x\n\nchr1  1000 8\r\nchr2 500"])
def test_chromsizes_come_from_a_file(text: str, tmp_path: Path) -> None:
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text(text)
    for path in (sizes, str(sizes)):
        assert gidx.open(write(TABLE, tmp_path, path)).chroms == {"chr1": 1000, "chr2": 500}


def test_chromsizes_come_from_the_data(tmp_path: Path) -> None:
    frame = gidx.read_bigbed(write(TABLE, tmp_path))
    assert texts(write(frame, tmp_path, None)) == TEXTS


@pytest.mark.parametrize(
    ("chromsizes", "message"),
    [
        (None, "no chromsizes: the data carry none; pass chromsizes="),
        ({"chr1": "many"}, "size of 'chr1' is 'many', expected an integer of 0 to 4294967295"),
        ({"chr1": 2**32}, "size of 'chr1' is 4294967296"),
        ([("chr1", 5), ("chr1", 6)], "'chr1' stands there twice, with the sizes 5 and 6"),
        (5, "cannot read int; expected a dict of name to size"),
        (pd.DataFrame({"a": [1], "b": [2]}), "the frame has the columns a, b"),
        (
            pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [9], "name": ["chr1"]}),
            "where rows are whole chroms, view.set_index('chrom')['end']",
        ),  # bioframe 168
    ],
)
def test_chromsizes_that_cannot_be_read_are_refused(
    chromsizes: Any, message: str, tmp_path: Path
) -> None:
    assert message in str(refused(TABLE, tmp_path, chromsizes))


def test_a_line_of_chromsizes_without_a_size_is_named(tmp_path: Path) -> None:
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("chr1\t5\nchr2\n")
    with pytest.raises(WriteError, match="line 2: found 'chr2', expected a name and a size"):
        write(TABLE, tmp_path, sizes)


# ── order ───────────────────────────────────────────────────────────────────────────────────────


def test_chroms_stand_in_byte_order_of_their_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": ["chr1", "chr2", "chr10"], "start": [1, 2, 3], "end": 9})
    path = write(frame, tmp_path)
    assert list(gidx.open(path).chroms) == ["chr1", "chr10", "chr2"]
    assert back(path)["start"].to_pylist() == [1, 3, 2]


def test_categories_in_another_order_do_not_matter(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": ["chr2", "chr10", "chr1"], "start": [1, 2, 3], "end": 9})
    frame["chrom"] = pd.Categorical(frame["chrom"], ["chr7", "chr10", "chr1", "chr2"])
    path = write(frame, tmp_path)
    assert list(gidx.open(path).chroms) == ["chr1", "chr10", "chr2"]
    assert back(path)["start"].to_pylist() == [3, 2, 1]


def test_only_chroms_with_rows_are_stored(tmp_path: Path) -> None:
    assert gidx.open(write(bed(), tmp_path)).chroms == {"chr1": 1000}


def test_rows_that_step_back_are_not_sorted(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": "chr2", "start": [1, 90, 50], "end": 100})
    error = refused(frame, tmp_path)
    assert str(error) == (
        "rows are not sorted: chr2:50 after chr2:90 (row 2); "
        "pass sort=True, or call df.gidx.sort() first"
    )
    assert error.row == 2


def test_a_chrom_that_comes_back_is_not_sorted(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": ["chr1", "chr2", "chr1"], "start": [1, 2, 3], "end": 9})
    assert "rows are not sorted: chr1:3 after chr2:2 (row 2)" in str(refused(frame, tmp_path))


def test_the_first_row_out_of_order_is_named_wherever_pieces_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "survey_rows", 2)
    start = [1, 2, 3, 4, 3, 5, 4]
    frame = pd.DataFrame({"chrom": "chr1", "start": start, "end": 9})
    assert refused(frame, tmp_path).row == 4


def test_sort_is_by_chrom_then_start_and_keeps_the_order_of_equals(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "chrom": ["chr2", "chr1", "chr10", "chr1", "chr2", "chr1"],
        "start": [5, 7, 1, 3, 5, 7],
        "end": [9, 8, 2, 4, 6, 9],
        "name": list("abcdef"),
    })  # fmt: skip
    path = write(frame, tmp_path, sort=True)
    assert [row.split("\t")[3] for row in texts(path)] == list("dbfcae")


def test_ends_need_not_ascend(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": "chr1", "start": [5, 5], "end": [90, 10]})
    assert back(write(frame, tmp_path))["end"].to_pylist() == [90, 10]


# ── positions that are refused ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("chrom", "1", "row 1 (1:21-30): unknown chrom '1'; did you mean 'chr1'?"),
        (
            "chrom",
            "plasmid",
            "row 1 (plasmid:21-30): unknown chrom 'plasmid'; chromsizes have chr1, chr2, chr10",
        ),
        ("chrom", None, "row 1, column chrom: the value is missing"),
        ("end", 1001, "row 1 (chr1:21-1,001): end 1001 is past the size of chr1, 1000"),
        ("end", 19, "row 1: start 20 is after end 19"),
        ("start", -1, "row 1, column start: found -1, expected 0 to 4294967295"),
        ("end", 2**32, "row 1 (chr1:21-4,294,967,296), column end: found 4294967296"),
        ("start", 20.5, "row 1 (chr1:1-30), column start: found 20.5, expected an integer"),
        ("start", None, "row 1 (chr1:1-30), column start: the value is missing (nan)"),
        ("end", "x", "row 1, column end: found 'x', expected an integer"),
    ],
)
def test_a_position_that_does_not_fit_is_refused(
    column: str, value: Any, message: str, tmp_path: Path
) -> None:
    frame = bed()
    values = [frame[column][0], value]
    frame[column] = [str(v) for v in values] if value == "x" else values
    error = refused(frame, tmp_path)
    assert message in str(error)
    assert error.row == 1


def test_missing_positions_of_nullable_integers_are_refused(tmp_path: Path) -> None:
    error = refused(bed(end=pd.array([15, None], "Int64")), tmp_path)
    assert "column end: the value is missing" in str(error)


def test_positions_may_be_floats_without_fractions_or_any_integers(tmp_path: Path) -> None:
    for kind in ("float64", "uint8", "int16", "Int32", "uint64[pyarrow]", "string"):
        assert texts(write(bed().astype({"start": kind}), tmp_path)) == texts(
            write(bed(), tmp_path)
        )


def test_a_chrom_that_is_no_text_is_refused(tmp_path: Path) -> None:
    assert "column chrom is bool, expected texts" in str(refused(bed(chrom=[True, True]), tmp_path))
    assert "unknown chrom '1'; did you mean 'chr1'" in str(refused(bed(chrom=[1, 1]), tmp_path))


def test_a_chrom_name_over_254_bytes_is_refused(tmp_path: Path) -> None:
    name = "x" * 255
    error = refused(bed(chrom=[name, name]), tmp_path, {name: 100})
    assert "has a name of 255 bytes, expected at most 254" in str(error)
    assert texts(write(bed(chrom=[name[1:]] * 2), tmp_path, {name[1:]: 100}))


def test_a_chrom_of_size_0_has_no_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [0]})
    assert "chrom 'chr1' has the size 0" in str(refused(frame, tmp_path, {"chr1": 0}))


def test_a_table_without_positions_is_refused(tmp_path: Path) -> None:
    error = refused(bed().rename(columns={"start": "strt"}), tmp_path)
    assert str(error) == (
        "no column 'start'; did you mean 'strt'?; expected chrom, start, end "
        "(or chrom, chromStart, chromEnd), the columns are chrom, strt, end"
    )


# ── values that are refused ─────────────────────────────────────────────────────────────────────

STRAND = {"name": ["a", "b"], "score": [0, 1]}
RANGE = "expected 100 to 200, or 0"
LISTS = 'table t "" (string chrom; "" uint chromStart; "" uint chromEnd; ""'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bed(name=["a", None]), "column name: the value is missing, which the format cannot say"),
        (bed(name=["a", "b\tc"]), r"column name: found 'b\tc', which has a tab, line break or NUL"),
        (bed(name=["a", "b\nc"]), "line break"),
        (bed(name=["a", "b\rc"]), "line break"),
        (bed(name=["a", "b\0c"]), "NUL"),
        (bed(name=["a", "b" * 256]), "column name: a text of 256 bytes, expected at most 255"),
        (bed(name=["a", "ü" * 128]), "column name: a text of 256 bytes"),
        (bed(name=["a", "b"], score=[0, 1001]), "column score: found 1001, expected 0 to 1000"),
        (bed(name=["a", "b"], score=[0, -1]), "column score: found -1, expected"),
        (bed(**STRAND, strand=["+", "*"]), "column strand: found '*', expected '+', '-' or '.'"),
        (bed(**STRAND, strand=["+", "++"]), "column strand: found '++'"),
        (bed(**STRAND, strand=["+", ""]), "column strand: found ''"),
        (bed(x=[[1], [2, None]]), "column x: a value in the list is missing"),
        (bed(x=[["a"], ["b,c"]]), "column x: found 'b,c' in a list, which has a comma"),
        (bed(x=[["a"], ["b\tc"]]), "comma, tab, line break or NUL"),
        (bed(x=[["a"], None]), "column x: the value is missing"),
        (bed(x=pd.array([1, None], "Int64")), "column x: the value is missing"),
        (bed(x=pd.array([1.5, None], "Float64")), "column x: the value is missing"),
        (bed(x=pd.array([True, None], "boolean")), "column x: the value is missing"),
    ],
)
def test_a_value_that_bigbed_cannot_hold_is_refused(
    data: pd.DataFrame, message: str, tmp_path: Path
) -> None:
    error = refused(data, tmp_path)
    assert message in str(error)
    assert str(error).startswith("row 1 (chr1:21-30), ")
    assert error.row == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"thickStart": [99]}, f"column thickStart: found 99, {RANGE}"),
        ({"thickEnd": [201]}, f"column thickEnd: found 201, {RANGE}"),
        ({"thickStart": [150], "thickEnd": [120]}, "thickStart 150 is after thickEnd 120"),
        ({"thickStart": [-1]}, "column thickStart: found -1, expected uint"),
        ({"itemRgb": ["256,0,0"]}, "column itemRgb: found '256,0,0', expected uint or R,G,B"),
        ({"itemRgb": ["1,2"]}, "column itemRgb: found '1,2'"),
        ({"itemRgb": ["reddish"]}, "column itemRgb: found 'reddish'"),
        ({"itemRgb": [2**32]}, "column itemRgb: found 4294967296"),
        ({"itemRgb": [-1]}, "column itemRgb: found -1"),
        (
            {"blockCount": [0], "blockSizes": [[]], "chromStarts": [[]]},
            "column blockCount: found 0, expected 1 or more",
        ),
        ({"blockCount": [3]}, "column blockSizes: 2 values, but blockCount is 3"),
        ({"blockSizes": [[100]]}, "column blockSizes: 1 values, but blockCount is 2"),
        ({"chromStarts": [[0, 1, 2]]}, "column chromStarts: 3 values, but blockCount is 2"),
        ({"chromStarts": [[1, 80]]}, "the first block begins at 1, expected 0"),
        ({"chromStarts": [[100, 180]]}, "begins at 100, expected 0; chromStarts count from"),
        ({"chromStarts": [[0, 5]]}, "blocks 0 and 1 overlap, or do not ascend"),
        ({"chromStarts": [[0, 100]]}, "block 1 begins at 100, at or behind the row's end"),
        ({"blockSizes": [[10, 19]]}, "the last block does not end at the row's end"),
        ({"blockSizes": [[-1, 20]]}, "block 0 has a negative size or start"),
        ({"blockSizes": [[2**31, 20]]}, "column blockSizes: found 2147483648, expected int"),
        ({"blockSizes": ["10,x,"]}, "column blockSizes: found 'x', expected int[blockCount]"),
    ],
)
def test_a_bed12_field_that_does_not_fit_is_refused(
    columns: dict[str, Any], message: str, tmp_path: Path
) -> None:
    error = refused(bed12(**columns), tmp_path)
    assert message in str(error)
    assert error.row == 0


@pytest.mark.parametrize(
    ("columns", "rest"),
    [
        ({"thickStart": [0], "thickEnd": [0]}, "a\t0\t+\t0\t0\t255,0,0\t2\t10,20,\t0,80,"),
        ({"itemRgb": [0xFF0000]}, "a\t0\t+\t100\t200\t255,0,0\t2\t10,20,\t0,80,"),
        ({"itemRgb": ["0"]}, "a\t0\t+\t100\t200\t0\t2\t10,20,\t0,80,"),
        ({"blockSizes": ["10,20"], "chromStarts": ["0,80,"]},
         "a\t0\t+\t100\t200\t255,0,0\t2\t10,20\t0,80,"),
    ],
)  # fmt: skip
def test_bed12_fields_are_written_as_they_are(
    columns: dict[str, Any], rest: str, tmp_path: Path
) -> None:
    path = write(bed12(**columns), tmp_path)
    assert rests(path) == [rest]
    assert gidx.open(path).autosql == gidx.autosql.bed(12)


def test_a_missing_block_count_is_filled_in(tmp_path: Path) -> None:
    assert rests(write(bed12().drop(columns="blockCount"), tmp_path)) == rests(
        write(bed12(), tmp_path)
    )


def test_the_first_of_several_faults_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "chrom": "chr1", "start": [1, 2, 3, 4], "end": 9,
        "name": ["a", "b", "c", None], "score": [1, 2, 3000, 4], "strand": ["+", "x", "-", "+"],
    })  # fmt: skip
    error = refused(frame, tmp_path)
    assert (error.row, str(error)) == (
        1,
        "row 1 (chr1:3-9), column strand: found 'x', expected '+', '-' or '.'",
    )


def test_the_row_is_that_of_the_input_and_not_of_the_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"chrom": ["chr2", "chr10", "chr1"], "start": 1, "end": 9})
    assert refused(frame.assign(name=["a", None, "b"]), tmp_path).row == 1
    unsorted = frame.assign(start=[3, 2, 1], name=["a", "b", None])
    assert refused(unsorted, tmp_path, sort=True).row == 2


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("enum(a, b) x", ["a", "c"], "column x: found 'c', expected enum(a, b)"),
        ("set(a, b) x", [["a"], ["b", "c"]], "column x: found 'c', expected set(a, b)"),
        ("set(a, b) x", ["a,", "b,c"], "column x: found 'c', expected set(a, b)"),
        ("int[2] x", [[1, 2], [1]], "column x: 1 values, expected 2"),
        ("int[2] x", ["1,2", "1"], "column x: found '1', expected int[2]"),
        ("ubyte x", [1, 256], "column x: found 256, expected ubyte"),
        ("ubyte[1] x", [[1], [256]], "column x: found 256, expected ubyte[1]"),
        ("int x", [1.0, 1.5], "column x: found 1.5, expected an integer"),
        ("int x", [1.0, np.nan], "column x: the value is missing (nan), expected an integer"),
        ("int x", ["1", "."], "column x: found '.', expected int"),
        ("float x", ["1", "x"], "column x: found 'x', expected float"),
        ("float x", [1, 1e300], "column x: found 1e+300, expected float; declare it double"),
        ("float x", [0.0, 2e-78], "column x: found 2e-78, expected float; declare it double"),
        ("float[2] x", [[0, 1], [0, -1e39]], r"column x: found -1e+39, expected float[2]"),
        ("float x", ["0e0", "2.03e-78"], "column x: found '2.03e-78', expected float"),
        ("double x", ["1", "1e999"], "column x: found '1e999', expected double"),
        ("string x", ["a", "b" * 256], "at most 255; shorten it, or declare x as lstring"),
    ],
)
def test_a_value_that_is_not_of_its_declared_type_is_refused(
    field: str, values: list[Any], message: str, tmp_path: Path
) -> None:
    error = refused(bed(x=values), tmp_path, autosql=f'{LISTS} {field}; "")')
    assert message in str(error)
    assert error.row == 1


def test_lists_must_have_as_many_items_as_their_count_says(tmp_path: Path) -> None:
    text = f'{LISTS} int n; "" int[n] x; "")'
    error = refused(bed(n=[1, 2], x=[[1], [1]]), tmp_path, autosql=text)
    assert "column x: 1 values, but n is 2; drop the column n to have it filled in" in str(error)
    assert rests(write(bed(x=[[1], []]), tmp_path, autosql=text)) == ["1\t1,", "0\t"]


# ── what texts are written ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, -(2**63)], ["1", "-9223372036854775808"]),
        ([2**63 - 1, 0], ["9223372036854775807", "0"]),
        ([True, False], ["1", "0"]),
        ([1e-300, 0.1], ["1e-300", "0.1"]),
        ([np.nan, -np.inf], ["nan", "-inf"]),
        (np.array([0.1, 16777216], np.float32), ["0.1", "16777216"]),
        ([[1, 2], []], ["2\t1,2,", "0\t"]),
        ([[0.5], [np.inf, 1e22]], ["1\t0.5,", "2\tinf,1e+22,"]),
        ([["a", ""], []], ["2\ta,,", "0\t"]),
        (["", "."], ["", "."]),
    ],
)
def test_values_are_written_as_the_shortest_text_that_reads_back(
    values: Any, expected: list[str], tmp_path: Path
) -> None:
    assert rests(write(bed(x=values), tmp_path)) == expected


@given(st.lists(st.floats(), min_size=1), st.lists(st.floats(width=32), min_size=1))
def test_floats_read_back_bit_by_bit(doubles: list[float], singles: list[float]) -> None:
    for values, kind in ((doubles, pa.float64()), (singles, pa.float32())):
        n = len(values)
        column = pa.array(values, kind)
        file = io.BytesIO()
        table = pa.table({"chrom": ["chr1"] * n, "start": [0] * n, "end": [1] * n, "x": column})
        gidx.write_bigbed(table, file, SIZES)
        found = gidx.open(file.getvalue()).to_table()["x"].combine_chunks()
        assert np.array_equal(found.to_numpy(), column.to_numpy(), equal_nan=True)
        assert found.type == kind


def test_texts_that_are_valid_for_their_declared_type_are_kept(tmp_path: Path) -> None:
    text = f'{LISTS} int n; "" int[n] x; "" float y; "" uint reserved; "")'
    frame = bed(n=["2", "01"], x=["1,2", "5,"], y=["1e3", "+.50"], reserved=["7", "007"])
    path = write(frame, tmp_path, autosql=text)
    assert rests(path) == ["2\t1,2\t1e3\t7", "01\t5,\t+.50\t007"]


WORDS_OF_ROWS = [["a", "b"], ["b"]]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
        (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (pa.RunEndEncodedArray.from_arrays([1, 2], [5, 6]), ["5", "6"]),
        (pa.array([5, 6]).dictionary_encode(), ["5", "6"]),
        (pa.array([[1], [2, 3]], pa.list_view(pa.int8())), ["1\t1,", "2\t2,3,"]),
        (pa.array([[1], [2, 3]], pa.large_list(pa.int8())), ["1\t1,", "2\t2,3,"]),
        (pa.array(WORDS_OF_ROWS, pa.list_(pa.string_view())), ["2\ta,b,", "1\tb,"]),
        (pa.array([[9], *WORDS_OF_ROWS][1:]), ["2\ta,b,", "1\tb,"]),
        (pa.array([["z"], *WORDS_OF_ROWS]).slice(1), ["2\ta,b,", "1\tb,"]),
        (pa.array([[0, 0], [1, 2], [3, 4]], pa.list_(pa.int8(), 2)).slice(1), ["1,2,", "3,4,"]),
        (pa.array(np.array([1.5, 2], np.float16)), ["1.5", "2"]),
        (
            pl.Series([["a", "b"], ["b"]], dtype=pl.List(pl.Categorical())).to_arrow(),
            ["a,b,", "b,"],
        ),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_every_layout_of_a_column_is_written_alike(
    array: pa.Array, expected: list[str], tmp_path: Path
) -> None:
    table = pa.table({"chrom": ["chr1"] * 2, "start": [1, 2], "end": [3, 4], "x": array})
    for data in (table, table.to_reader(max_chunksize=1)):
        assert rests(write(data, tmp_path)) == expected


def test_structs_are_objects(tmp_path: Path) -> None:
    values = [{"x": 1, "tags": ["a", "b"]}, {"x": -2, "tags": []}]
    path = write(bed(at=values), tmp_path)
    assert rests(path) == ['1,2,{"a","b",},', "-2,0,{},"]
    assert [v["x"] for v in back(path)["at"].to_pylist()] == [1, -2]


# ── declarations ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", range(3, 13))
def test_pure_bed_has_the_text_of_bedtobigbed(n: int, tmp_path: Path) -> None:
    path = write(bed12().iloc[:, :n], tmp_path)
    assert gidx.open(path).autosql == gidx.autosql.bed(n)
    assert gidx.open(path).bed_type == f"bed{n}"
    assert len(texts(path)[0].split("\t")) == n


def declared(path: Path) -> list[str]:
    return [
        f"{f.declared_type} {f.name}" for f in gidx.autosql.parse(gidx.open(path).autosql).fields
    ]


def test_further_columns_are_declared_by_their_type(tmp_path: Path) -> None:
    frame = bed(
        name=["a", "b"],
        hits=np.array([1, 2], np.int16),
        q=np.array([1, 2], np.float32),
        kind=pd.Categorical(["x", "y"], ["y", "x", "z"]),
        starts=[[1], [2, 3]],
        words=[["u"], []],
        ok=[True, False],
        seq=["A" * 300, "C"],
    )
    path = write(frame, tmp_path)
    assert gidx.open(path).bed_type == "bed4+9"
    assert declared(path)[3:] == [
        "string name", "short hits", "float q", "enum(y, x, z) kind", "int startsCount",
        "bigint[startsCount] starts", "int wordsCount", "string[wordsCount] words", "ubyte ok",
        "lstring seq",
    ]  # fmt: skip


def test_a_fixed_size_list_is_a_fixed_array(tmp_path: Path) -> None:
    pairs = pa.array([[1, 2], [3, 4]], pa.list_(pa.int32(), 2))
    path = write(pa.Table.from_pandas(bed()).append_column("xy", pairs), tmp_path)
    assert declared(path)[3:] == ["int[2] xy"]
    assert rests(path) == ["1,2,", "3,4,"]


def test_a_standard_name_of_another_kind_ends_the_standard_fields(tmp_path: Path) -> None:
    named = bed(name=["a", "b"], score=[0.5, 1], strand=["+", "-"])
    with pytest.warns(gidx.GidxWarning, match=r"column score: found 0.5, .*bed4\+; so strand"):
        path = write(named, tmp_path)
    assert gidx.open(path).bed_type == "bed4+2"
    assert declared(path)[4:] == ["double score", "string strand"]


def test_item_rgb_is_declared_as_ucsc_does(tmp_path: Path) -> None:
    path = write(bed12(x=[5]), tmp_path)
    assert declared(path)[8] == "uint reserved"
    assert gidx.open(path).bed_type == "bed12+1"


@pytest.mark.parametrize("kind", ["bed4+1", "bed4+", "bed5"])
def test_bed_type_says_how_many_columns_are_standard(kind: str, tmp_path: Path) -> None:
    path = write(bed(gene=["a", "b"], value=[1.0, 2.0]), tmp_path, bed_type=kind)
    expected = ["string name", "uint score"] if kind == "bed5" else ["string name", "double value"]
    assert declared(path)[3:] == expected
    assert rests(path) == ["a\t1", "b\t2"]


def test_bed_type_takes_columns_by_name_first(tmp_path: Path) -> None:
    frame = bed(gene=["a", "b"], strand=["+", "-"], score=[1, 2])
    assert rests(write(frame, tmp_path, bed_type="bed6")) == ["a\t1\t+", "b\t2\t-"]


def test_bed_type_of_columns_under_other_names(tmp_path: Path) -> None:
    frame = bed().set_axis(["seqid", "from", "to"], axis=1)
    assert texts(write(frame, tmp_path, bed_type="bed3")) == ["chr1\t10\t15", "chr1\t20\t30"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("bed2", "bed_type is 'bed2', expected bed3 to bed12, with + or +N"),
        ("bed13", "expected bed3 to bed12"),
        ("narrow", "expected bed3 to bed12"),
        ("bed4", "bed4 has 4 fields, the data have 6; pass bed_type='bed4+' for any"),
        ("bed4+1", "bed4+1 has 5 fields, the data have 6; pass bed_type='bed4+' for any"),
        ("bed4+3", "bed4+3 has 7 fields, the data have 6"),
        ("bed5", "bed5: column 'x' is list<item: int64>, field 5 is uint score"),
        ("bed9", "bed9 has strand as field 6, the data have no column for it"),
    ],
)
def test_a_bed_type_that_is_not_that_of_the_data_is_refused(
    kind: str, message: str, tmp_path: Path
) -> None:
    more = {"score": [1, 2]} if kind == "bed9" else {"x": [[1], [2]]}  # a list has a count
    error = refused(bed(name=["a", "b"], **more), tmp_path, bed_type=kind)
    assert message in str(error)


GIVEN = """table mine
"my  rows"
(
string chrom;      "c"
uint   chromStart; "s"
uint   chromEnd;   "e"
string name;       "n"   # a comment
int    hits;       "h"
)"""


def test_a_given_declaration_is_stored_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.as"
    file.write_text(GIVEN)
    frame = bed(hits=[1, 2], name=["a", "b"])  # the declaration says the order
    for autosql in (GIVEN, file, str(file)):
        path = write(frame, tmp_path, autosql=autosql)
        assert gidx.open(path).autosql == GIVEN
        assert rests(path) == ["a\t1", "b\t2"]
        assert gidx.open(path).bed_type == "bed4+1"


def test_a_given_object_is_stored_formatted(tmp_path: Path) -> None:
    autosql = gidx.autosql.parse(GIVEN)
    path = write(bed(name=["a", "b"], hits=[1, 2]), tmp_path, autosql=autosql)
    assert gidx.open(path).autosql == str(autosql)


def test_a_given_declaration_must_name_the_columns(tmp_path: Path) -> None:
    frame = bed(name=["a", "b"], hist=[1, 2], other=[1, 2])
    assert str(refused(frame, tmp_path, autosql=GIVEN)) == (
        "the AutoSQL and the columns differ: field 'hits' is no column; did you mean 'hist'?, "
        "column 'hist' is no field, column 'other' is no field"
    )


def test_a_given_declaration_must_be_of_the_columns_kinds(tmp_path: Path) -> None:
    frame = bed(name=["a", "b"], hits=[[1], [2]])
    message = "column 'hits' is list<item: int64>, its field 'hits' is int"
    assert message in str(refused(frame, tmp_path, autosql=GIVEN))


@pytest.mark.parametrize("autosql", ["table", 5])
def test_a_declaration_that_cannot_be_read_is_refused(autosql: Any, tmp_path: Path) -> None:
    with pytest.raises(AutoSqlError):
        write(bed(), tmp_path, autosql=autosql)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "n"),
    [(name, n) for name in standards.NAMES for n in range(len(standards.declarations(name)))],
)
def test_a_standard_kind_is_declared_by_its_name(name: str, n: int, tmp_path: Path) -> None:
    """As by its text, in bigBed and in BED; of several that of as many fields."""
    text = standards.declarations(name)[n][0]
    fields = gidx.autosql.parse(text).to_arrow()
    word = {"chrom": "chr1", "chromEnd": "5", "strand": "+", "thickEnd": "5", "reserved": "0",
            "blockSizes": "4,", "chromStarts": "0,", "exonFrames": "1,"}  # fmt: skip
    frame = pd.DataFrame({f.name: [word.get(f.name, "1")] for f in fields})
    rows = gidx.read_bed("\t".join(frame.iloc[0]).encode(), schema=name)
    by_name = write(rows, tmp_path, autosql=name.upper()).read_bytes()
    assert by_name == write(rows, tmp_path, autosql=text).read_bytes()
    assert gidx.open(by_name).autosql == text
    for schema in (name, text):
        gidx.write_bed(rows, tmp_path / "a.bed", schema=schema)
        assert (tmp_path / "a.bed").read_bytes() == "\t".join(frame.iloc[0]).encode() + b"\n"


def test_peaks_of_macs_become_a_narrow_peak_file(tmp_path: Path) -> None:
    """galaxy 5419: `asObjects differ`; and MACS2 has scores past 1000."""
    lines = b"chr1\t1\t50\tpeak_1\t%d\t.\t11.5\t121.3\t-1\t20\n"
    peaks = gidx.read_bed(lines % 213, schema="narrowPeak")
    assert gidx.open(write(peaks, tmp_path, autosql="narrowPeak")).bed_type == "bed6+4"
    assert str(refused(gidx.read_bed(lines % 1213, schema="narrowPeak"), tmp_path)) == (
        "row 0 (chr1:2-50), column score: found 1213, expected 0 to 1000; "
        "pass bed_type='bed4+' to write it as a further field"
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("narowPeak", "autosql is 'narowPeak'; did you mean 'narrowPeak'"),
        ("bed6", r"autosql is 'bed6'; pass bed_type='bed6'"),
        ("bed6+4", r"autosql is 'bed6\+4'; pass bed_type='bed6\+4'"),
    ],
)
def test_a_word_that_names_no_kind_says_which_there_are(
    word: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(AutoSqlError, match=said):
        write(bed(), tmp_path, autosql=word)


def test_a_type_that_autosql_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AutoSqlError, match="cast it to string"):
        write(bed(when=pd.to_datetime(["2020", "2021"])), tmp_path)


def test_a_declaration_that_was_read_is_written_again(tmp_path: Path) -> None:
    frame = gidx.read_bigbed(write(bed(name=["a", "b"], hits=[1, 2]), tmp_path, autosql=GIVEN))
    native = gidx.open(tmp_path / "out.bb").to_table(names="native")
    for data in (frame, frame.assign(hits=frame["hits"].astype("int64") + 1), native):
        assert gidx.open(write(data, tmp_path)).autosql == GIVEN


def test_a_declaration_that_was_read_gives_way_to_longer_texts(tmp_path: Path) -> None:
    text = f'{LISTS} string note; "a note")'
    frame = gidx.read_bigbed(write(bed(note=["a", "b"]), tmp_path, autosql=text))
    path = write(frame.assign(note=["a", "b" * 256]), tmp_path)
    assert declared(path)[3:] == ["lstring note"]
    assert gidx.autosql.parse(gidx.open(path).autosql).fields[3].comment == "a note"


def test_an_enum_that_was_read_follows_its_categories(tmp_path: Path) -> None:
    text = f'{LISTS} enum(a, b) kind; "")'
    frame = gidx.read_bigbed(write(bed(kind=["a", "b"]), tmp_path, autosql=text))
    assert gidx.open(write(frame, tmp_path)).autosql == text
    wider = frame.assign(kind=frame["kind"].cat.add_categories(["c"]))
    assert declared(write(wider, tmp_path))[3:] == ["enum(a, b, c) kind"]


def test_a_declaration_that_was_read_follows_the_columns(tmp_path: Path) -> None:
    frame = gidx.read_bigbed(write(bed(name=["a", "b"], hits=[1, 2]), tmp_path, autosql=GIVEN))
    path = write(frame.drop(columns="name").assign(new=[0.5, 1]), tmp_path)
    found = gidx.autosql.parse(gidx.open(path).autosql)
    assert declared(path)[3:] == ["int hits", "double new"]
    assert (found.table.name, found.table.comment) == ("mine", "my  rows")
    assert found.fields[3].comment == "h"
    assert gidx.open(path).bed_type == "bed3+2"


def test_extra_fields_named_like_positions_come_back(tmp_path: Path) -> None:
    text = f'{LISTS} int end; "" int start; "")'
    first = write(pa.table({
        "chrom": ["chr1"], "chromStart": [1], "chromEnd": [2], "end": [3], "start": [4],
    }), tmp_path, autosql=text)  # fmt: skip
    frame = gidx.read_bigbed(first)
    assert rests(first) == ["3\t4"]
    assert gidx.open(write(frame, tmp_path)).autosql == text
    assert rests(write(frame, tmp_path)) == ["3\t4"]


# ── the file ────────────────────────────────────────────────────────────────────────────────────


def test_extra_indexes_find_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "chrom": ["chr2", "chr1", "chr1"], "start": [1, 2, 3], "end": 9,
        "name": ["b", "a", "b"], "gene": ["x", "y", ""],
    })  # fmt: skip
    path = write(frame, tmp_path, extra_index=["name", "gene"])
    dataset = gidx.open(path)
    assert dataset.indexes == ["name", "gene"]
    assert dataset.find("b", field="name")["start"].to_pylist() == [3, 1]
    assert dataset.find("y", field="gene")["start"].to_pylist() == [2]
    for none in (None, (), []):
        assert gidx.open(write(frame, tmp_path, extra_index=none)).indexes == []


def test_chrom_can_be_indexed(tmp_path: Path) -> None:
    dataset = gidx.open(write(TABLE, tmp_path, extra_index="chrom"))
    assert dataset.find("chr2", field="chrom").num_rows == 1


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("nme", "extra_index: no column 'nme'; did you mean 'name'?"),
        ("score", "extra_index: 'score' is declared uint, expected string; pass an autosql"),
        (["name", "name"], "extra_index: 'name' is given twice"),
    ],
)
def test_an_extra_index_must_be_of_a_string(index: Any, message: str, tmp_path: Path) -> None:
    assert message in str(refused(TABLE, tmp_path, extra_index=index))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "gzip"}, "compression is 'gzip', expected 'zlib' or None"),
        ({"level": 0}, "level is 0, expected 1 to 12; compression=None writes plain"),
        ({"items_per_slot": 0}, "items_per_slot is 0"),
        ({"fan_out": 1}, "fan_out is 1"),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    assert message in str(refused(TABLE, tmp_path, **options))


def test_threads_and_pieces_do_not_change_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = np.sort(np.random.default_rng(1).integers(0, 900, 3000))
    names = [f"i{i}" for i in range(3000)]
    chrom = np.repeat([f"c{i}" for i in range(30)], 100)
    start = np.concatenate([np.sort(part) for part in start.reshape(30, 100)])
    frame = pd.DataFrame({"chrom": chrom, "start": start, "end": start + 5, "name": names})
    sizes = {f"c{i}": 1000 for i in range(30)}
    found = set()
    for rows, threads in ((65536, 1), (65536, 4), (128, 2), (7, 3)):
        monkeypatch.setattr(tuning, "write_rows", rows)
        options = {"items_per_slot": 7, "threads": threads, "extra_index": "name"}
        found.add(write(frame, tmp_path, sizes, **options).read_bytes())
    assert len(found) == 1


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    write(TABLE, tmp_path, progress=told.append)
    assert told[-1] == 3


def test_a_source_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Any:
        yield TABLE
        raise RuntimeError("the network is down")

    with pytest.raises(RuntimeError, match="network"):
        write(broken(), tmp_path)
    gc.collect()
    assert os.listdir(tmp_path) == []


# SHA-256 of what UCSC's bedToBigBed 2.10 makes of `example(n)`:
# -unc -tab -type=bedN -itemsPerSlot=16 -blockSize=8, from bed4 on -extraIndex=name
DIGESTS = {
    3: "e31d9bd1192e041c8a7e0091308414ee2df105042a5692c11d067a3532b9b7a3",
    4: "d5242680e019bb05f5af1a19b7199eb707ab06d0b0fb100ef55a7aabc01d95f2",
    6: "24dab6fbd695635d68b555e9b4b984d7e5f79176f7c414ce944e15edabf4a377",
    9: "d7340f13082a355db6767f7a213c8f538b2adf70f1afcd816bd5b2bd2078fbce",
    12: "9805f3daf63b5f35f1a577a00aa1cc309671aec9775d89ac7bf315fc207481b3",
}


def example(n: int) -> pd.DataFrame:
    """300 rows of bed12 on two chroms, the first n columns."""
    i = np.arange(300)
    start = np.where(i < 200, i * 4, (i - 200) * 2)
    size = 3 + i % 50
    frame = pd.DataFrame({
        "chrom": np.where(i < 200, "chr1", "chr2"), "start": start, "end": start + size,
        "name": [f"item{k % 7}" for k in i], "score": i * 37 % 1001,
        "strand": np.array(["+", "-", "."])[i % 3], "thickStart": start, "thickEnd": start + 1,
        "itemRgb": np.array(["0", "255,0,10"])[i % 2], "blockCount": 2,
        "blockSizes": [[1, int(s) - 2] for s in size], "chromStarts": [[0, 2]] * 300,
    })  # fmt: skip
    return frame.iloc[:, :n]


# ── laws ────────────────────────────────────────────────────────────────────────────────────────

WORDS = st.text(st.characters(exclude_characters="\t\n\r\0,", codec="utf-8"), max_size=5)
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "count": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "large": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "small": (pa.uint8(), st.integers(0, 255)),
    "real": (pa.float64(), st.floats(allow_nan=False)),
    "single": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "text": (pa.string(), WORDS),
    "kind": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["u", "v"])),
    "pair": (pa.list_(pa.int16(), 2), st.lists(st.integers(-5, 5), min_size=2, max_size=2)),
    "numbers": (pa.list_(pa.int64()), st.lists(st.integers(-5, 2**40), max_size=3)),
    "words": (pa.list_(pa.string()), st.lists(WORDS, max_size=3)),
    "reals": (pa.list_(pa.float64()), st.lists(st.floats(allow_nan=False), max_size=2)),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Rows in file order: bed3 to bed6, and some further columns."""
    rows = []
    for chrom in sorted(draw(st.sets(st.sampled_from(list(SIZES)), min_size=1))):
        spans = st.tuples(st.integers(0, 250), st.integers(1, 40))
        found = sorted(draw(st.lists(spans, min_size=1, max_size=12)))
        rows += [(chrom, start, start + size) for start, size in found]
    n = len(rows)

    def column(kind: pa.DataType, values: st.SearchStrategy[Any]) -> pa.Array:
        return pa.array(draw(st.lists(values, min_size=n, max_size=n)), kind)

    columns = {
        "chrom": pa.array([row[0] for row in rows]),
        "start": pa.array([row[1] for row in rows]),
        "end": pa.array([row[2] for row in rows]),
    }
    standard = {
        "name": (pa.string(), WORDS),
        "score": (pa.uint32(), st.integers(0, 1000)),
        "strand": (pa.string(), st.sampled_from("+-.")),
    }
    for name in list(standard)[: draw(st.integers(0, 3))]:
        columns[name] = column(*standard[name])
    for name in draw(st.lists(st.sampled_from(list(COLUMNS)), unique=True, max_size=4)):
        columns[name] = column(*COLUMNS[name])
    return pa.table(columns)


options = st.fixed_dictionaries({
    "compression": st.sampled_from(["zlib", None]),
    "items_per_slot": st.integers(1, 5),
    "fan_out": st.integers(2, 4),
    "threads": st.integers(1, 2),
})  # fmt: skip


def as_lists(table: pa.Table) -> dict[str, list[Any]]:
    return {name: table[name].to_pylist() for name in table.column_names}


@given(tables(), options)
def test_what_is_written_is_read(table: pa.Table, how: dict[str, Any]) -> None:
    file = io.BytesIO()
    gidx.write_bigbed(table, file, SIZES, **how)
    found = gidx.open(file.getvalue()).to_table()
    assert as_lists(found.select(table.column_names)) == as_lists(table)
    for f in table.schema.remove(0):  # chrom is a dictionary
        assert found.schema.field(f.name).type.equals(f.type), f.name


@given(tables(), st.randoms(use_true_random=False), options)
def test_sorting_what_was_shuffled_is_the_file_again(
    table: pa.Table, random: Any, how: dict[str, Any]
) -> None:
    numbered = table.append_column("number", pa.array(range(len(table))))
    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = numbered.take(order)
    file = io.BytesIO()
    gidx.write_bigbed(shuffled, file, SIZES, sort=True, **how)
    found = gidx.open(file.getvalue()).to_table()["number"].to_pylist()
    place = {number: i for i, number in enumerate(order)}
    keys = list(zip(table["chrom"].to_pylist(), table["start"].to_pylist(), strict=True))
    assert found == sorted(range(len(table)), key=lambda k: (keys[k], place[k]))


@given(tables(), options)
def test_other_readers_see_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, table: pa.Table, how: dict[str, Any]
) -> None:
    path = write(table, tmp_path_factory.mktemp("law"), **how)
    heads = list(zip(*(table[n].to_pylist() for n in ("chrom", "start", "end")), strict=True))
    rows = texts(path)  # pyBigWig
    assert [tuple(row.split("\t")[:3]) for row in rows] == [
        (chrom, str(start), str(end)) for chrom, start, end in heads
    ]
    for words, row in zip(by_pybigtools(path), rows, strict=True):
        fields = row.split("\t")
        if "" not in fields and not any(c.isspace() for c in row.replace("\t", "")):
            assert words == fields
    frame = oxbow.from_bigbed(str(path)).to_pandas()
    assert [
        (c, s, e) for c, s, e in frame[["chrom", "start", "end"]].itertuples(index=False)
    ] == heads
    if len(table.column_names) > 3:
        assert frame["rest"].tolist() == [row.split("\t", 3)[3] for row in rows]


def by_pybigtools(path: Path) -> list[list[str]]:
    """Rows as words: it splits them at white space, and loses empty fields."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = pybigtools.open(str(path))
        return [
            [chrom, *map(str, record)]
            for chrom in sorted(file.chroms())
            for record in file.records(chrom)
        ]


@pytest.mark.parametrize("n", [3, 4, 5, 6, 8, 9, 12])
@pytest.mark.parametrize("compression", ["zlib", None])
def test_biopython_reads_the_same_rows(n: int, compression: str | None, tmp_path: Path) -> None:
    frame = example(n)
    path = write(frame, tmp_path, compression=compression, items_per_slot=16, fan_out=8)
    with path.open("rb") as file:
        found = list(Align.parse(file, "bigbed"))
    assert [a.target.id for a in found] == frame["chrom"].tolist()
    assert [int(a.coordinates[0, 0]) for a in found] == frame["start"].tolist()
    assert [int(a.coordinates[0, -1]) for a in found] == frame["end"].tolist()
    if n >= 4:
        assert [a.query.id for a in found] == frame["name"].tolist()
    if n >= 5:
        assert [a.score for a in found] == frame["score"].tolist()


def test_oxbow_reads_the_declared_columns(tmp_path: Path) -> None:
    frame = example(6).assign(hits=np.arange(300, dtype=np.int32), q=np.arange(300) / 8)
    found = oxbow.from_bigbed(str(write(frame, tmp_path)), schema="autosql").to_pandas()
    for name in frame:
        assert found[name].tolist() == frame[name].tolist()


@pytest.mark.parametrize("n", DIGESTS)
def test_a_plain_file_is_that_of_bedtobigbed(n: int, tmp_path: Path) -> None:
    options: dict[str, Any] = {"compression": None, "items_per_slot": 16, "fan_out": 8}
    path = write(example(n), tmp_path, extra_index=["name"] if n > 3 else [], **options)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGESTS[n]


def test_rows_of_one_chrom_stand_together_in_the_file(tmp_path: Path) -> None:
    frame = example(4)
    shuffled = pd.concat([part for _, part in reversed(list(frame.groupby("chrom")))])
    chroms = [row.split("\t")[0] for row in texts(write(shuffled, tmp_path))]
    assert [name for name, _ in groupby(chroms)] == ["chr1", "chr2"]
    assert write(shuffled, tmp_path).read_bytes() == write(frame, tmp_path).read_bytes()


def test_a_broken_file_that_is_written_elsewhere_raises_its_own_error(tmp_path):
    rows = "".join(f"chr1\t{i}\t{i + 1}\n" for i in range(20_000)) + "chr1\tx\t5\n"
    dataset = gidx.open(rows.encode())
    with pytest.raises(gidx.FormatError, match="'x'"):
        gidx.write_bed(dataset, tmp_path / "a.bed")
    assert not list(tmp_path.iterdir())


def kent_takes(start: int, end: int, sizes: list[int], begins: list[int], fudge: int) -> bool:
    """`loadAndValidateBedExt` of kent/src/lib/basicBed.c, on the blocks of a row."""
    if begins[0] != 0:
        return False
    for i in range(1, len(sizes)):
        if begins[i] + start >= end or not begins[i] >= begins[i - 1] + sizes[i - 1] + fudge:
            return False
    return start + begins[-1] + sizes[-1] == end


SMALL = st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2)), min_size=1, max_size=4)


@given(SMALL, st.sampled_from([0, 0, 0, 1]), st.booleans())
def test_blocks_are_taken_as_bedtobigbed_takes_them(blocks, short, lap):
    sizes, begins = [blocks[0][0]], [0]
    for size, gap in blocks[1:]:
        begins.append(max(begins[-1] + sizes[-1] + gap, 0))
        sizes.append(size)
    start, end = 100, 100 + begins[-1] + sizes[-1] + short
    row = bed12(start=[start], end=[end], thickStart=[0], thickEnd=[0], blockCount=[len(sizes)],
                blockSizes=[sizes], chromStarts=[begins])  # fmt: skip
    taken = kent_takes(start, end, sizes, begins, -1 if lap else 0)
    # behind a block of no length, kent lets one begin before it
    taken = taken and begins == sorted(begins)
    try:
        gidx.write_bigbed(row, io.BytesIO(), SIZES, bed_type="bed12", allow_1bp_overlap=lap)
    except WriteError:
        assert not taken
    else:
        assert taken


@pytest.mark.parametrize(("lap", "fits"), [(0, True), (1, True), (2, False)])
def test_blocks_may_have_a_base_in_common_where_that_is_asked(tmp_path, lap, fits):
    rows = pd.DataFrame({
        "chrom": "a", "start": [10], "end": [30], "name": "x", "score": 0, "strand": "+",
        "thickStart": 10, "thickEnd": 10, "reserved": 0, "blockCount": 2,
        "blockSizes": [[8 + lap, 12]], "chromStarts": [[0, 8]],
    })  # fmt: skip
    options = {"chromsizes": {"a": 100}, "bed_type": "bed12"}
    if lap:
        with pytest.raises(WriteError, match="blocks 0 and 1 overlap"):
            gidx.write_bigbed(rows, tmp_path / "a.bb", **options)
    if fits:
        # any true value: it is no number of bases
        gidx.write_bigbed(rows, tmp_path / "a.bb", allow_1bp_overlap=3, **options)
        assert gidx.read_bigbed(tmp_path / "a.bb")["blockSizes"].tolist() == [[8 + lap, 12]]
    else:
        with pytest.raises(WriteError, match="blocks 0 and 1 overlap"):
            gidx.write_bigbed(rows, tmp_path / "a.bb", allow_1bp_overlap=True, **options)
