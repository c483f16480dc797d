"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import directions
from ctcore.testing.suite import L4ProtoSuite
from ctcore.testing.tunnels import dccp
from ctcore_dccp.header import ACK, ACK_NUMBER, DCCP, LONG_SEQ, REQUEST, RESPONSE

HOSTS = IPv4("10.0.1.2", "10.0.2.2")


class TestDccp(L4ProtoSuite):
    name = "dccp"
    examples = 100
    header = DCCP
    more_headers = (LONG_SEQ, ACK_NUMBER)
    conversation = (
        dccp(HOSTS, 5, 6, REQUEST, 1),
        dccp(HOSTS.back, 6, 5, RESPONSE, 9, 1),
        dccp(HOSTS, 5, 6, ACK, 2, 9),
    )
    packets = st.builds(
        lambda ip, kind, ack, offset, coverage, extended, data: dccp(
            ip, 7, 7, kind, 1, ack, data, offset=offset, coverage=coverage, extended=extended
        ),
        directions,
        st.integers(0, 15),
        st.one_of(st.none(), st.integers(0, 3)),
        st.one_of(st.none(), st.integers(0, 15)),
        st.integers(0, 15),
        st.booleans(),
        st.binary(max_size=8),
    )
