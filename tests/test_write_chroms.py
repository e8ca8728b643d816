"""Chroms as people have them: whole numbers, mixtures, and none at all. pandas reads 1 to 22 as
integers, 1 to X of a large file as a mixture, and 1 and a missing one as floats."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import gidx
from gidx.errors import WriteError

TEXTS = pd.DataFrame({"chrom": ["1", "1", "2"], "start": [0, 5, 7], "end": [1, 6, 8]})
WRITERS = {
    "x.bed": gidx.write_bed, "x.bed.gz": gidx.write_bed, "x.gff3": gidx.write_gff,
    "x.gtf": gidx.write_gtf, "x.tsv.gz": gidx.write_tabix, "x.vcf": gidx.write_vcf,
    "x.bb": gidx.write_bigbed,
}  # fmt: skip
NUMBERS: dict[str, Any] = {
    "integers": np.array([1, 1, 2]),
    "small": np.array([1, 1, 2], "u1"),
    "nullable": pd.array([1, 1, 2], "Int64"),
    "arrow": pd.array([1, 1, 2], pd.ArrowDtype(pa.int32())),
    "whole floats": np.array([1.0, 1.0, 2.0]),
    "categories": pd.Categorical([1, 1, 2]),
    "objects": np.array([1, 1, 2], object),
    "a mixture": np.array([1, "1", 2], object),
}


def written(data: Any, path: Path) -> bytes:
    options = {"chromsizes": {"1": 100, 2: 100}} if path.suffix == ".bb" else {}
    WRITERS[path.name](data, path, **options)
    return path.read_bytes()


def for_format(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    if name == "x.vcf":
        return frame.drop(columns="end").assign(ref="A", alt="C")
    return frame


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", NUMBERS)
def test_chroms_that_are_whole_numbers_are_written_as_their_texts(name, kind, tmp_path):
    texts = for_format(TEXTS, name)
    numbers = texts.assign(chrom=NUMBERS[kind])
    assert written(numbers, tmp_path / name) == written(texts, tmp_path / name)


@pytest.mark.parametrize("name", WRITERS)
def test_streams_and_tables_too(name, tmp_path):
    texts = for_format(TEXTS, name)
    expected = written(texts, tmp_path / name)
    numbers = pl.from_pandas(texts.assign(chrom=[1, 1, 2]))
    assert written(numbers, tmp_path / name) == expected
    assert written(numbers.to_arrow(), tmp_path / name) == expected
    pieces = [numbers[:1].to_arrow(), numbers[1:].to_arrow()]
    assert written(iter(pieces), tmp_path / name) == expected


def test_what_is_no_whole_number_is_no_chrom(tmp_path):
    for chroms in ([1.5, 1.0, 2.0], [True, False, True], [b"1", "1", "2"]):
        with pytest.raises(WriteError, match="chrom"):
            gidx.write_bed(TEXTS.assign(chrom=pd.Series(chroms)), tmp_path / "x.bed")
    with pytest.raises(WriteError, match="row 1, column chrom: the value is missing"):
        gidx.write_bed(TEXTS.assign(chrom=[1.0, None, 2.0]), tmp_path / "x.bed")


@pytest.mark.parametrize("name", WRITERS)
def test_a_frame_of_columns_without_a_value_is_written(name, tmp_path):
    columns = ["chrom", "start", "end"] if name != "x.vcf" else ["chrom", "start", "ref", "alt"]
    typed = for_format(TEXTS, name)[:0]
    expected = written(typed, tmp_path / name)
    assert written(pd.DataFrame({c: [] for c in columns}), tmp_path / name) == expected
    assert written(pd.DataFrame(columns=columns), tmp_path / name) == expected
    assert not expected or len(gidx.read(tmp_path / name)) == 0


def test_chromsizes_are_named_by_whole_numbers_too(tmp_path):
    frame = pd.DataFrame({"chrom": [1, 2], "length": [100, 100]})
    for sizes in (
        {1: 100, 2: 100}, frame, frame.rename(columns={"length": "size"}),
        frame.rename(columns={"chrom": "name"}), frame.set_index("chrom")["length"],
        [(1, 100), (2, 100)], pl.from_pandas(frame),
    ):  # fmt: skip
        gidx.write_bigbed(TEXTS, tmp_path / "x.bb", chromsizes=sizes)
        assert gidx.open(tmp_path / "x.bb").chroms == {"1": 100, "2": 100}


@pytest.mark.parametrize("name", ["x.bed", "x.tsv.gz", "x.gff3", "x.bb"])
def test_sparse_columns_are_written_as_dense_ones(name, tmp_path):
    dense = TEXTS.assign(hits=[0, 3, 0])
    sparse = TEXTS.assign(hits=pd.arrays.SparseArray([0, 3, 0]))
    assert written(sparse, tmp_path / name) == written(dense, tmp_path / name)
