r"""GFF3 and GTF: nine columns, and in the ninth attributes by name.

GFF3: Sequence Ontology, gff3.md 1.26. GTF 2.2: Brent lab; it is GFF2 with a stricter
ninth column. Which of them a file is, its directives say, else its rows.

An attribute that is a column bears its key as name (``source`` becomes ``source_2``:
the nine columns come first; field metadata ``attribute`` keeps the key). What has no
column is in the map ``attributes``, as lists of values by key, so that nothing is lost.

| in a row | text column | list column and map |
|---|---|---|
| no such key | null | null; not in the map |
| ``k=`` ``k ""`` | ``''`` | ``['']`` |
| ``k`` without a value | ``''`` | ``[]`` |
| ``k=a,b`` (GFF3) | ``'a,b'`` | ``['a', 'b']`` |
| ``k=a%2Cb`` (GFF3) | ``'a,b'`` | ``['a,b']`` |
| ``k=a;k=b`` ``k "a"; k "b"`` | ``'a,b'`` | ``['a', 'b']`` |
| ``.``, empty, or no ninth field | null | null; the map is null |

A column is a list where GFF3 says that its tag can have several values (``Parent``,
``Alias``, ``Note``, ``Dbxref``, ``Ontology_term``), and where the file's first rows do
(repeat the key in a row; GFF3: hold a bare comma). In other columns several values stay
one text, commas and all: GFF3 wants commas escaped there, so a bare one is part of a
sloppy text, and reading it as missing would lose it. That is why it is no `Problem`.

GFF3: ``%41`` is undone in source, type and attributes, after splitting; a ``%`` without
two hexadecimal digits behind it is itself. Seqids stay as they are, since indexes and
regions name them so. Blanks before a tag are not part of it; all others are text.
GTF: ``\"`` and ``\\`` are undone, nothing else. A value that is one quotation is what it
quotes; any other is the text up to the next semicolon outside of quotes, without blanks
at its end. A quote closes a quotation where a semicolon, the end, or a key and its quote
follow; else it belongs to the value: ``"the "best" one"``. Where a key should begin, ``#``
begins a comment. Quotes that are not closed are a `Problem`; what follows them in the row
is not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import islice
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as pat

from gidx.arrow import schema
from gidx.arrow.decode import Column, Items, Problem, bitmap, decode_items
from gidx.arrow.plan import PLACES, BatchLayout, Place, Plan, Texts
from gidx.errors import warn
from gidx.formats.text.dialect import Head, Lines, Metadata, Rules, fields_table
from gidx.formats.text.looks import attributes_tell
from gidx.ground.limits import limits
from gidx.kernels import attributes as kernels
from gidx.kernels.columns import Arrays, empty_maps
from gidx.kernels.names import hash_words
from gidx.options import Names

Kind = Literal["gff3", "gtf"]

SEVERAL = ("Parent", "Alias", "Note", "Dbxref", "Ontology_term")  # by GFF3's own word
LOOK = 10_000  # rows of the head that keys are looked for in
ATTRIBUTES = 8  # the ninth field
TEXTS = pa.list_(pa.string())
MAP = pa.map_(pa.string(), TEXTS)
_NO_ENTRIES = pa.array([], pa.string()), pa.array([], TEXTS)
_LISTED = Column("", TEXTS, ATTRIBUTES, "string")


@dataclass(frozen=True)
class Fixed:
    """One of the eight columns before the attributes."""

    name: str
    gff3: str
    gtf: str
    type: pa.DataType
    field: int
    declared: str
    missing: bytes | None
    description: str

    @cached_property
    def column(self) -> Column:
        return Column(self.name, self.type, self.field, self.declared, missing=self.missing)


FIXED = (
    Fixed("chrom", "seqid", "seqname", schema.CHROM, 0, "string", None,
          "landmark that the positions are on"),
    Fixed("start", "start", "start", schema.POSITION, 3, "integer", None, "first base"),
    Fixed("end", "end", "end", schema.POSITION, 4, "integer", None, "last base"),
    Fixed("source", "source", "source", pa.string(), 1, "string", b".",
          "program or database that the feature is from"),
    Fixed("type", "type", "feature", pa.string(), 2, "string", None,
          "what it is, as a term of the Sequence Ontology"),
    Fixed("score", "score", "score", pa.float64(), 5, "float", b".", "score; it has no unit"),
    Fixed("strand", "strand", "strand", pa.string(), 6, "string", None,
          "+ or -; . for none, ? for unknown"),
    Fixed("phase", "phase", "frame", pa.uint8(), 7, "integer", b".",
          "bases of a CDS before its first whole codon"),
)  # fmt: skip
FILE_ORDER = sorted(range(len(FIXED)), key=lambda i: FIXED[i].field)

TAGS = {
    "ID": "the feature's ID, unique in the file",
    "Name": "name to show",
    "Alias": "other names",
    "Parent": "IDs of the features that it is a part of",
    "Target": "what it aligns to: id start end [strand]",
    "Gap": "how it aligns to its target",
    "Derives_from": "ID of the feature that it comes from in time",
    "Note": "free text",
    "Dbxref": "references to databases",
    "Ontology_term": "references to ontologies",
    "Is_circular": "whether the landmark is circular",
    "gene_id": "the gene's ID",
    "transcript_id": "the transcript's ID",
}


@dataclass(frozen=True)
class Key:
    """An attribute that is a column: its key, its column's name, whether it is a list."""

    key: str
    name: str
    native: str
    listed: bool

    @property
    def type(self) -> pa.DataType:
        return TEXTS if self.listed else pa.string()


