"""Tuples, ports and netlink attributes: bytes and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Packet, Registry, Tuple
from ctcore.formats.objects import direction_object, flow_object, status_names
from ctcore.netlink import NLA_F_NESTED, attr, be16, be32, be64, parse
from ctcore.netns import Net
from ctcore.ports import invert_ports, nlattr_to_ports, ports_of, ports_to_nlattr, print_ports, save_ports
from ctcore.tuples import address_part, transport_part
from tests.toy import TOY3, TOY4, ToyNet, packed

U = st.binary(min_size=2, max_size=2)
ADDRESSES = st.sampled_from([1, 4, 16]).flatmap(lambda n: st.tuples(*[st.binary(min_size=n, max_size=n)] * 2))


@st.composite
def tuples(draw: st.DrawFn) -> Tuple:
    src, dst = draw(ADDRESSES)
    return Tuple(src, dst, draw(U), draw(U), draw(st.integers(0, 255)), draw(st.integers(0, 255)))


@given(tuples())
def test_packing_and_unpacking_are_inverse(t: Tuple) -> None:
    data = t.pack()
    assert Tuple.unpack(data) == t
    assert (address_part(data), transport_part(data)) == (t.src + t.dst, t.src_u + t.dst_u)
    assert data[-2:] == bytes((t.l3num, t.l4num))


@given(tuples(), tuples())
def test_equal_by_value(one: Tuple, two: Tuple) -> None:
    if len(one.src) == len(two.src):
        assert (one == two) is (one.pack() == two.pack())
    assert hash(one) == hash(Tuple(*one))


def test_a_flows_tuples(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    assert ct.tuple(0) == Tuple(b"\1", b"\2", b"\x03\xe8", b"\0P", TOY3, TOY4) == Tuple.unpack(packed())
    assert ct.tuple(1) == Tuple(b"\2", b"\1", b"\0P", b"\x03\xe8", TOY3, TOY4)


@given(st.binary(min_size=4, max_size=4))
def test_ports(u: bytes) -> None:
    assert invert_ports(invert_ports(u)) == u
    (_, sport), (_, dport) = print_ports(u)
    assert print_ports(invert_ports(u)) == (("sport", dport), ("dport", sport))
    assert nlattr_to_ports(parse(ports_to_nlattr(u))) == u
    assert save_ports(u, invert_ports(u)) == (
        ("--sport", sport),
        ("--dport", dport),
        ("--reply-port-src", dport),
        ("--reply-port-dst", sport),
    )


@pytest.mark.parametrize("attrs", [{}, {2: b"\0\1"}, {3: b"\0\1"}, {2: b"\0\1", 3: b"\0"}, {2: b"\0\1\2", 3: b"\0"}])
def test_ports_that_are_not_whole_are_none(attrs: dict[int, bytes]) -> None:
    assert nlattr_to_ports(attrs) is None


@pytest.mark.parametrize(("have", "found"), [(0, False), (3, False), (4, True), (9, True)])
def test_ports_need_four_bytes(have: int, found: bool) -> None:
    pkt = Packet(Net(Registry()))
    pkt.buf = bytes(20)
    pkt.avail = 5 + have
    assert (ports_of(pkt, 5) is not None) is found


@given(st.dictionaries(st.integers(1, 0x3FFF), st.binary(max_size=20), max_size=8))
def test_attributes_there_and_back(values: dict[int, bytes]) -> None:
    data = b"".join(attr(number, payload) for number, payload in values.items())
    assert len(data) % 4 == 0
    assert parse(data) == values


@given(st.binary(max_size=60))
def test_any_bytes_are_some_attributes(data: bytes) -> None:
    for number, payload in parse(data).items():
        assert 0 <= number <= 0x3FFF
        assert payload in data


def test_a_malformed_attribute_ends_the_nest() -> None:
    good = attr(1, b"one")
    assert parse(good + b"\xff\xff\x02\x00" + attr(3, b"")) == {1: b"one"}
    assert parse(good + b"\x03\x00\x02\x00" + attr(3, b"")) == {1: b"one"}
    assert parse(attr(1, b"first") + attr(1, b"second")) == {1: b"first"}


def test_a_nest_is_marked_and_found_all_the_same() -> None:
    inner = attr(5, b"x")
    nest = attr(2, inner, nested=True)
    assert int.from_bytes(nest[2:4], "little") | int.from_bytes(nest[2:4], "big") & NLA_F_NESTED
    assert parse(parse(nest)[2]) == {5: b"x"}


@given(st.integers(0, 2**64 - 1))
def test_network_order(value: int) -> None:
    assert be16(value & 0xFFFF) == (value & 0xFFFF).to_bytes(2, "big")
    assert be32(value) == (value & 0xFFFFFFFF).to_bytes(4, "big")
    assert be64(value) == value.to_bytes(8, "big")


def test_a_flow_as_an_object() -> None:
    toy = ToyNet(nf_conntrack_acct=1)
    toy.send()
    ct = toy.reply(more=b"x").entry
    assert ct is not None
    assert flow_object(ct, toy.time + 2_500_000_000) == {
        "l3": "toy3",
        "l3num": TOY3,
        "l4": "toy4",
        "l4num": TOY4,
        "timeout": 7,
        "state": None,
        "original": {"src": "toy:1", "dst": "toy:2", "sport": 1000, "dport": 80, "packets": 1, "bytes": 9},
        "reply": {"src": "toy:2", "dst": "toy:1", "sport": 80, "dport": 1000, "packets": 1, "bytes": 10},
        "status": ["SEEN_REPLY", "CONFIRMED"],
        "mark": 0,
        "zone": 0,
        "id": 1,
        "helper": None,
        "master": None,
    }
    assert direction_object(ct, 1)["bytes"] == 10


def test_status_names_lowest_bit_first() -> None:
    assert status_names(0) == []
    assert status_names(0x20E) == ["SEEN_REPLY", "ASSURED", "CONFIRMED", "DYING"]
