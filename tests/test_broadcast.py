"""Broadcasts of the host itself, and of others: who hears them, and whose answers are expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ctcore import (
    Conn,
    Conntrack,
    CtcoreError,
    ExpectFlag,
    ExpectPolicy,
    ExtId,
    Packet,
    Registry,
    Verdict,
    expect_answers,
)
from ctcore import helper as hook
from ctcore.netfilter import ACCEPT
from ctcore.sources import open_capture
from ctcore.sysctl import SECOND, Sysctl
from ctcore.testing.packets import IPv4

pytestmark = pytest.mark.plugins("ipv4", "udp")

CAPTURE = Path(__file__).parent / "captures" / "broadcast.pcap"
NOW = 1_700_000_000 * SECOND
ASKED = IPv4("192.0.2.10", "192.0.2.255")


class Crier:
    """A helper of questions to everybody; ``seen`` has whether each packet that it was shown is the host's own."""

    name, l3num, l4num, port = "crier", 2, 17, 99
    policies: Sequence[ExpectPolicy] = (ExpectPolicy(1, 5),)

    def __init__(self) -> None:
        self.seen: list[bool] = []

    @hook
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        self.seen.append(pkt.own)
        expect_answers(pkt, ct, ctinfo, 7 * SECOND)
        return ACCEPT

    @hook
    def sysctls(self) -> Sequence[Sysctl]:
        return ()


class Host:
    def __init__(self, *interfaces: str, local: str = "", **sysctls: int) -> None:
        registry = Registry.load(strict=True)
        registry.add("helper", Crier)
        settings = {"nf_conntrack_acct": 1, **sysctls}
        self.tracker = Conntrack(
            registry, settings, local=[local] if local else [], interfaces=interfaces, helpers=["crier"]
        )
        self.seen: list[bool] = next(
            slot.plugin.seen for slot in self.tracker.net.helpers.helpers if slot.name == "crier"
        )

    def feed(self, ip: IPv4, sport: int = 40000, dport: int = 99, **fields: int) -> str:
        result = self.tracker.feed(ip.udp(sport, dport, b"?", **fields), NOW)
        assert result.verdict == Verdict.ACCEPT
        return result.state

    @property
    def expected(self) -> list[tuple[str, str]]:
        return [(exp.tuple.src.hex(), exp.mask_src.hex()) for exp in self.tracker.net.expectations]


def test_every_host_of_the_network_may_answer() -> None:
    host = Host("192.0.2.10/24")
    assert host.feed(ASKED) == "new"
    (exp,) = host.tracker.net.expectations
    assert (exp.flags, exp.mask_src, exp.mask_u) == (ExpectFlag.PERMANENT, b"\xff\xff\xff\0", b"\xff\xff")
    (flow,) = host.tracker.flows()
    assert flow.remaining(NOW) == 7 * SECOND
    for answer in ("192.0.2.1", "192.0.2.2"):
        assert host.feed(IPv4(answer, "192.0.2.10"), 99, 40000) == "related"
    assert host.feed(IPv4("192.0.3.1", "192.0.2.10"), 99, 40000) == "new"
    assert host.feed(IPv4("192.0.2.3", "192.0.2.10"), 98, 40000) == "new"


def test_the_copy_that_the_host_hears_is_nobodys_own() -> None:
    host = Host("192.0.2.10/24")
    host.feed(ASKED)
    assert host.seen == [False, True, False], "on the way out and in again"
    (flow,) = host.tracker.flows()
    assert flow.ext_find(3).packets == [1, 0], "and still it is one packet"


def test_a_checksum_left_to_the_card_is_no_fault() -> None:
    assert Host("192.0.2.10/24").feed(ASKED, check=1) == "new"


@pytest.mark.parametrize(
    ("interface", "asked", "expected"),
    [
        ("192.0.2.10/28", IPv4("192.0.2.10", "192.0.2.15"), [("c000020f", "fffffff0")]),
        ("192.0.2.10/28", ASKED, []),
        ("192.0.2.10/24", IPv4("192.0.2.10", "255.255.255.255"), []),
        ("192.0.2.10/24", IPv4("192.0.2.10", "192.0.2.1"), []),
        ("192.0.2.10/24", IPv4("192.0.2.1", "192.0.2.255"), []),
        ("192.0.2.10/24", IPv4("192.0.2.1", "192.0.2.10"), []),
    ],
)
def test_whose_answers_are_expected(interface: str, asked: IPv4, expected: list[tuple[str, str]]) -> None:
    host = Host(interface)
    host.feed(asked)
    assert host.expected == expected


def test_without_an_interface_nothing_is_known_of_broadcasts() -> None:
    for host in (Host(), Host(local="192.0.2.10")):
        host.feed(ASKED)
        assert host.expected == []


def test_a_host_with_two_interfaces() -> None:
    host = Host("192.0.2.10/24", "198.51.100.10/25")
    host.feed(ASKED)
    host.feed(IPv4("198.51.100.10", "198.51.100.127"))
    assert sorted(host.expected) == [("c00002ff", "ffffff00"), ("c633647f", "ffffff80")]


def test_answers_that_cannot_be_expected_are_none_of_the_questions_business() -> None:
    host = Host("192.0.2.10/24", nf_conntrack_expect_max=1)
    host.feed(ASKED)
    result = host.tracker.feed(ASKED.udp(40001, 99, b"?"), NOW)
    assert (result.verdict, result.reasons) == (Verdict.ACCEPT, ["the answers cannot be expected: EMFILE"])


@pytest.mark.parametrize("text", ["nowhere", "192.0.2.10/33", "192.0.2", ""])
def test_what_is_no_interface(text: str) -> None:
    with pytest.raises(CtcoreError, match="is no address in a network with broadcasts"):
        Host(text)


@pytest.mark.plugins("netbios-ns", "snmp")
def test_the_answers_of_real_programs_are_related() -> None:
    tracker = Conntrack(interfaces=["192.0.2.10/24"], helpers=["netbios-ns", "snmp"])
    related: list[tuple[int, str]] = []

    def on_packet(number: int, verdict: int) -> None:
        result = tracker.result(verdict)
        if result.state == "related":
            assert result.entry is not None
            assert result.entry.master is not None
            related.append((number, result.entry.master.ext_find(ExtId.HELPER).helper.name))

    with open_capture(str(CAPTURE)) as capture:
        tracker.replay(capture, on_packet)
    assert related == [(30, "netbios-ns"), (31, "netbios-ns"), (34, "snmp")]
