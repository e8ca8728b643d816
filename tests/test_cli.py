"""The command line: what is printed, what is written, how it exits."""

import contextlib
import fcntl
import io
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from array import array

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gidx
from gidx import cli, demo
from gidx.ground.tuning import tuning

BED = "chr1\t10\t20\ta\t5\t+\nchr1\t15\t30\tb\t7\t-\nchr2\t0\t9\tc\t0\t.\n"
HEADER = "chrom\tstart\tend\tname\tscore\tstrand\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with x.bed, c.bed.gz, x.bb with an index on name, and sizes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.bed").write_text(BED)
    (tmp_path / "sizes").write_text("chr1\t1000\nchr2\t500\n")
    with gidx.bgzf.open(tmp_path / "c.bed.gz", "w") as packed:
        packed.write(BED.encode())
    frame = [line.split("\t") for line in BED.splitlines()]
    columns = dict(zip(HEADER.split(), map(list, zip(*frame, strict=True)), strict=True))
    gidx.write_bigbed(columns, "x.bb", {"chr1": 1000, "chr2": 500}, extra_index=["name"],
                      autosql=gidx.autosql.bed(6))  # fmt: skip
    return tmp_path


@pytest.fixture
def gene_file(tmp_path):
    path = tmp_path / "genes.bb"
    gidx.write_bigbed(demo.make_genes(200), path, demo.HG38, extra_index=["geneName", "name"])
    return str(path)


def start(*arguments, **options):
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "gidx", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


# ── query ───────────────────────────────────────────────────────────────────────────────────────


def test_query_prints_all_rows_under_their_names(run):
    assert run("query", "x.bb") == (0, (HEADER + BED).encode(), "")


def test_query_prints_rows_of_a_region_which_is_1_based(run):
    assert run("query", "x.bb", "chr1:10-10", "--no-header") == (0, b"", "")
    assert run("query", "x.bb", "chr1:11-11", "--no-header")[1] == BED.splitlines(True)[0].encode()


def test_query_prints_several_regions_as_a_union_in_file_order(run):
    assert run("query", "x.bb", "chr2", "chr1:18", "chr1", "--no-header")[1] == BED.encode()


def test_query_takes_regions_from_a_bed_file_which_is_0_based(run, folder):
    (folder / "regions.bed").write_text("chr1\t20\t21\nchr2\t8\t10\n")
    out = run("query", "x.bb", "--regions-file", "regions.bed", "--columns", "name")[1]
    assert out == b"name\nb\nc\n"
    out = run("query", "x.bb", "chr1:11-11", "--regions-file", "regions.bed", "--count")[1]
    assert out == b"3\n"


def test_query_prints_the_columns_asked_for(run):
    out = run("query", "x.bb", "--columns", "name,start", "--head", "2")[1]
    assert out == b"name\tstart\na\t10\nb\t15\n"


def test_query_counts(run):
    assert run("query", "x.bb", "--count")[1] == b"3\n"
    assert run("query", "x.bb", "chr1", "--count")[1] == b"2\n"
    assert run("query", "x.bb", "--count", "chr1")[1] == b"2\n"  # as samtools view -c FILE REGION


def test_words_may_follow_options_anywhere(run):
    options = ["--columns", "name", "--no-header"]
    assert run("query", "x.bb", "chr1:11", *options, "chr2")[1] == b"a\nb\nc\n"
    assert run("search", "x.bb", "a", *options, "b")[1] == b"a\nb\n"


