"""Any bbi file, read: what a bigBed and a bigWig have in common.

Header, chromosome tree, data blocks by region, zoom levels and summaries. What a block's
bytes are as rows, and which spans of value they are to summaries, each format says itself.

Source: Kent et al. 2010 with its supplement; versions 1 to 4, both byte orders,
compressed or not.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.bbi import bplus_tree, summary
from gidx.bbi.blocks import Blocks, LastBlocks
from gidx.bbi.bplus_tree import BPlusTree
from gidx.bbi.header import read_header
from gidx.bbi.range_tree import RangeTree
from gidx.bbi.zoom import read_summaries
from gidx.errors import ColumnError, format_error, integer, warn
from gidx.formats.base import Format
from gidx.formats.offers import ZOOM_SCHEMA, Zooms
from gidx.ground.limits import limits
from gidx.ground.pieces import Work
from gidx.ground.ranges import Ranges, partition
from gidx.ground.region import RegionSet, resolve
from gidx.ground.source import ByteSource
from gidx.ground.tuning import tuning
from gidx.kernels.records import select_items


class Bbi(Format, Zooms):
    """One open bbi file: a `Format` but for its rows."""

    magic: ClassVar[int]
    title: ClassVar[str]  # the format as messages call it

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.head = read_header(source, self.magic, self.title)
        fixed = self.head.fixed
        self.buffer_size = int(fixed["uncompress_buffer_size"])
        self._last = LastBlocks(source, self.buffer_size)
        self._chroms = self._read_chroms()
        self.data_tree = RangeTree(
            source, int(fixed["index_offset"]) or None, self.head.order, "data index"
        )
        self._zoom_indexes: dict[int, RangeTree] = {}
        if not self.head.closed:
            self._check_whole()

    @abstractmethod
    def spans(self, regions: RegionSet) -> summary.Spans:
        """What summaries are of: disjoint spans of a value, those that overlap one region."""

    def _check_whole(self) -> None:
        """Of a file without its closing magic: FormatError where it is cut, else a warning.

        Its trees stand last, so it is whole if they are, and the blocks that they name.
        """
        ranges = [self.data_tree.ranges()]
        ranges += [self.zoom_plan(level, None) for level in range(len(self.head.zooms))]
        end = max(int(r[:, 1].max(initial=0)) for r in ranges)
        trees: list[BPlusTree | RangeTree] = [self.data_tree, *self._zoom_indexes.values()]
        trees += self.key_trees()
        items, room = max(tree.ends() for tree in trees)
        size = self.source.size
        rest = bytes(self.source.read(size - 3, 3))
        magic = self.magic.to_bytes(4, "little" if self.head.order == "<" else "big")
        if (
            end > size
            or items < size < room  # writers fill the last node up, or do not
            or any(rest.endswith(magic[:n]) for n in (1, 2, 3))
        ):
            raise format_error(
                self.source.name, size,
                f"truncated: a version 4 {self.title} ends with its magic {self.magic:08x}, and "
                "this one before; fetch or write the file again",
            )  # fmt: skip
        warn(
            f"{self.source.name}, byte {size - 4}: a version 4 {self.title} ends with its "
            f"magic {self.magic:08x}, which is not there; what the file says that it has is, but "
            "it may be unfinished"
        )

    def key_trees(self) -> Sequence[BPlusTree]:
        """Trees beyond those that every bbi file has."""
        return ()

    # ── what it says of itself ──────────────────────────────────────────────────────────────────

    @property
    def chroms(self) -> Mapping[str, int | None]:
        return self._chroms

    @property
    def chrom_tree(self) -> BPlusTree:
        """Names of chroms to their ids and sizes."""
        at = int(self.head.fixed["chromosome_tree_offset"])
        return BPlusTree(self.source, at, self.head.order, bplus_tree.CHROM, "chromosome tree")

    def _read_chroms(self) -> dict[str, int | None]:
        at = int(self.head.fixed["chromosome_tree_offset"])
        items = self.chrom_tree.items()
        items = items[np.argsort(items["id"])]
        if not np.array_equal(items["id"], np.arange(len(items))):
            raise format_error(
                self.source.name, at, f"chrom ids are not 0 to {len(items) - 1}, each once"
            )
        names = [
            bytes(key).rstrip(b"\0").decode("utf-8", "backslashreplace") for key in items["key"]
        ]
        chroms: dict[str, int | None] = dict(zip(names, items["size"].tolist(), strict=True))
        if len(chroms) != len(items):
            raise format_error(self.source.name, at, "a chrom name stands twice in the tree")
        return chroms

    @cached_property
    def chrom_names(self) -> pa.Array:
        """Chroms in the order of their ids: the dictionary of column chrom."""
        return pa.array(list(self._chroms), pa.string())

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bases of each chrom, and behind them 0, for one that is not in the file (-1)."""
        return np.array([*(size or 0 for size in self._chroms.values()), 0], np.int64)

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self._chroms)}

    @property
    def container(self) -> dict[str, Any]:
        """Facts about the file that are not of its rows."""
        return {
            "format": f"{self.title} version {int(self.head.fixed['version'])}",
            "byte order": "little-endian" if self.head.order == "<" else "big-endian",
            "compressed": "yes" if self.head.compressed else "no",
            "blocks": self.data_tree.item_count,
            "zoom levels": ", ".join(map(str, self.reductions)) or "none",
        }

    # ── blocks ──────────────────────────────────────────────────────────────────────────────────

    @property
    def index_kind(self) -> str:
        return "inside"

    def settle(self, regions: RegionSet | None) -> None:
        """Nothing: opening has read it."""

    def plan(self, regions: RegionSet | None) -> Ranges:
        if self.data_tree.item_count == 0 and self._covers():
            raise format_error(
                self.source.name,
                int(self.head.fixed["index_offset"]),
                "the data index says that it has no blocks, the total summary that there are rows: "
                "it is damaged; write the file again",
            )
        return self.data_tree.ranges(regions)

    def _covers(self) -> bool:
        """Whether the total summary, if there is one, is of any base."""
        stored = self.head.total_summary
        return stored is not None and int(stored["valid_count"]) > 0

    def work(self, parts: int) -> Work:
        fixed = self.head.fixed
        size = int(fixed["index_offset"]) - int(fixed["data_offset"])
        return self.data_tree.work(self._chroms, max(size, 0), parts)

    def between(self, lo: int, hi: int) -> tuple[Bbi, Ranges]:
        raise ValueError(
            f"{self.source.name}, {lo} to {hi}: all rows of a {self.title} have a chrom"
        )

    def groups(self, ranges: Ranges, size: int | None = None) -> list[Ranges]:
        if len(ranges) == 1:
            return [ranges]
        # a few blocks of a file whose blocks are large, as multiple alignments are
        most = max(1, limits.block // 4 // max(self.buffer_size, 1))
        return partition(ranges, size or tuning.bbi_group, most)

    def fetch(self, ranges: Ranges, regions: RegionSet | None = None) -> Blocks:  # noqa: ARG002
        return self._last.get(ranges)

    # ── zoom levels and summaries ───────────────────────────────────────────────────────────────

    @property
    def reductions(self) -> list[int]:
        """Bases a summary of each zoom level, about, finest first."""
        return [int(r) for r in self.head.zooms["reduction"]]

    def zoom_level(self, level: int) -> int:
        """Which level has this reduction, or this number."""
        found = -1
        with suppress(TypeError):  # of what is no number
            found = integer(level)
        if found in self.reductions:
            return self.reductions.index(found)
        if 0 <= found < len(self.reductions):
            return found
        known = ", ".join(map(str, self.reductions)) or "none"
        most = len(self.reductions) - 1
        numbers = f", by number 0 to {most}" if most >= 0 else ""
        raise ColumnError(
            f"{self.source.name}: no zoom level {level!r}; there are {known}{numbers}"
        )

    def zoom_plan(self, level: int, regions: RegionSet | None) -> Ranges:
        return self.zoom_tree(level).ranges(regions)

    def zoom_tree(self, level: int) -> RangeTree:
        """A zoom level's index."""
        tree = self._zoom_indexes.get(level)
        if tree is None:
            at = int(self.head.zooms[level]["index_offset"])
            tree = RangeTree(self.source, at, self.head.order, f"index of zoom level {level}")
            self._zoom_indexes[level] = tree
        return tree

    def zoom_batch(self, ranges: Ranges, regions: RegionSet | None) -> pa.RecordBatch:
        """Zoom summaries that overlap a region."""
        found = read_summaries(self.source, ranges, self.buffer_size, self.head.order)
        bad = np.flatnonzero(found["chrom"] >= len(self._chroms))
        if len(bad):
            raise format_error(
                self.source.name,
                int(ranges[0, 0]),
                f"zoom summary has chrom id {int(found['chrom'][bad[0]])}, "
                f"the file has {len(self._chroms)} chroms",
            )
        if regions is not None:
            chrom, start, end = (found[n].astype("i8") for n in schema.HEAD)
            asked = regions.first, regions.start, regions.end
            found = found[select_items(chrom, start, end, *asked)]
        arrays = [
            pa.DictionaryArray.from_arrays(found["chrom"].astype("i4"), self.chrom_names),
            *(
                pa.array(np.ascontiguousarray(found[f.name]).astype(f.type.to_pandas_dtype()))
                for f in list(ZOOM_SCHEMA)[1:]
            ),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=ZOOM_SCHEMA)

    def summarize(
        self, chrom: str, start: int, end: int, bins: int, stat: summary.Stat, exact: bool
    ) -> npt.NDArray[np.float64]:
        """A statistic per bin of [start, end)."""
        edges = summary.bin_edges(start, end, bins)
        level = None if exact else summary.best_zoom(self.reductions, end - start, bins)
        regions = self._one_region(chrom, start, end)
        if level is None:
            return summary.fold(self.spans(regions), edges, stat)
        batch = self.zoom_batch(self.zoom_plan(level, regions), regions)
        columns = {n: batch.column(n).to_numpy() for n in batch.schema.names[1:]}
        valid = columns["valid_count"].astype(np.float64)
        floats = [columns[n].astype(np.float64) for n in ("min", "max", "sum", "sum_squares")]
        if not all(np.isfinite(some).all() for some in floats):  # past what 32 bits hold
            return summary.fold(self.spans(regions), edges, stat)
        spans = summary.Spans(columns["start"], columns["end"], valid, *floats)
        return summary.fold(spans, edges, stat)

    def total_summary(self) -> summary.TotalSummary:
        """Of the whole file: as stored, or computed where the file has none (version 1)."""
        stored = self.head.total_summary
        if stored is not None:
            return summary.TotalSummary(
                int(stored["valid_count"]),
                *(float(stored[n]) for n in ("min", "max", "sum", "sum_squares")),
            )
        return summary.total(
            [self.spans(self._one_region(c, 0, size or 2**32)) for c, size in self._chroms.items()]
        )

    def _one_region(self, chrom: str, start: int, end: int) -> RegionSet:
        return resolve((chrom, start, end), self._chroms, self._ids)


def chrom_column(chrom: npt.NDArray[np.int32], names: pa.Array) -> pa.Array:
    """Ids of chroms as the column that has their names."""
    # a copy: the kernel's array is as long as there could be rows
    buffers = [None, pa.py_buffer(chrom.copy())]
    return pa.DictionaryArray.from_buffers(schema.CHROM, len(chrom), buffers, names)
