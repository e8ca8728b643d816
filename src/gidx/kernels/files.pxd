"""Open files by their numbers, where Python's lock is not held.

Windows' are not read, looked at or doubled here: who asks has Python do it.
"""

from gidx.kernels.types cimport i64

cdef extern from *:
    """
    #if defined(_WIN32)
    #include <io.h>
    #define gidx_close _close
    static int gidx_dup(int fd) { return -1; }
    static int64_t gidx_pread(int fd, void* to, int64_t size, int64_t at) { return -1; }
    static int gidx_status(int fd, int64_t* size, int64_t* modified) { return -1; }
    #else
    #include <sys/stat.h>
    #include <unistd.h>
    #define gidx_close close
    #define gidx_dup dup
    #define gidx_pread pread
    #if defined(__APPLE__)
    #define GIDX_MODIFIED st_mtimespec
    #else
    #define GIDX_MODIFIED st_mtim
    #endif
    static inline int gidx_status(int fd, int64_t* size, int64_t* modified) {
        struct stat status;
        if (fstat(fd, &status) != 0) return -1;
        *size = status.st_size;
        *modified = (int64_t)status.GIDX_MODIFIED.tv_sec * 1000000000
            + status.GIDX_MODIFIED.tv_nsec;
        return 0;
    }
    #endif
    """
    void close "gidx_close"(int fd) nogil
    int dup "gidx_dup"(int fd) nogil
    i64 pread "gidx_pread"(int fd, void* to, i64 size, i64 at) nogil
    # bytes, and when it was last changed, in ns since the epoch; -1: not known
    int status "gidx_status"(int fd, i64* size, i64* modified) nogil
