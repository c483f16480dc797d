"""The IPv4 vtable: receive path, tuples, routing, and the hooks that put conntrack into the path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface
from typing import Final

from ctcore.checksum import is_right
from ctcore.common import IP_CT_UNTRACKED
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
from ctcore_ipv4.frag import SYSCTLS, Fragments
from ctcore_ipv4.header import IP_MF, IP_OFFSET, IPV4
from ctcore_ipv4.octets import octets
from ctcore_ipv4.options import check_options

CTA_IP_V4_SRC: Final = 1
CTA_IP_V4_DST: Final = 2
IP_DEFRAG_CONNTRACK_IN: Final = 0
IP_DEFRAG_CONNTRACK_OUT: Final = 1 << 16  # each has a queue of its own for each of 65536 zones

HEADER: Final = IPV4.size
MULTICAST: Final = range(224, 240)  # the first byte of a multicast address
BROADCAST: Final = b"\xff\xff\xff\xff"
ANY: Final = bytes(4)
PLAIN: Final = bytes(0 < first < 224 for first in range(256))
"""1 for each first byte of an address that routing has nothing special to do about."""

MORE_OR_OFFSET: Final = (IP_MF | IP_OFFSET) >> 8  # in the first byte of the fragment field
NO_OPTIONS: Final = 0x45  # the first byte of a header without options
TTL_EXCEEDED: Final = "time to live exceeded in transit"

_read_l4 = IPV4.reader("version_ihl", "frag_off", "protocol")
_number = int.from_bytes


class Ipv4(L3Ops):
    """Internet Protocol version 4 (RFC 791)."""

    name = "ipv4"
    l3num = 2  # AF_INET
    ethertype = 0x0800
    has_broadcast = True
    tuple_at = (12, 8)

    def __init__(self) -> None:
        self.fragments = Fragments()

    @l3proto
    def rcv(self, pkt: Packet) -> int:
        """The checks of the receive path: a packet that fails one is gone before any hook."""
        nhoff, avail = pkt.nhoff, pkt.avail
        if avail - nhoff < HEADER:
            return self._gone(pkt, "the IPv4 header is not all there")
        version_ihl, tot_len, frag_off, protocol = octets.rcv(pkt.buf, nhoff)
        ihl = HEADER
        if version_ihl != NO_OPTIONS:
            ihl = (version_ihl & 15) * 4
            if version_ihl >> 4 != 4 or ihl < HEADER:
                return self._gone(pkt, f"an IPv4 header cannot begin with 0x{version_ihl:02x}")
            if avail - nhoff < ihl:
                return self._gone(pkt, "the IPv4 header is not all there")
        if not octets.is_right(pkt.buf, nhoff, nhoff + ihl, 0) and pkt.hook != LOCAL_OUT:
            return self._gone(pkt, "bad IPv4 header checksum")
        end = nhoff + tot_len
        pkt.end = end
        if end < avail:
            pkt.avail = end
        elif end > avail and not (pkt.cut or pkt.is_cut()):
            return self._gone(pkt, f"truncated: {tot_len} bytes by the header, {avail - nhoff} there")
        if tot_len < ihl:
            return self._gone(pkt, f"total length {tot_len} is less than the header's {ihl}")
        if not frag_off & IP_OFFSET:
            pkt.dataoff = nhoff + ihl
            pkt.protonum = protocol
        return ACCEPT

    @staticmethod
    def _gone(pkt: Packet, reason: str) -> int:
        pkt.note(reason)
        return DROP

    @l3proto
    def pkt_to_tuple(self, pkt: Packet, nhoff: int) -> bytes | None:
        """Source and destination address, as they stand."""
        return pkt.buf[nhoff + 12 : nhoff + 20] if pkt.avail - nhoff >= HEADER else None

    @l3proto
    def invert_tuple(self, addrs: bytes) -> bytes:
        """The addresses change places."""
        return addrs[4:] + addrs[:4]

    @l3proto
    def get_l4proto(self, pkt: Packet, nhoff: int) -> tuple[int, int] | None:
        """None for a fragment that is not the first and for a header longer than the packet."""
        if pkt.avail - nhoff < HEADER:
            return None
        version_ihl, frag_off, protocol = _read_l4(pkt.buf, nhoff)
        dataoff = nhoff + (version_ihl & 15) * 4
        if frag_off & IP_OFFSET or dataoff > pkt.end:
            return None
        return dataoff, protocol

    @l3proto
    def defrag(self, pkt: Packet, user: int) -> int:
        """Gather the fragments of a datagram."""
        return self.fragments.gather(pkt, user)

    @l3proto
    def route(self, pkt: Packet) -> int:
        """Forward, but for what the host itself has and what no router forwards."""
        buf, nhoff = pkt.buf, pkt.nhoff
        l3: L3Slot = pkt.l3
        if PLAIN[buf[nhoff + 12]] and PLAIN[buf[nhoff + 16]] and buf[nhoff] == NO_OPTIONS and not l3.local:
            return FORWARD if buf[nhoff + 8] > 1 else self._unroutable(pkt, TTL_EXCEEDED)
        return self._route(pkt, buf[nhoff + 12 : nhoff + 16], buf[nhoff + 16 : nhoff + 20])

    def _route(self, pkt: Packet, saddr: bytes, daddr: bytes) -> int:
        buf, nhoff = pkt.buf, pkt.nhoff
        if buf[nhoff] != NO_OPTIONS:
            fault = check_options(buf[nhoff + HEADER : nhoff + (buf[nhoff] & 15) * 4])
            if fault:
                return self._unroutable(pkt, fault)
        if saddr[0] in MULTICAST or saddr == BROADCAST:
            return self._unroutable(pkt, "martian source: a multicast or broadcast address")
        if daddr[0] in MULTICAST or daddr == BROADCAST or saddr == daddr == ANY:
            return LOCAL_IN
        if saddr == ANY:
            return self._unroutable(pkt, "martian source: the address 0.0.0.0")
        if daddr == ANY:
            return self._unroutable(pkt, "martian destination: the address 0.0.0.0")
        if pkt.l3.local and (daddr in pkt.l3.broadcasts or pkt.l3.is_local(daddr)):
            return LOCAL_IN
        return FORWARD if buf[nhoff + 8] > 1 else self._unroutable(pkt, TTL_EXCEEDED)

    @staticmethod
    def _unroutable(pkt: Packet, reason: str) -> int:
        pkt.note(reason)
        return -1

    @l3proto
    def checksum(self, pkt: Packet, dataoff: int, protonum: int) -> bool:
        """The transport checksum; the pseudo header's length is what the IP header leaves for the transport part."""
        if not protonum:
            # The kernel sums from the IP header on, whose sum is all ones: so zeros alone are right too.
            return octets.is_right(pkt.buf, dataoff, pkt.end, 0xFFFF)
        addresses = pkt.nhoff + 12
        pseudo = protonum + pkt.end - dataoff
        if dataoff == addresses + 8:
            return octets.is_right(pkt.buf, addresses, pkt.end, pseudo)
        return is_right(pkt.buf[dataoff : pkt.end], pseudo + _number(pkt.buf[addresses : addresses + 8], "big"))

    @l3proto
    def checksum_partial(self, pkt: Packet, dataoff: int, length: int, protonum: int) -> bool:
        """As ``checksum``, over the first ``length`` bytes.

        Of the length in the pseudo header only the low byte counts: the kernel puts length and protocol into each
        other's places there, and a protocol has eight bits.
        """
        addresses = _number(pkt.buf[pkt.nhoff + 12 : pkt.nhoff + HEADER], "big")
        return is_right(pkt.buf[dataoff : dataoff + length], protonum + (pkt.end - dataoff & 0xFF) + addresses)

    @l3proto
    def print_tuple(self, addrs: bytes) -> Fields:
        """Dotted decimals."""
        return (("src", octets.dotted(addrs, 0)), ("dst", octets.dotted(addrs, 4)))

    @l3proto
    def parse_network(self, text: str) -> tuple[bytes, bytes] | None:
        """``192.0.2.1`` or ``192.0.2.0/24``."""
        try:
            interface = IPv4Interface(text)
        except ValueError:
            return None
        return interface.ip.packed, interface.netmask.packed

    @l3proto
    def tuple_to_nlattr(self, addrs: bytes) -> bytes:
        """CTA_IP_V4_SRC and CTA_IP_V4_DST."""
        return attr(CTA_IP_V4_SRC, addrs[:4]) + attr(CTA_IP_V4_DST, addrs[4:])

    @l3proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_IP_V4_SRC and CTA_IP_V4_DST."""
        if len(attrs.get(CTA_IP_V4_SRC, b"")) != 4 or len(attrs.get(CTA_IP_V4_DST, b"")) != 4:
            return None
        return attrs[CTA_IP_V4_SRC] + attrs[CTA_IP_V4_DST]

    @l3proto
    def hook_ops(self, net: Net) -> Sequence[HookOps]:
        """Defragmentation, conntrack in, conntrack local, and confirm twice."""
        conntrack_in, confirm = net.conntrack_in, net.confirm

        def conntrack_local(pkt: Packet) -> int:
            if _frag_off(pkt) & (IP_MF | IP_OFFSET):
                if pkt.ctinfo != IP_CT_UNTRACKED:
                    pkt.ct = None
                return ACCEPT
            return conntrack_in(pkt)

        return (
            HookOps(PRE_ROUTING, Priority.CONNTRACK_DEFRAG, Defrag(IP_DEFRAG_CONNTRACK_IN)),
            HookOps(LOCAL_OUT, Priority.CONNTRACK_DEFRAG, Defrag(IP_DEFRAG_CONNTRACK_OUT)),
            HookOps(PRE_ROUTING, Priority.CONNTRACK, conntrack_in),
            HookOps(LOCAL_OUT, Priority.CONNTRACK, conntrack_local),
            HookOps(POST_ROUTING, Priority.CONNTRACK_CONFIRM, confirm),
            HookOps(LOCAL_IN, Priority.CONNTRACK_CONFIRM, confirm),
        )

    @l3proto
    def sysctls(self) -> Sequence[Sysctl]:
        """Those of reassembly."""
        return SYSCTLS


class Defrag(HookFunction):
    """The hook function that gathers fragments for a user; whole packets pass."""

    def __init__(self, user: int) -> None:
        self.user = user

    def run(self, pkt: Packet) -> int:
        """ACCEPT for what is whole, and for what is not to be tracked."""
        buf, nhoff = pkt.buf, pkt.nhoff
        if not buf[nhoff + 7] and not buf[nhoff + 6] & MORE_OR_OFFSET:
            return ACCEPT
        if pkt.ctinfo == IP_CT_UNTRACKED:
            return ACCEPT
        zone = pkt.ct.zone.resolved(pkt.mark).effective(0) if pkt.ct is not None else 0
        verdict: int = pkt.l3.defrag(pkt, self.user + zone)
        return verdict


def _frag_off(pkt: Packet) -> int:
    return _number(pkt.buf[pkt.nhoff + 6 : pkt.nhoff + 8], "big")
