"""What `convert` reads: what `gidx.open` opens, and tables without intervals.

    path, Dataset, file ─opened─▶ Source ─rows(Asked)─▶ Outgoing: a schema, batches

A source's content tells what it is. From bigBed, BED and tables to text nothing is decoded:
rows keep their text, also where it is not of its declared type, as bigBedToBed does. Text
that is declared goes to bigBed the same way, and the writer sees to it that every value is
what the declaration says. All else has the names and types of `gidx.open`.

Text without an index is read twice, as its chroms have to be known first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gidx import dataset
from gidx.arrow import schema
from gidx.dataset import Dataset
from gidx.errors import ColumnError, FormatError
from gidx.formats.offers import AsTexts, Declares, TextLines
from gidx.formats.registry import Kind
from gidx.formats.text.read import GUESSED
from gidx.ground.files import listed
from gidx.ground.region import RegionSet, before_the_first, resolve
from gidx.ground.source import PathSource, open_source
from gidx.kernels.records import select_items
from gidx.options import Errors, MissingChroms, Names
from gidx.scan import format_of, read_as


@dataclass(frozen=True)
class Request:
    """What is wanted of a source: `convert`'s parameters."""

    to: Kind
    regions: Any = None
    columns: Sequence[str] | None = None
    head: int | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    bed_type: str | None = None
    autosql: Any = None
    threads: int | None = None
    names: Names = "canonical"
    errors: Errors = "warn"
    missing_chroms: MissingChroms = "error"


@dataclass(frozen=True)
class Outgoing:
    """Rows on their way, and for a bigBed what they are declared as."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    autosql: Any = None
    bed_type: str | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        """As the stream that pyarrow knows."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches)


_NAMED = [*schema.HEAD, "name"]


def is_of_texts(kind: Kind) -> bool:
    """Whether values of BED, bigBed and tables go to a target as the texts that they are."""
    return kind.name in GUESSED


@contextmanager
def opened(
    source: Any,
    opening: Mapping[str, Any] | None = None,
    autosql: Any = None,
    bed_type: str | None = None,
    to: Kind | None = None,
) -> Iterator[Source]:
    """The source that a path, a Dataset or a binary file is; ``-`` is standard input.

    One that is opened already is that. Several files, a glob or a folder are one.

    ``autosql`` and ``bed_type`` are what the columns of BED and tables are, where
    ``opening`` has no schema. ``to`` is the target's kind: on the way to a bigWig, BED with a name
    and nothing more is a bedGraph, whose fourth is the value.
    """
    if isinstance(source, Dataset | Source):
        yield Source(source) if isinstance(source, Dataset) else source
        return
    several = listed(source) is not None
    if not several and not isinstance(source, str | os.PathLike) and not hasattr(source, "read"):
        raise FormatError(
            f"cannot read rows from {type(source).__name__}; expected a path, a Dataset or a "
            "binary file (a DataFrame has write_bigbed)"
        )
    own = dict(opening or {})
    index = own.pop("index", None)
    file = source
    if not several:
        cache = own.pop("cache", None)
        file = open_source(sys.stdin.buffer if source == "-" else source, cache=cache)

    def open(**more: Any) -> Dataset:
        # where rows are to come and none do, there is nothing to ask what they are
        options = {**own, **more}
        return dataset.open_as(file, index=index, options=options, otherwise="bed", any_table=True)

    try:
        found = open()
        said = autosql if autosql is not None or found.format != "bed" else bed_type
        if to is not None and to.name == "bigwig" and found.schema.names == _NAMED:
            said = "bedGraph"
        if said is not None and found.format in GUESSED and "schema" not in own:
            found = open(schema=said)
        yield Source(found)
    finally:
        if isinstance(file, PathSource):
            file.close()


