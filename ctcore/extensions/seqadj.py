"""Sequence adjustment: how far the numbers of a TCP stream were shifted where its payload was rewritten."""

from __future__ import annotations

from ctcore.common import ExtId
from ctcore.conn import Conn
from ctcore.hookspecs import extension

U32 = 0xFFFFFFFF
HALF = 1 << 31


class SeqAdj:
    """One direction: bytes after ``correction_pos`` are shifted by ``offset_after``, others by ``offset_before``."""

    __slots__ = ("correction_pos", "offset_after", "offset_before")

    def __init__(self) -> None:
        self.correction_pos = 0
        self.offset_before = 0
        self.offset_after = 0

    def offset(self, seq: int) -> int:
        """The shift (bytes, may be negative) that holds for a sequence number."""
        after = 0 < (seq - self.correction_pos) & U32 < HALF
        return self.offset_after if after else self.offset_before

    def record(self, seq: int, shift: int) -> None:
        """Note that the payload at ``seq`` became ``shift`` bytes longer (shorter where negative)."""
        if self.offset_before == self.offset_after or 0 < (seq - self.correction_pos) & U32 < HALF:
            self.correction_pos = seq
            self.offset_before = self.offset_after
            self.offset_after += shift


class Seqadj:
    """The SEQADJ extension: address translation attaches it, as a list of two ``SeqAdj``."""

    name = "seqadj"
    id = ExtId.SEQADJ

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> None:
        """Nothing by itself."""
