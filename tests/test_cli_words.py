"""What the command line says is in its own words, with the file and the place in it."""

from __future__ import annotations

import json
import os
import re
import warnings

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from tests.support.tabix_files import bgzip

import gidx
from gidx import cli
from gidx.bgzf.compress import compress
from gidx.convert import convert

BED = "chr1\t10\t20\ta\t5\t+\nchr1\t15\t30\tb\t7\t-\nchr2\t0\t9\tc\t0\t.\n"
VCF = """\
##fileformat=VCFv4.2
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2
chr1\t5\t.\tA\tG,T\t.\tPASS\tAF=0.5,.\tGT\t0|1\t1|1
"""
GFF = "##gff-version 3\nchr1\tx\tgene\t5\t9\t.\t+\t.\tID=g;Name=n;tag=a,b\n"
SIZES = {"chr1": 1000, "chr2": 500}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of files that are good, and of some that are wrong."""
    folder = tmp_path_factory.mktemp("words")
    texts = {
        "x.bed": BED, "unsorted.bed": "chr1\t10\t20\nchr1\t5\t30\n", "x.vcf": VCF, "x.gff3": GFF,
        "broken.bed": BED + "chr2\tx\t9\tc\t0\t.\n", "words.txt": "hello\tworld\tfoo\tbar\n",
        "spaces.bed": "a   1   2\na  3  4\n\na x 5\n",
        "table.tsv": "gene\tchrom\tstart\tend\nA\tchr1\t5\t9\n", "sizes": "chr1\t1000\nchr2\t500\n",
        "short": "chr1\t20\nchr2\t5\n",
        "bad.as": "garbage\n",
        "two.tsv": "chrom\tstart\tend\ta\tb\nchr1\t5\t9\t1\t2\nchr1\t9\t10\t1\tnan\n",
        "missing.tsv": "chrom\tstart\tend\tp\nchr1\t5\t9\t1\nchr1\t6\t9\tNA\n",
        "late.bed": "a\t1\t2\tn\tx\t7\n" * 10_001 + "b\t1\t2\tn\tx\t0.5\n",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "latin.bed").write_bytes(BED.encode().replace(b"\ta\t", b"\tcaf\xe9\t"))
    for name in ("unsorted.bed", "table.tsv", "x.bed"):
        (folder / f"{name}.gz").write_bytes(bgzip((folder / name).read_bytes()))
    gidx.write_bigbed(gidx.read_bed(folder / "x.bed"), folder / "x.bb", SIZES)
    flags = VCF.replace("AF,Number=A,Type=Float", "AF,Number=0,Type=Flag")
    (folder / "flags.vcf").write_text(flags)
    convert(folder / "x.vcf", folder / "texts.parquet", lists="text")
    table = pa.table({"chrom": ["chr1"], "start": [1], "end": [2], "name": ["n"], " x": ["y"]})
    pq.write_table(table, folder / "x.parquet")
    (folder / "other.bed.gz").write_bytes((folder / "x.bed.gz").read_bytes())
    (folder / "chrQ.bed.gz").write_bytes(bgzip(b"chrQ\t1\t2\n"))
    os.rename(gidx.build_index(folder / "chrQ.bed.gz"), folder / "other.bed.gz.tbi")
    return folder


@pytest.fixture(autouse=True)
def folder(files, monkeypatch):
    monkeypatch.chdir(files)
    return files


# What is asked, what Python is told, what the command line is told
WORDS = [
    ("index unsorted.bed.gz", "sort=True)", "gidx convert unsorted.bed.gz sorted.bed.gz --sort"),
    ("convert unsorted.bed y.bed.gz", "pass sort=True, or call df.gidx.sort",
     "(row 1); pass --sort"),
    ("convert x.bed y.bb", "chromsizes={", "no chromsizes: pass --chromsizes FILE, or a path"),
    ("query x.bed chr1 chr7", "missing_chroms='ignore'",
     "; --missing-chroms ignore passes over it"),
    ("query latin.bed --format json", "encoding='latin-1'",
     "pass --encoding latin-1 or what it is"),
    ("query latin.bed --format json", "encoding_errors='replace'", "or --encoding-errors replace"),
    ("convert late.bed - --to parquet", "schema= or types={'field7': 'string'}, or read a table",
     "a wider type: pass --schema, or --types field7=string, or write to a file"),
    ("query flags.vcf --format json", "types={", "--types INFO/AF="),
    ("convert texts.parquet y.vcf", "lists='text'", "has the texts of lists (--lists text)"),
    ("convert x.parquet y.bb --bed-type bed4", "bed_type='bed4+'", "pass --bed-type bed4+ for any"),
    ("convert x.parquet y.bed", "header=False", "rename it, or pass --no-header"),
    ("query x.vcf --format vcf --no-header", "header=False", "--no-header is for tables and BED"),
    ("convert missing.tsv y.bb --chromsizes sizes", "df.fillna",
     "for the text that stands there pass --types p=string"),
    ("convert unsorted.bed z.bw --chromsizes sizes", "schema='", "as one with --schema bedGraph"),
    ("convert two.tsv z.bw --chromsizes sizes", "with value=", "are a, b; name it with --value"),
    ("convert two.tsv z.bw --chromsizes sizes --value b", "invalid='", "; --invalid drop leaves"),
    ("convert x.bed z.bb --chromsizes short --clip", "clip=True", "warning: --clip cut "),
    ("index table.tsv.gz", "preset='bed'",
     "say --preset bed (or gff, vcf, sam), or --places 1,2,3"),
    ("index other.bed.gz --kind csi", "kind='tbi'", "remove it, or build that kind: --kind tbi"),
    ("query x.bb --index x.bed", "drop index=", "has its index inside; drop --index"),
    ("convert x.vcf y.bb", "columns=['chrom'", "alone: --columns chrom,start,end,ref"),
    ("query words.txt", "gidx.read_bed", "world\\tfoo\\tbar'; an index says what the columns of"),
    ("query table.tsv --schema bed6", "use gidx.read_bed",
     "--schema bed6 is of BED, which this is not"),
    ("query x.bed --samples a", "option 'samples'", "a bed file has no option --samples"),
    ("query x.bed --samples a", "are schema, types", "there are --schema, --types, --encoding"),
    ("query x.bb --samples a", "there are types, enc", "there are --types, --encoding"),
    ("query x.bed --types score=x", "or pa.float64()", "such as 'int64', 'float64', 'string'\n"),
    ("query x.bed --encoding x", "error: encoding is",
     "--encoding is 'x', which Python does not know"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "python", "said"), WORDS)
def test_the_command_line_speaks_its_own_words(run, monkeypatch, asked, python, said):
    status, _, err = run(*asked.split())
    assert said in err
    assert python not in err
    assert status in (0, 1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(cli, "_OPTIONS", ())
        assert python in run(*asked.split())[2]


def test_every_translation_is_of_a_message_that_is_said(run, monkeypatch):
    monkeypatch.setattr(cli, "_OPTIONS", ())
    said = [run(*asked.split())[2] for asked in dict.fromkeys(asked for asked, *_ in WORDS)]
    monkeypatch.undo()
    unsaid = [p for p, _ in cli._OPTIONS if not any(re.search(p, text) for text in said)]
    assert unsaid == []


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("query broken.bed", "broken.bed, line 4: field 2 is 'x'"),
        ("query spaces.bed", "spaces.bed, line 4: field 2 is 'x'"),
        ("convert broken.bed y.parquet", "broken.bed, line 4: field 2 is 'x'"),
        ("query broken.bed --count", "broken.bed, line 4: field 2 is 'x'"),
        ("check broken.bed", "broken.bed, line 4: field 2 is 'x'"),
        ("query x.bb --regions-file broken.bed", "broken.bed, line 4: field 2 is 'x'"),
        ("convert unsorted.bed y.bed.gz", "unsorted.bed, line 2: rows are not sorted"),
        (
            "convert unsorted.bed.gz y.bed.gz",
            "unsorted.bed.gz, line 2, block at byte 0, 11 into its",
        ),
        ("convert spaces.bed y.bb --chromsizes sizes", "spaces.bed, line 4: field 2 is 'x'"),
        ("convert x.gff3 y.bb --chromsizes spaces.bed", "spaces.bed"),
        ("convert late.bed y.bb --chromsizes sizes", "late.bed, line 1: row 0"),
        ("convert x.bb y.bb --autosql bad.as", "bad.as, line 1: found 'garbage'"),
        ("query x.bed chr7", "x.bed: unknown chrom 'chr7'; known are chr1, chr2"),
        ("query x.bb chr1:9-2", "x.bb: region 'chr1:9-2': start 8 is after end 2"),
        ("query x.vcf --columns AF", "x.vcf: no column 'AF'; did you mean 'INFO/AF'?"),
        ("query x.vcf --columns GT", "x.vcf: no column 'GT'; did you mean 'FORMAT/GT'?"),
        ("convert x.vcf y.tsv --columns POS", "x.vcf: no column 'POS'; did you mean 'start'?"),
        ("search x.bb a --field names", "x.bb: "),
        ("query x.bed --types n=int8", "x.bed: --types: no column 'n'"),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_line(run, asked, place):
    status, _, err = run(*asked.split())
    assert status == 1
    assert f"gidx: {place}" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "asked",
    [
        "query x.bed --schema nope", "query x.bed --types a=nope", "query x.bed --types a",
        "query x.bed --encoding nope", "query x.bed --encoding latin-1 --encoding-errors nope",
        "query x.bed --samples a", "query x.vcf --attributes ID", "query x.gff3 --gt alleles",
        "query x.vcf --gt both", "info x.bed --schema nope", "check x.bed --encoding nope",
        "convert x.bed y.tsv --schema nope", "convert x.bed https://host/y.bed",
        "query x.bed --output s3://host/y.tsv", "bgzip x.bed --level 13",
        "index x.bed.gz --skip -1",
        "index x.bed.gz --meta ab", "index x.bed.gz --preset bed --places 1,2,3",
        "index x.bed.gz --zero-based",
    ],
)  # fmt: skip
def test_values_of_options_that_cannot_be_are_usage_errors(run, asked):
    status, _, err = run(*asked.split())
    assert status == 2
    assert f"gidx {asked.split()[0]}: error: " in err


# ── options of reading ──────────────────────────────────────────────────────────────────────────


def rows(out: bytes) -> list:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("source", ["x.bed", "x.bed.gz", "x.bb", "x.parquet"])
def test_missing_chroms_are_an_error_or_ignored(run, source):
    command = "convert" if source.endswith("parquet") else "query"
    if command == "query":
        asked = ["query", source, "chrY", "chr1", "--columns", "chrom", "--format", "json"]
    else:
        asked = ["convert", source, "-", "--to", "json", "--region", "chrY", "--region", "chr1",
                 "--columns", "chrom"]  # fmt: skip
    status, _, err = run(*asked)
    assert (status, "unknown chrom 'chrY'" in err) == (1, True)
    status, out, err = run(*asked, "--missing-chroms", "ignore")
    assert (status, err) == (0, "")
    assert {row["chrom"] for row in rows(out)} == {"chr1"}
    if command == "query":
        assert (
            run("query", source, "chrY", "chr1", "--count", "--missing-chroms", "ignore")[1]
            == b"2\n"
        )


def test_lists_are_lists_or_texts(run):
    asked = ["query", "x.vcf", "--format", "json", "--columns", "alt,INFO/AF"]
    assert rows(run(*asked)[1]) == [{"alt": ["G", "T"], "INFO/AF": [0.5, None]}]
    assert rows(run(*asked, "--lists", "text")[1]) == [{"alt": "G,T", "INFO/AF": "0.5,."}]
    assert run("convert", "x.vcf", "lists.parquet", "--lists", "text")[0] == 0
    assert pq.read_table("lists.parquet")["alt"].to_pylist() == ["G,T"]


def test_samples_attributes_and_genotypes_are_those_of_the_api(run):
    asked = ["query", "x.vcf", "--format", "json", "--columns", "FORMAT/GT"]
    assert rows(run(*asked, "--samples", "s2,s1")[1]) == [{"FORMAT/GT": ["1|1", "0|1"]}]
    assert rows(run(*asked[:4], "--columns", "start", "--samples", "")[1]) == [{"start": 4}]
    found = rows(run(*asked, "--gt", "alleles", "--samples", "s1")[1])
    assert found == [{"FORMAT/GT": [{"alleles": [0, 1], "phased": True}]}]
    found = rows(run("query", "x.gff3", "--format", "json", "--attributes", "ID")[1])[0]
    assert (found["ID"], found["attributes"]) == ("g", {"Name": ["n"], "tag": ["a", "b"]})


def test_an_index_may_lie_elsewhere(run, folder, tmp_path):
    compress(folder / "x.bed", tmp_path / "y.bed.gz")
    os.rename(gidx.build_index(tmp_path / "y.bed.gz"), tmp_path / "elsewhere.tbi")
    asked = [str(tmp_path / "y.bed.gz"), "--index", str(tmp_path / "elsewhere.tbi")]
    assert run("query", asked[0], "chr2", *asked[1:], "--no-header")[1] == b"chr2\t0\t9\tc\t0\t.\n"
    assert b"TBI" in run("info", *asked)[1].upper()
    assert b"index tbi: ok" in run("check", *asked)[1]
    assert run("convert", asked[0], "-", *asked[1:], "--region", "chr2", "--to", "bed")[0] == 0


@pytest.mark.parametrize("command", ["check", "info", "query", "convert"])
def test_an_encoding_is_of_every_command(run, command):
    more = {"convert": ["-", "--to", "json"], "query": ["--format", "json"]}.get(command, [])
    status, out, err = run(command, "latin.bed", *more, "--encoding", "latin-1")
    assert (status, err) == (0, "")
    if more:
        assert rows(out)[0]["name"] == "café"


def test_a_warning_is_said_once(run):
    err = run("convert", "latin.bed", "warned.parquet")[2]
    assert err.count("not UTF-8") == 1


def test_a_table_needs_no_index_where_its_columns_are_named(run):
    found = rows(run("query", "table.tsv", "chr1:6-6", "--format", "json")[1])
    assert found == [{"chrom": "chr1", "start": 5, "end": 9, "gene": "A"}]


def test_the_options_of_readers_are_all_on_the_command_line():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = cli._parser().parse_args(["query", "x"])
    api = {"schema", "types", "samples", "gt", "attributes", "encoding", "encoding_errors", "index",
           "columns", "names", "errors", "lists", "missing_chroms", "threads"}  # fmt: skip
    assert api <= set(vars(options))


def test_what_is_missing_goes_to_a_bigbed_as_the_text_that_it_is(run):
    said = run("convert", "missing.tsv", "na.bb", "--chromsizes", "sizes")[2]
    assert said.startswith(
        "gidx: missing.tsv, line 3: row 1 (chr1:7-9), column p: the value is miss"
    )
    assert (
        run("convert", "missing.tsv", "na.bb", "--chromsizes", "sizes", "--types", "p=string")[0]
        == 0
    )
    assert run("query", "na.bb", "--columns", "p", "--no-header")[1] == b"1\nNA\n"
