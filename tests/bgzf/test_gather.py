"""A group of blocks is the same text however the file is at hand, and whatever its blocks are."""

from __future__ import annotations

import io
import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tabix_files import bgzip
from tests.support.tabix_files import block as stored_block

import gidx
from gidx import scan
from gidx.bgzf import block, lines
from gidx.bgzf.block import EOF
from gidx.errors import FormatError
from gidx.ground.source import MemorySource

rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 900), st.integers(0, 90)),
    min_size=1,
    max_size=60,
)
regions = st.lists(
    st.builds(
        lambda chrom, start, size: (chrom, start, start + size),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 1000),
        st.integers(0, 300),
    ),
    max_size=4,
)


def with_more_subfields(whole: bytes) -> bytes:
    """The same blocks, each with a subfield before the one that says its size."""
    found, at = [], 0
    while at < len(whole):
        size = int.from_bytes(whole[at + 16 : at + 18], "little") + 1
        found.append(
            whole[at : at + 10] + (12).to_bytes(2, "little") + b"XX\x02\x00hi" + b"BC\x02\x00"
            + (size + 5).to_bytes(2, "little") + whole[at + 18 : at + size]
        )  # fmt: skip
        at += size
    return b"".join(found) + EOF  # the marker is these bytes, so one more


def with_empty_blocks(whole: bytes) -> bytes:
    found, at = [], 0
    while at < len(whole):
        size = int.from_bytes(whole[at + 16 : at + 18], "little") + 1
        found += [EOF, whole[at : at + size]]
        at += size
    return b"".join(found)


CHANGES = {
    "as they are": bytes,
    "more subfields": with_more_subfields,
    "empty ones between": with_empty_blocks,
    "both": lambda whole: with_more_subfields(with_empty_blocks(whole)),
}


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=15)
@given(rows=rows, asked=regions, size=st.integers(1, 400), closed=st.booleans())
def test_rows_are_the_same(tmp_path_factory, change, rows, asked, size, closed):
    rows = sorted(rows)
    text = "".join(f"{c}\t{s}\t{s + n}\tname\n" for c, s, n in rows)
    whole = CHANGES[change](bgzip((text if closed else text[:-1]).encode(), size))
    path = tmp_path_factory.mktemp("x") / "x.bed.gz"
    path.write_bytes(whole)
    gidx.build_index(path)
    index = path.with_name("x.bed.gz.tbi")
    there = {c for c, _, _ in rows}
    asked = [region for region in asked if region[0] in there]
    expected = [
        row for row in rows
        if any(c == row[0] and _overlap(row[1], row[1] + row[2], s, e) for c, s, e in asked)
    ]  # fmt: skip
    for file in (path, whole, io.BytesIO(whole)):
        with gidx.open(file, index=index) as ds:
            assert places(ds.to_table()) == rows
            assert places(ds.to_table(asked)) == expected
            assert places(ds.to_table(asked, columns=["chrom", "start", "end"])) == expected
    with pytest.MonkeyPatch.context() as patch:  # without the functions of the library
        patch.setattr(block, "LIBDEFLATE", None)
        patch.setattr(lines, "LIBDEFLATE", None)
        with gidx.open(path, index=index) as ds:
            assert places(ds.to_table()) == rows
            assert places(ds.to_table(asked)) == expected


def _overlap(start: int, end: int, low: int, high: int) -> bool:
    touch = start == end
    return start < high + touch and end + touch > low


def places(table):
    starts, ends = table["start"].to_pylist(), table["end"].to_pylist()
    chroms = table["chrom"].to_pylist()
    return [(c, s, e - s) for c, s, e in zip(chroms, starts, ends, strict=True)]


@settings(max_examples=15)
@given(rows=rows, asked=regions, size=st.integers(1, 400))
def test_rows_parted_by_blanks_are_the_same(tmp_path_factory, rows, asked, size):
    rows = sorted(rows)
    text = "".join(f"{c} {s} {s + n} n{s}\n" for c, s, n in rows).encode()
    path = tmp_path_factory.mktemp("x") / "x.bed.gz"
    # indexed as if there were tabs, and in blocks that are not compressed, so of one size
    stored = [stored_block(text[i : i + size], 0) for i in range(0, len(text), size)]
    tabs = text.replace(b" ", b"\t")
    path.write_bytes(
        b"".join(stored_block(tabs[i : i + size], 0) for i in range(0, len(tabs), size)) + EOF
    )
    index = gidx.build_index(path)
    path = path.with_name("blanks.bed.gz")
    path.write_bytes(b"".join(stored) + EOF)
    there = {c for c, _, _ in rows}
    asked = [region for region in asked if region[0] in there]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the index is older
        ds = gidx.open(path, index=index)
    with ds:
        assert places(ds.to_table()) == rows
        assert places(ds.to_table(asked)) == [
            row for row in rows
            if any(c == row[0] and _overlap(row[1], row[1] + row[2], s, e) for c, s, e in asked)
        ]  # fmt: skip


