"""The Amanda vtable: the client's answer names the ports of the streams that the server will open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ctcore import Conn, ExpectPolicy, Packet, Sysctl, announce, expect, helper, udp_payload
from ctcore.common import IP_CT_IS_REPLY, ORIGINAL
from ctcore.netfilter import ACCEPT
from ctcore.sysctl import SECOND, timeout
from ctcore_amanda.scan import ports

IPPROTO_TCP: Final = 6
IPPROTO_UDP: Final = 17
SYSCTLS: Final = (
    timeout("nf_conntrack_amanda.master_timeout", 300, "master_timeout", "a request that is being answered"),
)


class Amanda:
    """Advanced Maryland Automatic Network Disk Archiver."""

    name = "amanda"
    l3num = 0
    l4num = IPPROTO_UDP
    port = 10080
    policies = (ExpectPolicy(max_expected=4, timeout=180),)  # DATA, MESG, INDEX and STATE

    def __init__(self) -> None:
        self.master_timeout = 300 * SECOND

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Keep the flow alive while answers come, and expect the streams that an answer names."""
        if ctinfo < IP_CT_IS_REPLY:
            return ACCEPT
        ct.refresh(pkt, self.master_timeout)
        verdict = ACCEPT
        asking = ct.tuple(ORIGINAL)
        for port in ports(udp_payload(pkt, protoff)):
            answer = announce(pkt, expect(ct, asking.src, asking.dst, IPPROTO_TCP, None, port))
            if answer != ACCEPT:
                verdict = answer
        return verdict

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        """The parameter of the kernel's module."""
        return SYSCTLS
