from typing import Any

import numpy.typing as npt

from gidx.kernels.arrays import Int8s, Int32s, Int64s, Integer, Mask

def double(start: Int64s, end: Int64s) -> tuple[Int64s, Int64s]: ...
def look(codes: Int32s, starts: Int64s, n_codes: Integer) -> tuple[Int64s, int, bool, Int64s]: ...
def find_branches(first: Int64s, ends: Int64s, branch: Int32s | Int64s) -> None: ...
def find_maxima(ends: Int64s) -> tuple[Int64s, Int64s]: ...
def search(
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
    branch: Int32s | Int64s,
    maxima: Int64s,
    offsets: Int64s,
    codes: Int32s,
    start: Int64s,
    end: Int64s,
    place: Int64s,
    rows: Int64s,
    bounds: Int64s,
    from_: Integer,
    to: Integer,
    asked: Int64s,
    found: Int64s,
) -> None: ...
def mark(
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
    regions: tuple[Int64s, Int64s, Int64s, Int64s],
    rows: Int64s,
    from_: Integer,
    to: Integer,
    marked: Mask,
) -> None: ...
def count(
    first: Int64s,
    starts: Int64s,
    sorted_ends: Int64s,
    codes: Int32s,
    start: Int64s,
    end: Int64s,
    place: Int64s,
    from_: Integer,
    to: Integer,
    out: Int64s,
) -> None: ...
def mark_rows(
    codes: Int32s,
    start: Int64s,
    end: Int64s,
    regions: tuple[Int64s, Int64s, Int64s, Int64s],
    from_: Integer,
    to: Integer,
    marked: Mask,
) -> None: ...
def running_sums(values: Int64s) -> Int64s: ...
def overlap_sum(
    first: Int64s,
    starts: Int64s,
    start_sums: Int64s,
    ends: Int64s,
    end_sums: Int64s,
    codes: Int32s,
    start: Int64s,
    end: Int64s,
    place: Int64s,
    from_: Integer,
    to: Integer,
    out: Int64s,
) -> None: ...
def merge(
    codes: Int32s,
    starts: Int64s,
    ends: Int64s,
    n_codes: Integer,
) -> tuple[Int64s, Int64s, Int64s, Int64s]: ...
def nearest(
    first: Int64s,
    starts: Int64s,
    ends: Int64s,
    maxima: Int64s,
    offsets: Int64s,
    by_end: Int64s,
    sorted_ends: Int64s,
    codes: Int32s,
    start: Int64s,
    end: Int64s,
    place: Int64s,
    sides: Int8s,
    k: Integer,
    every: bool,
    overlapping: bool,
    most: Integer,
    from_: Integer,
    to: Integer,
    counts: Int64s,
    out: Int64s,
    distances: Int64s,
) -> None: ...
def digest(values: npt.NDArray[Any]) -> int: ...
