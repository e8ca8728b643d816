"""Seeded data for the benchmarks: nothing is fetched."""

from __future__ import annotations

import numpy as np
import pandas as pd

CHROMSIZES = {f"chr{i}": 250_000_000 - 8_000_000 * i for i in range(1, 23)}

BED12_PLUS = """table genes
"bed12 with four columns more"
    (
    string chrom;       "Reference sequence chromosome or scaffold"
    uint   chromStart;  "Start position in chromosome"
    uint   chromEnd;    "End position in chromosome"
    string name;        "Name of item"
    uint   score;       "Score (0-1000)"
    char[1] strand;     "+ or - for strand"
    uint   thickStart;  "Start of where display should be thick"
    uint   thickEnd;    "End of where display should be thick"
    uint   reserved;    "RGB colour"
    int    blockCount;  "Number of blocks"
    int[blockCount] blockSizes;  "Block sizes"
    int[blockCount] chromStarts; "Block starts"
    string geneName;    "Gene name"
    float  expression;  "Expression"
    int[blockCount] exonFrames;  "Frame of each exon"
    enum(coding, noncoding, pseudo) kind; "Kind of transcript"
    )
"""


def bed6(rows: int = 2_000_000, seed: int = 7) -> pd.DataFrame:
    """Peaks over 22 chroms in natural order, sorted by start."""
    rng = np.random.default_rng(seed)
    frame = _positions(rng, rows, low=50, high=5_000)
    frame["name"] = pd.array([f"peak_{i}" for i in range(len(frame))], "string[pyarrow]")
    frame["score"] = rng.integers(0, 1001, len(frame))
    frame["strand"] = pd.array(rng.choice(["+", "-"], len(frame)), "string[pyarrow]")
    return frame


def bed12_plus(rows: int = 500_000, seed: int = 8) -> pd.DataFrame:
    """Genes with one to nine blocks, and four columns more, two of them lists of blocks."""
    rng = np.random.default_rng(seed)
    frame = _positions(rng, rows, low=2_000, high=60_000)
    n = len(frame)
    blocks = rng.integers(1, 10, n)
    start, end = frame["start"].to_numpy(), frame["end"].to_numpy()
    step = (end - start) // blocks
    sizes = [[int(s // 2)] * (b - 1) for s, b in zip(step, blocks, strict=True)]
    starts = [[int(s) * k for k in range(b)] for s, b in zip(step, blocks, strict=True)]
    for i, sized in enumerate(sizes):
        sized.append(int(end[i] - start[i] - starts[i][-1]))
    frame["name"] = pd.array([f"ENST{i:011d}.1" for i in range(n)], "string[pyarrow]")
    frame["score"] = rng.integers(0, 1001, n)
    frame["strand"] = pd.array(rng.choice(["+", "-"], n), "string[pyarrow]")
    frame["thickStart"], frame["thickEnd"] = start, end
    frame["reserved"] = rng.choice([0, 0xFF0000, 0x0000FF], n)
    frame["blockCount"] = blocks
    frame["blockSizes"] = sizes
    frame["chromStarts"] = starts
    frame["geneName"] = pd.array([f"GENE{i // 4}" for i in range(n)], "string[pyarrow]")
    frame["expression"] = np.round(rng.exponential(20, n), 3).astype("float32")
    frame["exonFrames"] = [rng.integers(-1, 3, b).tolist() for b in blocks]
    frame["kind"] = pd.array(rng.choice(["coding", "noncoding", "pseudo"], n), "string[pyarrow]")
    return frame


def regions(count: int, seed: int = 9, width: int = 20_000) -> list[tuple[str, int, int]]:
    """Regions all over the genome, 0-based half-open."""
    rng = np.random.default_rng(seed)
    chroms = rng.choice(list(CHROMSIZES), count)
    starts = [int(rng.integers(0, CHROMSIZES[c] - width)) for c in chroms]
    return [(str(c), s, s + width) for c, s in zip(chroms, starts, strict=True)]


def _positions(rng: np.random.Generator, rows: int, low: int, high: int) -> pd.DataFrame:
    each = np.full(len(CHROMSIZES), rows // len(CHROMSIZES))
    each[: rows % len(CHROMSIZES)] += 1
    parts = []
    for (chrom, size), n in zip(CHROMSIZES.items(), each, strict=True):
        start = np.sort(rng.integers(0, size - high, n))
        end = start + rng.integers(low, high, n)
        parts.append(pd.DataFrame({"chrom": chrom, "start": start, "end": end}))
    frame = pd.concat(parts, ignore_index=True)
    frame["chrom"] = frame["chrom"].astype("string[pyarrow]")
    return frame
