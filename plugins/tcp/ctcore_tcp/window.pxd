cimport cython

from ctcore.conn cimport Conn
from ctcore.packet cimport Packet
from ctcore_tcp.decide cimport Segment
from ctcore_tcp.options cimport highest_sack, syn_options
from ctcore_tcp.record cimport SideAt, TcpState

cdef int ACCEPT, SEQ_ADJUST, ACK, RST, SYN, KIND_ACK, SYN_RECV, SYN_SENT
cdef int BE_LIBERAL, DATA_UNACKNOWLEDGED, MAXACK_SET, SACK_PERMITTED, WINDOW_SCALE
cdef int FITS, GO_ON, IN_WINDOW, IPPROTO_TCP, OUT_OF_WINDOW, EXT_SEQADJ
cdef long long HALF, MAX_ACK_WINDOW, U32


@cython.locals(
    receiver_end="long long", receiver_win="long long", ahead="long long", result=int, win="long long",
    reach="long long", beyond="long long", limit="long long", sender=SideAt, receiver=SideAt,
)
cpdef int in_window(
    TcpState tcp, Packet pkt, int direction, int kind, long long seq, long long ack,
    long long sack, long long end, int flags, long long raw_win, int liberal
) except? -99
@cython.locals(
    maxend="long long", receiver_end="long long", receiver_win="long long", ack_window="long long",
    seq_low="long long", ack_low="long long", seq_fits=bint, ack_fits=bint, seq_fresh=bint, ack_fresh=bint,
    result=int, overshoot="long long",
)
cdef int _outside(
    Packet pkt, SideAt sender, SideAt receiver, long long seq, long long sack, long long end, int liberal
) except? -99
@cython.locals(
    seq="long long", ack="long long", end="long long", sack="long long", flags=int, shift="long long", sender=SideAt,
    receiver=SideAt,
)
cpdef (int, long long, long long, long long, long long) get_acquainted(
    Conn ct, TcpState tcp, Packet pkt, Segment seg
) except *
cdef _begin(SideAt sender, SideAt receiver, bytes buf, Segment seg)
cdef _pick_up(SideAt sender, SideAt receiver, long long sack, long long end, long long win)
