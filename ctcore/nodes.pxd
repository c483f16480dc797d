cimport cython

from ctcore.conn cimport Conn


cdef struct Entry:
    unsigned int hash
    unsigned short zone
    unsigned char side
    void *ct  # a reference of the table's own, NULL for an empty place


cdef class Nodes:
    cdef Entry *entries
    cdef size_t mask
    cdef Py_ssize_t used
    cdef unsigned long long seed
    cdef public int side
    cdef object _collected  # an object attribute makes the class one that the collector looks into

    cpdef Conn seek(self, bytes buf, Py_ssize_t addrs, Py_ssize_t length, Py_ssize_t u, bytes suffix)
    cpdef get(self, bytes key)
    cpdef Conn holder(self, Conn ct, int direction)
    cpdef put(self, Conn ct, int direction)
    cpdef take(self, Conn ct, int direction)
    cdef int _enter(
        self, Conn ct, int direction, const unsigned char *key, Py_ssize_t length, unsigned short zone
    ) except -1
    cdef Py_ssize_t _own_place(self, Conn ct, int direction) except -2
    cdef unsigned int _hash(self, const unsigned char *key, Py_ssize_t length) noexcept
    cdef Py_ssize_t _place(self, const unsigned char *key, Py_ssize_t length, unsigned int h) except -2
    cdef int _grow(self) except -1
    cdef list _nodes(self)
