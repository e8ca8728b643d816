"""How columns of intervals are recognised, by name or because somebody said so."""

from __future__ import annotations

import json
import re

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from pandas.testing import assert_frame_equal
from tests.support.frames import CONVENTIONS, TEXTS, build, rows

import gidx
from gidx.errors import ColumnError, GidxWarning
from gidx.ground import conventions
from gidx.ground.conventions import ONE_BASED, ZERO_BASED, Roles, recognise, roles_of

# ── the table ───────────────────────────────────────────────────────────────────────────────────

TABLE = [
    (["chrom", "start", "end"], 0, "gidx"),
    (["chrom", "chromStart", "chromEnd", "name"], 0, "UCSC"),
    (["#chrom", "chromStart", "chromEnd"], 0, "UCSC"),
    (["name", "chrom", "strand", "txStart", "txEnd"], 0, "UCSC genePred"),
    (["swScore", "genoName", "genoStart", "genoEnd", "strand"], 0, "UCSC RepeatMasker"),
    (["#chrom", "start", "end"], 0, "BED"),
    (["Chromosome", "Start", "End", "Strand"], 0, "PyRanges"),
    (["seqid", "source", "type", "start", "end"], 1, "GFF3"),
    (["seqname", "source", "feature", "start", "end"], 1, "GTF"),
    (["seqnames", "start", "end", "width", "strand"], 1, "GRanges"),
    (["Hugo_Symbol", "Chromosome", "Start_Position", "End_Position"], 1, "MAF"),
    (["CHROM", "POS", "ID", "REF", "ALT"], 1, "VCF"),
    (["#CHROM", "POS", "ID", "REF", "ALT"], 1, "VCF"),
    (["chrom", "pos", "pvalue"], 1, "a table of positions"),
    (["CHR", "SNP", "BP", "P"], 1, "a table of positions"),
    (["chromosome", "base_pair_location", "beta"], 1, "a table of positions"),
]


@pytest.mark.parametrize(("columns", "base", "by"), TABLE)
def test_columns_are_recognised_as_the_table_says(columns, base, by):
    found = recognise(columns)
    assert found.by == by
    assert found.shift == base
    assert found.coordinates == (ONE_BASED if base else ZERO_BASED)
    assert set(found.names) <= set(columns)
    assert recognise(reversed(columns)) == found
    assert recognise([*columns, "score", 5, None, ("a", "b")]) == found


def test_the_docstrings_table_is_what_is_recognised():
    table: list[list[str]] = []
    for line in (conventions.__doc__ or "").split("=\n")[2].splitlines()[:-1]:
        columns, count = line[:31].strip(), line[31:60].strip()
        if count:
            table.append([columns, count])
        else:  # the line before goes on
            table[-1][0] += f" {columns}"
    assert len(table) == 15
    for columns, count in table:
        names = columns.split(", and ")[0].split(", ")
        if count == "nobody knows":
            with pytest.raises(ColumnError, match="some count from 0"):
                recognise(names)
        else:
            assert recognise(names).shift == int(count[0]), columns


def test_canonical_names_win_over_whatever_else_is_there():
    assert recognise(["chromStart", "chromEnd", "chrom", "start", "end", "pos"]).by == "gidx"


def test_an_interval_wins_over_a_position():
    assert recognise(["chrom", "pos", "chromStart", "chromEnd"]).names == (
        "chrom",
        "chromStart",
        "chromEnd",
    )


def test_vcf_rows_are_as_long_as_ref_if_there_is_one():
    assert recognise(["CHROM", "POS", "REF"]).ref == "REF"
    assert recognise(["CHROM", "POS"]).ref is None
    frame = pd.DataFrame({"CHROM": ["1", "1"], "POS": [10, 20], "REF": ["ACGT", "A"]})
    assert frame.gidx.count([("1", 12, 13), ("1", 13, 14), ("1", 19, 20)]).tolist() == [1, 1]
    assert frame.drop(columns="REF").gidx.count(("1", 9, 13)).sum() == 1
    frame["INFO"] = ["DP=1;END=16", "."]
    assert frame.gidx.count(("1", 15, 16)).sum() == 1


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_pandas_polars_and_arrow_are_recognised_alike(make):
    frame = make({"seqid": ["a"], "start": [1], "end": [2]})
    assert roles_of(frame) == Roles("seqid", "start", "end", ONE_BASED, by="GFF3")


