"""Rows as Biopython's `Bio.Align.Alignment` objects (extra ``biopython``).

A BED row aligns a query, its name, to a chrom: block by block if it has blocks. A bigPsl row
also says where in the query the blocks are, and may hold its sequence.

=====================================================  =====================================
Biopython                                              here
=====================================================  =====================================
``alignments = Align.parse(path, "bigbed")``           ``ds = gidx.open(path)``
``for a in alignments``                                ``for a in gidx.to_alignments(ds)``
``alignments.search("chr1", 99, 200)``                 ``…(ds.scan(("chr1", 99, 200)))``
``alignments.search("chr1", 99)``                      ``…(ds.scan(("chr1", 99, 100)))``
``alignments.search("chr1")``                          ``…(ds.scan("chr1"))``
``alignments.targets``                                 ``ds.chroms``
``alignments.declaration``                             ``ds.autosql``, ``ds.fields``
``len(alignments)``                                    ``ds.count_rows()``
``Align.parse(path, "bigpsl")``                        ``gidx.to_alignments(ds)``
``Align.parse(path, "bigbed")`` of a bigPsl            ``gidx.to_alignments(ds, fmt="bed")``
``Align.parse("a.bed", "bed")``                        ``gidx.to_alignments(gidx.open("a.bed"))``
=====================================================  =====================================

Source: Biopython's ``bed``, ``bigbed`` and ``bigpsl`` readers, UCSC's BED12 and bigPsl.as.
They differ from ours where a ``char[1]`` is custom: of ``+`` Biopython makes ``["+"]``.

Paths are made for many rows at once: a GENCODE transcript takes 0.10 ms, where Biopython's
reader takes 0.19.

Left out: bigMaf and bigChain, and alignments to rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from gidx import autosql as sql
from gidx.arrow import schema
from gidx.arrow.batches import flow, is_pandas, is_text
from gidx.errors import ColumnError, ValueTypeError, hint
from gidx.formats.offers import AsTexts
from gidx.frames.positions import Ints, roles
from gidx.frames.write import canonical
from gidx.ground.conventions import recognise
from gidx.ground.region import Region
from gidx.scan import OpenFile, format_of, read_as

if TYPE_CHECKING:
    from Bio.Align import Alignment
    from Bio.SeqRecord import SeqRecord

Fmt = Literal["bed", "bigpsl"]
Flags = npt.NDArray[np.bool_]

# What Biopython takes from a row, and the columns that it may be called.
_BED = {
    "name": ("name",),
    "score": ("score",),
    "strand": ("strand",),
    "thickStart": ("thickStart",),
    "thickEnd": ("thickEnd",),
    "itemRgb": ("itemRgb", "reserved"),
    "blockCount": ("blockCount",),
    "blockSizes": ("blockSizes",),
    "chromStarts": ("chromStarts", "blockStarts"),
}
_NEEDED = ("name", "strand", "blockSizes", "chromStarts")  # of these a bigPsl
_PSL = (
    "oChromStart", "oChromEnd", "oStrand", "oChromSize", "oChromStarts", "oSequence", "oCDS",
    "chromSize", "match", "misMatch", "repMatch", "nCount", "seqType",
)  # fmt: skip
_COUNTS = {
    "match": "matches", "misMatch": "misMatches", "repMatch": "repMatches", "nCount": "nCount"
}  # fmt: skip
_PROTEIN = 2  # seqType: blocks count in bases, the query in amino acids
_MOLECULES = {0: None, 1: "DNA", _PROTEIN: "protein"}

_STEP = 1024  # rows whose values are Python objects at a time


def to_alignments(rows: Any, *, fmt: Fmt | None = None) -> Iterator[Alignment]:
    """Rows as Biopython's Alignment objects, one by one, as `Bio.Align.parse` gives them.

    Parameters
    ----------
    rows : Dataset, DataFrame, Table, RecordBatchReader or iterable of batches
        Rows with chrom, start and end, and what else BED and bigPsl have. Streams are
        read as alignments are asked for, in bounded memory.
    fmt : "bed" or "bigpsl", optional
        Default: ``"bigpsl"`` if its columns are there. With ``"bed"`` these are annotations.

    Yields
    ------
    Bio.Align.Alignment
        ``target`` is the chrom, of the length that the file says (else `sys.maxsize`), and
        ``query`` the row's name; ``coordinates`` are 0-based, the query's in descending
        order on the strand ``-``. ``score``, ``thickStart``, ``thickEnd`` and ``itemRgb``
        are there if the rows have them, other columns in ``annotations``; for bigPsl
        ``matches``, ``misMatches``, ``repMatches`` and ``nCount``.

        ``itemRgb`` is a text: that of the file for a bigBed Dataset; of a number 0xRRGGBB
        ``R,G,B``, or ``0``.

    Raises
    ------
    ImportError
        Biopython is not installed.
    ColumnError
        There are no columns chrom, start, end, or not all that ``fmt`` needs.
    ValueTypeError
        In a row, numbers are missing or contradict each other. It is raised before the
        first of its batch, of 1024 rows at most.
    WriteError
        ``rows`` are no rows.

    Examples
    --------
    >>> ds = gidx.open("genes.bb")
    >>> for alignment in gidx.to_alignments(ds.scan("chrX")):
    ...     print(alignment.query.id, alignment.target.id, len(alignment.target))
    ...     print(alignment.coordinates)
    GENE3 chrX 156040895
    [[5000 9000]
     [4000    0]]
    """
    if fmt not in (None, "bed", "bigpsl"):
        raise ValueError(f"fmt is {fmt!r}, expected 'bed' or 'bigpsl'")
    _need_biopython()
    if is_pandas(rows):
        rows = canonical(rows, roles(rows))
    elif isinstance(rows, OpenFile):
        # not by its C stream, which would make a FormatError pyarrow's
        rows = _with_colors(rows)
    data = flow(rows)
    return _alignments(data.batches, _columns(data.schema, fmt), _Maker(data.about))


def _alignments(
    batches: Iterator[pa.RecordBatch], columns: _Columns, maker: _Maker
) -> Iterator[Alignment]:
    first = 0
    for batch in batches:
        for at in range(0, len(batch), _STEP):
            rows = _Part(batch.slice(at, _STEP), columns, first + at)
            yield from maker.psl(rows) if columns.is_psl else maker.bed(rows)
        first += len(batch)


def _need_biopython() -> None:
    try:
        import Bio.Align  # noqa: F401
    except ImportError:
        message = 'alignments need biopython: pip install "gidx[biopython]"'
        raise ImportError(message) from None


def _with_colors(dataset: OpenFile) -> pa.RecordBatchReader:
    """Its rows, with itemRgb as the file's text: of ``0,0,0`` a number would make ``0``."""
    whole = dataset.schema
    name = next((n for n in _BED["itemRgb"] if n in whole.names), None)
    file = format_of(dataset)
    if (
        name is None
        or not isinstance(file, AsTexts)
        or not pa.types.is_integer(whole.field(name).type)
    ):
        return dataset.scan()
    as_texts = read_as(dataset, file.as_texts())
    at = whole.names.index(name)
    field = whole.field(at).with_type(pa.string())

    def batches() -> Iterator[pa.RecordBatch]:
        others = dataset.scan(columns=[n for n in whole.names if n != name])
        texts = as_texts.scan(columns=[name])
        for batch, text in zip(others, texts, strict=True):
            yield batch.add_column(at, field, text.column(0))

    return pa.RecordBatchReader.from_batches(whole.set(at, field), batches())


