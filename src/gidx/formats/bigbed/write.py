"""bigBed files, written: tables of rows to encoded groups, and the rules of BED.

    data ─stream─▶ Frame ─declare─▶ fields ─order─▶ file rows ─encode─▶ groups ─bbi.write─▶ file

The truth is UCSC's bedToBigBed (2.10): what it refuses (`loadAndValidateBedExt` in
kent/src/lib/basicBed.c) is refused here, with the row's number, and the rows' texts
are those that it is given. Beyond it, chroms may come in any order of theirs, lists
may be empty, and values of an enum or set must be declared.

bigBed knows no missing value: an empty text is another thing, and a number has no
text that says so. So what is missing is refused, but for BED's own fields that have a
word for it: a strand of ``.``, and 0 for score, thick part and color.

Left out: the container (see bbi.write), and fields 13 to 15 of microarray BED.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import chromsizes as sizes_of
from gidx.arrow import encode
from gidx.arrow.batches import Batches, frame
from gidx.arrow.encode import AsField, Cells
from gidx.arrow.faults import Faults, Inspection
from gidx.arrow.left_out import LeftOut
from gidx.arrow.order import Allowed, Order, Surveyor, survey, unfit
from gidx.arrow.schema import HEAD
from gidx.autosql import BED_FIELDS, AutoSql, Field, bed, parse
from gidx.bbi.write import (
    Batch,
    BedFields,
    Chrom,
    Content,
    FileShape,
    RowGroup,
    batches,
    blocks_of,
    level_of,
    write_bbi,
)
from gidx.declared import bed_rules as rules
from gidx.declared.clip import clipped
from gidx.declared.declare import TableDeclared, declare, missing_word
from gidx.errors import WriteError, asked_of, hint
from gidx.ground.atomic import check_target, replacing
from gidx.ground.pool import thread_count
from gidx.ground.region import Region
from gidx.ground.tuning import tuning

if TYPE_CHECKING:
    from typing import Unpack

    from gidx.options import ChromSizes, Path, Tabular, WriteBigBedRest

HEAD_FIELDS = 3  # chrom, chromStart, chromEnd: in a record's head, not in its text


Ints = npt.NDArray[np.int64]


def write_bigbed(
    data: Tabular,
    path: Path | BinaryIO,
    chromsizes: ChromSizes | None = None,
    *,
    bed_type: str | None = None,
    autosql: Any = None,
    extra_index: str | Sequence[str] | None = (),
    sort: bool = False,
    clip: bool = False,
    allow_1bp_overlap: bool = False,
    compression: Literal["zlib"] | None = "zlib",
    level: int = 6,
    items_per_slot: int = 512,
    fan_out: int = 256,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a bigBed file; it appears only when it is finished.

    Parameters
    ----------
    data
        Rows, as `gidx.write_bed` takes them. Colors may be 0xRRGGBB, ``R,G,B``, ``#rrggbb``,
        names, or tuples.
    path : str, PathLike or binary file
        The file; what it holds stays untouched until the new one is complete.
    chromsizes
        A dict, a path to a file of names and sizes, a frame with chrom and size, or
        pairs. Default: those in the data's metadata.
    bed_type : str, optional
        ``"bed6"``, ``"bed6+4"`` or ``"bed6+"``: how many columns are standard BED.
        Default: those whose names and types are; a column that has a standard name and
        cannot be that field warns.
    autosql : str, PathLike or AutoSql, optional
        The declaration, as text or in an .as file, stored as it is; or that of a standard
        kind by its name, ``"narrowPeak"`` and the others of `gidx.read_bed`. Default: the one
        in the data's metadata, else made from the columns.
    extra_index : str or list of str
        Columns to find rows by: fields declared ``string``.
    sort : bool
        Sort rows by chrom and start. Else rows out of order are an error.
    clip : bool
        Cut rows that reach past their chrom's end to it, their thick parts, blocks and lists with
        an item a block too, and leave out those that begin behind it, with a warning. Without it,
        they are refused.
    allow_1bp_overlap : bool
        Whether neighbouring blocks of a row may have one base in common, as bedToBigBed's
        ``-allow1bpOverlap``; no block may begin before the one before it.
    compression : "zlib" or None
        ``level`` is 1 to 12.
    items_per_slot, fan_out : int
        Rows of a data block; children of a tree's node.
    threads : int, optional
        Default: all processors.
    progress : callable, optional
        Is given the number of rows written so far.

    Raises
    ------
    WriteError
        Rows that a bigBed cannot hold; ``row`` is the first one's number. No file is
        left behind, and one that was there is as it was.
    AutoSqlError
        A declaration that cannot be read, or columns that none can be made for.

    Source: UCSC's bedToBigBed 2.10; Kent et al. 2010, Bioinformatics 26(17).

    Examples
    --------
    >>> df = gidx.read_bigbed("genes.bb")
    >>> gidx.write_bigbed(df[df["chrom"] == "chr22"], "chr22.bb", extra_index="name")
    >>> gidx.open("chr22.bb").count_rows()
    2
    """
    shape = FileShape(items_per_slot, fan_out, level_of(compression, level))
    shape.check()
    check_target(path)
    asked_of("progress", progress)
    left = LeftOut()
    lap = 1 if allow_1bp_overlap else 0
    data = clipped(data, chromsizes, left, autosql=autosql, lap=lap) if clip else data
    beside = path if isinstance(path, str | os.PathLike) else None
    with left.told(), frame(data, beside=beside) as rows:
        declared = declare(rows, autosql, bed_type)
        sizes = sizes_of.given_or_recorded(chromsizes, rows.about)
        heads = _heads(declared)
        indexed = _indexed(declared, extra_index)
        order = survey(rows, heads, sizes, sort=sort)
        encoder = _Encoder(
            rows,
            heads=heads,
            declared=declared,
            order=order,
            indexed=indexed,
            items_per_slot=items_per_slot,
            lap=lap,
        )
        counts = order.counts.tolist()
        chroms = [
            Chrom(name.encode("utf-8", "surrogateescape"), size, count)
            for name, size, count in zip(order.names, order.sizes, counts, strict=True)
        ]
        with replacing(path) as file:
            write_bbi(
                file,
                Content(chroms, encoder.spans, encoder.groups()),
                BedFields(len(declared.fields), declared.defined, declared.text, indexed),
                shape,
                threads=thread_count(threads),
                progress=progress,
            )


