"""A flow's life: timeouts, the stream rule, events, tuples."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore_udp import Udp

PREFIX = "net.netfilter.nf_conntrack_udp_"


def told(result: Result) -> list[tuple[str, set[str]]]:
    return [(event["type"], set(event["status"]) & {"SEEN_REPLY", "ASSURED"}) for event in result.events]


def test_request_and_answer(converse: Converse) -> None:
    talk = converse()
    request = talk.client.udp(b"?")
    assert (request.state, request.direction, told(request)) == ("new", "original", [("NEW", set())])
    assert (talk.timeout, talk.packets, talk.status) == (30, (1, 0), {"CONFIRMED"})
    answer = talk.server.udp(b"!")
    assert (answer.state, answer.direction, told(answer)) == ("established", "reply", [("UPDATE", {"SEEN_REPLY"})])
    assert (talk.timeout, talk.packets) == (30, (1, 1))
    again = talk.client.udp(b"?")
    assert (again.state, again.direction, told(again)) == ("established", "original", [])
    assert (talk.timeout, talk.packets, talk.state) == (30, (2, 1), None)


def test_without_an_answer_every_datagram_is_new(converse: Converse) -> None:
    talk = converse()
    for count in range(1, 4):
        assert talk.client.udp().state == "new"
        assert (talk.timeout, talk.packets) == (30, (count, 0))
        talk.wait(20)
    assert len(talk.entries) == 1


def conversation_of(talk: Conversation, *pauses: float) -> list[tuple[float, bool]]:
    """Client and server take turns with these pauses; timeout and ASSURED after each datagram."""
    seen = []
    for turn, pause in enumerate(pauses):
        talk.wait(pause)
        (talk.server if turn % 2 else talk.client).udp()
        seen.append((talk.timeout, "ASSURED" in talk.status))
    return seen


SHORT: tuple[float, bool] = (30, False)
STREAM: tuple[float, bool] = (120, True)
TURNS = [
    ([0, 0, 0, 0], [SHORT] * 4),
    ([0, 0.1, 1.9], [SHORT] * 3),  # two seconds, to the moment
    ([0, 0.1, 1.9 + 1e-9], [SHORT, SHORT, STREAM]),
    ([0, 5], [SHORT] * 2),  # the first answer cannot make it a stream: only then is the flow replied to
    ([0, 5, 0], [SHORT, SHORT, STREAM]),
    ([0, 5, 0, 0.5], [SHORT, SHORT, STREAM, STREAM]),
    ([0, 1, 0.5, 0.4, 0.2], [SHORT] * 4 + [STREAM]),
]


@pytest.mark.parametrize(("pauses", "expected"), TURNS)
def test_the_stream_rule(pauses: list[float], expected: list[tuple[float, bool]], converse: Converse) -> None:
    """A flow that was replied to and goes on for more than two seconds is a stream."""
    assert conversation_of(converse(), *pauses) == expected


def test_the_events_of_a_stream(converse: Converse) -> None:
    talk = converse()
    talk.client.udp()
    talk.server.udp()
    talk.wait(3)
    assert told(talk.client.udp()) == [("UPDATE", {"SEEN_REPLY", "ASSURED"})]
    assert told(talk.server.udp()) == []


def test_only_datagrams_of_one_side_are_no_stream(converse: Converse) -> None:
    talk = converse()
    for _ in range(5):
        talk.client.udp()
        assert (talk.timeout, "ASSURED" in talk.status) == SHORT
        talk.wait(2)


def test_a_flow_dies_at_its_timeout(converse: Converse) -> None:
    talk = converse()
    flows = [talk.client.udp().entry]
    talk.wait(30 - 1e-6)
    flows.append(talk.client.udp().entry)
    talk.wait(30)
    result = talk.client.udp()
    assert told(result) == [("DESTROY", set()), ("NEW", set())]
    assert (talk.packets, talk.entries) == ((1, 0), [result.entry])
    assert flows[0] is flows[1] is not result.entry


def test_names_and_defaults(converse: Converse) -> None:
    sysctl = converse().conntrack.net.sysctl
    found = {name.removeprefix(PREFIX): sysctl[name] for name in sysctl if name.startswith(PREFIX)}
    assert found == {"timeout": 30, "timeout_stream": 120}


def test_sysctls(converse: Converse) -> None:
    talk = converse(nf_conntrack_udp_timeout=7, nf_conntrack_udp_timeout_stream=77)
    assert conversation_of(talk, 0, 3, 0) == [(7, False), (7, False), (77, True)]


def test_port_zero_is_a_port(converse: Converse) -> None:
    talk = converse()
    assert talk.send(talk.client.ip.udp(0, 0)).state == "new"
    assert talk.send(talk.server.ip.udp(0, 0)).state == "established"


def test_bytes_are_those_of_the_network_layer(converse: Converse) -> None:
    talk = converse()
    talk.client.udp(b"12345")
    talk.server.udp()
    assert (talk.flow["original"]["bytes"], talk.flow["reply"]["bytes"]) == (33, 28)


def test_the_plain_object(converse: Converse) -> None:
    talk = converse(nf_conntrack_acct=0)
    talk.client.udp()
    flow = talk.flow
    assert (flow["l4"], flow["l4num"], flow["state"]) == ("udp", 17, None)
    assert flow["original"] == {"src": "10.0.1.2", "dst": "10.0.2.2", "sport": 40000, "dport": 80}
    assert flow["reply"] == {"src": "10.0.2.2", "dst": "10.0.1.2", "sport": 80, "dport": 40000}


@given(st.binary(min_size=4, max_size=4))
def test_ports(u: bytes) -> None:
    udp = Udp()
    assert udp.invert_tuple(u) == u[2:] + u[:2]
    sport, dport = int.from_bytes(u[:2], "big"), int.from_bytes(u[2:], "big")
    assert tuple(udp.print_tuple(u)) == (("sport", sport), ("dport", dport))
    assert dict(udp.print_save(u, udp.invert_tuple(u))) == {
        "--sport": sport,
        "--dport": dport,
        "--reply-port-src": dport,
        "--reply-port-dst": sport,
    }


@pytest.mark.parametrize("attrs", [{}, {2: b"ab"}, {3: b"ab"}, {2: b"a", 3: b"abc"}])
def test_ports_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Udp().nlattr_to_tuple(attrs) is None
