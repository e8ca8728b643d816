"""Blocks inflated, many in one call, without Python's lock in between.

A thread that inflates a block by the binding gives the lock away for 36 us, and then waits for
it, while the other thread runs 5 us of Python: to wake up takes longer than that. Two threads
inflated 40 MB of BED in 83 ms, one in 59. So the functions of the libdeflate that the binding
brings are called from here (libdeflate.h says how), by their addresses.

Where a block is not as it should be, there is no answer: who asks looks again, block by block,
and has the words for it.
"""

from cpython.buffer cimport PyBUF_SIMPLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytearray cimport PyByteArray_AsString, PyByteArray_FromStringAndSize
from libc.stdlib cimport calloc, free

from gidx.kernels.types cimport i64, u8

cdef enum:
    SMALLEST = 18  # bytes of a gzip member


# One block: where it is, and where its data go.
cdef struct Job:
    const u8* stored
    i64 size
    u8* data
    i64 room


cdef class Libdeflate:
    """The library's functions: libdeflate_alloc_decompressor, libdeflate_free_decompressor,
    libdeflate_gzip_decompress_ex, libdeflate_zlib_decompress_ex."""

    def __init__(self, size_t alloc, size_t release, size_t gzip, size_t zlib):
        self.alloc, self.release = <Alloc><void*>alloc, <Free><void*>release
        self.gzip, self.zlib = <Decompress><void*>gzip, <Decompress><void*>zlib

    cdef bint member(
        self, void* decompressor, const u8* stored, i64 size, u8* data, i64 room
    ) noexcept nogil:
        """Whether a gzip member is whole, and nothing more, its data of the size that is said."""
        cdef size_t used = 0, made = 0
        return (
            self.gzip(decompressor, stored, size, data, room, &used, &made) == 0
            and used == <size_t>size
            and made == <size_t>room
        )

    def gzip_blocks(self, const u8[::1] buf, list sizes, i64 most):
        """The data of gzip members that follow each other in `buf`, each at most so large.

        None where one of them is damaged, or has something behind it.
        """
        cdef i64 i, size, room, place = 0, n = len(sizes), end = len(buf)
        cdef bint good = True
        cdef list found = []
        cdef void* decompressor = NULL
        cdef Job* jobs = <Job*>calloc(max(n, 1), sizeof(Job))
        if jobs == NULL:
            raise MemoryError()
        try:
            for i in range(n):
                size = sizes[i]
                if size < SMALLEST or size > end - place:
                    return None
                room = stated_size(&buf[place + size - 4])
                if room > most:
                    return None
                data = PyByteArray_FromStringAndSize(NULL, room)
                found.append(data)
                jobs[i].stored, jobs[i].size = &buf[place], size
                jobs[i].data, jobs[i].room = <u8*>PyByteArray_AsString(data), room
                place += size
            decompressor = self.alloc()
            if decompressor == NULL:
                raise MemoryError()
            with nogil:
                for i in range(n):
                    if not self.member(
                        decompressor, jobs[i].stored, jobs[i].size, jobs[i].data, jobs[i].room
                    ):
                        good = False
                        break
        finally:
            if decompressor != NULL:
                self.release(decompressor)
            free(jobs)
        return found if good else None

    def zlib_text(self, list pieces, i64 most):
        """The data of zlib streams, each at most so large: one after the other, and their sizes.

        None where one is not whole.
        """
        cdef i64 i, held = 0, n = len(pieces)
        cdef size_t used, made
        cdef bint good = True
        cdef u8* data
        cdef void* decompressor = NULL
        cdef Py_buffer* views = <Py_buffer*>calloc(max(n, 1), sizeof(Py_buffer))
        cdef i64* sizes = <i64*>calloc(max(n, 1), sizeof(i64))
        cdef i64 size = 0
        try:
            decompressor = self.alloc()
            if decompressor == NULL or views == NULL or sizes == NULL:
                raise MemoryError()
            for i in range(n):
                PyObject_GetBuffer(pieces[i], &views[i], PyBUF_SIMPLE)
                held = i + 1
            whole = PyByteArray_FromStringAndSize(NULL, n * most)
            data = <u8*>PyByteArray_AsString(whole)
            with nogil:
                for i in range(n):
                    used = made = 0
                    if self.zlib(
                        decompressor, views[i].buf, views[i].len, data + size, most, &used, &made
                    ) != 0 or used != <size_t>views[i].len:
                        good = False
                        break
                    sizes[i] = made
                    size += made
            if not good:
                return None
            found = [sizes[i] for i in range(n)]
        finally:
            for i in range(held):
                PyBuffer_Release(&views[i])
            if decompressor != NULL:
                self.release(decompressor)
            free(views)
            free(sizes)
        del whole[size:]
        return whole, found
