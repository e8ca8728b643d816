"""`validate` against the writers themselves: it says what they say, of all rows."""

from __future__ import annotations

import io
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gidx import errors
from gidx.arrow.schema import metadata
from gidx.frames import order, write
from gidx.frames.validate import validate
from gidx.ground.conventions import CANONICAL, Roles, recognise

SIZES = {"chr1": 60, "chr2": 40, "chr10": 40}
WRITERS = {
    "bigbed": partial(write.written, "bigbed", chromsizes=SIZES),
    "bed": partial(write.written, "bed"),
    "vcf": partial(write.written, "vcf"),
    "gff": partial(write.written, "gff"),
    "gtf": partial(write.written, "gtf"),
    "tabix": partial(write.written, "tabix"),
}


def roles(frame):
    return CANONICAL if "end" in frame.columns else Roles("chrom", "start", None)


def refusal(frame, format, **options):
    """What the writer says to a frame; None if it takes it."""
    try:
        WRITERS[format](frame, roles(frame), io.BytesIO(), **options)
    except errors.GidxError as error:
        return error
    return None


def checked(frame, format, **options):
    sizes = SIZES if format == "bigbed" else None
    return validate(frame, roles(frame), sizes, format=format, **options)


# ── frames with faults of all kinds ─────────────────────────────────────────────────────────────


def mostly(good, *odd):
    """A value that is good nine times of ten."""
    return st.integers(0, 9).flatmap(lambda n: good if n or not odd else st.sampled_from(odd))


CHROMS = mostly(
    st.sampled_from(["chr1", "chr1", "chr2", "chr10"]),
    None, "", "1", "chrX", "a\tb", "#c", "track", "track a", ">s", "c d", "\r", "c" * 260,
)  # fmt: skip
STARTS = mostly(st.integers(0, 30), None, -1, -2, 55, 2**33)
LENGTHS = mostly(st.integers(1, 8), None, 0, -3, 50, 2**33)
TEXTS = mostly(st.sampled_from(["a", "b c", ""]), None, "x\ty", "x\n", "n" * 300, "a\0", "a;b=c,d")
STRANDS = mostly(st.sampled_from(["+", "-", "."]), None, "", "?", "x", "+-")
SCORES = mostly(st.integers(0, 1000), None, -1, 1001, 2**40)
DIGITS = mostly(st.sampled_from(["0", "7", "12"]), None, "", "x", "1.5", "-3", ".")


def arrow(kind):
    return lambda values: pd.array(values, dtype=pd.ArrowDtype(kind))


def int64(values):
    return pd.array(values, dtype="Int64")


def lists(kind):
    return arrow(pa.list_(kind))


def few(*values):
    return st.lists(mostly(st.sampled_from(values[:-1]), values[-1]), max_size=3)


INTS = mostly(few(1, 5, None), None)
WORDS = mostly(few("a", "b", None), None, ["a,b"], ["a\tb"], [""])
FLOATS = mostly(few(0.5, 2.0, None), None, [1e300])
PAIRS = mostly(
    st.sampled_from([[], [("k", ["v"])], [("k", []), ("l", ["a", "b"])]]),
    None, [("k", ["v"]), ("k", ["w"])], [("ID", ["x"])], [("", ["x"])], [("a b", ["x"])],
    [("k", ["a\tb"])],
)  # fmt: skip

COLUMNS = {
    "bigbed": [
        {},
        {"name": (TEXTS, list), "score": (SCORES, int64), "strand": (STRANDS, list)},
        {"score": (DIGITS, list), "note": (TEXTS, list), "many": (INTS, lists(pa.int32()))},
        {"words": (WORDS, lists(pa.string())), "level": (FLOATS, lists(pa.float64()))},
    ],
    "bed": [
        {},
        {"name": (TEXTS, list), "score": (SCORES, int64), "strand": (STRANDS, list)},
        {"words": (WORDS, lists(pa.string())), "level": (FLOATS, lists(pa.float32()))},
    ],
    "vcf": [
        {"id": (TEXTS, list), "alt": (TEXTS, list), "INFO/DP": (SCORES, int64)},
        {"alt": (WORDS, lists(pa.string())), "INFO/AF": (FLOATS, lists(pa.float64()))},
        {"INFO/DP": (DIGITS, list), "qual": (DIGITS, list), "filter": (TEXTS, list)},
        {"INFO/SVLEN": (INTS, lists(pa.int32())), "INFO/X": (TEXTS, list)},
        {"INFO/AD": (st.sampled_from(["1,2", ".", "1,.", "x,1", "1,y", None]), list)},
    ],
    "gff": [
        {"source": (TEXTS, list), "strand": (STRANDS, list), "phase": (DIGITS, list)},
        {"score": (DIGITS, list), "ID": (TEXTS, list), "Parent": (WORDS, lists(pa.string()))},
        {"ID": (TEXTS, list), "phase": (SCORES, int64),
         "attributes": (PAIRS, arrow(pa.map_(pa.string(), pa.list_(pa.string()))))},
    ],
    "tabix": [
        {"x": (TEXTS, list), "words": (WORDS, lists(pa.string()))},
        {"score": (SCORES, int64), "level": (FLOATS, lists(pa.float64()))},
    ],
}  # fmt: skip
COLUMNS["gtf"] = COLUMNS["gff"]
REFS = mostly(st.sampled_from(["A", "AC", "N"]), None, "", "A C", "x\ty", "A\n")


