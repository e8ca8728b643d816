"""Columns made in one call are those that are made one by one, or are left to that."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx.arrow.decode import Column, Items, decode_items
from gidx.arrow.plan import PLACES, BatchLayout, Flag, Place, Plan, Texts, words_of
from gidx.ground.tuning import tuning
from gidx.kernels.columns import empty_maps

KINDS = {
    "text": pa.string(),
    "int8": pa.int8(),
    "uint16": pa.uint16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "word": pa.dictionary(pa.int32(), pa.string()),
}
SCALARS = st.sampled_from(["", ".", "0", "-1", "007", "-0", "+5", "255", "256", "70000", "1.5",
    "0.1", "1e3", "1e39", "1e-400", "nan", "-inf", "12345678901234567890", "9223372036854775808",
    "3.14159265358979", "3.141592653589793238", "one", "two", "Zürich", "a%2C", "x" * 40,
    "255,0,10"])  # fmt: skip
LISTS = st.lists(SCALARS.filter(lambda s: "," not in s), max_size=4).map(",".join)


def laid_out(columns: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of fields parted by tabs, and their bounds."""
    rows = list(zip(*columns, strict=True))
    text = "".join("\t".join(row) + "\n" for row in rows).encode()
    bounds, at = [], 0
    for row in rows:
        sizes = [len(cell.encode()) + 1 for cell in row]
        bounds.append(np.cumsum([at, *sizes]))
        at += sum(sizes)
    fields = np.array(bounds, np.int32).reshape(len(rows), len(columns) + 1).T.copy()
    return np.frombuffer(text, np.uint8), fields


def made(columns, text, fields, places=None, names=()):
    none = np.zeros(fields.shape[1], np.int64)
    places = places or (none.astype(np.int32), none, none)
    plan = Plan(columns)
    return plan.imported(plan.of_rows(text, fields, *places, words_of(names)))


def columns_of(draw, kind: pa.DataType, field: int) -> Column:
    listed = draw(st.sampled_from([None, -1, 2]))
    missing = draw(st.sampled_from([None, b"."]))
    options = {"missing": missing, "values": ("one", "two") if pa.types.is_dictionary(kind) else ()}
    if listed is not None:
        whole = pa.list_(kind, listed)
        return Column("c", whole, field, "", closed=draw(st.booleans()), **options)
    if pa.types.is_integer(kind):
        options["color"] = draw(st.booleans())
    if kind in (pa.int64(), pa.uint64(), pa.float64()):
        options["guessed"] = draw(st.booleans())
    return Column("c", kind, field, "", **options)


@given(st.data(), st.integers(0, 30))
def test_a_column_is_the_same_made_with_all_or_alone(data, n):
    kinds = data.draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4))
    columns = [columns_of(data.draw, KINDS[kind], i) for i, kind in enumerate(kinds)]
    few = [
        data.draw(st.lists(LISTS if c.is_list else SCALARS, min_size=1, max_size=3))
        for c in columns
    ]
    cells = [[data.draw(st.sampled_from(some)) for _ in range(n)] for some in few]
    text, fields = laid_out(cells)
    for column, array in zip(columns, made(columns, text, fields), strict=True):
        items = Items(text, fields[column.field], fields[column.field + 1])
        alone, problem = decode_items(items, column, fields)
        if array is None:
            continue
        array.validate(full=True)
        assert problem is None
        assert array.type == alone.type
        # NaN is NaN here
        assert repr(array.to_pylist()) == repr(alone.to_pylist())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_of_its_type_is_made_in_one_call(kind):
    cell = {"text": "Zürich", "word": "two", "float32": "0.25", "float64": "1e-5"}.get(kind, "42")
    values = ("one", "two") if kind == "word" else ()
    one = Column("c", KINDS[kind], 0, "", missing=b".", values=values)
    many = Column("c", pa.list_(KINDS[kind]), 1, "", missing=b".", values=values, closed=False)
    text, fields = laid_out([[cell, ".", cell], [f"{cell},.,{cell}", ".", cell]])
    scalars, lists = made([one, many], text, fields)
    value = scalars[0].as_py()
    assert scalars.to_pylist() == [value, None, value]
    assert lists.to_pylist() == [[value, None, value], None, [value]]


