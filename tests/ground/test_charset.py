"""Text in other encodings than UTF-8: read as it is meant, written as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import bigbed_bytes

import gidx
from gidx.errors import FormatError, ValueTypeError, ValueWarning, WriteError

VCF = (
    "##fileformat=VCFv4.3\n"
    '##INFO=<ID=D,Number=1,Type=String,Description="où">\n'
    '##FORMAT=<ID=N,Number=1,Type=String,Description="n">\n'
    "##contig=<ID=1>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tAnaïs\n"
    "1\t5\trés\tA\tG\t.\tqué\tD=café;X=é\tN\tü\n"
    "1\t6\ta\tA\tG\t.\tPASS\tD=b\tN\tc\n"
)
GFF = "##gff-version 3\n1\té\tgene\t5\t9\t.\t+\t.\tID=ü;Parent=é,è\n"
BED = "chré\t1\t9\tété\nchrü\t5\t9\tx\n"
TABLE = "#chrom\tstart\tend\tnom\tâge\n1\t5\t9\té\t7\n"


@pytest.mark.parametrize("name", ["x{}", "x{}.gz"])
@pytest.mark.parametrize(
    ("text", "suffix", "read", "write"),
    [
        (VCF, ".vcf", gidx.read_vcf, gidx.write_vcf),
        (GFF, ".gff3", gidx.read_gff, gidx.write_gff),
        (BED, ".bed", gidx.read_bed, gidx.write_bed),
        (TABLE, ".tsv", gidx.read_tabix, gidx.write_tabix),
    ],
)
def test_bytes_come_back_as_they_were(tmp_path, name, text, suffix, read, write):
    data = text.encode("latin-1")
    frame = read(data, encoding="latin-1")
    assert frame.equals(read(text.encode()))
    path = tmp_path / name.format(suffix)
    write(frame, path, encoding="latin-1")
    found = gidx.bgzf.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    assert found == data
    if path.suffix == ".gz":
        chrom = frame["chrom"].iloc[0]
        asked = read(path, f"{chrom}:5-8", encoding="latin-1")
        assert len(asked)
        assert asked.equals(frame.iloc[: len(asked)].assign(chrom=asked["chrom"]))


NAMES = st.lists(st.text("aé€œß .,", min_size=1), min_size=1, max_size=20)
BED4 = 'table a "été" (string chrom; "" uint start; "" uint end; "" string name; "é")'
PLACES = st.integers(0, 2**32 - 2)


@given(NAMES, st.data(), st.sampled_from(["<", ">"]), st.booleans())
def test_a_bigbeds_texts_are_in_its_encoding_whatever_bytes_its_numbers_are(
    names, data, order, compressed
):
    encoding = data.draw(st.sampled_from(["latin-1", "cp1252", "utf-8"]))
    names = [n.encode(encoding, "ignore").decode(encoding) or "a" for n in names]
    starts = sorted(data.draw(st.lists(PLACES, min_size=len(names), max_size=len(names))))
    rows = [
        ("chr1", s, s + 1, name.encode(encoding)) for s, name in zip(starts, names, strict=True)
    ]
    file = bigbed_bytes.build(
        rows, {"chr1": 2**32 - 1}, order=order, compressed=compressed, indexes=[3],
        autosql=BED4.encode(encoding),
    )  # fmt: skip
    dataset = gidx.open(file, encoding=encoding)
    for found in (gidx.read_bigbed(file, encoding=encoding), dataset.as_texts().to_pandas()):
        assert found["start"].tolist() == starts
        assert found["name"].tolist() == names
    some = data.draw(st.sampled_from(starts))
    asked = dataset.to_table(("chr1", some, some + 1), columns=["name"])
    assert asked["name"].to_pylist() == [
        name for start, name in zip(starts, names, strict=True) if start == some
    ]
    assert "été" in dataset.header
    assert dataset.find(names[0])["name"].to_pylist() == names.count(names[0]) * names[:1]


def test_samples_and_descriptions_are_text():
    dataset = gidx.open(VCF.encode("latin-1"), encoding="latin-1")
    assert dataset.samples == ["Anaïs"]
    assert "où" in dataset.header
    assert "où" in dataset.fields["description"].to_pylist()


@given(
    st.lists(st.text("aé€œß .,", min_size=1), min_size=1, max_size=50).map(
        lambda names: [n.strip() or "a" for n in names]
    ),
    st.sampled_from(["cp1252", "iso8859-15", "euc_jis_2004", "utf-8"]),
)
def test_letters_are_those_of_the_codec(names, encoding):
    names = [n.encode(encoding, "ignore").decode(encoding) or "a" for n in names]
    text = "".join(f"c\t{i}\t{i + 9}\t{n}\t{i}\n" for i, n in enumerate(names))
    found = gidx.read_bed(text.encode(encoding), encoding=encoding, schema="bed5")
    assert found["name"].tolist() == names
    assert found["score"].tolist() == list(range(len(names)))


@pytest.mark.parametrize("encoding", ["utf-16", "shift_jis", "gbk", "big5", "cp037", "utf-7"])
def test_encodings_in_which_ascii_is_not_itself_are_refused(encoding):
    with pytest.raises(ValueError, match="iconv"):
        gidx.read_bed(b"c\t1\t5\n", encoding=encoding)


def test_what_is_not_utf8_is_missing_and_the_warning_says_encoding():
    data = BED.replace("chré", "a").replace("chrü", "b").encode("latin-1")
    with pytest.warns(ValueWarning, match=r"column name: 1 value .*encoding='latin-1'"):
        assert gidx.read_bed(data)["name"].isna().tolist() == [True, False]
    with pytest.raises(ValueTypeError, match="encoding="):
        gidx.read_bed(data, errors="raise")
    with pytest.warns(ValueWarning, match="not UTF-8"):
        assert gidx.read_bed(data, encoding="ascii")["name"].isna().sum() == 1


@pytest.mark.parametrize(
    ("errors", "name"),
    [("replace", "�t�"), ("backslashreplace", r"\xe9t\xe9"), ("ignore", "t")],
)
def test_encoding_errors_are_those_of_pandas(errors, name):
    data = BED.replace("chré", "a").replace("chrü", "b").encode("latin-1")
    assert gidx.read_bed(data, encoding_errors=errors)["name"].tolist() == [name, "x"]


def test_letters_that_arrow_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="Arrow cannot hold"):
        gidx.read_bed(b"c\t1\t5\n", encoding_errors="surrogateescape")


def test_chroms_that_an_encoding_makes_one_are_an_error():
    with pytest.raises(FormatError, match="two chroms are 'chr'"):
        gidx.read_bed(BED.encode("latin-1"), encoding_errors="ignore")


def test_letters_that_an_encoding_does_not_have_are_not_written(tmp_path):
    frame = gidx.read_bed("c\t1\t5\ta\nc\t2\t5\tł\n".encode())
    with pytest.raises(WriteError, match="row 1: 'ł', which iso8859-1 does not have"):
        gidx.write_bed(frame, tmp_path / "x.bed", encoding="latin-1")
    assert not list(tmp_path.iterdir())


NAMED = {  # rows on two chroms that are no UTF-8, and headers that give them a length
    "a.bed.gz": b"#caf\xe9\na\xff\t1\t5\na\xfe\t1\t5\n",
    "a.tsv.gz": b"#chrom\tstart\tend\na\xff\t2\t5\na\xfe\t2\t5\n",
    "a.gff3.gz": b"##gff-version 3\n##sequence-region a\xfe 1 70\n##sequence-region a\xff 1 90\n"
    b"a\xff\ts\tgene\t2\t5\t.\t+\t.\tID=x\na\xfe\ts\tgene\t2\t5\t.\t+\t.\tID=y\n",
    "a.vcf.gz": b"##fileformat=VCFv4.2\n##contig=<ID=a\xfe,length=70>\n"
    b"##contig=<ID=a\xff,length=90>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    b"a\xff\t2\t.\tA\tC\t.\t.\t.\na\xfe\t2\t.\tA\tC\t.\t.\t.\n",
    "a.sam.gz": b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:a\xff\tLN:90\n@SQ\tSN:a\xfe\tLN:70\n"
    b"r\t0\ta\xff\t2\t60\t4M\t=\t3\t0\tACGT\tIIII\nr\t0\ta\xfe\t2\t60\t4M\t=\t3\t0\tACGT\tIIII\n",
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.filterwarnings("ignore::gidx.errors.GidxWarning")
def test_chroms_that_are_no_utf8_are_shown_escaped_and_asked_for_as_they_are_shown(tmp_path, name):
    """pysam 954, PyVCF 217, pixy 76: such a file is a UnicodeDecodeError."""
    path, seen = tmp_path / name, [r"a\xff", r"a\xfe"]
    with gidx.bgzf.open(path, "wb") as file:
        file.write(NAMED[name])
    given = {"chrom": 1, "start": 2, "end": 3} if name == "a.tsv.gz" else {}
    gidx.build_index(path, **given)
    ds = gidx.open(path)
    sized = name not in ("a.bed.gz", "a.tsv.gz")
    assert dict(ds.chroms) == (
        dict(zip(seen, (90, 70), strict=True)) if sized else dict.fromkeys(seen)
    )
    assert ds.to_table()["chrom"].to_pylist() == seen
    assert gidx.open(NAMED[name]).to_table()["chrom"].to_pylist() == seen
    for chrom in seen:
        for region in (chrom, f"{chrom}:2-5", (chrom, 1, 5)):
            assert ds.to_table(region)["chrom"].to_pylist() == [chrom]
    assert ds.to_pandas().gidx.query(seen[1])["chrom"].tolist() == seen[1:]
    assert gidx.TabixIndex.read(f"{path}.tbi").stats_table()["chrom"].to_pylist() == seen
