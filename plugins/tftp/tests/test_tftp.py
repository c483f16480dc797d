"""Requests announce the answers, from whatever port of the server's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Conntrack, ExtId, Registry, Result, Verdict
from ctcore.testing.flows import HOSTS, UdpFlow

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "tftp")

NOW = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
READ = b"\0\1name\0octet\0"
WRITE = b"\0\2name\0octet\0"


class Tftp:
    def __init__(self, registry: Registry) -> None:
        self.tracker = Conntrack(registry, helpers=["tftp"])
        self.flow = UdpFlow(self.feed, HOSTS, 40000, 69)

    def feed(self, packet: bytes, now: int = NOW) -> Result:
        return self.tracker.feed(packet, now)


@pytest.fixture
def tftp(registry: Registry) -> Tftp:
    return Tftp(registry)


def kinds(result: Result) -> list[str]:
    return [event["type"] for event in result.events]


@pytest.mark.parametrize("request_", [READ, WRITE, b"\0\1"])
def test_the_answers_are_related(tftp: Tftp, request_: bytes) -> None:
    asked = tftp.flow.send(request_)
    assert (asked.verdict, kinds(asked)) == (Verdict.ACCEPT, ["EXP_NEW", "NEW"]), "before the flow is in the table"
    (exp,) = tftp.tracker.net.expectations
    assert (exp.tuple.src_u, exp.mask_u) == (b"\0\0", b"\0\0")
    data = tftp.feed(HOSTS.back.udp(3456, 40000, b"\0\3\0\1data"))
    assert data.state == "related"
    assert data.entry is not None
    assert data.entry.master is asked.entry
    assert tftp.feed(HOSTS.udp(40000, 3456, b"\0\4\0\1")).state == "established"


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\3\0\1data", b"\0\4\0\1", b"\1\0", b"\1\1", b"\2\2"])
def test_nothing_else_is_a_request(tftp: Tftp, data: bytes) -> None:
    result = tftp.flow.send(data)
    assert (result.verdict, kinds(result)) == (Verdict.ACCEPT, ["NEW"])


def test_a_request_that_comes_again_starts_the_clock_anew(tftp: Tftp) -> None:
    tftp.flow.send(READ)
    tftp.feed(HOSTS.udp(40000, 69, READ), NOW + 20 * SECOND)
    (exp,) = tftp.tracker.net.expectations
    assert exp.expires == NOW + 320 * SECOND


def test_an_answer_of_the_requested_port_may_ask_too(tftp: Tftp) -> None:
    tftp.flow.send(b"hello")
    tftp.flow.reply(READ)
    (exp,) = tftp.tracker.net.expectations
    assert exp.tuple.dst_u == (40000).to_bytes(2, "big"), "the direction makes no difference"


def test_a_request_of_another_flow_for_the_same_port_is_dropped(tftp: Tftp, registry: Registry) -> None:
    """Both servers' answers would be told apart; those of one server for one port could not."""
    tracker = Conntrack(registry, helpers=["tftp:udp:69", "tftp:udp:70"])
    tracker.feed(HOSTS.udp(40000, 69, READ), NOW)
    refused = tracker.feed(HOSTS.udp(40000, 70, READ), NOW)
    assert (refused.verdict, refused.entry) == (Verdict.DROP, None)
    assert refused.reasons[-1] == "nf_ct_tftp: dropping packet: cannot add expectation"
    assert tracker.net.table.count == 1


def test_an_icmp_error_is_no_request(tftp: Tftp) -> None:
    tftp.flow.send(b"hello")
    result = tftp.feed(HOSTS.icmp_error(3, 3, HOSTS.back.udp(69, 40000, READ)))
    assert (result.state, result.verdict) == ("related", Verdict.ACCEPT)
    assert tftp.tracker.net.expectations.count == 0


def test_the_child_has_no_helper(tftp: Tftp) -> None:
    tftp.flow.send(READ)
    child = tftp.feed(HOSTS.back.udp(3456, 40000, READ)).entry
    assert child is not None
    assert child.ext_find(ExtId.HELPER) is None
    assert tftp.tracker.net.expectations.count == 0


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=6)), max_size=10))
def test_any_bytes(registry: Registry, words: list[tuple[bool, bytes]]) -> None:
    tftp = Tftp(registry)
    for by_server, data in words:
        result = (tftp.flow.reply if by_server else tftp.flow.send)(data)
        assert result.verdict == Verdict.ACCEPT
        assert tftp.tracker.net.expectations.count <= 1
