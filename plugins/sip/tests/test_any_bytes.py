"""Any bytes between two phones: a verdict, never an exception, and no more expectations than the classes have."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry, Verdict
from ctcore.testing.packets import IPv4
from plugins.sip.tests.phones import CALLEE, Phones, answer, request, sdp

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "sip")

CONTACT = "Contact: <sip:a@10.0.1.2:5062>;expires=60"
MESSAGES = [
    request("INVITE", 1, sdp()),
    answer(200, "INVITE", 1, sdp(CALLEE, "audio 6000", "video 6002")),
    answer(486, "INVITE"),
    request("REGISTER", 1, b"", CONTACT),
    answer(200, "REGISTER", 1, b"", CONTACT),
    request("BYE"),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message with some bytes changed, taken away or put in."""
    text = bytearray(draw(st.sampled_from(MESSAGES)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4) | st.sampled_from([b"\r\n", b" ", b","]))
    return bytes(text[: draw(st.integers(1, 400))])


payloads = damaged() | st.binary(min_size=1, max_size=40)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), payloads), max_size=15))
@settings(max_examples=60)
def test_any_conversation(registry: Registry, words: list[tuple[bool, bool, bytes]]) -> None:
    phones = Phones(registry)
    for by_tcp, by_callee, data in words:
        flow = phones.tcp if by_tcp else phones.udp
        result = (flow.reply if by_callee else flow.send)(data)
        assert result.verdict == Verdict.ACCEPT or (result.verdict == Verdict.DROP and result.reasons)
        assert len(phones.expected) <= 22
    phones.tracker.net.exit()
    assert phones.tracker.net.expectations.count == 0


@given(payloads, st.binary(max_size=60), st.binary(max_size=60))
@settings(max_examples=50)
def test_nothing_beyond_the_packet_is_read(registry: Registry, data: bytes, before: bytes, after: bytes) -> None:
    packet = IPv4("10.0.1.2", "10.0.2.2").udp(5060, 5060, data)
    alone, within = Phones(registry), Phones(registry)
    verdict = alone.feed(packet).verdict
    net, pkt = within.tracker.net, within.tracker.packet
    pkt.buf, pkt.nhoff, pkt.avail = before + packet + after, len(before), len(before) + len(packet)
    assert net.receive(pkt, 0x0800, within.now) == verdict
    assert within.expected == alone.expected
