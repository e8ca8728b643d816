"""How many of our own functions a small query goes through: what it takes, whatever the machine."""

from __future__ import annotations

import sys
import tracemalloc
from functools import partial

import pysam
import pytest

import gidx

TEXTS = {
    "bed": "chr1\t{start}\t{end}\tname{i}\t5\t+\n",
    "vcf": "chr1\t{end}\trs{i}\tA\tG\t9.5\tPASS\tAC=1;AF=0.5;DB\n",
    "gff": "chr1\tx\tgene\t{end}\t{end}\t.\t+\t.\tID=g{i};Name=n{i};Parent=p,q\n",
}
HEADS = {
    "bed": "",
    "vcf": (
        '##fileformat=VCFv4.3\n##INFO=<ID=AC,Number=A,Type=Integer,Description="">\n'
        '##INFO=<ID=AF,Number=A,Type=Float,Description="">\n'
        '##INFO=<ID=DB,Number=0,Type=Flag,Description="">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    ),
    "gff": "##gff-version 3\n",
}
# Each call costs a query of one region of an open file 1 us or more, of 100 to 200 in all.
# Comprehensions are calls in Python 3.11, and none in later ones.
MOST = 40


@pytest.fixture(params=TEXTS)
def kind(request):
    return request.param


@pytest.fixture
def dataset(kind, tmp_path):
    row = TEXTS[kind]
    rows = (row.format(start=i * 50, end=i * 50 + 1, i=i) for i in range(20_000))
    plain = tmp_path / f"x.{kind}"
    plain.write_text(HEADS[kind] + "".join(rows))
    made = pysam.tabix_index(str(plain), preset=kind, keep_original=True)
    return gidx.open(made)


def calls_of(query) -> int:
    """Calls of gidx's own functions."""
    found = 0

    def note(frame, event, _):
        nonlocal found
        found += event == "call" and "gidx" in frame.f_globals.get("__name__", "")

    sys.setprofile(note)
    try:
        query()
    finally:
        sys.setprofile(None)
    return found


def test_a_query_of_one_region_goes_through_few_functions(kind, dataset):
    region = ("chr1", 500_000, 500_600)
    assert dataset.to_table(region).num_rows == 12
    assert calls_of(lambda: dataset.to_table(region)) < MOST


def test_the_calls_of_a_query_do_not_depend_on_how_many_columns_there_are(kind, dataset):
    region = ("chr1", 500_000, 500_600)
    few = dataset.columns[:5]
    dataset.to_table(region)
    dataset.to_table(region, columns=few)
    every = calls_of(lambda: dataset.to_table(region))
    some = calls_of(lambda: dataset.to_table(region, columns=few))
    # keyed fields are walked once, for all of their columns
    assert every - some <= 20


def contigs(folder, n):
    """A BED of so many contigs, of equal size."""
    plain = folder / f"c{n}.bed"
    rows = range(40_000 // n)
    plain.write_text(
        "".join(f"ctg{c:05d}\t{i * 10}\t{i * 10 + 5}\tn{i}\n" for c in range(n) for i in rows)
    )
    return gidx.open(pysam.tabix_index(str(plain), preset="bed", keep_original=True))


def memory_of(query) -> int:
    """Bytes that are taken for a while, at most."""
    query()
    tracemalloc.start()
    try:
        query()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("region", [(0, 10), (10**6, 10**6 + 10)], ids=["one row", "none"])
def test_a_query_costs_no_more_where_there_are_many_chroms(tmp_path, region):
    few, many = (
        memory_of(partial(contigs(tmp_path, n).to_table, ("ctg00001", *region)))
        for n in (2, 40_000)
    )
    assert many < few + 20_000  # an entry a chrom would be 40 kB at the least
