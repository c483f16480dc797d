"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts, check_any_bytes, check_surroundings
from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import mixed

OTHER = 253  # a protocol for experiments: no plugin has it

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
packets = mixed(st.one_of(whole, fragments, fragments), OTHER)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=100)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut)


def test_every_cut(registry: Registry) -> None:
    """A packet with bytes missing is dropped, whatever is in it; one that is shorter and says so is as good."""
    good = IPv4("10.0.1.2", "10.0.2.2", options=b"\x01" * 8).packet(OTHER, b"payload")
    for size in range(len(good)):
        (seen,) = accounts(registry, [good[:size]])
        assert (seen["verdict"].name, seen["state"], len(seen["reasons"])) == ("DROP", "none", 1)
    for size in range(len(good)):
        (seen,) = accounts(registry, [good[:size]], cut=True)
        assert seen["state"] == ("none" if size < 28 else "new")
