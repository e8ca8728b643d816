"""Rows as short as rows can be: as many as the kernel has room for, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from gidx.formats.text.dialect import EVERY, Rules
from gidx.kernels.lines import OK, read_lines

SHORTEST = {
    "a chrom and a place": (Rules(0, 1, 1, True, least=2), b"\t1\n"),
    "two columns, no more": (Rules(0, 1, 1, True, least=2, exact=2), b"\t1\n"),
    "bed": (Rules(0, 1, 2, False), b"\t1\t2\n"),
    "vcf": (Rules(0, 1, 1, True, span="vcf", least=8), b"\t1\t\t\t\t\t\t\n"),
    "place first": (Rules(1, 0, 0, False, least=2), b"1\t\n"),
}


@pytest.mark.parametrize("name", SHORTEST)
@pytest.mark.parametrize("n", [1, 2, 7, 1000, 4096])
def test_rows_of_a_chrom_without_a_name_find_room(name, n):
    rules, row = SHORTEST[name]
    text = np.frombuffer(row * n + b"\n", np.uint8)
    begins, stops = np.zeros(1, np.int64), np.array([len(row) * n])
    status, _, _, chrom, start, *_ = read_lines(
        text, begins, stops, np.zeros(1, np.bool_), np.zeros((0, 2), np.int64),
        rules.compiled([b""]), 2, EVERY,
    )  # fmt: skip
    assert status == OK
    assert chrom.tolist() == [0] * n
    assert start.tolist() == [1 - rules.one_based] * n
