"""A host that broadcasts, with the helpers netbios-ns and snmp: the running kernel and ctcore keep the same tables.

What the host sends is read from its only device and goes to ctcore as well, and so does what is written to the device.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from ctcore.api import Conntrack
from ctcore.formats.objects import expected_object, flow_object
from ctcore.testing.packets import UDP, IPv4
from ctcore.verify import decode, router
from ctcore.verify.compare import Comparison
from ctcore.verify.machine import Alone
from ctcore.verify.namespace import Namespace
from ctcore.verify.netlink import ACK, DUMP, Netfilter
from tests.live.memory import EXP_DELETE, EXP_GET, leave_behind, one_processor

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "udp")]

HOST, NETWORK, BROADCAST, EVERYBODY = "192.0.2.10", "192.0.2.10/24", "192.0.2.255", "255.255.255.255"
NEIGHBOUR, OTHER, STRANGER = "192.0.2.77", "192.0.2.78", "198.51.100.7"
NAMES, AGENTS = 137, 161
CT_GET, EXP_STATS = 0x101, 0x203
EVENT_GROUPS = (1, 2, 3, 4, 6)
RULES = """
table ip helpers {
  ct helper names { type "netbios-ns" protocol udp; }
  ct helper agents { type "snmp" protocol udp; }
  chain given {
    udp dport { 137, 1137 } ct state new ct helper set "names"
    udp dport 161 ct state new ct helper set "agents"
  }
  chain sent {
    type filter hook output priority -150;
    jump given
  }
  chain heard {
    type filter hook prerouting priority -150;
    jump given
  }
}
"""
ASSIGNED = ("netbios-ns", "netbios-ns:udp:1137", "snmp")


class Host(Namespace):
    """A host with one device, ``inner``, and the rules."""

    def _furnish(self) -> None:
        self.inner = router.tun("lan")
        for command in (
            f"ip address add {NETWORK} broadcast {BROADCAST} dev lan",
            "ip link set lo up",
            "ip link set lan up",
            "sysctl -qw net.netfilter.nf_conntrack_acct=1",
        ):
            assert self.run(*command.split()).returncode == 0, command
        assert self.run("nft", "-f", "-", text=RULES).returncode == 0


class Scene:
    """The host, and a conntrack of ctcore's that sees the same packets."""

    def __init__(self, host: Host) -> None:
        self.host = host
        with host.entered():
            self.ask, self.told = Netfilter(), Netfilter(*EVENT_GROUPS)
        self.own = Conntrack(None, {"nf_conntrack_acct": 1}, helpers=ASSIGNED, interfaces=[NETWORK])
        self.sockets: dict[int, socket.socket] = {}
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        self.ask.request(EXP_DELETE, flags=ACK)  # a namespace's end would free them at any time later
        for netlink in (self.ask, self.told):
            netlink.close()
        for used in self.sockets.values():
            used.close()

    def send(self, port: int, where: str, to: int, data: bytes = b"?") -> None:
        """The host sends a datagram."""
        if port not in self.sockets:
            with self.host.entered():
                made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            made.bind((HOST if where != EVERYBODY else "", port))
            self.sockets[port] = made
        if where == EVERYBODY:
            self.sockets[port].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan")
        self.sockets[port].sendto(data, (where, to))
        self._feed(self._sent())

    def _sent(self) -> bytes:
        """The next datagram that leaves the host; a device that comes up has others to tell of."""
        while True:
            packet = os.read(self.host.inner, 1 << 16)[4:]
            if packet[0] >> 4 == 4 and packet[9] == UDP:
                return packet

    def hear(self, who: str, port: int, to: int, whom: str = HOST) -> None:
        """A datagram comes from the network."""
        packet = IPv4(who, whom).udp(port, to, b"!")
        os.write(self.host.inner, struct.pack("!HH", 0, 0x0800) + packet)
        self._feed(packet)

    def _feed(self, packet: bytes) -> None:
        self.events += self.own.feed(packet, time.time_ns()).events

    def compared(self, events: bool = True) -> Comparison:
        """What the two sides have, and which ``events`` they have told since the last time."""
        seen = Comparison()
        now = time.time_ns()
        self.own.net.now = now
        self.own.net.collect()
        flows = [decode.entry(message) for message in self.ask.request(CT_GET, flags=DUMP)]
        seen.add_table(flows, [flow_object(ct, now) for ct in self.own.flows()])
        expected = [decode.expectation(message) for message in self.ask.request(EXP_GET, flags=DUMP)]
        seen.add_expectations(expected, [expected_object(exp, now) for exp in self.own.net.expectations])
        seen.add_statistics(self.counters(), dict(self.own.net.stat.items()))
        theirs = [_event(message) for message in self.told.heard()]
        ours, self.events = self.events, []
        if events:
            seen.add(_record(theirs), _record(ours))
        return seen

    def counters(self) -> dict[str, int]:
        """The kernel's counters of expectations."""
        return decode.expect_statistics(self.ask.request(EXP_STATS, flags=DUMP))


