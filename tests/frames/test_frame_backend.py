"""Arrow tables as DataFrames: dtypes of each backend, nothing lost, nothing copied in vain."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gidx
from gidx.errors import ColumnError
from gidx.frames.backend import Categories, integers_like, to_frame

BACKENDS = ["pyarrow", "numpy_nullable", None]
MAP = pa.map_(pa.string(), pa.list_(pa.string(), 2))
STRUCT = pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())])

# name: type, a value, its dtype in each of the backends
COLUMNS = {
    "bool": (pa.bool_(), True, "boolean", "object"),
    "int8": (pa.int8(), -128, "Int8", "float64"),
    "int16": (pa.int16(), 2**15 - 1, "Int16", "float64"),
    "int32": (pa.int32(), -(2**31), "Int32", "float64"),
    "int64": (pa.int64(), 2**53, "Int64", "float64"),
    "uint8": (pa.uint8(), 255, "UInt8", "float64"),
    "uint16": (pa.uint16(), 2**16 - 1, "UInt16", "float64"),
    "uint32": (pa.uint32(), 2**32 - 1, "UInt32", "float64"),
    "uint64": (pa.uint64(), 2**53, "UInt64", "float64"),
    "float16": (pa.float16(), np.float16(0.5), pd.ArrowDtype(pa.float16()), "float16"),
    "float32": (pa.float32(), 0.5, "Float32", "float32"),
    "float64": (pa.float64(), 1e300, "Float64", "float64"),
    "text": (pa.string(), "ä", "string", None),
    "large": (pa.large_string(), "ä", "string", None),
    "null": (pa.null(), None, pd.ArrowDtype(pa.null()), "object"),
}
NESTED = {
    "list": (pa.list_(pa.int32()), [1, None]),
    "large_list": (pa.large_list(pa.string()), ["a"]),
    "fixed": (pa.list_(pa.int8(), 2), [1, 2]),
    "empty": (pa.list_(pa.string()), []),
    "struct": (STRUCT, {"alleles": [0, 1], "phased": True}),
    "of structs": (pa.list_(STRUCT, 1), [{"alleles": [None], "phased": False}]),
    "map": (MAP, [("DP", ["1", None])]),
    "set": (pa.list_(pa.dictionary(pa.int32(), pa.string())), ["x", "y"]),
}


def text_dtype():
    return pd.Series(["a"]).dtype if pd.__version__ >= "3" else np.dtype(object)


def table_of(columns, rows):
    """Each column's value, then missing ones."""
    arrays = {n: pa.array([c[1], None, c[1]][:rows], c[0]) for n, c in columns.items()}
    return pa.table(arrays)


@pytest.mark.parametrize("name", COLUMNS)
def test_each_backend_has_a_dtype_for_each_type(name):
    kind, _, nullable, own = COLUMNS[name]
    table = table_of(COLUMNS, 2)
    assert to_frame(table)[name].dtype == pd.ArrowDtype(kind)
    assert to_frame(table, "numpy_nullable")[name].dtype == nullable
    assert to_frame(table, None)[name].dtype == (text_dtype() if own is None else own)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_values_and_missing_ones_are_those_of_the_table(backend, rows):
    table = table_of(COLUMNS, rows)
    frame = to_frame(table, backend)
    assert len(frame) == rows
    for name, values in table.to_pydict().items():
        found = [None if pd.isna(v) else v for v in frame[name]]
        assert found == values, name


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NESTED)
def test_nested_columns_are_typed_in_every_backend(backend, name):
    kind, _ = NESTED[name]
    for rows in (0, 3):
        table = table_of(NESTED, rows)
        frame = to_frame(table, backend)
        assert frame[name].dtype == pd.ArrowDtype(kind)
        assert pa.chunked_array(pa.array(frame[name])).to_pylist() == table[name].to_pylist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_without_chunks_has_the_dtypes_of_one_with_rows(backend):
    schema = table_of(COLUMNS | NESTED, 1).schema
    table = pa.table([pa.chunked_array([], t) for t in schema.types], schema=schema)
    frame = to_frame(table, backend)
    assert frame.shape == (0, len(schema))
    if backend is not None:  # numpy's depend on whether a value is missing
        assert (frame.dtypes == to_frame(table_of(COLUMNS | NESTED, 3), backend).dtypes).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_dictionaries_are_categorical_with_their_values_in_order(backend):
    codes = pa.array([2, None, 0], pa.int32())
    chrom = pa.DictionaryArray.from_arrays(codes, pa.array(["chr2", "chr10", "chr1"]))
    frame = to_frame(pa.table({"chrom": chrom}), backend)
    assert frame["chrom"].cat.categories.tolist() == ["chr2", "chr10", "chr1"]
    assert frame["chrom"].isna().tolist() == [False, True, False]
    assert frame["chrom"].iloc[[0, 2]].tolist() == ["chr1", "chr2"]
    assert not frame["chrom"].cat.ordered