# ── columns ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Columns:
    """The column of each part that Biopython knows; the others; what makes starts 0-based."""

    parts: Mapping[str, str]
    custom: tuple[str, ...]
    shift: int
    is_psl: bool


def _columns(columns: pa.Schema, fmt: Fmt | None) -> _Columns:
    """By name; but a field that is declared as custom is no part of BED, whatever its name."""
    where = recognise(columns.names, "the table")
    if where.end is None:
        raise ColumnError(f"alignments need a column of ends; found {where}")
    about = schema.read_metadata(columns)
    declared = sql.parse(about["autosql"]).names if about.get("autosql") else ()
    custom = declared[about.get("defined_fields", len(schema.HEAD)) :]
    free = [n for n in columns.names if n not in custom and n not in where.names]
    parts = dict(zip(schema.HEAD, where.names, strict=True))
    for part, names in _BED.items():
        name = next((n for n in names if n in free), None)
        if name is not None:
            parts[part] = name
    for one, other in (("blockSizes", "chromStarts"), ("chromStarts", "blockSizes")):
        if one in parts and other not in parts:
            raise ColumnError(f"there is a column {one!r} but no {other!r}; blocks need both")
    missing = [n for n in _NEEDED if n not in parts] + [n for n in _PSL if n not in columns.names]
    if fmt == "bigpsl" and missing:
        raise ColumnError(
            f"bigPsl needs a column {missing[0]!r}{hint(missing[0], columns.names)}; "
            f"there are {', '.join(columns.names)}"
        )
    is_psl = fmt != "bed" and not missing
    if is_psl:
        parts |= {name: name for name in _PSL}
    others = tuple(n for n in columns.names if n not in parts.values())
    return _Columns(parts, others, where.shift, is_psl)