def test_query_and_info_read_standard_input(run, monkeypatch):
    for command in (["query", "-", "--no-header"], ["info", "-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BED.encode())))
        status, out, err = run(*command)
        assert (status, err) == (0, "")
        assert b"chr1" in out


def test_query_gives_native_names(run):
    out = run("query", "x.bb", "--names", "native", "--head", "1")[1]
    assert out.startswith(b"chrom\tchromStart\tchromEnd\tname")


@pytest.mark.parametrize("way", ["stdout", "file"])
@pytest.mark.parametrize("kind", ["tsv", "bed", "json", "parquet", "arrow"])
def test_query_writes_every_format(run, kind, way):
    if way == "stdout":
        status, data, err = run("query", "x.bb", "--format", kind)
    else:
        status, out, err = run("query", "x.bb", "-o", f"y.{kind}")
        assert out == b""
        with open(f"y.{kind}", "rb") as file:
            data = file.read()
    assert (status, err) == (0, "")
    expected = gidx.open("x.bb").to_table()
    if kind in ("tsv", "bed"):
        assert data.decode() == (HEADER if kind == "tsv" else "") + BED
    elif kind == "json":
        assert [json.loads(line) for line in data.splitlines()] == expected.to_pylist()
    elif kind == "parquet":
        assert pq.read_table(pa.BufferReader(data)).to_pylist() == expected.to_pylist()
    else:
        opened = pa.ipc.open_stream if way == "stdout" else pa.ipc.open_file
        assert opened(data).read_all().equals(expected)


# ── info, search ────────────────────────────────────────────────────────────────────────────────


def test_info_shows_what_a_file_is(run, gene_file):
    status, out, err = run("info", gene_file)
    text = out.decode()
    assert (status, err) == (0, "")
    for line in [
        r"format +bigBed version 4",
        r"rows +200",
        r"bed type +bed12\+5",
        r"extra indexes +geneName, name",
        r"  chr1 +248,956,422",
        r"  … \d+ more \(--chroms shows all\)",
        r"  blockSizes +list<int32> +int\[blockCount\] +Comma separated list of block sizes",
        r"  covered bases +[\d,]+",
    ]:
        assert re.search(f"^{line}$", text, re.M), line
    assert "chrX" not in text
    assert "chrX" in run("info", gene_file, "--chroms")[1].decode()


def test_info_is_json_for_machines(run, gene_file):
    facts = json.loads(run("info", gene_file, "--json")[1])
    assert (facts["rows"], facts["bed_type"]) == (200, "bed12+5")
    assert facts["extra_indexes"] == ["geneName", "name"]
    assert facts["columns"][3]["declared_type"] == "string"
    assert facts["coverage"]["covered_bases"] == gidx.open(gene_file).total_summary.valid_count


def test_search_finds_rows_by_name(run, gene_file):
    found = run(
        "search", gene_file, "BRCA2", "TP53", "--field", "geneName", "--columns", "geneName"
    )
    assert found == (0, b"geneName\nBRCA2\nTP53\n", "")


def test_search_without_a_field_takes_the_only_index(run):
    assert run("search", "x.bb", "b", "--format", "bed")[1] == BED.splitlines(True)[1].encode()


def test_search_asks_all_indexes_and_misses_what_none_has(run, tmp_path):
    place = {"chrom": ["c", "c"], "start": [1, 2], "end": [9, 9]}
    rows = pa.table({**place, "name": ["t1", "t2"], "gene": ["G1", "G2"]})
    gidx.write_bigbed(rows, tmp_path / "g.bb", {"c": 9}, extra_index=["name", "gene"])
    status, out, err = run("search", str(tmp_path / "g.bb"), "G1", "t2", "zz", "--columns", "name")
    assert (status, out) == (0, b"name\nt1\nt2\n")
    assert err.endswith("no row has name or gene 'zz'\n")
    assert err.count("no row") == 1


def test_search_says_which_names_are_not_there(run):
    status, out, err = run("search", "x.bb", "b", "zz", "--columns", "name")
    assert (status, out) == (0, b"name\nb\n")
    assert err == "gidx: warning: x.bb: no row has name 'zz'\n"
    assert run("search", "x.bb", "zz") == (1, b"", "gidx: x.bb: no row has name 'zz'\n")


# ── convert ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["bed", "tsv", "parquet", "arrow", "bb"])
def test_convert_goes_there_and_back(run, suffix):
    assert run("convert", "x.bb", f"y.{suffix}") == (0, b"", "")
    options = ["--chromsizes", "sizes"] if suffix in ("bed", "tsv") else []
    assert run("convert", f"y.{suffix}", "z.bb", *options) == (0, b"", "")
    assert gidx.open("z.bb").to_table().to_pylist() == gidx.open("x.bb").to_table().to_pylist()


def test_convert_makes_a_bigbed_as_asked(run, folder):
    (folder / "x.as").write_text(gidx.autosql.bed(4, 2).replace("field6", "points"))
    (folder / "u.bed").write_text("".join(reversed(BED.splitlines(True))))
    options = ["--bed-type", "bed4+2", "--autosql", "x.as", "--extra-index", "name", "--sort"]
    assert run("convert", "u.bed", "y.bb", "--chromsizes", "sizes", *options) == (0, b"", "")
    found = gidx.open("y.bb")
    assert (found.bed_type, found.indexes) == ("bed4+2", ["name"])
    assert found.schema.names[4] == "points"


def test_convert_cuts_rows_and_takes_blocks_that_share_a_base_where_it_is_told(run, folder):
    row = "chr1\t990\t1010\tx\t0\t+\t990\t1010\t0\t2\t6,15,\t0,5,\n"
    (folder / "u.bed").write_text(row)
    to_bigbed = ["convert", "u.bed", "y.bb", "--chromsizes", "sizes"]
    assert "blocks 0 and 1 overlap" in run(*to_bigbed, "--clip")[2]
    assert "past the size of chr1" in run(*to_bigbed, "--allow-1bp-overlap")[2]
    code, _, told = run(*to_bigbed, "--clip", "--allow-1bp-overlap")
    assert (code, "--clip cut 1 row to the end" in told) == (0, True)
    found = gidx.open("y.bb").to_table().to_pylist()[0]
    assert (found["end"], found["thickEnd"], found["blockSizes"]) == (1000, 1000, [6, 5])
    assert "--clip is for bigBed and bigWig" in run("convert", "x.bed", "y.tsv", "--clip")[2]
    assert "--extra-index is for bigBed, y.tsv" in run("convert", "x.bed", "y.tsv",
                                                       "--extra-index", "name")[2]  # fmt: skip
    (folder / "u.bedGraph").write_text("chr1\t950\t1000\t1\nchr1\t1000\t1050\t2\n")
    assert run("convert", "u.bedGraph", "y.bw", "--chromsizes", "sizes", "--clip",
               "--schema", "bedGraph")[0] == 0  # fmt: skip
    assert gidx.open("y.bw").count_rows() == 1


def test_convert_asks_which_values_a_bigwig_has_and_leaves_out_those_that_are_none(run, folder):
    # as bedtools unionbedg has several, and peak callers NaN
    (folder / "u.bed").write_text(
        "#chrom\tstart\tend\ta\tb\nchr1\t0\t5\t1\t2\nchr1\t5\t9\tnan\t4\n"
    )
    to_bigwig = ["convert", "u.bed", "y.bw", "--chromsizes", "sizes"]
    assert "there are a, b; name it with --value" in run(*to_bigwig)[2]
    assert run(*to_bigwig, "--value", "b")[0] == 0
    assert gidx.open("y.bw").to_table()["value"].to_pylist() == [2, 4]
    assert "the value is missing; --invalid drop leaves" in run(*to_bigwig, "--value", "a")[2]
    assert run(*to_bigwig, "--value", "a", "--invalid", "drop")[0] == 0
    assert gidx.open("y.bw").to_table()["value"].to_pylist() == [1]
    assert "--invalid is for bigWig, y.tsv" in run("convert", "x.bed", "y.tsv", "--invalid",
                                                   "drop")[2]  # fmt: skip


def test_convert_takes_regions_and_columns(run):
    options = ["--region", "chr1:11", "--region", "chr2", "--columns", "name", "--no-header"]
    assert run("convert", "x.bed", "-", "--to", "tsv", *options)[1] == b"a\nb\nc\n"


def test_convert_reads_standard_input(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BED.encode())))
    assert run("convert", "-", "-", "--to", "bed") == (0, BED.encode(), "")


