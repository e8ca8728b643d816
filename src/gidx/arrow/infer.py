"""Looking at texts: of which type is a column that nobody declared?

A type is given only where each text that was looked at is what the type would write:
an integer in decimal (``007`` and ``+5`` are texts), a decimal number. One word may stand
for no value, where all others are numbers: ``.``, ``NA``, or nothing.

    1  22  -3      int64                0.5  1e-9  .      float64, missing "."
    1  NA  3       int64, missing NA    7  x             string

Integers past int64 are uint64 where they fit, else texts; texts are also integers that a
double would round, and numbers that it would make zero or infinite.

Only the first rows are looked at. What comes later may need a wider type (`wider`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

INTEGER = re.compile(rb"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(rb"-?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(rb"-?(nan|inf|infinity)", re.I)
_ZERO = re.compile(rb"-?[0.]*([eE].*)?")
EXACT = 2**53  # integers up to it are exact in a double
# What may stand for no value; longest lists are R's and the pandas reader's
MISSING = (b".", b"NA", b"", b"NaN", b"nan", b"N/A", b"null", b"NULL", b"None", b"-")
# A text that only this type, or a wider one, can hold
_SAMPLE = {pa.int64(): b"1", pa.uint64(): b"9223372036854775808", pa.float64(): b"0.5"}


@dataclass(frozen=True)
class Seen:
    """A column's type, and the text that stands for no value in it."""

    type: pa.DataType
    missing: bytes | None = None


def look(texts: Iterable[bytes]) -> Seen:
    """The type of these texts; string where there are none.

    >>> look([b"1", b"NA", b"-3"])
    Seen(type=DataType(int64), missing=b'NA')
    >>> look([b"0.5", b"1e-9"]), look([b"007"])
    (Seen(type=DataType(double), missing=None), Seen(type=DataType(string), missing=None))
    """
    values = set(texts)
    words = [v for v in values if not _DECIMAL.fullmatch(v)]
    missing = next((m for m in MISSING if m in words), None)
    if missing in (b"NaN", b"nan"):
        missing = None
    rest = [w for w in words if w != missing]
    numbers = values.difference(words)
    if not numbers or not all(NOT_FINITE.fullmatch(w) for w in rest):
        return Seen(pa.string())
    if not rest and all(INTEGER.fullmatch(v) for v in numbers):
        kind = _integer(numbers)
        return Seen(kind, None if kind == pa.string() else missing)
    if all(map(holds, numbers)):
        return Seen(pa.float64(), missing)
    return Seen(pa.string())


def _integer(numbers: Iterable[bytes]) -> pa.DataType:
    if all(len(v) < 19 for v in numbers):
        return pa.int64()
    if any(len(v) > 20 for v in numbers):
        return pa.string()
    found = [int(v) for v in numbers]
    least, most = min(found), max(found)
    if least >= -(2**63) and most < 2**63:
        return pa.int64()
    return pa.uint64() if least >= 0 and most < 2**64 else pa.string()


def holds(number: bytes) -> bool:
    """Whether a double says the same: not of an integer that it rounds, nor 1e400.

    >>> holds(b"0.1"), holds(b"9007199254740993"), holds(b"1e-400")
    (True, False, False)
    """
    if len(number) < 16 and b"e" not in number and b"E" not in number:
        return True
    value = float(number)
    if INTEGER.fullmatch(number):
        return math.isfinite(value) and int(value) == int(number)
    return math.isfinite(value) and (value != 0 or _ZERO.fullmatch(number) is not None)


def wider(seen: Seen, text: bytes) -> Seen:
    """The type that holds what was seen, and this text, which its type does not.

    >>> wider(Seen(pa.int64()), b"0.5"), wider(Seen(pa.int64()), b"rs7")
    (Seen(type=DataType(double), missing=None), Seen(type=DataType(string), missing=None))
    """
    sample = _SAMPLE.get(seen.type)
    if sample is None:
        return Seen(pa.string())
    found = look([sample, text, *([] if seen.missing is None else [seen.missing])])
    return Seen(pa.string()) if found == seen else found
