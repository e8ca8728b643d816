r"""GFF3 and GTF: columns to text lines, the mirror image of `gff`, and the header they need.

Sources as there. Each row has nine fields; in the ninth are the attribute columns in
their order, then the map ``attributes``. What is missing (null) is left out.

| value | GFF3 | GTF |
|---|---|---|
| ``'a'`` | ``k=a`` | ``k "a"`` |
| ``''`` and ``['']`` | ``k=`` | ``k ""`` |
| ``['a', 'b']`` | ``k=a,b`` | ``k "a"; k "b"`` |
| ``[]`` | ``k`` | ``k`` |
| ``'a,b;'`` | ``k=a%2Cb%3B`` | ``k "a,b;"`` |
| ``'say "a"'`` | ``k=say "a"`` | ``k "say \"a\""`` |
| no value at all | ``.`` | ``.`` |

GFF3: ``%41`` for ``% ; = & ,`` and control characters in attributes, for ``%`` and
control characters in source and type. GTF knows no escapes but ``\"`` and ``\\``, so what
has a tab or line break is refused, and so are keys with blanks, quotes or semicolons.
Numbers are written as such, booleans as ``true`` and ``false``.

Seqids stay as they are, since indexes and regions name them so; those with blanks, and
those that would be a comment or begin a FASTA part, are refused. So is a row of length
zero: start and end count both their bases. Not refused is what can be read back as it
was, though the specification wants it otherwise: a CDS without a phase, an empty source,
an ``ID`` that is there twice, a GTF row without ``gene_id``.

Columns may have others' names: the nine of GTF and GFF3 as pandas reads them (``seqname``,
``feature``, ``frame``, ``attribute``), PyRanges' (``Chromosome``, ``Feature``), gtfparse's.
Positions are 1-based where their names say so (`HEADS`). A column of attributes as text is
read: in the format that is written, rows stay as they are; in the other one, they are
written anew. In frames of others an empty text is no value.

``##gff-version 3`` is the first line of each GFF3. Lines of a header that say another
version are left out. A header that is made has ``##sequence-region`` for chroms whose
sizes the data know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx.arrow import nested as nested_text
from gidx.arrow.batches import is_text
from gidx.arrow.decode import Column, Items, decode_items
from gidx.arrow.encode import (
    BREAKS,
    Ints,
    Misread,
    TextColumn,
    check_bytes,
    items_of,
    numbers,
    repeated,
    shown,
    unlike,
    unread,
)
from gidx.arrow.faults import Faults, of_items, of_some
from gidx.arrow.lists import is_list
from gidx.arrow.schema import HEAD
from gidx.errors import WriteError, hint, warn
from gidx.formats.gff.read import FIXED, parse_attributes
from gidx.formats.text import parts
from gidx.formats.text.dialect import Rules
from gidx.formats.text.parts import Keyed, Part
from gidx.kernels.encode import first_unlike
from gidx.kernels.join import escape, first_in, join_pairs

Kind = Literal["gff3", "gtf"]

# chrom, start and end, and what makes a start 0-based
HEADS = (
    ("chrom", "start", "end", 0),
    ("chrom", "chromStart", "chromEnd", 0),
    ("Chromosome", "Start", "End", 0),
    *((name, "start", "end", -1) for name in ("seqid", "seq_id", "seqname", "seqnames")),
)
# The other fields, as gidx calls them, then as GTF, PyRanges and others do
NAMES = {
    "source": ("source", "Source"),
    "type": ("type", "Type", "feature", "Feature"),
    "score": ("score", "Score"),
    "strand": ("strand", "Strand"),
    "phase": ("phase", "Phase", "frame", "Frame"),
}
TEXTS = ("attributes", "attribute", "Attributes", "Attribute")
VERSION = "##gff-version 3"
_LEAST_CHROM = parts.marks(parts.BLANKS)
_BREAKS = parts.marks(BREAKS)
_CONTROL = parts.marks(parts.CONTROL + b"%")
_VALUE = parts.marks(parts.CONTROL + b"%;=&,")
_QUOTED = parts.marks(b'"\\')
_NO_GTF_KEY = set(parts.BLANKS + b';"')
_AS_GFF3 = '^[; ]*[^ ;="]+='
_AS_GTF = '^[; ]*[^ ;="]+ +[^ ;]'
_BARE = '^[^ ;="]+$'
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:^*$@!+?|/()\[\]{}<>~'#-]+")


def encoder(
    frame_schema: pa.Schema,
    about: Mapping[str, Any],
    categories: Mapping[str, Sequence[str]],  # noqa: ARG001, as all encoders have them
    *,
    format: Kind | None = None,
    header: str | None = None,
) -> GffEncoder:
    """The encoder of a table; ``format`` and ``header`` by default are the metadata's.

    >>> schema = pa.schema({"chrom": pa.string(), "start": pa.int64(), "end": pa.int64(),
    ...                     "type": pa.string(), "ID": pa.string()})
    >>> made = encoder(schema, {}, {})
    >>> made.kind, made.header
    ('gff3', b'##gff-version 3\\n')
    """
    said = about.get("format")
    kind: Kind = format or ("gtf" if said == "gtf" else "gff3")
    if kind not in ("gff3", "gtf"):
        raise WriteError(f"format is {format!r}, expected 'gff3' or 'gtf'", row=None)
    nested_text.refuse_unclear(frame_schema, about)
    columns = _columns(frame_schema, about)
    targets = _targets(frame_schema, about, kind, columns)
    if header is None:
        kept = about.get("gff_header")
        text = _kept(kept, kind) if isinstance(kept, str) else _made(about, kind)
    else:
        text = _given(header, kind)
    return GffEncoder(kind, text, frame_schema.names, targets, columns)


# ── the header ──────────────────────────────────────────────────────────────────────────────────


def _kept(text: str, kind: Kind) -> str:
    """The source's header, under the version that is written."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    same = re.compile(r"##gff-version\s+3(\.|\s|$)" if kind == "gff3" else r"##gff-version\s+[12]")
    if kind == "gff3" and lines and same.match(lines[0]):
        return "".join(f"{line}\n" for line in lines)
    found = [line for line in lines if not line.lower().startswith("##gff-version")]
    if kind == "gff3":
        version = next((line for line in lines if same.match(line)), VERSION)
        foreign = re.compile(r"##\s*format:", re.IGNORECASE)
        found = [version, *(line for line in found if not foreign.match(line))]
    else:
        found = [line for line in lines if same.match(line)] + found
    return "".join(f"{line}\n" for line in found)


