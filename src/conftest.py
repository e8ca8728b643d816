"""What the examples in docstrings find: a folder with genes.bb, and the usual names."""

import pandas as pd
import pytest

import gidx


@pytest.fixture(autouse=True)
def _example_files(doctest_namespace, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("doctest")
    monkeypatch.chdir(folder)
    genes = pd.DataFrame(
        {
            "chrom": ["chr22", "chr22", "chrX"],
            "start": [12_000, 260_000, 5_000],
            "end": [45_000, 312_500, 9_000],
            "name": ["GENE1", "GENE2", "GENE3"],
            "score": [900, 250, 0],
            "strand": ["+", "+", "-"],
        }
    )
    sizes = {"chr22": 50_818_468, "chrX": 156_040_895}
    gidx.write_bigbed(genes, "genes.bb", chromsizes=sizes, extra_index=["name"])
    doctest_namespace.update(gidx=gidx, pd=pd, genes=genes)