@st.composite
def frames(draw, format):
    n = draw(st.integers(0, 8))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    starts, lengths = column(STARTS), column(LENGTHS)
    if draw(st.booleans()):
        starts.sort(key=lambda s: -9 if s is None else s)
    ends = [None if None in (s, d) else s + d for s, d in zip(starts, lengths, strict=True)]
    found = pd.DataFrame({"chrom": pd.Series(column(CHROMS), dtype="object")})
    if draw(st.booleans()):
        found["chrom"] = found["chrom"].astype("category")
    found["start"], found["end"] = int64(starts), int64(ends)
    if format == "vcf":
        refs = column(REFS)
        found["ref"] = pd.Series(refs, dtype="object")
        if draw(st.booleans()):
            del found["end"]
        elif draw(st.booleans()):
            fit = [
                None if s is None else s + len(r or "N") for s, r in zip(starts, refs, strict=True)
            ]
            found["end"] = int64(fit)
    for name, (values, make) in draw(st.sampled_from(COLUMNS[format])).items():
        made = make(column(values))
        found[name] = pd.Series(made, dtype="object") if isinstance(made, list) else made
    if draw(st.booleans()):
        rows = order.sort(found.dropna(subset=["chrom", "start"]), roles(found))
        found = rows.reset_index(drop=True)
    return found


# ── laws ────────────────────────────────────────────────────────────────────────────────────────


LARGE = pytest.mark.filterwarnings("ignore:column .* past what floats of 32 bits:gidx.GidxWarning")


@LARGE
@pytest.mark.filterwarnings("ignore:column .* is no standard field:gidx.GidxWarning")
@pytest.mark.parametrize("format", WRITERS)
@settings(max_examples=15)
@given(data=st.data())
def test_what_validate_says_is_what_the_writer_says(format, data):
    frame = data.draw(frames(format))
    report, error = checked(frame, format), refusal(frame, format)
    assert report.empty == (error is None), (error, report)
    if error is None:
        return
    row = getattr(error, "row", None)
    here = report[(report["row"] == row).fillna(True) if row is not None else report["row"].isna()]
    assert any(reason in str(error) for reason in here["reason"]), (error, report)


@LARGE
@pytest.mark.filterwarnings("ignore:column .* is no standard field:gidx.GidxWarning")
@pytest.mark.parametrize("format", WRITERS)
@settings(max_examples=15)
@given(data=st.data())
def test_the_writer_takes_what_validate_did_not_list(format, data):
    frame = data.draw(frames(format))
    report = checked(frame, format)
    if report["row"].isna().any():
        return
    rest = frame.drop(frame.index[report["row"].astype("int64").unique()])
    assert refusal(rest, format, sort=True) is None


@LARGE
@pytest.mark.parametrize("format", WRITERS)
@settings(max_examples=15)
@given(data=st.data())
def test_the_writer_takes_no_row_that_validate_lists_for_itself(format, data):
    frame = data.draw(frames(format))
    report = checked(frame, format)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        refusal(frame, format)
    if any("is no standard field" in str(warning.message) for warning in said):
        return  # all rows together say which fields are BED's: one alone may be of others
    own = report[report["row"].notna() & ~report["reason"].str.startswith("not sorted")]
    for row in own["row"].astype("int64").unique():
        assert refusal(frame.iloc[[row]], format) is not None, (report, row)


# ── the report ──────────────────────────────────────────────────────────────────────────────────


def bed(**columns):
    whole = {"chrom": "chr1", "start": [5, 6, 7], "end": [9, 9, 9], **columns}
    return pd.DataFrame(whole)


