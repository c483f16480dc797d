"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import damaged, directions
from ctcore.testing.suite import L4ProtoSuite
from ctcore_icmp.header import ICMP

HOSTS = IPv4("10.0.1.2", "10.0.2.2")

datagrams = st.builds(lambda ip, data: ip.udp(7, 7, data), directions, st.binary(max_size=9))
queries = st.builds(
    lambda ip, kind, code, data: ip.echo(7, data=data, kind=kind, code=code),
    directions,
    st.one_of(st.sampled_from([0, 8, 8, 13, 14]), st.integers(0, 255)),
    st.sampled_from([0, 0, 0, 1]),
    st.binary(max_size=20),
)
quoted = st.one_of(datagrams, queries)
errors = st.builds(
    lambda ip, kind, inner, size: ip.icmp_error(kind, 0, inner[:size]),
    directions,
    st.sampled_from([3, 4, 5, 11, 12]),
    st.one_of(quoted, damaged(quoted)),
    st.integers(0, 60),
)


class TestIcmp(L4ProtoSuite):
    name = "icmp"
    examples = 100
    header = ICMP
    conversation = (HOSTS.echo(1, data=b"hello"), HOSTS.back.echo(1, data=b"hello", kind=0))
    packets = st.one_of(queries, datagrams, errors)
