"""A chat, packet by packet: whose offers are believed, and how many."""

from __future__ import annotations

import socket

import pytest

from ctcore import Conntrack, Registry, Result, Verdict
from ctcore.testing.flows import HOSTS, TcpFlow
from ctcore.testing.packets import IPv4

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "irc")

NOW = 1_700_000_000_000_000_000


def offer(port: int, address: str = HOSTS.src) -> bytes:
    number = int.from_bytes(socket.inet_aton(address), "big")
    return f"PRIVMSG bob :\1DCC SEND file {number} {port} 12\1\r\n".encode()


class Irc:
    def __init__(self, registry: Registry, **sysctls: int) -> None:
        self.tracker = Conntrack(registry, sysctls, helpers=["irc"])
        self.flow = TcpFlow(self.feed, HOSTS, 40000, 6667)

    def feed(self, packet: bytes) -> Result:
        return self.tracker.feed(packet, NOW)

    @property
    def ports(self) -> list[int]:
        """The ports that are expected, the latest first."""
        master = next(self.tracker.flows())
        return [int.from_bytes(exp.tuple.dst_u, "big") for exp in self.tracker.net.expectations.of(master)]


@pytest.fixture
def irc(registry: Registry) -> Irc:
    return Irc(registry)


def test_anybody_may_come(irc: Irc) -> None:
    irc.flow.reply(b":server 001 alice\r\n")
    assert irc.flow.send(offer(5000)).verdict == Verdict.ACCEPT
    (exp,) = irc.tracker.net.expectations
    assert (exp.mask_src, exp.mask_u, exp.tuple.dst) == (bytes(4), b"\0\0", HOSTS.addresses[:4])
    assert irc.feed(HOSTS.tcp(1, 5000, "S")).state == "new"
    stranger = IPv4("192.0.2.77", HOSTS.src)
    assert irc.feed(stranger.tcp(9, 5000, "S")).state == "related"


def test_the_servers_words_announce_nothing(irc: Irc) -> None:
    irc.flow.reply(offer(5000))
    assert irc.ports == []


def test_before_the_server_has_answered_nothing_is_read(irc: Irc) -> None:
    irc.flow.syn()
    irc.flow.send(offer(5000))
    assert irc.ports == []


@pytest.mark.parametrize("words", [offer(5000, "10.0.9.9"), offer(5000, HOSTS.dst), offer(0)])
def test_a_forged_offer(irc: Irc, words: bytes) -> None:
    result = irc.flow.send(words)
    assert (result.verdict, irc.ports) == (Verdict.ACCEPT, [])
    assert "forged" in result.reasons[0]


def test_the_oldest_of_many_is_forgotten(irc: Irc) -> None:
    for port in range(5000, 5010):
        irc.flow.send(offer(port))
    assert irc.ports == list(range(5009, 5001, -1))


def test_settings(registry: Registry) -> None:
    irc = Irc(registry, **{"nf_conntrack_irc.max_dcc_channels": 2, "nf_conntrack_irc.dcc_timeout": 7})
    for port in (1, 2, 3):
        irc.flow.send(offer(port))
    assert irc.ports == [3, 2]
    assert {exp.expires for exp in irc.tracker.net.expectations} == {NOW + 7 * 10**9}


def test_a_second_client_on_the_same_host_and_port_is_refused(irc: Irc) -> None:
    irc.flow.send(offer(5000))
    other = TcpFlow(irc.feed, HOSTS, 40001, 6667)
    refused = other.send(offer(5000))
    assert refused.verdict == Verdict.DROP
    assert refused.reasons[-1] == "nf_ct_irc: dropping packet: cannot add expectation"
