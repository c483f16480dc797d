cimport cython

from ctcore.conn cimport Conn

cdef long long SECOND
cdef int DESTROY, PROTOINFO, MARK, LABEL, SEQADJ, RELATED


@cython.freelist(4)
cdef class Message:
    cdef public Conn ct, master
    cdef public object counters, helper, kind, labels, mark, seqadj, timeout, times, use
    cdef public long long now
    cdef public bint protoinfo


@cython.locals(msg=Message, offloaded=bint)
cpdef Message dump(Conn ct, long long now)
@cython.locals(msg=Message, timeout="long long")
cpdef Message event(object kind, Conn ct, int mask, long long now)
cdef _helper(Conn ct)
cdef _labels(Conn ct)
cdef _seqadj(Conn ct)
