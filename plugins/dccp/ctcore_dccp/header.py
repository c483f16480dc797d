"""The DCCP header (RFC 4340)."""

from __future__ import annotations

from typing import Final

from construct import Computed, Int8ub, Int16ub, Int32ub, Struct, this

from ctcore.headers import Header
from ctcore.packet import Packet

DCCP: Final = Header(
    Struct(
        "source" / Int16ub,
        "dest" / Int16ub,
        "doff" / Int8ub,  # words, from the header's beginning to the data
        "ccval_cscov" / Int8ub,
        "cscov" / Computed(this.ccval_cscov & 15),  # words that the checksum covers, plus one; 0: all
        "check" / Int16ub,
        "type_x" / Int8ub,
        "type" / Computed(this.type_x >> 1 & 15),
        "x" / Computed((this.type_x & 1) != 0),  # sequence numbers have 48 bits
        "seq_high" / Int8ub,  # of the 24 bits of a short sequence number; else reserved
        "seq" / Int16ub,  # the highest bits of a long one, the lowest of a short one
    )
)
LONG_SEQ: Final = Header(Struct("seq_low" / Int32ub))  # follows where x is set
ACK_NUMBER: Final = Header(Struct("reserved" / Int16ub, "ack_high" / Int16ub, "ack_low" / Int32ub))

REQUEST, RESPONSE, DATA, ACK, DATAACK, CLOSEREQ, CLOSE, RESET, SYNC, SYNCACK = range(10)
TYPES: Final = 10  # the others are reserved

LONG_ONLY: Final = frozenset({REQUEST, RESPONSE, CLOSEREQ, CLOSE, RESET, SYNC, SYNCACK})
"""The types that must have sequence numbers of 48 bits (RFC 4340, section 5.1)."""

_read_seq = DCCP.reader("type_x", "seq_high", "seq")
_read_low = LONG_SEQ.reader()
_read_ack = ACK_NUMBER.reader("ack_high", "ack_low")


def seq_of(pkt: Packet, dataoff: int) -> int:
    """The sequence number. A long one that is not all there is taken for what there is of it."""
    type_x, high, seq = _read_seq(pkt.buf, dataoff)
    if not type_x & 1:
        return int(high << 16 | seq)
    low = _read_low(pkt.buf, dataoff + DCCP.size)[0] if pkt.avail - dataoff >= DCCP.size + LONG_SEQ.size else 0
    return int(seq << 32 | low)


def ack_of(pkt: Packet, dataoff: int) -> int | None:
    """The acknowledgment number of a packet that has one, or None where it is not all there."""
    at = dataoff + DCCP.size + (LONG_SEQ.size if _read_seq(pkt.buf, dataoff)[0] & 1 else 0)
    if pkt.avail - at < ACK_NUMBER.size:
        return None
    high, low = _read_ack(pkt.buf, at)
    return int(high << 32 | low)
