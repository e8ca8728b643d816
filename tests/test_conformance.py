"""What every format does alike: one class, a file of each kind.

A Dataset answers the same, whatever is behind it: regions are the scan filtered, results
do not depend on threads, batches or where bytes come from, columns asked for are those of
the whole, and what is broken raises.
"""

from __future__ import annotations

import io
import pickle
import random

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests import tabix_files

import gidx
from gidx.errors import ColumnError, GidxError, UnknownChromError

ROWS = [*tabix_files.intervals(21, 900)]
# in bigBed, chroms are in byte order, and so they are here
SIZES = {"chr1": 400_000, "chr2": 400_000, "chrX": 400_000}


def bed(folder):
    lines = (f"{c}\t{s}\t{e}\tn{i}\t{i % 7}\t{'+-'[i % 2]}\n" for i, (c, s, e) in enumerate(ROWS))
    return tabix_files.write(folder / "a.bed.gz", "".join(lines), "bed", sizes=3000)


def bigbed(folder):
    frame = gidx.read_bed(bed(folder))
    gidx.write_bigbed(frame, folder / "a.bb", SIZES, items_per_slot=32)
    return folder / "a.bb"


def vcf(folder):
    head = (
        '##fileformat=VCFv4.3\n##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Count">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        + "".join(f"##contig=<ID={c},length={n}>\n" for c, n in SIZES.items())
        + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
    )
    lines = (
        f"{c}\t{s + 1}\tn{i}\tA\t<DEL>\t{i % 50}\tPASS\tEND={e};AC={i % 9}\tGT\t0/1\t./.\n"
        for i, (c, s, e) in enumerate(ROWS)
    )
    return tabix_files.write(folder / "a.vcf.gz", head + "".join(lines), "vcf", sizes=3000)


def gff3(folder):
    lines = (
        f"{c}\tx\tgene\t{s + 1}\t{e}\t.\t+\t.\tID=g{i};Name=n{i % 5}\n"
        for i, (c, s, e) in enumerate(ROWS)
    )
    text = "##gff-version 3\n" + "".join(lines)
    return tabix_files.write(folder / "a.gff3.gz", text, "gff", sizes=3000, csi=True)


def gtf(folder):
    lines = (
        f'{c}\tx\texon\t{s + 1}\t{e}\t{i % 9}\t-\t0\tgene_id "g{i}"; tag "a"; tag "b;c";\n'
        for i, (c, s, e) in enumerate(ROWS)
    )
    return tabix_files.write(folder / "a.gtf.gz", "".join(lines), "gff", sizes=3000)


def sam(folder):
    head = "".join(f"@SQ\tSN:{c}\tLN:{n}\n" for c, n in SIZES.items())
    lines = (
        f"r{i}\t0\t{c}\t{s + 1}\t60\t{e - s}M\t*\t0\t0\t*\t*\tNM:i:{i % 3}\n"
        for i, (c, s, e) in enumerate(ROWS)
    )
    return tabix_files.write(folder / "a.sam.gz", head + "".join(lines), "sam", sizes=3000)


def table(folder):
    lines = (f"n{i}\t{c}\t{s + 1}\t{e}\t{i / 8}\n" for i, (c, s, e) in enumerate(ROWS))
    text = "#id\tseq\tfrom\tto\tvalue\n" + "".join(lines)
    return tabix_files.write(
        folder / "a.tsv.gz", text, None, seq_col=1, start_col=2, end_col=3, sizes=3000
    )


KINDS = {"bigbed": bigbed, "bed": bed, "vcf": vcf, "gff3": gff3, "gtf": gtf, "sam": sam,
         "tsv": table}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def path(request, tmp_path_factory):
    return KINDS[request.param](tmp_path_factory.mktemp(request.param))


def places(table):
    return list(zip(*(table[n].to_pylist() for n in ("chrom", "start", "end")), strict=True))


