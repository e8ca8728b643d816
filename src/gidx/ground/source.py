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
import re
import shutil
import stat
import sys
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import numpy as np

from gidx.errors import format_error
from gidx.ground.ranges import Ranges, coalesce

Bytes = bytes | memoryview
PathLike = str | os.PathLike[str]

# One HTTP round trip costs about what 64 kB cost at 10 Mbit/s and 50 ms, so
# reading a gap of that size is cheaper than a request of its own.
REQUEST_GAP = 64 * 1024
# Small reads of a remote file (headers, tree nodes) are served from pages of this
# size: opening a bigBed and planning a query takes 3 requests instead of 20.
PAGE = 128 * 1024
PAGES = 64


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


class PathSource:
    """A local file, read by position, so that threads need no lock.

    Why not a memory map: the pages of a map count as the process's own, so scanning
    a file of 10 GB looked like 10 GB in use; and a file that somebody cuts short
    while it is mapped kills the process, where a short read is an error. A whole
    scan of 2 M rows (30 MB) takes 8 ms longer.
    """

    def __init__(self, path: PathLike) -> None:
        self.name = os.fspath(path)
        if os.path.isdir(self.name):  # which Windows calls a PermissionError
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self.name)
        self._fd = os.open(self.name, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._closing = weakref.finalize(self, os.close, self._fd)
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{self.name}: not a regular file, so its ranges cannot be read")
        self.size, self._modified = status.st_size, status.st_mtime
        self._status = _identity(status)
        self._lock = threading.Lock()

    def read(self, offset: int, size: int) -> Bytes:
        if offset + size > self.size:
            raise _short(self.name, offset, size, max(0, self.size - offset))
        piece = self._pread(size, offset)
        while 0 < len(piece) < size:  # a signal or a network file system may cut it
            more = self._pread(size - len(piece), offset + len(piece))
            if not more:
                break
            piece += more
        if len(piece) != size:
            raise _short(self.name, offset, size, len(piece))
        return piece

    def close(self) -> None:
        """Close the file; what reads from it afterwards raises ValueError."""
        self._closing()

    def _pread(self, size: int, offset: int) -> bytes:
        if not self._closing.alive:  # the number may be that of another file by now
            raise ValueError(f"{self.name}: read after it was closed")
        if hasattr(os, "pread"):
            return os.pread(self._fd, size, offset)
        with self._lock:  # Windows
            os.lseek(self._fd, offset, os.SEEK_SET)
            return os.read(self._fd, size)

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        if len(ranges) == 1:
            ((begin, end),) = ranges.tolist()
            return [self.read(begin, end - begin)]
        return _read_joined(ranges, 0, lambda begins, ends: map(self._span, begins, ends))

    def _span(self, begin: int, end: int) -> Bytes:
        return self.read(begin, end - begin)

    def modified(self) -> float | None:
        return self._modified

    def is_current(self) -> bool:
        try:
            return self._closing.alive and _identity(os.stat(self.name)) == self._status
        except OSError:
            return False

    def __reduce__(self) -> tuple[Any, ...]:
        return PathSource, (self.name,)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class RemoteSource:
    """A file behind a URL, read through fsspec (any protocol that it knows)."""

    def __init__(self, url: str, storage_options: Mapping[str, Any] | None = None) -> None:
        import fsspec

        self.name = url
        self.options = dict(storage_options or {})
        self._fs, self._path = fsspec.core.url_to_fs(url, **self.options)
        size = self._fs.info(self._path).get("size")
        if size is None:
            raise OSError(
                f"{url}: the server does not tell the file's size, so ranges of it cannot be "
                "read; download the file first"
            )
        self.size = int(size)
        self._pages: OrderedDict[int, Bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, offset: int, size: int) -> Bytes:
        page = offset // PAGE
        if size == 0 or (offset + size - 1) // PAGE != page or offset + size > self.size:
            return self.read_many(np.array([[offset, offset + size]], "u8"))[0]
        with self._lock:
            found = self._pages.pop(page, None)
            if found is None:
                span = [[page * PAGE, min((page + 1) * PAGE, self.size)]]
                found = self.read_many(np.array(span, "u8"))[0]
            self._pages[page] = found  # last used is last
            if len(self._pages) > PAGES:
                self._pages.popitem(last=False)
        return memoryview(found)[offset - page * PAGE : offset - page * PAGE + size]

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        for begin, end in ranges.tolist():
            if end > self.size:
                raise _short(self.name, begin, end - begin, max(0, self.size - begin))
        return _read_joined(ranges, REQUEST_GAP, self._request)

    def _request(self, begins: list[int], ends: list[int]) -> Iterable[Bytes]:
        pieces = self._fs.cat_ranges([self._path] * len(begins), begins, ends, on_error="raise")
        for begin, end, piece in zip(begins, ends, pieces, strict=True):
            if len(piece) == self.size != end - begin:  # the server ignored the range
                yield memoryview(piece)[begin:end]
            elif len(piece) == end - begin:
                yield piece
            else:
                raise _short(self.name, begin, end - begin, len(piece))

    def modified(self) -> float | None:
        try:
            return float(self._fs.modified(self._path).timestamp())
        except (NotImplementedError, AttributeError, KeyError, OSError, ValueError):
            return None  # most servers do not tell

    def is_current(self) -> bool:
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteSource, (self.name, self.options)


class FileSource:
    """An open binary file, or a stream, which is kept in a temporary file to seek in it."""

    def __init__(self, file: BinaryIO, name: str | None = None, *, keep: bool = False) -> None:
        if isinstance(file, io.TextIOBase):
            raise TypeError(f"{file!r} is open as text; open it with mode 'rb'")
        self._file = file
        if keep or not _can_seek(file):
            self._file = _kept(file)
            weakref.finalize(self, self._file.close)
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
        return True


def _can_seek(file: BinaryIO) -> bool:
    able = getattr(file, "seekable", None)
    return hasattr(file, "seek") and (able is None or bool(able()))


def _kept(file: BinaryIO) -> BinaryIO:
    """What a stream has left, in a temporary file.

    Why a file: memory stays bounded, and a large pipe is read as a file is.
    """
    kept = tempfile.TemporaryFile()  # noqa: SIM115 (the source closes it)
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


def is_url(path: str) -> bool:
    """Whether a name is for fsspec (``https://…``, ``s3://…``, ``memory://…``).

    >>> is_url("https://host/a.bb"), is_url("a.bb"), is_url("C:/a.bb")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:(//|:)", path) is not None


def beside(name: str, suffix: str) -> str:
    """The name of what lies beside a file, whose URL may have a query.

    >>> beside("a.vcf.gz", ".tbi"), beside("https://host/a.vcf.gz?download=1", ".tbi")
    ('a.vcf.gz.tbi', 'https://host/a.vcf.gz.tbi?download=1')
    """
    path, mark, query = name.partition("?") if is_url(name) else (name, "", "")
    return f"{path}{suffix}{mark}{query}"


def expanded(path: PathLike) -> str:
    """A path as text, with ``~`` as the user's folder; URLs stay as they are.

    >>> expanded("a~b.bed"), expanded("https://host/~me/a.bb")
    ('a~b.bed', 'https://host/~me/a.bb')
    """
    return os.path.expanduser(os.fspath(path))


def _local(path: str) -> ByteSource:
    """A file; a pipe or device (``/dev/stdin``, ``<(…)`` of a shell) is read to its end."""
    path = expanded(path)
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return PathSource(path)  # which says what is wrong
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        with open(path, "rb") as file:
            return FileSource(file, path, keep=True)
    return PathSource(path)


def open_source(what: Any, storage_options: Mapping[str, Any] | None = None) -> ByteSource:
    """A ByteSource over a path, URL, bytes, open binary file or another source."""
    if isinstance(what, (bytes, bytearray, memoryview)):
        return MemorySource(what)
    if isinstance(what, (str, os.PathLike)):
        path = os.fspath(what)
        return RemoteSource(path, storage_options) if is_url(path) else _local(path)
    if hasattr(what, "read_many") and hasattr(what, "size"):
        return what
    if hasattr(what, "read"):
        return FileSource(what)
    raise TypeError(
        f"cannot read from {type(what).__name__}; expected a path, URL, bytes or open binary file"
    )
