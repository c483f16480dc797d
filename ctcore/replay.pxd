cimport cython

from ctcore.packet cimport Packet
from ctcore.receive cimport Receiver
from ctcore.sources.link cimport ethernet
from ctcore.sources.octets cimport Octets

cdef int RECORD_SIZE
cdef Octets octets


@cython.locals(
    is_ethernet=bint, number="long long", buffer=bytes, index=bytes, at=Py_ssize_t, size=Py_ssize_t, sec="long long", usec="long long",
    offset="long long", caplen="long long", avail="long long", link="long long", now="long long", snaplen="long long",
    verdict=int,
)
cpdef replay(Receiver receiver, Packet pkt, object capture, bint frozen, object on_packet)
