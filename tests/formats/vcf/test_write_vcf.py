"""VCF, written: what is read comes back, htslib agrees, and what VCF cannot hold is refused."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import warnings

import cyvcf2
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import vcf_text
from tests.support.written import Plain, Written

import gidx
from gidx.arrow import schema
from gidx.errors import WriteError
from gidx.formats.vcf import read as vcf
from gidx.formats.vcf.write import write_vcf

GENOTYPE = vcf.GENOTYPE
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


WRITTEN = Written(write_vcf)
text_of, rows_of, refused = WRITTEN.text_of, WRITTEN.rows_of, WRITTEN.refused


def header_of(data, **options) -> list[str]:
    return [line for line in text_of(data, **options).splitlines() if line.startswith("#")]


def table(rows=1, **columns) -> dict:
    """A table of rows at chr1:10, with other columns."""
    return {
        "chrom": ["chr1"] * rows,
        "start": list(range(9, 9 + rows)),
        "ref": ["A"] * rows,
        **{name.replace("__", "/"): values for name, values in columns.items()},
    }


def info(values, header=None, kind=None, **options) -> str:
    """The INFO field of a row with this INFO/X."""
    column = pa.array([values], kind)
    return rows_of(pa.table(table(INFO__X=column)), header=header, **options)[0][7]


def head(*lines, version="VCFv4.3") -> str:
    return "\n".join([f"##fileformat={version}", *lines, NAMES, ""])


def declare(number, kind, version="VCFv4.3", place="INFO") -> str:
    return head(f'##{place}=<ID=X,Number={number},Type={kind},Description="x">', version=version)


# ── what is read comes back ─────────────────────────────────────────────────────────────────────


def read(text: bytes, gt: str) -> pa.Table:
    dialect = vcf.from_head(vcf_text.head_of(text), gt=gt)
    found, _ = vcf_text.table_of(dialect, text)
    return found.replace_schema_metadata(schema.metadata(format="vcf", **dialect.metadata))


def same(column):
    """Values as VCF tells them apart: a list of one missing value is a missing list."""

    def one(value):
        return None if value == [None] else value

    if column.type == pa.list_(GENOTYPE, getattr(column.type, "list_size", -1)):
        none = {"alleles": [None], "phased": False}
        return [row and [call or none for call in row] for row in column.to_pylist()]
    if pa.types.is_fixed_size_list(column.type):
        return [one(row and [one(value) for value in row]) for row in column.to_pylist()]
    return [one(value) for value in column.to_pylist()]


def unbarred(column):
    """Lone alleles have no bar, which VCF 4.4 brought."""
    for call in (call for row in column for call in row or ()):
        call["phased"] &= len(call["alleles"]) > 1


@settings(max_examples=60)
@given(vcf_text.vcfs(odd=True), st.sampled_from(["text", "alleles"]))
def test_a_table_that_was_read_is_the_same_when_it_is_written_and_read(drawn, gt):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd values, in what is read first
        first = read(drawn.text, gt)
    order = np.argsort([row.as_py() for row in first["chrom"]], kind="stable")
    first = first.take(order)
    file = Plain()
    write_vcf(first, file)
    again = read(file.getvalue(), gt)
    assert again.schema.equals(first.schema)
    for name in first.column_names:
        one, other = same(again[name]), same(first[name])
        if gt == "alleles" and name == "FORMAT/GT" and drawn.version < "VCFv4.4":
            unbarred(other)
        assert repr(one) == repr(other), name
    if gt == "text" or any(key.id == "GT" for key in drawn.formats):  # else GT was not declared
        assert again.schema.metadata == first.schema.metadata


@settings(max_examples=12)
@given(vcf_text.vcfs(odd=False), st.sampled_from(["text", "alleles"]))
def test_files_come_back_with_index_and_in_other_batches(drawn, gt):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.errors.GidxWarning)
        first = read(drawn.text, gt)
    one, other = Plain(), Plain()
    write_vcf(first, one)
    batches = [first.slice(i, 3) for i in range(0, max(len(first), 1), 3)]
    write_vcf(iter(batches), other, threads=1)
    assert one.getvalue() == other.getvalue()


FILES = ["CNVtest.vcf.gz", "CrlfOffsetTest.vcf.gz", "OffsetTest.vcf.gz", "large_chr.vcf",
         "YRI.low_coverage.2010_07_excerpt.genotypes.vcf.gz", "oxbow_sample.vcf.gz",
         "YRI.trio.2010_06.novelsequences.sites.vcf.gz", "large_vcf_header.vcf.gz",
         "raw.g.vcf.gz", "test.vcf.gz", "vcf_file.vcf", "volvox.filtered.vcf.gz",
         "volvox.test.vcf.gz", "end.vcf.gz", "gvcf.vcf.gz"]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_real_files_come_back(name, corpus, tmp_path):
    source = corpus / "tabix" / name
    if not source.exists():
        pytest.skip(f"no {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.errors.GidxWarning)
        first = gidx.open(source).to_table()
        write_vcf(first, tmp_path / "x.vcf.gz")
        again = gidx.open(tmp_path / "x.vcf.gz").to_table()
    assert again.column_names == first.column_names
    for column in first.column_names:
        one, other = again[column], first[column]
        assert one.equals(other) or repr(one.to_pylist()) == repr(other.to_pylist())
    told = schema.read_metadata(first.schema)["vcf_header"]
    if "##fileformat" not in told:
        told = "##fileformat=VCFv4.2\n" + told
    assert schema.read_metadata(again.schema)["vcf_header"] == told


# ── htslib agrees ───────────────────────────────────────────────────────────────────────────────


def variants(seed: int, rows: int = 60, samples: int = 3) -> pa.Table:
    """Random variants with all kinds of columns."""
    r = np.random.default_rng(seed)

    def maybe(values, share=0.3):
        return [None if r.random() < share else v for v in values]

    n_alts = r.integers(0, 3, rows)
    calls = [
        [
            {
                "alleles": maybe(r.integers(0, n + 1, r.integers(1, 3)).tolist(), 0.1),
                "phased": False,
            }
            for _ in range(samples)
        ]
        for n in n_alts
    ]
    n = rows
    return pa.table({
        "chrom": ["chr1"] * (n // 2) + ["chr2"] * (n - n // 2),
        "start": sorted(r.integers(0, 1000, n // 2)) + sorted(r.integers(0, 1000, n - n // 2)),
        "id": maybe([f"rs{i}" for i in range(n)]),
        "ref": [str(x) for x in r.choice(["A", "CT", "N", "acgtn"], n)],
        "alt": [[str(x) for x in r.choice(["G", "TT", "*", "<INS>"], k, replace=False)]
                for k in n_alts],
        "qual": pa.array(maybe((r.integers(0, 10000, n) / 8).tolist()), pa.float32()),
        "filter": maybe([[str(x) for x in r.choice(["q10", "s50", "x"], k, replace=False)]
                         or ["PASS"] for k in r.integers(0, 3, n)]),
        "INFO/DP": pa.array(maybe(r.integers(-5, 10**6, n).tolist()), pa.int32()),
        "INFO/DB": r.random(n) < 0.5,
        "INFO/AF": pa.array(maybe([(r.integers(0, 64, k) / 64).tolist() or None for k in n_alts]),
                            pa.list_(pa.float32())),
        "INFO/CIPOS": pa.array(maybe(r.integers(-9, 9, (n, 2)).tolist()), pa.list_(pa.int32(), 2)),
        "INFO/gene": maybe(["BRCA2", "a b", "x|y"] * (n // 3)),
        "FORMAT/GT": pa.array(calls, pa.list_(GENOTYPE, samples)),
        "FORMAT/DP": pa.array([maybe(row) for row in r.integers(0, 99, (n, samples)).tolist()],
                              pa.list_(pa.int32(), samples)),
        "FORMAT/HQ": pa.array([maybe(row) for row in r.integers(0, 99, (n, samples, 2)).tolist()],
                              pa.list_(pa.list_(pa.int32(), 2), samples)),
    })  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("vcf") / "x.vcf.gz"
    data = variants(1)
    write_vcf(data, path, samples=["S1", "S2", "S3"])
    return data, path


def quiet(*command) -> str:
    """What a program prints, which has nothing to say on stderr."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: apt-get install tabix bcftools")
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_bcftools_reads_a_vcf_from_nothing_but_a_table_without_a_word(written):
    data, path = written
    assert len(quiet("bcftools", "view", "-H", path).splitlines()) == len(data)
    assert quiet("bcftools", "index", "-n", path) == f"{len(data)}\n"
    some = quiet("bcftools", "view", "-H", path, "chr2:1-500").splitlines()
    assert len(some) == len(gidx.open(path).to_table("chr2:1-500"))


