"""Lines in a file, BGZF, plain gzip or plain: cut into groups, and fetched as text.

A place in the file is a virtual offset; in a plain file, the byte's. A range of places,
which begins with a line, becomes segments of whole blocks. A range that is larger than a
group is cut between blocks, so mostly within a line. Then a line belongs to the group in
which it begins, and one that begins exactly at the cut to the group before it:

    blocks   ├────────┼────────┼────────┤├────────┼──────
    lines    ─┴──┴───────┴───┴────┴───┴─────┴───┴─────
    group 1   ├──────────────────────────────┤          it reads on for the last line's end
    group 2                                  ├────────

so groups can be read in any order, and none has to know of another.

Who asks for regions may say behind each block where the next rows are that it wants
(`Ahead`): what lies between is not inflated, and segments end early or become several.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gidx.bgzf.block import (
    GZIP,
    MAGIC,
    MAX_BLOCK,
    check_bgzf,
    has_eof,
    inflate_all,
    inflate_block,
    is_bgzf,
    is_gzip,
    pieces,
    tail_sizes,
    walk,
    whole_block,
)
from gidx.bgzf.compress import packed_name
from gidx.errors import FormatError, format_error, warn
from gidx.ground.libdeflate import LIBDEFLATE
from gidx.ground.limits import limits
from gidx.ground.names import is_url
from gidx.ground.ranges import Ranges
from gidx.ground.source import ByteSource, PathSource, RemoteSource
from gidx.ground.tuning import tuning
from gidx.kernels.gather import Ahead, gather

LF = ord("\n")
BOM = b"\xef\xbb\xbf"
# Text to inflate at a time. 2 M bed6 rows on two threads: 0.22 s in groups of 1 to 4 MB,
# 0.26 s in 16 MB, 0.3 s in 256 kB.
TEXT = 2 * 2**20
# … and where blocks inflate to much more than the first ones said, at most so much.
_MOST_TEXT = 4 * TEXT
_SHIFT, _WITHIN = np.uint64(16), np.uint64(0xFFFF)  # the parts of virtual offsets
_NO_BLOCK = 1 << 48  # behind all that a virtual offset can tell
_FAR = 1 << 28  # bytes of a file, or of its text, that are not read again to number a line
_NO_END = 1 << 62  # of a file whose text's size is not known
# A carriage return without a line feed, and behind it what begins as rows do: a name and
# a number, or three texts and a number.
_LONE_RETURN = re.compile(rb"\r(?!\n)[^\s]+[\t ]+(?:[0-9]+[\t ]|\S+[\t ]+\S+[\t ]+[0-9]+[\t ])")


class Segment(NamedTuple):
    """Lines that begin from ``begin`` on and before ``stop`` (both places).

    Where ``cut``, ``begin`` lies within a line, which is not meant. Where ``open``,
    ``stop`` does, and the line that begins exactly there is meant too. ``data`` are the
    file's bytes from the block of ``begin`` on, if they were read already.
    """

    begin: int
    stop: int
    cut: bool = False
    open: bool = False
    data: Any = None


@dataclass(eq=False)
class Text:
    """The text of segments, one after the other, closed by a line break.

    Rows begin in ``begins[s]`` to ``stops[s]``; where ``cut[s]``, behind the first line
    break from ``begins[s]`` on. ``blocks`` (n, 2) says where in the text each block
    begins, and where in the file.

    Where fields were parted by blanks, ``text`` has tabs for them, line by line; ``raw`` is
    then what the file has, and ``blocks`` are in that. ``returns``: whether it may have
    carriage returns.
    """

    text: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    cut: npt.NDArray[np.bool_]
    blocks: npt.NDArray[np.int64]
    raw: Text | None = None
    returns: bool = True

    def place(self, at: int) -> tuple[int, int]:
        """The block in the file that holds a byte of the text, and where in its data.

        In a text of parted fields, for a byte that begins a line.
        """
        at = int(self.raw_places(np.array([at]))[0])
        i = int(np.searchsorted(self.blocks[:, 0], at, side="right")) - 1
        return int(self.blocks[i, 1]), at - int(self.blocks[i, 0])

    def raw_places(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where in the file's own text lines begin, for those that begin at ``at`` here."""
        if self.raw is None:
            return at
        here, there = _line_starts(self.text), _line_starts(self.raw.text)
        return there[np.searchsorted(here, at, side="right") - 1]

    def offsets(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
        """The virtual offsets of bytes of the text, in blocks that have data there."""
        i = self.blocks[:, 0].searchsorted(at, side="right") - 1
        return (self.blocks[i, 1] << 16 | at - self.blocks[i, 0]).astype(np.uint64)

    def places_from(self, offsets: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """For each virtual offset where in the text is what begins there, or first after it.

        Of a block that is not here, that is the next block that is: an index may point to
        an empty block before the one that has the row. The first block of a segment counts
        from where the segment begins.
        """
        if not len(self.blocks):
            return np.full(len(offsets), len(self.text))
        starts, blocks, more = self._known
        block = (offsets >> _SHIFT).astype(np.int64)
        at = blocks.searchsorted(block)
        here = blocks[at] == block
        within = (offsets & _WITHIN).astype(np.int64)
        within[~here] = 0
        return np.maximum(starts[at] + within, more[at])

    @cached_property
    def _known(self) -> tuple[npt.NDArray[np.int64], ...]:
        """Where blocks begin in the text and in the file, and from where on they count.

        One more of each stands for what is behind the last.
        """
        n = len(self.blocks)
        starts, blocks, begins = np.zeros((3, n + 1), np.int64)
        starts[:n], blocks[:n] = self.blocks[:, 0], self.blocks[:, 1]
        starts[n], blocks[n] = len(self.text), _NO_BLOCK
        begins[:n] = starts[:n]
        begins[starts[:n].searchsorted(self.begins, side="right") - 1] = self.begins
        return starts, blocks, begins

    def line(self, at: int) -> bytes:
        """The line that begins there."""
        piece = self.text[at : at + 65536].tobytes()
        return piece.partition(b"\n")[0].removesuffix(b"\r")


def _line_starts(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    return np.append(0, np.flatnonzero(text == LF) + 1)


def check_line_ends(text: Any, say: Callable[[int], str], name: str) -> None:
    """Raise FormatError where rows end with a carriage return alone: many would be one row.

    ``say`` puts a place in the text into words.
    """
    found = _LONE_RETURN.search(text)
    if found is not None:
        raise FormatError(
            f"{say(found.start())}: a line ends with a carriage return alone, expected a line "
            f"feed, or both; convert the line ends: tr '\\r' '\\n' < {name}",
            path=name,
            offset=None,
        )


class LineSource(Protocol):
    """Lines of one file."""

    source: ByteSource
    how: str  # BGZF, plain gzip, plain text

    @property
    def has_eof(self) -> bool:
        """Whether the file ends as it should, and was not cut between two blocks."""
        ...

    def whole(self, begin: int) -> Ranges:
        """The range from a place to the file's end."""
        ...

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterable[list[Segment]]:
        """Segments to be fetched together, about ``size`` bytes of the file each."""
        ...

    def fetch(self, group: Sequence[Segment], wanted: Ahead | None = None) -> Text:
        """Their text; with ``wanted``, without blocks that have no row of it."""
        ...

    def stream(self) -> Iterator[tuple[int, bytes]]:
        """The whole text from its begin on, piece by piece, each with its place."""
        ...

    def place(self, text: Text, at: int) -> int:
        """The place of a byte of the text."""
        ...

    def byte_of(self, place: int) -> int | None:
        """The file's byte that a place is at; None where lines cannot be sought by bytes."""
        ...

    def line_from(self, at: int) -> int:
        """The place of a line's start: from byte ``at`` on the first that can be told.

        Asked for the ends of two neighbours, it is where one ends and the other begins.
        """
        ...

    def say(self, text: Text, at: int) -> str:
        """The place in words, for messages."""
        ...


def open_lines(source: ByteSource) -> LineSource:
    """The lines of a file that is BGZF, plain gzip or plain text."""
    head = bytes(source.read(0, min(source.size, 4096)))
    if not is_gzip(head):
        return PlainLines(source)
    blocks = is_bgzf(head) or (len(head) < 18 and MAGIC.startswith(head[:4]))  # which was cut
    return BgzfLines(source) if blocks else GzipLines(source)


def to_bgzf(lines: LineSource) -> str:
    """How a file that is not BGZF becomes one that can be indexed, for messages."""
    name = lines.source.name
    if is_url(name):
        return "regions need a BGZF file with its index beside it: download it, then gidx bgzip"
    if name.startswith("<"):
        return "regions need a BGZF file with its index: save it, then gidx bgzip"
    made = packed_name(name, gzipped=isinstance(lines, GzipLines))
    return f"make it BGZF and index it with: gidx bgzip {name} && gidx index {made}"


class _Pieces:
    """Collects the texts of segments."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[Any] = []
        self.size = 0
        self.begins: list[int] = []
        self.stops: list[int] = []
        self.cut: list[bool] = []
        self.blocks: list[tuple[int, int]] = []

    def open(self, segment: Segment) -> None:
        """What is added from now on is its text."""
        self.begins.append(self.size)
        self.blocks.append((self.size, segment.begin))
        self.cut.append(segment.cut)

    def add(self, part: Any) -> None:
        self.parts.append(part)
        self.size += len(part)

    def close_line(self) -> None:
        """A line break where the last line has none, at the file's end."""
        for part in reversed(self.parts):
            if len(part):
                if part[-1] != LF:
                    self.parts.append(b"\n")
                    self.size += 1
                break

    def text(self) -> Text:
        # a line break more, so that kernels may look one byte ahead
        whole = b"".join([*self.parts, b"\n"])
        return Text(
            np.frombuffer(whole, np.uint8),
            np.array(self.begins, np.int64),
            np.array(self.stops, np.int64),
            np.array(self.cut, np.bool_),
            np.array(self.blocks, np.int64).reshape(-1, 2),
            returns=b"\r" in whole,
        )


class BgzfLines:
    """Lines of a BGZF file; places are virtual offsets."""

    how = "BGZF"

    @cached_property
    def has_eof(self) -> bool:
        return has_eof(self.source)

    def __init__(self, source: ByteSource) -> None:
        check_bgzf(source)
        self.source = source
        self._step, self._near = self._group_size()
        # What the last block of a range counts, which is inflated whole: 1,000 regions of a VCF
        # were 3 groups of 14 MB of text, whose memory was taken and given back each time: 109 ms
        # instead of 75. Of what is far, requests are what counts, and few groups make few.
        self._block = 1
        if not isinstance(source, RemoteSource):
            self._block = self._step * MAX_BLOCK // TEXT

    def _group_size(self) -> tuple[int, int]:
        """Bytes of the file that hold about `TEXT`, and a block, judged by its first blocks."""
        data = self._read(0, 2 * MAX_BLOCK)
        sizes, taken = walk(data, 0, self.source.name, final=len(data) == self.source.size)
        inflated = sum(tail_sizes(data, sizes, 0, self.source.name))
        ratio = max(inflated / max(taken, 1), 1.0)
        step = int(min(max(TEXT / ratio, 64 * 1024), TEXT))
        return step, min(2 * max(sizes, default=MAX_BLOCK), MAX_BLOCK)

    def whole(self, begin: int) -> Ranges:
        return np.array([[begin, self.source.size << 16]], np.uint64)

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterable[list[Segment]]:
        # Who says a size wants little memory, and of what compresses well so much is much text:
        # genotypes in 256 kB of the file took 225 MB at a conversion's peak, in 90 kB 195.
        step = self._step if size is None else min(size, self._step // 2)
        spans = ranges.tolist()
        group, held = [], 0
        for begin, stop in spans:
            held += (stop >> 16) - (begin >> 16) + self._block
            if held > step:
                return self._groups(spans, step)
            group.append(Segment(begin, stop))
        # a list, which needs no threads, where one group will do
        return [group] if group else []

    def _groups(self, spans: list[list[int]], step: int) -> Iterator[list[Segment]]:
        group: list[Segment] = []
        held = 0
        for begin, stop in spans:
            span = (stop >> 16) - (begin >> 16) + self._block
            if span > step:
                if group:
                    yield group
                    group, held = [], 0
                yield from ([segment] for segment in self._cut(begin, stop, step))
                continue
            if held + span > step and group:
                yield group
                group, held = [], 0
            group.append(Segment(begin, stop))
            held += span
        if group:
            yield group

    def _cut(self, begin: int, stop: int, step: int) -> Iterator[Segment]:
        """A large range in parts of whole blocks, with their bytes."""
        at, last = begin >> 16, stop >> 16
        place, cut = begin, False
        rest: Any = b""
        while True:
            # one block more than needed, which ends the last line
            data = self._read(at + len(rest), step + 2 * MAX_BLOCK - len(rest))
            if rest:
                data = bytes(rest) + bytes(data)
            self._check_block(data, at)
            sizes, taken = walk(
                data, at, self.source.name, final=at + len(data) == self.source.size
            )
            owned = text = more = 0
            for size in sizes:
                # an index may name a block by an empty one before it: they are not parted
                if more and (owned >= step or text >= _MOST_TEXT or at + owned >= last):
                    break
                owned += size
                more = int.from_bytes(data[owned - 4 : owned], "little")
                text += more
            end = at + owned
            if end >= last or owned == taken == 0:
                yield Segment(place, stop, cut, False, memoryview(data)[:taken])
                return
            yield Segment(place, end << 16, cut, True, memoryview(data)[:taken])
            if isinstance(self.source, RemoteSource):  # else to read them again takes less
                rest = memoryview(data)[owned:]
            place, at, cut = end << 16, end, True

    def _check_block(self, data: Any, at: int) -> None:
        """Where an index points, a block begins; else `walk` would blame the file."""
        if len(data) and bytes(data[:4]) != MAGIC:
            raise self.stale(at, "where no block begins")

    def _read(self, at: int, size: int) -> Any:
        size = max(0, min(size, self.source.size - at))
        return self.source.read(at, size)

    def fetch(self, group: Sequence[Segment], wanted: Ahead | None = None) -> Text:
        # what is near is read block by block, as far as it is wanted; of what is far, requests
        # are what takes time
        source = self.source
        near = wanted is not None and not isinstance(source, RemoteSource)
        unread = [] if near else [s for s in group if s.data is None]
        read = iter(source.read_many(self._file_ranges(unread))) if unread else None
        number = source.number() if isinstance(source, PathSource) else -1
        text, begins, stops, cut, blocks, returns = gather(
            self, number, source.size, LIBDEFLATE, group, read, wanted, self._near,
            2 * MAX_BLOCK if near else TEXT + 4 * MAX_BLOCK, (limits.block, limits.line),
        )  # fmt: skip
        return Text(text, begins, stops, cut, blocks, returns=returns)

    def _file_ranges(self, segments: Sequence[Segment]) -> Ranges:
        size = self.source.size
        spans = []
        for s in segments:
            self.check_inside(s.begin, s.stop)
            first, last = s.begin >> 16, s.stop >> 16
            spans.append([first, min(last + (2 * MAX_BLOCK if s.stop & 0xFFFF else 0), size)])
        return np.array(spans, np.uint64).reshape(-1, 2)

    # ── what the kernel asks for ────────────────────────────────────────────────────────────────

    def check_inside(self, begin: int, stop: int) -> None:
        """Raise where a segment is not in the file."""
        size, first = self.source.size, begin >> 16
        if (first >= size and stop > begin) or stop >> 16 > size:
            raise format_error(
                self.source.name,
                max(first, 0),
                f"the index points behind the file's end ({size} bytes): it is that of "
                "another file, or older than this one; make it anew with: gidx index",
            )

    def odd_block(self, at: int, first: bool) -> bytes:
        """A block that the kernel could not make out; raises what is wrong with it."""
        data = bytes(self._read(at, 2 * MAX_BLOCK))
        if first:
            self._check_block(data, at)
        size = whole_block(data, 0, at, self.source.name, final=at + len(data) == self.source.size)
        return data[:size]

    def inflate(self, piece: bytes, at: int) -> bytearray:
        """A block's data, or raise what is wrong with it."""
        return inflate_block(piece, at, self.source.name)

    def too_much(self, at: int) -> FormatError:
        """Of a group whose text is too large, where a block begins."""
        return limits.passed("block", self.source.name, at, "blocks that inflate to more bytes")

    def too_long(self, at: int) -> FormatError:
        """Of a line that goes on and on, where a block begins."""
        return too_long(self.source.name, at)

    def check_begin(self, at: int, within: int, data: bytes) -> None:
        """Raise where no line begins so far within the data of a block."""
        if within > len(data):
            raise self.stale(at, f"{within} bytes into a block of {len(data)}")
        is_bom = within <= len(BOM) and BOM.endswith(data[:within])
        if not is_bom:
            raise self.stale(at, f"{within} bytes into its data, which is within a line")

    def check_stop(self, stop: int, size: int, end: int) -> None:
        """Raise where no line ends, but for the file's last.

        ``size`` are the bytes of the data of the block, which ends at ``end`` in the file.
        """
        at, within = stop >> 16, stop & 0xFFFF
        if within > size:
            raise self.stale(at, f"{within} bytes into a block of {size}")
        if within not in (0, size) or not self._is_end(end):
            raise self.stale(at, f"{within} bytes into its data, which is within a line")

    def _is_end(self, at: int) -> bool:
        """Whether no data follow, so that the last line may lack its break.

        There may be any number of empty blocks: files that were joined have an EOF marker each.
        """
        name = self.source.name
        parts = pieces(self.source, at, MAX_BLOCK)
        return not any(any(tail_sizes(data, sizes, of, name)) for of, data, sizes in parts)

    def stale(self, offset: int, where: str) -> FormatError:
        """Of an index that does not fit the file."""
        return format_error(
            self.source.name,
            offset,
            f"the index points to byte {offset}, {where}: it is that of another file, or older "
            "than this one; make it anew with: gidx index",
        )

    def stream(self) -> Iterator[tuple[int, bytes]]:
        at, size = 0, self.source.size
        step = MAX_BLOCK
        while at < size:
            data = self._read(at, step + MAX_BLOCK)
            sizes, _ = walk(data, at, self.source.name, final=at + len(data) == size)
            place = 0
            for block in sizes:
                piece = inflate_all(data[place : place + block], [block], at, self.source.name)
                yield at << 16, piece
                place += block
                at += block
            if not isinstance(self.source, RemoteSource):  # where it was said how much is read
                step = min(step * 2, TEXT)

    def place(self, text: Text, at: int) -> int:
        block, within = text.place(at)
        return block << 16 | within

    def byte_of(self, place: int) -> int | None:
        return place >> 16

    def line_from(self, at: int) -> int:
        """Behind the first line break in blocks that begin at a byte or behind it."""
        at = self._block_from(at)
        while at < self.source.size:
            data = self._read(at, MAX_BLOCK)
            (size,), _ = walk(data, at, self.source.name, final=True, most=1)
            piece = inflate_all(data[:size], [size], at, self.source.name)
            found = piece.find(b"\n") + 1
            if 0 < found < len(piece):
                return at << 16 | found
            at += size
            if found:
                break
        return at << 16

    def _block_from(self, at: int) -> int:
        """Where the first block begins from a byte on; the file's end where none does."""
        size = self.source.size
        while at < size:
            data = bytes(self._read(at, 2 * MAX_BLOCK))
            begin = data.find(MAGIC)
            while begin >= 0:
                if self._is_block(data[begin:], at + begin):
                    return at + begin
                begin = data.find(MAGIC, begin + 1)
            at += max(len(data) - MAX_BLOCK, 1) if at + len(data) < size else len(data)
        return size

    def _is_block(self, data: bytes, at: int) -> bool:
        """Whether a block begins there, and another behind it: its magic may be in data too."""
        if not is_bgzf(data):
            return False
        try:
            sizes, taken = walk(data, at, self.source.name, final=False, most=1)
        except FormatError:
            return False
        behind = data[taken : taken + 4]
        return bool(sizes) and (behind == MAGIC[: len(behind)])

    def say(self, text: Text, at: int) -> str:
        block, within = text.place(at)
        line = ""
        if block < _FAR and not is_url(self.source.name):
            line = _say_line(self, block << 16 | within)
        return f"{self.source.name}, {line}block at byte {block}, {within} into its data"


class PlainLines:
    """Lines of a plain file; places are its bytes."""

    has_eof = True
    how = "plain text"

    def __init__(self, source: ByteSource) -> None:
        self.source = source

    def whole(self, begin: int) -> Ranges:
        return np.array([[begin, self.source.size]], np.uint64)

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterable[list[Segment]]:
        step = max(size or TEXT, tuning.plain_bytes)
        return [
            [Segment(at, min(at + step, stop), cut=at > begin, open=at + step < stop)]
            for begin, stop in ranges.tolist()
            for at in range(begin, stop, step)
        ]

    def fetch(
        self,
        group: Sequence[Segment],
        wanted: Ahead | None = None,  # noqa: ARG002 (it has no index, so no regions)
    ) -> Text:
        found = _Pieces(self.source.name)
        for segment in group:
            found.open(segment)
            piece = bytes(self.source.read(segment.begin, segment.stop - segment.begin))
            found.add(piece)
            found.stops.append(found.size + segment.open)
            at, most = segment.stop, segment.stop + limits.line
            if segment.cut and b"\n" not in piece:  # within a line that began before
                found.stops[-1] = found.size
                at = self.source.size
            while segment.open and at < self.source.size:
                if at > most:
                    raise too_long(self.source.name, segment.stop)
                piece = bytes(self.source.read(at, min(tuning.plain_bytes, self.source.size - at)))
                found.add(piece)
                at += len(piece)
                if b"\n" in piece:
                    break
            found.close_line()
        return found.text()

    def byte_of(self, place: int) -> int | None:
        return place

    def line_from(self, at: int) -> int:
        at = max(at - 1, 0)  # a line may begin exactly there
        while at < self.source.size:
            piece = bytes(self.source.read(at, min(tuning.plain_bytes, self.source.size - at)))
            found = piece.find(b"\n") + 1
            if found:
                return at + found
            at += len(piece)
        return self.source.size

    def stream(self) -> Iterator[tuple[int, bytes]]:
        at, size = 0, self.source.size
        while at < size:
            piece = bytes(self.source.read(at, min(tuning.plain_bytes, size - at)))
            yield at, piece
            at += len(piece)

    def place(self, text: Text, at: int) -> int:
        return sum(text.place(at))

    def say(self, text: Text, at: int) -> str:
        return _said(self, self.place(text, at))


class GzipLines:
    """Lines of a plain gzip file; places are bytes of what it holds, once inflated.

    There are no blocks to seek to, so each pass inflates from the file's start, and regions
    cannot be found. A scan is bounded in memory: 16 MB of text take 42 MB at their peak,
    171 MB take 71, about as plain text does (220 MB of imports and kernels besides). One
    thread inflates; the groups that it hands on are of whole lines and are decoded by all.
    Members follow one another, zeros may pad the end, and what else follows is ignored with a
    warning, all as gzip(1) does.
    """

    has_eof = True
    how = "plain gzip"

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self._warned = False

    def whole(self, begin: int) -> Ranges:
        return np.array([[begin, _NO_END]], np.uint64)

    def groups(self, ranges: Ranges, size: int | None = None) -> Iterable[list[Segment]]:
        step = max(size or TEXT, tuning.plain_bytes)
        for begin, stop in ranges.tolist():
            yield from self._groups(begin, stop, step)

    def _groups(self, begin: int, stop: int, step: int) -> Iterator[list[Segment]]:
        """Whole lines of about ``step`` bytes each."""
        parts: list[bytes] = []
        place, held = begin, 0
        for at, inflated in self.stream():
            if at >= stop:
                break
            piece = inflated[max(0, begin - at) : max(0, stop - at)]
            held += len(piece)
            cut = piece.rfind(b"\n") + 1 if held >= step else 0
            if cut:
                data = b"".join([*parts, piece[:cut]])
                yield [Segment(place, place + len(data), data=data)]
                place += len(data)
                parts, held = [], len(piece) - cut
            elif held > step + limits.line:
                raise too_long(self.source.name, None)
            parts.append(piece[cut:])
        data = b"".join(parts)
        if data:
            yield [Segment(place, place + len(data), data=data)]

    def fetch(
        self,
        group: Sequence[Segment],
        wanted: Ahead | None = None,  # noqa: ARG002 (it has no index, so no regions)
    ) -> Text:
        found = _Pieces(self.source.name)
        for segment in group:
            found.open(segment)
            found.add(segment.data)
            found.stops.append(found.size)
            found.close_line()
        return found.text()

    def stream(self) -> Iterator[tuple[int, bytes]]:
        at = 0
        for piece in self._inflated():
            yield at, piece
            at += len(piece)

    def _inflated(self) -> Iterator[bytes]:
        member: Any = zlib.decompressobj(31)  # None between two
        at, data = 0, b""
        while data or at < self.source.size:
            if not data:
                data = self._read(at, tuning.plain_bytes)
                at += len(data)
            if member is None:
                data = data.lstrip(b"\0")
                if not data:
                    continue
                more = self._read(at, max(0, 3 - len(data)))
                data, at = data + more, at + len(more)
                if not GZIP.startswith(data[:3]):
                    self._warn_of_tail(at - len(data))
                    return
                member = zlib.decompressobj(31)
            try:
                # bounded, since some bytes may hold a thousand times as many
                piece = member.decompress(data, tuning.gzip_inflated)
            except zlib.error as error:
                what = f"damaged gzip: {str(error).split(': ', 1)[-1]}"
                raise format_error(self.source.name, at - len(data), what) from None
            data = member.unused_data if member.eof else member.unconsumed_tail
            member = None if member.eof else member
            if piece:
                yield piece
        if member is not None:
            while piece := member.decompress(b"", tuning.gzip_inflated):
                yield piece
            if not member.eof:
                raise format_error(
                    self.source.name, at, "truncated gzip: the data end within a member"
                )

    def _read(self, at: int, size: int) -> bytes:
        return bytes(self.source.read(at, min(size, self.source.size - at)))

    def _warn_of_tail(self, at: int) -> None:
        if not self._warned:
            self._warned = True
            warn(
                f"{self.source.name}, byte {at}: bytes that are not gzip follow its last member; "
                "ignored"
            )

    def place(self, text: Text, at: int) -> int:
        return sum(text.place(at))

    def byte_of(self, place: int) -> int | None:  # noqa: ARG002
        return None

    def line_from(self, at: int) -> int:
        raise ValueError(f"{self.source.name}, byte {at}: plain gzip has no places to begin at")

    def say(self, text: Text, at: int) -> str:
        return _said(self, self.place(text, at))


def too_long(name: str, at: int | None) -> FormatError:
    """The error of a line that goes on and on."""
    return limits.passed("line", name, at, "a line of more bytes")


def _say_line(lines: LineSource, place: int) -> str:
    """Which line a place is in, counted from 1, for messages: it reads all before it.

    Nothing where that is too much.
    """
    number, read = 1, 0
    for at, piece in lines.stream():
        if at >= place:
            break
        read += len(piece)
        if read > _FAR:
            return ""
        number += piece.count(b"\n", 0, place - at)
    return f"line {number}, "


def _said(lines: LineSource, place: int) -> str:
    """A place of a file without blocks, in words."""
    line = _say_line(lines, place) or f"byte {place} of its text, "
    return f"{lines.source.name}, {line.removesuffix(', ')}"