# ── rows ────────────────────────────────────────────────────────────────────────────────────────


class _Part:
    """Some rows, column by column: ``first`` is the number of the first one."""

    def __init__(self, batch: pa.RecordBatch, columns: _Columns, first: int) -> None:
        self._batch, self._columns, self._first = batch, columns, first
        self.chrom = [str(chrom) for chrom in self._there("chrom").to_pylist()]
        self.start, self.end = self.integers("start") - columns.shift, self.integers("end")
        self.check(self.start <= self.end, lambda _: "start is after end")

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def fail(self, row: int, message: str) -> NoReturn:
        places = (self._batch.column(self._columns.parts[n])[row].as_py() for n in schema.HEAD)
        chrom, start, end = places
        known = isinstance(start, int) and isinstance(end, int)
        where = f", {Region(str(chrom), start - self._columns.shift, end)}" if known else ""
        raise ValueTypeError(f"row {self._first + row}{where}: {message}")

    def check(self, good: Flags, message: Callable[[int], str]) -> None:
        """Fail for the first row that is not good."""
        if not good.all():
            row = int(np.argmin(good))
            self.fail(row, message(row))

    def has(self, part: str) -> bool:
        return part in self._columns.parts

    def values(self, part: str) -> list[Any]:
        """As Python has them; None where one is missing."""
        if part not in self._columns.parts:
            return [None] * len(self)
        return self._batch.column(self._columns.parts[part]).to_pylist()

    def annotations(self) -> list[dict[str, Any]]:
        """The other columns."""
        custom = self._columns.custom
        columns = (self._batch.column(name).to_pylist() for name in custom)
        return [dict(zip(custom, row, strict=True)) for row in zip(*columns, strict=True)]

    def is_minus(self, part: str) -> Flags:
        """Which values are ``-``."""
        return np.array([value == "-" for value in self.values(part)], np.bool_)

    def numbers(self, part: str) -> list[int | None]:
        """Numbers, or texts of them; None where one is missing."""
        if not self.has(part):
            return [None] * len(self)
        array = self._batch.column(self._columns.parts[part])
        if pat.is_floating(array.type):  # NaN, as pandas has them
            array = pa.array(array.to_numpy(zero_copy_only=False), from_pandas=True)
        return self._cast(array, part).to_pylist()

    def integers(self, part: str) -> Ints:
        """Numbers, or texts of them, of which none may be missing."""
        return self._cast(self._there(part), part).to_numpy()

    def lists(self, part: str) -> tuple[Ints, Ints]:
        """The numbers of all lists, or texts ``10,20,``, and how many there are in each."""
        array = self._there(part)
        if is_text(array.type):
            trimmed = pc.call_function("utf8_rtrim", [array], pc.TrimOptions(","))
            array = pc.split_pattern(trimmed, ",")
        lengths = pc.call_function("list_value_length", [array])
        items = pc.call_function("list_flatten", [array])
        if items.null_count:
            self._fail_somewhere(part, "a value in a list is missing")
        return self._cast(items, part).to_numpy(), lengths.to_numpy().astype(np.int64)

    def _there(self, part: str) -> pa.Array:
        """A column in which nothing may be missing."""
        array = self._batch.column(self._columns.parts[part])
        self.check(array.is_valid().to_numpy(zero_copy_only=False), lambda _: f"{part} is missing")
        return array

    def _cast(self, array: pa.Array, part: str) -> pa.Array:
        try:
            return array.cast(pa.int64())
        except pa.ArrowException as error:
            self._fail_somewhere(part, str(error))

    def _fail_somewhere(self, part: str, message: str) -> NoReturn:
        name, last = self._columns.parts[part], self._first + len(self) - 1
        raise ValueTypeError(f"column {name!r}, rows {self._first} to {last}: {message}") from None