TEXTS = st.sampled_from([None, "", ".", "a", "a:b", "c,d", "e;f", "=", "%3A", " ", "\t", "\u00e9"])
CELLS = {
    "GT": st.sampled_from([None, "", ".", "0", "0/1", "|1", "1|.", "./.", "0/", "A/G", "0|1/2"]),
    "FT": TEXTS,
    "XX": st.none() | st.lists(TEXTS, max_size=2),
    "DP": st.none() | st.integers(-5, 2**31 - 1),
    "AD": st.none() | st.lists(st.none() | st.integers(0, 9), max_size=2),
}


@pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools: apt-get install bcftools")
@settings(max_examples=30)
@given(st.data())
def test_what_is_written_of_values_of_samples_bcftools_reads(data):
    """And what it would not read is refused."""
    n, width = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
    columns = {}
    for key in data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, unique=True)):
        row = st.none() | st.lists(CELLS[key], min_size=width, max_size=width)
        columns[f"FORMAT__{key}"] = data.draw(st.lists(row, min_size=n, max_size=n))
    file = io.BytesIO()
    try:
        write_vcf(pa.table(table(n, **columns)), file, samples=["A", "B"][:width])
    except WriteError:
        return
    bcftools = subprocess.run(
        ["bcftools", "view", "-H"], input=file.getvalue(), capture_output=True, check=False
    )
    assert bcftools.returncode == 0, (bcftools.stderr, gzip.decompress(file.getvalue()))


def test_bcftools_reads_rows_without_any_of_their_samples_values(tmp_path):
    calls = [[{"alleles": [1], "phased": True}, None], None]
    data = pa.table(table(2, FORMAT__GT=pa.array(calls, pa.list_(GENOTYPE, 2))))
    write_vcf(data, tmp_path / "x.vcf", samples=["a", "b"])
    found = [line.split("\t")[8:] for line in quiet("bcftools", "view", "-H",
                                                    tmp_path / "x.vcf").splitlines()]  # fmt: skip
    assert found == [["GT", "1", "."], [".", ".", "."]]


def test_bcftools_makes_a_bcf_of_it(written, tmp_path):
    _, path = written
    quiet("bcftools", "view", "-Ob", "-o", tmp_path / "x.bcf", path)
    there_and_back = quiet("bcftools", "view", "-H", tmp_path / "x.bcf")
    assert there_and_back == quiet("bcftools", "view", "-H", path)


