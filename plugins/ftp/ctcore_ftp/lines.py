"""Where the lines of a TCP stream begin, as the kernel remembers it: the last two ends of a line, no more."""

from __future__ import annotations

from typing import Final

KEPT: Final = 2
U32: Final = 0xFFFFFFFF
HALF: Final = 1 << 31


class LineStarts(list[int]):
    """The sequence numbers that follow a newline, in one direction; two of them, for lines may come again."""

    __slots__ = ()

    def add(self, seq: int) -> None:
        """Remember a sequence number (taken modulo 2**32); of three the oldest is forgotten."""
        seq &= U32
        if seq in self:
            return
        if len(self) < KEPT:
            self.append(seq)
            return
        oldest = 0 if (self[0] - self[1]) & U32 >= HALF else 1
        if (self[oldest] - seq) & U32 >= HALF:
            self[oldest] = seq
