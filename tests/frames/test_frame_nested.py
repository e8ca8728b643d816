"""Blocks as rows, genotypes as a matrix: against plain loops, pysam and cyvcf2."""

from __future__ import annotations

import json
import random

import cyvcf2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tabix_files import write

import gidx
from gidx import autosql
from gidx.arrow import schema
from gidx.errors import ColumnError, ValueTypeError
from gidx.frames.backend import to_frame
from gidx.frames.nested import explode, genotypes
from gidx.ground.conventions import CANONICAL, Roles, recognise

BACKENDS = ["pyarrow", "numpy_nullable", None]
BED12 = "bed12"
ROWS = [  # chrom, start, end, name, blocks of (size, relative start)
    ("chr1", 100, 200, "A", [(10, 0), (5, 40), (20, 80)]),
    ("chr1", 150, 160, "B", [(10, 0)]),
    ("chr2", 0, 9, "C", [(1, 0), (1, 8)]),
]


def arrow(rows, kind=None):
    lists = kind or pa.list_(pa.int32())
    return pa.table({
        "chrom": pa.array([r[0] for r in rows], pa.string()).dictionary_encode(),
        "start": pa.array([r[1] for r in rows], pa.int64()),
        "end": pa.array([r[2] for r in rows], pa.int64()),
        "name": pa.array([r[3] for r in rows], pa.string()),
        "blockSizes": pa.array([r[4] and [b[0] for b in r[4]] for r in rows], lists),
        "chromStarts": pa.array([r[4] and [b[1] for b in r[4]] for r in rows], lists),
    })  # fmt: skip


def blocks(rows):
    """The oracle: (row, chrom, start, end, name, size, relative start)."""
    return [
        (i, chrom, start + at, start + at + size, name, size, at)
        for i, (chrom, start, _, name, some) in enumerate(rows)
        for size, at in some or ()
    ]


def told(frame):
    return list(frame.itertuples(name=None))


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_block_has_a_row_in_genome_coordinates(backend):
    frame = to_frame(arrow(ROWS), backend)
    found = explode(frame, CANONICAL, "blockSizes", "chromStarts")
    assert told(found) == blocks(ROWS)
    assert found.columns.tolist() == frame.columns.tolist()


spans = st.tuples(st.integers(0, 50), st.integers(0, 1000))
rows = st.tuples(
    st.sampled_from(["chr1", "chrX"]), st.integers(0, 2**40), st.just(2**41), st.sampled_from("ab"),
    st.none() | st.lists(spans, max_size=4),
)  # fmt: skip


@given(st.lists(rows, max_size=12), st.data())
def test_blocks_of_any_chunks_and_order_are_those_of_a_loop(rows, data):
    table = arrow(rows)
    cut = data.draw(st.integers(0, len(rows)))
    table = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    order = data.draw(st.permutations(range(len(rows))))
    frame = to_frame(table).iloc[list(order)]
    picked = [rows[i] for i in order]
    expected = [(order[i], *rest) for i, *rest in blocks(picked)]
    assert told(explode(frame, CANONICAL)) == expected
    half = len(rows) // 2
    expected = [(order[half + i], *rest) for i, *rest in blocks(picked[half:])]
    assert told(explode(frame.iloc[half:], CANONICAL)) == expected


def test_dtypes_stay_and_lists_become_their_values():
    for backend in BACKENDS:
        frame = to_frame(arrow(ROWS), backend).astype({"start": "int32"})
        found = explode(frame, CANONICAL)
        assert (found.dtypes[:4] == frame.dtypes[:4]).all()
        assert found["blockSizes"].dtype == pd.ArrowDtype(pa.int32())
        assert found["chrom"].cat.categories.tolist() == ["chr1", "chr2"]


def test_a_row_without_blocks_has_no_row():
    frame = to_frame(arrow([("chr1", 1, 9, "none", None), *ROWS, ("chr1", 1, 9, "empty", [])]))
    found = explode(frame, CANONICAL)
    assert found["name"].tolist() == ["A", "A", "A", "B", "C", "C"]
    assert found.index.tolist() == [1, 1, 1, 2, 3, 3]


