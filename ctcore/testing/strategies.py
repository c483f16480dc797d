"""Strategies for hypothesis: packets that are good, and packets that are not any more."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4

PARTIES = IPv4("10.0.1.2", "10.0.2.2")

directions = st.sampled_from([PARTIES, PARTIES.back])
"""From one of two hosts to the other."""


def payloads(protocol: int) -> st.SearchStrategy[bytes]:
    """IPv4 packets of a protocol between two hosts, in either direction, with any bytes whatever inside."""
    return st.builds(lambda ip, payload: ip.packet(protocol, payload), directions, st.binary(max_size=80))


@st.composite
def damaged(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """Good packets with some bytes changed, taken away or put in, anywhere."""
    packet = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(packet)))
        gone = draw(st.integers(0, 4))
        packet[at : at + gone] = draw(st.binary(max_size=4))
    return bytes(packet)


def mixed(good: st.SearchStrategy[bytes], protocol: int) -> st.SearchStrategy[list[bytes]]:
    """A few packets, one after the other: good ones, damaged ones, any payload, any bytes whatever."""
    packets = st.one_of(good, damaged(good), payloads(protocol), st.binary(max_size=60))
    return st.lists(packets, min_size=1, max_size=8)
