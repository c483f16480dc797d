cimport cython

from ctcore.packet cimport Packet
from ctcore_sctp.record cimport SctpState

cdef int ABORT, COOKIE_ACK, COOKIE_ECHO, HEARTBEAT, HEARTBEAT_ACK, INIT, SHUTDOWN_COMPLETE, T_BIT, NONE


cpdef init_tag(Packet pkt, object chunk)
@cython.locals(kind=int, fits=bint)
cpdef int check_tag(
    SctpState sctp, object chunk, long long vtag, int direction, bint with_data, bint ignoring
) except? -99
cdef int _check_heartbeat(SctpState sctp, int kind, long long vtag, int direction, bint strict) except? -99
@cython.locals(other=int)
cpdef learn_init(SctpState sctp, long long tag, int direction, int old)
@cython.locals(other=int, known="long long")
cpdef bint learn_init_ack(SctpState sctp, long long tag, int direction) except? -99