def check_bigbed(
    data: Any,
    most: int,
    chromsizes: Any = None,
    *,
    bed_type: str | None = None,
    autosql: Any = None,
    **options: Unpack[WriteBigBedRest],
) -> Inspection:
    """All that `write_bigbed` would refuse; ``most`` are listed."""
    left = LeftOut()
    lap = 1 if options.get("allow_1bp_overlap") else 0
    if options.get("clip"):
        data = clipped(data, chromsizes, left, autosql=autosql, lap=lap)
    with frame(data) as rows:
        declared = declare(rows, autosql, bed_type)
        sizes = sizes_of.given_or_recorded(chromsizes, rows.about)
        _indexed(declared, options.get("extra_index", ()))
        surveyor = Surveyor(rows.schema, _heads(declared), Allowed(sizes))
        targets = _targets(declared)
        found = Inspection([*HEAD, *rows.schema.names], most)
        sort = bool(options.get("sort"))
        for batch, starts, ends, faults in surveyor.inspect(rows.batches, found, sort=sort):
            _cells(declared, targets, batch, starts, ends, faults, lap)
    found.renumber(left.number)
    return found


# ── what was asked ──────────────────────────────────────────────────────────────────────────────


def _heads(declared: TableDeclared) -> list[str]:
    return [name for name in declared.sources[:HEAD_FIELDS] if name is not None]


