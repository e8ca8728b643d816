"""BGZF files as Python's binary file objects: open one to read or to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gidx.bgzf.block import LEVEL
from gidx.bgzf.read import BgzfReader
from gidx.bgzf.write import MODES, BgzfWriter, BlockWriter

__all__ = ["BgzfReader", "BgzfWriter", "BlockWriter", "open"]


def open(
    path: Any,
    mode: str = "rb",
    *,
    level: int = LEVEL,
    threads: int | None = None,
    gzi: Any = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Any:
    """Open a BGZF file: a `BgzfReader` or a `BgzfWriter`, both binary file objects.

    Parameters
    ----------
    path : str, PathLike, bytes or binary file
        What to read or write. URLs and bytes can only be read. An open file is left
        open.
    mode : {"rb", "wb", "xb", "ab"}
        Read, write anew, write what is not there yet, append; the ``b`` may be left out.
    level : int, default 6
        0 (stored) to 12 (smallest), to write.
    threads : int, optional
        Default: as many as the process may use. The result does not depend on it.
    gzi : optional
        To read, a `GziIndex` or what `GziIndex.read` reads; default: the file with
        ``.gzi`` at its end, or else one is built when first needed. To write, True to
        write that file, or its path.
    storage_options : mapping, optional
        For fsspec, if ``path`` is a URL.

    Examples
    --------
    >>> with gidx.bgzf.open("a.bed.gz", "w") as f:
    ...     f.write(b"chr1\\t100\\t200\\nchr1\\t300\\t400\\n")
    26
    >>> with gidx.bgzf.open("a.bed.gz") as f:
    ...     first, at = f.readline(), f.tell()
    ...     rest = f.read()
    ...     f.seek(at)
    ...     f.read() == rest
    13
    True
    """
    if mode not in MODES:
        way_out = "; wrap a binary one in io.TextIOWrapper" if "t" in str(mode) else ""
        raise ValueError(f"mode is {mode!r}, expected 'rb', 'wb', 'xb' or 'ab'{way_out}")
    if MODES[mode] == "rb":
        return BgzfReader(path, threads=threads, gzi=gzi, storage_options=storage_options)
    return BgzfWriter(path, mode, level=level, threads=threads, gzi=gzi)
