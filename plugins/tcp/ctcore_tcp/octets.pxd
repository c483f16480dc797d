cdef class Octets:
    cdef inline (long long,) word(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return (<unsigned int>buf[at] << 24 | buf[at + 1] << 16 | buf[at + 2] << 8 | buf[at + 3],)

    cdef inline (long long, long long, int, int, int) segment(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return (
            <unsigned int>buf[at + 4] << 24 | buf[at + 5] << 16 | buf[at + 6] << 8 | buf[at + 7],
            <unsigned int>buf[at + 8] << 24 | buf[at + 9] << 16 | buf[at + 10] << 8 | buf[at + 11],
            buf[at + 12],
            buf[at + 13],
            buf[at + 14] << 8 | buf[at + 15],
        )
