cdef class DccpState:
    cdef public int state, last_pkt, last_dir
    cdef public unsigned long long handshake_seq
    cdef public list role
