"""Names of files that are written: URLs are refused by every writer, those of local files taken."""

from __future__ import annotations

import pandas as pd
import pytest

import gidx

ROWS = pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [2], "value": [0.5]})
SIZES = {"chr1": 10}

WRITERS = {
    "a.bb": lambda path: gidx.write_bigbed(ROWS, path, SIZES),
    "a.bw": lambda path: gidx.write_bigwig(ROWS, path, SIZES),
    "a.bed.gz": lambda path: gidx.write_bed(ROWS, path),
    "a.tsv.gz": lambda path: gidx.write_tabix(ROWS, path),
    "a.gff3.gz": lambda path: gidx.write_gff(ROWS.assign(type="x"), path),
    "a.vcf": lambda path: gidx.write_vcf(ROWS[["chrom", "start"]].assign(ref="A", alt="C"), path),
    "a.parquet": lambda path: gidx.to_parquet(ROWS, path),
    "a.gz": lambda path: gidx.bgzf.open(path, "wb").close(),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_url_is_no_place_to_write_to(name):
    with pytest.raises(ValueError, match=rf"s3://bucket/{name}: cannot write to a URL; .*fsspec"):
        WRITERS[name](f"s3://bucket/{name}")


@pytest.mark.parametrize("name", WRITERS)
def test_a_url_of_a_local_file_is_that_file(tmp_path, name):
    WRITERS[name](str(tmp_path / name))
    expected = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        path.unlink()
    WRITERS[name]((tmp_path / name).as_uri())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == expected


def test_an_index_that_a_url_names_is_as_private_as_its_data(tmp_path):
    path = tmp_path / "a.bed.gz"
    gidx.write_bed(ROWS, path)
    path.chmod(0o600)
    index = gidx.TabixIndex.read(f"{path}.tbi")
    (tmp_path / "a.bed.gz.tbi").unlink()
    index.write(f"{path.as_uri()}.tbi")
    assert (tmp_path / "a.bed.gz.tbi").stat().st_mode & 0o777 == 0o600