def _made(about: Mapping[str, Any], kind: Kind) -> str:
    if kind == "gtf":
        return ""
    sizes = about.get("chromsizes")
    lines = [VERSION]
    if isinstance(sizes, Mapping):
        known = ((n, s) for n, s in sizes.items() if isinstance(s, int) and not re.search(r"\s", n))
        lines += [f"##sequence-region {name} 1 {size}" for name, size in known]
    return "".join(f"{line}\n" for line in lines)


def _given(text: str, kind: Kind) -> str:
    """A header as it is; a GFF3 begins with its version."""
    lines = text.replace("\r\n", "\n").split("\n")
    for line in lines:
        if line.strip() and not line.startswith("#"):
            raise WriteError(f"header: the line {shown(line)} does not begin with #", row=None)
        if line.startswith("##FASTA"):
            raise WriteError("header: ##FASTA ends a table; leave it out", row=None)
    said = [line for line in lines if line.startswith("##gff-version")]
    wrong = [line for line in said if (line.split()[1:2] or [""])[0][:1] != "3"]
    if kind == "gff3" and wrong:
        raise WriteError(f"header: {wrong[0]!r}, but GFF3 is written; leave it out", row=None)
    return _kept(text, kind)


# ── columns ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Attribute:
    """An attribute column, and the key that it is written with, escaped.

    ``listed``: its texts are of lists (``a,b``), as ``lists="text"`` reads them.
    """

    name: str
    key: bytes
    listed: bool


@dataclass(frozen=True)
class Columns:
    """Which columns are the fields: chrom, start, end; the others; attributes as text."""

    heads: tuple[str, str, str]
    shift: int
    fields: Mapping[str, str]
    text: str | None
    foreign: bool  # not as gidx reads: an empty text is no value

    @property
    def names(self) -> set[str]:
        """All of them."""
        return {*self.heads, *self.fields.values(), *([self.text] if self.text else [])}


