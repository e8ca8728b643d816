"""What people reported of other libraries of intervals in frames, rebuilt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def frame(rows: list[tuple], *names: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["chrom", "start", "end", *names])


def test_a_left_join_with_one_row_keeps_categories_of_both():
    """pyranges0#342: TypeError, a categorical with other categories; a second row mended it."""
    left = frame([("chr1", 3, 4, "+"), ("chr1", 8, 9, "-"), ("chr1", 12, 13, "+")], "strand")
    right = frame([("chr1", 6, 10, "-")], "strand")
    kinds = {"chrom": "category", "strand": "category"}
    found = left.astype(kinds).gidx.join(right.astype(kinds), how="left")
    assert found["strand_other"].cat.categories.tolist() == ["-"]
    assert found["start_other"].isna().tolist() == [True, False, True]
    assert found["chrom"].dtype == "category"


def test_a_strand_that_is_not_known_has_no_neighbour_upstream():
    """pyranges0#404: KeyError '.' where the strand is looked at."""
    rows = frame([("chr1", 50, 60, "+"), ("chr1", 50, 60, "."), ("chr1", 50, 60, "-")], "strand")
    other = frame([("chr1", 10, 20), ("chr1", 90, 99)])
    found = rows.gidx.nearest(other, direction="upstream", how="left")
    assert found["start_other"].tolist() == [10, pd.NA, 90]


def test_upstream_of_the_reverse_strand_is_to_the_right():
    """pyranges1#162: nearest_ranges looked at no strand."""
    row = frame([("chr1", 100, 120, "-")], "Strand")
    other = frame([("chr1", 10, 20), ("chr1", 200, 210)])
    found = {
        way: row.gidx.nearest(other, direction=way, strand="Strand")["start_other"].tolist()
        for way in ("upstream", "downstream")
    }
    assert found == {"upstream": [200], "downstream": [10]}


@pytest.mark.parametrize("labels", [None, [7, 7, 7, 3]])
def test_counts_of_several_chroms_are_on_the_frames_own_labels(labels):
    """pyranges0#184, #199: IndexError by labels as places; #228: the text 'Count' as a count."""
    rows = frame([("chr2", 0, 9), ("chr1", 6, 12), ("chr1", 10, 20), ("chr1", 22, 27)])
    rows.index = rows.index if labels is None else pd.Index(labels)
    other = frame([("chr1", 12, 32, "."), ("chr1", 14, 30, "x")], "name")
    found = rows.gidx.count(other)
    assert found.tolist() == [0, 0, 2, 2]
    assert found.index.equals(rows.index)
    assert found.dtype == np.int64


@pytest.mark.parametrize("kind", ["int32", "uint32", "Int64", "float64"])
def test_positions_of_other_widths_and_chroms_that_only_one_has_are_joined(kind):
    """pyranges0#177: buffer dtype mismatch, of contigs that the other frame lacks."""
    left = frame([("chr5_random", 1, 2), ("chr1", 5, 9)]).astype({"start": kind, "end": kind})
    right = frame([("chr1", 6, 7), ("chrUn", 1, 2)]).astype({"start": "int64"})
    assert left.gidx.join(right, how="left")["start_other"].tolist() == [pd.NA, 6]


@pytest.mark.parametrize("shift", [0, 3_000_000_000, 2**40])
def test_positions_above_31_bits_are_not_turned_round(shift):
    """ncls#38: rows of 4,000,000,000 and more, of which it found the first alone."""
    rows = frame([("chr1", 10**9, 11 * 10**8), ("chr1", 101 * 10**7, 102 * 10**7)])
    rows[["start", "end"]] += shift
    at = 1_010_000_001 + shift
    assert rows.gidx.query(("chr1", at, at + 1)).equals(rows)
    assert rows.gidx.count(rows).tolist() == [2, 2]


def test_a_point_and_a_segment_meet_whoever_is_asked():
    """bioframe#183: the segment overlapped the point, the point overlapped nothing, not itself."""
    point, segment = frame([("chr1", 1, 1)]), frame([("chr1", 1, 2)])
    for one in (point, segment):
        for other in (point, segment):
            assert len(one.gidx.join(other)) == 1
            assert one.gidx.nearest(other)["distance"].tolist() == [0]


def test_a_join_makes_no_objects_of_numbers():
    """bioframe#46: pd.NA that no astype(float) took, and all columns objects."""
    bins = frame([("chr1", 0, 10, 0.5), ("chr1", 10, 20, np.nan)], "weight")
    values = frame([("chr1", 2, 3, 1.5)], "value")
    found = bins.gidx.join(values, how="left")
    assert found["value"].dtype == found["weight"].dtype == np.float64
    assert found["start"].dtype == np.int64
    assert found.groupby("chrom")["value"].mean().tolist() == [1.5]


