"""A Dataset in a notebook: what its HTML says, what it escapes, and how little it reads."""

from __future__ import annotations

import gzip
import html as html_words
import re

import pandas as pd
import pytest

import gidx
from gidx.errors import FormatError
from gidx.ground.source import MemorySource
from gidx.ground.tuning import tuning
from gidx.views import notebook as show

ATTACK = "<script>alert('x')</script>"
VCF = f"""\
##fileformat=VCFv4.3
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele <b>frequency</b>">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##contig=<ID=chr1,length=1000>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tONE\t{ATTACK}\tTHREE\tFOUR
chr1\t100\t{ATTACK}\tA\tG,T\t50\tPASS\tAF=0.5,0.1\tGT\t0/1\t1/1\t0/0\t0/1
chr1\t150\t.\tC\tT\t.\tPASS\tAF=0.25\tGT\t0/1\t1/1\t0/0\t0/1
"""


class Recording(MemorySource):
    """Bytes that count how many of them were read."""

    def __init__(self, data, name):
        super().__init__(data, name)
        self.taken = 0

    def read(self, offset, size):
        self.taken += size
        return super().read(offset, size)


def make_genes(n=20, name="gene{}"):
    return pd.DataFrame(
        {
            "chrom": "chr1",
            "start": range(0, 10 * n, 10),
            "end": range(5, 10 * n + 5, 10),
            "name": [name.format(i) for i in range(n)],
            "score": 7,
            "strand": "+",
            "sizes": [list(range(i % 9)) for i in range(n)],
        }
    )


def bigbed(path, frame, **options):
    gidx.write_bigbed(frame, path, chromsizes={"chr1": 10**8}, **options)
    return path.read_bytes()


