cdef class Octets:
    cdef inline (int, int) opening(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at] << 8 | buf[at + 1], buf[at + 2] << 8 | buf[at + 3]
