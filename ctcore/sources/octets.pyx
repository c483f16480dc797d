# The compiled twin of octets.py; the methods are in octets.pxd, to be compiled into their callers.

RECORD_SIZE = 16


cdef class Octets:
    pass


octets = Octets()
