"""`gidx demo`: a tour for someone with no data at hand.

Makes a small data set of genes and one of variants, writes, queries, searches, sums up
and converts them, and shows each line of Python above what it prints. The lines shown are
the lines run: `SESSION` is a text, read statement by statement.
"""

from __future__ import annotations

import ast
import contextlib
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gidx.errors import visible

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100  # columns of the terminal that the output is made for

SESSION = """
# Genes, made up but for a few; standard BED columns and four of their own
import gidx, gidx.demo, pandas as pd
genes = gidx.demo.make_genes(5_000, seed=1)
genes[["chrom", "start", "end", "name", "strand", "blockCount", "geneName", "tpm"]].head(4)

# Write them as bigBed; geneName gets an index
gidx.write_bigbed(genes, "genes.bb", chromsizes=gidx.demo.HG38, extra_index="geneName")

# Open the file: its columns are typed by the AutoSQL inside
bb = gidx.open("genes.bb")
bb.count_rows(), bb.bed_type, bb.indexes, bb.zoom_levels[:3]
bb.fields.to_pandas()[["name", "declared_type", "indexed"]].tail(8)

# Rows of a region, as a DataFrame; region strings are 1-based and closed, as in samtools
df = gidx.read_bigbed("genes.bb", "chr17:7,000,000-9,000,000")
df[["chrom", "start", "end", "geneName", "geneType", "tpm", "tissueTpm"]]

# Several regions are a union; tuples are 0-based and half-open; only these columns are decoded
regions = ["chr21", ("chrX", 0, 20_000_000)]
df = gidx.read_bigbed("genes.bb", regions, columns=["chrom", "geneType", "tpm"])
df.groupby(["chrom", "geneType"], observed=True)["tpm"].agg(["size", "mean"]).round(1)

# A gene by its name, from the index
bb.find("BRCA2", columns=["chrom", "start", "end", "geneName", "blockCount"]).to_pylist()

# How much of chr1 genes cover, in 12 bins, from the zoom levels
for i, part in enumerate(bb.summary("chr1", bins=12, stat="coverage")):
    print(f"{i * 20.7:6.0f} Mb {part:6.1%} {'#' * round(part * 300)}")

# Variants: a VCF with a header made for it, compressed and indexed in one pass
variants = gidx.demo.make_variants(20_000, seed=2)
gidx.write_vcf(variants, "calls.vcf.gz")
vcf = gidx.open("calls.vcf.gz")
vcf.index
vcf.fields.to_pandas()[["name", "type", "declared_type", "number"]].tail(4)

# Good ones in a gene, typed by the header; a filter is a pyarrow expression
import pyarrow.compute as pc
columns = ["chrom", "start", "id", "ref", "alt", "qual", "INFO/AF", "INFO/DP"]
good = pc.field("qual") > 50
vcf.to_pandas("chr13:32,315,086-32,400,268", columns=columns, filter=good).head(4)

# Convert to Parquet and read that back; types and descriptions stay
gidx.to_parquet("genes.bb", "genes.parquet")
pd.read_parquet("genes.parquet", columns=["chrom", "start", "geneName"]).head(3)
"""

GREETING = """\
A tour of gidx in Python, with data made for it.
The first run on a machine compiles gidx's kernels and takes some 40 s, later ones 3 s."""

AFTERWARDS = """
Where to go from here
  gidx --help                            info, query, convert, index … on the command line
  gidx query FILE.bb chr1:1-1,000,000    rows of your own file, or of one behind a URL
  help(gidx.read_bigbed)                 what each function takes, with examples
"""

HG38 = {
    "chr1": 248_956_422, "chr2": 242_193_529, "chr3": 198_295_559, "chr4": 190_214_555,
    "chr5": 181_538_259, "chr6": 170_805_979, "chr7": 159_345_973, "chr8": 145_138_636,
    "chr9": 138_394_717, "chr10": 133_797_422, "chr11": 135_086_622, "chr12": 133_275_309,
    "chr13": 114_364_328, "chr14": 107_043_718, "chr15": 101_991_189, "chr16": 90_338_345,
    "chr17": 83_257_441, "chr18": 80_373_285, "chr19": 58_617_616, "chr20": 64_444_167,
    "chr21": 46_709_983, "chr22": 50_818_468, "chrX": 156_040_895, "chrY": 57_227_415,
}  # fmt: skip

