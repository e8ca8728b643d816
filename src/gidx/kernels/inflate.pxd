"""The functions of libdeflate, for kernels that inflate on their way."""

from gidx.kernels.types cimport i64, u8

ctypedef void* (*Alloc)() noexcept nogil
ctypedef void (*Free)(void*) noexcept nogil
ctypedef int (*Decompress)(
    void*, const void*, size_t, void*, size_t, size_t*, size_t*
) noexcept nogil


cdef inline i64 stated_size(const u8* tail) noexcept nogil:
    """How many bytes a gzip member says that its data are, in its last four."""
    return tail[0] | <i64>tail[1] << 8 | <i64>tail[2] << 16 | <i64>tail[3] << 24


cdef class Libdeflate:
    cdef Alloc alloc
    cdef Free release
    cdef Decompress gzip, zlib

    cdef bint member(
        self, void* decompressor, const u8* stored, i64 size, u8* data, i64 room
    ) noexcept nogil
