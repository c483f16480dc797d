"""Addresses: in tuples, as text, as netlink attributes; and the hooks that the plugin registers."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import CtcoreError, Hook, Priority
from ctcore.testing.fixtures import Converse
from ctcore_ipv4 import Ipv4

pairs = st.binary(min_size=8, max_size=8)


@given(pairs)
def test_addresses(addrs: bytes) -> None:
    ipv4 = Ipv4()
    assert ipv4.invert_tuple(addrs) == addrs[4:] + addrs[:4]
    src, dst = str(IPv4Address(addrs[:4])), str(IPv4Address(addrs[4:]))
    assert tuple(ipv4.print_tuple(addrs)) == (("src", src), ("dst", dst))


@pytest.mark.parametrize("attrs", [{}, {1: b"abcd"}, {2: b"abcd"}, {1: b"abc", 2: b"abcde"}])
def test_addresses_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Ipv4().nlattr_to_tuple(attrs) is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_networks(number: int, length: int) -> None:
    address = IPv4Address(number)
    mask = IPv4Network(f"0.0.0.0/{length}").netmask
    assert Ipv4().parse_network(f"{address}/{length}") == (address.packed, mask.packed)
    assert Ipv4().parse_network(str(address)) == (address.packed, b"\xff" * 4)


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.1/33", "10.0.0.256", "fe80::1", "host.example"])
def test_what_is_no_network(text: str, converse: Converse) -> None:
    assert Ipv4().parse_network(text) is None
    if text != "fe80::1":  # IPv6 may be loaded, too
        with pytest.raises(CtcoreError, match="no address of ipv4"):
            converse().conntrack.net.add_local(text)


def test_hook_functions(converse: Converse) -> None:
    ops = Ipv4().hook_ops(converse().conntrack.net)
    assert [(Hook(op.hook), Priority(op.priority)) for op in ops] == [
        (Hook.PRE_ROUTING, Priority.CONNTRACK_DEFRAG),
        (Hook.LOCAL_OUT, Priority.CONNTRACK_DEFRAG),
        (Hook.PRE_ROUTING, Priority.CONNTRACK),
        (Hook.LOCAL_OUT, Priority.CONNTRACK),
        (Hook.POST_ROUTING, Priority.CONNTRACK_CONFIRM),
        (Hook.LOCAL_IN, Priority.CONNTRACK_CONFIRM),
    ]