def test_a_file_without_an_index_is_read_whole_and_filtered(run):
    assert run("query", "x.bed", "chr1:1-100000", "--count")[0] == 0
    rows = run("query", "x.bed", "chr1:1-100000", "--no-header")[1].count(b"\n")
    assert run("query", "x.bed", "chr1:1-100000", "--count")[1] == f"{rows}\n".encode()


# ── what is wrong ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["query", "nosuch.bb"], "nosuch.bb: no such file or directory"),
        (["convert", ".", "y.tsv"], ".: is a directory"),
        (["query", "x.bed", "1:1-5"], "x.bed: unknown chrom '1'; did you mean 'chr1'?"),
        (["query", "x.bb", "1:5"], "x.bb: unknown chrom '1'; did you mean 'chr1'?"),
        (["query", "x.bb", "chr1:b-c"], "x.bb: region 'chr1:b-c': "),
        (["query", "x.bb", "chr1:9-2"], "x.bb: region 'chr1:9-2': "),
        (["query", "x.bb", "--columns", "nam"], "x.bb: no column 'nam'; did you mean 'name'?"),
        (["query", "x.bb", "--regions-file", "nosuch"], "nosuch: no such file or directory"),
        (["query", "x.bb", "-o", "no/such.tsv"], "no/such.tsv: no such file or directory"),
        (["query", "x.bb", "-o", "y.bed.zst"], "y.bed.zst: "),
        (["search", "x.bb", "b", "--field", "score"], "x.bb: no extra index "),
        (["convert", "x.bed", "y.bb"], "no chromsizes: "),
        (["convert", "x.bed", "y.bb", "--chromsizes", "nosuch"], "nosuch: no such file "),
        (
            ["convert", "x.bed", "y.bb", "--chromsizes", "sizes", "--bed-type", "bed2"],
            "--bed-type ",
        ),
        (["convert", "x.bed", "y.xyz"], "y.xyz: its kind is not known; "),
        (["convert", "nosuch.bed", "y.tsv"], "nosuch.bed: no such file or directory"),
        (["bgzip", "c.bed.gz"], "c.bed.gz is BGZF already; name a target "),
        (["bgzip", "-d", "x.bed"], "x.bed, byte 0: not gzip: "),
        (["bgzip", "-d", "c.bed.gz", "-o", "c.bed.gz"], "c.bed.gz: source and target are the "),
        (["bgzip", "x.bed", "-o", "x.bed"], "x.bed: source and target are the same file; "),
    ],
)
def test_what_is_wrong_is_one_line_and_no_file(run, arguments, message):
    before = sorted(os.listdir())
    status, out, err = run(*arguments)
    assert (status, out) == (1, b"")
    assert err.startswith(f"gidx: {message}")
    assert err.count("\n") == 1
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(("name", "text", "way"), [
    ("x.vcf", "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
              "chr1\t5\t.\tA\tC\t.\t.\tX=1\n", "chrom,start,end,ref"),
    ("x.gff3", "##gff-version 3\nchr1\t.\tgene\t5\t9\t.\t+\t.\tID=g\n", "chrom,start,end,type"),
], ids=["vcf", "gff3"])  # fmt: skip
def test_of_what_a_bigbed_cannot_hold_the_ways_out_work(run, folder, name, text, way):
    (folder / name).write_text(text)
    status, _, err = run("convert", name, "y.bb", "--chromsizes", "sizes")
    assert status == 1
    assert "a bigBed has no place for the maps and missing values of " in err
    assert err.endswith(f" --columns {way}\n")
    for options in (["y.bb", "--columns", way], ["y.bed"]):
        assert run("convert", name, *options, "--chromsizes", "sizes")[0] == 0
    assert run("convert", "y.bed", "z.bb", "--chromsizes", "sizes")[0] == 0
    assert run("query", "z.bb", "--count")[1] == run("query", "y.bb", "--count")[1] == b"1\n"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(run, folder):
    folder.chmod(0o500)
    assert run("convert", "x.bb", "y.tsv") == (1, b"", "gidx: y.tsv: permission denied\n")
    folder.chmod(0o700)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
