"""``Net``: set up from a registry, torn down in order, and never meeting another one."""

from __future__ import annotations

from typing import Any

import pytest

from ctcore import Conn, CtcoreError, EventKind, Expectation, ExtId, Net, Packet, Registry, Tuple, observer
from ctcore.generic import NO_PORTS
from tests.toy import EXTENSIONS, TOY3, TOY4, Do, Toy3, ToyNet, names, packed, registry


class Watch:
    """An observer that notes everything."""

    name = "watch"

    def __init__(self) -> None:
        self.log: list[Any] = []

    @observer
    def net_init(self, net: Net) -> None:
        self.log.append(("init", len(net.sysctl) > 0, net.table.count))

    @observer
    def net_exit(self, net: Net) -> None:
        self.log.append(("exit", net.table.count))

    @observer
    def packet_seen(self, pkt: Packet, verdict: int) -> None:
        self.log.append(("packet", pkt.ctinfo, verdict))

    @observer
    def event(self, kind: EventKind, ct: Conn, mask: int) -> None:
        self.log.append((kind.name, ct.id, mask))

    @observer
    def expectation_event(self, kind: EventKind, exp: Expectation) -> None:
        self.log.append(("expect", kind.name, exp.master.id))


def test_an_empty_namespace_has_every_slot_filled() -> None:
    net = Net(Registry())
    assert [slot.name for slot in net.l4protos] == ["unknown"] * 256
    assert net.l3protos == {}
    assert net.ext_types == []
    assert (net.now, net.table.count, len(net.table), net.expectations.count) == (0, 0, 0, 0)
    assert all(value == 0 for _, value in net.stat.items())
    assert net.sysctl["nf_conntrack_generic_timeout"] == 600


def test_set_up_takes_every_plugin_in() -> None:
    net = ToyNet().net
    assert net.l3protos[Toy3.ethertype].name == "toy3"
    assert net.l4protos[TOY4].name == "toy4"
    assert {slot.name: slot.id for slot in net.ext_types} == {ext.name: ext.id for ext in EXTENSIONS}
    assert net.ext_size == len(ExtId)


def test_tear_down_ends_every_flow_with_its_event() -> None:
    toy = ToyNet(nf_conntrack_events=1)
    for sport in range(5):
        toy.send(sport=sport)
    destroyed = toy.net.l4protos[TOY4].plugin.destroyed
    toy.net.exit()
    assert names(toy._events) == ["NEW"] + ["DESTROY"] * 5
    assert toy.net.table.count == len(toy.net.table) == 0
    assert sorted(destroyed) == [1, 2, 3, 4, 5]
    assert toy.net.l3protos == {}
    assert toy.net.notifier.listeners == []


def test_tear_down_ends_unconfirmed_flows_and_waiting_masters_too() -> None:
    toy = ToyNet()
    toy.hook(4, 0, lambda pkt: 2)  # POST_ROUTING: somebody keeps every packet
    kept: list[Conn | None] = []
    toy.hook(4, 1, lambda pkt: 0)
    toy.send()
    kept.append(toy.packet.ct)
    toy.net.exit()
    assert toy.net.table.count == 0
    assert not toy.net.table.unconfirmed
    assert not toy.net.table.dying


def test_an_observer_sees_the_whole_life() -> None:
    watch = Watch()
    toy = ToyNet(("observer", watch))
    toy.send()
    toy.reply()
    toy.send(do=Do.INVALID, sport=7)
    toy.net.exit()
    assert watch.log == [
        ("init", True, 0),
        ("NEW", 1, 1),
        ("packet", 2, 1),
        ("UPDATE", 1, 1 << 3),
        ("packet", 3, 1),
        ("packet", 6, 1),
        ("exit", 1),
        ("DESTROY", 1, 1 << 2),
    ]


def test_observers_are_all_called_and_each_takes_the_arguments_that_it_wants() -> None:
    seen: list[Any] = []

    class Few:
        name = "few"

        @observer
        def packet_seen(self, verdict: int) -> None:
            seen.append(verdict)

    watch = Watch()
    toy = ToyNet(("observer", watch), ("observer", Few))
    toy.send()
    assert seen == [1]
    assert ("packet", 2, 1) in watch.log


def test_many_namespaces_side_by_side_never_meet() -> None:
    shared = registry()
    nets = [ToyNet() for _ in range(8)]
    for other in nets:
        other.net.exit()
        other.net = Net(shared)
        other.packet = Packet(other.net)
    for turn in range(3):
        for number, one in enumerate(nets):
            if turn < number % 3 + 1:
                one.send(sport=turn)
            one.net.sysctl["nf_conntrack_toy_timeout"] = number + 1
            one.net.sysctl["nf_conntrack_acct"] = number % 2
    for number, one in enumerate(nets):
        assert len(one.net.table) == number % 3 + 1
        assert one.net.sysctl["nf_conntrack_toy_timeout"] == number + 1
        assert one.net.acct == number % 2
        assert {ct.net for ct in one.net.table} == {one.net}
        assert one.flow(sport=0) is not None
    nets[0].net.exit()
    assert [len(one.net.table) for one in nets] == [0, 2, 3, 1, 2, 3, 1, 2]


def test_the_time_of_one_namespace_is_not_anothers() -> None:
    one, two = ToyNet(), ToyNet()
    one.send()
    two.send()
    one.sleep(100)
    assert (len(one.net.table), len(two.net.table)) == (0, 1)


def test_flush_deletes_every_flow(toy: ToyNet) -> None:
    toy.send(sport=1)
    toy.send(sport=2)
    toy._events.clear()
    toy.net.flush()
    assert names(toy._events) == ["DESTROY", "DESTROY"]
    assert toy.net.table.count == 0


def test_original_dst_is_where_the_peer_had_meant_to_go(toy: ToyNet) -> None:
    toy.send(1, 2, 1000, 80)
    assert toy.net.original_dst(packed(2, 1, 80, 1000)) == Tuple(b"\1", b"\2", b"\x03\xe8", b"\0P", TOY3, TOY4)
    assert toy.net.original_dst(packed(2, 1, 80, 1001)) is None


def test_original_dst_of_a_redirected_flow() -> None:
    toy = ToyNet()

    def redirect(pkt: Packet) -> int:
        if pkt.ct is not None and not pkt.ct.status & 8:
            pkt.ct.reply = packed(9, 1, 8080, 1000)
        return 1

    toy.hook(0, -100, redirect)
    toy.send(1, 2, 1000, 80)
    found = toy.net.original_dst(packed(9, 1, 8080, 1000))
    assert found is not None
    assert (found.dst, found.dst_u) == (b"\2", (80).to_bytes(2, "big"))


def test_a_protocol_without_a_plugin_is_tracked_as_one_flow() -> None:
    toy = ToyNet()
    first = toy.send(1, 2, 5, 6, proto=77)
    assert toy.send(1, 2, 7, 8, proto=77).entry is first.entry
    assert first.entry is not None
    assert (first.entry.l4.name, first.entry.original[-6:-2]) == ("unknown", NO_PORTS)
    assert first.entry.remaining(toy.time) == 600_000_000_000
    assert toy.send(2, 1, proto=77).state == "established"
    assert not first.entry.status & 4, "never ASSURED"


def test_an_address_of_no_protocol_is_one_sentence() -> None:
    with pytest.raises(CtcoreError, match=r"^nonsense is no address of toy3$"):
        ToyNet(local=["nonsense"])
