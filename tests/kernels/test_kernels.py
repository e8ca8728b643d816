"""Kernels: bytes to numbers, texts and lists; every value as Python itself reads it."""

from __future__ import annotations

import math
import re
import struct
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gidx.arrow.decode import Column, decode


def column(texts, kind, **options):
    """A column of texts, decoded: (array, how many are not of their type)."""
    cells = [t if isinstance(t, bytes) else t.encode() for t in texts]
    text = np.frombuffer(b"head" + b"".join(cell + b"\t" for cell in cells), np.uint8)
    bounds = np.cumsum([4, *(len(cell) + 1 for cell in cells)]).astype(np.int32)
    fields = np.vstack([bounds[:-1], bounds[1:]])
    (array,), problems = decode(text, fields, [Column("x", kind, 0, str(kind), **options)])
    array.validate(full=True)
    return array, sum(p.count for p in problems)


def values(texts, kind, **options):
    return column(texts, kind, **options)[0].to_pylist()


# ── integers ────────────────────────────────────────────────────────────────────────────────────

INTEGERS = {
    pa.int8(): (-(2**7), 2**7 - 1),
    pa.uint8(): (0, 2**8 - 1),
    pa.int16(): (-(2**15), 2**15 - 1),
    pa.uint16(): (0, 2**16 - 1),
    pa.int32(): (-(2**31), 2**31 - 1),
    pa.uint32(): (0, 2**32 - 1),
    pa.int64(): (-(2**63), 2**63 - 1),
}


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_an_integer_reads_up_to_its_limits_and_not_one_further(kind):
    low, high = INTEGERS[kind]
    inside = [low, low + 1, 0, 1, high - 1, high]
    assert values(map(str, inside), kind) == inside
    outside = [str(low - 1), str(high + 1), str(high * 10), "9" * 19, "9" * 40, "-" + "9" * 40]
    outside = [text for text in outside if not low <= int(text) <= high]
    assert column(outside, kind) == (pa.nulls(len(outside), kind), len(outside))


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_an_integer_is_an_optional_minus_and_digits_and_nothing_else(kind):
    wrong = ["", ".", "-", "+1", "--1", "1-", " 1", "1 ", "1.0", "1e3", "0x1", "1_0", "1,", "a",
             "1\n", "/", ":", "\u0661", "n/a", "1-1"]  # fmt: skip
    assert column(wrong, kind) == (pa.nulls(len(wrong), kind), len(wrong))
    assert values(["007", "0" * 50 + "8", "-0"], kind) == [7, 8, 0]


@given(st.lists(st.integers(-(2**66), 2**66)), st.sampled_from(list(INTEGERS)))
def test_integers_are_those_of_python_where_they_fit(numbers, kind):
    low, high = INTEGERS[kind]
    expected = [n if low <= n <= high else None for n in numbers]
    assert column(map(str, numbers), kind) == (pa.array(expected, kind), expected.count(None))


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.sampled_from(["", ","]))
def test_a_color_is_its_three_bytes(r, g, b, end):
    text = f"{r},{g},{b}{end}"
    assert values([text], pa.uint32(), color=True) == [r << 16 | g << 8 | b]
    assert values([text], pa.uint32(), color=False) == [None]


def test_what_is_neither_a_number_nor_a_color_is_neither():
    wrong = ["256,0,0", "-1,0,0", "1,2", "1,2,3,4", "1,,3", ",1,2", "1,2,3,,", ",,", "1, 2, 3", ""]
    assert values(wrong, pa.uint32(), color=True) == [None] * len(wrong)
    assert values(["0", "16711680"], pa.uint32(), color=True) == [0, 0xFF0000]


# ── decimals ────────────────────────────────────────────────────────────────────────────────────


def bits(number):
    return struct.pack("d", number)


@np.errstate(over="ignore")
def nearest_float32(text):
    """The correctly rounded float32 of a decimal, by exact arithmetic; ties to even."""
    double = float(text)
    if not math.isfinite(double):
        return np.float32(double)
    exact = Fraction(text.lower())
    limit = Fraction(2**128 - 2**103)  # half-way between the largest float and 2**128
    if abs(exact) >= limit:
        return np.float32("inf") if exact > 0 else -np.float32("inf")
    middle = np.float32(double)
    if np.isinf(middle):
        middle = np.copysign(np.finfo(np.float32).max, middle)
    around = [np.nextafter(middle, np.float32(s) * np.float32("inf")) for s in (-1, 1)]
    finite = [f for f in (middle, *around) if np.isfinite(f)]
    best = min(
        finite,
        key=lambda f: (abs(Fraction(float(f)) - exact), int(np.float32(f).view(np.uint32)) & 1),
    )
    return np.copysign(best, np.float32(double))


def is_written_zero_or_infinite(text):
    digits = text.lower().split("e")[0]
    return "inf" in text.lower() or not re.search("[1-9]", digits)


