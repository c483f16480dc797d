from cpython.unicode cimport PyUnicode_DecodeASCII

from ctcore.sums cimport Sums


cdef class Octets(Sums):
    cdef inline (int, int, int, int) rcv(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return buf[at], buf[at + 2] << 8 | buf[at + 3], buf[at + 6] << 8 | buf[at + 7], buf[at + 9]

    cdef inline str dotted(self, bytes addrs, Py_ssize_t at):
        cdef char text[16]
        cdef int length = 0, place
        cdef unsigned char octet
        for place in range(4):
            octet = addrs[at + place]
            if octet > 99:
                text[length] = 48 + octet // 100
                length += 1
            if octet > 9:
                text[length] = 48 + octet // 10 % 10
                length += 1
            text[length] = 48 + octet % 10
            text[length + 1] = 46
            length += 2
        return PyUnicode_DecodeASCII(text, length - 1, NULL)
