"""TBK: the blocks of a text file in BGZF, and which rows are in each, by the package tabixpy.

Not an index of bins: for each block its place, the positions of its first and last row,
and how many rows it has, by chrom (that of its first row). The file, mostly in gzip, is
little-endian, without gaps::

    n i8 │ "TBK" │ version i8 │ n i8 │ JSON: chroms, numCols, chromSizes, chromLength
    four lists, realPositions, firstPositions, lastPositions, numberRows; of each chrom
        sum i8 │ type c │ values, as differences from the one before, in the type
    n i8 │ SHA-256 in hex of all before │ 00 01 02 … 0f

The type is the first of B b H h L l Q q (as of Python's struct) that holds all of them.

Source: tabixpy 1.5.2, its _io.py and _vcfbgzpy.py; version 1. tabixpy stops at the first
EOF marker, where here blocks without data are passed over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gidx.bgzf.block import check_bgzf, inflate_each, is_gzip, pieces
from gidx.binning import tables
from gidx.binning.model import VCF, Integers, Layout, counted
from gidx.binning.packed import gzipped, inflated
from gidx.errors import WriteError, format_error
from gidx.ground.atomic import replacing
from gidx.ground.pool import in_order, thread_count
from gidx.ground.source import ByteSource, PathLike, open_source
from gidx.kernels.block_rows import read_block

if TYPE_CHECKING:
    import pyarrow as pa

NAME, VERSION = b"TBK", 1
END = bytes(range(16))
TYPES = {
    "B": "u1",
    "b": "i1",
    "H": "<u2",
    "h": "<i2",
    "L": "<u4",
    "l": "<i4",
    "Q": "<u8",
    "q": "<i8",
}
LISTS = ("block_start", "first_pos", "last_pos", "n_rows")


@dataclass(frozen=True, eq=False, repr=False)
class TbkIndex:
    """The blocks of a BGZF file of rows, and the rows in each; see the module.

    Arrays of one value a block, in the file's order; blocks of chrom c are those from
    ``chrom_first[c]`` up to ``chrom_first[c + 1]``. Blocks with fewer than three rows are
    left out, as tabixpy does. ``n_columns`` is how many columns a row of the first block
    has, -1 if that has no rows. Positions are as the file has them.

    >>> with gidx.bgzf.open("x.vcf.gz", "w") as f:
    ...     f.write(b"1\\t5\\tA\\n1\\t9\\tC\\n1\\t70\\tG\\n2\\t3\\tT\\n")
    25
    >>> tbk = gidx.binning.TbkIndex.build("x.vcf.gz")
    >>> tbk
    TbkIndex(1 chrom, 1 block, 3 rows)
    >>> tbk.to_table().to_pandas()
      chrom  first_pos  last_pos  n_rows  block_start
    0     1          5        70       3            0
    >>> gidx.binning.TbkIndex.from_bytes(tbk.to_bytes()) == tbk
    True
    """

    chroms: tuple[str, ...]
    n_columns: int
    chrom_first: Integers
    block_start: Integers
    first_pos: Integers
    last_pos: Integers
    n_rows: Integers

    @classmethod
    def build(
        cls,
        path: Any,
        *,
        layout: Layout = VCF,
        threads: int | None = None,
        storage_options: Mapping[str, Any] | None = None,
    ) -> TbkIndex:
        """The rows of each block of a file, which is read whole.

        Parameters
        ----------
        path : str, PathLike, bytes or binary file
            A BGZF file of text: a local path, a URL, the bytes, or an open binary file.
        layout
            Which columns are chrom and start; by default those of a VCF, as tabixpy has
            them.
        threads
            By default all processors.
        storage_options
            For fsspec, if ``path`` is a URL.
        """
        source = open_source(path, storage_options)
        check_bgzf(source)
        tasks = (partial(_rows, source.name, layout, *piece) for piece in pieces(source))
        found = [rows for part in in_order(tasks, thread_count(threads)) for rows in part]
        told = [rows for rows in found if rows[1] is not None]
        chroms: list[bytes] = []
        first: list[int] = []
        for i, (_, chrom, _) in enumerate(told):
            if chrom is not None and (not chroms or chroms[-1] != chrom):
                chroms.append(chrom)
                first.append(i)
        numbers = np.array([numbers for *_, numbers in told], np.int64).reshape(-1, len(LISTS))
        return cls(
            tuple(c.decode("utf-8", "surrogateescape") for c in chroms),
            found[0][0] if found else -1,
            np.array([*first, len(told)], np.int64),
            *(np.ascontiguousarray(column) for column in numbers.T),
        )

    @classmethod
    def read(
        cls,
        what: PathLike | bytes | BinaryIO | ByteSource,
        storage_options: Mapping[str, Any] | None = None,
    ) -> TbkIndex:
        """The TBK in a path, URL, bytes, open binary file or ByteSource, in gzip or not."""
        source = open_source(what, storage_options)
        return cls.from_bytes(bytes(source.read(0, source.size)), source.name)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "<bytes>") -> TbkIndex:
        """The TBK that ``data``, compressed or not, is; ``name`` is for errors."""
        return _unpack(inflated(data, name) if is_gzip(data) else data, name)

    def to_bytes(self) -> bytes:
        """The file's bytes, not compressed."""
        return b"".join(_pack(self))

    def write(self, path: PathLike | BinaryIO) -> None:
        """Write the file, in gzip; it is there as a whole or not at all."""
        data = self.to_bytes()
        with replacing(path) as file, gzipped(file) as out:
            out.write(data)

    def to_table(self) -> pa.Table:
        """An Arrow table, a row for each block."""
        return tables.blocks(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TbkIndex):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays compare, but do not hash

    def __repr__(self) -> str:
        parts = (
            counted(len(self.chroms), "chrom"),
            counted(len(self.n_rows), "block"),
            counted(int(self.n_rows.sum()), "row"),
        )
        return f"TbkIndex({', '.join(parts)})"


