"""docs/coming-from.md: our calls run, so do theirs, and answers are equal where it says so.

Each section is a table with their calls at the left and ours at the right. A cell holds Python in
spans of code, statements or expressions, or commands behind ``$``. Each side has a folder with the
files that the page describes, and a namespace of its own, through all the tables of a section.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.support.tabix_files import bgzip

import gidx
from gidx import cli
from gidx.binning import TabixIndex

PAGE = Path(__file__).parents[1] / "docs" / "coming-from.md"
NOT_RUN = {"UCSC's programs": "are in no package index", "BGZFLib.jl": "is in Julia"}
MARKS = {"": None, "**=**": True, "**≠**": False}  # whether both give the same


# ── the page ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    same: bool | None


def sections(text: str) -> dict[str, list[Row]]:
    """The rows of each section that has a table."""
    found = {}
    for part in text.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        rows = [line for line in body.splitlines() if line.startswith("|")]
        cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in rows]
        if cells:
            found[title] = [row(*c) for c in cells if c[1].strip() not in ("---", "gidx")]
    return found


def row(theirs: str, ours: str) -> Row:
    left, right = (re.sub(r"`[^`]+`|<br>", "", cell).strip() for cell in (theirs, ours))
    assert left in ("", "–"), theirs
    return Row(spans(theirs), spans(ours), MARKS[right])


def spans(cell: str) -> tuple[str, ...]:
    return tuple(code.replace(r"\|", "|") for code in re.findall(r"`([^`]+)`", cell))


SECTIONS = sections(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_each_tool_and_compares_answers_with_all_that_run():
    words = "pysam tabix pyBigWig pybigtools bioframe polars-bio oxbow Bio.Align Bio.bgzf BGZFLib"
    for word in [*words.split(), "tabixpy", "bx-python", "UCSC"]:
        assert [title for title in SECTIONS if word in title], word
    assert all(row.ours for rows in SECTIONS.values() for row in rows)
    compared = [title for title, rows in SECTIONS.items() if any(row.same for row in rows)]
    assert len(compared) >= len(SECTIONS) - len(NOT_RUN)


# ── the files that it speaks of ─────────────────────────────────────────────────────────────────

SIZES = {"chr1": 248_956_422, "chr2": 242_193_529, "chrX": 156_040_895}
GENES = {
    "chrom": ["chr1", "chr1", "chrX"],
    "start": [12_000, 260_000, 5_000],
    "end": [45_000, 312_500, 9_000],
    "name": ["GENE1", "GENE2", "GENE3"],
    "score": [900, 250, 0],
    "strand": ["+", "+", "-"],
}
BLOCKS = {
    "thickStart": [12_000, 260_000, 5_000],
    "thickEnd": [45_000, 312_500, 9_000],
    "itemRgb": [0xFF0000, 0, 0],
    "blockCount": [2, 1, 2],
    "blockSizes": [[1_000, 3_000], [52_500], [400, 300]],
    "chromStarts": [[0, 30_000], [0], [0, 3_700]],
}
PEAKS = "chr1\t100\t200\ta\nchr1\t20000\t20500\tb\nchr1\t300000\t300100\tc\nchr2\t5\t9\td\n"
CALLS = """\
##fileformat=VCFv4.3
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##contig=<ID=chr1,length=248956422>
##contig=<ID=chr2,length=242193529>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tmother\tchild
chr1\t20001\trs1\tA\tG\t50\tPASS\tAF=0.5;DP=31\tGT\t0/1\t1/1
chr1\t270001\t.\tCT\tC,CTT\t20\tPASS\tAF=0.25,0.125;DP=12\tGT\t0/2\t0/0
chr2\t6001\trs3\tG\tT\t60\tPASS\tAF=0.75;DP=9\tGT\t1/1\t0/1
"""
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
OLD = HEAD + "".join(f"chr1\t{100 * i}\t.\tA\tG\t.\t.\t.\n" for i in range(1, 300))
GFF = """\
##gff-version 3
chr1\thavana\tgene\t12001\t45000\t.\t+\t.\tID=g1;Name=ONE
chr1\thavana\texon\t12001\t13000\t.\t+\t.\tID=e1;Parent=g1
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    with contextlib.chdir(folder):
        Path("chrom.sizes").write_text("".join(f"{k}\t{v}\n" for k, v in SIZES.items()))
        genes, sizes = pd.DataFrame(GENES), Path("chrom.sizes")
        gidx.write_bigbed(genes, "genes.bb", chromsizes=sizes, extra_index=["name"])
        gidx.write_bigbed(genes.assign(**BLOCKS), "transcripts.bb", chromsizes=sizes)
        gidx.write_bed(genes, "genes.bed")
        genes.gidx.pileup().gidx.to_bigwig("depth.bw", sizes)
        texts = {"peaks.bed": PEAKS, "calls.vcf": CALLS, "genes.gff3": GFF}
        for name, text in texts.items():
            Path(name).write_text(text)
            with gidx.bgzf.open(f"{name}.gz", "w", gzi=True) as file:
                file.write(text.encode())
            gidx.build_index(f"{name}.gz")
        Path("old.vcf.gz").write_bytes(bgzip(OLD.encode(), 900))
        gidx.build_index("old.vcf.gz")
        made = TabixIndex.read("old.vcf.gz.tbi")
        none = {"has_pseudo": made.has_pseudo & False, "pseudo": made.pseudo * np.uint64(0)}
        replace(made, **none, n_no_coor=None).write("old.vcf.gz.tbi")
        index = gidx.IntervalIndex()
        index.add("chr1", [100, 150, 300_000], [200, 180, 400_000], [4096, 7000, 9000])
        index.write("maf.index")
    return folder


