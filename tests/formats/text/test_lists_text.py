"""Nested columns as plain texts, which pandas can group, sort, count and compare."""

from __future__ import annotations

import json

import pytest

import gidx

VCF = (
    b"##fileformat=VCFv4.3\n"
    b'##INFO=<ID=AF,Number=A,Type=Float,Description="f">\n'
    b'##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    b'##FORMAT=<ID=AD,Number=R,Type=Integer,Description="d">\n'
    b'##FILTER=<ID=q10,Description="q">\n'
    b'##FILTER=<ID=s50,Description="s">\n'
    b"##contig=<ID=1>\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n"
    b"1\t5\t.\tA\tG,T\t.\tq10;s50\tAF=0.5,.;X=y;Z\tGT:AD\t0|1:1,2,3\t./.:.\n"
    b"1\t5\t.\tA\tG,T\t.\tq10;s50\tAF=0.5,.;X=y;Z\tGT:AD\t0|1:1,2,3\t./.:.\n"
    b"1\t9\t.\tA\t.\t.\tPASS\t.\tGT\t0/0\t1\n"
)


@pytest.mark.parametrize("dtype_backend", ["pyarrow", "numpy_nullable", None])
def test_pandas_can_work_with_lists_as_text(dtype_backend):
    frame = gidx.read_vcf(VCF, lists="text", dtype_backend=dtype_backend)
    assert frame["alt"].fillna("").tolist() == ["G,T", "G,T", ""]
    assert frame["filter"].tolist() == ["q10;s50", "q10;s50", "PASS"]
    assert frame["INFO/AF"][0] == "0.5,."
    assert frame["INFO"][0] == "X=y;Z"
    assert frame["FORMAT/GT"].tolist() == ["0|1,./.", "0|1,./.", "0/0,1"]
    assert frame["FORMAT/AD"][0] == "1,2,3;."
    assert len(frame.drop_duplicates()) == 2
    assert frame.nunique()["alt"] == 1
    assert frame["filter"].value_counts()["PASS"] == 1
    assert frame.groupby("filter").size().tolist() == [1, 2]
    assert frame.sort_values("filter")["start"].tolist() == [8, 4, 4]


def test_alleles_are_written_as_vcf_does():
    frame = gidx.read_vcf(VCF, lists="text", gt="alleles")
    assert frame["FORMAT/GT"][0].split(",") == ["0|1", "./."]


def test_every_reader_has_lists_as_text(tmp_path):
    gff = b"##gff-version 3\n1\t.\tgene\t5\t9\t.\t+\t.\tID=a;Parent=x,y\n"
    assert gidx.read_gff(gff, lists="text")["Parent"].tolist() == ["x,y"]
    bed = b"c\t1\t90\tn\t5\t+\t1\t90\t0\t2\t5,6,\t0,83,\n"
    frame = gidx.read_bed(bed, lists="text")
    assert frame["blockSizes"].tolist() == ["5,6"]
    gidx.write_bigbed(gidx.read_bed(bed), tmp_path / "x.bb", {"c": 100})
    assert gidx.read_bigbed(tmp_path / "x.bb", lists="text")["blockSizes"].tolist() == ["5,6"]
    assert gidx.read(bed, lists="text")["chromStarts"].tolist() == ["0,83"]
    assert json.dumps(frame.drop(columns="chrom").iloc[0].to_dict(), default=int)


@pytest.mark.parametrize("gt", ["text", "alleles"])
def test_texts_do_not_depend_on_how_rows_are_batched(gt):
    whole = gidx.read_vcf(VCF, lists="text", gt=gt)
    assert gidx.read_vcf(VCF, lists="text", gt=gt, batch_size=1).equals(whole)
    assert gidx.read_vcf(VCF, lists="text", gt=gt, batch_size=2).equals(whole)


def test_lists_are_arrow_or_text():
    with pytest.raises(ValueError, match="lists is 'json', expected one of 'arrow', 'text'"):
        gidx.read_vcf(VCF, lists="json")


