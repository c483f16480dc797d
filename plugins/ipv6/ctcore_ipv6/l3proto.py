"""The IPv6 vtable: receive path, tuples, routing, and the hooks that put conntrack into the path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv6Interface
from socket import AF_INET6, inet_ntop
from typing import Final

from ctcore.checksum import is_right
from ctcore.common import IP_CT_UNTRACKED, TEMPLATE
from ctcore.hookspecs import Fields, l3proto
from ctcore.netfilter import (
    ACCEPT,
    DROP,
    FORWARD,
    LOCAL_IN,
    LOCAL_OUT,
    POST_ROUTING,
    PRE_ROUTING,
    HookOps,
    Priority,
)
from ctcore.netlink import attr
from ctcore.netns import Net
from ctcore.ops import HookFunction, L3Ops
from ctcore.packet import Packet
from ctcore.slots import L3Slot
from ctcore.sysctl import Sysctl
from ctcore_ipv6.exthdr import skip_extensions
from ctcore_ipv6.frag import SYSCTLS, Fragments
from ctcore_ipv6.header import IP6_OFFSET, IPV6
from ctcore_ipv6.numbers import EXTENSION, HOP_BY_HOP, OPENING
from ctcore_ipv6.octets import octets
from ctcore_ipv6.options import check_options

CTA_IP_V6_SRC: Final = 3
CTA_IP_V6_DST: Final = 4
IP6_DEFRAG_CONNTRACK_IN: Final = 0
IP6_DEFRAG_CONNTRACK_OUT: Final = 1 << 16  # each has a queue of its own for each of 65536 zones

HEADER: Final = IPV6.size
ANY: Final = bytes(16)
LOOPBACK: Final = bytes(15) + b"\1"
PLAIN: Final = bytes(0 < first < 0xFE for first in range(256))
"""1 for each first byte of an address that neither the receive path nor routing has anything special to do about."""

MULTICAST: Final = 0xFF
NARROW_SCOPES: Final = (0, 1)  # of multicast addresses that never come from a wire: reserved, interface-local
MISSING: Final = "the hop-by-hop options are not all there"
HOP_LIMIT_EXCEEDED: Final = "hop limit exceeded in transit"

_number = int.from_bytes


class Ipv6(L3Ops):
    """Internet Protocol version 6 (RFC 8200)."""

    name = "ipv6"
    l3num = 10  # AF_INET6
    ethertype = 0x86DD
    tuple_at = (8, 32)

    def __init__(self) -> None:
        self.fragments = Fragments()

    @l3proto
    def rcv(self, pkt: Packet) -> int:
        """The checks of the receive path: a packet that fails one is gone before any hook."""
        buf, nhoff, avail = pkt.buf, pkt.nhoff, pkt.avail
        if avail - nhoff < HEADER:
            return self._gone(pkt, "the IPv6 header is not all there")
        if buf[nhoff] >> 4 != 6:
            return self._gone(pkt, f"an IPv6 header cannot begin with 0x{buf[nhoff]:02x}")
        if not (PLAIN[buf[nhoff + 8]] and PLAIN[buf[nhoff + 24]]) and pkt.hook != LOCAL_OUT:
            fault = _check_addresses(buf[nhoff + 8 : nhoff + 24], buf[nhoff + 24 : nhoff + 40])
            if fault:
                return self._gone(pkt, fault)
        payload_len, nexthdr = octets.rcv(buf, nhoff)
        start = nhoff + HEADER
        end = start + payload_len if payload_len or nexthdr != HOP_BY_HOP else avail
        pkt.end = end
        if end < avail:
            pkt.avail = end
        elif end > avail and not (pkt.cut or pkt.is_cut()):
            return self._gone(pkt, f"truncated: {payload_len} bytes by the header, {avail - start} there")
        if not EXTENSION[nexthdr]:
            pkt.dataoff = start
            pkt.protonum = nexthdr
        elif nexthdr == HOP_BY_HOP and pkt.hook != LOCAL_OUT:
            fault = _check_hop_by_hop(pkt, start, payload_len)
            if fault:
                return self._gone(pkt, fault)
        return ACCEPT

    @staticmethod
    def _gone(pkt: Packet, reason: str) -> int:
        pkt.note(reason)
        return DROP

    @l3proto
    def pkt_to_tuple(self, pkt: Packet, nhoff: int) -> bytes | None:
        """Source and destination address, as they stand."""
        return pkt.buf[nhoff + 8 : nhoff + HEADER] if pkt.avail - nhoff >= HEADER else None

    @l3proto
    def invert_tuple(self, addrs: bytes) -> bytes:
        """The addresses change places."""
        return addrs[16:] + addrs[:16]

    @l3proto
    def get_l4proto(self, pkt: Packet, nhoff: int) -> tuple[int, int] | None:
        """Behind the extension headers; None where they end with no next header or in a fragment but the first."""
        if pkt.avail - nhoff < HEADER:
            return None
        found = skip_extensions(pkt.buf, nhoff + HEADER, pkt.avail, pkt.buf[nhoff + 6])
        if found is None or found[2] & IP6_OFFSET:
            return None
        return found[0], found[1]

    @l3proto
    def defrag(self, pkt: Packet, user: int) -> int:
        """Gather the fragments of a datagram."""
        return self.fragments.gather(pkt, user)

    @l3proto
    def route(self, pkt: Packet) -> int:
        """Forward, but for what the host itself has and what no router forwards."""
        buf, nhoff = pkt.buf, pkt.nhoff
        l3: L3Slot = pkt.l3
        if not (PLAIN[buf[nhoff + 8]] and PLAIN[buf[nhoff + 24]]) or l3.local:
            saddr, daddr = buf[nhoff + 8 : nhoff + 24], buf[nhoff + 24 : nhoff + 40]
            if daddr[0] == MULTICAST or _is_link_local(daddr) or daddr == LOOPBACK or l3.is_local(daddr):
                return LOCAL_IN
            if saddr == ANY:
                return self._unroutable(pkt, "no router forwards from the address ::")
            if _is_link_local(saddr):
                return self._unroutable(pkt, "beyond scope of source address")
        return FORWARD if buf[nhoff + 7] > 1 else self._unroutable(pkt, HOP_LIMIT_EXCEEDED)

    @staticmethod
    def _unroutable(pkt: Packet, reason: str) -> int:
        pkt.note(reason)
        return -1

    @l3proto
    def checksum(self, pkt: Packet, dataoff: int, protonum: int) -> bool:
        """The transport checksum; the pseudo header's length is what the IPv6 header leaves for the transport part."""
        if not protonum:
            return octets.is_right(pkt.buf, dataoff, pkt.end, 0)
        addresses = pkt.nhoff + 8
        pseudo = protonum + pkt.end - dataoff
        if dataoff == addresses + 32:
            return octets.is_right(pkt.buf, addresses, pkt.end, pseudo)
        return is_right(pkt.buf[dataoff : pkt.end], pseudo + _number(pkt.buf[addresses : addresses + 32], "big"))

    @l3proto
    def checksum_partial(self, pkt: Packet, dataoff: int, length: int, protonum: int) -> bool:
        """As ``checksum``, over the first ``length`` bytes; the pseudo header has the whole length."""
        addresses = _number(pkt.buf[pkt.nhoff + 8 : pkt.nhoff + HEADER], "big")
        return is_right(pkt.buf[dataoff : dataoff + length], protonum + pkt.end - dataoff + addresses)

    @l3proto
    def print_tuple(self, addrs: bytes, full: bool) -> Fields:
        """Compressed as inet_ntop does it, or all eight groups."""
        spell = _all_groups if full else _compressed
        return (("src", spell(addrs[:16])), ("dst", spell(addrs[16:])))

    @l3proto
    def parse_network(self, text: str) -> tuple[bytes, bytes] | None:
        """``2001:db8::1`` or ``2001:db8::/32``."""
        try:
            interface = IPv6Interface(text)
        except ValueError:
            return None
        return interface.ip.packed, interface.netmask.packed

    @l3proto
    def tuple_to_nlattr(self, addrs: bytes) -> bytes:
        """CTA_IP_V6_SRC and CTA_IP_V6_DST."""
        return attr(CTA_IP_V6_SRC, addrs[:16]) + attr(CTA_IP_V6_DST, addrs[16:])

    @l3proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_IP_V6_SRC and CTA_IP_V6_DST."""
        if len(attrs.get(CTA_IP_V6_SRC, b"")) != 16 or len(attrs.get(CTA_IP_V6_DST, b"")) != 16:
            return None
        return attrs[CTA_IP_V6_SRC] + attrs[CTA_IP_V6_DST]

    @l3proto
    def hook_ops(self, net: Net) -> Sequence[HookOps]:
        """Defragmentation, conntrack in, and confirm: of what comes in one place before the last."""
        conntrack_in, confirm = net.conntrack_in, net.confirm
        return (
            HookOps(PRE_ROUTING, Priority.CONNTRACK_DEFRAG, Defrag(IP6_DEFRAG_CONNTRACK_IN)),
            HookOps(LOCAL_OUT, Priority.CONNTRACK_DEFRAG, Defrag(IP6_DEFRAG_CONNTRACK_OUT)),
            HookOps(PRE_ROUTING, Priority.CONNTRACK, conntrack_in),
            HookOps(LOCAL_OUT, Priority.CONNTRACK, conntrack_in),
            HookOps(POST_ROUTING, Priority.CONNTRACK_CONFIRM, confirm),
            HookOps(LOCAL_IN, Priority.CONNTRACK_CONFIRM - 1, confirm),
        )

    @l3proto
    def sysctls(self) -> Sequence[Sysctl]:
        """Those of reassembly."""
        return SYSCTLS


class Defrag(HookFunction):
    """The hook function that gathers fragments for a user; what has no extension headers passes."""

    def __init__(self, user: int) -> None:
        self.user = user

    def run(self, pkt: Packet) -> int:
        """ACCEPT for what is no fragment, for what is not to be tracked, and for what has its flow already."""
        ct = pkt.ct
        if pkt.protonum >= 0 or pkt.ctinfo == IP_CT_UNTRACKED or (ct is not None and not ct.status & TEMPLATE):
            return ACCEPT
        zone = ct.zone.resolved(pkt.mark).effective(0) if ct is not None else 0
        verdict: int = pkt.l3.defrag(pkt, self.user + zone)
        return verdict


def _check_addresses(saddr: bytes, daddr: bytes) -> str | None:
    """Why a packet with these addresses is gone (RFC 4291, 2.5.3 and 2.7), or None.

    One with the loopback address on both sides is taken: it was captured on the loopback interface, not on a wire.
    """
    if (saddr == LOOPBACK) != (daddr == LOOPBACK):
        return "martian: the loopback address on a wire"
    if saddr[0] == MULTICAST:
        return "martian source: a multicast address"
    if daddr[0] == MULTICAST and daddr[1] & 15 in NARROW_SCOPES:
        return "martian destination: a multicast address of no scope beyond the interface"
    return None


def _check_hop_by_hop(pkt: Packet, start: int, payload_len: int) -> str | None:
    """Why a packet with such a hop-by-hop header at ``start`` is gone, or None; as far as a capture has kept it."""
    if start + OPENING > min(pkt.avail, pkt.end):
        return MISSING if pkt.avail >= pkt.end else None
    end = start + (pkt.buf[start + 1] + 1) * 8
    if end > pkt.end:
        return MISSING
    return check_options(pkt.buf[start + OPENING : end], payload_len) if end <= pkt.avail else None


def _is_link_local(address: bytes) -> bool:
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def _compressed(address: bytes) -> str:
    return inet_ntop(AF_INET6, address)


def _all_groups(address: bytes) -> str:
    return address.hex(":", 2)
