# The compiled twin of record.py: both sides are within the flow's record. Python sees a side through an object that
# points at it.

from ctcore_tcp.states import KIND_NONE, NONE


cdef class TcpState:
    def __cinit__(self):
        self.original = &self.sides[0]
        self.reply = &self.sides[1]
        self.state = NONE
        self.last_index = KIND_NONE

    def side(self, int direction):
        cdef Side side = Side.__new__(Side)
        side.tcp = self
        side.at = &self.sides[direction]
        return side


cdef class Side:
    @property
    def end(self):
        return self.at.end

    @end.setter
    def end(self, unsigned int value):
        self.at.end = value

    @property
    def maxend(self):
        return self.at.maxend

    @maxend.setter
    def maxend(self, unsigned int value):
        self.at.maxend = value

    @property
    def maxwin(self):
        return self.at.maxwin

    @maxwin.setter
    def maxwin(self, unsigned int value):
        self.at.maxwin = value

    @property
    def maxack(self):
        return self.at.maxack

    @maxack.setter
    def maxack(self, unsigned int value):
        self.at.maxack = value

    @property
    def scale(self):
        return self.at.scale

    @scale.setter
    def scale(self, unsigned char value):
        self.at.scale = value

    @property
    def flags(self):
        return self.at.flags

    @flags.setter
    def flags(self, unsigned char value):
        self.at.flags = value