Block = tuple[int, bytes | None, tuple[int, ...]]  # columns, chrom, `LISTS`


def _rows(name: str, layout: Layout, at: int, buf: memoryview, sizes: list[int]) -> list[Block]:
    """What the blocks of a piece of the file tell."""
    found: list[Block] = []
    nothing = np.empty(0, np.int64)
    for data, size in zip(inflate_each(buf, sizes, at, name), sizes, strict=True):
        if data:
            n_columns, a, b, first, last, rows = read_block(
                np.frombuffer(data, np.uint8), ord(layout.meta), layout.chrom, layout.start,
                np.empty(0, np.uint8), nothing, nothing,
            )  # fmt: skip
            chrom = None if rows < 0 else bytes(data[a:b])
            found.append((n_columns, chrom, (at, first, last, rows)))
        at += size
    return found


# ── the codec ───────────────────────────────────────────────────────────────────────────────────


def is_tbk(data: bytes) -> bool:
    """Whether inflated bytes begin as a TBK does."""
    return data[:11] == _long(len(NAME)) + NAME


def _long(value: int) -> bytes:
    return value.to_bytes(8, "little", signed=True)


def _pack(tbk: TbkIndex) -> Iterator[bytes]:
    header = json.dumps(
        {
            "chroms": list(tbk.chroms),
            "numCols": tbk.n_columns,
            "chromSizes": np.diff(tbk.chrom_first).tolist(),
            "chromLength": len(tbk.n_rows),
        }
    ).encode()
    parts = [_long(len(NAME)), NAME, _long(VERSION), _long(len(header)), header]
    for name in LISTS:
        values = getattr(tbk, name)
        for begin, end in pairwise(tbk.chrom_first.tolist()):
            parts += _packed(values[begin:end])
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    parts.append(_long(2 * digest.digest_size))
    digest.update(parts[-1])
    yield from parts
    yield digest.hexdigest().encode()
    yield END


