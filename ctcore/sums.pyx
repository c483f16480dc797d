# The compiled twin of sums.py; the method is in sums.pxd, to be compiled into its callers.


cdef class Sums:
    pass
