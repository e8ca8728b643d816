from typing import Any

from gidx.kernels.arrays import Bytes, Int32s, Int64s, Integer

def integers(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    low: Integer,
    high: Integer,
    color: bool,
) -> tuple[Int64s, Bytes, int]: ...
def unwritten(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    integers: bool,
    ok: Bytes,
) -> int: ...
def decimals(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    single: bool,
) -> tuple[Any, Bytes, int, int]: ...
def texts(buf: Bytes, begins: Int32s, nexts: Int32s) -> tuple[Int32s, Bytes, Bytes, int]: ...
def words(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    known: Bytes,
    known_bounds: Int64s,
) -> tuple[Int32s, Bytes, int]: ...
def settle(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    there: Bytes,
    word: Bytes,
    has_word: bool,
    ok: Bytes,
) -> tuple[Bytes | None, int, int]: ...
def split_lists(
    buf: Bytes,
    begins: Int32s,
    nexts: Int32s,
    size: Integer,
    counts: Int64s,
    counted: Bytes,
    separator: Integer,
    closed: bool,
    absent: Bytes,
    there: Bytes,
) -> tuple[Int32s, Int32s, Int32s, Bytes, int, int]: ...
def gather(buf: Bytes, begins: Int32s, nexts: Int32s) -> tuple[Int32s, Bytes]: ...