@pytest.mark.parametrize("backend", BACKENDS)
def test_chunks_with_other_dictionaries_become_one_categorical(backend):
    chunks = [pa.array(v).dictionary_encode() for v in (["b", "a"], ["c", "b"], ["a"])]
    frame = to_frame(pa.table({"chrom": pa.chunked_array(chunks)}), backend)
    assert frame["chrom"].cat.categories.tolist() == ["b", "a", "c"]
    assert frame["chrom"].tolist() == ["b", "a", "c", "b", "a"]


VALUES = st.lists(st.text(max_size=2), unique=True, max_size=4)
CHUNKS = st.lists(
    st.tuples(VALUES, st.lists(st.integers(0, 3) | st.none(), max_size=4)), max_size=3
)


TEXTS = pd.Series(["a"]).astype("category").cat.categories[:0]  # no texts


def chunked(chunks, ordered):
    """Chunks of (values, places in them): those that have the same values share them."""
    shared = {}
    arrays = [
        pa.DictionaryArray.from_arrays(
            pa.array([None if i is None or i >= len(v) else i for i in codes], pa.int32()),
            shared.setdefault(tuple(v), pa.array(v, pa.string())), ordered=ordered,
        )
        for v, codes in chunks
    ]  # fmt: skip
    kind = pa.dictionary(pa.int32(), pa.string(), ordered)
    return pa.chunked_array(arrays, kind)


@given(st.lists(CHUNKS, min_size=1, max_size=4), st.booleans())
def test_categories_that_tables_share_are_those_that_each_would_have(tables, ordered):
    """Whatever dictionaries come, and come again; the oracle is pyarrow's own way, but that no
    categories are of texts too, not objects, which pandas does not join with others."""
    shared = Categories()
    columns = [chunked(chunks, ordered) for chunks in tables]
    for column in [*columns, *columns, *(column[1:] for column in columns)]:
        table = pa.table({"chrom": column})
        found = to_frame(table, categories=shared)
        expected = table.to_pandas()
        if not len(expected["chrom"].cat.categories):
            expected["chrom"] = expected["chrom"].cat.set_categories(TEXTS)
        pd.testing.assert_frame_equal(found, expected)
        assert found["chrom"].cat.codes.dtype == expected["chrom"].cat.codes.dtype


def test_frames_of_one_file_share_its_chroms(tmp_path):
    """Else each region of a file of many contigs waits for an index of all of them."""
    frame = pd.DataFrame({"chrom": [f"c{i}" for i in range(300)], "start": 1, "end": 2})
    gidx.write_bed(frame, tmp_path / "a.bed.gz", sort=True)
    with gidx.open(tmp_path / "a.bed.gz") as ds:
        first, second = (ds.to_pandas(name)["chrom"].cat for name in ("c7", ["c8", "c9"]))
        assert first.categories is second.categories
        assert first.categories.tolist() == list(ds.chroms)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1])
def test_without_a_backend_integers_that_float64_cannot_hold_are_nullable(value):
    table = pa.table({"x": pa.array([value, None]), "y": pa.array([1, None])})
    frame = to_frame(table, None)
    assert frame.dtypes.astype(str).tolist() == ["Int64", "float64"]
    assert frame["x"][0] == value
    assert frame["x"].isna().tolist() == [False, True]


@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("kind", [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()])
def test_categories_that_unsigned_numbers_stand_for_are_categories(kind, chunks):
    """As polars has them; pyarrow 18 makes no pandas column of them."""
    values = pa.array(["b", None, "a"]).dictionary_encode()
    values = values.cast(pa.dictionary(kind, pa.string()))
    column = pa.chunked_array([values, values.dictionary_encode()[::-1]][:chunks])
    found = to_frame(pa.table({"x": column}))["x"]
    assert found.cat.categories.tolist() == ["b", "a"]
    assert found.astype(object).where(found.notna(), None).tolist() == column.to_pylist()