def words(markup):
    """What a person reads, one cell or line after the other."""
    return " ".join(html_words.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def test_a_bigbed_says_what_it_is_and_shows_its_columns_and_first_rows(tmp_path):
    bigbed(tmp_path / "genes.bb", make_genes())
    shown = words(gidx.open(tmp_path / "genes.bb")._repr_html_())
    assert "genes.bb · bigBed version 4 · 20 rows" in shown
    assert str(tmp_path) not in shown
    assert "1 chrom, 100,000,000 bases: chr1" in shown
    assert "bed type bed6+2" in shown
    assert "strand string + or - for strand" in shown
    assert "chr1 40 45 gene4" in shown
    assert "gene5" not in shown


def test_names_that_look_like_markup_are_text(tmp_path):
    data = bigbed(tmp_path / f"{ATTACK[1:8]}.bb", make_genes(name=ATTACK + "{}"))
    markup = gidx.open(MemorySource(data, "<img src=x>.bb"))._repr_html_()
    assert "<script" not in markup
    assert "<img" not in markup
    assert "<img src=x>.bb" in words(markup)
    assert ATTACK + "0" in words(markup)


def test_a_vcf_counts_its_samples_and_shows_its_descriptions(tmp_path):
    path = tmp_path / "calls.vcf.gz"
    with gidx.bgzf.open(path, "w") as file:
        file.write(VCF.encode())
    gidx.build_index(path)
    markup = gidx.open(path)._repr_html_()
    shown = words(markup)
    assert "calls.vcf.gz · vcf, BGZF · 2 rows" in shown
    assert f"4 samples (ONE, {ATTACK}, THREE, …)" in shown
    assert "INFO/AF list<float> Allele <b>frequency</b>" in shown
    assert "[G, T]" in shown
    assert "[0.5, 0.1]" in shown
    assert "<script" not in markup
    assert "<b>frequency" not in markup


def test_what_is_missing_is_not_what_is_empty(tmp_path):
    path = tmp_path / "calls.vcf"
    path.write_text(VCF)
    assert "chr1 149 150 <NA> C [T] <NA>" in words(gidx.open(path)._repr_html_())


def test_long_texts_lists_and_tables_are_shortened(tmp_path):
    genes = make_genes(name="n" * 200 + "{}")
    genes = genes.assign(**{f"more{i}": i for i in range(60)})
    bigbed(tmp_path / "genes.bb", genes)
    markup = gidx.open(tmp_path / "genes.bb")._repr_html_()
    assert "n" * show.LETTERS not in markup
    assert "n" * 20 + "nnn" in markup
    assert "…" in markup
    shown = words(markup)
    hidden = len(gidx.open(tmp_path / "genes.bb").schema) - show.COLUMNS
    assert f"… and {hidden} more columns" in shown
    assert len(markup) < 40_000


def test_a_list_shows_its_first_values():
    assert show._cell(list(range(9)), 40) == "[0, 1, 2, 3, …]"
    assert show._cell({"a": [1, None], "b": 0.1}, 40) == "a: [1, &lt;NA&gt;], b: 0.1"


@pytest.mark.parametrize("kept", ["header", "most"])
def test_a_damaged_file_shows_what_is_known_and_the_error(tmp_path, monkeypatch, kept):
    monkeypatch.setattr(tuning, "bbi_kept", 0)  # the first block was read before it was damaged
    data = bytearray(bigbed(tmp_path / "genes.bb", make_genes(5000)))
    dataset = gidx.open(MemorySource(bytes(data), "genes.bb"))
    begin = int.from_bytes(data[16:24], "little") + 8
    data[begin : begin + 40] = bytes(40)  # the first block
    if kept == "header":
        data[begin:] = bytes(len(data) - begin)
    dataset._format.source._view = memoryview(bytes(data))
    with pytest.raises(FormatError):
        dataset.head()
    shown = words(dataset._repr_html_())
    assert "genes.bb · bigBed version 4" in shown
    assert "first rows cannot be shown: FormatError: genes.bb, byte " in shown
    assert "strand string + or - for strand" in shown


def test_a_source_that_fails_shows_its_error(tmp_path):
    dataset = gidx.open(MemorySource(bigbed(tmp_path / "genes.bb", make_genes()), "genes.bb"))

    def fail(*_):
        raise OSError("the server is gone <html>")

    dataset._format.source.read = dataset._format.source.read_many = fail
    assert "OSError: the server is gone <html>" in words(dataset._repr_html_())


def test_a_url_is_shown_without_its_query():
    source = MemorySource(b"chr1\t1\t2\n", "https://host/a/peaks.bed?key=secret")
    dataset = gidx.open(source)
    markup = dataset._repr_html_()
    assert "peaks.bed" in markup
    assert "secret" not in markup


def test_of_a_large_bigbed_little_is_read(tmp_path):
    source = Recording(bigbed(tmp_path / "genes.bb", make_genes(60_000)), "genes.bb")
    dataset = gidx.open(source)
    source.taken = 0
    assert "60,000 rows" in words(dataset._repr_html_())
    assert source.taken < 30_000 < source.size / 10


def test_of_a_large_text_file_little_is_read_with_an_index_and_without(tmp_path):
    path = tmp_path / "genes.bed.gz"
    genes = make_genes(100_000).drop(columns="sizes")
    genes["name"] = [f"{i * 2654435761 % 2**32:08x}" for i in range(len(genes))]
    gidx.write_bed(genes, path, index="tbi")
    plain = gzip.decompress(path.read_bytes())
    for data, index in ((path.read_bytes(), tmp_path / "genes.bed.gz.tbi"),
                        (path.read_bytes(), None), (plain, None)):  # fmt: skip
        source = Recording(data, "genes.bed.gz")
        dataset = gidx.open(source, index=index)
        source.taken = 0
        shown = words(dataset._repr_html_())
        assert "chr1 40 45 " + genes["name"][4] in shown
        assert "chr1 50 55" not in shown
        assert ("no index" in shown) == (index is None)
        assert source.taken < 400_000 < source.size


def test_a_file_without_rows_says_so(tmp_path):
    rows = make_genes(1)[["chrom", "start", "end", "name"]].iloc[:0]
    bigbed(tmp_path / "none.bb", rows)
    assert "no rows" in words(gidx.open(tmp_path / "none.bb")._repr_html_())
