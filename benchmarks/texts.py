"""Text files to measure on: BED6, VCF sites and genotypes, GFF3. Seeded, made by numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pysam

CHROMS = ("chr1", "chr2", "chr3", "chr4")
INFO = ("AC", "AF", "AN", "DP", "MQ", "DB", "ANN")
ATTRIBUTES = (
    "ID", "Parent", "gene_id", "transcript_id", "gene_type", "gene_name", "exon_number", "level"
)  # fmt: skip

SITES_HEADER = """\
##fileformat=VCFv4.3
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=q10,Description="Quality below 10">
##contig=<ID=chr1,length=250000000>
##contig=<ID=chr2,length=250000000>
##contig=<ID=chr3,length=250000000>
##contig=<ID=chr4,length=250000000>
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Alleles called">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=MQ,Number=1,Type=Float,Description="Mapping quality">
##INFO=<ID=DB,Number=0,Type=Flag,Description="In dbSNP">
##INFO=<ID=ANN,Number=.,Type=String,Description="Annotation">
"""


def _places(rng: np.random.Generator, rows: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """A chrom and a start for each row, sorted."""
    chrom = np.sort(rng.integers(0, len(CHROMS), rows))
    start = np.cumsum(rng.integers(1, step, rows))
    first = np.searchsorted(chrom, np.arange(len(CHROMS)))
    return np.array(CHROMS)[chrom], start - start[np.minimum(first, rows - 1)][chrom] + 1


def bed6(rows: int) -> pd.DataFrame:
    """Peaks with names, scores, strands."""
    rng = np.random.default_rng(1)
    chrom, start = _places(rng, rows, 400)
    return pd.DataFrame(
        {
            "chrom": chrom,
            "start": start,
            "end": start + rng.integers(1, 3000, rows),
            "name": [f"peak_{i}" for i in range(rows)],
            "score": rng.integers(0, 1001, rows),
            "strand": rng.choice(["+", "-"], rows),
        }
    )


def bed6_text(rows: int) -> str:
    """The same as lines."""
    columns = [c.astype(str) for _, c in bed6(rows).items()]
    return "".join("\t".join(row) + "\n" for row in zip(*columns, strict=True))


def sites_text(rows: int) -> str:
    """A VCF of sites with seven INFO fields, some with two alleles."""
    rng = np.random.default_rng(2)
    chrom, start = _places(rng, rows, 900)
    two = rng.random(rows) < 0.08
    bases = rng.choice(list("ACGT"), (rows, 3))
    numbers = rng.integers(1, 5000, (rows, 4))
    floats = rng.random((rows, 4))
    flags = rng.random((rows, 3))
    lines = [SITES_HEADER, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
    for i in range(rows):
        a, b, c = bases[i]
        n, f = numbers[i], floats[i]
        alt = f"{b},{c}" if two[i] else b
        count = f"{n[0]},{n[1]}" if two[i] else f"{n[0]}"
        part = f"{f[0]:.6f},{f[1]:.6f}" if two[i] else f"{f[0]:.6f}"
        name = f"rs{n[2] * 977 + i}" if flags[i, 0] < 0.6 else "."
        lines.append(
            f"{chrom[i]}\t{start[i]}\t{name}\t{a}\t{alt}\t{f[2] * 1000:.2f}\t"
            f"{'PASS' if flags[i, 1] < 0.9 else 'q10'}\tAC={count};AF={part};"
            f"AN={4000 + n[3] % 1000};DP={n[2] * 9};MQ={f[3] * 60:.2f}"
            f"{';DB' if flags[i, 2] < 0.4 else ''};ANN=missense|{n[1]}\n"
        )
    return "".join(lines)


def genotypes_text(rows: int, samples: int) -> str:
    """A VCF of phased genotypes, some missing."""
    rng = np.random.default_rng(3)
    start = np.cumsum(rng.integers(1, 900, rows))
    calls = np.array(["0|0"] * 12 + ["0|1", "1|0", "1|1", "./."])
    names = "\t".join(f"S{i}" for i in range(samples))
    lines = [
        '##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description="All filters passed">\n'
        "##contig=<ID=chr1,length=250000000>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"
    ]
    for i in range(rows):
        row = "\t".join(calls[rng.integers(0, len(calls), samples)])
        lines.append(f"chr1\t{start[i]}\t.\tA\tG\t.\tPASS\t.\tGT\t{row}\n")
    return "".join(lines)


def gff_text(rows: int) -> str:
    """GFF3 exons with eight attributes."""
    rng = np.random.default_rng(4)
    chrom, start = _places(rng, rows, 400)
    sizes = rng.integers(10, 400, rows)
    lines = ["##gff-version 3\n"]
    for i in range(rows):
        g, name = i // 10, f"ENST{i // 10:09d}.1"
        lines.append(
            f"{chrom[i]}\tHAVANA\texon\t{start[i]}\t{start[i] + sizes[i]}\t.\t{'+-'[i & 1]}\t.\t"
            f"ID=exon:{name}:{i % 10};Parent={name};gene_id=ENSG{g // 4:09d}.2;"
            f"transcript_id={name};gene_type=protein_coding;gene_name=GENE{g // 4};"
            f"exon_number={i % 10};level=2\n"
        )
    return "".join(lines)


def write(path: Path, text: str, preset: str) -> str:
    """As BGZF with its TBI, both made by htslib; the plain text beside it."""
    plain = path.with_suffix("")
    plain.write_text(text)
    pysam.tabix_compress(str(plain), str(path), force=True)
    pysam.tabix_index(str(path), preset=preset, force=True)
    return str(path)


def regions(path: str, count: int) -> list[tuple[str, int, int]]:
    """Places of some rows, 2 kb around each."""
    import gidx

    rng = np.random.default_rng(5)
    rows = gidx.open(path).to_table(columns=["chrom", "start"])
    picked = np.sort(rng.choice(rows.num_rows, min(count, rows.num_rows), replace=False))
    table = rows.take(picked)
    return [
        (c, max(s - 1000, 0), s + 1000)
        for c, s in zip(table["chrom"].to_pylist(), table["start"].to_pylist(), strict=True)
    ]
