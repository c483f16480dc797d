cimport cython

cpdef long long ethernet(bytes buf, long long offset, long long end) except? -99
