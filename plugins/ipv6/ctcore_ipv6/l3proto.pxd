cimport cython

from ctcore.conn cimport Conn
from ctcore.ops cimport HookFunction, L3Ops
from ctcore.packet cimport Packet
from ctcore.slots cimport L3Slot
from ctcore_ipv6.exthdr cimport skip_extensions
from ctcore_ipv6.octets cimport Octets

cdef int ACCEPT, DROP, FORWARD, LOCAL_IN, LOCAL_OUT, IP_CT_UNTRACKED, TEMPLATE
cdef int HEADER, HOP_BY_HOP, IP6_OFFSET, MULTICAST, OPENING
cdef bytes ANY, EXTENSION, LOOPBACK, PLAIN
cdef Octets octets


cdef class Ipv6(L3Ops):
    cdef public object fragments

    @cython.locals(
        buf=bytes, nhoff=Py_ssize_t, avail=Py_ssize_t, start=Py_ssize_t, end=Py_ssize_t, payload_len=int, nexthdr=int,
    )
    cpdef int rcv(self, Packet pkt) except? -99
    @cython.locals(buf=bytes, nhoff=Py_ssize_t, l3=L3Slot, saddr=bytes, daddr=bytes)
    cpdef int route(self, Packet pkt) except? -99
    @cython.locals(addresses=Py_ssize_t, pseudo="long long")
    cpdef bint checksum(self, Packet pkt, Py_ssize_t dataoff, int protonum) except? -99


cdef class Defrag(HookFunction):
    cdef int user

    @cython.locals(ct=Conn)
    cpdef int run(self, Packet pkt) except? -99


cdef bint _is_link_local(bytes address) except? -99