def from_head(head: Head, *, attributes: Sequence[str] | None = None, types: Any = None) -> Gff:
    """The dialect of a GFF3 or GTF file.

    ``types`` are given to columns that are no positions and no lists.

    ``attributes`` are keys to make columns of; by default those of the head's first
    10,000 rows, in order of first appearance; ``[]`` for none but the map.

    >>> row = b"chr1\\t.\\tgene\\t11\\t20\\t.\\t+\\t.\\tID=g1;Name=BRCA2\\n"
    >>> gff = from_head(Head("genes.gff3", b"##gff-version 3\\n", row))
    >>> gff.kind, [f.name for f in gff.named("canonical")][8:]
    ('gff3', ['ID', 'Name', 'attributes'])
    """
    if isinstance(attributes, str):
        raise TypeError(f"attributes is the text {attributes!r}; expected a list of names")
    header = head.lines.decode("utf-8", "backslashreplace")
    cells = _attribute_fields(head)
    kind = _kind(header, cells, head.name)
    found = _look(cells, kind)
    listed = {key for key, several in found.items() if several}
    if kind == "gff3":
        listed.update(SEVERAL)
    keys = list(found if attributes is None else dict.fromkeys(attributes))
    if attributes is None and len(keys) > limits.columns:
        keys = keys[: limits.columns]
        warn(
            f"{head.name}: {len(found):,} keys of attributes in the first rows; the first "
            f"{limits.columns:,} are columns, the rest is in the map `attributes`; say which are "
            "wanted (attributes=[...]), or raise gidx.limits.columns"
        )
    taken = [f.name for f in FIXED] + ["attributes"]
    native = [f.gff3 if kind == "gff3" else f.gtf for f in FIXED] + ["attributes"]
    names = schema.unique(keys, taken), schema.unique(keys, native)
    made = tuple(
        Key(key, name, other, key in listed) for key, name, other in zip(keys, *names, strict=True)
    )
    return Gff(kind, header, made, _types(kind, made, types, head.name))


def _types(kind: Kind, keys: Sequence[Key], types: Any, path: str) -> dict[int, pa.DataType]:
    """The types given, by the columns' places in the canonical table."""
    names = {f.name: i for i, f in enumerate(FIXED)}
    names.update({k.name: i for i, k in enumerate(keys, len(FIXED))})
    for i, f in enumerate(FIXED):
        names.setdefault(f.gff3 if kind == "gff3" else f.gtf, i)
    given = schema.of_columns(types, names, path)
    for i, found in given.items():
        name = FIXED[i].name if i < len(FIXED) else keys[i - len(FIXED)].name
        schema.check_scalar(name, found)
        if i >= len(FIXED) and keys[i - len(FIXED)].listed:
            raise TypeError(f"types: column {name!r} is a list of texts in {path}, and stays one")
    return {i: found for i, found in given.items() if i >= len(schema.HEAD)}


