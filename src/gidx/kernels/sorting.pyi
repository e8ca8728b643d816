from gidx.kernels.arrays import Int32s, Int64s, Integer, UInt64s

BUCKETS: int

def pack_keys(
    codes: Int32s,
    values: Int64s,
    low: Integer,
    value_bits: Integer,
    row_bits: Integer,
    n_missing: Integer,
) -> UInt64s: ...
def settle(keys: UInt64s, steps: Integer) -> bool: ...
def spread(keys: UInt64s, shift: Integer) -> tuple[UInt64s, Int64s]: ...
def sort_buckets(
    keys: UInt64s,
    bounds: Int64s,
    from_: Integer,
    to: Integer,
    shift: Integer,
    mask: Integer,
    left: Int64s,
) -> int: ...