def test_pysam_reads_the_same_values(written):
    data, path = written
    with pysam.VariantFile(str(path)) as file:
        assert list(file.header.samples) == ["S1", "S2", "S3"]
        for found, row in zip(file, data.to_pylist(), strict=True):
            assert (found.chrom, found.start, found.id) == (row["chrom"], row["start"], row["id"])
            assert (found.ref, list(found.alts or ())) == (row["ref"], row["alt"])
            assert found.qual == row["qual"]
            assert list(found.filter) == (row["filter"] or [])
            assert found.info.get("DP") == row["INFO/DP"]
            assert ("DB" in found.info) == row["INFO/DB"]
            assert found.info.get("gene") == row["INFO/gene"]
            for key in ("AF", "CIPOS"):
                value = row[f"INFO/{key}"]
                assert found.info.get(key) == (value and tuple(value))
            for i, sample in enumerate(found.samples.values()):
                assert list(sample["GT"]) == row["FORMAT/GT"][i]["alleles"]
                assert sample["DP"] == row["FORMAT/DP"][i]
                assert list(sample["HQ"]) == (row["FORMAT/HQ"][i] or [None] * len(sample["HQ"]))


def test_cyvcf2_reads_the_same_values(written):
    data, path = written
    for found, row in zip(cyvcf2.VCF(str(path)), data.to_pylist(), strict=True):
        assert (found.CHROM, found.start, found.REF) == (row["chrom"], row["start"], row["ref"])
        assert (row["alt"], row["qual"], row["id"]) == (found.ALT, found.QUAL, found.ID)
        assert found.INFO.get("DP") == row["INFO/DP"]
        assert found.INFO.get("gene") == row["INFO/gene"]
        least = np.iinfo(np.int32).min
        depths = [least if v is None else v for v in row["FORMAT/DP"]]
        if found.format("DP") is not None:
            assert found.format("DP")[:, 0].tolist() == depths


def test_gidx_reads_the_same_values(written):
    data, path = written
    found = gidx.open(path, gt="alleles").to_table(columns=data.column_names)
    for name in data.column_names:
        column = data[name].to_pylist()
        if name == "alt":
            column = [value or None for value in column]
        assert found[name].to_pylist() == column, name


# ── headers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_header_is_made_of_columns_and_values():
    data = table(2, filter=["PASS", "q10;s50"], INFO__AF=[0.5, 0.25], INFO__new=["a", None],
                 INFO__ok=[True, False], FORMAT__GT=[["0/1"], ["1/1"]])  # fmt: skip
    data["chrom"] = ["chr1", "chr2"]
    assert header_of(data, samples=["S1"], chromsizes={"chr1": 100, "chr2": 50}) == [
        "##fileformat=VCFv4.3",
        '##FILTER=<ID=q10,Description="Not described">',
        '##FILTER=<ID=s50,Description="Not described">',
        "##contig=<ID=chr1,length=100>",
        "##contig=<ID=chr2,length=50>",
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency for each ALT allele in '
        'the same order as listed">',
        '##INFO=<ID=new,Number=1,Type=String,Description="new of the data">',
        '##INFO=<ID=ok,Number=0,Type=Flag,Description="ok of the data">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        f"{NAMES}\tFORMAT\tS1",
    ]


@pytest.mark.parametrize(("kind", "said"), [
    (pa.int8(), "Number=1,Type=Integer"),
    (pa.uint64(), "Number=1,Type=Integer"),
    (pa.float64(), "Number=1,Type=Float"),
    (pa.float16(), "Number=1,Type=Float"),
    (pa.large_string(), "Number=1,Type=String"),
    (pa.dictionary(pa.int8(), pa.string()), "Number=1,Type=String"),
    (pa.bool_(), "Number=0,Type=Flag"),
    (pa.list_(pa.int32()), "Number=.,Type=Integer"),
    (pa.list_(pa.float32(), 3), "Number=3,Type=Float"),
    (pa.list_(pa.string(), 1), "Number=.,Type=String"),
    (pa.null(), "Number=1,Type=String"),
])  # fmt: skip
def test_new_keys_are_declared_by_their_type(kind, said):
    data = pa.table(table(INFO__X=pa.nulls(1, kind)))
    assert f'##INFO=<ID=X,{said},Description="X of the data">' in header_of(data)


def test_reserved_keys_are_declared_as_the_specification_has_them():
    found = "\n".join(header_of(table(INFO__AC=[[1]], INFO__DP=[3], INFO__SVLEN=[[-3]])))
    assert "ID=AC,Number=A,Type=Integer" in found
    assert "ID=DP,Number=1,Type=Integer" in found
    assert "ID=SVLEN,Number=.,Type=Integer" in found


def test_integers_that_pandas_made_floats_are_integers_where_the_specification_says_so():
    df = pd.DataFrame(table(2, INFO__DP=[3.0, np.nan], INFO__AN=[0.5, np.nan]))
    found = "\n".join(header_of(df))
    assert "ID=DP,Number=1,Type=Integer" in found
    assert "ID=AN,Number=1,Type=Float" in found
    assert [row[7] for row in rows_of(df)] == ["DP=3;AN=0.5", "."]


def kept(text: str) -> pa.Table:
    """A table that was read from this file."""
    return read(text.encode(), "text")


KEPT = head(
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    version="VCFv4.2",
)
KEPT = KEPT.rstrip() + "\tFORMAT\tS1\tS2\nchr1\t10\t.\tA\tC\t.\tq10\tDP=3\tGT\t0/1\t1/1\n"


def test_the_header_that_was_read_is_kept_and_grows_by_new_columns():
    data = kept(KEPT)
    assert text_of(data) == KEPT
    data = data.append_column("INFO/new", pa.array([["a", "b"]])).drop_columns("INFO/DP")
    lines = KEPT.splitlines()
    lines.insert(2, '##INFO=<ID=new,Number=.,Type=String,Description="new of the data">')
    assert text_of(data).splitlines() == [*lines[:-1], lines[-1].replace("DP=3", "new=a,b")]


def test_samples_that_are_dropped_leave_the_names_line():
    sites = kept(KEPT).drop_columns(["FORMAT/GT", "FORMAT"])
    assert text_of(sites).splitlines()[-2:] == [NAMES, "chr1\t10\t.\tA\tC\t.\tq10\tDP=3"]


