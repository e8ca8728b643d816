"""Opening a text file: its index, its head, and by these its dialect."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from gidx.bgzf.block import MAX_BLOCK
from gidx.bgzf.lines import (
    BOM,
    BgzfLines,
    GzipLines,
    LineSource,
    check_line_ends,
    open_lines,
    to_bgzf,
    too_long,
)
from gidx.binning.bins import max_position, reg2bin
from gidx.binning.index import TabixIndex
from gidx.binning.model import SAM_PRESET, VCF_PRESET, Layout
from gidx.errors import ChangedError, FormatError, format_error, warn
from gidx.formats.base import Opening
from gidx.formats.text.dialect import EVERY, Head, Rules
from gidx.formats.text.looks import (
    NOT_A_ROW,
    SAM_HEADER,
    Columns,
    TextKind,
    has_numbers,
    is_no_row,
    split,
)
from gidx.formats.text.read import TabixText
from gidx.ground.atomic import wait_for_writers
from gidx.ground.charset import encoding_of
from gidx.ground.foreign import foreign, is_csv
from gidx.ground.limits import limits
from gidx.ground.names import beside
from gidx.ground.source import (
    INDEX,
    ByteSource,
    PathSource,
    RemoteSource,
    expect,
    open_source,
)
from gidx.kernels import lines as kernels
from gidx.options import meant

# How many rows, and bytes of them, are looked at.
ROWS, BYTES = 10_000, 8 * 2**20
_HEADS = ((b"chrom",), (b"start", b"chromstart"), (b"end", b"chromend"))
_SHOWN = 64  # bytes that tell what a file is, where blocks are tiny
_LOOK = 10  # rows that may tell the format
FEW = 256  # of a format whose header says what the columns are
LINE = 64  # bytes that a line of a header counts for: each becomes objects, however short it is

SUFFIXES = (".tbi", ".csi")
_OF_ALL = ("types", "encoding", "encoding_errors")
_PRESETS = {VCF_PRESET: "vcf", SAM_PRESET: "sam"}  # others do not say which format it is

# what stands for a value in a row, and is no column's name: 1e+05, 1,000, NA, ., true
_VALUE = re.compile(rb"[-+]?[0-9.,]+([eE][-+]?[0-9]+)?|0[xX][0-9a-fA-F]+|[-+]?(inf|nan)"
                    rb"|na|n/a|null|none|true|false|[-*?+#<>]+", re.I)  # fmt: skip


def open_text(source: ByteSource, texts: Mapping[str, TextKind], opening: Opening) -> TabixText:
    """The text file in a source, of one of the formats that there are.

    Raises FormatError for what is none that the caller expects, or no text that gidx reads.
    """
    lines = open_lines(source)
    # of a URL that takes a request, so it waits until rows are read from its end
    if not isinstance(source, RemoteSource) and not lines.has_eof:
        warn(f"{source.name}: no EOF marker at its end, so it may have been cut there")
    found, name = find_index(lines, opening.index, opening.storage_options)
    layout = None if found is None else found.layout
    head, begin = read_head(lines, layout)
    kind = _kind_of(head, layout, texts, opening)
    _check_width(head, kind)
    known = (*texts[kind].options, *_OF_ALL)
    own = {k: v for k, v in opening.options.items() if v is not None}
    for option in own:
        if option not in known:
            there = f"; there are {', '.join(known)}"
            raise TypeError(f"a {kind} file has no option {option!r}{meant(option, known)}{there}")
    if found is not None:
        _warn_of_one_base(found, head, name)
    encoding = encoding_of(own.pop("encoding", None), own.pop("encoding_errors", None))
    if encoding is not None:
        head = replace(head, lines=encoding.decode(head.lines), rows=encoding.decode(head.rows))
    dialect = texts[kind].make(head, **own)
    if found is not None and found.names and b"LEN" in head.rows and dialect.rules.span == "vcf":
        _warn_of_lengths(found, head, name, dialect.rules)
    if found is not None and not found.names and found.n_refs:
        found = _named(found, name, TabixText(lines, dialect, begin, None, "", encoding))
    return TabixText(lines, dialect, begin, found, name, encoding)


def _warn_of_one_base(index: TabixIndex, head: Head, name: str) -> None:
    """Say so where an index took rows of several bases for ones of one, or may have.

    htslib before 1.18 overwrote an end that stands before its start in the row
    (htslib#1622): all bins are then of the lowest level, and regions lose rows that are in two.
    So are the bins of a table whose rows are all in one window each. The first rows tell them
    apart: of 10,000 rows of 100 bases some 60 are in two windows.
    """
    if head.columns is None or head.columns[2] >= head.columns[1] or not index.is_of_one_level:
        return
    _, start, end = head.columns
    longer = False
    for row in head.first:
        places = row.split(b"\t")[end : start + 1 : start - end]
        if row.startswith(head.meta) or len(places) < 2 or not all(map(bytes.isdigit, places)):
            continue
        first, last = int(places[1]) - (not head.zero_based), int(places[0]) - 1
        longer |= last > first
        if first >> index.min_shift < last >> index.min_shift:
            lost = "regions lose those that the file has"
            break
    else:
        lost = "regions would lose them"
        if not longer or (head.rows.count(b"\n") < ROWS and len(head.rows) < BYTES // 2):
            return  # these are all rows there are
    warn(
        f"{name}: it has no row in two windows of {1 << index.min_shift:,} bases, which tabix "
        "before 1.18 wrote of longer rows, too, where the end's column is before the start's; "
        f"{lost}: gidx check {head.name}"
    )


def _warn_of_lengths(index: TabixIndex, head: Head, name: str, rules: Rules) -> None:
    """Say so where an index knows nothing of SVLEN and LEN, so that regions lose rows.

    htslib before 1.22 took a <DEL> without END for a row of one base. The first rows tell: no
    bin that holds one is in the index. What htslib has a base shorter is in one all the same.
    """
    rows = head.rows.removesuffix(b"\n") + b"\n"
    status, _, _, chrom, start, end, *_ = kernels.read_lines(
        np.frombuffer(rows, np.uint8), np.zeros(1, np.int64), np.array([len(rows)]),
        np.zeros(1, np.bool_), np.zeros((0, 2), np.int64),
        rules.compiled([n.encode("utf-8", "surrogateescape") for n in index.names]), 0, EVERY,
    )  # fmt: skip
    if status != kernels.OK:  # whoever reads the rows is told
        return
    start = np.maximum(start, 0)
    end = np.maximum(end - 1, start + 1)
    within = end <= max_position(index.min_shift, index.depth)
    bins = reg2bin(start[within], end[within], index.min_shift, index.depth)
    refs, lost = chrom[within].astype(np.int64), np.ones(len(bins), np.bool_)
    of_ref = np.repeat(np.arange(index.n_refs), np.diff(index.ref_first)) << 40
    for _ in range(index.depth + 1):
        lost &= ~np.isin((refs << 40) + bins, of_ref + index.bins)
        bins = np.maximum(bins - 1, 0) >> 3
    if lost.any():
        warn(
            f"{name}: it lacks rows that end by SVLEN or LEN, which tabix and bcftools before 1.22 "
            f"did not look at; regions lose them: gidx index {head.name}"
        )


def _named(index: TabixIndex, name: str, text: TabixText) -> TabixIndex:
    """An index whose auxiliary block has no names, with those of the file.

    tabix counts chroms as they come in the file, which has to be read for them; what is
    made for BCF counts those of the header.
    """
    seen = text.look_for_chroms()
    for names in (seen, list(text.dialect.chroms)):
        if len(names) == index.n_refs or (names is not seen and len(names) > index.n_refs):
            return index.named(names)
    raise format_error(
        name,
        None,
        f"an index of {index.n_refs} chroms without names, and {text.source.name} has "
        f"{len(seen)}; make it anew with: gidx index {text.source.name}",
    )


# ── the index ───────────────────────────────────────────────────────────────────────────────────


def find_index(
    lines: LineSource, index: Any, storage_options: Mapping[str, Any] | None
) -> tuple[TabixIndex | None, str]:
    """The index given, else the .tbi or .csi beside the file, and its name."""
    source = lines.source
    given: ByteSource | None = None
    if isinstance(index, TabixIndex):
        return index, "given"
    if index is not None:
        cache = source.cache if isinstance(source, RemoteSource) else None
        given = open_source(index, storage_options, cache=cache, first=INDEX)
    elif isinstance(lines, BgzfLines | GzipLines):
        given = _beside(source, storage_options)
    if given is None:
        if isinstance(lines, BgzfLines):
            _check_moment(source, None)
        return None, ""
    if not isinstance(lines, BgzfLines):
        raise format_error(
            source.name, 0, f"{lines.how}, which the index {given.name} cannot be of; "
            f"{to_bgzf(lines)}",
        )  # fmt: skip
    found = TabixIndex.read(given)
    _check_moment(source, given)
    made, changed = given.modified(), source.modified()
    if made is not None and changed is not None and made < changed:
        warn(
            f"{given.name}: the index is older than {source.name}; if the file has changed since, "
            f"make it anew with: gidx index {source.name}"
        )
    return found, given.name


def _check_moment(source: ByteSource, index: ByteSource | None) -> None:
    """Raise ChangedError where a file and its index may not be of the same moment.

    Writers put the old index away, then the new data in place, then their index
    (`gidx.ground.atomic`). So both are of one moment where neither has changed once both
    were opened, and there is no index where nobody is between the two.
    """
    if not isinstance(source, PathSource):
        return
    if index is None:
        target = os.path.realpath(source.name)
        wait_for_writers(target)
        same = not any(os.path.exists(beside(source.name, suffix)) for suffix in SUFFIXES)
        # the next one may have put the index away: it is between the two now, or was
        same = same and wait_for_writers(target, block=False)
    else:
        same = not isinstance(index, PathSource) or index.is_current()
    if not (same and source.is_current()):
        raise ChangedError(
            f"{source.name}: it or its index was written anew while they were opened; open it "
            "again", path=source.name, offset=None,
        )  # fmt: skip


def _beside(source: ByteSource, storage_options: Mapping[str, Any] | None) -> ByteSource | None:
    for suffix in SUFFIXES:
        if isinstance(source, PathSource):
            name = beside(source.name, suffix)
            # put away by a writer between the two
            with suppress(FileNotFoundError):
                if os.path.exists(name):
                    return PathSource(name)
        if isinstance(source, RemoteSource):
            name = beside(source.url, suffix)
            try:
                return RemoteSource(
                    name, storage_options or source.options, source.cache, first=INDEX
                )
            except (FileNotFoundError, PermissionError):  # S3 says 403 where it may not list
                continue
    return None


# ── the head ────────────────────────────────────────────────────────────────────────────────────


class _Read:
    """A file's text, read from its begin as far as needed, and where each piece of it is."""

    def __init__(self, lines: LineSource, layout: Layout | None) -> None:
        self.name, self.text = lines.source.name, bytearray()
        self._source = lines
        self._stream, self._end = lines.stream(), int(lines.whole(0)[0, 1])
        self._places: list[tuple[int, int]] = []
        # behind the last line break, and how many there are: kept, because a look at all
        # text with each piece takes as long as the square of it (200 MB: 36 s)
        self.last = self.breaks = 0
        while len(self.text) < _SHOWN and self.more():
            pass
        if (what := foreign(bytes(self.text[:4096]))) is not None:
            raise format_error(self.name, 0, f"{what} (expected a bigBed, or text)")
        if b"\0" in self.text[:4096]:
            _refuse(self.name, bytes(self.text[:4]))
        self.at = len(BOM) if self.text.startswith(BOM) else 0
        declared = layout.meta.encode() if layout else b""
        self.meta = declared or (b"@" if SAM_HEADER.match(self.text, self.at) else b"#")

    def more(self) -> bool:
        """Read a piece; False at the file's end."""
        piece = next(self._stream, None)
        if piece is None:
            if self.text and not self.text.endswith(b"\n"):
                self._add(b"\n")
            return False
        self._places.append((len(self.text), piece[0]))
        self._add(piece[1])
        if len(self.text) - self.last > limits.line:
            raise too_long(self.name, self.place(self.last))
        return True

    def _add(self, piece: bytes) -> None:
        end = piece.rfind(b"\n") + 1
        if end:
            self.last = len(self.text) + end
            self.breaks += piece.count(b"\n")
        self.text += piece

    def place(self, at: int) -> int:
        """The place in the file of a byte of the text."""
        if at >= len(self.text):
            return self._end
        begin, place = next(p for p in reversed(self._places) if p[0] <= at)
        return place + at - begin

    def _more_header(self) -> bool:
        if len(self.text) > limits.header:
            raise limits.passed("header", self.name, None, "a header of more bytes")
        return self.more()

    def skip(self, lines: int) -> int:
        """Behind so many lines."""
        at, ended = self.at, False
        while lines and not ended:
            if at < self.last:
                at, lines = self.text.find(b"\n", at) + 1, lines - 1
            else:
                ended = not self._more_header()
        return at

    def first_row(self, at: int) -> int:
        """Where the first line begins that is none of a header."""
        other = re.escape(self.meta) + rb"|" + NOT_A_ROW
        first = re.compile(rb"(?!" + other + rb")")  # "^" is not where a byte order mark ends
        row = re.compile(rb"^(?!" + other + rb")", re.M)
        while True:
            last = self.last  # whole lines
            match = None
            if at < last:
                match = first.match(self.text, at, last) or row.search(self.text, at, last)
            if match is not None and match.start() < last:
                return match.start()
            at = max(at, last)
            if not self._more_header():
                return at if at == len(self.text) else self.first_row(at)

    def rows(self, begin: int) -> None:
        """Read as many rows as are to be looked at."""
        declared = self.meta == b"@" or self.text.startswith(b"##fileformat=VCF", self.at)
        rows = FEW if declared else ROWS
        self._expect(begin, rows)
        most = self.breaks - self.text.count(b"\n", begin) + rows
        # one row at least, however long it is
        while self.last <= begin or (len(self.text) - begin < BYTES and self.breaks <= most):
            if not self.more():
                return

    def _expect(self, begin: int, rows: int) -> None:
        """Ask once for as many bytes of the file as so many rows take, judged by the first."""
        if not isinstance(self._source.source, RemoteSource):
            return
        while len(self._places) < 2 and self.more():  # so that the first block's size is known
            pass
        found = self.text.count(b"\n", begin)
        text, place = self._places[-1] if self._places else (0, 0)
        read = self._source.byte_of(place)
        if not read or not found or found > rows:
            return
        share = read / max(text, 1)  # bytes of the file for one of text
        more = min(rows / found * (len(self.text) - begin), BYTES) * share
        expect(self._source.source, read, read + int(1.2 * more) + 2 * MAX_BLOCK)


def read_head(lines: LineSource, layout: Layout | None) -> tuple[Head, int]:
    """The start of the file, and the place of its first row."""
    read = _Read(lines, layout)
    begin = read.first_row(read.skip(layout.skip if layout else 0))
    read.rows(begin)
    check_line_ends(read.text, lambda at: f"{read.name}, byte {at} of its text", read.name)
    begin = _past_header_line(read.text, begin, layout)
    _check_lines(read, begin)
    lines_before = bytes(read.text[:begin]).removeprefix(BOM)
    named = [] if layout else _named_places(lines_before)
    is_table = bool(named) and named != [0, 1, 2]  # else BED, which may have names too
    head = Head(
        read.name,
        lines_before,
        _first_lines(bytes(read.text[begin : read.text.rfind(b"\n") + 1])),
        _columns(layout) if layout else (named[0], named[1], named[2]) if is_table else None,
        layout.zero_based if layout else is_table,
        read.meta,
        0 if layout is None else layout.skip,
    )
    return head, read.place(begin)


def _check_lines(read: _Read, begin: int) -> None:
    """Raise where lines of a header, however short, cost more than the limit for their bytes."""
    if begin * LINE > limits.header:
        count = read.text.count(b"\n", 0, begin)
        if count * LINE > limits.header:
            what = f"a header of {count:,} lines, each counted as {LINE} bytes"
            raise limits.passed("header", read.name, None, what)


def _first_lines(text: bytes) -> bytes:
    """No more than are to be looked at, so that blocks' sizes do not matter."""
    ends = itertools.islice(re.finditer(rb"\n", text), ROWS - 1, ROWS)
    return text[: next((m.end() for m in ends), len(text))]


def _columns(layout: Layout) -> Columns:
    start = layout.start - 1
    return layout.chrom - 1, start, layout.end - 1 if layout.end else start


def _named_places(header: bytes) -> list[int]:
    """Where the last line before the rows names chrom, start and end; [] where it does not.

    These are what gidx itself writes, so a table that has them is 0-based.
    """
    told = header.rstrip()
    last = told[max(told.rfind(b"\n"), told.rfind(b"\r")) + 1 :]
    fields = [f.strip(b" ").lower() for f in split(last.lstrip(b"#"))] if last else []
    found = [next((fields.index(n) for n in names if n in fields), -1) for names in _HEADS]
    return [] if -1 in found else found


def _past_header_line(text: bytearray, begin: int, layout: Layout | None) -> int:
    """Behind a first line that names the columns, without a comment's sign.

    Each of its fields must be a name, none a value, and the rows under it be rows, unless it
    says chrom, start and end. Else it is a row: that rows are lost is worse than an error.
    """
    end = text.find(b"\n", begin) + 1
    if end == 0:
        return begin
    if layout is not None and (layout.skip or layout.preset in (SAM_PRESET, VCF_PRESET)):
        return begin  # what the index skips is its header
    first, second = bytes(text[begin:end]), bytes(text[end : text.find(b"\n", end) + 1])
    places = [_columns(layout)[1:]] if layout else [(1, 2), (3, 4)]
    fields = [f.strip(b"\"' ") for f in split(first)]
    named = all(fields[p : p + 1] not in ([], [b""]) for p in places[0])
    if not named or any(map(_VALUE.fullmatch, fields)):
        return begin
    own = {f.lower() for f in fields}
    if all(own & set(names) for names in _HEADS):
        return end
    chrom = layout.chrom - 1 if layout else 0
    same = split(second)[chrom : chrom + 1] == fields[chrom : chrom + 1]  # no name, but a chrom
    return end if not same and any(has_numbers(second, p) for p in places) else begin


# ── the dialect ─────────────────────────────────────────────────────────────────────────────────


def _kind_of(
    head: Head, layout: Layout | None, texts: Mapping[str, TextKind], opening: Opening
) -> str:
    """Which format it is, of those that the caller expects."""
    told = _told(head, layout, texts)
    kinds = opening.kinds
    if kinds is None:
        found = told or _guessed(head, layout, texts) or _named_as(head, texts)
        if found is None and not head.first:
            tracks = re.search(rb"^(track|browser)[ \t]", head.lines, re.M)
            found = "bed" if tracks or _named_places(head.lines) else opening.otherwise
        if found is None:
            _check_width(head, "bed")
            shown = head.first[0][:60] if head.first else b""
            raise format_error(
                head.name,
                0,
                "text of no format that gidx knows by its look: "
                + (f"its first row is {shown.decode('utf-8', 'backslashreplace')!r}" if shown
                   else "it has no rows")
                + "; say what it is with gidx.read_bed, read_vcf or read_gff; an index says what "
                "the columns of another table are: gidx bgzip, then gidx index --places 1,2,3",
            )  # fmt: skip
        return found
    any_table = any(texts[kind].look.is_any_table for kind in kinds)
    if told is not None and told not in kinds and not any_table:
        raise format_error(head.name, 0, f"a {told} file, expected {kinds[0]}; use gidx.read")
    if told in kinds:
        return told
    guess = _guessed(head, layout, texts)
    return guess if guess in kinds else kinds[0]


def _check_width(head: Head, kind: str) -> None:
    """Raise where a first row cannot have chrom, start and end."""
    rows = enumerate(head.first, head.lines.count(b"\n") + 1)
    line, first = next((r for r in rows if not is_no_row(r[1], head)), (0, b"\t\t"))
    found = len(split(first))
    if found > limits.fields and kind in ("bed", "tsv"):
        raise limits.passed("fields", head.name, None, f"line {line}: {found:,} fields")
    if found >= 3:
        return
    if is_csv(first):
        what = "a CSV file: its fields are parted by commas, expected tabs"
    elif kind == "bed" or (kind == "tsv" and head.columns is None):
        what = f"{found} field{'s' * (found != 1)}, expected 3 or more"
    else:
        return  # a scan says how many fields such rows have
    shown = first.decode("utf-8", "backslashreplace")
    shown = repr(shown if len(shown) <= 60 else shown[:57] + "...")
    raise FormatError(f"{head.name}, line {line}: {what}: {shown}", path=head.name, offset=None)


def _told(head: Head, layout: Layout | None, texts: Mapping[str, TextKind]) -> str | None:
    """What the header says, or the index."""
    said = next((name for name, text in texts.items() if text.look.header(head)), None)
    return said or (None if layout is None else _PRESETS.get(layout.preset))


def _guessed(head: Head, layout: Layout | None, texts: Mapping[str, TextKind]) -> str | None:
    """What the first rows look like; the first may be broken, which a scan then says."""
    rows = [r for r in head.first[:_LOOK] if not is_no_row(r, head)]
    table = next(name for name, text in texts.items() if text.look.is_any_table)
    if layout is not None:  # which knows BED and GFF by their columns only
        said = _columns(layout), layout.zero_based
        fits = (n for n, t in texts.items() if t.look.columns == said and t.look.fits(rows, head))
        return next(fits, table)
    if head.columns is not None and all(has_numbers(r, head.columns[1:]) for r in rows[:1]):
        return table
    looked = (name for r in rows for name, text in texts.items() if text.look.row(r, head))
    return next(looked, None)


def _named_as(head: Head, texts: Mapping[str, TextKind]) -> str | None:
    """What the name of a file without rows says: peaks that nobody found are a BED all the same."""
    if head.first:
        return None
    path = head.name.lower().partition("?")[0]
    name = re.sub(r"\.(gz|bgz|bgzf)$", "", path)
    return next((kind for kind, text in texts.items() if name.endswith(text.look.endings)), None)


def _refuse(name: str, magic: bytes) -> None:
    raise format_error(
        name,
        0,
        f"no format that gidx reads: it begins with {magic.hex() or 'nothing'}, a bigBed begins "
        "with ebf28987 or 8789f2eb, and text has no NUL",
    )