def assert_reads_as(nearest, kind, texts):
    """The nearest number; missing where that is zero or infinity and the text is neither."""
    array, bad = column(texts, kind)
    assert array.null_count == bad
    for text, value in zip(texts, array.to_pylist(), strict=True):
        expected = float(nearest(text))
        if expected in (0, math.inf, -math.inf) and not is_written_zero_or_infinite(text):
            assert value is None, text
        else:
            assert bits(value) == bits(expected), text


def assert_reads_as_python_does(texts):
    assert_reads_as(float, pa.float64(), texts)
    assert_reads_as(nearest_float32, pa.float32(), texts)


digits = st.text("0123456789", max_size=25)


@st.composite
def decimals(draw):
    whole, part = draw(digits), draw(digits)
    assume(whole or part)
    text = draw(st.sampled_from(["", "-", "+"])) + whole
    if part or draw(st.booleans()):
        text += "." + part
    if draw(st.booleans()):
        text += f"{draw(st.sampled_from('eE'))}{draw(st.integers(-400, 400))}"
    return text


@settings(max_examples=250)
@given(st.lists(decimals(), max_size=20))
def test_any_decimal_is_the_correctly_rounded_number(texts):
    assert_reads_as_python_does(texts)


@settings(max_examples=150)
@given(st.lists(st.floats(allow_nan=False), max_size=20))
def test_a_number_as_python_writes_it_reads_back_bit_for_bit(numbers):
    texts = (
        [repr(n) for n in numbers] + [f"{n:.17g}" for n in numbers] + [f"{n:g}" for n in numbers]
    )
    assert_reads_as_python_does(texts)


@settings(max_examples=150)
@given(
    st.lists(
        st.floats(min_value=0, max_value=float(np.float32(3e38)), width=32)
        | st.floats(min_value=2**-20, max_value=2**20, width=32),
        max_size=20,
    )
)
def test_decimals_at_and_beside_the_middle_of_two_floats_round_once(floats):
    """Rounding to a double first and to a float then would move some of them."""
    texts = []
    for low in floats:
        middle = (low + float(np.nextafter(np.float32(low), np.float32("inf")))) / 2
        texts += [f"{middle:.{digits}g}" for digits in (9, 13, 14, 15, 17)]
        texts += [f"{int((Fraction(middle) + d) * 10**60)}e-60" for d in (0, Fraction(1, 10**59))]
    assert_reads_as(nearest_float32, pa.float32(), texts)


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993",  # 2**53 + 1: half-way between two doubles
        "9007199254740992.99999999999999999",
        "9007199254740993.00000000000000001",
        "123456789012345", "1234567890123456", "99999999999999999999999999",
        "9648064786969077e3", "9434607133838363e-7",  # 16 digits: not all are doubles
        "1e22", "1e23", "1e-22", "1e-23", "999999999999999e22", "8.5e-23",
        "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2e-324",
        "2.2250738585072011e-308", "2.2250738585072014e-308",  # the largest denormal, and beyond
        "1.7976931348623157e308", "1.7976931348623159e308", "1e309", "-1e309", "1e9999", "1e-9999",
        "1" + "0" * 400, "0." + "0" * 400 + "1", "0" * 400 + "1", "-0", "-0.0", "0e999",
        "1.401298464324817e-45", "7.006492321624085e-46", "7.006492321624086e-46",  # float32's
        "1.1754943508222875e-38", "1.1754942807573643e-38",
        "3.4028234663852886e38", "3.4028235677973366e38", "3.4028235677973367e38", "3.5e38",
        "1.000000059604644775390625",  # half-way between two floats, exactly
        "1.00000005960464477539062499999", "1.00000005960464477539062500001",
        # doubles half-way between two floats, decimals beside
        "7.18857216835022", "7.72182822227478", "5.29859471321106", "9.06450891494751",
        "1.", ".5", "-.5", "+5", "+.5e+1", "1E5", "1e+5", "00001.50000",
        "+1234567890123456789012", "-1234567890123456789012",
    ],
)  # fmt: skip
def test_a_difficult_decimal_is_the_correctly_rounded_number(text):
    assert_reads_as_python_does([text])


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()], ids=str)
def test_infinities_and_nan_read_in_any_case(kind):
    texts = ["inf", "INF", "Inf", "infinity", "-Infinity", "+inf", "-inf"]
    assert values(texts, kind) == [float(text) for text in texts]
    assert all(math.isnan(v) for v in values(["nan", "NaN", "NAN", "-nan", "+nan"], kind))


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()], ids=str)
def test_what_is_no_decimal_is_missing(kind):
    wrong = ["", ".", "-", "+", "e5", "1e", "1e+", "1e-", "1.2.3", " 1", "1 ", "1_0", "0x1p3", "1f",
             "infin", "nan(1)", "na", "--1", "+-1", "1,5", ".e5", "1e5.0", "1e1e1", "infinitz",
             "1\n", "\u0661"]  # fmt: skip
    assert column(wrong, kind) == (pa.nulls(len(wrong), kind), len(wrong))


