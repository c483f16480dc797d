cdef class Octets:
    cdef inline (int, int, int) chunk(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at], buf[at + 1], buf[at + 2] << 8 | buf[at + 3]

    cdef inline (long long,) vtag(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return (<unsigned int>buf[at + 4] << 24 | buf[at + 5] << 16 | buf[at + 6] << 8 | buf[at + 7],)
