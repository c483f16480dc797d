cdef class Octets:
    cdef inline (long long,) vtag(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return (<unsigned int>buf[at + 4] << 24 | buf[at + 5] << 16 | buf[at + 6] << 8 | buf[at + 7],)
