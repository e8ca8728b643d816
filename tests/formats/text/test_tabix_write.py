"""BED and any table, written: lines, blocks, index, all in one pass, all or nothing.

Shared by all text formats; what is of VCF and GFF alone is in tests of their own.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import stat
import subprocess

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import tabix_files

import gidx
from gidx.bgzf import GziIndex
from gidx.binning.index import TabixIndex
from gidx.errors import WriteError
from gidx.formats.bed.write import write_bed
from gidx.formats.table.write import write_tabix
from gidx.ground.tuning import tuning
from gidx.indexing import build_index


def bed6(rows=3000, seed=1, *, zero=False):
    """A DataFrame of sorted rows, many at the bins' edges."""
    places = tabix_files.intervals(seed, rows, zero=zero)
    r = random.Random(seed)
    return pd.DataFrame({
        "chrom": [c for c, _, _ in places],
        "start": [s for _, s, _ in places],
        "end": [e for _, _, e in places],
        "name": [f"r{i}" for i in range(len(places))],
        "score": [r.randrange(1000) for _ in places],
        "strand": [r.choice("+-.") for _ in places],
    })  # fmt: skip


def text_of(df):
    return df.to_csv(sep="\t", header=False, index=False, lineterminator="\n").encode()


def listing(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


# ── what a file holds ───────────────────────────────────────────────────────────────────────────


def test_rows_become_lines_and_others_read_them(tmp_path):
    df, path = bed6(), tmp_path / "a.bed.gz"
    write_bed(df, path, gzi=True)
    assert gzip.decompress(path.read_bytes()) == text_of(df)
    assert listing(tmp_path).keys() == {"a.bed.gz", "a.bed.gz.tbi", "a.bed.gz.gzi"}
    assert GziIndex.read(f"{path}.gzi") == GziIndex.build(path)
    if shutil.which("bgzip"):
        subprocess.run(["bgzip", "-t", path], check=True)
    file = pysam.TabixFile(str(path))
    dataset = gidx.open(path)
    for chrom, start, end in tabix_files.regions(5, 250_000, 300):
        names = [row.split("\t")[3] for row in file.fetch(chrom, start, end)]
        assert dataset.to_table((chrom, start, end)).column("name").to_pylist() == names


@pytest.mark.parametrize("rows", [0, 1, 3, 3000, 9000])
def test_the_index_is_that_of_tabix(tmp_path, rows):
    path, df = tmp_path / "a.bed.gz", bed6(max(rows, 3)).head(rows)
    write_bed(df, path, header="# by hand\n")
    found = TabixIndex.read(f"{path}.tbi")
    pysam.tabix_index(str(path), preset="bed", force=True)
    assert found == TabixIndex.read(f"{path}.tbi")
    write_bed(df, path, header="# by hand\n", index="csi")
    assert TabixIndex.read(f"{path}.csi") == TabixIndex.from_bytes(found.to_bytes("csi"))


def test_the_index_of_a_file_is_that_of_its_writer(tmp_path):
    path = tmp_path / "a.bed.gz"
    write_bed(bed6(zero=True), path)
    written = (tmp_path / "a.bed.gz.tbi").read_bytes()
    assert build_index(path) == f"{path}.tbi"
    assert (tmp_path / "a.bed.gz.tbi").read_bytes() == written


@settings(max_examples=20)
@given(st.integers(1, 99), st.integers(1, 4), st.integers(1, 99), st.booleans())
def test_bytes_do_not_depend_on_batches_pieces_or_threads(batch, threads, piece, sort):
    table = pa.Table.from_pandas(bed6(90), preserve_index=False)
    expected = io.BytesIO()
    write_bed(table, expected, threads=1)
    with tuning.set(write_rows=piece):
        found = io.BytesIO()
        write_bed(iter(table.to_batches(batch)), found, threads=threads, sort=sort)
    assert found.getvalue() == expected.getvalue()


def test_indexes_do_not_depend_on_pieces_or_threads(tmp_path, monkeypatch):
    df = bed6(6000)
    write_bed(df, tmp_path / "a.bed.gz", threads=1)
    expected = (tmp_path / "a.bed.gz.tbi").read_bytes()
    for size, threads in ((31, 2), (1000, 3), (2999, 1)):
        monkeypatch.setattr(tuning, "write_rows", size)
        write_bed(df, tmp_path / "b.bed.gz", threads=threads)
        assert (tmp_path / "b.bed.gz.tbi").read_bytes() == expected


def test_what_data_may_be(tmp_path):
    df = bed6(30)
    expected = text_of(df)
    table = pa.Table.from_pandas(df, preserve_index=False)
    kinds = [
        df, df.astype({"chrom": "category", "start": "Int64", "end": "float64"}),
        df.convert_dtypes(dtype_backend="pyarrow"), table, pl.DataFrame(df.to_dict("list")),
        pl.DataFrame(df.to_dict("list")).with_columns(pl.col("chrom").cast(pl.Categorical)),
        table.to_reader(7), (b for b in table.to_batches(11)), df.to_dict("list"),
        df.rename(columns={"start": "chromStart", "end": "chromEnd"}),
        df.astype({"start": "uint32", "end": "uint64", "score": "int16"}),
    ]  # fmt: skip
    for data in kinds:
        path = tmp_path / "a.bed"
        write_bed(data, path)
        assert path.read_bytes() == expected


def test_rows_that_are_dicts_are_no_table_of_columns():
    row = {"chrom": "chr1", "start": 1, "end": 5}
    for data in (row, [row], iter([row])):
        with pytest.raises(WriteError, match=r"'chrom' is 'chr1', expected a column; .*DataFrame"):
            gidx.write_bed(data, io.BytesIO())


def test_the_name_tells_whether_text_is_compressed(tmp_path):
    df = bed6(30)
    write_bed(df, tmp_path / "a.bed")
    assert (tmp_path / "a.bed").read_bytes() == text_of(df)
    for suffix in (".gz", ".bgz"):
        write_bed(df, tmp_path / f"a.bed{suffix}")
        assert (tmp_path / f"a.bed{suffix}.tbi").exists()
    with pytest.raises(WriteError, match=r"an index is of a BGZF file; call the file .*b\.bed\.gz"):
        write_bed(df, tmp_path / "b.bed", index="tbi")
    with pytest.raises(WriteError, match="a GZI is of a BGZF file"):
        write_bed(df, tmp_path / "b.bed", gzi=True)
    assert not (tmp_path / "b.bed").exists()


def test_open_files_get_no_index_unless_they_are_told_where(tmp_path):
    df, file = bed6(30), io.BytesIO()
    write_bed(df, file)
    assert gzip.decompress(file.getvalue()) == text_of(df)
    with pytest.raises(WriteError, match=r"index='tbi' is written beside a path"):
        write_bed(df, io.BytesIO(), index="tbi")
    file = io.BytesIO()
    write_bed(df, file, index=tmp_path / "x.tbi", gzi=tmp_path / "x.gzi")
    found = gidx.open(file.getvalue(), index=tmp_path / "x.tbi")
    assert found.count_rows("chr1") == 10
    assert GziIndex.read(tmp_path / "x.gzi") == GziIndex.build(file.getvalue())
    with open(tmp_path / "a.bed", "wb") as plain:
        write_bed(df, plain)
    assert (tmp_path / "a.bed").read_bytes() == text_of(df)


def test_an_index_becomes_a_csi_where_a_tbi_does_not_reach(tmp_path):
    df = pd.DataFrame({"chrom": "chr1", "start": [5, 2**29 - 5], "end": [9, 2**29 + 1]})
    path = tmp_path / "a.bed.gz"
    write_bed(df, path)
    assert listing(tmp_path).keys() == {"a.bed.gz", "a.bed.gz.csi"}
    assert gidx.open(path).count_rows(("chr1", 2**29, 2**29 + 1)) == 1
    file = pysam.TabixFile(str(path), index=f"{path}.csi")
    assert len(list(file.fetch("chr1", 2**29, 2**29 + 1))) == 1
    before = listing(tmp_path)
    with pytest.raises(WriteError, match=r"a row ends at 536870913.*write a CSI"):
        write_bed(df, path, index="tbi")
    assert listing(tmp_path) == before


def test_progress_counts_rows(monkeypatch):
    monkeypatch.setattr(tuning, "write_rows", 100)
    told = []
    write_bed(bed6(300), io.BytesIO(), progress=told.append, threads=1)
    assert told == [100, 200, 300]


def test_many_scaffolds(tmp_path):
    n = 30_000
    df = pd.DataFrame({"chrom": [f"scaffold_{i}" for i in range(n)], "start": 5, "end": 9})
    write_bed(df, tmp_path / "a.bed.gz")
    found = gidx.open(tmp_path / "a.bed.gz")
    assert len(found.chroms) == n
    assert found.count_rows("scaffold_29999") == 1


# ── order ───────────────────────────────────────────────────────────────────────────────────────


def test_rows_out_of_order_are_refused_with_their_place(tmp_path):
    rows = [("chr1", 5, 9), ("chr2", 900, 950), ("chr2", 500, 501)]
    df = pd.DataFrame(rows, columns=["chrom", "start", "end"])
    with pytest.raises(WriteError) as error:
        write_bed(df, tmp_path / "a.bed.gz")
    assert str(error.value) == (
        "rows are not sorted: chr2:500 after chr2:900 (row 2); "
        "pass sort=True, or call df.gidx.sort() first"
    )
    assert error.value.row == 2
    df["chrom"] = ["chr1", "chr2", "chr1"]
    with pytest.raises(WriteError, match=r"chr1:500 after chr2:900 \(row 2\)"):
        write_bed(df, tmp_path / "a.bed.gz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("piece", [1, 2, 100])
def test_the_first_fault_is_told_whatever_pieces_there_are(monkeypatch, piece):
    monkeypatch.setattr(tuning, "write_rows", piece)
    df = pd.DataFrame({"chrom": "chr1", "start": [1, 2, 3, 2], "end": 9, "name": list("abcd")})
    df.loc[1, "name"] = "a\tb"
    with pytest.raises(WriteError, match=r"row 1 \(chr1:3-9\), column name: found 'a\\tb'"):
        write_bed(df, io.BytesIO())


def test_sorting_is_natural_stable_and_only_when_asked(tmp_path):
    rows = [("chr10", 1, 2), ("chrX", 1, 2), ("chr2", 7, 8), ("chr2", 1, 9), ("chr2", 1, 3)]
    df = pd.DataFrame(rows, columns=["chrom", "start", "end"])
    path = tmp_path / "a.bed.gz"
    write_bed(df, path, sort=True)
    expected = ["chr2", "chr2", "chr2", "chr10", "chrX"]
    table = gidx.open(path).to_table()
    assert table.column("chrom").to_pylist() == expected
    assert table.column("end").to_pylist() == [9, 3, 8, 2, 2]
    write_bed(df, path, sort=True, chromsizes={"chrX": 9, "chr10": 9, "chr2": 9})
    assert list(gidx.open(path).chroms) == ["chrX", "chr10", "chr2"]


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2**40), st.integers(0, 9))))
def test_sorting_is_pythons(rows):
    df = pd.DataFrame({
        "chrom": pd.Series([r[0] for r in rows], dtype="str"),
        "start": pd.Series([r[1] for r in rows], dtype="int64"),
        "end": pd.Series([r[1] + r[2] for r in rows], dtype="int64"),
    })  # fmt: skip
    file = io.BytesIO()
    write_bed(df, file, sort=True)
    ordered = sorted(((c, s, s + n) for c, s, n in rows), key=lambda row: row[:2])
    text = "".join(f"{c}\t{s}\t{e}\n" for c, s, e in ordered)
    assert gzip.decompress(file.getvalue()).decode() == text


