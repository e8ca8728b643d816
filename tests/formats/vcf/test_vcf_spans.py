"""Where a VCF row ends: what htslib since 1.22 says (vcf.c), by pysam.

VCF 4.5 has the END of <DEL>, <DUP>, <INV> and <CNV> at POS + SVLEN, for POS is the base
before the event. So has htslib's vcf.c; its tbx.c, which tabix and pysam.TabixFile use,
has it a base earlier, so queries of that base lose the row.
"""

from __future__ import annotations

import io
import os
import random
from itertools import product

import pandas as pd
import pysam
import pytest
from tests.support import tabix_files

import gidx
from gidx.errors import GidxWarning

HEAD = (
    '##fileformat=VCFv4.5\n##FILTER=<ID=PASS,Description="All filters passed">\n'
    "##contig=<ID=chr1,length=100000000>\n"
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
    '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Length">\n'
    '##INFO=<ID=XEND,Number=1,Type=Integer,Description="Another">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##FORMAT=<ID=LEN,Number=1,Type=Integer,Description="Length of a block">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
)
ALTS = ("G", "<DEL>", "<DUP>", "<INS>", "<INV>", "<CNV>", "<DEL:ME>", "<DUP:TANDEM>", "<*>",
        "<NON_REF>", "<CNV:TR>", "T]chr1:5]", ".", "<DELX>", "*")  # fmt: skip


def row(r: random.Random, pos: int) -> str:
    ref = "".join(r.choices("ACGT", k=r.choice([1, 1, 1, 5, 40])))
    alts = r.sample(ALTS[:-3], r.randint(1, 3)) if r.random() < 0.8 else [r.choice(ALTS)]
    info = []
    if r.random() < 0.5:
        sizes = [str(r.choice([-300, 20, 7, -7, 0, 900])) for _ in alts]
        info.append("SVLEN=" + ",".join(sizes))
    if r.random() < 0.4:
        info.append(f"END={pos + r.choice([0, 1, 30, 500, 4, 50])}")
    if r.random() < 0.3:
        info.append(f"XEND={pos + 9000}")
    r.shuffle(info)
    keys = r.choice(["GT", "GT:LEN", "LEN:GT", "LEN"])
    samples = []
    for _ in range(2):
        parts = {"GT": "0/1", "LEN": str(r.choice([1, 80, 700]))}
        samples.append(":".join(parts[k] for k in keys.split(":")))
    fields = ["chr1", pos, ".", ref, ",".join(alts), ".", "PASS", ";".join(info) or ".", keys]
    return "\t".join(map(str, [*fields, *samples])) + "\n"


@pytest.mark.parametrize("seed", range(4))
def test_rows_end_where_htslib_says(tmp_path, seed):
    r = random.Random(seed)
    pos, lines = 10, []
    for _ in range(800):
        pos += r.choice([0, 1, 1, 30, 300])
        lines.append(row(r, pos))
    path = tabix_files.write(tmp_path / "a.vcf.gz", HEAD + "".join(lines), "vcf")
    table = gidx.open(path).to_table(columns=["start", "end"])
    with pysam.VariantFile(str(path)) as file:
        expected = [(record.start, record.start + record.rlen) for record in file]
    found = list(zip(*(c.to_pylist() for c in table.columns), strict=True))
    for line, ours, theirs in zip(lines, found, expected, strict=True):
        assert ours == theirs, line
    dataset = gidx.open(path)
    with pysam.TabixFile(str(path)) as oracle:
        for _ in range(200):
            start = r.randrange(pos + 500)
            end = start + r.choice([1, 2, 50, 400])
            ends = dataset.to_table(("chr1", start, end), columns=["end"])["end"].to_pylist()
            last_base = sum(e == start + 1 for e in ends)
            theirs = sum(1 for _ in oracle.fetch("chr1", start, end))
            assert len(ends) - last_base <= theirs <= len(ends)


@pytest.mark.parametrize(
    ("alt", "info", "end"),
    [("<DEL>", "SVLEN=+30", 40), ("<DEL>", "SVLEN=+9;END=+70", 70), ("G", "END=+20", 20)],
)
def test_lengths_may_have_a_plus(tmp_path, alt, info, end):
    path = tmp_path / "a.vcf"
    path.write_text(HEAD + f"chr1\t10\t.\tA\t{alt}\t.\t.\t{info}\tLEN\t+3\t.\n")
    assert gidx.open(path).to_table(columns=["end"])["end"].to_pylist() == [end]
    with pysam.VariantFile(str(path)) as file:
        assert [record.stop for record in file] == [end]


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_frames_without_an_end_end_there_too(seed):
    """Native names, what the header does not declare, and pandas' own reading of INFO's text."""
    r = random.Random(seed)
    text = "".join(row(r, 10 + 40 * i) for i in range(150))
    ends = gidx.read_vcf((HEAD + text).encode())["end"].tolist()
    bare = "".join(line for line in HEAD.splitlines(True) if "=<ID=LEN" not in line)
    bare = "".join(line for line in bare.splitlines(True) if not line.startswith("##INFO"))
    for head, backend in product((HEAD, bare), ("pyarrow", "numpy_nullable", None)):
        native = gidx.read_vcf((head + text).encode(), names="native", dtype_backend=backend)
        assert native.gidx.canonical()["end"].tolist() == ends
    names, text = HEAD.splitlines()[-1].split("\t"), text.replace("LEN\t", "XEN\t")
    text = text.replace(":LEN", ":XEN").replace("LEN:", "XEN:")  # a text FORMAT is not looked at
    ends = gidx.read_vcf((HEAD + text).encode(), errors="null")["end"].tolist()
    plain = pd.read_csv(io.StringIO(text), sep="\t", names=names)
    assert plain.gidx.canonical()["end"].tolist() == ends
    assert plain.iloc[:0].gidx.canonical()["end"].tolist() == []


def stored(text):
    """Not compressed, so that texts of one length are files of one."""
    return tabix_files.block(text.encode(), 0) + tabix_files.EOF


@pytest.mark.parametrize("csi", [False, True])
@pytest.mark.parametrize(
    "row", ["<DEL>\t.\t.\tSVLEN=-300000\tGT\t.\t.", "<*>\t.\t.\t.\tLEN\t.\t300000"]
)
def test_an_index_that_knows_no_lengths_warns(tmp_path, row, csi):
    """Of tabix before 1.22: bcftools#2216 has such a file."""
    text = HEAD + f"chr1\t100\t.\tA\t{row}\nchr1\t250000\t.\tA\tC\t.\t.\t.\tGT\t0\t1\n"
    without = text.replace("SVLEN=-", "OTHER=-").replace("\tLEN", "\tOTH")
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(stored(without))
    pysam.tabix_index(str(path), preset="vcf", csi=csi)
    path.write_bytes(stored(text))
    os.utime(f"{path}.{'csi' if csi else 'tbi'}")
    with pytest.warns(GidxWarning, match=r"a\.vcf\.gz\..*: it lacks rows that end by SVLEN or LEN"):
        assert len(gidx.open(path).to_table("chr1:200,000-200,010")) == 0
    gidx.build_index(path, kind="csi" if csi else "tbi")
    assert len(gidx.open(path).to_table("chr1:200,000-200,010")) == 1
