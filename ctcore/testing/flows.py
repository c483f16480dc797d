"""Flows that read like a conversation: each call sends one packet that fits to those before it.

``flow.send(data)`` goes from the client to the server, ``flow.reply(data)`` back. What became of it is returned.
Every field that ``IPv4.tcp`` and ``IPv4.udp`` take can be given, for a packet that is wrong on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ctcore.api import Result
from ctcore.testing.packets import IPv4, Transports

CLIENT, SERVER = 0, 1
HOSTS: Final = IPv4("10.0.1.2", "10.0.2.2")
U32: Final = 0xFFFFFFFF

Deliver = Callable[[bytes], Any]


class Flow:
    """Two ends of which the first begins; ``deliver`` takes each packet, ``hosts`` is the client's view.

    ``said`` has the data that went over the flow, as (side, data) with side 0 for the client's.
    """

    def __init__(self, deliver: Deliver, hosts: Transports, sport: int, dport: int) -> None:
        self.deliver = deliver
        self.hosts = hosts
        self.sport = sport
        self.dport = dport
        self.said: list[tuple[int, bytes]] = []

    def _ends(self, side: int) -> tuple[Transports, int, int]:
        """Hosts and ports as a side's packets have them."""
        return (self.hosts.back, self.dport, self.sport) if side else (self.hosts, self.sport, self.dport)


class UdpFlow(Flow):
    """Datagrams to and fro."""

    def send(self, data: bytes = b"", **fields: Any) -> Result:
        """The client's datagram."""
        return self._datagram(CLIENT, data, fields)

    def reply(self, data: bytes = b"", **fields: Any) -> Result:
        """The server's datagram."""
        return self._datagram(SERVER, data, fields)

    def _datagram(self, side: int, data: bytes, fields: dict[str, Any]) -> Result:
        self.said.append((side, data))
        hosts, source, dest = self._ends(side)
        result: Result = self.deliver(hosts.udp(source, dest, data, **fields))
        return result


class TcpFlow(Flow):
    """A TCP connection, with right sequence and acknowledgement numbers.

    ``seq`` has the next sequence number of client and server, which a test may set. Data on a connection that was not
    opened yet opens it first, so that a test of a helper begins with what its helper reads.
    """

    def __init__(
        self, deliver: Deliver, hosts: Transports, sport: int, dport: int, seq: tuple[int, int] = (1000, 5000)
    ) -> None:
        super().__init__(deliver, hosts, sport, dport)
        self.seq = list(seq)
        self._begun = False

    def syn(self, **fields: Any) -> Result:
        """The client's SYN."""
        self._begun = True
        return self.segment(CLIENT, "S", **fields)

    def syn_ack(self, **fields: Any) -> Result:
        """The server's answer to it."""
        return self.segment(SERVER, "SA", **fields)

    def ack(self, **fields: Any) -> Result:
        """The client acknowledges all that the server sent."""
        return self.segment(CLIENT, "A", **fields)

    def reply_ack(self, **fields: Any) -> Result:
        """The server acknowledges all that the client sent."""
        return self.segment(SERVER, "A", **fields)

    def open(self) -> Result:
        """The three segments that open the connection; returns what became of the third."""
        self.syn()
        self.syn_ack()
        return self.ack()

    def send(self, data: bytes, **fields: Any) -> Result:
        """The client's data; at once, however long it is."""
        return self._data(CLIENT, data, fields)

    def reply(self, data: bytes, **fields: Any) -> Result:
        """The server's data; at once, however long it is."""
        return self._data(SERVER, data, fields)

    def fin(self, **fields: Any) -> Result:
        """The client has nothing more to say."""
        return self.segment(CLIENT, "FA", **fields)

    def reply_fin(self, **fields: Any) -> Result:
        """The server has nothing more to say."""
        return self.segment(SERVER, "FA", **fields)

    def close(self) -> Result:
        """Both sides end it in good order, the client first; returns what became of the last acknowledgement."""
        self.fin()
        self.reply_fin()
        return self.ack()

    def rst(self, **fields: Any) -> Result:
        """The client aborts the connection."""
        return self.segment(CLIENT, "R", **fields)

    def reply_rst(self, **fields: Any) -> Result:
        """The server aborts the connection."""
        return self.segment(SERVER, "R", **fields)

    def segment(self, side: int, flags: str, data: bytes = b"", **fields: Any) -> Result:
        """Any segment of client (0) or server (1); its sequence numbers are those that come next, or in ``fields``."""
        hosts, source, dest = self._ends(side)
        fields.setdefault("seq", self.seq[side])
        fields.setdefault("ack", self.seq[1 - side] if "A" in flags else 0)
        self.seq[side] = fields["seq"] + len(data) + ("S" in flags) + ("F" in flags) & U32
        result: Result = self.deliver(hosts.tcp(source, dest, flags, data=data, **fields))
        return result

    def _data(self, side: int, data: bytes, fields: dict[str, Any]) -> Result:
        if not self._begun:
            self.open()
        self.said.append((side, data))
        return self.segment(side, "PA", data, **fields)
