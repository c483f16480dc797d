"""The TCP header (RFC 9293)."""

from __future__ import annotations

from typing import Final

from construct import Computed, Int8ub, Int16ub, Int32ub, Struct, this

from ctcore.headers import Header

TCP: Final = Header(
    Struct(
        "source" / Int16ub,
        "dest" / Int16ub,
        "seq" / Int32ub,
        "ack_seq" / Int32ub,
        "doff_res" / Int8ub,
        "doff" / Computed((this.doff_res >> 4) * 4),  # bytes
        "flags" / Int8ub,
        "window" / Int16ub,
        "check" / Int16ub,
        "urg_ptr" / Int16ub,
    )
)

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10
URG: Final = 0x20
ECE: Final = 0x40
CWR: Final = 0x80

_UNJUDGED: Final = PSH | ECE | CWR  # may be set with anything

_SENSIBLE: Final = frozenset(
    {
        SYN,
        SYN | URG,
        SYN | ACK,
        RST,
        RST | ACK,
        FIN | ACK,
        FIN | ACK | URG,
        ACK,
        ACK | URG,
    }
)

SENSIBLE_FLAGS: Final = bytes(flags & ~_UNJUDGED in _SENSIBLE for flags in range(256))
"""1 for each flags byte that a packet may bear."""
