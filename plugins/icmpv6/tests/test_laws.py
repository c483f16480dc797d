"""The laws that every transport protocol keeps."""

from __future__ import annotations

from hypothesis import strategies as st

from ctcore.testing.conformance import ETHERTYPE_IPV6
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.packets import IPv6
from ctcore.testing.strategies import damaged, directions6
from ctcore.testing.suite import L4ProtoSuite
from ctcore_icmpv6.header import ICMPV6

OTHER = 253  # a protocol for experiments: no plugin has it

others = st.builds(lambda ip, data: ip.packet(OTHER, data), directions6, st.binary(max_size=9))
queries = st.builds(
    lambda ip, kind, code, data: ip.echo(7, data=data, kind=kind, code=code),
    directions6,
    st.one_of(st.sampled_from([128, 129, 128, 139, 140]), st.integers(0, 255)),
    st.sampled_from([0, 0, 0, 1]),
    st.binary(max_size=20),
)
quoted = st.one_of(others, queries)
errors = st.builds(
    lambda ip, kind, inner, size: ip.icmp_error(kind, 0, inner[:size]),
    directions6,
    st.sampled_from([1, 2, 3, 4, 99]),
    st.one_of(quoted, damaged(quoted)),
    st.integers(0, 80),
)
redirects = st.builds(
    lambda source, hop_limit, option, inner, size: IPv6(source, HOSTS.src, hop_limit=hop_limit).icmp(
        137, data=(bytes(32) + bytes((option, 1)) + bytes(6) + inner)[:size]
    ),
    st.sampled_from(["fe80::1", "fe80::1", HOSTS.dst]),
    st.sampled_from([255, 255, 64]),
    st.sampled_from([4, 4, 2]),
    quoted,
    st.integers(0, 120),
)


class TestIcmpv6(L4ProtoSuite):
    name = "icmpv6"
    ethertype = ETHERTYPE_IPV6
    examples = 100
    header = ICMPV6
    conversation = (HOSTS.echo(1, data=b"hello"), HOSTS.back.echo(1, data=b"hello", kind=129))
    packets = st.one_of(queries, others, errors, redirects)