@pytest.mark.parametrize("rows", [[], [("chr1", 1, 9, "none", None)], [("chr1", 1, 9, "no", [])]])
@pytest.mark.parametrize("backend", BACKENDS)
def test_without_blocks_there_are_columns_of_the_same_dtypes(rows, backend):
    frame = to_frame(arrow(rows), backend)
    found = explode(frame, CANONICAL)
    assert len(found) == 0
    assert (found.dtypes[:4] == frame.dtypes[:4]).all()
    assert found["blockSizes"].dtype == pd.ArrowDtype(pa.int32())


def test_the_index_label_is_repeated_as_by_pandas():
    frame = to_frame(arrow(ROWS)).set_index(
        pd.MultiIndex.from_tuples([(1, "a"), (1, "a"), (2, "b")])
    )
    frame.index.names = ["one", "two"]
    found = explode(frame, CANONICAL)
    pd.testing.assert_index_equal(found.index, frame.explode("blockSizes").index)


LISTS = {
    "list": lambda column: column,
    "large list": lambda column: column.astype(pd.ArrowDtype(pa.large_list(pa.int64()))),
    "objects: lists": lambda column: pd.Series([list(v) for v in column], dtype=object),
    "objects: arrays": lambda column: pd.Series([np.array(v) for v in column], dtype=object),
    "texts": lambda column: pd.Series([",".join(map(str, v)) for v in column]),
    "texts of UCSC": lambda column: pd.Series(["".join(f"{i}," for i in v) for v in column]),
    "texts of Arrow": lambda column: pd.Series(
        ["".join(f"{i}," for i in v) for v in column], dtype=pd.ArrowDtype(pa.string())
    ),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_may_be_lists_of_any_kind_and_texts(kind):
    frame = to_frame(arrow(ROWS), None)
    for name in ("blockSizes", "chromStarts"):
        frame[name] = LISTS[kind](frame[name])
    found = explode(frame, CANONICAL)
    assert told(found) == blocks(ROWS)
    assert pd.api.types.is_integer_dtype(found["blockSizes"].dtype)


@pytest.mark.parametrize("kind", LISTS)
def test_where_all_lists_are_empty_no_row_is_left_whatever_their_kind(kind):
    frame = to_frame(arrow([("chr1", 1, 9, "none", []), ("chr1", 2, 9, "none", [])]), None)
    for name in ("blockSizes", "chromStarts"):
        frame[name] = LISTS[kind](frame[name])
    assert explode(frame, CANONICAL).empty


@pytest.mark.parametrize("backend", BACKENDS)
def test_lists_of_a_fixed_size_may_be_missing_sliced_and_in_chunks(backend):
    two = [
        ("chr1", 10 * i, 10 * i + 10, "x", [(1, 0), (2, 5)] if i % 3 else None) for i in range(9)
    ]
    table = arrow(two, pa.list_(pa.int16(), 2))
    frame = to_frame(pa.concat_tables([table.slice(1, 4), table.slice(5)]), backend).iloc[1:]
    expected = [(i, *rest) for i, *rest in blocks(two[1:]) if i >= 1]
    assert told(explode(frame, CANONICAL)) == expected


def test_empty_and_missing_texts_are_no_blocks():
    frame = pd.DataFrame(
        {"chrom": "1", "start": [1, 2, 3, 4], "end": 9, "blockSizes": ["", None, ",", "7"],
         "chromStarts": [None, "", "", "1,"]}
    )  # fmt: skip
    assert told(explode(frame, CANONICAL)) == [(3, "1", 5, 12, 7, 1)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_further_lists_go_along_whatever_they_hold(backend):
    table = arrow(ROWS)
    frames = pa.array([[0, None, 2], [-1], [1, 0]], pa.list_(pa.int8()))
    kinds = [["utr", "cds", "cds"], ["utr"], ["cds", None]]
    symbols = pa.array(kinds, pa.list_(pa.dictionary(pa.int32(), pa.string())))
    table = table.append_column("frames", frames).append_column("kind", symbols)
    found = explode(to_frame(table, backend), CANONICAL, along=["frames", "kind"])
    assert found["frames"].dtype == pd.ArrowDtype(pa.int8())
    assert found["frames"].fillna(-9).tolist() == [0, -9, 2, -1, 1, 0]
    assert found["kind"].dtype == "category"
    assert found["kind"].tolist()[:5] == ["utr", "cds", "cds", "utr", "cds"]
    assert found["kind"].isna().tolist() == [False] * 5 + [True]


def test_one_based_rows_have_one_based_blocks():
    """A block of 10 bases at 1-based 101 is 101 to 110."""
    frame = pd.DataFrame(
        {"seqid": ["chr1"], "start": [101], "end": [200], "sizes": [[10, 20]], "at": [[0, 80]]}
    )
    found = explode(frame, recognise(frame.columns), "sizes", "at")
    assert told(found[["start", "end"]]) == [(0, 101, 110), (0, 181, 200)]


def test_a_row_of_unknown_start_has_blocks_of_unknown_place():
    table = arrow(ROWS[:1]).set_column(1, "start", pa.array([None], pa.int64()))
    found = explode(to_frame(table), CANONICAL)
    assert found["start"].isna().all()
    assert found["end"].isna().all()
    assert found["blockSizes"].tolist() == [10, 5, 20]


def test_the_frame_itself_stays_as_it_was():
    frame = to_frame(arrow(ROWS))
    before = frame.copy()
    explode(frame, CANONICAL)
    pd.testing.assert_frame_equal(frame, before)


def refused(frame, *args, roles=CANONICAL, **options):
    with pytest.raises(ColumnError) as caught:
        explode(frame, roles, *args, **options)
    return str(caught.value)


def test_lists_of_other_lengths_are_refused_with_their_row():
    frame = to_frame(arrow(ROWS), None)
    frame["chromStarts"] = [[0, 1, 2], [0, 5], [0]]
    assert refused(frame).startswith(
        "row 1: 1 values in 'blockSizes', 2 in 'chromStarts', in 2 rows"
    )
    frame["chromStarts"] = frame["blockSizes"]
    frame["more"] = [[1, 2, 3], None, [1, 2]]
    assert "row 1: 1 values in 'blockSizes', 0 in 'more'" in refused(frame, along=["more"])


def test_what_is_no_size_is_refused_with_its_row():
    frame = to_frame(arrow(ROWS), None)
    frame["blockSizes"] = [[1, 2, 3], [-4], [1, 2]]
    assert refused(frame) == "column 'blockSizes', row 1: -4 is no size"
    frame["blockSizes"] = pd.Series([[1, 2, 3], [4], [1, None]])
    assert refused(frame) == "column 'blockSizes', row 2: a value in the list is missing"
    frame["blockSizes"] = ["1,2,3", "x,", "1,2"]
    assert "column 'blockSizes'" in refused(frame)
    frame["blockSizes"] = [1, 2, 3]
    assert refused(frame) == "column 'blockSizes' is int64, expected lists"


def test_columns_that_are_not_there_are_named():
    frame = to_frame(arrow(ROWS))
    assert "no column 'blocksizes'; did you mean 'blockSizes'?" in refused(frame, "blocksizes")
    with pytest.raises(TypeError, match="along is the text 'name'"):
        explode(frame, CANONICAL, along="name")
    positions = Roles("chrom", "start", None)
    assert "so they have no blocks" in refused(frame, roles=positions)
    twice = pd.concat([frame, frame[["name"]]], axis=1)
    assert refused(twice) == "two columns are named 'name'; rename or drop one"


def test_positions_that_their_dtype_cannot_hold_are_refused():
    frame = to_frame(arrow(ROWS), None).astype({"start": "uint8"})
    frame["chromStarts"] = [[0, 50, 99], [120], [0, 1]]
    assert "column 'start' is uint8, which cannot hold" in refused(frame)


# ── blocks of files, and files of blocks ────────────────────────────────────────────────────────

SIZES = {"chr1": 1000, "chr2": 1000}


@pytest.fixture(scope="module")
def genes(tmp_path_factory):
    """A bed12 bigBed, its rows with thick parts that lie across blocks."""
    frame = to_frame(arrow(ROWS), None)
    frame.insert(4, "score", 0)
    frame.insert(5, "strand", ["+", "-", "+"])
    frame.insert(6, "thickStart", frame["start"])
    frame.insert(7, "thickEnd", frame["end"])
    frame.insert(8, "reserved", 0)
    frame.insert(9, "blockCount", [3, 1, 2])
    path = tmp_path_factory.mktemp("genes") / "genes.bb"
    gidx.write_bigbed(frame, path, SIZES, bed_type="bed12")
    return path


@pytest.mark.parametrize("backend", BACKENDS)
def test_blocks_of_a_bigbed_can_be_written_as_one_and_read_back(genes, tmp_path, backend):
    frame = explode(gidx.read_bigbed(genes, dtype_backend=backend), CANONICAL)
    assert "blockCount" not in frame.columns
    frame = frame.sort_values(["chrom", "start"], ignore_index=True)
    gidx.write_bigbed(frame, tmp_path / "blocks.bb")
    found = gidx.read_bigbed(tmp_path / "blocks.bb", dtype_backend=backend)
    assert told(found) == told(frame)
    if backend == "pyarrow":  # in the others, what was in a list is ArrowDtype
        pd.testing.assert_frame_equal(found, frame)


def test_the_declaration_of_blocks_keeps_descriptions_and_says_single_values(genes):
    frame = explode(gidx.read_bigbed(genes), CANONICAL)
    about = schema.read_metadata(frame.attrs)
    declared = {f.name: f for f in autosql.parse(about["autosql"]).fields}
    assert declared["blockSizes"].declared_type == "int"
    assert declared["blockSizes"].comment == "Comma separated list of block sizes"
    assert "blockCount" not in declared
    assert about["defined_fields"] == 6
    assert about["chromsizes"] == SIZES


@pytest.mark.parametrize("backend", BACKENDS)
def test_blocks_of_a_bed_can_be_written_as_one_and_read_back(genes, tmp_path, backend):
    gidx.write_bed(gidx.read_bigbed(genes), tmp_path / "genes.bed.gz")
    frame = gidx.read_bed(tmp_path / "genes.bed.gz", schema=BED12, dtype_backend=backend)
    frame = explode(frame, CANONICAL).sort_values(["chrom", "start"], ignore_index=True)
    gidx.write_bed(frame, tmp_path / "blocks.bed.gz")
    found = gidx.read_bed(tmp_path / "blocks.bed.gz", dtype_backend=backend)
    assert found.columns.tolist() == frame.columns.tolist()
    assert told(found) == told(frame)


def test_a_count_that_the_declaration_calls_otherwise_is_left_out_too():
    text = (
        'table t "T" ( string chrom; "c" uint chromStart; "s" uint chromEnd; "e" uint n; "count" '
        'uint[n] sizes; "sizes" uint[n] at; "starts" string name; "name" )'
    )
    frame = pd.DataFrame(
        {"chrom": ["1"], "start": [5], "end": [9], "n": [2], "sizes": [[1, 2]], "at": [[0, 2]],
         "name": "a", "blockCount": "mine"}
    )  # fmt: skip
    frame.attrs["gidx"] = json.dumps({"version": 1, "format": "bigbed", "autosql": text})
    found = explode(frame, CANONICAL, "sizes", "at")
    assert found.columns.tolist() == ["chrom", "start", "end", "sizes", "at", "name", "blockCount"]
    about = schema.read_metadata(found.attrs)
    # the metadata knew nothing of blockCount, and do not now
    assert autosql.parse(about["autosql"]).names == (
        "chrom", "chromStart", "chromEnd", "sizes", "at", "name",
    )  # fmt: skip


# ── genotypes ───────────────────────────────────────────────────────────────────────────────────

COUNTS = {
    "0/0": 0, "0|1": 1, "1|0": 1, "1/1": 2, "1/2": 2, "0": 0, "1": 1, "12": 1, "10|100": 2,
    "./.": -1, ".": -1, "1|.": -1, "./0": -1, "0/1/2": 2, "0/0/0/0": 0, "1/1/1/.": -1, ".|.|.": -1,
    "|0/1": 1, "/1": 1, "|.": -1, "/0|1|1": 2, "00/01": 1,
}  # fmt: skip
NO_GENOTYPES = [
    "",
    "0/",
    "|",
    "//",
    "0//1",
    "a",
    "0/a",
    "-1",
    "0/1:3",
    " 0/1",
    "0\\1",
    "../.",
    "0.",
]


def calls(rows, samples=None, kind=None):
    kind = kind or pa.list_(pa.string())
    frame = to_frame(pa.table({"FORMAT/GT": pa.array(rows, kind)}))
    if samples is not None:
        frame.attrs["gidx"] = json.dumps({"version": 1, "samples": samples})
    return frame


def alleles_of(text):
    if text is None:
        return None
    words = text.replace("|", "/").removeprefix("/").split("/")
    return {"alleles": [None if w == "." else int(w) for w in words], "phased": "|" in text}


def test_alleles_that_are_not_0_are_counted():
    found = genotypes(calls([list(COUNTS)], [f"{i}" for i in range(len(COUNTS))]))
    assert found.iloc[0].tolist() == list(COUNTS.values())
    assert (found.dtypes == np.int8).all()


def test_alleles_are_counted_as_their_texts_are():
    kind = pa.list_(
        pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())]), len(COUNTS)
    )
    found = genotypes(calls([[alleles_of(t) for t in COUNTS], None], kind=kind))
    assert found.iloc[0].tolist() == list(COUNTS.values())
    assert (found.iloc[1] == -1).all()


