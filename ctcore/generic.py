"""The tracker for every protocol that no plugin claims: one flow for two addresses and a protocol number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ctcore.hookspecs import Fields, l4proto
from ctcore.netfilter import ACCEPT
from ctcore.settings import GENERIC_SYSCTLS
from ctcore.sysctl import Sysctl

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.packet import Packet

NO_PORTS = bytes(4)


class Generic:
    """No header, no state, never ASSURED; printed as ``unknown``."""

    name = "unknown"

    def __init__(self) -> None:
        self.timeout = 0

    @l4proto
    def pkt_to_tuple(self) -> bytes:
        """There is nothing to read: the transport parts are zero."""
        return NO_PORTS

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        """The same again."""
        return u

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Every packet counts and keeps the flow alive."""
        policy = ct.policy
        ct.refresh_acct(pkt, ctinfo, policy[0] if policy else self.timeout)
        return ACCEPT

    @l4proto
    def print_tuple(self) -> Fields:
        """Nothing is printed."""
        return ()

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        """One timeout for all."""
        return GENERIC_SYSCTLS


class NoL3:
    """What a packet of an unknown network layer is to conntrack: never tracked."""

    name = "unknown"
    l3num = 0
    ethertype = -1  # no frame has it