def test_samples_may_be_named_anew():
    assert header_of(kept(KEPT), samples=["a", "b"])[-1] == f"{NAMES}\tFORMAT\ta\tb"


def test_samples_are_remembered_through_pandas(tmp_path):
    path = tmp_path / "x.vcf"
    path.write_text(KEPT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gidx.errors.GidxWarning)
        df = gidx.open(path).to_pandas()
    assert text_of(df) == KEPT


@pytest.mark.parametrize(("options", "match"), [
    ({"samples": ["a"]}, "values of 2 samples, samples names 1"),
    ({"samples": ["a", "a"]}, "named twice"),
    ({"samples": ["a", "b\t"]}, "no tab"),
    ({"header": KEPT.replace("S1\tS2", "S2\tS1")}, "name different samples"),
])  # fmt: skip
def test_samples_must_be_those_of_the_values(options, match):
    data = kept(KEPT)
    refused(data, match, row=None, **options)


def test_values_of_samples_without_names_are_refused():
    refused(table(FORMAT__GT=[["0/1"]]), "pass samples=", row=None)
    refused(table(), "no column FORMAT", row=None, samples=["S1"])


def test_a_given_header_is_used_as_it_is(tmp_path):
    path = tmp_path / "header.txt"
    text = head("##source=me", '##INFO=<ID=X,Number=1,Type=String,Description="x">')
    path.write_text(text)
    for given_header in (text, path, str(path)):
        assert "\n".join([*header_of(table(INFO__X=["a"]), header=given_header), ""]) == text


@pytest.mark.parametrize(("header", "match"), [
    (head(), "does not declare it; add the line ##INFO=<ID=X,"),
    ("##source=me\n", "not ##fileformat"),
    (head() + "chr1\n", "neither ## nor #CHROM"),
    (declare("0", "Flag"), "declares INFO/X as Number=0, Type=Flag"),
])  # fmt: skip
def test_a_given_header_must_be_one_and_declare_all(header, match):
    refused(table(INFO__X=["a"]), match, row=None, header=header)


def test_a_kept_header_without_a_version_becomes_4_2_which_has_no_escapes():
    text = KEPT.replace("##fileformat=VCFv4.2\n", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = kept(text)
    assert text_of(data) == KEPT


# ── fixed fields ────────────────────────────────────────────────────────────────────────────────


def test_what_is_missing_is_a_point():
    data = table(id=[None], alt=[None], qual=[None], filter=[None], INFO__X=[None])
    assert rows_of(data) == [["chr1", "10", ".", "A", ".", ".", ".", "."]]
    data = pa.table(table(alt=pa.array([[]], pa.list_(pa.string())),
                          filter=pa.array([[]], pa.list_(pa.string()))))  # fmt: skip
    assert rows_of(data) == [["chr1", "10", ".", "A", ".", ".", ".", "."]]


def test_lists_may_be_texts():
    data = table(id=["rs1;rs2"], alt=["C,<DEL>"], filter=["q10;s50"])
    assert rows_of(data)[0][2:7] == ["rs1;rs2", "A", "C,<DEL>", ".", "q10;s50"]
    data = table(id=[["rs1", "rs2"]], alt=[["C", None]], filter=[["q10"]])
    assert rows_of(data)[0][2:7] == ["rs1;rs2", "A", "C,.", ".", "q10"]


def test_the_files_own_names_have_1_based_positions():
    df = pd.DataFrame({"CHROM": ["chr1"], "POS": [10], "ID": ["x"], "REF": ["A"], "ALT": ["C"]})
    assert rows_of(df) == [["chr1", "10", "x", "A", "C", ".", ".", "."]]
    assert rows_of(df.rename(columns=str.lower)) == rows_of(df)
    refused(df.assign(start=9), "0-based.*1-based", row=None)


def test_a_telomere_is_at_0():
    assert rows_of({**table(), "start": [-1]})[0][1] == "0"
    assert rows_of({"chrom": ["a"], "POS": [0], "REF": ["N"]})[0][1] == "0"
    refused({**table(), "start": [-2]}, "column start: found -2, expected -1 to")


@pytest.mark.parametrize(("values", "texts"), [
    ([29.0, 0.1, None, 1e-7, 3e38], ["29", "0.1", ".", "1e-7", "3e+38"]),
    ([float("nan"), float("inf"), -float("inf")], ["nan", "inf", "-inf"]),
    ([5, 7], ["5", "7"]),
    (["29.50", "."], ["29.50", "."]),
])  # fmt: skip
def test_qual_is_the_shortest_that_reads_back(values, texts):
    data = pa.table(table(len(values), qual=pa.array(values, from_pandas=False)))
    assert [row[5] for row in rows_of(data)] == texts
    single = pa.table(table(len(values), qual=pa.array(values, from_pandas=False).cast(
        pa.string() if isinstance(values[0], str) else pa.float32())))  # fmt: skip
    assert [row[5] for row in rows_of(single)] == texts


def test_nan_in_numpys_floats_is_what_pandas_calls_missing():
    df = pd.DataFrame(table(2, qual=[np.nan, 3.5]))
    assert [row[5] for row in rows_of(df)] == [".", "3.5"]
    assert [row[5] for row in rows_of(iter([df]))] == [".", "3.5"]
    arrow = df.assign(qual=pd.array(df["qual"], pd.ArrowDtype(pa.float64())))
    arrow["qual"] = pd.Series(pd.arrays.ArrowExtensionArray(pa.array([float("nan"), 1.0])))
    assert [row[5] for row in rows_of(arrow)] == ["nan", "1"]


@pytest.mark.parametrize(("columns", "match"), [
    ({"ref": [""]}, "column ref: found an empty text"),
    ({"ref": [None]}, "column ref: the value is missing; write N"),
    ({"ref": ["A-"]}, "column ref: found 'A-', expected bases"),
    ({"ref": [5]}, "column ref is int64, expected texts"),
    ({"alt": ["C, T"]}, "column alt: found 'C, T', which has a blank"),
    ({"alt": [["C,T"]]}, "column alt: found 'C,T', which has a blank, comma"),
    ({"alt": [["C", ""]]}, "column alt: found an empty text"),
    ({"id": ["rs 1"]}, "column id: found 'rs 1', which has a blank"),
    ({"id": [["a;b"]]}, "column id: found 'a;b', which has a blank, semicolon"),
    ({"id": [""]}, "column id: found an empty text"),
    ({"filter": [["a;b"]]}, "column filter: found 'a;b'"),
    ({"filter": ["a\tb"]}, "column filter: found 'a.tb'"),
    ({"qual": ["high"]}, "column qual: found 'high', expected Float"),
    ({"qual": [True]}, "column qual is bool"),
    ({"chrom": ["chr 1"]}, "column chrom: found 'chr 1', which has a blank"),
    ({"chrom": ["#chr1"]}, "would be a comment"),
])  # fmt: skip
def test_what_a_field_cannot_hold_is_refused(columns, match):
    refused({**table(), **columns}, match)


@pytest.mark.parametrize(("columns", "match"), [
    ({"gene": ["x"]}, "name it 'INFO/gene', or drop it"),
    ({"INFO": [1]}, "expected a map"),
    ({"INFO/a b": [1]}, "cannot be a key of INFO"),
    ({"INFO/X": [{"a": 1}]}, "VCF has no such type"),
    ({"INFO/X": [[True]]}, "booleans cannot be values"),
    ({"FORMAT/X": ["0/1"]}, "expected lists: a value for each sample"),
])  # fmt: skip
def test_columns_that_vcf_cannot_hold_are_refused(columns, match):
    refused(
        {**table(), **columns}, match, row=None, samples=["S"] if "FORMAT/X" in columns else None
    )


def test_columns_that_a_row_needs_are_named():
    refused({"chrom": ["a"], "start": [1]}, "no column 'ref'", row=None)
    refused({"chrom": ["a"], "ref": ["A"]}, "no column 'start'.*or pos", row=None)


# ── INFO ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("value", "kind", "text"), [
    (5, pa.int64(), "X=5"),
    (2**31 - 1, pa.int64(), "X=2147483647"),
    (-(2**31) + 8, pa.int64(), "X=-2147483640"),
    ([1, None, 3], pa.list_(pa.int16()), "X=1,.,3"),
    ([0.1, None], pa.list_(pa.float32(), 2), "X=0.1,."),
    (True, pa.bool_(), "X"),
    (False, pa.bool_(), "."),
    ("", pa.string(), "X="),
    ("a,b", pa.string(), "X=a,b"),
    (["a,b", "c"], pa.list_(pa.string()), "X=a%2Cb,c"),
    ("50%;a=b\t", pa.string(), "X=50%25%3Ba%3Db%09"),
    ("a%20b%3a%3A%", pa.string(), "X=a%20b%3a%253A%25"),  # %20 and %3a are no codes of VCF
    ("a:b c|é", pa.string(), "X=a:b c|é"),
    (None, pa.list_(pa.string()), "."),
])  # fmt: skip
def test_info_in_text(value, kind, text):
    assert info(value, kind=kind) == text


