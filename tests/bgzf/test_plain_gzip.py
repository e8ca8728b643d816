"""Plain gzip is read whole, as the plain text that it holds."""

from __future__ import annotations

import gzip
import io
import pickle
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import tabix_files

import gidx
from gidx.bgzf import lines as textfile
from gidx.bgzf.compress import compress
from gidx.ground.source import MemorySource
from gidx.ground.tuning import tuning

BED = b"".join(b"chr%d\t%d\t%d\tn%d\n" % (c, i, i + 5, i) for c in (1, 2, 10) for i in range(300))
VCF = (
    b"##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    + b"".join(b"1\t%d\trs%d\tA\tC,G\t.\tPASS\tDP=3\n" % (i, i) for i in range(1, 500))
)
GFF3 = b"##gff-version 3\n" + b"".join(
    b"1\ts\tgene\t%d\t%d\t.\t+\t.\tID=g%d\n" % (i, i + 9, i) for i in range(1, 500)
) + b"##FASTA\n>1\nACGT\n"  # fmt: skip
GTF = b"".join(
    b'1\ts\texon\t%d\t%d\t.\t-\t.\tgene_id "g%d";\n' % (i, i + 9, i) for i in range(1, 500)
)
SAM = b"@SQ\tSN:c\tLN:1000\n" + b"".join(
    b"r%d\t0\tc\t%d\t9\t4M\t*\t0\t0\tACGT\tIIII\n" % (i, i + 1) for i in range(300)
)
TEXTS = {"bed": BED, "vcf": VCF, "gff3": GFF3, "gtf": GTF, "sam": SAM}


def zipped(text: bytes, members: int = 3) -> bytes:
    step = len(text) // members + 1
    return b"".join(gzip.compress(text[i : i + step]) for i in range(0, len(text), step))


@pytest.fixture(params=TEXTS)
def files(request, tmp_path):
    """The same text, plain, in plain gzip, and in BGZF."""
    text = TEXTS[request.param]
    plain, gz = tmp_path / f"a.{request.param}", tmp_path / f"b.{request.param}.gz"
    plain.write_bytes(text)
    gz.write_bytes(zipped(text))
    compress(plain, tmp_path / f"c.{request.param}.gz")
    return plain, gz, tmp_path / f"c.{request.param}.gz"


def test_plain_text_its_gzip_and_its_bgzf_are_one_table(files):
    plain, gz, bgzf = (gidx.open(f) for f in files)
    assert gz.schema == plain.schema == bgzf.schema
    assert gz.chroms == plain.chroms == bgzf.chroms
    assert gz.header == plain.header == bgzf.header
    assert gz.to_table() == plain.to_table() == bgzf.to_table()
    assert gz.count_rows() == len(plain) == gz.to_table().num_rows > 0
    assert gz.head(7) == plain.head(7)


def test_a_scan_begins_anew_each_time_and_in_another_process(files):
    ds = gidx.open(files[1])
    assert ds.scan().read_all() == ds.scan().read_all()
    assert pickle.loads(pickle.dumps(ds)).to_table() == ds.to_table()


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_groups_are_of_whole_lines_whatever_their_size(size, monkeypatch):
    monkeypatch.setattr(tuning, "plain_bytes", size)
    monkeypatch.setattr(tuning, "gzip_inflated", size)
    lines = textfile.open_lines(gidx.ground.source.MemorySource(zipped(BED)))
    groups = list(lines.groups(lines.whole(0), size))
    assert b"".join(bytes(s.data) for g in groups for s in g) == BED
    assert all(s.data.endswith(b"\n") for g in groups for s in g)


def test_gidx_info_says_that_it_is_plain_gzip(files):
    assert gidx.open(files[1]).info()["format"].endswith("plain gzip")


def test_a_region_is_the_error_with_a_way_out_that_works(tmp_path):
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(gzip.compress(VCF))
    with pytest.raises(gidx.MissingIndexError, match="plain gzip") as error:
        gidx.read_vcf(path, "1:10-20")
    made = tmp_path / "a.vcf.bgz"
    assert f"gidx bgzip {path} && gidx index {made}" in str(error.value)
    compress(path)
    gidx.build_index(made)
    assert len(gidx.read_vcf(made, "1:10-20")) == 11


