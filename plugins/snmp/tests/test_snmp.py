"""A question to the whole network, and the answers to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conntrack, Registry, Verdict
from ctcore.sysctl import SECOND
from ctcore.testing.packets import IPv4

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "snmp")

NOW = 1_700_000_000 * SECOND
ASKED = IPv4("192.0.2.10", "192.0.2.255")
PORT = 161


def host(registry: Registry, **sysctls: int) -> Conntrack:
    settings = {f"nf_conntrack_snmp.{name}": value for name, value in sysctls.items()}
    return Conntrack(registry, settings, interfaces=["192.0.2.10/24"], helpers=["snmp"])


@pytest.mark.parametrize(("sysctls", "seconds"), [({}, 30), ({"timeout": 9}, 9)])
def test_the_network_may_answer_for_so_long(registry: Registry, sysctls: dict[str, int], seconds: int) -> None:
    tracker = host(registry, **sysctls)
    asked = tracker.feed(ASKED.udp(40000, PORT, b"who?"), NOW)
    assert [event["type"] for event in asked.events] == ["NEW", "EXP_NEW"]
    (exp,) = tracker.net.expectations
    assert exp.expires == NOW + seconds * SECOND
    for last in (1, 2, 1):
        answer = tracker.feed(IPv4(f"192.0.2.{last}", "192.0.2.10").udp(PORT, 40000, b"I"), NOW + seconds * SECOND - 1)
        assert answer.state == "related"
        assert answer.entry is not None
        assert answer.entry.master is asked.entry
    late = tracker.feed(IPv4("192.0.2.3", "192.0.2.10").udp(PORT, 40000, b"I"), NOW + seconds * SECOND)
    assert late.state == "new"
    assert tracker.net.expectations.count == 0


def test_a_question_that_is_asked_again_starts_the_clock_anew(registry: Registry) -> None:
    tracker = host(registry)
    for number in range(3):
        asked = tracker.feed(ASKED.udp(40000, PORT, b""), NOW + number * SECOND)
    assert [event["type"] for event in asked.events] == ["EXP_DESTROY", "EXP_NEW"]
    (exp,) = tracker.net.expectations
    assert exp.expires == NOW + (30 + 2) * SECOND


@pytest.mark.parametrize("where", ["192.0.2.1", "255.255.255.255", "198.51.100.255"])
def test_other_questions_expect_nothing(registry: Registry, where: str) -> None:
    tracker = host(registry)
    assert tracker.feed(IPv4("192.0.2.10", where).udp(40000, PORT, b"who?"), NOW).verdict == Verdict.ACCEPT
    assert tracker.net.expectations.count == 0


@given(
    st.lists(st.tuples(st.sampled_from([ASKED, ASKED.back, IPv4("192.0.2.1", "192.0.2.10")]), st.binary()), max_size=9)
)
@settings(max_examples=30)
def test_any_bytes(registry: Registry, datagrams: list[tuple[IPv4, bytes]]) -> None:
    tracker = host(registry)
    for ip, data in datagrams:
        result = tracker.feed(ip.udp(PORT, PORT, data), NOW)
        assert result.verdict == Verdict.ACCEPT or result.reasons
        assert tracker.net.expectations.count <= 1
