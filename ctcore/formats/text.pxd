cimport cython

from ctcore.conn cimport Conn
from ctcore.eventcache cimport EventCache
from ctcore.formats.message cimport Message, dump, event
from ctcore.slots cimport L3Slot, L4Slot

cdef int EXT_ECACHE, SEEN_REPLY, TOLD_BITS, SUFFIX_LEN, TAIL


@cython.locals(words=list)
cpdef str flow_line(Conn ct, long long now, object output=*)
@cython.locals(words=list)
cpdef str event_line(object kind, Conn ct, int mask, long long now, object output=*)
@cython.locals(parts=list, l3=L3Slot, l4=L4Slot)
cpdef list tuple_parts(Conn ct, bytes packed, bint full=*)
@cython.locals(ecache=EventCache)
cpdef tuple texts_of(Conn ct)
@cython.locals(original=bytes, reply=bytes)
cdef tuple _texts(Conn ct)
@cython.locals(ct=Conn, l3=L3Slot)
cdef _tell(list words, Message msg, object output)
@cython.locals(ct=Conn)
cdef _tell_more(list words, Message msg, int direction, str zone_name)
@cython.locals(ct=Conn)
cdef _close(list words, Message msg, object output)
