cimport cython

from ctcore_tcp.octets cimport Octets

cdef int END, NOP, WINDOW, SACK_PERM, SACK, SACK_BLOCK
cdef int ALIGNED_LENGTH, BE_LIBERAL, MAX_WSCALE, SACK_PERMITTED, WINDOW_SCALE
cdef Octets octets
cdef long long ALIGNED_TIMESTAMP, HALF, U32


@cython.locals(kind=int, length=int)
cpdef (int, int) syn_options(bytes buf, Py_ssize_t at, Py_ssize_t end, int scale, int flags) except *
@cython.locals(kind=int, length=int, edge=Py_ssize_t, right="long long")
cpdef long long highest_sack(bytes buf, Py_ssize_t at, Py_ssize_t end, long long sack) except? -99
