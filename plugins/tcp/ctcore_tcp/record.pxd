cdef struct SideFields:
    unsigned int end, maxend, maxwin, maxack
    unsigned char scale, flags

ctypedef SideFields *SideAt


cdef class TcpState:
    cdef SideAt original, reply
    cdef SideFields sides[2]
    cdef public unsigned int last_seq, last_ack, last_end
    cdef public unsigned short last_win
    cdef public unsigned char state, last_dir, last_index, last_wscale, last_flags, retrans


cdef class Side:
    cdef TcpState tcp
    cdef SideAt at