def _attribute_fields(head: Head) -> list[bytes]:
    """The ninth fields of the head's first rows; a warning of what stands behind one."""
    cells: list[bytes] = []
    behind = b""
    for line in head.first:
        if line.startswith((b"##FASTA", b">")):
            break
        if line.startswith(head.meta):
            continue
        parts = line.split(b"\t", ATTRIBUTES + 1)
        cells.append(parts[ATTRIBUTES] if len(parts) > ATTRIBUTES else b"")
        behind = behind or b"".join(parts[ATTRIBUTES + 1 :]).strip()
        if len(cells) == LOOK:
            break
    if behind:  # a tab among the attributes; or bedtools, which adds another file's rows
        shown = behind.decode("utf-8", "backslashreplace")
        shown = repr(shown if len(shown) <= 40 else shown[:37] + "...")
        warn(
            f"{head.name}: rows with more than the nine fields of GFF; what is behind the "
            f"attributes is not read, first {shown}"
        )
    return cells


def _kind(header: str, cells: Sequence[bytes], name: str) -> Kind:
    """By the first row that tells, then by directives, then by the file's name."""
    told = attributes_tell(cells)
    if told is not None:
        return "gff3" if told else "gtf"
    said = re.search(r"^##(?:gff-version\s+|format:\s*gtf|format:\s*gff)(\d?)", header, re.M | re.I)
    if said and (said[1] == "3" or "gff3" in said[0].lower() + said[1]):
        return "gff3"
    if said or re.search(r"^#!.*\bgtf\b", header, re.M | re.I):
        return "gtf"
    if any(re.match(rb"[\s;]*[^\s;=]+\s+[^\s;]", cell) for cell in islice(cells, 1000)):
        return "gtf"
    return "gtf" if re.search(r"\.gtf(\.|$)", name.lower()) else "gff3"


def _look(cells: Sequence[bytes], kind: Kind) -> dict[str, bool]:
    """Keys in order of first appearance, and whether one has several values in a row."""
    text = np.frombuffer(b"".join(cell + b"\n" for cell in cells), np.uint8)
    nexts = np.cumsum([len(cell) + 1 for cell in cells], dtype=np.int64).astype(np.int32)
    begins = np.append(np.zeros(1, np.int32), nexts)[:-1].copy()
    dialect = Gff(kind, "", ())
    found = dialect.split(text, begins, nexts, (), True).entries()
    keys = found[1].dictionary_encode()
    several = set(keys.indices.filter(pa.array(np.diff(found[2]) > 1)).to_pylist())
    names = keys.dictionary.to_pylist()
    return {key: i in several for i, key in enumerate(names) if key}


