from gidx.kernels.arrays import Bytes, Int32s, Int64s, Integer, Mask

OK: int
FIELDS: int
CHROM: int
NUMBER: int
ORDER: int
FLOOR: int
UNSORTED: int
COLUMNS: int
SAM: int
VCF: int

def read_lines(
    buf: Bytes,
    begins: Int64s,
    stops: Int64s,
    cut: Mask,
    meta: Integer,
    tracks: bool,
    fasta: bool,
    least: Integer,
    exact: Integer,
    head: Integer,
    want: Integer,
    c_chrom: Integer,
    c_start: Integer,
    c_end: Integer,
    one_based: bool,
    span: Integer,
    names: Bytes,
    name_bounds: Int64s,
    slots: Int32s,
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
    every: bool,
    floors: Int64s,
    goals: Int64s,
) -> tuple[int, int, int, Int32s, Int64s, Int64s, Int32s, Int32s, Int32s, Int64s]: ...
def read_chroms(
    buf: Bytes,
    begins: Int64s,
    stops: Int64s,
    cut: Mask,
    meta: Integer,
    tracks: bool,
    fasta: bool,
    c_chrom: Integer,
) -> tuple[Int32s, int]: ...
def part_by_tabs(buf: Bytes, begins: Int64s, stops: Int64s) -> tuple[Bytes, Int64s, Int64s]: ...