@pytest.mark.parametrize("text", NO_GENOTYPES)
def test_a_text_that_is_no_genotype_is_an_error_with_row_and_sample(text):
    frame = calls([None, ["0/0", "0/1"], ["1/1", text]], ["NA1", "NA2"])
    with pytest.raises(ValueTypeError, match=r"row 2, sample 'NA2': .* is no genotype") as caught:
        genotypes(frame)
    assert (caught.value.row, caught.value.sample) == (2, "NA2")


def test_more_alleles_than_int8_counts_are_an_error():
    assert genotypes(calls([["/".join("1" * 127)]])).iloc[0, 0] == 127
    with pytest.raises(ValueTypeError, match="row 0, sample 0"):
        genotypes(calls([["/".join("1" * 128)]]))
    kind = pa.list_(pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())]))
    with pytest.raises(ValueTypeError, match="row 0, sample 0"):
        genotypes(calls([[{"alleles": [1] * 128, "phased": False}]], kind=kind))


def test_what_is_missing_is_not_called():
    frame = calls([None, [None, "0/1"], ["1/1", None]], ["a", "b"])
    assert genotypes(frame).to_numpy().tolist() == [[-1, -1], [-1, 1], [2, -1]]
    kind = pa.list_(pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())]), 2)
    structs = [[None, {"alleles": [], "phased": None}], [{"alleles": None, "phased": True}] * 2]
    assert (genotypes(calls(structs, ["a", "b"], kind)) == -1).all(axis=None)


