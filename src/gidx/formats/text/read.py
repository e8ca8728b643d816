"""Tab-separated text, read: any dialect, in BGZF with a TBI or CSI index, or plain.

What a line means, its dialect says (`gidx.formats`); where lines are, the index and the
file (`gidx.binning`, `gidx.bgzf.lines`). Here both meet.

An index that does not fit its file must not answer with too few rows. So it is an error
where a range does not begin with a row of a chrom that was asked for, where a row is of
a chrom that the index does not know, and where the file has rows behind the last that the
index knows.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.arrow.decode import Problem
from gidx.arrow.plan import words_of
from gidx.bgzf.lines import BgzfLines, LineSource, Segment, Text, check_line_ends, to_bgzf
from gidx.binning.index import TabixIndex
from gidx.errors import FormatError, MissingIndexError, format_error, warn
from gidx.formats import offers
from gidx.formats.base import Format, Placed, Rows
from gidx.formats.offers import AsTexts, Declares, Widens
from gidx.formats.text.ahead import Ahead
from gidx.formats.text.dialect import EVERY, Dialect, Guessing, Lines
from gidx.ground.charset import WAY_OUT, Encoding
from gidx.ground.names import beside, is_url
from gidx.ground.pieces import Work, own_rows
from gidx.ground.pool import in_order, thread_count
from gidx.ground.ranges import Ranges
from gidx.ground.region import MAX_END, RegionSet
from gidx.ground.source import ByteSource, RemoteSource, keep
from gidx.kernels import lines as kernels
from gidx.kernels.columns import Words
from gidx.kernels.lines import Asked, RowRules, part_by_tabs, read_chroms
from gidx.options import Names

GUESSED = ("bed", "tsv")  # formats without a header that declares their columns
_NO_BLOCKS, _NO_FLOORS = np.zeros((0, 2), np.int64), np.zeros(0, np.uint64)

# Cells that are decoded at once. A group of lines, some MB of text, has a million or two; but
# 2,000 columns that a header declares, in rows of 20 bytes, were 100 million: 527 MB a batch.
_CELLS = 1 << 22


class TabixText(Format, AsTexts, Declares, Widens, offers.TextLines):
    """One open text file (a `Format`)."""

    def __init__(
        self,
        lines: LineSource,
        dialect: Dialect,
        begin: int,
        index: TabixIndex | None,
        index_name: str = "",
        encoding: Encoding | None = None,
    ) -> None:
        self.source: ByteSource = lines.source
        self.kind = dialect.kind
        self.dialect, self.lines, self.index = dialect, lines, index
        self._begin, self._index_name = begin, index_name
        self.encoding = encoding
        self._raw: dict[str, bytes] = {}  # chroms' names as they stand in the file
        self._checked = self._seen_end = False
        self._asked: Ahead | None = None
        self._end: int | None = None  # where the table ends, if before the file does
        self.is_apart = False
        self._lock = threading.Lock()

    def widened(self, field: int, text: str) -> Self:
        """The same file, a column that was guessed wide enough for this text of it."""
        return self._as(cast(Guessing, self.dialect).widened(field, text.encode()))

    @property
    def declared_as(self) -> tuple[str, str] | None:
        """Of a BED file or table of which somebody said what some columns are."""
        if self.kind not in GUESSED or not cast(Guessing, self.dialect).is_declared:
            return None
        own = schema.read_metadata(self.schema("canonical"))
        return own["autosql"], f"bed{own['defined_fields']}+"

    def as_texts(self) -> Self:
        """The same file, columns of BED and tables the texts that they are."""
        return self._as_texts(guessed=True)

    def as_declared(self) -> Self:
        return self._as_texts(guessed=False)

    def _as_texts(self, *, guessed: bool) -> Self:
        if self.kind not in GUESSED:
            return self
        return self._as(cast(Guessing, self.dialect).as_texts(guessed=guessed))

    def _as(self, dialect: Dialect) -> Self:
        made = copy.copy(self)
        made.dialect, made._asked = dialect, None
        made.__dict__.pop("metadata", None)
        return made

    def apart(self) -> Self:
        if self.index is not None:
            return self
        made = copy.copy(self)
        made.is_apart = True
        return made

    def _knowing(self, text: Text) -> TabixText:
        """The same file as if it had the chroms of this text alone."""
        names, end = self._chroms_in(text)
        if end is not None:
            self._end = end
        made = copy.copy(self)
        made.is_apart = False
        made.__dict__.pop("_compiled", None)
        made.__dict__["_found"] = made._with_declared(names)
        return made

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    @property
    def header(self) -> str:
        """The lines before the rows."""
        return self.dialect.header

    @cached_property
    def index_kind(self) -> str | None:
        return None if self.index is None else self.index.kind

    @property
    def samples(self) -> Sequence[str]:
        return list(getattr(self.dialect, "samples", ()))

    def first_lines(self, size: int) -> bytes:
        wanted, text = len(self.header.encode()) + size, b""
        for _, piece in self.lines.stream():
            text += piece
            if len(text) > wanted:
                return text[: text.rfind(b"\n") + 1]
        return text

    @cached_property
    def _found(self) -> dict[str, int | None]:
        if self.index is not None:
            found = [self._decoded(n.encode("utf-8", "surrogateescape")) for n in self.index.names]
        else:
            with self._lock:
                found = self.look_for_chroms()
        return self._with_declared(found)

    def _with_declared(self, found: Sequence[str]) -> dict[str, int | None]:
        """Chroms with rows in file order, then what else the header declares."""
        declared = self.dialect.chroms
        return {name: declared.get(name) for name in [*found, *declared]}

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self._found

    def look_for_chroms(self) -> list[str]:
        """Names of chroms in the order of their rows, of a file without an index."""
        keep(self.source)  # its rows are what is read next
        groups = self.lines.groups(self.whole())
        tasks = ((lambda g=g: self._chroms_of(g)) for g in groups)
        names: dict[str, None] = {}
        for found, end in in_order(tasks, thread_count(None)):
            names.update(dict.fromkeys(found))
            if end is not None:
                self._end = end
                break
        return list(names)

    def _chroms_of(self, group: list[Segment]) -> tuple[list[str], int | None]:
        return self._chroms_in(self._text(group))

    def _chroms_in(self, text: Text) -> tuple[list[str], int | None]:
        """Names in a text, and the place where the table ends in it, if it does."""
        bounds, ended = self._chrom_bounds(text)
        names = [self._decoded(text.text[a:b].tobytes()) for a, b in bounds.tolist()]
        if self.dialect.rules.span == "sam":
            names = [name for name in names if name != "*"]
        return list(dict.fromkeys(names)), None if ended < 0 else self.lines.place(text, ended)

    def _decoded(self, name: bytes) -> str:
        """A chrom's name, which Arrow has to hold; what it is in the file is kept."""
        text = name if self.encoding is None else self.encoding.decode(name)
        found = text.decode("utf-8", "backslashreplace")
        if found.encode() != text and found not in self._raw:
            warn(f"{self.source.name}: chrom {found!r} is {WAY_OUT}")
        if self._raw.setdefault(found, name) != name:
            raise FormatError(
                f"{self.source.name}: two chroms are {found!r}, {name!r} and {self._raw[found]!r}, "
                f"which are {WAY_OUT}",
                path=self.source.name,
                offset=None,
            )
        return found

    def _encoded(self, name: str) -> bytes:
        """A chrom's name as it stands in the file."""
        raw = self._raw.get(name)
        if raw is not None:
            return raw
        text = name.encode("utf-8", "surrogateescape")
        try:
            return text if self.encoding is None else self.encoding.encode(text)
        except UnicodeEncodeError:  # of a header that says more than the encoding has
            return text

    @cached_property
    def _compiled(self) -> tuple[Words, RowRules]:
        """Names of chroms for columns, and what rows are, for kernels."""
        names = [self._encoded(n) for n in self.chroms]
        return words_of(list(self.chroms)), self.dialect.rules.compiled(names)

    def schema(self, names: Names) -> pa.Schema:
        return pa.schema(self.dialect.named(names), self.metadata)

    @cached_property
    def metadata(self) -> dict[bytes, bytes]:
        """The schema's entries."""
        return schema.metadata(
            format=self.kind,
            coordinates="0-based half-open",
            **schema.sized(self.dialect.chroms),
            **self.dialect.metadata,
        )

    def fields(self) -> pa.Table:
        return self.dialect.fields()

    def row_count(self) -> int | None:
        """Not said by the file; what an index says may be of another."""
        return None

    def info(self) -> dict[str, Any]:
        index = self.index
        facts = {"format": f"{self.kind}, {self.lines.how}", **self.dialect.info()}
        facts["index"] = "none" if index is None else f"{index.kind} ({self._index_name})"
        counts = None if index is None else index.row_counts
        known = counts is not None and None not in counts.values()
        facts["rows"] = sum(c or 0 for c in counts.values()) if counts and known else None
        if self._begin >= int(self.lines.whole(0)[0, 1]):
            facts["rows"] = 0  # nothing follows the header
        return facts

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def whole(self) -> Ranges:
        """All rows, whatever an index says."""
        found = self.lines.whole(self._begin)
        if self._end is not None:
            found[0, 1] = self._end
        return found

    def settle(self, regions: RegionSet | None) -> None:
        """Know the chroms and the table's end, and that an index is this file's."""
        if regions is not None and self.index is None:
            raise MissingIndexError(self._no_index())
        if regions is None and isinstance(self.source, RemoteSource):
            self._check_end()
        if self.is_apart:
            return
        if self.index is None:
            self._compiled  # noqa: B018, which takes the chroms, and with them the table's end
        elif not self._checked and (regions is not None or self.dialect.rules.fasta):
            self.check_index()  # which finds the end too

    def plan(self, regions: RegionSet | None) -> Ranges:
        if regions is None or self.index is None:
            return self.whole()
        return self.index.ranges(regions)

    def work(self, parts: int) -> Work:  # noqa: ARG002 (an index is at hand as a whole)
        size = self.source.size
        floor = self.lines.byte_of(self._floor())
        tail = None if floor is None else Work.of_bytes(floor, size)
        if self.index is None:
            # where FASTA begins takes a look at all before it, and plain gzip has no places
            uncut = tail is None or self.dialect.rules.fasta
            return Work.uncut(size) if tail is None or uncut else tail
        found = self.index.work(list(self.chroms))
        if tail is None or self.dialect.rules.span != "sam":
            return found
        return found.without("*").then(tail)

    def _floor(self) -> int:
        """The place from which on rows can be found by bytes alone: those in no chunk."""
        if self.index is None:
            return self._begin
        _, ends = self.index.bounds()  # htslib may index SAM's "*" too, which is no chrom
        mapped = [end for end, name in zip(ends, self.index.names, strict=True) if name != "*"]
        return int(max(mapped, default=self._begin))

    def between(self, lo: int, hi: int) -> tuple[TabixText, Ranges]:
        """Rows in no index that begin in bytes [lo, hi) of the file: what reads them, and where.

        They are read apart from the others, and know only their own chroms.
        """
        if self.index is None and lo == 0 and hi >= MAX_END:
            self.settle(None)
            return self, self.plan(None)
        floor, end = self._floor(), int(self.whole()[0, 1])
        ends = [
            floor
            if at <= (self.lines.byte_of(floor) or 0)
            else end
            if at >= self.source.size
            else max(self.lines.line_from(at), floor)
            for at in (lo, hi)
        ]
        return self.apart(), np.array([ends], np.uint64)

    def _check_end(self) -> None:
        """What is said of other files when they are opened."""
        if not self._seen_end and not self.lines.has_eof:
            warn(f"{self.source.name}: no EOF marker at its end, so it may have been cut there")
        self._seen_end = True

    def _no_index(self) -> str:
        name, way = self.source.name, ""
        if not isinstance(self.lines, BgzfLines):
            what, way = f"{self.lines.how} without an index", to_bgzf(self.lines)
        elif is_url(name):
            there = ", ".join(beside(name, suffix) for suffix in (".tbi", ".csi"))
            what = f"no index beside it ({there})"
            way = "say index=, or download it and make one with: gidx index"
        elif name.startswith("<"):
            what, way = "no index", "say index="
        else:
            what = "no index"
            way = f"make one with gidx.build_index({name!r}), or: gidx index {name}"
        return f"{name}: {what}, so regions cannot be found; {way} (or read it whole and filter)"

    def check_index(self) -> None:
        """Raise where the index cannot hold its rows, or the file has rows behind its last."""
        with self._lock:
            if self._checked or self.index is None:
                return
            beyond = self.index.beyond_scheme()
            if beyond is not None:
                raise format_error(self._index_name, None, beyond)
            # SAM's rows that are on no chrom come last and are in no bin
            if self.dialect.rules.span != "sam":
                ends = self.index.chunk_ranges[:, 1]
                self._check_tail(max(int(ends.max(initial=0)), self._begin))
            self._checked = True

    def _check_tail(self, end: int) -> None:
        block = end >> 16
        if block > self.source.size:
            raise self._stale(
                f"the index knows rows up to byte {block}, the file has {self.source.size}"
            )
        ranges = np.array([[end, self.source.size << 16]], np.uint64)
        for group in self.lines.groups(ranges):
            text = self._text(group)
            found, ended = self._chrom_bounds(text)
            if len(found):
                at = int(found[0, 0])
                shown = text.line(at)[:60].decode("utf-8", "backslashreplace")
                raise self._stale(
                    f"{self.lines.say(text, at)}: a row that the index does not know: {shown!r}"
                )
            if ended >= 0:
                self._end = self.lines.place(text, ended)
                return

    def _chrom_bounds(self, text: Text) -> tuple[npt.NDArray[np.int32], int]:
        """Where chroms stand that are not those of the rows before, and where FASTA begins."""
        rules = self.dialect.rules
        found, ended = read_chroms(
            text.text, text.begins, text.stops, text.cut, rules.meta[0], rules.tracks,
            rules.fasta, rules.chrom,
        )  # fmt: skip
        return found, int(ended)

    def _stale(self, what: str) -> FormatError:
        return FormatError(
            f"{what}; the index {self._index_name} is that of another file, or older than "
            f"{self.source.name}; make it anew with: gidx index {self.source.name}",
            path=self.source.name,
            offset=None,
        )

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterable[list[Segment]]:
        """Ranges as groups of segments, some MB of text each."""
        return self.lines.groups(ranges, size)

    def fetch(self, group: list[Segment], regions: RegionSet | None = None) -> Text:
        wanted = None
        if regions is not None and self.index is not None:
            wanted = self._ahead(self.index, regions).behind
        text = self.lines.fetch(group, wanted)
        return self._in_lines(text) if text.returns or self.dialect.rules.spaces else text

    def _in_lines(self, text: Text) -> Text:
        """The text, its lines' ends looked at, and parted by tabs."""
        if text.returns:
            check_line_ends(text.text.data, partial(self.lines.say, text), self.source.name)
        return parted(text) if self.dialect.rules.spaces else text

    def _text(self, group: list[Segment]) -> Text:
        """What is read of a group to know of the file itself."""
        return self._in_lines(self.lines.fetch(group))

    def _ahead(self, index: TabixIndex, regions: RegionSet) -> Ahead:
        """What is known before of the regions of a query; kept, since groups of it ask again."""
        found = self._asked
        if found is None or found.regions is not regions:
            floors = index.scheme.floors(regions.chrom, regions.start)
            spaces = self.dialect.rules.spaces
            found = Ahead(regions, floors, self._compiled[1], spaces=spaces)
            self._asked = found
        return found

    def reader(self, columns: Sequence[int], names: Names) -> TextReader:
        return TextReader(self, columns, names)

    def knowing(self, text: Text) -> TabixText | None:
        """What decodes a text: this file; where it is read apart, one with the text's chroms.

        None where the table has ended before.
        """
        if not self.is_apart:
            return self
        if self._end is not None and self.lines.place(text, int(text.begins[0])) >= self._end:
            return None
        return self._knowing(text)

    def count(self, blocks: Text, regions: RegionSet | None) -> int:
        file = self.knowing(blocks)
        return 0 if file is None else len(file.read(blocks, 0, regions))

    def read(self, text: Text, want: int, regions: RegionSet | None) -> Lines:
        """The rows that overlap a region, and the bounds of ``want`` fields of each."""
        names, rules = self._compiled
        asked, blocks = EVERY, text.blocks
        if regions is not None:
            ahead = self._asked
            if ahead is None or ahead.regions is not regions:
                asked = self._asked_for(regions)
            else:
                asked = ahead.asked
            # where blanks were made tabs, places are no longer those of the file
            blocks = _NO_BLOCKS if text.raw is not None else blocks
        status, at, found, chrom, start, end, fields, stops, leads, first = kernels.read_lines(
            text.text, text.begins, text.stops, text.cut, blocks, rules, want, asked
        )
        if status != kernels.OK:
            raise self.broken(text, int(at), status, found)
        if regions is not None:
            if self.index is not None:
                own = text.raw or text
                odd = self.index.scheme.odd_lead(
                    leads, first, text.cut, own.begins, own.blocks, regions.first
                )
                if odd[1]:
                    self._check_odd_lead(self.index, text, leads, first, odd)
            some = None if regions.owned is None else own_rows(start, regions)
            if some is not None:
                chrom, start, end, stops = chrom[some], start[some], end[some], stops[some]
                fields = np.ascontiguousarray(fields[:, some])
        return Lines(text.text, chrom, start, end, fields, stops, names)

    def _asked_for(self, regions: RegionSet) -> Asked:
        """The regions for the line kernel."""
        if self.index is not None:
            return self._ahead(self.index, regions).asked
        return Asked(regions.first, regions.start, regions.end, _NO_FLOORS)

    def _check_odd_lead(
        self,
        index: TabixIndex,
        text: Text,
        leads: npt.NDArray[np.int32],
        starts: npt.NDArray[np.int64],
        odd: tuple[int, int],
    ) -> None:
        """Raise where a range begins with a row of another chrom, or of another chunk.

        ``odd`` is which may, and why, as the kernel has it.
        """
        i, why = odd
        if why == 1:
            raise self._stale(
                f"{self._lead(text, i, leads)}, where the index has rows of another chrom"
            )
        # places in the data are what counts, as in gidx.binning.proof, but take longer
        own = text.raw or text
        some = ((leads >= 0) & ~text.cut).nonzero()[0]
        begins = own.begins[some].astype(np.uint64)
        rows = leads[some].astype(np.int64), starts[some], begins
        i = index.first_stranger(*rows, own.places_from)
        if i >= 0:
            i = int(some[i])
            raise self._stale(
                f"{self._lead(text, i, leads)}:{int(starts[i]) + 1:,}, where the index has "
                "rows of other places"
            )

    def _lead(self, text: Text, i: int, leads: npt.NDArray[np.int32]) -> str:
        """The first row of a range in words."""
        name = list(self.chroms)[int(leads[i])]
        return f"{self.lines.say(text, int(text.begins[i]))}: a row of {name}"

    def say_row(self, number: int) -> str | None:
        """Where a row stands, counted from 0, in words; reads the file up to it."""
        for group in self.groups(self.whole()):
            text = self._text(group)
            begins = self.read(text, 1, None).fields[0]
            if number < len(begins):
                return self.lines.say(text, int(begins[number]))
            number -= len(begins)
        return None

    def broken(self, text: Text, at: int, status: int, found: int) -> FormatError:
        """What `read_lines` stopped at, in words."""
        rules = self.dialect.rules
        line = text.line(at)
        fields = line.split(b"\t")
        shown = [f.decode("utf-8", "backslashreplace") for f in fields]
        begin = "\t".join(shown)
        begin = repr(begin if len(begin) <= 60 else begin[:57] + "...")
        if status == kernels.UNSORTED:
            place = self.lines.say(text, at)
            return self._stale(f"{place}: the row starts before the one above it")
        if status == kernels.FLOOR:
            return self._stale(f"{self.source.name}: the index points into the middle of lines")
        if status == kernels.CHROM:
            name = shown[rules.chrom]
            if self.index is not None:
                return self._stale(
                    f"{self.lines.say(text, at)}: a row of chrom {name!r}, which the index has not"
                )
            what = f"chrom {name!r} came up while the file was read: it was changed meanwhile"
        elif status == kernels.FIELDS:
            few = found < rules.least or not rules.exact
            expected = f"{rules.least} or more" if few else f"{rules.exact}"
            what = f"{found} fields, expected {expected}: {begin}"
        elif status == kernels.NUMBER:
            columns = [rules.start] + [rules.end] * (rules.span == "columns")
            wrong = next((c for c in columns if not _is_number(fields[c])), rules.start)
            base = 1 if rules.one_based else 0
            what = (
                f"field {wrong + 1} is {shown[wrong]!r}, expected a position "
                f"({base}-based): {begin}"
            )
        elif int(fields[rules.start]) < int(rules.one_based):
            least = int(rules.one_based and rules.span == "columns")
            what = (
                f"field {rules.start + 1} is {shown[rules.start]!r}, before the chrom's first "
                f"base, expected {least} or more: {begin}"
            )
        else:
            what = f"the row ends before it starts: {begin}"
        return FormatError(
            f"{self.lines.say(text, at)}: {what}", path=self.source.name, offset=None
        )


