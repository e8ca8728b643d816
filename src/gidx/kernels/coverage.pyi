from gidx.kernels.arrays import Float32s, Float64s, Int64s, Integer, UInt32s

POSITION: int
OPEN: int
EDGE: int
EMPTY: int
EMPTY_DEPTH: int
STATE: int
FOUND: int
GROWING: int

def sweep(
    starts: Int64s,
    ends: Int64s,
    first: Integer,
    finish: bool,
    heap: Int64s,
    state: Int64s,
    out: Int64s,
) -> tuple[int, int]: ...
def count_summaries(
    starts: Int64s,
    ends: Int64s,
    size: Integer,
    reductions: Int64s,
    reach: Int64s,
    counts: Int64s,
) -> None: ...
def summarize(
    starts: Int64s,
    ends: Int64s,
    values: Int64s | Float32s,
    chrom: Integer,
    size: Integer,
    reduction: Integer,
    state: Int64s,
    whole: Float64s,
    integers: UInt32s,
    floats: Float32s,
) -> bool: ...
def coarsen(integers: UInt32s, floats: Float32s, reduction: Integer) -> int: ...
def older_depth(starts: Int64s, ends: Int64s) -> tuple[Int64s, Int64s, Int64s]: ...
def clip_to_first(starts: Int64s, ends: Int64s) -> Int64s: ...