@given(st.lists(st.text("0123456789+-.eEinfaty ", max_size=8), max_size=20))
@example(["1E310", "-1e400", "1e-400", "0e999", "-0e-999", "inf"])
def test_what_python_does_not_read_is_missing_and_what_it_reads_is_not(texts):
    def python(text):
        try:
            value = None if text != text.strip() else float(text)
        except ValueError:
            return None
        digits = any(c in "123456789" for c in text.lower().partition("e")[0])
        lost = value is not None and digits and (value == 0 or math.isinf(value))
        return None if lost else value  # a number that became zero or infinity does not fit

    for text, value in zip(texts, values(texts, pa.float64()), strict=True):
        expected = python(text)
        assert (value is None) == (expected is None), text
        assert value is None or math.isnan(value) or bits(value) == bits(expected), text


# ── texts ───────────────────────────────────────────────────────────────────────────────────────


def python_text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


OVERLONG = b"\xc0\xaf"  # "/" in two bytes
SURROGATE = b"\xed\xa0\x80"  # U+D800
PAST_THE_END = b"\xf4\x90\x80\x80"  # U+110000


@settings(max_examples=250)
@given(st.lists(st.binary(max_size=8), max_size=20))
@example([OVERLONG, SURROGATE, PAST_THE_END, b"", b"\xe2\x82", b"\xf0\x9f\x92\xa9", b"\xff"])
def test_a_text_is_utf8_exactly_where_python_says_so(texts):
    expected = [python_text(data) for data in texts]
    assert column(texts, pa.string()) == (pa.array(expected, pa.string()), expected.count(None))


@pytest.mark.parametrize("lead", [*range(0x7E, 0x82), *range(0xBE, 0x100)])
def test_every_lead_byte_with_every_second_byte_is_as_in_python(lead):
    for tail in (b"", b"\x80", b"\x80\x80", b"\xbf\xbf", b"a"):
        texts = [bytes([lead, second]) + tail for second in range(256)]
        assert values(texts, pa.string()) == [python_text(t) for t in texts]


# ── lists and enums ─────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.lists(st.integers(-1000, 1000), max_size=6), max_size=10), st.booleans())
def test_a_list_is_its_items_and_a_comma_at_the_end_closes_the_last(lists, closed):
    texts = [",".join(map(str, items)) + ("," if closed and items else "") for items in lists]
    assert values(texts, pa.list_(pa.int32())) == lists


def test_empty_items_inside_a_list_stay_where_they_are():
    assert values(["a,,b,", ",a", ",", "", ",,"], pa.list_(pa.string())) == [
        ["a", "", "b"], ["", "a"], [""], [], ["", ""]
    ]  # fmt: skip


def test_an_item_that_is_not_of_its_type_is_missing_alone():
    array, bad = column(["1,x,3", "4,,6,", "."], pa.list_(pa.int32()))
    assert array.to_pylist() == [[1, None, 3], [4, None, 6], [None]]
    assert bad == 3


def test_a_fixed_size_list_of_another_size_is_missing_as_a_whole():
    kind = pa.list_(pa.int32(), 2)
    array, bad = column(["1,2", "3,4,", "5", "1,2,3", "", "x,y,z", "6,x"], kind)
    assert array.to_pylist() == [[1, 2], [3, 4], None, None, None, None, [6, None]]
    assert bad == 5  # four lists and an item


def test_fixed_size_lists_of_texts_and_decimals_keep_their_size_too():
    assert values(["a,b", "c", "d,e,"], pa.list_(pa.string(), 2)) == [["a", "b"], None, ["d", "e"]]
    assert values(["1.5,2", "3"], pa.list_(pa.float32(), 2)) == [[1.5, 2.0], None]


WORDS = ("a", "ab", "", "naïve")


@given(st.lists(st.sampled_from([*WORDS, "b", "abc", "na"]), max_size=12))
def test_an_enum_knows_its_words_and_nothing_else(texts):
    kind = pa.dictionary(pa.int32(), pa.string())
    array, bad = column(texts, kind, values=WORDS)
    assert array.to_pylist() == [t if t in WORDS else None for t in texts]
    assert array.dictionary.to_pylist() == list(WORDS)
    assert bad == sum(t not in WORDS for t in texts)


def test_a_set_is_a_list_of_its_words():
    kind = pa.list_(pa.dictionary(pa.int32(), pa.string()))
    assert values(["a,b", "b,", "", "a,z"], kind, values=("a", "b")) == [
        ["a", "b"], ["b"], [], ["a", None]
    ]  # fmt: skip
