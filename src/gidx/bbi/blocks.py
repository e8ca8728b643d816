"""Data blocks of a bbi file: inflate what was read, deflate what is written.

Each block is a zlib stream of its own (RFC 1950), or plain bytes in a file that is
not compressed.

Why the package `deflate` (libdeflate): on one thread, in MB/s of bed6 records,
inflating: deflate 460, isal 405, zlib-ng 300, zlib 200. Compressing: level 6
deflate 61, zlib-ng 52, zlib 35; isal 220 at 2 % more bytes, but it has levels 0 to
3 only, so `level=6` would not mean what it says.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from typing import Any

import deflate
import numpy as np
import numpy.typing as npt

from gidx.bbi.range_tree import TreeItems
from gidx.errors import FormatError, format_error
from gidx.ground.layout import Order
from gidx.ground.libdeflate import LIBDEFLATE
from gidx.ground.limits import limits
from gidx.ground.ranges import Ranges
from gidx.ground.source import ByteSource, PathSource
from gidx.ground.tuning import tuning
from gidx.kernels.signal import FEW, Bases

LEVEL = 6  # zlib's own default, which UCSC's tools use
_MOST = 1032  # deflate cannot shrink further than 1032 to 1
_SANE = 1 << 20  # bytes of a block; writers make 16 to 64 kB
_LARGEST = 2**31 - 2**16  # kernels count positions in int32


@dataclass(frozen=True)
class Blocks:
    """Inflated blocks, one after the other, and where in the file each was."""

    text: npt.NDArray[np.uint8]
    bounds: npt.NDArray[np.int64]
    ranges: Ranges


class _Kept:
    """Inflated blocks of all files, those that were used last: at most `tuning.bbi_kept` bytes."""

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[int, ...], npt.NDArray[np.uint8]] = OrderedDict()
        self._bytes = 0
        self.free()
        if hasattr(os, "register_at_fork"):  # what held the lock stays behind in the parent
            os.register_at_fork(after_in_child=self.free)

    def free(self) -> None:
        """Nobody holds the lock."""
        self._lock = threading.Lock()

    def get(self, place: tuple[int, ...]) -> npt.NDArray[np.uint8] | None:
        """The text at a place, if it is there."""
        with self._lock:
            found = self._texts.get(place)
            if found is not None:
                self._texts.move_to_end(place)
        return found

    def put(self, place: tuple[int, ...], text: npt.NDArray[np.uint8]) -> None:
        """Keep a text; those that were used longest ago go."""
        with self._lock:
            before = self._texts.pop(place, None)
            self._bytes += len(text) - (0 if before is None else len(before))
            self._texts[place] = text  # last used is last
            while self._bytes > tuning.bbi_kept:
                self._bytes -= len(self._texts.popitem(last=False)[1])


_kept = _Kept()
_files = count()


class LastBlocks:
    """The blocks of one file, of which those that were asked for last may be at hand.

    Who asks region after region is often in a block that was just read, and to inflate it is more
    than half of the time of a region of a bigWig: 39 us, with its block at hand 6. Blocks of a
    file that was closed, or has changed since, are not given.
    """

    FEW = FEW  # blocks of one query; more are a scan, which comes by but once

    def __init__(self, source: ByteSource, size: int) -> None:
        self._source, self._size, self._file = source, size, next(_files)

    def get(self, ranges: Ranges) -> Blocks:
        """The blocks at these ranges."""
        if not 0 < len(ranges) <= self.FEW or not self._size:
            return Blocks(*inflate(self._source, ranges, self._size), ranges)
        spans = ranges.tolist()
        places = [(self._file, begin, end) for begin, end in spans]
        texts = [text for text in map(_kept.get, places) if text is not None]
        if len(texts) == len(spans) and self._is_unchanged():
            text = texts[0] if len(texts) == 1 else np.concatenate(texts)
            return Blocks(text, np.array([0, *accumulate(map(len, texts))], np.int64), ranges)
        text, bounds = inflate(self._source, ranges, self._size)
        cuts = bounds.tolist()
        for place, a, b in zip(places, cuts[:-1], cuts[1:], strict=True):
            _kept.put(place, text if len(spans) == 1 else text[a:b].copy())
        return Blocks(text, bounds, ranges)

    def _is_unchanged(self) -> bool:
        source = self._source
        return source.is_unchanged() if isinstance(source, PathSource) else source.is_current()

    def bases(self, tree: TreeItems, order: Order, n_chroms: int) -> Bases | None:
        """What looks up the bases of a region of a bigWig, most of which have few of the blocks."""
        if LIBDEFLATE is None or not 0 < self._size <= _SANE:
            return None
        source, big = self._source, order == ">"
        held = source.held() if isinstance(source, PathSource) else None
        kept = _kept, self._file
        return Bases(tree, source, held, *kept, LIBDEFLATE, self._size, big, n_chroms)


def inflate(
    source: ByteSource, ranges: Ranges, size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes of the blocks at ``ranges``, one after the other: (bytes, bounds).

    ``size`` is the header's uncompress buffer size; 0 says that blocks are plain.
    Block i is ``bytes[bounds[i] : bounds[i + 1]]``.
    """
    # Python's numbers: most queries want one block, for which numpy's took 40 us more
    spans = ranges.tolist()
    for begin, end in spans:
        if end > source.size or end < begin:
            raise format_error(
                source.name, begin, f"truncated block: ends at {end}, file ends at {source.size}"
            )
    most = min(limits.block, _LARGEST)
    left = most if size else most - sum(end - begin for begin, end in spans)
    if left < 0:  # before they are read
        raise _too_large(source, spans[0][0], most)
    pieces: Sequence[Any] = source.read_many(ranges)
    # In one call (see `gidx.kernels.inflate`), where nobody has to count: of sane sizes.
    found: tuple[bytes | bytearray, list[int]] | None = None
    if LIBDEFLATE is not None and 0 < size <= _SANE and size * len(spans) <= left:
        found = LIBDEFLATE.zlib_text(list(pieces), size)
    if found is None:
        if size:
            pieces = _inflate_each(source, spans, pieces, size, left)
        found = b"".join(pieces), [*map(len, pieces)]
    whole, sizes = found
    return np.frombuffer(whole, np.uint8), np.array([0, *accumulate(sizes)], np.int64)


