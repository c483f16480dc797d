cimport cython

from ctcore.conn cimport Conn
from ctcore.packet cimport Packet
from ctcore_tcp.options cimport syn_options
from ctcore_tcp.record cimport SideAt, TcpState

cdef int ASSURED, FIXED_TIMEOUT, SEEN_REPLY, ACCEPT, DROP, REPEAT
cdef int BE_LIBERAL, CLOSE_INIT, EXP_CHALLENGE_ACK, MAXACK_SET, SACK_PERMITTED, SIMULTANEOUS_OPEN, WINDOW_SCALE
cdef int GO_ON, IN_WINDOW, IPPROTO_TCP
cdef int CLOSE, ESTABLISHED, FIN_WAIT, IGNORE, INVALID, LAST_ACK, SYN_RECV, SYN_SENT, SYN_SENT2, TIME_WAIT, UNACK
cdef int KIND_ACK, KIND_FIN, KIND_RST, KIND_SYN, KIND_SYNACK
cdef long long LINGERING, U32


cdef class Segment:
    cdef public int direction, kind, flags, win
    cdef public long long seq, ack, end
    cdef public Py_ssize_t options, options_end


cpdef (int, int, int) decide(object plugin, Conn ct, TcpState tcp, Packet pkt, Segment seg, int old, int new) except *
cdef bint _may_reopen(TcpState tcp, Segment seg) except? -99
cdef bint _answers_ignored_syn(TcpState tcp, Segment seg) except? -99
@cython.locals(opener=SideAt, other=SideAt)
cdef _resynchronise(TcpState tcp, Segment seg)
@cython.locals(scale=int, flags=int)
cdef int _ignore(TcpState tcp, Packet pkt, Segment seg, int old) except? -99
cdef int _invalid(Packet pkt, Segment seg, int old) except? -99
cdef bint _is_challenge_ack(TcpState tcp, Segment seg, int old) except? -99
@cython.locals(peer=SideAt, new=int, established=bint)
cdef (int, int, int) _reset(object plugin, Conn ct, TcpState tcp, Packet pkt, Segment seg, int old) except *
@cython.locals(short="long long", left="long long")
cpdef out_of_window(object plugin, Conn ct, TcpState tcp, Packet pkt, int direction, int kind)