def test_a_role_says_itself_in_words():
    assert str(recognise(["CHROM", "POS", "REF"])) == (
        "chrom='CHROM', start='POS', end=the length of 'REF', 1-based closed (VCF)"
    )
    assert "end=1 base" in str(recognise(["chrom", "pos"]))


# ── what cannot be told ─────────────────────────────────────────────────────────────────────────


def test_two_readings_are_an_error_that_lists_both():
    with pytest.raises(ColumnError) as caught:
        recognise(["chrom", "chromStart", "chromEnd", "txStart", "txEnd"])
    for part in ("start='chromStart', end='chromEnd'", "start='txStart', end='txEnd'", "gidx.set("):
        assert part in str(caught.value)


def test_two_columns_of_positions_are_an_error_that_lists_both():
    with pytest.raises(ColumnError, match=r"'pos'.*'BP'"):
        recognise(["chrom", "pos", "BP"])


@pytest.mark.parametrize(
    "columns",
    [
        ["chr", "start", "end"],
        ["Chr", "Start", "End"],
        ["CHR", "START", "END"],
        ["chromosome", "start", "stop"],
        ["CHROM", "START", "END"],
        ["Chromosome", "start", "end"],
    ],
)
def test_columns_of_which_nobody_knows_what_they_count_from_have_to_be_said(columns):
    frame = pd.DataFrame([["chr1", 100, 200]], columns=columns)
    with pytest.raises(ColumnError, match="some count from 0 and others from 1") as caught:
        frame.gidx.query("chr1")
    # the way out works as it is written
    said = re.search(r"df\.(gidx\.set\(.*coords='0-based'\))", str(caught.value))
    assert said
    eval(f"frame.{said[1]}", {"frame": frame})
    assert len(frame.gidx.query(("chr1", 199, 200))) == 1
    assert len(frame.gidx.query(("chr1", 99, 100))) == 0
    assert frame.gidx.set(coords="1-based") is frame
    assert len(frame.gidx.query(("chr1", 99, 100))) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([], "among none"),
        (["name"], "among 'name'; name them with df.gidx.set"),
        (["chrom", "start", "ends"], "did you mean 'ends'"),
        (["chrom", "strat", "end"], "did you mean 'strat'"),
        ([("chrom", ""), ("start", ""), ("end", "")], "among ('chrom', ''), "),
        ([0, 1, 2], "among 0, 1, 2;"),
        ([f"c{i}" for i in range(20)], "'c11', …"),
    ],
)
def test_columns_of_no_intervals_are_an_error_that_shows_them(columns, message):
    frame = pd.DataFrame([range(len(columns))], columns=pd.Index(columns, tupleize_cols=False))
    with pytest.raises(ColumnError, match=re.escape(message)):
        frame.gidx.query("chr1")


# ── set ─────────────────────────────────────────────────────────────────────────────────────────


def odd_frame() -> pd.DataFrame:
    return pd.DataFrame({"where": ["chr1", "chr2", "chr1"], "from": [101, 5, 1], "to": [200, 9, 5]})


