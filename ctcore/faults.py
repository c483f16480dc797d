"""A plugin's own faults: caught where the vtable calls it, named, counted and reported once."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

from ctcore.adapters import guard
from ctcore.errors import AnswerError, PluginError
from ctcore.registry import PluginInfo


class FaultLog:
    """The faults of one namespace. ``report(text)`` is called for the first fault of each plugin.

    ``counts`` has the number of faults by plugin. With ``strict`` a fault is raised as PluginError instead.
    """

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.counts: Counter[str] = Counter()
        self.report: Callable[[str], None] = lambda text: None
        self._plugins: dict[int, PluginInfo] = {}
        self._modules: dict[str, PluginInfo] = {}

    def watch(self, info: PluginInfo, plugin: Any) -> None:
        """Know a plugin by its object, and by the module that its code is in."""
        self._plugins[id(plugin)] = info
        module = plugin if inspect.ismodule(plugin) else inspect.getmodule(type(plugin))
        if module is not None:
            self._modules[module.__name__] = info

    def guard(self, function: Callable[..., Any], otherwise: Any) -> Callable[..., Any]:
        """``function``, but a fault of it is accounted for here, and ``otherwise`` is its answer."""
        return guard(function, self.caught, otherwise)

    def caught(self, error: Exception) -> str:
        """Account for an exception that a callback raised; returns the note for the packet.

        Raises PluginError where strict, and the exception itself where no plugin's code was running.
        """
        info = self._culprit(error)
        if info is None:
            raise error
        text = f"{info} failed: {type(error).__name__}: {error}"
        if self.strict:
            raise PluginError(text) from error
        self.counts[str(info)] += 1
        if self.counts[str(info)] == 1:
            self.report(text)
        return text

    def _culprit(self, error: Exception) -> PluginInfo | None:
        """The plugin whose code was running, from the place of the error outwards; or who gave a wrong answer."""
        if isinstance(error, AnswerError):
            return self._plugins.get(id(error.plugin))
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append(trace.tb_frame)
            trace = trace.tb_next
        for frame in reversed(frames):
            info = self._plugins.get(id(frame.f_locals.get("self")))
            if info is not None:
                return info
        for frame in reversed(frames):
            module = str(frame.f_globals.get("__name__", ""))
            for name, info in self._modules.items():
                if module == name or module.startswith(name + "."):
                    return info
        return None
