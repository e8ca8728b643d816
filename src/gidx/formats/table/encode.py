"""Any table as tab-separated lines, with a header line of names: the mirror of `table`.

What the source's metadata remember is said again: which columns there are, in which
order, which of them are chrom, start and end and how they count, the header, and the word
that stands for no value in each column. Data from elsewhere are written as they come.

`texts` makes the text of any column by its Arrow type, for BED too:

    integers, bool    22  -3  1               list of them      1,2,     (empty)
    floats            0.5  1.0  1e-9  nan     missing           .        or the word recorded

Floats are the shortest decimals that read back to the same float, with ``.0`` behind a
whole number: a column that nobody declared is typed by its look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import schema as canonical
from gidx.arrow.batches import is_text, plain
from gidx.arrow.encode import (
    BREAKS,
    Ints,
    TextColumn,
    fill,
    float_texts,
    having,
    numbers,
    shown,
    texts_of,
)
from gidx.arrow.faults import Faults, of_items, of_some
from gidx.arrow.lists import is_list
from gidx.declared.declare import find_heads
from gidx.errors import WriteError, hint
from gidx.formats.text.dialect import Rules, header_lines
from gidx.kernels.encode import close_items, first_with

MISSING = b"."
KIND = "tsv"
# a first field that gidx, UCSC and bedtools take for a header's
_TRACK = re.compile(rb"(track|browser)([ \t]|$)")


# ── a column's texts ────────────────────────────────────────────────────────────────────────────


def texts(array: pa.Array, name: str, word: bytes, faults: Faults) -> TextColumn:
    """The texts of a column; ``word`` is what stands for no value."""
    array = plain(array, top=False)
    if pat.is_null(array.type):  # even without rows, as in lists that are all empty
        return _repeated(word, len(array))
    if not array.null_count:
        return _written(array, name, word, faults)
    there = array.is_valid().to_numpy(zero_copy_only=False)
    if not there.any():
        return _repeated(word, len(array))
    inner = of_some(np.flatnonzero(there), faults)
    return fill(_written(array.drop_null(), name, word, inner), there, word)


def checked(found: TextColumn, name: str, faults: Faults, *, comma: bool = False) -> TextColumn:
    """Note the texts that cannot stand in a line (or a list)."""
    if first_with(found.offsets, found.data, comma) >= 0:
        what = "in a list, which has a comma, tab" if comma else "which has a tab"
        faults.check(
            having(found, BREAKS + b"," * comma),
            lambda i: (
                f"column {name}: found {shown(found[i])}, {what}, line break or NUL; replace it"
            ),
        )
    return found


def fits(kind: pa.DataType) -> bool:
    """Whether values of a type have a text."""
    if pat.is_dictionary(kind):
        kind = kind.value_type
    if is_list(kind):
        kind = kind.value_type
    scalar = pat.is_integer(kind) or pat.is_floating(kind) or pat.is_boolean(kind)
    return bool(scalar or is_text(kind) or pat.is_null(kind))


def _written(array: pa.Array, name: str, word: bytes, faults: Faults) -> TextColumn:
    """Texts of a column in which nothing is missing."""
    kind = array.type
    if pat.is_uint64(kind):
        return texts_of(array.cast(pa.string()))
    if pat.is_integer(kind) or pat.is_boolean(kind):
        return numbers(array.cast(pa.int64()).to_numpy(zero_copy_only=False))
    if pat.is_floating(kind):
        return _floats(array)
    if is_text(kind):
        return checked(texts_of(array), name, faults)
    return _lists(array, name, word, faults)


def _floats(array: pa.Array) -> TextColumn:
    values = array.to_numpy(zero_copy_only=False)
    found = float_texts(array)
    if np.any(values == np.rint(values)):
        # nan, inf and 1e+20 are no integers by their look
        whole = pc.match_substring_regex(found, "^-?[0-9]+$")
        zero, point = (pa.scalar(t, pa.large_string()) for t in "0.")
        found = pc.if_else(whole, pc.binary_join_element_wise(found, zero, point), found)
    return texts_of(found)


def _lists(array: pa.Array, name: str, word: bytes, faults: Faults) -> TextColumn:
    items = array.flatten()
    lengths = pc.list_value_length(array).to_numpy(zero_copy_only=False)
    bounds = np.zeros(len(array) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    inner = of_items(bounds, faults)
    found = texts(items, name, word, inner)
    if is_text(plain(items, top=False).type):
        checked(found, name, inner, comma=True)
    offsets, data = close_items(found.offsets, found.data)
    return TextColumn(offsets[bounds], data)


def _repeated(word: bytes, rows: int) -> TextColumn:
    whole = np.frombuffer(word * rows, np.uint8)
    return TextColumn(np.arange(rows + 1, dtype=np.int64) * len(word), whole)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────


def encoder(
    frame_schema: pa.Schema,
    about: Mapping[str, Any],
    categories: Mapping[str, Sequence[str]],
    *,
    header: bool | str = True,
    zero_based: bool | None = None,
    missing: str = ".",
) -> TableEncoder:
    """The encoder of a table.

    ``header`` True is the source's header with a line of names, or such a line alone;
    False none; or a text. ``zero_based`` None: as the source, else True.

    >>> schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64()})
    >>> encoder(schema, {}, {}).header
    b'#chrom\\tstart\\tend\\n'
    """
    del categories
    told = about if about.get("format") == KIND else {}
    if about.get("format") == "bed":  # whose comments a table may have too
        lines = header_lines(str(about.get("header") or ""))
        told = {"header": "".join(line for line in lines if line.startswith("#"))}
    return TableEncoder(frame_schema, told, header, zero_based, missing)


class TableEncoder:
    """Lines of one table (a `LineEncoder`)."""

    kind = KIND

    def __init__(
        self,
        schema: pa.Schema,
        about: Mapping[str, Any],
        header: bool | str,
        zero_based: bool | None,
        missing: str,
    ) -> None:
        recorded = [str(n) for n in about.get("columns") or ()]
        tabix = about.get("tabix") or {}
        places = [tabix.get(n, i) for i, n in enumerate(canonical.HEAD)]
        if not recorded or max(places) >= len(recorded):
            recorded, tabix, places = [], {}, [0, 1, 2]
        meta = str(tabix.get("meta", "#")).encode("latin-1", "replace") or b"#"
        as_told = bool(tabix.get("zero_based", True))
        names = schema.names
        self.heads = _heads(names, recorded, places)
        native = tuple(recorded[p] for p in places) if recorded else ()
        is_native = self.heads == native != canonical.HEAD
        self.shift = 0 if as_told or not is_native else -1
        zero = as_told if zero_based is None else zero_based
        self._order = _order(names, recorded, places, self.heads, is_native)
        one = places[1] == places[2] and bool(recorded)
        self._written = [
            n for n in self._order if not (one and n == self.heads[2] != self.heads[1])
        ]
        own = dict(zip(self._written, self._names_of(recorded, places, is_native), strict=True))
        where = [self._written.index(h) for h in (*self.heads[:2], self.heads[1 if one else 2])]
        chrom, start, end = where
        width = len(self._written)
        self.rules = Rules(
            chrom, start, end, one_based=not zero, meta=meta, least=max(where) + 1, exact=width
        )
        self._one, self._missing = one, _words(schema, missing)
        self._schema = schema
        for name in self._written:
            if name not in self.heads and not fits(schema.field(name).type):
                raise WriteError(
                    f"column {name} is {schema.field(name).type}, which has no text in a table; "
                    "drop it, or write Parquet",
                    row=None,
                )
        self.header = make_header(
            header, str(about.get("header") or ""), list(own.values()), recorded, meta,
            always=header is True and not (recorded and not about.get("header")),
        )  # fmt: skip
        self.columns: Sequence[str] = list(dict.fromkeys((*self.heads, *self._written)))

    def _names_of(
        self, recorded: Sequence[str], places: Sequence[int], is_native: bool
    ) -> list[str]:
        """The file's own names of the columns that are written."""
        if not recorded or is_native:
            return list(self._written)
        heads = {self.heads[i]: recorded[places[i]] for i in (2, 1, 0)}
        rest = [n for i, n in enumerate(recorded) if i not in places]
        back = dict(zip(canonical.unique(rest), rest, strict=True))
        return [heads.get(n, back.get(n, n)) for n in self._written]

    def fields(
        self, batch: pa.RecordBatch, starts: Ints, ends: Ints, faults: Faults
    ) -> list[TextColumn]:
        if self._one and self.heads[2] != self.heads[1]:
            faults.check(
                ends != starts + 1,
                lambda i: (
                    f"column {self.heads[2]}: found {ends[i]}, but the table has one position a "
                    f"row, so expected {starts[i] + 1}"
                ),
            )
        chrom, start, end = self.rules.chrom, self.rules.start, self.rules.end
        found = []
        for i, name in enumerate(self._written):
            if i == start:
                found.append(numbers(starts + 1 if self.rules.one_based else starts))
            elif i == end:
                found.append(numbers(ends))
            else:
                word = MISSING if i == chrom else self._missing[name]
                found.append(texts(batch.column(name), name, word, faults))
        check_begin(found[0], self.rules.meta, self._written[0], faults)
        return found


