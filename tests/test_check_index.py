"""`check` proves an index: ok exactly where each row is found by a query of it."""

import random
from dataclasses import replace

import numpy as np
import pysam
import pytest
from tests import tabix_files
from tests.tabix_files import EOF, block, intervals, write

import gidx
from gidx.binning import TabixIndex
from gidx.check import check
from gidx.errors import FormatError

HEAD = b"# places\n"


def bed(rows) -> bytes:
    return HEAD + b"".join(b"%s\t%d\t%d\n" % (c.encode(), s, e) for c, s, e in rows)


def lost(path, index, rows) -> bool:
    """Brute force: whether a query of a row, or of its first or last base, misses it or fails."""
    try:
        ds = gidx.open(path, index=index)
        for chrom, start, end in dict.fromkeys(rows):
            expected = rows.count((chrom, start, end))
            for a, b in {(start, max(end, start + 1)), (max(end - 1, start), max(end, start + 1)),
                         (start, start + 1)}:  # fmt: skip
                found = ds.to_table((chrom, a, b), columns=["start", "end"], threads=1)
                pairs = list(zip(*found.to_pydict().values(), strict=True))
                if pairs.count((start, end)) != expected:
                    return True
    except FormatError:
        return True
    return False


def is_ok(path, index) -> bool:
    try:
        return check(gidx.open(path, index=index), threads=1).ok
    except FormatError:
        return False


def damaged(index: TabixIndex, other: TabixIndex, r: random.Random) -> TabixIndex:
    """An index that is not that of its file any more, mostly."""
    chunks, bins = index.chunk_ranges.copy(), index.bins.copy()
    linear, loffset = index.linear.copy(), index.loffset.copy()
    places = np.unique(chunks)
    how = r.choice(["begin", "end", "drop", "floor", "bin", "other", "swap", "shift"])
    i = r.randrange(len(chunks))
    if how == "begin":
        chunks[i, 0] = min(int(r.choice(places)), int(chunks[i, 1]))
    elif how == "end":
        chunks[i, 1] = max(int(r.choice(places)), int(chunks[i, 0]))
    elif how == "drop":
        chunks[i] = chunks[i, 0]
    elif how == "floor":
        samples = linear if len(linear) else loffset
        samples[r.randrange(len(samples))] = r.choice(places)
    elif how == "bin":
        b = r.randrange(len(bins))
        bins[b] = max(0, int(bins[b]) + r.choice([-1, 1, 7]))
    elif how == "other":
        return other
    elif how == "swap":
        j = r.randrange(len(chunks))
        chunks[[i, j]] = chunks[[j, i]]
    else:
        chunks += np.uint64(r.choice([1, 12, 1 << 16]))
    made = replace(index, chunk_ranges=chunks, bins=bins, linear=linear, loffset=loffset)
    return TabixIndex.from_bytes(made.to_bytes())


