"""The laws of network layer protocols."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ctcore.netfilter import ACCEPT, DROP
from ctcore.netlink import parse
from ctcore.packet import Packet
from ctcore.registry import Registry
from ctcore.slots import L3Slot
from ctcore.testing.conformance import accounts, check_inverse
from ctcore.testing.engine import Engine
from ctcore.testing.strategies import damaged
from ctcore.testing.suite.base import HeaderSuite, check_fields, for_all


class L3ProtoSuite(HeaderSuite):
    """For an l3proto plugin: ``name``, ``ethertype`` and ``conversation`` say enough, see ``PacketSuite``.

    ``header`` is what the protocol declares with construct, None where it declares nothing; ``more_headers`` are those
    that it has beside that.
    """

    def any_packets(self, registry: Registry) -> SearchStrategy[list[bytes]]:
        """Good packets, damaged ones, any bytes."""
        good = self.good()
        return st.lists(st.one_of(good, damaged(good), st.binary(max_size=80)), min_size=1, max_size=8)

    def slot(self, registry: Registry) -> L3Slot:
        """The plugin as a namespace has it."""
        return Engine(registry).net.l3protos[self.ethertype]

    def addresses(self, registry: Registry, packet: bytes) -> bytes:
        """What the plugin says who sends a packet to whom."""
        slot = self.slot(registry)
        pkt = Packet(Engine(registry).net)
        pkt.l3, pkt.buf, pkt.avail = slot, packet, len(packet)
        assert slot.rcv(pkt) == ACCEPT, pkt.notes
        addrs = slot.pkt_to_tuple(pkt, 0)
        assert isinstance(addrs, bytes), addrs
        assert len(addrs) % 2 == 0, addrs
        at, length = slot.addrs_at, slot.addrs_len
        assert at < 0 or packet[at : at + length] == addrs, "tuple_at and pkt_to_tuple differ"
        return addrs

    def any_addresses(self, registry: Registry) -> SearchStrategy[bytes]:
        """A pair of addresses of the protocol's size."""
        size = len(self.addresses(registry, self.conversation[0]))
        return st.binary(min_size=size, max_size=size)

    def test_inverting_twice_gives_the_tuple_back(self, registry: Registry) -> None:
        slot = self.slot(registry)

        @for_all(self.any_addresses(registry), examples=self.examples)
        def law(addrs: bytes) -> None:
            check_inverse(slot.invert_tuple, addrs)

    def test_both_directions_have_inverse_tuples(self, registry: Registry) -> None:
        slot = self.slot(registry)
        there, back = (self.addresses(registry, packet) for packet in self.conversation[:2])
        assert slot.invert_tuple(there) == back
        assert slot.invert_tuple(back) == there

    def test_each_cut_is_refused_with_a_reason(self, registry: Registry) -> None:
        """A packet with bytes missing is dropped or INVALID, and opens no flow."""
        for packet in self.conversation:
            for size in range(len(packet)):
                (seen,) = accounts(registry, [packet[:size]], **self.how())
                assert seen["verdict"] == DROP or seen["state"] == "invalid", (size, seen)
                assert seen["reasons"], f"no reason is given for {size} bytes"
                assert seen["entry"] is None, (size, seen)

    def test_both_directions_meet_in_one_flow(self, registry: Registry) -> None:
        engine = Engine(registry)
        first, second = (engine.send(packet, ethertype=self.ethertype) for packet in self.conversation[:2])
        assert (first.state, second.state, second.direction) == ("new", "established", "reply")
        assert len(engine.entries) == 1

    def test_addresses_are_printed(self, registry: Registry) -> None:
        slot = self.slot(registry)

        @for_all(self.any_addresses(registry), st.booleans(), examples=self.examples)
        def law(addrs: bytes, full: bool) -> None:
            check_fields(slot.print_tuple(addrs, full))

    def test_a_printed_address_can_be_read(self, registry: Registry) -> None:
        """Where the plugin can read any: an address alone is a network of one, what is no address is none."""
        slot = self.slot(registry)
        if "parse_network" in slot.info.hooks:

            @for_all(self.any_addresses(registry), examples=self.examples)
            def law(addrs: bytes) -> None:
                half = len(addrs) // 2
                for (_, text), address in zip(
                    slot.print_tuple(addrs, False), (addrs[:half], addrs[half:]), strict=True
                ):
                    assert slot.parse_network(str(text)) == (address, b"\xff" * half)

        assert slot.parse_network("no address") is None

    def test_addresses_come_back_from_netlink(self, registry: Registry) -> None:
        """Where the plugin can read them; of attributes that are missing nothing is made."""
        slot = self.slot(registry)
        if "nlattr_to_tuple" in slot.info.hooks:

            @for_all(self.any_addresses(registry), examples=self.examples)
            def law(addrs: bytes) -> None:
                assert slot.nlattr_to_tuple(dict(parse(slot.tuple_to_nlattr(addrs)))) == addrs

        assert slot.nlattr_to_tuple({}) is None

    def test_every_setting_is_explained_and_has_its_default(self, registry: Registry) -> None:
        slot = self.slot(registry)
        settings = Engine(registry).net.sysctl
        for sysctl in slot.sysctls():
            assert sysctl.doc.strip(), f"{sysctl.name} has no text"
            assert settings[sysctl.path] == sysctl.default