def reasons(frame, *args, **options):
    report = validate(frame, roles(frame), *args, **options)
    return list(zip(report["row"].tolist(), report["reason"].tolist(), strict=True))


def test_a_frame_that_is_well_has_a_report_without_lines():
    report = validate(bed(), CANONICAL, SIZES)
    assert report.empty
    assert report.columns.tolist() == ["row", "label", "chrom", "start", "end", "column", "reason"]
    assert report["row"].dtype == pd.Int64Dtype()
    assert report.attrs == {"faults": 0}


def test_each_line_has_position_label_and_what_stands_there():
    frame = bed(name="n", score=[1, 2000, 3]).set_index(pd.Index(["x", "y", "x"]))
    report = validate(frame, CANONICAL, SIZES, format="bigbed")
    assert report.drop(columns="reason").to_dict("records") == [
        {"row": 1, "label": "y", "chrom": "chr1", "start": 6, "end": 9, "column": "score"}
    ]
    assert report["reason"][0].startswith("column score: found 2000, expected 0 to 1000")


def test_a_row_has_a_line_for_each_column_that_is_wrong():
    frame = bed(name=["a", "b\tc", "d"], score=[1, -1, 3], strand=["+", "x", "-"])
    report = validate(frame, CANONICAL, SIZES, format="bigbed")
    assert report["row"].tolist() == [1, 1, 1]
    assert report["column"].tolist() == ["name", "score", "strand"]


def test_what_follows_from_a_fault_is_no_fault():
    frame = bed(start=pd.array([5, None, 7], "Int64"), thickStart=6, thickEnd=8)
    frame.insert(3, "name", "n")
    frame.insert(4, "score", 0)
    frame.insert(5, "strand", "+")
    found = reasons(frame, SIZES, format="bigbed")
    assert [row for row, _ in found] == [1, 2]
    assert found[0][1] == "column start: the value is missing"  # and not: thickStart outside
    assert found[1][1].startswith("column thickStart: found 6, expected 7 to 9")


def test_every_row_that_steps_back_is_listed_and_every_chrom_that_comes_back():
    frame = pd.DataFrame({
        "chrom": ["chr2", "chr2", "chr2", "chr1", "chr2", "chr2"],
        "start": [900, 500, 600, 1, 700, 650],
        "end": 1000,
    })  # fmt: skip
    expected = [
        (1, "not sorted: chr2:500 after chr2:900"),
        (4, "not sorted: chr2:700 after chr1:1"),
        (5, "not sorted: chr2:650 after chr2:700"),
    ]
    assert reasons(frame) == reasons(frame, format="bed") == expected


def test_rows_with_faults_are_passed_over_where_order_is_looked_at():
    assert reasons(bed(start=[5, -90, 7])) == [
        (1, f"column start: found -90, expected 0 to {2**61}")
    ]


def test_all_blocks_that_are_wrong_are_listed():
    frame = bed(
        name="n", score=0, strand="+", thickStart=0, thickEnd=0, itemRgb=0,
        blockCount=1, blockSizes=["4,", "2,", "9,"], chromStarts=["0,", "0,", "1,"],
    )  # fmt: skip
    assert reasons(frame, SIZES, format="bigbed") == [
        (1, "column chromStarts: the last block does not end at the row's end"),
        (2, "column chromStarts: the first block begins at 1, expected 0"),
    ]


def test_rows_keep_their_numbers_behind_the_first_piece():
    n = 150_000
    frame = pd.DataFrame({"chrom": "chr1", "start": np.arange(n), "end": n, "strand": "+"})
    frame.loc[[3, 70_000, 140_000], "strand"] = "x"
    for format in ("gff", "bed"):
        expected = [3, 70_000, 140_000] if format == "gff" else []
        assert [row for row, _ in reasons(frame, format=format)] == expected


# ── whose rules ─────────────────────────────────────────────────────────────────────────────────


def about(frame, **entries):
    frame.attrs.update(schema_attrs(**entries))
    return frame


def schema_attrs(**entries):
    return {"gidx": metadata(**entries)[b"gidx"].decode()}


@pytest.mark.parametrize(
    ("format", "count"),
    [("bed", 0), ("gff3", 1), ("gtf", 1), ("bigbed", 1), ("tsv", 0), ("sam", 0)],
)
def test_the_rules_are_those_of_the_format_that_the_data_come_from(format, count):
    frame = about(bed(name="n", score=5, strand=["+", "x", "-"]), format=format, chromsizes=SIZES)
    assert len(reasons(frame)) == count
    assert reasons(frame, format="bed") == []


