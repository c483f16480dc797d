"""The FTP vtable: PORT, PASV, EPRT and EPSV announce the data connection (RFC 959, RFC 2428)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any, Final

from ctcore import Conn, ExpectPolicy, Packet, Sysctl, announce, drop, expect, help_data, helper
from ctcore.common import IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY
from ctcore.netfilter import ACCEPT
from ctcore.sysctl import switch
from ctcore.tuples import source_address
from ctcore_ftp.lines import LineStarts
from ctcore_ftp.scan import BEGINNINGS, LITERAL, Announced, scan

IPPROTO_TCP: Final = 6
NEWLINE: Final = 0x0A

SYSCTLS: Final = (
    switch("nf_conntrack_ftp.loose", 0, "loose", "expect data connections of other hosts than the sender"),
)

_sequence = Struct(">I").unpack_from


class Control:
    """What the helper keeps of a control connection: where lines begin, per direction (0 original, 1 reply)."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines = (LineStarts(), LineStarts())


class Ftp:
    """File Transfer Protocol, control connection (RFC 959)."""

    name = "ftp"
    l3num = 0
    l4num = IPPROTO_TCP
    port = 21
    policies = (ExpectPolicy(max_expected=1, timeout=300),)  # one data connection at a time
    private = Control

    def __init__(self) -> None:
        self.loose = 0

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Read a payload that begins where a line does."""
        buf, end = pkt.buf, pkt.end
        start = protoff + (buf[protoff + 12] >> 4) * 4
        if start >= end or (ctinfo != IP_CT_ESTABLISHED and ctinfo != IP_CT_ESTABLISHED_REPLY):
            return ACCEPT
        data = buf[start:end]
        direction = 1 if ctinfo == IP_CT_ESTABLISHED_REPLY else 0
        lines: LineStarts = help_data(ct).private.lines[direction]
        (seq,) = _sequence(buf, protoff + 4)
        verdict = ACCEPT
        if seq in lines and data[:LITERAL].upper() in BEGINNINGS[direction]:
            line, found = scan(data, direction, source_address(ct.reply if direction else ct.original))
            if line is not None:
                if found is None:
                    return drop(pkt, ct, f"partial matching of `{line}'")
                verdict = self._announce(pkt, ct, direction, found)
        if data[-1] == NEWLINE:
            lines.add(seq + len(data))
        return verdict

    def _announce(self, pkt: Packet, ct: Conn, direction: int, found: Announced) -> int:
        """Expect the data connection, to the host that named the port unless the helper is loose."""
        other = ct.tuple(1 - direction)
        daddr = other.dst
        if found.address != ct.tuple(direction).src:
            if not self.loose:
                pkt.note("FTP: the data connection of another host than the one that speaks is not expected")
                return ACCEPT
            daddr = found.address
        return announce(pkt, expect(ct, other.src, daddr, IPPROTO_TCP, None, found.port))

    @helper
    def print_private(self, ct: Conn) -> Mapping[str, Any]:
        """The sequence numbers at which lines begin, of both directions."""
        return {"line_starts": [list(side) for side in help_data(ct).private.lines]}

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        """``loose``, the parameter of the kernel's module."""
        return SYSCTLS
