"""GZI: where each block of a BGZF file and its data begin, to seek by uncompressed offset.

Layout: bgzip(1), "GZI format": a count, then pairs of offsets. The first block, 0 and 0,
goes without saying. Which blocks have an entry is bgzip's choice, as no page says it:
all that have data. BGZFLib.jl also writes the first block and the EOF marker; that is read,
and written again, as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np
import numpy.typing as npt

from gidx.bgzf.block import check_bgzf, inflate_each, make_virtual_offset, pieces
from gidx.errors import format_error, whole
from gidx.ground import names
from gidx.ground.atomic import mode_of_data, replacing
from gidx.ground.pool import in_order, thread_count
from gidx.ground.source import ByteSource, open_source

if TYPE_CHECKING:
    from gidx.options import OneFile

COUNT = np.dtype("<u8")
ENTRY = np.dtype([            # offset
    ("compressed", "<u8"),    #  0  where a block begins in the file
    ("uncompressed", "<u8"),  #  8  … and its data in the data of all blocks
])  # fmt: skip

# What bgzip writes for a file without data: the number of its blocks, 0, less 1.
_NONE = np.array(-1, "<i8").tobytes()

Offsets = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class GziIndex:
    """Where blocks and their data begin.

    Two are equal if their `blocks` are.

    Parameters
    ----------
    compressed, uncompressed
        The entries as the file has them: without the first block, unless it has that.

    Raises
    ------
    FormatError
        Offsets are not in ascending order.

    Examples
    --------
    >>> with gidx.bgzf.open("a.bed.gz", "w", level=0) as f:
    ...     f.write(b"chr1\\t100\\t200\\n" * 10_000)
    130000
    >>> gzi = gidx.bgzf.GziIndex.build("a.bed.gz")
    >>> gzi.blocks.tolist()
    [[0, 0], [65311, 65280]]
    >>> gzi.virtual_offset(100_000) == gidx.bgzf.make_virtual_offset(65311, 100_000 - 65_280)
    True
    """

    compressed: Offsets
    uncompressed: Offsets

    def __post_init__(self) -> None:
        for name in ("compressed", "uncompressed"):
            object.__setattr__(self, name, _offsets(getattr(self, name), name))
        if len(self.compressed) != len(self.uncompressed):
            raise ValueError(
                f"{len(self.compressed)} compressed and {len(self.uncompressed)} uncompressed "
                "offsets, expected as many"
            )
        bad = _first_bad(self.compressed, self.uncompressed)
        if bad is not None:
            what = _wording(bad, self.compressed, self.uncompressed)
            raise format_error("GziIndex", None, what)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GziIndex):
            return NotImplemented
        return np.array_equal(self.blocks, other.blocks)

    __hash__ = None  # type: ignore[assignment]

    @property
    def blocks(self) -> Offsets:
        """Pairs (compressed offset, uncompressed offset), the first block included."""
        pairs = np.column_stack([self.compressed, self.uncompressed])
        if len(pairs) and pairs[0, 0] == 0:
            return pairs
        return np.concatenate([np.zeros((1, 2), "u8"), pairs])

    # ── from and to files ───────────────────────────────────────────────────────────────────────

    @classmethod
    def build(
        cls, path: OneFile | ByteSource, *, storage_options: Mapping[str, Any] | None = None
    ) -> GziIndex:
        """Of a BGZF file: a path, URL, bytes or an open binary file.

        All of it is read and inflated: a block's own word for the size of its data may be
        damaged, and all that follows would be out of place.
        """
        source = open_source(path, storage_options)
        check_bgzf(source)
        calls = (partial(_sizes, source.name, *piece) for piece in pieces(source))
        sizes = [np.empty((2, 0), "u8"), *in_order(calls, thread_count(None))]
        block_sizes, data_sizes = np.concatenate(sizes, axis=1)
        starts, data_starts = (np.cumsum(s) - s for s in (block_sizes, data_sizes))
        some = (data_sizes > 0) & (starts > 0)
        return cls(starts[some], data_starts[some])

    @classmethod
    def read(
        cls, path: OneFile | ByteSource, *, storage_options: Mapping[str, Any] | None = None
    ) -> GziIndex:
        """From a GZI file: a path, URL, bytes or an open binary file."""
        source = open_source(path, storage_options)
        return cls.from_bytes(source.read(0, source.size), source.name)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview, name: str = "<bytes>") -> GziIndex:
        """From a GZI file's bytes; ``name`` is for errors."""
        if data == _NONE:
            return cls(np.empty(0, "u8"), np.empty(0, "u8"))
        if len(data) < COUNT.itemsize:
            raise format_error(
                name,
                0,
                f"truncated GZI: its count needs {COUNT.itemsize} bytes, file has {len(data)}",
            )
        count = int(np.frombuffer(data, COUNT, 1)[0])
        end = COUNT.itemsize + count * ENTRY.itemsize
        if len(data) < end:
            raise format_error(
                name,
                len(data),
                f"truncated GZI: {count} entries need {end} bytes, file has {len(data)}",
            )
        if len(data) > end:
            raise format_error(name, end, f"{len(data) - end} bytes follow the GZI's last entry")
        entries = np.frombuffer(data, ENTRY, count, COUNT.itemsize)
        compressed, uncompressed = entries["compressed"], entries["uncompressed"]
        bad = _first_bad(compressed, uncompressed)
        if bad is not None:
            at = COUNT.itemsize + bad * ENTRY.itemsize
            raise format_error(name, at, _wording(bad, compressed, uncompressed))
        return cls(compressed, uncompressed)

    def to_bytes(self) -> bytes:
        """The bytes of a GZI file."""
        entries = np.empty(len(self.compressed), ENTRY)
        entries["compressed"], entries["uncompressed"] = self.compressed, self.uncompressed
        return np.array(len(entries), COUNT).tobytes() + entries.tobytes()

    def write(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write a GZI file, whole or not at all; its name is the BGZF file's and ``.gzi``."""
        with replacing(path, mode_of_data(path)) as file:
            file.write(self.to_bytes())

    # ── looking up ──────────────────────────────────────────────────────────────────────────────

    def find(self, offset: int) -> tuple[int, int]:
        """The block of an uncompressed offset: where it begins and where its data begins.

        The last block takes all that is beyond: where its data ends is not in a GZI.
        """
        offset = min(whole("uncompressed offset", offset, 0), 2**64 - 1)
        i = int(np.searchsorted(self.uncompressed, np.uint64(offset), side="right")) - 1
        return (int(self.compressed[i]), int(self.uncompressed[i])) if i >= 0 else (0, 0)

    @overload
    def virtual_offset(self, offset: int) -> int: ...
    @overload
    def virtual_offset(self, offset: npt.NDArray[Any]) -> Offsets: ...
    def virtual_offset(self, offset: int | npt.NDArray[Any]) -> int | Offsets:
        """The virtual offset of an uncompressed offset, or of each in an array.

        What lies less than 2**16 bytes beyond the last block's beginning may yet be past
        the data's end, which a GZI does not know; a file sought there says so.

        Raises
        ------
        ValueError
            The offset is negative, or in no block: 2**16 bytes or more beyond the
            beginning of the last one.
        """
        if isinstance(offset, np.ndarray):
            found = [self._virtual_offset(each) for each in offset.ravel().tolist()]
            return np.array(found, "u8").reshape(offset.shape)
        return self._virtual_offset(whole("uncompressed offset", offset, 0))

    def _virtual_offset(self, offset: int) -> int:
        start, data_start = self.find(offset)
        if offset - data_start >= 1 << 16:
            raise ValueError(
                f"uncompressed offset {offset} is in no block: the one before it begins at "
                f"{data_start}, and a block's data is at most {1 << 16} bytes"
            )
        return make_virtual_offset(start, offset - data_start)


def _sizes(name: str, at: int, buf: memoryview, sizes: list[int]) -> Offsets:
    """Of the blocks in a piece of a file, and of their data."""
    return np.array([sizes, [*map(len, inflate_each(buf, sizes, at, name))]], "u8")


def _offsets(values: Any, name: str) -> Offsets:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{name} is {array.dtype} {array.shape}, expected a list of integers")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise ValueError(f"{name} has {array.min()}, expected 0 or more")
    array = array.astype("u8")
    array.flags.writeable = False
    return array


def _first_bad(compressed: Offsets, uncompressed: Offsets) -> int | None:
    """The first entry that does not come after the one before it."""
    before = np.concatenate([np.zeros(1, "u8"), compressed[:-1]])
    data_before = np.concatenate([np.zeros(1, "u8"), uncompressed[:-1]])
    bad = (compressed <= before) | (uncompressed < data_before) | (compressed >= 1 << 48)
    if len(bad) and compressed[0] == 0 and uncompressed[0] == 0:
        bad[0] = False  # the first block, said
    found = np.flatnonzero(bad)
    return int(found[0]) if len(found) else None


def _wording(bad: int, compressed: Offsets, uncompressed: Offsets) -> str:
    here = f"({compressed[bad]}, {uncompressed[bad]})"
    before = f"({compressed[bad - 1]}, {uncompressed[bad - 1]})" if bad else "the first block"
    return f"GZI is not sorted: entry {bad} is {here}, after {before}"


def beside(path: Any) -> str | None:
    """Where the GZI of a BGZF file is, if the file has a name."""
    return (
        names.beside(names.expanded(path), ".gzi") if isinstance(path, str | os.PathLike) else None
    )
