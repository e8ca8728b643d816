"""`TabixIndex`, what a user has of a tabix index: read, written, as JSON and as tables.

file ─tbi, csi, tbj─▶ Index (gidx.binning.model) ─▶ ranges of the data, tables
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, overload

from gidx.bgzf.block import EOF, MAX_DATA, deflate_block, is_gzip
from gidx.errors import WriteError, format_error
from gidx.ground.atomic import mode_of_data, replacing
from gidx.ground.source import INDEX, ByteSource, PathLike, open_source

if TYPE_CHECKING:
    import pyarrow as pa

from gidx.binning import csi, tables, tbi, tbj, tbk
from gidx.binning.model import Index, Kind
from gidx.binning.packed import gzipped, inflated

Compression = Literal["infer", "gzip"] | None


@dataclass(frozen=True, eq=False, repr=False)
class TabixIndex(Index):
    """A tabix index, TBI or CSI: where in its file the rows of a region are.

    ``names`` are the chroms, by the id that the index knows them by. A CSI may lack
    them and the ``layout``, since both are in its auxiliary block (that of a BCF is
    empty): see `named`.

    >>> from gidx.binning import BED, IndexBuilder
    >>> builder = IndexBuilder()
    >>> builder.push([0, 0], [10, 20000], [20, 20010], [0, 14, 30])
    >>> idx = builder.finish(["chr1"], BED)
    >>> idx
    TabixIndex('tbi', 1 chrom, 2 bins, 2 chunks, 2 rows)
    >>> TabixIndex.from_bytes(idx.to_bytes()) == idx
    True
    >>> idx.chunks("chr1:20,001-20,002").tolist()
    [[14, 30]]
    >>> idx.row_counts
    {'chr1': 2}
    """

    @classmethod
    def of(cls, model: Index) -> TabixIndex:
        """What was read, with all that a user has of it."""
        return cls(*(getattr(model, f.name) for f in fields(model)))

    @classmethod
    def read(
        cls,
        what: PathLike | bytes | BinaryIO | ByteSource,
        storage_options: Mapping[str, Any] | None = None,
    ) -> TabixIndex:
        """The index in a path, URL, bytes, open binary file or ByteSource.

        BGZF, plain gzip or neither, TBI, CSI or TBJ (tabixpy's, see `to_json`): told by
        content, not by name. Raises FormatError for anything else.
        """
        source = open_source(what, storage_options, first=INDEX)
        return cls.from_bytes(bytes(source.read(0, source.size)), source.name)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "<bytes>") -> TabixIndex:
        """The index that ``data``, compressed or not, is; ``name`` is for errors."""
        if data[:2] == b"\x1f\x8b":
            data = inflated(data, name)
        if data[:4] == tbi.MAGIC:
            return cls.of(tbi.unpack(data, name))
        if data[:4] == csi.MAGIC:
            return cls.of(csi.unpack(data, name))
        if data[:1] == b"{":
            return cls.of(tbj.parse_index(data, name))
        if tbk.is_tbk(data):
            raise format_error(
                name, 0, "a TBK lists blocks, and has no bins; see gidx.binning.TbkIndex.read"
            )
        raise format_error(
            name,
            0,
            f"not a tabix index: magic is {data[:4].hex() or 'missing'}, "
            f"expected {tbi.MAGIC.hex()} (TBI) or {csi.MAGIC.hex()} (CSI)",
        )

    def to_bytes(self, kind: Kind | None = None) -> bytes:
        """The index as bytes, not compressed; bins ascending, which no reader needs.

        A TBI can become a CSI. The other way raises WriteError: a CSI has not all
        that a TBI tells.
        """
        kind = kind or self.kind
        if kind == "csi":
            return csi.pack(self if self.kind == "csi" else self.sampled())
        if self.kind == "csi":
            raise WriteError("a CSI has no linear index to write a TBI with; build it anew")
        return tbi.pack(self)

    def write(self, path: PathLike | BinaryIO, kind: Kind | None = None) -> None:
        """Write the index, BGZF-compressed; the file is there as a whole or not at all."""
        data = self.to_bytes(kind)
        with replacing(path, mode_of_data(path)) as file:
            for at in range(0, len(data), MAX_DATA):
                file.write(deflate_block(data[at : at + MAX_DATA]))
            file.write(EOF)

    @classmethod
    def from_json(cls, text: str | bytes) -> TabixIndex:
        """The index that the text of a TBJ is; the mirror image of `to_json`.

        Raises FormatError for any other JSON, and where lengths do not agree.
        """
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return cls.of(tbj.parse_index(data, "<json>"))

    @overload
    def to_json(
        self,
        path: None = None,
        *,
        data: Any = None,
        compression: Compression = "infer",
        storage_options: Mapping[str, Any] | None = None,
    ) -> str: ...
    @overload
    def to_json(
        self,
        path: PathLike | BinaryIO,
        *,
        data: Any = None,
        compression: Compression = "infer",
        storage_options: Mapping[str, Any] | None = None,
    ) -> None: ...
    def to_json(
        self,
        path: PathLike | BinaryIO | None = None,
        *,
        data: Any = None,
        compression: Compression = "infer",
        storage_options: Mapping[str, Any] | None = None,
    ) -> str | None:
        """The index as JSON, in the layout TBJ of the package tabixpy (version 5).

        Where tabixpy can read an index, its file has the same text, if the bins are
        ascending in the index. `read` and `from_json` bring the index back.

        Parameters
        ----------
        path
            Where to write it; None returns the text.
        data
            The indexed file: a path, URL, bytes or open binary file. With it, each place
            has the size of its block and the positions of rows there (``block_len``,
            ``bin_pos``, ``first_pos``, ``last_pos``, as the file has them; -1 where the
            block does not tell). Every block that the index names is inflated once for
            each chrom.
        compression
            ``"gzip"``, None, or as the path says: .tbj and .gz are gzip, as with tabixpy.
        storage_options
            For fsspec, if ``data`` is a URL.

        Examples
        --------
        >>> import json
        >>> idx = gidx.TabixIndex.read("calls.vcf.gz.tbi")
        >>> ref = json.loads(idx.to_json(data="calls.vcf.gz"))["refs"][0]
        >>> ref["bins"][0]["bin"], ref["bins_begin"]
        (4681, {'bin_n': 0, 'chunk_n': 0, 'real': 0, 'bytes': 162, 'block_len': 228, \
'bin_pos': 100, 'first_pos': 100, 'last_pos': 900})
        >>> gidx.TabixIndex.from_json(idx.to_json()) == idx
        True
        """
        source = None if data is None else open_source(data, storage_options)
        pieces = tbj.format_index(self, source)
        if path is None:
            return b"".join(pieces).decode()
        if compression == "infer":
            name = str(path) if isinstance(path, str | os.PathLike) else ""
            compression = "gzip" if name.lower().endswith((".tbj", ".gz")) else None
        with replacing(path) as file, ExitStack() as stack:
            out = stack.enter_context(gzipped(file)) if compression == "gzip" else file
            for piece in pieces:
                out.write(piece)
        return None

    def to_table(self) -> pa.Table:
        """The chunks: an Arrow table, a row for each, by chrom, bin and begin.

        ``chrom, start, end`` are what the bin spans (0-based, half-open), so the table
        can be queried by region like any other; ``bin`` and ``level`` its number and
        level. ``chunk_begin`` and ``chunk_end`` are virtual offsets, and the two parts of
        each are ``begin_block``, the place of the block in the file, with ``begin_within``,
        the place in its data, and ``end_block`` with ``end_within``. Pseudo-bins are no
        chunks: see `stats_table`. Of an index without names, as that of a BCF is, chroms
        are their ids: see `named`.

        >>> idx = gidx.TabixIndex.read("peaks.bed.gz.tbi")
        >>> idx.to_table().to_pandas()[["chrom", "start", "end", "bin", "level", "chunk_begin"]]
          chrom  start    end   bin  level  chunk_begin
        0  chr1      0  16384  4681      5            0
        1  chr2      0  16384  4681      5           30
        """
        return tables.chunks(self)

    def linear_table(self) -> pa.Table:
        """The linear index: an Arrow table, a row for each window.

        ``chrom, start, end`` are the window (0-based, half-open), ``offset`` is the virtual
        offset of the first row that overlaps it, ``block`` and ``within`` are its parts;
        windows without a row have what htslib puts there, the next window's, or 0. A CSI
        has a row for each bin, with ``bin`` and ``level``; ``offset`` is its loffset.

        >>> gidx.TabixIndex.read("peaks.bed.gz.tbi").linear_table().to_pandas()
          chrom  start    end  offset  block  within
        0  chr1      0  16384       0      0       0
        1  chr2      0  16384      30      0      30
        """
        return tables.linear(self)

    def stats_table(self) -> pa.Table:
        """What the index tells of each chrom: an Arrow table, a row for each.

        ``n_mapped`` and ``n_unmapped`` are the numbers of rows, ``begin`` and ``end`` the
        virtual offsets between which they are; missing where the index has no pseudo-bin,
        as older ones have not. ``n_bins``, ``n_chunks`` and ``n_windows`` count its parts.

        >>> idx = gidx.TabixIndex.read("peaks.bed.gz.tbi")
        >>> idx.stats_table().to_pandas()[["chrom", "n_mapped", "n_unmapped", "n_chunks"]]
          chrom  n_mapped  n_unmapped  n_chunks
        0  chr1         2           0         1
        1  chr2         1           0         1
        """
        return tables.stats(self)


def read_index(path: PathLike) -> TabixIndex | tbk.TbkIndex:
    """A TBI, CSI, TBJ or TBK, told by content."""
    source = open_source(path)
    data = bytes(source.read(0, source.size))
    data = inflated(data, source.name) if is_gzip(data) else data
    kind = tbk.TbkIndex if tbk.is_tbk(data) else TabixIndex
    return kind.from_bytes(data, source.name)
