"""Opening: first lines, byte order marks, files of other formats, paths, and what is told."""

from __future__ import annotations

import gzip
import warnings

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import gidx
from gidx.bgzf.compress import compress

BOM = b"\xef\xbb\xbf"
BED = b"c\t1\t5\ta\nc\t20\t25\tb\n"
GFF3 = b"##gff-version 3\n1\ts\tgene\t5\t9\t.\t+\t.\tID=x\n1\ts\tgene\t15\t19\t.\t+\t.\tID=y\n"
GTF = b'1\ts\tgene\t5\t9\t.\t+\t.\tgene_id "x";\n1\ts\tgene\t15\t19\t.\t+\t.\tgene_id "y";\n'
VCF = (
    b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\t.\n"
)
NO_VCF = VCF[: VCF.rindex(b"1\t5")]


@pytest.mark.parametrize("text", [BED, GFF3, GFF3[16:], GTF, VCF], ids=range(5))
def test_a_byte_order_mark_is_skipped(text, tmp_path):
    asked = gidx.open(text).to_table()
    assert gidx.open(BOM + text).to_table() == asked
    assert gidx.open(gzip.compress(BOM + text)).to_table() == asked
    (tmp_path / "a").write_bytes(BOM + text)
    compress(tmp_path / "a", tmp_path / "a.gz")
    assert gidx.open(tmp_path / "a.gz").to_table() == asked
    for kind in ("tbi", "csi"):
        name = gidx.build_index(tmp_path / "a.gz", kind=kind)
        ds = gidx.open(tmp_path / "a.gz", index=name)
        assert ds.to_table() == asked
        chrom = next(iter(ds.chroms))
        assert ds.to_table(f"{chrom}:1-10") == asked.slice(0, 1)
        assert ds.to_table(chrom) == asked


@pytest.mark.parametrize("start", ["1e+05", "1,000", "1000.0", "NA", ".", "nan", "", "0x10", "x"])
@pytest.mark.parametrize("before", [b"", BOM, b"# c\n", b"track name=x\n", b"browser hide all\n"])
def test_a_broken_first_row_is_the_error_that_it_is_later(start, before):
    broken = f"c\t{start}\t9999999\tn\n".encode()
    line = before.count(b"\n") + 1
    for data in (before + broken + BED, gzip.compress(before + broken + BED)):
        with pytest.raises(gidx.FormatError, match=f"line {line}: field 2 is") as error:
            gidx.read_bed(data)
        assert repr(start) in str(error.value)
        with pytest.raises(gidx.FormatError, match=f"line {line}: field 2 is"):
            gidx.open(data).to_table()


@pytest.mark.parametrize("chrom", ["c", "1"])
def test_words_in_a_row_of_a_chrom_are_no_header(chrom):
    rows = f"{chrom}\tx\ty\tz\n{chrom}\t1\t5\ta\n".encode()
    with pytest.raises(gidx.FormatError, match="line 1: field 2 is 'x'"):
        gidx.read_bed(rows)


@pytest.mark.parametrize("names", ["chrom start end name", "Chrom Start End Name", "chr from to id",
                                   '"chrom" "start" "end" "name"'])  # fmt: skip
def test_a_first_line_of_names_is_a_header(names):
    text = names.replace(" ", "\t").encode() + b"\n" + BED
    assert gidx.open(text).count_rows() == 2


def test_a_header_of_names_alone_has_no_rows():
    assert len(gidx.read_bed(b"chrom\tstart\tend\n")) == 0


def test_what_an_index_skips_is_the_header_and_the_next_line_a_row(tmp_path):
    (tmp_path / "a").write_bytes(b"one\ttwo\tthree\tfour\n" + BED)
    compress(tmp_path / "a", tmp_path / "a.gz")
    gidx.build_index(tmp_path / "a.gz", chrom=1, start=2, end=3, zero_based=True, skip=1)
    assert gidx.open(tmp_path / "a.gz").count_rows() == 2
    assert gidx.open(tmp_path / "a.gz").count_rows("c:1-3") == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_two_columns_are_too_few(pack, tmp_path):
    data = pack(b"chr1\t5\nchr1\t9\n")
    (tmp_path / "a").write_bytes(data)
    for ask in (gidx.read_bed, gidx.open, gidx.read_tabix, gidx.read):
        with pytest.raises(gidx.FormatError, match="line 1: 2 fields, expected 3 or more"):
            ask(tmp_path / "a")
    with pytest.raises(gidx.FormatError, match="2 fields, expected 3 or more"):
        gidx.build_index(tmp_path / "a")