REAL = [  # where they are in hg38
    ("chr7", 55_019_016, 55_211_628, "EGFR", "+"),
    ("chr13", 32_315_085, 32_400_268, "BRCA2", "+"),
    ("chr17", 7_668_420, 7_687_490, "TP53", "-"),
    ("chr17", 43_044_294, 43_125_364, "BRCA1", "-"),
]
TYPES = ["protein_coding", "lncRNA", "pseudogene"]


def make_genes(n: int = 5_000, seed: int = 1) -> pd.DataFrame:
    """A frame of ``n`` genes, sorted: bed12, then geneName, geneType, tpm, tissueTpm.

    >>> from gidx.demo import make_genes
    >>> make_genes(100).columns[-4:].tolist()
    ['geneName', 'geneType', 'tpm', 'tissueTpm']
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    names, sizes = np.array(list(HG38)), np.array(list(HG38.values()))
    made = n - len(REAL)
    where = rng.choice(len(names), made, p=sizes / sizes.sum())
    length = np.clip(rng.lognormal(9.8, 1.3, made), 300, 1_000_000).astype(np.int64)
    start = (rng.random(made) * (sizes[where] - length)).astype(np.int64)
    letters = np.array(list("ABCDEFGHIKLMNPRSTVWZ"))
    symbols = ["".join(w) + str(i % 40 + 1) for i, w in enumerate(rng.choice(letters, (made, 4)))]
    head = pd.DataFrame(
        {
            "chrom": [*names[where], *(g[0] for g in REAL)],
            "start": [*start, *(g[1] for g in REAL)],
            "end": [*(start + length), *(g[2] for g in REAL)],
            "geneName": [*symbols, *(g[3] for g in REAL)],
            "strand": [*rng.choice(["+", "-"], made), *(g[4] for g in REAL)],
        }
    )
    head["chrom"] = pd.Categorical(head["chrom"], list(HG38))
    head = head.sort_values(["chrom", "start", "end"], ignore_index=True)
    spans = (head["end"] - head["start"]).tolist()
    blocks = [_exons(rng, span) for span in spans]
    tpm = rng.lognormal(1, 1.5, n).round(2)
    types = np.where(
        head["geneName"].isin([g[3] for g in REAL]), 0, rng.choice(3, n, p=[0.5, 0.3, 0.2])
    )
    return pd.DataFrame(
        {
            "chrom": head["chrom"],
            "start": head["start"],
            "end": head["end"],
            "name": [f"GX{i:06}" for i in range(n)],
            "score": np.clip(tpm * 10, 0, 1000).astype(np.int64),
            "strand": head["strand"],
            "thickStart": head["start"],
            "thickEnd": head["end"],
            "reserved": np.where(head["strand"] == "+", "31,119,180", "214,39,40"),
            "blockCount": [len(sizes) for sizes, _ in blocks],
            "blockSizes": [sizes for sizes, _ in blocks],
            "chromStarts": [starts for _, starts in blocks],
            "geneName": head["geneName"],
            "geneType": pd.Categorical(np.array(TYPES)[types], TYPES),
            "tpm": tpm,
            "tissueTpm": [(t * rng.random(3)).round(1).tolist() for t in tpm],
        }
    )


def make_variants(n: int = 20_000, seed: int = 2) -> pd.DataFrame:
    """A frame of ``n`` variants, sorted, every tenth of them in one of a few known genes.

    >>> from gidx.demo import make_variants
    >>> make_variants(100).columns[:6].tolist()
    ['chrom', 'start', 'id', 'ref', 'alt', 'qual']
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    names, sizes = np.array(list(HG38)), np.array(list(HG38.values()))
    where = rng.choice(len(names), n, p=sizes / sizes.sum())
    start = (rng.random(n) * (sizes[where] - 10)).astype(np.int64)
    for i in range(0, n, 10):
        chrom, first, last, *_ = REAL[int(rng.integers(len(REAL)))]
        where[i], start[i] = list(HG38).index(chrom), rng.integers(first, last)
    order = np.lexsort((start, where))
    where, start = where[order], start[order]
    bases = np.array(list("ACGT"))
    ref = rng.integers(4, size=n)
    alt = (ref + rng.integers(1, 4, n)) % 4
    frequency = (rng.random(n) ** 4).round(4)
    return pd.DataFrame(
        {
            "chrom": pd.Categorical(names[where], list(HG38)),
            "start": start,
            "id": [f"rs{i * 7919 % 10**7}" if i % 3 else None for i in range(n)],
            "ref": bases[ref],
            "alt": [[base] for base in bases[alt]],
            "qual": (rng.random(n) * 100).round(1),
            "filter": [["PASS"] if i % 7 else ["lowqual"] for i in range(n)],
            "INFO/AF": [[f] for f in frequency],
            "INFO/DP": rng.integers(5, 90, n),
            "INFO/DB": rng.random(n) < 0.4,
        }
    )


