"""The SCTP vtable: checksum, chunk scan, verification tags and the state machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ctcore.common import ASSURED, CONFIRMED, IP_CT_IS_REPLY, Event
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.ports import invert_ports, nlattr_to_ports, ports_of, ports_to_nlattr, print_ports, save_ports
from ctcore.sysctl import Sysctl
from ctcore_sctp.attributes import from_nlattr, to_nlattr
from ctcore_sctp.chunks import (
    GO_ON,
    NO_CHUNK,
    OWN_RULES,
    REFUSE,
    Chunk,
    check_tag,
    chunks_of,
    init_tag,
    learn_init,
    learn_init_ack,
)
from ctcore_sctp.header import (
    ABORT,
    COOKIE_ACK,
    DATA,
    HEARTBEAT,
    INIT,
    INIT_ACK,
    SCTP,
    SHUTDOWN_ACK,
    SHUTDOWN_COMPLETE,
    crc_is_right,
)
from ctcore_sctp.octets import octets
from ctcore_sctp.record import SctpState
from ctcore_sctp.states import (
    CLOSED,
    ESTABLISHED,
    INVALID,
    NONE,
    SHUTDOWN_ACK_SENT,
    SHUTDOWN_SENT,
    STATE_NAMES,
    XML_STATE_NAMES,
    transition,
)
from ctcore_sctp.sysctls import DEFAULT_NANOSECONDS, SYSCTLS, TIMEOUT_COUNT

IPPROTO_SCTP: Final = 132
NEVER_FIRST: Final = frozenset({ABORT, SHUTDOWN_COMPLETE, COOKIE_ACK})  # out of the blue: RFC 9260, section 8.4


class Sctp(L4Ops):
    """Stream Control Transmission Protocol (RFC 9260)."""

    name = "sctp"
    l4num = IPPROTO_SCTP
    tuple_at = 0

    def __init__(self) -> None:
        self.timeouts = [DEFAULT_NANOSECONDS] * TIMEOUT_COUNT

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """The ports."""
        return ports_of(pkt, dataoff)

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        """The ports change places."""
        return invert_ports(u)

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        """Header and checksum."""
        if pkt.avail - dataoff < SCTP.size:
            return self._invalid(pkt, "nf_ct_sctp: short packet")
        if pkt.verify and not crc_is_right(pkt.buf, dataoff, pkt.end):
            return self._invalid(pkt, "nf_ct_sctp: bad CRC")
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_SCTP, reason)
        return -ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """An INIT, a HEARTBEAT or a SHUTDOWN_ACK may open a flow, and so may what leads to a closed one."""
        chunks = self._scan(pkt, dataoff)
        if chunks is None:
            return False
        vtag = octets.vtag(pkt.buf, dataoff)[0]
        sctp = SctpState()
        for chunk in chunks:
            if not self._may_open(sctp, pkt, chunk, vtag):
                pkt.note(f"a chunk of type {chunk.type} does not open an association so")
                return False
        if not NEVER_FIRST.isdisjoint([chunk.type for chunk in chunks]):
            pkt.note("a chunk that no association begins with")
            return False
        ct.proto = sctp
        return True

    @staticmethod
    def _may_open(sctp: SctpState, pkt: Packet, chunk: Chunk, vtag: int) -> bool:
        if transition(0, chunk.type, NONE) in (NONE, INVALID):
            return False
        if chunk.type == INIT:
            tag = init_tag(pkt, chunk)
            if vtag or tag is None:
                return False
            sctp.vtag[1] = tag
        elif chunk.type == HEARTBEAT:
            sctp.vtag[0] = vtag
        elif chunk.type == SHUTDOWN_ACK:
            sctp.vtag[1] = vtag
        return True

    @staticmethod
    def _scan(pkt: Packet, dataoff: int) -> list[Chunk] | None:
        chunks = chunks_of(pkt, dataoff)
        if not isinstance(chunks, str):
            return chunks
        if chunks == NO_CHUNK:
            pkt.note(chunks)
        else:
            pkt.log_invalid(IPPROTO_SCTP, chunks)
        return None

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Move the flow on chunk by chunk; what the chunks before a wrong one did remains done."""
        chunks = self._scan(pkt, dataoff)
        if chunks is None:
            return -ACCEPT
        sctp: SctpState = ct.proto
        direction = int(ctinfo >= IP_CT_IS_REPLY)
        vtag = octets.vtag(pkt.buf, dataoff)[0]
        kinds = {chunk.type for chunk in chunks}
        if OWN_RULES.isdisjoint(kinds) and vtag != sctp.vtag[direction]:
            tags = f"{_raw(vtag):x} vs {_raw(sctp.vtag[direction]):x}"
            return self._invalid(pkt, f"verification tag check failed {tags} for dir {direction}")
        ignore = False
        new = NONE
        for chunk in chunks:
            found = check_tag(sctp, chunk, vtag, direction, DATA in kinds, ignore)
            if found == REFUSE:
                pkt.note(f"the verification tag does not fit a chunk of type {chunk.type}")
                return -ACCEPT
            if found != GO_ON:
                ignore = True
                continue
            old = sctp.state
            new = transition(direction, chunk.type, old)
            if new == INVALID:
                return self._invalid(pkt, f"Invalid, old_state {old}, dir {direction}, type {chunk.type}")
            if chunk.type in (INIT, INIT_ACK) and not self._learn(sctp, pkt, chunk, direction, old):
                pkt.note(f"the initiate tag of a chunk of type {chunk.type} is not there, or another one than before")
                return -ACCEPT
            if chunk.type == INIT and old == new == CLOSED and ct.status & CONFIRMED:
                ignore = True
            self._move(ct, sctp, old, new)
        if not ignore:
            ct.refresh_acct(pkt, ctinfo, (ct.policy or self.timeouts)[new])
        return ACCEPT

    @staticmethod
    def _learn(sctp: SctpState, pkt: Packet, chunk: Chunk, direction: int, old: int) -> bool:
        tag = init_tag(pkt, chunk)
        if tag is None:
            return False
        if chunk.type == INIT_ACK:
            return learn_init_ack(sctp, tag, direction)
        learn_init(sctp, tag, direction, old)
        return True

    @staticmethod
    def _move(ct: Conn, sctp: SctpState, old: int, new: int) -> None:
        sctp.state = new
        if new != old:
            ct.cache_event(Event.PROTOINFO)
            if new == ESTABLISHED and not ct.status & ASSURED:
                ct.status |= ASSURED
                ct.cache_event(Event.ASSURED)

    @l4proto
    def can_early_drop(self, ct: Conn) -> bool:
        """A flow that is shutting down may go."""
        return bool(SHUTDOWN_SENT <= ct.proto.state <= SHUTDOWN_ACK_SENT)

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``sport`` and ``dport``."""
        return print_ports(u)

    @l4proto
    def print_conntrack(self, ct: Conn) -> str:
        """The name of the state."""
        return STATE_NAMES[ct.proto.state]

    @l4proto
    def print_xml_state(self, ct: Conn) -> str:
        """The state's number, by the names of TCP's states."""
        return XML_STATE_NAMES[ct.proto.state]

    @l4proto
    def protoinfo(self, ct: Conn) -> Mapping[str, Any]:
        """State, and the verification tags of both directions."""
        return {"state": STATE_NAMES[ct.proto.state], "vtag": list(ct.proto.vtag)}

    @l4proto
    def print_save(self, original: bytes, reply: bytes) -> Fields:
        """The ports of both directions."""
        return save_ports(original, reply)

    @l4proto
    def print_save_private(self, ct: Conn) -> Fields:
        """The verification tags, in conntrack's byte order."""
        original, reply = map(_raw, ct.proto.vtag)
        return (("--orig-vtag", original), ("--reply-vtag", reply))

    @l4proto
    def to_nlattr(self, ct: Conn, destroy: bool) -> bytes:
        """CTA_PROTOINFO_SCTP."""
        return to_nlattr(ct.proto, destroy)

    @l4proto
    def from_nlattr(self, ct: Conn, attrs: Mapping[int, bytes]) -> None:
        """From CTA_PROTOINFO_SCTP."""
        from_nlattr(ct.proto, attrs)

    @l4proto
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
        return ports_to_nlattr(u)

    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
        return nlattr_to_ports(attrs)

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """A timeout for each state."""
        return SYSCTLS


def _raw(tag: int) -> int:
    """A tag as kernel and conntrack of a little-endian machine print it: as it lies in the packet."""
    return int.from_bytes(tag.to_bytes(4, "big"), "little")
