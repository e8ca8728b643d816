"""A folder with blocks of remote files that were read, for the next process that reads them.

    folder/<file>/<block>       file: a hash of URL, version and size; block: its number

A file that has changed has another version, so that its old blocks are never read. The folder
is bounded: blocks that were not used for the longest time go first. Several processes may use
one folder; a block is there as a whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from gidx.ground.atomic import replacing
from gidx.ground.limits import limits

BLOCK = 128 * 1024
# Part of the limit that is written between two looks at how large the folder is
_PART = 10


class BlockCache:
    """The blocks of one file in a folder."""

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

    def read(
        self, begin: int, end: int, fetch: Callable[[list[int], list[int]], Sequence[bytes]]
    ) -> bytes:
        """Bytes of the file; ``fetch`` gets blocks that are not there, which are kept then."""
        first, last = begin // BLOCK, -(-end // BLOCK)
        found = {number: self._block(number) for number in range(first, last)}
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
        data = b"".join(block or b"" for block in found.values())
        return data[begin - first * BLOCK : end - first * BLOCK]

    def has_all(self) -> bool:
        """Whether every block of the file is there."""
        return all(
            (self._folder / str(number)).exists() for number in range(-(-self._size // BLOCK))
        )

    def _block(self, number: int) -> bytes | None:
        path = self._folder / str(number)
        try:
            data = path.read_bytes()
            os.utime(path)  # last used
        except OSError:
            return None
        return data if len(data) == min(BLOCK, self._size - number * BLOCK) else None

    def write(self, number: int, data: bytes) -> None:
        """Keep a block; a folder that cannot be written to keeps none."""
        try:
            self._folder.mkdir(exist_ok=True)
            with replacing(self._folder / str(number)) as file:
                file.write(data)
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
