"""bigWigs on the command line: bedGraph and tables in and out, facts, checks."""

from __future__ import annotations

import json
import math

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.bigwig_bytes import build
from tests.support.tables import rows_in

import gidx
from gidx.cli import main

BEDGRAPH = "track type=bedGraph name=x\nchr1\t0\t10\t1.5\nchr1\t10\t20\t-3\nchr2\t5\t9\t1e3\n"
ROWS = [("chr1", 0, 10, 1.5), ("chr1", 10, 20, -3.0), ("chr2", 5, 9, 1000.0)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sizes").write_text("chr1\t100\nchr2\t50\n")
    frame = pd.DataFrame(ROWS, columns=["chrom", "start", "end", "value"])
    gidx.write_bigwig(frame, "a.bw", "sizes")
    return tmp_path


def test_bedgraph_becomes_a_bigwig_and_back(folder):
    (folder / "in.bedGraph").write_text(BEDGRAPH)
    assert main(["convert", "in.bedGraph", "b.bw", "--chromsizes", "sizes"]) == 0
    assert rows_in("b.bw") == ROWS
    assert main(["convert", "b.bw", "out.bedGraph"]) == 0
    lines = (folder / "out.bedGraph").read_text().splitlines()
    assert [line.split("\t") for line in lines if not line.startswith("#")] == [
        ["chr1", "0", "10", "1.5"], ["chr1", "10", "20", "-3.0"], ["chr2", "5", "9", "1000.0"],
    ]  # fmt: skip
    assert main(["convert", "out.bedGraph", "c.bw", "--chromsizes", "sizes"]) == 0
    assert (folder / "c.bw").read_bytes() == (folder / "a.bw").read_bytes()


@pytest.mark.parametrize("ending", ["tsv", "parquet", "arrow", "bed", "bed.gz", "bigwig"])
def test_any_table_in_between_keeps_the_rows(folder, ending):
    assert main(["convert", "a.bw", f"b.{ending}"]) == 0
    if ending not in ("parquet", "arrow", "bigwig"):
        assert main(["convert", f"b.{ending}", "c.bw", "--chromsizes", "sizes"]) == 0
        assert rows_in("c.bw") == ROWS


def test_a_region_of_a_bigwig_is_a_bigwig(folder):
    assert main(["convert", "a.bw", "b.bw", "--region", "chr1:5-6"]) == 0
    assert rows_in("b.bw") == ROWS[:1]
    assert gidx.open("b.bw").chroms == {"chr1": 100}


def test_facts_rows_and_checks(folder, capsys):
    assert main(["info", "--json", "a.bw"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["format"] == "bigWig version 4"
    assert main(["info", "a.bw"]) == 0
    printed = capsys.readouterr().out
    assert "covered bases" in printed
    assert "mean value" in printed
    assert main(["query", "a.bw", "chr1:11-11", "--no-header"]) == 0
    assert capsys.readouterr().out == "chr1\t10\t20\t-3\n"
    assert main(["query", "a.bw", "--count"]) == 0
    assert capsys.readouterr().out.strip() == "3"
    assert main(["check", "a.bw"]) == 0
    assert "ok" in capsys.readouterr().out


def test_facts_of_values_that_are_infinite(folder, capsys):
    rows = [("chr1", 0, 5, math.inf), ("chr1", 5, 6, math.nan), ("chr1", 6, 9, -2.0)]
    (folder / "b.bw").write_bytes(build(rows, {"chr1": 10}))
    assert main(["info", "b.bw"]) == 0
    printed = capsys.readouterr().out.split()
    assert printed[-3:] == ["max", "value", "inf"]
    assert main(["info", "--json", "b.bw"]) == 0
    facts = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)  # no Infinity in JSON
    assert facts["coverage"]["covered_bases"] == 8
    assert facts["coverage"]["min_value"] == -2
    assert facts["coverage"]["max_value"] is None


def test_rows_that_no_bigwig_holds_are_named(folder, capsys):
    (folder / "in.bedGraph").write_text("chr1\t0\t10\t1.5\nchr1\t5\t20\t-3\n")
    assert main(["convert", "in.bedGraph", "b.bw", "--chromsizes", "sizes"]) != 0
    assert "overlaps the row before" in capsys.readouterr().err
    assert not (folder / "b.bw").exists()


def test_parquet_of_a_bigwig_has_its_types(folder):
    gidx.to_parquet("a.bw", "a.parquet")
    assert pq.read_table("a.parquet").schema.field("value").type == pa.float32()
