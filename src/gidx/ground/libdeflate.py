"""The libdeflate that the binding brings, for kernels that inflate many blocks in one call."""

from __future__ import annotations

import ctypes

import deflate

from gidx.kernels.inflate import Libdeflate

_FUNCTIONS = (
    "libdeflate_alloc_decompressor",
    "libdeflate_free_decompressor",
    "libdeflate_gzip_decompress_ex",
    "libdeflate_zlib_decompress_ex",
)


def _found() -> Libdeflate | None:
    try:
        library = ctypes.CDLL(deflate._deflate.__file__)
        addresses = [
            ctypes.cast(getattr(library, name), ctypes.c_void_p).value for name in _FUNCTIONS
        ]
    except (AttributeError, OSError, TypeError):
        return None
    return Libdeflate(*map(int, filter(None, addresses))) if all(addresses) else None


# None where a build of the binding does not show the library's functions (as Windows' does not):
# then its own calls are made, block by block, which no answer depends on.
LIBDEFLATE = _found()
