"""Regions on chroms that a file does not have: an error, or ignored, at every entry point."""

from __future__ import annotations

import pandas as pd
import pytest

import gidx
from gidx.errors import UnknownChromError

ROWS = pd.DataFrame({"chrom": ["chr1", "chr1", "chr2"], "start": [0, 50, 5], "end": [9, 60, 9]})
ASKED = ["chr1:1-20", "chrY", ("chrY", 5, 9), "chr2"]


@pytest.fixture(params=["bed", "bigbed"])
def path(request, tmp_path):
    if request.param == "bed":
        gidx.write_bed(ROWS, tmp_path / "x.bed.gz")
        return tmp_path / "x.bed.gz"
    gidx.write_bigbed(ROWS, tmp_path / "x.bb", {"chr1": 100, "chr2": 100})
    return tmp_path / "x.bb"


WAYS = {
    "read": lambda path, **o: len(gidx.read(path, ASKED, **o)),
    "scan": lambda path, **o: gidx.open(path).scan(ASKED, **o).read_all().num_rows,
    "to_table": lambda path, **o: gidx.open(path).to_table(ASKED, **o).num_rows,
    "to_pandas": lambda path, **o: len(gidx.open(path).to_pandas(ASKED, **o)),
    "head": lambda path, **o: gidx.open(path).head(9, ASKED, **o).num_rows,
    "count_rows": lambda path, **o: gidx.open(path).count_rows(ASKED, **o),
    "a frame of regions": lambda path, **o: gidx.open(path).count_rows(
        pd.DataFrame({"chrom": ["chrY", "chr1", "chr2"], "start": 0, "end": 20}), **o
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_missing_chroms_are_an_error_unless_ignored(way, path):
    with pytest.raises(UnknownChromError, match="unknown chrom 'chrY'"):
        WAYS[way](path)
    assert WAYS[way](path, missing_chroms="ignore") == 2
    with pytest.raises(ValueError, match="missing_chroms is 'drop'"):
        WAYS[way](path, missing_chroms="drop")


def test_regions_of_which_none_is_there_are_no_rows(path):
    ds = gidx.open(path)
    found = ds.to_pandas("chrY", missing_chroms="ignore")
    assert len(found) == 0
    assert found.columns.tolist()[:3] == ["chrom", "start", "end"]
    with pytest.raises(UnknownChromError, match="did you mean 'chr1'"):
        ds.to_pandas([(1, 0, 5)], missing_chroms="ignore")
