"""What people report of other programs in these matters, rebuilt small and tried here.

Damage, hangs, memory, interrupts, locks, terminals, encodings. Above each test stands the
report, by its tracker and number, and what happened there.
"""

import gc
import gzip
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import Bio.bgzf
import pandas as pd
import pytest

import gidx
from gidx.bgzf.block import EOF, deflate_block
from gidx.check import check
from gidx.cli import main
from gidx.errors import FormatError, GidxError, GidxWarning, WriteError

ROWS = 5_000
SIZES = {"chr1": 10**9}


def frame(rows=ROWS, start=0):
    at = range(start, start + 10 * rows, 10)
    return pd.DataFrame({"chrom": "chr1", "start": at, "end": [a + 5 for a in at], "name": "n"})


@pytest.fixture
def bed(tmp_path):
    path = tmp_path / "a.bed.gz"
    gidx.write_bed(frame(), path)
    return path


def handles():
    return len(os.listdir("/proc/self/fd"))


# ── damage ──────────────────────────────────────────────────────────────────────────────────────


# samtools/htslib#1528: "tabix on truncated file returns successfully with exit status 0",
# and leaves an index of what is there.
def test_a_truncated_file_is_not_indexed(bed, tmp_path, capsys):
    cut = tmp_path / "cut.bed.gz"
    cut.write_bytes(bed.read_bytes()[:-2_000])
    assert main(["index", str(cut)]) != 0
    assert "truncated block" in capsys.readouterr().err
    assert not Path(f"{cut}.tbi").exists()


# OpenGene/fastp#717: partial headers, bodies and tails of blocks were the end of the file;
# undersized blocks wrapped around. Files put one behind the other go on.
@pytest.mark.filterwarnings("ignore:.*EOF marker")
def test_a_partial_block_is_no_end_of_a_file(bed):
    data = bed.read_bytes()[: -len(EOF)]
    for cut in (1, 4, 8, 17, 30):
        with pytest.raises(FormatError, match="truncated block"):
            gidx.open(data + deflate_block(b"chr1\t99999999\t100000000\tn\n")[:-cut]).to_table()
    small = EOF[:16] + struct.pack("<H", 10) + EOF[18:]
    with pytest.raises(FormatError, match="damaged block: header says 11 bytes"):
        gidx.open(data + small).to_table()
    last = deflate_block(b"chr1\t99999999\t100000000\tn\n")
    assert gidx.open(data + EOF + last + EOF).to_table().num_rows == ROWS + 1


# samtools/htslib#45: an empty block elsewhere than at the end was taken for the end.
def test_an_empty_block_within_is_no_end(tmp_path):
    parts = [f"chr1\t{i}\t{i + 1}\n".encode() for i in range(4)]
    path = tmp_path / "a.bed.gz"
    path.write_bytes(EOF + EOF.join(map(deflate_block, parts)) + EOF + EOF)
    gidx.build_index(path, preset="bed")
    assert gidx.open(path).to_table()["start"].to_pylist() == [0, 1, 2, 3]
    assert gidx.open(path).count_rows("chr1") == 4


# samtools/samtools#632 ("bambomb"): a BC field of 4 bytes, which says that a block is larger
# than one can be, made readers hang at 99 % CPU.
def test_a_block_that_says_its_size_in_four_bytes_is_an_error():
    text = b"".join(b"chr1\t%d\t%d\n" % (i, i + 1) for i in range(20_000))
    stream = zlib.compress(text, wbits=-15)
    size = 20 + len(stream) + 8
    head = bytes.fromhex("1f8b0804 00000000 00ff 0800 4243 0400") + struct.pack("<I", size - 1)
    bomb = head + stream + struct.pack("<II", zlib.crc32(text), len(text))
    assert gzip.decompress(bomb) == text
    with pytest.raises(FormatError):
        gidx.bgzf.open(deflate_block(b"chr1\t0\t1\n") + bomb + EOF).read()
    with pytest.raises(FormatError):
        gidx.bgzf.blocks(bomb)


# samtools/bcftools#659: should a missing EOF marker be an exit status? Here a warning when
# read, and `check` fails.
def test_without_an_eof_marker_check_fails(bed, tmp_path):
    cut = tmp_path / "cut.bed.gz"
    cut.write_bytes(bed.read_bytes()[: -len(EOF)])
    with pytest.warns(GidxWarning, match="EOF marker"):
        assert gidx.open(cut).to_table().num_rows == ROWS
    assert main(["check", str(cut)]) != 0