class TextReader:
    """Some columns of a text file (a `Reader`)."""

    def __init__(self, file: TabixText, columns: Sequence[int], names: Names) -> None:
        named = file.dialect.named(names)
        self.schema = pa.schema([named[i] for i in columns], file.metadata)
        # what is asked for again is made once
        once = list(dict.fromkeys(columns))
        self._again = [once.index(i) for i in columns] if len(once) < len(columns) else None
        self._most = max(_CELLS // max(len(columns), 1), 1)  # rows at a time
        self._file, self._lines = file, file.dialect.reader(once, names, file.metadata)

    def decode(self, blocks: Text, regions: RegionSet | None) -> Rows:
        file = self._file if not self._file.is_apart else self._file.knowing(blocks)
        if file is None:
            return Rows(pa.RecordBatch.from_pylist([], self.schema))
        lines = file.read(blocks, self._lines.want, regions)
        if file.encoding is not None:
            lines = _in_utf8(lines, file.encoding)
        if len(lines.chrom) > self._most:
            return self._part(file, lines, 0)
        batch, problems = self._lines.decode(lines)
        if self._again is not None:
            batch = self._repeated(batch)
        return Rows(batch, _placed(file, lines, problems) if problems else ())

    def _part(self, file: TabixText, lines: Lines, at: int) -> Rows:
        """The rows from number ``at`` on, as many as are decoded at a time."""
        some = lines.slice(at, at + self._most)
        batch, problems = self._lines.decode(some)
        if self._again is not None:
            batch = self._repeated(batch)
        rest = partial(self._part, file, lines, at + len(some))
        placed = _placed(file, some, problems)
        return Rows(batch, placed, rest if at + len(some) < len(lines) else None)

    def _repeated(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """With what was asked for again."""
        arrays = [batch.column(i) for i in cast("list[int]", self._again)]
        return schema.batch(arrays, self.schema, batch.num_rows)


def _placed(file: TabixText, lines: Lines, problems: Sequence[Problem]) -> list[Placed]:
    """Problems, and the rows that they are in."""
    names = list(file.chroms)
    placed = []
    for p in problems:
        chrom = int(lines.chrom[p.row])
        name = names[chrom] if chrom >= 0 else "*"
        placed.append(Placed(p, (name, int(lines.start[p.row]), int(lines.end[p.row]))))
    return placed


def _in_utf8(lines: Lines, encoding: Encoding) -> Lines:
    """Rows that were found in another encoding, as UTF-8."""
    moved = encoding.moved(lines.text)
    if moved is None:
        return lines
    text, places = moved
    return replace(lines, text=text, fields=places.take(lines.fields), stops=places[lines.stops])


def _is_number(text: bytes) -> bool:
    return text.removeprefix(b"-").isdigit() and len(text) <= 18


def parted(text: Text) -> Text:
    """Runs of blanks as single tabs."""
    whole, begins, stops = part_by_tabs(text.text, text.begins, text.stops)
    return Text(whole, begins, stops, text.cut, text.blocks, text)
