"""Two hosts that talk through conntrack: the short way to write a test of a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ctcore.api import Result
from ctcore.registry import Registry
from ctcore.testing.engine import SECOND, START, Engine
from ctcore.testing.flows import HOSTS
from ctcore.testing.packets import IPv4, IPv6

__all__ = ["IPV4", "IPV6", "SECOND", "START", "Conversation", "Party"]

IPV4: Final = HOSTS
IPV6: Final = IPv6("2001:db8:1::2", "2001:db8:2::2")


@dataclass(frozen=True)
class Party:
    """One of the two hosts: what it sends goes through conntrack, which answers with the Result."""

    talk: Conversation
    ip: IPv4 | IPv6
    port: int
    peer_port: int

    def tcp(self, flags: str, seq: int = 0, ack: int = 0, **fields: Any) -> Result:
        """Send a TCP segment; ``fields`` are those of ``Transports.tcp``."""
        return self.talk.send(self.ip.tcp(self.port, self.peer_port, flags, seq, ack, **fields))

    def udp(self, data: bytes = b"", **fields: Any) -> Result:
        """Send a UDP datagram; ``fields`` are those of ``Transports.udp``."""
        return self.talk.send(self.ip.udp(self.port, self.peer_port, data, **fields))

    def icmp(self, kind: int, code: int = 0, **fields: Any) -> Result:
        """Send an ICMP message; ``fields`` are those of ``Transports.icmp``."""
        return self.talk.send(self.ip.icmp(kind, code, **fields))


class Conversation(Engine):
    """An engine with a ``client`` on one side and a ``server`` on the other, each of which sends what it is told to.

    ``ip`` are the addresses, from the client to the server: ``IPV4`` or ``IPV6`` of this module, or others.
    """

    def __init__(
        self, registry: Registry | None = None, sysctls: Mapping[str, int] | None = None, ip: IPv4 | IPv6 = IPV4
    ) -> None:
        super().__init__(registry, sysctls)
        self.client = Party(self, ip, 40000, 80)
        self.server = Party(self, ip.back, 80, 40000)

    def tcp(self, script: str) -> Result:
        """Send TCP segments ``> FLAGS SEQ ACK`` (by the client) and ``< FLAGS SEQ ACK``, split by semicolons.

        Returns what became of the last one. Raises ValueError for a script without any.
        """
        for line in script.split(";"):
            who, flags, seq, ack = line.split()
            result = (self.client if who == ">" else self.server).tcp(flags, int(seq), int(ack))
        return result
