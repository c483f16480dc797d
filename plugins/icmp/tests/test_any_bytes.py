"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts, check_any_bytes, check_cuts, check_surroundings
from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import damaged, directions, mixed

IPPROTO_ICMP = 1

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
packets = mixed(st.one_of(queries, datagrams, errors), IPPROTO_ICMP)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=80)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut)


HOSTS = IPv4("10.0.1.2", "10.0.2.2")
GOOD = HOSTS.echo(1, data=b"hello")
ERROR = HOSTS.back.icmp_error(3, 1, GOOD)


@pytest.mark.parametrize("packet", [GOOD, ERROR], ids=["query", "error"])
def test_every_cut(packet: bytes, registry: Registry) -> None:
    check_cuts(registry, packet)


@pytest.mark.parametrize("size", range(20, len(GOOD)))
def test_a_capture_that_keeps_only_so_much_of_a_query(size: int, registry: Registry) -> None:
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    assert seen["state"] == ("invalid" if size < 28 else "new")
    assert len(seen["reasons"]) == (1 if size < 28 else 0)


@pytest.mark.parametrize("size", range(20, len(ERROR)))
def test_a_capture_that_keeps_only_so_much_of_an_error(size: int, registry: Registry) -> None:
    """Both headers of the quoted packet are needed."""
    _, seen = accounts(registry, [GOOD, ERROR[:size]], cut=True)
    assert seen["state"] == ("invalid" if size < 20 + 8 + 28 else "related")
    assert len(seen["reasons"]) == (1 if size < 20 + 8 + 28 else 0)
