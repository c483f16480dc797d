"""TCP options as the tracker needs them (RFC 7323, RFC 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ctcore_tcp.numbers import (
    ALIGNED_LENGTH,
    ALIGNED_TIMESTAMP,
    BE_LIBERAL,
    HALF,
    MAX_WSCALE,
    SACK_PERMITTED,
    U32,
    WINDOW_SCALE,
)
from ctcore_tcp.octets import octets

if TYPE_CHECKING:
    from ctcore_tcp.record import Side

END: Final = 0
NOP: Final = 1
WINDOW: Final = 3
SACK_PERM: Final = 4
SACK: Final = 5
SACK_BLOCK: Final = 8


def syn_options(buf: bytes, at: int, end: int, side: Side) -> None:
    """Learn from the options of a SYN what its sender offers; without any options nothing changes."""
    if at >= end:
        return
    side.scale = 0
    side.flags &= BE_LIBERAL
    while at < end:
        kind = buf[at]
        if kind == END:
            return
        if kind == NOP:
            at += 1
            continue
        if end - at < 2:
            return
        length = buf[at + 1]
        if length < 2 or length > end - at:
            return
        if kind == SACK_PERM and length == 2:
            side.flags |= SACK_PERMITTED
        elif kind == WINDOW and length == 3:
            side.scale = min(buf[at + 2], MAX_WSCALE)
            side.flags |= WINDOW_SCALE
        at += length


def highest_sack(buf: bytes, at: int, end: int, sack: int) -> int:
    """The highest sequence number that is acknowledged: ``sack``, or the right edge of a SACK block beyond it."""
    if end - at == ALIGNED_LENGTH and octets.word(buf, at)[0] == ALIGNED_TIMESTAMP:
        return sack
    while at < end:
        kind = buf[at]
        if kind == END:
            return sack
        if kind == NOP:
            at += 1
            continue
        if end - at < 2:
            return sack
        length = buf[at + 1]
        if length < 2 or length > end - at:
            return sack
        if kind == SACK and length >= 2 + SACK_BLOCK and (length - 2) % SACK_BLOCK == 0:
            for edge in range(at + 6, at + length, SACK_BLOCK):
                (right,) = octets.word(buf, edge)
                if 0 < (right - sack) & U32 <= HALF:
                    sack = right
            return sack
        at += length
    return sack
