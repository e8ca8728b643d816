"""Real VCF, GFF and BED files on the command line: no traceback, nothing lost, there and back.

Each as it lies there, with its index if it has one, and its first rows as plain text.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import gidx
from gidx import cli

CORPUS = os.environ.get("GIDX_CORPUS")
SUFFIXES = (".vcf", ".bed", ".gff", ".gff3", ".gtf")
FILES = sorted(Path(CORPUS, "tabix").rglob("*")) if CORPUS else []
FILES = [f for f in FILES if f.name.removesuffix(".gz").endswith(SUFFIXES)]
SMALL = [f for f in FILES if f.stat().st_size < 500_000]  # one has thousands of columns
INDEXED = [f for f in FILES if Path(f"{f}.tbi").exists() or Path(f"{f}.csi").exists()]
HEAD = 100  # rows of a plain file

pytestmark = pytest.mark.skipif(not INDEXED, reason="GIDX_CORPUS is not set: no real files")
pytestmark = [pytestmark, pytest.mark.filterwarnings("ignore")]


def named(path):
    return str(path.relative_to(CORPUS)) if path else ""


def suffix(path):
    return Path(str(path).removesuffix(".gz")).suffix


@pytest.fixture(params=INDEXED, ids=named)
def real(request):
    return str(request.param)


@pytest.fixture(params=SMALL, ids=named)
def plain(request, tmp_path):
    """The first rows as plain text."""
    data = request.param.read_bytes()
    lines = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).splitlines(True)
    first = next(i for i, line in enumerate(lines) if not line.startswith((b"#", b"track")))
    path = tmp_path / f"plain{suffix(request.param)}"
    path.write_bytes(b"".join(lines[: first + HEAD]))
    return path


def convert(source, target, *more):
    assert cli.main(["convert", str(source), str(target), "--errors", "null", *more]) == 0
    return target


def table(path):
    return gidx.open(path).to_table(errors="null")


def plain_of(column):
    """A column without its dictionary, if it has one."""
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


# ── files with their index ──────────────────────────────────────────────────────────────────────


def test_the_first_rows_are_text(real, capfdbinary):
    assert cli.main(["query", real, "--head", "50", "--errors", "null"]) == 0
    rows = capfdbinary.readouterr().out.splitlines()[1:]
    assert len(rows) == gidx.open(real).head(50, errors="null").num_rows


def test_tsv_has_every_row(real, tmp_path):
    target = convert(real, tmp_path / "x.tsv")
    assert target.read_bytes().count(b"\n") - 1 == gidx.open(real).count_rows()


def test_parquet_is_what_is_read(real, tmp_path):
    found = pq.read_table(convert(real, tmp_path / "x.parquet"))
    read = table(real)
    assert found.schema.names == read.schema.names
    for name in read.schema.names:
        a, b = plain_of(found[name]), plain_of(read[name])
        assert a.equals(b) or a.to_pylist() == b.to_pylist(), name  # Parquet has no fixed sizes


def test_bed_has_every_row(real, tmp_path):
    target = convert(real, tmp_path / "x.bed", "--no-header")
    assert target.read_bytes().count(b"\n") == gidx.open(real).count_rows()


# ── plain text ──────────────────────────────────────────────────────────────────────────────────


def test_info_and_check_say_what_plain_text_is(plain, capfd):
    assert cli.main(["info", str(plain)]) == 0
    assert "plain text" in capfd.readouterr().out
    status = cli.main(["check", str(plain)])
    out, err = capfd.readouterr()
    assert f"{gidx.open(plain).count_rows():,} rows, index none" in out
    assert all(line.startswith("gidx: ") for line in err.splitlines())
    assert status == bool(
        err
    )  # that a header is not declared is worth a look, and all else is well


def test_a_region_of_plain_text_is_its_rows(plain, capfdbinary):
    rows = gidx.open(plain).to_table(columns=["chrom", "start", "end"])
    chrom, start, end = (column[0].as_py() for column in rows.columns)
    same = pc.and_(
        pc.equal(rows["chrom"], chrom),
        pc.and_(pc.less(rows["start"], max(end, start + 1)), pc.greater(rows["end"], start)),
    )
    region = f"{chrom}:{start + 1}-{max(end, start + 1)}"
    assert cli.main(["query", str(plain), region, "--count"]) == 0
    found = int(capfdbinary.readouterr().out)
    if pc.all(pc.less(rows["start"], rows["end"])).as_py():
        assert found == pc.sum(same).as_py()
    assert found > 0


@pytest.mark.parametrize("between", ["parquet", "arrow"])
def test_typed_files_give_back_the_same_table(plain, tmp_path, between):
    """Lines may be laid out anew: keys in the header's order, numbers as short as can be."""
    typed = convert(plain, tmp_path / f"x.{between}")
    back = table(convert(typed, tmp_path / f"back{suffix(plain)}"))
    before = table(plain)
    assert sorted(back.schema.names) == sorted(before.schema.names)
    assert back.select(before.schema.names).to_pylist() == before.to_pylist()


def test_tsv_has_a_text_where_there_is_a_value(plain, tmp_path):
    tsv = convert(plain, tmp_path / "x.tsv")
    lines = [line.split("\t") for line in tsv.read_text(encoding="utf-8").splitlines()]
    before = table(plain)
    assert lines[0] == before.schema.names
    assert len(lines) - 1 == before.num_rows
    for i, name in enumerate(lines[0]):
        for line, value in zip(lines[1:], before[name].to_pylist(), strict=True):
            assert bool(line[i]) == _is_there(value) or (value, line[i]) == (None, "."), name
    back = pq.read_table(convert(tsv, tmp_path / "back.parquet"))
    assert back.schema.names == before.schema.names
    for name in ("chrom", "start", "end"):
        assert back[name].to_pylist() == before[name].to_pylist()


def _is_there(value):
    return value not in (None, "", [], [None], [""])


def test_bed_gives_back_bed_and_places(plain, tmp_path):
    bed = convert(plain, tmp_path / "x.bed")
    before, back = table(plain), table(bed)
    for name in ("chrom", "start", "end"):
        assert back[name].to_pylist() == before[name].to_pylist()
    if suffix(plain) == ".bed":
        text = plain.read_bytes().replace(b"\r\n", b"\n")
        assert bed.read_bytes() == (b"#" + text if text.startswith(b"chrom\t") else text)
        tsv = convert(bed, tmp_path / "x.tsv")
        again = convert(tsv, tmp_path / "again.bed", "--no-header")
        rows = [line for line in bed.read_bytes().splitlines(True) if line[:1] not in b"#t"]
        assert again.read_bytes() == b"".join(rows)
    else:
        assert back.schema.names[3:6] == ["name", "score", "strand"]


def lines_of(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


OTHERS = [f for f in SMALL if suffix(f) != ".bed"]


@pytest.mark.parametrize("plain", OTHERS, indirect=True, ids=named)
def test_bed_has_all_of_a_line_of_gff_or_vcf(plain, tmp_path):
    bed = lines_of(convert(plain, tmp_path / "x.bed"))
    same = lines_of(convert(plain, tmp_path / f"same{suffix(plain)}"))
    for row, line in zip(bed, same, strict=True):
        assert row[0] == line[0]
        if suffix(plain) == ".vcf":
            expected = [line[2], line[5], ".", line[3], line[4], *line[6:]]
            assert row[3 : 3 + len(expected)] == expected
            assert set(row[3 + len(expected) :]) <= {"."}  # samples that a row does not have
        else:
            assert row[4:] == [line[5], line[6], line[1], line[2], line[7], line[8]]