texts = st.none() | st.sampled_from(list(COUNTS))
KINDS = ["fixed", "list", "large_list", "objects", "alleles"]


@given(st.integers(0, 4), st.sampled_from(KINDS), st.data())
def test_counts_do_not_depend_on_how_the_rows_lie_in_memory(width, kind, data):
    rows = data.draw(
        st.lists(st.none() | st.lists(texts, min_size=width, max_size=width), max_size=9)
    )
    one, given_rows = pa.string(), rows
    if kind == "alleles":
        one = pa.struct([("alleles", pa.list_(pa.int8())), ("phased", pa.bool_())])
        given_rows = [r and [alleles_of(t) for t in r] for r in rows]
    size = {"fixed": width, "alleles": width}.get(kind, -1)
    lists = pa.large_list(one) if kind == "large_list" else pa.list_(one, size)
    whole = calls(given_rows, [f"s{i}" for i in range(width)], lists)
    cut = data.draw(st.integers(0, len(rows)))
    frame = pd.concat([whole.iloc[cut:], whole.iloc[:cut]])
    order = data.draw(st.permutations(range(len(rows))))
    step = data.draw(st.integers(1, 3))
    frame = frame.iloc[list(order)].iloc[::step]
    if kind == "objects":
        frame = frame.astype(object).where(frame.notna(), None)
    found = genotypes(frame)
    expected = [[-1] * width if rows[i] is None else [COUNTS.get(t, -1) for t in rows[i]]
                for i in frame.index]  # fmt: skip
    assert found.to_numpy().tolist() == expected
    pd.testing.assert_index_equal(found.index, frame.index)


