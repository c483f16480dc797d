"""Which plugins are loaded, as the environment variable CTCORE_PLUGINS says.

It holds names of installed plugins and paths of files, with commas between. With names only these are loaded, beside
the core's own extension types; without any, all of them. A file is loaded in addition; it ends in ``.py``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final

from ctcore.errors import PluginError
from ctcore.hookspecs import KINDS

VARIABLE: Final = "CTCORE_PLUGINS"


@dataclass(frozen=True, slots=True)
class Choice:
    """``names``: the installed plugins that may be loaded, or None for all; ``files``: one-file plugins."""

    names: frozenset[str] | None = None
    files: tuple[str, ...] = ()

    @classmethod
    def of_environment(cls) -> Choice:
        """What CTCORE_PLUGINS says. Raises PluginError for a name that no installed plugin bears."""
        words = [word.strip() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()]
        files = tuple(word for word in words if word.endswith(".py"))
        names = frozenset(words) - frozenset(files)
        check_names(names, f"{VARIABLE}: ")
        return cls(names or None, files)

    def takes(self, name: str) -> bool:
        """Whether an installed plugin of this name may be loaded."""
        return self.names is None or name in self.names


def check_names(names: frozenset[str], where: str = "") -> None:
    """Raise PluginError, with ``where`` before it, for the first name that no installed plugin bears."""
    if names:
        known = {point.name for kind in KINDS for point in entry_points(group=f"ctcore.{kind}")}
        for name in sorted(names - known):
            raise PluginError(f"{where}no plugin is named {name}: there are {', '.join(sorted(known))}")
