cdef class SctpState:
    cdef public int state, last_dir
    cdef public bint hb_vtag_failed
    cdef public list vtag, init
