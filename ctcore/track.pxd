cimport cython

from ctcore.conn cimport Conn
from ctcore.nodes cimport Nodes
from ctcore.ops cimport HookFunction
from ctcore.packet cimport Packet
from ctcore.slots cimport ExtSlot, L3Slot, L4Slot
from ctcore.table cimport Table

cdef int CONFIRMED, EXPECTED, ORIGINAL, SEEN_REPLY, TEMPLATE
cdef int IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY, IP_CT_INVALID, IP_CT_NEW, IP_CT_RELATED, IP_CT_UNTRACKED, UNSEEN
cdef int ACCEPT, DROP, PRE_ROUTING, REPEAT, U_LEN
cdef int NOT_TRACKABLE, TABLE_FULL


cdef class Tracker(HookFunction):
    cdef readonly object net
    cdef object stat, expectations, helpers
    cdef Table table
    cdef list creators, l4protos
    cdef Nodes nodes
    cdef public long long serial
    cdef public int checksum

    @cython.locals(
        tmpl=Conn, ct=Conn, l3=L3Slot, l4=L4Slot, dataoff=Py_ssize_t, protonum=int, early=bint, answer=int, verdict=int,
        ctinfo=int,
    )
    cpdef int run(self, Packet pkt) except? -99
    @cython.locals(ct=Conn, simple=bint, direction=int, status=int, ctinfo=int, addrs=Py_ssize_t, u=Py_ssize_t)
    cdef int resolve(
        self, Packet pkt, L3Slot l3, L4Slot l4, Py_ssize_t dataoff, int protonum, Conn tmpl
    ) except? -99
    @cython.locals(
        ct=Conn, ctinfo=int, ext=ExtSlot, table=Table, reply_addrs=bytes, reply_u=bytes, suffix=bytes, packed=bytes,
    )
    cdef int create(
        self, Packet pkt, L3Slot l3, L4Slot l4, bytes addrs, bytes u, int protonum, Conn tmpl
    ) except? -99
    cdef int _unresolved(self, Packet pkt, int why) except? -99
    @cython.locals(ct=Conn)
    cpdef release(self, Packet pkt)
