"""gidx dump-index: an index as rows, or as what tabixpy reads."""

import gzip
import io
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.support import tabix_files

from gidx.binning import TabixIndex, TbkIndex

ROWS = "".join(f"chr1\t{s}\t{s + 5}\n" for s in range(0, 90_000, 100)) + "chr2\t7\t9\n" * 3


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with x.bed.gz, its .tbi and, elsewhere, its .csi."""
    monkeypatch.chdir(tmp_path)
    tabix_files.write(tmp_path / "x.bed.gz", ROWS, sizes=4000)
    (tmp_path / "alone").mkdir()
    TabixIndex.read("x.bed.gz.tbi").write("alone/x.bed.gz.csi", kind="csi")
    return tmp_path


@pytest.fixture
def run(run):
    """`gidx dump-index` with these arguments."""
    return lambda *arguments: run("dump-index", *arguments)


@pytest.mark.parametrize(
    ("options", "method"),
    [((), "to_table"), (("--linear",), "linear_table"), (("--stats",), "stats_table")],
)
@pytest.mark.parametrize("file", ["x.bed.gz.tbi", "alone/x.bed.gz.csi"])
def test_rows_are_those_of_the_tables(run, file, options, method):
    table = getattr(TabixIndex.read(file), method)()
    status, out, err = run(file, *options)
    assert (status, err) == (0, "")
    found = pd.read_csv(io.BytesIO(out), sep="\t")
    pd.testing.assert_frame_equal(
        found, table.to_pandas().astype({"chrom": "str"}).astype(found.dtypes)
    )
    _, out, _ = run(file, *options, "--format", "json")
    assert [json.loads(line) for line in out.splitlines()] == table.to_pylist()
    assert run(file, *options, "--output", "out.parquet") == (0, b"", "")
    assert pq.read_table("out.parquet").to_pylist() == table.to_pylist()


def test_a_header_is_left_out_when_asked(run):
    _, with_header, _ = run("x.bed.gz.tbi")
    _, without, _ = run("x.bed.gz.tbi", "--no-header")
    assert with_header.partition(b"\n")[2] == without
    assert with_header.startswith(b"chrom\tstart\tend\tbin\tlevel\tchunk_begin\tchunk_end\t")


def test_json_of_tabixpy_has_positions_where_the_data_is_at_hand(run):
    index = TabixIndex.read("x.bed.gz.tbi")
    assert run("x.bed.gz.tbi", "--format", "tbj")[1].decode() == index.to_json(data="x.bed.gz")
    assert run("alone/x.bed.gz.csi", "--format", "tbj")[1] == (
        TabixIndex.read("alone/x.bed.gz.csi").to_json().encode()
    )
    _, out, _ = run("alone/x.bed.gz.csi", "--format", "tbj", "--data", "x.bed.gz")
    assert b"first_pos" in out


def test_a_suffix_says_what_to_write_and_it_is_read_again(run):
    assert run("x.bed.gz.tbi", "-o", "y.tbj") == (0, b"", "")
    assert TabixIndex.read("y.tbj") == TabixIndex.read("x.bed.gz.tbi")
    assert run("y.tbj")[1] == run("x.bed.gz.tbi")[1]
    assert run("x.bed.gz.tbi", "-o", "y.tbk") == (0, b"", "")
    tbk = TbkIndex.read("y.tbk")
    assert (tbk.first_pos[0], tbk.last_pos[0]) == (0, TbkIndex.build("x.bed.gz").last_pos[0])
    found = pd.read_csv(io.BytesIO(run("y.tbk")[1]), sep="\t")
    assert found["n_rows"].tolist() == tbk.n_rows.tolist()
    assert gzip.decompress(run("x.bed.gz.tbi", "--format", "tbk")[1]) == tbk.to_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x.bed.gz.tbi", "--linear", "--stats"), "not allowed with"),
        (("x.bed.gz.tbi", "--linear", "--format", "tbj"), "tbj is the whole index"),
        (("x.bed.gz.tbi", "--stats", "-o", "y.tbk"), "tbk is the whole index"),
        (("alone/x.bed.gz.csi", "--format", "tbk"), "made from the indexed file; pass --data"),
        (("x.bed.gz.tbi", "--format", "bed"), "invalid choice: 'bed'"),
        ((), "required: INDEX"),
    ],
)
def test_arguments_that_do_not_go_together_are_wrong(run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, b"")
    assert message in err


def test_a_tbk_has_no_bins_to_show(run):
    run("x.bed.gz.tbi", "-o", "y.tbk")
    for arguments in (["--linear"], ["--format", "tbj"]):
        status, _, err = run("y.tbk", *arguments)
        assert status == 2
        assert "only blocks and their rows" in err


def test_what_is_no_index_is_one_line_and_leaves_no_file(run, folder):
    for file, message in (("x.bed.gz", "not a tabix index"), ("none.tbi", "no such file")):
        status, out, err = run(file, "-o", "y.tbj")
        assert (status, out) == (1, b"")
        assert message in err.lower()
        assert err.count("\n") == 1
    (folder / "x.bed.gz").write_bytes(tabix_files.bgzip(b"chr1\t1\t2\n"))
    status, _, err = run("x.bed.gz.tbi", "-o", "y.tbj")
    assert (status, err.count("\n")) == (1, 1)
    assert "the index is of another file" in err or "no block begins here" in err
    assert not (folder / "y.tbj").exists()