@dataclass(frozen=True)
class Source:
    """A file that rows can be read from: what `gidx.open` opens."""

    dataset: Dataset

    def rows(self, asked: Request) -> Outgoing:
        """Texts for text; for a bigBed too, where a declaration says what they are.

        Unless its columns are not all wanted.
        """
        found, told = self._as_asked(asked)
        options: dict[str, Any] = {
            "columns": asked.columns,
            "threads": asked.threads,
            "errors": asked.errors,
            # a writer of rows has its own names, and its own base
            "names": asked.names if asked.to.is_table else "canonical",
        }
        file = format_of(found)
        if asked.regions is not None and file.index_kind is None and isinstance(file, TextLines):
            return self._filtered(found, asked, options, told)
        options["missing_chroms"] = asked.missing_chroms
        if asked.head is None:
            reader = found.scan(asked.regions, **options)
            return Outgoing(_about(reader.schema, asked), iter(reader), **told)
        table = found.head(asked.head, asked.regions, **{**options, "threads": 1})
        return Outgoing(_about(table.schema, asked), iter(table.to_batches()), **told)

    def _as_asked(self, asked: Request) -> tuple[Dataset, dict[str, Any]]:
        """The dataset with its columns as the target takes them, and what they are declared."""
        found = self.dataset
        whole = asked.columns is None and asked.names == "canonical"
        told: dict[str, Any] = {"autosql": asked.autosql, "bed_type": asked.bed_type}
        if asked.errors == "raise":
            return found, told
        file = format_of(found)
        if is_of_texts(asked.to) and isinstance(file, AsTexts):
            return read_as(found, file.as_texts()), told
        if asked.to.name != "bigbed" or not whole or not isinstance(file, Declares):
            return found, told
        declared = file.declared_as
        if declared is None:
            return found, told
        if asked.autosql is None:
            told = {"autosql": declared[0], "bed_type": asked.bed_type or declared[1]}
        return read_as(found, file.as_declared()), told

    def _filtered(
        self, found: Dataset, asked: Request, options: dict[str, Any], told: dict[str, Any]
    ) -> Outgoing:
        """Read whole, since there is no index."""
        if asked.names != "canonical":
            raise ColumnError(
                f"{found.path}: native names of regions need an index; leave them out, or take "
                "the whole file"
            )
        whole = found.schema
        columns = [whole.names[i] for i in schema.project(whole, asked.columns)]
        wanted = list(dict.fromkeys((*columns, *schema.HEAD)))
        reader = found.scan(**{**options, "columns": wanted})
        names = dict.fromkeys([*asked.sizes, *found.chroms])
        regions = resolve(asked.regions, names, missing_chroms=asked.missing_chroms)
        batches = _overlapping(iter(reader), regions, pa.array(names, pa.string()))
        if asked.head is not None:
            batches = _first(batches, asked.head)
        about = _about(reader.schema, asked)
        kept = pa.schema([about.field(n) for n in columns], about.metadata)
        return Outgoing(kept, (batch.select(columns) for batch in batches), **told)

    def count(self) -> int | None:
        return format_of(self.dataset).row_count()

    def say_row(self, number: int, asked: Request) -> str:
        file, place = format_of(self.dataset), None
        if asked.regions is None and isinstance(file, TextLines):
            place = file.say_row(number)
        return place or self.dataset.path


def _about(found: pa.Schema, asked: Request) -> pa.Schema:
    """The schema, with the chroms' sizes where they were given."""
    if not asked.sizes:
        return found
    return with_entries(found, {"chromsizes": dict(asked.sizes)})


def with_entries(found: pa.Schema, entries: Mapping[str, Any]) -> pa.Schema:
    """The schema, with more entries of gidx's metadata."""
    known = {k: v for k, v in schema.read_metadata(found).items() if k != "version"}
    return found.with_metadata(
        {**(found.metadata or {}), **schema.metadata(**{**known, **entries})}
    )


def _overlapping(
    batches: Iterator[pa.RecordBatch], regions: RegionSet, names: pa.Array
) -> Iterator[pa.RecordBatch]:
    """Rows that overlap the regions, whose chroms are numbers of the names."""
    for batch in batches:
        chrom, start, end = (batch.column(n) for n in schema.HEAD)
        ids = pc.index_in(chrom.dictionary.cast(pa.string()), names).take(chrom.indices)
        # a read without a place overlaps nothing
        there = pc.and_(pc.and_(ids.is_valid(), start.is_valid()), end.is_valid())
        rows = np.flatnonzero(there.to_numpy(zero_copy_only=False))
        which, starts, ends = (
            a.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)[rows]
            for a in (ids, start, end)
        )
        starts, ends = before_the_first(starts, ends)
        rows = rows[select_items(which, starts, ends, regions.first, regions.start, regions.end)]
        if len(rows):
            yield batch.take(pa.array(rows))


def _first(batches: Iterator[pa.RecordBatch], n: int) -> Iterator[pa.RecordBatch]:
    while n > 0 and (batch := next(batches, None)) is not None:
        yield batch.slice(0, n)
        n -= batch.num_rows