def test_more_rows_than_are_counted_at_a_time():
    rng = np.random.default_rng(7)
    codes = rng.integers(0, 4, (150_000, 2))
    words = pa.array(["0/0", "0/1", "1/1", "./."])
    column = pa.FixedSizeListArray.from_arrays(words.take(pa.array(codes.ravel())), 2)
    frame = to_frame(pa.table({"FORMAT/GT": column}))
    assert (genotypes(frame).to_numpy() == np.array([0, 1, 2, -1], np.int8)[codes]).all()


def test_the_matrix_is_one_array_under_samples_and_index():
    frame = calls([["0/1", "1/1"], ["0/0", "./."]], ["NA2", "NA1"]).set_axis(["rs1", "rs2"])
    found = genotypes(frame, "FORMAT/GT")
    assert found.columns.tolist() == ["NA2", "NA1"]
    assert found.index.tolist() == ["rs1", "rs2"]
    assert np.shares_memory(found.to_numpy(), found.to_numpy())
    assert found.to_numpy().flags.c_contiguous


def test_samples_that_nobody_names_are_numbered():
    assert genotypes(calls([None, ["0/1", "1/1"]])).columns.tolist() == [0, 1]
    assert genotypes(calls([])).shape == (0, 0)
    assert genotypes(calls([None])).shape == (1, 0)


