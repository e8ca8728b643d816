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
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support import bigwig_bytes, tabix_files
from tests.support.tables import places

import gidx
from gidx.cli import main
from gidx.convert import convert
from gidx.errors import AutoSqlError, ColumnError, GidxError, UnknownChromError, WriteError

ROWS = [*tabix_files.intervals(21, 900)]
# in bigBed, chroms are in byte order, and so they are here
SIZES = {"chr1": 400_000, "chr2": 400_000, "chrX": 400_000}


def bed(folder, rows=ROWS, **options):
    lines = (f"{c}\t{s}\t{e}\tn{i}\t{i % 7}\t{'+-'[i % 2]}\n" for i, (c, s, e) in enumerate(rows))
    return written(folder / "a.bed.gz", "".join(lines), "bed", options)


def bigbed(folder, rows=ROWS, **options):
    frame = gidx.read_bed(bed(folder, rows))
    items = options.get("sizes", 3000) // 90
    gidx.write_bigbed(
        frame, folder / "a.bb", options.get("chroms", SIZES), items_per_slot=max(items, 2)
    )
    return folder / "a.bb"


def bigwig(folder, rows=ROWS, **options):
    """Of rows that overlap, which no writer makes, and any reader should read."""
    rows = [(*row, i % 7) for i, row in enumerate(rows)]
    items = max(options.get("sizes", 3000) // 90, 2)
    data = bigwig_bytes.build(rows, options.get("chroms", SIZES), items_per_slot=items)
    (folder / "a.bw").write_bytes(data)
    return folder / "a.bw"


def vcf(folder, rows=ROWS, **options):
    sizes = options.get("chroms", SIZES)
    head = (
        '##fileformat=VCFv4.3\n##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Count">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        + "".join(f"##contig=<ID={c},length={n}>\n" for c, n in sizes.items())
        + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
    )
    lines = (
        f"{c}\t{s + 1}\tn{i}\tA\t<DEL>\t{i % 50}\tPASS\tEND={e};AC={i % 9}\tGT\t0/1\t./.\n"
        for i, (c, s, e) in enumerate(rows)
    )
    return written(folder / "a.vcf.gz", head + "".join(lines), "vcf", options)


def gff3(folder, rows=ROWS, **options):
    lines = (
        f"{c}\tx\tgene\t{s + 1}\t{e}\t.\t+\t.\tID=g{i};Name=n{i % 5}\n"
        for i, (c, s, e) in enumerate(rows)
    )
    text = "##gff-version 3\n" + "".join(lines)
    return written(folder / "a.gff3.gz", text, "gff", {"csi": True, **options})


def gtf(folder, rows=ROWS, **options):
    lines = (
        f'{c}\tx\texon\t{s + 1}\t{e}\t{i % 9}\t-\t0\tgene_id "g{i}"; tag "a"; tag "b;c";\n'
        for i, (c, s, e) in enumerate(rows)
    )
    return written(folder / "a.gtf.gz", "".join(lines), "gff", options)


def sam(folder, rows=ROWS, **options):
    sizes = options.get("chroms", SIZES)
    head = "".join(f"@SQ\tSN:{c}\tLN:{n}\n" for c, n in sizes.items())
    lines = (
        f"r{i}\t0\t{c}\t{s + 1}\t60\t{e - s}M\t*\t0\t0\t*\t*\tNM:i:{i % 3}\n"
        for i, (c, s, e) in enumerate(rows)
    )
    return written(folder / "a.sam.gz", head + "".join(lines), "sam", options)


def table(folder, rows=ROWS, **options):
    lines = (f"n{i}\t{c}\t{s + 1}\t{e}\t{i / 8}\n" for i, (c, s, e) in enumerate(rows))
    text = "#id\tseq\tfrom\tto\tvalue\n" + "".join(lines)
    return written(folder / "a.tsv.gz", text, None, options, seq_col=1, start_col=2, end_col=3)


def written(path, text, preset, options, **columns):
    """In blocks of ``sizes`` bytes; indexed by htslib as ``csi`` says, or by gidx (``own``)."""
    sizes, csi = options.get("sizes", 3000), options.get("csi", False)
    if not options.get("own"):
        return tabix_files.write(path, text, preset, csi=csi, sizes=sizes, **columns)
    tabix_files.write(path, text, None, sizes=sizes)
    places = {"chrom": 2, "start": 3, "end": 4, "zero_based": False} if columns else {}
    gidx.build_index(path, preset=preset, kind="csi" if csi else "tbi", **places)
    return path


def parquet(folder, rows=ROWS, **options):
    """Sorted, or where it is to be small also as somebody else writes it, statistics or not."""
    size = max(options.get("sizes", 3000) // 30, 2)
    gidx.to_parquet(bed(folder, rows), folder / "a.parquet", row_group_size=size)
    if options.get("csi"):  # no other reader's columns are called so, and rows have no order
        frame = pq.read_table(folder / "a.parquet").rename_columns(
            {"chrom": "Chromosome", "start": "Start", "end": "End"}
        )
        pq.write_table(
            frame.replace_schema_metadata(None), folder / "a.parquet", row_group_size=size,
            write_statistics=bool(options.get("own")), use_dictionary=False,
        )  # fmt: skip
    return folder / "a.parquet"


def arrow(folder, rows=ROWS, **options):
    """A file, or a stream."""
    size = max(options.get("sizes", 3000) // 120, 2)
    frame = pq.read_table(parquet(folder, rows, **options)).combine_chunks()
    is_stream = options.get("own") and not options.get("csi")
    make = pa.ipc.new_stream if is_stream else pa.ipc.new_file
    with make(folder / "a.arrow", frame.schema) as writer:
        writer.write_table(frame, max_chunksize=size)
    return folder / "a.arrow"


KINDS = {"bigbed": bigbed, "bigwig": bigwig, "bed": bed, "vcf": vcf, "gff3": gff3, "gtf": gtf,
         "sam": sam, "tsv": table, "parquet": parquet, "arrow": arrow}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def path(request, tmp_path_factory):
    return KINDS[request.param](tmp_path_factory.mktemp(request.param))


# Several to many chroms, most of them in one block, with names that begin alike and ids that
# are not in alphabetical order in the file; rows at the edges of bins.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
BLOCKS = [65280, 700, 60]  # bytes of text in a block
NAMES = ["c10", "c1", "a", "c2", "b", "c1x", "z", "y"]


@st.composite
def many_chroms(draw):
    """Rows of up to eight chroms, sorted as files are, and lists of regions of them."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True))
    edges = st.sampled_from([0, 0, 16384, 131072, 131072, 1 << 20])
    point = st.builds(lambda edge, by: max(edge + by, 0), edges, st.integers(-3, 60))
    size = st.sampled_from([1, 1, 2, 5, 300, 16384, 140_000])
    rows = []
    for name in names:
        found = draw(st.lists(st.tuples(point, size), max_size=12))
        rows += [(name, start, start + n) for start, n in sorted(found, key=lambda r: r[0])]
    region = st.one_of(
        st.sampled_from(names),
        st.builds(lambda c, s, n: (c, s, s + n), st.sampled_from(names), point, size),
        st.builds(lambda c, s: (c, s), st.sampled_from(names), point),
        st.builds(lambda c, s, n: f"{c}:{s + 1:,}-{s + n:,}", st.sampled_from(names), point, size),
    )
    return names, rows, draw(st.lists(st.lists(region, max_size=6), min_size=3, max_size=3))


def spelled(region):
    """Chrom, start, end of a region that `many_chroms` drew."""
    if isinstance(region, tuple):
        return (*region, 1 << 40)[:3]
    name, _, span = region.partition(":")
    lo, hi = (int(x) for x in span.replace(",", "").split("-")) if span else (1, 1 << 40)
    return name, lo - 1, hi


def within(row, region):
    """Whether a row overlaps a region that `many_chroms` drew: the oracle."""
    chrom, start, end = row
    name, lo, hi = spelled(region)
    return chrom == name and start < hi and end > lo


@pytest.mark.parametrize("kind", KINDS)
class TestManyChroms:
    """What one chrom cannot show: several regions are the union of each asked alone."""

    @settings(
        max_examples=12, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck)
    )
    @given(many=many_chroms(), csi=st.booleans(), own=st.booleans(), size=st.sampled_from(BLOCKS))
    def test_several_regions_are_the_union_of_each_in_file_order(
        self, kind, tmp_path_factory, many, csi, own, size
    ):
        names, rows, asks = many
        folder = tmp_path_factory.mktemp("many")
        if kind == "bigbed":
            rows = sorted(rows)
        chroms = dict.fromkeys(sorted(names) if kind == "bigbed" else names, 1 << 21)
        if not rows:
            return
        path = KINDS[kind](folder, rows, csi=csi, own=own, sizes=size, chroms=chroms)
        dataset = gidx.open(path)
        assert places(dataset.to_table()) == rows
        there = set(dataset.chroms)
        for drawn in asks:
            asked = [region for region in drawn if spelled(region)[0] in there]
            expected = [row for row in rows if any(within(row, region) for region in asked)]
            self.agree(dataset, asked, expected)
            self.agree(dataset, asked[::-1], expected)
            alone = [places(dataset.to_table(region)) for region in asked]
            assert alone == [[row for row in rows if within(row, region)] for region in asked]

    @staticmethod
    def agree(dataset, asked, expected):
        assert places(dataset.to_table(asked)) == expected
        assert dataset.count_rows(asked) == len(expected)
        streamed = dataset.scan(asked, columns=["end", "start"], batch_size=3).read_all()
        assert streamed["end"].to_pylist() == [end for _, _, end in expected]
        assert places(dataset.head(5, asked)) == expected[:5]
        frame = dataset.to_pandas()
        assert list(frame.gidx.query(asked)["end"]) == [end for _, _, end in expected]
        if asked:
            columns = [list(column) for column in zip(*map(spelled, asked), strict=True)]
            table = pa.table(columns, ["chrom", "start", "end"])
            assert places(dataset.to_table(table)) == expected
            assert places(dataset.to_table(table.to_pandas())) == expected

    def test_whole_chroms_beside_a_region_of_each(self, kind, tmp_path):
        """Three chroms of thousands of rows: the end of one, and the whole of others."""
        chroms = {"chr1": 4_000_000, "chr2": 4_000_000, "chr3": 4_000_000}
        rows = [(c, 100 * i, 100 * i + 60) for c in chroms for i in range(3000)]
        dataset = gidx.open(KINDS[kind](tmp_path, rows, sizes=65280, chroms=chroms))
        asked = [("chr1", 295_000, 300_000), "chr2"]
        expected = [row for row in rows if any(within(row, region) for region in asked)]
        assert len(expected) == 50 + 3000
        self.agree(dataset, asked, expected)
        asked = ["chr3", ("chr1", 0, 1), ("chr2", 150_000, 150_001), ("chr2", 299_900, 299_999)]
        self.agree(dataset, asked, [row for row in rows if any(within(row, r) for r in asked)])

    def test_the_command_line_has_the_same_rows(self, kind, tmp_path, capfd):
        chroms = dict.fromkeys(["a", "b", "c"], 1 << 20)
        rows = [(c, s, s + 10) for c in chroms for s in (10, 500, 20_000)]
        path = KINDS[kind](tmp_path, rows, chroms=chroms)
        asked = ["a:11-15", "c:20,001-20,005", "b"]
        expected = [row for row in rows if any(within(row, region) for region in asked)]
        columns = ["--columns", "chrom,start,end", "--no-header"]
        assert main(["query", str(path), *asked, *columns]) == 0
        lines = [line.split("\t") for line in capfd.readouterr().out.splitlines()]
        assert [(c, int(s), int(e)) for c, s, e in lines] == expected
        regions = tmp_path / "regions.bed"
        regions.write_text("a\t10\t15\nc\t20000\t20005\nb\t0\t1000000\n")
        assert main(["query", str(path), "--regions-file", str(regions), "--count"]) == 0
        assert int(capfd.readouterr().out) == len(expected)


WRITERS = {
    "a.bed": gidx.write_bed, "a.vcf": gidx.write_vcf, "a.gtf": gidx.write_gtf,
    "a.tsv.gz": gidx.write_tabix,
    "a.bb": lambda rows, path: gidx.write_bigbed(rows, path, SIZES),
    "a.bw": lambda rows, path: gidx.write_bigwig(rows, path, SIZES),
}  # fmt: skip


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

    def test_what_comes_out_of_a_pickle_reads_as_what_went_in(self, path):
        opened = [gidx.open(path)]
        opened += [ds.as_texts() for ds in opened if hasattr(ds, "as_texts")]
        for dataset in opened:
            again = pickle.loads(pickle.dumps(dataset))
            assert again.to_table("chr2").equals(dataset.to_table("chr2"), check_metadata=True)

    @pytest.mark.parametrize("columns", [None, ["chrom", "start", "end"]])
    def test_what_converts_is_what_is_read_and_written(self, path, tmp_path, columns):
        """To the byte, wherever the writer takes what was read; a BED has maps as texts, too."""
        dataset, same = gidx.open(path), []
        for name, write in WRITERS.items():
            try:
                write(dataset.scan(columns=columns), tmp_path / name)
            except (WriteError, AutoSqlError):
                continue
            convert(path, tmp_path / f"c.{name}", columns=columns, chromsizes=SIZES)
            assert (tmp_path / f"c.{name}").read_bytes() == (tmp_path / name).read_bytes()
            same.append(name)
        assert {"a.bed", "a.gtf", "a.bb", "a.tsv.gz"} <= {*same} or columns is None
        assert same or dataset.format == "sam"

    def test_columns_are_those_of_the_whole_in_any_order(self, path):
        dataset = gidx.open(path)
        whole = dataset.to_table()
        r = random.Random(1)
        for _ in range(5):
            names = r.sample(whole.schema.names, r.randint(1, len(whole.schema.names)))
            assert dataset.to_table(columns=names).equals(whole.select(names))
            again = dataset.to_table(columns=[*names, *names[:2]])
            assert again.schema.names == [*names, *names[:2]]
            for i, name in enumerate(again.schema.names):
                assert again.column(i).equals(whole[name])
            frame = dataset.to_pandas(columns=[*names, *names[:2]], lists="text")
            assert [str(c) for c in frame.columns] == again.schema.names
            assert frame.iloc[:, -1].equals(frame.iloc[:, len(frame.columns) - 1 - len(names)])
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
