"""What gidx raises and warns.

    GidxError
    ├── FormatError (ValueError)               a file's bytes break its format
    │   └── ChangedError                       … or it was written anew while it was opened
    ├── MissingIndexError (FileNotFoundError)  a region was asked of a file without an index
    ├── RegionError (ValueError)               a region that cannot be understood
    │   └── UnknownChromError (KeyError)       … or that names a chrom the file does not have
    ├── ColumnError (KeyError)                 a column or index the data does not have
    ├── AutoSqlError (ValueError)              a declaration that cannot be parsed or used
    ├── ValueTypeError (ValueError)            errors="raise" met a value not of its type
    │   └── GuessedTypeError                   … or a stream one not of the type that was guessed
    ├── RemoteError (OSError)                  a URL that could not be read
    │   ├── RemoteNotFoundError (FileNotFoundError)     … where there is nothing
    │   └── RemotePermissionError (PermissionError)     … that needs a login, or another
    └── WriteError (ValueError)                rows that the format cannot hold

    GidxWarning (UserWarning)
    └── ValueWarning                        values that were read as missing

Each also inherits the builtin that a caller would guess. Messages name the
place, what was found, what was expected and, if there is one, the way out; the
values are attributes.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
import sys
import warnings
from collections.abc import Callable, Container, Iterable, Mapping
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, TypeVar

# Controls of terminals, C0 but tab and line feed, and C1; those that turn the direction of text;
# bytes of names of files that are not UTF-8, as Python holds them
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Text for a person to look at, whatever a file has put into it.

    A name may hold what a terminal takes for a command: its window's title, colours, the
    clipboard. Written to a pipe or a file, it stays as it is.

    >>> visible("chr1\\x1b]0;title\\x07") == r"chr1\\x1b]0;title\\x07"
    True
    """
    if text.isprintable():
        return text
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class GidxError(Exception):
    """Base of all errors that gidx raises on purpose.

    Keyword arguments become attributes: ``error.path``, ``error.offset`` …
    """

    def __init__(self, message: str = "", **place: Any) -> None:
        message = visible(message)
        super().__init__(message)
        self.message = message
        for name, value in place.items():
            setattr(self, name, value)

    def __str__(self) -> str:  # KeyError would print the repr
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__)


def _rebuild(cls: type[GidxError], message: str, state: dict[str, Any]) -> GidxError:
    error = cls(message)
    error.__dict__.update(state)
    return error


class FormatError(GidxError, ValueError):
    """A file's bytes break its format: ``path``, ``offset`` say where."""

    path: str
    offset: int | None


class ChangedError(FormatError):
    """A file was replaced, or written to, while it or its index was read."""


class MissingIndexError(GidxError, FileNotFoundError):
    """A region was asked of a file that has no index."""


class RemoteError(GidxError, OSError):
    """A URL that could not be read: ``url``, without what may be a key."""

    url: str


class RemoteNotFoundError(RemoteError, FileNotFoundError):
    """There is no file at a URL."""


class RemotePermissionError(RemoteError, PermissionError):
    """A URL needs a login, or another one."""


class RegionError(GidxError, ValueError):
    """A region that cannot be understood."""


class UnknownChromError(RegionError, KeyError):
    """A region names a chrom that the file does not have: ``chrom``, ``hint``."""

    chrom: str
    hint: str | None


class ColumnError(GidxError, KeyError):
    """A column, zoom level or extra index that the data does not have."""


class AutoSqlError(GidxError, ValueError):
    """An AutoSQL declaration that cannot be parsed or used: ``line``."""

    line: int | None


class ValueTypeError(GidxError, ValueError):
    """A value is not of its declared type and ``errors="raise"`` was asked."""


class GuessedTypeError(ValueTypeError):
    """A stream met a value that is not of the type that its first rows have.

    ``field`` is its column's place in the row, ``text`` the value.
    """

    field: int
    text: str


class WriteError(GidxError, ValueError):
    """Rows that the format cannot hold; nothing was written: ``row``."""

    row: int | None


class GidxWarning(UserWarning):
    """Base of all warnings."""


class ValueWarning(GidxWarning):
    """Values that are not of their declared type were read as missing."""