def _columns(schema: pa.Schema, about: Mapping[str, Any]) -> Columns:
    names = [f.name for f in schema if b"attribute" not in (f.metadata or {})]
    *heads, shift = _heads(schema.names, about)
    fields = {}
    for field, known in NAMES.items():
        found = next((n for n in known if n in names), None)
        if found is not None:
            fields[field] = found
    text = next((n for n in TEXTS if n in names and _is_texts(schema.field(n).type)), None)
    chrom, start, end = map(str, heads)
    if text is not None and not about and (chrom, start, end) == HEAD:
        raise WriteError(
            f"columns chrom, start, end beside {text!r} as a file has it: some readers (bioframe) "
            "leave the file's 1-based numbers under these names; say which they are with "
            "df.gidx.set(coords='1-based') or coords='0-based'",
            row=None,
        )
    ours = about.get("format") in ("gff3", "gtf")
    others = any(n != field for field, n in fields.items())
    foreign = not ours and (others or text is not None)
    return Columns((chrom, start, end), int(shift), fields, text, foreign)


def _heads(names: Sequence[str], about: Mapping[str, Any]) -> tuple[str | int, ...]:
    told = about.get("roles")  # by df.gidx.set
    if isinstance(told, Mapping) and all(told.get(n) in names for n in HEAD):
        shift = -1 if str(told.get("coordinates", "")).startswith("1") else 0
        return (*(str(told[n]) for n in HEAD), shift)
    for heads in HEADS:
        if all(n in names for n in heads[:3]):
            return heads
    missing = next(n for n in HEAD if n not in names)
    raise WriteError(f"no column {missing!r}{hint(missing, names)}", row=None)


def _is_texts(kind: pa.DataType) -> bool:
    return is_text(kind.value_type if pat.is_dictionary(kind) else kind)


def _targets(
    schema: pa.Schema, about: Mapping[str, Any], kind: Kind, columns: Columns
) -> list[Attribute]:
    renamed = about.get("attribute_names")
    renamed = renamed if isinstance(renamed, Mapping) else {}
    recorded = about.get(nested_text.KEY)
    clear = recorded.get("clear", ()) if isinstance(recorded, Mapping) else ()
    targets: dict[str, Attribute] = {}
    for f in schema:
        if f.name in columns.names:
            continue
        if f.name == "attributes" and (parts.is_map(f.type) or _is_empty(f.type)):
            continue
        _check_type(f)
        told = (f.metadata or {}).get(b"attribute")
        key = told.decode() if told is not None else str(renamed.get(f.name, f.name))
        if key in targets:
            raise WriteError(
                f"columns {targets[key].name} and {f.name} both are the attribute {key!r}; "
                "drop one",
                row=None,
            )
        why = _bad_key(key, kind)
        if why is not None:
            raise WriteError(f"column {f.name!r}: {why}; rename it", row=None)
        listed = f.name in clear and _is_texts(f.type)
        targets[key] = Attribute(f.name, _written(key, kind), listed)
    if not about:
        _warn_of_renamed([key for key, target in targets.items() if key == target.name])
    return list(targets.values())


def _warn_of_renamed(keys: Sequence[str]) -> None:
    """Say which keys may be those that reading made of ``score``; polars, duckdb and df.merge
    drop what would tell."""
    fixed = {"attributes", *(f.name for f in FIXED)}
    some = [key for key in keys if key.removesuffix("_2") in fixed - {key}]
    if some:
        names = ", ".join(some)
        own = ", ".join(key.removesuffix("_2") for key in some)
        warn(
            f"{names} are written as keys of these names; if gidx read the data from a file, its "
            f"keys are {own}, which the metadata said that are gone: df.attrs = read.attrs in "
            "pandas, table.replace_schema_metadata(ds.schema.metadata) in Arrow gives them back"
        )


def _is_empty(kind: pa.DataType) -> bool:
    """Whether there are no values, nor in lists: as which pandas has maps without keys."""
    return bool(pat.is_null(kind.value_type if is_list(kind) else kind))


def _check_type(f: pa.Field) -> None:
    one = f.type.value_type if is_list(f.type) else f.type
    one = one.value_type if pat.is_dictionary(one) else one
    known = (pat.is_integer, pat.is_floating, pat.is_boolean, pat.is_null)
    if not (is_text(one) or any(check(one) for check in known)):
        raise WriteError(
            f"column {f.name} is {f.type}, which no attribute can be; convert it to text, or "
            "drop it",
            row=None,
        )


def _bad_key(key: str, kind: Kind) -> str | None:
    """Why a text cannot be a key, if so."""
    if key == "":
        return "the key of an attribute is empty"
    if kind == "gtf" and (
        set(key.encode("utf-8", "surrogateescape")) & _NO_GTF_KEY or key.startswith("#")
    ):
        return f"{shown(key)} cannot be the key of an attribute of GTF"
    return None


