"""Error messages and redirects are RELATED to the flow that they quote, and touch nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctcore import CtInfo, Hook, HookOps, Packet, Priority, Result, Zone
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import IPV6 as CLIENT
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import FRAGMENT, IPv6, extension, payload_of

SERVER = CLIENT.back
ROUTER = IPv6("2001:db8:99::9", CLIENT.src)
OTHER = 253  # a protocol for experiments: no plugin has it
QUERY = CLIENT.packet(OTHER, b"question")
ANSWER = SERVER.packet(OTHER, b"answer")

DEST_UNREACH, PACKET_TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM = 1, 2, 3, 4
REDIRECT, REDIRECTED_HEADER, TARGET_ADDRESS = 137, 4, 2


@pytest.fixture
def talk(converse6: Converse) -> Conversation:
    """A query of the client's was seen."""
    begun = converse6()
    assert begun.send(QUERY).state == "new"
    return begun


def relation(result: Result) -> tuple[str, str | None]:
    return result.state, result.direction


@pytest.mark.parametrize("kind", [0, DEST_UNREACH, PACKET_TOO_BIG, TIME_EXCEEDED, PARAMETER_PROBLEM, 5, 100, 127])
def test_about_the_clients_own_packet(kind: int, talk: Conversation) -> None:
    """It goes the way of the answers. Every type below 128 is an error, whether anybody has defined it or not."""
    result = talk.send(SERVER.icmp_error(kind, 1, QUERY))
    assert relation(result) == ("related", "reply")
    assert result.ctinfo == CtInfo.RELATED_REPLY
    assert result.entry is talk.entries[0]
    assert result.reasons == []


def test_about_an_answer(talk: Conversation) -> None:
    """Whether or not that answer was seen."""
    result = talk.send(CLIENT.icmp_error(DEST_UNREACH, 4, ANSWER))
    assert (relation(result), result.ctinfo) == (("related", "original"), CtInfo.RELATED)


def test_any_router_may_send_it(talk: Conversation) -> None:
    assert relation(talk.send(ROUTER.icmp_error(TIME_EXCEEDED, 0, QUERY))) == ("related", "reply")


def test_it_touches_nothing(talk: Conversation) -> None:
    """No accounting, no life, no SEEN_REPLY, no event, no counter."""
    before = talk.flow
    talk.wait(10)
    result = talk.send(SERVER.icmp_error(DEST_UNREACH, 4, QUERY))
    assert {**talk.flow, "timeout": 0} == {**before, "timeout": 0}
    assert (talk.timeout, result.events) == (590, [])
    assert all(count == 0 for _, count in talk.conntrack.net.stat.items())


def refused(talk: Conversation, packet: bytes, reason: str) -> None:
    """INVALID, an ``error`` among the counters, and the reason says why."""
    before = talk.count("error")
    result = talk.send(packet)
    assert (result.state, result.entry) == ("invalid", None)
    assert reason in result.reasons[0]
    assert (talk.count("error"), talk.count("invalid")) == (before + 1, 0)


def test_to_somebody_else(talk: Conversation) -> None:
    """Only a party of the flow may be told; addresses are spelled as the kernel's log has them."""
    wrong = IPv6(SERVER.src, "2001:db8:1::3").icmp_error(DEST_UNREACH, 4, QUERY)
    client = "2001:0db8:0001:0000:0000:0000:0000:000"
    refused(talk, wrong, f"nf_ct_proto_58: outer daddr {client}3 != inner {client}2")
    refused(talk, CLIENT.icmp_error(DEST_UNREACH, 4, QUERY), "nf_ct_proto_58: outer daddr 2001:0db8:0002:")


def test_about_no_flow(talk: Conversation, converse6: Converse) -> None:
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 4, CLIENT.packet(OTHER + 1)), "belongs to no flow")
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 4, CLIENT.echo(1)), "belongs to no flow")
    refused(converse6(), SERVER.icmp_error(DEST_UNREACH, 4, QUERY), "belongs to no flow")


@pytest.mark.parametrize("quoted", [0, 1, 39])
def test_too_little_is_quoted(quoted: int, talk: Conversation) -> None:
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 4, QUERY[:quoted]), "cannot be read")


@pytest.mark.plugins("udp")
@pytest.mark.parametrize(("quoted", "enough"), [(40, False), (43, False), (44, True), (48, True)])
def test_addresses_and_ports_are_enough(quoted: int, enough: bool, converse6: Converse) -> None:
    talk = converse6()
    datagram = CLIENT.udp(1111, 53, b"question")
    talk.send(datagram)
    message = SERVER.icmp_error(DEST_UNREACH, 4, datagram[:quoted])
    if enough:
        assert relation(talk.send(message)) == ("related", "reply")
    else:
        refused(talk, message, "cannot be read")


def test_a_quoted_packet_with_extension_headers(talk: Conversation) -> None:
    quoted = replace(CLIENT, extensions=(extension(0), extension(60))).packet(OTHER, b"x")
    assert talk.send(SERVER.icmp_error(DEST_UNREACH, 4, quoted)).state == "related"


def test_a_quoted_fragment(talk: Conversation) -> None:
    """The first one has the transport header, no other has."""
    first = CLIENT.fragment(OTHER, bytes(8), 0, more=True)
    assert talk.send(SERVER.icmp_error(TIME_EXCEEDED, 1, first)).state == "related"
    for more in (True, False):
        later = CLIENT.fragment(OTHER, bytes(8), 8, more=more)
        refused(talk, SERVER.icmp_error(TIME_EXCEEDED, 1, later), "cannot be read")
    refused(talk, SERVER.icmp_error(TIME_EXCEEDED, 1, CLIENT.packet(FRAGMENT, b"\0\0\0")), "cannot be read")


