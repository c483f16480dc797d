"""What the suites have in common: laws that can be skipped only with a reason, and those that hold for any packets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ctcore.conn import Conn
from ctcore.formats import netlink, proc
from ctcore.formats.lines import FORMATS
from ctcore.formats.output import Output
from ctcore.headers import Header
from ctcore.hookspecs import Fields
from ctcore.registry import Registry
from ctcore.testing.conformance import Witness, accounts, check_any_bytes, check_surroundings
from ctcore.testing.engine import Engine


def for_all(*drawn: SearchStrategy[Any], examples: int = 100) -> Callable[[Callable[..., None]], None]:
    """Check at once that a function raises nothing, whatever is drawn for its arguments: ``examples`` times.

    So many where the hypothesis profile has its usual 100 ``max_examples``; more or fewer in proportion.
    """
    profile = settings.default
    assert profile is not None
    tries = max(1, examples * profile.max_examples // 100)

    def check(law: Callable[..., None]) -> None:
        settings(max_examples=tries, deadline=None, suppress_health_check=[HealthCheck.too_slow])(given(*drawn)(law))()

    return check


class Suite:
    """``name`` is the plugin's, ``skips`` names laws that do not hold for it, each with the reason.

    ``examples`` says how many times hypothesis tries each law. Raises TypeError for a law that does not exist, and for
    one that is skipped without a reason.
    """

    name: ClassVar[str]
    skips: ClassVar[Mapping[str, str]] = {}
    examples: ClassVar[int] = 50

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for law, reason in cls.skips.items():
            if not law.startswith("test_") or not hasattr(cls, law):
                raise TypeError(f"{cls.__name__}: there is no law {law} to skip")
            if not reason.strip():
                raise TypeError(f"{cls.__name__}: {law} is skipped without a reason")

    @pytest.fixture(autouse=True)
    def _law(self, request: pytest.FixtureRequest) -> None:
        reason = self.skips.get(request.node.originalname)
        if reason:
            pytest.skip(reason)


class PacketSuite(Suite):
    """Laws about any packets whatever.

    ``conversation`` are good packets, in order: the first opens a flow, the second answers it. ``packets`` is a
    strategy for good packets, where there are more kinds of them; ``ethertype`` is theirs.
    """

    conversation: ClassVar[tuple[bytes, ...]]
    packets: ClassVar[SearchStrategy[bytes] | None] = None
    ethertype: ClassVar[int] = 0x0800

    def good(self) -> SearchStrategy[bytes]:
        """One good packet."""
        said = st.sampled_from(self.conversation)
        return said if self.packets is None else st.one_of(said, self.packets)

    def how(self) -> dict[str, Any]:
        """How packets are fed: the keyword arguments of ``Witness``."""
        return {"ethertype": self.ethertype}

    def engine(self, registry: Registry, sysctls: Mapping[str, int] | None = None, **how: Any) -> Engine:
        """A new engine, made as the witness is but for what ``how`` says; its packets are of any EtherType."""
        made = {**self.how(), **how}
        del made["ethertype"]
        return Engine(registry, sysctls, **made)

    def said(self, registry: Registry) -> tuple[bytes, ...]:
        """The packets of the conversation."""
        return self.conversation

    def any_packets(self, registry: Registry) -> SearchStrategy[list[bytes]]:
        """A few packets, good ones and bad ones."""
        raise NotImplementedError

    def test_the_plugin_is_loaded(self, registry: Registry) -> None:
        assert [info.name for info in registry.plugins if info.name == self.name and info.problem is None]

    def test_any_bytes_have_a_verdict(self, registry: Registry) -> None:
        @for_all(self.any_packets(registry), st.booleans(), examples=2 * self.examples)
        def law(packets: list[bytes], cut: bool) -> None:
            check_any_bytes(registry, packets, cut, **self.how())

    def test_nothing_is_read_beyond_a_packets_ends(self, registry: Registry) -> None:
        around = st.binary(max_size=80)

        @for_all(self.any_packets(registry), around, around, st.booleans(), examples=self.examples)
        def law(packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
            check_surroundings(registry, packets, before, after, cut, **self.how())

    def test_the_same_packets_have_the_same_answer(self, registry: Registry) -> None:
        @for_all(self.any_packets(registry), examples=self.examples)
        def law(packets: list[bytes]) -> None:
            first, second = (accounts(registry, packets, **self.how()) for _ in range(2))
            assert first == second

    def test_two_namespaces_do_not_meet(self, registry: Registry) -> None:
        @for_all(self.any_packets(registry), self.any_packets(registry), examples=self.examples)
        def law(here: list[bytes], there: list[bytes]) -> None:
            one, other = (Witness(registry, **self.how()) for _ in range(2))
            seen: tuple[list[Any], list[Any]] = ([], [])
            for number in range(max(len(here), len(there))):
                for packets, witness, told in ((here, one, seen[0]), (there, other, seen[1])):
                    if number < len(packets):
                        told.append(witness.see(packets[number]))
            alone = tuple(accounts(registry, packets, **self.how()) for packets in (here, there))
            assert seen == alone

    def test_what_is_refused_leaves_nothing(self, registry: Registry) -> None:
        """A packet that may not open a flow: no entry, no event, no memory."""

        @for_all(self.any_packets(registry), examples=2 * self.examples)
        def law(packets: list[bytes]) -> None:
            engine = self.engine(registry)
            result = engine.send(packets[0], ethertype=self.ethertype)
            if result.state not in ("new", "established", "related"):
                assert (result.entry, result.events, engine.entries, engine.net.table.count) == (None, [], [], 0)
            assert not engine.net.table.unconfirmed

    def test_every_flow_can_be_shown_in_every_format(self, registry: Registry) -> None:
        engine = self.engine(registry, {"nf_conntrack_timestamp": 1})
        for packet in self.said(registry):
            engine.send(packet, ethertype=self.ethertype)
            for ct in engine.entries:
                check_shown(ct, engine.now)


class HeaderSuite(PacketSuite):
    """And laws about the headers of a protocol.

    ``header`` is what the plugin declares with construct, None where it declares nothing; ``more_headers`` are those
    that it has beside that.
    """

    header: ClassVar[Header | None]
    more_headers: ClassVar[Sequence[Header]] = ()

    def test_the_header_builds_what_it_parses(self) -> None:
        """And the fast reader reads what construct parses."""
        for header in (self.header, *self.more_headers):
            check_header(header, self.examples)


def check_shown(ct: Conn, now: int) -> None:
    """Each format has one line for a flow, and netlink has bytes."""
    full = Output(extended=True, id=True, ktimestamp=True)
    lines = [form.flow_line(ct, now, full if name in ("text", "xml") else Output()) for name, form in FORMATS.items()]
    for line in (*lines, proc.flow_line(ct, now)):
        assert line, "a flow has no line"
        assert "\n" not in line, line
        assert line.isprintable(), line
    assert netlink.flow_attributes(ct, now)


def check_fields(fields: Fields) -> None:
    """What is printed as ``name=value``: names and values that can be told apart again."""
    for name, value in fields:
        assert isinstance(value, str | int), f"{name} is neither a text nor a number: {value!r}"
        for text in (name, str(value)):
            assert text, f"nothing is printed in {fields!r}"
            assert text.isprintable(), f"{text!r} cannot be printed"
            assert not set(text) & set(" ="), f"{text!r} has a space or an equals sign in it"


def check_header(header: Header | None, examples: int) -> None:
    """A header builds what it parses, and its fast reader agrees with construct; None: nothing was declared."""
    if header is None:
        return
    declared, read = header, header.reader()

    @for_all(st.binary(min_size=header.size, max_size=header.size), st.binary(max_size=9), examples=examples)
    def law(data: bytes, around: bytes) -> None:
        parsed = declared.parse(data)
        values = {name: parsed[name] for name in declared.fields}
        buffer, offset = around + data + around, len(around)
        assert dict(zip(declared.fields, read(buffer, offset), strict=True)) == values
        for name in declared.fields:
            assert declared.reader(name)(buffer, offset) == (values[name],)
        assert declared.build(**values) == data