# ── paths ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Blocks:
    """Blocks of all rows, ``counts`` of each: where they are in the target and in the query."""

    counts: Ints
    start: Ints
    size: Ints
    begin: Ints
    step: Ints

    def paths(self) -> tuple[Ints, Ints]:
        """Where target and query go: two rows of all turns; and where each row's turns begin.

        A path begins where the first block does. Between blocks first the target's gap
        is passed, then the query's.
        """
        firsts = np.cumsum(self.counts) - self.counts
        first = np.zeros(len(self.start), np.bool_)
        first[firsts] = True
        end, stop = self.start + self.size, self.begin + self.step
        at, place = np.roll(end, 1), np.roll(stop, 1)  # of the block before, but for the first
        turns = np.array([[self.start, self.start, end], [place, self.begin, stop]])
        there = np.array([
            ~first & (self.start != at), first | (self.begin != place), np.ones_like(first)
        ])  # fmt: skip
        # block by block, its turns in order
        path = turns.transpose(0, 2, 1)[:, there.T]
        counts = np.add.reduceat(there.sum(axis=0), firsts)
        return path, np.concatenate([[0], np.cumsum(counts)])


def _bed_blocks(rows: _Part) -> _Blocks:
    """In the query, each block begins where the one before ends."""
    if not rows.has("blockSizes"):
        size = rows.end - rows.start
        return _Blocks(np.ones(len(rows), np.int64), rows.start, size, np.zeros_like(size), size)
    counts, start, size = _target_blocks(rows)
    stop = np.cumsum(size)
    before = np.concatenate([[0], stop])[np.cumsum(counts) - counts]  # blocks of other rows
    return _Blocks(counts, start, size, stop - size - np.repeat(before, counts), size)


def _target_blocks(rows: _Part) -> tuple[Ints, Ints, Ints]:
    """How many, where they start and their sizes."""
    sizes, counts = rows.lists("blockSizes")
    starts, others = rows.lists("chromStarts")
    told = rows.integers("blockCount") if rows.has("blockCount") else counts
    rows.check(
        (counts == others) & (counts == told) & (counts > 0),
        lambda i: f"{counts[i]} blockSizes, {others[i]} chromStarts, blockCount is {told[i]}",
    )
    least = np.minimum.reduceat(sizes, np.cumsum(counts) - counts)
    rows.check(least >= 0, lambda i: f"a block's size is {least[i]}, expected 0 or more")
    return counts, starts + np.repeat(rows.start, counts), sizes


