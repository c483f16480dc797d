"""The registry: each plugin is checked on its own, and left out with one sentence that says why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pluggy import HookspecMarker

import ctcore
from ctcore import (
    CTCORE_PLUGIN_API,
    Conn,
    L3Proto,
    L4Proto,
    Net,
    Packet,
    PluginError,
    Registry,
    Sysctl,
    extension,
    helper,
    l3proto,
    l4proto,
    observer,
)
from ctcore.hookspecs import KINDS, REQUIRED
from ctcore.vtable import VTable
from tests.toy import EXTENSIONS, TOY4, Toy3, Toy4, registry


class OtherApi(Toy4):
    ctcore_plugin_api = CTCORE_PLUGIN_API + 1


class Misspelt(Toy4):
    @l4proto
    def pakcet(self, ct: Conn) -> int:
        return 1


class Invented(Toy4):
    @l4proto
    def colour(self, ct: Conn) -> int:
        return 1


class WrongArguments(Toy4):
    @l4proto
    def destroy(self, ct: Conn, colour: str) -> None:  # type: ignore[override]
        del ct, colour


class NoPacket:
    name, l4num = "nopacket", 9

    @l4proto
    def print_tuple(self, u: bytes) -> tuple[()]:
        return ()


class Unmarked:
    name, l4num = "unmarked", 9

    def packet(self, ct: Conn) -> int:
        return 1


class NoName(Toy4):
    name = None  # type: ignore[assignment]


class TooLarge(Toy4):
    l4num = 256


class NotANumber(Toy4):
    l4num = "tcp"  # type: ignore[assignment]


class Explodes(Toy4):
    def __init__(self) -> None:
        raise RuntimeError("no such table")


class Tracer:
    """A plugin that only wraps has no number, and no hook that it must have."""

    name = "tracer"

    @l4proto(wrapper=True)
    def packet(self) -> Any:
        return (yield)


LEFT_OUT = {
    "another API": (OtherApi, f"it asks for version {CTCORE_PLUGIN_API + 1} of the plugin API, and this ctcore has 1"),
    "a misspelt hook": (Misspelt, "unknown hook 'pakcet': did you mean packet?"),
    "a hook that is none": (Invented, "unknown hook 'colour': there are pkt_to_tuple, "),
    "a wrong argument": (WrongArguments, "its destroy takes 'colour', which the hook does not have: it has ct"),
    "missing hooks": (NoPacket, "it does not implement pkt_to_tuple, invert_tuple, packet"),
    "no hook at all": (Unmarked, "it implements no hook of ctcore.l4proto"),
    "no name": (NoName, "it has no name"),
    "a number too large": (TooLarge, "its l4num must be a number from 0 to 255, not 256"),
    "a number that is none": (NotANumber, "its l4num must be a number from 0 to 255, not 'tcp'"),
    "an error in its making": (Explodes, "it cannot be made: RuntimeError: no such table"),
}


def test_a_sound_plugin_is_loaded() -> None:
    info = Registry().add("l4proto", Toy4, "toy4", "toy-dist", "1.2")
    assert (info.problem, info.number, info.wraps) == (None, TOY4, False)
    assert {"pkt_to_tuple", "invert_tuple", "packet", "error", "new", "can_early_drop"} <= set(info.hooks)
    assert str(info) == "l4proto plugin toy4 of toy-dist 1.2"


@pytest.mark.parametrize("case", LEFT_OUT)
def test_an_unsound_plugin_is_left_out_with_a_reason(case: str) -> None:
    target, reason = LEFT_OUT[case]
    made = Registry()
    info = made.add("l4proto", target, "odd", "odd-dist", "0.1")
    assert info.problem is not None
    assert reason in info.problem
    assert "\n" not in info.problem
    assert list(made.loaded("l4proto")) == []
    assert made.add("l4proto", Toy4).problem is None, "and the others load"


@pytest.mark.parametrize("case", LEFT_OUT)
def test_strict_raises_and_names_plugin_distribution_and_version(case: str) -> None:
    target, reason = LEFT_OUT[case]
    with pytest.raises(PluginError) as caught:
        Registry(strict=True).add("l4proto", target, "odd", "odd-dist", "0.1")
    assert str(caught.value).startswith("l4proto plugin odd of odd-dist 0.1 is left out: ")
    assert reason in str(caught.value)


class SameNumber(Toy4):
    name = "second"


class SameName(Toy4):
    l4num = TOY4 + 2


def test_a_number_is_claimed_once() -> None:
    made = Registry()
    made.add("l4proto", Toy4, "first", "first-dist", "1.0")
    info = made.add("l4proto", SameNumber)
    assert info.problem == f"number {TOY4} is taken already by the l4proto plugin first of first-dist 1.0"


def test_a_name_is_claimed_once_a_kind() -> None:
    made = Registry()
    made.add("l4proto", Toy4)
    assert "the name toy4 is taken already" in str(made.add("l4proto", SameName).problem)
    assert made.add("extension", next(iter(EXTENSIONS)), "toy4").problem is None


def test_a_sysctl_is_claimed_once() -> None:
    class Copy(Toy4):
        name, l4num = "copy", 77

    class Greedy(Toy4):
        name, l4num = "greedy", 78

        @l4proto
        def sysctls(self) -> Sequence[Sysctl]:
            return [Sysctl("nf_conntrack_max", 1, "greed", "the core's own")]

    made = Registry()
    first = made.add("l4proto", Toy4)
    (name, *_) = [sysctl.path for sysctl in Toy4().sysctls()]
    assert made.add("l4proto", Copy).problem == f"the sysctl {name} is taken already by the {first}"
    assert (
        made.add("l4proto", Greedy).problem == "the sysctl net.netfilter.nf_conntrack_max is taken already by the core"
    )
    Net(made)


def test_a_wrapper_needs_no_number_and_no_hook() -> None:
    made = Registry(strict=True)
    info = made.add("l4proto", Tracer)
    assert (info.wraps, info.number, info.hooks) == (True, None, ("packet",))
    assert made.add("l4proto", Toy4).problem is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if REQUIRED[kind]])
def test_each_kind_names_the_hooks_that_it_misses(kind: str) -> None:
    first = REQUIRED[kind][0]
    marker = {"l3proto": l3proto, "l4proto": l4proto, "helper": helper, "extension": extension}[kind]
    hook = {"l3proto": "sysctls", "l4proto": "sysctls", "helper": "destroy", "extension": "destroy"}[kind]
    plugin = type("Bare", (), {"name": "bare", hook: marker(lambda self: None)})
    assert f"it does not implement {first}" in str(Registry().add(kind, plugin).problem)


def test_a_class_is_made_anew_for_each_namespace_and_an_object_is_shared() -> None:
    shared = Toy4()
    made = Registry(strict=True)
    made.add("l3proto", Toy3)
    made.add("l4proto", shared)
    one, two = Net(made), Net(made)
    assert one.l4protos[TOY4].plugin is two.l4protos[TOY4].plugin is shared
    assert one.l3protos[Toy3.ethertype].plugin is not two.l3protos[Toy3.ethertype].plugin


def test_typing_protocols_describe_the_plugins() -> None:
    assert isinstance(Toy4(), L4Proto)
    assert isinstance(Toy3(), L3Proto)
    assert not isinstance(Toy4(), L3Proto)


# Entry points, from distributions made up on sys.path.

Install = Callable[..., Path]

GOOD = """
from ctcore import l4proto
class Good:
    name, l4num = "good", 201
    @l4proto
    def pkt_to_tuple(self, pkt, dataoff): return bytes(4)
    @l4proto
    def invert_tuple(self, u): return u
    @l4proto
    def packet(self, ct, pkt, dataoff, ctinfo): return 1
    @l4proto
    def print_tuple(self, u): return ()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """``install(name, version, code, entry_points)``: a distribution with one module, importable at once."""

    def make(name: str, version: str, code: str, **points: str) -> Path:
        module = name.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"[ctcore.{kind}]\n{point}\n" for kind, point in points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return info

    monkeypatch.syspath_prepend(str(tmp_path))
    return make


