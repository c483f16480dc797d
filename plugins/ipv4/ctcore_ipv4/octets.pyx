# The compiled twin of octets.py; the methods are in octets.pxd, to be compiled into their callers.


cdef class Octets(Sums):
    pass


octets = Octets()
