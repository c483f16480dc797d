"""The laws of transport protocols."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ctcore.netlink import parse
from ctcore.packet import Packet
from ctcore.registry import Registry
from ctcore.slots import L4Slot
from ctcore.testing.conformance import ETHERTYPE_IPV6, check_cuts, check_inverse
from ctcore.testing.engine import SECOND, Engine
from ctcore.testing.strategies import directions6, mixed
from ctcore.testing.suite.base import HeaderSuite, check_fields, for_all

AGE = 400 * 24 * 3600 * SECOND  # no flow lives so long


class L4ProtoSuite(HeaderSuite):
    """For an l4proto plugin: ``name`` and ``conversation`` say enough, see ``PacketSuite``.

    ``header`` is what the protocol declares with construct, None where it declares nothing; ``more_headers`` are those
    that it has beside that.
    """

    def any_packets(self, registry: Registry) -> SearchStrategy[list[bytes]]:
        """Packets over IPv4, or over IPv6."""
        first = self.conversation[0]
        if self.ethertype == ETHERTYPE_IPV6:
            return mixed(self.good(), first[6], directions6)
        return mixed(self.good(), first[9])

    def slot(self, registry: Registry) -> L4Slot:
        """The plugin as a namespace has it."""
        return next(slot for slot in Engine(registry).net.l4protos if slot.name == self.name)

    def test_inverting_twice_gives_the_tuple_back(self, registry: Registry) -> None:
        slot = self.slot(registry)

        @for_all(st.binary(min_size=4, max_size=4), examples=self.examples)
        def law(u: bytes) -> None:
            check_inverse(slot.invert_tuple, u)

    def test_both_directions_have_inverse_tuples(self, registry: Registry) -> None:
        slot = self.slot(registry)
        there, back = (self._tuple(registry, slot, packet) for packet in self.conversation[:2])
        assert slot.invert_tuple(there) == back
        assert slot.invert_tuple(back) == there

    def _tuple(self, registry: Registry, slot: L4Slot, packet: bytes) -> Any:
        """What the plugin makes of a packet's transport header, and of no byte less."""
        pkt = Packet(Engine(registry).net)
        pkt.l3 = pkt.net.l3protos[self.ethertype]
        pkt.buf, pkt.avail = packet, len(packet)
        assert pkt.l3.rcv(pkt) == 1
        found = pkt.l3.get_l4proto(pkt, 0)
        assert found is not None
        u = slot.pkt_to_tuple(pkt, found[0])
        assert isinstance(u, bytes), u
        assert len(u) == 4, u
        at = found[0] + slot.u_at
        assert slot.u_at < 0 or packet[at : at + 4] == u, "tuple_at and pkt_to_tuple differ"
        return u

    def test_each_cut_is_invalid_with_a_reason(self, registry: Registry) -> None:
        for packet in self.conversation:
            check_cuts(registry, packet)

    def test_a_flow_begins_and_ends(self, registry: Registry) -> None:
        """One NEW event, one DESTROY event, and then its memory is given back."""
        engine = Engine(registry)
        opened = engine.send(self.conversation[0])
        assert [event["type"] for event in opened.events] == ["NEW"]
        answered = engine.send(self.conversation[1])
        assert (answered.state, answered.direction) == ("established", "reply")
        assert answered.entry is opened.entry
        assert len(engine.entries) == 1
        engine.now += AGE
        ended = engine.send(b"")
        assert [event["type"] for event in ended.events] == ["DESTROY"]
        assert (engine.entries, engine.net.table.count) == ([], 0)

    def test_tuples_are_printed(self, registry: Registry) -> None:
        slot = self.slot(registry)

        @for_all(st.binary(min_size=4, max_size=4), examples=self.examples)
        def law(u: bytes) -> None:
            check_fields(slot.print_tuple(u))

    def test_tuples_come_back_from_netlink(self, registry: Registry) -> None:
        """Where the plugin can read them; of attributes that are missing nothing is made."""
        slot = self.slot(registry)
        if "nlattr_to_tuple" in slot.info.hooks:

            @for_all(st.binary(min_size=4, max_size=4), examples=self.examples)
            def law(u: bytes) -> None:
                assert slot.nlattr_to_tuple(dict(parse(slot.tuple_to_nlattr(u)))) == u

        assert slot.nlattr_to_tuple({}) is None

    def test_every_setting_is_explained_and_has_its_default(self, registry: Registry) -> None:
        slot = self.slot(registry)
        settings = Engine(registry).net.sysctl
        for sysctl in slot.sysctls():
            assert sysctl.doc.strip(), f"{sysctl.name} has no text"
            assert settings[sysctl.path] == sysctl.default