def _exons(rng: np.random.Generator, span: int) -> tuple[list[int], list[int]]:
    """Sizes and starts of blocks: from the first base to the last, apart from each other."""
    count = min(int(rng.integers(1, 12)), max(span // 400, 1))
    cuts = np.linspace(0, span, 2 * count, dtype=np.int64)
    inner = (rng.random(2 * count - 2) * (span / (4 * count))).astype(np.int64)
    cuts[1:-1] += inner
    return (cuts[1::2] - cuts[::2]).tolist(), cuts[::2].tolist()


def run(keep: str | os.PathLike[str] | None = None) -> None:
    """Print the session; its files go to the folder ``keep``, or to one that is removed."""
    import pandas as pd

    with contextlib.ExitStack() as stack:
        if keep is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gidx-demo-"))
        else:
            folder = os.fspath(keep)
            Path(folder).mkdir(parents=True, exist_ok=True)
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(pd.option_context("display.width", WIDTH, "display.max_columns", 20))
        shell = _Shell()
        shell.say(GREETING)
        for part in SESSION.strip().split("\n\n"):
            title, _, code = part.partition("\n")
            shell.title(title)
            began = time.perf_counter()
            shell.run(code)
            for name in ("genes.bb", "calls.vcf.gz"):
                if f'"{name}"' in code and "gidx.write_" in code:
                    shell.wrote(name, time.perf_counter() - began)
    shell.say(AFTERWARDS.rstrip("\n"))
    if keep is not None:
        shell.say(f"  gidx info {visible(shlex.quote(os.path.join(folder, 'genes.bb')))}")


class _Shell:
    """Shows statements as Python's prompt does, and runs them."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {"__name__": "__demo__"}
        self._bold, self._dim, self._plain = "", "", ""
        if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
            self._bold, self._dim, self._plain = "\033[1m", "\033[2m", "\033[0m"

    def say(self, text: str) -> None:
        print(text, flush=True)

    def title(self, text: str) -> None:
        self.say(f"\n{self._dim}{text}{self._plain}")

    def run(self, code: str) -> None:
        """Each statement with its prompt, then what it prints."""
        for source, statement in _statements(code):
            for i, line in enumerate(source):
                self.say(f"{self._bold}{'...' if i else '>>>'} {line}{self._plain}")
            program = compile(ast.Interactive([statement]), "<gidx demo>", "single")
            with _displayed():
                exec(program, self._names)

    def wrote(self, path: str, seconds: float) -> None:
        from gidx import dataset

        rows, size = dataset.open(path).count_rows(), os.path.getsize(path)
        self.say(f"{self._dim}# {rows:,} rows, {size / 1000:,.0f} kB, {seconds:.2f} s{self._plain}")


def _statements(code: str) -> Iterator[tuple[list[str], ast.stmt]]:
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        yield lines[statement.lineno - 1 : statement.end_lineno], statement


@contextlib.contextmanager
def _displayed() -> Iterator[None]:
    """What an expression gives is printed, and not kept in ``builtins._``."""
    before = sys.displayhook
    sys.displayhook = lambda value: None if value is None else print(repr(value), flush=True)
    try:
        yield
    finally:
        sys.displayhook = before
