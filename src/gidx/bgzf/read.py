"""Reading a BGZF file as Python's binary file objects are read.

The position is a virtual offset (`gidx.bgzf.block`), as in htslib: at the end of a block
it is the beginning of the next. In a row, blocks are inflated in groups on a few threads,
a bounded number of groups ahead; after a seek, one by one.

Left out: text mode (wrap a file in `io.TextIOWrapper`, whose own ``tell`` means nothing
then), and one reader used by several threads at once.
"""

from __future__ import annotations

import io
import operator
import sys
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from gidx.bgzf.block import (
    GROUP,
    MAX_BLOCK,
    check_bgzf,
    has_eof,
    inflate_all,
    inflate_each,
    make_virtual_offset,
    pieces,
    split_virtual_offset,
    tail_sizes,
    walk,
)
from gidx.bgzf.file import BgzfFile
from gidx.bgzf.gzi import GziIndex, beside
from gidx.errors import ChangedError, FormatError, format_error, warn
from gidx.ground.pool import in_order, thread_count
from gidx.ground.source import ByteSource, PathSource, open_source

LF = ord("\n")
# After a seek, blocks are inflated one by one; from the fifth in a row on, in groups ahead.
ONE_BY_ONE = 4
# Blocks kept for those who seek to and fro, 64 kB each.
KEPT = 32
# Bytes to read for one block; twice as many for the next one, and so on.
WINDOW = MAX_BLOCK
MOST_WINDOW = 8 * MAX_BLOCK


class Group(NamedTuple):
    """Blocks that follow each other, inflated."""

    starts: list[int]  # of each block in the file, and where the last one ends
    bounds: list[int]  # of each block's data in `data`, and its end
    data: bytes


def _inflate_group(buf: bytes | memoryview, sizes: list[int], at: int, name: str) -> Group:
    data = inflate_all(buf, sizes, at, name)
    bounds = [0, *accumulate(tail_sizes(buf, sizes, at, name))]
    return Group([*accumulate(sizes, initial=at)], bounds, data)


