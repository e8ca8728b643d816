"""AutoSQL objects in text: ``1,2,`` and arrays of them ``{1,2,},{3,4,},``.

A field of type ``simple`` or ``object`` holds its members, each followed by a
comma. Inside an object, arrays and objects stand in braces, and texts may stand in
quotes, with a backslash before a quote. An array of objects holds each in braces.
So the CommaIn and CommaOut functions that UCSC's autoSql generates (sqlList.c) read
and write them. Seldom met in bigBed files, so plain Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from gidx.autosql import SCALARS, AutoSql, Field

# Python's own int() and float() also take blanks and underscores.
_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+|inf|infinity|nan)(e[-+]?[0-9]+)?", re.I)
_COUNTS = re.compile(r"[-+]?[0.]*[1-9]")  # written as neither zero nor infinity


def reader(autosql: AutoSql, field: Field) -> Callable[[str], Any]:
    """A function from a field's text to its value; raises ValueError.

    >>> from gidx.autosql import parse
    >>> point = parse('table t "" (simple p at; "" simple p[2] ends; "")'
    ...               'simple p "" (int x; "" string name; "")')
    >>> reader(point, point.fields[0])('3,"a,b",')
    {'x': 3, 'name': 'a,b'}
    >>> reader(point, point.fields[1])('{1,a,},{2,b,},')
    [{'x': 1, 'name': 'a'}, {'x': 2, 'name': 'b'}]
    """

    def read(text: str) -> Any:
        cursor = _Cursor(text)
        if not field.is_list:
            value: Any = _members(cursor, autosql, field)
        else:
            value = []
            while cursor.more():
                value.append(cursor.braced(lambda: _members(cursor, autosql, field)))
                cursor.comma()
            if isinstance(field.size, int) and len(value) != field.size:
                raise ValueError(f"{len(value)} objects, expected {field.size}")
        cursor.end()
        return value

    return read


class _Cursor:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def more(self) -> bool:
        return self.at < len(self.text) and self.text[self.at] != "}"

    def take(self, char: str) -> bool:
        found = self.text.startswith(char, self.at)
        self.at += found
        return found

    def comma(self) -> None:
        """A comma closes every item; at the end of a text it may be left out."""
        if not self.take(",") and self.more():
            raise ValueError(f"expected ',' at {self.at} of {self.text!r}")

    def end(self) -> None:
        if self.at != len(self.text):
            raise ValueError(f"cannot read {self.text[self.at :]!r}")

    def braced(self, read: Callable[[], Any]) -> Any:
        if not self.take("{"):
            raise ValueError(f"expected '{{' at {self.at} of {self.text!r}")
        value = read()
        if not self.take("}"):
            raise ValueError(f"expected '}}' at {self.at} of {self.text!r}")
        return value

    def word(self) -> str:
        for quote in ('"', "'"):
            if self.take(quote):
                return self._quoted(quote)
        begin = self.at
        while self.more() and self.text[self.at] != ",":
            self.at += 1
        return self.text[begin : self.at]

    def _quoted(self, quote: str) -> str:
        out = []
        while not self.take(quote):
            self.take("\\")
            if self.at >= len(self.text):
                raise ValueError(f"no closing {quote} in {self.text!r}")
            out.append(self.text[self.at])
            self.at += 1
        return "".join(out)


def _members(cursor: _Cursor, autosql: AutoSql, field: Field) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for member in autosql.declaration(field.of or "").fields:
        values[member.name] = _member(cursor, autosql, member, values)
        cursor.comma()
    return values


def _member(cursor: _Cursor, autosql: AutoSql, member: Field, before: dict[str, Any]) -> Any:
    def one() -> Any:
        if member.of is not None:
            return cursor.braced(lambda: _members(cursor, autosql, member))
        if member.type == "set":
            return cursor.braced(lambda: _several(lambda: _scalar(cursor.word(), member)))
        return _scalar(cursor.word(), member)

    def _several(read: Callable[[], Any]) -> list[Any]:
        items = []
        while cursor.more():
            items.append(read())
            cursor.comma()
        return items

    if not member.is_list:
        return one()
    items: list[Any] = cursor.braced(lambda: _several(one))
    size = before.get(member.size) if isinstance(member.size, str) else member.size
    if size is not None and len(items) != size:
        raise ValueError(f"{member.name} has {len(items)} items, expected {size}")
    return items


def _scalar(text: str, member: Field) -> Any:
    if member.type in ("float", "double"):
        if not _DECIMAL.fullmatch(text):
            raise ValueError(f"{text!r} is no {member.type}")
        value = float(text)
        held = _single(value) if member.type == "float" else value
        if held in (0, math.inf, -math.inf) and _COUNTS.match(text):
            raise ValueError(f"a {member.type} makes {text!r} {held:g}")
        return value
    if member.is_integer:
        if not _INTEGER.fullmatch(text):
            raise ValueError(f"{text!r} is no {member.type}")
        number = int(text)
        bits = SCALARS[member.type].bit_width
        low = 0 if member.type.startswith("u") else -(2 ** (bits - 1))
        if not low <= number < low + 2**bits:
            raise ValueError(f"{number} is no {member.type}")
        return number
    if member.values and text not in member.values:
        raise ValueError(f"{text!r} is none of {', '.join(member.values)}")
    return text


def _single(value: float) -> float:
    """As a float of 32 bits."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(value))


def format_value(autosql: AutoSql, field: Field, value: Any) -> str:
    """The text of an object, or of an array of them: what ``reader`` reads.

    >>> from gidx.autosql import parse
    >>> point = parse('table t "" (simple p at; "") simple p "" (int x; "" string name; "")')
    >>> format_value(point, point.fields[0], {"x": 3, "name": 'a"b'})
    '3,"a\\\\"b",'
    """
    if field.is_list:
        return "".join(f"{{{_format_members(autosql, field, item)}}}," for item in value)
    return _format_members(autosql, field, value)


def _format_members(autosql: AutoSql, field: Field, value: Any) -> str:
    members = autosql.declaration(field.of or "").fields
    return "".join(f"{_format_member(autosql, m, value[m.name])}," for m in members)


def _format_member(autosql: AutoSql, member: Field, value: Any) -> str:
    def one(item: Any) -> str:
        if item is None:
            raise ValueError(f"{member.name} is missing")
        if member.of is not None:
            return f"{{{_format_members(autosql, member, item)}}}"
        if member.type == "set":
            return "{" + "".join(f"{word}," for word in item) + "}"
        if isinstance(item, str):
            return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return repr(item) if isinstance(item, float) else str(item)

    return "{" + "".join(f"{one(i)}," for i in value) + "}" if member.is_list else one(value)