@dataclass(frozen=True)
class Gff:
    """One file's GFF3 or GTF (a `Dialect`)."""

    kind: Kind
    header: str
    keys: tuple[Key, ...]
    types: Mapping[int, pa.DataType] = field(default_factory=dict)  # given, by canonical place

    @cached_property
    def rules(self) -> Rules:
        return Rules(0, 3, 4, True, least=8, fasta=self.kind == "gff3")

    @cached_property
    def version(self) -> str | None:
        """What ``##gff-version`` says."""
        said = re.search(r"^##gff-version\s+(\S+)", self.header, re.M)
        return said[1] if said else None

    @cached_property
    def chroms(self) -> Mapping[str, int | None]:
        """Those of ``##sequence-region``; one that begins at 1 tells a size."""
        sizes: dict[str, int | None] = {}
        for name, start, end in re.findall(
            r"^##sequence-region\s+(\S+)\s+(\d+)\s+(\d+)\s*$", self.header, re.M
        ):
            sizes[name] = int(end) if int(start) == 1 else sizes.get(name)
        return sizes

    @property
    def metadata(self) -> Mapping[str, Any]:
        renamed = {k.name: k.key for k in self.keys if k.name != k.key}
        return {
            "gff_header": self.header,
            "gff_version": self.version,
            "attribute_names": renamed or None,
        }

    @cached_property
    def _named(self) -> dict[Names, list[tuple[Fixed | Key | None, pa.Field]]]:
        """Columns and their fields; None for the map."""
        native: dict[Names, list[tuple[Fixed | Key | None, pa.Field]]] = {
            "canonical": [(f, pa.field(f.name, f.type)) for f in FIXED],
            "native": [
                (f, pa.field(f.gff3 if self.kind == "gff3" else f.gtf, f.type))
                for f in (FIXED[i] for i in FILE_ORDER)
            ],
        }
        for names, columns in native.items():
            for key in self.keys:
                name = key.name if names == "canonical" else key.native
                columns.append((key, pa.field(name, key.type, metadata={"attribute": key.key})))
            columns.append((None, pa.field("attributes", MAP)))
        return {names: self._retyped(columns) for names, columns in native.items()}

    def _retyped(
        self, columns: list[tuple[Fixed | Key | None, pa.Field]]
    ) -> list[tuple[Fixed | Key | None, pa.Field]]:
        own = {id(c): self.types[i] for i, c in enumerate((*FIXED, *self.keys)) if i in self.types}
        return [(c, f.with_type(own.get(id(c), f.type))) for c, f in columns]

    def named(self, names: Names) -> list[pa.Field]:
        return [f for _, f in self._named[names]]

    def reader(self, columns: Sequence[int], names: Names, metadata: Metadata = None) -> _Reader:
        picked = [self._named[names][i] for i in columns]
        return _Reader(self, picked, names, pa.schema([f for _, f in picked], metadata))

    def split(
        self, text: npt.NDArray[np.uint8], begins: Any, nexts: Any, keys: tuple[Key, ...],
        rest: bool,
    ) -> _Split:  # fmt: skip
        """Some keys' values in the attributes of rows; where ``rest``, also the map."""
        return _Split(text, begins, nexts, self.kind == "gtf", self.table(keys, rest))

    def table(self, keys: tuple[Key, ...], rest: bool) -> _Table:
        """Some keys for the kernel; where ``rest``, it knows all that have columns."""
        return _table(self.keys if rest else keys, keys, rest)

    def fields(self) -> pa.Table:
        columns = self._named["canonical"]
        natives = {id(c): f.name for c, f in self._named["native"]}
        declared, number, native = [], [], []
        about: list[str | None] = []
        for column, _ in columns:
            if isinstance(column, Fixed):
                declared.append(column.declared)
                number.append("1")
                about.append(column.description)
                native.append(natives[id(column)])
            elif column is not None:
                declared.append("string")
                number.append("." if column.listed else "1")
                about.append(TAGS.get(column.key))
                native.append(column.key)
            else:
                declared.append("string")
                number.append(".")
                about.append("all other attributes, by key")
                native.append("attributes")
        return fields_table([f for _, f in columns], declared, number, about, native)

    def info(self) -> dict[str, Any]:
        return {
            "version": self.version or "not said",
            "attribute columns": len(self.keys),
            "of these lists": ", ".join(k.key for k in self.keys if k.listed) or "none",
        }


