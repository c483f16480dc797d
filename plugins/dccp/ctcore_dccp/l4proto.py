"""The DCCP vtable: validity, the state machine by role, and the timeouts, as in Linux 2.6.26 to 6.16."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ctcore.common import ASSURED, IP_CT_IS_REPLY, SEEN_REPLY, Event
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.ports import invert_ports, nlattr_to_ports, ports_of, ports_to_nlattr, print_ports, save_ports
from ctcore.sysctl import Sysctl
from ctcore_dccp.header import ACK, DCCP, LONG_ONLY, REQUEST, RESET, RESPONSE, TYPES, ack_of, seq_of
from ctcore_dccp.octets import octets
from ctcore_dccp.record import DccpState, from_nlattr, to_nlattr
from ctcore_dccp.states import (
    CLIENT,
    CLOSE_REQUESTED,
    IGNORE,
    INVALID,
    NONE,
    PARTOPEN,
    REQUESTED,
    RESPOND,
    ROLE_NAMES,
    SERVER,
    STATE_NAMES,
    TIMEWAIT,
    transition,
)
from ctcore_dccp.sysctls import SYSCTLS, TIMEOUT_COUNT

IPPROTO_DCCP: Final = 33


class Dccp(L4Ops):
    """Datagram Congestion Control Protocol (RFC 4340)."""

    name = "dccp"
    l4num = IPPROTO_DCCP
    tuple_at = 0
    history = "Linux 2.6.26 to 6.16"

    def __init__(self) -> None:
        self.timeouts = [0] * TIMEOUT_COUNT
        self.loose = 0

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
        """Header, data offset, checksum and what it covers, type, and the length of the sequence number."""
        size = pkt.end - dataoff
        if pkt.avail - dataoff < DCCP.size:
            return self._invalid(pkt, "nf_ct_dccp: short packet")
        doff, ccval_cscov, type_x = octets.opening(pkt.buf, dataoff)
        if not DCCP.size <= doff * 4 <= size:
            return self._invalid(pkt, "nf_ct_dccp: truncated/malformed packet")
        cscov = ccval_cscov & 15
        covered = (cscov - 1) * 4 if cscov else size
        if covered > size:
            return self._invalid(pkt, "nf_ct_dccp: bad checksum coverage")
        if pkt.verify and not pkt.l3.checksum_partial(pkt, dataoff, covered, IPPROTO_DCCP):
            return self._invalid(pkt, "nf_ct_dccp: bad checksum")
        kind = type_x >> 1 & 15
        if kind >= TYPES:
            return self._invalid(pkt, "nf_ct_dccp: reserved packet type")
        if kind in LONG_ONLY and not type_x & 1:
            return self._invalid(pkt, "nf_ct_dccp: type lacks 48bit sequence numbers")
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_DCCP, reason)
        return -ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """A REQUEST opens a flow; its sender is the client."""
        if transition(CLIENT, _kind(pkt, dataoff), NONE) == INVALID:
            pkt.log_invalid(IPPROTO_DCCP, "nf_ct_dccp: invalid state transition")
            return False
        ct.proto = DccpState()
        return True

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Move the flow on by one packet."""
        kind = _kind(pkt, dataoff)
        if kind == RESET and not ct.status & SEEN_REPLY:
            ct.acct(pkt, ctinfo)
            ct.net.delete(ct)
            return ACCEPT
        dccp: DccpState = ct.proto
        direction = int(ctinfo >= IP_CT_IS_REPLY)
        old = dccp.state
        new = transition(dccp.role[direction], kind, old)
        if new == INVALID:
            return self._invalid(pkt, "nf_ct_dccp: invalid state transition")
        if new == IGNORE:
            if not _is_late_answer(dccp, kind, direction):
                dccp.last_dir, dccp.last_pkt = direction, kind
                pkt.log_invalid(IPPROTO_DCCP, "nf_ct_dccp: invalid packet ignored")
                return ACCEPT
            dccp.set_client(1 - direction)
            dccp.handshake_seq = seq_of(pkt, dataoff)
            new = RESPOND
        elif new == REQUESTED and old == TIMEWAIT and dccp.role[direction] == SERVER:
            dccp.set_client(direction)
        elif new == RESPOND and old == REQUESTED:
            dccp.handshake_seq = seq_of(pkt, dataoff)
        elif new == PARTOPEN and old == RESPOND and kind == ACK and ack_of(pkt, dataoff) == dccp.handshake_seq:
            ct.status |= ASSURED
        dccp.last_dir, dccp.last_pkt = direction, kind
        dccp.state = new
        if new != old:
            ct.cache_event(Event.PROTOINFO)
        ct.refresh_acct(pkt, ctinfo, (ct.policy or self.timeouts)[new])
        return ACCEPT

    @l4proto
    def can_early_drop(self, ct: Conn) -> bool:
        """A flow that is closing may go."""
        return bool(CLOSE_REQUESTED <= ct.proto.state <= TIMEWAIT)

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``sport`` and ``dport``."""
        return print_ports(u)

    @l4proto
    def print_conntrack(self, ct: Conn) -> str:
        """The name of the state."""
        return STATE_NAMES[ct.proto.state]

    @l4proto
    def protoinfo(self, ct: Conn) -> Mapping[str, Any]:
        """State, the role of the original direction, and the sequence number of the RESPONSE."""
        dccp = ct.proto
        return {
            "state": STATE_NAMES[dccp.state],
            "role": ROLE_NAMES[dccp.role[0]],
            "handshake_seq": dccp.handshake_seq,
        }

    @l4proto
    def print_save(self, original: bytes, reply: bytes) -> Fields:
        """The ports of both directions."""
        return save_ports(original, reply)

    @l4proto
    def print_save_private(self, ct: Conn) -> Fields:
        """The role of the original direction."""
        return (("--role", ROLE_NAMES[ct.proto.role[0]]),)

    @l4proto
    def to_nlattr(self, ct: Conn, destroy: bool) -> bytes:
        """CTA_PROTOINFO_DCCP."""
        return to_nlattr(ct.proto, destroy)

    @l4proto
    def from_nlattr(self, ct: Conn, attrs: Mapping[int, bytes]) -> None:
        """From CTA_PROTOINFO_DCCP."""
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


def _kind(pkt: Packet, dataoff: int) -> int:
    return int(octets.opening(pkt.buf, dataoff)[2] >> 1 & 15)


def _is_late_answer(dccp: DccpState, kind: int, direction: int) -> bool:
    """Whether a RESPONSE answers a REQUEST that was ignored just before: the server shows that it meant it."""
    return kind == RESPONSE and dccp.last_pkt == REQUEST and dccp.last_dir != direction
