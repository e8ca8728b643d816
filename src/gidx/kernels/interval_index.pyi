from gidx.kernels.arrays import Int64s, Integer, Mask, UInt32s, UInt64s

OK: int
REVERSED: int
OUTSIDE: int
UNSORTED: int

def settle(
    first: Int64s,
    bin_from: Integer,
    bin_to: Integer,
    depth: Integer,
    start: UInt32s,
    end: UInt32s,
    value: UInt64s,
    reach: UInt32s,
) -> tuple[int, int, int]: ...
def missing_bins(missing: Mask, depth: Integer, starts: Int64s, ends: Int64s) -> Int64s: ...
def find_rows(
    first: Int64s,
    start: UInt32s,
    end: UInt32s,
    value: UInt64s,
    reach: UInt32s,
    depth: Integer,
    starts: Int64s,
    ends: Int64s,
    counts: Int64s,
    out: Int64s,
) -> int: ...