@pytest.mark.parametrize(("value", "kind", "declared", "text"), [
    (3.0, pa.float64(), ("1", "Integer"), "X=3"),
    ("7", pa.string(), ("1", "Integer"), "X=7"),
    ("0.50,.", pa.string(), ("A", "Float"), "X=0.50,."),
    (["1", "2"], pa.list_(pa.string()), ("2", "Integer"), "X=1,2"),
    (5, pa.int32(), ("1", "String"), "X=5"),
    (5, pa.int32(), (".", "Float"), "X=5"),
    ("a,b", pa.string(), (".", "String"), "X=a,b"),
])  # fmt: skip
def test_a_column_may_have_another_type_than_is_declared(value, kind, declared, text):
    assert info(value, declare(*declared), kind) == text


@given(st.lists(st.text("%0235aADd9,;=\t", max_size=12), min_size=1, max_size=5))
def test_percent_codes_are_read_as_they_were_written(texts):
    arrow = pa.table({
        "chrom": ["chr1"] * len(texts), "start": range(len(texts)), "end": range(1, len(texts) + 1),
        "ref": ["A"] * len(texts), "INFO/X": texts,
    })  # fmt: skip
    out = io.BytesIO()
    gidx.write_vcf(arrow, out)
    assert gidx.open(out.getvalue()).to_table(columns=["INFO/X"])["INFO/X"].to_pylist() == texts


def test_earlier_versions_have_no_escapes():
    header = declare(1, "String", "VCFv4.2")
    assert info("50% a=b", header) == "X=50% a=b"
    refused(table(INFO__X=["a;b"]), "or write VCF 4.3, which can escape it", header=header)
    refused(table(INFO__X=["a\tb"]), "would end the value", header=header)
    listed = declare(".", "String", "VCFv4.2")
    refused(table(INFO__X=[["a,b"]]), "would end the value", header=listed)


@pytest.mark.parametrize(("value", "kind", "declared", "match"), [
    (2**31, pa.int64(), ("1", "Integer"), "found 2147483648, expected -2147483640 to 2147483647"),
    (-(2**31), pa.int64(), ("1", "Integer"), "found -2147483648"),
    ("-2147483648", pa.string(), ("1", "Integer"), "found -2147483648"),
    (1.5, pa.float64(), ("1", "Integer"), "found 1.5, expected an integer"),
    ("x", pa.string(), ("1", "Float"), "found 'x', expected Float"),
    ("1,x", pa.string(), (".", "Float"), "found 'x', expected Float"),
    ([1, 2], pa.list_(pa.int32()), ("1", "Integer"), r"2 values, expected 1 \(Number=1\)"),
    ([1, 2], pa.list_(pa.int32()), ("3", "Integer"), "2 values, expected 3"),
    (1, pa.int32(), ("2", "Integer"), "1 value, expected 2"),
    ([], pa.list_(pa.int32()), (".", "Integer"), "an empty list, which INFO cannot say"),
    ("a\0", pa.string(), ("1", "String"), "would end the value"),
])  # fmt: skip
def test_what_info_cannot_hold_is_refused(value, kind, declared, match):
    data = pa.table(table(2, INFO__X=pa.array([None, value], kind)))
    refused(data, match, row=1, header=declare(*declared))


