cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore.slots cimport L3Slot
from ctcore_udp.octets cimport Octets

cdef int ACCEPT, ASSURED, NAT_CLASH, SEEN_REPLY, IPPROTO_UDP, UDP_SIZE, UNREPLIED, REPLIED
cdef Octets octets
cdef long long STREAM_AFTER


cdef class Udp(L4Ops):
    cdef public list timeouts

    @cython.locals(size=Py_ssize_t, length=int, check=int, l3=L3Slot)
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(status=int, timeouts=list, stream_from="long long")
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
