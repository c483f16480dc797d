"""Binding: from pluggy's hooks to what the packet path calls.

pluggy finds, checks and orders. A packet belongs to one protocol, and a pluggy call costs as much as tracking it, so
each protocol's hooks are bound once per namespace: to the bare method where there is one implementation and no
wrapper, to pluggy's own call over the protocol's implementation and its wrappers where there are some.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pluggy import HookImpl

from ctcore.adapters import positional
from ctcore.facade import hookable
from ctcore.faults import FaultLog
from ctcore.manager import Manager
from ctcore.tracing import Tracer


class VTable:
    """The plugins of one kind in one namespace; ``faults`` accounts for what goes wrong in them.

    With a ``tracer`` each call of a hook is written down.
    """

    def __init__(self, kind: str, faults: FaultLog | None = None, tracer: Tracer | None = None) -> None:
        self.faults = faults if faults is not None else FaultLog(strict=True)
        self.kind = kind
        self.manager = Manager(kind)
        self.tracer = tracer
        self._registered: dict[int, Any] = {}

    def register(self, plugin: Any) -> None:
        """Take a plugin object in."""
        self._registered[id(plugin)] = registered = hookable(self.kind, plugin)
        self.manager.register(registered)

    def bind_guarded(self, plugin: Any, hook: str, otherwise: Any = None) -> Callable[..., Any] | None:
        """As ``bind``, for hooks beside the packet path: a fault is accounted for and ``otherwise`` is the answer."""
        function = self.bind(plugin, hook)
        return None if function is None else self.faults.guard(function, otherwise)

    def is_wrapped(self, plugin: Any, hook: str) -> bool:
        """Whether somebody watches this hook of this plugin, so that it has to be called for whatever it answers."""
        return self.tracer is not None or any(
            _wraps(impl, plugin) for impl in getattr(self.manager.hook, hook).get_hookimpls()
        )

    def bind(self, plugin: Any, hook: str) -> Callable[..., Any] | None:
        """What to call, by position, for ``hook`` of ``plugin``; None where the plugin does not implement it."""
        function = self._bind(plugin, hook)
        if function is None or self.tracer is None:
            return function
        names = tuple(getattr(self.manager.hook, hook).spec.argnames)
        return self.tracer.wrap(self.kind, plugin.name, hook, names, function)

    def _bind(self, plugin: Any, hook: str) -> Callable[..., Any] | None:
        caller = getattr(self.manager.hook, hook)
        impls: list[HookImpl] = caller.get_hookimpls()
        registered = self._registered.get(id(plugin), plugin)
        own = [impl for impl in impls if impl.plugin is registered]
        if not own:
            return None
        names = tuple(caller.spec.argnames)
        around = [impl for impl in impls if _wraps(impl, plugin)]
        if not around:
            return positional(own[0].function, own[0].argnames, names)
        kept = {id(registered), *(id(impl.plugin) for impl in around)}
        others = [impl.plugin for impl in impls if id(impl.plugin) not in kept]
        subset = self.manager.subset_hook_caller(hook, others)

        def call(*args: Any) -> Any:
            return subset(**dict(zip(names, args, strict=True)))

        return call


def _wraps(impl: HookImpl, plugin: Any) -> bool:
    """Whether an implementation is a wrapper meant for this plugin: its ``wraps`` names it, or there is none."""
    if not (impl.wrapper or impl.hookwrapper):
        return False
    names = getattr(impl.plugin, "wraps", None)
    return names is None or plugin.name in names