def test_chroms_may_be_in_any_order_that_is_theirs(tmp_path):
    df = pd.DataFrame({"chrom": ["z", "a"], "start": [5, 3], "end": 9})
    write_bed(df, tmp_path / "a.bed.gz")
    assert list(gidx.open(tmp_path / "a.bed.gz").chroms) == ["z", "a"]


# ── what is refused ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"start": 9, "end": 5}, "row 1, start 9 is after end 5|start 9 is after end 5"),
        ({"start": -1}, "column start: found -1, expected 0 to"),
        ({"chrom": None}, "column chrom: the value is missing"),
        ({"start": None}, "column start: the value is missing"),
        ({"chrom": ""}, "a name is not empty"),
        ({"chrom": "#1"}, "a line that begins with '#' is a comment"),
        ({"chrom": "track"}, "a line that begins so is a header"),
        ({"chrom": "browser x"}, "a line that begins so is a header"),
        ({"name": "a\tb"}, "which has a tab, line break or NUL"),
        ({"name": "a\nb"}, "which has a tab, line break or NUL"),
        ({"chrom": "chr9"}, "unknown chrom 'chr9'"),
        ({"end": 1001}, "end 1001 is past the size of chr1, 1000"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_hold_is_refused_and_all_is_as_it_was(tmp_path, row, message):
    path = tmp_path / "a.bed.gz"
    write_bed(bed6(30), path, gzi=True)
    before = listing(tmp_path)
    values = {"chrom": "chr1", "start": 3, "end": 7, "name": "n", **row}
    first = {"chrom": "chr1", "start": 1, "end": 2, "name": "n"}
    sizes = dict.fromkeys(("chr1", "#1", "track", "browser x"), 1000)
    with pytest.raises(WriteError, match=message) as error:
        write_bed(
            pa.Table.from_pylist([first, values]), path,
            chromsizes=None if row.get("chrom") == "" else sizes,
        )  # fmt: skip
    assert error.value.row == 1
    assert listing(tmp_path) == before


def test_a_stream_that_breaks_leaves_all_as_it_was(tmp_path):
    path = tmp_path / "a.bed.gz"
    write_bed(bed6(30), path)
    before = listing(tmp_path)

    def broken():
        yield bed6(3)
        raise RuntimeError("the line was cut")

    with pytest.raises(RuntimeError, match="the line was cut"):
        write_bed(broken(), path)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("step", range(1, 6))
def test_whatever_step_fails_all_is_as_it_was(tmp_path, monkeypatch, step):
    path = tmp_path / "a.bed.gz"
    write_bed(bed6(30), path, gzi=True)
    before = listing(tmp_path)
    count = 0
    real = {name: getattr(os, name) for name in ("rename", "replace")}

    def failing(name):
        def call(*paths):
            nonlocal count
            count += 1
            if count == step:
                raise OSError(f"no {name}")
            real[name](*paths)

        return call

    for name in real:
        monkeypatch.setattr(os, name, failing(name))
    with pytest.raises(OSError, match="no re"):
        write_bed(bed6(60), path, gzi=True)
    monkeypatch.undo()
    assert listing(tmp_path) == before


def test_indexes_of_the_file_that_goes_go_with_it(tmp_path):
    path = tmp_path / "a.bed.gz"
    write_bed(bed6(30), path, index="csi", gzi=True)
    write_bed(bed6(60), path, index="tbi")
    assert listing(tmp_path).keys() == {"a.bed.gz", "a.bed.gz.tbi"}
    write_bed(bed6(60), path, index=None)
    assert listing(tmp_path).keys() == {"a.bed.gz"}


def test_options_that_mean_nothing_are_refused(tmp_path):
    for options in ({"level": 13}, {"index": "bai"}, {"threads": 0}):
        with pytest.raises(ValueError, match="expected"):
            write_bed(bed6(3), tmp_path / "a.bed.gz", **options)
    with pytest.raises(ValueError, match="cannot write to a URL"):
        write_bed(bed6(3), "memory://a.bed.gz")
    with pytest.raises(TypeError, match="expected a path or a binary file"):
        write_bed(bed6(3), 5)
    with pytest.raises(WriteError, match="no column 'chrom'; did you mean 'chr'"):
        write_bed({"chr": ["a"], "start": [1], "end": [2]}, tmp_path / "a.bed")


# ── BED ─────────────────────────────────────────────────────────────────────────────────────────


BEDS = {
    "bed3": "chr1\t1\t2\nchr2\t1\t2\n",
    "bed6": "chr1\t1\t2\ta\t7\t+\nchr1\t1\t2\t.\t.\t.\nchr1\t1\t2\t\t0\t-\n",
    "bed12": "chr1\t5\t90\tn\t7\t+\t6\t80\t255,0,1\t2\t10,20,\t0,65,\n"
    "chr1\t5\t90\tn\t7\t+\t6\t80\t0\t1\t85,\t0,\n",
    "peaks": "chr1\t1\t2\ta\t0.5\t+\t3.0\tNA\tx\nchr1\t4\t5\tb\t.\t-\t2.0\t17\ty\n",
    "names": "#chrom\tstart\tend\tgene\tlevel\nchr1\t1\t2\tabc\t5\n",
    "bare names": "chrom\tstart\tend\tgene\tend\nchr1\t1\t2\tabc\t5\n",
    "header": "browser position chr1:1-10\ntrack name=x\n# comment\nchr1\t1\t2\n",
    "empty words": "chr1\t1\t2\ta\t5\t+\t\t1\nchr1\t1\t2\ta\t5\t+\t7\t2\n",
    "texts": "chr1\t1\t2\tä 'x'\t007\nchr1\t3\t4\t\t1e5x\n",
    "not finite": "chr1\t1\t2\ta\t1e300\t+\tnan\nchr1\t1\t2\ta\t0.1\t+\t-inf\n"
    "chr1\t1\t2\ta\t2\t+\t5e-324\n",
}


@pytest.mark.parametrize("which", BEDS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_was_read_is_read_again(tmp_path, which, suffix):
    """Values, types, metadata and names; through pandas too."""
    dataset = gidx.open(BEDS[which].encode())
    first = dataset.to_table()
    path = tmp_path / f"a.bed{suffix}"
    for data in (first, dataset, first.to_reader(1), dataset.to_pandas()):
        write_bed(data, path)
        again = gidx.open(path).to_table()
        assert again.to_pylist() == first.to_pylist() or which == "not finite"
        assert again.to_pandas().equals(first.to_pandas())
        # pandas does not keep what a column's own metadata say of missing values
        told = which not in ("empty words", "peaks") or not isinstance(data, pd.DataFrame)
        assert again.schema.equals(first.schema, check_metadata=told)
    write_bed(dataset.to_table(names="native"), path)
    assert gidx.open(path).to_table().to_pandas().equals(first.to_pandas())


@pytest.mark.parametrize("which", ["bed3", "bed6", "bed12", "header"])
def test_canonical_text_is_written_as_it_was(which):
    file = io.BytesIO()
    write_bed(gidx.open(BEDS[which].encode()), file)
    assert gzip.decompress(file.getvalue()).decode() == BEDS[which]


AUTOSQL = """table t "x" (
 string chrom; "" uint chromStart; "" uint chromEnd; "" string name; ""
 enum(a,b) kind; "" set(p,q) marks; "" int[2] pair; "" uint count; "" float[count] values; ""
 double big; "" uint reserved; "" char[3] code; "" ubyte small; "" simple pt point; "" )
simple pt "y" ( int x; "" int y; "" )"""
POINTS = 'simple pt "y" ( int x; "" int y; "" )\n'


def test_every_autosql_type_is_written_and_read_again(tmp_path):
    row = "chr1\t5\t9\tn\tb\tp,q,\t1,2,\t2\t0.5,1e-9,\t0.1\t1,2,3\tabc\t255\n"
    none = "chr1\t6\t9\tn\ta\t\t.\t0\t\t.\t.\t.\t.\n"
    declared = AUTOSQL.replace('simple pt point; "" ', "").partition("simple pt")[0]
    dataset = gidx.open((row + none).encode(), schema=declared)
    table = dataset.to_table(errors="raise")
    path = tmp_path / "a.bed.gz"
    for schema in (None, declared):
        write_bed(table, path, schema=schema)
        again = gidx.open(path, schema=declared).to_table(errors="raise")
        assert again.equals(table, check_metadata=True)
    assert gzip.decompress(path.read_bytes()).decode() == row + none


def test_a_schema_is_what_values_must_be():
    df = pd.DataFrame({"chrom": "chr1", "start": [1], "end": [2], "name": "n", "score": [0.5]})
    write_bed(df, io.BytesIO())
    with pytest.raises(WriteError, match=r"column score: found 0.5, expected an integer"):
        write_bed(df, io.BytesIO(), schema="bed5")
    write_bed(df.assign(score=5000), io.BytesIO(), schema="bed5")
    with pytest.raises(WriteError, match="bed6 has strand as field 6"):
        write_bed(df.assign(score=5), io.BytesIO(), schema="bed6")
    declared = pa.schema([
        ("chrom", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("n", pa.int8()),
    ])  # fmt: skip
    with pytest.raises(WriteError, match=r"row 0 .*column n: found 300, expected byte"):
        write_bed({"chrom": ["a"], "start": [1], "end": [2], "n": [300]}, io.BytesIO(),
                  schema=declared)  # fmt: skip


def test_a_score_may_be_any_number_and_blocks_any_list():
    df = pd.DataFrame({"chrom": "c", "start": [1], "end": [2], "name": "", "score": [-5000]})
    file = io.BytesIO()
    write_bed(df, file)
    assert gzip.decompress(file.getvalue()) == b"c\t1\t2\t\t-5000\n"


def test_names_that_bed_does_not_know_are_kept_in_a_comment(tmp_path):
    df = pd.DataFrame({"chrom": "chr1", "start": [1, 5], "end": 9, "gene": ["a", "b"],
                       "level": [1.0, 2.0]})  # fmt: skip
    path = tmp_path / "a.bed.gz"
    write_bed(df, path)
    again = gidx.read_bed(path, "chr1:1-3")
    assert again.columns.tolist() == ["chrom", "start", "end", "gene", "level"]
    assert again["level"].tolist() == [1.0]
    for header, lines in ((False, b""), ("track name=x", b"track name=x\n")):
        write_bed(df, path, header=header)
        assert (
            gzip.decompress(path.read_bytes())
            == lines + b"chr1\t1\t9\ta\t1.0\nchr1\t5\t9\tb\t2.0\n"
        )
    write_bed(bed6(3), path, header=True)
    assert gzip.decompress(path.read_bytes()).startswith(
        b"#chrom\tstart\tend\tname\tscore\tstrand\n"
    )
    with pytest.raises(WriteError, match="a name in a header line"):
        write_bed(df.rename(columns={"gene": "a\tb"}), path)


def test_a_recorded_line_of_names_follows_the_columns(tmp_path):
    df = gidx.open(b"# by x\n#chrom\tstart\tend\tgene\tlevel\nchr1\t1\t2\ta\t5\n").to_pandas()
    path = tmp_path / "a.bed"
    write_bed(df.rename(columns={"level": "depth"}), path)
    assert path.read_bytes() == b"# by x\n#chrom\tstart\tend\tgene\tdepth\nchr1\t1\t2\ta\t5\n"


def test_columns_without_a_text_are_refused():
    data = {"chrom": ["a"], "start": [1], "end": [2], "when": [pd.Timestamp("2020-01-01")]}
    for write in (write_bed, write_tabix):
        with pytest.raises(WriteError, match=r"column when is timestamp.*which has no text"):
            write(data, io.BytesIO())


NAMES = st.text(st.characters(exclude_characters="\t\r\n\0", codec="utf-8"), max_size=5)
NAME = st.text("ab \x0b\x1c\x85\u2028", min_size=1, max_size=4).filter(lambda s: s == s.strip())


@pytest.mark.parametrize("write", [write_bed, write_tabix])
@given(comment=NAMES, name=NAME)
def test_a_line_of_a_header_ends_at_a_line_break_only(write, comment, name):
    """`str.splitlines` has ten other ends, and a header was cut at them."""
    head = f"##by {comment}\n#chrom\tstart\tend\tx{name}x\n".encode()
    data = head + b"chr1\t1\t2\ta\nchr1\t1\t2\tb\n"
    table, out = gidx.open(data).to_table(), io.BytesIO()
    assert table.schema.names[3] == f"x{name}x"
    write(table, out)
    written = out.getvalue()
    assert (gzip.decompress(written) if written[:2] == b"\x1f\x8b" else written) == data


FLOATS = st.floats(width=64, allow_nan=False)
KINDS = {
    pa.string(): NAMES, pa.int64(): st.integers(-(2**63), 2**63 - 1) | st.none(),
    pa.uint8(): st.integers(0, 255) | st.none(), pa.float64(): FLOATS | st.none(),
    pa.float32(): st.floats(width=32, allow_nan=False) | st.none(),
    pa.list_(pa.int32()): st.lists(st.integers(-9, 9) | st.none()) | st.none(),
    pa.list_(pa.float64(), 2): st.lists(FLOATS, min_size=2, max_size=2) | st.none(),
}  # fmt: skip


@st.composite
def frames(draw):
    """Tables of any columns that BED can declare, sorted."""
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), max_size=5))
    places = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2**31),
                                     st.integers(0, 99)), max_size=12))  # fmt: skip
    places.sort(key=lambda p: p[:2])
    columns = {
        "chrom": pa.array([p[0] for p in places], pa.string()),
        "start": pa.array([p[1] for p in places], pa.int64()),
        "end": pa.array([p[1] + p[2] for p in places], pa.int64()),
    }
    for i, kind in enumerate(kinds):
        values = [draw(KINDS[kind]) for _ in places]
        columns[f"c{i}"] = pa.array(values, kind)
    return pa.table(columns)


