"""Real VCF, GFF and BED files on the command line: no traceback, no row lost."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import gidx
from gidx import cli

CORPUS = os.environ.get("GIDX_CORPUS")
FILES = sorted(Path(CORPUS, "tabix").rglob("*.gz")) if CORPUS else []
FILES = [
    f for f in FILES if f.name.endswith((".vcf.gz", ".bed.gz", ".gff.gz", ".gff3.gz", ".gtf.gz"))
]
INDEXED = [f for f in FILES if Path(f"{f}.tbi").exists() or Path(f"{f}.csi").exists()]

pytestmark = pytest.mark.skipif(not INDEXED, reason="GIDX_CORPUS is not set: no real files")
pytestmark = [pytestmark, pytest.mark.filterwarnings("ignore")]


def named(path):
    return str(path.relative_to(CORPUS)) if path else ""


@pytest.fixture(params=INDEXED, ids=named)
def real(request):
    return str(request.param)


def test_the_first_rows_are_text(real, capfdbinary):
    assert cli.main(["query", real, "--head", "50", "--errors", "null"]) == 0
    rows = capfdbinary.readouterr().out.splitlines()[1:]
    assert len(rows) == gidx.open(real).head(50, errors="null").num_rows


def test_tsv_has_every_row(real, tmp_path):
    target = tmp_path / "x.tsv"
    assert cli.main(["convert", real, str(target), "--errors", "null"]) == 0
    assert target.read_bytes().count(b"\n") - 1 == gidx.open(real).count_rows()


def test_parquet_is_what_is_read(real, tmp_path):
    target = tmp_path / "x.parquet"
    assert cli.main(["convert", real, str(target), "--errors", "null"]) == 0
    read = gidx.open(real).to_table(errors="null")
    found = pq.read_table(target)
    assert found.schema.names == read.schema.names
    assert found.to_pylist() == read.to_pylist()


def test_bed_has_every_row(real, tmp_path):
    target = tmp_path / "x.bed"
    assert cli.main(["convert", real, str(target), "--errors", "null"]) == 0
    assert target.read_bytes().count(b"\n") >= gidx.open(real).count_rows()