def test_no_index_is_made_of_it_and_none_beside_it_is_used(tmp_path):
    path = tmp_path / "a.bed.gz"
    path.write_bytes(gzip.compress(BED))
    with pytest.raises(gidx.FormatError, match="plain gzip, in which no index can seek"):
        gidx.build_index(path)
    gidx.write_bed(gidx.read_bed(BED), tmp_path / "b.bed.gz")
    (tmp_path / "b.bed.gz.tbi").rename(tmp_path / "a.bed.gz.tbi")
    with pytest.raises(gidx.FormatError, match=r"plain gzip, which the index .*cannot be of"):
        gidx.read_bed(path)


@pytest.mark.parametrize("cut", [11, 40, -9, -8, -4, -1])
def test_a_file_that_is_cut_raises(cut):
    with pytest.raises(gidx.FormatError, match="truncated gzip"):
        gidx.read_bed(gzip.compress(BED)[:cut])


def test_a_damaged_byte_raises():
    data = bytearray(gzip.compress(BED))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(gidx.FormatError, match="gzip"):
        gidx.read_bed(bytes(data))
    data = bytearray(gzip.compress(BED))
    data[-6] ^= 0xFF  # the checksum
    with pytest.raises(gidx.FormatError, match="incorrect data check"):
        gidx.read_bed(bytes(data))


@pytest.mark.filterwarnings("error")
def test_zeros_may_pad_members_and_the_end():
    data = gzip.compress(BED[:9]) + b"\0" * 512 + gzip.compress(BED[9:]) + b"\0" * 70_000
    assert gidx.open(data).to_table() == gidx.open(BED).to_table()


def test_what_else_follows_is_ignored_with_one_warning():
    with pytest.warns(gidx.GidxWarning, match="not gzip") as warned:
        assert len(gidx.read_bed(gzip.compress(BED) + b"junk")) == 900
    assert len(warned) == 1


def test_a_broken_row_is_told_by_its_line():
    text = BED + b"chr10\tx\t9\tn\n"
    for data in (text, gzip.compress(text)):
        with pytest.raises(gidx.FormatError, match="line 901: field 2 is 'x'"):
            gidx.read_bed(data)


def test_an_empty_file_has_no_rows():
    assert len(gidx.read_bed(gzip.compress(b""))) == 0


class Pipe(io.RawIOBase):
    """Bytes that come once."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, into):
        return self.data.readinto(into)


def test_a_stream_that_cannot_seek_is_read_whole(files):
    for file in files:
        ds = gidx.open(Pipe(file.read_bytes()))
        assert ds.to_table() == gidx.open(files[0]).to_table()
        assert ds.to_table().num_rows == len(ds)


@pytest.mark.skipif(sys.platform == "win32", reason="has no /dev/stdin")
def test_a_pipe_has_a_path(tmp_path):
    code = "import gidx, sys; ds = gidx.open('/dev/stdin'); print(len(ds), ds.path)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], input=gzip.compress(BED), capture_output=True, check=True
    )
    assert done.stdout.split() == [b"900", b"/dev/stdin"]


# ── the first rows ──────────────────────────────────────────────────────────────────────────────


class Recording(MemorySource):
    """Counts the bytes that are read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, offset: int, size: int) -> memoryview:
        self.count += size
        return super().read(offset, size)


def many(rows: int) -> bytes:
    r = random.Random(1)
    return b"".join(b"chr%d\t%d\t%d\tn%d\n" % (c, i, i + 5, r.randrange(10**12))
                    for c in range(1, 9) for i in range(rows))  # fmt: skip


@pytest.mark.parametrize("how", ["plain", "gzip", "BGZF"])
def test_the_first_rows_are_read_without_the_others(how):
    text = many(40_000)
    data = {"plain": bytes, "gzip": gzip.compress, "BGZF": tabix_files.bgzip}[how](text)
    source = Recording(data)
    dataset = gidx.open(source)
    assert dataset.head(5)["name"].to_pylist() == [
        w.split()[3].decode() for w in text.split(b"\n")[:5]
    ]
    assert source.count < 2**20 < len(data)


@given(
    st.integers(0, 1300), st.sampled_from(list(TEXTS)), st.sampled_from(["plain", "gzip", "BGZF"])
)
def test_any_number_of_first_rows_are_those_of_the_whole(n, kind, how):
    text = TEXTS[kind]
    if kind == "bed":  # several groups
        text = many(1000)
    pack = {"plain": bytes, "gzip": zipped, "BGZF": lambda t: tabix_files.bgzip(t, 1000)}[how]
    dataset = gidx.open(pack(text))
    whole = dataset.to_table()
    head = dataset.head(n)
    assert head.to_pylist() == whole.slice(0, n).to_pylist()
    assert head.schema == whole.schema
