"""The chunks of a packet, and what each may do: the rules for verification tags (RFC 9260, section 8.5, and Linux)."""

from __future__ import annotations

from typing import Final

from ctcore.packet import Packet
from ctcore_sctp.header import (
    ABORT,
    ALONE,
    CHUNK,
    COOKIE_ACK,
    COOKIE_ECHO,
    FIRST,
    HEARTBEAT,
    HEARTBEAT_ACK,
    INIT,
    INIT_HEADER,
    SCTP,
    SHUTDOWN_ACK,
    SHUTDOWN_COMPLETE,
    T_BIT,
)
from ctcore_sctp.octets import octets
from ctcore_sctp.record import SctpState
from ctcore_sctp.states import NONE

OWN_RULES: Final = frozenset({INIT, SHUTDOWN_COMPLETE, COOKIE_ECHO, ABORT, SHUTDOWN_ACK, HEARTBEAT, HEARTBEAT_ACK})
"""The chunks that free their packet from the rule that its tag is the direction's."""

NO_CHUNK: Final = "there is no chunk"
REFUSE, GO_ON, IGNORE = range(3)

_read_init_tag = INIT_HEADER.reader("init_tag")


class Chunk:
    """One chunk: its type and flags, and where its value begins in the packet's buffer."""

    __slots__ = ("flags", "type", "value")

    def __init__(self, kind: int, flags: int, value: int) -> None:
        self.type = kind
        self.flags = flags
        self.value = value


def chunks_of(pkt: Packet, dataoff: int) -> list[Chunk] | str:
    """The chunks of a packet in order, as far as their headers are there; a reason where they may not stand so.

    INIT, INIT_ACK and SHUTDOWN_COMPLETE travel alone, COOKIE_ECHO and COOKIE_ACK come first (RFC 9260, section 6.10).
    """
    found: list[Chunk] = []
    at, alone = dataoff + SCTP.size, False
    while at < pkt.end and pkt.avail - at >= CHUNK.size:
        kind, flags, length = octets.chunk(pkt.buf, at)
        alone = alone or kind in ALONE
        if (found and (alone or kind in FIRST)) or not length:
            raw = int.from_bytes(pkt.buf[at + 2 : at + 4], "little")  # as the kernel of most machines prints it
            return f"do_basic_checks failed. chunk num {len(found)}, type {kind}, len {raw} flag {int(alone)}"
        found.append(Chunk(kind, flags, at + CHUNK.size))
        at += length + 3 & ~3
    return found or NO_CHUNK


def init_tag(pkt: Packet, chunk: Chunk) -> int | None:
    """The tag that an INIT or INIT_ACK offers, or None where its fixed part is not whole."""
    if min(pkt.avail, pkt.end) - chunk.value < INIT_HEADER.size:
        return None
    tag: int = _read_init_tag(pkt.buf, chunk.value)[0]
    return tag


def check_tag(sctp: SctpState, chunk: Chunk, vtag: int, direction: int, with_data: bool, ignoring: bool) -> int:
    """Whether a chunk may stand in a packet with this tag: REFUSE, GO_ON, or IGNORE, which ends its effect here.

    ``with_data``: the packet has a DATA chunk; ``ignoring``: a chunk before was ignored.
    """
    kind = chunk.type
    if kind == INIT:
        fits = not vtag
    elif kind in (ABORT, SHUTDOWN_COMPLETE):
        fits = vtag == sctp.vtag[direction ^ chunk.flags & T_BIT]
    elif kind == COOKIE_ECHO:
        fits = vtag == sctp.vtag[direction]
    elif kind in (HEARTBEAT, HEARTBEAT_ACK):
        return _check_heartbeat(sctp, kind, vtag, direction, with_data or ignoring)
    else:
        if kind == COOKIE_ACK:
            sctp.init[:] = False, False  # whoever began, it is settled now
        fits = True
    return GO_ON if fits else REFUSE


def _check_heartbeat(sctp: SctpState, kind: int, vtag: int, direction: int, strict: bool) -> int:
    """Heartbeats tell a tag that is not known yet; another one is believed once the other side has answered it."""
    known = sctp.vtag[direction]
    if not known:
        sctp.vtag[direction] = vtag
    elif vtag == known:
        sctp.hb_vtag_failed = False
    elif strict:
        return REFUSE
    elif kind == HEARTBEAT:
        sctp.hb_vtag_failed = True
        sctp.last_dir = direction
        return IGNORE
    elif not sctp.hb_vtag_failed or sctp.last_dir == direction:
        return REFUSE
    else:
        sctp.hb_vtag_failed = False
        sctp.vtag[direction], sctp.vtag[1 - direction] = vtag, 0
    return GO_ON


def learn_init(sctp: SctpState, tag: int, direction: int, old: int) -> None:
    """An INIT offers the tag for packets towards its sender; both sides may do so at once."""
    other = 1 - direction
    if old == NONE or sctp.vtag[other] != tag:
        if sctp.init[direction] and sctp.init[other]:
            sctp.init[other] = False
        sctp.init[direction] = True
    sctp.vtag[other] = tag


def learn_init_ack(sctp: SctpState, tag: int, direction: int) -> bool:
    """An INIT_ACK offers its sender's tag; false where that is another one than is settled already."""
    other = 1 - direction
    known = sctp.vtag[other]
    if not sctp.init[other] and known and known != tag:
        return False
    if sctp.init[direction] and sctp.init[other] and known != tag:
        return False
    sctp.vtag[other] = tag
    return True
