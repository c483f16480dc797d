"""The SCTP common header and its chunks (RFC 9260)."""

from __future__ import annotations

from typing import Final

from construct import Computed, Int8ub, Int16ub, Int32ub, Struct, this
from google_crc32c import extend

from ctcore.headers import Header

SCTP: Final = Header(
    Struct(
        "source" / Int16ub,
        "dest" / Int16ub,
        "vtag" / Int32ub,
        "checksum" / Int32ub,  # CRC32c over header and chunks, its least significant byte first
    )
)
CHUNK: Final = Header(
    Struct(
        "type" / Int8ub,
        "flags" / Int8ub,
        "tag_not_ours" / Computed((this.flags & 1) != 0),  # the T bit of ABORT and SHUTDOWN_COMPLETE
        "length" / Int16ub,  # bytes of header and value, without padding
    )
)
INIT_HEADER: Final = Header(
    Struct(
        "init_tag" / Int32ub,
        "a_rwnd" / Int32ub,
        "num_outbound_streams" / Int16ub,
        "num_inbound_streams" / Int16ub,
        "initial_tsn" / Int32ub,
    )
)

DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR = range(10)
COOKIE_ECHO, COOKIE_ACK = 10, 11
SHUTDOWN_COMPLETE: Final = 14
T_BIT: Final = 1  # the sender uses the receiver's tag, for it has none of its own

ALONE: Final = frozenset({INIT, INIT_ACK, SHUTDOWN_COMPLETE})
FIRST: Final = frozenset({COOKIE_ECHO, COOKIE_ACK})

_CHECKSUM_AT: Final = 8
_NO_CHECKSUM: Final = bytes(4)


def crc_is_right(buf: bytes, start: int, end: int) -> bool:
    """Whether the packet between these places of a buffer bears the CRC32c of its bytes (the field itself as zero)."""
    field = start + _CHECKSUM_AT
    crc: int = extend(extend(extend(0, buf[start:field]), _NO_CHECKSUM), buf[field + 4 : end])
    return buf[field : field + 4] == crc.to_bytes(4, "little")