@pytest.mark.parametrize("kind", ["tsv", "json", "parquet", "arrow"])
def test_a_full_disk_is_an_error(run, kind):
    status, out, err = run("convert", "x.bb", "/dev/full", "--to", kind)
    assert (status, out, err) == (1, b"", "gidx: no space left on device\n")


def test_a_broken_file_is_an_error(run, folder):
    data = (folder / "x.bb").read_bytes()
    (folder / "cut.bb").write_bytes(data[: len(data) // 2])
    status, _, err = run("convert", "cut.bb", "y.parquet")
    assert status == 1
    assert re.fullmatch(r"gidx: cut\.bb, byte \d+: .*\n", err)
    assert not os.path.exists("y.parquet")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["query", "x.bb", "--head", "0"], "'0' is not a number of 1 or more"),
        (["query", "x.bb", "--threads", "many"], "'many' is not a number of 1 or more"),
        (["query", "x.bb", "--format", "xml"], "invalid choice: 'xml'"),
        (["convert", "x.bb"], "required: OUT"),
        (["convert", "x.bb", "-"], "standard output needs --to"),
        (
            ["convert", "x.bb", "y.tsv", "--sort"],
            "--sort is for bigBed, BED, VCF and GFF, y.tsv is tsv",
        ),
    ],
)
def test_wrong_arguments_exit_with_2_and_the_usage(run, arguments, message):
    status, out, err = run(*arguments)
    assert (status, out) == (2, b"")
    assert err.startswith("usage: gidx")
    assert message in err