class _Reader:
    """Some columns of GFF lines (a `LineReader`)."""

    def __init__(
        self,
        gff: Gff,
        picked: Sequence[tuple[Fixed | Key | None, pa.Field]],
        names: Names,
        fields: pa.Schema,
    ) -> None:
        self._gff, self._picked = gff, picked
        own = {c.key: f for c, f in picked if isinstance(c, Key)}
        self._keys = tuple(k for k in gff.keys if k.key in own)  # as the kernel has them
        self._rest = any(c is None for c, _ in picked)
        self._table = gff.table(self._keys, self._rest)
        # part by part, as `_parts` gives them, which of the columns each is
        self._fixed = [_made_of(c, f, names) for c, f in picked if isinstance(c, Fixed)]
        place = {c.key if isinstance(c, Key) else c: i for i, (c, _) in enumerate(picked)}
        self._columns = [
            [i for i, (c, _) in enumerate(picked) if isinstance(c, Fixed)],
            [place[k.key] for k in self._keys if not k.listed],
            [place[k.key] for k in self._keys if k.listed],
            [place[None]] if self._rest else [],
        ]
        coded = gff.kind == "gff3"  # source and type may have escapes
        self._plan = Plan(
            [Texts(c, percent=coded and c.field in (1, 2)) if isinstance(c, Column) else c
             for c in self._fixed]
        )  # fmt: skip
        texts = [own[key.key] for key in self._keys if not key.listed]
        self._texts = Plan([_text_column(f.name, f.type) for f in texts])
        self._lists = Plan([_LISTED for key in self._keys if key.listed])
        where = {i: (p, k) for p, some in enumerate(self._columns) for k, i in enumerate(some)}
        plans = [self._plan, self._texts, self._lists]
        self._layout = BatchLayout([where[i] for i in range(len(picked))], fields, plans)
        self.want = max((c.field + 1 for c in self._fixed if isinstance(c, Column)), default=0)
        if self._keys or self._rest:
            self.want = ATTRIBUTES + 1

    def decode(self, lines: Lines) -> tuple[pa.RecordBatch, list[Problem]]:
        problems: list[Problem] = []
        parts = [
            self._plan.of_rows(
                lines.text, lines.fields, lines.chrom, lines.start, lines.end, lines.names
            )
        ]
        found = None
        if self._keys or self._rest:
            begins, nexts = lines.fields[ATTRIBUTES], lines.fields[ATTRIBUTES + 1]
            found = _Split(lines.text, begins, nexts, self._gff.kind == "gtf", self._table)
            problems += found.broken
            parts += found.parts(self._texts, self._lists)
        odd: list[int] = []
        for own, part in zip(self._columns, parts, strict=False):
            odd += map(own.__getitem__, part.odd())
        others: dict[int, pa.Array] = {}
        for i in sorted(odd):
            column, named = self._picked[i]
            if isinstance(column, Fixed):
                own_column = self._fixed[self._columns[0].index(i)]
                others[i], problem = self._odd(lines, cast(Column, own_column))
            elif column is not None:
                others[i], problem = cast(_Split, found).column(column, named.name, named.type)
            else:
                others[i], problem = cast(_Split, found).map()
            if problem is not None:
                problems.append(problem)
        return self._layout.batch(parts, len(lines.chrom), others), problems

    def _odd(self, lines: Lines, column: Column) -> tuple[pa.Array, Problem | None]:
        """A column with escapes, or with values that are not of its type."""
        items = lines.items(column.field)
        array, problem = decode_items(items, column)
        if (
            self._gff.kind == "gff3"
            and column.field in (1, 2)
            and pat.is_string(array.type)
            and _has_percent(array)
        ):
            # what is missing has been seen, and `%2E` is not
            there = np.array(array.is_valid().to_numpy(zero_copy_only=False), np.uint8)
            plain = _unescape(items, False)
            plain.there = there
            array, _ = decode_items(plain, _text_column(column.name))
        if problem is not None and not problem.way_out:
            better = f"types={{{column.name!r}: 'string'}} keeps the text"
            problem = replace(problem, way_out=better)
        return array, problem


def _made_of(column: Fixed, named: pa.Field, names: Names) -> Column | Place:
    if column.name in schema.HEAD:
        place = PLACES[schema.HEAD.index(column.name)]
        return replace(place, shift=1) if (column.name, names) == ("start", "native") else place
    own = column.column
    return own if named.type == own.type else _retyped(own, named.type)


# ── keys for the kernel, and what it found ──────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Table:
    """Keys as the kernel takes them; ``columns`` are places among text or list columns."""

    keys: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]
    slots: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.uint8]
    columns: npt.NDArray[np.int32]
    n_texts: int
    n_lists: int
    place: dict[str, int]
    rest: bool  # other keys are entries of the map


def _table(known: Sequence[Key], asked: Sequence[Key], rest: bool) -> _Table:
    """Of the keys that are known, those asked for get columns."""
    words = [key.key.encode("utf-8", "surrogateescape") for key in known]
    data = np.array(bytearray(b"".join(words)), np.uint8)
    bounds = np.cumsum([0, *map(len, words)]).astype(np.int64)
    kinds, columns = np.zeros(len(known), np.uint8), np.zeros(len(known), np.int32)
    place: dict[str, int] = {}
    n = {False: 0, True: 0}
    wanted = {key.key for key in asked}
    for k, key in enumerate(known):
        if key.key in wanted:
            kinds[k] = kernels.LIST if key.listed else kernels.TEXT
            columns[k] = place[key.key] = n[key.listed]
            n[key.listed] += 1
    slots = hash_words(data, bounds)
    return _Table(data, bounds, slots, kinds, columns, n[False], n[True], place, rest)