def test_other_fields_than_gt_are_no_genotypes():
    for key, values in (("AD", [[[3, 4]]]), ("PL", [[[0, 9, 90]]]), ("DP", [["7"]])):
        frame = calls(values, ["a"], pa.array(values).type).rename(
            columns={"FORMAT/GT": f"FORMAT/{key}"}
        )
        with pytest.raises(ColumnError, match=rf"no genotype; .*samples_matrix\('{key}'\)"):
            genotypes(frame, key)
    frame = calls([["0/1"]], ["a"]).rename(columns={"FORMAT/GT": "calls"})
    assert genotypes(frame, "calls").iloc[0, 0] == 1


def test_values_of_other_samples_than_are_named_are_refused():
    with pytest.raises(ColumnError, match="row 1: values of 2 samples, expected 1"):
        genotypes(calls([["0/1"], ["0/1", "1/1"]], ["a"]))
    with pytest.raises(ColumnError, match="row 0: values of 2 samples, expected 3"):
        genotypes(calls([["0/1", "1/1"]], ["a", "b", "c"], pa.list_(pa.string(), 2)))


def test_what_holds_no_genotypes_is_refused():
    with pytest.raises(ColumnError, match="no column 'FORMAT/GT'"):
        genotypes(pd.DataFrame({"chrom": ["1"]}))
    with pytest.raises(ColumnError, match="expected a list over samples"):
        genotypes(pd.DataFrame({"FORMAT/GT": ["0/1"]}))
    with pytest.raises(ColumnError, match="has values of int64, expected genotypes"):
        genotypes(calls([[1]], kind=pa.list_(pa.int64())))
    with pytest.raises(ColumnError, match=r"has values of list<.*>, expected genotypes"):
        genotypes(calls([[[0, 1]]], kind=pa.list_(pa.list_(pa.int64()))))