def test_what_is_quoted_need_not_be_right(talk: Conversation) -> None:
    """A router may have changed it, and quotes only a part: its version and its length are not looked at."""
    assert talk.send(SERVER.icmp_error(DEST_UNREACH, 4, b"\x45" + QUERY[1:])).state == "related"
    assert talk.send(SERVER.icmp_error(DEST_UNREACH, 4, CLIENT.packet(OTHER, length=9999))).state == "related"


def test_about_an_echo(converse6: Converse) -> None:
    talk = converse6()
    echo = CLIENT.echo(5)
    talk.send(echo)
    assert relation(talk.send(SERVER.icmp_error(DEST_UNREACH, 3, echo))) == ("related", "reply")
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, echo[:47]), "cannot be read")
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, CLIENT.icmp(135)), "none that could be answered")


def test_about_an_error(talk: Conversation) -> None:
    """Errors about errors are none."""
    refused(talk, CLIENT.icmp_error(1, 3, SERVER.icmp_error(1, 3, QUERY)), "none that could be answered")


def test_checks_come_first(talk: Conversation) -> None:
    message = SERVER.icmp(DEST_UNREACH, 3, data=QUERY, check=1)
    refused(talk, message, "nf_ct_proto_58: ICMPv6 checksum failed")
    refused(talk, SERVER.packet(58, payload_of(message)[:7]), "nf_ct_proto_58: short packet")


def test_in_the_zone_of_the_message(talk: Conversation) -> None:
    """A flow of another zone is not found."""
    net = talk.conntrack.net
    zone = Zone(7)

    def attach(pkt: Packet) -> int:
        pkt.ct = net.template(zone)
        return ACCEPT

    net.l3protos[0x86DD].hooks.register([HookOps(Hook.PRE_ROUTING, Priority.RAW, attach)])
    refused(talk, SERVER.icmp_error(DEST_UNREACH, 3, QUERY), "belongs to no flow")
    talk.send(QUERY)
    assert relation(talk.send(SERVER.icmp_error(DEST_UNREACH, 3, QUERY))) == ("related", "reply")
    assert talk.flow["zone"] == 7


# Redirects. Their routers' addresses are of the link, so that nobody forwards them: a host is on the path.


@pytest.fixture
def host(talk: Conversation) -> Conversation:
    """The client's own conntrack."""
    talk.conntrack.net.add_local(CLIENT.src)
    return talk


LINK = IPv6("fe80::1", CLIENT.src, hop_limit=255)
ADDRESSES = bytes(32)  # the better way, and where to


def option(kind: int, quoted: bytes, length: int = 9) -> bytes:
    return bytes((kind, length)) + bytes(6) + quoted


def redirect(options: bytes, ip: IPv6 = LINK, code: int = 0) -> bytes:
    return ip.icmp(REDIRECT, code, data=ADDRESSES + options)


def test_a_redirect_that_quotes_a_packet(host: Conversation) -> None:
    result = host.send(redirect(option(REDIRECTED_HEADER, QUERY)))
    assert (relation(result), result.entry, result.reasons) == (("related", "reply"), host.entries[0], [])


@pytest.mark.parametrize("first", ["fe80::1", "febf::1"])
def test_it_comes_from_the_link(first: str, host: Conversation) -> None:
    ip = IPv6(first, CLIENT.src, hop_limit=255)
    assert host.send(redirect(option(REDIRECTED_HEADER, QUERY), ip)).state == "related"


@pytest.mark.parametrize(
    "ip", [replace(LINK, hop_limit=254), replace(LINK, src="2001:db8::1"), replace(LINK, src="fec0::1")]
)
def test_it_comes_from_nowhere_else(ip: IPv6, host: Conversation) -> None:
    wrong = redirect(option(REDIRECTED_HEADER, QUERY), ip)
    refused(host, wrong, "nf_ct_proto_58: invalid saddr or hoplimit for redirect")


@pytest.mark.parametrize("size", [8, 20, 39])
def test_a_redirect_that_is_too_short(size: int, host: Conversation) -> None:
    short = LINK.icmp(REDIRECT, data=bytes(size - 8))
    refused(host, short, "nf_ct_proto_58: short redirect")


@pytest.mark.parametrize("options", [b"", bytes((REDIRECTED_HEADER,)), option(REDIRECTED_HEADER, QUERY, length=0)])
def test_a_redirect_without_options(options: bytes, host: Conversation) -> None:
    refused(host, redirect(options), "nf_ct_proto_58: redirect without options")


def test_a_redirect_that_quotes_too_little(host: Conversation) -> None:
    refused(host, redirect(option(REDIRECTED_HEADER, QUERY[:30])), "cannot be read")


@pytest.mark.parametrize(
    "packet",
    [redirect(option(TARGET_ADDRESS, QUERY)), redirect(option(REDIRECTED_HEADER, QUERY), code=1)],
    ids=["another option first", "another code"],
)
def test_a_redirect_that_quotes_nothing_is_invalid(packet: bytes, host: Conversation) -> None:
    """It goes on to the lookup, where nobody could answer it."""
    result = host.send(packet)
    assert (result.state, host.count("invalid"), host.count("error")) == ("invalid", 1, 0)
