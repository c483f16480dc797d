cimport cython

cdef int AUTHENTICATION, FRAGMENT, FRAGMENT_LENGTH, IP6_OFFSET, NO_NEXT_HEADER, OPENING
cdef bytes EXTENSION


@cython.locals(frag_off=int)
cpdef skip_extensions(bytes buf, Py_ssize_t start, Py_ssize_t limit, int nexthdr)
@cython.locals(place=Py_ssize_t)
cpdef find_fragment(bytes buf, Py_ssize_t start, Py_ssize_t limit, int nexthdr)
cdef int _length(int number, int field) except? -99
