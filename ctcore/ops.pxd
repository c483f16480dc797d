from ctcore.conn cimport Conn
from ctcore.packet cimport Packet


cdef class HookFunction:
    cpdef int run(self, Packet pkt) except? -99


cdef class Call(HookFunction):
    cdef object function
    cpdef int run(self, Packet pkt) except? -99


cdef class L3Ops:
    cpdef int rcv(self, Packet pkt) except? -99
    cpdef int route(self, Packet pkt) except? -99
    cpdef bint checksum(self, Packet pkt, Py_ssize_t dataoff, int protonum) except? -99


cdef class L4Ops:
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99


cdef class L3Calls(L3Ops):
    cdef object slot
    cpdef int rcv(self, Packet pkt) except? -99
    cpdef int route(self, Packet pkt) except? -99
    cpdef bint checksum(self, Packet pkt, Py_ssize_t dataoff, int protonum) except? -99


cdef class L4Calls(L4Ops):
    cdef object slot
    cpdef int error(self, Packet pkt, Py_ssize_t dataoff) except? -99
    cpdef bint new(self, Conn ct, Packet pkt, Py_ssize_t dataoff) except? -99
    cpdef int packet(self, Conn ct, Packet pkt, Py_ssize_t dataoff, int ctinfo) except? -99
