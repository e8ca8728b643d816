"""VCF headers: what lines declare, what comes back as text, and what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx.formats.vcf.header import Header, KeyLine, Meta, format_attributes, parse_attributes

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
SPEC = r"""##fileformat=VCFv4.5
##fileDate=20090805
##reference=file:///seq/references/1000GenomesPilot-NCBI36.fasta
##contig=<ID=20,length=62435964,assembly=B36,md5=f126cdf8a6e0c7f379d618ff66beb2da,taxonomy=x>
##contig=<ID=HLA-A*01:01,assembly=B36,length=3503>
##contig=<ID=unplaced>
##phasing=partial
##INFO=<ID=NS,Number=1,Type=Integer,Description="Number of Samples With Data">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele Frequency, \"A\" and \\ more",Source="x, y">
##INFO=<ID=DB,Number=0,Type=Flag,Description="dbSNP membership, build 129">
##FILTER=<ID=q10,Description="Quality below 10">
##ALT=<ID=DEL,Description="Deletion">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##META=<ID=Tissue,Type=String,Number=.,Values=[Blood, Breast, Colon, Lung, ?]>
##SAMPLE=<ID=NA1,Assay=WholeGenome,Description="Patient germline genome">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	NA1	NA2
"""


def head(*lines, columns=COLUMNS):
    return Header.parse("".join(f"{line}\n" for line in ("##fileformat=VCFv4.3", *lines, columns)))


# ── what it declares ────────────────────────────────────────────────────────────────────────────


def test_a_header_like_the_specifications_own():
    header = Header.parse(SPEC)
    assert header.version == (4, 5)
    assert header.contigs == {"20": 62435964, "HLA-A*01:01": 3503, "unplaced": None}
    assert list(header.info) == ["NS", "AF", "DB"]
    assert header.info["AF"] == KeyLine(
        "AF", "A", "Float", 'Allele Frequency, "A" and \\ more', (("Source", "x, y"),)
    )
    assert header.filters == {"q10": "Quality below 10"}
    assert header.alts == {"DEL": "Deletion"}
    assert list(header.format) == ["GT"]
    assert header.samples == ("NA1", "NA2")
    assert header.faults == ()
    meta = {line.key: line for line in header.lines}
    assert meta["META"].attributes["Values"] == "[Blood, Breast, Colon, Lung, ?]"
    assert meta["phasing"].value == "partial"
    assert not meta["phasing"].structured


def test_a_header_comes_back_as_it_was_written():
    assert str(Header.parse(SPEC)) == SPEC
    assert str(Header.parse(SPEC.replace("\n", "\r\n"))) == SPEC


def test_a_header_can_be_built_from_nothing():
    header = Header.build(
        info=[KeyLine("AF", "A", "Float", 'about "AF"', (("Source", "me"),))],
        format=[KeyLine("GT", "1", "String", "Genotype")],
        filters={"PASS": "All filters passed"},
        alts={"DEL": "Deletion"},
        contigs={"chr1": 100, "chr2": None},
        samples=["a", "b"],
        others=[Meta("source", "gidx")],
    )
    assert str(header) == (
        "##fileformat=VCFv4.3\n##source=gidx\n"
        '##FILTER=<ID=PASS,Description="All filters passed">\n'
        '##ALT=<ID=DEL,Description="Deletion">\n'
        "##contig=<ID=chr1,length=100>\n##contig=<ID=chr2>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="about \\"AF\\"",Source="me">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        f"{COLUMNS}\tFORMAT\ta\tb\n"
    )
    again = Header.parse(str(header))
    assert again == header
    assert again.faults == ()
    assert again.info["AF"].others == (("Source", "me"),)


def test_other_samples_make_another_columns_line():
    header = Header.parse(SPEC).with_samples(["NA2"])
    assert str(header).endswith("FORMAT\tNA2\n")
    assert str(Header.build().with_samples([])).endswith("INFO\n")
    none = Header.parse(SPEC).with_samples([])  # whose rows are written without FORMAT
    assert str(none).endswith("QUAL\tFILTER\tINFO\n")
    bare = Header.parse(SPEC.replace("FORMAT\tNA1\tNA2", "FORMAT"))
    assert str(bare.with_samples([])).endswith("INFO\tFORMAT\n")


# ── attributes ──────────────────────────────────────────────────────────────────────────────────

words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5)
texts = st.text(st.sampled_from('ab "\\,=<>[]é#'), max_size=8)


@given(st.dictionaries(words, texts, max_size=5))
def test_attributes_come_back_from_their_text(attributes):
    assert parse_attributes(format_attributes(attributes)) == attributes


@given(st.dictionaries(words, texts, min_size=1, max_size=4), words)
def test_a_structured_line_comes_back_in_a_header(attributes, key):
    line = Meta.of(key, attributes)
    header = Header((Meta("fileformat", "VCFv4.3"), line))
    assert Header.parse(str(header)).lines == header.lines


@given(st.text(st.sampled_from('<>=,"\\[] #\tabID'), max_size=30))
def test_any_text_is_parsed_without_an_error(text):
    parse_attributes(text)
    header = Header.parse(f"##INFO={text}\n##contig=<{text}\n##{text}\n{text}\n")
    assert isinstance(header.faults, tuple)
    assert Header.parse(str(header)).lines == header.lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<ID=x>", {"ID": "x"}),
        ("<ID=x", {"ID": "x"}),
        ("<>", {}),
        ("<ID=x,Flag>", {"ID": "x", "Flag": ""}),
        ("<ID=x, Number=1>", {"ID": "x", "Number": "1"}),
        ('<ID=x,Description="a>b, c=d">', {"ID": "x", "Description": "a>b, c=d"}),
        ('<ID=x,Description="no end>', {"ID": "x", "Description": "no end"}),
        (r'<ID=x,Description="C:\dir\"y\"\\">', {"ID": "x", "Description": 'C:\\dir"y"\\'}),
        ('<ID=x,Description="a "b" c">', {"ID": "x", "Description": 'a "b" c'}),
        ("<ID=a>b,Length=<5>", {"ID": "a>b", "Length": "<5"}),
        ("<ID=x,ID=y>", {"ID": "x"}),
        ("<ID=x,Values=[a, b]>", {"ID": "x", "Values": "[a, b]"}),
        ("<ID=x,Values=[a,b>", {"ID": "x", "Values": "[a", "b": ""}),
    ],
)
def test_attributes_of_odd_texts(text, expected):
    assert parse_attributes(text) == expected


# ── what is wrong with it ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "fault", "number", "kind"),
    [
        ('<ID=X,Type=Integer>', "declares INFO X with no Number; read as Number=.", ".", "Integer"),
        ('<ID=X,Number=1>', "declares INFO X with no Type; read as String", "1", "String"),
        ('<ID=X,Number=x,Type=Float>', "declares INFO X with Number=x; read as Number=.", ".",
         "Float"),
        ('<ID=X,Number=-1,Type=Float>', "declares INFO X with Number=-1; read as Number=.", ".",
         "Float"),
        ('<ID=X,Number=1,Type=Sting>', "declares INFO X with Type=Sting; read as String", "1",
         "String"),
        ('<ID=X,Number=2000000000,Type=Float>',
         "declares INFO X with Number=2000000000, more than 1024; read as Number=.", ".", "Float"),
        ('<ID=X,Number=1,Type=Flag>', "declares INFO X with Number=1, Type=Flag; read as a flag",
         "0", "Flag"),
        ('<ID=X,Number=0,Type=Integer>',
         "declares INFO X with Number=0, Type=Integer; read as a flag", "0", "Flag"),
    ],
)  # fmt: skip
def test_wrong_declarations_are_mended_and_told(line, fault, number, kind):
    header = head(f"##INFO={line}")
    assert header.faults == (fault,)
    assert (header.info["X"].number, header.info["X"].type) == (number, kind)
    assert f"##INFO={line}\n" in str(header)


def test_format_has_no_flags_and_gt_is_one_string():
    header = head('##FORMAT=<ID=X,Number=0,Type=Flag,Description="">',
                  '##FORMAT=<ID=GT,Number=.,Type=Integer,Description="">')  # fmt: skip
    assert header.format["X"] == KeyLine("X", "1", "String")
    assert header.format["GT"] == KeyLine("GT", "1", "String")
    assert header.faults == (
        "declares FORMAT X as a flag, which FORMAT does not have; read as a String",
        "declares FORMAT GT with Number=., Type=Integer; read as Number=1, Type=String",
    )


def test_of_two_declarations_the_first_counts():
    one, two = (f'##INFO=<ID=X,Number={n},Type=Integer,Description="">' for n in (1, 2))
    header = head(one, two, "##contig=<ID=a,length=1>", "##contig=<ID=a,length=2>")
    assert header.info["X"].number == "1"
    assert header.contigs == {"a": 1}
    assert header.faults == (
        "declares INFO X more than once; the first one is used",
        "declares contig a more than once; the first one is used",
    )


def test_a_declaration_without_an_id_declares_nothing():
    header = head("##INFO=<Number=1>", "##INFO=DP,1,Integer", "##contig=chr1")
    assert header.info == {}
    assert header.faults == (
        "2 INFO lines have no ID and declare nothing",
        "1 contig lines have no ID and declare nothing",
    )


def test_the_length_of_a_contig_is_a_number():
    header = head("##contig=<ID=a,length=1e6>")
    assert header.contigs == {"a": None}
    assert header.faults == ("says that contig a has the length '1e6', which is no number",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no ##fileformat line"),
        ("##fileformat=VCFv3.3\n", "says fileformat 'VCFv3.3', expected VCFv4.0 to VCFv4.5"),
        ("##fileformat=VCFv4.3\n##fileformat=VCFv4.2\n",
         "has several ##fileformat lines; the first counts"),
        ("##fileformat=VCFv4.3\n##fileformat\n", "a line is not ##key=value: '##fileformat'"),
        ("\ufeff##fileformat=VCFv4.3\n", "begins with a byte order mark"),
        ("##fileformat=VCFv4.3\n# made by hand\n",
         "a line begins with neither ## nor #CHROM: '# made by hand'"),
    ],
)  # fmt: skip
def test_wrong_lines_are_told(text, fault):
    assert Header.parse(text + COLUMNS + "\n").faults[0] == fault


def test_a_doubled_columns_line_is_told():
    text = "##fileformat=VCFv4.3\n" + COLUMNS + "\tFORMAT\ta\n"
    assert Header.parse(text + COLUMNS + "\tFORMAT\ta\n").faults == ("its #CHROM line is doubled",)
    other = Header.parse(text + COLUMNS + "\tFORMAT\tb\n")
    assert other.samples == ("a",)
    assert other.faults == ("has two #CHROM lines; the first one is used",)


def test_doubled_samples_get_a_number():
    header = head(columns=COLUMNS + "\tFORMAT\ta\tb\ta\ta_2\ta")
    assert header.samples == ("a", "b", "a_3", "a_2", "a_4")
    assert header.faults == ("names the samples a more than once; a number is added",)


def test_a_columns_line_of_blanks_is_read_too():
    header = head(columns=COLUMNS.replace("\t", " ") + " FORMAT a")
    assert header.samples == ("a",)
    assert header.faults == ("its #CHROM line is split by blanks, expected tabs",)


def test_a_columns_line_that_names_others_is_told():
    header = head(columns="#CHROM\tPOS\tREF")
    assert header.faults == (
        "its #CHROM line is '#CHROM POS REF', expected #CHROM POS ID REF ALT QUAL FILTER INFO",
    )
    assert str(header).endswith(COLUMNS + "\n")


# ── size ────────────────────────────────────────────────────────────────────────────────────────


def test_a_header_of_100_000_contigs_is_parsed():
    lines = "".join(f"##contig=<ID=contig_{i},length={i + 1}>\n" for i in range(100_000))
    header = Header.parse("##fileformat=VCFv4.2\n" + lines + COLUMNS + "\n")
    assert len(header.contigs) == 100_000
    assert header.contigs is header.contigs
