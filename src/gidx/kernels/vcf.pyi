from gidx.kernels.arrays import Bytes, Int8s, Int32s, Int64s, Integer

OK: int
TOO_FEW: int
TOO_MANY: int
SUBFIELDS: int

def find_info(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    words: Bytes,
    bounds: Int64s,
    table: Int32s,
    slots: Int64s,
    n_slots: Integer,
    flags: Bytes,
    others: bool,
) -> tuple[Int32s, Int32s, Bytes, Int64s, Int64s, Int32s, Int32s, Int32s, Int32s]: ...
def first_of_keys(buf: Bytes, offsets: Int32s, begins: Int32s, ends: Int32s) -> Bytes: ...
def find_formats(
    buf: Bytes,
    begins: Int32s,
    stops: Int32s,
) -> tuple[Int32s, Int32s, Int32s, Int32s]: ...
def find_samples(
    buf: Bytes,
    begins: Int32s,
    stops: Int32s,
    which: Int32s,
    bounds: Int32s,
    slots: Int32s,
    target: Int32s,
    n_chosen: Integer,
    n_slots: Integer,
    other_rows: Int64s,
    n_others: Integer,
) -> tuple[int, int, int, int, Int32s, Int32s, Bytes]: ...
def genotypes(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    there: Bytes,
) -> tuple[Int32s, Int8s, Bytes, Bytes, Bytes, int, int]: ...
def unescape(offsets: Int32s, data: Bytes) -> tuple[Int32s, Bytes]: ...
