"""Strategies for hypothesis: packets that are good, and packets that are not any more."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.conversation import IPV4, IPV6
from ctcore.testing.packets import Transports, shortened

directions = st.sampled_from([IPV4, IPV4.back])
"""From one of two hosts to the other, over IPv4."""

directions6 = st.sampled_from([IPV6, IPV6.back])
"""From one of two hosts to the other, over IPv6."""


def payloads(protocol: int, between: st.SearchStrategy[Transports] = directions) -> st.SearchStrategy[bytes]:
    """Packets of a protocol between two hosts, in either direction, with any bytes whatever inside."""
    return st.builds(lambda ip, payload: ip.packet(protocol, payload), between, st.binary(max_size=80))


@st.composite
def damaged(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """Good packets, or any good bytes, with some bytes changed, taken away or put in, anywhere."""
    packet = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(packet)))
        gone = draw(st.integers(0, 4))
        packet[at : at + gone] = draw(st.binary(max_size=4))
    return bytes(packet)


def cuts(good: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Good packets made shorter, anywhere behind their network header, and honest about it."""

    def cut(packet: bytes, kept: int) -> bytes:
        header = 40 if packet[0] >> 4 == 6 else (packet[0] & 15) * 4
        return shortened(packet, min(header + kept, len(packet))) if header <= len(packet) else packet

    return st.builds(cut, good, st.integers(0, 30))


def mixed(
    good: st.SearchStrategy[bytes], protocol: int, between: st.SearchStrategy[Transports] = directions
) -> st.SearchStrategy[list[bytes]]:
    """A few packets, one after the other: good ones, cut ones, damaged ones, any payload, any bytes whatever."""
    packets = st.one_of(good, cuts(good), damaged(good), payloads(protocol, between), st.binary(max_size=60))
    return st.lists(packets, min_size=1, max_size=8)


def traffic() -> st.SearchStrategy[list[bytes]]:
    """A few packets that anybody may meet: TCP, UDP and ICMP between two hosts, in either direction, some damaged."""
    ports = st.sampled_from([7, 53, 80])
    numbers = st.sampled_from([0, 100, 101, 500, 501])
    datagrams = st.builds(lambda ip, a, b, data: ip.udp(a, b, data), directions, ports, ports, st.binary(max_size=9))
    segments = st.builds(
        lambda ip, a, b, flags, seq, ack: ip.tcp(a, b, flags, seq, ack),
        directions,
        ports,
        ports,
        st.sampled_from(["S", "SA", "A", "FA", "R"]),
        numbers,
        numbers,
    )
    queries = st.builds(lambda ip, ident, kind: ip.echo(ident, kind=kind), directions, ports, st.sampled_from([0, 8]))
    good = st.one_of(datagrams, segments, queries)
    return st.lists(st.one_of(good, good, damaged(good)), min_size=1, max_size=12)
