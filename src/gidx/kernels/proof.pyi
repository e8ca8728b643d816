from typing import Any

from gidx.kernels.arrays import Int64s, Integer, UInt64s

OK: int
UNKNOWN: int
AGAIN: int
UNSORTED: int
BIN: int
CHUNK: int
FLOOR: int
CEILING: int
LINEAR: int

def holds_leads(
    ref_first: Int64s,
    bins: Int64s,
    chunk_first: Int64s,
    chunks: UInt64s,
    reach: UInt64s,
    min_shift: Integer,
    depth: Integer,
    refs: Int64s,
    starts: Int64s,
    at: UInt64s,
) -> int: ...
def running_most(first: Int64s, value: UInt64s) -> None: ...

class Prover:
    def __init__(self, tables: tuple[Any, ...], min_shift: Integer, depth: Integer) -> None: ...
    def find_lost(
        self, refs: Int64s, starts: Int64s, ends: Int64s, at: UInt64s
    ) -> tuple[int, int]: ...
