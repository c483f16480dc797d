cimport cython

from ctcore.conn cimport Conn
from ctcore.table cimport Table

cdef int CONFIRMED, DYING, EXPECTED, EXT_HELPER, EXT_TSTAMP


cdef class Lifecycle:
    cdef object net
    cdef Table table

    cpdef bint delete(self, Conn ct) except? -99
    @cython.locals(master=Conn)
    cpdef free(self, Conn ct)
    @cython.locals(master=Conn)
    cpdef adopt(self, Conn ct, object exp)