def check_begin(first: TextColumn, meta: bytes, name: str, faults: Faults) -> None:
    """A line that begins as comments or headers do would be none."""
    if len(first) == 0:
        return
    lengths = first.lengths
    if not len(first.data):
        return
    begins = first.data[np.minimum(first.offsets[:-1], len(first.data) - 1)]
    faults.check(
        (lengths > 0) & (begins == meta[0]),
        lambda i: (
            f"column {name}: found {first[i]!r}, but a line that begins with {meta.decode()!r} "
            "is a comment"
        ),
    )
    found = np.isin(begins, np.frombuffer(b"tb", np.uint8))
    rows = np.flatnonzero(found)
    found[rows] = [_TRACK.match(first[row].encode()) is not None for row in rows.tolist()]
    faults.check(
        found,
        lambda i: f"column {name}: found {first[i]!r}, but a line that begins so is a header",
    )


def _heads(
    names: Sequence[str], recorded: Sequence[str], places: Sequence[int]
) -> tuple[str, str, str]:
    """The data's columns that are chrom, start and end; the last two may be one."""
    native = tuple(recorded[p] for p in places) if recorded else ()
    found = find_heads(names)
    if found is None and native and all(n in names for n in native):
        found = native
    if found is None:
        missing = next(n for n in canonical.HEAD if n not in names)
        shown = ", ".join(names) or "none"
        raise WriteError(
            f"no column {missing!r}{hint(missing, names)}; expected chrom, start, end, "
            f"the columns are {shown}",
            row=None,
        )
    return found[0], found[1], found[2]


