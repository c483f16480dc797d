"""The laws that every network layer protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.packets import IPv4
from ctcore.testing.suite import L3ProtoSuite
from ctcore_ipv4.header import IPV4

OTHER = 253  # a protocol for experiments: no plugin has it
HOSTS = IPv4("10.0.1.2", "10.0.2.2", options=b"\x01" * 8)

hosts = st.builds(
    IPv4,
    st.sampled_from(["10.0.1.2", "10.0.2.2", "0.0.0.0", "224.0.0.1"]),
    st.sampled_from(["10.0.1.2", "10.0.2.2", "0.0.0.0", "255.255.255.255"]),
    ttl=st.sampled_from([64, 64, 1, 0]),
    tos=st.sampled_from([0, 0, 1, 2, 3]),
    ident=st.sampled_from([7, 7, 7, 8]),
    df=st.booleans(),
    options=st.one_of(st.just(b""), st.just(b""), st.binary(max_size=40)),
)
whole = st.builds(lambda ip, data: ip.packet(OTHER, data), hosts, st.binary(max_size=40))
fragments = st.builds(
    lambda ip, part, offset, more: ip.fragment(OTHER, part, offset * 8, more=more),
    hosts,
    st.one_of(st.binary(min_size=8, max_size=8), st.binary(max_size=40)),
    st.one_of(st.integers(0, 4), st.integers(0, 8191)),
    st.booleans(),
)


class TestIpv4(L3ProtoSuite):
    name = "ipv4"
    examples = 100
    header = IPV4
    conversation = (HOSTS.packet(OTHER, b"payload"), HOSTS.back.packet(OTHER, b"answer"))
    packets = st.one_of(whole, fragments, fragments)
