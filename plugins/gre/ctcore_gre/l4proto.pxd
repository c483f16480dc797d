cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore_gre.octets cimport Octets

cdef int ACCEPT, ASSURED, NAT_CLASH, SEEN_REPLY, UNREPLIED, REPLIED
cdef int GRE_PROTO_PPP, GRE_VERSION, GRE_VERSION_PPTP
cdef Octets octets


cdef class Gre(L4Ops):
    cdef public list timeouts
    cdef public object keymap

    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(status=int)
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