def warn(message: str, category: type[GidxWarning] = GidxWarning) -> None:
    """Warn where the caller's own code is, however deep in gidx the reason was found."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("gidx."):
        level, frame = level + 1, frame.f_back
    warnings.warn(visible(message), category, stacklevel=level)


def format_error(path: str, offset: int | None, message: str) -> FormatError:
    """The one way to word a FormatError: ``path, byte N: message``.

    >>> str(format_error("a.bb", 4, "truncated header"))
    'a.bb, byte 4: truncated header'
    """
    place = path if offset is None else f"{path}, byte {offset}"
    return FormatError(f"{place}: {message}", path=path, offset=offset)


_NUMBER = re.compile(r"\d+|(?<=^chr)[XYM]$")


def without_style(chrom: str) -> str:
    """What a chrom's name says, however it is written: ``chr1`` and ``1``, ``MT`` and ``chrM``.

    >>> [without_style(name) for name in ("chr1", "1", "Chr1", "chrM", "MT")]
    ['1', '1', '1', 'm', 'm']
    """
    plain = chrom.lower().removeprefix("chr")
    return "m" if plain == "mt" else plain


def by_style(chroms: Iterable[str]) -> dict[str, str]:
    """Names of chroms by what they say, for `restyled`."""
    return {without_style(name): name for name in chroms}


def restyled(
    names: Iterable[str], known: Container[str], styled: Mapping[str, str]
) -> tuple[str, str] | None:
    """The first name that is not known but is in another style, and how it is written there.

    >>> restyled(["chr2", "chr3", "1"], {"chr1", "chr2"}, by_style(["chr1", "chr2"]))
    ('1', 'chr1')
    """
    for name in names:
        if name not in known and (meant := styled.get(without_style(name))) is not None:
            return name, meant
    return None


_Call = TypeVar("_Call", bound="Callable[..., Any] | None")


def asked_of(name: str, call: _Call) -> _Call:
    """A parameter that is a function, or None; raises TypeError for all else."""
    if call is not None and not callable(call):
        raise TypeError(f"{name} is {call!r}, expected a function, which is given rows so far")
    return call


def integer(value: Any) -> int:
    """A number that is whole, of any type; TypeError for all else.

    >>> integer(2.0), integer(True)
    Traceback (most recent call last):
    TypeError: True
    """
    if type(value).__name__ in ("bool", "bool_"):  # Python's and numpy's
        raise TypeError(value)
    if isinstance(value, (Real, Decimal)) and not isinstance(value, Integral):
        number: Any = value
        if not math.isfinite(number) or number != int(number):
            raise TypeError(value)
        return int(number)
    return operator.index(value)


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """The number that a parameter is; raises where it is none, or not between the two.

    Without ``least`` of any size.

    >>> whole("bins", 3.0, 1)
    3
    """
    expected = f"{least} or more" if most is None else f"{least} to {most}"
    try:
        found = integer(value)
    except TypeError:
        which = "" if least is None else f", {expected}"
        raise TypeError(f"{name} is {value!r}, expected a whole number{which}") from None
    if least is None:
        return found
    if found < least or (most is not None and found > most):
        raise ValueError(f"{name} is {value!r}, expected {expected}")
    return found


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The known name that a user most likely meant, or None.

    Knows the field's own confusion (``1`` and ``chr1``, ``MT`` and ``chrM``)
    before it looks at spelling.

    >>> did_you_mean("1", ["chr1", "chr2"]), did_you_mean("MT", ["chrM"])
    ('chr1', 'chrM')
    >>> did_you_mean("scroe", ["name", "score"])
    'score'
    """
    known, name = list(known), str(name)
    plain = without_style(name)
    for candidate in known:
        if without_style(candidate) == plain:
            return candidate
    # 'chr1' is no misspelt 'chr22', nor is 'chrX': they are other chroms
    letters = _NUMBER.sub("", name)
    other = [k for k in known if _NUMBER.sub("", k) != letters]
    close = difflib.get_close_matches(name, other, n=1)
    return close[0] if close else None


def hint(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or nothing, to end a message with."""
    meant = did_you_mean(name, known)
    return f"; did you mean {meant!r}?" if meant else ""


def one_of(name: str, value: object, known: Iterable[str | None]) -> None:
    """Raise ValueError for the value of a parameter that is none of those it may have."""
    known = tuple(known)
    # whether it is among them is no question to a missing value, an array or an expression
    if not isinstance(value, str | None) or value not in known:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(map(repr, known))}")
