"""Blocks of remote files that were read: for a second reading, and for the next process.

    folder/<file>/<block>       file: a hash of URL, version and size; block: its number

A file that has changed has another version, so that its old blocks are never read. The folder
is bounded: blocks that were not used for the longest time go first. Several processes may use
one folder; a block is there as a whole or not at all, and is fetched anew where it has changed: of
plain text nothing else would tell. Of a server without ranges ``whole`` is the file as it was
downloaded, and ``whole.crc`` its checksum.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gidx.ground.atomic import replacing
from gidx.ground.limits import limits
from gidx.ground.owned import temporary

BLOCK = 128 * 1024
_CHECK = 4  # bytes behind a block, which tell that nothing of it has changed
_STEP = 1 << 20  # bytes of a whole file that are looked at at once: a second takes 1 GB or more
# Part of the limit that is written between two looks at how large the folder is
_PART = 10


class FileBlocks:
    """The blocks of one file, wherever they are kept."""

    _size: int

    def _block(self, number: int) -> bytes | None:
        raise NotImplementedError

    def write(self, number: int, data: bytes) -> None:
        """Keep a block."""
        raise NotImplementedError

    def read(
        self,
        spans: Sequence[tuple[int, int]],
        fetch: Callable[[list[int], list[int]], Sequence[bytes]],
    ) -> list[bytes]:
        """Spans of the file; ``fetch`` gets blocks that are not there, at once, to be kept."""
        numbers = [range(begin // BLOCK, -(-end // BLOCK)) for begin, end in spans]
        found = {number: self._block(number) for number in sorted({n for r in numbers for n in r})}
        runs: list[list[int]] = []  # of blocks that are not there
        for number, block in found.items():
            if block is None and runs and runs[-1][1] == number:
                runs[-1][1] += 1
            elif block is None:
                runs.append([number, number + 1])
        begins = [a * BLOCK for a, _ in runs]
        ends = [min(b * BLOCK, self._size) for _, b in runs]
        for (a, b), piece in zip(runs, fetch(begins, ends) if runs else (), strict=True):
            for number in range(a, b):
                at = (number - a) * BLOCK
                found[number] = bytes(piece[at : at + BLOCK])
                self.write(number, found[number] or b"")
        pieces = []
        for (begin, end), own in zip(spans, numbers, strict=True):
            data = b"".join(found[number] or b"" for number in own)
            pieces.append(data[begin - own.start * BLOCK : end - own.start * BLOCK])
        return pieces


class KeptBlocks(FileBlocks):
    """Those of a file that is read twice, in a temporary file of its own."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._file = temporary()
        self._there: set[int] = set()
        self._lock = threading.Lock()

    def _block(self, number: int) -> bytes | None:
        if number not in self._there:
            return None
        with self._lock:
            self._file.seek(number * BLOCK)
            return self._file.read(BLOCK)

    def write(self, number: int, data: bytes) -> None:
        with self._lock:
            self._file.seek(number * BLOCK)
            self._file.write(data)
            self._there.add(number)


class BlockCache(FileBlocks):
    """Those of one file in a folder, of which others have theirs in it."""

    def __init__(
        self, folder: str | os.PathLike[str], url: str, size: int, version: str | None
    ) -> None:
        self._root = Path(os.path.expanduser(folder))
        said = "\n".join([url, str(size), version or ""])
        self._folder = self._root / hashlib.sha256(said.encode()).hexdigest()[:32]
        self._size = size
        self._unseen: int | None = None  # bytes written since the last look
        self._lock = threading.Lock()
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def whole(self) -> Path:
        """The file as a server sends it that knows no ranges, if it was kept."""
        return self._folder / "whole"

    @property
    def has_whole(self) -> bool:
        """Whether it was kept, all of it, and nothing of it has changed."""
        try:
            with open(self.whole, "rb") as file:
                found = 0
                while piece := file.read(_STEP):
                    found = zlib.crc32(piece, found)
                size = file.tell()
            return size == self._size and self._told.read_bytes() == _bytes(found)
        except OSError:
            return False

    @property
    def _told(self) -> Path:
        """What tells that nothing of it has changed."""
        return self._folder / "whole.crc"

    @contextmanager
    def keeping_whole(self) -> Iterator[_Counted | None]:
        """A file to write all of it to; None where it may not, or cannot, be kept."""
        if self._size > limits.cache - limits.cache // _PART:
            yield None
            return
        with replacing(self.whole) as file:
            counted = _Counted(file)
            yield counted
        with replacing(self._told) as file:
            file.write(_bytes(counted.found))
        self._bound()

    def _block(self, number: int) -> bytes | None:
        path = self._folder / str(number)
        try:
            data = path.read_bytes()
            os.utime(path)  # last used
        except OSError:
            return None
        data, check = data[:-_CHECK], data[-_CHECK:]
        whole = len(data) == min(BLOCK, self._size - number * BLOCK)
        return data if whole and check == _checked(data) else None

    def write(self, number: int, data: bytes) -> None:
        """Keep a block; a folder that cannot be written to keeps none."""
        try:
            self._folder.mkdir(exist_ok=True)
            with replacing(self._folder / str(number)) as file:
                file.write(data + _checked(data))
        except OSError:
            return
        with self._lock:
            self._unseen = None if self._unseen is None else self._unseen + len(data)
            look = self._unseen is None or self._unseen >= limits.cache // _PART
            self._unseen = 0 if look else self._unseen
        if look:
            self._bound()

    def _bound(self) -> None:
        """Delete what was not used for the longest time: what is written next has to fit too."""
        found = []
        for folder, _, names in os.walk(self._root):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                found.append((status.st_mtime, status.st_size, path))
        left = sum(size for _, size, _ in found)
        most = limits.cache - limits.cache // _PART
        for _, size, path in sorted(found):
            if left <= most:
                break
            try:
                os.unlink(path)
            except OSError:
                continue
            left -= size


class _Counted:
    """A file that is written from its start, and the checksum of what was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.found = file, 0

    def write(self, data: bytes) -> None:
        self.found = zlib.crc32(data, self.found)
        self._file.write(data)


def _checked(data: bytes) -> bytes:
    return _bytes(zlib.crc32(data))


def _bytes(found: int) -> bytes:
    return found.to_bytes(_CHECK, "little")
