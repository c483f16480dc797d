cdef enum:
    NEAR = 14  # bytes of a packed tuple of IPv4


cdef class Pair:
    cdef unsigned char *packed  # the original tuple, and the reply ``stride`` bytes behind it
    cdef unsigned char near[2 * NEAR]  # where they are, unless they are longer
    cdef unsigned char stride
    cdef unsigned char lengths[2]

    cdef int _put(self, int side, bytes value) except -1
    cdef int _widen(self, Py_ssize_t stride) except -1
