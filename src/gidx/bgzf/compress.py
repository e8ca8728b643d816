"""Whole files into BGZF and back, as bgzip does it.

Streamed, a few MB at a time; the target is there as a whole or not at all. The source
stays. Left out: reading from a pipe (open it as a file object and copy to
`gidx.bgzf.open`).
"""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from gidx.bgzf.block import LEVEL, is_bgzf, is_gzip
from gidx.bgzf.read import BgzfReader
from gidx.bgzf.write import BgzfWriter
from gidx.errors import WriteError, format_error
from gidx.ground.atomic import replacing
from gidx.ground.names import expanded
from gidx.ground.suffixes import BGZF, says_bgzf

PathLike = str | os.PathLike[str]

_CHUNK = 1 << 20


def compress(
    source: PathLike,
    target: PathLike | None = None,
    *,
    level: int = LEVEL,
    threads: int | None = None,
    gzi: Any = None,
) -> str:
    """Compress a file to BGZF; returns the target's path.

    Plain gzip is inflated and compressed again, in blocks; so is BGZF, if a target is
    named.

    Parameters
    ----------
    source
        A local file.
    target
        Default: the source's name and ``.gz``; of plain gzip, ``x.vcf.gz``, it is
        ``x.vcf.bgz``. A file of that name is replaced.
    level, threads, gzi
        As for `gidx.bgzf.open`.

    Examples
    --------
    >>> with open("a.bed", "wb") as f:
    ...     f.write(b"chr1\\t100\\t200\\n")
    13
    >>> compress("a.bed", gzi=True)
    'a.bed.gz'
    >>> gidx.bgzf.open("a.bed.gz").read()
    b'chr1\\t100\\t200\\n'
    """
    source = expanded(source)
    with open(source, "rb") as file:
        head = file.read(4096)
        file.seek(0)
        if is_bgzf(head) and target is None:
            raise WriteError(
                f"{source} is BGZF already; name a target to compress it again", row=None
            )
        target = (
            expanded(target) if target is not None else packed_name(source, gzipped=is_gzip(head))
        )
        _check_other(source, target)
        with (
            _inflated(file, head, threads) as data,
            BgzfWriter(
                target,
                level=level,
                threads=threads,
                gzi=gzi,
                permissions=_permissions(file, target),
            ) as writer,
        ):
            shutil.copyfileobj(data, writer, _CHUNK)
    return target


def decompress(
    source: PathLike, target: PathLike | None = None, *, threads: int | None = None
) -> str:
    """Decompress a BGZF file, or one of plain gzip; returns the target's path.

    Parameters
    ----------
    source
        A local file.
    target
        Default: the source's name without ``.gz``, ``.bgz`` or ``.bgzf``. A file of that
        name is replaced.
    threads
        Default: as many as the process may use.
    """
    source = expanded(source)
    with open(source, "rb") as file:
        head = file.read(4096)
        file.seek(0)
        if not is_gzip(head):
            raise format_error(
                source, 0, f"not gzip: begins with {head[:3].hex()}, expected 1f8b08"
            )
        target = expanded(target) if target is not None else _unpacked(source)
        _check_other(source, target)
        permissions = _permissions(file, target)
        with _inflated(file, head, threads) as data, replacing(target, permissions) as out:
            shutil.copyfileobj(data, out, _CHUNK)
    return target


@contextmanager
def _inflated(file: BinaryIO, head: bytes, threads: int | None) -> Iterator[Any]:
    """A file's data: of BGZF and of gzip, what is in it."""
    if is_bgzf(head):
        with BgzfReader(file.name, threads=threads) as reader:
            yield reader
    elif is_gzip(head):
        with gzip.GzipFile(fileobj=file) as inflated:
            try:
                yield inflated
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise format_error(file.name, None, f"damaged gzip: {error}") from None
    else:
        yield file


def _permissions(source: BinaryIO, target: str) -> int | None:
    """A new file may be read by whom its source may; one that is replaced keeps its own."""
    return None if os.path.lexists(target) else stat.S_IMODE(os.fstat(source.fileno()).st_mode)


def packed_name(source: str, *, gzipped: bool) -> str:
    """What `compress` calls its file where no target is named."""
    if not gzipped:
        return source + ".gz"
    return source.removesuffix(".gz") + ".bgz"


def _unpacked(source: str) -> str:
    stem, suffix = os.path.splitext(source)
    if not says_bgzf(suffix):
        raise WriteError(f"{source} does not end with {', '.join(BGZF)}; name a target", row=None)
    return stem


def _check_other(source: str, target: str) -> None:
    """Not in place: a failure would leave neither file."""
    if os.path.exists(target) and os.path.samefile(source, target):
        raise WriteError(
            f"{source}: source and target are the same file; name another target", row=None
        )
