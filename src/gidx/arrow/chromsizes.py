"""Chromosome sizes: whatever names them, as a dict of name to size.

A file has two columns, name and size, between tabs or spaces, as UCSC's
``hg38.chrom.sizes`` and ``fetchChromSizes`` have it; further columns (a ``.fai``
index has three more), empty lines and lines that begin with ``#`` are passed over.

Left out: 2bit files, assembly names, URLs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gidx.errors import WriteError
from gidx.ground.region import chrom_name

LARGEST = 2**32 - 1  # positions in the file are of 32 bits

_EXPECTED = (
    "expected a dict of name to size, a path to a file of names and sizes, "
    "a frame with the columns chrom and size (or length), or pairs"
)


def read(chromsizes: Any) -> dict[str, int]:
    """Sizes by name, in their order.

    >>> read([("chr2", 500), ("chr10", 400)])
    {'chr2': 500, 'chr10': 400}
    """
    if isinstance(chromsizes, (str, os.PathLike)):
        return _checked(_read_file(Path(chromsizes).expanduser()), f"{os.fspath(chromsizes)}: ")
    return _checked(_pairs(chromsizes), "chromsizes: ")


def given_or_recorded(given: Any, about: Mapping[str, Any]) -> dict[str, int]:
    """The sizes that a writer is given, or those that the data's metadata have."""
    recorded = about.get("chromsizes")
    if given is not None:
        return read(given)
    if not isinstance(recorded, Mapping) or None in recorded.values():
        raise WriteError(
            "no chromsizes: the data carry none; pass chromsizes={'chr1': 248956422, …} or a path "
            "to a file of names and sizes, such as UCSC's hg38.chrom.sizes",
            row=None,
        )
    return read(recorded)


def _read_file(path: Path) -> Iterable[tuple[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split("\t") if "\t" in line else line.split()
            if len(words) < 2:
                raise WriteError(
                    f"{path}, line {number}: found {line.strip()[:60]!r}, expected a name and a "
                    "size",
                    row=None,
                )
            yield words[0].strip(), words[1].strip()


def _pairs(given: Any) -> Iterable[tuple[Any, Any]]:
    names = getattr(given, "column_names", None)  # pyarrow
    columns = list(names if names is not None else getattr(given, "columns", ()))
    if columns:  # a frame, of any kind
        size = next((name for name in ("size", "length") if name in columns), None)
        chrom = next((name for name in ("chrom", "name") if name in columns), None)
        if chrom is not None and size is not None:
            return list(zip(_values(given[chrom]), _values(given[size]), strict=True))
        if len(columns) == 1 and hasattr(given, "index"):
            return list(given[columns[0]].items())
        found = ", ".join(map(str, columns))
        # bioframe's view frames: regions, which may be arms, so they are no sizes as they stand
        way = "; where rows are whole chroms, view.set_index('chrom')['end']"
        way = way if {"chrom", "end"} <= {*columns} else ""
        raise WriteError(
            f"chromsizes: the frame has the columns {found}; {_EXPECTED}{way}", row=None
        )
    if isinstance(given, Mapping) or hasattr(given, "items"):  # a dict, a pandas Series
        return list(given.items())
    try:
        return [(name, size) for name, size in given]
    except (TypeError, ValueError):
        found = type(given).__name__
        raise WriteError(f"chromsizes: cannot read {found}; {_EXPECTED}", row=None) from None


def _values(column: Any) -> list[Any]:
    return list(column.to_pylist() if hasattr(column, "to_pylist") else column)


def _checked(pairs: Iterable[tuple[Any, Any]], place: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for given, size in pairs:
        name = chrom_name(given)
        if not name:
            raise WriteError(f"{place}found the name {given!r}, expected a text", row=None)
        number = _integer(size)
        if number is None or not 0 <= number <= LARGEST:
            raise WriteError(
                f"{place}size of {name!r} is {size!r}, expected an integer of 0 to {LARGEST}",
                row=None,
            )
        if sizes.setdefault(name, number) != number:
            raise WriteError(
                f"{place}{name!r} stands there twice, with the sizes {sizes[name]} and {number}",
                row=None,
            )
    return sizes


def _integer(size: Any) -> int | None:
    """An int, a numpy or pandas integer, a float without a fraction, digits; else None."""
    if isinstance(size, str):
        return int(size) if size.isascii() and size.isdigit() else None
    try:
        number = int(size)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number == size and not isinstance(size, bool) else None
