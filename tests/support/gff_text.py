"""GFF3, GTF and SAM as text: plain slow readers of attributes, and generated fields.

The readers are written from the specifications alone, by other means than gidx's
kernels (splits, regular expressions, ``urllib``), and say what every value is. What
attributes are is a list of (key, values); values are ``[]`` for a key without one. It
is None for no attributes at all.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import numpy as np
from hypothesis import strategies as st

from gidx.arrow.plan import words_of
from gidx.formats.text.dialect import Lines, Rules

Attributes = list[tuple[str, list[str]]] | None

# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def gff3_attributes(field: str) -> Attributes:
    """``tag=v1,v2;tag``: split, then undo ``%41``."""
    if field in ("", "."):
        return None
    found = []
    for part in field.split(";"):
        if part := part.lstrip(" "):
            key, equal, value = part.partition("=")
            found.append(
                (unescaped(key), [unescaped(v) for v in value.split(",")] if equal else [])
            )
    return found


def unescaped(text: str) -> str:
    """RFC 3986, section 2.1; a lone ``%`` is itself."""
    return unquote_to_bytes(text.encode()).decode()


QUOTATION = r'"(?:[^"\\]|\\.)*"'
PAIR = r'[A-Za-z_\u0080-\U0010ffff][^ ;"]* +"'  # a key and the quote of its value
CLOSED = rf"(?= *(?:;|$)| +{PAIR})"
SEVERAL = rf'{QUOTATION}(?: +(?:{QUOTATION}|[^ ;"]+))*?(?:(?<="){CLOSED}|(?= *(?:;|$)))'
PARTED = rf' *(?:#|[^;"]*(?:;|$)|{PAIR})'


def gtf_attributes(field: str) -> Attributes:
    """``key "value"; key value;``; what follows a quote that is not closed is not read."""
    return _gtf(field)[0]


def has_open_quote(field: str) -> bool:
    """Whether reading GTF attributes stops short."""
    return not _gtf(field)[1]


def _gtf(field: str) -> tuple[Attributes, bool]:
    if field in ("", "."):
        return None, True
    found = []
    at = 0
    while True:
        at = re.compile("[ ;]*").match(field, at).end()
        if at == len(field) or field[at] == "#":
            return found, True
        key = re.compile("[^ ;]+ *").match(field, at)
        at = key.end()
        one = re.compile(QUOTATION + CLOSED).match(field, at)
        several = re.compile(SEVERAL).match(field, at)
        if at == len(field) or field[at] == ";":
            values = []
        elif one:
            values = [one[0][1:-1]]
            at = one.end()
        elif several:
            values = [several[0]]
            at = several.end()
        elif field[at] == '"':
            value, at = _with_quotes(field, at)
            if value is None:
                return found, False
            values = [value]
        else:
            bare = re.compile("[^;]*").match(field, at)
            values = [bare[0].rstrip(" ")]
            at = bare.end()
        found.append((key[0].rstrip(" "), [re.sub(r'\\(["\\])', r"\1", v) for v in values]))


def _with_quotes(field: str, at: int) -> tuple[str | None, int]:
    """A value with quotes in it, and its end; None where its own is not closed."""
    marks = [m for m in re.finditer(r"\\.|.", field[at:]) if m[0] in '";']
    open_ = forgotten = False
    for mark in marks:
        here, behind = at + mark.start(), at + mark.end()
        if mark[0] == '"':
            if here > at and re.compile(CLOSED).match(field, behind):
                return (None if forgotten else field[at + 1 : here]), behind
            open_ = not open_
        elif open_:
            forgotten = forgotten or bool(re.compile(" *" + PAIR).match(field, behind))
        elif re.compile(PARTED).match(field, behind):
            return field[at:here].rstrip(" "), here
    return (None if open_ else field[at:].rstrip(" ")), len(field)


def as_text(found: Attributes, key: str) -> str | None:
    """What a text column holds of a key: its values with commas between them."""
    said = [",".join(values) for k, values in found or [] if k == key]
    return ",".join(said) if said else None


def as_list(found: Attributes, key: str) -> list[str] | None:
    """What a list column holds of a key."""
    said = [values for k, values in found or [] if k == key]
    return [v for values in said for v in values] if said else None


def as_map(found: Attributes, known: tuple[str, ...] = ()) -> list[tuple[str, list[str]]] | None:
    """What the map holds: all keys but those known, in order of appearance."""
    if found is None:
        return None
    return [(k, as_list(found, k)) for k in dict.fromkeys(k for k, _ in found) if k not in known]


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


def gff_row(attributes: str | None, chrom="chr1", start=11, end=20, **other) -> bytes:
    """One line; 8 fields where ``attributes`` is None."""
    fields = {"source": "src", "type": "gene", "score": ".", "strand": "+", "phase": "."} | other
    parts = [chrom, fields["source"], fields["type"], str(start), str(end), fields["score"],
             fields["strand"], fields["phase"]]  # fmt: skip
    return "\t".join(parts if attributes is None else [*parts, attributes]).encode() + b"\n"


def lines_of(text: bytes, rules: Rules, want: int) -> Lines:
    """Rows as the line kernel hands them on, made plainly (for GFF and SAM)."""
    names: dict[bytes, int] = {}
    chrom, starts, ends, fields, stops = [], [], [], [], []
    at = 0
    for whole in text.splitlines(keepends=True):
        begin, at = at, at + len(whole)
        line = whole.rstrip(b"\r\n")
        if line.startswith(rules.meta) or not line:
            continue
        parts = line.split(b"\t")
        name = parts[rules.chrom]
        chrom.append(-1 if name == b"*" else names.setdefault(name, len(names)))
        starts.append(int(parts[rules.start]) - 1)
        if rules.span == "sam":
            mapped = not int(parts[1]) & 4
            sizes = re.findall(rb"(\d+)[MDN=X]", parts[5]) if mapped else []
            ends.append(starts[-1] + max(sum(map(int, sizes)), 1))
        else:
            ends.append(int(parts[rules.end]))
        bounds = [begin]
        for f in range(want):
            bounds.append(bounds[-1] + 1 + (len(parts[f]) if f < len(parts) else 0))
        fields.append(bounds)
        stops.append(begin + len(line))
    return Lines(
        np.frombuffer(text, np.uint8),
        np.array(chrom, np.int32),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(fields, np.int32).reshape(len(fields), want + 1).T.copy(),
        np.array(stops, np.int32),
        words_of([n.decode() for n in names]),
    )


# ── generated fields ────────────────────────────────────────────────────────────────────────────

KEYS = ("ID", "Parent", "Name", "tag", "Dbxref", "x", "xy", "source", "end", "é")


def gff3_fields() -> st.SearchStrategy[str]:
    """Ninth fields of GFF3, well-formed and not: escapes, commas, repeats, blanks."""
    # no text below makes bytes that are not UTF-8: "u" is no hexadecimal digit
    keys = st.sampled_from([*KEYS, "I%44", "%58", "x%3B", "%", ""])
    values = st.lists(st.sampled_from(["u", "vw", "%2C", ",", "%", "%4", "%25", "=", '"', " ", "é",
                                       "%C3%A9", "."]), max_size=5).map("".join)  # fmt: skip
    pairs = st.one_of(st.tuples(keys, st.just("="), values).map("".join), keys)
    ends = st.sampled_from([";", "; ", ";;", " ; "])
    ordered = st.lists(st.tuples(pairs, ends).map("".join), max_size=8).map("".join)
    wild = st.text('IX%4=;, é"', max_size=20)  # %44 is all that can be undone
    return st.one_of(ordered, ordered.map(lambda t: t.rstrip("; ")), wild, st.just("."))


def gtf_fields() -> st.SearchStrategy[str]:
    """Ninth fields of GTF, well-formed and not: quotes, escapes, repeats, comments."""
    keys = st.sampled_from([*KEYS, "gene_id", "ID=", "#x"])
    inner = st.lists(st.sampled_from(["a", "bc", ";", '\\"', "\\\\", "\\n", ",", " ", "é", "#"]),
                     max_size=5).map("".join)  # fmt: skip
    values = st.one_of(
        inner.map(lambda t: f' "{t}"'),
        st.sampled_from(
            [
                "",
                " ",
                " 2",
                "  2.5 ",
                " a b ",
                ' "a" 1',
                ' "a;b" "c;d"',
                ' a"b',
                ' "a "b" c"',
                ' "a "b; c" d"',
                ' "5" x"',
                ' "a" x "b"',
                ' "a',
            ]
        ),
    )
    ends = st.sampled_from([";", "; ", ";;", " ; "])
    ordered = st.lists(st.tuples(keys, values, ends).map("".join), max_size=8).map("".join)
    wild = st.text('ax ;"\\#é', max_size=20)
    return st.one_of(ordered, ordered.map(lambda t: t.rstrip("; ")), wild, st.just("."))
