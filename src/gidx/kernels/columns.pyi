from collections.abc import Sequence

from gidx.kernels.arrays import Bytes, Int32s, Int64s

CHROM: int
START: int
END: int
TEXT: int
INTEGER: int
FLOAT: int
WORD: int
FLAG: int
LIST: int
OTHER: int
STEP: int

class Words:
    def __init__(self, data: Bytes, bounds: Int64s) -> None: ...

class Arrays:
    def __init__(self, count: int) -> None: ...
    def __len__(self) -> int: ...
    def address(self, i: int) -> int: ...
    def is_made(self, i: int) -> bool: ...
    def odd(self) -> list[int]: ...

def batch(parts: Sequence[Arrays], places: Int64s, rows: int) -> Arrays: ...
def empty_maps(there: Bytes, listed: bool) -> Arrays: ...

class Plan:
    count: int
    def __init__(self, steps: Bytes, texts: bytes, words: Sequence[Words]) -> None: ...
    def of_rows(
        self,
        buf: Bytes,
        fields: Int32s,
        chrom: Int32s,
        start: Int64s,
        end: Int64s,
        chroms: Words,
    ) -> Arrays: ...
    def of_items(
        self, buf: Bytes, begins: Int32s, nexts: Int32s, there: Bytes, skip: Bytes
    ) -> Arrays: ...
    def of_groups(
        self,
        buf: Bytes,
        offsets: Int32s,
        begins: Int32s,
        nexts: Int32s,
        there: Bytes,
        skip: Bytes,
    ) -> Arrays: ...