# ── other fields ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [
    pa.list_(pa.int32()), pa.list_(pa.int32(), 2), pa.large_list(pa.float64()),
    pa.list_(pa.string()), pa.list_(pa.list_(pa.int32())),
], ids=str)  # fmt: skip
def test_a_matrix_of_samples_has_the_fields_values(kind):
    one = {"s": "x", "l": [1, 2]}.get(str(kind.value_type)[0], 5)
    values = [[one, None], None, [None, one]]
    frame = calls(values, ["b", "a"], kind).rename(columns={"FORMAT/GT": "FORMAT/DP"})
    frame.index = pd.Index(["r1", "r2", "r3"])
    found = frame.gidx.samples_matrix("DP")
    assert found.columns.tolist() == ["b", "a"]
    assert found.index.tolist() == ["r1", "r2", "r3"]
    cells = pa.Table.from_pandas(found, preserve_index=False)
    assert cells.column("b").to_pylist() == [one, None, None]
    assert cells.column("a").to_pylist() == [None, None, one]


@pytest.mark.parametrize(("backend", "kind"), [
    ("pyarrow", pd.ArrowDtype), ("numpy_nullable", pd.StringDtype), (None, np.dtype),
])  # fmt: skip
def test_a_matrix_of_samples_is_of_the_backend_of_its_frame(vcf, backend, kind):
    frame = gidx.read_vcf(vcf, dtype_backend=backend)
    found = frame.gidx.samples_matrix("GT")
    assert {type(dtype) for dtype in found.dtypes} <= {kind, type(frame["ref"].dtype)}
    assert found.columns.tolist() == SAMPLES
    rows = [[None] * 3 if row is pd.NA or row is None else [*row] for row in frame["FORMAT/GT"]]
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == rows


def test_a_matrix_needs_lists_over_the_samples():
    with pytest.raises(ColumnError, match=r"no column 'FORMAT/DP'.*; there are FORMAT/AD"):
        pd.DataFrame({"FORMAT/AD": [[1]]}).gidx.samples_matrix("DP")
    with pytest.raises(ColumnError, match="expected a list over samples"):
        pd.DataFrame({"FORMAT/DP": [1]}).gidx.samples_matrix("DP")
    with pytest.raises(ColumnError, match="row 1: values of 1 samples, expected 2"):
        pd.DataFrame({"FORMAT/DP": [[1, 2], [3]]}).gidx.samples_matrix("DP")
    assert pd.DataFrame({"FORMAT/DP": [None]}).gidx.samples_matrix("DP").shape == (1, 0)


# ── genotypes of files ──────────────────────────────────────────────────────────────────────────

SAMPLES = ["NA1", "NA2", "a b"]


@pytest.fixture(scope="module")
def vcf(tmp_path_factory):
    """200 rows; ploidies of 1 to 4, missing alleles, rows without GT, samples cut short."""
    r = random.Random(3)
    lines = [
        "##fileformat=VCFv4.3", '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">', "##contig=<ID=chr1>",
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(SAMPLES),
    ]  # fmt: skip
    for i in range(200):
        if i % 20 == 7:
            cells, keys = ["3"] * 3, "DP"
        else:
            keys = r.choice(["GT", "GT:DP"])
            cells = [genotype(r) + r.choice(["", ":5"]) * (keys != "GT") for _ in SAMPLES]
        lines.append(f"chr1\t{i + 1}\t.\tA\tC,G,T\t.\t.\t.\t{keys}\t" + "\t".join(cells))
    path = tmp_path_factory.mktemp("vcf") / "calls.vcf.gz"
    return write(path, "\n".join([*lines, ""]), "vcf")


