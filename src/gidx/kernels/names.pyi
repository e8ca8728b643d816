from gidx.kernels.arrays import Bytes, Int32s, Int64s, Mask, UInt64s

def hash_words(words: Bytes, bounds: Int64s) -> Int32s: ...
def code_names(
    offsets: Int32s | Int64s,
    data: Bytes,
    words: UInt64s,
    there: Mask,
    table: Int32s,
    keys: UInt64s,
    firsts: Int64s,
    codes: Int32s,
) -> int: ...
