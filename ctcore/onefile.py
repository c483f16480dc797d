"""Plugins of one file: a Python file is run, and what it has of plugins is found by the marks on its hooks."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ctcore.errors import PluginError
from ctcore.hookspecs import KINDS


def plugins_of(path: str) -> Iterator[tuple[str, Any]]:
    """The plugins in a file, as (kind, class or module).

    A class that is defined there counts where it has a marked hook and its name does not begin with "_"; the file
    itself counts where functions of it are marked. Raises PluginError for a file that cannot be run, or has none.
    """
    module = _run(path)
    classes = [
        thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__ and not name.startswith("_")
    ]
    found = [(kind, thing) for thing in (*classes, module) for kind in kinds_of(thing)]
    if not found:
        raise PluginError(f"{path}: no plugin is in it: that is a class with methods marked as hooks, say @helper")
    yield from found


def kinds_of(plugin: Any) -> list[str]:
    """The kinds of plugins whose marks are on an object's functions."""
    members = [getattr(plugin, name, None) for name in dir(plugin)]
    return [kind for kind in KINDS if any(hasattr(member, f"ctcore.{kind}_impl") for member in members)]


def _run(path: str) -> ModuleType:
    file = Path(path)
    if not file.is_file():
        raise PluginError(f"{path}: there is no such file")
    name = f"ctcore_onefile_{file.stem}"
    spec = spec_from_file_location(name, file.resolve())
    if spec is None or spec.loader is None:
        raise PluginError(f"{path}: not a file of Python: its name has to end in .py")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"{path}: it cannot be run: {type(error).__name__}: {error}") from error
    return module
