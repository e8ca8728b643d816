from gidx.kernels.arrays import Bytes, Int8s, Int32s, Int64s, Integer

def first_in(offsets: Int64s, data: Bytes, table: Bytes) -> int: ...
def escape(
    offsets: Int64s, data: Bytes, table: Bytes, mark: int, in_hex: bool
) -> tuple[Int64s, Bytes]: ...
def fill(offsets: Int64s, data: Bytes, there: Bytes, mark: Integer) -> tuple[Int64s, Bytes]: ...
def join_items(
    offsets: Int64s,
    data: Bytes,
    bounds: Int64s,
    separator: Bytes,
) -> tuple[Int64s, Bytes]: ...
def join_pairs(
    key_offsets: Int64s,
    keys: Bytes,
    offsets: Int64s,
    data: Bytes,
    there: Bytes,
    between: Bytes,
) -> tuple[Int64s, Bytes]: ...
def add_parts(
    offsets: Int64s,
    there: Bytes,
    extra: Integer,
    separator: Integer,
    begun: Bytes,
    lengths: Int64s,
) -> None: ...
def put_parts(
    offsets: Int64s,
    data: Bytes,
    there: Bytes,
    before: Bytes,
    behind: Bytes,
    separator: Bytes,
    begins: Int64s,
    cursor: Int64s,
    out: Bytes,
) -> None: ...
def note_cells(
    there: Bytes,
    has: Bytes,
    width: Integer,
    k: Integer,
    first: Int32s,
    last: Int32s,
) -> None: ...
def add_cells(
    offsets: Int64s,
    there: Bytes,
    has: Bytes,
    width: Integer,
    k: Integer,
    first: Int32s,
    last: Int32s,
    lengths: Int64s,
) -> None: ...
def put_cells(
    offsets: Int64s,
    data: Bytes,
    there: Bytes,
    has: Bytes,
    width: Integer,
    k: Integer,
    first: Int32s,
    last: Int32s,
    cursor: Int64s,
    out: Bytes,
) -> None: ...
def place_cells(lengths: Int64s, first: Int32s, width: Integer) -> tuple[Int64s, Int64s]: ...
def part_cells(begins: Int64s, first: Int32s, width: Integer, out: Bytes) -> None: ...
def format_genotypes(
    offsets: Int64s,
    alleles: Int8s | Int32s,
    called: Bytes,
    phased: Bytes,
    there: Bytes,
    leading: bool,
) -> tuple[Int64s, Bytes]: ...