def test_doubles_past_32_bits_are_written_and_said():
    data = pa.table(table(3, qual=[1e300, 1.0, None], INFO__X=[1e-50, 0.0, np.inf]))
    with pytest.warns(gidx.errors.GidxWarning, match="others read it as zero or infinity") as found:
        rows = rows_of(data)
    assert [(row[5], row[7]) for row in rows] == [
        ("1e+300", "X=1e-50"), ("1", "X=0"), (".", "X=inf")
    ]  # fmt: skip
    assert [str(w.message).split(":")[0] for w in found] == ["column INFO/X", "column qual"]


MAP = pa.map_(pa.string(), pa.string())


def test_what_has_no_column_stands_in_the_map():
    values = pa.array([[("A", "1,2"), ("B", None), ("C", "%3A")], None, []], MAP)
    data = pa.table(table(3, INFO__X=[1, None, 2], INFO=values))
    assert [row[7] for row in rows_of(data)] == ["X=1;A=1,2;B;C=%3A", ".", "X=2"]


def test_info_may_be_text_as_a_file_has_it():
    texts = ["A=1,2;B;C=%3A", ".", None, "X==;", "B"]
    data = pa.table(table(5, INFO=texts))
    assert [row[7] for row in rows_of(data)] == ["A=1,2;B;C=%3A", ".", ".", "X==", "B"]
    both = pa.table(table(2, INFO__X=[1, None], INFO=["A=1", "X=2"]))
    assert [row[7] for row in rows_of(both)] == ["X=1;A=1", "X=2"]
    refused(pa.table(table(2, INFO__X=[1, 2], INFO=["A=1", "X=2"])), "has a value, too", row=1)


@pytest.mark.parametrize(("entries", "match"), [
    ([("X", "1")], "found the key 'X', of which the column INFO/X has a value, too"),
    ([("A", "1"), ("A", "2")], "the key 'A' is there twice"),
    ([("A;", "1")], "found the key 'A;', which no key can be"),
    ([("A", "1;2")], "found '1;2', which has a semicolon"),
])  # fmt: skip
def test_what_the_map_cannot_hold_is_refused(entries, match):
    values = pa.array([None, entries], MAP)
    refused(pa.table(table(2, INFO__X=[1, 2], INFO=values)), match, row=1)


# ── FORMAT ──────────────────────────────────────────────────────────────────────────────────────


def samples_of(n=2, **columns) -> list[str]:
    """FORMAT and samples of one row."""
    data = pa.table(table(**{k: v if isinstance(v, pa.Array) else pa.array([v])
                             for k, v in columns.items()}))  # fmt: skip
    return rows_of(data, samples=[f"S{i}" for i in range(n)])[0][8:]


def test_gt_comes_first_and_trailing_values_are_dropped():
    assert samples_of(FORMAT__DP=[1, None], FORMAT__GT=["0/1", "1/1"]) == ["GT:DP", "0/1:1", "1/1"]
    found = samples_of(FORMAT__GT=["0/1", None], FORMAT__DP=[None, 2], FORMAT__GQ=[3, None])
    assert found == ["GT:DP:GQ", "0/1:.:3", ".:2"]


@pytest.mark.parametrize("text", ["A/G", "0/", "", "0/1/x", "1 0", "|1"])
def test_a_genotype_is_of_numbers_of_alleles(text):
    refused(pa.table(table(1, FORMAT__GT=[["./.", text]])), "FORMAT/GT: found", samples=["A", "B"])


def test_a_sample_is_no_text_of_no_letter():
    columns = {"FORMAT__GT": [["0", None]], "FORMAT__FT": [["", ""]]}
    assert samples_of(**{k: v[0] for k, v in columns.items()}) == ["GT:FT", "0:", ".:"]
    del columns["FORMAT__GT"]
    refused(pa.table(table(1, **columns)), "sample A: its only value is an", samples=["A", "B"])


def test_gt_comes_first_where_no_header_declares_it_too():
    """bedtools2#208: RetroSeq declares GQ, not GT."""
    kind = pa.map_(pa.string(), pa.list_(pa.string(), 2))
    others = pa.array([[("FL", ["8", None]), ("GT", ["1/1", "0/1"])]], kind)
    found = samples_of(FORMAT__GQ=[22, 3], FORMAT=others)
    assert found == ["GT:GQ:FL", "1/1:22:8", "0/1:3"]


def test_a_row_has_the_keys_that_it_has_values_for():
    data = pa.table(table(3, FORMAT__GT=[["0/1"], None, None], FORMAT__DP=[[1], [2], None]))
    found = [row[8:] for row in rows_of(data, samples=["S"])]
    assert found == [["GT:DP", "0/1:1"], ["DP", "2"], [".", "."]]


@pytest.mark.parametrize(("alleles", "phased", "text"), [
    ([0, 1], True, "0|1"), ([0, 1], False, "0/1"), ([None, None], False, "./."), ([1], False, "1"),
    ([None], False, "."), ([1], True, "1"), ([12, None, 103], True, "12|.|103"), ([], True, "."),
    ([0, 1], None, "0/1"), (None, False, "."),
])  # fmt: skip
def test_genotypes_of_alleles(alleles, phased, text):
    for kind in (pa.int8(), pa.int32(), pa.uint16()):
        struct = pa.struct([("alleles", pa.list_(kind)), ("phased", pa.bool_())])
        calls = pa.array([[{"alleles": alleles, "phased": phased}, None]], pa.list_(struct, 2))
        assert samples_of(FORMAT__GT=calls) == ["GT", text, "."]


