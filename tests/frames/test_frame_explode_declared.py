"""Blocks of bigGenePred and bigPsl as rows: what is declared by their count goes along."""

from __future__ import annotations

import pandas as pd
import pytest

import gidx

HEAD = """string chrom; "c"
 uint chromStart; "s"
 uint chromEnd; "e"
 string name; "n"
 uint score; "s"
 char[1] strand; "s"
 uint thickStart; "t"
 uint thickEnd; "t"
 uint reserved; "r"
 int blockCount; "b"
 int[blockCount] blockSizes; "b"
 int[blockCount] chromStarts; "b"
"""
TABLES = {
    "bigGenePred": 'string name2; "n"\n int[blockCount] exonFrames; "f"\n string type; "t"\n',
    "bigPsl": 'uint oChromStart; "o"\n int[blockCount] oChromStarts; "o"\n string oCDS; "c"\n',
}
COLUMNS = {
    "bigGenePred": {"name2": "x", "exonFrames": [[0, 2], [1]], "type": "coding"},
    "bigPsl": {"oChromStart": 3, "oChromStarts": [[3, 13], [7]], "oCDS": "1..9"},
}
ARRAY = {"bigGenePred": "exonFrames", "bigPsl": "oChromStarts"}


def table(kind: str) -> pd.DataFrame:
    blocks = {
        "chrom": "chr1", "start": [100, 500], "end": [200, 530], "name": ["A", "B"], "score": 0,
        "strand": "+", "thickStart": [100, 500], "thickEnd": [200, 530], "reserved": 0,
        "blockCount": [2, 1], "blockSizes": [[10, 20], [30]], "chromStarts": [[0, 80], [0]],
    }  # fmt: skip
    return pd.DataFrame({**blocks, **COLUMNS[kind]})


@pytest.mark.parametrize("kind", TABLES)
def test_arrays_of_the_same_count_are_exploded_along(kind, tmp_path):
    autosql = f'table {kind} "t" ({HEAD}{TABLES[kind]})'
    gidx.write_bigbed(table(kind), tmp_path / "x.bb", {"chr1": 1000}, autosql=autosql)
    found = gidx.read_bigbed(tmp_path / "x.bb").gidx.explode()
    assert found["start"].tolist() == [100, 180, 500]
    assert found["end"].tolist() == [110, 200, 530]
    assert found[ARRAY[kind]].tolist() == [
        v for values in COLUMNS[kind][ARRAY[kind]] for v in values
    ]
    assert "blockCount" not in found
    again = gidx.read_bigbed(found.gidx.to_bigbed(tmp_path / "y.bb", {"chr1": 1000}))
    pd.testing.assert_frame_equal(
        again, found.reset_index(drop=True), check_dtype=False, check_categorical=False
    )


@pytest.mark.parametrize("kind", TABLES)
def test_an_array_that_was_dropped_before_is_not_missed(kind, tmp_path):
    autosql = f'table {kind} "t" ({HEAD}{TABLES[kind]})'
    gidx.write_bigbed(table(kind), tmp_path / "x.bb", {"chr1": 1000}, autosql=autosql)
    found = gidx.read_bigbed(tmp_path / "x.bb").drop(columns=[ARRAY[kind]]).gidx.explode()
    assert len(found) == 3
    assert gidx.read_bigbed(found.gidx.to_bigbed(tmp_path / "y.bb", {"chr1": 1000})).shape[0] == 3
