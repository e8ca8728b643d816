from typing import Any

from gidx.kernels.arrays import Bytes, Int32s, Int64s, Integer, Mask, UInt64s

OK: int
FIELDS: int
CHROM: int
NUMBER: int
ORDER: int
FLOOR: int
UNSORTED: int
COLUMNS: int
SAM: int
VCF: int

class RowRules:
    def __init__(self, rules: Any, names: Bytes, bounds: Int64s, slots: Int32s) -> None: ...

class Asked:
    def __init__(
        self, first: Int64s, starts: Int64s, ends: Int64s, floors: UInt64s, every: bool = False
    ) -> None: ...

def read_lines(
    buf: Bytes,
    begins: Int64s,
    stops: Int64s,
    cut: Mask,
    blocks: Int64s,
    rules: RowRules,
    want: Integer,
    asked: Asked,
) -> tuple[int, int, int, Int32s, Int64s, Int64s, Int32s, Int32s, Int32s, Int64s]: ...
def read_chroms(
    buf: Bytes,
    begins: Int64s,
    stops: Int64s,
    cut: Mask,
    meta: Integer,
    tracks: bool,
    fasta: bool,
    c_chrom: Integer,
) -> tuple[Int32s, int]: ...
def part_by_tabs(buf: Bytes, begins: Int64s, stops: Int64s) -> tuple[Bytes, Int64s, Int64s]: ...