GFF3 = (
    b"##gff-version 3\n"
    b"1\ts\tgene\t5\t9\t.\t+\t.\tID=a;Parent=x,y;k=1%3B2\n"
    b"1\ts\tgene\t6\t9\t.\t+\t.\tID=b;Parent=z\n"
)
GTF = (
    b'1\ts\tgene\t5\t9\t.\t+\t.\tgene_id "a"; tag "x"; tag "y"; note "1; 2";\n'
    b'1\ts\tgene\t6\t9\t.\t+\t.\tgene_id "b"; tag "z";\n'
)


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable", None])
@pytest.mark.parametrize(
    ("text", "read", "write"),
    [(GFF3, gidx.read_gff, gidx.write_gff), (GTF, gidx.read_gtf, gidx.write_gtf)],
    ids=["gff3", "gtf"],
)
def test_texts_of_lists_are_written_as_the_lists(text, read, write, backend, tmp_path):
    write(read(text, lists="text", dtype_backend=backend), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == text


def test_texts_that_do_not_tell_the_items_any_more_are_not_written(tmp_path):
    comma = GFF3.replace(b"Parent=z", b"Parent=z%2Cw")
    frame = gidx.read_gff(comma, lists="text")
    with pytest.raises(gidx.WriteError, match="column 'Parent' has the texts of lists"):
        gidx.write_gff(frame, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    gidx.write_gff(frame.drop(columns="Parent"), tmp_path / "a")
    semicolon = gidx.read_gff(GFF3, lists="text", attributes=["ID"])
    with pytest.raises(gidx.WriteError, match="column 'attributes' has the texts of lists"):
        gidx.write_gff(semicolon, tmp_path / "a")
    listed = VCF[: VCF.index(b"1\t5")].replace(b"Number=A,Type=Float", b"Number=.,Type=String")
    listed = listed.replace(b"\tFORMAT\ta\tb", b"") + b"1\t5\t.\tA\tG\t.\t.\tAF=x%2Cy,z\n"
    with pytest.raises(gidx.WriteError, match="column 'INFO/AF' has the texts of lists"):
        gidx.write_vcf(gidx.read_vcf(listed, lists="text"), tmp_path / "a")


NAMED = ["chrom pos end gene", "#chrom pos end gene", "seqname start stop gene", "Chr From To P",
         "chr start end x", "#chrom chromStart chromEnd name"]  # fmt: skip


@pytest.mark.parametrize("line", NAMED)
def test_a_line_of_names_tells_a_tables_columns_with_an_index_and_without(line, tmp_path):
    text = "\t".join(line.split()) + "\nchr1\t9\t12\ta\nchr1\t19\t22\tb\n"
    plain = tmp_path / "x.tsv"
    plain.write_text(text)
    indexed = tmp_path / "x.tsv.gz"
    with gidx.bgzf.open(indexed, "w") as file:
        file.write(text.encode())
    skip = 0 if line.startswith("#") else 1
    gidx.build_index(indexed, chrom=1, start=2, end=3, zero_based=True, skip=skip)
    expected = gidx.open(indexed).to_table()
    assert gidx.open(plain).to_table().to_pylist() == expected.to_pylist()
    assert expected.column_names[3] == line.split()[3]
    for frame in [gidx.read(plain), gidx.read(plain).assign(more="z")]:
        gidx.write_bed(frame, tmp_path / "y.bed")  # one line of names, that is read again
        assert gidx.read(tmp_path / "y.bed").to_dict("list") == frame.to_dict("list")
        assert (tmp_path / "y.bed").read_text().count("\n") == 3


@pytest.mark.parametrize(
    "line", ["a comment of words", "#chr0\t1\t5\told", "chrom\tpos\tend\tstart"]
)
def test_a_line_that_may_be_no_names_is_none(line, tmp_path):
    (tmp_path / "x.bed").write_text(f"#{line.lstrip('#')}\nchr1\t9\t12\ta\n")
    assert gidx.open(tmp_path / "x.bed").columns == ["chrom", "start", "end", "name"]
