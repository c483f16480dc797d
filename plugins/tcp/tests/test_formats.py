"""What is told of a flow: netlink attributes, tuples, events; and which flows a full table may give up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Conn, Result
from ctcore.netlink import attr, parse
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, sack_permitted, tcp_options, window_scale
from ctcore_tcp import Tcp

PROTOINFO_TCP = 1
STATE, WSCALE_ORIGINAL, WSCALE_REPLY, FLAGS_ORIGINAL, FLAGS_REPLY = range(1, 6)
FINS = "> FA 101 501; < A 501 102; < FA 501 102; > A 102 502"


def attributes(ct: Conn, destroy: bool = False) -> Mapping[int, bytes]:
    return parse(parse(ct.l4.to_nlattr(ct, destroy))[PROTOINFO_TCP])


def scaled(talk: Conversation) -> Conversation:
    talk.client.tcp("S", 100, options=tcp_options(window_scale(7), sack_permitted()))
    talk.server.tcp("SA", 500, 101, options=tcp_options(window_scale(5), sack_permitted()))
    talk.tcp("> A 101 501")
    return talk


def test_to_nlattr(converse: Converse) -> None:
    ct = scaled(converse()).entry
    assert attributes(ct) == {
        STATE: b"\x03",
        WSCALE_ORIGINAL: b"\x07",
        WSCALE_REPLY: b"\x05",
        FLAGS_ORIGINAL: b"\x23\x00",
        FLAGS_REPLY: b"\x23\x00",
    }
    assert attributes(ct, destroy=True) == {STATE: b"\x03"}


def test_from_nlattr_takes_what_to_nlattr_gives(converse: Converse) -> None:
    """But for the flags, whose mask says that none is meant."""
    ct, other = scaled(converse()).entry, scaled(converse()).entry
    other.proto.state, other.proto.side(0).scale, other.proto.side(1).scale = 1, 0, 0
    other.proto.side(0).flags = 0x2B
    other.l4.from_nlattr(other, parse(ct.l4.to_nlattr(ct, False)))
    assert {**attributes(other), FLAGS_ORIGINAL: b"\x23\x00"} == attributes(ct)
    assert attributes(other)[FLAGS_ORIGINAL] == b"\x2b\x00"


def protoinfo(**values: bytes) -> Mapping[int, bytes]:
    """``state``, ``wscale_original`` ... as the attributes inside CTA_PROTOINFO."""
    names = ("state", "wscale_original", "wscale_reply", "flags_original", "flags_reply")
    return {PROTOINFO_TCP: b"".join(attr(names.index(name) + 1, value) for name, value in values.items())}


def test_flags_change_under_their_mask(converse: Converse) -> None:
    ct = scaled(converse()).entry
    ct.l4.from_nlattr(ct, protoinfo(flags_original=b"\xfd\x0a", flags_reply=b"\x00\xff"))
    assert (ct.proto.side(0).flags, ct.proto.side(1).flags) == (0x29, 0)


def test_scales_are_taken_where_both_sides_scale(converse: Converse) -> None:
    ct = scaled(converse()).entry
    ct.l4.from_nlattr(ct, protoinfo(wscale_original=b"\x02", wscale_reply=b"\xff"))
    assert (ct.proto.side(0).scale, ct.proto.side(1).scale) == (2, 14)
    ct.l4.from_nlattr(ct, protoinfo(flags_reply=b"\x00\x01", wscale_original=b"\x06"))
    assert (ct.proto.side(0).scale, ct.proto.side(1).scale) == (2, 14)


MALFORMED: list[Mapping[int, bytes]] = [
    {},
    {PROTOINFO_TCP: b""},
    {PROTOINFO_TCP: b"\x01"},
    protoinfo(state=b"\x0a"),
    protoinfo(state=b""),
    protoinfo(state=b"\x01\x01"),
    protoinfo(flags_original=b"\xff", flags_reply=b"\xff\xff\xff"),
    protoinfo(wscale_original=b"", wscale_reply=b"\x01\x01"),
]


@pytest.mark.parametrize("attrs", MALFORMED)
def test_malformed_attributes_change_nothing(attrs: Mapping[int, bytes], converse: Converse) -> None:
    ct = scaled(converse()).entry
    before = attributes(ct)
    ct.l4.from_nlattr(ct, attrs)
    assert attributes(ct) == before


def test_a_state_that_was_set_is_gone_on_from(converse: Converse) -> None:
    talk = scaled(converse())
    talk.entry.l4.from_nlattr(talk.entry, protoinfo(state=b"\x04"))
    assert talk.tcp("< A 501 101").state == "established"
    assert talk.state == "CLOSE_WAIT"


@given(st.binary(min_size=4, max_size=4))
def test_ports(u: bytes) -> None:
    tcp = Tcp()
    assert tcp.invert_tuple(u) == u[2:] + u[:2]
    sport, dport = int.from_bytes(u[:2], "big"), int.from_bytes(u[2:], "big")
    assert tuple(tcp.print_tuple(u)) == (("sport", sport), ("dport", dport))
    assert dict(tcp.print_save(u, tcp.invert_tuple(u))) == {
        "--sport": sport,
        "--dport": dport,
        "--reply-port-src": dport,
        "--reply-port-dst": sport,
    }


@pytest.mark.parametrize("attrs", [{}, {2: b"ab"}, {3: b"ab"}, {2: b"a", 3: b"abc"}])
def test_ports_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Tcp().nlattr_to_tuple(attrs) is None


CAN_BE_GIVEN_UP = {
    "SYN_SENT": False,
    "SYN_RECV": False,
    "ESTABLISHED": False,
    "FIN_WAIT": True,
    "CLOSE_WAIT": True,
    "LAST_ACK": True,
    "TIME_WAIT": True,
    "CLOSE": True,
}


def test_what_a_full_table_may_give_up(converse: Converse) -> None:
    talk, seen = converse(), {}
    for segment in f"> S 100 0; < SA 500 101; > A 101 501; {FINS}; > R 102 0".split("; "):
        talk.tcp(segment)
        seen[talk.entry.l4.print_conntrack(talk.entry)] = talk.entry.l4.can_early_drop(talk.entry)
    assert seen == CAN_BE_GIVEN_UP


def told(result: Result) -> list[tuple[str, str, set[str]]]:
    return [
        (event["type"], event["state"], set(event["status"]) & {"SEEN_REPLY", "ASSURED"}) for event in result.events
    ]


def test_events(converse: Converse) -> None:
    """One for each turn of the flow, none for segments that change nothing."""
    replied, assured = {"SEEN_REPLY"}, {"SEEN_REPLY", "ASSURED"}
    expected: list[tuple[str, list[tuple[str, str, set[str]]]]] = [
        ("> S 100 0", [("NEW", "SYN_SENT", set())]),
        ("> S 100 0", []),
        ("< SA 500 101", [("UPDATE", "SYN_RECV", replied)]),
        ("> A 101 501", [("UPDATE", "ESTABLISHED", assured)]),
        ("< A 501 101", []),
        ("> PA 101 501", []),
        ("> FA 101 501", [("UPDATE", "FIN_WAIT", assured)]),
        ("< FA 501 102", [("UPDATE", "LAST_ACK", assured)]),
        ("> A 102 502", [("UPDATE", "TIME_WAIT", assured)]),
        ("> S 900 0", [("DESTROY", "TIME_WAIT", assured), ("NEW", "SYN_SENT", set())]),
    ]
    talk = converse()
    for segment, events in expected:
        assert told(talk.tcp(segment)) == events, segment


def test_an_expired_flow_is_destroyed_with_the_next_packet(converse: Converse) -> None:
    talk = converse()
    talk.tcp("> S 100 0")
    talk.wait(121)
    result = talk.send(IPv4("10.0.1.3", "10.0.2.2").tcp(1, 2, "A"))
    assert told(result) == [("DESTROY", "SYN_SENT", set()), ("NEW", "ESTABLISHED", set())]


def test_bytes_are_those_of_the_network_layer(converse: Converse) -> None:
    talk = converse()
    talk.client.tcp("S", 100, options=tcp_options(window_scale(1)))
    talk.server.tcp("SA", 500, 101)
    talk.client.tcp("PA", 101, 501, data=b"12345")
    assert (talk.flow["original"]["bytes"], talk.flow["reply"]["bytes"]) == (44 + 45, 40)
