"""Every hook is explained, every plugin is described, and the core knows no protocol."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pluggy import PluginManager

import ctcore
from ctcore import Net, Registry, vtables
from ctcore.hookspecs import KINDS, REQUIRED, SPECS
from ctcore.slots import ExtSlot, HelperSlot, L3Slot, L4Slot

CORE = Path(ctcore.__file__).parent


def hooks() -> Iterator[Any]:
    for kind in KINDS:
        for name, function in vars(SPECS[kind]).items():
            if inspect.isfunction(function):
                yield pytest.param(kind, name, function, id=f"{kind}.{name}")


HOOKS = list(hooks())


@pytest.mark.parametrize(("kind", "name", "function"), HOOKS)
def test_every_hook_is_explained(kind: str, name: str, function: Callable[..., Any]) -> None:
    text = inspect.getdoc(function) or ""
    assert len(text) > 15, "it needs a docstring"
    assert text[0].isupper() or text.startswith(("``", "src.u"))
    assert text.rstrip().endswith(".")
    assert inspect.getsource(function).rstrip().endswith('"""'), "a specification has no body"


@pytest.mark.parametrize(("kind", "name", "function"), HOOKS)
def test_every_hook_is_typed_and_marked(kind: str, name: str, function: Callable[..., Any]) -> None:
    assert "return" in function.__annotations__
    assert set(inspect.signature(function).parameters) - {"self"} == set(function.__annotations__) - {"return"}
    manager = PluginManager(f"ctcore.{kind}")
    manager.add_hookspecs(SPECS[kind])
    assert getattr(manager.hook, name).spec is not None


@pytest.mark.parametrize(
    ("kind", "slot"), [("l3proto", L3Slot), ("l4proto", L4Slot), ("helper", HelperSlot), ("extension", ExtSlot)]
)
def test_every_hook_has_its_place_in_the_vtable(kind: str, slot: type) -> None:
    text = Path(ctcore.__file__).with_name("slots.py").read_text()
    source = text.partition(f"class {slot.__name__}:")[2].partition("\nclass ")[0]
    for param in HOOKS:
        hook_kind, name, _ = param.values
        if hook_kind == kind:
            assert f'"{name}"' in source, f"{kind}.{name} is never bound"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_parts_fit_together(kind: str) -> None:
    known = {param.values[1] for param in HOOKS if param.values[0] == kind}
    assert set(REQUIRED[kind]) <= known
    assert getattr(ctcore, kind).project_name == f"ctcore.{kind}"
    protocol = getattr(vtables, {"l3proto": "L3Proto", "l4proto": "L4Proto"}.get(kind, kind.capitalize()))
    assert protocol.__doc__
    assert SPECS[kind].__doc__


def test_the_classic_callbacks_are_there() -> None:
    classic = {"pkt_to_tuple", "invert_tuple", "error", "new", "packet", "destroy", "print_tuple", "print_conntrack"}
    assert classic | {"to_nlattr", "tuple_to_nlattr", "nlattr_to_tuple"} <= set(vars(SPECS["l4proto"]))
    classic = {"pkt_to_tuple", "invert_tuple", "get_l4proto", "print_tuple", "tuple_to_nlattr", "nlattr_to_tuple"}
    assert classic <= set(vars(SPECS["l3proto"]))


def test_every_sysctl_of_every_loaded_plugin_is_explained() -> None:
    net = Net(Registry.load(strict=True))
    slots: set[L3Slot | L4Slot] = {*net.l3protos.values(), *net.l4protos}
    declared = [sysctl for slot in slots for sysctl in slot.sysctls()]
    assert {sysctl.path for sysctl in declared} <= set(net.sysctl)
    for sysctl in declared:
        assert sysctl.doc.strip(), f"{sysctl.name} has no text"


def test_every_public_thing_has_a_docstring() -> None:
    bare = [name for name in vars(ctcore) if not name.startswith("_") and _is_ours(name) and not _documented(name)]
    assert bare == []


def _is_ours(name: str) -> bool:
    thing = getattr(ctcore, name)
    return inspect.isclass(thing) and thing.__module__.startswith("ctcore.")


def _documented(name: str) -> bool:
    return bool(inspect.getdoc(getattr(ctcore, name)))


PROTOCOLS = re.compile(r"^\s*(?:from|import)\s+ctcore_\w+", re.MULTILINE)


MODULES = sorted(path for path in CORE.rglob("*.py") if CORE / "templates" not in path.parents)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_imports_no_plugin(path: Path) -> None:
    assert not PROTOCOLS.search(path.read_text())
