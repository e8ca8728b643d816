"""bigWig files, read: sections to rows of chrom, start, end, value.

A row is a run of bases that have one value, of 32 bits, as the file has it: bedGraph,
variable step and fixed step sections are read alike. What none covers has no value.

Source: Kent et al. 2010 with its supplement; versions 1 to 4, both byte orders,
compressed or not. Values by base and by bin are in `bins`, writing is in `write`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gidx.arrow import schema
from gidx.bbi import section, summary
from gidx.bbi.blocks import Blocks
from gidx.bbi.header import BIGWIG_MAGIC
from gidx.bbi.section import Runs
from gidx.formats.base import Rows
from gidx.formats.bbi.read import Bbi, chrom_column
from gidx.formats.bigwig import bins as by_bin
from gidx.formats.offers import Signal
from gidx.ground.limits import limits
from gidx.ground.region import RegionSet
from gidx.ground.tuning import tuning
from gidx.ground.windows import Windows
from gidx.kernels.signal import FEW, Bases
from gidx.options import Names

_CANONICAL = pa.schema([
    ("chrom", schema.CHROM),
    ("start", schema.POSITION),
    ("end", schema.POSITION),
    ("value", pa.float32()),
])  # fmt: skip
_NATIVE = pa.schema([
    ("chrom", schema.CHROM),
    ("chromStart", pa.uint32()),
    ("chromEnd", pa.uint32()),
    ("value", pa.float32()),
])  # fmt: skip
_DESCRIPTIONS = ("chrom", "first base", "behind the last base", "value of each of these bases")


class BigWig(Bbi, Signal):
    """One open bigWig file (a `Format`)."""

    kind = "bigwig"
    magic, title = BIGWIG_MAGIC, "bigWig"

    def schema(self, names: Names) -> pa.Schema:
        return (_NATIVE if names == "native" else _CANONICAL).with_metadata(self._metadata)

    @cached_property
    def _metadata(self) -> dict[bytes, bytes]:
        return schema.metadata(
            format=self.kind, coordinates="0-based half-open", chromsizes=self._chroms
        )

    def fields(self) -> pa.Table:
        return pa.table({
            "name": pa.array(_CANONICAL.names, pa.string()),
            "type": pa.array([str(t) for t in _CANONICAL.types], pa.string()),
            "declared_name": pa.array(_NATIVE.names, pa.string()),
            "declared_type": pa.array(["string", "uint", "uint", "float"], pa.string()),
            "number": pa.nulls(len(_NATIVE), pa.string()),
            "description": pa.array(_DESCRIPTIONS, pa.string()),
            "indexed": pa.array([False] * len(_NATIVE), pa.bool_()),
        })  # fmt: skip

    @property
    def header(self) -> str:
        return ""

    def info(self) -> dict[str, Any]:
        return self.container

    def row_count(self) -> int | None:
        return None  # the file says how many sections it has, not how many runs

    def runs(self, blocks: Blocks, regions: RegionSet | None) -> Runs:
        """The runs that overlap a region (all: None)."""
        return section.read(self.source.name, self.head.order, blocks, len(self._chroms), regions)

    def reader(self, columns: Sequence[int], names: Names) -> BigWigReader:
        return BigWigReader(self, columns, names)

    def count(self, blocks: Blocks, regions: RegionSet | None) -> int:
        return len(self.runs(blocks, regions).chrom)

    @cached_property
    def bases(self) -> Bases | None:
        """What looks up the bases of a region quickly, in most files."""
        tree = self.data_tree
        if not 0 < tree.item_count <= tuning.whole_tree:
            return None
        return self._last.bases(tree.leaves(), self.head.order, len(self._chroms))

    def values(self, chrom: str, start: int, end: int, fill: float) -> npt.NDArray[np.float32]:
        found = None
        if self.bases is not None and FEW * self.buffer_size <= limits.block:  # nobody has to count
            found = self.bases.values(self._ids[chrom], start, end, fill)
        if found is None:
            found = by_bin.values(self, self._one_region(chrom, start, end), fill)
        return found

    def matrix(
        self, windows: Windows, bins: int, stat: summary.Stat, fill: float, threads: int | None
    ) -> npt.NDArray[np.float64]:
        return by_bin.matrix(self, windows, bins, stat, fill, threads)

    def over(self, windows: Windows, threads: int | None) -> tuple[npt.NDArray[np.float64], ...]:
        found = by_bin.fold(self, windows, 1, ("valid", "total", "least", "most"), threads)
        return found.valid[:, 0], found.total[:, 0], found.least[:, 0], found.most[:, 0]

    def spans(self, regions: RegionSet) -> summary.Spans:
        """The runs themselves; one that is not a number is none."""
        parts = [self.runs(self.fetch(g), regions) for g in self.groups(self.plan(regions))]
        parts.append(Runs(*(np.empty(0, kind) for kind in ("i4", "i8", "i8", "f4"))))
        return spans_of(Runs(*(np.concatenate(part) for part in zip(*parts, strict=True))))


def spans_of(runs: Runs) -> summary.Spans:
    """Runs of one chrom as spans; one that is not a number is none."""
    there = ~np.isnan(runs.value)
    start, end = runs.start[there], runs.end[there]
    value, size = runs.value[there].astype(np.float64), (end - start).astype(np.float64)
    return summary.Spans(start, end, size, value, value, value * size, value * value * size)


class BigWigReader:
    """Some columns of a bigWig file (a `Reader`)."""

    def __init__(self, file: BigWig, columns: Sequence[int], names: Names) -> None:
        self._file, self._columns = file, tuple(columns)
        whole = file.schema(names)
        self.schema = pa.schema([whole.field(i) for i in columns], whole.metadata)

    def decode(self, blocks: Blocks, regions: RegionSet | None) -> Rows:
        runs = self._file.runs(blocks, regions)
        arrays = [
            chrom_column(runs.chrom, self._file.chrom_names) if i == 0
            else _column(runs[i], field.type)
            for i, field in zip(self._columns, self.schema, strict=True)
        ]  # fmt: skip
        return Rows(schema.batch(arrays, self.schema, len(runs.chrom)))


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    # a copy: the kernel's array is as long as there could be rows
    buffer = pa.py_buffer(values.astype(kind.to_pandas_dtype()))
    return pa.Array.from_buffers(kind, len(values), [None, buffer])
