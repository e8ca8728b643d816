"""Rows past their chrom's end, cut to it: their parts, and what is counted with these.

Oracles: what the rows covered, base by base; and the rule that a row which is refused on a chrom
that holds it is refused where it is cut.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import pandas as pd
import pyarrow as pa
import pybigtools
import pytest
from Bio import Align
from hypothesis import example as for_example
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import strategies

import gidx
from gidx.convert import convert
from gidx.errors import WriteError

BED12 = ["chrom", "start", "end", "name", "score", "strand", "thickStart", "thickEnd", "itemRgb",
         "blockCount", "blockSizes", "chromStarts"]  # fmt: skip
NAMES = [*BED12, "expCount", "expIds", "exonFrames", "labels"]
FURTHER = """
int expCount; "Experiments, which no block has to do with"
int[expCount] expIds; "They"
int[blockCount] exonFrames; "Frames"
string[BLOCKCOUNT] labels; "AutoSQL looks names up without case"
)"""
LISTS = gidx.autosql.bed(12).rstrip().removesuffix(")") + FURTHER


def clipped(rows: list[list[Any]], sizes: dict[str, int], **options: Any) -> list[list[Any]]:
    """What gidx writes of rows of BED12 and further columns."""
    file = io.BytesIO()
    data = pd.DataFrame(rows, columns=NAMES[: len(rows[0])])
    gidx.write_bigbed(data, file, sizes, clip=True, **options)
    return [list(row.values()) for row in gidx.open(file.getvalue()).to_table().to_pylist()]


def test_rows_past_the_end_of_their_chrom_are_cut_to_it_where_that_is_asked(tmp_path):
    rows = pd.DataFrame({"chrom": ["a", "a", "a", "b"], "start": [0, 90, 100, 5],
                         "end": [10, 120, 130, 60], "name": list("wxyz")})  # fmt: skip
    sizes = {"a": 100, "b": 50}
    with pytest.raises(WriteError, match="past the size of a, 100"):
        gidx.write_bigbed(rows, tmp_path / "a.bb", sizes)
    with pytest.warns(gidx.GidxWarning, match=r"cut 2 rows to .* left out 1 that began"):
        gidx.write_bigbed(rows, tmp_path / "a.bb", sizes, clip=True)
    found = gidx.read_bigbed(tmp_path / "a.bb")
    assert found["end"].tolist() == [10, 100, 50]
    assert found["name"].tolist() == ["w", "x", "z"]


@settings(max_examples=20)
@given(strategies.tables())
@for_example(strategies.Table({"a": 5}, [("a", 2, 5, "x"), ("a", 5, 5, "y")]))
def test_rows_that_fit_are_written_alike_where_clipping_is_asked(table):
    rows = pd.DataFrame(table.rows, columns=["chrom", "start", "end", "name"])
    written = []
    for clip in (False, True):
        file = io.BytesIO()
        gidx.write_bigbed(rows, file, table.chroms, clip=clip)
        written.append(file.getvalue())
    assert written[0] == written[1]


@st.composite
def blocked_rows(draw: st.DrawFn) -> list[Any]:
    """A row of bed12 on a chrom of 20 or 2**32 - 1 bases, most often near its end."""
    chrom = draw(st.sampled_from(["a", "b"]))
    gaps = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=4))
    sizes, begins = [gaps[0][1]], [0]
    for gap, size in gaps[1:]:
        begins.append(begins[-1] + sizes[-1] + gap + (not size))
        sizes.append(size)
    if sizes[-1] == 0:  # bedToBigBed wants each to begin before the row's end
        sizes[-1] = 1
    start = {"a": 20, "b": 2**32 - 1}[chrom] + draw(st.integers(-20, 3))
    end = start + begins[-1] + sizes[-1]
    thick = sorted(draw(st.lists(st.integers(start, end), min_size=2, max_size=2)))
    return [chrom, start, end, "x", 0, "+", *thick, "0", len(sizes), sizes, begins]


def covered(row: list[Any]) -> list[tuple[int, int]]:
    """The spans of a row: its thick part, and its blocks."""
    _, start, _, _, _, _, *thick, _, _, sizes, begins = row[:12]
    return [tuple(thick), *((start + b, start + b + n) for b, n in zip(begins, sizes, strict=True))]


@settings(max_examples=25)
@given(st.lists(blocked_rows(), min_size=1, max_size=6), st.sampled_from([list, tuple, str]))
def test_a_row_that_is_cut_covers_what_it_covered_within_its_chrom(rows, kind):
    # bedToBigBed has no -clip; bedClip leaves such rows out
    rows.sort(key=lambda row: row[:2])
    sizes = {"a": 20, "b": 2**32 - 1}
    frame = pd.DataFrame(rows, columns=BED12)
    if kind is str:
        for name in ("blockSizes", "chromStarts"):
            frame[name] = [",".join(map(str, v)) for v in frame[name]]
        frame["end"] = frame["end"].astype(str)
    file = io.BytesIO()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        data = frame if kind is not tuple else pa.Table.from_pandas(frame, preserve_index=False)
        gidx.write_bigbed(data, file, sizes, bed_type="bed12", clip=True)
    found = gidx.open(file.getvalue()).to_table().to_pylist()
    left = [row for row in rows if row[1] < sizes[row[0]] or row[2] <= sizes[row[0]]]
    assert bool(told) == any(row[2] > sizes[row[0]] for row in rows)
    assert len(found) == len(left)
    for new, old in zip((list(row.values()) for row in found), left, strict=True):
        assert new[:2] == old[:2]
        size = sizes[old[0]]
        for spans in zip(covered(new), covered(old), strict=False):
            assert spans[0] == tuple(min(place, size, new[2]) for place in spans[1])
        gone = covered(old)[len(covered(new)) :]
        assert all(start >= size or start == end for start, end in gone)
        assert new[2] == max(end for _, end in covered(new)[1:])


@pytest.mark.filterwarnings("ignore:clip=True cut:gidx.GidxWarning")
def test_parts_that_do_not_fit_their_row_are_refused_where_it_is_cut():
    row = ["chr1", 100, 300, "a", 0, "+", 100, 301, "0", 2, [10, 20], [0, 180]]
    with pytest.raises(WriteError, match="found 301"):
        clipped([row], {"chr1": 290}, bed_type="bed12")
    row[7:] = [200, "0", 2, [10, 20], [0, 181]]
    with pytest.raises(WriteError, match="the last block does not end"):
        clipped([row], {"chr1": 290}, bed_type="bed12")


# ── lists of an item a block ────────────────────────────────────────────────────────────────────


def phases(row: list[Any]) -> dict[int, int]:
    """The place in its codon of each coding base of a row, counted as it is read."""
    coding = [
        base
        for start, end in covered(row)[1:]
        for base in range(max(start, row[6]), min(end, row[7]))
    ]
    read = coding if row[5] == "+" else coding[::-1]
    return {base: i % 3 for i, base in enumerate(read)}


def frames(row: list[Any], known: dict[int, int]) -> list[int]:
    """The frame of each block: where the base of it that is read first has its place, else -1."""
    found = []
    for start, end in covered(row)[1:]:
        here = [base for base in range(max(start, row[6]), min(end, row[7])) if base in known]
        found.append(known[here[0] if row[5] == "+" else here[-1]] if here else -1)
    return found


@st.composite
def genes(draw: st.DrawFn) -> list[Any]:
    """Rows of `blocked_rows` with lists: frames and labels of its blocks, and others."""
    row = draw(blocked_rows())
    row[5] = draw(st.sampled_from("+-"))
    n = row[9]
    return [*row, n, list(range(n)), frames(row, phases(row)), [f"e{i}" for i in range(n)]]


@settings(max_examples=20)
@given(st.lists(genes(), min_size=1, max_size=5), st.booleans(), st.booleans())
@pytest.mark.filterwarnings("ignore:clip=True cut:gidx.GidxWarning")
def test_what_is_counted_with_the_blocks_is_cut_with_them(rows, as_text, recorded):
    rows.sort(key=lambda row: row[:2])
    sizes = {"a": 20, "b": 2**32 - 1}
    shown = [
        [",".join(map(str, v)) if as_text and isinstance(v, list) else v for v in row]
        for row in rows
    ]
    if recorded and not as_text:  # the declaration that came with the data
        file, large = io.BytesIO(), {"a": 2**32 - 1, "b": 2**32 - 1}
        rows = [row for row in rows if row[2] < 2**32]
        if not rows:
            return
        gidx.write_bigbed(pd.DataFrame(rows, columns=NAMES), file, large, autosql=LISTS)
        data, file = gidx.open(file.getvalue()).to_table(), io.BytesIO()
        gidx.write_bigbed(data, file, sizes, clip=True)
        assert "BLOCKCOUNT" in gidx.open(file.getvalue()).autosql
        found = [[*row.values()] for row in gidx.open(file.getvalue()).to_table().to_pylist()]
    else:
        found = clipped(shown, sizes, autosql=LISTS)
    left = [row for row in rows if row[1] < sizes[row[0]] or row[2] <= sizes[row[0]]]
    for new, old in zip(found, left, strict=True):
        n = new[9]
        assert new[12:14] == old[12:14]
        assert new[14] == frames(new, phases(old))
        assert new[15] == old[15][:n]
        assert (n == old[9]) or old[2] > sizes[old[0]]


@st.composite
def broken_rows(draw: st.DrawFn) -> list[Any]:
    """Rows near the end of a chrom of 20 bases, a number of which may be another one."""
    row = draw(genes())
    row[0] = "a"
    away = row[1] - draw(st.integers(1, 19))
    row[1:3], row[6:8] = [row[1] - away, row[2] - away], [row[6] - away, row[7] - away]
    for _ in range(draw(st.integers(0, 2))):
        at, by = draw(st.sampled_from([2, 6, 7, 9, 10, 11, 12, 14, 15])), draw(st.integers(-2, 2))
        if not isinstance(row[at], list):
            row[at] = max(row[at] + by, 0)
        elif at > 12 and by:
            row[at] = (row[at] * 2)[: max(len(row[at]) + by, 0)]
        elif at < 12:
            place = draw(st.integers(0, len(row[at]) - 1))
            row[at] = [v + by * (i == place) for i, v in enumerate(row[at])]
    return row


@settings(max_examples=8)
@given(st.lists(broken_rows(), min_size=15, max_size=15), st.booleans())
@pytest.mark.filterwarnings("ignore:clip=True cut:gidx.GidxWarning")
def test_a_row_that_is_refused_whole_is_refused_where_it_is_cut(rows, lap):
    # each alone on its chrom, so that none is out of order
    data = pd.DataFrame([[f"c{i:02}", *row[1:]] for i, row in enumerate(rows)], columns=NAMES)
    options = {"format": "bigbed", "autosql": LISTS, "allow_1bp_overlap": lap}
    whole, cut = (
        data.gidx.validate(dict.fromkeys(data["chrom"], size), clip=True, **options)
        for size in (1000, 20)
    )
    assert set(cut["row"]) == set(whole["row"])


def test_what_validate_says_is_of_rows_as_they_would_be_cut_and_sorted():
    rows = pd.DataFrame({"chrom": "c", "start": [12, 8, 1, 3], "end": [15, 12, 5, 4],
                         "score": [0, 0, 0, 1001]})  # fmt: skip
    options = {"chromsizes": {"c": 10}, "bed_type": "bed5", "clip": True}
    rows.insert(3, "name", "x")
    with pytest.warns(gidx.GidxWarning, match="cut 1 row .* left out 1 "):
        found = rows.gidx.validate(format="bigbed", sort=True, **options)
    assert found[["row", "column"]].to_numpy().tolist() == [[3, "score"]]
    with pytest.warns(gidx.GidxWarning, match="cut 1 row"):
        found = rows.gidx.validate(format="bigbed", **options)
    assert found[["row", "column"]].to_numpy().tolist() == [[2, "start"], [3, "score"]]
    assert rows.gidx.validate(format="bed", sort=True).empty


def test_other_readers_see_the_lists_that_were_cut(tmp_path):
    genes = pd.DataFrame({
        "chrom": "c", "start": [10, 12], "end": [60, 62], "name": ["x", "y"], "score": 0,
        "strand": ["+", "-"], "thickStart": [15, 15], "thickEnd": [58, 58], "itemRgb": 0,
        "blockCount": 3, "blockSizes": [[10, 10, 10]] * 2, "chromStarts": [[0, 20, 40]] * 2,
        "name2": "g", "cdsStartStat": "cmpl", "cdsEndStat": "cmpl",
        "exonFrames": ["0,2,0", "1,0,0"], "type": "t", "geneName": "G", "geneName2": "H",
        "geneType": "coding",
    })  # fmt: skip
    (tmp_path / "sizes").write_text("c\t38\n")
    path = tmp_path / "a.bb"
    with pytest.warns(gidx.GidxWarning, match="cut 2 rows"):
        gidx.write_bigbed(genes, path, tmp_path / "sizes", autosql="bigGenePred", clip=True)
    found = gidx.open(path).to_table()
    assert found["end"].to_pylist() == [38, 38]
    # of y the bases 38 to 42 went, which were read before those that stay
    assert found["exonFrames"].to_pylist() == [[0, 2], [1, (0 + 4) % 3]]
    records = list(pybigtools.open(str(path)).records("c"))
    assert [r[14] for r in records] == ["0,2,", "1,1,"]
    assert [(r[0], r[1], r[9]) for r in records] == [(10, 38, "10,8,"), (12, 38, "10,6,")]
    with path.open("rb") as file:
        alignments = list(Align.parse(file, "bigbed"))
    assert [a.annotations["exonFrames"] for a in alignments] == [[0, 2], [1, 1]]
    assert [a.coordinates[0].tolist()[-1] for a in alignments] == [38, 38]
    genes.gidx.to_bed(tmp_path / "a.bed", schema="bigGenePred")
    with pytest.warns(gidx.GidxWarning, match="cut 2 rows"):
        convert(tmp_path / "a.bed", tmp_path / "b.bb", chromsizes=tmp_path / "sizes", clip=True,
                autosql="bigGenePred")  # fmt: skip
    assert (tmp_path / "b.bb").read_bytes() == path.read_bytes()