def _packed(values: Integers) -> tuple[bytes, bytes, bytes]:
    steps = np.diff(values, prepend=0)
    low, high = int(steps.min()), int(steps.max())
    total = sum(values.tolist())  # may be more than numpy's integers hold
    if total >> 63:
        raise WriteError(f"a TBK cannot hold lists whose sum is {total}, expected less than 2^63")
    for code, kind in TYPES.items():
        info = np.iinfo(kind)
        if info.min <= low and high <= info.max:
            return _long(total), code.encode(), steps.astype(kind).tobytes()
    raise WriteError(f"no type holds {low} to {high}")  # pragma: no cover


def _unpack(data: bytes, name: str) -> TbkIndex:
    if not is_tbk(data):
        raise format_error(name, 0, f"not a TBK: begins with {data[:11].hex()}, expected "
                           f"{(_long(len(NAME)) + NAME).hex()}")  # fmt: skip
    reader = _Reader(data, name, 11)
    version = reader.long("version")
    if version != VERSION:
        raise reader.fail(f"TBK of version {version}, expected {VERSION}")
    chroms, n_columns, sizes = _header(reader)
    lists = [[reader.values(size, what) for size in sizes] for what in LISTS]
    size = reader.long("size of the digest")
    digest = hashlib.sha256(data[: reader.at]).hexdigest()
    found = reader.take(size, "digest")
    if found != digest.encode():
        raise reader.fail(f"the digest is {found[:64]!r}, but that of the content is {digest}")
    if data[reader.at :] != END:
        raise reader.fail(f"ends with {data[reader.at :][:17].hex()}, expected {END.hex()}")
    none = np.empty(0, np.int64)
    return TbkIndex(
        chroms,
        n_columns,
        np.cumsum([0, *sizes], dtype=np.int64),
        *(np.concatenate([none, *values]) for values in lists),
    )


def _header(reader: _Reader) -> tuple[tuple[str, ...], int, Sequence[int]]:
    """Chroms, columns, and how many blocks each chrom has."""
    text = reader.take(reader.long("size of the header"), "header")
    try:
        header = json.loads(text)
        chroms, sizes = header["chroms"], header["chromSizes"]
        n_columns, total = header["numCols"], header["chromLength"]
        good = (
            isinstance(chroms, list)
            and all(isinstance(c, str) for c in chroms)
            and all(type(n) is int and n > 0 for n in sizes)
            and type(n_columns) in (int, type(None))
            and len(chroms) == len(sizes)
            and sum(sizes) == total
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise reader.fail(f"damaged header: {type(error).__name__}: {error}") from None
    if not good:
        raise reader.fail(
            "damaged header: expected chroms, as many chromSizes, and chromLength their sum"
        )
    return tuple(chroms), -1 if n_columns is None else n_columns, sizes


@dataclass
class _Reader:
    """Takes one thing after the other."""

    data: bytes
    name: str
    at: int

    def fail(self, message: str) -> Exception:
        return format_error(self.name, self.at, f"{message} (the byte is of the inflated file)")

    def take(self, size: int, what: str) -> bytes:
        left = len(self.data) - self.at
        if not 0 <= size <= left:
            raise self.fail(f"truncated {what}: {size} bytes expected, {left} left")
        self.at += size
        return self.data[self.at - size : self.at]

    def long(self, what: str) -> int:
        return int.from_bytes(self.take(8, what), "little", signed=True)

    def values(self, count: int, what: str) -> npt.NDArray[np.int64]:
        total = self.long(f"sum of {what}")
        code = self.take(1, f"type of {what}").decode("latin-1")
        if code not in TYPES:
            raise self.fail(f"type {code!r} of {what}, expected one of {' '.join(TYPES)}")
        kind = np.dtype(TYPES[code])
        steps = np.frombuffer(self.take(count * kind.itemsize, what), kind)
        values = np.cumsum(steps.astype(np.int64))
        if sum(values.tolist()) != total:
            raise self.fail(f"the sum of {what} is not {total}, as said before them")
        return values
