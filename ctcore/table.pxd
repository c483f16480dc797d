cimport cython

from ctcore.conn cimport Conn
from ctcore.nodes cimport Nodes

cdef int ASSURED, CONFIRMED, DYING, ORIGINAL, REPLY
cdef int CROWDED, EARLY_DROP_BUCKETS


cdef class Table:
    cdef readonly object net
    cdef readonly Nodes nodes
    cdef readonly set unconfirmed, dying
    cdef public long long count, maximum
    cdef long long _size
    cdef object _chains, _lengths, _random

    cpdef insert(self, Conn ct)
    cpdef insert_reply_only(self, Conn ct)
    @cython.locals(direction=int)
    cpdef remove(self, Conn ct)
    @cython.locals(length=int)
    cpdef bint chain_too_long(self, Conn ct, int direction) except? -99
    @cython.locals(crc="long long")
    cpdef long long bucket(self, bytes key) except? -99
    @cython.locals(bucket="long long")
    cdef _put(self, Conn ct, int direction)


cdef bint _droppable(Conn ct) except? -99