class TestEveryFormat:
    def test_all_rows_are_there_in_order_under_canonical_names(self, path):
        dataset = gidx.open(path)
        assert dataset.schema.names[:3] == ["chrom", "start", "end"]
        assert dataset.schema.types[1:3] == [pa.int64(), pa.int64()]
        assert places(dataset.to_table()) == ROWS
        assert dataset.count_rows() == len(ROWS)
        assert list(dataset.chroms) == ["chr1", "chr2", "chrX"]
        assert dataset.fields["name"].to_pylist() == dataset.schema.names

    def test_regions_are_the_scan_filtered(self, path):
        dataset = gidx.open(path)
        whole = dataset.to_table()
        for chrom, start, end in tabix_files.regions(3, 250_000, 120):
            keep = pc.and_(
                pc.equal(whole["chrom"].cast(pa.string()), chrom),
                pc.and_(pc.less(whole["start"], end), pc.greater(whole["end"], start)),
            )
            found = dataset.to_table((chrom, start, end))
            assert found.equals(whole.filter(keep)), (chrom, start, end)
            assert dataset.count_rows((chrom, start, end)) == found.num_rows

    def test_many_regions_are_their_union_each_row_once(self, path):
        dataset = gidx.open(path)
        asked = [r for r in tabix_files.regions(5, 250_000, 300) if r[2] - r[1] < 20_000]
        expected = [
            (c, s, e) for c, s, e in ROWS if any(c == k and s < b and e > a for k, a, b in asked)
        ]
        assert places(dataset.to_table(asked)) == expected
        assert dataset.count_rows(asked) == len(expected)

    def test_answers_do_not_depend_on_how_they_are_asked(self, path):
        dataset = gidx.open(path)
        whole = dataset.to_table(threads=1)
        assert dataset.to_table(threads=4).equals(whole)
        batches = list(dataset.to_batches(batch_size=17))
        assert pa.Table.from_batches(batches).equals(whole)
        assert pa.table(dataset).equals(whole)
        assert dataset.head(9).equals(whole.slice(0, 9))
        assert pl.DataFrame(dataset).height == whole.num_rows

    def test_where_the_bytes_come_from_does_not_matter(self, path):
        whole = gidx.open(path).to_table("chr2")
        data = path.read_bytes()
        index = next((p for p in path.parent.glob(f"{path.name}.*i")), None)
        given = {} if index is None else {"index": index.read_bytes()}
        assert gidx.open(data, **given).to_table("chr2").equals(whole)
        assert gidx.open(io.BytesIO(data), **given).to_table("chr2").equals(whole)
        memory = fsspec.filesystem("memory")
        for file in sorted(path.parent.glob(f"{path.name}*")):  # the index last
            with memory.open(f"/c/{file.name}", "wb") as target:
                target.write(file.read_bytes())
        assert gidx.open(f"memory://c/{path.name}").to_table("chr2").equals(whole)
        again = pickle.loads(pickle.dumps(gidx.open(path)))
        assert again.to_table("chr2").equals(whole)

    def test_columns_are_those_of_the_whole_in_any_order(self, path):
        dataset = gidx.open(path)
        whole = dataset.to_table()
        r = random.Random(1)
        for _ in range(5):
            names = r.sample(whole.schema.names, r.randint(1, len(whole.schema.names)))
            assert dataset.to_table(columns=names).equals(whole.select(names))
        assert dataset.to_table(columns=[]).num_rows == len(ROWS)
        some = dataset.to_table(columns=["end"], filter=pc.field("start") < 1000)
        assert some["end"].to_pylist() == [e for _, s, e in ROWS if s < 1000]

    def test_native_names_have_the_same_rows(self, path):
        native = gidx.open(path).to_table(names="native")
        assert native.num_rows == len(ROWS)
        assert len(native.schema.names) == len(set(native.schema.names))

    def test_pandas_has_chrom_in_file_order(self, path):
        for backend in ("pyarrow", "numpy_nullable", None):
            frame = gidx.open(path).to_pandas("chr2", dtype_backend=backend)
            assert list(frame["chrom"].cat.categories) == ["chr1", "chr2", "chrX"]
            assert frame["start"].tolist() == [s for c, s, _ in ROWS if c == "chr2"]
            assert frame.attrs["gidx"]

    def test_what_the_file_does_not_have_raises_with_a_hint(self, path):
        dataset = gidx.open(path)
        with pytest.raises(UnknownChromError, match="did you mean 'chr1'"):
            dataset.to_table("1:5-10")
        with pytest.raises(ColumnError, match="did you mean 'start'"):
            dataset.to_table(columns=["stort"])
        assert dataset.to_table(("chrX", 390_000, 400_000)).num_rows == 0

    def test_a_cut_file_is_an_error_never_fewer_rows(self, path, tmp_path):
        """But between its last data block and the EOF marker, where it warns."""
        data = path.read_bytes()
        index = next((p for p in path.parent.glob(f"{path.name}.*i")), None)
        given = {} if index is None else {"index": index.read_bytes()}
        r = random.Random(2)
        eof = len(data) - len(tabix_files.EOF) if index is not None else len(data)
        for size in [*(r.randrange(eof) for _ in range(60)), eof - 1, len(data) - 1]:
            with pytest.raises(GidxError):
                self.read(data[:size], given)

    @staticmethod
    def read(data, given):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = gidx.open(data, **given).to_table()
        if found.num_rows != len(ROWS):  # cut between blocks: the index knows of more
            gidx.open(data, **given).to_table(["chr1", "chr2", "chrX"])