FOREIGN = {
    "web page": b"<!DOCTYPE html>\n<html><body>404</body></html>",
    "Parquet": b"PAR1\x15\x04",
    "CRAM": b"CRAM\3\0",
    "BCF": b"BCF\2\2\0\0",
    "BAM": b"BAM\1\0\0",
    "2bit": b"\x43\x27\x41\x1a\0\0",
    "ZIP archive": b"PK\3\4\x14\0",
    "HDF5": b"\x89HDF\r\n\x1a\n",
    "CSV": b"chr1,10,20\nchr1,30,40\n",
    "FASTA": b">chr1\nACGT\n",
    "FASTQ": b"@r1\nACGT\n+\nIIII\n",
    "bzip2": b"BZh91AY",
    "xz": b"\xfd7zXZ\0\0",
    "Zstandard": b"\x28\xb5\x2f\xfd\0",
    "UTF-16": "chr1\t1\t2\n".encode("utf-16"),
    "JSON": b'{"a": 1}\n',
    "TBI": b"TBI\1\0\0",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_formats_are_called_by_their_names(name):
    for data in (FOREIGN[name], gzip.compress(FOREIGN[name])):
        for ask in (gidx.open, gidx.read_bed, gidx.read_vcf, gidx.read_gff, gidx.read_tabix):
            with pytest.raises(gidx.FormatError, match=name):
                ask(data)


def test_a_directory_is_the_error_of_a_directory(tmp_path):
    with pytest.raises(IsADirectoryError):
        gidx.open(tmp_path)


def test_a_file_of_zero_bytes_says_so(tmp_path):
    (tmp_path / "a.bed").write_bytes(b"")
    with pytest.raises(gidx.FormatError, match="empty"):
        gidx.open(tmp_path / "a.bed")
    assert len(gidx.read_bed(tmp_path / "a.bed")) == 0


def test_info_of_a_file_of_a_header_alone_says_no_rows(tmp_path):
    (tmp_path / "a.vcf").write_bytes(NO_VCF)
    compress(tmp_path / "a.vcf", tmp_path / "b.vcf.gz")
    assert gidx.open(tmp_path / "a.vcf").info()["rows"] == 0
    assert gidx.open(gzip.compress(NO_VCF)).info()["rows"] == 0
    assert gidx.open(tmp_path / "b.vcf.gz").info()["rows"] == 0
    gidx.build_index(tmp_path / "b.vcf.gz")
    assert gidx.open(tmp_path / "b.vcf.gz").info()["rows"] == 0
    assert gidx.open(VCF).info()["rows"] is None


def test_the_way_out_of_a_url_is_not_to_index_it_there(tmp_path):
    import fsspec

    compress_to = tmp_path / "a.bed.gz"
    (tmp_path / "a.bed").write_bytes(BED)
    compress(tmp_path / "a.bed", compress_to)
    for name, data in (("b", compress_to.read_bytes()), ("g", gzip.compress(BED)), ("p", BED)):
        with fsspec.open(f"memory://opening/{name}", "wb") as file:
            file.write(data)
        with pytest.raises(gidx.MissingIndexError, match="download") as error:
            gidx.read_bed(f"memory://opening/{name}", "c:1-5")
        assert "index memory" not in str(error.value)
        assert "bgzip memory" not in str(error.value)


def test_read_tabix_of_a_table_without_an_index_advises_what_it_cannot_do_itself():
    with pytest.raises(gidx.FormatError, match="gidx index --places 1,2,3") as error:
        gidx.read_tabix(b"hello\tworld\tfoo\tbar\n")
    assert "read_tabix" not in str(error.value)


def test_a_filter_on_a_column_that_is_not_there_is_one_line_with_a_hint():
    vcf = NO_VCF.replace(b"#CHROM", b'##INFO=<ID=AF,Number=1,Type=Float,Description="">\n#CHROM')
    for ask in (gidx.read_vcf, lambda data, **o: gidx.open(data).to_table(**o)):
        with pytest.raises(gidx.ColumnError, match="did you mean 'INFO/AF'") as error:
            ask(vcf, filter=pc.field("AF") > 0.5)
        assert "\n" not in str(error.value)


def test_a_warning_comes_once(tmp_path):
    (tmp_path / "a.bed").write_bytes(BED)
    compress(tmp_path / "a.bed", tmp_path / "a.bed.gz")
    whole = (tmp_path / "a.bed.gz").read_bytes()
    (tmp_path / "a.bed.gz").write_bytes(whole[:-28])  # without its EOF marker
    for ask in (gidx.read_bed, gidx.build_index, gidx.read_bed):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            ask(tmp_path / "a.bed.gz")
        assert len(warned) == 1, ask


def test_a_tilde_is_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    frame = gidx.read_bed(BED)
    gidx.write_bed(frame, "~/a.bed.gz", index="~/other.tbi", gzi=True)
    assert (tmp_path / "a.bed.gz").exists()
    assert (tmp_path / "a.bed.gz.gzi").exists()
    assert len(gidx.read_bed("~/a.bed.gz", "c:1-5", index="~/other.tbi")) == 1
    assert gidx.build_index("~/a.bed.gz") == str(tmp_path / "a.bed.gz.tbi")
    assert gidx.TabixIndex.read("~/a.bed.gz.tbi").names == gidx.TabixIndex.read("~/other.tbi").names
    (tmp_path / "sizes").write_text("c\t1000\n")
    gidx.write_bigbed(frame, "~/a.bb", "~/sizes")
    assert len(gidx.read_bigbed("~/a.bb")) == 2
    with gidx.bgzf.open("~/b.gz", "w") as file:
        file.write(BED)
    with gidx.bgzf.open("~/b.gz") as file:
        assert file.read() == BED
    gidx.bgzf.GziIndex.build("~/b.gz").write("~/b.gz.gzi")
    gidx.to_parquet("~/a.bb", "~/a.parquet")
    assert (tmp_path / "a.parquet").exists()


def test_a_dataset_is_a_context(tmp_path):
    (tmp_path / "a.bed").write_bytes(BED)
    with gidx.open(tmp_path / "a.bed") as ds:
        assert len(ds) == 2
        assert ds.columns == ["chrom", "start", "end", "name"]
        table = ds.to_table()
    assert table.num_rows == 2
    with pytest.raises(ValueError, match="closed"):
        ds.to_table()
    with pytest.raises(TypeError):
        iter(ds)
    assert ds  # asks for no rows


def test_a_callers_file_stays_open(tmp_path):
    (tmp_path / "a.bed").write_bytes(BED)
    with open(tmp_path / "a.bed", "rb") as file:
        with gidx.open(file) as ds:
            assert len(ds) == 2
        assert not file.closed


@pytest.mark.parametrize("text", [b"", b"# no peak was found\n", b"track name=peaks\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_without_rows_is_what_its_name_says(text, pack, tmp_path):
    for name, kind in {
        "a.bed": "bed", "a.narrowPeak": "bed", "a.bdg": "bed", "a.gff3": "gff3", "a.gtf": "gtf",
    }.items():  # fmt: skip
        path = tmp_path / (name if pack is bytes else f"{name}.gz")
        path.write_bytes(pack(text))
        if path.stat().st_size:  # a file of no bytes at all may be a copy that failed
            dataset = gidx.open(path)
            assert (dataset.format, dataset.count_rows(), len(gidx.read(path))) == (kind, 0, 0)


def test_a_file_without_rows_whose_name_says_nothing_is_an_error(tmp_path):
    for name in ("a.txt", "a.vcf", "bed"):  # a VCF has a header
        (tmp_path / name).write_bytes(b"# nothing\n")
        with pytest.raises(gidx.FormatError, match="it has no rows; say what it is with"):
            gidx.open(tmp_path / name)


@pytest.mark.parametrize("chrom", ["track", "browser", "tracks", "track_1"])
@pytest.mark.parametrize("write", [gidx.write_gff, gidx.write_gtf, gidx.write_vcf])
def test_a_chrom_called_track_is_in_every_format_but_bed(write, chrom, tmp_path):
    rows = pa.table({"chrom": [chrom] * 2, "start": [5, 7], "ref": ["A", "C"], "alt": ["C", "A"]})
    if write is not gidx.write_vcf:
        rows = rows.select(["chrom", "start"]).append_column("end", pa.array([6, 8]))
    for name in ("a.txt", "a.txt.gz"):
        write(rows, tmp_path / name)
        read = gidx.read_vcf if write is gidx.write_vcf else gidx.read_gff
        assert read(tmp_path / name)["start"].tolist() == [5, 7]


@pytest.mark.parametrize("chrom", ["track", "browser", "track name=x"])
def test_in_bed_and_tables_it_would_be_a_header(chrom, tmp_path):
    rows = pa.table({"chrom": [chrom], "start": [5], "end": [6]})
    for write, name in ((gidx.write_bed, "a.bed"), (gidx.write_tabix, "a.tsv.gz")):
        with pytest.raises(gidx.WriteError, match="a line that begins so is a header"):
            write(rows, tmp_path / name)


def test_track_lines_are_no_rows_in_any_format(tmp_path):
    lines = b'track name="a b"\nbrowser position 1:1-9\ntrack\ttype=x\tname=y\tz=1\ttrack=2\t0\n'
    for text in (BED, GFF3[16:], GTF):
        assert gidx.open(lines + text).to_table() == gidx.open(text).to_table()


@pytest.mark.parametrize("names", ["CHROM\tPOS\tEND\tX", "#seqid\tstart\tend\tX"])
def test_a_table_whose_names_count_from_1_is_no_bed_in_silence(tmp_path, names):
    path = tmp_path / "a.tsv"
    path.write_text(f"{names}\nc1\t20\t500\ta\n")
    with pytest.warns(gidx.errors.GidxWarning, match="count from 1 .* read as a BED, from 0"):
        gidx.open(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gidx.open_bed(path, schema="bed4").to_table()["start"].to_pylist() == [20]
        path.write_text("Chromosome\tStart\tEnd\tX\nc1\t20\t500\ta\n")
        gidx.open(path)
