"""Error messages are RELATED to the flow that they quote, and touch nothing of it."""

from __future__ import annotations

import pytest

from ctcore import CtInfo, Hook, HookOps, Packet, Priority, Result, Zone
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import MORE_FRAGMENTS, UDP, IPv4, payload_of

CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back
ROUTER = IPv4("10.0.9.9", "10.0.1.2")
QUERY = CLIENT.udp(1111, 53, b"question")
ANSWER = SERVER.udp(53, 1111, b"answer")

DEST_UNREACH, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM = 3, 4, 5, 11, 12
ERRORS = [DEST_UNREACH, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM]


@pytest.fixture
def talk(converse: Converse) -> Conversation:
    """A query of the client's was seen."""
    begun = converse()
    assert begun.send(QUERY).state == "new"
    return begun


def relation(result: Result) -> tuple[str, str | None]:
    return result.state, result.direction


@pytest.mark.parametrize("kind", ERRORS)
def test_about_the_clients_own_packet(kind: int, talk: Conversation) -> None:
    """It goes the way of the answers."""
    result = talk.send(SERVER.icmp_error(kind, 1, QUERY))
    assert relation(result) == ("related", "reply")
    assert result.ctinfo == CtInfo.RELATED_REPLY
    assert result.entry is talk.entries[0]
    assert result.reasons == []


def test_about_an_answer(talk: Conversation) -> None:
    """Whether or not that answer was seen."""
    result = talk.send(CLIENT.icmp_error(DEST_UNREACH, 3, ANSWER))
    assert (relation(result), result.ctinfo) == (("related", "original"), CtInfo.RELATED)


def test_any_router_may_send_it(talk: Conversation) -> None:
    assert relation(talk.send(ROUTER.icmp_error(TIME_EXCEEDED, 0, QUERY))) == ("related", "reply")


def test_it_touches_nothing(talk: Conversation) -> None:
    """No accounting, no life, no SEEN_REPLY, no event, no counter."""
    before = talk.flow
    talk.wait(10)
    result = talk.send(SERVER.icmp_error(DEST_UNREACH, 3, QUERY))
    assert {**talk.flow, "timeout": 0} == {**before, "timeout": 0}
    assert (talk.timeout, result.events) == (20, [])
    assert all(count == 0 for _, count in talk.conntrack.net.stat.items())


def refused(talk: Conversation, packet: bytes, reason: str) -> None:
    """INVALID, let through, an ``error`` among the counters, and the reason says why."""
    before = talk.count("error")
    result = talk.send(packet)
    assert (result.state, result.entry, result.verdict) == ("invalid", None, ACCEPT)
    assert reason in result.reasons[0]
    assert (talk.count("error"), talk.count("invalid")) == (before + 1, 0)


def test_to_somebody_else(talk: Conversation) -> None:
    """Only a party of the flow may be told."""
    wrong = IPv4("10.0.2.2", "10.0.1.3").icmp_error(DEST_UNREACH, 3, QUERY)
    refused(talk, wrong, "nf_ct_proto_1: outer daddr 10.0.1.3 != inner 10.0.1.2")
    refused(talk, CLIENT.icmp_error(DEST_UNREACH, 3, QUERY), "outer daddr 10.0.2.2 != inner 10.0.1.2")


def test_about_no_flow(talk: Conversation, converse: Converse) -> None:
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, CLIENT.udp(1112, 53)), "belongs to no flow")
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, CLIENT.echo(1)), "belongs to no flow")
    refused(converse(), SERVER.icmp_error(DEST_UNREACH, 3, QUERY), "belongs to no flow")


def test_about_a_flow_that_is_over(talk: Conversation) -> None:
    talk.wait(30)
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, QUERY), "belongs to no flow")


@pytest.mark.parametrize("quoted", [0, 1, 19, 20, 23])
def test_too_little_is_quoted(quoted: int, talk: Conversation) -> None:
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, QUERY[:quoted]), "cannot be read")


