"""Any bytes on a control connection: a verdict, never an exception, and never more than one expectation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conntrack, Registry, Verdict
from ctcore.testing.flows import HOSTS, TcpFlow

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "ftp")

LINES = [
    b"PORT 10,0,1,2,4,210\r\n",
    b"EPRT |1|10.0.1.2|5|\r\n",
    b"227 (10,0,2,2,4,210)\r\n",
    b"229 (|||7|)\r\n",
    b"x\r\n",
]
payloads = st.builds(
    lambda line, cut, more: line[:cut] + more,
    st.sampled_from(LINES),
    st.integers(0, 30),
    st.just(b"") | st.binary(max_size=20) | st.just(b"\n"),
).filter(bool)


@given(st.lists(st.tuples(st.booleans(), payloads), max_size=20))
@settings(max_examples=50)
def test_any_conversation(registry: Registry, words: list[tuple[bool, bytes]]) -> None:
    tracker = Conntrack(registry, helpers=["ftp"])
    flow = TcpFlow(lambda packet: tracker.feed(packet, 1), HOSTS, 40000, 21)
    for by_server, data in words:
        result = (flow.reply if by_server else flow.send)(data)
        assert result.verdict in (Verdict.ACCEPT, Verdict.DROP)
        assert result.verdict == Verdict.ACCEPT or result.reasons
        assert tracker.net.expectations.count <= 1
    tracker.net.exit()
    assert tracker.net.expectations.count == 0