def _written(key: str, kind: Kind) -> bytes:
    """A key as it stands in the file."""
    if kind == "gtf" or (_PLAIN_KEY.fullmatch(key) and key != "."):
        return key.encode("utf-8", "surrogateescape")
    marked = set(parts.CONTROL + b"%;=&, ") | ({ord(".")} if key == "." else set())
    found = key.encode("utf-8", "surrogateescape")
    return b"".join(b"%%%02X" % c if c in marked else bytes([c]) for c in found)


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


class GffEncoder:
    """How the rows of one table become lines of GFF3 or GTF (a `LineEncoder`)."""

    def __init__(
        self,
        kind: Kind,
        header: str,
        names: Sequence[str],
        targets: Sequence[Attribute],
        columns: Columns,
    ) -> None:
        self.kind: str = kind
        self.heads, self.shift = columns.heads, columns.shift
        self._of, self._text, self._foreign = columns.fields, columns.text, columns.foreign
        self._is_gff3, self._targets = kind == "gff3", targets
        self.header = header.encode("utf-8", "surrogateescape")
        self.rules = Rules(0, 3, 4, True, least=8, fasta=self._is_gff3)
        self.columns: Sequence[str] = list(names)
        self._own = {target.key for target in targets}

    def fields(
        self, batch: pa.RecordBatch, starts: Ints, ends: Ints, faults: Faults
    ) -> list[TextColumn]:
        n = batch.num_rows
        columns = {name: parts.plain_values(batch.column(name)) for name in self.columns}
        if self._foreign:
            columns = {name: _without_empty(array) for name, array in columns.items()}
        own = {field: columns[name] for field, name in self._of.items()}
        faults.check(starts < 0, lambda i: f"column start: found {starts[i]}, expected 0 or more")
        faults.check(
            ends <= starts,
            lambda i: (
                f"start {starts[i]} and end {ends[i]}: a row of length zero, which GFF cannot say; "
                "let it have a base, or drop it"
            ),
        )
        return [
            _chrom(columns[self.heads[0]], faults),
            self._plain(own, "source", n, faults),
            self._plain(own, "type", n, faults),
            numbers(starts + 1),
            numbers(ends),
            _score(own.get("score"), n, faults),
            _strand(own.get("strand"), n, faults),
            _phase(own.get("phase"), n, faults),
            self._attributes(columns, n, faults),
        ]

    def _plain(
        self, columns: Mapping[str, pa.Array], name: str, n: int, faults: Faults
    ) -> TextColumn:
        """Source and type."""
        array = columns.get(name)
        if array is None or pat.is_null(array.type):
            return parts.filled(parts.nothing(n))
        part = _text(name, array, faults)
        if not self._is_gff3:
            _check_breaks(name, part, faults)
            return parts.filled(part)
        part = parts.escaped(part, _CONTROL)
        if name == "source":  # where `.` is none, but `%2E` is a point
            texts = part.texts
            at = np.flatnonzero((texts.lengths == 1) & (part.there == 1))
            points = at[texts.data[texts.offsets[at]] == ord(".")]
            if len(points):
                there = part.there.copy()
                there[points] = 0
                coded = Part(texts, there)
                point = np.zeros(n, np.uint8)
                point[points] = 1
                nothing = Part(parts.nothing(n).texts, point)
                return parts.join_parts([Keyed(coded), Keyed(nothing, b"%2E")], b"", n)
        return parts.filled(part)

    # ── attributes ──────────────────────────────────────────────────────────────────────────────

    def _attributes(self, columns: Mapping[str, pa.Array], n: int, faults: Faults) -> TextColumn:
        keyed: list[Keyed] = []
        for target in self._targets:
            keyed += self._attribute(columns[target.name], target, faults)
        if self._text is not None:
            keyed.insert(0, Keyed(self._read(columns[self._text], self._text, n, faults)))
        array = columns.get("attributes")
        if array is not None and parts.is_map(array.type):
            keyed.append(Keyed(self._map(array, faults)))
        if self._is_gff3:
            return parts.join_parts(keyed, b";", n)
        texts = parts.join_parts(keyed, b"; ", n, empty=b"")
        there = (texts.lengths > 0).view(np.uint8)
        return parts.join_parts([Keyed(Part(texts, there), b"", b";")], b"", n)

    def _read(self, array: pa.Array, name: str, n: int, faults: Faults) -> Part:
        """Attributes as text: as they are, or, out of the other format, written anew."""
        text = pc.replace_substring_regex(array.cast(pa.large_string()), "[; ]+$", "")
        some = pc.invert(pc.is_in(text, pa.array(["", ".", None], pa.large_string())))
        there = np.array(some)
        as_gff3 = there & np.array(pc.match_substring_regex(text, _AS_GFF3).fill_null(False))
        as_gtf = there & np.array(pc.match_substring_regex(text, _AS_GTF).fill_null(False))
        bare = there & np.array(pc.match_substring_regex(text, _BARE).fill_null(False))
        faults.check(
            there & ~(as_gff3 | as_gtf | bare),
            lambda i: (
                f"column {name}: found {shown(text[i].as_py())}, expected attributes such as "
                'ID=g1;Name=a or gene_id "g1"; level 2'
            ),
        )
        same, other = (as_gff3, as_gtf) if self._is_gff3 else (as_gtf, as_gff3)
        own = np.flatnonzero(same | bare)
        self._parsed(text, own, not self._is_gff3, name, faults)  # to see that it can be
        rows = np.flatnonzero(other)
        part = self._parsed(text, rows, self._is_gff3, name, faults)
        if len(rows):
            places = np.zeros(n, np.int64)
            places[rows] = np.arange(len(rows))
            anew = parts.picked(part.texts, places)
            buffers = [None, pa.py_buffer(anew.offsets), pa.py_buffer(anew.data)]
            whole = pa.Array.from_buffers(pa.large_string(), n, buffers)
            text = pc.if_else(pa.array(other), whole, text)
        found = Part(parts.texts_in(text.fill_null("")), there.view(np.uint8))
        _check_breaks(name, found, faults)
        return found

    def _parsed(self, text: pa.Array, rows: Ints, quoted: bool, name: str, faults: Faults) -> Part:
        """Some rows' attributes, written anew."""
        if len(rows) == 0:
            return parts.nothing(0)
        of_rows = of_some(rows, faults)
        some = parts.texts_in(text.take(pa.array(rows)))
        begin = int(some.offsets[0])
        bounds = (some.offsets - begin).astype(np.int32)
        data = some.data[begin : int(some.offsets[-1])]
        items = Items(data, bounds[:-1], bounds[1:] + np.int32(1))
        maps, problems = parse_attributes(items, quoted=quoted)
        for problem in problems:
            what = f"found {shown(problem.text)}, expected attributes {problem.declared}"
            of_rows.note(problem.row, f"column {name}: {what}")
        return self._map(maps, of_rows)

    def _attribute(self, array: pa.Array, target: Attribute, faults: Faults) -> list[Keyed]:
        """A column's parts: those with values, and those without any."""
        if pat.is_null(array.type):
            return []
        if target.listed:
            array = pc.split_pattern(array, ",")
        if not is_list(array.type):
            return [self._around(self._values(array, target.name, faults), target.key)]
        items, bounds = items_of(array)
        inner = of_items(bounds, faults)
        inner.check(
            parts.there(items) == 0,
            lambda _: f"column {target.name}: a value in the list is missing; drop it",
        )
        values = self._values(items, target.name, inner)
        between = b"," if self._is_gff3 else b'"; %b "' % target.key
        texts = parts.joined(values.texts, bounds, between)
        there = parts.there(array)
        full = np.diff(bounds) > 0
        found = [self._around(Part(texts, there & full.view(np.uint8)), target.key)]
        bare = there & (~full).view(np.uint8)
        if bare.any():
            found.append(Keyed(Part(parts.nothing(len(array)).texts, bare), target.key))
        return found

    def _around(self, part: Part, key: bytes) -> Keyed:
        if self._is_gff3:
            return Keyed(part, key + b"=")
        return Keyed(part, key + b' "', b'"')

    def _values(self, array: pa.Array, name: str, faults: Faults) -> Part:
        """Values as texts, escaped."""
        array = parts.plain_values(array)
        kind = array.type
        if pat.is_null(kind):
            return parts.nothing(len(array))
        if not is_text(kind):
            if pat.is_floating(kind):
                return parts.decimals(array)
            return Part(parts.texts_in(array.cast(pa.large_string())), parts.there(array))
        part = Part(parts.texts_in(array), parts.there(array))
        if self._is_gff3:
            return parts.escaped(part, _VALUE)
        _check_breaks(name, part, faults)
        return _backslashed(part)

    def _map(self, array: pa.Array, faults: Faults) -> Part:
        """What has no column, each key with its values."""
        keys, values, bounds = parts.map_of(array)
        rows = of_items(bounds, faults)
        if is_list(values.type):
            items, owners = items_of(values)
            within: Faults = of_items(owners, rows)
        else:  # a value each
            items, owners, within = values, np.arange(len(values) + 1), rows
        names = self._map_keys(keys, bounds, np.diff(owners) == 0, rows)
        items = parts.plain_values(items)
        if not (is_text(items.type) or pat.is_null(items.type)):
            faults.refuse(f"column attributes is {array.type}, expected a map of lists of texts")
            return parts.nothing(len(array))
        within.check(
            parts.there(items) == 0,
            lambda _: "column attributes: a value in a list is missing; drop it",
        )
        part = self._values(items, "attributes", within)
        if self._is_gff3:
            texts = parts.joined(part.texts, owners, b",")
            full = (np.diff(owners) > 0).view(np.uint8)
            pairs = join_pairs(
                names.offsets, names.data, texts.offsets, texts.data, full, parts.bytes_of(b"=")
            )
            joined = parts.joined(TextColumn(*pairs), bounds, b";")
        else:
            joined = _gtf_pairs(names, part, owners, bounds)
        return Part(joined, (np.diff(bounds) > 0).view(np.uint8))

    def _map_keys(
        self, keys: pa.Array, bounds: Ints, bare: npt.NDArray[np.bool_], faults: Faults
    ) -> TextColumn:
        """A map's keys as they stand in the file; none is a column's, each is there once a row.

        A GFF3 may have ``=value``, since that reads back; but a key that is ``bare`` is
        nothing if it is empty.
        """
        encoded = parts.plain_values(keys).cast(pa.string()).dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        kind: Kind = "gff3" if self._is_gff3 else "gtf"
        written = []
        for code, key in enumerate(encoded.dictionary.to_pylist()):
            why = _bad_key(key, kind)
            written.append(_written(key, kind))
            if written[-1] in self._own:
                why = f"the key {shown(key)} is that of a column"
            if key == "" and self._is_gff3:
                faults.check((codes == code) & bare, lambda _, why=why: f"column attributes: {why}")  # type: ignore[misc]
            elif why is not None:
                faults.check(codes == code, lambda _, why=why: f"column attributes: {why}")  # type: ignore[misc]
        again = repeated(codes, bounds)
        if len(again):
            faults.note_all(again, lambda i: _twice(written[codes[i]]))
        whole = pa.array(written, pa.large_binary()).take(pa.array(codes))
        return parts.texts_in(whole)


