"""The UDP vtable: a conversation that goes on for more than two seconds becomes a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ctcore.common import ASSURED, NAT_CLASH, SEEN_REPLY, Event
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.ports import (
    invert_ports,
    nlattr_to_ports,
    ports_of,
    ports_to_nlattr,
    print_ports,
    save_ports,
)
from ctcore.sysctl import SECOND, Sysctl, timeout
from ctcore_udp.header import UDP
from ctcore_udp.octets import octets

IPPROTO_UDP: Final = 17
STREAM_AFTER: Final = 2 * SECOND  # nanoseconds from the flow's first packet

UDP_SIZE: Final = UDP.size

UNREPLIED, REPLIED = 0, 1

SYSCTLS: Final = (
    timeout("nf_conntrack_udp_timeout", 30, "timeouts", "no reply yet, or replies for two seconds at most", UNREPLIED),
    timeout("nf_conntrack_udp_timeout_stream", 120, "timeouts", "a conversation that has gone on longer", REPLIED),
)


class Udp(L4Ops):
    """User Datagram Protocol (RFC 768)."""

    name = "udp"
    l4num = IPPROTO_UDP
    tuple_at = 0
    allow_clash = True  # two first packets of one flow may race: they are united

    def __init__(self) -> None:
        self.timeouts = [0, 0]

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
        """Header, length and checksum; the sum runs over the whole IP payload, whatever the length field says."""
        size, l3 = pkt.end - dataoff, pkt.l3
        if pkt.avail - dataoff < UDP_SIZE:
            return self._invalid(pkt, "short packet")
        length, check = octets.length(pkt.buf, dataoff)
        if length > size or length < UDP_SIZE:
            return self._invalid(pkt, "truncated/malformed packet")
        if check and pkt.verify and not l3.ops.checksum(pkt, dataoff, IPPROTO_UDP):
            return self._invalid(pkt, "bad checksum")
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_UDP, reason)
        return -ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """Any datagram may open a flow; ``ct.proto`` is the time (nanoseconds) after which it may be a stream."""
        ct.proto = pkt.now + STREAM_AFTER
        return True

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """The short timeout, or the stream's once the flow was seen replied to and is older than two seconds."""
        timeouts = self.timeouts if ct.policy is None else ct.policy
        status = ct.status
        stream_from: int = ct.proto
        if not status & SEEN_REPLY or pkt.now <= stream_from:
            ct.refresh_acct(pkt, ctinfo, timeouts[UNREPLIED])
            return ACCEPT
        ct.refresh_acct(pkt, ctinfo, timeouts[REPLIED])
        if not status & (ASSURED | NAT_CLASH):
            ct.status |= ASSURED
            ct.cache_event(Event.ASSURED)
        return ACCEPT

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``sport`` and ``dport``."""
        return print_ports(u)

    @l4proto
    def print_save(self, original: bytes, reply: bytes) -> Fields:
        """The ports of both directions."""
        return save_ports(original, reply)

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
        """Two timeouts."""
        return SYSCTLS
