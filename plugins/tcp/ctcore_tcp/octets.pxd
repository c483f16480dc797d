from libc.string cimport memcpy


cdef extern from "arpa/inet.h":
    unsigned int ntohl(unsigned int word) noexcept


cdef inline unsigned int _word(const unsigned char *at) noexcept:
    cdef unsigned int word
    memcpy(&word, at, 4)
    return ntohl(word)


cdef class Octets:
    cdef inline (long long,) word(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return (_word(buf + at),)

    cdef inline (long long, long long, int, int, int) segment(self, const unsigned char *buf, Py_ssize_t at) noexcept:
        return (
            _word(buf + at + 4),
            _word(buf + at + 8),
            buf[at + 12],
            buf[at + 13],
            buf[at + 14] << 8 | buf[at + 15],
        )
