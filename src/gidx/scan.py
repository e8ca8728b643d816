"""One open file, scanned: regions, projection, filters, threads and batches, for all formats.

A scan is a line downhill:

    resolve the regions ─▶ format.settle, plan ─▶ groups of ranges ─▶ format.fetch, reader.decode
    (on a thread pool, in order, a few groups ahead) ─▶ filter, slice ─▶ RecordBatchReader

No pandas: what users have is `gidx.dataset.Dataset`, above this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gidx.arrow import schema
from gidx.arrow.batches import bare, bare_type, is_text, sliced
from gidx.arrow.decode import Problem
from gidx.errors import (
    ColumnError,
    GuessedTypeError,
    RegionError,
    ValueTypeError,
    ValueWarning,
    one_of,
    warn,
    whole,
)
from gidx.formats import registry
from gidx.formats.base import Format, Opening, Placed, Reader, Rows
from gidx.formats.offers import NameIndexes, TextLines, Widens
from gidx.ground.boxes import InBoxes
from gidx.ground.pieces import BYTES as DEFAULT_BYTES
from gidx.ground.pieces import Piece, cut
from gidx.ground.pool import in_order, thread_count
from gidx.ground.ranges import Ranges
from gidx.ground.region import NO_REGIONS, Region, RegionSet, resolve
from gidx.ground.source import MemorySource
from gidx.options import MissingChroms, Names, ScanOptions, check_known

if TYPE_CHECKING:
    from typing import Unpack

    from gidx.options import (
        Condition,
        Errors,
        Regions,
    )

_Found = TypeVar("_Found")
_Any = TypeVar("_Any", bound="OpenFile")


def format_of(dataset: OpenFile) -> Format:
    """The open file under a Dataset."""
    return dataset._format


def read_as(dataset: _Any, format: Format) -> _Any:
    """A Dataset of the same file, read otherwise."""
    return dataset._with(format)


def find(
    dataset: OpenFile,
    wanted: str | Iterable[str],
    /,
    regions: Any = None,
    *,
    field: str | None = None,
    **options: Any,
) -> pa.Table:
    """Rows by name, of any file whose format offers it; `BigBedDataset.find` says more."""
    indexes = cast(NameIndexes, dataset._format)
    keys = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else [*wanted]
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(f"cannot find {key!r}: expected a name, or several")
        if any("\ud800" <= letter <= "\udfff" for letter in key):  # of bytes that are no UTF-8
            raise ValueError(
                f"cannot find {key!r}: it is no whole text; open the file with the encoding= that "
                "its names are in, and look for them as they are read"
            )
    columns = indexes.indexes_of(field)
    ranges = np.unique(np.concatenate([indexes.lookup(c, keys) for c in columns]), axis=0)
    style: Names = options.get("names", "canonical")
    found, values = dataset._schema(style), pa.array(keys, pa.string())
    # keys are texts, also of a field of numbers
    matches = reduce(or_, (_texts_of(found.field(c)).isin(values) for c in columns))
    other = options.pop("filter", None)
    scan = dataset._prepare(
        regions, **options, filter=matches if other is None else matches & other, ranges=ranges
    )
    return pa.Table.from_batches(scan.batches(), scan.schema)


def _texts_of(field: pa.Field) -> pc.Expression:
    column = pc.field(field.name)
    return column if is_text(field.type) else column.cast(pa.string())


def in_steps(
    dataset: OpenFile, regions: Any, size: int, **options: Any
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Rows as `scan` has them, read by so many bytes of the file at a time: less memory."""
    scan = dataset._prepare(regions, group_size=size, **options)
    return scan.schema, scan.batches()


def first_lines(dataset: _Any, size: int) -> _Any:
    """The first lines of a text file, as a file of their own."""
    text = MemorySource(cast(TextLines, dataset._format).first_lines(size), dataset.path)
    opening = replace(dataset._opening, index=None)
    return type(dataset)(registry.open(text, opening), opening)


