# The compiled twin of pair.py: a lookup compares the tuples where the flow is, with no object between.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy


cdef class Pair:
    def __cinit__(self):
        self.packed = self.near
        self.stride = NEAR

    def __dealloc__(self):
        if self.packed != self.near:
            free(self.packed)

    @property
    def original(self):
        return self.packed[: self.lengths[0]]

    @original.setter
    def original(self, bytes value):
        self._put(0, value)

    @property
    def reply(self):
        return self.packed[self.stride : self.stride + self.lengths[1]]

    @reply.setter
    def reply(self, bytes value):
        self._put(1, value)

    cdef int _put(self, int side, bytes value) except -1:
        cdef Py_ssize_t length = PyBytes_GET_SIZE(value)
        if length > self.stride:
            self._widen(length)
        memcpy(self.packed + side * self.stride, PyBytes_AS_STRING(value), length)
        self.lengths[side] = length
        return 0

    cdef int _widen(self, Py_ssize_t stride) except -1:
        cdef unsigned char *wider
        if stride > 255:
            raise ValueError(f"a packed tuple has at most 255 bytes, not {stride}")
        wider = <unsigned char *>malloc(2 * stride)
        if wider == NULL:
            raise MemoryError
        memcpy(wider, self.packed, self.lengths[0])
        memcpy(wider + stride, self.packed + self.stride, self.lengths[1])
        if self.packed != self.near:
            free(self.packed)
        self.packed = wider
        self.stride = stride
        return 0