def test_without_a_backend_large_unsigned_ones_are_nullable_too():
    frame = to_frame(pa.table({"x": pa.array([2**64 - 1, None], pa.uint64())}), None)
    assert frame["x"].dtype == "UInt64"
    assert frame["x"][0] == 2**64 - 1


def test_without_missing_values_integers_are_numpys_whatever_their_size():
    table = pa.table({"x": pa.array([2**63 - 1]), "y": pa.array([2**64 - 1], pa.uint64())})
    frame = to_frame(table, None)
    assert frame.dtypes.astype(str).tolist() == ["int64", "uint64"]
    assert frame["y"][0] == 2**64 - 1


def test_pyarrow_columns_are_the_tables_memory():
    table = table_of({n: c[:2] for n, c in (COLUMNS | NESTED).items()}, 3)
    frame = to_frame(table)
    for name in table.column_names:
        mine = pa.chunked_array(pa.array(frame[name])).chunk(0).buffers()
        theirs = table[name].chunk(0).buffers()
        assert addresses(mine) == addresses(theirs), name


@pytest.mark.parametrize("backend", ["numpy_nullable", None])
def test_nested_columns_are_the_tables_memory_in_every_backend(backend):
    table = table_of(NESTED, 3)
    frame = to_frame(table, backend)
    for name in table.column_names:
        mine = pa.chunked_array(pa.array(frame[name])).chunk(0).buffers()
        assert addresses(mine) == addresses(table[name].chunk(0).buffers())


def addresses(buffers):
    return [b and b.address for b in buffers]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frame_can_be_assigned_to(backend):
    """Memory that is the table's own is not, so that the table never changes."""
    table = pa.table({"x": pa.array([1, 2, 3]), "y": pa.array([0.5, 1.5, 2.5])})
    frame = to_frame(table, backend)
    frame.loc[1, "x"] = 9
    frame.loc[frame["y"] > 1, "y"] = 0
    assert frame["x"].tolist() == [1, 9, 3]
    assert frame["y"].tolist() == [0.5, 0, 0]
    assert table.to_pydict() == {"x": [1, 2, 3], "y": [0.5, 1.5, 2.5]}


def test_metadata_are_in_attrs_as_a_text():
    text = json.dumps({"version": 1, "format": "bed"})
    table = pa.table({"x": [1]}).replace_schema_metadata({"gidx": text, "other": "thing"})
    assert to_frame(table).attrs == {"gidx": text}
    assert to_frame(pa.table({"x": [1]})).attrs == {}


def test_two_columns_of_one_name_stay_two():
    table = pa.table([pa.array([2**60, None])] * 2, names=["x", "x"])
    assert to_frame(table, None).dtypes.astype(str).tolist() == ["Int64", "Int64"]


def test_an_unknown_backend_is_named():
    with pytest.raises(ValueError, match="'arrow', expected one of 'pyarrow', 'numpy_nullable'"):
        to_frame(pa.table({"x": [1]}), "arrow")


# ── positions in the dtype of a column ──────────────────────────────────────────────────────────

HOLDERS = ["int64", "Int64", "int64[pyarrow]", "uint32", "Int32", "uint32[pyarrow]", "float64"]


@pytest.mark.parametrize("dtype", [*HOLDERS, "object"])
def test_positions_take_the_dtype_of_a_column(dtype):
    like = pd.Series([1], dtype=dtype)
    found = pd.Series(integers_like(np.array([0, 7, 2**31 - 1]), None, like))
    assert found.dtype == like.dtype
    assert found.tolist() == [0, 7, 2**31 - 1]


@pytest.mark.parametrize(
    "dtype", ["Int64", "int64[pyarrow]", "UInt16", "int16[pyarrow]", "float64"]
)
def test_positions_that_are_missing_stay_so_where_the_dtype_knows_it(dtype):
    mask = np.array([False, True])
    found = pd.Series(integers_like(np.array([5, 0]), mask, pd.Series([1], dtype=dtype)))
    assert found.isna().tolist() == [False, True]
    assert found[0] == 5


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("int8", 128), ("Int8", 128), ("int8[pyarrow]", -129), ("uint32", -1), ("float32", 2**24 + 1)],
)
def test_positions_that_a_dtype_cannot_hold_are_an_error(dtype, value):
    with pytest.raises(ColumnError, match=r"column 'start' is \S+, which cannot hold"):
        integers_like(np.array([value]), None, pd.Series([1], dtype=dtype, name="start"))