def _inflate_each(
    source: ByteSource, spans: Sequence[Sequence[int]], stored: Sequence[Any], size: int, left: int
) -> list[bytes | bytearray]:
    """Blocks of at most ``left`` bytes in all; ``size`` is what the header says of the largest."""
    pieces: list[bytes | bytearray] = []
    for (at, _), piece in zip(spans, stored, strict=True):
        pieces.append(_inflate(source, at, piece, size, left))
        left -= len(pieces[-1])
    return pieces


def _inflate(source: ByteSource, at: int, piece: Any, size: int, most: int) -> bytes | bytearray:
    """One block of at most ``most`` bytes; ``size`` is what the header says of the largest."""
    found: bytes | bytearray
    try:
        found = deflate.zlib_decompress(piece, min(size, len(piece) * _MOST + 64, most))
    except deflate.DeflateError:  # larger than the header says, or damaged; zlib knows which
        stream = zlib.decompressobj()
        try:
            found = stream.decompress(piece, most + 1)
        except zlib.error as error:
            raise _damaged(source, at, piece, str(error)) from None
        if len(found) > most:
            raise _too_large(source, at, most) from None
        if not stream.eof:
            raise _damaged(source, at, piece, "its deflate stream is cut") from None
    return found


def _damaged(source: ByteSource, at: int, piece: Any, why: str) -> FormatError:
    return format_error(source.name, at, f"damaged block of {len(piece)} bytes: {why}")


def _too_large(source: ByteSource, at: int, most: int) -> FormatError:
    if most == _LARGEST:  # no limit would help
        return format_error(source.name, at, f"a block of more than {most:,} bytes is too large")
    return limits.passed("block", source.name, at, "a block that inflates to more")


def deflate_block(block: bytes | memoryview, level: int) -> bytes | memoryview:
    """A block as it is stored; level 0 leaves it plain."""
    return bytes(deflate.zlib_compress(block, level)) if level else block
