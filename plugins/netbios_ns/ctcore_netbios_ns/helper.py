"""The NetBIOS name service vtable: a host asks its network for a name, and who has it may answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ctcore import Conn, ExpectPolicy, Packet, Sysctl, expect_answers, helper
from ctcore.netfilter import ACCEPT
from ctcore.sysctl import SECOND, timeout

AF_INET: Final = 2
IPPROTO_UDP: Final = 17
SYSCTLS: Final = (timeout("nf_conntrack_netbios_ns.timeout", 3, "timeout", "a broadcast that is being answered"),)


class NetbiosNs:
    """NetBIOS name service (RFC 1002, 4.2)."""

    name = "netbios-ns"
    l3num = AF_INET
    l4num = IPPROTO_UDP
    port = 137

    def __init__(self) -> None:
        self.timeout = 3 * SECOND

    @property
    def policies(self) -> tuple[ExpectPolicy]:
        """One class: whoever answers, it is the same question."""
        return (ExpectPolicy(max_expected=1, timeout=self.timeout // SECOND),)

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Every broadcast of the host itself asks anew, whatever it says."""
        expect_answers(pkt, ct, ctinfo, self.timeout)
        return ACCEPT

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        """``timeout``, the parameter of the kernel's module."""
        return SYSCTLS
