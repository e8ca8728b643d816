from gidx.kernels.arrays import Int64s, Integer, Mask, UInt64s

OK: int
UNKNOWN: int
AGAIN: int
UNSORTED: int
BIN: int
CHUNK: int
FLOOR: int
CEILING: int
LINEAR: int
REF: int
START: int
STATE: int

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
def find_lost(
    ref_first: Int64s,
    bins: Int64s,
    chunk_first: Int64s,
    chunks: UInt64s,
    reach: UInt64s,
    floor_first: Int64s,
    floor_window: Int64s,
    floor_value: UInt64s,
    ceiling_first: Int64s,
    ceiling_window: Int64s,
    ceiling_value: UInt64s,
    sample_first: Int64s,
    sample_window: Int64s,
    sample_most: UInt64s,
    min_shift: Integer,
    depth: Integer,
    refs: Int64s,
    starts: Int64s,
    ends: Int64s,
    at: UInt64s,
    state: Int64s,
    seen: Mask,
) -> tuple[int, int]: ...
def running_most(first: Int64s, value: UInt64s) -> None: ...
