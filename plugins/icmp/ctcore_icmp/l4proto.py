"""The ICMP vtable: queries are flows of their own, errors are RELATED to the flow that they quote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ctcore.conn import Conn
from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.netlink import attr
from ctcore.ops import L4Ops
from ctcore.packet import Packet
from ctcore.related import attach_related
from ctcore.sysctl import Sysctl, timeout
from ctcore.tuples import transport_part
from ctcore_icmp.header import ICMP

IPPROTO_ICMP: Final = 1
AF_INET: Final = 2

ECHO_REPLY, DEST_UNREACH, SOURCE_QUENCH, REDIRECT, ECHO = 0, 3, 4, 5, 8
TIME_EXCEEDED, PARAMETER_PROBLEM, TIMESTAMP, TIMESTAMP_REPLY = 11, 12, 13, 14
INFO_REQUEST, INFO_REPLY, ADDRESS, ADDRESS_REPLY = 15, 16, 17, 18
HIGHEST_TYPE: Final = ADDRESS_REPLY

PARTNERS: Final = {
    ECHO: ECHO_REPLY,
    ECHO_REPLY: ECHO,
    TIMESTAMP: TIMESTAMP_REPLY,
    TIMESTAMP_REPLY: TIMESTAMP,
    INFO_REQUEST: INFO_REPLY,
    INFO_REPLY: INFO_REQUEST,
    ADDRESS: ADDRESS_REPLY,
    ADDRESS_REPLY: ADDRESS,
}
STARTERS: Final = frozenset({ECHO, TIMESTAMP, INFO_REQUEST, ADDRESS})
ERRORS: Final = frozenset({DEST_UNREACH, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM})

CTA_PROTO_ICMP_ID: Final = 4
CTA_PROTO_ICMP_TYPE: Final = 5
CTA_PROTO_ICMP_CODE: Final = 6

SYSCTLS: Final = (timeout("nf_conntrack_icmp_timeout", 30, "timeout", "from the last query or answer on"),)


class Icmp(L4Ops):
    """Internet Control Message Protocol (RFC 792, RFC 950)."""

    name = "icmp"
    l4num = IPPROTO_ICMP
    error_before_lookup = AF_INET

    def __init__(self) -> None:
        self.timeout = 0

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """The identifier, then type and code: of every type, even those that have no identifier."""
        if pkt.avail - dataoff < ICMP.size:
            return None
        return pkt.buf[dataoff + 4 : dataoff + 6] + pkt.buf[dataoff : dataoff + 2]

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes | None:
        """The partner type, with the same identifier and code; None for a type that nobody answers."""
        partner = PARTNERS.get(u[2])
        return None if partner is None else u[:2] + bytes((partner, u[3]))

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        """Check the message before any lookup; an error message is attached to the flow that it quotes."""
        l3 = pkt.l3
        if l3.l3num != AF_INET:
            return ACCEPT
        if pkt.avail - dataoff < ICMP.size:
            return self._invalid(pkt, "short packet")
        if pkt.verify and not l3.ops.checksum(pkt, dataoff, 0):
            return self._invalid(pkt, "bad hw icmp checksum")
        kind = pkt.buf[dataoff]
        if kind > HIGHEST_TYPE:
            return self._invalid(pkt, "invalid icmp type")
        if kind not in ERRORS:
            return ACCEPT
        fault = attach_related(pkt, dataoff + ICMP.size, IPPROTO_ICMP)
        if fault:
            pkt.note(fault)
            return -ACCEPT
        return ACCEPT

    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        pkt.log_invalid(IPPROTO_ICMP, reason)
        return -ACCEPT

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Every query and answer keeps the flow alive; what no query began is INVALID."""
        kind = transport_part(ct.original)[2]
        if pkt.l3.l3num != AF_INET or kind not in STARTERS:
            pkt.note(f"ICMP type {kind} cannot begin a flow")
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
        """Nothing: conntrack leaves ICMP's parts out."""
        return ()

    @l4proto
    def print_save(self, original: bytes) -> Fields:
        """Type, code and identifier of the original direction."""
        return tuple((f"--icmp-{name}", value) for name, value in self.print_tuple(original))

    @l4proto
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """CTA_PROTO_ICMP_ID, _TYPE and _CODE."""
        return attr(CTA_PROTO_ICMP_ID, u[:2]) + attr(CTA_PROTO_ICMP_TYPE, u[2:3]) + attr(CTA_PROTO_ICMP_CODE, u[3:4])

    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """From CTA_PROTO_ICMP_ID, _TYPE and _CODE."""
        parts = [attrs.get(number, b"") for number in (CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMP_CODE)]
        return b"".join(parts) if [len(part) for part in parts] == [2, 1, 1] else None

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """One timeout."""
        return SYSCTLS
