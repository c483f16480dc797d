cdef class Octets:
    cdef inline (int, int, int) opening(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at + 4], buf[at + 5], buf[at + 8]
