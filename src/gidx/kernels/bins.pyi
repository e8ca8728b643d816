from gidx.kernels.arrays import Bytes, Int64s, Integer, Mask, UInt64s

OK: int
TRUNCATED: int
NEGATIVE: int
UNSORTED: int
AGAIN: int
BACKWARD: int
FAR: int
REF: int
START: int
HEIGHT: int
INDEX: int
ROWS: int
REACH: int
MAX_END: int
STATE: int
SAVED: int
LAST: int
REF_BEGIN: int
OFFSETS: int
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
def select_chunks(
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
    min_shift: Integer,
    depth: Integer,
    chrom: Int64s,
    start: Int64s,
    end: Int64s,
    out: UInt64s,
) -> int: ...
def find_floors(
    floor_first: Int64s,
    floor_window: Int64s,
    floor_value: UInt64s,
    ceiling_first: Int64s,
    ceiling_value: UInt64s,
    min_shift: Integer,
    chrom: Int64s,
    start: Int64s,
) -> UInt64s: ...
def join_few(ranges: UInt64s, gap: Integer) -> int: ...
def push_rows(
    refs: Int64s,
    starts: Int64s,
    ends: Int64s,
    bounds: UInt64s,
    min_shift: Integer,
    state: Int64s,
    offsets: UInt64s,
    open_index: Int64s,
    open_range: UInt64s,
    seen: Mask,
    chunk: Int64s,
    chunk_range: UInt64s,
    run: Int64s,
    run_offset: UInt64s,
    ref: Int64s,
    ref_range: UInt64s,
) -> tuple[int, int, int, int, int]: ...
def close_rows(
    end: Integer,
    state: Int64s,
    offsets: UInt64s,
    open_index: Int64s,
    open_range: UInt64s,
    chunk: Int64s,
    chunk_range: UInt64s,
    ref: Int64s,
    ref_range: UInt64s,
) -> tuple[int, int]: ...
