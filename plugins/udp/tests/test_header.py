"""The header and its checks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Result
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import UDP as IPPROTO_UDP
from ctcore.testing.packets import IPv4, checksum, payload_of
from ctcore_udp.header import UDP

HOSTS = IPv4("10.0.1.2", "10.0.2.2")
read_all = UDP.reader()


def test_the_header_of_a_real_datagram() -> None:
    parsed = UDP.parse(payload_of(HOSTS.udp(1234, 53, b"hello")))
    assert (parsed.source, parsed.dest, parsed.len) == (1234, 53, 13)


def refusal(result: Result) -> tuple[str, list[str]]:
    return result.state, [text.removeprefix("nf_ct_proto_17: ") for text in result.reasons]


@pytest.mark.parametrize("size", [4, 5, 7])
def test_a_header_that_is_not_whole(size: int, converse: Converse) -> None:
    talk = converse()
    packet = HOSTS.packet(IPPROTO_UDP, payload_of(HOSTS.udp(1, 2))[:size])
    assert refusal(talk.send(packet)) == ("invalid", ["short packet"])
    assert (talk.count("invalid"), talk.conntrack.net.table.count) == (1, 0)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_not_even_the_ports_are_there(size: int, converse: Converse) -> None:
    talk = converse()
    result = talk.send(HOSTS.packet(IPPROTO_UDP, bytes(size)))
    assert (result.state, len(result.reasons)) == ("invalid", 1)
    assert talk.count("invalid") == 1


@pytest.mark.parametrize(
    ("length", "state"), [(0, "invalid"), (7, "invalid"), (8, "new"), (10, "new"), (11, "new"), (12, "invalid")]
)
def test_the_length_field(length: int, state: str, converse: Converse) -> None:
    """At least the header, at most what the IPv4 header leaves; here that is 11. Without a checksum, see below."""
    result = converse().send(HOSTS.udp(1, 2, b"abc", length=length, check=0))
    assert result.state == state
    assert result.reasons == (["nf_ct_proto_17: truncated/malformed packet"] if state == "invalid" else [])


def datagram(covered: int, pseudo_length: int) -> bytes:
    """A datagram of 9 bytes by its own length in a packet that has 11; what its checksum covers is given."""
    head = b"\0\1\0\2\0\x09"
    tail = b"x\xaa\xbb"
    check = checksum(HOSTS.pseudo_header(IPPROTO_UDP, pseudo_length), (head + bytes(2) + tail)[:covered])
    return HOSTS.packet(IPPROTO_UDP, head + check.to_bytes(2, "big") + tail)


@pytest.mark.parametrize(
    ("covered", "pseudo_length", "state"), [(9, 9, "invalid"), (11, 9, "invalid"), (11, 11, "new")]
)
def test_the_checksum_is_that_of_the_whole_payload(
    covered: int, pseudo_length: int, state: str, converse: Converse
) -> None:
    """Whatever the length field says: so a datagram with bytes after its end is INVALID where its checksum is right."""
    result = converse().send(datagram(covered, pseudo_length))
    assert refusal(result) == (state, ["bad checksum"] if state == "invalid" else [])


def test_padding_of_the_link_layer_is_no_part_of_the_packet(converse: Converse) -> None:
    assert converse().send(HOSTS.udp(1, 2, b"a") + b"padding").state == "new"


def test_the_checksum(converse: Converse) -> None:
    assert refusal(converse().send(HOSTS.udp(1, 2, b"abc", check=1))) == ("invalid", ["bad checksum"])
    assert converse().send(HOSTS.udp(1, 2, b"abc", check=0)).state == "new"
    assert converse(nf_conntrack_checksum=0).send(HOSTS.udp(1, 2, b"abc", check=1)).state == "new"


def test_a_capture_that_was_cut_cannot_be_verified(converse: Converse) -> None:
    """What is missing may have made the sum right."""
    wrong = HOSTS.udp(1, 2, b"abcdefgh", check=1)
    assert converse().send(wrong[:30], wire_length=len(wrong)).state == "new"


def test_the_host_itself_may_leave_checksums_to_its_hardware(converse: Converse) -> None:
    talk = converse()
    talk.conntrack.net.add_local("10.0.1.2")
    assert talk.send(HOSTS.udp(1, 2, check=1)).state == "new"
    assert talk.send(HOSTS.back.udp(2, 1, check=1)).state == "invalid"


@given(st.binary(max_size=60), st.integers(0, 65535), st.integers(0, 65535))
def test_right_checksums_are_right_whatever_the_length(data: bytes, sport: int, dport: int) -> None:
    """Odd lengths too; the builder's own sum is worked out word by word."""
    packet = HOSTS.udp(sport, dport, data)
    part = payload_of(packet)
    assert checksum(HOSTS.pseudo_header(IPPROTO_UDP, len(part)), part) == 0
