"""A plugin's own faults: named, counted, reported once; nothing of the packet's flow is left half made."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from ctcore import Conn, EventKind, ExpectPolicy, PluginError, Result, Verdict, extension, helper, observer
from ctcore.helper import attach
from ctcore.hookspecs import l3proto, l4proto
from ctcore.sysctl import SECOND
from ctcore.vtables import Extension, Helper, L3Proto, L4Proto, Observer
from tests.toy import ETHERTYPE, TOY3, TOY4, Do, Race4, Toy3, Toy4, ToyNet, frame, names

MARKERS = {"l3proto": l3proto, "l4proto": l4proto, "helper": helper, "extension": extension, "observer": observer}
ARGUMENTS = {  # as the vtable has them
    "rcv": "pkt",
    "route": "pkt",
    "get_l4proto": "pkt, nhoff",
    "error": "pkt, dataoff",
    "new": "ct, pkt, dataoff",
    "packet": "ct, pkt, dataoff, ctinfo",
    "help": "pkt, protoff, ct, ctinfo",
    "packet_seen": "pkt, verdict",
    "event": "kind, ct, mask",
    "expectation_event": "kind, exp",
    "can_early_drop": "ct",
    "expectfn": "ct, exp",
}


class SoundHelper:
    name, l3num, l4num, port = "broken", 0, 99, 21
    policies = (ExpectPolicy(1, 30),)

    @helper
    def help(self) -> int:
        return Verdict.ACCEPT


class SoundExtension:
    name = "broken"

    @extension
    def create(self, ct: Conn, tmpl: Conn | None) -> str:
        return "data"


class SoundL3(Toy3):
    name, l3num, ethertype = "broken", TOY3 + 1, ETHERTYPE + 1


class SoundL4(Toy4):
    name, l4num = "broken", 99

    def __init__(self) -> None:
        super().__init__()
        self.timeouts = [10 * SECOND]

    @l4proto
    def sysctls(self) -> tuple[()]:
        return ()


class SoundObserver:
    name = "broken"


BASES: dict[str, type] = {
    "l3proto": SoundL3,
    "l4proto": SoundL4,
    "helper": SoundHelper,
    "extension": SoundExtension,
    "observer": SoundObserver,
}


def broken(kind: str, hook: str, arguments: str | None = None) -> type:
    """A plugin in a module of its own whose ``hook`` raises as long as ``broken`` is set."""
    arguments = arguments or ARGUMENTS[hook]
    code = (
        f"class Broken(Base):\n  failing = True\n  def {hook}(self, {arguments}):\n"
        f"    if type(self).failing: raise KeyError('boom')\n"
        f"    return super().{hook}({arguments}) if hasattr(super(), {hook!r}) else None\n"
    )
    module = ModuleType(f"broken_{kind}_{hook}")
    module.__dict__["Base"] = BASES[kind]
    exec(code, module.__dict__)
    sys.modules[module.__name__] = module
    made: type = module.__dict__["Broken"]
    setattr(made, hook, MARKERS[kind](made.__dict__[hook]))
    return made


class Bench(ToyNet):
    """A namespace that is not strict, with one faulty plugin."""

    def __init__(self, kind: str, plugin: type, strict: bool = False, **sysctls: Any) -> None:
        super().__init__((kind, plugin), strict=strict, **sysctls)
        self.proto = 99 if kind == "l4proto" else TOY4
        self.ethertype = ETHERTYPE + 1 if kind == "l3proto" else ETHERTYPE
        self.said: list[str] = []
        self.net.faults.report = self.said.append
        if kind == "helper":
            slot = self.net.helpers.find("broken", TOY3, 99)
            assert slot is not None
            tmpl = self.net.template()
            attach(tmpl, slot)
            self.attach(tmpl)

    def go(self, sport: int = 1000, do: Do = Do.ACCEPT, after: float = 0) -> Result:
        self.time += round(after * SECOND)
        return self.feed(frame(sport=sport, proto=self.proto, do=do), self.time, self.ethertype)


# kind, hook, its arguments where the table above has others, and what the packet then is
PATH: list[tuple[str, str, str | None, str]] = [
    ("l3proto", "rcv", None, "none"),
    ("l3proto", "get_l4proto", None, "invalid"),
    ("l3proto", "pkt_to_tuple", "pkt, nhoff", "invalid"),
    ("l3proto", "invert_tuple", "addrs", "invalid"),
    ("l3proto", "route", None, "invalid"),
    ("l4proto", "pkt_to_tuple", "pkt, dataoff", "invalid"),
    ("l4proto", "invert_tuple", "u", "invalid"),
    ("l4proto", "error", None, "invalid"),
    ("l4proto", "new", None, "invalid"),
    ("l4proto", "packet", None, "invalid"),
    ("extension", "create", "ct, tmpl", "invalid"),
]
IDS = [f"{kind}.{hook}" for kind, hook, _, _ in PATH]


@pytest.mark.parametrize(("kind", "hook", "arguments", "state"), PATH, ids=IDS)
def test_on_the_packets_way_in(kind: str, hook: str, arguments: str | None, state: str) -> None:
    plugin = broken(kind, hook, arguments)
    toy = Bench(kind, plugin)
    results = [toy.go(), toy.go(), toy.go(sport=5)]
    text = f"{kind} plugin broken of this program failed: KeyError: 'boom'"
    for result in results:
        assert (result.state, result.verdict, result.entry, result.events) == (state, Verdict.ACCEPT, None, [])
        assert result.reasons == [text]
    assert toy.said == [text], "reported once"
    assert set(toy.net.faults.counts) == {f"{kind} plugin broken of this program"}
    assert toy.net.faults.counts.total() >= 3
    assert toy.counters() == ({"invalid": 3} if state == "invalid" else {})
    assert toy.net.table.count == len(toy.net.table) == 0
    assert not toy.net.table.unconfirmed
    plugin.failing = False  # type: ignore[attr-defined]
    assert toy.go().state == "new", "and life goes on"


@pytest.mark.parametrize(("kind", "hook", "arguments", "state"), PATH, ids=IDS)
def test_strict_raises(kind: str, hook: str, arguments: str | None, state: str) -> None:
    toy = Bench(kind, broken(kind, hook, arguments), strict=True)
    with pytest.raises(PluginError, match="^" + kind + " plugin broken of this program failed: KeyError: 'boom'$"):
        toy.go()
    assert toy.net.table.count == 0
    assert not toy.net.table.unconfirmed


def test_an_established_flow_survives_a_fault_of_its_tracker() -> None:
    plugin = broken("l4proto", "packet")
    plugin.failing = False  # type: ignore[attr-defined]
    toy = Bench("l4proto", plugin)
    flow = toy.go().entry
    assert flow is not None
    before = (flow.status, flow.timeout)
    plugin.failing = True  # type: ignore[attr-defined]
    assert toy.go(after=1).state == "invalid"
    assert (flow.status, flow.timeout, list(toy.net.table)) == (*before, [flow])


# At the confirm hook, at a flow's end, and beside the path: the packet itself is sound.


def test_a_helpers_fault_lets_the_packet_pass() -> None:
    toy = Bench("helper", broken("helper", "help"))
    result = toy.go()
    assert (result.state, result.verdict) == ("new", Verdict.ACCEPT)
    assert result.reasons == ["helper plugin broken of this program failed: KeyError: 'boom'"]
    assert toy.net.table.count == len(toy.net.table) == 1


@pytest.mark.parametrize("answer", [None, "ok", -1, 6, []])
def test_a_helper_whose_answer_is_no_verdict_is_named(answer: Any) -> None:
    class Forgetful(SoundHelper):
        @helper
        def help(self) -> Any:
            return answer

    text = f"helper plugin broken of this program failed: AnswerError: help returned {answer!r}, which is no verdict"
    toy = Bench("helper", Forgetful)
    result = toy.go()
    assert (result.state, result.verdict, result.reasons) == ("new", Verdict.ACCEPT, [text])
    assert (toy.said, toy.net.table.count) == ([text], 1)
    with pytest.raises(PluginError, match="broken of this program failed: AnswerError: help returned"):
        Bench("helper", Forgetful, strict=True).go()


@pytest.mark.parametrize("answer", [None, "ok"])
@pytest.mark.parametrize("hook", ["error", "packet"])
def test_a_transport_whose_answer_is_no_number_is_named(hook: str, answer: Any) -> None:
    class Forgetful(Toy4):
        name, l4num = "forgetful", 90

        @l4proto
        def sysctls(self) -> tuple[()]:
            return ()

    setattr(Forgetful, hook, l4proto(lambda self, pkt: answer))
    toy = ToyNet(("l4proto", Forgetful), strict=False)
    (reason,) = toy.send(proto=90).reasons
    assert reason.startswith("l4proto plugin forgetful of this program failed: AnswerError: ")
    assert reason.endswith(f"returned {answer!r}, which is no verdict")
    assert toy.net.table.count == 0


ENDS: list[tuple[str, str, str]] = [
    ("l4proto", "destroy", "ct"),
    ("helper", "destroy", "ct"),
    ("extension", "destroy", "ct, data"),
]


@pytest.mark.parametrize(("kind", "hook", "arguments"), ENDS)
@pytest.mark.parametrize("how", ["expiry", "flush", "refused", "exit"])
def test_a_fault_at_a_flows_end_ends_it_all_the_same(kind: str, hook: str, arguments: str, how: str) -> None:
    toy = Bench(kind, broken(kind, hook, arguments))
    for sport in range(3):
        toy.go(sport=sport, do=Do.INVALID if how == "refused" else Do.ACCEPT)
    if how == "expiry":
        toy.sleep(11)
    elif how == "flush":
        toy.net.flush()
    elif how == "exit":
        toy.net.exit()
    assert toy.net.table.count == len(toy.net.table) == 0
    if not (kind == "helper" and how == "refused"):
        assert toy.said == [f"{kind} plugin broken of this program failed: KeyError: 'boom'"]
        assert dict(toy.net.faults.counts) == {f"{kind} plugin broken of this program": 3}


@pytest.mark.parametrize("hook", ["packet_seen", "event"])
def test_an_observers_fault_changes_nothing(hook: str) -> None:
    toy = Bench("observer", broken("observer", hook))
    sound = ToyNet()
    for args in ((1, Do.ACCEPT), (1, Do.CHANGE), (2, Do.ACCEPT)):
        result = toy.go(*args)
        expected = sound.send(sport=args[0], do=args[1], proto=TOY4)
        assert (result.state, result.verdict) == (expected.state, expected.verdict)
    assert toy.net.table.count == len(toy.net.table) == 2
    assert len(toy.said) == 1
    assert toy.said[0].startswith("observer plugin broken of this program failed: KeyError")


def test_a_fault_in_can_early_drop_keeps_the_flow() -> None:
    toy = Bench("l4proto", broken("l4proto", "can_early_drop"), nf_conntrack_max=100)
    toy.net.l4protos[99].plugin.timeouts = [500 * SECOND]
    for sport in range(100):
        toy.go(sport=sport, do=Do.ASSURE)
    assert toy.go(sport=200).reasons == ["nf_conntrack: table full, dropping packet"]
    toy.sleep(60)
    assert toy.net.table.count == 100
    assert len(toy.said) == 1


# Whose fault.


def test_of_two_plugins_in_one_module_the_faulty_one_is_named() -> None:
    """The toys are all in one module; the last of them is not to blame."""

    class First(Toy4):
        name, l4num = "first", 90

        @l4proto
        def packet(self) -> int:  # type: ignore[override]
            raise ValueError("mine")

        @l4proto
        def sysctls(self) -> tuple[()]:
            return ()

    class Second(Toy4):
        name, l4num = "second", 91

        @l4proto
        def sysctls(self) -> tuple[()]:
            return ()

    toy = ToyNet(("l4proto", First), ("l4proto", Second), strict=False)
    assert toy.send(proto=90).reasons == ["l4proto plugin first of this program failed: ValueError: mine"]


def test_a_fault_deep_in_the_plugins_own_package_is_the_plugins() -> None:
    class Deep(Race4):
        name, l4num = "deep", 90

        @l4proto
        def packet(self) -> int:  # type: ignore[override]
            return int(bytes(1).hex(b"xx"))

        @l4proto
        def sysctls(self) -> tuple[()]:
            return ()

    toy = ToyNet(("l4proto", Deep), strict=False)
    (reason,) = toy.send(proto=90).reasons
    assert reason.startswith("l4proto plugin deep of this program failed: ValueError")


@pytest.mark.plain
def test_a_fault_of_the_core_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = ToyNet(strict=False)
    monkeypatch.setattr(type(toy.net.table), "insert", lambda self, ct: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        toy.send()


def test_a_wrappers_fault_is_the_wrappers() -> None:
    module = ModuleType("broken_tracer")
    sys.modules["broken_tracer"] = module
    exec("class Tracer:\n  name = 'tracer'\n  def packet(self):\n    yield\n    raise OSError('full')", module.__dict__)
    tracer = module.__dict__["Tracer"]
    tracer.packet = l4proto(tracer.packet, wrapper=True)
    toy = ToyNet(("l4proto", tracer), strict=False)
    result = toy.send()
    assert result.reasons == ["l4proto plugin tracer of this program failed: OSError: full"]
    assert (result.state, toy.net.table.count) == ("invalid", 0)


@pytest.mark.parametrize("protocol", [L3Proto, L4Proto, Helper, Extension, Observer])
def test_the_broken_ones_are_of_their_kind(protocol: Any) -> None:
    kinds = dict(zip((L3Proto, L4Proto, Helper, Extension, Observer), BASES, strict=True))
    assert isinstance(BASES[kinds[protocol]](), protocol)


def test_events_still_come_after_a_fault() -> None:
    toy = Bench("observer", broken("observer", "event"))
    assert names(toy.go().events) == [EventKind.NEW.name]


@pytest.mark.parametrize(("kind", "hook"), [("l3proto", "hook_ops"), ("observer", "net_init")])
def test_a_fault_at_set_up_is_one_sentence(kind: str, hook: str) -> None:
    plugin = broken(kind, hook, "net")
    with pytest.raises(PluginError, match=f"^{kind} plugin broken of this program cannot be set up: KeyError: 'boom'$"):
        Bench(kind, plugin)


def test_a_fault_in_printing_leaves_that_part_out() -> None:
    toy = Bench("l4proto", broken("l4proto", "print_tuple", "u"))
    (event,) = toy.go().events
    assert (event["type"], "sport" in event["original"]) == ("NEW", False)
    toy.sleep(11)
    assert toy.net.table.count == 0
    assert len(toy.said) == 1
