"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import ETHERTYPE_IPV6, accounts, check_any_bytes, check_cuts, check_surroundings
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.packets import IPv6
from ctcore.testing.strategies import damaged, directions6, mixed

IPPROTO_ICMPV6 = 58
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
packets = mixed(st.one_of(queries, others, errors, redirects), IPPROTO_ICMPV6, directions6)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut, ethertype=ETHERTYPE_IPV6)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=80)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut, ethertype=ETHERTYPE_IPV6)


GOOD = HOSTS.echo(1, data=b"hello")
ERROR = HOSTS.back.icmp_error(1, 1, GOOD)


@pytest.mark.parametrize("packet", [GOOD, ERROR], ids=["query", "error"])
def test_every_cut(packet: bytes, registry: Registry) -> None:
    check_cuts(registry, packet)


@pytest.mark.parametrize("size", range(40, len(GOOD)))
def test_a_capture_that_keeps_only_so_much_of_a_query(size: int, registry: Registry) -> None:
    (seen,) = accounts(registry, [GOOD[:size]], cut=True, ethertype=ETHERTYPE_IPV6)
    assert seen["state"] == ("invalid" if size < 48 else "new")
    assert len(seen["reasons"]) == (1 if size < 48 else 0)


@pytest.mark.parametrize("size", range(40, len(ERROR)))
def test_a_capture_that_keeps_only_so_much_of_an_error(size: int, registry: Registry) -> None:
    """Both headers of the quoted packet are needed."""
    _, seen = accounts(registry, [GOOD, ERROR[:size]], cut=True, ethertype=ETHERTYPE_IPV6)
    assert seen["state"] == ("invalid" if size < 40 + 8 + 48 else "related")
    assert len(seen["reasons"]) == (1 if size < 40 + 8 + 48 else 0)
