"""Several files opened as one: rows of all in order, what may differ and what may not."""

from __future__ import annotations

import gzip
import os
import pickle
from itertools import chain, permutations
from pathlib import Path

import fsspec
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import test_conformance as conformance
from tests.support import tabix_files
from tests.support.tables import places

import gidx
from gidx.check import check
from gidx.cli import main
from gidx.convert import convert
from gidx.errors import FormatError, MissingIndexError, UnknownChromError
from gidx.ground.tuning import tuning

KINDS = {k: v for k, v in conformance.KINDS.items() if k != "sam"}
CHROMS = list(conformance.SIZES)


@pytest.fixture(scope="module", params=KINDS)
def made(request, tmp_path_factory):
    """A file of all rows, and a folder with one for each chrom."""
    folder = tmp_path_factory.mktemp(request.param)
    whole = KINDS[request.param](folder)
    parts = []
    for chrom in CHROMS:
        (folder / chrom).mkdir()
        rows = [row for row in conformance.ROWS if row[0] == chrom]
        parts.append(KINDS[request.param](folder / chrom, rows))
    return whole, parts


def names(made, *also):
    """Columns whose values do not count rows of the file."""
    return ["chrom", "start", "end", *also]


def rows_read(pieces, dataset):
    """The rows of pieces, one after the other."""
    return [row for piece in pieces for row in places(dataset.to_table(piece))]


class TestAFileForEachChrom:
    def test_is_as_one_file(self, made):
        whole, parts = made
        one, several = gidx.open(whole), gidx.open(parts)
        assert several.schema.names == one.schema.names
        assert several.schema.types == one.schema.types
        assert list(several.chroms) == CHROMS
        assert several.format == one.format
        assert places(several.to_table()) == conformance.ROWS
        assert several.count_rows() == len(conformance.ROWS)
        assert several.to_pandas()["chrom"].cat.categories.tolist() == CHROMS
        assert several.fields["name"].equals(one.fields["name"])
        assert several.info()["files"] == 3

    def test_regions_are_the_scan_filtered(self, made):
        whole, parts = made
        one, several = gidx.open(whole), gidx.open(parts)
        asks = ["chr2", ("chrX", 16_000, 40_000), ["chrX", ("chr1", 5, 90_000)], []]
        for asked in asks:
            found = several.to_table(asked, columns=names(made))
            assert found.equals(one.to_table(asked, columns=names(made)))
            assert several.count_rows(asked) == found.num_rows
            batches = several.scan(asked, columns=["end"], batch_size=7, threads=3).read_all()
            assert batches["end"].to_pylist() == found["end"].to_pylist()
        assert several.head(4)["start"].to_pylist() == [s for _, s, _ in conformance.ROWS[:4]]
        with pytest.raises(UnknownChromError):
            several.to_table("chr9")

    def test_the_readers_of_its_format_take_them_too(self, made):
        """As `gidx.read`; they said that a bed file is none."""
        whole, parts = made
        kind = gidx.open(whole).format
        readers = {"gff3": "gff", "tsv": "tabix"}
        name = f"read_{readers.get(kind, kind)}"
        if not hasattr(gidx, name):  # of Parquet and Arrow
            return
        read = getattr(gidx, name)
        pattern = str(parts[0].parent.parent / "chr*" / parts[0].name)
        for asked in (None, ["chrX", ("chr1", 5, 90_000)]):
            found = read(parts, asked)
            pd.testing.assert_frame_equal(found, gidx.read(parts, asked))
            pd.testing.assert_frame_equal(read(pattern, asked), found)
            gidx.to_parquet([str(parts[0]), *parts[1:]], whole.parent / "of.parquet", asked)
            found = found[["chrom", "start", "end"]].astype({"chrom": str})
            again = gidx.read(whole.parent / "of.parquet", columns=list(found.columns))
            pd.testing.assert_frame_equal(again.astype({"chrom": str}), found)
        with pytest.raises(FormatError, match=f"expected {'bigWig' if kind != 'bigwig' else 'b'}"):
            (gidx.read_bigwig if kind != "bigwig" else gidx.read_bigbed)(parts)
        opener = getattr(gidx, name.replace("read", "open"), None)
        if opener is not None:
            with pytest.raises(FormatError, match=r"several files, expected one; gidx\.open"):
                opener(parts)

    def test_columns_are_those_of_the_whole_in_any_order_and_again(self, made):
        """One that is asked for twice was missing in both places, and nothing said so."""
        several = gidx.open(made[1])
        for names in ("canonical", "native"):
            whole = several.to_table(names=names)
            own = whole.schema.names
            for asked in (own[::-1], [own[1], own[-1], own[1]], [own[0]] * 3):
                found = several.to_table(columns=asked, names=names)
                assert found.schema.names == asked
                columns = zip(asked, found.columns, strict=True)
                assert all(column.equals(whole[name]) for name, column in columns)

    def test_pieces_are_the_scan(self, made):
        several = pickle.loads(pickle.dumps(gidx.open(made[1])))
        for n in (1, 5, 60):
            assert rows_read(several.partitions(n), several) == conformance.ROWS
            asked = ["chr1", ("chrX", 100, 70_000)]
            found = rows_read(several.partitions(n, regions=asked), several)
            assert found == places(several.to_table(asked))

    def test_of_too_many_none_is_held_open(self, made):
        """1,024 files are what a process may have open by default: of 1,500, none could be read."""
        whole, parts = made
        one, folder = gidx.open(whole), Path("/proc/self/fd")
        with tuning.set(held_files=2):
            before = len(os.listdir(folder)) if folder.exists() else 0
            several = gidx.open(parts)
            again = pickle.loads(pickle.dumps(several))
            for asked in (None, "chr2", ["chrX", ("chr1", 5, 90_000)]):
                expected = one.to_table(asked, columns=names(made))
                for dataset in (several, again):
                    assert dataset.to_table(asked, columns=names(made), threads=3).equals(expected)
            assert rows_read(several.partitions(20), several) == conformance.ROWS
            if folder.exists():
                assert len(os.listdir(folder)) <= before
        several.close()
        with pytest.raises(ValueError, match="read after it was closed"):
            several.to_table()

    def test_a_glob_has_them_in_the_order_that_people_count_in(self, made):
        _, parts = made
        pattern = str(parts[0].parent.parent / "chr*" / parts[0].name)
        dataset = gidx.open(pattern)
        assert places(dataset.to_table()) == conformance.ROWS
        assert len(gidx.read(pattern, "chr2")) == dataset.count_rows("chr2")


