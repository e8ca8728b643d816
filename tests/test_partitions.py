"""Pieces for engines: together they are the scan, and each row is in one of them."""

from __future__ import annotations

import gc
import pickle
import random
import tracemalloc
import weakref
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import test_conformance as conformance
from tests.support import tabix_files
from tests.support.tables import places

import gidx
from gidx.bbi.range_tree import RangeTree, pack
from gidx.binning import BED, TabixIndex
from gidx.errors import MissingIndexError, RegionError, UnknownChromError
from gidx.ground.pieces import Piece, cut
from gidx.ground.region import MAX_END

KINDS = conformance.KINDS


def read(dataset, pieces, **options):
    """The rows of pieces, one after the other, as they come out of a pickle."""
    tables = [dataset.to_table(pickle.loads(pickle.dumps(piece)), **options) for piece in pieces]
    return [row for table in tables for row in places(table)]


@pytest.mark.parametrize("kind", KINDS)
class TestTogetherTheyAreTheScan:
    @settings(
        max_examples=15, deadline=None, phases=conformance.PHASES,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        many=conformance.many_chroms(), csi=st.booleans(), own=st.booleans(),
        size=st.sampled_from(conformance.BLOCKS), n=st.sampled_from([1, 2, 7, 60, 150]),
    )  # fmt: skip
    def test_each_row_once_in_order(self, kind, tmp_path_factory, many, csi, own, size, n):
        names, rows, asks = many
        if kind == "bigbed":
            rows = sorted(rows)
        chroms = dict.fromkeys(sorted(names) if kind == "bigbed" else names, 1 << 21)
        if not rows:
            return
        folder = tmp_path_factory.mktemp("pieces")
        path = KINDS[kind](folder, rows, csi=csi, own=own, sizes=size, chroms=chroms)
        dataset = gidx.open(path)
        pieces = dataset.partitions(n)
        assert read(dataset, pieces) == rows
        assert sum(dataset.count_rows(piece) for piece in pieces) == len(rows)
        for drawn in asks:
            asked = [r for r in drawn if conformance.spelled(r)[0] in dataset.chroms]
            expected = [r for r in rows if any(conformance.within(r, x) for x in asked)]
            assert read(dataset, dataset.partitions(n, regions=asked)) == expected

    def test_however_they_are_read(self, kind, tmp_path):
        path = KINDS[kind](tmp_path)
        dataset = gidx.open(path)
        pieces = dataset.partitions(40)
        assert 35 <= len(pieces) <= 45
        whole = dataset.to_table(names="native")
        native = [dataset.to_table(piece, names="native") for piece in pieces]
        assert pa.concat_tables(native).equals(whole)
        ends = [t for p in pieces for t in dataset.scan(p, columns=["end"], batch_size=3)]
        assert pa.Table.from_batches(ends)["end"].to_pylist() == [e for _, _, e in conformance.ROWS]
        assert [dataset.head(2, p).num_rows for p in pieces] == [
            min(2, dataset.count_rows(p)) for p in pieces
        ]
        sizes = [len(pickle.dumps(piece)) for piece in pieces]
        assert max(sizes) < 200

    def test_rows_of_length_zero_at_a_cut_are_in_one_piece(self, kind, tmp_path):
        if kind in {"vcf", "sam"}:  # which have none
            return
        rows = [("chr1", s, s) for s in range(0, 900, 10)]
        rows += [("chr2", s, s + 25 * (s % 20)) for s in range(0, 900, 10)]
        path = KINDS[kind](tmp_path, rows, sizes=300)
        dataset = gidx.open(path)
        asked = [("chr1", 100, 200), ("chr1", 205, 300), ("chr1", 300, 310), ("chr2", 7, 600)]
        for n in (3, 20, 120):
            assert read(dataset, dataset.partitions(n)) == rows
            expected = places(dataset.to_table(asked))
            assert read(dataset, dataset.partitions(n, regions=asked)) == expected
            for at in range(0, 900, 300):  # the cut exactly where rows lie
                halves = [Piece("chr1", 0, at + 10), Piece("chr1", at + 10, MAX_END)]
                assert read(dataset, halves) == [row for row in rows if row[0] == "chr1"]