def _order(
    names: Sequence[str],
    recorded: Sequence[str],
    places: Sequence[int],
    heads: tuple[str, str, str],
    is_native: bool,
) -> list[str]:
    """The data's columns in the order of the file they come from; new ones behind."""
    if not recorded:
        return list(names)
    told = list(recorded)
    if not is_native:
        rest = iter(canonical.unique(n for i, n in enumerate(recorded) if i not in places))
        own = dict(reversed([*zip(places, heads, strict=True)]))
        told = [own[i] if i in own else next(rest) for i in range(len(recorded))]
    known = [n for n in told if n in names]
    return [*known, *(n for n in names if n not in known)]


def _words(schema: pa.Schema, missing: str) -> dict[str, bytes]:
    """What stands for no value in each column."""
    if not isinstance(missing, str):
        raise WriteError(f"missing is {missing!r}, expected a word", row=None)
    word = missing.encode("utf-8", "surrogateescape")
    if any(c in missing for c in "\t\n\r\0"):
        raise WriteError(
            f"missing is {missing!r}, expected a word without tabs and breaks", row=None
        )
    return {f.name: (f.metadata or {}).get(b"missing", word) for f in schema}


# ── headers ─────────────────────────────────────────────────────────────────────────────────────


def make_header(
    asked: bool | str | None,
    recorded: str,
    names: Sequence[str],
    told: Sequence[str] | None,
    meta: bytes,
    *,
    always: bool,
    split: Callable[[str], list[str]] | None = None,
) -> bytes:
    """The lines before the rows.

    ``told`` are the names as they were read. Where the recorded header has a line of
    them, it stays if they still are the columns' ``names``, and else is written anew;
    where it has none, one is added if ``always``.
    """
    if isinstance(asked, str):
        return _given(asked)
    if asked is False:
        return b""
    sign = meta.decode("latin-1")
    split = split or (lambda line: line.rstrip("\r\n").lstrip(sign).lstrip(" ").split("\t"))
    lines = header_lines(recorded)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    told, names = list(told or names), list(names)
    at = next((i for i in reversed(range(len(lines))) if split(lines[i]) == told), None)
    if at is not None and told != names:
        lines[at] = _names_line(names, sign)
    elif at is None and (always or told != names):
        lines.append(_names_line(names, sign))
    return "".join(lines).encode("utf-8", "surrogateescape")


def _names_line(names: Sequence[str], sign: str) -> str:
    for name in names:
        if not name or name != name.strip() or any(c in name for c in "\t\n\r\0"):
            raise WriteError(
                f"column {name!r}: a name in a header line is not empty and has no tab, line "
                "break or blank at its ends; rename it, or pass header=False",
                row=None,
            )
    return sign + "\t".join(names) + "\n"


def _given(text: str) -> bytes:
    if text and not text.endswith("\n"):
        text += "\n"
    return text.encode("utf-8", "surrogateescape")