@pytest.mark.parametrize("quoted", [24, 28, 30])
def test_addresses_and_ports_are_enough(quoted: int, talk: Conversation) -> None:
    assert talk.send(SERVER.icmp_error(DEST_UNREACH, 3, QUERY[:quoted])).state == "related"


def test_a_quoted_fragment(talk: Conversation) -> None:
    """The first one has the ports, no other has."""
    part = payload_of(QUERY)[:8]
    first = CLIENT.packet(UDP, part, fragment=MORE_FRAGMENTS)
    assert talk.send(SERVER.icmp_error(TIME_EXCEEDED, 1, first)).state == "related"
    for later in (1, MORE_FRAGMENTS | 1):
        refused(talk, SERVER.icmp_error(TIME_EXCEEDED, 1, CLIENT.packet(UDP, part, fragment=later)), "cannot be read")


def test_a_quoted_packet_with_options(talk: Conversation) -> None:
    quoted = IPv4(CLIENT.src, CLIENT.dst, options=b"\x01" * 8).udp(1111, 53)
    assert talk.send(SERVER.icmp_error(DEST_UNREACH, 3, quoted)).state == "related"


def test_the_sums_of_what_is_quoted_do_not_matter(talk: Conversation) -> None:
    """A router may have changed it, and quotes only a part."""
    quoted = IPv4(CLIENT.src, CLIENT.dst, bad_checksum=True).udp(1111, 53, check=1, length=999)
    assert talk.send(SERVER.icmp_error(DEST_UNREACH, 3, quoted)).state == "related"


def test_about_an_echo(converse: Converse) -> None:
    talk = converse()
    echo = CLIENT.echo(5)
    talk.send(echo)
    assert relation(talk.send(SERVER.icmp_error(DEST_UNREACH, 1, echo))) == ("related", "reply")
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 1, echo[:27]), "cannot be read")
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 1, CLIENT.icmp(9)), "none that could be answered")


def test_about_an_error(talk: Conversation) -> None:
    """Errors about errors are none."""
    refused(talk, CLIENT.icmp_error(3, 3, SERVER.icmp_error(3, 3, QUERY)), "none that could be answered")


def test_checks_come_first(talk: Conversation) -> None:
    message = SERVER.icmp(DEST_UNREACH, 3, data=QUERY, check=1)
    refused(talk, message, "nf_ct_proto_1: bad hw icmp checksum")
    refused(talk, SERVER.packet(1, payload_of(message)[:7]), "nf_ct_proto_1: short packet")


def test_about_a_protocol_that_no_plugin_knows(converse: Converse) -> None:
    talk = converse()
    unknown = CLIENT.packet(99, b"whatever")
    talk.send(unknown)
    assert relation(talk.send(SERVER.icmp_error(DEST_UNREACH, 2, unknown))) == ("related", "reply")


def test_in_the_zone_of_the_message(talk: Conversation) -> None:
    """A flow of another zone is not found."""
    net = talk.conntrack.net
    zone = Zone(7)

    def attach(pkt: Packet) -> int:
        pkt.ct = net.template(zone)
        return ACCEPT

    net.l3protos[0x0800].hooks.register([HookOps(Hook.PRE_ROUTING, Priority.RAW, attach)])
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, QUERY), "belongs to no flow")
    talk.send(QUERY)
    result = talk.send(SERVER.icmp_error(DEST_UNREACH, 3, QUERY))
    assert relation(result) == ("related", "reply")
    assert talk.flow["zone"] == 7


def test_a_message_for_a_flow_that_was_replied_to(talk: Conversation) -> None:
    assert relation(talk.send(ANSWER)) == ("established", "reply")
    assert relation(talk.send(SERVER.icmp_error(DEST_UNREACH, 3, QUERY))) == ("related", "reply")
    assert relation(talk.send(CLIENT.icmp_error(DEST_UNREACH, 3, ANSWER))) == ("related", "original")
    assert talk.packets == (1, 1)
