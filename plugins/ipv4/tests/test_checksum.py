"""The Internet checksum, held against one that is worked out word by word."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ctcore import Conntrack, Packet, Registry
from ctcore.checksum import fill, is_right
from ctcore.testing.packets import TCP, UDP, IPv4, checksum, payload_of
from ctcore_ipv4 import Ipv4

WITHOUT_PSEUDO_HEADER = 0

words = st.integers(0, 0xFFFF)


@given(st.binary(max_size=99), words)
@example(b"", 0)
@example(b"\0", 0)
@example(b"\xff\xff", 0)
@example(b"\xff", 0x00FF)
def test_is_right(data: bytes, pseudo: int) -> None:
    """The sum of the words, the carries added in, is all ones."""
    assert is_right(data, pseudo) == (checksum(pseudo.to_bytes(2, "big"), data) == 0)


@given(st.binary(max_size=99), words)
def test_fill_makes_it_right(data: bytes, pseudo: int) -> None:
    assume(any(data) or pseudo)
    value = fill(data, pseudo)
    assert 0 <= value < 0xFFFF, "ones' complement has two zeros, and senders write the positive one"
    assert is_right(value.to_bytes(2, "big") + data, pseudo)
    assert value % 0xFFFF == checksum(pseudo.to_bytes(2, "big"), data) % 0xFFFF


def judged(pkt: Packet, packet: bytes, protocol: int, before: bytes = b"", after: bytes = b"") -> bool:
    pkt.buf = before + packet + after
    pkt.nhoff = len(before)
    pkt.end = pkt.avail = pkt.nhoff + len(packet)
    return Ipv4().checksum(pkt, pkt.nhoff + (packet[0] & 15) * 4, protocol)


@pytest.fixture(scope="module")
def pkt(registry: Registry) -> Packet:
    return Packet(Conntrack(registry).net)


SURROUNDINGS = [(b"", b""), (b"\xff", b"\xff\xff"), (b"\xaa" * 7, b"\x55")]


@pytest.mark.parametrize("options", [b"", bytes(4), b"\x01" * 40], ids=len)
@pytest.mark.parametrize("size", range(8))
def test_of_a_transport_part(size: int, options: bytes, pkt: Packet) -> None:
    """Of odd and even length, with options in the network header and without, wherever it lies in its buffer."""
    ip = IPv4("200.1.2.3", "10.0.2.2", options=options)
    data = bytes(range(250, 250 - size, -1))
    for packet, protocol in (
        (ip.tcp(1, 2, "S", data=data), TCP),
        (ip.udp(1, 2, data), UDP),
        (ip.echo(1, data=data), WITHOUT_PSEUDO_HEADER),
    ):
        wrong = packet[:-1] + bytes((packet[-1] ^ 1,))
        for before, after in SURROUNDINGS:
            assert judged(pkt, packet, protocol, before, after)
            assert not judged(pkt, wrong, protocol, before, after)


def test_the_pseudo_header_has_the_length_that_the_packet_leaves(pkt: Packet) -> None:
    ip = IPv4("10.0.1.2", "10.0.2.2")
    part = payload_of(ip.udp(1, 2, b"abc"))
    assert judged(pkt, ip.packet(UDP, part), UDP)
    assert not judged(pkt, ip.packet(UDP, part + b"\0"), UDP)  # a zero more changes no sum but by the length
