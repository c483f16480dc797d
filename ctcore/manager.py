"""pluggy's manager for the plugins of one kind, made quicker for what is registered again and again."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final
from weakref import WeakKeyDictionary

from pluggy import PluginManager

from ctcore.hookspecs import SPECS


class Manager(PluginManager):
    """Knows the hooks of a kind, and looks at each class of plugins once: many namespaces are made from the same."""

    _known: Final[WeakKeyDictionary[type, dict[tuple[str, str], Any]]] = WeakKeyDictionary()

    def __init__(self, kind: str) -> None:
        super().__init__(f"ctcore.{kind}")
        self.kind = kind
        self.add_hookspecs(SPECS[kind])

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """The options of the marker on a plugin's attribute, or None where there is no marker."""
        if name.startswith("__"):  # of Python's own, and most of what an object has
            return None
        if isinstance(plugin, ModuleType | type) or name in getattr(plugin, "__dict__", ()):
            return super().parse_hookimpl_opts(plugin, name)
        known = self._known.setdefault(type(plugin), {})
        key = (self.project_name, name)
        if key not in known:
            known[key] = super().parse_hookimpl_opts(plugin, name)
        return known[key] and {**known[key]}