def _without_empty(array: pa.Array) -> pa.Array:
    """Empty texts as missing ones."""
    if not is_text(array.type):
        return array
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, array.type), array)


def _twice(key: bytes) -> str:
    return f"column attributes: the key {key.decode('utf-8', 'replace')!r} is there twice in a row"


def _gtf_pairs(names: TextColumn, part: Part, owners: Ints, bounds: Ints) -> TextColumn:
    """``key "value"; key "value"``: a pair for each value, or the key alone."""
    counts = np.diff(owners)
    each = np.maximum(counts, 1)
    which = np.repeat(np.arange(len(counts)), each)
    firsts = np.concatenate([[0], np.cumsum(each)])
    has = np.repeat(counts > 0, each)
    place = np.where(has, owners[:-1][which] + np.arange(len(which)) - firsts[which], 0)
    repeated = parts.picked(names, which)
    values = parts.picked(part.texts, place) if len(part) else parts.nothing(len(which)).texts
    quoted = parts.join_parts([Keyed(Part(values, has.view(np.uint8)), b'"', b'"')], b"",
                              len(which), empty=b"")  # fmt: skip
    pairs = join_pairs(
        repeated.offsets, repeated.data, quoted.offsets, quoted.data, has.view(np.uint8),
        parts.bytes_of(b" "),
    )  # fmt: skip
    return parts.joined(TextColumn(*pairs), firsts[bounds], b"; ")