def test_parquet_is_not_for_a_terminal(run, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    status, out, err = run("query", "x.bb", "--format", "parquet")
    assert (status, out) == (2, b"")
    assert err.endswith("parquet is not for a terminal; pass --output FILE, or pipe it\n")


def test_a_warning_is_one_line(run, folder):
    data = (folder / "x.bb").read_bytes()
    (folder / "w.bb").write_bytes(data.replace(b"char[1] strand", b"uint    strand"))
    status, out, err = run("query", "w.bb", "--format", "json", "--columns", "strand")
    assert (status, len(out.splitlines())) == (0, 3)
    assert re.fullmatch(r"gidx: warning: w\.bb, column strand: 3 values are not uint, .*\n", err)
    assert run("query", "w.bb", "--format", "json", "--errors", "null")[2] == ""
    assert run("query", "w.bb", "--errors", "raise")[0] == 1


# ── help ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command", ["info", "query", "convert", "search", "check", "bgzip", "index", "demo"]
)
def test_help_has_a_description_and_examples_that_parse(run, command):
    status, out, _ = run(command, "--help")
    text = out.decode()
    assert status == 0
    assert text.count("\n\n") >= 3
    examples = [line for line in text.splitlines() if re.match(rf"  (.*\| )?gidx {command}", line)]
    assert examples
    for line in examples:
        words = re.sub(r".*?gidx |  +\S.*| \|.*", "", line.strip()).split()
        cli._parser().parse_args(words)


