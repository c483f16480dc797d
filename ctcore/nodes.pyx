# The compiled twin of nodes.py: an open hash table with linear probing, whose entries point at the flows themselves.
# A key is not kept: it is the flow's own packed tuple, followed by the number of its zone where that is not 0.

import os

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from ctcore.conn cimport Conn
from ctcore.pair cimport Pair

from ctcore.zones import ZONE_DFLT

cdef enum:
    FEWEST = 1024

cdef extern from "Python.h":
    ctypedef int (*visitproc)(PyObject *, void *) noexcept
    ctypedef int (*traverseproc)(PyObject *, visitproc, void *) noexcept
    ctypedef int (*inquiry)(PyObject *) noexcept
    ctypedef struct PyTypeObject:
        traverseproc tp_traverse
        inquiry tp_clear


@cython.final
cdef class Nodes:
    """``key -> (flow, direction)``; see the plain twin. Items and values are in the order of the flows' ids."""

    def __cinit__(self):
        self.entries = <Entry *>calloc(FEWEST, sizeof(Entry))
        if self.entries == NULL:
            raise MemoryError
        self.mask = FEWEST - 1
        self.used = 0
        self.side = 0
        # Whoever sends packets must not know which of them share a chain.
        self.seed = int.from_bytes(os.urandom(8), "little") | 1

    def __dealloc__(self):
        _forget(self)
        free(self.entries)

    cpdef Conn seek(self, bytes buf, Py_ssize_t addrs, Py_ssize_t length, Py_ssize_t u, bytes suffix):
        cdef unsigned char key[64]
        cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(buf)
        cdef const unsigned char *end = <const unsigned char *>PyBytes_AS_STRING(suffix)
        cdef Py_ssize_t place
        if length > 56 or addrs < 0 or u < 0 or max(addrs + length, u + 4) > PyBytes_GET_SIZE(buf):
            return None  # a plugin that says so is wrong; no byte beyond the buffer is read for it
        if length == 8:  # a length that the compiler knows costs two instructions
            memcpy(key, data + addrs, 8)
        else:
            memcpy(key, data + addrs, length)
        memcpy(key + length, data + u, 4)
        key[length + 4] = end[0]
        key[length + 5] = end[1]
        length += 6
        place = self._place(key, length, self._hash(key, length))
        if place < 0:
            return None
        self.side = self.entries[place].side
        return <Conn>self.entries[place].ct

    cpdef get(self, bytes key):
        cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(key)
        cdef Py_ssize_t place = self._place(data, PyBytes_GET_SIZE(key), self._hash(data, PyBytes_GET_SIZE(key)))
        if place < 0:
            return None
        return <Conn>self.entries[place].ct, self.entries[place].side

    def __getitem__(self, bytes key):
        node = self.get(key)
        if node is None:
            raise KeyError(key)
        return node

    def __contains__(self, bytes key):
        return self.get(key) is not None

    cpdef Conn holder(self, Conn ct, int direction):
        cdef Py_ssize_t place = self._own_place(ct, direction)
        if place < 0:
            return None
        self.side = self.entries[place].side
        return <Conn>self.entries[place].ct

    cpdef put(self, Conn ct, int direction):
        cdef bytes key
        cdef const unsigned char *data
        cdef Py_ssize_t length
        cdef unsigned short zone = 0
        if ct.zone is ZONE_DFLT:
            self._enter(ct, direction, ct.packed + direction * ct.stride, ct.lengths[direction], 0)
            return
        key = ct.key(direction)
        data, length = <const unsigned char *>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)
        if length > ct.lengths[direction]:
            zone = data[length - 2] << 8 | data[length - 1]
        self._enter(ct, direction, data, length, zone)

    cdef int _enter(
        self, Conn ct, int direction, const unsigned char *key, Py_ssize_t length, unsigned short zone
    ) except -1:
        cdef unsigned int h = self._hash(key, length)
        cdef Py_ssize_t place = self._place(key, length, h)
        cdef Entry *entry
        Py_INCREF(ct)
        if place >= 0:
            entry = &self.entries[place]
            Py_DECREF(<Conn>entry.ct)
        else:
            if 4 * (self.used + 1) > 3 * <Py_ssize_t>(self.mask + 1):
                self._grow()
            place = h & self.mask
            while self.entries[place].ct != NULL:
                place = (place + 1) & self.mask
            entry = &self.entries[place]
            self.used += 1
        entry.hash = h
        entry.side = direction
        entry.zone = zone
        entry.ct = <void *>ct
        return 0

    cpdef take(self, Conn ct, int direction):
        cdef Py_ssize_t hole = self._own_place(ct, direction)
        cdef size_t at, home
        if hole < 0 or self.entries[hole].ct != <void *>ct:
            return
        at = hole
        while True:
            at = (at + 1) & self.mask
            if self.entries[at].ct == NULL:
                break
            home = self.entries[at].hash & self.mask
            # An entry may fill the hole unless its home lies behind the hole, on the way to where it is.
            if ((at - home) & self.mask) >= ((at - <size_t>hole) & self.mask):
                self.entries[hole] = self.entries[at]
                hole = at
        self.entries[hole].ct = NULL
        self.used -= 1
        Py_DECREF(ct)

    cdef Py_ssize_t _own_place(self, Conn ct, int direction) except -2:
        cdef bytes key
        cdef const unsigned char *data = ct.packed + direction * ct.stride
        cdef Py_ssize_t length = ct.lengths[direction]
        if ct.zone is not ZONE_DFLT:
            key = ct.key(direction)
            data, length = <const unsigned char *>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)
        return self._place(data, length, self._hash(data, length))

    def __len__(self):
        return self.used

    def __iter__(self):
        cdef size_t at
        for at in range(self.mask + 1):
            if self.entries[at].ct != NULL:
                yield (<Conn>self.entries[at].ct).key(self.entries[at].side)

    def __eq__(self, other):
        return dict(self.items()) == (dict(other.items()) if isinstance(other, Nodes) else other)

    __hash__ = None

    def items(self):
        return [(node[0].key(node[1]), node) for node in self._nodes()]

    def values(self):
        return self._nodes()

    cdef list _nodes(self):
        cdef list nodes = []
        cdef size_t at
        for at in range(self.mask + 1):
            if self.entries[at].ct != NULL:
                nodes.append((<Conn>self.entries[at].ct, self.entries[at].side))
        nodes.sort(key=_order)
        return nodes

    cdef unsigned int _hash(self, const unsigned char *key, Py_ssize_t length) noexcept:
        # Multiply and fold, eight bytes at a time, as the hash functions of the wyhash family do.
        cdef unsigned long long state = self.seed ^ <unsigned long long>length
        cdef unsigned long long word
        while length >= 8:
            memcpy(&word, key, 8)
            state = (state ^ word) * 0x9E3779B97F4A7C15ULL
            state ^= state >> 32
            key += 8
            length -= 8
        if length:
            word = 0
            memcpy(&word, key, length)
            state = (state ^ word) * 0x9E3779B97F4A7C15ULL
            state ^= state >> 32
        state *= 0xD6E8FEB86659FD93ULL
        return <unsigned int>(state >> 32)

    cdef Py_ssize_t _place(self, const unsigned char *key, Py_ssize_t length, unsigned int h) except -2:
        cdef size_t at = h & self.mask
        cdef Entry *entry
        cdef Py_ssize_t size
        while True:
            entry = &self.entries[at]
            if entry.ct == NULL:
                return -1
            if entry.hash == h:
                size = (<Pair>entry.ct).lengths[entry.side]
                if (
                    length == size + (2 if entry.zone else 0)
                    and memcmp(key, (<Pair>entry.ct).packed + entry.side * (<Pair>entry.ct).stride, size) == 0
                    and (not entry.zone or entry.zone == key[size] << 8 | key[size + 1])
                ):
                    return at
            at = (at + 1) & self.mask

    cdef int _grow(self) except -1:
        cdef size_t size = 2 * (self.mask + 1)
        cdef Entry *larger = <Entry *>calloc(size, sizeof(Entry))
        cdef size_t at, place
        if larger == NULL:
            raise MemoryError
        for at in range(self.mask + 1):
            if self.entries[at].ct != NULL:
                place = self.entries[at].hash & (size - 1)
                while larger[place].ct != NULL:
                    place = (place + 1) & (size - 1)
                larger[place] = self.entries[at]
        free(self.entries)
        self.entries = larger
        self.mask = size - 1
        return 0


def _order(tuple node):
    return (<Conn>node[0]).id, node[1]


cdef void _forget(Nodes nodes) noexcept:
    cdef size_t at
    cdef void *ct
    if nodes.entries == NULL:
        return
    for at in range(nodes.mask + 1):
        ct = nodes.entries[at].ct
        if ct != NULL:
            nodes.entries[at].ct = NULL
            nodes.used -= 1
            Py_DECREF(<object>ct)


# The collector has to see the references that the entries hold, or a namespace that nobody uses would never be freed.
cdef int _traverse(PyObject *self, visitproc visit, void *arg) noexcept:
    cdef Nodes nodes = <Nodes>self
    cdef size_t at
    cdef int answer
    if nodes.entries == NULL:
        return 0
    for at in range(nodes.mask + 1):
        if nodes.entries[at].ct != NULL:
            answer = visit(<PyObject *>nodes.entries[at].ct, arg)
            if answer:
                return answer
    return 0


cdef int _clear(PyObject *self) noexcept:
    _forget(<Nodes>self)
    return 0


(<PyTypeObject *>Nodes).tp_traverse = _traverse
(<PyTypeObject *>Nodes).tp_clear = _clear