def said(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.gidx.set("where", "from", "to", coords="1-based")


def test_set_notes_what_columns_mean_in_the_frame_itself():
    frame = odd_frame()
    assert said(frame) is frame
    assert frame.gidx.query(("chr1", 100, 101)).index.tolist() == [0]
    frame.gidx.set("where", "from", "to", coords="0-based")
    assert frame.gidx.query(("chr1", 100, 101)).empty
    assert frame.gidx.query(("chr1", 101, 102)).index.tolist() == [0]


def test_without_an_end_a_row_is_one_base():
    frame = odd_frame().gidx.set("where", "from", coords="1-based")
    assert frame.gidx.count([("chr1", 100, 101), ("chr1", 101, 102)]).sum() == 1
    assert (
        frame.gidx.set("where", "from", coords="0-based").gidx.count(("chr1", 101, 102)).sum() == 1
    )


@pytest.mark.parametrize(
    "step",
    [
        lambda df: df[df["to"] > 0],
        lambda df: df.iloc[:2],
        lambda df: df.sort_values("from"),
        lambda df: df.copy(),
        lambda df: df.assign(score=1),
        lambda df: df.reset_index(drop=True),
        lambda df: df.convert_dtypes(),
        lambda df: df.gidx.query(["chr1", "chr2"]),
        lambda df: df.gidx.sort(),
        lambda df: df.gidx.join(df),
        lambda df: df.gidx.nearest(df),
        lambda df: pd.concat([df, df]),
        lambda df: pd.concat([df, said(odd_frame())], ignore_index=True),
    ],
)
def test_what_was_said_holds_for_all_that_is_made_from_the_frame(step):
    frame = step(said(odd_frame()))
    assert frame.gidx.count(("chr1", 100, 101)).sum() == frame["from"].tolist().count(101) > 0


def test_frames_of_which_other_things_were_said_say_nothing_once_put_together():
    other = odd_frame().gidx.set("where", "from", "to", coords="0-based")
    with pytest.raises(ColumnError, match="no columns that are known"):
        pd.concat([said(odd_frame()), other]).gidx.query("chr1")


def test_set_keeps_the_other_metadata():
    frame = odd_frame()
    frame.attrs = {
        "mine": 5,
        "gidx": json.dumps({"version": 1, "chromsizes": {"chr1": 500, "chrÖ": 9}}),
    }
    said(frame)
    assert frame.attrs["mine"] == 5
    assert json.loads(frame.attrs["gidx"])["chromsizes"] == {"chr1": 500, "chrÖ": 9}
    assert frame.gidx.count("chrÖ").sum() == 0


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        ({"coords": "zero"}, ValueError, "coords is 'zero', expected one of '0-based', '1-based'"),
        ({"coords": 1}, ValueError, "coords is 1"),
        ({"chrom": "were", "start": "from"}, ColumnError, "no column 'were'; did you mean 'where'"),
        ({"chrom": "where"}, ColumnError, "name the chrom and the start"),
        (
            {"start": "from", "end": "to", "coords": "1-based"},
            ColumnError,
            "name the chrom and the start",
        ),
        (
            {"chrom": "where", "start": "from", "end": "to"},
            ColumnError,
            "coords='0-based' or '1-based'",
        ),
        ({"coords": "1-based"}, ColumnError, "no columns that are known"),
        ({}, ColumnError, "no columns that are known"),
    ],
)
def test_what_set_cannot_use_is_an_error_and_changes_nothing(call, kind, message):
    frame = odd_frame()
    with pytest.raises(kind, match=re.escape(message)):
        frame.gidx.set(**call)
    assert not frame.attrs


def test_columns_that_are_called_by_numbers_can_be_named():
    # as pandas.read_csv(…, header=None) calls them
    frame = odd_frame().set_axis([0, 1, 2], axis=1)
    assert frame.gidx.set(0, 1, 2, coords="1-based").gidx.count(("chr1", 100, 101)).sum() == 1
    with pytest.raises(ColumnError, match="no column 'where'; there are 0, 1, 2"):
        frame.gidx.set("where", "from", "to", coords="1-based")


@pytest.mark.parametrize("name", [("a", "chrom"), ["chrom"], 1.5])
def test_names_that_metadata_cannot_hold_are_an_error(name):
    frame = pd.DataFrame([["chr1", 1, 2]], columns=pd.Index([("a", "chrom"), "start", "end"]))
    with pytest.raises(ColumnError, match="expected a text or a number"):
        frame.gidx.set(name, "start", "end", coords="1-based")