_WORDS = (
    ("errors", ("warn", "raise", "null")),
    ("names", ("canonical", "native")),
    ("missing_chroms", ("error", "ignore")),
)
_KNOWN = frozenset(ScanOptions.__annotations__)


class OpenFile:
    """An open file of any format, whose rows are asked for as Arrow. `Dataset` says more."""

    def __init__(self, format: Format, opening: Opening | None = None) -> None:
        self._format, self._opening = format, opening or Opening()
        self._is_shared = False
        self._schemas: dict[Names, pa.Schema] = {}
        self._readers: dict[tuple[tuple[int, ...] | None, Names], Reader] = {}

    def _with(self, format: Format) -> Self:
        """The same file, read otherwise."""
        return type(self)(format, self._opening)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self._format.chroms)}

    @cached_property
    def _chrom_words(self) -> pa.StringArray:
        """Chroms for a column without rows: 100,000 contigs take 16 ms, for each empty region."""
        return pa.array(list(self._format.chroms), pa.string())

    # ── what it is ──────────────────────────────────────────────────────────────────────────────

    @property
    def format(self) -> str:
        """The format's name: ``bigbed``."""
        return self._format.kind

    @property
    def path(self) -> str:
        """Where it was opened."""
        return self._format.source.name

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of all columns, canonical names."""
        return self._schema("canonical")

    @property
    def columns(self) -> list[str]:
        """Names of all columns, canonical ones, in the schema's order."""
        return list(self.schema.names)

    @property
    def chroms(self) -> dict[str, int | None]:
        """Chroms in file order and their sizes in bases."""
        return dict(self._format.chroms)

    @property
    def fields(self) -> pa.Table:
        """What the file declares: a row a column, with its description."""
        return self._format.fields()

    @property
    def header(self) -> str:
        """The file's own declaration as text; empty where it has none."""
        return self._format.header

    def info(self) -> dict[str, Any]:
        """Facts about the file, as `gidx info` prints them."""
        return self._format.info()

    def whole(self, read: Callable[[Self], _Found]) -> _Found:
        """What ``read`` makes of this file, again where a guessed type was too narrow for it.

        For what can begin anew: the types then hold all that was read.
        """
        dataset = self
        while True:
            try:
                return read(dataset)
            except GuessedTypeError as error:
                dataset = dataset.wider(error)

    def wider(self, error: GuessedTypeError) -> Self:
        """The same file, a column that was guessed wide enough for the value that was met."""
        if not isinstance(self._format, Widens):
            raise error
        return self._with(self._format.widened(error.field, error.text))

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def scan(
        self,
        regions: Regions = None,
        *,
        columns: Sequence[str] | None = None,
        filter: Condition | None = None,
        batch_size: int | None = None,
        threads: int | None = None,
        errors: Errors = "warn",
        names: Names = "canonical",
        missing_chroms: MissingChroms = "error",
    ) -> pa.RecordBatchReader:
        """Rows as a stream of record batches, in file order, in bounded memory.

        Raises
        ------
        UnknownChromError, RegionError
            For regions that the file cannot have.
        ColumnError
            For columns that it does not have.
        FormatError
            While reading, where the file is broken.
        GuessedTypeError
            While reading, where a value is not of the type that the first rows have.
        """
        scan = self._prepare(
            regions, columns=columns, filter=filter, batch_size=batch_size, threads=threads,
            errors=errors, names=names, missing_chroms=missing_chroms,
        )  # fmt: skip
        return pa.RecordBatchReader.from_batches(scan.schema, scan.batches())

    def to_table(self, regions: Regions = None, **options: Unpack[ScanOptions]) -> pa.Table:
        """Rows as a pyarrow Table. Options as in `scan`.

        Its types hold all rows, also where those of ``schema``, which come from a look at
        the first rows, do not.
        """
        try:
            scan = self._prepare(regions, **options)
            batches = list(scan.batches())
        except GuessedTypeError as error:
            wider = self.wider(error)
            return wider.to_table(regions, **options)
        apart = isinstance(regions, Piece) and regions.chrom is None  # each batch its own chroms
        if not batches:  # chroms are known all the same
            return schema.without_rows(scan.schema, [] if apart else self._chrom_words)
        table = pa.Table.from_batches(batches, scan.schema)
        return table.unify_dictionaries() if apart else table

    def to_batches(
        self, regions: Regions = None, **options: Unpack[ScanOptions]
    ) -> Iterator[pa.RecordBatch]:
        """Rows as an iterator of record batches. Options as in `scan`."""
        return self._prepare(regions, **options).batches()

    def head(self, n: int = 5, regions: Regions = None, **options: Unpack[ScanOptions]) -> pa.Table:
        """The first ``n`` rows; reads no more blocks than they need."""
        return self.whole(lambda dataset: dataset._head(n, regions, **options))

    def _head(self, n: int, regions: Any = None, **options: Any) -> pa.Table:
        try:
            n = min(whole("n", n, 0), _MOST_ROWS)
        except TypeError as error:
            raise TypeError(f"{error}: rows; regions come after it") from None
        except ValueError as error:  # which in pandas is all rows but the last
            raise ValueError(f"{error}: how many rows a file has is not known") from None
        dataset = self
        if regions is None and isinstance(self._format, TextLines):
            dataset = self._with(self._format.apart())
        scan = dataset._prepare(regions, **{**options, "threads": 1}, group_size=1)
        batches, rows = [], 0
        for batch in scan.batches() if n > 0 else ():
            batches.append(sliced(batch, 0, n - rows))
            rows += batches[-1].num_rows
            if rows >= n:
                break
        scan.report()
        return pa.Table.from_batches(batches, scan.schema).unify_dictionaries()

    def count_rows(
        self,
        regions: Regions = None,
        *,
        threads: int | None = None,
        missing_chroms: MissingChroms = "error",
    ) -> int:
        """How many rows overlap the regions; nothing but positions is decoded."""
        one_of("missing_chroms", missing_chroms, ("error", "ignore"))
        if threads is not None:
            thread_count(threads)
        known = self._format.row_count()
        if regions is None and known is not None:
            return known
        form, asked, ranges = self._aimed(regions, missing_chroms)
        groups = form.groups(ranges)
        tasks = ((lambda g=g: form.count(form.fetch(g, asked), asked)) for g in groups)
        return sum(in_order(tasks, _threads(threads, groups)))

    def partitions(
        self,
        n: int | None = None,
        *,
        bytes: int | None = None,
        regions: Regions = None,
        missing_chroms: MissingChroms = "error",
    ) -> list[Piece]:
        """The rows of a scan as pieces of about equal work, for any engine to read in parallel.

        A piece owns the rows that start in it, so that each row is in exactly one, and the
        rows of all pieces, one after the other, are those of ``scan(regions)``. It lies within
        one chrom, is small, and can be pickled. `scan`, `to_table`, `count_rows` and all else
        that takes regions reads it. Of several files that share a chrom, pieces come chrom by
        chrom, and by place, each with the rows of all files; a scan has file behind file. Only
        the index is read to make pieces; a text file without one is cut by bytes, but plain gzip
        and GFF, which are one piece.

        Parameters
        ----------
        n
            About how many; each chrom with rows is one piece at least.
        bytes
            Instead of ``n``, bytes of the file in each, about: 64 MiB by default.
        regions, missing_chroms
            As in `scan`: rows that overlap one of them.

        Examples
        --------
        >>> ds = gidx.open("genes.bb")
        >>> pieces = ds.partitions(2)
        >>> [(piece.chrom, ds.count_rows(piece)) for piece in pieces]
        [('chr22', 2), ('chrX', 1)]
        """
        if n is not None and bytes is not None:
            raise TypeError("partitions takes n or bytes, not both")
        size = self._format.source.size
        n = None if n is None else min(whole("n", n, 1), max(size, 1))
        bytes = None if bytes is None else whole("bytes", bytes, 1)
        if isinstance(regions, Piece):
            raise RegionError(f"{regions} is a piece already; partitions takes regions")
        asked = self._resolve(regions, missing_chroms)
        parts = n if n is not None else -(-size // (bytes or DEFAULT_BYTES))
        work = self._format.work(parts)
        if asked is not None:
            work = work.by_chrom(list(self._format.chroms))
        return cut(work, n, bytes, self._by_name(asked))

    def _by_name(self, asked: RegionSet | None) -> dict[str, npt.NDArray[np.int64]] | None:
        if asked is None:
            return None
        spans = np.column_stack([asked.start, asked.end])
        names = list(self._format.chroms)
        there = np.unique(asked.chrom).tolist()
        return {names[i]: spans[asked.first[i] : asked.first[i + 1]] for i in there}

    def _resolve(self, regions: Any, missing_chroms: MissingChroms = "error") -> RegionSet | None:
        if regions is None:
            return None
        if self._format.index_kind is None:  # before chroms are looked for, in the whole file
            self._format.settle(NO_REGIONS)
        return resolve(regions, self._ids, self._ids, missing_chroms)

    def _aimed(
        self, regions: Any, missing_chroms: MissingChroms
    ) -> tuple[Format, RegionSet | None, Ranges]:
        """What reads the regions, or the piece, and the file's ranges that may have them."""
        if isinstance(regions, Piece) and regions.chrom is None:
            form, ranges = self._format.between(regions.lo, regions.hi)
            return form, None, ranges
        if isinstance(regions, InBoxes):
            self._format.settle(None)
            return self._format, None, self._format.among(regions.boxes)
        if isinstance(regions, Piece):
            asked: RegionSet | None = regions.regions(self._ids)
        else:
            asked = self._resolve(regions, missing_chroms)
        self._format.settle(asked)
        return self._format, asked, self._format.plan(asked)

    def _prepare(
        self,
        regions: Any,
        *,
        group_size: int | None = None,
        ranges: Ranges | None = None,
        **options: Any,
    ) -> _Scan:
        """A scan of regions, of given ``ranges`` of the file instead; options as in `scan`."""
        if not options.keys() <= _KNOWN:
            check_known(options, ScanOptions.__annotations__)
        wished = _Wishes(**options)
        for option, known in _WORDS:
            word = getattr(wished, option)
            if type(word) is not str or word not in known:
                one_of(option, word, known)
        if wished.batch_size is not None:
            most = min(whole("batch_size", wished.batch_size, 1), _MOST_ROWS)
            wished = wished._replace(batch_size=most)
        decoded: tuple[int, ...] | None = None  # all
        wanted: Sequence[int] = ()
        if wished.columns is not None or wished.filter is not None:
            decoded, wanted = self._projected(wished)
        form, asked = self._format, None
        if ranges is None or regions is not None:
            form, asked, planned = self._aimed(regions, wished.missing_chroms)
            if ranges is not None:  # of these, those that may have rows of the regions
                planned = planned[np.isin(planned[:, 0], ranges[:, 0])]
            ranges = planned
        groups = form.groups(ranges, group_size)
        every = regions is None and wished.filter is None
        expected = form.row_count() if every and group_size is None else None
        # kept, since a reader takes 20 us or more to make
        reader = self._readers.get((decoded, wished.names)) if form is self._format else None
        if reader is None:
            reader = self._reader(form, decoded, wished.names)
        return _Scan(form, groups, asked, reader, wanted, wished, expected)

    def _projected(self, wished: _Wishes) -> tuple[tuple[int, ...], list[int]]:
        """The columns to decode, which a filter may need more of, and where the wanted ones are."""
        whole = self._schema(wished.names)
        wanted = schema.project(whole, wished.columns)
        if wished.filter is None:
            return tuple(wanted), []
        decoded = list(dict.fromkeys([*wanted, *columns_of(wished.filter, whole)]))
        return tuple(decoded), [decoded.index(i) for i in wanted]

    def _schema(self, names: Names) -> pa.Schema:
        """All columns; kept, as readers are: of a wide file it takes as long as a small query."""
        found = self._schemas.get(names)
        if found is None:
            found = self._schemas[names] = self._format.schema(names)
        return found

    def _reader(self, form: Format, columns: tuple[int, ...] | None, names: Names) -> Reader:
        """The reader of these columns, of all for None."""
        every = range(len(self._schema(names))) if columns is None else columns
        made = form.reader(every, names)
        if form is self._format:
            self._readers[columns, names] = made
        return made


class _Wishes(NamedTuple):
    """The options of a scan."""

    columns: Sequence[str] | None = None
    filter: pc.Expression | None = None
    batch_size: int | None = None
    threads: int | None = None
    errors: Errors = "warn"
    names: Names = "canonical"
    missing_chroms: MissingChroms = "error"


class _Scan:
    """One pass over groups of ranges: its own cursor, its own count of problems."""

    def __init__(
        self,
        format: Format,
        groups: Iterable[Any],
        regions: RegionSet | None,
        reader: Reader,
        wanted: Sequence[int],
        wished: _Wishes,
        expected: int | None,
    ) -> None:
        self._format, self._groups, self._regions = format, groups, regions
        self._reader, self._wanted, self._filter = reader, wanted, wished.filter
        self._batch_size = wished.batch_size
        # one group, as of most regions, needs no threads, nor generators to go through
        self._one = isinstance(groups, list) and len(groups) == 1
        self._threads = 1
        if not self._one or wished.threads is not None:
            self._threads = _threads(wished.threads, groups)
        self._errors, self._expected = wished.errors, expected
        self.schema = reader.schema
        if wished.filter is not None:  # which may need more columns, and each once
            self.schema = pa.schema([self.schema[i] for i in wanted], self.schema.metadata)
        self._problems: dict[str, tuple[int, Placed]] = {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = 0
        done: Iterable[Rows]
        if self._one:
            held: AbstractContextManager[Any] = nullcontext()
            done = map(self._group, self._groups)
        else:
            tasks = ((lambda g=g: self._group(g)) for g in self._groups)
            done = in_order(tasks, self._threads)
            held = closing(done)
        with held:
            for decoded in done:
                part: Rows | None = decoded
                del decoded  # which would keep its batch while the rest is decoded
                while part is not None:
                    batch, problems, rest = part
                    for placed in problems:
                        self._note(placed)
                    rows += batch.num_rows
                    if self._filter is None and self._batch_size is None and batch.num_rows:
                        yield batch
                    else:
                        yield from self._finished(batch)
                    part = None if rest is None else rest()
        if self._problems:
            self.report()
        if self._expected is not None and rows != self._expected:
            warn(
                f"{self._format.source.name}: {rows:,} rows found, but the file says that it has "
                f"{self._expected:,}"
            )

    def _group(self, group: Any) -> Rows:
        blocks = self._format.fetch(group, self._regions)
        return self._reader.decode(blocks, self._regions)

    def _finished(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Filtered, only the columns wanted, at most batch_size rows, none empty."""
        parts = [batch]
        if self._filter is not None:
            try:
                table = _matching(batch, self._filter)
            except pa.ArrowException as error:  # of a value, such as whole ones past 2^24 <= 0.5
                name = self._format.source.name
                raise ValueError(f"{name}: filter {self._filter}: {error}") from None
            parts = table.select(list(self._wanted)).combine_chunks().to_batches()
        step = self._batch_size
        if step is not None:
            parts = [sliced(p, at, step) for p in parts for at in range(0, p.num_rows, step)]
        return [part for part in parts if part.num_rows]

    def _note(self, placed: Placed) -> None:
        if placed.problem.guessed is not None:
            raise self._too_narrow(placed, placed.problem.guessed)
        if self._errors == "null":
            return
        if self._errors == "raise":
            problem = placed.problem
            raise ValueTypeError(
                f"{self._format.source.name}, column {problem.column}, {Region(*placed.place)}: "
                f"{_shown(problem.text)} is not {problem.declared}{_way_out(problem)}"
            )
        count, first = self._problems.get(placed.problem.column, (0, placed))
        self._problems[placed.problem.column] = count + placed.problem.count, first

    def _too_narrow(self, placed: Placed, field: int) -> GuessedTypeError:
        problem = placed.problem
        declared = {"bigint": "integer", "double": "number"}.get(problem.declared, problem.declared)
        return GuessedTypeError(
            f"{self._format.source.name}, column {problem.column}, {Region(*placed.place)}: "
            f"{_shown(problem.text)} is not {declared}, which the first rows are; a stream "
            f"cannot begin again with a wider type: open the file with schema= or "
            f"types={{{problem.column!r}: 'string'}}, or read a table (to_table, to_pandas)",
            field=field,
            text=problem.text,
        )

    def report(self) -> None:
        """One warning for all values that were read as missing."""
        if not self._problems:
            return
        found = "; ".join(_say(count, first) for count, first in self._problems.values())
        self._problems = {}
        warn(f"{self._format.source.name}, {found}", ValueWarning)


def _say(count: int, placed: Placed) -> str:
    problem = placed.problem
    many = "1 value is" if count == 1 else f"{count:,} values are"
    return (
        f"column {problem.column}: {many} not {problem.declared}, read as {problem.read_as}; "
        f"first at {Region(*placed.place)}: {_shown(problem.text)}{_way_out(problem)}"
    )


def _way_out(problem: Problem) -> str:
    return f" ({problem.way_out})" if problem.way_out else ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _threads(asked: int | None, groups: Iterable[Any]) -> int:
    return thread_count(asked, len(groups) if isinstance(groups, list) else None)


_MOST_ROWS = 2**62  # that Arrow can count


def columns_of(expression: pc.Expression, whole: pa.Schema) -> list[int]:
    """Which columns an expression needs: those without which it cannot be bound.

    pyarrow does not tell an expression's fields, so it is asked column by column.
    """
    if not isinstance(expression, pc.Expression):
        raise TypeError(
            f"filter is {type(expression).__name__}, expected a pyarrow expression: "
            "pc.field('score') > 500"
        )
    if "FieldPath(" in str(expression):
        raise ValueError(f"filter {expression}: names a column by its position; use its name")
    empty = whole.empty_table()
    try:
        try:
            empty.filter(expression)
        except pa.ArrowNotImplementedError:  # as in `_matching`
            empty = pa.schema([f.with_type(bare_type(f.type)) for f in whole]).empty_table()
            empty.filter(expression)
    except pa.ArrowException as error:  # no such column, or not of the type
        absent = re.search(r"No match for FieldRef\.Name\((.*?)\) in ", str(error))
        if absent is not None:  # pyarrow goes on with the whole schema, a line a column
            said = schema.no_column(absent[1], whole.names)
            raise ColumnError(f"filter {expression}: {said}") from None
        names = ", ".join(whole.names)
        raise ValueError(f"filter {expression}: {error}; there are {names}") from None
    needed = []
    for i in range(len(whole)):
        try:
            empty.remove_column(i).filter(expression)
        except pa.ArrowInvalid:
            needed.append(i)
    return needed


def _matching(batch: pa.RecordBatch, expression: pc.Expression) -> pa.Table:
    """The rows that an expression lets through."""
    table = pa.Table.from_batches([batch])
    try:
        return table.filter(expression)
    except pa.ArrowNotImplementedError:  # functions of texts know no dictionaries
        rows = pa.array(np.arange(batch.num_rows))
        names = [*batch.schema.names, _ROWS]
        plain = pa.Table.from_arrays([*map(bare, batch.columns), rows], names)
        return table.take(plain.filter(expression)[_ROWS])


_ROWS = "\0rows"