class Counted(MemorySource):
    """Bytes at hand that note what is read of them."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked: list[int] = []

    def read(self, offset, size):
        self.asked.append(size)
        return super().read(offset, size)


def test_blocks_with_more_subfields_are_read_no_oftener(tmp_path):
    text = "".join(f"a\t{s}\t{s + 5}\tname\n" for s in range(0, 60_000, 3)).encode()
    taken = []
    for change in ("as they are", "more subfields"):
        path = tmp_path / f"{change}.bed.gz"
        path.write_bytes(CHANGES[change](bgzip(text, 1000)))
        gidx.build_index(path)
        with gidx.open(path) as ds:
            file = scan.format_of(ds)
            source = file.lines.source = Counted(path.read_bytes())
            for asked in (None, ("a", 30_000, 40_000)):
                ds.to_table(asked, threads=1)
            taken.append(len(source.asked))
    assert taken[0] == taken[1]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_block_that_is_damaged_is_named_and_none_of_its_rows_come(tmp_path, threads):
    r = random.Random(7)
    text = "".join(f"a\t{s}\t{s + 5}\t{r.random()}\n" for s in range(0, 90_000, 3))
    whole = bytearray(bgzip(text.encode(), 5000))
    path = tmp_path / "x.bed.gz"
    path.write_bytes(whole)
    gidx.build_index(path)
    at = whole.find(block.MAGIC, len(whole) * 2 // 3)
    whole[at + 400] ^= 1
    with gidx.open(bytes(whole), index=tmp_path / "x.bed.gz.tbi") as ds:
        before = ds.to_table(("a", 0, 5_000), threads=threads)
        assert before.num_rows == 1667
        for asked in (None, ("a", 40_000, 80_000), [("a", 0, 5), ("a", 40_000, 80_000)]):
            with pytest.raises(FormatError, match=rf"byte {at}: damaged block"):
                ds.to_table(asked, threads=threads)


def test_a_file_that_was_closed_is_not_read_by_its_number(tmp_path):
    path = tmp_path / "x.bed.gz"
    path.write_bytes(bgzip(b"a\t1\t2\n", 100))
    gidx.build_index(path)
    ds = gidx.open(path)
    ds.to_table("a:1-10")
    ds.close()
    with pytest.raises(ValueError, match="after it was closed"):
        ds.to_table("a:1-10")


def test_rows_that_are_larger_than_many_blocks(tmp_path):
    """googlegenomics/gcp-variant-transforms#505: rows were lost behind a record of two blocks."""
    few = "".join(f"a\t{s}\t{s + 5}\tn\n" for s in range(10, 3000, 10))
    text = f"a\t1\t5\t{'x' * 200_000}\n{few}b\t1\t5\t{'y' * 300_000}\nc\t1\t5\tn\n"
    path = tmp_path / "x.bed.gz"
    path.write_bytes(bgzip(text.encode(), 1000))
    gidx.build_index(path)
    with gidx.open(path) as ds:
        found = ds.to_table(["b:1-10", ("a", 0, 11), "c:1-5"])["name"].to_pylist()
        assert found == ["x" * 200_000, "n", "y" * 300_000, "n"]
        assert ds.count_rows() == 302


@pytest.mark.parametrize("threads", [1, 2])
def test_files_behind_one_another_are_read_to_the_end(tmp_path, threads):
    """noodles#133, fastp#712, htslib#45: the first EOF marker ended all."""
    parts = ["".join(f"{c}\t{s}\t{s + 5}\tn\n" for s in range(0, 30_000, 10)) for c in "abc"]
    path = tmp_path / "x.bed.gz"
    path.write_bytes(b"".join(bgzip(part.encode(), 900) for part in parts))
    gidx.build_index(path)
    with gidx.open(path) as ds:
        assert ds.to_table(threads=threads).num_rows == 9000
        asked = ["c:29,991-30,000", "b:1-100", ("a", 29_990, 40_000)]
        assert places(ds.to_table(asked, threads=threads)) == [
            ("a", 29_990, 5), *(("b", s, 5) for s in range(0, 100, 10)), ("c", 29_990, 5)
        ]  # fmt: skip
