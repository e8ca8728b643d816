"""Memory for columns and texts, which is kept for the next ones; see memory.pyx."""

from gidx.kernels.types cimport i64

cdef void* take(i64 size) noexcept nogil
cdef void give(void* data) noexcept nogil
