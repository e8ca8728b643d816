"""Text in another encoding than UTF-8, in both directions.

Inside, text is UTF-8, as Arrow has it. ASCII is the same in all encodings that are taken
here, so tabs, line breaks and numbers are found in the file's own bytes, and only runs of
other bytes are changed: those of rows that were found, those of lines that are written.

Left out: encodings in which ASCII bytes may be a part of other letters (UTF-16, Shift JIS,
GBK, ISO-2022): what is a tab or a comma in them cannot be told from the byte.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import numpy as np
import numpy.typing as npt

ERRORS = ("strict", "replace", "backslashreplace", "ignore")
WAY_OUT = "not UTF-8; pass encoding='latin-1' or what it is, or encoding_errors='replace'"
_RUN = re.compile(rb"[\x80-\xff]+")
_ASCII = bytes(range(128))


@dataclass(frozen=True)
class Encoding:
    """An encoding of a file's text, and what happens to bytes that are none of its letters.

    ``errors`` are as in pandas; where ``"strict"``, such bytes stay as they are, and the
    value that they are in is not text.

    >>> Encoding("latin-1").decode(b"caf\\xe9").decode()
    'café'
    """

    name: str
    errors: str = "strict"

    def decode(self, text: bytes) -> bytes:
        """The text as UTF-8."""
        if text.isascii():
            return text
        return _RUN.sub(lambda found: _decoded(self.name, self.errors, found[0]), text)

    def encode(self, text: bytes) -> bytes:
        """Text in UTF-8 in this encoding; raises UnicodeEncodeError."""
        if text.isascii():
            return text
        return _RUN.sub(lambda found: _encoded(self.name, found[0]), text)

    def moved(
        self, text: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]] | None:
        """The text as UTF-8, and where each place (and the end) is in it; None for ASCII."""
        return _moved(text, partial(_decoded, self.name, self.errors))

    def moved_back(
        self, text: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]] | None:
        """Text in UTF-8 in this encoding, and where each place is in it; None for ASCII.

        Raises UnicodeEncodeError.
        """
        return _moved(text, partial(_encoded, self.name))


def _moved(
    text: npt.NDArray[np.uint8], change: Callable[[bytes], bytes]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]] | None:
    if len(text) == 0 or int(text.max()) < 128:
        return None
    data = text.tobytes()
    lengths = np.ones(len(text), np.int32)
    parts, at = [], 0
    for found in _RUN.finditer(data):
        new = change(found[0])
        lengths[found.start() : found.end()] = 0
        lengths[found.start()] = len(new)
        parts += [data[at : found.start()], new]
        at = found.end()
    places = np.zeros(len(text) + 1, np.int32)
    np.cumsum(lengths, out=places[1:])
    return np.frombuffer(b"".join([*parts, data[at:]]), np.uint8), places


def encoding_of(encoding: str | None, errors: str | None = None) -> Encoding | None:
    """What a user asks for; None for UTF-8 as it is.

    >>> encoding_of("utf8"), encoding_of("ISO-8859-1")
    (None, Encoding(name='iso8859-1', errors='strict'))
    """
    if encoding is not None and not isinstance(encoding, str):
        raise TypeError(f"encoding is {encoding!r}, expected a name such as 'latin-1'")
    if errors is not None and errors not in ERRORS:
        why = ", which makes letters that Arrow cannot hold" if "surrogate" in str(errors) else ""
        known = ", ".join(map(repr, ERRORS))
        raise ValueError(f"encoding_errors is {errors!r}{why}; expected one of {known}")
    name = _checked(encoding or "utf-8")
    if name == "utf-8" and errors in (None, "strict"):
        return None
    return Encoding(name, errors or "strict")


@cache
def _checked(encoding: str) -> str:
    """The codec's own name; raises ValueError for one that gidx cannot read with."""
    try:
        found = codecs.lookup(encoding)
        same = _ASCII.decode(encoding) == _ASCII.decode("ascii")
    except LookupError:
        raise ValueError(f"encoding is {encoding!r}, which Python does not know") from None
    except UnicodeError:
        same = False
    if not same or _mixes(encoding):
        raise ValueError(
            f"encoding is {encoding!r}, in which ASCII bytes may be part of other letters; "
            f"convert the file first: iconv -f {encoding} -t UTF-8"
        )
    return "utf-8" if found.name == "utf-8-sig" else found.name


def _mixes(encoding: str) -> bool:
    """Whether an ASCII byte can be the second of a letter."""
    for lead in range(0x80, 0x100):
        for trail in range(0x30, 0x7F):
            try:
                if len(bytes((lead, trail)).decode(encoding)) == 1:
                    return True
            except UnicodeError:
                continue
    return False


@lru_cache(65536)
def _decoded(name: str, errors: str, run: bytes) -> bytes:
    try:
        return run.decode(name, errors).encode()
    except UnicodeError:
        return run if _is_broken(run) else b"\xff" + run


def _is_broken(run: bytes) -> bool:
    try:
        run.decode()
    except UnicodeDecodeError:
        return True
    return False


@lru_cache(65536)
def _encoded(name: str, run: bytes) -> bytes:
    return run.decode("utf-8", "surrogateescape").encode(name, "surrogateescape")
