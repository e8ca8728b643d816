from gidx.kernels.arrays import Bytes, Int32s, Int64s, Integer, UInt64s

OK: int
TRUNCATED: int
FIELDS: int
CHROM: int

def read_records(
    buf: Bytes,
    bounds: Int64s,
    big: bool,
    n_chroms: Integer,
    n_fields: Integer,
    want: Integer,
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
    every: bool,
) -> tuple[int, int, int, Int32s, Int64s, Int64s, Int32s]: ...
def select_nodes(
    lo: UInt64s,
    hi: UInt64s,
    reach: UInt64s,
    chroms: Int64s,
    starts: Int64s,
    ends: Int64s,
) -> Int64s: ...
def select_items(
    chrom: Int64s,
    start: Int64s,
    end: Int64s,
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
) -> Int64s: ...
