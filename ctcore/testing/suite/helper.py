"""The laws of helpers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ctcore.common import Status
from ctcore.expect import Expectation, ExpectFlag
from ctcore.headers import Header
from ctcore.helper import BRINGS
from ctcore.netfilter import Verdict
from ctcore.registry import Registry
from ctcore.slots import HelperSlot
from ctcore.testing.conformance import accounts
from ctcore.testing.engine import SECOND, Engine
from ctcore.testing.flows import HOSTS, SERVER, U32, TcpFlow, UdpFlow
from ctcore.testing.packets import TCP, IPv4
from ctcore.testing.strategies import damaged
from ctcore.testing.suite.base import HeaderSuite, for_all

AGE = 400 * 24 * 3600 * SECOND  # no expectation lives so long
ANY_PORT = 41000  # where an expectation leaves the source port open
FLOOD = 40


class HelperSuite(HeaderSuite):
    """For a helper: ``name``, and ``talk``, a conversation at whose end something is expected.

    ``protocol`` is the one that is talked over, 6 or 17, where the helper works over both. ``hosts`` talk;
    ``interfaces`` are the addresses of the host itself with their networks, for a helper that asks for them.
    ``header`` and ``more_headers`` are what it declares with construct, if it does. Where neither TCP nor UDP is
    expected, ``as_announced`` is to be overridden.
    """

    header: ClassVar[Header | None] = None
    protocol: ClassVar[int | None] = None
    hosts: ClassVar[IPv4] = HOSTS
    interfaces: ClassVar[tuple[str, ...]] = ()

    def talk(self, flow: Any) -> None:
        """Say on a ``TcpFlow`` or a ``UdpFlow`` what makes the helper announce a flow, with the last words."""
        raise NotImplementedError

    def how(self) -> dict[str, Any]:
        """With the helper on flows to its own port."""
        return {"ethertype": self.ethertype, "helpers": (self.name,), "interfaces": self.interfaces}

    def slot(self, registry: Registry) -> HelperSlot:
        """The plugin as a namespace has it. Raises AssertionError where there is none of this name and protocol."""
        helpers = Engine(registry).net.helpers.helpers
        for each in helpers:
            if each.name == self.name and self.protocol in (None, each.l4num):
                return each
        there = ", ".join(sorted({f"{each.name} over {each.l4num}" for each in helpers})) or "none"
        over = "any protocol" if self.protocol is None else f"protocol {self.protocol}"
        raise AssertionError(f"no helper named {self.name!r} over {over}: there are {there}")

    def flow(self, slot: HelperSlot, deliver: Callable[[bytes], Any]) -> TcpFlow | UdpFlow:
        """A flow to the helper's port."""
        kind = TcpFlow if slot.l4num == TCP else UdpFlow
        return kind(deliver, self.hosts, 40000, slot.port)

    def talked(self, registry: Registry, **how: Any) -> Engine:
        """An engine after the conversation."""
        engine = self.engine(registry, **how)
        self.talk(self.flow(self.slot(registry), engine.send))
        return engine

    def words(self, slot: HelperSlot) -> list[tuple[int, bytes]]:
        """The words of the conversation: side (0 the client) and data."""
        flow = self.flow(slot, lambda packet: None)
        self.talk(flow)
        return flow.said

    def packets_of(self, slot: HelperSlot, words: Iterable[tuple[int, bytes]]) -> list[bytes]:
        """The packets in which the two sides say these words."""
        sent: list[bytes] = []
        flow = self.flow(slot, sent.append)
        for side, data in words:
            (flow.reply if side == SERVER else flow.send)(data)
        return sent

    def said(self, registry: Registry) -> tuple[bytes, ...]:
        """The packets of the conversation."""
        return tuple(self.talked(registry).sent)

    def any_words(self, registry: Registry) -> SearchStrategy[list[tuple[int, bytes]]]:
        """Words of the conversation, whole, cut and damaged, and any words, by either side."""
        good = st.sampled_from([data for _, data in self.words(self.slot(registry))])
        cut = st.builds(lambda data, size: data[:size], good, st.integers(0, 200))
        data = st.one_of(good, cut, damaged(good), st.binary(max_size=60))
        return st.lists(st.tuples(st.sampled_from([0, 1]), data), min_size=1, max_size=8)

    def any_packets(self, registry: Registry) -> SearchStrategy[list[bytes]]:
        """Packets with such words, right in all else; and some that are not."""
        slot = self.slot(registry)
        spoken = self.any_words(registry).map(lambda words: self.packets_of(slot, words))
        broken = st.lists(damaged(st.sampled_from(self.said(registry))), max_size=3)
        return st.builds(lambda first, last: [*first, *last], spoken, broken)

    def test_what_is_announced_is_related(self, registry: Registry) -> None:
        """The flow that comes as announced is RELATED, names its master, and uses the expectation up."""
        engine = self.talked(registry)
        announced = engine.expectations
        assert announced, "nothing is expected at the end of the conversation"
        protocols = {exp.tuple.l4num for exp in announced}
        untracked = [l4num for l4num in protocols if engine.net.l4protos[l4num] is engine.net.generic]
        missing = [BRINGS.get(l4num, f"a plugin for protocol {l4num}") for l4num in untracked]
        assert not missing, f"nothing tracks what is expected: pip install {' '.join(missing)}"
        for number in range(len(announced)):
            engine = self.talked(registry)
            master, exp = engine.entry, engine.expectations[number]
            came = engine.send(self.as_announced(exp))
            if exp.flags & ExpectFlag.INACTIVE:
                assert came.state == "new", came
                continue
            assert came.state == "related", came
            assert came.entry is not None
            assert came.entry.master is master
            assert came.entry.status & Status.EXPECTED
            assert (exp in engine.expectations) == bool(exp.flags & ExpectFlag.PERMANENT)

    def as_announced(self, exp: Expectation) -> bytes:
        """The first packet of a flow that is expected: over TCP or UDP, from the first address that may come."""
        t, mask = exp.tuple, int.from_bytes(exp.mask_src, "big")
        source = int.from_bytes(t.src, "big") & mask | (mask != U32)
        sport = int.from_bytes(t.src_u, "big") if any(exp.mask_u) else ANY_PORT
        hosts = IPv4(str(IPv4Address(source)) if mask else self.hosts.src, str(IPv4Address(t.dst)))
        dport = int.from_bytes(t.dst_u, "big")
        return hosts.tcp(sport, dport, "S") if t.l4num == TCP else hosts.udp(sport, dport)

    def test_the_helper_lets_the_conversation_pass(self, registry: Registry) -> None:
        for seen in accounts(registry, self.said(registry), **self.how()):
            assert (seen["verdict"], seen["reasons"]) == (Verdict.ACCEPT, []), seen

    def test_without_the_helper_nothing_is_expected(self, registry: Registry) -> None:
        assert self.talked(registry, helpers=()).expectations == []

    def test_an_expectation_does_not_outlive_its_time(self, registry: Registry) -> None:
        engine = self.talked(registry)
        engine.now += AGE
        engine.send(b"")
        assert engine.expectations == []

    def test_an_expectation_does_not_outlive_its_master(self, registry: Registry) -> None:
        engine = self.talked(registry)
        engine.net.delete(engine.entry)
        assert engine.expectations == []

    def test_half_a_line_announces_nothing_else(self, registry: Registry) -> None:
        """Wherever the last words are cut: what is expected then is what the whole of them announces, or nothing."""
        slot = self.slot(registry)
        *before, (side, last) = self.words(slot)
        whole = {str(exp.tuple) for exp in self.talked(registry).expectations}
        for size in range(len(last)):
            engine = self.engine(registry)
            for packet in self.packets_of(slot, [*before, (side, last[:size])]):
                engine.send(packet)
            assert {str(exp.tuple) for exp in engine.expectations} <= whole, last[:size]

    def test_a_flood_stays_within_bounds(self, registry: Registry) -> None:
        """No master has more expectations of a class than its policy allows, whatever was said."""

        @for_all(self.any_words(registry), examples=self.examples)
        def law(words: list[tuple[int, bytes]]) -> None:
            engine = self.engine(registry)
            slot = self.slot(registry)
            for packet in self.packets_of(slot, words * (FLOOD // len(words))):
                engine.send(packet)
            table = engine.net.expectations
            assert table.count == len(engine.expectations) <= table.maximum
            for number, policy in enumerate(slot.policies):
                for master in engine.entries:
                    own = [exp for exp in table.of(master) if exp.class_ == number]
                    assert len(own) <= (policy.max_expected or table.maximum)

    def test_what_it_knows_of_a_flow_can_be_shown(self, registry: Registry) -> None:
        slot = self.slot(registry)
        json.dumps(dict(slot.print_private(self.talked(registry).entry)))

    def test_every_setting_is_explained_and_has_its_default(self, registry: Registry) -> None:
        slot = self.slot(registry)
        settings = Engine(registry).net.sysctl
        for sysctl in slot.sysctls():
            assert sysctl.doc.strip(), f"{sysctl.name} has no text"
            assert settings[sysctl.path] == sysctl.default
