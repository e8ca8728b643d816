from typing import Any

from gidx.kernels.arrays import Bytes, Float32s, Float64s, Int32s, Int64s, Integer
from gidx.kernels.handle import Handle
from gidx.kernels.inflate import Libdeflate

OK: int
TRUNCATED: int
TYPE: int
CHROM: int
BEDGRAPH: int
VARIABLE: int
FIXED: int
FEW: int

def read_sections(
    buf: Bytes,
    bounds: Int64s,
    big: bool,
    n_chroms: Integer,
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
    every: bool,
) -> tuple[int, int, int, Int32s, Int64s, Int64s, Float32s]: ...
def fill_bases(
    buf: Bytes,
    bounds: Int64s,
    big: bool,
    n_chroms: Integer,
    chrom: Integer,
    begin: Integer,
    out: Float32s,
) -> tuple[int, int, int]: ...

class Bases:
    def __init__(
        self,
        tree: Any,
        source: Any,
        held: tuple[Handle, int] | None,
        kept: Any,
        file: int,
        library: Libdeflate,
        room: int,
        big: bool,
        n_chroms: int,
    ) -> None: ...
    def values(self, chrom: int, begin: int, end: int, fill: float) -> Float32s | None: ...

def fold_sections(
    buf: Bytes,
    bounds: Int64s,
    big: bool,
    first: Int64s,
    begins: Int64s,
    stops: Int64s,
    reach: Int64s,
    rows: Int64s,
    bins: Integer,
    valid: Float64s,
    total: Float64s,
    squares: Float64s,
    least: Float64s,
    most: Float64s,
) -> tuple[int, int, int]: ...
def encode_sections(
    start: Int64s, end: Int64s, value: Float32s, firsts: Int64s, chrom: Int32s
) -> tuple[Bytes, Int64s]: ...
def runs_of(values: Float32s, begin: Integer, stop: Integer) -> tuple[Int64s, Int64s, Float32s]: ...
