"""A region inflates the blocks that hold its rows, and no more than htslib would, plus one."""

import random

import numpy as np
import pytest
from tests.support.tabix_files import intervals, write

import gidx
from gidx.bgzf.lines import BgzfLines
from gidx.binning.model import BLOCK
from gidx.ground.ranges import coalesce


@pytest.fixture
def inflated(monkeypatch):
    """The places of blocks that were inflated for rows."""
    places: list[int] = []

    fetch = BgzfLines.fetch

    def noting(*given):
        text = fetch(*given)
        places.extend(text.blocks[:, 1].tolist())
        return text

    monkeypatch.setattr(BgzfLines, "fetch", noting)
    return places


def lines_with_places(path):
    """Each row's chrom, start, end, virtual offset, and the blocks it begins and ends in."""
    data, begins, blocks, at, size = path.read_bytes(), [], [], 0, 0
    while at < len(data):
        length = int.from_bytes(data[at + 16 : at + 18], "little") + 1
        begins.append(size)
        blocks.append(at)
        size += int.from_bytes(data[at + length - 4 : at + length], "little")
        at += length
    with gidx.bgzf.open(path) as file:
        text = file.read()
    rows, place = [], 0
    for line in text.splitlines(keepends=True):
        chrom, start, end = line.split(b"\t")[:3]
        first, last = np.searchsorted(begins, [place, place + len(line) - 1], "right") - 1
        offset = blocks[first] << 16 | place - begins[first]
        rows.append((chrom.decode(), int(start), int(end), offset, blocks[first], blocks[last]))
        place += len(line)
    return rows


def blocks_of_htslib(index, rows, region):
    """The blocks that tbx_itr_next goes through: from a chunk's begin to a row past the region."""
    chrom, start, end = region
    asked = gidx.Region(chrom, start, end)
    found = set()
    for begin, stop in coalesce(index.chunks(asked), BLOCK).tolist():
        for name, first, _, offset, *own in rows:
            if offset < begin or offset >= stop:
                continue
            found.update(own)
            if name != chrom or first >= end:
                return found
    return found


@pytest.mark.parametrize("csi", [False, True])
@pytest.mark.parametrize("sizes", [150, 700, 5000])
def test_no_more_blocks_are_inflated_than_by_htslib_and_one(tmp_path, inflated, csi, sizes):
    r = random.Random(sizes)
    rows = intervals(1, 900)
    rows += sorted(("chrY", s, s + 30) for s in (r.randrange(400_000) for _ in range(900)))
    text = "".join(f"{c}\t{s}\t{e}\tn\n" for c, s, e in rows)
    path = write(tmp_path / "x.bed.gz", text, csi=csi, sizes=sizes)
    dataset, placed = gidx.open(path), lines_with_places(path)
    dataset.to_table("chrX:1-1")
    for _ in range(40):
        chrom = r.choice(["chr1", "chr2", "chrX", "chrY"])
        start = r.randrange(200_000)
        region = (chrom, start, start + r.choice([1, 500, 20_000]))
        inflated.clear()
        table = dataset.to_table(region)
        expected = [row[:3] for row in placed if row[0] == chrom and row[1] < region[2]
                    and row[2] > region[1]]  # fmt: skip
        assert table.num_rows == len(expected)
        assert len(inflated) == len(set(inflated)) >= bool(expected)
        assert len(inflated) <= len(blocks_of_htslib(dataset.index, placed, region)) + 1


@pytest.mark.parametrize("sizes", [150, 5000])
def test_a_list_of_regions_inflates_each_block_once_and_no_more_than_each_alone(
    tmp_path, inflated, sizes
):
    r = random.Random(sizes)
    rows = intervals(1, 900)
    text = "".join(f"{c}\t{s}\t{e}\tn\n" for c, s, e in rows)
    path = write(tmp_path / "x.bed.gz", text, csi=False, sizes=sizes)
    dataset, placed = gidx.open(path), lines_with_places(path)
    dataset.to_table("chrX:1-1")
    for _ in range(15):
        asked = []
        for _ in range(r.randrange(2, 9)):
            start = r.randrange(200_000)
            asked.append((r.choice(["chr1", "chr2"]), start, start + r.choice([1, 500, 20_000])))
        inflated.clear()
        found = dataset.to_table(asked)
        together = inflated.copy()
        expected = [row for row in placed if any(
            row[0] == c and row[1] < e and row[2] > s for c, s, e in asked)]  # fmt: skip
        assert found.num_rows == len(expected)
        assert len(together) == len(set(together)) >= bool(expected)
        alone = [blocks_of_htslib(dataset.index, placed, region) for region in asked]
        assert len(together) <= len(set().union(*alone)) + len(asked)


def test_what_lies_between_two_regions_is_not_inflated(tmp_path, inflated):
    text = "".join(f"{c}\t{s}\t{s + 5}\n" for c in "ab" for s in range(0, 300_000, 10))
    path = write(tmp_path / "x.bed.gz", text, sizes=2000)
    dataset = gidx.open(path)
    dataset.to_table("a:1-1")
    inflated.clear()
    table = dataset.to_table([("a", 100, 200), ("a", 290_000, 290_050), ("b", 150_000, 150_010)])
    assert table["start"].to_pylist() == [
        *range(100, 200, 10),
        *range(290_000, 290_050, 10),
        150_000,
    ]
    # a window of the linear index is 16,384 bases, of 12 blocks
    assert len(inflated) <= 3 * 13
    inflated.clear()
    assert dataset.count_rows([("a", 0, 300_000), ("b", 0, 300_000)]) == 60_000


def test_a_region_behind_the_last_row_of_its_chrom_stops_at_the_next_chrom(tmp_path, inflated):
    text = "".join(f"{c}\t{s}\t{s + 5}\n" for c in "ab" for s in range(0, 50_000, 10))
    path = write(tmp_path / "x.bed.gz", text, sizes=1000)
    dataset = gidx.open(path)
    dataset.to_table("a:1-1")
    inflated.clear()
    assert dataset.to_table(("a", 49_990, 1_000_000)).num_rows == 1
    assert len(inflated) <= 20