def found(made: Registry, name: str) -> Any:
    return next(info for info in made.plugins if info.name == name)


def test_entry_points_are_found(install: Install) -> None:
    install("ctcore-good", "3.1", GOOD, l4proto="good = ctcore_good:Good")
    made = Registry.load(strict=True)
    info = found(made, "good")
    assert (info.kind, info.distribution, info.version, info.number) == ("l4proto", "ctcore-good", "3.1", 201)
    assert Net(made).l4protos[201].name == "good"


def test_an_import_error_is_a_reason_and_the_others_load(install: Install) -> None:
    install("ctcore-good", "3.1", GOOD, l4proto="good = ctcore_good:Good")
    install("ctcore-bad", "0.9", "import no_such_module_anywhere", l4proto="bad = ctcore_bad:Bad")
    made = Registry.load()
    info = found(made, "bad")
    assert info.problem.startswith("it cannot be imported: ModuleNotFoundError: ")
    assert (info.distribution, info.version) == ("ctcore-bad", "0.9")
    assert found(made, "good").problem is None
    with pytest.raises(PluginError, match=r"plugin bad of ctcore-bad 0\.9 is left out"):
        Registry.load(strict=True)


def test_an_entry_point_without_a_target_is_a_reason(install: Install) -> None:
    install("ctcore-good", "3.1", GOOD, l4proto="nothing = ctcore_good:Missing")
    assert "it cannot be imported: AttributeError" in found(Registry.load(), "nothing").problem


