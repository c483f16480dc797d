"""TCP options as the tracker needs them (RFC 7323, RFC 2018)."""

from __future__ import annotations

from typing import Final

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

END: Final = 0
NOP: Final = 1
WINDOW: Final = 3
SACK_PERM: Final = 4
SACK: Final = 5
SACK_BLOCK: Final = 8


def syn_options(buf: bytes, at: int, end: int, scale: int, flags: int) -> tuple[int, int]:
    """What the sender of a SYN offers: (window scale, flags). Without any options it is what was known before."""
    if at >= end:
        return scale, flags
    scale = 0
    flags &= BE_LIBERAL
    while at < end:
        kind = buf[at]
        if kind == END:
            return scale, flags
        if kind == NOP:
            at += 1
            continue
        if end - at < 2:
            return scale, flags
        length = buf[at + 1]
        if length < 2 or length > end - at:
            return scale, flags
        if kind == SACK_PERM and length == 2:
            flags |= SACK_PERMITTED
        elif kind == WINDOW and length == 3:
            scale = min(buf[at + 2], MAX_WSCALE)
            flags |= WINDOW_SCALE
        at += length
    return scale, flags


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
