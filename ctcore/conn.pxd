cimport cython

from ctcore.eventcache cimport EventCache
from ctcore.packet cimport Packet
from ctcore.pair cimport Pair

cdef int CONFIRMED, EXT_ACCT, EXT_ECACHE, FIXED_TIMEOUT, IP_CT_IS_REPLY
cdef long long NEVER


cdef class Conn(Pair):
    cdef public long long timeout, armed, id
    cdef public int status, children
    cdef public unsigned int mark, secmark
    cdef public object net, l3, l4, zone, proto, policy
    cdef public Conn master
    cdef public list ext

    cpdef bytes key(self, int direction)
    @cython.locals(left="long long")
    cpdef long long remaining(self, long long now)
    cpdef ext_find(self, int ext_id)
    cpdef refresh(self, Packet pkt, long long timeout)
    cpdef refresh_acct(self, Packet pkt, int ctinfo, long long timeout)
    @cython.locals(direction=int)
    cpdef acct(self, Packet pkt, int ctinfo)
    @cython.locals(ecache=EventCache)
    cpdef cache_event(self, int event)