# ── running it ──────────────────────────────────────────────────────────────────────────────────


def run(cells: Sequence[Sequence[str]], folder: Path) -> list[Any]:
    """What the last span of each cell gives, as `plain` has it."""
    names: dict[str, Any] = {}
    found = []
    with contextlib.chdir(folder):
        for codes in cells:
            value = None
            for code in codes:
                value = command(code[2:]) if code.startswith("$ ") else python(code, names)
            found.append(plain(value))
    return found


def python(code: str, names: dict[str, Any]) -> Any:
    try:
        expression = compile(code, "<coming-from>", "eval")
    except SyntaxError:
        exec(compile(code, "<coming-from>", "exec"), names)
        return None
    return eval(expression, names)


def command(line: str) -> str:
    """What a command prints; gidx runs in this process."""
    words = shlex.split(line)
    if words[0] != "gidx":
        if shutil.which(words[0]) is None:
            pytest.skip(f"{words[0]} is not installed: apt-get install tabix bcftools")
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout
    binary = io.BytesIO()
    printed = io.TextIOWrapper(binary, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(printed):
        assert cli.main(words[1:]) == 0, line
    return binary.getvalue().decode()


def plain(value: Any) -> Any:
    """Texts, and lists of them: rows are lists, and so is a line with tabs."""
    rows = rows_of(value)
    if rows is not None:
        return [plain(row) for row in rows]
    if isinstance(value, str | bytes):
        text = value.decode() if isinstance(value, bytes) else value
        lines = [line.split("\t") if "\t" in line else line for line in text.splitlines()]
        return lines[0] if len(lines) == 1 else lines
    if isinstance(value, tuple):  # a row, whose rest may be one text
        parts = [plain(item) for item in value]
        return [cell for part in parts for cell in (part if isinstance(part, list) else [part])]
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def rows_of(value: Any) -> list[Any] | None:
    """The rows of a frame, the values of a column, the items of what else holds some."""
    if hasattr(value, "read_all"):
        value = value.read_all()
    if isinstance(value, pa.Table):
        return [tuple(row.values()) for row in value.to_pylist()]
    if isinstance(value, pd.DataFrame):
        return list(value.itertuples(index=False, name=None))
    if hasattr(value, "iter_rows"):  # polars
        return list(value.iter_rows())
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(value, method) and not isinstance(value, np.generic):
            return list(getattr(value, method)())
    if isinstance(value, Mapping):
        return sorted(value.items())
    return list(value) if isinstance(value, list) or hasattr(value, "__next__") else None


def agree(theirs: Any, ours: Any) -> bool:
    """Equal, or the rows of one chrom, which theirs leave out."""
    return theirs == ours or (
        isinstance(ours, list)
        and all(isinstance(row, list) for row in ours)
        and theirs == [row[1:] for row in ours]
    )


@pytest.fixture
def folders(files, tmp_path) -> dict[str, Path]:
    return {side: shutil.copytree(files, tmp_path / side) for side in ("theirs", "ours")}


@pytest.mark.parametrize("title", SECTIONS)
def test_our_calls_run(title, folders):
    run([row.ours for row in SECTIONS[title]], folders["ours"])


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("title", SECTIONS)
def test_their_calls_run_and_answers_are_equal_or_differ_as_it_says(title, folders):
    if title in NOT_RUN:
        pytest.skip(f"{title} {NOT_RUN[title]}")
    rows = SECTIONS[title]
    try:
        theirs = run([row.theirs for row in rows], folders["theirs"])
    except ModuleNotFoundError as error:
        pytest.skip(f"{error.name} is not installed")
    ours = run([row.ours for row in rows], folders["ours"])
    for row, left, right in zip(rows, theirs, ours, strict=True):
        assert row.same in (None, agree(left, right)), (row, left, right)
