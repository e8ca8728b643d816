from gidx.kernels.arrays import Int32s, Int64s, Integer, UInt64s

BUCKETS: int

def pack_keys(
    codes: Int32s,
    values: Int64s,
    low: Integer,
    value_bits: Integer,
    row_bits: Integer,
    keys: UInt64s,
    k: Integer,
    from_: Integer,
    to: Integer,
) -> int: ...
def settle(keys: UInt64s, from_: Integer, to: Integer, steps: Integer) -> int: ...
def count_keys(
    keys: UInt64s, shift: Integer, from_: Integer, to: Integer, counts: Int64s
) -> None: ...
def spread(
    keys: UInt64s, shift: Integer, from_: Integer, to: Integer, at: Int64s, out: UInt64s
) -> None: ...
def sort_buckets(
    keys: UInt64s,
    bounds: Int64s,
    from_: Integer,
    to: Integer,
    shift: Integer,
    mask: Integer,
    left: Int64s,
) -> int: ...
