from collections.abc import Iterator, Sequence
from typing import Any

from gidx.kernels.arrays import Bytes, Int64s, Integer, Mask, UInt64s
from gidx.kernels.inflate import Libdeflate
from gidx.kernels.lines import Asked, RowRules

class Ahead:
    def __init__(self, asked: Asked, rules: RowRules, begins: UInt64s, spaces: bool) -> None: ...

class _Text: ...
class _Gather: ...

def gather(
    owner: Any,
    fd: Integer,
    file_size: Integer,
    library: Libdeflate | None,
    segments: Sequence[Any],
    read: Iterator[Any] | None,
    ahead: Ahead | None,
    near: Integer,
    room: Integer,
    limits: tuple[int, int],
) -> tuple[Bytes, Int64s, Int64s, Mask, Int64s, bool]: ...