def test_sizes_in_the_metadata_hold_where_the_writer_has_them_from_there():
    frame = about(bed(end=[9, 9, 90]), chromsizes=SIZES)
    past = [(2, "end 90 is past the size of chr1, 60")]
    assert reasons(frame) == reasons(frame, format="bigbed") == past
    assert reasons(frame, format="bed") == []  # as its writer, which takes any
    assert reasons(frame, SIZES, format="bed") == past


def test_without_sizes_no_bigbed_can_be_written_and_the_rest_is_told_all_the_same():
    report = validate(bed(start=[5, 6, 10]), CANONICAL, format="bigbed")
    assert report["row"].isna().tolist() == [True, False]
    assert report["reason"][0].startswith("no chromsizes: the data carry none")
    assert report["reason"][1] == "start 10 is after end 9"


def test_columns_that_no_text_stands_for_are_listed_and_do_not_hide_the_others():
    frame = bed(t=pd.Timedelta(1), name=["a", "b\n", "c"], u=pd.Timestamp("2020"))
    report = validate(frame, CANONICAL, format="bed")
    assert report["column"].tolist() == ["t", "u", "name"]
    assert report["row"].isna().tolist() == [True, True, False]


def test_a_column_of_another_type_is_to_blame_and_not_its_rows():
    report = validate(bed(strand=1), CANONICAL, format="gff")
    assert report["row"].isna().tolist() == [True]
    assert report["reason"].tolist() == ["column strand is int64, expected texts"]


def test_options_are_those_of_the_writer():
    frame = bed(name="n", score=[1, 2000, 3])
    assert len(reasons(frame, SIZES, format="bigbed")) == 1
    assert reasons(frame, SIZES, format="bigbed", bed_type="bed4+") == []
    wrong = 'table t "" (string chrom; "" uint chromStart; "" uint chromEnd; "" int x; "")'
    ((row, reason),) = reasons(frame, SIZES, format="bigbed", autosql=wrong)
    assert row is pd.NA
    assert "the AutoSQL and the columns differ" in reason


def test_columns_are_told_as_the_frame_calls_them():
    frame = pd.DataFrame({"CHROM": "1", "POS": [5, 2], "ID": ["a b", "c"], "REF": ["A", "!"]})
    report = validate(frame, recognise(frame.columns), format="vcf")
    assert report["column"].tolist() == ["ID", "POS", "REF"]
    assert report["start"].tolist() == [5, 2, 2]
    assert report["end"].isna().all()


def test_a_frame_that_counts_from_1_is_told_its_own_numbers():
    frame = pd.DataFrame({"seqid": [1, 1, 1], "start": [0, 5, 3], "end": [9, 3, 9]})
    report = validate(frame, recognise(frame.columns))
    assert report["reason"].tolist() == [
        f"column start: found 0, expected 1 to {2**61 + 1}", "start 5 is after end 3"
    ]  # fmt: skip


def test_another_format_is_an_error():
    with pytest.raises(ValueError, match="format is 'bam', expected one of 'bigbed', 'bed'"):
        validate(bed(), CANONICAL, format="bam")
    with pytest.raises(ValueError, match="most is 0, expected 1 or more"):
        validate(bed(), CANONICAL, most=0)
    with pytest.raises(errors.WriteError, match="chromsizes: size of 'chr1' is -1"):
        validate(bed(), CANONICAL, {"chr1": -1})


# ── many ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format", ["bigbed", "gff", None])
def test_more_faults_than_fit_are_counted_and_warned_of(format):
    n = 100_000
    frame = pd.DataFrame({"chrom": "chr1", "start": np.arange(n)[::-1], "end": n})
    frame["strand"] = "x"
    unsorted, strands = n - 1, n * (format is not None)
    with pytest.warns(errors.GidxWarning, match=f"{unsorted + strands:,} faults, of which the fi"):
        report = validate(frame, CANONICAL, {"chr1": n}, format=format, most=5)
    assert report.attrs["faults"] == unsorted + strands
    assert report["row"].tolist() == ([0, 1, 1, 2, 2] if format else [1, 2, 3, 4, 5])


def test_of_many_bad_rows_the_first_1000_are_listed():
    n = 200_000
    frame = pd.DataFrame({"chrom": "chr1", "start": np.arange(n)[::-1], "end": n, "name": "a\tb"})
    with pytest.warns(errors.GidxWarning):
        report = validate(frame, CANONICAL, {"chr1": n}, format="bigbed")
    assert len(report) == 1000
