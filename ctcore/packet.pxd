from ctcore.conn cimport Conn
from ctcore.slots cimport L3Slot


cdef class Packet:
    cdef readonly object net
    cdef public bytes buf
    cdef public Py_ssize_t nhoff, end, avail, dataoff
    cdef public long long now, number
    cdef public int protonum, hook, ctinfo
    cdef public bint verify, cut, own
    cdef public L3Slot l3
    cdef public Conn ct, tmpl
    cdef public object capture
    cdef public list notes
    cdef public unsigned int mark

    cpdef bint is_cut(self) except? -99
    cpdef note(self, str text)
    cpdef log_invalid(self, int protonum, str text)
