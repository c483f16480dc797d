cimport cython

from ctcore.ops cimport HookFunction, L3Ops
from ctcore.packet cimport Packet
from ctcore.slots cimport L3Slot
from ctcore_ipv4.octets cimport Octets

cdef int ACCEPT, DROP, FORWARD, LOCAL_IN, LOCAL_OUT, IP_CT_UNTRACKED
cdef int IP_MF, IP_OFFSET, MORE_OR_OFFSET, NO_OPTIONS, HEADER
cdef bytes PLAIN
cdef Octets octets


cdef class Ipv4(L3Ops):
    cdef public object fragments

    @cython.locals(
        nhoff=Py_ssize_t, avail=Py_ssize_t, end=Py_ssize_t, version_ihl=int, tot_len=int, frag_off=int, protocol=int,
        ihl=int,
    )
    cpdef int rcv(self, Packet pkt) except? -99
    @cython.locals(buf=bytes, nhoff=Py_ssize_t, l3=L3Slot)
    cpdef int route(self, Packet pkt) except? -99
    cpdef int _route(self, Packet pkt, bytes saddr, bytes daddr) except? -99
    @cython.locals(addresses=Py_ssize_t, pseudo="long long")
    cpdef bint checksum(self, Packet pkt, Py_ssize_t dataoff, int protonum) except? -99


cdef class Defrag(HookFunction):
    cdef int user

    @cython.locals(buf=bytes, nhoff=Py_ssize_t)
    cpdef int run(self, Packet pkt) except? -99
