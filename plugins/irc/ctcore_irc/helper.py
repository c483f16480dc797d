"""The IRC vtable: a client offers another one a direct connection (DCC), and that one is expected to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ctcore import Conn, ExpectPolicy, Packet, Sysctl, announce, expect, helper, tcp_payload
from ctcore.common import IP_CT_ESTABLISHED, ORIGINAL, REPLY
from ctcore.netfilter import ACCEPT
from ctcore.sysctl import SECOND, timeout
from ctcore_irc.scan import scan

AF_INET: Final = 2
IPPROTO_TCP: Final = 6
SYSCTLS: Final = (
    Sysctl(
        "nf_conntrack_irc.max_dcc_channels",
        8,
        "max_dcc_channels",
        "how many direct connections may be expected for a chat",
        minimum=1,
        maximum=255,
    ),
    timeout("nf_conntrack_irc.dcc_timeout", 300, "dcc_timeout", "an expected direct connection"),
)


class Irc:
    """Internet Relay Chat (RFC 2812), and its client to client protocol."""

    name = "irc"
    l3num = AF_INET
    l4num = IPPROTO_TCP
    port = 6667

    def __init__(self) -> None:
        self.max_dcc_channels = 8
        self.dcc_timeout = 300 * SECOND

    @property
    def policies(self) -> tuple[ExpectPolicy]:
        """One class, as the settings have it."""
        return (ExpectPolicy(self.max_dcc_channels, self.dcc_timeout // SECOND),)

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Expect the connection to a port that the client offers: from anybody, for the other end is not named."""
        if ctinfo != IP_CT_ESTABLISHED:
            return ACCEPT
        offer = scan(tcp_payload(pkt, protoff))
        if offer is None:
            return ACCEPT
        address, port = offer
        client = ct.tuple(REPLY).dst
        if address not in (ct.tuple(ORIGINAL).src, client) or not port:
            pkt.note("IRC: the address is not the client's, or the port is 0: a forged DCC command expects nothing")
            return ACCEPT
        return announce(pkt, expect(ct, None, client, IPPROTO_TCP, None, port))

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        """The parameters of the kernel's module."""
        return SYSCTLS