def test_a_lone_allele_has_a_leading_bar_from_vcf_4_4_on():
    calls = pa.array([[{"alleles": [1], "phased": True}]], pa.list_(GENOTYPE, 1))
    data = pa.table(table(FORMAT__GT=calls))
    for version, text in (("VCFv4.3", "1"), ("VCFv4.4", "|1")):
        header = declare("1", "String", version, "FORMAT").replace("ID=X", "ID=GT")
        assert rows_of(data, samples=["S"], header=header)[0][9] == text
    texts = pa.table(table(FORMAT__GT=[["|1"]]))
    assert rows_of(texts, samples=["S"], header=header)[0][9] == "|1"


def test_an_allele_is_not_negative():
    calls = pa.array([[{"alleles": [0, -1], "phased": True}]], pa.list_(GENOTYPE, 1))
    refused(pa.table(table(FORMAT__GT=calls)), "found allele -1", samples=["S"])


def test_lists_of_samples_are_joined_by_commas():
    assert samples_of(FORMAT__PL=[[1, None], [3]], FORMAT__FT=["a:b", "c,d"]) == [
        "PL:FT", "1,.:a%3Ab", "3:c,d",
    ]  # fmt: skip


def test_rows_must_have_a_value_for_each_sample():
    data = table(2, FORMAT__DP=[[1, 2], [1]])
    refused(data, "values of 1 samples, expected 2", row=1, samples=["a", "b"])


def test_keys_of_samples_without_a_column_stand_in_the_map():
    kind = pa.map_(pa.string(), pa.list_(pa.string(), 2))
    values = [[("B", ["1", None]), ("A", [".", "x"])], [("A", ["2", None])], None]
    data = pa.table(table(3, FORMAT__GT=[["0", "1"], None, ["0", "1"]],
                          FORMAT=pa.array(values, kind)))  # fmt: skip
    assert [row[8:] for row in rows_of(data, samples=["a", "b"])] == [
        ["GT:B:A", "0:1:.", "1:.:x"], ["A", "2", "."], ["GT", "0", "1"],
    ]  # fmt: skip
    bad = pa.array([[("A", ["1", "a:b"])], None, None], kind)
    refused(data.set_column(4, "FORMAT", bad), "has a colon", samples=["a", "b"])


# ── where rows end ──────────────────────────────────────────────────────────────────────────────


def test_a_symbolic_allele_gets_an_end():
    data = table(2, end=[500, 11], alt=["<DEL>", "C"])
    assert [row[7] for row in rows_of(data)] == ["END=500", "."]
    assert any("ID=END,Number=1,Type=Integer" in line for line in header_of(data))
    assert not any("ID=END" in line for line in header_of(table(end=[10], alt=["<DEL>"])))


def test_a_given_header_says_whether_there_is_an_end():
    data = table(end=[500], alt=["<DEL>"])
    refused(data, "say it in a column INFO/END", header=head())
    told = head('##INFO=<ID=END,Number=1,Type=Integer,Description="End">')
    assert rows_of(data, header=told)[0][7] == "END=500"


def test_the_end_that_a_row_says_is_not_said_twice():
    for columns in ({"INFO/END": [500]}, {"INFO/SVLEN": [-490]}):
        [row] = rows_of({**table(end=[500], alt=["<DEL>"]), **columns})
        assert row[7] in ("END=500", "SVLEN=-490")


@pytest.mark.parametrize(("columns", "match"), [
    ({"end": [11]}, "found 11, but the row ends .* at 10; say it in a column INFO/END"),
    ({"end": [9]}, "found 9, but the row ends .* at 10; correct one"),
    ({"end": [400], "alt": ["<DEL>"], "INFO/END": [500]}, "found 400, but INFO/END says 500"),
])  # fmt: skip
def test_an_end_that_is_not_the_rows_is_refused(columns, match):
    refused({**table(), **columns}, match)


def test_ends_are_found_in_the_index(tmp_path):
    data = table(2, end=[100_000, 11], alt=["<DEL>", "C"])
    write_vcf(data, tmp_path / "x.vcf.gz")
    found = gidx.open(tmp_path / "x.vcf.gz").to_table("chr1:90,000-90,001")
    assert found["end"].to_pylist() == [100_000]


# ── data of all kinds, and failures ─────────────────────────────────────────────────────────────


def test_data_may_be_anything_with_rows():
    df = pd.DataFrame(table(2, alt=[["C"], ["G", "T"]], INFO__AF=[[0.5], [0.25, 0.5]]))
    arrow = pa.table(df)
    expected = text_of(df)
    assert "chr1" in expected
    for data in (arrow, pl.from_arrow(arrow), arrow.to_reader(), [df], arrow.to_batches(1),
                 dict(zip(arrow.column_names, arrow.columns, strict=True))):  # fmt: skip
        assert text_of(data) == expected


def test_a_table_without_rows_is_a_header(tmp_path):
    data = variants(1).slice(0, 0)
    path = tmp_path / "x.vcf.gz"
    for one in (data, data.to_reader(), pa.Table.from_batches([], data.schema)):
        write_vcf(one, path, samples=["a", "b", "c"])
        assert quiet("bcftools", "index", "-n", path) == "0\n"
        assert len(gidx.open(path).to_table()) == 0


def test_a_slice_is_written_as_its_copy_is():
    data = variants(2)
    part = data.slice(17, 20)
    copy = pa.Table.from_pylist(part.to_pylist(), data.schema)
    assert text_of(part, samples=["a", "b", "c"]) == text_of(copy, samples=["a", "b", "c"])


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable", None])
def test_frames_of_all_backends_are_the_same_file(backend, written):
    _, path = written
    df = gidx.open(path).to_pandas(dtype_backend=backend).drop(columns=["INFO", "FORMAT"])
    with gidx.bgzf.open(path) as file:
        assert text_of(df) == file.read().decode()


