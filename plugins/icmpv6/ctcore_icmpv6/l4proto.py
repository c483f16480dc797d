"""The ICMPv6 vtable: queries are flows, errors are RELATED to the flow that they quote, neighbours are not tracked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ctcore.common import CONFIRMED, IP_CT_UNTRACKED
from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.netlink import attr
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.related import attach_related
from ctcore.sysctl import Sysctl, timeout
from ctcore.tuples import transport_part
from ctcore_icmpv6.header import ICMPV6
from ctcore_icmpv6.redirect import quoted_by_redirect

IPPROTO_ICMPV6: Final = 58
AF_INET6: Final = 10

ECHO_REQUEST, ECHO_REPLY, NI_QUERY, NI_REPLY = 128, 129, 139, 140
MLD_QUERY, MLD_REPORT, MLD_DONE, MLD2_REPORT = 130, 131, 132, 143
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT, REDIRECT = 135, 136, 137
MR_ADVERTISEMENT, MR_SOLICITATION = 151, 152
LOWEST_INFORMATIONAL: Final = 128  # types below report errors, whether anybody has defined them or not

PARTNERS: Final = {
    ECHO_REQUEST: ECHO_REPLY,
    ECHO_REPLY: ECHO_REQUEST,
    NI_QUERY: NI_REPLY,
    NI_REPLY: NI_QUERY,
}
STARTERS: Final = frozenset({ECHO_REQUEST, NI_QUERY})
UNTRACKED: Final = frozenset(
    {
        *(MLD_QUERY, MLD_REPORT, MLD_DONE, MLD2_REPORT),  # a link's hosts and their groups: nobody answers
        *(ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT),
        *(NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT),  # IPv6 does not work where these are lost
        *(MR_ADVERTISEMENT, MR_SOLICITATION),
    }
)

CTA_PROTO_ICMPV6_ID: Final = 7
CTA_PROTO_ICMPV6_TYPE: Final = 8
CTA_PROTO_ICMPV6_CODE: Final = 9

SYSCTLS: Final = (timeout("nf_conntrack_icmpv6_timeout", 30, "timeout", "from the last query or answer on"),)


class Icmpv6(L4Ops):
    """Internet Control Message Protocol for IPv6 (RFC 4443, RFC 4620, RFC 4861)."""

    name = "icmpv6"
    l4num = IPPROTO_ICMPV6
    error_before_lookup = AF_INET6

    def __init__(self) -> None:
        self.timeout = 0

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """The identifier, then type and code: of every type, even those that have no identifier."""
        if pkt.avail - dataoff < ICMPV6.size:
            return None
        return pkt.buf[dataoff + 4 : dataoff + 6] + pkt.buf[dataoff : dataoff + 2]

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes | None:
        """The partner type, with the same identifier and code; None for a type that nobody answers."""
        partner = PARTNERS.get(u[2])
        return None if partner is None else u[:2] + bytes((partner, u[3]))

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        """Check the message before any lookup; errors and redirects are attached to the flow that they quote."""
        l3 = pkt.l3
        if l3.l3num != AF_INET6:
            return ACCEPT
        if pkt.avail - dataoff < ICMPV6.size:
            return self._invalid(pkt, "short packet")
        if pkt.verify and not l3.ops.checksum(pkt, dataoff, IPPROTO_ICMPV6):
            return self._invalid(pkt, "ICMPv6 checksum failed")
        kind = pkt.buf[dataoff]
        if kind in UNTRACKED:
            pkt.ctinfo = IP_CT_UNTRACKED
            return ACCEPT
        if kind == REDIRECT:
            quoted = quoted_by_redirect(pkt, dataoff)
            if isinstance(quoted, str):
                return self._invalid(pkt, quoted)
        else:
            quoted = dataoff + ICMPV6.size if kind < LOWEST_INFORMATIONAL else None
        if quoted is None:
            return ACCEPT
        fault = attach_related(pkt, quoted, IPPROTO_ICMPV6)
        if fault:
            pkt.note(fault)
            return -ACCEPT
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_ICMPV6, reason)
        return -ACCEPT

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Every query and answer keeps the flow alive; what no query began is INVALID."""
        kind = transport_part(ct.original)[2]
        if pkt.l3.l3num != AF_INET6 or not (ct.status & CONFIRMED or kind in STARTERS):
            pkt.note(f"ICMPv6 type {kind} cannot begin a flow")
            return -ACCEPT
        policy = ct.policy
        ct.refresh_acct(pkt, ctinfo, policy[0] if policy else self.timeout)
        return ACCEPT

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        """``type``, ``code`` and ``id``."""
        return (("type", u[2]), ("code", u[3]), ("id", u[0] << 8 | u[1]))

    @l4proto
    def print_xml(self) -> Fields:
        """Nothing: conntrack leaves ICMPv6's parts out."""
        return ()

    @l4proto
    def print_save(self, original: bytes) -> Fields:
        """Type, code and identifier of the original direction."""
        return tuple((f"--icmpv6-{name}", value) for name, value in self.print_tuple(original))

    @l4proto
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """CTA_PROTO_ICMPV6_ID, _TYPE and _CODE."""
        parts = ((CTA_PROTO_ICMPV6_ID, u[:2]), (CTA_PROTO_ICMPV6_TYPE, u[2:3]), (CTA_PROTO_ICMPV6_CODE, u[3:4]))
        return b"".join(attr(number, part) for number, part in parts)

    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_PROTO_ICMPV6_ID, _TYPE and _CODE."""
        numbers = (CTA_PROTO_ICMPV6_ID, CTA_PROTO_ICMPV6_TYPE, CTA_PROTO_ICMPV6_CODE)
        parts = [attrs.get(number, b"") for number in numbers]
        return b"".join(parts) if [len(part) for part in parts] == [2, 1, 1] else None

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """One timeout."""
        return SYSCTLS