def _psl_blocks(rows: _Part, turned: Flags, query_size: Ints) -> _Blocks:
    """As in a PSL; for rows that are ``turned`` counted from the other end, both ways."""
    counts, start, size = _target_blocks(rows)
    begin, others = rows.lists("oChromStarts")
    rows.check(
        counts == others,
        lambda i: f"{counts[i]} blockSizes, {others[i]} oChromStarts, expected as many",
    )
    row = np.repeat(np.arange(len(rows)), counts)
    step = np.where(rows.integers("seqType")[row] == _PROTEIN, size // 3, size)
    back = turned[row]
    start = np.where(back, rows.integers("chromSize")[row] - start - size, start)
    begin = np.where(back, query_size[row] - begin - step, begin)
    number = np.arange(len(row))
    last = np.cumsum(counts) - 1
    order = np.where(back, (2 * last - counts + 1)[row] - number, number)
    return _Blocks(counts, *(values[order] for values in (start, size, begin, step)))


# ── alignments ──────────────────────────────────────────────────────────────────────────────────


class _Maker:
    """Makes Alignments of rows; a chrom's alignments share their target, as Biopython's do."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        from Bio.Align import Alignment
        from Bio.Seq import Seq
        from Bio.SeqRecord import SeqRecord

        self._alignment, self._seq = Alignment, Seq
        # Biopython describes nothing in its reader of BED text, and leaves it open in the other
        described = {} if about.get("format") == "bigbed" else {"description": ""}
        self._record = partial(SeqRecord, **described)
        self._sizes: Mapping[str, int | None] = about.get("chromsizes") or {}
        self._targets: dict[tuple[str, int], SeqRecord] = {}

    def bed(self, rows: _Part) -> Iterator[Alignment]:
        """The query is as long as the blocks are."""
        blocks = _bed_blocks(rows)
        path, bounds = blocks.paths()
        length = path[1, bounds[1:] - 1]
        _flip(path[1], bounds, rows.is_minus("strand"), length)
        _check_ends(rows, path[0], bounds, rows.start, rows.end, "blocks span")
        names = rows.values("name")
        queries = (
            self._record(self._seq(None, length=size), id=name)
            for size, name in zip(length.tolist(), names, strict=True)
        )
        sizes = [self._sizes.get(chrom) for chrom in rows.chrom]
        custom = rows.annotations()
        more = {"annotations": custom} if custom else {}
        return self._each(rows, sizes, queries, path, bounds, more)

    def psl(self, rows: _Part) -> Iterator[Alignment]:
        """As in a PSL: on the strand ``-`` places in the query count from its end.

        Where both strands are ``-``, places in the target do, and those in the query not.
        """
        size, query_size = rows.integers("chromSize"), rows.integers("oChromSize")
        self._check_psl(rows, size)
        minus = rows.is_minus("strand")
        turned = minus & rows.is_minus("oStrand")
        path, bounds = _psl_blocks(rows, turned, query_size).paths()
        _flip(path[0], bounds, turned, size)
        _flip(path[1], bounds, minus & ~turned, query_size)
        ends = rows.start, rows.end
        _check_ends(rows, path[0], bounds, *_swapped(turned, *ends), "blocks span")
        ends = rows.integers("oChromStart"), rows.integers("oChromEnd")
        ends = _swapped(minus & ~turned, *ends)
        _check_ends(rows, path[1], bounds, *ends, "blocks span in the query")
        more: dict[str, list[Any]] = {"annotations": rows.annotations() or [{} for _ in rows.chrom]}
        more |= {made: rows.integers(name).tolist() for name, made in _COUNTS.items()}
        queries = self._queries(rows, query_size)
        return self._each(rows, size.tolist(), queries, path, bounds, more)

    def _check_psl(self, rows: _Part, size: Ints) -> None:
        known = [self._sizes.get(c) for c in rows.chrom]
        told = np.array([s if k is None else k for k, s in zip(known, size, strict=True)], np.int64)
        rows.check(
            size == told, lambda i: f"chromSize is {size[i]}, expected {told[i]} as in the file"
        )
        kind = rows.integers("seqType")
        rows.check(
            np.isin(kind, list(_MOLECULES)),
            lambda i: f"seqType is {kind[i]}, expected 0 (none), 1 (DNA) or 2 (protein)",
        )

    def _queries(self, rows: _Part, size: Ints) -> Iterator[SeqRecord]:
        """With sequence and coding region, where a bigPsl has them."""
        from Bio.SeqFeature import Location, LocationParserError, SeqFeature

        parts = ("name", "oSequence", "oCDS", "seqType")
        columns = [size.tolist(), *(rows.values(part) for part in parts)]
        for row, (length, name, letters, coding, kind) in enumerate(zip(*columns, strict=True)):
            if letters and len(letters) != length:
                rows.fail(row, f"oSequence has {len(letters)} letters, oChromSize is {length}")
            sequence = self._seq(letters) if letters else self._seq(None, length=length)
            query = self._record(sequence, id=name)
            if coding and coding != "n/a":
                try:
                    query.features.append(SeqFeature(Location.fromstring(coding), type="CDS"))
                except LocationParserError:
                    rows.fail(row, f"oCDS is {coding!r}, expected a location as '365..502'")
            if molecule := _MOLECULES[int(kind)]:
                query.annotations["molecule_type"] = molecule
            yield query

    def _each(
        self,
        rows: _Part,
        sizes: Sequence[int | None],
        queries: Iterator[SeqRecord],
        path: Ints,
        bounds: Ints,
        more: Mapping[str, list[Any]],
    ) -> Iterator[Alignment]:
        """The Alignments, with what BED says of them, and ``more`` attributes."""
        attributes = {
            "score": [_score(value) for value in rows.values("score")],
            "thickStart": rows.numbers("thickStart"),
            "thickEnd": rows.numbers("thickEnd"),
            "itemRgb": [_color(value) for value in rows.values("itemRgb")],
            **more,
        }
        ends = bounds.tolist()
        path = path.astype(np.intp, copy=False)
        for i, (chrom, size, query) in enumerate(zip(rows.chrom, sizes, queries, strict=True)):
            target = self._target(chrom, size)
            made = self._alignment([target, query], path[:, ends[i] : ends[i + 1]].copy())
            for name, values in attributes.items():
                if values[i] is not None:
                    setattr(made, name, values[i])
            yield made

    def _target(self, chrom: str, size: int | None) -> SeqRecord:
        key = chrom, sys.maxsize if size is None else size
        if key not in self._targets:
            self._targets[key] = self._record(self._seq(None, length=key[1]), id=chrom)
        return self._targets[key]


def _flip(places: Ints, bounds: Ints, which: Flags, length: Ints) -> None:
    """Count the places of some rows from the other end."""
    counts = np.diff(bounds)
    flipped = np.repeat(which, counts)
    places[flipped] = np.repeat(length, counts)[flipped] - places[flipped]


def _swapped(which: Flags, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    return np.where(which, end, start), np.where(which, start, end)


def _check_ends(rows: _Part, places: Ints, bounds: Ints, start: Ints, end: Ints, what: str) -> None:
    first, last = places[bounds[:-1]], places[bounds[1:] - 1]
    rows.check(
        (first == start) & (last == end),
        lambda i: f"{what} {first[i]} to {last[i]}, expected {start[i]} to {end[i]}",
    )


def _score(value: Any) -> Any:
    """A number, an integer if it is one; a text that is none as it is.

    >>> _score(960), _score("960"), _score(0.5), _score(".")
    (960, 960, 0.5, '.')
    """
    if value is None or isinstance(value, int):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number


def _color(value: Any) -> str | None:
    """0xRRGGBB as R,G,B.

    >>> _color(0xFF8000), _color(0), _color("0,0,0")
    ('255,128,0', '0', '0,0,0')
    """
    if isinstance(value, int) and 0 < value < 1 << 24:
        return ",".join(map(str, value.to_bytes(3)))
    return None if value is None else str(value)
