cimport cython

from ctcore.conn cimport Conn
from ctcore.eventcache cimport EventCache
from ctcore.events cimport Notifier
from ctcore.nodes cimport Nodes
from ctcore.ops cimport HookFunction
from ctcore.packet cimport Packet
from ctcore.wheel cimport Wheel

cdef int CONFIRMED, DYING, EXT_ACCT, EXT_ECACHE, EXT_HELPER, EXT_TSTAMP, FIXED_TIMEOUT, NAT_CLASH, ORIGINAL, REPLY
cdef int ACCEPT, DROP, IP_CT_IS_REPLY, IP_CT_RELATED_REPLY


cdef class Confirmer(HookFunction):
    cdef readonly object net
    cdef Notifier notifier
    cdef object stat, table

    @cython.locals(ct=Conn, pending=EventCache, verdict=int)
    cpdef int run(self, Packet pkt) except? -99
    cdef int _help(self, object helper, Packet pkt, Conn ct) except? -99
    @cython.locals(direction=int, winner=Conn)
    cdef int _insert(self, Packet pkt, Conn ct) except? -99
    cdef _enter(self, Conn ct, long long now)
    @cython.locals(other=Conn)
    cdef Conn _clash(self, Conn ct, int direction)
