cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore_dccp.octets cimport Octets
from ctcore_dccp.record cimport DccpState

cdef int ACCEPT, ASSURED, IP_CT_IS_REPLY, SEEN_REPLY, IPPROTO_DCCP
cdef int ACK, REQUEST, RESET, RESPONSE, TYPES
cdef int CLIENT, CLOSE_REQUESTED, IGNORE, INVALID, NONE, PARTOPEN, REQUESTED, RESPOND, SERVER, TIMEWAIT
cdef Octets octets


cdef class Dccp(L4Ops):
    cdef public list timeouts
    cdef public int loose

    @cython.locals(size=Py_ssize_t, covered=Py_ssize_t, doff=int, ccval_cscov=int, type_x=int, cscov=int, kind=int)
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(dccp=DccpState, kind=int, direction=int, old=int, new=int)
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99


cdef int _kind(Packet pkt, Py_ssize_t dataoff) except? -99
cdef bint _is_late_answer(DccpState dccp, int kind, int direction) except? -99
