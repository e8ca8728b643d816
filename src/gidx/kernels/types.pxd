"""Numbers as kernels name them: by sign and bits."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

ctypedef int8_t i8
ctypedef int32_t i32
ctypedef int64_t i64
ctypedef uint8_t u8
ctypedef uint16_t u16
ctypedef uint32_t u32
ctypedef uint64_t u64

cdef extern from *:
    """
    #define GIDX_FAR ((int64_t)1 << 62)
    #define GIDX_UNSET (~(uint64_t)0)
    """
    const i64 FAR "GIDX_FAR"  # behind any position
    const i64 LOWEST "-GIDX_FAR"  # before any
    const u64 UNSET "GIDX_UNSET"  # behind any virtual offset
