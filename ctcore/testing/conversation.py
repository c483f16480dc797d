"""Two hosts that talk through conntrack: the short way to write a test of a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ctcore.api import Conntrack, Result
from ctcore.conn import Conn
from ctcore.formats.objects import flow_object
from ctcore.registry import Registry
from ctcore.testing.packets import IPv4, IPv6

SECOND: Final = 1_000_000_000  # nanoseconds
START: Final = 1_700_000_000 * SECOND
IPV4: Final = IPv4("10.0.1.2", "10.0.2.2")
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


class Conversation:
    """A conntrack of its own with a ``client`` on one side and a ``server`` on the other.

    No time passes but by ``wait``. ``registry`` are the plugins (all installed ones, strictly, where it is
    None), ``sysctls`` the settings; packets are counted unless these say otherwise. ``ip`` are the addresses, from
    the client to the server: ``IPV4`` or ``IPV6`` of this module, or others.
    """

    def __init__(
        self, registry: Registry | None = None, sysctls: Mapping[str, int] | None = None, ip: IPv4 | IPv6 = IPV4
    ) -> None:
        settings = {"nf_conntrack_acct": 1, **(sysctls or {})}
        self.conntrack = Conntrack(registry if registry is not None else Registry.load(strict=True), settings)
        self.now = START
        self.client = Party(self, ip, 40000, 80)
        self.server = Party(self, ip.back, 80, 40000)
        self._last: Result | None = None

    def send(self, packet: bytes, wire_length: int | None = None) -> Result:
        """Feed any packet; ``wire_length`` (bytes) says that a capture kept only part of it."""
        self._last = self.conntrack.feed(packet, self.now, wire_length=wire_length)
        return self._last

    def tcp(self, script: str) -> Result:
        """Send TCP segments ``> FLAGS SEQ ACK`` (by the client) and ``< FLAGS SEQ ACK``, split by semicolons.

        Returns what became of the last one. Raises ValueError for a script without any.
        """
        for line in script.split(";"):
            who, flags, seq, ack = line.split()
            result = (self.client if who == ">" else self.server).tcp(flags, int(seq), int(ack))
        return result

    def wait(self, seconds: float) -> None:
        """Let time pass. Flows that are due die with the next packet."""
        self.now += round(seconds * SECOND)

    def count(self, name: str) -> int:
        """A counter of the statistics."""
        return dict(self.conntrack.net.stat.items())[name]

    @property
    def entries(self) -> list[Conn]:
        """The flows in the table."""
        return list(self.conntrack.net.table)

    @property
    def entry(self) -> Conn:
        """The flow of the last packet. Raises AssertionError where it has none."""
        assert self._last is not None, "nothing was sent yet"
        assert self._last.entry is not None, f"the last packet has no flow: {self._last}"
        return self._last.entry

    @property
    def flow(self) -> dict[str, Any]:
        """The flow of the last packet as ``-o json`` shows it. Raises AssertionError where it has none."""
        return flow_object(self.entry, self.now)

    @property
    def state(self) -> str | None:
        """The name of the flow's state, or None for a protocol without states."""
        state: str | None = self.flow["state"]
        return state

    @property
    def timeout(self) -> float:
        """Seconds that the flow has left."""
        return self.entry.remaining(self.now) / SECOND

    @property
    def packets(self) -> tuple[int, int]:
        """How many packets of the flow were counted: original, reply."""
        return self.flow["original"]["packets"], self.flow["reply"]["packets"]

    @property
    def status(self) -> set[str]:
        """The names of the flow's status bits."""
        return set(self.flow["status"])
