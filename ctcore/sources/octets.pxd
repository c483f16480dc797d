cdef class Octets:
    cdef inline (long long, long long, long long, long long) record(self, const unsigned char *index, Py_ssize_t at):
        cdef const unsigned int *numbers = <const unsigned int *>(index + at)
        return numbers[0], numbers[1], numbers[2], numbers[3]