def test_places_are_columns_and_no_chrom_is_missing():
    text, fields = laid_out([["x", "y"]])
    places = np.array([1, -1], np.int32), np.array([4, 6]), np.array([5, 9])
    shifted = Place(PLACES[1].kind, shift=1)
    chrom, start, end, native = made([*PLACES, shifted], text, fields, places, ["chr1", "chr2"])
    assert chrom.to_pylist() == ["chr2", None]
    assert [a.to_pylist() for a in (start, end, native)] == [[4, 6], [5, 9], [5, 7]]


def test_lists_whose_count_is_a_field_are_made_where_it_is_right():
    counted = Column("c", pa.list_(pa.int32()), 1, "", counted_by=0)
    for count, expected in (("2", [[3, 4]]), ("3", None), ("two", [[3, 4]])):
        text, fields = laid_out([[count], ["3,4,"]])
        (array,) = made([counted], text, fields)
        assert (array and array.to_pylist()) == expected


def test_found_texts_are_made_but_for_those_to_skip():
    text = np.frombuffer(b"A=5;F;A=x", np.uint8)
    begins = np.array([[2, 0], [8, 0], [5, 0]], np.int32)
    nexts = np.array([[4, 1], [10, 1], [6, 1]], np.int32)
    there = np.array([[1, 0], [1, 0], [1, 0]], np.uint8)
    plan = Plan([Column("A", pa.int32(), 0, ""), Column("A", pa.string(), 0, ""), Flag()])
    found = plan.imported(plan.of_items(text, begins, nexts, there, plan.none))
    assert [a.to_pylist() for a in found] == [[5, None], ["x", None], [True, False]]
    some = plan.of_items(text, begins, nexts, there, np.array([0, 1, 0], np.uint8))
    assert (some.odd(), some.is_made(0), some.is_made(1)) == ([1], True, False)
    assert plan.imported(some)[1] is None


def test_what_a_format_asks_of_texts():
    def one(cell, **options):
        kind = options.pop("kind", pa.string())
        text, fields = laid_out([[cell]])
        column = Column("c", kind, 0, "", missing=b".", closed=False)
        (array,) = made([Texts(column, **options)], text, fields)
        return array and array.to_pylist()

    assert one("a%2Cb") == ["a%2Cb"]
    assert one("a%2Cb", percent=True) is None
    assert one("-9", kind=pa.int32(), low=-8) is None
    assert one("", kind=pa.list_(pa.int32())) is None
    assert one("", kind=pa.list_(pa.int32()), empties=True) == [[]]
    assert one("1,2", kind=pa.list_(pa.int32(), 2), ragged=True) == [[1, 2]]


def test_arrays_own_what_they_hold():
    text, fields = laid_out([["one", "two"], ["1,2", "3"]])
    word = Column("c", KINDS["word"], 0, "", values=("one", "two"))
    plan = Plan([*PLACES, word, Column("d", pa.list_(pa.int32()), 1, "", closed=False)])
    none = np.zeros(2, np.int64)
    nothing = none.astype(np.int32), none, none
    found = plan.imported(plan.of_rows(text, fields, *nothing, words_of(["chr1"])))
    kept = [found[0], found[4].flatten().slice(1)]
    dictionary = found[3].dictionary
    del plan, found, text, fields
    gc.collect()
    assert kept[0].to_pylist() == ["chr1", "chr1"]
    assert kept[1].to_pylist() == [2, 3]
    assert dictionary.to_pylist() == ["one", "two"]


# ── batches ─────────────────────────────────────────────────────────────────────────────────────


def parts_of(n):
    """Two parts of a row number each, as they are read: texts, and integers and texts."""
    cells = [[str(i) for i in range(n)], [f"t{i}" for i in range(n)]]
    text, fields = laid_out(cells)
    none = np.zeros(n, np.int64)
    places = none.astype(np.int32), none, none
    plans = (
        Plan([Column("a", pa.string(), 1, "")]),
        Plan([Column("b", pa.int32(), 0, ""), Column("c", pa.string(), 0, "")]),
    )
    return plans, [plan.of_rows(text, fields, *places, words_of(["chr1"])) for plan in plans]


