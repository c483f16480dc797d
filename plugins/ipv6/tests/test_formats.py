"""Addresses: in tuples, as text, as netlink attributes; and the hooks that the plugin registers."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import CtcoreError, Hook
from ctcore.formats import proc, text, xml
from ctcore.netlink import parse
from ctcore.testing.conformance import check_inverse
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv6
from ctcore_ipv6 import Ipv6

INT_MAX = 2**31 - 1
OTHER = 253  # a protocol for experiments: no plugin has it

pairs = st.binary(min_size=32, max_size=32)


@given(pairs)
def test_addresses(addrs: bytes) -> None:
    ipv6 = Ipv6()
    check_inverse(ipv6.invert_tuple, addrs)
    assert ipv6.invert_tuple(addrs) == addrs[16:] + addrs[:16]
    assert ipv6.nlattr_to_tuple(parse(ipv6.tuple_to_nlattr(addrs))) == addrs
    both = [IPv6Address(addrs[:16]), IPv6Address(addrs[16:])]
    short, full = dict(ipv6.print_tuple(addrs, False)), dict(ipv6.print_tuple(addrs, True))
    assert [IPv6Address(short["src"]), IPv6Address(short["dst"])] == both
    assert [full["src"], full["dst"]] == [address.exploded for address in both]


SPELLED = {
    "::": "::",
    "::1": "::1",
    "2001:db8::1": "2001:db8::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",  # the first of two equal runs of zeros
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "fe80:0:1:2:3:4:5:6": "fe80:0:1:2:3:4:5:6",
    "::ffff:192.0.2.1": "::ffff:192.0.2.1",
    "::192.0.2.1": "::192.0.2.1",
    "2001:DB8::A": "2001:db8::a",
}


@pytest.mark.parametrize("address", SPELLED)
def test_spelling(address: str) -> None:
    """As inet_ntop of the C library has it, which conntrack asks."""
    packed = IPv6Address(address).packed
    assert dict(Ipv6().print_tuple(packed * 2, False)) == {"src": SPELLED[address], "dst": SPELLED[address]}


def test_lines(converse6: Converse) -> None:
    talk = converse6(nf_conntrack_acct=0)
    talk.send(IPv6("fd01::2", "fd02::2").packet(OTHER, b"payload"))
    short = "src=fd01::2 dst=fd02::2 [UNREPLIED] src=fd02::2 dst=fd01::2 mark=0 use=1"
    assert text.flow_line(talk.entry, talk.now) == f"unknown  {OTHER} 600 {short}"
    zeros = "0000:0000:0000:0000:0000:0000:0002"
    full = f"src=fd01:{zeros} dst=fd02:{zeros} [UNREPLIED] src=fd02:{zeros} dst=fd01:{zeros} mark=0 zone=0 use=2"
    assert proc.flow_line(talk.entry, talk.now) == f"ipv6     10 unknown  {OTHER} 600 {full}"
    layer3 = '<layer3 protonum="10" protoname="ipv6"><src>fd01::2</src><dst>fd02::2</dst></layer3>'
    assert layer3 in xml.flow_line(talk.entry, talk.now)


@pytest.mark.parametrize(
    "attrs", [{}, {3: bytes(16)}, {4: bytes(16)}, {3: bytes(4), 4: bytes(28)}, {1: bytes(16), 2: bytes(16)}]
)
def test_addresses_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Ipv6().nlattr_to_tuple(attrs) is None


@given(st.integers(0, 2**128 - 1), st.integers(0, 128))
def test_networks(number: int, length: int) -> None:
    address = IPv6Address(number)
    mask = IPv6Network(f"::/{length}").netmask
    assert Ipv6().parse_network(f"{address}/{length}") == (address.packed, mask.packed)
    assert Ipv6().parse_network(str(address)) == (address.packed, b"\xff" * 16)


@pytest.mark.parametrize("wrong", ["", "10.0.0.1", "::1/129", "1::2::3", "fe80::g", "host.example"])
def test_what_is_no_network(wrong: str, converse6: Converse) -> None:
    assert Ipv6().parse_network(wrong) is None
    if wrong != "10.0.0.1":  # IPv4 may be loaded, too
        with pytest.raises(CtcoreError, match=r"no address of .*ipv6"):
            converse6().conntrack.net.add_local(wrong)


def test_hook_functions(converse6: Converse) -> None:
    ops = Ipv6().hook_ops(converse6().conntrack.net)
    assert [(Hook(op.hook), op.priority) for op in ops] == [
        (Hook.PRE_ROUTING, -400),
        (Hook.LOCAL_OUT, -400),
        (Hook.PRE_ROUTING, -200),
        (Hook.LOCAL_OUT, -200),
        (Hook.POST_ROUTING, INT_MAX),
        (Hook.LOCAL_IN, INT_MAX - 1),
    ]
