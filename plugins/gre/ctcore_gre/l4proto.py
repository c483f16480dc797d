"""The GRE vtable: the calls of PPTP are told apart, all other tunnels between two hosts are one flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ctcore.common import ASSURED, NAT_CLASH, SEEN_REPLY, Event
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.ports import invert_ports, nlattr_to_ports, ports_to_nlattr, print_ports
from ctcore.sysctl import SECOND, Sysctl, timeout
from ctcore_gre.header import ENHANCED, GRE, GRE_PROTO_PPP, GRE_VERSION, GRE_VERSION_PPTP
from ctcore_gre.keymap import KeyMap
from ctcore_gre.octets import octets

IPPROTO_GRE: Final = 47
NO_KEYS: Final = bytes(4)

UNREPLIED, REPLIED = 0, 1

SYSCTLS: Final = (
    timeout("nf_conntrack_gre_timeout", 30, "timeouts", "no reply yet", UNREPLIED),
    timeout("nf_conntrack_gre_timeout_stream", 180, "timeouts", "a tunnel that was seen in use both ways", REPLIED),
)

_CALL_ID: Final = 6  # its place in the enhanced header


class Gre(L4Ops):
    """Generic Routing Encapsulation (RFC 2784), with the keys of PPTP's version of it (RFC 2637)."""

    name = "gre"
    l4num = IPPROTO_GRE
    allow_clash = True  # two first packets of one flow may race: they are united

    def __init__(self) -> None:
        self.timeouts = [0, 0]
        self.keymap = KeyMap()

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """The keys of a PPTP call; zero for any other tunnel, and for a header that is cut short."""
        if pkt.avail - dataoff < GRE.size:
            return NO_KEYS
        flags_version, protocol = octets.opening(pkt.buf, dataoff)
        if flags_version & GRE_VERSION != GRE_VERSION_PPTP or pkt.avail - dataoff < ENHANCED.size:
            return NO_KEYS
        if protocol != GRE_PROTO_PPP:
            return None
        addrs = pkt.l3.pkt_to_tuple(pkt, pkt.nhoff)
        if addrs is None:
            return None
        call_id = pkt.buf[dataoff + _CALL_ID : dataoff + ENHANCED.size]
        return self.keymap.find(addrs, call_id) + call_id

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        """The keys change places."""
        return invert_ports(u)

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """Any packet may open a flow; ``ct.proto`` is a pair of timeouts (nanoseconds) that it keeps for its life."""
        ct.proto = list(ct.policy or self.timeouts)
        return True

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """The short timeout, or the long one once the flow was seen replied to."""
        status = ct.status
        if not status & SEEN_REPLY:
            ct.refresh_acct(pkt, ctinfo, ct.proto[UNREPLIED])
            return ACCEPT
        ct.refresh_acct(pkt, ctinfo, ct.proto[REPLIED])
        if not status & (ASSURED | NAT_CLASH):
            ct.status |= ASSURED
            ct.cache_event(Event.ASSURED)
        return ACCEPT

    @l4proto
    def destroy(self, ct: Conn) -> None:
        """With a tunnel the keys of its control connection go, whichever call they are of."""
        if ct.master is not None:
            self.keymap.remove(ct.master)

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``srckey`` and ``dstkey``, hexadecimal."""
        (_, source), (_, destination) = print_ports(u)
        return (("srckey", f"0x{source:x}"), ("dstkey", f"0x{destination:x}"))

    @l4proto
    def print_conntrack(self, ct: Conn) -> str:
        """Both timeouts, in seconds."""
        unreplied, replied = (value // SECOND for value in ct.proto)
        return f"timeout={unreplied}, stream_timeout={replied}"

    @l4proto
    def protoinfo(self, ct: Conn) -> Mapping[str, Any]:
        """Both timeouts, in seconds."""
        unreplied, replied = (value // SECOND for value in ct.proto)
        return {"timeout": unreplied, "stream_timeout": replied}

    @l4proto
    def print_save(self, original: bytes, reply: bytes) -> Fields:
        """The keys of both directions."""
        options = ("--srckey", "--dstkey", "--reply-key-src", "--reply-key-dst")
        values = [value for part in (original, reply) for _, value in print_ports(part)]
        return tuple(zip(options, values, strict=True))

    @l4proto
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """The keys as CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
        return ports_to_nlattr(u)

    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
        return nlattr_to_ports(attrs)

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """Two timeouts; a flow keeps those of its beginning."""
        return SYSCTLS
