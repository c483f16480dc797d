cdef class Side:
    cdef public unsigned int end, maxend, maxwin, maxack
    cdef public int scale, flags

    cpdef reset(self, int keep)


cdef class TcpState:
    cdef public int state, last_dir, last_index, last_win, last_wscale, last_flags, retrans
    cdef public unsigned int last_seq, last_ack, last_end
    cdef public Side original, reply
