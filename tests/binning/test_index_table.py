"""Tabix indexes as tables: what a reading of their bytes, line by line, finds."""

from __future__ import annotations

import gzip
import struct
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import tabix_files

import gidx
from gidx.binning import BED, IndexBuilder, TabixIndex, TbkIndex, bin_level, bin_span

PLACE = ["chrom", "start", "end", "bin", "level"]
CHUNK = ["chunk_begin", "chunk_end", "begin_block", "begin_within", "end_block", "end_within"]
STATS = ["chrom", "n_mapped", "n_unmapped", "begin", "end", "n_bins", "n_chunks", "n_windows"]


def parsed(data: bytes) -> tuple[list, list, list]:
    """An index's chunks, linear entries and counts, as the specifications have its bytes."""
    csi = data[:4] == b"CSI\1"
    min_shift, depth, at = 14, 5, 4

    def take(form):
        nonlocal at
        at += struct.calcsize("<" + form)
        return struct.unpack_from("<" + form, data, at - struct.calcsize("<" + form))

    if csi:
        min_shift, depth, _ = take("3i")
        *_, l_nm = take("7i")
        names = data[at : at + l_nm].split(b"\0")
        at += l_nm
        (n_ref,) = take("i")
    else:
        n_ref, *_, l_nm = take("8i")
        names = data[at : at + l_nm].split(b"\0")
        at += l_nm
    pseudo = ((1 << 3 * (depth + 1)) - 1) // 7 + 1
    chunks, linear, counts = [], [], []
    for ref in range(n_ref):
        name = names[ref].decode()
        bins = {}
        for _ in range(take("i")[0]):
            (bin,) = take("I")
            loffset = take("Q")[0] if csi else None
            ranges = [take("QQ") for _ in range(take("i")[0])]
            bins[bin] = loffset, ranges if bin == pseudo else sorted(ranges)
        told = bins.pop(pseudo, (0, []))[1]
        counts.append((name, *(told[1] if told else ((None if bins else 0,) * 2))))
        for bin, (loffset, ranges) in sorted(bins.items()):
            place = (name, *bin_span(bin, min_shift, depth), bin, bin_level(bin))
            chunks += [(*place, a, b, a >> 16, a & 0xFFFF, b >> 16, b & 0xFFFF) for a, b in ranges]
            if csi:
                linear.append((*place, loffset, loffset >> 16, loffset & 0xFFFF))
        if not csi:
            for w in range(take("i")[0]):
                (o,) = take("Q")
                linear.append((name, w << 14, w + 1 << 14, o, o >> 16, o & 0xFFFF))
    return chunks, linear, counts


def rows(table) -> list[tuple]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def agrees(index: TabixIndex, data: bytes) -> None:
    """The three tables of an index are what its bytes say."""
    chunks, linear, counts = parsed(data)
    assert rows(index.to_table()) == chunks
    assert rows(index.linear_table()) == linear
    assert rows(index.stats_table().select(["chrom", "n_mapped", "n_unmapped"])) == counts
    assert sum(index.stats_table()["n_chunks"].to_pylist()) == len(chunks)


def test_tables_of_the_corpus_are_what_the_bytes_say(corpus):
    paths = sorted((corpus / "tabix").rglob("*.[tc][bs]i"))
    for path in paths:
        agrees(TabixIndex.read(path), gzip.decompress(path.read_bytes()))
    assert len(paths) > 25


@settings(max_examples=40)
@given(st.data())
def test_tables_are_what_the_bytes_say(data):
    builder = IndexBuilder()
    at = 0
    for ref in (1, 0):
        starts = sorted(data.draw(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=20)))
        sizes = data.draw(st.sampled_from([1, 20_000, 200_000]))
        offsets = [at + (i << 10) * 77 for i in range(len(starts) + 1)]
        assert (
            builder.push([ref] * len(starts), starts, [s + sizes for s in starts], offsets) is None
        )
        at = offsets[-1]
    kind = data.draw(st.sampled_from(["tbi", "csi"]))
    index = builder.finish(["chr2", "chr1", "none"], BED, kind=kind)
    agrees(index, index.to_bytes())


@pytest.fixture
def index(tmp_path):
    """Of 3000 rows on chr1, chr2 and chrX, by htslib."""
    text = "".join(f"{c}\t{s}\t{e}\n" for c, s, e in tabix_files.intervals(1))
    return TabixIndex.read(f"{tabix_files.write(tmp_path / 'x.bed.gz', text)}.tbi")


