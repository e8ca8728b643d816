"""Bytes that part texts are looked for 64 at a time, digits 8 at a time: wherever they stand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gidx

# what neither ends a field, nor is one's end in any of the formats
LETTERS = "".join(map(chr, [1, 8, 11, 31, 65, 122, 126]))
word = st.integers(0, 140).flatmap(lambda n: st.text(LETTERS, min_size=n, max_size=n))
words = st.lists(word, max_size=12)


def read(text: str, **options: Any) -> pa.Table:
    return gidx.open(text.encode(), **options).to_table(errors="null")


@settings(max_examples=30)
@given(words)
def test_fields_of_rows(names):
    rows = "".join(f"chr1\t{i}\t{i + 1}\t{name}\t0\n" for i, name in enumerate(names))
    table = read(rows + "chr1\t99\t100\tlast\t0\n")
    assert table["name"].to_pylist() == [*names, "last"]


@given(st.lists(st.dictionaries(st.sampled_from(["AC", "A", "ACC", "X"]), word), max_size=6))
def test_keys_of_info(rows):
    header = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    said = [";".join(f"{k}={v or 'v'}" for k, v in row.items()) or "." for row in rows]
    text = "".join(f"1\t{i + 1}\t.\tA\tC\t.\t.\t{info}\n" for i, info in enumerate(said))
    found = read(header + text + "1\t99\t.\tA\tC\t.\t.\t.\n")["INFO"]
    expected = [{k: v or "v" for k, v in row.items()} for row in rows]
    assert [dict(row) if row else {} for row in found.to_pylist()] == [*expected, {}]


@given(st.lists(st.dictionaries(st.sampled_from(["ID", "I", "IDD", "X"]), word), max_size=6))
def test_keys_of_attributes(rows):
    said = [";".join(f"{k}={v}" for k, v in row.items()) or "." for row in rows]
    text = "".join(f"1\t.\tx\t{i + 1}\t{i + 1}\t.\t+\t.\t{a}\n" for i, a in enumerate(said))
    last = "1\t.\tx\t99\t99\t.\t+\t.\tID=%41\n"
    table = read("##gff-version 3\n" + text + last, attributes=["ID", "X"])
    assert table["ID"].to_pylist() == [*(row.get("ID") for row in rows), "A"]
    assert table["X"].to_pylist() == [*(row.get("X") for row in rows), None]


@settings(max_examples=30)
@given(st.lists(st.from_regex(r"-?[0-9]{1,21}|[0-9]{0,17}[ /:;+.x][0-9]{0,17}", fullmatch=True)))
def test_integers_of_any_length(texts):
    rows = "".join(f"c\t{i}\t{i + 1}\t{t}\n" for i, t in enumerate(texts))
    found = read(rows + "c\t99\t100\t7\n", types={"name": "int64"})["name"].to_pylist()
    assert found == [*(_integer(t) for t in texts), 7]


@pytest.mark.parametrize("digits", [1, 7, 8, 9, 15, 16, 17, 18])
def test_positions_wherever_they_stand(digits):
    place = int("123456789012345678"[:digits])
    found = read("".join(f"c{'h' * n}\t{place}\t{place + 1}\n" for n in range(18)))
    assert found["start"].to_pylist() == [place] * 18
    assert found["end"].to_pylist() == [place + 1] * 18


def _integer(text: str) -> int | None:
    whole = text.removeprefix("-").isdigit() and -(2**63) <= int(text) < 2**63
    return int(text) if whole else None