# sstadick/gzp#30: with several threads the EOF marker was not written.
def test_the_eof_marker_is_written_with_any_number_of_threads(tmp_path):
    for threads in (1, 8):
        for rows in (0, 1, ROWS):
            gidx.write_bed(frame(rows), tmp_path / "a.bed.gz", threads=threads)
            assert (tmp_path / "a.bed.gz").read_bytes().endswith(EOF)


# arq5x/grabix#17: "grabix hangs on non-bgzipped file". broadinstitute/gatk#4239: of plain
# gzip, block sizes were printed that were none.
def test_plain_gzip_has_no_blocks_and_no_index(tmp_path):
    path = tmp_path / "t.bed.gz"
    path.write_bytes(gzip.compress(b"chr1\t1\t2\n"))
    for use in (gidx.bgzf.blocks, gidx.bgzf.GziIndex.build, gidx.build_index):
        with pytest.raises(GidxError, match="plain gzip"):
            use(path)
    assert gidx.open(path).to_table().num_rows == 1


# deeptools/pyBigWig#111: a bigWig whose total summary says 0 bases was read as empty.
def test_a_bigwig_without_a_summary_has_its_values(tmp_path):
    path = tmp_path / "a.bw"
    rows = pd.DataFrame({"chrom": "chr1", "start": [5, 9], "end": [7, 12], "value": [1.5, 2.5]})
    gidx.write_bigwig(rows, path, SIZES)
    data = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<Q", data, 44)
    data[at : at + 40] = bytes(40)
    opened = gidx.open(bytes(data))
    assert opened.to_table()["value"].to_pylist() == [1.5, 2.5]
    assert opened.values("chr1:6-7").tolist() == [1.5, 1.5]
    assert not check(bytes(data)).ok


# deeptools/pyBigWig#105: a file that a slow network had damaged: "Mismatch in the magic
# number!" of which part was not said.
def test_a_damaged_tree_says_where(tmp_path):
    path = tmp_path / "a.bw"
    rows = pd.DataFrame({"chrom": "chr1", "start": [5], "end": [7], "value": [1.5]})
    gidx.write_bigwig(rows, path, SIZES)
    data = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<Q", data, 24)
    data[at] ^= 0xFF
    with pytest.raises(FormatError, match=f"byte {at}: .*magic"):
        gidx.open(bytes(data)).to_table()


# openobserve/openobserve#6099: "Parquet footer corrupt after node OOMKilled".
# apache/arrow#41317, #41321, apache/parquet-java#2266: damaged ones ended the process.
def test_a_cut_parquet_is_an_error(tmp_path):
    path = tmp_path / "a.parquet"
    gidx.to_parquet(frame(50), path)
    data = path.read_bytes()
    for cut in (1, 4, 8, 500, len(data) - 4, len(data) - 12):
        with pytest.raises(FormatError):
            gidx.open(data[:-cut]).to_table()


# edg1983/GREEN-VARAN#21: an index that takes the header for rows, because it does not say how
# many lines to skip: "Failed to parse TBX_GENERIC".
def test_an_index_skips_a_header_that_no_letter_marks(tmp_path):
    path = tmp_path / "a.bed.gz"
    head = b"chrom\tstart\tend\tname\n"
    path.write_bytes(deflate_block(head + b"chr1\t5\t9\tx\n") + EOF)
    gidx.build_index(path, preset="bed")
    assert gidx.TabixIndex.read(f"{path}.tbi").layout.skip == 1
    assert gidx.open(path).count_rows("chr1") == 1


# bcbio/bcbio-nextgen#566: "browser position in bed file causes tabix to die".
def test_browser_and_track_lines_are_no_rows(tmp_path):
    path = tmp_path / "a.bed.gz"
    text = b"browser position chr1:65510-65625\ntrack name=x\nchr1\t65509\t65625\n"
    path.write_bytes(deflate_block(text) + EOF)
    gidx.build_index(path, preset="bed")
    assert gidx.open(path).count_rows("chr1:65,510-65,625") == 1


# nf-core/sarek#1500, samtools/bcftools#1452, GMOD/tabix-js#17: positions past 2**29, which old
# writers of TBI took, and readers fell over.
def test_positions_past_a_tbis_reach_are_refused_or_go_to_a_csi(tmp_path):
    far = frame(3, start=600_000_000)
    with pytest.raises(WriteError, match="write a CSI"):
        gidx.write_bed(far, tmp_path / "a.bed.gz", index="tbi")
    assert list(tmp_path.iterdir()) == []
    gidx.write_bed(far, tmp_path / "a.bed.gz")
    assert gidx.open(tmp_path / "a.bed.gz").count_rows("chr1:600,000,001-600,000,030") == 3


