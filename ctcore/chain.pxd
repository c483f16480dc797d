cimport cython

from ctcore.ops cimport HookFunction
from ctcore.packet cimport Packet

cdef int ACCEPT


cdef class Link:
    cdef public HookFunction function
    cdef public Link next
    @cython.locals(link=Link, verdict=int)
    cpdef int walk(self, Packet pkt) except? -99