def genotype(r):
    ploidy = r.choice([1, 2, 2, 2, 3, 4])
    return r.choice("/|").join(r.choice("00112.3") for _ in range(ploidy))


def with_pysam(path):
    """Counts by htslib's own reading; a row without GT has none."""
    with pysam.VariantFile(str(path)) as file:
        return [
            [count(call["GT"] if "GT" in row.format else ()) for call in row.samples.values()]
            for row in file
        ]


def count(alleles):
    if not alleles or any(a is None or a < 0 for a in alleles):
        return -1
    return sum(a > 0 for a in alleles)


@pytest.mark.parametrize("gt", ["text", "alleles"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_genotypes_of_a_file_are_those_of_pysam(vcf, gt, backend):
    frame = gidx.read_vcf(vcf, columns=["FORMAT/GT"], gt=gt, dtype_backend=backend)
    found = genotypes(frame)
    assert found.to_numpy().tolist() == with_pysam(vcf)
    assert found.columns.tolist() == SAMPLES


def test_genotypes_of_a_file_are_those_of_cyvcf2(vcf):
    """cyvcf2 pads lower ploidies with -2, and knows nothing of rows without GT."""
    found = genotypes(gidx.read_vcf(vcf)).to_numpy()
    for i, row in enumerate(cyvcf2.VCF(str(vcf))):
        if "GT" in row.FORMAT:
            theirs = [[a for a in call[:-1] if a != -2] for call in row.genotype.array().tolist()]
            assert found[i].tolist() == [count(alleles) for alleles in theirs]


def test_chosen_samples_are_the_columns(vcf):
    frame = gidx.read_vcf(vcf, samples=["a b", "NA1"])
    found = genotypes(frame)
    assert found.columns.tolist() == ["a b", "NA1"]
    pd.testing.assert_frame_equal(found, genotypes(gidx.read_vcf(vcf))[["a b", "NA1"]])


def test_genotypes_survive_parquet_where_lists_have_no_fixed_size(vcf, tmp_path):
    gidx.to_parquet(vcf, tmp_path / "calls.parquet")
    table = pq.read_table(tmp_path / "calls.parquet")
    assert pa.types.is_list(table.schema.field("FORMAT/GT").type)
    for backend in BACKENDS:
        pd.testing.assert_frame_equal(
            genotypes(to_frame(table, backend)), genotypes(gidx.read_vcf(vcf))
        )


def test_filtered_and_sorted_rows_have_their_own_genotypes(vcf):
    frame = gidx.read_vcf(vcf)
    whole = genotypes(frame)
    some = frame[frame["start"].isin(range(1, 200, 3))].sort_values("start", ascending=False)
    pd.testing.assert_frame_equal(genotypes(some), whole.loc[some.index])


UNDECLARED = (
    b"##fileformat=VCFv4.2\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2\n"
    b"1\t5\t.\tA\tC\t.\t.\t.\tGT:DP\t0/1:3\t1|1:.\n"
    b"1\t6\t.\tA\tC\t.\t.\t.\tDP\t4\t.\n"
    b"1\t7\t.\tA\tC\t.\t.\t.\tGT\t.\t./0\n"
)


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable", None])
def test_fields_that_the_header_does_not_declare_are_found_in_the_map(backend):
    # many a header lacks FORMAT GT, which everybody knows
    frame = gidx.read_vcf(UNDECLARED, dtype_backend=backend)
    found = frame.gidx.genotypes()
    assert found.to_dict("list") == {"s1": [1, -1, -1], "s2": [2, -1, -1]}
    depths = frame.gidx.samples_matrix("DP")
    assert depths.astype("object").where(depths.notna(), None).to_dict("list") == {
        "s1": ["3", "4", None], "s2": [None, None, None],
    }  # fmt: skip
    assert frame[1:].gidx.genotypes()["s2"].tolist() == [-1, -1]
    with pytest.raises(ColumnError, match="no column 'FORMAT/XX'"):
        frame.gidx.samples_matrix("XX")
