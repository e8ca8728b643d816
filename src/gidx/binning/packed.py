"""Files of indexes: inside gzip, BGZF or not, and no larger than `limits` say."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO, cast

from gidx.bgzf.block import inflate_all, is_bgzf, tail_sizes, walk
from gidx.errors import FormatError, format_error
from gidx.ground.limits import limits


def gzipped(file: BinaryIO) -> BinaryIO:
    """The file to write gzip to, without a name and time in it; closing leaves it open."""
    made = gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
    return cast(BinaryIO, made)


def inflated(data: bytes, name: str) -> bytes:
    """The data of BGZF, or of any other gzip: at most as many bytes as `limits` say."""
    if is_bgzf(data):
        sizes, _ = walk(data, 0, name, final=True)
        if sum(tail_sizes(data, sizes, 0, name)) > limits.index:
            raise _too_large(name)
        return inflate_all(data, sizes, 0, name)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(limits.index + 1)
    except (EOFError, zlib.error, OSError) as error:
        raise format_error(name, None, f"truncated or damaged gzip: {error}") from None
    if len(found) > limits.index:
        raise _too_large(name)
    return found


def _too_large(name: str) -> FormatError:
    return limits.passed("index", name, None, "an index that inflates to more bytes")