def _event(message: Any) -> dict[str, Any]:
    kinds: dict[int, tuple[str, Callable[[Any], dict[str, Any]]]] = {
        0x100: ("NEW" if message.flags & 0x600 else "UPDATE", decode.entry),
        0x102: ("DESTROY", decode.entry),
        0x200: ("EXP_NEW", decode.expectation),
        0x202: ("EXP_DESTROY", decode.expectation),
    }
    name, read = kinds[message.kind]
    return {"type": name, **read(message)}


def _record(events: list[dict[str, Any]]) -> dict[str, Any]:
    nothing = {"frame": 1, "ctinfo": "none", "direction": None, "verdict": "accept", "reasons": [], "entry": None}
    return {**nothing, "events": events}


@contextmanager
def played(*families: socket.AddressFamily) -> Iterator[Scene]:
    """A scene where memory that the kernel does not set has what expectations of ``families`` left in it.

    Nobody else leaves anything there meanwhile.
    """
    host = Host()
    with Alone(), one_processor(), host:
        leave_behind(*families)
        with closing(Scene(host)) as made:
            yield made


@pytest.fixture
def scene() -> Iterator[Scene]:
    with played(socket.AF_INET) as made:
        yield made


STEPS: dict[str, tuple[Callable[[Scene], None], ...]] = {
    "asked once": (lambda s: s.send(NAMES, BROADCAST, NAMES),),
    "asked again": (lambda s: s.send(NAMES, BROADCAST, NAMES), lambda s: s.send(NAMES, BROADCAST, NAMES, b"")),
    "answered by two": (
        lambda s: s.send(NAMES, BROADCAST, NAMES),
        lambda s: s.hear(NEIGHBOUR, NAMES, NAMES),
        lambda s: s.hear(OTHER, NAMES, NAMES),
        lambda s: s.hear(NEIGHBOUR, NAMES, NAMES),
    ),
    "from any port": (lambda s: s.send(40000, BROADCAST, NAMES), lambda s: s.hear(OTHER, NAMES, 40000)),
    "answers from elsewhere": (
        lambda s: s.send(NAMES, BROADCAST, NAMES),
        lambda s: s.hear(STRANGER, NAMES, NAMES),
        lambda s: s.hear(OTHER, 138, NAMES),
        lambda s: s.hear(OTHER, NAMES, 138),
    ),
    "asked one alone": (lambda s: s.send(NAMES, NEIGHBOUR, NAMES), lambda s: s.hear(NEIGHBOUR, NAMES, NAMES)),
    "asked everybody": (lambda s: s.send(40000, EVERYBODY, NAMES), lambda s: s.hear(NEIGHBOUR, NAMES, 40000)),
    "a port of its own": (lambda s: s.send(40000, BROADCAST, 1137), lambda s: s.hear(NEIGHBOUR, 1137, 40000)),
    "its own port's answer": (lambda s: s.send(40000, BROADCAST, 1137), lambda s: s.hear(NEIGHBOUR, NAMES, 40000)),
    "agents": (
        lambda s: s.send(40000, BROADCAST, AGENTS),
        lambda s: s.hear(NEIGHBOUR, AGENTS, 40000),
        lambda s: s.hear(OTHER, AGENTS, 40000),
        lambda s: s.send(40000, BROADCAST, AGENTS),
    ),
    "somebody else's broadcast": (
        lambda s: s.hear(NEIGHBOUR, NAMES, NAMES, whom=BROADCAST),
        lambda s: s.hear(OTHER, AGENTS, NAMES, whom=BROADCAST),
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_both_keep_the_same_tables(scene: Scene, name: str) -> None:
    for step in STEPS[name]:
        step(scene)
        seen = scene.compared()
        assert not seen.differences, "\n".join(map(str, seen.differences))
        assert seen.tally["table"].compared == 1


def test_the_kernel_may_refuse_a_question_that_is_asked_again() -> None:
    """Where memory is not alike (docs/differs.md, "A broadcast asked again")."""
    with played(socket.AF_INET, socket.AF_INET6) as scene:
        for _ in range(8):
            scene.send(NAMES, BROADCAST, NAMES)
        assert scene.counters()["expect_create"] < scene.own.net.stat.expect_create == 8


def test_both_forget_in_time(scene: Scene) -> None:
    scene.send(NAMES, BROADCAST, NAMES)
    assert [exp.tuple.src_u for exp in scene.own.net.expectations] == [NAMES.to_bytes(2, "big")]
    time.sleep(4)  # the kernel's timers may be an eighth late
    seen = scene.compared(events=False)  # the kernel tells of a flow's death when somebody comes by
    assert not seen.differences, "\n".join(map(str, seen.differences))
    assert not scene.own.net.expectations.count