@pytest.mark.parametrize("whole", [0, 20])
@given(st.integers(0, 20), st.permutations(["a", "b", "c", "d"]), st.data())
def test_a_batch_has_the_columns_of_its_parts_in_any_order(whole, n, order, data):
    plans, parts = parts_of(n)
    columns = {
        "a": pa.array([f"t{i}" for i in range(n)], pa.string()),
        "b": pa.array(range(n), pa.int32()),
        "c": pa.array([str(i) for i in range(n)], pa.string()),
        "d": pa.array([[i, None] for i in range(n)], pa.list_(pa.int8())),
    }
    places = {"a": (0, 0), "b": (1, 0), "c": (1, 1), "d": (-1, -1)}
    wanted = pa.record_batch({name: columns[name] for name in order})
    wanted = wanted.replace_schema_metadata({b"kind": b"x"})
    # a column that was made may be put in place of one that a part has
    again = data.draw(st.sets(st.sampled_from(order)))
    others = {order.index(name): columns[name] for name in {"d", *again}}
    layout = BatchLayout([places[name] for name in order], wanted.schema, plans)
    with tuning.set(batch_whole=whole):
        made = layout.batch(parts, n, others)
    made.validate(full=True)
    assert made.equals(wanted, check_metadata=True)


@pytest.mark.parametrize("n", [7, 70_000])
def test_a_batch_without_columns_has_its_rows(n):
    assert BatchLayout([], pa.schema([])).batch([], n).num_rows == n


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is counted by Linux")
def test_columns_of_many_rows_are_let_go_one_by_one():
    def held():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    n = 5_000_000  # 40 MB a column, so much that C gives it back to the system at once
    places = np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(n, np.int64)
    plan = Plan([PLACES[1], PLACES[2], PLACES[2]])
    fields = pa.schema([(name, pa.int64()) for name in "abc"])
    layout = BatchLayout([(0, i) for i in range(3)], fields, [plan])
    none = np.zeros(1, np.uint8), np.zeros((1, n), np.int32)
    batch = layout.batch([plan.of_rows(*none, *places, words_of(["chr1"]))], n)
    before = held()
    one = batch.column(0)
    del batch
    gc.collect()
    assert before - held() > 60_000_000
    assert len(one) == n


def test_what_a_schema_says_is_what_is_imported():
    plans, parts = parts_of(2)
    with pytest.raises(TypeError, match="b is int32, expected int64"):
        BatchLayout([(1, 0)], pa.schema([("b", pa.int64())]), plans)
    layout = BatchLayout([(-1, -1)], pa.schema([("b", pa.int64())]))
    with pytest.raises(TypeError, match="column 0 is int32, expected int64"):
        layout.batch(parts, 2, {0: pa.array([1, 2], pa.int32())})


def test_what_was_taken_is_not_taken_again():
    plans, parts = parts_of(3)
    layout = BatchLayout([(1, 0)], pa.schema([("b", pa.int32())]), plans)
    layout.batch(parts, 3)
    for missing in (
        layout,
        BatchLayout([(1, 7)], layout.schema),
        BatchLayout([(-1, -1)], layout.schema),
    ):
        with pytest.raises((ValueError, IndexError), match=r"is not made|out of range"):
            missing.batch(parts, 3)


@pytest.mark.parametrize("listed", [False, True])
@given(there=st.lists(st.booleans(), max_size=70))
def test_maps_of_no_entries_are_empty_or_missing(listed, there):
    kind = pa.map_(pa.string(), pa.list_(pa.string()) if listed else pa.string())
    made = empty_maps(np.array(there, np.uint8), listed)
    batch = BatchLayout([(0, 0)], pa.schema([("m", kind)])).batch([made], len(there))
    batch.validate(full=True)
    assert batch["m"].to_pylist() == [[] if is_there else None for is_there in there]
    assert batch["m"].null_count == there.count(False)
