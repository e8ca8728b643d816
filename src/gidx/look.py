"""Looking at texts: of which type is a column that nobody declared?

A type is given only where each text that was looked at is what the type would write:
an integer in decimal (``007`` and ``+5`` are texts), a decimal number. One word may stand
for no value, where all others are numbers: ``.``, ``NA``, or nothing.

    1  22  -3      int64                0.5  1e-9  .      float64, missing "."
    1  NA  3       int64, missing NA    7  x             string
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

INTEGER = re.compile(rb"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(rb"-?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(rb"-?(nan|inf|infinity)", re.I)
# What may stand for no value; longest lists are R's and the pandas reader's
MISSING = (b".", b"NA", b"", b"NaN", b"nan", b"N/A", b"null", b"NULL", b"None", b"-")


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
    if not numbers or not all(_NOT_FINITE.fullmatch(w) for w in rest):
        return Seen(pa.string())
    if not rest and all(INTEGER.fullmatch(v) for v in numbers):
        return Seen(pa.int64(), missing)
    return Seen(pa.float64(), missing)
