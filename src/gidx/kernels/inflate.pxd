"""The functions of libdeflate, for kernels that inflate on their way."""

from gidx.kernels.types cimport i64, u8

ctypedef void* (*Alloc)() noexcept nogil
ctypedef void (*Free)(void*) noexcept nogil
ctypedef int (*Decompress)(
    void*, const void*, size_t, void*, size_t, size_t*, size_t*
) noexcept nogil


cdef class Libdeflate:
    cdef Alloc alloc
    cdef Free release
    cdef Decompress gzip, zlib

    cdef bint member(
        self, void* decompressor, const u8* stored, i64 size, u8* data, i64 room
    ) noexcept nogil
