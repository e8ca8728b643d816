from typing import Any

from gidx.kernels.arrays import Bytes, Int32s, Int64s, Integer, Mask, UInt64s

OK: int
TRUNCATED: int
NEGATIVE: int
UNSORTED: int
AGAIN: int
BACKWARD: int
FAR: int
HEIGHTS: int

def count_parts(
    buf: Bytes,
    at: Integer,
    n_refs: Integer,
    csi: bool,
) -> tuple[int, int, int, int, int]: ...
def read_parts(
    buf: Bytes,
    at: Integer,
    csi: bool,
    ref_first: Int64s,
    bins: Int64s,
    loffset: UInt64s,
    chunk_first: Int64s,
    chunks: UInt64s,
    linear_first: Int64s,
    linear: UInt64s,
) -> None: ...
def write_parts(
    buf: Bytes,
    csi: bool,
    ref_first: Int64s,
    bins: Int64s,
    loffset: UInt64s,
    chunk_first: Int64s,
    chunks: UInt64s,
    linear_first: Int64s,
    linear: UInt64s,
    pseudo_bin: Integer,
    has_pseudo: Mask,
    pseudo: UInt64s,
) -> int: ...
def floor_samples(first: Int64s, value: UInt64s) -> None: ...
def ceiling_samples(first: Int64s, value: UInt64s) -> None: ...
def running_ends(chunk_first: Int64s, chunks: UInt64s) -> UInt64s: ...

class Scheme:
    def __init__(self, plan: tuple[Any, ...], min_shift: Integer, depth: Integer) -> None: ...
    def ranges(
        self, chrom: Int64s, start: Int64s, end: Int64s, gap: Integer, few: Integer
    ) -> tuple[UInt64s, int]: ...
    def floors(self, chrom: Int64s, start: Int64s) -> UInt64s: ...
    def odd_lead(
        self,
        refs: Int32s,
        starts: Int64s,
        cut: Mask,
        begins: Int64s,
        blocks: Int64s,
        first: Int64s,
    ) -> tuple[int, int]: ...

Pairs = tuple[tuple[Int64s, UInt64s], ...]

class Parts:
    def __init__(self, rows: Integer) -> None: ...
    def pairs(self) -> Pairs: ...

class Binner:
    max_end: int
    def __init__(self, min_shift: Integer) -> None: ...
    def push(
        self, refs: Int64s, starts: Int64s, ends: Int64s, bounds: UInt64s, most: Integer
    ) -> tuple[int, int, Pairs]: ...
    def close(self, end: Integer | None = None) -> Pairs: ...