@settings(max_examples=60)
@given(frames(), st.integers(1, 5), st.booleans())
def test_any_table_is_read_as_it_was_written(table, batch, declared):
    """With its own schema, which the file does not tell."""
    file = io.BytesIO()
    write_bed(table.to_reader(batch), file, schema=table.schema if declared else None)
    schema = table.schema
    if not declared and any(pa.types.is_list(t) for t in schema.types):
        return  # a schema's list has a field that counts it, which nobody asked for
    found = gidx.dataset.open_as(file.getvalue(), kinds=("bed",), options={"schema": schema})
    again = found.to_table(errors="raise")
    assert again.column("chrom").to_pylist() == table.column("chrom").to_pylist()
    for name in table.column_names[1:]:
        assert again.column(name).to_pylist() == table.column(name).to_pylist()


# ── any table ───────────────────────────────────────────────────────────────────────────────────


def test_a_table_keeps_its_columns_places_and_what_it_counts_from(tmp_path):
    df = pd.DataFrame({"gene": ["A", "B"], "chrom": "chr1", "start": [4, 9], "end": [5, 12],
                       "x": [1.0, np.nan]})  # fmt: skip
    path = tmp_path / "a.tsv.gz"
    write_tabix(df, path, zero_based=False)
    text = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert text[:2] == ["#gene\tchrom\tstart\tend\tx", "A\tchr1\t5\t5\t1.0"]
    index = TabixIndex.read(f"{path}.tbi")
    assert (index.layout.chrom, index.layout.start, index.layout.end) == (2, 3, 4)
    assert not index.layout.zero_based
    assert [r.split("\t")[0] for r in pysam.TabixFile(str(path)).fetch("chr1", 9, 10)] == ["B"]
    assert gidx.read_tabix(path, "chr1:10")["gene"].tolist() == ["B"]


