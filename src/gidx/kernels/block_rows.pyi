from gidx.kernels.arrays import Bytes, Int64s, Integer

def read_block(
    text: Bytes,
    meta: Integer,
    c_chrom: Integer,
    c_start: Integer,
    chrom: Bytes,
    within: Int64s,
    positions: Int64s,
) -> tuple[int, int, int, int, int, int]: ...
