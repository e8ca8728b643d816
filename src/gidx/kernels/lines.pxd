"""What rows are and which are asked for, for kernels that look ahead of `read_lines`."""

from gidx.kernels.types cimport i32, i64, u8, u64


cdef class RowRules:
    cdef bint tracks, fasta, one_based
    cdef u8 meta
    cdef i64 least, exact, head, chrom, start, end, span
    cdef const u8[::1] names
    cdef const i64[::1] bounds
    cdef const i32[::1] slots


cdef class Asked:
    cdef bint every
    cdef const i64[::1] first, starts, ends
    cdef const u64[::1] floors