TABLES = {  # text, columns
    "one-based": ("#gene\tchr\tfrom\tto\tp\nA\tc1\t5\t9\t0.5\nB\tc1\t7\t7\tNA\n", (2, 3, 4)),
    "one position": ("#chr\tpos\tref\nc1\t5\tA\nc1\t7\tC\n", (1, 2, 2)),
    "no names": ("x\tc1\t5\t9\ny\tc1\t7\t7\n", (2, 3, 4)),
    "empty words": ("#chr\tpos\tn\tm\nc1\t5\t\t1.0\nc1\t7\t3\t2.0\n", (1, 2, 2)),
    "own end": ("# x\n#chrom\tpos\tend\nc1\t5\tq\nc1\t7\tr\n", (1, 2, 2)),
    "skipped": ("gene\tchr\tfrom\tto\nA\tc1\t5\t9\nB\tc1\t7\t7\n", (2, 3, 4)),
    "zero": ("#a\tb\tc\nc1\t5\t9\nc1\t7\t7\n", (1, 2, 3)),
}


@pytest.mark.parametrize("which", TABLES)
def test_tables_that_were_read_are_written_as_they_were(tmp_path, which):
    text, (chrom, start, end) = TABLES[which]
    source, path = tmp_path / "a.tsv.gz", tmp_path / "b.tsv.gz"
    source.write_bytes(tabix_files.bgzip(text.encode()))
    zero = which == "zero"
    build_index(source, chrom=chrom, start=start, end=end, zero_based=zero)
    for names in ("canonical", "native"):
        write_tabix(gidx.dataset.open_as(source, kinds=("tsv",)).to_table(names=names), path)
        assert gzip.decompress(path.read_bytes()).decode() == text
        assert TabixIndex.read(f"{path}.tbi").layout == TabixIndex.read(f"{source}.tbi").layout
    if which == "zero":  # which is BED, if nobody says otherwise
        return
    words = text.replace("\t\t", "\t.\t").replace("NA", ".")  # which pandas does not keep
    write_tabix(gidx.read_tabix(source), path)
    assert gzip.decompress(path.read_bytes()).decode() == words


