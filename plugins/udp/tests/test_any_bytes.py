"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts, check_any_bytes, check_cuts, check_surroundings
from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import directions, mixed

IPPROTO_UDP = 17

datagrams = st.builds(
    lambda ip, data, length, check: ip.udp(7, 7, data, length=length, check=check),
    directions,
    st.binary(max_size=20),
    st.one_of(st.none(), st.integers(0, 40)),
    st.one_of(st.none(), st.just(0), st.integers(0, 65535)),
)
packets = mixed(datagrams, IPPROTO_UDP)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=250)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=100)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut)


GOOD = IPv4("10.0.1.2", "10.0.2.2").udp(1, 2, b"hello")


def test_every_cut(registry: Registry) -> None:
    check_cuts(registry, GOOD)


@pytest.mark.parametrize("size", range(20, len(GOOD)))
def test_a_capture_that_keeps_only_so_much(size: int, registry: Registry) -> None:
    """A datagram is tracked once its header is there, and counted by its length on the wire."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    if size < 28:
        assert (seen["state"], seen["entry"], len(seen["reasons"])) == ("invalid", None, 1)
    else:
        assert (seen["state"], seen["reasons"]) == ("new", [])
        assert seen["entry"]["original"]["bytes"] == len(GOOD)
