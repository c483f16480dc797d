"""The streams of a backup: which ports an answer names, and what comes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Conntrack, Registry, Result, Verdict
from ctcore.sysctl import SECOND
from ctcore.testing.flows import HOSTS, UdpFlow
from ctcore_amanda.scan import ports

NOW = 1_700_000_000_000_000_000
HEAD = b"Amanda 2.4 REP HANDLE 000-65637373 SEQ 954568800\n"
ANSWER = HEAD + b"CONNECT DATA 1234 MESG 1235 INDEX 1236\nOPTIONS ;\n"

with_plugins = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "amanda")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ANSWER, [1234, 1235, 1236]),
        (b"CONNECT DATA 1 MESG 2 INDEX 3 STATE 4\n", [1, 2, 3, 4]),
        (b"CONNECT STATE 4 DATA 1\n", [1, 4]),
        (b"CONNECT INDEX 9\n", [9]),
        (b"CONNECT DATA 65535\n", [65535]),
        (b"CONNECT DATA 65536\n", []),
        (b"CONNECT DATA 65537\n", [1]),
        (b"CONNECT MESG 65536 DATA 5 STATE 6\n", [5]),
        (b"CONNECT DATA 99999\n", [99999 - 65536]),
        (b"CONNECT DATA 123456\n", [12345]),
        (b"CONNECT DATA 1 DATA 2\n", [1]),
        (b"CONNECT XDATA 5\n", [5]),
        (b"CONNECT DATA 1 MESG 0 INDEX 3\n", [1]),
        (b"CONNECT DATA 1 MESG x INDEX 3\n", [1]),
        (b"CONNECT DATA  1\n", []),
        (b"CONNECT DATA\n", []),
        (b"CONNECT DATA \n", []),
        (b"CONNECT data 1\n", []),
        (b"connect DATA 1\n", []),
        (b"CONNECT DATA 1", []),
        (b"CONNECT \nDATA 1\n", []),
        (b"DATA 1\nCONNECT MESG 2\n", [2]),
        (b"\nCONNECT DATA 12", []),
        (b"", []),
    ],
)
def test_ports(text: bytes, found: list[int]) -> None:
    assert list(ports(text)) == found


pieces = st.sampled_from([b"CONNECT ", b"DATA ", b"MESG ", b"INDEX ", b"STATE ", b"1234", b"0", b" ", b"\n", b"9" * 99])


@given(st.lists(pieces | st.binary(max_size=2), max_size=20).map(b"".join) | st.binary())
def test_any_bytes(data: bytes) -> None:
    found = list(ports(data))
    assert len(found) <= 4
    assert all(0 <= port <= 0xFFFF for port in found)


class Amanda:
    def __init__(self, registry: Registry, **sysctls: int) -> None:
        self.tracker = Conntrack(registry, sysctls, helpers=["amanda"])
        self.flow = UdpFlow(self.feed, HOSTS, 1000, 10080)

    def feed(self, packet: bytes) -> Result:
        return self.tracker.feed(packet, NOW)


@pytest.fixture
def amanda(registry: Registry) -> Amanda:
    return Amanda(registry)


@with_plugins
def test_the_streams_are_related(amanda: Amanda) -> None:
    amanda.flow.send(b"Amanda 2.4 REQ\n")
    answer = amanda.flow.reply(ANSWER)
    assert [event["type"] for event in answer.events] == ["EXP_NEW"] * 3 + ["UPDATE"]
    for port in (1234, 1235, 1236):
        assert amanda.feed(HOSTS.tcp(700, port, "S")).state == "related"
    assert amanda.feed(HOSTS.tcp(701, 1234, "S")).state == "new"


@with_plugins
def test_the_question_announces_nothing_and_keeps_its_own_timeout(amanda: Amanda) -> None:
    result = amanda.flow.send(ANSWER)
    assert amanda.tracker.net.expectations.count == 0
    assert result.entry is not None
    assert result.entry.remaining(NOW) == 30 * SECOND


@with_plugins
@pytest.mark.parametrize(("sysctls", "seconds"), [({}, 300), ({"nf_conntrack_amanda.master_timeout": 7}, 7)])
def test_any_answer_keeps_the_flow_alive(registry: Registry, sysctls: dict[str, int], seconds: int) -> None:
    amanda = Amanda(registry, **sysctls)
    amanda.flow.send(b"?")
    result = amanda.flow.reply(b"")
    assert result.entry is not None
    assert result.entry.remaining(NOW) == seconds * SECOND


@with_plugins
def test_where_one_cannot_be_expected_the_answer_is_dropped_and_the_others_are(amanda: Amanda) -> None:
    other = UdpFlow(amanda.feed, HOSTS, 1001, 10080)
    other.send(b"?")
    other.reply(b"CONNECT MESG 1235\n")
    amanda.flow.send(b"?")
    result = amanda.flow.reply(ANSWER)
    assert result.verdict == Verdict.DROP
    assert result.reasons[-1] == "nf_ct_amanda: dropping packet: cannot add expectation"
    assert amanda.tracker.net.expectations.count == 3