def test_a_frame_has_names_in_file_order_and_int64(index):
    chunks = index.to_table().to_pandas()
    linear, stats = index.linear_table().to_pandas(), index.stats_table().to_pandas()
    assert list(chunks) == PLACE + CHUNK
    assert list(linear) == ["chrom", "start", "end", "offset", "block", "within"]
    assert list(stats) == STATS
    for frame in (chunks, linear, stats):
        assert list(frame["chrom"].cat.categories) == ["chr1", "chr2", "chrX"]
        assert set(map(str, frame.drop(columns="chrom").dtypes)) == {"int64"}


def test_chunks_can_be_queried_by_region(index):
    frame = index.to_table().to_pandas()
    found = frame.gidx.query("chr2:16,385-16,400")
    assert (found["chrom"] == "chr2").all()
    assert set(found["bin"]) <= {0, 1, 9, 73, 585, 4682}
    ranges = index.chunks("chr2:16,385-16,400").tolist()
    assert ranges[0][0] >= found["chunk_begin"].min()
    assert ranges[-1][1] <= found["chunk_end"].max()


def test_statistics_count_the_rows_of_the_file(index):
    stats = index.stats_table().to_pandas().set_index("chrom")
    assert dict(stats["n_mapped"]) == dict.fromkeys(("chr1", "chr2", "chrX"), 1000)
    assert stats["n_mapped"].to_dict() == index.row_counts
    assert (stats["begin"] < stats["end"]).all()


def test_what_an_old_index_does_not_tell_is_missing(index):
    old = replace(index, has_pseudo=np.zeros_like(index.has_pseudo)).stats_table().to_pandas()
    assert old[["n_mapped", "n_unmapped", "begin", "end"]].isna().all(axis=None)
    assert (old["n_chunks"] > 0).all()


def test_chroms_of_an_index_without_names_are_their_ids(index):
    bcf = replace(index, names=(), layout=None)
    assert bcf.stats_table()["chrom"].to_pylist() == ["0", "1", "2"]
    assert bcf.named(["a", "b", "c"]).stats_table()["chrom"].to_pylist() == ["a", "b", "c"]
    assert set(bcf.to_table()["chrom"].to_pylist()) == {"0", "1", "2"}


def test_a_window_that_no_row_has_set_is_missing(index):
    unset = index.linear.copy()
    unset[3] = 2**64 - 1
    table = replace(index, linear=unset).linear_table()
    for name in ("offset", "block", "within"):
        assert table[name].null_count == 1
        assert table[name][3].as_py() is None


def test_a_number_that_is_no_bins_has_no_span(index):
    bins = index.bins.copy()
    bins[-1] = 40_000
    table = replace(index, bins=bins).to_table()
    last = table.slice(table.num_rows - 1).to_pylist()[0]
    assert (last["bin"], last["start"], last["end"], last["level"]) == (40_000, None, None, None)
    assert table["start"].null_count == table["level"].null_count > 0


def test_a_name_that_is_no_utf8_is_as_in_the_data(index):
    odd = replace(index, names=("\udcff", "b", "c"))
    assert odd.stats_table()["chrom"][0].as_py() == r"\xff"


def test_an_empty_index_has_empty_tables():
    empty = IndexBuilder().finish([], BED)
    for table in (empty.to_table(), empty.linear_table(), empty.stats_table()):
        assert table.num_rows == 0
        assert table.to_pandas()["chrom"].dtype == pd.CategoricalDtype([])


def test_blocks_of_a_tbk_are_a_table(tmp_path):
    lines = [f"{c}\t{p}\tx\n" for c in ("1", "2") for p in range(1, 500)]
    (tmp_path / "x.vcf.gz").write_bytes(tabix_files.bgzip("".join(lines).encode(), 1000))
    frame = TbkIndex.build(tmp_path / "x.vcf.gz").to_table().to_pandas()
    assert list(frame) == ["chrom", "first_pos", "last_pos", "n_rows", "block_start"]
    starts = gidx.bgzf.blocks(tmp_path / "x.vcf.gz").to_pandas()["block_start"]
    assert set(frame["block_start"]) <= set(starts)
    assert frame["first_pos"].iloc[0] == 1
    assert list(frame["chrom"].cat.categories) == ["1", "2"]
