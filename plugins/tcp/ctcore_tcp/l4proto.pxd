cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport L4Ops
from ctcore.packet cimport Packet
from ctcore.slots cimport L3Slot
from ctcore_tcp.decide cimport Segment, decide, out_of_window
from ctcore_tcp.octets cimport Octets
from ctcore_tcp.options cimport highest_sack, syn_options
from ctcore_tcp.record cimport SideAt, TcpState
from ctcore_tcp.window cimport get_acquainted, in_window

cdef int ASSURED, IP_CT_IS_REPLY, SEEN_REPLY, SEQ_ADJUST, ACCEPT
cdef int FIN, TCP_SIZE, ALIGNED_LENGTH, BE_LIBERAL, CLOSE_INIT, DATA_UNACKNOWLEDGED, SACK_PERMITTED
cdef int GO_ON, IN_WINDOW, IPPROTO_TCP, OUT_OF_WINDOW
cdef int CLOSE, ESTABLISHED, FIN_WAIT, INVALID, NONE, RETRANS, SYN_RECV, SYN_SENT, UNACK
cdef int KIND_ACK, KIND_RST, KIND_SYN, KINDS, STATES
cdef long long ALIGNED_TIMESTAMP, U32
cdef Octets octets
cdef bytes KIND_OF, SENSIBLE_FLAGS, TRANSITIONS


cdef class Tcp(L4Ops):
    cdef public list timeouts
    cdef public int loose, be_liberal, ignore_invalid_rst, max_retrans

    @cython.locals(buf=bytes, doff=Py_ssize_t, l3=L3Slot)
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(
        seq="long long", ack="long long", doff_res=int, flags=int, win=int, target=int, tcp=TcpState, doff=Py_ssize_t,
        side=SideAt, options_end=Py_ssize_t,
    )
    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    @cython.locals(
        seq="long long", ack="long long", doff_res=int, flags=int, win=int, tcp=TcpState, kind=int, old=int, new=int,
        options=Py_ssize_t, payload=Py_ssize_t, direction=int, sender=SideAt, receiver=SideAt, end="long long",
        sack="long long", answer=int, seg=Segment, timeout="long long", status=int, timeouts=list,
    )
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
    @cython.locals(timeout="long long", limit="long long")
    cdef long long _timeout(self, TcpState tcp, list timeouts, int kind, int new) except? -99
