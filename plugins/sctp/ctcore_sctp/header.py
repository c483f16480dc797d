"""The SCTP common header and its chunks (RFC 9260)."""

from __future__ import annotations

from typing import Final, NamedTuple

from construct import Computed, Int8ub, Int16ub, Int32ub, Struct, this
from google_crc32c import extend

from ctcore.headers import Header
from ctcore.packet import Packet

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
_read_chunk = CHUNK.reader()


class Chunk(NamedTuple):
    """One chunk: its type and flags, and where its value begins in the packet's buffer."""

    type: int
    flags: int
    value: int


def crc_is_right(buf: bytes, start: int, end: int) -> bool:
    """Whether the packet between these places of a buffer bears the CRC32c of its bytes (the field itself as zero)."""
    field = start + _CHECKSUM_AT
    crc: int = extend(extend(extend(0, buf[start:field]), _NO_CHECKSUM), buf[field + 4 : end])
    return buf[field : field + 4] == crc.to_bytes(4, "little")


NO_CHUNK: Final = "there is no chunk"


def chunks_of(pkt: Packet, dataoff: int) -> list[Chunk] | str:
    """The chunks of a packet in order, as far as their headers are there; a reason where they may not stand so.

    INIT, INIT_ACK and SHUTDOWN_COMPLETE travel alone, COOKIE_ECHO and COOKIE_ACK come first (RFC 9260, section 6.10).
    """
    found: list[Chunk] = []
    at, alone = dataoff + SCTP.size, False
    while at < pkt.end and pkt.avail - at >= CHUNK.size:
        kind, flags, length = _read_chunk(pkt.buf, at)
        alone = alone or kind in ALONE
        if (found and (alone or kind in FIRST)) or not length:
            raw = int.from_bytes(pkt.buf[at + 2 : at + 4], "little")  # as the kernel of most machines prints it
            return f"do_basic_checks failed. chunk num {len(found)}, type {kind}, len {raw} flag {int(alone)}"
        found.append(Chunk(kind, flags, at + CHUNK.size))
        at += length + 3 & ~3
    return found or NO_CHUNK
