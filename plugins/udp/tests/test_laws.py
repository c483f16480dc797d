"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import directions
from ctcore.testing.suite import L4ProtoSuite
from ctcore_udp.header import UDP

HOSTS = IPv4("10.0.1.2", "10.0.2.2")


class TestUdp(L4ProtoSuite):
    name = "udp"
    examples = 100
    header = UDP
    conversation = (HOSTS.udp(1, 2, b"hello"), HOSTS.back.udp(2, 1, b"you"))
    packets = st.builds(
        lambda ip, data, length, check: ip.udp(7, 7, data, length=length, check=check),
        directions,
        st.binary(max_size=20),
        st.one_of(st.none(), st.integers(0, 40)),
        st.one_of(st.none(), st.just(0), st.integers(0, 65535)),
    )