def test_set_takes_coordinates_from_names_that_tell_them():
    frame = pd.DataFrame({"seqid": ["a"], "start": [5], "end": [5], "chrom": ["b"], "pos": [9]})
    for named, region in (
        (("seqid", "start", "end"), ("a", 4, 5)),
        (("chrom", "pos"), ("b", 8, 9)),
    ):
        with pytest.warns(GidxWarning, match="'chrom', 'start', 'end' alone mean 0-based"):
            frame.gidx.set(*named)
        assert frame.gidx.count(region).sum() == 1


def test_coordinates_can_be_said_of_names_that_tell_others():
    frame = build([("chr2", 5, 9)]).data
    with pytest.warns(GidxWarning, match="alone mean 0-based"):
        frame.gidx.set(coords="1-based")
    assert frame.gidx.count([("chr2", 4, 5), ("chr2", 8, 9)]).sum() == 2


def test_a_column_that_was_said_and_has_gone_is_an_error():
    with pytest.raises(ColumnError, match=r"'to', which the frame no longer has; call df.gidx.set"):
        said(odd_frame()).drop(columns="to").gidx.query("chr1")


def test_the_repr_says_what_was_recognised():
    frame = build([("chr2", 5, 9), ("chrX", 5, 9)], convention="GFF3").data
    assert repr(frame.gidx) == (
        "<gidx: chrom='seqid', start='start', end='end', 1-based closed (GFF3); 2 rows, 2 chroms>"
    )
    assert "(set); 3 rows, 2 chroms>" in repr(said(odd_frame()).gidx)
    assert "1 row, 1 chrom>" in repr(frame.iloc[:1].gidx)
    assert "no columns that are known" in repr(odd_frame().gidx)


# ── 0-based and 1-based ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("convention", CONVENTIONS)
@settings(max_examples=20)
@given(found=rows(TEXTS, 12, missing=True), other=rows(TEXTS, 6))
def test_what_columns_count_from_changes_no_answer(convention, found, other):
    plain, same = (
        build(found, position="Int64"),
        build(found, position="Int64", convention=convention),
    )
    asked = build(other).data
    assert same.data.gidx.query(asked)["n"].equals(plain.data.gidx.query(asked)["n"])
    assert same.data.gidx.count(asked).equals(plain.data.gidx.count(asked))
    assert same.data.gidx.coverage(asked).equals(plain.data.gidx.coverage(asked))
    pairs = [frame.data.gidx.join(asked)[["n", "n_other"]] for frame in (plain, same)]
    assert_frame_equal(*pairs)
    near = [frame.data.gidx.nearest(asked)[["n", "n_other", "distance"]] for frame in (plain, same)]
    assert_frame_equal(*near)


def test_a_file_and_its_frame_in_native_names_answer_alike(tmp_path):
    data = pd.DataFrame({"chrom": ["chr1", "chr1"], "start": [5, 8], "end": [8, 8]})
    gidx.write_bigbed(data, tmp_path / "x.bb", chromsizes={"chr1": 50})
    ds = gidx.open(tmp_path / "x.bb")
    native = ds.to_pandas(names="native")
    for region in (("chr1", 0, 5), ("chr1", 7, 8), ("chr1", 8, 9), ("chr1", 0, 50)):
        assert (
            native.gidx.count(region).sum()
            == ds.to_pandas().gidx.count(region).sum()
            == ds.count_rows(region)
        )


@pytest.mark.parametrize("names", [["chrom", "pos", "end"], ["CHR", "BP", "END", "P"]])
def test_a_position_beside_an_end_may_be_of_one_base_or_not(names):
    frame = pd.DataFrame({n: ["1"] if n.lower().startswith("ch") else [5] for n in names})
    chrom, start, end = names[:3]
    with pytest.raises(ColumnError, match=f"{chrom}, {start} and {end}, and nothing says whether"):
        frame.gidx.query("1")
    said = frame.copy().gidx.set(chrom, start, end, coords="1-based")
    assert said.gidx.canonical()[["start", "end"]].values.tolist() == [[4, 5]]
    assert "end=1 base" in repr(frame.copy().gidx.set(chrom, start, coords="1-based").gidx)
