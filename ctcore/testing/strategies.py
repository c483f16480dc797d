"""Strategies for hypothesis: packets that are good, and packets that are not any more."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.conversation import IPV4, IPV6
from ctcore.testing.packets import Transports

directions = st.sampled_from([IPV4, IPV4.back])
"""From one of two hosts to the other, over IPv4."""

directions6 = st.sampled_from([IPV6, IPV6.back])
"""From one of two hosts to the other, over IPv6."""


def payloads(protocol: int, between: st.SearchStrategy[Transports] = directions) -> st.SearchStrategy[bytes]:
    """Packets of a protocol between two hosts, in either direction, with any bytes whatever inside."""
    return st.builds(lambda ip, payload: ip.packet(protocol, payload), between, st.binary(max_size=80))


@st.composite
def damaged(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """Good packets with some bytes changed, taken away or put in, anywhere."""
    packet = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(packet)))
        gone = draw(st.integers(0, 4))
        packet[at : at + gone] = draw(st.binary(max_size=4))
    return bytes(packet)


def mixed(
    good: st.SearchStrategy[bytes], protocol: int, between: st.SearchStrategy[Transports] = directions
) -> st.SearchStrategy[list[bytes]]:
    """A few packets, one after the other: good ones, damaged ones, any payload, any bytes whatever."""
    packets = st.one_of(good, damaged(good), payloads(protocol, between), st.binary(max_size=60))
    return st.lists(packets, min_size=1, max_size=8)
