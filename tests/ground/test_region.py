"""Regions: strings are 1-based closed, tuples and frames 0-based half-open, all one thing."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx.errors import GidxError, RegionError, UnknownChromError
from gidx.ground.region import MAX_END, Region, parse, resolve

CHROMS = {"chr1": 1000, "chr10": 500, "chrM": 16, "HLA-A*01:01": 9, "HLA-A*01:01:02": 9}


def spans(regions, chroms=CHROMS):
    """What regions resolve to, as (chrom, start, end)."""
    found = resolve(regions, chroms)
    names = list(chroms)
    return [
        (names[c], int(s), int(e))
        for c, s, e in zip(found.chrom, found.start, found.end, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("chr1", 0, MAX_END),
        ("chr1:1-1", 0, 1),
        ("chr1:1,000-2,000", 999, 2000),
        ("chr1:1000-2000", 999, 2000),
        ("chr1:1000-", 999, MAX_END),
        ("chr1:1000", 999, MAX_END),  # as samtools has it
        ("chr1:-2000", 0, 2000),
        ("chr1:,-5", 0, 5),
        ("{chr1}", 0, MAX_END),
        ("{chr1}:3-4", 2, 4),
        ("chr1:5-4", 4, 4),  # the place between bases 4 and 5
        ("chr1:", 0, MAX_END),  # these six as tabix has them
        ("chr1:-", 0, MAX_END),
        ("chr1:,", 0, MAX_END),
        ("chr1:1-", 0, MAX_END),
        ("{chr1}:", 0, MAX_END),
        ("{chr1}:7-", 6, MAX_END),
        ("chr1:1e6-2e6", 999_999, 2_000_000),  # numbers as htslib takes them
        ("chr1:1E3-2e+3", 999, 2000),
        ("chr1:1000e-2-20", 9, 20),
        ("chr1:1k-1.5M", 999, 1_500_000),
        ("chr1:1.K-2m", 999, 2_000_000),
        ("chr1:.5k-1G", 499, 10**9),
        ("chr1:1,000.0-+2,0,00", 999, 2000),
        ("chr1:2e3", 1999, MAX_END),
        ("chr1:-2k", 0, 2000),
        ("chr1:1-9e99", 0, MAX_END),
    ],
)
def test_a_region_string_is_1_based_and_closed(text, start, end):
    assert parse(text) == Region("chr1", start, end)


@pytest.mark.parametrize("span", [
    "1e", "1e-", "e6", "1e6k", "1kk", "1k5", "1x", "1.2.3", ".", "1..2", "1 k", "0x10", "1_0",
    "--5", "1e100", "1-2-3", "1,0.0,0", "k", "-k", "1t", "inf", "nan", "1-inf", "\u0661",
])  # fmt: skip
def test_what_is_no_number_of_htslib_is_an_error(span):
    with pytest.raises(RegionError, match="expected chrom:start-end, 1-based closed"):
        parse(f"chr1:{span}")


@pytest.mark.parametrize("span", ["1.5-3", "1-1e-1", "1.2345k-", "-0.5"])
def test_a_part_of_a_base_is_an_error(span):
    """Htslib warns and leaves it out."""
    with pytest.raises(RegionError, match="is no whole number of bases"):
        parse(f"chr1:{span}")


@given(st.integers(1, 10**12), st.integers(0, 9))
def test_a_position_in_any_form_is_itself(number, places):
    forms = [
        f"{number}",
        f"{number:,}",
        f"+{number}",
        f"{number}.{'0' * places}",
        f"{number * 10**places}e-{places}",
        str(Decimal(number).scaleb(-places)) + f"e{places}",
    ]
    forms += [str(Decimal(number).scaleb(-p)) + u for u, p in (("k", 3), ("M", 6), ("G", 9))]
    for form in forms:
        if "E" not in form:  # Decimal's own exponents
            assert parse(f"chr1:{form}-{form}") == Region("chr1", number - 1, number)


def test_a_string_and_a_tuple_name_the_same_bases():
    assert spans("chr1:1,000-2,000") == spans(("chr1", 999, 2000)) == [("chr1", 999, 2000)]


def test_the_longest_known_name_wins_over_a_span():
    assert parse("HLA-A*01:01:02", CHROMS) == Region("HLA-A*01:01:02")
    assert parse("HLA-A*01:01:02-3", CHROMS) == Region("HLA-A*01:01", 1, 3)
    assert parse("{HLA-A*01:01}:02-3", CHROMS) == Region("HLA-A*01:01", 1, 3)
    assert parse("{HLA-A*01:01:02}", CHROMS) == Region("HLA-A*01:01:02")


def test_a_closing_colon_says_that_all_before_it_is_the_name():
    assert parse("HLA-A*01:01:", CHROMS) == parse("HLA-A*01:01:") == Region("HLA-A*01:01")
    assert parse("HLA-A*01:01:02:", CHROMS) == Region("HLA-A*01:01:02")
    assert parse("HLA-A*01:01:02:3-4") == Region("HLA-A*01:01:02", 2, 4)
    assert parse("a:", {"a": 1, "a:": 1}) == Region("a:")
    with pytest.raises(UnknownChromError, match="unknown chrom 'HLA-A\\*01'"):
        spans("HLA-A*01:")


WHOLE = {
    "int": int,
    "float": float,
    "int64": np.int64,
    "uint8": np.uint8,
    "float32": np.float32,
    "array": np.array,
    "Decimal": Decimal,
}


@pytest.mark.parametrize("number", WHOLE.values(), ids=WHOLE)
def test_a_whole_number_of_any_type_is_a_position_and_a_chrom(number):
    chroms = {"1": 100, "2": 100}
    assert spans((number(2), number(0), number(10)), chroms) == [("2", 0, 10)]
    many = [(number(2), number(0), number(10)), ("1", number(5), 7), (1, 6)]
    assert spans(many, chroms) == [("1", 5, MAX_END), ("2", 0, 10)]


@given(st.integers(0, 10**12), st.integers(1, 10**12) | st.none())
def test_a_region_reads_back_from_its_own_text(start, length):
    region = Region("chr1", start, MAX_END if length is None else start + length)
    assert parse(str(region)) == region


@given(st.text(max_size=12))
def test_any_text_is_a_region_or_a_region_error(text):
    with suppress(RegionError):
        resolve(text, CHROMS)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ("chr1:0-10", "region 'chr1:0-10': starts at 0, but region strings are 1-based; "
                      "for 0-based half-open use the tuple ('chr1', 0, 10)"),
        ("chr1:10-5", "region 'chr1:10-5': start 9 is after end 5 (0-based half-open)"),
        ("chr1:a-b", "region 'chr1:a-b': cannot read 'a-b'; expected chrom:start-end, "
                     "1-based closed"),
        (("chr1", -1, 5), "region ('chr1', -1, 5): start -1 is negative"),
        (("chr1", 5, 2), "region ('chr1', 5, 2): start 5 is after end 2 (0-based half-open)"),
        (("chr1", 1.5, 2), "cannot read the region ('chr1', 1.5, 2)"),
        (("chr1", True), "cannot read the region ('chr1', True)"),
        ((1.5, 2, 3), "cannot read the region (1.5, 2, 3)"),
        ((None, 2, 3), "cannot read the region (None, 2, 3)"),
        (("chr1", float("nan"), 3), "cannot read the region ('chr1', nan, 3)"),
        (("chr1", 0, float("inf")), "cannot read the region ('chr1', 0, inf)"),
        (("chr1", Decimal("1.5"), 3), "cannot read the region ('chr1', Decimal('1.5'), 3)"),
        (7, "cannot read a region from int"),
        ({"chr1": 5}, "cannot read a region from dict"),
        (b"chr1", "cannot read a region from bytes"),
        ([["chr1", 1, 2]], "cannot read the region ['chr1', 1, 2]"),
    ],
)  # fmt: skip
def test_what_is_no_region_says_so(regions, message):
    with pytest.raises(RegionError) as error:
        resolve(regions, CHROMS)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("1", "; did you mean 'chr1'?"),
        ("MT", "; did you mean 'chrM'?"),
        ("CHR10", "; did you mean 'chr10'?"),
        ("zzz", "; known are chr1, chr10, chrM, HLA-A*01:01, HLA-A*01:01:02"),
    ],
)
@pytest.mark.parametrize("shape", ["{}", "{}:1-5"])
def test_an_unknown_chrom_raises_with_a_hint(name, rest, shape):
    with pytest.raises(UnknownChromError) as error:
        resolve(shape.format(name), CHROMS)
    assert str(error.value) == f"unknown chrom {name!r}{rest}"
    assert isinstance(error.value, KeyError)
    assert error.value.chrom == name


def test_no_regions_are_no_rows_and_not_all():
    assert spans([]) == []
    assert spans(pd.DataFrame({"chrom": [], "start": [], "end": []})) == []
    assert spans(pa.table({"chrom": [], "start": [], "end": []})) == []


def test_a_position_past_any_number_is_past_the_end():
    assert spans(("chr1", 10**30, 10**31)) == [("chr1", MAX_END, MAX_END)]
    assert spans(("chr1", 5, 10**31)) == [("chr1", 5, MAX_END)]


ROWS = {"chrom": ["chr10", "chr1"], "start": [5, 7], "end": [8, 9]}
FRAMES = {
    "pandas": pd.DataFrame(ROWS),
    "pandas, arrow types": pd.DataFrame(ROWS).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, nullable": pd.DataFrame(ROWS).convert_dtypes(),
    "pandas, categorical": pd.DataFrame(ROWS).astype({"chrom": "category", "start": "u8"}),
    "pandas, an index of its own": pd.DataFrame(ROWS, index=["x", "y"]),
    "pandas, more columns": pd.DataFrame({"score": [1.0, None], **ROWS}),
    "polars": pl.DataFrame(ROWS),
    "arrow": pa.table(ROWS),
    "arrow batch": pa.record_batch(ROWS),
    "floats that are whole": pd.DataFrame(ROWS).astype({"start": "float64", "end": "float32"}),
    "pandas, nullable floats": pd.DataFrame(ROWS).astype({"start": "Float64", "end": "Float32"}),
    "arrow floats": pa.table({**ROWS, "end": pa.array([8.0, 9.0])}),
    "arrow decimals": pa.table({**ROWS, "end": pa.array([8, 9], pa.decimal128(20, 2))}),
    "objects": pd.DataFrame(ROWS).astype({"start": "object"}),
    "decimals": pd.DataFrame({**ROWS, "start": [Decimal(5), Decimal(7)]}),
    "polars floats": pl.DataFrame(ROWS).cast({"start": pl.Float64, "end": pl.UInt8}),
    "1-based names": pd.DataFrame({"seqid": ROWS["chrom"], "start": [6, 8], "end": [8, 9]}),
    "native names": pd.DataFrame(ROWS).rename(columns={"start": "chromStart", "end": "chromEnd"}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_frame_of_regions_is_0_based_half_open(frame):
    assert spans(frame) == [("chr1", 7, 9), ("chr10", 5, 8)]


@pytest.mark.parametrize(
    "numbers",
    ["int64", "uint8", "Int64", "float64", "Float64", "category", "object", "int8[pyarrow]"],
)
def test_chroms_that_pandas_reads_as_numbers_are_their_texts(numbers):
    frame = pd.DataFrame({"chrom": [2, 1], "start": [5, 7], "end": [8, 9]})
    frame["chrom"] = frame["chrom"].astype(numbers)
    chroms = {"1": 100, "2": 100, "X": 100}
    assert spans(frame, chroms) == [("1", 7, 9), ("2", 5, 8)]
    with pytest.raises(UnknownChromError, match="did you mean 'chr"):
        spans(frame, {"chr1": 5, "chr2": 5})


def test_variants_are_regions_as_long_as_ref_or_as_they_say():
    asked = pd.DataFrame({"CHROM": "chr1", "POS": [10, 20], "REF": ["ACGT", "A"], "ALT": "C"})
    assert spans(asked) == [("chr1", 9, 13), ("chr1", 19, 20)]
    assert spans(asked.assign(INFO=["DP=1;END=16", "."])) == [("chr1", 9, 16), ("chr1", 19, 20)]
    for make in (pa.Table.from_pandas, pl.DataFrame):
        assert spans(make(asked)) == [("chr1", 9, 13), ("chr1", 19, 20)]


# ── chroms that a file does not have ────────────────────────────────────────────────────────────

ASKED = {
    "texts": ["chr1:3-4", "chrY", "chrUn:a-b", "HLA-Z*01:01:07", "chrY:5-6"],
    "tuples": [("chr1", 2, 4), ("chrY", 0, 5), ("chrUn",)],
    "Regions": [Region("chrY", 1, 3), Region("chr1", 2, 4)],
    "frame": pd.DataFrame({"chrom": ["chrY", "chr1", "chrY"], "start": 2, "end": 4}),
    "table": pa.table({"chrom": ["chrY", "chr1"], "start": [2, 2], "end": [4, 4]}),
}


@pytest.mark.parametrize("regions", ASKED.values(), ids=ASKED)
def test_regions_on_missing_chroms_are_an_error_or_ignored(regions):
    with pytest.raises(UnknownChromError):
        resolve(regions, CHROMS)
    found = resolve(regions, CHROMS, missing_chroms="ignore")
    assert (found.chrom.tolist(), found.start.tolist(), found.end.tolist()) == ([0], [2], [4])
    assert len(resolve("chrY", CHROMS, missing_chroms="ignore")) == 0


@pytest.mark.parametrize("region", ["1:3-4", ("1", 2, 4), (1, 2, 4), "MT"])
def test_a_chrom_that_is_there_in_another_style_is_not_ignored(region):
    with pytest.raises(UnknownChromError, match="did you mean 'chr"):
        resolve(["chr1", region], CHROMS, missing_chroms="ignore")


def test_missing_chroms_has_two_values():
    with pytest.raises(ValueError, match="missing_chroms is 'skip', expected one of 'error'"):
        resolve("chr1", CHROMS, missing_chroms="skip")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"chrom": ["chr1"], "begin": [1]}), "the frame of regions has no columns "
         "that are known as chrom, start, end among 'chrom', 'begin'"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [1.5], "end": [2]}), "a frame of regions needs "
         "integer start and end without missing values"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [None], "end": [2]}), "a frame of regions needs "
         "integer start and end without missing values"),
        (pd.DataFrame({"chrom": [None], "start": [1], "end": [2]}), "a region has no chrom"),
        (pd.DataFrame({"chrom": ["chr1"] * 2, "start": [1, 9], "end": [2, 3]}),
         "region in row 1: start 9 is after end 3"),
        (pd.DataFrame({"chrom": ["chr1"], "start": [-1], "end": [2]}),
         "region in row 0: start -1 is negative"),
    ],
)  # fmt: skip
def test_a_frame_that_has_no_regions_says_so(frame, message):
    with pytest.raises(RegionError) as error:
        resolve(frame, CHROMS)
    assert str(error.value).startswith(message)


asked = st.lists(
    st.tuples(
        st.sampled_from(list(CHROMS)),
        st.tuples(st.integers(0, 30), st.integers(0, 30) | st.just(MAX_END)).map(sorted),
    ).map(lambda r: (r[0], *r[1])),
    max_size=12,
)


@given(asked)
def test_regions_become_sorted_and_disjoint_and_keep_every_base(regions):
    found = spans(regions)
    order = list(CHROMS)
    keys = [(order.index(c), s, e) for c, s, e in found]
    for (c, _, end), (d, start, _) in pairwise(keys):
        assert c < d or end < start  # a base between them at least
    for chrom in CHROMS:
        wanted = [(s, e) for c, s, e in regions if c == chrom]
        merged = [(s, e) for c, s, e in found if c == chrom]
        for base in [*range(32), MAX_END - 1]:
            assert any(s <= base < e for s, e in wanted) == any(s <= base < e for s, e in merged)


@given(asked)
def test_first_says_where_each_chroms_regions_are(regions):
    found = resolve(regions, CHROMS)
    for chrom in range(len(CHROMS)):
        rows = slice(found.first[chrom], found.first[chrom + 1])
        assert np.all(found.chrom[rows] == chrom)
    assert found.first[-1] == len(found)


@given(asked)
def test_a_frame_and_a_list_mean_the_same(regions):
    frame = pd.DataFrame(regions, columns=["chrom", "start", "end"])
    assert spans(frame) == spans(regions)


def test_region_errors_are_gidx_errors_and_value_errors():
    assert issubclass(RegionError, GidxError)
    assert issubclass(RegionError, ValueError)


def test_arrays_of_texts_are_regions_of_any_kind():
    for names in (pa.array(["chr1"]), pa.chunked_array([["chr1"]]), pl.Series(["chr1"])):
        assert spans(names) == [("chr1", 0, MAX_END)]