def _backslashed(part: Part) -> Part:
    r"""With ``\"`` and ``\\`` for quotes and backslashes."""
    if first_in(part.texts.offsets, part.texts.data, _QUOTED) < 0:
        return part
    found = escape(part.texts.offsets, part.texts.data, _QUOTED, ord("\\"), False)
    return Part(TextColumn(*found), part.there)


# ── fixed fields ────────────────────────────────────────────────────────────────────────────────


def _text(name: str, array: pa.Array, faults: Faults) -> Part:
    if not is_text(array.type):
        faults.refuse(f"column {name} is {array.type}, expected texts")
        return parts.nothing(len(array))
    return Part(parts.texts_in(array), parts.there(array))


def _check_breaks(name: str, part: Part, faults: Faults) -> None:
    check_bytes(
        part.texts,
        _BREAKS,
        part.there,
        lambda text: (
            f"column {name}: found {text}, which has a tab, line break or NUL, and GTF cannot "
            "escape it; replace it, or write GFF3"
        ),
        faults,
    )


def _chrom(array: pa.Array, faults: Faults) -> TextColumn:
    part = _text("chrom", array, faults)
    faults.check(part.there == 0, lambda _: "column chrom: the value is missing")
    parts.check_filled(part, lambda _: "column chrom: found an empty text", faults)
    check_bytes(
        part.texts,
        _LEAST_CHROM,
        part.there,
        lambda text: f"column chrom: found {text}, which has a blank or line break; replace it",
        faults,
    )
    texts = part.texts
    full = np.flatnonzero(texts.lengths > 0)
    first = texts.data[texts.offsets[full]]
    comments = full[(first == ord("#")) | (first == ord(">"))]
    if len(comments):
        what = "which would be a comment, or begin a FASTA part"
        faults.note_all(comments, lambda i: f"column chrom: found {shown(texts[i])}, {what}")
    return texts


