"""The UDP-Lite vtable: UDP's timeouts, without UDP's two seconds, and checksums that cover a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctcore.common import ASSURED, NAT_CLASH, SEEN_REPLY, Event
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.ports import invert_ports, nlattr_to_ports, ports_of, ports_to_nlattr, print_ports, save_ports
from ctcore.sysctl import SECOND
from ctcore_udp import Udp
from ctcore_udplite.header import UDPLITE
from ctcore_udplite.octets import octets

IPPROTO_UDP: Final = 17
IPPROTO_UDPLITE: Final = 136
UNREPLIED, REPLIED = 0, 1  # the places of UDP's timeouts
DEFAULTS: Final = [30 * SECOND, 120 * SECOND]  # where the plugin for UDP is left out


class UdpLite(L4Ops):
    """Lightweight User Datagram Protocol (RFC 3828)."""

    name = "udplite"
    l4num = IPPROTO_UDPLITE
    tuple_at = 0
    allow_clash = True  # two first packets of one flow may race: they are united

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
        """Header, coverage and checksum, which must be there.

        The kernel puts UDP's number into the pseudo header: a datagram that is right by RFC 3828 is INVALID there, as
        long as checksums are verified.
        """
        size = pkt.end - dataoff
        if pkt.avail - dataoff < UDPLITE.size:
            return self._invalid(pkt, "short packet")
        coverage, check = octets.coverage(pkt.buf, dataoff)
        covered = coverage or size
        if not UDPLITE.size <= covered <= size:
            return self._invalid(pkt, "invalid checksum coverage")
        if not check:
            return self._invalid(pkt, "checksum missing")
        if pkt.verify and not pkt.l3.checksum_partial(pkt, dataoff, covered, IPPROTO_UDP):
            return self._invalid(pkt, "bad checksum")
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_UDPLITE, reason)
        return -ACCEPT

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """UDP's short timeout, or its long one once the flow was seen replied to."""
        timeouts = ct.policy or _timeouts(ct)
        status = ct.status
        if not status & SEEN_REPLY:
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


def _timeouts(ct: Conn) -> list[int]:
    """The namespace's timeouts for UDP: UDP-Lite has no settings of its own."""
    udp = ct.net.l4protos[IPPROTO_UDP].plugin
    return udp.timeouts if isinstance(udp, Udp) else DEFAULTS