def test_maps_survive_polars():
    values = pa.array([[("A", "1"), ("B", None)], None], MAP)
    data = pa.table(table(2, INFO=values))
    assert text_of(pl.from_arrow(data)) == text_of(data)
    assert "A=1;B" in text_of(data)


def test_a_stream_with_its_header_is_written_as_it_comes():
    first = kept(KEPT)
    seen = []

    def batches():
        for i in range(50):
            seen.append(i)
            yield first.set_column(1, "start", pa.array([i])).drop_columns("end")

    assert len(text_of(batches(), threads=1).splitlines()) == 50 + len(header_of(first))


def test_pieces_of_a_stream_are_of_the_same_samples_and_coordinates(tmp_path):
    """By their length alone the second's genotypes would be those of other samples."""
    head = "##fileformat=VCFv4.3\n##contig=<ID=c,length=99>\n"
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    row = "\n".join(["A\tB", "c\t5\t.\tA\tC\t.\t.\t.\tGT\tA|A\tB|B\n"])
    other = (
        row.replace("A\tB\n", "B\tA\n").replace("A|A\tB|B", "B|B\tA|A").replace("\t5\t", "\t7\t")
    )
    one, two = (gidx.open((head + text).encode()) for text in (row, other))
    for pieces in ([one.to_table(), two.to_table()], [*one.to_batches(), *two.to_batches()]):
        for write in (write_vcf, gidx.to_parquet):
            with pytest.raises(
                WriteError, match=r"batch 1: its samples are B, A, .* they are A, B"
            ):
                write(iter(pieces), tmp_path / "a")
    again = gidx.open((head + other).encode(), samples=["A", "B"])
    write_vcf(iter([one.to_table(), again.to_table()]), tmp_path / "b.vcf.gz")
    assert (
        gidx.open(tmp_path / "b.vcf.gz").to_table()["FORMAT/GT"].to_pylist() == [["A|A", "B|B"]] * 2
    )
    table = gidx.open(b"#chrom\tstart\tend\nc\t1\t9\n", schema=None).to_table()
    told = {**schema.read_metadata(table.schema), "coordinates": "1-based closed"}
    told.pop("version")
    closed = table.replace_schema_metadata(schema.metadata(**told))
    with pytest.raises(WriteError, match="batch 1: its coordinates are 1-based closed, of those"):
        gidx.write_bed(iter([table, closed]), tmp_path / "a.bed.gz")


def test_chroms_of_a_stream_are_in_its_header():
    one, two = table(), {**table(), "chrom": ["chr2"]}
    found = header_of(iter([pa.table(one), pa.table(two)]))
    assert found[1:3] == ["##contig=<ID=chr1>", "##contig=<ID=chr2>"]


def test_sorting_is_natural_in_rows_and_header():
    data = {**table(3), "chrom": ["chr10", "chr2", "chr10"], "start": [5, 7, 1]}
    lines = text_of(data, sort=True).splitlines()
    assert lines[1:3] == ["##contig=<ID=chr2>", "##contig=<ID=chr10>"]
    assert [line[:9] for line in lines[-3:]] == ["chr2\t8\t.\t", "chr10\t2\t.", "chr10\t6\t."]


def test_what_fails_leaves_nothing_behind(tmp_path):
    path = tmp_path / "x.vcf.gz"
    write_vcf(table(3), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for bad in (table(3, id=["a", "b", "c d"]), {**table(2), "start": [5, 4]}):
        with pytest.raises(WriteError):
            write_vcf(bad, path)
        with pytest.raises(WriteError):
            write_vcf(bad, tmp_path / "y.vcf.gz")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_the_first_row_that_is_wrong_is_told():
    ids = ["ok"] * 1000
    ids[700] = ids[900] = "a b"
    error = refused(table(1000, id=ids), "row 700 ", row=700)
    assert str(error) == (
        "row 700 (chr1:710-710), column id: found 'a b', which has a blank or line break; "
        "replace it"
    )


ODD = (
    b"##fileformat=VCFv4.2\n"
    b'##FILTER=<ID=q 10,Description="q">\n'
    b"##contig=<ID=chr 1>\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    b"chr 1\t5\trs 1;b\tA\tC\t.\tq 10;s5\t.\n"
    b"chr 1\t6\t.\t-\tC D,<DEL X>\t.\t.\t.\n"
    b"chr 1\t7\t.\t.\tC\t.\t0\t.\n"
    b"chr 1\t9\tx\tA.Z*\tA/C\t.\tPASS\t.\n"
)


@pytest.mark.parametrize("lists", ["arrow", "text"])
def test_fields_that_the_specification_would_not_have_are_written_as_they_were_read(
    lists, tmp_path
):
    gidx.read_vcf(ODD, lists=lists).gidx.to_vcf(tmp_path / "a.vcf")
    assert (tmp_path / "a.vcf").read_bytes() == ODD


def test_but_what_could_not_be_read_again_is_refused(tmp_path):
    frame = gidx.read_vcf(ODD)
    for column, text in (("ref", "A\tC"), ("id", "a\nb"), ("chrom", "#1"), ("ref", "")):
        with pytest.raises(WriteError, match=f"row 0 .*column {column}: found"):
            gidx.write_vcf(frame.assign(**{column: text}), tmp_path / "a.vcf")
    for column, words in (("alt", ["A,C"]), ("filter", ["a;b"])):
        with pytest.raises(WriteError, match=f"row 0 .*column {column}: found"):
            gidx.write_vcf(frame.assign(**{column: [words] * len(frame)}), tmp_path / "a.vcf")
