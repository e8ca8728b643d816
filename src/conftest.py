"""What the examples in docstrings find: a folder with small files, and the usual names."""

import shutil
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

import gidx

# not in the tests' extra, since it takes 491 MB
collect_ignore = [] if find_spec("pyspark") else ["gidx/spark.py", "gidx/engines/spark.py"]

VCF = """\
##fileformat=VCFv4.3
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##contig=<ID=chr1,length=248956422>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t100\trs1\tA\tG\t50\tPASS\tAF=0.5
chr1\t150\t.\tC\tT,A\t.\tPASS\t.
chr1\t900\t.\tG\tC\t10\tPASS\tAF=0.25
"""
GFF = """\
##gff-version 3
chr1\thavana\tgene\t100\t900\t.\t+\t.\tID=g1;Name=ONE
chr1\thavana\texon\t100\t300\t.\t+\t.\tID=e1;Parent=g1
"""
TEXTS = {
    "peaks.bed.gz": ("chr1\t100\t200\ta\nchr1\t950\t990\tb\nchr2\t5\t9\tc\n", "bed"),
    "calls.vcf.gz": (VCF, "vcf"),
    "genes.gff3.gz": (GFF, "gff"),
    "genes.gtf.gz": ('chr1\thavana\tgene\t100\t900\t.\t+\t.\tgene_id "g1";\n', "gff"),
    "eqtl.tsv.gz": ("#chrom\tpos\tgene\tpvalue\n1\t100\tA1\t0.01\n1\t150\tA2\tNA\n", None),
}


@pytest.fixture(scope="session")
def _examples(tmp_path_factory):
    """The files, made once."""
    folder = tmp_path_factory.mktemp("examples")
    sizes = {"chr22": 50_818_468, "chrX": 156_040_895}
    gidx.write_bigbed(_genes(), folder / "genes.bb", chromsizes=sizes, extra_index=["name"])
    signal = {"chrom": "chr22", "start": [11_999, 12_002], "end": [12_002, 12_050]}
    signal = pd.DataFrame({**signal, "value": [1.5, 0.5]})
    gidx.write_bigwig(signal, folder / "signal.bw", sizes)
    for name, (text, preset) in TEXTS.items():
        with gidx.bgzf.open(folder / name, "w") as file:
            file.write(text.encode())
        places = {"chrom": 1, "start": 2} if preset is None else {}
        gidx.build_index(folder / name, preset=preset, **places)
    return folder


def _genes():
    return pd.DataFrame(
        {
            "chrom": ["chr22", "chr22", "chrX"],
            "start": [12_000, 260_000, 5_000],
            "end": [45_000, 312_500, 9_000],
            "name": ["GENE1", "GENE2", "GENE3"],
            "score": [900, 250, 0],
            "strand": ["+", "+", "-"],
        }
    )


@pytest.fixture(autouse=True)
def _example_files(doctest_namespace, tmp_path_factory, monkeypatch, _examples):
    folder = tmp_path_factory.mktemp("doctest")
    shutil.copytree(_examples, folder, dirs_exist_ok=True)  # an index no older than its data
    monkeypatch.chdir(folder)
    doctest_namespace.update(gidx=gidx, np=np, pd=pd, genes=_genes())
