cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore_udplite.octets cimport Octets

cdef int ACCEPT, ASSURED, NAT_CLASH, SEEN_REPLY, IPPROTO_UDP, IPPROTO_UDPLITE, UNREPLIED, REPLIED
cdef Octets octets


cdef class UdpLite(L4Ops):
    @cython.locals(size=Py_ssize_t, covered=Py_ssize_t, coverage=int, check=int)
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(status=int, timeouts=list)
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
