cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore_sctp.chunks cimport Chunk, check_tag, chunks_of, init_tag, learn_init, learn_init_ack
from ctcore_sctp.octets cimport Octets
from ctcore_sctp.record cimport SctpState

cdef int ACCEPT, ASSURED, CONFIRMED, IP_CT_IS_REPLY, IPPROTO_SCTP
cdef int DATA, HEARTBEAT, INIT, INIT_ACK, SHUTDOWN_ACK, GO_ON, REFUSE
cdef int CLOSED, ESTABLISHED, INVALID, NONE
cdef Octets octets


cdef class Sctp(L4Ops):
    cdef public list timeouts

    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(vtag="long long", sctp=SctpState, chunk=Chunk)
    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(
        sctp=SctpState, chunk=Chunk, direction=int, vtag="long long", ignore=bint, found=int, old=int, new=int,
    )
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
