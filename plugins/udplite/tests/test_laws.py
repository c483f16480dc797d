"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import directions
from ctcore.testing.suite import L4ProtoSuite
from ctcore.testing.tunnels import udplite
from ctcore_udplite.header import UDPLITE

HOSTS = IPv4("10.0.1.2", "10.0.2.2")


class TestUdpLite(L4ProtoSuite):
    name = "udplite"
    examples = 100
    header = UDPLITE
    conversation = (udplite(HOSTS, 1, 2, b"hello"), udplite(HOSTS.back, 2, 1, b"you"))
    packets = st.builds(
        lambda ip, data, coverage, check: udplite(ip, 7, 7, data, coverage=coverage, check=check),
        directions,
        st.binary(max_size=20),
        st.integers(0, 30),
        st.one_of(st.none(), st.integers(0, 65535)),
    )