class BgzfReader(BgzfFile):
    """A BGZF file to read: `tell` and `seek` by virtual offset, all else as any file.

    It iterates over lines and works where a binary file does: in `io.TextIOWrapper`,
    `pandas.read_csv`, `shutil.copyfileobj`. `seek_uncompressed` and `tell_uncompressed`
    count as a plain file does.

    A block that is cut or damaged raises FormatError when reading comes to it. At the end
    of a file without EOF marker there is a warning, for it may have been cut.

    Parameters
    ----------
    path, threads, gzi, storage_options
        As for `gidx.bgzf.open`.
    """

    mode = "rb"

    def __init__(
        self,
        path: Any,
        *,
        threads: int | None = None,
        gzi: Any = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._ahead: Generator[Group | None] | None = None
        self._kept: OrderedDict[int, Group] = OrderedDict()
        self._threads = thread_count(threads)
        self._options = storage_options
        self._beside = beside(path)
        self._gzi = gzi
        self._source: ByteSource = open_source(path, storage_options)
        check_bgzf(self._source)
        self.name = self._source.name
        self._size = self._source.size
        self._window: tuple[int, memoryview] = (0, memoryview(b""))
        self._warned = False
        self._jump(0)
        self._data_start: int | None = 0  # uncompressed offset of the group, where known

    def readable(self) -> bool:
        """True."""
        self._check_open()
        return True

    def seekable(self) -> bool:
        """True."""
        self._check_open()
        return True

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def close(self) -> None:
        """Let go of the file (but an open file given stays open)."""
        if not self.closed:
            self._stop_ahead()
            self._group = Group([0], [0], b"")
            self._data, self._pos = b"", 0
            self._kept.clear()
        super().close()

    # ── data ────────────────────────────────────────────────────────────────────────────────────

    def read(self, size: int | None = -1, /) -> bytes:
        """At most ``size`` bytes, fewer only at the end; all that is left by default."""
        self._check_open()
        left = sys.maxsize if size is None or size < 0 else size
        parts = []
        while left > 0 and (self._pos < len(self._data) or self._refill()):
            part = self._data[self._pos : self._pos + left]
            self._pos += len(part)
            left -= len(part)
            parts.append(part)
        return b"".join(parts)

    def read1(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes of those that are inflated, or of the next block."""
        self._check_open()
        if size == 0 or not (self._pos < len(self._data) or self._refill()):
            return b""
        end = len(self._data) if size < 0 else self._pos + size
        part = self._data[self._pos : end]
        self._pos += len(part)
        return part

    def peek(self, size: int = 0, /) -> bytes:  # noqa: ARG002
        """Bytes that come next, at least one but at the end; the position stays."""
        self._check_open()
        if self._pos == len(self._data):
            self._refill()
        return self._data[self._pos :]

    def readinto(self, buffer: Any, /) -> int:
        """Fill a writable buffer; the number of bytes, fewer than it has only at the end."""
        return self._readinto(buffer, whole=True)

    def readinto1(self, buffer: Any, /) -> int:
        """Like `readinto`, of the bytes that are inflated or of the next block."""
        return self._readinto(buffer, whole=False)

    def _readinto(self, buffer: Any, whole: bool) -> int:
        self._check_open()
        view = memoryview(buffer)
        if view.nbytes == 0:
            return 0
        view = view.cast("B")
        filled = 0
        while filled < len(view) and (self._pos < len(self._data) or self._refill()):
            count = min(len(view) - filled, len(self._data) - self._pos)
            view[filled : filled + count] = memoryview(self._data)[self._pos : self._pos + count]
            self._pos += count
            filled += count
            if not whole:
                break
        return filled

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line with its end, at most ``size`` bytes of it; nothing at the end."""
        begin = self._pos
        end = self._data.find(b"\n", begin) + 1
        if end and (size is None or size < 0 or end - begin <= size):
            self._pos = end
            return self._data[begin:end]
        self._check_open()
        left = sys.maxsize if size is None or size < 0 else size
        parts = []
        while left > 0 and (self._pos < len(self._data) or self._refill()):
            begin = self._pos
            end = self._data.find(b"\n", begin, begin + left) + 1
            part = self._data[begin : end or begin + left]
            self._pos += len(part)
            left -= len(part)
            parts.append(part)
            if end:
                break
        return b"".join(parts)

    def __iter__(self) -> Iterator[bytes]:
        """The lines from here on."""
        self._check_open()
        return self._lines()

    def _lines(self) -> Iterator[bytes]:
        # Lines of what is inflated come from a BytesIO: 2.6 M lines took 2.6 s so, and 5.6 s
        # with a call of readline for each.
        while line := self.readline():
            yield line
            data, at = self._data, self._pos
            lines = io.BytesIO(data)  # which does not copy
            lines.seek(at)
            for line in lines:
                # somebody has moved on meanwhile, or the line goes on in the next block
                if self._pos != at or self._data is not data or line[-1] != LF:
                    break
                at += len(line)
                self._pos = at
                yield line

    # ── position ────────────────────────────────────────────────────────────────────────────────

    def tell(self) -> int:
        """The virtual offset of what comes next."""
        self._check_open()
        starts, bounds, _ = self._group
        i = bisect_left(bounds, self._pos)  # the first block that begins here
        if bounds[i] == self._pos:
            return make_virtual_offset(starts[i], 0)
        return make_virtual_offset(starts[i - 1], self._pos - bounds[i - 1])

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a virtual offset that `tell` or an index gave.

        If no block begins there, reading raises FormatError; so does seeking to a place
        in the block that is past its data.
        """
        self._check_open()
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation(
                "virtual offsets cannot be added to, so whence is 0 only; "
                "seek_uncompressed() counts bytes of data"
            )
        offset = operator.index(offset)
        start, within = split_virtual_offset(offset)
        size = self._go(start, within)
        if size is not None:
            raise format_error(
                self.name, start, f"offset {within} in the block is past its data, {size} bytes"
            )
        return offset

    def _go(self, start: int, within: int) -> int | None:
        """Go to a place in a block; or stay, and return how much data the block has."""
        starts, bounds, _ = self._group
        i = bisect_left(starts, start)
        if i < len(starts) and starts[i] == start and (within == 0 or i + 1 < len(starts)):
            if within > 0 and within > (size := bounds[i + 1] - bounds[i]):
                return size
            self._pos = bounds[i] + within
        elif within == 0:
            self._jump(start)
        else:
            block = self._block(start)
            if within > len(block.data):
                return len(block.data)
            self._jump(start, block, within)
        return None

    def _jump(self, start: int, block: Group | None = None, within: int = 0) -> None:
        """Go on from a block that is at hand, or will be when something is read."""
        self._stop_ahead()
        self._group = block or Group([start], [0], b"")
        self._next = self._group.starts[-1]
        self._data, self._pos = self._group.data, within
        self._data_start = None
        self._row = 0 if block is None else 1  # blocks since the last seek
        self._window_size = WINDOW

    # ── uncompressed position ───────────────────────────────────────────────────────────────────

    @property
    def gzi(self) -> GziIndex:
        """The index that was given, or is beside the file, or is built now from the blocks."""
        self._check_open()
        if self._gzi is None:
            self._gzi = self._find_gzi()
        elif not isinstance(self._gzi, GziIndex):
            self._gzi = GziIndex.read(self._gzi, storage_options=self._options)
        index: GziIndex = self._gzi
        if len(index.compressed) and index.compressed[-1] >= self._size:
            raise format_error(
                self.name,
                self._size,
                f"the GZI is of another file: it has a block at {index.compressed[-1]}, "
                f"the file ends at {self._size}",
            )
        return index

    def _find_gzi(self) -> GziIndex:
        if self._beside is not None:
            try:
                source = open_source(self._beside, self._options)
            except (FileNotFoundError, PermissionError):  # S3 may say so of what is not there
                pass
            else:
                ours, theirs = self._source.modified(), source.modified()
                if ours is not None and theirs is not None and theirs < ours:
                    warn(
                        f"{source.name} is older than its file; write it anew with: "
                        "gidx.bgzf.GziIndex.build(path).write(path + '.gzi')"
                    )
                index = GziIndex.read(source)
                _check_moment(self._source, source)
                return index
        return GziIndex.build(self._source)

    def seek_uncompressed(self, offset: int, /) -> int:
        """Go to an offset in the data of all blocks, by the GZI index; returns it.

        Raises
        ------
        ValueError
            The offset is negative or past the data's end.
        """
        self._check_open()
        offset = operator.index(offset)
        start, data_start = self.gzi.find(offset)
        # not through a virtual offset, which does not reach the end of a block of 65536 bytes
        if self._go(start, offset - data_start) is not None:
            start, data_start = self._behind(start, data_start, offset)
            self._go(start, offset - data_start)
        self._data_start = offset - self._pos
        self._check_gzi()
        return offset

    def _check_gzi(self) -> None:
        """Raise FormatError where the GZI has the block behind the group elsewhere."""
        if self._data_start is not None and self._data:
            self._check_entry(self._next, self._data_start + len(self._data))

    def _check_entry(self, start: int, data_start: int) -> None:
        """Raise FormatError where the GZI says otherwise of where a block's data begin."""
        compressed, uncompressed = self.gzi.compressed, self.gzi.uncompressed
        i = int(np.searchsorted(compressed, np.uint64(start)))
        if i < len(compressed) and compressed[i] == start and uncompressed[i] != data_start:
            raise format_error(
                self.name,
                start,
                f"the GZI is of another file, or damaged: the data of this block begin at "
                f"{data_start}, it says {uncompressed[i]}",
            )

    def _check_none_within(self, start: int, end: int) -> None:
        """Raise FormatError where the GZI has a block begin within one."""
        compressed = self.gzi.compressed
        i = int(np.searchsorted(compressed, np.uint64(start), side="right"))
        if i < len(compressed) and compressed[i] < end:
            raise format_error(
                self.name,
                int(compressed[i]),
                "the GZI is of another file, or damaged: it says that a block begins here, within "
                f"the one at {start}",
            )

    def _behind(self, start: int, data_start: int, offset: int) -> tuple[int, int]:
        """The block that holds an offset, by their sizes from ``start`` on; its data's begin.

        For a GZI that lacks blocks, at its end or between, as those of some writers do.
        """
        for first, buf, sizes in pieces(self._source, start):
            held = [*map(len, inflate_each(buf, sizes, first, self.name))]
            starts = accumulate(sizes, initial=first)
            begins = accumulate(held, initial=data_start)
            for at, begin, size, packed in zip(starts, begins, held, sizes, strict=False):
                if size:
                    self._check_entry(at, begin)
                self._check_none_within(at, at + packed)
                if size and offset - begin <= size:
                    return at, begin
            data_start += sum(held)
        # the end was counted from where the GZI has a block begin, which may be wrong
        for at, begin in GziIndex.build(self._source).blocks.tolist():
            self._check_entry(at, begin)
        raise ValueError(
            f"{self.name}: uncompressed offset {offset} is past the end of the data, {data_start}"
        )

    def tell_uncompressed(self) -> int:
        """The offset of what comes next in the data of all blocks.

        After a `seek` it takes the GZI index; none for a file read from its beginning.
        """
        self._check_open()
        if self._data_start is None:
            self._data_start = self._data_before(self._group.starts[0])
        return self._data_start + self._pos

    def _data_before(self, start: int) -> int:
        """How much data the blocks before ``start`` have."""
        compressed, uncompressed = self.gzi.blocks.T
        i = int(np.searchsorted(compressed, np.uint64(start), side="right")) - 1
        found = int(uncompressed[i])
        at = int(compressed[i])
        while at < start:  # a block without data, which has no entry
            block = self._block(at)
            found += len(block.data)
            at = block.starts[-1]
        return found

    # ── blocks ──────────────────────────────────────────────────────────────────────────────────

    def _refill(self) -> bool:
        """The next blocks with data, once the group is read; False at the end."""
        while True:
            if self._next == self._size:
                self._warn_of_no_eof()
                return False
            group = self._load(self._next)
            self._next = group.starts[-1]
            if group.data:
                if self._data_start is not None:
                    self._data_start += len(self._data)
                self._group = group
                self._data, self._pos = group.data, 0
                return True

    def _load(self, start: int) -> Group:
        """The block at ``start``, and with it what is inflated ahead."""
        if self._ahead is None and self._row >= ONE_BY_ONE:
            threads = self._threads if self._size - start > GROUP * MAX_BLOCK // 8 else 1
            self._ahead = in_order(self._groups(start), threads)
        if self._ahead is not None:
            group = next(self._ahead, None)
            if group is not None and group.starts[0] == start:
                return group
            # Damage ahead: block by block, all before it are read, and it says what it is.
            self._stop_ahead()
            self._row = 0
        self._row += 1
        return self._block(start)

    def _groups(self, start: int) -> Iterator[Callable[[], Group | None]]:
        """Calls that inflate the groups from a block on, up to what is damaged."""
        try:
            for at, buf, sizes in pieces(self._source, start, MOST_WINDOW):
                place = 0
                for i in range(0, len(sizes), GROUP):
                    part = sizes[i : i + GROUP]
                    end = place + sum(part)
                    yield partial(_try_group, buf[place:end], part, at + place, self.name)
                    place = end
        except FormatError:
            return

    def _stop_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _block(self, start: int) -> Group:
        """One block, inflated here and now."""
        block = self._kept.pop(start, None)
        if block is None:
            piece = self._piece(start)
            block = _inflate_group(piece, [len(piece)], start, self.name)
        self._kept[start] = block  # last used is last
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return block

    def _piece(self, start: int) -> memoryview:
        """The bytes of one block."""
        if start >= self._size:
            raise format_error(self.name, start, f"no block begins here: file ends at {self._size}")
        at, window = self._window
        if at <= start < at + len(window):
            rest = window[start - at :]
            _, taken = walk(rest, start, self.name, final=False, most=1)
            if taken:
                return rest[:taken]
        size = min(self._window_size, self._size - start)
        self._window_size = min(2 * self._window_size, MOST_WINDOW)
        window = memoryview(self._source.read(start, size))
        self._window = start, window
        _, taken = walk(window, start, self.name, final=start + size == self._size, most=1)
        return window[:taken]

    def _warn_of_no_eof(self) -> None:
        if not self._warned and not has_eof(self._source):
            self._warned = True
            warn(
                f"{self.name}: the EOF marker is missing, so the file may have been cut "
                f"after byte {self._size}"
            )


def _check_moment(source: ByteSource, gzi: ByteSource) -> None:
    """Raise ChangedError where a file and its GZI are not of the same moment.

    Writers put the old GZI away, then the new data in place, then its GZI. A stream that is
    written to meanwhile, and URLs, are not looked at.
    """
    if isinstance(source, PathSource) and not (source.is_current() and gzi.is_current()):
        raise ChangedError(
            f"{source.name}: it or its GZI was written anew while they were opened; open it again",
            path=source.name,
            offset=None,
        )


def _try_group(buf: memoryview, sizes: list[int], at: int, name: str) -> Group | None:
    try:
        return _inflate_group(buf, sizes, at, name)
    except FormatError:
        return None