def _indexed(declared: TableDeclared, asked: str | Sequence[str] | None) -> list[int]:
    """The numbers of the fields to index, by column or declared name."""
    found: list[int] = []
    if asked is None:
        return found
    if isinstance(asked, bytes) or not isinstance(asked, Iterable):
        raise WriteError(f"extra_index is {asked!r}, expected names of columns", row=None)
    for name in [asked] if isinstance(asked, str) else asked:
        names = [*declared.sources, *declared.autosql.names]
        if name not in names:
            known = [n for n in dict.fromkeys(names) if n is not None]
            raise WriteError(f"extra_index: no column {name!r}{hint(name, known)}", row=None)
        field = names.index(name) % len(declared.fields)
        kind = declared.fields[field].declared_type
        if kind != "string":
            raise WriteError(
                f"extra_index: {name!r} is declared {kind}, expected string; pass an autosql that "
                "declares it string, or index another column",
                row=None,
            )
        if field in found:
            raise WriteError(f"extra_index: {name!r} is given twice", row=None)
        found.append(field)
    return found


# ── rows to groups ──────────────────────────────────────────────────────────────────────────────


class _Encoder:
    """Makes the groups of a file; keeps no rows."""

    def __init__(
        self,
        rows: Batches,
        *,
        heads: Sequence[str],
        declared: TableDeclared,
        order: Order,
        indexed: Sequence[int],
        items_per_slot: int,
        lap: int,
    ) -> None:
        self._rows, self._heads, self._declared, self._order = rows, heads, declared, order
        self._indexed, self._items, self._lap = indexed, items_per_slot, lap
        self._targets = _targets(declared)
        columns = [t.name for t in self._targets if t is not None]
        self._columns = list(dict.fromkeys((*heads[1:], *columns)))
        fit = min(tuning.write_rows, int(tuning.write_bytes / max(rows.row_bytes, 1)))
        self.size = max(fit // self._items, 1) * self._items

    def spans(self) -> Iterator[tuple[int, Ints, Ints]]:
        """(chrom, starts, ends) of all rows in file order."""
        for batch in self._batches():
            start, stop = batch[0][1], batch[-1][2]
            _, starts, ends = self._positions(start, stop, self._heads[1:])
            for chrom, first, last in batch:
                mine = slice(first - start, last - start)
                yield chrom, starts[mine], ends[mine]

    def groups(self) -> Iterator[Callable[[], RowGroup]]:
        """What makes each group of the file, in order."""
        for batch in self._batches():
            yield partial(self._group, batch)

    def _batches(self) -> Iterator[Batch]:
        return batches(self._order.firsts, self.size)

    def _group(self, batch: Batch) -> RowGroup:
        encoded = self.encode(batch[0][1], batch[-1][2])
        bounds, chrom = blocks_of(batch, self._items)
        firsts = bounds[:-1]
        return RowGroup(
            chrom,
            encoded.data,
            encoded.bounds[bounds],
            encoded.starts[firsts].astype(np.uint32),
            np.maximum.reduceat(encoded.ends, firsts).astype(np.uint32),
            np.diff(bounds),
            encoded.keys,
        )

    def _positions(
        self, start: int, stop: int, columns: Sequence[str]
    ) -> tuple[pa.RecordBatch, Ints, Ints]:
        rows = self._order.rows(start, stop)
        if isinstance(rows, int):
            batch = self._rows.rows(rows, rows + stop - start, columns)
        else:
            batch = self._rows.take(rows, columns)
        starts, ends = (
            encode.integers(batch.column(name), name, Faults()) for name in self._heads[1:]
        )
        return batch, starts, ends

    def encode(self, start: int, stop: int) -> _Encoded:
        """File rows ``start`` to ``stop``; raises WriteError for one that cannot be written."""
        batch, starts, ends = self._positions(start, stop, self._columns)
        faults = Faults()
        filled = _cells(self._declared, self._targets, batch, starts, ends, faults, self._lap)
        chrom = self._order.chroms(start, stop)
        if faults.row is not None:
            i = faults.row
            place = Region(self._order.names[chrom[i]], int(starts[i]), int(ends[i]))
            rows = self._order.rows(start, stop)
            raise unfit(faults.message, rows + i if isinstance(rows, int) else int(rows[i]), place)
        data, bounds = encode.join_rows(chrom, starts, ends, [c.texts for c in filled])
        keys = tuple(self._keys(field, filled, chrom) for field in self._indexed)
        return _Encoded(data, bounds, starts, ends, keys)

    def _keys(
        self, field: int, cells: Sequence[Cells], chrom: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.bytes_]:
        if field == 0:
            names = [n.encode("utf-8", "surrogateescape") for n in self._order.names]
            return np.array(names, np.bytes_)[chrom]
        return encode.keys(cells[field - HEAD_FIELDS].texts)


def _cells(
    declared: TableDeclared,
    targets: Sequence[AsField | None],
    batch: pa.RecordBatch,
    starts: Ints,
    ends: Ints,
    faults: Faults,
    lap: int,
) -> list[Cells]:
    """The fields behind the head, of rows whose place is known to be good."""
    cells = [None if t is None else encode.encode(batch.column(t.name), t, faults) for t in targets]
    for i, word in declared.gaps.items():
        cells[i] = encode.constant(word, len(starts))
    filled = _counted(declared, cells, faults, len(starts))
    standard = dict(enumerate(filled[: declared.defined - HEAD_FIELDS], HEAD_FIELDS))
    names = [s or f.name for s, f in zip(declared.sources, declared.fields, strict=True)]
    rules.check(rules.BedRows(starts, ends, standard, names, lap), faults)
    return filled


@dataclass(frozen=True)
class _Encoded:
    """Records and their bounds (rows + 1), and what the indexes want to know of them."""

    data: npt.NDArray[np.uint8]
    bounds: Ints
    starts: Ints
    ends: Ints
    keys: tuple[npt.NDArray[np.bytes_], ...]


# ── fields ──────────────────────────────────────────────────────────────────────────────────────


def _targets(declared: TableDeclared) -> list[AsField | None]:
    """How each field is written; None for those of the head and for counts to fill."""
    types = declared.autosql.to_arrow().types
    standard_types = parse(bed(len(BED_FIELDS))).to_arrow().types
    targets: list[AsField | None] = []
    for i, (f, name) in enumerate(zip(declared.fields, declared.sources, strict=True)):
        if i < HEAD_FIELDS or name is None:
            targets.append(None)
            continue
        standard = i < declared.defined
        # a text, or whatever else it is declared: what counts are BED's rules for it
        ruled = standard and not _is_alike(f, BED_FIELDS[i])
        targets.append(
            AsField(
                name,
                BED_FIELDS[i] if ruled else f,
                standard_types[i] if ruled else types[i],
                declared.autosql,
                color=standard and i == rules.COLOR,
                standard=standard,
                missing=missing_word(BED_FIELDS[i]) if standard else None,
            )
        )
    return targets


def _is_alike(f: Field, standard: Field) -> bool:
    return not standard.is_integer or (f.is_integer and f.is_list == standard.is_list)


def _counted(
    declared: TableDeclared, cells: Sequence[Cells | None], faults: Faults, rows: int
) -> list[Cells]:
    """Cells of all fields behind the head: counts that the data lack are filled in."""
    names = declared.autosql.names
    whole = list(cells)
    for name, arrays in declared.autosql.table.counts.items():
        at = names.index(_same(name, declared.autosql))
        for array in arrays if at >= HEAD_FIELDS else ():
            cell, count = whole[names.index(array)], whole[at]
            if cell is None or cell.bounds is None:  # of another type, which was noted
                lengths = np.zeros(rows, np.int64)
            else:
                lengths = np.diff(cell.bounds)
            if count is None:
                whole[at] = Cells(encode.numbers(lengths), lengths)
            elif count.numbers is not None:
                column = declared.sources[names.index(array)] or array
                _check_count(column, lengths, name, count.numbers, faults)
    return [cell for cell in whole[HEAD_FIELDS:] if cell is not None]


def _check_count(column: str, lengths: Ints, name: str, counts: Ints, faults: Faults) -> None:
    faults.check(
        (lengths != counts) & faults.clean(len(counts)),
        lambda i: (
            f"column {column}: {lengths[i]} values, but {name} is {counts[i]}; "
            f"drop the column {name} to have it filled in"
        ),
    )


def _same(name: str, autosql: AutoSql) -> str:
    """A field's name as it is declared; AutoSQL ignores its case."""
    return next(n for n in autosql.names if n.lower() == name.lower())
