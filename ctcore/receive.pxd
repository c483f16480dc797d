cimport cython

from ctcore.chain cimport Link
from ctcore.conn cimport Conn
from ctcore.packet cimport Packet
from ctcore.slots cimport L3Slot
from ctcore.wheel cimport Wheel

cdef int CONFIRMED, DYING, TEMPLATE, UNSEEN, OWNED
cdef int ACCEPT, DROP, FORWARD, LOCAL_IN, LOCAL_OUT, POST_ROUTING, PRE_ROUTING


cdef class Receiver:
    cdef readonly object net
    cdef public long long now, held, held_most
    cdef public bint host
    cdef Wheel wheel
    cdef dict l3protos
    cdef list observers
    cdef public L3Slot latest

    @cython.locals(l3=L3Slot, verdict=int, back="long long")
    cpdef int receive(self, Packet pkt, int ethertype, long long now) except? -99
    @cython.locals(ct=Conn, verdict=int)
    cdef int _track(self, Packet pkt, L3Slot l3) except? -99
    @cython.locals(link=Link, verdict=int, hook=int)
    cdef int _inbound(self, Packet pkt, L3Slot l3) except? -99
    @cython.locals(verdict=int, hook=int)
    cdef int _from_host(self, Packet pkt, L3Slot l3) except? -99
    @cython.locals(heard=int, verdict=int)
    cdef int _broadcast(self, Packet pkt, L3Slot l3) except? -99