@pytest.mark.parametrize("direction", ["left", "right", "both"])
def test_rows_without_a_neighbour_are_kept_where_it_is_asked(direction):
    """bioframe#185, bedtools2#1071: fewer rows than there were, by options or by chroms."""
    rows = frame([("chr1", 0, 5), ("chrX", 0, 5), ("chr1", 90, 95)])
    other = frame([("chr1", 40, 50)])
    found = rows.gidx.nearest(other, direction=direction, how="left")
    assert found["start"].tolist() == [0, 0, 90]
    there = {
        "left": [False, False, True],
        "right": [True, False, False],
        "both": [True, False, True],
    }
    assert found["distance"].notna().tolist() == there[direction]


@pytest.mark.parametrize("chrom", ["chrom", "seqid"])
def test_a_row_of_one_base_is_counted_near_and_covered_in_either_system(chrom):
    """polars-bio#450: 11, 12 or 13 bases of one span; rows of one base were passed over."""
    shift = int(chrom == "seqid")

    def told(rows: list[tuple]) -> pd.DataFrame:
        found = frame(rows).rename(columns={"chrom": chrom})
        return found.assign(start=found["start"] + shift)

    span, snv = told([("chr1", 10, 21)]), told([("chr1", 15, 16)])
    for target in (span, told([("chr1", 0, 99)]), told([("chr1", 0, 15), ("chr1", 15, 30)])):
        assert span.gidx.coverage(target).tolist() == [11]
    assert snv.gidx.count(span).tolist() == span.gidx.count(snv).tolist() == [1]
    assert snv.gidx.nearest(span)["distance"].tolist() == [0]
    assert span.gidx.nearest(told([("chr1", 24, 25)]))["distance"].tolist() == [3]


def test_a_row_that_overlaps_is_nearer_than_one_that_abuts():
    """IRanges#57, bumphunter#20: both are 0 bases away, and an arbitrary one was the nearest."""
    row, other = frame([("chr1", 3, 5)]), frame([("chr1", 1, 3), ("chr1", 3, 6), ("chr1", 5, 7)])
    for ties in ("first", "all"):
        assert row.gidx.nearest(other, ties=ties)["start_other"].tolist() == [3]
    beside = row.gidx.nearest(other, ties="all", overlapping=False)
    assert beside["start_other"].tolist() == [1, 5]
    assert beside["distance"].tolist() == [0, 0]


def test_ties_are_of_the_side_that_is_looked_at():
    """bedtools2#157: a tie of the other side was told; #471: k rows of a side were not."""
    row = frame([("chr1", 10, 20, "-")], "strand")
    other = frame([("chr1", 8, 9), ("chr1", 21, 22), ("chr1", 25, 26), ("chr1", 30, 31)])
    found = row.gidx.nearest(other, direction="right", ties="all")
    assert found["start_other"].tolist() == [21]
    found = row.gidx.nearest(other, 3, direction="upstream")
    assert found["start_other"].tolist() == [21, 25, 30]
    assert found["distance"].tolist() == [1, 5, 10]


@pytest.mark.parametrize("kind", ["uint64", "UInt64"])
def test_unsigned_positions_are_not_compared_as_signed_ones(kind):
    """pandas#30365: -20 was in an interval of unsigned numbers."""
    rows = frame([("chr1", 0, 2**40)]).astype({"start": kind, "end": kind})
    with pytest.raises(ValueError, match="start -20 is negative"):
        rows.gidx.query(("chr1", -20, -10))
    other = frame([("chr1", 2**40 - 1, 2**40)])
    assert rows.gidx.join(other, overlap=True)["overlap"].tolist() == [1]


def test_rows_are_found_whatever_order_the_categories_are_in():
    """pyranges0#159: nothing was found until the frame was made anew."""
    rows = frame([("1", 5, 9), ("X", 5, 9)]).astype({"chrom": pd.CategoricalDtype(["Y", "X", "1"])})
    some = rows[rows["chrom"] == "1"]
    exons = frame([("1", 1, 6), ("2", 1, 6), ("X", 8, 9)]).astype({"chrom": "category"})
    assert some.gidx.count(exons).tolist() == [1]
    assert exons.gidx.count(some).tolist() == [1, 0, 0]


def test_where_nothing_overlaps_all_rows_are_left():
    """BPCells#219: no row to leave out left out all of them."""
    rows = frame([("chr1", 0, 5), ("chr1", 9, 12)])
    none = rows.iloc[:0]
    for other in (none, frame([("chr1", 5, 9)])):
        assert rows[~rows.gidx.overlaps(other)].equals(rows)
    assert len(rows.gidx.nearest(none)) == 0
    assert len(rows.gidx.nearest(frame([("chr1", 5, 9)]), overlapping=False)) == 2