# ── hangs and interrupts ────────────────────────────────────────────────────────────────────────


WAITING = """
import os, sys, gidx
reading, writing = os.pipe()
print("ready", flush=True)
with os.fdopen(reading, "rb") as file:
    gidx.read_bed(file)
"""


# pysam-developers/pysam#1395: samtools' view and sort "continue forever with empty inputs and
# cannot be interrupted"; ngcrawford/pypgen#12.
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_who_waits_for_an_input_that_never_comes_can_be_interrupted():
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as waiting:
        assert waiting.stdout.readline() == b"ready\n"
        waiting.send_signal(signal.SIGINT)
        _, error = waiting.communicate(timeout=60)
    assert error.splitlines()[-1] == b"KeyboardInterrupt"


def test_an_empty_input_ends_at_once():
    with pytest.raises(GidxError):
        gidx.open(b"")
    assert gidx.read_bed(b"#a comment\n").empty


# ── memory and handles ──────────────────────────────────────────────────────────────────────────


# walaj/VariantBam#10: an ANN of more than 4,096 letters aborted the process.
def test_a_long_annotation_is_read_whole():
    long = "|".join(["A"] * 300_000)
    head = '##fileformat=VCFv4.2\n##INFO=<ID=ANN,Number=.,Type=String,Description="x">\n'
    text = f"{head}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\tANN={long}\n"
    assert gidx.open(text.encode()).to_table()["INFO/ANN"].to_pylist() == [[long]]


# vcftools/vcftools#32: a BED with columns of text where numbers are expected took all memory.
def test_a_bed_that_is_none_is_an_error():
    with pytest.raises(GidxError):
        gidx.open(b"Gene\tChr\tStart\n" + b"SCN5A\tchr3\tp22\n" * 1000).to_table("chr3")


# pysam-developers/pysam#1038: "File handles left open from tabix_index".
# daler/pybedtools#190: "Too many open files" after many queries, each of a new object.
# kr-colab/mkado#45: each file that could not be opened left a descriptor.
@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="no /proc")
def test_no_handle_is_left_open(bed, tmp_path):
    broken = tmp_path / "broken.bb"
    broken.write_bytes(b"\xeb\xf2\x89\x87" + bytes(100))
    gc.collect()  # files of other tests that nobody has any more are closed now, not meanwhile
    before = handles()
    for _ in range(20):
        gidx.build_index(bed, tmp_path / "x.tbi")
        gidx.open(bed).to_table("chr1:1-100")
        with pytest.raises(GidxError):
            gidx.open(broken)
    assert handles() <= before  # of files of other tests some may have gone meanwhile


# deeptools/pyBigWig#34: what was asked of a closed file was a segmentation fault.
def test_a_closed_file_says_so(bed):
    with gidx.open(bed) as opened:
        opened.count_rows("chr1")
    with pytest.raises(ValueError, match="closed"):
        opened.to_table("chr1")


# ── several at once, and what is left behind ────────────────────────────────────────────────────


# bcbio/bcbio-nextgen#2306, samtools/samtools#1903: several processes index one file at the same
# time; one reads what another has half written.
def test_who_indexes_one_file_at_once_leaves_one_whole_index(bed):
    expected = Path(f"{bed}.tbi").read_bytes()
    errors = []

    def work():
        try:
            for _ in range(5):
                gidx.build_index(bed)
                assert gidx.TabixIndex.read(f"{bed}.tbi").names == ("chr1",)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Path(f"{bed}.tbi").read_bytes() == expected
    assert sorted(file.name for file in bed.parent.iterdir()) == ["a.bed.gz", "a.bed.gz.tbi"]


