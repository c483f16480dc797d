"""A scan: the answer to "start" names the port of the image, and nothing else does."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conntrack, ExtId, Registry, Result, Verdict
from ctcore.testing.flows import HOSTS, TcpFlow
from ctcore_sane.header import REQUEST, START_REPLY

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "sane")

NOW = 1_700_000_000_000_000_000
START = REQUEST.build(code=7, handle=0)
STOP = REQUEST.build(code=8, handle=0)


def reply(port: int = 7777, status: int = 0, zero: int = 0) -> bytes:
    return START_REPLY.build(status=status, zero=zero, port=port)


class Scanner:
    def __init__(self, registry: Registry) -> None:
        self.tracker = Conntrack(registry, helpers=["sane"])
        self.flow = TcpFlow(self.feed, HOSTS, 40000, 6566)

    def feed(self, packet: bytes) -> Result:
        return self.tracker.feed(packet, NOW)

    @property
    def expected(self) -> list[int]:
        return [int.from_bytes(exp.tuple.dst_u, "big") for exp in self.tracker.net.expectations]


@pytest.fixture
def scanner(registry: Registry) -> Scanner:
    return Scanner(registry)


def test_the_image_is_related_to_the_request(scanner: Scanner) -> None:
    scanner.flow.send(START)
    answered = scanner.flow.reply(reply() + b"\0\0\x12\x34")
    assert (answered.verdict, [event["type"] for event in answered.events]) == (Verdict.ACCEPT, ["EXP_NEW"])
    (exp,) = scanner.tracker.net.expectations
    assert (exp.expires - NOW, exp.mask_u) == (300 * 10**9, b"\0\0")
    image = scanner.feed(HOSTS.tcp(40001, 7777, "S"))
    assert image.state == "related"
    assert image.entry is not None
    assert image.entry.master is answered.entry
    assert image.entry.ext_find(ExtId.HELPER) is None
    assert scanner.feed(HOSTS.tcp(40002, 7777, "S")).state == "new", "one image for one request"


@pytest.mark.parametrize(
    ("request_", "answers", "expected"),
    [
        (START, [reply()], [7777]),
        (START, [reply(0)], [0]),
        (START, [reply(1), reply(2)], [1]),  # the second one was not asked for
        (STOP, [reply()], []),
        (START[:7], [reply()], []),
        (START + b"\0", [reply()], []),
        (START, [reply(status=7)], []),
        (START, [reply(status=1 << 24)], []),
        (START, [reply(zero=1)], []),
        (START, [reply()[:7]], []),
        (START, [reply()[:7], reply()], []),  # too short an answer is one
        (START, [b"\0", reply()], []),
    ],
)
def test_what_announces(scanner: Scanner, request_: bytes, answers: list[bytes], expected: list[int]) -> None:
    scanner.flow.send(request_)
    for answer in answers:
        assert scanner.flow.reply(answer).verdict == Verdict.ACCEPT
    assert scanner.expected == expected


def test_another_request_before_the_answer(scanner: Scanner) -> None:
    scanner.flow.send(START)
    scanner.flow.send(b"longer than a request")
    scanner.flow.reply(reply(1))
    assert scanner.expected == [1], "what has another length is no request"
    scanner.flow.send(START)
    scanner.flow.send(STOP)
    scanner.flow.reply(reply(2))
    assert scanner.expected == [1]


def test_a_later_image_replaces_an_earlier_one(scanner: Scanner) -> None:
    for port in (1, 2):
        scanner.flow.send(START)
        scanner.flow.reply(reply(port))
    assert scanner.expected == [2]


def test_a_port_that_another_flow_awaits(scanner: Scanner) -> None:
    other = TcpFlow(scanner.feed, HOSTS, 40001, 6566)
    for flow in (scanner.flow, other):
        flow.send(START)
        result = flow.reply(reply())
    assert result.verdict == Verdict.DROP
    assert result.reasons[-1] == "nf_ct_sane: dropping packet: cannot add expectation"


def test_what_the_helper_knows(scanner: Scanner) -> None:
    (slot,) = (slot for slot in scanner.tracker.net.helpers.helpers if slot.name == "sane")
    for payload, asked in ((STOP, False), (START, True)):
        assert slot.print_private(scanner.flow.send(payload).entry) == {"start_requested": asked}


requests = st.sampled_from([START, STOP, struct.pack(">I", 7)]) | st.binary(min_size=1, max_size=12)
replies = st.builds(reply, st.integers(0, 65535), st.sampled_from([0, 0, 5]), st.sampled_from([0, 0, 1]))


@given(st.lists(st.tuples(requests, replies | st.binary(min_size=1, max_size=12)), max_size=8))
@settings(max_examples=50)
def test_any_bytes(registry: Registry, turns: list[tuple[bytes, bytes]]) -> None:
    scanner = Scanner(registry)
    for asked, answered in turns:
        assert scanner.flow.send(asked).verdict == Verdict.ACCEPT
        assert scanner.flow.reply(answered).verdict == Verdict.ACCEPT
        assert len(scanner.expected) <= 1
