"""Several files as one source: a list, a glob, a folder of Parquet files.

What is opened of it is made of what is opened of each (`gidx.formats.several`).
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gidx.ground.names import expanded, is_url
from gidx.ground.ranges import Ranges
from gidx.ground.source import Bytes, ByteSource, PathSource
from gidx.ground.tuning import tuning


class Files:
    """Several sources, in order (a `ByteSource` whose bytes nobody reads as one)."""

    def __init__(self, sources: Sequence[ByteSource]) -> None:
        self.sources = tuple(sources)
        first, *rest = self.sources
        self.name = first.name if not rest else f"{first.name} and {len(rest)} more"
        self.size = sum(source.size for source in self.sources)

    def read(self, offset: int, size: int) -> Bytes:
        raise ValueError(f"{self.name}: bytes {offset} to {offset + size} of several files")

    def read_many(self, ranges: Ranges) -> Sequence[Bytes]:
        raise ValueError(f"{self.name}: {len(ranges)} ranges of several files")

    def modified(self) -> float | None:
        return None

    def is_current(self) -> bool:
        return all(source.is_current() for source in self.sources)

    def close(self) -> None:
        """Close those that are files on this machine."""
        for source in self.sources:
            if isinstance(source, PathSource):
                source.close()


def are_held(files: Sequence[Any]) -> bool:
    """Whether files that are opened as one are held open: a process may have 1,024."""
    return len(files) <= tuning.held_files


def listed(path: Any, storage_options: Mapping[str, Any] | None = None) -> list[Any] | None:
    """The files that a list, a glob or a folder means; None for what is one file.

    A glob's files come in the order that people count in: chr2 before chr10.
    """
    if isinstance(path, (list, tuple)):
        if not path:
            raise ValueError("an empty list of files, expected one or more")
        return list(path)
    if not isinstance(path, (str, os.PathLike)):
        return None
    text = expanded(path)
    if is_url(text):
        return _of_url(text, storage_options) if "*" in text.partition("?")[0] else None
    if os.path.isdir(text):
        found = glob.glob(os.path.join(glob.escape(text), "**", "*.parquet"), recursive=True)
        # what engines write is called so as a whole: a folder rows.parquet with files of its own
        return sorted(filter(os.path.isfile, found), key=counted) or None
    if not glob.has_magic(text) or os.path.exists(text):
        return None
    return _some(sorted(glob.glob(text, recursive=True), key=counted), text)


def _of_url(url: str, storage_options: Mapping[str, Any] | None) -> list[str]:
    import fsspec

    fs, path = fsspec.core.url_to_fs(url, **(storage_options or {}))
    found = [str(fs.unstrip_protocol(one)) for one in fs.glob(path)]
    return _some(sorted(found, key=counted), url)


def _some(found: list[str], pattern: str) -> list[str]:
    data = [path for path in found if not path.endswith((".tbi", ".csi", ".gzi"))]
    if not data:
        raise FileNotFoundError(f"{pattern}: no file is called so")
    return data


def counted(path: str) -> list[tuple[int, int | str]]:
    """A key to sort names by as people count.

    >>> sorted(["chr10.vcf", "chrX.vcf", "chr2.vcf"], key=counted)
    ['chr2.vcf', 'chr10.vcf', 'chrX.vcf']
    """
    parts = re.split(r"(\d+)", path)
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]
