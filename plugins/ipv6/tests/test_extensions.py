"""The walk over extension headers to the transport header, and every way in which it ends early."""

from __future__ import annotations

import pytest

from ctcore import Verdict
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv6, extension

OTHER = 253  # a protocol for experiments: no plugin has it
ROUTING, FRAGMENT, ESP, AH, NO_NEXT, DESTINATION, MOBILITY = 43, 44, 50, 51, 59, 60, 135
ATOMIC = (FRAGMENT, bytes(7))
AUTHENTICATION = (AH, bytes((4,)) + bytes(22))  # 24 bytes: its length counts words of 4, less two

CHAINS = [
    [extension(DESTINATION)],
    [extension(0), extension(DESTINATION, bytes(14)), extension(ROUTING, bytes(22))],
    [extension(DESTINATION), extension(0), extension(0)],  # out of order, which only the receiver minds
    [AUTHENTICATION],
    [AUTHENTICATION, extension(DESTINATION), AUTHENTICATION],
    [extension(DESTINATION, b"\x1e\xff" + bytes(255))],
]


def through(*extensions: tuple[int, bytes]) -> IPv6:
    return IPv6(HOSTS.src, HOSTS.dst, extensions=extensions)


@pytest.mark.parametrize("chain", CHAINS)
def test_what_comes_behind_extension_headers_is_tracked(chain: list[tuple[int, bytes]], converse6: Converse) -> None:
    talk = converse6()
    packet = through(*chain).packet(OTHER, b"payload")
    assert talk.send(packet).state == "new"
    assert (talk.flow["l4num"], talk.flow["original"]["bytes"]) == (OTHER, len(packet))
    assert talk.send(HOSTS.packet(OTHER)).entry is talk.entries[0]


@pytest.mark.parametrize("number", [ESP, MOBILITY, 139, 140, 254])
def test_what_is_no_extension_header_is_a_transport_protocol(number: int, converse6: Converse) -> None:
    """Whatever the registry of numbers calls it: behind ESP nothing can be read."""
    talk = converse6()
    assert talk.send(through(extension(DESTINATION)).packet(number, bytes(16))).state == "new"
    assert talk.flow["l4num"] == number


EARLY = {
    "no next header": HOSTS.packet(NO_NEXT, b"payload"),
    "no next header, and nothing": HOSTS.packet(NO_NEXT),
    "no next header behind others": through(extension(0), extension(DESTINATION)).packet(NO_NEXT),
    "nothing": HOSTS.packet(DESTINATION),
    "one byte": HOSTS.packet(ROUTING, b"\x11"),
    "nothing behind another one": through(extension(DESTINATION)).packet(AH),
    "another one beyond the end": HOSTS.packet(DESTINATION, bytes((DESTINATION, 1)) + bytes(6)),
}


@pytest.mark.parametrize("packet", EARLY.values(), ids=EARLY)
def test_a_walk_that_ends_early(packet: bytes, converse6: Converse) -> None:
    talk = converse6()
    result = talk.send(packet)
    assert (result.verdict, result.state, result.entry) == (Verdict.ACCEPT, "invalid", None)
    assert result.reasons == ["no transport header can be found"]
    assert (talk.count("invalid"), talk.count("error")) == (1, 0)


@pytest.mark.parametrize("size", range(2, 9))
def test_a_walk_to_the_end_of_the_packet_and_beyond(size: int, converse6: Converse) -> None:
    """Of an extension header only the first two bytes have to be there."""
    talk = converse6()
    whole = bytes((OTHER, 0)) + bytes(6)
    assert talk.send(HOSTS.packet(DESTINATION, whole[:size])).state == "new"
    assert talk.flow["l4num"] == OTHER


def test_a_header_that_claims_more_than_there_is(converse6: Converse) -> None:
    assert converse6().send(HOSTS.packet(ROUTING, bytes((OTHER, 255)) + bytes(6))).state == "new"


@pytest.mark.plugins("udp")
def test_a_transport_header_that_is_not_there(converse6: Converse) -> None:
    talk = converse6()
    result = talk.send(through(extension(DESTINATION)).packet(17, b"\0\1\0"))
    assert (result.state, talk.count("invalid")) == ("invalid", 1)
    assert result.reasons == ["the udp header is not whole enough to tell the flow"]


@pytest.mark.plugins("udp")
@pytest.mark.parametrize("chain", CHAINS)
def test_the_checksum_behind_extension_headers(chain: list[tuple[int, bytes]], converse6: Converse) -> None:
    """The pseudo header has the length of the transport part and its protocol, wherever it begins (RFC 8200, 8.1)."""
    ip = through(*chain)
    assert converse6().send(ip.udp(1, 2, b"odd")).state == "new"
    wrong = converse6().send(ip.udp(1, 2, b"odd", check=1))
    assert wrong.reasons == ["nf_ct_proto_17: bad checksum"]


def test_an_atomic_fragment_is_whole_at_once(converse6: Converse) -> None:
    """Without its header, which is not counted (RFC 6946)."""
    talk = converse6()
    assert talk.send(through(extension(0), ATOMIC).packet(OTHER, b"payload")).state == "new"
    assert talk.flow["original"]["bytes"] == 40 + 8 + 7


def test_two_fragment_headers(converse6: Converse) -> None:
    """The second one is found in what the first one's datagram was put together to."""
    talk = converse6()
    assert talk.send(through(ATOMIC, ATOMIC).packet(OTHER, b"payload")).state == "new"
    assert talk.flow["original"]["bytes"] == 40 + 8 + 7
    later = (FRAGMENT, bytes((0, 0, 8)) + bytes(4))
    assert talk.send(through(ATOMIC, later).packet(OTHER, b"payload")).reasons == ["no transport header can be found"]
