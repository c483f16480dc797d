cimport cython

from ctcore.packet cimport Packet
from ctcore_sctp.octets cimport Octets
from ctcore_sctp.record cimport SctpState

cdef int ABORT, COOKIE_ACK, COOKIE_ECHO, HEARTBEAT, HEARTBEAT_ACK, INIT, SHUTDOWN_COMPLETE, T_BIT, NONE
cdef Octets octets


cdef class Chunk:
    cdef public int type, flags
    cdef public Py_ssize_t value


@cython.locals(at=Py_ssize_t, alone=bint, kind=int, flags=int, length=int)
cpdef chunks_of(Packet pkt, Py_ssize_t dataoff)
cpdef init_tag(Packet pkt, Chunk chunk)
@cython.locals(kind=int, fits=bint)
cpdef int check_tag(
    SctpState sctp, Chunk chunk, long long vtag, int direction, bint with_data, bint ignoring
) except? -99
cdef int _check_heartbeat(SctpState sctp, int kind, long long vtag, int direction, bint strict) except? -99
@cython.locals(other=int)
cpdef learn_init(SctpState sctp, long long tag, int direction, int old)
@cython.locals(other=int, known="long long")
cpdef bint learn_init_ack(SctpState sctp, long long tag, int direction) except? -99
