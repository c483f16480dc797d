"""Binding: a bare method where there is one implementation, pluggy's own call where somebody wraps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from ctcore import Conn, L4Proto, Packet, l3proto, l4proto
from ctcore.faults import FaultLog
from ctcore.ops import L4Ops
from ctcore.vtable import VTable
from tests.toy import RACE4, TOY4, Do, Race4, Toy4, ToyNet

ARGUMENTS = ("ct", "pkt", 20, 2)


class Tracer:
    """Wraps ``packet`` of every protocol, or of those in ``wraps``; notes the results."""

    def __init__(self, name: str, wraps: tuple[str, ...] | None = None, log: list[Any] | None = None) -> None:
        self.name = name
        self.log: list[Any] = [] if log is None else log
        if wraps is not None:
            self.wraps = wraps

    @l4proto(wrapper=True)
    def packet(self, dataoff: int) -> Iterator[None]:
        self.log.append(f"{self.name} before")
        result = yield
        self.log.append((self.name, result))
        return result


def four(arguments: tuple[str, ...], log: list[Any]) -> Any:
    """A plugin whose ``packet`` takes these arguments."""
    source = f"def packet(self, {', '.join(arguments)}): log.append(({''.join(a + ', ' for a in arguments)})); return 7"
    scope: dict[str, Any] = {"log": log}
    exec(source, scope)
    return type("Four", (), {"name": "four", "l4num": 4, "packet": l4proto(scope["packet"])})()


def test_alone_it_is_the_bare_method() -> None:
    plugin = Toy4()
    table = VTable("l4proto", FaultLog(strict=True))
    table.register(plugin)
    assert table.bind(plugin, "packet") == plugin.packet
    assert table.bind(plugin, "print_conntrack") is None


class Derived(L4Ops):
    """A plain plugin that derives from what compiled ones do."""

    name, l4num = "derived", 252

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        return 7


def test_a_plain_plugin_may_derive_from_the_base() -> None:
    """What it does not define itself is no hook of it, compiled or not."""
    plugin = Derived()
    table = VTable("l4proto", FaultLog(strict=True))
    table.register(plugin)
    assert table.bind(plugin, "packet") == plugin.packet
    assert table.bind(plugin, "error") is None


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        (("ct", "pkt", "dataoff", "ctinfo"), ARGUMENTS),
        (("ct",), ("ct",)),
        (("ctinfo",), (2,)),
        (("pkt", "ctinfo"), ("pkt", 2)),
        (("ctinfo", "ct"), (2, "ct")),
        ((), ()),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_implementation_may_take_fewer_arguments_in_any_order(
    arguments: tuple[str, ...], seen: tuple[Any, ...], wrapped: bool
) -> None:
    log: list[Any] = []
    plugin = four(arguments, log)
    table = VTable("l4proto", FaultLog(strict=True))
    table.register(plugin)
    if wrapped:
        table.register(Tracer("t"))
    call = table.bind(plugin, "packet")
    assert call is not None
    assert call(*ARGUMENTS) == 7
    assert log == [seen]


def test_the_path_calls_bare_methods() -> None:
    slot = ToyNet().net.l4protos[TOY4]
    assert slot.packet == slot.plugin.packet
    assert slot.error == slot.plugin.error


def test_a_wrapper_is_around_every_protocol() -> None:
    tracer = Tracer("all")
    toy = ToyNet(("l4proto", tracer))
    for proto in (TOY4, RACE4, 77):
        toy.send(proto=proto)
    toy.send(do=Do.INVALID)
    before = "all before"
    assert tracer.log == [before, ("all", 1), before, ("all", 1), before, ("all", 1), before, ("all", -1)]


def test_a_wrapper_may_name_the_protocols_that_it_is_around() -> None:
    tracer = Tracer("one", wraps=("race4",))
    toy = ToyNet(("l4proto", tracer))
    toy.send(proto=TOY4)
    assert tracer.log == []
    toy.send(proto=RACE4)
    assert tracer.log == ["one before", ("one", 1)]
    slot = toy.net.l4protos[TOY4]
    assert slot.packet == slot.plugin.packet, "and costs the others nothing"


def test_each_protocol_is_called_alone_under_a_wrapper() -> None:
    toy = ToyNet(("l4proto", Tracer("all")))
    toy.send(proto=TOY4)
    assert toy.flow(proto=TOY4) is not None
    assert toy.flow(proto=RACE4) is None


def test_wrappers_nest_the_last_registered_outermost() -> None:
    log: list[Any] = []
    toy = ToyNet(("l4proto", Tracer("first", log=log)), ("l4proto", Tracer("second", log=log)))
    toy.send()
    assert log == ["second before", "first before", ("first", 1), ("second", 1)]


def test_order_can_be_asked_for() -> None:
    log: list[Any] = []

    class Inner(Tracer):
        @l4proto(wrapper=True, trylast=True)
        def packet(self, dataoff: int) -> Iterator[None]:
            self.log.append("inner")
            return (yield)

    toy = ToyNet(("l4proto", Tracer("outer", log=log)), ("l4proto", Inner("inner", log=log)))
    toy.send()
    assert log == ["outer before", "inner", ("outer", 1)]


def test_a_wrapper_may_change_what_becomes_of_a_packet() -> None:
    class Censor:
        name = "censor"

        @l4proto(wrapper=True)
        def packet(self) -> Iterator[None]:
            yield
            return 0  # type: ignore[return-value]

    toy = ToyNet(("l4proto", Censor))
    assert toy.send().verdict == 0
    assert toy.counters() == {"invalid": 1, "drop": 1}
    assert toy.net.table.count == 0


def test_a_wrapper_of_a_hook_that_the_protocol_lacks_changes_nothing() -> None:
    class Wrap:
        name = "wrap"
        called: ClassVar[list[str]] = []

        @l3proto(wrapper=True)
        def defrag(self) -> Iterator[None]:
            self.called.append("defrag")
            return (yield)

    toy = ToyNet(("l3proto", Wrap))
    assert toy.send().state == "new"
    assert Wrap.called == []


def test_old_style_wrappers_work_too() -> None:
    class Old:
        name = "old"
        log: ClassVar[list[Any]] = []

        @l4proto(hookwrapper=True)
        def packet(self, ct: Conn) -> Iterator[None]:
            outcome: Any = yield
            self.log.append(outcome.get_result())

    ToyNet(("l4proto", Old)).send()
    assert Old.log == [1]


def test_a_plugin_with_a_wrapper_and_hooks_of_its_own_is_a_protocol() -> None:
    class Both(Race4):
        name, l4num = "both", 99

        @l4proto
        def sysctls(self) -> tuple[()]:
            return ()

        @l4proto(wrapper=True)
        def protoinfo(self) -> Iterator[None]:
            return (yield)

    toy = ToyNet(("l4proto", Both))
    assert toy.net.l4protos[99].name == "both"
    assert isinstance(toy.net.l4protos[99].plugin, L4Proto)