# Knowledge-Graph-Hub/kg-microbe#1036, open-reaction-database/ord-schema#791: a run that was
# stopped left a part of the file under its name, which was read as complete.
def test_a_writer_that_is_stopped_leaves_what_was_there(bed):
    before = {file.name: file.read_bytes() for file in bed.parent.iterdir()}

    def rows():
        yield frame(1_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gidx.write_bed(rows(), bed)
    assert {file.name: file.read_bytes() for file in bed.parent.iterdir()} == before


# samtools/htslib#1622: "Tabix does not return the correct regions" where the column of ends is
# before that of starts: such an index has each row as of one base, and there are many about.
def test_an_index_that_took_rows_for_ones_of_one_base_is_told(tmp_path):
    rows = [(f"{at + 20_000 if at % 3 else at + 1}", f"{at}") for at in range(0, 100_000, 500)]
    path = tmp_path / "a.tsv.gz"
    with gidx.bgzf.open(path, "w") as file:
        file.write("".join(f"{end}\t{start}\tchr1\n" for end, start in rows).encode())
    columns = {"chrom": 3, "start": 2, "zero_based": True}
    gidx.build_index(path, **columns, end=1)
    asked = "chr1:60,001-60,002"
    right = gidx.open(path).to_table(asked)
    assert right.num_rows == 27
    data = bytearray(gzip.decompress(Path(f"{path}.tbi").read_bytes()))
    gidx.build_index(path, **columns)  # rows of one base, and then a word on where they end
    wrong = bytearray(gzip.decompress(Path(f"{path}.tbi").read_bytes()))
    wrong[20:24] = data[20:24]
    Path(f"{path}.tbi").write_bytes(gzip.compress(wrong))
    with pytest.warns(GidxWarning, match=r"tabix before 1\.18 .* gidx check"):
        assert gidx.open(path).to_table(asked).num_rows < 27
    assert not check(path).ok


@pytest.mark.parametrize("breaks", ["\n", ""])
def test_a_table_whose_rows_are_in_one_window_each_is_not_suspected(tmp_path, breaks):
    """Its index looks as that of rows of one base, and is right."""
    path = tmp_path / "a.tsv.gz"
    with gidx.bgzf.open(path, "w") as file:
        file.write(f"200\t100\tchr1\n16500\t16400\tchr1{breaks}".encode())
    gidx.build_index(path, chrom=3, start=2, end=1, zero_based=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gidx.open(path).to_table("chr1:151-152").num_rows == 1
    assert check(path).ok


# ── blocks, indexes and open files ──────────────────────────────────────────────────────────────


# zaeleus/noodles#401: an EOF marker that says 65,537 bytes made a panic. zaeleus/noodles#93,
# nh13/pbgzip#5: data that is no BGZF at all was read for kilobytes before one, or hung.
def test_what_is_no_block_is_told_at_its_first_byte():
    large = bytearray(EOF)
    large[24:28] = (65_537).to_bytes(4, "little")
    for data, said in (
        (bytes(large), "damaged block: its data is 65537 bytes"),
        (deflate_block(b"chr1\t1\t2\n") + bytes(large), "damaged block: its data is 65537 bytes"),
        (b"abcd" * 20_000, "not a BGZF file: begins with 61626364"),
        (bytes.fromhex("1f8ef6caf6ca"), "not a BGZF file: begins with 1f8ef6ca"),
    ):
        with pytest.raises(FormatError, match=said), gidx.bgzf.open(io.BytesIO(data)) as file:
            file.read()


# zaeleus/noodles#336: Biopython fills blocks to 65,536 bytes, which others do not, and reading by
# a GZI said that a checksum was wrong.
def test_blocks_that_are_full_are_found_by_their_indexes(tmp_path):
    path = tmp_path / "a.bed.gz"
    lines = b"".join(b"chr1\t%d\t%d\tname\n" % (i, i + 5) for i in range(10_000))
    with Bio.bgzf.BgzfWriter(path, "wb") as file:
        file.write(lines)
    assert 65_536 in gidx.bgzf.blocks(path).to_pylist()[0].values()
    gzi = gidx.bgzf.GziIndex.build(path)
    with gidx.bgzf.open(path) as file:
        for at in (0, 65_535, 65_536, 65_537, 131_071, 131_072, len(lines) - 3):
            file.seek(gzi.virtual_offset(at))
            assert file.read(3) == lines[at : at + 3]
    gidx.build_index(path)
    assert gidx.open(path).count_rows(("chr1", 5_000, 5_001)) == 5


# samtools/bcftools#1154, #925: "could not load index" was all that was said of one that was
# empty, or cut while it was copied.
@pytest.mark.parametrize("size", [0, 10, 60, -30])
def test_an_index_that_was_not_copied_whole_is_told(bed, size):
    index = Path(f"{bed}.tbi")
    index.write_bytes(index.read_bytes()[:size])
    with pytest.raises(FormatError, match=rf"{index.name}.*(truncated|magic is missing)"):
        gidx.open(bed)


# samtools/htslib#1732, samtools/bcftools#2081: an index that was written with its file was older.
def test_an_index_is_never_older_than_the_file_that_it_was_written_with(tmp_path):
    path = tmp_path / "a.bed.gz"
    for n in range(1, 9):
        gidx.write_bed(frame(n), path)
        assert Path(f"{path}.tbi").stat().st_mtime_ns >= path.stat().st_mtime_ns


# pysam-developers/pysam#66: a second iterator over a file took the first's place.
# brentp/cyvcf2#75: the next row of a closed file was a segmentation fault.
def test_scans_of_one_file_have_their_own_places(bed):
    with gidx.open(bed) as dataset:
        one = dataset.to_batches(batch_size=100)
        first = next(one)
        other = dataset.to_batches(("chr1", 20_000, 20_100), batch_size=3)
        assert next(other)["start"].to_pylist() == [20_000, 20_010, 20_020]
        assert first.num_rows + sum(batch.num_rows for batch in one) == ROWS
        left = dataset.scan(batch_size=10)
        left.read_next_batch()
    assert left.read_all().num_rows == ROWS - 10  # of a group that was read before
    with pytest.raises(ValueError, match="read after it was closed"):
        dataset.count_rows()


# pysam-developers/pysam#397: processes that were forked shared one place in the file, and what
# they read were damaged blocks.
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_processes_read_one_open_file(bed):
    code = (
        "import multiprocessing, sys, gidx\n"
        "ds = gidx.open(sys.argv[1])\n"
        "def ask(at): return ds.count_rows(('chr1', at, at + 100))\n"
        "before = ds.count_rows()\n"
        "with multiprocessing.get_context('fork').Pool(3) as pool:\n"
        "    found = pool.map(ask, range(0, 50_000, 500), 1)\n"
        "assert found == [ask(at) for at in range(0, 50_000, 500)]\n"
        "print(before, sum(found))\n"
    )
    command = [sys.executable, "-c", code, bed]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == [str(ROWS), "1000"]


# pysam-developers/pysam#259: a VCF without rows could not be opened by its index.
# pysam-developers/pysam#1120: one that was open as text was an OverflowError.
def test_a_vcf_without_rows_and_one_that_is_open(tmp_path):
    head = b"##fileformat=VCFv4.3\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    gidx.write_vcf(gidx.open(head), tmp_path / "a.vcf.gz")
    dataset = gidx.open(tmp_path / "a.vcf.gz")
    assert (dataset.count_rows(), dataset.count_rows("1")) == (0, 0)
    (tmp_path / "b.vcf").write_bytes(head + b"1\t5\t.\tA\tC\t.\t.\t.\n")
    with open(tmp_path / "b.vcf", "rb") as file:
        assert gidx.open(file).count_rows() == 1
    with open(tmp_path / "b.vcf") as text, pytest.raises(TypeError, match="open it with mode 'rb'"):
        gidx.open(text)


# ── encodings and terminals ─────────────────────────────────────────────────────────────────────


# jamescasbon/PyVCF#201, #268, SouthGreenPlatform/VcfHunter#5, bihealth/vcfpy#179,
# everestial/VCF-Simplify#4: letters beyond ASCII, or of Latin-1, in the header or in INFO.
@pytest.mark.parametrize("code", ["utf-8", "latin-1"])
def test_letters_of_a_vcf_may_be_of_any_encoding(code):
    text = (
        '##fileformat=VCFv4.2\n##source=Müller\n##INFO=<ID=G,Number=1,Type=String,Description="ü">'
        "\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\tG=Ménière\n"
    ).encode(code)
    told = gidx.open(text, encoding=code)
    assert "source=Müller" in told.header
    assert told.to_table()["INFO/G"].to_pylist() == ["Ménière"]
    untold = gidx.open(text)  # a header is not what rows depend on
    assert untold.count_rows() == 1
    if code == "latin-1":
        with pytest.warns(GidxWarning, match="encoding="):
            untold.to_table(columns=["INFO/G"])


# jamescasbon/PyVCF#213, #164, kevlar-dev/kevlar#381, etal/cnvkit#159, zaeleus/noodles#346, #80,
# pysam-developers/pysam#593, NVIDIA/VariantWorks#93: declarations with more keys, with quotes
# within, of keys nobody knows, or that values do not fit; what does not fit stays as text.
@pytest.mark.parametrize(("declared", "info", "found", "text"), [
    ('VDB,Number=1,Type=Float,Description="x (better)",Version="3"', "VDB=0.5", 0.5, None),
    ('IK,Number=1,Type=Integer,Description="of "interesting" k-mers"', "IK=3", 3, None),
    ('bwa_x,Number=2,Type=String,Description="x"', "bwa_x=a,b", ["a", "b"], None),
    ('GC,Number=G,Type=Integer,Description="x"', "GC=1,2,3,4,5,6", [1, 2, 3, 4, 5, 6], None),
    ('RAW,Number=1,Type=Float,Description="x"', "RAW=0.00|1634.00", None, "0.00|1634.00"),
    ('SVLEN,Number=1,Type=Integer,Description="x"', "SVLEN=1,-20", None, "1,-20"),
    ('EFF,Number=.,Type=String,Description="x"', "EFF", None, None),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::gidx.ValueWarning")
def test_declarations_of_any_shape_are_read_and_values_stay(declared, info, found, text):
    head = (
        f"##fileformat=VCFv4.2\n##INFO=<ID={declared}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\t"
    )
    file = f"{head}INFO\n1\t5\t.\tA\tC,G\t.\t.\t{info}\n".encode()
    key = declared.split(",")[0]
    (row,) = gidx.open(file).to_table(columns=[f"INFO/{key}", "INFO"]).to_pylist()
    assert row[f"INFO/{key}"] == found
    assert (row["INFO"] or []) == ([] if found is not None else [(key, text)])


# daler/gffutils#212, zaeleus/noodles#299, #169, IGDRion/ANNEXA#45, hartleys/QoRTs#12: `;` within
# quotes, none at the end. lawremi/rtracklayer#54: of a key's values the last alone.
# mhammell-laboratory/TEtranscripts#23: no `;` between two. thackl/gggenomes#67: `#` in a value.
@pytest.mark.parametrize(("attributes", "found"), [
    ('gene_id "B"; db_xref "a"; db_xref "b"; note "F; PubMedId: 2, 3; f : x"; ',
     {"gene_id": "B", "db_xref": ["a", "b"], "note": "F; PubMedId: 2, 3; f : x"}),
    (' gene_id "A"; gene_name "a;b"', {"gene_id": "A", "gene_name": "a;b"}),
    ('gene_id "R1"; transcript_id "R2" family_id "R3"; class_id "LTR";',
     {"gene_id": "R1", "transcript_id": "R2", "family_id": "R3", "class_id": "LTR"}),
    ('gene_id "g#1"; note "x # y";', {"gene_id": "g#1", "note": "x # y"}),
    ("ID=a;product=x # y#z;", {"ID": "a", "product": "x # y#z"}),
])  # fmt: skip
def test_attributes_of_gtf_and_gff3_are_parted_where_they_are(attributes, found):
    file = f"c\tR\tCDS\t410\t1747\t.\t+\t0\t{attributes}\n".encode()
    table = gidx.open_gff(file).to_table()
    assert table.select(list(found)).to_pylist() == [found]
    assert table.schema.names[8:] == [*found, "attributes"]


# samtools/htslib#793: bgzip with several threads wrote a GZI without entries.
def test_a_gzi_without_entries_leads_nowhere_wrong(tmp_path):
    data = os.urandom(100_000).hex().encode()
    with gidx.bgzf.open(tmp_path / "a.gz", "w") as file:
        file.write(data)
    (tmp_path / "a.gz.gzi").write_bytes(bytes(8))
    with gidx.bgzf.open(tmp_path / "a.gz") as file:
        file.seek_uncompressed(150_000)
        assert file.read(5) == data[150_000:150_005]


# martinus/oans#202, Canop/broot#1188, ggml-org/llama.cpp#28969: names from a file set a
# terminal's title, or write to its clipboard.
def test_an_error_shows_what_a_name_would_do_to_a_terminal(tmp_path):
    clip = "\x1b]52;c;aGk=\x07"
    with pytest.raises(GidxError) as caught:
        gidx.open(f"chr1\t1\t2\n{clip}\tx\t2\n".encode()).to_table()
    assert "\x1b" not in str(caught.value)
    assert r"\x1b]52" in str(caught.value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (tmp_path / f"a{clip}.bed").write_bytes(b"chr1\tx\t2\n")
    with pytest.raises(GidxError) as caught:
        gidx.open(tmp_path / f"a{clip}.bed").to_table()
    assert "\x1b" not in str(caught.value)