def test_columns_that_are_new_or_gone_are_in_the_header_line(tmp_path):
    text, (chrom, start, end) = TABLES["one-based"]
    source, path = tmp_path / "a.tsv.gz", tmp_path / "b.tsv"
    source.write_bytes(tabix_files.bgzip(text.encode()))
    build_index(source, chrom=chrom, start=start, end=end)
    df = gidx.read_tabix(source)
    write_tabix(df.drop(columns="p").assign(q=["x", "y"]), path)
    assert path.read_text() == "#gene\tchr\tfrom\tto\tq\nA\tc1\t5\t9\tx\nB\tc1\t7\t7\ty\n"


def test_a_table_of_positions_holds_rows_of_one_base(tmp_path):
    text, (chrom, start, end) = TABLES["one position"]
    source = tmp_path / "a.tsv.gz"
    source.write_bytes(tabix_files.bgzip(text.encode()))
    build_index(source, chrom=chrom, start=start, end=end)
    df = gidx.read_tabix(source)
    df["end"] += 1
    with pytest.raises(WriteError, match="one position a row, so expected 5"):
        write_tabix(df, tmp_path / "b.tsv.gz")


def test_the_first_column_must_not_make_a_comment(tmp_path):
    df = pd.DataFrame({"id": ["a", "#b"], "chrom": "c", "start": [1, 2], "end": 5})
    with pytest.raises(WriteError, match=r"row 1 \(c:3-5\), column id: found '#b'"):
        write_tabix(df, tmp_path / "a.tsv.gz")
    write_tabix(df[["chrom", "start", "end", "id"]], tmp_path / "a.tsv.gz")
    assert gidx.open(tmp_path / "a.tsv.gz").count_rows() == 2


