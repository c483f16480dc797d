cdef class Octets:
    cdef inline (int, int) coverage(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at + 4] << 8 | buf[at + 5], buf[at + 6] << 8 | buf[at + 7]
