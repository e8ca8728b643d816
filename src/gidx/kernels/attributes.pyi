from gidx.kernels.arrays import Bytes, Int32s, Int64s, Integer

SKIP: int
TEXT: int
LIST: int
REST: int

def split_attributes(
    buf: Bytes,
    field_begins: Int32s,
    field_nexts: Int32s,
    quoted: bool,
    keys: Bytes,
    bounds: Int64s,
    table: Int32s,
    kinds: Bytes,
    slots: Int32s,
    n_texts: Integer,
    n_lists: Integer,
    rest: bool,
) -> tuple[
    tuple[Int32s, Int32s, Bytes],
    tuple[Int64s, Int32s, Int32s],
    Bytes,
    tuple[Int32s, Int32s, Int32s],
    tuple[Bytes, Int32s, Int32s, Int32s],
    tuple[Int64s, Int32s, Int32s],
    Bytes,
    tuple[int, int, int],
]: ...
def group(
    owners: Int64s,
    begins: Int32s,
    nexts: Int32s,
    n_owners: Integer,
) -> tuple[Int32s, Int32s, Int32s]: ...
def join(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    offsets: Int32s,
    more_begins: Int32s,
    more_nexts: Int32s,
) -> tuple[Bytes, Int32s, Int32s]: ...
def unescape(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    quoted: bool,
) -> tuple[Bytes, Int32s, Int32s]: ...
def split_tags(
    buf: Bytes,
    field_begins: Int32s,
    field_nexts: Int32s,
) -> tuple[Int32s, Int32s, Int32s, Int32s, Int32s, tuple[int, int, int, int]]: ...
