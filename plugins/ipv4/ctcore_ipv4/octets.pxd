from ctcore.sums cimport Sums


cdef class Octets(Sums):
    cdef inline (int, int, int, int) rcv(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at], buf[at + 2] << 8 | buf[at + 3], buf[at + 6] << 8 | buf[at + 7], buf[at + 9]

    cdef inline str dotted(self, bytes addrs, Py_ssize_t at):
        return f"{addrs[at]}.{addrs[at + 1]}.{addrs[at + 2]}.{addrs[at + 3]}"
