# The compiled twin of nodes.py: an open hash table with linear probing, whose entries point at the flows themselves.
# A key is not kept: it is the flow's own packed tuple, followed by the number of its zone where that is not 0.

import os

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from ctcore.conn cimport Conn

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
    """``key -> (flow, direction)``; see the plain twin. Iteration is in the order of the flows' ids."""

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

    def __setitem__(self, bytes key, tuple node):
        cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(key)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(key)
        cdef unsigned int h = self._hash(data, length)
        cdef Py_ssize_t place = self._place(data, length, h)
        cdef Conn ct = node[0]
        cdef int side = node[1]
        cdef bytes packed = ct.reply if side else ct.original
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
        entry.side = side
        entry.zone = 0
        if length > PyBytes_GET_SIZE(packed):
            entry.zone = data[length - 2] << 8 | data[length - 1]
        entry.ct = <void *>ct

    def __delitem__(self, bytes key):
        cdef const unsigned char *data = <const unsigned char *>PyBytes_AS_STRING(key)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(key)
        cdef Py_ssize_t hole = self._place(data, length, self._hash(data, length))
        cdef size_t at, home
        cdef void *ct
        if hole < 0:
            raise KeyError(key)
        ct = self.entries[hole].ct
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
        Py_DECREF(<Conn>ct)

    def __len__(self):
        return self.used

    def __iter__(self):
        return iter([key for key, _ in self.items()])

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
        cdef Conn ct
        cdef bytes packed
        cdef Py_ssize_t size
        while True:
            entry = &self.entries[at]
            if entry.ct == NULL:
                return -1
            if entry.hash == h:
                packed = (<Conn>entry.ct).reply if entry.side else (<Conn>entry.ct).original
                size = PyBytes_GET_SIZE(packed)
                if (
                    length == size + (2 if entry.zone else 0)
                    and memcmp(key, PyBytes_AS_STRING(packed), size) == 0
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
