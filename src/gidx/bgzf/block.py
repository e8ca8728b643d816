"""One BGZF block on disk: its header, its data, and virtual offsets into it.

A BGZF file is blocks of at most 64 kB, each a gzip member that knows its own size, and
at its end an empty one, the EOF marker. A virtual offset is the place of a block in the
file, shifted by 16 bits, with the place in the block's data below; it can be compared,
but not subtracted.

Layout: SAM specification, section 4.1. Left out: gzip members with a name or a comment
(FLG is 4, as the specification has it).

>>> block = deflate_block(b"chr1\\t100\\t200\\n")
>>> is_bgzf(block), inflate(block, 0, "a.bed.gz")
(True, b'chr1\\t100\\t200\\n')
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import deflate
import numpy as np
import numpy.typing as npt

from gidx.errors import FormatError, format_error, whole
from gidx.ground.libdeflate import LIBDEFLATE
from gidx.ground.source import ByteSource

HEADER = np.dtype([          # offset
    ("magic", "S4"),         #  0  1f 8b: gzip, 08: deflate, 04: extra subfields and no more
    ("mtime", "<u4"),        #  4  0
    ("xfl", "u1"),           #  8  0
    ("os", "u1"),            #  9  255, unknown
    ("xlen", "<u2"),         # 10  size of the subfields that follow: 6, if BC is the only one
])  # fmt: skip

SUBFIELD = np.dtype([        # offset; any number of them, one of which is BC
    ("id", "S2"),            #  0  42 43, "BC"
    ("slen", "<u2"),         #  2  2
    ("bsize", "<u2"),        #  4  the whole block's size, less 1
])  # fmt: skip

# … the deflate stream …

TAIL = np.dtype([            # offset
    ("crc32", "<u4"),        #  0  of the data
    ("isize", "<u4"),        #  4  size of the data
])  # fmt: skip

BLOCK = np.dtype([           # where a block is, as `blocks` tells
    ("block_start", "u8"),   # in the file
    ("block_size", "u8"),    # header and tail included
    ("data_start", "u8"),    # in the data of all blocks
    ("data_size", "u8"),
])  # fmt: skip

MAGIC = bytes.fromhex("1f8b0804")
EOF = bytes.fromhex("1f8b08040000000000ff 0600 4243 0200 1b00 0300 00000000 00000000")
MAX_BLOCK = 1 << 16
# What is written: htslib's choice, with which a block of any data fits into 64 kB.
MAX_DATA = 0xFF00
LEVEL = 6  # as bgzip
LEVELS = range(13)
# Blocks inflated or deflated in one call on a thread, up to 512 kB of data. Reading 108 MB
# of BED on two threads: 0.32 s with 4 blocks, 0.27 s with 8, 0.42 s with 16, 0.59 s with 32.
GROUP = 8

_PREFIX = EOF[:16]  # the header of a block whose only subfield is BC
_FIXED = HEADER.itemsize + SUBFIELD.itemsize  # … which takes so many bytes
_SMALLEST = _FIXED + 2 + TAIL.itemsize  # no deflate stream has less than 2 bytes
_HEADER = struct.Struct("<I6xIHH")  # magic, xlen with "BC", slen, bsize
_unpack_header = _HEADER.unpack_from
_MAGIC, _ONLY_BC, _, _ = _unpack_header(EOF)
GZIP = MAGIC[:3]
_STEP = 1 << 20


# ── virtual offsets ─────────────────────────────────────────────────────────────────────────────


def make_virtual_offset(block_start: int, within: int) -> int:
    """The virtual offset of a place in a block's data.

    Parameters
    ----------
    block_start
        Where the block begins in the file, below 2**48.
    within
        The place in the block's data, below 2**16.

    >>> make_virtual_offset(55074, 126)
    3609329790
    >>> make_virtual_offset(0, 2**16)
    Traceback (most recent call last):
    ...
    ValueError: Require 0 <= within_block_offset < 2**16, got 65536
    """
    within = whole("within_block_offset", within)
    block_start = whole("block_start_offset", block_start)
    if not 0 <= within < 1 << 16:
        raise ValueError(f"Require 0 <= within_block_offset < 2**16, got {within}")
    if not 0 <= block_start < 1 << 48:
        raise ValueError(f"Require 0 <= block_start_offset < 2**48, got {block_start}")
    return block_start << 16 | within


def split_virtual_offset(virtual_offset: int) -> tuple[int, int]:
    """A virtual offset as (block start, offset within the block's data).

    >>> split_virtual_offset(3609329790)
    (55074, 126)
    """
    virtual_offset = whole("virtual_offset", virtual_offset)
    if not 0 <= virtual_offset < 1 << 64:
        raise ValueError(f"Require 0 <= virtual_offset < 2**64, got {virtual_offset}")
    return virtual_offset >> 16, virtual_offset & 0xFFFF


# ── is it BGZF? ─────────────────────────────────────────────────────────────────────────────────


def is_gzip(head: bytes) -> bool:
    """Whether a file that begins so is gzip, of whatever kind.

    >>> is_gzip(b"##fileformat=VCF"), is_gzip(EOF)
    (False, True)
    """
    return bytes(head[:3]) == GZIP


def is_bgzf(head: bytes) -> bool:
    """Whether a file that begins so is BGZF; the first 18 bytes will do.

    More are needed only where other subfields precede BC: bring 4 kB if at hand.
    """
    return bytes(head[:4]) == MAGIC and _block_size(head, 0) is not None


def check_bgzf(source: ByteSource) -> None:
    """Raise FormatError where a file does not begin with a BGZF block."""
    head = bytes(source.read(0, min(source.size, 4096)))
    if is_bgzf(head):
        return
    file = os.path.basename(source.name)
    if not head:
        what = f"not a BGZF file: it is empty, expected an EOF marker of {len(EOF)} bytes at least"
    elif MAGIC.startswith(head[:4]) and len(head) < _header_size(head):
        what = f"truncated block header: needs {_header_size(head)} bytes, file has {len(head)}"
    elif is_gzip(head):
        what = f"plain gzip, without blocks to seek to; make it BGZF with: gidx bgzip {file}"
    else:
        what = f"not a BGZF file: begins with {head[:4].hex()}, expected {MAGIC.hex()}"
        what += f"; compress it with: gidx bgzip {file}"
    raise format_error(source.name, 0, what)


def _header_size(head: bytes) -> int:
    """The size of a header, subfields included, as far as can be told from its first bytes."""
    return max(_FIXED, HEADER.itemsize + int.from_bytes(head[10:12], "little"))


def has_eof(source: ByteSource) -> bool:
    """Whether the file ends with the EOF marker; without it, it may have been cut."""
    return source.size >= len(EOF) and source.read(source.size - len(EOF), len(EOF)) == EOF


# ── from block to block ─────────────────────────────────────────────────────────────────────────


def walk(
    buf: bytes | memoryview, at: int, name: str, *, final: bool, most: int | None = None
) -> tuple[list[int], int]:
    """The sizes of the whole blocks in ``buf``, in order, and how many bytes they take.

    Parameters
    ----------
    buf
        Bytes of the file ``name`` from offset ``at`` on, where a block begins.
    final
        Whether ``buf`` reaches to the file's end, so that a block that is not whole
        is an error. Else it is left to be walked again with more bytes.
    most
        Stop after so many blocks, and look at nothing beyond.

    >>> walk(EOF + EOF + EOF[:9], 0, "a.gz", final=False)
    ([28, 28], 56)
    """
    sizes: list[int] = []
    place = 0
    while len(sizes) != most and (size := whole_block(buf, place, at, name, final=final)):
        sizes.append(size)
        place += size
    return sizes, place


def whole_block(buf: bytes | memoryview, place: int, at: int, name: str, *, final: bool) -> int:
    """The size of the block at ``buf[place:]``; 0 where there is none, or it is not whole.

    The other parameters are those of `walk`, which goes on from one to the next.
    """
    left = len(buf) - place
    if left >= _FIXED:
        magic, first, slen, bsize = _unpack_header(buf, place)
        size: int = bsize + 1
        if magic != _MAGIC or first != _ONLY_BC or slen != 2 or size < _SMALLEST:
            size = _odd_block_size(buf, place, at, name, final=final) or 0
        if 0 < size <= left:
            return size
    if final and left:
        raise _cut(buf, place, at, name)
    return 0


def _odd_block_size(
    buf: bytes | memoryview, place: int, at: int, name: str, *, final: bool
) -> int | None:
    """The size of a block that is not of the usual kind; None where more bytes are needed."""
    head = bytes(buf[place : place + 4])
    if head != MAGIC:
        raise _bad_magic(head, at + place, name)
    xlen = int.from_bytes(buf[place + 10 : place + 12], "little")
    if not final and place + HEADER.itemsize + xlen > len(buf):
        return None
    size = _block_size(buf, place)
    if size is None and place + HEADER.itemsize + xlen > len(buf):
        return None
    if size is None:
        raise format_error(
            name, at + place, "a gzip member without a block size (subfield BC), so not BGZF"
        )
    least = HEADER.itemsize + xlen + 2 + TAIL.itemsize
    if size < least:
        raise format_error(
            name, at + place, f"damaged block: header says {size} bytes, expected at least {least}"
        )
    return size


def _block_size(buf: bytes | memoryview, place: int) -> int | None:
    """What the subfield BC says; None where there is none (in the bytes at hand)."""
    begin = place + HEADER.itemsize
    end = min(begin + int.from_bytes(buf[begin - 2 : begin], "little"), len(buf))
    while begin + 4 <= end:
        slen = int.from_bytes(buf[begin + 2 : begin + 4], "little")
        if bytes(buf[begin : begin + 2]) == b"BC" and slen == 2 and begin + 6 <= end:
            return int.from_bytes(buf[begin + 4 : begin + 6], "little") + 1
        begin += 4 + slen
    return None


def _bad_magic(head: bytes, offset: int, name: str) -> FormatError:
    what = f"no block begins here: magic is {head.hex()}, expected {MAGIC.hex()}"
    if head[:3] == MAGIC[:3]:  # as `cat` leaves it
        what += "; plain gzip follows the BGZF blocks, so compress all of it anew: gzip -dc | bgzip"
    return format_error(name, offset, what)


def _cut(buf: bytes | memoryview, place: int, at: int, name: str) -> FormatError:
    """The error of a last block that is not whole."""
    left = len(buf) - place
    head = bytes(buf[place : place + 4])
    if not MAGIC.startswith(head):
        return _bad_magic(head, at + place, name)
    size = _block_size(buf, place)
    if size is None:
        needed = _header_size(bytes(buf[place : place + HEADER.itemsize]))
        what = f"truncated block header: needs {needed} bytes, file has {left}"
    else:
        what = f"truncated block: header says {size} bytes, file has {left}"
    return format_error(name, at + place, what)


def pieces(
    source: ByteSource, start: int = 0, step: int = _STEP
) -> Iterator[tuple[int, memoryview, list[int]]]:
    """The file from the block at ``start`` on: (offset, bytes, sizes of the blocks in them).

    About ``step`` bytes at a time, whole blocks only. A block that the file's end cuts
    is an error once all before it were handed out, a damaged header as soon as it is read.
    """
    at = start
    while at < source.size:
        size = min(max(step, MAX_BLOCK), source.size - at)
        buf = memoryview(source.read(at, size))
        sizes, taken = walk(buf, at, source.name, final=False)
        if sizes:
            yield at, buf[:taken], sizes
        elif at + size == source.size:
            walk(buf, at, source.name, final=True)
        at += taken


def blocks(source: ByteSource) -> npt.NDArray[Any]:
    """Where each block is, its data and its size: an array of `BLOCK`.

    Nothing is inflated: data sizes are what the blocks' tails say.
    """
    check_bgzf(source)
    sizes = [np.empty(0, "u8")]
    data_sizes = [np.empty(0, "u8")]
    for at, buf, found in pieces(source):
        sizes.append(np.array(found, "u8"))
        data_sizes.append(np.array(tail_sizes(buf, found, at, source.name), "u8"))
    table = np.empty(sum(map(len, sizes)), BLOCK)
    table["block_size"] = np.concatenate(sizes)
    table["data_size"] = np.concatenate(data_sizes)
    for kind in ("block", "data"):
        ends = np.cumsum(table[f"{kind}_size"])
        table[f"{kind}_start"] = ends - table[f"{kind}_size"]
    return table


def tail_sizes(buf: bytes | memoryview, sizes: list[int], at: int, name: str) -> list[int]:
    """The sizes of the blocks' data, as their tails have it; parameters are those of `walk`."""
    found = []
    end = 0
    for size in sizes:
        end += size
        found.append(_data_size(buf[end - 4 : end], at + end - size, name))
    return found


# ── a block's data ──────────────────────────────────────────────────────────────────────────────


def inflate(piece: bytes | memoryview, at: int, name: str) -> bytes:
    """The data of one whole block, its CRC32 and its size checked.

    Parameters
    ----------
    piece
        The block, from its magic to its tail, as `walk` found it.
    at, name
        Where it is, for the error.
    """
    return bytes(inflate_block(bytes(piece), at, name))


def inflate_all(buf: bytes | memoryview, sizes: list[int], at: int, name: str) -> bytes:
    """The data of blocks that follow each other, as one; parameters are those of `walk`.

    >>> file = deflate_block(b"chr1") + deflate_block(b"chr2") + EOF
    >>> sizes, _ = walk(file, 0, "a.gz", final=True)
    >>> inflate_all(file, sizes, 0, "a.gz")
    b'chr1chr2'
    """
    return b"".join(inflate_each(buf, sizes, at, name))


def inflate_each(buf: bytes | memoryview, sizes: list[int], at: int, name: str) -> list[bytearray]:
    """The data of blocks that follow each other, block by block, for who joins them anyway."""
    # Why not of `inflate`: the bytes of each, joined, took 290 us a block, this 200 us.
    # Why in one call: see `gidx.kernels.inflate`.
    if LIBDEFLATE is not None:
        whole = LIBDEFLATE.gzip_blocks(buf, sizes, MAX_BLOCK)
        if whole is not None:
            return whole
    found = []
    place = 0
    for size in sizes:
        found.append(inflate_block(bytes(buf[place : place + size]), at + place, name))
        place += size
    return found


def inflate_block(piece: bytes, at: int, name: str) -> bytearray:
    """As `inflate`; what it gives is the caller's own, to change."""
    if LIBDEFLATE is not None:
        whole = LIBDEFLATE.gzip_blocks(piece, [len(piece)], MAX_BLOCK)
        if whole is not None:
            return whole[0]
    tail = piece[-4:]
    size = int.from_bytes(tail, "little")
    if size > MAX_BLOCK:
        _data_size(tail, at, name)
    try:
        data: bytearray = deflate.gzip_decompress(piece, size)
    except (deflate.DeflateError, ValueError):
        raise _damage(piece, at, name) from None
    # Libdeflate checks what follows the deflate stream and looks no further. So that must
    # be the block's end, and surely is if the block's last four bytes are nowhere else in
    # it, which chance has once in 200,000 blocks. Else a header that says too large a size
    # would hide the next block, where both hold the same (a stretch of N's, say). The
    # search takes 12 us of 160. Of no data, the binding looks at nothing at all.
    doubtful = size == 0 or piece.rfind(tail, _FIXED, len(piece) - 1) >= 0
    if len(data) != size or (doubtful and piece != EOF and not _is_one_member(piece, size)):
        raise _damage(piece, at, name)
    return data


def _is_one_member(piece: bytes, size: int) -> bool:
    """Whether a block is a gzip member of ``size`` bytes and nothing more, as zlib sees it."""
    stream = zlib.decompressobj(31)
    try:
        return len(stream.decompress(piece)) == size and stream.eof and not stream.unused_data
    except zlib.error:
        return False


def _data_size(tail: bytes | memoryview, at: int, name: str) -> int:
    size = int.from_bytes(tail, "little")
    if size > MAX_BLOCK:
        raise format_error(
            name, at, f"damaged block: its data is {size} bytes, expected at most {MAX_BLOCK}"
        )
    return size


def _damage(piece: bytes, at: int, name: str) -> FormatError:
    """What is wrong with a block, in zlib's words."""
    try:
        stream = zlib.decompressobj(31)
        stream.decompress(piece)
        what = "its deflate stream is cut"
        if stream.unused_data:
            what = f"{len(stream.unused_data)} bytes follow its data"
        elif stream.eof:
            what = "its data and its size do not agree"
    except zlib.error as error:
        what = str(error)
    return format_error(name, at, f"damaged block of {len(piece)} bytes: {what}")


def deflate_block(data: Any, level: int = LEVEL) -> bytes:
    """A whole block of at most `MAX_DATA` bytes; of none it is the EOF marker.

    Parameters
    ----------
    data
        Bytes or what has them.
    level
        0 (stored) to 12, libdeflate's.
    """
    size = memoryview(data).nbytes
    if size > MAX_DATA:
        raise ValueError(f"a block's data is {size} bytes, expected at most {MAX_DATA}")
    check_level(level)
    if size == 0:  # for which the binding returns no stream
        return EOF
    stream = deflate.deflate_compress(data, level)
    if _FIXED + len(stream) + TAIL.itemsize > MAX_BLOCK:
        stream = deflate.deflate_compress(data, 0)
    bsize = _FIXED + len(stream) + TAIL.itemsize - 1
    tail = struct.pack("<II", deflate.crc32(data), size)
    return b"".join((_PREFIX, bsize.to_bytes(2, "little"), stream, tail))


def check_level(level: int) -> None:
    """Raise ValueError for a level that libdeflate does not have."""
    if not isinstance(level, Integral) or level not in LEVELS:
        raise ValueError(f"level is {level!r}, expected {LEVELS[0]} to {LEVELS[-1]}")
