"""What pluggy is shown in place of a compiled plugin: it looks for plain functions and bound methods alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ctcore.hookspecs import SPECS, l3proto, l4proto
from ctcore.ops import L3Ops, L4Ops

_OPS: Final[Mapping[str, tuple[type, Any]]] = {"l3proto": (L3Ops, l3proto), "l4proto": (L4Ops, l4proto)}


class Facade:
    """An object whose attributes are the hooks of a compiled plugin, as bound methods.

    What C code calls directly cannot carry a marker: of a class that derives from ``L3Ops`` or ``L4Ops`` each of those
    methods that it defines itself is a hook.
    """

    def __init__(self, kind: str, plugin: Any) -> None:
        self.wraps = getattr(plugin, "wraps", None)
        base, marker = _OPS.get(kind, (object, None))
        for name in _hooks(kind):
            definition = _definition(type(plugin), name)
            if definition is None or definition is vars(base).get(name):
                continue
            if marker is not None and name in vars(base) and _is_compiled(definition):
                marker(definition)
            setattr(self, name, getattr(plugin, name))


def hookable(kind: str, plugin: Any) -> Any:
    """The plugin itself where pluggy can see its hooks, else a façade of it."""
    base, _ = _OPS.get(kind, (object, None))
    for name in _hooks(kind):
        definition = _definition(type(plugin), name)
        if _is_compiled(definition) and definition is not vars(base).get(name):
            return Facade(kind, plugin)
    return plugin


def _hooks(kind: str) -> list[str]:
    return [name for name in vars(SPECS[kind]) if not name.startswith("_")]


def _definition(cls: type, name: str) -> Any:
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)


def _is_compiled(method: Any) -> bool:
    return type(method).__name__ == "cython_function_or_method"
