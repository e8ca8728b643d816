"""Colors of items, in any way that people write them, as BED has them: ``R,G,B``.

===============================  ====================  ==================================
value                            written               who has it so
===============================  ====================  ==================================
``16711680``                     ``255,0,0``           gidx, reading (0xRRGGBB)
``0``                            ``0``                 BED: no color
``(255, 0, 0)``, with integers   ``255,0,0``           people
``(1.0, 0.0, 0.0)``, floats      ``255,0,0``           matplotlib, seaborn
``'255,0,0'``, ``'0'``           as it is              files
``'#ff0000'``, ``'#f00'``        ``255,0,0``           the web
``'red'``, ``'tab:red'``         ``255,0,0`` …         CSS; matplotlib, if it is installed
===============================  ====================  ==================================

An alpha of its own is left out where it is full; BED has none. Other values stay as they
are, for their writer to refuse.

Source: the BED specification 1.0, itemRgb; CSS Color 3, basic color keywords.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow.batches import is_text
from gidx.arrow.lists import is_list

# CSS's basic keywords, so that matplotlib need not be there for them
_BASIC = {
    "black": "0,0,0", "silver": "192,192,192", "gray": "128,128,128", "grey": "128,128,128",
    "white": "255,255,255", "maroon": "128,0,0", "red": "255,0,0", "purple": "128,0,128",
    "fuchsia": "255,0,255", "magenta": "255,0,255", "green": "0,128,0", "lime": "0,255,0",
    "olive": "128,128,0", "yellow": "255,255,0", "navy": "0,0,128", "blue": "0,0,255",
    "teal": "0,128,128", "aqua": "0,255,255", "cyan": "0,255,255", "orange": "255,165,0",
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_NUMBER = re.compile(r"[0-9]{1,8}")
_PLAIN = re.compile(r"[0-9]+(,[0-9]+)*,?|\.?")
LIMIT = 2**24


def is_kind(kind: pa.DataType) -> bool:
    """Whether values of a type could be colors: numbers, texts, tuples of numbers."""
    if is_list(kind):
        one = kind.value_type
        return bool(pat.is_integer(one) or pat.is_floating(one))
    kind = kind.value_type if pat.is_dictionary(kind) else kind
    return bool(pat.is_integer(kind) or is_text(kind) or pat.is_null(kind))


def as_rgb(array: pa.Array) -> pa.Array:
    """Colors as texts ``R,G,B``; what is no color as it is, what is missing as missing.

    >>> as_rgb(pa.array([0xFF0000, 0])).to_pylist()
    ['255,0,0', '0']
    >>> as_rgb(pa.array(["#0000ff", "red", "1,2,3", "no color"])).to_pylist()
    ['0,0,255', '255,0,0', '1,2,3', 'no color']
    >>> as_rgb(pa.array([[1.0, 0.5, 0.0], None])).to_pylist()
    ['255,128,0', None]
    """
    if pat.is_dictionary(array.type):
        array = array.dictionary.take(array.indices)
    if is_text(array.type):
        return _of_texts(array)
    if pat.is_integer(array.type):
        return _of_numbers(array)
    if is_kind(array.type) and not pat.is_null(array.type):
        found = [None if v is None else _of_tuple(v) for v in array.to_pylist()]
        return pa.array(found, pa.large_string())
    return array.cast(pa.large_string())


def _of_numbers(array: pa.Array) -> pa.Array:
    """0xRRGGBB as R,G,B; 0, which most rows have, as it is, and so what is no color."""
    if len(array) == array.null_count:
        return pa.nulls(len(array), pa.large_string())
    is_color = pc.and_(pc.greater(array, 0), pc.less(array, LIMIT))
    safe = pc.if_else(is_color, array, pa.scalar(0, array.type)).cast(pa.int64())
    parts = [
        pc.bit_wise_and(pc.shift_right(safe, pa.scalar(n, pa.int64())), pa.scalar(255, pa.int64()))
        for n in (16, 8, 0)
    ]
    comma = pa.scalar(",", pa.large_string())
    joined = pc.binary_join_element_wise(*(p.cast(pa.large_string()) for p in parts), comma)
    return pc.if_else(is_color, joined, array.cast(pa.large_string()))


def _of_texts(array: pa.Array) -> pa.Array:
    """By the distinct texts, which are few."""
    encoded = array.cast(pa.large_string()).dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    found = [_of_text(text) for text in texts]
    if found == texts:
        return array.cast(pa.large_string())
    return pa.array(found, pa.large_string()).take(encoded.indices)


def _of_text(text: str) -> str:
    if _NUMBER.fullmatch(text):
        value = int(text)
        return _joined(*value.to_bytes(3, "big")) if 0 < value < LIMIT else text
    if _PLAIN.fullmatch(text):
        return text
    if _HEX.fullmatch(text):
        return _of_hex(text)
    name = text.strip().lower()
    return _BASIC.get(name) or _of_matplotlib(text) or text


def _of_hex(text: str) -> str:
    digits = text[1:] if len(text) > 4 else "".join(2 * c for c in text[1:])
    values = bytes.fromhex(digits)
    return text if values[3:] not in (b"", b"\xff") else _joined(*values[:3])


def _of_tuple(values: list[float]) -> str:
    """Integers are 0 to 255, floats 0 to 1."""
    whole = all(isinstance(v, int) for v in values)
    full, alpha = (255, values[3:]) if whole else (1, values[3:])
    fit = len(values) in (3, 4) and all(v is not None and 0 <= v <= full for v in values)
    if not fit or (alpha and alpha[0] != full):
        return "(" + ", ".join(map(str, values)) + ")"
    return _joined(*(int(v if whole else np.floor(v * 255 + 0.5)) for v in values[:3]))


def _of_matplotlib(text: str) -> str | None:
    try:
        from matplotlib.colors import to_rgba
    except ImportError:
        return None
    try:
        return _of_tuple([float(v) for v in to_rgba(text)])
    except ValueError:
        return None


def _joined(red: int, green: int, blue: int) -> str:
    return f"{red},{green},{blue}"