@pytest.mark.parametrize("csi", [False, True])
@pytest.mark.parametrize("size", [3000, 65280])
def test_chroms_of_one_block_come_in_its_order_however_small_it_became(tmp_path, csi, size):
    rows = [(f"c{i * 7 % 100}", i, i + 10) for i in range(100)]
    path = tmp_path / "a.bed.gz"
    text = "".join(f"{c}\t{s}\t{e}\t{'x' * 200}\n" for c, s, e in rows)
    tabix_files.write(path, text, "bed", csi=csi, sizes=size)
    dataset = gidx.open(path)
    assert read(dataset, dataset.partitions(3)) == rows


class TestWithoutAnIndex:
    """Cut by bytes."""

    @pytest.mark.parametrize("size", [60, 700, 65280, 0])
    def test_lines_are_owned_where_they_begin(self, tmp_path, size):
        r = random.Random(size)
        rows = [(f"c{i // 150}", 7 * i, 7 * i + 5, "x" * r.choice([0, 3, 90])) for i in range(600)]
        text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        text = "track name=a\n# some\n" + text.removesuffix("\n")
        path = tmp_path / "a.bed"
        path.write_bytes(tabix_files.bgzip(text.encode(), size) if size else text.encode())
        dataset = gidx.open(path)
        for n in (1, 3, 50, 900):
            pieces = dataset.partitions(n)
            assert read(dataset, pieces) == [row[:3] for row in rows]
            assert sum(dataset.count_rows(piece) for piece in pieces) == len(rows)
            assert len(pieces) == n
        with pytest.raises(MissingIndexError):
            dataset.partitions(3, regions="c1")

    def test_blocks_that_hold_a_blocks_first_bytes_are_told_apart(self, tmp_path):
        """Stored, not compressed, data look like any other bytes, block headers too."""
        lines = [b"c1\t%d\t%d\t" % (i, i + 1) + tabix_files.EOF[:18].hex().encode() + b"\n"
                 for i in range(300)]  # fmt: skip
        fake = tabix_files.EOF[:18].replace(b"\n", b"-").replace(b"\0", b"\1")
        lines = [line.replace(b"\n", b"\t" + fake + b"\n") for line in lines]
        path = tmp_path / "a.bed.gz"
        packed = b"".join(
            tabix_files.block(b"".join(lines[i : i + 20]), level=0) for i in range(0, 300, 20)
        )
        path.write_bytes(packed + tabix_files.EOF)
        dataset = gidx.open(path, encoding="latin-1")
        assert read(dataset, dataset.partitions(90)) == [("c1", i, i + 1) for i in range(300)]

    def test_plain_gzip_and_gff_are_one_piece(self, tmp_path):
        import gzip

        (tmp_path / "a.bed.gz").write_bytes(gzip.compress(b"c1\t1\t2\nc2\t5\t6\n"))
        text = b"##gff-version 3\nc1\tx\tgene\t1\t2\t.\t+\t.\tID=a\n##FASTA\n>c1\nACGT\n"
        (tmp_path / "a.gff3").write_bytes(text)
        for name, rows in (("a.bed.gz", 2), ("a.gff3", 1)):
            dataset = gidx.open(tmp_path / name)
            (piece,) = dataset.partitions(10)
            assert dataset.to_table(piece).num_rows == rows == dataset.count_rows(piece)


