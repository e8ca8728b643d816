"""A Dataset as HTML, which a notebook shows: what it is, its columns, its first rows.

A repr must not fail and must not take long. Of the file no more is read than opening it
read, the index and the block or two that hold the first rows; of a text file without an
index, whose chroms only its rows tell, the text's first `HEAD` bytes. What cannot be read
is one line that says so.

The style is inline and has no colours of its own, so light and dark themes both suit it.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from html import escape as _as_html
from typing import Any

import pyarrow as pa

from gidx.errors import GidxWarning, visible
from gidx.formats.offers import TextLines
from gidx.scan import OpenFile, first_lines, format_of

ROWS, COLUMNS, FIELDS, CHROMS, SAMPLES = 5, 12, 30, 5, 3
LETTERS, WORDS, VALUES = 40, 120, 4  # of a cell, of a description, of a list
HEAD = 64 * 1024

_BOX = "font-size:13px;line-height:1.45;max-width:100%;overflow-x:auto"
_TABLE = "border-collapse:collapse;margin:4px 0 8px 0;font-size:12px"
_CELL = "padding:2px 10px 2px 0;text-align:{};vertical-align:top;white-space:{};border:0"
_LINE = "border-bottom:1px solid rgba(128,128,128,.4)"
_DIM = "opacity:.6"

# facts of `Dataset.info` that are worth a line, in this order
_FACTS = ("bed type", "VCF version", "index", "extra indexes")


def html(dataset: OpenFile) -> str:
    """A Dataset as HTML; never raises, what cannot be read is said instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GidxWarning)
        parts = [
            _tried("title", lambda: _title(dataset)),
            _tried("facts", lambda: _facts(dataset)),
            _tried("chroms", lambda: _chroms(dataset)),
            _tried("columns", lambda: _fields(dataset)),
            _tried("first rows", lambda: _first_rows(dataset)),
        ]
    return f'<div style="{_BOX}">{"".join(parts)}</div>'


def _tried(what: str, part: Callable[[], str]) -> str:
    try:
        return part()
    except Exception as error:  # a notebook prints a traceback for any
        text = _cut(f"{type(error).__name__}: {error}", 2 * WORDS)
        return f"<div>{what} cannot be shown: {escape(text)}</div>"


def _title(dataset: OpenFile) -> str:
    info = dataset.info()
    rows = info.get("rows")
    # without a query, which may hold a key to the file
    name = dataset.path.partition("?")[0].rstrip("/").rpartition("/")[2]
    counted = "" if rows is None else f" · {rows:,} row{'' if rows == 1 else 's'}"
    return (
        f"<div><b>{escape(_cut(name, WORDS))}</b> "
        f"<span>· {escape(info['format'])}{counted}</span></div>"
    )


def _facts(dataset: OpenFile) -> str:
    info = dataset.info()
    facts = [f"{key} {info[key]}" for key in _FACTS if info.get(key) not in (None, "none", "")]
    file = format_of(dataset)
    samples = file.samples if isinstance(file, TextLines) else []
    if samples:
        facts.append(f"{_count(len(samples), 'sample')} ({_some(samples, SAMPLES)})")
    text = " · ".join(_cut(fact, WORDS) for fact in facts)
    return f'<div style="{_DIM}">{escape(text)}</div>' if text else ""


def _chroms(dataset: OpenFile) -> str:
    if _is_unindexed(dataset):
        return f'<div style="{_DIM}">no index: no regions can be asked of it</div>'
    chroms = dataset.chroms
    if not chroms:
        return f'<div style="{_DIM}">no chroms</div>'
    sizes = list(chroms.values())
    total = sum(size or 0 for size in sizes)
    bases = f", {total:,} bases" if None not in sizes else ""
    text = f"{_count(len(chroms), 'chrom')}{bases}: {_some(list(chroms), CHROMS)}"
    return f'<div style="{_DIM}">{escape(text)}</div>'


def _fields(dataset: OpenFile) -> str:
    fields = dataset.fields
    found = fields.slice(0, FIELDS).to_pylist()
    rows = [(f["name"], _type(f["type"]), f["description"] or "") for f in found]
    table = _table(("column", "type", "description"), rows, ("left",) * 3, WORDS)
    return table + _more(fields.num_rows - len(rows), "column")


def _first_rows(dataset: OpenFile) -> str:
    columns = dataset.schema.names[:COLUMNS]
    head = _head(dataset, columns)
    if head.num_rows == 0:
        return f'<div style="{_DIM}">no rows</div>'
    number = [pa.types.is_integer(t) or pa.types.is_floating(t) for t in head.schema.types]
    aligned = ["right" if n else "left" for n in number]
    rows = [tuple(row.values()) for row in head.to_pylist()]
    return _table(columns, rows, aligned, LETTERS) + _more(
        len(dataset.schema) - len(columns), "column"
    )


def _head(dataset: OpenFile, columns: list[str]) -> pa.Table:
    if isinstance(format_of(dataset), TextLines) and _is_unindexed(dataset):
        dataset = first_lines(dataset, HEAD)
    return dataset.head(ROWS, columns=columns, errors="null")


def _is_unindexed(dataset: OpenFile) -> bool:
    return format_of(dataset).index_kind is None


# ── words and tables ────────────────────────────────────────────────────────────────────────────


def _table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], aligned: Sequence[str], longest: int
) -> str:
    # a description may take several lines, a value may not
    space = "normal" if longest > LETTERS else "nowrap"
    styles = [_CELL.format(side, space) for side in aligned]
    names = "".join(
        f'<th style="{style};font-weight:600">{escape(_cut(name, LETTERS))}</th>'
        for name, style in zip(head, styles, strict=True)
    )
    lines = "".join(
        '<tr style="background:none">'
        + "".join(
            f'<td style="{style}">{_cell(value, longest)}</td>'
            for value, style in zip(row, styles, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table style="{_TABLE}"><thead style="{_LINE}"><tr>{names}</tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )


def escape(text: str) -> str:
    """Text of a file for a page: what is markup is text, and what is control is seen."""
    return _as_html(visible(text))


def _cell(value: Any, longest: int) -> str:
    if value is None:
        return f'<span style="{_DIM}">&lt;NA&gt;</span>'
    return escape(_cut(_text(value), longest))


def _type(name: str) -> str:
    """An Arrow type in fewer words.

    >>> _type("list<item: dictionary<values=string, indices=int32, ordered=0>>")
    'list<category>'
    """
    name = re.sub(r"dictionary<values=string, indices=\w+, ordered=\d>", "category", name)
    return name.replace("item: ", "")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        items = itertools.islice(value.items(), VALUES)
        return ", ".join(f"{k}: {_text(v)}" for k, v in items) + _rest(len(value))
    if isinstance(value, list):
        shown = ", ".join(_text(v) for v in value[:VALUES]) + _rest(len(value))
        return f"[{shown}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "<NA>" if value is None else str(value)


def _rest(count: int) -> str:
    return ", …" if count > VALUES else ""


def _cut(text: str, longest: int) -> str:
    text = " ".join(text[: 4 * longest].split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _some(names: Sequence[str], most: int) -> str:
    shown = ", ".join(_cut(name, LETTERS) for name in names[:most])
    return shown + (", …" if len(names) > most else "")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _more(number: int, what: str) -> str:
    return f'<div style="{_DIM}">… and {_count(number, f"more {what}")}</div>' if number > 0 else ""