def test_plugins_can_be_left_out_by_name(install: Install) -> None:
    install("ctcore-good", "3.1", GOOD, l4proto="good = ctcore_good:Good")
    assert all(info.name not in ("good", "acct") for info in Registry.load(without=["good", "acct"]).plugins)


def test_the_core_brings_the_kernels_extension_types() -> None:
    made = Registry.load()
    own = [info for info in made.loaded("extension") if info.distribution == "ctcore"]
    assert {info.name for info in own} == {ext.name for ext in EXTENSIONS}
    assert {info.factory for info in own} == set(EXTENSIONS)


def test_every_installed_plugin_loads() -> None:
    assert [str(info) for info in Registry.load().plugins if info.problem] == []


def test_observers_need_no_hook_but_one_of_the_vtable() -> None:
    class Watch:
        name = "watch"

        @observer
        def packet_seen(self, pkt: Packet) -> None:
            del pkt

    assert Registry().add("observer", Watch).hooks == ("packet_seen",)


def test_a_module_is_a_plugin(install: Install) -> None:
    code = (
        "from ctcore import observer\nname='mod'\n@observer\ndef packet_seen(verdict): seen.append(verdict)\nseen=[]\n"
    )
    install("ctcore-mod", "1", code, observer="mod = ctcore_mod")
    info = found(Registry.load(strict=True), "mod")
    assert (info.problem, info.hooks) == (None, ("packet_seen",))


def test_the_toys_are_sound() -> None:
    assert [info.problem for info in registry(strict=False).plugins] == [None] * 11


class OldSpec:
    """What the hooks of observers may be one day."""

    @HookspecMarker("ctcore.observer")
    def packet_seen(self, pkt: Packet) -> None:
        """It stays."""

    @HookspecMarker("ctcore.observer")(warn_on_impl=DeprecationWarning("observer.event goes with version 2: see news"))
    def event(self, ct: Conn) -> None:
        """It goes."""


def test_a_hook_that_goes_is_remarked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ctcore.hookspecs.SPECS, "observer", OldSpec)

    class Old:
        name = "old"

        @observer
        def event(self, ct: Conn) -> None: ...

    class New:
        name = "new"

        @observer
        def packet_seen(self, pkt: Packet) -> None: ...

    made = Registry(strict=True)
    assert made.add("observer", Old).remarks == ("observer.event goes with version 2: see news",)
    assert made.add("observer", New).remarks == ()
    with pytest.warns(DeprecationWarning, match="observer.event goes"):
        VTable("observer").register(Old())


@pytest.mark.parametrize(("asks", "fits"), [(0, False), (1, True), (2, True), (3, False), ("2", False)])
def test_versions_of_the_api(asks: object, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctcore.registry.CTCORE_PLUGIN_API", 2)
    found = Registry().add("l4proto", type("Dated", (Toy4,), {"ctcore_plugin_api": asks}))
    assert found.problem == (
        None if fits else f"it asks for version {asks} of the plugin API, and this ctcore has 1 to 2"
    )