@pytest.mark.parametrize("held", [0, 64])
def test_a_file_that_another_has_taken_the_place_of_is_told(tmp_path, held):
    """Held open, it is still read; opened anew for each read, it is another file."""
    rows = pd.DataFrame({"chrom": ["c1", "c1"], "start": [1, 5], "end": [3, 9]})
    paths = [tmp_path / "a.bed.gz", tmp_path / "b.bed.gz"]
    for path in paths:
        gidx.write_bed(rows, path)
    with tuning.set(held_files=held):
        dataset = gidx.open(paths)
    gidx.write_bed(rows.assign(end=20), paths[1])
    if held:
        assert dataset.to_table()["end"].to_pylist() == [3, 9, 3, 9]
    else:
        with pytest.raises(FormatError, match=r"b\.bed\.gz.*another file than .* open it again"):
            dataset.to_table()


def test_a_folder_of_folders_that_are_called_as_files_are(tmp_path):
    """As Spark names what it writes: rows.parquet is a folder of part-….parquet."""
    for name in ("one.parquet", "two.parquet"):
        (tmp_path / name).mkdir()
        rows = pa.table({"chrom": [name], "start": [3], "end": [5]})
        gidx.to_parquet(rows, tmp_path / name / "part-0.parquet")
    found = gidx.open(tmp_path).to_table()
    assert places(found) == [("one.parquet", 3, 5), ("two.parquet", 3, 5)]


def test_a_glob_at_a_url(tmp_path):
    memory = fsspec.filesystem("memory")
    for i in (10, 2):
        path = tabix_files.write(tmp_path / f"c{i}.bed.gz", f"c{i}\t1\t5\n")
        for file in (path, tmp_path / f"c{i}.bed.gz.tbi"):
            memory.pipe(f"/several/{file.name}", file.read_bytes())
    dataset = gidx.open("memory://several/c*.bed.gz")
    assert places(dataset.to_table()) == [("c2", 1, 5), ("c10", 1, 5)]
    assert dataset.count_rows("c10") == 1


