cimport cython

from ctcore.conn cimport Conn
from ctcore.eventcache cimport EventCache

cdef int CONFIRMED, DYING, EXT_ECACHE, MASK_DESTROY, MASK_NEW


cdef class Notifier:
    cdef readonly list listeners, expect_listeners

    @cython.locals(ecache=EventCache, mask=int)
    cpdef deliver_cached(self, Conn ct)
    @cython.locals(ecache=EventCache)
    cpdef destroy(self, Conn ct)
    cdef _send(self, object kind, Conn ct, int mask)
