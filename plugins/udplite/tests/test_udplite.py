"""Checks, the kernel's own pseudo header, UDP's timeouts, formats."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ctcore import Registry
from ctcore.formats import save, text
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, checksum, payload_of, shortened
from ctcore.testing.tunnels import udplite
from ctcore_udplite import UdpLite

CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back


def test_a_life(converse: Converse) -> None:
    """No two seconds as with UDP: the first packet after a reply makes the flow ASSURED."""
    talk = converse()
    seen = []
    for ip, ports in ((CLIENT, (1, 2)), (SERVER, (2, 1)), (CLIENT, (1, 2))):
        result = talk.send(udplite(ip, *ports, b"data"))
        seen.append((result.state, talk.timeout, "ASSURED" in talk.status, [event["type"] for event in result.events]))
    assert seen == [
        ("new", 30, False, ["NEW"]),
        ("established", 30, False, ["UPDATE"]),
        ("established", 120, True, ["UPDATE"]),
    ]


def test_the_timeouts_are_those_of_udp(converse: Converse) -> None:
    talk = converse(nf_conntrack_udp_timeout=7, nf_conntrack_udp_timeout_stream=77)
    talk.send(udplite(CLIENT, 1, 2))
    assert talk.timeout == 7
    for _ in range(2):
        talk.send(udplite(SERVER, 2, 1))
    assert talk.timeout == 77


def test_without_the_plugin_for_udp_they_have_its_defaults() -> None:
    talk = Conversation(Registry.load(strict=True, without=["udp"]))
    talk.send(udplite(CLIENT, 1, 2))
    assert talk.timeout == 30


def refusal(talk: Conversation, packet: bytes) -> list[str]:
    result = talk.send(packet)
    assert (result.state, result.entry) == ("invalid", None)
    return [text.removeprefix("nf_ct_proto_136: ") for text in result.reasons]


@pytest.mark.parametrize("coverage", [1, 7, 14, 0xFFFF])
def test_coverage_that_cannot_be(coverage: int, converse: Converse) -> None:
    assert refusal(converse(), udplite(CLIENT, 1, 2, b"hello", coverage=coverage)) == ["invalid checksum coverage"]


@pytest.mark.parametrize("coverage", [0, 8, 9, 12, 13])
def test_what_is_not_covered_may_change(coverage: int, converse: Converse) -> None:
    packet = udplite(CLIENT, 1, 2, b"hello", coverage=coverage)
    assert converse().send(packet).state == "new"
    changed = packet[:-1] + b"x"
    assert (converse().send(changed).state == "new") == (0 < coverage < 13)


def test_a_checksum_must_be_there(converse: Converse) -> None:
    for sysctls in ({}, {"nf_conntrack_checksum": 0}):
        assert refusal(converse(**sysctls), udplite(CLIENT, 1, 2, check=0)) == ["checksum missing"]


@pytest.mark.parametrize("size", [0, 1, 100, 247, 248, 300, 1400])
def test_the_kernel_takes_another_pseudo_header(size: int, converse: Converse) -> None:
    """UDP's number, and of the length the low byte: the fuzzer found it at 256 bytes. The RFC's own is refused."""
    assert converse().send(udplite(CLIENT, 1, 2, bytes(size))).state == "new"
    assert refusal(converse(), udplite(CLIENT, 1, 2, bytes(size), rfc=True)) == ["bad checksum"]
    assert converse(nf_conntrack_checksum=0).send(udplite(CLIENT, 1, 2, bytes(size), rfc=True)).state == "new"


def test_the_rfc_checksum_is_right() -> None:
    whole = payload_of(udplite(CLIENT, 1, 2, b"hello", rfc=True))
    assert checksum(CLIENT.pseudo_header(136, len(whole)), whole) == 0


def test_a_header_that_is_not_whole(converse: Converse) -> None:
    assert refusal(converse(), shortened(udplite(CLIENT, 1, 2), 27)) == ["short packet"]


def test_formats(converse: Converse) -> None:
    talk = converse()
    talk.send(udplite(CLIENT, 1, 2))
    assert text.flow_line(talk.entry, talk.now).startswith("udplite  136 30 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 ")
    ports = "--sport 1 --dport 2 --reply-port-src 2 --reply-port-dst 1"
    assert save.flow_line(talk.entry, talk.now).endswith(f"-p udplite {ports}")


@pytest.mark.parametrize("attrs", [{}, {2: b"ab"}, {2: b"a", 3: b"abc"}])
def test_ports_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert UdpLite().nlattr_to_tuple(attrs) is None
