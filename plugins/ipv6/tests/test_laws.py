"""The laws that every network layer protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.conformance import ETHERTYPE_IPV6
from ctcore.testing.packets import IPv6, extension
from ctcore.testing.strategies import directions6
from ctcore.testing.suite import L3ProtoSuite
from ctcore_ipv6.header import FRAGMENT, IPV6

OTHER = 253  # a protocol for experiments: no plugin has it
PARTY, PEER = "2001:db8:1::2", "2001:db8:2::2"
HOSTS = IPv6(PARTY, PEER, extensions=(extension(0), extension(60)))

headers = st.one_of(
    st.builds(extension, st.sampled_from([0, 0, 43, 60, 135]), st.binary(max_size=22)),
    st.tuples(st.sampled_from([0, 43, 44, 51, 59, 60]), st.binary(max_size=24)),
    st.builds(lambda field: (44, b"\0" + field.to_bytes(2, "big") + b"\0\0\0\7"), st.integers(0, 65535)),
)
hosts = st.builds(
    IPv6,
    st.sampled_from([PARTY, PEER, "::", "::1", "fe80::1", "ff02::1"]),
    st.sampled_from([PARTY, PEER, "::", "::1", "fe80::2", "ff02::1", "ff01::1"]),
    hop_limit=st.sampled_from([64, 64, 1, 0]),
    traffic_class=st.sampled_from([0, 0, 1, 2, 3]),
    ident=st.sampled_from([7, 7, 7, 8]),
    extensions=st.lists(headers, max_size=3).map(tuple),
)
whole = st.builds(lambda ip, data: ip.packet(OTHER, data), hosts, st.binary(max_size=40))
fragments = st.builds(
    lambda ip, part, offset, more: ip.fragment(OTHER, part, offset * 8, more=more),
    st.one_of(directions6, hosts),
    st.one_of(st.binary(min_size=8, max_size=8), st.binary(max_size=40)),
    st.one_of(st.integers(0, 4), st.integers(0, 8191)),
    st.booleans(),
)


class TestIpv6(L3ProtoSuite):
    name = "ipv6"
    ethertype = ETHERTYPE_IPV6
    examples = 100
    header = IPV6
    more_headers = (FRAGMENT,)
    conversation = (HOSTS.packet(OTHER, b"payload"), HOSTS.back.packet(OTHER, b"answer"))
    packets = st.one_of(whole, fragments, fragments)
