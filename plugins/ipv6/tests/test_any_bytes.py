"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import ETHERTYPE_IPV6, accounts, check_any_bytes, check_surroundings
from ctcore.testing.packets import IPv6, extension
from ctcore.testing.strategies import directions6, mixed

OTHER = 253  # a protocol for experiments: no plugin has it
PARTY, PEER = "2001:db8:1::2", "2001:db8:2::2"

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
packets = mixed(st.one_of(whole, fragments, fragments), OTHER, directions6)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut, ethertype=ETHERTYPE_IPV6)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=150)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut, ethertype=ETHERTYPE_IPV6)


GOOD = IPv6(PARTY, PEER, extensions=(extension(0), extension(60))).packet(OTHER, b"payload")


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("size", range(len(GOOD)))
def test_every_cut(size: int, cut: bool, registry: Registry) -> None:
    """With bytes missing it is dropped; of one that a capture has cut, the headers must be there."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=cut, ethertype=ETHERTYPE_IPV6)
    if size < 40 or not cut:
        assert (seen["verdict"].name, seen["state"], len(seen["reasons"])) == ("DROP", "none", 1)
    else:
        assert seen["state"] == ("new" if size >= 50 else "invalid")