def test_what_is_missing_has_the_word_that_is_asked_for():
    table = pa.table({"chrom": ["c"], "start": [1], "end": [2], "x": pa.array([None], pa.int8())})
    for options, word in (({}, b"."), ({"missing": "NA"}, b"NA")):
        file = io.BytesIO()
        write_tabix(table, file, header=False, **options)
        assert gzip.decompress(file.getvalue()) == b"c\t1\t2\t" + word + b"\n"


@pytest.mark.parametrize("items", [[], [None]], ids=["empty", "missing"])
def test_lists_of_no_known_type_are_written(items, tmp_path):
    # pandas has no type for lists that are all empty
    df = pd.DataFrame({"chrom": ["c", "c"], "start": [1, 2], "end": 5, "x": [items, []]})
    for write in (gidx.write_bed, write_tabix):
        write(df, tmp_path / "a.gz", header=False)
        text = gzip.decompress((tmp_path / "a.gz").read_bytes()).decode()
        assert text == f"c\t1\t5\t{'.,' * len(items)}\nc\t2\t5\t\n"


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_an_index_may_be_read_by_whom_its_file_may(tmp_path):
    path = str(tmp_path / "a.bed.gz")
    rows = pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [2]})
    gidx.write_bed(rows, path)
    os.chmod(path, 0o600)
    os.unlink(path + ".tbi")
    gidx.build_index(path)
    assert stat.S_IMODE(os.stat(path + ".tbi").st_mode) == 0o600
    os.unlink(path + ".tbi")
    gidx.write_bed(rows, path)  # which keeps the mode of the file that it replaces
    assert stat.S_IMODE(os.stat(path + ".tbi").st_mode) == 0o600
