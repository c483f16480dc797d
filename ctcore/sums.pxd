from libc.string cimport memcpy


cdef class Sums:
    # Words of 32 bits, in the machine's order: neither changes what the sum is modulo 65535.
    cdef inline bint is_right(self, bytes buf, Py_ssize_t start, Py_ssize_t end, unsigned int pseudo) noexcept:
        cdef const unsigned char *at = (<const unsigned char *>buf) + start
        cdef Py_ssize_t left = min(end, len(buf)) - start
        cdef unsigned long long total = 0, pair
        cdef unsigned int word
        cdef unsigned char tail[4]
        while left >= 8:
            memcpy(&pair, at, 8)
            total += <unsigned int>pair
            total += pair >> 32
            at += 8
            left -= 8
        if left >= 4:
            memcpy(&word, at, 4)
            total += word
            at += 4
            left -= 4
        if left > 0:
            word = 0
            memcpy(&word, at, left)
            total += word
        tail[0] = pseudo >> 24
        tail[1] = pseudo >> 16 & 0xFF
        tail[2] = pseudo >> 8 & 0xFF
        tail[3] = pseudo & 0xFF
        memcpy(&word, tail, 4)
        total += word
        return total != 0 and total % 0xFFFF == 0