@pytest.mark.parametrize("csi", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_check_is_ok_exactly_where_every_row_is_found(tmp_path, seed, csi):
    r = random.Random(seed)
    rows = intervals(seed, 60 if seed % 2 else 240)
    path = write(tmp_path / "a.bed.gz", bed(rows), csi=csi, sizes=r)
    shape = write(tmp_path / "b.bed.gz", bed(intervals(seed + 100, len(rows))), csi=csi, sizes=r)
    suffix = ".csi" if csi else ".tbi"
    good, other = (TabixIndex.read(f"{p}{suffix}") for p in (path, shape))
    assert is_ok(path, good)
    assert not lost(path, good, rows)
    losing = 0
    for _ in range(12):
        index = damaged(good, other, r)
        if lost(path, index, rows):
            losing += 1
            assert not is_ok(path, index)
    assert losing


OLDER = pytest.mark.filterwarnings("ignore:.*the index is older")


@OLDER
def test_a_row_moved_by_an_edit_is_named(tmp_path):
    path = write(tmp_path / "a.bed.gz", "chr1\t10\t20\nchr2\t40000000\t40000100\n")
    path.write_bytes(tabix_files.bgzip(b"chr1\t10\t20\nchr2\t50000000\t50000100\n"))
    *_, problem = check(path).problems  # the index is older than the file, too
    assert "0, 11 into its data: the row at chr2:50,000,001-50,000,100 is not found" in problem
    assert "bin 7732" in problem
    with pytest.raises(FormatError, match=r"a row of chr2:50,000,001, where the index has rows of"):
        gidx.read_bed(path, "chr2:40000001-40000100")


@OLDER
def test_rows_in_no_order_are_not_found(tmp_path):
    path = write(tmp_path / "a.bed.gz", "a\t500\t510\na\t600\t610\n")
    path.write_bytes(tabix_files.bgzip(b"a\t600\t610\na\t500\t510\n"))
    *_, problem = check(path).problems  # the index is older than the file, too
    assert "a:501-510 is not found by the index: rows are not sorted" in problem


def test_counts_of_rows_are_compared(tmp_path):
    path = write(tmp_path / "a.bed.gz", "a\t500\t510\na\t600\t610\n")
    index = TabixIndex.read(f"{path}.tbi")
    index.pseudo[0, 2] = 3
    (problem,) = check(gidx.open(path, index=index)).problems
    assert problem.endswith("a has 2 rows, by the index 3")


VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=1>\n"
    '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


def test_a_deletion_whose_length_the_index_does_not_know_is_lost(tmp_path):
    """As tabix before htslib 1.22 has it; here its index is that of the row without SVLEN."""
    rows = "1\t100\t.\tA\t<DEL>\t.\t.\t{}\n1\t200\t.\tA\tC\t.\t.\t.\n"
    short = write(tmp_path / "a.vcf.gz", VCF + rows.format("."), None)
    gidx.build_index(short)
    assert check(short).ok
    text = (VCF + rows.format("SVLEN=-40000")).encode()
    path = tmp_path / "b.vcf.gz"
    path.write_bytes(tabix_files.bgzip(text))
    places = TabixIndex.read(f"{short}.tbi")
    shift = np.uint64(len("SVLEN=-40000") - 1)
    chunks = places.chunk_ranges.copy()
    chunks[:, 1] = (np.uint64(len(tabix_files.bgzip(text)) - len(EOF))) << np.uint64(16)
    index = replace(places, chunk_ranges=chunks)
    assert shift
    problems = check(gidx.open(path, index=index)).problems
    assert "the row at 1:100-40,100 is not found by the index: bin" in problems[0]
    gidx.build_index(path)
    assert check(path).ok


@pytest.mark.parametrize("csi", [False, True])
def test_offsets_that_name_an_empty_block_before_the_row_are_read(tmp_path, csi):
    """Files joined with cat have empty blocks between; a row's place is either block."""
    first, second = b"a\t10\t20\na\t17000\t17010\n", b"a\t40000\t40010\nb\t5\t6\n"
    path = tmp_path / "a.bed.gz"
    path.write_bytes(block(first) + EOF + EOF + block(second) + EOF)
    pysam.tabix_index(str(path), preset="bed", csi=csi, force=True, keep_original=True)
    index = TabixIndex.read(f"{path}{'.csi' if csi else '.tbi'}")
    begin = len(block(first))
    data = begin + 2 * len(EOF)
    rows = [("a", 10, 20), ("a", 17000, 17010), ("a", 40000, 40010), ("b", 5, 6)]

    # also with the place in the block behind, as published indexes have it
    inside = replace(index, chunk_ranges=index.chunk_ranges.copy(), linear=index.linear.copy())
    for offsets in (inside.chunk_ranges, inside.linear):
        named = (offsets >> np.uint64(16)) == data
        offsets[named] -= np.uint64(len(EOF) << 16)
    assert not lost(path, inside, rows)
    assert is_ok(path, inside)

    def moved(offsets, to):
        """Offsets of the place between the files, in one of the ways to say it."""
        names = [begin << 16, begin + len(EOF) << 16, data << 16, len(first)]
        return np.where(np.isin(offsets, np.array(names, "u8")), np.uint64(to), offsets)

    for to in (begin << 16, begin + len(EOF) << 16, data << 16, len(first)):
        other = replace(
            index,
            chunk_ranges=moved(index.chunk_ranges, to),
            linear=moved(index.linear, to),
            loffset=moved(index.loffset, to),
        )
        assert not lost(path, other, rows)
        assert is_ok(path, other)


def test_what_a_tbi_cannot_hold_is_an_error(tmp_path):
    far = 2**29 + 5000
    path = write(tmp_path / "a.bed.gz", f"c\t10\t20\nc\t{far}\t{far + 9}\n", csi=True)
    csi = TabixIndex.read(f"{path}.csi")
    assert check(path).ok
    linear = np.full(2, 50, "u8")
    for bins, windows in (([4681, 37450], 2), ([4681, 37452], 2), ([4681, 4682], 2**15 + 1)):
        tbi = replace(
            csi, kind="tbi", min_shift=14, depth=5, bins=np.array(bins), ref_first=np.array([0, 2]),
            chunk_first=np.array([0, 1, 2]), loffset=np.empty(0, "u8"),
            chunk_ranges=np.array([[0, 8], [8, 40]], "u8"),
            linear_first=np.array([0, windows]), linear=np.resize(linear, windows),
        )  # fmt: skip
        ds = gidx.open(path, index=tbi.to_bytes())
        assert ds.to_table().num_rows == 2
        with pytest.raises(FormatError, match=r"a TBI holds rows up to 536,870,912, .*--kind csi"):
            ds.to_table("c:1-100")
        with pytest.raises(FormatError, match="a TBI holds rows up to"):
            tbi.chunks("c")
        assert not check(ds).ok


# ── places before the first base; line ends ─────────────────────────────────────────────────────


@pytest.mark.parametrize(("read", "text", "match"), [
    (gidx.read_bed, "c\t-1\t5\n", "field 2 is '-1', before the chrom's first base, expected 0"),
    (gidx.read_bed, "c\t1\t5\nc\t-2\t5\n", "field 2 is '-2', before the chrom's first base"),
    (gidx.read_gff, "c\ts\tt\t0\t5\t.\t+\t.\tID=1\n", "field 4 is '0', .* expected 1 or more"),
    (gidx.read_vcf, VCF + "1\t-1\t.\tA\tC\t.\t.\t.\n", "field 2 is '-1', .* expected 0 or more"),
])  # fmt: skip
def test_a_start_before_the_first_base_is_a_broken_row(tmp_path, read, text, match):
    for data in (text.encode(), tabix_files.bgzip(text.encode())):
        with pytest.raises(FormatError, match=match):
            read(data)
    path = tmp_path / "a.gz"
    path.write_bytes(tabix_files.bgzip(text.encode()))
    with pytest.raises(FormatError, match=match):
        check(path)
    with pytest.raises(FormatError, match=match):
        gidx.build_index(path)


def test_pos_0_of_a_vcf_is_found_from_the_first_base_on(tmp_path):
    rows = (
        "1\t0\tr0\tACG\tC\t.\t.\t.\n1\t0\tr1\tN\tA\t.\t.\t.\n"
        "1\t0\tr2\tN\t<DUP>\t.\t.\tSVLEN=2\n1\t2\tr3\tA\tC\t.\t.\t.\n"
    )
    path = write(tmp_path / "a.vcf.gz", VCF + rows, None)
    gidx.build_index(path)
    frame = gidx.read_vcf(path)
    assert frame["start"].tolist() == [-1, -1, -1, 1]
    with pysam.TabixFile(str(path)) as theirs:
        for region in [("1", 0, 1), ("1", 1, 2), ("1", 2, 3), ("1", 0, 9)]:
            expected = [line.split("\t")[2] for line in theirs.fetch(*region)]
            found = gidx.read_vcf(path, region)["id"].tolist()
            # htslib since 1.22 has r0 on base 3 too: REF's length from the first base on
            assert found == [i for i in expected if (i, region[1]) != ("r0", 2)]
            assert frame.gidx.query(region)["id"].tolist() == found
    assert check(path).ok
    assert gidx.read_vcf(path, "1:1-1")["id"].tolist() == ["r0", "r1", "r2"]
    gidx.write_vcf(frame, tmp_path / "b.vcf.gz")
    assert gidx.read_vcf(tmp_path / "b.vcf.gz", "1:1-1")["id"].tolist() == ["r0", "r1", "r2"]


@pytest.mark.parametrize("ends", ["{}\r{}\r", "{}\n{}\r{}\r", "#x\r{}\r{}", "{}\r{}\n"])
@pytest.mark.parametrize("row", ["c\t1\t2", "c 1 2", "c\ts\tt\t1\t5\t.\t+\t.\tID=1"])
def test_rows_ended_by_a_carriage_return_alone_are_not_one_row(row, ends):
    text = ends.format(row, row, row).encode()
    read = gidx.read_gff if "ID" in row else gidx.read_bed
    for data in (text, tabix_files.bgzip(text, 5)):
        with pytest.raises(FormatError, match="a line ends with a carriage return alone"):
            read(data)


def test_other_carriage_returns_are_read():
    assert len(gidx.read_bed(b"c\t1\t2\r\nc\t3\t4\r\n")) == 2
    assert gidx.read_bed(b"c\t1\t2\tx\ry\n")["name"].tolist() == ["x\ry"]
