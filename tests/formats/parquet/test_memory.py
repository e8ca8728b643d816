"""What a conversion to Parquet keeps in memory does not grow with the file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import gidx

ROWS = 12_000  # of about 90 bytes: 1 MB of text, what a scan reads at a time

HEAD = """\
##fileformat=VCFv4.3
##INFO=<ID=AC,Number=A,Type=Integer,Description="Count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##contig=<ID=chr1,length=200000000>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""
CODE = """
import json, sys
import gidx
few, source, target = sys.argv[1:]
def peak():  # in kB
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
gidx.to_parquet(few, target)  # what is imported, and made once
before = peak()
gidx.to_parquet(source, target)
print(json.dumps(peak() - before))
"""


def sites(path, rows):
    with gidx.bgzf.open(path, "w") as file:
        file.write(HEAD.encode())
        for first in range(0, rows, ROWS):
            file.write("".join(
                f"chr1\t{i * 7 + 1}\trs{i * 7919 % 10**8:08}\tA\tG,T\t{i * 31 % 997 / 10}\tPASS\t"
                f"AC={i % 91},{i % 17};AF={i * 13 % 9973 / 10000},0.{i % 811:03};DP={i % 503}\n"
                for i in range(first, min(first + ROWS, rows))
            ).encode())  # fmt: skip
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells the peak")
def test_what_a_file_takes_does_not_grow_with_its_rows(tmp_path):
    """Of ten and of forty times what is read at once; 30 times are 90 MB, as Arrow has the rows."""
    few = sites(tmp_path / "few.vcf.gz", 100)
    taken = {}
    for times in (10, 40):
        path = sites(tmp_path / f"{times}.vcf.gz", times * ROWS)
        words = [sys.executable, "-c", CODE, str(few), str(path), str(tmp_path / "out.parquet")]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        taken[times] = json.loads(done.stdout) / 1024
    # Up to 32 MB are kept for the next columns, so that the first batches seem to take more.
    assert taken[40] < taken[10] + 32
    assert taken[40] < 80