SHARED = st.lists(
    st.lists(st.tuples(st.sampled_from(CHROMS), st.integers(0, 2000)), min_size=1, max_size=60),
    min_size=2,
    max_size=3,
)


@pytest.mark.parametrize("kind", ["bed", "bigbed", "vcf", "parquet"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=SHARED, n=st.sampled_from([1, 4, 30]), asked=st.lists(st.sampled_from(CHROMS)))
def test_pieces_of_files_that_share_chroms_come_chrom_by_chrom(
    tmp_path_factory, kind, files, n, asked
):
    """Each piece has the rows that start in it, in the order of the scan: file behind file."""
    paths = []
    for own in files:
        rows = [(chrom, start, start + 1 + start % 500) for chrom, start in sorted(own)]
        paths.append(KINDS[kind](tmp_path_factory.mktemp("shared"), rows, sizes=300))
    dataset = gidx.open(paths)
    whole = places(dataset.to_table(asked or None, missing_chroms="ignore"))
    pieces = dataset.partitions(n, regions=asked or None, missing_chroms="ignore")
    found = [places(dataset.to_table(piece)) for piece in pieces]
    if None in {piece.chrom for piece in pieces}:  # tables that nobody has sorted: file by file
        assert [*chain(*found)] == whole
        return
    order = list(dict.fromkeys(piece.chrom for piece in pieces))
    assert [piece.chrom for piece in pieces] == sorted((p.chrom for p in pieces), key=order.index)
    for piece, rows in zip(pieces, found, strict=True):
        inside = [r for r in whole if r[0] == piece.chrom and piece.lo <= r[1] < piece.hi]
        assert rows == inside
    assert sorted(chain(*found)) == sorted(whole)


@pytest.mark.parametrize(
    "kinds", [["bed"] * 3, ["bed.gz", "bed", "gz"], ["gz", "gz"], ["tbi", "bed"]]
)
def test_files_without_an_index_are_cut_each(tmp_path, kinds):
    """By bytes where that can be, as one where it cannot: of plain gzip, beside an index."""
    paths, expected = [], []
    for i, kind in enumerate(kinds):
        rows = [(f"c{i}{j % 2}", j * 10 + i, j * 10 + 25) for j in range(300)]
        rows.sort()
        text = "".join(f"{c}\t{s}\t{e}\n" for c, s, e in rows)
        path = tmp_path / f"{i}.{'bed' if kind == 'bed' else 'bed.gz'}"
        if kind == "gz":
            path.write_bytes(gzip.compress(text.encode()))
        elif kind == "bed":
            path.write_text(text)
        else:
            tabix_files.write(path, text, "bed" if kind == "tbi" else None, sizes=500)
        paths.append(path)
        expected += rows
    dataset = pickle.loads(pickle.dumps(gidx.open(paths)))
    assert places(dataset.to_table()) == expected
    for n in (1, 2, 3, 8, 50):
        pieces = dataset.partitions(n)
        assert len(pieces) >= min(n, sum(kind != "gz" for kind in kinds))
        assert len(pieces) <= n + 1
        tables = [dataset.to_table(piece) for piece in pieces]
        assert [row for table in tables for row in places(table)] == expected
        assert sum(map(dataset.count_rows, pieces)) == len(expected)
    assert dataset.to_dask(npartitions=5).compute(scheduler="sync").start.tolist() == [
        start for _, start, _ in expected
    ]


HEAD = '##fileformat=VCFv4.3\n##INFO=<ID=A,Number=1,Type=Integer,Description="a">\n'
PAIRS = ("AB", "AC")
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def vcf(folder, name, row, head=HEAD, samples=""):
    return tabix_files.write(folder / name, f"{head}{COLUMNS}{samples}\n{row}\n", "vcf")


class TestWhereHeadersDiffer:
    def test_a_column_that_some_lack_is_missing_there(self, tmp_path):
        more = HEAD + '##INFO=<ID=B,Number=1,Type=Float,Description="b">\n'
        one = vcf(tmp_path, "1.vcf.gz", "c1\t5\t.\tA\tC\t.\t.\tA=3")
        two = vcf(tmp_path, "2.vcf.gz", "c2\t5\t.\tA\tC\t.\t.\tA=4;B=0.5", more)
        for paths, order in (([one, two], [None, 0.5]), ([two, one], [0.5, None])):
            dataset = gidx.open(paths)
            assert dataset.to_table()["INFO/B"].to_pylist() == order
            assert dataset.to_table(columns=["INFO/B"]).num_rows == 2
            assert dataset.header == gidx.open(paths[0]).header
            assert dataset.fields["name"].to_pylist() == dataset.columns

    def test_a_column_of_another_type_is_an_error_that_names_both_files(self, tmp_path):
        other = HEAD.replace("Integer", "Float")
        one = vcf(tmp_path, "1.vcf.gz", "c1\t5\t.\tA\tC\t.\t.\tA=3")
        two = vcf(tmp_path, "2.vcf.gz", "c2\t5\t.\tA\tC\t.\t.\tA=4", other)
        with pytest.raises(FormatError, match=r"2\.vcf\.gz: column INFO/A is .*1\.vcf\.gz it is"):
            gidx.open([one, two])
        both = gidx.open([one, two], types={"INFO/A": pa.float64()})
        assert both.to_table()["INFO/A"].to_pylist() == [3.0, 4.0]

    def test_samples_must_be_the_same(self, tmp_path):
        row = "\t5\t.\tA\tC\t.\t.\tA=3\tGT"
        head = HEAD + '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        one = vcf(tmp_path, "1.vcf.gz", f"c1{row}\t0/1", head, "\tFORMAT\tNA1")
        two = vcf(tmp_path, "2.vcf.gz", f"c2{row}\t0/1\t1/1", head, "\tFORMAT\tNA1\tNA2")
        with pytest.raises(FormatError, match="'NA2' is another; take files of the same samples"):
            gidx.open([one, two])
        with pytest.raises(FormatError, match="'NA2' is none of them; take"):
            gidx.open([two, one])
        assert gidx.open([one, two], samples=["NA1"]).count_rows() == 2

    def test_other_samples_are_an_error_though_they_are_as_many(self, tmp_path):
        paths = [self.of_samples(tmp_path, f"{i}.vcf.gz", pair) for i, pair in enumerate(PAIRS)]
        with pytest.raises(FormatError, match=r"1\.vcf\.gz: its samples .*, 'C' is another; take"):
            gidx.open(paths)
        assert gidx.open(paths, samples=["A"]).to_table()["FORMAT/GT"].to_pylist() == [["A|A"]] * 2

    @pytest.mark.parametrize("order", [*permutations("ABC")])
    def test_samples_in_another_order_are_read_in_that_of_the_first(self, tmp_path, order):
        paths = [self.of_samples(tmp_path, f"{o}.vcf.gz", o) for o in ("BAC", "".join(order))]
        dataset = gidx.open(paths)
        for found in (dataset, pickle.loads(pickle.dumps(dataset))):
            table = found.to_table(columns=["FORMAT/GT"])
            assert table["FORMAT/GT"].to_pylist() == [["B|B", "A|A", "C|C"]] * 2
        assert gidx.read(paths).gidx.samples == ["B", "A", "C"]
        chosen = gidx.open(paths, samples=["C", "B"]).to_table()["FORMAT/GT"].to_pylist()
        assert chosen == [["C|C", "B|B"]] * 2
        tables = [tmp_path / f"{i}.parquet" for i in range(2)]
        for path, table in zip(paths, tables, strict=True):
            gidx.to_parquet(path, table)
        if order != tuple("BAC"):
            with pytest.raises(FormatError, match="they stand in another order"):
                gidx.open(tables)

    @staticmethod
    def of_samples(folder, name, samples):
        """One row, in which each sample's genotype is its name."""
        head = HEAD + '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        cells = "\t".join(f"{sample}|{sample}" for sample in samples)
        row = f"c1\t5\t.\tA\tC\t.\t.\tA=3\tGT\t{cells}"
        return vcf(folder, name, row, head, "\t".join(["\tFORMAT", *samples]))

    def test_formats_must_be_the_same(self, tmp_path):
        bed = tabix_files.write(tmp_path / "a.bed.gz", "c1\t1\t2\n")
        with pytest.raises(FormatError, match=r"a bed file, where .*1\.vcf\.gz is vcf"):
            gidx.open([vcf(tmp_path, "1.vcf.gz", "c1\t5\t.\tA\tC\t.\t.\tA=3"), bed])


def test_what_cannot_be_opened_says_why(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file is called so"):
        gidx.open(str(tmp_path / "no*.vcf.gz"))
    with pytest.raises(ValueError, match="empty list"):
        gidx.open([])
    paths = [tmp_path / f"{i}.bed" for i in range(2)]
    for path in paths:
        path.write_text("c1\t1\t5\n")
    with pytest.raises(TypeError, match="a list of as many"):
        gidx.open(paths, index=b"")
    with pytest.raises(MissingIndexError):
        gidx.open(paths).to_table("c1")
    assert gidx.open(paths).count_rows() == 2
    assert [p.chrom for p in gidx.open(paths).partitions(5)] == [None] * 5


def test_files_of_two_assemblies_are_not_one(tmp_path):
    sizes = {"a": 1000, "b": 2000, "c": None}
    paths = []
    for name, size in sizes.items():
        contig = "##contig=<ID=chr1>" if size is None else f"##contig=<ID=chr1,length={size}>"
        text = f"##fileformat=VCFv4.3\n{contig}\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        path = tmp_path / f"{name}.vcf.gz"
        paths.append(tabix_files.write(path, text + "chr1\t5\t.\tA\tC\t.\t.\t.\n", "vcf"))
    assert gidx.open([paths[2], paths[0]]).chroms == {"chr1": 1000}  # one that says none has any
    several = gidx.open([paths[0], paths[2], paths[1]])
    with pytest.raises(FormatError, match=r"chr1 has 2,000 bases, in .*a.vcf.gz 1,000"):
        several.to_table("chr1")


def test_the_command_line_takes_a_glob(tmp_path, capfd):
    for i in (1, 2):
        tabix_files.write(tmp_path / f"c{i}.bed.gz", f"c{i}\t1\t5\n")
    assert main(["query", str(tmp_path / "c*.bed.gz"), "c2", "--no-header"]) == 0
    assert capfd.readouterr().out == "c2\t1\t5\n"


@pytest.fixture
def beds(tmp_path, monkeypatch):
    """Two BEDs, of which a glob tells."""
    monkeypatch.chdir(tmp_path)
    for name, start in (("chr1", 5), ("chr2", 3)):
        rows = pd.DataFrame({"chrom": name, "start": [start, 9], "end": [9, 12], "name": "x"})
        gidx.write_bed(rows, f"calls.{name}.bed.gz")
    return "calls.*.bed.gz"


@pytest.mark.parametrize("source", ["calls.*.bed.gz", ["calls.chr1.bed.gz", "calls.chr2.bed.gz"]])
def test_several_files_are_converted_as_one(beds, source):
    expected = gidx.open(beds).to_table()
    for target in ("a.parquet", "a.bed", "a.tsv.gz"):
        convert(source, target)
        assert places(gidx.open(target).to_table()) == places(expected)
    convert(beds, "b.bed", regions="chr2:11")
    assert places(gidx.open("b.bed").to_table()) == [("chr2", 9, 12)]


def test_a_folder_is_converted(beds):
    gidx.to_parquet(beds, "parts", partition_by="chrom")
    convert("parts", "a.bed")
    assert places(gidx.open("a.bed").to_table()) == places(gidx.open(beds).to_table())


def test_each_of_several_files_is_checked(beds, capfd):
    report = check(beds)
    assert (report.ok, report.rows, report.chroms) == (True, 4, {"chr1": 2, "chr2": 2})
    assert check(gidx.open(beds)) == report
    gidx.to_parquet(beds, "parts", partition_by="chrom")
    assert main(["check", "parts"]) == 0
    assert capfd.readouterr().out == "parts: parquet, 4 rows, index inside: ok\n"
    # the second gets the index of a file whose rows are elsewhere
    far = pd.DataFrame({"chrom": "chr2", "start": [10**6], "end": [10**6 + 1], "name": "x"})
    gidx.write_bed(far, "other.bed.gz")
    os.replace("other.bed.gz.tbi", "calls.chr2.bed.gz.tbi")
    seen = []
    row, count = check(beds, progress=seen.append).problems
    assert row.startswith("calls.chr2.bed.gz, line 1, ")
    assert count == "calls.chr2.bed.gz: chr2 has 2 rows, by the index 1"
    assert seen == [2, 4]
