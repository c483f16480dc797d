cdef class EventCache:
    cdef public int cache, ctmask, expmask
    cdef public tuple texts
