"""Bounds-checked reading of fixed layouts (numpy dtypes) from bytes.

A layout is a structured dtype, little-endian as written down; ``Order`` says how
the file at hand has it. What lies outside the bytes raises FormatError with its
offset, so no reader of a structure needs a length check of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from gidx.errors import format_error
from gidx.ground.limits import limits
from gidx.ground.source import ByteSource

Order = Literal["<", ">"]
Record = Any  # a numpy structured scalar or array: fields by name


@cache
def ordered(layout: np.dtype[Any], order: Order) -> np.dtype[Any]:
    """The layout in the file's byte order.

    >>> ordered(np.dtype([("n", "<u2")]), ">")["n"].str
    '>u2'
    """
    return layout.newbyteorder(order)


def read_one(source: ByteSource, offset: int, layout: np.dtype[Any], what: str) -> Record:
    """One record of ``layout`` at ``offset``; ``what`` names it in the error."""
    return read_array(source, offset, layout, 1, what)[0]


def read_tagged(
    source: ByteSource, offset: int, layout: np.dtype[Any], order: Order, magic: int, what: str
) -> Record:
    """One record that begins with its ``magic``, which must be there."""
    found = read_one(source, offset, ordered(layout, order), what)
    if found["magic"] != magic:
        raise format_error(
            source.name,
            offset,
            f"not a {what}: magic is {int(found['magic']):08x}, expected {magic:08x}",
        )
    return found


def read_array(
    source: ByteSource, offset: int, layout: np.dtype[Any], count: int, what: str
) -> npt.NDArray[Any]:
    """``count`` records of ``layout`` from ``offset`` on."""
    size = layout.itemsize * count
    check_range(source, offset, size, what)
    return np.frombuffer(source.read(offset, size), layout, count)


def check_range(source: ByteSource, offset: int, size: int, what: str) -> None:
    """Raise FormatError where ``size`` bytes at ``offset`` are not all in the file."""
    if offset < 0 or offset + size > source.size:
        raise format_error(
            source.name,
            offset,
            f"truncated {what}: needs {size} bytes, file ends at {source.size}",
        )


def read_cstring(source: ByteSource, offset: int, what: str, step: int = 4096) -> bytes:
    """The bytes from ``offset`` up to the next NUL, which must come."""
    found = bytearray()
    at = offset
    while at < source.size:
        piece = bytes(source.read(at, min(step, source.size - at)))
        end = piece.find(0)
        if end >= 0:
            return bytes(found + piece[:end])
        found += piece
        if len(found) > limits.header:
            raise limits.passed("header", source.name, offset, f"{what} of more bytes")
        at += len(piece)
        step *= 4
    raise format_error(
        source.name, offset, f"truncated {what}: no closing NUL before the file's end"
    )
