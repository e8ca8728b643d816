"""An open file, for kernels that read it or look whether it has changed."""

from gidx.kernels.types cimport i64


cdef class Handle:
    cdef readonly int number  # -1: closed

    cdef bint is_as(self, i64 size, i64 modified) noexcept nogil
