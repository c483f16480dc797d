"""An engine to test with: a namespace of its own, a clock that the test sets, and a look at what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ctcore.api import Conntrack, Result
from ctcore.conn import Conn
from ctcore.expect import Expectation
from ctcore.formats.objects import flow_object, packet_object
from ctcore.registry import Registry
from ctcore.sources import open_capture
from ctcore.testing.flows import HOSTS, TcpFlow, UdpFlow
from ctcore.testing.packets import Transports

SECOND: Final = 1_000_000_000  # nanoseconds
START: Final = 1_700_000_000 * SECOND


class Engine:
    """A conntrack for a test. ``now`` (nanoseconds) is the clock: no time passes but by setting it, or by ``wait``.

    ``registry`` are the plugins (all installed ones, strictly, where it is None), ``sysctls`` the settings; packets are
    counted unless these say otherwise. ``helpers`` are given to flows as ``--helper`` says, and ``interfaces`` are the
    host's addresses with their networks. ``sent`` has every packet that was fed with ``send``.
    """

    def __init__(
        self,
        registry: Registry | None = None,
        sysctls: Mapping[str, int] | None = None,
        helpers: Iterable[str] = (),
        interfaces: Iterable[str] = (),
    ) -> None:
        settings = {"nf_conntrack_acct": 1, **(sysctls or {})}
        registry = registry if registry is not None else Registry.load(strict=True)
        self.conntrack = Conntrack(registry, settings, helpers=helpers, interfaces=interfaces)
        self.net = self.conntrack.net
        self.now = START
        self.sent: list[bytes] = []
        self._last: Result | None = None

    def send(self, packet: bytes, wire_length: int | None = None, ethertype: int | None = None) -> Result:
        """Feed any packet; ``wire_length`` (bytes) says that a capture kept only part of it."""
        self.sent.append(packet)
        self._last = self.conntrack.feed(packet, self.now, ethertype, wire_length)
        return self._last

    def tcp_flow(self, port: int = 80, hosts: Transports = HOSTS, sport: int = 40000) -> TcpFlow:
        """A TCP connection to a server's ``port`` that nobody has opened yet."""
        return TcpFlow(self.send, hosts, sport, port)

    def udp_flow(self, port: int = 53, hosts: Transports = HOSTS, sport: int = 40000) -> UdpFlow:
        """Datagrams to a server's ``port`` and back."""
        return UdpFlow(self.send, hosts, sport, port)

    def replay(self, capture: str | Path) -> list[dict[str, Any]]:
        """Feed every packet of a capture at its own time; what became of each, as ``trace -o json`` tells it.

        The clock then stands at the last packet. Raises CaptureError.
        """
        seen: list[dict[str, Any]] = []
        pkt = self.conntrack.packet

        def on_packet(number: int, verdict: int) -> None:
            self._last = self.conntrack.result(verdict)
            seen.append(packet_object(number, pkt.now, self._last, self.net.now))

        with open_capture(str(capture)) as source:
            self.conntrack.replay(source, on_packet)
        self.now = self.net.now
        return seen

    def wait(self, seconds: float) -> None:
        """Let time pass. Flows that are due die with the next packet."""
        self.now += round(seconds * SECOND)

    def count(self, name: str) -> int:
        """A counter of the statistics."""
        return dict(self.net.stat.items())[name]

    @property
    def entries(self) -> list[Conn]:
        """The flows in the table."""
        return list(self.net.table)

    @property
    def expectations(self) -> list[Expectation]:
        """The expectations in the table, the latest first."""
        return list(self.net.expectations)

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