class _Split:
    """What the kernel found in the attributes of some rows, as Arrow arrays."""

    def __init__(
        self,
        text: npt.NDArray[np.uint8],
        begins: Any,
        nexts: Any,
        quoted: bool,
        table: _Table,
    ) -> None:
        """The attributes of rows: GTF's where ``quoted``, else GFF3's."""
        self._text, self._nexts, self._quoted, self._table = text, nexts, quoted, table
        (
            self._texts, self._more, self._list_there, self._listed, self._map, self._items,
            self._coded, unclosed,
        ) = kernels.split_attributes(
            text, begins, nexts, quoted, table.keys, table.bounds, table.slots, table.kinds,
            table.columns, table.n_texts, table.n_lists, table.rest,
        )  # fmt: skip
        self.broken = self._unclosed(*unclosed) if unclosed[0] else []

    def __len__(self) -> int:
        return len(self._nexts)

    @cached_property
    def _repeats(self) -> Any:
        owners, begins, nexts = self._more
        return kernels.group(owners, begins, nexts, self._table.n_texts * len(self))

    def _unclosed(self, n: int, row: int, at: int) -> list[Problem]:
        """What is wrong with rows whose quotes are not closed."""
        shown = self._text[at : self._nexts[row] - 1].tobytes().decode("utf-8", "backslashreplace")
        return [Problem("attributes", "closed with a quote", int(n), int(row), shown)]

    def parts(self, texts: Plan, lists: Plan) -> list[Arrays]:
        """Arrays of the text keys, of the list keys, and of the map, if it is asked for.

        Not of those that have escapes, or repeat in a row, nor of a map with entries.
        """
        n_texts = self._table.n_texts
        skip = self._coded[:n_texts]
        if len(self._more[0]):
            skip = skip.copy()
            skip[np.unique(self._more[0] // len(self))] = 1
        there, _, keys, _ = self._map
        maps = Arrays(int(self._table.rest))
        if self._table.rest and not len(keys):
            maps = empty_maps(there, listed=True)
        return [
            texts.of_items(self._text, *self._texts, skip),
            lists.of_groups(self._text, *self._listed, self._list_there, self._coded[n_texts:-2]),
            maps,
        ]

    def column(self, key: Key, name: str, kind: pa.DataType) -> tuple[pa.Array, Problem | None]:
        """The array of one key."""
        s = self._table.place[key.key]
        return self._list(s, name) if key.listed else self._plain(s, name, kind)

    def _plain(self, s: int, name: str, kind: pa.DataType) -> tuple[pa.Array, Problem | None]:
        begins, nexts, there = (part[s] for part in self._texts)
        items = Items(self._text, begins, nexts)
        if len(self._more[0]):
            offsets, more_begins, more_nexts = self._repeats
            own = offsets[s * len(self) : (s + 1) * len(self) + 1]
            if own[-1] > own[0]:
                items = Items(
                    *kernels.join(self._text, begins, nexts, own, more_begins, more_nexts)
                )
        if self._coded[s]:
            items = _unescape(items, self._quoted)
        items.there = None if there.all() else there
        return decode_items(items, _text_column(name, kind))

    def _list(self, s: int, name: str) -> tuple[pa.Array, Problem | None]:
        offsets, begins, nexts = self._listed
        own = offsets[s * len(self) : (s + 1) * len(self) + 1]
        low, high = int(own[0]), int(own[-1])
        items = Items(self._text, begins[low:high], nexts[low:high])
        coded = self._coded[self._table.n_texts + s]
        there = self._list_there[s]
        return _list_array(items, own - low, there, coded, self._quoted, name)

    def entries(self) -> tuple[npt.NDArray[np.int32], pa.Array, npt.NDArray[np.int32], Any, Any]:
        """The map's offsets, keys, and their values: offsets and an array; a problem."""
        _, map_offsets, key_begins, key_nexts = self._map
        keys = Items(self._text, key_begins, key_nexts)
        if self._coded[-2]:
            keys = _unescape(keys, self._quoted)
        key_array, problem = decode_items(keys, _text_column("attributes"))
        if problem is not None:  # a map's key cannot be missing
            key_array = key_array.fill_null("")
            problem = _row_problem(problem, map_offsets)
        owners, begins, nexts = self._items
        offsets, begins, nexts = kernels.group(owners, begins, nexts, len(key_begins))
        items = Items(self._text, begins, nexts)
        there = np.ones(len(key_begins), np.uint8)
        values, wrong = _list_array(
            items, offsets, there, self._coded[-1], self._quoted, "attributes"
        )
        if wrong is not None:
            wrong = _row_problem(wrong, map_offsets)
            problem = wrong if problem is None else _sum(problem, wrong)
        return map_offsets, key_array, offsets, values, problem

    def map(self) -> tuple[pa.Array, Problem | None]:
        """What has no column, by key."""
        there, map_offsets, key_begins, _ = self._map
        if len(key_begins):
            _, keys, _, values, problem = self.entries()
        else:
            keys, values, problem = *_NO_ENTRIES, None
        absent = len(there) - int(there.sum())
        pairs = pa.StructArray.from_arrays([keys, values], fields=[MAP.key_field, MAP.item_field])
        validity = bitmap(there) if absent else None
        array = pa.Array.from_buffers(
            MAP, len(there), [validity, pa.py_buffer(map_offsets)], absent, children=[pairs]
        )
        return array, problem


def parse_attributes(texts: Items, *, quoted: bool) -> tuple[pa.Array, list[Problem]]:
    """Attributes as they stand in a file as maps (`MAP`), and what is broken in them.

    GTF's where ``quoted``, else GFF3's.
    """
    split = _Split(texts.text, texts.begins, texts.nexts, quoted, _table((), (), rest=True))
    array, problem = split.map()
    return array, [*split.broken, *([problem] if problem else [])]


def _list_array(
    items: Items,
    offsets: npt.NDArray[np.int32],
    there: npt.NDArray[np.uint8],
    coded: int,
    quoted: bool,
    name: str,
) -> tuple[pa.Array, Problem | None]:
    """Lists of texts; a problem counts texts, and names the list of the first one."""
    if coded:
        items = _unescape(items, quoted)
    values, problem = decode_items(items, _text_column(name))
    absent = len(there) - int(np.count_nonzero(there))
    validity = bitmap(there) if absent else None
    array = pa.Array.from_buffers(
        TEXTS, len(there), [validity, pa.py_buffer(offsets)], absent, children=[values]
    )
    return array, None if problem is None else _row_problem(problem, offsets)


@cache
def _text_column(name: str, kind: pa.DataType | None = None) -> Column:
    """A column of attributes; kept, with what it has found out about itself."""
    if kind is None or pat.is_string(kind):
        return Column(name, pa.string(), ATTRIBUTES, "string")
    return Column(name, kind, ATTRIBUTES, str(kind), missing=b".")


def _unescape(items: Items, quoted: bool) -> Items:
    return Items(*kernels.unescape(items.text, items.begins, items.nexts, quoted))


def _row_problem(problem: Problem, offsets: npt.NDArray[np.int32]) -> Problem:
    """A problem of items as one of what owns them."""
    row = int(np.searchsorted(offsets, problem.row, side="right")) - 1
    return replace(problem, row=row)


def _sum(one: Problem, other: Problem) -> Problem:
    first = one if one.row <= other.row else other
    return replace(first, column=one.column, count=one.count + other.count)


@cache
def _retyped(column: Column, kind: pa.DataType) -> Column:
    missing = None if pat.is_string(kind) else b"."
    return replace(column, type=kind, declared=str(kind), missing=missing)


_PERCENT = re.compile(b"%")


def _has_percent(array: pa.Array) -> bool:
    data = array.buffers()[2]
    return data is not None and _PERCENT.search(data) is not None
