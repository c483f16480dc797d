cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore.slots cimport L3Slot

cdef int ACCEPT, AF_INET6, CONFIRMED, IP_CT_UNTRACKED, IPPROTO_ICMPV6, LOWEST_INFORMATIONAL, REDIRECT


cdef class Icmpv6(L4Ops):
    cdef public long long timeout

    @cython.locals(l3=L3Slot, kind=int)
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(kind=int)
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
