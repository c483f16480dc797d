"""TCP options as the tracker needs them (RFC 7323, RFC 2018)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ctcore_tcp.record import Side

END: Final = 0
NOP: Final = 1
WINDOW: Final = 3
SACK_PERM: Final = 4
SACK: Final = 5
MAX_WSCALE: Final = 14

WINDOW_SCALE: Final = 0x01  # flags of a sender's record, visible through netlink
SACK_PERMITTED: Final = 0x02
BE_LIBERAL: Final = 0x08

ALIGNED_TIMESTAMP: Final = b"\x01\x01\x08\x0a"  # how a timestamp alone is written, in all its twelve bytes
ALIGNED_LENGTH: Final = 12
SACK_BLOCK: Final = 8

U32: Final = 0xFFFFFFFF
HALF: Final = 1 << 31

_u32 = Struct(">I").unpack_from


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
    if end - at == ALIGNED_LENGTH and buf[at : at + 4] == ALIGNED_TIMESTAMP:
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
                right = _u32(buf, edge)[0]
                if 0 < (right - sack) & U32 <= HALF:
                    sack = right
            return sack
        at += length
    return sack
