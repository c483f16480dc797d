cimport cython

from ctcore.conn cimport Conn

cdef int DYING, TICK_BITS
cdef long long NEVER, HORIZON


cdef class Wheel:
    cdef public long long next
    cdef long long _now
    cdef readonly dict _ticks
    cdef list _keys, _due

    @cython.locals(timeout="long long", start="long long", flows=list)
    cpdef arm(self, Conn ct)
    @cython.locals(due=list, ct=Conn, timeout="long long")
    cpdef expire(self, long long now, object kill)
    @cython.locals(tick="long long", end="long long", due=list, ct=Conn)
    cdef _open(self, long long now)
    @cython.locals(next_tick="long long", next_due="long long")
    cdef _set_next(self, long long now)