def test_a_stream_of_arrow_is_read_once_a_chrom_that_is_asked_for(tmp_path):
    table = gidx.open(conformance.bed(tmp_path)).to_table()
    with pa.ipc.new_stream(tmp_path / "a.arrows", table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    dataset = gidx.open(tmp_path / "a.arrows")
    assert len(dataset.partitions(40)) == 1
    pieces = dataset.partitions(40, regions=["chr1", "chr2:20,000-60,000"])
    assert [piece.chrom for piece in pieces] == ["chr1", "chr2"]
    expected = places(dataset.to_table(["chr1", "chr2:20,000-60,000"]))
    assert read(dataset, pieces) == expected


def test_reads_of_sam_on_no_chrom_are_in_the_last_pieces(tmp_path):
    head = "@SQ\tSN:c1\tLN:100000\n"
    mapped = [f"r{i}\t0\tc1\t{i * 7 + 1}\t60\t20M\t*\t0\t0\t*\t*\n" for i in range(900)]
    loose = [f"u{i}\t4\t*\t0\t0\t*\t*\t0\t0\t*\t*\n" for i in range(900)]
    text = head + "".join(mapped + loose)
    dataset = gidx.open(tabix_files.write(tmp_path / "a.sam.gz", text, "sam", sizes=900))
    whole = dataset.to_table()
    assert whole.num_rows == 1800
    for n in (1, 4, 30):
        pieces = dataset.partitions(n)
        assert [piece.chrom for piece in pieces] == sorted((p.chrom for p in pieces), key=str)[::-1]
        assert pa.concat_tables(map(dataset.to_table, pieces)).equals(whole)


def test_a_row_at_the_telomere_of_a_vcf_is_in_the_first_piece(tmp_path):
    head = "##fileformat=VCFv4.3\n##contig=<ID=c1,length=9000>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    lines = [f"c1\t{pos}\t.\tA\tC\t.\t.\t.\n" for pos in (0, 0, 1, 1, 2, 500, 900)]
    path = tabix_files.write(tmp_path / "a.vcf.gz", head + "".join(lines), "vcf")
    dataset = gidx.open(path)
    pieces = dataset.partitions(900)
    assert read(dataset, pieces) == places(dataset.to_table())
    assert dataset.count_rows(pieces[0]) >= 2


def test_only_values_of_owned_rows_are_warned_of(tmp_path):
    lines = [f"c1\t{200 * i}\t{200 * i + 3000}\tn\t{'x' if i % 2 else 5}\n" for i in range(1000)]
    path = tabix_files.write(tmp_path / "a.bed.gz", "".join(lines))
    dataset = gidx.open(path, schema="bed5")
    found = []
    for piece in dataset.partitions(7):
        with pytest.warns(gidx.errors.ValueWarning) as told:
            dataset.to_table(piece)
        found += [int(str(w.message).split("column score: ")[1].split(" ")[0]) for w in told]
    assert sum(found) == 500


def test_what_is_no_piece_of_the_file_says_so(tmp_path):
    dataset = gidx.open(conformance.bed(tmp_path))
    with pytest.raises(UnknownChromError, match=r"'c9'.*the file that it was cut of"):
        dataset.to_table(Piece("c9", 0, 5))
    with pytest.raises(RegionError, match="a piece already"):
        dataset.partitions(3, regions=dataset.partitions(2)[0])
    with pytest.raises(TypeError, match="not both"):
        dataset.partitions(3, bytes=5)
    with pytest.raises(ValueError, match="n is 0"):
        dataset.partitions(0)


# ── workers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["bigbed", "vcf"])
class TestWorkers:
    """Tasks carry a dataset and a piece, and open it once a process."""

    def test_what_comes_out_of_equal_pickles_is_one(self, kind, tmp_path):
        path = KINDS[kind](tmp_path)
        task = pickle.dumps((gidx.open(path), gidx.open(path).partitions(3)[1]))
        assert len(task) < 700
        dataset, piece = pickle.loads(task)
        assert pickle.loads(task)[0] is dataset
        with pickle.loads(task)[0] as again:  # closed by one, it stays open for all
            assert again.count_rows(piece) > 0
        assert dataset.to_table(piece).num_rows == again.count_rows(piece)
        assert pickle.loads(pickle.dumps(dataset)) is dataset

    def test_a_file_that_changed_is_opened_anew(self, kind, tmp_path):
        data = pickle.dumps(gidx.open(KINDS[kind](tmp_path)))
        assert pickle.loads(data).count_rows() == len(conformance.ROWS)
        KINDS[kind](tmp_path, conformance.ROWS[:300])
        assert pickle.loads(data).count_rows() == 300

    def test_files_are_kept_up_to_a_number(self, kind, tmp_path):
        datas = []
        for i in range(40):
            (tmp_path / str(i)).mkdir()
            datas.append(pickle.dumps(gidx.open(KINDS[kind](tmp_path / str(i)))))
        opened = [weakref.ref(pickle.loads(data)) for data in datas]
        gc.collect()
        assert sum(ref() is not None for ref in opened) <= 16
        assert all(pickle.loads(data).count_rows() for data in datas)


# ── a file of 300 GiB, by its index ─────────────────────────────────────────────────────────────

LARGE = 300 << 30
GENOME = {f"chr{i}": (250 - 9 * i) * 10**6 for i in range(1, 23)} | {"chrX": 156_000_000}


def even(pieces):
    """10,000 pieces of equal work, cut at the chroms' ends, are planned from few bytes."""
    assert 9_980 <= len(pieces) <= 10_030
    sizes = np.array([piece.bytes for piece in pieces])
    assert sizes.sum() == pytest.approx(LARGE, rel=0.01)
    assert np.percentile(sizes, 99) < 1.2 * np.median(sizes)
    lasts = [p for p, q in pairwise(pieces) if p.chrom != q.chrom]
    assert [piece.chrom for piece in lasts] == list(GENOME)[:-1]
    assert all(piece.hi == MAX_END for piece in lasts)
    assert len(pickle.dumps(pieces[0])) < 150
    return True


def planned(plan):
    """What a plan gives, and the memory that it took at most, in MB."""
    tracemalloc.start()
    try:
        return plan(), tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_a_large_tabix_file_is_planned_from_its_linear_index():
    windows = np.array([-(-size // 16384) for size in GENOME.values()])
    first = np.cumsum([0, *windows])
    n = int(first[-1])
    offsets = np.linspace(0, LARGE, n + 1).astype(np.uint64) << np.uint64(16)
    bins = np.concatenate([4681 + np.arange(k) for k in windows])
    none = np.empty(0, np.uint64)
    index = TabixIndex(
        "tbi", tuple(GENOME), BED, 14, 5, first, bins, none, np.arange(n + 1),
        np.column_stack([offsets[:-1], offsets[1:]]), first, offsets[:-1],
        np.zeros(len(GENOME), bool), np.zeros((len(GENOME), 4), np.uint64), None,
    )  # fmt: skip
    pieces, megabytes = planned(lambda: cut(index.work(list(GENOME)), 10_000, None, None))
    assert even(pieces)
    assert megabytes < 100


class Sparse:
    """A file of which only one part is there; how much of it was read."""

    name = "large.bb"

    def __init__(self, at: int, part: bytes) -> None:
        self._at, self._part = at, part
        self.size = at + len(part)
        self.bytes = 0

    def read(self, offset, size):
        self.bytes += size
        return self._part[offset - self._at : offset - self._at + size]


def test_a_large_bigbed_is_planned_from_the_upper_levels_of_its_tree():
    """Of blocks of 256 kB, so that the test makes 40 MB of tree; its leaves are not read."""
    chrom = np.repeat(np.arange(len(GENOME)), [size // 2500 for size in GENOME.values()])
    n = len(chrom)
    start = (np.arange(n) - np.searchsorted(chrom, chrom)) * 2500
    lo = chrom.astype(np.uint64) << np.uint64(32) | start.astype(np.uint64)
    offset = np.linspace(1000, LARGE, n).astype(np.uint64)
    tree = pack(lo, lo + np.uint64(2400), offset, block_size=64, items_per_slot=512, at=LARGE)
    source = Sparse(LARGE, tree)
    index = RangeTree(source, LARGE, "<", "data index")
    pieces, megabytes = planned(lambda: cut(index.work(GENOME, LARGE, 10_000), 10_000, None, None))
    assert even(pieces)
    assert megabytes < 100
    assert source.bytes < 2_000_000 < len(tree)
