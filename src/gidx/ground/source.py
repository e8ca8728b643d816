"""Where bytes come from: a path, a URL, bytes, or an open binary file.

A source has two verbs, ``read`` one range and ``read_many``; a short read
raises, it never returns short bytes. Ranges that touch are read as one; of a URL,
read through fsspec, near ones too. All sources may be read from
several threads at once, and all but open files can be pickled.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, BinaryIO, Protocol, cast

import numpy as np

from gidx.errors import RemoteError, format_error, warn
from gidx.ground.block_cache import BlockCache, FileBlocks, KeptBlocks
from gidx.ground.limits import limits
from gidx.ground.names import expanded, is_url
from gidx.ground.owned import opened, temporary
from gidx.ground.ranges import Ranges, coalesce
from gidx.ground.transport import Answer, NoRangesError, connect, safe
from gidx.kernels.handle import Handle

Bytes = bytes | memoryview
PathLike = str | os.PathLike[str]

# One HTTP round trip costs about what 64 kB cost at 10 Mbit/s and 50 ms, so
# reading a gap of that size is cheaper than a request of its own.
REQUEST_GAP = 64 * 1024
# Small reads of a remote file (headers, tree nodes) are served from pages of this
# size: opening a bigBed and planning a query takes 3 requests instead of 20.
PAGE = 128 * 1024
PAGES = 64
# The first request for an index brings all of most of them.
INDEX = 8 << 20


class ByteSource(Protocol):
    """Random access to immutable bytes."""

    name: str
    size: int

    def read(self, offset: int, size: int) -> Bytes:
        """Exactly ``size`` bytes from ``offset``."""
        ...

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        """The bytes of each half-open range, in the order given."""
        ...

    def modified(self) -> float | None:
        """When the bytes last changed (seconds since the epoch), if known."""
        ...

    def is_current(self) -> bool:
        """Whether they can be read, and are those that were opened, as far as is known."""
        ...


class MemorySource:
    """Bytes at hand."""

    def __init__(self, data: bytes | bytearray | memoryview, name: str = "<bytes>") -> None:
        self.name = name
        self._view = memoryview(data).cast("B").toreadonly()
        self.size = len(self._view)

    def read(self, offset: int, size: int) -> Bytes:
        piece = self._view[offset : offset + size]
        if len(piece) != size:
            raise _short(self.name, offset, size, len(piece))
        return piece

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        return [self.read(begin, end - begin) for begin, end in ranges.tolist()]

    def modified(self) -> float | None:
        return None

    def is_current(self) -> bool:
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return MemorySource, (bytes(self._view), self.name)


_seeking = threading.Lock()


def _seek_and_read(fd: int, size: int, offset: int) -> bytes:
    """`os.pread`, where there is none (Windows)."""
    with _seeking:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)


_pread = getattr(os, "pread", _seek_and_read)
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class PathSource:
    """A local file, read by position, so that threads need no lock.

    Why not a memory map: the pages of a map count as the process's own, so scanning
    a file of 10 GB looked like 10 GB in use; and a file that somebody cuts short
    while it is mapped kills the process, where a short read is an error. A whole
    scan of 2 M rows (30 MB) takes 8 ms longer.

    One of thousands that are opened as one is not ``held`` open, since a process may have 1,024
    by default: each read opens it again, if it still is the same file.
    """

    def __init__(self, path: PathLike, *, held: bool = True) -> None:
        self.name = str(os.fsdecode(path))  # numpy's texts, too
        if os.path.isdir(self.name):  # which Windows calls a PermissionError
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self.name)
        self._fd = os.open(self.name, _FLAGS)
        self._handle = Handle(self._fd)
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{self.name}: not a regular file, so its ranges cannot be read")
        self.size, self._modified = status.st_size, status.st_mtime
        self._status = _identity(status)
        self._is_held, self._is_open = held, True
        if not held:
            self._handle.close()

    def number(self) -> int:
        """The number of the open file, for kernels; -1 where there is none that they may use."""
        if not self._is_open:  # the number may be that of another file by now
            raise ValueError(f"{self.name}: read after it was closed")
        return self._fd if self._is_held and _pread is not _seek_and_read else -1

    def read(self, offset: int, size: int) -> Bytes:
        if offset + size > self.size:
            raise _short(self.name, offset, size, max(0, self.size - offset))
        self.number()
        if self._is_held:
            return self._read(self._fd, offset, size)
        with self._again() as fd:
            return self._read(fd, offset, size)

    def _read(self, fd: int, offset: int, size: int) -> bytes:
        piece = _pread(fd, size, offset)
        while 0 < len(piece) < size:  # a signal or a network file system may cut it
            more = _pread(fd, size - len(piece), offset + len(piece))
            if not more:
                break
            piece += more
        if len(piece) != size:
            raise _short(self.name, offset, size, len(piece))
        return piece

    @contextmanager
    def _again(self) -> Iterator[int]:
        """The file opened once more."""
        fd = os.open(self.name, _FLAGS)
        try:
            if _identity(os.fstat(fd)) != self._status:
                what = "another file than the one that was opened; open it again"
                raise format_error(self.name, 0, what)
            yield fd
        finally:
            os.close(fd)

    def close(self) -> None:
        """Close the file; what reads from it afterwards raises ValueError."""
        self._is_open = False
        self._handle.close()

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        if len(ranges) == 1:
            ((begin, end),) = ranges.tolist()
            return [self.read(begin, end - begin)]
        return _read_joined(ranges, 0, lambda begins, ends: map(self._span, begins, ends))

    def _span(self, begin: int, end: int) -> Bytes:
        return self.read(begin, end - begin)

    def modified(self) -> float | None:
        return self._modified

    def held(self) -> tuple[Handle, int] | None:
        """The open file and when it was last changed (ns since the epoch), for kernels; None where
        they may not use it."""
        if not self._is_held or _pread is _seek_and_read:
            return None
        return self._handle, self._status[-1]

    def is_unchanged(self) -> bool:
        """Whether what is read now is what was there when it was opened.

        Another file of its name is not looked for, as `is_current` does: it is not what is read.
        """
        held = self.held()
        return self.is_current() if held is None else held[0].holds(self.size, held[1])

    def is_current(self) -> bool:
        try:
            return self._is_open and _identity(os.stat(self.name)) == self._status
        except OSError:
            return False

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(PathSource, held=self._is_held), (self.name,)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class RemoteSource:
    """A file behind a URL, read through fsspec (any protocol that it knows).

    The first request brings the first ``first`` bytes, the size and the version; it is the only
    one that opening takes. With ``cache`` blocks that were read are kept in that folder.

    ``name`` is the URL for messages, without user, password and query; ``url`` the URL itself.
    """

    def __init__(
        self,
        url: str,
        storage_options: Mapping[str, Any] | None = None,
        cache: PathLike | None = None,
        *,
        first: int = PAGE,
        known: tuple[int, str | None] | None = None,
    ) -> None:
        self.url, self.name = url, safe(url)
        self.options, self.cache = dict(storage_options or {}), cache
        self._process = os.getpid()
        self._transport = connect(url, self.options)
        self._pages: OrderedDict[int, Bytes] = OrderedDict()
        self._lock, self._downloading = threading.Lock(), threading.Lock()
        self._ahead, self._next = 1, -1  # pages fetched at once; the one behind the last
        self._changed = False
        self._head: Bytes = b""
        self._whole: FileSource | None = None  # of a server without ranges
        if known is not None:
            self.size, self._version = known
        else:
            self._open(first)
        self._blocks: FileBlocks | None = None
        if cache is not None and self._whole is None:
            self._blocks = BlockCache(cache, url, self.size, self._version)

    def _open(self, first: int) -> None:
        try:
            answer = self._transport.first(first)
        except NoRangesError as told:
            try:
                self._download(told)
            finally:
                self._transport.leave()
            return
        self.size = answer.size if answer.size is not None else len(answer.data)
        self._version, self._head = answer.version, answer.data

    def _download(self, told: NoRangesError) -> None:
        """The whole file, of a server that sends nothing else, once into the cache."""
        kept = None
        if self.cache is not None and told.size is not None:
            kept = BlockCache(self.cache, self.url, told.size, told.version)
            if self._have_kept(kept):
                return
        warn(
            f"{self.name}: the server does not send ranges, so the whole file is downloaded, "
            + (
                "once for each time that it is opened; cache= keeps it in a folder"
                if kept is None
                else "once, and kept in the folder that cache= names"
            )
        )
        if kept is not None:
            with kept.keeping_whole() as counted:
                if counted is not None:
                    self._transport.download(counted.write)
            if self._have_kept(kept):
                return
        file = temporary()
        self._transport.download(file.write)
        self._have(file)

    def _downloaded(self, told: NoRangesError) -> FileSource:
        """The whole file, of a server that sent ranges before."""
        with self._downloading:  # of the threads that were told so, one
            if self._whole is None:
                self._check(Answer(b"", told.size, told.version))
                self._download(told)
            return cast(FileSource, self._whole)

    def _have_kept(self, blocks: BlockCache) -> bool:
        if not blocks.has_whole:
            return False
        try:
            self._have(opened(blocks.whole))
        except OSError:
            return False
        return True

    def _have(self, whole: BinaryIO) -> None:
        """Read from a copy from now on."""
        self._whole = FileSource(whole, self.name)
        self.size, self._version = self._whole.size, None

    def keep(self) -> None:
        """Keep what is read from now on: all of it will be read a second time."""
        if self._blocks is None and self._whole is None and self.size <= limits.cache:
            self._blocks = KeptBlocks(self.size)

    def read(self, offset: int, size: int) -> Bytes:
        end = offset + size
        if offset == 0 and not self._head and self._whole is None and size <= self.size:
            self._head = bytes(self._span(0, min(max(PAGE, size), self.size)))  # out of a pickle
        if end <= len(self._head):
            return memoryview(self._head)[offset:end]
        if self._whole is not None:
            return self._whole.read(offset, size)
        first, last = offset // PAGE, max(end - 1, offset) // PAGE
        if size == 0 or end > self.size:
            return self._span(offset, end)
        with self._lock:
            if first == last and first not in self._pages:
                self._fetch_page(first)
            found = [self._pages.get(page) for page in range(first, last + 1)]
            for page in range(first, last + 1):
                if page in self._pages:
                    self._pages.move_to_end(page)
        pieces = [piece for piece in found if piece is not None]
        if len(pieces) < len(found):
            return self._span(offset, end)
        data = memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        return data[offset - first * PAGE : end - first * PAGE]

    def _fetch_page(self, page: int) -> None:
        """A page; of what is read page by page, twice as many as the last time."""
        self._ahead = min(2 * self._ahead, PAGES // 4) if page == self._next else 1
        end = min((page + self._ahead) * PAGE, self.size)
        data = self._span(page * PAGE, end)
        for at in range(0, len(data), PAGE):
            self._keep(page + at // PAGE, memoryview(data)[at : at + PAGE])
        self._next = -(-end // PAGE)

    def _keep(self, page: int, data: Bytes) -> None:
        self._pages[page] = data  # last used is last
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)

    def expect(self, begin: int, end: int) -> None:
        """Fetch in one request what will be read in small parts: a tree."""
        first, last = begin // PAGE, -(-min(end, self.size) // PAGE)
        with self._lock:
            pages = [page for page in range(first, last) if page not in self._pages]
            if self._whole is not None or len(pages) < 2 or last - first > PAGES:
                return
            data = self._span(pages[0] * PAGE, min((pages[-1] + 1) * PAGE, self.size))
            for page in pages:
                at = (page - pages[0]) * PAGE
                self._keep(page, memoryview(data)[at : at + PAGE])

    def _span(self, begin: int, end: int) -> Bytes:
        return self.read_many(np.array([[begin, end]], "u8"))[0]

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        for begin, end in ranges.tolist():
            if end > self.size:
                raise _short(self.name, begin, end - begin, max(0, self.size - begin))
        if self._whole is not None:
            return self._whole.read_many(ranges)
        return _read_joined(ranges, REQUEST_GAP, self._request)

    def _request(self, begins: list[int], ends: list[int]) -> Iterable[Bytes]:
        """Ranges; what came with the first request is not asked again."""
        head = len(self._head)
        away = [(max(a, head), b) for a, b in zip(begins, ends, strict=True) if b > max(a, head)]
        if self._blocks is None:
            pieces = iter(self._fetch([a for a, _ in away], [b for _, b in away]))
        else:
            pieces = iter(self._blocks.read(away, self._fetch))
        for begin, end in zip(begins, ends, strict=True):
            here = memoryview(self._head)[begin:end]
            if end <= max(begin, head):
                yield here
            else:
                piece = next(pieces)
                yield piece if begin >= head else b"".join([here, piece])

    def _fetch(self, begins: Sequence[int], ends: Sequence[int]) -> list[bytes]:
        if not begins:
            return []
        if self._process != os.getpid():  # a fork has none of the threads that fetch
            self._transport, self._process = connect(self.url, self.options), os.getpid()
        try:
            answers = self._transport.ranges(begins, ends)
        except NoRangesError as told:  # from now on: some proxies do so past a size
            whole = self._downloaded(told)
            return [bytes(whole.read(a, b - a)) for a, b in zip(begins, ends, strict=True)]
        for begin, end, answer in zip(begins, ends, answers, strict=True):
            self._check(answer)
            if len(answer.data) != end - begin:
                raise _short(self.name, begin, end - begin, len(answer.data))
        return [answer.data for answer in answers]

    def _check(self, answer: Answer) -> None:
        """Raise where the answer is of another file than the one that was opened."""
        changes = (
            ("size", self.size, answer.size),
            ("version (ETag)", self._version, answer.version),
        )
        for what, before, now in changes:
            if before is not None and now is not None and before != now:
                self._changed = True
                raise RemoteError(
                    f"{self.name}: the file has changed since it was opened: its {what} was "
                    f"{before}, and is {now}; open it again",
                    url=self.name,
                )

    def modified(self) -> float | None:
        return self._transport.modified()

    def is_current(self) -> bool:
        return not self._changed

    def __reduce__(self) -> tuple[Any, ...]:
        known = (self.size, self._version) if self._whole is None else None
        return _remote, (self.url, self.options, self.cache, known)


def _remote(
    url: str,
    options: Mapping[str, Any],
    cache: PathLike | None,
    known: tuple[int, str | None] | None,
) -> RemoteSource:
    return RemoteSource(url, options, cache, known=known)


class FileSource:
    """An open binary file, or a stream, which is kept in a temporary file to seek in it."""

    def __init__(self, file: BinaryIO, name: str | None = None, *, keep: bool = False) -> None:
        if isinstance(file, io.TextIOBase):
            raise TypeError(f"{file!r} is open as text; open it with mode 'rb'")
        readable = getattr(file, "readable", None)
        if readable is not None and not readable():
            raise TypeError(f"{file!r} is open to be written; open it with mode 'rb'")
        self._file = file
        if keep or not _can_seek(file):
            self._file = _kept(file)
        self._lock = threading.Lock()
        known = getattr(file, "name", None)
        if known in (0, "<stdin>") or file is getattr(sys.stdin, "buffer", None):
            known = "<stdin>"
        self.name = name or str(known or f"<{type(file).__name__}>")
        self.size = self._file.seek(0, io.SEEK_END)

    def read(self, offset: int, size: int) -> Bytes:
        if offset + size > self.size:
            raise _short(self.name, offset, size, max(0, self.size - offset))
        with self._lock:
            self._file.seek(offset)
            parts: list[bytes] = []
            left = size
            while left > 0 and (piece := self._file.read(left)):
                parts.append(piece)
                left -= len(piece)
        if left:
            raise _short(self.name, offset, size, size - left)
        return b"".join(parts)

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        return [self.read(begin, end - begin) for begin, end in ranges.tolist()]

    def modified(self) -> float | None:
        return None

    def is_current(self) -> bool:
        return not getattr(self._file, "closed", False)


class SourceFile(io.RawIOBase):
    """A source as a file object, for pyarrow; the bytes of ``ahead`` are read at once.

    Why not pyarrow's own pre_buffer: its threads let go of the file when they get to it, and
    where Python ends meanwhile, they end the process: "terminate called" in 5 of 80 scripts.
    """

    def __init__(self, source: ByteSource, ahead: Ranges | None = None) -> None:
        self._source, self._at = source, 0
        joined = np.empty((0, 2), np.uint64) if ahead is None else coalesce(ahead, 0)
        self._begins = joined[:, 0].astype(np.int64)
        self._ahead = source.read_many(joined)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> Any:
        """Bytes, or a view of them, which pyarrow takes without a copy."""
        left = max(0, self._source.size - self._at)
        size = left if size is None or size < 0 else min(size, left)
        data = self._piece(size)
        self._at += size
        return data

    def _piece(self, size: int) -> Bytes:
        i = int(np.searchsorted(self._begins, self._at, side="right")) - 1
        if i >= 0:
            lo = self._at - int(self._begins[i])
            if lo + size <= len(self._ahead[i]):
                return memoryview(self._ahead[i])[lo : lo + size]
        return self._source.read(self._at, size)


def _can_seek(file: BinaryIO) -> bool:
    able = getattr(file, "seekable", None)
    return hasattr(file, "seek") and (able is None or bool(able()))


def _kept(file: BinaryIO) -> BinaryIO:
    """What a stream has left, in a temporary file.

    Why a file: memory stays bounded, and a large pipe is read as a file is.
    """
    kept = temporary()
    shutil.copyfileobj(file, kept, 1 << 20)
    return kept


def _read_joined(
    ranges: Ranges, gap: int, read: Callable[[list[int], list[int]], Iterable[Bytes]]
) -> Sequence[Bytes]:
    """The bytes of each range; ranges with at most ``gap`` between them are read as one."""
    if len(ranges) == 0:
        return []
    joined = coalesce(ranges, gap)
    begins = joined[:, 0].tolist()
    views = [memoryview(piece) for piece in read(begins, joined[:, 1].tolist())]
    which = np.searchsorted(joined[:, 0], ranges[:, 0], side="right") - 1
    return [
        views[i][begin - begins[i] : end - begins[i]]
        for i, (begin, end) in zip(which.tolist(), ranges.tolist(), strict=True)
    ]


def _short(name: str, offset: int, wanted: int, found: int) -> Exception:
    return format_error(name, offset, f"truncated: {wanted} bytes expected, {found} found")


def expect(source: ByteSource, begin: int, end: int) -> None:
    """Say that these bytes will be read in small parts, for a source where that is slow."""
    if isinstance(source, RemoteSource):
        source.expect(begin, end)


def keep(source: ByteSource) -> None:
    """Say that all of it will be read twice, for a source where that is slow."""
    if isinstance(source, RemoteSource):
        source.keep()


def _local(path: str, held: bool) -> ByteSource:
    """A file; a pipe or device (``/dev/stdin``, ``<(…)`` of a shell) is read to its end."""
    mode = 0
    if "\0" in path:
        raise ValueError(f"{path!r}: no path, which has no NUL; bytes are a file's content")
    with suppress(OSError):  # opening it says what is wrong
        mode = os.stat(path).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        with open(path, "rb") as file:
            return FileSource(file, path, keep=True)
    return PathSource(path, held=held)


def open_source(
    what: Any,
    storage_options: Mapping[str, Any] | None = None,
    *,
    cache: PathLike | None = None,
    first: int = PAGE,
    held: bool = True,
) -> ByteSource:
    """A ByteSource over a path, URL, bytes, open binary file or another source.

    Of a URL, ``cache`` is a folder for blocks that were read, and the first request brings
    ``first`` bytes. ``held`` is a `PathSource`'s.
    """
    if isinstance(what, (bytes, bytearray, memoryview)):
        return MemorySource(what)
    if isinstance(what, (str, os.PathLike)):
        path = expanded(what)
        if is_url(path):
            return RemoteSource(path, storage_options, cache, first=first)
        return _local(path, held)
    if hasattr(what, "read_many") and hasattr(what, "size"):
        return what
    if hasattr(what, "read"):
        return FileSource(what)
    raise TypeError(
        f"cannot read from {type(what).__name__}; expected a path, URL, bytes or open binary file, "
        "or a list of them"
    )
