from ctcore.sums cimport Sums


cdef class Octets(Sums):
    cdef inline (int, int) rcv(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at + 4] << 8 | buf[at + 5], buf[at + 6]