def _score(array: pa.Array | None, n: int, faults: Faults) -> TextColumn:
    if array is None or pat.is_null(array.type):
        return parts.filled(parts.nothing(n))
    kind = array.type
    if is_text(kind):
        return _number_text("score", array, pa.float64(), "a number", faults)
    if not (pat.is_integer(kind) or pat.is_floating(kind)):
        faults.refuse(f"column score is {kind}, expected numbers")
        return parts.filled(parts.nothing(n))
    return parts.filled(parts.decimals(array))


def _number_text(
    name: str, array: pa.Array, kind: pa.DataType, expected: str, faults: Faults
) -> TextColumn:
    """Texts that a reader takes for numbers, as they are."""
    part = Part(parts.texts_in(array), parts.there(array))
    begin = int(part.texts.offsets[0])
    bounds = (part.texts.offsets - begin).astype(np.int32)
    data = part.texts.data[begin : int(part.texts.offsets[-1])]
    items = Items(data, bounds[:-1], bounds[1:] + np.int32(1), part.there)
    column = Column(name, kind, 0, expected, missing=b".")
    _, problem = decode_items(items, column)
    if problem is not None:
        Misread(items, column, unread(array, column)).note(
            faults, lambda text: f"column {name}: found {shown(text)}, expected {expected}"
        )
    return parts.filled(part)


def _check_letters(
    name: str, texts: TextColumn, known: bytes, expected: str, faults: Faults
) -> None:
    """Note the texts that are not one of these letters."""
    letters = parts.bytes_of(known)
    if first_unlike(texts.offsets, texts.data, letters) >= 0:
        faults.check(
            unlike(texts, letters),
            lambda i: f"column {name}: found {shown(texts[i])}, expected {expected}",
        )


def _strand(array: pa.Array | None, n: int, faults: Faults) -> TextColumn:
    if array is None or pat.is_null(array.type):
        return parts.filled(parts.nothing(n))
    texts = parts.filled(_text("strand", array, faults))
    _check_letters("strand", texts, b"+-.?", "'+', '-', '.' or '?'", faults)
    return texts


def _phase(array: pa.Array | None, n: int, faults: Faults) -> TextColumn:
    if array is None or pat.is_null(array.type):
        return parts.filled(parts.nothing(n))
    if is_text(array.type):
        texts = parts.filled(Part(parts.texts_in(array), parts.there(array)))
        _check_letters("phase", texts, b"012.", "0, 1, 2 or '.'", faults)
        return texts
    if not (pat.is_integer(array.type) or pat.is_floating(array.type)):
        faults.refuse(f"column phase is {array.type}, expected integers")
        return parts.filled(parts.nothing(n))
    return parts.filled(parts.whole_numbers(array, "phase", 0, 2, "", faults))