def test_version_is_that_of_the_package(run):
    assert run("--version") == (0, f"gidx {gidx.__version__}\n".encode(), "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_letters_that_a_terminal_lacks_are_escaped(tmp_path, encoding):
    """In a C locale, or on Windows, a name in a description was a UnicodeEncodeError."""
    declared = 'table t "t"\n(\nstring chrom; "Βήτα"\nuint chromStart; "s"\nuint chromEnd; "e"\n)'
    rows = {"chrom": ["chr1"], "chromStart": [1], "chromEnd": [2]}
    gidx.write_bigbed(rows, tmp_path / "x.bb", {"chr1": 9}, autosql=declared)
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for words in (["info", "x.bb"], ["info", "--help"], ["query", "x.bb", "--format", "json"]):
        process = start(*words, env=environment, cwd=tmp_path, encoding=encoding)
        out, err = process.communicate()
        assert (process.returncode, err) == (0, ""), words
        if words == ["info", "x.bb"]:
            assert r"\u0392\u03ae\u03c4\u03b1" in out


def test_help_loads_neither_kernels_nor_file_systems():
    code = "import sys; sys.argv = ['gidx', '--help']; from gidx.cli import main\n"
    code += "try: main()\nfinally: assert not {'gidx.kernels', 'fsspec'} & {*sys.modules}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ── progress ────────────────────────────────────────────────────────────────────────────────────


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_long_conversion_shows_a_bar_on_a_terminal(monkeypatch):
    pytest.importorskip("tqdm")
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(tuning, "bar_after", 0)
    assert cli.main(["convert", "x.bb", "y.tsv"]) == 0
    assert "/3.00 " in stderr.getvalue()


def test_a_short_one_shows_none(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    assert cli.main(["convert", "x.bb", "y.tsv"]) == 0
    assert stderr.getvalue() == ""


def test_there_is_none_in_a_pipe(run, monkeypatch):
    monkeypatch.setattr(tuning, "bar_after", 0)
    assert run("convert", "x.bb", "y.tsv") == (0, b"", "")


# ── in a process of its own ─────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A bigBed with more rows than a pipe holds."""
    path = tmp_path_factory.mktemp("many") / "many.bb"
    n = 300_000
    table = pa.table({"chrom": ["chr1"] * n, "start": range(n), "end": range(1, n + 1)})
    gidx.write_bigbed(table, path, {"chr1": n})
    return str(path)


@pytest.mark.parametrize("kind", ["tsv", "arrow"])
def test_a_reader_that_goes_away_is_no_error(many, kind):
    with start("query", many, "--format", kind) as process:
        assert process.stdout.buffer.read(20)
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_reader_that_is_gone_before_the_first_row_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "gidx", "query", "x.bb"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_error_in_a_process_is_one_line_and_status_1():
    process = start("query", "nosuch.bb")
    assert process.communicate() == ("", "gidx: nosuch.bb: no such file or directory\n")
    assert process.returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_is_silent_and_leaves_no_file(many, folder):
    reading, writing = os.pipe()  # a conversion that waits for its input
    process = start("convert", "-", "y.tsv", stdin=reading)
    os.write(writing, BED.encode())
    left = array("i", [1])
    while left[0]:  # until it has read what there is
        time.sleep(0.05)
        fcntl.ioctl(reading, termios.FIONREAD, left)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    os.close(reading)
    os.close(writing)
    assert (process.returncode, out, err) == (130, "", "")
    assert not [name for name in os.listdir() if "y.tsv" in name]


# ── check, bgzip, index ─────────────────────────────────────────────────────────────────────────


def test_a_bed_is_compressed_indexed_and_checked(run, folder):
    text = "chr1\t5\t9\ta\nchr1\t7\t90\tb\nchr2\t1\t2\tc\n"
    (folder / "p.bed").write_text(text)
    assert run("bgzip", "p.bed") == (0, b"p.bed.gz\n", "")
    assert run("index", "p.bed.gz") == (0, b"p.bed.gz.tbi\n", "")
    assert run("query", "p.bed.gz", "chr1:8-8", "--no-header")[1].count(b"\n") == 2
    assert run("check", "p.bed.gz") == (0, b"p.bed.gz: bed, 3 rows, index tbi: ok\n", "")
    assert run("info", "p.bed.gz")[0] == 0
    assert run("bgzip", "-d", "p.bed.gz", "-o", "q.bed") == (0, b"q.bed\n", "")
    assert (folder / "q.bed").read_text() == text


def test_info_of_text_without_an_index_says_that_rows_are_not_counted(run, folder):
    (folder / "p.bed").write_text("chr1\t5\t9\ta\n")
    status, out, _ = run("info", "p.bed")
    assert status == 0
    assert re.search(rb"^rows +not counted$", out, re.MULTILINE)


def test_any_table_is_indexed_by_its_columns(run, folder):
    (folder / "t.tsv").write_text("#gene\tchr\tpos\nA\tchr1\t10\nB\tchr1\t20\n")
    run("bgzip", "t.tsv")
    assert run("index", "t.tsv.gz", "--places", "2,3")[0] == 0
    status, out, _ = run("query", "t.tsv.gz", "chr1:20-20", "--no-header")
    assert (status, out) == (0, b"chr1\t19\t20\tB\n")


def test_check_says_what_is_wrong_and_exits_with_1(run, folder):
    (folder / "p.bed").write_text("chr1\t5\t9\ta\t7\nchr1\t7\t90\tb\t8\n")
    assert run("convert", "p.bed", "p.bed.gz")[0] == 0
    assert run("check", "p.bed.gz")[0] == 0
    data = (folder / "p.bed.gz").read_bytes()
    (folder / "p.bed.gz").write_bytes(data[:-28])
    status, _, err = run("check", "p.bed.gz")
    assert status == 1
    assert "no EOF marker" in err


@pytest.mark.parametrize("target", ["c.vcf.gz", "c.bed.gz", "c.gff3.gz", "c.tsv.gz", "c.parquet"])
def test_a_bed_goes_to_any_text_or_says_why_not(run, folder, target):
    status, _, err = run("convert", "x.bed", target)
    if target == "c.vcf.gz":  # it has no REF
        assert status == 1
        assert "ref" in err.lower()
        assert not (folder / target).exists()
    else:
        assert status == 0
        assert run("query", target, "--count")[0] == 0


# ── demo ────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_shows_what_it_runs(run, folder):
    status, out, err = run("demo", "--keep", "kept \033[31m")
    text = out.decode()
    assert (status, err) == (0, "")
    prompts = [line[4:] for line in text.splitlines() if line.startswith((">>> ", "... "))]
    code = [line for line in demo.SESSION.splitlines() if line and not line.startswith("# ")]
    assert prompts == code
    assert "# 5,000 rows, " in text
    assert "'geneName': 'BRCA2'" in text
    assert "\033" not in text
    assert max(map(len, text.splitlines())) <= demo.WIDTH
    made = ["calls.vcf.gz", "calls.vcf.gz.tbi", "genes.bb", "genes.parquet"]
    assert sorted(os.listdir("kept \033[31m")) == made
    assert text.endswith(r"  gidx info 'kept \x1b[31m/genes.bb'" + "\n")
    assert os.getcwd() == str(folder)


def test_the_demo_leaves_nothing_behind(folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = sorted(os.listdir())
    with contextlib.redirect_stdout(io.StringIO()):
        demo.run()
    assert sorted(os.listdir()) == before


def test_made_genes_are_the_same_every_time():
    assert demo.make_genes(50, seed=2).equals(demo.make_genes(50, seed=2))
    assert not demo.make_genes(50, seed=2).equals(demo.make_genes(50, seed=3))


# ── a VCF's lists, and words ────────────────────────────────────────────────────────────────────

LISTS = """\
##fileformat=VCFv4.2
##contig=<ID=1,length=1000000>
##INFO=<ID=AF,Number=A,Type=Float,Description="d">
##FORMAT=<ID=GT,Number=1,Type=String,Description="d">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="d">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	s1	s2
1	5	.	A	G,T	.	PASS	AF=0.5,.	GT:AD:DP	0/1:1,2,0:3	./.
"""


@pytest.fixture
def lists(tmp_path):
    path = tmp_path / "lists.vcf"
    path.write_text(LISTS)
    return str(path)


def test_lists_are_text_as_vcf_has_it(run, lists):
    columns = "start,alt,filter,INFO/AF,FORMAT/DP"
    _, out, _ = run("query", lists, "--columns", columns, "--no-header")
    assert out == b"4\tG,T\tPASS\t0.5,.\t3,.\n"


def test_a_column_for_each_sample(run, lists):
    columns = "start,FORMAT/GT,FORMAT/AD"
    _, out, _ = run("query", lists, "--columns", columns, "--samples-as-columns")
    assert out.splitlines() == [
        b"start\tFORMAT/GT:s1\tFORMAT/GT:s2\tFORMAT/AD:s1\tFORMAT/AD:s2",
        b"4\t0/1\t./.\t1,2,0\t",
    ]


def test_a_vcf_in_its_own_format_keeps_its_header(run, lists):
    assert run("query", lists, "--format", "vcf") == (0, LISTS.encode(), "")


def test_vcf_and_gff_rows_are_bed_rows_with_name_score_and_strand(run, lists):
    asked = ["query", lists, "--no-header", "--format", "bed"]
    assert run(*asked)[1].startswith(b"1\t4\t5\t.\t.\t.\tA\tG,T\tPASS\tAF=0.5,.")
    assert run(*asked, "--columns", "chrom,start,end,id")[1] == b"1\t4\t5\t.\t.\t.\n"


@pytest.mark.parametrize(
    ("asked", "meant"), [("AF", "INFO/AF"), ("GT", "FORMAT/GT"), ("POS", "start")]
)
def test_names_of_the_file_hint_at_the_columns(run, lists, asked, meant):
    status, _, said = run("query", lists, "--columns", asked)
    assert status == 1
    assert f"did you mean '{meant}'?" in said
