"""Wrong arguments of any function: one error that names the option and what it expected."""

from __future__ import annotations

import pickle
import traceback
from functools import partial

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

import gidx
from gidx.errors import GidxError

ROWS = pd.DataFrame({"chrom": ["c", "c"], "start": [1, 8], "end": [5, 9], "name": ["a", "b"]})
SIZES = {"c": 100}
# what users hand over in the place of a number, a name or a list of names
WRONG = {
    "none": None,
    "text": "x",
    "bytes": b"x",
    "part": 1.5,
    "nan": float("nan"),
    "NA": pd.NA,
    "minus": -1,
    "list": [1],
    "names": ["nope"],
    "set": {"name"},
    "array": np.array(["x"]),
    "index": pd.Index(["nope"]),
    "expression": pc.field("score") > 5,
    "object": object(),
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Options that are numbers, and those that are words: a call that takes each by its name."""
    folder = tmp_path_factory.mktemp("mistakes")
    bigbed, bigwig, bed = (str(folder / f"a.{end}") for end in ("bb", "bw", "bed.gz"))
    gidx.write_bigbed(ROWS, bigbed, SIZES, extra_index="name")
    gidx.write_bigwig(ROWS[["chrom", "start", "end"]].assign(value=1.5), bigwig, SIZES)
    gidx.write_bed(ROWS, bed)
    bb, bw, text = gidx.open(bigbed), gidx.open(bigwig), gidx.open(bed)
    out = str(folder / "out")
    written = partial(gidx.write_bigbed, ROWS, out, SIZES)
    texts = partial(gidx.write_bed, ROWS, out + ".bed.gz")
    signal = partial(gidx.write_bigwig, ROWS[["chrom", "start", "end"]].assign(value=1), out, SIZES)
    parquet = partial(gidx.to_parquet, bed, out)
    numbers = {
        "batch_size": [bb.to_table, text.scan, text.to_pandas, partial(gidx.read, bed)],
        "threads": [bb.count_rows, text.to_table, written, texts, partial(bw.matrix, ["c"])],
        "n": [bb.head, text.head, bb.partitions, text.partitions],
        "bytes": [bb.partitions],
        "bins": [partial(bb.summary, "c"), partial(bw.values, "c"), partial(bw.matrix, ["c"])],
        "flank": [partial(bw.matrix, ["c"])],
        "fill": [partial(bw.values, "c"), partial(bw.matrix, ["c"])],
        "items_per_slot": [written],
        "fan_out": [written],
        "level": [written, texts, partial(gidx.bgzf.open, out, "wb")],
        "k": [partial(ROWS.gidx.nearest, ROWS)],
        "max_distance": [partial(ROWS.gidx.nearest, ROWS)],
        "most": [ROWS.gidx.validate],
        "row_group_size": [parquet, partial(ROWS.gidx.to_parquet, out)],
        "skip": [partial(gidx.build_index, bed, preset="bed")],
        "chrom": [partial(gidx.build_index, bed, start=2)],
        "start": [partial(gidx.build_index, bed, chrom=1)],
        "min_shift": [partial(gidx.build_index, bed, kind="csi", index_path=out + ".csi")],
        "within": [partial(gidx.bgzf.make_virtual_offset, 0)],
        "virtual_offset": [gidx.bgzf.split_virtual_offset],
        "defined": [gidx.autosql.bed],
    }
    words = {
        "errors": [bb.to_table, partial(gidx.read, bed)],
        "names": [bb.to_table, bb.scan],
        "missing_chroms": [bb.to_table, bb.count_rows, partial(bw.matrix, ["c"])],
        "lists": [bb.to_pandas],
        "dtype_backend": [bb.to_pandas, partial(gidx.read_bigbed, bigbed)],
        "stat": [partial(bb.summary, "c"), partial(bw.values, "c", 2)],
        "anchor": [partial(bw.matrix, ["c"], flank=3)],
        "compression": [written],
        "columns": [bb.to_table, text.to_pandas, partial(gidx.read, bed)],
        "extra_index": [written],
        "level": [bb.scan_zoom],
        "meta": [partial(gidx.build_index, bed)],
        "text": [gidx.autosql.parse],
        "schema": [gidx.autosql.from_arrow],
        "frame": [gidx.accessor],
        "progress": [written, texts, signal, partial(gidx.build_index, bed)],
        "gzi": [texts, partial(gidx.bgzf.open, out, "wb")],
        "missing": [partial(gidx.write_tabix, ROWS, out)],
        "chroms": [ROWS.gidx.sort],
        "coords": [ROWS.gidx.set],
        "field": [ROWS.gidx.genotypes, ROWS.gidx.samples_matrix, partial(bb.find, "a")],
    }
    return [*numbers.items(), *words.items()]


# what is an answer: the default, a number where any is one, no names
RIGHT = {
    "none": {"batch_size", "threads", "n", "bytes", "bins", "fill", "max_distance", "skip",
             "dtype_backend", "anchor", "compression", "columns", "extra_index", "progress",
             "gzi", "chroms", "coords", "field", "chrom", "start", "meta"},
    "text": {"gzi", "missing", "meta"},
    "minus": {"fill"}, "part": {"fill"}, "nan": {"fill"}, "set": {"columns", "extra_index"},
}  # fmt: skip


_CALLED = {
    "field": ("no extra index", "'FORMAT/x'"),
    "columns": ("no column",),
    "text": ("declaration", "expected table"),
    "frame": ("DataFrame",),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_value_is_one_error_that_names_its_option(calls, kind, tmp_path, monkeypatch):
    """Not one from inside, as of `<` between a text and a number, and no silent answer.

    1.5 bins were two; flank=nan was none; as many threads as there are stars hung.
    """
    monkeypatch.chdir(tmp_path)  # where gzi="x" is written
    value, unclear = WRONG[kind], []
    for option, takers in calls:
        for call in takers:
            try:
                call(**{option: value})
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                own = isinstance(error, (GidxError, TypeError, ValueError))
                said = str(error)
                named = any(word in said for word in (option, *_CALLED.get(option, ())))
                if not (own and named and (last.line or "").startswith("raise")):
                    unclear.append(f"{option}: {error!r} at {last.line}")
            else:
                if option not in RIGHT.get(kind, ()):
                    unclear.append(f"{option}={value!r} was taken by {call}")
    assert not unclear, "\n".join(unclear)


def test_numbers_of_any_type_that_are_whole_are_taken(calls):
    """1e6 rows a batch, numpy's numbers; and more than there can be is as many as there are."""
    for option, takers in calls:
        if option in ("batch_size", "threads", "n", "bytes", "bins", "flank", "most"):
            for call in takers:
                for value in (2.0, np.int8(2), np.float32(2)):
                    call(**{option: value})
        if option in ("batch_size", "threads", "n", "bytes"):
            for call in takers:
                call(**{option: 2**70})


@pytest.mark.parametrize("kind", [k for k in WRONG if k != "text"])
def test_what_no_file_is_cannot_be_written_to_or_read(kind, tmp_path):
    """It was `'NoneType' object has no attribute 'tell'`, after all rows were encoded."""
    value = WRONG[kind]
    signal = ROWS[["chrom", "start", "end"]].assign(value=1.5)
    writers = [
        partial(gidx.write_bigbed, ROWS, chromsizes=SIZES),
        partial(gidx.write_bigwig, signal, chromsizes=SIZES),
        partial(gidx.write_bed, ROWS),
        partial(gidx.write_tabix, ROWS),
        partial(gidx.to_parquet, ROWS),
    ]
    for write in writers:
        with pytest.raises(TypeError, match=f"cannot write to {type(value).__name__}, expected a"):
            write(value)
    if kind not in ("bytes", "list", "names"):  # a file's content, and several files
        for read in (gidx.open, gidx.read_bed, gidx.read_bigbed, gidx.build_index):
            with pytest.raises(TypeError, match=f"cannot read from {type(value).__name__}; expec"):
                read(value)


def test_an_open_file_is_of_bytes_and_for_what_is_asked(tmp_path):
    """One that was open to be written was read: it has no rows, since opening it cleared it."""
    path = tmp_path / "a.bed"
    for mode in ("wb", "ab", "w"):
        with path.open(mode) as file:
            for read in (gidx.read_bed, gidx.open):
                with pytest.raises(TypeError, match="open it with mode 'rb'"):
                    read(file)
    for write in (gidx.write_bed, partial(gidx.write_bigbed, chromsizes=SIZES), gidx.to_parquet):
        with path.open("w") as file, pytest.raises(TypeError, match="open it with mode 'wb'"):
            write(ROWS, file)
    with pytest.raises(ValueError, match="no path, which has no NUL; bytes are"):
        gidx.open("chr1\t1\t5\0")


def test_columns_whose_names_are_numbers_are_shown():
    frame = pd.DataFrame([["c", 1, 5]])
    with pytest.raises(GidxError, match="among 0, 1, 2"):
        frame.gidx.query("c")
    assert len(frame.gidx.set(0, 1, 2, coords="0-based").gidx.query("c:2-3")) == 1


def test_what_is_no_file_and_no_list_of_them_is_not_merged(tmp_path):
    for wrong in (None, 5, float("nan"), pd.NA):
        with pytest.raises(TypeError, match=r"cannot merge .*, expected files, or a glob"):
            gidx.merge_bigwigs(wrong, tmp_path / "a.bw")


def test_what_only_other_files_have_is_told_to_be_theirs(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.bw", "b.bw")]
    for path, chrom in zip(paths, "cd", strict=True):
        gidx.write_bigwig({chrom: np.ones(3, np.float32)}, path, {chrom: 9})
    several, one, text = gidx.open(paths), gidx.open(paths[0]), gidx.open(b"c\t1\t5\n")
    for dataset, name, what in (
        (several, "values", r"and 1 more: values is of one bigWig file; these are several, read"),
        (one, "find", "a.bw: find is of one bigBed file; this is bigwig"),
        (text, "summary", "summary is of one bigBed or bigWig file; this is bed"),
        (text, "summery", "'TabixDataset' object has no attribute 'summery'"),
        (one, "_private", "'BigWigDataset' object has no attribute '_private'"),
    ):
        with pytest.raises(AttributeError, match=what):
            getattr(dataset, name)
        assert not hasattr(dataset, name)
        assert pickle.loads(pickle.dumps(dataset)).chroms == dataset.chroms
